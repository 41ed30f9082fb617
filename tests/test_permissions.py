"""Who may what: every row is asked by everybody, with values that would work; forged and repeated questions change nothing.

A new row fails here until somebody has said who may.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat import Answer, Invocation
from bot.commands import ROWS, Commands, Newsletter
from bot.platforms.local.client import Local
from bot.platforms.local.room import Room
from bot.rows.curating import Pending
from newsletter import curate
from newsletter.collect import Collector
from newsletter.heard import ChannelId, ChannelSeen, MessageId, MessageSeen, PersonId, PersonSeen
from newsletter.model import Field
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, tables
from tests import stores

START = datetime(2026, 6, 3, 9, tzinfo=UTC)
URL = "https://example.org/tea"

EVERYBODY = "editor sharer other foreigner namesake dismissed"

WHO_MAY = {
    **dict.fromkeys(("preview", "status", "recent", "search", "help", "mine", "about", "optin"), EVERYBODY),
    "optout": EVERYBODY,
    **dict.fromkeys(("publish", "skip", "unskip", "pause", "resume", "log", "retract"), "editor"),
    **dict.fromkeys(("desk", "page", "around", "write", "save", "take"), "editor"),
    **dict.fromkeys(("pin", "unpin", "release", "hold", "up", "down"), "editor"),
    **dict.fromkeys(("add", "out", "back", "edit"), "editor sharer"),
    **dict.fromkeys(("reword", "say", "withdraw", "restore"), "sharer"),
}

ASKED = {
    **dict.fromkeys(("about", "pin", "unpin", "release", "hold", "up", "down"), "{row} papers #1 {ref}"),
    **dict.fromkeys(("add", "out", "back", "edit"), "{row} papers #1 {ref}"),
    **dict.fromkeys(("reword", "withdraw", "restore"), "{row} papers {share}"),
    "say": "{row} papers {share} 00000000",
    "save": "{row} papers #1 {ref} 0000000000000000",
    "write": "{row} papers #1 000000000000",
    "take": "{row} papers {token}",
    "page": "{row} papers #1 1",
    "search": "{row} tea",
    "skip": "{row} papers 2026-06-08",
    "unskip": "{row} papers 2026-06-08",
    "pause": "{row} papers 2026-06-20",
    "optout": "{row}",
}
FORM = {"title": "A title", "words": "Words"}
REFUSED = ("for editors", "not yours", "no newsletter yet")


class Office:
    """The newsletter `papers` of #papers. Its editor has the role `curators`; somebody else had it once.

    The foreigner has the editor's id, the namesake the sharer's, in another workspace.
    """

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, START
        self.room = Room(self.clock, url="https://room.example")
        self.chat = Local(self.room)
        self.people = {name: self.room.join(name) for name in ("editor", "sharer", "other", "dismissed")}
        self.channels = {
            name: self.room.open_channel(name, private=name == "desk") for name in ("papers", "desk", "tea")
        }
        self.room.give_role("curators", [self.people["editor"]])
        settings = NewsletterSettings(
            key="papers", collect=["local:#papers"], editors=["local:curators"], editors_channel="local:#desk"
        )
        others = NewsletterSettings(key="tea", collect=["local:#tea"], editors=["local:nobody"])
        self.settings = settings
        self.newsletters = [self.newsletter(settings), self.newsletter(others)]
        self.collector = Collector(store)
        self.commands = self.answering()
        self.asked = 0

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def newsletter(self, settings: NewsletterSettings) -> Newsletter:
        outlets = [Outlet(self.chat.destination(self.seen("papers").id))] if settings.key == "papers" else []
        return Newsletter(settings, Publisher(self.store, settings, outlets, clock=self.clock, owner="test"))

    def answering(self) -> Commands:
        return Commands(self.store, self.newsletters, [self.chat], clock=self.clock, collector=self.collector)

    def seen(self, name: str) -> ChannelSeen:
        channel = self.channels[name]
        return ChannelSeen(ChannelId("local", "room", channel.id), name, START, channel.private)

    def person(self, name: str) -> PersonId:
        if twin := {"foreigner": "editor", "namesake": "sharer"}.get(name):
            return PersonId("local", "another room", self.people[twin].id)
        return PersonId("local", "room", self.people[name].id)

    async def share(self, name: str, text: str, channel: str = "papers") -> MessageSeen:
        at = self.clock()
        message = MessageSeen(
            MessageId(self.seen(channel).id, f"m{at:%H%M%S}"), self.person(name), at, text, seen_at=at
        )
        await self.collector.hear(self.seen(channel))
        await self.collector.hear(PersonSeen(self.person(name), name, at))
        await self.collector.hear(message)
        return message

    async def ask(
        self,
        name: str,
        text: str,
        *,
        channel: str = "papers",
        id: str = "",
        values: Mapping[str, str] | None = None,
        commands: Commands | None = None,
    ) -> Answer:
        self.asked += 1
        asked = Invocation(id or str(self.asked), text, self.person(name), self.seen(channel), values=values or {})
        return await (commands or self.commands).asked(asked)

    async def text(self, row: str) -> str:
        """A question that would work, for who may."""
        desk = await self.commands.curator(self.newsletters[0]).desk()
        [link] = desk.rows
        token = self.commands.keep(
            Pending(f"local:{self.people['editor'].id}", "papers", 1, {(link.key, Field.TITLE): "A title"})
        )
        text = ASKED.get(row, "{row} papers" if row not in ("status", "recent", "help", "mine", "optin") else "{row}")
        return text.format(row=row, ref=link.ref, share=link.shares[0].share, token=token)

    async def decided(self) -> dict[str, list[str]]:
        """Everything that questions can change."""
        names = ("choice", "edition_choice", "own_choice", "act", "edition", "person")
        async with self.store.reading() as transaction:
            return {
                name: sorted(str(row) for row in await transaction.execute(tables.metadata.tables[name].select()))
                for name in names
            }


def words(answer: Answer) -> str:
    said = []
    for card in (*answer.cards.channel, *answer.cards.thread):
        said += [card.heading, card.title, card.url, card.text.replace("\\", "")]
        said += [fact.text for line in card.lines for fact in line]
    return " | ".join(filter(None, said))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
async def office(sqlite_url: str) -> AsyncIterator[Office]:
    store = await Store.open(sqlite_url)
    office = Office(store)
    await office.share("sharer", f"{URL} about tea")
    await office.ask("sharer", "status")
    # Begun, so that asking does not begin it.
    async with store.writing() as transaction:
        await office.newsletters[0].publisher.begun(transaction)
    yield office
    await store.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_only_who_may_is_answered_and_others_change_nothing(office, row):
    assert row.name in WHO_MAY, f"say in WHO_MAY who may {row.name}"
    allowed = WHO_MAY[row.name].split()
    text = await office.text(row.name)
    before = await office.decided()
    for name in EVERYBODY.split():
        if name not in allowed:
            answer = await office.ask(name, text, values=FORM)
            assert any(refused in words(answer) for refused in REFUSED), (name, text, words(answer))
            assert answer.form is None
    assert await office.decided() == before
    for name in allowed:
        answer = await office.ask(name, text, values=FORM)
        assert not any(refused in words(answer) for refused in REFUSED), (name, text, words(answer))
        assert "Something went wrong" not in words(answer)


def test_nobody_has_an_answer_for_a_row_that_is_gone():
    assert WHO_MAY.keys() == {row.name for row in ROWS}


async def test_who_loses_the_role_is_no_editor_from_then_on(office):
    text = await office.text("pin")
    office.room.give_role("curators", [office.people["dismissed"]])
    assert "for editors" in words(await office.ask("editor", text))
    office.room.give_role("curators", [office.people["editor"]])
    assert "for editors" in words(await office.ask("dismissed", text))
    assert "for editors" not in words(await office.ask("editor", text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("editor", "pin papers #99 {ref}"),
        ("editor", "pin papers #1 ffffffffffff"),
        ("editor", "pin papers #1"),
        ("editor", "pin papers #1 999"),
        ("editor", "pin papers last {ref}"),
        ("editor", "pin tea #1 {ref}"),
        ("editor", "pin papers #1 {ref} {ref}; DROP TABLE choice"),
        ("editor", "save papers #1 {ref} zzzz"),
        ("editor", "save papers #1 {ref}"),
        ("editor", "write papers #1"),
        ("editor", "take papers ffffffff"),
        ("editor", "retract papers #7"),
        ("editor", "pause papers 2020-01-01"),
        ("editor", "pause papers soon"),
        ("editor", "skip papers 2026-13-45"),
        ("sharer", "withdraw papers -1"),
        ("sharer", "withdraw papers ٣"),
        ("sharer", "withdraw papers 99999999999999999999999999"),
        ("sharer", "withdraw papers 1 OR 1=1"),
        ("other", "withdraw papers {share}"),
        ("other", "say papers {share} 00000000"),
        ("sharer", "page papers #1 1"),
        ("other", "optout maybe"),
    ],
)
async def test_forged_values_are_refused_kindly_and_change_nothing(office, name, text):
    [link] = (await office.commands.curator(office.newsletters[0]).desk()).rows
    before = await office.decided()
    written = {} if text.startswith("save") else FORM
    answer = await office.ask(name, text.format(ref=link.ref, share=link.shares[0].share), values=written)
    assert words(answer)
    assert "Something went wrong" not in words(answer)
    assert answer.form is None
    assert await office.decided() == before


@pytest.mark.parametrize(
    ("name", "text", "answered"),
    [
        ("editor", "publish papers", "out already|Nothing was published|done already"),
        ("editor", "publish papers 1", "done already"),
        ("editor", "retract papers #1", "done already"),
        ("sharer", "withdraw papers {share}", "done already"),
        ("editor", "skip papers", "done already"),
    ],
)
async def test_a_question_that_is_delivered_again_after_a_restart_does_nothing_again(office, name, text, answered):
    if "retract" in text:
        await office.ask("editor", "publish papers")
    [link] = (await office.commands.curator(office.newsletters[0]).desk(last="retract" in text)).rows
    text = text.format(share=link.shares[0].share)
    await office.ask(name, text, id="the same")
    await office.share("other", "https://example.org/more of it")
    before = await office.decided()
    answer = await office.ask(name, text, id="the same", commands=office.answering())
    assert "done already" in words(answer)
    assert await office.decided() == before


async def test_an_editors_button_for_an_edition_that_closed_meanwhile_changes_nothing(office):
    text = (await office.text("out")).replace("#1", "#2")
    assert "no edition went out yet" in words(await office.ask("editor", text))
    await office.ask("editor", "publish papers")
    assert "neither open nor the last" in words(await office.ask("editor", text.replace("#2", "#3")))
    assert "order" in words(await office.ask("editor", text.replace("out", "pin", 1).replace("#2", "#1")))


async def test_alone_with_us_one_is_told_of_what_one_edits_or_shares_in(office):
    async def alone(name: str, text: str) -> str:
        channel = ChannelSeen(ChannelId("local", "room", f"with-{name}"), "", START, private=True)
        return words(await office.commands.asked(Invocation(f"{name} {text}", text, office.person(name), channel)))

    assert "papers 2026-W23" in await alone("editor", "status")
    assert "papers 2026-W23" in await alone("sharer", "status")
    assert "no newsletter yet" in await alone("other", "status")
    assert curate.reference("a") != curate.reference("b")
