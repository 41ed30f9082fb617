"""People, channels and messages as values, and as the objects of https://docs.slack.dev/reference/objects."""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.servers.slack import words

Json = dict[str, Any]


@dataclass(eq=False)
class Person:
    """Someone in the workspace, or the user of a bot. ``home`` is another workspace's id for a guest (Slack Connect)."""

    id: str
    name: str
    real_name: str = ""
    bot_id: str = ""
    app_id: str = ""
    home: str = ""
    locale: str = "en-US"
    zone: str = "Europe/Paris"
    deleted: bool = False
    admin: bool = False


@dataclass(eq=False)
class Message:
    """A message as it now is. ``fields`` are those that neither thread nor reactions give it."""

    channel: "Channel"
    ts: str
    fields: Json
    thread: str | None = None
    broadcast: bool = False
    metadata: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def author(self) -> str:
        """The id of the person or the bot's user."""
        return self.fields.get("user", "")

    @property
    def gone(self) -> bool:
        """Whether it is only the tombstone over a thread."""
        return self.fields.get("subtype") == "tombstone"


@dataclass(eq=False)
class Channel:
    """A channel, or a conversation of two. ``kind`` is Slack's ``channel_type``: channel, group, im."""

    id: str
    name: str
    kind: str = "channel"
    members: list[str] = field(default_factory=list)
    archived: bool = False
    shared: bool = False
    created: int = 0
    former_names: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    """By ``ts``, oldest first: time goes only forward."""
    replies: dict[str, list[Message]] = field(default_factory=dict)
    """By the ``ts`` of the first message."""

    @property
    def private(self) -> bool:
        """Whether only its members know of it."""
        return self.kind != "channel"


@dataclass(eq=False)
class Group:
    """A user group (``@editors``)."""

    id: str
    handle: str
    people: list[str]


@dataclass(frozen=True)
class Shown:
    """Something only ``person`` sees: an ephemeral message, however it came (``via``: ack, response_url, postEphemeral)."""

    person: Person
    channel: Channel
    message: Json
    via: str

    @property
    def text(self) -> str:
        """As it is read."""
        return words.read(self.message)


def user(person: Person, team: str) -> Json:
    """A person as ``users.info`` has them."""
    profile = {
        "real_name": person.real_name, "real_name_normalized": person.real_name,
        "display_name": "" if person.bot_id else person.name,
        "display_name_normalized": "" if person.bot_id else person.name, "team": person.home or team,
        "image_48": f"https://avatars.slack-edge.com/{person.id}_48.png",
    }  # fmt: skip
    if person.bot_id:
        profile |= {"bot_id": person.bot_id, "api_app_id": person.app_id}
    return {
        "id": person.id, "team_id": person.home or team, "name": handle(person), "deleted": person.deleted,
        "real_name": person.real_name, "tz": person.zone, "locale": person.locale, "profile": profile,
        "is_admin": person.admin, "is_owner": False, "is_bot": bool(person.bot_id), "is_app_user": False,
        "is_restricted": False, "is_ultra_restricted": False, "updated": 1_700_000_000,
    } | ({"is_stranger": True} if person.home else {})  # fmt: skip


def handle(person: Person) -> str:
    """What a person was once called by with an ``@``."""
    return re.sub(r"[^a-z0-9._-]", "", person.name.lower()) or person.id.lower()


def bot_profile(person: Person, team: str) -> Json:
    """A bot as it stands beside its messages, and in ``bots.info``."""
    return {
        "id": person.bot_id, "app_id": person.app_id, "user_id": person.id, "name": person.name,
        "team_id": team, "deleted": False, "updated": 1_700_000_000, "icons": {},
    }  # fmt: skip


def conversation(channel: Channel, team: str, bot: Person, person: Person) -> Json:
    """A channel as ``conversations.info`` has it for ``person``."""
    made: Json = {
        "id": channel.id, "created": channel.created, "is_archived": channel.archived, "context_team_id": team,
        "is_org_shared": False,
    }  # fmt: skip
    if channel.kind == "im":
        other = next(id for id in channel.members if id != bot.id)
        return made | {"is_im": True, "user": other, "is_user_deleted": False}
    nothing = {"value": "", "creator": "", "last_set": 0}
    return made | {
        "name": channel.name, "name_normalized": channel.name, "is_channel": True, "is_group": False,
        "is_im": False, "is_mpim": False, "is_private": channel.private, "is_general": False,
        "is_shared": channel.shared, "is_ext_shared": channel.shared, "creator": "USLACKBOT",
        "num_members": len(channel.members), "is_member": person.id in channel.members,
        "previous_names": channel.former_names[::-1], "topic": nothing, "purpose": nothing,
    }  # fmt: skip


def file(person: Person, name: str, id: str, team: str, url: str) -> Json:
    """An uploaded file."""
    return {
        "id": id, "name": name, "title": name, "user": person.id, "mode": "hosted", "is_external": False,
        "filetype": name.rpartition(".")[2], "permalink": f"{url}/files/{person.id}/{id}/{name}",
        "url_private": f"https://files.slack.com/files-pri/{team}-{id}/{name}",
    }  # fmt: skip
