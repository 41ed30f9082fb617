"""The tags of an HTML page that say something about it, found in one pass over its text without building a tree.

Pure, total and linear: nested elements, attributes without end and unclosed formatting (2 GB in a tree of 70 kB of
markup) cost no more than other text. What the tags mean is ``page.py``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import chain, islice

# As the standard's tokenizer reads tags (html.spec.whatwg.org, "Tokenization"). Every repetition is possessive, so
# nothing is read twice; a tag that never closes takes the rest of the page with it, as in a browser.
_ATTRIBUTES = r"""[^>"'=]*+(?:(?:=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+|["'])[^>"'=]*+)*+"""
_WANTED = "html|base|meta|link|h1|time|title|script"
# Between their tags there is text and no tag.
_RAW = "style|textarea|xmp|iframe|noembed|noframes|noscript"


def _raw_text(name: str) -> str:
    return rf"[^<]*+(?:<(?!/(?i:{name})[\s/>])[^<]*+)*+"


_RAW_ELEMENT = "|".join(rf"(?i:{name})(?=[\s/>]){_ATTRIBUTES}>?+{_raw_text(name)}" for name in _RAW.split("|"))
_TOKEN = re.compile(
    rf"""
    [^<]*+ (?:                          # what is not wanted is passed over at once
        <(?: (?:/[a-zA-Z]|[!?](?!--|\[CDATA))[^>]*+>?+
           | (?!(?i:{_WANTED}|{_RAW})[\s/>])[a-zA-Z][^\s/>]*+{_ATTRIBUTES}>?+
           | !--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>)?+)
           | {_RAW_ELEMENT}
           | !\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+(?:\]\]>)?+
           | /[^>]*+>?+
           | (?![a-zA-Z!?/])
        ) [^<]*+
    )*+
    (?: \Z                              # else the search would begin again behind every letter since the last tag
      | <(?: (?i:(script))(?=[\s/>])({_ATTRIBUTES})>?+({_raw_text("script")})
           | (?i:(title))(?=[\s/>])({_ATTRIBUTES})>?+({_raw_text("title")})
           | ((?i:{_WANTED}))(?=[\s/>])({_ATTRIBUTES})>?+
        )
    )""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s"'>/=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+)))?+""")
_TAG = re.compile(r"<(?:!--[^-]*+(?:-(?!->)[^-]*+)*+(?:-->)?+|[/!?a-zA-Z][^<>]*+>?+)")

_EMPHASIS = re.compile(r"</?(?:b|i|em|strong|sub|sup|u|mark|wbr)(?:\s[^<>]*)?/?>", re.IGNORECASE)

# In the body a few attributes are enough to find a tag by: what a quoted "<" hides is not worth a whole parse.
_OPENING = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]*)\s([^<>]*)>")
_MICRODATA = (re.compile(r"\bitem(?:prop|type)\s*=", re.IGNORECASE), ("itemprop", "itemtype"))
_MARK = r"""(?:^|\s)(?:class|id|rel)\s*=\s*["']?[^"'<>]*?"""
_BYLINE = (
    re.compile(
        _MARK + r"(?<![a-z])(?:by-?line|author|writer)s?(?![-_]?(?:bio|box|desc|im|ph|av|pic|link))", re.IGNORECASE
    ),
    ("yline", "y-line", "uthor", "riter"),
)
_DATELINE = (
    re.compile(_MARK + r"(?:pub-?date|publish|post-?date|entry-?date|article-?date|date-?line|posted)", re.IGNORECASE),
    ("ublish", "date", "osted"),
)
_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|data|dfn|em|font|i|img|ins|kbd|mark|nobr|q|rp|rt|ruby|s|samp|small|span|strike|"
    "strong|sub|sup|time|tt|u|var|wbr"
)
# Capitals spelled out: a search that ignores case takes twice as long.
_RUN = rf"([^<]*+(?:<(?:/?(?:{_INLINE}|{_INLINE.upper()})(?=[\s/>])[^<>]*+>|(?![a-zA-Z/!]))[^<]*+)*+)"
_FEW_LETTERS = 1_500
_PARAGRAPH = re.compile(r"<[pP](?=[\s/>])[^<>]*+>" + _RUN)
_PROSE = re.compile(r"<(?:p|br|li|P|BR|LI|blockquote|dd|pre)(?=[\s/>])[^<>]*+>" + _RUN)

MAX_TEXT = 4_000
"""Characters of an attribute or a text that are looked at. A number of more digits is none that ``int`` reads."""

MAX_OF_A_KIND = 200
_MAX_LINKED_DATA = 500_000


@dataclass(slots=True)
class Markup:
    """What the page's tags say, in the page's order; names in lower case, entities decoded.

    ``metas`` by property or name, each with every value. ``title`` is the page's, not a drawing's. ``text`` is the
    whole page, for what is looked for only where the tags said nothing.
    """

    text: str
    language: str = ""
    base: str = ""
    title: str = ""
    metas: dict[str, list[str]] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    linked_data: list[str] = field(default_factory=list)
    properties: dict[str, list[str]] = field(default_factory=dict)
    """Microdata, by itemprop."""
    types: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


def scan(text: str) -> Markup:
    """What the tags of ``text`` say."""
    found = Markup(text)
    for token in _TOKEN.finditer(text):
        _, of_script, code, title, _, shown, name, attributes = token.groups()
        if name:
            _READ[name.lower()](found, attributes, token.end())
        elif title:
            if not found.title.strip() and not _is_drawings(text, token.start(4)):
                found.title = unescape(_without_cdata(shown)[:MAX_TEXT])
        elif of_script and "ld+json" in of_script.lower() and len(code) <= _MAX_LINKED_DATA:
            found.linked_data.append(code)
    for tag in _marked(text, *_MICRODATA):
        _microdata(found, tag[1].lower(), tag[2], tag.end())
    return found


def _marked(text: str, rule: re.Pattern[str], words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """The opening tags whose attributes the rule is found in, in order; ``words`` are parts of what it looks for."""
    places = sorted(chain.from_iterable(islice(_places(text, word), 4 * MAX_OF_A_KIND) for word in words))
    done = 0
    for place in places:
        tag = _OPENING.match(text, text.rfind("<", max(done, place - MAX_TEXT), place)) if place >= done else None
        if tag and tag.end() > place and rule.search(tag[2][:MAX_TEXT]):
            done = tag.end()
            yield tag


def _places(text: str, word: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + len(word))


def _is_drawings(text: str, place: int) -> bool:
    """Whether a title stands in an SVG. (The text before it is searched once: the first title counts.)"""
    return text.rfind("<svg", 0, place) > text.rfind("</svg", 0, place)


def _without_cdata(text: str) -> str:
    """Feeds wrap their titles."""
    return text.strip().removeprefix("<![CDATA[").removesuffix("]]>")


def paragraphs(markup: Markup) -> Iterator[str]:
    """The texts of paragraphs, in order."""
    return (plain(found[1]) for found in _PARAGRAPH.finditer(markup.text) if len(found[1]) > 20)


def prose(markup: Markup) -> str:
    """What is there to read, for counting: paragraphs, or items of lists and lines where there are hardly any.

    Entities are left as they are.
    """
    pieces = _PARAGRAPH.findall(markup.text)
    if sum(map(len, pieces)) < _FEW_LETTERS:
        pieces = _PROSE.findall(markup.text)
    return _TAG.sub(" ", " ".join([piece for piece in pieces if len(piece) > 20]))


def bylines(markup: Markup) -> Iterator[str]:
    """The texts of what is marked as the author's name by its class."""
    return (_inside(found[1], markup.text, found.end()) for found in _marked(markup.text, *_BYLINE))


def datelines(markup: Markup) -> Iterator[str]:
    """The texts of what is marked as the day of publication by its class."""
    return (_inside(found[1], markup.text, found.end()) for found in _marked(markup.text, *_DATELINE))


def plain(markup: str) -> str:
    """The text of a piece of markup."""
    return unescape(_TAG.sub(" ", without_emphasis(markup[: 2 * MAX_TEXT]))[:MAX_TEXT])


def without_emphasis(markup: str) -> str:
    """Without the tags that stand inside of words and beside commas; the others part what they stand between."""
    return _EMPHASIS.sub("", markup)


def attributes_of(written: str) -> dict[str, str]:
    """A tag's attributes; of two with one name the first counts, as in a browser."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), unescape((double or single or bare)[:MAX_TEXT]))
        if len(found) >= MAX_OF_A_KIND:
            break
    return found


def _add(values: dict[str, list[str]], name: str, value: str) -> None:
    if (name in values or len(values) < MAX_OF_A_KIND) and len(of_name := values.setdefault(name, [])) < MAX_OF_A_KIND:
        of_name.append(value)


def _html(found: Markup, attributes: str, end: int) -> None:
    of = attributes_of(attributes)
    found.language = found.language or of.get("lang", "") or of.get("xml:lang", "")


def _base(found: Markup, attributes: str, end: int) -> None:
    found.base = found.base or attributes_of(attributes).get("href", "")


def _meta(found: Markup, attributes: str, end: int) -> None:
    of = attributes_of(attributes)
    content = of.get("content", "") or of.get("value", "")
    if content:
        for name in dict.fromkeys(
            of[kind].strip().lower() for kind in ("property", "name", "http-equiv") if kind in of
        ):
            _add(found.metas, name, content)


def _link(found: Markup, attributes: str, end: int) -> None:
    of = attributes_of(attributes)
    if len(found.links) < MAX_OF_A_KIND and "rel" in of and of.get("href"):
        found.links.append((of["rel"].lower(), of["href"]))


def _heading(found: Markup, attributes: str, end: int) -> None:
    if len(found.headings) < MAX_OF_A_KIND:
        found.headings.append(_inside("h1", found.text, end))


def _time(found: Markup, attributes: str, end: int) -> None:
    if len(found.times) < MAX_OF_A_KIND:
        found.times.append(attributes_of(attributes).get("datetime", "") or _inside("time", found.text, end))


_READ = {"html": _html, "base": _base, "meta": _meta, "link": _link, "h1": _heading, "time": _time}


def _microdata(found: Markup, name: str, attributes: str, end: int) -> None:
    of = attributes_of(attributes)
    if found.types[-1:] == ["Comment"]:
        return  # they stand at the end, and are other people's
    if "itemtype" in of and len(found.types) < MAX_OF_A_KIND:
        found.types.append(of["itemtype"].rstrip("/").rpartition("/")[2].replace("UserComments", "Comment"))
        if found.types[-1] == "Comment":
            return
    for itemprop in of.get("itemprop", "").split():
        value = of.get("content") or of.get("datetime") or (of.get("href") if name == "link" else of.get("src"))
        # Only what is asked for is cut out of the text: an element may hold half the page.
        if value is None and itemprop in _TEXT_PROPERTIES:
            value = _inside(name, found.text, end, named="itemscope" in of)
        if value:
            _add(found.properties, itemprop, value)


_TEXT_PROPERTIES = frozenset(("headline", "author", "creator", "datePublished", "description", "publisher"))
_NAMED = re.compile(r"""<([a-z]+)\b([^<>]*?\sitemprop\s*=\s*["']?name\b[^<>]*)>""", re.IGNORECASE)


def _inside(name: str, text: str, begin: int, *, named: bool = False) -> str:
    """The text up to the element's end, or its beginning where that is far."""
    markup = text[begin : begin + MAX_TEXT]
    if end := re.search(rf"</{re.escape(name)}[\s>]", markup, re.IGNORECASE):
        markup = markup[: end.start()]
    if named and (found := _NAMED.search(markup)):
        return attributes_of(found[2]).get("content", "") or _inside(found[1], markup, found.end())
    return plain(markup)
