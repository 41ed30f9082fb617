"""Finding again: what a person may type, what is found by which words, and that nothing is found which is gone.

Each database finds the same. That it is what a plain scan of everything kept would find is ``test_search_laws.py``'s.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from newsletter.collect import Collector
from newsletter.heard import Preview
from newsletter.model import Edition, Field, Page, Person, Shared
from newsletter.search import Query, document, hint, is_named, read
from newsletter.store import Store, choices, directory, editions, opting, pages, placements, search, tables, terms
from newsletter.urls import key
from tests import stores
from tests.laws.told import (
    ANN,
    BEN,
    CHANNEL,
    OTHER_CHANNEL,
    START,
    channel_named,
    deleted,
    person_named,
    said,
)
from tests.servers import postgres
from tests.site_samples import edition, entry

DAY = timedelta(days=1)

# --- what a person typed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("attention nee", Query(("attention", "nee*"))),
        ("트랜스포머", Query(("트랜", "랜스", "스포", "포머"))),
        ("글", Query(("글*",))),
        ("#논문", Query(("tag\u02d0논문",))),
        ('"all you need"', Query((), (("all", "you", "need"),))),
        ("“all you need” attention", Query(("attention*",), (("all", "you", "need"),))),
        ('"좋은 글"', Query((), (("좋은", "글*"),))),
        ('"paper"', Query(("paper",))),
        ('"not closed', Query(("not", "closed*"))),
        ("from:ann", Query(people=("ann",))),
        ("From:@Ann in:#ml-news paper", Query(("paper*",), people=("Ann",), channels=("ml-news",))),
        ('from:"Ann Lee"', Query(people=("Ann Lee",))),
        ("from:<@U012ABC|ann>", Query(people=("U012ABC",))),
        ("built-in:x", Query(("built", "in", "x*"))),
        ("from: ann", Query(("from", "ann*"))),
        ("https://example.org/a", Query(("example", "org", "a*"))),
        ("https://example.org/%EC%A7%80%EB%8F%84", Query(("example", "org", "지도"))),
        ("", Query()),
        ("😀 * % _ ' \" \\ \0", Query()),
    ],
)
def test_what_is_typed_is_read(typed, meant):
    assert read(typed) == meant


def test_nothing_is_asked_where_there_is_no_word():
    assert not read("?!")
    assert read("from:ann")


def test_of_a_very_long_query_the_beginning_counts():
    wanted = read(" ".join(f"word{n}" for n in range(10_000)))
    assert wanted.terms[:2] == ("word0", "word1")
    assert len(wanted.terms) == 40


@pytest.mark.parametrize(
    ("name", "wanted", "meant"),
    [
        ("Ann Lee", "ann", True),
        ("Ann Lee", "LEE", True),
        ("Ann Lee", "ann lee", True),
        ("Joanna", "ann", False),
        ("ml-news", "#ml-news", True),
        ("ml-news", "news", True),
        ("김민지", "민지", True),
        ("", "ann", False),
        ("Ann", "", False),
        ("Ann", "%", False),
    ],
)
def test_people_and_channels_are_named_by_any_of_their_words(name, wanted, meant):
    assert is_named(name, wanted) is meant


def test_the_terms_of_a_text_keep_their_order_and_tags_come_last():
    assert document("the #paper the 트랜스포머") == (
        "the",
        "paper",
        "the",
        "트랜",
        "랜스",
        "스포",
        "포머",
        "tag\u02d0paper",
    )


def test_of_a_very_long_text_the_beginning_is_found():
    assert len(document("word " * 100_000)) == 10_000
    assert len(document("\ufdfa" * 50_000)) < 60_000, "one sign of Arabic is eighteen"


@pytest.mark.parametrize(("typed", "told"), [("😀", "no word"), ("글", "try two"), ("nothing of it", "fewer words")])
def test_who_finds_nothing_is_told_what_would_find_more(typed, told):
    assert told in hint(typed)


# --- what is found -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def migrated(postgres_server) -> Iterator[str]:
    with postgres.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path) -> str:
    """A database of each kind, its tables made once: making them takes longer than most tests."""
    return stores.fresh(tmp_path) if request.param == "sqlite" else request.getfixturevalue("migrated")


@pytest.fixture
async def store(address) -> AsyncIterator[Store]:
    """The store, with nothing in it."""
    opened = await Store.open(address)
    names = ["share_terms", "edition_terms", *(table.name for table in tables.metadata.sorted_tables)]
    if address.startswith("postgresql"):
        async with opened.writing() as transaction:
            await transaction.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
    yield opened
    await opened.close()


async def heard(store: Store, *what: object) -> Collector:
    collector = Collector(store)
    for one in what:
        await collector.hear(one)
    return collector


async def found(store: Store, typed: str, **limits: object) -> list[str]:
    """The addresses found, without what they all begin with; an edition by its title."""
    limits = {"newsletters": None, **limits}
    channels = limits.pop("channels", None)
    async with store.reading() as transaction:
        rows = {seen.id: row for row, seen in (await directory.channels(transaction)).items()}
        inside = None if channels is None else [rows[channel] for channel in channels]
        there = await search.find(transaction, read(typed), inside, limits.pop("most", 20), **limits)
    return [one.url.removeprefix("https://example.org/") or one.title or "" for one in there]


def link(id: str, words: str = "", **more: object):
    return said(id, f"<https://example.org/{id}>\n{words}".strip(), **more)


async def test_a_bare_link_is_found_by_the_words_that_follow_it_as_long_as_they_do(store):
    collector = await heard(store, link("a"), said("2", "these are its words", minute=1))
    assert await found(store, "its words") == ["a"]
    await collector.hear(said("2", "these are better", minute=1, edited=2))
    assert (await found(store, "words"), await found(store, "better")) == ([], ["a"])
    await collector.hear(deleted("2"))
    assert await found(store, "better") == []
    await collector.hear(deleted("a"))
    assert await found(store, "example") == []


async def test_a_link_is_found_by_what_its_page_says_until_the_page_says_otherwise(store):
    await heard(store, link("a"), link("b", minute=1))
    page = Page(title="벡터 검색", description="An introduction", site="Example Blog", author="Grace Hopper")
    async with store.writing() as transaction:
        await pages.write_pages(transaction, {key("https://example.org/a"): page}, START)
    for typed in ("벡터", "introduction", '"example blog"', "hopper 검색"):
        assert await found(store, typed) == ["a"], typed
    async with store.writing() as transaction:
        await pages.write_pages(transaction, {key("https://example.org/a"): Page(title="Gone")}, START)
    assert (await found(store, "벡터"), await found(store, "gone")) == ([], ["a"])


async def test_a_link_that_leads_to_another_one_is_found_by_that_ones_page(store):
    await heard(store, link("short"))
    short, long = key("https://example.org/short"), key("https://example.org/long")
    async with store.writing() as transaction:
        await pages.write_pages(transaction, {long: Page(title="The long title")}, START)
        await pages.join(transaction, short, long, pages.REDIRECT, START)
    assert await found(store, "long title") == ["short"]
    async with store.writing() as transaction:
        await pages.part(transaction, short)
    assert await found(store, "long title") == []


async def test_a_link_is_found_by_what_its_preview_said(store):
    collector = await heard(store, link("a"))
    preview = Preview("https://example.org/a", "시계열 예측", "Forecasting")
    await collector.hear(link("a", edited=1, previews=(preview,)))
    assert await found(store, "시계열 forecasting") == ["a"]


async def test_a_link_is_found_by_what_its_sharer_made_of_it(store):
    await heard(store, link("a", "before"))
    async with store.reading() as transaction:
        [share] = (await transaction.execute(select(tables.share.c.id))).scalars()
    async with store.writing() as transaction:
        await choices.write_own(transaction, share, {Field.TITLE: "제목 둘"}, START)
    assert await found(store, "제목 before") == ["a"]
    async with store.writing() as transaction:
        await choices.write_own(transaction, share, {Field.TITLE: None}, START)
    assert await found(store, "제목") == []


async def test_a_phrase_is_found_only_where_its_words_follow_each_other(store):
    await heard(
        store,
        link("a", "all you need is attention 좋은 글입니다"),
        link("b", "you all need 좋은 것은 글이다", minute=1),
    )
    assert await found(store, "need all") == ["b", "a"]
    assert await found(store, '"all you need"') == ["a"]
    assert await found(store, '"좋은 글"') == ["a"]
    assert await found(store, '"you need" attention') == ["a"]
    assert await found(store, '"need you"') == []


async def test_links_are_found_by_who_shared_them_and_where(store):
    await heard(
        store,
        person_named(ANN, "Ann Lee"),
        person_named(BEN, "김민지"),
        channel_named("ml-news"),
        channel_named("random", channel=OTHER_CHANNEL),
        link("a", "one"),
        link("b", "one two", by=BEN, minute=1),
        link("c", "two", channel=OTHER_CHANNEL, minute=2),
    )
    assert await found(store, "from:ann") == ["c", "a"]
    assert await found(store, "from:민지 two") == ["b"]
    assert await found(store, "from:ben two") == ["b"], "by id, too"
    assert await found(store, "in:#ml-news") == ["b", "a"]
    assert await found(store, "in:ml from:lee") == ["a"]
    assert await found(store, "from:nobody one") == []
    assert await found(store, "from:ann", channels=[CHANNEL]) == ["a"]
    assert await found(store, "in:random", channels=[CHANNEL]) == []


async def test_the_newest_come_first_and_no_more_than_asked_for(store):
    minutes = [3, 9, 1, 7, 5]
    await heard(store, *(link(str(minute), "same", minute=minute) for minute in minutes))
    assert await found(store, "same") == ["9", "7", "5", "3", "1"]
    assert await found(store, "same", most=2) == await found(store, "from:ann", most=2) == ["9", "7"]


# --- what editions printed ---------------------------------------------------------------------------------------------


async def printed(
    store: Store, *entries, number: int = 1, reason: str | None = None, newsletter: str = "weekly", **more
) -> Edition:
    """An edition of the newsletter that went out, with these shares placed in it."""
    opened_at = START + number * 7 * DAY
    made = edition(number, *entries, newsletter=newsletter, opened_at=opened_at, cut_off=opened_at + 7 * DAY, **more)
    async with store.writing() as transaction:
        row = await editions.add_archived(transaction, newsletter, made.opened_at, made.cut_off, made.cut_off, "a test")
        await editions.revise(transaction, row, made, made.cut_off)
        shares = {shared.share for one in entries for shared in one.shares}
        await placements.place(transaction, row, dict.fromkeys(shares, reason))
    return made


async def shared(store: Store, *names: str, private: bool = False) -> tuple[Shared, ...]:
    """These shares, as an edition has them."""
    async with store.reading() as transaction:
        there = (await transaction.execute(select(tables.share))).all()
    rows = {row.url.rpartition("/")[2]: row for row in there}
    ann = Person(ANN, "Ann")
    return tuple(Shared(rows[name].id, ann, rows[name].sent_at, "news", None, "", private) for name in names)


async def test_a_link_is_found_by_what_an_editor_printed_of_it_and_says_where(store):
    await heard(store, link("a", "sharer"), link("b", "sharer", minute=1))
    words = "편집자의 말"
    await printed(store, entry("https://example.org/a", "A better title", words, shares=await shared(store, "a")))
    assert await found(store, '"better title" 편집자') == ["a"]
    async with store.reading() as transaction:
        b, a = await search.find(transaction, read("sharer"), None, 9, newsletters=None)
        [again] = await search.find(transaction, read("편집자"), None, 9, newsletters=None)
    assert (a.newsletter, a.edition, a.label) == ("weekly", 1, "1주차")
    assert (b.newsletter, b.edition, b.label) == ("", 0, "")
    assert (again.title, again.person, again.label) == ("A better title", "", "1주차")


async def test_what_two_newsletters_printed_is_one_of_as_many_as_were_asked_for(store):
    await heard(store, *(link(name, minute=minute) for minute, name in enumerate("abcd")))
    for newsletter in ("weekly", "other"):
        entries = [entry(f"https://example.org/{name}", "better", shares=await shared(store, name)) for name in "abcd"]
        await printed(store, *entries, newsletter=newsletter)
    assert await found(store, "better", most=3) == ["d", "c", "b"]


async def test_an_edition_is_found_by_its_title_label_intro_and_outro(store):
    await heard(store, link("a"))
    await printed(store, intro="안녕하세요 readers", outro="See you", read_at="https://blog.example/1")
    for typed in ("1주차", "소식", "안녕", "readers", '"see you"', "2020-W25"):
        assert await found(store, typed) == ["https://blog.example/1"], typed
    assert await found(store, "readers from:ann") == [], "nobody shared it"


async def test_an_edition_is_found_by_its_newest_revision_only(store):
    await heard(store, link("a"))
    made = await printed(store, intro="before")
    async with store.writing() as transaction:
        [row] = await editions.all_editions(transaction, "weekly")
        await editions.revise(transaction, row, replace(made, intro="after"), START)
    assert await found(store, "before") == []
    assert await found(store, "after") == ["소식 1"]


async def test_what_was_printed_is_found_when_the_message_words_had_their_time(store):
    await heard(store, link("a", "hello"))
    await printed(store, entry("https://example.org/a", "Title", "printed words", shares=await shared(store, "a")))
    async with store.writing() as transaction:
        messages = (await transaction.execute(select(tables.message.c.id))).scalars().all()
        await opting.blank_words(transaction, list(messages))
    assert (await found(store, "hello"), await found(store, "printed")) == ([], ["a"])


async def test_a_link_left_out_of_an_edition_was_not_printed_there(store):
    await heard(store, link("a", "sharer"))
    away = entry("https://example.org/a", shares=await shared(store, "a"))
    await printed(store, away, reason="left out")
    async with store.reading() as transaction:
        [one] = await search.find(transaction, read("sharer"), None, 9, newsletters=None)
    assert one.edition == 0


# --- what may be read --------------------------------------------------------------------------------------------------


async def test_of_editions_only_those_of_the_askers_newsletters_are_found(store):
    await heard(store, link("a", "sharer"))
    words = entry("https://example.org/a", "Title", "periwinkle", shares=await shared(store, "a"))
    await printed(store, words, intro="marigold")
    for typed in ("periwinkle", "marigold"):
        assert len(await found(store, typed, channels=[CHANNEL], newsletters=["weekly"])) == 1
        assert await found(store, typed, channels=[CHANNEL], newsletters=["another"]) == []
        assert await found(store, typed, channels=[CHANNEL], newsletters=[]) == []
        assert await found(store, typed, channels=[CHANNEL], newsletters=()) == []
    async with store.reading() as transaction:
        inside = list(await directory.channels(transaction))
        [one] = await search.find(transaction, read("sharer"), inside, 9, newsletters=["another"])
    assert (one.edition, one.label) == (0, "")


@pytest.mark.parametrize(
    ("values", "from_day", "until_day"),
    [
        ({"approval": ""}, 0, 99),
        ({"approval": "awaited"}, 99, 99),
        ({"release_at": START + 3 * DAY}, 3, 99),
        ({"state": "retracted"}, 99, 99),
    ],
)
async def test_an_edition_is_found_from_when_it_went_out_until_it_is_taken_back(store, values, from_day, until_day):
    await heard(store, link("a", "sharer"))
    await printed(store, entry("https://example.org/a", "x", "periwinkle", shares=await shared(store, "a")))
    async with store.writing() as transaction:
        await transaction.execute(tables.edition.update().values(values))
    for day in (1, 4):
        there = await found(store, "periwinkle", channels=[CHANNEL], newsletters=["weekly"], now=START + day * DAY)
        assert bool(there) is (from_day <= day < until_day)


async def test_an_entry_that_private_channels_told_is_found_only_where_all_of_it_may_be_read(store):
    await heard(store, link("a", "open"), link("b", "hidden", channel=OTHER_CHANNEL, minute=1))
    told = (*(await shared(store, "a")), *(await shared(store, "b", private=True)))
    await printed(store, entry("https://example.org/a", "periwinkle", shares=told))
    limits = {"newsletters": ["weekly"], "now": START + 99 * DAY}
    assert await found(store, "periwinkle", channels=[CHANNEL], **limits) == []
    assert await found(store, "periwinkle", channels=[OTHER_CHANNEL], **limits) == []
    assert await found(store, "periwinkle", channels=[CHANNEL, OTHER_CHANNEL], **limits) == ["a"]
    assert await found(store, "periwinkle") == ["a"], "whoever has the database may read all of it"


async def test_nothing_of_people_who_opted_out_is_found_until_they_share_again(store):
    collector = await heard(store, person_named(ANN, "Ann"), link("a", "sharer"))
    async with store.writing() as transaction:
        await opting.out(transaction, ANN, START)
    for typed in ("sharer", "example", "from:ann", "in:C1"):
        assert await found(store, typed) == [], typed
    async with store.writing() as transaction:
        await opting.back(transaction, ANN)
    await collector.hear(link("b", "sharer", minute=5))
    assert await found(store, "sharer") == ["b"]


# --- whatever is typed -------------------------------------------------------------------------------------------------

HOSTILE = [
    "x" * 10_000, "가" * 10_000, "가 " * 5_000, "a b " * 2_500, '"' * 10_000, '"a" ' * 2_500, "from:a " * 2_000, "#" * 10_000,
    "AND OR NOT NEAR(a b, 2)", '"a" AND ("b"', "terms:a", "a*", "*", "^a", "a:*", "a & !b | c", "a <-> b", "'a'", "\\'", "a\\",
    "\0", "a\0b", "\ud800", "a\ud800", "😀", "👩‍👩‍👧", "\u202eabc\u202c", "שלום", "مرحبا", "%", "_", "a%", "'; DROP TABLE share; --",
    ":match", ":now", "%s %(match)s", "{x}", "$1", "?", "from:%", "from:'", 'in:"', "from:\0", "in:<>", "ﷺ" * 1_000, "\U00030000\U00030001",
    "e\u0301", "İ", "ß", "ǅ",
]  # fmt: skip


async def test_whatever_is_typed_is_an_answer_and_finds_no_more_than_it_says(store):
    await heard(store, link("zzz", "nothing of this 트랜스포머"))
    for typed in HOSTILE:
        assert await found(store, typed, channels=[CHANNEL], newsletters=["weekly"], now=START) == [], typed
    assert await found(store, "트랜스") == ["zzz"]


@pytest.mark.parametrize(
    "words", ["\U00030000\U00030001", "ꭰꭱꭲ", "שלום", "e\u0301tude", "ǅungla", "İstanbul", "ﬁne", "𝔘𝔫𝔦"]
)
async def test_words_of_any_script_are_found_as_they_were_written(store, words):
    await heard(store, link("a", f"so {words} there"))
    assert await found(store, words) == ["a"]
    assert await found(store, f'"so {words} there"') == ["a"]


async def test_a_message_of_any_length_is_kept_and_found_by_its_beginning(store):
    long = " ".join(f"w{n}" for n in range(200_000))
    await heard(store, link("a", f"first {long} last"), link("b", "\ufdfa" * 200_000, minute=1))
    assert await found(store, "first") == ["a"]
    assert await found(store, "last") == []


# --- an index made anew ------------------------------------------------------------------------------------------------


async def test_an_index_that_a_migration_made_anew_is_filled_with_what_there_is(store):
    await heard(store, link("a"), said("2", "these are its words", minute=1), link("b", "gone"), deleted("b"))
    await printed(store, entry("https://example.org/a", "better", shares=await shared(store, "a")), intro="hello")
    before = await indexed(store)
    async with store.writing() as transaction:
        await transaction.execute(text("DELETE FROM share_terms"))
        await transaction.execute(text("DELETE FROM edition_terms"))
        await terms.fill(transaction)
    assert await indexed(store) == before
    assert (await found(store, "words"), await found(store, "hello")) == (["a"], ["소식 1"])


async def indexed(store: Store) -> list[tuple[object, ...]]:
    async with store.reading() as transaction:
        rows = await transaction.execute(text("SELECT CAST(terms AS text) FROM share_terms ORDER BY 1"))
        more = await transaction.execute(text("SELECT CAST(terms AS text), title, url FROM edition_terms ORDER BY 1"))
        return [*map(tuple, rows), *map(tuple, more)]
