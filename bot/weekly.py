"""The week of one newsletter, turn by turn: the draft to its editors, reading back, closing, delivering, following.

A turn is taken every half minute and does what is due; done twice, nothing is there twice. When things are due is
``newsletter.due``'s business, how they are done ``newsletter.publish``'s, who is told what went wrong ``notices``'s.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot import desk
from bot.chat import Cards
from bot.notices import Notices
from bot.places import Places
from bot.speech import of_newsletter
from newsletter.due import Act, ActKind
from newsletter.errors import NewsletterError, UserError
from newsletter.lint import Finding
from newsletter.model import Edition
from newsletter.phrase import Phrase
from newsletter.ports import Clock
from newsletter.privacy import Privacy
from newsletter.publish import CLOCK, Outlet, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, choices, editions, run

log = logging.getLogger(__name__)

READING_TAKES = timedelta(minutes=2)
"""How long reading back may hold up an edition that is due; what it did not reach goes into the next one."""

REMIND_AFTER = timedelta(hours=4)
"""How long after an edition could have gone out the editors are reminded that it waits for them: once."""

ReadBack = Callable[[NewsletterSettings, timedelta], Awaitable[tuple[str, ...]]]
"""Read the newsletter's channels again, for so long at most; returns what was not reached, in words."""

Lint = Callable[[NewsletterSettings, Edition], Awaitable[Sequence[Finding]]]
"""What is worth an editor's look in an edition."""

Outlets = Callable[[NewsletterSettings], Awaitable[Sequence[Outlet]]]
"""Where the newsletter's editions go, as far as that is known now."""


class Weekly:
    """One newsletter's weeks. ``called`` is what people type before a command."""

    def __init__(
        self,
        store: Store,
        settings: NewsletterSettings,
        publisher: Publisher,
        places: Places,
        notices: Notices,
        *,
        outlets: Outlets,
        read_back: ReadBack,
        lint: Lint,
        clock: Clock,
        called: str,
    ) -> None:
        self.settings = settings
        self._store = store
        self._publisher = publisher
        self._places = places
        self._notices = notices
        self._outlets = outlets
        self._read_back = read_back
        self._lint = lint
        self._clock = clock
        self._called = called
        self._privacy = Privacy(store, [settings], clock=clock)

    async def turn(self) -> bool:
        """Do what is due; whether nothing went wrong. Raises nothing but cancellation: the editors are told."""
        key = self.settings.key
        try:
            await self._turn()
        except (NewsletterError, OSError) as error:
            log.error("%s: %s", key, error)
            why = error.says if isinstance(error, UserError) else str(error)
            text = Phrase(
                "{newsletter} cannot go on: {why}. It is tried again every half minute.", newsletter=key, why=why
            )
            await self._went_wrong(text)
        except Exception as error:
            log.exception("%s: a turn failed", key)
            kind = type(error).__name__
            text = Phrase(
                "{newsletter} cannot go on ({kind}); the log says more. It is tried again by itself.",
                newsletter=key,
                kind=kind,
            )
            await self._went_wrong(text)
        else:
            await self._notices.right(
                self.settings, f"turn:{key}", Phrase("{newsletter} goes on again.", newsletter=key)
            )
            return True
        return False

    async def _went_wrong(self, text: Phrase) -> None:
        try:
            await self._notices.wrong(self.settings, f"turn:{self.settings.key}", text)
        except (NewsletterError, OSError) as error:
            log.error("%s: nobody could be told: %s", self.settings.key, error)

    async def _turn(self) -> None:
        self._publisher.aim(await self._outlets(self.settings))
        await self._show_draft()
        if await self._publisher.is_due():
            await self._read_once_more()
            await self._publisher.tick()
        await self._show_what_waits()
        await self._publisher.follow()
        await self._privacy.forget_old_words(self.settings)
        await self._publisher.deliver(at_once=False)
        await self._notices.of_deliveries(self.settings, self._called)

    async def _read_once_more(self) -> None:
        """What was shared while nobody listened belongs to the week that ends."""
        not_reached = await self._read_back(self.settings, READING_TAKES)
        key = f"reading:{self.settings.key}"
        if not_reached:
            text = Phrase(
                "Before {newsletter} closed, not everything could be read again: {places}. What was shared there and "
                "not heard yet goes into the next edition.",
                newsletter=self.settings.key,
                places=Phrase.joined(not_reached, "; "),
            )
            await self._notices.wrong(self.settings, key, text)
        else:
            text = Phrase("Every channel of {newsletter} can be read again.", newsletter=self.settings.key)
            await self._notices.right(self.settings, key, text)

    # --- what the editors see beforehand ---

    async def _show_draft(self) -> None:
        """Once before each cut-off: what is in, what is out and why, what lacks something."""
        closing = await self._publisher.closes_at()
        if not self.settings.draft or not closing - self.settings.draft <= self._clock() < closing:
            return
        if await self._was_shown(closing.isoformat()):
            return
        edition = await self._publisher.preview()
        async with self._store.reading() as transaction:
            seen_until = await choices.looked_until(transaction, self.settings.key)
        found = await self._lint(self.settings, edition)
        speech = of_newsletter(self.settings.language)
        cards = desk.draft(edition, self.settings, closing, self._clock(), self._called, speech, found, seen_until)
        await self._show(cards, closing.isoformat())

    async def _show_what_waits(self) -> None:
        """An edition that closed and does not go out yet is shown as it will be; one that waits too long, once more."""
        async with self._store.reading() as transaction:
            waiting = await editions.waiting(transaction, self.settings.key, self._clock())
            found = [(row, await editions.latest_revision(transaction, row.id)) for row in waiting]
        for row, edition in found:
            if edition is None:
                continue
            out_at = None if row.approval == "awaited" else row.release_at or self._clock()
            speech = of_newsletter(self.settings.language)
            cards = desk.closed(edition, out_at, self.settings, self._clock(), self._called, speech)
            if not await self._was_shown(f"#{row.number}"):
                await self._show(cards, f"#{row.number}")
            elif self._is_overdue(row) and not await self._was_shown(f"#{row.number} again"):
                await self._show(cards, f"#{row.number} again")

    def _is_overdue(self, row: editions.EditionRow) -> bool:
        since: datetime = max(row.serves, row.closed_at or row.serves)
        return row.approval == "awaited" and self._clock() >= since + REMIND_AFTER

    async def _was_shown(self, about: str) -> bool:
        async with self._store.reading() as transaction:
            shown = await run.acts(transaction, self.settings.key, (ActKind.DRAFT,), newest=10)
        return any(act.about == about for act in shown)

    async def _show(self, cards: Cards, about: str) -> None:
        """Show it to the editors; where none can be told, it is not tried again: the log has said so."""
        told = await self._places.tell_editors(self.settings, cards)
        by = CLOCK if told else Phrase("the schedule (nobody could be told)")
        async with self._store.writing() as transaction:
            await run.add_act(transaction, self.settings.key, Act(ActKind.DRAFT, about, by, self._clock()))
