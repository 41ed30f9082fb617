"""What is due: which cut-off closes, which ones are passed over, and when a closed edition may go out."""

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter import due
from newsletter.due import Act, ActKind, Close, Orders, PassOver
from newsletter.settings import NewsletterSettings
from newsletter.week import next_cut_off

# The seeds' hour: Saturdays at noon in Seoul, which has no clock changes.
SEOUL = NewsletterSettings(key="weekly", timezone="Asia/Seoul", schedule={"day": "saturday", "time": "12:00"})
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


SATURDAY = utc("2026-06-13 03:00")
SECOND, THIRD, FOURTH = SATURDAY + WEEK, SATURDAY + 2 * WEEK, SATURDAY + 3 * WEEK


def told(settings: NewsletterSettings = SEOUL, **more: object) -> NewsletterSettings:
    return NewsletterSettings(**(settings.model_dump(exclude_unset=True) | more))


# --- closing -------------------------------------------------------------------------------------------------------

CLOSING = [
    ("the second before", SATURDAY - timedelta(seconds=1), None),
    ("on the minute", SATURDAY, Close(SATURDAY, SATURDAY, SATURDAY)),
    ("late", SATURDAY + 6 * DAY, Close(SATURDAY, SATURDAY, SATURDAY)),
    ("one missed", SECOND, Close(SATURDAY, SECOND, SECOND)),
    ("two missed", THIRD + HOUR, Close(SATURDAY, THIRD, THIRD)),
]


@pytest.mark.parametrize(("now", "expected"), [row[1:] for row in CLOSING], ids=[row[0] for row in CLOSING])
def test_an_edition_closes_at_its_cut_off_and_stands_for_those_that_were_missed(now, expected):
    assert due.due(SEOUL, SATURDAY, Orders(), now) == expected


REVIEWED = [
    ("before", SATURDAY - DAY - timedelta(seconds=1), None),
    ("a day before it goes out", SATURDAY - DAY, Close(SATURDAY, SATURDAY, SATURDAY - DAY)),
    ("after it should have gone out", SATURDAY + HOUR, Close(SATURDAY, SATURDAY, SATURDAY - DAY)),
    ("a week later", SECOND - HOUR, Close(SATURDAY, SECOND, SECOND - DAY)),
]


@pytest.mark.parametrize(("now", "expected"), [row[1:] for row in REVIEWED], ids=[row[0] for row in REVIEWED])
def test_with_a_review_it_closes_so_long_before(now, expected):
    assert due.due(told(review="24h"), SATURDAY, Orders(), now) == expected


# --- orders --------------------------------------------------------------------------------------------------------


def skipping(*cut_offs: datetime) -> Orders:
    return Orders(skipped={day(cut_off): "ann" for cut_off in cut_offs})


def day(cut_off: datetime) -> date:
    return cut_off.astimezone(SEOUL.zone).date()


def paused(until: datetime) -> Orders:
    return Orders(paused_until=until, paused_by="ann")


ORDERED = [
    ("nothing before it", skipping(SATURDAY), SATURDAY - HOUR, None),
    ("the one that is due", skipping(SATURDAY), SATURDAY, PassOver(SATURDAY, "ann")),
    ("the first of two", skipping(SATURDAY), SECOND, PassOver(SATURDAY, "ann")),
    ("the last of two", skipping(SECOND), SECOND, Close(SATURDAY, SATURDAY, SATURDAY)),
    ("one between", skipping(SECOND), THIRD, Close(SATURDAY, THIRD, THIRD)),
    ("another one", skipping(THIRD), SATURDAY, Close(SATURDAY, SATURDAY, SATURDAY)),
    ("paused", paused(SECOND), SATURDAY, PassOver(SATURDAY, "ann")),
    ("paused to the minute", paused(SATURDAY), SATURDAY, Close(SATURDAY, SATURDAY, SATURDAY)),
]


@pytest.mark.parametrize(("orders", "now", "expected"), [row[1:] for row in ORDERED], ids=[row[0] for row in ORDERED])
def test_a_cut_off_that_people_ordered_not_to_be_served_is_passed_over(orders, now, expected):
    assert due.due(SEOUL, SATURDAY, orders, now) == expected


def ordered(*done: tuple[ActKind, str]) -> Orders:
    acts = [Act(what, about, f"person {n}", SATURDAY + n * HOUR) for n, (what, about) in enumerate(done)]
    return due.orders(acts, SEOUL.zone)


def test_the_last_word_about_a_week_counts():
    first, second = str(day(SATURDAY)), str(day(SECOND))
    assert ordered() == Orders()
    assert ordered((ActKind.SKIP, first), (ActKind.SKIP, second), (ActKind.UNSKIP, first)) == Orders(
        {day(SECOND): "person 1"}
    )
    assert ordered((ActKind.UNSKIP, first), (ActKind.SKIP, first)) == Orders({day(SATURDAY): "person 1"})
    until, later = SATURDAY.isoformat(), SECOND.isoformat()
    assert ordered((ActKind.PAUSE, later), (ActKind.RESUME, "")) == Orders()
    assert ordered((ActKind.RESUME, ""), (ActKind.PAUSE, later)) == Orders({}, SECOND, "person 1")
    assert ordered((ActKind.PAUSE, until), (ActKind.PAUSE, later)) == Orders({}, SECOND, "person 1")


def test_what_was_skipped_by_its_instant_in_an_earlier_version_is_skipped_by_its_day():
    assert ordered((ActKind.SKIP, SATURDAY.isoformat())) == Orders({day(SATURDAY): "person 0"})


def test_a_holiday_stays_skipped_when_the_newsletter_moves_to_another_hour():
    at_noon = SATURDAY + 3 * HOUR
    assert due.due(SEOUL, at_noon, skipping(SATURDAY), at_noon) == PassOver(at_noon, "ann")


SERVED_NEXT = [
    ("nothing was ordered", Orders(), SATURDAY),
    ("this one is skipped", skipping(SATURDAY), SECOND),
    ("three are skipped", skipping(SATURDAY, SECOND, THIRD), FOURTH),
    ("paused", paused(SECOND + HOUR), THIRD),
    ("paused to the minute", paused(SECOND), SECOND),
    ("paused, and the one after is skipped", Orders({day(THIRD): "ann"}, SECOND + HOUR, "ann"), FOURTH),
    ("the pause is over", paused(SATURDAY - WEEK), SATURDAY),
]


@pytest.mark.parametrize(("orders", "expected"), [row[1:] for row in SERVED_NEXT], ids=[row[0] for row in SERVED_NEXT])
def test_the_next_cut_off_that_is_served_is_the_first_nobody_spoke_against(orders, expected):
    assert due.next_served(SEOUL, SATURDAY, orders) == expected


def test_a_pause_of_a_thousand_years_is_answered_at_once():
    assert due.next_served(SEOUL, SATURDAY, paused(utc("3026-06-13 03:00"))).year == 3026


DAYS = [
    ("that very day", date(2026, 6, 13), SATURDAY),
    ("the day after", date(2026, 6, 14), SECOND),
    ("the first of the week", date(2026, 6, 15), SECOND),
]


@pytest.mark.parametrize(("day", "expected"), [row[1:] for row in DAYS], ids=[row[0] for row in DAYS])
def test_a_day_means_the_first_cut_off_from_its_beginning_on_the_newsletters_own_clock(day, expected):
    assert due.first_from(SEOUL, day) == expected


def test_a_pause_until_a_day_ends_when_the_day_begins_where_the_newsletter_is():
    assert due.start_of(SEOUL, date(2026, 6, 13)) == utc("2026-06-12 15:00")


# --- a schedule that changes ---------------------------------------------------------------------------------------

FRIDAYS = told(schedule={"day": "friday", "time": "09:00"})
FRIDAY = utc("2026-06-12 00:00")

CHANGED = [
    ("it still is in the schedule", SEOUL, SATURDAY - DAY, SATURDAY),
    ("it is missed already, so it is served as it was", FRIDAYS, SATURDAY + HOUR, SATURDAY),
    ("the new one is still to come this week", FRIDAYS, FRIDAY - HOUR, FRIDAY),
    ("the new one of this week has passed", FRIDAYS, FRIDAY + HOUR, FRIDAY + WEEK),
    ("another hour", told(schedule={"day": "saturday", "time": "18:00"}), SATURDAY - HOUR, SATURDAY + 6 * HOUR),
    ("another zone", told(timezone="UTC"), SATURDAY - HOUR, SATURDAY + 9 * HOUR),
]


@pytest.mark.parametrize(("settings", "now", "expected"), [row[1:] for row in CHANGED], ids=[row[0] for row in CHANGED])
def test_a_cut_off_that_left_the_schedule_gives_way_to_the_next_one_that_is_in_it(settings, now, expected):
    assert due.aimed(settings, SATURDAY - WEEK, SATURDAY, SATURDAY - WEEK, now) == expected


def test_what_an_early_edition_served_is_not_served_again_by_a_new_schedule():
    """Published on Tuesday for Saturday; then Saturdays become Fridays: this Friday would be the same week again."""
    tuesday = SATURDAY - 4 * DAY
    assert due.aimed(FRIDAYS, tuesday, SECOND, SATURDAY, tuesday + HOUR) == FRIDAY + WEEK


def test_no_edition_closes_before_it_was_opened_when_a_review_is_added():
    """Fridays at 9 become Saturdays at 12 with a day of review: this Saturday's would have closed before Friday's did."""
    reviewed = told(review="28h")
    assert due.aimed(reviewed, FRIDAY, FRIDAY + WEEK, FRIDAY, FRIDAY + HOUR) == SECOND


# --- going out -----------------------------------------------------------------------------------------------------

GOING_OUT = [
    ("on time", "2026-06-13 12:00", None),
    ("a quarter of an hour late", "2026-06-13 12:15", None),
    ("late, by day", "2026-06-13 19:00", None),
    ("late, at 21:59", "2026-06-13 21:59", None),
    ("late, at 22:00", "2026-06-13 22:00", "2026-06-14 08:00"),
    ("late, at midnight", "2026-06-14 00:00", "2026-06-14 08:00"),
    ("late, at 07:59", "2026-06-14 07:59", "2026-06-14 08:00"),
    ("late, at 08:00", "2026-06-14 08:00", None),
]


def in_seoul(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=SEOUL.zone).astimezone(UTC)


@pytest.mark.parametrize(("now", "expected"), [row[1:] for row in GOING_OUT], ids=[row[0] for row in GOING_OUT])
def test_a_newsletter_that_is_late_does_not_go_out_at_night(now, expected):
    assert due.release_at(SEOUL, SATURDAY, in_seoul(now)) == (expected and in_seoul(expected))


def test_it_does_where_the_settings_say_so():
    assert due.release_at(told(at_night="send"), SATURDAY, in_seoul("2026-06-13 23:00")) is None


def test_a_team_whose_hour_is_at_night_gets_it_at_its_hour():
    midnight = told(schedule={"day": "saturday", "time": "00:00"})
    cut_off = in_seoul("2026-06-13 00:00")
    assert due.release_at(midnight, cut_off, cut_off + timedelta(minutes=5)) is None
    assert due.release_at(midnight, cut_off, cut_off + HOUR) == in_seoul("2026-06-13 08:00")


def test_what_closed_for_review_goes_out_at_its_cut_off_whatever_the_hour():
    reviewed = told(review="24h", schedule={"day": "saturday", "time": "23:00"})
    cut_off = in_seoul("2026-06-13 23:00")
    assert due.release_at(reviewed, cut_off, cut_off - DAY) == cut_off


# --- clocks that change --------------------------------------------------------------------------------------------

BERLIN = told(timezone="Europe/Berlin", schedule={"day": "sunday", "time": "02:30"})

CLOCK_CHANGES = [
    ("the hour that is left out", BERLIN, "2026-03-22 01:30", ["2026-03-29 01:30", "2026-04-05 00:30"]),
    ("the hour that comes twice", BERLIN, "2026-10-18 00:30", ["2026-10-25 00:30", "2026-11-01 01:30"]),
    (
        "a day that is left out",
        told(timezone="Pacific/Apia", schedule={"day": "friday", "time": "12:00"}),
        "2011-12-23 22:00",
        ["2011-12-30 22:00", "2012-01-05 22:00"],
    ),
    (
        "half an hour",
        told(timezone="Australia/Lord_Howe", schedule={"day": "sunday", "time": "01:45"}),
        "2026-03-28 14:45",
        ["2026-04-04 14:45", "2026-04-11 15:15"],
    ),
]


@pytest.mark.parametrize(
    ("settings", "first", "following"), [row[1:] for row in CLOCK_CHANGES], ids=[row[0] for row in CLOCK_CHANGES]
)
def test_a_clock_change_neither_skips_nor_repeats_a_week(settings, first, following):
    at = utc(first)
    for expected in map(utc, following):
        step = due.due(settings, next_cut_off(settings.schedule, settings.zone, at), Orders(), expected)
        assert step == Close(expected, expected, expected)
        at = expected


def test_the_morning_is_the_newsletters_own_also_when_its_clock_changed_in_the_night():
    """Berlin, 29 March 2026: from 02:00 to 03:00; eight o'clock is at 06:00 UTC, not at 07:00."""
    late = told(timezone="Europe/Berlin", schedule={"day": "saturday", "time": "18:00"})
    assert due.release_at(late, utc("2026-03-28 17:00"), utc("2026-03-28 22:30")) == utc("2026-03-29 06:00")
