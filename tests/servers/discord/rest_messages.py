"""REST: messages and reactions, with the permissions they need. resources/message of the docs."""

from datetime import timedelta

from tests.servers.discord import checks, payloads
from tests.servers.discord.asking import Asking
from tests.servers.discord.errors import Json, Refused
from tests.servers.discord.limits import most
from tests.servers.discord.model import NO_MESSAGES, Channel, Flag, Kind, Message, moment, pings
from tests.servers.discord.permissions import May
from tests.servers.discord.platform import EVERY_MENTION, REPLY, emoji, emoji_key
from tests.servers.discord.rest import Call, Route

SETTABLE = Flag.SUPPRESS_EMBEDS | Flag.SUPPRESS_NOTIFICATIONS | Flag.IS_COMPONENTS_V2
TWO_WEEKS = timedelta(days=14)


def place(platform: Asking, call: Call, *needed: May) -> Channel:
    """The channel in the path. Raises ``Refused`` where there is none, we do not see it, or may not do this in it."""
    channel = platform.channels.get(call.names["channel_id"])
    if channel is None:
        raise Refused("unknown channel")
    mine = channel.permissions(platform.bot)
    if May.VIEW_CHANNEL not in mine:
        raise Refused("missing access")
    if any(one not in mine for one in needed):
        raise Refused("missing permissions")
    return channel


def given(platform: Asking, message: Message) -> Json:
    """A message as our answer: without content where the portal does not grant the intent."""
    payload = payloads.message(message, platform.bot)
    return payload if "MESSAGE_CONTENT" in platform.privileged else payloads.without_content(payload, platform.bot)


# --- reading ---------------------------------------------------------------------------------------------------------


def history(platform: Asking, call: Call) -> list[Json]:
    """Newest first, also with ``after``. Without READ_MESSAGE_HISTORY empty, and no error."""
    channel = place(platform, call)
    limit = call.number("limit", 50, most("page.messages"))
    if May.READ_MESSAGE_HISTORY not in channel.permissions(platform.bot):
        return []
    newest_first = sorted(channel.messages.values(), key=lambda one: int(one.id), reverse=True)
    if "after" in call.query:
        page = [one for one in newest_first if int(one.id) > int(call.query["after"])][-limit:]
    elif "around" in call.query:
        middle = int(call.query["around"])
        older = [one for one in newest_first if int(one.id) <= middle][: limit // 2 + 1]
        newer = [one for one in newest_first if int(one.id) > middle][-(limit - len(older)) or len(newest_first) :]
        page = newer + older
    else:
        before = int(call.query.get("before", 1 << 63))
        page = [one for one in newest_first if int(one.id) < before][:limit]
    return [given(platform, one) for one in page]


def get(platform: Asking, call: Call) -> Json:
    channel = place(platform, call)
    if May.READ_MESSAGE_HISTORY not in channel.permissions(platform.bot):
        raise Refused("missing access")
    return given(platform, platform.message(channel, call.names["message_id"]))


# --- writing ---------------------------------------------------------------------------------------------------------


def create(platform: Asking, call: Call) -> Json:
    """The same nonce again, with ``enforce_nonce``: the message that is there."""
    channel, body = place(platform, call), call.form
    _may_send(platform, channel, body, call)
    checks.message(body, files=len(call.files))
    nonce = str(body["nonce"]) if body.get("nonce") is not None else None
    if nonce and body.get("enforce_nonce") and (earlier := platform.nonce(platform.bot, nonce)):
        return given(platform, earlier)
    more = written(platform, channel, body, call) | _reference(platform, channel, body)
    message = platform.write(channel, platform.bot, (body.get("content") or "").strip(), nonce=nonce, **more)
    if nonce:
        platform.nonce(platform.bot, nonce, message)
    return given(platform, message)


def written(platform: Asking, channel: Channel, body: Json, call: Call) -> Json:
    """What a form says of a new message, besides its text and reference."""
    return {
        "embeds": payloads.embeds(body.get("embeds") or []),
        "components": payloads.components(body.get("components") or []),
        "attachments": [platform.attachment(channel, name, size) for name, size in call.files],
        "flags": Flag(int(body.get("flags") or 0)) & SETTABLE,
        "allowed_mentions": body.get("allowed_mentions"),
    }


def _may_send(platform: Asking, channel: Channel, body: Json, call: Call) -> None:
    if channel.kind in NO_MESSAGES:
        raise Refused("not a text channel")
    if channel.kind is Kind.DM and not all(one.person.takes_messages for one in channel.guild.members.values()):
        raise Refused("takes no messages")
    mine = channel.permissions(platform.bot)
    if channel.thread and channel.thread.locked and May.MANAGE_THREADS not in mine:
        raise Refused("archived" if channel.thread.archived else "thread locked")
    needed = [May.SEND_MESSAGES_IN_THREADS if channel.thread else May.SEND_MESSAGES]
    needed += [May.EMBED_LINKS] if body.get("embeds") else []
    needed += [May.ATTACH_FILES] if call.files else []
    if any(one not in mine for one in needed):
        raise Refused("missing permissions")


def _reference(platform: Asking, channel: Channel, body: Json) -> Json:
    """Of a reply, or of a forward."""
    asked = body.get("message_reference")
    if not asked:
        return {}
    where = platform.channels.get(str(asked.get("channel_id") or channel.id))
    there = where.messages.get(str(asked["message_id"])) if where else None
    if May.READ_MESSAGE_HISTORY not in channel.permissions(platform.bot):
        raise Refused("no reply")
    if there is None:
        if asked.get("fail_if_not_exists", True):
            wrong = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}
            raise Refused("form", {"message_reference": {"_errors": [wrong]}})
        return {}
    kind = int(asked.get("type") or 0)
    reference = {"type": kind, "channel_id": there.channel.id, "guild_id": channel.guild.id, "message_id": there.id}
    if kind:
        return {"reference": reference, "snapshots": [payloads.snapshot(there)], "flags": Flag.HAS_SNAPSHOT}
    return {"reference": reference, "replied_to": there, "kind": REPLY}


def change(platform: Asking, call: Call) -> Json:
    channel = place(platform, call)
    message = platform.message(channel, call.names["message_id"])
    if message.author is not platform.bot:
        raise Refused("another's message")
    if channel.thread and channel.thread.archived:
        raise Refused("archived")
    edit(platform, message, call)
    return given(platform, message)


def edit(platform: Asking, message: Message, call: Call, *, is_edit: bool = True) -> None:
    """Change what the form names; calls nobody. Not ``is_edit``: a deferred answer comes in."""
    body = call.form
    checks.edit(body, message.flags)
    sent = written(platform, message.channel, body, call)
    content = (body["content"] or "").strip() if "content" in body else message.content
    embeds = sent["embeds"] if "embeds" in body else message.embeds
    components = sent["components"] if "components" in body else message.components
    if not content and not embeds and not components and not message.attachments and not call.files:
        raise Refused("empty message")
    message.content, message.embeds, message.components = content, embeds, components
    message.attachments = message.attachments + sent["attachments"]
    if "flags" in body:
        message.flags = message.flags & ~SETTABLE | sent["flags"]
    if "allowed_mentions" in body:
        message.allowed_mentions = body["allowed_mentions"]
    reply = message.replied_to.author if message.replied_to else None
    mentions = pings(content, message.channel, message.author, message.allowed_mentions, EVERY_MENTION, reply)
    message.mentions, message.role_mentions, message.mention_everyone, _ = mentions
    if is_edit:
        message.edited_at = platform.clock()
    platform.message_changed(message)


def delete(platform: Asking, call: Call) -> None:
    channel = place(platform, call)
    message = platform.message(channel, call.names["message_id"])
    if message.author is not platform.bot and May.MANAGE_MESSAGES not in channel.permissions(platform.bot):
        raise Refused("missing permissions")
    platform.remove_messages(channel, [message])


def delete_many(platform: Asking, call: Call) -> None:
    channel = place(platform, call, May.MANAGE_MESSAGES)
    ids = [str(id) for id in call.form["messages"]]
    if not 2 <= len(ids) <= 100:
        wrong = {"code": "BASE_TYPE_BAD_LENGTH", "message": "Must be between 2 and 100 in length."}
        raise Refused("form", {"messages": {"_errors": [wrong]}})
    if any(platform.clock() - moment(id) > TWO_WEEKS for id in ids):
        raise Refused("too old")
    platform.remove_messages(channel, [channel.messages[id] for id in ids if id in channel.messages], bulk=True)


def publish(platform: Asking, call: Call) -> Json:
    channel = place(platform, call, May.SEND_MESSAGES)
    message = platform.message(channel, call.names["message_id"])
    platform.publish(message)
    return given(platform, message)


def typing(platform: Asking, call: Call) -> None:
    place(platform, call, May.SEND_MESSAGES)


# --- reactions -------------------------------------------------------------------------------------------------------


def _emoji(call: Call) -> Json:
    """``📰`` or ``name:id``; anything else is no emoji."""
    text = call.names["emoji_name"]
    known = text.rpartition(":")[2].isdecimal() if ":" in text else not text.isascii()
    if not known:
        raise Refused("unknown emoji")
    return emoji(text)


def reactors(platform: Asking, call: Call) -> list[Json]:
    """By id; ``type`` 1: of super reactions."""
    channel = place(platform, call)
    limit = call.number("limit", 25, most("page.reactions"))
    found = platform.message(channel, call.names["message_id"]).reactions.get(emoji_key(_emoji(call)))
    people = [] if found is None else found.burst if call.query.get("type") == "1" else found.plain
    after = int(call.query.get("after", 0))
    page = sorted((one for one in people if int(one.id) > after), key=lambda one: int(one.id))[:limit]
    return [payloads.user(one) for one in page]


def react(platform: Asking, call: Call) -> None:
    channel = place(platform, call, May.READ_MESSAGE_HISTORY)
    message, asked = platform.message(channel, call.names["message_id"]), _emoji(call)
    if emoji_key(asked) not in message.reactions:
        if May.ADD_REACTIONS not in channel.permissions(platform.bot):
            raise Refused("missing permissions")
        if len(message.reactions) >= most("reactions"):
            raise Refused("too many reactions")
    platform.add_reaction(message, platform.bot, asked)


def unreact(platform: Asking, call: Call) -> None:
    channel = place(platform, call)
    platform.remove_reaction(platform.message(channel, call.names["message_id"]), platform.bot, _emoji(call))


def unreact_another(platform: Asking, call: Call) -> None:
    channel = place(platform, call, May.MANAGE_MESSAGES)
    member = channel.guild.members.get(call.names["user_id"])
    if member is None:
        raise Refused("unknown user")
    platform.remove_reaction(platform.message(channel, call.names["message_id"]), member.person, _emoji(call))


def clear(platform: Asking, call: Call) -> None:
    channel = place(platform, call, May.MANAGE_MESSAGES)
    one = _emoji(call) if "emoji_name" in call.names else None
    platform.clear_reactions(platform.message(channel, call.names["message_id"]), one)


CHANNEL = "/channels/{channel_id}"
MESSAGE = CHANNEL + "/messages/{message_id}"
REACTIONS = MESSAGE + "/reactions/{emoji_name}"
ROUTES: list[Route] = [
    ("GET", CHANNEL + "/messages", history),
    ("POST", CHANNEL + "/messages", create),
    ("POST", CHANNEL + "/messages/bulk-delete", delete_many),
    ("GET", MESSAGE, get),
    ("PATCH", MESSAGE, change),
    ("DELETE", MESSAGE, delete),
    ("POST", MESSAGE + "/crosspost", publish),
    ("GET", REACTIONS, reactors),
    ("PUT", REACTIONS + "/@me", react),
    ("DELETE", REACTIONS + "/@me", unreact),
    ("DELETE", REACTIONS + "/{user_id}", unreact_another),
    ("DELETE", REACTIONS, clear),
    ("DELETE", MESSAGE + "/reactions", clear),
    ("POST", CHANNEL + "/typing", typing),
]
