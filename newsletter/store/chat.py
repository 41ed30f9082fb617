"""What was heard, kept: messages, shares, reactions, people and channels, read and written in batches.

``collect.py`` decides what to write (through ``merge``). The rows stay in here: callers see the values of ``heard``,
``merge`` and ``model`` only.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, ScalarSelect, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore_sqlite

from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    Preview,
    Source,
)
from newsletter.merge import KeptMessage, Standing, Tally
from newsletter.model import ShareWords
from newsletter.store import tables, terms
from newsletter.store.database import Transaction

AT_ONCE = 900
"""How many rows one statement asks for: below every driver's limit of parameters, 999 in an old SQLite."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Written:
    """One message to write as it now is. Without ``shares`` and ``is_words`` its text is not kept.

    ``shares`` are ``None`` where its words were forgotten: then they stay as they are.
    """

    kept: KeptMessage
    shares: tuple[ShareWords, ...] | None
    is_words: bool = False


def in_batches(items: Iterable[Item], size: int = AT_ONCE) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``, in order."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def link_digest(key: str) -> str:
    """The unique name of a link's key: keys may be longer than a database lets an index row be."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# --- people and channels -------------------------------------------------------------------------------------------


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
            await _insert_or_ignore(transaction, table, [row])
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
        await _insert_or_ignore(transaction, tables.person, rows)
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
            condition = _is(channel) & tables.message.c.external_id.in_(batch)
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
    places = await channel_ids(transaction, by_channel)
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
    places = await channel_ids(transaction, (id.channel for id in names))
    rows = [{"channel_id": places[id.channel], "external_id": id.id} for id in names]
    if rows:
        await _insert_or_ignore(transaction, tables.tombstone, rows)


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
    conditions = [table.c.channel_id == row_of(channel), table.c.gone.is_(False)]
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
            message.c.channel_id == row_of(channel),
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
    people = await person_ids(transaction, everyone)
    places = await channel_ids(transaction, (w.kept.id.channel for w in written))
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
                    table.c.channel_id == row_of(channel), table.c.external_id.in_(batch)
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
        await _insert_or_ignore(transaction, tables.link, missing)
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


async def _insert_or_ignore(transaction: Transaction, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert what is not there; another process may have been quicker."""
    postgresql = transaction.dialect.name == "postgresql"
    statement = insert_or_ignore_postgresql(table) if postgresql else insert_or_ignore_sqlite(table)
    for batch in in_batches(rows):
        await transaction.execute(statement.on_conflict_do_nothing(), batch)
