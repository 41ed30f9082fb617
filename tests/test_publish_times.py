"""Which cut-off an edition serves, told by when somebody publishes: a cron job on the minute keeps its weeks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.collect import Collector
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from tests.laws.shelf import Shelf
from tests.laws.told import ANN, channel_named, said
from tests.stores import fresh

# A Monday 00:00 UTC, when the default newsletter is cut off: it closes 2026-W23.
CUT_OFF = datetime(2026, 6, 8, tzinfo=UTC)
WEEK = timedelta(weeks=1)


class Team:
    """A chat, a newsletter with one destination, and a clock."""

    def __init__(self, store, **more):
        self.now = CUT_OFF
        self.shelf = Shelf()
        self._posted = 0
        self._collector = Collector(store)
        settings = NewsletterSettings(key="weekly", **more)
        self.publisher = Publisher(store, settings, [Outlet(self.shelf)], clock=lambda: self.now, owner="a test")

    async def share(self, at):
        self._posted += 1
        url = f"<https://example.org/{self._posted}>"
        message = said(f"m{self._posted}", url, by=ANN)
        await self._collector.hear(replace(message, sent_at=at, seen_at=at))

    async def publish(self, at):
        self.now = at
        edition = await self.publisher.publish("cron")
        await self.publisher.deliver()
        return edition and (edition.label, [entry.url.rpartition("/")[2] for entry in edition.entries])


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def store(url):
    store = await Store.open(url)
    await Collector(store).hear(channel_named("news"))
    yield store
    await store.close()


@pytest.fixture
def team(store):
    return Team(store)


async def test_a_job_on_the_minute_of_the_cut_off_prints_the_week_that_ended(team):
    for week in range(4):
        await team.share(CUT_OFF + week * WEEK - timedelta(days=2))
        printed = await team.publish(CUT_OFF + week * WEEK + timedelta(seconds=5))
        assert printed == (f"2026-W{23 + week}", [str(week + 1)])


async def test_a_job_just_before_the_cut_off_prints_the_week_that_ends(team):
    for week in range(4):
        await team.share(CUT_OFF + week * WEEK - timedelta(days=2))
        printed = await team.publish(CUT_OFF + week * WEEK - timedelta(minutes=5))
        assert printed == (f"2026-W{23 + week}", [str(week + 1)])


async def test_a_late_job_does_not_move_the_weeks_after_it(team):
    await team.share(CUT_OFF - timedelta(days=1))
    assert await team.publish(CUT_OFF + timedelta(seconds=5)) == ("2026-W23", ["1"])
    await team.share(CUT_OFF + timedelta(days=1))
    await team.share(CUT_OFF + WEEK + timedelta(hours=1))
    assert await team.publish(CUT_OFF + WEEK + timedelta(hours=20)) == ("2026-W24", ["2"])
    assert await team.publish(CUT_OFF + 2 * WEEK) == ("2026-W25", ["3"])


async def test_what_was_shared_in_the_seconds_after_a_cut_off_is_the_next_weeks(team):
    await team.share(CUT_OFF - timedelta(days=1))
    await team.share(CUT_OFF + timedelta(seconds=3))
    assert await team.publish(CUT_OFF + timedelta(seconds=5)) == ("2026-W23", ["1"])
    assert await team.publish(CUT_OFF + WEEK) == ("2026-W24", ["2"])


async def test_an_empty_week_prints_nothing_and_moves_nothing(team):
    await team.share(CUT_OFF - timedelta(days=1))
    assert await team.publish(CUT_OFF) == ("2026-W23", ["1"])
    await team.share(CUT_OFF + WEEK + timedelta(seconds=3))
    assert await team.publish(CUT_OFF + WEEK + timedelta(seconds=5)) is None
    assert await team.publish(CUT_OFF + 2 * WEEK + timedelta(seconds=5)) == ("2026-W25", ["2"])


async def test_the_second_run_after_an_empty_week_prints_no_more_than_the_first(team):
    await team.share(CUT_OFF - timedelta(days=1))
    assert await team.publish(CUT_OFF) == ("2026-W23", ["1"])
    await team.share(CUT_OFF + WEEK + timedelta(hours=1))
    assert await team.publish(CUT_OFF + WEEK + timedelta(hours=2)) is None
    assert await team.publish(CUT_OFF + WEEK + timedelta(hours=3)) is None
    assert await team.publish(CUT_OFF + 2 * WEEK) == ("2026-W25", ["2"])


async def test_weeks_that_were_missed_are_one_edition_labelled_as_a_range(team):
    await team.share(CUT_OFF - timedelta(days=1))
    assert await team.publish(CUT_OFF) == ("2026-W23", ["1"])
    await team.share(CUT_OFF + timedelta(days=1))
    await team.share(CUT_OFF + 2 * WEEK + timedelta(days=1))
    assert await team.publish(CUT_OFF + 3 * WEEK + timedelta(days=2)) == ("2026-W24–W26", ["2", "3"])


async def test_publishing_early_serves_the_cut_off_to_come(team):
    await team.share(CUT_OFF + timedelta(days=1))
    assert await team.publish(CUT_OFF + timedelta(days=3)) == ("2026-W24", ["1"])
    await team.share(CUT_OFF + timedelta(days=4))
    assert await team.publish(CUT_OFF + WEEK + timedelta(seconds=5)) is None
    assert await team.publish(CUT_OFF + 2 * WEEK) == ("2026-W25", ["2"])


async def test_too_few_links_wait_for_the_next_week(store):
    team = Team(store, at_least=2)
    await team.share(CUT_OFF - timedelta(days=1))
    assert await team.publish(CUT_OFF) is None
    await team.share(CUT_OFF + timedelta(days=1))
    assert await team.publish(CUT_OFF + WEEK) == ("2026-W24", ["1", "2"])


async def test_two_editors_who_both_publish_an_edition_publish_it_once_and_not_the_next_one_early(store):
    team = Team(store, approval="required")
    await team.share(CUT_OFF - timedelta(days=1))
    team.now = CUT_OFF - timedelta(days=1)
    await team.publisher.tick()
    team.now = CUT_OFF + timedelta(seconds=30)
    closed = await team.publisher.tick()
    assert closed.number == 1
    assert await team.publisher.deliver() == ()
    await team.share(CUT_OFF + timedelta(days=1))
    team.now = CUT_OFF + timedelta(days=2)
    assert (await team.publisher.publish("ann", 1)).number == 1
    assert len(await team.publisher.deliver()) == 1
    assert await team.publisher.publish("ben", 1) is None
    assert await team.publish(CUT_OFF + timedelta(days=3)) == ("2026-W24", ["2"])


async def test_who_publishes_again_while_a_reviewed_edition_is_out_does_not_publish_the_next_one(store):
    day = timedelta(days=1)
    team = Team(store, review=day)
    await team.share(CUT_OFF - 3 * day)
    team.now = CUT_OFF - 3 * day
    await team.publisher.tick()
    team.now = CUT_OFF - day + timedelta(seconds=30)
    assert (await team.publisher.tick()).number == 1
    assert await team.publisher.deliver() == ()
    await team.share(CUT_OFF - timedelta(hours=23))
    assert await team.publish(CUT_OFF - timedelta(hours=22)) == ("2026-W23", ["1"])
    assert await team.publish(CUT_OFF - timedelta(hours=21)) is None
