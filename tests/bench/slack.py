"""Slack's events from the socket to their committed rows, beside a bare bolt app that acknowledges and stores nothing.

Slack is a server in a process of its own (this file, run with ``serve``), which tells a burst of messages, each with a
link, and then some more at a walk; it measures when each is acknowledged. Ours acknowledges only what is committed.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from measure import Row

WALK = 10
"""Events a second of which the time to the acknowledgement is measured: Slack sends no app more than 30,000 an hour."""

SETTLING = 3
"""Seconds between the burst and the walk, for what is done after an acknowledgement."""

Told = dict[str, Any]


def rows(number: int, times: int) -> list[Row]:
    """A burst of so many events, and some more at a walk, so many times for each."""
    return asyncio.run(_measured(number, times))


async def _measured(number: int, times: int) -> list[Row]:
    found: dict[str, list[Told]] = {"ours": [], "bolt": []}
    async with _server() as (slack, ask):
        for _ in range(times):
            for name, connected in (("ours", _ours), ("bolt", _bare_bolt)):
                async with connected(slack):
                    found[name].append(await ask(number))
    ours, bolt = found["ours"], found["bolt"]
    return [
        Row(
            "Slack events, socket to committed row",
            "bolt storing nothing",
            [one["burst"] for one in ours],
            [one["burst"] for one in bolt],
            amount=number,
        ),
        Row(
            f"99th percentile of acknowledging, {WALK} events/s",
            "bolt storing nothing",
            [one["slowest"] for one in ours],
            [one["slowest"] for one in bolt],
        ),
    ]


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[Told, Callable[[int], Awaitable[Told]]]]:
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, __file__, "serve", stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    incoming, outgoing = process.stdout, process.stdin

    async def ask(number: int) -> Told:
        outgoing.write(f"{number}\n".encode())
        return dict(json.loads(await incoming.readline()))

    try:
        yield json.loads(await incoming.readline()), ask
    finally:
        outgoing.close()
        await process.wait()


@asynccontextmanager
async def _ours(slack: Told) -> AsyncIterator[None]:
    from bot.app import opened
    from bot.config import Config, Platforms
    from bot.platforms.slack.settings import SlackSettings
    from newsletter.settings import NewsletterSettings

    with tempfile.TemporaryDirectory(prefix="linkletter-bench-") as folder:
        settings = NewsletterSettings(key="weekly", introduce=False)
        platforms = Platforms(slack=SlackSettings(**slack))
        config = Config(f"sqlite:///{folder}/linkletter.db", platforms, {"weekly": settings})
        async with opened(config) as app:
            live = app.live()
            running = asyncio.create_task(live.chats[0].run(live.listening))
            try:
                yield
            finally:
                await _end(running)
                await live.close()


@asynccontextmanager
async def _bare_bolt(slack: Told) -> AsyncIterator[None]:
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    app = AsyncApp(client=AsyncWebClient(slack["bot_token"], base_url=slack["api_url"]))

    async def nothing() -> None:
        pass

    app.event("message")(nothing)
    handler = AsyncSocketModeHandler(app, slack["app_token"])
    await handler.connect_async()
    try:
        yield
    finally:
        await handler.close_async()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


# --- the other process -----------------------------------------------------------------------------------------------


async def _serve() -> None:
    # A dependency installs a package called "tests", which would win: see ``__main__.py``.
    ours = ModuleType("tests")
    ours.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["tests"] = ours
    from tests.servers.slack import SlackServer

    async with SlackServer(patience=120, retries=()) as slack:
        people = [slack.workspace.join(f"Person {n}") for n in range(10)]
        links = slack.workspace.open_channel("links", people)
        told = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        print(json.dumps(told), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            number = int(line)
            await slack.delivering.connected(within=60)
            await slack.quiet(within=60)

            def post(n: int) -> None:
                slack.workspace.post(people[n % 10], links, f"Worth reading, number {n} https://example.org/{n}")

            begun = time.perf_counter()
            for n in range(number):
                post(n)
            await slack.delivering.quiet(within=600)
            burst = time.perf_counter() - begun
            await asyncio.sleep(SETTLING)
            for n in range(max(50, number // 20)):
                post(number + n)
                await asyncio.sleep(1 / WALK)
            await slack.delivering.quiet(within=600)
            took = sorted(one.took or 0.0 for one in slack.delivering.told[-(max(50, number // 20)) :])
            print(json.dumps({"burst": burst, "slowest": took[int(len(took) * 0.99)]}), flush=True)
            # The next one finds as little to read back as this one did.
            links.messages.clear()
            await slack.delivering.disconnected(within=60)


if __name__ == "__main__":
    asyncio.run(_serve())
