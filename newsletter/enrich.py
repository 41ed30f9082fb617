"""The enricher: visits the links that are due and keeps what their pages say. An edition never waits for it.

What is due is a question to the store, so a crash loses nothing; who claims a link has it until the claim runs out, so
two processes never visit one at once. What may be visited, and when again, is ``visiting``'s.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter import sites, urls, visiting
from newsletter.errors import FetchError, NoPage, NotAllowed, NotNow, StoreError
from newsletter.fetch import JSON, PAGES
from newsletter.model import Fetched, LinkState, Page
from newsletter.ports import Clock, Fetcher
from newsletter.settings import FetchSettings, NewsletterSettings
from newsletter.store import Store, Transaction, pages
from newsletter.store.pages import Due, Settled

CLAIM = timedelta(minutes=4)
"""How long a link is its visitor's. A visit begins in its first half, and the slowest one is over within the other:
nobody may come while one is there."""

AHEAD = 2
"""For each visit at once, how many links are claimed that are next: then nobody waits for the database."""

TOGETHER = timedelta(milliseconds=100)
"""How long what came of a visit waits for others, to be kept with them: a transaction costs more than a visit."""

PREVIEW_WITHIN = timedelta(minutes=1)
"""A platform's own preview comes within seconds of the message: it is waited for, since it costs no request."""

PREVIEWED_WAITS = timedelta(hours=1)
"""A link that has a title from a preview can wait this long: the others need theirs more."""

LOOK_AGAIN = timedelta(days=1)
"""When a link that nobody may visit now is thought about again: the configuration may be another one."""

AT_LEAST_EVERY = timedelta(seconds=10)
"""How long a new link waits at the most until somebody looks."""

SHORTLY = timedelta(milliseconds=50)
"""Where no pause is asked for, a link of a host that is being visited still waits for the visit to end."""

LARGE = 32 * 1024
"""Bytes of a page that is read in a thread of its own; reading a smaller one is quicker than handing it over."""

AFTER_TROUBLE = timedelta(seconds=30)
"""How long to leave a database alone that cannot be used."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """A link that this process has claimed: which address of it is asked for, and until when it is ours."""

    link: Due
    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Visited:
    """What came of a visit: the page and what answered, or why there is none."""

    visit: Visit
    page: Page = field(default_factory=Page)
    fetched: Fetched | None = None
    error: FetchError | None = None


class Enricher:
    """Visits links for all newsletters of an installation. Several processes may each have one."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        settings: FetchSettings,
        newsletters: Sequence[NewsletterSettings],
        *,
        clock: Clock,
        claim: timedelta = CLAIM,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._settings = settings
        self._newsletters = tuple(newsletters)
        self._clock = clock
        self._claim = claim
        self._there: set[str] = set()
        """Hosts that are being visited."""
        self._expected: dict[str, datetime] = {}
        """Until when links of a host were put off, the last of them."""

    async def step(self, now: datetime) -> int:
        """Visit as many of the links due at ``now`` as may be visited at once, and keep what came of it; how many.

        0: nothing may be visited now. Safe to be cut off anywhere: what was not kept is due again.
        """
        visits, look_at = list[Visit](), now
        while look_at <= now and len(visits) < self._settings.at_once:
            claimed, look_at = await self._turn((), self._settings.at_once - len(visits), now)
            visits += claimed
        visited = await asyncio.gather(*map(self._visit, visits))
        await self._turn(visited, 0, self._clock())
        return len(visited)

    async def run(self) -> None:
        """Visit what is due, until cancelled. Trouble with the database is waited out."""
        # Of what came of visits, no more waits to be kept than a crash may cost.
        claimed, visited = asyncio.Queue[Visit](), asyncio.Queue[Visited](self._settings.at_once)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._settings.at_once):
                group.create_task(self._visit_all(claimed, visited))
            await self._claim_and_keep(claimed, visited)

    async def _visit_all(self, claimed: asyncio.Queue[Visit], visited: asyncio.Queue[Visited]) -> None:
        while True:
            visit = await claimed.get()
            if visit.until - self._clock() > self._claim / 2:
                await visited.put(await self._visit(visit))
            else:  # it was next for too long, and is due again when the claim is over
                self._there.discard(urls.host(visit.url))

    async def _claim_and_keep(self, claimed: asyncio.Queue[Visit], visited: asyncio.Queue[Visited]) -> None:
        most = self._settings.at_once * (1 + AHEAD)
        done: list[Visited] = []
        look_at = self._clock()
        while True:
            now = self._clock()
            try:
                # Not for each one that is missing: one question and one transaction serve many.
                room = most - claimed.qsize()
                looked = look_at <= now and room > self._settings.at_once
                visits, found_at = await self._turn(done, room if looked else 0, now)
                for visit in visits:
                    claimed.put_nowait(visit)
                done, look_at = [], found_at if looked else look_at
                # With enough to do, it is the next visit's end that is waited for.
                wait = AT_LEAST_EVERY if most - claimed.qsize() <= self._settings.at_once else look_at - self._clock()
            except StoreError as error:
                _log.warning("pages are not fetched for now: %s", error)
                wait = AFTER_TROUBLE
            done += await self._ended(visited, wait)

    async def _ended(self, visited: asyncio.Queue[Visited], wait: timedelta) -> list[Visited]:
        """What came of visits within this time, and a moment after the first of them; no more than are at once."""
        done: list[Visited] = []
        clock = asyncio.get_running_loop().time
        with suppress(TimeoutError):
            async with asyncio.timeout_at(latest := clock() + max(wait.total_seconds(), 0)) as end:
                while len(done) < self._settings.at_once:
                    done.append(await visited.get())
                    if len(done) == 1:
                        end.reschedule(min(latest, clock() + TOGETHER.total_seconds()))
        return done

    # --- which ---

    async def _turn(self, visited: Sequence[Visited], room: int, now: datetime) -> tuple[list[Visit], datetime]:
        """Keep what came of some visits, and claim as many others as there is room for: one transaction for both.

        Also says when to look for others: ``now`` where there may be more that can be visited at once.
        """
        planned: Mapping[Due, str | datetime] = {}
        look_at = now + AT_LEAST_EVERY
        if room and self._settings.enabled:
            async with self._store.reading() as transaction:
                # More than there is room for: some of them are on hosts that are being asked.
                planned = self._plan(await pages.due(transaction, now, 8 + room), room, now)
                next_at = None if planned else await pages.next_due(transaction)
            look_at = now if planned else min(next_at or look_at, look_at)
        if not visited and not planned:
            return [], look_at
        until = now + self._claim
        async with self._store.writing() as transaction:
            await self._keep(transaction, visited, now)
            untils = {link: one if isinstance(one, datetime) else until for link, one in planned.items()}
            ours = await pages.put_off(transaction, untils)
        addresses = ((link, planned[link]) for link in ours)
        visits = [Visit(link, address, until) for link, address in addresses if isinstance(address, str)]
        self._there |= {urls.host(visit.url) for visit in visits}
        return visits, look_at

    def _plan(self, found: Sequence[Due], room: int, now: datetime) -> dict[Due, str | datetime]:
        """For each link the address to ask for now, or until when it is put off. Those there is no room for are left as
        they are."""
        self._expected = {host: at for host, at in self._expected.items() if at > now}
        planned: dict[Due, str | datetime] = {}
        hosts: set[str] = set()
        for link in found:
            decided = self._when(link, now)
            if isinstance(decided, str):
                host = urls.host(decided)
                wait = self._fetcher.wait(decided)
                if wait or host in self._there or host in hosts:
                    # Behind those already put off: each comes back when its host is free for it.
                    pause = max(timedelta(seconds=self._settings.pause), SHORTLY)
                    decided = self._expected[host] = max(now + wait, self._expected.get(host, now)) + pause
                else:
                    hosts.add(host)
            planned[link] = decided
            if len(hosts) == room:
                break
        return planned

    def _when(self, link: Due, now: datetime) -> str | datetime:
        """The address of this link to ask for, or when to think of it again."""
        collected = [
            (share, [one for one in self._newsletters if one.collects(share.channel)]) for share in link.shares
        ]
        wanted = [share for share, newsletters in collected if newsletters]
        # Where one share's address holds a credential, or a newsletter calls it internal, none of them is tried.
        if not wanted or any(self._why_not(share.url) for share in link.shares):
            return now + LOOK_AGAIN
        if link.state is LinkState.NEW:
            age = now - wanted[0].sent_at
            if timedelta() <= age < PREVIEW_WITHIN:
                return wanted[0].sent_at + PREVIEW_WITHIN
            if any(share.previewed for share in wanted):
                return now + PREVIEWED_WAITS
        return wanted[0].url

    def _why_not(self, url: str) -> str | None:
        return visiting.why_not(url, self._newsletters, self._settings)

    # --- there ---

    async def _visit(self, visit: Visit) -> Visited:
        try:
            page, fetched = await self._said(visit.url) or await self._found(visit.url)
        except FetchError as error:
            return Visited(visit, error=error)
        except Exception:
            # One page that we cannot read must not keep us from all others.
            reference = secrets.token_hex(4)
            _log.exception("a page could not be read, reference %s", reference)
            return Visited(visit, error=NotNow(visit.url, f"our own mistake, reference {reference}"))
        finally:
            self._there.discard(urls.host(visit.url))
        return Visited(visit, replace(page, url=urls.clean(fetched.url)), fetched)

    async def _found(self, url: str) -> tuple[Page, Fetched]:
        fetched = await self._fetcher.fetch(url)
        if visiting.leads_elsewhere(url, fetched.url):
            raise NoPage(fetched.url, "leads to another page: a login, an error or a front page")
        return await self._read(fetched, fetched.url), fetched

    async def _said(self, url: str) -> tuple[Page, Fetched] | None:
        """What the link's site says of it where it is asked in another way; ``None`` where it says nothing."""
        question = sites.question(url)
        if question is None:
            return None
        try:
            fetched = await self._fetcher.fetch(question, kinds=PAGES | JSON)
        except FetchError:
            return None  # that says nothing of the link
        page = await self._read(fetched, url)
        return (page, Fetched(url, fetched.body, fetched.content_type)) if page != Page() else None

    async def _read(self, fetched: Fetched, url: str) -> Page:
        if len(fetched.body) < LARGE:
            return sites.answer(fetched.body, url=url, content_type=fetched.content_type)
        # A large page takes a while: other work on the loop goes on.
        return await asyncio.to_thread(sites.answer, fetched.body, url=url, content_type=fetched.content_type)

    # --- back ---

    async def _keep(self, transaction: Transaction, visited: Sequence[Visited], now: datetime) -> None:
        ours = await pages.settle(transaction, [_settled(one, now) for one in visited])
        found = [one for one in visited if one.visit.link.id in ours and one.fetched is not None]
        moved = {one.visit.link.key: urls.key(one.page.url) for one in found if _is_another(one)}
        # Of a link that is another one, also the other one: should they be parted, both have their page.
        known = {one.visit.link.key: one.page for one in found}
        ends = {moved.get(key, key): page for key, page in known.items()}
        await pages.write_pages(transaction, known | ends, now)
        for link, into in moved.items():
            await pages.join(transaction, link, into, pages.REDIRECT, now)
        await pages.join_by_canonical(transaction, ends, now)


def _settled(visited: Visited, now: datetime) -> Settled:
    visit, error = visited.visit, visited.error
    if error is None:
        return Settled(visit.link, visit.until, LinkState.FETCHED)
    tries = visit.link.tries + 1
    following = visiting.after(error, tries)
    at = now + following.wait if following.wait is not None else None
    refused_later = isinstance(error, NotAllowed) and error.url != visit.url
    why = f"leads to an address that is not asked for: {error.why}" if refused_later else error.why
    return Settled(visit.link, visit.until, following.state, at, tries, why)


def _is_another(visited: Visited) -> bool:
    """Whether the visit showed that the link is another one."""
    fetched = visited.fetched
    return fetched is not None and visiting.is_same_page(
        visited.visit.url, visited.page.url, permanent=fetched.permanent
    )
