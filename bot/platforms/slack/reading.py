"""Reading a channel back: its history since an instant, and the threads that may have changed since, as readings.

A thread is known to have changed by ``latest_reply`` of its first message, so roots of the last thirty days are looked
at, too. What a message says is ``payloads.py``'s; how a call is repeated ``calls.py``'s.
"""

import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import PermissionDenied
from bot.platforms.slack import calls, payloads
from bot.platforms.slack.calls import Said, Unreachable
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.markup import Json, Names, objects, string
from bot.platforms.slack.payloads import instant
from newsletter.emoji import kept
from newsletter.heard import ChannelSeen, EmojiSeen, MessageId, MessageSeen, Reading, Source
from newsletter.ports import Clock

log = logging.getLogger(__name__)

ROOTS_FOR = timedelta(days=30)
"""How old a thread may be whose new replies are looked for."""

_NO_THREAD = ("thread_not_found", "message_not_found")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def read(
    web: AsyncWebClient,
    directory: Directory,
    clock: Clock,
    channel: ChannelSeen,
    since: datetime,
    threads: Collection[str],
    decisive: frozenset[str] = frozenset(),
) -> AsyncGenerator[Reading]:
    """The channel since ``since``, then each thread named or with a reply since then. Raises ``PermissionDenied``.

    Who put a ``decisive`` emoji on a message is asked for in any case, else only where Slack names too few.
    """
    reader = _Reader(web, directory, clock, channel, decisive)
    changed, done, begun = set(threads), set[str](), False
    try:
        async for reading, roots in reader.history(since):
            changed |= roots
            if reading is not None:
                yield reading
                begun = True
            for thread in sorted(changed - done) if begun else ():
                yield await reader.thread(thread)
                done.add(thread)
    except Said as error:
        raise denied(channel, error) from error


def denied(channel: ChannelSeen, error: Said) -> PermissionDenied:
    """What Slack said, for the person who can change it."""
    if error.code in ("not_in_channel", "channel_not_found"):
        how = "invite it there (/invite, then its name)"
    elif error.code == "missing_scope":
        scope = error.needed or ("groups:history" if channel.private else "channels:history")
        how = f"add the scope {scope} to the app and install it again"
    else:
        how = f"Slack says {error.code}"
    return PermissionDenied(f"Linkletter may not read #{channel.name or channel.id.id}: {how}")


def stamp(at: datetime) -> str:
    """An instant as an ``oldest``: all digits, as the float of a ``ts`` is not exact."""
    since = at - _EPOCH
    return f"{since.days * 86400 + since.seconds}.{since.microseconds:06d}"


class _Reader:
    def __init__(
        self,
        web: AsyncWebClient,
        directory: Directory,
        clock: Clock,
        channel: ChannelSeen,
        decisive: frozenset[str],
    ) -> None:
        self._decisive = decisive
        self._web = web
        self._directory = directory
        self._clock = clock
        self._channel = channel

    async def history(self, since: datetime) -> AsyncIterator[tuple[Reading | None, set[str]]]:
        """The reading of the channel once its stretch is whole, and with each page the threads that changed.

        Slack begins with the newest, so the pages behind the stretch are read for their threads alone.
        """
        began_at = self._clock()
        found: list[Json] = []
        done = False
        oldest = min(since, began_at - ROOTS_FOR)
        history = calls.pages(
            self._web.conversations_history,
            channel=self._channel.id.id,
            oldest=stamp(max(oldest, _EPOCH)),
            inclusive=True,
        )
        limited = False
        async for page in history:
            messages = _messages(page)
            limited = limited or page.get("is_limited") is True or is_cut_off(page)
            inside = [one for one in messages if _sent(one) >= since]
            found += inside
            reading = None
            # Not where a server begins with the oldest: there the rest of the stretch is still to come.
            if not done and len(inside) < len(messages) and _sent(messages[0]) >= _sent(messages[-1]):
                done, reading = True, await self._reading(found, began_at, since=since, complete=not limited)
            yield reading, {string(one.get("ts")) for one in messages if _replied(one) >= since}
        if not done:
            yield await self._reading(found, began_at, since=since, complete=not limited), set()

    async def thread(self, root: str) -> Reading:
        """The replies of a thread. One that is not there any more has none."""
        began_at = self._clock()
        pages = calls.pages(self._web.conversations_replies, channel=self._channel.id.id, ts=root)
        found: dict[str, Json] = {}
        limited = False
        try:
            async for page in pages:
                limited = limited or page.get("is_limited") is True or is_cut_off(page)
                found |= {string(one.get("ts")): {"thread_ts": root, **one} for one in _messages(page)}
        except Said as error:
            if error.code not in _NO_THREAD:
                raise
        found.pop(root, None)
        return await self._reading(list(found.values()), began_at, thread=root, complete=not limited)

    async def _reading(
        self,
        messages: Sequence[Json],
        began_at: datetime,
        *,
        complete: bool,
        since: datetime | None = None,
        thread: str | None = None,
    ) -> Reading:
        whole = [await self._with_people(message) for message in messages]
        us = await self._directory.us()
        for message in whole:
            self._directory.meet(string(message.get("user")), message.get("user_profile"), team_of(message))
        people = {id for message in whole for id in (*payloads.mentioned(message)[0], *_reacted(message))}
        names = await self._directory.learn(people)
        seen: list[MessageSeen] = []
        gone: list[MessageId] = []
        ignored: dict[str, int] = {}
        for message in whole:
            try:
                one = payloads.message_seen(message, self._channel.id, names, Source.LIVE, began_at, us.domain or None)
            except Exception:
                # It is there, though we cannot say what it says: nothing may count as deleted for it.
                log.exception("a message in %s was not understood, %s", self._channel.id.id, secrets.token_hex(3))
                complete = False
                continue
            if isinstance(one, MessageSeen):
                seen.append(replace(one, emoji=_by_people(one.emoji or (), names)))
                continue
            ignored[one.reason] = ignored.get(one.reason, 0) + 1
            if one.reason == "deleted":
                gone.append(MessageId(self._channel.id, string(message.get("ts"))))
        authors = {message.author.id for message in seen} | {
            who.id for message in seen for emoji in message.emoji or () for who in emoji.people
        }
        named = (self._directory.person(id) for id in sorted(authors))
        return Reading(
            self._channel,
            began_at,
            tuple(seen),
            people=tuple(person for person in named if person is not None),
            gone=tuple(gone),
            since=since,
            thread=thread,
            complete=complete,
            ignored=ignored,
        )

    async def _with_people(self, message: Json) -> Json:
        """The message with everybody behind its emoji: history names only some."""
        if not any(self._is_cut(one) for one in objects(message.get("reactions"))):
            return message
        try:
            said = await calls.patiently(
                self._web.reactions_get, channel=self._channel.id.id, timestamp=string(message.get("ts")), full=True
            )
        except Said:
            return message  # then only their number is known
        full = said.get("message")
        return {**message, "reactions": full.get("reactions", [])} if isinstance(full, dict) else message

    def _is_cut(self, reaction: Json) -> bool:
        """Whether somebody behind the emoji may be missing who matters."""
        return _count(reaction) > len(_users(reaction)) or kept(string(reaction.get("name"))) in self._decisive


def _messages(page: Json) -> list[Json]:
    """An answer without a list is none: an empty one would say that everything is gone."""
    if not isinstance(page.get("messages"), list):
        raise Unreachable("Slack answered without messages")
    return objects(page["messages"])


def is_cut_off(page: Json) -> bool:
    """Whether there is more, and no way to it."""
    following = page.get("response_metadata")
    return page.get("has_more") is True and not (isinstance(following, dict) and following.get("next_cursor"))


def team_of(message: Json) -> str:
    """The workspace a message's author is from."""
    return string(message.get("user_team")) or string(message.get("source_team")) or string(message.get("team"))


def _by_people(emoji: Sequence[EmojiSeen], names: Names) -> tuple[EmojiSeen, ...]:
    """The emoji without those of bots, ours among them: live they are not heard either."""
    found = []
    for one in emoji:
        people = tuple(who for who in one.people if who.id not in names.bots)
        if count := one.count - (len(one.people) - len(people)):
            found.append(EmojiSeen(one.emoji, count, people))
    return tuple(found)


def _reacted(message: Json) -> list[str]:
    return [id for one in objects(message.get("reactions")) for id in _users(one)]


def _users(reaction: Json) -> list[str]:
    users = reaction.get("users")
    return [id for id in users if isinstance(id, str)] if isinstance(users, list) else []


def _count(reaction: Json) -> int:
    count = reaction.get("count")
    return count if isinstance(count, int) else 0


def _sent(message: Json) -> datetime:
    return instant(string(message.get("ts"))) or _EPOCH


def _replied(message: Json) -> datetime:
    """When a thread's last reply came; long ago where it is no thread, and just now where that is not told."""
    if (latest := instant(string(message.get("latest_reply")))) is not None:
        return latest
    return datetime.max.replace(tzinfo=UTC) if has_replies(message) else _EPOCH


def has_replies(message: Json) -> bool:
    """Whether a thread may have begun here: not every server counts its replies."""
    if "reply_count" in message:
        return bool(message["reply_count"])
    ts = string(message.get("ts"))
    return bool(message.get("latest_reply")) or (bool(ts) and message.get("thread_ts") == ts)
