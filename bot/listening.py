"""What Linkletter does with what a chat hears: collect it, read back what was missed, answer questions.

One ``Listening`` serves all chats. It decides which channels are listened to; what is kept of them is ``Collector``'s,
what is answered ``Commands``'.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from bot.chat import Answer, Chat, Command, Invocation, PermissionDenied
from bot.commands import Commands
from bot.manners import Manners
from newsletter.collect import Collector
from newsletter.errors import NewsletterError
from newsletter.heard import ChannelId, ChannelSeen, Heard, MessageSeen, PersonSeen, ReactionHeard, Reading
from newsletter.phrase import Phrase
from newsletter.ports import Clock
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, choices, directory, editions
from newsletter.store import chat as kept
from newsletter.week import last_cut_off

log = logging.getLogger(__name__)

READ_AGAIN_FROM = timedelta(days=7)
"""How long before the open edition began a channel that we know from then is read again: what was not reached before
the cut-off is found late instead of never, and what was deleted or edited meanwhile goes out of what was published."""

NOT_IN_TIME = Phrase("not reached in time")


class NotUnderstood(NewsletterError):
    """Something in a channel made us fail; the log has it under the reference in the text."""


class Listening:
    """The listener of every chat. What no newsletter collects from leaves no trace."""

    def __init__(
        self,
        store: Store,
        collector: Collector,
        commands: Commands,
        newsletters: Sequence[NewsletterSettings],
        chats: Sequence[Chat],
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._collector = collector
        self._commands = commands
        self._newsletters = tuple(newsletters)
        self._chats = {chat.platform: chat for chat in chats}
        self._clock = clock
        self._manners = Manners(store, clock=clock, called=commands.called)
        self._channels: dict[ChannelId, ChannelSeen | None] = {}

    @property
    def commands(self) -> Sequence[Command]:
        """The rows that are offered."""
        return self._commands.commands

    @property
    def forms(self) -> Collection[str]:
        """The rows that open a form."""
        return self._commands.forms

    async def asked(self, invocation: Invocation) -> Answer:
        """The answer to a question."""
        return await self._commands.asked(invocation)

    async def heard(self, heard: Heard) -> None:
        """Store it, if a newsletter collects from where it was said."""
        match heard:
            case PersonSeen():
                await self._collector.hear(heard)
                return
            case ChannelSeen():
                if heard.formerly:
                    async with self._store.writing() as transaction:
                        await directory.renumber(transaction, heard.id, heard.formerly)
                self._channels[heard.id] = heard
                seen = await self._channel(heard.id)
            case Reading():
                seen = await self._channel(heard.channel.id)
            case ReactionHeard():
                seen = await self._channel(heard.message.channel)
            case _:
                seen = await self._channel(heard.id.channel)
        if seen is not None and (newsletters := self._collecting(seen)):
            await self._collector.hear(heard)
            if isinstance(heard, MessageSeen):
                self._manners.heard(self._chats[seen.id.platform], heard, newsletters)
            elif isinstance(heard, ReactionHeard):
                self._manners.reacted(self._chats[seen.id.platform], heard, newsletters)

    async def done(self) -> None:
        """Wait until no courtesy is under way, before the store or a chat is closed."""
        await self._manners.done()

    async def connected(self, chat: Chat) -> None:
        """Read back every channel a newsletter listens to. Where we are new, we say what we do.

        A channel that may not be read, or in which something cannot be understood, is said in the log; the others are
        read. Raises what keeps all of them from being read: ``ConnectionError``, ``StoreError``.
        """
        self._channels = {id: seen for id, seen in self._channels.items() if id.platform != chat.platform}
        channels = await chat.channels()
        # What was imported before the workspace was known belongs to the one the platform names now.
        async with self._store.writing() as transaction:
            for workspace in sorted({channel.id.workspace for channel in channels}):
                await directory.adopt(transaction, chat.platform, workspace)
        for channel in channels:
            await self._know(channel)
        await self._note_what_is_private_now(channels)
        listened_to = [channel for channel in channels if self._collecting(channel)]
        for channel in listened_to:
            await self._manners.introduce(chat, channel, self._collecting(channel))
        async with aclosing(self._read_in_turns(chat, listened_to)) as ended:
            async for channel, failed in ended:
                if isinstance(failed, PermissionDenied | NotUnderstood):
                    log.warning("%s:#%s was not read: %s", chat.platform, channel.name, failed)
                elif failed is not None:
                    raise failed
        # Some platforms tell a role only of those whom they speak of.
        await self._learn_roles(chat)

    async def read_back(self, settings: NewsletterSettings, within: timedelta) -> tuple[str, ...]:
        """Read the newsletter's channels again, for so long at most; returns what was not reached, and why."""
        missing: dict[str, str] = {}
        try:
            async with asyncio.timeout(within.total_seconds()):
                for chat in self._chats.values():
                    await self._read_for(settings, chat, missing)
        except TimeoutError:
            pass  # what it did not come to is still in `missing`
        return tuple(Phrase("{place} ({why})", place=place, why=why) for place, why in missing.items())

    async def _read_for(self, settings: NewsletterSettings, chat: Chat, missing: dict[str, str]) -> None:
        missing[chat.platform] = NOT_IN_TIME
        try:
            channels = [seen for seen in await chat.channels() if settings.listens_to(seen)]
        except (NewsletterError, OSError) as error:
            missing[chat.platform] = str(error)
            return
        del missing[chat.platform]
        missing |= {f"{chat.platform} #{channel.name}": NOT_IN_TIME for channel in channels}
        async with aclosing(self._read_in_turns(chat, channels)) as ended:
            async for channel, failed in ended:
                place = f"{chat.platform} #{channel.name}"
                if failed is None:
                    del missing[place]
                else:
                    missing[place] = str(failed)
        await self._learn_roles(chat)

    async def _read_in_turns(
        self, chat: Chat, channels: Iterable[ChannelSeen]
    ) -> AsyncGenerator[tuple[ChannelSeen, Exception | None]]:
        """Read the channels by turns, one reading each: where a platform answers once a minute, what was posted in all
        of them comes before the long way through the threads of any. Gives each channel when it is done, and what
        ended it before."""
        going_on = deque((channel, self._readings(chat, channel)) for channel in channels)
        try:
            while going_on:
                channel, readings = going_on[0]
                failed: Exception | None = None
                try:
                    if (reading := await anext(readings, None)) is not None:
                        await self._collector.hear(reading)
                        going_on.rotate(-1)
                        continue
                except (NewsletterError, OSError) as error:
                    failed = error
                except Exception:
                    # Ending for it would only bring us here again.
                    reference = secrets.token_hex(3)
                    log.exception("%s:#%s was not read to its end, %s", chat.platform, channel.name, reference)
                    failed = NotUnderstood(f"something went wrong there; it stands in the log as {reference}")
                await going_on.popleft()[1].aclose()
                yield channel, failed
        finally:
            for _, readings in going_on:
                await readings.aclose()

    async def _readings(self, chat: Chat, channel: ChannelSeen) -> AsyncGenerator[Reading]:
        since, threads = await self._missing(channel)
        async with aclosing(chat.read(channel.id, since, threads)) as readings:
            async for reading in readings:
                yield reading

    async def _channel(self, id: ChannelId) -> ChannelSeen | None:
        """The channel by its name of now; ``None`` for one we were not let into. Looked up once per connection."""
        if id not in self._channels:
            chat = self._chats.get(id.platform)
            for seen in await chat.channels() if chat is not None else ():
                await self._know(seen)
            self._channels.setdefault(id, None)
        return self._channels[id]

    async def _know(self, channel: ChannelSeen) -> None:
        """Whether a channel is private is stored before anything that is said in it."""
        if channel.id not in self._channels and self._collecting(channel):
            await self._collector.hear(channel)
        self._channels[channel.id] = channel

    async def _note_what_is_private_now(self, channels: Sequence[ChannelSeen]) -> None:
        """A channel that became private is listened to no more, unless the settings speak of it; what is kept of it
        must know."""
        async with self._store.reading() as transaction:
            known = {seen.id: seen for seen in (await directory.channels(transaction)).values()}
        for channel in channels:
            before = known.get(channel.id)
            if before is not None and channel.private and not before.private:
                await self._collector.hear(channel)

    async def _learn_roles(self, chat: Chat) -> None:
        """Who has the roles that the settings name: their emoji decide, also where nobody can be asked."""
        written = {role for one in self._newsletters for role in (*one.editors, *one.feeders)}
        for role in sorted(one for one in written if one.startswith(f"{chat.platform}:")):
            try:
                people = await chat.people(role.partition(":")[2])
            except (NewsletterError, OSError) as error:
                log.warning("%s cannot say who %s is: %s", chat.platform, role, error)
                continue
            if {f"{one.platform}:{one.id}" for one in people} == {role}:
                continue  # a person's own id
            async with self._store.writing() as transaction:
                await choices.set_members(transaction, role, people)

    def _collecting(self, channel: ChannelSeen) -> tuple[NewsletterSettings, ...]:
        return tuple(settings for settings in self._newsletters if settings.listens_to(channel))

    async def _missing(self, channel: ChannelSeen) -> tuple[datetime, frozenset[str]]:
        """From when a channel is to be read, and the threads of which something is kept since."""
        async with self._store.reading() as transaction:
            opened = []
            for settings in self._collecting(channel):
                row = await editions.open_edition(transaction, settings.key)
                now = self._clock()
                opened.append(row.opened_at if row else last_cut_off(settings.schedule, settings.zone, now))
            opened_at = min(opened)
            messages = await kept.present_between(transaction, channel.id, opened_at - READ_AGAIN_FROM, None)
        since = min([opened_at, *(message.sent_at for message in messages)])
        return since, frozenset(message.thread for message in messages if message.thread)
