"""The composition root: the one place that names the concrete classes together. Read this first.

A link's way through Linkletter: a platform's ``payloads`` make ``newsletter.heard`` values of what people wrote; the
``Collector`` merges them into the ``Store``; at a cut-off a ``Publisher`` assembles the shares to an ``Edition``,
freezes what each destination shall get, and delivers it. Nothing here decides anything.
"""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Config
from newsletter import render
from newsletter.collect import Collector
from newsletter.destinations.markdown import MarkdownFolder, part_of
from newsletter.model import Edition
from newsletter.publish import Outlet, Publisher, Recap
from newsletter.settings import MarkdownSettings, NewsletterSettings
from newsletter.store import Store, chat


def now() -> datetime:
    """The one clock: aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """Linkletter with its database open."""

    config: Config
    store: Store
    collector: Collector

    async def workspaces(self) -> dict[str, str]:
        """Where an import belongs that names no workspace: as configured, else the only one known of its platform."""
        async with self.store.reading() as transaction:
            return await chat.workspaces(transaction) | self.config.workspaces

    def publisher(self, settings: NewsletterSettings, folder: Path | None = None) -> Publisher:
        """What makes this newsletter's editions, for its own destinations or, if given, for one folder alone."""
        if settings.markdown is None and folder is None:
            return self._publisher(settings, [], [])
        markdown = settings.markdown or MarkdownSettings()
        place = (folder if folder is not None else self._beside_the_config(markdown.folder)).absolute()
        outlets = [] if markdown.style == "index" else [_posts(place, markdown)]
        recaps = [_index(place, markdown, settings)] if markdown.index or markdown.style == "index" else []
        return self._publisher(settings, outlets, recaps)

    def _publisher(self, settings: NewsletterSettings, outlets: list[Outlet], recaps: list[Recap]) -> Publisher:
        return Publisher(self.store, settings, outlets, recaps, clock=now, owner=_owner(), is_alive=_is_alive)

    def _beside_the_config(self, folder: str) -> Path:
        """Relative paths in the configuration start at its own folder, wherever the program is started."""
        at = Path(folder).expanduser()
        return at if self.config.path is None else self.config.path.parent / at


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


def _address(edition: Edition, markdown: MarkdownSettings) -> str:
    return render.url_of(markdown.url, edition) or f"{render.slug_of(edition)}.md"


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[App]:
    """Linkletter, ready: the database is there and up to date. It is closed at the end of the block."""
    store = await Store.open(_database(config))
    try:
        yield App(config, store, Collector(store))
    finally:
        await store.close()


def _database(config: Config) -> str:
    """The database's address; a SQLite file, too, is beside the configuration that names it."""
    scheme, _, file = config.database.partition(":///")
    if scheme != "sqlite" or config.path is None or file in ("", ":memory:") or Path(file).is_absolute():
        return config.database
    return f"sqlite:///{config.path.absolute().parent / file}"


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_alive(owner: str) -> bool:
    """Whether another process may still be at work; of one on another machine nobody knows."""
    host, _, process = owner.rpartition(":")
    if host != socket.gethostname() or not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
