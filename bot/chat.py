"""The chat port: what a chat platform does for Linkletter, and what Linkletter does for it. Protocols and values only.

An adapter (``platforms/slack``, ``platforms/discord``, ``platforms/local``) is a ``Chat``; what it is told to call is a
``Listener``. ``tests/contracts`` holds every adapter to the law below; ``platforms/local`` is the one to read first.

**Hearing.** Hand over everything people write, edit, delete and react to as values of ``newsletter.heard``, the text as
CommonMark. Leave out bots, our own posts first of all, and what nobody wrote (joins, topics). When ``heard`` returns it
is stored, so acknowledge to the platform afterwards. Twice, late and out of order are all right; losing something in
silence is not: after every connect, the first one too, and whenever we are let into a channel, call ``connected``,
which reads back what was missed. Say a person's name when you learn it (``PersonSeen``), and a channel's when it
changes.

**Reading.** A reading is ``complete`` only where reading was allowed and the stretch was paged to its end: whoever is
missing from a complete one counts as deleted. Where reading is not allowed, raise ``PermissionDenied``: an empty
reading would delete everything.

**Asking.** Everything a person asks of us is an ``Invocation`` of text: adapters parse nothing and know no command by
name. A button asks its ``Action.text``, a form that is sent its ``Form.text`` with the ``values`` written in it, a
message's shortcut the command's name with the ``message``. First tell the platform in its time that the question
arrived, then call ``asked``, which may take long; it raises nothing but cancellation. A question that may be answered
with a form is asked at once where the platform opens forms only in the first seconds (``Listener.forms``). Every
message of a ``private`` answer is for the asker alone. A question that the platform delivers again has the same ``id``,
and gets the same answer.

**Drawing.** All text in ``Cards`` may be a stranger's. Everything is plain text, but for ``Card.text``, which is
CommonMark; whatever it says, it mentions nobody, and looks like what it is. A platform's limits are known to its
``draw`` only: ``cards.pack`` gives it as many cards for a message as fit, the first message for the channel and the
others for its thread. A private answer is drawn as a post is, so a preview is what goes out.

**Posting.** ``destination`` is ``newsletter.ports.Destination``: each part carries its mark where people cannot write
it, and ``find`` looks for it among our own messages. An answer that got lost is ``Unsure``, never a failure, never a
success.

**Failing.** A platform that cannot be reached raises ``ConnectionError`` from ``channels``, ``read`` and ``people``.
What the listener raises because it cannot work (``NewsletterError``, ``OSError``) ends ``run``, and so does what the
adapter cannot mend by connecting again; whoever runs it starts it again, and reading back repairs what was missed. What
one thing heard makes it raise beside that must cost nothing but that thing: else it would be delivered again after
each start. ``UserError`` is for the person, as it is.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from newsletter.errors import UserError
from newsletter.heard import ChannelId, ChannelSeen, Heard, MessageId, MessageSeen, PersonId, Reading
from newsletter.ports import Destination


class PermissionDenied(UserError):
    """A person, or Linkletter itself, may not do this; the text says who or what can change that."""


# --- what is shown -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A few words of plain text, with a link where ``url`` is given: ``Ann``, ``👍 3``.

    ``at`` is the instant the words speak of, aware UTC: a platform that can adds it in the reader's own zone.
    """

    text: str
    url: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button. Who presses it asks ``text``, as if they had typed it: whether they may is decided then.

    ``label`` is plain and short: what platforms hold is 20 to 75 characters. ``text`` is of at most 90 characters.
    """

    label: str
    text: str
    style: Literal["plain", "primary", "danger"] = "plain"


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to show, in nobody's markup: an entry, a heading with an intro, an answer. Each part may be missing.

    ``heading`` stands over the card and moves with it. ``title`` links to ``url``. ``text`` is CommonMark, everything
    else plain. Each of ``lines`` is a row of facts below the text. ``image`` is an address a platform may show a
    picture from. ``actions`` stand last, at most five.
    """

    title: str = ""
    url: str = ""
    text: str = ""
    lines: tuple[tuple[Fact, ...], ...] = ()
    heading: str = ""
    image: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Cards:
    """What is shown at once: ``channel`` at the channel's level, as much as one message holds; the rest in its
    thread."""

    channel: tuple[Card, ...]
    thread: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A line or a text to write, or one of ``options`` (value and label) to choose. ``value`` is what stands there now.

    ``at_most`` is in characters.
    """

    name: str
    label: str
    value: str = ""
    kind: Literal["line", "text", "choice"] = "line"
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    hint: str = ""
    at_most: int = 2000


@dataclass(frozen=True, slots=True)
class Form:
    """Up to five fields to fill in. Sent, it asks ``text`` with what was written, by the fields' names.

    ``title`` and ``send`` are plain and of at most 24 characters.
    """

    title: str
    text: str
    fields: tuple[Field, ...]
    send: str = "Save"


# --- what is asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invocation:
    """A person asks something: ``text`` is what they wrote after our name (``search attention``).

    ``id`` is the platform's for this question, the same when it is delivered again. ``locale`` is the asker's language
    as the platform names it (``ko``, ``en-US``), ``""`` where it does not. ``values`` are what was written in a form.
    ``message`` is the one whose shortcut was taken, as it is now. In a conversation with us alone, ``channel`` has an
    empty name and is private.
    """

    id: str
    text: str
    person: PersonId
    channel: ChannelSeen
    locale: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    message: MessageSeen | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What to show for a question; ``private``: to the asker alone.

    Where there is a ``form``, it is opened; a platform that cannot any more shows the cards, which say so.
    ``replaces``: asked by a button, the cards take the place of what the button stands in.
    """

    cards: Cards
    private: bool = True
    form: Form | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A word of a command. The last one takes all that is left of the text."""

    name: str
    help: str
    required: bool = False


class Command(Protocol):
    """A command as platforms may offer it beforehand: in a list of slash commands, a manifest, a row of hints.

    What was chosen there comes back as the text of an ``Invocation``: the name, then the values in order.
    """

    @property
    def name(self) -> str:
        """One word in lower case."""
        ...

    @property
    def help(self) -> str:
        """One line."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """In order."""
        ...

    @property
    def shortcut(self) -> str:
        """What it is called in a message's own menu, of at most 24 characters; ``""``: it is not there."""
        ...


# --- the port ------------------------------------------------------------------------------------------------------


class Listener(Protocol):
    """What Linkletter does for a platform. Everything may be called at the same time."""

    @property
    def commands(self) -> Sequence[Command]:
        """Those to offer, in the order in which to show them."""
        ...

    @property
    def forms(self) -> Collection[str]:
        """The names whose answer may be a form, also those that only buttons ask: it must come at once, because a form
        can only be opened in the first seconds."""
        ...

    async def connected(self, chat: "Chat") -> None:
        """There may have been things we did not hear: read back. What it does not reach the next one does."""
        ...

    async def heard(self, heard: Heard) -> None:
        """Take in one thing; it is stored when this returns."""
        ...

    async def asked(self, invocation: Invocation) -> Answer:
        """The answer, also where something goes wrong: then it says what."""
        ...


class Chat(Protocol):
    """A chat platform, seen from one workspace, server or room."""

    @property
    def platform(self) -> str:
        """As in ``PersonId.platform`` and in the settings: ``slack``."""
        ...

    async def run(self, listener: Listener) -> None:
        """Connect, hear, and connect again when the line breaks, until cancelled; then end without leaving a task."""
        ...

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """Where Linkletter was let in, by its name of now."""
        ...

    def read(self, channel: ChannelId, since: datetime, threads: Collection[str] = ()) -> AsyncGenerator[Reading]:
        """What was posted in the channel since ``since``; then the whole of each thread that may have changed since.

        ``threads`` are the first messages of those to be read in any case; the platform adds the others it knows of.
        Readings come as they are made: a caller may stop between two. Raises ``PermissionDenied``.
        """
        ...

    async def people(self, role: str) -> frozenset[PersonId]:
        """Who is meant by an id as the settings have it: a person's own, or that of a role or group with many."""
        ...

    async def permalink(self, message: MessageId) -> str | None:
        """The web address that opens the message; ``None`` where there is none."""
        ...

    def destination(self, channel: ChannelId) -> Destination:
        """The channel as a place editions go to; its ``key`` is ``slack:C123``."""
        ...

    async def say(self, to: ChannelId | PersonId, cards: Cards) -> MessageId | None:
        """Post the cards in a channel, or to one person in a conversation of our own; the first message's id.

        ``None`` where the platform gives none. Pings nobody. Raises ``Refused``, ``Unsure`` or ``RateLimited``.
        """
        ...

    async def hint(self, message: MessageId, person: PersonId, cards: Cards) -> None:
        """Tell one person something about their message, beside it and unseen by others; a kindness, never a need.

        Where a platform cannot, one emoji is put on the message instead. What fails is only logged.
        """
        ...

    async def sign(self, message: MessageId, emoji: str, *, on: bool = True) -> None:
        """Put our own reaction on a message, or take it back. Twice is once. What fails is only logged."""
        ...

    async def close(self) -> None:
        """Let go of connections that were opened outside of ``run``. The second time does nothing."""
        ...
