"""Slack and Discord in one process, on one loop: each goes on as if it were alone."""

import asyncio
from contextlib import suppress

from bot.platforms.slack.client import Slack
from bot.platforms.slack.settings import SlackSettings
from tests.discord.conftest import now, scene
from tests.servers.slack import SlackServer


async def test_one_listener_hears_both_and_ends_with_both(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live, SlackServer() as slack:
        ann = slack.workspace.join("Ann")
        news = slack.workspace.open_channel("news", [ann])
        told = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        other = Slack(SlackSettings(**told), clock=now)
        live.start()
        also = asyncio.create_task(other.run(live.keeper))
        await live.quiet(2)
        live.discord.post(live.links, live.ann, "https://example.org/discord")
        slack.workspace.post(ann, news, "https://example.org/slack")
        await live.quiet()
        await slack.quiet()
        assert await live.keeper.urls() == ["https://example.org/discord", "https://example.org/slack"]
        began = asyncio.get_running_loop().time()
        also.cancel()
        await live.kill()
        with suppress(asyncio.CancelledError):
            await also
        assert asyncio.get_running_loop().time() - began < 5
