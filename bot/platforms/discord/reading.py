"""Reading a channel back: its history since an instant, and the threads that may have changed since, as readings.

Discord answers an empty list, and no error, where we may see a channel but not its history (message, "Get Channel
Messages"), so permissions are asked for before and after every stretch. What a message says is ``payloads.py``'s.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.chat import PermissionDenied
from bot.platforms.discord import calls, payloads
from bot.platforms.discord.calls import Rest, Said
from bot.platforms.discord.directory import FORUMS, HAVE_THREADS, SPOKEN, THREADS, Directory
from bot.platforms.discord.payloads import Ignored, Json, identifier, instant, mapping, objects
from bot.platforms.discord.permissions import READING, May, lacking
from newsletter.heard import ChannelSeen, MessageSeen, PersonSeen, Reading, Source
from newsletter.ports import Clock

_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""When Discord's ids begin: reference, "Snowflakes"."""

Reactors = dict[tuple[str, str], tuple[int, Sequence[Json]]]
"""(message, emoji) -> (how many reacted, who): people are asked for only where the number is another."""


def first_id(at: datetime) -> int:
    """The lowest id a message can have that was posted then or later."""
    return max(0, (at - _EPOCH) // timedelta(milliseconds=1)) << 22


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
        """The channel since ``since``, then each thread named or active since. Raises ``PermissionDenied``."""
        kind = await self._may_read(channel)
        changed = await self._threads(channel, kind, since, threads)
        if kind in FORUMS:
            async for reading in self._forum(channel, since, changed):
                yield reading
            return
        yield await self._history(channel, since)
        for thread in changed:
            yield await self._thread(channel, thread)

    async def _may_read(self, channel: ChannelSeen) -> int:
        """What kind of channel it is. Raises ``PermissionDenied``."""
        try:
            may, found = await self._directory.permissions(channel.id.id)
        except Said as error:
            raise denied(channel, error) from error
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
        active = await self._rest.patiently("GET", "/guilds/{guild_id}/threads/active", guild_id=guild)
        mine = [one for one in objects(active.get("threads")) if identifier(one.get("parent_id")) == id]
        found |= self._learnt(one for one in mine if _moved(one) >= since)
        before: str | None = None
        while True:
            path = "/channels/{channel_id}/threads/archived/public"
            page = await self._rest.patiently("GET", path, channel_id=id, limit=100, before=before)
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
        began_at = self._clock()
        found = await self._messages(channel.id.id, first_id(since) - 1)
        await self._may_read(channel)
        inside = [one for one in found if _sent(one) >= since]
        return await self._reading(channel, inside, began_at, since=since)

    async def _thread(self, channel: ChannelSeen, thread: str) -> Reading:
        """The replies of a thread. One that is not there any more has none."""
        began_at, found = self._clock(), list[Json]()
        try:
            found = await self._messages(thread, 0)
        except Said as error:
            if error.code != calls.UNKNOWN_CHANNEL:
                raise denied(channel, error) from error
        await self._may_read(channel)
        replies = [one for one in found if identifier(one.get("id")) != thread]
        return await self._reading(channel, replies, began_at, thread=thread)

    async def _forum(self, channel: ChannelSeen, since: datetime, threads: Sequence[str]) -> AsyncGenerator[Reading]:
        """A forum has no messages of its own: what its posts begin with stands for them, and the rest are replies."""
        began_at, posts = self._clock(), list[Json]()
        for id in threads:
            if time_of(id) >= since:
                posts += [one for one in await self._first(channel, id) if _sent(one) >= since]
        await self._may_read(channel)
        yield await self._reading(channel, posts, began_at, since=since, begins_threads=True)
        for id in threads:
            yield await self._thread(channel, id)

    async def _first(self, channel: ChannelSeen, thread: str) -> list[Json]:
        try:
            where = {"channel_id": thread, "message_id": thread}
            return [await self._rest.patiently("GET", "/channels/{channel_id}/messages/{message_id}", **where)]
        except Said as error:
            if error.code in (calls.UNKNOWN_MESSAGE, calls.UNKNOWN_CHANNEL):
                return []
            raise denied(channel, error) from error

    async def _messages(self, id: str, after: int) -> list[Json]:
        pages = self._rest.pages("/channels/{channel_id}/messages", 100, after=max(0, after), channel_id=id)
        return [one async for page in pages for one in page]

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
        for message in messages:
            place = identifier(message.get("id")) if begins_threads else thread
            one, named = await self._message(message, channel, began_at, place)
            if isinstance(one, Ignored):
                ignored[one.reason] = ignored.get(one.reason, 0) + 1
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
            complete=True,
            ignored=ignored,
        )

    async def message(self, channel: ChannelSeen, id: str, thread: str | None) -> MessageSeen | Ignored:
        """One message as it is now, with everybody behind its emoji. Raises ``DiscordError``."""
        began_at = self._clock()
        where = {"channel_id": thread or channel.id.id, "message_id": id}
        found = await self._rest.patiently("GET", "/channels/{channel_id}/messages/{message_id}", **where)
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
        known = [person for person in payloads.people_seen(written, workspace, at) if person.name]
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
    what = (
        "it is not there any more"
        if error.code == calls.UNKNOWN_CHANNEL
        else "give it the permissions View Channel and Read Message History in the channel"
    )
    return PermissionDenied(f"Linkletter may not read #{channel.name}: {what}")


def _sent(message: Json) -> datetime:
    return instant(message.get("timestamp")) or _EPOCH


def _moved(thread: Json) -> datetime:
    """When something was last posted in a thread, or it was begun."""
    return time_of(identifier(thread.get("last_message_id")) or identifier(thread.get("id")))


def _metadata(thread: Json) -> Json:
    return mapping(thread.get("thread_metadata"))


def _archived(thread: Json) -> datetime:
    return instant(_metadata(thread).get("archive_timestamp")) or _EPOCH
