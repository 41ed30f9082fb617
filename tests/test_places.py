"""Which channels the settings mean, and what becomes of a newsletter whose channel is not there yet; in the local room."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import cards
from bot.manners import Manners
from bot.places import Places
from bot.platforms.local.client import Local
from bot.platforms.local.room import Room
from newsletter.collect import Collector
from newsletter.heard import ChannelId, ChannelSeen, MessageId, MessageSeen, PersonId, PersonSeen
from newsletter.publish import Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from tests.stores import fresh

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)


class House:
    """A room with #links and the people Ann and Ben, and a newsletter that goes to #news."""

    def __init__(self, store: Store, **more: object) -> None:
        self.now = NOW
        self.store = store
        self.room = Room(lambda: self.now)
        self.links = self.room.open_channel("links")
        self.ann, self.ben = self.room.join("Ann"), self.room.join("Ben")
        self.chat = Local(self.room)
        self.settings = NewsletterSettings(
            key="weekly", collect=["local:#links"], post_to=["local:#news"], editors=[f"local:{self.ann.id}"], **more
        )
        self.places = Places(store, [self.chat])
        self.publisher = Publisher(store, self.settings, [], clock=lambda: self.now, owner="a test")
        self.collector = Collector(store)

    def seen(self, text: str) -> MessageSeen:
        message = self.room.post(self.links, self.ann, text)
        channel = ChannelId("local", "room", self.links.id)
        return MessageSeen(
            MessageId(channel, message.id), PersonId("local", "room", self.ann.id), self.now, text, self.now
        )

    async def share(self, text: str) -> MessageSeen:
        message = self.seen(text)
        await self.collector.hear(ChannelSeen(message.id.channel, "links", self.now))
        await self.collector.hear(PersonSeen(message.author, "Ann", self.now))
        await self.collector.hear(message)
        return message

    async def publish(self) -> list:
        self.now += timedelta(hours=1)
        self.publisher.aim(await self.places.outlets(self.settings))
        await self.publisher.publish("a test")
        return [one.failed for one in await self.publisher.deliver(failed_too=True)]

    async def posted(self, channel) -> list[str]:
        return [one.text for one in await self.room.history(channel.id) if one.author.bot]


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def store(url):
    store = await Store.open(url)
    yield store
    await store.close()


@pytest.fixture
async def house(store):
    return House(store)


async def test_a_newsletter_whose_channel_is_not_there_waits_for_it_and_says_what_to_do(house):
    await house.share("https://example.org/tea worth it")
    (why,) = await house.publish()
    assert "invite" in why
    news = house.room.open_channel("news")
    assert await house.publish() == [None]
    assert await house.publish() == []
    (post,) = await house.posted(news)
    assert "example.org/tea" in post


async def test_what_was_frozen_for_a_channel_under_its_written_name_is_amended_in_place(house):
    message = await house.share("https://example.org/tea worth it")
    await house.share("https://example.org/coffee")
    await house.publish()
    news = house.room.open_channel("news")
    await house.publish()
    await house.collector.hear(replace(message, text="https://example.org/tea so good", edited_at=house.now))
    async with house.store.writing() as transaction:
        await transaction.exec_driver_sql("UPDATE edition SET stale = 1 WHERE state = 'frozen'")
    await house.publisher.follow()
    await house.publisher.deliver()
    (post,) = await house.posted(news)
    assert "so good" in post


async def test_editors_are_told_in_their_channel_else_one_by_one(store):
    house = House(store, editors_channel="local:#desk")
    assert await house.places.tell_editors(house.settings, cards.text("Attention"))
    (alone,) = await house.room.history(house.room.converse(house.ann).id)
    assert "Attention" in alone.text
    desk = house.room.open_channel("desk")
    assert await house.places.tell_editors(house.settings, cards.text("Once more"))
    assert await house.posted(desk) == ["Once more"]
    assert len(await house.room.history(house.room.converse(house.ann).id)) == 1


async def test_where_the_channel_takes_nothing_each_editor_is_told(store):
    house = House(store, editors_channel="local:#desk")
    house.room.open_channel("desk")
    house.room.trouble.no_posting = True
    assert not await house.places.tell_editors(house.settings, cards.text("Attention"))


async def test_where_we_are_new_we_say_once_what_we_do_and_how_to_stay_out(house):
    message = await house.share("https://example.org/tea")
    manners = Manners(house.store, clock=lambda: house.now, called="/digest")
    seen = ChannelSeen(message.id.channel, "links", house.now)
    for _ in range(2):
        await manners.introduce(house.chat, seen, [house.settings])
    (said,) = await house.posted(house.links)
    for words in ("weekly", "Delete", "/digest preview", "kept"):
        assert words in said
    other = Manners(house.store, clock=lambda: house.now, called="/digest")
    await other.introduce(house.chat, seen, [house.settings])
    assert len(await house.posted(house.links)) == 1


async def test_a_team_that_wants_no_introduction_gets_none(store):
    house = House(store, introduce=False)
    message = await house.share("https://example.org/tea")
    manners = Manners(house.store, clock=lambda: house.now, called="/digest")
    await manners.introduce(house.chat, ChannelSeen(message.id.channel, "links", house.now), [house.settings])
    assert await house.posted(house.links) == []


async def test_a_link_that_was_printed_before_is_noted_to_its_sharer_alone(house):
    await house.share("https://example.org/tea")
    house.room.open_channel("news")
    await house.publish()
    house.now += timedelta(days=8)
    manners = Manners(house.store, clock=lambda: house.now, called="/digest")
    message = await house.share("https://example.org/tea?utm_source=x")
    manners.heard(house.chat, message, [house.settings])
    await manners.done()
    (whisper,) = house.room.whispers
    assert whisper.person == house.ann
    assert "2026-W23" in whisper.text


async def test_a_link_is_acknowledged_by_an_emoji_only_where_the_team_wants_it(store):
    for wanted in ("", "bookmark"):
        house = House(store, acknowledge=wanted)
        manners = Manners(house.store, clock=lambda house=house: house.now, called="/digest")
        manners.heard(house.chat, await house.share("https://example.org/tea"), [house.settings])
        manners.heard(house.chat, house.seen("no link here"), [house.settings])
        await manners.done()
        emoji = [tuple(one.reactions) for one in await house.room.history(house.links.id)]
        assert emoji == [("🔖",) if wanted else (), ()]
