"""The process that is killed in ``test_crashes.py``: it publishes, and dies where it is told to. No test is in here.

Run as a program it forks for each order, a line of JSON: starting Python anew takes longer than all the rest. It says
the child's process id first, and then how it ended and what it did. It imports nothing of the tests.
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import app
from bot.platforms.discord import draw as discord_draw
from bot.platforms.discord.client import Discord
from bot.platforms.discord.settings import DiscordSettings
from bot.platforms.slack import draw as slack_draw
from bot.platforms.slack.client import Slack
from bot.platforms.slack.settings import SlackSettings
from newsletter import render
from newsletter.deliver import LOOK_AGAIN
from newsletter.destinations import git_calls
from newsletter.errors import StoreError
from newsletter.heard import ChannelId
from newsletter.publish import Outlet, Publisher
from newsletter.settings import GitSettings, MarkdownSettings, NewsletterSettings
from newsletter.store import Store

LOOKS = ("for-each-ref", "log", "ls-tree", "cat-file", "rev-list", "ls-remote", "config", "rev-parse", "var")
"""Calls of git that change nothing, here or there."""

ALONE = "it may have arrived: it is looked for in half a minute"
"""What is said of a delivery that its last owner died of."""


class Boundaries:
    """Every point at which something was not done yet, or is done. At the one it is told the process kills itself."""

    def __init__(self, die_at: int | None) -> None:
        self.names: list[str] = []
        self._die_at = die_at

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if self._die_at == len(self.names) - 1:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(point: Boundaries) -> None:
    """Set a boundary before and after each commit, each act on a file, and each call of git that does something."""
    writing = Store.writing

    @contextlib.asynccontextmanager
    async def watched(self: Store) -> AsyncIterator[Any]:
        async with writing(self) as transaction:
            yield transaction
            point("before a commit")
        point("after a commit")

    Store.writing = watched

    def around(owner: Any, name: str, called: str, wanted: Callable[..., bool] = lambda *_: True) -> None:
        real = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            if not wanted(*arguments):
                return real(*arguments, **named)
            point(f"before {called}")
            result = real(*arguments, **named)
            point(f"after {called}")
            return result

        setattr(owner, name, wrapped)

    around(Path, "open", "a file is made", lambda _, mode="r", *__: "x" in mode)
    around(os, "fsync", "a file is on the disk")
    around(Path, "replace", "a file has its name")

    raw = git_calls.Git.raw

    async def call(self: Any, *arguments: Any, **named: Any) -> Any:
        if arguments[0] in LOOKS:
            return await raw(self, *arguments, **named)
        point(f"before git {arguments[0]}")
        result = await raw(self, *arguments, **named)
        point(f"after git {arguments[0]}")
        return result

    git_calls.Git.raw = call


def draw_small_parts() -> None:
    """So that a few links are several parts: as if the chats allowed less than they do."""
    slack_draw.MOST_CHARACTERS = discord_draw.MOST_CHARACTERS = 1000


def change_what_is_drawn() -> None:
    """As another version, or another template, would."""
    post = render.post
    render.post = lambda *arguments, **named: post(*arguments, **named) + "\nDrawn by another version.\n"
    for chat in (Slack, Discord):
        destination = chat.destination

        def redrawing(self: Any, channel: ChannelId, destination: Any = destination) -> Any:
            made = destination(self, channel)
            made.draw = lambda edition: ()
            return made

        chat.destination = redrawing


def outlets(order: dict[str, Any], now: datetime) -> list[Outlet]:
    """The destinations of the order."""
    found: list[Outlet] = []
    if folder := order.get("file"):
        found.append(app._posts(Path(folder), MarkdownSettings(style="plain")))
    if repository := order.get("git"):
        found.append(app._commits(repository, GitSettings(repository=repository)))
    if slack := order.get("slack"):
        settings = SlackSettings(bot_token=slack["token"], api_url=slack["url"])
        chat = Slack(settings, clock=lambda: now)
        found.append(Outlet(chat.destination(ChannelId("slack", slack["workspace"], slack["channel"])), is_chat=True))
    if discord := order.get("discord"):
        settings = DiscordSettings(token=discord["token"], api_url=discord["url"])
        chat = Discord(settings, clock=lambda: now)
        found.append(
            Outlet(chat.destination(ChannelId("discord", discord["workspace"], discord["channel"])), is_chat=True)
        )
    return found


async def act(order: dict[str, Any]) -> dict[str, Any]:
    """Close what is due and deliver what is closed; what came of it. What is to be left alone for a while is tried again
    after that while, but by who is ``impatient``."""
    now = datetime.fromisoformat(order["now"])
    instants = [now]
    os.environ["XDG_CACHE_HOME"] = order["cache"]
    store = await Store.open(order["database"])
    point = Boundaries(order.get("die_at"))
    watch(point)
    draw_small_parts()
    if order.get("changed"):
        change_what_is_drawn()
    if largest := order.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    publisher = Publisher(
        store,
        NewsletterSettings(key="weekly"),
        outlets(order, now),
        clock=lambda: instants[-1],
        owner=app._owner(),
        is_alive=app._is_alive,
    )
    try:
        closed = await publisher.tick()
        delivered = await publisher.deliver(failed_too=True) if order.get("deliver", True) else ()
        if any(one.failed == ALONE for one in delivered) and not order.get("impatient"):
            instants.append(now + LOOK_AGAIN)
            delivered = await publisher.deliver(failed_too=True)
    except StoreError as error:
        return {"boundaries": point.names, "failed": {"database": str(error)}}
    finally:
        with contextlib.suppress(Exception):
            await store.close()
    return {
        "boundaries": point.names,
        "closed": closed.label if closed is not None else None,
        "delivered": [one.destination for one in delivered if one.failed is None],
        "failed": {one.destination: one.failed for one in delivered if one.failed is not None},
    }


def child(order: dict[str, Any]) -> None:
    """One order, and the end of the process."""
    try:
        done = asyncio.run(act(order))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        Path(order["report"]).write_text(json.dumps(done))
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Fork for each line, as often as it says at once."""
    for line in sys.stdin:
        order = json.loads(line)
        children = []
        for n in range(order.get("times", 1)):
            process = os.fork()
            if not process:
                child({**order, "report": f"{order['report']}{n}"})
            children.append(process)
        print(children[0], flush=True)
        print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children]), flush=True)


if __name__ == "__main__":
    main()
