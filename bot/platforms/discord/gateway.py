"""The gateway: one session of discord.py's after the other, each watched, each event handed over as it came.

discord.py holds the socket, its heartbeat and its resumes; what an event says is ``taking.py``'s. It is watched because
it gives up by itself on much (a frame it does not understand, an error while it connects again), and on some things
never: a session that is invalidated, or a socket that is closed, again and again. Then a fresh client begins anew, and
only here, so that identifying is counted and paced in one place: a bot may identify a thousand times a day, then it
loses its token (https://docs.discord.com/developers/events/gateway, "Session Start Limit").
"""

import asyncio
import json
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket

from bot.platforms.discord import calls
from bot.platforms.discord.calls import DiscordError, Rest, Said, TooFast
from bot.platforms.discord.payloads import Json, mapping, string
from bot.platforms.discord.settings import DiscordSettings
from newsletter.errors import UserError

log = logging.getLogger(__name__)

Take = Callable[[str, Json], None]
"""Is told an event's name and what it says, in order, at once: it must not wait."""

DISCORD = "wss://gateway.discord.gg/"
INTENTS = discord.Intents(guilds=True, guild_messages=True, guild_reactions=True, message_content=True)

_INTENT = (
    'the application may not read messages: switch "Message Content Intent" on, on its page "Bot" at '
    "https://discord.com/developers/applications, and start again"
)
_NO_WAY_IN = {
    4004: "Discord does not take the token (platforms.discord.token): copy it again from the application's page Bot",
    4010: "Discord does not take what we asked for (invalid shard)",
    4011: "the bot is in so many servers that Discord wants it to be split, which Linkletter cannot",
    4012: "Discord does not speak this version of its gateway any more: Linkletter needs an update",
    4013: "Discord does not know the intents we asked for: Linkletter needs an update",
    4014: _INTENT,
}
"""Close codes that no other attempt mends: topics/opcodes-and-status-codes, "Gateway Close Event Codes"."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the other side, in seconds."""

    greeting: float = 60
    """Until a session is there, from the first handshake on."""
    silence: float = 60
    """Without a sign of life, until the socket is replaced."""
    breaks: int = 5
    """So many times a minute a session may be resumed."""
    retry: float = 2
    """Before the second attempt; doubled until ``retry_at_most``."""
    retry_at_most: float = 300
    steady: float = 300
    """A session that lasted so long was none of a series that fails."""
    goodbye: float = 2
    """For closing: a silent server does not say good-bye."""
    form: float = 2
    """For an answer that may be a form: Discord waits for three seconds, and takes none later."""


async def run(rest: Rest, settings: DiscordSettings, take: Take, patience: Patience) -> None:
    """Hold a session until cancelled. Raises ``UserError`` for what no other attempt mends."""
    failures = 0
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(await _address(rest, settings))
            calls.point_to(settings)
            began = loop.time()
            await _Session(take, patience).live(calls.token_of(settings))
        except UserError:
            raise
        except discord.PrivilegedIntentsRequired:
            raise UserError(_INTENT) from None
        except discord.LoginFailure:
            raise calls.WrongToken from None
        except TooFast as error:
            log.warning("Discord asks to wait %s before the next connection", error.wait)
            await asyncio.sleep(error.wait.total_seconds())
        except Exception as error:  # discord.py's parsers raise anything
            if isinstance(error, discord.ConnectionClosed) and error.code in _NO_WAY_IN:
                raise UserError(_NO_WAY_IN[error.code]) from None
            # Of most errors only the kind: some quote addresses, or what an event said.
            why = error if isinstance(error, DiscordError | _GivenUp) else type(error).__name__
            log.warning("the connection to Discord ended: %s", why)
        failures = 0 if loop.time() - began >= patience.steady else failures + 1
        await asyncio.sleep(backoff(failures, patience))


def backoff(failures: int, patience: Patience) -> float:
    """Seconds until the next attempt; with chance in it, so that not all bots come back in the same second."""
    longest = min(patience.retry * 2 ** max(0, failures - 1), patience.retry_at_most) if failures else patience.retry
    return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


async def _address(rest: Rest, settings: DiscordSettings) -> str:
    """Where the gateway is; not before we may identify again."""
    try:
        said = await rest.once("GET", "/gateway/bot")
    except Said as error:
        log.info("Discord does not tell its gateway: %s", error)
        return settings.gateway_url or DISCORD
    limit, address = mapping(mapping(said).get("session_start_limit")), string(mapping(said).get("url"))
    if limit.get("remaining") == 0:
        wait = limit.get("reset_after")
        raise TooFast(timedelta(milliseconds=wait if isinstance(wait, int) and wait > 0 else 3_600_000))
    return settings.gateway_url or address or DISCORD


class _GivenUp(Exception):
    """A session that was not worth holding on to."""


class _Session(discord.Client):
    """discord.py for one session. Its own cache is kept as small as it goes: we read the events themselves."""

    def __init__(self, take: Take, patience: Patience) -> None:
        super().__init__(
            intents=INTENTS,
            enable_debug_events=True,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            heartbeat_timeout=patience.silence,
            guild_ready_timeout=0.1,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self._take = take
        self._patience = patience
        self._greeting = asyncio.timeout(patience.greeting)
        self._greeted = False
        self._breaks: list[float] = []
        # They would fill a cache that nobody reads; and one that meets a field it does not expect ends the session.
        self._connection.parsers.clear()

    async def live(self, token: str) -> None:
        """Until the session is over. Raises why; whatever discord.py raises."""
        connecting: asyncio.Task[None] | None = None
        try:
            async with self._greeting:
                await self.login(token)
                # Without `reconnect` it resumes a session, and never begins another one by itself. It is a task of its
                # own, as a `wait_for` in it may swallow that we are cancelled (until Python 3.12).
                connecting = asyncio.create_task(self.connect(reconnect=False))
                await asyncio.wait({connecting})
        except TimeoutError:
            raise _GivenUp("there was no greeting") from None
        finally:
            await self._leave(connecting)
        connecting.result()
        raise _GivenUp("it was closed")

    async def _leave(self, connecting: asyncio.Task[None] | None) -> None:
        try:
            async with asyncio.timeout(self._patience.goodbye):
                await self.close()
        except TimeoutError:
            await self.http.close()
        if connecting is not None:
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=self._patience.goodbye)
            if connecting.done() and not connecting.cancelled():
                connecting.exception()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """discord.py makes a task of whatever happens; here nothing takes time, and all must stay in order."""
        if event == "socket_raw_receive":
            self._hear(*args)
        elif event == "disconnect":
            self._give_up_on_breaks()

    def _hear(self, frame: str) -> None:
        """Every frame, before discord.py looks into it."""
        try:
            said = json.loads(frame)
        except ValueError:
            return  # discord.py says what it thinks of it
        if not isinstance(said, dict):
            return
        name, told = said.get("t"), said.get("d")
        if name == "READY" and not self._greeted:
            self._greeted = True
            self._greeting.reschedule(None)
        if isinstance(name, str) and isinstance(told, dict):
            self._take(name, told)

    def _give_up_on_breaks(self) -> None:
        """The socket is gone, and discord.py is about to resume. Not where nothing is left to resume, nor for ever."""
        now = asyncio.get_running_loop().time()
        self._breaks = [at for at in (*self._breaks, now) if now - at < 60]
        socket: Any = self.ws
        if socket is not None and socket.socket.close_code in _NO_WAY_IN:
            return  # discord.py raises what it means
        if socket is not None and socket.session_id is None:
            raise _GivenUp("the session was invalidated")
        if len(self._breaks) > self._patience.breaks:
            raise _GivenUp("the connection broke again and again")
