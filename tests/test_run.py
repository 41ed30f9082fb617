"""``linkletter run`` as those who keep it alive meet it: how it ends, that it is alone, and who takes over.

The processes are real, and so is their Slack, a small server on loopback in the test's own process. What is done in a
turn is ``test_weekly.py``'s.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import run as running
from bot.run import Run, Stopping
from newsletter.store import Store
from newsletter.store import run as leases
from tests.servers.slack import SlackServer
from tests.stores import fresh

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

ROOT = Path(__file__).resolve().parent.parent

CONFIG = """\
database: {database}
platforms:
  slack: {{bot_token: "${{SLACK_BOT_TOKEN}}", app_token: "${{SLACK_APP_TOKEN}}", api_url: "{api_url}"}}
fetch: off
newsletters:
  weekly:
    timezone: UTC
    schedule: {{day: {day}, time: "{time}"}}
    collect: ["slack:#links"]
    post_to: ["slack:#links"]
    markdown: {{folder: posts}}
    at_night: send
    introduce: false
"""

# A standing-by process looks every eighth of this; the real two minutes are too long for a test.
QUICKLY = """
    from datetime import timedelta
    from bot import run
    run.LEASE = timedelta(seconds=2)
    from bot.cli import main
    main()
"""

# Its clock is ahead, so that the cut-off has passed.
FOUR_DAYS_LATER = """
    from datetime import UTC, datetime, timedelta
    from bot import app
    app.opened.__wrapped__.__defaults__ = (lambda: datetime.now(UTC) + timedelta(days=4),)
    from bot.cli import main
    main()
"""


class Place:
    """A folder with a configuration, a Slack, and the processes started there."""

    def __init__(self, folder: Path, slack: SlackServer, database: str) -> None:
        self.folder, self.slack = folder, slack
        self.ann = slack.workspace.join("Ann")
        self.links = slack.workspace.open_channel("links", [self.ann])
        self.processes: list[subprocess.Popen[str]] = []
        self.cut_off(datetime.now(UTC) + timedelta(days=3), database)

    def cut_off(self, at: datetime, database: str) -> None:
        """The next cut-off is at this minute."""
        self.database = database
        told = {"day": f"{at:%A}".lower(), "time": f"{at:%H:%M}", "database": database}
        (self.folder / "config.yaml").write_text(CONFIG.format(api_url=self.slack.api_url, **told))

    def starts(self, *arguments: str, program: str = "from bot.cli import main; main()") -> subprocess.Popen[str]:
        tokens = {"SLACK_BOT_TOKEN": self.slack.bot_token, "SLACK_APP_TOKEN": self.slack.app_token}
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **tokens},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    async def connects(self, process: subprocess.Popen[str]) -> None:
        """Return when it is connected and has done with what there was."""
        sockets = len(self.slack.calls_of("apps.connections.open"))
        await until(lambda: len(self.slack.calls_of("apps.connections.open")) > sockets or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        await self.slack.quiet(30)

    async def ends(self, process: subprocess.Popen[str], within: float = 30) -> tuple[int, str, str]:
        said, complaint = await asyncio.to_thread(process.communicate, timeout=within)
        assert "Traceback" not in complaint, complaint
        return process.returncode, said, complaint

    async def is_told_to_end(self, process: subprocess.Popen[str]) -> tuple[str, float]:
        """What it says at its end, and how many seconds that took."""
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status, _, complaint = await self.ends(process)
        assert status == 0, complaint
        return complaint, time.monotonic() - began

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "linkletter.db")) as connection:
            return connection.execute(statement).fetchall()

    def ours(self) -> list[str]:
        """What the bot has posted in the channel and its threads."""
        workspace = self.slack.workspace
        return [one.fields.get("text", "") for one in workspace.posts_of(workspace.bot, self.links)]


@pytest.fixture
async def place(tmp_path):
    async with SlackServer() as slack:
        made = Place(tmp_path, slack, "sqlite:///linkletter.db")
        yield made
        for process in made.processes:
            process.kill()
            process.communicate()


async def until(what, within: float = 30, process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + within
    while not what():
        if time.monotonic() > deadline:
            if process is not None:
                process.kill()
            raise AssertionError(process.stderr.read() if process is not None else "it took too long")
        await asyncio.sleep(0.02)


# --- one, alone ----------------------------------------------------------------------------------------------------


async def test_it_listens_refuses_a_second_one_works_beside_other_commands_and_ends_when_told(place):
    await place.connects(first := place.starts("run"))
    place.slack.workspace.post(place.ann, place.links, "<https://example.org/heard>")
    await until(lambda: place.query("SELECT url FROM share") == [("https://example.org/heard",)])

    second, status, preview = place.starts("run"), place.starts("status", "--json"), place.starts("preview")
    code, _, complaint = await place.ends(second)
    assert code == 1
    assert "already at work on this database" in complaint
    code, said, complaint = await place.ends(status)
    assert code == 0, said + complaint
    assert json.loads(said)
    code, said, complaint = await place.ends(preview)
    assert code == 0, said + complaint
    assert "example.org/heard" in said

    complaint, seconds = await place.is_told_to_end(first)
    assert seconds < 5
    assert "nothing is half done" in complaint
    assert place.query("SELECT name FROM lease") == []


async def test_one_that_was_killed_is_no_obstacle_for_the_next(place):
    await place.connects(first := place.starts("run"))
    first.kill()
    await asyncio.to_thread(first.wait)
    assert {name for (name,) in place.query("SELECT name FROM lease")} >= {"run"}
    place.slack.workspace.post(place.ann, place.links, "<https://example.org/said-meanwhile>")
    place.starts("run")
    await until(lambda: place.query("SELECT url FROM share") == [("https://example.org/said-meanwhile",)])


async def test_told_to_end_in_the_middle_of_a_part_it_finishes_that_part_and_is_not_late(place):
    """The server takes a second and a half to answer; the receipt of what it took is written down."""
    await place.connects(first := place.starts("run"))
    place.slack.workspace.post(place.ann, place.links, "<https://example.org/a>\nwords")
    await until(lambda: place.query("SELECT url FROM share"))
    await place.is_told_to_end(first)

    place.slack.trouble.slow("chat.postMessage", 1.5)
    second = place.starts("run", program=FOUR_DAYS_LATER)
    await until(lambda: place.slack.calls_of("chat.postMessage") or second.poll() is not None, 15, second)
    _, seconds = await place.is_told_to_end(second)
    assert seconds < 5
    parts = "SELECT state FROM part JOIN delivery ON delivery.id = delivery_id WHERE destination LIKE 'slack%'"
    assert place.query(parts) == [("sent",)]
    assert len(place.ours()) == 1


# --- several, by turns ---------------------------------------------------------------------------------------------


async def test_on_postgresql_a_second_one_stands_by_and_takes_over_from_one_that_was_killed(tmp_path, postgres_url):
    async with SlackServer(retries=()) as slack:
        place = Place(tmp_path, slack, postgres_url)
        try:
            await place.connects(first := place.starts("run", program=QUICKLY))
            second = place.starts("run", program=QUICKLY)
            await until(lambda: len(slack.calls_of("auth.test")) >= 2 or second.poll() is not None)
            assert second.poll() is None
            sockets = len(slack.calls_of("apps.connections.open"))
            first.kill()
            await asyncio.to_thread(first.wait)
            slack.workspace.post(place.ann, place.links, "<https://example.org/said-meanwhile>")
            await until(lambda: len(slack.calls_of("apps.connections.open")) > sockets)
            await slack.quiet(30)
            await until_shared(postgres_url, "https://example.org/said-meanwhile")
            _, seconds = await place.is_told_to_end(second)
            assert seconds < 5
        finally:
            for process in place.processes:
                process.kill()
                process.communicate()


async def until_shared(url: str, address: str) -> None:
    store = await Store.open(url)
    try:
        async with asyncio.timeout(20):
            while True:
                async with store.reading() as transaction:
                    found = await transaction.exec_driver_sql("SELECT url FROM share")
                    if (address,) in [tuple(row) for row in found]:
                        return
                await asyncio.sleep(0.05)
    finally:
        await store.close()


# --- what is started again -----------------------------------------------------------------------------------------


class Chat:
    """Ends as often as told, then stays."""

    platform = "local"

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error = failures, error
        self.runs = 0
        self.stays = asyncio.Event()

    async def run(self, listener) -> None:
        self.runs += 1
        if self.runs <= self.failures:
            raise self.error
        self.stays.set()
        await asyncio.Event().wait()


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def store(url):
    store = await Store.open(url)
    yield store
    await store.close()


def run_with(store: Store, told: list[tuple[str, str | None]], stopping: Stopping, **more: object) -> Run:
    async def trouble(platform: str, why: str | None) -> None:
        told.append((platform, why))

    given = {
        "weeklies": (),
        "chats": (),
        "listener": None,
        "clock": lambda: datetime.now(UTC),
        "owner": "one",
        "is_alive": lambda _: True,
        "alone": True,
        "trouble": trouble,
    }
    return Run(store=store, stopping=stopping, **(given | more))


async def test_a_chat_that_breaks_is_connected_again_and_people_hear_of_it_from_the_third_time_on(store, monkeypatch):
    monkeypatch.setattr(running, "FIRST_WAIT", timedelta(seconds=0.01))
    monkeypatch.setattr(running, "WELL_AFTER", timedelta(seconds=0.1))
    told: list[tuple[str, str | None]] = []
    stopping, chat = Stopping(), Chat(4, ConnectionError("no answer"))
    at_work = asyncio.create_task(run_with(store, told, stopping, chats=(chat,)).forever())
    async with asyncio.timeout(10):
        await chat.stays.wait()
        while told[-1][1] is not None:  # noqa: ASYNC110 - told by a task of its own
            await asyncio.sleep(0.01)
    assert told == [("local", "no answer"), ("local", "no answer"), ("local", None)]
    stopping.now()
    await at_work
    async with store.reading() as transaction:
        assert await leases.holder(transaction, "run") is None
        assert await leases.holder(transaction, "chat:local") is None


async def test_what_works_beside_and_fails_is_started_again_and_holds_up_nothing(store, monkeypatch):
    monkeypatch.setattr(running, "FIRST_WAIT", timedelta(seconds=0.01))
    stopping, chat, times = Stopping(), Chat(0, ValueError()), []

    async def work() -> None:
        times.append(1)
        if len(times) == 3:
            stopping.now()
        raise ValueError("a mistake")

    async with asyncio.timeout(10):
        await run_with(store, [], stopping, chats=(chat,), beside=(work,)).forever()
    assert len(times) == 3
    assert chat.runs == 1


async def test_what_fails_just_as_it_is_told_to_end_ends(store, monkeypatch):
    """Python 3.11's TaskGroup, where a task of it fails while it is cancelled, hands out the failure alone."""
    monkeypatch.setattr(running, "FIRST_WAIT", timedelta(minutes=10))
    stopping, asked = Stopping(), []

    async def work() -> None:
        stopping.now()
        while len(asked) < 2:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                asked.append(1)
        raise ValueError("a mistake")

    async with asyncio.timeout(10):
        await run_with(store, [], stopping, beside=(work,)).forever()
    assert len(asked) == 2


async def test_told_to_end_while_it_says_that_it_is_alive_it_says_so_and_ends(store, caplog):
    stopping, said = Stopping(), []

    async def beat() -> None:
        stopping.now()
        await asyncio.sleep(0.1)
        said.append(1)

    async with asyncio.timeout(10):
        await run_with(store, [], stopping, after_tick=beat).forever()
    assert said == [1]
    assert not caplog.records


async def test_each_good_tick_says_that_it_is_alive_and_calls_the_heartbeat(store):
    class Weekly:
        good = True

        async def turn(self) -> bool:
            return self.good

    beats: list[int] = []

    async def beat() -> None:
        beats.append(1)

    weekly, stopping = Weekly(), Stopping()
    run = run_with(store, [], stopping, weeklies=(weekly,), after_tick=beat)
    await run.tick()
    async with store.reading() as transaction:
        _, alive_until = await leases.holder(transaction, "tick")
    assert alive_until > datetime.now(UTC)
    weekly.good = False
    await run.tick()
    assert len(beats) == 1
    weekly.good = True
    stopping.now()
    await run.tick()
    assert len(beats) == 1


async def test_one_that_was_stopped_so_long_that_another_took_over_ends(store, monkeypatch):
    monkeypatch.setattr(running, "LEASE", timedelta(seconds=0.2))
    stopping = Stopping()
    at_work = asyncio.create_task(run_with(store, [], stopping).forever())
    async with asyncio.timeout(10):
        while True:
            async with store.writing() as transaction:
                if await leases.holder(transaction, "run") is not None:
                    later = datetime.now(UTC) + timedelta(minutes=5)
                    assert await leases.hold(transaction, "run", "two", later, timedelta(minutes=2))
                    break
            await asyncio.sleep(0.01)
        await at_work
    async with store.reading() as transaction:
        owner, _ = await leases.holder(transaction, "run")
    assert owner == "two"
