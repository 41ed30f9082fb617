"""CommonMark and plain words as Discord's own Markdown, in which nothing a stranger wrote is a mention or a mark. Pure.

The other way round is ``markup.py``; where the text stands in a message, and how long it may be, ``draw.py``. Discord
knows no entities, so all is escaped by backslashes; a bare address stays as it is, for a backslash in it would be seen.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from markdown_it.tree import SyntaxTreeNode

from newsletter import markdown, urls

ZERO_WIDTH = "\u200b"
_MARK = re.compile(r"[\\*_~`\[\]<>]|:(?=\w+:\d)")
_BARS = re.compile(r"\|{2,}")
_BLOCK_MARK = re.compile(
    r"^(?P<space>[ \t]*)(?:(?P<mark>#{1,3}(?=\s)|-#(?=\s)|[-+](?=\s))|(?P<number>\d+)(?=[.)]\s))", re.MULTILINE
)
_CALL = re.compile(r"@(?=everyone\b|here\b)")
_WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|\b(?=discord\.gg/)", re.IGNORECASE)


# --- words -----------------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Plain text so that it reads as it is; of several lines none begins a heading, list or quote."""
    text = _CALL.sub(f"@{ZERO_WIDTH}", _MARK.sub(r"\\\g<0>", markdown.clean(text)))
    return _BLOCK_MARK.sub(lambda found: f"{found['space']}{_literal(found)}", _closed(text))


def _literal(found: re.Match[str]) -> str:
    return f"{found['number']}\\" if found["number"] else f"\\{found['mark']}"


def _closed(text: str) -> str:
    """Spoilers stay only where each has its end: bars left over would hide what comes after."""
    return text if len(_BARS.findall(text)) % 2 == 0 else _BARS.sub(lambda found: r"\|" * len(found[0]), text)


def link(label: str, url: str) -> str:
    """``[label](url)``; the label alone where the address is neither http nor https.

    A label that holds an address the client shows as typed, lest it should lie about where it leads: it loses the
    scheme.
    """
    url, label = markdown.clean(url).strip(), markdown.plain(label)
    if not _WEB.match(url):
        return escape(label)
    address = "".join(_percent(letter) if letter in '<>"\\`' or letter.isspace() else letter for letter in url)
    shown = escape(_SCHEME.sub("", label)).strip()
    if label in ("", url) or not shown.strip(ZERO_WIDTH):
        return f"<{address}>"
    return f"[{shown}](<{address}>)" if re.search(r"[()]", address) else f"[{shown}]({address})"


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())


def at(instant: datetime) -> str:
    """An instant as each reader's own clock shows it: reference, "Message Formatting"."""
    return f"<t:{int(instant.timestamp())}:f>"


# --- CommonMark ------------------------------------------------------------------------------------------------------


def from_commonmark(text: str) -> str:
    """A message's CommonMark as Discord's. Mentions are their labels, so they call nobody; images are links."""
    return "\n\n".join(_blocks(markdown.parse(text).children))


def _blocks(nodes: Sequence[SyntaxTreeNode]) -> Iterator[str]:
    for node in nodes:
        block = _block(node)
        if block.strip():
            yield block


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "paragraph":
            return _inline(node.children)
        case "heading":
            words = _inline(node.children).replace("**", "")
            return f"**{words}**" if words else ""
        case "fence" | "code_block":
            code = markdown.clean(node.content).rstrip("\n").replace("```", "``\u200b`")
            return f"```\n{code}\n```" if code.strip() else ""
        case "blockquote":
            return "\n".join(f"> {line}".rstrip() for line in "\n".join(_blocks(node.children)).split("\n"))
        case "bullet_list" | "ordered_list":
            return _list(node)
        case _:
            return ""


def _list(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    items = []
    for number, item in enumerate(node.children, first):
        mark = "- " if node.type == "bullet_list" else f"{number}. "
        text = "\n".join(_blocks(item.children))
        if text:
            items.append(mark + text.replace("\n", "\n" + " " * len(mark)))
    return "\n".join(items)


def _inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    """Stretches of plain text are joined before they are escaped, so that no mark is made of two."""
    written: list[tuple[str, bool]] = []  # (text, is it plain)
    for text, plain in _pieces(nodes):
        if plain and written and written[-1][1]:
            written[-1] = (written[-1][0] + text, True)
        else:
            written.append((text, plain))
    return _closed("".join(_linked(text) if plain else text for text, plain in written)).strip(" \t\n")


def _linked(text: str) -> str:
    """Plain text, escaped but for the addresses in it."""
    made, end = "", 0
    for found in urls.locate(text):
        if found.form == "bare" and text[found.start : found.end] == found.url:
            made += escape(text[end : found.start]) + link("", found.url)
            end = found.end
    return made + escape(text[end:])


def _pieces(nodes: Sequence[SyntaxTreeNode]) -> Iterator[tuple[str, bool]]:
    for node in nodes:
        match node.type:
            case "inline":
                yield from _pieces(node.children)
            case "text":
                yield node.content, True
            case "softbreak" | "hardbreak":
                yield "\n", True
            case "code_inline":
                code = markdown.plain(node.content).replace("`", "ˋ")
                yield (f"`{code}`", False) if code else ("", True)
            case "em" | "strong" | "s":
                mark = {"em": "*", "strong": "**", "s": "~~"}[node.type]
                words = _inline(node.children)
                yield (f"{mark}{words}{mark}", False) if words else ("", True)
            case "link" | "image":
                yield _link(node), False


def _link(node: SyntaxTreeNode) -> str:
    url = str(node.attrs.get("href") or node.attrs.get("src") or "")
    return link("".join(_words(node.children)), url)


def _words(nodes: Sequence[SyntaxTreeNode]) -> Iterator[str]:
    for node in nodes:
        if node.type in ("text", "code_inline"):
            yield node.content
        elif node.type in ("softbreak", "hardbreak"):
            yield " "
        else:
            yield from _words(node.children)


def length(text: str) -> int:
    """As JavaScript counts, which is never less than Discord does: an emoji beyond the basic plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
