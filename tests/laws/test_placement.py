"""The placement law over the real store and the real publisher: nothing falls between two editions, nothing is in both.

A script of a chat is played: links live, late and imported, edits and deletions, time that passes, editions published
early and late, the past archived. Then every share is accounted for.
"""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from newsletter.collect import Collector
from newsletter.heard import MessageGone, MessageSeen
from newsletter.model import Edition, EditionState
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, directory, editions, placements, tables
from newsletter.store.placements import LATE_WITHIN
from tests.laws.dump import dump
from tests.laws.shelf import Shelf
from tests.laws.told import ANN, BEN, START, channel_named, exported, said

WEEKLY = NewsletterSettings(key="weekly")
HOUR = timedelta(hours=1)
PAGES = ("a", "b", "c", "https://zoom.us/j/1")


@dataclass
class Newsroom:
    """A chat, its newsletter and a clock that only a script moves."""

    store: Store
    now: datetime = START
    shelf: Shelf = field(default_factory=Shelf)
    messages: dict[str, MessageSeen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.collector = Collector(self.store)
        self.publisher = Publisher(
            self.store, WEEKLY, [Outlet(self.shelf)], clock=lambda: self.now, owner="the newsroom"
        )

    async def play(self, what: str, which: int, hours: int) -> None:
        sent_at = self.now - {"live": timedelta(0), "late": hours * 5 * HOUR, "imported": hours * 20 * HOUR}.get(
            what, timedelta(0)
        )
        match what:
            case "live" | "late" | "imported":
                await self._post(what, which, sent_at)
            case "edit" | "delete" if self.messages:
                await self._change(what, which)
            case "publish":
                await self.publish()
            case "archive":
                await self.publisher.archive("a test")
                await self.publisher.deliver()
            case _:
                self.now += hours * HOUR

    async def _post(self, what: str, which: int, sent_at: datetime) -> None:
        id = f"m{len(self.messages)}"
        message = replace(said(id, text_of(which, id), by=(ANN, BEN)[which % 2]), sent_at=sent_at, seen_at=self.now)
        self.messages[id] = message
        await self.collector.hear(exported(message) if what == "imported" else message)
        self.now += timedelta(seconds=1)

    async def _change(self, what: str, which: int) -> None:
        before = list(self.messages.values())[which % len(self.messages)]
        if what == "delete":
            await self.collector.hear(MessageGone(before.id))
            return
        text = "no link any more" if "no link" not in before.text and which % 3 else text_of(which, before.id.id)
        edited = replace(before, text=text, edited_at=self.now, seen_at=self.now)
        self.messages[before.id.id] = edited
        await self.collector.hear(edited)
        self.now += timedelta(seconds=1)

    async def publish(self) -> Edition | None:
        edition = await self.publisher.publish("a test")
        await self.publisher.deliver()
        return edition


def text_of(which: int, id: str) -> str:
    page = PAGES[which % len(PAGES)]
    url = page if "://" in page else f"https://example.org/{page}"
    return f"<{url}>\nwords of {id}" if which % 2 else f"some words <{url}>"


steps = st.tuples(
    st.sampled_from("live live late late imported edit delete publish publish archive pass pass pass".split()),
    st.integers(0, 7),
    st.sampled_from([1, 5, 24, 80, 200]),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"

    async def make() -> None:
        store = await Store.open(f"sqlite:///{path}")
        await Collector(store).hear(channel_named("news"))
        await store.close()

    asyncio.run(make())
    return path


async def played(template: Path, script, check) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linkletter.db"
        shutil.copy(template, path)
        store = await Store.open(f"sqlite:///{path}")
        try:
            room = Newsroom(store)
            for step in script:
                await room.play(*step)
            await check(room)
        finally:
            await store.close()


# An example takes half a second: making one that fails smaller would take minutes.
law = settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
scripts = st.lists(steps, min_size=4, max_size=18)


@law
@given(scripts)
async def test_every_share_is_in_one_edition_or_out_with_a_reason_or_still_open(empty, script):
    async def check(room: Newsroom) -> None:
        async with room.store.reading() as transaction:
            row = await editions.open_edition(transaction, WEEKLY.key)
            shares = (await transaction.execute(tables.share.select())).all()
            placed = (await transaction.execute(tables.placement.select())).all()
            channels = list(await directory.channels(transaction))
            still_open: set[int] = set()
            if row is not None:
                still_open.update(await placements.open_shares(transaction, row, channels, room.now + HOUR))
        where = [one.share_id for one in placed]
        assert len(where) == len(set(where))
        assert still_open.isdisjoint(where)
        if row is None:
            return
        for share in shares:
            since = row.began_at if share.live else max(row.began_at, row.opened_at - LATE_WITHIN)
            eligible = share.present and share.sent_at >= since
            assert not eligible or share.id in still_open or share.id in where

    await played(empty, script, check)


@law
@given(scripts)
async def test_what_is_printed_is_what_was_placed(empty, script):
    async def check(room: Newsroom) -> None:
        await room.publisher.follow()
        async with room.store.reading() as transaction:
            placed = (await transaction.execute(tables.placement.select())).all()
            rows = await editions.all_editions(transaction, WEEKLY.key)
            printed = {row.id: await editions.latest_revision(transaction, row.id) for row in rows}
            frozen = {row.id: await editions.as_frozen(transaction, row.id) for row in rows}
            present = {one.id for one in (await transaction.execute(tables.share.select())).all() if one.present}
        for row in rows:
            edition = frozen[row.id] if row.state is EditionState.FROZEN else printed[row.id]
            if edition is None:
                assert row.state is EditionState.OPEN
                continue
            # What went out follows what people take back: nothing else of it goes, and nothing comes.
            stands = (*printed[row.id].entries, *printed[row.id].again)
            entries = (*edition.entries, *edition.again)
            all_of_it = {shared.share for entry in entries for shared in entry.shares}
            assert {shared.share for entry in stands for shared in entry.shares} == all_of_it & present
            assert {one.share_id for one in placed if one.edition_id == row.id and one.reason is None} == {
                shared.share for entry in entries for shared in entry.shares
            }
            assert {one.share_id: one.reason for one in placed if one.edition_id == row.id and one.reason} == {
                shared.share: left.reason for left in edition.left_out for shared in left.shares
            }

    await played(empty, script, check)


@law
@given(scripts)
async def test_one_edition_is_open_numbers_have_no_gaps_and_nothing_is_sent_twice(empty, script):
    async def check(room: Newsroom) -> None:
        async with room.store.reading() as transaction:
            rows = await editions.all_editions(transaction, WEEKLY.key)
        assert sum(row.state is EditionState.OPEN for row in rows) <= 1
        numbers = sorted(row.number for row in rows if row.number)
        assert numbers == list(range(1, len(numbers) + 1))
        marks = [part.mark for part in room.shelf.parts.values()]
        assert len(marks) == len(set(marks))

    await played(empty, script, check)


@law
@given(scripts)
async def test_publishing_and_archiving_again_with_nothing_new_change_nothing(empty, script):
    async def check(room: Newsroom) -> None:
        for _ in range(10):
            if await room.publisher.archive("a test") == ():
                break
        await room.publish()
        before, there = await dump(room.store), dict(room.shelf.parts)
        sent = len(room.shelf.handed_over)
        assert await room.publish() is None
        assert await room.publisher.archive("a test") == ()
        assert await room.publisher.deliver() == ()
        assert (await dump(room.store), room.shelf.parts, len(room.shelf.handed_over)) == (before, there, sent)

    await played(empty, script, check)


@law
@given(scripts)
async def test_looking_changes_nothing(empty, script):
    async def check(room: Newsroom) -> None:
        before = await dump(room.store)
        await room.publisher.preview()
        await room.publisher.preview(START.replace(day=8, hour=0))
        await room.publisher.standing()
        assert await dump(room.store) == before

    await played(empty, script, check)


async def test_a_link_goes_into_the_edition_that_is_open_when_it_is_heard(sqlite_url):
    store = await Store.open(sqlite_url)
    room = Newsroom(store)
    await room.collector.hear(channel_named("news"))
    try:
        first = await post_and_publish(room, "in time")
        room.now += timedelta(days=3)
        late = replace(said("late", "<https://example.org/late>\nwords"), sent_at=START + timedelta(minutes=1))
        await room.collector.hear(late)
        second = await post_and_publish(room, "of the second week")
        assert [entry.url.rpartition("/")[2] for entry in first.entries] == ["in-time"]
        assert sorted(entry.url.rpartition("/")[2] for entry in second.entries) == ["late", "of-the-second-week"]
        assert (first.number, second.number) == (1, 2)
        assert await room.publish() is None
    finally:
        await store.close()


async def post_and_publish(room: Newsroom, name: str) -> Edition:
    url = f"https://example.org/{name.replace(' ', '-')}"
    await room.collector.hear(replace(said(name, f"<{url}>\nwords"), sent_at=room.now, seen_at=room.now))
    room.now += HOUR
    edition = await room.publish()
    assert edition is not None
    return edition


async def test_a_newsletter_takes_nothing_from_channels_it_does_not_collect_from(sqlite_url):
    store = await Store.open(sqlite_url)
    room = Newsroom(store)
    try:
        await room.collector.hear(channel_named("news"))
        await room.collector.hear(said("1", "<https://example.org/a>\nwords"))
        room.now += HOUR
        elsewhere = NewsletterSettings(key="other", collect=("local:#elsewhere",))
        publisher = Publisher(store, elsewhere, [Outlet(Shelf())], clock=lambda: room.now, owner="a test")
        assert await publisher.publish("a test") is None
        assert await room.publish() is not None
    finally:
        await store.close()
