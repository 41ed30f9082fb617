"""What people ask of the bot: slash commands, the menu of a message, buttons, selects, forms; and what they then see.

An ``Interaction`` is what Discord shows its asker, and only its asker, of one question. What the bot answers comes in
by ``rest_answers.py``. Sources: interactions/receiving-and-responding of the docs.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.servers.discord import payloads
from tests.servers.discord.errors import Json
from tests.servers.discord.limits import LIMITS, most
from tests.servers.discord.model import Channel, Message, Person, nested
from tests.servers.discord.people import People
from tests.servers.discord.permissions import May

COMMAND, COMPONENT, FORM = 2, 3, 5  # interaction types
SLASH, MESSAGE_MENU = 1, 3  # command types
SUB_COMMAND, GROUP = 1, 2
OPTION_KINDS: dict[int, type | tuple[type, ...]] = {
    3: str,
    4: int,
    5: bool,
    6: str,
    7: str,
    8: str,
    9: str,
    10: (int, float),
}
BUTTON, STRING_SELECT, INPUT, LABEL = 2, 3, 4, 18


class NotOffered(AssertionError):
    """A person cannot do this: there is no such command, option, button or input, or it is not for them."""


@dataclass(eq=False)
class Interaction:
    """One question, and what became of it. ``message`` is the one whose button was pressed."""

    id: str
    token: str
    kind: int
    person: Person
    channel: Channel
    payload: Json
    asked_at: float
    """Loop time: the first answer's deadline is real time."""
    valid_until: datetime
    """By the server's clock."""
    patience: float
    """Seconds until "The application did not respond"."""
    message: Message | None = None
    from_interaction: "Interaction | None" = None
    answered_with: int | None = None
    """The type of the first answer; None: none yet."""
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    form: Json | None = None
    """What the bot opened: ``custom_id``, ``title``, ``components``."""
    flags: int = 0
    """Of the deferral: the first follow-up has its visibility."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def late(self) -> bool:
        """The asker has been told that "The application did not respond"."""
        return self.answered_with is None and asyncio.get_running_loop().time() - self.asked_at > self.patience

    @property
    def messages(self) -> list[Message]:
        """What the asker sees as the answer, in order: not what is still "thinking", nor what was deleted."""
        every = [*([self.original] if self.original else []), *self.followups]
        return [one for one in every if not payloads.is_loading(one)]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.messages]

    async def answered(self, within: float = 10) -> "Interaction":
        """Return when there is something to see: a message, or a form. Raises ``TimeoutError`` after ``within`` seconds."""
        await self.until(lambda: bool(self.messages or self.form), within)
        return self

    async def until(self, condition: Callable[[], bool], within: float = 10) -> None:
        """Return when it holds; looked at whenever the bot answers, or changes an answer. Raises ``TimeoutError`` after ``within`` seconds."""
        async with asyncio.timeout(within):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def chosen_in(one: Json) -> str:
    """What is chosen in a select before anybody chooses."""
    return next((each["value"] for each in one.get("options") or () if each.get("default")), "")


class Asking(People):
    """Discord with people who ask. ``patience``: seconds in which the bot must answer, 3 in the real Discord."""

    patience: float = LIMITS["interaction.seconds"].most

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.commands: dict[str | None, dict[str, Json]] = {None: {}}
        """By guild (None: global), then by id."""
        self.syncs: list[str | None] = []
        """Each time all commands of a scope were replaced: which scope."""
        self.creates: dict[str | None, list[datetime]] = {}
        """When commands with new names were registered."""
        self.interactions: dict[str, Interaction] = {}
        """By token."""

    # --- what people do ---

    def slash(
        self,
        channel: Channel,
        person: Person,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        locale: str | None = None,
    ) -> Interaction:
        """Call ``digest preview`` (command, group, sub-command), with values by the options' names.

        Raises ``NotOffered`` where Discord would not offer it.
        """
        top, *inner = name.split()
        command = self._command(channel, person, top, SLASH)
        asked = self._options(command, inner, dict(options or {}))
        chosen = {"id": command["id"], "name": top, "type": SLASH, **({"options": asked} if asked else {})}
        if "guild_id" in command:
            chosen["guild_id"] = command["guild_id"]
        return self._ask(COMMAND, channel, person, chosen, locale)

    def menu(self, message: Message, person: Person, name: str, *, locale: str | None = None) -> Interaction:
        """Choose from the menu of a message. Its content is given whatever the intents."""
        command = self._command(message.channel, person, name, MESSAGE_MENU)
        seen = payloads.message(message, self.bot)
        chosen = {"id": command["id"], "name": name, "type": MESSAGE_MENU, "target_id": message.id}
        return self._ask(
            COMMAND, message.channel, person, chosen | {"resolved": {"messages": {message.id: seen}}}, locale
        )

    def press(
        self, message: Message, person: Person, button: str, *, locale: str | None = None, sent: str = ""
    ) -> Interaction:
        """A button, by its label or ``custom_id``. ``sent`` is what a forger's client says instead of the button's own
        ``custom_id``, as if Discord did not look."""
        found = self._offered(message, person, button, (BUTTON,))
        chosen = {"custom_id": sent or found["custom_id"], "component_type": BUTTON, "id": found["id"]}
        return self._ask(COMPONENT, message.channel, person, chosen, locale, message=message)

    def select(self, message: Message, person: Person, custom_id: str, values: list[str]) -> Interaction:
        """Choose some of the options of a select."""
        found = self._offered(message, person, custom_id, (STRING_SELECT,))
        if not {*values} <= {one["value"] for one in found["options"]}:
            raise NotOffered(f"{values} are no options of {found['options']}")
        if not found["min_values"] <= len(values) <= found["max_values"]:
            raise NotOffered(f"between {found['min_values']} and {found['max_values']} may be chosen")
        chosen = {"custom_id": custom_id, "component_type": STRING_SELECT, "values": values, "id": found["id"]}
        return self._ask(COMPONENT, message.channel, person, chosen, None, message=message)

    def submit(self, asked: Interaction, values: Mapping[str, str], *, locale: str | None = None) -> Interaction:
        """Send the form that was the answer to ``asked``, with values by ``custom_id`` or label of its inputs."""
        if asked.form is None:
            raise NotOffered("no form is open")
        inputs = {
            one["custom_id"]: one for one in nested(asked.form["components"]) if one["type"] in (INPUT, STRING_SELECT)
        }
        labels = {one.get("label"): id for id, one in inputs.items()} | {
            one["label"]: one["component"]["custom_id"]
            for one in nested(asked.form["components"])
            if one["type"] == LABEL
        }
        filled = {id: one.get("value") or chosen_in(one) for id, one in inputs.items()}
        for name, value in values.items():
            if (id := name if name in inputs else labels.get(name)) not in inputs:
                raise NotOffered(f"no input {name!r} among {[*inputs]}")
            filled[id] = value
        for id, one in inputs.items():
            self._fits(one, filled[id])
        chosen = {
            "custom_id": asked.form["custom_id"],
            "components": [self._filled(one, filled) for one in asked.form["components"]],
        }
        asked.form = None
        return self._ask(FORM, asked.channel, asked.person, chosen, locale, message=asked.message, origin=asked)

    def _fits(self, one: Json, value: str) -> None:
        if one["type"] == STRING_SELECT:
            if value not in [*(each["value"] for each in one["options"]), *([] if one.get("required", True) else [""])]:
                raise NotOffered(f"{value!r} is none of {one['options']}")
            return
        least, longest = one.get("min_length") or 0, one.get("max_length") or most("input.value")
        if (one.get("required", True) or value) and not max(least, one.get("required", True)) <= len(value) <= longest:
            raise NotOffered(f"{one['custom_id']}: between {least} and {longest} characters")

    def _filled(self, one: Json, filled: Mapping[str, str]) -> Json:
        """A row or label with what was typed into it."""
        kept: Json = {"type": one["type"], "id": one["id"]}
        if one["type"] == INPUT:
            return kept | {"custom_id": one["custom_id"], "value": filled[one["custom_id"]]}
        if one["type"] == STRING_SELECT:
            value = filled[one["custom_id"]]
            return kept | {"custom_id": one["custom_id"], "values": [value] if value else []}
        if "component" in one:
            return kept | {"component": self._filled(one["component"], filled)}
        return kept | {"components": [self._filled(each, filled) for each in one.get("components", ())]}

    # --- what is offered ---

    def offered(self, channel: Channel, person: Person, kind: int = SLASH) -> list[Json]:
        """The commands a person finds in a channel: the guild's and the global ones, as far as they are for them."""
        mine = channel.permissions(person)
        if May.USE_APPLICATION_COMMANDS not in mine or self.bot.id not in channel.guild.members:
            return []
        every = [*self.commands.get(channel.guild.id, {}).values(), *self.commands[None].values()]
        return [one for one in every if one["type"] == kind and self._is_for(one, mine)]

    def _is_for(self, command: Json, mine: May) -> bool:
        needed = command["default_member_permissions"]
        if May.ADMINISTRATOR in mine or needed is None:
            return True
        return int(needed) != 0 and May(int(needed)) in mine

    def _command(self, channel: Channel, person: Person, name: str, kind: int) -> Json:
        offered = self.offered(channel, person, kind)
        for one in offered:
            if one["name"] == name:
                return one
        raise NotOffered(f"no command {name!r} among {[one['name'] for one in offered]}")

    def _options(self, command: Json, inner: list[str], values: dict[str, Any]) -> list[Json]:
        """Chosen sub-commands and values, as Discord nests them."""
        declared = command.get("options") or []
        subs = {one["name"]: one for one in declared if one["type"] in (SUB_COMMAND, GROUP)}
        if subs:
            if not inner or inner[0] not in subs:
                raise NotOffered(f"{inner[:1]} is none of {[*subs]}")
            sub = subs[inner[0]]
            return [{"name": sub["name"], "type": sub["type"], "options": self._options(sub, inner[1:], values)}]
        if inner:
            raise NotOffered(f"{command['name']} has no sub-command {inner[0]}")
        return [self._option(one, values.pop(one["name"])) for one in self._wanted(declared, values)]

    def _wanted(self, declared: list[Json], values: dict[str, Any]) -> list[Json]:
        names = [one["name"] for one in declared]
        missing = [one["name"] for one in declared if one.get("required") and one["name"] not in values]
        if missing or not {*values} <= {*names}:
            raise NotOffered(f"options are {names}, missing {missing}, given {[*values]}")
        return [one for one in declared if one["name"] in values]

    def _option(self, declared: Json, value: Any) -> Json:
        if not isinstance(value, OPTION_KINDS[declared["type"]]):
            raise NotOffered(f"{declared['name']}: {value!r} is of the wrong type")
        choices = [each["value"] for each in declared.get("choices") or []]
        if choices and value not in choices:
            raise NotOffered(f"{declared['name']}: {value!r} is none of {choices}")
        return {"name": declared["name"], "type": declared["type"], "value": value}

    def _offered(self, message: Message, person: Person, name: str, kinds: tuple[int, ...]) -> Json:
        if message.seen_by not in (None, person):
            raise NotOffered("they do not see that message")
        every = [one for one in nested(message.components) if one["type"] in kinds and "custom_id" in one]
        for one in every:
            if name in (one["custom_id"], one.get("label")) and not one.get("disabled"):
                return one
        raise NotOffered(f"no {name!r} among {[(one['custom_id'], one.get('label')) for one in every]}")

    # --- the question goes to the bot ---

    def _ask(
        self,
        kind: int,
        channel: Channel,
        person: Person,
        chosen: Json,
        locale: str | None,
        *,
        message: Message | None = None,
        origin: Interaction | None = None,
    ) -> Interaction:
        guild = channel.guild
        member = payloads.member(guild.members[person.id]) | {"permissions": str(int(channel.permissions(person)))}
        id = self.snowflake()
        payload = {
            "id": id,
            "application_id": self.application_id,
            "type": kind,
            "data": chosen,
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
            "channel_id": channel.id,
            "channel": payloads.channel(channel) | {"permissions": member["permissions"]},
            "member": member,
            "token": secrets.token_urlsafe(24),
            "version": 1,
            "app_permissions": str(int(channel.permissions(self.bot))),
            "locale": locale or person.locale,
            "guild_locale": guild.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": {"0": guild.id},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
            **({"message": payloads.message(message, self.bot)} if message else {}),
        }
        interaction = Interaction(
            id, payload["token"], kind, person, channel, payload, asyncio.get_running_loop().time(),
            self.clock() + timedelta(minutes=most("interaction.minutes")), self.patience, message, origin,
        )  # fmt: skip
        self.interactions[interaction.token] = interaction
        self.gateway.tell("INTERACTION_CREATE", payload)
        return interaction

    def ask_again(self, interaction: Interaction) -> None:
        """The gateway delivers the same question a second time."""
        self.gateway.tell("INTERACTION_CREATE", interaction.payload)
