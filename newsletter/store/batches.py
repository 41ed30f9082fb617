"""Many rows at a time: databases take only so many values in one statement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from newsletter.store.database import Transaction

AT_ONCE = 900
"""How many rows one statement asks for: below every driver's limit of parameters, 999 in an old SQLite."""

Item = TypeVar("Item")


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


async def insert_or_ignore(transaction: Transaction, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert what is not there; another process may have been quicker."""
    postgresql = transaction.dialect.name == "postgresql"
    statement = insert_postgresql(table) if postgresql else insert_sqlite(table)
    for batch in in_batches(rows):
        await transaction.execute(statement.on_conflict_do_nothing(), batch)
