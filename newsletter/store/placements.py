"""Placements: which shares an edition may be made of, which ones it was, and where a link was printed before.

Every question is answered by an index over a stretch of time or a list of rows, never by a walk through the past.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, true

from newsletter.heard import MessageId, PersonId
from newsletter.model import Field, KeptShare, Seen
from newsletter.store import chat, editions, pages, tables
from newsletter.store.batches import in_batches
from newsletter.store.database import Transaction

LATE_WITHIN = timedelta(days=30)
"""How far before an edition's opening an imported share may lie and still be late; an older one is history."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where a link was before: in edition ``number`` of ``at``, or (0) only in chat at that time."""

    number: int
    at: datetime


async def open_shares(
    transaction: Transaction, row: editions.EditionRow, channels: Sequence[int], cut_off: datetime
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


async def _brought_in(transaction: Transaction, row: editions.EditionRow, channels: Sequence[int]) -> set[int]:
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
    transaction: Transaction, row: editions.EditionRow, placements: Mapping[int, str | None], *, anew: bool = False
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
        printed = await editions.latest_revision(transaction, id)
        found[key] = Seen(number, printed.label if printed is not None else "")
    return found
