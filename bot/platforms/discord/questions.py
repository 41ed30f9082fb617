"""What a person asks, in whichever interaction it comes: a slash command, a message's menu, a button, a form.

Pure: the commands as Discord registers them, and one interaction in, one ``Question`` out. Who answers it, and where
the answer is shown: ``answering.py``.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.chat import Command
from bot.platforms.discord import draw
from bot.platforms.discord.payloads import Json, identifier, mapping, objects, string
from bot.speech import Speech, spoken
from newsletter import markdown
from newsletter.errors import UserError
from newsletter.phrase import Phrase
from newsletter.title_text import shorten

# https://docs.discord.com/developers/interactions/application-commands
SLASH, MESSAGE_MENU = 1, 3
SUB_COMMAND, TEXT = 1, 3
MOST_SUB_COMMANDS = 25
MOST_MENUS = 15
LONGEST_NAME = 32
LONGEST_HELP = 100
IN_SERVERS = 0

COMMAND, COMPONENT, FORM = 2, 3, 5

# https://docs.discord.com/developers/reference, "Locales": those that are a language's code alone.
LOCALES = "bg cs da de el fi fr hi hr hu id it ja ko lt nl no pl ro ru th tr uk vi"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as Discord tells it, and what it takes to answer. ``pressed``: in a message of ours.

    ``message`` is the one whose menu was used. Outside of servers ``guild`` is ``""``.
    """

    id: str
    token: str
    text: str
    person: Json
    channel: Json
    guild: str = ""
    locale: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    message: Json | None = None
    is_form: bool = False
    pressed: bool = False


def question(event: Json, commands: Sequence[Command]) -> Question | None:
    """The question in an INTERACTION_CREATE; ``None`` where there is none."""
    told, member = mapping(event.get("data")), mapping(event.get("member"))
    match event.get("type"):
        case 2 if told.get("type") == MESSAGE_MENU:
            text, message = _of_menu(told, commands)
            return _asked(event, member, text, message=message) if message else None
        case 2:
            return _asked(event, member, _of_slash(told, commands))
        case 3:
            text = draw.asks(string(told.get("custom_id")))
            return _asked(event, member, text, pressed=True) if text else None
        case 5:
            values = dict(_written(told.get("components")))
            text = string(told.get("custom_id"))
            pressed = bool(event.get("message"))
            return _asked(event, member, text, values=values, pressed=pressed, is_form=True)
        case _:
            return None


def _asked(event: Json, member: Json, text: str, **more: Any) -> Question:
    person = mapping(member.get("user")) or mapping(event.get("user"))
    return Question(
        identifier(event.get("id")),
        string(event.get("token")),
        text,
        {**person, "member": member},
        mapping(event.get("channel")) or {"id": event.get("channel_id")},
        identifier(event.get("guild_id")) or identifier(mapping(event.get("guild")).get("id")),
        string(event.get("locale")),
        **more,
    )


def _of_slash(told: Json, commands: Sequence[Command]) -> str:
    """The command's name, then its values in the order of its parameters, whatever order they came in."""
    chosen = next(iter(objects(told.get("options"))), {})
    name = string(chosen.get("name"))
    given = {string(one.get("name")): one.get("value") for one in objects(chosen.get("options"))}
    row = next((one for one in commands if one.name == name), None)
    order = [_name(parameter.name) for parameter in row.parameters] if row else list(given)
    values = [" ".join(str(given[one]).split()) for one in order if given.get(one) is not None]
    return " ".join((name, *values))


def _of_menu(told: Json, commands: Sequence[Command]) -> tuple[str, Json]:
    row = next((one for one in commands if one.shortcut and one.shortcut == told.get("name")), None)
    messages = mapping(mapping(told.get("resolved")).get("messages"))
    return (row.name if row else ""), mapping(messages.get(identifier(told.get("target_id"))))


def _written(components: object) -> Iterable[tuple[str, str]]:
    """What was written or chosen, by the fields' names, however the inputs are wrapped."""
    for one in objects(components):
        if "custom_id" in one:
            chosen = one.get("values")
            value = chosen[0] if isinstance(chosen, list) and chosen else one.get("value")
            yield string(one["custom_id"]), string(value)
        yield from _written(one.get("components"))
        yield from _written([one.get("component")])


# --- the commands ----------------------------------------------------------------------------------------------------


def offered(called: str, commands: Sequence[Command], *, everywhere: bool) -> list[Json]:
    """All commands, as they are registered: one with a part for each row, and entries in the menu of messages; what
    they do also in the other languages that are spoken here.

    ``everywhere``: for all servers, but for no conversation outside of one. Raises ``UserError`` for a name that
    Discord does not take.
    """
    name = called.removeprefix("/").lower()
    if not 1 <= len(name) <= LONGEST_NAME or not name.replace("-", "").replace("_", "").isalnum():
        raise UserError(f'Discord takes no command "{called}": write a slash and up to 32 letters, digits, - and _')
    where: dict[str, Any] = {"contexts": [IN_SERVERS], "integration_types": [0]} if everywhere else {}
    slash = {
        "type": SLASH,
        "name": name,
        **_described(Phrase("The newsletter made of the links shared here")),
        "options": [_row(command) for command in commands[:MOST_SUB_COMMANDS]],
    }
    menus = [
        {"type": MESSAGE_MENU, "name": one.shortcut, **_in_others("name", one.shortcut, LONGEST_NAME)}
        for one in commands
        if one.shortcut
    ]
    return [one | where for one in (slash, *menus[:MOST_MENUS])]


def _row(command: Command) -> dict[str, Any]:
    options = [
        {
            "type": TEXT,
            "name": _name(parameter.name),
            **_described(parameter.help),
            "required": parameter.required,
        }
        # Discord wants what must be given before what may be.
        for parameter in sorted(command.parameters, key=lambda one: not one.required)
    ]
    return {"type": SUB_COMMAND, "name": _name(command.name), **_described(command.help), "options": options}


def _described(help: str) -> dict[str, Any]:
    return {"description": _line(help), **_in_others("description", help, LONGEST_HELP)}


def _in_others(what: str, words: str, at_most: int) -> dict[str, dict[str, str]]:
    """The words in every other language that has them; Discord shows each person theirs."""
    said = {code: Speech(code).say(words) for code in spoken() if code in LOCALES.split()}
    found = {code: shorten(markdown.plain(one), at_most) for code, one in said.items() if one != words}
    return {f"{what}_localizations": found} if found else {}


def same(wanted: Sequence[Json], registered: Sequence[Json]) -> bool:
    """Whether Discord has these commands already; it adds what we did not say to each of them.

    Where it does not tell in which languages it has them, they count as the same: else they were sent at each start.
    """
    tells = any("description_localizations" in one or "name_localizations" in one for one in registered)
    return sorted(_essence(one, tells) for one in wanted) == sorted(_essence(one, tells) for one in registered)


def _essence(command: Json, tells: bool) -> str:
    others = [command.get(f"{what}_localizations") or {} for what in ("name", "description")] if tells else []
    return repr((
        command.get("type") or SLASH,
        command.get("name"),
        command.get("description") or "",
        [sorted(one.items()) for one in others],
        bool(command.get("required")),
        [_essence(option, tells) for option in command.get("options") or ()],
    ))  # fmt: skip


def _name(name: str) -> str:
    return name.lower()[:LONGEST_NAME]


def _line(text: str) -> str:
    return shorten(markdown.plain(text), LONGEST_HELP) or "…"
