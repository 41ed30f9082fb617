"""The desk in a chat: an editor makes an edition by buttons, forms and menus; sharers change their own."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat import Action, Answer, Invocation
from bot.commands import Commands, Newsletter
from bot.listening import Listening
from bot.platforms.local.client import Local
from bot.platforms.local.draw import messages
from bot.platforms.local.room import Room
from newsletter import render
from newsletter.collect import Collector
from newsletter.curate import Desk
from newsletter.destinations.markdown import MarkdownFolder
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    ReactionHeard,
    Reading,
)
from newsletter.model import Edition
from newsletter.publish import Outlet, Publisher
from newsletter.settings import Audience, MarkdownSettings, NewsletterSettings, SectionSettings
from newsletter.store import Store
from tests import stores

START = datetime(2026, 6, 3, 9, tzinfo=UTC)


class Desks:
    """The newsletter `weekly` of #links, posted there and as Markdown; its editors Ann and Eve meet in #desk."""

    def __init__(self, store: Store, folder: Path, **settings: object) -> None:
        self.store, self.folder, self.now = store, folder, START
        self.room = Room(self.clock, url="https://room.example")
        self.chat = Local(self.room)
        self.people = {name: self.room.join(name) for name in ("Ann", "Eve", "Ben", "Cara")}
        self.channels = {
            name: self.room.open_channel(name, private=name == "desk") for name in ("links", "desk", "tea")
        }
        written: dict[str, object] = {
            "key": "weekly",
            "title": "Weekly {{ week.label }}",
            "collect": ["local:#links"],
            "post_to": ["local:#links"],
            "editors": [f"local:{self.people[name].id}" for name in ("Ann", "Eve")],
            "editors_channel": "local:#desk",
        }
        self.settings = NewsletterSettings(**(written | settings))
        self.markdown = self.settings.markdown or MarkdownSettings(audience=Audience.PUBLIC)
        self.collector = Collector(store)
        self.asked = self.posted = 0
        self.restart()

    def restart(self) -> None:
        """A new process over the same store."""
        posts = MarkdownFolder(
            self.folder,
            lambda edition: (f"{render.slug_of(edition)}.md", render.post(edition, self.markdown)),
            key="markdown",
        )
        outlets = [Outlet(posts, Audience.PUBLIC), Outlet(self.chat.destination(self.seen("links").id))]
        self.publisher = Publisher(self.store, self.settings, outlets, clock=self.clock, owner="test")
        newsletters = [Newsletter(self.settings, self.publisher)]
        self.commands = Commands(self.store, newsletters, [self.chat], clock=self.clock, collector=self.collector)
        self.listening = Listening(
            self.store, self.collector, self.commands, [self.settings], [self.chat], clock=self.clock
        )

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def seen(self, name: str) -> ChannelSeen:
        channel = self.channels[name]
        return ChannelSeen(ChannelId("local", "room", channel.id), name, START, channel.private)

    def person(self, name: str) -> PersonId:
        return PersonId("local", "room", self.people[name].id)

    def message(self, name: str, text: str, *, channel: str = "links", at: datetime | None = None) -> MessageSeen:
        self.posted += 1
        at = at or self.clock()
        return MessageSeen(MessageId(self.seen(channel).id, f"p{self.posted}"), self.person(name), at, text, seen_at=at)

    async def share(self, name: str, text: str, **more: object) -> MessageSeen:
        message = self.message(name, text, **more)
        await self.collector.hear(self.seen("links"))
        await self.collector.hear(PersonSeen(self.person(name), name, START))
        await self.collector.hear(message)
        return message

    async def ask(
        self,
        name: str,
        text: str,
        *,
        channel: str = "desk",
        values: Mapping[str, str] | None = None,
        message: MessageSeen | None = None,
    ) -> Answer:
        self.asked += 1
        invocation = Invocation(
            f"q{self.asked}", text, self.person(name), self.seen(channel), values=values or {}, message=message
        )
        answer = await self.commands.asked(invocation)
        assert "Something went wrong" not in words(answer)
        assert len(messages(answer.cards)) == 1 or "preview" in text, "one message, so that it can be replaced"
        return answer

    async def press(self, name: str, answer: Answer, label: str) -> Answer:
        return await self.ask(name, button(answer, label).text)

    async def send(self, name: str, answer: Answer, **values: str) -> Answer:
        """Fill in the form of an answer and send it, with everything else as it stood there."""
        assert answer.form is not None
        stood = {field.name: field.value for field in answer.form.fields}
        assert values.keys() <= stood.keys()
        return await self.ask(name, answer.form.text, values=stood | values)

    async def preview(self) -> Edition:
        return await self.publisher.preview()

    async def desk(self, **which: object) -> Desk:
        return await self.commands.curator(Newsletter(self.settings, self.publisher)).desk(**which)

    async def entries(self) -> list[str]:
        return [entry.url.rpartition("/")[2] for entry in (await self.preview()).entries]

    async def posts(self) -> list[str]:
        id = self.channels["links"].id
        return [one.text for one in await self.room.history(id) if one.author.bot]

    def post(self) -> str:
        [path] = self.folder.glob("*.md")
        return path.read_text("utf-8")


def words(answer: Answer) -> str:
    said = []
    for card in (*answer.cards.channel, *answer.cards.thread):
        said += [card.heading, card.title, card.text.replace("\\", "")]
        said += [fact.text for line in card.lines for fact in line]
    return " | ".join(filter(None, said))


def buttons(answer: Answer) -> list[Action]:
    return [action for card in (*answer.cards.channel, *answer.cards.thread) for action in card.actions]


def button(answer: Answer, label: str) -> Action:
    found = [action for action in buttons(answer) if action.label == label]
    assert len(found) == 1, (label, [action.label for action in buttons(answer)])
    return found[0]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
async def desks(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desks]:
    store = await Store.open(sqlite_url)
    yield Desks(store, tmp_path / "posts")
    await store.close()


# --- the desk ---------------------------------------------------------------------------------------------------------


async def test_an_editor_leaves_out_puts_back_pins_and_moves_by_buttons(desks):
    for n in range(3):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    shown = await desks.ask("Ann", "desk")
    assert not shown.private
    assert "3 links" in words(shown)
    shown = await desks.press("Ann", shown, "Leave out 1")
    assert (shown.replaces, shown.private) == (True, False)
    assert await desks.entries() == ["1", "2"]
    shown = await desks.press("Ann", shown, "Put back 3")
    assert await desks.entries() == ["0", "1", "2"]
    shown = await desks.press("Ann", shown, "Pin 3")
    assert await desks.entries() == ["2", "0", "1"]
    shown = await desks.press("Ann", shown, "▼ 1")
    assert await desks.entries() == ["0", "2", "1"]
    shown = await desks.press("Ann", shown, "Unpin 2")
    shown = await desks.press("Ann", shown, "▲ 3")
    assert await desks.entries() == ["0", "1", "2"]
    await desks.press("Ann", shown, "Pin 2")
    assert await desks.entries() == ["1", "0", "2"]


async def test_a_row_says_why_it_is_in_or_out_and_what_it_still_needs(desks):
    await desks.share("Ben", "https://meet.google.com/abc-defg-hij")
    await desks.share("Ben", "https://example.org/x")
    await desks.share("Ben", "A good title\nhttps://example.org/y\nWith words.")
    shown = words(await desks.ask("Ann", "desk"))
    assert "1 needs you" in shown
    assert "❗ no title of its own" in shown
    assert "out: meeting" in shown
    assert "in: 1 person" in shown
    assert shown.index("example.org/x") < shown.index("A good title") < shown.index("out: meeting"), "undecided first"


async def test_pages_are_turned_and_every_link_is_on_one(desks):
    for n in range(11):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    shown = await desks.ask("Ann", "desk")
    seen = []
    while True:
        seen += re.findall(r"number (\d+)", words(shown))
        if "Page ▶" not in [action.label for action in buttons(shown)]:
            break
        shown = await desks.press("Ann", shown, "Page ▶")
    assert sorted(map(int, seen)) == list(range(11))
    assert "page 3 of 3" in words(shown)
    shown = await desks.press("Ann", shown, "Leave out 10")
    assert "page 3 of 3" in words(shown), "a button leaves one where one was"


async def test_no_button_asks_for_more_than_platforms_carry(desks):
    desks.settings = desks.settings.model_copy(update={"key": "a-newsletter-with-a-long-name-of-40-letters"})
    desks.restart()
    for n in range(5):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    shown = await desks.ask("Ann", "desk")
    assert all(len(action.text) <= 90 and len(action.label) <= 20 for action in buttons(shown))
    assert len(buttons(shown)) <= 25
    assert all(len(card.actions) <= 5 for card in shown.cards.channel)
    opened = await desks.press("Ann", shown, "Edit 1")
    assert len(opened.form.text) <= 100
    assert len(opened.form.fields) <= 5


async def test_what_is_new_since_the_last_look_is_said(desks):
    await desks.share("Ben", "https://example.org/1")
    assert "new since" not in words(await desks.ask("Ann", "desk"))
    desks.now += timedelta(hours=1)
    await desks.share("Ben", "https://example.org/2")
    assert "1 new since you last looked" in words(await desks.ask("Ann", "desk"))
    assert "1 new since you last looked" in words(await desks.ask("Ann", "desk")), "still at it"
    assert "new since" not in words(await desks.ask("Eve", "desk")), "she looks for the first time"
    desks.now += timedelta(hours=1)
    assert "new since" not in words(await desks.ask("Ann", "desk"))


async def test_asked_for_elsewhere_the_desk_is_put_where_the_editors_are(desks):
    await desks.share("Ben", "https://example.org/1")
    answer = await desks.ask("Ann", "desk", channel="links")
    assert answer.private
    assert "The desk is in #desk" in words(answer)
    [posted] = await desks.room.history(desks.channels["desk"].id)
    assert "Publish now" in [action.label for action in posted.actions]
    desks.settings = desks.settings.model_copy(update={"editors_channel": ""})
    desks.restart()
    assert "our conversation" in words(await desks.ask("Ann", "desk", channel="links"))


async def test_preview_leads_an_editor_to_the_desk_and_nobody_else(desks):
    await desks.share("Ben", "https://example.org/1")
    assert "Open the desk" in [one.label for one in buttons(await desks.ask("Ann", "preview", channel="links"))]
    assert buttons(await desks.ask("Ben", "preview", channel="links")) == []


# --- forms ------------------------------------------------------------------------------------------------------------


async def test_a_form_sets_title_section_words_and_note(desks):
    desks.settings = desks.settings.model_copy(update={"sections": (SectionSettings(tag="paper", title="Papers"),)})
    desks.restart()
    await desks.share("Ben", "https://example.org/1 is what I found")
    opened = await desks.press("Ann", await desks.ask("Ann", "desk"), "Edit 1")
    fields = {field.name: field.value for field in opened.form.fields}
    assert fields == {"title": "example.org/1", "section": "-", "words": "https://example.org/1 is what I found",
                      "note": "", "beside": ""}  # fmt: skip
    await desks.send("Ann", opened, title="A title", section="paper", words="Said *better*", note="Read it")
    [entry] = (await desks.preview()).entries
    assert (entry.title, entry.section) == ("A title", "paper")
    assert entry.said == "Said *better*\n\n**Editor's note:** Read it"
    opened = await desks.press("Ann", await desks.ask("Ann", "desk"), "Edit 1")
    await desks.send("Ann", opened, title="", words="", note="")
    [entry] = (await desks.preview()).entries
    assert (entry.title, entry.words) == ("example.org/1", "https://example.org/1 is what I found")


async def test_a_link_is_put_under_another_ones_heading_and_taken_out_again(desks):
    for n in range(3):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    opened = await desks.press("Ann", await desks.ask("Ann", "desk"), "Edit 3")
    shown = await desks.send("Ann", opened, beside="1")
    assert await desks.entries() == ["0", "1"]
    assert "under Title number 0" in words(shown) or "under Title number 0" in words(await desks.ask("Ann", "desk"))
    opened = await desks.press("Ann", await desks.ask("Ann", "desk"), "Edit 2")
    assert {field.name: field.value for field in opened.form.fields} == {"beside": "1"}
    await desks.send("Ann", opened, beside="")
    assert await desks.entries() == ["0", "1", "2"]
    opened = await desks.press("Ann", await desks.ask("Ann", "desk"), "Edit 1")
    assert "no heading of its own" in words(await desks.send("Ann", opened, beside="1"))


async def test_of_two_editors_in_one_form_the_second_sees_the_first_and_chooses(desks):
    await desks.share("Ben", "https://example.org/1 words")
    shown = await desks.ask("Ann", "desk")
    await desks.collector.hear(PersonSeen(desks.person("Ann"), "Ann", START))
    anns, eves = await desks.press("Ann", shown, "Edit 1"), await desks.press("Eve", shown, "Edit 1")
    await desks.send("Ann", anns, title="By Ann")
    which = await desks.send("Eve", eves, title="By Eve", note="Eve's note\n\nwith ```signs```")
    assert "“By Ann”, you “By Eve”" in words(which)
    assert "````\nEve's note\n\nwith ```signs```\n````" in words(which), (
        "whole, whatever becomes of us until she chooses"
    )
    assert (await desks.preview()).entries[0].title == "By Ann", "nothing of hers is saved yet"
    assert "not there any more" in words(await desks.ask("Ann", button(which, "Take mine").text)), "Eve's to decide"
    await desks.press("Eve", which, "Take mine")
    [entry] = (await desks.preview()).entries
    assert (entry.title, "Eve's note" in entry.said) == ("By Eve", True)


async def test_intro_outro_and_pick(desks):
    for n in range(3):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    opened = await desks.press("Ann", await desks.ask("Ann", "desk"), "Intro, outro, pick")
    options = {label: value for value, label in next(f for f in opened.form.fields if f.name == "pick").options}
    shown = await desks.send("Ann", opened, intro="Hello *all*", outro="Bye", pick=options["3. Title number 2"])
    edition = await desks.preview()
    assert (edition.intro, edition.outro) == ("Hello *all*", "Bye")
    assert [entry.pick for entry in edition.entries] == [True, False, False]
    opened = await desks.press("Ann", shown, "Intro, outro, pick")
    await desks.send("Ann", opened, pick="-", intro="")
    edition = await desks.preview()
    assert (edition.intro, edition.outro, edition.entries[0].pick) == ("", "Bye", False)


async def test_a_held_link_is_released_and_held_again(desks, tmp_path):
    desks.settings = desks.settings.model_copy(update={"markdown": MarkdownSettings(folder="posts")})
    desks.restart()
    await desks.share("Ben", "The plan\nhttps://docs.google.com/document/d/1abcdefghijk/edit\nwith words.")
    shown = await desks.ask("Ann", "desk")
    assert "held back: shared document" in words(shown)
    shown = await desks.press("Ann", shown, "Release 1")
    assert (await desks.preview()).entries[0].held is None
    await desks.press("Ann", shown, "Hold back 1")
    assert (await desks.preview()).entries[0].held == "shared document"


# --- after it went out ------------------------------------------------------------------------------------------------


async def test_the_last_edition_is_edited_in_its_places(desks):
    for n in range(3):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    await desks.ask("Ann", "publish weekly 1")
    shown = await desks.ask("Ann", "desk last")
    assert "(is out)" in words(shown)
    opened = await desks.press("Ann", shown, "Edit 1")
    assert {field.name for field in opened.form.fields} == {"title", "words", "note"}
    await desks.send("Ann", opened, title="Corrected")
    shown = await desks.press("Ann", await desks.ask("Ann", "desk last"), "Leave out 2")
    [post] = await desks.posts()
    assert ("Corrected" in post, "example.org/1" in post, "example.org/2" in post) == (True, False, True)
    assert ("Corrected" in desks.post(), "example.org/1" in desks.post()) == (True, False)
    shown = await desks.press("Ann", shown, "Put back 3")
    [post] = await desks.posts()
    assert "example.org/1" in post
    opened = await desks.press("Ann", shown, "Intro, outro")
    await desks.send("Ann", opened, intro="With an afterthought")
    assert "With an afterthought" in desks.post()
    assert "order" in words(await desks.ask("Ann", f"pin weekly #1 {(await desks.desk(last=True)).rows[0].ref}"))
    log = words(await desks.ask("Ann", "log"))
    assert "edit #1 by" in log
    assert "publish #1 by" in log


async def test_the_frozen_edition_is_the_last_preview_byte_for_byte(desks):
    for n in range(8):
        await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.")
    shown = await desks.ask("Ann", "desk")
    await desks.press("Ann", shown, "Leave out 2")
    await desks.press("Ann", shown, "Pin 3")
    opened = await desks.press("Ann", shown, "Edit 1")
    await desks.send("Ann", opened, title="Chosen", note="Noted")
    await desks.send("Ann", await desks.press("Ann", shown, "Intro, outro, pick"), intro="Hello *all*", outro="Bye")
    seen = await desks.ask("Ben", "preview", channel="links")
    previewed = render.post(desks.publisher.seen_by(await desks.preview(), Audience.PUBLIC), desks.markdown)
    cut_off = (await desks.preview()).cut_off
    await desks.ask("Ann", "publish weekly 1")
    [post] = await desks.posts()
    assert post == messages(seen.cards)[0].text
    frozen = await desks.publisher.preview((await desks.desk(last=True)).edition.cut_off)
    date = f"{cut_off:%Y-%m-%d %H:%M:%S}", f"{frozen.cut_off:%Y-%m-%d %H:%M:%S}"
    assert desks.post() == previewed.replace(*date)


async def test_choices_survive_reading_back_an_import_and_a_restart(desks):
    said = [await desks.share("Ben", f"Title number {n}\nhttps://example.org/{n}\nWords of it.") for n in range(3)]
    shown = await desks.ask("Ann", "desk")
    await desks.press("Ann", shown, "Leave out 1")
    await desks.press("Ann", shown, "Pin 3")
    await desks.send("Ann", await desks.press("Ann", shown, "Edit 2"), title="Chosen", note="Noted")
    await desks.send("Ann", await desks.press("Ann", shown, "Intro, outro, pick"), intro="Hello", outro="Bye")
    before = await desks.preview()
    await desks.collector.hear(Reading(desks.seen("links"), desks.clock(), tuple(said), complete=True))
    exported = tuple(replace(one, source=type(one.source).EXPORT) for one in said)
    await Collector(desks.store).hear(
        Reading(desks.seen("links"), desks.clock(), exported, source=type(said[0].source).EXPORT)
    )
    desks.restart()
    after = await desks.preview()
    assert replace(after, cut_off=before.cut_off) == before
    assert (after.intro, after.outro, after.entries[-1].title, after.entries[-1].note[-5:]) == (
        "Hello",
        "Bye",
        "Chosen",
        "Noted",
    )


# --- the menu of a message --------------------------------------------------------------------------------------------


async def test_the_menu_of_a_message_leaves_out_edits_and_tells(desks):
    message = await desks.share("Ben", "A title\nhttps://example.org/1\nwith words.")
    told = await desks.ask("Cara", "about", channel="links", message=message)
    assert ("in: 1 person" in words(told), buttons(told)) == (True, [])
    assert "for editors" in words(await desks.ask("Cara", "out", channel="links", message=message))
    left = await desks.ask("Ann", "out", channel="links", message=message)
    assert left.private
    assert await desks.entries() == []
    await desks.press("Ann", left, "Put back")
    assert await desks.entries() == ["1"]
    opened = await desks.ask("Ann", "edit", channel="links", message=message)
    await desks.send("Ann", opened, title="By the menu")
    assert (await desks.preview()).entries[0].title == "By the menu"


async def test_add_takes_up_a_message_that_was_never_heard(desks):
    await desks.share("Ben", "https://example.org/1")
    unheard = desks.message("Ben", "Unheard\nhttps://example.org/unheard\nso far.")
    assert "in: " in words(await desks.ask("Ann", "add", channel="links", message=unheard))
    assert await desks.entries() == ["1", "unheard"]
    assert "no link" in words(await desks.ask("Ann", "add", channel="links", message=desks.message("Ben", "no link")))


async def test_add_takes_up_a_message_from_long_before_and_one_that_was_left_out(desks):
    old = desks.message("Ben", "From before\nhttps://example.org/old\nthis all began.", at=START - timedelta(days=400))
    meeting = await desks.share("Ben", "https://meet.google.com/abc-defg-hij")
    await desks.share("Ben", "https://example.org/1")
    assert "from before" in words(await desks.ask("Cara", "about", channel="links", message=old))
    await desks.ask("Ann", "add", channel="links", message=old)
    assert sorted(await desks.entries()) == ["1", "old"]
    await desks.ask("Ann", "publish weekly 1")
    assert "it was in edition #1" in words(await desks.ask("Ann", "add", channel="links", message=old))
    await desks.ask("Ann", "add", channel="links", message=meeting)
    assert await desks.entries() == ["abc-defg-hij"]


async def test_a_message_where_nothing_is_collected_is_not_taken_up(desks):
    elsewhere = desks.message("Ben", "https://example.org/secret", channel="tea")
    desks.settings = desks.settings.model_copy(update={"post_to": ("local:#links", "local:#tea")})
    desks.restart()
    assert "does not collect from here" in words(await desks.ask("Ann", "add", channel="tea", message=elsewhere))


# --- sharers ----------------------------------------------------------------------------------------------------------


async def test_mine_shows_ones_own_and_lets_one_say_it_anew_and_take_it_back(desks):
    await desks.share("Ben", "A title\nhttps://example.org/1\nwith words.")
    await desks.share("Ben", "https://meet.google.com/abc-defg-hij")
    await desks.share("Cara", "https://example.org/2 is another's")
    shown = await desks.ask("Ben", "mine", channel="links")
    assert ("example.org/2" in words(shown), "out: meeting" in words(shown)) == (False, True)
    assert "with words." in words(shown)
    edit = next(action for card in shown.cards.channel if "A title" in card.title for action in card.actions)
    opened = await desks.ask("Ben", edit.text, channel="links")
    await desks.send("Ben", opened, title="My title", words="My *words*")
    entry = next(one for one in (await desks.preview()).entries if one.url.endswith("/1"))
    assert (entry.title, entry.title_source, entry.words) == ("My title", "sharer", "My *words*")
    shown = await desks.ask("Ben", "mine", channel="links")
    back = next(
        a for card in shown.cards.channel if "My title" in card.title for a in card.actions if "back" in a.label
    )
    shown = await desks.ask("Ben", back.text, channel="links")
    assert "withdrawn by its sharer" in words(shown)
    assert await desks.entries() == ["2"]
    await desks.press("Ben", shown, "Bring it back 3")
    assert await desks.entries() == ["1", "2"]


async def test_a_sharer_takes_back_what_is_out_already(desks):
    message = await desks.share("Ben", "A title\nhttps://example.org/1\nwith words.")
    await desks.share("Cara", "https://example.org/2 stays")
    await desks.ask("Ann", "publish weekly 1")
    assert "#1: what is out" in words(await desks.ask("Ben", "mine", channel="links"))
    desks.restart()
    await desks.ask("Ben", "out last", channel="links", message=message)
    [post] = await desks.posts()
    assert ("example.org/1" in post, "example.org/1" in desks.post()) == (False, False)


async def test_opting_out_in_chat_asks_once_more_and_then_takes_everything(desks):
    await desks.share("Ben", "A title\nhttps://example.org/1\nwith words.")
    await desks.share("Cara", "https://example.org/2 stays")
    await desks.ask("Ann", "publish weekly 1")
    asked = await desks.ask("Ben", "optout", channel="links")
    assert "with words" in desks.post()
    await desks.press("Ben", asked, "Forget me")
    [post] = await desks.posts()
    assert ("with words" in desks.post(), "Ben" in post) == (False, False)
    await desks.share("Ben", "https://example.org/3 again")
    assert await desks.entries() == []
    await desks.ask("Ben", "optin", channel="links")
    await desks.share("Ben", "https://example.org/4 again")
    assert await desks.entries() == ["4"]


# --- emoji ------------------------------------------------------------------------------------------------------------


async def test_an_emoji_that_decides_is_acknowledged_until_it_is_taken_back(desks):
    desks.collector = Collector(desks.store)
    desks.restart()
    links = desks.channels["links"]
    posted = desks.room.post(links, desks.people["Ben"], "https://example.org/1")
    id = MessageId(desks.seen("links").id, posted.id)
    at = desks.clock()
    await desks.listening.heard(desks.seen("links"))
    await desks.listening.heard(MessageSeen(id, desks.person("Ben"), at, posted.text, seen_at=at))

    async def react(name: str, emoji: str, *, on: bool = True) -> bool:
        await desks.listening.heard(ReactionHeard(id, desks.person(name), emoji, on, desks.clock()))
        await desks.listening.done()
        return "👌" in desks.room.message(posted.id).reactions

    assert not await react("Cara", "🚫"), "she is no editor"
    assert not await react("Ann", "🎉"), "it decides nothing"
    assert await react("Ann", "🚫")
    assert await desks.entries() == []
    assert await react("Ben", "🙈")
    assert await react("Ann", "🚫", on=False), "Ben's still stands"
    assert not await react("Ben", "🙈", on=False)
    assert await desks.entries() == ["1"]


async def test_help_explains_the_emoji(desks):
    assert "🚫 leave it out" in words(await desks.ask("Ann", "help"))
    bens = words(await desks.ask("Ben", "help", channel="links"))
    assert ("🚫" in bens, "🙈 on your own message" in bens) == (False, True)


# --- a seed -----------------------------------------------------------------------------------------------------------


async def test_a_scripted_editor_makes_the_structure_of_a_seed_out_of_raw_shares(desks, seeds):
    """Titles, order, what the editor says, an image and an outro: as in the second weekly post of the seeds' author."""
    [path] = seeds.glob("001*")
    _, _, body = path.read_text("utf-8").partition("---\n\n")
    intro, _, rest = body.partition("## 목차")
    sections = re.findall(r"^### (.+?)\n\n(.*?)(?=\n\n\n|\Z)", rest, re.MULTILINE | re.DOTALL)
    assert len(sections) == 9
    found = []
    for title, text in sections:
        line = re.match(r"\[참고\S+\]\((\S+)\)\n+", text)
        url = line[1] if line else "https://www.technologyreview.com/innovator/andrej-karpathy/"
        found.append((title, url, text[line.end() if line else 0 :].strip().removesuffix("\n\n.")))
    desks.settings = desks.settings.model_copy(update={"language": "ko", "title": "Weekly ML/DL News"})
    desks.markdown = MarkdownSettings(link_label="참고링크", tags=("ML", "DL"), categories=("news",))
    desks.restart()
    for _, url, said in reversed(found):
        # Two of them with words: one's are left, and noted upon with a picture, the other's are written anew.
        await desks.share("Ben", f"{url} 같이 봐요" if "andrej.png" in said or said == found[0][2] else url)
    for place, (title, url, said) in enumerate(found, start=1):
        desk = await desks.desk()
        opened = await desks.ask("Ann", f"edit weekly #1 {url}")
        await desks.send("Ann", opened, title=title, **({"note": said} if "andrej.png" in said else {"words": said}))
        row = next(one for one in desk.rows if url.startswith(one.url))
        for _ in range(row.number - place):
            await desks.ask("Ann", f"up weekly #1 {row.ref}")
    opened = await desks.ask("Ann", "around weekly")
    await desks.send("Ann", opened, intro=intro.strip(), outro="다음 주에 또 만나요.")
    await desks.ask("Ann", "publish weekly 1")
    post = desks.post()
    assert re.findall(r"^### (.+)$", post, re.MULTILINE) == [title for title, _, _ in found]
    assert re.findall(r"^- \[(.+?)\]\(#", post, re.MULTILINE) == [title for title, _, _ in found]
    assert (
        "![andrej's comment](/images/post_img/andrej.png)" in post.partition("같이 봐요")[2].partition("편집자 주")[2]
    )
    assert post.count("같이 봐요") == 1
    assert "> Optimize your usage of GPUs and TPUs" in post
    assert post.count("[참고링크](") == 9
    assert "여간 귀찮은게 아니지만" in post.partition("## 목차")[0]
    assert post.rstrip().endswith("다음 주에 또 만나요.")
