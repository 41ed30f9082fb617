"""The composition root: the one place that names the concrete classes together. Read this first.

A link's way through Linkletter: a platform's ``payloads`` make ``newsletter.heard`` values of what people wrote; the
``Collector`` merges them into the ``Store``; at a cut-off a ``Publisher`` assembles the shares to an ``Edition``,
freezes what each destination shall get, and delivers it. Nothing here decides anything.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.chat import Chat
from bot.commands import Commands, Newsletter
from bot.config import Config
from bot.listening import Listening
from bot.notices import Notices
from bot.places import Places
from bot.run import ALIVE, LEASE, Run, Stopping, Work, until_told
from bot.weekly import Weekly
from newsletter import render, render_site
from newsletter.collect import Collector
from newsletter.destinations.git import GitRepository
from newsletter.destinations.git import part_of as git_part_of
from newsletter.destinations.git_calls import is_elsewhere, without_credentials
from newsletter.destinations.markdown import MarkdownFolder, part_of
from newsletter.destinations.site import SiteFolder, Told, Written, id_in
from newsletter.lint import Finding, keys_of, lint
from newsletter.model import Edition, Part
from newsletter.phrase import Phrase
from newsletter.ports import Clock
from newsletter.privacy import Privacy
from newsletter.publish import Outlet, Publisher, Recap
from newsletter.settings import GitSettings, MarkdownSettings, NewsletterSettings, SiteSettings
from newsletter.store import Store, directory, pages
from newsletter.store import run as runs
from newsletter.visiting import why_not

if TYPE_CHECKING:
    from newsletter.enrich import Enricher

log = logging.getLogger(__name__)


def now() -> datetime:
    """The one clock: aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Health:
    """How the weekly run does. One that was ended has no ``last_good_tick``; one that died has an old one."""

    is_running: bool
    last_good_tick: datetime | None
    problems: tuple[str, ...]

    @property
    def is_bad(self) -> bool:
        """Whether a person should look."""
        return bool(self.problems) or (self.last_good_tick is not None and not self.is_running)


@dataclass(frozen=True, slots=True)
class App:
    """Linkletter with its database open."""

    config: Config
    store: Store
    collector: Collector
    clock: Clock = now

    @property
    def privacy(self) -> Privacy:
        """What people may ask for their own."""
        return Privacy(self.store, self.config.newsletters.values(), clock=self.clock)

    async def workspaces(self) -> dict[str, str]:
        """Where an import belongs that names no workspace: as configured, else the only one known of its platform."""
        async with self.store.reading() as transaction:
            return await directory.workspaces(transaction) | self.config.workspaces

    def repository(self, settings: NewsletterSettings) -> GitRepository | None:
        """Where its posts are committed, if anywhere."""
        if settings.git is None:
            return None
        return _repository(self._place_of(settings.git), settings.git, lambda _: ("", ""), settings.git.folders, "git")

    def publisher(
        self,
        settings: NewsletterSettings,
        folder: Path | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Publisher:
        """What makes this newsletter's editions, for its own destinations or, if given, for one folder alone."""
        outlets: list[Outlet] = []
        recaps: list[Recap] = []
        if settings.markdown is not None or folder is not None:
            markdown = settings.markdown or MarkdownSettings()
            place = (folder if folder is not None else self._beside_the_config(markdown.folder)).absolute()
            outlets += [] if markdown.style == "index" else [_posts(place, markdown)]
            recaps += [_index(place, markdown, settings)] if markdown.index or markdown.style == "index" else []
        if (git := settings.git) is not None and folder is None:
            repository = self._place_of(git)
            outlets += [] if git.style == "index" else [_commits(repository, git)]
            recaps += [_committed_index(repository, git, settings)] if git.index or git.style == "index" else []
        if settings.site is not None and folder is None:
            site = self._site(settings, None)
            recaps.append(Recap(site, site.draw_all, settings.site.audience, settings.site.show))
        return self._publisher(settings, outlets, recaps, stopping)

    @asynccontextmanager
    async def publishing(self, settings: NewsletterSettings, folder: Path | None = None) -> AsyncIterator[Publisher]:
        """The newsletter's publisher with its channels, too; for one folder alone where that is given."""
        if folder is not None or not settings.post_to:
            yield self.publisher(settings, folder)
            return
        live = self.live()
        try:
            yield await live.publisher(settings)
        finally:
            await live.close()

    async def health(self) -> Health:
        """Whether the weekly run is at work, and what is wrong."""
        async with self.store.reading() as transaction:
            beat = await runs.holder(transaction, ALIVE)
            wrong = tuple(notice.text for notice in (await runs.notices(transaction)).values())
        if beat is None:
            return Health(is_running=False, last_good_tick=None, problems=wrong)
        return Health(is_running=beat[1] > self.clock(), last_good_tick=beat[1] - LEASE, problems=wrong)

    def sites(self) -> dict[str, Path]:
        """Where the site of each newsletter lies that has one."""
        newsletters = self.config.newsletters.values()
        return {one.key: self._beside_the_config(one.site.folder).absolute() for one in newsletters if one.site}

    def at_work(self, live: "Live", stopping: Stopping, beside: Sequence[Work] = ()) -> Run:
        """One process that lives in these chats until it is told to end, with what else runs ``beside`` it."""
        return Run(
            self.store,
            live.weeklies,
            live.chats,
            live.listening,
            stopping,
            self.clock,
            _owner(),
            _is_alive,
            alone=self.config.database.startswith("sqlite"),
            trouble=live.trouble,
            beside=beside,
            after_tick=_heart(self.config.heartbeat_url),
        )

    def live(self, stopping: Callable[[], bool] = lambda: False) -> "Live":
        """Everything that lives in the chats of the configuration. Nothing is connected yet."""
        return Live(self, self.chats(), stopping)

    def chats(self) -> tuple[Chat, ...]:
        """The chats whose tokens are there."""
        return chats(self.config, self.clock)

    async def lint(self, settings: NewsletterSettings, edition: Edition | None = None) -> tuple[Finding, ...]:
        """What is worth an editor's look in an edition; without one, in the open one."""
        edition = edition or await self.publisher(settings).preview()
        keys = [key for entry in (*edition.entries, *edition.again) for key in keys_of(entry)]
        async with self.store.reading() as transaction:
            known, marks = await pages.of(transaction, keys), await pages.marks(transaction, keys)
        return lint(edition, settings, pages=known, marks=marks, public=settings.is_for_the_public)

    @asynccontextmanager
    async def enricher(self) -> AsyncIterator["Enricher"]:
        """What visits the links of all newsletters, for the length of the block: ``run`` it, or ``step`` by step."""
        # Imported here: every other command does without a client and a parser, and they take a while to load.
        from newsletter.enrich import Enricher
        from newsletter.fetch import GuardedFetcher

        settings, newsletters = self.config.fetch, tuple(self.config.newsletters.values())
        fetcher = GuardedFetcher(settings, refuses=lambda url: why_not(url, newsletters, settings))
        try:
            yield Enricher(self.store, fetcher, settings, newsletters, clock=self.clock)
        finally:
            await fetcher.close()

    def archivist(self, settings: NewsletterSettings) -> Publisher:
        """What makes the editions of past weeks, for nobody but who asks for them later."""
        return self._publisher(settings, [], [])

    async def write_site(self, settings: NewsletterSettings, folder: Path | None, told: Told) -> tuple[Written, int]:
        """The site of all that was published, in this folder or the newsletter's own, and how many editions it has.

        Without any, nothing is written. The ledger hears nothing of it: what a folder holds stands in the folder.
        """
        shown = settings.site or SiteSettings()
        readable = await self.archivist(settings).printed(shown.audience, shown.show)
        if not readable:
            return Written(), 0
        site = self._site(settings, folder)
        return await asyncio.to_thread(site.write_all, readable, told), len(readable)

    def _site(self, settings: NewsletterSettings, folder: Path | None) -> SiteFolder:
        shown = settings.site or SiteSettings()
        own = self._beside_the_config(shown.folder).absolute()
        place = folder.absolute() if folder is not None else own
        # Names like `weekly` are many teams': the ids in feeds are made of the first address, and stay when it changes.
        shown = shown.model_copy(update={"id": shown.id or id_in(place) or id_in(own) or shown.url})

        def draw(editions: Sequence[Edition]) -> Sequence[render_site.File]:
            return render_site.files(editions, settings, shown)

        return SiteFolder(place, settings.key, draw, key=f"site:{place}", id=shown.id)

    def _publisher(
        self,
        settings: NewsletterSettings,
        outlets: list[Outlet],
        recaps: list[Recap],
        stopping: Callable[[], bool] = lambda: False,
    ) -> Publisher:
        return Publisher(
            self.store,
            settings,
            outlets,
            recaps,
            clock=self.clock,
            owner=_owner(),
            is_alive=_is_alive,
            stopping=stopping,
        )

    def _place_of(self, git: GitSettings) -> str:
        """Its address, or where on this machine it is."""
        elsewhere = is_elsewhere(git.repository)
        return git.repository if elsewhere else str(self._beside_the_config(git.repository).absolute())

    def _beside_the_config(self, folder: str) -> Path:
        """Relative paths in the configuration start at its own folder, wherever the program is started."""
        at = Path(folder).expanduser()
        return at if self.config.path is None else self.config.path.parent / at


class Live:
    """Linkletter in its chats: what hears, answers, and takes the newsletters' turns."""

    def __init__(self, app: App, chats: Sequence[Chat], stopping: Callable[[], bool]) -> None:
        self.chats = tuple(chats)
        self._config = app.config
        clock = app.clock
        settings = tuple(app.config.newsletters.values())
        called = app.config.command
        publishers = {one.key: app.publisher(one, stopping=stopping) for one in settings}
        self._files = {key: tuple(publisher.outlets) for key, publisher in publishers.items()}
        self._publishers = publishers
        self._places = Places(app.store, chats)
        self._notices = Notices(app.store, self._places, clock=clock)
        newsletters = [Newsletter(one, publishers[one.key]) for one in settings]
        self.commands = Commands(app.store, newsletters, chats, clock=clock, called=called, collector=app.collector)
        self.listening = Listening(app.store, app.collector, self.commands, settings, chats, clock=clock)
        self.weeklies = tuple(
            Weekly(
                app.store,
                one,
                publishers[one.key],
                self._places,
                self._notices,
                outlets=self.outlets,
                read_back=self.listening.read_back,
                lint=app.lint,
                clock=clock,
                called=called,
            )
            for one in settings
        )

    async def outlets(self, settings: NewsletterSettings) -> Sequence[Outlet]:
        """Where the newsletter goes: files before chats, so that a chat can say where the post is."""
        return (*self._files[settings.key], *await self._places.outlets(settings))

    async def publisher(self, settings: NewsletterSettings) -> Publisher:
        """What makes the newsletter's editions, for its files and its channels as they are found now."""
        publisher = self._publishers[settings.key]
        publisher.aim(await self.outlets(settings))
        return publisher

    async def trouble(self, platform: str, why: str | None) -> None:
        """A chat cannot be connected, or (``None``) is well again: tell the editors of the newsletters it is for."""
        for settings in self._config.newsletters.values():
            named = [one for one in (*settings.collect, *settings.post_to) if one.startswith(f"{platform}:")]
            if named or not settings.collect:
                key = f"chat:{platform}:{settings.key}"
                if why is None:
                    well = Phrase("{platform} is connected again; what was missed is read.", platform=platform)
                    await self._notices.right(settings, key, well)
                else:
                    wrong = Phrase(
                        "{platform} cannot be connected: {why}. It is tried again by itself; nothing is lost by it.",
                        platform=platform,
                        why=why,
                    )
                    await self._notices.wrong(settings, key, wrong, broken=platform)

    async def close(self) -> None:
        """Let go of the chats' connections."""
        await self.listening.done()
        for one in self.chats:
            await one.close()


def chats(config: Config, clock: Clock = now) -> tuple[Chat, ...]:
    """The chats whose tokens are there. Nothing is connected yet."""
    found: list[Chat] = []
    slack, discord = config.platforms.slack, config.platforms.discord
    # Imported here: a command that needs no chat does not wait for its library.
    if slack is not None and slack.bot_token is not None:
        from bot.platforms.slack.client import Slack

        newsletters = config.newsletters.values()
        decisive = frozenset[str]().union(*(one.sorting_emoji for one in newsletters))
        found.append(Slack(slack, clock=clock, called=config.command, decisive=decisive))
    if discord is not None and discord.token is not None:
        from bot.platforms.discord.client import Discord

        found.append(Discord(discord, clock=clock, called=config.command))
    return tuple(found)


async def problems(config: Config) -> AsyncIterator[str]:
    """What the chats themselves say is missing, and how to mend it."""
    newsletters = tuple(config.newsletters.values())
    if (slack := config.platforms.slack) is not None:
        from bot.platforms.slack import check as slack_check

        for problem in await slack_check.problems(slack, newsletters):
            yield f"slack: {problem}"
    if (discord := config.platforms.discord) is not None:
        from bot.platforms.discord import check as discord_check

        for problem in await discord_check.problems(discord, newsletters):
            yield f"discord: {problem}"


async def invitations(config: Config) -> AsyncIterator[str]:
    """How to let Linkletter in where that takes a link, with the least permissions; and what a chat does not tell."""
    if (slack := config.platforms.slack) is not None and slack.bot_token is not None:
        from bot.platforms.slack import check as slack_check

        yield f"slack: {slack_check.UNASKED}"
    if (discord := config.platforms.discord) is not None and discord.token is not None:
        from bot.platforms.discord import check as discord_check

        yield f"discord: to invite Linkletter to a server, open {await discord_check.invite(discord)}"


async def run(config: Config) -> None:
    """``linkletter run``: until it is told to end. Raises ``UserError`` where it is at work already."""
    stopping = Stopping()
    async with opened(config) as app, until_told(stopping), app.enricher() as enricher, _served(app):
        live = app.live(stopping)
        try:
            await app.at_work(live, stopping, (enricher.run,) if config.fetch.enabled else ()).forever()
        finally:
            await live.close()


@asynccontextmanager
async def _served(app: App) -> AsyncIterator[None]:
    """Within the block the HTTP server answers, where the configuration has one."""
    if (settings := app.config.web) is None:
        yield
        return
    from bot import web

    async def is_well() -> bool:
        return not (await app.health()).is_bad

    routes = (*web.health(is_well), *web.archive(app.sites()))
    token = settings.token.get_secret_value() if settings.token is not None else ""
    async with web.serving(routes, host=settings.host, port=settings.port, token=token) as address:
        log.info("health and archive are served at %s", address)
        yield


def _heart(url: str) -> Callable[[], Awaitable[None]] | None:
    """What says to whoever watches that all is well."""
    if not url:
        return None

    async def beat() -> None:
        from newsletter.fetch import called

        if not await called(url):
            log.warning("heartbeat_url did not answer")

    return beat


def _posts(place: Path, markdown: MarkdownSettings) -> Outlet:
    """A folder with one post per edition."""
    folder = MarkdownFolder(
        place,
        lambda edition: (f"{render.slug_of(edition)}.md", render.post(edition, markdown)),
        on_hand_edit=markdown.on_hand_edit,
        key=f"markdown:{place}",
    )
    return Outlet(folder, markdown.audience, markdown.show)


def _index(place: Path, markdown: MarkdownSettings, settings: NewsletterSettings) -> Recap:
    """One file in the folder, over all editions; it links the posts where there are any."""

    def document(editions: Sequence[Edition]) -> tuple[str, str]:
        posts = {} if markdown.style == "index" else {one.number: _address(one, markdown) for one in editions}
        return "index.md", render.index(settings.key, editions, markdown, posts=posts)

    folder = MarkdownFolder(
        place,
        lambda edition: document([edition]),
        on_hand_edit=markdown.on_hand_edit,
        key=f"markdown-index:{place}",
    )
    return Recap(folder, lambda editions: part_of(*document(editions)), markdown.audience, markdown.show)


def _commits(repository: str, git: GitSettings) -> Outlet:
    """A repository with one post per edition."""

    def document(edition: Edition) -> tuple[str, str]:
        return f"{render.slug_of(edition)}.md", render.post(edition, git, draft=git.publish_as == "draft")

    return Outlet(_repository(repository, git, document, git.folders, "git"), git.audience, git.show)


def _committed_index(repository: str, git: GitSettings, settings: NewsletterSettings) -> Recap:
    """One file in the repository, over all editions."""

    def draw(editions: Sequence[Edition]) -> tuple[Part, ...]:
        posts = {} if git.style == "index" else {one.number: _address(one, git) for one in editions}
        return git_part_of(settings.key, "index", "index.md", render.index(settings.key, editions, git, posts=posts))

    def document(edition: Edition) -> tuple[str, str]:
        (part,) = draw([edition])
        return part.name, part.payload

    place = _repository(repository, git, document, (git.folder,), "git-index")
    return Recap(place, draw, git.audience, git.show)


def _repository(
    repository: str,
    git: GitSettings,
    document: Callable[[Edition], tuple[str, str]],
    folders: Sequence[str],
    kind: str,
) -> GitRepository:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return GitRepository(
        repository,
        document,
        cache=cache / "linkletter" / "git",
        branch=git.branch,
        folders=folders,
        author=git.author,
        publish_as=git.publish_as,
        on_hand_edit=git.on_hand_edit,
        key=f"{kind}:{without_credentials(repository)}",
    )


def _address(edition: Edition, markdown: MarkdownSettings) -> str:
    return render.url_of(markdown.url, edition) or f"{render.slug_of(edition)}.md"


@asynccontextmanager
async def opened(config: Config, clock: Clock = now) -> AsyncIterator[App]:
    """Linkletter, ready: the database is there and up to date. It is closed at the end of the block."""
    store = await Store.open(_database(config))
    try:
        yield App(config, store, Collector(store, config.newsletters.values()), clock)
    finally:
        await store.close()


def _database(config: Config) -> str:
    """The database's address; a SQLite file, too, is beside the configuration that names it."""
    scheme, _, file = config.database.partition(":///")
    if scheme != "sqlite" or config.path is None or file in ("", ":memory:") or Path(file).is_absolute():
        return config.database
    return f"sqlite:///{config.path.absolute().parent / file}"


_STARTED = secrets.token_hex(4)
"""In a container every process has the same number."""


def _owner() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{_STARTED}"


def _is_alive(owner: str) -> bool:
    """Whether another process may still be at work; of one on another machine nobody knows."""
    ours, (host, process, *_) = _owner(), (*owner.split(":"), "")[:2]
    if owner == ours or host != ours.split(":")[0] or not process.isdecimal():
        return True
    if int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
