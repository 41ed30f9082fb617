"""Who and what the ids in Discord's JSON are: the servers we are in, their channels and threads, people's names.

It asks by REST, so that it works without a gateway, and once, until it is told that something changed. A thread is a
part of its channel: of who may read it, of the newsletter that collects from it. A private thread is a channel by
itself, for only some of those who see the channel see it.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.platforms.discord import permissions
from bot.platforms.discord.calls import Rest, Said
from bot.platforms.discord.payloads import PLATFORM, Json, identifier, instant, listed, mapping, name_of, objects
from bot.platforms.discord.permissions import NOTHING, May
from newsletter.heard import ChannelId, ChannelSeen, PersonId, PersonSeen
from newsletter.ports import Clock

KNOWN_FOR = timedelta(hours=6)
"""How long a name is good for: without a privileged intent Discord tells of no change."""
CHANNELS_KNOWN_FOR = timedelta(minutes=5)
"""How long channels are, where no gateway tells of changes."""
REMEMBERED = 10_000
"""Of so many messages in threads we know in which."""

log = logging.getLogger(__name__)

# https://docs.discord.com/developers/resources/channel, "Channel Types"
TEXT, VOICE, ANNOUNCEMENTS, STAGE, FORUM, MEDIA = 0, 2, 5, 13, 15, 16
PUBLIC_THREADS, PRIVATE_THREAD = (10, 11), 12
THREADS = (*PUBLIC_THREADS, PRIVATE_THREAD)
SPOKEN, FORUMS = (VOICE, STAGE), (FORUM, MEDIA)
HAVE_THREADS = (TEXT, ANNOUNCEMENTS, *FORUMS)
COLLECTED = (*HAVE_THREADS, *SPOKEN)


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or thread; ``parent`` is a thread's channel. ``seen`` is missing where nothing is collected from: a
    category, an age-restricted channel, one that we do not see."""

    id: str
    guild: str
    kind: int
    seen: ChannelSeen | None
    parent: str = ""
    last_message: str = ""

    @property
    def is_part(self) -> bool:
        """Whether it belongs to its parent."""
        return self.kind in PUBLIC_THREADS


@dataclass(frozen=True, slots=True)
class Where:
    """Where something was said: the channel it counts for, and the thread in it."""

    channel: ChannelSeen
    kind: int
    thread: str | None = None

    @property
    def written_in(self) -> str:
        """The id of the channel or thread for Discord."""
        return self.thread or self.channel.id.id


class Directory:
    """The servers of one bot, or the one that ``workspace`` names."""

    def __init__(self, rest: Rest, clock: Clock, workspace: str = "") -> None:
        self._rest = rest
        self._clock = clock
        self._workspace = workspace
        self._places: dict[str, Place] = {}
        self._as_of: datetime | None = None
        self._looking = asyncio.Lock()
        self._told = False
        self._names: dict[str, dict[str, str]] = {}
        self._named_at: dict[tuple[str, str], datetime] = {}
        self._joined: dict[PersonId, datetime] = {}
        self._people: dict[str, int] = {}
        self._threads: dict[str, str] = {}
        self._with_role: dict[str, set[PersonId]] = {}
        self._roles: dict[str, set[str]] = {}

    async def us(self) -> str:
        """Our own id as a person."""
        user = (await self._rest.client()).user
        return str(user.id) if user is not None else ""

    async def application(self) -> str:
        """The id of our application."""
        return str((await self._rest.client()).application_id or "")

    # --- channels ---

    async def channels(self) -> dict[str, ChannelSeen]:
        """The channels Linkletter sees, by id. Raises ``DiscordError``."""
        return {id: place.seen for id, place in (await self.places()).items() if place.seen and not place.is_part}

    async def places(self) -> dict[str, Place]:
        """Every channel and active thread, by id. Raises ``DiscordError``."""
        async with self._looking:
            while self._as_of is None or (not self._told and self._clock() - self._as_of > CHANNELS_KNOWN_FOR):
                # What changes meanwhile forgets it again.
                self._as_of = self._clock()
                try:
                    self._places = await self._look()
                except BaseException:
                    self._as_of = None
                    raise
        return self._places

    async def _look(self) -> dict[str, Place]:
        found: dict[str, Place] = {}
        for guild in await self.guilds():
            try:
                found |= await self._of_guild(guild)
            except Said as error:
                if error.status not in (403, 404):
                    raise
                log.warning("the server %s cannot be looked at, is the bot in it? %s", guild, error)
        return found

    def forget(self, *, told: bool = True) -> None:
        """Something changed; ``told``: from now on a gateway tells what does."""
        self._as_of, self._told = None, told

    async def where(self, id: str, guild: str) -> Where | None:
        """Where what was said in this channel or thread counts; ``None`` where it does not."""
        places = await self.places()
        if id not in places and not (self._workspace and guild != self._workspace):
            await self._learn(id)
            places = self._places
        place = places.get(id)
        parent = places.get(place.parent) if place is not None and place.is_part else place
        if place is None or parent is None or parent.seen is None:
            return None
        return Where(parent.seen, parent.kind, id if place.is_part else None)

    async def _learn(self, id: str) -> None:
        try:
            channel = await self._rest.one("/channels/{channel_id}", channel_id=id)
        except Said:
            channel = {"id": id}
        if channel.get("type") in THREADS:
            self.learn_thread(channel)
        else:
            self._places[id] = Place(id, identifier(channel.get("guild_id")), -1, None)
        if (parent := identifier(channel.get("parent_id"))) and parent not in self._places:
            self.forget(told=self._told)
            await self.places()
            self.learn_thread(channel)

    def learn_thread(self, thread: Json) -> None:
        """A thread, from an event or an answer."""
        id = identifier(thread.get("id"))
        if id and thread.get("type") in THREADS:
            guild = identifier(thread.get("guild_id")) or self._guild_of(identifier(thread.get("parent_id")))
            self._places[id] = self._thread(thread, guild, self._places)

    def forget_thread(self, id: str) -> None:
        """It is gone."""
        self._places.pop(id, None)

    def _guild_of(self, channel: str) -> str:
        """A channel need not say which server it is in (resources/channel, "Channel Object")."""
        known = self._places.get(channel)
        return known.guild if known else self._workspace

    async def guilds(self) -> list[str]:
        """The ids of the servers we are in, or of the one that is configured."""
        if self._workspace:
            return [self._workspace]
        return [identifier(one.get("id")) async for page in self._rest.pages("/users/@me/guilds", 200) for one in page]

    async def _of_guild(self, id: str) -> dict[str, Place]:
        guild = await self._rest.one("/guilds/{guild_id}", guild_id=id, with_counts="true")
        count = guild.get("approximate_member_count")
        self._people[id] = count if isinstance(count, int) else 0
        self._roles[id] = {identifier(role.get("id")) for role in objects(guild.get("roles"))}
        me, roles = await self._me(id)
        granted = permissions.in_server(guild, me, roles)
        found: dict[str, Place] = {}
        for channel in await self._rest.many("/guilds/{guild_id}/channels", guild_id=id):
            may = permissions.in_channel(granted, id, channel, me, roles)
            place = self._place({**guild, "id": id}, channel, may)
            found[place.id] = place
        active = await self._rest.one("/guilds/{guild_id}/threads/active", guild_id=id)
        for thread in objects(active.get("threads")):
            found[identifier(thread.get("id"))] = self._thread(thread, id, found)
        return found

    def _place(self, guild: Json, channel: Json, may: May) -> Place:
        id, workspace, kind = identifier(channel.get("id")), identifier(guild.get("id")), channel.get("type", -1)
        seen = None
        if kind in COLLECTED and May.VIEW_CHANNEL in may and not channel.get("nsfw"):
            private = permissions.is_private(guild, channel)
            name = str(channel.get("name") or "")
            people = self._people.get(workspace)
            seen = ChannelSeen(ChannelId(PLATFORM, workspace, id), name, self._clock(), private, people)
        return Place(id, workspace, kind, seen)

    def _thread(self, thread: Json, guild: str, places: Mapping[str, Place]) -> Place:
        id, parent = identifier(thread.get("id")), identifier(thread.get("parent_id"))
        above = places.get(parent)
        seen = None
        if thread.get("type") == PRIVATE_THREAD and above is not None and above.seen is not None:
            name = str(thread.get("name") or "")
            seen = ChannelSeen(ChannelId(PLATFORM, guild, id), name, self._clock(), private=True)
        last = identifier(thread.get("last_message_id"))
        return Place(id, guild, thread.get("type", -1), seen, parent, last)

    def names_of_channels(self) -> dict[str, str]:
        """What the channels known now are called that everybody in their server sees."""
        seen = [place.seen for place in self._places.values() if place.seen is not None]
        return {one.id.id: one.name for one in seen if not one.private}

    # --- permissions ---

    async def permissions(self, id: str) -> tuple[May, Json]:
        """What we may do in a channel, asked anew, and the channel. Raises ``DiscordError``.

        In a thread one may do what one may in its channel.
        """
        channel = await self._rest.one("/channels/{channel_id}", channel_id=id)
        above = channel
        if channel.get("type") in THREADS:
            above = await self._rest.one("/channels/{channel_id}", channel_id=channel.get("parent_id"))
        guild_id = identifier(channel.get("guild_id")) or self._guild_of(id)
        if not guild_id:
            return NOTHING, channel
        guild = await self._rest.one("/guilds/{guild_id}", guild_id=guild_id)
        me, roles = await self._me(guild_id)
        return permissions.in_channel(permissions.in_server(guild, me, roles), guild_id, above, me, roles), channel

    async def _me(self, guild: str) -> tuple[str, Sequence[str]]:
        me = await self.us()
        member = await self._rest.one("/guilds/{guild_id}/members/{user_id}", guild_id=guild, user_id=me)
        return me, _ids(member.get("roles"))

    # --- people ---

    def meet(self, guild: str, person: Json, member: object) -> None:
        """Learn what a server calls someone, from what stands beside a message."""
        id = identifier(person.get("id"))
        if id and isinstance(member, dict):
            self._name(guild, id, name_of(person, member))
            if (joined := instant(member.get("joined_at"))) is not None:
                self._joined[PersonId(PLATFORM, guild, id)] = joined
            if "roles" in member:
                self.has_roles(PersonId(PLATFORM, guild, id), member["roles"])

    def with_joined(self, person: PersonSeen) -> PersonSeen:
        """With the time since when they belong to the server, where Discord said so."""
        return replace(person, joined_at=self._joined.get(person.id))

    def _name(self, guild: str, id: str, name: str) -> None:
        self._names.setdefault(guild, {})[id] = name
        self._named_at[guild, id] = self._clock()

    async def learn(self, guild: str, people: Iterable[str]) -> None:
        """Ask for the names that are not known, however long it takes: for reading back, where nobody waits."""
        now = self._clock()
        for id in people:
            known = self._named_at.get((guild, id))
            if known is not None and now - known < KNOWN_FOR:
                continue
            try:
                where = {"guild_id": guild, "user_id": id}
                member = await self._rest.one("/guilds/{guild_id}/members/{user_id}", **where)
            except Said:
                self._name(guild, id, "")  # they left: what they call themselves must do
                self.has_roles(PersonId(PLATFORM, guild, id), ())
                continue
            user = member.get("user")
            self.meet(guild, mapping(user), member)

    def names(self, guild: str) -> Mapping[str, str]:
        """What people are called in a server, by id, as far as it is known; ``""``: as they call themselves."""
        return self._names.get(guild, {})

    def has_roles(self, person: PersonId, roles: object) -> None:
        """What Discord said of a person with what they did."""
        for members in self._with_role.values():
            members.discard(person)
        for role in _ids(roles):
            self._with_role.setdefault(role, set()).add(person)

    async def with_role(self, role: str) -> frozenset[PersonId] | None:
        """Who has a role; ``None`` where no server of ours has one with this id.

        Discord lists members only to who has the privileged intent for them. To others it says the roles of who posts,
        reacts or asks: then it is those of them who have it.
        """
        await self.places()
        for guild, roles in self._roles.items():
            if role in roles:
                pages = self._rest.pages("/guilds/{guild_id}/members", 1000, guild_id=guild)
                try:
                    members = [one async for page in pages for one in page if role in _ids(one.get("roles"))]
                except Said:
                    return frozenset(self._with_role.get(role, ()))
                people = (identifier(mapping(one.get("user")).get("id")) for one in members)
                return frozenset(PersonId(PLATFORM, guild, person) for person in people if person)
        return None

    # --- messages in threads ---

    def remember(self, message: str, thread: str | None) -> None:
        """A message is in a thread; nothing but that says where Discord finds it."""
        if thread is not None:
            self._threads[message] = thread
            while len(self._threads) > REMEMBERED:
                del self._threads[next(iter(self._threads))]

    def thread_of(self, message: str) -> str | None:
        """The thread a message is in, as far as we remember. A forum's posts begin with a message of their own id."""
        if (known := self._threads.get(message)) is not None:
            return known
        place = self._places.get(message)
        above = self._places.get(place.parent) if place is not None else None
        return message if above is not None and above.kind in FORUMS else None


def _ids(values: object) -> Sequence[str]:
    return [identifier(one) for one in listed(values)]
