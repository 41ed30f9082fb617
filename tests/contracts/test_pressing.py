"""The contract of every chat platform: buttons, forms, the menu of a message, and what we tell without being asked."""

import re

import pytest

from bot.cards import text
from bot.chat import Answer, Invocation
from bot.commands import ROWS
from newsletter import curate
from newsletter.model import Edition
from newsletter.settings import NewsletterSettings
from newsletter.store import tables
from tests.contracts.house import House, housed
from tests.contracts.platforms import PLATFORMS, World


async def test_a_button_asks_and_its_answer_takes_the_place_of_what_it_stands_in(house, world):
    await house.links(3)
    await world.ask("Ann", "desk", channel="desk")
    [before] = await world.ours("desk")
    assert "3 links" in before.text
    told = await world.press("Ann", "Leave out 1", channel="desk")
    await house.quiet()
    [after] = await world.ours("desk")
    assert (after.id, "2 links" in after.text, told.form) == (before.id, True, None)
    assert len((await house.publisher.preview()).entries) == 2


async def test_a_form_is_opened_with_what_stands_there_and_sent_with_what_was_written(house, world):
    await house.links(1, "said")
    await world.ask("Ann", "desk", channel="desk")
    opened = await world.press("Ann", "Edit 1", channel="desk")
    assert opened.form is not None
    assert opened.form["title"] == "Paper number 0"
    await world.submit("Ann", title="A title of *hers* & more", note="Two\nlines")
    [entry] = (await house.publisher.preview()).entries
    assert entry.title == "A title of *hers* & more"
    assert "Two\nlines" in entry.note


async def test_a_messages_menu_asks_about_that_message(house, world):
    message = await world.post("Ben", "https://example.org/tea about tea")
    await world.post("Ben", "https://example.org/other")
    await house.quiet()
    told = await world.shortcut("Ben", message, "About this link")
    assert "in: 1 person" in " ".join(told.texts)
    await world.shortcut("Ann", message, "Leave out")
    assert [entry.url for entry in (await house.publisher.preview()).entries] == ["https://example.org/other"]


async def test_an_emoji_that_decides_is_answered_by_ours(house, world):
    message = await world.post("Ben", "https://example.org/tea")
    await house.quiet()
    for emoji, on, signed in (("🎉", True, set()), ("🚫", True, {"👌"}), ("🚫", False, set())):
        await world.react(message, "Ann", emoji, on=on)
        await house.quiet()
        await house.listening.done()
        await house.quiet()
        assert await world.signed(message) == signed, emoji


async def test_what_we_say_in_a_channel_stands_there_and_pings_nobody(house, world):
    ben = world.person("Ben")
    said = await world.chat.say(world.channel("desk").id, text(f"@everyone <@{ben.id}> **hello**"))
    [post] = await world.ours("desk")
    assert (said is None or said.id == post.id, post.pinged, "hello" in post.text) == (True, (), True)


# --- everything there is to press ------------------------------------------------------------------------------------


def standing(edition: Edition) -> str:
    """What is in, by the last letter of its address, ``*`` where it is pinned and ``!`` where it is held back; then what
    is out, after a ``-``."""
    entries = [*edition.entries, *edition.again]
    marked = [f"{one.url[-1]}{'*' if one.pinned else ''}{'!' if one.held else ''}" for one in entries]
    return " ".join([*marked, *(f"-{one.url[-1]}" for one in edition.left_out)])


AT_THE_DESK = [
    ("Page ▶", "0 1 2 3 4!"),
    ("◀ Page", "0 1 2 3 4!"),
    ("Pin 3", "2* 0 1 3 4!"),
    ("Unpin 1", "0 1 2 3 4!"),
    ("Leave out 2", "0 2 3 4! -1"),
    ("Page ▶", "0 2 3 4! -1"),
    ("Put back 5", "0 1 2 3 4!"),
    ("◀ Page", "0 1 2 3 4!"),
    ("Release 5", "0 1 2 3 4"),
    ("Hold back 5", "0 1 2 3 4!"),
    ("▼ 1", "1 0 2 3 4!"),
    ("▲ 2", "0 1 2 3 4!"),
]
"""What an editor presses, one after the other, and what then stands in the newsletter."""


async def pressed_at_the_desk(house: House, world: World) -> None:
    await world.ask("Ann", "desk", channel="desk")
    [desk] = await world.ours("desk")
    for label, then in AT_THE_DESK:
        told = await world.press("Ann", label, channel="desk")
        assert (told.texts, told.form) == ((), None), label
        assert standing(await house.publisher.preview()) == then, label
        assert [one.id for one in await world.ours("desk")] == [desk.id], f"{label}: the desk stays where it is"


async def written_at_the_desk(house: House, world: World) -> None:
    """Forms change the desk in place, too; of two on one field the second sees the first."""
    [desk] = await world.ours("desk")
    opened = await world.press("Ann", "Edit 1", channel="desk")
    assert opened.form is not None
    assert (opened.form["title"], opened.form["note"]) == ("Paper number 0", "")
    assert (await world.submit("Ann", note="Worth it")).texts == ()
    for name in ("Ann", "Ben"):
        await world.press(name, "Edit 1", channel="desk")
    await world.submit("Ann", title="What Ann wrote")
    told = await world.submit("Ben", title="What Ben wrote")
    assert "Ann wrote" in " ".join(told.texts)
    assert (await house.publisher.preview()).entries[0].title == "What Ann wrote"
    await world.press("Ben", "Take mine", channel="desk")
    entry = (await house.publisher.preview()).entries[0]
    assert (entry.title, "Worth it" in entry.note) == ("What Ben wrote", True)
    opened = await world.press("Ann", "Intro, outro, pick", channel="desk")
    await world.submit("Ann", intro="Good *morning*", pick=curate.reference(entry.key))
    edition = await house.publisher.preview()
    assert (edition.intro, edition.entries[0].pick) == ("Good *morning*", True)
    assert [one.id for one in await world.ours("desk")] == [desk.id]
    told = await world.press("Ann", "See it", channel="desk")
    assert "Good" in told.texts[0]


async def owned(house: House, world: World) -> None:
    """What sharers press changes their list in place, wherever it stands."""
    [listed] = await world.ask("Ben", "mine")
    assert all(f"/{n}" in listed for n in range(4))
    for label, out in (("Take it back 3", ["2"]), ("Bring it back 6", [])):
        told = await world.press("Ben", label)
        assert len(told.texts) == 1, "it takes the place of what stood there"
        assert [one.url[-1] for one in (await house.publisher.preview()).left_out] == out
    opened = await world.press("Ben", "Edit 3")
    assert opened.form == {"title": "Paper number 2", "words": "said"}
    told = await world.submit("Ben", title="Mine", words="My *own* words")
    assert len(told.texts) == 1
    entry = (await house.publisher.preview()).entries[2]
    assert (entry.title, entry.words) == ("Mine", "My *own* words")


async def chosen_in_menus(house: House, world: World, message: str) -> None:
    """The menu of the message with the link 5, by its sharer Ben and by Ann, who edits."""
    for name, entry, then in [
        ("Ben", "Leave out", "-5"),
        ("Ben", "Add to newsletter", "5"),
        ("Ann", "Leave out", "-5"),
        ("Ann", "Add to newsletter", "5"),
    ]:
        told = await world.shortcut(name, message, entry)
        assert told.texts, (name, entry)
        assert then in standing(await house.publisher.preview()).split(), (name, entry)
    for name, title in (("Ben", "What Ben says"), ("Ann", "What Ann says")):
        opened = await world.shortcut(name, message, "Edit link")
        assert opened.form is not None
        await world.submit(name, title=title)
        assert title in [one.title for one in (await house.publisher.preview()).entries]
    told = await world.shortcut("Ben", message, "About this link")
    assert "What Ann says" in " ".join(told.texts)


async def ordered(house: House, world: World) -> None:
    """The weeks: what is skipped, paused, published, edited afterwards, and taken back."""
    await world.ask("Ann", "skip")
    assert "after all" in " ".join((await world.press("Ann", "Do not skip it")).texts)
    assert "pauses" in " ".join(await world.ask("Ann", "pause 2026-07-01"))
    assert "goes on" in " ".join(await world.ask("Ann", "resume"))
    await world.ask("Ann", "preview", channel="desk")
    await world.press("Ann", "Open the desk", channel="desk")
    await world.press("Ann", "Publish now", channel="desk")
    first, *_ = await world.ours()
    assert "Mine" in first.text
    await world.ask("Ann", "desk last", channel="desk")
    for label, there in (("Leave out 3", False), ("Page ▶", False), ("Put back 6", True)):
        await world.press("Ann", label, channel="desk")
        [first, *_] = await world.ours()
        assert ("Mine" in first.text) is there, label
    [listed] = await world.ask("Ben", "mine")
    assert "what is out" in listed
    await world.press("Ben", "Take it back #1.3")
    assert "Mine" not in (await world.ours())[0].text
    await world.ask("Ann", "retract")
    await world.press("Ann", "Take it back")
    assert await world.ours() == []
    assert "retract" in " ".join(await world.ask("Ann", "log")).lower()


async def left(house: House, world: World) -> None:
    await world.ask("Ben", "optout")
    told = await world.press("Ben", "Forget me")
    assert (len(told.texts), await house.kept()) == (1, [])
    assert "Welcome back" in " ".join(await world.ask("Ben", "optin"))


@pytest.mark.parametrize("world", [name for name in PLATFORMS if name != "room's page"], indirect=True)
async def test_everything_there_is_to_press_does_what_it_says(house, world, monkeypatch):
    asked: set[str] = set()
    answer = house.commands.asked

    async def noted(invocation: Invocation) -> Answer:
        asked.add(invocation.text.split()[0])
        return await answer(invocation)

    monkeypatch.setattr(house.commands, "asked", noted)
    await house.links(4, "said")
    await world.post("Ben", "A plan\nhttps://intranet/4")
    world.give_role("Ben")
    await house.quiet()
    await pressed_at_the_desk(house, world)
    await written_at_the_desk(house, world)
    world.give_role("Ben", on=False)
    message = await world.post("Ben", "Paper number 5\nhttps://example.org/5\nsaid")
    await house.quiet()
    await owned(house, world)
    await chosen_in_menus(house, world, message)
    await ordered(house, world)
    await left(house, world)
    by_text = {"status", "recent", "search", "help"}  # see test_every_command_is_answered
    assert asked == {row.name for row in ROWS} - by_text, "a new row is pressed here, or asked there"


# --- what we tell without being asked --------------------------------------------------------------------------------


async def test_a_link_that_was_there_before_is_hinted_at_to_its_sharer_alone(house, world):
    await house.links(1, "said")
    await world.ask("Ann", "publish")
    before = await world.ours()
    message = await world.post("Ann", "Once more\nhttps://example.org/0")
    await house.quiet()
    await house.listening.done()
    await house.quiet()
    told = world.hinted("Ann")
    if told is None:  # one emoji, which the message's menu explains
        assert len(await world.signed(message)) == 1
        told = (await world.shortcut("Ann", message, "About this link")).texts
    else:
        assert await world.signed(message) == set()
    assert "also in 2026-W23" in " ".join(told)
    assert world.hinted("Ben") in (None, [])
    assert await world.ours() == before


# --- what must not be done -------------------------------------------------------------------------------------------


async def decided(house: House) -> object:
    """Everything that can be decided."""
    async with house.store.reading() as transaction:
        tables_ = ("choice", "edition_choice", "own_choice", "act", "edition")
        rows = [await transaction.execute(tables.metadata.tables[name].select()) for name in tables_]
        return [sorted(map(str, row)) for row in rows]


async def test_what_platforms_deliver_again_is_done_once(house, world):
    """A button that moves, a form, and a button that publishes."""
    await house.links(3, "said")
    await world.ask("Ann", "desk", channel="desk")
    for _ in range(2):
        await world.press("Ann", "▼ 1", channel="desk", id="a press")
        assert standing(await house.publisher.preview()) == "1 0 2"
    await world.press("Ann", "Edit 1", channel="desk")
    await world.submit("Ann", id="a form", title="First")
    await world.press("Ann", "Edit 1", channel="desk")
    await world.submit("Ann", title="Second")
    await world.submit("Ann", id="a form", title="First")
    assert (await house.publisher.preview()).entries[0].title == "Second"
    for _ in range(2):
        await world.press("Ann", "Publish now", channel="desk", id="published")
    assert len(await world.ours()) == 1


FORGED = [
    ("Ann", "publish secret", "no newsletter secret"),
    ("Ann", "pin secret #1 {ref} 1", "not in edition"),
    ("Ann", "pin weekly #9 {ref} 1", "no edition|neither open"),
    ("Ann", "pin weekly #1 ffffffffffff 1", "not in edition"),
    ("Ann", "save weekly #1 {ref} zzzz 1", ""),
    ("Ann", "no-such-row weekly", "no command"),
    ("Ann", "withdraw weekly {share}", "not yours"),
    ("Ann", "withdraw weekly 1 OR 1=1", "not yours"),
    ("Ben", "", "for editors"),
    ("Ben", "publish weekly", "for editors"),
    ("Ben", "take weekly 00000000", "for editors"),
]
"""Who makes a button ask what, where it is not what it asks by itself, and what is said to that."""


async def test_a_forged_button_is_refused_in_words_and_changes_nothing(world, sqlite_url, clock):
    random = world.channel("random").id
    place = f"{random.platform}:{random.id}"
    secret = NewsletterSettings(
        key="secret", collect=[place], editors=[f"{random.platform}:{world.person('Ann').id}"], introduce=False
    )
    async with housed(world, sqlite_url, clock, [secret]) as house:
        await house.links(1, "said")
        await world.post("Ann", "A secret\nhttps://example.org/secret", channel="random")
        await house.quiet()
        await world.ask("Ann", "desk", channel="desk")
        [entry] = (await house.publisher.preview()).entries
        named = {"ref": curate.reference(entry.key), "share": entry.shares[0].share}
        before = await decided(house)
        for name, text, said in FORGED:
            told = await world.press(name, "Pin 1", channel="desk", forged=text.format(**named))
            words = " ".join((*told.texts, *[one.text for one in await world.ours("desk")]))
            assert re.search(said, words), (name, text, words)
            assert ("Something went wrong" in words, "secret" in words.replace("newsletter secret", "")) == (
                False,
                False,
            )
            assert (await decided(house), told.form) == (before, None), (name, text)
        assert await world.ours("random") == []


async def test_a_button_of_an_edition_that_is_gone_by_changes_nothing(house, world):
    """The desk of an open edition that closed is about the last one; of one before it, about nothing."""
    await house.links(2, "said")
    await world.ask("Ann", "desk", channel="desk")
    await world.ask("Ann", "publish")
    told = await world.press("Ann", "Pin 1", channel="desk")
    assert "stay" in " ".join(told.texts)
    await world.post("Ben", "Another\nhttps://example.org/another\nsaid")
    await house.quiet()
    await world.ask("Ann", "publish")
    before = await decided(house)
    told = await world.press("Ann", "Leave out 1", channel="desk")
    assert "neither open nor the last" in " ".join(told.texts)
    assert await decided(house) == before
    told = await world.press("Ann", "Publish now", channel="desk")
    assert "out already" in " ".join(told.texts)
    assert len(await world.ours()) == 2


async def test_who_lost_the_role_finds_the_buttons_dead(house, world):
    world.give_role("Ben")
    await house.links(1, "said")
    await world.ask("Ben", "desk", channel="desk")
    await world.press("Ben", "Edit 1", channel="desk")
    world.give_role("Ben", on=False)
    await house.quiet()
    before = await decided(house)
    for told in (await world.submit("Ben", title="Theirs"), await world.press("Ben", "Pin 1", channel="desk")):
        assert "for editors" in " ".join(told.texts)
    assert await decided(house) == before
