"""Discord as a world of the platform contract: the loopback server, and what people do and see there."""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.chat import Answer, Chat, Invocation, Listener
from bot.platforms.discord.client import Discord
from bot.platforms.discord.gateway import Patience
from bot.platforms.discord.settings import DiscordSettings
from newsletter.heard import ChannelId, ChannelSeen, Heard, PersonId
from tests.contracts.seen import Post, Told
from tests.servers.discord import Channel, DiscordServer, Interaction, May, Message, Trouble
from tests.servers.discord.asking import INPUT, STRING_SELECT, chosen_in
from tests.servers.discord.model import nested

SLOW = 30
"""Seconds that people wait for an answer: a machine may have much to do."""
IMPATIENT = Patience(retry=0.05, retry_at_most=0.2, steady=0.5, goodbye=0.5, form=SLOW - 5)
"""It comes back soon, but gives up nobody who is only slow."""
POSTS = r"^/channels/\d+/messages$"


class Noting:
    """A listener between Discord and ours: it notes when there is something still to be read back."""

    def __init__(self, listener: Listener, world: "DiscordWorld") -> None:
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
        greeted = self._world.greeted
        try:
            await self._listener.connected(chat)
            self._world.read_after = greeted
        finally:
            self._world.reading -= 1

    async def heard(self, heard: Heard) -> None:
        await self._listener.heard(heard)

    async def asked(self, invocation: Invocation) -> Answer:
        return await self._listener.asked(invocation)


class Noted(Discord):
    """The adapter, its listener noted."""

    world: "DiscordWorld"

    async def run(self, listener: Listener) -> None:
        await super().run(Noting(listener, self.world))


class DiscordWorld:
    """A server on loopback. ``reading``: how many readings back are under way; ``read_after``: after how many greetings
    the last one was."""

    longest = 6000
    chat: Noted

    def __init__(self, clock: Callable[[], datetime], openapi: Path | None = None) -> None:
        self.clock = clock
        intents = ("MESSAGE_CONTENT", "GUILD_MEMBERS")
        self.discord = DiscordServer(clock, privileged=intents, patience=SLOW, openapi=openapi)
        self.reading = self.read_after = 0
        self.guild = self.discord.add_guild("Team")
        self.people = {
            name: self.discord.add_person(self.guild, name, bot=name == "Robot") for name in ("Ann", "Ben", "Robot")
        }
        self.channels = {
            name: self.discord.add_channel(self.guild, name, private=name == "desk")
            for name in ("links", "desk", "random")
        }
        self.discord.let_in(self.channels["desk"])
        for person in self.people.values():
            self.discord.let_in(self.channels["desk"], person)
        self._role = self.discord.add_role(self.guild, "editing")
        self._asked: dict[str, Interaction] = {}
        self._filling: dict[str, Interaction] = {}
        """By person: with what they opened the form before them."""

    async def __aenter__(self) -> "DiscordWorld":
        await self.discord.__aenter__()
        self.chat = Noted(self.settings(), clock=self.clock, patience=IMPATIENT)
        self.chat.world = self
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.chat.close()
        await self.discord.__aexit__(None, None, None)

    def settings(self, **more: Any) -> DiscordSettings:
        """What the adapter must be told."""
        told = {"token": self.discord.token, "api_url": self.discord.api_url, "workspace": self.guild.id}
        return DiscordSettings(**(told | more))

    def owns(self, task: asyncio.Task[object]) -> bool:
        code = getattr(task.get_coro(), "cr_code", None)
        return code is not None and ("/tests/servers/" in code.co_filename or "/web_" in code.co_filename)

    @property
    def greeted(self) -> int:
        """How often a session began or went on."""
        return len(self.discord.gateway.identified) + self.discord.gateway.resumed

    def channel(self, name: str) -> ChannelSeen:
        id = ChannelId("discord", self.guild.id, self.channels[name].id)
        return ChannelSeen(id, name, self.clock(), private=name == "desk")

    def person(self, name: str) -> PersonId:
        return PersonId("discord", self.guild.id, self.people[name].id)

    def role(self) -> str:
        return f"discord:{self._role.id}"

    def give_role(self, name: str, *, on: bool = True) -> None:
        self.discord.give(self.guild, self.people[name], self._role, on=on)

    # --- what people do ---

    async def post(self, name: str, text: str, *, channel: str = "links", thread: str | None = None) -> str:
        place = self.channels[channel]
        if thread is not None:
            of = place.messages[thread]
            place = of.thread or self.discord.start_thread(place, self.people[name], "a thread", of=of)
        return self.discord.post(place, self.people[name], _typed(text)).id

    async def edit(self, message: str, text: str) -> None:
        self.discord.edit(self.message(message), _typed(text))

    async def delete(self, message: str) -> None:
        self.discord.delete(self.message(message))

    async def react(self, message: str, name: str, emoji: str, *, on: bool = True) -> None:
        self.discord.react(self.message(message), self.people[name], emoji, on=on)

    async def ask(self, name: str, text: str, *, channel: str = "links", id: str = "") -> Sequence[str]:
        def asking() -> Interaction:
            command, _, rest = text.partition(" ")
            values = self._values(command, rest)
            return self.discord.slash(self.channels[channel], self.people[name], f"digest {command}", values)

        await self._offered()
        return (await self._told(name, asking, id)).texts

    async def press(self, name: str, label: str, *, channel: str = "links", id: str = "", forged: str = "") -> Told:
        def pressing() -> Interaction:
            sent = f"0:{forged}" if forged else ""
            return self.discord.press(self._with(name, label, channel), self.people[name], label, sent=sent)

        return await self._told(name, pressing, id)

    def _with(self, name: str, label: str, channel: str) -> Message:
        """The newest message with the button, of those they see."""
        place, person = self.channels[channel], self.people[name]
        alone = [one for asked in self.discord.interactions.values() for one in asked.messages]
        seen = [*self.discord.ours(place), *(one for one in alone if one.seen_by is person and one.channel is place)]
        found = [one for one in seen if any(each.get("label") == label for each in nested(one.components))]
        labels = [each.get("label") for one in seen for each in nested(one.components)]
        assert found, f"{name} sees no {label} in #{channel}, but {labels}"
        return max(found, key=lambda one: int(one.id))

    async def submit(self, name: str, *, id: str = "", **values: str) -> Told:
        return await self._told(name, lambda: self.discord.submit(self._filling[name], values), id)

    async def shortcut(self, name: str, message: str, shortcut: str) -> Told:
        await self._offered()
        return await self._told(name, lambda: self.discord.menu(self.message(message), self.people[name], shortcut), "")

    async def _told(self, name: str, act: Callable[[], Interaction], id: str) -> Told:
        """What they see after they did something, or after Discord said again what was done under this ``id``."""
        person = self.people[name]
        if id in self._asked:
            asked = self._asked[id]
            self.discord.ask_again(asked)
            await self.quiet()
        else:
            asked = act()
            if id:
                self._asked[id] = asked
        stood = read(asked.message) if asked.message else ""
        await asked.until(lambda: asked.answered_with is not None)
        await self.answered()
        alone = [one for one in asked.messages if one.seen_by is person]
        texts = tuple(read(one) for one in alone if not (one is asked.message and read(one) == stood))
        if asked.form is None:
            return Told(texts)
        self._filling[name] = asked
        fields = [one for one in nested(asked.form["components"]) if one["type"] in (STRING_SELECT, INPUT)]
        return Told(texts, {one["custom_id"]: one.get("value") or chosen_in(one) for one in fields})

    def _values(self, command: str, rest: str) -> dict[str, str]:
        row = next(one for one in self._slash()["options"] if one["name"] == command)
        names = [one["name"] for one in row.get("options") or ()]
        return dict(zip(names, rest.split(maxsplit=max(0, len(names) - 1)), strict=False)) if rest else {}

    def _slash(self) -> dict[str, Any]:
        return next(one for one in self.discord.commands[self.guild.id].values() if one["type"] == 1)

    async def _offered(self) -> None:
        async with asyncio.timeout(5):
            while not self.discord.commands.get(self.guild.id):  # noqa: ASYNC110 - they are on the other side
                await asyncio.sleep(0.005)

    async def answered(self) -> None:
        """Return when every question that was acknowledged is answered."""
        while answers := [task for task in asyncio.all_tasks() if _name(task) == "_Run._answer"]:
            await asyncio.wait(answers)

    async def quiet(self) -> None:
        while True:
            await self.discord.dispatched()
            await self.chat.inbox.join()
            if not self.reading and self.read_after == self.greeted:
                return
            await asyncio.sleep(0.005)

    # --- what is seen of us ---

    def message(self, id: str) -> Message:
        return next(
            one for channel in self.discord.channels.values() for one in channel.messages.values() if one.id == id
        )

    async def ours(self, channel: str = "links") -> Sequence[Post]:
        return [
            Post(one.id, read(one), one.channel.id if one.channel.thread else None, self._pinged(one))
            for one in self.discord.ours(self.channels[channel])
        ]

    async def signed(self, message: str) -> set[str]:
        reactions = self.message(message).reactions.values()
        return {one.emoji["name"] for one in reactions if self.discord.bot in one.plain}

    def hinted(self, name: str) -> Sequence[str] | None:
        return None

    def _pinged(self, message: Message) -> tuple[str, ...]:
        return tuple(self.discord.names(message.pinged))

    # --- what the platform does to us ---

    async def cut(self) -> None:
        self.discord.gateway.forget()
        await self.discord.down()

    async def restore(self) -> None:
        await self.discord.up()

    def lose_answers(self, number: int) -> None:
        self.discord.misbehave(Trouble(method="POST", path=POSTS, times=number, accept=True, cut=True))

    def lose_posts(self, number: int) -> None:
        self.discord.misbehave(Trouble(method="POST", path=POSTS, times=number, cut=True))

    def limit(self, wait: timedelta | None) -> None:
        self.discord.behave()
        if wait is not None:
            # Longer than discord.py waits by itself.
            seconds = wait.total_seconds() + 1
            self.discord.misbehave(Trouble(429, method="POST", path=POSTS, times=None, retry_after=seconds))

    def forbid(self, *, posting: bool = False, reading: bool = False) -> None:
        for channel in self.channels.values():
            self._let(channel, May.SEND_MESSAGES, not posting)
            self._let(channel, May.READ_MESSAGE_HISTORY, not reading)

    def _let(self, channel: Channel, may: May, on: bool) -> None:
        (self.discord.allow if on else self.discord.forbid)(channel, may)


def read(message: Message) -> str:
    """A message as people read it, links with their addresses as in CommonMark; without the footer."""
    text = "\n".join(embed.get("description", "") for embed in message.shown)
    text = re.sub(r"\]\(<([^>]*)>\)", r"](\1)", text)
    return re.sub(r"\\([^\w\s])", r"\1", text)


def _typed(text: str) -> str:
    """CommonMark as it is typed into Discord: mentions are chosen from a menu."""
    return re.sub(r"\[@[^\]]*\]\(person:(\w+)\)", r"<@\1>", text)


def _name(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", "")
