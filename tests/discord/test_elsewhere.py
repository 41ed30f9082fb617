"""Servers written elsewhere: whatever they leave out, add or do in another order, as far as Discord's documents allow it,
Linkletter does the same there."""

import pytest

from bot import cards
from bot.chat import Action, Answer, Card, Cards
from bot.platforms.discord.check import problems
from bot.platforms.discord.client import Discord
from newsletter.heard import ChannelId, MessageSeen, PersonSeen
from newsletter.settings import NewsletterSettings
from tests.discord.conftest import IMPATIENT, LONG_AGO, now, scene
from tests.discord.test_asking import FORM
from tests.discord.test_channel import sent
from tests.discord.test_draw import edition
from tests.servers.discord import Dialect, Kind

EVERYTHING = {"brief": True, "limits": False, "packed": False, "empty": True, "apart": True}
DIALECTS = {
    "says as little as it may": Dialect(**EVERYTHING, lacks=("/applications/@me", "/gateway/bot")),
    "says more than anybody knows": Dialect(talkative=True, guilds="at once"),
    "says little and much": Dialect(**EVERYTHING, talkative=True, guilds="unannounced", counted=True),
}


@pytest.fixture(params=DIALECTS)
async def elsewhere(request, sqlite_url, openapi):
    dialect = DIALECTS[request.param]
    async with scene(sqlite_url, openapi, dialect=dialect, heartbeat=0.3) as live:
        settings = live.chat._settings.model_copy(update={"gateway_url": live.discord.gateway_url})
        if dialect.talkative:
            settings = settings.model_copy(update={"workspace": ""})  # of every server it is in
        live.chat = Discord(settings, clock=now, patience=IMPATIENT)
        yield live
        await live.kill()
        await live.chat.close()


async def test_what_people_do_there_is_heard_and_read_back_alike(elsewhere):
    live = elsewhere
    forum = live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
    desk = live.discord.add_channel(live.guild, "desk", private=True)
    live.discord.post(live.links, live.ann, "https://example.org/before")
    live.start()
    await live.quiet(1)

    tea = live.discord.post(live.links, live.ann, f"tea for <@{live.ben.id}> https://example.org/tea")
    gone = live.discord.post(live.links, live.ben, "https://example.org/gone")
    live.discord.edit(tea, f"green tea for <@{live.ben.id}> https://example.org/green")
    live.discord.delete(gone)
    live.discord.react(tea, live.ben, "👍")
    live.discord.react(tea, live.ann, "parrot:123")
    live.discord.react(tea, live.ann, "parrot:123", on=False)
    thread = live.discord.start_thread(live.links, live.ben, "reading", of=tea)
    live.discord.post(thread, live.ben, "in a thread https://example.org/thread")
    paper = live.discord.post_to_forum(forum, live.ann, "A paper", "https://example.org/paper")
    live.discord.post(paper.channel, live.ben, "https://example.org/code")
    live.discord.let_in(desk)
    live.discord.post(desk, live.ann, "https://example.org/desk")
    live.discord.forward(tea, live.ben, desk)
    await live.quiet()
    await live.quiet(2)
    paths = ["before", "code", "desk", "green", "green", "paper", "thread"]
    assert await live.keeper.urls() == [f"https://example.org/{path}" for path in paths]
    assert await live.keeper.reactions(tea.id) == {"👍": [live.ben.id]}

    heard = {one.id: one for one in live.keeper.heard_all if isinstance(one, MessageSeen)}
    read = {
        one.id: one
        for channel in await live.chat.channels()
        async for reading in live.chat.read(channel.id, now() - LONG_AGO)
        if reading.complete
        for one in reading.messages
    }
    assert {id: (one.author, one.thread, one.permalink, one.text) for id, one in read.items() if id in heard} == {
        id: (one.author, one.thread, one.permalink, one.text) for id, one in heard.items() if id.id != gone.id
    }
    names = {one.name.lower() for one in live.keeper.heard_all if isinstance(one, PersonSeen)}
    assert names == {"ann", "ben"}


async def test_questions_are_answered_and_editions_posted_there(elsewhere):
    live = elsewhere
    live.keeper.answer = lambda asked: (
        Answer(cards.text("no form"), form=FORM)
        if asked.text.startswith("edit") and not asked.values
        else Answer(Cards((Card(text=f"You said {asked.text}", actions=(Action("Why?", "why"),)),)))
    )
    live.start()
    await live.quiet(1)
    await live.until(lambda: any(live.discord.commands.get(scope) for scope in (None, live.guild.id)))
    asked = await live.discord.slash(live.links, live.ann, "digest preview").answered()
    assert asked.texts == ["You said preview"]
    pressed = live.discord.press(asked.messages[0], live.ann, "Why?")
    await pressed.until(lambda: "You said why" in pressed.texts)
    tea = live.discord.post(live.links, live.ben, "https://example.org/tea")
    opened = await live.discord.menu(tea, live.ann, "Edit this link").answered()
    saved = await live.discord.submit(opened, {"Title": "Green tea"}).answered()
    assert "You said edit save" in saved.texts[0]
    assert {one.channel.name for one in live.keeper.asked_all} == {"links"}

    destination, receipts = await sent(live)
    drawn = destination.draw(edition(60))
    assert len(live.discord.ours(live.links)) == len(receipts) > 1
    for part, receipt in zip(drawn, receipts, strict=True):
        assert await destination.find(part.mark) == receipt
    await destination.change(receipts[1], drawn[1])
    await destination.remove(receipts[1])
    assert len(live.discord.ours(live.links)) == len(receipts) - 1
    place = ChannelId("discord", live.guild.id, live.links.id)
    newsletter = NewsletterSettings(key="weekly", collect=[f"discord:{place.id}"], post_to=["discord:#links"])
    assert await problems(live.chat._settings, [newsletter]) == ()
