"""Collecting as a user would say it: what is kept of a chat, what is not, and what follows when people change their mind.

That order and repeats do not matter is the convergence law (``laws/test_convergence.py``); that both databases keep it
is ``contracts/test_store.py``.
"""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.collect import AT_ONCE, Collector
from newsletter.heard import EmojiSeen, Preview
from newsletter.merge import FOLLOW_UP_WITHIN
from newsletter.sifting import sift
from newsletter.store import Store, chat, gather, tables
from tests.laws.dump import dump
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
    reading,
    said,
)

BARE = "<https://example.org/a>"


@pytest.fixture
async def store(sqlite_url):
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def collector(store) -> Collector:
    return Collector(store)


async def everything(store: Store):
    """Every share there is, by the id of its message, as an edition would get it."""
    async with store.reading() as transaction:
        found = await transaction.execute(tables.share.select().where(tables.share.c.present))
        known = await gather.known(transaction, [row.id for row in found])
    return {share.message.id: share for share in known.shares}


async def words_of(store: Store, message: str = "bare") -> str:
    return (await everything(store))[message].follow_up


async def reactions_to(store: Store, message: str = "1") -> dict[str, tuple[tuple[str, ...], int]]:
    share = (await everything(store))[message]
    return {one.emoji: (tuple(person.id for person in one.people), one.unnamed) for one in share.reactions}


# --- no link, no trace ---------------------------------------------------------------------------------------------

SENTENCE = "lunch at quarter past twelve"


def chatter() -> list[object]:
    """A thousand messages without a link, with all that happens to messages."""
    heard: list[object] = []
    for n in range(1000):
        message = said(
            f"m{n}",
            f"{SENTENCE} {n}" + (" example.invalid `https://example.org/code`" if n % 5 == 0 else ""),
            minute=n,
            by=(ANN, BEN, CARA)[n % 3],
            thread=f"m{n - 1}" if n % 7 == 3 else None,
            previews=(Preview("https://example.org/x", SENTENCE),) if n % 11 == 0 else (),
            emoji=(EmojiSeen("👍", 2, (BEN,)),) if n % 13 == 0 else None,
        )
        heard.append(message)
        if n % 2 == 0:
            heard.append(reacted(f"m{n}", minute=n + 1))
        if n % 3 == 0:
            heard.append(replace(message, text=f"{SENTENCE}, no, at one {n}", edited_at=at(n + 1)))
        if n % 4 == 0:
            heard.append(deleted(f"m{n}"))
    return heard


async def heard_at_once(collector, heard):
    """As many at a time as a lively chat brings: those that come together are committed together."""
    for start in range(0, len(heard), 100):
        await asyncio.gather(*(collector.hear(one) for one in heard[start : start + 100]))


async def test_a_thousand_messages_without_a_link_leave_no_trace(store, collector, tmp_path):
    await heard_at_once(collector, chatter())
    await collector.hear(reading(*(one for one in chatter() if hasattr(one, "text")), people=(), complete=True))
    await collector.hear(exported(*(one for one in chatter() if hasattr(one, "text")), people=()))
    await store.close()
    kept = raw(tmp_path / "linkletter.db")
    # The channel was named; nothing else is known.
    assert {table: rows for table, rows in kept.items() if rows} == {
        "alembic_version": kept["alembic_version"],
        "channel": [(1, "local", "W", "C1", "news", 0, kept["channel"][0][6], None, None)],
        **{
            table: rows for table, rows in kept.items() if table.startswith(("share_terms_", "edition_terms_")) and rows
        },
    }
    for file in tmp_path.iterdir():
        assert SENTENCE.encode() not in file.read_bytes()
        assert b"lunch" not in file.read_bytes()


async def test_what_was_said_around_links_by_people_without_a_link_leaves_no_trace(store, collector, tmp_path):
    await collector.hear(said("bare", BARE, minute=500.5, by=ANN))
    await collector.hear(said("words", "a link", minute=500.6, by=ANN))
    await heard_at_once(collector, chatter()[1000:1400])
    await store.close()
    kept = raw(tmp_path / "linkletter.db")
    assert [row[2] for row in kept["message"]] == ["bare", "words"]
    assert [row[3] for row in kept["person"]] == ["ann"]
    assert not [table for table, rows in kept.items() if SENTENCE in str(rows)]


def raw(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, past all of our own code."""
    connection = sqlite3.connect(path)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: list(connection.execute(f'SELECT * FROM "{name}"')) for name in names}  # noqa: S608 - names from the schema
    finally:
        connection.close()


# --- the sharer's next message -------------------------------------------------------------------------------------

WORDS = "this is what it is about"


@pytest.mark.parametrize(
    ("following", "expected"),
    [
        ([said("2", WORDS, minute=1)], WORDS),
        ([said("2", WORDS, minute=10)], WORDS),
        ([said("2", WORDS, minute=10.1)], ""),
        ([said("2", WORDS, minute=1, by=BEN)], ""),
        ([said("2", "yes?", minute=1, by=BEN), said("3", WORDS, minute=2)], WORDS),
        ([said("2", WORDS, minute=1, thread="bare")], WORDS),
        ([said("2", WORDS, minute=1, thread="another")], ""),
        ([said("2", "another <https://example.org/b>", minute=1), said("3", WORDS, minute=2)], ""),
        ([said("2", WORDS, minute=1), said("3", "and more", minute=2)], WORDS),
        ([said("2", WORDS, minute=1, channel=OTHER_CHANNEL)], ""),
        ([said("2", WORDS, minute=-1)], ""),
    ],
    ids=[
        "the next message",
        "after ten minutes",
        "after more than ten minutes",
        "somebody else's",
        "after somebody else's",
        "a reply to it",
        "a reply to something else",
        "the next has a link itself",
        "only the next one",
        "in another channel",
        "the one before",
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the last first"])
async def test_a_bare_link_takes_the_sharers_own_next_message_as_its_words(
    store, collector, following, expected, turned
):
    heard = [said("bare", BARE), *following]
    for one in reversed(heard) if turned else heard:
        await collector.hear(one)
    assert await words_of(store) == expected
    assert await dump(store) == await dumped_reading(heard)


async def dumped_reading(heard) -> dict[str, object]:
    """What is kept if one reading brings it all: what comes bit by bit must end the same."""
    other = await Store.open("sqlite:///:memory:")
    try:
        collector = Collector(other)
        for channel in sorted({message.id.channel for message in heard}):
            named = channel_named("", channel=channel, minute=0)
            messages = [message for message in heard if message.id.channel == channel]
            await collector.hear(reading(*messages, channel=replace(named, seen_at=EPOCH), people=()))
        return await dump(other)
    finally:
        await other.close()


EPOCH = START.replace(year=1970, month=1, day=1, hour=0)


async def test_the_words_of_a_bare_link_follow_their_edits_and_deletion(store, collector):
    for one in (said("bare", BARE), said("2", WORDS, minute=1), said("3", "the one after", minute=2)):
        await collector.hear(one)
    await collector.hear(said("2", "better words", minute=1, edited=3))
    assert await words_of(store) == "better words"
    await collector.hear(deleted("2"))
    assert await words_of(store) == "the one after"
    await collector.hear(said("3", "see <https://example.org/c>", minute=2, edited=4))
    assert await words_of(store) == ""


async def test_words_are_kept_only_as_long_as_a_bare_link_needs_them(store, collector):
    await collector.hear(said("bare", BARE))
    await collector.hear(said("2", WORDS, minute=1))
    await collector.hear(deleted("bare"))
    async with store.reading() as transaction:
        found = await transaction.execute(tables.message.select())
        assert [(row.external_id, row.text) for row in found] == [("bare", "")]


@pytest.mark.parametrize("later", [9.5, 15, 19.5])
async def test_a_message_nearby_leaves_the_words_of_others_alone(store, collector, later):
    for one in (
        said("bare", BARE),
        said("2", WORDS, minute=9),
        said("late", "<https://example.org/late>", minute=20, by=BEN),
        said("late words", "words that come late", minute=29, by=BEN),
    ):
        await collector.hear(one)
    await collector.hear(said("other", "a link <https://example.org/b>", minute=later, by=CARA))
    assert await words_of(store) == WORDS
    assert await words_of(store, "late") == "words that come late"


async def test_a_reading_gives_a_bare_link_the_words_it_has_in_the_chat(store, collector):
    await collector.hear(reading(said("bare", BARE), said("2", WORDS, minute=1), said("3", "chatter", minute=2)))
    assert await words_of(store) == WORDS


async def test_reactions_to_words_count_again_if_the_words_are_edited_to_hold_a_link(store, collector):
    link = said("2", "see <https://example.org/b>", minute=1, edited=5)
    for one in (said("bare", BARE), said("2", WORDS, minute=1), reacted("2", minute=2), deleted("bare"), link):
        await collector.hear(one)
    assert await reactions_to(store, "2") == {"👍": (("ben",), 0)}


# --- edits, deletions, reactions -----------------------------------------------------------------------------------


async def test_an_edit_may_add_change_and_remove_a_link(store, collector):
    await collector.hear(said("1", "no link yet"))
    assert await everything(store) == {}
    await collector.hear(said("1", "now <https://example.org/a>", edited=1))
    assert (await everything(store))["1"].url == "https://example.org/a"
    await collector.hear(said("1", "no <https://example.org/b>", edited=2))
    assert [share.url for share in (await everything(store)).values()] == ["https://example.org/b"]
    await collector.hear(said("1", "no link again", edited=3))
    assert await everything(store) == {}


async def test_a_link_twice_in_one_message_is_one_share(store, collector):
    await collector.hear(said("1", "<https://example.org/a?utm_source=x>\nand again <http://www.example.org/a>"))
    async with store.reading() as transaction:
        assert len((await transaction.execute(tables.share.select())).all()) == 1


async def test_a_reaction_stands_until_it_is_taken_back(store, collector):
    await collector.hear(said("1", BARE))
    await collector.hear(reacted("1", by=BEN))
    await collector.hear(reacted("1", by=CARA))
    assert await reactions_to(store) == {"👍": (("ben", "cara"), 0)}
    await collector.hear(reacted("1", by=BEN, on=False, minute=2))
    assert await reactions_to(store) == {"👍": (("cara",), 0)}
    await collector.hear(reacted("1", by=BEN, minute=1))
    assert await reactions_to(store) == {"👍": (("cara",), 0)}


async def test_reactions_heard_before_their_message_count_once_it_is_heard(store, collector):
    await collector.hear(reacted("1"))
    await collector.hear(said("1", BARE))
    assert await reactions_to(store) == {"👍": (("ben",), 0)}


async def test_a_deletion_heard_before_its_message_is_final(store, collector):
    await collector.hear(deleted("1"))
    await collector.hear(said("1", BARE))
    assert await everything(store) == {}


async def test_a_complete_reading_deletes_what_it_does_not_show_and_an_incomplete_one_nothing(store, collector):
    for n in range(3):
        await collector.hear(said(str(n), f"<https://example.org/{n}>\nwords", minute=n))
    await collector.hear(reading(said("0", "<https://example.org/0>\nwords")))
    assert set(await everything(store)) == {"0", "1", "2"}
    await collector.hear(exported(said("0", "<https://example.org/0>\nwords")))
    assert set(await everything(store)) == {"0", "1", "2"}
    await collector.hear(reading(said("0", "<https://example.org/0>\nwords"), since=at(0), until=at(2), complete=True))
    assert set(await everything(store)) == {"0", "2"}


async def test_a_complete_reading_deletes_nothing_posted_since_it_began_and_no_reply(store, collector):
    await collector.hear(said("reply", "<https://example.org/r>\nwords", minute=1, thread="0"))
    await collector.hear(said("new", "<https://example.org/n>\nwords", minute=60))
    await collector.hear(reading(minute=30, complete=True))
    assert set(await everything(store)) == {"reply", "new"}


# --- imports -------------------------------------------------------------------------------------------------------


async def test_an_import_after_the_live_platform_changes_nothing_it_said(store, collector):
    message = said("1", f"as it is now\n{BARE}\nlive words", edited=5)
    for one in (channel_named("news", minute=9), person_named(ANN, "Ann", minute=9), message, reacted("1", minute=6)):
        await collector.hear(one)
    await collector.hear(said("gone", "<https://example.org/gone>"))
    await collector.hear(deleted("gone"))
    before = await dump(store)
    as_it_was = replace(message, text=f"as it was\n{BARE}", edited_at=None, emoji=(EmojiSeen("👍", 1, (BEN,)),))
    gone = said("gone", "<https://example.org/gone>")
    await collector.hear(
        exported(
            as_it_was, gone, channel=channel_named("old-news", minute=-1), people=(person_named(ANN, "An", minute=-1),)
        )
    )
    assert await dump(store) == before


async def test_what_was_deleted_stays_deleted_after_it_is_imported_again(store, collector):
    export = exported(said("1", f"{BARE}\nwords"), said("2", "<https://example.org/b>\nwords", minute=1))
    await collector.hear(export)
    await collector.hear(deleted("1"))
    for _ in range(2):
        await collector.hear(export)
        assert set(await everything(store)) == {"2"}


async def test_an_import_the_second_time_changes_no_row(store, collector):
    messages = [said(str(n), f"<https://example.org/{n % 7}> #tag", minute=n) for n in range(50)]
    export = exported(*messages, said("words", "words for the last", minute=50))
    await collector.hear(export)
    before = await dump(store)
    await collector.hear(export)
    await Collector(store).hear(export)
    assert await dump(store) == before


async def test_a_reading_that_was_killed_half_way_and_is_repeated_ends_as_if_it_had_not_been(store, collector):
    messages = [
        said(str(n), f"<https://example.org/{n}>" if n % 3 else "words for what came before", minute=n)
        for n in range(2 * AT_ONCE)
    ]
    whole = sift(reading(*messages, minute=10_000, complete=True))

    class KilledError(Exception):
        pass

    def die(_done: int) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        await collector.take(whole, die)
    async with store.reading() as transaction:
        half = len(await chat.present_between(transaction, CHANNEL, None, None))
    assert 0 < half < len(whole.reading.messages)
    await Collector(store).take(whole)
    other = await Store.open("sqlite:///:memory:")
    try:
        await Collector(other).take(whole)
        assert await dump(store) == await dump(other)
    finally:
        await other.close()


async def test_two_things_heard_at_once_are_both_kept(store, collector):
    await collector.hear(said("1", BARE))
    people = [replace(ANN, id=f"p{n}") for n in range(20)]
    await asyncio.gather(*(collector.hear(reacted("1", by=person)) for person in people))
    (names, unnamed) = (await reactions_to(store))["👍"]
    assert (len(names), unnamed) == (20, 0)


def test_sifting_keeps_links_and_what_may_be_their_words_and_counts_everything():
    within = FOLLOW_UP_WITHIN.total_seconds() / 60
    sifted = sift(
        reading(
            said("1", BARE),
            said("2", "perhaps its words", minute=within),
            said("3", "too late for words", minute=within + 1),
            said("4", "somebody else's", minute=1, by=BEN),
            said("5", "an edit that took a link out", minute=99, edited=100),
            said("6", "two: <https://example.org/a> and <https://example.org/b>", minute=101, by=BEN),
            ignored={"bot": 3},
        )
    )
    assert [message.id.id for message in sifted.reading.messages] == ["1", "2", "5", "6"]
    counted = sifted.collected
    assert (counted.messages, counted.shares, len(counted.keys), counted.people) == (6, 3, 2, {ANN, BEN})
    assert counted.ignored == {"bot": 3}
    assert len(sifted.there) == 6
