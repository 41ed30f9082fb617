"""What is kept as Discord's JSON: users, members, guilds, channels, messages, as REST answers and events carry them.

discord.py tests for the presence of keys, not for their truth: what is optional is left out, never null. Which events
carry what is the business of ``gateway.py`` and ``platform.py``.
"""

from collections.abc import Sequence
from datetime import datetime

from tests.servers.discord.model import Channel, Flag, Guild, Json, Kind, Member, Message, Person, Reactors, Role
from tests.servers.discord.permissions import May

# What is empty without the MESSAGE_CONTENT intent. events/gateway, "Message Content Intent".
CONTENT: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def instant(at: datetime) -> str:
    """``2020-06-17T03:04:05.678000+00:00``."""
    return at.isoformat(timespec="microseconds")


def user(person: Person) -> Json:
    if person.webhook:
        return _user(person) | {"discriminator": "0000", "bot": True}
    return _user(person) | ({"bot": True} if person.bot else {})


def _user(person: Person) -> Json:
    return {
        "id": person.id,
        "username": person.name.lower(),
        "global_name": None if person.bot or person.webhook else person.name,
        "discriminator": "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    } | ({"username": person.name} if person.bot or person.webhook else {})


def myself(person: Person) -> Json:
    """``GET /users/@me``."""
    return user(person) | {"mfa_enabled": True, "locale": person.locale, "verified": True, "email": None, "bio": ""}


def partial_member(member: Member) -> Json:
    """A member whose user stands beside it."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": instant(member.joined_at),
        "nick": member.nick,
        "pending": False,
        "premium_since": None,
        "roles": sorted(member.roles),
        "mute": False,
        "deaf": False,
    }


def member(one: Member) -> Json:
    return partial_member(one) | {"user": user(one.person)}


def role(one: Role, guild: Guild) -> Json:
    return {
        "id": one.id,
        "name": one.name,
        "permissions": str(int(one.permissions)),
        "position": list(guild.roles).index(one.id),
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": one.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel(one: Channel) -> Json:
    """A channel, or a thread."""
    if one.thread:
        return _thread(one)
    return _common(one) | {
        "position": one.position,
        "nsfw": one.nsfw,
        "topic": one.topic,
        "permission_overwrites": [
            {"id": id, "type": each.kind, "allow": str(int(each.allow)), "deny": str(int(each.deny))}
            for id, each in one.overwrites.items()
        ],
        "parent_id": one.parent.id if one.parent else None,
        **(_forum(one) if one.kind in (Kind.FORUM, Kind.MEDIA) else {}),
    }


def _common(one: Channel) -> Json:
    return {
        "id": one.id,
        "type": int(one.kind),
        "guild_id": one.guild.id,
        "name": one.name,
        "flags": 1 << 4 if one.requires_tag else 0,
        "rate_limit_per_user": 0,
        "last_message_id": next(reversed(one.messages), None),
    }


def _forum(one: Channel) -> Json:
    return {
        "available_tags": [
            {"id": id, "name": name, "moderated": False, "emoji_id": None, "emoji_name": None}
            for id, name in one.tags.items()
        ],
        "default_reaction_emoji": None,
        "default_sort_order": None,
        "default_forum_layout": 0,
    }


def _thread(one: Channel) -> Json:
    assert one.thread
    assert one.parent
    sent = sum(message.id != one.id for message in one.messages.values())
    return _common(one) | {
        "parent_id": one.parent.id,
        "owner_id": one.thread.owner.id,
        "message_count": sent,
        "total_message_sent": sent,
        "member_count": len(one.thread.members),
        "thread_metadata": {
            "archived": one.thread.archived,
            "locked": one.thread.locked,
            "archive_timestamp": instant(one.thread.archived_at),
            "auto_archive_duration": one.thread.minutes,
            "create_timestamp": instant(one.thread.made_at),
            **({"invitable": True} if one.kind is Kind.PRIVATE_THREAD else {}),
        },
        **({"applied_tags": one.thread.tags} if one.thread.tags else {}),
    }


def thread_member(thread: Channel, person: str) -> Json:
    assert thread.thread
    return {
        "id": thread.id,
        "user_id": person,
        "join_timestamp": instant(thread.thread.members[person]),
        "flags": 0,
    }


def thread_for(thread: Channel, person: Person) -> Json:
    """A thread as someone gets it: with their own membership, if they have one."""
    assert thread.thread
    mine = {"member": thread_member(thread, person.id)} if person.id in thread.thread.members else {}
    return channel(thread) | mine


def guild(one: Guild) -> Json:
    """``GET /guilds/{id}``."""
    empty = (
        "icon home_header splash discovery_splash banner application_id afk_channel_id system_channel_id description "
        "widget_channel_id max_presences vanity_url_code rules_channel_id safety_alerts_channel_id incidents_data "
        "public_updates_channel_id"
    )
    zero = (
        "system_channel_flags verification_level default_message_notifications mfa_level explicit_content_filter "
        "premium_tier premium_subscription_count nsfw_level"
    )
    return {
        "id": one.id,
        "name": one.name,
        "owner_id": one.owner.id,
        "region": "deprecated",
        "features": [],
        "roles": [role(each, one) for each in one.roles.values()],
        "emojis": [],
        "stickers": [],
        "afk_timeout": 300,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "preferred_locale": one.locale,
        "premium_progress_bar_enabled": False,
        "widget_enabled": False,
        "nsfw": False,
        **dict.fromkeys(empty.split()),
        **dict.fromkeys(zero.split(), 0),
    }


def guild_for(one: Guild, person: Person) -> Json:
    """GUILD_CREATE as a bot without the privileged intents gets it: with itself as the only member, and the active
    threads that it may see. events/gateway-events, "Guild Create"."""
    channels = [each for each in one.channels.values() if not each.thread]
    threads = [each for each in one.threads if active(each) and May.VIEW_CHANNEL in each.permissions(person)]
    return guild(one) | {
        "joined_at": instant(one.members[person.id].joined_at),
        "large": False,
        "member_count": len(one.members),
        "members": [member(one.members[person.id])],
        "channels": [{key: value for key, value in channel(each).items() if key != "guild_id"} for each in channels],
        "threads": [thread_for(each, person) for each in threads],
        **{
            key: [] for key in "voice_states presences stage_instances guild_scheduled_events soundboard_sounds".split()
        },
    }


def active(thread: Channel) -> bool:
    """Whether it is not archived."""
    return bool(thread.thread and not thread.thread.archived)


# --- messages --------------------------------------------------------------------------------------------------------


def message(one: Message, reader: Person) -> Json:
    """A message as REST gives it to ``reader``, whom ``reactions[].me`` is about."""
    return _minimal(one) | {
        "id": one.id,
        "channel_id": one.channel.id,
        "author": user(one.author),
        "pinned": one.pinned,
        "mention_everyone": one.mention_everyone,
        "tts": False,
        **({"reactions": [_reaction(each, reader) for each in one.reactions.values()]} if one.reactions else {}),
        **({"message_reference": one.reference} if one.reference else {}),
        **({"message_snapshots": one.snapshots} if one.snapshots else {}),
        **({"webhook_id": one.webhook_id} if one.webhook_id else {}),
        **({"nonce": one.nonce} if one.nonce is not None else {}),
        **({"thread": channel(one.thread)} if one.thread else {}),
        **_referenced(one, reader),
        **one.asked,
    }


def _minimal(one: Message) -> Json:
    return {
        "type": one.kind,
        "content": one.content,
        "mentions": [user(each) for each in one.mentions],
        "mention_roles": one.role_mentions,
        "attachments": one.attachments,
        "embeds": one.embeds,
        "timestamp": instant(one.sent_at),
        "edited_timestamp": instant(one.edited_at) if one.edited_at else None,
        "flags": int(one.flags),
        "components": one.components,
    }


def snapshot(one: Message) -> Json:
    """A message as a forward carries it: without author."""
    return {"message": _minimal(one) | {"flags": 0}}


def _referenced(one: Message, reader: Person) -> Json:
    """Of a reply: the message it answers, null when that is gone."""
    if one.replied_to is None:
        return {}
    there = one.replied_to.channel.messages.get(one.replied_to.id)
    if there is None:
        return {"referenced_message": None}
    inner = message(there, reader)
    return {"referenced_message": {key: inner[key] for key in inner if key not in ("referenced_message", "reactions")}}


def _reaction(one: Reactors, reader: Person) -> Json:
    return {
        "emoji": one.emoji,
        "count": len(one.plain) + len(one.burst),
        "count_details": {"normal": len(one.plain), "burst": len(one.burst)},
        "burst_colors": [],
        "me": reader in one.plain,
        "me_burst": reader in one.burst,
    }


def event_message(one: Message, reader: Person) -> Json:
    """A message as MESSAGE_CREATE and MESSAGE_UPDATE carry it: with guild and member."""
    members = one.channel.guild.members
    mentions = [
        user(each) | ({"member": partial_member(members[each.id])} if each.id in members else {})
        for each in one.mentions
    ]
    author = (
        {"member": partial_member(members[one.author.id])} if one.author.id in members and not one.webhook_id else {}
    )
    return message(one, reader) | author | {"guild_id": one.channel.guild.id, "mentions": mentions}


def without_content(payload: Json, reader: Person) -> Json:
    """The payload as it is without the MESSAGE_CONTENT intent: empty, but for own messages and those that mention us."""
    if payload["author"]["id"] == reader.id or any(each["id"] == reader.id for each in payload["mentions"]):
        return payload
    blank = payload | CONTENT
    blank.pop("poll", None)
    if snapshots := payload.get("message_snapshots"):
        blank["message_snapshots"] = [{"message": each["message"] | CONTENT} for each in snapshots]
    if answered := payload.get("referenced_message"):
        blank["referenced_message"] = without_content(answered, reader)
    return blank


def embeds(sent: Sequence[Json]) -> list[Json]:
    """Embeds as Discord keeps what a bot sent: of type ``rich``, texts trimmed, without what is empty or null."""
    return [{"type": "rich"} | _trimmed({key: one[key] for key in one if key != "type"}) for one in sent]


def _trimmed(value: Json) -> Json:
    kept: Json = {}
    for key, each in value.items():
        if isinstance(each, str):
            each = each.strip()
        elif isinstance(each, dict):
            each = _trimmed(each)
        elif key == "fields" and isinstance(each, list):
            each = [{"inline": False} | _trimmed(one) for one in each]
        if each not in (None, "", [], {}):
            kept[key] = each
    return kept


def components(sent: Sequence[Json]) -> list[Json]:
    """Components as Discord keeps them: each numbered."""
    number = 0

    def numbered(one: Json) -> Json:
        nonlocal number
        number += 1
        kept = {key: each for key, each in one.items() if each is not None} | {"id": one.get("id") or number}
        if "components" in kept:
            kept["components"] = [numbered(each) for each in kept["components"]]
        for inner in ("accessory", "component"):
            if inner in kept:
                kept[inner] = numbered(kept[inner])
        if kept["type"] == 3:
            kept = {"min_values": 1, "max_values": 1} | kept
        if kept["type"] == 17:
            kept = {"accent_color": None, "spoiler": False} | kept
        return kept

    return [numbered(one) for one in sent]


def is_loading(one: Message) -> bool:
    """Whether it is what stands there while a bot that deferred "is thinking"."""
    return Flag.LOADING in one.flags
