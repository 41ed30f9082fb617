"""Slack, live: whatever Slack or the network does, what people said is kept, once, as it now is."""

import asyncio
import logging
import os
import sys
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.chat import PermissionDenied
from bot.platforms.slack import http_mode
from bot.platforms.slack.calls import Unreachable
from bot.platforms.slack.client import Slack
from bot.platforms.slack.directory import ELSEWHERE
from bot.platforms.slack.socket_mode import Patience
from newsletter.errors import UserError
from newsletter.heard import ChannelSeen, MessageSeen, PersonSeen, ReactionHeard
from newsletter.store import Store
from newsletter.words import read
from tests.conftest import ROOT
from tests.slack.conftest import Keeper, now, scene


def urls(texts):
    return sorted(share.url for text in texts for share in read(text))


# --- nothing is lost -----------------------------------------------------------------------------------------------


class Hanging(Keeper):
    """Stops for ever at one point of taking a message in."""

    point = ""

    async def heard(self, heard):
        if not isinstance(heard, MessageSeen):
            return await super().heard(heard)
        if self.point == "before it is stored":
            await self._hang()
        await super().heard(heard)
        await self._hang()

    async def _hang(self):
        self.reached = True
        await asyncio.Event().wait()

    reached = False


@pytest.mark.parametrize("point", ["before it is stored", "after it is stored"])
@pytest.mark.parametrize("again", [True, False], ids=["delivered again", "never delivered again"])
async def test_a_kill_between_delivery_and_acknowledgement_loses_nothing(sqlite_url, point, again):
    async with scene(sqlite_url, retries=(0.2,) if again else ()) as live:
        hanging = Hanging(live.keeper.store)
        hanging.point = point
        live.start(hanging)
        await live.until(lambda: hanging.connections)
        message = live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
        await live.until(lambda: hanging.reached)
        await live.kill()
        assert not any(one.acked for one in live.slack.delivering.told if one.payload["event"].get("ts") == message.ts)
        live.start()
        await live.quiet(1)
        assert urls((await live.keeper.messages()).values()) == ["https://example.org/tea"]


async def test_a_process_that_is_killed_again_and_again_loses_nothing_and_keeps_nothing_twice(sqlite_url):
    async with scene(sqlite_url, retries=(0.05, 0.1, 0.2)) as live:
        posted = []
        for at in range(3):
            process = await another_process(live, sqlite_url)
            await live.slack.delivering.connected()
            said = [f"https://example.org/{at}-{n}" for n in range(4)]
            posted += [live.slack.workspace.post(live.ann, live.links, url) for url in said]
            told = live.slack.delivering.told[-4:]
            await live.until(lambda told=told, at=at: sum(one.acked for one in told) >= at)
            process.kill()
            await process.wait()
            await live.slack.delivering.disconnected()
        live.start()
        await live.quiet(1)
        kept = await live.keeper.messages()
        assert sorted(kept) == [one.ts for one in posted]


async def another_process(live, database):
    """The adapter in a process of its own, over the same database."""
    told = {"SLACK_BOT_TOKEN": live.slack.bot_token, "SLACK_APP_TOKEN": live.slack.app_token, "PYTHONPATH": str(ROOT)}
    script = ROOT / "tests" / "slack" / "keeping.py"
    return await asyncio.create_subprocess_exec(
        sys.executable, str(script), database, live.slack.api_url, env=os.environ | told, cwd=ROOT
    )


async def test_a_kill_while_a_name_is_looked_up_loses_nothing(live):
    live.slack.trouble.slow("users.info", 1, times=None)
    live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
    await live.slack.seen(lambda: any(call.method == "users.info" for call in live.slack.calls))
    await live.kill()
    assert not live.slack.delivering.told[-1].acked
    live.slack.trouble.clear()
    live.start()
    await live.quiet(2)
    assert len(await live.keeper.messages()) == 1


async def test_an_event_is_acknowledged_only_when_it_is_stored(live):
    stored = asyncio.Event()
    hear = live.keeper._collector.hear

    async def slowly(heard):
        await stored.wait()
        await hear(heard)

    live.keeper._collector.hear = slowly
    live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
    await live.until(lambda: live.keeper.heard_all)
    assert not live.slack.delivering.told[-1].acked
    stored.set()
    await live.slack.quiet()
    assert live.slack.delivering.told[-1].acked
    assert len(await live.keeper.messages()) == 1


async def test_what_is_being_stored_when_we_are_told_to_end_is_stored(sqlite_url):
    async with scene(sqlite_url, patience=Patience(farewell=5)) as live:
        live.start()
        await live.quiet(1)
        hear = live.keeper._collector.hear
        ending = asyncio.Event()

        async def slowly(heard):
            await ending.wait()
            await hear(heard)

        live.keeper._collector.hear = slowly
        live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
        await live.until(lambda: live.keeper.heard_all)
        killed = asyncio.create_task(live.kill())
        await live.slack.delivering.disconnected()
        ending.set()
        await killed
        assert len(await live.keeper.messages()) == 1


async def test_an_event_delivered_again_while_it_is_being_stored_is_stored_once(live):
    stored = asyncio.Event()
    hear = live.keeper._collector.hear

    async def slowly(heard):
        await stored.wait()
        await hear(heard)

    live.keeper._collector.hear = slowly
    live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
    await live.until(lambda: live.keeper.heard_all)
    copies = live.slack.delivering.again(live.slack.delivering.told[-1], 3)
    await live.until(lambda: all(copy.envelopes for copy in copies))
    stored.set()
    await live.slack.quiet()
    assert [copy.acked for copy in copies] == [True] * 3
    assert len([one for one in live.keeper.heard_all if isinstance(one, MessageSeen)]) == 1


async def test_a_message_delivered_eleven_times_with_different_event_ids_is_one(live):
    live.slack.delivering.copies = 11
    message = live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
    live.slack.workspace.react(message, live.ben, "tada")
    await live.quiet()
    [kept] = (await live.keeper.seen()).values()
    assert (kept.id.id, kept.text) == (message.ts, "tea <https://example.org/tea>")
    heard = [one for one in live.keeper.heard_all if isinstance(one, MessageSeen | ReactionHeard)]
    assert len(heard) == 22
    assert len(set(map(repr, (one for one in heard if isinstance(one, ReactionHeard))))) == 1


async def test_events_in_the_wrong_order_come_to_the_same(live):
    live.slack.delivering.hold()
    message = live.slack.workspace.post(live.ann, live.links, "old https://example.org/tea")
    gone = live.slack.workspace.post(live.ann, live.links, "gone https://example.org/gone")
    live.slack.workspace.edit(message, "new https://example.org/tea")
    live.slack.workspace.delete(gone)
    live.slack.delivering.release(reverse=True)
    await live.quiet()
    assert await live.keeper.messages() == {message.ts: "new <https://example.org/tea>"}


async def test_after_two_hours_offline_what_is_kept_equals_the_truth(live, tmp_path):
    place, ann, ben, links = live.slack.workspace, live.ann, live.ben, live.links
    kept = place.post(ann, links, "kept https://example.org/kept")
    edited = place.post(ann, links, "old words https://example.org/edited")
    gone = place.post(ann, links, "https://example.org/gone")
    root = place.post(ann, links, "a thread")
    reply = place.post(ben, links, "https://example.org/reply", thread=root)
    place.react(kept, ben, "tada")
    await live.quiet()
    await live.slack.cut()
    place.post(ben, links, "missed https://example.org/missed")
    place.post(ben, links, "also in the thread https://example.org/late", thread=root)
    place.edit(edited, "new words https://example.org/edited")
    place.delete(gone)
    place.delete(reply)
    place.react(kept, ben, "tada", on=False)
    place.react(kept, ann, "eyes")
    connections = live.keeper.connections
    await live.slack.restore()
    await live.quiet(connections + 1)
    store = await Store.open(f"sqlite:///{tmp_path / 'truth.db'}")
    truth = Keeper(store)
    await truth.connected(live.chat)
    assert await live.keeper.seen() == await truth.seen()
    assert urls((await truth.messages()).values()) == [
        f"https://example.org/{name}" for name in ("edited", "kept", "late", "missed")
    ]
    await store.close()
    assert (await live.keeper.messages())[edited.ts] == "new words <https://example.org/edited>"


async def test_reading_back_goes_through_every_page(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.api.page = 3
        for n in range(10):
            live.slack.workspace.post(live.ann, live.links, f"https://example.org/{n}")
        root = live.slack.workspace.post(live.ann, live.links, "a thread")
        for n in range(10, 17):
            live.slack.workspace.post(live.ben, live.links, f"https://example.org/{n}", thread=root)
        live.start()
        await live.quiet(1)
        assert len(urls((await live.keeper.messages()).values())) == 17


async def test_reading_back_waits_when_slack_asks_for_it(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
        live.slack.trouble.rate_limit("conversations.history", wait=1)
        live.start()
        await live.quiet(1)
        assert len(await live.keeper.messages()) == 1


async def test_fifteen_messages_a_page_are_read_as_well(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.api.slow_mode = True
        for n in range(40):
            live.slack.workspace.post(live.ann, live.links, f"https://example.org/{n}")
        live.start()
        await live.quiet(1)
        assert len(await live.keeper.messages()) == 40


async def test_everybody_behind_a_reaction_is_known_where_history_names_only_some(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.api.named_reactors = 2
        message = live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
        for n in range(6):
            live.slack.workspace.react(message, live.slack.workspace.join(f"Reader {n}"), "tada")
        live.slack.workspace.react(message, live.slack.workspace.bot, "eyes")
        channel = (await live.chat.channels())[0]
        [reading] = [one async for one in live.chat.read(channel.id, now() - timedelta(days=1))]
        [emoji] = reading.messages[0].emoji
        assert (emoji.emoji, emoji.count, len(emoji.people)) == ("🎉", 6, 6)


async def test_who_put_an_emoji_that_decides_something_is_asked_for_in_any_case(sqlite_url):
    async with scene(sqlite_url) as live:
        for emoji in ("pushpin", "tada"):
            message = live.slack.workspace.post(live.ann, live.links, f"https://example.org/{emoji}")
            live.slack.workspace.react(message, live.ben, emoji)
        settings = live.chat._settings
        for decisive, asked in ((frozenset(), 0), (frozenset({"📌"}), 1)):
            chat = Slack(settings, clock=now, decisive=decisive)
            [channel] = await chat.channels()
            _ = [one async for one in chat.read(channel.id, now() - timedelta(days=1))]
            assert len(live.slack.calls_of("reactions.get")) == asked


async def test_where_fifteen_messages_a_minute_come_what_is_said_meanwhile_is_heard_at_once(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.api.slow_mode = True
        live.slack.trouble.minute = 1
        live.slack.trouble.per_minute = {"conversations.history": 1, "conversations.replies": 1}
        for n in range(40):
            live.slack.workspace.post(live.ann, live.links, f"https://example.org/{n}")
        live.start()
        await live.slack.delivering.connected()
        said = live.slack.workspace.post(live.ben, live.links, "https://example.org/meanwhile")
        await live.slack.delivering.quiet()
        assert list(await live.keeper.messages()) == [said.ts], "reading back takes another two minutes"
        await live.quiet(1)
        assert len(await live.keeper.messages()) == 41


async def test_a_history_that_is_cut_off_by_a_free_plan_is_not_complete(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
        live.slack.workspace.kept_for = timedelta(days=90)
        channel = (await live.chat.channels())[0]
        assert [one.complete async for one in live.chat.read(channel.id, now() - timedelta(days=1))] == [False]


async def test_a_new_reply_under_an_old_message_is_read(sqlite_url):
    async with scene(sqlite_url) as live:
        root = live.slack.workspace.post(live.ann, live.links, "an old thread")
        since = now()
        reply = live.slack.workspace.post(live.ben, live.links, "https://example.org/tea", thread=root)
        channel = (await live.chat.channels())[0]
        first, second = [one async for one in live.chat.read(channel.id, since)]
        assert (first.thread, first.messages, first.complete) == (None, (), True)
        assert (second.thread, [one.id.id for one in second.messages]) == (root.ts, [reply.ts])
        assert second.complete


async def test_where_linkletter_was_not_invited_it_may_not_read(live):
    channel = (await live.chat.channels())[0]
    live.slack.workspace.remove(live.links)
    await live.quiet()
    with pytest.raises(PermissionDenied, match="invite it"):
        _ = [one async for one in live.chat.read(channel.id, now())]
    assert await live.chat.channels() == ()


# --- what people write ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "url", "text"),
    [
        ("- one\n- https://example.org/tea\n- three", "https://example.org/tea", "- one\n- <https://example.org/tea>\n- three"),
        ("> https://example.org/tea", "https://example.org/tea", "> <https://example.org/tea>"),
        ("[the tea](https://example.org/tea)", "https://example.org/tea", "[the tea](<https://example.org/tea>)"),
        ("https://example.org/?a=1&b=2&copy=3", "https://example.org/?a=1&b=2&copy=3", "<https://example.org/?a=1&b=2&copy=3>"),
        ("*bold* https://example.org/tea :tada:", "https://example.org/tea", "**bold** <https://example.org/tea> 🎉"),
    ],
    ids=["a bulleted list", "a quote", "a label", "an ampersand", "bold and emoji"],
)  # fmt: skip
async def test_a_link_is_found_wherever_it_stands(live, typed, url, text):
    live.slack.workspace.post(live.ann, live.links, typed)
    await live.quiet()
    kept = list((await live.keeper.messages()).values())
    assert (kept, urls(kept)) == ([text], [url])


@pytest.mark.parametrize("typed", ["`https://example.org/tea`", "```\nhttps://example.org/tea\n```"])
async def test_an_address_in_code_is_no_link(live, typed):
    live.slack.workspace.post(live.ann, live.links, typed)
    await live.quiet()
    assert await live.keeper.messages() == {}


async def test_a_storm_of_previews_is_no_edit_and_their_titles_are_kept(live):
    message = live.slack.workspace.post(live.ann, live.links, "look https://example.org/tea")
    for n in range(20):
        live.slack.workspace.unfurl(message, "https://example.org/tea", title="All about tea", text=f"version {n:02}")
    await live.quiet()
    [kept] = (await live.keeper.seen()).values()
    assert (kept.text, kept.edited_at) == ("look <https://example.org/tea>", None)
    assert [preview.title for preview in kept.previews] == ["All about tea"]


async def test_what_nobody_wrote_is_not_heard(live):
    place = live.slack.workspace
    robot = place.join("Robot", bot=True)
    place.invite(live.links, robot)
    place.post(robot, live.links, "https://example.org/ad")
    place.set_topic(live.links, live.ann, "https://example.org/topic")
    place.post(place.bot, live.links, "https://example.org/us")
    await live.quiet()
    assert [one for one in live.keeper.heard_all if isinstance(one, MessageSeen)] == []


async def test_a_reply_that_the_channel_sees_too_and_a_file_with_words_are_heard(live):
    place = live.slack.workspace
    root = place.post(live.ann, live.links, "a thread")
    place.post(live.ben, live.links, "https://example.org/broadcast", thread=root, broadcast=True)
    place.share_file(live.ann, live.links, "notes.pdf", "with https://example.org/file")
    await live.quiet()
    assert urls((await live.keeper.messages()).values()) == [
        "https://example.org/broadcast",
        "https://example.org/file",
    ]


async def test_reactions_lose_their_skin_tone_and_their_alias(live):
    message = live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
    for emoji in ("+1::skin-tone-3", "thumbsup", "party-parrot"):
        live.slack.workspace.react(message, live.ben, emoji)
    await live.quiet()
    heard = [one.emoji for one in live.keeper.heard_all if isinstance(one, ReactionHeard)]
    assert sorted(heard) == [":party-parrot:", "👍", "👍"]


async def test_guests_of_a_shared_channel_are_marked_in_their_names(live):
    guest = live.slack.workspace.join("Cho", home="T0OTHER")
    live.slack.workspace.invite(live.links, guest)
    live.slack.workspace.post(guest, live.links, "https://example.org/tea")
    await live.quiet()
    names = {one.name for one in live.keeper.heard_all if isinstance(one, PersonSeen)}
    assert names == {"Cho" + ELSEWHERE}


async def test_a_renamed_channel_is_known_by_its_new_name(live):
    live.slack.workspace.rename(live.links, "reading")
    await live.quiet()
    assert [one.name for one in live.keeper.heard_all if isinstance(one, ChannelSeen)] == ["reading"]
    assert [one.name for one in await live.chat.channels()] == ["reading"]


async def test_an_archived_channel_is_left(live):
    live.slack.workspace.archive(live.links)
    await live.quiet()
    assert await live.chat.channels() == ()


async def test_an_invitation_reads_what_is_already_there(live):
    other = live.slack.workspace.open_channel("other", [live.ann], bot=False)
    live.slack.workspace.post(live.ann, other, "https://example.org/before")
    live.slack.workspace.invite(other)
    await live.quiet(2)
    assert urls((await live.keeper.messages()).values()) == ["https://example.org/before"]


async def test_a_conversation_with_us_alone_is_not_read(live):
    place = live.slack.workspace
    place.post(live.ann, place.direct(live.ann), "https://example.org/secret")
    await live.quiet()
    assert live.keeper.heard_all == []


async def test_events_nobody_knows_are_acknowledged(live):
    live.slack.delivering.tell("events_api", {"type": "event_callback", "event": {"type": "of_tomorrow"}})
    live.slack.delivering.tell("events_api", {"type": "event_callback", "event": {"type": "message"}})
    live.slack.delivering.tell("events_api", {"type": "event_callback", "event": {"type": "reaction_added", "item": 7}})
    live.slack.delivering.tell("interactive", {"type": "of_tomorrow"})
    await live.quiet()
    assert [one.acked for one in live.slack.delivering.told[-4:]] == [True] * 4


async def test_a_name_that_slack_does_not_tell_holds_nothing_up(live):
    live.slack.trouble.error("users.info", "user_not_found")
    live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
    await live.quiet()
    assert len(await live.keeper.messages()) == 1


# --- the line ------------------------------------------------------------------------------------------------------


async def told_again(live, before):
    """Whether the line works: what is said now is heard."""
    await live.quiet(before + 1)
    message = live.slack.workspace.post(live.ann, live.links, "again https://example.org/again")
    await live.quiet()
    return message.ts in await live.keeper.messages()


async def reset(slack):
    await slack.delivering.reset()


async def close(slack):
    await slack.delivering.close()


async def refresh(slack):
    await slack.delivering.disconnect("refresh_requested")


async def warn(slack):
    await slack.delivering.disconnect("warning")


async def refuse_handshakes(slack):
    # Each ticket is good for one handshake: who keeps the address of a refused one never comes back.
    slack.delivering.refuse_handshakes = 3
    await slack.delivering.reset()


async def hang_handshakes(slack):
    slack.delivering.hang_handshakes = 1
    await slack.delivering.reset()


async def fail_to_open(slack):
    slack.trouble.fail("apps.connections.open", times=3)
    await slack.delivering.reset()


async def limit_opening(slack):
    slack.trouble.rate_limit("apps.connections.open", wait=1)
    await slack.delivering.reset()


@pytest.mark.parametrize(
    "trouble",
    [reset, close, refresh, warn, refuse_handshakes, hang_handshakes, fail_to_open, limit_opening],
    ids=lambda trouble: trouble.__name__,
)
async def test_a_broken_line_is_replaced_and_what_was_missed_is_read_back(live, trouble):
    before = live.keeper.connections
    live.slack.delivering.hold()
    await trouble(live.slack)
    live.slack.delivering.release()
    missed = live.slack.workspace.post(live.ann, live.links, "missed https://example.org/missed")
    assert await told_again(live, before)
    assert missed.ts in await live.keeper.messages()


async def test_a_line_that_is_open_and_dead_is_noticed(sqlite_url):
    async with scene(sqlite_url, patience=Patience(handshake=0.5, ping=0.2, retry=0.05)) as live:
        live.start()
        await live.quiet(1)
        live.slack.delivering.silent = True
        missed = live.slack.workspace.post(live.ann, live.links, "missed https://example.org/missed")
        await live.slack.delivering.disconnected()
        live.slack.delivering.silent = False
        await live.quiet(2)
        assert missed.ts in await live.keeper.messages()


async def test_a_line_on_which_nothing_comes_for_long_is_replaced(sqlite_url):
    async with scene(sqlite_url, patience=Patience(handshake=0.5, silence=0.3, retry=0.05)) as live:
        live.start()
        await live.until(lambda: live.keeper.connections >= 3)


async def test_a_slack_that_fails_while_reading_back_is_asked_again(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
        live.slack.trouble.fail("conversations.history", times=4)
        live.start()
        await live.quiet(1)
        assert len(await live.keeper.messages()) == 1


async def test_a_slack_that_cannot_be_reached_at_the_start_is_waited_for(sqlite_url):
    async with scene(sqlite_url) as live:
        await live.slack.cut()
        live.start()
        await asyncio.sleep(0)
        await live.slack.restore()
        await live.quiet(1)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("auth.test", "invalid_auth"),
        ("auth.test", "token_revoked"),
        ("auth.test", "account_inactive"),
        ("apps.connections.open", "not_allowed_token_type"),
        ("apps.connections.open", "invalid_auth"),
    ],
)
async def test_what_no_waiting_mends_ends_the_run_and_says_what_to_do(sqlite_url, method, error):
    async with scene(sqlite_url) as live:
        live.slack.trouble.error(method, error)
        live.start()
        with pytest.raises(UserError, match=error) as raised:
            await asyncio.wait_for(live.running, 5)
        assert "xoxb" not in str(raised.value)
        assert "xapp-1" not in str(raised.value)


async def test_no_token_ticket_or_address_for_answers_is_ever_logged(live, caplog):
    with caplog.at_level(logging.DEBUG):
        asked = await live.slack.ask(live.ann, live.links, "/digest", "preview")
        await live.slack.answered(asked)
        live.slack.trouble.fail("response_url", times=1)
        await live.slack.ask(live.ann, live.links, "/digest", "preview")
        live.slack.delivering.refuse_handshakes = 1
        await reset(live.slack)
        await live.quiet(live.keeper.connections + 1)
        await live.answered()
    said = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    for secret in (live.slack.bot_token, live.slack.app_token, "ticket=", "/commands/"):
        assert secret not in said


# --- signed HTTP ---------------------------------------------------------------------------------------------------


async def test_over_http_the_same_is_heard_asked_and_answered(sqlite_url):
    async with scene(sqlite_url, http=True) as live:
        await over_http(live)
        message = live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
        await live.slack.quiet()
        assert list(await live.keeper.messages()) == [message.ts]
        asked = await live.slack.ask(live.ann, live.links, "/digest", "preview 1 & 2")
        await live.answered()
        assert asked.ack == {}
        assert live.slack.workspace.shown_to(live.ann)[-1].text == "You said preview 1 & 2"


async def test_over_http_what_could_not_be_stored_is_said_again_until_it_is(sqlite_url):
    async with scene(sqlite_url, http=True, retries=(0.05, 0.1, 5)) as live:
        await over_http(live)
        live.keeper.heard = lambda heard, hear=live.keeper.heard: failing(live, hear, heard)
        message = live.slack.workspace.post(live.ann, live.links, "tea https://example.org/tea")
        await live.until(lambda: live.slack.delivering.told[-1].acked)
        assert live.slack.delivering.told[-1].attempts > 0
        assert list(await live.keeper.messages()) == [message.ts]


async def failing(live, hear, heard):
    """Slack cannot be reached while something is heard, the first time."""
    if not getattr(live, "failed", False):
        live.failed = True
        raise Unreachable("once")
    await hear(heard)


async def test_over_http_a_wrong_signature_gets_nothing(sqlite_url):
    async with scene(sqlite_url, http=True, retries=()) as live:
        await over_http(live)
        live.slack.delivering.signing_secret = "guessed"
        live.slack.workspace.post(live.ann, live.links, "https://example.org/forged")
        forged = live.slack.delivering.told[-1]
        await live.until(lambda: forged in live.slack.delivering.lost)
        assert forged.status == 401
        assert live.keeper.heard_all == []


async def over_http(live):
    """The adapter listens, and Slack knows where and has checked that it may tell us."""
    ports = []
    listening = http_mode.serving

    @asynccontextmanager
    async def noted(*where):
        async with listening(*where) as port:
            ports.append(port)
            yield port

    http_mode.serving = noted
    try:
        live.start()
        await live.until(lambda: ports and live.keeper.connections)
    finally:
        http_mode.serving = listening
    assert await live.slack.use_http(f"http://127.0.0.1:{ports[0]}{http_mode.PATH}")
