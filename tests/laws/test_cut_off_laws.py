"""What holds for the cut-offs of every schedule in every time zone, whatever its clocks do."""

from bisect import bisect
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import week
from newsletter.settings import Day, Schedule

# Before 1970 a zone's past is guesswork, and nobody chatted; after 2037 some tables end.
FIRST, LAST = date(1970, 2, 1), date(2037, 11, 30)
HALF_HOURS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
schedules = st.builds(Schedule, day=st.sampled_from(Day), time=st.times().map("{:%H:%M}".format))
instants = st.datetimes(datetime(1970, 2, 1), datetime(2037, 11, 30), timezones=st.just(UTC))  # noqa: DTZ001
dates = st.dates(FIRST, LAST)


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def exists(wall_time: datetime, zone: ZoneInfo) -> bool:
    there = wall_time.replace(tzinfo=zone).astimezone(UTC)
    return wall(there, zone) == wall_time


@given(schedules, zones, instants)
def test_now_lies_between_the_last_cut_off_and_the_next(schedule, zone, now):
    last, following = week.last_cut_off(schedule, zone, now), week.next_cut_off(schedule, zone, now)
    assert last <= now < following
    assert week.next_cut_off(schedule, zone, last) == following
    assert week.last_cut_off(schedule, zone, following) == following
    assert week.last_cut_off(schedule, zone, following - timedelta(microseconds=1)) == last


@given(schedules, zones, instants, st.integers(1, 60))
def test_every_week_has_one_cut_off_at_the_scheduled_wall_time_and_a_name_of_its_own(schedule, zone, start, weeks):
    check_weeks(schedule, zone, start, start + weeks * week.WEEK)


@given(schedules, zones, dates)
def test_a_week_read_back_from_its_name_is_the_same_cut_off(schedule, zone, day):
    cut_off = week.cut_off_for_date(day, schedule, zone)
    assert week.parse_week(week.week_of(cut_off, zone, "{iso}").iso, schedule, zone) == cut_off


@given(schedules, zones, dates)
def test_the_edition_of_a_date_covers_some_of_it(schedule, zone, day):
    cut_off = week.cut_off_for_date(day, schedule, zone)
    begins = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    assert week.last_cut_off(schedule, zone, begins) <= begins < cut_off


@given(zones, schedules, instants)
def test_a_year_of_week_names_has_every_iso_week_once(zone, schedule, start):
    cut_off = week.next_cut_off(schedule, zone, start)
    named = week.week_of(cut_off, zone, "{iso}")
    for _ in range(54):
        cut_off, expected = week.next_cut_off(schedule, zone, cut_off), week.next_week(named, "{iso}")
        named = week.week_of(cut_off, zone, "{iso}")
        assert named == expected


@cache
def clock_changes() -> list[tuple[str, date]]:
    """One zone and date for each kind of clock change there is: (offset before, after, local date and time)."""
    kinds: dict[tuple[object, ...], tuple[str, date]] = {}
    for name in sorted(available_timezones()):
        zone, instant, step = ZoneInfo(name), datetime(2010, 1, 1, tzinfo=UTC), timedelta(days=6)
        offset = instant.astimezone(zone).utcoffset()
        while instant.year < 2030:
            instant, before = instant + step, offset
            offset = instant.astimezone(zone).utcoffset()
            if offset != before:
                minutes = range(int(step / timedelta(minutes=1)))
                kept = bisect(
                    minutes,
                    False,
                    key=lambda minute: (
                        (instant - step + timedelta(minutes=minute)).astimezone(zone).utcoffset() != before
                    ),
                )
                local = wall(instant - step, zone) + timedelta(minutes=kept)
                kinds.setdefault((before, offset, local.weekday(), local.time()), (name, local.date()))
    return list(kinds.values())


def test_there_are_clock_changes_to_look_at():
    assert len(clock_changes()) > 50


@pytest.mark.parametrize("days_later", range(-1, 3))
def test_no_clock_change_skips_or_repeats_a_cut_off_near_it(days_later):
    """Not sampled: each kind of change from 2010 to 2029, each half hour of the days around it."""
    for name, changed in clock_changes():
        zone, day = ZoneInfo(name), changed + timedelta(days=days_later)
        middle = datetime.combine(day, time(12), tzinfo=UTC)
        for half_hour in HALF_HOURS:
            schedule = Schedule(day=list(Day)[day.weekday()], time=half_hour)
            check_weeks(schedule, zone, middle - 1.5 * week.WEEK, middle + 1.5 * week.WEEK)


def check_weeks(schedule: Schedule, zone: ZoneInfo, start: datetime, end: datetime) -> None:
    """The cut-offs of a stretch: one for each scheduled wall time in it, in order, moved only out of a gap."""
    found = list(week.cut_offs(schedule, zone, start, end))
    assert all(start < cut_off <= end for cut_off in found)
    assert all(earlier < later for earlier, later in pairwise(found))
    labels = [week.week_of(cut_off, zone, "{iso}").label for cut_off in found]
    assert len(set(labels)) == len(labels)
    scheduled = []
    for cut_off in found:
        local = wall(cut_off, zone)
        planned = datetime.combine(local.date(), schedule.time)
        planned -= timedelta(days=(local.weekday() - list(Day).index(schedule.day)) % 7)
        scheduled.append(planned)
        if exists(planned, zone):
            assert local == planned
            assert cut_off.astimezone(zone).fold == 0
        else:
            assert timedelta() < local - planned <= timedelta(days=1)
    assert all(later - earlier == week.WEEK for earlier, later in pairwise(scheduled))
    assert abs(len(found) - (end - start) / week.WEEK) <= 1 + timedelta(days=1) / week.WEEK
