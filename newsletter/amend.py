"""Amending: an edition as it was frozen, and what is left of its shares now -> the edition as it is to stand. Pure.

People edit, delete and opt out after publication too, and editors have second thoughts. What they said follows them;
the edition's order, sections and number stay what was published.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace

from newsletter.heard import PersonId
from newsletter.material import Chosen
from newsletter.model import Edition, Entry, Field, Person, Reply, Shared, TitleSource
from newsletter.words import rename

UNNAMED = "@…"
"""In place of the name of somebody who opted out, where others called them."""


def amend(
    frozen: Edition,
    anew: Edition,
    *,
    edits: bool,
    chosen: Mapping[str, Chosen] | None = None,
    blanked: frozenset[int] = frozenset(),
    replies: Mapping[tuple[int, str], Reply] | None = None,
) -> Edition:
    """``frozen``, with what changed in chat since; ``anew`` is made of the same shares, as far as they are there.

    An entry of which nothing is left, or that an editor left out, goes; one of which some is left is told by that.
    Where people only edited their words, ``edits`` says whether the edition follows. ``chosen`` is what editors
    decided, by key; ``blanked`` are the shares of which only what was printed is left; ``replies`` what is left of the
    discussion, by share and message. A function of the frozen edition
    and of what is there now: what is taken back is as if it had never been.
    """
    chosen = chosen or {}
    fresh = _Fresh(anew, blanked)
    kept = {
        entry.key: replace(amended, discussion=tuple(_still_said(entry, replies or {}, edits=edits)))
        for entry in (*frozen.entries, *frozen.again)
        if (amended := _amended(entry, fresh, chosen.get(entry.key, {}), edits=edits)) is not None
    }

    def left(entries: Iterable[Entry]) -> tuple[Entry, ...]:
        return tuple(kept[entry.key] for entry in entries if entry.key in kept)

    sections = (replace(section, entries=left(section.entries)) for section in frozen.sections)
    out = {left_out.url: left_out for left_out in anew.left_out}
    around = chosen.get("", {})
    return replace(
        frozen,
        sections=tuple(section for section in sections if section.entries),
        again=left(frozen.again),
        left_out=tuple(out.get(one.url, one) for one in frozen.left_out),
        intro=around.get(Field.INTRO, frozen.intro),
        outro=around.get(Field.OUTRO, frozen.outro),
    )


def erase(
    edition: Edition,
    anew: Edition,
    person: PersonId,
    shares: frozenset[int],
    wrote: frozenset[tuple[str, Field]] = frozenset(),
) -> Edition:
    """The edition without the name of a person who opted out and without the words of their ``shares``, their replies,
    and what they ``wrote`` as an editor: by a link's key, or about the edition itself by ``""``.

    ``anew`` is made without them: where such a share may have told an entry, it is told by that.
    """
    fresh = _Fresh(anew, frozenset())

    def hidden(shared: Shared) -> Shared:
        if shared.share in shares or shared.person.id == person:
            return replace(shared, person=Person(shared.person.id, ""), words="")
        return replace(shared, words=without_name(shared.words, person))

    def erased(entry: Entry) -> Entry:
        now = fresh.entry(entry)
        # What stands below a heading does not say who shared it.
        links = tuple(link for link in (now.links if now is not None else ()) if link.url in _below(entry))
        told = _without_editor(entry, now, {field for key, field in wrote if key == entry.key})
        told = replace(
            told,
            words=without_name(told.words, person),
            note=without_name(told.note, person),
            shares=tuple(hidden(shared) for shared in entry.shares),
            links=links,
            discussion=tuple(
                replace(reply, words=without_name(reply.words, person))
                for reply in entry.discussion
                if reply.person.id != person and reply.share not in shares
            ),
        )
        if shares.isdisjoint(shared.share for shared in entry.shares):
            return told
        if now is None:
            return replace(told, title=entry.url, words="", note="", hashtags=(), description="", image="")
        return replace(
            told,
            title=now.title,
            title_source=now.title_source,
            words=now.words,
            by_editor=now.by_editor,
            note=now.note,
            hashtags=now.hashtags,
            description=now.description,
            image=now.image,
        )

    return replace(
        edition,
        sections=tuple(
            replace(section, entries=tuple(erased(entry) for entry in section.entries)) for section in edition.sections
        ),
        again=tuple(erased(entry) for entry in edition.again),
        intro=anew.intro if ("", Field.INTRO) in wrote else edition.intro,
        outro=anew.outro if ("", Field.OUTRO) in wrote else edition.outro,
        left_out=tuple(
            replace(left, shares=tuple(hidden(shared) for shared in left.shares)) for left in edition.left_out
        ),
    )


def _without_editor(entry: Entry, now: Entry | None, wrote: Set[Field]) -> Entry:
    """The entry without what an editor wrote there: as it would be now, or with nothing instead."""
    if Field.TITLE in wrote:
        title, source = (now.title, now.title_source) if now is not None else (entry.url, TitleSource.URL)
        entry = replace(entry, title=title, title_source=source)
    if Field.WORDS in wrote:
        words, by_editor = (now.words, now.by_editor) if now is not None else ("", False)
        entry = replace(entry, words=words, by_editor=by_editor)
    return replace(entry, note=now.note if now is not None else "") if Field.NOTE in wrote else entry


def without_name(text: str, person: PersonId) -> str:
    """Somebody's words that call this person, without the name. The second time changes nothing."""
    if f"(person:{person.id})" not in text:
        return text
    return rename(text, lambda kind, id, label: UNNAMED if (kind, id) == ("person", person.id) else label)


class _Fresh:
    """What is there now, by link and by share: since the edition went out, two links may have been found to be one."""

    def __init__(self, anew: Edition, blanked: frozenset[int]) -> None:
        entries = (*anew.entries, *anew.again)
        self._by_key = {entry.key: entry for entry in entries}
        self._by_share = {shared.share: entry for entry in entries for shared in entry.shares}
        left_out = (shared for left in anew.left_out for shared in left.shares)
        self._shares = {shared.share: shared for entry in entries for shared in entry.shares}
        self._shares |= {shared.share: shared for shared in left_out}
        self._blanked = blanked

    def shares(self, entry: Entry) -> tuple[Shared, ...]:
        """What is left of its shares, as they are now."""
        return tuple(self._now(shared) for shared in entry.shares if shared.share in self._shares)

    def _now(self, printed: Shared) -> Shared:
        now = self._shares[printed.share]
        return replace(now, words=printed.words) if printed.share in self._blanked else now

    def is_blanked(self, entry: Entry) -> bool:
        """Whether what it says now is less than what was printed, because its words have had their time."""
        return any(shared.share in self._blanked for shared in entry.shares)

    def entry(self, entry: Entry) -> Entry | None:
        """What the link would be now; ``None`` where it would not enter any more, by rules that came later."""
        first = entry.shares[0].share
        return self._by_key.get(entry.key) or self._by_share.get(first)


def _amended(entry: Entry, fresh: _Fresh, chosen: Chosen, *, edits: bool) -> Entry | None:
    """The entry as it is to stand; ``None`` where nothing of it is left."""
    shares = fresh.shares(entry)
    if not shares or chosen.get(Field.OUT) == "yes":
        return None
    now = fresh.entry(entry)
    told = _told(entry, shares, now, fresh, edits=edits)
    if now is None:
        return told
    if Field.TITLE in chosen:
        told = replace(told, title=now.title, title_source=now.title_source)
    if Field.WORDS in chosen:
        told = replace(told, words=now.words, by_editor=now.by_editor)
    if Field.NOTE in chosen and not fresh.is_blanked(entry):
        told = replace(told, note=now.note)
    return replace(told, held=now.held) if Field.RELEASED in chosen else told


def _still_said(entry: Entry, replies: Mapping[tuple[int, str], Reply], *, edits: bool) -> Iterator[Reply]:
    """What is there of the printed discussion, in its order; no reply comes in afterwards."""
    for printed in entry.discussion:
        now = replies.get((printed.share, printed.message))
        if now is not None:
            yield replace(printed, words=now.words) if edits and now.words else printed


def _told(entry: Entry, shares: tuple[Shared, ...], now: Entry | None, fresh: _Fresh, *, edits: bool) -> Entry:
    gone = _who_shared(shares) != _who_shared(entry.shares) or (now is not None and _below(now) < _below(entry))
    edited = edits and _words(shares) != _words(entry.shares)
    if not gone and not edited:
        return entry
    if now is None or fresh.is_blanked(entry):
        return replace(entry, words=_still(entry, shares), shares=shares)
    told = replace(
        entry,
        title=now.title,
        title_source=now.title_source,
        words=now.words,
        by_editor=now.by_editor,
        note=now.note,
        shares=shares,
        links=now.links,
    )
    # How it was ranked is what was published; what was known of the link by a share that is gone goes with it.
    return replace(told, url=now.url, held=now.held, description=now.description, image=now.image) if gone else told


def _still(entry: Entry, shares: tuple[Shared, ...]) -> str:
    """The printed words as long as whoever said them still says so; else the first that are left."""
    said = next((shared for shared in entry.shares if shared.words), None)
    if said is None or any(one.share == said.share and one.words == said.words for one in shares):
        return entry.words
    return next((shared.words for shared in shares if shared.words), "")


def _who_shared(shares: Iterable[Shared]) -> list[tuple[int, str]]:
    return [(shared.share, shared.person.name and str(shared.person.id)) for shared in shares]


def _words(shares: Iterable[Shared]) -> list[str]:
    return [shared.words for shared in shares]


def _below(entry: Entry) -> set[str]:
    return {link.url for link in entry.links}
