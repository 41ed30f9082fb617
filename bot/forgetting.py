"""Forgetting a person from the command line: who is meant, all of theirs erased, and what is left for people to do.

What erasing is stands in ``newsletter/privacy.py``; here it is asked for, files are written again, and looked through,
as are the commits of repositories: what others have of those is not ours to rewrite.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.destinations.git_calls import GitFailed, without_credentials
from newsletter.destinations.git_history import Commit, checkout_of, commits_of_folder
from newsletter.errors import DeliveryError, UserError
from newsletter.heard import PersonId
from newsletter.store import editions, opting
from newsletter.traces import Traces

if TYPE_CHECKING:
    from bot.app import App

COMMITS_AT_MOST = 100
"""How many commits of a repository are told: the newest."""


@dataclass(frozen=True, slots=True)
class History:
    """What a repository's past still holds: its newest ``commits``, and how many ``more``; or why nobody can tell
    (``problem``)."""

    repository: str
    commits: tuple[Commit, ...] = ()
    more: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What came of it. ``newsletters`` changed; ``waiting`` of them are still to be changed in chats by ``run``.

    ``files`` still hold the name or words, most likely because somebody edited them, ``repositories`` in commits of
    before.
    """

    people: tuple[str, ...]
    newsletters: tuple[str, ...]
    waiting: tuple[str, ...]
    files: tuple[str, ...]
    repositories: tuple[History, ...]
    failed: tuple[str, ...]


async def forget(app: "App", wanted: str) -> Forgotten:
    """Forget who is meant by ``slack:U012ABC`` or by a name. Raises ``UserError`` where that is not clear."""
    meant = await _meant(app, wanted)
    async with app.store.reading() as transaction:
        said = [words for person, _ in meant for words in await opting.words_of(transaction, person)]
    traces = Traces((name for _, name in meant), said)
    changed: dict[str, None] = {}
    for person, _ in meant:
        changed |= dict.fromkeys(await app.privacy.opt_out(person))
    waiting, failed = [], []
    for key, settings in app.config.newsletters.items():
        publisher = app.publisher(settings)
        failed += [f"{one.destination}: {one.failed}" for one in await publisher.deliver() if one.failed is not None]
        async with app.store.reading() as transaction:
            waiting += [key] if await editions.stale(transaction, key) else []
    files = await asyncio.to_thread(_files_with, traces, _folders(app))
    return Forgotten(
        people=tuple(f"{person.platform}:{person.id}" for person, _ in meant),
        newsletters=tuple(changed),
        waiting=tuple(waiting),
        files=files,
        repositories=tuple([one async for one in _histories(app, traces)]),
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


def _files_with(traces: Traces, folders: list[Path]) -> tuple[str, ...]:
    """The files in which something of theirs still stands."""
    found = []
    for path in sorted({path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()}):
        try:
            text = path.read_text("utf-8", errors="replace")
        except OSError:
            continue
        if traces.stand_in(text):
            found.append(str(path))
    return tuple(found)


async def _histories(app: "App", traces: Traces) -> AsyncIterator[History]:
    """Of each repository that posts go to, or a folder of posts is in, what its commits hold."""
    if not traces:
        return
    for folder in _folders(app):
        if (checkout := checkout_of(folder)) is not None:
            shown = str(checkout[0].parent)
            if (history := await _history(shown, commits_of_folder(folder, traces.stand_in))) is not None:
                yield history
    for key, settings in app.config.newsletters.items():
        if settings.git is not None and (repository := app.repository(settings)) is not None:
            shown = without_credentials(settings.git.repository)
            if (history := await _history(shown, repository.history(key, traces.stand_in))) is not None:
                yield history


async def _history(repository: str, looking: Awaitable[tuple[Commit, ...]]) -> History | None:
    try:
        commits = await looking
    except DeliveryError as error:
        return History(repository, problem=error.why)
    except GitFailed as error:
        return History(repository, problem=error.complaint)
    except FileNotFoundError:
        return History(repository, problem="git is not installed, or not where programs are looked for")
    if not commits:
        return None
    return History(repository, commits[:COMMITS_AT_MOST], max(len(commits) - COMMITS_AT_MOST, 0))
