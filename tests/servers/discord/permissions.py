"""Who may do what where: Discord's permission bits and how a channel computes them. topics/permissions."""

from collections.abc import Collection, Iterable
from enum import IntFlag
from typing import NamedTuple


class May(IntFlag):
    """Bits of topics/permissions, "Bitwise Permission Flags"; those that matter to a bot that reads and posts."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


NOTHING = May(0)
EVERYTHING = May((1 << 53) - 1)
# What @everyone may do in a new guild, as far as named above.
EVERYONE = (
    May.ADD_REACTIONS | May.VIEW_CHANNEL | May.SEND_MESSAGES | May.EMBED_LINKS | May.ATTACH_FILES
    | May.READ_MESSAGE_HISTORY | May.MENTION_EVERYONE | May.USE_EXTERNAL_EMOJIS | May.USE_APPLICATION_COMMANDS
    | May.CREATE_PUBLIC_THREADS | May.CREATE_PRIVATE_THREADS | May.SEND_MESSAGES_IN_THREADS
)  # fmt: skip


class Overwrite(NamedTuple):
    """What a channel changes for one role (``kind`` 0) or one member (1)."""

    kind: int
    allow: May = NOTHING
    deny: May = NOTHING


def base(owner: bool, permissions: Iterable[May]) -> May:
    """In the guild: the roles' permissions joined, ``@everyone`` among them."""
    joined = NOTHING
    for one in permissions:
        joined |= one
    return EVERYTHING if owner or May.ADMINISTRATOR in joined else joined


def computed(
    base: May, overwrites: dict[str, Overwrite], guild: str, roles: Collection[str], member: str, *, thread: bool
) -> May:
    """In a channel: the overwrites of @everyone, then of the roles together, then the member's own.

    A thread has its parent's.
    """
    if May.ADMINISTRATOR in base:
        return EVERYTHING
    for ids in ([guild], roles, [member]):
        allow = deny = NOTHING
        for id in ids:
            overwrite = overwrites.get(id, Overwrite(0))
            allow, deny = allow | overwrite.allow, deny | overwrite.deny
        base = base & ~deny | allow
    return implied(base, May.SEND_MESSAGES_IN_THREADS if thread else May.SEND_MESSAGES)


def implied(granted: May, sending: May) -> May:
    """Less what is worth nothing without another permission. topics/permissions, "Implicit Permissions"."""
    if May.VIEW_CHANNEL not in granted:
        return NOTHING
    if sending not in granted:
        granted &= ~(May.MENTION_EVERYONE | May.ATTACH_FILES | May.EMBED_LINKS)
    return granted
