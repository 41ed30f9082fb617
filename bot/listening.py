"""What Linkletter does with what a chat hears: collect it, read back what was missed, answer questions.

One ``Listening`` serves all chats. It decides which channels are listened to; what is kept of them is ``Collector``'s,
what is answered ``Commands``'.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat import Answer, Chat, Command, Invocation, PermissionDenied
from bot.commands import Commands
from bot.manners import Manners
from newsletter.collect import Collector
from newsletter.errors import NewsletterError
from newsletter.heard import ChannelId, ChannelSeen, Heard, MessageSeen, PersonSeen, ReactionHeard, Reading
from newsletter.ports import Clock
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, editions
from newsletter.store import chat as kept
from newsletter.week import last_cut_off

log = logging.getLogger(__name__)


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
        """The rows."""
        return self._commands.commands

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

    async def done(self) -> None:
        """Wait until no courtesy is under way, before the store or a chat is closed."""
        await self._manners.done()

    async def connected(self, chat: Chat) -> None:
        """Read back, in every channel a newsletter collects from, since its open edition was opened.

        A channel that may not be read is said in the log; the others are read. Where we are new, we say what we do.
        """
        self._channels = {id: seen for id, seen in self._channels.items() if id.platform != chat.platform}
        channels = await chat.channels()
        # What was imported before the workspace was known belongs to the one the platform names now.
        async with self._store.writing() as transaction:
            for workspace in sorted({channel.id.workspace for channel in channels}):
                await kept.adopt(transaction, chat.platform, workspace)
        for channel in channels:
            await self._know(channel)
        for channel in filter(self._collecting, channels):
            try:
                await self._read(chat, channel)
            except PermissionDenied as error:
                log.warning("%s:#%s was not read: %s", chat.platform, channel.name, error)
            await self._manners.introduce(chat, channel, self._collecting(channel))

    async def read_back(self, settings: NewsletterSettings, within: timedelta) -> tuple[str, ...]:
        """Read the newsletter's channels again, for so long at most; returns what was not reached, and why."""
        missing: dict[str, str] = {}
        try:
            async with asyncio.timeout(within.total_seconds()):
                for chat in self._chats.values():
                    await self._read_for(settings, chat, missing)
        except TimeoutError:
            pass  # what it did not come to is still in `missing`
        return tuple(f"{place} ({why})" for place, why in missing.items())

    async def _read_for(self, settings: NewsletterSettings, chat: Chat, missing: dict[str, str]) -> None:
        missing[chat.platform] = "not reached in time"
        try:
            channels = [seen for seen in await chat.channels() if settings.collects(seen)]
        except (NewsletterError, OSError) as error:
            missing[chat.platform] = str(error)
            return
        del missing[chat.platform]
        missing |= {f"{chat.platform} #{channel.name}": "not reached in time" for channel in channels}
        for channel in channels:
            place = f"{chat.platform} #{channel.name}"
            try:
                await self._read(chat, channel)
            except (NewsletterError, OSError) as error:
                missing[place] = str(error)
            else:
                del missing[place]

    async def _read(self, chat: Chat, channel: ChannelSeen) -> None:
        since, threads = await self._missing(channel)
        async for reading in chat.read(channel.id, since, threads):
            await self._collector.hear(reading)

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

    def _collecting(self, channel: ChannelSeen) -> tuple[NewsletterSettings, ...]:
        return tuple(settings for settings in self._newsletters if settings.collects(channel))

    async def _missing(self, channel: ChannelSeen) -> tuple[datetime, frozenset[str]]:
        """From when a channel is to be read, and the threads of which something is kept since."""
        async with self._store.reading() as transaction:
            opened = []
            for settings in self._collecting(channel):
                row = await editions.open_edition(transaction, settings.key)
                now = self._clock()
                opened.append(row.opened_at if row else last_cut_off(settings.schedule, settings.zone, now))
            since = min(opened)
            messages = await kept.present_between(transaction, channel.id, since, None)
        return since, frozenset(message.thread for message in messages if message.thread)
