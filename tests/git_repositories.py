"""Real git repositories on disk for the tests, and people who work in them; nothing of the machine's configuration."""

import os
import subprocess
from pathlib import Path

BASE = {"README.md": "# Blog\n", "source/_posts/2020-01-01-hello.md": "Hello\n", "source/about.md": "About\n"}

ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": "ann@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(*arguments: str | Path, at: Path, check: bool = True, given: str = "") -> str:
    """What git prints, run by a person at their desk."""
    done = subprocess.run(
        ["git", *map(str, arguments)],
        cwd=at,
        env={**os.environ, **ENVIRONMENT},
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def bare(folder: Path, files: dict[str, str] | None = None, branch: str = "main") -> Path:
    """A bare repository; without files an empty one."""
    git("init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", folder, at=folder.parent)
    git("config", "uploadpack.allowFilter", "true", at=folder)
    if files:
        Person(folder, branch).pushes(files, "First")
    return folder


class Person:
    """Somebody with a clone of their own beside the repository."""

    def __init__(self, repository: Path, branch: str = "main") -> None:
        self.desk = repository.with_suffix(".desk")
        self.repository, self.branch = repository, branch
        if not self.desk.exists():
            git("init", "--quiet", "--template=", f"--initial-branch={branch}", self.desk, at=repository.parent)
        git("config", "remote.origin.url", repository, at=self.desk)  # both may have been copied

    def pushes(self, files: dict[str, str | None], message: str) -> None:
        """Write these files (``None``: delete) on top of what is there, commit, push; again where somebody else did."""
        self._pull()
        for name, text in files.items():
            path = self.desk / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        git("add", "--all", at=self.desk)
        git("commit", "--quiet", "-m", message, at=self.desk)
        for _ in range(20):
            git("push", "--quiet", "origin", f"HEAD:{self.branch}", at=self.desk, check=False)
            if git("rev-parse", "HEAD", at=self.desk).strip() in git("rev-list", self.branch, at=self.repository):
                return
            self._pull()
        raise AssertionError("others pushed each time")

    def _pull(self) -> None:
        if git("branch", "--list", self.branch, at=self.repository):
            git("pull", "--quiet", "--rebase", "origin", self.branch, at=self.desk)


def files(repository: Path, branch: str = "main") -> dict[str, str]:
    """Every file of the branch with its text."""
    ids = git("ls-tree", "-r", "-z", "--format=%(objectname) %(path)", branch, at=repository).split("\0")[:-1]
    asked = "".join(f"{line.split()[0]}\n" for line in ids)
    said = git("cat-file", "--batch=%(objectsize)", at=repository, given=asked)
    found: dict[str, str] = {}
    for line in ids:
        size, _, said = said.partition("\n")
        found[line.partition(" ")[2]] = said.encode()[: int(size)].decode()
        said = said.encode()[int(size) + 1 :].decode()
    return found


def subjects(repository: Path, branch: str = "main") -> list[str]:
    """The first lines of the branch's commits, the newest first."""
    return git("log", "--format=%s", branch, at=repository).splitlines()


def editions(repository: Path, branch: str = "main") -> list[str]:
    """The editions of the branch's commits by their trailers, the newest first."""
    shown = git("log", "--format=%(trailers:key=Linkletter-Edition,valueonly)", branch, at=repository)
    return [line for line in shown.splitlines() if line]
