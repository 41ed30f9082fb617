"""Opting out: who did, and everything of theirs erased from what is kept, in one transaction.

What is left of an edition without them is ``amend``'s to say; here rows are read and written. The name, the words and
the reactions go; that there was a link stays, and the person's id, by which they are not listened to any more.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func, literal, or_, select, update

from newsletter.amend import without_name
from newsletter.heard import MessageId, PersonId
from newsletter.model import Edition, EditionState, Field, from_json, to_json
from newsletter.store import chat, choices, replies, tables, terms
from newsletter.store.batches import in_batches
from newsletter.store.database import Transaction
from newsletter.store.directory import person_ids


@dataclass(frozen=True, slots=True)
class Affected:
    """An edition in which something of the person's stood, and whose it is; ``wrote``: what they wrote there as an
    editor, by link's key (``""``: about the edition itself)."""

    edition: int
    newsletter: str
    wrote: frozenset[tuple[str, Field]] = frozenset()


async def hidden(transaction: Transaction) -> frozenset[PersonId]:
    """Everybody who opted out."""
    table = tables.person
    found = await transaction.execute(
        select(table.c.platform, table.c.workspace, table.c.external_id).where(table.c.opted_out_at.is_not(None))
    )
    return frozenset(PersonId(row.platform, row.workspace, row.external_id) for row in found)


async def known_as(transaction: Transaction, name: str) -> tuple[tuple[PersonId, str], ...]:
    """Who is meant by ``slack:U012`` or by a name, with the name; several where it is not clear."""
    table = tables.person
    platform, _, external = name.partition(":")
    by_id = (table.c.platform == platform) & (table.c.external_id == external)
    found = await transaction.execute(
        select(table).where(or_(by_id, table.c.name == name)).order_by(table.c.platform, table.c.external_id)
    )
    return tuple((PersonId(row.platform, row.workspace, row.external_id), row.name) for row in found)


async def words_of(transaction: Transaction, person: PersonId) -> tuple[str, ...]:
    """All that is kept of what the person wrote: comments, titles that no page has, what they made of them later."""
    who = tables.person
    known = select(who.c.id).where(
        who.c.platform == person.platform, who.c.workspace == person.workspace, who.c.external_id == person.id
    )
    if (id := (await transaction.execute(known)).scalar_one_or_none()) is None:
        return ()
    message, share, page, own = tables.message, tables.share, tables.page, tables.own_choice
    theirs = select(share.c.id).join(message, message.c.id == share.c.message_id).where(message.c.author_id == id)
    linked = select(share.c.message_id).where(share.c.id.in_(theirs))
    titled = (
        select(share.c.title)
        .outerjoin(page, page.c.link_id == share.c.link_id)
        .where(share.c.id.in_(theirs), share.c.title.is_not(None), func.coalesce(page.c.title, "") != share.c.title)
    )
    said = [
        select(share.c.comment).where(share.c.id.in_(theirs)),
        # Words of a bare link, and replies.
        select(message.c.text).where(message.c.author_id == id, message.c.id.not_in(linked)),
        titled,
    ]
    words = [field.value for field in choices.WITH_WORDS]
    said += [select(own.c.value).where(own.c.share_id.in_(theirs), own.c.field.in_(words))]
    said += [
        select(chosen.c.value).where(chosen.c.by_id == id, chosen.c.field.in_(words))
        for chosen in (tables.choice, tables.edition_choice)
    ]
    found = [text for query in said for text in (await transaction.execute(query)).scalars()]
    return tuple(dict.fromkeys(filter(None, found)))


async def back(transaction: Transaction, person: PersonId) -> bool:
    """Listen to the person again; whether they had opted out. What was erased does not come back."""
    id = (await person_ids(transaction, [person]))[person]
    table = tables.person
    done = await transaction.execute(
        update(table).where(table.c.id == id, table.c.opted_out_at.is_not(None)).values(opted_out_at=None)
    )
    return done.rowcount > 0


async def out(transaction: Transaction, person: PersonId, at: datetime) -> tuple[Affected, ...]:
    """Listen to the person no more, and blank every row of theirs; returns the editions that are still to be erased.

    Those are ``erase``'s, in the same transaction: what they are without the person is made of the blank rows. The
    second time it finds what is left to find.
    """
    id = (await person_ids(transaction, [person]))[person]
    table = tables.person
    await transaction.execute(
        update(table).where(table.c.id == id, table.c.opted_out_at.is_(None)).values(opted_out_at=at)
    )
    await transaction.execute(update(table).where(table.c.id == id).values(name="", named_at=None, joined_at=None))
    own = await _blank_messages(transaction, id)
    mentioned = await _blank_mentions(transaction, person)
    await transaction.execute(delete(tables.reaction).where(tables.reaction.c.person_id == id))
    await transaction.execute(delete(tables.look).where(tables.look.c.person_id == id))
    wrote = await _written_by(transaction, id)
    words = [field.value for field in choices.WITH_WORDS]
    for chosen in (tables.choice, tables.edition_choice):
        await transaction.execute(delete(chosen).where(chosen.c.by_id == id, chosen.c.field.in_(words)))
    affected = await _printed_in(transaction, person, [*own, *mentioned], wrote)
    return tuple(replace(one, wrote=frozenset(wrote.get(one.edition, ()))) for one in affected)


async def erase(transaction: Transaction, affected: Affected, erased: Callable[[Edition], Edition]) -> None:
    """Put every revision of an edition through ``erased``; its drawn parts are blank until it is drawn again."""
    revision, part, delivery, edition = tables.revision, tables.part, tables.delivery, tables.edition
    of_edition = select(revision).where(revision.c.edition_id == affected.edition).order_by(revision.c.n)
    before = now = None
    for row in (await transaction.execute(of_edition)).all():
        before = from_json(row.edition)
        now = erased(before)
        here = (revision.c.edition_id == affected.edition) & (revision.c.n == row.n)
        await transaction.execute(update(revision).where(here).values(edition=to_json(now)))
    if now is not None:
        await terms.printed(transaction, affected.edition, now, before)
    # A document over all editions is among the newest one's deliveries.
    newest = (
        select(edition.c.id)
        .where(edition.c.newsletter == affected.newsletter, edition.c.number.is_not(None))
        .order_by(edition.c.cut_off.desc())
        .limit(1)
    )
    newest_id = (await transaction.execute(newest)).scalar_one_or_none()
    ids = {affected.edition, newest_id or affected.edition}
    deliveries = select(delivery.c.id).where(delivery.c.edition_id.in_(ids))
    await transaction.execute(update(part).where(part.c.delivery_id.in_(deliveries)).values(payload=""))
    out_there = (EditionState.FROZEN.value, EditionState.ARCHIVED.value)
    await transaction.execute(
        update(edition).where(edition.c.id.in_(ids), edition.c.state.in_(out_there)).values(stale=True)
    )


async def shares_of(transaction: Transaction, person: PersonId, edition: int) -> frozenset[int]:
    """Which of the edition's shares are the person's."""
    id = (await person_ids(transaction, [person]))[person]
    share, message, placement = tables.share, tables.message, tables.placement
    found = await transaction.execute(
        select(share.c.id)
        .join(message, message.c.id == share.c.message_id)
        .join(placement, placement.c.share_id == share.c.id)
        .where(placement.c.edition_id == edition, message.c.author_id == id)
    )
    return frozenset(found.scalars())


# --- rows ------------------------------------------------------------------------------------------------------------


async def _blank_messages(transaction: Transaction, person: int) -> list[int]:
    """Blank the person's messages and what they shared in them; those that were only words go. Returns the shares."""
    message, share = tables.message, tables.share
    rows = list((await transaction.execute(select(message.c.id).where(message.c.author_id == person))).scalars())
    shares: list[int] = []
    for batch in in_batches(rows):
        of_them = share.c.message_id.in_(batch)
        shares += (await transaction.execute(select(share.c.id).where(of_them))).scalars()
        had_link = select(share.c.id).where(share.c.message_id == message.c.id).exists()
        await transaction.execute(update(share).where(share.c.words_from.in_(batch)).values(words_from=None))
        await transaction.execute(delete(message).where(message.c.id.in_(batch), ~had_link))
        await transaction.execute(update(message).where(message.c.id.in_(batch)).values(text="", previews=[]))
    # What others replied to them was about words that are gone.
    await replies.forget_under(transaction, rows)
    for batch in in_batches(shares):
        own = tables.own_choice
        await transaction.execute(
            delete(own).where(own.c.share_id.in_(batch), own.c.field.in_([field.value for field in choices.WITH_WORDS]))
        )
    await blank_shares(transaction, shares)
    return shares


async def blank_words(transaction: Transaction, messages: list[int]) -> None:
    """Forget what was written in these messages; their links, titles and hashtags stay, and are still found."""
    message, share, own = tables.message, tables.share, tables.own_choice
    for batch in in_batches(messages):
        await transaction.execute(update(message).where(message.c.id.in_(batch)).values(text=""))
        theirs = own.c.share_id.in_(select(share.c.id).where(share.c.message_id.in_(batch)))
        await transaction.execute(delete(own).where(theirs, own.c.field == Field.WORDS.value))
        of_batch = share.c.message_id.in_(batch)
        told = await transaction.execute(select(share.c.words_from).where(of_batch, share.c.words_from.is_not(None)))
        follow_ups = list(told.scalars())
        await transaction.execute(update(share).where(of_batch).values(comment="", words_from=None))
        await terms.refresh(transaction, of_batch)
        for words in in_batches(follow_ups):
            had_link = select(share.c.id).where(share.c.message_id == message.c.id).exists()
            await transaction.execute(delete(message).where(message.c.id.in_(words), ~had_link))


async def wordless(transaction: Transaction, messages: Sequence[MessageId]) -> int:
    """Of how many of these messages only the links are left, because their words had their time."""
    out, count = await hidden(transaction), 0
    for batch in in_batches(messages):
        seen = [one.seen for one in (await chat.messages(transaction, batch)).values() if one.present]
        count += sum(one is not None and not one.text and one.author not in out for one in seen)
    return count


async def blank_shares(transaction: Transaction, shares: list[int]) -> None:
    """Nothing that a person said is left in these shares, nor in the search."""
    share = tables.share
    for batch in in_batches(shares):
        await transaction.execute(
            update(share)
            .where(share.c.id.in_(batch))
            .values(title=None, title_source=None, comment="", hashtags=[], words_from=None)
        )
        await terms.refresh(transaction, share.c.id.in_(batch))


async def _blank_mentions(transaction: Transaction, person: PersonId) -> list[int]:
    """Take the name out of what others said. Returns the shares in whose words it was.

    All messages are looked through: somebody opts out once.
    """
    message, share, channel = tables.message, tables.share, tables.channel
    marker = f"%(person:{_literal(person.id)})%"
    here = (channel.c.platform == person.platform) & (channel.c.workspace == person.workspace)
    found = await transaction.execute(
        select(message.c.id, message.c.text)
        .join(channel, channel.c.id == message.c.channel_id)
        .where(here, message.c.text.like(marker, escape="\\"))
    )
    texts = {row.id: row.text for row in found}
    for id, text in texts.items():
        await transaction.execute(update(message).where(message.c.id == id).values(text=without_name(text, person)))
    shares: list[int] = []
    for batch in in_batches(texts):
        of_them = terms.of_messages(batch)
        for row in (await transaction.execute(select(share.c.id, share.c.comment).where(of_them))).all():
            shares.append(row.id)
            if (comment := without_name(row.comment, person)) != row.comment:
                await transaction.execute(update(share).where(share.c.id == row.id).values(comment=comment))
        await terms.refresh(transaction, of_them)
    return shares


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def _written_by(transaction: Transaction, person: int) -> dict[int, set[tuple[str, Field]]]:
    """What the person wrote as an editor, by edition."""
    choice, around, link = tables.choice, tables.edition_choice, tables.link
    of_links = select(choice.c.edition_id, link.c.key, choice.c.field).join(link, link.c.id == choice.c.link_id)
    of_editions = select(around.c.edition_id, literal(""), around.c.field)
    found: dict[int, set[tuple[str, Field]]] = {}
    for rows in (of_links.where(choice.c.by_id == person), of_editions.where(around.c.by_id == person)):
        for edition, key, field in await transaction.execute(rows):
            if Field(field) in choices.WITH_WORDS:
                found.setdefault(edition, set()).add((key, Field(field)))
    return found


async def _printed_in(
    transaction: Transaction, person: PersonId, shares: Iterable[int], also: Collection[int]
) -> tuple[Affected, ...]:
    """The editions that placed one of the shares, ``also`` these, and those that name the person: in a discussion, in
    words that are kept nowhere else any more."""
    placement, revision, edition = tables.placement, tables.revision, tables.edition
    id = json.dumps(person.id, ensure_ascii=False)
    marks = (f'"id":{id}', f"(person:{id[1:-1]})")
    names = or_(*(revision.c.edition.contains(one, autoescape=True) for one in marks))
    named = await transaction.execute(
        select(edition.c.id, edition.c.newsletter)
        .join(revision, revision.c.edition_id == edition.c.id)
        .where(or_(names, edition.c.id.in_(list(also))))
        .distinct()
    )
    editions: dict[int, str] = {row.id: row.newsletter for row in named}
    for batch in in_batches(dict.fromkeys(shares)):
        found = await transaction.execute(
            select(placement.c.edition_id, placement.c.newsletter).where(placement.c.share_id.in_(batch)).distinct()
        )
        editions |= {row.edition_id: row.newsletter for row in found}
    return tuple(Affected(id, newsletter) for id, newsletter in sorted(editions.items()))
