"""The server: starting and stopping it, and how tests speak to it. What Discord is stands in ``platform.py``.

People act by its methods (``people.py``, ``asking.py``), at once; ``dispatched`` waits until the bot has heard of it.
Misfortune: ``misbehave`` and ``rate_limit`` for REST, ``gateway`` for the websocket, ``down`` and ``up`` for both.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.servers.discord import rest_answers, rest_messages, rest_places
from tests.servers.discord.asking import Asking
from tests.servers.discord.dialect import Dialect
from tests.servers.discord.openapi import Specification
from tests.servers.discord.rest import BASE, Call, Rest
from tests.servers.discord.trouble import Bucket, Trouble

HOST = "127.0.0.1"
TOKEN = "discord-token"


def now() -> datetime:
    return datetime.now(UTC)


class DiscordServer(Asking):
    """A Discord on an ephemeral port of loopback.

    ``clock`` makes ids and timestamps and ends the 15 minutes of an interaction; whatever is waited for is real time.
    ``privileged`` are the intents switched on in the developer portal. ``patience``: seconds in which an interaction
    must be answered. ``heartbeat``: seconds between a client's heartbeats. ``openapi``: the official description;
    what does not agree with it is then in ``violations``. ``dialect``: how it differs from Discord's own server.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = now,
        *,
        token: str = TOKEN,
        privileged: Iterable[str] = ("MESSAGE_CONTENT",),
        patience: float | None = None,
        heartbeat: float = 41.25,
        openapi: Path | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        super().__init__(clock, token=token, privileged=privileged, heartbeat=heartbeat)
        self.dialect = dialect or Dialect()
        if self.dialect.counted:
            numbers = count(1001)
            self.snowflake = lambda: str(next(numbers))
        if self.dialect.apart:
            self.application_id = self.snowflake()
        if patience is not None:
            self.patience = patience
        routes = [*rest_messages.ROUTES, *rest_places.ROUTES, *rest_answers.ROUTES]
        self._rest = Rest(self, routes, Specification(openapi) if openapi else None)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=25 * 1024 * 1024)
        app.router.add_route("*", BASE + "/{rest:.*}", self._rest.serve)
        app.router.add_get("/", self.gateway.serve)
        app.router.add_get("/resume", self.gateway.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await self.up()
        self.gateway_url = f"ws://{HOST}:{self._port}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.close(1001)
        await asyncio.sleep(0)
        assert self._runner
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """Of REST, without a slash at the end."""
        return f"http://{HOST}:{self._port}{BASE}"

    def hold_to(self, openapi: Path) -> None:
        """From now on what does not agree with the official description is in ``violations``."""
        self._rest.specification = Specification(openapi)

    # --- being there ---

    async def down(self) -> None:
        """Cut every connection and refuse new ones."""
        assert self._runner
        assert self._runner.server
        if self._site:
            await self._site.stop()
            self._site = None
        self.gateway.close(None)
        for connection in [*self._runner.server.connections]:
            if connection.transport:
                connection.transport.abort()

    async def up(self) -> None:
        """Listen again, at the same address."""
        assert self._runner
        self._site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    # --- waiting ---

    async def ready(self, within: float = 10) -> None:
        """Return when the bot is connected to the gateway and has its guilds. Raises ``TimeoutError`` after ``within`` seconds."""
        await self.gateway.ready(within)

    async def dispatched(self, within: float = 10) -> None:
        """Return when the bot, connected again if need be, has parsed every event so far. Raises ``TimeoutError`` after ``within`` seconds.

        Its handlers are tasks of its own, which have been made then, not finished.
        """
        await self.gateway.dispatched(within)

    # --- misfortune ---

    def misbehave(self, *troubles: Trouble) -> None:
        """From now on, after what was said before."""
        self._rest.troubles += troubles

    def rate_limit(self, method: str, path: str, limit: int, per: float) -> None:
        """``limit`` requests in ``per`` seconds on the routes that match, with headers, and 429 beyond."""
        self._rest.buckets.append(Bucket(method, path, limit, per))

    def behave(self) -> None:
        """Take back all trouble and every rate limit."""
        self._rest.troubles.clear()
        self._rest.buckets.clear()

    # --- what was asked of us ---

    @property
    def calls(self) -> list[Call]:
        """Every request, in order."""
        return self._rest.calls

    def called(self, method: str, route: str) -> list[Call]:
        """The requests of one route, as the OpenAPI description writes it: ``/channels/{channel_id}/messages``."""
        return [call for call in self.calls if (call.method, call.route) == (method, route)]

    @property
    def violations(self) -> list[str]:
        """What does not agree with the OpenAPI description: of requests, the bot's fault; of answers, ours."""
        return self._rest.violations
