"""A message's CommonMark -> its shares: for each link the title the sharer gave it and the words around it.

Pure and total; every link of a message becomes one share, once. Finding, cleaning and identity of links are
``urls.py``; whether a line or a label can be a title, and a title read from a URL, are ``titles.py``.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import pairwise, takewhile
from unicodedata import category, normalize

from markdown_it import MarkdownIt

from newsletter import titles, urls
from newsletter.markdown import clean as markdown_clean
from newsletter.model import ShareWords, TitleSource
from newsletter.titles import clean as plain_title
from newsletter.titles import title_from_url
from newsletter.url_text import _without_code as without_code
from newsletter.urls import Located

__all__ = ["follow_up", "hashtag", "plain", "plain_title", "read", "rename", "title_from_url"]


def read(text: str) -> tuple[ShareWords, ...]:
    """The shares of a message, in the order its links stand in the text; ``()`` where there is no link.

    ============================================  ======================================================
    title / URL / words, on lines of their own    one share: title, words
    words and a link at their edge                one share: the words without the bare URL
    prose with a link inside                      one share: the prose as it is
    prose with more links inside                  the first leads, the others stand ``under`` it, wordless
    links on lines of their own                   a share each with the words nearest to it
    one title line above a run of such links      the first leads with title and words, the others ``under``
    the same link again                           one share
    ============================================  ======================================================

    Words between two links on lines of their own belong to the one they touch; where blank lines do not tell, to the
    link before them if the message begins with a link, to the one after if it ends with one. A line set above a list
    whose items have words of their own is the first one's comment.
    """
    links = urls.locate(text)
    if not links:
        return ()
    keys = {link.start: urls.key(link.url) for link in links}
    ordinals: dict[str, int] = {}
    for key in keys.values():
        ordinals.setdefault(key, len(ordinals))
    lines = _read_lines(text, links)
    blocks = _blocks(lines, keys)
    if len(blocks) > 1:
        blocks = _runs(blocks)
    common = _edge_tags(lines) if len(blocks) > 1 else ()
    return tuple(sorted(_shares(blocks, keys, ordinals, common), key=lambda share: share.ordinal))


def follow_up(text: str) -> str:
    """The sharer's next message as the words of a bare link, clean as a comment; ``""`` where it has a link itself.

    The second time changes nothing.
    """
    if urls.locate(text):
        return ""
    # A line of tags taken away can leave another tag at the edge.
    while (shorter := _comment(_read_lines(text, ()))) != text:
        text = shorter
    return text


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
_MARKER = re.compile(_LABEL + r"\((?P<kind>person|channel):(?P<id>[^()\s]*)\)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def rename(text: str, name: Callable[[str, str, str], str]) -> str:
    """The text with each person's and channel's label replaced by ``name(kind, id, label)``; the markers stay.

    ``kind`` is ``person`` or ``channel``; ``label`` is plain and has its ``@`` or ``#``, as has what ``name`` returns.
    """
    if ":" not in text:
        return text

    def renamed(marker: re.Match[str]) -> str:
        label = name(marker["kind"], marker["id"], _ESCAPE.sub(r"\1", marker["label"]))
        shown = re.sub(r"([\\\[\]`*_<>&~|])", r"\\\1", titles.clean(label))
        return f"[{shown}]({marker['kind']}:{marker['id']})"

    return _MARKER.sub(renamed, text)


# --- hashtags -------------------------------------------------------------------------------------------------------

_LETTER = "[\\w\u0300-\u036f\u3099\u309a\u0900-\u0dff\u0e00-\u0eff]"
_TAG_HERE = re.compile(
    rf"\\?[#＃](?P<name>{_LETTER}(?:{_LETTER}|\\_|-(?=\w))*)"
    r"|\[[#＃](?P<channel>(?:\\.|[^\[\]\\\n])+)\]\(channel:[^()\s]*\)"
)
_TAG = re.compile(rf"(?<![\w&/#＃\\?=.:~@-])(?:{_TAG_HERE.pattern})")
_DIRECTIVES = ("include", "define", "undef", "ifdef", "ifndef", "endif", "pragma", "elif")
# `#fff`, `#1e90ff`, `#00f`; words of these letters (`#cafe`, `#e2e`) are tags.
_COLOUR = re.compile(
    r"(?=.*\d)(?:[0-9a-f]{6}|[0-9a-f]{8})|(?=.*\d.*\d)[0-9a-f]{3}|([a-f])\1\1(?:\1\1\1)?", re.IGNORECASE
)

# After Latin letters any Korean particle is one; after Hangul only where two syllables remain and the final consonant
# agrees, so that 결과, 가을 and 전문가 stay whole. Configured tags are folded by the same rule, so both always meet.
_PARTICLE = re.compile(
    "(?:(?<=[a-z0-9_])|(?<=[가-힣]{2}))(?:으로서|으로써|에서는|에서도|이라는|입니다|이에요|라는|에서|에게|으로|부터|까지"
    "|처럼|이랑|하고|에는|에도|은|는|이|가|을|를|과|와|의|에|도|만|로|랑)$"
)
_WHOLE = re.compile("(?:주의|양이|숭이|린이|볶이|학과|성과|효과|결과|이도|확도|지도|속도|온도|강의|회의|정의|논의)$")
_AFTER_CONSONANT = ("은", "이", "을", "과", "으로", "이랑", "이라는", "입니다", "이에요", "으로서", "으로써")
_AFTER_VOWEL = ("는", "가", "를", "와", "랑", "라는")


def hashtag(name: str) -> str:
    """A hashtag's name as it is kept and compared: no ``#``, NFC, lower case, no particle (``논문은``: ``논문``).

    Idempotent.
    """
    name = _folded(name)
    while (found := None if name.isascii() else _PARTICLE.search(name)) and not _WHOLE.search(name):
        stem, particle = name[: found.start()], found[0]
        if "가" <= stem[-1] <= "힣":
            final = (ord(stem[-1]) - ord("가")) % 28
            # 로 follows a vowel or ㄹ.
            if particle in (_AFTER_VOWEL if final else _AFTER_CONSONANT) or (particle == "로" and final not in (0, 8)):
                break
        name = stem
    return name


def _folded(name: str) -> str:
    return normalize("NFC", normalize("NFC", _ESCAPE.sub(r"\1", name)).lstrip("#＃").casefold())


@dataclass(frozen=True, slots=True)
class _Tag:
    """A hashtag in the text; ``word`` is what a sentence keeps of it. With a particle it is a part of one."""

    start: int
    end: int
    name: str
    word: str
    particle: bool


def _tags(text: str, surface: str, links: Sequence[Located]) -> list[_Tag]:
    """The hashtags outside of links and code."""
    if "#" not in surface and "＃" not in surface:
        return []
    for link in links:
        surface = surface[: link.start] + "/" * (link.end - link.start) + surface[link.end :]
    found: list[_Tag] = []
    at = 0
    # Tags may touch each other: `#paper#ml`.
    while match := (_TAG_HERE.match(surface, at) if found and found[-1].end == at else None) or _TAG.search(
        surface, at
    ):
        at = match.end()
        raw = match["channel"] or match["name"]
        name = hashtag(raw)
        if match["name"] and (not re.search(r"[^\W\d_]", name) or name in _DIRECTIVES or _COLOUR.fullmatch(name)):
            continue
        word = match[0] if match["channel"] else match["name"]
        found.append(_Tag(match.start(), match.end(), name, word, name != _folded(raw)))
    return found


# --- a line ---------------------------------------------------------------------------------------------------------


class _Kind(Enum):
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
class _Line:
    """One line of a message; ``words`` are what it leaves to a comment."""

    kind: _Kind
    words: str
    links: tuple[Located, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def has_own_links(self) -> bool:
        return self.kind in (_Kind.ALONE, _Kind.EDGE)

    @property
    def is_nothing(self) -> bool:
        """Blank, or only tags: it neither says something nor holds a link."""
        return not self.words.strip() and not self.links


_Piece = str | Located | _Tag

_BULLETS = "•・◦▪‣●○■□▶►※①-⑳"
_PREFIX = re.compile(rf"\s*(?:>\s?)*(?:(?:[-*+]|\d{{1,3}}[.)]|\(\d{{1,3}}\))(?:\s+|$)|[{_BULLETS}]\s*)?")
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
_GOES_ON = re.compile(
    r"(?:を|[のがはにでともやへ](?![\u3041-\u309f])|です|でした|だった|だそう|だけど|では|には|とは|から|まで|より|によ|につい|にあ|にて|のとおり|のよう"
    r"|のこと|のほう|のため|みたい|という|ていう|っていう|って|とか|など|あたり|がよ|がい|がわ|がめ|がす|がお|がほ|がで|がな|がき|かな|かも|ですか"
    r"|(?:을|를|은|는|가|에|에서|의|로|으로|와|과|도|입니다|이에요|예요|라는|이라는|에는|에도|처럼|보다)(?![가-힣])"
    r"|(?:is|was|are|were|has|have|had|looks|seems|for|and|or|by|from|to|which|that|in|on|of|with|as|can|will|does|do"
    r"|should|may|might|says|but|if|explains|describes|shows|contains|covers|still|also|then|than|when|while|at|into"
    r"|gives|makes|uses|lets|works|would|could)\b|['’]s\b|[,，、)）」』])"
)
_LEADS_TO = re.compile(
    r"(?:(?:^|[\s(])(?:at|see|from|in|on|is|are|was|to|the|a|an|and|or|by|with|of|for|like|as|than|this|these|check|visit"
    r"|read|into|about|using|through|under|per|cf\.?|e\.g\.|i\.e\.|my|our|your|his|her|their)"
    r"|[をはにとの]|(?<!の)で|(?<![すただいる])が|(?:은|는|을|를|에서|에|로|와|과|의|건))$",
    re.IGNORECASE,
)


_SPOKEN = re.compile(r"[^\W_]")


def _has_words(text: str) -> bool:
    """Letters, digits or an emoji that does not only point at the link."""
    return bool(_SPOKEN.search(text)) or any(category(c) == "So" and c not in _POINTERS for c in text)


def _read_line(
    text: str, start: int, end: int, links: Sequence[Located], tags: Sequence[_Tag], edges: tuple[bool, bool]
) -> _Line:
    """``edges``: whether the message begins or ends with this line, where a hashtag stands for itself."""
    if not links and not tags:
        source = text[start:end]
        return _Line(_Kind.WORDS, source.rstrip("\r")) if source and not source.isspace() else _Line(_Kind.BLANK, "")
    prefix, pieces = _pieces(text, start, end, sorted([*links, *tags], key=lambda mark: mark.start))
    whole = bool(links) or not any(isinstance(piece, str) and _has_words(piece) for piece in pieces)
    if tags and (whole or edges[0]):
        pieces = _without_edge_tags(pieces, lambda words: _GOES_ON.match(words.lstrip()))
    if tags and (whole or edges[1]):
        pieces = _without_edge_tags(pieces[::-1], lambda words: _LEADS_TO.search(words.rstrip()))[::-1]
    joined = _joined([piece.word if isinstance(piece, _Tag) else piece for piece in pieces])
    names = tuple(tag.name for tag in tags)
    if not links:
        words = str(joined[0])
        if text[start:end].lstrip()[:1] in "#＃\\[":
            words = _LEADING.sub("", words)
        return _Line(_Kind.WORDS, prefix + words.rstrip(" ") if _has_words(words) else "", (), names)
    kind, words = _without_links(joined)
    if kind is _Kind.PROSE:
        words = "".join(piece if isinstance(piece, str) else text[piece.start : piece.end] for piece in joined)
        words = words.strip(" ")
    return _Line(kind, prefix + words if words else "", tuple(links), names)


def _pieces(text: str, start: int, end: int, marks: Sequence[Located | _Tag]) -> tuple[str, list[_Piece]]:
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
        if isinstance(piece, _Tag):
            if piece.particle:
                break
            standing.append(place)
        elif isinstance(piece, str) and _has_words(piece):
            if standing and standing[-1] == place - 1 and belongs(piece):
                standing.pop()
            break
    return [" " if place in standing else piece for place, piece in enumerate(pieces)]


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


def _without_links(pieces: Sequence[str | Located]) -> tuple[_Kind, str]:
    """What a line with links is, and its words once the links at its edge are taken away."""
    if any(_has_words(piece) for piece in pieces[1:-1] if isinstance(piece, str)):
        return _Kind.PROSE, ""
    left, right = _unwrapped(str(pieces[0]), str(pieces[-1]))
    before, after = bool(_SPOKEN.search(left)), bool(_SPOKEN.search(right))
    if not before and not after and (_has_words(left) or _has_words(right)):
        return _Kind.EDGE, f"{left.strip()} {right.strip()}".strip()
    if not after and (not before or _ONLY_POINTS.fullmatch(left.strip())):
        return _Kind.ALONE, ""
    labelled = [piece for piece in pieces if isinstance(piece, Located) and piece.form == "labelled"]
    if before and after:
        return _Kind.PROSE, ""
    if before:
        set_off = not labelled or re.search(r"[:：–—|｜→⇒-]\s*$", left)
        if not set_off or _LEADS_TO.search(left.rstrip()):
            return _Kind.PROSE, ""
        ending = right.strip() if right.strip() in _ENDINGS else f" {right.strip()}" if _has_words(right) else ""
        return _Kind.EDGE, _without_dangling(left) + ending
    named = all(titles.is_human_label(plain(link.label or ""), link.url) for link in labelled)
    if not named or re.match(r"\w", right) or _GOES_ON.match(right.lstrip()):
        return _Kind.PROSE, ""
    return _Kind.EDGE, _LEADING.sub("", right)


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


# --- a message ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    """Lines that belong together, and the keys of the links that stand on lines of their own among them."""

    lines: list[_Line]
    keys: list[str]

    @property
    def said(self) -> list[_Line]:
        return [line for line in self.lines if not line.is_nothing]


def _read_lines(text: str, links: Sequence[Located]) -> list[_Line]:
    surface = without_code(text) if "`" in text or "~~~" in text else text
    tags = _tags(text, surface, links)
    spans = _line_spans(text, links)
    body = text.strip()
    first, last = text.find(body), text.find(body) + len(body)
    lines: list[_Line] = []
    link = tag = 0
    for start, end in spans:
        old_link, old_tag = link, tag
        while link < len(links) and links[link].start < end:
            link += 1
        while tag < len(tags) and tags[tag].start < end:
            tag += 1
        own = tuple(links[old_link:link])
        if surface is not text and " " in (surface[start - 1 : start], surface[end : end + 1]):
            # A line end inside code: nothing of the line may move.
            lines.append(_Line(_Kind.PROSE if own else _Kind.CODE, text[start:end], own))
            continue
        edges = (start <= first <= end, start <= last <= end)
        lines.append(_read_line(text, start, end, own, tags[old_tag:tag], edges))
    return lines


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


def _blocks(lines: list[_Line], keys: Mapping[int, str]) -> list[_Block]:
    """The message cut into blocks, each around a line with links of its own; one where there is no more than one."""
    anchors: list[int] = []
    owned: list[list[str]] = []
    known: set[str] = set()
    for place, line in enumerate(lines):
        if line.links and line.has_own_links:
            new = [key for key in dict.fromkeys(keys[link.start] for link in line.links) if key not in known]
            if new:
                anchors.append(place)
                owned.append(new)
                known.update(new)
    if len(anchors) < 2:
        return [_Block(lines, owned[0] if owned else [])]
    cuts = [0, *(_cut(lines, one, two, anchors) for one, two in pairwise(anchors)), len(lines)]
    return [_Block(lines[start:end], own) for (start, end), own in zip(pairwise(cuts), owned, strict=True)]


def _cut(lines: Sequence[_Line], one: int, two: int, anchors: Sequence[int]) -> int:
    """Where, between two lines with links of their own, the words of the second begin (see ``read``)."""
    said = [place for place in range(one + 1, two) if lines[place].kind is not _Kind.BLANK]
    if not said:
        return two
    begins = all(line.is_nothing for line in lines[: anchors[0]])
    ends = all(line.is_nothing for line in lines[anchors[-1] + 1 :])
    touches_one, touches_two = said[0] == one + 1, said[-1] == two - 1
    paragraphs = [place for place in said if place - 1 not in said]
    last = paragraphs[-1]
    if len(paragraphs) == 1:
        if touches_one != touches_two:
            return two if touches_one else last
        if begins != ends:
            return two if begins else last
        return said[-1] if _plain_heading(lines[said[-1]]) else two
    if begins and not ends:
        return last if touches_two else two
    if ends and not begins:
        return paragraphs[1] if touches_one else paragraphs[0]
    return last if touches_two or _plain_heading(lines[last]) else two


def _runs(blocks: Sequence[_Block]) -> list[_Block]:
    """Links below each other under one title line are one block: the first leads."""
    runs: list[_Block] = []
    place = 0
    while place < len(blocks):
        run, end = blocks[place], place + 1
        while end < len(blocks) and _leaves_off(run) and blocks[end].lines[0].kind is _Kind.ALONE:
            run, end = _Block(run.lines + blocks[end].lines, run.keys + blocks[end].keys), end + 1
        if end > place + 1 and _title(run.said) is None:
            run, end = blocks[place], place + 1
        runs.append(run)
        place = end
    return runs


def _leaves_off(run: _Block) -> bool:
    return run.lines[-1].kind is _Kind.ALONE and run.said[0].kind is _Kind.WORDS


# --- shares ---------------------------------------------------------------------------------------------------------


def _shares(
    blocks: Sequence[_Block], keys: Mapping[int, str], ordinals: Mapping[str, int], common: tuple[str, ...]
) -> Iterator[ShareWords]:
    """Each key once: under a block's own links if it is one of them anywhere, else where it stands first."""
    own = {key for block in blocks for key in block.keys}
    repeated = len(blocks) > 1 and all(_title(block.said, words_after=False) for block in blocks)
    given: set[str] = set()
    for block in blocks:
        linked: dict[str, list[Located]] = {key: [] for key in block.keys}
        for line in block.lines:
            for link in line.links:
                key = keys[link.start]
                if key in linked or (key not in own and key not in given):
                    linked.setdefault(key, []).append(link)
        given.update(linked)
        if linked:
            yield from _block_shares(block, linked, ordinals, common, words_after=not repeated)


def _block_shares(
    block: _Block,
    linked: Mapping[str, Sequence[Located]],
    ordinals: Mapping[str, int],
    common: tuple[str, ...],
    *,
    words_after: bool,
) -> Iterator[ShareWords]:
    lead = next(iter(linked))
    tags = tuple(dict.fromkeys((*(tag for line in block.lines for tag in line.tags), *common)))
    label = _label(linked[lead])
    said = block.said
    line_title = None if label else _title(said, words_after=words_after)
    lines = block.lines[block.lines.index(said[0]) + 1 :] if line_title else block.lines
    comment = _comment(lines)
    yield ShareWords(
        url=urls.clean(linked[lead][0].url),
        key=lead,
        ordinal=ordinals[lead],
        title=label or line_title,
        title_source=TitleSource.LABEL if label else TitleSource.LINE if line_title else None,
        comment=comment,
        hashtags=tags,
        bare=len(ordinals) == 1 and not line_title and not _SPOKEN.search(_MARKER.sub("", comment)),
    )
    for key, links in linked.items():
        if key != lead:
            label = _label(links)
            source = TitleSource.LABEL if label else None
            url = urls.clean(links[0].url)
            yield ShareWords(url, key, ordinals[key], label, source, hashtags=tags, under=lead)


def _label(links: Sequence[Located]) -> str | None:
    for link in links:
        if link.label is not None and titles.is_human_label(label := titles.clean(plain(link.label)), link.url):
            return label
    return None


def _edge_tags(lines: Sequence[_Line]) -> tuple[str, ...]:
    """The hashtags on lines of their own above or below everything: they are every share's."""
    above = takewhile(lambda line: line.is_nothing, lines)
    below = takewhile(lambda line: line.is_nothing, reversed(lines))
    return tuple(tag for line in (*above, *reversed([*below])) for tag in line.tags)


_BOLD = re.compile(r"\s*(?:(\*\*|__)(?=\S)(?P<bold>(?:(?!\1).)+)(?<=\S)\1|#{1,6}[ \t]+(?P<heading>.+?)[ \t]*#*)[\s\\]*")


def _title(said: Sequence[_Line], *, words_after: bool = True) -> str | None:
    """The title that the first line gives: bold, or alone above the link alone, with words after it."""
    first = said[0]
    if first.kind not in (_Kind.WORDS, _Kind.EDGE):
        return None
    if bold := _BOLD.fullmatch(first.words):
        title = titles.clean(plain(bold["bold"] or bold["heading"]))
        return title if titles.is_heading(title, bold=True) else None
    after = [line.words for line in said[1:] if line.words]
    if after and _GOES_ON.match(after[0].lstrip()):  # the line, the link and the words are one sentence
        return None
    below = next((place for place, line in enumerate(said[1:], 1) if line.kind is not _Kind.ALONE), len(said))
    if (
        first.kind is not _Kind.WORDS
        or below == 1
        or (words_after and not any(_SPOKEN.search(line.words) for line in said[below:]))
    ):
        return None
    return _plain_heading(first)


def _plain_heading(line: _Line) -> str | None:
    """The line as a title, if it is one without being bold."""
    mark = _PREFIX.match(line.words)
    if line.kind is not _Kind.WORDS or (mark and mark[0].strip()) or _MARKER.search(line.words):
        return None
    words = plain(line.words.removesuffix("\\"))
    return titles.clean(words) if titles.is_heading(words) else None


# --- comments -------------------------------------------------------------------------------------------------------

_UNDERLINE = re.compile(r"\s*(?:=+|-+)\s*$")


def _comment(lines: Sequence[_Line]) -> str:
    """What the lines leave, as CommonMark: trimmed, with the person's own line ends; ``""`` where only names remain."""
    kept: list[str] = []
    left_out = False
    for line in lines:
        blank = not line.words.strip()
        if blank and line.kind not in (_Kind.BLANK, _Kind.CODE):
            left_out = True
            continue
        if blank and line.kind is _Kind.BLANK and kept[-1:] == [""]:
            continue
        if left_out and kept and kept[-1] and not blank and _would_join(kept[-1], line.words):
            kept.append("")
        kept.append("" if blank else line.words)
        left_out = False
    said = [line for line in kept if line]
    if len(said) == 1 and any(line.links for line in lines) and (mark := _PREFIX.match(said[0])):
        said[0] = said[0][mark.end() :] if not mark[0].lstrip().startswith(">") else said[0]
        kept = said
    text = markdown_clean("\n".join(kept)).strip()
    while text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2:  # a hard break before nothing
        text = text[:-1].rstrip()
    return text if _has_words(_MARKER.sub("", text)) else ""


def _would_join(above: str, below: str) -> bool:
    """Whether a line taken out kept them apart: a quote from words, words from what would underline them."""
    return bool(_UNDERLINE.match(below)) or above.lstrip().startswith(">") != below.lstrip().startswith(">")
