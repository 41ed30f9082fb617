"""The command line as a person meets it: what is typed, where the answer goes, how it ends, what is left behind.

Every test types the real command in a folder of its own. What an import makes of hostile files is in
``test_importing.py``, what real exports become in ``test_real_exports.py``.
"""

import json
import os
import pty
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from ruamel.yaml import YAML

from tests.terminal import (
    COMMAND,
    DEADLINE_SECONDS,
    everything_in,
    files,
    halted,
    linkletter,
    message,
    packed,
    slack_files,
    started,
    started_anew,
    surroundings,
    tables,
    touched,
    unpacked,
)

STYLES = ("hexo", "jekyll", "hugo", "plain", "archive")

# Two weeks that end on Saturday noon in Seoul, 13 and 20 June 2020, and a private channel.
CHAT = {
    "links": [
        message(
            "Sparse autoencoders\n<https://example.org/sparse>\nA gentle tour of what they find.", "2020-06-09 01:00"
        ),
        message(
            "벡터 검색 입문\n<https://example.com/%EB%B2%A1%ED%84%B0>\n처음 보는 사람에게 좋다.",
            "2020-06-10 01:00",
            reactions=[{"name": "+1", "users": ["U0ANN"], "count": 1}],
            user="U0BEN",
        ),
        message("lunch?", "2020-06-10 04:00"),
        message("<https://example.org/sparse> still my favourite of them all", "2020-06-16 01:00", user="U0BEN"),
        message("Tiny queues\n<https://example.net/queues>\nSmall enough to read in an hour.", "2020-06-17 01:00"),
        message("the design: <https://docs.google.com/document/d/1abc/edit>", "2020-06-17 02:00"),
    ],
    "desk": [message("Secret plan\n<https://example.org/plan>\nFor us only.", "2020-06-09 03:00")],
}

CONFIG = """\
newsletters:
  weekly:
    title: "Weekly ({{ week.label }})"
    timezone: Asia/Seoul
    schedule: {day: saturday, time: "12:00"}
    markdown: {folder: posts, style: hexo, categories: [news], tags: [ML]}
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A Slack export that a person downloaded."""
    return packed(tmp_path / "downloads" / "export.zip", slack_files(CHAT, private=["desk"]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and the imported export, to copy: see `ready`."""
    folder = tmp_path_factory.mktemp("imported")
    (folder / "config.yaml").write_text(CONFIG)
    linkletter("import", packed(folder / "export.zip", slack_files(CHAT, private=["desk"])), at=folder)
    return folder


@pytest.fixture
def ready(imported: Path, tmp_path: Path) -> Path:
    """A folder with a configuration and an imported export, for this test alone."""
    return Path(shutil.copytree(imported, tmp_path / "ready"))


# --- the main job --------------------------------------------------------------------------------------------------


def test_an_export_becomes_posts_in_two_lines_without_a_configuration(home: Path, export: Path) -> None:
    said = linkletter("import", export, at=home)
    assert said.out.splitlines() == [
        "7 messages in 2 channels",
        "6 shares of 5 links by 2 people",
        "1 held back from public places: shared document 1",
    ]
    assert "one newsletter over every imported channel" in said.err
    assert "Monday 00:00 UTC" in said.err
    said = linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    assert said.out.splitlines() == ["2020-W24\t2020-06-15-newsletter.md", "2020-W25\t2020-06-22-newsletter.md"]
    assert [*files(home / "posts")] == ["2020-06-15-newsletter.md", "2020-06-22-newsletter.md"]
    first, second = (post.decode() for post in files(home / "posts").values())
    assert first.index("### 벡터 검색 입문") < first.index("### Sparse autoencoders"), (
        "the one that somebody liked is first"
    )
    assert "A gentle tour of what they find." in first
    assert "still my favourite of them all (also in " in second


def test_what_only_the_team_may_see_is_in_no_post_without_a_configuration(home: Path, export: Path) -> None:
    linkletter("import", export, at=home)
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    linkletter("publish", "--to", "recap", "--all-weeks", "--style", "index", at=home)
    for name, post in (files(home / "posts") | files(home / "recap")).items():
        for secret in (b"plan", b"docs.google", b"Example", b"handle", b"U0ANN", b"U0BEN", b"desk", b"slack"):
            assert secret not in post, f"{secret!r} in {name}"


def test_everything_a_second_time_changes_nothing(home: Path, export: Path) -> None:
    def everything() -> None:
        linkletter("import", export, at=home)
        linkletter("publish", "--to", "posts", "--all-weeks", at=home)
        linkletter("publish", "--to", "recap", "--all-weeks", "--style", "index", at=home)

    everything()
    before = tables(home / "linkletter.db"), files(home / "posts"), touched(home / "posts"), touched(home / "recap")
    everything()
    assert before == (
        tables(home / "linkletter.db"),
        files(home / "posts"),
        touched(home / "posts"),
        touched(home / "recap"),
    )


def test_the_configuration_says_how_a_post_looks_and_where_it_goes(ready: Path) -> None:
    elsewhere = ready / "elsewhere"
    elsewhere.mkdir()
    said = linkletter("--config", "../config.yaml", "publish", "--all-weeks", at=elsewhere)
    assert said.err == ""
    assert said.out.splitlines() == ["2020-W24\t2020-06-13-weekly.md", "2020-W25\t2020-06-20-weekly.md"]
    head = YAML(typ="safe").load((ready / "posts" / "2020-06-13-weekly.md").read_text().split("---")[1])
    assert head == {
        "title": "Weekly (2020-W24)",
        "date": datetime.fromisoformat("2020-06-13 12:00"),
        "categories": ["news"],
        "tags": ["ML"],
    }
    assert files(elsewhere) == {}, "paths in a configuration start beside it"


@pytest.mark.parametrize("style", STYLES)
def test_preview_shows_the_very_post_that_publish_writes(ready: Path, style: str) -> None:
    shown = linkletter("preview", "--week", "2020-W25", "--format", "markdown", "--style", style, at=ready).out
    linkletter("publish", "--all-weeks", "--to", "posts", "--style", style, at=ready)
    assert shown == (ready / "posts" / "2020-06-20-weekly.md").read_text()
    again = linkletter("preview", "--week", "2020-W25", "--format", "markdown", "--style", style, at=ready).out
    assert again == shown, "what was published is shown as it is"


def test_preview_as_text_is_for_the_team_and_names_people(ready: Path) -> None:
    said = linkletter("preview", "--date", "2020-06-10", at=ready)
    assert said.err == ""
    assert said.out.startswith("Weekly (2020-W24)\n")
    assert "Secret plan\n   https://example.org/plan\n   For us only.\n   Shared by Ann Example (#desk)" in said.out
    assert said.out.endswith("\n")
    assert not said.out.endswith("\n\n")


def test_preview_as_json_is_everything_and_nothing_else(ready: Path) -> None:
    shown = linkletter("preview", "weekly", "--week", "2020-W24", "--format", "json", at=ready).json
    titles = [entry["title"] for section in shown["sections"] for entry in section["entries"]]
    assert titles == ["벡터 검색 입문", "Sparse autoencoders", "Secret plan"]


def test_a_day_and_a_week_name_the_same_edition(ready: Path) -> None:
    shown = {
        linkletter("preview", *words, at=ready).out
        for words in (("--date", "2020-06-13"), ("--date", "2020-06-07"), ("--week", "2020-W24"), ("--week", "2020w24"))
    }
    assert len(shown) == 1


def test_preview_changes_nothing(ready: Path) -> None:
    before = everything_in(ready / "linkletter.db")
    linkletter("preview", "--week", "2020-W24", at=ready)
    linkletter("preview", at=ready)
    assert everything_in(ready / "linkletter.db") == before


def test_an_empty_preview_says_where_the_links_are(ready: Path) -> None:
    said = linkletter("preview", at=ready)
    assert said.out.startswith("Weekly (")
    assert "try --date 2020-06-17" in said.err
    assert "linkletter publish --to FOLDER --all-weeks" in said.err


def this_week(home: Path) -> None:
    """A chat of this very hour, and a newsletter that is due in three days, whatever day it is."""
    due = datetime.now(UTC) + timedelta(days=3)
    (home / "config.yaml").write_text(
        f"newsletters:\n  weekly: {{schedule: {{day: {due:%A}}}, markdown: {{folder: posts}}}}\n".lower()
    )
    minute = datetime.now(UTC) - timedelta(minutes=1)
    chat = {"links": [message("A fresh thing\n<https://example.org/fresh>\nJust out.", minute)]}
    linkletter("import", unpacked(home / "export", slack_files(chat)), at=home)


def test_publish_closes_the_open_edition_once(home: Path) -> None:
    this_week(home)
    status = linkletter("status", "--json", at=home).json["newsletters"][0]
    assert (status["entries"], status["editions"]) == (1, 0)
    said = linkletter("publish", "--json", at=home)
    assert [len(said.json["published"]), said.json["failed"]] == [1, []]
    assert said.json["published"][0]["files"] == [*files(home / "posts")]
    assert b"\n[Link](https://example.org/fresh)\n" in next(iter(files(home / "posts").values()))
    before = touched(home / "posts")
    said = linkletter("publish", at=home)
    assert said.out == ""
    assert "Nothing new to publish since" in said.err
    assert touched(home / "posts") == before
    status = linkletter("status", "--json", at=home).json["newsletters"][0]
    assert (status["entries"], status["editions"]) == (0, 1)


def test_a_post_that_a_person_edited_is_kept_and_the_new_one_put_beside_it(ready: Path) -> None:
    linkletter("publish", "--all-weeks", at=ready)
    post = ready / "posts" / "2020-06-13-weekly.md"
    post.write_text("mine\n")
    (ready / "config.yaml").write_text(CONFIG.replace("Weekly (", "Changed ("))
    said = linkletter("publish", "--all-weeks", at=ready)
    assert post.read_text() == "mine\n"
    assert "2020-06-13-weekly.md.new~" in said.out
    assert "edited by hand" in said.err
    assert "Changed (2020-W24)" in (ready / "posts" / "2020-06-13-weekly.md.new~").read_text()
    assert "Changed (2020-W25)" in (ready / "posts" / "2020-06-20-weekly.md").read_text()


def test_the_index_is_one_file_over_all_weeks(ready: Path) -> None:
    said = linkletter("publish", "--all-weeks", "--style", "index", "--to", "recap", at=ready)
    assert said.out.endswith("\tindex.md\n")
    assert [*files(ready / "recap")] == ["index.md"]
    text = (ready / "recap" / "index.md").read_text()
    assert text.index("2020-W24 (13 Jun)") < text.index("2020-W25 (20 Jun)")
    assert "- [Tiny queues](https://example.net/queues)" in text


def test_search_finds_words_syllables_and_says_so_if_there_are_none(ready: Path) -> None:
    said = linkletter("search", "gentle", "tour", at=ready)
    assert said.out.splitlines() == [
        "2020-06-09  Sparse autoencoders",
        "            https://example.org/sparse",
        "            Ann Example in #links",
    ]
    found = linkletter("search", "벡터", "--json", at=ready).json["found"]
    assert [one["url"] for one in found] == ["https://example.com/%EB%B2%A1%ED%84%B0"]
    assert found[0]["at"].startswith("2020-06-10T01:00:00")
    said = linkletter("search", "zeppelin", at=ready)
    assert (said.out, "try fewer" in said.err) == ("", True)
    for odd in ('"', "*", "NEAR(", "a OR", "%", "'; DROP TABLE share; --", "\u200b", "#"):
        linkletter("search", "--", odd, at=ready)


def test_check_prints_a_configuration_that_loads_and_the_next_three_cut_offs(ready: Path) -> None:
    said = linkletter("check", at=ready)
    printed, _, coming = said.out.partition("\nweekly: the next editions are cut off on\n")
    assert len(re.findall(r"^  Saturday .* 12:00 Asia/Seoul \(03:00 UTC\), in ", coming, re.MULTILINE)) == 3
    (ready / "printed.yaml").write_text(printed)
    assert linkletter("--config", "printed.yaml", "check", at=ready).out == said.out


def test_check_never_prints_a_token(home: Path) -> None:
    (home / "config.yaml").write_text("platforms:\n  slack: {bot_token: '${SLACK_BOT_TOKEN}'}\n" + CONFIG)
    token = "xoxb-1234567890-abcdefghijklmnop"
    for words in (["check"], ["check", "--json"], ["status"]):
        said = linkletter(*words, at=home, SLACK_BOT_TOKEN=token)
        assert token not in said.out + said.err
    assert token not in everything_in(home / "linkletter.db")


def test_the_demo_needs_nothing_and_ends_its_week_only_once(home: Path) -> None:
    said = linkletter("demo", "--once", at=home)
    assert said.err == ""
    assert "Tests that look for the case you forgot" in said.out, "the edition is printed"
    demo = home / "linkletter-demo"
    posts = files(demo / "posts")
    assert len(posts) == 6
    lies_in = re.search(r"lies in\n  (\S+)", said.out)[1]
    assert (home / lies_in).is_file()
    before = touched(demo / "posts")
    again = linkletter("demo", "--once", at=home)
    assert again.out == said.out
    assert (files(demo / "posts"), touched(demo / "posts")) == (posts, before)
    for advice in ("linkletter demo --keep", "linkletter init"):
        assert advice in said.out
    shown = linkletter(
        "--config", demo / "config.yaml", "preview", "--week", "2026-W26", "--format", "markdown", at=home
    )
    assert shown.out.encode() == posts["2026-06-26-weekly.md"]


def test_the_demo_speaks_korean_where_the_locale_does(home: Path) -> None:
    said = linkletter("demo", "--once", "--folder", "방", at=home, LC_ALL="ko_KR.UTF-8")
    assert "깜빡한 경우를 찾아주는 테스트" in said.out
    assert "이번 주의 링크 (6월 4주차)" in said.out
    assert "--folder 방" in said.out


def test_the_demo_is_filled_from_an_export(home: Path) -> None:
    export = packed(home / "export.zip", slack_files({
        "news": [
            message("Tea\n<https://example.org/tea>\nfor <@U0BEN>", "2026-06-03 09:00"),
            message("no link", "2026-06-04 09:00", "U0BEN"),
            message("Newer tea\n<https://example.org/newer>\nGood.", "2026-06-10 09:00", reactions=[{"name": "+1", "users": ["U0BEN"], "count": 1}]),
        ],
        "desk": [message("<https://example.org/private>", "2026-06-10 10:00")],
    }, private=["desk"]))  # fmt: skip
    said = linkletter("demo", "--once", "--import", export, at=home)
    assert "Newer tea" in said.out
    posts = files(home / "linkletter-demo" / "posts")
    assert len(posts) == 2
    assert not any(b"example.org/private" in post for post in posts.values())
    room = (home / "linkletter-demo" / "room.json").read_text("utf-8")
    assert "no link" in room, "everything that was said is in the room"
    said = linkletter("demo", "--once", "--import", home / "nothing.zip", "--folder", "other", at=home, status=1)
    assert "there is no such file" in said.err


def test_the_demo_leaves_a_folder_of_somebody_else_alone(home: Path) -> None:
    (home / "mine").mkdir()
    (home / "mine" / "config.yaml").write_text(CONFIG)
    said = linkletter("demo", "--once", "--folder", "mine", at=home, status=1)
    assert "is no demo" in said.err
    assert files(home / "mine") == {"config.yaml": CONFIG.encode()}
    linkletter("demo", "--empty", "--import", "x", at=home, status=2)
    linkletter("demo", "--once", at=home)
    said = linkletter("demo", "--once", "--empty", at=home, status=1)
    assert "has a room already" in said.err


def test_a_demo_that_other_machines_can_reach_is_behind_a_token(home: Path) -> None:
    with started("demo", "--no-browser", "--host", "0.0.0.0", "--port", "0", at=home) as process:
        told = (line.decode() for line in process.stderr)
        line = next(line for line in told if "http" in line)
        assert re.search(r"http://0\.0\.0\.0:\d+/\?token=[\w-]{20,}", line), line
        port = re.search(r":(\d+)/", line)[1]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)


# --- what is typed wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Usage: linkletter"),
        (["previw"], "No such command 'previw'"),
        (["preview", "--style", "fancy"], "'hexo', 'jekyll'"),
        (["preview", "--week", "2020-W54"], "2020-W01 to 2020-W53"),
        (["preview", "--week", "last"], "as in 2020-W24"),
        (["preview", "--date", "13.06.2020"], "as in 2020-06-13"),
        (["preview", "--date", "0001-01-01"], "out of reach"),
        (["preview", "--date", "2020-06-13", "--week", "2020-W24"], "not both"),
        (["preview", "daily"], "There is: weekly"),
        (["publish", "daily"], "There is: weekly"),
        (["publish", "--to", "config.yaml"], "is a file"),
        (["import"], "PATH"),
        (["search"], "WORDS"),
        (["--config", "nothing.yaml", "status"], "there is no such file"),
        (["--config", ".", "status"], "is a directory"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_cannot_be_meant_is_wrong_usage_and_changes_nothing(home: Path, words: list[str], told: str) -> None:
    (home / "config.yaml").write_text(CONFIG)
    said = linkletter(*words, at=home, status=2)
    assert said.out == ""
    assert told in said.err
    assert len(said.err.splitlines()) < 35
    assert [*files(home)] == ["config.yaml"]


def test_publish_without_a_place_to_write_says_how_to_name_one(home: Path) -> None:
    said = linkletter("publish", at=home, status=2)
    assert "linkletter publish --to posts" in said.err


def test_of_two_newsletters_one_must_be_named(ready: Path) -> None:
    (ready / "config.yaml").write_text(CONFIG + CONFIG.removeprefix("newsletters:\n").replace("weekly:", "second:"))
    for command in ("preview", "publish"):
        said = linkletter(command, at=ready, status=2)
        assert "Name one of: weekly, second" in said.err
    assert "Sparse autoencoders" in linkletter("preview", "second", "--week", "2020-W24", at=ready).out
    standing = linkletter("status", "--json", at=ready).json["newsletters"]
    assert [one["newsletter"] for one in standing] == ["weekly", "second"]


def test_a_broken_configuration_is_told_all_at_once_with_lines(home: Path) -> None:
    (home / "config.yaml").write_text(
        dedent("""\
            databse: sqlite:///x.db
            newsletters:
              weekly:
                title: "{{ week.labl }}"
                timezone: Asia/Soul
                schedule: {day: satrday}
                collect: ["#links"]
                markdown: {style: hxo}
              second:
                title: "{{ week.labl }}"
            """)
    )
    for command in (["check"], ["import", "nothing.zip"], ["status", "--json"]):
        said = linkletter(*command, at=home, status=2)
        assert said.out == ""
        for told in (
            "config.yaml: line 1: databse",
            "config.yaml: line 5: newsletters.weekly.timezone",
            "Asia/Seoul",
            "config.yaml: line 6: newsletters.weekly.schedule.day",
            "config.yaml: line 7: newsletters.weekly.collect",
            "config.yaml: line 8: newsletters.weekly.markdown.style",
            "config.yaml: line 10: newsletters.second.title",
        ):
            assert told in said.err, told
    assert [*files(home)] == ["config.yaml"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{", b"- a\n- b\n", b"[" * 5000, b"newsletters:\n\tx: 1\n"])
def test_a_configuration_that_is_none_is_told_in_a_line(home: Path, content: bytes) -> None:
    (home / "config.yaml").write_bytes(content)
    said = linkletter("check", at=home, status=2)
    assert said.err.startswith("config.yaml: ")
    assert len(said.err.splitlines()) <= 2


def test_a_secret_in_the_configuration_is_refused_and_not_repeated(home: Path) -> None:
    (home / "config.yaml").write_text("platforms:\n  slack: {bot_token: xoxb-123456-secretsecret}\n" + CONFIG)
    said = linkletter("check", at=home, status=2)
    assert "SLACK_BOT_TOKEN" in said.err
    assert "secretsecret" not in said.err


@pytest.mark.parametrize(
    "words", [["status"], ["check"], ["search", "gentle"], ["publish", "--to", "p", "--all-weeks"]]
)
def test_json_is_all_there_is_on_stdout(ready: Path, words: list[str]) -> None:
    assert isinstance(linkletter(*words, "--json", at=ready).json, dict)
    (ready / "config.yaml").unlink()
    assert isinstance(linkletter(*words, "--json", at=ready).json, dict)


def test_import_as_json_counts_what_the_text_counts(home: Path, export: Path) -> None:
    counted = linkletter("import", export, "--json", at=home).json
    assert (counted["messages"], counted["channels"], counted["shares"], counted["links"]) == (7, 2, 6, 5)
    assert counted["people"] == 2
    assert counted["held"] == {"shared document": 1}
    assert counted["workspaces"] == {str(export): "slack:T0TEAM"}


# --- the machine is unkind -----------------------------------------------------------------------------------------


def newer(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def foreign(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")


@pytest.mark.parametrize("words", [["import", "export.zip"], ["status"], ["publish", "--all-weeks"], ["search", "x"]])
def test_a_database_of_a_newer_version_is_refused_and_not_touched(ready: Path, words: list[str]) -> None:
    newer(ready / "linkletter.db")
    before = everything_in(ready / "linkletter.db")
    said = linkletter(*words, at=ready, status=1)
    assert "newer Linkletter" in said.err
    assert everything_in(ready / "linkletter.db") == before


def test_a_database_of_another_program_is_refused_and_not_touched(home: Path, export: Path) -> None:
    foreign(home / "linkletter.db")
    before = files(home)
    said = linkletter("import", export, at=home, status=1)
    assert "'recipe'" in said.err
    assert files(home) == before


@pytest.mark.parametrize("content", [b"not a database, only words " * 100, b"SQLite format 3\0" + bytes(100)])
def test_a_database_that_is_none_is_told_in_a_line(home: Path, export: Path, content: bytes) -> None:
    (home / "linkletter.db").write_bytes(content)
    said = linkletter("import", export, at=home, status=1)
    assert "linkletter.db" in said.err
    assert len(said.err.splitlines()) == 2  # and the line that there is no configuration


def test_a_database_in_a_folder_that_is_missing_is_told_so(home: Path) -> None:
    (home / "config.yaml").write_text("database: sqlite:///missing/linkletter.db\n" + CONFIG)
    said = linkletter("status", at=home, status=1)
    assert "does the folder exist" in said.err


def test_a_post_that_cannot_be_written_fails_alone_and_is_written_when_it_can(ready: Path) -> None:
    (ready / "posts" / "2020-06-13-weekly.md").mkdir(parents=True)
    said = linkletter("publish", "--all-weeks", at=ready, status=1)
    assert "2020-W24 did not reach" in said.err
    assert "it is a folder" in said.err
    assert "2020-06-13-weekly.md" in linkletter("status", at=ready, status=1).out
    (ready / "posts" / "2020-06-13-weekly.md").rmdir()
    linkletter("publish", "--all-weeks", at=ready)
    assert len(files(ready / "posts")) == 2
    linkletter("status", at=ready)


def few_bytes(limit: int) -> Callable[[], None]:
    """As on a full disk: no file may grow beyond this."""

    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return prepare


def test_a_full_disk_fails_the_import_kindly_and_the_next_one_completes_it(home: Path) -> None:
    export = packed(home / "export.zip", slack_files(many(1500)))
    linkletter("status", at=home)
    size = (home / "linkletter.db").stat().st_size
    said = started_anew("import", export, at=home, status=1, prepare=few_bytes(size + 200_000))
    assert len(said.err.splitlines()) == 2
    assert "linkletter.db" in said.err
    linkletter("import", export, at=home)
    fresh = home / "fresh"
    fresh.mkdir()
    linkletter("import", export, at=fresh)
    assert tables(home / "linkletter.db") == tables(fresh / "linkletter.db")


def test_results_that_cannot_be_written_fail(ready: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([*COMMAND, "status"], cwd=ready, env=surroundings(), stdout=full, stderr=subprocess.PIPE)
    assert ran.returncode == 1
    assert b"No space left" in ran.stderr
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [["preview", "--week", "2020-W24"], ["--help"]])
def test_a_reader_that_goes_away_is_no_error(ready: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = subprocess.run([*COMMAND, *words], cwd=ready, env=surroundings(), stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert ran.stderr == b""
    assert ran.returncode in (0, 1), "as click has it for --help"


@pytest.mark.parametrize("words", [["--help"], ["preview", "--week", "2020-W24"]])
def test_closed_streams_are_no_crash(ready: Path, words: list[str]) -> None:
    ran = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>"$0"', "errors", *COMMAND, *words], cwd=ready, env=surroundings()
    )
    assert ran.returncode in (0, 1)
    assert "Traceback" not in (ready / "errors").read_text()


def many(count: int) -> dict[str, list[dict[str, object]]]:
    """A channel with so many links, one a minute."""
    start = datetime(2020, 6, 8, tzinfo=UTC)
    return {
        "links": [
            message(f"Number {n}\n<https://example.org/{n}>\nThe words of number {n}.", start + timedelta(minutes=n))
            for n in range(count)
        ]
    }


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_an_import_stopped_in_the_middle_is_completed_by_the_next_one(
    home: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    export = packed(tmp_path / "export.zip", slack_files(many(1500)))
    with started("import", export, at=home) as running:
        with halted(running, home / "linkletter.db", "message", 500):
            running.send_signal(stop)
        errors = running.communicate(timeout=DEADLINE_SECONDS)[1].decode()
    assert "Traceback" not in errors
    if stop is signal.SIGINT:
        assert running.returncode == 1
        assert "run it again to go on" in errors
    with closing(sqlite3.connect(home / "linkletter.db")) as connection:
        assert 500 <= connection.execute("SELECT count(*) FROM message").fetchone()[0] < 1500
    linkletter("import", export, at=home)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    linkletter("import", export, at=fresh)
    assert tables(home / "linkletter.db") == tables(fresh / "linkletter.db")


def test_ctrl_c_is_heard_while_a_large_export_is_read(home: Path, tmp_path: Path) -> None:
    """Reading is one long stretch of work without a pause; nobody should have to press twice."""
    day = json.dumps(
        [message(f"Number {n} <https://example.org/{n}>", "2020-06-10 01:00", pad="x" * 200) for n in range(20_000)]
    )
    chat = {f"links/2020-06-{n:02}.json": day for n in range(1, 31)}
    export = unpacked(tmp_path / "export", {**slack_files({"links": []}), **chat})
    # A pipe in place of a file would be passed over, so the last file is one that is waited for: its end never comes.
    with started("import", export, at=home) as running:
        opened = re.compile(r"2020-06-0[2-9]\.json")
        for _ in range(DEADLINE_SECONDS * 1000):
            assert running.poll() is None
            with suppress(OSError):
                if any(opened.search(str(link.readlink())) for link in Path(f"/proc/{running.pid}/fd").iterdir()):
                    break
        running.send_signal(signal.SIGINT)
        errors = running.communicate(timeout=DEADLINE_SECONDS)[1].decode()
    assert running.returncode == 1
    assert "run it again to go on" in errors
    assert "Traceback" not in errors
    with closing(sqlite3.connect(home / "linkletter.db")) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (0,)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_publishing_all_weeks_stopped_in_the_middle_ends_in_the_same_posts(
    home: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    start = datetime(2020, 1, 6, tzinfo=UTC)
    chat = {
        "links": [
            message(f"Week {n}\n<https://example.org/{n}>\nThe words of week {n}.", start + timedelta(weeks=n))
            for n in range(16)
        ]
    }
    export = packed(tmp_path / "export.zip", slack_files(chat))
    linkletter("import", export, at=home)
    whole = Path(shutil.copytree(home, tmp_path / "whole"))
    linkletter("publish", "--to", "posts", "--all-weeks", at=whole)
    for table, rows in (("edition", 5), ("part", 10)):
        with started("publish", "--to", "posts", "--all-weeks", at=home) as running:
            with halted(running, home / "linkletter.db", table, rows):
                running.send_signal(stop)
            running.communicate(timeout=DEADLINE_SECONDS)
        assert running.returncode not in (0, None)
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    assert files(home / "posts") == files(whole / "posts")
    assert without_times(home) == without_times(whole)
    before = touched(home / "posts")
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    assert touched(home / "posts") == before


def test_a_kill_between_writing_a_post_and_noting_it_down_writes_no_post_twice(home: Path, tmp_path: Path) -> None:
    linkletter("import", packed(tmp_path / "export.zip", slack_files(many(20))), at=home)
    posts = home / "posts"
    with started("publish", "--to", "posts", "--all-weeks", at=home) as running:
        while running.poll() is None and not [*posts.glob("*.md")]:
            pass
        running.kill()
        running.communicate()
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    assert [*files(posts)] == ["2020-06-15-newsletter.md"]
    linkletter("status", at=home)


def without_times(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table, less when and by which process the work was done, and the folder it was done in."""
    instant = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}(\+00:00)?$")
    named = tables(home / "linkletter.db")
    this_year = str(datetime.now(UTC).year)
    return {
        name: sorted(
            tuple(
                "when" if instant.match(value) and value.startswith(this_year) else value.replace(str(home), "HOME")
                for value in row
            )
            for row in rows
        )
        for name, rows in named.items()
        if name != "delivery"
    } | {"deliveries": [(len(named["delivery"]),)]}


# --- terminals -----------------------------------------------------------------------------------------------------


def on_a_terminal(*words: str | Path, at: Path, columns: int = 80, **changed: str) -> tuple[int, str]:
    """The command at a pseudo-terminal of this width: how it ended, and all that went over the screen."""
    screen, terminal = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=at,
        env=surroundings(**{"TERM": "xterm", **changed}),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    with suppress(OSError):  # Linux says EIO when the last one has left the terminal
        while piece := os.read(screen, 65536):
            shown += piece
    os.close(screen)
    return process.wait(DEADLINE_SECONDS), shown.decode(errors="replace")


@pytest.mark.parametrize("columns", [80, 20])
def test_a_terminal_shows_progress_and_keeps_only_the_counts(home: Path, tmp_path: Path, columns: int) -> None:
    export = packed(tmp_path / "[bold]export[.zip", slack_files(many(300)))
    status, shown = on_a_terminal("import", export, at=home, columns=columns)
    assert status == 0, shown
    assert "Reading" in shown
    assert "\x1b[?25l" in shown, "while it works there is a bar and no cursor"
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is back"
    kept = shown[shown.rindex("\x1b[?25h") :]
    assert "300 messages in 1 channel" in kept
    if columns == 80:
        assert "[bold]" in shown.replace("\r\n", ""), "a name in brackets is no markup"


def test_a_pause_until_a_day_that_has_passed_is_refused_and_changes_nothing(ready: Path) -> None:
    linkletter("week", "pause", "--date", "2999-06-13", at=ready)
    said = linkletter("week", "pause", "--date", "2020-06-13", at=ready, status=2)
    assert "2020-06-13 has passed: name the day from which on it goes out again" in said.err
    assert "paused" in linkletter("status", at=ready).out


def test_the_log_says_days_and_hours_as_the_newsletter_has_them(ready: Path) -> None:
    linkletter("week", "pause", "--date", "2999-06-13", at=ready)
    linkletter("week", "resume", at=ready)
    now = datetime.now(UTC) + timedelta(hours=9)
    lines = linkletter("week", "log", at=ready).out.splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines] == [
        "pause 2999-06-13 by command line",
        "resume by command line",
    ]
    assert abs(datetime.strptime(lines[0][:16] + "+0000", "%Y-%m-%d %H:%M%z") - now) < timedelta(minutes=5)


def test_a_dumb_terminal_and_a_log_get_plain_lines(home: Path, export: Path) -> None:
    status, shown = on_a_terminal("import", export, at=home, TERM="dumb")
    assert status == 0
    assert "\x1b" not in shown
    said = linkletter("import", export, at=home)
    assert "\x1b" not in said.out + said.err


@pytest.mark.parametrize(
    "changed",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_korean_goes_through_every_locale(ready: Path, changed: dict[str, str]) -> None:
    said = started_anew("preview", "--week", "2020-W24", "--format", "markdown", at=ready, **changed)
    assert "### 벡터 검색 입문" in said.out
    found = started_anew("search", "벡터", "--json", at=ready, **changed).json["found"]
    assert [one["title"] for one in found] == ["벡터 검색 입문"]
    status, shown = on_a_terminal("publish", "한글.yaml", at=ready, **changed)
    assert status == 2, shown
    assert "Traceback" not in shown


def test_a_terminal_that_has_no_korean_shows_what_it_can(ready: Path) -> None:
    status, shown = on_a_terminal("preview", "--week", "2020-W24", at=ready, PYTHONIOENCODING="latin-1")
    assert status == 0, shown
    assert "\\ubca1\\ud130" in shown


def test_folders_with_spaces_korean_and_a_dash_are_folders(home: Path, export: Path) -> None:
    odd = Path(shutil.copy(export, home / "-내 보내기 (1)[x].zip"))
    assert "7 messages" in linkletter("import", "--", odd.name, at=home).out
    assert "7 messages" in linkletter("import", odd, at=home).out
    for folder in ("한글 폴더/글", "-dash", "[a-z]*", "100%s", "{x}"):
        linkletter("publish", "--to", folder, "--all-weeks", at=home)
        assert len(files(home / folder)) == 2, folder


def test_a_tilde_is_the_home_folder_also_where_the_shell_leaves_it(tmp_path: Path, home: Path, export: Path) -> None:
    shutil.copy(export, home / "export.zip")
    (home / "config.yaml").write_text(CONFIG.replace("folder: posts", "folder: ~/posts"))
    somewhere = tmp_path / "somewhere"
    somewhere.mkdir()
    known = {"HOME": str(home)}
    linkletter("--config=~/config.yaml", "import", "~/export.zip", at=somewhere, **known)
    linkletter("--config=~/config.yaml", "publish", "--to=~/given", "--all-weeks", at=somewhere, **known)
    linkletter("--config=~/config.yaml", "publish", "--all-weeks", at=somewhere, **known)
    assert len(files(home / "given")) == len(files(home / "posts")) == 2
    assert files(somewhere) == {}


def test_help_fits_a_narrow_terminal_and_every_command_explains_itself(home: Path) -> None:
    wide = linkletter("--help", at=home).out
    for command in re.findall(r"^  (\w+)  ", wide.partition("Commands:")[2], re.MULTILINE):
        shown = linkletter(command, "--help", at=home, COLUMNS="40").out
        assert max(map(len, shown.splitlines())) <= 60
    assert re.search(r"\d+\.\d+", linkletter("--version", at=home).out)
    assert files(home) == {}


def test_the_installed_command_is_the_same(home: Path, export: Path) -> None:
    installed = Path(sys.executable).with_name("linkletter")
    if not installed.exists():
        pytest.skip("needs the project installed beside the interpreter: make test")
    assert "7 messages" in started_anew("import", export, at=home, command=[str(installed)]).out


def test_many_links_of_one_week_are_one_post(home: Path, tmp_path: Path) -> None:
    linkletter("import", packed(tmp_path / "export.zip", slack_files(many(400))), at=home)
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    (post,) = files(home / "posts").values()
    assert post.count(b"\n### Number ") == 400
