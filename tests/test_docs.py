"""The pages keep their word: every command in them works as printed, and nothing of the command line is left out.

In README.md and docs/, a block marked ``sh`` is run line by line, and then each block marked ``python``, in a folder with
a small export; a block marked ``text`` is only shown.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from bot.cli import STYLES, linkletter
from newsletter import entering, markdown, placing, render
from newsletter.languages import Language
from newsletter.model import EntryLink, TitleSource

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATE, CURATE, CONTEXT = (ROOT / "docs" / f"{name}.md" for name in ("operate", "curate", "template-context"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PEOPLE = [{"id": f"U0{name.upper()}", "name": name, "profile": {"display_name": name}} for name in ("ann", "ben")]
MESSAGES = [
    (datetime(2026, 6, 3, 9, tzinfo=UTC), "U0BEN", "A tiny database\n<https://example.org/tiny>\nFits in one page."),
    (
        datetime(2026, 6, 10, 9, tzinfo=UTC),
        "U0ANN",
        "Attention, explained #paper\n<https://example.com/attention>\nGood.",
    ),
    (datetime(2026, 6, 11, 9, tzinfo=UTC), "U0BEN", "plan: <https://docs.google.com/document/d/1abcdefghijk/edit>"),
    (datetime.now(UTC) - timedelta(minutes=1), "U0ANN", "Shared just now\n<https://example.net/now>\nFresh words."),
]


def blocks(page: Path, language: str) -> list[str]:
    return [text for marked, text in BLOCK.findall(page.read_text("utf-8")) if marked == language]


def commands(page: Path) -> list[str]:
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line]


def an_export(path: Path) -> None:
    """A Slack export with a public channel: two weeks of June 2026, and a message of this minute."""
    days: dict[str, list[dict[str, str]]] = {}
    for at, person, text in MESSAGES:
        message = {"type": "message", "user": person, "text": text, "ts": f"{at.timestamp():.6f}"}
        days.setdefault(f"links/{at:%Y-%m-%d}.json", []).append(message)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("users.json", json.dumps(PEOPLE))
        archive.writestr("channels.json", json.dumps([{"id": "C0LINKS", "name": "links", "created": 1}]))
        for name, messages in days.items():
            archive.writestr(name, json.dumps(messages))


@dataclass(frozen=True)
class Ran:
    line: str
    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, tuple[Path, list[Ran]]]:
    """Each page's folder after everything in the page was run there, and what came of it."""
    beside = Path(sys.executable).parent
    assert shutil.which("linkletter", path=str(beside)), "the project is not installed: run `make test`"
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}", "PYTHONUTF8": "1"}
    environment["COLUMNS"] = "200"

    root = tmp_path_factory.mktemp("pages")

    def run(page: Path) -> tuple[Path, list[Ran]]:
        folder = root / page.stem
        folder.mkdir()
        an_export(folder / "export.zip")
        shutil.copy(ROOT / "config.example.yaml", folder)
        (folder / "templates").mkdir()
        (folder / "templates" / "plain.md.j2").write_text("Our own template: {{ title }}", "utf-8")
        programs = [(line, ["sh", "-c", line]) for line in commands(page)]
        programs += [(block, [sys.executable, "-c", block]) for block in blocks(page, "python")]
        ran = []
        for line, program in programs:
            done = subprocess.run(
                program, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
            )
            ran.append(Ran(line, done.returncode, done.stdout, done.stderr))
        return folder, ran

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(PAGES, pool.map(run, PAGES), strict=True))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_page_works_as_printed(page: Path, folders: dict[Path, tuple[Path, list[Ran]]]) -> None:
    for ran in folders[page][1]:
        assert (ran.status, "Traceback" in ran.err) == (0, False), f"{ran.line}\n{ran.out}\n{ran.err}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_runs_here_is_linkletter_and_nothing_that_changes_the_machine(page: Path) -> None:
    assert all(re.match(r"linkletter |cp config\.example\.yaml config\.yaml$", line) for line in commands(page))


def test_what_the_pages_search_for_and_preview_is_found(folders: dict[Path, tuple[Path, list[Ran]]]) -> None:
    shown = [
        ran
        for _, page in folders.values()
        for ran in page
        if re.match(r"linkletter (search|preview --(date|week|format)|check)", ran.line) and ">" not in ran.line
    ]
    assert shown
    assert [ran.line for ran in shown if not ran.out.strip()] == []


def test_a_template_of_ones_own_is_taken(folders: dict[Path, tuple[Path, list[Ran]]]) -> None:
    printed = [ran.out for ran in folders[ROOT / "docs" / "extend.md"][1] if "templates=" in ran.line]
    assert [out.startswith("Our own template: Newsletter 2026-W24") for out in printed] == [True]


def test_what_the_readme_shows_is_what_the_demo_makes(folders: dict[Path, tuple[Path, list[Ran]]]) -> None:
    """``…`` on a line of its own stands for lines that are left out."""
    made = (folders[ROOT / "docs" / "install.md"][0] / "linkletter-demo" / "posts").glob("*.md")
    posts = [post.read_text("utf-8") for post in made]
    shown = blocks(ROOT / "README.md", "markdown")
    assert shown
    for block in shown:
        pieces = block.split("…\n")
        assert any(all(piece in post for piece in pieces) for post in posts), block


# --- nothing is left out -------------------------------------------------------------------------------------------


def rows(page: Path, title: str = "") -> dict[str, str]:
    """The rows of the page's tables by what stands in code in their first cell; only those under a heading."""
    text = page.read_text("utf-8")
    if title:
        text = re.split(r"^#+ ", text.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    for row in re.findall(r"^\| (`.*)\|$", text, re.MULTILINE):
        first = re.split(r"(?<!\\)\|", row)[0]
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), row)
    return found


@pytest.mark.parametrize("name", sorted(linkletter.commands))
def test_a_command_is_documented_with_all_its_options(name: str) -> None:
    documented = {key.split()[1]: row for key, row in rows(OPERATE).items() if key.startswith("linkletter ")}
    options = [option for option in linkletter.commands[name].params if isinstance(option, click.Option)]
    assert name in documented
    assert [long for option in options if (long := max(option.opts, key=len)) not in documented[name]] == []


def test_no_command_is_documented_that_does_not_exist() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    called = re.findall(r"(?:^|`)linkletter ([a-z]+)\b", text, re.MULTILINE)
    assert set(called) == set(linkletter.commands)


def test_the_programs_own_options_and_all_styles_are_documented() -> None:
    text = OPERATE.read_text("utf-8")
    context = click.Context(linkletter)
    assert [word for option in linkletter.get_params(context) for word in option.opts if word not in text] == []
    assert set(STYLES) <= rows(OPERATE, "Blogs").keys()


def test_the_keys_of_every_json_result_are_documented(folders: dict[Path, tuple[Path, list[Ran]]]) -> None:
    documented = rows(OPERATE, "For programs: --json")
    results = {ran.line.split()[1]: json.loads(ran.out) for ran in folders[OPERATE][1] if ran.line.endswith("--json")}
    assert results.keys() == documented.keys() - {"preview --format json"}
    for command, result in results.items():
        keys = set(result)
        for inner in result.values():
            keys |= set(inner[0]) if isinstance(inner, list) and inner and isinstance(inner[0], dict) else set()
        assert [key for key in sorted(keys) if f"`{key}`" not in documented[command]] == [], command


def test_every_reason_why_a_link_is_not_printed_is_documented() -> None:
    out = {row.reason for row in entering.LEFT_OUT} | {entering.IGNORED, entering.LOCALHOST}
    held = {row.reason for row in entering.HELD} | {entering.INTERNAL, entering.UNREADABLE}
    assert rows(CURATE, "What stays out").keys() == out | set(placing.REASONS)
    assert held <= rows(CURATE, "What is held back").keys()


def test_every_source_of_a_title_is_documented_in_its_order() -> None:
    assert list(rows(CURATE, "Titles"))[:1] == ["title_source"]
    assert list(rows(CURATE, "Titles"))[1:] == list(TitleSource)


@pytest.mark.parametrize(
    ("title", "given"),
    [
        ("A post", render.Post),
        ("A section", render.SectionShown),
        ("An entry", render.EntryShown),
        ("An entry", EntryLink),
        ("say", Language),
        ("The title and the address", render.WeekShown),
    ],
)
def test_all_that_a_template_is_given_is_documented(title: str, given: type) -> None:
    text = CONTEXT.read_text("utf-8").partition(f"# {title}\n")[2]
    section = re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0]
    assert [one.name for one in fields(given) if not re.search(rf"`(\w+\.)?{one.name}`", section)] == []


def test_the_version_of_the_template_context_is_the_documented_one() -> None:
    assert f"Version {render.CONTEXT_VERSION}," in CONTEXT.read_text("utf-8")


# --- links between pages -------------------------------------------------------------------------------------------

Anchors = set[str]


def headings_and_links(page: Path) -> tuple[Anchors, list[str]]:
    taken: dict[str, int] = {}
    anchors: Anchors = set()
    links: list[str] = []
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(page.read_text("utf-8"))
    for before, token in zip([None, *tokens], tokens, strict=False):
        children = token.children or []
        links += [str(child.attrs["href"]) for child in children if child.type == "link_open"]
        if before is not None and before.type == "heading_open":
            said = "".join(child.content for child in children)
            anchors.add(markdown.slug(said, taken))
    return anchors, links


def inner_links() -> Iterator[tuple[Path, str]]:
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        for link in headings_and_links(page)[1]:
            if not link.startswith(("http://", "https://")):
                yield page, link


def test_every_link_between_pages_leads_somewhere() -> None:
    lost = []
    for page, link in inner_links():
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        known = there.exists() and (not anchor or anchor in headings_and_links(there)[0])
        lost += [] if known else [f"{page.name}: {link}"]
    assert lost == []


def test_every_file_a_page_names_is_there() -> None:
    """By its path from the top, or by its name alone; ``*`` is any platform."""
    lost = []
    for page in PAGES:
        named = re.findall(r"`([\w./*-]+\.(?:py|toml|txt|j2|example\.yaml))`", page.read_text("utf-8"))
        lost += [f"{page.name}: {name}" for name in named if not any(ROOT.glob(name)) and not _somewhere(name)]
    assert lost == ["extend.md: ja.toml"], "ja.toml is the example of a language to add"


def _somewhere(name: str) -> bool:
    return any(any((ROOT / package).rglob(name)) for package in ("bot", "newsletter", "tests"))


def test_the_readme_leads_to_every_page() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in headings_and_links(ROOT / "README.md")[1]}
    assert [page.name for page in PAGES[1:] if page not in linked] == []
