"""What Slack sends, by either way in, as what the listener is told. A payload counts as taken only once it is stored.

bolt acknowledges an event before its listeners run, and drops what they raise. So nothing here is a listener of bolt's:
it is asked before, in a place where its answer is the acknowledgement (``client.py``). Whatever is not for us is taken
as well, or Slack would say it again. Redeliveries change nothing: everything is heard by the platform's ids.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from bot.chat import Listener
from bot.platforms.slack import payloads, questions
from bot.platforms.slack.calls import SlackError, Unreachable
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.markup import Json, clean, string
from bot.platforms.slack.questions import Question
from bot.platforms.slack.reading import stamp, team_of
from bot.platforms.slack.subscribed import Subscribed
from newsletter.heard import ChannelId, ChannelSeen, MessageGone, MessageId, MessageSeen, Source
from newsletter.ports import Clock

log = logging.getLogger(__name__)

_NAMED = {"channel_rename", "group_rename"}
_CAME = {"channel_joined", "group_joined", "channel_unarchive", "group_unarchive"}
_WENT = {"member_left_channel", "channel_left", "group_left", "channel_archive", "group_archive", "channel_deleted",
         "group_deleted"}  # fmt: skip
_CONVERTED = {"channel_convert_to_private", "channel_convert_to_public"}
_THROWN_OUT = {"tokens_revoked", "app_uninstalled"}


class Taking:
    """Takes payloads in for one listener; ``ask`` begins to answer a question, ``missed`` to read back."""

    def __init__(
        self,
        directory: Directory,
        listener: Listener,
        clock: Clock,
        ask: Callable[[Question], object],
        missed: Callable[[], None],
        subscribed: Subscribed,
    ) -> None:
        self._directory = directory
        self._listener = listener
        self._clock = clock
        self._ask = ask
        self._missed = missed
        self._subscribed = subscribed
        self._named: dict[str, str] = {}
        self._under_way: dict[str, asyncio.Future[None]] = {}
        self._numbered = asyncio.Event()
        """No channel is being given another id."""
        self._numbered.set()

    async def take(self, body: Json) -> None:
        """Take in one payload: when this returns, it is stored, or being answered. What the listener raises, it
        raises."""
        event = body.get("event")
        if isinstance(event, dict):
            await self._once(string(body.get("event_id")), event)
        elif (asked := questions.question(body)) is not None:
            self._ask(asked)

    async def _once(self, id: str, event: Json) -> None:
        """Take in an event. One that is delivered again meanwhile waits for the first: in a rush, doing the same work
        several times would make all of it late, and bring still more of it."""
        if (first := self._under_way.get(id)) is not None:
            await asyncio.shield(first)
            return
        if id:
            self._under_way[id] = asyncio.get_running_loop().create_future()
        error: BaseException | None = None
        try:
            await self._event(event)
        except BaseException as raised:
            error = raised
            raise
        finally:
            if id:
                _tell(self._under_way.pop(id), error)

    async def _event(self, event: Json) -> None:
        kind = string(event.get("type"))
        await self._numbered.wait()
        us = await self._directory.us()
        if kind == "message":
            await self._message(event)
        elif kind in ("reaction_added", "reaction_removed"):
            await self._reaction(event)
        elif kind == "app_mention":
            asked = questions.mention(event, us.user)
            if asked is not None and asked.person != us.user:
                self._ask(asked)
        elif kind in _CAME or (kind == "member_joined_channel" and event.get("user") == us.user):
            self._directory.forget_channels()
            self._missed()
        elif kind in _NAMED:
            await self._renamed(event)
        elif kind in _WENT:
            self._directory.forget_channels()
        elif kind == "channel_id_changed":
            await self._renumbered(event)
        elif kind in _THROWN_OUT:
            await self._directory.ask_who_we_are()

    async def _message(self, event: Json) -> None:
        place = ChannelId(
            payloads.PLATFORM, (await self._directory.us()).workspace, clean(string(event.get("channel")))
        )
        # Conversations with us alone are nobody's newsletter, and are not read.
        kind = string(event.get("channel_type"))
        if not place.id or kind in ("im", "mpim", "app_home") or place.id.startswith("D"):
            return
        for private in (False, True) if not kind else (kind == "group",):
            self._subscribed.heard(private=private)
        if event.get("subtype") == "message_deleted":
            before = event.get("previous_message")
            gone = string(event.get("deleted_ts")) or (string(before.get("ts")) if isinstance(before, dict) else "")
            if payloads.instant(gone) is not None:
                await self._listener.heard(MessageGone(MessageId(place, gone)))
            return
        if string(event.get("subtype")) in _CONVERTED:
            # What nobody may see any more must not be taken for public a moment longer.
            self._directory.forget_channels()
            self._missed()
            return
        inner = event.get("message")
        message: Json = inner if event.get("subtype") == "message_changed" and isinstance(inner, dict) else event
        if message is inner and _is_rewritten(event):
            message = {"edited": {"ts": event.get("ts")}, **message}
        seen = await self._seen(message, place)
        if isinstance(seen, MessageSeen):
            await self._name(seen.author.id)
            await self._listener.heard(seen)
        elif seen.reason == "deleted" and payloads.instant(string(message.get("ts"))) is not None:
            await self._listener.heard(MessageGone(MessageId(place, string(message.get("ts")))))

    async def _seen(self, message: Json, place: ChannelId) -> MessageSeen | payloads.Ignored:
        us = await self._directory.us()
        names = await self._directory.names(*payloads.mentioned(message))
        author = string(message.get("user"))
        self._directory.meet(author, message.get("user_profile"), team_of(message))
        seen = payloads.message_seen(message, place, names, Source.LIVE, self._clock(), us.domain or None)
        # An event may carry reactions, but is no full list of them.
        return replace(seen, emoji=None) if isinstance(seen, MessageSeen) else seen

    async def _reaction(self, event: Json) -> None:
        us = await self._directory.us()
        heard = payloads.reaction_heard({"event_ts": stamp(self._clock()), **event}, us.workspace)
        if heard is None:
            return
        names = await self._directory.names([heard.person.id])
        if heard.person.id not in names.bots:
            await self._name(heard.person.id)
            await self._listener.heard(heard)

    async def _name(self, person: str) -> None:
        """Say someone's name, once."""
        seen = self._directory.person(person)
        if seen is None or self._named.get(person) == seen.name:
            return
        self._named[person] = seen.name
        try:
            await self._listener.heard(seen)
        except BaseException:
            del self._named[person]
            raise

    async def _renamed(self, event: Json) -> None:
        self._directory.forget_channels()
        told = event.get("channel")
        id, name = (clean(string(told.get(key))) for key in ("id", "name")) if isinstance(told, dict) else ("", "")
        if not id or not name:
            return
        us = await self._directory.us()
        private = event.get("type") == "group_rename" or (await self._directory.channel(id, name)).private
        place = ChannelId(payloads.PLATFORM, us.workspace, id)
        await self._listener.heard(ChannelSeen(place, name, self._clock(), private))

    async def _renumbered(self, event: Json) -> None:
        """A private channel is shared with another organisation: it has another id, for ever, and what is kept of it is
        to be kept under that. What happens there meanwhile waits; what we heard of it before stays apart.
        https://docs.slack.dev/reference/events/channel_id_changed"""
        old, new = (clean(string(event.get(key))) for key in ("old_channel_id", "new_channel_id"))
        log.warning(
            "Slack gave the channel %s the id %s: where the configuration names it, write that; then start again",
            old,
            new,
        )
        self._directory.forget_channels()
        self._numbered.clear()
        try:
            seen = (await self._directory.channels()).get(new)
            if seen is not None and old:
                await self._listener.heard(replace(seen, formerly=old))
        finally:
            self._numbered.set()
        self._missed()


def _is_rewritten(event: Json) -> bool:
    """Whether a change is one of words, as far as it is told; Slack says ``edited`` then, and not of a preview."""
    before, after = event.get("previous_message"), event.get("message")
    texts = [string(one.get("text")) for one in (before, after) if isinstance(one, dict)]
    return len(set(texts)) == 2 or len(texts) == 1


def _tell(waiting: asyncio.Future[None], error: BaseException | None) -> None:
    """What came of the first delivery, for the others. If it was cut off, Slack says it again."""
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(
            error if isinstance(error, SlackError) else Unreachable("the first delivery was not done")
        )
        waiting.exception()  # nobody may be waiting
