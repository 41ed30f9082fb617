"""Publishing: close, freeze, deliver, recover, in that order; every decision is somebody else's.

What an edition says is ``assemble``'s, when one is due ``week``'s, how it looks its destination's. Freezing stores the
drawn parts of every destination in the transaction that closes the edition, before the first one is sent.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from newsletter import render
from newsletter.assemble import Assembled, Frame, Material, assemble, for_audience
from newsletter.errors import CannotLook, DeliveryError, Problem, RateLimited, Refused, Unsure, UserError
from newsletter.languages import language
from newsletter.model import Edition, EditionState, Part, PartState, Receipt, Seen
from newsletter.ports import Clock, Destination
from newsletter.settings import Audience, NewsletterSettings, Shown
from newsletter.store import Store, Transaction, chat, editions
from newsletter.week import (
    last_cut_off,
    next_cut_off,
    next_week,
    range_label,
    week_of,
)

MEANT_FOR_THE_CUT_OFF = timedelta(hours=12)
"""Who publishes by hand or by cron within this time after a cut-off means that cut-off, not the days since."""

INSTANT = timedelta(microseconds=1)

LEASE = timedelta(minutes=5)
"""How long a process may be silent before another one takes its delivery over: longer than the slowest send."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A destination and who reads it."""

    destination: Destination
    audience: Audience = Audience.TEAM
    show: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Recap:
    """A document over all editions, drawn anew after each one: ``draw`` is given them by cut-off, as readers see
    them."""

    destination: Destination
    draw: Callable[[Sequence[Edition]], tuple[Part, ...]]
    audience: Audience = Audience.PUBLIC
    show: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one edition at one destination: what is there now, or why it is not."""

    label: str
    destination: str
    receipts: tuple[Receipt, ...]
    failed: str | None = None
    again: bool = False
    """Whether trying again by itself may help."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A newsletter's state at a glance. ``failed`` are deliveries that wait for a person: destination and why."""

    newsletter: str
    label: str
    cut_off: datetime
    entries: int
    left_out: int
    editions: int
    last_published: datetime | None
    newest_share: datetime | None
    failed: tuple[tuple[str, str], ...]


class Publisher:
    """One newsletter's editions. ``owner`` names this process in the ledger: two processes never deliver one part.

    ``is_alive`` tells of another owner whether it may still be at work; if unsure, yes: then its lease is waited for.
    """

    def __init__(
        self,
        store: Store,
        settings: NewsletterSettings,
        outlets: Sequence[Outlet],
        recaps: Sequence[Recap] = (),
        *,
        clock: Clock,
        owner: str,
        is_alive: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._store = store
        self._settings = settings
        self._outlets = {outlet.destination.key: outlet for outlet in outlets}
        self._recaps = {recap.destination.key: recap for recap in recaps}
        self._clock = clock
        self._owner = owner
        self._is_alive = is_alive

    # --- looking ---

    async def preview(self, cut_off: datetime | None = None) -> Edition:
        """The open edition as it would go out now; or the one of a scheduled ``cut_off``, as it went out or would have.

        Nothing is stored. Everything is in it: ``seen_by`` makes what readers see.
        """
        async with self._store.reading() as transaction:
            channels = await self._channels(transaction)
            row = await self._open_row(transaction)
            if cut_off is None or cut_off == row.serves:
                now = self._clock()
                until = self._due(row, now) if cut_off is None and row.serves <= now else row.cut_off
                ids = await editions.open_shares(transaction, row, channels, until)
                number = await editions.next_number(transaction, self._settings.key)
                frame = self._frame(number, row.opened_at, until, row.serves, until)
                return (await self._assembled(transaction, frame, ids, channels, row.id or None)).edition
            closed = await editions.serving(transaction, self._settings.key, cut_off)
            if closed is not None and closed.state is not EditionState.ARCHIVED:
                printed = await editions.latest_revision(transaction, closed.id)
                if printed is not None:
                    return printed
            opened_at = closed.opened_at if closed is not None else await self._opened_at(transaction, cut_off)
            return (await self._of_the_past(transaction, channels, opened_at, cut_off, closed)).edition

    def seen_by(self, edition: Edition, audience: Audience, show: Sequence[Shown] = ()) -> Edition:
        """The edition as these readers see it."""
        words = language(self._settings.language)
        return for_audience(edition, audience, self._settings, someone=words.someone, others=words.others, show=show)

    async def standing(self) -> "Standing":
        """How the newsletter stands: its open edition, what was last published, what failed."""
        edition = await self.preview()
        async with self._store.reading() as transaction:
            channels = await self._channels(transaction)
            closed = await editions.all_editions(transaction, self._settings.key)
            printed = [row for row in closed if row.state in (EditionState.FROZEN, EditionState.ARCHIVED)]
            failed = [one for one in await editions.failed(transaction) if one[0].newsletter == self._settings.key]
            newest = await editions.last_share(transaction, channels)
        return Standing(
            newsletter=self._settings.key,
            label=edition.label,
            cut_off=edition.cut_off,
            entries=len(edition.entries) + len(edition.again),
            left_out=len(edition.left_out),
            editions=len(printed),
            last_published=max((row.cut_off for row in printed), default=None),
            newest_share=newest,
            failed=tuple((destination, why) for _, destination, why in failed),
        )

    # --- closing and freezing ---

    async def publish(self, by: str) -> Edition | None:
        """Close the open edition and freeze it for every destination; ``None`` if there is too little to print.

        If its cut-off has passed, it closes there, and is labelled as a range where several were missed; what was
        shared since is the next edition's. Else it closes now and serves the cut-off to come. A cut-off just
        passed that has its edition already is not served again. Nothing is sent yet: ``deliver`` does.
        """
        now = self._clock()
        async with self._store.writing() as transaction:
            row = await self._open_row(transaction)
            if not row.id:
                key = self._settings.key
                row = await editions.begin(transaction, key, row.opened_at, row.cut_off, after=None)
            if row.serves > now:
                if await self._is_served(transaction, row, now):
                    return None
                return await self._close(transaction, row, now, row.serves, by)
            due = self._due(row, now)
            edition = await self._close(transaction, row, due, due, by)
            if edition is not None:
                return edition
            # An empty cut-off is served without a post; what was too little for it rolls on.
            row = await editions.advance(transaction, row, due, self._after(due))
            if now - due < MEANT_FOR_THE_CUT_OFF:
                return None
            return await self._close(transaction, row, now, row.serves, by)

    async def _close(
        self, transaction: Transaction, row: editions.EditionRow, cut_off: datetime, serves: datetime, by: str
    ) -> Edition | None:
        """Close the open edition at ``cut_off`` and open the next; ``None``, and nothing done, if it is not worth
        it."""
        channels = await self._channels(transaction)
        ids = await editions.open_shares(transaction, row, channels, cut_off)
        number = await editions.next_number(transaction, self._settings.key)
        frame = self._frame(number, row.opened_at, cut_off, row.serves, serves)
        frame = replace(frame, nth_of_day=await self._nth_of_day(transaction, cut_off, row.id))
        assembled = await self._assembled(transaction, frame, ids, channels, row.id)
        if not self._worth_printing(assembled.edition):
            return None
        now = self._clock()
        await editions.close(transaction, row, state=EditionState.FROZEN, cut_off=cut_off, serves=serves, at=now, by=by)
        await editions.place(transaction, row, assembled.placements)
        await self._freeze(transaction, row, assembled.edition)
        await editions.begin(transaction, self._settings.key, cut_off, self._after(serves), after=row)
        return assembled.edition

    def _worth_printing(self, edition: Edition) -> bool:
        """Whether some reader would see at least as many links as the settings ask for."""
        readers: list[Outlet | Recap] = [*self._outlets.values(), *self._recaps.values()]
        seen = [self.seen_by(edition, reader.audience, reader.show) for reader in readers]
        return any(len(one.entries) + len(one.again) >= self._settings.at_least for one in seen)

    async def archive(self, by: str, progress: Callable[[int, int], None] | None = None) -> tuple[Edition, ...]:
        """Make the editions of all past weeks, oldest first, for files only; those that changed or are new are
        returned.

        A past week follows its chat: made again, it has what was imported, edited or deleted since. An edition
        that went out by itself stays as it is. ``progress`` is told how far it is: done and total, in days.
        """
        settings = self._settings
        now = self._clock()
        async with self._store.reading() as transaction:
            channels = await self._channels(transaction)
            known = await editions.all_editions(transaction, settings.key)
            at = first = await editions.first_share_after(transaction, channels, None)
            row = await editions.open_edition(transaction, settings.key)
        made: list[Edition | None] = []
        again = deque(one for one in known if one.state is EditionState.ARCHIVED)
        # What a chat is still to hear of is the open edition's.
        until = row.opened_at if row is not None and settings.post_to else now
        # In order of time, weeks made before and new ones: what a week repeats hangs on the weeks before it.
        while again or at is not None:
            cut_off = self._after(at) if at is not None else None
            if cut_off is not None and cut_off > until:
                at = cut_off = None
                continue
            async with self._store.writing() as transaction:
                if again and (cut_off is None or again[0].cut_off <= cut_off):
                    cut_off = again[0].cut_off
                    made.append(await self._archive_again(transaction, channels, again.popleft()))
                elif cut_off is not None:
                    made.append(await self._archive_new(transaction, channels, cut_off, by, now))
                    at = await editions.first_share_after(transaction, channels, cut_off)
            if progress is not None and first is not None and cut_off is not None:
                progress(max(0, (cut_off - first).days), max(1, (now - first).days))
        if row is not None and row.serves <= until:
            opened_at = last_cut_off(settings.schedule, settings.zone, now)
            async with self._store.writing() as transaction:
                await editions.advance(transaction, row, opened_at, max(row.serves, self._after(opened_at)))
        return tuple(edition for edition in made if edition is not None)

    async def _archive_new(
        self, transaction: Transaction, channels: Sequence[int], cut_off: datetime, by: str, now: datetime
    ) -> Edition | None:
        if await editions.serving(transaction, self._settings.key, cut_off) is not None:
            return None
        opened_at = await self._opened_at(transaction, cut_off)
        assembled = await self._of_the_past(transaction, channels, opened_at, cut_off, None)
        if assembled.edition.is_empty:
            return None
        row = await editions.add_archived(transaction, self._settings.key, opened_at, cut_off, now, by)
        await self._freeze(transaction, row, assembled.edition)
        await editions.place(transaction, row, assembled.placements)
        return assembled.edition

    async def _archive_again(
        self, transaction: Transaction, channels: Sequence[int], row: editions.EditionRow
    ) -> Edition | None:
        assembled = await self._of_the_past(transaction, channels, row.opened_at, row.cut_off, row)
        if not await self._freeze(transaction, row, assembled.edition):
            return None
        await editions.place(transaction, row, assembled.placements, anew=True)
        return assembled.edition

    async def _opened_at(self, transaction: Transaction, cut_off: datetime) -> datetime:
        """When a past week began: at the cut-off before, or earlier if the edition of that one went out early."""
        settings = self._settings
        opened_at = last_cut_off(settings.schedule, settings.zone, cut_off - INSTANT)
        before = await editions.serving(transaction, settings.key, opened_at)
        early = before is not None and before.state is EditionState.FROZEN
        return min(opened_at, before.cut_off) if before is not None and early else opened_at

    async def _of_the_past(
        self,
        transaction: Transaction,
        channels: Sequence[int],
        opened_at: datetime,
        cut_off: datetime,
        row: editions.EditionRow | None,
    ) -> Assembled:
        key = self._settings.key
        edition = row.id if row is not None else 0
        ids = await editions.shares_between(transaction, key, channels, opened_at, cut_off, edition=edition)
        number = row.number if row is not None else await editions.next_number(transaction, key)
        frame = self._frame(number, opened_at, cut_off, cut_off, cut_off)
        frame = replace(frame, nth_of_day=await self._nth_of_day(transaction, cut_off, edition))
        return await self._assembled(transaction, frame, ids, channels, edition or None)

    async def _freeze(self, transaction: Transaction, row: editions.EditionRow, edition: Edition) -> bool:
        """Keep the edition and what every destination shall get of it; whether anything of that is new."""
        n, changed = await editions.revise(transaction, row, edition, self._clock())
        for key, outlet in self._outlets.items():
            readers = self.seen_by(edition, outlet.audience, outlet.show)
            before = await editions.delivery(transaction, row.id, key)
            if readers.is_empty and before is None:
                continue
            after = await editions.intend(transaction, row, key, n, outlet.destination.draw(readers))
            changed = changed or before is None or after.done_at is None
        return changed

    # --- delivering ---

    async def deliver(self, *, failed_too: bool = False) -> tuple[Delivered, ...]:
        """Bring every frozen edition that is not there yet to its destinations, oldest first.

        ``failed_too``: also those that were given up, since a person says that it is worth another try. Safe to
        repeat and to kill at any point: a part that arrived is found again, not sent twice. One destination
        failing holds up no other.
        """
        async with self._store.reading() as transaction:
            unfinished = await editions.unfinished(transaction, self._settings.key, failed_too=failed_too)
        stuck: set[str] = set()
        outcomes: list[Delivered] = []
        for delivery in unfinished:
            if delivery.destination not in self._outlets or delivery.destination in stuck:
                continue
            outcome = await self._deliver(delivery)
            if outcome is None:
                continue
            if outcome.failed is not None:
                stuck.add(delivery.destination)
            outcomes.append(outcome)
        for recap in self._recaps.values():
            outcome = await self._look_back(recap)
            if outcome is not None:
                outcomes.append(outcome)
        return tuple(outcomes)

    async def _look_back(self, recap: Recap) -> Delivered | None:
        """Bring the document over all editions up to date; ``None`` if it is."""
        async with self._store.writing() as transaction:
            closed = await editions.all_editions(transaction, self._settings.key)
            printed = [row for row in closed if row.number]
            found = [await editions.latest_revision(transaction, row.id) for row in printed]
            seen = [self.seen_by(one, recap.audience, recap.show) for one in found if one is not None]
            readable = [edition for edition in seen if not edition.is_empty]
            if not readable:
                return None
            key = recap.destination.key
            await editions.move_delivery(transaction, self._settings.key, key, printed[-1].id)
            delivery = await editions.intend(transaction, printed[-1], key, 0, recap.draw(readable))
        return None if delivery.done_at is not None else await self._deliver(delivery)

    async def _deliver(self, delivery: editions.Delivery) -> Delivered | None:
        async with self._store.writing() as transaction:
            holder = await editions.owner_of(transaction, delivery.id)
            dead = holder if holder is not None and not self._is_alive(holder) else None
            fence = await editions.claim(transaction, delivery.id, self._owner, self._clock(), LEASE, instead_of=dead)
            printed = await editions.latest_revision(transaction, delivery.edition)
        label = printed.label if printed is not None else ""
        if fence is None:
            return Delivered(label, delivery.destination, (), failed="another process is delivering it", again=True)
        destination = (self._outlets | self._recaps)[delivery.destination].destination
        receipts: list[Receipt] = []
        try:
            for one in delivery.parts:
                receipt = one.receipt
                if not one.part.payload and receipt is not None:
                    await destination.remove(receipt)
                    async with self._store.writing() as transaction:
                        if not await editions.taken_away(transaction, delivery.id, fence, one.part.ordinal):
                            return None
                    continue
                if one.state is not PartState.SENT or receipt is None:
                    receipt = await self._hand_over(destination, one, receipts[-1] if receipts else None)
                    async with self._store.writing() as transaction:
                        ordinal = one.part.ordinal
                        if not await editions.record(transaction, delivery.id, fence, ordinal, PartState.SENT, receipt):
                            return None
                receipts.append(receipt)
        except DeliveryError as error:
            return await self._failed(delivery, fence, label, tuple(receipts), error)
        async with self._store.writing() as transaction:
            await editions.finish(transaction, delivery.id, fence, done_at=self._clock(), failed=None)
        return Delivered(label, delivery.destination, tuple(receipts))

    async def _hand_over(self, destination: Destination, one: editions.LedgerPart, previous: Receipt | None) -> Receipt:
        """Look, then send; or put it in place of what was sent before."""
        if one.receipt is not None:
            return await destination.change(one.receipt, one.part)
        found = await destination.find(one.part.mark)
        return found if found is not None else await destination.send(one.part, previous)

    async def _failed(
        self,
        delivery: editions.Delivery,
        fence: int,
        label: str,
        receipts: tuple[Receipt, ...],
        error: DeliveryError,
    ) -> Delivered:
        final = isinstance(error, Refused | CannotLook) and not isinstance(error, Unsure | RateLimited)
        async with self._store.writing() as transaction:
            if isinstance(error, Unsure):
                ordinal = delivery.parts[len(receipts)].part.ordinal
                await editions.record(transaction, delivery.id, fence, ordinal, PartState.UNSURE, None)
            await editions.finish(transaction, delivery.id, fence, done_at=None, failed=error.why if final else None)
        return Delivered(label, delivery.destination, receipts, failed=error.why, again=not final)

    # --- material ---

    async def _open_row(self, transaction: Transaction) -> editions.EditionRow:
        """The open edition; before the first one was begun, the one that reaches back one period from the next
        cut-off."""
        settings = self._settings
        row = await editions.open_edition(transaction, settings.key)
        if row is not None:
            return row
        now = self._clock()
        cut_off = self._after(now)
        opened_at = last_cut_off(settings.schedule, settings.zone, now)
        if now - opened_at < MEANT_FOR_THE_CUT_OFF:
            cut_off, opened_at = opened_at, last_cut_off(settings.schedule, settings.zone, opened_at - INSTANT)
        return editions.EditionRow(0, settings.key, 0, EditionState.OPEN, opened_at, cut_off, cut_off, 0)

    async def _is_served(self, transaction: Transaction, row: editions.EditionRow, now: datetime) -> bool:
        """Whether the cut-off that who publishes now means was served: its edition went out, or it had nothing to
        print."""
        meant = last_cut_off(self._settings.schedule, self._settings.zone, now)
        if now - meant >= MEANT_FOR_THE_CUT_OFF:
            return False
        if row.opened_at >= meant:
            return True
        before = await editions.serving(transaction, self._settings.key, meant)
        return before is not None and before.state is EditionState.FROZEN

    def _due(self, row: editions.EditionRow, now: datetime) -> datetime:
        """The last scheduled cut-off that has passed since the open edition's own: it serves all of them."""
        return max(row.serves, last_cut_off(self._settings.schedule, self._settings.zone, now))

    def _after(self, cut_off: datetime) -> datetime:
        return next_cut_off(self._settings.schedule, self._settings.zone, cut_off)

    async def _channels(self, transaction: Transaction) -> list[int]:
        there = await chat.channels(transaction)
        return [id for id, channel in there.items() if self._settings.collects(channel)]

    async def _assembled(
        self,
        transaction: Transaction,
        frame: Frame,
        ids: Sequence[int],
        channels: Sequence[int],
        edition: int | None,
    ) -> Assembled:
        settings = self._settings
        found = await editions.known(transaction, ids, edition)
        earlier = await editions.earlier(transaction, settings.key, channels, found.shares, frame.opened_at)
        material = Material(
            found.shares,
            found.names,
            found.channels,
            found.pages,
            found.joins,
            self._labelled(earlier),
            found.choices,
        )
        # Assembling a large edition takes a while: other work on the loop goes on.
        return await asyncio.to_thread(assemble, settings, frame, material)

    def _labelled(self, earlier: Mapping[str, editions.Earlier]) -> dict[str, Seen]:
        settings = self._settings
        pattern = language(settings.language).week
        labels: dict[datetime, str] = {}
        for one in earlier.values():
            if one.at not in labels:
                before = one.at - INSTANT if one.number else one.at
                cut_off = next_cut_off(settings.schedule, settings.zone, before)
                labels[one.at] = week_of(cut_off, settings.zone, pattern).label
        return {key: Seen(one.number, labels[one.at]) for key, one in earlier.items()}

    async def _nth_of_day(self, transaction: Transaction, cut_off: datetime, edition: int) -> int:
        """Which of the newsletter's printed editions of this local day the one cut off now is."""
        day = cut_off.astimezone(self._settings.zone).date()
        return 1 + sum(
            1
            for row in await editions.printed_before(transaction, self._settings.key, cut_off, edition)
            if row.cut_off.astimezone(self._settings.zone).date() == day
        )

    def _frame(self, number: int, opened_at: datetime, cut_off: datetime, first: datetime, last: datetime) -> Frame:
        settings = self._settings
        words = language(settings.language)
        week = week_of(last, settings.zone, words.week)
        following = next_week(week, words.week)
        since = week_of(first, settings.zone, words.week)
        return Frame(
            number=number,
            title=render.title_of(settings.title, week, following, settings.key),
            opened_at=opened_at,
            cut_off=cut_off,
            label=week.label if since == week else range_label(since, week),
            week=week,
            next_week=following,
            others=words.others,
            someone=words.someone,
        )


def title_problems(settings: NewsletterSettings) -> Iterator[Problem]:
    """What is wrong with the template of the title, which only rendering it can tell."""
    pattern = language(settings.language).week
    week = week_of(datetime(2020, 6, 13, 3, tzinfo=UTC), settings.zone, pattern)
    try:
        render.title_of(settings.title, week, next_week(week, pattern), settings.key)
    except UserError as error:
        yield Problem("title", str(error))
