"""The words by which shares and editions are found, kept: FTS5 tables on SQLite, tsvectors on PostgreSQL.

Two tables: what is said around each share (``share_terms``), and what each edition printed (``edition_terms``). Both
are derived: whoever changes a row that words come from calls ``refresh`` or ``printed`` in the same transaction, which
read the words again and write what differs. Finding is ``search.py``'s.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote

# Constants and integers only are put into statements.
# ruff: noqa: S608
from sqlalchemy import ColumnElement, Row, func, or_, select, text

from newsletter import urls
from newsletter.model import Edition, Entry, Field, from_json
from newsletter.search import document
from newsletter.store import tables
from newsletter.store.database import Transaction

AT_ONCE = 400
"""How many shares are read, and their terms written, at once."""

OF_SECOND, _LATEST = 1 << 31, (1 << 32) - 1
"""The row of a share's terms is its second times this, plus its number: rows in their order are shares in the order of
time, so that the newest of many are found without looking at the others."""

OF_EDITION, EDITIONS = 1 << 12, 1 << 19
"""The row of an entry's terms begins with the second of its first share, as a share's does; then come the edition's
number times this and its place. The row of an edition's own words is minus its number."""

_NOWHERE = -1
"""The channel of an entry that several private channels told: nobody in a chat may see all of it."""

_CALLED = re.compile(r"\]\((?:person|channel):[^)\s]*\)")

Item = TypeVar("Item")


async def refresh(transaction: Transaction, which: ColumnElement[bool]) -> None:
    """Make these rows of ``share`` findable by the words there are now. The second time changes nothing."""
    share = tables.share
    ids = (await transaction.execute(select(share.c.id).where(which))).scalars().all()
    for batch in in_batches(ids):
        rows = (await transaction.execute(_WORDS.where(share.c.id.in_(batch)))).all()
        own = await _own_words(transaction, batch)
        terms = {_row(one): document(_text(one, own.get(one.id, ()))) for one in rows if one.present}
        await _forget(transaction, [_row(one) for one in rows if not one.present])
        await _write(transaction, terms)


async def forget(transaction: Transaction, which: ColumnElement[bool]) -> None:
    """Take these rows of ``share`` out of the index: before their time is changed, for the terms are kept by it."""
    share = tables.share
    rows = (await transaction.execute(select(share.c.id, share.c.sent_at).where(which))).all()
    await _forget(transaction, [_row(one) for one in rows])


async def printed(transaction: Transaction, id: int, edition: Edition, before: Edition | None) -> None:
    """Make an edition findable by what it says now: itself by its title, label, intro and outro, its entries by
    theirs; no more by what it said ``before``, which is what this was called with last."""
    if before is not None:
        gone = [{"id": row} for row in (-id, *(_entry_row(id, *one) for one in _places(before)))]
        await transaction.execute(text(f"DELETE FROM edition_terms WHERE {key(transaction)} = :id"), gone)
    told = any(shared.private for entry in _entries(edition) for shared in entry.shares)
    channels = await _channels_of(transaction, _entries(edition)) if told else {}
    itself = (edition.title, edition.label, edition.week.iso, edition.week.label, edition.intro, edition.outro)
    rows = [_printed(-id, None, None, edition.title, edition.read_at, edition.label, itself)]
    for place, entry in _places(edition):
        private = {channels.get(shared.share, _NOWHERE) for shared in entry.shares if shared.private}
        only_in = None if not private else private.pop() if len(private) == 1 else _NOWHERE
        said = (entry.title, entry.said, _address(entry.url), *(f"#{tag}" for tag in entry.hashtags))
        below = (part for link in entry.links for part in (link.title, _address(link.url)))
        words = (*said, *below, *(shared.words for shared in entry.shares))
        first = entry.shares[0].share if entry.shares else None
        rows.append(
            _printed(_entry_row(id, place, entry), first, only_in, entry.title, entry.url, edition.label, words)
        )
    terms = "CAST(:terms AS tsvector)" if is_postgresql(transaction) else ":terms"
    statement = text(
        f"INSERT INTO edition_terms ({key(transaction)}, terms, share_id, only_in, title, url, label) "
        f"VALUES (:id, {terms}, :share, :only_in, :title, :url, :label)"
    )
    for batch in in_batches(rows):
        values = [{**row, "terms": _kept(transaction, row["terms"])} for row in batch]
        await transaction.execute(statement, values)


async def settle(transaction: Transaction) -> None:
    """Leave no term behind that was taken out: FTS5 only notes that it is gone until it writes that stretch anew."""
    if not is_postgresql(transaction):
        for table in ("share_terms", "edition_terms"):
            await transaction.execute(text(f"INSERT INTO {table} ({table}) VALUES ('optimize')"))


async def fill(transaction: Transaction) -> None:
    """Index everything, where nothing is: after a migration that made the tables anew."""
    if await _is_empty(transaction, "share_terms"):
        await _fill_shares(transaction)
    if await _is_empty(transaction, "edition_terms"):
        await _fill_editions(transaction)


async def _is_empty(transaction: Transaction, table: str) -> bool:
    return (await transaction.execute(text(f"SELECT 1 FROM {table} LIMIT 1"))).first() is None


async def _fill_shares(transaction: Transaction) -> None:
    last = (await transaction.execute(select(func.max(tables.share.c.id)))).scalar_one_or_none() or 0
    for since in range(0, last, 10 * AT_ONCE):
        await refresh(transaction, tables.share.c.id.between(since + 1, since + 10 * AT_ONCE))


async def _fill_editions(transaction: Transaction) -> None:
    revision = tables.revision
    newest = select(revision.c.edition_id, func.max(revision.c.n).label("n")).group_by(revision.c.edition_id)
    for edition, n in (await transaction.execute(newest)).all():
        here = (revision.c.edition_id == edition) & (revision.c.n == n)
        body = (await transaction.execute(select(revision.c.edition).where(here))).scalar_one()
        await printed(transaction, edition, from_json(body), None)


_LINK, _MESSAGE, _FOLLOW_UP = tables.link, tables.message, tables.message.alias("follow_up")
_PAGE, _OTHER_PAGE = tables.page, tables.page.alias("other_page")
_WORDS = (
    select(
        tables.share,
        _LINK.c.key,
        _MESSAGE.c.previews,
        _FOLLOW_UP.c.text.label("follow_up"),
        *(
            column.label(f"{name}_{column.name}")
            for name, page in (("page", _PAGE), ("other", _OTHER_PAGE))
            for column in (page.c.title, page.c.description, page.c.site, page.c.author)
        ),
    )
    .join(_LINK, _LINK.c.id == tables.share.c.link_id)
    .join(_MESSAGE, _MESSAGE.c.id == tables.share.c.message_id)
    .outerjoin(_FOLLOW_UP, _FOLLOW_UP.c.id == tables.share.c.words_from)
    .outerjoin(_PAGE, _PAGE.c.link_id == tables.share.c.link_id)
    # Of a link that is another one, the other one's page too.
    .outerjoin(tables.link_join, tables.link_join.c.link_id == tables.share.c.link_id)
    .outerjoin(_OTHER_PAGE, _OTHER_PAGE.c.link_id == tables.link_join.c.into_id)
)


def of_links(links: Sequence[int]) -> ColumnElement[bool]:
    """The shares of these links, and of those that were joined to them."""
    join = tables.link_join
    joined = select(join.c.link_id).where(join.c.into_id.in_(links))
    return or_(tables.share.c.link_id.in_(links), tables.share.c.link_id.in_(joined))


def of_messages(messages: Sequence[int]) -> ColumnElement[bool]:
    """The shares of these messages, and those that have their words from them."""
    return or_(tables.share.c.message_id.in_(messages), tables.share.c.words_from.in_(messages))


def _text(row: Row[Any], own: Sequence[str]) -> str:
    """Everything that is said around a share, the nearest first: of a very long text the beginning is found."""
    previews = [one for one in row.previews if urls.key(one.get("url") or "") == row.key]
    said = (
        row.title,
        row.comment,
        *own,
        row.follow_up,
        *(f"#{tag}" for tag in row.hashtags),
        _address(row.url),
        *(one.get(name) for one in previews for name in ("title", "description", "site")),
        *(row.page_title, row.page_description, row.page_site, row.page_author),
        *(row.other_title, row.other_description, row.other_site, row.other_author),
    )
    return _without_ids("\n".join(filter(None, said)))


def _address(url: str) -> str:
    return unquote(url).partition("://")[2]


def _without_ids(markup: str) -> str:
    return _CALLED.sub("] ", markup)


async def _own_words(transaction: Transaction, shares: Sequence[int]) -> dict[int, list[str]]:
    """What their sharers called them and said of them afterwards."""
    table = tables.own_choice
    found: dict[int, list[str]] = {}
    words = (Field.TITLE.value, Field.WORDS.value)
    rows = await transaction.execute(select(table).where(table.c.share_id.in_(shares), table.c.field.in_(words)))
    for row in rows:
        found.setdefault(row.share_id, []).append(row.value)
    return found


async def _write(transaction: Transaction, terms: Mapping[int, tuple[str, ...]]) -> None:
    if not terms:
        return
    rows = [{"id": id, "terms": _kept(transaction, found)} for id, found in terms.items()]
    if is_postgresql(transaction):
        upsert = (
            "INSERT INTO share_terms (id, terms) VALUES (:id, CAST(:terms AS tsvector)) "
            "ON CONFLICT (id) DO UPDATE SET terms = EXCLUDED.terms WHERE share_terms.terms <> EXCLUDED.terms"
        )
        await transaction.execute(text(upsert), rows)
        return
    there = await transaction.execute(text(f"SELECT rowid, terms FROM share_terms WHERE rowid IN ({numbers(terms)})"))
    known = {row.rowid: row.terms for row in there}
    new = [row for row in rows if row["id"] not in known]
    changed = [row for row in rows if row["id"] in known and row["terms"] != known[row["id"]]]
    if new:
        await transaction.execute(text("INSERT INTO share_terms (rowid, terms) VALUES (:id, :terms)"), new)
    if changed:
        await transaction.execute(text("UPDATE share_terms SET terms = :terms WHERE rowid = :id"), changed)


async def _forget(transaction: Transaction, rows: Sequence[int]) -> None:
    if rows:
        delete = f"DELETE FROM share_terms WHERE {key(transaction)} = :id"
        await transaction.execute(text(delete), [{"id": id} for id in rows])


def _kept(transaction: Transaction, terms: Sequence[str]) -> str:
    """The terms as their database takes them, in order: words for FTS5, words with their places for PostgreSQL."""
    if not is_postgresql(transaction):
        return " ".join(terms)
    places: dict[str, list[int]] = {}
    for place, term in enumerate(terms, start=1):
        places.setdefault(term, []).append(place)
    # A term is of letters and digits only; more places than 255 are not kept.
    return " ".join(f"'{term}':{','.join(map(str, at[:255]))}" for term, at in places.items())


def _printed(
    row: int,
    share: int | None,
    only_in: int | None,
    title: str,
    url: str,
    label: str,
    words: Iterable[str],
) -> dict[str, Any]:
    said = document(_without_ids("\n".join(filter(None, words))))
    return {"id": row, "share": share, "only_in": only_in, "title": title, "url": url, "label": label, "terms": said}


def _entries(edition: Edition) -> tuple[Entry, ...]:
    return (*edition.entries, *edition.again)


def _places(edition: Edition) -> list[tuple[int, Entry]]:
    """The entries that are findable, by their place: of a very long edition the first ones."""
    return list(enumerate(_entries(edition)[:OF_EDITION]))


def _entry_row(id: int, place: int, entry: Entry) -> int:
    second = _second(entry.shares[0].at) if entry.shares else 0
    return second * OF_SECOND + id % EDITIONS * OF_EDITION + place


async def _channels_of(transaction: Transaction, entries: Iterable[Entry]) -> dict[int, int]:
    share = tables.share
    channels: dict[int, int] = {}
    for batch in in_batches([shared.share for entry in entries for shared in entry.shares]):
        rows = await transaction.execute(select(share.c.id, share.c.channel_id).where(share.c.id.in_(batch)))
        channels |= {row.id: row.channel_id for row in rows}
    return channels


def _row(share: Any) -> int:
    """The row of a share's terms."""
    return int(_second(share.sent_at) * OF_SECOND + share.id)


def _second(at: datetime) -> int:
    return min(max(int(at.timestamp()), 0), _LATEST)


def key(transaction: Transaction) -> str:
    """What the number of a row of terms is called: SQLite has a name of its own."""
    return "id" if is_postgresql(transaction) else "rowid"


def is_postgresql(transaction: Transaction) -> bool:
    """Whether terms are tsvectors here; else FTS5's."""
    return transaction.dialect.name == "postgresql"


def numbers(ids: Iterable[int]) -> str:
    """The ids between commas, for a statement."""
    return ", ".join(str(int(id)) for id in ids)


def in_batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """So many items as one statement is given, in order."""
    for place in range(0, len(items), AT_ONCE):
        yield items[place : place + AT_ONCE]
