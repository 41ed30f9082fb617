"""The demo: the real application in a room of its own, in the browser or, once, without. No token, no network.

What is in the room is ``sample``'s, the newsletter beside it ``board``'s, the HTTP server ``bot/web.py``'s.
"""

import asyncio
import secrets
import webbrowser
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from bot import importing, web
from bot.app import App, Live, opened
from bot.config import load
from bot.demo import sample
from bot.demo.board import Board
from bot.demo.clock import RoomClock
from bot.platforms.local import saved
from bot.platforms.local.client import Local
from bot.platforms.local.page import RoomPage
from bot.platforms.local.room import Room
from bot.run import Stopping, until_told
from newsletter import render
from newsletter.errors import UserError

ROOM = "room.json"
PORT = 8765
EDITORS = 10
"""How many of those who wrote most in an imported room may edit its newsletter."""

LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)

Say = Callable[[str], None]

# The picker of emoji brings one style sheet of its own, which is allowed by its hash; nothing else inline is.
PICKER_STYLE = "'sha256-rg2BpwZ4T9EADaas/dlxn0KsISPDXXIabE9pnJ++3UQ='"
PAGE = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' {PICKER_STYLE}; img-src 'self'; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody wants the demo. ``export``: fill the room from there; ``empty``: with two people only."""

    folder: Path
    language: str = "en"
    empty: bool = False
    export: Path | None = None
    progress: importing.Progress = lambda *_: None


@dataclass(frozen=True, slots=True)
class House:
    """The application in its room."""

    app: App
    live: Live
    room: Room
    local: Local
    clock: RoomClock

    async def begin(self) -> None:
        """Take in what was said before anyone listened, make the newsletters of its weeks, and begin the open one."""
        settings = tuple(self.app.config.newsletters.values())
        for channel in await self.local.channels():
            if any(one.collects(channel) for one in settings):
                async for reading in self.local.read(channel.id, LONG_AGO):
                    await self.app.collector.hear(reading)
        for one in settings:
            publisher = self.app.publisher(one)
            await publisher.archive("demo")
            await publisher.deliver()
        await self.tick()

    async def tick(self) -> None:
        """One turn of every newsletter."""
        for weekly in self.live.weeklies:
            await weekly.turn()


@asynccontextmanager
async def housed(wanted: Wanted, stopping: Callable[[], bool] = lambda: False) -> AsyncIterator[House]:
    """The application in the room of this folder, which is made where it is not there; saved at the end of the block.

    Raises ``UserError`` where the folder is somebody else's.
    """
    clock = RoomClock()
    room = Room(clock)
    _furnished(room, clock, wanted)
    config = load(wanted.folder / "config.yaml", {}, need_tokens=False)
    async with opened(config, clock) as app:
        local = Local(room)
        live = Live(app, [local], stopping)
        try:
            yield House(app, live, room, local, clock)
        finally:
            saved.save(room, wanted.folder / ROOM)


def _furnished(room: Room, clock: RoomClock, wanted: Wanted) -> None:
    folder = wanted.folder
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / ROOM).exists():
        if wanted.empty or wanted.export is not None:
            raise UserError(f"{folder} has a room already: name another folder, or delete that one")
        clock.begin(saved.restore(room, folder / ROOM))
        return
    if any(folder.iterdir()):
        raise UserError(f"{folder} is not empty, and is no demo: name another folder")
    if wanted.export is not None:
        clock.begin(sample.furnish_from(room, importing.readings(wanted.export, wanted.progress)))
    elif wanted.empty:
        sample.furnish_sparsely(room, wanted.language)
    else:
        clock.begin(sample.furnish(room, wanted.language))
    (folder / "config.yaml").write_text(_configuration(room, wanted), "utf-8")
    saved.save(room, folder / ROOM)


def _configuration(room: Room, wanted: Wanted) -> str:
    """For the sample as it is meant; for an export: from all channels to the busiest one, edited by who wrote most."""
    places: dict[str, Any]
    if wanted.export is None:
        places = {"post_to": "links", "desk": "desk", "collect": ["links"], "editors": ["ann"]}
    else:
        if not room.channels:
            raise UserError(f"{wanted.export} has no channel in which anyone wrote")
        busiest = max(room.channels, key=lambda id: len(room.messages(id)))
        wrote = Counter(one.author.id for id in room.channels for one in room.messages(id) if not one.author.bot)
        people = [id for id, _ in wrote.most_common(EDITORS)]
        places = {"post_to": busiest, "desk": "", "collect": list(room.channels), "editors": people}
    return sample.configuration(wanted.language, **places)


# --- once ------------------------------------------------------------------------------------------------------------


async def run_once(wanted: Wanted, say: Say) -> None:
    """Let the week in the room end and say what came of it. The second time nothing is published twice."""
    async with housed(wanted) as house:
        await house.begin()
        for settings in house.app.config.newsletters.values():
            publisher = await house.live.publisher(settings)
            if not (await publisher.preview()).is_empty:
                house.clock.move_to(await publisher.closes_at())
                await house.tick()
            standing = await publisher.standing()
            if standing.last_published is None:
                continue
            edition = await publisher.preview(standing.last_published)
            say(render.text(edition).strip() + "\n")
            say(f"{settings.key}: {standing.editions} editions. This one was posted in the room and lies in")
            say(f"  {wanted.folder / 'posts' / render.slug_of(edition)}.md\n")


# --- in the browser --------------------------------------------------------------------------------------------------


async def run_in_browser(
    wanted: Wanted, say: Say, *, host: str = "127.0.0.1", port: int | None = None, browse: bool = False
) -> None:
    """Serve the room's page until told to end. Without a ``port``: the usual one, or any that is free."""
    say("Making the room and its newsletters …")
    stopping = Stopping()
    token = "" if host in web.HERE else secrets.token_urlsafe(16)
    async with housed(wanted, stopping) as house:
        first = next(iter(house.app.config.newsletters.values()))
        commands, called = house.live.commands.commands, house.app.config.command
        page = RoomPage(house.room, commands, called=called, zone=first.timezone)
        run = house.app.at_work(house.live, stopping)
        board = Board(house.app, house.room, page, house.clock, run.tick)
        async with _bound(_routes(house, page, board, wanted.language), host, port, token) as address:
            house.room.url = address
            await house.begin()
            key = f"/?token={token}" if token else "/"
            say(f"The room is open: {address}{key}")
            say("Share a link there, click a reaction, type /digest preview. Ctrl-C ends it.")
            if browse:
                await asyncio.to_thread(webbrowser.open, f"{address}{key}")
            async with until_told(stopping):
                await run.forever()
            page.close()


def _routes(house: House, page: RoomPage, board: Board, language: str) -> web.Routes:
    async def is_well() -> bool:
        return not (await house.app.health()).is_bad

    ours = Path(str(files("bot.platforms.local") / "page"))
    pictures = Path(str(files("bot.demo") / "pictures"))
    index = (ours / "index.html").read_text("utf-8").replace("{{ language }}", language)
    return [
        *web.health(is_well),
        *web.archive(house.app.sites()),
        *web.folder("/page", ours, PAGE),
        *web.folder("/pictures", pictures, PAGE),
        *page.routes(),
        *board.routes(),
        *web.page(("/", "/{channel}/{message}"), index, PAGE),
    ]


@asynccontextmanager
async def _bound(routes: web.Routes, host: str, port: int | None, token: str) -> AsyncIterator[str]:
    """The server on this port; on any, where none is wanted and the usual one is taken."""
    async with AsyncExitStack() as stack:
        try:
            serving = web.serving(routes, host=host, port=PORT if port is None else port, token=token)
            address = await stack.enter_async_context(serving)
        except OSError:
            if port is not None:
                raise
            address = await stack.enter_async_context(web.serving(routes, host=host, port=0, token=token))
        yield address
