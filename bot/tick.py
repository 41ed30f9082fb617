"""The clock's hand: APScheduler calls one coroutine every half minute, and does nothing else.

Its cron skips weeks after clock changes and fires twice in repeated hours, so it knows no newsletter's time: what is
due is read from the store (``newsletter.due``).
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

EVERY = timedelta(seconds=30)


@contextmanager
def ticking(tick: Callable[[], Awaitable[None]], every: timedelta = EVERY) -> Iterator[None]:
    """Within the block ``tick`` is called at once and then ``every`` so often, never twice at a time.

    A tick that comes while the last one is at work is left out; so are those that a sleeping machine missed. To be used
    within a running event loop.
    """
    # It warns of each tick that is left out, which is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        "interval",
        seconds=every.total_seconds(),
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
