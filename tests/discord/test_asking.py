"""What people ask of Linkletter in Discord: commands, menus, buttons and forms, and what they then see."""

import asyncio
import json

import pytest

from bot import cards
from bot.chat import Action, Answer, Card, Cards, Field, Form
from newsletter.errors import RateLimited, Refused, UserError
from newsletter.heard import ChannelId, MessageId, PersonId
from tests.discord.conftest import Command, scene
from tests.servers.discord import Flag, NotOffered, Trouble

FORM = Form(
    "Edit a link",
    "edit save https://example.org/tea",
    (
        Field("title", "Title", value="Tea", required=True, at_most=80),
        Field("words", "Words", kind="text", hint="As Markdown"),
        Field("section", "Section", kind="choice", options=(("drinks", "Drinks"), ("food", "Food")), value="food"),
    ),
)


def saying(text, **more):
    return lambda asked: Answer(cards.text(text), **more)


async def test_a_command_is_answered_to_the_asker_alone_in_their_language(live):
    asked = live.discord.slash(live.links, live.ann, "digest preview")
    await asked.answered()
    assert asked.texts == ["You said preview"]
    assert asked.messages[0].seen_by is live.ann
    [heard] = live.keeper.asked_all
    assert (heard.text, heard.locale, heard.channel.name, heard.person.id) == ("preview", "ko", "links", live.ann.id)
    assert live.discord.ours(live.links) == []


async def test_values_come_in_the_order_of_the_parameters(live):
    values = {"place": "the  very end", "link": "https://example.org/tea"}
    await live.discord.slash(live.links, live.ann, "digest move", values).answered()
    assert live.keeper.asked_all[0].text == "move https://example.org/tea the very end"


async def test_a_question_in_a_thread_is_one_in_its_channel(live):
    thread = live.discord.start_thread(live.links, live.ann, "reading")
    await live.discord.slash(thread, live.ann, "digest preview").answered()
    assert live.keeper.asked_all[0].channel.id.id == live.links.id


async def test_the_answer_may_be_slow_and_long(sqlite_url, openapi):
    async with scene(sqlite_url, openapi) as live:
        live.discord.patience = 0.2
        slow = asyncio.Event()

        class Slow(type(live.keeper)):
            async def asked(self, invocation):
                await slow.wait()
                words = "\n\n".join(f"Paragraph {n}. " + "words " * 80 for n in range(40))
                return Answer(Cards((Card(text=words),)))

        live.keeper = Slow(live.keeper.store)
        live.start()
        await live.quiet(1)
        asked = live.discord.slash(live.links, live.ann, "digest preview")
        await asked.until(lambda: asked.answered_with)
        await asyncio.sleep(0.3)
        slow.set()
        await asked.until(lambda: "Paragraph 39" in asked.texts[-1] if asked.texts else False)
        assert len(asked.messages) > 3
        assert all(message.seen_by is live.ann for message in asked.messages)


async def test_an_answer_for_all_is_seen_by_all(live):
    live.keeper.answer = saying("It is out", private=False)
    asked = live.discord.slash(live.links, live.ann, "digest preview")
    await asked.answered()
    [message] = live.discord.ours(live.links)
    assert (message.text, message.seen_by) == ("It is out", None)


async def test_a_message_is_asked_about_in_its_menu(live):
    message = live.discord.post(live.links, live.ben, "tea https://example.org/tea")
    await live.discord.menu(message, live.ann, "Edit this link").answered()
    [heard] = live.keeper.asked_all
    assert (heard.text, heard.message.id.id, heard.message.text) == ("edit", message.id, "tea https://example.org/tea")
    assert heard.message.author.id == live.ben.id


async def test_a_button_asks_and_what_it_stands_in_is_replaced(live):
    actions = (Action("Leave it out", "out 3"), Action("Leave it out", "out 3", "danger"))
    live.keeper.answer = lambda asked: Answer(Cards((Card(text="One link", actions=actions),)))
    first = await live.discord.slash(live.links, live.ann, "digest preview").answered()
    live.keeper.answer = saying("It is out", replaces=True)
    pressed = live.discord.press(first.messages[0], live.ann, "1:out 3")
    await pressed.answered()
    await pressed.until(lambda: first.texts == ["It is out"])
    assert first.messages[0].components == []
    assert live.keeper.asked_all[-1].text == "out 3"


async def test_a_button_in_a_post_answers_whoever_presses_it_alone(live):
    place = ChannelId("discord", live.guild.id, live.links.id)
    await live.chat.say(place, Cards((Card(text="Hello", actions=(Action("Why?", "why"),)),)))
    [post] = live.discord.ours(live.links)
    live.keeper.answer = saying("Because")
    pressed = live.discord.press(post, live.ben, "Why?")
    await pressed.until(lambda: "Because" in pressed.texts)
    assert [one.text for one in live.discord.ours(live.links)] == ["Hello"]
    assert pressed.followups[0].seen_by is live.ben


async def test_a_form_opens_at_once_and_what_is_written_comes_back(live):
    live.keeper.answer = lambda asked: Answer(cards.text("no form"), form=FORM)
    asked = live.discord.slash(live.links, live.ann, "digest edit")
    await asked.answered()
    assert asked.form["title"] == "Edit a link"
    live.keeper.answer = saying("Saved")
    sent = live.discord.submit(asked, {"Title": "Green tea", "section": "drinks"})
    await sent.answered()
    heard = live.keeper.asked_all[-1]
    assert heard.text == FORM.text
    assert heard.values == {"title": "Green tea", "words": "", "section": "drinks"}
    assert sent.texts == ["Saved"]


async def test_a_form_that_a_button_opened_replaces_what_the_button_stands_in(live):
    live.keeper.answer = lambda asked: Answer(Cards((Card(text="A link", actions=(Action("Edit", "edit 3"),)),)))
    shown = await live.discord.slash(live.links, live.ann, "digest preview").answered()
    live.keeper.answer = lambda asked: Answer(cards.text("no form"), form=FORM)
    opened = await live.discord.press(shown.messages[0], live.ann, "Edit").answered()
    live.keeper.answer = saying("Changed", replaces=True)
    sent = live.discord.submit(opened, {})
    await sent.until(lambda: shown.texts == ["Changed"])


async def test_where_a_form_comes_too_late_or_cannot_be_opened_the_cards_are_shown(live):
    long = Form("Edit", "edit " + "x" * 100, FORM.fields)
    live.keeper.answer = lambda asked: Answer(cards.text("Write it so"), form=long)
    asked = live.discord.slash(live.links, live.ann, "digest edit")
    await asked.answered()
    assert asked.texts == ["Write it so"]


async def test_a_question_that_comes_too_late_is_not_carried_out(live):
    live.discord.patience = -1
    live.discord.slash(live.links, live.ann, "digest preview")
    await live.discord.dispatched()
    await live.until(lambda: live.discord.called("POST", "/interactions/{interaction_id}/{interaction_token}/callback"))
    await asyncio.sleep(0.05)
    assert live.keeper.asked_all == []


async def test_a_question_that_is_delivered_again_is_answered_once(live):
    asked = live.discord.slash(live.links, live.ann, "digest preview")
    await asked.answered()
    live.discord.ask_again(asked)
    await live.discord.dispatched()
    await asyncio.sleep(0.05)
    assert (asked.texts, len(live.keeper.asked_all)) == (["You said preview"], 1)


async def test_an_answer_after_a_quarter_of_an_hour_comes_in_a_conversation(live):
    waiting = asyncio.Event()

    class Slow(type(live.keeper)):
        async def asked(self, invocation):
            await waiting.wait()
            return Answer(cards.text("At last"))

    await live.kill()
    live.keeper = Slow(live.keeper.store)
    live.start()
    await live.quiet(1)
    asked = live.discord.slash(live.links, live.ann, "digest preview")
    await asked.until(lambda: asked.answered_with)
    asked.valid_until = asked.valid_until.replace(year=2000)
    waiting.set()
    talk = live.discord.conversation(live.ann)
    await live.until(lambda: talk.messages)
    assert [one.text for one in talk.messages.values()] == ["At last"]


# --- what is offered -------------------------------------------------------------------------------------------------


async def test_commands_are_registered_only_where_they_changed(live):
    await live.until(lambda: live.discord.syncs)
    assert live.discord.syncs == [live.guild.id]
    assert [one["name"] for one in live.discord.offered(live.links, live.ann, 3)] == ["Edit this link"]
    await live.kill()
    live.start()
    await live.quiet(2)
    assert len(live.discord.syncs) == 1
    await live.kill()
    live.keeper.commands = (Command("another"),)
    live.start()
    await live.until(lambda: len(live.discord.syncs) == 2)
    with pytest.raises(NotOffered):
        live.discord.slash(live.links, live.ann, "digest preview")


async def test_without_a_server_in_the_settings_they_are_there_for_all(sqlite_url, openapi):
    async with scene(sqlite_url, openapi, settings={"workspace": ""}) as live:
        live.start()
        await live.until(lambda: live.discord.syncs == [None])
        [slash] = [one for one in live.discord.commands[None].values() if one["type"] == 1]
        assert slash["contexts"] == [0]
        await live.kill()
        live.chat._settings = live.chat._settings.model_copy(update={"workspace": live.guild.id})
        live.start()
        await live.until(lambda: not live.discord.commands[None])
        assert live.discord.commands[live.guild.id]


async def test_a_name_that_discord_does_not_take_is_said(live):
    await live.kill()
    live.chat.called = "/my digest!"
    with pytest.raises(UserError, match="my digest"):
        await asyncio.wait_for(live.chat.run(live.keeper), 5)


# --- what we say -------------------------------------------------------------------------------------------------


async def test_something_is_said_to_one_person(live):
    ann = PersonId("discord", live.guild.id, live.ann.id)
    said = await live.chat.say(ann, cards.text("Hello Ann"))
    talk = live.discord.conversation(live.ann)
    assert [(one.id, one.text) for one in talk.messages.values()] == [(said.id, "Hello Ann")]
    live.ann.takes_messages = False
    with pytest.raises(Refused, match="takes no messages"):
        await live.chat.say(ann, cards.text("Hello Ann"))


async def test_what_is_long_goes_on_in_a_thread(live):
    place = ChannelId("discord", live.guild.id, live.links.id)
    words = "\n\n".join(f"Paragraph {n}. " + "words " * 80 for n in range(30))
    first = await live.chat.say(place, Cards((Card(title="A story"), Card(text=words))))
    posts = live.discord.ours(live.links)
    assert {one.channel.id for one in posts[1:]} == {first.id}
    assert posts[1].channel.name == "A story"


async def test_a_hint_is_one_emoji_and_a_sign_can_be_taken_back(live, caplog):
    message = live.discord.post(live.links, live.ann, "https://example.org/tea")
    await live.quiet()
    id = MessageId(ChannelId("discord", live.guild.id, live.links.id), message.id)
    await live.chat.hint(id, PersonId("discord", live.guild.id, live.ann.id), cards.text("seen before"))
    for on in (True, True, False, False):
        await live.chat.sign(id, "✅", on=on)
    assert list(message.reactions) == ["💡"]
    live.discord.delete(message)
    await live.chat.sign(id, "✅")
    assert "could not be set" in caplog.text


async def test_a_sign_finds_a_message_in_a_thread(live):
    root = live.discord.post(live.links, live.ann, "hello")
    thread = live.discord.start_thread(live.links, live.ann, "reading", of=root)
    reply = live.discord.post(thread, live.ann, "https://example.org/tea")
    await live.quiet()
    await live.chat.sign(MessageId(ChannelId("discord", live.guild.id, live.links.id), reply.id), "✅")
    assert list(reply.reactions) == ["✅"]


async def test_nothing_we_say_calls_anybody(live):
    place = ChannelId("discord", live.guild.id, live.links.id)
    hostile = f"@everyone <@{live.ben.id}> @here"
    await live.chat.say(place, Cards((Card(title=hostile, text=hostile, actions=(Action(hostile, "x"),)),)))
    [post] = live.discord.ours(live.links)
    assert (post.pinged, json.dumps(post.allowed_mentions)) == (frozenset(), '{"parse": []}')
    assert Flag.EPHEMERAL not in post.flags


@pytest.mark.parametrize("via", [True, False], ids=["from Discord", "from Cloudflare"])
async def test_a_rate_limit_is_told_and_not_sat_out(live, via):
    place = ChannelId("discord", live.guild.id, live.links.id)
    live.discord.misbehave(Trouble(429, method="POST", path="/messages$", retry_after=40, via=via))
    with pytest.raises(RateLimited) as raised:
        await live.chat.say(place, cards.text("Hello"))
    assert raised.value.retry_after.total_seconds() == 40
