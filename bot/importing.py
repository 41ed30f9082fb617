"""Importing an export: which reader fits a path, progress, counts.

Reading a platform's files is its ``export.py``'s business, keeping them ``collect.py``'s. Every path is read whole and
checked before the first message is stored.
"""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from bot.platforms.discord import export as discord
from bot.platforms.slack import export as slack
from newsletter.collect import Collector
from newsletter.entering import why_held, why_out
from newsletter.errors import ImportFailed
from newsletter.heard import Reading
from newsletter.privacy import Privacy
from newsletter.settings import NewsletterSettings
from newsletter.sifting import Collected, Sifted, total


class Export(Protocol):
    """An export that was looked through: what a platform's ``open_export`` gives."""

    @property
    def workspace(self) -> str:
        """The team or guild it names, ``""`` where it names none."""
        ...

    @property
    def ignored(self) -> Mapping[str, int]:
        """Messages that belong to no channel of the export, by reason."""
        ...

    @property
    def total(self) -> int:
        """How many files there are to read."""
        ...

    def readings(self, progress: Callable[[int], None] | None = None) -> Iterator[Reading]:
        """One reading per channel."""
        ...


Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

READERS = (
    ("slack", slack.recognises, partial(slack.open_export, whole=False), slack.open_export),
    ("discord", discord.recognises, discord.open_export, discord.open_export),
)
"""Which one a path is for, how it is opened for what can be kept of it, and how for all that was said."""


@dataclass
class Imported:
    """What an import brought, for the lines at its end.

    ``held`` and ``left_out`` count shares by reason: kept in the store all the same. ``ignored`` counts messages
    that are no person's words, ``forgotten`` those of which only the links are kept: the ``retention`` is over.
    """

    collected: Collected
    channels: int = 0
    workspaces: dict[str, str] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    forgotten: int = 0

    def as_json(self) -> dict[str, object]:
        """The same as plain values."""
        return {
            "messages": self.collected.messages,
            "channels": self.channels,
            "links": len(self.collected.keys),
            "shares": self.collected.shares,
            "people": len(self.collected.people),
            "held": dict(sorted(self.held.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "ignored": dict(sorted(self.collected.ignored.items())),
            "forgotten": self.forgotten,
            "workspaces": dict(sorted(self.workspaces.items())),
        }


async def import_exports(
    paths: Sequence[Path],
    collector: Collector,
    settings: NewsletterSettings,
    *,
    workspace: str,
    configured: Mapping[str, str],
    progress: Progress,
    privacy: Privacy | None = None,
) -> Imported:
    """Read and keep the exports at these paths. The second time changes nothing.

    The workspace is the one an export names, else ``workspace``, else the ``configured`` one of its platform, else
    ``""`` until the live platform tells. Raises ``ImportFailed`` with nothing stored where any path is broken.
    """
    sifted: list[Sifted] = []
    ignored: Counter[str] = Counter()
    workspaces: dict[str, str] = {}
    with _interruptible():
        for path in paths:
            platform, export = _opened(path, workspace, configured, whole=collector.keeps_replies)
            workspaces[str(path)] = f"{platform}:{export.workspace}"
            sifted += map(collector.sift, export.readings(_counting(progress, f"Reading {path.name}", 0, export.total)))
            ignored += Counter(export.ignored)
    to_write = sum(len(one.reading.messages) for one in sifted)
    written = 0
    for one in sifted:
        await collector.take(one, _counting(progress, "Storing messages", written, to_write))
        written += len(one.reading.messages)
    imported = Imported(total(sifted), len({one.reading.channel.id for one in sifted}), workspaces)
    imported.collected.ignored += ignored
    if privacy is not None:
        imported.forgotten = await privacy.without_old_words(
            [one.id for read in sifted for one in read.reading.messages]
        )
    for url, times in Counter(imported.collected.urls).items():
        if out := why_out(url, settings):
            imported.left_out[out] += times
        elif held := why_held(url, settings):
            imported.held[held] += times
    return imported


def readings(path: Path, progress: Progress) -> Iterator[Reading]:
    """What an export holds, also the messages without a link: one reading per channel. Raises ``ImportFailed``."""
    with _interruptible():
        _, export = _opened(path, "", {}, whole=True)
        yield from export.readings(_counting(progress, f"Reading {path.name}", 0, export.total))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the block at once. asyncio would only cancel the task: heard when it next waits, minutes later."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _counting(progress: Progress, what: str, before: int, total: int) -> Callable[[int], None]:
    """Progress as the one who does the work can tell it: how much of this piece is done."""
    return lambda done: progress(what, before + done, total)


def _opened(path: Path, workspace: str, configured: Mapping[str, str], *, whole: bool = False) -> tuple[str, Export]:
    if not path.exists():
        raise ImportFailed(str(path), "", "there is no such file or folder")
    for platform, recognises, open_export, open_whole in READERS:
        if recognises(path):
            return platform, (open_whole if whole else open_export)(path, workspace or configured.get(platform, ""))
    raise ImportFailed(
        str(path),
        "",
        "is neither a Slack export (ZIP or folder with channels.json) nor DiscordChatExporter JSON "
        "(export with --format Json)",
    )
