"""The enricher: visits the links that are due and keeps what their pages say. An edition never waits for it.

What is due is a question to the store, so a crash loses nothing; who claims a link has it until the claim runs out, so
two processes never visit one at once. What may be visited, and when again, is ``visiting``'s.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
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

CLAIM = timedelta(minutes=2)
"""How long a link is its visitor's: longer than the slowest visit, for nobody may come while one is there."""

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
        more, visits = True, list[Visit]()
        while more and len(visits) < self._settings.at_once:
            claimed, more = await self._turn((), self._settings.at_once - len(visits), now)
            visits += claimed
        visited = await asyncio.gather(*map(self._visit, visits))
        await self._turn(visited, 0, self._clock())
        return len(visited)

    async def run(self) -> None:
        """Visit what is due, until cancelled. Trouble with the database is waited out."""
        under_way: set[asyncio.Task[Visited]] = set()
        done: list[Visited] = []
        try:
            while True:
                free = self._settings.at_once - len(under_way)
                visits, wait = list[Visit](), timedelta()
                try:
                    visits, more = await self._turn(done, free, self._clock())
                    done = []
                    if len(visits) == free or not more:
                        wait = await self._idle()
                except StoreError as error:
                    _log.warning("pages are not fetched for now: %s", error)
                    wait = AFTER_TROUBLE
                under_way |= {asyncio.create_task(self._visit(visit)) for visit in visits}
                done += await _finished(under_way, wait)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    # --- which ---

    async def _turn(self, visited: Sequence[Visited], free: int, now: datetime) -> tuple[list[Visit], bool]:
        """Keep what came of some visits, and claim as many others as there is room for: one transaction for both.

        Also says whether there may be more that can be visited now.
        """
        planned: Mapping[Due, str | datetime] = {}
        if free and self._settings.enabled:
            async with self._store.reading() as transaction:
                # More than there is room for: some of them are on hosts that are being asked.
                planned = self._plan(await pages.due(transaction, now, 8 + 2 * free), free, now)
        if not visited and not planned:
            return [], False
        until = now + self._claim
        async with self._store.writing() as transaction:
            await self._keep(transaction, visited, now)
            untils = {link: one if isinstance(one, datetime) else until for link, one in planned.items()}
            ours = await pages.put_off(transaction, untils)
        addresses = ((link, planned[link]) for link in ours)
        visits = [Visit(link, address, until) for link, address in addresses if isinstance(address, str)]
        self._there |= {urls.host(visit.url) for visit in visits}
        return visits, bool(planned)

    def _plan(self, found: Sequence[Due], free: int, now: datetime) -> dict[Due, str | datetime]:
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
            if len(hosts) == free:
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

    async def _idle(self) -> timedelta:
        async with self._store.reading() as transaction:
            at = await pages.next_due(transaction)
        wait = at - self._clock() if at is not None else AT_LEAST_EVERY
        return min(max(wait, timedelta(milliseconds=20)), AT_LEAST_EVERY)

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
        # A large page takes a while: other work on the loop goes on.
        return await asyncio.to_thread(sites.answer, fetched.body, url=url, content_type=fetched.content_type)

    # --- back ---

    async def _keep(self, transaction: Transaction, visited: Sequence[Visited], now: datetime) -> None:
        ours = await pages.settle(transaction, [_settled(one, now) for one in visited])
        found = [one for one in visited if one.visit.link.id in ours and one.fetched is not None]
        moved = {one: urls.key(one.page.url) for one in found if _is_another(one)}
        # Of a link that is another one, also the other one: should they be parted, both have their page.
        known = {one.visit.link.key: one.page for one in found} | {moved[one]: one.page for one in moved}
        await pages.write_pages(transaction, known, now)
        for one in found:
            link = one.visit.link.key
            if one in moved:
                await pages.join(transaction, link, moved[one], pages.REDIRECT, now)
            await pages.join_by_canonical(transaction, moved.get(one, link), one.page, now)


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


async def _finished(under_way: set["asyncio.Task[Visited]"], wait: timedelta) -> list[Visited]:
    """What is done within this time, at least one if anything is; taken out of ``under_way``."""
    if not under_way:
        await asyncio.sleep(wait.total_seconds())
        return []
    done, _ = await asyncio.wait(under_way, timeout=wait.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    under_way -= done
    return [task.result() for task in done]
