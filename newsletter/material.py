"""What an edition is made of, and what comes of it: the values that ``assemble`` takes and gives.

Values only. The store's rows become ``Material`` in ``compose.py``; which links are one is said here, because every
part of assembling asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.heard import ChannelId, MessageId, PersonId
from newsletter.model import Choice, Edition, Field, KeptReply, KeptShare, Page, Seen, Week

Chosen = Mapping[Field, str]
"""What was decided about one link, or about the edition itself."""


@dataclass(frozen=True, slots=True)
class Material:
    """What an edition is made of. Keys of ``pages``, ``joins`` and ``seen`` are links' keys.

    ``joins`` say which link another one really is; ``seen`` the latest earlier edition that had a link. ``choices`` are
    this edition's; ``replies`` what was said to the shares' messages. ``editors`` and ``feeders`` are who has the roles
    that the settings name, ``joined`` since when people belong to the place, as far as that is known. ``people`` is how
    many there are in the largest of the servers it collects from, as far as platforms say so.
    """

    shares: tuple[KeptShare, ...]
    names: Mapping[PersonId, str] = field(default_factory=dict)
    channels: Mapping[ChannelId, str] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    joins: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    replies: Mapping[MessageId, Sequence[KeptReply]] = field(default_factory=dict)
    editors: frozenset[PersonId] = frozenset()
    feeders: frozenset[PersonId] = frozenset()
    joined: Mapping[PersonId, datetime] = field(default_factory=dict)
    people: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of an edition before its shares: its place in time and its names for it.

    ``someone`` is the word, in the newsletter's language, for a person who is not named; ``others`` the heading over
    entries of no section, ``pick`` the one over the editors' pick, ``note`` what stands before an editor's note.
    """

    number: int
    title: str
    opened_at: datetime
    cut_off: datetime
    label: str
    week: Week
    next_week: Week
    others: str
    someone: str
    nth_of_day: int = 1
    pick: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Assembled:
    """An edition with everything in it, and where each share went: ``None`` is in, else the reason why it is out.

    ``chosen`` is what was decided for each link, by its key; for the edition itself under ``""``.
    """

    edition: Edition
    placements: Mapping[int, str | None]
    chosen: Mapping[str, Chosen] = field(default_factory=dict)


def joined(key: str, joins: Mapping[str, str]) -> str:
    """The link that this one really is. A circle of joins, which no source can make alone, ends where it began."""
    passed = {key}
    while (into := joins.get(key)) is not None and into not in passed:
        passed.add(into)
        key = into
    return key
