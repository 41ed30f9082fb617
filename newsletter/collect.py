"""Collecting: what was heard -> merge -> store. Everything heard, live or from an export, goes through ``Collector``.

What two things heard mean together is decided in ``merge``, what a message says in ``words``; here the calls are
made in order, in short transactions. A message without a link leaves no trace, unless it is the words of a bare link,
or a reply to a message with one where these are discussed.
"""

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from newsletter.merge import (
    FOLLOW_UP_WITHIN,
    KeptMessage,
    absent,
    follow_ups,
    hear,
    is_still_blank,
    join,
    says_else,
    without_old_words,
)
from newsletter.model import ShareWords
from newsletter.settings import NewsletterSettings
from newsletter.sifting import Sifted, sift
from newsletter.store import Store, Transaction, chat, choices, directory, opting, replies
from newsletter.store.batches import in_batches

EARLY_AT_MOST = 10_000
"""How many messages not yet known are remembered for what was heard of them; a reading repairs what falls out."""

AT_ONCE = 900
"""How many messages are written in one transaction: others can write in between."""

LITTLE_TO_READ = timedelta(days=7)
"""What is kept of a channel within this time is read sooner than several stretches of it are asked for."""


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

    def __init__(self, store: Store, newsletters: Iterable[NewsletterSettings] = ()) -> None:
        """``newsletters`` say in which channels replies to links are kept, and that those of others go."""
        self._store = store
        self._newsletters = tuple(newsletters)
        self._discussed: dict[ChannelId, bool] = {}
        self._early: OrderedDict[MessageId, KeptMessage] = OrderedDict()
        self._names: OrderedDict[PersonId, PersonSeen] = OrderedDict()
        self._hidden: frozenset[PersonId] = frozenset()
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def hear(self, heard: Heard) -> None:
        """Take in one thing. It is stored when this returns; the second time changes nothing."""
        match heard:
            case Reading():
                await self.take(self.sift(heard))
            case ChannelSeen():
                async with self._store.writing() as transaction:
                    await self._know(transaction, heard)
            case PersonSeen() | MessageSeen() | MessageGone() | ReactionHeard():
                await self._with_others(heard)

    @property
    def keeps_replies(self) -> bool:
        """Whether there may be a channel of which replies are kept."""
        return any(settings.keeps_replies for settings in self._newsletters)

    def sift(self, reading: Reading) -> Sifted:
        """The reading without what leaves no trace."""
        return sift(reading, replies=self._discusses(reading.channel))

    def _discusses(self, channel: ChannelSeen) -> bool:
        return any(settings.discusses(channel) for settings in self._newsletters)

    async def take(self, sifted: Sifted, progress: Callable[[int], None] | None = None) -> None:
        """Write a sifted reading, ``AT_ONCE`` messages a transaction. A kill in between loses nothing: read again.

        ``progress`` is told how many messages were written so far.
        """
        reading = sifted.reading
        async with self._store.writing() as transaction:
            await self._know(transaction, reading.channel)
        self._remember_names(reading.people)
        done = 0
        for batch in in_batches(reading.messages, AT_ONCE):
            async with self._store.writing() as transaction:
                await self._hear(transaction, batch, sifted.read)
            done += len(batch)
            if progress is not None:
                progress(done)
        async with self._store.writing() as transaction:
            await directory.name_people(transaction, reading.people)
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
                await directory.name_people(transaction, people)
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
            now[_message(said)] = hear(now[_message(said)], without_old_words(said, kept.get(_message(said))))
        changed = [now[id] for id in ids if now[id] != kept.get(id)]
        shares = {
            one.id: None if is_still_blank(one, kept.get(one.id)) else _shares(one, read or {}) for one in changed
        }
        known = [one for one in changed if one.id in kept or shares[one.id]]
        unknown = [one for one in changed if one.id not in kept and not shares[one.id]]
        # A message that lost its link may have become the words of another one: that is seen below.
        await chat.write(transaction, [chat.Written(one, shares[one.id], is_words=True) for one in known])
        said_else = [one.id for one in known if says_else(one, kept.get(one.id))]
        await choices.messages_changed(transaction, [*said_else, *self._discussed_by(said_else, kept)])
        await self._name(transaction, known)
        for one in known:
            self._early.pop(one.id, None)
        for one in unknown:
            self._remember(one)
        seen = [one.seen for one in changed if one.seen is not None]
        for channel in sorted({message.id.channel for message in seen}):
            there = [message for message in seen if message.id.channel == channel]
            if self._discussed.get(channel):
                await self._find_replies(transaction, channel, there)
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
        barely = frozenset(
            id for id, one in stored.items() if one.bare and one.seen.text and _within(one.seen.sent_at, judged)
        )
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
        # One that says nothing, a picture perhaps, does not stand between a link and its words.
        messages = {id: one.seen for id, one in stored.items() if one.seen.text or one.linked} | waiting
        found = follow_ups(list(messages.values()), barely, linked)
        wanted = set(found.values())
        new = [self._early.pop(id) for id in sorted(wanted & waiting.keys())]
        await chat.write(transaction, [chat.Written(one, (), is_words=True) for one in new])
        changed = {id: found.get(id) for id in sorted(barely) if stored[id].words_from != found.get(id)}
        await chat.set_words_from(transaction, changed)
        await choices.messages_changed(transaction, [*changed])
        useless = [stored[id].seen for id in sorted(only_words - wanted)]
        replying = await self._replying(transaction, channel, useless)
        await self._drop(transaction, [message.id for message in useless if message.id not in replying])

    async def _drop(self, transaction: Transaction, ids: Sequence[MessageId]) -> None:
        """Forget messages that were kept for another one's sake. Reactions to them would count again if they were
        edited to hold a link."""
        known = await chat.messages(transaction, ids)
        await chat.forget_words(transaction, ids)
        for one in known.values():
            self._remember(one)

    # --- what others replied ---

    async def _know(self, transaction: Transaction, channel: ChannelSeen) -> None:
        """Keep the channel's name. Where links are discussed no more, the replies of before go: at first in every
        channel there is, for of some of them nothing may be heard any more."""
        await directory.name_channels(transaction, [channel])
        there = () if self._discussed else (await directory.channels(transaction)).values()
        for one in [*there, channel]:
            discussed = self._discusses(one)
            if self._newsletters and not discussed and self._discussed.get(one.id) is not False:
                await replies.forget_all(transaction, one.id)
            self._discussed[one.id] = discussed

    async def _find_replies(self, transaction: Transaction, channel: ChannelId, news: Sequence[MessageSeen]) -> None:
        """Keep what was replied to these messages, or with them, as long as there is a link to discuss."""
        ids = {message.id for message in news}
        waiting = [
            early.seen
            for early in self._early.values()
            if early.present
            and early.seen is not None
            and early.seen.text
            and early.id.channel == channel
            and (early.id in ids or any(MessageId(channel, root) in ids for root in early.seen.answered))
        ]
        replying = await self._replying(transaction, channel, waiting)
        new = [self._early.pop(id) for id in sorted(replying)]
        await chat.write(transaction, [chat.Written(one, (), is_words=True) for one in new])
        await self._name(transaction, new)
        there = await replies.idle(transaction, channel, [id.id for id in sorted(ids)])
        replying = await self._replying(transaction, channel, there)
        await self._drop(transaction, [message.id for message in there if message.id not in replying])

    async def _replying(
        self, transaction: Transaction, channel: ChannelId, messages: Iterable[MessageSeen]
    ) -> set[MessageId]:
        """Which of these messages of the channel reply to one with a link, and are kept for that."""
        if not self._discussed.get(channel):
            return set()
        answered = {message.id: message.answered for message in messages}
        linked = await replies.linked(transaction, channel, {root for roots in answered.values() for root in roots})
        return {id for id, roots in answered.items() if roots & linked}

    def _discussed_by(self, ids: Iterable[MessageId], kept: Mapping[MessageId, KeptMessage]) -> list[MessageId]:
        """The messages that these, which were kept before, replied to: what was printed under them changes too."""
        before = (kept[id].seen for id in ids if self._discussed.get(id.channel))
        return [MessageId(seen.id.channel, root) for seen in before if seen is not None for root in seen.answered]

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
            await directory.name_people(transaction, named)

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


def _message(heard: MessageSeen | MessageGone | ReactionHeard) -> MessageId:
    return heard.message if isinstance(heard, ReactionHeard) else heard.id


def _shares(one: KeptMessage, read: Mapping[str, tuple[ShareWords, ...]]) -> tuple[ShareWords, ...]:
    if not one.present or one.seen is None or not one.seen.text:
        return ()
    known = read.get(one.seen.text)
    return words.read(one.seen.text) if known is None else known
