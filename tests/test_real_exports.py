"""What real chat becomes: every post of every export, looked at from outside, with other tools than those that made it.

The exports lie beside the project; without them these tests are skipped. Of the largest one the year with its busiest
week is taken, or all of it where LINKLETTER_WHOLE_EXPORTS is set (a minute more).
"""

import json
import os
import re
import sqlite3
import unicodedata
import zipfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from ruamel.yaml import YAML

from newsletter.entering import why_held, why_out
from newsletter.settings import NewsletterSettings
from newsletter.urls import key
from tests.terminal import files, linkletter, packed, touched

STYLES = ("hexo", "jekyll", "hugo", "plain", "archive", "index")
EXPORTS = ("houstondatavis.zip", "haskell-jp.zip", "dce-2020-anonymised.json")
YEAR = "2019"


@dataclass
class Post:
    """A post as CommonMark has it."""

    name: str
    text: str

    @cached_property
    def front(self) -> dict[str, Any] | None:
        if not self.text.startswith("---\n"):
            return None
        return YAML(typ="safe").load(self.text.split("\n---\n")[0].removeprefix("---\n"))

    @cached_property
    def body(self) -> str:
        return self.text if self.front is None else self.text.split("\n---\n", 1)[1]

    @cached_property
    def blocks(self) -> list[SyntaxTreeNode]:
        return SyntaxTreeNode(MarkdownIt("commonmark").parse(self.body)).children

    @cached_property
    def anchors(self) -> list[str]:
        """Of each heading, as GitHub makes them (github.com/Flet/github-slugger)."""
        taken: Counter[str] = Counter()
        made = []
        for block in self.blocks:
            if block.type == "heading":
                slug = anchor = slug_of(text_of(block))
                while anchor in taken:
                    taken[slug] += 1
                    anchor = f"{slug}-{taken[slug]}"
                taken[anchor] = 0
                made.append(anchor)
        return made

    @cached_property
    def contents(self) -> list[str]:
        """What the table of contents points at: the list right after the first heading but a title."""
        for block in self.blocks:
            if block.type == "bullet_list":
                return [unquote(target[1:]) for target in links_in(block) if target.startswith("#")]
        return []

    @cached_property
    def entries(self) -> list[list[str]]:
        """The addresses of each heading of the third level: its link line, and the list right under that."""
        found: list[list[str]] = []
        for n, block in enumerate(self.blocks):
            if block.type == "heading" and block.tag == "h3":
                line = n + 1 if "Link" in text_of(self.blocks[n + 1]) else n + 2  # the archive has the day before it
                assert text_of(self.blocks[line]) == "Link", f"{self.name}: {text_of(block)}"
                addresses = links_in(self.blocks[line])
                if line + 1 < len(self.blocks) and self.blocks[line + 1].type == "bullet_list":
                    items = self.blocks[line + 1].children
                    if all(is_one_link(item) for item in items):
                        addresses += [links_in(item)[0] for item in items]
                found.append(addresses)
        return found

    @cached_property
    def again(self) -> list[tuple[str, str]]:
        """Links seen before: address, and the line."""
        place = next(
            (n for n, one in enumerate(self.blocks) if one.type == "heading" and text_of(one) == "Seen before"), None
        )
        if place is None:
            return []
        return [(links_in(item)[0], text_of(item)) for item in self.blocks[place + 1].children]


def is_one_link(item: SyntaxTreeNode) -> bool:
    inline = [node for node in item.walk() if node.type == "inline"]
    return len(inline) == 1 and [child.type for child in inline[0].children] == ["link"]


def text_of(node: SyntaxTreeNode) -> str:
    return "".join(
        one.content if one.type in ("text", "code_inline") else " " if one.type.endswith("break") else ""
        for one in node.walk()
    )


def links_in(node: SyntaxTreeNode) -> list[str]:
    return [str(one.attrs["href"]) for one in node.walk() if one.type == "link"]


def slug_of(heading: str) -> str:
    kept = "".join(
        letter
        for letter in heading.strip().lower()
        if letter in " -_" or unicodedata.category(letter)[0] in "LMN" or unicodedata.category(letter) == "Pc"
    )
    return kept.replace(" ", "-")


@dataclass
class Published:
    """An export, imported and published in every style."""

    home: Path
    texts: list[str]
    people: set[str]
    posts: dict[str, list[Post]] = field(default_factory=dict)

    @cached_property
    def shares(self) -> list[tuple[str, str, bool]]:
        """Every share that stands: the address, its key, whether its channel is private."""
        with closing(sqlite3.connect(self.home / "linkletter.db")) as connection:
            rows = connection.execute(
                "SELECT share.url, channel.private FROM share JOIN message ON message.id = share.message_id "
                "JOIN channel ON channel.id = message.channel_id WHERE share.present AND NOT message.gone"
            ).fetchall()
        return [(url, key(url), bool(private)) for url, private in rows]


def some_of(path: Path, folder: Path) -> Path:
    """The export, or the year of it that is looked at."""
    if "haskell" not in path.name or os.environ.get("LINKLETTER_WHOLE_EXPORTS"):
        return path
    with zipfile.ZipFile(path) as whole:
        kept = {
            name: whole.read(name)
            for name in whole.namelist()
            if not name.endswith("/") and ("/" not in name.strip("/") or f"/{YEAR}-" in name or name.count("/") == 0)
        }
    return packed(folder / path.name, kept)


def said_and_named(path: Path) -> tuple[list[str], set[str]]:
    """What was typed, without mentions, and what people are called."""
    if path.suffix == ".json":
        chat = json.loads(path.read_text())
        return (
            [one["content"] for one in chat["messages"]],
            {one["author"]["name"] for one in chat["messages"]},
        )
    texts: list[str] = []
    people: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("users.json"):
                for one in json.loads(archive.read(name)):
                    profile = one.get("profile") or {}
                    people |= {
                        one.get("name"),
                        one.get("real_name"),
                        profile.get("display_name"),
                        profile.get("real_name"),
                    }
            elif name.endswith(".json"):
                texts += [
                    json.dumps({**one, "user_profile": None, "reactions": None}, ensure_ascii=False)
                    for one in json.loads(archive.read(name))
                    if isinstance(one, dict)
                ]
    return [re.sub(r"<@\w+(\|[^>]*)?>", "", text) for text in texts], {
        name for name in people if name and len(name) > 4
    }


@cache
def published(path: Path, folder: Path) -> Published:
    home = folder / path.stem
    home.mkdir()
    export = some_of(path, folder)
    linkletter("import", export, at=home)
    made = Published(home, *said_and_named(export))
    # Each style once over a large export, to be done in time; every post of the others is still looked at.
    skipped = {"jekyll", "hugo", "plain"} if "haskell" in path.name else {"archive"}
    for style in (style for style in STYLES if style not in skipped):
        linkletter("publish", "--to", style, "--style", style, "--all-weeks", at=home)
        made.posts[style] = [Post(f"{style}/{name}", post.decode()) for name, post in files(home / style).items()]
    return made


@pytest.fixture(scope="session")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(params=EXPORTS)
def export(request: pytest.FixtureRequest, shared_data: Path, everywhere: Path) -> Published:
    return published(shared_data / "exports" / request.param, everywhere)


def test_there_is_a_post_for_every_week_with_a_link_and_one_index(export: Published) -> None:
    names = {style: [Path(post.name).name for post in posts] for style, posts in export.posts.items()}
    if not export.shares:
        assert not any(names.values()), "a chat without a link makes no post"
        return
    assert names["hexo"]
    assert names.pop("index") == ["index.md"]
    assert all(there == names["hexo"] for there in names.values())
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d-newsletter\.md", name) for name in names["hexo"])


def test_every_post_is_yaml_and_commonmark_and_its_anchors_hit(export: Published) -> None:
    for style, posts in export.posts.items():
        for post in posts:
            if style in ("hexo", "jekyll", "hugo"):
                assert post.front is not None, post.name
                assert re.fullmatch(r"Newsletter \d{4}-W\d\d", post.front["title"])
                # Jekyll's own form has no "T", and its offset no colon (jekyllrb.com/docs/front-matter).
                date = post.front["date"]
                assert isinstance(date, datetime) or datetime.strptime(date, "%Y-%m-%d %H:%M:%S %z"), post.name
            elif style != "index":
                assert post.front is None
            assert set(post.contents) <= set(post.anchors), post.name
            assert len(post.contents) == len(set(post.contents)), post.name
            if style not in ("archive", "index"):
                assert len(post.contents) == len(post.entries) + bool(post.again), post.name
            assert not any(block.type in ("html_block", "hr") for block in post.blocks), post.name
            assert not any(node.type == "html_inline" for block in post.blocks for node in block.walk()), post.name
            levels = [block.tag for block in post.blocks if block.type == "heading"]
            assert set(levels) <= {"h1", "h2", "h3"}
            assert levels.count("h1") == (style in ("plain", "archive", "index")), post.name


def test_every_link_that_may_is_in_exactly_one_post(export: Published) -> None:
    settings = NewsletterSettings()
    eligible = {
        name
        for url, name, private in export.shares
        if not (private or why_out(url, settings) or why_held(url, settings))
    }
    for style, posts in export.posts.items():
        if style == "index":
            continue
        placed = Counter(key(url) for post in posts for entry in post.entries for url in entry)
        assert {name: count for name, count in placed.items() if count != 1} == {}, style
        assert placed.keys() <= eligible, style
        # A link in the middle of a sentence stands in the words of the entry that it came with.
        linked = {key(url) for post in posts for url in links_in_all(post) if not url.startswith("#")}
        written = "\n".join(post.text for post in posts).replace("\\", "")
        missing = {url for url, name, _ in export.shares if name in eligible - linked and url not in written}
        assert missing == set(), style


def test_a_link_seen_before_is_one_line_with_new_words_after_its_own_post(export: Published) -> None:
    seen: set[str] = set()
    for post in export.posts["hexo"]:
        for url, line in post.again:
            assert key(url) in seen, f"{post.name}: {url}"
            assert re.search(r" — \S.* \(also in .+\)$", line), f"{post.name}: {line}"
        again = [key(url) for url, _ in post.again]
        assert len(again) == len(set(again)), post.name
        seen |= {key(url) for url in links_in_all(post) if not url.startswith("#")}


def test_the_index_has_every_link_of_every_post(export: Published) -> None:
    placed = [url for post in export.posts["hexo"] for entry in post.entries for url in entry[:1]]
    placed += [url for post in export.posts["hexo"] for url, _ in post.again]
    listed = [url for index in export.posts["index"] for url in links_in_all(index)]
    assert Counter(listed) == Counter(placed)


def links_in_all(post: Post) -> list[str]:
    return [url for block in post.blocks for url in links_in(block)]


def test_nothing_held_or_left_out_is_in_any_post(export: Published) -> None:
    settings = NewsletterSettings()
    for style, posts in export.posts.items():
        for post in posts:
            for url in links_in_all(post):
                if not url.startswith("#"):
                    assert not why_held(url, settings), f"{post.name}: {url}"
                    assert why_out(url, settings) in (None, "image"), f"{post.name}: {url}"
            for secret in ("slack.com/archives", "discord.com/channels", "discordapp.com/channels", "xox"):
                assert secret not in post.text.replace("xoxo", ""), f"{style}: {post.name}"


def test_nobody_is_named_who_was_not_named_in_what_was_typed(export: Published) -> None:
    typed = "\n".join(export.texts).casefold()
    unnamed = [name for name in export.people if name.casefold() not in typed]
    for posts in export.posts.values():
        for post in posts:
            assert "Shared by" not in post.text, post.name
            # In code stands what somebody typed.
            assert not re.search(
                r"\bU0[0-9A-Z]{7,}\b|<@", re.sub(r"```.*?```|`.*?`", "", post.text, flags=re.DOTALL)
            ), post.name
            assert not [name for name in unnamed if name in post.text], post.name


def test_the_same_again_touches_no_post(export: Published) -> None:
    before = touched(export.home / "hexo")
    said = linkletter("publish", "--to", "hexo", "--style", "hexo", "--all-weeks", at=export.home)
    assert said.out == ""
    assert touched(export.home / "hexo") == before
