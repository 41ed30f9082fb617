"""Which channels are listened to, and what reading back reaches: first what was posted everywhere, and late what an
earlier one missed."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat import PermissionDenied
from bot.commands import Commands
from bot.listening import Listening
from newsletter.collect import Collector
from newsletter.heard import ChannelId, ChannelSeen, MessageId, MessageSeen, PersonId, Reading
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, directory, editions
from newsletter.store import chat as kept
from tests.stores import fresh

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)  # a Wednesday; the cut-offs are on Mondays
OPENED = datetime(2026, 6, 8, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ANN = PersonId("slack", "T1", "U1")


def channel(name: str, *, private: bool = False) -> ChannelSeen:
    return ChannelSeen(ChannelId("slack", "T1", f"C0{name.upper()}"), name, NOW, private)


def message(place: ChannelSeen, at: datetime, thread: str | None = None) -> MessageSeen:
    id = MessageId(place.id, f"{at.timestamp():.6f}")
    return MessageSeen(id, ANN, at, f"https://example.org/{place.name}-{at:%d-%H}", NOW, thread=thread)


@dataclass
class History:
    """A chat that can only be read: for each channel its readings, each of which may be what goes wrong instead."""

    readings: dict[str, list[Reading | Exception]]
    places: tuple[ChannelSeen, ...]
    platform: str = "slack"
    given: list[str] = field(default_factory=list)
    since: dict[str, datetime] = field(default_factory=dict)

    async def channels(self):
        return self.places

    async def read(self, id: ChannelId, since: datetime, threads: Collection[str] = ()):
        name = next(one.name for one in self.places if one.id == id)
        self.since[name] = since
        for reading in self.readings.get(name, ()):
            self.given.append(name)
            if isinstance(reading, Exception):
                raise reading
            yield reading

    async def say(self, to, cards):
        return None


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def store(url):
    store = await Store.open(url)
    yield store
    await store.close()


def listening(store: Store, chat: History, **settings: object) -> Listening:
    newsletter = NewsletterSettings(**({"key": "weekly", "introduce": False} | settings))
    commands = Commands(store, [], [chat], clock=lambda: NOW)
    return Listening(store, Collector(store), commands, [newsletter], [chat], clock=lambda: NOW)


async def ids(store: Store) -> set[str]:
    async with store.reading() as transaction:
        known = (await directory.channels(transaction)).values()
        found = [await kept.present_between(transaction, one.id, None, None) for one in known]
    return {one.id.id for some in found for one in some}


# --- where ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "place", "heard"),
    [
        ({}, channel("links"), True),
        ({}, channel("desk", private=True), False),
        ({"private": "may be published"}, channel("desk", private=True), True),
        ({"collect": ("slack:#desk",)}, channel("desk", private=True), True),
        ({"collect": ("slack:C0DESK",)}, channel("desk", private=True), True),
        ({"collect": ("slack:#links",)}, channel("desk", private=True), False),
        ({"collect": ("slack:#links",), "private": "may be published"}, channel("desk", private=True), False),
        ({"editors_channel": "slack:#desk"}, channel("desk", private=True), False),
    ],
)
async def test_a_private_channel_is_listened_to_only_where_the_settings_speak_of_it(store, settings, place, heard):
    chat = History({place.name: [Reading(place, NOW, (message(place, NOW - HOUR),), since=OPENED)]}, (place,))
    listens = listening(store, chat, **settings)
    await listens.connected(chat)
    await listens.heard(message(place, NOW - HOUR / 2))
    assert len(await ids(store)) == (2 if heard else 0)


def test_what_was_imported_from_a_private_channel_is_taken():
    assert NewsletterSettings().collects(channel("desk", private=True))


async def test_what_is_kept_of_a_channel_that_became_private_knows_it_though_nobody_listens_any_more(store):
    public, private = channel("links"), channel("links", private=True)
    chat = History({}, (public,))
    listens = listening(store, chat)
    await listens.connected(chat)
    await listens.heard(message(public, NOW - HOUR))
    chat.places = (ChannelSeen(private.id, "links", NOW + HOUR, private=True),)
    await listens.connected(chat)
    await listens.heard(message(private, NOW - HOUR / 2))
    async with store.reading() as transaction:
        assert [one.private for one in (await directory.channels(transaction)).values()] == [True]
    assert len(await ids(store)) == 1


# --- reading back --------------------------------------------------------------------------------------------------


async def test_what_was_posted_in_all_channels_is_read_before_the_threads_of_any(store):
    links, books = channel("links"), channel("books")
    readings = {
        one.name: [Reading(one, NOW, (), since=OPENED), Reading(one, NOW, (), thread="1"), Reading(one, NOW, (), thread="2")]
        for one in (links, books)
    }  # fmt: skip
    chat = History(readings, (links, books))
    await listening(store, chat).connected(chat)
    assert chat.given == ["links", "books"] * 3


async def test_a_channel_that_breaks_us_costs_no_other_and_stands_in_the_log(store, caplog):
    links, books, tea = channel("links"), channel("books"), channel("tea")
    good = Reading(tea, NOW, (message(tea, NOW - HOUR),), since=OPENED)
    chat = History(
        {"links": [KeyError("a mistake of ours")], "books": [PermissionDenied("no")], "tea": [good]},
        (links, books, tea),
    )
    listens = listening(store, chat)
    await listens.connected(chat)
    assert len(await ids(store)) == 1
    assert "#links was not read" in caplog.text
    settings = NewsletterSettings(key="weekly", introduce=False)
    missing = await listens.read_back(settings, timedelta(seconds=5))
    assert [one.partition(" (")[0] for one in missing] == ["slack #links", "slack #books"]


async def test_a_chat_that_cannot_be_reached_is_tried_again_by_who_asked(store):
    links = channel("links")
    chat = History({"links": [ConnectionError("gone")]}, (links,))
    with pytest.raises(ConnectionError):
        await listening(store, chat).connected(chat)


async def test_before_a_cut_off_what_is_not_reached_in_time_is_named(store):
    links, slow = channel("links"), channel("slow")
    chat = History({"links": [Reading(links, NOW, (), since=OPENED)]}, (links, slow))
    read = chat.read

    async def reading(id, since, threads=()):
        if id == slow.id:
            await asyncio.Event().wait()
        async for one in read(id, since, threads):
            yield one

    chat.read = reading
    settings = NewsletterSettings(key="weekly")
    missing = await listening(store, chat).read_back(settings, timedelta(seconds=0.3))
    assert set(missing) >= {"slack #slow (not reached in time)"}


async def test_a_channel_known_from_before_the_edition_is_read_from_there_and_a_new_one_is_not(store):
    links, books = channel("links"), channel("books")
    collector = Collector(store)
    before = message(links, OPENED - DAY)
    for one in (links, message(links, OPENED - 20 * DAY), before):
        await collector.hear(one)
    async with store.writing() as transaction:
        await editions.begin(transaction, "weekly", OPENED, OPENED + 7 * DAY, after=None)
    chat = History({}, (links, books))
    await listening(store, chat).connected(chat)
    assert chat.since == {"links": before.sent_at, "books": OPENED}


async def test_what_a_reading_missed_before_the_cut_off_and_what_was_deleted_since_is_found_after_it(store):
    links = channel("links")
    collector = Collector(store)
    known, gone, missed = (message(links, OPENED - hours * HOUR) for hours in (30, 20, 10))
    for one in (links, known, gone):
        await collector.hear(one)
    async with store.writing() as transaction:
        await editions.begin(transaction, "weekly", OPENED, OPENED + 7 * DAY, after=None)
    chat = History({}, (links,))
    chat.readings["links"] = [Reading(links, NOW, (known, missed), since=known.sent_at, complete=True)]
    await listening(store, chat).connected(chat)
    assert await ids(store) == {known.id.id, missed.id.id}
