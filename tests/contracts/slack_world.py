"""Slack as a world of the platform contract: the loopback server, and what people do and see there."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot import commands
from bot.chat import Answer, Chat, Invocation, Listener
from bot.platforms.slack import manifest
from bot.platforms.slack.client import Slack
from bot.platforms.slack.markup import emoji_name
from bot.platforms.slack.settings import SlackSettings
from bot.platforms.slack.socket_mode import Patience
from newsletter.emoji import characters
from newsletter.heard import ChannelId, ChannelSeen, Heard, PersonId
from tests.contracts.seen import Post, Told
from tests.servers.slack import Asked, Message, Person, Shown, SlackServer, words

IMPATIENT = Patience(retry=0.05, retry_at_most=0.2)
"""It comes back soon, but gives up nobody who is only slow: a machine may have much to do."""
SLOW = 30
"""Seconds that people wait for an answer."""


class Noting:
    """A listener between Slack and ours: it notes when there is something still to be read back."""

    def __init__(self, listener: Listener, world: "SlackWorld") -> None:
        self._listener = listener
        self._world = world

    @property
    def commands(self) -> Any:
        return self._listener.commands

    @property
    def forms(self) -> Any:
        return self._listener.forms

    async def connected(self, chat: Chat) -> None:
        self._world.reading += 1
        handshakes = self._world.slack.delivering.handshakes
        try:
            await self._listener.connected(chat)
            self._world.read_after = handshakes
        finally:
            self._world.reading -= 1

    async def heard(self, heard: Heard) -> None:
        await self._listener.heard(heard)

    async def asked(self, invocation: Invocation) -> Answer:
        return await self._listener.asked(invocation)


class Noted(Slack):
    """The adapter, its listener noted."""

    world: "SlackWorld"

    async def run(self, listener: Listener) -> None:
        await super().run(Noting(listener, self.world))


class SlackWorld:
    """A workspace on loopback. ``reading``: how many readings back are under way; ``read_after``: the number of the
    handshake after which the last one was."""

    longest = 12_000
    chat: Noted

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.slack = SlackServer(clock=clock, patience=SLOW, retries=(0, 0.05, 0.1))
        self.slack.views.trigger_life = SLOW
        self.reading = self.read_after = 0
        place = self.slack.workspace
        self.people = {name: place.join(name, bot=name == "Robot") for name in ("Ann", "Ben", "Robot")}
        self.channels = {
            name: place.open_channel(name, self.people.values(), private=name == "desk")
            for name in ("links", "desk", "random")
        }
        self._group = place.open_group("editing", [])
        self._asked: dict[str, Asked] = {}
        self._filling: dict[str, Asked] = {}
        """By person: with what they opened the form before them."""
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> "SlackWorld":
        await self.slack.__aenter__()
        self.chat = Noted(self.settings(), clock=self.clock, patience=IMPATIENT)
        self.chat.world = self
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.slack.__aexit__()

    def settings(self, **more: Any) -> SlackSettings:
        """What the adapter must be told: by Socket Mode."""
        told = {
            "bot_token": self.slack.bot_token,
            "app_token": self.slack.app_token,
            "api_url": self.slack.api_url,
        }
        return SlackSettings(**(told | more))

    def owns(self, task: asyncio.Task[object]) -> bool:
        code = getattr(task.get_coro(), "cr_code", None)
        return code is not None and ("/tests/servers/" in code.co_filename or "/web_" in code.co_filename)

    def channel(self, name: str) -> ChannelSeen:
        channel = self.channels[name]
        id = ChannelId("slack", self.slack.workspace.id, channel.id)
        return ChannelSeen(id, name, self.clock(), channel.private)

    def person(self, name: str) -> PersonId:
        return PersonId("slack", self.slack.workspace.id, self.people[name].id)

    def role(self) -> str:
        return f"slack:{self._group.id}"

    def give_role(self, name: str, *, on: bool = True) -> None:
        id, people = self.people[name].id, self._group.people
        self._group.people = [*(one for one in people if one != id), *([id] if on else [])]

    # --- what people do ---

    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str:
        place = self.channels[channel]
        return self.slack.workspace.post(self.people[name], place, _typed(text), thread=thread).ts

    async def edit(self, message: str, text: str) -> None:
        self.slack.workspace.edit(message, _typed(text))

    async def delete(self, message: str) -> None:
        self.slack.workspace.delete(message)

    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None:
        self.slack.workspace.react(message, self.people[name], emoji_name(emoji), on=on)

    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        def asking() -> Awaitable[Asked]:
            return self.slack.ask(self.people[name], self.channels[channel], self.chat.called, text)

        return (await self._told(name, asking, id)).texts

    async def press(self, name: str, label: str, *, channel: str = "links", id: str = "", forged: str = "") -> Told:
        def pressing() -> Awaitable[Asked]:
            return self.slack.press(self.people[name], self._with(name, label, channel), label, sent=forged)

        return await self._told(name, pressing, id)

    def _with(self, name: str, label: str, channel: str) -> Message | Shown:
        """The newest message with the button, of those they see."""
        place, there = self.slack.workspace, self.channels[channel]
        seen = {one.ts: (one, one.fields) for one in place.posts_of(place.bot, there)}
        seen |= {one.message["ts"]: (one, one.message) for one in place.shown_to(self.people[name], there)}
        found = [seen[ts][0] for ts in sorted(seen) if label in _labels(seen[ts][1])]
        assert found, f"{name} sees no {label} in #{channel}, but {[_labels(one) for _, one in seen.values()]}"
        return found[-1]

    async def submit(self, name: str, *, id: str = "", **values: str) -> Told:
        return await self._told(name, lambda: self.slack.submit(self.people[name], values), id, self._filling[name])

    async def shortcut(self, name: str, message: str, shortcut: str) -> Told:
        offered = manifest.manifest([], commands.ROWS)["features"]["shortcuts"]
        [callback] = [one["callback_id"] for one in offered if one["name"] == shortcut]
        about = self.slack.workspace.message(message)
        return await self._told(name, lambda: self.slack.shortcut(self.people[name], callback, about))

    async def _told(
        self, name: str, act: Callable[[], Awaitable[Asked]], id: str = "", after: Asked | None = None
    ) -> Told:
        """What they see after they did something, or after Slack said again what was done under this ``id``. ``after``
        is what opened the form that they send."""
        async with self._one_at_a_time:
            person, place, views = self.people[name], self.slack.workspace, self.slack.views
            before, stood = len(place.shown), {one.message["ts"]: read(one.message) for one in place.shown}
            open_before = views.open_for(person)
            if id in self._asked:
                asked = await self.slack.ask_again(self._asked[id])
            else:
                asked = await act()
                if id:
                    self._asked[id] = asked
            await self.answered()
            source = after.source if after is not None else asked.source
            texts = [read(one.message) for one in place.shown[before:] if one.person is person]
            if isinstance(source, Shown) and read(source.message) != stood[source.message["ts"]]:
                texts.insert(0, read(source.message))
            view = views.open_for(person)
            if view is None or view is open_before:
                return Told(tuple(texts))
            self._filling[name] = asked
            return Told(tuple(texts), {one["block_id"]: _stands(one["element"]) for one in view["blocks"]})

    async def answered(self) -> None:
        """Return when every question that was acknowledged is answered."""
        while answers := [task for task in asyncio.all_tasks() if _name(task) == "Answering.answer"]:
            await asyncio.wait(answers)

    async def quiet(self) -> None:
        while True:
            await self.slack.quiet()
            if not self.reading and self.read_after == self.slack.delivering.handshakes:
                return
            await asyncio.sleep(0.005)

    # --- what is seen of us ---

    async def ours(self, channel: str = "links") -> Sequence[Post]:
        place = self.slack.workspace
        return [
            Post(one.ts, read(one.fields), one.thread, self._pinged(one))
            for one in place.posts_of(place.bot, self.channels[channel])
        ]

    async def signed(self, message: str) -> set[str]:
        place = self.slack.workspace
        reactions = place.message(message).reactions
        return {characters()[name] for name, people in reactions.items() if place.bot.id in people}

    def hinted(self, name: str) -> Sequence[str] | None:
        shown = self.slack.workspace.shown_to(self.people[name])
        return [read(one.message) for one in shown if one.via == "postEphemeral"]

    def _pinged(self, message: Message) -> tuple[str, ...]:
        people: dict[str, Person] = self.slack.workspace.people
        return tuple(people[id].name if id in people else id for id in sorted(words.calls(message.fields)))

    # --- what the platform does to us ---

    async def cut(self) -> None:
        await self.slack.cut()

    async def restore(self) -> None:
        await self.slack.restore()

    def lose_answers(self, number: int) -> None:
        self.slack.trouble.lose_answer("chat.postMessage", times=number)

    def lose_posts(self, number: int) -> None:
        self.slack.trouble.lose_call("chat.postMessage", times=number)

    def limit(self, wait: timedelta | None) -> None:
        self.slack.trouble.clear("chat.postMessage")
        if wait is not None:
            self.slack.trouble.rate_limit("chat.postMessage", wait.total_seconds(), times=None)

    def forbid(self, *, posting: bool = False, reading: bool = False) -> None:
        for method, forbidden, error in [
            ("chat.postMessage", posting, "restricted_action"),
            ("conversations.history", reading, "not_in_channel"),
            ("conversations.replies", reading, "not_in_channel"),
        ]:
            self.slack.trouble.clear(method)
            if forbidden:
                self.slack.trouble.error(method, error)


def read(message: dict[str, Any]) -> str:
    """A message as people read it, links with their addresses as in CommonMark."""
    return words.read(_with_addresses(message))


def _with_addresses(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_addresses(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_addresses(one) for one in value]
    return re.sub(r"<(https?:[^<>|]+)\|([^<>]*)>", r"[\2](\1)", value) if isinstance(value, str) else value


def _typed(text: str) -> str:
    """CommonMark as it is typed into Slack: mentions are chosen from a menu."""
    return re.sub(r"\[@[^\]]*\]\(person:(\w+)\)", r"<@\1>", text)


def _labels(message: dict[str, Any]) -> set[str]:
    """What is written on a message's buttons."""
    rows = [block for block in message.get("blocks") or () if block["type"] == "actions"]
    return {button["text"]["text"] for row in rows for button in row["elements"]}


def _stands(element: dict[str, Any]) -> str:
    """What a field of a form shows before anybody writes."""
    return element.get("initial_value") or element.get("initial_option", {}).get("value", "")


def _name(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", "")
