"""A chat room in memory: channels, people, threads, messages and reactions, and the calls a bot may make.

It is the platform itself: it knows nothing of newsletters, and its adapter is ``client.py``. ``Trouble`` says how it
treats bots: what a network and a strict platform do to them can be tried here.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.chat import Action, Form
from bot.platforms.local.draw import LONGEST_MESSAGE, Drawn

# --- errors: what a call of a bot may meet ---------------------------------------------------------------------------


class RoomError(Exception):
    """The room did not do what a bot asked for."""


class Unreachable(RoomError):
    """The line is cut: nothing was done."""


class AnswerLost(RoomError):
    """The line broke while the room worked: it may have done it."""


class Forbidden(RoomError):
    """The bot may not do this."""


class NotThere(RoomError):
    """There is no such message."""


class TooLong(RoomError):
    """The message is longer than ``LONGEST_MESSAGE``."""


class TooFast(RoomError):
    """Not now, but after ``wait``."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"wait {wait}")


# --- values ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel; a private one has only bots that were let in."""

    id: str
    name: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in the room, or a bot."""

    id: str
    name: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it now is: ``text`` is CommonMark in which ``[@Ann](person:p1)`` mentions someone.

    ``mark`` is a bot's own note on its message, which people can neither see nor write. ``pinged`` were called by it.
    ``actions`` are its buttons, which only bots can make; each stands where ``ends`` says in the text, else below it.
    """

    id: str
    channel: str
    author: Person
    text: str
    sent_at: datetime
    edited_at: datetime | None = None
    thread: str | None = None
    mark: str = ""
    pinged: tuple[str, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a bot shows to the person who asked, and to nobody else: texts with their buttons, or a form."""

    drawn: tuple[Drawn, ...] = ()
    form: Form | None = None
    replaces: bool = False
    """Whether this takes the place of what the pressed button stands in."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What it says."""
        return tuple(one.text for one in self.drawn)

    @property
    def actions(self) -> tuple[Action, ...]:
        """Its buttons, in order."""
        return tuple(action for one in self.drawn for action in one.actions)


@dataclass(frozen=True, slots=True)
class Preview:
    """What the room shows of a page below a message with its address; ``picture`` is a file of the room's own."""

    title: str
    site: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Whisper:
    """What a bot told one person beside a message."""

    message: str
    person: Person
    text: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The line is open. Comes first on it."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message is new, or was edited."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message is gone."""

    message: Message


@dataclass(frozen=True, slots=True)
class Reacted:
    """A person put an emoji on a message, or took it back."""

    message: Message
    person: Person
    emoji: str
    on: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """A person asks the bots something; what is put into ``answered`` only they see.

    ``values`` were written in a form. ``about`` is the message whose menu was used, ``pressed`` the one whose button.
    ``locale`` is the language of the asker's browser.
    """

    id: str
    channel: Channel
    person: Person
    text: str
    answered: asyncio.Future[Shown]
    values: Mapping[str, str] = field(default_factory=dict)
    about: Message | None = None
    pressed: Message | None = None
    locale: str = ""


Event = Connected | Posted | Deleted | Reacted | Question

Watcher = Callable[[Event | Whisper | Channel | Person], None]
"""Told of everything that happens in the room, at once and in order. It must not raise."""


@dataclass
class Trouble:
    """How the room treats bots, until told otherwise. Numbers count calls that are still to be treated so."""

    lose_answers: int = 0
    lose_posts: int = 0
    wait: timedelta | None = None
    no_posting: bool = False
    no_reading: bool = False


class Line:
    """One bot's connection. Events wait on it in order; those not taken when it is cut are lost."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self.put(Connected())

    def put(self, event: Event) -> None:
        """Send an event down the line."""
        self._events.put_nowait(event)

    def cut(self) -> None:
        """The line breaks."""
        while not self._events.empty():
            self._events.get_nowait()
            self._events.task_done()
        self._events.put_nowait(None)

    async def events(self) -> AsyncGenerator[Event]:
        """What happens in the room, until the line is cut."""
        while True:
            event = await self._events.get()
            try:
                if event is None:
                    return
                yield event
            finally:
                self._events.task_done()

    async def quiet(self) -> None:
        """Wait until the bot has done with everything on the line."""
        await self._events.join()


class Room:
    """The room. Its times are of ``clock``; ``url`` is where a browser would find it."""

    def __init__(self, clock: Callable[[], datetime], *, name: str = "room", url: str = "http://localhost") -> None:
        self.clock = clock
        self.name = name
        self.url = url
        self.trouble = Trouble()
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.roles: dict[str, frozenset[str]] = {}
        self.conversations: dict[str, Channel] = {}
        self.whispers: list[Whisper] = []
        self.previews: dict[str, Preview] = {}
        """What is known of pages, by the address as it is posted."""
        self.watchers: set[Watcher] = set()
        self._messages: dict[str, Message] = {}
        self._lines: set[Line] = set()
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._inhabited = asyncio.Event()
        self.made = 0

    # --- the room itself ---

    def open_channel(self, name: str, *, private: bool = False, id: str = "") -> Channel:
        """A new channel."""
        channel = Channel(id or self._id("c"), name, private)
        self.channels[channel.id] = channel
        self._show(channel)
        return channel

    def join(self, name: str, *, bot: bool = False, id: str = "") -> Person:
        """Someone new, or a bot."""
        person = Person(id or self._id("p"), name, bot)
        self.people[person.id] = person
        self._show(person)
        return person

    def put(self, message: Message) -> None:
        """A message that was there before anyone looked: nobody is told of it. With its own id it is one message."""
        self._messages[message.id] = message

    def give_role(self, role: str, people: Iterable[Person]) -> None:
        """Say who has a role."""
        self.roles[role] = frozenset(person.id for person in people)

    def cut(self) -> None:
        """Cut every line; nobody gets through until ``restore``. People go on without the bots."""
        self._reachable.clear()
        for line in self._lines:
            line.cut()
        self._lines.clear()
        self._inhabited.clear()

    def restore(self) -> None:
        """Let bots in again."""
        self._reachable.set()

    def channel(self, id: str) -> Channel:
        """The channel, or the conversation, with this id. Raises ``KeyError``."""
        known = self.channels | {channel.id: channel for channel in self.conversations.values()}
        return known[id]

    def message(self, id: str) -> Message | None:
        """The message with this id, as it is now."""
        return self._messages.get(id)

    def messages(self, channel: str) -> tuple[Message, ...]:
        """What people see in a channel and its threads, oldest first."""
        return tuple(message for message in self._messages.values() if message.channel == channel)

    async def quiet(self) -> None:
        """Wait for a bot to be connected, and until every one that is has done with what happened."""
        await self._inhabited.wait()
        for line in tuple(self._lines):
            await line.quiet()

    # --- what people do ---

    def post(self, channel: Channel, author: Person, text: str, thread: str | None = None) -> Message:
        """A person writes a message, or a reply in the thread of the message with this id."""
        return self._post(channel.id, author, Drawn(text), thread)

    def edit(self, id: str, text: str) -> None:
        """A person edits a message."""
        self._change(replace(self._messages[id], text=text, edited_at=self.clock()))

    def delete(self, id: str) -> None:
        """A person deletes a message. Replies to it stay."""
        self._tell(Deleted(self._messages.pop(id)))

    def react(self, id: str, person: Person, emoji: str, *, on: bool = True) -> None:
        """A person puts an emoji on a message, or takes it back."""
        message = self._messages[id]
        people = tuple(one for one in message.reactions.get(emoji, ()) if one != person.id)
        reactions = {**message.reactions, emoji: (*people, person.id) if on else people}
        self._messages[id] = replace(message, reactions={name: who for name, who in reactions.items() if who})
        self._tell(Reacted(message, person, emoji, on, self.clock()))

    async def ask(
        self,
        channel: Channel,
        person: Person,
        text: str,
        id: str = "",
        *,
        values: Mapping[str, str] | None = None,
        about: str | None = None,
        pressed: str | None = None,
        locale: str = "",
    ) -> Shown:
        """A person asks the bots; returns what only they see. The same ``id`` is the same question delivered again.

        ``values`` were written in a form; ``about`` is the message whose menu was used, ``pressed`` the one whose
        button opened the form.
        """
        of_menu = self._messages[about] if about is not None else None
        of_button = self._messages[pressed] if pressed is not None else None
        return await self._ask(channel, person, text, id, values or {}, about=of_menu, pressed=of_button, locale=locale)

    async def press(self, id: str, person: Person, label: str) -> Shown:
        """A person presses a button of a message; returns what only they see."""
        message = self._messages[id]
        text = next(action.text for action in message.actions if action.label == label)
        channel = self.channel(message.channel)
        return await self._ask(channel, person, text, "", {}, pressed=message)

    async def _ask(
        self,
        channel: Channel,
        person: Person,
        text: str,
        id: str,
        values: Mapping[str, str],
        *,
        about: Message | None = None,
        pressed: Message | None = None,
        locale: str = "",
    ) -> Shown:
        if not self._lines:
            raise Unreachable("nobody is there to answer")
        answered: asyncio.Future[Shown] = asyncio.get_running_loop().create_future()
        self._tell(Question(id or self._id("q"), channel, person, text, answered, values, about, pressed, locale))
        return await answered

    # --- what bots may call ---

    async def connect(self) -> Line:
        """Open a line, as soon as the room can be reached."""
        await self._reachable.wait()
        line = Line()
        self._lines.add(line)
        self._inhabited.set()
        return line

    def hang_up(self, line: Line) -> None:
        """Close a line. The second time changes nothing."""
        self._lines.discard(line)
        if not self._lines:
            self._inhabited.clear()

    async def history(self, channel: str, thread: str | None = None) -> tuple[Message, ...]:
        """The channel's messages, or the replies of a thread, oldest first. Raises ``Forbidden``."""
        self._reach()
        if self.trouble.no_reading:
            raise Forbidden("reading is switched off")
        messages = self._messages.values()
        return tuple(message for message in messages if message.channel == channel and message.thread == thread)

    async def threads(self, channel: str) -> dict[str, datetime]:
        """The channel's threads by their first message, and when the last reply was posted. Raises ``Forbidden``."""
        self._reach()
        if self.trouble.no_reading:
            raise Forbidden("reading is switched off")
        return {m.thread: m.sent_at for m in self._messages.values() if m.channel == channel and m.thread}

    async def send(
        self,
        channel: str,
        bot: Person,
        drawn: Drawn,
        thread: str | None = None,
        mark: str = "",
        *,
        quiet: bool = False,
    ) -> Message:
        """A bot posts; ``quiet``: whatever it says, nobody is pinged.

        Raises any ``RoomError``; after ``AnswerLost`` the message may be there.
        """
        self._admit(drawn.text)
        if self._happens("lose_posts"):
            raise AnswerLost("the line broke")
        message = self._post(channel, bot, drawn, thread, mark, quiet=quiet)
        if self._happens("lose_answers"):
            raise AnswerLost("the line broke")
        return message

    async def change(self, id: str, drawn: Drawn, mark: str) -> None:
        """A bot edits its message."""
        self._admit(drawn.text)
        before, now = self._there(id), self.clock()
        text, actions, ends = drawn.text, drawn.actions, drawn.ends
        self._change(replace(before, text=text, mark=mark, actions=actions, ends=ends, edited_at=now))

    async def remove(self, id: str) -> None:
        """A bot deletes its message."""
        self._admit("")
        self._there(id)
        self.delete(id)

    def converse(self, person: Person) -> Channel:
        """The conversation of the bots with one person: nobody else is in it, and it is in no list of channels."""
        if person.id not in self.conversations:
            self.conversations[person.id] = Channel(f"with-{person.id}", "", private=True)
            self._show(self.conversations[person.id])
        return self.conversations[person.id]

    async def sign(self, id: str, bot: Person, emoji: str, *, on: bool) -> None:
        """A bot puts its emoji on a message, or takes it back. Raises ``NotThere``."""
        self._admit("")
        self.react(self._there(id).id, bot, emoji, on=on)

    async def whisper(self, message: str, person: Person, text: str) -> None:
        """A bot tells one person something beside a message. Raises ``NotThere``."""
        self._admit(text)
        self.whispers.append(Whisper(self._there(message).id, person, text))
        self._show(self.whispers[-1])

    def answer(self, question: Question, shown: Shown) -> None:
        """A bot answers a question, unless the person has gone."""
        if not question.answered.done():
            question.answered.set_result(shown)

    def permalink(self, channel: str, id: str) -> str:
        """Where a browser finds a message."""
        return f"{self.url}/{channel}/{id}"

    # --- inside ---

    def _id(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{self.made}"

    def _post(
        self, channel: str, author: Person, drawn: Drawn, thread: str | None, mark: str = "", *, quiet: bool = False
    ) -> Message:
        pinged = () if quiet else self._pinged(drawn.text)
        id, at = self._id("m"), self.clock()
        message = Message(id, channel, author, drawn.text, at, thread=thread, mark=mark, pinged=pinged)
        message = replace(message, actions=drawn.actions, ends=drawn.ends)
        self._messages[message.id] = message
        self._tell(Posted(message))
        return message

    def _pinged(self, text: str) -> tuple[str, ...]:
        if "@everyone" in text:
            return tuple(self.people)
        return tuple(id for id in re.findall(r"(?<!\\)\]\(person:(\w+)\)", text) if id in self.people)

    def _change(self, message: Message) -> None:
        self._messages[message.id] = message
        self._tell(Posted(message))

    def _tell(self, event: Event) -> None:
        for line in self._lines:
            line.put(event)
        self._show(event)

    def _show(self, happened: Event | Whisper | Channel | Person) -> None:
        for watcher in tuple(self.watchers):
            watcher(happened)

    def _reach(self) -> None:
        if not self._reachable.is_set():
            raise Unreachable("the line is cut")

    def _admit(self, text: str) -> None:
        self._reach()
        if self.trouble.wait is not None:
            raise TooFast(self.trouble.wait)
        if self.trouble.no_posting:
            raise Forbidden("posting is switched off")
        if len(text) > LONGEST_MESSAGE:
            raise TooLong(f"{len(text)} characters, {LONGEST_MESSAGE} are allowed")

    def _there(self, id: str) -> Message:
        message = self._messages.get(id)
        if message is None:
            raise NotThere(id)
        return message

    def _happens(self, trouble: str) -> bool:
        left: int = getattr(self.trouble, trouble)
        setattr(self.trouble, trouble, max(0, left - 1))
        return left > 0
