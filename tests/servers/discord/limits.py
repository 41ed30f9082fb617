"""Discord's limits, each once and with the place it is documented at. Nothing else here states a number of Discord's.

Sources name pages of the official API documentation (docs.discord.com/developers) or ``openapi``: the official OpenAPI
description, https://github.com/discord/discord-api-spec.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    """The most that is allowed, and who says so."""

    most: float
    source: str


LIMITS = {
    # messages
    "content": Limit(2000, "resources/message, Create Message: content"),
    "embeds": Limit(10, "resources/message, Create Message: embeds"),
    "embed.title": Limit(256, "resources/message, Embed Limits"),
    "embed.description": Limit(4096, "resources/message, Embed Limits"),
    "embed.fields": Limit(25, "resources/message, Embed Limits"),
    "embed.field.name": Limit(256, "resources/message, Embed Limits"),
    "embed.field.value": Limit(1024, "resources/message, Embed Limits"),
    "embed.footer": Limit(2048, "resources/message, Embed Limits"),
    "embed.author": Limit(256, "resources/message, Embed Limits"),
    "embed.url": Limit(2048, "openapi, RichEmbed.url"),
    "embeds.total": Limit(6000, "resources/message, Embed Limits: over all embeds of a message"),
    "nonce": Limit(25, "resources/message, Create Message: nonce"),
    "nonce.minutes": Limit(3, "resources/message, enforce_nonce: 'in the past few minutes'"),
    "reactions": Limit(20, "topics/opcodes-and-status-codes, 30010"),
    "page.messages": Limit(100, "resources/message, Get Channel Messages: limit"),
    "page.reactions": Limit(100, "resources/message, Get Reactions: limit"),
    "page.threads": Limit(100, "resources/channel, List Public Archived Threads: limit"),
    "page.members": Limit(1000, "resources/guild, List Guild Members: limit"),
    "thread.name": Limit(100, "resources/channel, Start Thread from Message: name"),
    # components
    "rows": Limit(5, "components/reference, Action Row; openapi"),
    "row.buttons": Limit(5, "components/reference, Action Row"),
    "custom_id": Limit(100, "components/reference, Custom ID"),
    "button.label": Limit(80, "components/reference, Button: label"),
    "button.url": Limit(512, "components/reference, Button: url"),
    "select.options": Limit(25, "components/reference, String Select: options"),
    "select.placeholder": Limit(150, "components/reference, String Select: placeholder"),
    "option.label": Limit(100, "components/reference, Select Option: label"),
    "option.value": Limit(100, "components/reference, Select Option: value"),
    "option.description": Limit(100, "components/reference, Select Option: description"),
    "v2.components": Limit(40, "components/reference: 40 in total, nested ones count"),
    "v2.text": Limit(4000, "components/reference, Text Display; openapi"),
    "modal.title": Limit(45, "interactions/receiving-and-responding, Modal: title"),
    "modal.inputs": Limit(5, "interactions/receiving-and-responding, Modal: components"),
    "input.label": Limit(45, "components/reference, Text Input: label; Label: label"),
    "input.description": Limit(100, "components/reference, Label: description"),
    "input.placeholder": Limit(100, "components/reference, Text Input: placeholder"),
    "input.value": Limit(4000, "components/reference, Text Input: value"),
    # commands
    "commands.1": Limit(100, "interactions/application-commands: 100 global CHAT_INPUT commands"),
    "commands.2": Limit(15, "interactions/application-commands, Registering: USER commands"),
    "commands.3": Limit(15, "interactions/application-commands, Registering: MESSAGE commands"),
    "command.name": Limit(32, "interactions/application-commands, Application Command Object"),
    "command.description": Limit(100, "interactions/application-commands, Application Command Object"),
    "command.options": Limit(25, "interactions/application-commands, Application Command Object"),
    "command.choices": Limit(25, "interactions/application-commands, Option Structure"),
    "choice.name": Limit(100, "interactions/application-commands, Option Choice"),
    "choice.value": Limit(100, "interactions/application-commands, Option Choice"),
    "command.total": Limit(8000, "interactions/application-commands: combined name, description and value"),
    "command.creates": Limit(200, "interactions/application-commands: creates per day and guild"),
    # interactions and gateway
    "interaction.seconds": Limit(3, "interactions/receiving-and-responding: first answer"),
    "interaction.minutes": Limit(15, "interactions/receiving-and-responding: validity of the token"),
    "identify.day": Limit(1000, "events/gateway, Identifying: session start limit"),
    "gateway.sends": Limit(120, "events/gateway, Rate Limiting: events per 60 seconds"),
}


def most(name: str) -> int:
    """How much of it is allowed."""
    return int(LIMITS[name].most)
