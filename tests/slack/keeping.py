"""A process that listens to Slack and keeps what it hears, to be killed: `keeping.py DATABASE API_URL`, tokens in the
environment. It is run by its path, so it imports nothing of the tests."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

from bot.platforms.slack.client import Slack
from bot.platforms.slack.settings import SlackSettings
from newsletter.collect import Collector
from newsletter.store import Store


class Keeping:
    """A listener that only listens."""

    commands = forms = ()

    def __init__(self, store):
        self.heard = Collector(store).hear

    async def connected(self, chat):
        for channel in await chat.channels():
            async for reading in chat.read(channel.id, datetime.now(UTC) - timedelta(days=1)):
                await self.heard(reading)

    async def asked(self, invocation):
        raise NotImplementedError


async def main(database: str, api_url: str) -> None:
    tokens = {"bot_token": os.environ["SLACK_BOT_TOKEN"], "app_token": os.environ["SLACK_APP_TOKEN"]}
    chat = Slack(SlackSettings(api_url=api_url, **tokens), clock=lambda: datetime.now(UTC))
    await chat.run(Keeping(await Store.open(database)))


asyncio.run(main(*sys.argv[1:]))
