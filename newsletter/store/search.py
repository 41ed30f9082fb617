"""The search index: an FTS5 table on SQLite, a tsvector on PostgreSQL, both over the terms of ``newsletter.search``.

The index is derived from the shares and written with them, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from sqlalchemy import Row, text

from newsletter.model import ShareWords
from newsletter.search import terms
from newsletter.store.database import Transaction

AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Found:
    """A share that matches a query."""

    share: int
    url: str
    title: str | None
    comment: str
    person: str
    channel: str
    sent_at: datetime


async def index(transaction: Transaction, shares: Sequence[tuple[int, ShareWords]]) -> None:
    """Make these shares findable; they must not be in the index."""
    if not shares:
        return
    rows = [{"id": id, "terms": " ".join(_terms(words))} for id, words in shares]
    if transaction.dialect.name == "postgresql":
        insert = (
            "INSERT INTO share_terms (share_id, terms) VALUES (:id, array_to_tsvector(string_to_array(:terms, ' ')))"
        )
    else:
        insert = "INSERT INTO share_terms (rowid, terms) VALUES (:id, :terms)"
    await transaction.execute(text(insert), rows)


async def forget(transaction: Transaction, ids: Sequence[int]) -> None:
    """Take these shares out of the index. The second time changes nothing."""
    if not ids:
        return
    column = "share_id" if transaction.dialect.name == "postgresql" else "rowid"
    await transaction.execute(
        text(f"DELETE FROM share_terms WHERE {column} = :id"),  # noqa: S608 - one of two constants
        [{"id": id} for id in ids],
    )


async def find(
    transaction: Transaction, wanted: Sequence[str], channels: Sequence[int] | None, most: int
) -> tuple[Found, ...]:
    """The newest ``most`` shares that have all the wanted terms, newest first, in these channels (``None``: in all)."""
    if not wanted or (channels is not None and not channels):
        return ()
    if transaction.dialect.name == "postgresql":
        joined, matches, match = (
            "share_terms.share_id",
            "share_terms.terms @@ CAST(:match AS tsquery)",
            _tsquery(wanted),
        )
    else:
        joined, matches, match = "share_terms.rowid", "share_terms MATCH :match", _fts5(wanted)
    inside = "" if channels is None else f" AND share.channel_id IN ({', '.join(str(int(id)) for id in channels)})"
    statement = f"""
        SELECT share.id, share.url, share.title, share.comment, person.name AS person, channel.name AS channel,
               message.sent_at
        FROM share_terms
        JOIN share ON share.id = {joined}
        JOIN message ON message.id = share.message_id
        JOIN person ON person.id = message.author_id
        JOIN channel ON channel.id = share.channel_id
        WHERE {matches} AND share.present{inside}
        ORDER BY message.sent_at DESC, share.id DESC
        LIMIT :most
    """  # noqa: S608 - constants and integers only; what a person typed is bound
    rows = await transaction.execute(text(statement), {"match": match, "most": most})
    return tuple(_found(row) for row in rows)


def _found(row: Row[tuple[object, ...]]) -> Found:
    at = row.sent_at if isinstance(row.sent_at, datetime) else datetime.fromisoformat(row.sent_at)
    return Found(row.id, row.url, row.title, row.comment, row.person, row.channel, at.astimezone(UTC))


def _terms(words: ShareWords) -> tuple[str, ...]:
    tags = " ".join(f"#{tag}" for tag in words.hashtags)
    return terms(" ".join((words.title or "", words.comment, tags, unquote(words.url)))) or ("link",)


def _fts5(wanted: Sequence[str]) -> str:
    # In double quotes nothing is an operator; a star outside of them matches by beginning.
    return " ".join(f'"{term[:-1]}"*' if term.endswith("*") else f'"{term}"' for term in wanted)


def _tsquery(wanted: Sequence[str]) -> str:
    return " & ".join(f"'{term[:-1]}':*" if term.endswith("*") else f"'{term}'" for term in wanted)
