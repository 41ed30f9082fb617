"""What is due of a newsletter: which cut-off closes now, which ones are passed over, when an edition may go out.

Pure: the open edition's cut-off and what people ordered come in from the store, `now` from the clock. When cut-offs
are is ``week``'s; doing what is due is ``publish``'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from newsletter.settings import NewsletterSettings
from newsletter.week import cut_offs, last_cut_off, next_cut_off

NIGHT = time(22), time(8)
"""From when until when, on the newsletter's own clock, nobody wants to be called by a late newsletter."""

LATE = timedelta(minutes=30)
"""A newsletter that closes no later than this after its time is not late: it is the team's own choice of hour."""

INSTANT = timedelta(microseconds=1)


class ActKind(StrEnum):
    """What people, or the clock, did with a newsletter; ``about`` of the act says with which week or edition."""

    SKIP = "skip"
    """``about`` is the local day whose cut-off is served without an edition, as ISO text; once, it was the cut-off."""
    UNSKIP = "unskip"
    PAUSE = "pause"
    """``about`` is the instant before which no cut-off is served."""
    RESUME = "resume"
    PASSED = "passed"
    """The clock: ``about`` is the cut-off that was served without an edition."""
    DRAFT = "draft"
    """The editors were shown what will go out: ``about`` is the cut-off."""
    PUBLISH = "publish"
    RELEASE = "release"
    EDIT = "edit"
    RETRACT = "retract"


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what about which week or edition, and when (aware UTC)."""

    what: ActKind
    about: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Orders:
    """What people ordered of the weeks to come: days to skip, with who did, and until when none is served.

    A day and no instant: a holiday stays one when the newsletter moves to another hour.
    """

    skipped: dict[date, str] = field(default_factory=dict)
    paused_until: datetime | None = None
    paused_by: str = ""

    def against(self, cut_off: datetime, zone: ZoneInfo) -> str | None:
        """Who ordered that this cut-off is not served; ``None``: nobody did."""
        if self.paused_until is not None and cut_off < self.paused_until:
            return self.paused_by
        return self.skipped.get(cut_off.astimezone(zone).date())


@dataclass(frozen=True, slots=True)
class Close:
    """The open edition closes at ``cut_off``, for the scheduled cut-off ``serves`` and all missed since ``first``."""

    first: datetime
    serves: datetime
    cut_off: datetime


@dataclass(frozen=True, slots=True)
class PassOver:
    """``cut_off`` is served without an edition, since ``by`` ordered it; what it would have had rolls on."""

    cut_off: datetime
    by: str


def orders(acts: Iterable[Act], zone: ZoneInfo) -> Orders:
    """What holds after these acts, in the order they were done: the last word counts."""
    skipped: dict[date, str] = {}
    paused_until, paused_by = None, ""
    for act in acts:
        match act.what:
            case ActKind.SKIP:
                skipped[_day(act.about, zone)] = act.by
            case ActKind.UNSKIP:
                skipped.pop(_day(act.about, zone), None)
            case ActKind.PAUSE:
                paused_until, paused_by = datetime.fromisoformat(act.about), act.by
            case ActKind.RESUME:
                paused_until, paused_by = None, ""
    return Orders(skipped, paused_until, paused_by)


def _day(about: str, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(about).astimezone(zone).date() if "T" in about else date.fromisoformat(about)


def due(settings: NewsletterSettings, serves: datetime, orders: Orders, now: datetime) -> Close | PassOver | None:
    """What the open edition, which serves the scheduled cut-off ``serves`` next, is to do now.

    Cut-offs that were missed are served together, by one edition that closes at the last of them. Ask again after each
    answer: there may be more to do.
    """
    if serves - settings.review > now:
        return None
    if (by := orders.against(serves, settings.zone)) is not None:
        return PassOver(serves, by)
    until = now + settings.review
    missed = [serves, *cut_offs(settings.schedule, settings.zone, serves, until)]
    served = [one for one in missed if orders.against(one, settings.zone) is None]
    return Close(serves, served[-1], served[-1] - settings.review)


def aimed(
    settings: NewsletterSettings, opened_at: datetime, serves: datetime, served: datetime | None, now: datetime
) -> datetime:
    """The cut-off the open edition serves, after the schedule may have changed; ``served`` is the last one that was.

    A cut-off that is no longer in the schedule gives way to the next one that is, never to one that has passed, nor to
    one whose edition would close before it was opened.
    """
    is_there = serves <= now or last_cut_off(settings.schedule, settings.zone, serves) == serves
    if is_there and serves - settings.review > opened_at:
        return serves
    return next_cut_off(settings.schedule, settings.zone, max(now, served or now, opened_at + settings.review))


def next_served(settings: NewsletterSettings, serves: datetime, orders: Orders) -> datetime:
    """The first cut-off from ``serves`` on that nobody ordered not to be served."""
    if orders.paused_until is not None and serves < orders.paused_until:
        serves = next_cut_off(settings.schedule, settings.zone, orders.paused_until - INSTANT)
    while orders.against(serves, settings.zone) is not None:
        serves = next_cut_off(settings.schedule, settings.zone, serves)
    return serves


def release_at(settings: NewsletterSettings, serves: datetime, now: datetime) -> datetime | None:
    """When the edition that closes now may go out; ``None``: at once.

    At the cut-off it serves; one that is late waits for the morning, unless the settings say otherwise.
    """
    if serves > now:
        return serves
    if now - serves <= LATE or settings.at_night == "send":
        return None
    return _morning(now, settings.zone)


def _morning(now: datetime, zone: ZoneInfo) -> datetime | None:
    """08:00 on that clock, if it is night there; ``None`` by day."""
    evening, morning = NIGHT
    local = now.astimezone(zone)
    if morning <= local.time() < evening:
        return None
    day = local.date() + timedelta(days=local.time() >= evening)
    return datetime.combine(day, morning, tzinfo=zone).astimezone(UTC)


def first_from(settings: NewsletterSettings, day: date) -> datetime:
    """The first cut-off on that local day or after it."""
    start = datetime.combine(day, time(), tzinfo=settings.zone).astimezone(UTC)
    return next_cut_off(settings.schedule, settings.zone, start - INSTANT)


def start_of(settings: NewsletterSettings, day: date) -> datetime:
    """The first instant of that local day."""
    return datetime.combine(day, time(), tzinfo=settings.zone).astimezone(UTC)
