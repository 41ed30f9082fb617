"""Discord's message JSON as what was heard: who posted what, when, with which previews and reactions.

Pure: one message in, one value out. Read here is what DiscordChatExporter writes (``JsonMessageWriter.cs``) since 2020;
what Discord itself sends is given that shape first (``exported``), so that both say the same of one message.
What stands in the text is ``markup.py``'s business, files and folders are ``export.py``'s.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bot.platforms.discord.markup import Mentioned, commonmark, unveiled
from newsletter import urls
from newsletter.emoji import kept
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    EmojiSeen,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    Preview,
    ReactionHeard,
    Source,
)

PLATFORM = "discord"
MAX_CONTENT = 100_000
"""Characters of a message. Discord takes 4,000 at most; rendered mentions make them some times more."""
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that says nothing by a person, and why."""

    reason: str


class Rounded(ValueError):
    """An id is a fraction: a program that rewrote the file rounded it, and no message can be found by it."""


# Discord's message types (resources/message, "Message Types"); DiscordChatExporter names those of 2020 and writes the
# number of later ones. 20 and 23 are an app's answers. 21 only refers to the message a thread began with, which stands
# in the channel above; of a forum post the first message is an ordinary one.
_REPLY = {"Reply", "19"}
_WORDS = {"Default", "0", *_REPLY}
_NOTICES = {
    kind: reason
    for reason, kinds in {
        "join": "RecipientAdd 1 GuildMemberJoin 7",
        "leave": "RecipientRemove 2",
        "call": "Call 3",
        "channel change": "ChannelNameChange 4 ChannelIconChange 5",
        "pin": "ChannelPinnedMessage 6",
        "boost": "8 9 10 11",
        "follow": "12",
        "thread created": "ThreadCreated 18",
        "command reply": "20 23",
        "thread starter": "ThreadStarterMessage 21",
        "poll result": "46",
    }.items()
    for kind in kinds.split()
}


_PUBLIC_THREADS = {"GuildNewsThread", "10", "GuildPublicThread", "11"}


# --- the channel ---------------------------------------------------------------------------------------------------


def channel_seen(document: Json, seen_at: datetime, workspace: str = "") -> ChannelSeen:
    """The channel an export is of. ``workspace`` is used where it names no guild.

    A public thread is a part of its channel, which stands where others have their category (``thread_of``). An export
    does not say who may read a channel; only a private thread is known to be private.
    """
    guild, channel = mapping(document.get("guild")), mapping(document.get("channel"))
    id, name = ("categoryId", "category") if thread_of(document) else ("id", "name")
    identity = ChannelId(PLATFORM, identifier(guild.get("id")) or workspace, identifier(channel.get(id)))
    return ChannelSeen(identity, _line(channel.get(name)), seen_at, _kind(channel) in ("GuildPrivateThread", "12"))


def thread_of(document: Json) -> str | None:
    """The thread an export is of, where that is a part of a channel. Files that do not name the channel (before 2023)
    are of a channel by itself."""
    channel = mapping(document.get("channel"))
    is_part = _kind(channel) in _PUBLIC_THREADS and identifier(channel.get("categoryId"))
    return identifier(channel.get("id")) if is_part else None


def is_direct(document: Json) -> bool:
    """Whether it is of a conversation outside of any guild: DiscordChatExporter gives those the guild ``0``."""
    guild, channel = mapping(document.get("guild")), mapping(document.get("channel"))
    return identifier(guild.get("id")) == "0" or _kind(channel) in ("DirectTextChat", "1", "DirectGroupTextChat", "3")


# --- messages ------------------------------------------------------------------------------------------------------


def message_seen(
    message: Json,
    channel: ChannelId,
    seen_at: datetime,
    channels: Mapping[str, str] | None = None,
    *,
    thread: str | None = None,
    source: Source = Source.EXPORT,
    spoilers: str = "hidden",
) -> MessageSeen | Ignored:
    """One message of an export; ``channels`` are the names known by id. Raises ``Rounded``.

    ``thread`` is the channel of the thread it stands in, where that is a part of ``channel``: the thread has the id of
    the message it began with, in a forum that of its own first message.

    Of a forward only the addresses count: the words around them are another person's, who is not named. Whether the
    original is collected too is not known here; where it is, both are shares of one link.
    A reply in a channel has no ``thread``; like one in a thread, it names what it ``answers``.
    """
    id = identifier(message.get("id"))
    author = identifier(mapping(message.get("author")).get("id"))
    sent_at = instant(message.get("timestamp"))
    if reason := _why_ignored(message, id, author, sent_at):
        return Ignored(reason)
    assert sent_at is not None  # noqa: S101 - `_why_ignored` says "malformed" otherwise
    text = commonmark(unveiled(clean(message.get("content")), spoilers), _mentioned(message), channels)
    embeds = objects(message.get("embeds"))
    if forwarded := mapping(message.get("forwardedMessage")):
        theirs = (f"<{link}>" for link in urls.find(commonmark(unveiled(clean(forwarded.get("content")), spoilers))))
        text = "\n".join([*([text] if text else []), *theirs])
        embeds += objects(forwarded.get("embeds"))
    return MessageSeen(
        id=MessageId(channel, id),
        author=PersonId(PLATFORM, channel.workspace, author),
        sent_at=sent_at,
        text=text,
        seen_at=seen_at,
        source=source,
        edited_at=instant(message.get("timestampEdited")),
        thread=thread if thread != id else None,
        permalink=permalink(channel, id, thread),
        previews=tuple(_previews(embeds, text)) if embeds else (),
        emoji=_emoji(message.get("reactions"), channel.workspace),
        answers=_answered(message),
    )


def permalink(channel: ChannelId, id: str, thread: str | None = None) -> str | None:
    """The address that opens a message; ``None`` where the server is not known."""
    return (
        f"https://discord.com/channels/{channel.workspace}/{thread or channel.id}/{id}" if channel.workspace else None
    )


def people_seen(message: Json, workspace: str, seen_at: datetime) -> Iterator[PersonSeen]:
    """Everyone a message names: its author, who is mentioned, who reacted (with ``bot`` where it is one)."""
    yield from _people([message.get("author")], workspace, seen_at)
    yield from _people(message.get("mentions"), workspace, seen_at)
    for reaction in objects(message.get("reactions")):
        yield from _people(reaction.get("users"), workspace, seen_at)


def instant(value: object) -> datetime | None:
    """An ISO 8601 timestamp as aware UTC, of any offset (exports are in local time unless told not to be)."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def identifier(value: object) -> str:
    """An id as text, ``""`` where there is none. Numbers in old files are exact; raises ``Rounded`` for a fraction."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        raise Rounded(f"the id {value!r} was rounded")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _why_ignored(message: Json, id: str, author: str, sent_at: datetime | None) -> str | None:
    if not id or sent_at is None or len(string(message.get("content"))) > MAX_CONTENT:
        return "malformed"
    # Of webhooks too: Discord gives their messages a bot for an author.
    if mapping(message.get("author")).get("isBot") is True:
        return "bot"
    kind = _kind(message)
    if kind and kind not in _WORDS:
        return _NOTICES.get(kind, "notice")
    return None if author else "no author"


def _people(people: object, workspace: str, seen_at: datetime) -> Iterator[PersonSeen]:
    for person in objects(people):
        if id := identifier(person.get("id")):
            is_bot = person.get("isBot") is True
            yield PersonSeen(PersonId(PLATFORM, workspace, id), _names(person)[0], seen_at, is_bot)


def _names(person: Json) -> tuple[str, ...]:
    """What the guild calls someone (since 2020-10), else their user name; the other may be what a mention says."""
    return _cleaned_names(string(person.get("nickname")), string(person.get("name")))


@lru_cache(maxsize=4096)  # the same people, again and again
def _cleaned_names(nickname: str, name: str) -> tuple[str, ...]:
    nickname, name = _line(nickname), _line(name)
    return (nickname, name) if nickname and nickname != name else (name,)


def _mentioned(message: Json) -> Sequence[Mentioned]:
    mentions = message.get("mentions")
    if not mentions:
        return ()
    return [Mentioned(identifier(person.get("id")), _names(person)) for person in objects(mentions)]


def _answered(message: Json) -> str | None:
    """The message that a reply names; a forward refers to one, too."""
    return (_kind(message) in _REPLY and identifier(mapping(message.get("reference")).get("messageId"))) or None


def _kind(value: Json) -> str:
    kind = value.get("type")
    return str(kind) if isinstance(kind, str | int) else ""


# --- what Discord itself sends ---------------------------------------------------------------------------------------

FORWARD = 1


def exported(message: Json, names: Mapping[str, str], reactors: Mapping[str, Sequence[Json]] | None = None) -> Json:
    """A message of the API as the exporter would have written it. ``names`` are what the server calls people, by id.

    ``reactors`` are the people behind its reactions, by ``emoji_path``; without them nothing is said of reactions, for
    an event does not list them.
    """
    hooked = bool(message.get("webhook_id"))
    return {
        "id": message.get("id"),
        "type": message.get("type"),
        "timestamp": message.get("timestamp"),
        "timestampEdited": message.get("edited_timestamp"),
        "content": message.get("content"),
        "embeds": message.get("embeds"),
        "author": _exported_person(mapping(message.get("author")), names) | ({"isBot": True} if hooked else {}),
        "mentions": [_exported_person(person, names) for person in objects(message.get("mentions"))],
        "forwardedMessage": _forwarded(message),
        "reference": {"messageId": mapping(message.get("message_reference")).get("message_id")},
        "reactions": None
        if reactors is None
        else [_exported_reaction(one, names, reactors) for one in reacted(message)],
    }


def is_whole(message: Json) -> bool:
    """Whether an event carries all of a message: an update may tell only what changed."""
    return all(key in message for key in ("author", "timestamp", "content", "type"))


def named(message: Json) -> list[Json]:
    """Everyone a message names: its author and who is mentioned."""
    return [mapping(message.get("author")), *objects(message.get("mentions"))]


def has_link(message: Json) -> bool:
    """Whether anything in it may be a link: of others nobody needs the names."""
    return "://" in f"{string(message.get('content'))} {string(_forwarded(message).get('content'))}"


def reacted(message: Json) -> list[Json]:
    """Its reactions."""
    return objects(message.get("reactions"))


def emoji_path(emoji: object) -> str:
    """How an emoji stands in an address: the characters, or ``name:id`` (message, "Create Reaction"); a deleted one has
    no name any more, and any will do."""
    name, id = string(mapping(emoji).get("name")), identifier(mapping(emoji).get("id"))
    return f"{name or '_'}:{id}" if id else name


def name_of(person: Json, member: Json) -> str:
    """What the server calls someone, else what they call themselves."""
    return _line(member.get("nick")) or _line(person.get("global_name")) or _line(person.get("username"))


def reaction_heard(event: Json, message: MessageId, at: datetime, *, on: bool) -> ReactionHeard | None:
    """MESSAGE_REACTION_ADD or _REMOVE; they say no time, so ``at`` is when it came."""
    person, emoji = identifier(event.get("user_id")), _emoji_name(mapping(event.get("emoji")))
    if not person or not emoji:
        return None
    return ReactionHeard(message, PersonId(PLATFORM, message.channel.workspace, person), emoji, on, at)


def _forwarded(message: Json) -> Json:
    if mapping(message.get("message_reference")).get("type") != FORWARD:
        return {}
    snapshots = objects(message.get("message_snapshots"))
    return mapping(snapshots[0].get("message")) if snapshots else {}


def _exported_person(person: Json, names: Mapping[str, str]) -> dict[str, Any]:
    id = identifier(person.get("id"))
    name = names.get(id) or name_of(person, mapping(person.get("member")))
    return {"id": id, "name": string(person.get("username")), "nickname": name, "isBot": person.get("bot") is True}


def _exported_reaction(reaction: Json, names: Mapping[str, str], reactors: Mapping[str, Sequence[Json]]) -> Json:
    """Without bots, ours first of all: live they are not heard either."""
    emoji = mapping(reaction.get("emoji"))
    count = reaction.get("count")
    people = reactors.get(emoji_path(emoji))
    if people is None:
        ours = bool(reaction.get("me")) + bool(reaction.get("me_burst"))
        return {"emoji": emoji, "count": (count if isinstance(count, int) else 0) - ours, "users": []}
    users = [_exported_person(person, names) for person in people if person.get("bot") is not True]
    return {"emoji": emoji, "count": len(users), "users": users}


# --- previews ------------------------------------------------------------------------------------------------------


def _previews(embeds: Sequence[Json], text: str) -> Iterator[Preview]:
    """The embeds that Discord made of posted links. Persons cannot post others, so what is left is of no use."""
    posted: dict[str, str] = {}
    for url in urls.find(text):
        posted.setdefault(urls.key(url), url)
    for embed in embeds:
        if link := posted.get(urls.key(clean(embed.get("url")))):
            yield Preview(
                url=link,
                title=_line(embed.get("title")),
                description=clean(embed.get("description")).strip(),
                site=_line(mapping(embed.get("provider")).get("name")),
                image=_image(embed),
                author=_line(mapping(embed.get("author")).get("name")),
            )


def _image(embed: Json) -> str:
    """The picture where it lives. Discord's own copies are signed or proxied, an export's may be a file beside it."""
    for place in ("image", "thumbnail"):
        picture = mapping(embed.get(place))
        for key in ("canonicalUrl", "url"):
            url = clean(picture.get(key))
            if url.startswith(("https://", "http://")) and not _DISCORDS_COPY.match(url):
                return url
    return ""


_DISCORDS_COPY = re.compile(r"https?://[^/]*\.discordapp\.(?:net|com)/")


# --- reactions -----------------------------------------------------------------------------------------------------


def _emoji(reactions: object, workspace: str) -> tuple[EmojiSeen, ...] | None:
    """The reactions in the order of the first; the skin tones of one emoji are one. ``None`` where nothing is said."""
    if reactions is None:
        return None
    people: dict[str, dict[PersonId, None]] = {}
    unnamed: dict[str, int] = {}
    for reaction in objects(reactions):
        if not (name := _emoji_name(mapping(reaction.get("emoji")))):
            continue
        users = [user for person in objects(reaction.get("users")) if (user := identifier(person.get("id")))]
        count = reaction.get("count")
        people.setdefault(name, {}).update((PersonId(PLATFORM, workspace, user), None) for user in users)
        # Who reacted and "super reacted" is counted twice, and may be named twice.
        unnamed[name] = unnamed.get(name, 0) + max(0, (count if isinstance(count, int) else 0) - len(users))
    seen = (EmojiSeen(name, len(who) + unnamed[name], tuple(who)) for name, who in people.items())
    return tuple(emoji for emoji in seen if emoji.count)


def _emoji_name(emoji: Json) -> str:
    """Unicode as it is; a custom one by the name people write in settings, or by its id where it was deleted."""
    name = _line(emoji.get("name"))
    if custom := identifier(emoji.get("id")):
        return f":{name if _CODE.fullmatch(name) else custom}:"
    return kept(name)


_CODE = re.compile(r"\w+")


# --- text ----------------------------------------------------------------------------------------------------------

_UNSEEN = re.compile("\r\n?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Whoever has one can post as the webhook or the bot, or read the file: none is stored.
_SECRET = re.compile(
    r"""
    (?P<webhook>discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/)[\w-]+
    | \b[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}
    | \bmfa\.[\w-]{60,}
    | (?P<file>//(?:cdn\.discordapp\.com|media\.discordapp\.net)/[^\s<>?]*)\?[^\s<>)]*
    """,
    re.VERBOSE | re.IGNORECASE,
)


def clean(value: object) -> str:
    """Text without what no text holds (NUL, halves of surrogate pairs) and without tokens; ``""`` if it is no text."""
    text = string(value)
    if not text.isprintable():
        text = _UNSEEN.sub(lambda found: "\n" if found[0].startswith("\r") else "", text)
    # Every secret has a dot in it; most texts have none.
    return _SECRET.sub(_masked, text) if "." in text else text


def _masked(found: re.Match[str]) -> str:
    return found["file"] or f"{found['webhook'] or ''}***"


def string(value: object) -> str:
    """The text, ``""`` where it is none."""
    return value if isinstance(value, str) else ""


def _line(value: object) -> str:
    return " ".join(clean(value).split())


def mapping(value: object) -> Json:
    """The JSON object, ``{}`` where it is none."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """What is in a list; nothing where it is none."""
    return value if isinstance(value, list) else []


def objects(value: object) -> list[Json]:
    """The JSON objects of a list; nothing where it is none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
