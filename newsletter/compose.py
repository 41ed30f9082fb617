"""From what is kept to an edition: gather the material of a stretch of time, and have it assembled.

Which entries come of it and in which order is ``assemble``'s, what is done with an edition ``publish``'s. Nothing is
stored here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter import discussion, render
from newsletter.assemble import assemble
from newsletter.due import INSTANT
from newsletter.languages import language
from newsletter.material import Assembled, Chosen, Frame, Material
from newsletter.model import Edition, EditionState, Reply, Seen
from newsletter.placing import is_withdrawn
from newsletter.settings import NewsletterSettings
from newsletter.store import Transaction, choices, directory, editions, gather, placements, replies
from newsletter.week import last_cut_off, next_cut_off, next_week, range_label, week_of


@dataclass(frozen=True, slots=True)
class Again:
    """What a printed edition would be now. ``blanked`` are the shares whose words have had their time, ``replies`` the
    discussion that is left, by share and message."""

    edition: Edition
    chosen: Mapping[str, Chosen]
    blanked: frozenset[int]
    replies: Mapping[tuple[int, str], Reply]


class Composer:
    """Makes one newsletter's editions out of what is kept."""

    def __init__(self, settings: NewsletterSettings) -> None:
        self._settings = settings

    async def channels(self, transaction: Transaction) -> list[int]:
        """The rows of the channels the newsletter collects from."""
        there = await directory.channels(transaction)
        return [id for id, channel in there.items() if self._settings.collects(channel)]

    async def open(
        self, transaction: Transaction, row: editions.EditionRow, until: datetime, serves: datetime
    ) -> Assembled:
        """The open edition as it would be if it closed at ``until`` and stood for every cut-off up to ``serves``."""
        channels = await self.channels(transaction)
        ids = await placements.open_shares(transaction, row, channels, until)
        number = await editions.next_number(transaction, self._settings.key)
        frame = self._frame(number, row.opened_at, until, row.serves, serves)
        frame = replace(frame, nth_of_day=await self._nth_of_day(transaction, until, row.id))
        material = await self._material(transaction, frame, ids, channels, row.id or None, but_not_hidden=True)
        # Assembling a large edition takes a while: other work on the loop goes on.
        return await asyncio.to_thread(assemble, self._settings, frame, material)

    async def again(self, transaction: Transaction, row: editions.EditionRow, printed: Edition) -> Again:
        """An edition that was printed, out of what is left of its shares: in the order it would have now."""
        channels = await self.channels(transaction)
        ids = await placements.placed(transaction, row.id)
        frame = self._frame(row.number, row.opened_at, row.cut_off, row.serves, row.serves)
        frame = replace(frame, title=printed.title, label=printed.label, nth_of_day=printed.nth_of_day)
        material = await self._material(transaction, frame, ids, channels, row.id)
        # What its sharers took back is as good as deleted.
        left = tuple(share for share in material.shares if not is_withdrawn(share, self._settings))
        blanked = frozenset(share.id for share in left if share.blanked)
        # However many people came since: who had more links in it keeps them.
        material = replace(material, shares=left, people=0)
        assembled = await asyncio.to_thread(assemble, self._settings, frame, material)
        return Again(assembled.edition, assembled.chosen, blanked, discussion.left(left, self._settings, material))

    async def past(
        self,
        transaction: Transaction,
        channels: Sequence[int],
        opened_at: datetime,
        cut_off: datetime,
        row: editions.EditionRow | None,
    ) -> Assembled:
        """A week of the past, as the chat has it now."""
        key = self._settings.key
        edition = row.id if row is not None else 0
        ids = await placements.shares_between(transaction, key, channels, opened_at, cut_off, edition=edition)
        number = row.number if row is not None else await editions.next_number(transaction, key)
        frame = self._frame(number, opened_at, cut_off, cut_off, cut_off)
        frame = replace(frame, nth_of_day=await self._nth_of_day(transaction, cut_off, edition))
        material = await self._material(transaction, frame, ids, channels, edition or None)
        return await asyncio.to_thread(assemble, self._settings, frame, material)

    async def opened_at(self, transaction: Transaction, cut_off: datetime) -> datetime:
        """When a past week began: at the cut-off before, or earlier if the edition of that one went out early."""
        settings = self._settings
        opened_at = last_cut_off(settings.schedule, settings.zone, cut_off - INSTANT)
        before = await editions.serving(transaction, settings.key, opened_at)
        early = before is not None and before.state is EditionState.FROZEN
        return min(opened_at, before.cut_off) if before is not None and early else opened_at

    async def _material(
        self,
        transaction: Transaction,
        frame: Frame,
        ids: Sequence[int],
        channels: Sequence[int],
        edition: int | None,
        *,
        but_not_hidden: bool = False,
    ) -> Material:
        """What is known of these shares; ``but_not_hidden``: of none whose sharer opted out."""
        settings = self._settings
        found = await gather.known(transaction, ids, edition)
        if but_not_hidden and found.hidden:
            found = replace(found, shares=tuple(one for one in found.shares if one.author not in found.hidden))
        earlier = await placements.earlier(transaction, settings.key, channels, found.shares, frame.opened_at)
        there = [seen for id, seen in (await directory.channels(transaction)).items() if id in channels]
        return Material(
            found.shares,
            found.names,
            found.channels,
            found.pages,
            found.joins,
            self._labelled(earlier),
            found.choices,
            replies=await replies.under(transaction, [one.message for one in found.shares if settings.discussion]),
            editors=await choices.members(transaction, settings.editors),
            feeders=await choices.members(transaction, settings.feeders),
            joined=found.joined,
            people=max((channel.people or 0 for channel in there), default=0),
        )

    def _labelled(self, earlier: Mapping[str, placements.Earlier]) -> dict[str, Seen]:
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
            pick=words.pick,
            note=words.note,
        )
