"""``linkletter run``: chats, enrichment and the weekly tick in one task group, until it is told to end.

Who holds which lease, what is started again and how a stop is kind is decided here; what a tick does is ``weekly``'s
and when it comes ``tick``'s.
"""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from bot.chat import Chat, Listener
from bot.tick import ticking
from bot.weekly import Weekly
from newsletter.errors import NewsletterError, UserError
from newsletter.ports import Clock
from newsletter.store import Store, run

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long after its last tick a process is still taken to be at work."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=5)
"""Between two attempts to connect a chat that broke."""

READ_AGAIN = timedelta(hours=6)
"""How often everything since the last edition is read again: what no event told is found within the day."""

KIND_STOP = timedelta(seconds=4)
"""How long the part being sent may take when the process is told to end; what manages processes kills after 10 s."""

IN_VAIN = 3
"""So many attempts to connect fail before people hear of it: most troubles are over by then."""

WELL_AFTER = timedelta(minutes=1)
"""A connection that lasts so long is well."""

ALIVE = "tick"
"""The lease that each good tick renews; one that has run out says that the bot died."""


Work = Callable[[], Awaitable[None]]


class Stopping:
    """Whether the process was told to end. Asked between two parts of a delivery."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> bool:
        """Whether it was."""
        return self._event.is_set()

    def now(self) -> None:
        """Tell it. The second time changes nothing."""
        self._event.set()

    async def wait(self) -> None:
        """Until it is told."""
        await self._event.wait()


@dataclass
class Run:
    """One process at work. ``alone``: no other may be on this database (SQLite); else several share the work."""

    store: Store
    weeklies: Sequence[Weekly]
    chats: Sequence[Chat]
    listener: Listener
    stopping: Stopping
    clock: Clock
    owner: str
    is_alive: Callable[[str], bool]
    alone: bool
    trouble: Callable[[str, str | None], Awaitable[None]]
    """Called with a platform that cannot be connected and why; with ``None`` when it is well."""
    beside: Sequence[Work] = ()
    """What else runs for as long as this does; a failure of it is logged, and it is started again."""
    after_tick: Work | None = None
    _turning: set[asyncio.Task[None]] = field(default_factory=set)
    """The tick that is at work: ours to end, not the scheduler's, which would end it in the middle."""

    async def forever(self) -> None:
        """Run until told to end. Raises ``UserError`` where another process is at work that must be alone."""
        async with self._alone_here():
            with ticking(self.tick):
                tasks = [asyncio.create_task(self._keep_chat(chat), name=chat.platform) for chat in self.chats]
                tasks += [asyncio.create_task(self._keep(work)) for work in self.beside]
                try:
                    await self.stopping.wait()
                finally:
                    await self._end(tasks)

    async def _end(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Let the part being sent arrive, then stop everything."""
        self.stopping.now()
        if self._turning:
            await asyncio.wait(self._turning, timeout=KIND_STOP.total_seconds())
        all_of_them = [*tasks, *self._turning]
        # Again, as Python 3.11's TaskGroup forgets that it was cancelled where one of its tasks fails just then.
        while left := [task for task in all_of_them if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1)
        await asyncio.gather(*all_of_them, return_exceptions=True)
        async with self.store.writing() as transaction:
            await run.let_go(transaction, ALIVE, self.owner)

    # --- the tick ---

    async def tick(self) -> None:
        """One turn of every newsletter, each by itself: one that waits holds up no other."""
        if self.stopping():
            return
        self._turning = {asyncio.create_task(self._turns())}
        await asyncio.wait(self._turning)
        self._turning = set()

    async def _turns(self) -> None:
        try:
            good = all(await asyncio.gather(*(weekly.turn() for weekly in self.weeklies)))
            if good and not self.stopping():
                await self._say_that_we_are_alive()
        except Exception as error:
            known = isinstance(error, NewsletterError | OSError)
            log.error("the tick failed: %s", error, exc_info=None if known else error)

    async def _say_that_we_are_alive(self) -> None:
        async with self.store.writing() as transaction:
            await run.beat(transaction, ALIVE, self.owner, self.clock() + LEASE)
        if self.after_tick is not None:
            await self.after_tick()

    # --- alone, or by turns ---

    @asynccontextmanager
    async def _alone_here(self) -> AsyncIterator[None]:
        if not self.alone:
            yield
            return
        name = "run"
        if not await self._hold(name):
            raise UserError(
                "linkletter run is already at work on this database; stop that one first, or give this one a database "
                "of its own. Every other command works beside it."
            )
        staying = asyncio.create_task(self._stay(name))
        try:
            yield
        finally:
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
            await self._let_go(name)

    async def _stay(self, name: str) -> None:
        """Renew the lease; where it was lost (this process was stopped for long), end."""
        await self._until_lost(name)
        log.error("another process has taken over while this one was stopped: it ends")
        self.stopping.now()

    async def _until_lost(self, name: str) -> None:
        while await self._renewed(name):  # noqa: ASYNC110 - another process cannot set our event
            await asyncio.sleep(LEASE.total_seconds() / 4)

    async def _renewed(self, name: str) -> bool:
        try:
            return await self._hold(name)
        except NewsletterError as error:
            log.warning("the lease could not be renewed: %s", error)
            return True

    async def _hold(self, name: str) -> bool:
        async with self.store.writing() as transaction:
            holder = await run.holder(transaction, name)
            dead = holder[0] if holder is not None and not self.is_alive(holder[0]) else None
            return await run.hold(transaction, name, self.owner, self.clock(), LEASE, instead_of=dead)

    async def _let_go(self, name: str) -> None:
        async with self.store.writing() as transaction:
            await run.let_go(transaction, name, self.owner)

    # --- what is started again ---

    async def _keep_chat(self, chat: Chat) -> None:
        """Keep a chat connected; of several processes one, while the others stand by."""
        name = f"chat:{chat.platform}"

        async def connected() -> None:
            while not await self._hold(name):  # noqa: ASYNC110 - another process cannot set our event
                await asyncio.sleep(LEASE.total_seconds() / 8)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._stay_connected(name))
                    group.create_task(self._read_again(chat))
                    group.create_task(self._is_well(chat.platform))
                    await chat.run(self.listener)
                    raise ConnectionError(f"the connection to {chat.platform} ended")
            finally:
                await self._let_go(name)

        async def tell(why: str) -> None:
            await self.trouble(chat.platform, why)

        await self._keep(connected, tell)

    async def _stay_connected(self, name: str) -> None:
        await self._until_lost(name)
        raise ConnectionError("another process has taken the connection over")

    async def _is_well(self, platform: str) -> None:
        await asyncio.sleep(WELL_AFTER.total_seconds())
        await self.trouble(platform, None)

    async def _read_again(self, chat: Chat) -> None:
        while True:
            await asyncio.sleep(READ_AGAIN.total_seconds())
            await self.listener.connected(chat)

    async def _keep(self, work: Work, tell: Callable[[str], Awaitable[None]] | None = None) -> None:
        """Start it again whenever it ends, at growing distances while it fails at once; then people are told."""
        wait, failures = FIRST_WAIT, 0
        while not self.stopping():
            began = self.clock()
            try:
                await work()
            except Exception as error:
                first = _first_cause(error)
                why = str(first) or type(first).__name__
                known = isinstance(first, NewsletterError | ConnectionError)
                log.error("started again after: %s", why, exc_info=None if known else error)
            else:
                why = "it ended"
            if self.clock() - began > LONGEST_WAIT:
                wait, failures = FIRST_WAIT, 0
            failures += 1
            if tell is not None and failures >= IN_VAIN:
                await tell(why)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds() * random.uniform(0.8, 1.2)):  # noqa: S311 - no secret
                    await self.stopping.wait()
            wait = min(wait * 2, LONGEST_WAIT)


def _first_cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def until_told(stopping: Stopping) -> AsyncIterator[None]:
    """Within the block SIGTERM and Ctrl-C tell the process to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.now)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
