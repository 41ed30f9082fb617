"""Gathers what is known of shares, all at once: their messages, people, reactions, choices and pages.

This is all that an edition is assembled from; a fixed number of questions answers for any number of shares.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from newsletter import urls
from newsletter.heard import ChannelId, MessageId, PersonId, Preview
from newsletter.merge import KeptMessage, reactions
from newsletter.model import Choice, Field, KeptShare, Page, TitleSource
from newsletter.store import chat, choices, directory, pages, tables
from newsletter.store.batches import in_batches
from newsletter.store.database import Transaction

_MENTION = re.compile(r"\((person|channel):([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Found:
    """What the store knows about some shares; ``publish`` makes ``material.Material`` of it."""

    shares: tuple[KeptShare, ...]
    names: Mapping[PersonId, str]
    channels: Mapping[ChannelId, str]
    pages: Mapping[str, Page]
    joins: Mapping[str, str]
    choices: tuple[Choice, ...]
    joined: Mapping[PersonId, datetime]
    hidden: frozenset[PersonId]
    """Who of them opted out."""


async def known(transaction: Transaction, ids: Sequence[int], edition: int | None = None) -> Found:
    """Everything the store knows about these shares, and the choices made for this edition."""
    shares: list[KeptShare] = []
    channels: dict[ChannelId, str] = {}
    for batch in in_batches(ids):
        shares += await _shares(transaction, batch)
    people = await _people(transaction, shares)
    shares = [_without(people.bots, share) for share in shares]
    if any("(channel:" in share.comment + share.follow_up for share in shares):
        channels = {seen.id: seen.name for seen in (await directory.channels(transaction)).values()}
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
