"""What a page says about itself in JSON-LD (schema.org): one value of plain texts, nothing judged.

Pure and total: JSON that is broken beyond the usual mistakes says nothing. Which text is believed is ``page.py``.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from newsletter.urls import key

MAX_NODES = 2_000
_MAX_TEXT = 4_000
_WRAPPER = re.compile(r"<!--|-->|<!\[CDATA\[|\]\]>")
# Comments and a comma behind the last one, as in a program; not inside of strings.
_MISTAKE = re.compile(r'("(?:[^"\\]|\\.)*+"?+)|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|,(?=\s*+[}\]])', re.DOTALL)
_JSON = json.JSONDecoder(strict=False)
_BEGIN = re.compile(r"[{\[]")
_DURATION = re.compile(r"P(?:T(?=\d))?(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?")

Node = dict[str, object]

# By how much a node of this type is what the page is about.
_MAIN = {
    name: weight
    for weight, names in enumerate(
        (
            "webpage itempage aboutpage checkoutpage",
            "product event course book dataset softwareapplication mobileapplication webapplication recipe "
            "creativework thing movie musicrecording musicalbum howto jobposting faqpage profilepage",
            "article newsarticle blogposting techarticle report scholarlyarticle medicalscholarlyarticle "
            "analysisnewsarticle opinionnewsarticle reportagenewsarticle backgroundnewsarticle reviewnewsarticle "
            "askpublicnewsarticle satiricalarticle advertisercontentarticle socialmediaposting liveblogposting "
            "review videoobject audioobject podcastepisode episode tvepisode qapage question "
            "discussionforumposting softwaresourcecode presentationdigitaldocument",
        ),
        1,
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class LinkedData:
    """Texts as the page gave them, ``""`` where it did not. ``is_main``: the node is an article, video, …, and not
    only a page that may be called after its site. ``type`` is schema.org's, in lower case."""

    title: str = ""
    description: str = ""
    site: str = ""
    author: tuple[str, ...] = ()
    published: str = ""
    image: str = ""
    language: str = ""
    type: str = ""
    is_main: bool = False
    words: int = 0
    minutes: int = 0


def read(scripts: Sequence[str], url: str) -> LinkedData:
    """What all the scripts of the page at ``url`` say about it."""
    nodes = [node for script in scripts for value in _parsed(script) for node in _nodes(value)][:MAX_NODES]
    if not nodes:
        return LinkedData()
    by_id = {identity: node for node in nodes if isinstance(identity := node.get("@id"), str) and len(node) > 1}
    main, of_page = _main(nodes, url), next((node for node in nodes if _weight(node) == 1), {})
    weight = _weight(main)
    site = next((_name(node, by_id) for node in nodes if "website" in _types(node)), "")
    return LinkedData(
        title=_text(main, "headline", "name", "title"),
        description=_text(main, "description") or _text(of_page, "description"),
        site=_first(_names(main.get("publisher"), by_id)) or site,
        author=tuple(dict.fromkeys(_names(main.get("author") or main.get("creator"), by_id)))[:10],
        published=_text(main, "datePublished", "uploadDate", "dateCreated") or _text(of_page, "datePublished"),
        image=_address(main.get("image") or main.get("thumbnailUrl") or of_page.get("primaryImageOfPage"), by_id),
        language=_text(main, "inLanguage") or _text(of_page, "inLanguage"),
        type=_first([name for name in _types(main) if name in _MAIN]),
        is_main=weight > 1,
        words=_number(main.get("wordCount")),
        minutes=_minutes(main.get("timeRequired")) if weight == 3 and "video" not in str(main.get("@type")) else 0,
    )


def _parsed(script: str) -> list[object]:
    """What stands in a script, whatever it is wrapped in; most hold one object or one list."""
    text = _WRAPPER.sub(" ", script)
    return _values(text) or _values(_mended(text)) or (_values(_mended(unescape(text))) if "&quot;" in text else [])


def _mended(text: str) -> str:
    for _ in range(2):  # a comma may be the last one only when the comment behind it is gone
        text = _MISTAKE.sub(lambda found: found[1] or "", text)
    return text


def _values(text: str) -> list[object]:
    """The values one after the other, up to the first that is broken."""
    values: list[object] = []
    end = 0
    while (begin := _BEGIN.search(text, end)) and len(values) < MAX_NODES:
        try:
            value, end = _JSON.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            break
        values.append(value)
    return values


def _nodes(parsed: object) -> Iterator[Node]:
    """The nodes of a graph that may be what the page is about: what stands on top, in a graph, or as main entity."""
    waiting: list[object] = [parsed]
    seen = 0
    while waiting and seen < MAX_NODES:
        seen += 1
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node[:MAX_NODES]))
        elif isinstance(node, dict):
            if "pub_date" in node:  # Parse.ly's own words in its "parsely-page"
                node = {"@type": "Article", "datePublished": node["pub_date"], "image": node.get("image_url"), **node}
            if "@type" in node or "@id" in node:
                yield node
            # An object under "mainEntityOfPage" is the page, not what it is about.
            waiting.extend(node[name] for name in ("mainEntity", "@graph", "video") if name in node)


def _main(nodes: Sequence[Node], url: str) -> Node:
    """The node that the page is about. Where several of a kind could be, it is a list of others' headlines: none."""
    weight = max(map(_weight, nodes))
    among = [node for node in nodes if _weight(node) == weight] if weight else []
    here = key(url)
    named = [node for node in among if any(key(place) == here for place in _places(node))]
    if named:
        return named[0]
    titled = [node for node in among if _text(node, "headline", "name")] or among
    titles = {_text(node, "headline", "name") for node in titled}
    return titled[0] if len(titles) == 1 else {}


def _weight(node: Node) -> int:
    return max((_MAIN.get(name, 0) for name in _types(node)), default=0)


def _places(node: Node) -> Iterator[str]:
    for name in ("mainEntityOfPage", "url", "@id"):
        place = node.get(name)
        if isinstance(place, dict):
            place = place.get("@id") or place.get("url")
        if isinstance(place, str) and "://" in place[:8]:
            yield place[:_MAX_TEXT].partition("#")[0]


def _types(node: Node) -> list[str]:
    kinds = node.get("@type")
    names = kinds[:10] if isinstance(kinds, list) else [kinds]
    return [name.rstrip("/").rpartition("/")[2].rpartition(":")[2].lower() for name in names if isinstance(name, str)]


def _text(node: Node, *names: str) -> str:
    for name in names:
        value = node.get(name)
        while isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("alternateName")
        if isinstance(value, str) and value.strip():
            return value[:_MAX_TEXT]
        if isinstance(value, int) and value:
            return str(value)[:20] if abs(value) < 10**18 else ""
    return ""


def _names(value: object, by_id: dict[str, Node]) -> list[str]:
    """The names of people or organisations, given as text, object, reference, or a list of them."""
    names = []
    for one in (value if isinstance(value, list) else [value])[:50]:
        if isinstance(one, str):
            names.append(_name(by_id[one], by_id) if one in by_id else one[:_MAX_TEXT])
        elif isinstance(one, dict):
            names.append(_name(one, by_id))
    return [name for name in names if name]


def _name(node: Node, by_id: dict[str, Node]) -> str:
    identity = node.get("@id")
    known = by_id.get(identity, {}) if isinstance(identity, str) else {}
    value = node.get("name") or known.get("name") or node.get("alternateName")
    if isinstance(value, list):
        return ", ".join(name[:200] for name in value[:10] if isinstance(name, str))
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _address(value: object, by_id: dict[str, Node]) -> str:
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            known = by_id.get(str(value.get("@id")), {})
            value = value.get("url") or value.get("contentUrl") or known.get("url") or known.get("contentUrl") or ""
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _first(names: Sequence[str]) -> str:
    return names[0] if names else ""


def _number(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 8:
        value = int(value)
    return value if isinstance(value, int) and 0 < value < 1_000_000 else 0


def _minutes(value: object) -> int:
    found = _DURATION.fullmatch(value[:20]) if isinstance(value, str) else None
    if not found:
        return 0
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return min(hours * 60 + minutes + (seconds + 30) // 60, 600)
