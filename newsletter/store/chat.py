"""What was heard, kept: messages, shares and reactions, read and written in batches. Who and where is ``directory``'s.

``collect.py`` decides what to write (through ``merge``). The rows stay in here: callers see the values of ``heard``,
``merge`` and ``model`` only.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, or_, select, update

from newsletter.heard import (
    ChannelId,
    MessageId,
    MessageSeen,
    PersonId,
    Preview,
    Source,
)
from newsletter.merge import KeptMessage, Standing, Tally
from newsletter.model import ShareWords
from newsletter.store import directory, tables, terms
from newsletter.store.batches import in_batches, insert_or_ignore
from newsletter.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Written:
    """One message to write as it now is. Without ``shares`` and ``is_words`` its text is not kept.

    ``shares`` are ``None`` where its words were forgotten: then they stay as they are.
    """

    kept: KeptMessage
    shares: tuple[ShareWords, ...] | None
    is_words: bool = False


def link_digest(key: str) -> str:
    """The unique name of a link's key: keys may be longer than a database lets an index row be."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# --- messages ------------------------------------------------------------------------------------------------------

_MESSAGE = (
    select(
        tables.message,
        tables.channel.c.platform,
        tables.channel.c.workspace,
        tables.channel.c.external_id.label("channel"),
        tables.person.c.platform.label("author_platform"),
        tables.person.c.workspace.label("author_workspace"),
        tables.person.c.external_id.label("author"),
    )
    .join(tables.channel, tables.channel.c.id == tables.message.c.channel_id)
    .join(tables.person, tables.person.c.id == tables.message.c.author_id)
)


async def messages(transaction: Transaction, ids: Iterable[MessageId]) -> dict[MessageId, KeptMessage]:
    """What is kept of these messages; one that is not kept is not in the result."""
    by_channel: dict[ChannelId, list[str]] = defaultdict(list)
    for id in dict.fromkeys(ids):
        by_channel[id.channel].append(id.id)
    kept: dict[MessageId, KeptMessage] = {}
    for channel, external in by_channel.items():
        for batch in in_batches(external):
            condition = directory._is(channel) & tables.message.c.external_id.in_(batch)
            rows = (await transaction.execute(_MESSAGE.where(condition))).all()
            kept |= await _with_reactions(transaction, rows)
    missing = [
        id for id in dict.fromkeys(MessageId(c, e) for c, ids in by_channel.items() for e in ids) if id not in kept
    ]
    return kept | {id: KeptMessage(id, gone=True) for id in await _tombstones(transaction, missing)}


async def _tombstones(transaction: Transaction, ids: Sequence[MessageId]) -> list[MessageId]:
    """Which of these were said to be deleted before they were ever heard."""
    table = tables.tombstone
    by_channel: dict[ChannelId, list[str]] = defaultdict(list)
    for id in ids:
        by_channel[id.channel].append(id.id)
    places = await directory.channel_ids(transaction, by_channel)
    found: list[MessageId] = []
    for channel, external in by_channel.items():
        for batch in in_batches(external):
            there = (table.c.channel_id == places[channel]) & table.c.external_id.in_(batch)
            rows = await transaction.execute(select(table.c.external_id).where(there))
            found += [MessageId(channel, name) for name in rows.scalars()]
    return found


async def bury(transaction: Transaction, ids: Iterable[MessageId]) -> None:
    """Remember that these messages, of which nothing is kept, were deleted. The second time changes nothing."""
    names = sorted(set(ids))
    places = await directory.channel_ids(transaction, (id.channel for id in names))
    rows = [{"channel_id": places[id.channel], "external_id": id.id} for id in names]
    if rows:
        await insert_or_ignore(transaction, tables.tombstone, rows)


async def messages_of_rows(transaction: Transaction, numbers: Iterable[int]) -> dict[MessageId, KeptMessage]:
    """What is kept of the messages in these rows, of however many channels."""
    kept: dict[MessageId, KeptMessage] = {}
    for batch in in_batches(numbers):
        rows = (await transaction.execute(_MESSAGE.where(tables.message.c.id.in_(batch)))).all()
        kept |= await _with_reactions(transaction, rows)
    return kept


async def _with_reactions(transaction: Transaction, rows: Sequence[Row[Any]]) -> dict[MessageId, KeptMessage]:
    ids = [row.id for row in rows]
    if not ids:
        return {}
    standings: dict[int, dict[tuple[PersonId, str], Standing]] = defaultdict(dict)
    reaction, person = tables.reaction, tables.person
    found = await transaction.execute(
        select(reaction, person.c.platform, person.c.workspace, person.c.external_id)
        .join(person, person.c.id == reaction.c.person_id)
        .where(reaction.c.message_id.in_(ids))
    )
    for row in found:
        who = PersonId(row.platform, row.workspace, row.external_id)
        standings[row.message_id][who, row.emoji] = Standing(row.at, row.stands)
    tallies: dict[int, dict[str, Tally]] = defaultdict(dict)
    exported: dict[int, dict[str, int]] = defaultdict(dict)
    for row in await transaction.execute(select(tables.unnamed).where(tables.unnamed.c.message_id.in_(ids))):
        if row.exported:
            exported[row.message_id][row.emoji] = row.counted
        else:
            tallies[row.message_id][row.emoji] = Tally(row.counted, row.named_as_of)
    return {
        seen.id: KeptMessage(
            seen.id,
            seen=seen,
            gone=row.gone,
            reactions=standings.get(row.id, {}),
            listed_as_of=row.listed_as_of,
            tallies=tallies.get(row.id, {}),
            exported=exported.get(row.id, {}),
        )
        for row in rows
        for seen in [_seen(row)]
    }


def _seen(row: Row[Any]) -> MessageSeen:
    return MessageSeen(
        id=MessageId(ChannelId(row.platform, row.workspace, row.channel), row.external_id),
        author=PersonId(row.author_platform, row.author_workspace, row.author),
        sent_at=row.sent_at,
        text=row.text,
        seen_at=row.sent_at,
        source=Source.LIVE if row.live else Source.EXPORT,
        edited_at=row.edited_at,
        thread=row.thread,
        permalink=row.permalink,
        previews=tuple(Preview(**preview) for preview in row.previews),
        answers=row.answers,
    )


async def present_between(
    transaction: Transaction,
    channel: ChannelId,
    since: datetime | None,
    until: datetime | None,
    *,
    threads: Sequence[str | None] = (),
) -> tuple[MessageSeen, ...]:
    """The kept, not deleted messages of a channel with ``since <= sent_at < until``, oldest first.

    ``threads``: only those of these threads, ``None`` being the channel's own level; without it, of all.
    """
    table = tables.message
    conditions = [table.c.channel_id == directory.row_of(channel), table.c.gone.is_(False)]
    if since is not None:
        conditions.append(table.c.sent_at >= since)
    if until is not None:
        conditions.append(table.c.sent_at < until)
    if threads:
        conditions.append(or_(*(table.c.thread.is_(None) if one is None else table.c.thread == one for one in threads)))
    statement = _MESSAGE.where(*conditions).order_by(table.c.sent_at, table.c.external_id)
    return tuple(_seen(row) for row in await transaction.execute(statement))


# --- the sharer's next message -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """One kept, present message: with any link, with nothing but one, or only as words.

    ``words_from`` is the message that gives a bare link its words.
    """

    seen: MessageSeen
    linked: bool
    bare: bool
    words_from: MessageId | None


async def messages_around(
    transaction: Transaction, channel: ChannelId, spans: Sequence[tuple[datetime, datetime]]
) -> tuple[Own, ...]:
    """A channel's kept, present messages with ``since <= sent_at <= until`` in any of the spans, oldest first."""
    message, share = tables.message, tables.share
    rows: dict[int, Row[Any]] = {}
    for batch in in_batches(spans, 64):
        # Every number of spans is a statement of its own to compile: repeated up to a power of two there are seven.
        batch += batch[-1:] * ((1 << (len(batch) - 1).bit_length()) - len(batch))
        statement = _MESSAGE.where(
            message.c.channel_id == directory.row_of(channel),
            or_(*(message.c.sent_at.between(since, until) for since, until in batch)),
            message.c.gone.is_(False),
        )
        rows |= {row.id: row for row in await transaction.execute(statement)}
    names = {id: MessageId(channel, row.external_id) for id, row in rows.items()}
    bare: dict[int, bool] = {}
    words_from: dict[int, MessageId | None] = {}
    for numbers in in_batches(rows):
        found = await transaction.execute(
            select(share.c.message_id, share.c.bare, share.c.words_from).where(
                share.c.message_id.in_(numbers), share.c.present
            )
        )
        for row in found:
            bare[row.message_id] = bare.get(row.message_id, False) or row.bare
            words_from.setdefault(row.message_id, names.get(row.words_from))
    own = [Own(_seen(row), id in bare, bare.get(id, False), words_from.get(id)) for id, row in rows.items()]
    return tuple(sorted(own, key=lambda one: (one.seen.sent_at, one.seen.id)))


async def set_words_from(transaction: Transaction, words: Mapping[MessageId, MessageId | None]) -> None:
    """Say which message gives each bare link its words (``None``: none does)."""
    if not words:
        return
    ids = await message_rows(transaction, [*words, *(id for id in words.values() if id)])
    table = tables.share
    rows = [{"of": ids[id], "source": ids.get(source) if source else None} for id, source in words.items()]
    await transaction.execute(
        update(table).where(table.c.message_id == bindparam("of")).values(words_from=bindparam("source")), rows
    )
    for batch in in_batches([row["of"] for row in rows]):
        await terms.refresh(transaction, table.c.message_id.in_(batch))


async def forget_words(transaction: Transaction, ids: Iterable[MessageId]) -> None:
    """Drop messages that were kept only as words and are no longer; one that had a link loses its text only."""
    table = tables.message
    had_link = select(tables.share.c.id).where(tables.share.c.message_id == table.c.id).exists()
    for batch in in_batches((await message_rows(transaction, ids)).values()):
        told = tables.share.c.words_from.in_(batch)
        shares = (await transaction.execute(select(tables.share.c.id).where(told))).scalars().all()
        await transaction.execute(update(tables.share).where(told).values(words_from=None))
        await transaction.execute(delete(table).where(table.c.id.in_(batch), ~had_link))
        await transaction.execute(update(table).where(table.c.id.in_(batch)).values(text="", previews=[]))
        await terms.refresh(transaction, tables.share.c.id.in_(shares))


# --- writing -------------------------------------------------------------------------------------------------------


async def write(transaction: Transaction, written: Sequence[Written]) -> None:
    """Write the messages as they now are, with their shares, reactions and search terms. The second time changes
    nothing.

    Every share of the message that is not in ``Written.shares`` becomes absent, its words gone.
    """
    if not written:
        return
    everyone = {w.kept.seen.author for w in written if w.kept.seen}
    everyone |= {person for w in written for person, _ in w.kept.reactions}
    people = await directory.person_ids(transaction, everyone)
    places = await directory.channel_ids(transaction, (w.kept.id.channel for w in written))
    before = await message_rows(transaction, (w.kept.id for w in written))
    rows = await _write_messages(transaction, written, before, places, people)
    await _write_shares(transaction, written, before, rows, places)
    for batch in in_batches(rows[w.kept.id] for w in written):
        await terms.refresh(transaction, terms.of_messages(batch))
    await _write_reactions(transaction, written, before, rows, people)


async def _write_messages(
    transaction: Transaction,
    written: Sequence[Written],
    before: Mapping[MessageId, int],
    places: Mapping[ChannelId, int],
    people: Mapping[PersonId, int],
) -> dict[MessageId, int]:
    await _dig_out(transaction, [w.kept.id for w in written if w.kept.gone], places)
    new, changed = [], []
    for one in written:
        seen = one.kept.seen
        if seen is None:
            raise ValueError(f"a message that was never seen cannot be written: {one.kept.id}")
        keeps_text = one.kept.present and (bool(one.shares) or one.is_words)
        row = {
            "channel_id": places[seen.id.channel],
            "external_id": seen.id.id,
            "author_id": people[seen.author],
            "sent_at": seen.sent_at,
            "edited_at": seen.edited_at,
            "live": seen.source is Source.LIVE,
            "thread": seen.thread,
            "answers": seen.answers,
            "text": seen.text if keeps_text else "",
            "permalink": seen.permalink,
            "previews": [asdict(preview) for preview in seen.previews] if keeps_text else [],
            "gone": one.kept.gone,
            "listed_as_of": one.kept.listed_as_of,
        }
        if seen.id in before:
            changed.append({"row_id": before[seen.id], **{f"new_{name}": value for name, value in row.items()}})
        else:
            new.append((seen.id, row))
    if changed:
        table = tables.message
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in [column.name for column in table.c] if name != "id"
        }
        await transaction.execute(update(table).where(table.c.id == bindparam("row_id")).values(values), changed)
    for batch in in_batches(new):
        await transaction.execute(insert(tables.message), [row for _, row in batch])
    # Asked for afterwards: SQLite returns the rows of one insert in no order, so RETURNING would be a statement
    # for each.
    return {**before, **await message_rows(transaction, [id for id, _ in new])}


async def _dig_out(transaction: Transaction, ids: Sequence[MessageId], places: Mapping[ChannelId, int]) -> None:
    """A deleted message that gets a row of its own needs no tombstone beside it."""
    table = tables.tombstone
    for id in ids:
        await transaction.execute(
            delete(table).where(table.c.channel_id == places[id.channel], table.c.external_id == id.id)
        )


async def message_rows(transaction: Transaction, ids: Iterable[MessageId]) -> dict[MessageId, int]:
    """The row of each message; one that is not kept is not in the result."""
    by_channel: dict[ChannelId, list[str]] = defaultdict(list)
    for id in ids:
        by_channel[id.channel].append(id.id)
    table = tables.message
    rows: dict[MessageId, int] = {}
    for channel, external in by_channel.items():
        for batch in in_batches(external):
            found = await transaction.execute(
                select(table.c.external_id, table.c.id).where(
                    table.c.channel_id == directory.row_of(channel), table.c.external_id.in_(batch)
                )
            )
            rows |= {MessageId(channel, row.external_id): row.id for row in found}
    return rows


async def link_ids(transaction: Transaction, keys: Iterable[str]) -> dict[str, int]:
    """The row of each link, made where missing."""
    digests = {link_digest(key): key for key in sorted(set(keys))}
    ids = await _known_links(transaction, digests)
    missing = [{"digest": digest, "key": key} for digest, key in digests.items() if key not in ids]
    if missing:
        await insert_or_ignore(transaction, tables.link, missing)
        ids |= await _known_links(transaction, {row["digest"]: row["key"] for row in missing})
    return ids


async def _known_links(transaction: Transaction, digests: Mapping[str, str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for batch in in_batches(digests):
        found = await transaction.execute(
            select(tables.link.c.digest, tables.link.c.id).where(tables.link.c.digest.in_(batch))
        )
        ids |= {digests[row.digest]: row.id for row in found}
    return ids


async def _write_shares(
    transaction: Transaction,
    written: Sequence[Written],
    before: Mapping[MessageId, int],
    rows: Mapping[MessageId, int],
    places: Mapping[ChannelId, int],
) -> None:
    links = await link_ids(transaction, (words.key for w in written for words in w.shares or ()))
    table = tables.share
    known: dict[tuple[int, int], Row[Any]] = {}
    for batch in in_batches(before[w.kept.id] for w in written if w.kept.id in before and w.shares is not None):
        found = await transaction.execute(select(table).where(table.c.message_id.in_(batch)))
        known |= {(row.message_id, row.link_id): row for row in found}
    new, changed, absent = [], [], dict(known)
    for one in written:
        seen = one.kept.seen
        if seen is None or not one.kept.present:
            continue
        for words in one.shares or ():
            row = {
                "message_id": rows[seen.id],
                "link_id": links[words.key],
                "channel_id": places[seen.id.channel],
                "sent_at": seen.sent_at,
                "live": seen.source is Source.LIVE,
                "present": True,
                "ordinal": words.ordinal,
                "url": words.url,
                "title": words.title,
                "title_source": words.title_source.value if words.title_source else None,
                "comment": words.comment,
                "hashtags": list(words.hashtags),
                "under": words.under,
                "bare": words.bare,
            }
            share = absent.pop((rows[seen.id], links[words.key]), None)
            if share is None:
                new.append({**row, "returned": False})
            elif any(getattr(share, name) != value for name, value in row.items()):
                returned = share.returned or not share.present
                changed.append((share.id, {**row, "returned": returned}))
    await _insert_shares(transaction, new)
    await _change_shares(transaction, changed)
    await _blank_shares(transaction, [row.id for row in absent.values() if row.present])


async def _insert_shares(transaction: Transaction, new: Sequence[dict[str, Any]]) -> None:
    table = tables.share
    for batch in in_batches(new):
        await transaction.execute(insert(table), batch)


async def _change_shares(transaction: Transaction, changed: Sequence[tuple[int, dict[str, Any]]]) -> None:
    if not changed:
        return
    table = tables.share
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in changed[0][1]}
    rows = [{"row_id": id, **{f"new_{name}": value for name, value in row.items()}} for id, row in changed]
    for batch in in_batches(id for id, _ in changed):
        await terms.forget(transaction, table.c.id.in_(batch))
    await transaction.execute(update(table).where(table.c.id == bindparam("row_id")).values(values), rows)


async def _blank_shares(transaction: Transaction, ids: Sequence[int]) -> None:
    table = tables.share
    for batch in in_batches(ids):
        await transaction.execute(
            update(table)
            .where(table.c.id.in_(batch))
            .values(present=False, title=None, title_source=None, comment="", hashtags=[], words_from=None)
        )


async def _write_reactions(
    transaction: Transaction,
    written: Sequence[Written],
    before: Mapping[MessageId, int],
    rows: Mapping[MessageId, int],
    people: Mapping[PersonId, int],
) -> None:
    for batch in in_batches(before.values()):
        await transaction.execute(delete(tables.reaction).where(tables.reaction.c.message_id.in_(batch)))
        await transaction.execute(delete(tables.unnamed).where(tables.unnamed.c.message_id.in_(batch)))
    standing = [
        {
            "message_id": rows[w.kept.id],
            "person_id": people[person],
            "emoji": emoji,
            "at": standing.at,
            "stands": standing.on,
        }
        for w in written
        for (person, emoji), standing in w.kept.reactions.items()
    ]
    if standing:
        await transaction.execute(insert(tables.reaction), standing)
    tallied = [
        {
            "message_id": rows[w.kept.id],
            "emoji": emoji,
            "counted": tally.count,
            "named_as_of": tally.named_as_of,
            "exported": False,
        }
        for w in written
        for emoji, tally in w.kept.tallies.items()
    ] + [
        {
            "message_id": rows[w.kept.id],
            "emoji": emoji,
            "counted": count,
            "named_as_of": None,
            "exported": True,
        }
        for w in written
        for emoji, count in w.kept.exported.items()
    ]
    if tallied:
        await transaction.execute(insert(tables.unnamed), tallied)
