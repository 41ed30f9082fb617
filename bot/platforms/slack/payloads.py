"""Slack's message JSON, exported or live, as what was heard: who posted what, when, with which previews and reactions.

Pure: one message in, one value out. Their markup is ``markup.py``'s business, files and folders are ``export.py``'s.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.platforms.slack import markup, mrkdwn
from bot.platforms.slack.markup import Json, Names, objects, string
from newsletter.emoji import kept
from newsletter.heard import ChannelId, EmojiSeen, MessageId, MessageSeen, PersonId, Preview, ReactionHeard, Source

PLATFORM = "slack"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that says nothing by a person, and why. ``"deleted"``: Slack says that it is gone."""

    reason: str


# Subtypes of what Slack itself writes. What is not here (file_share, me_message, thread_broadcast…) is by a person.
_NOTICES = {
    subtype: reason
    for reason, subtypes in {
        "bot": "bot_message assistant_app_thread app_conversation_join",
        "deleted": "tombstone message_deleted",
        "join": "channel_join group_join",
        "leave": "channel_leave group_leave",
        "topic": "channel_topic group_topic",
        "purpose": "channel_purpose group_purpose",
        "rename": "channel_name group_name",
        "archive": "channel_archive channel_unarchive group_archive group_unarchive",
        "pin": "pinned_item unpinned_item",
        "app": "bot_add bot_remove bot_enable bot_disable",
        "reminder": "reminder_add reminder_delete",
        "call": "huddle_thread sh_room_created sh_room_shared",
        "notice": "channel_convert_to_private channel_convert_to_public channel_posting_permissions "
        "channel_canvas_updated tabbed_canvas_updated ekm_access_denied message_replied",
    }.items()
    for subtype in subtypes.split()
}

_WHO = r"<@(?P<who>[A-Z0-9]+)(?:\|[^<>]*)?>"
_FILE = r"<(?P<file>[^<>|]+)(?:\|(?P<name>[^<>]*))?>"
# Slack's own sentences, for sources that keep no subtype. The whole text must be one, and by the person it names.
_SENTENCES = [
    (re.compile(f"{_WHO} {sentence}", re.DOTALL), reason)
    for sentence, reason in [
        (r"has joined the (?:channel|group)(?: by invitation from <@[^<>]+>)?\.?", "join"),
        (r"has left the (?:channel|group)\.?", "leave"),
        (r"(?:set|cleared) (?:the )?(?:channel|group) topic(?:: .*)?", "topic"),
        (r"(?:set|cleared) (?:the )?(?:channel|group) (?:purpose|description)(?:: .*)?", "purpose"),
        (r"(?:has )?renamed the (?:channel|group) from .*", "rename"),
        (r"(?:un-?)?archived the (?:channel|group)(?: \(w/.*\))?\.?", "archive"),
        (r"(?:un)?pinned (?:a message|<[^<>]+>) (?:to|from) this (?:channel|group)\.", "pin"),
        (r"(?:added|removed|disabled|enabled) an integration (?:to|from|in) this channel: .*", "app"),
    ]
]
# This one names nobody: what is Slack's about it is the blank in front, which Slack takes from what people type, and
# the whole of its end with the time zone in words.
_REMINDER = re.compile(r" set up a reminder (?:on )?“.+” in this channel [^“”\n]{1,200}, [^“”\n,]{1,60}\.", re.DOTALL)
_UPLOADED = re.compile(
    rf"{_WHO} (?:uploaded|shared|created) an? \w+: {_FILE}(?: and commented: (?P<words>.*))?", re.DOTALL
)
_COMMENTED = re.compile(rf"{_WHO} commented on [^\n]{{1,200}}?[’']s? \w+ {_FILE}: (?P<words>.*)", re.DOTALL)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Eleven digits reach the year 5138, so that no instant is out of range.
_TS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,12}))?")


class Said(NamedTuple):
    """A message by a person, before its words are read."""

    message: Json
    ts: str
    sent_at: datetime
    author: str
    text: str


def message_seen(
    message: Json,
    channel: ChannelId,
    names: Names,
    source: Source,
    seen_at: datetime,
    domain: str | None = None,
) -> MessageSeen | Ignored:
    """One message of an export or a history, or the event that brought or changed it.

    ``names`` should know everyone in the workspace: a ``bot_id`` beside a person who is known is an app that posted for
    them. ``domain`` is the workspace's (``acme`` of ``acme.slack.com``); without it there is no permalink.
    Persons from other workspaces (Slack Connect) are filed under the channel's: Slack's ids are unique everywhere.
    """
    said = said_by(message, names)
    return said if isinstance(said, Ignored) else heard(said, channel, names, source, seen_at, domain)


def said_by(message: Json, names: Names) -> Said | Ignored:
    """The first half of ``message_seen``, which costs little: whether a person said it, who and when."""
    message = _changed(message)
    ts = string(message.get("ts"))
    sent_at = instant(ts)
    if sent_at is None:
        return Ignored("malformed")
    text = string(message.get("text"))
    author = markup.clean(_author(message, text))
    if reason := _why_ignored(message, author, text, names):
        return Ignored(reason)
    return Said(message, ts, sent_at, author, text)


def heard(
    said: Said, channel: ChannelId, names: Names, source: Source, seen_at: datetime, domain: str | None = None
) -> MessageSeen:
    """The second half of ``message_seen``: the words, with everything else that is kept."""
    message, ts, sent_at, author, text = said
    thread = string(message.get("thread_ts"))
    if thread == ts or not _TS.fullmatch(thread):
        thread = ""
    edited = message.get("edited")
    return MessageSeen(
        id=MessageId(channel, ts),
        author=PersonId(PLATFORM, channel.workspace, author),
        sent_at=sent_at,
        text=_words(message, text, names),
        seen_at=seen_at,
        source=source,
        edited_at=instant(string(edited.get("ts"))) if isinstance(edited, dict) else None,
        thread=thread or None,
        permalink=_permalink(domain, channel.id, ts, thread) if domain else None,
        previews=tuple(_previews(message)),
        emoji=_emoji(message.get("reactions"), channel.workspace),
    )


# What every link has, and what becomes mere words: all of it may stand beside a dot (``a.<mailto:b|com>``).
_LINK_IN_TEXT = re.compile(r"://|\.[A-Za-z\x00-\x1f\x7f\ud800-\udfff\ufdd0]|<[^@#]")
_LINK_IN_BLOCKS = re.compile(r"://|\.[A-Za-z\\]|'link'")


def may_share(message: Json) -> bool:
    """Whether there may be a link in what the message says, without reading it: ``False`` is certain."""
    message = _changed(message)
    if _LINK_IN_TEXT.search(string(message.get("text"))) or message.get("file") or message.get("files"):
        return True
    blocks = message.get("blocks")
    return bool(blocks) and _LINK_IN_BLOCKS.search(repr(blocks)) is not None


def who_and_when(message: Json) -> tuple[str, datetime] | None:
    """Whose message it is and when it was sent, ``None`` where its ``ts`` is none."""
    message = _changed(message)
    sent_at = instant(string(message.get("ts")))
    return (markup.clean(_author(message, string(message.get("text")))), sent_at) if sent_at else None


def _changed(message: Json) -> Json:
    """The message itself, where this is the event that changed it."""
    inner = message.get("message") if message.get("subtype") == "message_changed" else None
    return inner if isinstance(inner, dict) else message


def instant(ts: str) -> datetime | None:
    """The instant in a ``ts`` (aware UTC), ``None`` where it is none. A ``ts`` is an id: this is never turned back."""
    found = _TS.fullmatch(ts) if ts else None
    if not found:
        return None
    microseconds = int((found[2] or "0")[:6].ljust(6, "0"))
    return _EPOCH + timedelta(seconds=int(found[1]), microseconds=microseconds)


def person_name(person: Json) -> str:
    """What to call someone, from ``users.json``, ``users.info`` or a message's ``user_profile``: the name they chose to
    be displayed, else their real name, else their handle; ``""`` where none is given."""
    profile = person.get("profile")
    places = [profile, person] if isinstance(profile, dict) else [person]
    for key in ("display_name", "real_name", "name"):
        for place in places:
            if name := " ".join(markup.clean(markup.unescape(string(place.get(key)))).split()):
                return name
    return ""


def mentioned(message: Json) -> tuple[frozenset[str], frozenset[str]]:
    """The people and the channels that a message or its event names by id, its author among them."""
    people: set[str] = set()
    channels: set[str] = set()
    waiting: list[object] = [message]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            people.update(string(part.get(key)) for key in ("user", "user_id"))
            channels.add(string(part.get("channel_id")))
            for name, id in _MENTION.findall(string(part.get("text"))):
                (people if name == "@" else channels).add(id)
            waiting += [part.get(key) for key in ("message", "comment", "blocks", "elements")]
    return frozenset(people - {""}), frozenset(channels - {""})


_MENTION = re.compile(r"<([@#])([A-Z0-9]+)(?:\|[^<>]*)?>")


def reaction_heard(event: Json, workspace: str) -> ReactionHeard | None:
    """An event of the kinds ``reaction_added`` and ``reaction_removed``; ``None`` where it is not about a message."""
    item = event.get("item")
    at = instant(string(event.get("event_ts")))
    person, name = markup.clean(string(event.get("user"))), markup.clean(string(event.get("reaction")))
    if not isinstance(item, dict) or item.get("type", "message") != "message" or at is None or not person or not name:
        return None
    channel, ts = string(item.get("channel")), string(item.get("ts"))
    if not channel or instant(ts) is None:
        return None
    return ReactionHeard(
        MessageId(ChannelId(PLATFORM, workspace, channel), ts),
        PersonId(PLATFORM, workspace, person),
        kept(name),
        event.get("type") == "reaction_added",
        at,
    )


def _author(message: Json, text: str) -> str:
    # A comment on a file (until 2018) names its author only inside, or in Slack's sentence.
    comment = message.get("comment")
    if isinstance(comment, dict) and (author := string(comment.get("user"))):
        return author
    if author := string(message.get("user")):
        return author
    sentence = _COMMENTED.fullmatch(text) if " commented on " in text else None
    return sentence["who"] if sentence else ""


def _why_ignored(message: Json, author: str, text: str, names: Names) -> str | None:
    subtype = message.get("subtype")
    if subtype == "tombstone" or (author == "USLACKBOT" and text == "This message was deleted."):
        return "deleted"
    if notice := _NOTICES.get(subtype) if isinstance(subtype, str) else None:
        return notice
    if not author:
        return "bot" if message.get("bot_id") or message.get("username") else "no author"
    if author == "USLACKBOT" or author in names.bots or (message.get("bot_id") and author not in names.people):
        return "bot"
    if not subtype and text.startswith("<@"):
        for sentence, reason in _SENTENCES:
            if (found := sentence.fullmatch(text)) and found["who"] == author:
                return reason
    if not subtype and text.startswith(" set up a reminder ") and _REMINDER.fullmatch(text):
        return "reminder"
    if text or any(message.get(key) for key in ("blocks", "attachments", "files", "file", "edited", "reactions")):
        return None
    return "empty"


def _words(message: Json, text: str, names: Names) -> str:
    """What the person said, as CommonMark.

    Around an uploaded file Slack until 2018 wrote a sentence of its own: of it only the person's words count, or if
    they wrote none the file as a link. A file that lives elsewhere is a link there.
    """
    if text.startswith("<@"):
        if found := _UPLOADED.fullmatch(text):
            return markup.from_mrkdwn(found["words"] or _file_link(message, found), names)
        if found := _COMMENTED.fullmatch(text):
            return markup.from_mrkdwn(found["words"], names)
    written = markup.from_blocks(message.get("blocks"), text, names) if message.get("blocks") else None
    said = markup.from_mrkdwn(text, names) if written is None else written
    shared = [link for link in _files_elsewhere(message) if link.partition("|")[0][1:] not in text]
    return "\n\n".join([said, *(markup.from_mrkdwn(link, names) for link in shared)]).strip() if shared else said


def _files_elsewhere(message: Json) -> Iterator[str]:
    """The files that lie elsewhere (a document shared from a drive), each as a link; Slack's own are none."""
    for file in objects(message.get("files")):
        address = string(file.get("external_url")) or string(file.get("url_private"))
        if (file.get("mode") == "external" or file.get("is_external") is True) and _is_web(address):
            yield mrkdwn.link(string(file.get("title")) or string(file.get("name")), address)


def _file_link(message: Json, sentence: re.Match[str]) -> str:
    file = message.get("file")
    elsewhere = string(file.get("url_private")) if isinstance(file, dict) and file.get("mode") == "external" else ""
    address = elsewhere.replace("&", "&amp;") or sentence["file"]
    return f"<{address}|{sentence['name'] or ''}>"


def _permalink(domain: str, channel: str, ts: str, thread: str) -> str:
    link = f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}"
    return f"{link}?thread_ts={thread}&cid={channel}" if thread else link


def _previews(message: Json) -> Iterator[Preview]:
    for attachment in objects(message.get("attachments")):
        url = string(attachment.get("original_url")) or string(attachment.get("from_url"))
        # A forwarded message also carries the address it came from; what an app attached carries none.
        forwarded = any(attachment.get(key) for key in ("is_msg_unfurl", "is_share", "is_reply_unfurl"))
        if _is_web(url) and not forwarded:
            yield Preview(
                url=_address(url),
                title=_plain(attachment, "title"),
                description=_plain(attachment, "text"),
                site=_plain(attachment, "service_name"),
                image=next((_address(image) for key in ("image_url", "thumb_url")
                            if _is_web(image := string(attachment.get(key)))), ""),
                author=_plain(attachment, "author_name"),
            )  # fmt: skip


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _address(url: str) -> str:
    return markup.clean(markup.unescape(url))


def _plain(attachment: Json, key: str) -> str:
    return markup.to_plain(string(attachment.get(key)))


def _emoji(reactions: object, workspace: str) -> tuple[EmojiSeen, ...] | None:
    """The reactions in the order of the first; skin tones and aliases of one emoji are one."""
    if reactions is None:
        return None
    people: dict[str, dict[PersonId, None]] = {}
    unnamed: dict[str, int] = {}
    for reaction in objects(reactions):
        if not (name := markup.clean(string(reaction.get("name")))):
            continue
        emoji = kept(name)
        named = _strings(reaction.get("users"))
        count = reaction.get("count")
        people.setdefault(emoji, {}).update((PersonId(PLATFORM, workspace, user), None) for user in named)
        unnamed[emoji] = unnamed.get(emoji, 0) + max(0, (count if isinstance(count, int) else 0) - len(named))
    seen = (EmojiSeen(emoji, len(who) + unnamed[emoji], tuple(who)) for emoji, who in people.items())
    return tuple(emoji for emoji in seen if emoji.count)


def _strings(value: object) -> list[str]:
    return [markup.clean(entry) for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
