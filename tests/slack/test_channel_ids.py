"""A channel that Slack gives another id stays the channel it was: https://docs.slack.dev/reference/events/channel_id_changed"""

from pathlib import Path

import pytest

from newsletter.heard import ChannelId
from newsletter.settings import NewsletterSettings
from newsletter.store import directory, tables
from tests import stores
from tests.contracts.house import Clock, housed
from tests.contracts.slack_world import SlackWorld

SECRET = NewsletterSettings(key="secret", collect=["slack:#desk"], introduce=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


async def test_what_is_kept_of_it_is_one_with_what_comes_under_its_new_id(sqlite_url):
    clock = Clock()
    async with SlackWorld(clock) as world, housed(world, sqlite_url, clock, [SECRET]) as house:
        message = await world.post("Ann", "tea https://example.org/tea", channel="desk")
        await house.quiet()
        before = world.channel("desk").id
        world.slack.workspace.share_outside(world.channels["desk"])
        await world.post("Ben", "coffee https://example.org/coffee", channel="desk")
        await house.quiet()
        assert [share.message.channel.id for share in await house.kept()] == [world.channel("desk").id.id] * 2
        assert world.channel("desk").id != before
        await world.delete(message)
        await house.quiet()
        assert await house.texts() == ["https://example.org/coffee coffee"]


async def test_what_was_posted_there_is_changed_there_and_two_channels_are_never_mixed(sqlite_url):
    clock = Clock()
    async with SlackWorld(clock) as world, housed(world, sqlite_url, clock) as house:
        await house.links(1)
        await world.ask("Ann", "publish")
        links = world.channel("links").id
        for new, moved in ((world.channel("desk").id, False), (ChannelId("slack", links.workspace, "C9"), True)):
            async with house.store.writing() as transaction:
                assert await directory.renumber(transaction, new, links.id) is moved
                rows = await transaction.execute(tables.delivery.select())
                assert [row.destination for row in rows] == ["slack:C9" if moved else f"slack:{links.id}"]
        async with house.store.writing() as transaction:
            assert await directory.renumber(transaction, ChannelId("slack", links.workspace, "C9"), links.id) is False
