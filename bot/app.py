"""The composition root: the one place that names the concrete classes together. Read this first.

A link's way through Linkletter: a platform's ``payloads`` make ``newsletter.heard`` values of what people wrote; the
``Collector`` merges them into the ``Store``; at a cut-off a ``Publisher`` assembles the shares to an ``Edition``, freezes
what each destination shall get, and delivers it. Nothing here decides anything.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.config import Config
from newsletter import render
from newsletter.collect import Collector
from newsletter.destinations.markdown import MarkdownFolder
from newsletter.publish import Outlet, Publisher
from newsletter.settings import MarkdownSettings, NewsletterSettings
from newsletter.store import Store


def now() -> datetime:
    """The one clock: aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """Linkletter with its database open."""

    config: Config
    store: Store
    collector: Collector

    def publisher(self, settings: NewsletterSettings, folder: Path | None = None) -> Publisher:
        """What makes this newsletter's editions, for its own destinations or, if given, for one folder alone."""
        outlets = [] if settings.markdown is None and folder is None else [self._posts(settings, folder)]
        return Publisher(self.store, settings, outlets, clock=now, owner=_owner())

    def _posts(self, settings: NewsletterSettings, folder: Path | None) -> Outlet:
        markdown = settings.markdown or MarkdownSettings()
        place = (folder if folder is not None else self._beside_the_config(markdown.folder)).absolute()
        posts = MarkdownFolder(
            place,
            lambda edition: (f"{render.slug_of(edition)}.md", render.post(edition, markdown)),
            on_hand_edit=markdown.on_hand_edit,
            key=f"markdown:{place}",
        )
        return Outlet(posts, markdown.audience, markdown.show)

    def _beside_the_config(self, folder: str) -> Path:
        """Relative paths in the configuration start at its own folder, wherever the program is started."""
        at = Path(folder).expanduser()
        return at if self.config.path is None else self.config.path.parent / at


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
