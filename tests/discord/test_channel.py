"""A channel in Discord as a destination: the mark, the nonce, threads, and what Discord may say to a post."""

import json
from dataclasses import replace

import pytest

from bot.platforms.discord import draw
from newsletter.errors import CannotLook, RateLimited, Refused, TooLarge, Unsure
from newsletter.heard import ChannelId
from newsletter.model import Receipt
from tests.discord.test_draw import edition
from tests.servers.discord import Kind, May, Trouble


def place(live, channel=None):
    return live.chat.destination(ChannelId("discord", live.guild.id, (channel or live.links).id))


async def sent(live, entries=60):
    destination = place(live)
    receipts: list[Receipt] = []
    for part in destination.draw(edition(entries)):
        receipts.append(await destination.send(part, receipts[-1] if receipts else None))
    return destination, receipts


async def test_an_edition_is_one_message_and_a_thread_named_after_it(live):
    destination, receipts = await sent(live, 200)
    posts = live.discord.ours(live.links)
    assert len(posts) == len(receipts) > 2
    assert [one.channel.kind for one in posts[:2]] == [Kind.TEXT, Kind.PUBLIC_THREAD]
    assert posts[1].channel.name == "The week"
    assert posts[0].embeds[-1]["footer"]["text"] == f"weekly #12 · 1/{len(posts)}"
    for part, receipt in zip(destination.draw(edition(200)), receipts, strict=True):
        assert await destination.find(part.mark) == receipt


async def test_a_quick_second_attempt_does_nothing_twice(live):
    destination = place(live)
    [part] = destination.draw(edition(1))
    live.discord.misbehave(Trouble(method="POST", path="/messages$", accept=True, cut=True))
    with pytest.raises(Unsure):
        await destination.send(part, None)
    receipt = await destination.send(part, None)
    assert [one.id for one in live.discord.ours(live.links)] == [receipt.id]


async def test_a_500_after_it_was_accepted_is_no_second_post(live):
    destination = place(live)
    [part] = destination.draw(edition(1))
    live.discord.misbehave(Trouble(500, method="POST", path="/messages$", accept=True))
    receipt = await destination.send(part, None)
    assert [one.id for one in live.discord.ours(live.links)] == [receipt.id]


async def test_a_503_is_unsure(live):
    destination = place(live)
    [part] = destination.draw(edition(1))
    live.discord.misbehave(Trouble(503, method="POST", path="/messages$", accept=True))
    with pytest.raises(Unsure):
        await destination.send(part, None)
    assert await destination.find(part.mark) is not None


async def test_an_archived_thread_is_woken_up_to_change_what_is_in_it(live):
    destination, receipts = await sent(live)
    thread = live.discord.ours(live.links)[1].channel
    live.discord.archive_thread(thread)
    part = replace(destination.draw(edition(60))[1], payload=json.dumps({"embeds": [{"description": "changed"}]}))
    await destination.change(receipts[1], part)
    assert live.discord.ours(live.links)[1].text == "changed"
    live.discord.archive_thread(thread)
    for _ in range(2):
        await destination.remove(receipts[1])
    assert len(live.discord.ours(live.links)) == len(receipts) - 1


async def test_what_a_person_deleted_is_not_changed(live):
    destination, receipts = await sent(live, 1)
    live.discord.delete(live.discord.ours(live.links)[0])
    with pytest.raises(Refused, match="gone"):
        await destination.change(receipts[0], destination.draw(edition(1))[0])


async def test_another_bots_mark_is_not_ours(live):
    destination = place(live)
    [part] = destination.draw(edition(1))
    robot = live.discord.add_person(live.guild, "Robot", bot=True)
    live.discord.post(
        live.links, robot, "", embeds=[{"type": "rich", **one} for one in json.loads(part.payload)["embeds"]]
    )
    assert await destination.find(part.mark) is None


@pytest.mark.parametrize(
    ("forbidden", "says"),
    [(May.SEND_MESSAGES, "Send Messages"), (May.EMBED_LINKS, "Embed Links"), (May.VIEW_CHANNEL, "View Channel")],
)
async def test_what_may_not_be_posted_is_refused_and_says_what_to_grant(live, forbidden, says):
    live.discord.forbid(live.links, forbidden)
    destination = place(live)
    with pytest.raises(Refused, match=says):
        await destination.send(destination.draw(edition(1))[0], None)


@pytest.mark.parametrize("forbidden", [May.READ_MESSAGE_HISTORY, May.VIEW_CHANNEL])
async def test_where_nothing_can_be_read_nothing_is_guessed(live, forbidden):
    destination, _ = await sent(live, 1)
    live.discord.forbid(live.links, forbidden)
    with pytest.raises(CannotLook):
        await destination.find("weekly #12 · 1/1")


async def test_an_edition_that_goes_to_a_forum_is_refused(live):
    forum = live.discord.add_channel(live.guild, "papers", kind=Kind.FORUM)
    destination = place(live, forum)
    with pytest.raises(Refused, match="kind"):
        await destination.send(destination.draw(edition(1))[0], None)


async def test_what_is_too_large_comes_back_in_halves_that_pass(live):
    destination = place(live)
    part = destination.draw(edition(15))[0]
    message = json.loads(part.payload)
    message["embeds"] = [{"description": "\n\n".join(["word " * 300] * 2)}, {"description": "word " * 900}]
    large = replace(part, payload=json.dumps(message))
    with pytest.raises(TooLarge) as raised:
        await destination.send(large, None)
    halves = raised.value.halves
    assert [half.mark for half in halves] == [f"{part.mark}a", f"{part.mark}b"]
    with pytest.raises(TooLarge) as raised:
        await destination.send(halves[1], None)
    assert raised.value.halves == ()
    receipt = await destination.send(halves[0], None)
    assert await destination.find(halves[0].mark) == receipt
    assert [draw.mark_of(json.loads(half.payload)) for half in halves] == [half.mark for half in halves]


async def test_a_message_that_was_edited_too_often_is_tried_again_later(live):
    destination, receipts = await sent(live, 1)
    live.discord.misbehave(Trouble(429, method="PATCH", retry_after=3600))
    with pytest.raises(RateLimited):
        await destination.change(receipts[0], destination.draw(edition(1))[0])


async def test_posting_needs_no_gateway_and_closing_leaves_nothing_open(live):
    await live.kill()
    await sent(live, 1)
    await live.chat.close()
    await live.chat.close()
    await sent(live, 1)
