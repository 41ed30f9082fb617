"""Installing: the manifest asks for what is needed and no more, and the check names what is missing and how to mend it."""

import re

import pytest

from bot.platforms.slack.check import problems
from bot.platforms.slack.manifest import manifest, scopes
from bot.platforms.slack.settings import SlackSettings
from newsletter.errors import UserError
from newsletter.settings import NewsletterSettings
from tests.servers.slack import SCOPES, SlackServer
from tests.slack.conftest import Command, scene

NOT_SORTED = dict.fromkeys(("leave_out", "bring_in", "pin", "own"), "")
"""No emoji decides anything."""

COMMANDS = [Command("preview"), Command("edit", shortcut="Edit this link", help="Change a link")]


def newsletter(**settings):
    return NewsletterSettings(
        **({"key": "weekly", "collect": ["slack:#links"], "post_to": ["slack:#links"]} | settings)
    )


# --- the manifest --------------------------------------------------------------------------------------------------


def test_the_manifest_for_socket_mode_has_no_address_and_the_least_scopes():
    made = manifest([newsletter()], COMMANDS, called="/links")
    assert made["settings"]["socket_mode_enabled"] is True
    assert "url" not in str(made)
    assert made["oauth_config"]["scopes"]["bot"] == [
        "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands", "reactions:read", "reactions:write",
        "users:read",
    ]  # fmt: skip
    [command] = made["features"]["slash_commands"]
    assert (command["command"], command["usage_hint"]) == ("/links", "[preview | edit]")
    [shortcut] = made["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["name"], shortcut["callback_id"]) == ("message", "Edit this link", "edit")
    assert not [event for event in made["settings"]["event_subscriptions"]["bot_events"] if "group" in event]


def test_the_manifest_for_http_names_one_address_everywhere():
    made = manifest([newsletter()], COMMANDS, address="https://news.example.com/")
    assert made["settings"]["socket_mode_enabled"] is False
    assert set(re.findall(r"https://\S+?(?=')", str(made))) == {"https://news.example.com/slack/events"}
    assert str(made).count("https://") == 3


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"private": "may be published"}, {"groups:history", "groups:read"}),
        ({"editors_channel": "slack:#desk"}, {"groups:history", "groups:read"}),
        ({"acknowledge": "📰", "emoji": {"done": ""}}, {"reactions:write"}),
        ({"emoji": {"done": "👌"}}, {"reactions:write"}),
        ({"emoji": NOT_SORTED | {"done": "👌"}}, set()),
        ({"editors": ["slack:S012GROUP"]}, {"usergroups:read"}),
        ({"editors": ["slack:U012ANN"]}, set()),
    ],
)
def test_a_scope_more_is_asked_for_only_where_the_configuration_needs_it(settings, more):
    silent = {"emoji": {"done": ""}}
    assert set(scopes([newsletter(**silent | settings)])) - set(scopes([newsletter(**silent)])) == more


def test_private_channels_bring_their_events_with_them():
    events = manifest([newsletter(private="may be published")], [])["settings"]["event_subscriptions"]["bot_events"]
    assert {"message.groups", "group_rename", "channel_id_changed"} <= set(events)


@pytest.mark.parametrize(
    "wrong", [{"called": "digest"}, {"called": "/Digest"}, {"called": "/" + "a" * 32}, {"address": "http://x"}]
)
def test_what_slack_would_refuse_is_said_beforehand(wrong):
    with pytest.raises(UserError):
        manifest([newsletter()], COMMANDS, **wrong)


def test_the_manifest_is_within_slacks_limits():
    made = manifest([newsletter()], [Command(f"c{n}", shortcut=f"S{n}", help="h" * 400) for n in range(200)])
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert len(made["features"]["shortcuts"]) == 10
    assert all(len(one["description"]) <= 150 for one in made["features"]["shortcuts"])
    assert len(made["features"]["slash_commands"][0]["usage_hint"]) <= 1000
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", made["features"]["bot_user"]["display_name"])


async def test_with_the_scopes_and_events_of_the_manifest_everything_works(sqlite_url):
    made = manifest([newsletter()], COMMANDS)
    async with scene(sqlite_url, scopes=made["oauth_config"]["scopes"]["bot"]) as live:
        live.slack.events = set(made["settings"]["event_subscriptions"]["bot_events"])
        live.start()
        await live.quiet(1)
        message = live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
        live.slack.workspace.react(message, live.ben, "tada")
        live.slack.workspace.post(live.ann, live.links, f"<@{live.slack.workspace.bot.id}> preview")
        other = live.slack.workspace.open_channel("other", [live.ann], bot=False)
        live.slack.workspace.invite(other)
        await live.slack.ask(live.ann, live.links, "/digest", "preview")
        await live.quiet(2)
        await live.answered()
        assert message.ts in await live.keeper.messages()
        assert len(live.slack.workspace.shown_to(live.ann)) == 2
        assert {seen.name for seen in await live.chat.channels()} == {"links", "other"}
        refused = [call for call in live.slack.calls if (call.answer or {}).get("error") == "missing_scope"]
        assert {call.args.get("types") for call in refused} <= {"public_channel,private_channel"}


# --- the check -----------------------------------------------------------------------------------------------------


async def found(server=None, settings=None, change=lambda slack: None, **more):
    async with SlackServer(**(server or {})) as slack:
        ann = slack.workspace.join("Ann")
        slack.workspace.open_channel("links", [ann])
        slack.workspace.open_channel("random", [ann], bot=False)
        change(slack)
        told = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url} | (settings or {})
        return await problems(SlackSettings(**told), [newsletter(**more)])


async def test_where_all_is_well_nothing_is_said():
    assert await found() == ()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"settings": {"bot_token": None}}, "bot_token.*SLACK_BOT_TOKEN"),
        ({"settings": {"app_token": None}}, "app_token.*Socket Mode"),
        ({"settings": {"bot_token": "xoxb-wrong"}}, "bot_token.*invalid_auth"),
        ({"settings": {"app_token": "xapp-wrong"}}, "app_token.*connections:write"),
        ({"settings": {"workspace": "T0OTHER"}}, "workspace is T0OTHER, but the token is for T0ACME"),
        ({"server": {"scopes": ["channels:history", "channels:read"]}}, "lacks the scope chat:write"),
        ({"server": {"scopes": [one for one in SCOPES if one != "reactions:write"]}}, "lacks the scope reactions:write"),
        ({"server": {"scopes": []}}, "may not list its channels"),
        ({"post_to": ["slack:#random"]}, r"weekly.post_to: Linkletter is not in #random: invite it"),
        ({"collect": ["slack:#nowhere"]}, r"weekly.collect: Linkletter is not in #nowhere"),
        ({"editors": ["slack:S0NOBODY"]}, "the group S0NOBODY cannot be looked up"),
        ({"change": lambda slack: slack.trouble.error("conversations.history", "missing_scope")}, "post_to: .* scope channels:history"),
        ({"change": lambda slack: slack.trouble.fail("*", times=None)}, "could not be asked"),
    ],
)  # fmt: skip
async def test_what_is_missing_is_named_with_how_to_mend_it(told, expected):
    said = await found(**told)
    assert any(re.search(expected, problem) for problem in said), said
    assert not any(token in problem for problem in said for token in ("xoxb-wrong", "xapp-wrong", "xoxb-1", "xapp-1"))
