"""A folder of Markdown posts as a destination: one file per edition, written whole or not at all.

What a file says is ``render.py``'s, what was written before is the ledger's (``publish.py``): a part's mark and a
receipt's note hold a file's hash, and by them a person's edit is told from our own text. Files are touched in a thread,
so that a slow disk holds up nobody.
"""

import asyncio
import errno
import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from newsletter.errors import CannotLook, Refused
from newsletter.model import Edition, Part, Receipt

log = logging.getLogger(__name__)

OnHandEdit = Literal["beside", "keep", "replace"]


class MarkdownFolder:
    """Posts in ``folder``, which is made when the first one is written.

    A file that a person edited since we wrote it (or wrote themselves) is not lost: ``beside`` leaves it alone and puts
    ours next to it as ``NAME.new~``, which Hexo, Jekyll and Hugo do not publish; ``keep`` only leaves it alone;
    ``replace`` replaces it.
    """

    def __init__(
        self,
        folder: Path,
        document: Callable[[Edition], tuple[str, str]],
        *,
        on_hand_edit: OnHandEdit = "beside",
        key: str = "markdown",
    ) -> None:
        """``document`` makes an edition's file name and text (``render.slug_of``, ``render.post``); it is pure."""
        self.key = key
        self._folder = folder
        self._document = document
        self._on_hand_edit = on_hand_edit

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """One file. Its mark is its name and the hash of its text."""
        return part_of(*self._document(edition))

    async def send(self, part: Part, after: Receipt | None = None) -> Receipt:
        """Write the file. The second time changes nothing. Raises ``Refused``: the disk will not have it."""
        return await asyncio.to_thread(self._put, part, "")

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Write the file in place of the one the receipt is for, unless a person edited that. Raises ``Refused``.

        A file that is gone is written again.
        """
        return await asyncio.to_thread(self._put, part, receipt.note)

    async def find(self, mark: str) -> Receipt | None:
        """The file with this mark, if it is there with exactly this text. Raises ``CannotLook``."""
        return await asyncio.to_thread(self._find, mark)

    async def remove(self, receipt: Receipt) -> None:
        """Delete the file. One that a person edited stays, unless such files are to be replaced. Raises ``Refused``."""
        await asyncio.to_thread(self._remove, receipt)

    def _put(self, part: Part, last_written: str) -> Receipt:
        path = self._path(part.name)
        intended = hash_of(part.payload)
        with self._refusing(part.name):
            there = _hash_in(path)
            if there == intended:
                return Receipt(part.name, note=intended)
            if there in (None, last_written) or self._on_hand_edit == "replace":
                _write(path, part.payload)
                return Receipt(part.name, note=intended)
            if self._on_hand_edit == "keep":
                log.warning("%s was edited by hand and is kept as it is", path)
                return Receipt(part.name, note=last_written)
            new = path.with_name(beside(path.name))
            if _hash_in(new) != intended:
                _write(new, part.payload)
            log.warning("%s was edited by hand and is kept; the new text is beside it in %s", path, new.name)
            return Receipt(new.name, note=intended)

    def _find(self, mark: str) -> Receipt | None:
        hashed, _, name = mark.partition(" ")
        path = self._path(name)
        for candidate in (path, path.with_name(beside(path.name))):
            try:
                if _hash_in(candidate) == hashed:
                    return Receipt(candidate.name, note=hashed)
            except OSError as error:
                raise CannotLook(self.key, _explained(error, candidate)) from error
        return None

    def _remove(self, receipt: Receipt) -> None:
        path = self._path(receipt.id)
        with self._refusing(receipt.id):
            there = _hash_in(path)
            if there is None:
                return
            if there != receipt.note and self._on_hand_edit != "replace":
                log.warning("%s was edited by hand and is not deleted", path)
                return
            path.unlink(missing_ok=True)
            _sync_folder(path.parent)

    def _path(self, name: str) -> Path:
        """The file's place, which is in the folder and nowhere else. Raises ``Refused``."""
        if not name or name.startswith(".") or any(letter in name for letter in "/\\:\0"):
            raise Refused(self.key, f"{name!r} is no file name")
        return self._folder / name

    @contextmanager
    def _refusing(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Refused(self.key, _explained(error, self._folder / name)) from error


def part_of(name: str, text: str) -> tuple[Part, ...]:
    """A file as the one part of a delivery."""
    return (Part(ordinal=1, payload=text, mark=mark_of(name, text), name=name),)


def mark_of(name: str, text: str) -> str:
    """What finds a file again: its hash and its name."""
    return f"{hash_of(text)} {name}"


def hash_of(content: str | bytes) -> str:
    """The hash by which a file is known as ours."""
    written = content.encode() if isinstance(content, str) else content
    # git on Windows changes line ends when it checks files out; that is no edit by a person.
    return hashlib.sha256(written.replace(b"\r\n", b"\n")).hexdigest()


def _hash_in(path: Path) -> str | None:
    """The hash of the file's content, ``None`` where there is no file."""
    try:
        return hash_of(path.read_bytes())
    except FileNotFoundError:
        return None


def beside(name: str) -> str:
    """Where our text goes while a person's stands in its place."""
    return name if name.endswith(".new~") else f"{name}.new~"


def _write(path: Path, text: str) -> None:
    """Replace the file's content at once: a reader, or a crash, meets the old text or the new, whole.

    The new text is on the disk before its name is (fsync), and its name before we return (fsync of the folder). A
    killed process can leave a dotfile behind, which blogs pass over; the next writing of the file takes it away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_behind in path.parent.glob(f".{_literal(path.name)}.*.tmp"):
        left_behind.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        # Not tempfile: its files can be read by nobody else, but a blog's process has to.
        with temporary.open("xb") as file:
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in name)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_WHY = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than files may be here",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "it may not be read or written: check the permissions",
    errno.EPERM: "it may not be read or written: check the permissions",
    errno.ENOTDIR: "a part of its folder's path is a file",
    errno.EEXIST: "its folder's path is a file",
    errno.EISDIR: "it is a folder",
    errno.ENAMETOOLONG: "its name is too long",
}


def _explained(error: OSError, path: Path) -> str:
    return f"{path}: {_WHY.get(error.errno or 0, error.strerror or str(error))}"
