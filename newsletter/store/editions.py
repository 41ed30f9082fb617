"""Editions and their revisions: what is open, closed, frozen, released or taken back, and what each says.

Which shares an edition is made of is in ``placements.py``, how it was delivered in ``ledger.py``. Every question is
answered by an index over a stretch of time or a list of rows, never by a walk through the past.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, exists, func, insert, or_, select, update

from newsletter.model import Edition, EditionState, from_json, to_json
from newsletter.store import tables, terms
from newsletter.store.database import Transaction


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
    return tuple(of_row(row) for row in found)


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
    return tuple(of_row(row) for row in found)


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
    return of_row(made.one())


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
    return tuple(of_row(row) for row in found)


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
    return tuple(of_row(row) for row in found)


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
    return of_row(row) if row is not None else None


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
    return of_row(made.one())


async def next_number(transaction: Transaction, newsletter: str) -> int:
    """The number the newsletter's next printed edition gets; an open one has none yet."""
    table = tables.edition
    found = await transaction.execute(select(func.max(table.c.number)).where(table.c.newsletter == newsletter))
    return (found.scalar_one_or_none() or 0) + 1


async def _one(transaction: Transaction, condition: Any) -> EditionRow | None:
    row = (await transaction.execute(select(tables.edition).where(condition).limit(1))).one_or_none()
    return of_row(row) if row is not None else None


def of_row(row: Row[Any]) -> EditionRow:
    """A row of the table ``edition`` as the newsletter knows it."""
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
    before = None if latest is None else from_json(latest.edition)
    await terms.printed(transaction, row.id, edition, before)
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
