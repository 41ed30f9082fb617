"""Opening, migrating and locking a database; what is asked of it is in ``contracts/test_store.py``.

Where a promise is about several processes or a killed one, there are several processes, and one is killed.
"""

import asyncio
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from importlib import resources
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from newsletter.errors import NewerDatabase, NewsletterError, StoreError, UserError
from newsletter.store import Store, database, tables

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
async def opened():
    """Opens stores and closes them all at the end."""
    stores: list[Store] = []

    async def open_one(url: str) -> Store:
        stores.append(await Store.open(url))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


async def ask(store: Store, statement: str) -> list[tuple[object, ...]]:
    async with store.reading() as transaction:
        return [tuple(row) for row in await transaction.execute(text(statement))]


def alembic(connection=None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(resources.files("newsletter.store") / "migrations"))
    return config


# --- migrations ----------------------------------------------------------------------------------------------------


def test_the_revision_the_program_asks_for_is_the_newest_there_is():
    assert ScriptDirectory.from_config(alembic()).get_heads() == [database.HEAD]


async def test_the_migrated_tables_are_those_the_queries_are_written_for(database_url, opened):
    def differences(connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: (
                    kind != "table" or not (name or "").startswith(("share_terms", "edition_terms"))
                ),
            },
        )
        return compare_metadata(context, tables.metadata)

    store = await opened(database_url)
    async with store.reading() as transaction:
        assert await transaction.run_sync(differences) == []


async def test_opening_a_database_again_changes_nothing(database_url, opened):
    first = await opened(database_url)
    async with first.reading() as transaction:
        before = await transaction.run_sync(lambda connection: sorted(inspect(connection).get_table_names()))
    again = await opened(database_url)
    async with again.reading() as transaction:
        assert await transaction.run_sync(lambda connection: sorted(inspect(connection).get_table_names())) == before
    assert await ask(again, "SELECT version_num FROM alembic_version") == [(database.HEAD,)]


async def test_the_migrations_go_back_to_nothing_and_up_again(database_url, opened):
    store = await opened(database_url)
    async with store.writing() as transaction:
        await transaction.run_sync(lambda connection: command.downgrade(alembic(connection), "base"))
    async with store.reading() as transaction:
        left = await transaction.run_sync(lambda connection: inspect(connection).get_table_names())
    assert left == ["alembic_version"]
    again = await opened(database_url)
    assert await ask(again, "SELECT version_num FROM alembic_version") == [(database.HEAD,)]
    assert await ask(again, "SELECT * FROM share") == []


async def test_several_processes_that_open_a_new_database_at_once_all_find_it_ready(database_url):
    opening = [
        python(
            """
            import asyncio, sys
            from newsletter.store import Store
            async def main():
                store = await Store.open(sys.argv[1])
                await store.close()
            asyncio.run(main())
            """,
            database_url,
        )
        for _ in range(3)
    ]
    for process in opening:
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint


async def test_a_database_of_a_newer_linkletter_is_refused_kindly_and_not_changed(database_url, opened):
    store = await opened(database_url)
    async with store.writing() as transaction:
        await transaction.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match=r"newer Linkletter.*Nothing was changed") as refused:
        await opened(database_url)
    assert isinstance(refused.value, UserError)
    assert await ask(store, "SELECT version_num FROM alembic_version") == [("9999",)]


# --- what cannot be used -------------------------------------------------------------------------------------------


def foreign(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements or ("CREATE TABLE cookies (name)", "INSERT INTO cookies VALUES ('a')"):
        connection.execute(statement)
    connection.commit()
    connection.close()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE cookies (name)", "INSERT INTO cookies VALUES ('a')"),
        ("CREATE TABLE cookies (name)", "CREATE TABLE alembic_version (version_num)"),
        (
            "CREATE TABLE cookies (name)",
            "CREATE TABLE alembic_version (version_num)",
            "INSERT INTO alembic_version VALUES ('ae1027a6acf')",
        ),
    ],
    ids=["another program's", "with an empty table of versions", "with migrations of its own"],
)
async def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path, opened, statements):
    path = tmp_path / "cookies.db"
    foreign(path, *statements)
    before = digest(path)
    with pytest.raises(UserError, match=r"holds something else \(a table 'cookies'\)"):
        await opened(f"sqlite:///{path}")
    assert digest(path) == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cookies.db"]


async def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path, opened):
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    before = digest(path)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
        await opened(f"sqlite:///{path}")
    assert digest(path) == before


async def test_a_missing_folder_is_named_with_what_to_look_at(tmp_path, opened):
    with pytest.raises(StoreError, match=r"nowhere/linkletter\.db: unable to open .*does the folder exist"):
        await opened(f"sqlite:///{tmp_path / 'nowhere' / 'linkletter.db'}")
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_file_that_may_not_be_written_is_refused_with_the_reason(tmp_path, opened):
    # By SQLite's own switch: a file's permissions do not hold for root.
    path = tmp_path / "linkletter.db"
    path.touch()
    with pytest.raises(StoreError, match="readonly"):
        await opened(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@127.0.0.1:1/linkletter",
        "postgresql://ann@127.0.0.1:1/linkletter?password=hunter2",
        "postgresql://ann:hunter2@[::1/linkletter",
        "mysql://ann:hunter2@127.0.0.1/linkletter",
        "postgresql://ann:hunter2@127.0.0.1:port/linkletter",
    ],
)
async def test_no_error_tells_the_password(opened, url):
    with pytest.raises(NewsletterError) as refused:
        await opened(url)
    told: BaseException | None = refused.value
    while told is not None:
        assert "hunter2" not in str(told)
        told = told.__cause__


# --- one writer, any number of readers -----------------------------------------------------------------------------


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that runs the program; it may tell us something on its standard output."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


COUNTING = """
    import asyncio, sys
    from sqlalchemy import text
    from newsletter.store import Store
    async def main():
        store = await Store.open(sys.argv[1])
        for _ in range(int(sys.argv[2])):
            async with store.writing() as transaction:
                n = (await transaction.execute(text("SELECT n FROM counter"))).scalar_one()
                await transaction.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})
        await store.close()
    asyncio.run(main())
"""


async def test_three_processes_that_read_and_then_write_lose_nothing(database_url, opened):
    store = await opened(database_url)
    async with store.writing() as transaction:
        await transaction.execute(text("CREATE TABLE counter (n INTEGER)"))
        await transaction.execute(text("INSERT INTO counter VALUES (0)"))
    counting = [python(COUNTING, database_url, "100") for _ in range(3)]
    for process in counting:
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
    assert await ask(store, "SELECT n FROM counter") == [(300,)]


HOLDING = """
    import asyncio, sys
    from sqlalchemy import text
    from newsletter.store import Store
    async def main():
        store = await Store.open(sys.argv[1])
        async with store.writing() as transaction:
            await transaction.execute(text("UPDATE counter SET n = n + 1"))
            print("holding", flush=True)
            sys.stdin.readline()
        print("done", flush=True)
        await store.close()
    asyncio.run(main())
"""


@pytest.fixture
async def held(database_url, opened):
    """A store, and another process that holds the write lock on it, in the middle of a change."""
    store = await opened(database_url)
    async with store.writing() as transaction:
        await transaction.execute(text("CREATE TABLE counter (n INTEGER)"))
        await transaction.execute(text("INSERT INTO counter VALUES (0)"))
    process = python(HOLDING, database_url)
    assert process.stdout.readline() == "holding\n"
    yield store, process
    process.kill()
    process.communicate()


async def test_a_reader_is_not_held_up_by_a_writer_and_sees_the_old_state(held):
    store, _ = held
    assert await asyncio.wait_for(ask(store, "SELECT n FROM counter"), 5) == [(0,)]


async def test_a_second_writer_waits_for_the_first_and_then_sees_what_it_did(held):
    store, process = held

    async def add_one() -> int:
        async with store.writing() as transaction:
            n = (await transaction.execute(text("SELECT n FROM counter"))).scalar_one()
            await transaction.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})
            return n

    waiting = asyncio.create_task(add_one())
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    process.stdin.write("\n")
    process.stdin.flush()
    assert await asyncio.wait_for(waiting, 20) == 1
    assert await ask(store, "SELECT n FROM counter") == [(2,)]


async def test_a_process_killed_in_the_middle_of_a_change_leaves_the_old_state_and_no_lock(held):
    store, process = held
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
    assert await ask(store, "SELECT n FROM counter") == [(0,)]
    async with store.writing() as transaction:
        await transaction.execute(text("UPDATE counter SET n = 7"))
    assert await ask(store, "SELECT n FROM counter") == [(7,)]


async def test_a_change_that_fails_half_way_is_not_there(database_url, opened):
    store = await opened(database_url)

    async def fail_half_way() -> None:
        async with store.writing() as transaction:
            await transaction.execute(text("INSERT INTO link (digest, key) VALUES ('a', 'a')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()
    assert await ask(store, "SELECT * FROM link") == []


async def test_references_are_kept(sqlite_url, opened):
    store = await opened(sqlite_url)
    assert await ask(store, "PRAGMA foreign_keys") == [(1,)]
    assert await ask(store, "PRAGMA journal_mode") == [("wal",)]


async def test_closing_twice_does_nothing(database_url):
    store = await Store.open(database_url)
    await store.close()
    await store.close()
