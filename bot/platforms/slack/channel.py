"""A channel as a destination of editions: send, find, change, remove. What a message looks like is ``draw.py``'s.

Slack has no idempotent post (https://docs.slack.dev/reference/methods/chat.postMessage names no key), so each part
carries its mark in the message's metadata, which people can neither write nor see in their clients. All else that we
post carries metadata too: where a message of ours has none, the server keeps none, and there we cannot look.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import cards
from bot.platforms.slack import calls, draw
from bot.platforms.slack.calls import Method, Said, TooFast, Unreachable, WrongToken
from bot.platforms.slack.directory import Directory, Us
from bot.platforms.slack.markup import Json, objects, string
from bot.platforms.slack.reading import has_replies, is_cut_off, stamp
from newsletter.errors import CannotLook, NotAllSeen, RateLimited, Refused, TooLarge, Unsure
from newsletter.model import Edition, Part, Receipt
from newsletter.ports import Clock

LOOKED_FOR = timedelta(days=30)
"""How far back a part is looked for: no delivery is still tried after that."""
LOOKED_WITHIN = 120
"""Seconds a look may take, waiting included; then another process may think that this one is dead."""

PART = "linkletter_part"
"""The ``event_type`` of the metadata. Every app in the workspace can read it: nothing but the mark is in it."""
SAID = "linkletter_said"
"""Of what is no part."""

_TOO_LARGE = ("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "metadata_too_large")
_GONE = ("message_not_found", "cant_update_message", "thread_not_found")
_WHAT_TO_DO = {
    "channel_not_found": "there is no such channel, or Linkletter is not in it: invite it there",
    "not_in_channel": "Linkletter is not in the channel: invite it there (/invite, then its name)",
    "is_archived": "the channel is archived",
    "missing_scope": "the app may not post: give it the scope chat:write and install it again",
    "restricted_action": "the workspace lets only some people post in this channel",
    "restricted_action_thread_only_channel": "the channel takes no messages but replies",
    "restricted_action_read_only_channel": "the channel is read-only",
    "message_not_found": "the message is gone",
    "cant_update_message": "the message is not Linkletter's",
    "edit_window_closed": "the workspace lets nobody edit a message this old",
}


class SlackChannel:
    """Posts to one channel; the first part of an edition stands there, the others in its thread."""

    def __init__(self, web: AsyncWebClient, directory: Directory, clock: Clock, channel: str) -> None:
        self.key = f"slack:{channel}"
        self._web = web
        self._directory = directory
        self._clock = clock
        self._channel = channel

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """One message for the channel, and as many as it takes for the thread."""
        return draw.parts(edition, cards.of_edition(edition))

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        """Post the part, in the thread that ``after`` began or is in."""
        thread = (after.thread or after.id) if after is not None else None
        said = await post(self._web, self.key, self._channel, part.payload, thread, metadata=_metadata(part))
        if not (ts := posted(said)):
            raise Unsure(self.key, "Slack does not say which message it made")
        return Receipt(ts, thread)

    async def find(self, mark: str) -> Receipt | None:
        """Our message with this mark, in the channel or in a thread that we began within ``LOOKED_FOR``."""
        try:
            async with asyncio.timeout(LOOKED_WITHIN):
                return await self._find(mark)
        except (Said, WrongToken) as error:
            raise CannotLook(self.key, f"the channel cannot be read: {_told(error)}") from error
        except (Unreachable, TimeoutError) as error:
            raise Unsure(self.key, str(error) or "looking for what was sent took too long") from error

    async def _find(self, mark: str) -> Receipt | None:
        us = await self._directory.us()
        since = stamp(self._clock() - LOOKED_FOR)
        told_of = True
        async for root in self._ours(us, self._web.conversations_history, oldest=since):
            ts, thread = string(root.get("ts")), string(root.get("thread_ts"))
            if _mark(root) == mark:
                return Receipt(ts, thread if thread != ts and thread else None)
            told_of = told_of and isinstance(root.get("metadata"), dict)
            if not _mark(root) or not has_replies(root):
                continue
            async for reply in self._ours(us, self._web.conversations_replies, ts=ts):
                if _mark(reply) == mark and reply.get("ts") != ts:
                    return Receipt(string(reply.get("ts")), ts)
        if not told_of:
            raise NotAllSeen(
                self.key, "messages come back without their metadata, by which a part is known: look there yourself"
            )
        return None

    async def _ours(self, us: Us, method: Method, **where: str) -> AsyncIterator[Json]:
        """What we posted. A person cannot set metadata, but another app can."""
        pages = calls.pages(method, limit=999, channel=self._channel, include_all_metadata=True, **where)
        async for page in pages:
            for message in objects(page.get("messages")):
                by = string(message.get("bot_id"))
                ours = by == us.bot if us.bot and by else message.get("user") == us.user
                if ours and message.get("subtype") in (None, "", "bot_message", "thread_broadcast"):
                    yield message
            if is_cut_off(page):
                raise NotAllSeen(self.key, "it gives not all messages, and no cursor for the others: look yourself")

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Edit the message. One that a person deleted stays deleted: raises ``Refused``."""
        await told(
            self.key,
            self._web.chat_update,
            channel=self._channel,
            ts=receipt.id,
            link_names=False,
            parse="none",
            metadata=_metadata(part),
            **json.loads(part.payload),
        )
        return receipt

    async def remove(self, receipt: Receipt) -> None:
        """Delete the message."""
        try:
            await calls.once(self._web.chat_delete, channel=self._channel, ts=receipt.id)
        except Said as error:
            if error.code not in _GONE:
                raise _refused(self.key, error) from error
        except (TooFast, Unreachable, WrongToken) as error:
            raise _failed(self.key, error) from error


async def post(
    web: AsyncWebClient,
    destination: str,
    channel: str,
    payload: str,
    thread: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Json:
    """Post a message as it was drawn; it calls nobody and shows no previews. Raises ``DeliveryError``."""
    return await told(
        destination,
        web.chat_postMessage,
        channel=channel,
        thread_ts=thread,
        unfurl_links=False,
        unfurl_media=False,
        link_names=False,
        parse="none",
        metadata=metadata or {"event_type": SAID, "event_payload": {"by": "linkletter"}},
        **json.loads(payload),
    )


def posted(said: Json) -> str:
    """The ``ts`` of what was posted, ``""`` where the answer does not say it."""
    message = said.get("message")
    return string(said.get("ts")) or (string(message.get("ts")) if isinstance(message, dict) else "")


async def told(destination: str, method: Method, **arguments: Any) -> Json:
    """The answer to a call that posts or edits; what goes wrong is raised as ``DeliveryError`` of the destination."""
    try:
        return await calls.once(method, **arguments)
    except Said as error:
        raise _refused(destination, error) from error
    except (TooFast, Unreachable, WrongToken) as error:
        raise _failed(destination, error) from error


def _metadata(part: Part) -> dict[str, Any]:
    return {"event_type": PART, "event_payload": {"mark": part.mark}}


def _mark(message: Json) -> str:
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != PART:
        return ""
    payload = metadata.get("event_payload")
    return string(payload.get("mark")) if isinstance(payload, dict) else ""


def _refused(destination: str, error: Said) -> Refused:
    kind = TooLarge if error.code in _TOO_LARGE else Refused
    return kind(destination, _told(error))


def _failed(destination: str, error: TooFast | Unreachable | WrongToken) -> Refused | RateLimited | Unsure:
    if isinstance(error, TooFast):
        return RateLimited(destination, max(error.wait, timedelta(seconds=1)))
    return Unsure(destination, str(error)) if isinstance(error, Unreachable) else Refused(destination, str(error))


def _told(error: Said | WrongToken) -> str:
    if isinstance(error, WrongToken):
        return str(error)
    return _WHAT_TO_DO.get(error.code, str(error))
