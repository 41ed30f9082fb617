"""Choices kept: editors' about an edition and its links, sharers' about their own; who has a role; who has looked.

What a choice means is ``assemble``'s business, who may make one ``curate``'s. A choice is written over the one before.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, delete, func, insert, or_, select, update

from newsletter.heard import ChannelId, MessageId, PersonId
from newsletter.model import Choice, EditionState, Field
from newsletter.store import chat, directory, tables, terms
from newsletter.store.batches import in_batches
from newsletter.store.database import Transaction

ASKED_FOR = timedelta(days=2)
"""How long questions that changed something are remembered: no platform delivers one again after a day."""

WITH_WORDS = (Field.TITLE, Field.WORDS, Field.NOTE, Field.INTRO, Field.OUTRO)


# --- editors' --------------------------------------------------------------------------------------------------------


async def of(transaction: Transaction, edition: int) -> tuple[Choice, ...]:
    """The choices made for this edition; those about itself have the key ``""``."""
    choice, link, around, person = tables.choice, tables.link, tables.edition_choice, tables.person
    who = (person.c.platform, person.c.workspace, person.c.external_id)
    of_links = await transaction.execute(
        select(choice, link.c.key, *who)
        .join(link, link.c.id == choice.c.link_id)
        .join(person, person.c.id == choice.c.by_id)
        .where(choice.c.edition_id == edition)
    )
    of_itself = await transaction.execute(
        select(around, *who).join(person, person.c.id == around.c.by_id).where(around.c.edition_id == edition)
    )
    rows = [(row.key, row) for row in of_links] + [("", row) for row in of_itself]
    return tuple(
        Choice(key, Field(row.field), row.value, PersonId(row.platform, row.workspace, row.external_id), row.at)
        for key, row in rows
    )


async def write(
    transaction: Transaction,
    edition: int,
    wanted: Mapping[tuple[str, Field], str | None],
    by: PersonId,
    at: datetime,
) -> None:
    """Write choices by link's key and field; ``None`` takes one back. The second time changes nothing but the time."""
    person = (await directory.person_ids(transaction, [by]))[by]
    links = await chat.link_ids(transaction, {key for key, _ in wanted if key})
    for (key, field), value in wanted.items():
        table = tables.choice if key else tables.edition_choice
        here = (table.c.edition_id == edition) & (table.c.field == field.value)
        if key:
            here &= table.c.link_id == links[key]
        await transaction.execute(delete(table).where(here))
        if value is not None:
            about = {"link_id": links[key]} if key else {}
            values = {"edition_id": edition, "field": field.value, "value": value, "by_id": person, "at": at}
            await transaction.execute(insert(table).values(values | about))


# --- sharers' --------------------------------------------------------------------------------------------------------


async def own(transaction: Transaction, shares: Iterable[int]) -> dict[int, dict[Field, str]]:
    """What sharers decided about these shares of theirs."""
    table = tables.own_choice
    found: dict[int, dict[Field, str]] = {}
    for batch in in_batches(shares):
        for row in await transaction.execute(select(table).where(table.c.share_id.in_(batch))):
            found.setdefault(row.share_id, {})[Field(row.field)] = row.value
    return found


async def write_own(transaction: Transaction, share: int, wanted: Mapping[Field, str | None], at: datetime) -> None:
    """Write what a sharer decided about a share; ``None`` takes it back. The editions that printed it follow."""
    table = tables.own_choice
    for field, value in wanted.items():
        here = (table.c.share_id == share) & (table.c.field == field.value)
        await transaction.execute(delete(table).where(here))
        if value is not None:
            values = {"share_id": share, "field": field.value, "value": value, "at": at}
            await transaction.execute(insert(table).values(values))
    await terms.refresh(transaction, tables.share.c.id == share)
    await went_stale(transaction, tables.placement.c.share_id == share)


async def shared_in(transaction: Transaction, person: PersonId) -> frozenset[ChannelId]:
    """The channels in which the person has shared something that is kept."""
    message, channel, who = tables.message, tables.channel, tables.person
    found = await transaction.execute(
        select(channel.c.platform, channel.c.workspace, channel.c.external_id).where(
            select(message.c.id)
            .join(who, who.c.id == message.c.author_id)
            .where(message.c.channel_id == channel.c.id, message.c.gone.is_(False), _is(person))
            .exists()
        )
    )
    return frozenset(ChannelId(row.platform, row.workspace, row.external_id) for row in found)


def _is(person: PersonId) -> ColumnElement[bool]:
    table = tables.person
    return and_(
        table.c.platform == person.platform,
        table.c.workspace == person.workspace,
        table.c.external_id == person.id,
    )


# --- editions to be followed -----------------------------------------------------------------------------------------


async def went_stale(transaction: Transaction, placed: ColumnElement[bool]) -> None:
    """The editions that went out with one of these placements are no longer what the chat says."""
    edition, placement = tables.edition, tables.placement
    printed = select(placement.c.edition_id).where(placed, placement.c.reason.is_(None))
    await transaction.execute(
        update(edition)
        .where(edition.c.id.in_(printed), edition.c.state == EditionState.FROZEN.value, ~edition.c.stale)
        .values(stale=True)
    )


async def messages_changed(transaction: Transaction, messages: Sequence[MessageId]) -> None:
    """The words, or the presence, of these messages are no longer what they were."""
    share, placement = tables.share, tables.placement
    rows = await chat.message_rows(transaction, messages)
    for batch in in_batches(rows.values()):
        for of_message in (share.c.message_id.in_(batch), share.c.words_from.in_(batch)):
            await went_stale(transaction, placement.c.share_id.in_(select(share.c.id).where(of_message)))


# --- roles -----------------------------------------------------------------------------------------------------------


async def members(transaction: Transaction, roles: Iterable[str]) -> frozenset[PersonId]:
    """Who has one of these roles (``slack:S012``), as the platform said last; a person's own id is not looked up."""
    member, person = tables.member, tables.person
    found = await transaction.execute(
        select(person.c.platform, person.c.workspace, person.c.external_id)
        .join(member, member.c.person_id == person.c.id)
        .where(member.c.role.in_(sorted(set(roles))))
    )
    return frozenset(PersonId(row.platform, row.workspace, row.external_id) for row in found)


async def set_members(transaction: Transaction, role: str, people: Iterable[PersonId]) -> None:
    """Who has the role now. Whoever had it before and is not among them has it no more."""
    table = tables.member
    ids = await directory.person_ids(transaction, people)
    await transaction.execute(delete(table).where(table.c.role == role))
    if ids:
        await transaction.execute(insert(table), [{"role": role, "person_id": id} for id in sorted(ids.values())])


async def name(transaction: Transaction, person: PersonId) -> str:
    """How people call somebody, ``""`` where that is not known."""
    found = await transaction.execute(select(tables.person.c.name).where(_is(person)))
    return found.scalar_one_or_none() or ""


async def name_in(transaction: Transaction, platform: str, id: str) -> str:
    """The same, where only the id on a platform is known."""
    table = tables.person
    found = await transaction.execute(
        select(table.c.name).where(table.c.platform == platform, table.c.external_id == id).limit(1)
    )
    return found.scalar_one_or_none() or ""


# --- looking, asking -------------------------------------------------------------------------------------------------

LOOKS_AGAIN_AFTER = timedelta(minutes=10)
"""Who opens the desk again sooner is still at it: what was new stays new."""


@dataclass(frozen=True, slots=True)
class Look:
    """Up to which share the person has looked before; 0: never."""

    until: int


async def looked_until(transaction: Transaction, newsletter: str) -> int:
    """The newest share that anybody who looked at the desk has seen; 0: nobody has looked."""
    table = tables.look
    found = await transaction.execute(select(func.max(table.c.seen_until)).where(table.c.newsletter == newsletter))
    return found.scalar_one_or_none() or 0


async def look(transaction: Transaction, newsletter: str, by: PersonId, now: datetime) -> Look:
    """The person looks at everything there is; returns how far they had looked before."""
    table = tables.look
    person = (await directory.person_ids(transaction, [by]))[by]
    here = (table.c.newsletter == newsletter) & (table.c.person_id == person)
    last = (await transaction.execute(select(table).where(here))).one_or_none()
    newest = (await transaction.execute(select(func.max(tables.share.c.id)))).scalar_one_or_none() or 0
    if last is None:
        values = {"newsletter": newsletter, "person_id": person, "at": now, "seen_until": newest, "before_that": 0}
        await transaction.execute(insert(table).values(values))
        return Look(0)
    before = last.before_that if now - last.at < LOOKS_AGAIN_AFTER else last.seen_until
    await transaction.execute(update(table).where(here).values(at=now, seen_until=newest, before_that=before))
    return Look(before)


async def first_time(transaction: Transaction, platform: str, question: str, now: datetime) -> bool:
    """Whether this question, which changes something, was never answered before; from now on it was."""
    table = tables.question
    digest = hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()
    known = await transaction.execute(select(table.c.id).where(table.c.platform == platform, table.c.id == digest))
    if known.one_or_none() is not None:
        return False
    await transaction.execute(delete(table).where(table.c.at < now - ASKED_FOR))
    await transaction.execute(insert(table).values(platform=platform, id=digest, at=now))
    return True


# --- words that have had their time ----------------------------------------------------------------------------------


async def old_words(transaction: Transaction, newsletter: str, before: datetime, most: int) -> list[int]:
    """Messages whose words this newsletter printed, or left out, in an edition cut off before then; at most so many."""
    message, share, placement, edition = tables.message, tables.share, tables.placement, tables.edition
    found = await transaction.execute(
        select(message.c.id)
        .join(share, share.c.message_id == message.c.id)
        .join(placement, placement.c.share_id == share.c.id)
        .join(edition, edition.c.id == placement.c.edition_id)
        .where(edition.c.newsletter == newsletter, edition.c.cut_off < before)
        .where(or_(message.c.text != "", share.c.words_from.is_not(None)))
        .distinct()
        .limit(most)
    )
    return list(found.scalars())


async def unprinted_words(
    transaction: Transaction,
    newsletter: str,
    channels: Sequence[int],
    before: datetime,
    waiting: Iterable[int],
    most: int,
) -> list[int]:
    """Messages from before then that this newsletter did not place, and whose shares are not ``waiting`` for it; at
    most so many that still have words."""
    message, share, placement = tables.message, tables.share, tables.placement
    placed = select(placement.c.share_id).where(
        placement.c.share_id == share.c.id, placement.c.newsletter == newsletter
    )
    found = await transaction.execute(
        select(message.c.id)
        .join(share, share.c.message_id == message.c.id)
        .where(share.c.sent_at < before, share.c.channel_id.in_(channels), share.c.id.not_in(_rows(waiting)))
        .where(or_(message.c.text != "", share.c.words_from.is_not(None)), ~placed.exists())
        .distinct()
        .limit(most)
    )
    return list(found.scalars())


def _rows(ids: Iterable[int]) -> BindParameter[Any]:
    # Written into the statement: a database takes only so many values beside it.
    return bindparam("waiting", list(ids), expanding=True, literal_execute=True)
