"""Ten thousand links against a local server that takes 50 ms for each page, beside what so many visits at once allow.

The enricher and the server are two processes, and the enricher is killed once in the middle and started again. Ends with
an error if a link was lost, or a host was asked faster than the settings allow.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from measure import Row
from sqlalchemy import create_engine, insert

from newsletter.enrich import Enricher
from newsletter.fetch import GuardedFetcher
from newsletter.model import LinkState
from newsletter.settings import FetchSettings, NewsletterSettings
from newsletter.store import Store, pages, tables
from newsletter.store.chat import link_digest

HERE = Path(__file__).resolve().parent
LATENCY, AT_ONCE, PAUSE, HOSTS = 0.05, 16, 0.2, 500
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def rows(folder: Path, count: int, tell: Callable[[str], None]) -> list[Row]:
    """One row: how long all links took, beside their latency shared out over the visits at once."""
    return [asyncio.run(_measure(folder, count, tell))]


async def _measure(folder: Path, count: int, tell: Callable[[str], None]) -> Row:
    from servers.web import html, serving

    database = f"sqlite:///{folder}/links.db"
    store = await Store.open(database)
    async with serving() as web:
        web.other, web.latency = lambda path: html(f"Page {path}"), LATENCY
        _fill(folder / "links.db", count, web.port)
        begun, killed = time.perf_counter(), False
        process = _start(database, web.port)
        while (done := await _fetched(store)) < count:
            tell(f"Fetching pages: {done:,} of {count:,}")
            if process.poll() is not None:
                raise AssertionError("the enricher ended by itself")
            if not killed and done > count // 2:
                process.send_signal(signal.SIGKILL)
                process.wait()
                process, killed = _start(database, web.port), True
            await asyncio.sleep(0.2)
        seconds = time.perf_counter() - begun
        process.kill()
        process.wait()
        await store.close()
        by_host = defaultdict(list)
        for one in sorted(web.asked, key=lambda one: one.begun):
            by_host[one.host].append(one)
        # Two processes keep no pace together: the pair around the kill may be closer.
        close = sum(b.begun - a.ended < PAUSE * 0.95 for own in by_host.values() for a, b in pairwise(own))
        if close > AT_ONCE or {one.path for one in web.asked} != {f"/{n}" for n in range(count)}:
            raise AssertionError(f"{close} requests came too early, or a link was lost")
        tell("")
        again = len(web.asked) - count
    ideal = count * LATENCY / AT_ONCE
    what = f"{count:,} links, {AT_ONCE} at once, {LATENCY * 1000:.0f} ms each, killed once ({again} asked twice)"
    return Row(what, "allowed", [seconds], [ideal], amount=count)


async def _fetched(store: Store) -> int:
    async with store.reading() as transaction:
        return (await pages.counts(transaction)).get(LinkState.FETCHED, 0)


def _start(database: str, port: int) -> "subprocess.Popen[bytes]":
    paths = os.pathsep.join(filter(None, (str(HERE.parent.parent), str(HERE.parent), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, str(HERE / "fetching.py"), database, str(port)], env={**os.environ, "PYTHONPATH": paths}
    )


def _fill(file: Path, count: int, port: int) -> None:
    """Each link in a message of its own, straight into the tables."""
    ids = range(1, count + 1)
    urls = [f"http://h{n % HOSTS}.example:{port}/{n}" for n in range(count)]
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        place = {"id": 1, "platform": "slack", "workspace": "T", "external_id": "X", "name": "x", "named_at": LONG_AGO}
        connection.execute(insert(tables.channel), [{**place, "private": False}])
        connection.execute(insert(tables.person), [{**place, "bot": False}])
        links = [{"id": n, "digest": link_digest(url), "key": url} for n, url in zip(ids, urls, strict=True)]
        connection.execute(insert(tables.link), links)
        message = {"channel_id": 1, "author_id": 1, "sent_at": LONG_AGO, "live": True, "text": "", "previews": []}
        connection.execute(
            insert(tables.message), [{**message, "id": n, "external_id": str(n), "gone": False} for n in ids]
        )
        share = {
            "channel_id": 1, "sent_at": LONG_AGO, "live": True, "present": True, "returned": False, "ordinal": 0,
            "comment": "", "hashtags": [], "bare": True,
        }  # fmt: skip
        shares = [{**share, "message_id": n, "link_id": n, "url": url} for n, url in zip(ids, urls, strict=True)]
        connection.execute(insert(tables.share), shares)
    engine.dispose()


async def _run(database: str, port: int) -> None:
    from servers.web import FINE

    async def resolve(_: str) -> list[str]:
        return [FINE]

    store = await Store.open(database)
    settings = FetchSettings(at_once=AT_ONCE, pause=PAUSE, ports=(port,))
    fetcher = GuardedFetcher(settings, resolve=resolve, is_allowed=lambda address: str(address) == FINE)
    claim = timedelta(seconds=5)
    await Enricher(store, fetcher, settings, [NewsletterSettings()], clock=lambda: datetime.now(UTC), claim=claim).run()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
