"""Linkletter in one world: the real store, collector, publisher and commands behind the public port.

The contract's tests live in it; what a world is stands in ``platforms.py``.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.commands import Commands, Newsletter
from bot.listening import Listening
from newsletter.collect import Collector
from newsletter.model import KeptShare
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, directory, gather, placements
from tests.contracts.platforms import World

START = datetime(2026, 6, 3, 9, tzinfo=UTC)  # a Wednesday; the cut-offs are on Mondays
LONG_AGO, FAR_AHEAD = START - timedelta(days=365), START + timedelta(days=365)


class Clock:
    """A second passes whenever someone looks."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class House:
    """Linkletter in one world: a newsletter that collects from #links and #desk and posts to #links; and ``others``,
    which post nowhere."""

    world: World
    store: Store
    settings: NewsletterSettings
    publisher: Publisher
    commands: Commands
    listening: Listening
    clock: Clock
    running: asyncio.Task[None] | None = None

    @classmethod
    async def build(
        cls,
        world: World,
        database_url: str,
        clock: Clock,
        *,
        others: Sequence[NewsletterSettings] = (),
    ) -> "House":
        store = await Store.open(database_url)
        links, desk = world.channel("links"), world.channel("desk")
        named = [f"{seen.id.platform}:{seen.id.id}" for seen in (links, desk)]
        ann = world.person("Ann")
        settings = NewsletterSettings(
            key="weekly",
            title="The week",
            collect=named,
            post_to=named[:1],
            editors=[f"{ann.platform}:{ann.id}", world.role()],
            editors_channel=named[1],
            introduce=False,
        )
        publisher = Publisher(
            store, settings, [Outlet(world.chat.destination(links.id))], clock=clock, owner="this process"
        )
        newsletters = [Newsletter(settings, publisher)]
        newsletters += [Newsletter(one, Publisher(store, one, [], clock=clock, owner="this process")) for one in others]
        commands = Commands(store, newsletters, [world.chat], clock=clock)
        listening = Listening(store, Collector(store), commands, [settings, *others], [world.chat], clock=clock)
        return cls(world, store, settings, publisher, commands, listening, clock)

    def start(self) -> None:
        self.running = asyncio.create_task(self.world.chat.run(self.listening))

    async def stop(self) -> None:
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError):
                await self.running
            self.running = None
        await self.listening.done()

    async def quiet(self) -> None:
        """Everything is heard and stored; what ended the run is raised."""
        quiet = asyncio.create_task(self.world.quiet())
        await asyncio.wait({quiet, self.running}, return_when=asyncio.FIRST_COMPLETED)
        if not quiet.done():
            quiet.cancel()
            self.running.result()

    async def kept(self) -> list[KeptShare]:
        """Every share that is kept, with its words and reactions."""
        return await shares(self.store)

    async def texts(self) -> list[str]:
        return [f"{share.url} {share.comment}".strip() for share in await self.kept()]

    async def links(self, number: int, words: str = "") -> None:
        """Ben shares so many links."""
        for n in range(number):
            await self.world.post("Ben", f"Paper number {n}\nhttps://example.org/{n}\n{words.format(n=n)}")
        await self.quiet()


async def shares(store: Store) -> list[KeptShare]:
    """Every share in the store, without its row's number."""
    async with store.reading() as transaction:
        rows = list(await directory.channels(transaction))
        ids = await placements.shares_between(transaction, "weekly", rows, LONG_AGO, FAR_AHEAD)
        found = await gather.known(transaction, ids)
    return sorted((replace(share, id=0) for share in found.shares), key=lambda share: (share.sent_at, share.ordinal))


@asynccontextmanager
async def another_store(tmp_path, name="other") -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path / name}.db")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def housed(
    world: World, url: str, clock: Clock, others: Sequence[NewsletterSettings] = ()
) -> AsyncIterator[House]:
    """A house that is lived in, and left in order whatever happens in it."""
    house = await House.build(world, url, clock, others=others)
    try:
        house.start()
        await house.quiet()
        yield house
    finally:
        try:
            await house.stop()
        finally:
            await house.store.close()
