"""What any source hands in: values that say what was posted, edited, removed and reacted to, in nobody's wire format.

Adapters (``bot/platforms/*/payloads.py``) make these values; ``collect.py`` is the only consumer. How two of them
agree about one message is decided in ``merge.py``, not here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum


class Source(IntEnum):
    """Who said so. At the same edit time the live platform's text wins over an export's."""

    EXPORT = 0
    LIVE = 1


@dataclass(frozen=True, slots=True, order=True)
class ChannelId:
    """A channel's identity. ``workspace`` is the Slack team or Discord guild, ``""`` where it is not yet known."""

    platform: str
    workspace: str
    id: str


@dataclass(frozen=True, slots=True, order=True)
class PersonId:
    """A person's identity; the same human on two platforms is two persons."""

    platform: str
    workspace: str
    id: str


@dataclass(frozen=True, slots=True, order=True)
class MessageId:
    """A message's identity. ``id`` is opaque text (a Slack ``ts``, a Discord snowflake), never a number."""

    channel: ChannelId
    id: str


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person's display name as the source gave it at ``seen_at`` (aware UTC); the newest name is kept.

    ``joined_at`` is since when they belong to the place, where the platform says so.
    """

    id: PersonId
    name: str
    seen_at: datetime
    bot: bool = False
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel's name, without ``#``, as of ``seen_at``. ``private`` decides what may reach a public destination.

    ``people`` is about how many there are in the server it belongs to, where the platform says so. ``formerly`` is the
    id that it had until now, where the platform says that it has another one from now on.
    """

    id: ChannelId
    name: str
    seen_at: datetime
    private: bool = False
    people: int | None = field(default=None, compare=False)
    formerly: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, order=True)
class Preview:
    """What the platform's own preview (unfurl, embed) said about one link of the message; ``url`` as posted."""

    url: str
    title: str = ""
    description: str = ""
    site: str = ""
    image: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class EmojiSeen:
    """One emoji on a message as a reading shows it: Unicode (``"👍"``, no skin tone) or ``":custom:"``.

    ``people`` may be fewer than ``count``: some sources give only a number, some cut the list.
    """

    emoji: str
    count: int
    people: tuple[PersonId, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """One version of one message by a person (never by a bot: adapters leave those out).

    ``text`` is CommonMark made by the adapter: people are ``[@Ann](person:U1)``, channels ``[#paper](channel:C1)``,
    emoji codes are Unicode. ``sent_at``, ``edited_at`` and ``seen_at`` are aware UTC; ``edited_at`` is the
    platform's own edit time (an unfurl is no edit). ``thread`` is the id of the thread's first message when this
    is a reply to it. ``emoji`` is ``None`` where the source said nothing about reactions and ``()`` where it said
    there are none.
    """

    id: MessageId
    author: PersonId
    sent_at: datetime
    text: str
    seen_at: datetime
    source: Source = Source.LIVE
    edited_at: datetime | None = None
    thread: str | None = None
    permalink: str | None = None
    previews: tuple[Preview, ...] = ()
    emoji: tuple[EmojiSeen, ...] | None = None
    answers: str | None = None
    """The id of the message of the same channel that this one replies to by name, in a thread or without one."""

    @property
    def answered(self) -> frozenset[str]:
        """The ids of the messages that it replies to: the one its thread began with, and the one it names."""
        return frozenset(filter(None, (self.thread, self.answers)))


@dataclass(frozen=True, slots=True)
class MessageGone:
    """The live platform said the message was deleted. Final: nothing heard later brings it back."""

    id: MessageId


@dataclass(frozen=True, slots=True)
class ReactionHeard:
    """A person put an emoji on a message (``on``) or took it back, at the platform's event time ``at`` (aware UTC)."""

    message: MessageId
    person: PersonId
    emoji: str
    on: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source said about a stretch of one channel: every message it holds with ``since <= sent_at < until``.

    ``thread`` is ``None`` for the channel itself, else the id of the thread whose replies were read. ``began_at``
    is when the source was asked: what was heard after it is newer than the reading. ``complete`` is true only when
    the live platform was asked with its permission checked and paged to the end of an uncut history: only then
    does a kept message that is absent count as deleted. ``gone`` names messages the source itself says were
    deleted (tombstones).
    """

    channel: ChannelSeen
    began_at: datetime
    messages: tuple[MessageSeen, ...]
    people: tuple[PersonSeen, ...] = ()
    gone: tuple[MessageId, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    thread: str | None = None
    complete: bool = False
    source: Source = Source.LIVE
    ignored: dict[str, int] = field(default_factory=dict)
    """Why the reader left messages out, counted by reason (``"bot"``, ``"join"``…): for the counts at the end."""
    passed_over: int = 0
    """How many more messages there were, of which nothing could have been kept (``collect.Sharing``). Never in a
    ``complete`` reading."""


Heard = MessageSeen | MessageGone | ReactionHeard | PersonSeen | ChannelSeen | Reading
