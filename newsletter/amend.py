"""Amending: an edition that went out, and what is left of its shares now -> the edition as it is to stand. Pure.

People edit, delete and opt out after publication too. What they said follows them; the edition's order, sections and
number stay what was published.
"""

from collections.abc import Iterable
from dataclasses import replace

from newsletter.model import Edition, Entry, Shared


def amend(printed: Edition, anew: Edition, *, edits: bool) -> Edition:
    """``printed``, with what changed in chat since; ``anew`` is made of the same shares, as far as they are there.

    An entry of which nothing is left goes; one of which some is left is told by that. Where people only edited their
    words, ``edits`` says whether the edition follows. The second time changes nothing.
    """
    fresh = _Fresh(anew)
    kept = {
        entry.key: amended
        for entry in (*printed.entries, *printed.again)
        if (amended := _amended(entry, fresh, edits=edits)) is not None
    }

    def left(entries: Iterable[Entry]) -> tuple[Entry, ...]:
        return tuple(kept[entry.key] for entry in entries if entry.key in kept)

    sections = (replace(section, entries=left(section.entries)) for section in printed.sections)
    out = {left_out.url: left_out for left_out in anew.left_out}
    return replace(
        printed,
        sections=tuple(section for section in sections if section.entries),
        again=left(printed.again),
        left_out=tuple(out.get(one.url, one) for one in printed.left_out),
    )


class _Fresh:
    """What is there now, by link and by share: since the edition went out, two links may have been found to be one."""

    def __init__(self, anew: Edition) -> None:
        entries = (*anew.entries, *anew.again)
        self._by_key = {entry.key: entry for entry in entries}
        self._by_share = {shared.share: entry for entry in entries for shared in entry.shares}
        left_out = (shared for left in anew.left_out for shared in left.shares)
        self._shares = {shared.share: shared for entry in entries for shared in entry.shares}
        self._shares |= {shared.share: shared for shared in left_out}

    def shares(self, entry: Entry) -> tuple[Shared, ...]:
        """What is left of its shares, as they are now."""
        return tuple(self._shares[shared.share] for shared in entry.shares if shared.share in self._shares)

    def entry(self, entry: Entry) -> Entry | None:
        """What the link would be now; ``None`` where it would not enter any more, by rules that came later."""
        first = entry.shares[0].share
        return self._by_key.get(entry.key) or self._by_share.get(first)


def _amended(entry: Entry, fresh: _Fresh, *, edits: bool) -> Entry | None:
    """The entry as it is to stand; ``None`` where nothing of it is left."""
    shares = fresh.shares(entry)
    if not shares:
        return None
    now = fresh.entry(entry)
    gone = _who_shared(shares) != _who_shared(entry.shares) or (now is not None and _below(now) < _below(entry))
    edited = edits and _words(shares) != _words(entry.shares)
    if not gone and not edited:
        return entry
    if now is None:
        return replace(entry, words=shares[0].words, shares=shares)
    told = replace(
        entry, title=now.title, title_source=now.title_source, words=now.words, shares=shares, links=now.links
    )
    # How it was ranked is what was published; what was known of the link by a share that is gone goes with it.
    return replace(told, url=now.url, held=now.held, description=now.description, image=now.image) if gone else told


def _who_shared(shares: Iterable[Shared]) -> list[tuple[int, str]]:
    return [(shared.share, shared.person.name and str(shared.person.id)) for shared in shares]


def _words(shares: Iterable[Shared]) -> list[str]:
    return [shared.words for shared in shares]


def _below(entry: Entry) -> set[str]:
    return {link.url for link in entry.links}
