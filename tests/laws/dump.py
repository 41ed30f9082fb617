"""A dump of every table in natural names, so that two stores can be compared whatever their row numbers are.

Left out is what only says that something is *not* there: deleted messages, absent shares and taken-back reactions (a
store that never heard of a message cannot know it was deleted), that a link was once edited out (``returned``), and the
links and people nothing refers to any more.
"""

from typing import Any

from sqlalchemy import text

from newsletter.store import Store, tables

Rows = list[tuple[Any, ...]]

OF_PEOPLE = (("message", "author_id"), ("reaction", "person_id"), ("choice", "by_id"))


async def dump(store: Store) -> dict[str, Rows]:
    """Every table's rows, sorted, by table name."""
    async with store.reading() as transaction:
        rows = {}
        for name, table in tables.metadata.tables.items():
            found = await transaction.execute(table.select())
            rows[name] = [dict(row._mapping) for row in found]
        terms = await transaction.execute(
            text(
                "SELECT id & 2147483647 AS id, CAST(terms AS text) AS terms FROM share_terms"
                if transaction.dialect.name == "postgresql"
                else "SELECT rowid & 2147483647 AS id, terms FROM share_terms"
            )
        )
        rows["share_terms"] = [dict(row._mapping) for row in terms]
    return _named(rows)


def _named(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Rows]:
    channels = {row["id"]: (row["platform"], row["workspace"], row["external_id"]) for row in rows["channel"]}
    people = {row["id"]: (row["platform"], row["workspace"], row["external_id"]) for row in rows["person"]}
    links = {row["id"]: row["key"] for row in rows["link"]}
    messages = {
        row["id"]: (*channels[row["channel_id"]], row["external_id"]) for row in rows["message"] if not row["gone"]
    }
    shares = {
        row["id"]: (messages[row["message_id"]], links[row["link_id"]])
        for row in rows["share"]
        if row["present"] and row["message_id"] in messages
    }
    had_words = {row["words_from"] for row in rows["share"]}
    with_share = {row["message_id"] for row in rows["share"] if row["id"] in shares}
    replies = {row["id"] for row in rows["message"] if row["text"]} - had_words
    told = {id: name for id, name in messages.items() if id in with_share | had_words | replies}
    columns = {
        "channel_id": channels,
        "person_id": people,
        "author_id": people,
        "link_id": links,
        "words_from": messages,
    }

    def natural(row: dict[str, Any]) -> tuple[Any, ...]:
        values = {name: columns[name].get(value) if name in columns else value for name, value in row.items()}
        values["message_id"] = messages.get(row.get("message_id"))
        return tuple(str(values[name]) for name in sorted(values) if name not in ("id", "returned"))

    kept = {
        "message": [row for row in rows["message"] if row["id"] in told],
        "share": [row for row in rows["share"] if row["id"] in shares],
        "reaction": [row for row in rows["reaction"] if row["message_id"] in with_share | replies and row["stands"]],
        "unnamed": [row for row in rows["unnamed"] if row["message_id"] in with_share | replies],
        "link": [
            row for row in rows["link"] if row["id"] in {r["link_id"] for r in rows["share"] if r["id"] in shares}
        ],
        "share_terms": [
            {"share": shares[row["id"]], "terms": row["terms"]} for row in rows["share_terms"] if row["id"] in shares
        ],
    }
    of = {(table, row[column]) for table, column in OF_PEOPLE for row in kept.get(table, rows[table])}
    kept["person"] = [row for row in rows["person"] if row["id"] in {id for _, id in of}]
    assert len(kept["share_terms"]) == len(rows["share_terms"]), "the search index knows a share that is gone"
    digests = [{name: value for name, value in row.items() if name != "id"} for row in kept.pop("link")]
    named = {name: sorted(natural(row) for row in there) for name, there in kept.items()}
    named["link"] = sorted(tuple(map(str, row.values())) for row in digests)
    for name, there in rows.items():
        named.setdefault(name, sorted(natural(row) for row in there))
    return named
