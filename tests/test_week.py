"""When cut-offs are and what weeks are called: tables of cases. The laws over all zones stand in laws/."""

import time as system_clock
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from newsletter import week
from newsletter.errors import UserError
from newsletter.settings import Schedule

SEOUL = ZoneInfo("Asia/Seoul")
ISO, KOREAN = "{iso}", "{month}월 {of_month}주차"
SATURDAY_NOON = Schedule(day="saturday", time="12:00")
MONDAY_MIDNIGHT = Schedule(day="monday", time="00:00")


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# --- cut-offs


def test_the_next_cut_off_is_strictly_after_and_the_last_one_may_be_now():
    cut_off = at("2020-06-13 12:00", "Asia/Seoul")
    second = timedelta(seconds=1)
    assert week.next_cut_off(SATURDAY_NOON, SEOUL, cut_off - second) == cut_off
    assert week.next_cut_off(SATURDAY_NOON, SEOUL, cut_off) == cut_off + week.WEEK
    assert week.last_cut_off(SATURDAY_NOON, SEOUL, cut_off) == cut_off
    assert week.last_cut_off(SATURDAY_NOON, SEOUL, cut_off - second) == cut_off - week.WEEK


def test_a_stretch_has_its_end_but_not_its_start():
    first = at("2020-06-13 12:00", "Asia/Seoul")
    found = list(week.cut_offs(SATURDAY_NOON, SEOUL, first, first + 3 * week.WEEK))
    assert found == [first + n * week.WEEK for n in (1, 2, 3)]
    assert list(week.cut_offs(SATURDAY_NOON, SEOUL, first, first)) == []


@pytest.mark.parametrize(
    ("zone", "day", "time", "cut_off_in_utc"),
    [
        # Clocks go forward: the wall time does not exist and moves by the length of the gap.
        ("America/New_York", "sunday", "02:30", "2024-03-10 07:30"),
        ("Europe/Berlin", "sunday", "02:00", "2024-03-31 01:00"),
        ("America/Havana", "sunday", "00:00", "2024-03-10 05:00"),
        ("Asia/Beirut", "sunday", "00:00", "2024-03-30 22:00"),
        ("America/Santiago", "sunday", "00:00", "2024-09-08 04:00"),
        ("Africa/Cairo", "friday", "00:00", "2024-04-25 22:00"),
        ("Australia/Lord_Howe", "sunday", "02:15", "2024-10-05 15:45"),
        ("Pacific/Apia", "friday", "09:00", "2011-12-30 19:00"),  # that Friday was left out
        # Clocks go back: the wall time comes twice and the first one counts.
        ("America/New_York", "sunday", "01:30", "2024-11-03 05:30"),
        ("Europe/Berlin", "sunday", "02:30", "2024-10-27 00:30"),
        ("Australia/Lord_Howe", "sunday", "01:45", "2024-04-06 14:45"),
        # The week after a change, which cron schedulers skip.
        ("America/New_York", "monday", "00:00", "2024-03-11 04:00"),
        ("Europe/Berlin", "monday", "00:00", "2024-03-31 22:00"),
    ],
)
def test_a_clock_change_neither_skips_nor_repeats_a_cut_off(zone, day, time, cut_off_in_utc):
    schedule, place, cut_off = Schedule(day=day, time=time), ZoneInfo(zone), at(cut_off_in_utc)
    around = list(week.cut_offs(schedule, place, cut_off - 3.5 * week.WEEK, cut_off + 2.5 * week.WEEK))
    assert cut_off in around
    assert len(around) == 6
    assert {later - earlier for earlier, later in pairwise(around)} <= {
        week.WEEK + timedelta(minutes=minutes) for minutes in (-1440, -60, -30, 0, 30, 60)
    }


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs its zone"):
        week.next_cut_off(SATURDAY_NOON, SEOUL, datetime(2020, 6, 13))  # noqa: DTZ001


@pytest.mark.parametrize("host_zone", ["America/New_York", "Asia/Seoul", "Pacific/Apia"])
def test_the_zone_of_the_machine_does_not_matter(host_zone, monkeypatch):
    now = at("2027-03-13 12:00")
    expected = week.next_cut_off(SATURDAY_NOON, SEOUL, now), week.in_words(now, SEOUL, now)
    monkeypatch.setenv("TZ", host_zone)
    system_clock.tzset()
    try:
        assert (week.next_cut_off(SATURDAY_NOON, SEOUL, now), week.in_words(now, SEOUL, now)) == expected
    finally:
        monkeypatch.undo()
        system_clock.tzset()


def test_a_date_belongs_to_the_edition_that_covers_it():
    def covering(text: str, schedule: Schedule) -> datetime:
        return week.cut_off_for_date(week.parse_date(text), schedule, SEOUL)

    saturday = at("2020-06-13 12:00", "Asia/Seoul")
    assert covering("2020-06-07", SATURDAY_NOON) == saturday
    assert covering("2020-06-13", SATURDAY_NOON) == saturday, "the cut-off closes the edition of its own day"
    assert covering("2020-06-14", SATURDAY_NOON) == saturday + week.WEEK
    monday = at("2020-06-15 00:00", "Asia/Seoul")
    assert covering("2020-06-14", MONDAY_MIDNIGHT) == monday
    assert covering("2020-06-15", MONDAY_MIDNIGHT) == monday + week.WEEK, "nothing of Monday came before 00:00"


# --- names


@pytest.mark.parametrize(
    ("post_of", "this_week", "coming_week"),
    [
        ("2020-06-13", "6월 2주차", "6월 3주차"),
        ("2020-06-20", "6월 3주차", "6월 4주차"),
        ("2020-07-04", "7월 1주차", "7월 2주차"),
    ],
)
def test_a_post_can_be_named_after_the_week_it_covers_or_the_coming_one(post_of, this_week, coming_week):
    cut_off = week.cut_off_for_date(date.fromisoformat(post_of), SATURDAY_NOON, SEOUL)
    covered = week.week_of(cut_off, SEOUL, KOREAN)
    assert covered.label == this_week
    assert week.next_week(covered, KOREAN).label == coming_week


@pytest.mark.parametrize(
    ("cut_off", "iso", "korean", "of"),
    [
        ("2020-03-02 00:00", "2020-W09", "2월 4주차", (2020, 2, 4)),  # a leap year's 29 February is in it
        ("2021-01-04 00:00", "2020-W53", "12월 5주차", (2020, 12, 5)),
        ("2021-01-01 12:00", "2020-W53", "12월 5주차", (2020, 12, 5)),
        ("2021-01-11 00:00", "2021-W01", "1월 1주차", (2021, 1, 1)),
        ("2019-01-05 12:00", "2019-W01", "1월 1주차", (2019, 1, 1)),  # begins on 31 December 2018
        ("2027-01-02 12:00", "2026-W53", "12월 5주차", (2026, 12, 5)),
        ("2020-06-11 11:59", "2020-W23", "6월 1주차", (2020, 6, 1)),  # half of it lies before the Monday
        ("2020-06-11 12:00", "2020-W24", "6월 2주차", (2020, 6, 2)),
    ],
)
def test_an_edition_is_named_after_the_iso_week_that_holds_most_of_it(cut_off, iso, korean, of):
    named = week.week_of(at(cut_off, "Asia/Seoul"), SEOUL, KOREAN)
    assert (named.iso, named.label, (named.year, named.month, named.of_month)) == (iso, korean, of)
    assert week.week_of(at(cut_off, "Asia/Seoul"), SEOUL, ISO).label == iso


def test_a_language_may_use_every_part_of_a_week():
    named = week.week_of(at("2020-06-13 12:00"), ZoneInfo("UTC"), "{year}/{week}/{month}/{of_month}/{iso}")
    assert named.label == "2020/24/6/2/2020-W24"


@pytest.mark.parametrize(
    ("pattern", "first", "last", "label"),
    [
        (ISO, "2020-W24", "2020-W24", "2020-W24"),
        (ISO, "2020-W24", "2020-W26", "2020-W24–W26"),
        (ISO, "2020-W53", "2021-W01", "2020-W53–2021-W01"),
        (KOREAN, "2020-W24", "2020-W26", "6월 2주차–4주차"),
        (KOREAN, "2020-W26", "2020-W27", "6월 4주차–7월 1주차"),
        (KOREAN, "2020-W02", "2020-W46", "1월 2주차–11월 2주차"),
        (KOREAN, "2020-W53", "2021-W01", "12월 5주차–1월 1주차"),
        (KOREAN, "2019-W24", "2020-W24", "2019-W24–2020-W24"),  # both are 6월 2주차
        ("week {week}", "2020-W02", "2020-W24", "week 2–24"),
    ],
)
def test_missed_weeks_are_named_as_a_range(pattern, first, last, label):
    ends = [week.week_of(week.parse_week(text, MONDAY_MIDNIGHT, SEOUL), SEOUL, pattern) for text in (first, last)]
    assert week.range_label(*ends) == label


@pytest.mark.parametrize("text", ["2020-W24", "2020-w24", " 2020W24 "])
def test_a_week_is_read_as_people_write_it(text):
    assert week.parse_week(text, SATURDAY_NOON, SEOUL) == at("2020-06-13 12:00", "Asia/Seoul")
    assert week.parse_week(text, MONDAY_MIDNIGHT, SEOUL) == at("2020-06-15 00:00", "Asia/Seoul")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "as in 2020-W24"),
        ("24", "as in 2020-W24"),
        ("2020-24", "as in 2020-W24"),  # might as well be a month
        ("6월 2주차", "as in 2020-W24"),
        ("２０２０-W24", "as in 2020-W24"),
        ("2021-W53", "2021 has the weeks 2021-W01 to 2021-W52"),
        ("2020-W54", "2020 has the weeks 2020-W01 to 2020-W53"),
        ("2020-W00", "2020-W01"),
        ("9999-W52", "out of reach"),
        ("0001-W01", "as in 2020-W24"),
    ],
)
def test_a_week_that_is_none_is_refused_with_what_to_write(text, advice):
    with pytest.raises(UserError, match=advice):
        week.parse_week(text, SATURDAY_NOON, SEOUL)


@pytest.mark.parametrize("text", ["", "yesterday", "2020-06-31", "2020-W24", "13.06.2020"])
def test_a_date_that_is_none_is_refused_with_what_to_write(text):
    with pytest.raises(UserError, match="as in 2020-06-13"):
        week.parse_date(text)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_refused(day):
    with pytest.raises(UserError, match="out of reach"):
        week.cut_off_for_date(day, SATURDAY_NOON, SEOUL)


# --- in words


@pytest.mark.parametrize(
    ("cut_off", "zone", "now", "words"),
    [
        (
            "2026-11-21 03:00",
            "Asia/Seoul",
            "2026-11-20 21:00",
            "Saturday 21 November 2026, 12:00 Asia/Seoul (03:00 UTC), in 6 hours",
        ),
        (
            "2026-11-22 15:00",
            "Asia/Seoul",
            "2026-11-20 15:00",
            "Monday 23 November 2026, 00:00 Asia/Seoul (Sunday 15:00 UTC), in 2 days",
        ),
        ("2026-11-23 00:00", "UTC", "2026-11-22 23:30", "Monday 23 November 2026, 00:00 UTC, in 30 minutes"),
        ("2026-11-23 00:00", "UTC", "2026-11-24 00:00", "Monday 23 November 2026, 00:00 UTC, 1 day ago"),
    ],
)
def test_a_cut_off_in_words_says_the_day_the_zone_and_how_long_it_is(cut_off, zone, now, words):
    assert week.in_words(at(cut_off), ZoneInfo(zone), at(now)) == words
