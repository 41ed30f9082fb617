"""Publishing: close, freeze, deliver, recover, amend, in that order; every decision is somebody else's.

What an edition says is ``assemble``'s, when one is due ``due``'s, how it looks its destination's, how it gets there
``deliver``'s. Freezing stores the drawn parts of every destination in the transaction that closes the edition, before
the first one is sent.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from newsletter import due, render
from newsletter.amend import amend
from newsletter.audience import for_audience
from newsletter.compose import Composer
from newsletter.deliver import LEASE, LOOK_AGAIN, Delivered, Deliverer
from newsletter.due import INSTANT, Act, ActKind, Close, Orders, PassOver
from newsletter.errors import Problem, UserError
from newsletter.languages import language
from newsletter.model import Edition, EditionState, Part
from newsletter.phrase import Phrase
from newsletter.ports import Clock, Destination
from newsletter.settings import Audience, NewsletterSettings, Shown
from newsletter.store import Store, Transaction, editions, ledger, placements, run
from newsletter.week import last_cut_off, next_cut_off, next_week, week_of

__all__ = ["LEASE", "Delivered", "Outlet", "Publisher", "Recap", "Standing", "title_problems"]

MEANT_FOR_THE_CUT_OFF = timedelta(hours=12)
"""Who publishes by hand or by cron within this time after a cut-off means that cut-off, not the days since."""

CLOCK = Phrase("the schedule")
"""Who did it where nobody did."""

_ORDERS = (ActKind.SKIP, ActKind.UNSKIP, ActKind.PAUSE, ActKind.RESUME)


@dataclass(frozen=True, slots=True)
class Outlet:
    """A destination and who reads it. ``also`` are keys under which editions were frozen for it before it was found.

    ``is_chat``: it comes after all others, so that it can say where the post is.
    """

    destination: Destination
    audience: Audience = Audience.TEAM
    show: tuple[Shown, ...] = ()
    also: tuple[str, ...] = ()
    is_chat: bool = False


@dataclass(frozen=True, slots=True)
class Recap:
    """A document over all editions, drawn anew after each one: ``draw`` is given them by cut-off, as readers see
    them."""

    destination: Destination
    draw: Callable[[Sequence[Edition]], tuple[Part, ...]]
    audience: Audience = Audience.PUBLIC
    show: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A newsletter's state at a glance. ``failed`` are deliveries that wait for a person: destination and why.

    ``cut_off`` is the next one that is served. ``retried`` are deliveries that are tried again by themselves. ``held``
    are the labels of closed editions that may not go out yet, and from when they may; ``None``: when an editor says so.
    """

    newsletter: str
    label: str
    cut_off: datetime
    entries: int
    left_out: int
    editions: int
    last_published: datetime | None
    newest_share: datetime | None
    failed: tuple[tuple[str, str], ...]
    retried: tuple[tuple[str, str, datetime | None], ...] = ()
    held: tuple[tuple[str, datetime | None], ...] = ()
    orders: Orders = field(default_factory=Orders)


class Publisher:
    """One newsletter's editions. ``owner`` names this process in the ledger: two processes never deliver one part.

    ``is_alive`` tells of another owner whether it may still be at work; if unsure, yes: then its lease is waited for.
    ``stopping`` says that the process is to end.
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
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._settings = settings
        self.aim(outlets)
        self._recaps = {recap.destination.key: recap for recap in recaps}
        self._clock = clock
        self._looked_back: dict[str, tuple[int, int]] = {}
        self._composer = Composer(settings)
        self._deliverer = Deliverer(store, clock=clock, owner=owner, is_alive=is_alive, stopping=stopping)

    def aim(self, outlets: Sequence[Outlet]) -> None:
        """Where the editions go that are closed from now on, in this order: a channel may be found later."""
        self._outlets = {outlet.destination.key: outlet for outlet in outlets}

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """Where they go at the moment."""
        return tuple(self._outlets.values())

    # --- looking ---

    async def preview(self, cut_off: datetime | None = None) -> Edition:
        """The open edition as it would go out now; or the one of a scheduled ``cut_off``, as it went out or would have.

        Nothing is stored. Everything is in it: ``seen_by`` makes what readers see.
        """
        async with self._store.reading() as transaction:
            row = await self._open_row(transaction)
            if cut_off is None or cut_off == row.serves:
                now = self._clock()
                closing = row.serves - self._settings.review
                if cut_off is None and closing <= now:
                    step = due.due(self._settings, row.serves, await self._orders(transaction), now)
                    if isinstance(step, Close):
                        assembled = await self._composer.open(transaction, row, step.cut_off, step.serves)
                        return self._told_where(assembled.edition)
                    closing = max(closing, now)
                return self._told_where((await self._composer.open(transaction, row, closing, row.serves)).edition)
            closed = await editions.serving(transaction, self._settings.key, cut_off)
            if closed is not None and closed.state is not EditionState.ARCHIVED:
                printed = await editions.latest_revision(transaction, closed.id)
                if printed is not None:
                    return printed
            channels = await self._composer.channels(transaction)
            opened_at = closed.opened_at if closed is not None else await self._composer.opened_at(transaction, cut_off)
            return (await self._composer.past(transaction, channels, opened_at, cut_off, closed)).edition

    async def printed(self, audience: Audience, show: Sequence[Shown] = ()) -> list[Edition]:
        """Every edition that is out and in which these readers see anything, as they see it, by cut-off."""
        async with self._store.reading() as transaction:
            _, readable = await self._printed(transaction, audience, show)
        return readable

    def seen_by(self, edition: Edition, audience: Audience, show: Sequence[Shown] = ()) -> Edition:
        """The edition as these readers see it."""
        words = language(self._settings.language)
        return for_audience(
            edition, audience, self._settings, someone=words.someone, others=words.others, show=show, pick=words.pick
        )

    async def standing(self) -> Standing:
        """How the newsletter stands: its open edition, what was last published, what failed."""
        edition = await self.preview()
        key, now = self._settings.key, self._clock()
        async with self._store.reading() as transaction:
            channels = await self._composer.channels(transaction)
            closed = await editions.all_editions(transaction, key)
            printed = [row for row in closed if row.state in (EditionState.FROZEN, EditionState.ARCHIVED)]
            troubled = [one for _, one in await ledger.troubled(transaction, key)]
            newest = await placements.last_share(transaction, channels)
            row = await self._open_row(transaction)
            orders = await self._orders(transaction)
            waiting = await editions.waiting(transaction, key, now)
            held = [(await editions.latest_revision(transaction, one.id), one) for one in waiting]
        return Standing(
            newsletter=key,
            label=edition.label,
            cut_off=due.next_served(self._settings, row.serves, orders) - self._settings.review,
            entries=len(edition.entries) + len(edition.again),
            left_out=len(edition.left_out),
            editions=len(printed),
            last_published=max((row.cut_off for row in printed), default=None),
            newest_share=newest,
            failed=tuple((one.destination, one.failed) for one in troubled if one.failed is not None),
            retried=tuple((one.destination, one.why or "", one.next_at) for one in troubled if one.failed is None),
            held=tuple(
                (printed.label if printed else "", None if one.approval == "awaited" else one.release_at)
                for printed, one in held
            ),
            orders=orders,
        )

    async def log(self, newest: int = 20) -> tuple[Act, ...]:
        """What was done with the newsletter, by whom and when, in order: the last of it."""
        key = self._settings.key
        async with self._store.reading() as transaction:
            return await run.acts(transaction, key, newest=newest)

    # --- ordering ---

    async def skip(self, by: str, day: date | None = None) -> datetime:
        """Serve the next cut-off, or the first from this day on, without an edition; returns which. Twice is once.

        What it would have had rolls on to the one after.
        """
        async with self._store.writing() as transaction:
            row = await self._begun(transaction)
            orders = await self._orders(transaction)
            start = due.next_served(self._settings, row.serves, orders)
            cut_off = start if day is None else max(row.serves, due.first_from(self._settings, day))
            if orders.against(cut_off, self._settings.zone) is None:
                await self._note(transaction, ActKind.SKIP, self._day(cut_off), by)
            return cut_off

    async def unskip(self, by: str, day: date) -> datetime | None:
        """Take a skip back, of the first cut-off from this day on; ``None`` where it was not skipped."""
        async with self._store.writing() as transaction:
            cut_off = due.first_from(self._settings, day)
            if cut_off.astimezone(self._settings.zone).date() not in (await self._orders(transaction)).skipped:
                return None
            await self._note(transaction, ActKind.UNSKIP, self._day(cut_off), by)
            return cut_off

    async def pause(self, by: str, until: date) -> datetime:
        """Serve no cut-off before that local day; returns the next one that is served."""
        async with self._store.writing() as transaction:
            row = await self._begun(transaction)
            await self._note(transaction, ActKind.PAUSE, due.start_of(self._settings, until).isoformat(), by)
            return due.next_served(self._settings, row.serves, await self._orders(transaction))

    async def resume(self, by: str) -> datetime:
        """End a pause; returns the next cut-off that is served."""
        async with self._store.writing() as transaction:
            row = await self._begun(transaction)
            await self._note(transaction, ActKind.RESUME, "", by)
            return due.next_served(self._settings, row.serves, await self._orders(transaction))

    # --- closing and freezing ---

    async def closes_at(self) -> datetime:
        """When the open edition closes next, as far as people have ordered."""
        async with self._store.reading() as transaction:
            row = await self._open_row(transaction)
            orders = await self._orders(transaction)
        return due.next_served(self._settings, row.serves, orders) - self._settings.review

    async def is_due(self) -> bool:
        """Whether ``tick`` has something to do; looked at every half minute of the week, so that nothing is written."""
        async with self._store.reading() as transaction:
            row = await self._open_row(transaction)
            if await self._is_aimed_anew(transaction, row):
                return True
        return due.due(self._settings, row.serves, Orders(), self._clock()) is not None

    async def tick(self) -> Edition | None:
        """Close and freeze the open edition if that is due; call it now and then. Nothing is sent yet.

        Cut-offs that people ordered not to be served, and those with too little to print, are passed over: what they
        would have had rolls on. Cut-offs that were missed are served together, labelled as a range.
        """
        async with self._store.writing() as transaction:
            row = await self._begun(transaction, by_hand=False)
            return await self._close_what_is_due(transaction, row, CLOCK)

    async def publish(self, by: str, number: int | None = None) -> Edition | None:
        """Close the open edition and freeze it for every destination; ``None`` if there is too little to print.

        An edition that waits to go out goes out instead. If the open one's cut-off has passed, it closes there, and is
        labelled as a range where several were missed; what was shared since is the next edition's. Else it closes now
        and serves the cut-off to come. A cut-off just passed that was served already is not served again. Nothing is
        sent yet: ``deliver`` does.

        ``number`` is the edition that is meant: asked twice for it, by two editors, the next one does not go out early.
        """
        if (released := await self.release(by, number)) is not None:
            return released
        now = self._clock()
        async with self._store.writing() as transaction:
            if number not in (None, await editions.next_number(transaction, self._settings.key)):
                return None
            row = await self._begun(transaction)
            if row.serves - self._settings.review > now:
                if await self._is_served(transaction, row, now):
                    return None
                return await self._close_now(transaction, row, by)
            edition = await self._close_what_is_due(transaction, row, by)
            if edition is not None:
                return edition
            row = await self._begun(transaction)
            if await self._is_served(transaction, row, now):
                return None
            return await self._close_now(transaction, row, by)

    async def release(self, by: str, number: int | None = None) -> Edition | None:
        """Let the oldest closed edition that waits for its time, or for an editor, go out; ``None`` if none waits.

        ``number`` is the only one that is meant.
        """
        async with self._store.writing() as transaction:
            waiting = await editions.waiting(transaction, self._settings.key, self._clock())
            waiting = tuple(row for row in waiting if number in (None, row.number))
            if not waiting:
                return None
            await editions.release(transaction, waiting[0])
            await self._note(transaction, ActKind.RELEASE, str(waiting[0].number), by)
            return await editions.latest_revision(transaction, waiting[0].id)

    async def _close_what_is_due(self, transaction: Transaction, row: editions.EditionRow, by: str) -> Edition | None:
        """Serve every cut-off that has passed: with at most one edition, which is returned."""
        now = self._clock()
        orders = await self._orders(transaction)
        while (step := due.due(self._settings, row.serves, orders, now)) is not None:
            if isinstance(step, PassOver):
                await self._note(transaction, ActKind.PASSED, step.cut_off.isoformat(), step.by)
                row = await editions.advance(transaction, row, row.opened_at, self._after(step.cut_off))
                continue
            edition = await self._close(transaction, row, step, by)
            if edition is not None:
                return edition
            # An empty cut-off is served without a post; what was too little for it rolls on.
            row = await editions.advance(transaction, row, step.cut_off, self._after(step.serves))
        return None

    async def _close_now(self, transaction: Transaction, row: editions.EditionRow, by: str) -> Edition | None:
        """Early: the cut-off to come is served by it, and it goes out at once."""
        # After its opening in any case: the machine's clock may have been put back.
        cut_off = max(self._clock(), row.opened_at + INSTANT)
        return await self._close(transaction, row, Close(row.serves, row.serves, cut_off), by, at_once=True)

    async def _close(
        self, transaction: Transaction, row: editions.EditionRow, step: Close, by: str, *, at_once: bool = False
    ) -> Edition | None:
        """Close the open edition and open the next; ``None``, and nothing done, if it is not worth it."""
        assembled = await self._composer.open(transaction, row, step.cut_off, step.serves)
        edition = self._told_where(assembled.edition)
        if not self._worth_printing(edition):
            return None
        now = self._clock()
        by_a_person = at_once or by != CLOCK
        await editions.close(
            transaction,
            row,
            state=EditionState.FROZEN,
            cut_off=step.cut_off,
            serves=step.serves,
            at=now,
            by=by,
            release_at=None if by_a_person else due.release_at(self._settings, step.serves, now),
            approval="awaited" if self._settings.approval and not by_a_person else "",
        )
        await self._note(transaction, ActKind.PUBLISH, str(edition.number), by)
        await placements.place(transaction, row, assembled.placements)
        await self._freeze(transaction, row, edition)
        await editions.begin(transaction, self._settings.key, step.cut_off, self._after(step.serves), after=row)
        return edition

    def _told_where(self, edition: Edition) -> Edition:
        """With the address of its post, so that the chat can end with it; posts are written before chats are told."""
        post = self._settings.markdown or self._settings.git
        if post is None or not post.url or self.seen_by(edition, post.audience, post.show).is_empty:
            return edition
        return replace(edition, read_at=render.url_of(post.url, edition))

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
            channels = await self._composer.channels(transaction)
            known = await editions.all_editions(transaction, settings.key)
            at = first = await placements.first_share_after(transaction, channels, None)
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
                    at = await placements.first_share_after(transaction, channels, cut_off)
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
        opened_at = await self._composer.opened_at(transaction, cut_off)
        assembled = await self._composer.past(transaction, channels, opened_at, cut_off, None)
        if assembled.edition.is_empty:
            return None
        row = await editions.add_archived(transaction, self._settings.key, opened_at, cut_off, now, by)
        await self._freeze(transaction, row, assembled.edition)
        await placements.place(transaction, row, assembled.placements)
        return assembled.edition

    async def _archive_again(
        self, transaction: Transaction, channels: Sequence[int], row: editions.EditionRow
    ) -> Edition | None:
        assembled = await self._composer.past(transaction, channels, row.opened_at, row.cut_off, row)
        if not await self._freeze(transaction, row, assembled.edition):
            return None
        await placements.place(transaction, row, assembled.placements, anew=True)
        return assembled.edition

    async def _freeze(self, transaction: Transaction, row: editions.EditionRow, edition: Edition) -> bool:
        """Keep the edition and what every destination shall get of it; whether anything of that is new."""
        n, changed = await editions.revise(transaction, row, edition, self._clock())
        for outlet in self._outlets.values():
            readers = self.seen_by(edition, outlet.audience, outlet.show)
            key, before = await self._delivery(transaction, row, outlet)
            if readers.is_empty and before is None:
                continue
            parts = () if readers.is_empty else outlet.destination.draw(readers)
            after = await ledger.intend(transaction, row, key, n, parts)
            changed = changed or before is None or after.done_at is None
        return changed

    async def _delivery(
        self, transaction: Transaction, row: editions.EditionRow, outlet: Outlet
    ) -> tuple[str, ledger.Delivery | None]:
        """What the outlet was to get of this edition, and under which of its names."""
        for key in (outlet.destination.key, *outlet.also):
            if (before := await ledger.delivery(transaction, row.id, key)) is not None:
                return key, before
        return outlet.destination.key, None

    # --- afterwards ---

    async def follow(self, *, everywhere: bool = True) -> tuple[Edition, ...]:
        """Bring what changed in chat into the editions that went out; those that are different now are returned.

        Deletions and opting out always, edits where the settings say so. The second time changes nothing. Nothing is
        sent yet: ``deliver`` puts the parts in their place. Not ``everywhere``: this process knows only some of the
        places, so that an edition that went to others too is left for one that knows them.
        """
        async with self._store.reading() as transaction:
            stale = await editions.stale(transaction, self._settings.key)
        amended = [await self._follow(row, everywhere=everywhere) for row in stale]
        return tuple(edition for edition in amended if edition is not None)

    async def _follow(self, row: editions.EditionRow, *, everywhere: bool) -> Edition | None:
        async with self._store.writing() as transaction:
            if row.state is EditionState.ARCHIVED:
                channels = await self._composer.channels(transaction)
                edition = await self._archive_again(transaction, channels, row)
                await self._is_followed(transaction, row, everywhere=everywhere)
                return edition
            frozen = await editions.as_frozen(transaction, row.id)
            printed = await editions.latest_revision(transaction, row.id)
            if frozen is None:
                await editions.up_to_date(transaction, row)
                return None
            anew = await self._composer.again(transaction, row, frozen)
            # What waits to go out was shown to its editors: until it is out, only what people took back changes it.
            edits, out = self._settings.edits == "follow", row.is_released(self._clock())
            edition = amend(
                frozen,
                anew.edition,
                edits=edits and out,
                chosen=anew.chosen,
                blanked=anew.blanked,
                replies=anew.replies,
            )
            # Drawn again in any case: whoever kept the edition so may have known fewer of its destinations.
            changed = await self._freeze(transaction, row, edition)
            if out or not edits:
                await self._is_followed(transaction, row, everywhere=everywhere)
            return edition if changed and edition != printed else None

    async def _is_followed(self, transaction: Transaction, row: editions.EditionRow, *, everywhere: bool) -> None:
        known = self._outlets.keys() | self._recaps.keys()
        known |= {key for outlet in self._outlets.values() for key in outlet.also}
        there = {one.destination for one in await ledger.deliveries_of(transaction, row.id)}
        if everywhere or there <= known:
            await editions.up_to_date(transaction, row)

    async def retract(self, by: str) -> Edition | None:
        """Take the last edition back everywhere; ``None`` if there is none. Its links are not printed again.

        Nothing is removed yet: ``deliver`` does.
        """
        async with self._store.writing() as transaction:
            row = await editions.last_printed(transaction, self._settings.key)
            printed = await editions.latest_revision(transaction, row.id) if row is not None else None
            if row is None or printed is None:
                return None
            for delivery in await ledger.deliveries_of(transaction, row.id):
                if delivery.destination not in self._recaps:
                    await ledger.intend(transaction, row, delivery.destination, delivery.n, ())
            await editions.release(transaction, row)
            await editions.retract(transaction, row)
            await self._note(transaction, ActKind.RETRACT, str(row.number), by)
            return printed

    # --- delivering ---

    async def deliver(self, *, failed_too: bool = False, at_once: bool = True) -> tuple[Delivered, ...]:
        """Bring every closed edition that may go out and is not there yet to its destinations, oldest first.

        ``failed_too``: also those that were given up, since a person says that it is worth another try. Not
        ``at_once``: of those tried in vain only the ones whose time has come. Safe to repeat and to kill at any point:
        a part that arrived is found again, not sent twice. One destination failing holds up no other.
        """
        # What was erased from the ledger must be drawn again before anything of it is looked at.
        await self.follow(everywhere=False)
        async with self._store.reading() as transaction:
            unfinished = await ledger.unfinished(transaction, self._settings.key, self._clock(), failed_too=failed_too)
        known = {key: outlet for outlet in self._outlets.values() for key in outlet.also} | self._outlets
        chats = {key: outlet for key, outlet in known.items() if outlet.is_chat}
        files = {key: outlet for key, outlet in known.items() if not outlet.is_chat}
        outcomes = await self._deliverer.deliver(files, unfinished, at_once=at_once)
        for recap in self._recaps.values():
            looked_back = await self._look_back(recap, failed_too=failed_too, at_once=at_once)
            outcomes = (*outcomes, *looked_back)
        told = await self._deliverer.deliver(chats, unfinished, at_once=at_once, settles=LOOK_AGAIN)
        return (*outcomes, *told)

    async def _look_back(self, recap: Recap, *, failed_too: bool, at_once: bool) -> tuple[Delivered, ...]:
        """Bring the document over all editions up to date, if it is not.

        Drawing all of the past takes a while: it is not done again as long as nothing new is out.
        """
        key = recap.destination.key
        async with self._store.reading() as transaction:
            out = await editions.how_many_are_out(transaction, self._settings.key, self._clock())
        if self._looked_back.get(key) == out and not at_once:
            return ()
        async with self._store.writing() as transaction:
            rows, readable = await self._printed(transaction, recap.audience, recap.show)
            if not readable:
                return ()
            await ledger.move_delivery(transaction, self._settings.key, key, rows[-1].id)
            delivery = await ledger.intend(transaction, rows[-1], key, 0, recap.draw(readable))
        outcomes: tuple[Delivered, ...] = ()
        if delivery.done_at is None and (delivery.failed is None or failed_too):
            outcomes = await self._deliverer.deliver({key: recap}, [delivery], at_once=at_once)
        if delivery.done_at is not None or any(one.failed is None for one in outcomes):
            self._looked_back[key] = out
        return outcomes

    async def _printed(
        self, transaction: Transaction, audience: Audience, show: Sequence[Shown]
    ) -> tuple[list[editions.EditionRow], list[Edition]]:
        """The editions that are out, by cut-off, and those of them in which these readers see anything."""
        now = self._clock()
        rows = [
            row
            for row in await editions.all_editions(transaction, self._settings.key)
            if row.number and row.state is not EditionState.RETRACTED and row.is_released(now)
        ]
        found = [await editions.latest_revision(transaction, row.id) for row in rows]
        seen = [self.seen_by(one, audience, show) for one in found if one is not None]
        return rows, [edition for edition in seen if not edition.is_empty]

    # --- material ---

    async def _open_row(self, transaction: Transaction, *, by_hand: bool = True) -> editions.EditionRow:
        """The open edition; before the first one was begun, the one that reaches back one period from the next
        cut-off.

        Who begins ``by_hand`` soon after a cut-off means that one; the weekly run begins with the one to come, so that
        a team that has just let it in is not called at once.
        """
        settings = self._settings
        now = self._clock()
        row = await editions.open_edition(transaction, settings.key)
        if row is not None:
            return self._aimed(row, await editions.last_served(transaction, settings.key), now)
        closing = now + settings.review
        cut_off = self._after(closing)
        before = last_cut_off(settings.schedule, settings.zone, closing)
        if by_hand and closing - before < MEANT_FOR_THE_CUT_OFF:
            cut_off, before = before, last_cut_off(settings.schedule, settings.zone, before - INSTANT)
        # The edition before would have closed then: it may still be to come out.
        opened_at = before - settings.review
        return editions.EditionRow(0, settings.key, 0, EditionState.OPEN, opened_at, cut_off, cut_off, 0)

    def _aimed(self, row: editions.EditionRow, served: datetime | None, now: datetime) -> editions.EditionRow:
        """The open edition with the cut-off it serves by the schedule of now."""
        return replace(row, serves=due.aimed(self._settings, row.opened_at, row.serves, served, now))

    async def begun(self, transaction: Transaction) -> editions.EditionRow:
        """The open edition, which is begun if there was none: for choices about it."""
        return await self._begun(transaction)

    async def _begun(self, transaction: Transaction, *, by_hand: bool = True) -> editions.EditionRow:
        """The open edition, which is begun if there was none. What it aims at by a new schedule is written down: aimed
        anew at each tick, it would never be reached."""
        row = await self._open_row(transaction, by_hand=by_hand)
        if row.id and await self._is_aimed_anew(transaction, row):
            return await editions.advance(transaction, row, row.opened_at, row.serves)
        if row.id:
            return row
        return await editions.begin(transaction, self._settings.key, row.opened_at, row.cut_off, after=None)

    async def _is_aimed_anew(self, transaction: Transaction, row: editions.EditionRow) -> bool:
        """Whether the ledger does not know yet which cut-off the open edition serves next."""
        stored = await editions.open_edition(transaction, self._settings.key)
        return stored is None or stored.serves != row.serves

    async def _is_served(self, transaction: Transaction, row: editions.EditionRow, now: datetime) -> bool:
        """Whether the cut-off that who publishes now means was served: its edition went out, or it had nothing to
        print."""
        closing = now + self._settings.review
        meant = last_cut_off(self._settings.schedule, self._settings.zone, closing)
        if closing - meant >= MEANT_FOR_THE_CUT_OFF:
            return False
        if row.opened_at >= meant - self._settings.review:
            return True
        before = await editions.serving(transaction, self._settings.key, meant)
        return before is not None and before.state is EditionState.FROZEN

    def _after(self, cut_off: datetime) -> datetime:
        return next_cut_off(self._settings.schedule, self._settings.zone, cut_off)

    async def _orders(self, transaction: Transaction) -> Orders:
        return due.orders(await run.acts(transaction, self._settings.key, _ORDERS), self._settings.zone)

    def _day(self, cut_off: datetime) -> str:
        return cut_off.astimezone(self._settings.zone).date().isoformat()

    async def _note(self, transaction: Transaction, what: ActKind, about: str, by: str) -> None:
        await run.add_act(transaction, self._settings.key, Act(what, about, by, self._clock()))


def title_problems(settings: NewsletterSettings) -> Iterator[Problem]:
    """What is wrong with the template of the title, which only rendering it can tell."""
    pattern = language(settings.language).week
    week = week_of(datetime(2020, 6, 13, 3, tzinfo=UTC), settings.zone, pattern)
    try:
        render.title_of(settings.title, week, next_week(week, pattern), settings.key)
    except UserError as error:
        yield Problem("title", str(error))
