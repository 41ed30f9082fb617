"""Owning one's words: what is edited, deleted, withdrawn or opted out of after publication, and what time makes forget.

After somebody opts out, every table and every file is read whole, and nothing of theirs is in it.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from newsletter import render, render_site
from newsletter.collect import Collector
from newsletter.destinations.markdown import MarkdownFolder, part_of
from newsletter.destinations.site import SiteFolder
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    EmojiSeen,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    ReactionHeard,
    Reading,
    Source,
)
from newsletter.model import Field
from newsletter.privacy import Privacy
from newsletter.publish import Outlet, Publisher, Recap
from newsletter.search import read
from newsletter.settings import Audience, MarkdownSettings, NewsletterSettings, SiteSettings
from newsletter.store import Store, choices, editions, search, tables
from tests import stores

LINKS = ChannelId("slack", "T1", "C1")
ANN, BEN = PersonId("slack", "T1", "U1"), PersonId("slack", "T1", "U2")
START = datetime(2026, 6, 3, 9, tzinfo=UTC)  # a Wednesday; the cut-offs are on Mondays
SHOWN = ("people", "reactions", "permalinks", "channels")


class Press:
    """A newsletter that writes posts for the team, an index and a site, out of what Ann and Ben say in #links."""

    def __init__(self, store: Store, folder: Path, **settings: object) -> None:
        self.store, self.folder, self.now = store, folder, START
        self.collector = Collector(store)
        self.settings = NewsletterSettings(key="weekly", title="Week {{ week.label }}", **settings)
        self.publisher = self.press()
        self.privacy = Privacy(store, [self.settings], clock=self.clock)
        self.heard = 0

    def press(self, *, with_files: bool = True) -> Publisher:
        markdown = MarkdownSettings(audience=Audience.TEAM)
        posts = MarkdownFolder(
            self.folder,
            lambda edition: (f"{render.slug_of(edition)}.md", render.post(edition, markdown)),
            key="markdown",
        )
        index = MarkdownFolder(self.folder, lambda _: ("", ""), key="markdown-index")
        site = SiteSettings(audience=Audience.TEAM, show=SHOWN)
        pages = SiteFolder(
            self.folder / "site", "weekly", lambda all: render_site.files(all, self.settings, site), key="site"
        )
        return Publisher(
            self.store,
            self.settings,
            [Outlet(posts, Audience.TEAM)] if with_files else [],
            [
                Recap(
                    index,
                    lambda all: part_of("index.md", render.index("weekly", all, markdown, posts={})),
                    Audience.TEAM,
                ),
                Recap(pages, pages.draw_all, Audience.TEAM, SHOWN),
            ]
            if with_files
            else [],
            clock=self.clock,
            owner="test",
        )

    def clock(self) -> datetime:
        return self.now

    def message(self, id: str, person: PersonId, said: str, **values: object) -> MessageSeen:
        self.heard += 1
        at = values.pop("at", self.now)
        return MessageSeen(
            MessageId(LINKS, id), person, at, said, seen_at=self.now, permalink=f"https://chat/{id}", **values
        )

    async def hear(self, *heard: object) -> None:
        for one in heard:
            self.now += timedelta(seconds=1)
            await self.collector.hear(one)

    async def said(self, id: str, person: PersonId, words: str, **values: object) -> MessageSeen:
        message = self.message(id, person, words, **values)
        await self.hear(message)
        return message

    async def begin(self) -> None:
        await self.hear(
            ChannelSeen(LINKS, "links", START), PersonSeen(ANN, "Annabel", START), PersonSeen(BEN, "Benedict", START)
        )

    async def publish(self) -> None:
        await self.publisher.publish("test")
        await self.publisher.deliver()
        self.now += timedelta(days=1)

    async def follow(self) -> None:
        await self.publisher.follow()
        await self.publisher.deliver()

    async def is_stale(self) -> bool:
        async with self.store.reading() as transaction:
            return bool(await editions.stale(transaction, "weekly"))

    def posts(self) -> str:
        return "\n".join(path.read_text("utf-8") for path in sorted(self.folder.glob("*.md")))

    async def everything(self) -> dict[str, str]:
        """Every row of every table there is, of the index too, and every file, as text."""
        found: dict[str, str] = {}
        async with self.store.reading() as transaction:
            names = await transaction.run_sync(lambda connection: inspect(connection).get_table_names())
            assert {*tables.metadata.tables, "share_terms", "edition_terms"} <= set(names)
            for name in names:
                for n, row in enumerate(await transaction.execute(text(f'SELECT * FROM "{name}"'))):  # noqa: S608
                    found[f"{name} {n}"] = repr(tuple(row))
        for path in self.folder.rglob("*"):
            if path.is_file():
                found[str(path.relative_to(self.folder))] = path.read_text("utf-8")
        return found

    async def where(self, words: str) -> list[str]:
        """The places where these words stand, as they are or as JSON writes them."""
        forms = {words.lower(), json.dumps(words)[1:-1].lower()}
        there = (await self.everything()).items()
        return [place for place, said in there if any(form in said.lower() for form in forms)]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
async def press(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Press]:
    store = await Store.open(sqlite_url)
    press = Press(store, tmp_path / "posts")
    await press.begin()
    yield press
    await store.close()


@pytest.fixture
async def press_on_any_database(database_url: str, tmp_path: Path) -> AsyncIterator[Press]:
    store = await Store.open(database_url)
    press = Press(store, tmp_path / "posts")
    await press.begin()
    yield press
    await store.close()


@pytest.fixture
async def press_that_forgets(database_url: str, tmp_path: Path) -> AsyncIterator[Press]:
    store = await Store.open(database_url)
    press = Press(store, tmp_path / "posts", retention=30)
    await press.begin()
    yield press
    await store.close()


# --- editions that follow ---------------------------------------------------------------------------------------------


async def test_what_is_said_of_a_link_that_was_printed_makes_its_edition_stale_and_nothing_else_does(press):
    first = await press.said("1", ANN, "A quotable line\nhttps://example.org/1\nas it was")
    await press.publish()
    await press.hear(first)
    assert not await press.is_stale(), "heard again"
    await press.hear(ReactionHeard(first.id, BEN, "🎉", True, press.now))
    assert not await press.is_stale(), "somebody else's reaction"
    await press.said("2", BEN, "https://example.org/2 is new")
    await press.hear(press.message("2", BEN, "https://example.org/2 is edited", edited_at=press.now))
    assert not await press.is_stale(), "of the open edition"
    edited = press.message("1", ANN, "A quotable line\nhttps://example.org/1\nas it is", edited_at=press.now, at=START)
    await press.hear(edited)
    assert await press.is_stale()
    assert [one.entries[0].words for one in await press.publisher.follow()] == ["as it is"]
    assert not await press.is_stale()


@pytest.mark.parametrize(
    "loses",
    [
        lambda press: MessageGone(MessageId(LINKS, "1")),
        lambda press: press.message("1", ANN, "no link any more", edited_at=press.now, at=START),
        lambda press: ReactionHeard(MessageId(LINKS, "1"), ANN, "🙈", True, press.now),
        lambda press: Reading(ChannelSeen(LINKS, "links", START), press.now, (), complete=True),
    ],
    ids=["deleted", "link gone", "taken out by its sharer", "absent from a complete reading"],
)
async def test_a_link_that_goes_goes_from_what_was_published(press, loses):
    await press.said("1", ANN, "https://example.org/1 was it", at=START)
    await press.said("2", BEN, "https://example.org/2 stays", at=START)
    await press.publish()
    assert "example.org/1" in press.posts()
    gone = loses(press)
    if isinstance(gone, Reading):
        stays = press.message("2", BEN, "https://example.org/2 stays", at=START)
        gone = Reading(gone.channel, press.now + timedelta(days=1), (stays,), complete=True)
    await press.hear(gone)
    await press.follow()
    assert "example.org/1" not in press.posts()
    assert "example.org/2" in press.posts()


async def test_a_link_its_sharer_took_out_after_publication_comes_back_when_the_reaction_is_taken_back(press):
    message = await press.said("1", ANN, "https://example.org/1 was it")
    await press.said("2", BEN, "https://example.org/2 stays")
    await press.publish()
    before = press.posts()
    await press.hear(ReactionHeard(message.id, ANN, "🙈", True, press.now))
    await press.follow()
    assert "example.org/1" not in press.posts()
    await press.hear(ReactionHeard(message.id, ANN, "🙈", False, press.now + timedelta(seconds=1)))
    await press.follow()
    assert press.posts() == before


async def test_only_the_sharers_own_emoji_takes_their_link_out(press):
    message = await press.said("1", ANN, "https://example.org/1 was it")
    await press.hear(ReactionHeard(message.id, BEN, "🙈", True, press.now))
    assert len((await press.publisher.preview()).entries) == 1
    await press.hear(ReactionHeard(message.id, ANN, "🙈", True, press.now))
    edition = await press.publisher.preview()
    assert (len(edition.entries), [left.reason for left in edition.left_out]) == (0, ["withdrawn by its sharer"])


async def test_of_a_link_that_several_shared_only_the_one_who_withdraws_goes(press):
    message = await press.said("1", ANN, "https://example.org/1 as Ann says")
    await press.said("2", BEN, "https://example.org/1 as Ben says")
    await press.hear(ReactionHeard(message.id, ANN, "🙈", True, press.now))
    [entry] = (await press.publisher.preview()).entries
    assert ([one.person.name for one in entry.shares], entry.words) == (
        ["Benedict"],
        "https://example.org/1 as Ben says",
    )


async def test_the_words_of_a_bare_link_are_followed_too(press):
    await press.said("1", ANN, "https://example.org/1", at=START)
    await press.said("2", ANN, "my words of later", at=START + timedelta(minutes=1))
    await press.publish()
    assert "my words of later" in press.posts()
    at = START + timedelta(minutes=1)
    await press.hear(press.message("2", ANN, "my second thoughts", edited_at=press.now, at=at))
    assert await press.is_stale()
    await press.follow()
    assert ("my words of later" in press.posts(), "my second thoughts" in press.posts()) == (False, True)


async def test_a_process_that_knows_some_of_the_places_leaves_the_others_to_one_that_knows_them(press):
    message = await press.said("1", ANN, "https://example.org/1 was it")
    await press.said("2", BEN, "https://example.org/2 stays")
    await press.publish()
    await press.hear(MessageGone(message.id))
    await press.press(with_files=False).deliver()
    assert "example.org/1" in press.posts()
    assert await press.is_stale()
    await press.follow()
    assert "example.org/1" not in press.posts()


# --- opting out -------------------------------------------------------------------------------------------------------


async def a_life(press: Press) -> list[MessageSeen]:
    """Ann shares, replies, reacts and is mentioned, in an edition that went out and in the open one."""
    mention = f"[@Annabel](person:{ANN.id})"
    said = [
        await press.said(
            "1", ANN, "A marvellous title of mine\nhttps://example.org/1\nwith plenty of periwinkle 라일락 #tulip"
        ),
        await press.said("2", ANN, "https://example.org/bare"),
        await press.said("3", ANN, "words that follow, with lavender"),
        await press.said("4", BEN, f"thanks to {mention} for https://example.org/2"),
        await press.said("5", BEN, f"https://example.org/1 as {mention} said before"),
        await press.said("6", ANN, "https://meet.google.com/abc-defg-hij chrysanthemum"),
    ]
    await press.hear(ReactionHeard(said[3].id, ANN, "🎉", True, press.now))
    await press.publish()
    said.append(await press.said("7", ANN, "https://example.org/open still buttercup"))
    said.append(await press.said("8", BEN, f"https://example.org/3 for {mention}"))
    return said


OWN_WORDS = ("marvellous", "periwinkle", "라일", "tulip", "lavender", "chrysanthemum", "buttercup")


async def test_after_opting_out_the_name_and_the_words_are_nowhere(press_on_any_database):
    press = press_on_any_database
    said = await a_life(press)
    for words in ("Annabel", *OWN_WORDS):
        assert await press.where(words), f"{words} must be there before"
    await press.privacy.opt_out(ANN)
    still = {place for words in ("Annabel", *OWN_WORDS) for place in await press.where(words)}
    assert all((press.folder / place).is_file() for place in still), f"files only are still to be written: {still}"
    await press.follow()
    for words in ("Annabel", *OWN_WORDS):
        assert await press.where(words) == []
    assert "example.org/1" in press.posts(), "the link stays, since Ben shared it"
    assert "Benedict" in press.posts()

    # Heard again, live and from an export, by this process and by a new one.
    for collector in (press.collector, Collector(press.store)):
        press.collector = collector
        await press.hear(PersonSeen(ANN, "Annabel", press.now), *said)
        exported = [
            MessageSeen(**{f: getattr(one, f) for f in one.__slots__} | {"source": Source.EXPORT}) for one in said
        ]
        exported[3] = MessageSeen(
            **{f: getattr(exported[3], f) for f in exported[3].__slots__}
            | {"emoji": (EmojiSeen("🎉", 2, (ANN, BEN)), EmojiSeen("👀", 1, (ANN,)))}
        )
        await press.hear(
            Reading(
                ChannelSeen(LINKS, "links", START),
                press.now,
                tuple(exported),
                people=(PersonSeen(ANN, "Annabel", press.now),),
                source=Source.EXPORT,
            )
        )
        await press.hear(press.message("9", ANN, "https://example.org/9 buttercup"))
        await press.follow()
        for words in ("Annabel", *OWN_WORDS):
            assert await press.where(words) == []
    assert [entry.url for entry in (await press.publisher.preview()).entries] == ["https://example.org/3"]


async def test_after_opting_out_the_words_are_not_in_the_bytes_of_the_database_either(press, tmp_path):
    await a_life(press)
    await press.hear(*(press.message(f"more{n}", BEN, f"https://example.org/more/{n}") for n in range(50)))

    def where() -> list[str]:
        files = sorted(tmp_path.glob("linkletter.db*"))
        return [f"{words} in {file.name}" for file in files for words in told if words.encode() in file.read_bytes()]

    told = ("Annabel", *OWN_WORDS)
    assert where()
    await press.privacy.opt_out(ANN)
    assert where() == []


async def test_search_finds_nothing_of_somebody_who_opted_out(press):
    await a_life(press)
    await press.privacy.opt_out(ANN)
    async with press.store.reading() as transaction:
        assert await search.find(transaction, read("periwinkle"), None, 10, newsletters=None) == ()
        assert len(await search.find(transaction, read("thanks"), None, 10)) == 1


async def test_opting_out_before_anything_was_said_is_kept(press):
    nobody = PersonId("slack", "T1", "U9")
    await press.privacy.opt_out(nobody)
    await press.said("1", nobody, "https://example.org/1 buttercup")
    assert await press.where("buttercup") == []


async def test_who_opts_in_again_is_listened_to_from_then_on(press):
    await a_life(press)
    await press.privacy.opt_out(ANN)
    await press.follow()
    assert await press.privacy.opt_in(ANN)
    assert not await press.privacy.opt_in(ANN)
    await press.hear(PersonSeen(ANN, "Annabel", press.now))
    await press.said("9", ANN, "https://example.org/9 heather")
    [entry] = [one for one in (await press.publisher.preview()).entries if one.url == "https://example.org/9"]
    assert (entry.shares[0].person.name, entry.words) == ("Annabel", "heather")


async def test_an_edition_of_the_past_is_erased_as_well(press):
    await a_life(press)
    press.now += timedelta(days=30)
    await press.publisher.archive("test")
    await press.publisher.deliver()
    await press.privacy.opt_out(ANN)
    await press.follow()
    assert await press.where("buttercup") == []
    assert await press.where("Annabel") == []


async def test_opting_out_twice_is_once(press):
    await a_life(press)
    await press.privacy.opt_out(ANN)
    await press.follow()
    before = press.posts()
    await press.privacy.opt_out(ANN)
    await press.follow()
    assert press.posts() == before


async def test_the_words_an_editor_wrote_go_with_the_editor(press):
    await press.said("1", BEN, "https://example.org/1 stays")
    await press.publish()
    async with press.store.writing() as transaction:
        row = await editions.last_printed(transaction, "weekly")
        key = "https://example.org/1"
        wanted = {("", Field.INTRO): "An intro of hydrangea", (key, Field.NOTE): "A note of hydrangea"}
        wanted |= {(key, Field.TITLE): "A title of hydrangea", (key, Field.WORDS): "Words of hydrangea"}
        await choices.write(transaction, row.id, wanted, ANN, press.now)
        await editions.went_stale(transaction, row.id)
    await press.follow()
    assert press.posts().count("of hydrangea") >= len(wanted)
    await press.privacy.opt_out(ANN)
    await press.follow()
    assert await press.where("hydrangea") == []
    assert "stays" in press.posts()


# --- retention --------------------------------------------------------------------------------------------------------


async def test_words_are_forgotten_after_their_time_and_what_was_printed_stands(sqlite_url, tmp_path):
    store = await Store.open(sqlite_url)
    press = Press(store, tmp_path / "posts", retention=30)
    await press.begin()
    message = await press.said("1", ANN, "https://example.org/1 with periwinkle")
    await press.said("2", BEN, "https://example.org/2 with rose")
    async with press.store.writing() as transaction:
        share = (
            (await transaction.execute(select(tables.share.c.id).order_by(tables.share.c.id.desc()))).scalars().first()
        )
        await choices.write_own(transaction, share, {Field.WORDS: "with lavender"}, press.now)
    await press.publish()
    before = press.posts()
    assert await press.privacy.forget_old_words(press.settings) == 0
    press.now += timedelta(days=31)
    await press.said("3", BEN, "https://example.org/3 with heather")
    assert await press.privacy.forget_old_words(press.settings) == 2
    for words in ("periwinkle", "lavender", "rose"):
        assert await _beside_what_was_printed(press, words) == []
    assert await press.where("heather")
    assert await press.privacy.forget_old_words(press.settings) == 0, "once a day"
    await press.hear(ReactionHeard(message.id, ANN, "🙈", True, press.now))
    await press.follow()
    assert ("periwinkle" in press.posts(), "with lavender" in press.posts()) == (False, True)
    await press.hear(ReactionHeard(message.id, ANN, "🙈", False, press.now + timedelta(seconds=1)))
    await press.follow()
    assert press.posts() == before
    await store.close()


async def test_what_is_read_or_imported_again_brings_no_forgotten_words_back(press_that_forgets):
    press = press_that_forgets
    said = [
        await press.said("1", ANN, "https://example.org/1 with periwinkle"),
        await press.said("2", ANN, "https://example.org/bare"),
        await press.said("3", ANN, "words that follow, with lavender"),
    ]
    await press.publish()
    press.now += timedelta(days=31)
    assert await press.privacy.forget_old_words(press.settings) == 2
    before = press.posts()
    for source in (Source.LIVE, Source.EXPORT):
        again = [replace(one, source=source, emoji=(EmojiSeen("🎉", 1, (BEN,)),)) for one in said]
        await press.hear(Reading(ChannelSeen(LINKS, "links", START), press.now, tuple(again), source=source), *again)
    for words in ("periwinkle", "lavender"):
        assert await _beside_what_was_printed(press, words) == []
    assert await press.privacy.without_old_words([one.id for one in said]) == 2
    await press.follow()
    assert press.posts() == before
    assert (await press.publisher.preview()).is_empty, "nothing is placed twice"
    # An edit is something new.
    edited = press.message("1", ANN, "https://example.org/1 with crocus", at=said[0].sent_at, edited_at=press.now)
    await press.hear(edited)
    assert await press.where("crocus")
    assert await press.privacy.without_old_words([edited.id]) == 1
    assert await _beside_what_was_printed(press, "crocus") == []


async def test_of_what_is_older_than_the_retention_when_it_comes_only_the_links_are_kept(press_that_forgets):
    press = press_that_forgets
    await press.said("1", BEN, "https://example.org/1 begins")
    await press.publish()
    old, late = press.now - timedelta(days=100), press.now - timedelta(days=10)
    exported = [
        press.message("old", ANN, "https://example.org/old with hyacinth", at=old, source=Source.EXPORT),
        press.message("late", ANN, "https://example.org/late with heather", at=late, source=Source.EXPORT),
    ]
    await press.hear(Reading(ChannelSeen(LINKS, "links", START), press.now, tuple(exported), source=Source.EXPORT))
    assert await press.privacy.without_old_words([one.id for one in exported]) == 1
    assert await press.where("hyacinth") == []
    async with press.store.reading() as transaction:
        found = await search.find(transaction, read("example old"), None, 9)
    assert [(one.url, one.comment) for one in found] == [("https://example.org/old", "")]
    assert await press.where("heather")


async def test_words_that_wait_for_their_newsletter_are_kept_however_long_it_takes(press_that_forgets):
    press = press_that_forgets
    await press.said("1", BEN, "https://example.org/1 begins")
    await press.publish()
    waiting = await press.said("2", ANN, "https://example.org/2 with periwinkle")
    press.now += timedelta(days=60)
    assert await press.privacy.without_old_words([waiting.id]) == 0
    await press.publish()
    assert "periwinkle" in press.posts()


async def _beside_what_was_printed(press: Press, words: str) -> list[str]:
    """Where words stand, but for what was printed, where it is found again, and terms that FTS5 will clear away."""
    printed = ("revision ", "part ", "edition_terms", "share_terms_data ")
    return [place for place in await press.where(words) if not place.startswith(printed) and not _is_file(press, place)]


def _is_file(press: Press, place: str) -> bool:
    return (press.folder / place).is_file()
