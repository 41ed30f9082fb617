"""Reads an export that a stranger may have made: a file, a folder or a ZIP of files, never unpacked to disk.

Everything is bounded and every fault is an ``ImportFailed`` with the file and the place in it. What the files
mean is left to each platform's ``export.py``.
"""

import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

from newsletter.errors import ImportFailed

MAX_FILES = 1_000_000
"""Files in one export. A big Slack workspace has one for each channel and day."""
MAX_FILE_BYTES = 1 << 30
"""Bytes of one file, unpacked: a JSON file is parsed in memory."""
MAX_TOTAL_BYTES = 32 << 30
"""Bytes read from one export, unpacked."""
MAX_RATIO = 200
"""How many times its packed size a ZIP member may be. Chat packs 10 to 50 times, a bomb up to 1,032."""
RATIO_FROM_BYTES = 1 << 20
"""Below this a member's ratio is of no interest: it can do no harm."""
HEAD_BYTES = 1 << 16
KEPT_PARSED_BYTES = 16 << 20
"""Bytes of one export's JSON that stay parsed for a second reading. In memory they are up to ten times as many."""

AGAIN = "Export it again and let it finish."
_LITERALS = ("true", "false", "null", "-")
_DRIVE = re.compile(r"^[A-Za-z]:")
_Open = Callable[[], IO[bytes]]


class Archive:
    """The files of an export, by name. Opening reads names only.

    Raises ``ImportFailed`` where the path cannot be read, is no ZIP though it says so, holds symbolic links or
    names that point outside. Files that a Mac adds (``__MACOSX``, ``._*``) are not listed.
    Once closed it opens again by itself where a file is asked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parsed: dict[str, object] = {}
        self._room = KEPT_PARSED_BYTES
        self._zip: zipfile.ZipFile | None = None
        self._left = MAX_TOTAL_BYTES
        try:
            if path.is_dir():
                self._names = _folder_names(path)
            elif _is_zip(path):
                self._zip = zipfile.ZipFile(path)
                self._members = _zip_members(path, self._zip)
                self._names = sorted(self._members)
            else:
                self._names = [path.name]
        except OSError as error:
            raise ImportFailed(str(path), "", f"cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ImportFailed(str(path), "", f"is no whole ZIP file ({error}). {AGAIN}") from error
        except ImportFailed:
            self.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the ZIP. The second time changes nothing."""
        if self._zip is not None:
            self._zip.close()

    @property
    def is_file(self) -> bool:
        """Whether it is one file, not a folder or ZIP of files."""
        return self._zip is None and not self.path.is_dir()

    def names(self) -> list[str]:
        """Every file (not folder), with ``/`` between folders, sorted: the same order on every system."""
        return list(self._names)

    def read_head(self, name: str) -> bytes:
        """The first ``HEAD_BYTES`` of a file: enough to see what it is without parsing it."""
        return self._read(name, HEAD_BYTES)

    def read_json(self, name: str, *, again: bool = False) -> object:
        """A file's JSON (UTF-8, or UTF-16/32 as some editors save it).

        ``again`` says that it will be asked for once more: as much as fits stays parsed until then.
        Raises ``ImportFailed`` with line and column where it is none.
        """
        if name in self._parsed:
            self._room += self._size(name)
            return self._parsed.pop(name)
        size = self._size(name)
        if size > MAX_FILE_BYTES:
            raise self.failed(name, f"is over {MAX_FILE_BYTES >> 20} MiB. Export it in smaller pieces.")
        self._left -= size
        if self._left < 0:
            raise self.failed(name, f"the export is over {MAX_TOTAL_BYTES >> 30} GiB. Import it in pieces.")
        # One byte more than was promised: a file that grows while it is read is not read for ever.
        raw = self._read(name, size + 1)
        try:
            parsed: object = json.loads(raw)
        except json.JSONDecodeError as error:
            raise self.failed(name, _why(error), f"line {error.lineno} column {error.colno}") from error
        except UnicodeDecodeError as error:
            cut = error.reason == "unexpected end of data"
            why = f"is cut off. {AGAIN}" if cut else f"is not {error.encoding.upper()} text. {AGAIN}"
            raise self.failed(name, why, f"byte {error.start + 1}") from error
        except RecursionError as error:
            raise self.failed(name, "is nested too deeply to be a chat export.") from error
        except ValueError as error:
            raise self.failed(name, "holds a number too long to be a chat export.") from error
        if again and size <= self._room:
            self._room -= size
            self._parsed[name] = parsed
        return parsed

    def failed(self, name: str, why: str, place: str = "") -> ImportFailed:
        """The error to raise about one file; ``place`` says where in it."""
        inside = "" if self.is_file else _shown(name)
        return ImportFailed(str(self.path), ", ".join(filter(None, [inside, place])), why)

    def _size(self, name: str) -> int:
        if self._zip is not None:
            return self._members[name].file_size
        try:
            return self._location(name).stat().st_size
        except OSError as error:
            raise self.failed(name, f"cannot be read: {error.strerror or error}") from error

    def _location(self, name: str) -> Path:
        return self.path if self.is_file else self.path / name

    def _read(self, name: str, size: int) -> bytes:
        try:
            with self._open(name) as file:
                return file.read(size)
        except OSError as error:
            raise self.failed(name, f"cannot be read: {error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise self.failed(name, f"cannot be unpacked ({error}). {AGAIN}") from error

    def _open(self, name: str) -> IO[bytes]:
        if self._zip is None:
            return self._location(name).open("rb")
        member = self._members[name]
        if member.flag_bits & 0x1:
            raise self.failed(name, "is encrypted. Unpack the ZIP yourself and import the folder.")
        packed, unpacked = member.compress_size, member.file_size
        if unpacked > RATIO_FROM_BYTES and unpacked > packed * MAX_RATIO:
            raise self.failed(name, f"unpacks to over {MAX_RATIO} times its size, as no chat export does.")
        if self._zip.fp is None:
            self._zip = zipfile.ZipFile(self.path)
        # zipfile hands out no more than the size the directory promises, whatever the packed bytes hold.
        return self._zip.open(member)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        starts_as_zip = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    return starts_as_zip or path.suffix.lower() == ".zip"


def _zip_members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    if len(archive.infolist()) > MAX_FILES:
        raise ImportFailed(str(path), "", f"holds over {MAX_FILES:,} files.")
    for member in archive.infolist():
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
            raise ImportFailed(str(path), _shown(name), "names a place outside the export. Nothing was read.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ImportFailed(str(path), _shown(name), "is a symbolic link. Put the file itself there.")
        if name in members:
            raise ImportFailed(str(path), _shown(name), "stands in the ZIP twice. Pack it again.")
        if not member.is_dir() and not name.endswith("/") and not _of_a_mac(name):
            members[name] = member
    return members


def _folder_names(path: Path) -> list[str]:
    names: list[str] = []
    for folder, subfolders, files in os.walk(path, onerror=_raise):
        for name in (*subfolders, *files):
            location = Path(folder, name)
            inside = location.relative_to(path).as_posix()
            if location.is_symlink():
                raise ImportFailed(str(path), _shown(inside), "is a symbolic link. Put the file itself there.")
            # A named pipe would never end.
            if location.is_file() and not _of_a_mac(inside):
                names.append(inside)
        if len(names) > MAX_FILES:
            raise ImportFailed(str(path), "", f"holds over {MAX_FILES:,} files.")
    return sorted(names)


def _raise(error: OSError) -> None:
    raise error


def _of_a_mac(name: str) -> bool:
    return any(part == "__MACOSX" or part.startswith("._") for part in name.split("/"))


def _shown(name: str) -> str:
    """A stranger's file name for an error text: nothing in it may steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _why(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].strip("\0 \t\r\n")
    cut = not rest or "Unterminated" in error.msg or any(literal.startswith(rest) for literal in _LITERALS)
    cut = cut or (len(rest) < len("u1234") and "\\u" in error.msg)
    return f"is cut off. {AGAIN}" if cut else f"is not valid JSON ({error.msg}). {AGAIN}"
