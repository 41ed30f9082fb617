"""Owning one's words: opting out and in again, and forgetting what people wrote when its time has come.

Which rows are a person's is ``store/opting.py``'s to know, what an edition says without them ``amend``'s; here the
calls are made in order. What was published is put in order by ``publish``: ``follow``, then ``deliver``.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from newsletter.amend import erase
from newsletter.compose import Composer
from newsletter.heard import MessageId, PersonId
from newsletter.ports import Clock
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, Transaction, choices, editions, opting, placements, replies, run, terms

AT_ONCE = 500
"""How many messages are blanked in one transaction."""

ONCE_A_DAY = timedelta(days=1)

_Old = Callable[[Transaction], Awaitable[list[int]]]
"""Finds messages whose words are past their time, ``AT_ONCE`` of them."""


class Privacy:
    """What people may ask for their own, over all newsletters."""

    def __init__(self, store: Store, newsletters: Iterable[NewsletterSettings], *, clock: Clock) -> None:
        self._store = store
        self._newsletters = {settings.key: settings for settings in newsletters}
        self._clock = clock

    async def opt_out(self, person: PersonId) -> tuple[str, ...]:
        """Erase the person's name and words everywhere and listen to them no more, in one transaction.

        Returns the newsletters of which something published changes. The second time erases what is there by then.
        """
        async with self._store.writing() as transaction:
            affected = await opting.out(transaction, person, self._clock())
            for one in affected:
                await self._erase(transaction, one, person)
            await terms.settle(transaction)
        await self._store.leave_nothing_behind()
        return tuple(dict.fromkeys(one.newsletter for one in affected))

    async def opt_in(self, person: PersonId) -> bool:
        """Listen to the person again, from now on; whether they had opted out."""
        async with self._store.writing() as transaction:
            return await opting.back(transaction, person)

    async def _erase(self, transaction: Transaction, affected: opting.Affected, person: PersonId) -> None:
        row = await editions.by_id(transaction, affected.edition)
        frozen = await editions.as_frozen(transaction, affected.edition)
        if row is None or frozen is None:
            return
        # One that is configured no more has no rules: what there is of it is erased all the same.
        settings = self._newsletters.get(affected.newsletter, NewsletterSettings(key=affected.newsletter))
        anew = await Composer(settings).again(transaction, row, frozen)
        shares = await opting.shares_of(transaction, person, row.id)
        erased = partial(erase, anew=anew.edition, person=person, shares=shares, wrote=affected.wrote)
        await opting.erase(transaction, affected, erased)

    async def forget_old_words(self, settings: NewsletterSettings, *, again: bool = False) -> int:
        """Blank what people wrote in messages whose newsletter went out longer ago than ``retention`` says, and in
        those as old that it will never have.

        Once a day, however often it is called, but for ``again``; returns how many messages it were. What was printed
        stands.
        """
        if not settings.retention:
            return 0
        now, name = self._clock(), f"retention:{settings.key}"
        async with self._store.writing() as transaction:
            last = await run.holder(transaction, name)
            if last is not None and last[1] > now and not again:
                return 0
            await run.beat(transaction, name, "", now + ONCE_A_DAY)
        before = now - timedelta(days=settings.retention)
        count = await self._blank(lambda transaction: choices.old_words(transaction, settings.key, before, AT_ONCE))
        count += await self._blank(await self._unprinted(settings, before))
        async with self._store.writing() as transaction:
            await replies.blank_where_forgotten(transaction)
        return count

    async def without_old_words(self, messages: Sequence[MessageId]) -> int:
        """Blank what is past its time in every newsletter; of how many of these messages only links are left."""
        if not any(settings.retention for settings in self._newsletters.values()):
            return 0
        for settings in self._newsletters.values():
            await self.forget_old_words(settings, again=True)
        async with self._store.reading() as transaction:
            return await opting.wordless(transaction, messages)

    async def _unprinted(self, settings: NewsletterSettings, before: datetime) -> _Old:
        async with self._store.reading() as transaction:
            channels = await Composer(settings).channels(transaction)
            row = await editions.open_edition(transaction, settings.key)
            if row is None:
                # The first edition will reach back.
                before, waiting = before - placements.LATE_WITHIN, []
            else:
                waiting = await placements.open_shares(transaction, row, channels, self._clock())
        return lambda transaction: choices.unprinted_words(
            transaction, settings.key, channels, before, waiting, AT_ONCE
        )

    async def _blank(self, old: _Old) -> int:
        count = 0
        while True:
            async with self._store.writing() as transaction:
                messages = await old(transaction)
                await opting.blank_words(transaction, messages)
            count += len(messages)
            if len(messages) < AT_ONCE:
                return count
