"""What any database must do for the store: one suite, run over SQLite and PostgreSQL.

What two things heard mean together is the convergence law's business (``tests/laws``); here is what is kept of it,
found again, and how the ledger of editions behaves. Migrations and locks are in ``test_database.py``.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from newsletter import search as words_to_look_for
from newsletter.collect import Collector
from newsletter.heard import EmojiSeen, MessageId, PersonId, Preview, Source
from newsletter.merge import KeptMessage, hear
from newsletter.model import (
    Choice,
    Edition,
    EditionState,
    Entry,
    EntryLink,
    Field,
    LeftOut,
    Page,
    Part,
    PartState,
    Person,
    Receipt,
    Section,
    Seen,
    Shared,
    ShareWords,
    TitleSource,
    Week,
)
from newsletter.store import Store, chat, directory, editions, gather, ledger, placements, search, tables
from tests.laws.told import (
    ANN,
    BEN,
    CARA,
    CHANNEL,
    OTHER_CHANNEL,
    START,
    at,
    channel_named,
    deleted,
    exported,
    person_named,
    reacted,
    said,
)
from tests.servers import postgres

# Statements are built from this file's own constants.
# ruff: noqa: S608 - the SQL here is made of the test's own constants

NEWSLETTER = "weekly"
WEEK = timedelta(weeks=1)
MINUTE = timedelta(minutes=1)
KOREA = timezone(timedelta(hours=9))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def migrated(request, tmp_path_factory) -> Iterator[str]:
    """A database with its tables made once: making them takes longer than most tests."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('store') / 'linkletter.db'}"
    else:
        with postgres.fresh_database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
async def store(migrated) -> AsyncIterator[Store]:
    """The store, with nothing in it."""
    opened = await Store.open(migrated)
    names = ["share_terms", "edition_terms", *(table.name for table in reversed(tables.metadata.sorted_tables))]
    async with opened.writing() as transaction:
        if transaction.dialect.name == "postgresql":
            await transaction.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
        else:
            for name in names:
                await transaction.execute(text(f"DELETE FROM {name}"))
    yield opened
    await opened.close()


async def rows(store: Store, table) -> list[dict[str, object]]:
    async with store.reading() as transaction:
        found = await transaction.execute(table.select().order_by(*table.primary_key.columns))
        return [dict(row._mapping) for row in found]


async def heard(store: Store, *said_so: object) -> Collector:
    collector = Collector(store)
    for one in said_so:
        await collector.hear(one)
    return collector


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_the_newest_name_of_a_channel_wins_in_whatever_order_names_come(store, order):
    names = [channel_named(name, minute=minute) for minute, name in enumerate(("old", "newer", "newest"))]
    await heard(store, *(names[place] for place in order))
    assert [row["name"] for row in await rows(store, tables.channel)] == ["newest"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_the_newest_name_of_a_person_wins_in_whatever_order_names_come(store, order):
    names = [person_named(ANN, name, minute=minute) for minute, name in enumerate(("Anne", "Ann", "앤"))]
    await heard(store, said("1", "<https://example.org/a>"), *(names[place] for place in order))
    assert [row["name"] for row in await rows(store, tables.person)] == ["앤"]


async def test_a_name_that_is_heard_before_anything_its_person_shared_is_kept_with_the_first_share(store):
    collector = await heard(store, person_named(ANN, "Ann"))
    assert await rows(store, tables.person) == []
    await collector.hear(said("1", "<https://example.org/a>"))
    assert [row["name"] for row in await rows(store, tables.person)] == ["Ann"]


async def test_a_channel_with_another_id_is_the_same_one_and_two_channels_are_never_mixed(store):
    await heard(store, channel_named("news"), said("1", "<https://example.org/a>"))
    made = await intended(store)
    new = replace(CHANNEL, id="new")
    async with store.writing() as transaction:
        assert await directory.renumber(transaction, new, CHANNEL.id)
        assert not await directory.renumber(transaction, new, CHANNEL.id)
        assert list(await chat.messages(transaction, [MessageId(new, "1")])) == [MessageId(new, "1")]
        assert not await directory.renumber(transaction, new, OTHER_CHANNEL.id)
    assert await delivery_of(store, made)
    assert [row["name"] for row in await rows(store, tables.channel)] == ["news"]


async def test_a_channel_that_became_private_is_private(store):
    await heard(store, channel_named("news"), channel_named("news", minute=1, private=True))
    assert [row["private"] for row in await rows(store, tables.channel)] == [True]


async def test_the_same_id_in_two_workspaces_is_two_people(store):
    elsewhere = PersonId("local", "OTHER", "ann")
    link = "<https://example.org/a>"
    await heard(store, said("1", link), said("2", link, by=elsewhere))
    await heard(store, person_named(ANN, "Ann"), person_named(elsewhere, "Another Ann"))
    assert sorted(row["name"] for row in await rows(store, tables.person)) == ["Ann", "Another Ann"]


# --- messages ------------------------------------------------------------------------------------------------------

EVERYTHING = said(
    "1",
    "Über 논문 <https://example.org/a> 👩‍🔬\n\n> quoted\n\n'; DROP TABLE share; --",
    minute=0.123456,
    edited=5.654321,
    thread="0",
    permalink="https://chat.example/C1/1?x=1&y=2",
    previews=(
        Preview("https://example.org/a", "A title", "What it is", "Example", "https://example.org/a.png", "A. Uthor"),
        Preview("https://example.org/b"),
    ),
    seen_at=at(20),
    emoji=(EmojiSeen("👍", 3, (BEN,)), EmojiSeen(":party-parrot:", 1, (CARA,)), EmojiSeen("🎉", 2)),
)


def kept_of(*about: object) -> KeptMessage:
    kept = KeptMessage(MessageId(CHANNEL, "1"))
    for one in about:
        kept = hear(kept, one)
    return kept


@pytest.mark.parametrize(
    "kept",
    [
        kept_of(said("1", "<https://example.org/a>")),
        kept_of(EVERYTHING),
        kept_of(EVERYTHING, reacted("1", minute=30), reacted("1", by=CARA, on=False, minute=31)),
        kept_of(replace(EVERYTHING, source=Source.EXPORT)),
        kept_of(replace(EVERYTHING, source=Source.EXPORT), reacted("1", emoji="🎉", minute=2)),
        # Two readings: everyone was named in the first one, not all in the second.
        kept_of(
            replace(EVERYTHING, seen_at=at(10), emoji=(EmojiSeen("👍", 1, (BEN,)),)),
            EVERYTHING,
        ),
        kept_of(EVERYTHING, deleted("1")),
    ],
    ids=["plain", "everything", "reactions on and off", "exported", "exported and live", "two readings", "gone"],
)
async def test_a_kept_message_that_was_written_is_read_as_it_was(store, kept):
    async with store.writing() as transaction:
        await chat.write(transaction, [chat.Written(kept, (), is_words=True)])
    async with store.reading() as transaction:
        assert await chat.messages(transaction, [kept.id]) == {kept.id: kept}


async def test_writing_a_message_a_second_time_changes_no_row(store):
    written = [chat.Written(kept_of(EVERYTHING), (ShareWords("https://example.org/a", "example.org/a", 0),))]
    for _ in range(2):
        async with store.writing() as transaction:
            await chat.write(transaction, written)
        both = [await rows(store, table) for table in tables.metadata.sorted_tables]
    assert both == [await rows(store, table) for table in tables.metadata.sorted_tables]
    assert [row["id"] for row in await rows(store, tables.share)] == [1]


async def test_a_message_nobody_has_seen_cannot_be_written(store):
    with pytest.raises(ValueError, match="never seen"):
        async with store.writing() as transaction:
            await chat.write(transaction, [chat.Written(kept_of(reacted("1")), ())])


async def test_what_is_not_kept_is_not_in_the_answer(store):
    async with store.reading() as transaction:
        assert await chat.messages(transaction, [MessageId(CHANNEL, "nobody said this")]) == {}


@pytest.mark.parametrize(
    "text_of_message",
    [
        "<https://example.org/%00%ED%A0%80?q=%00>",
        "<https://example.org/" + "a/" * 2000 + ">",
        "<https://example.org/?q=" + "가" * 3000 + ">",
        "\u202e<https://example.org/a>\u2066 \ufeff\ufffe\U0010ffff",
        "<https://example.org/a> " + "\\" * 9 + "'\"%s %(x)s :name {{ }} $1 ?",
        "<https://example.org/a> " + "말" * 40_000,
        "<https://example.org/a> " + "x" * 40_000,
    ],
    ids=[
        "NUL and half a surrogate in the address",
        "4 kB",
        "a long Korean one",
        "marks",
        "signs",
        "long CJK",
        "long word",
    ],
)
async def test_odd_text_is_kept_and_found_again_as_it_was(store, text_of_message):
    await heard(store, said("1", text_of_message))
    async with store.reading() as transaction:
        kept = await chat.messages(transaction, [MessageId(CHANNEL, "1")])
        ids = [row.id for row in await transaction.execute(select(tables.share.c.id))]
        known = await gather.known(transaction, ids)
    assert kept[MessageId(CHANNEL, "1")].seen.text == text_of_message
    assert len(known.shares) == 1


async def test_two_links_of_more_than_three_kilobytes_that_differ_at_their_end_are_two_links(store):
    base = "https://example.org/" + "0123456789abcdef" * 200
    await heard(store, said("1", f"<{base}/1>\n<{base}/2>"), said("2", f"<{base}/1>"))
    assert len(await rows(store, tables.link)) == 2
    assert len(await rows(store, tables.share)) == 3


async def test_an_instant_comes_back_as_the_same_instant_in_utc_and_sorts_as_time(store):
    instants = [
        datetime(2026, 6, 1, 9, 0, 0, 123456, tzinfo=KOREA),
        datetime(2026, 6, 1, 0, 0, 0, tzinfo=UTC),
        datetime(2026, 5, 31, 20, 0, tzinfo=timezone(-timedelta(hours=5))),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    messages = [said(str(n), "<https://example.org/a>") for n in range(4)]
    await heard(store, *(replace(m, sent_at=i, seen_at=i) for m, i in zip(messages, instants, strict=True)))
    async with store.reading() as transaction:
        kept = await chat.messages(transaction, [message.id for message in messages])
        in_order = await chat.present_between(transaction, CHANNEL, None, None)
    assert [kept[message.id].seen.sent_at for message in messages] == instants
    assert all(message.sent_at.utcoffset() == timedelta(0) for message in in_order)
    assert [message.sent_at for message in in_order] == sorted(instants)


async def test_an_instant_without_its_zone_is_refused(store):
    naive = datetime(2026, 6, 1, 9)  # noqa: DTZ001 - what is refused
    with pytest.raises(StatementError, match="needs its time zone"):
        async with store.writing() as transaction:
            await transaction.execute(
                insert(tables.channel).values(
                    platform="local", workspace="W", external_id="C", name="", private=False, named_at=naive
                )
            )


async def test_the_messages_of_a_stretch_are_those_from_its_beginning_until_before_its_end(store):
    await heard(store, *(said(str(n), f"<https://example.org/{n}>", minute=n) for n in range(4)), deleted("2"))
    async with store.reading() as transaction:
        found = await chat.present_between(transaction, CHANNEL, at(1), at(3))
        everything = await chat.present_between(transaction, CHANNEL, None, None)
    assert [message.id.id for message in found] == ["1"]
    assert [message.id.id for message in everything] == ["0", "1", "3"]


# --- shares --------------------------------------------------------------------------------------------------------


async def shares_of(store: Store) -> dict[str, tuple[int, bool, str | None, str]]:
    """Each share by its address: row, whether it is present, its title and words."""
    return {
        str(row["url"]): (row["id"], row["present"], row["title"], row["comment"])
        for row in await rows(store, tables.share)
    }


async def test_a_link_edited_out_and_in_again_is_the_same_share(store):
    first, second = "https://example.org/a", "https://example.org/b"
    collector = await heard(store, said("1", f"<{first}>\nwords for it"))
    (row, present, _, comment) = (await shares_of(store))[first]
    assert (present, comment) == (True, "words for it")
    await collector.hear(said("1", f"<{first}>\nother words\n<{second}>", edited=1))
    assert (await shares_of(store))[first][:2] == (row, True)
    assert (await shares_of(store))[second][1] is True
    await collector.hear(said("1", f"<{second}>\nwords", edited=2))
    assert (await shares_of(store))[first] == (row, False, None, "")
    await collector.hear(said("1", f"<{first}>\nback again", edited=3))
    assert (await shares_of(store))[first] == (row, True, None, "back again")
    assert (await shares_of(store))[second][1:] == (False, None, "")


async def test_a_deleted_message_leaves_no_words_names_or_reactions_behind(store):
    secret = "a word nobody else says"
    share = said(
        "1",
        f"{secret}\n<https://example.org/a>\n{secret} #{secret.split()[1]}",
        previews=(Preview("https://example.org/a", secret),),
        emoji=(EmojiSeen("👍", 3, (BEN,)),),
    )
    await heard(store, share, reacted("1"), deleted("1"))
    for table in tables.metadata.sorted_tables:
        for row in await rows(store, table):
            assert secret not in str(row)
    assert await rows(store, tables.reaction) == await rows(store, tables.unnamed) == []
    assert await search_for(store, secret) == []


async def test_words_that_follow_a_bare_link_are_set_changed_and_forgotten(store):
    collector = await heard(store, said("1", "<https://example.org/a>"), said("2", "these are its words", minute=1))
    assert await follow_ups(store) == ["these are its words"]
    await collector.hear(said("2", "these are better words", minute=1, edited=2))
    assert await follow_ups(store) == ["these are better words"]
    await collector.hear(deleted("2"))
    assert await follow_ups(store) == [""]


async def test_words_whose_bare_link_got_words_of_its_own_are_forgotten(store):
    await heard(
        store,
        said("1", "<https://example.org/a>"),
        said("2", "these are its words", minute=1),
        said("1", "no link any more", edited=2),
    )
    assert "these are its words" not in str(await rows(store, tables.message))


async def follow_ups(store: Store) -> list[str]:
    async with store.reading() as transaction:
        ids = list((await transaction.execute(select(tables.share.c.id).order_by(tables.share.c.id))).scalars())
        return [share.follow_up for share in (await gather.known(transaction, ids)).shares]


async def test_messages_around_are_those_in_any_of_the_spans_with_both_ends(store):
    await heard(store, *(said(str(n), f"<https://example.org/{n}>", minute=n) for n in range(0, 50, 5)), deleted("20"))
    spans = [(at(5), at(10)), (at(19), at(25)), (at(44), at(44.5))]
    async with store.reading() as transaction:
        found = await chat.messages_around(transaction, CHANNEL, spans)
        nothing = await chat.messages_around(transaction, CHANNEL, [(at(1), at(2))])
        many = await chat.messages_around(transaction, CHANNEL, [(at(n), at(n)) for n in range(200)])
    assert [(one.seen.id.id, one.linked, one.bare) for one in found] == [
        ("5", True, True),
        ("10", True, True),
        ("25", True, True),
    ]
    assert nothing == ()
    assert len(many) == 9


# --- search --------------------------------------------------------------------------------------------------------


async def search_for(store: Store, typed: str, channels: list[int] | None = None) -> list[str]:
    """The addresses found, without what they all begin with."""
    async with store.reading() as transaction:
        found = await search.find(transaction, words_to_look_for.read(typed), channels, 20)
    return [one.url.removeprefix("https://example.org/") for one in found]


CHAT_TO_SEARCH = (
    said("1", "트랜스포머 논문 정리\n<https://example.org/ko>\n한국어로 쓴 좋은 글입니다. #논문", minute=1),
    said("2", "Attention is all you need\n<https://example.org/en>\nThe paper. #paper", minute=2),
    said("3", "<https://example.org/newspaper-article>\nabout printing", minute=3, by=BEN),
    said("4", "日本語の記事\n<https://example.org/ja>", minute=4),
    said("5", "<https://example.org/%EC%A7%80%EB%8F%84>", minute=15),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("논문", ["ko"]),
        ("#논문", ["ko"]),
        ("국어", ["ko"]),
        ("한국어로 트랜스포머", ["ko"]),
        ("글", ["ko"]),
        ("일본", []),
        ("記事", ["ja"]),
        ("지도", ["%EC%A7%80%EB%8F%84"]),
        ("PAPER", ["en"]),
        ("#paper", ["en"]),
        ("#pap", []),
        ("att", ["en"]),
        ("att need", []),
        ("attention nee", ["en"]),
        ("newspaper", ["newspaper-article"]),
        ("example", ["%EC%A7%80%EB%8F%84", "ja", "newspaper-article", "en", "ko"]),
        ("", []),
        ("   ", []),
        ("!?", []),
    ],
)
async def test_links_are_found_by_the_words_around_them_newest_first(store, typed, found):
    await heard(store, *CHAT_TO_SEARCH)
    assert await search_for(store, typed) == found


@pytest.mark.parametrize(
    "typed",
    [
        '"paper"',
        'paper"',
        "'paper'",
        "(paper)",
        "paper*",
        "^paper",
        "+paper",
        "-paper",
        "terms:paper",
        "paper & !attention",
        "paper:*",
        "paper\\",
        "{paper}",
        "paper; --",
        "paper%",
    ],
)
async def test_signs_that_people_type_are_no_operators(store, typed):
    await heard(store, *CHAT_TO_SEARCH)
    if "attention" in typed:
        assert await search_for(store, typed) == ["en"]
    else:
        assert "en" in await search_for(store, typed) or await search_for(store, typed) == []
        assert await search_for(store, "paper") == ["en"]


@pytest.mark.parametrize(
    "typed", ["paper OR nothinglikethis", "paper NOT attention", "paper NEAR attention", "AND paper"]
)
async def test_words_that_are_operators_elsewhere_are_looked_for_as_words(store, typed):
    await heard(store, *CHAT_TO_SEARCH)
    assert await search_for(store, typed) == []


async def test_what_was_edited_is_found_by_its_new_words_only(store):
    collector = await heard(store, said("1", "<https://example.org/a>\nbefore"))
    await collector.hear(said("1", "<https://example.org/a>\nafter", edited=1))
    assert await search_for(store, "before") == []
    assert await search_for(store, "after") == ["a"]


async def test_a_search_limited_to_channels_finds_nothing_of_others(store):
    await heard(
        store,
        said("1", "<https://example.org/a>\nfindable"),
        said("2", "<https://example.org/b>\nfindable", channel=OTHER_CHANNEL, minute=1),
    )
    async with store.reading() as transaction:
        ids = {seen.id: row for row, seen in (await directory.channels(transaction)).items()}
    assert await search_for(store, "findable") == ["b", "a"]
    assert await search_for(store, "findable", [ids[CHANNEL]]) == ["a"]
    assert await search_for(store, "findable", []) == []


async def test_a_found_link_says_when_it_was_posted_in_utc(store):
    await heard(store, said("1", "<https://example.org/a>\nfindable"))
    async with store.reading() as transaction:
        (one,) = await search.find(transaction, words_to_look_for.read("findable"), None, 20)
    assert (one.sent_at, one.sent_at.utcoffset()) == (START, timedelta(0))


# --- editions ------------------------------------------------------------------------------------------------------


async def begun(store: Store, opened_at: datetime = START, after: editions.EditionRow | None = None):
    async with store.writing() as transaction:
        return await editions.begin(transaction, NEWSLETTER, opened_at, opened_at + WEEK, after=after)


async def closed(store: Store, row: editions.EditionRow, state: EditionState, placing: bool = True):
    """Close the edition at its cut-off with what is in it, and begin the next one."""
    async with store.writing() as transaction:
        ids = await placements.open_shares(transaction, row, await all_channels(transaction), row.cut_off)
        await editions.close(
            transaction, row, state=state, cut_off=row.cut_off, serves=row.cut_off, at=row.cut_off, by="a test"
        )
        if placing:
            await placements.place(transaction, row, dict.fromkeys(ids))
        return await editions.begin(transaction, NEWSLETTER, row.cut_off, row.cut_off + WEEK, after=row)


async def all_channels(transaction) -> list[int]:
    return list(await directory.channels(transaction))


async def open_now(store: Store, row: editions.EditionRow) -> list[str]:
    """The ids of the messages whose shares are in the open edition."""
    async with store.reading() as transaction:
        ids = await placements.open_shares(transaction, row, await all_channels(transaction), row.cut_off)
        return [share.message.id for share in (await gather.known(transaction, ids)).shares]


async def test_a_newsletter_has_one_open_edition(store):
    row = await begun(store)
    async with store.reading() as transaction:
        assert await editions.open_edition(transaction, NEWSLETTER) == row
        assert await editions.open_edition(transaction, "another") is None
    with pytest.raises(IntegrityError):
        await begun(store, START + WEEK)


async def test_only_printed_editions_have_numbers_and_they_have_no_gaps(store):
    row = await begun(store)
    assert row.number == 0
    for _ in range(2):
        row = await closed(store, row, EditionState.FROZEN)
    async with store.writing() as transaction:
        past = await editions.add_archived(transaction, NEWSLETTER, START - 2 * WEEK, START - WEEK, at(0), "a test")
    async with store.reading() as transaction:
        everything = await editions.all_editions(transaction, NEWSLETTER)
    assert past.number == 3
    assert [(one.state.value, one.number) for one in everything] == [
        ("archived", 3),
        ("frozen", 1),
        ("frozen", 2),
        ("open", 0),
    ]


async def test_a_closed_edition_is_found_by_the_cut_off_it_serves(store):
    row = await begun(store)
    await closed(store, row, EditionState.FROZEN)
    async with store.reading() as transaction:
        found = await editions.serving(transaction, NEWSLETTER, row.cut_off)
        assert found is not None
        assert (found.id, found.state) == (row.id, EditionState.FROZEN)
        assert await editions.serving(transaction, NEWSLETTER, row.cut_off + WEEK) is None


def link(id: str, when: datetime, text: str | None = None):
    minutes = (when - START) / timedelta(minutes=1)
    return said(id, text or f"<https://example.org/{id}>\nabout {id}", minute=minutes)


async def test_an_edition_takes_what_was_posted_from_its_opening_until_before_its_cut_off(store):
    row = await begun(store)
    moment = timedelta(microseconds=1)
    await heard(
        store,
        link("before", START - moment),
        link("first", START),
        link("last", START + WEEK - moment),
        link("after", START + WEEK),
    )
    assert await open_now(store, row) == ["first", "last"]


async def test_a_share_is_taken_late_if_it_is_heard_late(store):
    day = timedelta(days=1)
    row = await begun(store)
    await heard(store, link("in time", START + day))
    for _ in range(8):
        row = await closed(store, row, EditionState.FROZEN)
    assert await open_now(store, row) == []
    await heard(
        store,
        link("live and old", START + 2 * day),
        link("live and older than the newsletter", START - day),
        exported(link("imported, 29 days old", row.opened_at - 29 * day), link("imported", START + 3 * day)),
        exported(link("imported, of this week", row.opened_at + day)),
    )
    assert sorted(await open_now(store, row)) == ["imported, 29 days old", "imported, of this week", "live and old"]
    row = await closed(store, row, EditionState.FROZEN)
    assert await open_now(store, row) == []


async def test_the_first_edition_takes_nothing_from_before_its_opening(store):
    row = await begun(store)
    await heard(store, link("live", START - WEEK / 7), exported(link("imported", START - WEEK / 7)))
    assert await open_now(store, row) == []


async def test_a_link_added_by_an_edit_or_edited_in_again_after_the_freeze_is_in_the_next_edition(store):
    row = await begun(store)
    collector = await heard(
        store,
        link("added", START, "<https://example.org/was-there>\nwords"),
        link("again", START, "<https://example.org/again>\nwords"),
        link("again", START, "<https://example.org/other>\nwords"),
        replace(link("again", START, "<https://example.org/other>\nwords"), edited_at=at(1)),
    )
    row = await closed(store, row, EditionState.FROZEN)
    assert await open_now(store, row) == []
    both = "<https://example.org/was-there>\nwords\n\n<https://example.org/new>\nmore words"
    await collector.hear(replace(link("added", START, both), edited_at=row.opened_at))
    await collector.hear(replace(link("again", START, "<https://example.org/again>\nwords"), edited_at=row.opened_at))
    assert sorted(await open_now(store, row)) == ["added", "again"]


async def test_a_share_that_is_absent_or_placed_or_elsewhere_is_not_in_the_edition(store):
    row = await begun(store)
    await heard(store, link("gone", START), link("here", START), deleted("gone"))
    async with store.reading() as transaction:
        assert await placements.open_shares(transaction, row, [], row.cut_off) == []
    assert await open_now(store, row) == ["here"]


async def test_placing_a_share_twice_is_an_error_and_changes_nothing(store):
    row = await begun(store)
    await heard(store, link("a", START), link("b", START))
    async with store.writing() as transaction:
        await placements.place(transaction, row, {1: None})
    following = await closed(store, row, EditionState.FROZEN, placing=False)
    with pytest.raises(IntegrityError):
        async with store.writing() as transaction:
            await placements.place(transaction, following, {2: "out", 1: None})
    assert [(p["share_id"], p["edition_id"], p["reason"]) for p in await rows(store, tables.placement)] == [
        (1, row.id, None)
    ]


async def test_a_past_week_has_its_shares_but_for_those_that_another_edition_placed(store):
    row = await begun(store)
    await heard(store, link("a", START), link("b", START + WEEK), link("c", START - WEEK))

    async def between(since: datetime, until: datetime, edition: int = 0) -> list[int]:
        async with store.reading() as transaction:
            return await placements.shares_between(transaction, NEWSLETTER, [1], since, until, edition=edition)

    assert await between(START - WEEK, START) == [3]
    assert await between(START, START + WEEK) == [1]
    await closed(store, row, EditionState.FROZEN)
    assert await between(START, START + WEEK) == []
    async with store.writing() as transaction:
        past = await editions.add_archived(transaction, NEWSLETTER, START - WEEK, START, at(0), "a test")
        await placements.place(transaction, past, {3: None})
    assert await between(START - WEEK, START, past.id) == [3]
    assert await between(START - WEEK, START) == []


async def test_an_earlier_time_of_a_link_is_the_edition_that_printed_it_or_the_chat_alone(store):
    row = await begun(store)
    again = "<https://example.org/page>\nwords"
    await heard(store, link("history", START - WEEK, "<https://example.org/history>\nx"), link("printed", START, again))
    row = await closed(store, row, EditionState.FROZEN)
    await heard(
        store,
        link("p2", row.opened_at, again),
        link("h2", row.opened_at, "<https://example.org/history>\ny"),
        link("new", row.opened_at),
    )
    async with store.reading() as transaction:
        ids = await placements.open_shares(transaction, row, [1], row.cut_off)
        shares = (await gather.known(transaction, ids)).shares
        found = await placements.earlier(transaction, NEWSLETTER, [1], shares, row.opened_at)
    by_link = {key.rpartition("/")[2]: earlier for key, earlier in found.items()}
    assert by_link == {
        "page": placements.Earlier(1, START + WEEK),
        "history": placements.Earlier(0, START - WEEK),
    }


async def test_a_share_heard_late_does_not_hide_that_its_link_was_printed_before(store):
    row = await begun(store)
    page = "<https://example.org/page>\nwords"
    await heard(store, link("printed", START, page))
    row = await closed(store, row, EditionState.FROZEN)
    await heard(store, link("late", START + MINUTE, page))
    async with store.reading() as transaction:
        ids = await placements.open_shares(transaction, row, [1], row.cut_off)
        shares = (await gather.known(transaction, ids)).shares
        found = await placements.earlier(transaction, NEWSLETTER, [1], shares, row.opened_at)
    assert list(found.values()) == [placements.Earlier(1, START + WEEK)]


async def test_what_the_store_knows_of_shares_has_names_pages_joins_and_choices_and_no_bots(store):
    robot = PersonId("local", "W", "robot")
    row = await begun(store)
    await heard(
        store,
        channel_named("news"),
        person_named(ANN, "Ann"),
        person_named(robot, "Robot", bot=True),
        said("1", "<https://example.org/a>\nwords"),
        reacted("1", by=robot),
        reacted("1", by=robot, emoji="🎉"),
        reacted("1", by=BEN),
    )
    async with store.writing() as transaction:
        links = await chat.link_ids(transaction, ["https://example.org/b", "https://example.org/c"])
        (first,) = (
            await transaction.execute(select(tables.link.c.id, tables.link.c.key).order_by("id").limit(1))
        ).all()
        b, c = links["https://example.org/b"], links["https://example.org/c"]
        for one, into in ((first.id, b), (b, c)):
            await transaction.execute(
                insert(tables.link_join).values(link_id=one, into_id=into, why="redirect", at=START)
            )
        await transaction.execute(
            insert(tables.page).values(
                link_id=first.id, title="A", description="", site="", image="", author="", language="", fetched_at=START
            )
        )
        people = await directory.person_ids(transaction, [ANN])
        choice = {"edition_id": row.id, "link_id": first.id, "field": "title", "value": "T", "by_id": people[ANN]}
        await transaction.execute(insert(tables.choice).values(**choice, at=START))
    async with store.reading() as transaction:
        known = await gather.known(transaction, [1], row.id)
    (share,) = known.shares
    assert [(reaction.emoji, reaction.people) for reaction in share.reactions] == [("👍", (BEN,))]
    assert {person.id: name for person, name in known.names.items()} == {
        "ann": "Ann",
        "ben": "",
        "robot": "Robot",
    }
    assert known.pages == {first.key: Page(title="A")}
    assert known.joins == {
        first.key: "https://example.org/b",
        "https://example.org/b": "https://example.org/c",
    }
    assert known.choices == (Choice(first.key, Field.TITLE, "T", ANN, START),)


# --- the ledger ----------------------------------------------------------------------------------------------------

AN_EDITION = Edition(
    newsletter=NEWSLETTER,
    number=12,
    title='위클리 "News" {{ x }}',
    language="ko",
    timezone="Asia/Seoul",
    opened_at=START,
    cut_off=START + WEEK,
    label="6월 1주차",
    week=Week("2026-W23", "6월 1주차", 2026, 6, 1),
    next_week=Week("2026-W24", "6월 2주차", 2026, 6, 2),
    sections=(
        Section(
            "paper",
            "논문",
            (
                Entry(
                    key="example.org/a",
                    url="https://example.org/a",
                    title="A",
                    title_source=TitleSource.LABEL,
                    words="words\nand [@Ann](person:ann)",
                    site="Example",
                    shares=(Shared(1, Person(ANN, "Ann"), at(0.000001), "news", None, "words", private=True),),
                    score=3,
                    links=(EntryLink("https://example.org/b", "B", private=True),),
                    reactions=(("👍", 2),),
                    hashtags=("paper",),
                    section="paper",
                    section_why="hashtag #paper",
                    pinned=True,
                    held="internal host",
                    also_in=Seen(11, "5월 4주차"),
                ),
            ),
        ),
    ),
    left_out=(LeftOut("https://zoom.us/j/1", "meeting", ()),),
    intro="Hello",
    outro="Bye",
)


async def test_an_edition_is_read_as_it_was_kept_and_keeping_it_again_makes_no_new_revision(store):
    row = await begun(store)
    later = replace(AN_EDITION, intro="Hello again")
    async with store.writing() as transaction:
        assert await editions.latest_revision(transaction, row.id) is None
        assert await editions.revise(transaction, row, AN_EDITION, at(0)) == (0, True)
        assert await editions.latest_revision(transaction, row.id) == AN_EDITION
        assert await editions.revise(transaction, row, AN_EDITION, at(1)) == (0, False)
        assert await editions.revise(transaction, row, later, at(2)) == (1, True)
        assert await editions.latest_revision(transaction, row.id) == later


PARTS = (Part(1, "one\n", "mark 1", "1.md"), Part(2, '{"two": "둘"}', "mark 2"))


async def intended(store: Store, *parts: Part) -> ledger.Delivery:
    async with store.writing() as transaction:
        row = await editions.open_edition(transaction, NEWSLETTER)
        row = row or await editions.begin(transaction, NEWSLETTER, START, START + WEEK, after=None)
        return await ledger.intend(transaction, row, "here", 0, parts or PARTS)


async def delivery_of(store: Store, one: ledger.Delivery) -> ledger.Delivery:
    async with store.reading() as transaction:
        found = await ledger.delivery(transaction, one.edition, one.destination)
    assert found is not None
    return found


async def test_what_a_destination_shall_get_is_stored_before_it_is_sent(store):
    made = await intended(store)
    assert [one.part for one in made.parts] == list(PARTS)
    assert {one.state for one in made.parts} == {PartState.INTENDED}
    async with store.reading() as transaction:
        assert await ledger.unfinished(transaction, NEWSLETTER, at(0)) == (made,)
        assert await ledger.unfinished(transaction, "another", at(0)) == ()


async def test_intending_the_same_parts_again_changes_nothing(store):
    made = await intended(store)
    assert await intended(store) == made


async def test_one_owner_delivers_at_a_time_and_only_the_latest_may_write(store):
    made = await intended(store)
    receipt = Receipt("m1", "t1", "note")
    async with store.writing() as transaction:
        mine = await ledger.claim(transaction, made.id, "me", at(0), 5 * MINUTE)
        assert await ledger.claim(transaction, made.id, "you", at(4), 5 * MINUTE) is None
        yours = await ledger.claim(transaction, made.id, "you", at(6), 5 * MINUTE)
        assert mine is not None
        assert yours is not None
        assert not await ledger.hold(transaction, made.id, mine, at(9))
        assert not await ledger.taken_away(transaction, made.id, mine, 1)
        await ledger.finish(transaction, made.id, mine, at(7))
        await ledger.unsure(transaction, made.id, mine, 2)
        assert await ledger.hold(transaction, made.id, yours, at(9))
        assert await ledger.arrived(transaction, made.id, PARTS[0], receipt) == receipt
    now = await delivery_of(store, made)
    assert now.done_at is None
    assert [(one.state, one.receipt) for one in now.parts] == [(PartState.SENT, receipt), (PartState.INTENDED, None)]
    assert now.parts[0].receipt.note == "note"


async def test_an_owner_that_comes_back_after_a_restart_need_not_wait_for_its_own_lease(store):
    made = await intended(store)
    async with store.writing() as transaction:
        first = await ledger.claim(transaction, made.id, "me", at(0), 5 * MINUTE)
        again = await ledger.claim(transaction, made.id, "me", at(1), 5 * MINUTE)
    assert (first, again) == (1, 2)


async def test_a_finished_delivery_is_claimed_by_nobody_until_its_parts_differ(store):
    made = await intended(store)
    receipt = Receipt("m1", None, "")
    async with store.writing() as transaction:
        fence = await ledger.claim(transaction, made.id, "me", at(0), 5 * MINUTE)
        for part in PARTS:
            await ledger.arrived(transaction, made.id, part, receipt)
        await ledger.finish(transaction, made.id, fence, at(1))
        assert await ledger.claim(transaction, made.id, "me", at(2), 5 * MINUTE) is None
        assert await ledger.unfinished(transaction, NEWSLETTER, at(0)) == ()
    changed = await intended(store, replace(PARTS[0], payload="changed"), PARTS[1])
    assert changed.done_at is None
    assert changed.parts[0].receipt == receipt
    async with store.writing() as transaction:
        assert await ledger.claim(transaction, made.id, "me", at(3), 5 * MINUTE) == 2


async def test_parts_that_did_not_change_are_not_sent_again(store):
    made = await intended(store)
    async with store.writing() as transaction:
        fence = await ledger.claim(transaction, made.id, "me", at(0), 5 * MINUTE)
        for part in PARTS:
            await ledger.arrived(transaction, made.id, part, Receipt(f"m{part.ordinal}"))
        await ledger.finish(transaction, made.id, fence, at(1))
    changed = await intended(store, replace(PARTS[0], payload="changed"), PARTS[1])
    assert [one.state for one in changed.parts] == [PartState.INTENDED, PartState.SENT]


async def test_a_delivery_that_was_given_up_says_why_and_waits_for_a_person(store):
    made = await intended(store)
    async with store.writing() as transaction:
        fence = await ledger.claim(transaction, made.id, "me", at(0), 5 * MINUTE)
        await ledger.give_up(transaction, made.id, fence, "the disk is full")
    async with store.reading() as transaction:
        assert await ledger.unfinished(transaction, NEWSLETTER, at(0)) == ()
        ((row, destination, why),) = await ledger.failed(transaction)
    assert (row.newsletter, destination, why) == (NEWSLETTER, "here", "the disk is full")


async def test_a_delivery_that_is_tried_again_says_why_how_often_and_when(store):
    made = await intended(store)
    for attempt in (1, 2):
        async with store.writing() as transaction:
            fence = await ledger.claim(transaction, made.id, "me", at(attempt), 5 * MINUTE)
            assert fence == attempt
            await ledger.try_again(transaction, made.id, fence, at(10 * attempt), "busy")
        now = await delivery_of(store, made)
        assert (now.attempts, now.next_at, now.why, now.failed) == (attempt, at(10 * attempt), "busy", None)
    async with store.reading() as transaction:
        ((row, troubled),) = await ledger.troubled(transaction, NEWSLETTER)
        assert (row.newsletter, troubled.why) == (NEWSLETTER, "busy")
        assert await ledger.troubled(transaction, "another") == ()


async def test_of_a_part_that_two_processes_sent_the_first_receipt_counts(store):
    made = await intended(store)
    async with store.writing() as transaction:
        assert await ledger.arrived(transaction, made.id, PARTS[0], Receipt("first")) == Receipt("first")
        assert await ledger.arrived(transaction, made.id, PARTS[0], Receipt("second")) == Receipt("first")
        assert await ledger.arrived(transaction, made.id, Part(7, "never intended", "mark 7"), Receipt("x")) is None


async def test_what_was_drawn_anew_while_it_was_sent_is_still_to_be_put_in_its_place(store):
    made = await intended(store)
    await intended(store, replace(PARTS[0], payload="changed"), PARTS[1])
    async with store.writing() as transaction:
        assert await ledger.arrived(transaction, made.id, PARTS[0], Receipt("m1")) == Receipt("m1")
    now = await delivery_of(store, made)
    assert (now.parts[0].state, now.parts[0].receipt) == (PartState.INTENDED, Receipt("m1"))


async def test_a_part_gives_way_to_its_halves_and_those_after_it_move_on(store):
    made = await intended(store)
    halves = (Part(1, "on", "mark 1a"), Part(2, "e", "mark 1b"))
    async with store.writing() as transaction:
        fence = await ledger.claim(transaction, made.id, "me", at(0), 5 * MINUTE)
        assert not await ledger.split(transaction, made.id, fence + 1, 1, halves)
        assert await ledger.split(transaction, made.id, fence, 1, halves)
    now = await delivery_of(store, made)
    assert [(one.part.ordinal, one.part.mark) for one in now.parts] == [(1, "mark 1a"), (2, "mark 1b"), (3, "mark 2")]


async def test_an_edition_that_waits_for_its_time_or_for_an_editor_is_not_delivered(store):
    made = await intended(store)
    for values in ({"release_at": at(5)}, {"approval": "awaited"}):
        async with store.writing() as transaction:
            row = await editions.open_edition(transaction, NEWSLETTER)
            row = row or await editions.last_printed(transaction, NEWSLETTER)
            closing = {"state": EditionState.FROZEN, "cut_off": at(0), "serves": at(0), "at": at(0), "by": "a test"}
            await editions.close(transaction, row, **closing, **values)
            assert await ledger.unfinished(transaction, NEWSLETTER, at(1)) == ()
            (waiting,) = await editions.waiting(transaction, NEWSLETTER, at(1))
            assert not waiting.is_released(at(1))
            await editions.release(transaction, waiting)
            assert [one.id for one in await ledger.unfinished(transaction, NEWSLETTER, at(1))] == [made.id]


# --- by an index ---------------------------------------------------------------------------------------------------

PAST_SHARES = 20_000


@asynccontextmanager
async def statements(store: Store) -> AsyncIterator[list[tuple[str, object]]]:
    """What was asked of the database in the block, as it was asked."""
    asked: list[tuple[str, object]] = []

    def ask(_connection, _cursor, statement, parameters, _context, _many) -> None:
        asked.append((statement, parameters))

    event.listen(store._engine.sync_engine, "before_cursor_execute", ask)
    try:
        yield asked
    finally:
        event.remove(store._engine.sync_engine, "before_cursor_execute", ask)


async def with_a_long_past(store: Store) -> editions.EditionRow:
    """Four years of shares, all of them placed, and this week's: as a store looks that has long been in use."""
    postgresql = store._engine.dialect.name == "postgresql"
    series = (
        f"SELECT n FROM generate_series(1, {PAST_SHARES}) AS numbers (n)"
        if postgresql
        else f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {PAST_SHARES})"
        " SELECT n FROM numbers"
    )
    past = START - 208 * WEEK
    each = (208 * WEEK).total_seconds() / PAST_SHARES
    sent = (
        f"CAST('{past.isoformat()}' AS timestamptz) + n * interval '{each} seconds'"
        if postgresql
        else f"strftime('%Y-%m-%dT%H:%M:%f000+00:00', '{past:%Y-%m-%d %H:%M:%S}', '+' || (n * {each}) || ' seconds')"
    )
    true, false = ("true", "false") if postgresql else ("1", "0")
    await heard(store, channel_named("news"))
    async with store.writing() as transaction:
        await directory.person_ids(transaction, [ANN])
        row = await editions.begin(transaction, NEWSLETTER, past, START, after=None)
        for statement in (
            f"INSERT INTO link (id, digest, key) SELECT n, 'd' || n, 'k' || n FROM ({series}) AS s",
            "INSERT INTO message (id, channel_id, external_id, author_id, sent_at, live, text, previews, gone) "
            f"SELECT n, 1, 'm' || n, 1, {sent}, {true}, '', '[]', {false} FROM ({series}) AS s",
            "INSERT INTO share (id, message_id, link_id, channel_id, sent_at, live, present, returned, ordinal, url, "
            "comment, hashtags, bare) "
            f"SELECT n, n, n, 1, {sent}, {true}, {true}, {false}, 0, 'u' || n, '', '[]', {false} FROM ({series}) AS s",
            "INSERT INTO placement (newsletter, share_id, edition_id) "
            f"SELECT '{NEWSLETTER}', n, {row.id} FROM ({series}) AS s",
        ):
            await transaction.execute(text(statement))
        if postgresql:
            for table in ("link", "message", "share"):
                await transaction.execute(text(f"SELECT setval('{table}_id_seq', {PAST_SHARES})"))
        await editions.close(
            transaction, row, state=EditionState.FROZEN, cut_off=START, serves=START, at=START, by="a test"
        )
        row = await editions.begin(transaction, NEWSLETTER, START, START + WEEK, after=row)
    await heard(store, *(link(f"now {n}", START + n * MINUTE) for n in range(20)))
    async with store.writing() as transaction:
        await transaction.execute(text("ANALYZE"))
    return row


async def plan_of(store: Store, statement: str, parameters: object) -> list[str]:
    """The steps by which the database answers."""
    explain = "EXPLAIN " if store._engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    async with store.reading() as transaction:
        found = await transaction.exec_driver_sql(explain + statement, parameters)
        return [str(row[-1]) for row in found]


LARGE = ("share", "message", "placement", "link")


def full_scans(steps: list[str]) -> list[str]:
    """The steps that read a whole table of the large ones, or a whole index of one."""
    sqlite = rf"SCAN ({'|'.join(LARGE)})\b"
    postgresql = rf"Seq Scan on ({'|'.join(LARGE)})\b"
    return [step for step in steps if re.search(f"{sqlite}|{postgresql}", step)]


async def test_grouping_by_week_and_looking_back_are_answered_by_indexes(store):
    row = await with_a_long_past(store)
    async with statements(store) as asked, store.reading() as transaction:
        ids = await placements.open_shares(transaction, row, [1], row.cut_off)
        past = await placements.shares_between(transaction, NEWSLETTER, [1], START - 10 * WEEK, START - 9 * WEEK)
        shares = (await gather.known(transaction, ids)).shares
        await placements.earlier(transaction, NEWSLETTER, [1], shares, row.opened_at)
        await placements.first_share_after(transaction, [1], START - 100 * WEEK)
    assert len(ids) == 20
    assert past == []
    plans = {statement: await plan_of(store, statement, parameters) for statement, parameters in asked}
    assert len(plans) > 8
    scanned = {statement: found for statement, steps in plans.items() if (found := full_scans(steps))}
    assert scanned == {}


async def test_a_whole_table_that_is_read_would_be_noticed(store):
    await with_a_long_past(store)
    assert full_scans(await plan_of(store, "SELECT comment FROM share WHERE comment = 'x'", ()))
