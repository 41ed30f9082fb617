"""Socket Mode: one WebSocket after the other, each watched, every envelope acknowledged once it was taken.

What an envelope says, and when it counts as taken, is ``taking.py``'s.

slack_sdk has a client for this. It acknowledges nothing by itself, but it reconnects behind our back, so that nobody
knows when something was missed; it asks for ever with a ticket that was refused once; and it leaves tasks behind. What
is left to do without it is below. https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack import calls
from bot.platforms.slack.calls import SlackError, TooFast, WrongToken
from bot.platforms.slack.markup import Json, string

log = logging.getLogger(__name__)

Take = Callable[[Json], Awaitable[bool]]
"""Takes in an envelope. Whether it could: else it is not acknowledged, and Slack says it again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the other side, in seconds."""

    handshake: float = 15
    """For the handshake, and then for Slack's hello: a ticket may be stale, a proxy may hang."""
    ping: float = 10
    """Between two pings. Who does not answer one within half of it is gone: a link that is half open looks alive."""
    silence: float = 600
    """Without any envelope, until the socket is replaced: a session can be up and get nothing
    (https://github.com/slackapi/bolt-python/issues/1529)."""
    farewell: float = 3
    """At the end, for what is just being stored."""
    retry: float = 1
    """Before the second attempt to connect; doubled until ``retry_at_most``."""
    retry_at_most: float = 60


class _Stale(Exception):
    """The socket has to be replaced."""


async def run(
    web: AsyncWebClient, app_token: str, take: Take, connected: Callable[[], None], patience: Patience
) -> None:
    """Hold a socket open until cancelled; ``connected`` is called after each hello. Raises ``WrongToken``."""
    taking: set[asyncio.Task[None]] = set()
    try:
        failures = 0
        while True:
            line = _Line(take, taking, patience)
            await _try(line, web, app_token, connected)
            failures = 0 if line.greeted else failures + 1
            await asyncio.sleep(backoff(failures, patience))
    finally:
        # What is being stored outlives its socket, and has a little time even when all ends.
        if taking:
            await asyncio.wait(taking, timeout=patience.farewell)
        for task in taking:
            task.cancel()
        await asyncio.gather(*taking, return_exceptions=True)


async def _try(line: "_Line", web: AsyncWebClient, app_token: str, connected: Callable[[], None]) -> None:
    """One connection, from the ticket to its end. Raises ``WrongToken``."""
    try:
        await line.run(await _address(web, app_token), connected)
    except TooFast as error:
        log.warning("Slack asks to wait %s before the next connection", error.wait)
        await asyncio.sleep(error.wait.total_seconds())
    except (SlackError, _Stale, aiohttp.ClientError, TimeoutError, OSError) as error:
        # Of what aiohttp says only its kind: it quotes the address, and that holds the ticket.
        why = error if isinstance(error, SlackError | _Stale) else type(error).__name__
        log.warning("the connection to Slack ended: %s", why)


async def _address(web: AsyncWebClient, app_token: str) -> str:
    """A ticket is good for one handshake, so each attempt gets its own."""
    try:
        answer = await calls.once(web.apps_connections_open, app_token=app_token)
    except WrongToken as error:
        raise WrongToken(
            f"{error}. It is the app-level token: make one with the scope connections:write on the app's page "
            '"Basic Information", and put it where app_token takes it from'
        ) from error
    except calls.Said as error:
        if error.code in ("missing_scope", "no_permission", "forbidden_team", "access_denied"):
            raise WrongToken(f"{error}: the app-level token needs the scope connections:write") from error
        if error.code == "unknown_method":
            raise WrongToken(
                "this server knows no Socket Mode (apps.connections.open): take app_token out of the configuration and "
                "give it signing_secret, for HTTP"
            ) from error
        raise
    return string(answer.get("url"))


def backoff(failures: int, patience: Patience) -> float:
    """Seconds until the next attempt; with chance in it, so that not all bots come back in the same second."""
    longest = min(patience.retry * 2 ** max(0, failures - 1), patience.retry_at_most) if failures else 0.1
    return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


class _Line:
    """One socket. ``taking`` are the envelopes that are being taken in."""

    def __init__(self, take: Take, taking: set[asyncio.Task[None]], patience: Patience) -> None:
        self.greeted = False
        self._take = take
        self._taking = taking
        self._patience = patience

    async def run(self, address: str, connected: Callable[[], None]) -> None:
        """Until the socket is closed, by Slack or because it is stale."""
        timeout = aiohttp.ClientTimeout(total=None, connect=self._patience.handshake)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            async with asyncio.timeout(self._patience.handshake):
                socket = await session.ws_connect(address, heartbeat=self._patience.ping, max_msg_size=0)
            async with socket:
                await self._listen(socket, connected)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, connected: Callable[[], None]) -> None:
        while True:
            said = await self._next(socket)
            if not self.greeted:  # by its hello, or by an envelope that was faster
                self.greeted = True
                connected()
            match string(said.get("type")):
                case "disconnect" if said.get("reason") == "link_disabled":
                    raise WrongToken("Socket Mode is switched off for the app: switch it on on its page")
                case "disconnect":
                    return  # also on a warning, ten seconds before: what comes meanwhile is read back
                case _ if said.get("envelope_id"):
                    task = asyncio.create_task(self._answer(socket, said))
                    self._taking.add(task)
                    task.add_done_callback(self._taking.discard)

    async def _next(self, socket: aiohttp.ClientWebSocketResponse) -> Json:
        try:
            patience = self._patience.silence if self.greeted else self._patience.handshake
            said = await socket.receive(patience)
        except TimeoutError:
            raise _Stale("nothing came for long" if self.greeted else "there was no hello") from None
        if said.type is not aiohttp.WSMsgType.TEXT:
            raise _Stale("it was closed")
        try:
            found = json.loads(said.data)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse, envelope: Json) -> None:
        if await self._take(envelope):
            with suppress(ConnectionError, aiohttp.ClientError):  # then Slack says it again, which changes nothing
                await socket.send_json({"envelope_id": envelope["envelope_id"]})
