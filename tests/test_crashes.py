"""The crash matrix: a real process killed (SIGKILL) at every boundary on the way of an edition to its destinations.

The harness finds the boundaries by itself. An undisturbed run counts its commits, its acts on files and its calls of
git, and the servers, which stand for Slack and Discord in this process, count the requests they get: each is met
before it is carried out and after, before the answer. Then each boundary has a run that is killed there, and one that
starts again: the destination must hold what the undisturbed run left there, once, whole and in order. ``-s`` shows the
counts. What git itself does when it is killed is ``test_git_killed.py``'s.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from newsletter.collect import Collector
from newsletter.deliver import LOOK_AGAIN
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from tests.git_repositories import BASE, ENVIRONMENT, bare, editions, files
from tests.laws.shelf import Shelf
from tests.laws.told import START, channel_named, said
from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are POSIX's")

ROOT = Path(__file__).resolve().parent.parent
CUT_OFF = datetime(2026, 6, 8, tzinfo=UTC)
NOW = CUT_OFF + timedelta(seconds=5)
WEEKLY = NewsletterSettings(key="weekly")
LINKS = 12

CHANGES = re.compile(r"^chat\.|^(POST|PUT|PATCH|DELETE) ")
"""Requests after which a server is not as it was before."""

KILLED = -signal.SIGKILL


# --- the process ---------------------------------------------------------------------------------------------------


class Forge:
    """Runs orders in processes of their own."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process, self._folder = process, folder
        self.child = 0

    async def run(self, order: dict[str, Any], times: int = 1) -> tuple[list[int], list[dict[str, Any]]]:
        """How each process ended, and what it says it did."""
        for report in self._folder.glob("report*"):
            report.unlink()
        order = {**order, "report": str(self._folder / "report"), "times": times}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self.child = int(await self._process.stdout.readline())
        ended = json.loads(await self._process.stdout.readline())
        return ended, [json.loads(report.read_text()) for report in sorted(self._folder.glob("report*"))]

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)


@pytest.fixture
async def forge(tmp_path) -> AsyncIterator[Forge]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "tests" / "crash_child.py")),
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Forge(process, tmp_path)
    process.stdin.close()
    await process.wait()


# --- the places ----------------------------------------------------------------------------------------------------


class Place:
    """A destination, fresh: what the child is told of it, and what stands there in the end."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.order: dict[str, Any] = {}
        self.requests: list[str] = []

    async def __aenter__(self) -> "Place":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def stands(self) -> object:
        """Everything of ours, in order."""
        raise NotImplementedError


class FilePlace(Place):
    name = "file"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.order = {"file": str(folder / "posts")}

    def stands(self) -> object:
        posts = self.folder / "posts"
        return {file.name: file.read_text() for file in posts.iterdir()} if posts.exists() else {}


class GitPlace(Place):
    name = "git"

    async def __aenter__(self) -> "Place":
        self.blog = self.folder / "blog.git"
        if not (template := self.folder.parent / "template.git").exists():
            bare(template, BASE)
        shutil.copytree(template, self.blog)
        self.order = {"git": str(self.blog)}
        return self

    def stands(self) -> object:
        return editions(self.blog), files(self.blog)


class ServerPlace(Place):
    """A server in this process, with the same ids each time. ``kill_at``: the child dies when the server gets this
    request, before it carries it out or after."""

    def _watch(self, request: str, carry_out: Any) -> Any:
        """Carry a request out, unless the child is to die before."""
        self.requests.append(request)
        at = len(self.requests) - 1
        if self._dies == (at, "before"):
            self._forge.kill()
            raise web.HTTPServiceUnavailable
        if self._dies == (at, "on the way"):
            self._forge.kill()
            self.arrives = carry_out
            raise web.HTTPServiceUnavailable
        answer = carry_out()
        if self._dies == (at, "after"):
            self._forge.kill()
        return answer

    _dies: tuple[int, str] | None = None
    arrives: Any = None
    """Carries out the request that was on the way when its sender died."""

    def kill_at(self, request: int, when: str, forge: Forge) -> None:
        self._dies, self._forge = (request, when), forge

    def let_be(self) -> None:
        self._dies = None


class SlackPlace(ServerPlace):
    name = "slack"

    async def __aenter__(self) -> "Place":
        self.server = await SlackServer(clock=lambda: NOW).__aenter__()
        links = self.server.workspace.open_channel("links", [self.server.workspace.join("Ann")])
        self.links = links
        carry_out = self.server._carried_out
        self.server._carried_out = lambda method, *more: self._watch(method, lambda: carry_out(method, *more))
        self.order = {
            "slack": {
                "token": self.server.bot_token,
                "url": self.server.api_url,
                "workspace": self.server.workspace.id,
                "channel": links.id,
            }
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    def stands(self) -> object:
        posts = self.server.workspace.posts_of(self.server.workspace.bot, self.links)
        return [(one.thread is None, one.fields.get("blocks"), one.fields.get("text"), one.metadata) for one in posts]


class DiscordPlace(ServerPlace):
    name = "discord"

    async def __aenter__(self) -> "Place":
        self.server = await DiscordServer(lambda: NOW).__aenter__()
        self.links = self.server.add_channel(self.server.add_guild("Team"), "links")
        rest = self.server._rest
        carry_out = rest._carry_out
        rest._carry_out = lambda request, call: self._watch(
            f"{call.method} {re.sub(r'/[0-9]+', '/…', call.path)}", lambda: carry_out(request, call)
        )
        self.order = {
            "discord": {
                "token": self.server.token,
                "url": self.server.api_url,
                "workspace": self.links.guild.id,
                "channel": self.links.id,
            }
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__(None, None, None)

    def stands(self) -> object:
        return [(one.channel is self.links, one.text) for one in self.server.ours(self.links)]


PLACES = {place.name: place for place in (FilePlace, GitPlace, SlackPlace, DiscordPlace)}


# --- the database --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Path:
    """A database with a week of links and an open edition."""
    path = tmp_path_factory.mktemp("collected") / "linkletter.db"
    asyncio.run(collect(f"sqlite:///{path}"))
    return path


async def collect(url: str) -> None:
    store = await Store.open(url)
    collector = Collector(store)
    await collector.hear(channel_named("links"))
    for n in range(LINKS):
        title, words = f"Number {n}", "What it is about, in sentences of the usual length. " * 4
        message = said(f"m{n:02}", f"{title}\n<https://example.org/page-{n:02}>\n{words}", minute=n)
        await collector.hear(replace(message, seen_at=message.sent_at))
    publisher = Publisher(store, WEEKLY, [Outlet(Shelf())], clock=lambda: START, owner="a test")
    assert await publisher.tick() is None
    await store.close()


@asynccontextmanager
async def world(kind: str, folder: Path, database: Path) -> AsyncIterator[tuple[Place, dict[str, Any]]]:
    """A fresh place with a copy of the database, and the order to deliver there."""
    folder.mkdir()
    shutil.copy(database, folder / "linkletter.db")
    async with PLACES[kind](folder) as place:
        yield place, order_for(place)
    shutil.rmtree(folder)


def order_for(place: Place) -> dict[str, Any]:
    told = {"database": f"sqlite:///{place.folder / 'linkletter.db'}", "cache": str(place.folder / "cache")}
    return {**place.order, **told, "now": NOW.isoformat()}


def ledger(folder: Path) -> dict[str, int]:
    """How many editions are frozen, deliveries done and parts sent, and how many of each there are."""
    with closing(sqlite3.connect(folder / "linkletter.db")) as connection:

        def count(statement: str) -> int:
            return int(connection.execute(statement).fetchone()[0])

        return {
            "frozen": count("SELECT count(*) FROM edition WHERE state = 'frozen'"),
            "deliveries": count("SELECT count(*) FROM delivery"),
            "done": count("SELECT count(*) FROM delivery WHERE done_at IS NOT NULL"),
            "parts": count("SELECT count(*) FROM part"),
            "sent": count("SELECT count(*) FROM part WHERE state = 'sent'"),
        }


# --- the matrix ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    """What was killed where, printed in the end: ``-s`` shows it."""
    rows: dict[str, Counter[str]] = {}
    yield rows
    for kind, counted in rows.items():
        print(f"\n{kind}: killed at {counted.total()} boundaries", end="")
        for what, times in sorted(counted.items()):
            print(f"\n    {times:3} × {what}", end="")
    print()


@pytest.mark.parametrize("kind", PLACES)
async def test_killed_at_any_boundary_the_next_one_leaves_the_edition_there_once_whole_and_in_order(
    kind, forge, collected, tmp_path, table
):
    frozen = tmp_path / "frozen.db"
    async with world(kind, tmp_path / "here", collected) as (place, order):
        [ended], [closing] = await forge.run({**order, "deliver": False})
        assert (ended, closing["closed"]) == (0, "2026-W23")
        shutil.copy(place.folder / "linkletter.db", frozen)
        [ended], [done] = await forge.run(order)
        assert (ended, done["failed"]) == (0, {})
        whole, requests = place.stands(), list(place.requests)
        in_order = ledger(place.folder)
        assert in_order == {**in_order, "frozen": 1, "deliveries": 1, "done": 1, "sent": in_order["parts"]}
    if issubclass(PLACES[kind], ServerPlace):
        assert in_order["parts"] > 2

    boundaries = [(collected, n, "", name) for n, name in enumerate(closing["boundaries"])]
    boundaries += [(frozen, n, "", name) for n, name in enumerate(done["boundaries"])]
    for n, name in enumerate(requests):
        sides = ("before", "after") if CHANGES.search(name) else ("before",)
        boundaries += [(frozen, n, when, f"{when} the server did {name}") for when in sides]
    for database, n, at_the_server, name in boundaries:
        async with world(kind, tmp_path / "here", database) as (place, order):
            if at_the_server:
                place.kill_at(n, at_the_server, forge)
                [ended], _ = await forge.run(order)
                place.let_be()
            else:
                [ended], _ = await forge.run({**order, "die_at": n})
            assert ended == KILLED, name
            [ended], [again] = await forge.run(order)
            assert (ended, again["failed"]) == (0, {}), name
            assert place.stands() == whole, name
            assert ledger(place.folder) == in_order, name
    table[kind] = Counter(name for *_, name in boundaries)


@pytest.mark.parametrize("kind", ["slack", "discord"])
async def test_a_request_that_outlives_its_sender_is_not_sent_a_second_time(kind, forge, collected, tmp_path):
    """Who starts again at once looks before the server has met it: the first look proves nothing."""
    async with world(kind, tmp_path / "here", collected) as (place, order):
        await forge.run(order)
        whole, requests = place.stands(), list(place.requests)
    for n in [n for n, name in enumerate(requests) if CHANGES.search(name)]:
        async with world(kind, tmp_path / "here", collected) as (place, order):
            place.kill_at(n, "on the way", forge)
            [ended], _ = await forge.run(order)
            assert ended == KILLED, n
            place.let_be()
            before = len(place.requests)
            _, [hasty] = await forge.run({**order, "impatient": True})
            assert not any(CHANGES.search(name) for name in place.requests[before:]), n
            assert list(hasty["failed"].values()) == ["it may have arrived: it is looked for in half a minute"], n
            place.arrives()
            [ended], [again] = await forge.run({**order, "now": (NOW + LOOK_AGAIN).isoformat()})
            assert (ended, again["failed"], place.stands()) == (0, {}, whole), n


@pytest.mark.parametrize("kind", PLACES)
async def test_what_was_frozen_goes_out_also_where_another_version_would_draw_it_otherwise(
    kind, forge, collected, tmp_path
):
    async with world(kind, tmp_path / "here", collected) as (place, order):
        _, [done] = await forge.run(order)
        whole = place.stands()
    frozen = done["boundaries"].index("after a commit")
    async with world(kind, tmp_path / "here", collected) as (place, order):
        [ended], _ = await forge.run({**order, "die_at": frozen})
        assert ended == KILLED
        [ended], [again] = await forge.run({**order, "changed": True})
        assert (ended, again["failed"]) == (0, {})
        assert place.stands() == whole


@pytest.mark.parametrize("kind", PLACES)
async def test_a_database_restored_from_before_the_run_sends_nothing_a_second_time(kind, forge, collected, tmp_path):
    async with world(kind, tmp_path / "here", collected) as (place, order):
        await forge.run(order)
        whole, in_order = place.stands(), ledger(place.folder)
        for file in place.folder.glob("linkletter.db*"):
            file.unlink()
        shutil.copy(collected, place.folder / "linkletter.db")
        [ended], [again] = await forge.run(order)
        assert (ended, again["closed"], again["failed"]) == (0, "2026-W23", {})
        assert place.stands() == whole
        assert ledger(place.folder) == in_order


async def test_a_disk_that_fills_up_anywhere_is_said_and_the_rest_is_done_when_there_is_room(
    forge, collected, tmp_path
):
    """No file may become larger than so much: the database's log first, the post at last."""
    async with world("file", tmp_path / "here", collected) as (place, order):
        await forge.run(order)
        whole, in_order = place.stands(), ledger(place.folder)
    size = collected.stat().st_size
    said: list[str] = []
    limits = range(4096, size + 4096, size // 9)
    for largest in limits:
        async with world("file", tmp_path / "here", collected) as (place, order):
            [ended], [done] = await forge.run({**order, "largest_file": largest})
            assert ended == 0
            said += done["failed"].values()
            for _ in range(2):
                [ended], [done] = await forge.run(order)
                assert (ended, done["failed"]) == (0, {})
            assert place.stands() == whole
            assert ledger(place.folder) == in_order
    print(f"\nfull disk: {len(limits)} limits, {Counter(said)}")
    assert any("database" in why for why in said)


# --- several at once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "slack"])
async def test_ten_processes_on_one_postgresql_at_one_cut_off_make_one_edition_and_deliver_it_once(
    kind, forge, collected, tmp_path, postgres_url
):
    async with world(kind, tmp_path / "here", collected) as (place, order):
        await forge.run(order)
        whole = place.stands()
    await collect(postgres_url)
    async with world(kind, tmp_path / "here", collected) as (place, order):
        order = {**order, "database": postgres_url}
        ended, reports = await forge.run(order, times=10)
        assert ended == [0] * 10
        assert [report["closed"] for report in reports if report["closed"]] == ["2026-W23"]
        [ended], [last] = await forge.run(order)
        assert (ended, last["failed"]) == (0, {})
        assert place.stands() == whole
        if kind == "slack":
            assert place.requests.count("chat.postMessage") == len(whole)
    store = await Store.open(postgres_url)
    async with store.reading() as transaction:
        states = [tuple(row) for row in await transaction.exec_driver_sql("SELECT state FROM edition ORDER BY state")]
        done = [tuple(row) for row in await transaction.exec_driver_sql("SELECT done_at IS NOT NULL FROM delivery")]
    await store.close()
    assert states == [("frozen",), ("open",)]
    assert done == [(True,)]
