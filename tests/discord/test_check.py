"""What is said before anybody runs Linkletter on Discord: what is missing, where, and how to mend it."""

import re
import textwrap
from pathlib import Path

import pytest

from bot.config import load, warnings
from bot.platforms.discord.check import invite_url, problems
from bot.platforms.discord.permissions import NAMES, NEEDED, NOTHING, May, in_channel, in_server, is_private
from newsletter.settings import NewsletterSettings
from tests.discord.conftest import scene
from tests.servers.discord import Kind
from tests.servers.discord import May as Bits

GUILD = {
    "id": "1",
    "owner_id": "9",
    "roles": [
        {"id": "1", "permissions": str(1 << 10 | 1 << 11)},
        {"id": "2", "permissions": str(1 << 16)},
        {"id": "3", "permissions": "8"},
    ],
}


def overwrite(id, allow=NOTHING, deny=NOTHING):
    return {"id": id, "type": 0, "allow": str(int(allow)), "deny": str(int(deny))}


def newsletter(**more):
    return NewsletterSettings(
        **({"key": "weekly", "title": "T", "collect": ["discord:Team/links"], "post_to": ["discord:#links"]} | more)
    )


async def asked(live, **more):
    return await problems(live.chat._settings, [newsletter(**more)])


async def test_where_all_is_well_there_is_nothing_to_say(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        assert await asked(live) == ()


@pytest.mark.parametrize(
    ("settings", "server", "says"),
    [
        ({"token": None}, {}, "DISCORD_TOKEN"),
        ({"token": "wrong"}, {}, "Reset Token"),
        ({}, {"privileged": ()}, "Message Content Intent"),
        ({"workspace": "123"}, {}, "oauth2/authorize?client_id="),
        ({"api_url": "http://127.0.0.1:9"}, {}, "could not be asked"),
    ],
    ids=["no token", "wrong token", "no intent", "not in the server", "not reached"],
)
async def test_what_is_missing_is_said_with_what_to_do(sqlite_url, openapi, settings, server, says):
    async with scene(sqlite_url, openapi, settings=settings, **server) as live:
        assert says in " ".join(await asked(live))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda live: live.discord.forbid(live.links, Bits.EMBED_LINKS), ["weekly.post_to", "Embed Links"]),
        (lambda live: live.discord.forbid(live.links, Bits.READ_MESSAGE_HISTORY), ["weekly.collect", "Read Message"]),
        (lambda live: live.discord.forbid(live.links, Bits.VIEW_CHANNEL), ["sees no channel Team/links"]),
        (lambda live: live.discord.age_restrict(live.links), ["age-restricted"]),
    ],
)
async def test_what_may_not_be_done_in_a_channel_is_said(sqlite_url, openapi, change, says):
    async with scene(sqlite_url, openapi) as live:
        change(live)
        found = " ".join(await asked(live))
        assert [one for one in says if one not in found] == []


async def test_an_edition_cannot_go_to_a_forum(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
        assert "is a forum" in " ".join(await asked(live, post_to=["discord:#papers"]))


def test_the_invite_asks_for_what_is_needed_and_no_more():
    assert invite_url("42") == (
        f"https://discord.com/oauth2/authorize?client_id=42&scope=bot+applications.commands&permissions={int(NEEDED)}"
    )
    assert May.ADMINISTRATOR not in NEEDED


@pytest.mark.parametrize(
    ("overwrites", "roles", "may_see"),
    [
        ([], (), True),
        ([overwrite("1", deny=May.VIEW_CHANNEL)], (), False),
        ([overwrite("1", deny=May.VIEW_CHANNEL), overwrite("2", allow=May.VIEW_CHANNEL)], ("2",), True),
        ([overwrite("2", deny=May.VIEW_CHANNEL), overwrite("7", allow=May.VIEW_CHANNEL)], ("2",), True),
        ([overwrite("2", allow=May.VIEW_CHANNEL), overwrite("7", deny=May.VIEW_CHANNEL)], ("2",), False),
        ([overwrite("1", deny=May.VIEW_CHANNEL)], ("3",), True),
    ],
    ids=["everyone", "closed", "by a role", "oneself beats a role", "oneself beats all", "an administrator"],
)
def test_permissions_are_laid_over_each_other_as_discord_does(overwrites, roles, may_see):
    channel = {"id": "5", "permission_overwrites": overwrites}
    granted = in_server(GUILD, "7", roles)
    assert (May.VIEW_CHANNEL in in_channel(granted, "1", channel, "7", roles)) is may_see


def test_the_owner_may_do_everything_and_a_channel_closed_to_everyone_is_private():
    assert May.MANAGE_THREADS in in_server(GUILD, "9", ())
    assert not is_private(GUILD, {"id": "5"})
    assert is_private(GUILD, {"id": "5", "permission_overwrites": [overwrite("1", deny=May.VIEW_CHANNEL)]})


def test_the_page_on_installing_has_a_configuration_that_works_and_what_the_invite_asks_for(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "install.md").read_text("utf-8")
    chapter = page.partition("## Discord, step by step")[2].partition("\n## ")[0]
    config = re.search(r"```yaml\n(.*?)```", chapter, re.DOTALL)[1]
    (tmp_path / "config.yaml").write_text(textwrap.dedent(config))
    found = load(tmp_path / "config.yaml", {"DISCORD_TOKEN": "x"})
    assert [one for one in warnings(found) if "title" not in one and "editors" not in one] == []
    said = " ".join(chapter.split())
    assert [name for one, name in NAMES.items() if one in NEEDED and f"*{name}*" not in said] == []
