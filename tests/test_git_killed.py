"""A process killed (SIGKILL) anywhere on the way into a git repository: the next one completes it, once.

The harness finds the boundaries by itself: it counts the calls of git of an undisturbed run, and dies before each of
them, during and after each that writes, at the server before and after it took the push, and before the receipt is written down. What
git does when its caller died is its own affair: it goes on, and the next process meets it.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.destinations.markdown import hash_of
from tests.git_repositories import BASE, ENVIRONMENT, Person, bare, editions, files, subjects

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are POSIX's")

ROOT = Path(__file__).resolve().parent.parent
POST = "source/_posts/2020-06-13-ml-weekly.md"

# Waits for one line of JSON per run, forks, and answers with how the child ended and which calls of git it made. Forked
# and not started anew each time: starting Python takes longer than all the rest.
PROGRAM = """
    import asyncio, json, os, signal, sys
    from pathlib import Path
    from newsletter.destinations import git, git_calls
    from newsletter.model import Receipt

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    async def act(run):
        posts = git.GitRepository(run["repository"], None, cache=Path(run["cache"]), publish_as=run["publish_as"])
        calls, at = Path(run["calls"]), run["at"]
        real, start = git_calls.Git.raw, asyncio.create_subprocess_exec
        made = []
        async def starting(*arguments, **how):
            process = await start(*arguments, **how)
            if at == [len(made), "during"]: die()
            return process
        async def raw(self, *arguments, **how):
            made.append(arguments[0])
            calls.write_text(json.dumps(made))
            if at == [len(made), "before"]: die()
            try:
                return await real(self, *arguments, **how)
            finally:
                if at == [len(made), "after"]: die()
        asyncio.create_subprocess_exec, git_calls.Git.raw = starting, raw

        # The ledger, as newsletter/deliver.py keeps it: look, then send; or change, or remove; then the receipt.
        ledger = Path(run["ledger"])
        before = Receipt(**json.loads(ledger.read_text())) if ledger.exists() else None
        (part,) = git.part_of("ml-weekly", 12, "2020-06-13-ml-weekly.md", run["text"])
        if run["what"] == "remove":
            await posts.remove(before)
            receipt = before
        elif before is not None:
            receipt = await posts.change(before, part)
        else:
            receipt = await posts.find(part.mark) or await posts.send(part, None)
        if at == ["receipt", "before"]: die()
        ledger.write_text(json.dumps({"id": receipt.id, "note": receipt.note}))

    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.environ["LINKLETTER_TO_KILL"] = str(os.getpid())
            try:
                asyncio.run(act(json.loads(line)))
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
"""


class World:
    """A repository, a clone's cache and a ledger, and the program that works with them."""

    def __init__(self, folder, process, publish_as):
        self.folder, self.process, self.publish_as = folder, process, publish_as
        self.blog = folder / "blog.git"

    def run(self, what, at=None):
        """Runs to the boundary ``at``, or to the end; how it ended, as ``os.waitpid`` says."""
        named = {name: str(self.folder / name) for name in ("cache", "ledger", "calls")}
        text = {"send": "a\n", "change": "b\n", "remove": ""}[what]
        order = {**named, "repository": str(self.blog), "publish_as": self.publish_as, "what": what, "text": text}
        self.process.stdin.write(json.dumps({**order, "at": at}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    @property
    def calls(self):
        return json.loads((self.folder / "calls").read_text())

    @property
    def receipt(self):
        return json.loads((self.folder / "ledger").read_text())

    def copy(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return World(folder, self.process, self.publish_as)

    @contextmanager
    def dying_at_the_server(self, hook):
        path = self.blog / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\nkill -9 $LINKLETTER_TO_KILL\n")
        path.chmod(0o755)
        yield
        path.unlink()


@pytest.fixture(scope="module")
def process():
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.stdin.close()


@pytest.fixture
def world(tmp_path, process):
    """``world(what)``: a repository just before this is done for the first time."""

    def before(what, publish_as):
        (tmp_path / "start").mkdir()
        bare(tmp_path / "start" / "blog.git", BASE)
        start = World(tmp_path / "start", process, publish_as)
        if what != "send":
            assert start.run("send") == 0
        return start

    return before


READS = ("for-each-ref", "log", "ls-tree", "cat-file", "rev-list")
BRANCH = {"post": "main", "branch": "linkletter/ml-weekly/2020-06-13"}


@pytest.mark.parametrize(
    ("what", "publish_as"), [("send", "post"), ("send", "branch"), ("change", "post"), ("remove", "post")]
)
def test_a_process_killed_at_any_boundary_leaves_what_the_next_one_completes_once(world, tmp_path, what, publish_as):
    start = world(what, publish_as)
    undisturbed = start.copy(tmp_path / "undisturbed")
    assert undisturbed.run(what) == 0
    calls = undisturbed.calls
    assert "push" in calls
    boundaries = [[n, "before"] for n in range(1, len(calls) + 1)]
    boundaries += [[n, when] for n, call in enumerate(calls, 1) for when in ("during", "after") if call not in READS]
    boundaries += [["receipt", "before"], ["server", "pre-receive"], ["server", "update"], ["server", "post-receive"]]
    print(f"{what}, {publish_as}: {len(calls)} calls, {len(boundaries)} boundaries")
    for n, at in enumerate(boundaries):
        made = start.copy(tmp_path / f"killed-{n}")
        if at[0] == "server":
            with made.dying_at_the_server(at[1]):
                assert made.run(what) == 9, at
        else:
            assert made.run(what, at) == 9, at
        others = n % 3 == 0
        if others:
            Person(made.blog).pushes({"other.md": "x\n"}, "Other")
        there = {"send": {POST: "a\n"}, "change": {POST: "b\n"}, "remove": {}}[what]
        note = f"ml-weekly/12 {hash_of(there.get(POST, ''))}"
        if what == "send" and n % 3 and POST in files(made.blog):
            # It arrived, and a person edits it before the next process looks.
            Person(made.blog).pushes(there := {POST: "mine\n"}, "By hand")
        assert made.run(what) == 0, at
        expected = ["ml-weekly/12.0"] if what == "send" else ["ml-weekly/12.1", "ml-weekly/12.0"]
        branch = BRANCH[publish_as]
        assert editions(made.blog, branch) == expected, at
        ours = {**BASE, **there}
        assert files(made.blog, branch) in (ours, {**ours, "other.md": "x\n"}), at
        assert files(made.blog)["README.md"] == BASE["README.md"]
        assert ("Other" in subjects(made.blog)) == others, at
        assert made.receipt["id"] == POST, at
        if what != "remove":
            assert made.receipt["note"] == note, at
        shutil.rmtree(made.folder)
