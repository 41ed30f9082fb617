"""The ledger: what was to be delivered where, in which parts, who is at it, and what arrived.

Only the latest fence may write; ``newsletter/deliver.py`` calls these in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, exists, insert, or_, select, update

from newsletter.model import Part, PartState, Receipt
from newsletter.store import editions, tables
from newsletter.store.database import Transaction


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


async def intend(
    transaction: Transaction, row: editions.EditionRow, destination: str, n: int, parts: Sequence[Part]
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


async def troubled(transaction: Transaction, newsletter: str) -> tuple[tuple[editions.EditionRow, Delivery], ...]:
    """The newsletter's deliveries that were tried in vain or given up, with their editions, oldest edition first."""
    table, edition = tables.delivery, tables.edition
    in_vain = table.c.failed.is_not(None) | (table.c.attempts > 0)
    condition = (edition.c.newsletter == newsletter) & table.c.done_at.is_(None) & in_vain
    deliveries = await _deliveries(transaction, condition)
    rows = await transaction.execute(select(edition).where(edition.c.id.in_({one.edition for one in deliveries})))
    by_id = {row.id: editions.of_row(row) for row in rows}
    return tuple((by_id[one.edition], one) for one in deliveries)


async def deliveries_of(transaction: Transaction, edition: int) -> tuple[Delivery, ...]:
    """Where an edition went, or goes."""
    return await _deliveries(transaction, tables.delivery.c.edition_id == edition)


async def failed(transaction: Transaction) -> tuple[tuple[editions.EditionRow, str, str], ...]:
    """Every delivery that was given up: edition, destination and why, newest first."""
    table, edition = tables.delivery, tables.edition
    found = await transaction.execute(
        select(edition, table.c.destination, table.c.failed)
        .join(edition, edition.c.id == table.c.edition_id)
        .where(table.c.failed.is_not(None))
        .order_by(edition.c.cut_off.desc(), table.c.id.desc())
    )
    return tuple((editions.of_row(row), row.destination, row.failed) for row in found)


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


async def leave_alone(transaction: Transaction, delivery: int, dead: str, until: datetime) -> None:
    """Its owner died: nobody claims it before then. The second time nothing is changed, as nobody owns it any more."""
    table = tables.delivery
    left = update(table).where(table.c.id == delivery, table.c.owner == dead)
    await transaction.execute(left.values(owner=None, lease_until=until, fence=table.c.fence + 1))


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
