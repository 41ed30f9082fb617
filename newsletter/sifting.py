"""What of a reading can be kept, told before anything is stored; and what it brought, counted. Pure.

What is kept in the end hangs on what is there already: that is ``collect``'s and ``merge``'s.
"""

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter import words
from newsletter.heard import MessageId, MessageSeen, PersonId, Reading
from newsletter.merge import FOLLOW_UP_WITHIN
from newsletter.model import ShareWords


@dataclass
class Collected:
    """What a reading brought, counted. ``keys`` are the distinct links, ``ignored`` why messages were left out."""

    messages: int = 0
    shares: int = 0
    keys: set[str] = field(default_factory=set)
    urls: list[str] = field(default_factory=list)
    people: set[PersonId] = field(default_factory=set)
    ignored: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: "Collected") -> "Collected":
        self.messages += other.messages
        self.shares += other.shares
        self.keys |= other.keys
        self.urls += other.urls
        self.people |= other.people
        self.ignored += other.ignored
        return self


@dataclass(frozen=True, slots=True)
class Sifted:
    """A reading without what leaves no trace: a long export fits into memory, and is checked whole before it is
    written."""

    reading: Reading
    collected: Collected
    there: frozenset[MessageId]
    """Every message of the reading, kept or not: in a complete one, whoever is not among them was deleted."""
    read: Mapping[str, tuple[ShareWords, ...]]
    """What ``words.read`` said of each text, so that nothing is read twice."""


class Sharing:
    """Who shared what may be a link, and when: a reader of a long export is told by it which messages leave no trace,
    without reading their words. It must know every message that may hold a link before it is asked; in any order.
    """

    def __init__(self) -> None:
        self._shared: defaultdict[str, list[datetime]] = defaultdict(list)

    def note(self, person: str, at: datetime) -> None:
        """The person posted what may be a link."""
        insort(self._shared[person], at)

    def may_be_words(self, person: str, at: datetime) -> bool:
        """Whether what the person said then may be the words of a bare link of theirs; ``False`` is certain."""
        shared = self._shared.get(person, ())
        place = bisect_right(shared, at)
        return place > 0 and at - shared[place - 1] <= FOLLOW_UP_WITHIN


def sift(reading: Reading, *, replies: bool = False) -> Sifted:
    """Keep of a reading the messages with a link, those that may be a bare link's words, and edits that took a
    link out; ``replies``: and those to any message.
    """
    collected = Collected(len(reading.messages) + reading.passed_over, ignored=Counter(reading.ignored))
    read: dict[str, tuple[ShareWords, ...]] = {}
    worth: list[MessageSeen] = []
    last_bare: dict[PersonId, MessageSeen] = {}
    for message in sorted(reading.messages, key=lambda message: (message.sent_at, message.id)):
        found = words.read(message.text)
        before = last_bare.get(message.author)
        if found:
            read[message.text] = found
            collected.shares += len(found)
            collected.keys.update(share.key for share in found)
            collected.urls += [share.url for share in found]
            collected.people.add(message.author)
            if any(share.bare for share in found):
                last_bare[message.author] = message
            worth.append(message)
        elif (
            (before is not None and message.sent_at - before.sent_at <= FOLLOW_UP_WITHIN)
            or message.edited_at
            or (replies and message.answered)
        ):
            worth.append(message)
    there = frozenset(message.id for message in reading.messages)
    return Sifted(replace(reading, messages=tuple(worth)), collected, there, read)


def total(sifted: Iterable[Sifted]) -> Collected:
    """The counts of several readings together."""
    together = Collected()
    for one in sifted:
        together += one.collected
    return together
