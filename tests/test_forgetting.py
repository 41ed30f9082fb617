"""``linkletter forget``, typed: what it erases, and what it says is left for people to do, in files and in git."""

import json
from pathlib import Path

import pytest

from newsletter.traces import Traces
from tests.git_repositories import bare, files, git
from tests.terminal import linkletter, message, packed, slack_files

CONFIG = """\
newsletters:
  weekly:
    timezone: Asia/Seoul
    schedule: {day: saturday, time: "12:00"}
    markdown: {folder: blog/posts, audience: team}
    git: {repository: blog.git, folder: posts, audience: team}
"""

CHAT = {
    "links": [
        message(
            "Sparse autoencoders\n<https://example.org/sparse>\nA gentle tour of *what* they find.", "2020-06-09 01:00"
        ),
        message("<https://example.org/other> stays", "2020-06-09 02:00", user="U0BEN"),
        message("<https://example.org/later>\n나중에 다시 볼 만한 아주 좋은 글입니다", "2020-06-16 02:00"),
    ]
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two weeks were published: into a working copy that a person commits, and into a repository."""
    home = tmp_path_factory.mktemp("written")
    (home / "config.yaml").write_text(CONFIG)
    bare(home / "blog.git", {"README.md": "# Blog\n"})
    (home / "blog").mkdir()
    git("init", "--quiet", "--template=", at=home / "blog")
    linkletter("import", packed(home / "export.zip", slack_files(CHAT)), at=home)
    linkletter("publish", "--all-weeks", at=home, XDG_CACHE_HOME=str(home / "cache"))
    commit(home, "The first weeks")
    return home


def commit(home: Path, subject: str) -> None:
    git("add", "--all", at=home / "blog")
    git("commit", "--quiet", "-m", subject, at=home / "blog")


def test_who_is_forgotten_stands_in_no_file_and_the_commits_that_have_them_are_named(written: Path) -> None:
    before = {**files(written / "blog.git"), "checkout": "".join(posts(written))}
    assert all(said in "".join(before.values()) for said in ("Ann", "A gentle tour of", "나중에 다시"))
    at = {"at": written, "XDG_CACHE_HOME": str(written / "cache")}
    said = linkletter("forget", "slack:U0ANN", "--json", **at)
    done = json.loads(said.out)
    assert (done["files"], done["failed"]) == ([], [])
    now = "".join(files(written / "blog.git").values()) + "".join(posts(written))
    assert not any(words in now for words in ("Ann", "gentle tour", "나중에 다시"))
    by_hand, ours = done["repositories"]
    assert (by_hand["repository"], ours["repository"]) == (str(written / "blog"), "blog.git")
    assert {one["subject"] for one in by_hand["commits"]} == {"The first weeks"}
    assert sorted(one["path"] for one in ours["commits"]) == sorted(path for path in before if path.startswith("posts"))
    assert all(one["subject"].startswith("Publish") for one in ours["commits"]), "the later ones are without them"
    hashes = git("log", "--format=%H %cs", "main", at=written / "blog.git")
    assert all(f"{one['hash']} {one['day']}" in hashes for one in ours["commits"])


def test_a_history_that_nobody_can_look_through_is_said_to_be_so(written: Path, tmp_path: Path) -> None:
    nobody = linkletter("forget", "slack:U0BEN", at=written, status=1, PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert "nobody looked through the history of blog.git: git is not installed" in nobody.err
    assert "slack:U0BEN: nothing is kept" in nobody.out


def test_of_what_is_imported_after_its_time_the_words_are_left_out_and_the_import_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("newsletters: {weekly: {retention: 30}}\n")
    export = packed(tmp_path / "export.zip", slack_files(CHAT))
    for _ in range(2):
        said = linkletter("import", export, at=tmp_path)
        assert "3 messages older than the retention of 30 days: only the links are kept\n" in said.out
    assert json.loads(linkletter("import", export, "--json", at=tmp_path).out)["forgotten"] == 3
    assert json.loads(linkletter("search", "gentle", "--json", at=tmp_path).out) == {"found": []}
    [found] = json.loads(linkletter("search", "sparse", "--json", at=tmp_path).out)["found"]
    assert (found["url"], found["words"]) == ("https://example.org/sparse", "")


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("by Annabel", True),
        ("> With plenty of **periwinkle**,\n> and more", True),
        ("with plenty\nof periwinkle and more", True),
        ("the end of periwinkle and more", False),
        ("[@Ben](https://chat) the periwinkle", False),
        ("said of it: 나중에 다시 볼 만한 글!", True),
        ("short 감사합니다", False),
        ("", False),
    ],
)
def test_names_and_lines_are_known_again_however_a_post_writes_them(text: str, stands: bool) -> None:
    said = (
        "With plenty of _periwinkle_ and more\nshort\n감사합니다",
        "thanks [@Ben](person:U2)",
        "나중에 다시 볼 만한 글",
    )
    assert Traces(["Annabel", "An"], said).stand_in(text) is stands


def posts(home: Path) -> list[str]:
    return [path.read_text("utf-8") for path in sorted((home / "blog" / "posts").iterdir())]
