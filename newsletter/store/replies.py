"""What was replied to messages with a link, without one itself: kept while there is a link to discuss, and no longer.

``collect.py`` decides which messages are kept as replies, ``discussion.py`` which of them are printed. They are rows of
``message`` like all that was heard; what is said here is how they hang on the message that they reply to.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, select, update

from newsletter.heard import ChannelId, MessageId, MessageSeen, PersonId
from newsletter.merge import reactions
from newsletter.model import KeptReaction, KeptReply
from newsletter.store import chat, directory, tables
from newsletter.store.batches import in_batches
from newsletter.store.database import Transaction

_REPLY, _ROOT = tables.message.alias("reply"), tables.message.alias("root")
_ANSWERS = (_REPLY.c.thread, _REPLY.c.answers)


async def linked(transaction: Transaction, channel: ChannelId, ids: Iterable[str]) -> frozenset[str]:
    """Which of these messages of the channel are there and share a link, by somebody who did not opt out."""
    message, share, person = tables.message, tables.share, tables.person
    found: set[str] = set()
    for batch in in_batches(sorted(set(ids))):
        rows = await transaction.execute(
            select(message.c.external_id)
            .join(person, person.c.id == message.c.author_id)
            .where(message.c.channel_id == directory.row_of(channel), message.c.external_id.in_(batch))
            .where(message.c.gone.is_(False), person.c.opted_out_at.is_(None))
            .where(select(share.c.id).where(share.c.message_id == message.c.id, share.c.present).exists())
        )
        found.update(rows.scalars())
    return frozenset(found)


async def idle(transaction: Transaction, channel: ChannelId, roots: Iterable[str]) -> tuple[MessageSeen, ...]:
    """The kept replies to these messages that are there for nothing else: no share, nobody's words."""
    rows: list[int] = []
    for batch in in_batches(roots):
        for answers in _ANSWERS:
            to_them = (_REPLY.c.channel_id == directory.row_of(channel)) & answers.in_(batch)
            found = await transaction.execute(_only_replies(to_them).where(_REPLY.c.text != ""))
            rows += found.scalars().all()
    kept = await chat.messages_of_rows(transaction, rows)
    return tuple(one.seen for one in kept.values() if one.seen is not None)


async def forget_all(transaction: Transaction, channel: ChannelId) -> None:
    """Nothing is left of what was replied in this channel."""
    for answers in _ANSWERS:
        there = (_REPLY.c.channel_id == directory.row_of(channel)) & answers.is_not(None)
        await _forget(transaction, there)


async def forget_under(transaction: Transaction, messages: Collection[int]) -> None:
    """Nothing is left of what was replied to these rows of ``message``."""
    for batch in in_batches(messages):
        for answers in _ANSWERS:
            root = select(_ROOT.c.id).where(
                _ROOT.c.id.in_(batch), _ROOT.c.channel_id == _REPLY.c.channel_id, _ROOT.c.external_id == answers
            )
            await _forget(transaction, and_(answers.is_not(None), root.exists()))


async def blank_where_forgotten(transaction: Transaction) -> None:
    """Forget the words of replies to messages of which only the links are left. That there was a reply stays known:
    should it be deleted, it goes out of what was printed."""
    message = tables.message
    for answers in _ANSWERS:
        root = select(_ROOT.c.id).where(
            _ROOT.c.channel_id == _REPLY.c.channel_id, _ROOT.c.external_id == answers, _ROOT.c.text == ""
        )
        forgotten = and_(answers.is_not(None), _REPLY.c.text != "", root.exists())
        rows = (await transaction.execute(_only_replies(forgotten))).scalars().all()
        for batch in in_batches(rows):
            await transaction.execute(update(message).where(message.c.id.in_(batch)).values(text="", previews=[]))


async def under(transaction: Transaction, messages: Iterable[MessageId]) -> dict[MessageId, tuple[KeptReply, ...]]:
    """What was replied to these messages, in the order it was said; not by bots, nor by whoever opted out.

    One whose words were forgotten is there, with none.
    """
    by_channel: dict[ChannelId, set[str]] = defaultdict(set)
    for message in messages:
        by_channel[message.channel].add(message.id)
    found: dict[MessageId, dict[str, KeptReply]] = defaultdict(dict)
    for channel, ids in by_channel.items():
        for batch in in_batches(sorted(ids)):
            for row, reply in await _replies(transaction, channel, batch):
                for root in {row.thread, row.answers} & ids:
                    found[MessageId(channel, root)][reply.id] = reply
    return {
        root: tuple(sorted(replies.values(), key=lambda one: (one.sent_at, one.id))) for root, replies in found.items()
    }


async def _replies(
    transaction: Transaction, channel: ChannelId, roots: Collection[str]
) -> list[tuple[Row[Any], KeptReply]]:
    person = tables.person
    rows: dict[int, Row[Any]] = {}
    for answers in _ANSWERS:
        to_them = (_REPLY.c.channel_id == directory.row_of(channel)) & answers.in_(roots)
        statement = (
            _only_replies(to_them)
            .join(person, person.c.id == _REPLY.c.author_id)
            .where(person.c.bot.is_(False), person.c.opted_out_at.is_(None))
            .add_columns(_REPLY.c.external_id, _REPLY.c.thread, _REPLY.c.answers, person.c.name)
        )
        rows |= {row.id: row for row in await transaction.execute(statement)}
    kept = {id.id: one for id, one in (await chat.messages_of_rows(transaction, rows)).items()}
    bots = await _bots(transaction, {person for one in kept.values() for person, _ in one.reactions})
    return [
        (
            row,
            KeptReply(
                row.external_id,
                seen.author,
                row.name,
                seen.sent_at,
                seen.text,
                tuple(_without(bots, reaction) for reaction in reactions(kept[row.external_id])),
            ),
        )
        for row in rows.values()
        if (seen := kept[row.external_id].seen) is not None
    ]


def _without(bots: frozenset[PersonId], reaction: KeptReaction) -> KeptReaction:
    people = tuple(person for person in reaction.people if person not in bots)
    return KeptReaction(reaction.emoji, people, reaction.unnamed)


async def _bots(transaction: Transaction, people: Collection[PersonId]) -> frozenset[PersonId]:
    table = tables.person
    bots: set[PersonId] = set()
    for batch in in_batches(sorted({person.id for person in people})):
        rows = await transaction.execute(
            select(table.c.platform, table.c.workspace, table.c.external_id).where(
                table.c.external_id.in_(batch), table.c.bot
            )
        )
        bots.update(PersonId(row.platform, row.workspace, row.external_id) for row in rows)
    return frozenset(bots)


# --- rows ------------------------------------------------------------------------------------------------------------


def _only_replies(which: ColumnElement[bool]) -> Select[Any]:
    """The rows of those of these messages that are there, have no link and are nobody's words."""
    share = tables.share
    shares = select(share.c.id).where(share.c.message_id == _REPLY.c.id, share.c.present)
    words = select(share.c.id).where(share.c.words_from == _REPLY.c.id)
    return select(_REPLY.c.id).where(which, _REPLY.c.gone.is_(False), ~shares.exists(), ~words.exists())


async def _forget(transaction: Transaction, which: ColumnElement[bool]) -> None:
    rows = (await transaction.execute(_only_replies(which))).scalars().all()
    message, share = tables.message, tables.share
    had_link = select(share.c.id).where(share.c.message_id == message.c.id).exists()
    for batch in in_batches(rows):
        await transaction.execute(delete(message).where(message.c.id.in_(batch), ~had_link))
        await transaction.execute(update(message).where(message.c.id.in_(batch)).values(text="", previews=[]))
