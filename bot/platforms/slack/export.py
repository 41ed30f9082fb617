"""A Slack export as readings: Slack's own since 2015 and slackdump's, as a ZIP or a folder, also in one folder more.

What is in a message is ``payloads.py``'s business, reading files safely is ``archive.py``'s. Direct messages, of two
people or of a group, are never imported: they are counted in ``ignored`` and no word of them is looked at.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.platforms.archive import Archive
from bot.platforms.slack.markup import Json, Names, clean, objects, string
from bot.platforms.slack.payloads import (
    PLATFORM,
    Ignored,
    Said,
    heard,
    instant,
    may_share,
    person_name,
    said_by,
    who_and_when,
)
from newsletter.errors import ImportFailed
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    Reading,
    Source,
)
from newsletter.sifting import Sharing

# Beside the folders lie these lists (https://slack.com/help/articles/220556107) and others, which are not read.
_CHANNEL_LISTS = ("channels.json", "groups.json", "mpims.json", "dms.json")
_PEOPLE_LISTS = ("users.json", "org_users.json")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}.*\.json")
_COPY = re.compile(r" ?\(\d+\)$")
_DIRECT_MESSAGE = re.compile(r"D[A-Z0-9]{6,}|mpdm-.+")
# slackdump's other format: one file for each conversation, no folders.
_DUMPED = re.compile(r"[CDG][A-Z0-9]{6,}\.json")
_ADDRESS = re.compile(
    r"https?://([a-z0-9][a-z0-9-]*(?:\.enterprise)?)\.slack\.com/(?:archives|messages|files|team)/([\w.-]+)"
)


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel, or a conversation of a few people (``direct``), and the day files that hold it."""

    id: str
    name: str
    private: bool
    direct: bool
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class _Layout:
    """Which of an archive's files are lists and which are days of which folder."""

    lists: list[str]
    folders: dict[str, list[str]]


@dataclass(slots=True)
class SlackExport:
    """An export that was looked through once: all its JSON is valid, its people and channels are known.

    ``workspace`` is the Slack team, ``""`` where neither the export nor the caller names one. ``domain`` is the one
    that most addresses of its own channels, files and people have. ``newest`` is the instant of its last message: the
    readings' ``began_at``. ``ignored`` holds what belongs to no reading, complete once ``readings`` ran.
    """

    path: Path
    workspace: str
    domain: str | None
    newest: datetime
    people: Mapping[str, PersonSeen]
    _bots: frozenset[str]
    _channels: Sequence[_Channel]
    _sharing: Sharing | None
    _archive: Archive
    ignored: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Day files, each of which is one step of progress."""
        return sum(len(channel.files) for channel in self._channels)

    def readings(self, progress: Callable[[int], None] | None = None) -> Iterator[Reading]:
        """One reading for each channel, by name; its messages in the order of their ``ts``. ``progress`` is told the
        number of day files done. Raises ``ImportFailed`` where a file changed since the export was opened."""
        self.ignored.clear()
        names = Names(
            people={id: person.name for id, person in self.people.items()},
            channels={channel.id: channel.name for channel in self._channels},
            bots=self._bots,
        )
        done = 0
        with self._archive as archive:
            for channel in self._channels:
                versions = _Versions(ChannelId(PLATFORM, self.workspace, channel.id), self._sharing)
                for file in channel.files:
                    for message in _messages(archive.read_json(file)):
                        if channel.direct:
                            self.ignored["direct message"] += 1
                        else:
                            versions.add(message, names, self.newest, self.domain)
                    done += 1
                    if progress:
                        progress(done)
                if not channel.direct:
                    yield self._reading(channel, versions)

    def _reading(self, channel: _Channel, versions: "_Versions") -> Reading:
        messages = versions.messages()
        appearing = versions.quiet() | {id for message in messages for id in _people_in(message)}
        return Reading(
            channel=ChannelSeen(versions.channel, channel.name, self.newest, channel.private),
            began_at=self.newest,
            messages=messages,
            people=tuple(self.people[id] for id in sorted(appearing) if id in self.people),
            gone=versions.gone(),
            source=Source.EXPORT,
            ignored=versions.ignored(),
            passed_over=versions.passed_over(),
        )


def recognises(path: Path) -> bool:
    """Whether the path is a Slack export, by the names of the files in it. False where it cannot be read."""
    try:
        with Archive(path) as archive:
            layout = _layout(archive.names())
    except ImportFailed:
        return False
    return bool(layout.folders) or any(_base(name) in _CHANNEL_LISTS for name in layout.lists)


def open_export(path: Path, workspace: str = "", *, whole: bool = True) -> SlackExport:
    """Look the export through. ``workspace`` is used where the export names none. Unless it is to be read ``whole``,
    messages that would leave no trace, most of them, are only counted (``Reading.passed_over``).

    Raises ``ImportFailed``, naming file and place, where the path is no Slack export, holds no messages or any JSON
    in it is broken: whoever stores readings can rely on every file having been read once.
    """
    with Archive(path) as archive:
        layout = _layout(archive.names())
        if not layout.folders:
            raise ImportFailed(str(path), "", _why_empty(archive.names()))
        signs = _Signs(None if whole else Sharing())
        for name in layout.lists:
            signs.add_list(_base(name), objects(archive.read_json(name)))
        for folder, files in layout.folders.items():
            for file in files:
                signs.add_day(folder, _messages(archive.read_json(file, again=True)))
    team = signs.team() or workspace
    newest = signs.newest or datetime.fromtimestamp(0, UTC)
    people = {
        id: PersonSeen(PersonId(PLATFORM, team, id), name, newest, id in signs.bots)
        for id, name in signs.people.items()
        if name
    }
    return SlackExport(
        path,
        team,
        signs.domain(),
        newest,
        people,
        frozenset(signs.bots),
        signs.channels(layout.folders),
        signs.sharing,
        archive,
    )


# --- files ---------------------------------------------------------------------------------------------------------


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _layout(names: Iterable[str]) -> _Layout:
    """Tell the files apart by name. An export may lie in one folder more, or several snapshots side by side."""
    paths = [
        tuple(name.split("/"))
        for name in names
        if name.endswith(".json") and name.count("/") <= 2 and not name.startswith(".")
    ]
    lists = [path for path in paths if len(path) <= 2 and path[-1] in (*_CHANNEL_LISTS, *_PEOPLE_LISTS)]
    roots = {path[:-1] for path in lists}
    paths = [path for path in paths if not _is_upload(path, roots)]
    roots |= {path[:-2] for path in paths if len(path) > 1 and _DAY.fullmatch(path[-1])}
    folders: dict[str, list[str]] = {}
    for path in paths:
        if len(path) > 1 and path[:-2] in roots and path[:-1] not in roots:
            folders.setdefault(path[-2], []).append("/".join(path))
    return _Layout(["/".join(path) for path in lists], folders)


def _is_upload(path: tuple[str, ...], roots: set[tuple[str, ...]]) -> bool:
    """Files that slackdump keeps beside the chat may be JSON too. A channel may well be called "attachments"."""
    kept_by_channel = len(path) > 2 and path[-2] == "attachments" and path[:-2] not in roots
    return kept_by_channel or "__uploads" in path or "__avatars" in path


def _why_empty(names: Sequence[str]) -> str:
    if any(_DUMPED.fullmatch(_base(name)) for name in names):
        return "is slackdump's dump format. Convert it first: slackdump convert -f export."
    return (
        "is no Slack export: it holds no folder for a channel with a file for each day (general/2020-01-31.json)."
        " Give the ZIP from Slack, or the folder it unpacks to."
    )


def _messages(parsed: object) -> list[Json]:
    """The messages of a day. JSON of another shape lies in exports too: it holds none."""
    return [entry for entry in objects(parsed) if "ts" in entry or "text" in entry]


# --- what the whole export says --------------------------------------------------------------------------------------


class _Signs:
    """What must be known before the first message is read: names, the workspace, its domain, the newest instant."""

    def __init__(self, sharing: Sharing | None) -> None:
        self.people: dict[str, str] = {}
        self.bots: set[str] = set()
        self.newest: datetime | None = None
        self._newest_ts = ""
        self._listed: dict[str, _Channel] = {}
        self._private_are_listed = False
        self._handles: set[str] = set()
        self._teams_of_people: Counter[str] = Counter()
        self._teams_of_messages: Counter[str] = Counter()
        self._addresses: Counter[tuple[str, str]] = Counter()
        self._ids_in: dict[str, Counter[str]] = {}
        self.sharing = sharing

    def add_list(self, kind: str, entries: Iterable[Json]) -> None:
        if kind in _PEOPLE_LISTS:
            for person in entries:
                self._add_person(person)
            return
        self._private_are_listed |= kind == "groups.json"
        for entry in entries:
            if id := clean(string(entry.get("id"))):
                name = clean(string(entry.get("name"))) or id
                private = kind != "channels.json" or any(entry.get(flag) for flag in ("is_private", "is_group"))
                direct = kind in ("dms.json", "mpims.json") or any(entry.get(flag) for flag in ("is_im", "is_mpim"))
                # Folders are named after channels, those of direct messages by id.
                self._listed[id] = self._listed[name] = _Channel(id, name, private, direct)

    def _add_person(self, person: Json) -> None:
        if id := clean(string(person.get("id"))):
            self.people[id] = person_name(person)
            self._handles |= {id, string(person.get("name"))}
            self._teams_of_people[clean(string(person.get("team_id")))] += 1
            if person.get("is_bot") is True or id == "USLACKBOT":
                self.bots.add(id)

    def add_day(self, folder: str, messages: Iterable[Json]) -> None:
        channel = self._channel(folder)
        if channel and channel.direct:
            return
        ids = self._ids_in.setdefault(folder, Counter())
        for message in messages:
            self._note_instant(string(message.get("ts")))
            if channel_id := message.get("channel"):
                ids[clean(string(channel_id))] += 1
            if team := message.get("team"):
                self._teams_of_messages[clean(string(team))] += 1
            author, profile = clean(string(message.get("user"))), message.get("user_profile")
            if author and isinstance(profile, dict) and not self.people.get(author):
                self.people[author] = person_name(profile)
            if self.sharing and may_share(message) and (shared := who_and_when(message)):
                self.sharing.note(*shared)
            for address in _addresses(message):
                self._addresses.update(_ADDRESS.findall(address))

    def _note_instant(self, ts: str) -> None:
        # Most are earlier, which comparing text tells sooner; where it misleads the instants decide.
        sent_at = instant(ts) if ts > self._newest_ts else None
        if sent_at and (self.newest is None or sent_at > self.newest):
            self.newest, self._newest_ts = sent_at, ts

    def team(self) -> str:
        """The workspace most people are of, else the one most messages are of."""
        return _most(self._teams_of_people) or _most(self._teams_of_messages)

    def domain(self) -> str | None:
        """The domain of most addresses that name a channel or person of this export: others lead elsewhere."""
        ours = self._handles | {channel.id for channel in self._listed.values()}
        domains: Counter[str] = Counter()
        for (domain, named), count in self._addresses.items():
            if named in ours:
                domains[domain] += count
        return _most(domains) or None

    def channels(self, folders: Mapping[str, Sequence[str]]) -> tuple[_Channel, ...]:
        """The channels that have folders, by name; folders of one channel (``general``, ``general (1)``) are one."""
        found: dict[str, _Channel] = {}
        for folder, files in sorted(folders.items()):
            channel = self._channel(folder) or self._unlisted(folder)
            known = found.get(channel.id, channel)
            found[channel.id] = replace(known, files=(*known.files, *sorted(files)))
        return tuple(sorted(found.values(), key=lambda channel: (channel.name, channel.id)))

    def _channel(self, folder: str) -> _Channel | None:
        original = _COPY.sub("", folder)
        if _DIRECT_MESSAGE.fullmatch(original):
            return self._listed.get(original) or _Channel(original, original, private=True, direct=True)
        return self._listed.get(folder) or self._listed.get(original)

    def _unlisted(self, folder: str) -> _Channel:
        """A channel that no list has is known by the id in its messages, else by its folder's name. It counts as
        private where the export lists private channels at all: then this may be one."""
        name = clean(_COPY.sub("", folder))
        id = _most(self._ids_in.get(folder, Counter())) or name
        private = self._private_are_listed or id.startswith("G")
        return self._listed.get(id) or _Channel(id, name, private, direct=False)


def _addresses(message: Json) -> Iterator[str]:
    """Where a message may name its workspace's domain."""
    if ".slack.com/" in (text := string(message.get("text"))):
        yield text
    for key in ("file", "files", "attachments"):
        if value := message.get(key):
            for part in objects(value if isinstance(value, list) else [value]):
                yield from (string(part.get(place)) for place in ("permalink", "from_url", "author_link"))


def _most(counted: Counter[str]) -> str:
    """The most frequent text that is not empty, the first in the alphabet of several; ``""`` where there is none."""
    return min(((-count, text) for text, count in counted.items() if text), default=(0, ""))[1]


# --- one channel -----------------------------------------------------------------------------------------------------


class _Versions:
    """The messages of one channel, each once: of two versions the newest edit, else the later file. Gone is final.

    With ``sharing`` what leaves no trace is counted and not read.
    """

    def __init__(self, channel: ChannelId, sharing: Sharing | None) -> None:
        self.channel = channel
        self._sharing = sharing
        self._seen: dict[str, MessageSeen] = {}
        self._quiet: dict[str, str] = {}
        self._gone: set[str] = set()
        self._ignored: dict[str, str] = {}
        self._malformed = 0

    def add(self, message: Json, names: Names, newest: datetime, domain: str | None) -> None:
        said = said_by(message, names)
        if isinstance(said, Ignored):
            self._ignore(message, said.reason)
        elif self._says_nothing(said):
            self._quiet[said.ts] = said.author
        else:
            seen = heard(said, self.channel, names, Source.EXPORT, newest, domain)
            known = self._seen.get(said.ts)
            if known is None or _edited(seen) >= _edited(known):
                self._seen[said.ts] = seen

    def _ignore(self, message: Json, reason: str) -> None:
        if reason == "malformed":
            self._malformed += 1
            return
        ts = string(message.get("ts"))
        self._ignored[ts] = reason
        if reason == "deleted":
            self._gone.add(ts)

    def _says_nothing(self, said: Said) -> bool:
        """No link, none that was edited out, no words of a bare one."""
        return self._sharing is not None and not (
            said.ts in self._seen
            or said.message.get("edited")
            or may_share(said.message)
            or self._sharing.may_be_words(said.author, said.sent_at)
        )

    def messages(self) -> tuple[MessageSeen, ...]:
        left = (message for ts, message in self._seen.items() if ts not in self._gone)
        return tuple(sorted(left, key=lambda message: (message.sent_at, message.id.id)))

    def passed_over(self) -> int:
        """How many messages were not read."""
        return len(self._quiet.keys() - self._seen.keys() - self._gone)

    def quiet(self) -> set[str]:
        """Who wrote them."""
        return set(self._quiet.values())

    def gone(self) -> tuple[MessageId, ...]:
        return tuple(MessageId(self.channel, ts) for ts in sorted(self._gone))

    def ignored(self) -> dict[str, int]:
        """Messages left out, by reason."""
        said = self._seen.keys() | self._quiet.keys()
        reasons = Counter(reason for ts, reason in self._ignored.items() if ts in self._gone or ts not in said)
        if self._malformed:
            reasons["malformed"] = self._malformed
        return dict(sorted(reasons.items()))


def _edited(message: MessageSeen) -> datetime:
    return message.edited_at or message.sent_at


_PERSON = re.compile(r"\]\(person:([\w.-]+)\)")


def _people_in(message: MessageSeen) -> Iterator[str]:
    yield message.author.id
    for seen in message.emoji or ():
        yield from (person.id for person in seen.people)
    if "](person:" in message.text:
        yield from _PERSON.findall(message.text)
