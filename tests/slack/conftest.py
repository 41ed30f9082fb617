"""A workspace on loopback with Ann and Ben and #links, and the adapter in it with a listener that keeps what it hears."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import cards
from bot.chat import Answer, Chat, Invocation
from bot.platforms.slack.client import Slack
from bot.platforms.slack.settings import SlackSettings
from bot.platforms.slack.socket_mode import Patience
from newsletter.collect import Collector
from newsletter.heard import Heard
from newsletter.store import Store, directory
from newsletter.store import chat as kept
from tests import stores
from tests.servers.slack import Channel, Person, SlackServer

LONG_AGO = timedelta(days=365)
IMPATIENT = Patience(handshake=0.5, farewell=0.1, retry=0.05, retry_at_most=0.2)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Command:
    name: str
    shortcut: str = ""
    help: str = "Something"
    parameters: tuple = ()


@dataclass
class Keeper:
    """A listener: it stores what is heard, reads back when it should, and answers as ``answer`` says."""

    store: Store
    answer: Callable[[Invocation], Answer] = lambda asked: Answer(cards.text(f"You said {asked.text}"))
    commands: tuple[Command, ...] = (Command("preview"), Command("edit", shortcut="Edit this link"))
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
                async for reading in chat.read(channel.id, now() - LONG_AGO):
                    await self._collector.hear(reading)
        finally:
            self.reading -= 1
        self.connections += 1

    async def heard(self, heard: Heard) -> None:
        self.heard_all.append(heard)
        await self._collector.hear(heard)

    async def asked(self, invocation: Invocation) -> Answer:
        self.asked_all.append(invocation)
        return self.answer(invocation)

    async def messages(self) -> dict[str, str]:
        """The texts that are kept, by the ids of their messages."""
        return {ts: seen.text for ts, seen in (await self.seen()).items()}

    async def seen(self) -> dict[str, Any]:
        async with self.store.reading() as transaction:
            return {
                message.id.id: message
                for channel in (await directory.channels(transaction)).values()
                for message in await kept.present_between(transaction, channel.id, now() - LONG_AGO, None)
            }


@dataclass
class Scene:
    """Everything a test needs."""

    slack: SlackServer
    ann: Person
    ben: Person
    links: Channel
    keeper: Keeper
    chat: Slack
    running: asyncio.Task[None] | None = None

    def start(self, listener: Any = None) -> None:
        self.running = asyncio.create_task(self.chat.run(listener or self.keeper))

    async def kill(self) -> None:
        """End the run, whatever it is at."""
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self.running
            self.running = None

    async def until(self, what: Callable[[], object], within: float = 10) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(within):
            while not what():  # noqa: ASYNC110 - what is waited for is on the other side of a network
                await asyncio.sleep(0.005)

    async def quiet(self, connections: int = 0) -> None:
        """All that was said is heard and stored, and what was missed is read back."""
        await self.until(lambda: self.keeper.connections >= connections)
        await self.slack.quiet()
        await self.until(lambda: not self.keeper.reading)
        await self.slack.quiet()

    async def answered(self) -> None:
        """Every question is answered."""
        while answers := [one for one in asyncio.all_tasks() if one.get_coro().__qualname__ == "Answering.answer"]:
            await asyncio.wait(answers)


@asynccontextmanager
async def scene(
    sqlite_url: str, *, patience: Patience = IMPATIENT, http: bool = False, **server: Any
) -> AsyncIterator[Scene]:
    store = await Store.open(sqlite_url)
    async with SlackServer(**({"patience": 2, "retries": (0, 0.05, 0.1)} | server)) as slack:
        ann, ben = slack.workspace.join("Ann", locale="ko-KR"), slack.workspace.join("Ben")
        links = slack.workspace.open_channel("links", [ann, ben])
        told = {"signing_secret": slack.signing_secret, "http_port": 0} if http else {"app_token": slack.app_token}
        settings = SlackSettings(bot_token=slack.bot_token, api_url=slack.api_url, **told)
        made = Scene(slack, ann, ben, links, Keeper(store), Slack(settings, clock=now, patience=patience))
        try:
            yield made
        finally:
            await made.kill()
            await store.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database that is up to date, so that no test has to make one."""
    return stores.fresh(tmp_path)


@pytest.fixture
async def live(sqlite_url: str) -> AsyncIterator[Scene]:
    """Connected, and everything is quiet."""
    async with scene(sqlite_url) as made:
        made.start()
        await made.quiet(1)
        yield made
