"""Who may do what where, from Discord's JSON of servers, roles and channels. Pure.

https://docs.discord.com/developers/topics/permissions: the roles of a member are joined, then what a channel says of
@everyone, of the roles together and of the member is laid over them.
"""

from collections.abc import Collection, Iterable
from enum import IntFlag

from bot.platforms.discord.payloads import Json, identifier, objects


class May(IntFlag):
    """Bits of the page above; those that matter to us."""

    ADMINISTRATOR = 1 << 3
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    EMBED_LINKS = 1 << 14
    READ_MESSAGE_HISTORY = 1 << 16
    CONNECT = 1 << 20
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


NOTHING = May(0)
EVERYTHING = ~NOTHING
READING = May.VIEW_CHANNEL | May.READ_MESSAGE_HISTORY
POSTING = (
    May.VIEW_CHANNEL
    | May.SEND_MESSAGES
    | May.EMBED_LINKS
    | May.CREATE_PUBLIC_THREADS
    | May.SEND_MESSAGES_IN_THREADS
    | May.READ_MESSAGE_HISTORY
)
NEEDED = READING | POSTING | May.ADD_REACTIONS
"""All we ever ask for, and what the invite names."""

NAMES = {
    May.ADD_REACTIONS: "Add Reactions",
    May.VIEW_CHANNEL: "View Channel",
    May.SEND_MESSAGES: "Send Messages",
    May.EMBED_LINKS: "Embed Links",
    May.READ_MESSAGE_HISTORY: "Read Message History",
    May.CONNECT: "Connect",
    May.CREATE_PUBLIC_THREADS: "Create Public Threads",
    May.SEND_MESSAGES_IN_THREADS: "Send Messages in Threads",
}
"""As Discord's settings call them."""


def in_server(guild: Json, person: str, roles: Collection[str]) -> May:
    """What a member may do before any channel's overwrites; ``roles`` are theirs, @everyone has the server's id."""
    mine = {identifier(guild.get("id")), *roles}
    granted = NOTHING
    for role in objects(guild.get("roles")):
        if identifier(role.get("id")) in mine:
            granted |= _bits(role.get("permissions"))
    everything = May.ADMINISTRATOR in granted or (bool(person) and identifier(guild.get("owner_id")) == person)
    return EVERYTHING if everything else granted


def in_channel(granted: May, guild: str, channel: Json, person: str, roles: Collection[str]) -> May:
    """What is left or added in a channel; whoever does not see it may do nothing in it."""
    if May.ADMINISTRATOR in granted:
        return granted
    overwrites = {identifier(one.get("id")): one for one in objects(channel.get("permission_overwrites"))}
    for ids in ([guild], [role for role in roles if role != guild], [person]):
        allow, deny = _joined(overwrites[id] for id in ids if id in overwrites)
        granted = granted & ~deny | allow
    return granted if May.VIEW_CHANNEL in granted else NOTHING


def is_private(guild: Json, channel: Json) -> bool:
    """Whether not everybody in the server sees the channel."""
    id = identifier(guild.get("id"))
    return May.VIEW_CHANNEL not in in_channel(in_server(guild, "", ()), id, channel, "", ())


def lacking(needed: May, granted: May) -> str:
    """What is missing, by the names of Discord's settings; ``""``: nothing."""
    return ", ".join(name for one, name in NAMES.items() if one in needed and one not in granted)


def _joined(overwrites: Iterable[Json]) -> tuple[May, May]:
    allow = deny = NOTHING
    for one in overwrites:
        allow, deny = allow | _bits(one.get("allow")), deny | _bits(one.get("deny"))
    return allow, deny


def _bits(value: object) -> May:
    """Permissions come as text, because they do not fit into a JavaScript number."""
    return May(int(value)) if isinstance(value, str | int) and str(value).isdecimal() else NOTHING
