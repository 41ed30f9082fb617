"""Signed HTTP: Slack sends its payloads to us. bolt checks the signature; what a payload says is ``taking.py``'s."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot.platforms.slack.manifest import PATH


@asynccontextmanager
async def serving(app: AsyncApp, host: str, port: int) -> AsyncIterator[int]:
    """Listen until the end of the block; gives the port, which a ``0`` lets the system choose."""
    runner = web.AppRunner(app.web_app(path=PATH), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
