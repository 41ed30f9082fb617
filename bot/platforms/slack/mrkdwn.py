"""CommonMark and plain words as Slack's mrkdwn, in which nothing a stranger wrote is a mention or a link of its own.

Pure. The other way round is ``markup.py``; where the text stands in a message, and how long it may be, ``draw.py``.

mrkdwn has three escapes (``& < >``) and none for its marks ``* _ ~ ` ``. A mark counts only at the edge of a word with
no space after it, so a zero-width space behind it makes it a letter; a backtick gives way to its look-alike.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from markdown_it.tree import SyntaxTreeNode

from newsletter import markdown

ZERO_WIDTH = "\u200b"
_OPENING = re.compile(r"(?<!\w)([*_~]+)(?=\S)|(?<=\w)([*~]+)(?=\w)")
_QUOTE_MARK = re.compile(r"^(?=&gt;|[•◦])", re.MULTILINE)
_WEB = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)


# --- words -----------------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Plain text, which may have several lines, so that it reads as it is."""
    return _QUOTE_MARK.sub(ZERO_WIDTH, _escape(text))


def _escape(text: str) -> str:
    text = _entities(markdown.clean(text)).replace("`", "ˋ")
    return _OPENING.sub(rf"\g<0>{ZERO_WIDTH}", text)


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(label: str, url: str) -> str:
    """``<url|label>``; the label alone where the address is neither http, https nor mailto.

    A ``|`` would end the address, a line end the link; neither is left in it.
    """
    url = markdown.clean(url).strip()
    label = markdown.plain(label)
    if not _WEB.match(url):
        return escape(label)
    address = _entities("".join(_percent(letter) if letter in "|<>" or letter.isspace() else letter for letter in url))
    return f"<{address}|{_entities(label.replace('|', '¦')) or address}>"


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())


def bold(text: str) -> str:
    """mrkdwn of one line, set bold."""
    return f"*{text}*"


def at(instant: datetime) -> str:
    """An instant as each reader's own clock shows it; in UTC where a client cannot.

    https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    return f"<!date^{int(instant.timestamp())}^{{date_short_pretty}} {{time}}|{instant:%Y-%m-%d %H:%M} UTC>"


# --- CommonMark ------------------------------------------------------------------------------------------------------


def from_commonmark(text: str, longest: int) -> tuple[str, ...]:
    """A message's CommonMark as mrkdwn, block by block; one longer than ``longest`` characters goes on in the next.

    Mentions are their labels, so they call nobody; images are links; Slack has no headings, they are bold.
    """
    return tuple(piece for block in _blocks(markdown.parse(text).children) for piece in cut(block, longest))


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
            return _styled("*", _inline(node.children).replace("*", ""))
        case "fence" | "code_block":
            code = _entities(markdown.clean(node.content).rstrip("\n")).replace("```", "ˋˋˋ")
            return f"```\n{code}\n```" if code.strip() else ""
        case "blockquote":
            return "\n".join(f"> {line}" for line in "\n".join(_blocks(node.children)).split("\n"))
        case "bullet_list" | "ordered_list":
            return _list(node)
        case _:
            return ""


def _list(node: SyntaxTreeNode) -> str:
    """Slack's mrkdwn has no lists: the bullets are letters."""
    first = int(node.attrs.get("start", 1))
    items = []
    for number, item in enumerate(node.children, first):
        bullet = "• " if node.type == "bullet_list" else f"{number}. "
        text = "\n".join(_blocks(item.children))
        if text:
            items.append(bullet + text.replace("\n", "\n" + " " * 4))
    return "\n".join(items)


def _inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    """Stretches of plain text are joined before they are escaped, so that no mark is made of two."""
    written: list[tuple[str, bool]] = []  # (text, is it plain)
    for text, plain in _pieces(nodes):
        if plain and written and written[-1][1]:
            written[-1] = (written[-1][0] + text, True)
        else:
            written.append((text, plain))
    pieces = [_escape(text) if plain else text for text, plain in written]
    line = "".join(_apart(pieces))
    return _QUOTE_MARK.sub(ZERO_WIDTH, line).strip(" \t\n")


def _apart(pieces: Sequence[str]) -> Iterator[str]:
    """A style that begins or ends inside a word counts only with something between them."""
    yield from pieces[:1]
    for before, piece in pairwise(pieces):
        touching = before and piece and (before[-1].isalnum() or piece[0].isalnum()) and before[-1:] + piece[:1]
        if touching and (touching[0] in "*_~`" or touching[1] in "*_~`"):
            yield ZERO_WIDTH
        yield piece


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
                code = _entities(markdown.plain(node.content)).replace("`", "ˋ")
                yield (f"`{code}`", False) if code else ("", True)
            case "em" | "strong" | "s":
                yield _styled({"em": "_", "strong": "*", "s": "~"}[node.type], _inline(node.children)), False
            case "link" | "image":
                yield _link(node), False


def _styled(mark: str, text: str) -> str:
    """Slack's styles end with the line."""
    return "\n".join(f"{mark}{line.strip()}{mark}" if line.strip() else line for line in text.split("\n"))


def _link(node: SyntaxTreeNode) -> str:
    url = str(node.attrs.get("href") or node.attrs.get("src") or "")
    label = "".join(text for text, _ in _plain_pieces(node.children))
    return link(label, url)


def _plain_pieces(nodes: Sequence[SyntaxTreeNode]) -> Iterator[tuple[str, bool]]:
    for node in nodes:
        if node.type in ("text", "code_inline"):
            yield node.content, True
        elif node.type in ("softbreak", "hardbreak"):
            yield " ", True
        else:
            yield from _plain_pieces(node.children)


# --- length ----------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"<[^<>]*>|\n|[^\S\n]+|[^\s<]+")


def length(text: str) -> int:
    """As Slack's JavaScript counts: an emoji beyond the basic plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, longest: int) -> Iterator[str]:
    """mrkdwn in pieces of at most ``longest`` characters, cut between words, never inside a link; code stays code."""
    if length(text) <= longest:
        yield text
        return
    opening, closing = ("```\n", "\n```") if text.startswith("```\n") else ("", "")
    inner, room = text.removeprefix(opening).removesuffix(closing), longest - len(opening + closing)
    filled = ""
    for part in (part for token in _TOKEN.findall(inner) for part in _short(token, room)):
        if length(filled + part) > room and filled.strip():
            yield f"{opening}{filled.strip()}{closing}"
            filled = ""
        filled += part
    if filled.strip():
        yield f"{opening}{filled.strip()}{closing}"


def _short(token: str, longest: int) -> Iterator[str]:
    """A word in pieces that fit. A link that is too long is only its label: its address is shown nowhere else."""
    if length(token) <= longest:
        yield token
    elif token.startswith("<"):
        label = token[1:-1].rpartition("|")[2]
        yield from _short(label.removeprefix("<"), longest)
    else:
        size = longest // 2  # as every character may count for two
        yield from (token[place : place + size] for place in range(0, len(token), size))
