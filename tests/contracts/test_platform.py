"""The contract of every chat platform, through the public port, over the real store, collector, publisher and commands.

What a platform must do stands in ``bot/chat.py``; which platforms are held to it in ``platforms.py``.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cards import text
from bot.chat import Answer, Chat, Invocation, PermissionDenied
from bot.commands import Commands, Newsletter
from bot.listening import Listening
from newsletter.collect import Collector
from newsletter.errors import CannotLook, RateLimited, Refused, Unsure
from newsletter.heard import ChannelId, Heard, MessageId
from newsletter.model import KeptShare, Receipt
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, chat, editions
from tests import stores
from tests.contracts.platforms import PLATFORMS, World
from tests.laws.dump import dump

START = datetime(2026, 6, 3, 9, tzinfo=UTC)  # a Wednesday; the cut-offs are on Mondays
LONG = " ".join(f"The words of {{n}}, {place}, take some room." for place in range(110))
"""Five links with so many words take several messages anywhere. ``links`` puts in the number of each."""
A_MINUTE = timedelta(minutes=1)
LONG_AGO, FAR_AHEAD = START - timedelta(days=365), START + timedelta(days=365)


class Clock:
    """A second passes whenever someone looks."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class House:
    """Linkletter in one world: one newsletter that collects from #links and #desk and posts to #links."""

    world: World
    store: Store
    settings: NewsletterSettings
    publisher: Publisher
    commands: Commands
    listening: Listening
    clock: Clock
    running: asyncio.Task[None] | None = None

    @classmethod
    async def build(cls, world: World, database_url: str, clock: Clock, *, introduce: bool = False) -> "House":
        store = await Store.open(database_url)
        links, desk = world.channel("links"), world.channel("desk")
        named = [f"{seen.id.platform}:{seen.id.id}" for seen in (links, desk)]
        ann = world.person("Ann")
        settings = NewsletterSettings(
            key="weekly",
            title="The week",
            collect=named,
            post_to=named[:1],
            editors=[f"{ann.platform}:{ann.id}"],
            editors_channel=named[1],
            introduce=introduce,
        )
        publisher = Publisher(
            store, settings, [Outlet(world.chat.destination(links.id))], clock=clock, owner="this process"
        )
        commands = Commands(store, [Newsletter(settings, publisher)], [world.chat], clock=clock)
        listening = Listening(store, Collector(store), commands, [settings], [world.chat], clock=clock)
        return cls(world, store, settings, publisher, commands, listening, clock)

    def start(self) -> None:
        self.running = asyncio.create_task(self.world.chat.run(self.listening))

    async def stop(self) -> None:
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError):
                await self.running
            self.running = None
        await self.listening.done()

    async def quiet(self) -> None:
        """Everything is heard and stored; what ended the run is raised."""
        quiet = asyncio.create_task(self.world.quiet())
        await asyncio.wait({quiet, self.running}, return_when=asyncio.FIRST_COMPLETED)
        if not quiet.done():
            quiet.cancel()
            self.running.result()

    async def kept(self) -> list[KeptShare]:
        """Every share that is kept, with its words and reactions."""
        return await shares(self.store)

    async def texts(self) -> list[str]:
        return [f"{share.url} {share.comment}".strip() for share in await self.kept()]

    async def links(self, number: int, words: str = "") -> None:
        """Ben shares so many links."""
        for n in range(number):
            await self.world.post("Ben", f"Paper number {n}\nhttps://example.org/{n}\n{words.format(n=n)}")
        await self.quiet()


async def shares(store: Store) -> list[KeptShare]:
    """Every share in the store, without its row's number."""
    async with store.reading() as transaction:
        rows = list(await chat.channels(transaction))
        ids = await editions.shares_between(transaction, "weekly", rows, LONG_AGO, FAR_AHEAD)
        found = await editions.known(transaction, ids)
    return sorted((replace(share, id=0) for share in found.shares), key=lambda share: (share.sent_at, share.ordinal))


@asynccontextmanager
async def another_store(tmp_path, name="other") -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path / name}.db")
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=PLATFORMS)
async def world(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[World]:
    async with PLATFORMS[request.param](clock) as world:
        yield world


async def housed(world: World, url: str, clock: Clock) -> AsyncIterator[House]:
    house = await House.build(world, url, clock)
    house.start()
    await house.quiet()
    yield house
    await house.stop()
    await house.store.close()


@pytest.fixture
async def house(world: World, sqlite_url: str, clock: Clock) -> AsyncIterator[House]:
    async for built in housed(world, sqlite_url, clock):
        yield built


@pytest.fixture
async def house_on_any_database(world: World, database_url: str, clock: Clock) -> AsyncIterator[House]:
    async for built in housed(world, database_url, clock):
        yield built


# --- hearing -------------------------------------------------------------------------------------------------------


async def test_a_link_is_kept_with_its_words_its_person_and_the_way_to_its_message(house, world):
    message = await world.post("Ann", "A good read about tea https://example.org/tea #drinks")
    await house.quiet()
    [share] = await house.kept()
    assert (share.url, share.hashtags) == ("https://example.org/tea", ("drinks",))
    assert "A good read about tea" in (share.comment, share.title)
    assert (share.author, share.message) == (world.person("Ann"), MessageId(world.channel("links").id, message))
    assert share.permalink == await world.chat.permalink(share.message)
    assert (share.channel_name, share.channel_private) == ("links", False)


async def test_a_name_is_known_with_the_link(house, world):
    await world.post("Ann", "https://example.org/tea")
    await house.quiet()
    [entry] = (await house.publisher.preview()).entries
    assert entry.shares[0].person.name == "Ann"


async def test_a_mention_becomes_the_name_and_not_an_id(house, world):
    ben = world.person("Ben")
    await world.post("Ben", "https://example.org/hello")
    await world.post("Ann", f"Thanks to [@Ben](person:{ben.id}) for this https://example.org/tea")
    await house.quiet()
    await world.ask("Ann", "preview")
    assert any("@Ben" in text for text in await world.ask("Ann", "preview"))
    assert not any(ben.id in text for text in await world.ask("Ann", "preview"))


async def test_a_reply_in_a_thread_is_heard_as_one(house, world):
    root = await world.post("Ann", "What do you drink?")
    await world.post("Ben", "This! https://example.org/tea", thread=root)
    await house.quiet()
    assert await house.texts() == ["https://example.org/tea This!"]


async def test_a_private_channel_is_known_to_be_private(house, world):
    await world.post("Ann", "https://example.org/secret", channel="desk")
    await house.quiet()
    assert [share.channel_private for share in await house.kept()] == [True]


async def test_a_private_channel_is_known_to_be_private_also_where_it_cannot_be_read(world, sqlite_url, clock):
    world.forbid(reading=True)
    async for house in housed(world, sqlite_url, clock):
        await world.post("Ann", "https://example.org/secret", channel="desk")
        await house.quiet()
        assert [share.channel_private for share in await house.kept()] == [True]


async def test_what_is_heard_at_once_in_a_new_channel_is_all_kept(house, world):
    desk = world.channel("desk").id
    chat, listening = (
        world.chat,
        Listening(
            house.store, Collector(house.store), house.commands, [house.settings], [world.chat], clock=house.clock
        ),
    )
    await house.stop()
    for n in range(3):
        await world.post("Ann", f"https://example.org/{n}", channel="desk")
    [reading] = [one async for one in chat.read(desk, LONG_AGO)]
    await asyncio.gather(*(listening.heard(message) for message in reading.messages))
    assert len(await house.kept()) == 3


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("tea https://example.org/tea", "green tea https://example.org/tea", ["https://example.org/tea green tea"]),
        ("tea", "tea https://example.org/tea", ["https://example.org/tea tea"]),
        ("tea https://example.org/tea", "tea", []),
        ("tea https://example.org/tea", "https://example.org/pot tea", ["https://example.org/pot tea"]),
    ],
    ids=["words", "a link comes", "a link goes", "another link"],
)
async def test_an_edit_changes_what_is_kept(house, world, before, after, kept):
    message = await world.post("Ann", before)
    await house.quiet()
    await world.edit(message, after)
    await house.quiet()
    assert await house.texts() == kept


async def test_a_deleted_message_leaves_nothing_to_publish(house, world):
    message = await world.post("Ann", "https://example.org/tea")
    await house.quiet()
    await world.delete(message)
    await house.quiet()
    assert await house.kept() == []


async def test_a_reaction_counts_until_it_is_taken_back(house, world):
    message = await world.post("Ann", "https://example.org/tea")
    await world.react(message, "Ben", "🎉")
    await world.react(message, "Ben", "👀")
    await house.quiet()
    reacted = {reaction.emoji: reaction.people for reaction in (await house.kept())[0].reactions}
    assert reacted == {"🎉": (world.person("Ben"),), "👀": (world.person("Ben"),)}
    await world.react(message, "Ben", "🎉", on=False)
    await house.quiet()
    assert [reaction.emoji for reaction in (await house.kept())[0].reactions] == ["👀"]


async def test_messages_by_bots_are_ignored_live_and_read_back(house, world):
    await world.post("Robot", "https://example.org/advertisement")
    await house.quiet()
    assert await house.kept() == []
    await house.listening.connected(world.chat)
    assert await house.kept() == []


async def test_our_own_posts_are_never_collected(house, world):
    await house.links(2)
    await world.ask("Ann", "publish")
    await house.quiet()
    await house.listening.connected(world.chat)
    async with house.store.reading() as transaction:
        rows = list(await chat.channels(transaction))
        found = await editions.shares_between(transaction, "another newsletter", rows, LONG_AGO, FAR_AHEAD)
    assert len(found) == 2


async def test_what_no_newsletter_collects_leaves_no_trace(house, world):
    await world.post("Ann", "https://example.org/tea", channel="random")
    await house.quiet()
    assert await house.kept() == []
    async with house.store.reading() as transaction:
        assert world.channel("random").id not in {seen.id for seen in (await chat.channels(transaction)).values()}


# --- reading -------------------------------------------------------------------------------------------------------


async def script(world: World) -> None:
    """A little of everything."""
    tea = await world.post("Ann", "Tea\nhttps://example.org/tea\nwith @everyone's favourite words #drinks")
    await world.post("Ben", "https://example.org/bare")
    await world.post("Ben", "the words that belong to it")
    await world.react(tea, "Ben", "🎉")
    await world.react(tea, "Ann", "👀")
    await world.react(tea, "Ann", "👀", on=False)
    gone = await world.post("Ben", "https://example.org/gone")
    edited = await world.post("Ben", "no link yet")
    root = await world.post("Ann", "a thread without a link")
    await world.post("Ben", "but with one in it https://example.org/reply", thread=root)
    reply = await world.post("Ben", "https://example.org/gone-reply", thread=root)
    cleared = await world.post("Ann", "soon without https://example.org/cleared")
    await world.post("Robot", "https://example.org/bot")
    await world.post("Ann", "two of them https://example.org/tea https://example.org/two", channel="desk")
    await world.edit(edited, "a link at last https://example.org/late")
    await world.edit(cleared, "nothing to see")
    await world.delete(gone)
    await world.delete(reply)


async def readings(world: World, channel: ChannelId) -> list[Heard]:
    return [reading async for reading in world.chat.read(channel, LONG_AGO)]


async def test_history_equals_events(house, world, tmp_path):
    await script(world)
    await house.quiet()
    from_events = await house.kept()
    assert len(from_events) == 6
    async with another_store(tmp_path) as store:
        collector, collector_of_events = Collector(store), Collector(house.store)
        for name in ("links", "desk"):
            for reading in await readings(world, world.channel(name).id):
                await collector.hear(reading)
                await collector_of_events.hear(reading)
        assert await shares(store) == from_events
        assert await dump(store) == await dump(house.store), "after the same reading every table is the same"


async def test_what_happened_while_we_were_away_is_there_when_we_come_back(house_on_any_database, world, tmp_path):
    house = house_on_any_database
    kept = await world.post("Ann", "before https://example.org/before")
    edited = await world.post("Ann", "as it was https://example.org/edited")
    gone = await world.post("Ann", "https://example.org/deleted")
    root = await world.post("Ann", "a thread")
    reply = await world.post("Ben", "https://example.org/deleted-reply", thread=root)
    await world.react(kept, "Ben", "🎉")
    await house.quiet()
    await world.cut()
    await script(world)
    await world.edit(edited, "as it is https://example.org/edited")
    await world.delete(gone)
    await world.delete(reply)
    await world.react(kept, "Ben", "🎉", on=False)
    await world.react(kept, "Ben", "👀")
    await world.restore()
    await house.quiet()
    async with another_store(tmp_path) as store:
        for name in ("links", "desk"):
            for reading in await readings(world, world.channel(name).id):
                await Collector(store).hear(reading)
        assert await house.kept() == await shares(store)
    assert not {"https://example.org/deleted", "https://example.org/deleted-reply"} & {
        share.url for share in await house.kept()
    }


async def test_a_restart_reads_back_as_an_outage_does(house, world):
    await house.stop()
    await world.post("Ann", "https://example.org/tea")
    house.start()
    await house.quiet()
    assert await house.texts() == ["https://example.org/tea"]


async def test_reading_back_twice_changes_nothing(house, world):
    await script(world)
    await house.quiet()
    before = await house.kept()
    await house.listening.connected(world.chat)
    await house.listening.connected(world.chat)
    assert await house.kept() == before


async def test_a_reading_is_of_its_stretch_only(house, world, clock):
    await world.post("Ann", "https://example.org/old")
    since = clock()
    await world.post("Ann", "https://example.org/new")
    [reading] = [one async for one in world.chat.read(world.channel("links").id, since)]
    assert (len(reading.messages), reading.since, reading.complete) == (1, since, True)
    assert reading.began_at > reading.messages[0].sent_at


async def test_where_reading_is_not_allowed_nothing_counts_as_deleted(house, world, caplog):
    await world.post("Ann", "https://example.org/tea")
    await house.quiet()
    world.forbid(reading=True)
    with pytest.raises(PermissionDenied):
        await readings(world, world.channel("links").id)
    with caplog.at_level(logging.WARNING):
        await house.listening.connected(world.chat)
    assert len(await house.kept()) == 1
    assert "#links" in caplog.text


async def test_what_the_listener_raises_ends_the_run_and_the_next_one_repairs_it(house, world):
    class FullDisk:
        commands = ()

        async def connected(self, chat: Chat) -> None: ...
        async def heard(self, heard: Heard) -> None:
            raise OSError("no space left on device")

        async def asked(self, invocation: Invocation) -> Answer:
            raise NotImplementedError

    await house.stop()
    run = asyncio.create_task(world.chat.run(FullDisk()))
    await world.quiet()
    await world.post("Ann", "https://example.org/tea")
    with pytest.raises((OSError, ExceptionGroup)):
        await run
    house.start()
    await house.quiet()
    assert await house.texts() == ["https://example.org/tea"]


async def test_a_cancelled_run_leaves_no_task_behind(house, world):
    await world.ask("Ann", "status")
    await house.stop()
    assert {task for task in asyncio.all_tasks() if not world.owns(task)} == {asyncio.current_task()}


# --- asking --------------------------------------------------------------------------------------------------------


async def test_a_command_is_answered_to_the_asker_alone(house, world):
    await house.links(3)
    answer = await world.ask("Ben", "status")
    assert "3 links so far" in " ".join(answer)
    assert await world.ours() == []


async def test_every_command_is_answered(house, world):
    for row in house.commands.commands:
        answer = await world.ask("Ann", f"{row.name} paper")
        assert answer, row.name
        assert all(text and len(text) <= world.longest for text in answer), row.name


async def test_a_preview_is_what_is_then_posted(house, world):
    await house.links(12, "with a few words")
    seen = await world.ask("Ben", "preview")
    await world.ask("Ann", "publish")
    assert [post.text for post in await world.ours()] == list(seen)


async def test_only_an_editor_publishes(house, world):
    await house.links(1)
    assert "for editors" in " ".join(await world.ask("Ben", "publish"))
    assert await world.ours() == []
    assert "for editors" not in " ".join(await world.ask("Ann", "publish"))
    assert len(await world.ours()) == 1


async def test_whoever_has_an_editors_role_is_an_editor(house, world):
    house.settings = house.settings.model_copy(update={"editors": (world.role(),)})
    newsletter = Newsletter(house.settings, house.publisher)
    commands = Commands(house.store, [newsletter], [world.chat], clock=house.clock)
    await house.links(1)
    for name, may in (("Ben", False), ("Ann", True)):
        await commands.asked(Invocation(name, "publish", world.person(name), world.channel("links")))
        assert bool(await world.ours()) is may, name


async def test_a_question_that_is_delivered_again_does_nothing_twice(house, world):
    await house.links(1)
    first, again = await asyncio.gather(
        world.ask("Ann", "publish", id="question"), world.ask("Ann", "publish", id="question")
    )
    assert list(first) == list(again)
    await house.links(1)
    assert list(await world.ask("Ann", "publish", id="question")) == list(first)
    assert len(await world.ours()) == 1
    await world.ask("Ann", "publish", id="another question")
    assert len(await world.ours()) == 2


async def test_a_channel_without_a_newsletter_is_told_how_to_begin_one(house, world):
    await house.links(1)
    answer = " ".join(await world.ask("Ann", "preview", channel="random"))
    random = world.channel("random").id
    assert f"{random.platform}:{random.id}" in answer
    assert "Paper" not in answer


# --- buttons, forms, menus -------------------------------------------------------------------------------------------


@pytest.fixture
def pressing(world: World) -> World:
    """A world in which people press buttons."""
    if not hasattr(world, "press"):
        pytest.skip("this world has no buttons yet")
    return world


async def test_a_button_asks_and_its_answer_takes_the_place_of_what_it_stands_in(house, pressing):
    await house.links(3)
    await pressing.ask("Ann", "desk", channel="desk")
    [before] = await pressing.ours("desk")
    assert "3 links" in before.text
    told = await pressing.press("Ann", "Leave out 1", channel="desk")
    await house.quiet()
    [after] = await pressing.ours("desk")
    assert (after.id, "2 links" in after.text, told.form) == (before.id, True, None)
    assert len((await house.publisher.preview()).entries) == 2


async def test_a_button_does_nothing_for_who_may_not_press_it(house, pressing):
    await house.links(3)
    await pressing.ask("Ann", "desk", channel="desk")
    told = await pressing.press("Ben", "Pin 1", channel="desk")
    assert "for editors" in " ".join(told.texts)
    assert not any(entry.pinned for entry in (await house.publisher.preview()).entries)


async def test_a_form_is_opened_with_what_stands_there_and_sent_with_what_was_written(house, pressing):
    await house.links(1, "said")
    await pressing.ask("Ann", "desk", channel="desk")
    opened = await pressing.press("Ann", "Edit 1", channel="desk")
    assert opened.form is not None
    assert opened.form["title"] == "Paper number 0"
    await pressing.submit("Ann", title="A title of *hers* & more", note="Two\nlines")
    [entry] = (await house.publisher.preview()).entries
    assert entry.title == "A title of *hers* & more"
    assert "Two\nlines" in entry.words


async def test_a_messages_menu_asks_about_that_message(house, pressing):
    message = await pressing.post("Ben", "https://example.org/tea about tea")
    await pressing.post("Ben", "https://example.org/other")
    await house.quiet()
    told = await pressing.shortcut("Ben", message, "About this link")
    assert "in: 1 person" in " ".join(told.texts)
    await pressing.shortcut("Ann", message, "Leave out")
    assert [entry.url for entry in (await house.publisher.preview()).entries] == ["https://example.org/other"]


async def test_an_emoji_that_decides_is_answered_by_ours(house, pressing):
    message = await pressing.post("Ben", "https://example.org/tea")
    await house.quiet()
    for emoji, on, signed in (("🎉", True, set()), ("🚫", True, {"👌"}), ("🚫", False, set())):
        await pressing.react(message, "Ann", emoji, on=on)
        await house.quiet()
        await house.listening.done()
        await house.quiet()
        assert await pressing.signed(message) == signed, emoji


async def test_what_we_say_in_a_channel_stands_there_and_pings_nobody(house, world):
    ben = world.person("Ben")
    said = await world.chat.say(world.channel("desk").id, text(f"@everyone <@{ben.id}> **hello**"))
    [post] = await world.ours("desk")
    assert (said is None or said.id == post.id, post.pinged, "hello" in post.text) == (True, (), True)


# --- posting -------------------------------------------------------------------------------------------------------


async def test_a_long_edition_is_one_message_in_the_channel_and_the_rest_in_its_thread(house, world):
    await house.links(30, LONG)
    await world.ask("Ann", "publish")
    first, *others = await world.ours()
    assert first.thread is None
    assert others
    assert {post.thread for post in others} == {first.id}
    assert all(len(post.text) <= world.longest for post in (first, *others))
    text = "\n".join(post.text for post in (first, *others))
    assert [n for n in range(30) if f"https://example.org/{n})" not in text] == []


async def test_every_part_is_found_again_by_its_mark_and_no_other_one_is(house, world):
    await house.links(5, LONG)
    destination = world.chat.destination(world.channel("links").id)
    parts = destination.draw(await house.publisher.preview())
    assert len(parts) > 1
    assert await destination.find(parts[0].mark) is None
    receipts: list[Receipt] = []
    for part in parts:
        receipts.append(await destination.send(part, receipts[-1] if receipts else None))
    assert [await destination.find(part.mark) for part in parts] == receipts
    assert len({part.mark for part in parts}) == len(parts)
    assert await destination.find("no such mark") is None


async def test_a_person_who_writes_the_mark_is_not_taken_for_us(house, world):
    await house.links(1)
    destination = world.chat.destination(world.channel("links").id)
    [part] = destination.draw(await house.publisher.preview())
    await world.post("Ben", part.mark)
    await world.post("Ben", part.payload)
    assert await destination.find(part.mark) is None


async def test_a_part_is_changed_in_place_and_removed_once(house, world):
    await house.links(2)
    destination = world.chat.destination(world.channel("links").id)
    [part] = destination.draw(await house.publisher.preview())
    receipt = await destination.send(part, None)
    before = await world.ours()
    [changed] = destination.draw(replace(await house.publisher.preview(), title="Another title"))
    for _ in range(2):
        assert await destination.change(receipt, changed) == receipt
    [after] = await world.ours()
    assert (after.id, "Another title" in after.text) == (before[0].id, True)
    assert await destination.find(changed.mark) == receipt
    for _ in range(2):
        await destination.remove(receipt)
    assert await world.ours() == []


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_after_lost_answers_nothing_is_there_twice(house_on_any_database, world, lost):
    house = house_on_any_database
    await house.links(5, LONG)
    world.lose_answers(lost)
    await house.publisher.publish("test")
    attempts = []
    for _ in range(lost + 1):
        attempts.append(await house.publisher.deliver())
        house.clock.now += A_MINUTE  # a platform may need a while until what arrived is found
    assert [outcome.again for [outcome] in attempts] == [True] * lost + [False]
    posts = await world.ours()
    assert len({post.text for post in posts}) == len(posts) == len(attempts[-1][0].receipts) > 2
    assert {post.thread for post in posts} == {None, posts[0].id}
    assert await house.publisher.deliver() == ()


async def test_a_post_that_was_lost_on_its_way_is_sent_again(house, world):
    await house.links(5, LONG)
    world.lose_posts(1)
    answer = " ".join(await world.ask("Ann", "publish"))
    assert "tried again" in answer
    [outcome] = await house.publisher.deliver()
    assert len(await world.ours()) == len(outcome.receipts)


async def test_another_process_finds_what_the_killed_one_sent(house, world):
    await house.links(3)
    destination = world.chat.destination(world.channel("links").id)
    [part] = destination.draw(await house.publisher.publish("test"))
    await destination.send(part, None)  # and was killed before it could write the receipt down
    another = Publisher(house.store, house.settings, [Outlet(destination)], clock=house.clock, owner="another process")
    [outcome] = await another.deliver()
    assert outcome.failed is None
    assert len(await world.ours()) == 1


@pytest.mark.parametrize(
    ("trouble", "error", "again"),
    [
        (lambda world: world.limit(timedelta(seconds=30)), RateLimited, True),
        (lambda world: world.forbid(posting=True), Refused, False),
        (lambda world: world.forbid(reading=True), CannotLook, False),
        (lambda world: world.lose_posts(1), Unsure, True),
    ],
    ids=["rate limited", "refused", "cannot look", "unsure"],
)
async def test_what_the_platform_says_no_to_is_told_and_nothing_is_guessed(house, world, trouble, error, again):
    await house.links(1)
    destination = world.chat.destination(world.channel("links").id)
    [part] = destination.draw(await house.publisher.preview())
    trouble(world)
    with pytest.raises(error) as raised:
        await (destination.find(part.mark) if error is CannotLook else destination.send(part, None))
    assert raised.value.destination == destination.key
    trouble(world)
    answer = " ".join(await world.ask("Ann", "publish"))
    assert "⚠️" in answer
    assert ("tried again" in answer) is again
    assert await world.ours() == []
    assert ("did not reach" in " ".join(await world.ask("Ann", "status"))) is not again
    world.limit(None)
    world.forbid()
    house.clock.now += A_MINUTE
    await world.ask("Ann", "publish")
    assert len(await world.ours()) == 1
    assert "did not reach" not in " ".join(await world.ask("Ann", "status"))


async def test_nothing_that_people_wrote_pings_anyone(house, world):
    ben = world.person("Ben")
    hostile = f"@everyone @here <!channel> <@{ben.id}> <@&{ben.id}> [@Ben](person:{ben.id}) @Ben"
    await world.post("Ann", f"{hostile}\nhttps://example.org/ping\n{hostile}")
    await world.post("Ann", f"[a title with {hostile}](https://example.org/label) {hostile}")
    await house.quiet()
    await world.ask("Ann", "publish")
    posts = await world.ours()
    assert posts
    assert [post.pinged for post in posts] == [()] * len(posts)
