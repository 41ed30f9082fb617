"""The platforms the contract holds for, each as a world: what people do there, and what the platform does to bots.

A further platform is one more class and its row in ``PLATFORMS``. A world knows the other side only; ours it knows by
``world.chat``.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Protocol

import aiohttp

from bot.chat import Action, Chat, Field, Form
from bot.commands import ROWS
from bot.platforms.local.client import Local
from bot.platforms.local.page import RoomPage
from bot.platforms.local.room import Channel, Person, Room
from bot.web import serving
from newsletter.heard import ChannelId, ChannelSeen, PersonId
from tests.contracts.discord_world import DiscordWorld
from tests.contracts.seen import Post, Told
from tests.contracts.slack_world import SlackWorld


class World(Protocol):
    """A chat with the channels #links (public), #desk (private) and #random, the people Ann and Ben, and the bot Robot.

    Nobody has the role ``editing`` yet. It is there within ``async with``.
    """

    chat: Chat
    longest: int
    """No message of ours may have more characters to read: longer editions must be split."""

    async def __aenter__(self) -> "World": ...
    async def __aexit__(self, *_: object) -> None: ...
    def owns(self, task: asyncio.Task[object]) -> bool:
        """Whether a task is the platform's own, and none of ours."""

    def channel(self, name: str) -> ChannelSeen: ...
    def person(self, name: str) -> PersonId: ...
    def role(self) -> str:
        """How the settings name the role ``editing``."""

    def give_role(self, name: str, *, on: bool = True) -> None:
        """Somebody is given the role ``editing``, or loses it."""

    # what people do
    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str: ...
    async def edit(self, message: str, text: str) -> None: ...
    async def delete(self, message: str) -> None: ...
    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None: ...
    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        """The texts of the answer that only the asker sees. The same ``id``: the platform delivers the question again."""

    async def press(self, name: str, label: str, *, channel: str = "links", id: str = "", forged: str = "") -> Told:
        """Press the button with this label, in the newest thing of ours in the channel that has one and that they see.

        The same ``id``: the platform delivers it again. ``forged``: a client of their own asks that instead.
        """

    async def submit(self, name: str, *, id: str = "", **values: str) -> Told:
        """Send the form that was last opened for somebody, with these values instead of what stood there."""

    async def shortcut(self, name: str, message: str, shortcut: str) -> Told:
        """Choose one of our entries in the menu of a message, by what it is called there."""

    async def quiet(self) -> None:
        """Return when we have heard everything and done with it."""

    # what is seen of us
    async def ours(self, channel: str = "links") -> Sequence[Post]:
        """Our messages that stand in the channel and its threads, oldest first."""

    async def signed(self, message: str) -> set[str]:
        """Our own reactions on a message."""

    def hinted(self, name: str) -> Sequence[str] | None:
        """What we told somebody alone without being asked; ``None`` where the platform has no such thing."""

    # what the platform does to us
    async def cut(self) -> None: ...
    async def restore(self) -> None: ...
    def lose_answers(self, number: int) -> None:
        """The next posts arrive, and their answers do not."""

    def lose_posts(self, number: int) -> None:
        """The next posts neither arrive nor are answered."""

    def limit(self, wait: timedelta | None) -> None: ...
    def forbid(self, *, posting: bool = False, reading: bool = False) -> None: ...


Seen = tuple[Sequence[str], Sequence[Action], Form | None]
"""What a room shows to one person: texts, the buttons below them, a form."""


class LocalWorld:
    """The room in memory."""

    longest = 2000

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.room = Room(clock, url="https://room.example")
        self.chat = Local(self.room)
        self._channels = {
            name: self.room.open_channel(name, private=name == "desk") for name in ("links", "desk", "random")
        }
        self._people = {name: self.room.join(name, bot=name == "Robot") for name in ("Ann", "Ben", "Robot")}
        self.room.give_role("editing", [])
        self._shown: dict[tuple[str, str], Sequence[Action]] = {}
        """By person and channel: the buttons they alone see."""
        self._pressed: dict[str, tuple[str, str | None]] = {}
        self._filling: dict[str, tuple[Form, str, str | None]] = {}
        """By person: the form before them, where it was opened, and in which message."""

    async def __aenter__(self) -> "LocalWorld":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def owns(self, task: asyncio.Task[object]) -> bool:
        return False

    def channel(self, name: str) -> ChannelSeen:
        channel = self._channels[name]
        return ChannelSeen(ChannelId("local", "room", channel.id), name, self.room.clock(), channel.private)

    def person(self, name: str) -> PersonId:
        return PersonId("local", "room", self._people[name].id)

    def role(self) -> str:
        return "local:editing"

    def give_role(self, name: str, *, on: bool = True) -> None:
        id = self._people[name].id
        has = (self.room.roles["editing"] - {id}) | ({id} if on else set())
        self.room.give_role("editing", [self.room.people[one] for one in has])

    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str:
        return self.room.post(self._channels[channel], self._people[name], text, thread).id

    async def edit(self, message: str, text: str) -> None:
        self.room.edit(message, text)

    async def delete(self, message: str) -> None:
        self.room.delete(message)

    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None:
        self.room.react(message, self._people[name], emoji, on=on)

    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        return (await self._asks(name, channel, text, id)).texts

    async def press(self, name: str, label: str, *, channel: str = "links", id: str = "", forged: str = "") -> Told:
        text, pressed = self._pressed.get(id) or self._with(name, label, channel)
        if id:
            self._pressed[id] = text, pressed
        return await self._asks(name, channel, forged or text, id, pressed=pressed)

    def _with(self, name: str, label: str, channel: str) -> tuple[str, str | None]:
        """What the newest button asks, of those they see, and the message it stands in, where others see it too."""
        there = self.room.messages(self._channels[channel].id)
        alone = [(action, None) for action in self._shown.get((name, channel), ())]
        seen = [*((action, one.id) for one in there for action in one.actions), *alone]
        found = [(action.text, id) for action, id in seen if action.label == label]
        assert found, f"{name} sees no {label} in #{channel}, but {[action.label for action, _ in seen]}"
        return found[-1]

    async def submit(self, name: str, *, id: str = "", **values: str) -> Told:
        form, channel, pressed = self._filling[name]
        stood = {field.name: field.value for field in form.fields} | values
        return await self._asks(name, channel, form.text, id, values=stood, pressed=pressed)

    async def shortcut(self, name: str, message: str, shortcut: str) -> Told:
        text = next(row.name for row in ROWS if row.shortcut == shortcut)
        id = self.room.message(message).channel
        channel = next(name for name, channel in self._channels.items() if channel.id == id)
        return await self._asks(name, channel, text, about=message)

    async def _asks(self, name: str, channel: str, text: str, id: str = "", **more: Any) -> Told:
        texts, actions, form = await self._sent(self._channels[channel], self._people[name], text, id, **more)
        self._shown[name, channel] = actions
        if form is None:
            return Told(tuple(texts))
        self._filling[name] = (form, channel, more.get("pressed"))
        return Told(tuple(texts), {field.name: field.value for field in form.fields})

    async def _sent(self, channel: Channel, person: Person, text: str, id: str, **more: Any) -> Seen:
        shown = await self.room.ask(channel, person, text, id, **more)
        return shown.texts, shown.actions, shown.form

    async def signed(self, message: str) -> set[str]:
        reactions = self.room.message(message).reactions
        return {emoji for emoji, people in reactions.items() if self._us.id in people}

    def hinted(self, name: str) -> Sequence[str] | None:
        return [one.text for one in self.room.whispers if one.person is self._people[name]]

    async def quiet(self) -> None:
        await self.room.quiet()

    async def ours(self, channel: str = "links") -> Sequence[Post]:
        trouble, self.room.trouble.no_reading = self.room.trouble.no_reading, False
        id = self._channels[channel].id
        messages = list(await self.room.history(id))
        for thread in await self.room.threads(id):
            messages += await self.room.history(id, thread)
        self.room.trouble.no_reading = trouble
        return [
            Post(one.id, one.text, one.thread, tuple(self.room.people[id].name for id in one.pinged))
            for one in sorted(messages, key=lambda one: one.sent_at)
            if one.author == self._us
        ]

    @property
    def _us(self) -> Person:
        return next(person for person in self.room.people.values() if person.name == "Linkletter")

    async def cut(self) -> None:
        self.room.cut()

    async def restore(self) -> None:
        self.room.restore()

    def lose_answers(self, number: int) -> None:
        self.room.trouble.lose_answers = number

    def lose_posts(self, number: int) -> None:
        self.room.trouble.lose_posts = number

    def limit(self, wait: timedelta | None) -> None:
        self.room.trouble.wait = wait

    def forbid(self, *, posting: bool = False, reading: bool = False) -> None:
        self.room.trouble.no_posting, self.room.trouble.no_reading = posting, reading


class WebWorld(LocalWorld):
    """The same room, but people act through its page's server, as a browser does."""

    async def __aenter__(self) -> "WebWorld":
        self._open = AsyncExitStack()
        page = RoomPage(self.room, ())
        address = await self._open.enter_async_context(serving(page.routes(), host="127.0.0.1", port=0))
        self._http = await self._open.enter_async_context(aiohttp.ClientSession(address, raise_for_status=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def owns(self, task: asyncio.Task[object]) -> bool:
        return "/aiohttp/" in task.get_coro().cr_code.co_filename

    async def _do(self, what: str, **how: object) -> dict[str, Any]:
        async with self._http.post(f"/api/{what}", json=how) as response:
            return await response.json()

    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str:
        if name == "Robot":
            return await super().post(name, text, channel=channel, thread=thread)
        how = {"channel": self._channels[channel].id, "person": self._people[name].id, "thread": thread}
        return (await self._do("post", text=text, **how))["id"]

    async def edit(self, message: str, text: str) -> None:
        await self._do("edit", message=message, text=text, person=self.room.message(message).author.id)

    async def delete(self, message: str) -> None:
        await self._do("delete", message=message, person=self.room.message(message).author.id)

    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None:
        await self._do("react", message=message, person=self._people[name].id, emoji=emoji, on=on)

    async def _sent(self, channel: Channel, person: Person, text: str, id: str, **more: Any) -> Seen:
        shown = await self._do("ask", channel=channel.id, person=person.id, text=text, id=id, **more)
        buttons = [one for piece in shown["pieces"] for one in piece["actions"]]
        actions = [Action(one["label"], one["text"]) for one in buttons]
        if (form := shown["form"]) is None:
            return shown["texts"], actions, None
        fields = tuple(Field(one["name"], one["label"], one["value"]) for one in form["fields"])
        return shown["texts"], actions, Form(form["title"], form["text"], fields)

    async def ours(self, channel: str = "links") -> Sequence[Post]:
        async with self._http.get(f"/api/messages/{self._channels[channel].id}") as response:
            found = [one for one in (await response.json())["messages"] if one["author"]["name"] == "Linkletter"]
        pinged = {one["id"]: self.room.message(one["id"]).pinged for one in found}
        return [
            Post(one["id"], one["text"], one["thread"], tuple(self.room.people[id].name for id in pinged[one["id"]]))
            for one in sorted(found, key=lambda one: one["at"])
        ]


PLATFORMS: dict[str, Callable[[Callable[[], datetime]], World]] = {
    "local": LocalWorld,
    "room's page": WebWorld,
    "slack": SlackWorld,
    "discord": DiscordWorld,
}
