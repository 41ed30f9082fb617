"""A strict reader of static sites, for tests: what a page is made of, where its links lead, whether a feed is Atom.

Stricter than a browser, which forgives: every element is closed in its turn, no attribute is twice, no id is twice.
"""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

VOID = {"meta", "link", "br", "img", "input"}
ALLOWED = VOID | set(
    "html head title script body header nav a form label button main article section h1 h2 h3 h4 p span time ul ol li blockquote pre code em strong s footer noscript".split()
)
# Nothing can be inside them that is a block.
LINES = {"p", "h1", "h2", "h3", "h4", "span", "a", "em", "strong", "s", "code"}
BLOCKS = {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "article", "section", "nav", "form"}
ATTRIBUTES = set(
    "action alt aria-current aria-describedby aria-label aria-labelledby autocomplete charset class content data-found data-nothing datetime decoding defer for "
    "height href http-equiv id lang loading method name placeholder referrerpolicy rel role src start tabindex title type".split()
)
ATOM = "{http://www.w3.org/2005/Atom}"
HERE = "https://site.test/somewhere/"


@dataclass
class Read(HTMLParser):
    """One page: its ids, its links by kind, and what a reader sees."""

    name: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    text: str = ""
    csp: str = ""

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        assert tag in ALLOWED, f"{self.name}: <{tag}>"
        assert len(given) == len(attrs), f"{self.name}: an attribute of <{tag}> is there twice"
        assert set(given) <= ATTRIBUTES, f"{self.name}: {set(given) - ATTRIBUTES}"
        assert not (tag in BLOCKS and LINES & set(self.open)), f"{self.name}: <{tag}> in {self.open}"
        assert not (tag == "a" and "a" in self.open), f"{self.name}: a link in a link"
        self.elements.append(tag)
        if id := given.get("id"):
            assert id not in self.ids, f"{self.name}: the id {id} is there twice"
            self.ids.add(id)
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "form":
            self.links.append(given["action"])
        elif tag == "link":
            (self.loaded if given["rel"] == "stylesheet" else self.links).append(given["href"])
        elif tag == "script":
            self.scripts.append(given["src"])
        elif tag == "img":
            self.loaded.append(given["src"])
        elif tag == "time":
            self.times.append(given["datetime"])
        elif tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.csp = given["content"]
        elif re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"{self.name}: </{tag}> closes nothing"
        assert self.open.pop() == tag, f"{self.name}: </{tag}>"

    def handle_data(self, data):
        assert "script" not in self.open[-1:] or not data.strip(), f"{self.name}: an inline script"
        if "title" not in self.open:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"{self.name}: a comment: {data}")

    def handle_pi(self, data):
        raise AssertionError(f"{self.name}: <?{data}>")


@cache
def _read(name: str, text: str, whole: bool) -> Read:
    if whole:
        assert text.startswith("<!DOCTYPE html>\n"), name
        assert text.endswith("</html>\n"), name
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text), name
    page = Read(name)
    page.feed(text)
    page.close()
    assert page.open == [], f"{name}: {page.open} are not closed"
    return page


def read(name: str, text: str) -> Read:
    """The page; fails where it is not strictly what it should be."""
    return _read(name, text, True)


def read_part(name: str, text: str) -> Read:
    """The same of a piece of a page, as a feed holds one."""
    return _read(name, text, False)


class Site:
    """A folder of pages, read as a browser would from some address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".") and ".linkletter" not in str(path.relative_to(folder))
        }

    def text(self, name: str) -> str:
        return self.files[name].read_bytes().decode()

    def page(self, name: str) -> Read:
        return read(name, self.text(name))

    @property
    def pages(self) -> dict[str, Read]:
        return {name: self.page(name) for name in self.files if name.endswith(".html")}

    @property
    def feeds(self) -> dict[str, ET.Element]:
        return {name: feed(self.text(name)) for name in self.files if name.endswith(".xml")}

    def inside(self, page: str, link: str) -> tuple[str, str] | None:
        """The file and the anchor that a link leads to, ``None`` where that is another site."""
        to = urlsplit(urljoin(f"{HERE}{page}", link))
        if not to.geturl().startswith(HERE):
            return None
        return unquote(to.path[len(urlsplit(HERE).path) :]), unquote(to.fragment)

    def lost_links(self, of: str | None = None) -> list[str]:
        """Links within the site that lead nowhere."""
        lost = []
        for name, page in ({of: self.page(of)} if of else self.pages).items():
            for link in (*page.links, *page.loaded, *page.scripts):
                there = self.inside(name, link)
                if there is None:
                    continue
                to, anchor = there
                known = to in self.files and (not anchor or anchor in self.page(to).ids)
                lost += [] if known else [f"{name}: {link}"]
        return lost

    def reachable(self) -> set[str]:
        """The pages that a reader comes to from the first one; every link on the way must lead to a file."""
        found, ways = {"index.html"}, ["index.html"]
        for name in ways:
            page = self.page(name)
            for link in (*page.links, *page.loaded, *page.scripts):
                there = self.inside(name, link)
                if there is None:
                    continue
                assert there[0] in self.files, f"{name}: {link}"
                if there[0] not in found:
                    found.add(there[0])
                    ways += [there[0]] if there[0].endswith(".html") else []
        return found

    def searched(self, year: int) -> dict:
        """What the search is given of a year."""
        text = self.text(f"search/{year}.js")
        assert "<" not in text
        return json.loads(text.removeprefix("linkletterLinks(").removesuffix(");\n"))


def feed(text: str) -> ET.Element:
    """The feed, which has all that RFC 4287 asks of one (4.1.1, 4.1.2)."""
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.tag == f"{ATOM}feed"
    _has_what_it_must(root)
    assert root.find(f"{ATOM}author/{ATOM}name").text.strip()
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        _has_what_it_must(entry)
        content = entry.find(f"{ATOM}content")
        assert content.get("type") == "html"
        read_part(entry.findtext(f"{ATOM}id"), content.text or "")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    moments = [datetime.fromisoformat(entry.findtext(f"{ATOM}updated")) for entry in entries]
    assert moments == sorted(moments, reverse=True)
    assert datetime.fromisoformat(root.findtext(f"{ATOM}updated")) == max(moments)
    return root


def _has_what_it_must(element: ET.Element) -> None:
    for name in ("id", "title", "updated"):
        assert len(element.findall(f"{ATOM}{name}")) == 1, name
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", element.findtext(f"{ATOM}id"))
    assert datetime.fromisoformat(element.findtext(f"{ATOM}updated")).tzinfo is not None
    alternates = [link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert len(alternates) == 1
    for link in element.findall(f"{ATOM}link"):
        assert not re.search(r'[\s<>"{}|\\^`]', link.get("href"))
