"""Reading a channel back: its history since an instant, and the threads that may have changed since, as readings.

Discord answers an empty list, and no error, where we may see a channel but not its history (message, "Get Channel
Messages"), so permissions are asked for before and after every stretch. What a message says is ``payloads.py``'s.
"""

import logging
import secrets
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.chat import PermissionDenied
from bot.platforms.discord import calls, payloads
from bot.platforms.discord.calls import Rest, Said
from bot.platforms.discord.directory import FORUMS, HAVE_THREADS, SPOKEN, THREADS, Directory
from bot.platforms.discord.payloads import Ignored, Json, identifier, instant, mapping, objects
from bot.platforms.discord.permissions import READING, May, lacking
from newsletter.errors import NewsletterError
from newsletter.heard import ChannelSeen, MessageSeen, PersonSeen, Reading, Source
from newsletter.ports import Clock

log = logging.getLogger(__name__)

_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""When Discord's ids begin: reference, "Snowflakes"."""
_THREADS_BEGAN = datetime(2021, 1, 1, tzinfo=UTC)
"""Before, there were none: an id from then is of a server whose ids tell no time."""
_MESSAGES = "/channels/{channel_id}/messages"

Reactors = dict[tuple[str, str], tuple[int, Sequence[Json]]]
"""(message, emoji) -> (how many reacted, who): people are asked for only where the number is another."""


def time_of(id: str) -> datetime:
    """When something with this id was made."""
    return _EPOCH + timedelta(milliseconds=int(id) >> 22) if id.isdecimal() else _EPOCH


class Reader:
    """Reads for one bot. ``spoilers`` is the setting."""

    def __init__(self, rest: Rest, directory: Directory, clock: Clock, spoilers: str) -> None:
        self._rest = rest
        self._directory = directory
        self._clock = clock
        self._spoilers = spoilers
        self._reactors: Reactors = {}

    def forget_reactors(self, message: str | None = None) -> None:
        """Somebody reacted to the message, or, without one, may have: the number alone does not tell who."""
        keys = [key for key in self._reactors if message is None or key[0] == message]
        for key in keys:
            del self._reactors[key]

    async def read(self, channel: ChannelSeen, since: datetime, threads: Collection[str]) -> AsyncGenerator[Reading]:
        """The channel since ``since``, then each thread named or active since. Raises ``PermissionDenied``, also for
        what Discord says no to without a reason that we know."""
        try:
            kind = await self._may_read(channel)
            if kind in FORUMS:
                async for reading in self._forum(channel, since, threads):
                    yield reading
                return
            yield await self._history(channel, since)
            for thread in await self._threads(channel, kind, since, threads):
                yield await self._thread(channel, thread)
        except Said as error:
            raise denied(channel, error) from error

    async def _may_read(self, channel: ChannelSeen) -> int:
        """What kind of channel it is. Raises ``PermissionDenied``."""
        may, found = await self._directory.permissions(channel.id.id)
        kind = found.get("type")
        needed = READING | (May.CONNECT if kind in SPOKEN else READING)
        if missing := lacking(needed, may):
            raise PermissionDenied(
                f"Linkletter may not read #{channel.name}: give it the permission {missing} in the channel"
            )
        return kind if isinstance(kind, int) else -1

    # --- what there is to read ---

    async def _threads(self, channel: ChannelSeen, kind: int, since: datetime, named: Collection[str]) -> list[str]:
        """The threads to read, by id: those named, and the active and archived ones with something new."""
        found = set(named)
        if kind not in HAVE_THREADS:
            return sorted(found)
        guild, id = channel.id.workspace, channel.id.id
        active = await self._rest.one("/guilds/{guild_id}/threads/active", guild_id=guild)
        mine = [one for one in objects(active.get("threads")) if identifier(one.get("parent_id")) == id]
        found |= self._learnt(one for one in mine if _may_have_moved(one, since))
        before: str | None = None
        while True:
            path = "/channels/{channel_id}/threads/archived/public"
            page = await self._rest.one(path, channel_id=id, limit=100, before=before)
            archived = objects(page.get("threads"))
            found |= self._learnt(one for one in archived if _archived(one) >= since)
            before = payloads.string(_metadata(archived[-1]).get("archive_timestamp")) if archived else None
            if not page.get("has_more") or not before or _archived(archived[-1]) < since:
                return sorted(found, key=lambda id: (len(id), id))

    def _learnt(self, threads: Iterable[Json]) -> set[str]:
        """The ids of those that are part of their channel."""
        public = [one for one in threads if one.get("type") in THREADS[:-1]]
        for one in public:
            self._directory.learn_thread(one)
        return {identifier(one.get("id")) for one in public}

    # --- stretches ---

    async def _history(self, channel: ChannelSeen, since: datetime) -> Reading:
        began_at, found = self._clock(), list[Json]()
        async with aclosing(self._rest.pages_back(_MESSAGES, 100, channel_id=channel.id.id)) as pages:
            async for page in pages:
                found += [one for one in page if _sent(one) >= since]
                if _sent(page[-1]) < since:
                    break
        await self._may_read(channel)
        return await self._reading(channel, found[::-1], began_at, since=since)

    async def _thread(self, channel: ChannelSeen, thread: str) -> Reading:
        began_at = self._clock()
        return await self._replies(channel, thread, await self._messages(thread), began_at)

    async def _replies(self, channel: ChannelSeen, thread: str, found: Sequence[Json], began_at: datetime) -> Reading:
        await self._may_read(channel)
        replies = [one for one in found if identifier(one.get("id")) != thread]
        return await self._reading(channel, replies, began_at, thread=thread)

    async def _forum(self, channel: ChannelSeen, since: datetime, named: Collection[str]) -> AsyncGenerator[Reading]:
        """A forum has no messages of its own: what its posts begin with stands for them, and the rest are replies."""
        began_at = self._clock()
        threads = await self._threads(channel, FORUMS[0], since, named)
        read = [(id, self._clock(), await self._messages(id)) for id in threads]
        await self._may_read(channel)
        posts = [one for id, _, found in read for one in found if identifier(one.get("id")) == id]
        posts = [one for one in posts if _sent(one) >= since]
        yield await self._reading(channel, posts, began_at, since=since, begins_threads=True)
        for id, at, found in read:
            yield await self._replies(channel, id, found, at)

    async def _messages(self, thread: str) -> list[Json]:
        """All of a thread, what it began with in a forum too. One that is not there any more has none."""
        try:
            return [one async for page in self._rest.pages(_MESSAGES, 100, channel_id=thread) for one in page]
        except Said as error:
            if error.code != calls.UNKNOWN_CHANNEL:
                raise
            return []

    # --- messages as what was heard ---

    async def _reading(
        self,
        channel: ChannelSeen,
        messages: Sequence[Json],
        began_at: datetime,
        *,
        since: datetime | None = None,
        thread: str | None = None,
        begins_threads: bool = False,
    ) -> Reading:
        seen: list[MessageSeen] = []
        people: dict[str, PersonSeen] = {}
        ignored: dict[str, int] = {}
        complete = True
        for message in messages:
            place = identifier(message.get("id")) if begins_threads else thread
            try:
                one, named = await self._message(message, channel, began_at, place)
            except (NewsletterError, OSError):
                raise
            except Exception:
                # It is there, though we cannot say what it says: nothing may count as deleted for it.
                log.exception("a message in %s was not understood, %s", channel.id.id, secrets.token_hex(3))
                complete = False
                continue
            if isinstance(one, Ignored):
                ignored[one.reason] = ignored.get(one.reason, 0) + 1
                complete = complete and one.reason != "malformed"
                continue
            seen.append(one)
            people |= {person.id.id: person for person in named}
        return Reading(
            channel,
            began_at,
            tuple(seen),
            people=tuple(people[id] for id in sorted(people)),
            since=since,
            thread=thread,
            complete=complete,
            ignored=ignored,
        )

    async def message(self, channel: ChannelSeen, id: str, thread: str | None) -> MessageSeen | Ignored:
        """One message as it is now, with everybody behind its emoji. Raises ``DiscordError``."""
        began_at = self._clock()
        where = {"channel_id": thread or channel.id.id, "message_id": id}
        found = await self._rest.one("/channels/{channel_id}/messages/{message_id}", **where)
        return (await self._message(found, channel, began_at, thread))[0]

    async def _message(
        self, message: Json, channel: ChannelSeen, at: datetime, thread: str | None
    ) -> tuple[MessageSeen | Ignored, Sequence[PersonSeen]]:
        workspace, reactors = channel.id.workspace, dict[str, Sequence[Json]]()
        if payloads.has_link(message):
            reactors = await self._people_behind(message, thread or channel.id.id)
            people = [person for some in reactors.values() for person in some]
            people += payloads.named(message)
            await self._directory.learn(workspace, {identifier(one.get("id")) for one in people if not one.get("bot")})
        names = self._directory.names(workspace)
        written = payloads.exported(message, names, reactors)
        self._directory.remember(identifier(message.get("id")), thread)
        one = payloads.message_seen(
            written,
            channel.id,
            at,
            self._directory.names_of_channels(),
            thread=thread,
            source=Source.LIVE,
            spoilers=self._spoilers,
        )
        known = [
            self._directory.with_joined(person)
            for person in payloads.people_seen(written, workspace, at)
            if person.name
        ]
        return one if isinstance(one, Ignored) else replace(one, emoji=one.emoji or ()), known

    async def _people_behind(self, message: Json, place: str) -> dict[str, Sequence[Json]]:
        """Who reacted, by emoji. Asking is slow, so only where the number is not the one we asked for before."""
        id, found = identifier(message.get("id")), dict[str, Sequence[Json]]()
        for reaction in payloads.reacted(message):
            emoji, count = payloads.emoji_path(reaction.get("emoji")), reaction.get("count") or 0
            before = self._reactors.get((id, emoji))
            if before is None or before[0] != count:
                people = await self._reacted(place, id, emoji, reaction.get("count_details"))
                if people is None:
                    continue
                before = self._reactors[id, emoji] = count, people
            found[emoji] = before[1]
        return found

    async def _reacted(self, place: str, message: str, emoji: str, counts: object) -> Sequence[Json] | None:
        """Super reactions are a list of their own. ``None``: Discord does not tell, then only the number is known."""
        people: dict[str, Json] = {}
        path = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}"
        for kind, name in enumerate(("normal", "burst")):
            if isinstance(counts, dict) and not counts.get(name):
                continue
            try:
                async for page in self._rest.pages(
                    path, 100, channel_id=place, message_id=message, emoji=emoji, type=kind
                ):
                    people |= {identifier(one.get("id")): one for one in page}
            except Said:
                return None
        return list(people.values())


def denied(channel: ChannelSeen, error: Said) -> PermissionDenied:
    """What to do where Discord says no."""
    match error.code:
        case calls.UNKNOWN_CHANNEL:
            what = "it is not there any more"
        case calls.MISSING_ACCESS | calls.MISSING_PERMISSIONS:
            what = "give it the permissions View Channel and Read Message History in the channel"
        case _:
            what = str(error)
    return PermissionDenied(f"Linkletter may not read #{channel.name}: {what}")


def _sent(message: Json) -> datetime:
    return instant(message.get("timestamp")) or _EPOCH


def _may_have_moved(thread: Json, since: datetime) -> bool:
    """Whether something may have been posted in a thread since: of one whose last message is not named, too."""
    last = identifier(thread.get("last_message_id"))
    at = max(time_of(last), time_of(identifier(thread.get("id"))))
    return not last or at >= since or at < _THREADS_BEGAN


def _metadata(thread: Json) -> Json:
    return mapping(thread.get("thread_metadata"))


def _archived(thread: Json) -> datetime:
    return instant(_metadata(thread).get("archive_timestamp")) or _EPOCH
