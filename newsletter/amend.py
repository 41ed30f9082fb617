"""Amending: an edition as it was frozen, and what is left of its shares now -> the edition as it is to stand. Pure.

People edit, delete and opt out after publication too, and editors have second thoughts. What they said follows them;
the edition's order, sections and number stay what was published.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from newsletter.assemble import Chosen
from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, Field, Person, Shared
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
) -> Edition:
    """``frozen``, with what changed in chat since; ``anew`` is made of the same shares, as far as they are there.

    An entry of which nothing is left, or that an editor left out, goes; one of which some is left is told by that.
    Where people only edited their words, ``edits`` says whether the edition follows. ``chosen`` is what editors
    decided, by key; ``blanked`` are the shares of which only what was printed is left. A function of the frozen edition
    and of what is there now: what is taken back is as if it had never been.
    """
    chosen = chosen or {}
    fresh = _Fresh(anew, blanked)
    kept = {
        entry.key: amended
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


def erase(edition: Edition, anew: Edition, person: PersonId, shares: frozenset[int]) -> Edition:
    """The edition without the name of a person who opted out and without the words of their ``shares``.

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
        told = replace(
            entry,
            words=without_name(entry.words, person),
            shares=tuple(hidden(shared) for shared in entry.shares),
            links=links,
        )
        if shares.isdisjoint(shared.share for shared in entry.shares):
            return told
        if now is None:
            return replace(told, title=entry.url, words="", hashtags=(), description="", image="")
        return replace(
            told,
            title=now.title,
            title_source=now.title_source,
            words=now.words,
            by_editor=now.by_editor,
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
        left_out=tuple(
            replace(left, shares=tuple(hidden(shared) for shared in left.shares)) for left in edition.left_out
        ),
    )


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
    if Field.WORDS in chosen or (Field.NOTE in chosen and not fresh.is_blanked(entry)):
        told = replace(told, words=now.words, by_editor=now.by_editor)
    return replace(told, held=now.held) if Field.RELEASED in chosen else told


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
