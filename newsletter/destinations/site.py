"""A folder of static pages as a destination: the archive as a site, put in place so that no reader meets half of it.

What a page says is ``render_site.py``'s. Thousands of files are one part of one delivery: its payload lists them by
name and digest, and the texts are drawn from the same editions when they are written. What the folder holds of ours
stands in ``.linkletter-site`` there; only what differs from it is drawn, and only what changed is written.
"""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from newsletter.errors import CannotLook, Refused
from newsletter.model import Edition, Part, Receipt
from newsletter.render_site import File

LEDGER = ".linkletter-site"
STAGE = ".linkletter-new-"
LEFT_BEHIND_AFTER = timedelta(hours=1)
Draw = Callable[[Sequence[Edition]], Sequence[File]]
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What a writing of the site changed, by file name; ``unchanged`` counts the files that were not touched."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as we put it there: what it hung on, and the hash of its text."""

    digest: str
    hashed: str


class SiteFolder:
    """The site of one newsletter in ``folder``, which is made when it is first written.

    Its files are ours: one that was changed or deleted by hand is written again, and what is withdrawn goes, whatever
    became of it. A file that was there before and is not ours is never replaced: the site is refused instead.
    """

    def __init__(self, folder: Path, newsletter: str, draw: Draw, *, key: str = "site", id: str = "") -> None:
        """``draw`` gives the files over all editions (``render_site.files``), in the order to put them in place.

        ``id``: what the feeds' ids are made of, to be remembered there (``id_in``).
        """
        self.key = key
        self._id = id
        self._folder = folder
        self._newsletter = newsletter
        self._draw = draw
        self._drawn: tuple[str, Sequence[File]] = ("", ())

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """A site of this edition alone. Usually ``draw_all`` is meant."""
        return self.draw_all([edition])

    def draw_all(self, editions: Sequence[Edition]) -> tuple[Part, ...]:
        """The site over these editions as one part: the list of its files. What they say waits until it is sent."""
        files = self._draw(editions)
        listed = "\n".join(f"{file.digest} {file.name}" for file in files)
        mark = hashlib.sha256(listed.encode()).hexdigest()
        self._drawn = (mark, files)
        return (Part(ordinal=1, payload=listed, mark=mark, name="index.html"),)

    async def send(self, part: Part, after: Receipt | None = None) -> Receipt:
        """Bring the folder to what the part lists. The second time changes nothing. Raises ``Refused``."""
        mark, files = self._drawn
        if mark != part.mark:
            raise Refused(self.key, "the site has changed since it was drawn: publish again")
        await asyncio.to_thread(self.write, files)
        return Receipt(part.name, note=part.mark)

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """As ``send``: what is there and how it differs is told by the folder itself."""
        return await self.send(part)

    async def find(self, mark: str) -> Receipt | None:
        """The site, if every file of the part with this mark is there as we wrote it. Raises ``CannotLook``."""
        return await asyncio.to_thread(self._find, mark)

    async def remove(self, receipt: Receipt) -> None:
        """Take all files of ours away. The second time changes nothing. Raises ``Refused``."""
        if await asyncio.to_thread(self._folder.is_dir):
            await asyncio.to_thread(self.write, ())

    def write_all(self, editions: Sequence[Edition], told: Told = lambda _done, _all: None) -> Written:
        """Bring the folder to the site over these editions. Raises ``Refused``."""
        return self.write(self._draw(editions), told)

    def write(self, files: Sequence[File], told: Told = lambda _done, _all: None) -> Written:
        """Bring the folder to exactly these files. Raises ``Refused``. ``told`` hears how many of them are done.

        New files are put in place first, then changed ones in the order given, and what is no longer wanted goes last,
        so that every link that a reader can follow leads somewhere. Each file is replaced at once and whole.
        """
        with self._refusing(), self._stage() as stage:
            known = self._known()
            wanted: dict[str, _Known] = {}
            new: list[str] = []
            changed: list[str] = []
            for done, file in enumerate(files, start=1):
                there = _hash_in(self._folder / file.name)
                wanted[file.name] = now = self._staged(file, known.get(file.name), there, stage)
                if there != now.hashed:
                    (new if there is None else changed).append(file.name)
                told(done, len(files))
            unwanted = {name: one for name, one in known.items() if name not in wanted}
            if known != wanted:
                # Before the first file has its name: a process that dies now leaves nothing that is not known as ours.
                self._remember({**unwanted, **wanted}, stage)
            for name in (*new, *changed):
                self._put_in_place(stage, name)
            for name in unwanted:
                self._take_away(name)
            if unwanted:
                self._remember(wanted, stage)
        return Written((*new, *changed), tuple(unwanted), len(files) - len(new) - len(changed))

    def _staged(self, file: File, before: _Known | None, there: str | None, stage: Path) -> _Known:
        """What shall be in the file; it is drawn and waits in ``stage`` where that differs from what is there."""
        if before is not None and before == _Known(file.digest, there or ""):
            return before
        content = file.text().encode()
        now = _Known(file.digest, hashlib.sha256(content).hexdigest())
        if there != now.hashed:
            if there is not None and before is None:
                place = self._folder / file.name
                raise Refused(self.key, f"{place} is there and is not Linkletter's: choose another folder")
            _put(stage / file.name, content)
        return now

    @contextmanager
    def _stage(self) -> Iterator[Path]:
        """A folder of this writing's own, beside the files' places; what a killed process left behind is taken away."""
        stage = self._folder / f"{STAGE}{secrets.token_hex(4)}"
        stage.mkdir(parents=True)
        try:
            long_ago = stage.stat().st_mtime - LEFT_BEHIND_AFTER.total_seconds()
            for other in self._folder.glob(f"{STAGE}*"):
                with suppress(FileNotFoundError):  # another process has just ended its writing
                    if other.stat().st_mtime < long_ago:
                        shutil.rmtree(other, ignore_errors=True)
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def _find(self, mark: str) -> Receipt | None:
        try:
            known = self._known()
            listed = "\n".join(f"{one.digest} {name}" for name, one in known.items())
            whole = hashlib.sha256(listed.encode()).hexdigest() == mark
            if whole and all(_hash_in(self._folder / name) == one.hashed for name, one in known.items()):
                return Receipt("index.html", note=mark)
        except OSError as error:
            raise CannotLook(self.key, _explained(error)) from error
        return None

    # --- what the folder holds of ours ---

    def _known(self) -> dict[str, _Known]:
        """The files we wrote, in order. Raises ``Refused`` where they are another newsletter's, or nobody can tell."""
        try:
            kept = json.loads((self._folder / LEDGER).read_bytes())
            newsletter = str(kept["newsletter"])
            files = {str(name): _Known(*map(str, one)) for name, one in kept["files"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError):
            why = f"{self._folder / LEDGER} is damaged: delete the folder, and publish again"
            raise Refused(self.key, why) from None
        if newsletter != self._newsletter:
            raise Refused(self.key, f"{self._folder} is the site of {newsletter}: choose another folder")
        if any(not _is_within(name) for name in files):
            raise Refused(self.key, f"{self._folder / LEDGER} names files outside: delete it")
        return files

    def _remember(self, files: Mapping[str, _Known], stage: Path) -> None:
        place = self._folder / LEDGER
        if not files:
            place.unlink(missing_ok=True)
            return
        kept = {
            "newsletter": self._newsletter,
            "id": self._id,
            "files": {name: [one.digest, one.hashed] for name, one in files.items()},
        }
        _put(stage / LEDGER, json.dumps(kept, ensure_ascii=False, indent=0).encode())
        (stage / LEDGER).replace(place)

    def _put_in_place(self, stage: Path, name: str) -> None:
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(place)

    def _take_away(self, name: str) -> None:
        place = self._folder / name
        place.unlink(missing_ok=True)
        folder = place.parent
        while folder != self._folder and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Refused(self.key, _explained(error)) from error


def id_in(folder: Path) -> str:
    """What the ids in this folder's feeds are made of; ``""`` where nothing was remembered."""
    try:
        return str(json.loads((folder / LEDGER).read_bytes()).get("id", ""))
    except (OSError, ValueError, AttributeError):
        return ""  # whether the folder can be written is told by who writes it


def _is_within(name: str) -> bool:
    return not any(part in ("", ".", "..") for part in name.split("/")) and "\\" not in name and "\0" not in name


def _put(path: Path, content: bytes) -> None:
    """A file that is on the disk before it gets its name in the site."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _hash_in(path: Path) -> str | None:
    """The hash of the file's content, ``None`` where there is no file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _explained(error: OSError) -> str:
    return f"{error.filename or 'the disk'}: {error.strerror or error}"
