"""Opening a database: engines, transactions and migrations, for SQLite and PostgreSQL alike.

What is asked of it is in the sibling modules (``chat``, ``editions``, ``search``): functions over a ``Transaction``.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from importlib import resources
from typing import Any

from sqlalchemy import Connection, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from newsletter.errors import NewerDatabase, StoreError, UserError

Transaction = AsyncConnection
"""One open transaction. Callers pass it on and never look inside."""

HEAD = "0008"
"""The newest revision in ``migrations/versions``: what this program's tables look like."""

BUSY_TIMEOUT_SECONDS = 30
"""How long a writer waits for another one before it gives up."""

_WRITER = 7236541
"""PostgreSQL's advisory lock that whoever writes holds; any number that nobody else uses."""


class Store:
    """The database, open. Make one with ``Store.open``; one per process is enough."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, url: str) -> "Store":
        """Connect to ``sqlite:///file.db`` or ``postgresql://…`` and bring the tables up to date.

        Raises ``NewerDatabase`` where a newer Linkletter wrote it, ``StoreError`` where it cannot be used at all;
        neither text holds the password. The second time nothing is changed.
        """
        from newsletter.store import terms  # it imports this module

        engine = _engine(url)
        store = cls(engine)
        try:
            if engine.dialect.name == "sqlite":
                await asyncio.to_thread(_look, engine)
            async with store.reading() as transaction:
                current = await transaction.run_sync(_revision)
            if current != HEAD:
                async with store.writing() as transaction:
                    await transaction.run_sync(_migrate)
                    await terms.fill(transaction)
            if engine.dialect.name == "sqlite":
                await store._let_readers_in()
        except NewerDatabase:
            await engine.dispose()
            raise
        except (DBAPIError, sqlite3.Error, OSError, StoreError) as error:
            await engine.dispose()
            cause = error.__cause__ if isinstance(error, StoreError) and error.__cause__ else error
            raise StoreError(f"cannot use the database {_shown(url)}: {_cause(cause)}") from error
        except BaseException:
            await engine.dispose()
            raise
        return store

    async def close(self) -> None:
        """Give every connection back. The second time does nothing."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """A connection; what the database cannot do (it is busy, full, gone) is told as a ``StoreError``."""
        try:
            async with self._engine.connect() as connection:
                yield connection
        except OperationalError as error:
            raise StoreError(f"the database cannot be used now: {_cause(error)}") from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """A transaction that may write: committed at the end of the block, rolled back if it raises.

        There is one writer at a time, for everything is read, merged and written back, and a change made in between
        would be lost: SQLite begins IMMEDIATE, PostgreSQL takes a lock.
        """
        async with self._connected() as connection:
            connection = await connection.execution_options(writes=True)
            async with connection.begin():
                if connection.dialect.name == "postgresql":
                    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_SECONDS}s'")
                    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A transaction that only reads; on SQLite it waits for no writer."""
        async with self._connected() as connection, connection.begin():
            yield connection

    async def leave_nothing_behind(self) -> None:
        """What was erased is in no file of the database any more: SQLite's journal is cut off. PostgreSQL clears its
        files in its own time. The second time nothing is there to do."""
        if self._engine.dialect.name != "sqlite":
            return
        async with self._engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            if driver is not None:
                await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _let_readers_in(self) -> None:
        """Write-ahead logging, so that readers wait for no writer; the file remembers it.

        Only once it is known to be our file: this changes it. It cannot be done inside of a transaction.
        """
        async with self._engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            if driver is not None:
                await driver.execute("PRAGMA journal_mode = WAL")


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: what could not be read as a port may be a part of the password.
        raise UserError(
            "database: not a database address; write sqlite:///linkletter.db or postgresql://user@host/name"
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            parsed = parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        case other:
            raise UserError(f"database: {other!r} is not supported; write sqlite:///… or postgresql://…")
    try:
        # What people wrote is in no error and no log.
        engine = create_async_engine(parsed, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise UserError(
            f"database: the driver for {parsed.get_backend_name()} is not installed: pip install 'linkletter[postgres]'"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _look(engine: AsyncEngine) -> None:
    """Raise what SQLite says of a file that cannot be opened or is no database.

    aiosqlite cannot be asked: when it fails to connect, its thread outlives the event loop and prints a traceback.
    """
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    arguments, named = engine.dialect.create_connect_args(engine.url)
    with closing(connect(*arguments, **named)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: it begins DEFERRED, and late.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # What is deleted is overwritten: people may opt out.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# --- migrations ----------------------------------------------------------------------------------------------------


def _revision(connection: Connection) -> str | None:
    """Which revision the database is at; ``None`` for an empty one. Refuses one that is not ours."""
    tables = set(inspect(connection).get_table_names())
    version = None
    if "alembic_version" in tables:
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    # Others use Alembic too: a revision alone does not make it ours.
    others = sorted(tables - {"alembic_version"})
    if others and (version is None or not {"message", "share"} <= tables):
        raise UserError(
            f"this database holds something else (a table {others[0]!r}) and was not touched; "
            "point `database:` to a file or a database of its own."
        )
    return version


def _migrate(connection: Connection) -> None:
    # Imported here: most starts find the tables in order, and Alembic costs a tenth of a second.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(resources.files("newsletter.store") / "migrations"))
    # Two processes may start at once: the second one waited for the first, and finds the work done.
    current = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise NewerDatabase(
            "this database was written by a newer Linkletter: install that version or a later one, "
            "or point `database:` to another one. Nothing was changed."
        )
    command.upgrade(config, "head")


def _shown(url: str) -> str:
    """The address without its password, which may also be among its parameters."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def _cause(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    hint = ""
    if "unable to open" in str(cause):
        hint = " (does the folder exist, and may it be written?)"
    return str(cause).strip().splitlines()[0] + hint
