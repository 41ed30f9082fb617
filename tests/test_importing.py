"""Importing as a person does it: exports that are broken, hostile, overlapping or of two chats, through the command.

What each reader makes of its platform's JSON is in ``slack/`` and ``discord/``; here is what the command says, what is
stored, and that the order of things does not matter.
"""

import json
import random
import re
import stat
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import (
    PEOPLE,
    everything_in,
    files,
    linkletter,
    message,
    packed,
    slack_files,
    started_anew,
    tables,
    unpacked,
)

LINK = message("Sparse autoencoders\n<https://example.org/sparse>\nA gentle tour.", "2020-06-09 01:00")
GOOD = {"links": [LINK, message("hello", "2020-06-09 02:00")]}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder in which one export is imported already."""
    folder = tmp_path / "home"
    folder.mkdir()
    linkletter("import", packed(folder / "good.zip", slack_files(GOOD)), at=folder)
    return folder


def new_home(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


# --- hostile and broken --------------------------------------------------------------------------------------------


def cut(path: Path) -> Path:
    content = slack_files(GOOD)
    return packed(path, {**content, "links/2020-06-10.json": content["links/2020-06-09.json"][:-20]})


def outside(path: Path) -> Path:
    return packed(path, {**slack_files(GOOD), "../../outside.json": "[]"})


def with_a_symbolic_link(path: Path) -> Path:
    packed(path, slack_files(GOOD))
    member = zipfile.ZipInfo("links/2020-06-10.json")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(member, "/etc/passwd")
    return path


def bomb(path: Path) -> Path:
    return packed(path, {**slack_files(GOOD), "links/2020-06-10.json": "[" + " " * 30_000_000 + "]"})


def encrypted(path: Path) -> Path:
    raw = bytearray(packed(path, slack_files(GOOD)).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(raw)):
            raw[found.start() + flags] |= 1
    path.write_bytes(raw)
    return path


def half(path: Path) -> Path:
    raw = packed(path, slack_files(GOOD)).read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    return path


def no_zip(path: Path) -> Path:
    path.write_text("<html>Please log in</html>")
    return path


def empty_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def empty_zip(path: Path) -> Path:
    return packed(path, {})


def empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


def deep(path: Path) -> Path:
    return packed(path, {**slack_files(GOOD), "links/2020-06-10.json": "[" * 50_000 + "]" * 50_000})


def other_json(path: Path) -> Path:
    path = path.with_suffix(".json")
    path.write_text('{"recipes": [1, 2]}')
    return path


def discord_without_a_channel(path: Path) -> Path:
    path = path.with_suffix(".json")
    path.write_text('{"guild": {"id": "1"}, "messages": [{"id": "1"}]}')
    return path


def missing(path: Path) -> Path:
    return path


BROKEN: dict[Callable[[Path], Path], str] = {
    cut: r"links/2020-06-10\.json, line 1 column \d+: is cut off\. Export it again",
    outside: r"outside\.json: names a place outside the export",
    with_a_symbolic_link: r"links/2020-06-10\.json: is a symbolic link",
    bomb: r"links/2020-06-10\.json: unpacks to over 200 times its size",
    encrypted: r"is encrypted\. Unpack the ZIP yourself",
    half: r"is no whole ZIP file",
    no_zip: r"ZIP",
    empty_file: r"bad\.zip",
    empty_zip: r"bad\.zip",
    empty_folder: r"neither a Slack export .* nor DiscordChatExporter JSON",
    deep: r"links/2020-06-10\.json: is nested too deeply",
    other_json: r"bad\.json: is neither a Slack export",
    discord_without_a_channel: r"bad\.json",
    missing: r"there is no such file or folder",
}


@pytest.mark.parametrize(("make", "told"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_export_is_refused_with_its_place_and_changes_nothing(
    home: Path, make: Callable[[Path], Path], told: str
) -> None:
    before = everything_in(home / "linkletter.db")
    new = packed(home / "new.zip", slack_files({"other": [message("<https://example.org/new>", "2020-06-09 05:00")]}))
    bad = make(home / "bad.zip")
    for paths in ([bad], [new, bad], [bad, new]):
        said = linkletter("import", *paths, "--json", at=home, status=1)
        assert said.out == ""
        error = said.err.splitlines()[-1]
        assert error.startswith(f"linkletter: {home}/bad"), error
        assert re.search(told, error), error
        assert len(said.err.splitlines()) == 2
    assert everything_in(home / "linkletter.db") == before
    assert not (home.parent / "outside.json").exists()


def test_a_day_of_another_shape_is_no_error(home: Path) -> None:
    odd = {
        "links/2020-06-11.json": '[""]',
        "links/2020-06-12.json": "null",
        "notes.json": '{"a": [1]}',
        "read.me": "hi",
    }
    said = linkletter("import", packed(home / "odd.zip", {**slack_files(GOOD), **odd}), at=home)
    assert said.out.startswith("2 messages in 1 channel\n1 share of 1 link by 1 person\n")


def test_messages_of_every_odd_shape_are_counted_and_none_is_lost(home: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"type": "message", "text": "<https://example.org/nobody>", "ts": "1591700001.000001"},
        {"type": "message", "user": None, "text": "<https://example.org/null>", "ts": "1591700002.000001"},
        {**message("", "2020-06-09 03:00"), "text": None},
        message("joined", "2020-06-09 04:00", subtype="channel_join"),
        message("", "2020-06-09 05:00", subtype="tombstone", user="USLACKBOT"),
        message("<https://example.org/bot>", "2020-06-09 06:00", subtype="bot_message", bot_id="B1"),
        {"type": "message", "user": "U0ANN", "text": "no ts"},
        {"type": "message", "user": "U0ANN", "text": "odd", "ts": "yesterday"},
        {"type": "message", "user": "U0ANN", "text": "far", "ts": "99999999999999.0"},
        message("<https://example.org/kept> \ud800 \u0000 \u202e", "2020-06-09 07:00"),
    ]
    export = slack_files(GOOD)
    export["links/2020-06-20.json"] = json.dumps(odd)
    counted = linkletter("import", packed(home / "odd.zip", export), "--json", at=home).json
    assert counted["messages"] + sum(counted["ignored"].values()) == 2 + len(odd)
    assert counted["shares"] == 2
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    assert b"https://example.org/kept" in b"".join(files(home / "posts").values())


# --- counts --------------------------------------------------------------------------------------------------------


def test_the_counts_add_up(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    chat = {
        "one": [
            message("<https://example.org/a> and <https://example.org/b>", "2020-06-09 01:00"),
            message("<https://docs.google.com/document/d/1/edit>", "2020-06-09 02:00"),
            message("<https://zoom.us/j/123456789>", "2020-06-09 03:00"),
            message("no link", "2020-06-09 04:00"),
            message("hello", "2020-06-09 05:00", subtype="channel_join"),
        ],
        "two": [message("<https://www.example.org/a/?utm_source=x>", "2020-06-10 01:00", user="U0BEN")],
    }
    counted = linkletter("import", packed(home / "x.zip", slack_files(chat)), "--json", at=home).json
    assert counted == {
        "messages": 5,
        "channels": 2,
        "links": 4,
        "shares": 5,
        "people": 2,
        "held": {"shared document": 1},
        "left_out": {"meeting": 1},
        "ignored": {"join": 1},
        "forgotten": 0,
        "workspaces": {str(home / "x.zip"): "slack:T0TEAM"},
    }
    kept = tables(home / "linkletter.db")
    assert (len(kept["share"]), len(kept["link"]), len(kept["message"])) == (5, 4, 4)
    assert linkletter("import", packed(home / "x.zip", slack_files(chat)), "--json", at=home).json == counted


# --- secrets -------------------------------------------------------------------------------------------------------

SECRETS = (
    "xoxe-1234567890-abcdef0123456789",
    "xoxb-111111111111-222222222222-AbCdEfGhIjKlMnOpQrStUvWx",
    "xoxp-444444444444-AbCdEfGhIj",
    "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "hooks/1234567890/very-secret-webhook",
)


def test_a_token_in_an_export_is_stored_and_shown_nowhere(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    file = {"id": "F1", "name": "a.pdf", "url_private": f"https://files.slack.com/files-pri/T0-F1/a.pdf?t={SECRETS[0]}"}
    chat = {
        "links": [
            message("the file <https://example.org/paper>", "2020-06-09 01:00", files=[file]),
            message(f"<https://files.slack.com/files-pri/T0-F1/a.pdf?t={SECRETS[0]}>", "2020-06-09 02:00"),
            message(f"our token is {SECRETS[1]} see <https://example.org/docs>", "2020-06-09 03:00"),
            message(f"<https://example.org/api?token={SECRETS[2]}&page=2>", "2020-06-09 04:00"),
            message(f"<https://hooks.slack.com/services/{SECRETS[3]}> posts to us", "2020-06-09 05:00"),
            message(
                f"Look\n<https://example.org/look>\ncurl https://discord.com/api/web{SECRETS[4]}", "2020-06-09 06:00"
            ),
            message(f"<https://example.org/label|{SECRETS[1]}>", "2020-06-09 07:00"),
        ]
    }
    export = packed(home.parent / "x.zip", slack_files(chat))
    said = linkletter("import", export, at=home)
    said_later = [
        linkletter("publish", "--to", "posts", "--all-weeks", at=home),
        linkletter("publish", "--to", "recap", "--all-weeks", "--style", "index", at=home),
        linkletter("preview", "--week", "2020-W24", at=home),
        linkletter("preview", "--week", "2020-W24", "--format", "json", at=home),
        linkletter("search", "token", at=home),
        linkletter("search", "example", "--json", at=home),
    ]
    shown = "".join(one.out + one.err for one in [said, *said_later])
    written = b"".join(files(home).values()).decode(errors="replace") + everything_in(home / "linkletter.db")
    for secret in SECRETS[:3]:
        for place, text in {"shown": shown, "written": written}.items():
            assert secret not in text, f"{secret} is {place}"
    posts = b"".join((files(home / "posts") | files(home / "recap")).values())
    for secret in SECRETS:
        assert secret.encode() not in posts, f"{secret} is public"


HELD_ADDRESSES = (
    "https://docs.google.com/document/d/1abc/edit",
    "http://wiki.internal/plan",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://join.slack.com/t/team/shared_invite/zt-abc",
    "https://team.slack.com/archives/C0LINKS/p1591664400000000",
    "https://example.org/report?sig=abcdef0123456789",
)


@pytest.mark.parametrize("address", HELD_ADDRESSES)
def test_what_is_held_is_in_no_post_wherever_it_stands_in_a_message(tmp_path: Path, address: str) -> None:
    home = new_home(tmp_path / "home")
    chat = {
        "links": [
            message(f"Sparse autoencoders\n<https://example.org/sparse>\nas <{address}> has it", "2020-06-09 01:00"),
            message(f"see <https://example.org/one> and <{address}|our notes> on it", "2020-06-09 02:00"),
            message(f"*Two*\n<https://example.org/two>\n<{address}>", "2020-06-09 03:00"),
            message(f"<https://example.org/sparse> once more, with <{address}>", "2020-06-16 01:00"),
            message(f"In code\n<https://example.org/code>\n`curl {address}`", "2020-06-16 02:00"),
        ]
    }
    linkletter("import", packed(home / "x.zip", slack_files(chat)), at=home)
    for style in ("hexo", "archive", "index"):
        linkletter("publish", "--to", style, "--style", style, "--all-weeks", at=home)
        for name, post in files(home / style).items():
            found = [line for line in post.decode().splitlines() if address.partition("://")[2] in line]
            assert found == [], f"{style}/{name}"


# --- several exports -----------------------------------------------------------------------------------------------


def snapshots(folder: Path) -> tuple[Path, Path]:
    """One channel, exported twice: in between a message was edited, one was deleted, one came, a reaction too."""
    gone = message("Gone soon\n<https://example.org/gone>\nNobody will miss it.", "2020-06-09 03:00")
    came = message("Came later\n<https://example.org/later>\nWorth the wait.", "2020-06-11 01:00", user="U0BEN")
    edited = {
        **LINK,
        "text": "Sparse autoencoders\n<https://example.org/sparse>\nA gentle tour, now with a map.",
        "edited": {"user": "U0ANN", "ts": f"{float(LINK['ts']) + 60:.6f}"},
        "reactions": [{"name": "tada", "users": ["U0BEN"], "count": 1}],
    }
    tombstone = {**gone, "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}
    early = packed(folder / "early.zip", slack_files({"links": [LINK, gone]}))
    late = packed(folder / "late.zip", slack_files({"links": [edited, tombstone, came]}))
    return early, late


def test_overlapping_snapshots_in_any_order_and_grouping_are_one_chat(tmp_path: Path) -> None:
    early, late = snapshots(tmp_path)
    ended: list[object] = []
    for n, runs in enumerate([[[early], [late]], [[late], [early]], [[early, late]], [[late, early]], [[late]] * 2]):
        home = new_home(tmp_path / f"home{n}")
        for paths in runs:
            linkletter("import", *paths, at=home)
        linkletter("publish", "--to", "posts", "--all-weeks", at=home)
        ended.append((chat_tables(home), files(home / "posts")))
        assert b"now with a map" in files(home / "posts")["2020-06-15-newsletter.md"]
        assert b"example.org/gone" not in files(home / "posts")["2020-06-15-newsletter.md"]
    assert ended[0] == ended[1] == ended[2] == ended[3]


def chat_tables(home: Path) -> dict[str, Any]:
    """What was heard, without the ledger, which says when things were made and in which folder."""
    kept = tables(home / "linkletter.db")
    return {
        name: kept[name]
        for name in ("channel", "person", "message", "share", "reaction", "unnamed", "link", "share_terms")
    }


def discord_file(path: Path, *words: str) -> Path:
    """A DiscordChatExporter file of one channel."""
    start = datetime(2020, 6, 9, 6, tzinfo=UTC)
    path.write_text(
        json.dumps(
            {
                "guild": {"id": "100", "name": "Example guild", "iconUrl": ""},
                "channel": {"id": "200", "type": "GuildTextChat", "category": "Text", "name": "finds", "topic": None},
                "dateRange": {"after": None, "before": None},
                "messages": [
                    {
                        "id": str(300 + n),
                        "type": "Default",
                        "timestamp": (start + timedelta(minutes=n)).isoformat(),
                        "timestampEdited": None,
                        "isPinned": False,
                        "content": text,
                        "author": {"id": "400", "name": "cleo.handle", "nickname": "Cleo", "isBot": False},
                        "attachments": [],
                        "embeds": [],
                        "reactions": [],
                        "mentions": [],
                    }
                    for n, text in enumerate(words)
                ],
                "messageCount": len(words),
            }
        )
    )
    return path


def test_slack_and_discord_make_one_newsletter(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    slack = packed(tmp_path / "slack.zip", slack_files(GOOD))
    discord = discord_file(
        tmp_path / "discord.json", "https://example.org/sparse read this", "https://example.com/other"
    )
    counted = linkletter("import", slack, discord, "--json", at=home).json
    assert (counted["channels"], counted["shares"], counted["links"], counted["people"]) == (2, 3, 2, 2)
    assert counted["workspaces"] == {str(slack): "slack:T0TEAM", str(discord): "discord:100"}
    shown = linkletter("preview", "--week", "2020-W24", "--format", "json", at=home).json
    shared = {
        entry["url"]: [one["person"]["name"] for one in entry["shares"]]
        for section in shown["sections"]
        for entry in section["entries"]
    }
    assert sorted(shared["https://example.org/sparse"]) == ["Ann Example", "Cleo"]
    assert shared["https://example.com/other"] == ["Cleo"]


def test_the_workspace_is_the_exports_else_the_one_that_is_typed_else_the_configured_one(tmp_path: Path) -> None:
    nameless = slack_files(GOOD, people=[{key: person[key] for key in ("id", "name", "profile")} for person in PEOPLE])
    export = packed(tmp_path / "x.zip", nameless)
    named = packed(tmp_path / "named.zip", slack_files(GOOD))

    def workspaces(home: Path, *words: str | Path) -> list[str]:
        return [*linkletter("import", *words, "--json", at=home).json["workspaces"].values()]

    assert workspaces(new_home(tmp_path / "a"), export) == ["slack:"]
    assert workspaces(new_home(tmp_path / "b"), export, "--workspace", "T0TYPED") == ["slack:T0TYPED"]
    assert workspaces(new_home(tmp_path / "c"), named, "--workspace", "T0TYPED") == ["slack:T0TEAM"]
    configured = new_home(tmp_path / "d")
    (configured / "config.yaml").write_text("platforms: {slack: {workspace: T0CONFIG}}\nnewsletters: {weekly: {}}\n")
    assert workspaces(configured, export) == ["slack:T0CONFIG"]
    assert workspaces(configured, export, "--workspace", "T0TYPED") == ["slack:T0TYPED"]
    known = new_home(tmp_path / "e")
    assert workspaces(known, named) == ["slack:T0TEAM"]
    assert workspaces(known, export) == ["slack:T0TEAM"], "the only one that is known"


def test_messages_without_a_link_leave_no_trace(tmp_path: Path) -> None:
    home = new_home(tmp_path / "home")
    start = datetime(2020, 6, 8, tzinfo=UTC)
    chat = {"links": [message(f"zebra number {n}", start + timedelta(minutes=n)) for n in range(1000)]}
    said = linkletter("import", packed(tmp_path / "x.zip", slack_files(chat)), at=home)
    assert said.out == "1,000 messages in 1 channel\n0 shares of 0 links by 0 people\n"
    assert "zebra" not in everything_in(home / "linkletter.db")
    assert tables(home / "linkletter.db")["message"] == []


# --- the same bytes ------------------------------------------------------------------------------------------------


def a_month(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Four weeks of two channels in which several people share some links more than once and react."""
    chosen = random.Random(seed)
    start = datetime(2020, 6, 1, tzinfo=UTC)
    chat: dict[str, list[dict[str, Any]]] = {"links": [], "papers": []}
    for n in range(120):
        link = f"https://example.org/{chosen.randrange(60)}"
        chat[chosen.choice(["links", "papers"])].append(
            message(
                chosen.choice(
                    [f"Title {n}\n<{link}>\nWords {n}.", f"<{link}>", f"see <{link}> #paper", f"*Bold {n}*\n<{link}>"]
                ),
                start + timedelta(hours=5 * n, seconds=chosen.randrange(3000)),
                user=chosen.choice(["U0ANN", "U0BEN"]),
                reactions=[{"name": chosen.choice(["+1", "tada"]), "users": ["U0BEN", "U0ANN"], "count": 3}] * (n % 2),
            )
        )
    return chat


def test_the_same_chat_gives_the_same_bytes_in_every_order_and_surrounding(tmp_path: Path) -> None:
    members = slack_files(a_month(1))
    other = discord_file(
        tmp_path / "discord.json", "https://example.org/1 first", "https://example.org/2", "https://example.com/3"
    )
    shuffled = [*members]
    random.Random(2).shuffle(shuffled)
    one = packed(tmp_path / "1" / "x.zip", members)
    two = unpacked(tmp_path / "3" / "x", {name: members[name] for name in shuffled})
    runs: list[tuple[list[Path], dict[str, str]]] = [
        ([one, other], {"PYTHONHASHSEED": "0", "TZ": "UTC", "LANG": "en_US.UTF-8"}),
        (
            [two, other, one],
            {"PYTHONHASHSEED": "4711", "TZ": "America/St_Johns", "LC_ALL": "C", "LANG": "ko_KR.UTF-8"},
        ),
    ]
    ended: list[object] = []
    for n, (paths, around) in enumerate(runs):
        home = new_home(tmp_path / f"home{n}")
        started_anew("import", *paths, at=home, **around)
        started_anew("publish", "--to", "posts", "--all-weeks", at=home, **around)
        shown = [linkletter("preview", "--week", week, at=home).out for week in ("2020-W23", "2020-W24")]
        ended.append((chat_tables(home), files(home / "posts"), shown))
    assert ended[0] == ended[1]
    assert len(files(tmp_path / "home0" / "posts")) == 4
