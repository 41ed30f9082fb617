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

from bot.chat import Chat, Form
from bot.commands import ROWS
from bot.platforms.local.client import Local
from bot.platforms.local.page import RoomPage
from bot.platforms.local.room import Person, Room, Shown
from bot.web import serving
from newsletter.heard import ChannelId, ChannelSeen, PersonId
from tests.contracts.discord_world import DiscordWorld
from tests.contracts.seen import Post, Told
from tests.contracts.slack_world import SlackWorld


class World(Protocol):
    """A chat with the channels #links (public), #desk (private) and #random, the people Ann and Ben, and the bot Robot.

    Ann has the role ``editing``. It is there within ``async with``.
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

    # what people do
    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str: ...
    async def edit(self, message: str, text: str) -> None: ...
    async def delete(self, message: str) -> None: ...
    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None: ...
    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        """The texts of the answer that only the asker sees. The same ``id``: the platform delivers the question again."""

    async def press(self, name: str, label: str, *, channel: str = "links") -> Told:
        """Press the button with this label, in our newest message in the channel that has one."""

    async def submit(self, name: str, **values: str) -> Told:
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

    # what the platform does to us
    async def cut(self) -> None: ...
    async def restore(self) -> None: ...
    def lose_answers(self, number: int) -> None:
        """The next posts arrive, and their answers do not."""

    def lose_posts(self, number: int) -> None:
        """The next posts neither arrive nor are answered."""

    def limit(self, wait: timedelta | None) -> None: ...
    def forbid(self, *, posting: bool = False, reading: bool = False) -> None: ...


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
        self.room.give_role("editing", [self._people["Ann"]])
        self._opened: dict[str, tuple[Form, str]] = {}

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

    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str:
        return self.room.post(self._channels[channel], self._people[name], text, thread).id

    async def edit(self, message: str, text: str) -> None:
        self.room.edit(message, text)

    async def delete(self, message: str) -> None:
        self.room.delete(message)

    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None:
        self.room.react(message, self._people[name], emoji, on=on)

    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        shown = await self.room.ask(self._channels[channel], self._people[name], text, id)
        return shown.texts

    async def press(self, name: str, label: str, *, channel: str = "links") -> Told:
        pressed = next(
            one
            for one in reversed(self.room.messages(self._channels[channel].id))
            if any(action.label == label for action in one.actions)
        )
        return self._told(name, channel, await self.room.press(pressed.id, self._people[name], label))

    async def submit(self, name: str, **values: str) -> Told:
        form, channel = self._opened[name]
        stood = {field.name: field.value for field in form.fields} | values
        shown = await self.room.ask(self._channels[channel], self._people[name], form.text, values=stood)
        return self._told(name, channel, shown)

    async def shortcut(self, name: str, message: str, shortcut: str) -> Told:
        text = next(row.name for row in ROWS if row.shortcut == shortcut)
        id = self.room.message(message).channel
        channel = next(name for name, channel in self._channels.items() if channel.id == id)
        shown = await self.room.ask(self._channels[channel], self._people[name], text, about=message)
        return self._told(name, channel, shown)

    def _told(self, name: str, channel: str, shown: Shown) -> Told:
        if shown.form is None:
            return Told(shown.texts)
        self._opened[name] = (shown.form, channel)
        return Told(shown.texts, {field.name: field.value for field in shown.form.fields})

    async def signed(self, message: str) -> set[str]:
        reactions = self.room.message(message).reactions
        return {emoji for emoji, people in reactions.items() if self._us.id in people}

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

    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        place, person = self._channels[channel].id, self._people[name].id
        return (await self._do("ask", channel=place, person=person, text=text, id=id))["texts"]

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
