"""A server on loopback with Ann and Ben and #links, and the adapter in it with a listener that keeps what it hears."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import cards
from bot.chat import Answer, Chat, Invocation, Parameter, PermissionDenied
from bot.platforms.discord.client import Discord
from bot.platforms.discord.gateway import Patience
from bot.platforms.discord.settings import DiscordSettings
from newsletter.collect import Collector
from newsletter.heard import ChannelId, Heard
from newsletter.store import Store, directory
from newsletter.store import chat as kept
from newsletter.words import read
from tests import stores
from tests.servers.discord import Channel, DiscordServer, Guild, Person

LONG_AGO = timedelta(days=365)
IMPATIENT = Patience(greeting=10, silence=20, retry=0.05, retry_at_most=0.2, steady=60, goodbye=0.2)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Command:
    name: str
    shortcut: str = ""
    help: str = "Something"
    parameters: tuple = ()


COMMANDS = (
    Command("preview"),
    Command("edit", shortcut="Edit this link", parameters=(Parameter("link", "Which one"),)),
    Command("move", parameters=(Parameter("link", "Which one", required=True), Parameter("place", "Where to"))),
)


@dataclass
class Keeper:
    """A listener: it stores what is heard, reads back when it should, and answers as ``answer`` says."""

    store: Store
    answer: Callable[[Invocation], Answer] = lambda asked: Answer(cards.text(f"You said {asked.text}"))
    commands: tuple[Command, ...] = COMMANDS
    forms: tuple[str, ...] = ("edit",)
    heard_all: list[Heard] = field(default_factory=list)
    asked_all: list[Invocation] = field(default_factory=list)
    connections: int = 0
    reading: int = 0

    def __post_init__(self) -> None:
        self._collector = Collector(self.store)

    async def connected(self, chat: Chat) -> None:
        self.reading += 1
        try:
            for channel in await chat.channels():
                with suppress(PermissionDenied):
                    async for reading in chat.read(channel.id, now() - LONG_AGO, await self._threads(channel.id)):
                        await self._collector.hear(reading)
        finally:
            self.reading -= 1
        self.connections += 1

    async def _threads(self, channel: ChannelId) -> set[str]:
        """Those of which something is kept."""
        async with self.store.reading() as transaction:
            found = await kept.present_between(transaction, channel, now() - LONG_AGO, None)
        return {one.thread for one in found if one.thread}

    async def heard(self, heard: Heard) -> None:
        self.heard_all.append(heard)
        await self._collector.hear(heard)

    async def asked(self, invocation: Invocation) -> Answer:
        self.asked_all.append(invocation)
        return self.answer(invocation)

    async def seen(self) -> dict[str, Any]:
        async with self.store.reading() as transaction:
            return {
                message.id.id: message
                for channel in (await directory.channels(transaction)).values()
                for message in await kept.present_between(transaction, channel.id, now() - LONG_AGO, None)
            }

    async def urls(self) -> list[str]:
        """The links that are kept."""
        return sorted(share.url for seen in (await self.seen()).values() for share in read(seen.text))

    async def reactions(self, message: str) -> dict[str, list[str]]:
        """Who stands behind which emoji of a message, by id."""
        one = (await self.seen())[message]
        async with self.store.reading() as transaction:
            found = (await kept.messages(transaction, [one.id]))[one.id]
        people: dict[str, list[str]] = {}
        for (person, emoji), standing in sorted(found.reactions.items()):
            if standing.on:
                people.setdefault(emoji, []).append(person.id)
        return people


@dataclass
class Scene:
    """Everything a test needs."""

    discord: DiscordServer
    guild: Guild
    ann: Person
    ben: Person
    links: Channel
    keeper: Keeper
    chat: Discord
    running: asyncio.Task[None] | None = None

    def start(self, listener: Any = None) -> None:
        self.running = asyncio.create_task(self.chat.run(listener or self.keeper))

    async def kill(self) -> None:
        """End the run, whatever it is at."""
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await asyncio.wait_for(self.running, 10)
            self.running = None

    async def until(self, what: Callable[[], object], within: float = 30) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(within):
            while not what():  # noqa: ASYNC110 - what is waited for is on the other side of a network
                await asyncio.sleep(0.005)

    async def quiet(self, connections: int = 0) -> None:
        """All that was said is heard and stored, and what was missed is read back."""
        async with asyncio.timeout(60):
            await self.until(lambda: self.keeper.connections >= connections)
            await self.discord.dispatched(30)
            await self.chat.inbox.join()
            await asyncio.sleep(0)
            await self.until(lambda: not self.keeper.reading)

    @property
    def sessions(self) -> int:
        return len(self.discord.gateway.identified)


@asynccontextmanager
async def scene(
    sqlite_url: str, openapi: Path | None = None, *, patience: Patience = IMPATIENT, settings: Any = None, **server: Any
) -> AsyncIterator[Scene]:
    store = await Store.open(sqlite_url)
    async with DiscordServer(openapi=openapi, **server) as served:
        guild = served.add_guild("Team")
        ann, ben = served.add_person(guild, "Ann", locale="ko"), served.add_person(guild, "Ben")
        links = served.add_channel(guild, "links")
        told = {"token": served.token, "api_url": served.api_url, "workspace": guild.id} | (settings or {})
        chat = Discord(DiscordSettings(**told), clock=now, patience=patience)
        made = Scene(served, guild, ann, ben, links, Keeper(store), chat)
        try:
            yield made
        finally:
            await made.kill()
            await chat.close()
            await store.close()
    assert served.violations == []


@pytest.fixture(autouse=True)
def _classes_as_they_were() -> Iterator[None]:
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    yield
    discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
def openapi(request: pytest.FixtureRequest) -> Path | None:
    """The official description, where there is one: all that we send in a test is then checked against it."""
    try:
        return request.getfixturevalue("shared_data") / "discord-openapi.json"
    except pytest.skip.Exception:
        return None


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database that is up to date, so that no test has to make one."""
    return stores.fresh(tmp_path)


@pytest.fixture
async def live(sqlite_url: str, openapi: Path | None) -> AsyncIterator[Scene]:
    """Connected, and everything is quiet."""
    async with scene(sqlite_url, openapi) as made:
        made.start()
        await made.quiet(1)
        yield made
