"""When a newsletter's cut-offs are and what its weeks are called; pure, so `now` always comes in.

What is due is read from the store by others; the patterns of the labels come from the language files. The
calendar is our own because cron schedulers skip weeks after clock changes and fire twice in repeated hours.
"""

import re
from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from os.path import commonprefix
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_timedelta

from newsletter.errors import UserError
from newsletter.model import Week
from newsletter.settings import Day, Schedule

WEEK = timedelta(weeks=1)
HALF_A_WEEK = WEEK / 2


# --- cut-offs: instants, aware UTC --------------------------------------------------------------------------


def next_cut_off(schedule: Schedule, zone: ZoneInfo, after: datetime) -> datetime:
    """The first cut-off strictly after the aware instant `after`, in UTC.

    A wall time that a clock change leaves out moves forward by the length of the gap, so that it comes a full
    week after the one before; one that comes twice is taken the first time. Both as RFC 5545 has it (3.3.5).
    """
    return min(cut_off for cut_off in _around(schedule, zone, after) if cut_off > after)


def last_cut_off(schedule: Schedule, zone: ZoneInfo, at: datetime) -> datetime:
    """The latest cut-off at or before the aware instant `at`, in UTC."""
    return max(cut_off for cut_off in _around(schedule, zone, at) if cut_off <= at)


def cut_offs(schedule: Schedule, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every cut-off with `start < cut_off <= end`, in order, in UTC."""
    cut_off = next_cut_off(schedule, zone, start)
    while cut_off <= end:
        yield cut_off
        cut_off = next_cut_off(schedule, zone, cut_off)


def cut_off_for_date(day: date, schedule: Schedule, zone: ZoneInfo) -> datetime:
    """The cut-off of the edition that covers the local date `day`.

    A day with a cut-off in its middle is in two editions: this is the one that the cut-off closes. A cut-off
    at 00:00 leaves nothing of its day to the edition it closes. Raises ``UserError`` in the year 1 or 9999.
    """
    _refuse_the_ends_of_the_calendar(day.year)
    return next_cut_off(schedule, zone, _instant(day, time(), zone))


def _around(schedule: Schedule, zone: ZoneInfo, at: datetime) -> Iterator[datetime]:
    """The cut-offs of the weeks near `at`: enough of them for zones that left out a whole day."""
    if at.utcoffset() is None:
        raise ValueError(f"an instant needs its zone: {at!r}")
    near = _on(schedule.day, at.astimezone(zone).date())
    for weeks in range(-2, 3):
        yield _instant(near + weeks * WEEK, schedule.time, zone)


def _on(day: Day, date_of_week: date) -> date:
    """That day of the ISO week (Monday to Sunday) in which `date_of_week` lies."""
    return date_of_week + timedelta(days=list(Day).index(day) - date_of_week.weekday())


def _instant(day: date, wall_time: time, zone: ZoneInfo) -> datetime:
    # fold=0, the default, reads a wall time with the offset before the clock change (PEP 495):
    # in a gap that is the gap's length later, in a fold the first of the two.
    return datetime.combine(day, wall_time, tzinfo=zone).astimezone(UTC)


# --- weeks: names -------------------------------------------------------------------------------------------


def week_of(cut_off: datetime, zone: ZoneInfo, pattern: str) -> Week:
    """The week that the edition closed at `cut_off` is about: the ISO week of the local date 3½ days before.

    So it is the week that holds the greater part of the edition, whatever day it is published on. The 3½ days
    are counted on the wall clock: a clock change must not give two editions one name. `pattern` is the
    language's, ``"{iso}"`` or ``"{month}월 {of_month}주차"``; it may use iso, year, week, month and of_month.
    """
    local = cut_off.astimezone(zone).replace(tzinfo=None) - HALF_A_WEEK
    return _week(local.date(), pattern)


def next_week(week: Week, pattern: str) -> Week:
    """The week after `week`."""
    return _week(date.fromisoformat(week.iso) + WEEK, pattern)


def range_label(first: Week, last: Week) -> str:
    """The name of several weeks: ``2020-W24–W26``, ``6월 2주차–4주차``, ``2020-W53–2021-W01``.

    Of one week it is that week's own label.
    """
    if first.iso == last.iso:
        return first.label
    if first.label == last.label:
        return f"{first.iso}–{last.iso}"
    shared = 0
    if first.year == last.year:
        alike = commonprefix([first.label, last.label])  # noqa: RUF071 - character by character is meant
        shared = max(alike.rfind(" "), alike.rfind("-")) + 1
    return f"{first.label}–{last.label[shared:]}"


def parse_week(text: str, schedule: Schedule, zone: ZoneInfo) -> datetime:
    """The cut-off, in UTC, whose `week_of` is the week written ``2020-W24``. Raises ``UserError``."""
    written = re.fullmatch(r"([1-9]\d{3})-?W(\d{1,2})", text.strip(), re.ASCII | re.IGNORECASE)
    if not written:
        raise UserError("{text} is no week: write the year and the ISO week, as in 2020-W24", text=repr(text))
    year, number = int(written[1]), int(written[2])
    _refuse_the_ends_of_the_calendar(year)
    weeks = date(year, 12, 28).isocalendar().week
    if not 1 <= number <= weeks:
        raise UserError(
            "there is no week {week}: {year} has the weeks {year}-W01 to {year}-W{last}",
            week=text.strip(),
            year=year,
            last=weeks,
        )
    monday = date.fromisocalendar(year, number, 1)
    day = _on(schedule.day, monday)
    if datetime.combine(day, schedule.time) - HALF_A_WEEK < datetime.combine(monday, time()):
        day += WEEK
    return _instant(day, schedule.time, zone)


def parse_date(text: str) -> date:
    """The date written ``2020-06-13``. Raises ``UserError``."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a date, no instant
    except ValueError:
        raise UserError("{text} is no date: write year, month and day, as in 2020-06-13", text=repr(text)) from None


def in_words(cut_off: datetime, zone: ZoneInfo, now: datetime, language: str = "en") -> str:
    """``Saturday 21 November 2026, 12:00 Asia/Seoul (03:00 UTC), in 6 hours``, in this language as Babel knows it.

    The day stands again before UTC's time where UTC has another day.
    """
    locale = Locale.parse(language)
    day = "EEEE d MMMM yyyy" if language == "en" else locale.date_formats["full"].pattern
    pattern = locale.datetime_formats["medium"].format(f"HH:mm '{zone.key}'", day)
    words = format_datetime(cut_off, pattern, tzinfo=zone, locale=locale)
    if zone.key != "UTC":
        other_day = cut_off.astimezone(UTC).date() != cut_off.astimezone(zone).date()
        pattern = " (EEEE HH:mm 'UTC')" if other_day else " (HH:mm 'UTC')"
        words += format_datetime(cut_off, pattern, tzinfo=UTC, locale=locale)
    return f"{words}, {format_timedelta(cut_off - now, add_direction=True, locale=locale)}"


def _week(day: date, pattern: str) -> Week:
    """The ISO week in which `day` lies; year and month are its Thursday's, as ISO 8601 has the year."""
    thursday = _on(Day.THURSDAY, day)
    iso_year, number, _ = thursday.isocalendar()
    iso = f"{iso_year}-W{number:02}"
    of_month = (thursday.day - 1) // 7 + 1
    label = pattern.format(iso=iso, year=iso_year, week=number, month=thursday.month, of_month=of_month)
    return Week(iso=iso, label=label, year=iso_year, month=thursday.month, of_month=of_month)


def _refuse_the_ends_of_the_calendar(year: int) -> None:
    """The weeks around a day of the first or last year do not all exist."""
    if not MINYEAR < year < MAXYEAR:
        raise UserError(
            "the year {year} is out of reach: write one between {first} and {last}",
            year=year,
            first=MINYEAR + 1,
            last=MAXYEAR - 1,
        )
