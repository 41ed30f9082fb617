"""Editions, placements and the ledger: which shares an edition is made of, where they went, what was delivered.

Every question is answered by an index over a stretch of time or a list of rows, never by a walk through the past.
``publish.py`` calls these in order; what an edition looks like is ``assemble``'s business.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select, true, update

from newsletter import urls
from newsletter.heard import ChannelId, MessageId, PersonId, Preview
from newsletter.merge import KeptMessage, reactions
from newsletter.model import (
    Choice,
    Edition,
    EditionState,
    Field,
    KeptShare,
    Page,
    Part,
    PartState,
    Receipt,
    Seen,
    TitleSource,
    from_json,
    to_json,
)
from newsletter.store import chat, choices, pages, tables, terms
from newsletter.store.chat import in_batches
from newsletter.store.database import Transaction

LATE_WITHIN = timedelta(days=30)
"""How far before an edition's opening an imported share may lie and still be late; an older one is history."""

_MENTION = re.compile(r"\((person|channel):([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition's place in the ledger. ``serves`` is the scheduled cut-off it stands for, ``number`` 0 until
    printed."""

    id: int
    newsletter: str
    number: int
    state: EditionState
    opened_at: datetime
    cut_off: datetime
    serves: datetime
    arrived_until: int
    began_at: datetime | None = None
    """Since when the newsletter takes shares; ``None`` for one that was not begun: since ``opened_at``."""
    closed_at: datetime | None = None
    closed_by: str = ""
    release_at: datetime | None = None
    """Not delivered before; ``None``: as soon as it is closed."""
    approval: Literal["", "awaited", "given"] = ""
    """Whether an editor must still say that it may go out."""

    def is_released(self, now: datetime) -> bool:
        """Whether it may be delivered."""
        return self.approval != "awaited" and (self.release_at is None or self.release_at <= now)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where a link was before: in edition ``number`` of ``at``, or (0) only in chat at that time."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What the store knows about some shares; ``publish`` makes ``assemble.Material`` of it."""

    shares: tuple[KeptShare, ...]
    names: Mapping[PersonId, str]
    channels: Mapping[ChannelId, str]
    pages: Mapping[str, Page]
    joins: Mapping[str, str]
    choices: tuple[Choice, ...]
    joined: Mapping[PersonId, datetime]
    hidden: frozenset[PersonId]
    """Who of them opted out."""


# --- editions ------------------------------------------------------------------------------------------------------


async def open_edition(transaction: Transaction, newsletter: str) -> EditionRow | None:
    """The newsletter's one open edition; ``None`` before it was begun."""
    table = tables.edition
    return await _one(transaction, (table.c.newsletter == newsletter) & (table.c.state == EditionState.OPEN.value))


async def serving(transaction: Transaction, newsletter: str, cut_off: datetime) -> EditionRow | None:
    """The closed edition that stands for this scheduled cut-off."""
    table = tables.edition
    closed = (table.c.newsletter == newsletter) & (table.c.state != EditionState.OPEN.value)
    return await _one(transaction, closed & (table.c.serves == cut_off))


async def by_id(transaction: Transaction, edition: int) -> EditionRow | None:
    """The edition of this row."""
    return await _one(transaction, tables.edition.c.id == edition)


async def all_editions(transaction: Transaction, newsletter: str) -> tuple[EditionRow, ...]:
    """Every edition of the newsletter, by cut-off."""
    table = tables.edition
    found = await transaction.execute(
        select(table).where(table.c.newsletter == newsletter).order_by(table.c.cut_off, table.c.number)
    )
    return tuple(_edition(row) for row in found)


async def printed_before(
    transaction: Transaction, newsletter: str, cut_off: datetime, edition: int
) -> tuple[EditionRow, ...]:
    """The printed editions but ``edition`` that were cut off in the day and a half up to ``cut_off``."""
    table = tables.edition
    found = await transaction.execute(
        select(table).where(
            table.c.newsletter == newsletter,
            table.c.cut_off > cut_off - timedelta(hours=36),
            table.c.cut_off <= cut_off,
            table.c.number.is_not(None),
            table.c.id != edition,
        )
    )
    return tuple(_edition(row) for row in found)


async def how_many_are_out(transaction: Transaction, newsletter: str, now: datetime) -> tuple[int, int]:
    """How many editions readers may know of, and how often these were made anew: the same numbers, the same past."""
    table, revision = tables.edition, tables.revision
    released = (table.c.approval != "awaited") & or_(table.c.release_at.is_(None), table.c.release_at <= now)
    found = await transaction.execute(
        select(func.count(table.c.id.distinct()), func.count(revision.c.n))
        .select_from(table)
        .join(revision, revision.c.edition_id == table.c.id)
        .where(table.c.newsletter == newsletter, table.c.number.is_not(None), released)
        .where(table.c.state != EditionState.RETRACTED.value)
    )
    rows, revisions = found.one()
    return rows, revisions


async def begin(
    transaction: Transaction, newsletter: str, opened_at: datetime, cut_off: datetime, *, after: EditionRow | None
) -> EditionRow:
    """Open the newsletter's next edition; ``after`` is the one just closed. There may be only one open edition."""
    arrived = await _last_share(transaction) if after is not None else 0
    row = {
        "newsletter": newsletter,
        "state": EditionState.OPEN.value,
        "opened_at": opened_at,
        "cut_off": cut_off,
        "serves": cut_off,
        "arrived_until": arrived,
        "began_at": (after.began_at if after is not None else None) or opened_at,
    }
    made = await transaction.execute(insert(tables.edition).values(row).returning(tables.edition))
    return _edition(made.one())


async def close(
    transaction: Transaction,
    row: EditionRow,
    *,
    state: EditionState,
    cut_off: datetime,
    serves: datetime,
    at: datetime,
    by: str,
    release_at: datetime | None = None,
    approval: Literal["", "awaited"] = "",
) -> None:
    """Close an open edition at ``cut_off``: say who did it and when, and when it may go out. One that goes out gets its
    number now."""
    table = tables.edition
    number = await next_number(transaction, row.newsletter) if state is EditionState.FROZEN else None
    values = {
        "state": state.value,
        "number": number,
        "cut_off": cut_off,
        "serves": serves,
        "closed_at": at,
        "closed_by": by,
        "release_at": release_at,
        "approval": approval,
    }
    await transaction.execute(update(table).where(table.c.id == row.id).values(values))


async def waiting(transaction: Transaction, newsletter: str, now: datetime) -> tuple[EditionRow, ...]:
    """The closed editions that may not go out yet, oldest first."""
    table = tables.edition
    held = or_(table.c.approval == "awaited", table.c.release_at > now)
    found = await transaction.execute(
        select(table)
        .where(table.c.newsletter == newsletter, table.c.state == EditionState.FROZEN.value, held)
        .order_by(table.c.cut_off)
    )
    return tuple(_edition(row) for row in found)


async def release(transaction: Transaction, row: EditionRow) -> None:
    """Let a closed edition go out now. The second time changes nothing."""
    table = tables.edition
    approval = "given" if row.approval else ""
    await transaction.execute(update(table).where(table.c.id == row.id).values(release_at=None, approval=approval))


async def retract(transaction: Transaction, row: EditionRow) -> None:
    """An edition that went out is taken back; its shares stay where they were placed."""
    table = tables.edition
    values = {"state": EditionState.RETRACTED.value, "stale": False}
    await transaction.execute(update(table).where(table.c.id == row.id).values(values))


async def stale(transaction: Transaction, newsletter: str) -> tuple[EditionRow, ...]:
    """The editions that went out, or were made for the past, and of which something changed in chat since, by
    cut-off."""
    table = tables.edition
    out = (EditionState.FROZEN.value, EditionState.ARCHIVED.value)
    found = await transaction.execute(
        select(table)
        .where(table.c.newsletter == newsletter, table.c.stale, table.c.state.in_(out))
        .order_by(table.c.cut_off)
    )
    return tuple(_edition(row) for row in found)


async def went_stale(transaction: Transaction, edition: int) -> None:
    """Something about it was decided since it went out."""
    await transaction.execute(update(tables.edition).where(tables.edition.c.id == edition).values(stale=True))


async def up_to_date(transaction: Transaction, row: EditionRow) -> None:
    """What had changed in chat is in the edition now."""
    table = tables.edition
    await transaction.execute(update(table).where(table.c.id == row.id).values(stale=False))


async def last_printed(transaction: Transaction, newsletter: str) -> EditionRow | None:
    """The edition that went out, or is about to, last."""
    table = tables.edition
    frozen = (table.c.newsletter == newsletter) & (table.c.state == EditionState.FROZEN.value)
    found = await transaction.execute(select(table).where(frozen).order_by(table.c.number.desc()).limit(1))
    row = found.one_or_none()
    return _edition(row) if row is not None else None


async def last_served(transaction: Transaction, newsletter: str) -> datetime | None:
    """The latest scheduled cut-off that a closed edition stands for."""
    table = tables.edition
    found = await transaction.execute(
        select(func.max(table.c.serves)).where(
            table.c.newsletter == newsletter, table.c.state != EditionState.OPEN.value
        )
    )
    instant: datetime | None = found.scalar_one_or_none()
    return instant


async def advance(transaction: Transaction, row: EditionRow, opened_at: datetime, cut_off: datetime) -> EditionRow:
    """Let the open edition begin later: the weeks before had nothing to print, or were made for the archive.

    What is unplaced of them is late, and still its own.
    """
    table = tables.edition
    arrived = min(row.arrived_until, await _arrived_before_what_is_left(transaction, row, opened_at))
    await transaction.execute(
        update(table)
        .where(table.c.id == row.id, table.c.state == EditionState.OPEN.value)
        .values(opened_at=opened_at, cut_off=cut_off, serves=cut_off, arrived_until=arrived)
    )
    return replace(row, opened_at=opened_at, cut_off=cut_off, serves=cut_off, arrived_until=arrived)


async def _arrived_before_what_is_left(transaction: Transaction, row: EditionRow, until: datetime) -> int:
    """The mark behind which the unplaced shares from the edition's opening ``until`` then are found, as late ones.

    Some were there at the last freeze already: shared after its cut-off, while it had not been served yet.
    """
    share, placement = tables.share, tables.placement
    unplaced = ~exists().where(placement.c.share_id == share.c.id, placement.c.newsletter == row.newsletter)
    found = await transaction.execute(
        select(func.min(share.c.id))
        .where(share.c.channel_id.in_(select(tables.channel.c.id)))  # all, so that their index is used
        .where(share.c.sent_at >= row.opened_at, share.c.sent_at < until, share.c.present, unplaced)
    )
    first: int | None = found.scalar_one_or_none()
    return row.arrived_until if first is None else first - 1


async def add_archived(
    transaction: Transaction, newsletter: str, opened_at: datetime, cut_off: datetime, at: datetime, by: str
) -> EditionRow:
    """An edition of the past, closed from the start."""
    row = {
        "newsletter": newsletter,
        "number": await next_number(transaction, newsletter),
        "state": EditionState.ARCHIVED.value,
        "opened_at": opened_at,
        "cut_off": cut_off,
        "serves": cut_off,
        "arrived_until": 0,
        "began_at": opened_at,
        "closed_at": at,
        "closed_by": by,
    }
    made = await transaction.execute(insert(tables.edition).values(row).returning(tables.edition))
    return _edition(made.one())


async def next_number(transaction: Transaction, newsletter: str) -> int:
    """The number the newsletter's next printed edition gets; an open one has none yet."""
    table = tables.edition
    found = await transaction.execute(select(func.max(table.c.number)).where(table.c.newsletter == newsletter))
    return (found.scalar_one_or_none() or 0) + 1


async def _one(transaction: Transaction, condition: Any) -> EditionRow | None:
    row = (await transaction.execute(select(tables.edition).where(condition).limit(1))).one_or_none()
    return _edition(row) if row is not None else None


def _edition(row: Row[Any]) -> EditionRow:
    return EditionRow(
        row.id,
        row.newsletter,
        row.number or 0,
        EditionState(row.state),
        row.opened_at,
        row.cut_off,
        row.serves,
        row.arrived_until,
        row.began_at,
        row.closed_at,
        row.closed_by or "",
        row.release_at,
        row.approval,
    )


async def _last_share(transaction: Transaction) -> int:
    # Nobody else writes meanwhile (``Store.writing``), so none with a lower number can still turn up.
    return (await transaction.execute(select(func.max(tables.share.c.id)))).scalar_one_or_none() or 0


# --- which shares --------------------------------------------------------------------------------------------------


async def open_shares(
    transaction: Transaction, row: EditionRow, channels: Sequence[int], cut_off: datetime
) -> list[int]:
    """The shares of the open edition: before ``cut_off``, in these channels, not placed by this newsletter yet.

    Among those from before its opening: what the live platform told since the last freeze, however old, what was
    imported since then within ``LATE_WITHIN``, and links edited out of their message and in again. Nothing from before
    the newsletter began.
    """
    share = tables.share
    since = row.began_at or row.opened_at
    unplaced = ~exists().where(
        tables.placement.c.share_id == share.c.id, tables.placement.c.newsletter == row.newsletter
    )
    new = share.c.id > row.arrived_until
    in_time = and_(share.c.sent_at >= row.opened_at, share.c.sent_at < cut_off)
    late = and_(new, share.c.sent_at >= max(since, row.opened_at - LATE_WITHIN), share.c.sent_at < row.opened_at)
    told = and_(new, share.c.live, share.c.sent_at >= since, share.c.sent_at < row.opened_at)
    returned = and_(share.c.returned, share.c.sent_at >= since, share.c.sent_at < row.opened_at)
    found: set[int] = set()
    for condition in (in_time, late):
        ids = await transaction.execute(
            select(share.c.id).where(condition, share.c.present, share.c.channel_id.in_(channels), unplaced)
        )
        found.update(ids.scalars())
    for condition in (told, returned):
        # Of all channels: asked for some, SQLite would take these channels' index and walk through all their past.
        rows = await transaction.execute(
            select(share.c.id, share.c.channel_id).where(condition, share.c.present, unplaced)
        )
        found.update(one.id for one in rows if one.channel_id in channels)
    return sorted(found | await _brought_in(transaction, row, channels))


async def _brought_in(transaction: Transaction, row: EditionRow, channels: Sequence[int]) -> set[int]:
    """Shares from before, which an editor wants in this edition."""
    share, choice, placement = tables.share, tables.choice, tables.placement
    wanted = await transaction.execute(
        select(choice.c.value).where(choice.c.edition_id == row.id, choice.c.field == Field.BROUGHT.value)
    )
    ids = [int(value) for value in wanted.scalars() if value.isdecimal()]
    unplaced = ~exists().where(placement.c.share_id == share.c.id, placement.c.newsletter == row.newsletter)
    found = await transaction.execute(
        select(share.c.id).where(share.c.id.in_(ids), share.c.present, share.c.channel_id.in_(channels), unplaced)
    )
    return set(found.scalars())


@dataclass(frozen=True, slots=True)
class Placed:
    """A share, its link's key, and the number of the edition that printed it, 0 where none did."""

    share: int
    key: str
    printed_in: int


async def shares_of(transaction: Transaction, message: MessageId, newsletter: str) -> tuple[Placed, ...]:
    """What a message shares, and where the newsletter placed it."""
    share, placement, edition = tables.share, tables.placement, tables.edition
    rows = await chat.message_rows(transaction, [message])
    printed = (placement.c.newsletter == newsletter) & placement.c.reason.is_(None)
    found = await transaction.execute(
        select(share.c.id, tables.link.c.key, edition.c.number)
        .join(tables.link, tables.link.c.id == share.c.link_id)
        .outerjoin(placement, and_(placement.c.share_id == share.c.id, printed))
        .outerjoin(edition, edition.c.id == placement.c.edition_id)
        .where(share.c.message_id.in_(rows.values()), share.c.present)
        .order_by(share.c.ordinal)
    )
    return tuple(Placed(row.id, row.key, row.number or 0) for row in found)


async def take_up_again(transaction: Transaction, newsletter: str, share: int) -> None:
    """Let a share that was left out of an earlier edition be placed again."""
    table = tables.placement
    left_out = (table.c.newsletter == newsletter) & (table.c.share_id == share) & table.c.reason.is_not(None)
    await transaction.execute(table.delete().where(left_out))


async def own_shares(transaction: Transaction, person: PersonId, shares: Iterable[int]) -> frozenset[int]:
    """Which of these shares are there, and the person's own."""
    share, message, who = tables.share, tables.message, tables.person
    found = await transaction.execute(
        select(share.c.id)
        .join(message, message.c.id == share.c.message_id)
        .join(who, who.c.id == message.c.author_id)
        .where(share.c.id.in_(list(shares)), share.c.present)
        .where(who.c.platform == person.platform, who.c.workspace == person.workspace)
        .where(who.c.external_id == person.id)
    )
    return frozenset(found.scalars())


async def shares_between(
    transaction: Transaction,
    newsletter: str,
    channels: Sequence[int],
    since: datetime,
    until: datetime,
    *,
    edition: int = 0,
) -> list[int]:
    """The shares of a past week: ``since <= sent_at < until``, but for those placed in another edition than this
    one."""
    share, placement = tables.share, tables.placement
    elsewhere = exists().where(
        placement.c.share_id == share.c.id, placement.c.newsletter == newsletter, placement.c.edition_id != edition
    )
    found = await transaction.execute(
        select(share.c.id)
        .where(share.c.sent_at >= since, share.c.sent_at < until, share.c.present)
        .where(share.c.channel_id.in_(channels), ~elsewhere)
        .order_by(share.c.id)
    )
    return list(found.scalars())


async def first_share_after(transaction: Transaction, channels: Sequence[int], at: datetime | None) -> datetime | None:
    """When the first share at or after ``at`` (``None``: ever) was posted in these channels."""
    sent_at = tables.share.c.sent_at
    within = sent_at >= at if at is not None else true()
    return await _instant(transaction, channels, func.min, within, sent_at.asc())


async def last_share(transaction: Transaction, channels: Sequence[int]) -> datetime | None:
    """When the newest share in these channels was posted."""
    return await _instant(transaction, channels, func.max, true(), tables.share.c.sent_at.desc())


async def _instant(
    transaction: Transaction,
    channels: Sequence[int],
    outermost: Callable[..., Any],
    within: ColumnElement[bool],
    order: ColumnElement[datetime],
) -> datetime | None:
    """One look at the index for each channel: a quiet one would be looked for through the past of all others."""
    share, channel = tables.share, tables.channel
    of_channel = (
        select(share.c.sent_at)
        .where(share.c.channel_id == channel.c.id, share.c.present, within)
        .order_by(order)
        .limit(1)
        .correlate(channel)
        .scalar_subquery()
    )
    found = await transaction.execute(select(outermost(of_channel)).where(channel.c.id.in_(channels)))
    instant: datetime | None = found.scalar_one_or_none()
    return instant


async def placed(transaction: Transaction, edition: int) -> list[int]:
    """The shares that were placed in this edition and are still there in chat."""
    share, placement = tables.share, tables.placement
    found = await transaction.execute(
        select(share.c.id)
        .join(placement, placement.c.share_id == share.c.id)
        .where(placement.c.edition_id == edition, placement.c.reason.is_(None), share.c.present)
        .order_by(share.c.id)
    )
    return list(found.scalars())


async def place(
    transaction: Transaction, row: EditionRow, placements: Mapping[int, str | None], *, anew: bool = False
) -> None:
    """Record where each share went. A share is placed once per newsletter: the second time is an error.

    ``anew`` replaces the placements of an archived edition, which follows its week's chat.
    """
    table = tables.placement
    if anew:
        await transaction.execute(table.delete().where(table.c.edition_id == row.id))
    values = [
        {"newsletter": row.newsletter, "share_id": share, "edition_id": row.id, "reason": reason}
        for share, reason in sorted(placements.items())
    ]
    for batch in in_batches(values):
        await transaction.execute(insert(table), batch)


async def earlier(
    transaction: Transaction,
    newsletter: str,
    channels: Sequence[int],
    shares: Sequence[KeptShare],
    before: datetime,
) -> dict[str, Earlier]:
    """For each of these shares' links, by key, the latest time it was there before: printed, or only in chat."""
    share, placement, edition, link = tables.share, tables.placement, tables.edition, tables.link
    late = [one.id for one in shares if one.sent_at < before]
    together = await pages.together(transaction, {one.key for one in shares})
    digests = {chat.link_digest(key) for keys in together.values() for key in keys}
    by_link: dict[str, Earlier] = {}
    latest = (
        select(share.c.id)
        .select_from(
            share.outerjoin(placement, and_(placement.c.share_id == share.c.id, placement.c.newsletter == newsletter))
        )
        .where(share.c.link_id == link.c.id, share.c.sent_at < before, share.c.channel_id.in_(channels))
        .where(share.c.id.not_in(late))
        .where(placement.c.reason.is_(None), or_(share.c.present, placement.c.edition_id.is_not(None)))
        .order_by(share.c.sent_at.desc())
        .limit(1)
        .correlate(link)
        .scalar_subquery()
    )
    for batch in in_batches(digests):
        rows = await transaction.execute(select(link.c.key, latest.label("share")).where(link.c.digest.in_(batch)))
        by_share = {row.share: row.key for row in rows if row.share is not None}
        details = await transaction.execute(
            select(share.c.id, share.c.sent_at, edition.c.number, edition.c.cut_off)
            .outerjoin(placement, and_(placement.c.share_id == share.c.id, placement.c.newsletter == newsletter))
            .outerjoin(edition, edition.c.id == placement.c.edition_id)
            .where(share.c.id.in_(by_share))
        )
        for row in details:
            by_link[by_share[row.id]] = Earlier(row.number or 0, row.cut_off or row.sent_at)
    # A link that was joined to another one was there when that one was.
    return {
        key: max((by_link[one] for one in keys if one in by_link), key=lambda earlier: (earlier.at, earlier.number))
        for key, keys in together.items()
        if not by_link.keys().isdisjoint(keys)
    }


async def printed_links(
    transaction: Transaction, newsletter: str, keys: Iterable[str], before: datetime
) -> dict[str, Seen]:
    """Of these links, those that an edition printed, shared ``before`` then: the latest one, by the link's key."""
    share, placement, edition, link = tables.share, tables.placement, tables.edition, tables.link
    rows = await transaction.execute(
        select(link.c.key, edition.c.id, edition.c.number)
        .select_from(share)
        .join(link, link.c.id == share.c.link_id)
        .join(placement, and_(placement.c.share_id == share.c.id, placement.c.newsletter == newsletter))
        .join(edition, edition.c.id == placement.c.edition_id)
        .where(link.c.digest.in_({chat.link_digest(key) for key in keys}))
        .where(placement.c.reason.is_(None), share.c.sent_at < before, edition.c.number.is_not(None))
        .order_by(edition.c.number)
    )
    found: dict[str, Seen] = {}
    for key, id, number in rows.all():
        printed = await latest_revision(transaction, id)
        found[key] = Seen(number, printed.label if printed is not None else "")
    return found


# --- what is known of them -----------------------------------------------------------------------------------------


async def known(transaction: Transaction, ids: Sequence[int], edition: int | None = None) -> Found:
    """Everything the store knows about these shares, and the choices made for this edition."""
    shares: list[KeptShare] = []
    channels: dict[ChannelId, str] = {}
    for batch in in_batches(ids):
        shares += await _shares(transaction, batch)
    people = await _people(transaction, shares)
    shares = [_without(people.bots, share) for share in shares]
    if any("(channel:" in share.comment + share.follow_up for share in shares):
        channels = {seen.id: seen.name for seen in (await chat.channels(transaction)).values()}
    keys = [share.key for share in shares]
    joins = await pages.joins(transaction, keys)
    return Found(
        tuple(shares),
        people.names,
        channels,
        # Of a link that is another one, the other one's page too.
        await pages.of(transaction, [*keys, *joins.values()]),
        joins,
        await choices.of(transaction, edition) if edition is not None else (),
        people.joined,
        people.hidden,
    )


async def _shares(transaction: Transaction, ids: Sequence[int]) -> list[KeptShare]:
    share, message, channel, person = tables.share, tables.message, tables.channel, tables.person
    words = message.alias("words")
    statement = (
        select(
            share,
            message.c.external_id.label("message_external_id"),
            message.c.permalink,
            message.c.previews,
            message.c.text,
            message.c.thread,
            channel.c.platform,
            channel.c.workspace,
            channel.c.external_id.label("channel_external_id"),
            channel.c.name.label("channel_name"),
            channel.c.private,
            person.c.external_id.label("author"),
            person.c.workspace.label("author_workspace"),
            person.c.opted_out_at,
            tables.link.c.key,
            words.c.text.label("follow_up"),
        )
        .join(message, message.c.id == share.c.message_id)
        .join(channel, channel.c.id == share.c.channel_id)
        .join(person, person.c.id == message.c.author_id)
        .join(tables.link, tables.link.c.id == share.c.link_id)
        .outerjoin(words, words.c.id == share.c.words_from)
        .where(share.c.id.in_(ids))
        .order_by(share.c.id)
    )
    rows = (await transaction.execute(statement)).all()
    message_ids = {
        row.id: MessageId(ChannelId(row.platform, row.workspace, row.channel_external_id), row.message_external_id)
        for row in rows
    }
    kept = await chat.messages_of_rows(transaction, {row.message_id for row in rows})
    own = await choices.own(transaction, ids)
    return [_share(row, message_ids[row.id], kept[message_ids[row.id]], own.get(row.id, {})) for row in rows]


def _share(row: Row[Any], message: MessageId, kept: KeptMessage, own: Mapping[Field, str]) -> KeptShare:
    previews = [Preview(**preview) for preview in row.previews]
    return KeptShare(
        id=row.id,
        url=row.url,
        key=row.key,
        ordinal=row.ordinal,
        title=own.get(Field.TITLE, row.title),
        title_source=_title_source(row, own),
        comment=own.get(Field.WORDS, row.comment),
        hashtags=tuple(row.hashtags),
        bare=row.bare,
        message=message,
        author=PersonId(message.channel.platform, row.author_workspace, row.author),
        sent_at=row.sent_at,
        channel_name=row.channel_name,
        channel_private=row.private,
        permalink=row.permalink,
        preview=next((preview for preview in previews if urls.key(preview.url) == row.key), None),
        follow_up="" if Field.WORDS in own else row.follow_up or "",
        under=row.under,
        reactions=reactions(kept),
        live=row.live,
        withdrawn=own.get(Field.OUT) == "yes",
        # The text of a message has its link at least; whoever opted out takes everything back.
        blanked=not row.text and row.opted_out_at is None,
    )


def _title_source(row: Row[Any], own: Mapping[Field, str]) -> TitleSource | None:
    if Field.TITLE in own:
        return TitleSource.SHARER
    return TitleSource(row.title_source) if row.title_source else None


def _without(bots: frozenset[PersonId], share: KeptShare) -> KeptShare:
    """The share without what bots reacted with: many greet every message."""
    if not bots or not any(bots.intersection(reaction.people) for reaction in share.reactions):
        return share
    left = (
        replace(reaction, people=tuple(person for person in reaction.people if person not in bots))
        for reaction in share.reactions
    )
    return replace(share, reactions=tuple(reaction for reaction in left if reaction.people or reaction.unnamed))


@dataclass(frozen=True, slots=True)
class _People:
    """Names, of nobody who opted out; who are bots; who opted out; since when people belong to the place."""

    names: Mapping[PersonId, str]
    bots: frozenset[PersonId]
    hidden: frozenset[PersonId]
    joined: Mapping[PersonId, datetime]


async def _people(transaction: Transaction, shares: Iterable[KeptShare]) -> _People:
    """What is known of everybody who shared, reacted or is mentioned."""
    wanted: set[PersonId] = set()
    for share in shares:
        wanted.add(share.author)
        wanted.update(person for reaction in share.reactions for person in reaction.people)
        for kind, id in _MENTION.findall(f"{share.comment} {share.follow_up}"):
            if kind == "person":
                wanted.add(PersonId(share.channel.platform, share.channel.workspace, id))
    table = tables.person
    by_place: dict[tuple[str, str], list[str]] = defaultdict(list)
    for person in sorted(wanted):
        by_place[person.platform, person.workspace].append(person.id)
    names: dict[PersonId, str] = {}
    bots: set[PersonId] = set()
    hidden: set[PersonId] = set()
    joined: dict[PersonId, datetime] = {}
    for (platform, workspace), external in by_place.items():
        for batch in in_batches(external):
            found = await transaction.execute(
                select(table.c.external_id, table.c.name, table.c.bot, table.c.opted_out_at, table.c.joined_at).where(
                    table.c.platform == platform, table.c.workspace == workspace, table.c.external_id.in_(batch)
                )
            )
            for row in found:
                person = PersonId(platform, workspace, row.external_id)
                if row.opted_out_at is None:
                    names[person] = row.name
                else:
                    hidden.add(person)
                if row.bot:
                    bots.add(person)
                if row.joined_at is not None:
                    joined[person] = row.joined_at
    return _People(names, frozenset(bots), frozenset(hidden), joined)


# --- revisions and the ledger --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """A part and what became of it."""

    part: Part
    state: PartState
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One edition at one destination. ``fence`` counts its owners: only the latest one may still write."""

    id: int
    edition: int
    destination: str
    n: int
    fence: int
    done_at: datetime | None
    failed: str | None
    parts: tuple[LedgerPart, ...]
    attempts: int = 0
    """How often it was tried in vain since it was last done."""
    next_at: datetime | None = None
    """When it is tried again by itself; ``None``: at once."""
    why: str | None = None
    """What was in the way the last time."""


async def revise(transaction: Transaction, row: EditionRow, edition: Edition, at: datetime) -> tuple[int, bool]:
    """Keep the edition as it now is; returns the latest revision's number and whether it is new."""
    table = tables.revision
    body = to_json(edition)
    latest = (
        await transaction.execute(select(table).where(table.c.edition_id == row.id).order_by(table.c.n.desc()).limit(1))
    ).one_or_none()
    if latest is not None and latest.edition == body:
        return int(latest.n), False
    n = 0 if latest is None else latest.n + 1
    await transaction.execute(insert(table).values(edition_id=row.id, n=n, edition=body, made_at=at))
    await terms.printed(transaction, row.id, edition)
    return n, True


async def as_frozen(transaction: Transaction, edition: int) -> Edition | None:
    """The edition as it was first kept, but for what was erased since."""
    table = tables.revision
    found = await transaction.execute(
        select(table.c.edition).where(table.c.edition_id == edition).order_by(table.c.n).limit(1)
    )
    body = found.scalar_one_or_none()
    return from_json(body) if body is not None else None


async def latest_revision(transaction: Transaction, edition: int) -> Edition | None:
    """The edition as it was last kept; ``None`` where it never was (it was skipped)."""
    table = tables.revision
    found = await transaction.execute(
        select(table.c.edition).where(table.c.edition_id == edition).order_by(table.c.n.desc()).limit(1)
    )
    body = found.scalar_one_or_none()
    return from_json(body) if body is not None else None


async def intend(
    transaction: Transaction, row: EditionRow, destination: str, n: int, parts: Sequence[Part]
) -> Delivery:
    """Store what a destination shall get, before anything is sent. The same parts the second time change nothing.

    Parts that differ from what was sent keep their receipt: the destination changes them in place. What was sent and is
    no longer wanted stays, without a payload, until it is taken away.
    """
    before = await delivery(transaction, row.id, destination)
    if before is None:
        made = await transaction.execute(
            insert(tables.delivery)
            .values(edition_id=row.id, destination=destination, n=n, fence=0)
            .returning(tables.delivery.c.id)
        )
        delivery_id: int = made.scalar_one()
        kept: dict[int, LedgerPart] = {}
    else:
        if [one.part for one in before.parts] == list(parts):
            return before
        delivery_id = before.id
        kept = {one.part.ordinal: one for one in before.parts}
        await transaction.execute(
            update(tables.delivery)
            .where(tables.delivery.c.id == delivery_id)
            .values(n=n, done_at=None, failed=None, attempts=0, next_at=None, why=None)
        )
    table = tables.part
    ledger = dict(kept)
    for part in parts:
        before_it = kept.get(part.ordinal)
        if before_it is not None and before_it.part == part:
            continue
        values = {
            "name": part.name,
            "mark": part.mark,
            "payload": part.payload,
            "state": PartState.INTENDED.value,
        }
        if before_it is not None:
            here = (table.c.delivery_id == delivery_id) & (table.c.ordinal == part.ordinal)
            await transaction.execute(update(table).where(here).values(values))
        else:
            await transaction.execute(
                insert(table).values(delivery_id=delivery_id, ordinal=part.ordinal, receipt=None, **values)
            )
        ledger[part.ordinal] = LedgerPart(part, PartState.INTENDED, before_it.receipt if before_it else None)
    for ordinal in sorted(kept.keys() - {part.ordinal for part in parts}):
        here = (table.c.delivery_id == delivery_id) & (table.c.ordinal == ordinal)
        if (receipt := kept[ordinal].receipt) is None:
            await transaction.execute(table.delete().where(here))
            del ledger[ordinal]
            continue
        unwanted = replace(kept[ordinal].part, payload="")
        await transaction.execute(update(table).where(here).values(payload="", state=PartState.INTENDED.value))
        ledger[ordinal] = LedgerPart(unwanted, PartState.INTENDED, receipt)
    in_order = tuple(ledger[ordinal] for ordinal in sorted(ledger))
    return Delivery(delivery_id, row.id, destination, n, before.fence if before else 0, None, None, in_order)


async def move_delivery(transaction: Transaction, newsletter: str, destination: str, edition: int) -> None:
    """Let the newsletter's one delivery to this destination be this edition's: a document over all editions."""
    table = tables.delivery
    own = select(tables.edition.c.id).where(tables.edition.c.newsletter == newsletter)
    await transaction.execute(
        update(table)
        .where(table.c.destination == destination, table.c.edition_id.in_(own), table.c.edition_id != edition)
        .values(edition_id=edition)
    )


async def delivery(transaction: Transaction, edition: int, destination: str) -> Delivery | None:
    """The delivery of an edition to a destination, with its parts in order."""
    table = tables.delivery
    found = await _deliveries(transaction, (table.c.edition_id == edition) & (table.c.destination == destination))
    return found[0] if found else None


async def unfinished(
    transaction: Transaction, newsletter: str, now: datetime, *, failed_too: bool = False
) -> tuple[Delivery, ...]:
    """The newsletter's deliveries that are not done and may be, oldest edition first; those given up only if asked
    for."""
    table, edition = tables.delivery, tables.edition
    open_still = table.c.done_at.is_(None) if failed_too else table.c.done_at.is_(None) & table.c.failed.is_(None)
    released = (edition.c.approval != "awaited") & or_(edition.c.release_at.is_(None), edition.c.release_at <= now)
    return await _deliveries(transaction, (edition.c.newsletter == newsletter) & open_still & released)


async def troubled(transaction: Transaction, newsletter: str) -> tuple[tuple[EditionRow, Delivery], ...]:
    """The newsletter's deliveries that were tried in vain or given up, with their editions, oldest edition first."""
    table, edition = tables.delivery, tables.edition
    in_vain = table.c.failed.is_not(None) | (table.c.attempts > 0)
    condition = (edition.c.newsletter == newsletter) & table.c.done_at.is_(None) & in_vain
    deliveries = await _deliveries(transaction, condition)
    rows = await transaction.execute(select(edition).where(edition.c.id.in_({one.edition for one in deliveries})))
    by_id = {row.id: _edition(row) for row in rows}
    return tuple((by_id[one.edition], one) for one in deliveries)


async def deliveries_of(transaction: Transaction, edition: int) -> tuple[Delivery, ...]:
    """Where an edition went, or goes."""
    return await _deliveries(transaction, tables.delivery.c.edition_id == edition)


async def failed(transaction: Transaction) -> tuple[tuple[EditionRow, str, str], ...]:
    """Every delivery that was given up: edition, destination and why, newest first."""
    table, edition = tables.delivery, tables.edition
    found = await transaction.execute(
        select(edition, table.c.destination, table.c.failed)
        .join(edition, edition.c.id == table.c.edition_id)
        .where(table.c.failed.is_not(None))
        .order_by(edition.c.cut_off.desc(), table.c.id.desc())
    )
    return tuple((_edition(row), row.destination, row.failed) for row in found)


async def _deliveries(transaction: Transaction, condition: ColumnElement[bool]) -> tuple[Delivery, ...]:
    """The deliveries that fit, oldest edition first, with their parts in order: in one statement, however many."""
    table, edition, part = tables.delivery, tables.edition, tables.part
    found = await transaction.execute(
        select(table, part)
        .join(edition, edition.c.id == table.c.edition_id)
        .outerjoin(part, part.c.delivery_id == table.c.id)
        .where(condition)
        .order_by(edition.c.cut_off, table.c.id, part.c.ordinal)
    )
    deliveries: list[Delivery] = []
    for _, together in groupby(found, key=lambda row: row.id):
        rows = list(together)
        one = rows[0]
        parts = tuple(
            LedgerPart(
                Part(row.ordinal, row.payload, row.mark, row.name),
                PartState(row.state),
                Receipt(**row.receipt) if row.receipt else None,
            )
            for row in rows
            if row.ordinal is not None
        )
        deliveries.append(
            Delivery(
                one.id,
                one.edition_id,
                one.destination,
                one.n,
                one.fence,
                one.done_at,
                one.failed,
                parts,
                one.attempts,
                one.next_at,
                one.why,
            )
        )
    return tuple(deliveries)


async def owner_of(transaction: Transaction, delivery: int) -> str | None:
    """Who delivers it at the moment, or did when it was last claimed and not finished."""
    table = tables.delivery
    found = await transaction.execute(select(table.c.owner).where(table.c.id == delivery))
    owner: str | None = found.scalar_one_or_none()
    return owner


async def claim(
    transaction: Transaction,
    delivery: int,
    owner: str,
    now: datetime,
    lease: timedelta,
    *,
    instead_of: str | None = None,
) -> int | None:
    """Become the one who delivers, until ``now + lease``; ``None`` where somebody else is. Returns the fence.

    ``instead_of`` is an owner known to be dead, whose lease need not be waited for. What ``try_again`` left untouched
    for a while is nobody's.
    """
    table = tables.delivery
    owners = [owner] if instead_of is None else [owner, instead_of]
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now, table.c.owner.in_(owners))
    found = await transaction.execute(
        update(table)
        .where(table.c.id == delivery, table.c.done_at.is_(None), free)
        .values(owner=owner, lease_until=now + lease, fence=table.c.fence + 1, failed=None)
        .returning(table.c.fence)
    )
    fence: int | None = found.scalar_one_or_none()
    return fence


async def hold(transaction: Transaction, delivery: int, fence: int, until: datetime) -> bool:
    """Stay the one who delivers, until then; ``False`` if another owner has taken over."""
    table = tables.delivery
    mine = await transaction.execute(
        update(table).where(table.c.id == delivery, table.c.fence == fence).values(lease_until=until)
    )
    return mine.rowcount == 1


async def unsure(transaction: Transaction, delivery: int, fence: int, ordinal: int) -> None:
    """Nobody knows whether the part arrived; said by another than the owner, it is not written."""
    holder, table = tables.delivery, tables.part
    mine = exists().where(holder.c.id == delivery, holder.c.fence == fence)
    await transaction.execute(
        update(table)
        .where(table.c.delivery_id == delivery, table.c.ordinal == ordinal, mine)
        .values(state=PartState.UNSURE.value)
    )


async def arrived(
    transaction: Transaction, delivery: int, sent: Part, receipt: Receipt, *, in_place_of: Receipt | None = None
) -> Receipt | None:
    """A part is there: write down its receipt, whoever sent it. Returns the receipt that counts.

    Two processes may have sent it, one of them stopped for longer than its lease: the first to say so wins, the other
    one is told whose counts and takes its own away. ``None``: it is no longer wanted. What was drawn anew meanwhile
    keeps the receipt and is still to be put in its place. ``in_place_of`` is the receipt of what was changed by it.
    """
    table = tables.part
    # A file's mark changes with its text, a message's place with a part that was halved.
    same = or_(table.c.mark == sent.mark, table.c.ordinal == sent.ordinal)
    rows = (await transaction.execute(select(table).where(table.c.delivery_id == delivery, same))).all()
    row = next((one for one in rows if one.mark == sent.mark), rows[0] if rows else None)
    if row is None:
        return None
    known = Receipt(**row.receipt) if row.receipt else None
    if known is not None and known.id not in (receipt.id, in_place_of.id if in_place_of is not None else None):
        return known
    state = PartState.SENT if row.payload == sent.payload else PartState.INTENDED
    values = {
        "receipt": {"id": receipt.id, "thread": receipt.thread, "note": receipt.note},
        "state": state.value,
    }
    here = (table.c.delivery_id == delivery) & (table.c.ordinal == row.ordinal)
    await transaction.execute(update(table).where(here).values(values))
    return receipt


async def split(transaction: Transaction, delivery: int, fence: int, ordinal: int, halves: Sequence[Part]) -> bool:
    """Put smaller parts in the place of one that was refused; those after it move on. ``False`` if another owner has
    taken over, and nothing was written."""
    holder, table = tables.delivery, tables.part
    owner = await transaction.execute(select(holder.c.id).where(holder.c.id == delivery, holder.c.fence == fence))
    if owner.one_or_none() is None:
        return False
    later = (table.c.delivery_id == delivery) & (table.c.ordinal > ordinal)
    rows = await transaction.execute(select(table.c.ordinal).where(later).order_by(table.c.ordinal.desc()))
    for (behind,) in rows.all():
        moved = update(table).where(table.c.delivery_id == delivery, table.c.ordinal == behind)
        await transaction.execute(moved.values(ordinal=behind + len(halves) - 1))
    await transaction.execute(table.delete().where(table.c.delivery_id == delivery, table.c.ordinal == ordinal))
    for n, half in enumerate(halves):
        values = {"name": half.name, "mark": half.mark, "payload": half.payload, "state": PartState.INTENDED.value}
        await transaction.execute(insert(table).values(delivery_id=delivery, ordinal=ordinal + n, **values))
    return True


async def taken_away(transaction: Transaction, delivery: int, fence: int, ordinal: int) -> bool:
    """Forget a part that is no longer there; ``False`` if another owner has taken over, and nothing was written."""
    holder, table = tables.delivery, tables.part
    mine = exists().where(holder.c.id == delivery, holder.c.fence == fence)
    done = await transaction.execute(
        table.delete().where(table.c.delivery_id == delivery, table.c.ordinal == ordinal, mine)
    )
    return done.rowcount == 1


async def finish(transaction: Transaction, delivery: int, fence: int, at: datetime) -> None:
    """Everything is there."""
    values = {"done_at": at, "failed": None, "attempts": 0, "next_at": None, "why": None}
    await _let_go(transaction, delivery, fence, values)


async def give_up(transaction: Transaction, delivery: int, fence: int, why: str) -> None:
    """Not without a person."""
    await _let_go(transaction, delivery, fence, {"failed": why, "next_at": None, "why": why})


async def try_again(
    transaction: Transaction,
    delivery: int,
    fence: int,
    at: datetime,
    why: str,
    *,
    untouched_until: datetime | None = None,
) -> None:
    """Not now, but then; and nobody may claim it before ``untouched_until``, whoever asks."""
    values = {"next_at": at, "why": why, "attempts": tables.delivery.c.attempts + 1, "lease_until": untouched_until}
    await _let_go(transaction, delivery, fence, values)


async def let_go(transaction: Transaction, delivery: int, fence: int) -> None:
    """Let somebody go on at once."""
    await _let_go(transaction, delivery, fence, {})


async def _let_go(transaction: Transaction, delivery: int, fence: int, values: dict[str, Any]) -> None:
    table = tables.delivery
    await transaction.execute(
        update(table)
        .where(table.c.id == delivery, table.c.fence == fence)
        .values({"lease_until": None, "owner": None, **values})
    )
