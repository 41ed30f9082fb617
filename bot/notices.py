"""Telling editors what went wrong, in the newsletter's language: one message when it begins, one when it is over, both
also in the log.

What is wrong is kept, so that a restart tells nobody twice. Whom to tell and how they are reached is ``places``'s.
"""

import logging

from bot import cards
from bot.places import Places
from bot.speech import of_newsletter
from newsletter.model import PartState
from newsletter.phrase import Phrase
from newsletter.ports import Clock
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, editions, ledger, run

log = logging.getLogger(__name__)

IN_VAIN = 3
"""So many attempts in a row fail before people hear of it: most troubles are over by then."""


class Notices:
    """What is wrong, told once."""

    def __init__(self, store: Store, places: Places, *, clock: Clock) -> None:
        self._store = store
        self._places = places
        self._clock = clock

    async def wrong(self, settings: NewsletterSettings, key: str, text: Phrase, *, broken: str = "") -> None:
        """Something is wrong. Said again under the same key, nobody hears of it again; ``broken`` is the platform."""
        async with self._store.writing() as transaction:
            await run.notice(transaction, key, settings.key, str(text), self._clock())
            known = (await run.notices(transaction))[key]
        if known.told_at is not None:
            return
        log.error("%s: %s", settings.key, text)
        said = of_newsletter(settings.language).say(text)
        if await self._places.tell_editors(settings, cards.text(f"⚠️ {said}"), but_not=broken):
            async with self._store.writing() as transaction:
                await run.told(transaction, key, self._clock())

    async def right(self, settings: NewsletterSettings, key: str, text: Phrase) -> None:
        """It is no longer wrong; who was told that it was hears so. The second time changes nothing."""
        async with self._store.reading() as transaction:
            known = (await run.notices(transaction)).get(key)
        if known is None:
            return
        async with self._store.writing() as transaction:
            await run.ended(transaction, key, self._clock())
        log.info("%s: solved: %s", settings.key, text)
        if known.told_at is not None:
            said = of_newsletter(settings.language).say("Solved: {what}", what=text)
            await self._places.tell_editors(settings, cards.text(f"✅ {said}"))

    async def of_deliveries(self, settings: NewsletterSettings, called: str) -> None:
        """Tell of every delivery that fails, and of those that no longer do."""
        async with self._store.reading() as transaction:
            troubled = await ledger.troubled(transaction, settings.key)
            about = {}
            for row, delivery in troubled:
                printed = await editions.latest_revision(transaction, row.id)
                others = await ledger.deliveries_of(transaction, row.id)
                about[f"delivery:{delivery.id}"] = (printed.label if printed else "", delivery, others)
            open_still = await run.notices(transaction)
        for key, (label, delivery, others) in about.items():
            if delivery.failed is None and delivery.attempts < IN_VAIN:
                continue
            text = _text(settings, label, delivery, others, called)
            await self.wrong(settings, key, text, broken=delivery.destination.partition(":")[0])
        for key, notice in open_still.items():
            if key.startswith("delivery:") and notice.newsletter == settings.key and key not in about:
                edition, _, place = notice.text.partition(":")[0].partition(" did not reach ")
                await self.right(settings, key, Phrase("{edition} has reached {place}", edition=edition, place=place))


def _text(
    settings: NewsletterSettings,
    label: str,
    delivery: ledger.Delivery,
    others: tuple[ledger.Delivery, ...],
    called: str,
) -> Phrase:
    """What did not happen, what did, what to do, and when it is tried again."""
    there = [one.destination for one in others if one.done_at is not None]
    parts = sum(one.state is PartState.SENT for one in delivery.parts)
    text = Phrase(
        "{edition} did not reach {place}: {why}.",
        edition=f"{settings.key} {label}",
        place=_place(delivery.destination),
        why=delivery.failed or delivery.why,
    )
    said = [text]
    if parts:
        said.append(Phrase("{n} of its {all} parts are there.", n=parts, all=len(delivery.parts)))
    if there:
        said.append(Phrase("It is at {places}.", places=", ".join(map(_place, there))))
    said.append(_what_next(settings, delivery, called))
    return Phrase.joined(said, " ")


def _what_next(settings: NewsletterSettings, delivery: ledger.Delivery, called: str) -> Phrase:
    if delivery.failed is not None:
        return Phrase("When that is mended: {command}", command=f"{called} publish {settings.key}")
    if delivery.next_at is None:
        return Phrase("It is tried again by itself.")
    return Phrase("It is tried again by itself at {time}.", time=f"{delivery.next_at.astimezone(settings.zone):%H:%M}")


def _place(destination: str) -> str:
    """Where that is. A colon would end the sentence that `right` takes up again."""
    return destination.replace(":", " ", 1)
