"""A person at a terminal, for tests: the real command in a folder of its own, and Slack exports to hand to it.

What a command says is each test's business; that no command ever shows a traceback or mixes the streams up is looked at
here, for all of them.
"""

import asyncio
import atexit
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from newsletter.store import Store
from tests.laws.dump import dump

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-W", "error", "-c", "from bot.cli import main; main()"]
DEADLINE_SECONDS = 60

Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def surroundings(**changed: str) -> dict[str, str]:
    """The environment of a command: ours, without what only this run of the tests has in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return {**kept, "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)), **changed}


# Starting Python and loading the program takes longer than most commands do. So one process loads it once, and each
# command is a copy of that process: its own memory, streams, folder, environment and end.
_COPIER = """
import json, os, sys
import bot.app, bot.cli, bot.demo, bot.importing, bot.progress
import newsletter.search, newsletter.store.search
for line in sys.stdin:
    asked = json.loads(line)
    if (child := os.fork()) == 0:
        for number, name in enumerate(asked["streams"]):
            os.dup2(os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.stdin, sys.stdout = open(0), open(1, "w", encoding="utf-8")
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        sys.argv = ["linkletter", *asked["words"]]
        status = 1
        try:
            bot.cli.main()
        except SystemExit as ended:
            status = ended.code or 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _copier() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _COPIER],
        env=surroundings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    @atexit.register
    def end() -> None:
        process.communicate()

    return process


def linkletter(*words: str | Path, at: Path, status: int | None = 0, **changed: str) -> Said:
    """Type ``linkletter WORDS`` in the folder `at`; it must end with `status` (``None``: any) and say nothing ugly."""
    copier = _copier()
    assert copier.stdin is not None
    assert copier.stdout is not None
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = {
            "words": [*map(str, words)],
            "streams": [os.devnull, str(out), str(err)],
            "folder": str(at),
            "environment": surroundings(**changed),
        }
        print(json.dumps(asked), file=copier.stdin, flush=True)
        ended = int(copier.stdout.readline())
        return _looked_at(words, status, ended, out.read_bytes(), err.read_bytes())


def started_anew(
    *words: str | Path,
    at: Path,
    status: int | None = 0,
    prepare: Callable[[], None] | None = None,
    command: Sequence[str] = COMMAND,
    **changed: str,
) -> Said:
    """The same in a Python of its own: for what is settled when it starts, as its encodings and hash seed are."""
    ran = subprocess.run(
        [*command, *map(str, words)],
        cwd=at,
        env=surroundings(**changed),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        preexec_fn=prepare,
    )
    return _looked_at(words, status, ran.returncode, ran.stdout, ran.stderr)


def _looked_at(words: Sequence[str | Path], status: int | None, ended: int, out: bytes, err: bytes) -> Said:
    said = Said(ended, out.decode("utf-8", "surrogateescape"), err.decode(errors="replace"))
    shown = f"linkletter {' '.join(map(str, words))} -> {ended}\n{said.out[-3000:]}\n--- stderr\n{said.err[-3000:]}"
    assert status is None or ended == status, shown
    for ugly in ("Traceback", "Exception ignored", "should not have", "Warning:"):
        assert ugly not in said.err + said.out, shown
    return said


@contextmanager
def started(*words: str | Path, at: Path, **changed: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running; whatever happens it is gone at the end of the block."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=at,
        env=surroundings(**changed),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # As a shell starts it: a test runner in the background may ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def halted(process: subprocess.Popen[bytes], database: Path, table: str, rows: int) -> Iterator[None]:
    """In the middle of its work: once `table` has so many rows the process stands still, until the end of the block."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        while _count(connection, table) < rows:
            assert process.poll() is None, f"it ended too early: {process.communicate()[1].decode()}"
    process.send_signal(signal.SIGSTOP)
    yield
    process.send_signal(signal.SIGCONT)


def _count(connection: sqlite3.Connection, table: str) -> int:
    try:
        found: tuple[int] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name the test gives
    except sqlite3.OperationalError:  # not made yet
        return 0
    return found[0]


def tables(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table in natural names, to compare two databases."""

    async def read() -> dict[str, list[tuple[Any, ...]]]:
        store = await Store.open(f"sqlite:///{database}")
        try:
            return await dump(store)
        finally:
            await store.close()

    return asyncio.run(read())


def everything_in(database: Path) -> str:
    """All that stands in any column of any table, as text: to look for what must not be there."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())


def files(folder: Path) -> dict[str, bytes]:
    """Every file in the folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def touched(folder: Path) -> dict[str, int]:
    """When each file in the folder was written, in nanoseconds."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# --- exports -------------------------------------------------------------------------------------------------------


def message(text: str, at: str | datetime, user: str = "U0ANN", **more: Any) -> Json:
    """One message as Slack exports it; `at` is UTC: ``2020-06-10 09:30``."""
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
    return {"type": "message", "user": user, "text": text, "ts": f"{instant.timestamp():.6f}", **more}


PEOPLE: tuple[Json, ...] = (
    {"id": "U0ANN", "team_id": "T0TEAM", "name": "ann.handle", "profile": {"display_name": "Ann Example"}},
    {"id": "U0BEN", "team_id": "T0TEAM", "name": "ben.handle", "profile": {"display_name": "Ben Example"}},
)


def slack_files(
    channels: Mapping[str, Sequence[Json]],
    *,
    people: Sequence[Json] = PEOPLE,
    private: Sequence[str] = (),
) -> dict[str, str]:
    """The files of a Slack export of these channels, a day file for each day."""
    made: dict[str, str] = {"users.json": json.dumps(people)}
    for list_name, names in (
        ("channels.json", [name for name in channels if name not in private]),
        ("groups.json", list(private)),
    ):
        if names:
            made[list_name] = json.dumps([{"id": f"C0{name.upper()}", "name": name} for name in names])
    for name, messages in channels.items():
        days: dict[str, list[Json]] = {}
        for one in messages:
            day = datetime.fromtimestamp(float(one["ts"]), UTC).date().isoformat()
            days.setdefault(day, []).append(one)
        made |= {f"{name}/{day}.json": json.dumps(there, ensure_ascii=False) for day, there in days.items()}
    return made


def packed(path: Path, members: Mapping[str, str | bytes]) -> Path:
    """A ZIP of these files, in this order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def unpacked(folder: Path, members: Mapping[str, str | bytes]) -> Path:
    """A folder of these files."""
    for name, content in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
