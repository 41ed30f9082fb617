"""What people may ask in chat: the rows, who may, what each answers, and to whom nothing is told."""

import ast
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import config
from bot.chat import Cards, Invocation
from bot.commands import ROWS, Commands, Newsletter, Row
from bot.platforms.local.client import Local
from bot.platforms.local.room import Room
from newsletter.collect import Collector
from newsletter.heard import ChannelId, ChannelSeen, MessageId, MessageSeen, PersonId, PersonSeen
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from tests import stores

ROOT = Path(__file__).resolve().parent.parent
START = datetime(2026, 6, 3, 9, tzinfo=UTC)


class Club:
    """Two newsletters in one chat: `papers` of #papers and #both, `tea` of #tea, #both and the private #leaves.

    Ann edits papers, the role `brewing` (Ben) edits tea; Cara edits nothing.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = START
        self.room = Room(self.clock, url="https://room.example")
        self.chat = Local(self.room)
        self.people = {name: self.room.join(name) for name in ("Ann", "Ben", "Cara")}
        self.room.give_role("brewing", [self.people["Ben"]])
        self.channels = {
            name: self.room.open_channel(name, private=name == "leaves")
            for name in ("papers", "tea", "both", "leaves", "elsewhere")
        }
        self.collector = Collector(store)
        self.newsletters = [
            self.newsletter("papers", ["papers", "both"], [f"local:{self.people['Ann'].id}"]),
            self.newsletter("tea", ["tea", "both", "leaves"], ["local:brewing"]),
        ]
        self.commands = self.answering(ROWS)
        self.asked = 0
        self.posted = 0

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def newsletter(self, key: str, channels: list[str], editors: list[str]) -> Newsletter:
        settings = NewsletterSettings(
            key=key,
            title=f"All about {key}",
            collect=[f"local:#{name}" for name in channels],
            post_to=[f"local:#{channels[0]}"],
            editors=editors,
            at_least=2,
        )
        destination = self.chat.destination(self.seen(channels[0]).id)
        return Newsletter(
            settings, Publisher(self.store, settings, [Outlet(destination)], clock=self.clock, owner="test")
        )

    def answering(self, rows: tuple[Row, ...]) -> Commands:
        return Commands(self.store, self.newsletters, [self.chat], clock=self.clock, rows=rows)

    def seen(self, name: str) -> ChannelSeen:
        channel = self.channels[name]
        return ChannelSeen(ChannelId("local", "room", channel.id), name, START, channel.private)

    def person(self, name: str) -> PersonId:
        return PersonId("local", "room", self.people[name].id)

    async def share(self, name: str, channel: str, text: str) -> None:
        self.posted += 1
        seen = self.seen(channel)
        await self.collector.hear(seen)
        await self.collector.hear(PersonSeen(self.person(name), name, self.clock()))
        at = self.clock()
        id = MessageId(seen.id, f"m{self.posted}")
        await self.collector.hear(MessageSeen(id, self.person(name), at, text, seen_at=at))

    async def cards(self, name: str, channel: str, text: str, commands: Commands | None = None) -> Cards:
        self.asked += 1
        invocation = Invocation(str(self.asked), text, self.person(name), self.seen(channel))
        answer = await (commands or self.commands).asked(invocation)
        assert answer.private
        return answer.cards

    async def ask(self, name: str, channel: str, text: str) -> str:
        """All the words of the answer."""
        shown = await self.cards(name, channel, text)
        said = []
        for card in (*shown.channel, *shown.thread):
            said += [card.heading, card.title, card.url, card.text.replace("\\", "")]
            said += [fact.text for line in card.lines for fact in line]
        return " | ".join(filter(None, said))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
async def club(sqlite_url: str) -> AsyncIterator[Club]:
    store = await Store.open(sqlite_url)
    yield Club(store)
    await store.close()


# --- who may -------------------------------------------------------------------------------------------------------

# Row by row it stands in test_permissions.py.


async def test_an_editor_of_one_newsletter_is_none_of_another_in_the_same_channel(club):
    for n in range(3):
        await club.share("Cara", "both", f"https://example.org/{n} for both")
    assert "for editors of tea" in await club.ask("Ann", "both", "publish tea")
    assert "for editors of papers" in await club.ask("Ben", "both", "publish papers")
    assert "All about tea" in await club.ask("Ben", "both", "publish"), "the only one Ben edits"


async def test_who_may_not_is_told_who_can_change_that(club):
    answer = await club.ask("Cara", "papers", "publish")
    assert f'editors: ["local:{club.people["Cara"].id}"]' in answer


async def test_help_shows_only_what_one_may(club):
    assert "/digest publish" in await club.ask("Ann", "papers", "help")
    assert "/digest publish" not in await club.ask("Cara", "papers", "help")


# --- what was meant ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["status", " status ", "STATUS", "Status of things", "\nstatus\tnow"])
async def test_a_command_is_found_however_it_is_written(club, text):
    assert "papers 2026-W23" in await club.ask("Cara", "papers", text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("publsh", "publish"), ("serch tea", "search"), ("Statsu", "status"), ("prev", "preview"), ("prewiev", "preview")],
)
async def test_an_unknown_command_is_answered_with_help_and_the_nearest_name(club, text, meant):
    answer = await club.ask("Ann", "papers", text)
    assert f"did you mean {meant}?" in answer
    assert "/digest recent" in answer


async def test_nothing_at_all_is_answered_with_help(club):
    answer = await club.ask("Ann", "papers", "  ")
    assert "/digest recent" in answer
    assert "did you mean" not in answer


async def test_a_missing_value_is_asked_for(club):
    assert "/digest search <words>" in await club.ask("Ann", "papers", "search")


async def test_several_newsletters_in_one_channel_are_told_apart_by_name(club):
    await club.share("Ann", "both", "https://example.org/1")
    answer = await club.ask("Ann", "both", "preview")
    assert "say which: papers, tea" in answer
    assert "All about tea" in await club.ask("Ann", "both", "preview TEA")


async def test_the_last_parameter_takes_the_rest_of_the_text(club):
    await club.share("Ann", "papers", "attention is all you need https://example.org/attention")
    assert "example.org/attention" in await club.ask("Cara", "papers", "search   attention   need ")
    assert "example.org" not in await club.ask("Cara", "papers", "search attention tea")


async def test_who_finds_more_links_than_are_shown_is_told_so(club):
    for n in range(10):
        await club.share("Ann", "papers", f"the same words https://example.org/{n}")
    assert "newest 10" not in await club.ask("Cara", "papers", "search same")
    await club.share("Ann", "papers", "the same words https://example.org/last")
    found = await club.ask("Cara", "papers", "search same")
    assert ("newest 10" in found, "example.org/last" in found, "example.org/0" in found) == (True, True, False)


# --- the answers ---------------------------------------------------------------------------------------------------


async def test_status_says_how_much_when_and_where(club):
    await club.share("Ann", "papers", "https://example.org/1")
    await club.share("Ben", "both", "https://example.org/2")
    await club.share("Ben", "both", "https://meet.google.com/abc-defg-hij")
    answer = await club.ask("Cara", "papers", "status")
    assert "2 links so far, 1 left out" in answer
    assert "closes Monday 8 June 2026, 00:00 UTC" in answer
    assert "collects from #papers, #both" in answer
    assert "goes to #papers" in answer


async def test_recent_shows_the_newest_first_and_why_a_link_is_left_out(club):
    for n in range(12):
        await club.share("Ann", "papers", f"number {n} https://example.org/{n}")
    await club.share("Ben", "papers", "https://meet.google.com/abc-defg-hij")
    answer = await club.ask("Cara", "papers", "recent")
    assert "left out: meeting" in answer
    numbers = [int(n) for n in re.findall(r"https://example\.org/(\d+)", answer)]
    assert numbers == list(range(11, 2, -1)), "ten in all"


async def test_recent_is_quiet_where_there_is_nothing(club):
    assert "No link was shared" in await club.ask("Cara", "papers", "recent")
    assert "Nothing to publish yet" in await club.ask("Cara", "papers", "preview")


async def test_publish_says_how_many_links_it_takes(club):
    await club.share("Ann", "papers", "https://example.org/1")
    assert "needs 2 links" in await club.ask("Ann", "papers", "publish")


async def test_publish_links_to_what_it_posted(club):
    for n in range(2):
        await club.share("Ann", "papers", f"https://example.org/{n}")
    answer = await club.cards("Ann", "papers", "publish")
    [[fact]] = answer.channel[0].lines
    assert fact.text == f"✔ local:{club.channels['papers'].id}: 2026-W23"
    assert fact.url.startswith(f"https://room.example/{club.channels['papers'].id}/m")


# --- to whom nothing is told -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["preview", "status", "recent", "search secret", "help", "preview tea", "xyz"])
async def test_nothing_of_another_channels_newsletter_is_told(club, command):
    await club.share("Ben", "tea", "a secret tea https://example.org/secret")
    assert "example.org/secret" not in await club.ask("Ann", "papers", command)
    assert not re.search("All about tea|tea 2026", await club.ask("Ann", "papers", command))


@pytest.mark.parametrize("command", ["recent", "search secret"])
async def test_links_of_a_private_channel_are_listed_there_only(club, command):
    await club.share("Ben", "leaves", "a secret https://example.org/secret")
    assert "example.org/secret" in await club.ask("Ben", "leaves", command)
    assert "example.org/secret" not in await club.ask("Ben", "tea", command)


async def test_a_private_channel_is_named_there_only(club):
    assert "#leaves" in await club.ask("Ben", "leaves", "status")
    assert "leaves" not in await club.ask("Ben", "tea", "status")


@pytest.mark.parametrize("name", ["ml-news", "a: b", '"], x: ["', "새 소식", "{{ x }}", "```", "#1"])
async def test_a_channel_of_no_newsletter_is_given_lines_that_work(club, tmp_path, name):
    channel = club.room.open_channel(name)
    seen = ChannelSeen(ChannelId("local", "room", channel.id), name, START)
    answer = await club.commands.asked(Invocation("1", "status", club.person("Cara"), seen))
    [card] = answer.cards.channel
    path = tmp_path / "config.yaml"
    path.write_text(card.text.partition("```yaml\n")[2].removesuffix("```"), "utf-8")
    [made] = config.load(path, {}).newsletters.values()
    assert made.lives_in(seen)
    assert made.posts_to(seen)
    assert made.editors == (f"local:{club.people['Cara'].id}",)


# --- when it goes wrong ----------------------------------------------------------------------------------------------


async def test_the_person_and_the_log_get_the_same_reference_and_only_the_log_the_cause(club, caplog):
    async def broken(_commands, _asked):
        raise RuntimeError("postgresql://user:hunter-two@host is gone")

    commands = club.answering((Row("status", "Broken", broken),))
    with caplog.at_level(logging.ERROR):
        [card] = (await club.cards("Ann", "papers", "status", commands)).channel
    reference = re.search(r"log as ([0-9a-f]{6})", card.text)[1]
    assert reference in caplog.text
    assert "hunter-two" not in card.text


async def test_an_answer_is_given_once_per_question_and_platform(club):
    runs = []

    async def count(_commands, asked):
        runs.append(asked.invocation.id)
        return Cards(())

    commands = club.answering((Row("status", "Counts", count),))
    for id in ("a", "a", "b", "a"):
        await commands.asked(Invocation(id, "status", club.person("Ann"), club.seen("papers")))
    assert runs == ["a", "b"]


# --- the rows --------------------------------------------------------------------------------------------------------


def test_rows_are_one_word_in_lower_case_with_a_line_of_help():
    for row in ROWS:
        assert re.fullmatch(r"[a-z]{1,32}", row.name)
        # Discord takes no longer description, of commands and of their values.
        assert all(0 < len(text) <= 100 and "\n" not in text for text in (row.help, *(p.help for p in row.parameters)))
        if row.listed:
            assert [p.required for p in row.parameters] == sorted((p.required for p in row.parameters), reverse=True)


def test_as_many_rows_are_listed_as_platforms_take():
    assert sum(row.listed for row in ROWS) <= 25, "Discord's subcommands"
    assert sum(bool(row.shortcut) for row in ROWS) <= 5, "Discord's menus, Slack has ten"
    assert all(len(row.shortcut) <= 24 for row in ROWS)


def test_no_adapter_knows_a_command_by_name():
    # Words with other meanings as well.
    others = "help status search recent edit out add log say up down page write back save pin about skip take hold"
    names = {row.name for row in ROWS} - set(others.split())
    for path in sorted((ROOT / "bot" / "platforms").rglob("*.py")):
        said = {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)}
        assert not names & {value for value in said if isinstance(value, str)}, path
