"""Private answers in the asker's language: everything a person is told, but for the edition, which has its own.

The first part is about the words and their translations, the second asks as people do, by every row there is.
"""

import ast
import asyncio
import html
import json
import re
import string
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from bot import cards, desk
from bot.chat import Answer, Cards, Invocation
from bot.commands import ROWS, Commands, Newsletter
from bot.listening import Listening
from bot.notices import Notices
from bot.places import Places
from bot.platforms.discord import questions
from bot.platforms.local.client import Local
from bot.platforms.local.draw import messages
from bot.platforms.local.room import Room
from bot.platforms.slack import draw as slack_draw
from bot.speech import Speech, of_asker, of_newsletter, spoken
from newsletter.collect import Collector
from newsletter.errors import UserError
from newsletter.heard import ChannelId, ChannelSeen, MessageId, MessageSeen, PersonId, PersonSeen
from newsletter.lint import lint
from newsletter.phrase import Phrase
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings, SectionSettings
from newsletter.store import Store
from tests import stores
from tests.servers.discord import checks

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ROOT / "bot" / "languages"
START = datetime(2026, 6, 3, 9, tzinfo=UTC)
HANGUL = re.compile(r"[\uac00-\ud7a3]")


# --- the words -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every template in the code, found as docs/extend.md says."""
    pot = tmp_path_factory.mktemp("words") / "messages.pot"
    config = ["-F", str(LANGUAGES / "extract.toml"), "--no-location", "-o", str(pot)]
    CommandLineInterface().run(["pybabel", "-q", "extract", *config, str(ROOT)])
    with pot.open("rb") as file:
        return read_po(file)


def translated(code: str) -> Catalog:
    with (LANGUAGES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def forms(words: str | tuple[str, ...]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


OTHERS = [code for code in spoken() if code != "en"]


@pytest.mark.parametrize("code", OTHERS)
def test_every_word_is_translated_and_no_other(code: str, said: Catalog) -> None:
    there = translated(code)
    wanted, found = ({forms(one.id) for one in catalog if one.id} for catalog in (said, there))
    assert (wanted - found, found - wanted) == (set(), set()), "docs/extend.md says how to bring it up to date"
    assert [one.id for one in there if one.id and (one.fuzzy or not all(forms(one.string)))] == []
    assert not there.obsolete


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_places_of_its_template(code: str) -> None:
    for one in translated(code):
        for template in forms(one.string) if one.id else ():
            assert places(template) == places(forms(one.id)[-1]), one.id


SAYS = ("say", "counted", "Phrase", "UserError", "PermissionDenied")
# Whose errors a person in a chat may be told; others' are for the command line.
TOLD_IN_CHAT = [
    *sorted((ROOT / "bot" / "rows").glob("*.py")),
    *(ROOT / name for name in "bot/asking.py bot/commands.py newsletter/curate.py newsletter/curator.py".split()),
    ROOT / "newsletter/week.py",
]


SPOKEN_IN = [path for folder in ("bot", "bot/rows", "newsletter") for path in sorted((ROOT / folder).glob("*.py"))]


@pytest.mark.parametrize("path", SPOKEN_IN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_said_is_never_put_together_before_it_is_translated(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))

    def says(node: ast.AST) -> str:
        """The name of what is called with words in this place, else nothing."""
        called = node.func if isinstance(node, ast.Call) and node.args else None
        name = getattr(called, "attr", getattr(called, "id", ""))
        return name if name in ("say", "counted", "Phrase") or (name in SAYS and path in TOLD_IN_CHAT) else ""

    for node in ast.walk(tree):
        if says(node):
            assert not isinstance(node.args[0], ast.JoinedStr | ast.BinOp), f"{path}:{node.lineno}"
        if isinstance(node, ast.JoinedStr):
            words = [one for one in ast.walk(node) if says(one) and isinstance(one.args[0], ast.Constant)]
            assert not words, f"{path}:{node.lineno}: inside of an f-string no tool finds it"


@pytest.mark.parametrize(
    ("locale", "newsletter", "code"),
    [
        ("ko", "en", "ko"),
        ("ko-KR", "en", "ko"),
        ("ko_KR", "en", "ko"),
        ("KO", "en", "ko"),
        ("en-US", "ko", "en"),
        ("en-GB", "ko", "en"),
        ("", "ko", "ko"),
        ("", "en", "en"),
        ("fr", "ko", "ko"),
        ("fr", "ja", "en"),
        ("kok", "en", "en"),
        ("../../etc", "en", "en"),
    ],
)
def test_the_askers_language_is_known_by_its_locale_else_it_is_the_newsletters(locale, newsletter, code):
    assert of_asker(locale, newsletter).code == code


@pytest.mark.parametrize("code", spoken())
@pytest.mark.parametrize("value", ["{n}", "{0.__class__}", "{when}", "{", "}", "{{}}", "%s", "closes {when}"])
def test_what_a_stranger_wrote_is_no_template(code: str, value: str) -> None:
    speech = Speech(code)
    assert value in speech.say("closes {when}", when=value)
    assert value in speech.say("in: {why}", why=Phrase.joined(["invite", value]))
    assert value in str(UserError("{text} is no edition's number", text=value))
    assert speech.say(value) == value or value == "closes {when}"


def test_a_phrase_is_its_english_and_can_be_said_in_another_language() -> None:
    people = [Phrase.counted("{n} person", "{n} people", n) for n in (1, 2)]
    why = Phrase.joined([*people, Phrase("held back from public places: {reason}", reason=Phrase("internal host"))])
    assert why == "1 person, 2 people, held back from public places: internal host"
    assert Speech().say(why) == str(why)
    assert Speech("ko").say(why) == "1명, 2명, 공개된 곳에는 보류: 내부 주소"


def test_a_language_without_translations_is_spoken_in_english() -> None:
    assert of_newsletter("ja") == Speech("en")
    assert Speech("ko").say("") == ""
    assert Speech("ko").say("never said anywhere") == "never said anywhere"


# --- asked by people -----------------------------------------------------------------------------------------------


class House:
    """The newsletter `weekly` of #links, in English; Ann edits it, Ben shares, and their editors meet in #desk."""

    def __init__(self, store: Store, **more: object) -> None:
        self.store, self.now, self.posted, self.asked = store, START, 0, 0
        self.rows: set[str] = set()
        self.room = Room(self.clock, url="https://room.example")
        self.chat = Local(self.room)
        self.people = {name: self.room.join(name) for name in ("Ann", "Ben")}
        self.channels = {
            name: self.room.open_channel(name, private=name == "desk") for name in ("links", "desk", "elsewhere")
        }
        given: dict[str, object] = {
            "key": "weekly",
            "title": "Weekly",
            "collect": ["local:#links"],
            "post_to": ["local:#links"],
            "editors": [f"local:{self.people['Ann'].id}"],
            "editors_channel": "local:#desk",
            "sections": [SectionSettings(tag="paper", title="논문", hashtags=["paper"])],
            "at_least": 1,
        }
        self.settings = NewsletterSettings(**(given | more))
        self.collector = Collector(store)
        outlet = Outlet(self.chat.destination(self.seen("links").id))
        self.publisher = Publisher(store, self.settings, [outlet], clock=self.clock, owner="test")
        self.commands = self.answering()

    def answering(self) -> Commands:
        newsletters = [Newsletter(self.settings, self.publisher)]
        return Commands(self.store, newsletters, [self.chat], clock=self.clock, collector=self.collector)

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def seen(self, name: str) -> ChannelSeen:
        if name == "alone":
            return ChannelSeen(ChannelId("local", "room", self.room.converse(self.people["Ann"]).id), "", START, True)
        channel = self.channels[name]
        return ChannelSeen(ChannelId("local", "room", channel.id), name, START, channel.private)

    def person(self, name: str) -> PersonId:
        return PersonId("local", "room", self.people[name].id)

    async def share(self, name: str, text: str) -> MessageSeen:
        self.posted += 1
        at = self.clock()
        id = MessageId(self.seen("links").id, f"m{self.posted}")
        message = MessageSeen(id, self.person(name), at, text, seen_at=at)
        for heard in (self.seen("links"), PersonSeen(self.person(name), name, at), message):
            await self.collector.hear(heard)
        return message

    async def ask(
        self,
        name: str,
        text: str,
        *,
        locale: str = "ko",
        channel: str = "links",
        values: Mapping[str, str] | None = None,
        message: MessageSeen | None = None,
        again: bool = False,
    ) -> Answer:
        self.asked += not again
        self.rows.add(text.partition(" ")[0])
        return await self.commands.asked(
            Invocation(f"q{self.asked}", text, self.person(name), self.seen(channel), locale, values or {}, message)
        )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
async def built(url: str) -> AsyncIterator[Callable[..., House]]:
    """``built(**settings)``."""
    store = await Store.open(url)
    yield lambda **more: House(store, **more)
    await store.close()


@pytest.fixture
def house(built: Callable[..., House]) -> House:
    return built()


def texts(answer: Answer | Cards) -> list[str]:
    """Everything somebody reads of an answer."""
    shown = answer.cards if isinstance(answer, Answer) else answer
    found: list[str] = []
    for card in (*shown.channel, *shown.thread):
        found += [card.heading, card.title, html.unescape(card.text.replace("\\", ""))]
        found += [fact.text for line in card.lines for fact in line]
        found += [action.label for action in card.actions]
    if isinstance(answer, Answer) and answer.form is not None:
        found += [answer.form.title, answer.form.send]
        for field in answer.form.fields:
            found += [field.label, field.hint, *(label for _, label in field.options)]
    return [text for text in found if text]


@cache
def english() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The templates, and what a text that was made by one looks like: the whole of it, or where it has several words
    any part."""
    found = []
    for message in translated("ko"):
        for template, spoken_so in zip(forms(message.id), 2 * forms(message.string), strict=False):
            pieces = [piece for piece, *_ in string.Formatter().parse(template)]
            if not re.search("[A-Za-z]", "".join(pieces)) or template == spoken_so:
                continue
            pattern = "(.*)".join(map(re.escape, pieces)) + ("(.*)" if template.endswith("}") else "")
            several = max(len(re.findall("[A-Za-z]+", piece)) for piece in pieces) > 1
            found.append((template, re.compile(pattern if several else f"^{pattern}$", re.DOTALL)))
    return tuple(found)


def in_english(shown: Iterable[str]) -> list[tuple[str, str]]:
    return [(text, template) for text in shown for template, pattern in english() if pattern.search(text)]


def test_english_is_noticed() -> None:
    assert in_english(["closes Monday 8 June 2026", "Edit", "❗ no title of its own", "3 links"])
    assert not in_english(["마감: 2026년", "고치기", "[Edit distance](https://example.org)"])


async def test_whatever_is_asked_in_korean_is_answered_in_korean(house: House) -> None:
    """By every row, as its editor and as who shares: with what is there and with what is not."""
    shared = [
        await house.share("Ben", f"https://example.org/{n}\n{tag}" if n % 2 else f"https://example.org/page-{n}")
        for n, tag in enumerate(["Eins", "Zwei #paper", "Drei", "Vier #paper", "Acht", "Neun", "Zehn"])
    ]
    await house.share("Ben", "https://meet.google.com/abc-defg-hij")
    await house.share("Ben", "https://wiki.corp/seite")
    own = await house.share("Ann", "https://example.org/own\nElf")

    async def ask(name: str, text: str, **more: object) -> Answer:
        answer = await house.ask(name, text, **more)
        wrong = in_english(texts(answer))
        assert not wrong, (text, wrong)
        only_the_edition = text == "publish"  # where it went, and its own words
        assert only_the_edition or any(HANGUL.search(one) for one in texts(answer)), text
        return answer

    for name in ("Ann", "Ben"):
        for text in ("help", "mine"):
            await ask(name, text)
    for text in ("status", "recent", "search Zwei", "search nirgends", "search 가", "search !", ""):
        await ask("Ben", text)
    await ask("Ann", "preview")
    for text in ("desk", "desk #1", "page weekly #1 2", "about 1", "about 8", "about 9", "log", "around"):
        await ask("Ann", text, channel="alone")
    for text in ("out 1", "back 1", "pin 2", "unpin 2", "release 9", "hold 9", "up 2", "down 2", "edit 1", "add 1"):
        await ask("Ann", text)
    for text in ("about", "out", "edit", "add"):
        await ask("Ben", text, message=shared[0])
    await ask("Ann", "desk", channel="links")

    # Forms, also where two write the same.
    form = (await ask("Ann", "edit 1")).form
    assert form is not None
    await ask("Ann", form.text, values={"title": "Anders"})
    conflict = await ask("Ann", form.text, values={"title": "Noch anders"})
    await ask("Ann", conflict.cards.channel[0].actions[0].text)
    around = (await ask("Ann", "around")).form
    assert around is not None
    await ask("Ann", around.text, values={"intro": "Guten Tag"})
    buttons = {
        action.text.split()[0]: action.text
        for card in (await ask("Ben", "mine")).cards.channel
        for action in card.actions
    }
    form = (await ask("Ben", buttons["reword"])).form
    assert form is not None
    await ask("Ben", form.text, values={"title": "Mein Titel"})
    await ask("Ben", buttons["withdraw"])
    await ask("Ben", buttons["withdraw"].replace("withdraw", "restore"))

    # What cannot be.
    for text in (
        "serch Zwei", "gibberish", "search", "unskip", "unskip 2026-99-99", "unskip 2026-06-15", "pause 2020-01-01",
        "pause 0001-01-01", "publish 77", "publish 1 2 x", "edit", "out 99", "desk #77", "desk last", "retract",
        "retract #9", "take weekly 00", "say weekly 999 x", "reword weekly x", "edit 1 https://nirgends.example",
    ):  # fmt: skip
        await ask("Ann", text)
    for text in ("publish", "pin 1", "desk"):
        await ask("Ben", text)
    await ask("Ben", "out 10")  # Ann's
    await ask("Ben", "add", message=own)
    await ask("Ben", "status", channel="elsewhere")

    # The weeks.
    for text in ("skip", "unskip 2026-06-08", "pause 2026-07-01", "resume", "publish", "publish 1", "log", "status"):
        await ask("Ann", text)
    for text in ("preview", "recent", "about 1", "desk last", "about last 1", "out last 2", "pin last 1", "retract"):
        await ask("Ann", text, channel="alone")
    await ask("Ann", "add", message=shared[0])
    await ask("Ben", "about", message=shared[1])
    await ask("Ben", "mine")
    await ask("Ann", "retract #1")
    for text in ("optin", "optout", "optout yes", "mine", "optin"):
        await ask("Ben", text)
    house.commands = house.answering()  # after a restart the question comes again
    await ask("Ben", "optin", again=True)
    assert {row.name for row in ROWS} <= house.rows


async def test_what_nobody_foresaw_is_told_in_the_askers_language(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.publisher.preview = None  # type: ignore[method-assign]
    (said,) = texts(await house.ask("Ann", "preview"))
    assert HANGUL.search(said)
    assert not in_english([said])
    assert re.search("reference [0-9a-f]{6}", caplog.text)


@pytest.mark.parametrize(("locale", "language", "korean"), [("", "ko", True), ("fr", "ko", True), ("fr", "en", False)])
async def test_who_speaks_none_of_our_languages_is_told_in_the_newsletters(built, locale, language, korean):
    house = built(language=language)
    said = texts(await house.ask("Ben", "help", locale=locale))
    assert bool(HANGUL.search(" ".join(said))) == korean
    assert bool(in_english(said)) != korean


async def test_a_strangers_braces_are_inert_in_every_answer(house: House) -> None:
    await house.share("Ben", "https://example.org/1\n{say} {0.__class__} {title}")
    for locale in ("ko", "en"):
        for text in ("search {wanted} {0}", "preview", "recent", "mine", "about 1", "{name} {meant}"):
            answer = await house.ask("Ben", text, locale=locale)
            assert not re.search("Something went wrong|문제가 생겼습니다", " ".join(texts(answer)))
        assert "{wanted} {0}" in " ".join(texts(await house.ask("Ben", "search {wanted} {0}", locale=locale)))
        assert "{name}" in " ".join(texts(await house.ask("Ben", "{name} {meant}", locale=locale)))


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_a_preview_is_the_same_for_whoever_asks(built, language):
    house = built(language=language)
    for n in range(7):
        await house.share("Ben", f"https://example.org/{n}\nNummer {n}")
    asked = [await house.ask("Ben", "preview", locale=locale) for locale in ("ko", "en", "")]
    edition = cards.of_edition(await house.publisher.preview())
    for draw in (messages, slack_draw.messages):
        assert {draw(answer.cards) for answer in asked} == {draw(edition)}
    ko, en = [(await house.ask("Ann", "preview", locale=locale)).cards for locale in ("ko", "en")]
    assert ko.channel[:-1] == en.channel[:-1] == edition.channel
    assert (ko.channel[-1].actions[0].label, en.channel[-1].actions[0].label) == ("편집 화면 열기", "Open the desk")


async def test_a_desk_that_stands_in_a_channel_speaks_the_newsletters_language(house: House) -> None:
    for n in range(5):
        await house.share("Ben", f"https://example.org/{n}")
    there = await house.ask("Ann", "desk", channel="desk")
    assert not there.private
    assert "Publish now" in texts(there)
    turned = await house.ask("Ann", "page weekly #1 2", channel="desk")
    assert "◀ Page" in texts(turned)
    assert "지금 발행" in texts(await house.ask("Ann", "desk", channel="alone"))
    sent = await house.ask("Ann", "desk", channel="links")
    assert texts(sent) == ["편집 화면이 있는 곳: #desk"]
    posted = [one for one in house.room.messages(house.channels["desk"].id) if one.author.bot]
    assert "closes" in posted[-1].text


async def test_the_language_of_a_browser_reaches_the_answer(house: House) -> None:
    listening = Listening(
        house.store, house.collector, house.commands, [house.settings], [house.chat], clock=house.clock
    )
    running = asyncio.create_task(house.chat.run(listening))
    try:
        await house.room.quiet()
        for locale, korean in (("ko-KR", True), ("en-US", False)):
            channel, ben = house.channels["links"], house.people["Ben"]
            shown = await house.room.ask(channel, ben, "status", locale=locale)
            assert bool(HANGUL.search(str(shown))) == korean
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_discord_offers_the_commands_in_every_language_and_again_only_where_one_changed() -> None:
    wanted = questions.offered("/digest", [row for row in ROWS if row.listed], everywhere=True)
    checks.commands(wanted)
    assert [one["description_localizations"]["ko"] for one in wanted[0]["options"] if one["name"] == "help"] == [
        "물어볼 수 있는 것"
    ]
    assert {"ko": "뉴스레터에 넣기"} in [one.get("name_localizations") for one in wanted[1:]]
    registered = json.loads(json.dumps(wanted))
    assert questions.same(wanted, registered)
    registered[0]["options"][0]["description_localizations"]["ko"] = "옛 설명"
    assert not questions.same(wanted, registered)
    before = [without(one, told=True) for one in wanted]
    assert not questions.same(wanted, before), "by a Linkletter that spoke English only"
    assert questions.same(wanted, [without(one, told=False) for one in wanted]), "nobody knows"


def without(command: dict, *, told: bool) -> dict:
    """A command as it is told without translations: as there are none, or because they are not told."""
    own = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    if "options" in own:
        own["options"] = [without(one, told=told) for one in own["options"]]
    return own | ({"name_localizations": None, "description_localizations": None} if told else {})


# --- told by itself ------------------------------------------------------------------------------------------------


async def test_what_editors_and_a_channel_are_told_is_in_the_newsletters_language(built):
    house = built(language="ko")
    for text in (
        "https://example.org/1",
        "https://example.org/2?ref=x\nEins…",
        "https://wiki.corp/x",
        "https://discord.gg/x",
    ):
        await house.share("Ben", text)
    edition, settings, now = await house.publisher.preview(), house.settings, house.now
    found = lint(edition, settings, public=True)
    told = [
        desk.draft(edition, settings, now, now, "/digest", Speech("ko"), found, 1),
        desk.closed(edition, None, settings, now, "/digest", Speech("ko")),
        desk.closed(edition, now, settings, now, "/digest", Speech("ko")),
        cards.introduction([settings], "/digest", now, Speech("ko")),
        cards.seen_before(["6월 2주차에도 소개"], Speech("ko")),
    ]
    for shown in told:
        assert in_english(texts(shown)) == []


async def test_editors_are_told_of_trouble_and_its_end_in_the_newsletters_language_and_the_log_in_english(
    built, caplog
):
    house = built(language="ko")
    await house.share("Ben", "https://example.org/1")
    await house.publisher.publish("test")
    house.room.trouble.no_posting = True
    await house.publisher.deliver()
    house.room.trouble.no_posting = False
    notices = Notices(house.store, Places(house.store, [house.chat]), clock=house.clock)
    await notices.of_deliveries(house.settings, "/digest")
    await house.publisher.deliver(failed_too=True)
    await notices.of_deliveries(house.settings, "/digest")
    wrong, right = [one.text for one in house.room.messages(house.channels["desk"].id) if one.author.bot]
    assert "전달 실패" in wrong
    assert "고친 뒤에는 이 명령으로 다시 보냅니다: /digest publish weekly" in wrong
    assert "해결됨: weekly 6월 1주차 → local" in right
    assert "weekly 6월 1주차 did not reach local" in caplog.text
