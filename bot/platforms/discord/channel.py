"""A channel as a destination of editions: send, find, change, remove. What a message looks like is ``draw.py``'s.

A part is known again by the mark in its footer, which nobody but the bot can write: people cannot post embeds, and
messages of others are not looked at. The nonce makes a quick second attempt harmless, for some minutes.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from bot import cards
from bot.platforms.discord import calls, draw
from bot.platforms.discord.calls import DiscordError, Rest, Said, TooFast, Unreachable, WrongToken
from bot.platforms.discord.directory import Directory
from bot.platforms.discord.payloads import PLATFORM, Json, identifier, instant, mapping
from bot.platforms.discord.permissions import READING, lacking
from newsletter.errors import CannotLook, DeliveryError, RateLimited, Refused, TooLarge, Unsure
from newsletter.model import Edition, Part, Receipt
from newsletter.ports import Clock

LOOKED_FOR = timedelta(days=30)
"""How far back a part is looked for: no delivery is still tried after that."""
LOOKED_WITHIN = 120
"""Seconds a look may take, waiting included; then another process may think that this one is dead."""
THREAD_STAYS = 10080
"""Minutes without a message until Discord archives a thread: the longest there is."""
NO_MORE_EDITS = timedelta(hours=1)

HAS_THREAD = 1 << 5

_PLACE = "/channels/{channel_id}/messages"
_MESSAGE = f"{_PLACE}/{{message_id}}"
_LENGTH = ("BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "MAX_EMBED_SIZE_EXCEEDED", "or fewer in length",
           "exceeds maximum size", "Must be between")  # fmt: skip
_GONE = (calls.UNKNOWN_MESSAGE, calls.UNKNOWN_CHANNEL)
_WHAT_TO_DO = {
    calls.UNKNOWN_CHANNEL: "there is no such channel",
    calls.UNKNOWN_MESSAGE: "the message is gone",
    calls.MISSING_ACCESS: "Linkletter does not see the channel: give it the permission View Channel there",
    calls.MISSING_PERMISSIONS: "Linkletter may not post there: give it the permissions View Channel, Send Messages, "
    "Embed Links, Create Public Threads and Send Messages in Threads in the channel",
    50005: "the message is not Linkletter's",
    50007: "this person takes no messages from bots of the server",
    50008: "messages cannot be posted in a channel of this kind",
    50278: "this person shares no server with Linkletter",
    calls.WRONG_KIND_OF_CHANNEL: "editions cannot be posted in a channel of this kind: name a text channel",
    calls.ARCHIVED: "the thread is archived",
    calls.LOCKED: "the thread is locked",
    160006: "the server has as many active threads as Discord allows",
    200000: "the server's AutoMod does not let it through",
    200001: "the server's AutoMod does not let its title through",
    240000: "Discord does not let an address in it through",
}


class DiscordChannel:
    """Posts to one channel; the first part of an edition stands there, the others in its thread."""

    def __init__(self, rest: Rest, directory: Directory, clock: Clock, channel: str) -> None:
        self.key = f"{PLATFORM}:{channel}"
        self._rest = rest
        self._directory = directory
        self._clock = clock
        self._channel = channel

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """One message for the channel, and as many as it takes for the thread."""
        return draw.parts(edition, cards.of_edition(edition))

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        """Post the part, in the thread that ``after`` began or is in."""
        message = json.loads(part.payload)
        thread: str | None = None
        if after is not None:
            thread = after.thread or await begin_thread(
                self._rest, self.key, self._channel, after.id, message["thread"]
            )
        nonce = hashlib.sha256(f"{self.key} {part.mark} {part.payload}".encode()).hexdigest()[:24]
        try:
            said = await post(self._rest, self.key, thread or self._channel, message, nonce=nonce)
        except TooLarge as error:
            raise TooLarge(self.key, error.why, draw.halves(part)) from error
        if not (id := identifier(said.get("id"))):
            raise Unsure(self.key, "Discord does not say which message it made")
        return Receipt(id, thread)

    async def find(self, mark: str) -> Receipt | None:
        """Our message with this mark, in the channel or in a thread that we began within ``LOOKED_FOR``."""
        try:
            async with asyncio.timeout(LOOKED_WITHIN):
                await self._may_look()
                return await self._find(mark)
        except Said as error:
            raise CannotLook(self.key, f"the channel cannot be read: {_told(error)}") from error
        except WrongToken as error:
            raise CannotLook(self.key, str(error)) from error
        except (DiscordError, TimeoutError) as error:
            raise Unsure(self.key, str(error) or "looking for what was sent took too long") from error

    async def _may_look(self) -> None:
        """Where we may not read, Discord shows an empty channel."""
        may, _ = await self._directory.permissions(self._channel)
        if missing := lacking(READING, may):
            raise CannotLook(self.key, f"the channel cannot be read: give Linkletter the permission {missing} there")

    async def _find(self, mark: str) -> Receipt | None:
        async with aclosing(self._ours(self._channel)) as ours:
            async for message in ours:
                if draw.mark_of(message) == mark:
                    return Receipt(identifier(message.get("id")))
                if _may_have_thread(message):
                    thread = identifier(message.get("id"))
                    if (reply := await self._in_thread(thread, mark)) is not None:
                        return Receipt(reply, thread)
        return None

    async def _in_thread(self, thread: str, mark: str) -> str | None:
        try:
            async with aclosing(self._ours(thread)) as ours:
                async for reply in ours:
                    if draw.mark_of(reply) == mark:
                        return identifier(reply.get("id"))
        except Said as error:
            if error.code != calls.UNKNOWN_CHANNEL:
                raise
        return None

    async def _ours(self, place: str) -> AsyncGenerator[Json]:
        """Parts of ours, the newest first."""
        us, oldest = await self._directory.us(), self._clock() - LOOKED_FOR
        async with aclosing(self._rest.pages_back(_PLACE, 100, channel_id=place)) as pages:
            async for page in pages:
                for message in page:
                    if identifier(mapping(message.get("author")).get("id")) == us and draw.mark_of(message):
                        yield message
                if (instant(page[-1].get("timestamp")) or oldest) < oldest:
                    return

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Edit the message. One that a person deleted stays deleted: raises ``Refused``."""
        message = quiet(json.loads(part.payload))
        where = {"channel_id": receipt.thread or self._channel, "message_id": receipt.id}
        await self._awake(receipt, lambda: self._rest.once("PATCH", _MESSAGE, message, **where))
        return receipt

    async def remove(self, receipt: Receipt) -> None:
        """Delete the message."""
        where = {"channel_id": receipt.thread or self._channel, "message_id": receipt.id}
        try:
            await self._awake(receipt, lambda: self._rest.once("DELETE", _MESSAGE, **where))
        except _Gone:
            return

    async def _awake(self, receipt: Receipt, call: Callable[[], Awaitable[Any]]) -> None:
        """Make the call; an archived thread is woken up for it."""
        try:
            try:
                await call()
            except Said as error:
                if error.code != calls.ARCHIVED or receipt.thread is None:
                    raise
                awake = {"archived": False}
                await self._rest.once("PATCH", "/channels/{channel_id}", awake, channel_id=receipt.thread)
                await call()
        except (DiscordError, WrongToken) as error:
            raise _failed(self.key, error) from error


class _Gone(Refused):
    """What should be changed is not there."""


async def begin_thread(rest: Rest, destination: str, channel: str, message: str, name: str) -> str:
    """The thread of a message, which has the message's id. Where none can be, the channel, if it is a thread itself.

    Raises ``DeliveryError``. The second time changes nothing.
    """
    path = f"{_MESSAGE}/threads"
    form = {"name": name, "auto_archive_duration": THREAD_STAYS}
    try:
        said = await rest.once("POST", path, form, channel_id=channel, message_id=message)
    except Said as error:
        if error.code == calls.HAS_A_THREAD:
            return message
        raise _failed(destination, error) from error
    except (DiscordError, WrongToken) as error:
        raise _failed(destination, error) from error
    return identifier(mapping(said).get("id")) or message


async def post(rest: Rest, destination: str, channel: str, message: Json, *, nonce: str = "") -> Json:
    """Post a message as it was drawn; it calls nobody. Raises ``DeliveryError``."""
    once = {"nonce": nonce, "enforce_nonce": True} if nonce else {}
    return await told(destination, rest.once("POST", _PLACE, {**quiet(message), **once}, channel_id=channel))


async def conversation(rest: Rest, person: str) -> str:
    """The id of our conversation with one person. Raises ``DeliveryError``."""
    said = await told(f"{PLATFORM}:{person}", rest.once("POST", "/users/@me/channels", {"recipient_id": person}))
    return identifier(said.get("id"))


async def told(destination: str, call: Awaitable[Any]) -> Json:
    """The answer to a call that posts; what goes wrong is raised as ``DeliveryError`` of the destination."""
    try:
        said = await call
    except (DiscordError, WrongToken) as error:
        raise _failed(destination, error) from error
    return said if isinstance(said, dict) else {}


def quiet(message: Json) -> dict[str, Any]:
    """The message for Discord, calling nobody."""
    return {**{key: one for key, one in message.items() if key != "thread"}, "allowed_mentions": {"parse": []}}


def _may_have_thread(message: Json) -> bool:
    """Discord says so twice, and may leave either out: resources/message, "Message Object" and "Message Flags"."""
    flags = message.get("flags")
    return bool(message.get("thread")) or not isinstance(flags, int) or bool(flags & HAS_THREAD)


def _failed(destination: str, error: DiscordError | WrongToken) -> DeliveryError:
    match error:
        case TooFast():
            return RateLimited(destination, max(error.wait, timedelta(seconds=1)))
        case Unreachable():
            return Unsure(destination, str(error))
        case Said(code=calls.EDITS_USED_UP):
            return RateLimited(destination, NO_MORE_EDITS)
        case Said(code=code) if code in _GONE:
            return _Gone(destination, _told(error))
        case Said() if _is_too_large(error):
            return TooLarge(destination, str(error))
        case Said():
            return Refused(destination, _told(error))
    return Refused(destination, str(error))


def _is_too_large(error: Said) -> bool:
    return error.status == 413 or (error.code == calls.INVALID_FORM and any(one in error.faults for one in _LENGTH))


def _told(error: Said) -> str:
    return _WHAT_TO_DO.get(error.code, str(error))
