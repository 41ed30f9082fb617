"""A simulated year of one team: its links, its holidays and its bad days, on a clock that nobody waits for.

What people share, edit and delete, when the bot sleeps and where it cannot post is drawn from a seed; the arithmetic at
the end is the promise: an edition for each cut-off that was not skipped, paused, empty or slept through, and in them
every link once.
"""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.collect import Collector
from newsletter.errors import RateLimited, Unsure
from newsletter.heard import MessageSeen
from newsletter.model import Edition, EditionState, Part, Receipt, from_json
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings, Schedule
from newsletter.store import Store, Transaction, editions, ledger, tables
from newsletter.week import cut_offs
from tests.laws.shelf import Shelf
from tests.laws.told import ANN, BEN, CARA, channel_named, deleted, said
from tests.stores import fresh

DAY = timedelta(days=1)
STEP = DAY
AT_LEAST = 2
ZONE = ZoneInfo("Europe/Berlin")
"""It has both kinds of clock change."""
BEGINS, ENDS = datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2027, 1, 1, 9, tzinfo=UTC)
SATURDAYS = Schedule(day="saturday", time="12:00")
FRIDAYS = Schedule(day="friday", time="16:30")
CHANGES_AT = datetime(2026, 7, 1, 7, tzinfo=UTC)


class Moody(Shelf):
    """A shelf that has bad hours: it asks to wait, or takes a part and does not say so."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__("shelf")
        self.chance, self.is_down = chance, False

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        if self.is_down:
            if self.chance.random() < 0.5:
                raise RateLimited(self.key, timedelta(minutes=20))
            if self.chance.random() < 0.5:
                self.handed_over.append(part)
                self._keep(part)
            raise Unsure(self.key, "broke off")
        return await super().send(part, after)


@dataclass
class Year:
    """The team, step by step, and beside it the plain arithmetic of what should come of it."""

    store: Store
    chance: random.Random
    now: datetime = BEGINS
    asleep_until: datetime = BEGINS
    posted: dict[str, MessageSeen] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    unheard: list[MessageSeen] = field(default_factory=list)
    """What was posted while the bot slept: read back when it wakes."""
    served_until: datetime = BEGINS
    expected: list[list[str]] = field(default_factory=list)
    """The links of each edition there should be, as they were at its closing."""
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.collector = Collector(self.store)
        self.shelf = Moody(self.chance)
        self.holidays: set[date] = set()
        self.pause: tuple[datetime, datetime] = (BEGINS, BEGINS)
        self._publishers = {one.day: self._publisher(one) for one in (SATURDAYS, FRIDAYS)}

    def _publisher(self, schedule: Schedule) -> Publisher:
        settings = NewsletterSettings(key="weekly", timezone=ZONE.key, schedule=schedule, at_least=AT_LEAST)
        return Publisher(self.store, settings, [Outlet(self.shelf)], clock=lambda: self.now, owner="the team's bot")

    @property
    def schedule(self) -> Schedule:
        return FRIDAYS if self.now >= CHANGES_AT else SATURDAYS

    @property
    def publisher(self) -> Publisher:
        return self._publishers[self.schedule.day]

    async def step(self) -> None:
        """People live, and the bot takes a turn, if it is awake."""
        self.now += STEP
        if self.chance.random() < 0.4:
            await self.somebody_shares()
        if self.chance.random() < 0.08:
            await self.somebody_edits()
        if self.chance.random() < 0.04:
            await self.somebody_deletes()
        # Not just before the schedule changes: which of two schedules a sleeping bot missed is no question for here.
        if self.now > self.asleep_until and abs(self.now - CHANGES_AT) > 30 * DAY and self.chance.random() < 0.03:
            self.asleep_until = self.now + self.chance.choice([DAY, 8 * DAY, 17 * DAY])
        self.shelf.is_down = self.chance.random() < 0.2
        if self.now >= self.asleep_until:
            await self.turn()

    async def turn(self) -> None:
        """What the bot does when its clock ticks."""
        for message in self.unheard:
            await self.collector.hear(message)
        self.unheard.clear()
        self._reckon()
        await self.publisher.tick()
        await self.publisher.follow()
        await self.publisher.deliver(at_once=False)

    def _reckon(self) -> None:
        """What should be closed now, by hand."""
        passed = list(cut_offs(self.schedule, ZONE, self.served_until, self.now))
        if not passed:
            return
        self.served_until = passed[-1]
        to_serve = [one for one in passed if not self._is_ordered_away(one)]
        self.counted["cut-offs"] += len(passed)
        self.counted["skipped or paused"] += len(passed) - len(to_serve)
        if not to_serve:
            return
        self.counted["slept through"] += len(to_serve) - 1
        printed = {id for edition in self.expected for id in edition}
        links = [id for id, one in self.posted.items() if one.sent_at < to_serve[-1] and id not in printed | self.gone]
        if len(links) >= AT_LEAST:
            self.expected.append(links)
        else:
            self.counted["empty"] += 1

    def _is_ordered_away(self, cut_off: datetime) -> bool:
        return cut_off.astimezone(ZONE).date() in self.holidays or self.pause[0] <= cut_off < self.pause[1]

    # --- what people do ---

    async def somebody_shares(self) -> None:
        id = f"m{len(self.posted):03}"
        message = said(id, f"<https://example.org/{id}>\nwords about {id}", by=self.chance.choice([ANN, BEN, CARA]))
        await self._say(replace(message, sent_at=self.now - timedelta(minutes=7), seen_at=self.now))

    async def somebody_edits(self) -> None:
        if standing := [one for id, one in self.posted.items() if id not in self.gone]:
            before = self.chance.choice(standing)
            await self._say(replace(before, text=before.text + ", edited", edited_at=self.now, seen_at=self.now))

    async def somebody_deletes(self) -> None:
        if standing := [id for id in self.posted if id not in self.gone]:
            id = self.chance.choice(standing)
            self.gone.add(id)
            self.unheard = [one for one in self.unheard if one.id.id != id]
            await self.collector.hear(deleted(id))

    async def _say(self, message: MessageSeen) -> None:
        self.posted[message.id.id] = message
        if self.now >= self.asleep_until:
            await self.collector.hear(message)
        else:
            self.unheard.append(message)


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def year(url):
    store = await Store.open(url)
    made = Year(store, random.Random(7))
    await made.collector.hear(channel_named("news"))
    await made.turn()
    yield made
    await store.close()


async def test_in_a_year_there_is_an_edition_for_each_cut_off_that_was_to_be_served_and_each_link_is_in_one(year):
    while year.now < ENDS:
        await year.step()
        if not year.holidays and year.now > BEGINS + 30 * DAY:
            year.holidays.add(date(2026, 4, 4))  # the Saturday before Easter
            await year.publisher.skip("ann", date(2026, 4, 4))
        if year.pause[1] == BEGINS and year.now > datetime(2026, 8, 3, tzinfo=UTC):
            year.pause = (year.now, datetime(2026, 8, 24, tzinfo=ZONE).astimezone(UTC))
            await year.publisher.pause("ben", date(2026, 8, 24))
    # Whatever is still on its way arrives.
    year.asleep_until, year.shelf.is_down = year.now, False
    for _ in range(10):
        year.now += DAY
        await year.turn()
    await check(year)


async def check(year: Year) -> None:
    counted = year.counted
    async with year.store.reading() as transaction:
        rows = [one for one in await editions.all_editions(transaction, "weekly") if one.state is EditionState.FROZEN]
        rows.sort(key=lambda row: row.number)
        undone = await ledger.unfinished(transaction, "weekly", year.now, failed_too=True)
        now = [await editions.latest_revision(transaction, row.id) for row in rows]
        first = [await first_revision(transaction, row.id) for row in rows]
        placed = (await transaction.execute(tables.placement.select())).all()
    print(f"\na year: {len(year.posted)} links, {len(rows)} editions of {dict(counted)}, {len(year.gone)} deleted")
    assert undone == ()
    away = counted["skipped or paused"] + counted["empty"] + counted["slept through"]
    assert all(counted[what] for what in ("skipped or paused", "empty", "slept through"))
    assert len(rows) == counted["cut-offs"] - away
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))

    # No link lost, none twice: each edition had exactly the links it should, and what was deleted is gone from it.
    assert [sorted(pages(edition)) for edition in first] == [sorted(links) for links in year.expected]
    assert [sorted(pages(one)) for one in now] == [sorted(set(links) - year.gone) for links in year.expected]
    assert len({one.share_id for one in placed}) == len(placed)
    unprinted = year.posted.keys() - year.gone - {id for edition in now for id in pages(edition)}
    assert len(unprinted) < AT_LEAST

    # What stands on the shelf is that, each part once, in people's words of now.
    parts = list(year.shelf.parts.values())
    assert len({part.mark for part in parts}) == len(parts)
    text = "\n".join(part.payload for part in parts)
    for id, message in year.posted.items():
        assert text.count(f'https://example.org/{id}"') == (id not in year.gone | unprinted)
        if id not in year.gone | unprinted:
            assert message.text.partition("\n")[2] in text


async def first_revision(transaction: Transaction, edition: int) -> Edition:
    table = tables.revision
    found = await transaction.execute(table.select().where(table.c.edition_id == edition, table.c.n == 0))
    return from_json(found.one().edition)


def pages(edition: Edition) -> list[str]:
    return [entry.url.rpartition("/")[2] for entry in edition.entries]
