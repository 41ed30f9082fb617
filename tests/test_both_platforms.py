"""One process in Slack and in Discord at once, as ``linkletter run`` lives there: one newsletter collects from both and
goes to both. The process is real, and so are its two platforms, small servers on loopback in the test's own process."""

import json
import re
import sys

import pytest

from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer
from tests.test_run import FOUR_DAYS_LATER, Place, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

CONFIG = """\
platforms:
  slack: {{bot_token: "${{SLACK_BOT_TOKEN}}", app_token: "${{SLACK_APP_TOKEN}}", api_url: "{slack}"}}
  discord: {{token: "${{DISCORD_TOKEN}}", api_url: "{discord}", workspace: "{guild}"}}
fetch: off
newsletters:
  weekly:
    timezone: UTC
    schedule: {{day: {day}, time: "{at:%H:%M}"}}
    collect: ["slack:#links", "discord:#links"]
    post_to: ["slack:#links", "discord:#links"]
    markdown: {{folder: posts}}
    at_night: send
    introduce: false
"""


class BothPlaces(Place):
    """A folder, a Slack and a Discord."""

    def __init__(self, folder, slack, discord):
        self.discord = discord
        self.guild = discord.add_guild("Team")
        self.ben = discord.add_person(self.guild, "Ben")
        self.there = discord.add_channel(self.guild, "links")
        super().__init__(folder, slack, "sqlite:///linkletter.db")

    def cut_off(self, at, database):
        told = {"slack": self.slack.api_url, "discord": self.discord.api_url, "guild": self.guild.id}
        config = CONFIG.format(**told, day=f"{at:%A}".lower(), at=at)
        (self.folder / "config.yaml").write_text(config)

    def kept(self):
        """The links that are shared, by platform."""
        found = "SELECT channel.platform, share.url FROM share JOIN message ON message.id = share.message_id "
        return sorted(self.query(found + "JOIN channel ON channel.id = message.channel_id"))


@pytest.fixture
async def place(tmp_path, monkeypatch):
    async with SlackServer() as slack, DiscordServer() as discord:
        monkeypatch.setenv("DISCORD_TOKEN", discord.token)
        made = BothPlaces(tmp_path, slack, discord)
        yield made
        for process in made.processes:
            process.kill()
            process.communicate()


async def test_what_is_shared_in_both_is_one_newsletter_for_both_and_nothing_is_lost_on_the_way(place):
    process = place.starts("run")
    await place.connects(process)
    await place.discord.ready(30)
    for path in ("tea", "slack"):
        place.slack.workspace.post(place.ann, place.links, f"<https://example.org/{path}>")
    for path in ("tea", "discord"):
        place.discord.post(place.there, place.ben, f"https://example.org/{path}")
    heard = [("discord", "discord"), ("discord", "tea"), ("slack", "slack"), ("slack", "tea")]
    await until(lambda: len(place.kept()) == 4, process=process)
    assert place.kept() == [(platform, f"https://example.org/{path}") for platform, path in heard]
    complaint, seconds = await place.is_told_to_end(process)
    assert seconds < 5, complaint

    place.slack.workspace.post(place.ann, place.links, "<https://example.org/slack-meanwhile>")
    place.discord.post(place.there, place.ben, "https://example.org/discord-meanwhile")
    process = place.starts("run", program=FOUR_DAYS_LATER)
    await until(lambda: place.ours() and place.discord.ours(place.there), process=process)
    await until(lambda: list((place.folder / "posts").glob("*.md")), process=process)
    complaint, seconds = await place.is_told_to_end(process)
    assert seconds < 5, complaint

    [in_slack] = place.slack.workspace.posts_of(place.slack.workspace.bot, place.links)
    [in_discord] = place.discord.ours(place.there)
    [post] = (place.folder / "posts").glob("*.md")
    channels = json.dumps(in_slack.fields), json.dumps(in_discord.shown)
    for text in (*channels, post.read_text("utf-8")):
        found = sorted(set(re.findall(r"https://example\.org/([\w-]+)", text)))
        assert found == ["discord", "discord-meanwhile", "slack", "slack-meanwhile", "tea"], text
    for text in channels:
        tea = text[text.index("example.org/tea") : text.index("example.org/slack")]
        assert "Ann" in tea
        assert "Ben" in tea
    states = place.query("SELECT destination, state FROM part JOIN delivery ON delivery.id = delivery_id")
    assert sorted(states) == [(where, "sent") for where in sorted(where for where, _ in states)]
    assert len(states) == 3
