"""One edition from a small store and from a large one: the same week, with more or less of a past before it.

The rows are put straight into the tables, since hearing a million messages takes long. Ten years of live chat in twenty
channels and an edition each week, which every past share is placed in; most links are shared more than once.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import samples
from measure import Row
from sqlalchemy import Connection, Table, create_engine, insert
from sqlalchemy.engine import make_url

from newsletter.publish import Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, tables
from newsletter.store.chat import link_digest
from newsletter.urls import key

CHANNELS, PEOPLE, WEEKS, IN_A_WEEK = 20, 400, 520, 100
WEEK = timedelta(days=7)
MONDAY = datetime(2016, 1, 4, tzinfo=UTC)
PAST = WEEKS // 2
"""The past week that is looked at again. It and the open one hold the same shares in either store."""
NOW = MONDAY + WEEKS * WEEK + timedelta(days=6)
SETTINGS = NewsletterSettings()
ONE_CHANNEL = NewsletterSettings(collect=("slack:X7",))
AT_ONCE = 20_000
WARM_UP = 2
"""Editions that are made but not counted: they fill caches."""

Tell = Callable[[str], None]
Values = dict[str, object]


async def beside_each_other(databases: tuple[str, str], sizes: tuple[int, int], times: int, tell: Tell) -> list[Row]:
    """The edition of the open week and of a past one, from the large store beside the small one."""
    for database, size in zip(databases, sizes, strict=True):
        await (await Store.open(database)).close()
        _fill(database, size, tell)
    stores = [await Store.open(database) for database in databases]
    rows = []
    for what, settings, cut_off in (
        ("open week", SETTINGS, None),
        ("open week, one channel", ONE_CHANNEL, None),
        ("past week", SETTINGS, MONDAY + (PAST + 1) * WEEK),
    ):
        publishers = [Publisher(store, settings, [], clock=lambda: NOW, owner="bench") for store in stores]
        small: list[float] = []
        large: list[float] = []
        for turn in range(times + WARM_UP):
            tell(f"Editions of the {what}: {turn + 1} of {times + WARM_UP}")
            entries = set()
            # Each goes first every other time: what is tidied up meanwhile would fall on one of them alone.
            for publisher, seconds in list(zip(publishers, (small, large), strict=True))[:: -1 if turn % 2 else 1]:
                begun = time.perf_counter()
                edition = await publisher.preview(cut_off)
                seconds.append(time.perf_counter() - begun)
                entries.add(len(edition.entries) + len(edition.again))
        if len(entries) > 1 or not min(entries):
            raise AssertionError(f"the stores do not hold the same {what}: {entries}")
        name = f"edition of the {what}, {sizes[1]:,} shares, {make_url(databases[0]).get_backend_name()}"
        rows.append(Row(name, f"with {sizes[0]:,}", large[WARM_UP:], small[WARM_UP:], aim=1.2))
    for store in stores:
        await store.close()
    return rows


def _fill(database: str, size: int, tell: Tell) -> None:
    url = make_url(database)
    engine = create_engine(url.set(drivername="sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"))
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Nobody minds losing it.
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -300000", "temp_store = MEMORY"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        _History(size).write(connection, tell)
        connection.commit()
        if connection.dialect.name == "postgresql":
            # As the server does by itself after a while.
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
    engine.dispose()


class _History:
    """The rows of a store of ``size`` shares, the same every time."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._chance = random.Random("history")
        # Half of all shares are of a link that had been shared before or is shared again.
        self._fresh = samples.addresses(IN_A_WEEK)
        self._popular = samples.addresses(2_000 + IN_A_WEEK)[IN_A_WEEK:]

    def write(self, connection: Connection, tell: Tell) -> None:
        self._write(
            connection,
            tables.channel,
            (
                _place(number, name=f"channel-{number}", private=False, named_at=MONDAY)
                for number in range(1, CHANNELS + 1)
            ),
        )
        self._write(
            connection,
            tables.person,
            (_place(number, name=f"민지 {number}", bot=False, named_at=MONDAY) for number in range(1, PEOPLE + 1)),
        )
        self._write(connection, tables.edition, (_edition(week, self._size - IN_A_WEEK) for week in range(WEEKS + 1)))
        self._links: dict[str, int] = {}
        shares = self._shares()
        written = 0
        while batch := [one for _, one in zip(range(AT_ONCE), shares, strict=False)]:
            self._write_shares(connection, batch)
            written += len(batch)
            tell(f"A store of {self._size:,} shares: {written:,}")

    def _shares(self) -> Iterator[tuple[int, int, datetime, str]]:
        """Row, week, instant and address of each share: oldest first, as they arrived."""
        row = 0
        past = self._size - 2 * IN_A_WEEK
        for week in range(WEEKS + 1):
            here = [past * (week + 1) // (WEEKS - 1) - past * week // (WEEKS - 1)] * (week not in (PAST, WEEKS))
            urls = [self._address(row + place) for place in range(sum(here))] if here else self._same_week()
            for place, url in enumerate(urls):
                row += 1
                yield row, week, MONDAY + week * WEEK + (place + 1) * WEEK / (len(urls) + 2), url

    def _address(self, row: int) -> str:
        # Some links come again and again; most once or twice.
        if self._chance.random() < 0.3:
            return self._popular[min(int(self._chance.expovariate(1 / 200)), len(self._popular) - 1)]
        return f"https://github.com/someone/project-{row // 2}"

    def _same_week(self) -> list[str]:
        return [self._popular[place * 3] if place % 3 == 0 else url for place, url in enumerate(self._fresh)]

    def _write_shares(self, connection: Connection, batch: list[tuple[int, int, datetime, str]]) -> None:
        new: list[Values] = []
        for _, _, _, url in batch:
            if url not in self._links:
                self._links[url] = len(self._links) + 1
                of_link = key(url)
                new.append({"id": self._links[url], "digest": link_digest(of_link), "key": of_link})
        self._write(connection, tables.link, iter(new))
        self._write(connection, tables.message, (_message(row, at) for row, _, at, _ in batch))
        self._write(connection, tables.share, (_share(row, at, url, self._links[url]) for row, _, at, url in batch))
        self._write(connection, tables.reaction, (_reaction(row, at) for row, _, at, _ in batch if row % 4 == 0))
        self._write(
            connection,
            tables.placement,
            (
                {"newsletter": SETTINGS.key, "share_id": row, "edition_id": week + 1, "reason": None}
                for row, week, _, _ in batch
                if week < WEEKS
            ),
        )

    def _write(self, connection: Connection, table: Table, rows: Iterator[Values]) -> None:
        if values := list(rows):
            connection.execute(insert(table), values)


def _place(number: int, **more: object) -> Values:
    return {"id": number, "platform": "slack", "workspace": "T1", "external_id": f"X{number}", **more}


def _edition(week: int, arrived: int) -> Values:
    open_now = week == WEEKS
    opened_at = MONDAY + week * WEEK
    return {
        "id": week + 1,
        "newsletter": SETTINGS.key,
        "number": None if open_now else week + 1,
        "state": "open" if open_now else "frozen",
        "began_at": MONDAY,
        "opened_at": opened_at,
        "cut_off": opened_at + WEEK,
        "serves": opened_at + WEEK,
        "arrived_until": arrived if open_now else 0,
        "closed_at": None if open_now else opened_at + WEEK,
        "closed_by": None,
    }


def _message(row: int, at: datetime) -> Values:
    return {
        "id": row,
        "channel_id": row % CHANNELS + 1,
        "external_id": f"{at.timestamp():.6f}-{row}",
        "author_id": row % PEOPLE + 1,
        "sent_at": at,
        "live": True,
        "text": "이번 논문 결과가 생각보다 좋네요\nhttps://github.com/someone/project",
        "previews": [],
        "gone": False,
    }


def _share(row: int, at: datetime, url: str, link: int) -> Values:
    return {
        "id": row,
        "message_id": row,
        "link_id": link,
        "channel_id": row % CHANNELS + 1,
        "sent_at": at,
        "live": True,
        "present": True,
        "returned": False,
        "ordinal": 0,
        "url": url,
        "title": None,
        "comment": "이번 논문 결과가 생각보다 좋네요",
        "hashtags": [],
        "bare": False,
    }


def _reaction(row: int, at: datetime) -> Values:
    return {"message_id": row, "person_id": row % PEOPLE + 1, "emoji": "👍", "at": at, "stands": True}
