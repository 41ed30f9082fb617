"""The contract of every chat platform, through the public port: hearing, reading back, and asking by text.

What a platform must do stands in ``bot/chat.py``; which platforms are held to it in ``platforms.py``. What people press
is in ``test_pressing.py``, what we post in ``test_posting.py``.
"""

import asyncio
import logging

import pytest

from bot.chat import Answer, Chat, Invocation, PermissionDenied
from bot.listening import Listening
from newsletter.collect import Collector
from newsletter.heard import ChannelId, Heard, MessageId
from newsletter.store import directory, placements
from tests.contracts.house import FAR_AHEAD, LONG_AGO, another_store, housed, shares
from tests.contracts.platforms import World
from tests.laws.dump import dump

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
    async with housed(world, sqlite_url, clock) as house:
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
        rows = list(await directory.channels(transaction))
        found = await placements.shares_between(transaction, "another newsletter", rows, LONG_AGO, FAR_AHEAD)
    assert len(found) == 2


async def test_what_no_newsletter_collects_leaves_no_trace(house, world):
    await world.post("Ann", "https://example.org/tea", channel="random")
    await house.quiet()
    assert await house.kept() == []
    async with house.store.reading() as transaction:
        assert world.channel("random").id not in {seen.id for seen in (await directory.channels(transaction)).values()}


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
        commands = forms = ()

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


async def test_whoever_has_an_editors_role_is_an_editor_until_they_lose_it(house, world):
    await house.links(1)
    for on in (False, True, False):
        world.give_role("Ben", on=on)
        await house.quiet()
        answer = " ".join(await world.ask("Ben", "log", channel="desk"))
        assert ("for editors" in answer) is not on, on


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
