"""Events and answers as nobody documented them: each is taken in, or let go; none ends the run, and none costs another
one. Where Discord cannot be asked, it is a ``ConnectionError``, as the port has it; nothing counts as deleted for it."""

import asyncio
import json
import random

import pytest

from bot.chat import PermissionDenied
from bot.platforms.discord import calls, payloads, questions
from newsletter.errors import UserError
from newsletter.heard import ChannelId, MessageSeen
from tests.discord.conftest import LONG_AGO, now, scene
from tests.servers.discord import Kind, Trouble
from tests.slack.test_hostile import spoiled

HTML = ("text/html", b"<html><h1>502 Bad Gateway</h1>nginx</html>")
BROKEN = ("application/json", b'{"id": "1", "na')
NO_LIST = ("application/json", b'{"message": "Hello", "code": 0}')
NO_OBJECT = ("application/json", b"[]")
NULL = ("application/json", b"null")


async def asked(live, what):
    """What the port says to it."""
    place = ChannelId("discord", live.guild.id, live.links.id)
    if what == "read":
        return [one async for one in live.chat.read(place, now() - LONG_AGO)]
    return await (live.chat.channels() if what == "channels" else live.chat.people(live.editing.id))


# --- where Discord cannot be asked -----------------------------------------------------------------------------------

GUILD, MEMBERS, MESSAGES = r"^/guilds/\d+$", r"^/guilds/\d+/members", r"^/channels/\d+/messages"
UNREACHABLE = {
    "a server that fails": ({"status": 503}, "channels read people"),
    "a proxy's page": ({"status": 503, "page": HTML}, "channels read people"),
    "a proxy's page instead of an answer": ({"status": 200, "page": HTML}, "channels read people"),
    "half an answer": ({"status": 200, "page": BROKEN}, "channels read people"),
    "another answer": ({"status": 200, "page": NULL}, "channels read people"),
    "no list of messages": ({"status": 200, "page": NO_LIST, "path": MESSAGES}, "read"),
    "no server": ({"status": 200, "page": NO_OBJECT, "path": GUILD}, "channels read"),
    "a cut connection": ({"cut": True}, "channels read people"),
    "a no without a reason": ({"status": 418, "path": "^/users/@me"}, "channels read people"),
}


@pytest.fixture
def _at_once(monkeypatch):
    monkeypatch.setattr(calls, "PAUSE", 0.001)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("trouble", UNREACHABLE)
async def test_where_discord_cannot_be_asked_it_is_a_connection_error(sqlite_url, openapi, trouble):
    how, port = UNREACHABLE[trouble]
    async with scene(sqlite_url, openapi) as live:
        live.editing = live.discord.add_role(live.guild, "editing", [live.ann])
        live.discord.misbehave(Trouble(times=None, **how))
        for what in port.split():
            with pytest.raises(ConnectionError):
                await asked(live, what)
        live.discord.behave()
        assert [one.complete for one in await asked(live, "read")] == [True]


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://discord.invalid"], ids=["refused", "no such name"])
async def test_where_nobody_answers_it_is_a_connection_error(sqlite_url, address):
    async with scene(sqlite_url, settings={"api_url": address}) as live:
        live.editing = live.discord.add_role(live.guild, "editing", [live.ann])
        for what in ("channels", "read", "people"):
            with pytest.raises(ConnectionError):
                await asked(live, what)


async def test_what_discord_says_no_to_is_told_and_costs_no_other_channel(live):
    place = ChannelId("discord", live.guild.id, live.links.id)
    live.discord.misbehave(Trouble(400, path=rf"^/channels/{live.links.id}/messages", times=None))
    with pytest.raises(PermissionDenied, match="Discord says 400"):
        [one async for one in live.chat.read(place, now() - LONG_AGO)]


@pytest.mark.parametrize("code", [0, 40001, 50014])
async def test_a_token_that_is_taken_back_ends_the_run_and_says_what_to_do(live, code):
    page = ("application/json", json.dumps({"message": "401: Unauthorized", "code": code}).encode())
    live.discord.misbehave(Trouble(401, times=None, page=page))
    live.discord.gateway.forget()
    with pytest.raises(UserError, match="Reset Token"):
        await asyncio.wait_for(live.running, 10)


# --- what breaks us --------------------------------------------------------------------------------------------------


def break_on(live, word):
    """Our own mistake: what has the word in it makes us fail."""
    hear = live.keeper.heard
    live.failures = 0

    async def heard(one):
        if isinstance(one, MessageSeen) and word in one.text:
            live.failures += 1
            raise KeyError("a mistake of ours")
        await hear(one)

    live.keeper.heard = heard


async def test_an_event_that_breaks_us_is_let_go_and_costs_no_other(live, caplog):
    break_on(live, "poison")
    for word in ("before", "poison", "after"):
        live.discord.post(live.links, live.ann, f"{word} https://example.org/{word}")
    await live.quiet()
    assert await live.keeper.urls() == ["https://example.org/after", "https://example.org/before"]
    assert (live.failures, live.sessions, live.running.done()) == (1, 1, False)
    assert "a MESSAGE_CREATE could not be taken in, reference" in caplog.text
    assert "example.org/poison" not in caplog.text


async def test_a_question_that_breaks_us_costs_only_its_answer(live, monkeypatch, caplog):
    read, broken = questions.question, [KeyError("a mistake of ours")]

    def stumbling(*told):
        if broken:
            raise broken.pop()
        return read(*told)

    monkeypatch.setattr(questions, "question", stumbling)
    live.discord.slash(live.links, live.ann, "digest preview")
    await live.until(lambda: not broken)
    answer, live.keeper.answer = live.keeper.answer, lambda asked: None
    lost = live.discord.slash(live.links, live.ann, "digest preview")
    await live.until(lambda: "could not be answered" in caplog.text)
    live.keeper.answer = answer
    assert (await live.discord.slash(live.links, live.ann, "digest preview").answered()).texts == ["You said preview"]
    assert lost.texts == []
    assert (live.sessions, live.running.done()) == (1, False)


async def test_a_message_that_cannot_be_understood_when_reading_back_costs_no_other_and_deletes_none(
    live, monkeypatch, caplog
):
    understood = payloads.message_seen

    def stumbling(message, *more, **named):
        if "poison" in message.get("content", ""):
            raise KeyError("a mistake of ours")
        return understood(message, *more, **named)

    for word in ("poison", "well", "gone"):
        last = live.discord.post(live.links, live.ann, f"{word} https://example.org/{word}")
    await live.quiet()
    before = await live.keeper.seen()
    monkeypatch.setattr(payloads, "message_seen", stumbling)
    await live.keeper.connected(live.chat)
    assert await live.keeper.seen() == before
    assert "not understood" in caplog.text
    monkeypatch.undo()
    live.discord.delete(last)
    await live.quiet()
    assert await live.keeper.urls() == ["https://example.org/poison", "https://example.org/well"]


# --- anything --------------------------------------------------------------------------------------------------------


def everything_discord_says(live):
    """An event of each kind, from the lips of the server."""
    place, told = live.discord, []
    tell = place.gateway.tell

    def overheard(event, payload, *more):
        told.append((event, payload))
        tell(event, payload, *more)

    place.gateway.tell = overheard
    tea = place.post(live.links, live.ann, f"**tea** <@{live.ben.id}> https://example.org/tea")
    place.post(live.links, live.ben, "reply https://example.org/reply", reply_to=tea)
    place.forward(tea, live.ben, live.links)
    place.edit(tea, "green tea https://example.org/tea")
    place.unfurl(tea, {"url": "https://example.org/tea", "title": "Tea"})
    place.react(tea, live.ben, "🎉")
    place.react(tea, live.ben, "🎉", on=False)
    place.clear(tea)
    thread = place.start_thread(live.links, live.ben, "reading", of=tea)
    place.archive_thread(thread)
    place.delete_channel(thread)
    place.rename_channel(live.links, "reading")
    place.rename_person(live.guild, live.ann, "Ann of Links")
    place.delete_many(*[place.post(live.links, live.ann, f"https://example.org/many-{n}") for n in "ab"])
    place.slash(live.links, live.ann, "digest preview")
    place.menu(tea, live.ann, "Edit this link")
    place.delete(tea)
    place.gateway.tell = tell
    return [*told, ("GUILD_CREATE", {"id": live.guild.id}), ("THREAD_LIST_SYNC", {"guild_id": live.guild.id})]


@pytest.mark.parametrize("seed", range(2))
async def test_no_event_ends_the_run_or_costs_another_one(sqlite_url, seed):
    chance = random.Random(seed)
    async with scene(sqlite_url) as live:
        live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
        live.start()
        await live.quiet(1)
        events = everything_discord_says(live)
        for number in range(75):
            name, payload = chance.choice(events)
            for _ in range(1 + chance.randrange(3)):
                payload = spoiled(chance, payload) if isinstance(payload, dict) and payload else payload
            live.discord.gateway.send(name, json.loads(json.dumps(payload)))
            if number % 25 == 0:
                live.discord.post(live.links, live.ann, f"https://example.org/{number}")
        await live.quiet()
        assert not live.running.done()
        assert live.sessions == 1
        found = {url for url in await live.keeper.urls() if url.rpartition("/")[2].isdigit()}
        assert found == {f"https://example.org/{number}" for number in range(0, 75, 25)}
        asked = live.discord.slash(live.links, live.ann, "digest preview")
        assert (await asked.answered()).texts == ["You said preview"]
