"""git's own program, called so that it can harm and hold up nobody: bounded in time, asking nothing, telling nothing.

Every call gets a clean environment and a session of its own, so that it finds no terminal to ask at and can be killed
with all it started. What is called, and what an answer means for an edition, is ``git.py``'s.
"""

import asyncio
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from newsletter.markdown import plain

LOCAL = 60.0
"""Seconds for a call that only reads and writes the clone."""
NETWORK = 180.0
"""Seconds for a call that talks to the repository."""

# Of git's own variables only those that say how to reach a server. GIT_DIR and its like (set where we are started by a
# hook) would send our work into somebody's checkout, GIT_TRACE would write credentials down.
_KEPT = re.compile(
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|PROXY_SSL_\w+|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM)"
)

# The machine's configuration stays, for it knows proxies, keys and credential helpers; what could run somebody's
# program, ask, or change the form of an answer does not.
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "credential.interactive": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",  # it would go on in the background, out of our bounds; the clone can be deleted at any time
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "60",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    # The clone has every commit, but of the files only those we look at: blogs are full of pictures.
    "remote.origin.partialclonefilter": "blob:none",
    "remote.origin.promisor": "true",
}


class GitFailed(Exception):
    """A call of git did not do what it should. ``complaint`` is git's own, on one line, without credentials.

    ``answer`` is what it printed. ``network``: it talked to the repository; else the trouble is in the clone.
    """

    def __init__(self, complaint: str, *, answer: str = "", network: bool = False) -> None:
        self.complaint, self.answer, self.network = complaint, answer, network
        super().__init__(complaint)


@dataclass(frozen=True, slots=True)
class Git:
    """git with a bare clone of ours. ``address`` (it may hold credentials) goes by the environment: who lists processes
    does not see it, and it is not written into the clone."""

    clone: Path
    address: str
    ssh: str = ""
    """The program that makes connections, where it is one we add options to."""

    async def __call__(self, *arguments: str, given: bytes = b"", network: bool = False) -> str:
        """What git prints. Raises ``GitFailed``, also when it took too long, and ``OSError`` where there is no git."""
        return (await self.raw(*arguments, given=given, network=network)).decode("utf-8", "replace")

    async def raw(self, *arguments: str, given: bytes = b"", network: bool = False) -> bytes:
        """The same, as bytes."""
        # Files and no pipes: something git leaves running (ssh's shared connection) would hold a pipe open for ever.
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as wrong:
            said.write(given)
            said.seek(0)
            process = await asyncio.create_subprocess_exec(
                *("git", f"--git-dir={self.clone}", *arguments),
                stdin=said if given else asyncio.subprocess.DEVNULL,
                stdout=answer,
                stderr=wrong,
                env=environment(os.environ, self.address, self.ssh),
                start_new_session=True,
            )
            bound = NETWORK if network else LOCAL
            try:
                async with asyncio.timeout(bound):
                    await process.wait()
            except TimeoutError as error:
                raise GitFailed(f"it took longer than {bound:g} s", network=network) from error
            finally:
                await _ended(process)
            printed = _all_of(answer)
            if process.returncode:
                complaint = inert(_all_of(wrong).decode("utf-8", "replace"), self.address)
                shown = inert(printed.decode("utf-8", "replace"), self.address, lines=True)
                raise GitFailed(complaint or f"git ended with {process.returncode}", answer=shown, network=network)
            return printed


def _all_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill what still runs, with all it started."""
    if process.returncode is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    await process.wait()


def environment(ours: Mapping[str, str], address: str, ssh: str = "") -> dict[str, str]:
    """What git is started with: ours without git's variables, then what keeps it quiet, harmless and in English."""
    kept = {name: value for name, value in ours.items() if not name.startswith("GIT_") or _KEPT.fullmatch(name)}
    kept |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",  # set and empty: no program at all
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",  # its complaints are read
        "LANGUAGE": "",
    }
    if ssh:
        kept["GIT_SSH_COMMAND"] = ssh
    settings = {**_SETTINGS, "remote.origin.url": address}
    kept["GIT_CONFIG_COUNT"] = str(len(settings))
    for n, (name, value) in enumerate(settings.items()):
        kept |= {f"GIT_CONFIG_KEY_{n}": name, f"GIT_CONFIG_VALUE_{n}": value}
    return kept


async def ssh_command(git: Git) -> str:
    """The machine's own ssh, told to ask nothing and not to wait for ever; ``""`` to leave it as it is."""
    if not re.match(r"(git\+)?ssh(\+git)?://", git.address) and (is_url(git.address) or not is_elsewhere(git.address)):
        return ""
    command = os.environ.get("GIT_SSH_COMMAND", "")
    try:
        command = command or (await git("config", "--get", "core.sshCommand")).strip()
    except GitFailed:  # it is not set
        command = "" if "GIT_SSH" in os.environ else "ssh"
    try:
        program = Path(shlex.split(command)[0]).stem
    except (ValueError, IndexError):
        return ""
    # Other programs (plink) have other options; without a terminal they cannot ask either.
    options = "-o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15"
    return f"{command} {options}" if program == "ssh" else ""


# --- what is said ----------------------------------------------------------------------------------------------------

_WHY = (
    (
        re.compile(
            r"Authentication failed|could not read (Username|Password)|Permission denied|returned error: 40[13]"
            r"|Permission to .* denied|[Aa]ccess (denied|not granted)|insufficient permission"
        ),
        "we were not let in: check that the key or token is there, valid, and may write",
    ),
    (
        re.compile("Host key verification failed"),
        "the server is not known to ssh: compare its key and add it to known_hosts",
    ),
    (re.compile("dubious ownership"), "the repository belongs to another user: add it to git's safe.directory"),
    (
        re.compile(
            r"[Rr]epository .*(not found|does not exist)|does not appear to be a git repository|returned error: 404"
            r"|could not be found|transport '.*' not allowed|remote helper|is not a valid repository name"
        ),
        "there is no such repository, or we may not see it: check `repository`",
    ),
)

RACED = re.compile(
    r"cannot lock ref|failed to update ref|incorrect old value|non-fast-forward|fetch first|reference already exists"
)
"""A server refused because the branch had just moved."""

BROKEN = re.compile(
    r"not a git repository: |bad object|corrupt|loose object|missing (blob|tree|commit)|unable to read \w+"
    r"|did not send all|invalid index-pack|unable to update local ref|promisor remote|cannot lock ref"
)
"""The clone is not what it should be."""


def advice(complaint: str) -> str:
    """What a person can do about what git or a server said; ``""``: nothing, it may be better next time."""
    return next((advice for pattern, advice in _WHY if pattern.search(complaint)), "")


# --- addresses -------------------------------------------------------------------------------------------------------


def is_url(address: str) -> bool:
    """Whether it has a scheme. ``git@host:path`` and paths have none."""
    return "://" in address


def is_elsewhere(address: str) -> bool:
    """Whether it is a URL or ``host:path``, not a path on this machine. As git has it: a colon before any slash."""
    return is_url(address) or ":" in address.partition("/")[0]


def without_credentials(address: str) -> str:
    """The address as it may be shown and stored: without who and with which password, without a query."""
    if not is_url(address):
        return address
    scheme, _, rest = address.partition("://")
    host, slash, path = re.split(r"[?#]", rest)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def inert(text: str, address: str, *, lines: bool = False) -> str:
    """What git or a server said: without credentials or control characters, and short."""
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, "…")
    text = re.sub(r"(?<=://)[^/\s]*@", "", text)
    if lines:
        return text
    said = [plain(line.removeprefix("remote:")) for line in text.splitlines() if not line.startswith("hint:")]
    return " ".join(line for line in said if line)[:500]


def _secrets(address: str) -> set[str]:
    if not is_url(address):
        return set()
    try:
        parts = urlsplit(address)
        password, user = parts.password or "", parts.username or ""
    except ValueError:
        return {address}
    # A token may stand in the place of the user; a short one ("git", "x-access-token") is no secret.
    secrets = {password, parts.query} | ({user} if len(user) > 15 else set())
    return {form for secret in secrets if secret for form in (secret, unquote(secret))}


# --- one at a time ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def alone(lock: Path) -> AsyncIterator[None]:
    """Only one of all processes and tasks at a time; a killed process holds nothing. Wait for it within a timeout."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        while not _taken(file):  # noqa: ASYNC110 - no event reaches us from another process
            await asyncio.sleep(0.05)
        yield


if sys.platform == "win32":
    import msvcrt

    def _taken(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
