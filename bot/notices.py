"""Telling people what went wrong: one message when it begins, one when it is over, both also in the log.

What is wrong is kept, so that a restart tells nobody twice. Whom to tell and how they are reached is ``places``'s.
"""

import logging
from datetime import datetime

from bot import cards
from bot.places import Places
from newsletter.model import PartState
from newsletter.ports import Clock
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, editions, run

log = logging.getLogger(__name__)

IN_VAIN = 3
"""So many attempts in a row fail before people hear of it: most troubles are over by then."""


class Notices:
    """What is wrong, told once."""

    def __init__(self, store: Store, places: Places, *, clock: Clock) -> None:
        self._store = store
        self._places = places
        self._clock = clock

    async def wrong(self, settings: NewsletterSettings, key: str, text: str, *, broken: str = "") -> None:
        """Something is wrong. Said again under the same key, nobody hears of it again; ``broken`` is the platform."""
        async with self._store.writing() as transaction:
            await run.notice(transaction, key, settings.key, text, self._clock())
            known = (await run.notices(transaction))[key]
        if known.told_at is not None:
            return
        log.error("%s: %s", settings.key, text)
        if await self._places.tell_editors(settings, cards.text(f"⚠️ {text}"), but_not=broken):
            async with self._store.writing() as transaction:
                await run.told(transaction, key, self._clock())

    async def right(self, settings: NewsletterSettings, key: str, text: str) -> None:
        """It is no longer wrong; who was told that it was hears so. The second time changes nothing."""
        async with self._store.reading() as transaction:
            known = (await run.notices(transaction)).get(key)
        if known is None:
            return
        async with self._store.writing() as transaction:
            await run.ended(transaction, key, self._clock())
        log.info("%s: solved: %s", settings.key, text)
        if known.told_at is not None:
            await self._places.tell_editors(settings, cards.text(f"✅ Solved: {text}"))

    async def of_deliveries(self, settings: NewsletterSettings, called: str) -> None:
        """Tell of every delivery that fails, and of those that no longer do."""
        async with self._store.reading() as transaction:
            troubled = await editions.troubled(transaction, settings.key)
            about = {}
            for row, delivery in troubled:
                printed = await editions.latest_revision(transaction, row.id)
                others = await editions.deliveries_of(transaction, row.id)
                about[f"delivery:{delivery.id}"] = (printed.label if printed else "", delivery, others)
            open_still = await run.notices(transaction)
        for key, (label, delivery, others) in about.items():
            if delivery.failed is None and delivery.attempts < IN_VAIN:
                continue
            text = _text(settings, label, delivery, others, called)
            await self.wrong(settings, key, text, broken=delivery.destination.partition(":")[0])
        for key, notice in open_still.items():
            if key.startswith("delivery:") and notice.newsletter == settings.key and key not in about:
                await self.right(settings, key, notice.text.partition(":")[0].replace("did not reach", "has reached"))


def _text(
    settings: NewsletterSettings,
    label: str,
    delivery: editions.Delivery,
    others: tuple[editions.Delivery, ...],
    called: str,
) -> str:
    """What did not happen, what did, what to do, and when it is tried again."""
    there = [one.destination for one in others if one.done_at is not None]
    parts = sum(one.state is PartState.SENT for one in delivery.parts)
    text = f"{settings.key} {label} did not reach {_place(delivery.destination)}: {delivery.failed or delivery.why}."
    if parts:
        text += f" {parts} of its {len(delivery.parts)} parts are there."
    if there:
        text += f" It is at {', '.join(map(_place, there))}."
    if delivery.failed is not None:
        return f"{text} When that is mended: {called} publish {settings.key}"
    return f"{text} It is tried again by itself{_at(settings, delivery.next_at)}."


def _at(settings: NewsletterSettings, at: datetime | None) -> str:
    return f" at {at.astimezone(settings.zone):%H:%M}" if at is not None else ""


def _place(destination: str) -> str:
    """Where that is. A colon would end the sentence that `right` takes up again."""
    return destination.replace(":", " ", 1)
