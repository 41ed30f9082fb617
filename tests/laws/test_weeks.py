"""The law of the weeks: whatever people order, the schedule becomes and the clock does, cut-offs follow one another and
every share is placed once.

Of all time zones it is held by the pure rules alone, played as ``publish.py`` plays them; in some by the real store.
"""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from newsletter import due
from newsletter.collect import Collector
from newsletter.due import Orders, PassOver
from newsletter.model import EditionState
from newsletter.publish import Outlet, Publisher
from newsletter.settings import Day, NewsletterSettings, Schedule
from newsletter.store import Store, editions, tables
from newsletter.week import last_cut_off, next_cut_off
from tests.laws.shelf import Shelf
from tests.laws.told import ANN, START, channel_named, said

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)

schedules = st.builds(Schedule, day=st.sampled_from(Day), time=st.times().map("{:%H:%M}".format))
reviews = st.sampled_from([timedelta(0), timedelta(0), HOUR, DAY, 6 * DAY])


def newsletter(
    zone: str, schedule: Schedule, review: timedelta = timedelta(0), at_least: int = 1
) -> NewsletterSettings:
    return NewsletterSettings(key="weekly", timezone=zone, schedule=schedule, review=review, at_least=at_least)


# --- the rules alone, in every zone --------------------------------------------------------------------------------


@dataclass
class Weeks:
    """The open edition of one newsletter, and all that were closed."""

    settings: NewsletterSettings
    now: datetime
    orders: Orders = field(default_factory=Orders)
    closed: list[tuple[datetime, datetime, datetime]] = field(default_factory=list)
    """When each was opened and closed, and the cut-off it serves."""
    passed: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opened_at = last_cut_off(self.settings.schedule, self.settings.zone, self.now) - self.settings.review
        self.serves = self._after(self.now + self.settings.review)

    def tick(self) -> int:
        """Everything that is due; how many steps it took."""
        served = self.closed[-1][2] if self.closed else None
        self.serves = due.aimed(self.settings, self.opened_at, self.serves, served, self.now)
        steps = 0
        while (step := due.due(self.settings, self.serves, self.orders, self.now)) is not None:
            steps += 1
            if isinstance(step, PassOver):
                self.passed.append(step.cut_off)
                self.serves = self._after(step.cut_off)
                continue
            self.closed.append((self.opened_at, step.cut_off, step.serves))
            self.opened_at, self.serves = step.cut_off, self._after(step.serves)
        return steps

    def _after(self, cut_off: datetime) -> datetime:
        return next_cut_off(self.settings.schedule, self.settings.zone, cut_off)


def check(weeks: Weeks) -> None:
    """One edition begins where the one before ended, and serves a later cut-off."""
    for (_, closed, served), (opened, closes, serves) in pairwise(weeks.closed):
        assert opened == closed < closes
        assert served < serves


def test_in_every_zone_a_year_of_weeks_is_served_without_a_gap_or_an_overlap():
    """Not sampled. Cut off in an hour in which most clocks change; one week is skipped, and the clock ticks but once in
    five days."""
    for zone in sorted(available_timezones()):
        settings = newsletter(zone, Schedule(day=Day.SUNDAY, time="02:30"))
        weeks = Weeks(settings, datetime(2025, 1, 1, tzinfo=UTC))
        holiday = due.first_from(settings, date(2025, 12, 25))
        weeks.orders = Orders(skipped={holiday.astimezone(settings.zone).date(): "ann"})
        while weeks.now.year < 2026:
            weeks.now += timedelta(days=5)
            assert weeks.tick() <= 1
        assert weeks.passed == [holiday]
        assert len(weeks.closed) == 51
        assert all(closes == serves for _, closes, serves in weeks.closed)
        check(weeks)


happenings = st.one_of(
    st.tuples(st.just("pass"), st.sampled_from([HOUR, DAY, 3 * DAY, WEEK, 5 * WEEK, 60 * WEEK])),
    st.tuples(st.just("back"), st.sampled_from([HOUR, DAY, 2 * WEEK])),
    st.tuples(st.just("schedule"), st.tuples(schedules, reviews)),
    st.tuples(st.just("zone"), st.sampled_from(sorted(available_timezones()))),
    st.tuples(st.just("skip"), st.integers(0, 3)),
    st.tuples(st.just("pause"), st.integers(0, 40)),
)


@given(
    st.sampled_from(sorted(available_timezones())),
    schedules,
    reviews,
    st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.lists(happenings, max_size=12),
)
def test_whatever_the_schedule_the_orders_and_the_clock_do_cut_offs_strictly_increase(
    zone, schedule, review, now, happened
):
    weeks = Weeks(newsletter(zone, schedule, review), now)
    for what, how in happened:
        match what:
            case "pass":
                weeks.now += how
            case "back":
                weeks.now -= how
            case "schedule":
                weeks.settings = newsletter(weeks.settings.timezone, how[0], how[1])
            case "zone":
                weeks.settings = newsletter(how, weeks.settings.schedule, weeks.settings.review)
            case "skip":
                cut_off = weeks.serves
                for _ in range(how):
                    cut_off = weeks._after(cut_off)
                weeks.orders = replace(
                    weeks.orders,
                    skipped={**weeks.orders.skipped, cut_off.astimezone(weeks.settings.zone).date(): "ann"},
                )
            case "pause":
                weeks.orders = replace(weeks.orders, paused_until=weeks.now + how * DAY, paused_by="ann")
        weeks_missed = abs(weeks.now - weeks.serves) / WEEK
        assert weeks.tick() <= 2 + 2 * weeks_missed
        assert weeks.tick() == 0
        assert weeks.serves - weeks.settings.review > weeks.now
        following = due.next_served(weeks.settings, weeks.serves, weeks.orders)
        assert following >= weeks.serves
        assert weeks.orders.against(following, weeks.settings.zone) is None
    check(weeks)


# --- with the real store -------------------------------------------------------------------------------------------


@dataclass
class Team:
    """A chat with a newsletter that ticks, a clock that jumps and a schedule that changes."""

    store: Store
    settings: NewsletterSettings
    now: datetime = START
    shelf: Shelf = field(default_factory=Shelf)
    posted: int = 0
    began: datetime | None = None

    async def play(self, what: str, how: int) -> None:
        publisher = Publisher(self.store, self.settings, [Outlet(self.shelf)], clock=lambda: self.now, owner="a test")
        match what:
            case "share":
                await self._share(self.now)
            case "late":
                # Heard now, said before: a gap that was repaired.
                await self._share(max(self.began or self.now, self.now - how * DAY))
            case "pass":
                self.now += how * 7 * HOUR
            case "sleep":
                self.now += how * 3 * DAY
            case "back":
                self.now -= how * HOUR
            case "schedule":
                schedule = Schedule(day=list(Day)[how % 7], time=f"{how * 5 % 24:02}:30")
                self.settings = self.settings.model_copy(update={"schedule": schedule})
            case "review":
                self.settings = self.settings.model_copy(update={"review": (how % 4) * 8 * HOUR})
            case "skip":
                await publisher.skip("ann")
            case "pause":
                await publisher.pause("ann", (self.now + how * 3 * DAY).date())
            case "publish":
                await publisher.publish("ann")
        await publisher.tick()
        await publisher.deliver()
        if self.began is None:
            async with self.store.reading() as transaction:
                row = await editions.open_edition(transaction, "weekly")
            self.began = row.began_at if row is not None else None

    async def _share(self, at: datetime) -> None:
        self.posted += 1
        message = said(f"m{self.posted}", f"<https://example.org/{self.posted}>\nwords", by=ANN)
        await Collector(self.store).hear(replace(message, sent_at=at, seen_at=self.now))
        self.now += timedelta(seconds=1)

    async def last_edition(self) -> None:
        """Nobody orders anything any more, and two weeks pass."""
        publisher = Publisher(self.store, self.settings, [Outlet(self.shelf)], clock=lambda: self.now, owner="a test")
        await publisher.resume("ann")
        self.settings = self.settings.model_copy(update={"at_least": 1})
        for _ in range(2):
            await self.play("sleep", 5)
        # What is late waits for the morning.
        await self.play("pass", 2)


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"

    async def make() -> None:
        store = await Store.open(f"sqlite:///{path}")
        await Collector(store).hear(channel_named("news"))
        await store.close()

    asyncio.run(make())
    return path


scripts = st.lists(
    st.tuples(
        st.sampled_from(
            "share share share share late pass pass pass sleep back schedule review skip pause publish".split()
        ),
        st.integers(1, 9),
    ),
    min_size=6,
    max_size=24,
)


@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(["UTC", "Asia/Seoul", "America/St_Johns", "Pacific/Apia"]),
    schedules,
    reviews,
    st.integers(1, 3),
    scripts,
)
async def test_every_share_is_printed_once_whatever_the_weeks_do(empty, zone, schedule, review, at_least, script):
    await played(empty, newsletter(zone, schedule, review, at_least), script)


async def played(empty: Path, settings: NewsletterSettings, script: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linkletter.db"
        shutil.copy(empty, path)
        store = await Store.open(f"sqlite:///{path}")
        try:
            team = Team(store, settings)
            # The first tick lets the newsletter begin.
            for step in [("pass", 0), *script]:
                await team.play(*step)
            await team.last_edition()
            await check_team(team)
        finally:
            await store.close()


async def check_team(team: Team) -> None:
    async with team.store.reading() as transaction:
        rows = [row for row in await editions.all_editions(transaction, "weekly") if row.state is not EditionState.OPEN]
        shares = (await transaction.execute(tables.share.select())).all()
        placed = (await transaction.execute(tables.placement.select())).all()
        printed = [await editions.latest_revision(transaction, row.id) for row in rows]
    where = [one.share_id for one in placed]
    assert len(where) == len(set(where))
    assert set(where) == {share.id for share in shares}
    assert sum(len(edition.entries) for edition in printed) == len(where)
    rows.sort(key=lambda row: row.number)
    assert all(before.cut_off < after.cut_off for before, after in pairwise(rows))
    assert all(before.serves < after.serves for before, after in pairwise(rows))
    urls = [part.payload for part in team.shelf.parts.values() if part.payload.startswith("[")]
    assert len(urls) == len(set(urls)) == len(where)


# --- what the law found once ---------------------------------------------------------------------------------------


async def test_a_share_of_the_half_minute_between_cut_off_and_tick_survives_weeks_with_too_little_to_print(empty):
    monday = Schedule(day=Day.MONDAY, time="00:00")
    script = [("share", 1), ("share", 1), ("sleep", 1), ("pass", 5), ("pass", 5)]
    # Closed hours late: what came meanwhile was there at the freeze already, and is not enough for the next week.
    await played(empty, newsletter("UTC", monday, at_least=2), [*script, ("sleep", 3), ("share", 1), ("pass", 1)])


async def test_a_share_heard_after_a_cut_off_and_before_it_was_served_is_the_next_weeks(empty):
    monday = Schedule(day=Day.MONDAY, time="00:00")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linkletter.db"
        shutil.copy(empty, path)
        store = await Store.open(f"sqlite:///{path}")
        try:
            team = Team(store, newsletter("UTC", monday, at_least=2))
            await team.play("pass", 0)
            await team._share(team.now)
            await team._share(team.now)
            team.now = datetime(2026, 6, 8, 0, 0, 10, tzinfo=UTC)
            await team._share(team.now)
            await team.play("pass", 0)
            team.now = datetime(2026, 6, 15, 0, 0, 20, tzinfo=UTC)
            await team.play("pass", 0)
            await team.last_edition()
            await check_team(team)
        finally:
            await store.close()


async def test_what_is_shared_in_the_first_days_of_a_newsletter_with_a_review_is_printed(empty):
    """It began the day before a cut-off whose review had already begun."""
    saturday = Schedule(day=Day.THURSDAY, time="09:00")
    await played(empty, newsletter("UTC", saturday, review=DAY + HOUR), [("share", 1), ("pass", 1), ("share", 1)])


@pytest.mark.parametrize(("day", "closes"), [("friday", 5), ("sunday", 7)])
async def test_a_new_schedule_holds_from_the_week_it_is_set_in_however_often_the_clock_ticks(
    empty, tmp_path, day, closes
):
    """Saturdays become Fridays or Sundays on a Wednesday: aimed anew at each tick, neither would ever have come."""
    path = tmp_path / "linkletter.db"
    shutil.copy(empty, path)
    store = await Store.open(f"sqlite:///{path}")
    try:
        team = Team(store, newsletter("UTC", Schedule(day=Day.SATURDAY, time="12:00")))
        await team.play("share", 0)
        team.settings = newsletter("UTC", Schedule(day=Day(day), time="12:00"))
        while team.now < START + 5 * DAY:
            await team.play("pass", 1)
        async with store.reading() as transaction:
            row = await editions.last_printed(transaction, "weekly")
        assert row is not None
        assert row.cut_off == datetime(2026, 6, closes, 12, tzinfo=UTC)
    finally:
        await store.close()
