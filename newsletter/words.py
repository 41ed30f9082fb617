"""A message's CommonMark -> its shares: for each link the title the sharer gave it and the words around it.

Pure and total; every link of a message becomes one share, once. What each line is and leaves to a comment is
``lines.py``, links are ``urls.py``, whether a line or a label can be a title ``titles.py``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from newsletter import titles, urls
from newsletter.hashtags import hashtag
from newsletter.lines import (
    GOES_ON,
    MARKER,
    SPOKEN,
    Kind,
    Line,
    has_words,
    plain,
    read_lines,
    rename,
    withhold,
    without_mark,
)
from newsletter.markdown import clean as markdown_clean
from newsletter.model import ShareWords, TitleSource
from newsletter.titles import clean as plain_title
from newsletter.titles import title_from_url
from newsletter.urls import Located

__all__ = ["follow_up", "hashtag", "plain", "plain_title", "read", "rename", "title_from_url", "withhold"]


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
    lines = read_lines(text, links)
    titled = len(links) > 1 and _title([line for line in lines if not line.is_nothing]) is not None
    if titled:
        _leave_to_the_words(lines)
    blocks = _blocks(lines, keys, titled=titled)
    if len(blocks) > 1:
        blocks = _runs(blocks)
    common = _common_tags(lines) if len(blocks) > 1 else ()
    return tuple(sorted(_shares(blocks, keys, ordinals, common), key=lambda share: share.ordinal))


def follow_up(text: str) -> str:
    """The sharer's next message as the words of a bare link, clean as a comment; ``""`` where it has a link itself.

    The second time changes nothing.
    """
    if urls.locate(text):
        return ""
    # A line of tags taken away can leave another tag at the edge.
    while (shorter := _comment(read_lines(text, ()))) != text:
        text = shorter
    return text


# --- a message ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    """Lines that belong together, and the keys of the links that stand on lines of their own among them."""

    lines: list[Line]
    keys: list[str]

    @property
    def said(self) -> list[Line]:
        return [line for line in self.lines if not line.is_nothing]


def _leave_to_the_words(lines: Sequence[Line]) -> None:
    """Under a title and its link, a further link beside words is a part of those words."""
    lead = next(place for place, line in enumerate(lines) if line.links)
    if not lines[lead].is_item:
        for line in lines[lead + 1 :]:
            if line.kind is Kind.EDGE:
                line.kind, line.words = Kind.PROSE, line.whole


def _blocks(lines: list[Line], keys: Mapping[int, str], *, titled: bool) -> list[_Block]:
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
    cuts = [0, *(_cut(lines, one, two, anchors, titled=titled) for one, two in pairwise(anchors)), len(lines)]
    return [_Block(lines[start:end], own) for (start, end), own in zip(pairwise(cuts), owned, strict=True)]


def _cut(lines: Sequence[Line], one: int, two: int, anchors: Sequence[int], *, titled: bool) -> int:
    """Where, between two lines with links of their own, the words of the second begin (see ``read``)."""
    words_after = titled and two + 1 < len(lines) and lines[two + 1].kind is Kind.WORDS
    said = [place for place in range(one + 1, two) if lines[place].kind is not Kind.BLANK]
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
        return said[-1] if _plain_heading(lines[said[-1]], words_after=words_after) else two
    if begins and not ends:
        return last if touches_two else two
    if ends and not begins:
        return paragraphs[1] if touches_one else paragraphs[0]
    return last if touches_two or _plain_heading(lines[last], words_after=words_after) else two


def _runs(blocks: Sequence[_Block]) -> list[_Block]:
    """Links below each other under one title line are one block: the first leads."""
    runs: list[_Block] = []
    place = 0
    while place < len(blocks):
        run, end = blocks[place], place + 1
        while end < len(blocks) and _leaves_off(run) and blocks[end].lines[0].kind is Kind.ALONE:
            run, end = _Block(run.lines + blocks[end].lines, run.keys + blocks[end].keys), end + 1
        if end > place + 1 and _title(run.said) is None:
            run, end = blocks[place], place + 1
        runs.append(run)
        place = end
    return runs


def _leaves_off(run: _Block) -> bool:
    return run.lines[-1].kind is Kind.ALONE and run.said[0].kind is Kind.WORDS


# --- shares ---------------------------------------------------------------------------------------------------------


def _shares(
    blocks: Sequence[_Block], keys: Mapping[int, str], ordinals: Mapping[str, int], common: tuple[str, ...]
) -> Iterator[ShareWords]:
    """Each key once: under a block's own links if it is one of them anywhere, else where it stands first."""
    own = {key for block in blocks for key in block.keys}
    repeated = len(blocks) > 1 and all(_title(block.said, repeated=True) for block in blocks)
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
            yield from _block_shares(block, linked, ordinals, common, repeated=repeated)


def _block_shares(
    block: _Block,
    linked: Mapping[str, Sequence[Located]],
    ordinals: Mapping[str, int],
    common: tuple[str, ...],
    *,
    repeated: bool,
) -> Iterator[ShareWords]:
    lead = next(iter(linked))
    tags = tuple(dict.fromkeys((*(tag for line in block.lines for tag in line.tags), *common)))
    label = _label(linked[lead])
    said = block.said
    line_title = None if label else _title(said, repeated=repeated)
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
        bare=len(ordinals) == 1 and not line_title and not SPOKEN.search(MARKER.sub("", comment)),
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


def _common_tags(lines: Sequence[Line]) -> tuple[str, ...]:
    """Every share's hashtags: on lines of their own above or below everything, and above a list of links."""
    above = list(takewhile(lambda line: line.is_nothing, lines))
    below = list(takewhile(lambda line: line.is_nothing, reversed(lines)))
    said = [line for line in lines if not line.is_nothing]
    if said[0].kind is Kind.WORDS and not said[0].is_item and said[1].is_item and said[1].has_own_links:
        above.append(said[0])
    return tuple(tag for line in (*above, *reversed(below)) for tag in line.tags)


_BOLD = re.compile(r"\s*(?:(\*\*|__)(?=\S)(?P<bold>(?:(?!\1).)+)(?<=\S)\1|#{1,6}[ \t]+(?P<heading>.+?)[ \t]*#*)[\s\\]*")


def _title(said: Sequence[Line], *, repeated: bool = False) -> str | None:
    """The title that the first line gives: bold, or alone above the link alone, with words after it.

    ``repeated``: every link of the message has such a line, so that no words need come after.
    """
    if not said or said[0].kind not in (Kind.WORDS, Kind.EDGE):
        return None
    first = said[0]
    if MARKER.search(first.words):
        return None  # a name in a title could not be taken back
    if bold := _BOLD.fullmatch(first.words):
        title = titles.clean(plain(bold["bold"] or bold["heading"]))
        return title if titles.is_heading(title) else None
    below = next((place for place, line in enumerate(said[1:], 1) if line.kind is not Kind.ALONE), len(said))
    words_after = any(SPOKEN.search(line.words) for line in said[below:])
    if first.kind is not Kind.WORDS or below == 1 or not (words_after or repeated):
        return None
    if words_after and GOES_ON.match(said[below].words.lstrip()):  # the line, the link and the words are one sentence
        return None
    return _plain_heading(first, words_after=words_after)


def _plain_heading(line: Line, *, words_after: bool) -> str | None:
    """The line as a title, if it is one without being bold; the mark of a list is none of its words."""
    if line.kind is not Kind.WORDS or line.words.lstrip().startswith(">"):
        return None
    words = plain(without_mark(line.words).removesuffix("\\"))
    return titles.clean(words) if titles.is_heading(words, words_after=words_after) else None


# --- comments -------------------------------------------------------------------------------------------------------

_UNDERLINE = re.compile(r"\s*(?:=+|-+)\s*$")


def _comment(lines: Sequence[Line]) -> str:
    """What the lines leave, as CommonMark: trimmed, with the person's own line ends; ``""`` where only names remain."""
    kept: list[str] = []
    left_out = False
    single = _single_item(lines)
    for line in lines:
        blank = not line.words.strip()
        if blank and line.kind not in (Kind.BLANK, Kind.CODE):
            left_out = True
            continue
        if blank and line.kind is Kind.BLANK and kept[-1:] == [""]:
            continue
        if left_out and kept and kept[-1] and not blank and _would_join(kept[-1], line.words):
            kept.append("")
        kept.append("" if blank else without_mark(line.words) if line is single else line.words)
        left_out = False
    text = markdown_clean("\n".join(kept)).strip()
    while text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2:  # a hard break before nothing
        text = text[:-1].rstrip()
    return text if has_words(MARKER.sub("", text)) else ""


def _single_item(lines: Sequence[Line]) -> Line | None:
    """The item of a list that is left alone: a list of one item is none."""
    said = [line for line in lines if line.words.strip()]
    items = [line for line in said if line.is_item]
    if len(items) == 1 and (items[0].has_own_links or (len(said) == 1 and any(line.links for line in lines))):
        return items[0]
    return None


def _would_join(above: str, below: str) -> bool:
    """Whether a line taken out kept them apart: a quote from words, words from what would underline them."""
    return bool(_UNDERLINE.match(below)) or above.lstrip().startswith(">") != below.lstrip().startswith(">")
