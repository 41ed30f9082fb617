"""Linkletter in the room: connect, hear, read back, answer. The reference of ``bot.chat.Chat``."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import aclosing
from datetime import datetime

from bot.chat import Cards, Invocation, Listener, PermissionDenied
from bot.platforms.local import draw
from bot.platforms.local.channel import RoomChannel, explaining
from bot.platforms.local.room import (
    Channel,
    Connected,
    Deleted,
    Event,
    Forbidden,
    Message,
    Person,
    Posted,
    Question,
    Reacted,
    Room,
    RoomError,
    Shown,
    Unreachable,
)
from newsletter import urls
from newsletter.errors import Refused
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    EmojiSeen,
    Heard,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    Preview,
    ReactionHeard,
    Reading,
)
from newsletter.ports import Destination

log = logging.getLogger(__name__)


class Local:
    """The bot in a room; it joins under ``name``, or is the one who left under it."""

    platform = "local"

    def __init__(self, room: Room, *, name: str = "Linkletter") -> None:
        self._room = room
        before = (person for person in room.people.values() if person.bot and person.name == name)
        self._me = next(before, None) or room.join(name, bot=True)

    async def run(self, listener: Listener) -> None:
        """Hear and answer until cancelled."""
        while True:
            line = await self._room.connect()
            try:
                async with asyncio.TaskGroup() as questions, aclosing(line.events()) as events:
                    async for event in events:
                        if isinstance(event, Question):
                            questions.create_task(self._answer(listener, event))
                        else:
                            await self._take(listener, event)
            except* Unreachable:
                pass  # cut while we were reading: connecting again repairs it
            finally:
                self._room.hang_up(line)

    async def _take(self, listener: Listener, event: Event) -> None:
        if isinstance(event, Connected):
            await listener.connected(self)
        for heard in self._heard(event):
            await listener.heard(heard)

    async def _answer(self, listener: Listener, question: Question) -> None:
        invocation = Invocation(
            question.id,
            question.text,
            self._person(question.person),
            self._channel_seen(question.channel),
            question.locale,
            question.values,
            self._message_seen(question.about, self._room.clock()) if question.about is not None else None,
        )
        answer = await listener.asked(invocation)
        drawn = draw.messages(answer.cards)
        try:
            if answer.replaces and question.pressed is not None and len(drawn) == 1:
                await self._room.change(question.pressed.id, drawn[0], question.pressed.mark)
                drawn = ()
            elif not answer.private:
                for message in drawn:
                    await self._room.send(question.channel.id, self._me, message, quiet=True)
                drawn = ()
        except RoomError as error:
            log.warning("an answer could not be posted: %s", error)
        self._room.answer(question, Shown(drawn, answer.form, answer.replaces))

    # --- reading and asking ---

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """Every channel of the room."""
        return tuple(self._channel_seen(channel) for channel in self._room.channels.values())

    async def read(self, channel: ChannelId, since: datetime, threads: Collection[str] = ()) -> AsyncGenerator[Reading]:
        """The channel since ``since``, then its threads with a reply since then and those named."""
        seen = self._channel_seen(self._room.channels[channel.id])
        began_at = self._room.clock()
        try:
            messages = await self._room.history(channel.id)
            active = {id for id, last in (await self._room.threads(channel.id)).items() if last >= since}
            yield self._reading(seen, began_at, [one for one in messages if one.sent_at >= since], since=since)
            for thread in sorted(active.union(threads)):
                began_at = self._room.clock()
                yield self._reading(seen, began_at, await self._room.history(channel.id, thread), thread=thread)
        except Forbidden as error:
            raise PermissionDenied(f"Linkletter may not read #{seen.name}: {error}") from error

    async def people(self, role: str) -> frozenset[PersonId]:
        """A person, or the people of a role."""
        members = self._room.roles.get(role, frozenset([role]))
        return frozenset(self._person(self._room.people[id]) for id in members if id in self._room.people)

    async def permalink(self, message: MessageId) -> str | None:
        """Where the browser shows the message."""
        return self._room.permalink(message.channel.id, message.id)

    def destination(self, channel: ChannelId) -> Destination:
        """The channel as a destination."""
        return RoomChannel(self._room, self._me, channel.id)

    async def say(self, to: ChannelId | PersonId, cards: Cards) -> MessageId | None:
        """Post in a channel, or in the conversation with a person; what does not fit goes into the thread."""
        if isinstance(to, PersonId):
            person = self._room.people.get(to.id)
            if person is None:
                raise Refused(f"local:{to.id}", "there is no such person")
            channel = self._room.converse(person).id
        else:
            channel = to.id
        first: str | None = None
        with explaining(f"local:{channel}"):
            for message in draw.messages(cards):
                sent = await self._room.send(channel, self._me, message, first, quiet=True)
                first = first or sent.id
        return MessageId(ChannelId(self.platform, self._room.name, channel), first) if first is not None else None

    async def hint(self, message: MessageId, person: PersonId, cards: Cards) -> None:
        """Whisper it."""
        try:
            for drawn in draw.messages(cards):
                await self._room.whisper(message.id, self._room.people[person.id], drawn.text)
        except RoomError as error:
            log.warning("a person was not told something about their message: %s", error)

    async def sign(self, message: MessageId, emoji: str, *, on: bool = True) -> None:
        """React, as a bot."""
        try:
            await self._room.sign(message.id, self._me, emoji, on=on)
        except RoomError as error:
            log.warning("a message was not signed: %s", error)

    async def close(self) -> None:
        """There is nothing to let go of."""

    # --- the room's values as what was heard ---

    def _heard(self, event: Event) -> Iterable[Heard]:
        match event:
            case Posted(message) if not message.author.bot:
                at = message.edited_at or message.sent_at
                yield self._person_seen(message.author, at)
                yield self._message_seen(message, at)
            case Deleted(message) if not message.author.bot:
                yield MessageGone(self._message(message))
            case Reacted(message, person, emoji, on, at) if not person.bot and not message.author.bot:
                yield self._person_seen(person, at)
                yield ReactionHeard(self._message(message), self._person(person), emoji, on, at)

    def _reading(
        self,
        channel: ChannelSeen,
        began_at: datetime,
        messages: Iterable[Message],
        *,
        since: datetime | None = None,
        thread: str | None = None,
    ) -> Reading:
        messages = tuple(messages)
        written = [message for message in messages if not message.author.bot]
        people = {message.author.id for message in written}
        people |= {id for message in written for who in message.reactions.values() for id in who}
        return Reading(
            channel,
            began_at,
            tuple(self._message_seen(one, began_at, self._emoji(one)) for one in written),
            people=tuple(self._person_seen(self._room.people[id], began_at) for id in sorted(people)),
            since=since,
            thread=thread,
            complete=True,
            ignored={"bot": len(messages) - len(written)} if len(messages) > len(written) else {},
        )

    def _message_seen(
        self, message: Message, seen_at: datetime, emoji: tuple[EmojiSeen, ...] | None = None
    ) -> MessageSeen:
        return MessageSeen(
            id=self._message(message),
            author=self._person(message.author),
            sent_at=message.sent_at,
            text=message.text,
            seen_at=seen_at,
            edited_at=message.edited_at,
            thread=message.thread,
            permalink=self._room.permalink(message.channel, message.id),
            previews=tuple(
                Preview(url, title=shown.title, site=shown.site)
                for url in dict.fromkeys(urls.find(message.text))
                if (shown := self._room.previews.get(url)) is not None
            ),
            emoji=emoji,
        )

    def _emoji(self, message: Message) -> tuple[EmojiSeen, ...]:
        people = {
            emoji: tuple(self._person(self._room.people[id]) for id in who if not self._room.people[id].bot)
            for emoji, who in message.reactions.items()
        }
        return tuple(EmojiSeen(emoji, len(who), who) for emoji, who in people.items() if who)

    def _message(self, message: Message) -> MessageId:
        return MessageId(ChannelId(self.platform, self._room.name, message.channel), message.id)

    def _person(self, person: Person) -> PersonId:
        return PersonId(self.platform, self._room.name, person.id)

    def _person_seen(self, person: Person, at: datetime) -> PersonSeen:
        return PersonSeen(self._person(person), person.name, at, person.bot)

    def _channel_seen(self, channel: Channel) -> ChannelSeen:
        id = ChannelId(self.platform, self._room.name, channel.id)
        return ChannelSeen(id, channel.name, self._room.clock(), channel.private)
