"""An unmodified discord.py and a small Discord with people in it, for the tests of our Discord server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import yarl
from discord import app_commands

from tests.servers.discord import (
    Channel,
    DiscordServer,
    Guild,
    Person,
)

WITHIN = 10


class Bot(discord.Client):
    """discord.py as it is; ``events`` are those dispatched to a program, with what came with them."""

    def __init__(self, **more: Any) -> None:
        intents = more.pop("intents", None) or discord.Intents(
            guilds=True, guild_messages=True, guild_reactions=True, message_content=True
        )
        super().__init__(intents=intents, guild_ready_timeout=0.05, **more)
        self.tree = app_commands.CommandTree(self)
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self._news = asyncio.Event()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append((event, args))
        self._news.set()
        super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the 5 s before each further identify."""

    def of(self, event: str) -> list[Any]:
        return [args[0] if args else None for name, args in self.events if name == event]

    async def until(self, event: str, times: int = 1) -> list[Any]:
        async with asyncio.timeout(WITHIN):
            while len(self.of(event)) < times:
                self._news.clear()
                await self._news.wait()
        return self.of(event)


class Town:
    """A Discord with a guild, two people and two channels."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.guild: Guild = server.add_guild("Team")
        self.ann: Person = server.add_person(self.guild, "Ann")
        self.ben: Person = server.add_person(self.guild, "Ben")
        self.links: Channel = server.add_channel(self.guild, "links")
        self.desk: Channel = server.add_channel(self.guild, "desk", private=True)


@asynccontextmanager
async def running(server: DiscordServer, **more: Any) -> AsyncIterator[Bot]:
    """discord.py, logged in, connected and ready."""
    discord.http.Route.BASE = server.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)
    bot = Bot(**more)
    task = asyncio.create_task(bot.start(server.token))
    ready = asyncio.create_task(bot.until("ready"))
    try:
        await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.gather(task, ready, return_exceptions=True)
