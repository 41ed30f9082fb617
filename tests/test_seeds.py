"""The documents the project was created from, made again: chat of their form through the real commands.

The seeds lie beside the project and no sentence of them is in it; without them these tests are skipped. Where the
result may differ from a seed, the test says why.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from newsletter.urls import clean
from tests.terminal import linkletter, message, slack_files, unpacked

WEEKLY = ("000", "001", "004")
HELD = "drive.google.com"

CONFIG = """\
newsletters:
  weekly:
    title: "Weekly ML/DL News ({{{{ week.next.label }}}})"
    language: ko
    timezone: Asia/Seoul
    schedule: {{day: saturday, time: "12:00"}}
    markdown:
      folder: posts
      style: hexo
      categories: [news]
      tags: [ML, DL]
      link_label: {label}
      audience: {audience}
"""


@dataclass(frozen=True)
class Entry:
    title: str
    label: str
    url: str
    words: str


@dataclass(frozen=True)
class Document:
    """A weekly post, read with as little knowledge as a reader has."""

    front: dict[str, object]
    anchors: list[str]
    entries: list[Entry]


def read(text: str) -> Document:
    _, front, body = re.split(r"^---$", text, maxsplit=2, flags=re.MULTILINE)
    contents, *parts = re.split(r"^### ", body, flags=re.MULTILINE)
    entries = []
    for part in parts:
        title, _, rest = part.partition("\n")
        found = re.match(r"\s*\[([^]]*)\]\(([^)\s]+)\)\s*\n?", rest)
        label, url = (found[1], found[2]) if found else ("", "")
        entries.append(Entry(title.strip(), label, url, (rest[found.end() :] if found else rest).strip()))
    anchors = re.findall(r"^\s*- \[.*\]\(#([^)]*)\)$", contents, re.MULTILINE)
    return Document(YAML(typ="safe").load(front), anchors, entries)


def as_typed(words: str) -> str:
    """Words of a post as somebody types them into Slack: its links, its strike, its escapes; no images."""
    words = re.sub(r"!\[[^]]*\]\([^)]*\)\n*", "", words)
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    words = re.sub(r"\[([^]]*)\]\((https?://[^)\s]+)\)", r"<\2|\1>", words)
    return re.sub(r"~~(.*?)~~", r"~\1~", words)


def seed_of(seeds: Path, number: str) -> str:
    return next(seeds.glob(f"{number}_*")).read_text("utf-8")


def made_again(folder: Path, seed: Document, audience: str) -> Document:
    """The post that Linkletter makes of the seed's entries, posted one after the other in the week before its date."""
    cut_off = datetime.strptime(str(seed.front["date"]), "%Y.%m.%d %H:%M:%S").replace(tzinfo=UTC) - timedelta(hours=9)
    first = cut_off - timedelta(days=5)
    posted = [
        message(
            f"{entry.title.replace('&', '&amp;')}\n<{entry.url.replace('&', '&amp;')}>\n{as_typed(entry.words)}",
            first + timedelta(hours=n),
        )
        for n, entry in enumerate(seed.entries)
        if entry.url
    ]
    labels = [entry.label for entry in seed.entries if entry.label]
    (folder / "config.yaml").write_text(CONFIG.format(label=max(labels, key=labels.count), audience=audience), "utf-8")
    unpacked(folder / "export", slack_files({"ml-news": posted}))
    linkletter("import", "export", at=folder)
    linkletter("publish", "--all-weeks", at=folder)
    (post,) = (folder / "posts").iterdir()
    assert post.name == f"{cut_off:%Y-%m-%d}-weekly.md"
    return read(post.read_text("utf-8"))


def normal(words: str) -> str:
    """Words without what may differ: marks of form, line breaks."""
    words = re.sub(r"!\[[^]]*\]\([^)]*\)", "", words)
    words = re.sub(r"\[([^]]*)\]\([^)\s]*\)", r"\1", words)
    return re.sub(r"[\s\\*~>`_•-]+", "", words.replace("&gt;", ">").replace("&amp;", "&"))


@pytest.mark.parametrize("number", WEEKLY)
@pytest.mark.parametrize("audience", ["team", "public"])
def test_chat_of_a_seeds_form_becomes_the_seeds_post(seeds: Path, tmp_path: Path, number: str, audience: str) -> None:
    text = seed_of(seeds, number)
    seed = read(text)
    post = made_again(tmp_path, seed, audience)
    # A shared document is held for the public until an editor releases it, or the destination is the team's.
    expected = [one for one in seed.entries if one.url and (audience == "team" or HELD not in one.url)]
    # The table of contents has the one entry without a link line, which chat of this form cannot have.
    anchors = [anchor for anchor, entry in zip(seed.anchors, seed.entries, strict=True) if entry in expected]
    assert [entry.title for entry in post.entries] == [entry.title for entry in expected]
    assert [entry.url for entry in post.entries] == [clean(entry.url) for entry in expected]
    assert post.anchors == anchors
    assert post.front["title"] == seed.front["title"]
    assert (post.front["categories"], post.front["tags"]) == (seed.front["categories"], seed.front["tags"])
    assert f"{post.front['date']:%Y.%m.%d %H:%M:%S}" == seed.front["date"]
    outro = len(expected) - 1
    for n, (made, wanted) in enumerate(zip(post.entries, expected, strict=True)):
        if n == outro:  # the seed's last words belong to the whole post
            assert normal(wanted.words).startswith(normal(made.words)[:40])
        elif audience == "public":
            assert normal(made.words) == normal(wanted.words)


def test_paragraphs_quotes_and_lists_of_a_seed_stay_such(seeds: Path, tmp_path: Path) -> None:
    seed = read(seed_of(seeds, "004"))
    post = made_again(tmp_path, seed, "public")
    by_title = {entry.title: entry.words for entry in post.entries}
    for entry in seed.entries[:-1]:
        made = by_title[entry.title]
        assert made.count("\n\n") >= entry.words.count("\n\n") - 1, "paragraphs"
        assert len(re.findall(r"^(?:-|\d+\.) ", made, re.MULTILINE)) == len(
            re.findall(r"^- ", entry.words, re.MULTILINE)
        ), "lists"


def test_the_archive_has_the_shape_of_the_archives_seed(seeds: Path, tmp_path: Path) -> None:
    seed = seed_of(seeds, "003")
    headings = re.findall(r"^### (\d+)\. (.+)$", seed, re.MULTILINE)
    dates = re.findall(r"^(\d{4}년 \d{1,2}월 \d{1,2}일)\s*/ \[[^]]+\]\((\S+)\)", seed, re.MULTILINE)
    assert headings
    assert dates, "the shape looked for is the seed's"
    posted = [
        message(
            f"{title.strip().replace('&', '&amp;')}\n<https://example.org/{number}>\n&gt; quoted {number}\n\n"
            f"There is <https://example.com/{number}|more of {number}> for those who like it.",
            datetime(2021, 2, 1, 1, tzinfo=UTC) + timedelta(hours=int(number)),
        )
        for number, title in headings
    ]
    (tmp_path / "config.yaml").write_text(
        "platforms: {slack: {workspace: T0TEAM}}\n"
        "newsletters:\n  weekly:\n    language: ko\n    timezone: Asia/Seoul\n"
        "    markdown: {folder: posts, style: archive, show: [permalinks]}\n"
    )
    address = {"permalink": "https://team.slack.com/archives/C0ML-NEWS/p1", "url_private": "https://x.example.org/f"}
    posted[0]["files"] = [{"id": "F1", "permalink": "https://team.slack.com/files/U0ANN/F1/x"} | address]
    unpacked(tmp_path / "export", slack_files({"ml-news": posted}))
    linkletter("import", "export", at=tmp_path)
    linkletter("publish", "--all-weeks", at=tmp_path)
    (file,) = (tmp_path / "posts").iterdir()
    post = file.read_text("utf-8")
    made = re.findall(r"^### (\d+)\. (.+)$", post, re.MULTILINE)
    assert [number for number, _ in made] == [number for number, _ in headings]
    assert [normal(title) for _, title in made] == [normal(title) for _, title in headings]
    assert len(
        re.findall(r"^2021년 2월 1일 / \[[^]]+\]\(https://team\.slack\.com/archives/\S+\)$", post, re.MULTILINE)
    ) == len(headings)
    for number, _ in headings:
        assert f"> quoted {number}" in post
        assert f"[more of {number}](https://example.com/{number})" in post


def test_the_index_has_the_shape_of_the_years_seed(seeds: Path, tmp_path: Path) -> None:
    weeks = re.findall(r"^(\d+)주차 \((\d+)/(\d+)\)<br>\n\[([^]]+)\]\((\S+)\)", seed_of(seeds, "002"), re.MULTILINE)
    assert len(weeks) >= 8, "the shape looked for is the seed's"
    posted = [
        message(
            f"{title.replace('&', '&amp;')}\n<https://example.org/{n}>\nwords",
            datetime(2019, int(month), int(day), 1, tzinfo=UTC),
        )
        for n, month, day, title, _ in weeks
    ]
    (tmp_path / "config.yaml").write_text(
        "newsletters:\n  weekly:\n    language: ko\n    timezone: Asia/Seoul\n    schedule: {day: saturday, time: '18:00'}\n"
        "    markdown: {folder: posts, style: index}\n"
    )
    unpacked(tmp_path / "export", slack_files({"ml-news": posted}))
    linkletter("import", "export", at=tmp_path)
    linkletter("publish", "--all-weeks", at=tmp_path)
    index = (tmp_path / "posts" / "index.md").read_text("utf-8")
    assert "## 2019" in index
    rows = re.findall(r"^(\d+월 \d주차) \(([^)]*)\)\n\n- \[(.+)\]\((\S+)\)$", index, re.MULTILINE)
    assert [(title, url) for _, _, title, url in rows] == [
        (title, f"https://example.org/{n}") for n, _, _, title, _ in weeks
    ]
    assert [day for _, day, _, _ in rows] == [f"{month}/{day}" for _, month, day, _, _ in weeks]


def test_no_line_of_a_seed_is_in_the_project(seeds: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    lines = {
        line.strip()
        for seed in seeds.iterdir()
        for line in seed.read_text("utf-8", "replace").splitlines()
        if len(re.findall(r"[가-힣]", line)) > 15
    }
    ours = [
        path
        for folder in ("bot", "newsletter", "tests", "docs")
        for path in (root / folder).rglob("*")
        if path.suffix in {".py", ".md", ".j2", ".json", ".toml", ".yaml", ".txt"}
    ]
    for path in [*ours, root / "README.md", root / "config.example.yaml"]:
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            text = json.dumps(json.loads(text), ensure_ascii=False)
        assert not [line for line in lines if line in text], path
