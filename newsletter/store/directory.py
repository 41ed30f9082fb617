"""People and channels: their rows, their names of now, and which ids they have had.

What they wrote is in ``chat.py``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, bindparam, select, update

from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    PersonId,
    PersonSeen,
)
from newsletter.store import tables
from newsletter.store.batches import in_batches, insert_or_ignore
from newsletter.store.database import Transaction


async def name_channels(transaction: Transaction, seen: Iterable[ChannelSeen]) -> None:
    """Keep the newest name of each channel; one that is not known is made."""
    newest = {channel.id: channel for channel in sorted(seen, key=lambda channel: (channel.seen_at, channel.name))}
    ids = await channel_ids(transaction, newest, {id: channel.seen_at for id, channel in newest.items()})
    for id, channel in newest.items():
        table = tables.channel
        older = (table.c.named_at < channel.seen_at) | and_(
            table.c.named_at == channel.seen_at, table.c.name < channel.name
        )
        await transaction.execute(
            update(table)
            .where(table.c.id == ids[id], older)
            .values(name=channel.name, private=channel.private, named_at=channel.seen_at, **_people_of(channel))
        )


def _people_of(channel: ChannelSeen) -> dict[str, int]:
    """Where a platform does not say how many there are, what it said before stays."""
    return {} if channel.people is None else {"people": channel.people}


async def name_people(transaction: Transaction, seen: Iterable[PersonSeen]) -> None:
    """Keep the newest name of each person of whom anything is kept; the others, and who opted out, leave no trace."""
    newest = {person.id: person for person in sorted(seen, key=lambda person: (person.seen_at, person.name))}
    ids = await _known_people(transaction, sorted(newest))
    table = tables.person
    older = (
        table.c.named_at.is_(None)
        | (table.c.named_at < bindparam("seen_at"))
        | and_(table.c.named_at == bindparam("seen_at"), table.c.name < bindparam("new_name"))
    )
    statement = (
        update(table)
        .where(table.c.id == bindparam("person_id"), older, table.c.opted_out_at.is_(None))
        .values(name=bindparam("new_name"), bot=bindparam("is_bot"), named_at=bindparam("seen_at"))
    )
    rows = [
        {"person_id": ids[id], "new_name": person.name, "is_bot": person.bot, "seen_at": person.seen_at}
        for id, person in newest.items()
        if id in ids
    ]
    for batch in in_batches(rows):
        await transaction.execute(statement, batch)
    since: list[dict[str, object]] = [
        {"person_id": ids[id], "joined": newest[id].joined_at} for id in ids if newest[id].joined_at is not None
    ]
    joined = update(table).where(table.c.id == bindparam("person_id"), table.c.opted_out_at.is_(None))
    for batch in in_batches(since):
        await transaction.execute(joined.values(joined_at=bindparam("joined")), batch)


def _is(channel: ChannelId) -> ColumnElement[bool]:
    """The condition that a row of ``tables.channel`` is this one."""
    table = tables.channel
    return and_(
        table.c.platform == channel.platform,
        table.c.workspace == channel.workspace,
        table.c.external_id == channel.id,
    )


def row_of(channel: ChannelId) -> ScalarSelect[int]:
    """The row of a channel inside a statement; nothing is equal to it where there is none."""
    return select(tables.channel.c.id).where(_is(channel)).scalar_subquery()


async def channel_ids(
    transaction: Transaction,
    channels: Iterable[ChannelId],
    named_at: Mapping[ChannelId, datetime] | None = None,
) -> dict[ChannelId, int]:
    """The row of each channel, made where missing."""
    table = tables.channel
    ids: dict[ChannelId, int] = {}
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    for channel in dict.fromkeys(channels):
        same = _is(channel)
        found = (await transaction.execute(select(table.c.id).where(same))).scalar_one_or_none()
        if found is None:
            row = {
                "platform": channel.platform,
                "workspace": channel.workspace,
                "external_id": channel.id,
                "name": "",
                "private": False,
                "named_at": epoch,
            }
            await insert_or_ignore(transaction, table, [row])
            found = (await transaction.execute(select(table.c.id).where(same))).scalar_one()
        ids[channel] = found
    return ids


async def person_ids(transaction: Transaction, people: Iterable[PersonId]) -> dict[PersonId, int]:
    """The row of each person, made where missing."""
    wanted = sorted(set(people))
    ids = await _known_people(transaction, wanted)
    missing = [person for person in wanted if person not in ids]
    if missing:
        rows = [
            {"platform": p.platform, "workspace": p.workspace, "external_id": p.id, "name": "", "bot": False}
            for p in missing
        ]
        await insert_or_ignore(transaction, tables.person, rows)
        ids |= await _known_people(transaction, missing)
    return ids


async def _known_people(transaction: Transaction, people: Sequence[PersonId]) -> dict[PersonId, int]:
    table = tables.person
    ids: dict[PersonId, int] = {}
    by_place: dict[tuple[str, str], list[str]] = defaultdict(list)
    for person in people:
        by_place[person.platform, person.workspace].append(person.id)
    for (platform, workspace), external in by_place.items():
        for batch in in_batches(external):
            found = await transaction.execute(
                select(table.c.external_id, table.c.id).where(
                    table.c.platform == platform,
                    table.c.workspace == workspace,
                    table.c.external_id.in_(batch),
                )
            )
            ids |= {PersonId(platform, workspace, row.external_id): row.id for row in found}
    return ids


async def workspaces(transaction: Transaction) -> dict[str, str]:
    """The one workspace known of each platform; a platform with several, or none, is not in the result."""
    table = tables.channel
    found: dict[str, list[str]] = defaultdict(list)
    known = select(table.c.platform, table.c.workspace).where(table.c.workspace != "").distinct()
    for row in await transaction.execute(known):
        found[row.platform].append(row.workspace)
    return {platform: names[0] for platform, names in found.items() if len(names) == 1}


async def adopt(transaction: Transaction, platform: str, workspace: str) -> bool:
    """Give what was imported before its workspace was known to the one the live platform names; whether there was any.

    Only the first workspace of a platform adopts: once one is known, an import is filed under it at once.
    """
    if (await workspaces(transaction)).get(platform, workspace) != workspace:
        return False
    adopted = False
    for table in (tables.channel, tables.person):
        known = select(table.c.external_id).where(table.c.platform == platform, table.c.workspace == workspace)
        nameless = (table.c.platform == platform) & (table.c.workspace == "") & table.c.external_id.not_in(known)
        done = await transaction.execute(update(table).where(nameless).values(workspace=workspace))
        adopted = adopted or done.rowcount > 0
    return adopted


async def renumber(transaction: Transaction, id: ChannelId, formerly: str) -> bool:
    """Keep under ``id`` what is kept of a channel that had another id before, and what was posted there; whether there
    was any.

    Nothing is done where something is kept under ``id`` already: two channels are never mixed.
    """
    channel, delivery = tables.channel, tables.delivery
    workspace = (channel.c.platform == id.platform) & (channel.c.workspace == id.workspace)
    if (await transaction.execute(select(channel.c.id).where(workspace, channel.c.external_id == id.id))).first():
        return False
    was_kept = workspace & (channel.c.external_id == formerly)
    moved = await transaction.execute(update(channel).where(was_kept).values(external_id=id.id))
    here = f"{id.platform}:{id.id}"
    posted_here = select(delivery.c.edition_id).where(delivery.c.destination == here)
    posted = (delivery.c.destination == f"{id.platform}:{formerly}") & delivery.c.edition_id.not_in(posted_here)
    posts = await transaction.execute(update(delivery).where(posted).values(destination=here))
    return moved.rowcount + posts.rowcount > 0


async def introduce(transaction: Transaction, id: ChannelId, at: datetime) -> bool:
    """Write down that we said in this channel what we are for; ``False`` if we had, or know nothing of it."""
    table = tables.channel
    here = (table.c.platform == id.platform) & (table.c.workspace == id.workspace) & (table.c.external_id == id.id)
    done = await transaction.execute(
        update(table).where(here, table.c.introduced_at.is_(None)).values(introduced_at=at)
    )
    return done.rowcount > 0


async def channels(transaction: Transaction) -> dict[int, ChannelSeen]:
    """Every channel there is, by row."""
    found = await transaction.execute(select(tables.channel).order_by(tables.channel.c.id))
    return {
        row.id: ChannelSeen(
            ChannelId(row.platform, row.workspace, row.external_id), row.name, row.named_at, row.private, row.people
        )
        for row in found
    }
