"""Pages and joins: which links are due for a visit, whose visit it is, what came of it.

There is no queue: what is due is asked of the links themselves. What to make of an answer is ``visiting``'s; the
pages are read for an edition in ``editions``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from newsletter import urls
from newsletter.heard import ChannelSeen
from newsletter.model import LinkState, Mark, Page, PageKind
from newsletter.store import chat, directory, tables, terms
from newsletter.store.batches import AT_ONCE, in_batches
from newsletter.store.database import Transaction
from newsletter.visiting import is_mutual

REDIRECT, CANONICAL = "redirect", "canonical"
"""Why two links are one."""

LANGUAGE_AT_MOST = 35


@dataclass(frozen=True, slots=True)
class Shown:
    """A share of a due link: how its address was written there, where, when, and whether a preview gave it a title."""

    url: str
    channel: ChannelSeen
    sent_at: datetime
    previewed: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A link to visit, with the shares of it that still stand, newest first.

    ``at`` is its time as it was found, ``None`` for a new one: who claims the link must have seen it so.
    """

    id: int
    key: str
    state: LinkState
    at: datetime | None
    tries: int
    shares: tuple[Shown, ...] = ()


# --- which links ---------------------------------------------------------------------------------------------------


async def due(transaction: Transaction, now: datetime, most: int) -> list[Due]:
    """The links to visit now: new ones, newest first, then those whose time has come, longest first."""
    link = tables.link
    new = select(link).where(text("fetch_state = 'new'")).order_by(link.c.id.desc()).limit(most)
    rows = list(await transaction.execute(new))
    again = select(link).where(link.c.fetch_at <= now).order_by(link.c.fetch_at).limit(most - len(rows))
    if len(rows) < most:
        rows += await transaction.execute(again)
    shares = await _shown(transaction, {row.id: row.key for row in rows})
    return [
        Due(row.id, row.key, LinkState(row.fetch_state), row.fetch_at, row.fetch_tries, tuple(shares.get(row.id, ())))
        for row in rows
    ]


async def _shown(transaction: Transaction, links: Mapping[int, str]) -> dict[int, list[Shown]]:
    if not links:
        return {}
    channels = await directory.channels(transaction)
    share, message = tables.share, tables.message
    shown: dict[int, list[Shown]] = defaultdict(list)
    for batch in in_batches(links):
        found = await transaction.execute(
            select(share.c.link_id, share.c.url, share.c.channel_id, share.c.sent_at, message.c.previews)
            .join(message, message.c.id == share.c.message_id)
            .where(share.c.link_id.in_(batch), share.c.present)
            .order_by(share.c.sent_at.desc(), share.c.id.desc())
        )
        for row in found:
            previewed = any(one.get("title") and urls.key(one["url"]) == links[row.link_id] for one in row.previews)
            shown[row.link_id].append(Shown(row.url, channels[row.channel_id], row.sent_at, previewed))
    return shown


async def next_due(transaction: Transaction) -> datetime | None:
    """When the next link's time comes, of those that are not new."""
    found = await transaction.execute(select(func.min(tables.link.c.fetch_at)))
    instant: datetime | None = found.scalar_one_or_none()
    return instant


async def put_off(transaction: Transaction, untils: Mapping[Due, datetime]) -> list[Due]:
    """Nobody visits these links before; those of them that nobody else had been quicker with. It is how links are
    claimed, too: then the time is when whoever claimed one is given up."""
    link = tables.link
    now: dict[int, tuple[str, datetime | None]] = {}
    for batch in in_batches(due.id for due in untils):
        rows = await transaction.execute(
            select(link.c.id, link.c.fetch_state, link.c.fetch_at).where(link.c.id.in_(batch))
        )
        now |= {row.id: (row.fetch_state, row.fetch_at) for row in rows}
    as_seen = [due for due in untils if now.get(due.id) == (due.state.value, due.at)]
    changes = [
        {
            "of": due.id,
            "state": (LinkState.WAITING if due.state is LinkState.NEW else due.state).value,
            "until": untils[due],
        }
        for due in as_seen
    ]
    if changes:
        values: dict[str, Any] = {"fetch_state": bindparam("state"), "fetch_at": bindparam("until")}
        await transaction.execute(update(link).where(link.c.id == bindparam("of")).values(values), changes)
    return as_seen


# --- what came of a visit ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settled:
    """What a visit came to: the link's new state, when it is asked for again (``None``: never), and why."""

    due: Due
    claimed_until: datetime
    state: LinkState
    at: datetime | None = None
    tries: int = 0
    why: str | None = None


async def settle(transaction: Transaction, settled: Sequence[Settled]) -> set[int]:
    """Write down what visits came to; of which links. A claim that ran out is not heard: somebody else has the link."""
    link = tables.link
    claims: dict[int, datetime] = {}
    for batch in in_batches(one.due.id for one in settled):
        rows = await transaction.execute(select(link.c.id, link.c.fetch_at).where(link.c.id.in_(batch)))
        claims |= {row.id: row.fetch_at for row in rows}
    ours = [one for one in settled if claims.get(one.due.id) == one.claimed_until]
    changes = [
        {"of": one.due.id, "state": one.state.value, "at": one.at, "tries": one.tries, "why": one.why} for one in ours
    ]
    if changes:
        values: dict[str, Any] = {
            "fetch_state": bindparam("state"),
            "fetch_at": bindparam("at"),
            "fetch_tries": bindparam("tries"),
            "fetch_why": bindparam("why"),
        }
        await transaction.execute(update(link).where(link.c.id == bindparam("of")).values(values), changes)
    return {one.due.id for one in ours}


async def write_pages(transaction: Transaction, written: Mapping[str, Page], at: datetime) -> None:
    """Keep what the web says about links, by key, in place of what it said before. A link is made where it is missing,
    and needs no visit of its own."""
    if not written:
        return
    ids = await chat.link_ids(transaction, written)
    link, table = tables.link, tables.page
    idle = link.c.fetch_state.in_((LinkState.NEW.value, LinkState.WAITING.value))
    for batch in in_batches(ids.values()):
        known = {"fetch_state": LinkState.FETCHED.value, "fetch_at": None}
        await transaction.execute(update(link).where(link.c.id.in_(batch), idle).values(known))
        await transaction.execute(delete(table).where(table.c.link_id.in_(batch)))
    await transaction.execute(insert(table), [_row(ids[key], page, at) for key, page in written.items()])
    for batch in in_batches(ids.values()):
        await terms.refresh(transaction, terms.of_links(batch))


def _row(link: int, page: Page, at: datetime) -> dict[str, Any]:
    return {
        "link_id": link,
        "title": page.title,
        "description": page.description,
        "site": page.site,
        "image": page.image,
        "author": page.author,
        "published": page.published,
        "language": page.language[:LANGUAGE_AT_MOST],
        "fetched_at": at,
        "url": page.url,
        "kind": page.kind.value,
        "reading_minutes": page.reading_minutes,
        "canonical": page.canonical,
        "canonical_digest": chat.link_digest(urls.key(page.canonical)) if page.canonical else None,
    }


def page_of(row: Any) -> Page:
    """The page in a row of the table."""
    return Page(
        title=row.title,
        description=row.description,
        site=row.site,
        image=row.image,
        author=row.author,
        published=row.published,
        language=row.language,
        canonical=row.canonical,
        kind=PageKind(row.kind),
        reading_minutes=row.reading_minutes,
        url=row.url,
    )


# --- joins ---------------------------------------------------------------------------------------------------------


async def joins(transaction: Transaction, keys: Sequence[str]) -> dict[str, str]:
    """The joins of these links, followed to their end, each step of the way."""
    ends: dict[str, str] = {}
    table, link, into = tables.link_join, tables.link, tables.link.alias("into")
    wanted = set(keys)
    while wanted:
        found: set[str] = set()
        for batch in in_batches({chat.link_digest(key) for key in wanted}):
            rows = await transaction.execute(
                select(link.c.key, into.c.key.label("into"))
                .select_from(table)
                .join(link, link.c.id == table.c.link_id)
                .join(into, into.c.id == table.c.into_id)
                .where(link.c.digest.in_(batch))
            )
            for row in rows:
                ends[row.key] = row.into
                found.add(row.into)
        wanted = found - ends.keys()
    return ends


async def together(transaction: Transaction, keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each of these links all that are one with it by now, itself among them."""
    wanted = frozenset(keys)
    pairs = await joins(transaction, sorted(wanted))
    table, link, into = tables.link_join, tables.link, tables.link.alias("into")
    looked: set[str] = set()
    while around := {*wanted, *pairs, *pairs.values()} - looked:
        looked |= around
        for batch in in_batches({chat.link_digest(key) for key in around}):
            rows = await transaction.execute(
                select(link.c.key, into.c.key.label("into"))
                .select_from(table)
                .join(link, link.c.id == table.c.link_id)
                .join(into, into.c.id == table.c.into_id)
                .where(into.c.digest.in_(batch))
            )
            pairs |= {row.key: row.into for row in rows}
    ends = {key: _end(key, pairs) for key in {*wanted, *pairs, *pairs.values()}}
    groups: dict[str, set[str]] = defaultdict(set)
    for key, end in ends.items():
        groups[end].add(key)
    return {key: frozenset(groups[ends[key]]) for key in wanted}


def _end(key: str, pairs: Mapping[str, str]) -> str:
    passed = {key}
    while (into := pairs.get(key)) is not None and into not in passed:
        passed.add(into)
        key = into
    return key


async def join(transaction: Transaction, key: str, into: str, why: str, at: datetime) -> bool:
    """Make two links one, until somebody parts them; whether that is new. It never closes a circle."""
    ids = await chat.link_ids(transaction, [key, into])
    table = tables.link_join
    end, passed = ids[into], set()
    while end not in passed:
        passed.add(end)
        found = await transaction.execute(select(table.c.into_id).where(table.c.link_id == end))
        end = found.scalar_one_or_none() or end
    known = await transaction.execute(select(table.c.link_id).where(table.c.link_id == ids[key]))
    if ids[key] in passed or known.first() is not None:
        return False
    await transaction.execute(insert(table).values(link_id=ids[key], into_id=ids[into], why=why, at=at))
    await terms.refresh(transaction, tables.share.c.link_id == ids[key])
    return True


async def part(transaction: Transaction, key: str) -> bool:
    """Take back that this link is another one; whether it was. What was fetched of either stays."""
    of = select(tables.link.c.id).where(tables.link.c.digest == chat.link_digest(key)).scalar_subquery()
    done = await transaction.execute(delete(tables.link_join).where(tables.link_join.c.link_id == of))
    await terms.refresh(transaction, tables.share.c.link_id == of)
    return done.rowcount > 0


async def join_by_canonical(transaction: Transaction, found: Mapping[str, Page], at: datetime) -> None:
    """Join each of these links to the one that its page names, and to it those whose pages name it, where the naming is
    mutual. The pages are known, by key, and written."""
    named = {key: urls.key(page.canonical) for key, page in found.items() if page.canonical and page.title}
    there: dict[str, dict[str, Page]] = defaultdict(dict)
    table, link = tables.page, tables.link
    for batch in in_batches(named):
        # Of the same title, as they must be: some sites write one canonical into all their pages.
        rows = await transaction.execute(
            select(table, link.c.key)
            .join(link, link.c.id == table.c.link_id)
            .where(table.c.canonical_digest.in_({chat.link_digest(named[key]) for key in batch}))
            .where(table.c.title.in_({found[key].title for key in batch}))
            .limit(2 * AT_ONCE)
        )
        for row in rows:
            there[urls.key(row.canonical)][row.key] = page_of(row)
    for key, canonical in named.items():
        for other, page in there[canonical].items():
            if canonical == key != other and is_mutual(page, found[key]):
                await join(transaction, other, key, CANONICAL, at)
            elif other == canonical != key and is_mutual(found[key], page):
                await join(transaction, key, canonical, CANONICAL, at)


# --- for people ----------------------------------------------------------------------------------------------------


async def marks(transaction: Transaction, keys: Iterable[str]) -> dict[str, Mark]:
    """What the last visit of each of these links came to, by key."""
    link = tables.link
    found: dict[str, Mark] = {}
    for batch in in_batches({chat.link_digest(key) for key in keys}):
        rows = await transaction.execute(
            select(link.c.key, link.c.fetch_state, link.c.fetch_why).where(link.c.digest.in_(batch))
        )
        found |= {row.key: Mark(LinkState(row.fetch_state), row.fetch_why or "") for row in rows}
    return found


async def counts(transaction: Transaction) -> dict[LinkState, int]:
    """How many links there are in each state."""
    link = tables.link
    rows = await transaction.execute(select(link.c.fetch_state, func.count()).group_by(link.c.fetch_state))
    return {LinkState(state): count for state, count in rows}


async def of(transaction: Transaction, keys: Sequence[str]) -> dict[str, Page]:
    """What the web says about these links, by key."""
    table, link = tables.page, tables.link
    pages: dict[str, Page] = {}
    for batch in in_batches({chat.link_digest(key) for key in keys}):
        rows = await transaction.execute(
            select(table, link.c.key).join(link, link.c.id == table.c.link_id).where(link.c.digest.in_(batch))
        )
        pages |= {row.key: page_of(row) for row in rows}
    return pages
