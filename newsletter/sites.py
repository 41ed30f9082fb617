"""Sites that teams share most and whose pages hide what they are: whom to ask instead, how to read or tidy the answer.

One table, a few lines a site; every other site is read by ``page.py`` alone. Pure and total: asking is ``fetch.py``,
when is ``enrich.py``. Each address to ask is public, needs no key, and is one its site documents for programs.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from newsletter import page as pages
from newsletter.model import Page, PageKind
from newsletter.page_dates import instant
from newsletter.page_tags import plain
from newsletter.title_text import clean
from newsletter.urls import host as host_of

Said = dict[str, object]


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a site. ``hosts`` with all their subdomains, ``path`` what an address of it begins with.

    ``ask`` is an address with the path's groups in it and ``{url}``; ``""``: the page itself is asked. ``read`` makes
    a page of the JSON that is there; ``None``: a page is there, too. ``tidy`` mends what the page says.
    """

    hosts: tuple[str, ...]
    path: str = ""
    ask: str = ""
    read: Callable[[Said], Page] | None = None
    tidy: Callable[[Page], Page] | None = None
    kind: PageKind = PageKind.UNKNOWN
    name: str = ""


def question(url: str) -> str | None:
    """The address to ask about a link instead of the link itself; ``None``: the link. Asked once, and where it says
    nothing, the link is asked."""
    site, found = _site(url)
    if not site or not site.ask or not found:
        return None
    groups = {
        name: quote(unquote(text or ""), safe="@/" if name == "path" else "@")
        for name, text in found.groupdict().items()
    }
    return site.ask.format(url=quote(url, safe=""), host=host_of(url), **groups)


def answer(body: bytes, *, url: str, content_type: str = "") -> Page:
    """What was answered at ``question(url)``, else at ``url``, as its site wants it read. Empty: nothing was said."""
    site, found = _site(url)
    if not site:
        return pages.read(body, url=url, content_type=content_type)
    if site.read and found and site.ask and _is_json(body):
        page = _read(site.read, body)
    else:
        page = pages.read(body, url=url, content_type=content_type)
        page = site.tidy(page) if site.tidy else page
    if page == Page():
        return page
    kind = site.kind if site.kind and page.kind is not PageKind.PDF else page.kind
    # A page that was asked in the link's place declares what it is, not what the link is.
    return replace(page, kind=kind, site=site.name or page.site, canonical="" if site.ask else page.canonical)


def _site(url: str) -> tuple[Site | None, re.Match[str] | None]:
    """The site, and what its path says; the first row that fits."""
    host = host_of(url)
    for site in SITES:
        if any(host == known or host.endswith("." + known) for known in site.hosts):
            found = re.match(site.path, _path(url))
            if found:
                return site, found
    return None, None


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    # One row may know a thing by its path and by its query.
    return parts.path + ("?" + parts.query if parts.query else "")


def _is_json(body: bytes) -> bool:
    return body[:64].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")


def _read(read: Callable[[Said], Page], body: bytes) -> Page:
    try:
        said = json.loads(body)
        return read(said) if isinstance(said, dict) else Page()
    except (ValueError, RecursionError):
        return Page()


# --- reading answers ------------------------------------------------------------------------------------------------


def _text(said: object, name: str) -> str:
    value = said.get(name) if isinstance(said, dict) else None
    return clean(str(value)[:4_000], pages.MAX_DESCRIPTION) if isinstance(value, str | int) and value else ""


def _address(said: object, name: str) -> str:
    text = _text(said, name)
    return text if text.startswith(("https://", "http://")) and "…" not in text else ""


def _oembed(said: Said) -> Page:
    """https://oembed.com, section 2.3.4. A photo's own address is its picture."""
    return Page(
        title=clean(_text(said, "title")),
        site=_text(said, "provider_name"),
        image=_address(said, "thumbnail_url"),
        author=_text(said, "author_name"),
    )


_TWEET = re.compile(r"<p[^>]*>(.*?)</p>(.*)", re.DOTALL)
_LINK_IN_TWEET = re.compile(r"<a [^>]*>(?:https?://|pic\.(?:twitter|x)\.com/)[^<]*</a>")


def _tweet(said: Said) -> Page:
    """A post has no title: who, and what they said. Its day stands behind it."""
    markup = said.get("html")
    found = _TWEET.search(markup[:20_000]) if isinstance(markup, str) else None
    author, words = _text(said, "author_name"), ""
    if found:
        words = clean(plain(_LINK_IN_TWEET.sub("", found[1])), pages.MAX_DESCRIPTION)
    return Page(
        title=clean(f"{author}: {words}", 120) if author and words else "",
        description=words,
        author=author,
        published=instant(plain(found[2][-200:]).rpartition(")")[2]) if found else None,
    )


def _wikipedia(said: Said) -> Page:
    """https://en.wikipedia.org/api/rest_v1/#/Page%20content/get_page_summary__title_"""
    return Page(
        title=clean(_text(said, "title")),
        description=_text(said, "extract"),
        image=_address(said.get("thumbnail"), "source"),
        language=_text(said, "lang")[:35],
    )


def _hacker_news(said: Said) -> Page:
    """https://github.com/HackerNews/API; a comment has no title."""
    return Page(
        title=clean(_text(said, "title")),
        description=clean(plain(_text(said, "text")), pages.MAX_DESCRIPTION),
        author=_text(said, "by"),
        published=instant(_text(said, "time")),
    )


def _pypi(said: Said) -> Page:
    """https://docs.pypi.org/api/json/"""
    about = said.get("info")
    author = _text(about, "author") or _text(about, "author_email").partition("<")[0].strip(' "')
    return _package(_text(about, "name"), _text(about, "summary"), author)


def _npm(said: Said) -> Page:
    """https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md, one version of a package."""
    author = said.get("author")
    return _package(_text(said, "name"), _text(said, "description"), _text(author, "name"))


def _crate(said: Said) -> Page:
    """https://crates.io/data-access"""
    about = said.get("crate")
    return _package(_text(about, "name"), _text(about, "description"), "")


def _package(name: str, summary: str, author: str) -> Page:
    return Page(title=clean(f"{name}: {summary}" if name and summary else name), description=summary, author=author)


# --- tidying what pages say -----------------------------------------------------------------------------------------

_OF_GITHUB = re.compile(r"^GitHub\s+-\s+|\s+·\s+GitHub$")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_ADVERTISED = re.compile(
    r"^Contribute to .{1,120} development by creating an account on GitHub\.?$|^GitHub is where "
    r"|^We['’]re on a journey to advance and democratize"
)


def _github(page: Page) -> Page:
    """ "GitHub - owner/repo: what it is"; the description is often the same words, or advertises GitHub."""
    title = _OF_GITHUB.sub("", page.title)
    description = _not_advertised(page.description)
    name, _, about = title.partition(": ")
    if _REPOSITORY.fullmatch(name) and about:
        description = about if not description or description.startswith(about) else description
        description = description.removesuffix(f" - {name}")
    author = name.partition("/")[0] if _REPOSITORY.fullmatch(name) else page.author
    return replace(page, title=clean(title), description=description, author=page.author or author)


def _hugging_face(page: Page) -> Page:
    title = re.sub(r"\s+[·-]\s+(?:Hugging Face|a Hugging Face Space by .*)$|^Paper page - ", "", page.title)
    return replace(page, title=title, description=_not_advertised(page.description))


def _not_advertised(description: str) -> str:
    return "" if _ADVERTISED.search(description) else description


def _arxiv(page: Page) -> Page:
    return replace(
        page,
        title=re.sub(r"^\[[\w./-]+\]\s+", "", page.title),
        description=re.sub(r"^Abstract:?\s+", "", page.description),
    )


def _medium(page: Page) -> Page:
    """ "Title | by Author | Publication | Medium"."""
    title = re.sub(r"\s+\|\s+by\s[^|]+(?:\|.*)?$|\s+[|–-]\s+Medium$", "", page.title)
    return replace(page, title=title)


def _video_page(page: Page) -> Page:
    title = re.sub(r"\s+[-|]\s+YouTube$|\s+on Vimeo$", "", page.title)
    # A video that is gone or private has a page that advertises the site.
    return replace(page, title=title) if title else Page(site=page.site)


_VIDEO, _CODE, _PAPER, _TALK = PageKind.VIDEO, PageKind.CODE, PageKind.PAPER, PageKind.DISCUSSION
_NAME = r"(?P<name>[^/?]+)"

SITES = (
    Site(
        ("youtube.com", "youtu.be"),
        r"/(?:watch|shorts/|live/|playlist|[\w-]{11}(?:\?|$))",
        "https://www.youtube.com/oembed?format=json&url={url}",
        _oembed,
        _video_page,
        _VIDEO,
        "YouTube",
    ),
    Site(
        ("vimeo.com",),
        r"/(?:.*/)?\d+",
        "https://vimeo.com/api/oembed.json?url={url}",
        _oembed,
        _video_page,
        _VIDEO,
        "Vimeo",
    ),
    Site(
        ("x.com", "twitter.com"),
        r"/\w+/status(?:es)?/\d+",
        "https://publish.x.com/oembed?omit_script=1&dnt=1&url={url}",
        _tweet,
        name="X",
        kind=_TALK,
    ),
    Site(
        ("arxiv.org",),
        r"/(?:pdf|html|format|abs)/(?P<path>(?:[a-z-]+(?:\.[A-Z]{2})?/)?[\d.]+\d(?:v\d+)?)",
        "https://arxiv.org/abs/{path}",
        None,
        _arxiv,
        _PAPER,
        "arXiv",
    ),
    Site(("github.com",), r"/[^/?]+/[^/?]+/(?:issues|discussions)/\d+", tidy=_github, kind=_TALK, name="GitHub"),
    Site(("github.com", "gist.github.com"), r"/[^/?]+/[^/?]+", tidy=_github, kind=_CODE, name="GitHub"),
    Site(("huggingface.co",), r"/papers/", tidy=_hugging_face, kind=_PAPER, name="Hugging Face"),
    Site(("huggingface.co",), r"/blog/", tidy=_hugging_face, kind=PageKind.ARTICLE, name="Hugging Face"),
    Site(("huggingface.co",), r"/", tidy=_hugging_face, kind=_CODE, name="Hugging Face"),
    Site(
        ("wikipedia.org",),
        r"/wiki/(?P<name>[^?]+)",
        "https://{host}/api/rest_v1/page/summary/{name}",
        _wikipedia,
        kind=PageKind.ARTICLE,
        name="Wikipedia",
    ),
    Site(
        ("news.ycombinator.com",),
        r"/item\?(?:.*&)?id=(?P<name>\d+)",
        "https://hacker-news.firebaseio.com/v0/item/{name}.json",
        _hacker_news,
        kind=_TALK,
        name="Hacker News",
    ),
    Site(
        ("pypi.org",), rf"/(?:project|p)/{_NAME}", "https://pypi.org/pypi/{name}/json", _pypi, kind=_CODE, name="PyPI"
    ),
    Site(
        ("npmjs.com",),
        r"/package/(?P<name>(?:@[^/?]+/)?[^/?]+)",
        "https://registry.npmjs.org/{name}/latest",
        _npm,
        kind=_CODE,
        name="npm",
    ),
    Site(
        ("crates.io",),
        rf"/crates/{_NAME}",
        "https://crates.io/api/v1/crates/{name}",
        _crate,
        kind=_CODE,
        name="crates.io",
    ),
    Site(("medium.com",), tidy=_medium, kind=PageKind.ARTICLE),
)
"""In order: the first whose host and path fit."""
