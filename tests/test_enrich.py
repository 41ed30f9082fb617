"""Visiting links, as a reader of the newsletter and the owner of a site would say it; over real servers and stores.

What the client itself refuses is in ``test_fetch.py``; a killed process and two at once are real processes.
"""

import asyncio
import signal
import sys
import textwrap
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import urls, visiting
from newsletter.assemble import assemble
from newsletter.collect import Collector
from newsletter.enrich import LOOK_AGAIN, PREVIEW_WITHIN, PREVIEWED_WAITS, Enricher
from newsletter.errors import NoPage, NotAllowed, NotNow, PageGone
from newsletter.fetch import GuardedFetcher
from newsletter.heard import Preview
from newsletter.material import Frame, Material
from newsletter.model import Choice, LinkState, Mark, Page, PageKind
from newsletter.settings import FetchSettings, NewsletterSettings
from newsletter.store import Store, gather, pages, tables
from newsletter.week import next_week, week_of
from tests.laws.told import ANN, BEN, OTHER_CHANNEL, START, at, channel_named, deleted, reading, said
from tests.servers.web import FINE, Web, answer, html, redirect, serving

ROOT = Path(__file__).resolve().parent.parent
NEWSLETTER = NewsletterSettings()


@pytest.fixture
async def store(sqlite_url):
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def web():
    async with serving() as web:
        yield web


class Clock:
    """The time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = at(60)

    def __call__(self) -> datetime:
        return self.now

    def after(self, wait: timedelta) -> datetime:
        self.now += wait
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def visiting_with(store, web, clock, *newsletters, seconds=3.0, **settings):
    """An enricher for which every name leads to the server."""
    fetch = FetchSettings(**({"pause": 0, "ports": (80, 443, web.port)} | settings))

    async def resolve(host: str) -> list[str]:
        return [FINE]

    everyone = newsletters or (NEWSLETTER,)
    fetcher = GuardedFetcher(
        fetch,
        resolve=resolve,
        is_allowed=lambda one: str(one) == FINE,
        refuses=lambda url: visiting.why_not(url, everyone, fetch),
        seconds=seconds,
    )
    try:
        yield Enricher(store, fetcher, fetch, everyone, clock=clock)
    finally:
        await fetcher.close()


async def share(store, *urls_shared: str, minute: float = 0, **more) -> None:
    collector = Collector(store)
    for n, url in enumerate(urls_shared):
        await collector.hear(said(f"m{minute}-{n}", f"<{url}>", minute=minute, **more))


async def share_at_once(store, urls_shared: list[str]) -> None:
    await Collector(store).hear(reading(*(said(f"n{n}", f"<{url}>") for n, url in enumerate(urls_shared))))


async def until_idle(enricher: Enricher, clock: Clock) -> None:
    while await enricher.step(clock()):
        clock.after(timedelta(seconds=2))


async def mark(store, url: str) -> Mark:
    async with store.reading() as transaction:
        return (await pages.marks(transaction, [urls.key(url)])).get(urls.key(url))


async def known(store) -> gather.Found:
    async with store.reading() as transaction:
        rows = await transaction.execute(tables.share.select().where(tables.share.c.present))
        return await gather.known(transaction, [row.id for row in rows])


async def edition_of(store, choices: tuple[Choice, ...] = ()):
    """The edition of everything that was shared."""
    found = await known(store)
    week = week_of(START + timedelta(days=4), NEWSLETTER.zone, "{iso}")
    frame = Frame(1, "News", START, at(10_000), week.label, week, next_week(week, "{iso}"), "Others", "someone")
    material = Material(found.shares, found.names, found.channels, found.pages, found.joins, {}, choices)
    return assemble(NEWSLETTER, frame, material).edition


# --- titles --------------------------------------------------------------------------------------------------------


async def test_a_link_without_a_title_gets_the_one_of_its_page(store, web, clock):
    web.answers["/a"] = html("A very good page", '<meta name="description" content="About it.">')
    await share(store, web.url("/a", "good.example"))
    async with visiting_with(store, web, clock) as enricher:
        assert await enricher.step(clock()) == 1
        assert await enricher.step(clock()) == 0
    [entry] = (await edition_of(store)).entries
    assert (entry.title, entry.title_source, entry.description) == ("A very good page", "page", "About it.")
    assert await mark(store, web.url("/a", "good.example")) == Mark(LinkState.FETCHED)


async def test_a_link_shared_by_many_is_visited_once_the_newest_first(store, web, clock):
    web.other = lambda path: html("Page")
    for minute, path in enumerate(("/a", "/b", "/a", "/c", "/a")):
        await share(store, web.url(path, f"{path[1:]}.example"), minute=minute)
    async with visiting_with(store, web, clock, at_once=1) as enricher:
        await until_idle(enricher, clock)
    assert [one.path for one in web.asked] == ["/c", "/b", "/a"]


async def test_a_preview_costs_no_request_and_its_link_waits_behind_all_others(store, web, clock):
    web.other = lambda path: html("The page's own title")
    url = web.url("/a", "good.example")
    await share(store, url, previews=(Preview(url, "A preview's title"),))
    async with visiting_with(store, web, clock) as enricher:
        assert await enricher.step(clock()) == 0
        assert [entry.title for entry in (await edition_of(store)).entries] == ["A preview's title"]
        assert (await known(store)).pages == {}, "a preview is no page: it stays with its share"
        assert await enricher.step(clock.after(PREVIEWED_WAITS)) == 1
    assert [entry.title for entry in (await edition_of(store)).entries] == ["The page's own title"]


async def test_a_platforms_preview_is_waited_for(store, web, clock):
    web.other = lambda path: html("Page")
    await share(store, web.url("/a", "good.example"), minute=60)
    async with visiting_with(store, web, clock) as enricher:
        assert await enricher.step(clock()) == 0
        assert await enricher.step(clock.after(PREVIEW_WITHIN)) == 1


# --- what is never visited -----------------------------------------------------------------------------------------

ONCE = """
    /verify?c=1 /verify-email/abc /account/verify /users/confirmation?x=1 /confirm/9f /email/confirm /reset /password/reset/9
    /reset-password-9f3e /reset_password /forgot-password /unsubscribe /unsubscribe.php?u=1 /unsub/9 /opt-out /invite/abc
    /invitations/1/accept /magic /magic-link/abc /auth/magic?x=1 /activate/1 /login /sign-in /oauth/authorize /sso /saml2/x
    /a?action=unsubscribe /a?reset-password=1 /VERIFY /%76erify /a;unsubscribe /logout /one-time/9
""".split()
NOT_ONCE = """
    / /a /how-to-reset-your-router /unverified /blog/verifying-proofs /magical-thinking /the-magic-of-sql /inviting
    /activation-functions /confirmed-cases /p/verify-your-backups-with-restic /loginless /resetting /auth0-review /a?q=verification-of-code
""".split()


@pytest.mark.parametrize("path", ONCE)
def test_a_link_for_one_use_is_never_visited(path):
    assert visiting.why_not(f"https://site.example{path}", (NEWSLETTER,), FetchSettings()) is not None


@pytest.mark.parametrize("path", NOT_ONCE)
def test_a_page_that_only_speaks_of_such_things_is_visited(path):
    assert visiting.why_not(f"https://site.example{path}", (NEWSLETTER,), FetchSettings()) is None


@pytest.mark.parametrize(
    "url",
    """http://intranet/ http://wiki.internal/ http://10.0.0.1/ http://0xA000001/ https://ann@site.example/
    https://site.example/a?token=abc https://site.example/a?X-Amz-Signature=1 https://docs.google.com/document/d/1/edit
    https://www.notion.so/Plan-0123456789abcdef0123456789abcdef https://discord.gg/abc https://hooks.slack.com/services/T/B/x
    https://x.slack.com/archives/C1/p1 https://zoom.us/j/1 https://site.example/a.png http://localhost:8080/""".split(),
)
def test_what_is_held_or_does_not_enter_is_never_visited(url):
    assert visiting.why_not(url, (NEWSLETTER,), FetchSettings()) is not None


def test_one_newsletters_internal_host_is_internal_to_all():
    careful = NewsletterSettings(internal_hosts=("wiki.site.example",))
    assert visiting.why_not("https://wiki.site.example/a", (NEWSLETTER, careful), FetchSettings()) == "internal host"


def test_a_host_that_one_newsletter_ignores_may_still_be_anothers():
    fussy = NewsletterSettings(ignore_hosts=("site.example",))
    assert visiting.why_not("https://site.example/a", (fussy,), FetchSettings()) == "ignored host"
    assert visiting.why_not("https://site.example/a", (fussy, NEWSLETTER), FetchSettings()) is None


@pytest.mark.parametrize(
    ("settings", "url", "visited"),
    [
        ({"enabled": False}, "https://a.example/", False),
        ({"hosts": ("a.example",)}, "https://www.a.example/x", True),
        ({"hosts": ("a.example",)}, "https://b.example/", False),
        ({"ignore_hosts": ("a.example",)}, "https://m.a.example/", False),
        ({"ignore_hosts": ("a.example/private",)}, "https://a.example/open", True),
    ],
)
def test_the_settings_say_which_hosts(settings, url, visited):
    assert (visiting.why_not(url, (NEWSLETTER,), FetchSettings(**settings)) is None) is visited


async def test_a_held_link_is_not_asked_for_nor_is_a_shared_one_without_newsletter(store, web, clock):
    web.other = lambda path: html("Page")
    await Collector(store).hear(channel_named("random", channel=OTHER_CHANNEL))
    await Collector(store).hear(channel_named("news"))
    await share(store, web.url("/a?token=abc", "good.example"), web.url("/reset/1", "good.example"))
    await share(store, web.url("/elsewhere", "good.example"), minute=1, channel=OTHER_CHANNEL)
    await share(store, web.url("/gone", "good.example"), minute=2)
    await Collector(store).hear(deleted("m2-0"))
    async with visiting_with(store, web, clock, NewsletterSettings(collect=("local:#news",))) as enricher:
        for _ in range(3):
            assert await enricher.step(clock()) == 0
            clock.after(LOOK_AGAIN)
    assert web.asked == []


async def test_where_one_sharer_wrote_a_credential_the_link_is_left_alone(store, web, clock):
    """Both are one link: `sk` is ignored when links are compared, and opens a paid article."""
    plain = web.url("/a", "good.example")
    await share(store, plain, f"http://ann@good.example:{web.port}/b")
    async with visiting_with(store, web, clock) as enricher:
        await until_idle(enricher, clock)
    assert [one.path for one in web.asked] == ["/a"] or web.asked == []


async def test_a_redirect_to_what_is_held_is_not_followed_and_said(store, web, clock):
    web.answers["/s"] = redirect("https://docs.google.com/document/d/1abcdefghijk/edit")
    await share(store, web.url("/s", "bit.ly"))
    async with visiting_with(store, web, clock) as enricher:
        await until_idle(enricher, clock)
    found = await mark(store, web.url("/s", "bit.ly"))
    assert found == Mark(LinkState.CLOSED, "leads to an address that is not asked for: shared document")


# --- when again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "tries", "state", "wait"),
    [
        (NotNow("u", "w"), 1, LinkState.WAITING, timedelta(minutes=5)),
        (NotNow("u", "w"), 2, LinkState.WAITING, timedelta(hours=1)),
        (NotNow("u", "w"), 5, LinkState.WAITING, timedelta(days=3)),
        (NotNow("u", "w"), 6, LinkState.DEAD, timedelta(days=1)),
        (NotNow("u", "w"), 8, LinkState.DEAD, timedelta(days=30)),
        (NotNow("u", "w"), 9, LinkState.DEAD, None),
        (NotNow("u", "w", timedelta(hours=2)), 1, LinkState.WAITING, timedelta(hours=2)),
        (NotNow("u", "w", timedelta(seconds=1)), 2, LinkState.WAITING, timedelta(hours=1)),
        (PageGone("u", "w"), 1, LinkState.DEAD, timedelta(days=1)),
        (PageGone("u", "w"), 3, LinkState.DEAD, timedelta(days=30)),
        (PageGone("u", "w"), 4, LinkState.DEAD, None),
        (NoPage("u", "w"), 1, LinkState.CLOSED, None),
        (NotAllowed("u", "w"), 3, LinkState.CLOSED, None),
    ],
)
def test_after_a_failure_a_link_is_asked_for_again_or_dead_or_left(error, tries, state, wait):
    assert visiting.after(error, tries) == visiting.Next(state, wait)


async def test_a_dead_link_is_marked_and_may_come_back(store, web, clock):
    url = web.url("/a", "good.example")
    await share(store, url)
    async with visiting_with(store, web, clock) as enricher:
        await until_idle(enricher, clock)
        assert await mark(store, url) == Mark(LinkState.DEAD, "answers 404")
        web.answers["/a"] = html("It is back")
        assert await enricher.step(clock()) == 0
        assert await enricher.step(clock.after(timedelta(days=1))) == 1
    assert await mark(store, url) == Mark(LinkState.FETCHED)


async def test_a_server_in_trouble_is_asked_again_and_dead_after_a_week(store, web, clock):
    url = web.url("/a", "good.example")
    web.answers["/a"] = answer("", "503 x")
    await share(store, url)
    async with visiting_with(store, web, clock) as enricher:
        for wait in (timedelta(), *visiting.RETRIES):
            assert (await mark(store, url)).state is not LinkState.DEAD
            assert await enricher.step(clock.after(wait)) == 1
    assert await mark(store, url) == Mark(LinkState.DEAD, "answers 503")


async def test_a_page_that_we_cannot_read_stops_no_other_one(store, web, clock, caplog):
    web.other = lambda path: html("Page")
    await share(store, web.url("/a", "a.example"), web.url("/b", "b.example"))
    async with visiting_with(store, web, clock) as enricher:
        read = enricher._read

        async def failing(fetched, url):
            if url.endswith("/a"):
                raise RuntimeError("a mistake of ours")
            return await read(fetched, url)

        enricher._read = failing
        assert await enricher.step(clock()) == 2
    assert (await mark(store, web.url("/b", "b.example"))).state is LinkState.FETCHED
    found = await mark(store, web.url("/a", "a.example"))
    assert (found.state, "reference" in found.why) == (LinkState.WAITING, True)


# --- redirects and canonicals --------------------------------------------------------------------------------------


async def test_a_shortener_shows_its_target_and_is_one_entry_with_it(store, web, clock):
    web.answers |= {
        "/s": redirect(web.url("/long?utm_source=x", "good.example"), "302 Found"),
        "/long?utm_source=x": html("Long"),
    }
    web.answers["/long"] = html("Long")
    await share(store, web.url("/s", "bit.ly"))
    async with visiting_with(store, web, clock) as enricher:
        await until_idle(enricher, clock)
        [entry] = (await edition_of(store)).entries
        assert (entry.url, entry.title) == (web.url("/long", "good.example"), "Long")
        await share(store, web.url("/long", "good.example"), minute=3, by=BEN)
        await until_idle(enricher, clock)
    [entry] = (await edition_of(store)).entries
    assert {shared.person.id for shared in entry.shares} == {ANN, BEN}
    assert web.times("/long") == 0, "the target was known from the shortener's visit"


async def test_a_join_can_be_taken_back_and_stays_so(store, web, clock):
    web.answers |= {"/old": redirect("/new"), "/new": html("New")}
    old, new = web.url("/old", "good.example"), web.url("/new", "good.example")
    await share(store, old, new)
    async with visiting_with(store, web, clock) as enricher:
        await until_idle(enricher, clock)
        assert len((await edition_of(store)).entries) == 1
        async with store.writing() as transaction:
            assert await pages.part(transaction, urls.key(old))
            assert not await pages.part(transaction, urls.key(old))
        await until_idle(enricher, clock)
    assert [entry.title for entry in (await edition_of(store)).entries] == ["New", "New"]


@pytest.mark.parametrize(
    ("asked", "found", "permanent", "same", "elsewhere"),
    [
        ("https://bit.ly/3x", "https://a.example/post", True, True, False),
        ("https://bit.ly/3x", "https://a.example/post", False, True, False),
        ("https://bit.ly/3x", "https://a.example/", True, True, False),
        ("https://t.co/3x", "https://a.example/login?next=/p", True, True, True),
        ("https://a.example/old", "https://a.example/new", True, True, False),
        ("https://a.example/old", "https://a.example/new", False, False, False),
        ("http://www.a.example/x/", "https://a.example/x", True, False, False),
        ("https://a.example/old", "https://a.example/", True, True, True),
        ("https://a.example/old", "https://a.example/index.html", True, True, True),
        ("https://a.example/old", "https://a.example/ko/", True, True, True),
        ("https://a.example/old", "https://other.example/", True, True, True),
        ("https://a.example/", "https://b.example/", True, True, False),
        ("https://a.example/p", "https://sso.b.example/login?next=p", False, False, True),
        ("https://a.example/p", "https://a.example/users/sign_in", False, False, True),
        ("https://a.example/p", "https://a.example/404.html", True, True, True),
        ("https://a.example/p", "https://a.example/cdn-cgi/challenge", False, False, True),
        ("https://a.example/docs/auth", "https://a.example/docs/auth/intro", True, True, False),
        ("https://a.example/old", "https://a.example/#/post/1", True, True, False),
    ],
)
def test_a_redirect_makes_two_links_one_only_where_that_is_sure(asked, found, permanent, same, elsewhere):
    assert visiting.is_same_page(asked, found, permanent=permanent) is same
    assert visiting.leads_elsewhere(asked, found) is elsewhere


async def test_a_lost_page_that_leads_home_has_no_title_and_is_joined_with_nothing(store, web, clock):
    web.answers |= {"/lost": redirect("/"), "/": html("The front page")}
    await share(store, web.url("/lost", "good.example"), web.url("/", "good.example"))
    async with visiting_with(store, web, clock) as enricher:
        await until_idle(enricher, clock)
    found = await known(store)
    assert found.joins == {}
    assert (await mark(store, web.url("/lost", "good.example"))).state is LinkState.CLOSED


def naming(title: str, canonical: str) -> bytes:
    return html(title, f'<link rel="canonical" href="{canonical}">')


@pytest.mark.parametrize("first", ["/page", "/page/amp"])
async def test_a_page_and_its_variant_that_name_one_canonical_are_one(store, web, clock, first):
    page, amp = (web.url(path, "good.example") for path in ("/page", "/page/amp"))
    web.answers |= {"/page": naming("Good", page), "/page/amp": naming("Good", page)}
    await share(store, *((page, amp) if first == "/page" else (amp, page)))
    async with visiting_with(store, web, clock, at_once=1) as enricher:
        await until_idle(enricher, clock)
    [entry] = (await edition_of(store)).entries
    assert (entry.url, len(entry.shares)) == (page, 2)


@pytest.mark.parametrize(
    ("of_page", "of_other"),
    [
        (("Good", "/other"), ("Other", "/other")),
        (("Good", "/other"), ("Good", "/page")),
        (("Good", "/other"), ("Good", "")),
        (("Good", "/"), ("Good", "/")),
        (("", "/other"), ("", "/other")),
    ],
    ids=["another title", "each names the other", "not itself", "everything is the front page", "no title"],
)
async def test_a_canonical_that_is_not_mutual_joins_nothing(store, web, clock, of_page, of_other):
    page, other = (web.url(path, "good.example") for path in ("/page", "/other"))
    web.answers |= {
        "/page": naming(of_page[0], web.url(of_page[1], "good.example")),
        "/other": naming(of_other[0], web.url(of_other[1], "good.example") if of_other[1] else ""),
    }
    await share(store, page, other)
    async with visiting_with(store, web, clock, at_once=1) as enricher:
        await until_idle(enricher, clock)
    assert (await known(store)).joins == {}


async def test_joins_never_close_a_circle(store):
    async with store.writing() as transaction:
        assert await pages.join(transaction, "a", "b", pages.REDIRECT, START)
        assert await pages.join(transaction, "b", "c", pages.REDIRECT, START)
        assert not await pages.join(transaction, "c", "a", pages.REDIRECT, START)
        assert not await pages.join(transaction, "a", "c", pages.REDIRECT, START)
        assert await pages.joins(transaction, ["a"]) == {"a": "b", "b": "c"}
        together = await pages.together(transaction, ["a", "c", "x"])
    assert together == {"a": frozenset("abc"), "c": frozenset("abc"), "x": frozenset("x")}


# --- pages are kept as they are ------------------------------------------------------------------------------------


async def test_a_page_is_kept_whole_on_either_database(database_url):
    store = await Store.open(database_url)
    page = Page("T", "D", "S", "https://i", "A", START, "ko", "https://c/", PageKind.ARTICLE, 3, "https://u/")
    async with store.writing() as transaction:
        for one in (Page("before"), page):
            await pages.write_pages(transaction, {"https://u/": one}, START)
        assert await pages.of(transaction, ["https://u/", "https://other/"]) == {"https://u/": page}
        assert await pages.due(transaction, at(1), 5) == [], "a link that came by the way needs no visit"
        assert await pages.counts(transaction) == {LinkState.FETCHED: 1}
    await store.close()


async def test_only_who_saw_the_link_as_it_is_can_claim_or_settle_it(database_url):
    store = await Store.open(database_url)
    await share(store, "https://good.example/a")
    async with store.writing() as transaction:
        [link] = await pages.due(transaction, at(1), 5)
        assert await pages.put_off(transaction, {link: at(3)}) == [link]
        assert await pages.put_off(transaction, {link: at(3)}) == []
        assert await pages.due(transaction, at(2), 5) == []
        [again] = await pages.due(transaction, at(3), 5)
        assert await pages.put_off(transaction, {again: at(5)}) == [again]
        assert await pages.settle(transaction, [pages.Settled(link, at(3), LinkState.DEAD)]) == set()
        assert await pages.settle(transaction, [pages.Settled(again, at(5), LinkState.FETCHED)]) == {link.id}
    await store.close()


# --- many, several processes, a killed one -------------------------------------------------------------------------

PROGRAM = textwrap.dedent(
    f"""
    import asyncio, os, sys
    from datetime import UTC, datetime, timedelta
    from newsletter.enrich import Enricher
    from newsletter.fetch import GuardedFetcher
    from newsletter.settings import FetchSettings, NewsletterSettings
    from newsletter.store import Store

    async def resolve(host):
        return ["{FINE}"]

    async def main(database, port, claim):
        store = await Store.open(database)
        settings = FetchSettings(pause=0, ports=(int(port),), at_once=8, user_agent=str(os.getpid()))
        fetcher = GuardedFetcher(settings, resolve=resolve, is_allowed=lambda one: str(one) == "{FINE}")
        claim = timedelta(seconds=float(claim))
        enricher = Enricher(store, fetcher, settings, [NewsletterSettings()], clock=lambda: datetime.now(UTC), claim=claim)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await enricher.run()

    asyncio.run(main(*sys.argv[1:]))
    """
)


@asynccontextmanager
async def another_process(database: str, web: Web, claim: float):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        database,
        str(web.port),
        str(claim),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def begin(*processes) -> None:
    """Wait until all of them are there, and let them run."""
    for process in processes:
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    for process in processes:
        process.stdin.write(b"go\n")


async def asked_for(web: Web, count: int) -> None:
    async with asyncio.timeout(60):
        while len(web.asked) < count:  # noqa: ASYNC110 - the server is asked by another process
            await asyncio.sleep(0.01)


async def fetched(store, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            async with store.reading() as transaction:
                if (await pages.counts(transaction)).get(LinkState.FETCHED, 0) >= count:
                    return
            await asyncio.sleep(0.05)


async def test_a_kill_in_the_middle_loses_nothing(store, sqlite_url, web):
    web.other = lambda path: html(f"Page {path}")
    web.latency = 0.02
    count = 120
    await share_at_once(store, [web.url(f"/{n}", f"h{n % 30}.example") for n in range(count)])
    async with another_process(sqlite_url, web, 1) as killed, another_process(sqlite_url, web, 1) as following:
        await begin(killed)
        await asked_for(web, count // 3)
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
        async with store.reading() as transaction:
            assert (await pages.counts(transaction))[LinkState.FETCHED] < count
        await begin(following)
        await fetched(store, count)
    assert {one.path for one in web.asked} == {f"/{n}" for n in range(count)}
    again = [path for path, times in Counter(one.path for one in web.asked).items() if times > 1]
    assert len(again) <= 3 * 8, "only what was under way or not yet kept is asked for again"


async def test_two_processes_never_visit_one_link_at_once_nor_twice(store, sqlite_url, web):
    web.other = lambda path: html(f"Page {path}")
    web.latency = 0.02
    count = 150
    await share_at_once(store, [web.url(f"/{n}", f"h{n % 50}.example") for n in range(count)])
    async with another_process(sqlite_url, web, 60) as one, another_process(sqlite_url, web, 60) as other:
        await begin(one, other)
        await fetched(store, count)
    assert Counter(one.path for one in web.asked) == Counter(f"/{n}" for n in range(count))
    assert len({one.headers["user-agent"] for one in web.asked}) == 2, "both were at work"


async def test_a_running_enricher_notices_new_links_and_stops_when_it_is_cancelled(store, web):
    web.other = lambda path: html("Page")

    def real() -> datetime:
        return datetime.now(UTC)

    await share(store, web.url("/a", "a.example"))
    async with visiting_with(store, web, real) as enricher:
        running = asyncio.create_task(enricher.run())
        await fetched(store, 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_host_of_many_links_is_asked_at_its_pace_and_others_do_not_wait_for_it(store, web, clock):
    web.other = lambda path: html("Page")
    await share(store, web.url("/quiet", "quiet.example"))
    await share_at_once(store, [web.url(f"/{n}", "busy.example") for n in range(60)])
    async with visiting_with(store, web, clock, pause=30) as enricher:
        assert await enricher.step(clock()) == 2, "the quiet host's and one of the busy one's"
        enricher._fetcher._turns._free_at.clear()
        for _ in range(3):
            assert await enricher.step(clock.after(timedelta(seconds=30.5))) == 1
            enricher._fetcher._turns._free_at.clear()
    assert Counter(one.host for one in web.asked) == {"quiet.example": 1, "busy.example": 4}
