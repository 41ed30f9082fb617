"""From strangers' CommonMark to HTML that is safe in a page: a message's words, an address as a link's target.

A message is parsed and written anew from a short list of elements, none of which has an attribute but ``href`` and
``start``; nothing a person writes reaches the page unescaped. What a page looks like is ``templates/site``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from markdown_it.tree import SyntaxTreeNode

from newsletter import urls
from newsletter.markdown import Names, clean, label_of, parse, plain, slug

_ALLOWED = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
_ELEMENTS = {
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "list_item": "li",
    "em": "em",
    "strong": "strong",
    "s": "s",
}


def address(url: str) -> str:
    """The address as a link's target; ``""`` for anything but http, https and mailto.

    What no address may hold (RFC 3986: spaces, ``<>"{}|\\^```, controls) is percent-encoded and nothing else, so signed
    links stay whole. It is still to be escaped for HTML.
    """
    url = clean(url).strip()
    if not _ALLOWED.match(url):
        return ""
    return "".join(_percent(letter) if _is_no_url(letter) else letter for letter in url)


def to_html(words: str, names: Names = label_of) -> str:
    """A message's CommonMark as HTML: paragraphs, lines, emphasis, code, quotes, lists, links.

    Headings become bold paragraphs, rules vanish, HTML is literal text, images become links, links to anything but
    http, https and mailto their labels, mentions what ``names`` says. Bare addresses become links.
    """
    return "\n".join(_blocks(parse(words).children, _Look(names)))


def post_to_html(post: str, anchors: str, *, below: int = 0) -> str:
    """A post of ours, less its front matter, as HTML: as ``to_html``, with headings, rules and ways within the post.

    ``anchors`` stands before each heading's anchor, and every heading is so many levels ``below`` its own: the post can
    stand in a page that has ids and headings of its own.
    """
    return "\n".join(_blocks(parse(_FRONT_MATTER.sub("", post)).children, _Look(label_of, anchors, below)))


@dataclass(frozen=True, slots=True)
class _Look:
    """How it is written: as a message, or with ``anchors`` as a post that has ``taken`` some of them so far."""

    names: Names
    anchors: str | None = None
    below: int = 0
    taken: dict[str, int] = field(default_factory=dict)


def _blocks(nodes: Sequence[SyntaxTreeNode], look: _Look) -> Iterator[str]:
    for node in nodes:
        match node.type:
            case "paragraph":
                text = _line(node.children, look)
                yield text if node.hidden or not text else f"<p>{text}</p>"
            case "heading":
                text = _line(node.children, look)
                if look.anchors is not None:
                    anchor = escape(look.anchors + slug(_words(node), look.taken))
                    element = f"h{min(6, int(node.tag[1]) + look.below)}"
                    yield f'<{element} id="{anchor}">{text}</{element}>'
                elif text:
                    yield f"<p><strong>{text}</strong></p>"
            case "hr" if look.anchors is not None:
                yield "<hr>"
            case "fence" | "code_block":
                yield f"<pre><code>{escape(clean(node.content))}</code></pre>"
            case "ordered_list":
                start = int(node.attrs.get("start", 1))
                begun = f'<ol start="{start}">' if start != 1 else "<ol>"
                yield "\n".join((begun, *_blocks(node.children, look), "</ol>"))
            case "blockquote" | "bullet_list" | "list_item":
                element = _ELEMENTS[node.type]
                yield "\n".join((f"<{element}>", *_blocks(node.children, look), f"</{element}>"))


def _line(nodes: Sequence[SyntaxTreeNode], look: _Look) -> str:
    return "".join(_pieces(nodes, look, in_link=False)).strip()


def _pieces(nodes: Sequence[SyntaxTreeNode], look: _Look, *, in_link: bool) -> Iterator[str]:
    for node in nodes:
        match node.type:
            case "inline":
                yield from _pieces(node.children, look, in_link=in_link)
            case "text":
                text = _one_line(node.content)
                yield escape(text) if in_link else "".join(_linked(text))
            case "softbreak" | "hardbreak":
                # A new line of the chat is a new line.
                yield "<br>\n"
            case "code_inline":
                yield f"<code>{escape(_one_line(node.content))}</code>"
            case "em" | "strong" | "s":
                element = _ELEMENTS[node.type]
                yield from (f"<{element}>", *_pieces(node.children, look, in_link=in_link), f"</{element}>")
            case "link" | "image":
                yield from _link(node, look, in_link=in_link)


def _link(node: SyntaxTreeNode, look: _Look, *, in_link: bool) -> Iterable[str]:
    url = clean(str(node.attrs.get("href") or node.attrs.get("src") or "")).strip()
    kind, _, id = url.partition(":")
    if kind in ("person", "channel"):
        return [escape(plain(look.names(kind, id, _words(node))))]
    label = "".join(_pieces(node.children, look, in_link=True)).strip()
    target = address(url)
    if look.anchors is not None and url.startswith("#"):
        target = f"#{look.anchors}{url[1:]}"
    if in_link or not target:
        return [label]
    return [f'<a href="{escape(target)}">{label or escape(target)}</a>']


def _words(node: SyntaxTreeNode) -> str:
    return "".join(one.content for one in node.walk() if one.type in ("text", "code_inline"))


def _linked(text: str) -> Iterator[str]:
    """A text with its bare addresses as links."""
    end = 0
    for found in urls.locate(text):
        written = text[found.start : found.end]
        if found.form == "bare" and written == found.url == address(found.url):
            yield escape(text[end : found.start])
            yield f'<a href="{escape(written)}">{escape(written)}</a>'
            end = found.end
    yield escape(text[end:])


def _one_line(text: str) -> str:
    """Decoded entities can bring back what ``clean`` took away, and line ends where none can be."""
    return re.sub(r"[\t\n]", " ", clean(text))


def _is_no_url(letter: str) -> bool:
    return letter in '<>"{}|\\^`' or letter.isspace() or not letter.isprintable()


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())
