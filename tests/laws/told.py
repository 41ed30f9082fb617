"""What people say in a made-up chat, as the values adapters make of it: short to write, in minutes after ``START``.

No test is in here.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    ReactionHeard,
    Reading,
    Source,
)

START = datetime(2026, 6, 3, 9, tzinfo=UTC)
"""A Wednesday: in the middle of a week that is cut on Monday 00:00."""

CHANNEL = ChannelId("local", "W", "C1")
OTHER_CHANNEL = ChannelId("local", "W", "C2")
ANN, BEN, CARA = (PersonId("local", "W", name) for name in ("ann", "ben", "cara"))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(
    id: str,
    text: str,
    *,
    minute: float = 0,
    by: PersonId = ANN,
    channel: ChannelId = CHANNEL,
    edited: float | None = None,
    **more: object,
) -> MessageSeen:
    """A message; ``minute`` is when it was sent, ``edited`` when it was changed to this text."""
    sent_at = at(minute)
    edited_at = None if edited is None else at(edited)
    more.setdefault("seen_at", edited_at or sent_at)
    return MessageSeen(MessageId(channel, id), by, sent_at, text, edited_at=edited_at, **more)


def reacted(id: str, *, by: PersonId = BEN, emoji: str = "👍", on: bool = True, minute: float = 1) -> ReactionHeard:
    return ReactionHeard(MessageId(CHANNEL, id), by, emoji, on, at(minute))


def deleted(id: str, channel: ChannelId = CHANNEL) -> MessageGone:
    return MessageGone(MessageId(channel, id))


def channel_named(name: str, *, channel: ChannelId = CHANNEL, minute: float = 0, private: bool = False) -> ChannelSeen:
    return ChannelSeen(channel, name, at(minute), private)


def person_named(person: PersonId, name: str, *, minute: float = 0, bot: bool = False) -> PersonSeen:
    return PersonSeen(person, name, at(minute), bot)


def reading(*messages: MessageSeen, minute: float = 1000, **more: object) -> Reading:
    """What the live platform shows of the channel; ``complete=True`` where it was read to the end."""
    more.setdefault("people", tuple(person_named(person, person.id.title()) for person in (ANN, BEN, CARA)))
    more.setdefault("channel", channel_named("news"))
    return Reading(began_at=at(minute), messages=messages, **more)


def exported(*messages: MessageSeen, **more: object) -> Reading:
    """The same from an export."""
    as_export = (replace(message, source=Source.EXPORT) for message in messages)
    return reading(*as_export, source=Source.EXPORT, **more)
