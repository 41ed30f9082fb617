"""Publishing: what is promised about editions at their destinations, whatever fails, crashes or runs twice.

That nothing falls between two editions is ``laws/test_placement.py``; how the ledger behaves is
``contracts/test_store.py``; what a file says is ``test_render.py``. Crashes are real: a process kills itself with SIGKILL
at a named place of our own code, and the command is run again.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import render
from newsletter.collect import Collector
from newsletter.destinations.markdown import MarkdownFolder
from newsletter.errors import CannotLook, DeliveryError, RateLimited, Refused, Unsure
from newsletter.model import Edition
from newsletter.publish import Outlet, Publisher
from newsletter.settings import Audience, MarkdownSettings, NewsletterSettings
from newsletter.store import Store, ledger
from tests.laws.dump import dump
from tests.laws.shelf import Shelf
from tests.laws.told import START, channel_named, deleted, exported, said

ROOT = Path(__file__).resolve().parent.parent
WEEKLY = NewsletterSettings(key="weekly")
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


class Office:
    """A store with a newsletter, a collector, and a clock that only the test moves."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.collector = Collector(store)
        self.now = START

    def publisher(self, *shelves: Shelf, owner: str = "a test", settings: NewsletterSettings = WEEKLY) -> Publisher:
        return self.publishing([Outlet(shelf) for shelf in shelves], owner=owner, settings=settings)

    def publishing(self, outlets, *, owner: str = "a test", settings: NewsletterSettings = WEEKLY) -> Publisher:
        return Publisher(self.store, settings, outlets, clock=lambda: self.now, owner=owner)

    async def shared(self, page: str, when: datetime | None = None, *, text: str = "words") -> None:
        when = when or self.now
        message = said(page, f"<https://example.org/{page}>\n{text}")
        await self.collector.hear(replace(message, sent_at=when, seen_at=when))


@pytest.fixture
async def office(sqlite_url):
    store = await Store.open(sqlite_url)
    made = Office(store)
    await made.collector.hear(channel_named("news"))
    yield made
    await store.close()


def pages(edition: Edition | None) -> list[str]:
    assert edition is not None
    return [entry.url.rpartition("/")[2] for entry in edition.entries]


def whole(shelf: Shelf) -> list[str]:
    """What stands on the shelf, in order."""
    return [part.payload for part in sorted(shelf.parts.values(), key=lambda part: part.ordinal)]


# --- frozen before it is sent --------------------------------------------------------------------------------------


AS_IT_WAS = NewsletterSettings(key="weekly", edits="ignore")


async def test_what_is_sent_was_stored_before_it_is_sent(office):
    shelf = Shelf()
    await office.shared("a")
    office.now += HOUR
    await office.publisher(shelf, settings=AS_IT_WAS).publish("a test")
    assert shelf.handed_over == []
    async with office.store.reading() as transaction:
        (stored,) = await ledger.unfinished(transaction, WEEKLY.key, office.now)
    await office.collector.hear(said("a", "<https://example.org/a>\nother words", edited=90))
    await office.publisher(shelf, settings=AS_IT_WAS).deliver()
    assert shelf.handed_over == [one.part for one in stored.parts]
    assert "other words" not in str(whole(shelf))


@pytest.mark.parametrize(("edits", "words"), [("follow", "other words"), ("ignore", "words")])
async def test_what_people_edit_afterwards_is_followed_where_the_team_wants_it(office, edits, words):
    shelf, settings = Shelf(), NewsletterSettings(key="weekly", edits=edits)
    await office.shared("a")
    await office.shared("b", office.now + timedelta(minutes=1))
    office.now += HOUR
    publisher = office.publisher(shelf, settings=settings)
    await publisher.publish("a test")
    await publisher.deliver()
    await office.collector.hear(said("a", "<https://example.org/a>\nother words", edited=90))
    await publisher.deliver()
    assert [json.loads(part)[2] for part in whole(shelf)[1:]] == [words, "words"]
    assert len(shelf.handed_over) == 3
    assert await publisher.deliver() == ()


@pytest.mark.parametrize("edits", ["follow", "ignore"])
async def test_what_people_delete_afterwards_goes_everywhere(office, edits):
    shelf, settings = Shelf(), NewsletterSettings(key="weekly", edits=edits)
    await office.shared("a")
    await office.shared("b", office.now + timedelta(minutes=1))
    office.now += HOUR
    publisher = office.publisher(shelf, settings=settings)
    await publisher.publish("a test")
    await publisher.deliver()
    await office.collector.hear(deleted("a"))
    await publisher.deliver()
    assert len(shelf.parts) == 2
    assert "example.org/a" not in str(whole(shelf))
    await office.collector.hear(deleted("b"))
    await publisher.deliver()
    assert shelf.parts == {}


FAILURES: list[tuple[str, DeliveryError, bool, bool]] = [
    ("send", Refused("shelf", "says no"), False, True),
    ("send", Unsure("shelf", "broke off"), False, False),
    ("send", Unsure("shelf", "broke off"), True, False),
    ("send", RateLimited("shelf", timedelta(seconds=30)), False, False),
    ("find", CannotLook("shelf", "may not be read"), False, True),
]


@pytest.mark.parametrize(
    ("doing", "error", "arrived", "given_up"),
    FAILURES,
    ids=["refused", "unsure and not there", "unsure and there", "asked to wait", "cannot look"],
)
async def test_a_destination_that_fails_holds_up_no_other_and_gets_the_same_bytes_later(
    office, doing, error, arrived, given_up
):
    bad, good = Shelf("shelf", ((doing, error, arrived),)), Shelf("good")
    await office.shared("a")
    await office.shared("b", office.now + timedelta(minutes=1))
    office.now += HOUR
    publisher = office.publisher(bad, good, settings=AS_IT_WAS)
    await publisher.publish("a test")
    outcomes = {one.destination: one for one in await publisher.deliver()}
    assert outcomes["good"].failed is None
    assert (outcomes["shelf"].failed, outcomes["shelf"].again) == (error.why, not given_up)
    assert (await publisher.standing()).failed == ((("shelf", error.why),) if given_up else ())

    office.now += HOUR
    await office.collector.hear(said("a", "<https://example.org/a>\nchanged meanwhile", edited=90))
    assert (await publisher.deliver() == ()) is given_up
    await publisher.deliver(failed_too=True)
    assert whole(bad) == whole(good)
    assert len(bad.parts) == 3
    assert (await publisher.standing()).failed == ()
    assert await publisher.deliver(failed_too=True) == ()


async def test_a_destination_that_fails_gets_no_later_edition_before_the_earlier_one(office):
    shelf = Shelf("shelf", (("send", RateLimited("shelf", timedelta(seconds=30)), False),))
    publisher = office.publisher(shelf)
    for page in ("first", "second"):
        await office.shared(page)
        office.now += HOUR
        await publisher.publish("a test")
    (outcome,) = await publisher.deliver()
    assert outcome.again
    assert shelf.parts == {}
    await publisher.deliver()
    assert [part.payload.split()[1] for part in shelf.parts.values() if part.ordinal == 1] == ["1", "2"]


async def test_another_process_that_holds_the_delivery_is_not_overtaken_until_its_lease_ends(office):
    shelf = Shelf()
    await office.shared("a")
    office.now += HOUR
    publisher = office.publisher(shelf, owner="me")
    await publisher.publish("a test")
    async with office.store.writing() as transaction:
        (delivery,) = await ledger.unfinished(transaction, WEEKLY.key, office.now)
        await ledger.claim(transaction, delivery.id, "another", office.now, timedelta(minutes=5))
    (outcome,) = await publisher.deliver()
    assert outcome.again
    assert shelf.handed_over == []
    office.now += timedelta(minutes=6)
    await publisher.deliver()
    assert len(shelf.parts) == 2


# --- when, and how it is called ------------------------------------------------------------------------------------


async def test_missed_cut_offs_give_one_edition_that_is_labelled_as_a_range(office):
    publisher = office.publisher(Shelf())
    await office.shared("a")
    office.now += DAY
    await publisher.publish("a test")
    await office.shared("b")
    office.now += 3 * WEEK
    await office.shared("this-week")
    office.now += HOUR
    missed = await publisher.publish("a test")
    assert pages(missed) == ["b"]
    assert (missed.label, missed.number) == ("2026-W24–W25", 2)
    this_week = await publisher.publish("a test")
    assert (this_week.label, len(this_week.entries), this_week.number) == ("2026-W26", 1, 3)
    assert await publisher.publish("a test") is None


async def test_an_early_edition_serves_the_next_cut_off_and_the_rest_of_the_week_goes_into_the_one_after(office):
    publisher = office.publisher(Shelf())
    await office.shared("early")
    office.now += DAY
    first = await publisher.publish("a test")
    await office.shared("rest")
    office.now += WEEK
    second = await publisher.publish("a test")
    assert (first.label, second.label) == ("2026-W23", "2026-W24")
    assert (pages(first), pages(second)) == (["early"], ["rest"])


async def test_too_few_links_are_not_published_and_roll_on(office):
    settings = NewsletterSettings(key="weekly", at_least=2)
    publisher = office.publisher(Shelf(), settings=settings)
    await office.shared("a")
    office.now += HOUR
    assert await publisher.publish("a test") is None
    office.now += WEEK
    await office.shared("b")
    office.now += HOUR
    edition = await publisher.publish("a test")
    assert pages(edition) == ["a", "b"]
    assert edition.number == 1


async def test_an_edition_that_only_the_team_may_read_is_not_sent_to_the_public(office):
    blog, channel = Shelf("blog"), Shelf("channel")
    await office.collector.hear(channel_named("secret", minute=1, private=True))
    await office.shared("a")
    office.now += HOUR
    publisher = office.publishing([Outlet(blog, Audience.PUBLIC), Outlet(channel)])
    await publisher.publish("a test")
    await publisher.deliver()
    assert blog.parts == {}
    assert len(channel.parts) == 2


# --- the past ------------------------------------------------------------------------------------------------------


async def archived(office: Office, publisher: Publisher) -> list[Edition]:
    made = await publisher.archive("a test")
    await publisher.deliver()
    return list(made)


async def test_archiving_twice_changes_nothing(office):
    shelf = Shelf()
    for week in range(4):
        await office.shared(f"p{week}", START + week * WEEK)
    office.now = START + 5 * WEEK
    publisher = office.publisher(shelf)
    assert [pages(edition) for edition in await archived(office, publisher)] == [["p0"], ["p1"], ["p2"], ["p3"]]
    before, there = await dump(office.store), dict(shelf.parts)
    assert await archived(office, publisher) == []
    assert await dump(office.store) == before
    assert shelf.parts == there


async def test_a_past_week_follows_its_edits_deletions_and_late_imports(office):
    shelf = Shelf()
    for page in ("a", "b"):
        await office.shared(page)
    await office.shared("other", START + WEEK)
    office.now = START + 3 * WEEK
    publisher = office.publisher(shelf)
    await archived(office, publisher)

    edited = said("a", "<https://example.org/a>\nbetter words", edited=50)
    await office.collector.hear(edited)
    (edition,) = await archived(office, publisher)
    assert edition.entries[0].words == "better words"

    late = said("late", "<https://example.org/late>\nwords", minute=7)
    await office.collector.hear(exported(late, people=()))
    (edition,) = await archived(office, publisher)
    assert sorted(pages(edition)) == ["a", "b", "late"]

    await office.collector.hear(deleted("b"))
    (edition,) = await archived(office, publisher)
    assert sorted(pages(edition)) == ["a", "late"]
    assert edition.number == 1


async def test_what_was_deleted_from_a_past_week_is_taken_away_from_its_destination(office):
    shelf = Shelf()
    for page in ("a", "b"):
        await office.shared(page)
    office.now = START + 3 * WEEK
    publisher = office.publisher(shelf)
    await archived(office, publisher)
    await office.collector.hear(deleted("b"))
    await archived(office, publisher)
    assert "example.org/b" not in str(whole(shelf))


async def test_an_older_week_imported_later_changes_those_after_it_at_once(office):
    again = replace(said("again", "<https://example.org/page>\nother words"), sent_at=START + WEEK)
    await office.collector.hear(again)
    office.now = START + 4 * WEEK
    publisher = office.publisher(Shelf())
    await archived(office, publisher)
    await office.collector.hear(exported(said("first", "<https://example.org/page>\nwords"), people=()))
    await archived(office, publisher)
    assert await archived(office, publisher) == []


async def test_a_post_that_a_person_edited_is_kept_and_the_new_text_is_beside_it(office, tmp_path):
    markdown = MarkdownSettings()
    folder = MarkdownFolder(
        tmp_path / "posts", lambda edition: (f"{render.slug_of(edition)}.md", render.post(edition, markdown))
    )
    publisher = office.publishing([Outlet(folder, Audience.PUBLIC)])
    await office.shared("a")
    office.now = START + 2 * WEEK
    await archived(office, publisher)
    (post,) = (tmp_path / "posts").iterdir()
    post.write_text(by_hand := post.read_text() + "\nA line by a person.\n")
    await office.collector.hear(said("a", "<https://example.org/a>\nbetter words", edited=50))
    await archived(office, publisher)
    assert post.read_text() == by_hand
    (beside,) = (file for file in (tmp_path / "posts").iterdir() if file != post)
    assert beside.name == f"{post.name}.new~"
    assert "better words" in beside.read_text()


# --- killed, and twice at once -------------------------------------------------------------------------------------

# Each kills the process at one place; the names are in the order of what happens.
PLACES = {
    "before the edition is closed": (
        "wrap(editions, 'begin', after=lambda row: row.id and die(), only_from=2)",
        0,
    ),
    "after it is closed": ("wrap(Publisher, 'deliver', before=die)", 1),
    "before the file is written": ("wrap(markdown, '_write', before=die)", 1),
    "before the file has its name": ("wrap(Path, 'replace', before=die)", 1),
    "before the receipt is stored": ("wrap(ledger, 'arrived', before=die)", 1),
    "after the receipt is stored": ("wrap(ledger, 'finish', before=die)", 1),
}

DYING = """
    import inspect, os, signal
    from pathlib import Path
    from newsletter.destinations import markdown
    from newsletter.publish import Publisher
    from newsletter.store import editions, ledger
    from bot.cli import main

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    def wrap(owner, name, before=None, after=None, only_from=1):
        real, calls = getattr(owner, name), []
        async def in_turn(*arguments, **named):
            calls.append(name)
            if before: before()
            result = await real(*arguments, **named)
            if after and len(calls) >= only_from: after(result)
            return result
        def at_once(*arguments, **named):
            before()
            return real(*arguments, **named)
        setattr(owner, name, in_turn if inspect.iscoroutinefunction(real) else at_once)

    {place}
    main()
"""


def linkletter(folder: Path, *arguments: str, program: str = "from bot.cli import main; main()"):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
async def collected(tmp_path) -> Path:
    """A folder in which links were collected just now; the command takes its time from the machine."""
    store = await Store.open(f"sqlite:///{tmp_path / 'linkletter.db'}")
    made = Office(store)
    await made.collector.hear(channel_named("news"))
    now = datetime.now(UTC)
    for page in "abc":
        await made.shared(page, now, text="words about it")
    await store.close()
    return tmp_path


def frozen(folder: Path) -> int:
    connection = sqlite3.connect(folder / "linkletter.db")
    try:
        (count,) = connection.execute("SELECT count(*) FROM edition WHERE state = 'frozen'").fetchone()
        return count
    finally:
        connection.close()


def the_one_post(folder: Path) -> str:
    """The text of the only file there, whole; nothing half done may lie beside it."""
    (post,) = (folder / "posts").iterdir()
    text = post.read_text()
    assert post.suffix == ".md"
    assert all(text.count(f"(https://example.org/{page})") == 1 for page in "abc")
    return text


@pytest.mark.parametrize("place", PLACES)
def test_a_process_killed_anywhere_leaves_what_the_next_one_completes_once(collected, place):
    wrapping, already_frozen = PLACES[place]
    dying = linkletter(collected, "publish", "--to", "posts", program=textwrap.dedent(DYING).format(place=wrapping))
    _, complaint = dying.communicate(timeout=60)
    assert dying.returncode == -signal.SIGKILL, complaint
    assert frozen(collected) == already_frozen
    again = linkletter(collected, "publish", "--to", "posts")
    _, complaint = again.communicate(timeout=60)
    assert again.returncode == 0, complaint
    the_one_post(collected)
    assert frozen(collected) == 1


def test_two_processes_that_publish_at_once_make_one_edition_and_one_file(collected):
    both = [linkletter(collected, "publish", "--to", "posts") for _ in range(2)]
    for process in both:
        _, complaint = process.communicate(timeout=60)
        assert process.returncode in (0, 1), complaint
        assert "something went wrong" not in complaint
    assert 0 in [process.returncode for process in both]
    the_one_post(collected)
    assert frozen(collected) == 1
