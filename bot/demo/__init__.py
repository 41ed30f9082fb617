"""The demo: a sample chat becomes newsletters, through the very code a real export takes. No token, no network."""

import asyncio
import os
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

from bot.app import opened
from bot.config import Config, load
from bot.importing import import_exports
from newsletter import render
from newsletter.model import Edition


def run_demo(folder: Path, say: Callable[[str], None]) -> int:
    """Import the sample chat into ``folder`` and make all its newsletters there; the second time changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "config.yaml"
    if not written.exists():
        written.write_text((files(__name__) / "config.yaml").read_text("utf-8"), "utf-8")
    config = load(written, os.environ, need_tokens=False)
    newest = asyncio.run(_make(config, say))
    if newest is not None:
        say("\n" + render.text(newest).strip() + "\n")
    say(f"The posts are in {folder / 'posts'}, the database and configuration beside them.")
    say(f"Go on: linkletter --config {written} preview ml-weekly --week 2026-W24 --format markdown")
    return 0


async def _make(config: Config, say: Callable[[str], None]) -> Edition | None:
    newest = None
    async with opened(config) as app:
        with as_file(files(__name__) / "chat") as chat:
            first = next(iter(config.newsletters.values()))
            imported = await import_exports(
                [chat], app.collector, first, workspace="", configured=await app.workspaces(), progress=lambda *_: None
            )
        found = imported.collected
        say(f"Read a sample chat: {found.messages} messages, {len(found.keys)} links by {len(found.people)} people.")
        for settings in config.newsletters.values():
            publisher = app.publisher(settings)
            made = await publisher.archive("demo")
            await publisher.deliver()
            standing = await publisher.standing()
            say(f"{settings.key}: {standing.editions} editions, {len(made)} of them written now.")
            edition = await publisher.preview(standing.last_published)
            newest = edition if newest is None or edition.cut_off > newest.cut_off else newest
    return newest
