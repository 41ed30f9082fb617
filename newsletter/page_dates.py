"""Dates as pages write them -> aware UTC instants. Pure and total; a date without a zone is taken as UTC."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

_ISO = re.compile(
    r"(\d{4})(?:[-/]|\.\s?)(\d{1,2})(?:[-/]|\.\s?)(\d{1,2})\.?"
    r"(?:[T\s,]{0,3}(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[A-Z]{3,4})?(?![\w:]))?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?(?!\d)")
_EAST_ASIAN = re.compile(
    r"(\d{4})\s?[년年]\s?(\d{1,2})\s?[월月]\s?(\d{1,2})\s?[일日]"
    r"(?:\s?(?:\([^)]\))?\s?(오전|오후|午前|午後|上午|下午)?\s?(\d{1,2})\s?[:시時点點]\s?(\d{1,2})?)?"
)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s?([ap]\.?m\.?)?", re.IGNORECASE)
_ZONE = re.compile(r"(?<![a-z0-9])(?:(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})|([a-z]{3,4}))(?![a-z0-9])", re.IGNORECASE)
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.|º)?(?:\s+de|\s+of)?[\s-]+([^\W\d_]{3,10})\.?,?(?:\s+de)?[\s-]+(\d{4})(?!\d)",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)", re.IGNORECASE)
_CTIME = re.compile(
    r"([a-z]{3})\s+(\d{1,2})\s+\d{1,2}:\d{2}(?::\d{2})?\s+(?:[a-z]{3,4}\s+|[+-]\d{4}\s+)?(\d{4})", re.IGNORECASE
)
_UNIX = re.compile(r"\d{9,13}(?:\.\d+)?")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d{2})[/-](\d{1,2})[/-](\d{1,2})(?=[/._-]|$)")

# The first letters of a month in the languages of Latin script, as far as they agree on one month.
_MONTHS = {
    prefix: month
    for month, prefixes in enumerate(
        (
            "jan jän ene gen",
            "feb fév fev febb",
            "mar mär mrt maa",
            "apr abr avr",
            "may mai mei mag",
            "jun juin giu haz",
            "jul juil lug",
            "aug ago aoû aou",
            "sep set",
            "oct okt ott out",
            "nov",
            "dec dez déc dic",
        ),
        1,
    )
    for prefix in prefixes.split()
}
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "kst": 9, "jst": 9, "cet": 1, "cest": 2, "wet": 0, "west": 1, "eet": 2, "eest": 3, "msk": 3, "bst": 1, "hkt": 8,
    "sgt": 8, "aest": 10, "aedt": 11,
}  # fmt: skip
MAX_DATE = 80
"""Characters of a text that may be a date."""


def instant(text: str) -> datetime | None:
    """The instant that the text begins with or holds, ``None`` where there is none that can be right."""
    text = " ".join(text[: MAX_DATE * 2].split())[:MAX_DATE]
    try:
        return _instant(text)
    except (ValueError, OverflowError):  # the 31st of February, the hour 25, before the year 1
        return None


def from_address(url: str) -> datetime | None:
    """The day in an address such as ``/2024/05/31/title``."""
    found = _IN_ADDRESS.search(url)
    try:
        return _in_range(datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)) if found else None
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    if _UNIX.fullmatch(text):
        seconds = float(text)
        return _in_range(datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC))
    if found := (_COMPACT.match(text) or _ISO.search(text)):
        year, month, day, hour, minute, second, zone = found.groups()
        meridiem = re.match(r"\s?([ap])\.?m", text[found.end() :], re.IGNORECASE) if hour else None
        hours = _hours(int(hour or 0), meridiem[1] if meridiem else "")
        clock = (hours, int(minute or 0), min(int(second or 0), 59))
        return _in_range(datetime(int(year), int(month), int(day), *clock, tzinfo=_zone(zone or "")).astimezone(UTC))
    if found := _EAST_ASIAN.search(text):
        year, month, day, half, hour, minute = found.groups()
        hours = _hours(int(hour or 0), "p" if half in ("오후", "午後", "下午") else "a" if half else "")
        return _in_range(datetime(int(year), int(month), int(day), hours, int(minute or 0), tzinfo=UTC))
    on = _day(text)
    return _in_range(_with_time(on, text)) if on else None


def _day(text: str) -> date | None:
    for rule, order in ((_DAY_MONTH, (3, 2, 1)), (_MONTH_DAY, (3, 1, 2)), (_CTIME, (3, 1, 2))):
        for found in rule.finditer(text):
            year, month, day = (found[place] for place in order)
            if known := _MONTHS.get(month.lower()[:4]) or _MONTHS.get(month.lower()[:3]):
                return date(int(year), known, int(day))
    return None


def _with_time(on: date, text: str) -> datetime:
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    if not (time := _TIME.search(text)):
        return at
    zone = next((_zone(found[0]) for found in _ZONE.finditer(text) if _is_zone(found[0])), UTC)
    hours = _hours(int(time[1]), (time[4] or "")[:1])
    return at.replace(hour=hours, minute=int(time[2]), second=min(int(time[3] or 0), 59), tzinfo=zone).astimezone(UTC)


def _hours(hour: int, half: str) -> int:
    return hour % 12 + (12 if half.lower() == "p" else 0) if half and hour <= 12 else hour


def _is_zone(text: str) -> bool:
    return text[0] in "+-" or text.lower() in _ZONES or text[:3].lower() in ("utc", "gmt")


def _zone(text: str) -> timezone:
    if found := re.search(r"([+-])(\d{2}):?(\d{2})$", text):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-offset if found[1] == "-" else offset)
    return timezone(timedelta(hours=_ZONES.get(text.lower(), 0)))


def _in_range(at: datetime) -> datetime | None:
    """Earlier and later ones are defaults and mistakes: the epoch, the year 1, the year 9999."""
    return at if 1990 <= at.year < 2100 else None
