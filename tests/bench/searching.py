"""Finding again among many shares: how much of what is there is found, how fast, and what the index weighs.

Beside what a database does by itself: LIKE, ILIKE, and PostgreSQL's trigrams. What is there is told by a plain scan of
every text. Words are made up, as rare and as common as words are; half of the texts are Korean, half are English.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from statistics import median

from sqlalchemy import insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, Person, Section, Shared, TitleSource, Week
from newsletter.search import read
from newsletter.store import Store, Transaction, editions, search, tables, terms
from newsletter.store.chat import link_digest

CHANNELS, PEOPLE, AT_ONCE, WEEKS, IN_FULL = 20, 400, 5_000, 520, 30
BEGINNING = datetime(2016, 1, 4, tzinfo=UTC)
TEN_YEARS = timedelta(days=3640)
NOW = BEGINNING + TEN_YEARS
MOST = 20
HEAD = ("search", "shares", "recall", "precision", "median", "p99", "index")
_WORD = re.compile(r"[\uac00-\ud7a3]+|[a-z0-9]+")

Ask = Callable[[str, int], Awaitable[list[int]]]


@dataclass(frozen=True, slots=True)
class Line:
    """One way to search a store: of all that a plain scan finds, and of all that it found, the good; seconds; bytes."""

    what: str
    shares: int
    recall: float
    precision: float
    seconds: tuple[float, ...]
    index: int


class Words:
    """Made-up words, the same every time, the first ones as common as articles."""

    def __init__(self, count: int = 15_000) -> None:
        chance = random.Random("words")
        syllables = [chr(code) for code in chance.sample(range(0xAC00, 0xD7A4), 1_200)]
        rare_ones = [1 / (place + 3) for place in range(len(syllables))]
        letters = "etaoinshrdlucmfwypvbgkqjxz"
        falling = range(len(letters), 0, -1)
        self.korean = ["".join(chance.choices(syllables, rare_ones, k=chance.randint(2, 4))) for _ in range(count)]
        self.english = ["".join(chance.choices(letters, falling, k=chance.randint(3, 9))) for _ in range(count)]
        self._common = list(accumulate(1 / (place + 10) for place in range(count)))

    def texts(self, count: int) -> Iterator[str]:
        """So many comments."""
        chance = random.Random("texts")
        for _ in range(count):
            words = chance.choice((self.korean, self.english))
            yield " ".join(chance.choices(words, cum_weights=self._common, k=chance.randint(2, 14)))

    def queries(self) -> list[str]:
        """What people would look for: common and rare words, beginnings, two syllables, several words, what is not
        there."""
        korean, english = self.korean, self.english
        single = [words[place] for words in (korean, english) for place in (0, 7, 60, 500, 4_000, 14_000)]
        parts = [korean[place][:2] for place in (1, 40, 900)] + [korean[place][-2:] for place in (2, 90, 2_000)]
        begun = [english[place][:4] for place in (3, 70, 1_500)]
        several = [f"{words[a]} {words[b]}" for words in (korean, english) for a, b in ((0, 1), (5, 400), (3_000, 2))]
        return [*single, *parts, *begun, *several, f"{korean[0]} {english[0]}", "nothinglikethis", "없습니닿"]


def lines(databases: dict[int, str], repeats: int, tell: Callable[[str], None]) -> list[Line]:
    """Ours and the others' over a store of each size, by its address."""
    return [line for size, url in databases.items() for line in asyncio.run(_lines(url, size, repeats, tell))]


def table(found: list[Line]) -> str:
    """The lines as text for a terminal, and how much slower the largest store is than the smallest."""
    cells = [HEAD] + [
        (
            line.what,
            f"{line.shares:,}",
            f"{line.recall:.3f}",
            f"{line.precision:.3f}",
            f"{median(line.seconds) * 1000:,.1f} ms",
            f"{_p99(line.seconds) * 1000:,.1f} ms",
            f"{line.index / 1e6:,.0f} MB",
        )
        for line in found
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEAD))]
    rows = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
    for what in dict.fromkeys(line.what for line in found if line.what.startswith("ours")):
        first, *_, last = [line for line in found if line.what == what]
        ratio = median(last.seconds) / median(first.seconds)
        rows.append(f"{what}: {last.shares:,} shares take {ratio:.1f}x as long as {first.shares:,} (median)")
    return "\n".join(rows)


def _p99(seconds: tuple[float, ...]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


# --- one store -------------------------------------------------------------------------------------------------------


async def _lines(url: str, size: int, repeats: int, tell: Callable[[str], None]) -> list[Line]:
    words, name = Words(), make_url(url).get_backend_name()
    store = await Store.open(url)
    texts = list(words.texts(size))
    truth = {asked: _scan(texts, asked) for asked in words.queries()}
    await _fill(store, texts, lambda done: tell(f"A store of {size:,} shares to search: {done:,}"))
    async with store.writing() as transaction:
        before = await _weight(transaction)
        await terms.fill(transaction)
        await _print_editions(transaction, texts)
        after = await _weight(transaction)
        if name == "postgresql":
            # As the server does by itself after a while.
            await transaction.execute(text("ANALYZE"))
    found = []
    ways: list[tuple[str, Ask, int]] = [(f"ours, {name}", _ours(store), after - before)]
    ways.append((f"{'ILIKE' if name == 'postgresql' else 'LIKE'}, {name}", _like(store), 0))
    for what, ask, index in ways:
        found.append(await _measured(what, ask, truth, size, index, repeats, tell))
    if name == "postgresql" and (index := await _trigrams(store)):
        found.append(await _measured("pg_trgm, postgresql", _like(store), truth, size, index, repeats, tell))
    await store.close()
    return found


async def _measured(
    what: str, ask: Ask, truth: dict[str, set[int]], size: int, index: int, repeats: int, tell: Callable[[str], None]
) -> Line:
    found = right = wanted = 0
    seconds = []
    for place, (asked, there) in enumerate(truth.items(), start=1):
        tell(f"Searching with {what}: {place} of {len(truth)}")
        everything = set(await ask(asked, size))
        found, right, wanted = found + len(everything), right + len(everything & there), wanted + len(there)
        for _ in range(repeats):
            begun = time.perf_counter()
            await ask(asked, MOST)
            seconds.append(time.perf_counter() - begun)
    return Line(what, size, right / wanted, right / found, tuple(seconds), index)


def _ours(store: Store) -> Ask:
    async def ask(asked: str, most: int) -> list[int]:
        async with store.reading() as transaction:
            channels = range(1, CHANNELS + 1)
            found = await search.find(transaction, read(asked), channels, most, newsletters=["weekly"], now=NOW)
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


async def _trigrams(store: Store) -> int:
    """Give PostgreSQL its trigrams; what they weigh, 0 where it has none."""
    try:
        async with store.writing() as transaction:
            await transaction.execute(text("CREATE EXTENSION pg_trgm"))
            await transaction.execute(text("CREATE INDEX trigrams ON share USING gin (comment gin_trgm_ops)"))
            return int((await transaction.execute(text("SELECT pg_relation_size('trigrams')"))).scalar_one())
    except DBAPIError:
        return 0


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


async def _fill(store: Store, texts: list[str], tell: Callable[[int], None]) -> None:
    """Put shares with these words into the tables, one a link, oldest first: the index is made afterwards."""
    place = {"platform": "slack", "workspace": "T1"}
    async with store.writing() as transaction:
        named = [{**place, "external_id": f"C{n}", "name": f"channel-{n}", "private": False} for n in range(CHANNELS)]
        await transaction.execute(insert(tables.channel), [{**one, "named_at": BEGINNING} for one in named])
        people = [{**place, "external_id": f"U{n}", "name": f"민지 {n}", "bot": False} for n in range(PEOPLE)]
        await transaction.execute(insert(tables.person), people)
    numbered = enumerate(texts, start=1)
    while batch := list(islice(numbered, AT_ONCE)):
        async with store.writing() as transaction:
            for to, row in ((tables.link, _link), (tables.message, _message), (tables.share, _share)):
                await transaction.execute(insert(to), [row(n, said, len(texts)) for n, said in batch])
        tell(batch[-1][0])


async def _print_editions(transaction: Transaction, texts: list[str]) -> None:
    """An edition for each week, in which its shares are placed, the first ones of them in full."""
    for week in range(WEEKS):
        here = range(len(texts) * week // WEEKS + 1, len(texts) * (week + 1) // WEEKS + 1)
        opened_at = BEGINNING + week * TEN_YEARS / WEEKS
        row = await editions.add_archived(transaction, "weekly", opened_at, opened_at + TEN_YEARS / WEEKS, NOW, "bench")
        await editions.place(transaction, row, dict.fromkeys(here))
        entries = (_entry(share, texts[share - 1]) for share in here[:IN_FULL])
        label = f"{week // 52}-W{week % 52}"
        named = Week(label, label, 2016, 1, 1)
        edition = Edition(
            *("weekly", row.number, "Weekly News", "ko", "UTC", row.opened_at, row.cut_off, label, named, named),
            sections=(Section("", "", tuple(entries)),),
        )
        await editions.revise(transaction, row, edition, NOW)


def _entry(share: int, said: str) -> Entry:
    shared = Shared(share, Person(PersonId("slack", "T1", "U1"), ""), BEGINNING, "news", None, said)
    url = f"https://example.org/{share}"
    return Entry(url, url, "", TitleSource.HOST, said, "example.org", (shared,), 1)


def _link(n: int, _said: str, _of: int) -> dict[str, object]:
    return {"id": n, "key": f"example.org/{n}", "digest": link_digest(f"example.org/{n}")}


def _message(n: int, _said: str, of: int) -> dict[str, object]:
    return {
        "id": n,
        "channel_id": n % CHANNELS + 1,
        "external_id": str(n),
        "author_id": n % PEOPLE + 1,
        "sent_at": BEGINNING + TEN_YEARS * (n / of),
        "live": True,
        "text": "",
        "previews": [],
        "gone": False,
    }


def _share(n: int, said: str, of: int) -> dict[str, object]:
    return {
        "id": n,
        "message_id": n,
        "link_id": n,
        "channel_id": n % CHANNELS + 1,
        "sent_at": BEGINNING + TEN_YEARS * (n / of),
        "live": True,
        "present": True,
        "returned": False,
        "ordinal": 0,
        "url": f"https://example.org/{n}",
        "comment": said,
        "hashtags": [],
        "bare": False,
    }


async def _weight(transaction: Transaction) -> int:
    if transaction.dialect.name == "postgresql":
        size = "SELECT pg_total_relation_size('share_terms') + pg_total_relation_size('edition_terms')"
        return int((await transaction.execute(text(size))).scalar_one())
    pages = (await transaction.execute(text("PRAGMA page_count"))).scalar_one()
    return int(pages * (await transaction.execute(text("PRAGMA page_size"))).scalar_one())
