"""``linkletter run`` as a process of its own, in a workspace on loopback: configured by a file, told to end by a signal."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.servers.slack import SlackServer

PROGRAM = [sys.executable, "-c", "from bot.cli import main; main()"]


class Bot:
    """One process. ``said`` is what it wrote to stderr by the time it ended."""

    def __init__(self, folder: Path, slack: SlackServer) -> None:
        self.slack = slack
        self.folder = folder
        self.said = ""
        self._process: asyncio.subprocess.Process | None = None

    def configure(self, newsletter: dict[str, Any], *, http_port: int = 0) -> None:
        """Write ``config.yaml``: one newsletter, and Slack by Socket Mode or, with a port, by HTTP."""
        way_in = {"app_token": "${SLACK_APP_TOKEN}"}
        if http_port:
            way_in = {"signing_secret": "${SLACK_SIGNING_SECRET}", "http_port": http_port}
        settings = {"bot_token": "${SLACK_BOT_TOKEN}", "api_url": self.slack.api_url, **way_in}
        whole = {"platforms": {"slack": settings}, "fetch": "off", "newsletters": {"weekly": newsletter}}
        (self.folder / "config.yaml").write_text(json.dumps(whole))

    async def run(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command."""
        tokens = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "PYTHONPATH": str(ROOT),
        }
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *PROGRAM, *arguments, cwd=self.folder, env=os.environ | tokens, stdout=pipe, stderr=pipe
        )

    async def start(self) -> None:
        """``linkletter run``, until it is connected and has read back."""
        self._process = await self.run("run")
        ended = asyncio.create_task(self._process.wait())
        connected = asyncio.create_task(self._connected())
        await asyncio.wait({ended, connected}, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            connected.cancel()
            assert not await self.end(), self.said
        ended.cancel()
        await connected

    async def _connected(self) -> None:
        await self.slack.delivering.connected(within=30)
        await self.slack.seen(lambda: self.slack.calls_of("conversations.history"), 30)
        await self.slack.quiet()

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end; its status."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        _, said = await asyncio.wait_for(self._process.communicate(), 10)
        self.said += said.decode()
        status, self._process = self._process.returncode, None
        return int(status or 0)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None


@asynccontextmanager
async def bot(folder: Path, **server: Any) -> AsyncIterator[Bot]:
    """A workspace, and a process that is killed at the end, if it still runs."""
    async with SlackServer(**server) as slack:
        one = Bot(folder, slack)
        try:
            yield one
        finally:
            if one.is_running:
                await one.end(signal.SIGKILL)
