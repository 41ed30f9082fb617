"""DiscordChatExporter's JSON as readings: one file, or a folder or ZIP with many, whatever else lies between them.

A channel's partitions (``… [part 2].json``) and snapshots taken at different times are one reading. What is in a
message is ``payloads.py``'s business, reading files safely is ``archive.py``'s. Direct messages are never imported.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.platforms.archive import Archive
from bot.platforms.discord.payloads import (
    Ignored,
    Json,
    Rounded,
    channel_seen,
    instant,
    is_direct,
    message_seen,
    people_seen,
    thread_of,
)
from newsletter.errors import ImportFailed
from newsletter.heard import ChannelId, ChannelSeen, MessageSeen, PersonId, PersonSeen, Reading, Source

# Guild and channel stand before the messages in every version of the format, also where its keys were sorted.
_BEGINNING = re.compile(rb'\s*\{(?=.*"guild"\s*:\s*\{)(?=.*"channel"\s*:\s*\{)', re.DOTALL)
_HOW = "In DiscordChatExporter choose the format JSON."


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    channel: ChannelSeen
    """``seen_at`` is when the file was exported, or where it does not say so when its newest message was sent."""
    thread: str | None


@dataclass(frozen=True, slots=True)
class DiscordExport:
    """An export that was looked through once: all its files are valid, its channels are known.

    ``workspace`` is the guild, ``""`` where the files are of several. ``total`` counts the files to read. ``ignored``
    counts the messages that belong to no reading, ``passed_over`` the JSON files that are of something else.
    """

    path: Path
    workspace: str
    ignored: Mapping[str, int]
    passed_over: int
    _files: Sequence[_File] = field(repr=False)

    @property
    def total(self) -> int:
        """Files, each of which is one step of progress."""
        return len(self._files)

    def readings(self, progress: Callable[[int], None] | None = None) -> Iterator[Reading]:
        """One reading for each channel with its threads, by identity; its messages in the order they were sent.

        ``progress`` is told the number of files done. Raises ``ImportFailed`` where a file changed since opening.
        """
        names = {file.channel.id.id: file.channel.name for file in self._files}
        by_channel: dict[ChannelId, list[_File]] = {}
        for file in self._files:
            by_channel.setdefault(file.channel.id, []).append(file)
        done = 0
        with Archive(self.path) as archive:
            for channel in sorted(by_channel):
                versions = _Versions(channel, names)
                for file in by_channel[channel]:
                    _add(versions, archive, file)
                    done += 1
                    if progress:
                        progress(done)
                yield versions.reading([file.channel for file in by_channel[channel]])


def recognises(path: Path) -> bool:
    """Whether the path is or holds a DiscordChatExporter JSON file, by the first bytes of its files.

    Raises ``ImportFailed`` where it cannot be read: whoever asked wants to hear why, not that nothing was recognised.
    """
    with Archive(path) as archive:
        return any(_is_export(archive, name) for name in _candidates(archive))


def open_export(path: Path, workspace: str = "") -> DiscordExport:
    """Look the export through. ``workspace`` is used for files that name no guild.

    Raises ``ImportFailed``, naming file and place, where nothing in it is an export, or a file that is one is broken:
    whoever stores readings can rely on every file having been read once.
    """
    files: list[_File] = []
    ignored: Counter[str] = Counter()
    passed_over = 0
    with Archive(path) as archive:
        for name in _candidates(archive):
            document = _document(archive, name) if _is_export(archive, name) else None
            if document is None:
                passed_over += 1
                continue
            try:
                if is_direct(document):
                    ignored["direct message"] += len(document["messages"])
                elif file := _file(archive, name, document, workspace):
                    files.append(file)
            except Rounded as error:
                raise _rounded(archive, name, "its beginning", error) from error
    if not files and not ignored:
        raise ImportFailed(str(path), "", f"holds no channel exported by DiscordChatExporter. {_HOW}")
    guilds = {file.channel.id.workspace for file in files}
    # From the oldest: where two files say different things of one time, the later is right.
    files.sort(key=lambda file: (file.channel.seen_at, file.name))
    return DiscordExport(path, guilds.pop() if len(guilds) == 1 else "", dict(ignored), passed_over, files)


# --- files ---------------------------------------------------------------------------------------------------------


def _candidates(archive: Archive) -> list[str]:
    names = archive.names()
    return names if archive.is_file else [name for name in names if name.lower().endswith(".json")]


def _is_export(archive: Archive, name: str) -> bool:
    # Without the mark at the beginning and the zeros of UTF-16, as some editors save it.
    head = archive.read_head(name).lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")
    return _BEGINNING.match(head) is not None


def _document(archive: Archive, name: str) -> Json | None:
    document = archive.read_json(name)
    if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
        return None
    return document


def _file(archive: Archive, name: str, document: Json, workspace: str) -> _File | None:
    """``None`` for a file of 2020 without messages: it does not even say when it was made."""
    sent = (instant(message.get("timestamp")) for message in document["messages"] if isinstance(message, dict))
    seen_at = instant(document.get("exportedAt")) or max((at for at in sent if at), default=None)
    if seen_at is None:
        return None
    channel = channel_seen(document, seen_at, workspace)
    if not channel.id.id:
        raise archive.failed(name, "does not say which channel it is of. Export it again.", "its beginning")
    return _File(name, channel, thread_of(document))


def _rounded(archive: Archive, name: str, place: str, error: Rounded) -> ImportFailed:
    return archive.failed(name, f"{error} by a program that rewrote the file. Export it again.", place)


# --- one channel from many files -----------------------------------------------------------------------------------


class _Versions:
    """The messages of one channel, each once: the version edited last, of equal ones that of the later file."""

    def __init__(self, channel: ChannelId, names: Mapping[str, str]) -> None:
        self._channel = channel
        self._names = names
        self._seen: dict[str, MessageSeen] = {}
        self._ignored: dict[str, str] = {}
        self._people: dict[PersonId, PersonSeen] = {}

    def add(self, message: Json, seen_at: datetime, thread: str | None) -> None:
        """Take a message in. Files must come from the oldest to the newest. Raises ``Rounded``."""
        seen = message_seen(message, self._channel, seen_at, self._names, thread=thread)
        if isinstance(seen, Ignored):
            self._ignored[str(message.get("id"))] = seen.reason
            return
        before = self._seen.get(seen.id.id)
        if before is None or (seen.edited_at or seen.sent_at) >= (before.edited_at or before.sent_at):
            self._seen[seen.id.id] = seen
        for person in people_seen(message, self._channel.workspace, seen_at):
            self._people[person.id] = person

    def reading(self, channels: Sequence[ChannelSeen]) -> Reading:
        """All of it. It began when the oldest of the files did: what was heard after that may be newer."""
        reasons = Counter(reason for id, reason in self._ignored.items() if id not in self._seen)
        return Reading(
            channel=channels[-1],
            began_at=channels[0].seen_at,
            messages=tuple(sorted(self._seen.values(), key=lambda message: (message.sent_at, message.id))),
            people=tuple(self._people[id] for id in sorted(self._people)),
            source=Source.EXPORT,
            ignored=dict(sorted(reasons.items())),
        )


def _add(versions: _Versions, archive: Archive, file: _File) -> None:
    document = _document(archive, file.name) or {}
    for number, message in enumerate(document.get("messages", ()), 1):
        try:
            versions.add(message if isinstance(message, dict) else {}, file.channel.seen_at, file.thread)
        except Rounded as error:
            raise _rounded(archive, file.name, f"message {number}", error) from error
