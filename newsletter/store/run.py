"""What the weekly run remembers: acts, notices and leases. Who acts on them is ``publish`` and the bot's run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from newsletter.due import Act, ActKind
from newsletter.store import tables
from newsletter.store.database import Transaction


async def add_act(transaction: Transaction, newsletter: str, act: Act) -> None:
    """Write down who did what. It is never changed."""
    values = {"newsletter": newsletter, "what": act.what.value, "about": act.about, "by": act.by, "at": act.at}
    await transaction.execute(insert(tables.act).values(values))


async def acts(
    transaction: Transaction, newsletter: str, kinds: tuple[ActKind, ...] = tuple(ActKind), *, newest: int | None = None
) -> tuple[Act, ...]:
    """What was done with this newsletter, in order; of long lists the ``newest``."""
    table = tables.act
    found = await transaction.execute(
        select(table)
        .where(table.c.newsletter == newsletter, table.c.what.in_([kind.value for kind in kinds]))
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(newest)
    )
    return tuple(Act(ActKind(row.what), row.about, row.by, row.at) for row in reversed(found.all()))


# --- what went wrong, and who was told -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is wrong since ``since``, by its key; ``told_at``: when a person was told."""

    key: str
    newsletter: str
    text: str
    since: datetime
    told_at: datetime | None


async def notices(transaction: Transaction) -> dict[str, Notice]:
    """What is wrong at the moment, by key."""
    table = tables.notice
    found = await transaction.execute(select(table).where(table.c.ended_at.is_(None)).order_by(table.c.since))
    return {row.key: Notice(row.key, row.newsletter, row.text, row.since, row.told_at) for row in found}


async def notice(transaction: Transaction, key: str, newsletter: str, text: str, at: datetime) -> None:
    """Something is wrong; said again, only its text is new."""
    table = tables.notice
    fresh = {"newsletter": newsletter, "text": text}
    open_still = await transaction.execute(
        update(table).where(table.c.key == key, table.c.ended_at.is_(None)).values(fresh)
    )
    if open_still.rowcount:
        return
    await transaction.execute(delete(table).where(table.c.key == key))
    await transaction.execute(insert(table).values(key=key, since=at, **fresh))


async def told(transaction: Transaction, key: str, at: datetime) -> None:
    """A person was told."""
    table = tables.notice
    await transaction.execute(update(table).where(table.c.key == key).values(told_at=at))


async def ended(transaction: Transaction, key: str, at: datetime) -> None:
    """It is no longer wrong."""
    table = tables.notice
    await transaction.execute(update(table).where(table.c.key == key).values(ended_at=at))


# --- leases --------------------------------------------------------------------------------------------------------


async def hold(
    transaction: Transaction, name: str, owner: str, now: datetime, long: timedelta, *, instead_of: str | None = None
) -> bool:
    """Be, or stay, the one who does this until ``now + long``; ``False`` while somebody else is.

    ``instead_of`` is an owner known to be dead, whose lease need not be waited for.
    """
    table = tables.lease
    free = or_(table.c.owner == owner, table.c.until < now, table.c.owner == instead_of)
    mine = await transaction.execute(
        update(table).where(table.c.name == name, free).values(owner=owner, until=now + long)
    )
    if mine.rowcount:
        return True
    if await holder(transaction, name) is not None:
        return False
    await transaction.execute(insert(table).values(name=name, owner=owner, until=now + long))
    return True


async def beat(transaction: Transaction, name: str, owner: str, until: datetime) -> None:
    """Say that somebody is at work until then: whoever said so last."""
    table = tables.lease
    values = {"owner": owner, "until": until}
    again = await transaction.execute(update(table).where(table.c.name == name).values(values))
    if not again.rowcount:
        await transaction.execute(insert(table).values(name=name, **values))


async def holder(transaction: Transaction, name: str) -> tuple[str, datetime] | None:
    """Who does this, and until when; ``None`` where nobody does. One that has run out was not given back: it died."""
    table = tables.lease
    row = (await transaction.execute(select(table).where(table.c.name == name))).one_or_none()
    return (row.owner, row.until) if row is not None else None


async def let_go(transaction: Transaction, name: str, owner: str) -> None:
    """Give it back. The second time changes nothing."""
    table = tables.lease
    await transaction.execute(delete(table).where(table.c.name == name, table.c.owner == owner))
