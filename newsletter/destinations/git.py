"""A git repository as a destination: one commit per edition, on top of what the branch holds now, and never forced.

No working copy: a commit is built from the fetched branch and our file alone, so nothing else can slip into it and no
link in the repository can lead out of it. The push is the one act that others see, and a server takes it only on top of
what we looked at; who looks for the mark before each attempt therefore prints an edition once, wherever it was killed.
How git is called is ``git_calls.py``'s, what a post says ``render.py``'s.
"""

import asyncio
import errno
import hashlib
import logging
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from newsletter.destinations import git_calls
from newsletter.destinations.git_calls import Git, GitFailed
from newsletter.destinations.git_history import Commit, commits_with
from newsletter.destinations.markdown import OnHandEdit, beside, hash_of
from newsletter.errors import CannotLook, DeliveryError, Refused, Unsure
from newsletter.model import Edition, Part, Receipt

log = logging.getLogger(__name__)

PublishAs = Literal["post", "draft", "branch"]

ATTEMPTS = 10
"""How often somebody else's push may come between our look and our push."""

LONGEST = 240.0
"""Seconds for one find, send, change or remove with all its calls: less than the lease of a delivery. (Were it more,
who takes the delivery over would still print nothing twice.)"""

GONE = "gone"
"""What the trailer says in place of a hash where the commit took the file away."""


@dataclass(frozen=True, slots=True)
class Written:
    """What our newest commit of an edition did, as its trailers say: which file, and the hash of its text or ``GONE``.

    A person who changed that commit since (amend, squash) changed the file, not what we know of it.
    """

    revision: int
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class There:
    """A file in the branch: its mode, and the hash of its text (``""``: no text, a link to elsewhere)."""

    mode: str
    text: str


@dataclass(frozen=True, slots=True)
class Act:
    """What to commit: the file's whole text, or ``None`` to take it away; and the receipt once it is pushed."""

    verb: str
    path: str
    text: str | None
    receipt: Receipt
    mode: str = "100644"


Decide = Callable[[Mapping[str, There], Written | None], Act | Receipt]
"""From the files in the branch and what we wrote last to what is to be done; a receipt: nothing is."""


class GitRepository:
    """Posts in ``folders[0]`` of a branch; one that a person moved to another of ``folders`` (a draft to the posts) is
    followed there.

    ``publish_as="branch"`` leaves ``branch`` alone: each day's posts get ``linkletter/NEWSLETTER/DATE``, for a pull
    request. A file that a person edited is treated as in a folder: ``beside``, ``keep`` or ``replace``; one that they
    deleted stays deleted unless it is ``replace``. ``cache`` is a folder for clones, which may be deleted at any time.
    """

    def __init__(
        self,
        repository: str,
        document: Callable[[Edition], tuple[str, str]],
        *,
        cache: Path,
        branch: str = "main",
        folders: Sequence[str] = ("source/_posts",),
        author: str = "Linkletter <linkletter@localhost>",
        publish_as: PublishAs = "post",
        on_hand_edit: OnHandEdit = "beside",
        key: str = "",
    ) -> None:
        """``repository`` is a URL or a path; its credentials are told to git alone. ``document`` makes an edition's
        file name and text, and is pure. ``author`` is ``Name <address>``."""
        self._repository = repository
        self._shown = git_calls.without_credentials(repository)
        self.key = key or f"git:{self._shown}"
        self._document = document
        self._branch = branch
        self._folders = tuple(folders)
        self._author = author
        self._publish_as = publish_as
        self._on_hand_edit = on_hand_edit
        self._cache = cache / hashlib.sha256(repository.encode()).hexdigest()[:16]

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """One file. Its mark is the edition, the hash of the text, and the file's name."""
        return part_of(edition.newsletter, edition.number, *self._document(edition))

    async def find(self, mark: str) -> Receipt | None:
        """Whether our newest commit of this edition, in the fetched branch, has exactly this text. What a person did to
        the file since changes nothing: it did arrive. Raises ``CannotLook``, or ``Unsure`` where trying again may help.
        """
        edition, text, name = _read_mark(mark)
        try:
            async with self._working() as git:
                tips = await self._fetched(git, self._own_branch(edition, name))
                written = await self._written(git, edition, name, tips)
        except Refused as error:
            raise CannotLook(self.key, error.why) from error
        if written is None or written.text != text:
            return None
        return Receipt(written.path, note=f"{edition} {text}")

    async def send(self, part: Part, after: Receipt | None = None) -> Receipt:
        """Commit and push the file. The second time changes nothing. Raises ``Refused`` or ``Unsure``."""
        return await self._put(part, None)

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Commit the file in place of the one the receipt is for, unless a person edited or deleted that."""
        return await self._put(part, receipt)

    async def remove(self, receipt: Receipt) -> None:
        """Commit that the file is gone. One that a person edited stays, unless such files are to be replaced."""
        edition, _, last = receipt.note.partition(" ")
        name = receipt.id.rpartition("/")[2].removesuffix(".new~")

        def decide(there: Mapping[str, There], written: Written | None) -> Act | Receipt:
            file = there.get(receipt.id)
            if file is None:
                return receipt
            if file.text not in _ours(last, written) and self._on_hand_edit != "replace":
                log.warning("%s: %s was edited by hand and is not deleted", self.key, receipt.id)
                return receipt
            return Act("Remove", receipt.id, None, receipt)

        await self._committed(edition, name, [receipt.id], decide)

    async def history(self, newsletter: str, holds: Callable[[str], bool]) -> tuple[Commit, ...]:
        """The commits that wrote a file of this newsletter of which ``holds``, newest first; also what people made of
        our files. Raises ``Refused`` or ``Unsure``."""
        async with self._working() as git:
            quietly = ("--quiet", "--no-tags", "--prune", "--no-write-fetch-head")
            await git("fetch", *quietly, "origin", "+refs/heads/*:refs/remotes/origin/*", network=True)
            ours = f"--grep=Linkletter-Edition: {_one_word(newsletter)}/"
            said = await git("log", "--fixed-strings", ours, "--format=%B", "--remotes=origin", "--")
            paths = set(re.findall(rf"^Linkletter-File: (?:[0-9a-f]{{64}}|{GONE}) (.*?)\r?$", said, re.MULTILINE))
            # Where a person may have moved it to.
            paths |= {f"{folder}/{path.rpartition('/')[2]}" for folder in self._folders for path in paths}
            return await commits_with(git, ["--remotes=origin"], sorted(paths), holds) if paths else ()

    # --- deciding ---

    async def _put(self, part: Part, receipt: Receipt | None) -> Receipt:
        edition, intended, name = _read_mark(part.mark)
        last = receipt.note.partition(" ")[2] if receipt is not None else ""
        places = [_within(self.key, folder, name) for folder in self._folders]
        if receipt is not None and (before := receipt.id.removesuffix(".new~")) not in places:
            places.insert(0, before)

        def decide(there: Mapping[str, There], written: Written | None) -> Act | Receipt:
            place = next((place for place in places if place in there), places[0])
            ours = _ours(last, written)
            done = Receipt(place, note=f"{edition} {intended}")
            verb = "Publish" if written is None or written.text == GONE else "Change"
            file = there.get(place)
            if file is None:
                deleted = receipt is not None and (written is None or written.text != GONE)
                if not deleted or self._on_hand_edit == "replace":
                    return Act(verb, place, part.payload, done)
            elif file.text == intended:
                return done
            elif file.text in ours or self._on_hand_edit == "replace":
                return Act(verb, place, part.payload, done, file.mode if file.text else "100644")
            elif self._on_hand_edit == "beside":
                done = replace(done, id=beside(place))
                theirs = there.get(done.id)
                log.warning("%s: %s was edited by hand and is kept; the new text is beside it", self.key, place)
                return done if theirs and theirs.text == intended else Act(verb, done.id, part.payload, done)
            log.warning("%s: %s was edited or deleted by hand and is left so", self.key, place)
            return Receipt(place, note=f"{edition} {last}")

        return await self._committed(edition, name, [*places, *map(beside, places)], decide)

    async def _committed(self, edition: str, name: str, paths: Sequence[str], decide: Decide) -> Receipt:
        """Look, decide, commit, push; and again from the look where somebody pushed in between."""
        target = self._own_branch(edition, name) or self._branch
        async with self._working() as git:
            for attempt in range(ATTEMPTS):
                tips = await self._fetched(git, self._own_branch(edition, name))
                tip = await self._start(git, tips, target)
                written = await self._written(git, edition, name, tips)
                act = decide(await self._files(git, tip, paths), written)
                if isinstance(act, Receipt):
                    return act
                commit = await self._commit(git, tip, edition, written.revision + 1 if written else 0, act)
                if await self._pushed(git, commit, target):
                    return act.receipt
                await asyncio.sleep(0.1 * attempt)
        raise Unsure(self.key, f"others pushed to {target} each of the {ATTEMPTS} times we tried")

    # --- looking ---

    def _own_branch(self, edition: str, name: str) -> str:
        """The branch for a pull request, ``""`` where there is none: by newsletter and day, so it can be told again."""
        if self._publish_as != "branch":
            return ""
        newsletter = re.sub(r"[\W_]+", "-", edition.rpartition("/")[0]).strip("-") or "newsletter"
        day = re.match(r"\d{4}-\d\d-\d\d", name)
        return f"linkletter/{newsletter}/{day[0] if day else name.partition('.')[0]}"

    async def _fetched(self, git: Git, own: str) -> dict[str, str]:
        """The branches' newest commits, as the repository has them now; empty where it is empty."""
        branches = [self._branch, *filter(None, [own])]
        # With a star it is no error that a branch does not exist.
        wanted = [f"+refs/heads/{branch}*:refs/remotes/origin/{branch}*" for branch in branches]
        quietly = ("--quiet", "--no-tags", "--prune", "--no-write-fetch-head")
        await git("fetch", *quietly, "origin", *wanted, network=True)
        listed = await git("for-each-ref", "--format=%(refname:lstrip=3) %(objectname)", "refs/remotes/origin")
        tips = dict(line.rsplit(" ", 1) for line in listed.splitlines())
        if self._branch not in tips:
            heads = (await git("ls-remote", "--heads", "origin", network=True)).split()[1::2]
            there = ", ".join(head.removeprefix("refs/heads/") for head in heads[:5])
            if there:
                raise Refused(self.key, f"there is no branch {self._branch}, but {there}: set `branch`")
            if own:
                raise Refused(self.key, f"the repository is empty: push a first commit to {self._branch}")
        return {branch: tips[branch] for branch in branches if branch in tips}

    async def _start(self, git: Git, tips: Mapping[str, str], target: str) -> str:
        """The commit ours is made on: our branch as it is, or the base where that has none or has merged it."""
        base, own = tips.get(self._branch, ""), tips.get(target, "")
        if own in ("", base):
            return base
        return base if await git("rev-list", "--max-count=1", f"{base}..{own}") == "" else own

    async def _written(self, git: Git, edition: str, name: str, tips: Mapping[str, str]) -> Written | None:
        """What the newest of our commits of this edition did to its file."""
        if not tips:
            return None
        searched = ("--fixed-strings", f"--grep=Linkletter-Edition: {edition}.", "--format=%B", *tips.values(), "--")
        messages = await git("log", *searched)
        trailers = (
            rf"^Linkletter-Edition: {re.escape(edition)}\.(\d+)\r?\nLinkletter-File: ([0-9a-f]{{64}}|{GONE}) (.*?)\r?$"
        )
        written = [Written(int(n), text, path) for n, text, path in re.findall(trailers, messages, re.MULTILINE)]
        ours = [one for one in written if one.path.rpartition("/")[2].removesuffix(".new~") == name]
        return max(ours, key=lambda one: one.revision, default=None)

    async def _files(self, git: Git, tip: str, paths: Sequence[str]) -> dict[str, There]:
        """Those of ``paths`` that are files in the commit. Raises ``Refused`` where one leads elsewhere."""
        if not tip:
            return {}
        asked = {path[: slash.start()] for path in paths for slash in re.finditer("/", path)} | set(paths)
        files: dict[str, There] = {}
        for line in (await git("ls-tree", "-z", "-t", tip, "--", *sorted(asked))).split("\0")[:-1]:
            about, _, path = line.partition("\t")
            mode, kind, id = about.split()
            if path in paths and kind != "blob":
                raise Refused(self.key, f"{path} is a folder in the repository")
            if path in asked and path not in paths and kind != "tree":
                what = "a symbolic link" if mode == "120000" else "another repository" if kind == "commit" else "a file"
                raise Refused(self.key, f"{path} is {what} in the repository: set `folder` to a folder of its own")
            if path in paths:
                text = "" if mode == "120000" else hash_of(await git.raw("cat-file", "blob", id, network=True))
                files[path] = There(mode, text)
        return files

    # --- doing ---

    async def _commit(self, git: Git, tip: str, edition: str, revision: int, act: Act) -> str:
        """A commit on top of ``tip`` that differs from it in this file only; its id."""
        written = hash_of(act.text) if act.text is not None else GONE
        message = (
            f"{act.verb} {act.path.rpartition('/')[2]}\n\n"
            f"Linkletter-Edition: {edition}.{revision}\nLinkletter-File: {written} {act.path}\n"
        )
        stream = [b"commit refs/linkletter/made\nmark :1\n", f"committer {self._author} now\n".encode(), _data(message)]
        stream += [f"from {tip}\n".encode()] if tip else []
        if act.text is None:
            stream.append(f'D "{act.path}"\n'.encode())
        else:
            stream += [f'M {act.mode} inline "{act.path}"\n'.encode(), _data(act.text)]
        stream.append(b"get-mark :1\ndone\n")
        called = ("fast-import", "--quiet", "--force", "--done", "--date-format=now")
        return (await git(*called, given=b"".join(stream))).strip()

    async def _pushed(self, git: Git, commit: str, branch: str) -> bool:
        """Whether the repository took the commit; not where the branch has moved. Raises ``Refused``."""
        try:
            pushing = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "origin")
            await git(*pushing, f"{commit}:refs/heads/{branch}", network=True)
        except GitFailed as failed:
            refusal = next((line for line in failed.answer.splitlines() if line.startswith("!\t")), "").rpartition("\t")
            if refusal[2].startswith("[rejected]") or git_calls.RACED.search(refusal[2]):
                return False
            if refusal[2].startswith("[remote rejected]"):
                why = f"{refusal[2].removeprefix('[remote rejected] ')}. {failed.complaint}"
                advice = "let this user push there, or set `publish_as: branch`"
                raise Refused(self.key, f"the repository takes no push to {branch}: {why} ({advice})") from failed
            raise
        return True

    # --- the clone ---

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[Git]:
        """git with our clone, for us alone and for so long; whatever goes wrong there is a ``DeliveryError``."""
        try:
            async with asyncio.timeout(LONGEST), git_calls.alone(self._cache.with_suffix(".lock")):
                git = await self._clone()
                try:
                    yield git
                except GitFailed as failed:
                    if not failed.network or git_calls.BROKEN.search(failed.complaint):
                        # What it was for is in the repository: the next attempt begins with a new one.
                        shutil.rmtree(self._cache, ignore_errors=True)
                    raise
        except GitFailed as failed:
            raise self._explained(failed) from failed
        except TimeoutError as error:
            raise Unsure(self.key, f"it took longer than {LONGEST:g} s") from error
        except OSError as error:
            if error.filename == "git":
                raise Refused(self.key, "git is not installed, or not where programs are looked for") from error
            kind = Unsure if error.errno in (errno.ENOSPC, errno.EDQUOT) else Refused
            raise kind(self.key, f"{error.filename or self._cache}: {error.strerror or error}") from error

    async def _clone(self) -> Git:
        """Our clone, made if there is none, rid of what killed processes left."""
        if not self._cache.is_dir():
            half_made = self._cache.with_suffix(f".{secrets.token_hex(4)}.new")
            await Git(half_made, self._repository)("init", "--quiet", "--bare", "--template=")
            half_made.rename(self._cache)
        for left_behind in self._cache.parent.glob(f"{self._cache.name}.*.new"):
            shutil.rmtree(left_behind, ignore_errors=True)
        for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "fast_import_crash_*"):
            for file in self._cache.glob(pattern):
                file.unlink(missing_ok=True)
        git = Git(self._cache, self._repository)
        return Git(self._cache, self._repository, await git_calls.ssh_command(git))

    def _explained(self, failed: GitFailed) -> DeliveryError:
        advice = git_calls.advice(failed.complaint)
        return Refused(self.key, f"{advice} ({failed.complaint})") if advice else Unsure(self.key, failed.complaint)


def part_of(newsletter: str, of: int | str, name: str, text: str) -> tuple[Part, ...]:
    """A file as the one part of a delivery; ``of`` is the edition's number, or what else the file is of (``index``)."""
    return (Part(ordinal=1, payload=text, mark=f"{_one_word(newsletter)}/{of} {hash_of(text)} {name}", name=name),)


def _one_word(newsletter: str) -> str:
    return re.sub(r"[^\w.-]+", "-", newsletter)


def _read_mark(mark: str) -> tuple[str, str, str]:
    edition, text, name = mark.split(" ", 2)
    return edition, text, name


def _ours(last: str, written: Written | None) -> set[str]:
    """The hashes of texts that are ours: what the ledger knows, and the repository itself."""
    return {last, written.text if written is not None else ""} - {"", GONE}


def _within(key: str, folder: str, name: str) -> str:
    """The file's path, which is in the folder and nowhere else. Raises ``Refused``."""
    path = PurePosixPath(folder, name)
    if not name or name.startswith(".") or re.search(r'[/\\:"\x00-\x1f]', name):
        raise Refused(key, f"{name!r} is no file name")
    if path.is_absolute() or any(part == ".." or part.lower() == ".git" for part in path.parts):
        raise Refused(key, f"{folder!r} is no folder inside a repository")
    return str(path)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%b\n" % (len(content), content)
