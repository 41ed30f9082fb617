"""The lines of a message: what each is (words, a link alone, words beside a link, prose) and what it leaves behind.

Pure and total. Links are found by ``urls.py``, hashtags by ``hashtags.py``; which lines go together is ``words.py``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import TypeVar
from unicodedata import category

from markdown_it import MarkdownIt

from newsletter import hashtags, titles
from newsletter.hashtags import Hashtag
from newsletter.url_text import without_code
from newsletter.urls import Located, locate

# --- plain text and names -------------------------------------------------------------------------------------------

_MARKUP = re.compile(r"[\\`*_~\[\]<>&!|\n]")


def plain(text: str) -> str:
    """CommonMark -> plain text on one line: marks, link targets and spoiler bars gone, the words kept."""
    if not _MARKUP.search(text):
        return " ".join(text.split())
    tokens = _commonmark().parseInline(text)[0].children or []
    spoken = "".join(" " if token.type in ("softbreak", "hardbreak") else token.content for token in tokens)
    return " ".join(spoken.replace("||", " ").split())


@cache
def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("strikethrough")


_LABEL = r"\[(?P<label>(?:\\.|[^\[\]\\\n])*)\]"
MARKER = re.compile(_LABEL + r"\((?P<kind>person|channel):(?P<id>[^()\s]*)\)")


def rename(text: str, name: Callable[[str, str, str], str]) -> str:
    """The text with each person's and channel's label replaced by ``name(kind, id, label)``; the markers stay.

    ``kind`` is ``person`` or ``channel``; ``label`` is plain and has its ``@`` or ``#``, as has what ``name`` returns.
    """
    if ":" not in text:
        return text

    def renamed(marker: re.Match[str]) -> str:
        label = name(marker["kind"], marker["id"], hashtags.ESCAPE.sub(r"\1", marker["label"]))
        shown = re.sub(r"([\\\[\]`*_<>&~|])", r"\\\1", titles.clean(label))
        return f"[{shown}]({marker['kind']}:{marker['id']})"

    return MARKER.sub(renamed, text)


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>`\"'()\[\]]+", re.IGNORECASE)


def withhold(text: str, is_held: Callable[[str], bool]) -> str:
    """The text without the addresses that are held: a labelled link leaves its label, any other ``…``, also in code."""
    if "." not in text and ":" not in text:
        return text
    kept, end = [], 0
    for link in locate(text):
        if is_held(link.url):
            kept += [text[end : link.start], link.label or "…"]
            end = link.end
    # What is left may still show one: in code, or as a label.
    return _ADDRESS.sub(lambda found: "…" if is_held(found[0]) else found[0], "".join(kept) + text[end:])


class Kind(Enum):
    BLANK = auto()
    CODE = auto()
    WORDS = auto()
    ALONE = auto()
    """Nothing but links (and hashtags)."""
    EDGE = auto()
    """Words with links at one end that are no part of the sentence: they can be taken away."""
    PROSE = auto()
    """Words with links inside."""


@dataclass(slots=True)
class Line:
    """One line of a message; ``words`` are what it leaves to a comment, ``whole`` is the same with its links."""

    kind: Kind
    words: str
    links: tuple[Located, ...] = ()
    tags: tuple[str, ...] = ()
    is_item: bool = False
    """Of a list, also where it leaves no words."""
    whole: str = ""

    @property
    def has_own_links(self) -> bool:
        return self.kind in (Kind.ALONE, Kind.EDGE)

    @property
    def is_nothing(self) -> bool:
        """Blank, or only tags: it neither says something nor holds a link."""
        return not self.words.strip() and not self.links


_Piece = str | Located | Hashtag

_BULLETS = "•・◦▪‣●○■□▶►※①-⑳"
_PREFIX = re.compile(rf"\s*(?:>\s?)*(?:(?:[-*+]|\d{{1,3}}[.)]|\(\d{{1,3}}\))(?:\s+|$)|[{_BULLETS}]\s*)?")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)]|\(\d{1,3}\))\s|\s*[•・◦▪‣●○■□▶►①-⑳]")


def is_item(line: str) -> bool:
    """Whether the line begins with the mark of a list."""
    return bool(_ITEM.match(line))


def without_mark(line: str) -> str:
    """The line without what makes it an item or a quote."""
    mark = _PREFIX.match(line)
    return line[mark.end() :] if mark else line


_POINTERS = "👉👇☞➡⬇↓→⇒🔗📎▶►⏬⤵☟"
_WRAPS = (
    *("()", "（）", "[]", "<>", "「」", "『』", "【】", "“”", '""', "''"),
    *("****", "____", "~~~~", "||||", "**", "__"),
)
_DANGLING = re.compile(rf"(?:[\s：–—|｜{_POINTERS}\ufe0f-]|=>|->|>>|(?<!:)(?<![\w+'-]):|(?<=[^\W_]):(?!.))+$")
_SHORTCODE = re.compile(r":[\w+'-]+:$")
_LEADING = re.compile(r"^(?:[\s:：–—|｜←⇐。．.\ufe0f]|-\s|<-|<<)+")
_ONLY_POINTS = re.compile(
    r"(?:via|see|cf|from|refs?|re|src|sources?|links?|url|출처|링크|참고|원문|주소|ソース|出典|リンク|元記事|参考|詳細|来源)[\s.]*[:：]?\s*",
    re.IGNORECASE,
)

# A sentence that goes on after the link, or leads to it, needs the link where it stands.
GOES_ON = re.compile(
    r"(?:を|[のがはにでともやへ](?![\u3041-\u309f])|です|でした|だった|だそう|だけど|では|には|とは|から|まで|より|によ|につい|にあ|にて|のとおり|のよう"
    r"|のこと|のほう|のため|みたい|という|ていう|っていう|って|とか|など|あたり|がよ|がい|がわ|がめ|がす|がお|がほ|がで|がな|がき|かな|かも|ですか"
    r"|(?:을|를|은|는|가|에|에서|의|로|으로|와|과|도|입니다|이에요|예요|라는|이라는|에는|에도|처럼|보다)(?![가-힣])"
    r"|(?:is|was|are|were|has|have|had|looks|seems|which|that)\b|['’]s\b|[,，、)）」』])"
)
_GOES_ON_BESIDE = re.compile(
    GOES_ON.pattern
    + r"|(?:and|or|to|of|for|by|from|in|on|with|as|can|will|does|do|should|may|might|says|but|if|explains|describes"
    r"|shows|contains|covers|still|also|then|than|when|while|at|into|gives|makes|uses|lets|works|would|could)\b"
)
_LEADS_TO = re.compile(
    r"(?:(?:^|[\s(])(?:at|see|from|in|on|is|are|was|to|the|a|an|and|or|by|with|of|for|like|as|than|this|these|check|visit"
    r"|read|into|about|using|through|under|per|cf\.?|e\.g\.|i\.e\.|my|our|your|his|her|their)"
    r"|[をはにとの]|(?<!の)で|(?<![すただいる])が|(?:은|는|을|를|에서|에|로|와|과|의|건|위한|대한|관한|및))$",
    re.IGNORECASE,
)


SPOKEN = re.compile(r"[^\W_]")


def has_words(text: str) -> bool:
    """Letters, digits or an emoji that does not only point at the link."""
    return SPOKEN.search(text) is not None or any(category(c) == "So" and c not in _POINTERS for c in text)


def _read_line(
    text: str, start: int, end: int, links: Sequence[Located], tags: Sequence[Hashtag], edges: tuple[bool, bool]
) -> Line:
    """``edges``: whether a hashtag at the line's start or end stands for itself."""
    source = text[start:end]
    if not links and not tags:
        return (
            Line(Kind.WORDS, source.rstrip("\r"), is_item=is_item(source)) if source.strip() else Line(Kind.BLANK, "")
        )
    if not tags and links[0].form != "labelled" and source.strip() == text[links[0].start : links[0].end]:
        return Line(Kind.ALONE, "", tuple(links))
    prefix, pieces = _pieces(text, start, end, sorted([*links, *tags], key=lambda mark: mark.start))
    anywhere = bool(links) or not any(isinstance(piece, str) and has_words(piece) for piece in pieces)
    if tags and (anywhere or edges[0]):
        pieces = _without_edge_tags(pieces, lambda words: _GOES_ON_BESIDE.match(words.lstrip()))
    if tags and (anywhere or edges[1]):
        pieces = _without_edge_tags(pieces[::-1], lambda words: _LEADS_TO.search(words.rstrip()))[::-1]
    joined = _joined([piece.word if isinstance(piece, Hashtag) else piece for piece in pieces])
    names = tuple(tag.name for tag in tags)
    if not links:
        words = str(joined[0])
        if source.lstrip()[:1] in "#＃\\[":
            words = _LEADING.sub("", words)
        return Line(Kind.WORDS, prefix + words.rstrip(" ") if has_words(words) else "", (), names, is_item(source))
    kind, words = _without_links(joined)
    whole = ""
    if kind in (Kind.PROSE, Kind.EDGE):
        whole = "".join(piece if isinstance(piece, str) else text[piece.start : piece.end] for piece in joined)
        whole = prefix + whole.strip(" ")
    words = whole if kind is Kind.PROSE else prefix + words if words else ""
    return Line(kind, words, tuple(links), names, is_item(source), whole)


def _pieces(text: str, start: int, end: int, marks: Sequence[Located | Hashtag]) -> tuple[str, list[_Piece]]:
    """A line as its quote or list mark, then its text, links and tags in order: text first, last and between."""
    found = _PREFIX.match(text, start, marks[0].start)
    at = found.end() if found else start
    prefix = text[start:at]
    pieces: list[_Piece] = []
    for mark in marks:
        pieces += [text[at : mark.start], mark]
        at = mark.end
    return prefix, [*pieces, text[at:end].rstrip("\r")]


def _without_edge_tags(pieces: list[_Piece], belongs: Callable[[str], object]) -> list[_Piece]:
    """Without the tags that stand, among links, before the first words; but for one that ``belongs`` to those words."""
    standing: list[int] = []
    for place, piece in enumerate(pieces):
        if isinstance(piece, Hashtag):
            if piece.particle:
                break
            standing.append(place)
        elif isinstance(piece, str) and has_words(piece):
            if standing and standing[-1] == place - 1 and belongs(piece):
                standing.pop()
            break
    dropped = set(standing)
    return [" " if place in dropped else piece for place, piece in enumerate(pieces)]


def _joined(pieces: Sequence[str | Located]) -> list[str | Located]:
    """The same with neighbouring texts as one."""
    joined: list[str | Located] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, str) and isinstance(last, str):
            joined[-1] = last + piece
        else:
            joined.append(piece)
    return joined


def _without_links(pieces: Sequence[str | Located]) -> tuple[Kind, str]:
    """What a line with links is, and its words once the links at its edge are taken away."""
    if any(has_words(piece) for piece in pieces[1:-1] if isinstance(piece, str)) or _is_image(pieces):
        return Kind.PROSE, ""
    left, right = _unwrapped(str(pieces[0]), str(pieces[-1]))
    before, after = bool(SPOKEN.search(left)), bool(SPOKEN.search(right))
    if not before and not after and (has_words(left) or has_words(right)):
        return Kind.EDGE, f"{left.strip()} {right.strip()}".strip()
    if not after and (not before or _ONLY_POINTS.fullmatch(left.strip())):
        return Kind.ALONE, ""
    labelled = [piece for piece in pieces if isinstance(piece, Located) and piece.form == "labelled"]
    if before and after:
        return Kind.PROSE, ""
    if before:
        set_off = not labelled or re.search(r"[:：–—|｜→⇒-]\s*$", left)
        if not set_off or _LEADS_TO.search(left.rstrip()):
            return Kind.PROSE, ""
        ending = right.strip() if right.strip() in _ENDINGS else f" {right.strip()}" if has_words(right) else ""
        return Kind.EDGE, _without_dangling(left) + ending
    named = all(titles.is_human_label(plain(link.label or ""), link.url) for link in labelled)
    if not named or re.match(r"\w", right) or _GOES_ON_BESIDE.match(right.lstrip()):
        return Kind.PROSE, ""
    return Kind.EDGE, _LEADING.sub("", right)


def _is_image(pieces: Sequence[str | Located]) -> bool:
    first = next(piece for piece in pieces if isinstance(piece, Located))
    return first.form == "labelled" and str(pieces[0]).endswith("!") and not str(pieces[0]).endswith("\\!")


_ENDINGS = ("!", "?", "！", "？", "。", "!!", "??", "…")


def _without_dangling(left: str) -> str:
    """Without the colon, dash or arrow that led to the link; ``:tada:`` keeps its colon."""
    while not _SHORTCODE.search(left):
        if (shorter := _DANGLING.sub("", left)) == left:
            break
        left = shorter
    return left.rstrip()


def _unwrapped(left: str, right: str) -> tuple[str, str]:
    """Both sides without the brackets, quotes and emphasis that hold nothing but the link."""
    while left and right:
        for pair in _WRAPS:
            opening, closing = pair[: len(pair) // 2], pair[len(pair) // 2 :]
            if left.rstrip().endswith(opening) and right.lstrip().startswith(closing):
                left, right = left.rstrip()[: -len(opening)], right.lstrip()[len(closing) :]
                break
        else:
            break
    return left, right


def read_lines(text: str, links: Sequence[Located]) -> list[Line]:
    """The lines of a message with these links, blank ones too, in order."""
    surface = without_code(text) if "`" in text or "~~~" in text else text
    tags = hashtags.find(text, surface, links)
    spans = _line_spans(text, links)
    owned = _by_line(spans, links)
    tagged = _by_line(spans, tags)
    said = [place for place, (start, end) in enumerate(spans) if tags and text[start:end].strip()]
    rank = {place: at for at, place in enumerate(said)}
    places = [(text[slice(*spans[place])], bool(owned[place])) for place in said]
    lines: list[Line] = []
    for place, (start, end) in enumerate(spans):
        own = owned[place]
        if surface is not text and " " in (surface[start - 1 : start], surface[end : end + 1]):
            # A line end inside code: nothing of the line may move.
            lines.append(Line(Kind.PROSE if own else Kind.CODE, text[start:end], own))
            continue
        edges = _edges(places, rank[place]) if tagged[place] else (False, False)
        lines.append(_read_line(text, start, end, own, tagged[place], edges))
    return lines


_Mark = TypeVar("_Mark", Located, Hashtag)


def _by_line(spans: Sequence[tuple[int, int]], marks: Sequence[_Mark]) -> list[tuple[_Mark, ...]]:
    found: list[tuple[_Mark, ...]] = []
    at = 0
    for _, end in spans:
        first = at
        while at < len(marks) and marks[at].start < end:
            at += 1
        found.append(tuple(marks[first:at]))
    return found


def _edges(places: Sequence[tuple[str, bool]], at: int) -> tuple[bool, bool]:
    """Whether a hashtag at the start, and at the end, of the line ``at`` of ``places`` stands for itself.

    It does at the ends of a message, of an item, above a link or a title, and below a link; ``places`` are the lines
    that are not blank, and whether they have links.
    """

    def links(place: int) -> bool:
        return not 0 <= place < len(places) or places[place][1]

    item = is_item(places[at][0])
    title = at + 2 < len(places) and links(at + 2)
    return item or links(at - 1) or links(at + 1), item or title or links(at + 1)


def _line_spans(text: str, links: Sequence[Located]) -> list[tuple[int, int]]:
    """Where the lines begin and end; a label may hold a line end, which is none then."""
    inside: set[int] = set()
    for link in links:
        if link.label and "\n" in link.label:
            inside.update(place for place in range(link.start, link.end) if text[place] == "\n")
    spans: list[tuple[int, int]] = []
    start = at = 0
    while (end := text.find("\n", at)) >= 0:
        at = end + 1
        if end not in inside:
            spans.append((start, end))
            start = at
    return [*spans, (start, len(text))]
