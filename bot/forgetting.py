"""Forgetting a person from the command line: who is meant, all of theirs erased, and what is left for people to do.

What erasing is stands in ``newsletter/privacy.py``; here it is asked for, files are written again, and looked through.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import UserError
from newsletter.heard import PersonId
from newsletter.privacy import Privacy
from newsletter.store import editions, opting

if TYPE_CHECKING:
    from bot.app import App

SHORTEST_NAME = 3
"""A shorter name is in too many words to be looked for in files."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What came of it. ``newsletters`` changed; ``waiting`` of them are still to be changed in chats by ``run``.

    ``files`` still hold the name, most likely because somebody edited them; ``repositories`` have it in their history.
    """

    people: tuple[str, ...]
    newsletters: tuple[str, ...]
    waiting: tuple[str, ...]
    files: tuple[str, ...]
    repositories: tuple[str, ...]
    failed: tuple[str, ...]


async def forget(app: "App", wanted: str) -> Forgotten:
    """Forget who is meant by ``slack:U012ABC`` or by a name. Raises ``UserError`` where that is not clear."""
    meant = await _meant(app, wanted)
    privacy = Privacy(app.store, app.config.newsletters.values(), clock=app.clock)
    changed: dict[str, None] = {}
    for person, _ in meant:
        changed |= dict.fromkeys(await privacy.opt_out(person))
    waiting, failed = [], []
    for key, settings in app.config.newsletters.items():
        publisher = app.publisher(settings)
        failed += [f"{one.destination}: {one.failed}" for one in await publisher.deliver() if one.failed is not None]
        async with app.store.reading() as transaction:
            waiting += [key] if await editions.stale(transaction, key) else []
    names = sorted({name for _, name in meant if len(name) >= SHORTEST_NAME})
    files = await asyncio.to_thread(_files_with, names, _folders(app))
    configured = app.config.newsletters.items()
    return Forgotten(
        people=tuple(f"{person.platform}:{person.id}" for person, _ in meant),
        newsletters=tuple(changed),
        waiting=tuple(waiting),
        files=files,
        repositories=tuple(one.git.repository for key, one in configured if one.git is not None and key in changed),
        failed=tuple(failed),
    )


async def _meant(app: "App", wanted: str) -> tuple[tuple[PersonId, str], ...]:
    async with app.store.reading() as transaction:
        found = await opting.known_as(transaction, wanted)
    ids = {(person.platform, person.id) for person, _ in found}
    if len(ids) > 1:
        people = ", ".join(f"{platform}:{id}" for platform, id in sorted(ids))
        raise UserError(f"{wanted} is the name of several people: say which one by id: {people}")
    if found:
        return found
    platform, colon, id = wanted.partition(":")
    if not colon or not id:
        raise UserError(f"nobody is known as {wanted}; write the id, as in slack:U012ABC")
    # Of somebody who was never heard nothing is kept, but nothing will be either.
    return ((PersonId(platform, (await app.workspaces()).get(platform, ""), id), ""),)


def _folders(app: "App") -> list[Path]:
    beside = app.config.path.parent if app.config.path is not None else Path()
    written = [one for settings in app.config.newsletters.values() for one in (settings.markdown, settings.site)]
    return [beside / Path(one.folder).expanduser() for one in written if one is not None]


def _files_with(names: list[str], folders: list[Path]) -> tuple[str, ...]:
    """The files in which one of the names still stands."""
    found = []
    for path in sorted({path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()}):
        try:
            text = path.read_text("utf-8", errors="replace")
        except OSError:
            continue
        if any(name in text for name in names):
            found.append(str(path))
    return tuple(found)
