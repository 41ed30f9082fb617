"""Delivering: leases and fences, looking, halves, waiting. Processes that die are ``test_crashes.py``'s.

Several processes are several publishers over one database here, each with an owner's name of its own; one that was
stopped (SIGSTOP) is one whose destination keeps it waiting while the clock goes on. A real one is stopped at the end.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.collect import Collector
from newsletter.deliver import LEASE, LOOK_AGAIN
from newsletter.errors import CannotLook, NotAllSeen, RateLimited, Refused, TooLarge, Unsure
from newsletter.model import PartState
from newsletter.publish import Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, editions, ledger
from tests.laws.shelf import NarrowShelf, Shelf, SlowShelf
from tests.laws.told import START, channel_named, deleted, said
from tests.stores import fresh

ROOT = Path(__file__).resolve().parent.parent
WEEKLY = NewsletterSettings(key="weekly")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Office:
    """A store, a clock that only the test moves, and an edition of two links that is frozen and not sent."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.collector = Collector(store)
        self.now = START
        self.stopping = False

    def publisher(self, *shelves: Shelf, owner: str = "one", dead: tuple[str, ...] = ()) -> Publisher:
        return Publisher(
            self.store,
            WEEKLY,
            [Outlet(shelf) for shelf in shelves],
            clock=lambda: self.now,
            owner=owner,
            is_alive=lambda other: other not in dead,
            stopping=lambda: self.stopping,
        )

    async def frozen(self, *shelves: Shelf, pages: str = "ab") -> Publisher:
        for page in pages:
            message = said(page, f"<https://example.org/{page}>\nwords about {page}")
            await self.collector.hear(replace(message, sent_at=self.now, seen_at=self.now))
        self.now += HOUR
        publisher = self.publisher(*shelves)
        assert await publisher.publish("a test") is not None
        return publisher

    async def states(self) -> list[str]:
        async with self.store.reading() as transaction:
            (row,) = [one for one in await editions.all_editions(transaction, "weekly") if one.number]
            (delivery,) = await ledger.deliveries_of(transaction, row.id)
        return [part.state.value for part in delivery.parts]


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def office(url):
    store = await Store.open(url)
    made = Office(store)
    await made.collector.hear(channel_named("news"))
    yield made
    await store.close()


def stands(shelf: Shelf) -> list[int]:
    """The ordinals of what is there, in the order it came."""
    return [part.ordinal for part in shelf.parts.values()]


async def reached(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


# --- two at once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrives", ["before", "after"])
async def test_one_that_was_stopped_for_longer_than_its_lease_leaves_each_part_there_once(office, arrives):
    shelf = SlowShelf(arrives=arrives)
    publisher = await office.frozen(shelf)
    stopped = asyncio.create_task(publisher.deliver())
    await reached(shelf.reached)

    other = office.publisher(shelf, owner="two")
    (outcome,) = await other.deliver()
    assert outcome.failed == "another process is delivering it"
    office.now += LEASE + SECOND
    (outcome,) = await other.deliver()
    assert outcome.failed is None

    shelf.go_on.set()
    assert await stopped == ()
    assert sorted(stands(shelf)) == [1, 2, 3]
    assert await other.deliver() == await publisher.deliver() == ()


async def test_one_that_was_stopped_between_two_parts_sends_no_further_one(office):
    """It wakes up when its lease is over, and asks before it hands anything over."""
    shelf = Shelf()
    publisher = await office.frozen(shelf)
    send = shelf.send

    async def send_and_stop(part, after):
        receipt = await send(part, after)
        if part.ordinal == 1:
            shelf.send = send
            office.now += LEASE + SECOND
            await office.publisher(shelf, owner="two").deliver()
        return receipt

    shelf.send = send_and_stop
    assert await publisher.deliver() == ()
    assert stands(shelf) == [1, 2, 3]
    assert [part.ordinal for part in shelf.handed_over] == [1, 2, 3]


async def test_the_lease_of_a_process_that_is_dead_is_not_waited_for(office):
    shelf = SlowShelf()
    publisher = await office.frozen(shelf)
    dying = asyncio.create_task(publisher.deliver())
    await reached(shelf.reached)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    (outcome,) = await office.publisher(shelf, owner="two", dead=("one",)).deliver()
    assert outcome.failed is None
    assert stands(shelf) == [1, 2, 3]


async def test_a_person_who_publishes_while_the_clock_does_does_not_send_it_twice(office):
    """One process, one publisher, two tasks: the weekly turn and a command."""
    shelf = SlowShelf()
    publisher = await office.frozen(shelf)
    first = asyncio.create_task(publisher.deliver())
    await reached(shelf.reached)
    (outcome,) = await publisher.deliver()
    assert (outcome.failed, outcome.again) == ("it is being delivered at the moment", True)
    assert outcome.label
    shelf.go_on.set()
    (outcome,) = await first
    assert outcome.failed is None
    assert [part.ordinal for part in shelf.handed_over] == [1, 2, 3]


async def test_what_was_drawn_anew_while_a_stopped_process_slept_stands_once_and_as_it_is_now(office):
    """Stopped in the middle of a send; another one delivers; the edition is amended; then the first one wakes up."""
    shelf = SlowShelf(arrives="after", at=2)
    publisher = await office.frozen(shelf)
    stopped = asyncio.create_task(publisher.deliver())
    await reached(shelf.reached)
    office.now += LEASE + SECOND
    other = office.publisher(shelf, owner="two")
    await other.deliver()
    await office.collector.hear(deleted("a"))
    await make_stale(office)
    assert await other.follow() != ()
    shelf.go_on.set()
    await stopped
    await other.deliver()
    assert sorted(stands(shelf)) == [1, 2]
    assert "example.org/a" not in str(shelf.parts)


async def make_stale(office: Office) -> None:
    async with office.store.writing() as transaction:
        await transaction.exec_driver_sql("UPDATE edition SET stale = 1 WHERE state = 'frozen'")


# --- halves --------------------------------------------------------------------------------------------------------


def read_on(shelf: Shelf) -> str:
    return "".join(part.payload for part in shelf.parts.values())


async def test_a_part_refused_for_its_size_is_there_by_halves_in_order(office):
    wide, narrow = Shelf("wide"), NarrowShelf("narrow", width=30)
    publisher = await office.frozen(wide, narrow)
    await publisher.deliver()
    assert len(narrow.parts) > len(wide.parts)
    assert read_on(narrow) == read_on(wide)
    assert all(len(part.payload) <= 30 for part in narrow.parts.values())
    assert len({part.mark for part in narrow.parts.values()}) == len(narrow.parts)
    assert await publisher.deliver(failed_too=True) == ()


async def test_a_process_that_dies_half_way_through_the_halves_is_completed_by_the_next(office):
    wide, narrow = Shelf("wide"), NarrowShelf("narrow", width=30)
    publisher = await office.frozen(wide, narrow)
    await publisher.deliver()
    whole, sends = read_on(wide), len(narrow.handed_over)
    assert sends > 5
    for dies_at in range(sends):
        narrow.parts.clear()
        narrow.handed_over.clear()
        await begin_again(office)
        await deliver_and_die(office, narrow, dies_at)
        # The one that arrived and was not written down is found by its mark.
        await office.publisher(wide, narrow, owner="two", dead=("one",)).deliver()
        assert read_on(narrow) == whole
        assert len(narrow.handed_over) == sends


async def begin_again(office: Office) -> None:
    async with office.store.writing() as transaction:
        (made,) = [row for row in await editions.all_editions(transaction, "weekly") if row.number]
        printed = await editions.latest_revision(transaction, made.id)
        await transaction.exec_driver_sql(
            "DELETE FROM part WHERE delivery_id IN (SELECT id FROM delivery WHERE destination = 'narrow')"
        )
        await transaction.exec_driver_sql("DELETE FROM delivery WHERE destination = 'narrow'")
        await ledger.intend(transaction, made, "narrow", 0, Shelf("narrow").draw(printed))


async def deliver_and_die(office: Office, shelf: Shelf, dies_at: int) -> None:
    send = shelf.send

    async def send_or_die(part, after):
        receipt = await send(part, after)
        if len(shelf.handed_over) > dies_at:
            raise asyncio.CancelledError
        return receipt

    shelf.send = send_or_die
    with pytest.raises(asyncio.CancelledError):
        await office.publisher(shelf).deliver()
    shelf.send = send


async def test_a_part_that_cannot_be_halved_is_given_up(office):
    shelf = Shelf("shelf", (("send", TooLarge("shelf", "is too long"), False),))
    publisher = await office.frozen(shelf)
    (outcome,) = await publisher.deliver()
    assert (outcome.failed, outcome.again) == ("is too long", False)


# --- failing, and trying again -------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False], ids=["and is there", "and is not there"])
async def test_what_may_have_arrived_is_looked_for_after_half_a_minute_whoever_asks(office, arrived):
    shelf = Shelf("shelf", (("send", Unsure("shelf", "broke off"), arrived),))
    publisher = await office.frozen(shelf)
    (outcome,) = await publisher.deliver(at_once=False)
    assert outcome.again
    assert outcome.next_at >= office.now + LOOK_AGAIN
    assert (await office.states())[0] == PartState.UNSURE
    tried = len(shelf.handed_over)
    # A platform shows a message only a while after it took it: nobody may look, and send it again, before.
    office.now += LOOK_AGAIN - SECOND
    assert await publisher.deliver(at_once=False) == ()
    (by_hand,) = await publisher.deliver(failed_too=True)
    assert by_hand.again
    assert by_hand.failed == "it may have arrived: it is looked for in half a minute"
    assert by_hand.next_at == outcome.next_at
    assert len(shelf.handed_over) == tried
    office.now += SECOND
    (outcome,) = await publisher.deliver()
    assert outcome.failed is None
    assert sorted(stands(shelf)) == [1, 2, 3]


async def test_a_destination_that_asks_to_wait_is_tried_when_its_time_comes_and_not_before(office):
    shelf = Shelf("shelf", (("send", RateLimited("shelf", timedelta(minutes=7)), False),))
    publisher = await office.frozen(shelf)
    (outcome,) = await publisher.deliver(at_once=False)
    assert outcome.next_at == office.now + timedelta(minutes=7)
    office.now += timedelta(minutes=7) - SECOND
    assert await publisher.deliver(at_once=False) == ()
    office.now += SECOND
    (outcome,) = await publisher.deliver(at_once=False)
    assert outcome.failed is None
    assert stands(shelf) == [1, 2, 3]


async def test_it_is_tried_less_and_less_often_while_nothing_helps(office):
    shelf = Shelf("shelf", tuple(("find", Unsure("shelf", "no answer"), False) for _ in range(12)))
    publisher = await office.frozen(shelf)
    waits = []
    for _ in range(12):
        (outcome,) = await publisher.deliver(at_once=False)
        waits.append(outcome.next_at - office.now)
        office.now = outcome.next_at
    assert all(wait >= timedelta(seconds=24) for wait in waits)
    assert all(wait <= 1.2 * HOUR for wait in waits)
    assert waits[0] < timedelta(minutes=1) < 10 * timedelta(minutes=1) < waits[-1]
    await publisher.deliver(at_once=False)
    assert stands(shelf) == [1, 2, 3]


async def test_a_place_that_cannot_be_read_waits_for_a_person_and_is_told_nothing(office):
    shelf = Shelf("shelf", (("find", CannotLook("shelf", "the channel cannot be read"), False),))
    publisher = await office.frozen(shelf)
    (outcome,) = await publisher.deliver()
    assert (outcome.failed, outcome.again, outcome.next_at) == ("the channel cannot be read", False, None)
    assert shelf.handed_over == []
    office.now += timedelta(days=3)
    assert await publisher.deliver(at_once=False) == ()
    (outcome,) = await publisher.deliver(failed_too=True)
    assert outcome.failed is None
    assert stands(shelf) == [1, 2, 3]


async def test_where_marks_do_not_show_what_was_never_handed_over_is_sent_and_nothing_a_second_time(office):
    """As on a server that keeps no metadata: the edition goes out, but a lost answer needs a person."""
    unmarked = ("find", NotAllSeen("shelf", "marks do not show"), False)
    lost = ("send", Unsure("shelf", "no answer"), True)
    shelf = Shelf("shelf", (unmarked, unmarked, lost, unmarked, unmarked))
    publisher = await office.frozen(shelf)
    (outcome,) = await publisher.deliver()
    assert (outcome.failed, stands(shelf)) == ("no answer", [1, 2])
    office.now = outcome.next_at
    (outcome,) = await publisher.deliver()
    assert (outcome.failed, outcome.again) == ("marks do not show", False)
    assert stands(shelf) == [1, 2]


async def test_a_destination_that_breaks_in_a_way_nobody_thought_of_holds_up_no_other(office, caplog):
    class Broken(Shelf):
        async def find(self, mark):
            raise KeyError("ts")

    broken, good = Broken("broken"), Shelf("good")
    publisher = await office.frozen(broken, good)
    with caplog.at_level(logging.ERROR):
        outcomes = {one.destination: one for one in await publisher.deliver()}
    assert outcomes["good"].failed is None
    assert outcomes["broken"].again
    assert "KeyError" in outcomes["broken"].failed
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [KeyError]
    assert stands(good) == [1, 2, 3]


async def test_a_later_edition_waits_for_the_one_before_also_where_the_place_was_found_under_another_name(office):
    """The first was frozen for a channel nobody could find (by the name of the settings), the second for its id."""
    missing = Shelf("slack:#news", (("send", Refused("slack:#news", "there is no such channel"), False),) * 2)
    publisher = await office.frozen(missing, pages="a")
    await publisher.deliver()
    found = Shelf("slack:C1", (("send", RateLimited("slack:C1", HOUR), False),))
    publisher.aim([Outlet(found, also=("slack:#news",))])
    office.now += timedelta(days=1)
    message = said("b", "<https://example.org/b>\nwords")
    await office.collector.hear(replace(message, sent_at=office.now, seen_at=office.now))
    office.now += HOUR
    assert await publisher.publish("a test") is not None
    await publisher.deliver(failed_too=True)
    assert found.parts == {}
    office.now += HOUR
    await publisher.deliver()
    assert [part.mark.split()[0] for part in found.parts.values() if part.ordinal == 1] == ["#weekly/1", "#weekly/2"]


async def test_a_process_that_is_told_to_end_finishes_the_part_it_is_sending_and_lets_the_next_go_on(office):
    shelf = SlowShelf()
    publisher = await office.frozen(shelf)
    ending = asyncio.create_task(publisher.deliver())
    await reached(shelf.reached)
    office.stopping = True
    shelf.go_on.set()
    (outcome,) = await ending
    assert stands(shelf) == [1]
    assert (bool(outcome.failed), outcome.again) == (True, True)
    office.stopping = False
    (outcome,) = await office.publisher(shelf, owner="two").deliver()
    assert outcome.failed is None
    assert stands(shelf) == [1, 2, 3]


# --- a real one ----------------------------------------------------------------------------------------------------

# Its shelf is a folder; it stops before its second part is taken, as long as a file says so.
STOPPING = """
    import asyncio, os, signal, sys
    from datetime import datetime, timedelta
    from pathlib import Path
    from newsletter.model import Receipt
    from newsletter.publish import Outlet, Publisher
    from newsletter.settings import NewsletterSettings
    from newsletter.store import Store

    folder, owner, minutes = Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    began, start = datetime.now().astimezone(), datetime.fromisoformat(sys.argv[5])

    class Folder:
        key = "shelf"
        async def send(self, part, after):
            if part.ordinal == 2 and owner == "stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
            file = folder / f"{part.ordinal} {owner}"
            file.write_text(part.mark)
            return Receipt(file.name)
        async def find(self, mark):
            return next((Receipt(file.name) for file in folder.iterdir() if file.read_text() == mark), None)
        async def remove(self, receipt):
            (folder / receipt.id).unlink(missing_ok=True)

    def clock():
        return start + timedelta(minutes=minutes) + (datetime.now().astimezone() - began)

    async def main():
        store = await Store.open(sys.argv[1])
        publisher = Publisher(store, NewsletterSettings(key="weekly"), [Outlet(Folder())], clock=clock, owner=owner)
        print(await publisher.deliver())
        await store.close()

    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP is POSIX's")
async def test_a_real_process_stopped_past_its_lease_and_woken_again_leaves_each_part_once(office, tmp_path):
    await office.frozen(Shelf())
    folder = tmp_path / "shelf"
    folder.mkdir()

    def deliver(owner: str, minutes: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, "-c", textwrap.dedent(STOPPING), f"sqlite:///{tmp_path / 'linkletter.db'}"),
                *(str(folder), owner, str(minutes), office.now.isoformat()),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    stopped = deliver("stopped", 0)
    try:
        await until(lambda: state_of(stopped.pid) == "T")
        other = deliver("other", 6)
        said, complaint = await asyncio.to_thread(other.communicate, timeout=60)
        assert other.returncode == 0, complaint
        assert "failed=None" in said
        assert sorted(file.name for file in folder.iterdir()) == ["1 stopped", "2 other", "3 other"]
        stopped.send_signal(signal.SIGCONT)
        said, complaint = await asyncio.to_thread(stopped.communicate, timeout=60)
        assert (stopped.returncode, said) == (0, "()\n"), complaint
        assert sorted(file.name for file in folder.iterdir()) == ["1 stopped", "2 other", "3 other"]
    finally:
        stopped.kill()
        stopped.wait()


def state_of(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


async def until(what, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        await asyncio.sleep(0.02)
