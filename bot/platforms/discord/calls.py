"""Calls to Discord's REST API through discord.py: what can come of one, waiting where Discord says so, and paging.

::

    DiscordError
    ├── Said           Discord said no; ``code`` is its number for why, ``faults`` what is wrong in a form
    ├── TooFast        not now; ``wait`` says when
    └── Unreachable    no answer, or none that says anything: it may have been done

All of them are ``ConnectionError``, which is what the port knows of. No text here holds a token, the bot's or that of
an interaction: causes are named by type.

discord.py keeps to the rate limits it is told of, waits out a 429 of up to 30 s and repeats after most 5xx. A 429
without a ``Via`` header comes from Cloudflare, not from Discord, and is no invitation to wait and repeat: it is raised
as ``TooFast`` at once.
"""

import asyncio
import logging
import random
import re
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.platforms.discord.payloads import Json, objects
from bot.platforms.discord.settings import DiscordSettings
from newsletter.errors import UserError

ANSWERS_WITHIN = 100
"""Seconds a call may take, waiting and repeating included."""
PAUSE = 0.4
"""Seconds until what failed is asked again."""
WAITS_AT_MOST = 30.0
"""Seconds a call waits where Discord asks it to; discord.py takes no less."""

UNKNOWN_CHANNEL = 10003
UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
EDITS_USED_UP = 30046
ALREADY_ACKNOWLEDGED = 40060
MISSING_ACCESS = 50001
CANNOT_WRITE_TO_THEM = (50007, 50278)
MISSING_PERMISSIONS = 50013
WRONG_KIND_OF_CHANNEL = 50024
TOKEN_TOO_OLD = 50027
INVALID_FORM = 50035
ARCHIVED = 50083
HAS_A_THREAD = 160004
LOCKED = 160005

_WRONG_TOKEN = (0, 40001, 50014)
_TOO_FAST = (20016, 20022, 20028, 31001, 40062)
"""Limits that are no 429: slow mode, announcements, writing to a server or channel, a resource."""


class DiscordError(ConnectionError):
    """A call did not bring what it was made for."""


class Said(DiscordError):
    """Discord said no. https://docs.discord.com/developers/topics/opcodes-and-status-codes"""

    def __init__(self, status: int, code: int, faults: str = "") -> None:
        self.status, self.code, self.faults = status, code, faults
        super().__init__(f"Discord says {status}, code {code}{f': {faults}' if faults else ''}")


class TooFast(DiscordError):
    """Discord asks to wait."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"Discord asks to wait {wait.total_seconds():g} s")


class Unreachable(DiscordError):
    """Discord did not answer, or its answer says nothing; the call may have been carried out."""


class WrongToken(UserError):
    """The token opens nothing; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "Discord does not take the token (platforms.discord.token): copy it again from the application's page "
            '"Bot" (Reset Token)'
        )


def point_to(settings: DiscordSettings) -> None:
    """Tell discord.py where to log in. It has no option for it, so this holds for the whole process."""
    Route.BASE = settings.api_url
    _keep_secrets()


class Rest:
    """The REST API with the bot's token. It logs in with the first call; closed, it logs in again with the next."""

    def __init__(self, settings: DiscordSettings) -> None:
        self._settings = settings
        self._route = type("Route", (Route,), {"BASE": settings.api_url})
        self._client: discord.Client | None = None
        self._opening = asyncio.Lock()

    async def client(self) -> discord.Client:
        """discord.py, logged in: it knows who we are. Raises ``Unreachable``, ``TooFast`` or ``WrongToken``."""
        async with self._opening:
            if self._client is None:
                self._client = await self._opened()
            return self._client

    async def close(self) -> None:
        """Leave nothing open."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def once(self, method: str, path: str, json: object = None, **where: Any) -> Any:
        """The JSON of one answer, ``None`` where there is none. ``where`` fills the path; what is left is the query.

        Names in the path are Discord's: by ``channel_id``, ``guild_id`` and ``webhook_id`` discord.py knows the limits
        apart. Raises ``DiscordError``, or ``WrongToken``.
        """
        client = await self.client()
        named = {name: str(where.pop(name)) for name in re.findall(r"{(\w+)}", path)}
        sent: dict[str, Any] = {} if json is None else {"json": json}
        query = {name: str(value) for name, value in where.items() if value is not None}
        if query:
            sent["params"] = query
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                said = await client.http.request(self._route(method, path, **named), **sent)
        except Exception as error:
            raise _explained(error) from None
        if said and isinstance(said, str):
            raise Unreachable("Discord answered with something that is no JSON")
        return said

    async def one(self, path: str, **where: Any) -> Json:
        """The object at a path, patiently. Raises ``DiscordError``, or ``WrongToken``."""
        found: Json = await self._patiently(dict, path, **where)
        return found

    async def many(self, path: str, **where: Any) -> list[Json]:
        """The objects at a path, patiently. Raises ``DiscordError``, or ``WrongToken``."""
        return objects(await self._patiently(list, path, **where))

    async def _patiently(self, kind: type, path: str, **where: Any) -> Any:
        """What stands at a path: asked again as long as Discord asks to wait, three times when it fails.

        An answer of another kind is none: an empty list would say that nothing is there.
        """
        failed = 0
        while True:
            try:
                said = await self.once("GET", path, **where)
                if not isinstance(said, kind):
                    raise Unreachable(f"Discord answered with something that is no {kind.__name__}")
                return said
            except TooFast as error:
                await asyncio.sleep(error.wait.total_seconds() + random.uniform(0, 0.2))  # noqa: S311 - no secret
            except Unreachable:
                failed += 1
                if failed == 3:
                    raise
                await asyncio.sleep(failed * PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    async def pages(self, path: str, most: int, *, after: int = 0, **where: Any) -> AsyncGenerator[Sequence[Json]]:
        """Every page of objects behind the id ``after``, from the lowest id to the highest, no object twice.

        Discord repeats an object at the border of two pages where ids share a millisecond
        (https://github.com/discord/discord-api-docs/issues/2816).
        """
        while True:
            page = await self._patiently(list, path, limit=most, after=after, **where)
            fresh = sorted((one for one in objects(page) if _id(one) > after), key=_id)
            if fresh:
                after = _id(fresh[-1])
                yield fresh
            if len(page) < most or not fresh:
                return

    async def pages_back(self, path: str, most: int, **where: Any) -> AsyncGenerator[Sequence[Json]]:
        """Every page of objects, from the highest id to the lowest, no object twice: until who asks has enough."""
        before: int | None = None
        while True:
            page = await self._patiently(list, path, limit=most, before=before, **where)
            fresh = sorted((one for one in objects(page) if before is None or _id(one) < before), key=_id, reverse=True)
            if fresh:
                before = _id(fresh[-1])
                yield fresh
            if len(page) < most or not fresh:
                return

    async def _opened(self) -> discord.Client:
        point_to(self._settings)
        client = discord.Client(intents=discord.Intents(guilds=True), max_ratelimit_timeout=WAITS_AT_MOST)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await client.login(token_of(self._settings))
        except BaseException as error:
            await client.http.close()
            raise (_not_opened(error) if isinstance(error, Exception) else error) from None
        return client


def token_of(settings: DiscordSettings) -> str:
    """The bot's token. Raises ``UserError`` where there is none."""
    if settings.token is None:
        raise UserError("\n".join(f"platforms.discord.{key}: {why}" for key, why in settings.lacks().items()))
    return settings.token.get_secret_value()


def _id(one: Json) -> int:
    """An id to compare; of a member, that of the user."""
    user = one.get("user")
    id = str(one.get("id") or (user.get("id") if isinstance(user, dict) else "") or "")
    return int(id) if id.isdecimal() else 0


def _not_opened(error: Exception) -> Exception:
    """Whatever it is, nothing was asked yet; and discord.py trips over an answer that is none."""
    why = _explained(error)
    if isinstance(why, TooFast | Unreachable | UserError):
        return why
    return Unreachable(f"Discord does not let us log in: {why if isinstance(why, Said) else type(why).__name__}")


def _explained(error: BaseException) -> Exception:
    """discord.py's errors, and those below it, as ours. Without its cause: aiohttp's errors quote addresses."""
    match error:
        case UserError():
            return error
        case discord.LoginFailure():
            return WrongToken()
        case discord.RateLimited():
            return TooFast(timedelta(seconds=error.retry_after))
        case discord.HTTPException():
            return _refused(error)
    if isinstance(error, aiohttp.ClientError | TimeoutError | OSError | ValueError | RuntimeError):
        return Unreachable(f"Discord did not answer ({type(error).__name__})")
    return error if isinstance(error, Exception) else Unreachable(type(error).__name__)


def _refused(error: discord.HTTPException) -> Exception:
    if error.status == 429 or error.code in _TOO_FAST:
        return TooFast(timedelta(seconds=_seconds(error)))
    if error.status >= 500:
        return Unreachable(f"Discord failed ({error.status})")
    if error.status == 401 and error.code in _WRONG_TOKEN:
        return WrongToken()
    # The faults of a form follow discord.py's first line, each with its place; what we sent is not in it.
    return Said(error.status, error.code, " ".join(error.text.split())[:500])


def _seconds(error: discord.HTTPException) -> float:
    said = error.response.headers
    try:
        return max(1.0, min(float(said.get("Retry-After") or said.get("X-RateLimit-Reset-After") or ""), 3600.0))
    except ValueError:
        return 60.0


# --- the log ---------------------------------------------------------------------------------------------------------


class _Masking(logging.Filter):
    """discord.py names the address it waits for, and that of an answer to an interaction holds its token."""

    _TOKEN = re.compile(r"((?:interactions|webhooks)/\d+/)[\w.%-]+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._TOKEN.sub(r"\1…", record.getMessage()), ()
        return True


def _keep_secrets() -> None:
    """Once. At DEBUG discord.py writes down whatever it sends, tokens too, so it never gets that far."""
    for name in ("discord.http", "discord.gateway", "discord.client"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.INFO, logger.level))
        if not any(isinstance(one, _Masking) for one in logger.filters):
            logger.addFilter(_Masking())
