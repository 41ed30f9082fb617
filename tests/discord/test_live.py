"""Discord, live: whatever Discord or the network does, what people said is kept, once, as it now is."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.chat import PermissionDenied
from bot.platforms.discord.gateway import Patience
from newsletter.errors import UserError
from newsletter.heard import ChannelId, ChannelSeen, MessageSeen, PersonId, PersonSeen, Reading
from newsletter.store import directory, gather, placements
from newsletter.words import read
from tests.discord.conftest import LONG_AGO, now, scene
from tests.servers.discord import Kind, May, Trouble


def said(live) -> list[str]:
    """The links that stand there now."""
    messages = (one for channel in live.discord.channels.values() for one in channel.messages.values())
    return sorted(share.url for one in messages for share in read(one.content))


async def readings(live, channel) -> list[Reading]:
    id = ChannelId("discord", live.guild.id, channel.id)
    return [reading async for reading in live.chat.read(id, now() - LONG_AGO)]


# --- what is heard -------------------------------------------------------------------------------------------------


async def test_a_late_preview_is_no_edit_and_is_kept(live):
    message = live.discord.post(live.links, live.ann, "tea https://example.org/tea")
    live.discord.unfurl(message, {"url": "https://example.org/tea", "title": "All about tea"})
    await live.quiet()
    seen = (await live.keeper.seen())[message.id]
    assert (seen.edited_at, seen.previews[0].title) == (None, "All about tea")


async def test_an_edit_of_a_message_from_before_we_came_is_heard(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        message = live.discord.post(live.links, live.ann, "no link yet")
        live.start()
        await live.quiet(1)
        live.discord.edit(message, "tea https://example.org/tea")
        live.discord.pin(message)
        await live.quiet()
        assert await live.keeper.urls() == ["https://example.org/tea"]
        assert (await live.keeper.seen())[message.id].edited_at == message.edited_at


async def test_what_moderators_delete_at_once_is_gone(live):
    messages = [live.discord.post(live.links, live.ann, f"https://example.org/{n}") for n in range(5)]
    await live.quiet()
    live.discord.delete_many(*messages[1:4])
    await live.quiet()
    assert await live.keeper.urls() == ["https://example.org/0", "https://example.org/4"]


async def test_reactions_are_known_by_person_until_the_last_of_one_emoji_is_taken_back(live):
    message = live.discord.post(live.links, live.ann, "https://example.org/tea")
    live.discord.react(message, live.ben, "👍")
    live.discord.react(message, live.ben, "👍", burst=True)
    live.discord.react(message, live.ann, "parrot:123")
    live.discord.react(message, live.discord.bot, "👀")
    await live.quiet()
    ben, ann = live.ben.id, live.ann.id
    assert await live.keeper.reactions(message.id) == {"👍": [ben], ":parrot:": [ann]}
    live.discord.react(message, live.ben, "👍", on=False)
    await live.quiet()
    assert await live.keeper.reactions(message.id) == {"👍": [ben], ":parrot:": [ann]}
    live.discord.react(message, live.ben, "👍", on=False, burst=True)
    await live.quiet()
    assert await live.keeper.reactions(message.id) == {":parrot:": [ann]}


@pytest.mark.parametrize(("cleared", "left"), [("", {}), ("👍", {"🎉": 1})], ids=["all", "one emoji"])
async def test_reactions_that_a_moderator_clears_are_gone(live, cleared, left):
    message = live.discord.post(live.links, live.ann, "https://example.org/tea")
    for emoji in ("👍", "🎉"):
        live.discord.react(message, live.ben, emoji)
    await live.quiet()
    live.discord.clear(message, cleared)
    await live.quiet()
    assert {emoji: len(people) for emoji, people in (await live.keeper.reactions(message.id)).items()} == left


async def test_a_thread_is_a_part_of_its_channel(live):
    root = live.discord.post(live.links, live.ann, "What do you read?")
    thread = live.discord.start_thread(live.links, live.ben, "reading", of=root)
    reply = live.discord.post(thread, live.ben, "This! https://example.org/tea")
    await live.quiet()
    seen = (await live.keeper.seen())[reply.id]
    assert (seen.id.channel.id, seen.thread) == (live.links.id, root.id)
    assert seen.permalink == f"https://discord.com/channels/{live.guild.id}/{thread.id}/{reply.id}"
    assert await live.chat.permalink(seen.id) == seen.permalink


async def test_a_post_in_a_forum_and_its_replies_are_heard_and_read_back_alike(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        forum = live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
        live.start()
        await live.quiet(1)
        post = live.discord.post_to_forum(forum, live.ann, "A paper", "https://example.org/paper")
        reply = live.discord.post(post.channel, live.ben, "Also https://example.org/code")
        await live.quiet()
        heard = {one.id: one for one in live.keeper.heard_all if isinstance(one, MessageSeen)}
        read = {one.id: one for reading in await readings(live, forum) for one in reading.messages}
        assert {id.id: (one.id.channel.id, one.thread, one.text, one.permalink) for id, one in heard.items()} == {
            id.id: (one.id.channel.id, one.thread, one.text, one.permalink) for id, one in read.items()
        }
        assert {id.id: one.thread for id, one in read.items()} == {post.id: None, reply.id: post.id}


async def test_with_a_thread_its_messages_are_gone(live):
    root = live.discord.post(live.links, live.ann, "https://example.org/root")
    thread = live.discord.start_thread(live.links, live.ben, "reading", of=root)
    live.discord.post(thread, live.ben, "https://example.org/reply")
    await live.quiet()
    live.discord.delete_channel(thread)
    await live.quiet()
    assert await live.keeper.urls() == ["https://example.org/root"]


async def test_what_a_channel_that_follows_gets_is_there_once(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        news = live.discord.add_channel(live.guild, "news", kind=Kind.ANNOUNCEMENT)
        live.discord.follow(news, live.links)
        live.start()
        await live.quiet(1)
        live.discord.publish(live.discord.post(news, live.ann, "https://example.org/tea"))
        await live.quiet()
        assert await live.keeper.urls() == ["https://example.org/tea"]


async def test_a_forward_brings_its_links_and_not_the_words_of_others(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        elsewhere = live.discord.add_channel(live.guild, "elsewhere", private=True)
        message = live.discord.post(elsewhere, live.ben, "very secret words https://example.org/tea")
        live.start()
        await live.quiet(1)
        forwarded = live.discord.forward(message, live.ann, live.links)
        await live.quiet()
        assert (await live.keeper.seen())[forwarded.id].text == "<https://example.org/tea>"


async def test_an_age_restricted_channel_never_feeds(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        adult = live.discord.add_channel(live.guild, "adult", nsfw=True)
        live.start()
        await live.quiet(1)
        live.discord.post(adult, live.ann, "https://example.org/tea")
        thread = live.discord.start_thread(adult, live.ann, "more")
        live.discord.post(thread, live.ann, "https://example.org/more")
        await live.quiet()
        assert await live.keeper.urls() == []
        assert adult.id not in {seen.id.id for seen in await live.chat.channels()}
        with pytest.raises(PermissionDenied):
            await readings(live, adult)


async def test_what_bots_integrations_and_discord_itself_write_is_left_out(live):
    robot = live.discord.add_person(live.guild, "Robot", bot=True)
    live.discord.post(live.links, robot, "https://example.org/robot")
    live.discord.post_by_webhook(live.links, "Feed", "https://example.org/feed")
    live.discord.post(live.links, live.ann, "https://example.org/pin", kind=6)
    live.discord.post(live.links, live.ann, "", attachments=["tea.png"])
    live.discord.post(live.links, live.ann, "`https://example.org/code`")
    await live.quiet()
    await live.keeper.connected(live.chat)
    assert await live.keeper.urls() == []


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("shown", "ends so: <https://example.org/end>"),
        ("hidden", "ends so: ||<https://example.org/end>||"),
        ("left out", None),
    ],
)
async def test_spoilers_are_as_the_setting_wants_them(sqlite_url, openapi, setting, text):
    async with scene(sqlite_url, openapi, settings={"spoilers": setting}) as live:
        live.start()
        await live.quiet(1)
        message = live.discord.post(live.links, live.ann, "ends so: ||https://example.org/end||")
        await live.quiet()
        seen = (await live.keeper.seen()).get(message.id)
        assert (seen.text.replace("<", "").replace(">", "") if seen else None) == (
            text.replace("<", "").replace(">", "") if text else None
        )


async def test_a_name_in_the_server_beats_ones_own(live):
    live.discord.rename_person(live.guild, live.ann, "Ann of Links")
    live.discord.post(live.links, live.ann, "https://example.org/tea")
    await live.quiet()
    person = PersonId("discord", live.guild.id, live.ann.id)
    assert [one.name for one in live.keeper.heard_all if isinstance(one, PersonSeen) and one.id == person] == [
        "Ann of Links"
    ]
    [reading] = await readings(live, live.links)
    assert [one.name for one in reading.people] == ["Ann of Links"]


async def test_a_channel_is_known_by_its_new_name_and_one_we_are_let_into_is_read(live):
    desk = live.discord.add_channel(live.guild, "desk", private=True)
    live.discord.post(desk, live.ann, "https://example.org/before")
    await live.quiet()
    live.discord.rename_channel(live.links, "papers")
    live.discord.let_in(desk)
    await live.quiet()
    await live.quiet(2)
    named = {one.id.id: (one.name, one.private) for one in live.keeper.heard_all if isinstance(one, ChannelSeen)}
    assert named == {live.links.id: ("papers", False), desk.id: ("desk", True)}
    assert await live.keeper.urls() == ["https://example.org/before"]


async def test_a_private_thread_is_a_private_channel_of_its_own(live):
    thread = live.discord.start_thread(live.links, live.ann, "among us", private=True)
    live.discord.let_in(thread)
    live.discord.post(thread, live.ann, "https://example.org/secret")
    await live.quiet()
    [seen] = (await live.keeper.seen()).values()
    assert (seen.id.channel.id, seen.thread) == (thread.id, None)
    assert [one.private for one in await live.chat.channels() if one.id.id == thread.id] == [True]


# --- what is read back ---------------------------------------------------------------------------------------------


async def test_after_a_week_offline_what_is_kept_is_what_is_there(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        forum = live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
        live.start()
        await live.quiet(1)
        posts = [live.discord.post(live.links, live.ann, f"https://example.org/{n}") for n in range(6)]
        thread = live.discord.start_thread(live.links, live.ben, "reading", of=posts[0])
        replies = [live.discord.post(thread, live.ben, f"https://example.org/reply-{n}") for n in range(3)]
        over = live.discord.post(live.links, live.ben, "https://example.org/over")
        ended = live.discord.start_thread(live.links, live.ben, "ended", of=over)
        live.discord.post(ended, live.ann, "https://example.org/in-what-ended")
        paper = live.discord.post_to_forum(forum, live.ann, "A paper", "https://example.org/paper")
        kept_paper = live.discord.post_to_forum(forum, live.ben, "Another", "https://example.org/another")
        answer = live.discord.post(kept_paper.channel, live.ann, "https://example.org/answer")
        live.discord.react(posts[0], live.ben, "👍")
        live.discord.react(posts[5], live.ben, "🎉")
        await live.quiet()
        assert await live.keeper.urls() == said(live)
        await live.kill()

        live.discord.edit(posts[1], "now https://example.org/edited")
        live.discord.delete(posts[2])
        live.discord.delete_many(posts[3], posts[4])
        live.discord.delete(replies[1])
        live.discord.react(posts[0], live.ben, "👍", on=False)
        live.discord.react(posts[0], live.ann, "👀", burst=True)
        live.discord.clear(posts[5])
        live.discord.archive_thread(thread)
        live.discord.delete_channel(paper.channel)
        live.discord.delete_channel(ended)
        live.discord.edit(kept_paper, "https://example.org/another-one")
        live.discord.delete(answer)
        live.discord.archive_thread(kept_paper.channel)
        news = live.discord.post_to_forum(forum, live.ben, "New", "https://example.org/new-paper")
        live.discord.post(news.channel, live.ann, "https://example.org/new-answer")
        live.discord.react(news, live.ann, "👍")
        late = live.discord.post(live.links, live.ben, "https://example.org/late")
        live.discord.post(
            live.discord.start_thread(live.links, live.ann, "new", of=late), live.ann, "https://example.org/in"
        )
        for n in range(120):
            live.discord.post(live.links, live.ann, f"chatter {n}")

        live.start()
        await live.quiet(2)
        assert await live.keeper.urls() == said(live)
        paths = "0 5 another-one edited in late new-answer new-paper over reply-0 reply-2".split()
        assert said(live) == [f"https://example.org/{path}" for path in paths]
        assert await live.keeper.reactions(posts[0].id) == {"👀": [live.ann.id]}
        assert await live.keeper.reactions(posts[5].id) == {}
        assert await live.keeper.reactions(news.id) == {"👍": [live.ann.id]}


async def test_a_post_in_a_forum_that_is_gone_is_gone_when_we_come_back(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        forum = live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
        live.start()
        await live.quiet(1)
        paper = live.discord.post_to_forum(forum, live.ann, "A paper", "https://example.org/paper")
        await live.quiet()
        assert await live.keeper.urls() == ["https://example.org/paper"]
        await live.kill()
        live.discord.delete_channel(paper.channel)
        live.start()
        await live.quiet(2)
        assert await live.keeper.urls() == []


async def test_an_empty_history_that_we_may_not_read_deletes_nothing(live):
    live.discord.post(live.links, live.ann, "https://example.org/tea")
    await live.quiet()
    live.discord.forbid(live.links, May.READ_MESSAGE_HISTORY)
    with pytest.raises(PermissionDenied, match="Read Message History"):
        await readings(live, live.links)
    await live.keeper.connected(live.chat)
    assert await live.keeper.urls() == ["https://example.org/tea"]


async def test_who_reacted_is_asked_again_only_where_the_number_is_another(live):
    message = live.discord.post(live.links, live.ann, "https://example.org/tea")
    live.discord.react(message, live.ben, "👍")
    await live.quiet()

    def asked():
        return len([call for call in live.discord.calls if "/reactions/" in call.path])

    await readings(live, live.links)
    before = asked()
    assert before == 1
    await readings(live, live.links)
    assert asked() == before
    live.discord.react(message, live.ann, "👍")
    await live.quiet()
    [reading] = await readings(live, live.links)
    assert asked() == before + 1
    assert len(reading.messages[0].emoji[0].people) == 2


async def test_a_reading_needs_no_gateway(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        live.discord.post(live.links, live.ann, "https://example.org/tea")
        [reading] = await readings(live, live.links)
        assert (len(reading.messages), reading.complete) == (1, True)
        assert live.discord.gateway.connected == 0
        assert {seen.people for seen in await live.chat.channels()} == {4}


# --- Discord and the network fail ----------------------------------------------------------------------------------


async def test_after_a_short_break_the_session_goes_on(live):
    live.discord.gateway.close(None)
    live.discord.post(live.links, live.ann, "https://example.org/meanwhile")
    await live.quiet(2)
    assert await live.keeper.urls() == ["https://example.org/meanwhile"]
    assert (live.sessions, live.discord.gateway.resumed) == (1, 1)


async def test_a_session_that_is_invalidated_is_replaced_and_what_it_lost_read_back(live):
    live.discord.gateway.forget()
    live.discord.post(live.links, live.ann, "https://example.org/lost")
    await live.until(lambda: live.sessions == 2)
    await live.quiet(2)
    assert await live.keeper.urls() == ["https://example.org/lost"]


@pytest.mark.parametrize(
    "odd",
    [
        lambda gateway: gateway.send("MESSAGE_CREATE", {"nothing": "that anybody expects"}),
        lambda gateway: gateway.send("GUILD_CREATE", {"id": None, "channels": 3}),
        lambda gateway: gateway.send("BRAND_NEW_EVENT", [1, 2]),
        lambda gateway: gateway.send("MESSAGE_REACTION_ADD", {"emoji": "odd", "message_id": 3}),
        lambda gateway: gateway.send_frame({"op": 99, "d": None}),
    ],
    ids=["a message", "a server", "an unknown one", "a reaction", "an opcode"],
)
async def test_an_event_that_nobody_expects_ends_nothing(live, odd):
    odd(live.discord.gateway)
    live.discord.post(live.links, live.ann, "https://example.org/tea")
    await live.quiet()
    assert await live.keeper.urls() == ["https://example.org/tea"]


async def test_a_frame_that_discord_py_chokes_on_gives_a_fresh_client(live, caplog):
    live.discord.gateway.send_frame("this is no JSON")
    live.discord.post(live.links, live.ann, "https://example.org/tea")
    await live.until(lambda: live.sessions == 2)
    await live.quiet(2)
    assert await live.keeper.urls() == ["https://example.org/tea"]
    assert "the connection to Discord ended: JSONDecodeError" in caplog.text


async def test_a_dead_gateway_is_noticed_and_left(sqlite_url, openapi):
    patience = Patience(greeting=2, silence=0.3, retry=0.05, retry_at_most=0.2, goodbye=0.1)
    async with scene(sqlite_url, openapi, patience=patience, heartbeat=0.1) as live:
        live.start()
        await live.quiet(1)
        live.discord.gateway.fall_silent()
        live.discord.post(live.links, live.ann, "https://example.org/tea")
        connected = live.discord.gateway.connected
        await live.until(lambda: live.discord.gateway.connected > connected)
        live.discord.gateway.fall_silent(False)
        await live.quiet(2)
        assert await live.keeper.urls() == ["https://example.org/tea"]


async def test_a_gateway_that_never_greets_is_left(sqlite_url, openapi):
    patience = Patience(greeting=0.2, retry=0.05, retry_at_most=0.1, goodbye=0.1)
    async with scene(sqlite_url, openapi, patience=patience) as live:
        live.discord.gateway.fall_silent()
        live.start()
        await live.until(lambda: live.discord.gateway.connected == 3)
        assert live.sessions == 0
        live.discord.gateway.fall_silent(False)
        await live.quiet(1)


async def test_sessions_that_fail_at_once_are_begun_more_and_more_seldom(sqlite_url, openapi):
    patience = Patience(retry=0.05, retry_at_most=5, goodbye=0.1)
    async with scene(sqlite_url, openapi, patience=patience) as live:
        begun: list[float] = []
        live.start()
        for number in range(1, 6):
            await live.until(lambda number=number: live.sessions == number)
            begun.append(asyncio.get_running_loop().time())
            live.discord.gateway.invalidate()
        pauses = [later - before for before, later in pairwise(begun)]
        assert sum(pauses) > 0.5 * (0.05 + 0.1 + 0.2 + 0.4)


async def test_a_socket_that_breaks_again_and_again_is_not_resumed_for_ever(sqlite_url, openapi):
    patience = Patience(breaks=3, retry=0.05, retry_at_most=0.1, goodbye=0.1)
    async with scene(sqlite_url, openapi, patience=patience) as live:
        live.start()
        await live.quiet(1)
        while live.sessions == 1:
            live.discord.gateway.close(4000)
            with suppress(TimeoutError):
                await live.discord.ready(1)
            await asyncio.sleep(0.01)
        assert live.discord.gateway.resumed <= 3


async def test_without_a_start_left_nobody_identifies(sqlite_url, openapi, caplog):
    async with scene(sqlite_url, openapi) as live:
        live.discord.gateway.starts_left = 0
        live.start()
        await live.until(lambda: "asks to wait 1:00:00" in caplog.text)
        assert live.sessions == 0


@pytest.mark.parametrize(
    ("server", "settings", "says"),
    [
        ({}, {"token": "wrong"}, "Reset Token"),
        ({"privileged": ()}, {}, "Message Content Intent"),
        ({}, {"token": None}, "DISCORD_TOKEN"),
    ],
    ids=["a wrong token", "a missing intent", "no token"],
)
async def test_what_no_waiting_mends_ends_the_run_and_says_what_to_do(sqlite_url, openapi, server, settings, says):
    async with scene(sqlite_url, openapi, settings=settings, **server) as live:
        with pytest.raises(UserError, match=says):
            await asyncio.wait_for(live.chat.run(live.keeper), 10)


async def test_where_discord_is_down_it_is_tried_until_it_is_up(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        await live.discord.down()
        live.start()
        await asyncio.sleep(0.1)
        await live.discord.up()
        live.discord.post(live.links, live.ann, "https://example.org/tea")
        await live.quiet(1)
        assert await live.keeper.urls() == ["https://example.org/tea"]


async def test_what_cannot_be_looked_at_now_is_read_back_later(live):
    message = live.discord.post(live.links, live.ann, "https://example.org/tea")
    live.discord.react(message, live.ben, "👍")
    await live.quiet()
    live.discord.misbehave(Trouble(503, path=rf"/messages/{message.id}$", times=3))
    live.discord.clear(message)
    await live.quiet(2)
    assert await live.keeper.reactions(message.id) == {}


async def test_a_stop_takes_little_time_however_silent_discord_is(live):
    live.discord.gateway.fall_silent()
    began = asyncio.get_running_loop().time()
    await live.kill()
    assert asyncio.get_running_loop().time() - began < 3


async def test_no_token_is_in_the_log(sqlite_url, openapi, caplog):
    with caplog.at_level(logging.DEBUG):
        async with scene(sqlite_url, openapi, token="a-very-secret-token") as live:
            live.start()
            await live.quiet(1)
            live.discord.misbehave(Trouble(429, method="POST", path="/callback", retry_after=0.05))
            asked = live.discord.slash(live.links, live.ann, "digest preview")
            await asked.answered()
            live.discord.gateway.send_frame("this is no JSON")
            await live.until(lambda: live.sessions == 2)
            await live.quiet(2)
            token = next(iter(live.discord.interactions))
    assert "a-very-secret-token" not in caplog.text
    assert "We are being rate limited" in caplog.text
    assert token not in caplog.text


async def test_a_reading_begins_where_it_should(live):
    live.discord.post(live.links, live.ann, "https://example.org/old")
    await asyncio.sleep(0.005)  # ids tell milliseconds apart
    since = now()
    await asyncio.sleep(0.005)
    live.discord.post(live.links, live.ann, "https://example.org/new")
    id = ChannelId("discord", live.guild.id, live.links.id)
    [reading] = [one async for one in live.chat.read(id, since)]
    assert [one.text for one in reading.messages] == ["https://example.org/new"]
    assert reading.began_at - since < timedelta(seconds=5)


@pytest.mark.parametrize("read_back", [False, True], ids=["heard", "read back"])
async def test_since_when_somebody_is_there_is_known_with_their_link(sqlite_url, openapi, read_back):
    async with scene(sqlite_url, openapi) as live:
        live.guild.members[live.ann.id].joined_at = joined = now().replace(microsecond=0) - timedelta(days=3)
        if read_back:
            live.discord.post(live.links, live.ann, "https://example.org/tea")
        live.start()
        await live.quiet(1)
        if not read_back:
            live.discord.post(live.links, live.ann, "https://example.org/tea")
            await live.quiet()
        async with live.keeper.store.reading() as transaction:
            ids = await placements.shares_between(
                transaction, "weekly", list(await directory.channels(transaction)), now() - LONG_AGO, now()
            )
            found = await gather.known(transaction, ids)
        assert found.joined == {PersonId("discord", live.guild.id, live.ann.id): joined}


async def test_how_many_people_there_are_is_known_with_the_channel(live):
    live.discord.post(live.links, live.ann, "https://example.org/tea")
    for n in range(3):
        live.discord.add_person(live.guild, f"Cho {n}")
    await live.quiet()
    await live.chat.close()
    live.chat._directory.forget()
    await live.keeper.connected(live.chat)
    async with live.keeper.store.reading() as transaction:
        assert [seen.people for seen in (await directory.channels(transaction)).values()] == [7]


async def test_without_the_intent_for_members_a_role_is_of_those_who_were_seen_with_it(live):
    role = live.discord.add_role(live.guild, "editing", [live.ann, live.ben])
    await live.quiet()
    assert await live.chat.people(role.id) == frozenset()
    message = live.discord.post(live.links, live.ann, "https://example.org/tea")
    await live.quiet()
    assert {one.id for one in await live.chat.people(role.id)} == {live.ann.id}
    live.discord.react(message, live.ben, "📌")
    await live.quiet()
    assert {one.id for one in await live.chat.people(role.id)} == {live.ann.id, live.ben.id}
