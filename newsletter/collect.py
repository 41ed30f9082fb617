"""Collecting: what was heard -> merge -> store. Everything heard, live or from an export, goes through ``Collector``.

What two things heard mean together is decided in ``merge``, what a message says in ``words``; here the calls are
made in order, in short transactions. A message without a link leaves no trace, unless it is the words of a bare link.
"""

import asyncio
from bisect import bisect_right, insort
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter import words
from newsletter.errors import NewsletterError
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    Heard,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    ReactionHeard,
    Reading,
)
from newsletter.hiding import left_of
from newsletter.merge import FOLLOW_UP_WITHIN, KeptMessage, absent, follow_ups, hear, join
from newsletter.model import ShareWords
from newsletter.store import Store, Transaction, chat, choices, opting

EARLY_AT_MOST = 10_000
"""How many messages not yet known are remembered for what was heard of them; a reading repairs what falls out."""

AT_ONCE = 900
"""How many messages are written in one transaction: others can write in between."""

LITTLE_TO_READ = timedelta(days=7)
"""What is kept of a channel within this time is read sooner than several stretches of it are asked for."""


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


def sift(reading: Reading) -> Sifted:
    """Keep of a reading the messages with a link, those that may be a bare link's words, and edits that took a
    link out.

    Pure.
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
        elif (before is not None and message.sent_at - before.sent_at <= FOLLOW_UP_WITHIN) or message.edited_at:
            worth.append(message)
    there = frozenset(message.id for message in reading.messages)
    return Sifted(replace(reading, messages=tuple(worth)), collected, there, read)


_Said = PersonSeen | MessageSeen | MessageGone | ReactionHeard


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """One thing heard that is not stored yet, and who waits for it."""

    heard: _Said
    stored: asyncio.Future[None]

    def is_stored(self) -> None:
        if not self.stored.done():
            self.stored.set_result(None)

    def failed(self, error: Exception) -> None:
        if not self.stored.done():
            self.stored.set_exception(error)
            self.stored.exception()  # who waited may have gone


class Collector:
    """Takes in what was heard. One per process: it remembers, for a while, what was heard of messages not yet known."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._early: OrderedDict[MessageId, KeptMessage] = OrderedDict()
        self._names: OrderedDict[PersonId, PersonSeen] = OrderedDict()
        self._hidden: frozenset[PersonId] = frozenset()
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def hear(self, heard: Heard) -> None:
        """Take in one thing. It is stored when this returns; the second time changes nothing."""
        match heard:
            case Reading():
                await self.take(sift(heard))
            case ChannelSeen():
                async with self._store.writing() as transaction:
                    await chat.name_channels(transaction, [heard])
            case PersonSeen() | MessageSeen() | MessageGone() | ReactionHeard():
                await self._with_others(heard)

    async def take(self, sifted: Sifted, progress: Callable[[int], None] | None = None) -> None:
        """Write a sifted reading, ``AT_ONCE`` messages a transaction. A kill in between loses nothing: read again.

        ``progress`` is told how many messages were written so far.
        """
        reading = sifted.reading
        async with self._store.writing() as transaction:
            await chat.name_channels(transaction, [reading.channel])
        self._remember_names(reading.people)
        done = 0
        for batch in chat.in_batches(reading.messages, AT_ONCE):
            async with self._store.writing() as transaction:
                await self._hear(transaction, batch, sifted.read)
            done += len(batch)
            if progress is not None:
                progress(done)
        async with self._store.writing() as transaction:
            await chat.name_people(transaction, reading.people)
        gone = set(reading.gone)
        if reading.complete:
            async with self._store.reading() as transaction:
                kept = await chat.present_between(
                    transaction, reading.channel.id, reading.since, reading.until, threads=[reading.thread]
                )
            gone.update(absent(kept, reading, sifted.there))
        if gone:
            async with self._store.writing() as transaction:
                await self._hear(transaction, [MessageGone(id) for id in sorted(gone)])
                known = await chat.messages(transaction, reading.gone)
                await chat.bury(transaction, [id for id in reading.gone if id not in known])

    # --- what comes at once is written at once ---

    async def _with_others(self, heard: _Said) -> None:
        """Store it with all that came while the database was busy: in a rush one commit serves many."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        one = _Waiting(heard, stored)
        self._waiting.append(one)
        try:
            async with self._turn:
                while not stored.done():
                    batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                    try:
                        await self._write(batch)
                    finally:
                        # Whoever writes for all may be cut off: then the next one in turn does it.
                        self._waiting = [*(other for other in batch if not other.stored.done()), *self._waiting]
        except asyncio.CancelledError:
            self._waiting = [other for other in self._waiting if other is not one]
            raise
        stored.result()

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Store these, or tell each that waits why not. What one of them breaks, the others do not suffer from."""
        try:
            async with self._store.writing() as transaction:
                people = [one.heard for one in batch if isinstance(one.heard, PersonSeen)]
                self._remember_names(people)
                await chat.name_people(transaction, people)
                said = [one.heard for one in batch if not isinstance(one.heard, PersonSeen)]
                await self._hear(transaction, said)
        except Exception as error:
            if len(batch) == 1 or isinstance(error, NewsletterError | OSError):
                for one in batch:
                    one.failed(error)
            else:
                for one in batch:
                    await self._write([one])
        else:
            for one in batch:
                one.is_stored()

    async def _hear(
        self,
        transaction: Transaction,
        heard: Sequence[MessageSeen | MessageGone | ReactionHeard],
        read: Mapping[str, tuple[ShareWords, ...]] | None = None,
    ) -> None:
        await self._look_who_is_hidden(transaction)
        heard = [left for one in heard if (left := left_of(one, self._hidden)) is not None]
        ids = list(dict.fromkeys(_message(one) for one in heard))
        kept = await chat.messages(transaction, ids)
        now = {id: self._with_early(id, kept.get(id)) for id in ids}
        for said in heard:
            now[_message(said)] = hear(now[_message(said)], said)
        changed = [now[id] for id in ids if now[id] != kept.get(id)]
        shares = {one.id: None if _is_blanked(one) else _shares(one, read or {}) for one in changed}
        known = [one for one in changed if one.id in kept or shares[one.id]]
        unknown = [one for one in changed if one.id not in kept and not shares[one.id]]
        # A message that lost its link may have become the words of another one: that is seen below.
        await chat.write(transaction, [chat.Written(one, shares[one.id], is_words=True) for one in known])
        await choices.messages_changed(transaction, [one.id for one in known if _says_else(one, kept.get(one.id))])
        await self._name(transaction, known)
        for one in known:
            self._early.pop(one.id, None)
        for one in unknown:
            self._remember(one)
        seen = [one.seen for one in changed if one.seen is not None]
        for channel in sorted({message.id.channel for message in seen}):
            there = [message for message in seen if message.id.channel == channel]
            await self._find_words(transaction, channel, there)

    # --- the sharer's next message ---

    async def _find_words(self, transaction: Transaction, channel: ChannelId, news: Sequence[MessageSeen]) -> None:
        """Give the bare links around these messages their words, and forget messages that are no words.

        What is new can change the words of bare links within ``FOLLOW_UP_WITHIN`` of it. Whether a message there is
        anybody's words is known only with the bare links before it, and their next messages: twice as far.
        """
        near, far = FOLLOW_UP_WITHIN, 2 * FOLLOW_UP_WITHIN
        instants = [message.sent_at for message in news]
        around = await chat.messages_around(transaction, channel, _spans(instants, far, far, LITTLE_TO_READ))
        stored = {one.seen.id: one for one in around}
        judged, new_here = _spans(instants, far, near), _spans(instants, near, near)
        barely = frozenset(id for id, one in stored.items() if one.bare and _within(one.seen.sent_at, judged))
        only_words = {
            id for id, one in stored.items() if not one.linked and one.seen.text and _within(one.seen.sent_at, new_here)
        }
        if not barely and not only_words:
            return
        linked = frozenset(id for id, one in stored.items() if one.linked)
        # A bare link that is heard late, or loses its words, finds them among what was heard before it.
        waiting = {
            id: early.seen
            for id, early in self._early.items()
            if id.channel == channel
            and id not in linked
            and early.present
            and early.seen is not None
            and early.seen.text
        }
        messages = {id: one.seen for id, one in stored.items()} | waiting
        found = follow_ups(list(messages.values()), barely, linked)
        wanted = set(found.values())
        new = [self._early.pop(id) for id in sorted(wanted & waiting.keys())]
        await chat.write(transaction, [chat.Written(one, (), is_words=True) for one in new])
        changed = {id: found.get(id) for id in sorted(barely) if stored[id].words_from != found.get(id)}
        await chat.set_words_from(transaction, changed)
        await choices.messages_changed(transaction, [*changed])
        dropped = sorted(only_words - wanted)
        # Reactions to them would count again if they were edited to hold a link.
        known = await chat.messages(transaction, dropped)
        await chat.forget_words(transaction, dropped)
        for one in known.values():
            self._remember(one)

    # --- who opted out ---

    async def _look_who_is_hidden(self, transaction: Transaction) -> None:
        """What another process was told holds here from its next transaction on."""
        hidden = await opting.hidden(transaction)
        if hidden == self._hidden:
            return
        self._hidden = hidden
        for person in hidden & self._names.keys():
            del self._names[person]
        for id in [id for id, one in self._early.items() if one.seen is not None and one.seen.author in hidden]:
            del self._early[id]

    # --- names ---

    def _remember_names(self, seen: Iterable[PersonSeen]) -> None:
        """Remember, in memory only, the names of people of whom nothing is kept yet."""
        for person in seen:
            if person.id in self._hidden:
                continue
            known = self._names.get(person.id, person)
            self._names[person.id] = max(known, person, key=lambda one: (one.seen_at, one.name))
            self._names.move_to_end(person.id)
        while len(self._names) > EARLY_AT_MOST:
            self._names.popitem(last=False)

    async def _name(self, transaction: Transaction, kept: Sequence[KeptMessage]) -> None:
        """Give those who are kept now the names that were heard before."""
        people = {one.seen.author for one in kept if one.seen is not None}
        people |= {person for one in kept for person, _ in one.reactions}
        named = [self._names[person] for person in sorted(people & self._names.keys())]
        if named:
            await chat.name_people(transaction, named)

    # --- what was heard before its message ---

    def _with_early(self, id: MessageId, kept: KeptMessage | None) -> KeptMessage:
        early = self._early.get(id)
        base = kept or KeptMessage(id)
        return join(base, early) if early is not None else base

    def _remember(self, one: KeptMessage) -> None:
        """Remember for a while, in memory only, what a message that is not kept would have to know were it kept."""
        self._early[one.id] = one
        self._early.move_to_end(one.id)
        while len(self._early) > EARLY_AT_MOST:
            self._early.popitem(last=False)


def _spans(
    instants: Iterable[datetime], before: timedelta, after: timedelta, gap: timedelta = timedelta(0)
) -> list[tuple[datetime, datetime]]:
    """The stretches of time from ``before`` any of the instants until ``after`` it, in order; those no more than
    ``gap`` apart are one."""
    spans: list[tuple[datetime, datetime]] = []
    for instant in sorted(instants):
        since, until = instant - before, instant + after
        if spans and since - gap <= spans[-1][1]:
            spans[-1] = (spans[-1][0], until)
        else:
            spans.append((since, until))
    return spans


def _within(instant: datetime, spans: Sequence[tuple[datetime, datetime]]) -> bool:
    place = bisect_right(spans, instant, key=lambda span: span[0])
    return place > 0 and instant <= spans[place - 1][1]


def _is_blanked(one: KeptMessage) -> bool:
    """Whether its words were forgotten: what it shared cannot be read from it any more."""
    return one.present and one.seen is not None and not one.seen.text


def _says_else(now: KeptMessage, before: KeptMessage | None) -> bool:
    """Whether what a newsletter may have printed of it is no longer so: its text, or what its author did to it."""
    if before is None or before.seen is None:
        return False
    text = now.seen.text if now.seen is not None and now.present else ""
    return text != (before.seen.text if before.present else "") or _own_emoji(now) != _own_emoji(before)


def _own_emoji(one: KeptMessage) -> set[str]:
    author = one.seen.author if one.seen is not None else None
    return {emoji for (person, emoji), standing in one.reactions.items() if person == author and standing.on}


def _message(heard: MessageSeen | MessageGone | ReactionHeard) -> MessageId:
    return heard.message if isinstance(heard, ReactionHeard) else heard.id


def _shares(one: KeptMessage, read: Mapping[str, tuple[ShareWords, ...]]) -> tuple[ShareWords, ...]:
    if not one.present or one.seen is None or not one.seen.text:
        return ()
    known = read.get(one.seen.text)
    return words.read(one.seen.text) if known is None else known


def total(sifted: Iterable[Sifted]) -> Collected:
    """The counts of several readings together."""
    together = Collected()
    for one in sifted:
        together += one.collected
    return together
