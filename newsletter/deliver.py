"""Delivering: what was frozen is brought to its destinations, part by part, each once, whatever crashes or doubles.

Claim, look, send, write down each receipt at once, done. What an edition says was decided before (``publish.py``); what
a destination is able to do is its own business. Safe to repeat and to kill at any point.
"""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from newsletter.errors import CannotLook, DeliveryError, NotAllSeen, RateLimited, Refused, StoreError, TooLarge, Unsure
from newsletter.model import Part, PartState, Receipt
from newsletter.ports import Clock, Destination
from newsletter.store import Store, editions, ledger

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long a process may be silent before another one takes its delivery over: longer than the slowest send."""

MARGIN = timedelta(minutes=1)
"""Nothing is handed over in the last minute of a lease: a process that was stopped looks again first."""

LOOK_AGAIN = timedelta(seconds=30)
"""How long after an unsure send a message that arrived can be found: platforms index after they answer, and a request
that a dead process left behind may still be on its way."""

FIRST = 1
"""The fence of who claims a delivery that nobody claimed before."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one edition at one destination: what is there now, or why it is not."""

    label: str
    destination: str
    receipts: tuple[Receipt, ...]
    failed: str | None = None
    again: bool = False
    """Whether trying again by itself may help."""
    next_at: datetime | None = None
    """When it is tried again by itself, while the weekly run runs."""


class _Lost(Exception):
    """Another process has taken over."""


class HasDestination(Protocol):
    """An outlet or a recap."""

    @property
    def destination(self) -> Destination:
        """Where it goes."""
        ...


class Deliverer:
    """Brings deliveries to their destinations. ``owner`` names this process in the ledger.

    ``is_alive`` tells of another owner whether it may still be at work; if unsure, yes: then its lease is waited for.
    ``stopping`` says that the process is to end: the part being sent is finished, no further one is begun.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        owner: str,
        is_alive: Callable[[str], bool],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._is_alive = is_alive
        self._stopping = stopping
        self._in_hand: set[int] = set()

    async def deliver(
        self,
        outlets: Mapping[str, HasDestination],
        deliveries: Sequence[ledger.Delivery],
        *,
        at_once: bool,
        settles: timedelta = timedelta(),
    ) -> tuple[Delivered, ...]:
        """Each of these that is due, in order; where one edition did not get through, no later one is sent before it.

        ``at_once``: also those that are to be tried again later. What another process delivers is left to it; what one
        died of is looked for no sooner than its last request ``settles``: accepted after the look, it would be there
        twice.
        """
        stuck: set[str] = set()
        outcomes: list[Delivered] = []
        for delivery in deliveries:
            outlet = outlets.get(delivery.destination)
            if outlet is None or outlet.destination.key in stuck or self._stopping():
                continue
            # By the place's own key: it may be frozen under several names.
            place = outlet.destination.key
            if not at_once and delivery.next_at is not None and delivery.next_at > self._clock():
                stuck.add(place)
                continue
            outcome = await self.one(outlet.destination, delivery, settles)
            if outcome is None or outcome.failed is not None:
                stuck.add(place)
            if outcome is not None:
                outcomes.append(outcome)
        return tuple(outcomes)

    async def one(
        self, destination: Destination, delivery: ledger.Delivery, settles: timedelta = timedelta()
    ) -> Delivered | None:
        """Deliver one edition to one destination; ``None`` where it went into other hands on the way."""
        if delivery.id in self._in_hand:
            # By another task of this process, which the ledger cannot tell from us: the clock and a person.
            return await self._not_now(delivery, "it is being delivered at the moment")
        self._in_hand.add(delivery.id)
        try:
            return await self._one(destination, delivery, settles)
        finally:
            self._in_hand.discard(delivery.id)

    async def _not_now(self, delivery: ledger.Delivery, why: str) -> Delivered:
        async with self._store.reading() as transaction:
            printed = await editions.latest_revision(transaction, delivery.edition)
        label = printed.label if printed is not None else ""
        return Delivered(label, delivery.destination, (), failed=why, again=True, next_at=delivery.next_at)

    async def _one(self, destination: Destination, delivery: ledger.Delivery, settles: timedelta) -> Delivered | None:
        async with self._store.writing() as transaction:
            holder = await ledger.owner_of(transaction, delivery.id)
            dead = holder if holder is not None and not self._is_alive(holder) else None
            if dead is not None and settles:
                await ledger.leave_alone(transaction, delivery.id, dead, self._clock() + settles)
                holder = dead = None
            fence = await ledger.claim(transaction, delivery.id, self._owner, self._clock(), LEASE, instead_of=dead)
            printed = await editions.latest_revision(transaction, delivery.edition)
            # Read again: since it was listed, somebody else may have delivered some of it.
            now = await ledger.delivery(transaction, delivery.edition, delivery.destination)
        label = printed.label if printed is not None else ""
        if fence is None or now is None:
            if now is not None and now.done_at is not None:
                return None
            why = (
                "another process is delivering it"
                if holder is not None
                else "it may have arrived: it is looked for in half a minute"
            )
            return await self._not_now(now or delivery, why)
        delivering = _Delivering(self._store, destination, now, fence, self._clock, self._stopping)
        try:
            while not await delivering.parts():
                pass
        except _Lost:
            return None
        except DeliveryError as error:
            return await self._failed(now, fence, label, tuple(delivering.receipts), error, delivering.at)
        except StoreError:
            raise
        except Exception as error:
            # A mistake in one destination's code is no reason to keep the edition from all others.
            log.exception("%s: delivering %s broke off", destination.key, label)
            unsure = Unsure(destination.key, f"it broke off unexpectedly ({type(error).__name__}); the log says more")
            return await self._failed(now, fence, label, tuple(delivering.receipts), unsure, delivering.at)
        receipts = tuple(delivering.receipts)
        if not delivering.is_complete:
            async with self._store.writing() as transaction:
                await ledger.let_go(transaction, now.id, fence)
            return Delivered(label, now.destination, receipts, failed="Linkletter was told to end", again=True)
        async with self._store.writing() as transaction:
            await ledger.finish(transaction, now.id, fence, self._clock())
        return Delivered(label, now.destination, receipts)

    async def _failed(
        self,
        delivery: ledger.Delivery,
        fence: int,
        label: str,
        receipts: tuple[Receipt, ...],
        error: DeliveryError,
        at: int | None,
    ) -> Delivered:
        """Write down why, and when it is tried again: where nobody but a person can mend it, not at all."""
        final = isinstance(error, Refused | CannotLook)
        now = self._clock()
        next_at = None if final else now + _wait(error, delivery.attempts)
        # A person who asks for it at once does not get it twice.
        untouched_until = now + LOOK_AGAIN if isinstance(error, Unsure) else None
        async with self._store.writing() as transaction:
            if isinstance(error, Unsure) and at is not None:
                await ledger.unsure(transaction, delivery.id, fence, at)
            if next_at is None:
                await ledger.give_up(transaction, delivery.id, fence, error.why)
            else:
                await ledger.try_again(
                    transaction, delivery.id, fence, next_at, error.why, untouched_until=untouched_until
                )
        return Delivered(label, delivery.destination, receipts, failed=error.why, again=not final, next_at=next_at)


def _wait(error: DeliveryError, attempts: int) -> timedelta:
    """As long as the destination asks for; else twice as long each time, and never all at the same instant."""
    if isinstance(error, RateLimited):
        return error.retry_after
    longer: int = 2 ** min(attempts, 10)
    wait = min(LONGEST_WAIT, FIRST_WAIT * longer) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return max(wait, LOOK_AGAIN) if isinstance(error, Unsure) else wait


class _Delivering:
    """One delivery while we hold it."""

    def __init__(
        self,
        store: Store,
        destination: Destination,
        delivery: ledger.Delivery,
        fence: int,
        clock: Clock,
        stopping: Callable[[], bool],
    ) -> None:
        self._store = store
        self._destination = destination
        self._delivery = delivery
        self._fence = fence
        self._clock = clock
        self._stopping = stopping
        self._until = clock() + LEASE
        self.receipts: list[Receipt] = []
        self.is_complete = False
        self.at: int | None = None
        """The part that is being handed over, by its ordinal."""

    async def parts(self) -> bool:
        """Bring every part there, in order; ``False`` where one was halved on the way: then from the beginning."""
        self.receipts = []
        for one in self._delivery.parts:
            if self._stopping():
                return True
            self.at = one.part.ordinal
            if not one.part.payload and one.receipt is not None:
                await self._take_away(one.part, one.receipt)
                continue
            if one.state is PartState.SENT and one.receipt is not None:
                self.receipts.append(one.receipt)
                continue
            await self._stay()
            try:
                receipt = await self._hand_over(one)
            except TooLarge as error:
                if not error.halves:
                    raise
                await self._put_in_place(one.part, error.halves)
                return False
            self.receipts.append(await self._write_down(one, receipt))
        self.is_complete = True
        return True

    async def _hand_over(self, one: ledger.LedgerPart) -> Receipt:
        """Look, then send; or put it in place of what was sent before."""
        if one.receipt is not None:
            return await self._destination.change(one.receipt, one.part)
        try:
            found = await self._destination.find(one.part.mark)
        except NotAllSeen:
            if self._fence > FIRST:
                raise
            found = None
        if found is not None:
            return found
        return await self._destination.send(one.part, self.receipts[-1] if self.receipts else None)

    async def _stay(self) -> None:
        """Make sure that nobody else has taken over: we may have been stopped for long."""
        now = self._clock()
        if now < self._until - MARGIN:
            return
        async with self._store.writing() as transaction:
            if not await ledger.hold(transaction, self._delivery.id, self._fence, now + LEASE):
                raise _Lost
        self._until = now + LEASE

    async def _write_down(self, one: ledger.LedgerPart, receipt: Receipt) -> Receipt:
        """The receipt that counts. What two processes sent is there twice: who comes second takes its own away."""
        now = self._clock()
        async with self._store.writing() as transaction:
            counts = await ledger.arrived(transaction, self._delivery.id, one.part, receipt, in_place_of=one.receipt)
            mine = await ledger.hold(transaction, self._delivery.id, self._fence, now + LEASE)
        self._until = now + LEASE
        if counts is None or counts.id != receipt.id:
            await self._destination.remove(receipt)
        if not mine or counts is None:
            raise _Lost
        return counts

    async def _take_away(self, part: Part, receipt: Receipt) -> None:
        await self._destination.remove(receipt)
        async with self._store.writing() as transaction:
            if not await ledger.taken_away(transaction, self._delivery.id, self._fence, part.ordinal):
                raise _Lost

    async def _put_in_place(self, part: Part, halves: Sequence[Part]) -> None:
        """Smaller parts in the place of one that was refused for its size, in one transaction."""
        async with self._store.writing() as transaction:
            if not await ledger.split(transaction, self._delivery.id, self._fence, part.ordinal, halves):
                raise _Lost
            now = await ledger.delivery(transaction, self._delivery.edition, self._delivery.destination)
        if now is None:
            raise _Lost
        self._delivery = now
