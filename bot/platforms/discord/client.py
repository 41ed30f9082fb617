"""Linkletter in Discord: a ``bot.chat.Chat``, put together here from its parts.

Read in this order: ``gateway.py`` is the way in, ``taking.py`` what is done with what comes, ``answering.py`` with
questions; ``reading.py`` reads back; ``channel.py`` posts; ``directory.py`` knows names. Everything but hearing goes
through ``calls.py``, so a ``Discord`` that does not run can read and post as well.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import datetime
from typing import Any

from bot.chat import Cards, Listener, PermissionDenied
from bot.platforms.discord import calls, channel, draw, gateway, payloads, questions
from bot.platforms.discord.answering import Answering
from bot.platforms.discord.calls import DiscordError, Rest, Said
from bot.platforms.discord.channel import DiscordChannel
from bot.platforms.discord.directory import Directory
from bot.platforms.discord.gateway import Patience
from bot.platforms.discord.payloads import PLATFORM, Json, identifier
from bot.platforms.discord.questions import Question
from bot.platforms.discord.reading import Reader
from bot.platforms.discord.settings import DiscordSettings
from bot.platforms.discord.taking import Taking
from newsletter.errors import DeliveryError, NewsletterError, UserError
from newsletter.heard import ChannelId, ChannelSeen, MessageId, PersonId, Reading
from newsletter.ports import Clock, Destination

log = logging.getLogger(__name__)

HINT = "💡"
"""Stands on a message about which there is something to say: Discord shows nothing to one person alone, unless they
ask."""

_REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"


class Discord:
    """The bot in the servers it was invited to, or in the one that is configured. ``called`` is its slash command."""

    platform = PLATFORM

    def __init__(
        self, settings: DiscordSettings, *, clock: Clock, called: str = "/digest", patience: Patience | None = None
    ) -> None:
        self.called = called
        self._settings = settings
        self._clock = clock
        self._patience = patience or Patience()
        self._rest = Rest(settings)
        self._directory = Directory(self._rest, clock, settings.workspace)
        self._reader = Reader(self._rest, self._directory, clock, settings.spoilers)
        self.inbox: asyncio.Queue[tuple[str, Json, datetime]] = asyncio.Queue()
        """Events that wait to be taken in."""

    async def close(self) -> None:
        """Leave no connection open. Used again, it opens one again."""
        await self._rest.close()

    async def run(self, listener: Listener) -> None:
        """Hear and answer until cancelled. Raises ``UserError`` for what connecting again does not mend."""
        calls.token_of(self._settings)
        self.inbox = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as tasks:
                run = _Run(self, listener, tasks)
                tasks.create_task(run.offer())
                tasks.create_task(run.take())
                tasks.create_task(run.read_back())
                tasks.create_task(gateway.run(self._rest, self._settings, run.came, self._patience))
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None
            raise
        finally:
            self._directory.forget(told=False)

    # --- reading ---

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """The channels Linkletter sees, but for age-restricted ones. Raises ``ConnectionError``."""
        return tuple((await self._directory.channels()).values())

    async def read(self, channel: ChannelId, since: datetime, threads: Collection[str] = ()) -> AsyncGenerator[Reading]:
        """The channel since ``since``, then its threads with something new since then and those named.

        Raises ``PermissionDenied``, and ``ConnectionError`` where Discord cannot be reached.
        """
        seen = (await self._directory.channels()).get(channel.id)
        if seen is None:
            raise PermissionDenied(f"Linkletter does not see the channel {channel.id}, or it is age-restricted")
        async with aclosing(self._reader.read(seen, since, threads)) as found:
            async for one in found:
                yield one

    async def people(self, role: str) -> frozenset[PersonId]:
        """A person, in each server of ours; or the people of a role."""
        role = role.rpartition(":")[2]
        members = await self._directory.with_role(role)
        if members is not None:
            return members
        return frozenset(PersonId(PLATFORM, guild, role) for guild in await self._directory.guilds())

    async def permalink(self, message: MessageId) -> str | None:
        """It names the thread, as far as we remember where the message stands."""
        return payloads.permalink(message.channel, message.id, self._directory.thread_of(message.id))

    # --- posting ---

    def destination(self, channel: ChannelId) -> Destination:
        """The channel as a destination."""
        return DiscordChannel(self._rest, self._directory, self._clock, channel.id)

    async def say(self, to: ChannelId | PersonId, cards: Cards) -> MessageId | None:
        """Post the cards, all but the first message in its thread; in a conversation one after the other."""
        destination = f"{PLATFORM}:{to.id}"
        place = await channel.conversation(self._rest, to.id) if isinstance(to, PersonId) else to.id
        first: MessageId | None = None
        thread: str | None = None
        for drawn in draw.messages(cards):
            if first is not None and thread is None and isinstance(to, ChannelId):
                name = cards.channel[0].title or "Linkletter" if cards.channel else "Linkletter"
                thread = await channel.begin_thread(self._rest, destination, place, first.id, draw.thread_name(name))
            said = await channel.post(self._rest, destination, thread or place, json.loads(drawn))
            first = first or MessageId(ChannelId(PLATFORM, to.workspace, place), identifier(said.get("id")))
        return first

    async def hint(self, message: MessageId, person: PersonId, cards: Cards) -> None:
        """One emoji on the message; its menu tells the rest."""
        await self.sign(message, HINT)

    async def sign(self, message: MessageId, emoji: str, *, on: bool = True) -> None:
        """Our reaction: characters, or ``name:id`` of a server's own emoji."""
        place = self._directory.thread_of(message.id) or message.channel.id
        where: dict[str, Any] = {"channel_id": place, "message_id": message.id, "emoji": emoji.strip("<>:")}
        try:
            await self._rest.once("PUT" if on else "DELETE", _REACTION, **where)
        except (DiscordError, UserError) as error:
            if on or not isinstance(error, Said) or error.status != 404:
                log.warning("the reaction %s could not be set: %s", emoji, error)


class _Run:
    """One run: what came, what was missed, what is asked."""

    def __init__(self, chat: Discord, listener: Listener, tasks: asyncio.TaskGroup) -> None:
        self._chat = chat
        self._listener = listener
        self._tasks = tasks
        self._missed = asyncio.Event()
        self._rest, self._directory, self._clock = chat._rest, chat._directory, chat._clock
        spoilers = chat._settings.spoilers
        self._taking = Taking(self._directory, chat._reader, listener, self._clock, self._missed.set, spoilers)
        self._answering = Answering(self._rest, self._directory, listener, self._clock, spoilers, chat._patience)

    def came(self, name: str, event: Json) -> None:
        """An event: a question is answered at once, for the asker waits three seconds; all else in its order."""
        if name != "INTERACTION_CREATE":
            self._chat.inbox.put_nowait((name, event, self._clock()))
            return
        try:
            asked = questions.question(event, self._listener.commands)
        except Exception:
            log.exception("a question could not be read, reference %s", secrets.token_hex(3))
            return
        if asked is not None:
            self._tasks.create_task(self._answer(asked))

    async def _answer(self, asked: Question) -> None:
        try:
            await self._answering.answer(asked)
        except (NewsletterError, OSError):
            raise
        except Exception:
            log.exception("a question could not be answered, reference %s", secrets.token_hex(3))

    async def take(self) -> None:
        """Take in what came, one after the other."""
        inbox = self._chat.inbox
        while True:
            name, event, at = await inbox.get()
            await self._taking.take(name, event, at, last=inbox.empty())
            inbox.task_done()

    async def read_back(self) -> None:
        """Whenever something may have been missed; again, where Discord could not be reached."""
        failures = 0
        while True:
            await self._missed.wait()
            self._missed.clear()
            try:
                await self._listener.connected(self._chat)
                failures = 0
            except DiscordError as error:
                failures += 1
                log.warning("not everything could be read back, it is tried again: %s", error)
                await asyncio.sleep(gateway.backoff(failures, self._chat._patience))
                self._missed.set()

    async def offer(self) -> None:
        """Register the commands, where Discord has others; again, where it could not be reached."""
        failures = 0
        while True:
            try:
                await self._offer()
                return
            except Said as error:
                log.warning("the command %s could not be registered: %s", self._chat.called, error)
                return
            except (DiscordError, DeliveryError) as error:
                failures += 1
                log.warning("the commands are registered later: %s", error)
                await asyncio.sleep(gateway.backoff(failures, self._chat._patience))

    async def _offer(self) -> None:
        """In the server that is configured, which is at once; else everywhere. Never in both: each would show twice."""
        guild = self._chat._settings.workspace
        scope = {"application_id": await self._directory.application()}
        everywhere = "/applications/{application_id}/commands"
        here = "/applications/{application_id}/guilds/{guild_id}/commands"
        wanted = questions.offered(self._chat.called, self._listener.commands, everywhere=not guild)
        path, where = (here, {**scope, "guild_id": guild}) if guild else (everywhere, scope)
        if not questions.same(wanted, await self._rest.many(path, **where, with_localizations="true")):
            await self._rest.once("PUT", path, wanted, **where)
        if guild:
            names = {(one["type"], one["name"]) for one in wanted}
            for one in await self._rest.many(everywhere, **scope):
                if (one.get("type") or 1, one.get("name")) in names:
                    id = identifier(one.get("id"))
                    await self._rest.once("DELETE", f"{everywhere}/{{command_id}}", **scope, command_id=id)
