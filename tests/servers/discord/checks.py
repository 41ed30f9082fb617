"""What Discord measures before it accepts a form: messages, modals, commands, threads. Limits are ``limits.py``'s.

Each function notes every fault in a ``Form`` at the path Discord names it by; who refuses is the caller.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.servers.discord.errors import Form, Json, Refused
from tests.servers.discord.limits import most
from tests.servers.discord.model import TEXT_DISPLAY, Flag, nested

# interactions/application-commands, "Application Command Naming"; lower case where the script has one.
COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
ROW, BUTTON, STRING_SELECT, INPUT, LABEL = 1, 2, 3, 4, 18
SELECTS = (3, 5, 6, 7, 8)
LINK_BUTTON = 5
SUB_COMMAND, GROUP = 1, 2
Check = Callable[[str, Any], None]


class Measured(Form):
    """A form with a yardstick."""

    def text(self, path: str, value: Any, limit: str, least: int = 0) -> int:
        """Note a text that is too long or too short; its length, after trimming, as Discord measures."""
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.wrong(path, "STRING_TYPE_CONVERT", 'Could not interpret "..." as string.')
            return 0
        length = len(value.strip())
        if least and not least <= length <= most(limit):
            code = "BASE_TYPE_REQUIRED" if not length else "BASE_TYPE_BAD_LENGTH"
            words = "This field is required" if not length else f"Must be between {least} and {most(limit)} in length."
            self.wrong(path, code, words)
        elif length > most(limit):
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most(limit)} or fewer in length.")
        return length

    def number(self, path: str, items: Sequence[Any], limit: str, least: int = 0) -> None:
        """Note a list with too many items, or too few."""
        if least and not least <= len(items) <= most(limit):
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most(limit)} in length.")
        elif len(items) > most(limit):
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most(limit)} or fewer in length.")


# --- messages --------------------------------------------------------------------------------------------------------


def message(body: Json, *, flags: int | None = None, files: int = 0, inner: str = "") -> None:
    """A message to be created. ``flags`` are those it will have; ``inner`` is the path of the message in the form."""
    form = Measured()
    _message(form, body, Flag(flags if flags is not None else int(body.get("flags") or 0)), inner)
    form.text(f"{inner}nonce", str(body["nonce"]) if body.get("nonce") is not None else "", "nonce")
    form.refuse()
    said = (body.get("content") or "").strip(), body.get("embeds"), body.get("components"), body.get("sticker_ids")
    if not any(said) and not files and not body.get("poll") and not body.get("message_reference", {}).get("type"):
        raise Refused("empty message")


def edit(body: Json, flags: Flag) -> None:
    """A change of a message: what is not named stays."""
    form = Measured()
    _message(form, body, flags | Flag(int(body.get("flags") or 0)), "")
    form.refuse()


def _message(form: Measured, body: Json, flags: Flag, inner: str) -> None:
    form.text(f"{inner}content", body.get("content"), "content")
    embeds = body.get("embeds") or []
    form.number(f"{inner}embeds", embeds, "embeds")
    total = sum(_embed(form, one, f"{inner}embeds.{number}") for number, one in enumerate(embeds))
    if total > most("embeds.total"):
        words = f"Embed size exceeds maximum size of {most('embeds.total')}"
        form.wrong(f"{inner}embeds", "MAX_EMBED_SIZE_EXCEEDED", words)
    if Flag.IS_COMPONENTS_V2 in flags:
        _second_version(form, body, inner)
    else:
        _rows(form, body.get("components") or [], f"{inner}components")
    _allowed_mentions(form, body.get("allowed_mentions") or {}, f"{inner}allowed_mentions")


def _embed(form: Measured, embed: Json, path: str) -> int:
    """Its size, as counted towards the total."""
    fields, footer, author = (embed.get(key) or {} for key in ("fields", "footer", "author"))
    form.number(f"{path}.fields", fields, "embed.fields")
    size = form.text(f"{path}.title", embed.get("title"), "embed.title")
    size += form.text(f"{path}.description", embed.get("description"), "embed.description")
    if footer:
        size += form.text(f"{path}.footer.text", footer.get("text"), "embed.footer", least=1)
    if author:
        size += form.text(f"{path}.author.name", author.get("name"), "embed.author", least=1)
    for number, one in enumerate(fields):
        size += form.text(f"{path}.fields.{number}.name", one.get("name"), "embed.field.name", least=1)
        size += form.text(f"{path}.fields.{number}.value", one.get("value"), "embed.field.value", least=1)
    _address(form, f"{path}.url", embed.get("url"))
    for key in ("image", "thumbnail"):
        _address(form, f"{path}.{key}.url", (embed.get(key) or {}).get("url"), ("attachment",))
    _address(form, f"{path}.author.url", author.get("url"))
    if not any(embed.get(key) for key in "title description fields footer author image thumbnail video".split()):
        form.wrong(f"{path}.description", "BASE_TYPE_REQUIRED", "This field is required")
    return size


def _address(form: Measured, path: str, value: Any, more: tuple[str, ...] = ()) -> None:
    schemes = ("http", "https", *more)
    if not value:
        return
    form.text(path, value, "embed.url")
    if not re.match(rf"({'|'.join(schemes)})://[^\s/?#]", value):
        if "://" in value and value.partition("://")[0] not in schemes:
            scheme = value.partition(":")[0]
            words = f"Scheme \"{scheme}\" is not supported. Scheme must be one of ('http', 'https')."
            form.wrong(path, "URL_TYPE_INVALID_SCHEME", words)
        else:
            form.wrong(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _allowed_mentions(form: Measured, allowed: Json, path: str) -> None:
    """Both "all users" and some of them is a fault; so with roles. resources/message, "Allowed Mentions Reference"."""
    for key in ("users", "roles"):
        if allowed.get(key) and key in (allowed.get("parse") or ()):
            words = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            form.wrong(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words)


# --- components ------------------------------------------------------------------------------------------------------


def _rows(form: Measured, rows: Sequence[Json], path: str) -> None:
    form.number(path, rows, "rows")
    for number, row in enumerate(rows):
        if row.get("type") != ROW:
            form.wrong(f"{path}.{number}.type", "BASE_TYPE_CHOICES", "Value must be one of (1,).")
            continue
        _row(form, row, f"{path}.{number}")
    _each_id_once(form, rows, path)


def _row(form: Measured, row: Json, path: str) -> None:
    inside = row.get("components") or []
    form.number(f"{path}.components", inside, "row.buttons", least=1)
    if len(inside) > 1 and any(one.get("type") in SELECTS for one in inside):
        form.wrong(
            f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width"
        )
    for number, one in enumerate(inside):
        _component(form, one, f"{path}.components.{number}")


def _component(form: Measured, one: Json, path: str) -> None:
    if one.get("type") == BUTTON:
        _button(form, one, path)
    elif one.get("type") in SELECTS:
        form.text(f"{path}.custom_id", one.get("custom_id"), "custom_id", least=1)
        form.text(f"{path}.placeholder", one.get("placeholder"), "select.placeholder")
        if one["type"] == STRING_SELECT:
            _options(form, one.get("options") or [], f"{path}.options")


def _button(form: Measured, one: Json, path: str) -> None:
    form.text(f"{path}.label", one.get("label"), "button.label")
    if not one.get("label") and not one.get("emoji"):
        form.wrong(f"{path}.label", "BUTTON_COMPONENT_INVALID", "A button must have a label or emoji")
    if one.get("style") == LINK_BUTTON:
        form.text(f"{path}.url", one.get("url"), "button.url", least=1)
        _address(form, f"{path}.url", one.get("url"), ("discord",))
    else:
        form.text(f"{path}.custom_id", one.get("custom_id"), "custom_id", least=1)


def _options(form: Measured, options: Sequence[Json], path: str) -> None:
    form.number(path, options, "select.options", least=1)
    for number, one in enumerate(options):
        form.text(f"{path}.{number}.label", one.get("label"), "option.label", least=1)
        form.text(f"{path}.{number}.value", one.get("value"), "option.value", least=1)
        form.text(f"{path}.{number}.description", one.get("description"), "option.description")
    values = [one.get("value") for one in options]
    for number, value in enumerate(values):
        if value in values[:number]:
            form.wrong(
                f"{path}.{number}.value",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )


def _each_id_once(form: Measured, components: Sequence[Json], path: str) -> None:
    ids = [one["custom_id"] for one in nested(components) if one.get("custom_id")]
    if len(set(ids)) < len(ids):
        form.wrong(path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")


def _second_version(form: Measured, body: Json, inner: str) -> None:
    """Components v2: no content, no embeds; a total over all that is nested."""
    for key in ("content", "embeds", "poll"):
        if body.get(key):
            words = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.wrong(f"{inner}{key}", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", words)
    every = nested(body.get("components") or [])
    form.number(f"{inner}components", every, "v2.components")
    if sum(len(one.get("content") or "") for one in every if one.get("type") == TEXT_DISPLAY) > most("v2.text"):
        words = f"Total displayable text size exceeds maximum size of {most('v2.text')}"
        form.wrong(f"{inner}components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)
    for number, one in enumerate(every):
        _component(form, one, f"{inner}components.{number}")
        if one.get("type") == ROW:
            form.number(f"{inner}components.{number}.components", one.get("components") or [], "row.buttons", least=1)
    _each_id_once(form, every[:0] or body.get("components") or [], f"{inner}components")


def modal(body: Json) -> None:
    """A form to open: title, and inputs in rows or under labels."""
    form = Measured()
    form.text("data.custom_id", body.get("custom_id"), "custom_id", least=1)
    form.text("data.title", body.get("title"), "modal.title", least=1)
    top = body.get("components") or []
    form.number("data.components", top, "modal.inputs", least=1)
    for number, one in enumerate(nested(top)):
        path = f"data.components.{number}"
        if one.get("type") == INPUT:
            form.text(f"{path}.custom_id", one.get("custom_id"), "custom_id", least=1)
            form.text(f"{path}.label", one.get("label"), "input.label")
            form.text(f"{path}.placeholder", one.get("placeholder"), "input.placeholder")
            form.text(f"{path}.value", one.get("value"), "input.value")
        elif one.get("type") == LABEL:
            form.text(f"{path}.label", one.get("label"), "input.label", least=1)
            form.text(f"{path}.description", one.get("description"), "input.description")
        else:
            _component(form, one, path)
    _each_id_once(form, top, "data.components")
    form.refuse()


# --- threads, commands -----------------------------------------------------------------------------------------------


def thread(body: Json) -> None:
    form = Measured()
    form.text("name", body.get("name"), "thread.name", least=1)
    if body.get("auto_archive_duration") not in (None, 60, 1440, 4320, 10080):
        form.wrong("auto_archive_duration", "BASE_TYPE_CHOICES", "Value must be one of (60, 1440, 4320, 10080).")
    form.refuse()


def commands(sent: Sequence[Json]) -> None:
    """All commands of a scope together."""
    form = Measured()
    names = [(one.get("type") or 1, one.get("name")) for one in sent]
    for number, one in enumerate(sent):
        _command(form, one, str(number))
        if names[number] in names[:number]:
            form.wrong(str(number), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    form.refuse()
    for kind in (1, 2, 3):
        if sum(each[0] == kind for each in names) > most(f"commands.{kind}"):
            raise Refused("too many commands")


def _command(form: Measured, one: Json, path: str) -> None:
    if (one.get("type") or 1) != 1:  # of a context menu: any letters, no description
        form.text(f"{path}.name", one.get("name"), "command.name", least=1)
        if one.get("description"):
            form.wrong(
                f"{path}.description",
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
                "Context menu commands cannot have description",
            )
        return
    _named(form, one, path)
    _command_options(form, one.get("options") or [], f"{path}.options")
    if _size(one) > most("command.total"):
        words = f"Command exceeds maximum size ({most('command.total')})"
        form.wrong(path, "APPLICATION_COMMAND_TOO_LARGE", words)


def _named(form: Measured, one: Json, path: str) -> None:
    name = one.get("name") or ""
    form.text(f"{path}.name", name, "command.name", least=1)
    if name and (not COMMAND_NAME.fullmatch(name) or name != name.lower()):
        form.wrong(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    form.text(f"{path}.description", one.get("description"), "command.description", least=1)
    for locale, words in (one.get("name_localizations") or {}).items():
        form.text(f"{path}.name_localizations.{locale}", words, "command.name", least=1)
        if words != words.lower() or not COMMAND_NAME.fullmatch(words):
            form.wrong(
                f"{path}.name_localizations.{locale}", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
            )
    for locale, words in (one.get("description_localizations") or {}).items():
        form.text(f"{path}.description_localizations.{locale}", words, "command.description", least=1)


def _command_options(form: Measured, options: Sequence[Json], path: str) -> None:
    form.number(path, options, "command.options")
    optional = False
    names = [one.get("name") for one in options]
    for number, one in enumerate(options):
        here = f"{path}.{number}"
        _named(form, one, here)
        if names[number] in names[:number]:
            form.wrong(f"{here}.name", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique")
        if one.get("required") and optional:
            words = "Required options must be placed before non-required options"
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional = optional or not one.get("required")
        if one.get("type") in (SUB_COMMAND, GROUP):
            _command_options(form, one.get("options") or [], f"{here}.options")
        form.number(f"{here}.choices", one.get("choices") or [], "command.choices")
        for index, choice in enumerate(one.get("choices") or []):
            form.text(f"{here}.choices.{index}.name", choice.get("name"), "choice.name", least=1)
            form.text(f"{here}.choices.{index}.value", str(choice.get("value")), "choice.value")


def _size(one: Json) -> int:
    """Names, descriptions and values together, the longest localization counted."""
    words = [
        max([one.get(key) or "", *(one.get(f"{key}_localizations") or {}).values()], key=len)
        for key in ("name", "description")
    ]
    choices = sum(len(each["name"]) + len(str(each["value"])) for each in one.get("choices") or [])
    return sum(map(len, words)) + choices + sum(map(_size, one.get("options") or []))
