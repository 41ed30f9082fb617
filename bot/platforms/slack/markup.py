"""Slack's markup as CommonMark: the mrkdwn of a message's ``text``, and the ``rich_text`` of its ``blocks``.

What a person typed is what CommonMark shows: their ``*bold*`` is bold, a literal ``[`` is escaped, a URL in code is
code. Line breaks stay line breaks of the source. Who wrote the message and whether it counts: ``payloads.py``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from string import punctuation
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from newsletter.emoji import characters, kept

Json = Mapping[str, Any]
"""An object of Slack's JSON. A stranger wrote it: any key may be missing, any value of another type."""


@dataclass(frozen=True, slots=True)
class Names:
    """What to call the people and channels that messages mention by id; ``bots`` are the people who are none."""

    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    bots: frozenset[str] = frozenset()


def string(value: object) -> str:
    """The value if it is text, else ``""``."""
    return value if isinstance(value, str) else ""


def objects(value: object) -> list[Json]:
    """The objects in a list; nothing where it is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


# --- characters ------------------------------------------------------------------------------------------------------

# Tokens of Slack's API (xoxb-, xoxp-, xoxe.xoxp-1-, xapp-) and of downloads from exports (xoxe-).
_TOKEN = r"x(?:ox[a-z]|app)[-.][\w.-]+"  # noqa: S105 - the shape of one
_TOKEN_PARAMETER = re.compile(rf"([?&](?:amp;)?)[^\s=&?#<>|]+={_TOKEN}(&(?:amp;)?)?")
_BARE_TOKEN = re.compile(_TOKEN)
# NUL, which PostgreSQL refuses, and other controls; halves of a surrogate pair; the mark this module uses itself.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0]")


def clean(text: str) -> str:
    """The text without control characters, lone surrogates and Slack's tokens; line ends are ``\\n``.

    A URL parameter that is a token is deleted; elsewhere ``token-removed`` stands in its place.
    """
    if _UNWANTED.search(text):
        text = _UNWANTED.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "xox" in text or "xapp" in text:
        text = _TOKEN_PARAMETER.sub(lambda found: found[1] if found[2] else "", text)
        text = _BARE_TOKEN.sub("token-removed", text)
    return text


def unescape(text: str) -> str:
    """Slack escapes these three and nothing else; an HTML decoder would turn ``&copy=2`` in a URL into ``©=2``."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_EMOJI_CODE = re.compile(r":([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?")


def _with_emoji(text: str) -> str:
    if text.count(":") < 2:
        return text
    known = characters()
    return _EMOJI_CODE.sub(lambda found: known.get(found[1], found[0]), text)


def emoji_name(emoji: str) -> str:
    """What Slack calls an emoji that is kept as ``👍`` or ``:custom:``; the emoji itself where it knows none."""
    return _short_names().get(emoji) or emoji.strip(":")


@cache
def _short_names() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for name, character in characters().items():
        names.setdefault(kept(character), name)
    return names


# An underscore between letters is none of CommonMark's business: snake_case stays readable.
# (Looking back comes after the first character here and below: then the search for that character is fast.)
_SPECIAL = re.compile(r"[\\`*\[\]<~]|_(?<![^\W_]_)|_(?![^\W_])|&(?=#?\w+;)")
# What makes a line a heading, list item, quote, rule, underline of a heading, or head of a table.
_LINE_START = re.compile(r"(\d{1,9}(?=[.)](?:\s|$))|)(?:(?<=\d)|#{1,6}(?:\s|$)|[-+](?:\s|$)|>|[-=:|][-=:|\s]*$)")


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _escape_line_start(line: str) -> str:
    found = _LINE_START.match(line) if line[:1] in "#+->=:|0123456789" else None
    return f"{found[1]}\\{line[found.end(1) :]}" if found else line


# --- pieces of a line ------------------------------------------------------------------------------------------------

_BOLD, _ITALIC, _STRIKE = "bold", "italic", "strike"
_MARKS = {_ITALIC: "*", _BOLD: "**", _STRIKE: "~~"}
_PLAIN: frozenset[str] = frozenset()


class _Run(NamedTuple):
    """A stretch of one line: CommonMark, or if ``code`` the code itself; and how it is set."""

    markdown: str
    style: frozenset[str] = _PLAIN
    code: bool = False


def _line(runs: Iterable[_Run]) -> str:
    """One line of CommonMark. A style that CommonMark could not show there (``**「x」**の``) is left out."""
    merged = [
        _Run("".join(run.markdown for run in group) if code else _joined(run.markdown for run in group), style, code)
        for (style, code), group in groupby(runs, key=lambda run: (run.style, run.code))
    ]
    written = ""
    for position, run in enumerate(merged):
        after = merged[position + 1].markdown[:1] if position + 1 < len(merged) else ""
        piece = _styled(_code_span(run.markdown) if run.code else run.markdown, run.style, written[-1:], after)
        written = _joined([written, piece])
    return _escape_line_start(written.strip(" \t"))


def _joined(pieces: Iterable[str]) -> str:
    written = ""
    for piece in pieces:
        if piece.startswith("[") and written.endswith("!"):
            written = f"{written[:-1]}\\!"  # or the link would be an image
        written += piece
    return written


def _styled(text: str, style: frozenset[str], before: str, after: str) -> str:
    inner = text.strip()
    if not style or not inner:
        return text
    start = text.index(inner)
    lead, trail = text[:start], text[start + len(inner) :]
    before, after = lead[-1:] or before, trail[:1] or after
    if before in ("*", "~"):  # marks that touch are read as one
        return text
    for name, mark in _MARKS.items():
        together = inner[0] == inner[-1] == mark[0]  # the marks of bold italic are one run of marks
        if name in style and (together or (_flanks(inner[0], before) and _flanks(inner[-1], after))):
            inner = f"{mark}{inner}{mark}"
    return f"{lead}{inner}{trail}"


def _flanks(edge: str, neighbour: str) -> bool:
    """CommonMark's flanking rule, on the safe side for symbols, about which its versions differ."""
    return edge.isalnum() or not neighbour or neighbour.isspace() or neighbour in punctuation


def _code_span(code: str) -> str:
    code = code.replace("\n", " ")
    if not code.strip():
        return code
    fence = "`"
    while fence in code:
        fence += "`"
    pad = " " if code[0] in "` " or code[-1] in "` " else ""
    return f"{fence}{pad}{code}{pad}{fence}"


def _fenced(code: str) -> str:
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}\n{code}\n{fence}"


_NOT_IN_A_TARGET = re.compile(r"[\s<>\x00-\x20]")


def _link(url: str, label: str = "") -> str:
    """A link: bare where the label only repeats the address. An address of another scheme is mere text."""
    label = " ".join(label.split())
    if not url.lower().startswith(("http://", "https://")):
        return _escape(label or url.removeprefix("mailto:").removeprefix("tel:"))
    url = _NOT_IN_A_TARGET.sub(lambda found: quote(found[0]), url)
    if not label or _bare(label) == _bare(url):
        return f"<{url}>"
    target = re.sub(r"\\|&(?=#?\w+;)", r"\\\g<0>", url)
    return f"[{_escape(_with_emoji(label))}](<{target}>)"


def _bare(address: str) -> str:
    """An address as far as Slack's own label repeats it: with or without scheme, percent-encoded or not."""
    return unquote(re.sub(r"^https?://", "", address.strip(), flags=re.IGNORECASE)).rstrip("/").casefold()


def _mention(person: str, name: str) -> str:
    return f"[@{_escape(' '.join(name.split()).lstrip('@'))}](person:{person})"


def _channel(channel: str, name: str) -> str:
    return f"[#{_escape(' '.join(name.split()).lstrip('#'))}](channel:{channel})"


# --- mrkdwn ----------------------------------------------------------------------------------------------------------

_FENCE = re.compile(r"```(.*?)```", re.DOTALL)
_ANGLE = (
    r"<([@#][\w.-]+(?:\|[^<>]*)?|![\w^|][^<>]*"
    r"|(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:mailto|tel|sms|skype|facetime):)[^<>]+)>"
)
_REFERENCE = re.compile(_ANGLE)
# A backtick within a word (it`s) opens no code. What follows "https://" unwrapped is an address, not markup.
_VERBATIM = re.compile(
    rf"`(?<![A-Za-z0-9`]`)([^`\n]+)`(?![A-Za-z0-9`])|{_ANGLE}|(h(?<![A-Za-z0-9]h)ttps?://[^\s<>|\ufdd0]+)"
)
_MARK = "\ufdd0"
# Slack sets a style only between word boundaries.
_STYLED = re.compile(
    r"\*(?<![\w*]\*)(?![\s*])(?P<bold>[^*\n]+)(?<!\s)\*(?![\w*])"
    r"|_(?<!\w_)(?![\s_])(?P<italic>[^_\n]+)(?<!\s)_(?!\w)"
    r"|~(?<![\w~]~)(?![\s~])(?P<strike>[^~\n]+)(?<!\s)~(?![\w~])"
)
_BULLET = re.compile(r"([ \t]*)[•◦▪■‣]\ufe0e?[ \t]+(.*)")
# Typed by hand, as in an older client or with a bare text field: a list if another such line stands beside it.
_DASH = re.compile(r"([ \t]*)[-*][ \t]+(?=\S)(.*)")
_NOT_MERE_WORDS = re.compile(f"[{_MARK}*_~]")


def from_mrkdwn(text: str, names: Names) -> str:
    """A message's ``text`` as CommonMark. Lists that Slack writes with ``•``, or people with ``-``, become lists."""
    text = clean(text)
    blocks: list[str] = []
    for position, part in enumerate(_FENCE.split(text)):
        if position % 2:
            blocks.append(_fenced(_as_typed(part).strip("\n")))
        else:
            blocks.extend(_prose(part, names))
    return "\n\n".join(block for block in blocks if block)


def _prose(text: str, names: Names) -> Iterator[str]:
    """mrkdwn without fences as blocks of CommonMark."""
    verbatim: list[_Run] = []

    def put_by(found: re.Match[str]) -> str:
        code, reference, address = found.groups()
        if code is not None:
            verbatim.append(_Run(_as_typed(code), code=True))
        elif reference is not None:
            verbatim.append(_Run(_resolved(reference, names)))
        else:
            verbatim.append(_Run(_escape(unescape(address))))
        return _MARK

    lines = _VERBATIM.sub(put_by, text).split("\n")
    waiting = iter(verbatim)
    quoted_to_the_end = False
    typed: list[tuple[str, int, str]] = []
    dashes = [_DASH.match(line) for line in lines]
    for place, line in enumerate(lines):
        kind, depth = "paragraph", 0
        beside = (dashes[place - 1] if place else None) or (dashes[place + 1] if place + 1 < len(lines) else None)
        if line.startswith("&gt;&gt;&gt;"):
            quoted_to_the_end, line = True, line[12:]
        if quoted_to_the_end or line.startswith("&gt;"):
            kind, line = "quote", line.removeprefix("&gt;")
        elif bullet := _BULLET.match(line) or (dashes[place] if beside else None):
            kind, depth, line = "list", len(bullet[1].expandtabs(4)) // 4, bullet[2]
        typed.append((kind, depth, _typed_line(line, waiting)))
    for kind, group in groupby(typed, key=lambda entry: entry[0]):
        if kind == "list":
            yield _list([_Item(depth, None, [line]) for _, depth, line in group])
        else:
            yield _paragraph([line for _, _, line in group], quoted=kind == "quote")


def _typed_line(text: str, verbatim: Iterator[_Run]) -> str:
    if _NOT_MERE_WORDS.search(text):
        return _line(_typed_runs(text, verbatim, _PLAIN))
    return _escape_line_start(_words(text).strip(" \t"))  # most lines


def _words(text: str) -> str:
    return _escape(_with_emoji(unescape(text)))


def _typed_runs(text: str, verbatim: Iterator[_Run], style: frozenset[str]) -> Iterator[_Run]:
    """The runs of a typed line, in which every mark stands for the next of ``verbatim``."""
    done = 0
    for found in _STYLED.finditer(text):
        yield from _unstyled_runs(text[done : found.start()], verbatim, style)
        yield from _typed_runs(found[found.lastgroup or 0], verbatim, style | {found.lastgroup or ""})
        done = found.end()
    yield from _unstyled_runs(text[done:], verbatim, style)


def _unstyled_runs(text: str, verbatim: Iterator[_Run], style: frozenset[str]) -> Iterator[_Run]:
    for position, part in enumerate(text.split(_MARK)):
        if position:
            yield next(verbatim)._replace(style=style)
        if part:
            yield _Run(_words(part), style)


def _resolved(reference: str, names: Names) -> str:
    """What stands between ``<`` and ``>`` as CommonMark."""
    target, _, label = reference.partition("|")
    target, label = unescape(target), unescape(label)
    kind, rest = target[0], target[1:]
    if kind == "@":
        return _mention(rest, names.people.get(rest) or label or rest)
    if kind == "#":
        return _channel(rest, names.channels.get(rest) or label or rest)
    if kind != "!":
        return _link(target, label)
    command, *arguments = rest.split("^")
    if command == "date" and label:
        return _link(arguments[2], label) if len(arguments) > 2 else _escape(label)
    if command == "subteam" and arguments:
        return _escape(f"@{(label or arguments[0]).lstrip('@')}")
    if command in ("here", "channel", "everyone", "group"):
        return f"@{command}"
    return _escape(label or f"<{target}>")


def _as_typed(code: str) -> str:
    """Code as it was typed: Slack wraps addresses and mentions in it all the same."""

    def typed(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target[0] in "@#":
            return target if target[0] == "@" else f"#{label or target[1:]}"
        return label or (f"@{target[1:]}" if target in ("!here", "!channel", "!everyone") else
                         found[0] if target[0] == "!" else target)  # fmt: skip

    return unescape(_REFERENCE.sub(typed, code))


def to_plain(text: str) -> str:
    """mrkdwn as one line of plain words, as previews use it: labels for links, names for nothing."""
    return " ".join(_with_emoji(_as_typed(clean(text))).split())


# --- blocks ----------------------------------------------------------------------------------------------------------


class _Item(NamedTuple):
    """A list item: how deep, its number if it has one, its lines of CommonMark."""

    depth: int
    number: int | None
    lines: list[str]


def _paragraph(lines: Sequence[str], quoted: bool = False) -> str:
    text = "\n".join(lines).strip("\n")
    if quoted and text:
        return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
    return text


def _list(items: Sequence[_Item]) -> str:
    written: list[str] = []
    indents = [0]  # where the text of each open level starts
    for item in items:
        lines = [line for line in item.lines if line]
        if not lines:
            continue
        depth = min(item.depth, len(indents) - 1)
        marker = "- " if item.number is None else f"{item.number}. "
        indent = indents[depth]
        indents[depth + 1 :] = [indent + len(marker)]
        written.append(" " * indent + marker + lines[0])
        written.extend(" " * indents[depth + 1] + line for line in lines[1:])
    return "\n".join(written)


def from_blocks(blocks: object, text: str, names: Names) -> str | None:
    """The ``rich_text`` of a message's blocks as CommonMark, ``None`` where they hold none.

    ``text`` is the message's own: some names stand only there. Where it is empty, what an app's section, header and
    context blocks say counts as text.
    """
    found = objects(blocks)
    rich = [block for block in found if block.get("type") == "rich_text"]
    if rich:
        elements = [element for block in rich for element in objects(block.get("elements"))]
        return _RichText(text, names).write(elements)
    if not text.strip() and (said := "\n".join(_app_texts(found))):
        return from_mrkdwn(said, names)
    return None


def _app_texts(blocks: Iterable[Json]) -> Iterator[str]:
    for block in blocks:
        if block.get("type") in ("section", "header", "context"):
            for part in objects([block.get("text"), *objects(block.get("fields")), *objects(block.get("elements"))]):
                if said := string(part.get("text")):
                    yield said


_LABELLED = re.compile(r"<[@#!](?:subteam\^)?([\w.-]+)\|([^<>]+)>")


class _RichText:
    """Writes the elements of one message's ``rich_text``."""

    def __init__(self, text: str, names: Names) -> None:
        self._text = text
        self._names = names
        self._labels = {found[1]: unescape(found[2]) for found in _LABELLED.finditer(text)}

    def write(self, elements: Sequence[Json]) -> str:
        blocks: list[str] = []
        items: list[_Item] = []
        # Slack writes a list with sublists as a series of lists of different depth.
        for element in [*elements, {}]:
            kind = element.get("type")
            if kind == "rich_text_list":
                items.extend(self._items(element))
                continue
            blocks.append(_list(items))
            items = []
            if kind == "rich_text_preformatted":
                code = "".join(run.markdown for run in self._runs(element, as_code=True))
                blocks.append(_fenced(code.strip("\n")) if code.strip() else "")
            else:
                blocks.append(_paragraph(self._lines(element), quoted=kind == "rich_text_quote"))
        return "\n\n".join(block for block in blocks if block)

    def _items(self, element: Json) -> Iterator[_Item]:
        depth = element.get("indent")
        first = element.get("offset")
        ordered = element.get("style") == "ordered"
        for position, entry in enumerate(objects(element.get("elements")), 1):
            number = (first if isinstance(first, int) else 0) + position if ordered else None
            yield _Item(depth if isinstance(depth, int) else 0, number, self._lines(entry))

    def _lines(self, element: Json) -> list[str]:
        lines: list[list[_Run]] = [[]]
        for run in self._runs(element):
            first, *others = run.markdown.split("\n")
            lines[-1].append(run._replace(markdown=first))
            lines.extend([run._replace(markdown=other)] for other in others)
        return [_line([run for run in line if run.markdown]) for line in lines]

    def _runs(self, element: Json, as_code: bool = False) -> Iterator[_Run]:
        for part in objects(element.get("elements")):
            style = part.get("style")
            names = {name for name in _MARKS if style.get(name)} if isinstance(style, dict) else set()
            if as_code or (isinstance(style, dict) and style.get("code")):
                yield _Run(self._typed(string(part.get("text")) or string(part.get("url"))), frozenset(names), True)
            else:
                yield _Run(self._inline(part), frozenset(names))

    def _inline(self, part: Json) -> str:
        kind = part.get("type")
        said = self._typed(string(part.get("text")))
        if kind == "text":
            return _escape(_with_emoji(said))
        if kind == "emoji":
            return _escape(_emoji_element(part))
        if kind == "user" and (person := string(part.get("user_id"))):
            return _mention(person, self._names.people.get(person) or self._labels.get(person) or person)
        if kind == "channel" and (channel := string(part.get("channel_id"))):
            return _channel(channel, self._names.channels.get(channel) or self._labels.get(channel) or channel)
        if kind == "usergroup" and (group := string(part.get("usergroup_id"))):
            return _escape("@" + self._labels.get(group, group).lstrip("@"))
        if kind == "broadcast":
            return _escape("@" + (string(part.get("range")) or "channel"))
        if url := self._typed(string(part.get("url"))):
            return _link(url, said or self._typed(string(part.get("fallback"))))
        return _escape(said or self._typed(string(part.get("fallback")) or string(part.get("value"))))

    def _typed(self, said: str) -> str:
        """Text as typed. Slack's sources differ in whether they escape it here; the message's ``text`` tells."""
        said = clean(said)
        if "&" in said and said != (plain := unescape(said)):
            escaped = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return said if escaped in self._text else plain
        return said


def _emoji_element(part: Json) -> str:
    character = kept(clean(string(part.get("name"))))
    code = string(part.get("unicode"))
    # Slack gives the code points of emoji younger than our table: "1fae8", "1f44d-1f3fc".
    if character.startswith(":") and re.fullmatch(r"[0-9a-f]{4,5}(?:-[0-9a-f]{4,5}){0,9}", code):
        return clean("".join(chr(int(point, 16)) for point in code.split("-")))
    return character
