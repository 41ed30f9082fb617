"""Servers written elsewhere: whatever they leave out, add or do in another order, as far as Slack's documents allow it,
Linkletter does the same there; and what it cannot know there it says."""

import pytest

from bot import cards
from bot.chat import Action, Answer, Card, Cards
from bot.platforms.slack.check import problems
from bot.platforms.slack.client import Slack
from newsletter.errors import NotAllSeen, Unsure, UserError
from newsletter.heard import MessageSeen
from newsletter.settings import NewsletterSettings
from tests.servers.slack import Dialect
from tests.slack.conftest import IMPATIENT, LONG_AGO, now, scene
from tests.test_cards import edition, entry

COURTESIES = ("users.conversations", "users.info", "users.list", "usergroups.users.list", "team.info", "bots.info",
              "reactions.get", "chat.getPermalink")  # fmt: skip
DIALECTS = {
    "says as little as it may": Dialect(brief=True, scopes=False, lacks=COURTESIES),
    "says more than anybody knows": Dialect(talkative=True, nulls=True),
    "does it the other way round": Dialect(rising=True, root=False, nulls=True),
    "says little and much": Dialect(brief=True, talkative=True, rising=True, root=False, scopes=False),
    "keeps no metadata": Dialect(brief=True, keeps="blocks"),
    "keeps words alone": Dialect(keeps="text", lacks=COURTESIES),
}


@pytest.fixture(params=DIALECTS)
async def elsewhere(request, sqlite_url):
    async with scene(sqlite_url, dialect=DIALECTS[request.param]) as live:
        yield live


def urls(messages):
    return sorted(text.rpartition("/")[2].strip(">") for text in messages.values())


async def test_the_whole_week_goes_there_as_anywhere(elsewhere):
    live = elsewhere
    place, links = live.slack.workspace, live.links
    place.post(live.ann, links, "https://example.org/before")
    live.start()
    await live.quiet(1)

    # heard
    tea = place.post(live.ann, links, f"tea for <@{live.ben.id}> https://example.org/tea")
    gone = place.post(live.ben, links, "https://example.org/gone")
    place.edit(tea, "green tea https://example.org/green")
    place.delete(gone)
    place.react(tea, live.ben, "tada")
    place.post(live.ben, links, "https://example.org/reply", thread=tea)
    place.post(live.ann, place.direct(live.ann), "https://example.org/alone")
    await live.quiet()
    assert urls(await live.keeper.messages()) == ["before", "green", "reply"]
    assert sum(type(one).__name__ == "ReactionHeard" for one in live.keeper.heard_all) == 1

    # read back
    await live.slack.cut()
    late = place.post(live.ann, links, "https://example.org/late", thread=tea)
    place.post(live.ben, links, "https://example.org/offline")
    place.edit(tea, "white tea https://example.org/white")
    await live.slack.restore()
    await live.quiet(2)
    assert urls(await live.keeper.messages()) == ["before", "late", "offline", "reply", "white"]
    read = [
        one
        for channel in await live.chat.channels()
        async for reading in live.chat.read(channel.id, now() - LONG_AGO)
        if reading.complete
        for one in reading.messages
    ]
    kept = await live.keeper.seen()
    heard = {one.id.id: one for one in live.keeper.heard_all if isinstance(one, MessageSeen)}
    assert {one.id.id: (one.author, one.thread) for one in read} == {
        ts: (one.author, one.thread) for ts, one in kept.items()
    }
    assert kept[late.ts].thread == tea.ts
    assert {ts: heard[ts].permalink for ts in heard if ts in kept} == {
        ts: one.permalink for ts, one in kept.items() if ts in heard
    }

    # asked
    live.keeper.answer = lambda asked: Answer(
        Cards((Card(f"You said {asked.text}", actions=(Action("Why?", "why"),)),))
    )
    asked = await live.slack.ask(live.ann, links, "/digest", "preview")
    await live.answered()
    assert len(asked.answers) == 1
    await live.slack.press(live.ann, place.shown_to(live.ann)[-1], "Why?")
    await live.answered()
    assert [one.text for one in live.keeper.asked_all] == ["preview", "why"]
    assert {(one.channel.id.id, one.channel.private) for one in live.keeper.asked_all} == {(links.id, False)}

    # said and found again
    await _an_edition_is_posted_and_found_after_a_restart(live)
    newsletter = NewsletterSettings(key="weekly", collect=[f"slack:{links.id}"], post_to=["slack:#links"])
    assert await problems(live.chat._settings, [newsletter]) == ()


async def _an_edition_is_posted_and_found_after_a_restart(live):
    place, dialect = live.slack.workspace, live.slack.dialect
    [channel] = await live.chat.channels()
    await live.chat.say(channel.id, Cards((Card("What was said before"),)))
    destination = live.chat.destination(channel.id)
    parts = destination.draw(edition([entry(n) for n in range(60)]))
    receipts = []
    for part in parts:
        receipts.append(await destination.send(part, receipts[-1] if receipts else None))
    assert len(receipts) > 1
    await destination.change(receipts[0], parts[0])
    live.slack.trouble.lose_answer()
    again = destination.draw(edition([entry(1)], number=13))[0]
    with pytest.raises(Unsure):
        await destination.send(again, None)

    restarted = Slack(live.chat._settings, clock=now, patience=IMPATIENT).destination(channel.id)
    lost = place.posts_of(place.bot, live.links)[-1]
    if dialect.keeps == "all":
        assert [await restarted.find(part.mark) for part in parts] == receipts
        assert (await restarted.find(again.mark)).id == lost.ts
        assert await restarted.find("weekly #14 · 1/1") is None
    else:
        with pytest.raises(NotAllSeen, match="metadata"):
            await restarted.find(again.mark)
    await restarted.remove(receipts[-1])
    assert receipts[-1].id not in {one.ts for one in place.posts_of(place.bot, live.links)}


async def test_a_history_of_many_pages_is_whole_whichever_end_it_begins_at(sqlite_url):
    async with scene(sqlite_url, dialect=Dialect(rising=True, nulls=True)) as live:
        live.slack.api.paging.longest = 2
        posted = [live.slack.workspace.post(live.ann, live.links, f"https://example.org/{n}").ts for n in range(5)]
        [channel] = await live.chat.channels()
        [reading] = [one async for one in live.chat.read(channel.id, now() - LONG_AGO)]
        assert (sorted(one.id.id for one in reading.messages), reading.complete) == (posted, True)


async def test_a_history_that_ends_without_a_cursor_is_not_taken_for_whole(sqlite_url):
    async with scene(sqlite_url, dialect=Dialect(by_time=True)) as live:
        live.slack.api.paging.longest = 2
        for n in range(5):
            live.slack.workspace.post(live.ann, live.links, f"https://example.org/{n}")
        [channel] = await live.chat.channels()
        [reading] = [one async for one in live.chat.read(channel.id, now() - LONG_AGO)]
        assert (len(reading.messages), reading.complete) == (2, False)
        with pytest.raises(NotAllSeen, match="cursor"):
            await live.chat.destination(channel.id).find("weekly #1 · 1/1")


async def test_a_post_that_is_answered_without_its_ts_may_have_arrived_and_is_found(sqlite_url):
    async with scene(sqlite_url, dialect=Dialect(nameless=True)) as live:
        [channel] = await live.chat.channels()
        destination = live.chat.destination(channel.id)
        [part] = destination.draw(edition([entry(1)]))
        with pytest.raises(Unsure):
            await destination.send(part, None)
        [post] = live.slack.workspace.posts_of(live.slack.workspace.bot, live.links)
        assert (await destination.find(part.mark)).id == post.ts


async def test_a_server_without_socket_mode_is_named_with_the_way_out(sqlite_url):
    async with scene(sqlite_url, dialect=Dialect(lacks=("apps.connections.open",))) as live:
        with pytest.raises(UserError, match=r"no Socket Mode.*signing_secret"):
            await live.chat.run(live.keeper)


@pytest.mark.parametrize("reason", ["refresh_requested", "warning", "too_many_websockets", ""])
async def test_asked_to_connect_anew_for_whatever_reason_it_does(sqlite_url, reason):
    async with scene(sqlite_url, dialect=Dialect(brief=True)) as live:
        live.start()
        await live.quiet(1)
        await live.slack.delivering.disconnect(reason)
        live.slack.workspace.post(live.ann, live.links, "https://example.org/meanwhile")
        await live.quiet(2)
        assert urls(await live.keeper.messages()) == ["meanwhile"]


async def test_where_ephemeral_messages_are_unknown_an_answer_comes_in_a_conversation(sqlite_url):
    async with scene(sqlite_url, dialect=Dialect(lacks=("chat.postEphemeral", "views.open"))) as live:
        live.start()
        await live.quiet(1)
        live.slack.trouble.error("response_url", "used_url", times=1)
        live.keeper.answer = lambda asked: Answer(cards.text("at last"))
        await live.slack.ask(live.ann, live.links, "/digest", "preview")
        await live.answered()
        place = live.slack.workspace
        assert [one.fields["text"] for one in place.posts_of(place.bot, place.direct(live.ann))] == ["at last"]
