"""The contract of every chat platform: posting editions, and what became of them when an answer was lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.errors import CannotLook, RateLimited, Refused, Unsure
from newsletter.model import Receipt
from newsletter.publish import Outlet, Publisher
from tests.contracts.platforms import PLATFORMS

LONG = " ".join(f"The words of {{n}}, {place}, take some room." for place in range(110))
"""Five links with so many words take several messages anywhere. ``links`` puts in the number of each."""
A_MINUTE = timedelta(minutes=1)

# People act through the room's page; we do not post through it.
pytestmark = pytest.mark.parametrize("world", [name for name in PLATFORMS if name != "room's page"], indirect=True)

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
