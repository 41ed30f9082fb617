"""Discord's Markdown as CommonMark: ``commonmark`` makes the text of a ``MessageSeen`` of a message's content.

The two look alike and differ where it hurts: what Discord shows as typed (HTML, ``[1]: https://…``, ``---`` under a
line) CommonMark would read as markup and could swallow a link with it. Addresses stay bare where CommonMark leaves
them alone, else they are ``<…>``; where a bare one ends is left to ``newsletter.urls``. Pure and total.

Sources: the formatting of mentions and timestamps is in Discord's reference ("Message Formatting"); the rest is what
its client shows, as DiscordChatExporter's ``MarkdownParser.cs`` repeats it. That program renders mentions, custom emoji
and timestamps as text before it writes them (``PlainTextMarkdownVisitor.cs``) unless told not to: both are read here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from newsletter import urls

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A person a message mentions; the first of ``names`` is the one to show, any of them may stand after an ``@``."""

    id: str
    names: tuple[str, ...]


def commonmark(content: str, mentioned: Sequence[Mentioned] = (), channels: Mapping[str, str] | None = None) -> str:
    """``content`` as CommonMark. ``channels`` are the names known by id, for references that were not rendered.

    Every line stays a line. Underlined text becomes strong, a heading a bold line, small print a plain line; spoilers
    keep their bars, ``:codes:`` of custom emoji stay.
    """
    if not _SPECIAL.search(content):
        return content.strip()
    return _blocks(content, _Inline(mentioned, channels or {})).strip("\n")


def unveiled(content: str, spoilers: str) -> str:
    """``content`` with its ``||spoilers||`` as the setting wants them: ``hidden`` as they are, ``shown`` without bars.

    ``left out``: without them, so that no link in one is collected. Bars in code are no spoiler.
    """
    if spoilers == "hidden" or "||" not in content:
        return content
    inner = r"\g<inner>" if spoilers == "shown" else ""
    return _SPOILER.sub(lambda found: found[0] if found["code"] else found.expand(inner), content)


def plain(text: str) -> str:
    """``text`` escaped so that CommonMark shows it as it is, on one line."""
    return _PUNCTUATION.sub(r"\\\g<0>", " ".join(text.split()))


_SPECIAL = re.compile(r"[<>\[\]`\\&@#*_~|\n]|://|^\s*(?:[-+=]|\d)")
_PUNCTUATION = re.compile(r"[\\`*_~\[\]<>&#|!]")
_SPOILER = re.compile(
    r"(?P<code>```.+?```|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))|\|\|(?P<inner>.+?)\|\|", re.DOTALL
)

# --- blocks --------------------------------------------------------------------------------------------------------

# Whichever begins first wins, as in the client: a quote holds code, code holds lines that look like quotes.
_FENCE = r"(?<!\\)```(?P<code>.+?)```"
_BLOCK = re.compile(
    rf"{_FENCE}|^ *>>> (?P<rest>.*)|(?P<quote>(?:^ *>(?!>>) [^\n]*(?:\n|\Z))+)", re.DOTALL | re.MULTILINE
)
_FENCE_ALONE = re.compile(_FENCE, re.DOTALL)
_QUOTE_MARK = re.compile(r"^ *> ", re.MULTILINE)
_LANGUAGE = re.compile(r"([A-Za-z0-9_+\-.#]+)\n")


def _blocks(content: str, inline: "_Inline", *, quoted: bool = False) -> str:
    # Discord has no quote inside a quote: there a ``>`` is only a letter.
    pattern = _FENCE_ALONE if quoted else _BLOCK
    blocks: list[str] = []
    position = 0
    for found in pattern.finditer(content):
        between = content[position : found.start()].removesuffix("\n")
        if between.strip():
            blocks.append(_lines(inline.convert(between)))
        blocks.append(_block(found, inline))
        position = found.end()
    rest = content[position:]
    if position:
        rest = rest.removeprefix("\n")
    if rest.strip() or not blocks:
        blocks.append(_lines(inline.convert(rest)))
    # A line right under a quote would belong to it ("lazy continuation").
    return "".join(block + ("\n\n" if block.startswith(">") else "\n") for block in blocks)


def _block(found: re.Match[str], inline: "_Inline") -> str:
    if found["code"] is not None:
        return _fence(found["code"])
    body = found["rest"] if found["rest"] is not None else _QUOTE_MARK.sub("", found["quote"])
    inside = _blocks(body, inline, quoted=True).strip("\n")
    return "\n".join(f"> {line}".rstrip() for line in inside.split("\n"))


def _fence(code: str) -> str:
    """The language is a word directly after the ticks and alone on its line; else it is code too."""
    language = _LANGUAGE.match(code)
    body = code[language.end() :] if language and code[language.end() :].strip() else code
    name = language[1] if language and body is not code else ""
    return f"```{name}\n{body.strip(chr(10)).rstrip()}\n```"


# --- lines ---------------------------------------------------------------------------------------------------------

_ITEM = re.compile(r"([-*]|\d{1,9}\.)[ \t]+(?=\S)")
_HEADING = re.compile(r"#{1,3}\s+(.*\S)")
_SMALL = re.compile(r"-#\s+(?=\S)")
_STRONG_OR_KEPT = re.compile(r"\*\*|__|(`+.*?`+|<[^>]*>|https?://[^\s*_]+(?:_[^\s*_]+)*)")
# What begins a block in CommonMark and is text in Discord: a rule, the line under a heading, a table's second line,
# a list of another kind or without words, an unclosed fence, a quote, a heading too deep.
_LITERAL = re.compile(
    r"""
    (?: [-*_](?:[ \t]*[-*_]){2,} | =+ | [-:|\t ]*-[-:|\t ]* | [*+] | \#{1,6} ) \s* $
    | \#{4,6}\s | \+\s | ~~~ | >
    """,
    re.VERBOSE,
)
_LITERAL_NUMBER = re.compile(r"^(\d{1,9})([.)]\s*$|\)(?=\s))")


def _lines(text: str) -> str:
    """Line by line: what Discord means by a line's beginning, in CommonMark.

    A list ends at a line that is not indented; CommonMark would take that line in, so a blank one goes between. An
    item may stand as far in as the words of the one above, any further CommonMark would read it as code.
    """
    lines: list[str] = []
    words_at = 0
    for line in text.split("\n"):
        bare = line.strip()
        indent = min(len(line.expandtabs(2)) - len(line.expandtabs(2).lstrip()), words_at)
        item = None if _LITERAL.match(bare) else _ITEM.match(bare)
        begins = item is not None and not words_at
        ends = item is None and words_at and bare and not line[:1].isspace()
        if lines and lines[-1] and (begins or ends):
            lines.append("")
        if item:
            words_at = indent + len(item[1]) + 1
            bare = f"{item[1]} {_beginning(bare[item.end() :])}"
        else:
            words_at = 0 if ends else words_at
            bare = _beginning(bare)
        lines.append(" " * (indent if words_at and bare else 0) + bare)
    return "\n".join(lines)


def _beginning(line: str) -> str:
    """A line without its list mark: a chat heading must not be a heading in a post."""
    if heading := _HEADING.fullmatch(line):
        words = _STRONG_OR_KEPT.sub(lambda found: found[1] or "", heading[1]).strip()
        return f"**{words}**" if words else ""
    line = _SMALL.sub("", line, count=1)
    if _LITERAL.match(line):
        return "\\" + line
    return _LITERAL_NUMBER.sub(r"\1\\\2", line, count=1)


# --- inside a line -------------------------------------------------------------------------------------------------

_ADDRESS = r"https?://(?:[^\s<>()]|\([^\s<>()]*\))+"
_TOKEN = re.compile(
    rf"""
    (?=[¯\\`<!\[\]h&@\#])(?:
    (?P<shrug>¯\\_\(ツ\)_/¯)
    | \\(?P<escaped>[^\w\s]|_)
    | (?P<backslash>\\)
    | (?P<ticks>`+)(?!`)(?:(?P<code>.+?)(?<!`)(?P=ticks)(?!`))?
    | <(?P<kept>https?://[^\s<>]+)>
    | <@!?(?P<person>\d+)>
    | <@&(?P<role>\d+)>
    | <\#(?P<channel>\d+)>
    | <a?:(?P<emoji>\w+):\d+>
    | <t:(?P<time>-?\d+)(?::(?P<style>[tTdDfFsSrR]))?>
    | </(?P<command>[^:<>\n]+):\d+>
    | (?P<shout>!?)\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\]){{1,500}})\]
        \(\s*<?(?P<target>{_ADDRESS})>?(?:\s+"[^"\n]*")?\s*\)
    | (?P<address>https?://[^\s<>]+)
    | (?P<letter><|\](?=[(:])|&(?=\#?\w{{1,31}};))
    | (?P<at>@)
    | (?P<deleted>(?<!\w)\#(?=deleted-channel))
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_DATE_ONLY, _TIME_ONLY = "dD", "tT"


class _Inline:
    """Converts what stands inside lines."""

    def __init__(self, mentioned: Sequence[Mentioned], channels: Mapping[str, str]) -> None:
        self._channels = channels
        self._names = {person.id: person.names[0] for person in mentioned if person.names}
        spoken = {name: person.id for person in reversed(mentioned) for name in person.names if name}
        # The longest first: of "@Ann Lee", Ann is not meant.
        self._spoken = sorted(spoken.items(), key=lambda name: -len(name[0]))

    def convert(self, text: str, *, linked: bool = False) -> str:
        """``text`` with its inner markup as CommonMark. ``linked`` text is a link's label: it holds no links."""
        made: list[str] = []
        position = 0
        while found := _TOKEN.search(text, position):
            made.append(text[position : found.start()])
            replacement, position = self._token(found, linked)
            made.append(replacement)
        made.append(text[position:])
        return "".join(made)

    def _token(self, found: re.Match[str], linked: bool) -> tuple[str, int]:
        """What stands for the token, and where the text goes on."""
        kind = found.lastgroup
        if kind == "address":
            return _address(found, linked)
        if kind == "at":
            return self._spoken_mention(found, linked)
        if found["label"] is not None:
            return self._labelled(found), found.end()
        if found["ticks"]:
            return _code(found), found.end()
        return self._short(found, linked), found.end()

    def _short(self, found: re.Match[str], linked: bool) -> str:
        match found.lastgroup:
            case "shrug":
                return plain("¯\\_(ツ)_/¯")
            case "escaped":
                # CommonMark escapes ASCII punctuation only.
                return found[0] if found["escaped"].isascii() else found["escaped"]
            case "backslash":
                return "\\\\"
            case "kept":
                return plain(found["kept"]) if linked else found[0]
            case "person":
                name = self._names.get(found["person"]) or "Unknown"
                return _reference(f"@{name}", f"person:{found['person']}", linked)
            case "role":
                return "@role"
            case "channel":
                channel = self._channels.get(found["channel"])
                return _reference(f"#{channel}" if channel else "channel", f"channel:{found['channel']}", linked)
            case "emoji":
                return f":{plain(found['emoji'])}:"
            case "time" | "style":
                return _moment(found["time"], found["style"] or "f")
            case "command":
                return plain("/" + found["command"])
            case "deleted":
                # What DiscordChatExporter writes for a channel it does not know is no hashtag.
                return ""
        return "\\" + found[0]

    def _labelled(self, found: re.Match[str]) -> str:
        label, target = found["label"], found["target"]
        shout = "\\!" if found["shout"] else ""
        if label.strip().strip("<>") == target:
            return f"{shout}<{target}>"
        if "://" in label:
            # The client shows a label that holds an address as typed, lest it should lie about where it leads.
            return f"{shout}\\[{self.convert(label)}\\](<{target}>)"
        return f"{shout}[{self.convert(label, linked=True)}](<{target}>)"

    def _spoken_mention(self, found: re.Match[str], linked: bool) -> tuple[str, int]:
        text, start = found.string, found.end()
        if not _IN_WORD.search(text[max(0, start - 2) : start - 1]):
            for name, person in self._spoken:
                end = start + len(name)
                if text.startswith(name, start) and not (
                    _IN_WORD.search(name[-1]) and _IN_WORD.search(text[end : end + 1])
                ):
                    return _reference(f"@{name}", f"person:{person}", linked), end
        return "@", start


# A Korean particle may follow a name directly, a Latin letter makes it another name.
_IN_WORD = re.compile(r"[A-Za-z0-9]")
_MARKUP_IN_ADDRESS = re.compile(r"[*`\\\[\]]|~~|\|\||&\#?\w+;|(?<![^\W_])_|_(?![^\W_])")


def _address(found: re.Match[str], linked: bool) -> tuple[str, int]:
    """A bare address stays so: whether a comma or particle after it is part of it is no matter of markup."""
    if linked or not _MARKUP_IN_ADDRESS.search(found[0]):
        return plain(found[0]) if linked else found[0], found.end()
    located = _located(found.string).get(found.start())
    if located is None:
        return plain(found[0]), found.end()
    return f"<{located.url}>" if _MARKUP_IN_ADDRESS.search(located.url) else located.url, located.end


@lru_cache(maxsize=1)
def _located(text: str) -> Mapping[int, urls.Located]:
    """Where the addresses begin; asked once for each address of one text.

    What is code was decided before, and by Discord's rules: three ticks that nothing closes are only text, and so is
    a backslash before a letter.
    """
    return {located.start: located for located in urls.locate(_ONLY_TEXT.sub(" ", text))}


_ONLY_TEXT = re.compile(r"`|\\(?=[^\W_])")


def _code(found: re.Match[str]) -> str:
    if found["code"] is None:
        return "\\`" * len(found["ticks"])
    # An empty line would end it in CommonMark, and an address in it become a link.
    return f"{found['ticks']}{' '.join(found['code'].split())}{found['ticks']}" if "\n" in found["code"] else found[0]


def _reference(name: str, target: str, linked: bool) -> str:
    # A link inside a link's label would undo the outer one.
    shown = name[0] + plain(name[1:])
    return shown if linked else f"[{shown}]({target})"


def _moment(seconds: str, style: str) -> str:
    """A timestamp in UTC: what it says in the reader's zone and relative to now is not for a text that stays."""
    try:
        moment = _EPOCH + timedelta(seconds=int(seconds))
    except (OverflowError, ValueError):
        return "Invalid date"
    if style in _DATE_ONLY:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%H:%M} UTC" if style in _TIME_ONLY else f"{moment:%Y-%m-%d %H:%M} UTC"
