"""Finding again: a query -> the shares and editions that fit and may be read, newest first.

What is findable, and how it is kept, is ``terms.py``'s business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

# Constants and integers only are put into statements; what a person typed is bound.
# ruff: noqa: S608
from sqlalchemy import Row, TextClause, bindparam, select, text

from newsletter.search import Query, is_named
from newsletter.store import tables
from newsletter.store.database import Transaction
from newsletter.store.terms import EDITIONS, OF_EDITION, OF_SECOND, in_batches, is_postgresql, key, numbers

RECENT = 10_000
"""So many rows PostgreSQL looks through one after the other before it asks its index of words."""


@dataclass(frozen=True, slots=True)
class Found:
    """A share that fits a query; or (``share`` is 0) an edition whose own words do, ``url`` being where it is read.

    ``title`` is the printed one where it was printed, else the sharer's or the page's, ``None`` where there is none.
    ``edition`` is the number that printed it, 0: none did; ``label`` is that edition's.
    """

    share: int
    url: str
    title: str | None
    comment: str
    person: str
    channel: str
    sent_at: datetime
    newsletter: str = ""
    edition: int = 0
    label: str = ""


async def find(
    transaction: Transaction,
    wanted: Query,
    channels: Sequence[int] | None,
    most: int,
    *,
    newsletters: Sequence[str] | None = (),
    now: datetime | None = None,
) -> tuple[Found, ...]:
    """The ``most`` newest that fit, newest first (to the second).

    ``channels`` are those whose shares may be read, ``newsletters`` those whose editions may (``None``: all). Of these,
    what went out by ``now``, and what private channels told only where all of it may be read. Nothing of people who
    opted out.
    """
    if not wanted or (channels is not None and not channels):
        return ()
    people, places = await _meant(transaction, wanted)
    if (wanted.people and not people) or (wanted.channels and not places):
        return ()
    allowed = (("share.channel_id", channels), ("share.channel_id", places), ("message.author_id", people))
    inside = "".join(f" AND {column} IN ({numbers(rows)})" for column, rows in allowed if rows)
    values = {"match": _match(transaction, wanted), "most": most}
    found = await _shares(transaction, inside, values)
    if newsletters is not None and not newsletters:
        return tuple(found)
    out = _out(newsletters, now)
    if values["match"]:
        values = {**values, **out.values}
        # Each newsletter may have printed the same.
        often = {**values, "most": most * await _how_many_newsletters(transaction, newsletters)}
        editions = await _entries_printed(transaction, inside, channels, out.condition, often)
        if not wanted.people and not wanted.channels:
            editions += await _editions(transaction, out.condition, values)
        found = _newest({one.share or one: one for one in (*found, *editions)}.values(), most)
    return await _with_editions(transaction, found, out)


async def _how_many_newsletters(transaction: Transaction, newsletters: Sequence[str] | None) -> int:
    if newsletters is not None:
        return len(newsletters)
    return int((await transaction.execute(text("SELECT count(DISTINCT newsletter) FROM edition"))).scalar_one())


@dataclass(frozen=True, slots=True)
class _Out:
    """The condition that an edition may be read, and its values."""

    condition: str
    values: dict[str, Any]


def _out(newsletters: Sequence[str] | None, now: datetime | None) -> _Out:
    condition = " AND edition.number IS NOT NULL AND edition.state IN ('frozen', 'archived')"
    if newsletters is None:
        return _Out(condition, {})
    condition += " AND edition.approval <> 'awaited' AND (edition.release_at IS NULL OR edition.release_at <= :now)"
    names = {f"newsletter{place}": name for place, name in enumerate(newsletters)}
    condition += f" AND edition.newsletter IN ({', '.join(f':{name}' for name in names)})"
    return _Out(condition, {**names, "now": now or datetime.min.replace(tzinfo=UTC)})


_TITLE = "coalesce(share.title, nullif(page.title, ''))"
_SHARE = (
    f"share.id AS share, share.url, {_TITLE} AS title, share.comment, person.name AS person, channel.name AS channel, "
    "share.sent_at"
)
_WITH_SHARE = """
    JOIN message ON message.id = share.message_id
    JOIN person ON person.id = message.author_id
    JOIN channel ON channel.id = share.channel_id
    LEFT JOIN page ON page.link_id = share.link_id
"""
_THERE = "share.present AND person.opted_out_at IS NULL"


async def _shares(transaction: Transaction, inside: str, values: Mapping[str, Any]) -> list[Found]:
    if not values["match"]:
        order = "share.sent_at DESC, share.id DESC"
        statement = f"SELECT {_SHARE} FROM share {_WITH_SHARE} WHERE {_THERE}{inside} ORDER BY {order} LIMIT :most"
        return await _found(transaction, statement, values)
    # CROSS: SQLite then walks through the index first, newest first, and stops as soon as it has enough.
    statement = f"""
        SELECT {_SHARE} FROM share_terms CROSS JOIN share {_WITH_SHARE}
        WHERE {_matches(transaction, "share_terms")}
        AND share.id = (share_terms.{key(transaction)} & {OF_SECOND - 1}) AND {_THERE}{inside}
    """
    return await _newest_of(transaction, "share_terms", statement, values)


async def _entries_printed(
    transaction: Transaction, inside: str, channels: Sequence[int] | None, out: str, values: Mapping[str, Any]
) -> list[Found]:
    told = "" if channels is None else f" AND (only_in IS NULL OR only_in IN ({numbers(channels)}))"
    row = f"edition_terms.{key(transaction)}"
    # CROSS, as above: the newest first, and no more of them than are wanted.
    statement = f"""
        SELECT {_SHARE.replace(_TITLE, "edition_terms.title")}
        FROM edition_terms
        CROSS JOIN edition
        CROSS JOIN share {_WITH_SHARE}
        WHERE {_matches(transaction, "edition_terms")} AND {row} > 0 AND share.id = edition_terms.share_id
        AND edition.id = ({row} / {OF_EDITION} & {EDITIONS - 1}) AND {_THERE}{inside}{told}{out}
    """
    return await _newest_of(transaction, "edition_terms", statement, values)


async def _newest_of(transaction: Transaction, table: str, statement: str, values: Mapping[str, Any]) -> list[Found]:
    """The first rows of the statement in the order of time, from the newest back."""
    row = f"{table}.{key(transaction)}"
    if is_postgresql(transaction):
        # How many rows begin with a word it cannot tell, and would go through all of them for one that is rare. So the
        # newest are looked through in order; where too few fit, it is rare, and its index of words knows them all.
        recent = f"AND {row} > coalesce((SELECT id FROM {table} ORDER BY id DESC OFFSET {RECENT} LIMIT 1), 0)"
        found = await _found(transaction, f"{statement} {recent} ORDER BY {row} DESC LIMIT :most", values)
        if len(found) == values["most"]:
            return found
        row = f"({row} + 0)"
    return await _found(transaction, f"{statement} ORDER BY {row} DESC LIMIT :most", values)


async def _editions(transaction: Transaction, out: str, values: Mapping[str, Any]) -> list[Found]:
    row_of_terms = f"edition_terms.{key(transaction)}"
    statement = f"""
        SELECT 0 AS share, edition_terms.url, edition_terms.title, '' AS comment, '' AS person, '' AS channel,
               edition.cut_off AS sent_at, edition.newsletter, edition.number AS edition, edition_terms.label
        FROM edition_terms CROSS JOIN edition
        WHERE {_matches(transaction, "edition_terms")} AND {row_of_terms} < 0 AND edition.id = -{row_of_terms}{out}
        ORDER BY edition.cut_off DESC, edition.id DESC LIMIT :most
    """
    return await _found(transaction, statement, values)


async def _with_editions(transaction: Transaction, found: Sequence[Found], out: _Out) -> tuple[Found, ...]:
    """With the edition that printed each, the last one of several newsletters'."""
    row_of_terms = f"edition_terms.{key(transaction)}"
    printed: dict[int, Row[Any]] = {}
    for batch in in_batches([one.share for one in found if one.share]):
        statement = f"""
            SELECT placement.share_id, edition.newsletter, edition.number, edition_terms.label
            FROM placement
            CROSS JOIN edition
            LEFT JOIN edition_terms ON {row_of_terms} = -edition.id
            WHERE placement.share_id IN ({numbers(batch)}) AND placement.reason IS NULL
            AND edition.id = placement.edition_id{out.condition}
            ORDER BY edition.cut_off, edition.id
        """
        printed |= {row.share_id: row for row in await transaction.execute(_bound(statement, out.values), out.values)}
    return tuple(
        replace(one, newsletter=row.newsletter, edition=row.number, label=row.label or "")
        if (row := printed.get(one.share)) is not None
        else one
        for one in found
    )


async def _found(transaction: Transaction, statement: str, values: Mapping[str, Any]) -> list[Found]:
    rows = await transaction.execute(_bound(statement, values), values)
    return [Found(**{**row._mapping, "sent_at": _instant(row.sent_at)}) for row in rows]


def _bound(statement: str, values: Mapping[str, Any]) -> TextClause:
    bound = text(statement)
    return bound.bindparams(bindparam("now", type_=tables.Instant)) if "now" in values else bound


def _instant(written: Any) -> datetime:
    at = written if isinstance(written, datetime) else datetime.fromisoformat(written)
    return at.astimezone(UTC)


def _newest(found: Iterable[Found], most: int) -> list[Found]:
    return sorted(found, key=lambda one: (one.sent_at.replace(microsecond=0), one.share), reverse=True)[:most]


async def _meant(transaction: Transaction, wanted: Query) -> tuple[list[int], list[int]]:
    """The people and the channels that are named, by row."""
    found: list[list[int]] = []
    for table, names in ((tables.person, wanted.people), (tables.channel, wanted.channels)):
        rows = await transaction.execute(select(table.c.id, table.c.external_id, table.c.name)) if names else ()
        found.append(
            [row.id for row in rows if any(one == row.external_id or is_named(row.name, one) for one in names)]
        )
    return found[0], found[1]


def _match(transaction: Transaction, wanted: Query) -> str:
    """The expression for this database; nothing in it is an operator but ours, for terms are letters and digits."""
    if is_postgresql(transaction):
        together = (" <-> ".join(_lexeme(term) for term in phrase) for phrase in wanted.phrases)
        return " & ".join((*(_lexeme(term) for term in wanted.terms), *(f"({phrase})" for phrase in together)))
    phrases = ((term,) for term in wanted.terms)
    return " ".join(_fts5(phrase) for phrase in (*phrases, *wanted.phrases))


def _lexeme(term: str) -> str:
    return f"'{term[:-1]}':*" if term.endswith("*") else f"'{term}'"


def _fts5(phrase: Sequence[str]) -> str:
    words = " ".join(phrase)
    return f'"{words[:-1]}"*' if words.endswith("*") else f'"{words}"'


def _matches(transaction: Transaction, table: str) -> str:
    return f"{table}.terms @@ CAST(:match AS tsquery)" if is_postgresql(transaction) else f"{table} MATCH :match"
