"""Asking in Slack: commands, mentions, buttons, forms and shortcuts; and the answers, each where only the right ones see it."""

import asyncio
import json

import pytest

from bot import cards
from bot.chat import Action, Answer, Card, Cards, Field, Form
from bot.platforms.slack import draw
from newsletter.errors import RateLimited, Refused, Unsure
from newsletter.heard import MessageId, PersonId
from tests.slack.conftest import scene

LONG = Cards(tuple(Card(title=f"Number {n}", text="word " * 1900) for n in range(7)))


def said(*texts):
    return Answer(Cards(tuple(Card(text=text) for text in texts)))


async def ask(live, text="preview", person=None, channel=None):
    asked = await live.slack.ask(person or live.ann, channel or live.links, "/digest", text)
    await live.answered()
    return asked


def seen_by(live, person):
    return [one.text for one in live.slack.workspace.shown_to(person)]


def ours(live):
    return live.slack.workspace.posts_of(live.slack.workspace.bot, live.links)


async def test_a_command_is_answered_to_the_asker_alone(live):
    await ask(live, "preview now")
    [asked] = live.keeper.asked_all
    assert (asked.text, asked.person.id, asked.channel.name, asked.locale) == (
        "preview now", live.ann.id, "links", "ko-KR",
    )  # fmt: skip
    assert (seen_by(live, live.ann), seen_by(live, live.ben), ours(live)) == (["You said preview now"], [], [])


async def test_a_command_is_acknowledged_in_time_though_the_answer_takes_long(live):
    go = asyncio.Event()

    async def slowly(invocation):
        await go.wait()
        return said("at last")

    live.keeper.asked = slowly
    asked = await live.slack.ask(live.ann, live.links, "/digest", "preview")
    assert asked.ack == {}
    go.set()
    await live.answered()
    assert seen_by(live, live.ann) == ["at last"]


async def test_a_question_delivered_again_has_the_same_id(live):
    asked = await ask(live)
    await live.slack.ask_again(asked)
    await live.answered()
    assert len({one.id for one in live.keeper.asked_all}) == 1
    await ask(live)
    assert len({one.id for one in live.keeper.asked_all}) == 2


async def test_a_long_answer_comes_whole_and_in_order_beyond_the_five_uses_of_its_address(live):
    live.keeper.answer = lambda asked: Answer(LONG)
    asked = await ask(live)
    shown = live.slack.workspace.shown_to(live.ann)
    assert [list(map(without_id, one.message["blocks"])) for one in shown] == [
        json.loads(message)["blocks"] for message in draw.messages(LONG)
    ]
    assert (len(asked.answers), [one.via for one in shown[5:]]) == (5, ["postEphemeral"] * (len(shown) - 5))


def without_id(block):
    return {key: value for key, value in block.items() if key != "block_id"}


async def test_where_linkletter_is_not_in_the_channel_the_rest_comes_in_a_conversation(live):
    other = live.slack.workspace.open_channel("other", [live.ann], bot=False)
    live.keeper.answer = lambda asked: Answer(LONG)
    await ask(live, channel=other)
    in_person = live.slack.workspace.posts_of(live.slack.workspace.bot, live.slack.workspace.direct(live.ann))
    assert len(live.slack.workspace.shown_to(live.ann, other)) + len(in_person) == len(draw.messages(LONG))
    assert live.keeper.asked_all[0].channel.private is False


async def test_when_the_address_for_answers_is_used_up_the_answer_comes_all_the_same(live):
    live.slack.trouble.error("response_url", "used_url", times=1)
    await ask(live)
    assert [one.via for one in live.slack.workspace.shown_to(live.ann)] == ["postEphemeral"]


async def test_in_a_conversation_with_us_alone_the_channel_has_no_name(live):
    await ask(live, channel=live.slack.workspace.direct(live.ann))
    [asked] = live.keeper.asked_all
    assert (asked.channel.name, asked.channel.private) == ("", True)


async def test_a_private_channel_that_nobody_describes_counts_as_private(live):
    secret = live.slack.workspace.open_channel("secret", [live.ann], private=True, bot=False)
    await ask(live, channel=secret)
    [asked] = live.keeper.asked_all
    assert (asked.channel.name, asked.channel.private) == ("privategroup", True), "without a name it is us alone"


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_mention_asks_and_is_answered_where_it_stands(live, in_thread):
    place = live.slack.workspace
    root = place.post(live.ben, live.links, "a thread")
    place.post(live.ann, live.links, f"<@{place.bot.id}> preview  now", thread=root if in_thread else None)
    await live.quiet()
    await live.answered()
    [asked] = live.keeper.asked_all
    assert (asked.text, asked.person.id, asked.channel.name) == ("preview now", live.ann.id, "links")
    [shown] = place.shown_to(live.ann)
    assert (shown.text, shown.message.get("thread_ts")) == ("You said preview now", root.ts if in_thread else None)
    assert ours(live) == []


async def test_an_open_answer_stands_in_the_channel_and_goes_on_in_its_thread(live):
    live.keeper.answer = lambda asked: Answer(LONG, private=False)
    await ask(live)
    first, *others = ours(live)
    assert first.thread is None
    assert {one.thread for one in others} == {first.ts}
    assert seen_by(live, live.ann) == []


async def test_an_open_answer_reaches_a_channel_linkletter_is_not_in(live):
    other = live.slack.workspace.open_channel("other", [live.ann], bot=False)
    live.keeper.answer = lambda asked: Answer(cards.text("for all"), private=False)
    asked = await ask(live, channel=other)
    assert [answer["response_type"] for answer in asked.answers] == ["in_channel"]


async def test_a_button_asks_its_text_and_its_answer_can_take_the_place_of_what_it_stands_in(live):
    live.keeper.answer = lambda asked: Answer(
        Cards((Card(text="Sure?", actions=(Action("Yes", "publish", "danger"),)),))
    )
    await ask(live)
    [shown] = live.slack.workspace.shown_to(live.ann)
    live.keeper.answer = lambda asked: Answer(cards.text("Done."), replaces=True)
    await live.slack.press(live.ann, shown, "Yes")
    await live.answered()
    assert live.keeper.asked_all[-1].text == "publish"
    assert seen_by(live, live.ann) == ["Done."]


async def test_a_button_in_the_channel_is_answered_there_or_to_who_pressed_it_alone(live):
    channel = (await live.chat.channels())[0].id
    draft = Cards((Card(text="The draft", actions=(Action("Drop", "drop 1"), Action("Show", "show 1"))),))
    said_there = await live.chat.say(channel, draft)
    message = live.slack.workspace.message(said_there.id)
    await live.slack.press(live.ben, message, "show 1")
    await live.answered()
    assert (seen_by(live, live.ben), len(ours(live))) == (["You said show 1"], 1)
    live.keeper.answer = lambda asked: Answer(cards.text("Dropped."), replaces=True)
    await live.slack.press(live.ben, message, "drop 1")
    await live.answered()
    [left] = ours(live)
    assert (left.ts, "Dropped" in left.fields["text"]) == (said_there.id, True)


async def test_a_form_opens_and_what_is_written_in_it_is_asked(live):
    form = Form("Edit this link", "edit 7", (
        Field("title", "Title", "Old title", required=True),
        Field("words", "Words", kind="text", hint="CommonMark"),
        Field("section", "Section", "b", kind="choice", options=(("a", "Papers"), ("b", "Code"))),
    ))  # fmt: skip
    live.keeper.answer = lambda asked: Answer(cards.text("no form"), form=form) if not asked.values else said("Saved.")
    await ask(live, "edit 7")
    await live.slack.submit(live.ann, {"title": "New title", "section": "Papers"})
    await live.answered()
    sent = live.keeper.asked_all[-1]
    assert (sent.text, sent.person.id, sent.channel.name) == ("edit 7", live.ann.id, "links")
    assert sent.values == {"title": "New title", "words": "", "section": "a"}
    assert seen_by(live, live.ann) == ["Saved."]


async def test_where_a_form_can_be_opened_no_more_the_cards_are_shown(live):
    form = Form("Edit", "edit 7", (Field("title", "Title"),))
    live.keeper.answer = lambda asked: Answer(cards.text("Too late: write /digest edit 7 title"), form=form)
    live.slack.trouble.error("views.open", "expired_trigger_id")
    await ask(live, "edit 7")
    assert seen_by(live, live.ann) == ["Too late: write /digest edit 7 title"]


async def test_a_shortcut_asks_the_command_about_the_message(live):
    message = live.slack.workspace.post(live.ben, live.links, "tea https://example.org/tea")
    await live.quiet()
    await live.slack.shortcut(live.ann, "edit", message)
    await live.answered()
    [asked] = live.keeper.asked_all
    assert (asked.text, asked.message.id.id, asked.message.text) == (
        "edit",
        message.ts,
        "tea <https://example.org/tea>",
    )
    assert asked.message.author.id == live.ben.id


# --- saying, hinting, signing --------------------------------------------------------------------------------------


async def test_what_is_said_stands_in_the_channel_and_the_rest_in_its_thread(live):
    channel = (await live.chat.channels())[0].id
    first = await live.chat.say(channel, LONG)
    assert [one.thread for one in ours(live)] == [None, *[first.id] * (len(draw.messages(LONG)) - 1)]


async def test_to_one_person_it_is_said_in_a_conversation(live):
    place = live.slack.workspace
    said_there = await live.chat.say(PersonId("slack", place.id, live.ann.id), LONG)
    posts = place.posts_of(place.bot, place.direct(live.ann))
    assert said_there == MessageId(said_there.channel, posts[0].ts)
    assert said_there.channel.id == place.direct(live.ann).id
    assert {one.thread for one in posts[1:]} == {posts[0].ts}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (lambda trouble: trouble.error("chat.postMessage", "is_archived"), Refused),
        (lambda trouble: trouble.rate_limit("chat.postMessage"), RateLimited),
        (lambda trouble: trouble.lose_answer("chat.postMessage"), Unsure),
        (lambda trouble: trouble.lose_answer("chat.postMessage", status=0), Unsure),
    ],
)
async def test_what_cannot_be_said_is_raised(live, trouble, error):
    channel = (await live.chat.channels())[0].id
    trouble(live.slack.trouble)
    with pytest.raises(error):
        await live.chat.say(channel, cards.text("hello"))


async def test_a_hint_is_seen_by_one_person_and_a_failed_one_is_only_logged(live, caplog):
    message = live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
    place = MessageId((await live.chat.channels())[0].id, message.ts)
    ann = PersonId("slack", live.slack.workspace.id, live.ann.id)
    await live.chat.hint(place, ann, cards.text("seen before"))
    assert (seen_by(live, live.ann), seen_by(live, live.ben)) == (["seen before"], [])
    live.slack.trouble.fail("chat.postEphemeral")
    await live.chat.hint(place, ann, cards.text("seen before"))
    assert "hint" in caplog.text


async def test_our_reaction_is_put_once_and_taken_back_once(live, caplog):
    message = live.slack.workspace.post(live.ann, live.links, "https://example.org/tea")
    place = MessageId((await live.chat.channels())[0].id, message.ts)
    for _ in range(2):
        await live.chat.sign(place, "📰")
    assert message.reactions == {"newspaper": [live.slack.workspace.bot.id]}
    for _ in range(2):
        await live.chat.sign(place, "📰", on=False)
    assert (message.reactions, caplog.text) == ({}, "")
    await live.chat.sign(place, ":no-such:")


async def test_a_group_is_its_people_and_a_person_is_one(live):
    group = live.slack.workspace.open_group("editors", [live.ann, live.ben])
    assert {person.id for person in await live.chat.people(group.id)} == {live.ann.id, live.ben.id}
    assert {person.id for person in await live.chat.people(live.ann.id)} == {live.ann.id}
    assert await live.chat.people("S0NOBODY") == frozenset()


async def test_a_permalink_is_slacks(live):
    message = live.slack.workspace.post(live.ann, live.links, "hello")
    channel = (await live.chat.channels())[0].id
    expected = f"https://acme.slack.com/archives/{live.links.id}/p{message.ts.replace('.', '')}"
    assert await live.chat.permalink(MessageId(channel, message.ts)) == expected
    assert await live.chat.permalink(MessageId(channel, "1.000000")) is None


async def test_an_answer_that_cannot_be_shown_does_not_end_the_run(sqlite_url):
    async with scene(sqlite_url) as live:
        live.start()
        await live.quiet(1)
        live.slack.trouble.fail("response_url", times=None)
        live.slack.trouble.fail("chat.postEphemeral", times=None)
        await ask(live)
        live.slack.trouble.clear()
        await ask(live)
        assert len(seen_by(live, live.ann)) == 1
