"""Finding again among many shares: how much of what is there is found, how fast, and what its index costs.

Beside what a database does by itself: LIKE, ILIKE, and PostgreSQL's trigrams. What is there is told by a plain scan of
every text. What is searched is ``history.py``'s.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

import history
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from newsletter.collect import Collector
from newsletter.heard import ChannelId, MessageId, MessageSeen, PersonId
from newsletter.search import read
from newsletter.store import Store, Transaction, search, terms

MOST = 20
TIMES_OURS, TIMES_THEIRS = 10, 1
"""So many times as often each is asked: a scan takes as long every time."""

_WORD = re.compile(r"[\uac00-\ud7a3]+|[a-z0-9]+")

Ask = Callable[[str, int], Awaitable[list[int]]]
Tell = Callable[[str], None]


@dataclass(slots=True)
class Asked:
    """One kind of queries, asked: how many are there, were found, and are both; seconds for the newest ``MOST``."""

    there: int = 0
    found: int = 0
    right: int = 0
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to search a store of so many shares."""

    name: str
    database: str
    shares: int
    asked: dict[str, Asked]


@dataclass(frozen=True, slots=True)
class Index:
    """What our index costs: bytes of it and of everything, seconds to make it anew and to take in one message more."""

    database: str
    shares: int
    bytes: int
    everything: int
    anew: float
    heard: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured: the ways to search, ours and the others', and what ours costs."""

    ways: list[Way] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)


def measure(found: Found, databases: dict[int, str], repeats: int, tell: Tell) -> None:
    """Ours and the others' over a store of each size, by its address, into ``found``."""
    for size, url in databases.items():
        asyncio.run(_measure(found, url, size, repeats, tell))
    made = found.indexes[-len(databases) :]
    tell(f"Hearing more, {made[0].database}")
    asyncio.run(_hear([(url, index.heard) for url, index in zip(databases.values(), made, strict=True)], 50 * repeats))


def table(found: Found) -> str:
    """What was measured, as text for a terminal."""
    cells = [("search", "shares", "for", "are there", "recall", "precision", "median", "p99", "beside LIKE")]
    medians = {(way.database, way.shares, way.name, kind): median(asked.seconds) for way, kind, asked in _each(found)}
    for way, kind, asked in _each(found):
        here = medians[way.database, way.shares, way.name, kind]
        like = medians[way.database, way.shares, "LIKE", kind]
        cells.append(
            (
                f"{way.name}, {way.database}",
                f"{way.shares:,}",
                kind,
                f"{asked.there:,}",
                _share(asked.right, asked.there),
                _share(asked.right, asked.found),
                f"{here * 1000:,.2f} ms",
                f"{_p99(asked.seconds) * 1000:,.2f} ms",
                "" if way.name == "LIKE" else f"{here / like:.4f}x",
            )
        )
    costs = [("index", "shares", "weighs", "of everything", "made anew", "one message more", "p99")] + [
        (
            one.database,
            f"{one.shares:,}",
            f"{one.bytes / 1e6:,.0f} MB",
            f"{one.bytes / one.everything:.0%}",
            f"{one.anew:,.0f} s",
            f"{median(one.heard) * 1000:.1f} ms",
            f"{_p99(one.heard) * 1000:.1f} ms",
        )
        for one in found.indexes
    ]
    return f"{_aligned(cells)}\n\n{_aligned(costs)}"


def _each(found: Found) -> list[tuple[Way, str, Asked]]:
    return [(way, kind, asked) for way in found.ways for kind, asked in way.asked.items()]


def _aligned(cells: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            (row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)))
        )
        for row in cells
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


# --- one store -------------------------------------------------------------------------------------------------------


async def _measure(found: Found, url: str, size: int, repeats: int, tell: Tell) -> None:
    words, name = history.Words(), make_url(url).get_backend_name()
    store = await Store.open(url)
    texts = list(words.texts(size))
    tell(f"Looking through {size:,} texts")
    truth = {kind: {asked: _scan(texts, asked) for asked in queries} for kind, queries in words.queries().items()}
    await history.fill(store, texts, lambda done: tell(f"A store of {size:,} shares to search: {done:,}"))
    tell(f"The index of {size:,} shares, {name}")
    async with store.writing() as transaction:
        before, begun = await _weight(transaction), time.perf_counter()
        await terms.fill(transaction)
        anew, after = time.perf_counter() - begun, await _weight(transaction)
        await history.print_editions(transaction, texts)
    async with store.writing() as transaction:
        if name == "postgresql":
            # As the server does by itself after a while.
            await transaction.execute(text("ANALYZE"))
    for way, ask, times in (("ours", _ours(store), TIMES_OURS), ("LIKE", _like(store), TIMES_THEIRS)):
        tell(f"Searching {size:,} shares, {way}, {name}")
        found.ways.append(Way(way, name, size, await _asked(ask, truth, size, times * repeats)))
    if name == "postgresql" and await _trigrams(store):
        tell(f"Searching {size:,} shares, trigrams")
        found.ways.append(Way("pg_trgm", name, size, await _asked(_like(store), truth, size, TIMES_THEIRS * repeats)))
    found.indexes.append(Index(name, size, after - before, after, anew))
    await store.close()


async def _asked(ask: Ask, truth: dict[str, dict[str, set[int]]], size: int, times: int) -> dict[str, Asked]:
    kinds = {}
    for kind, queries in truth.items():
        kinds[kind] = one = Asked()
        for asked, there in queries.items():
            everything = set(await ask(asked, size))
            one.there += len(there)
            one.found += len(everything)
            one.right += len(everything & there)
            for _ in range(times):
                begun = time.perf_counter()
                await ask(asked, MOST)
                one.seconds.append(time.perf_counter() - begun)
    return kinds


def _ours(store: Store) -> Ask:
    async def ask(asked: str, most: int) -> list[int]:
        async with store.reading() as transaction:
            channels = range(1, history.CHANNELS + 1)
            found = await search.find(transaction, read(asked), channels, most, newsletters=["weekly"], now=history.NOW)
        return [one.share for one in found if one.share]

    return ask


def _like(store: Store) -> Ask:
    async def ask(asked: str, most: int) -> list[int]:
        words = {f"word{place}": f"%{word}%" for place, word in enumerate(asked.split())}
        async with store.reading() as transaction:
            like = "ILIKE" if transaction.dialect.name == "postgresql" else "LIKE"
            fits = " AND ".join(f"comment {like} :{name}" for name in words)
            rows = await transaction.execute(
                text(f"SELECT id FROM share WHERE present AND {fits} ORDER BY sent_at DESC LIMIT :most"),  # noqa: S608
                {**words, "most": most},
            )
            return list(rows.scalars())

    return ask


async def _trigrams(store: Store) -> bool:
    """Give PostgreSQL its trigrams; whether it has them."""
    try:
        async with store.writing() as transaction:
            await transaction.execute(text("CREATE EXTENSION pg_trgm"))
            await transaction.execute(text("CREATE INDEX trigrams ON share USING gin (comment gin_trgm_ops)"))
    except DBAPIError:
        return False
    return True


async def _hear(stores: list[tuple[str, list[float]]], count: int) -> None:
    """Each takes in so many messages with a link, after everything that is there: in turn, for machines differ from one
    minute to the next."""
    channel, ann = ChannelId("slack", "T1", "C1"), PersonId("slack", "T1", "U1")
    texts = list(history.Words().texts(count))
    there = [(await Store.open(url), seconds) for url, seconds in stores]
    collectors = [(Collector(store), seconds) for store, seconds in there]
    for place, words in enumerate(texts):
        sent_at = history.NOW + timedelta(hours=place)
        said = f"<https://example.org/heard/{place}>\n{words}"
        message = MessageSeen(MessageId(channel, f"heard{place}"), ann, sent_at, said, seen_at=sent_at)
        for collector, seconds in collectors:
            begun = time.perf_counter()
            await collector.hear(message)
            seconds.append(time.perf_counter() - begun)
    for store, _ in there:
        await store.close()


def _scan(texts: list[str], asked: str) -> set[int]:
    """The numbers of the texts that fit: a Korean word anywhere, an English one as a whole, the last by its beginning."""
    words = asked.split()
    english = [word for word in words if word <= "zzz"]
    begun = words[-1] if words[-1] in english else ""
    whole = [word for word in english if word != begun]
    return {
        number
        for number, said in enumerate(texts, start=1)
        if all(word in said for word in words) and (not english or _fits(_WORD.findall(said), whole, begun))
    }


def _fits(said: list[str], whole: list[str], begun: str) -> bool:
    return all(word in said for word in whole) and any(one.startswith(begun) for one in said)


async def _weight(transaction: Transaction) -> int:
    """The bytes of the whole database."""
    if transaction.dialect.name == "postgresql":
        return int((await transaction.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())
    pages = (await transaction.execute(text("PRAGMA page_count"))).scalar_one()
    return int(pages * (await transaction.execute(text("PRAGMA page_size"))).scalar_one())
