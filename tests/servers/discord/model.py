"""What a Discord server consists of: people, roles, guilds, channels, messages. Values that change, and no network.

Ids are text, as in JSON. What they look like on the wire is the business of ``payloads.py``, who may change them of
``rest_*.py``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from itertools import count
from typing import Any

from tests.servers.discord.permissions import EVERYONE, NOTHING, May, Overwrite, base, computed

Json = dict[str, Any]
EPOCH = 1_420_070_400_000  # ms: the first of January 2015, reference, "Snowflakes"


class Kind(IntEnum):
    """Channel types, resources/channel."""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15
    MEDIA = 16


THREADS = (Kind.ANNOUNCEMENT_THREAD, Kind.PUBLIC_THREAD, Kind.PRIVATE_THREAD)
FORUMS = (Kind.FORUM, Kind.MEDIA)
NO_MESSAGES = (*FORUMS, Kind.CATEGORY)


class Flag(IntFlag):
    """Message flags, resources/message."""

    CROSSPOSTED = 1 << 0
    IS_CROSSPOST = 1 << 1
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    HAS_SNAPSHOT = 1 << 14
    IS_COMPONENTS_V2 = 1 << 15


NO_FLAGS = Flag(0)


class Snowflakes:
    """Ids that grow with the clock and never repeat; of one millisecond, in the order they were made."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._made = count(1)

    def __call__(self) -> str:
        # Never later than it is, or what is edited at once would be edited before it was written.
        milliseconds = int(self._clock().timestamp() * 1000) - EPOCH
        return str(milliseconds << 22 | next(self._made) % (1 << 22))


def moment(snowflake: str) -> datetime:
    """When an id was made."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH) / 1000, UTC)


@dataclass(eq=False)
class Person:
    """A user, or a bot, or (``webhook``) a name that a webhook posts under."""

    id: str
    name: str
    bot: bool = False
    webhook: bool = False
    locale: str = "en-US"
    takes_messages: bool = True
    """From bots of a server they are in."""


@dataclass(eq=False)
class Role:
    """A role; the one with the guild's id is @everyone."""

    id: str
    name: str
    permissions: May = NOTHING
    mentionable: bool = False


@dataclass(eq=False)
class Member:
    """A person in a guild."""

    person: Person
    joined_at: datetime
    roles: set[str] = field(default_factory=set)
    nick: str | None = None


@dataclass(eq=False)
class Guild:
    """A Discord "server"."""

    id: str
    name: str
    owner: Person
    roles: dict[str, Role]
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, "Channel"] = field(default_factory=dict)
    """Threads too."""
    locale: str = "en-US"

    @property
    def threads(self) -> list["Channel"]:
        return [channel for channel in self.channels.values() if channel.kind in THREADS]

    def permissions(self, person: Person) -> May:
        """What they may do before any channel's overwrites; nothing, for one who is not a member."""
        member = self.members.get(person.id)
        if member is None:
            return NOTHING
        roles = [self.roles[id].permissions for id in [self.id, *sorted(member.roles)] if id in self.roles]
        return base(self.owner is person, roles)


@dataclass(eq=False)
class ThreadState:
    """What a channel has more when it is a thread."""

    owner: Person
    archived_at: datetime
    made_at: datetime
    archived: bool = False
    locked: bool = False
    minutes: int = 1440
    members: dict[str, datetime] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Channel:
    """A channel or, with ``thread``, a thread of ``parent``."""

    id: str
    guild: Guild
    name: str
    kind: Kind = Kind.TEXT
    parent: "Channel | None" = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    topic: str | None = None
    position: int = 0
    nsfw: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    """A forum's tags: name by id."""
    requires_tag: bool = False
    thread: ThreadState | None = None
    messages: dict[str, "Message"] = field(default_factory=dict)
    """Oldest first."""
    followers: list["Channel"] = field(default_factory=list)

    def permissions(self, person: Person) -> May:
        """What they may do here."""
        above = self.parent if self.thread and self.parent else self
        member = self.guild.members.get(person.id)
        roles = member.roles if member else ()
        granted = computed(
            self.guild.permissions(person), above.overwrites, self.guild.id, roles, person.id, thread=bool(self.thread)
        )
        if self.kind is Kind.PRIVATE_THREAD and not self._invited(person, granted):
            return NOTHING
        return granted

    def _invited(self, person: Person, granted: May) -> bool:
        return May.MANAGE_THREADS in granted or bool(self.thread and person.id in self.thread.members)

    def overwrite(self, id: str, kind: int, *, allow: May = NOTHING, deny: May = NOTHING) -> None:
        """Grant and forbid on top of what is already overwritten for this role or member."""
        now = self.overwrites.get(id, Overwrite(kind))
        self.overwrites[id] = Overwrite(kind, now.allow & ~deny | allow, now.deny & ~allow | deny)


@dataclass(eq=False)
class Reactors:
    """Who put one emoji on a message, each in order: ``plain`` and as super reaction."""

    emoji: Json
    plain: list[Person] = field(default_factory=list)
    burst: list[Person] = field(default_factory=list)


@dataclass(eq=False)
class Message:
    """A message as it now is. ``seen_by``: an ephemeral one, which only that person sees."""

    id: str
    channel: Channel
    author: Person
    content: str
    sent_at: datetime
    kind: int = 0
    edited_at: datetime | None = None
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: Flag = NO_FLAGS
    mentions: list[Person] = field(default_factory=list)
    role_mentions: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    pinged: frozenset[str] = frozenset()
    """The ids of the people it called, through whatever mention; edits call nobody."""
    allowed_mentions: Json | None = None
    """As sent."""
    reactions: dict[str, Reactors] = field(default_factory=dict)
    reference: Json | None = None
    replied_to: "Message | None" = None
    snapshots: list[Json] = field(default_factory=list)
    thread: Channel | None = None
    pinned: bool = False
    nonce: str | None = None
    webhook_id: str | None = None
    asked: Json = field(default_factory=dict)
    """Of an answer to an interaction: ``application_id``, ``interaction_metadata``, …"""
    seen_by: Person | None = None

    @property
    def shown(self) -> list[Json]:
        """The embeds that people see: of those with the same ``url`` only the first. resources/message, Embed Limits."""
        seen: set[str] = set()
        if Flag.SUPPRESS_EMBEDS in self.flags:
            return []
        return [one for one in self.embeds if not (one.get("url") and (one["url"] in seen or seen.add(one["url"])))]

    @property
    def text(self) -> str:
        """Everything there is to read in it, a line for each thing, in the order of the screen."""
        lines = [self.content]
        for embed in self.shown:
            lines += [embed.get("author", {}).get("name", ""), embed.get("title", ""), embed.get("description", "")]
            for one in embed.get("fields", ()):
                lines += [one["name"], one["value"]]
            lines.append(embed.get("footer", {}).get("text", ""))
        lines += [one.get("content", "") for one in nested(self.components) if one["type"] == TEXT_DISPLAY]
        return "\n".join(line for line in lines if line)


TEXT_DISPLAY = 10


def nested(components: Iterable[Json]) -> list[Json]:
    """Every component with those inside it, in order."""
    found = []
    for one in components:
        inside = [*one.get("components", ()), *(one[key] for key in ("accessory", "component") if one.get(key))]
        found += [one, *nested(inside)]
    return found


def pings(
    content: str, channel: Channel, author: Person, allowed: Json | None, default: Sequence[str], reply: Person | None
) -> tuple[list[Person], list[str], bool, frozenset[str]]:
    """The people, roles and "everyone" that a message mentions, and the ids of all it calls. resources/message,
    "Allowed Mentions Object": what is not allowed is no mention.

    Mentions in embeds call nobody.
    """
    guild = channel.guild
    parse = default if allowed is None else (allowed.get("parse") or ())
    named = {key: {str(id) for id in (allowed or {}).get(key) or ()} for key in ("users", "roles")}
    users = re.findall(r"<@!?(\d+)>", content)
    roles = [id for id in re.findall(r"<@&(\d+)>", content) if id in guild.roles]
    may = channel.permissions(author)
    people = [
        guild.members[id].person
        for id in dict.fromkeys(users)
        if id in guild.members and ("users" in parse or id in named["users"])
    ]
    called_roles = [
        id
        for id in dict.fromkeys(roles)
        if ("roles" in parse or id in named["roles"]) and (guild.roles[id].mentionable or May.MENTION_EVERYONE in may)
    ]
    everyone = bool(re.search(r"@(everyone|here)\b", content)) and "everyone" in parse and May.MENTION_EVERYONE in may
    if reply and reply not in people and (allowed is None or allowed.get("replied_user")):
        people.append(reply)
    called = {
        id
        for id, member in guild.members.items()
        if (everyone or member.person in people or member.roles & {*called_roles})
        and member.person is not author
        and May.VIEW_CHANNEL in channel.permissions(member.person)
    }
    return people, called_roles, everyone, frozenset(called)


def everyone_role(guild_id: str) -> Role:
    """The role that all members have."""
    return Role(guild_id, "@everyone", EVERYONE)
