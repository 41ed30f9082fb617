"""The git repository: an edition is one commit that touches one file, is pushed once, and forces nobody.

Real git with real bare repositories on disk; what a process killed in the middle leaves is ``test_git_killed.py``.
"""

import asyncio
import os
import shutil
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import ValidationError

from bot.app import opened
from bot.config import load
from newsletter.destinations import git_calls
from newsletter.destinations.git import ATTEMPTS, GitRepository, part_of
from newsletter.destinations.markdown import hash_of
from newsletter.errors import CannotLook, Refused, Unsure
from newsletter.model import Receipt
from newsletter.settings import GitSettings
from tests.git_repositories import BASE, Person, bare, editions, files, git, subjects
from tests.laws.told import channel_named, said

NAME = "2020-06-13-ml-weekly.md"
POST = f"source/_posts/{NAME}"


def part(text, number=12, name=NAME, newsletter="ml-weekly"):
    (made,) = part_of(newsletter, number, name, text)
    return made


@pytest.fixture(autouse=True)
def _no_configuration_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))


@pytest.fixture
def blog(tmp_path):
    return bare(tmp_path / "blog.git", BASE)


@pytest.fixture
def at(tmp_path):
    """The destination over a repository."""

    def made(repository, cache="cache", **how):
        return GitRepository(str(repository), lambda _: (NAME, "a\n"), cache=tmp_path / cache, **how)

    return made


# --- one commit, one file ------------------------------------------------------------------------------------------


async def test_a_post_is_one_commit_that_touches_nothing_else(blog, at):
    receipt = await at(blog, author="Weekly <weekly@example.com>").send(part("글\n"))
    assert files(blog) == {**BASE, POST: "글\n"}
    assert receipt == Receipt(POST)
    hashed = hash_of("글\n")
    assert git("show", "--format=%an %ae %cn|%B", "--name-status", "main", at=blog) == (
        "Weekly weekly@example.com Weekly|"
        f"Publish {NAME}\n\nLinkletter-Edition: ml-weekly/12.0\nLinkletter-File: {hashed} {POST}\n\n"
        f"\nA\t{POST}\n"
    )
    assert len(subjects(blog)) == 2


async def test_sending_twice_is_one_commit(blog, at):
    first = await at(blog).send(part("a\n"))
    assert await at(blog).send(part("a\n")) == first
    assert editions(blog) == ["ml-weekly/12.0"]


async def test_an_empty_repository_gets_its_first_commit(tmp_path, at):
    empty = bare(tmp_path / "empty.git")
    posts = at(empty, folders=[""])
    assert await posts.find(part("a\n").mark) is None
    await posts.send(part("a\n"))
    assert files(empty) == {NAME: "a\n"}


async def test_a_server_that_sends_no_partial_clones_does_as_well(blog, at):
    git("config", "uploadpack.allowFilter", "false", at=blog)
    await at(blog).send(part("a\n"))
    assert files(blog) == {**BASE, POST: "a\n"}


async def test_of_the_others_files_only_the_one_in_question_is_fetched(tmp_path, at):
    blog = bare(tmp_path / "blog.git", {**BASE, "picture": "x" * 1000})
    Person(blog).pushes({POST: "mine\n"}, "By hand")
    await at(f"file://{blog}").send(part("a\n"))
    (clone,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    picture = git("rev-parse", "main:picture", at=blog).strip()
    present = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", at=clone).split()
    assert picture not in present


# --- looking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "since", [{}, {"other.md": "x\n"}, {POST: "mine\n"}, {POST: None}], ids=["nothing", "others", "edited", "deleted"]
)
async def test_an_edition_that_arrived_is_found_whatever_people_did_since(blog, at, tmp_path, since):
    receipt = await at(blog).send(part("a\n"))
    if since:
        Person(blog).pushes(since, "By hand")
    for cache in ("cache", "another"):
        assert await at(blog, cache).find(part("a\n").mark) == receipt
    shutil.rmtree(tmp_path / "cache")
    assert await at(blog).find(part("a\n").mark) == receipt


@pytest.mark.parametrize(
    "other", [part("b\n"), part("a\n", 1), part("a\n", 2), part("a\n", newsletter="l-weekly"), part("a\n", name="b.md")]
)
async def test_what_did_not_arrive_is_not_found(blog, at, other):
    await at(blog).send(part("a\n"))
    assert await at(blog).find(other.mark) is None


async def test_a_clone_that_is_broken_is_made_anew(blog, at, tmp_path):
    receipt = await at(blog).send(part("a\n"))
    (clone,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    shutil.rmtree(clone / "objects")
    with pytest.raises(Unsure):
        await at(blog).find(part("a\n").mark)
    assert await at(blog).find(part("a\n").mark) == receipt


async def test_locks_that_a_killed_git_left_behind_hold_nobody_up(blog, at, tmp_path):
    await at(blog).send(part("a\n"))
    (clone,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    for name in ("packed-refs.lock", "config.lock", "refs/remotes/origin/main.lock", "refs/linkletter/made.lock"):
        (clone / name).touch()
    Person(blog).pushes({"other.md": "x\n"}, "Other")
    await at(blog).send(part("b\n", 13, "b.md"))
    assert editions(blog) == ["ml-weekly/13.0", "ml-weekly/12.0"]


# --- changing and removing -----------------------------------------------------------------------------------------


async def test_a_change_is_the_next_revision(blog, at):
    posts = at(blog)
    receipt = await posts.send(part("a\n"))
    for _ in range(2):
        receipt = await posts.change(receipt, part("b\n"))
    assert files(blog)[POST] == "b\n"
    assert editions(blog) == ["ml-weekly/12.1", "ml-weekly/12.0"]
    assert await posts.find(part("b\n").mark) == receipt
    assert await posts.find(part("a\n").mark) is None


async def test_what_the_ledger_forgot_the_repository_knows(blog, at):
    """A database restored from before the run: our own post is no edit by a person."""
    await at(blog).send(part("a\n"))
    await at(blog).send(part("b\n"))
    assert files(blog) == {**BASE, POST: "b\n"}


@pytest.mark.parametrize(
    ("on_hand_edit", "there", "new"), [("beside", "mine\n", "b\n"), ("keep", "mine\n", None), ("replace", "b\n", None)]
)
async def test_a_persons_edit_is_treated_as_the_settings_say(blog, at, on_hand_edit, there, new):
    posts = at(blog, on_hand_edit=on_hand_edit)
    receipt = await posts.send(part("a\n"))
    Person(blog).pushes({POST: "mine\n"}, "By hand")
    for _ in range(2):
        receipt = await posts.change(receipt, part("b\n"))
    assert files(blog) == {**BASE, POST: there} | ({f"{POST}.new~": new} if new else {})
    if new:
        assert await posts.find(part("b\n").mark) == receipt


async def test_a_file_that_was_there_before_us_counts_as_a_persons(blog, at):
    Person(blog).pushes({POST: "mine\n"}, "By hand")
    assert (await at(blog).send(part("a\n"))).id == f"{POST}.new~"
    assert files(blog)[POST] == "mine\n"


async def test_a_person_who_takes_our_text_over_is_followed_again(blog, at):
    posts = at(blog)
    receipt = await posts.send(part("a\n"))
    Person(blog).pushes({POST: "mine\n"}, "By hand")
    receipt = await posts.change(receipt, part("b\n"))
    Person(blog).pushes({POST: "b\n", f"{POST}.new~": None}, "Take it over")
    assert (await posts.change(receipt, part("c\n"))).id == POST
    assert files(blog) == {**BASE, POST: "c\n"}


@pytest.mark.parametrize(("on_hand_edit", "there"), [("beside", None), ("keep", None), ("replace", "b\n")])
async def test_a_post_that_a_person_deleted_stays_deleted_unless_theirs_are_replaced(blog, at, on_hand_edit, there):
    posts = at(blog, on_hand_edit=on_hand_edit)
    receipt = await posts.send(part("a\n"))
    Person(blog).pushes({POST: None}, "Not this one")
    await posts.change(receipt, part("b\n"))
    assert files(blog).get(POST) == there


async def test_removing_takes_our_file_away_and_leaves_an_edited_one(blog, at):
    posts = at(blog)
    receipt = await posts.send(part("a\n"))
    Person(blog).pushes({POST: "mine\n"}, "By hand")
    await posts.remove(receipt)
    assert files(blog)[POST] == "mine\n"
    Person(blog).pushes({POST: "a\n"}, "Back")
    for _ in range(2):
        await posts.remove(receipt)
    assert files(blog) == BASE
    assert editions(blog) == ["ml-weekly/12.1", "ml-weekly/12.0"]
    assert await posts.find(part("a\n").mark) is None
    await posts.send(part("a\n"))
    assert editions(blog)[0] == "ml-weekly/12.2"
    assert files(blog) == {**BASE, POST: "a\n"}


# --- others push, too ----------------------------------------------------------------------------------------------


def before_each_push(monkeypatch, act, times=1000):
    """Somebody does something between our look and our push."""
    real, left = git_calls.Git.raw, iter(range(times))

    async def raw(self, *arguments, **how):
        if arguments[0] == "push" and (n := next(left, None)) is not None:
            await asyncio.to_thread(act, n)
        return await real(self, *arguments, **how)

    monkeypatch.setattr(git_calls.Git, "raw", raw)


async def test_a_push_that_comes_second_is_made_again_on_top_of_the_first(blog, at, monkeypatch):
    before_each_push(monkeypatch, lambda n: Person(blog).pushes({f"{n}.md": "x\n"}, f"Other {n}"), times=2)
    await at(blog).send(part("a\n"))
    assert subjects(blog) == [f"Publish {NAME}", "Other 1", "Other 0", "First"]
    assert files(blog) == {**BASE, "0.md": "x\n", "1.md": "x\n", POST: "a\n"}


async def test_a_repository_that_never_rests_is_tried_again_later_and_nothing_is_forced(blog, at, monkeypatch):
    desk = Person(blog)
    before_each_push(monkeypatch, lambda n: desk.pushes({"x.md": f"{n}\n"}, f"Other {n}"))
    monkeypatch.setattr("newsletter.destinations.git.ATTEMPTS", 3)
    with pytest.raises(Unsure, match="others pushed to main"):
        await at(blog).send(part("a\n"))
    assert subjects(blog) == ["Other 2", "Other 1", "Other 0", "First"]
    assert ATTEMPTS > 3


async def test_what_another_process_pushed_meanwhile_is_not_pushed_again(blog, at, monkeypatch):
    async def theirs():
        await at(blog, "another").send(part("a\n"))

    before_each_push(monkeypatch, lambda _: asyncio.run(theirs()), times=1)
    await at(blog).send(part("a\n"))
    assert editions(blog) == ["ml-weekly/12.0"]


@pytest.mark.parametrize("caches", [["cache"], ["one", "two"]], ids=["one clone", "two clones"])
async def test_newsletters_share_a_repository(blog, at, caches):
    sending = [
        at(blog, caches[n % len(caches)]).send(part(f"{n}\n", n, f"2020-06-13-{n}.md", newsletter=f"n{n}"))
        for n in range(4)
    ]
    await asyncio.gather(*sending)
    assert sorted(editions(blog)) == [f"n{n}/{n}.0" for n in range(4)]
    assert files(blog) == BASE | {f"source/_posts/2020-06-13-{n}.md": f"{n}\n" for n in range(4)}


# --- drafts and pull requests --------------------------------------------------------------------------------------

DRAFTS = ("source/_drafts", "source/_posts")


async def test_a_draft_is_followed_to_where_a_person_published_it(blog, at):
    posts = at(blog, folders=DRAFTS)
    receipt = await posts.send(part("a\n"))
    assert receipt.id == f"source/_drafts/{NAME}"
    Person(blog).pushes({f"source/_drafts/{NAME}": None, POST: "a\n"}, "Publish the draft")
    await posts.change(receipt, part("b\n"))
    assert files(blog) == {**BASE, POST: "b\n"}


BRANCH = "linkletter/ml-weekly/2020-06-13"


async def test_for_a_pull_request_the_branch_itself_is_left_alone(blog, at):
    posts = at(blog, publish_as="branch")
    receipt = await posts.send(part("a\n"))
    assert files(blog) == BASE
    assert files(blog, BRANCH) == {**BASE, POST: "a\n"}
    assert await posts.find(part("a\n").mark) == receipt
    Person(blog).pushes({"other.md": "x\n"}, "Other")
    receipt = await posts.change(receipt, part("b\n"))
    assert subjects(blog, BRANCH) == [f"Change {NAME}", f"Publish {NAME}", "First"]
    assert await posts.find(part("b\n").mark) == receipt


@pytest.mark.parametrize("squash", [False, True])
@pytest.mark.parametrize("deleted", [False, True])
async def test_a_merged_pull_request_is_known_and_a_change_makes_another_one(blog, at, squash, deleted):
    posts = at(blog, publish_as="branch")
    receipt = await posts.send(part("a\n"))
    desk = Person(blog)
    desk.pushes({"other.md": "x\n"}, "Other")
    git("fetch", "--quiet", "origin", BRANCH, at=desk.desk)
    if squash:
        git("merge", "--quiet", "--squash", "FETCH_HEAD", at=desk.desk)
        described = git("log", "-1", "--format=%B", "FETCH_HEAD", at=desk.desk).strip()
        git("commit", "--quiet", "-m", f"The newsletter (#7)\n\n* {described}\n\nCo-authored-by: A <a@b>", at=desk.desk)
    else:
        git("merge", "--quiet", "--no-ff", "-m", "Merge", "FETCH_HEAD", at=desk.desk)
    git("push", "--quiet", "origin", "HEAD:main", *[f":{BRANCH}"] * deleted, at=desk.desk)
    assert await posts.find(part("a\n").mark) == receipt
    await posts.change(receipt, part("b\n"))
    assert files(blog)[POST] == "a\n"
    assert files(blog, BRANCH)[POST] == "b\n"
    assert editions(blog, BRANCH)[0] == "ml-weekly/12.1"
    if deleted or not squash:
        assert files(blog, BRANCH) == {**BASE, "other.md": "x\n", POST: "b\n"}


# --- nothing leads out of the repository ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../a.md", "/a.md", "a/b.md", "..", ".git", "", "a\\b.md", 'a".md', "a\n.md"])
async def test_a_name_that_is_no_file_name_is_refused(blog, at, name):
    with pytest.raises(Refused, match="no file name"):
        await at(blog).send(part("a\n", name=name))
    assert files(blog) == BASE


@pytest.mark.parametrize("folder", ["../posts", "/posts", "a/../../b", ".git/hooks", "a/.GIT"])
async def test_a_folder_outside_is_refused(blog, at, folder):
    with pytest.raises(Refused, match="no folder inside"):
        await at(blog, folders=[folder]).send(part("a\n"))
    assert files(blog) == BASE


@pytest.mark.parametrize("folder", ["link", "link/posts", "README.md"])
async def test_a_folder_that_is_something_else_in_the_repository_is_refused(blog, at, tmp_path, folder):
    desk = Person(blog)
    (desk.desk / "link").symlink_to(tmp_path)
    desk.pushes({}, "A link to elsewhere")
    with pytest.raises(Refused, match=r"a symbolic link|a file"):
        await at(blog, folders=[folder]).send(part("a\n"))
    assert subjects(blog) == ["A link to elsewhere", "First"]


@pytest.mark.parametrize("on_hand_edit", ["beside", "replace"])
async def test_a_link_in_the_place_of_a_post_is_a_persons_and_is_not_followed(blog, at, tmp_path, on_hand_edit):
    outside = tmp_path / "outside.md"
    outside.write_text("theirs\n")
    desk = Person(blog)
    (desk.desk / POST).symlink_to(outside)
    desk.pushes({}, "A link")
    receipt = await at(blog, on_hand_edit=on_hand_edit).send(part("a\n"))
    assert outside.read_text() == "theirs\n"
    assert receipt.id == (POST if on_hand_edit == "replace" else f"{POST}.new~")
    mode = git("ls-tree", "main", POST, at=blog).split()[0]
    assert mode == ("100644" if on_hand_edit == "replace" else "120000")


async def test_a_post_whose_place_is_a_folder_is_refused(blog, at):
    Person(blog).pushes({f"{POST}/x": "x\n"}, "A folder")
    with pytest.raises(Refused, match="is a folder"):
        await at(blog).send(part("a\n"))


# --- what can go wrong ---------------------------------------------------------------------------------------------


@contextmanager
def http(status):
    """A server that answers every request with this status; what it was asked with is in ``authorizations``."""
    seen: list[str | None] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers["Authorization"])
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", "Basic realm=x")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, CannotLook, "we were not let in"),
        (403, CannotLook, "we were not let in"),
        (404, CannotLook, "no such repository"),
        (500, Unsure, "500"),
        (503, Unsure, "503"),
    ],
)
@pytest.mark.parametrize("who", ["", "ann:s3cr3t-w0rd@", "ghp_0123456789abcdef@"])
async def test_a_server_that_says_no_is_understood_and_no_secret_is_told(at, tmp_path, caplog, status, kind, says, who):
    with http(status) as (port, authorizations):
        posts = at(f"http://{who}127.0.0.1:{port}/blog.git?private_token=s3cr3t-t0k3n")
        with pytest.raises(kind, match=says) as looking:
            await posts.find(part("a\n").mark)
        with pytest.raises(Refused if kind is CannotLook else Unsure) as sending:
            await posts.send(part("a\n"))
    told = [posts.key, str(looking.value), repr(sending.value), str(sending.value.__cause__), caplog.text]
    told += [file.read_text("utf-8", "replace") for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert not [text for text in told for secret in ("s3cr3t", "ghp_") if secret in text]
    if who and status == 401:
        assert any(authorizations), "the credentials are used all the same"


async def test_a_server_that_is_not_there_is_tried_again(at):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        posts = at(f"http://127.0.0.1:{taken.getsockname()[1]}/blog.git")
        with pytest.raises(Unsure, match="connect"):
            await posts.find(part("a\n").mark)


async def test_a_server_that_never_answers_is_given_up_with_all_that_git_started(at, monkeypatch):
    monkeypatch.setattr(git_calls, "NETWORK", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        looking = asyncio.create_task(at(f"http://127.0.0.1:{server.getsockname()[1]}/blog.git").find(part("a\n").mark))
        connection, _ = await asyncio.to_thread(server.accept)
        with connection:
            connection.settimeout(20)
            with pytest.raises(Unsure, match="longer than"):
                await looking
            # git-remote-http held the connection; that it ends shows that it is gone, too.
            while await asyncio.to_thread(connection.recv, 1000):
                pass


async def test_a_task_that_is_cancelled_leaves_no_git_behind(at):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        looking = asyncio.create_task(at(f"http://127.0.0.1:{server.getsockname()[1]}/blog.git").find(part("a\n").mark))
        connection, _ = await asyncio.to_thread(server.accept)
        with connection:
            connection.settimeout(20)
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking
            while await asyncio.to_thread(connection.recv, 1000):
                pass


@pytest.mark.parametrize(
    ("repository", "says"), [("nowhere.git", "no such repository"), ("ext::sh -c 'touch harm'", "no such repository")]
)
async def test_a_repository_that_is_none_is_refused(at, tmp_path, monkeypatch, repository, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match=says):
        await at(repository).send(part("a\n"))
    assert not (tmp_path / "harm").exists()


async def test_a_branch_that_does_not_exist_is_named_with_those_that_do(blog, at):
    with pytest.raises(Refused, match="no branch master, but main"):
        await at(blog, branch="master").send(part("a\n"))
    assert git("branch", "--format=%(refname:short)", at=blog) == "main\n"


async def test_a_branch_may_begin_like_others(blog, at):
    git("branch", "mainly", "main", at=blog)
    git("branch", "linkletter/ml-weekly/2020-06-130", "main", at=blog)
    await at(blog).send(part("a\n"))
    assert files(blog) == {**BASE, POST: "a\n"}
    assert files(blog, "mainly") == BASE


async def test_a_protected_branch_is_refused_with_what_the_server_said(blog, at):
    hook = blog / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf 'main is protected\\033[31m' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Refused, match=r"pre-receive hook declined.*main is protected.*publish_as: branch") as error:
        await at(blog).send(part("a\n"))
    assert "\033" not in str(error.value)
    assert files(blog) == BASE


async def test_without_git_the_error_says_so(blog, at, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotLook, match="git is not installed"):
        await at(blog).find(part("a\n").mark)


async def test_a_cache_that_cannot_be_made_is_named(blog, at, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(Refused, match=r"cache: .*exists"):
        await at(blog).send(part("a\n"))


# --- the machine's own git -----------------------------------------------------------------------------------------


async def test_what_the_machine_has_set_for_people_does_no_harm(blog, at, tmp_path, monkeypatch):
    """Hooks, signing and templates of the machine; and variables of a git that started us, as in a hook."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        # In the repository itself they are its owner's, and run.
        (hooks / name).write_text(f"#!/bin/sh\n[ $PWD = {blog} ] || touch {tmp_path}/harm\n[ $PWD = {blog} ]\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "gitconfig").write_text(
        f"[core]\nhooksPath={hooks}\nfsmonitor={hooks}/pre-push\n[commit]\ngpgSign=true\n[push]\ngpgSign=true\n"
        f"[gpg]\nprogram=false\n[log]\nshowSignature=true\n[init]\ntemplateDir={tmp_path}\n[color]\nui=always\n"
        "[format]\npretty=oneline\n[i18n]\nlogOutputEncoding=EUC-KR\n[user]\nuseConfigOnly=true\n"
    )
    theirs = tmp_path / "theirs"
    git("init", "--quiet", theirs, at=tmp_path)
    for name, value in {"DIR": theirs / ".git", "INDEX_FILE": theirs / "index", "TRACE": tmp_path / "trace",
                        "WORK_TREE": theirs, "AUTHOR_NAME": "x", "ASKPASS": hooks / "pre-push"}.items():  # fmt: skip
        monkeypatch.setenv(f"GIT_{name}", str(value))
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    receipt = await at(blog).send(part("글\n"))
    for name in [name for name in os.environ if name.startswith("GIT_") and "CONFIG" not in name]:
        monkeypatch.delenv(name)
    assert await at(blog).find(part("글\n").mark) == receipt
    assert files(blog) == {**BASE, POST: "글\n"}
    assert git("log", "-1", "--format=%an", at=blog) == "Linkletter\n"
    assert not (tmp_path / "harm").exists()
    assert not (tmp_path / "trace").exists()
    assert not (theirs / "index").exists()


@pytest.mark.parametrize(
    ("variable", "configured", "runs"),
    [("", "", "ssh -o BatchMode=yes"), ("ssh -i key", "", "ssh -i key -o BatchMode=yes"),
     ("", "/usr/bin/ssh -p 22", "/usr/bin/ssh -p 22 -o BatchMode=yes"), ("plink -x", "", "")],
)  # fmt: skip
async def test_ssh_is_the_machines_own_and_asks_nothing(tmp_path, monkeypatch, variable, configured, runs):
    if variable:
        monkeypatch.setenv("GIT_SSH_COMMAND", variable)
    if configured:
        (tmp_path / "gitconfig").write_text(f"[core]\nsshCommand={configured}\n")
    command = await git_calls.ssh_command(git_calls.Git(bare(tmp_path / "a.git"), "git@example.com:team/blog.git"))
    assert command.startswith(runs)
    assert bool(command) == bool(runs)


@pytest.mark.parametrize(
    ("address", "shown", "elsewhere"),
    [
        ("https://ann:pw@example.com/a.git", "https://example.com/a.git", True),
        ("https://ann:p@w@example.com:8443/a.git?token=x#y", "https://example.com:8443/a.git", True),
        ("ssh://git@example.com/a.git", "ssh://example.com/a.git", True),
        ("git@example.com:team/a.git", "git@example.com:team/a.git", True),
        ("../blog", "../blog", False),
        ("/srv/a:b.git", "/srv/a:b.git", False),
    ],
)
def test_an_address_is_shown_without_credentials(address, shown, elsewhere):
    assert git_calls.without_credentials(address) == shown
    assert git_calls.is_elsewhere(address) == elsewhere


# --- from the configuration ----------------------------------------------------------------------------------------

CONFIG = """
newsletters:
  weekly:
    git: {repository: blog.git, style: hugo, folder: content/posts, index: true, publish_as: draft, author: A <a@b.c>}
"""


async def test_a_newsletter_is_committed_as_its_configuration_says(tmp_path, blog, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "config.yaml").write_text(CONFIG)
    async with opened(load(tmp_path / "config.yaml", {})) as app:
        await app.collector.hear(channel_named("news"))
        for n, page in enumerate("ab"):
            seen = datetime.now(UTC) - timedelta(seconds=1)
            await app.collector.hear(replace(said(page, f"<https://example.org/{page}>"), sent_at=seen, seen_at=seen))
            publisher = app.publisher(app.config.newsletters["weekly"])
            assert await publisher.publish("a test")
            outcomes = await publisher.deliver()
            assert [(one.failed, one.destination) for one in outcomes] == [
                (None, f"git:{blog}"),
                (None, f"git-index:{blog}"),
            ]
            assert editions(blog)[:2] == [f"weekly/index.{n}", f"weekly/{n + 1}.0"]
    posts = {name: text for name, text in files(blog).items() if name not in BASE}
    assert len(posts) == 3
    assert all(("draft: true" in text) == (name != "content/posts/index.md") for name, text in posts.items())
    assert posts["content/posts/index.md"].count("https://example.org/") == 2


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [("repository", value) for value in ("", " ", "-oProxyCommand=x", "a\nb")]
    + [("branch", value) for value in ("", "-x", "a..b", "a b", "a~1", "a:b", "/a", "a/", "a.lock", "@{1}", "a*", "@")]
    + [("folder", value) for value in ("../a", "/a", "a/../../b", ".git/hooks", "~/a", "a\\b", 'a"b')]
    + [("author", value) for value in ("Ann", "<a@b>", "Ann <a@b> x", "Ann <a b>", "A\n <a@b>")],
)
def test_a_setting_that_git_would_take_for_something_else_is_refused(key, value):
    with pytest.raises(ValidationError):
        GitSettings(**{"repository": "blog.git", key: value})


@pytest.mark.parametrize(
    ("style", "folder", "folders"),
    [
        ("hexo", "source/_posts/news", ("source/_drafts/news", "source/_posts/news")),
        ("jekyll", "_posts", ("_drafts", "_posts")),
        ("hugo", "content/posts", ("content/posts",)),
    ],
)
def test_a_draft_is_where_its_blog_engine_looks_for_drafts(style, folder, folders):
    made = GitSettings(repository="x", style=style, folder=folder, publish_as="draft")
    assert made.folders == folders
    assert GitSettings(repository="x", style=style, folder=folder).folders == (folder,)


@pytest.mark.parametrize(("style", "folder"), [("plain", "a"), ("archive", "a"), ("hexo", "posts"), ("jekyll", "a")])
def test_a_draft_that_would_be_published_is_refused(style, folder):
    with pytest.raises(ValidationError, match="draft"):
        GitSettings(repository="x", style=style, folder=folder, publish_as="draft")
