"""What a repository's history holds: the commits that wrote a text somebody looks for. It is only told: rewriting a
history that others have is for people to decide.

Whose words are looked for is the caller's to know, how git is called ``git_calls.py``'s.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from newsletter.destinations.git_calls import Git, GitFailed
from newsletter.markdown import plain

COMMITS, TEXTS = 5_000, 2_000
"""So many commits are looked at, and so many different texts in them, the newest first."""

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that wrote the file at ``path``. ``day`` is the committer's: ``2020-06-13``."""

    hash: str
    day: str
    subject: str
    path: str


async def commits_with(
    git: Git, since: Sequence[str], paths: Iterable[str], holds: Callable[[str], bool]
) -> tuple[Commit, ...]:
    """The commits that wrote a file of which ``holds``, newest first; ``since`` names what is looked back from, and
    without ``paths`` every file counts. Raises ``GitFailed``, and ``OSError`` where there is no git.
    """
    listing = ("--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AMT", "--full-history")
    shown = (f"--max-count={COMMITS}", "--format=%x01%H%x02%cs%x02%s%x02")
    log = await git("--literal-pathspecs", "log", *listing, *shown, *since, "--", *paths)
    wrote: list[tuple[Commit, str]] = []
    for told in log.split("\x01")[1:]:
        hash, day, subject, files = told.split("\x02", 3)
        # `:100644 100644 before after M`, and the path.
        parts = files.strip("\0\n").split("\0")
        for about, path in zip(parts[::2], parts[1::2], strict=False):
            wrote.append((Commit(hash, day, plain(subject)[:100], plain(path)), about.split(" ")[3]))
    texts = list(dict.fromkeys(text for _, text in wrote))[:TEXTS]
    found: set[str] = set()
    for place in range(0, len(texts), AT_ONCE):
        said = await _texts(git, texts[place : place + AT_ONCE])
        found |= {text for text, content in said.items() if holds(content)}
    return tuple(commit for commit, text in wrote if text in found)


async def _texts(git: Git, ids: Sequence[str]) -> dict[str, str]:
    """The files with these ids; what is not there, or no text, is passed over."""
    given = "".join(f"{id}\n" for id in ids).encode()
    if git.address:
        # A clone of ours has few texts, and would ask for each of the others by itself.
        quietly = ("--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none")
        with suppress(GitFailed):
            await git(
                *("-c", "fetch.negotiationAlgorithm=noop", "fetch", *quietly, "--stdin", "origin"),
                given=given,
                network=True,
            )
    answer = await git.raw("cat-file", "--batch", given=given, network=True)
    found: dict[str, str] = {}
    while answer:
        head, _, answer = answer.partition(b"\n")
        id, kind, *size = head.decode("ascii", "replace").split()
        if not size:
            continue
        content, answer = answer[: int(size[0])], answer[int(size[0]) + 1 :]
        if kind == "blob" and b"\0" not in content[:8_000]:
            found[id] = content.decode("utf-8", "replace")
    return found


def checkout_of(folder: Path) -> tuple[Path, str] | None:
    """The ``.git`` of the working copy that a folder is in, and where in it the folder lies (``.``: at its top)."""
    folder = folder.absolute()
    for top in (folder, *folder.parents):
        if (top / ".git").exists():
            return top / ".git", folder.relative_to(top).as_posix()
    return None


async def commits_of_folder(folder: Path, holds: Callable[[str], bool]) -> tuple[Commit, ...]:
    """The commits that wrote such files of a folder, where it is part of a working copy. Raises as ``commits_with``."""
    checkout = checkout_of(folder)
    if checkout is None:
        return ()
    return await commits_with(Git(checkout[0], ""), ["--all"], [] if checkout[1] == "." else [checkout[1]], holds)
