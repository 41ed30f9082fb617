"""The app manifest for a configuration: what Slack must be told so that Linkletter works, and nothing more. Pure.

https://docs.slack.dev/reference/app-manifest. Every scope and every event has its reason beside it, for the person who
installs the app and for who has to approve it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.chat import Command
from newsletter.errors import UserError
from newsletter.settings import NewsletterSettings
from newsletter.title_text import shorten

PATH = "/slack/events"
"""Where Slack reaches us over HTTP, for events, commands and clicks alike."""

_SCOPES = {
    "app_mentions:read": "to answer where it is mentioned",
    "channels:history": "to read messages in the public channels it was invited to",
    "channels:read": "to know the names of those channels",
    "chat:write": "to post the newsletter and answer questions",
    "commands": "for its slash command and its entries in the menu of messages",
    "reactions:read": "to see how people reacted",
    "users:read": "to know people's names and languages",
}
_EVENTS = (
    "app_mention message.channels reaction_added reaction_removed member_joined_channel member_left_channel "
    "channel_rename channel_archive channel_unarchive channel_deleted channel_left"
)
_PRIVATE_SCOPES = {
    "groups:history": "to read messages in the private channels it was invited to",
    "groups:read": "to know the names of those channels",
}
_PRIVATE_EVENTS = (
    "message.groups group_rename group_archive group_unarchive group_deleted group_left channel_id_changed"
)
_SIGN = {"reactions:write": "to acknowledge links, and emoji that decide about them, by an emoji"}
_GROUPS = {"usergroups:read": "to know who is in the groups that are editors"}

_AT_MOST_SHORTCUTS = 10
_LONGEST_DESCRIPTION = 140
_LONGEST_SHORTCUT_DESCRIPTION = 150


def scopes(newsletters: Iterable[NewsletterSettings]) -> Mapping[str, str]:
    """The scopes the bot token needs for these newsletters, and what for."""
    newsletters = tuple(newsletters)
    needed = dict(_SCOPES)
    if reads_private(newsletters):
        needed |= _PRIVATE_SCOPES
    if any(one.signs for one in newsletters):
        needed |= _SIGN
    if any(re.fullmatch(r"slack:S[A-Z0-9]+", editor) for one in newsletters for editor in one.editors):
        needed |= _GROUPS
    return dict(sorted(needed.items()))


def reads_private(newsletters: Iterable[NewsletterSettings]) -> bool:
    """Whether the configuration speaks of private channels: the editors' own, or ones that may be published.

    Whether a channel that it names is private only Slack knows; ``linkletter check --live`` says so.
    """
    return any(one.private or one.editors_channel.startswith("slack:") for one in newsletters)


def manifest(
    newsletters: Sequence[NewsletterSettings],
    commands: Iterable[Command],
    *,
    called: str = "/digest",
    address: str = "",
    name: str = "Linkletter",
) -> dict[str, Any]:
    """The manifest, to be written as JSON or YAML. ``address`` is where Slack reaches us (``https://…``), if it does:
    without one it is for Socket Mode. Raises ``UserError`` where Slack would refuse it."""
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", called):
        raise UserError(f'Slack takes no command "{called}": write a slash and up to 31 of a-z, 0-9, - and _')
    if address and not re.fullmatch(r"https://[^\s?#]+", address):
        raise UserError(f'Slack sends nothing to "{address}": it must begin with https://')
    url = {"url": address.rstrip("/") + PATH} if address else {}
    request_url = {"request_url": url["url"]} if url else {}
    commands = tuple(commands)
    hint = " | ".join(command.name for command in commands)
    private = reads_private(newsletters)
    return {
        "_metadata": {"major_version": 1},
        "display_information": {
            "name": name,
            "description": shorten("Collects the links a team shares into a weekly newsletter", _LONGEST_DESCRIPTION),
            "background_color": "#2c5d63",
        },
        "features": {
            "bot_user": {"display_name": re.sub(r"[^a-z0-9._-]+", "-", name.lower()), "always_online": True},
            "slash_commands": [
                {
                    "command": called,
                    "description": "The newsletter made of the links shared here",
                    "usage_hint": shorten(f"[{hint}]", 1000),
                    "should_escape": False,
                    **url,
                }
            ],
            "shortcuts": [
                {
                    "type": "message",
                    "name": command.shortcut,
                    "callback_id": command.name,
                    "description": shorten(command.help, _LONGEST_SHORTCUT_DESCRIPTION),
                }
                for command in commands
                if command.shortcut
            ][:_AT_MOST_SHORTCUTS],
        },
        "oauth_config": {"scopes": {"bot": list(scopes(newsletters))}},
        "settings": {
            "event_subscriptions": {
                **request_url,
                "bot_events": sorted(f"{_EVENTS} {_PRIVATE_EVENTS if private else ''}".split()),
            },
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }
