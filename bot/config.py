"""The configuration: a YAML file and the environment become frozen settings, or all mistakes at once.

What a setting means stands with its model: `newsletter/settings.py`, and `settings.py` of each platform. Every
value is handed to its model as the text that was written, so no YAML type can surprise: `no`, `12:30`, `3.10`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from posixpath import normpath
from types import MappingProxyType
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, Field, SecretStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from bot.platforms.discord.settings import DiscordSettings
from bot.platforms.slack.settings import SlackSettings
from bot.suggest import in_plain_words, nearest, one_of
from newsletter import languages
from newsletter.errors import ConfigError, Problem
from newsletter.settings import Audience, FetchSettings, NewsletterSettings, Settings

COMMAND = "/digest"
TOP = ("database", "command", "heartbeat_url", "fetch", "web", "platforms", "newsletters")
DATABASE = "sqlite:///linkletter.db"
EXAMPLE = "config.example.yaml"
ENVIRONMENT = ".env"

# How a channel and a person are written, after the platform's name and a colon. The local room takes any name.
FORMS = {
    "slack": (SlackSettings.CHANNEL, SlackSettings.PERSON),
    "discord": (DiscordSettings.CHANNEL, DiscordSettings.PERSON),
    "local": (r"#?\S+", r"\S+"),
}

Place = tuple[str | int, ...]
Check = Callable[[NewsletterSettings], Iterable[Problem]]
"""Finds what only others can know (does the title render?); the paths of its problems are within the newsletter."""


class Platforms(Settings):
    """The chats that are configured; ``None``: not this one."""

    slack: SlackSettings | None = None
    discord: DiscordSettings | None = None


class WebSettings(Settings):
    """The HTTP server beside ``run``: ``/health``, and the newsletters' sites under ``/archive/``.

    Anywhere but on this machine's own address it is behind the token.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    token: SecretStr | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", self.host) is not None


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration as the program uses it. Its ``repr`` holds no secret.

    ``path`` is ``None`` where there is no file. ``written`` is how each value from the environment stands in the file
    (``platforms.slack.bot_token`` -> ``${SLACK_BOT_TOKEN}``), set or not.
    """

    database: str = field(repr=False)
    platforms: Platforms
    newsletters: Mapping[str, NewsletterSettings]
    path: Path | None = None
    heartbeat_url: str = field(default="", repr=False)
    """Called after each good tick; ``""``: none."""
    command: str = COMMAND
    """What people type in chat before anything they ask."""
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    web: WebSettings | None = None
    """``None``: no HTTP server."""

    @property
    def workspaces(self) -> dict[str, str]:
        """The workspace of each configured platform that names one: an import uses it where the export names none."""
        platforms = {"slack": self.platforms.slack, "discord": self.platforms.discord}
        return {name: settings.workspace for name, settings in platforms.items() if settings and settings.workspace}


def default_config(database: str = DATABASE) -> Config:
    """Without a file: one newsletter, `newsletter`, over every imported channel, cut off on Mondays at 00:00 UTC."""
    only = NewsletterSettings()
    return Config(database, Platforms(), MappingProxyType({only.key: only}))


def load(path: Path, environ: Mapping[str, str], *, need_tokens: bool = True, checks: Iterable[Check] = ()) -> Config:
    """The configuration in `path`, with its ``${NAME}`` from `environ`. Raises ``ConfigError`` with every problem.

    `need_tokens` is false for what works without a chat (import, preview, publishing to files): then a token that is
    not set is only absent. `checks` are asked about each newsletter that is otherwise right.
    """
    reading = _Reading(str(path), environ, need_tokens)
    tree = reading.parse(_text(path))
    reading.look_at_each_value(tree)
    config = reading.config(tree, path, tuple(checks))
    if reading.problems or config is None:
        raise reading.error()
    return config


def environment(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What the file ``.env`` beside the configuration sets, under what `environ` does. Raises ``ConfigError``.

    Its lines are ``NAME=value`` as Docker and systemd read them; quotes around the whole value are no part of it.
    """
    file = path.parent / ENVIRONMENT
    if not file.is_file():
        return dict(environ)
    found: dict[str, str] = {}
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ConfigError(str(file), (Problem("file", "is no NAME=value", number, "begin other lines with #"),))
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[name] = value[1:-1] if quoted else value
    return {**found, **environ}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        advice = f"say where it is with --config FILE, or begin with a copy of {EXAMPLE}"
        raise _unreadable(path, "there is no such file", advice) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _unreadable(path, "is not UTF-8", "save it as UTF-8", line) from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from None


def _unreadable(path: Path, message: str, suggestion: str | None = None, line: int | None = None) -> ConfigError:
    return ConfigError(str(path), (Problem("file", message, line, suggestion),))


# --- reading -------------------------------------------------------------------------------------------------

VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)
# Slack's tokens begin with xox?- or xapp-; Discord's are three base64 words with dots between them.
TOKEN = re.compile(r"\b(?:xox[a-z]|xapp)[-.][\w.-]+|\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}", re.ASCII)
TAG = "tag:yaml.org,2002:"
Model = TypeVar("Model", bound=Settings)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The settings that a field of this type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def _secrets(place: Place, holder: type[BaseModel]) -> Iterator[Place]:
    """Where secrets stand in these settings and those within them."""
    for key, settings in holder.model_fields.items():
        if SecretStr in get_args(settings.annotation):
            yield (*place, key)
        for model in models_in(settings.annotation):
            yield from _secrets((*place, key), model)


SECRETS = frozenset((*_secrets(("platforms",), Platforms), *_secrets(("web",), WebSettings)))


class _Reading:
    """One reading of one file: it collects the problems, and knows the line of every value."""

    def __init__(self, file: str, environ: Mapping[str, str], need_tokens: bool) -> None:
        self.file = file
        self.environ = environ
        self.need_tokens = need_tokens
        self.problems: list[Problem] = []
        self.lines: dict[Place, int] = {}
        self.written: dict[str, str] = {}

    def error(self) -> ConfigError:
        """All problems in the order of the file, with whatever looks like a token hidden."""
        ordered = sorted(self.problems, key=lambda problem: (problem.line or 0, problem.path))
        hidden = (
            Problem(_hide(one.path), _hide(one.message), one.line, _hide(one.suggestion or "") or None)
            for one in ordered
        )
        return ConfigError(self.file, tuple(dict.fromkeys(hidden)))

    def problem(self, place: Place, message: str, meant: str | None = None, line: int | None = None) -> None:
        """One more. Without a `line`, that of `place` or of the nearest thing around it."""
        known = next((place[:n] for n in range(len(place), 0, -1) if place[:n] in self.lines), ())
        path = ".".join(str(part) for part in place) or "file"
        self.problems.append(Problem(path, message, line or self.lines.get(known), meant))

    # YAML -> mappings, lists and text

    def parse(self, text: str) -> dict[str, Any]:
        try:
            node = self._compose(text)
            if node is None:
                self.problem((), "is empty", f"begin with a copy of {EXAMPLE}")
                raise self.error()
            tree = self._plain(node, ())
        except RecursionError:
            self.problem((), "is nested too deeply")
            raise self.error() from None
        if not isinstance(tree, dict):
            self.problem((), "must be a mapping with the key newsletters", f"compare {EXAMPLE}")
            raise self.error()
        return tree

    def _compose(self, text: str) -> Node | None:
        # In {braces} YAML ends a plain word at the brace of ${NAME}. What is meant is clear, so mean it.
        quoted = re.sub(rf"(?<=[:,{{\[ ])({VARIABLE.pattern})(?=\s*[,}}\]])", r'"\1"', text)
        errors = []
        for attempt in (text, quoted):
            try:
                return cast("Node | None", YAML(typ="safe", pure=True).compose(attempt))
            except YAMLError as error:
                errors.append(_not_yaml(error, attempt))
        self.problems.append(max(errors, key=lambda problem: problem.line or 0))  # the one that got further
        raise self.error()

    def _plain(self, node: Node, place: Place) -> Any:
        """The node as mappings, lists and text; a value that is not written (null) is left out of its mapping."""
        if not str(node.tag).startswith(TAG):
            self.problem(place, f"the tag {node.tag} means nothing here", "leave it out")
        if isinstance(node, MappingNode):
            return dict(self._items(node, place))
        if isinstance(node, SequenceNode):
            for n, item in enumerate(node.value):
                self.lines[(*place, n)] = item.start_mark.line + 1
            return [self._plain(item, (*place, n)) for n, item in enumerate(node.value)]
        return str(node.value)

    def _items(self, node: MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self.lines.setdefault(place, line)
                self.problem(place, "has braces or brackets where a name belongs", 'put text with "{{ }}" in quotes')
                continue
            name = str(key.value)
            here = (*place, name)
            if name in seen:
                twice = f"is written twice, first on line {self.lines[here]}"
                self.problem(here, twice, "keep one of them", line)
                continue
            seen.add(name)
            self.lines[here] = line
            if value.tag != f"{TAG}null":
                yield name, self._plain(value, here)

    # values one by one: what the models cannot know

    def look_at_each_value(self, tree: dict[str, Any]) -> None:
        """Put the environment's values into `tree`, and look at those whose form only this module knows."""
        for place, value, holder in list(_values(tree, ())):
            if place in SECRETS:
                self._secret(place, value, holder)
            elif place == ("database",):
                holder["database"] = self._database(value)
            elif place == ("heartbeat_url",):
                holder["heartbeat_url"] = self._heartbeat(value)
            elif _is_repository(place):
                holder["repository"] = self._repository(place, value)
            elif VARIABLE.search(value):
                self.problem(place, "takes nothing from the environment", "only tokens and the database may be ${NAME}")
            elif TOKEN.search(value):
                self.problem(place, "looks like a token", "take it out, and revoke it if others saw this file")
            else:
                self._form(place, value)

    def _secret(self, place: Place, value: str, holder: dict[str, Any]) -> None:
        name = VARIABLE.fullmatch(value.strip())
        key = str(place[-1])
        if not name:
            variable = re.sub(r"\W", "_", f"{place[-2]}_{key}").upper()
            del holder[key]
            self.problem(
                place,
                "a secret may not stand in the file",
                f"put it into the environment variable {variable}, and write ${{{variable}}} here",
            )
            return
        self.written[".".join(map(str, place))] = value.strip()
        if found := self.environ.get(name[1], "").strip():
            holder[key] = found
            return
        del holder[key]
        if self.need_tokens:
            self._unset(place, name[1])

    def _filled_in(self, place: Place, value: str) -> str:
        """An address with its ``${NAME}``; how it was written is remembered, so that it can be shown."""
        self.written[".".join(map(str, place))] = value
        for name in VARIABLE.findall(value):
            if not self.environ.get(name):
                self._unset(place, name)
        return VARIABLE.sub(lambda found: self.environ.get(found[1]) or found[0], value)

    def _heartbeat(self, value: str) -> str:
        if not self.need_tokens and any(name not in self.environ for name in VARIABLE.findall(value)):
            self.written["heartbeat_url"] = value
            return ""  # only the weekly run calls it
        full = self._filled_in(("heartbeat_url",), value)
        if full and not full.startswith(("https://", "http://")) and not VARIABLE.search(full):
            self.problem(("heartbeat_url",), "must be an address that begins with https://")
        return full

    def _repository(self, place: Place, value: str) -> str:
        if PASSWORD.search(value):
            self.problem(place, "a secret may not stand in the file", "write ${GIT_TOKEN} in its place, and set that")
        return self._filled_in(place, value)

    def _database(self, value: str) -> str:
        full = self._filled_in(("database",), value)
        scheme, separator, _ = full.partition("://")
        if scheme not in ("sqlite", "postgresql") and not VARIABLE.search(full):
            scheme_meant = {"postgres": "postgresql://…", "sqlite3": "sqlite:///…"}.get(scheme)
            meant = (
                f"did you mean {scheme_meant}?" if scheme_meant and separator else "for a file: sqlite:///linkletter.db"
            )
            self.problem(("database",), "must begin with sqlite:/// or postgresql://", meant)
        return full

    def _unset(self, place: Place, name: str) -> None:
        near = get_close_matches(name, [*self.environ], 1, 0.8)
        meant = f"did you mean ${{{near[0]}}}?" if near else "set it where Linkletter is started"
        self.problem(place, f"the environment variable {name} is not set", meant)

    def _form(self, place: Place, value: str) -> None:
        match place:
            case ("newsletters", _, "collect" | "post_to", int()):
                self._channel(place, value)
            case ("newsletters", _, "editors_channel") if value:
                self._channel(place, value)
            case ("newsletters", _, "editors", int()):
                self._person(place, value)
            case ("newsletters", _, "language"):
                if value not in (known := languages.known()):
                    self.problem(place, f"there is no language {value!r}", nearest(value, known) or one_of(known))

    def _channel(self, place: Place, value: str) -> None:
        platform, colon, name = (part.strip() for part in value.partition(":"))
        if not colon:
            name = platform if platform.startswith("#") else f"#{platform}"
            self.problem(place, f"{value!r} names no platform", f'write "slack:{name}" or "discord:{name}"')
        elif platform not in FORMS:
            self.problem(place, f"there is no platform {platform!r}", nearest(platform, FORMS) or one_of(FORMS))
        elif not re.fullmatch(FORMS[platform][0], name):
            meant = f'did you mean "{platform}:#{name}"?' if name else f'write "{platform}:#name", in quotes'
            self.problem(place, f"{value!r} is no channel", meant)

    def _person(self, place: Place, value: str) -> None:
        platform, colon, name = value.partition(":")
        if not colon or platform not in FORMS or not re.fullmatch(FORMS[platform][1], name):
            advice = 'editors are known by their id, as in "slack:U012ABC" or "discord:80351110224678912"'
            self.problem(place, f"{value!r} is no person", advice)

    # mappings, lists and text -> settings

    def config(self, tree: dict[str, Any], path: Path, checks: tuple[Check, ...]) -> Config | None:
        """The settings, or ``None`` where problems make them useless."""
        for key in tree.keys() - set(TOP):
            self._unknown((key,), [*TOP])
        database = tree.get("database", DATABASE)
        if not isinstance(database, str):
            self.problem(("database",), "must be text", f"as in {DATABASE}")
        heartbeat = tree.get("heartbeat_url", "")
        if not isinstance(heartbeat, str):
            self.problem(("heartbeat_url",), "must be text", "as in https://example.com/ping")
        command = tree.get("command", COMMAND)
        if not isinstance(command, str) or not re.fullmatch(r"/[a-z0-9_-]{1,31}", command):
            self.problem(("command",), "must be a slash and a word of a-z, 0-9, - and _", f"as in {COMMAND}")
        platforms = self._settings(Platforms, tree.get("platforms", {}), ("platforms",))
        fetch = self._settings(FetchSettings, tree.get("fetch", {}), ("fetch",))
        web = self._settings(WebSettings, tree["web"], ("web",)) if "web" in tree else None
        newsletters = self._newsletters(tree.get("newsletters", {}), checks)
        if self.need_tokens and platforms:
            self._lacking(platforms)
        if self.need_tokens and web and not web.is_local and not web.token and "web.token" not in self.written:
            self.problem(("web", "token"), f"is needed where others can reach {web.host}", "write ${WEB_TOKEN}")
        if not platforms or not newsletters or not fetch:
            return None
        return Config(
            database,
            platforms,
            MappingProxyType(newsletters),
            path,
            heartbeat_url=str(heartbeat),
            command=str(command),
            written=MappingProxyType(self.written),
            fetch=fetch,
            web=web,
        )

    def _newsletters(self, tree: object, checks: tuple[Check, ...]) -> dict[str, NewsletterSettings]:
        if not isinstance(tree, dict):
            self.problem(("newsletters",), "must be a mapping from a name to its settings", f"compare {EXAMPLE}")
            return {}
        names = [str(key) for place in self.lines if len(place) == 2 and place[0] == "newsletters" for key in place[1:]]
        if not names:
            self.problem(("newsletters",), "there is none", f"compare {EXAMPLE}")
        made = {}
        by_file: dict[str, str] = {}
        for key in names:
            self._name(key, by_file)
            settings = self._newsletter(tree.get(key, {}), ("newsletters", key))
            if settings:
                made[key] = settings
        for settings in made.values():
            # In a language that there is not, nothing can be tried.
            for check in checks if settings.language in languages.known() else ():
                for found in check(settings):
                    within = tuple(int(part) if part.isdigit() else part for part in found.path.split("."))
                    self.problem(("newsletters", settings.key, *within), found.message, found.suggestion)
        self._files_differ(made)
        return made

    def _name(self, key: str, by_file: dict[str, str]) -> None:
        place = ("newsletters", key)
        if not re.fullmatch(r"\w[\w.-]{0,59}", key):
            better = re.sub(r"[^\w.]+", "-", key)[:60].strip("-.") or "newsletter"
            self.problem(place, "a newsletter's name is one word: people type it", f"did you mean {better}?")
        # A post's file name has only the letters and digits of the name, in lower case.
        other = by_file.setdefault(re.sub(r"[\W_]+", "-", key.lower()), key)
        if other != key:
            self.problem(place, f"is too much like {other}: their posts would have the same file names")

    def _newsletter(self, tree: object, place: Place) -> NewsletterSettings | None:
        if isinstance(tree, dict) and "key" in tree:
            self.problem((*place, "key"), "a newsletter's key is its name in the file", "leave this line out")
            return None
        return self._settings(NewsletterSettings, tree, place, key=str(place[-1]))

    def _settings(self, model: type[Model], tree: object, place: Place, **filled_in: str) -> Model | None:
        try:
            return model.model_validate({**tree, **filled_in} if isinstance(tree, dict) else tree)
        except ValidationError as error:
            for found in error.errors(include_url=False):
                here = (*place, *found["loc"])
                if found["type"] == "extra_forbidden":
                    self._unknown(here, fields_at(model, found["loc"][:-1]))
                else:
                    self.problem(here, *in_plain_words(found))
            return None

    def _unknown(self, place: Place, known: list[str]) -> None:
        self.problem(place, "there is no such setting", nearest(str(place[-1]), known) or one_of(known))

    def _lacking(self, platforms: Platforms) -> None:
        named = {problem.path for problem in self.problems}
        for name in Platforms.model_fields:
            settings: SlackSettings | DiscordSettings | None = getattr(platforms, name)
            for key, why in settings.lacks().items() if settings else ():
                if f"platforms.{name}.{key}" not in named:
                    self.problem(("platforms", name, key), why)

    def _files_differ(self, newsletters: dict[str, NewsletterSettings]) -> None:
        """Two newsletters may share a folder, but not its `index.md`."""
        owners: dict[str, str] = {}
        for key, settings in newsletters.items():
            for kind, posts in (("markdown", settings.markdown), ("git", settings.git)):
                if posts is None or not posts.index:
                    continue
                repository = settings.git.repository if settings.git is not None and kind == "git" else ""
                owner = owners.setdefault(f"{repository} {normpath(posts.folder)}", key)
                if owner != key:
                    place = ("newsletters", key, kind, "folder")
                    self.problem(place, f"{owner} writes index.md there, too", "give each its own folder")


def _is_repository(place: Place) -> bool:
    return len(place) == 4 and place[0] == "newsletters" and place[2:] == ("git", "repository")


def _not_yaml(error: YAMLError, text: str) -> Problem:
    """Why this is no YAML, where, and what to do. Never a piece of the file: it could be a secret."""
    if isinstance(error, ReaderError):
        line = text[: error.position].count("\n") + 1
        code = f"U+{ord(text[error.position]):04X}"
        return Problem("file", f"is not YAML: it holds the control character {code}", line, "take it out")
    mark, why = getattr(error, "problem_mark", None), str(getattr(error, "problem", "it cannot be read"))
    advice = {
        "\\t": "indent with spaces, not with tabs",
        "mapping values are not allowed": "put text that holds a colon in quotes",
        "cannot start any token": "put text that begins with a special character in quotes",
        "expected <block end>": "lines of one mapping are indented alike",
    }
    meant = next((what for sign, what in advice.items() if sign in why), None)
    return Problem("file", f"is not YAML: {why}", mark.line + 1 if mark else None, meant)


def fields_at(model: type[BaseModel], place: Place) -> list[str]:
    """The settings there are at `place` within `model`."""
    for part in place:
        if isinstance(part, str):
            model = next(models_in(model.model_fields[part].annotation))
    return [name for name in model.model_fields if name != "key"]


def _values(tree: Any, place: Place) -> Iterator[tuple[Place, str, Any]]:
    """Every text in the tree, with its place and the mapping or list that holds it."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in inside:
        if isinstance(value, str):
            yield (*place, key), value, tree
        else:
            yield from _values(value, (*place, key))


def _hide(text: str) -> str:
    return TOKEN.sub("(hidden)", text)


# --- showing it again ----------------------------------------------------------------------------------------


def effective(config: Config) -> str:
    """The configuration as YAML with every default filled in; it can be loaded again. Holds no secret."""
    platforms = config.platforms.model_dump(mode="json")
    web = config.web.model_dump(mode="json") if config.web is not None else None
    for place in SECRETS:
        settings = web if place[0] == "web" else platforms[str(place[1])]
        if settings:
            key = str(place[-1])
            settings[key] = config.written.get(".".join(map(str, place)), settings[key] and "(set)")
    newsletters = {
        key: settings.model_dump(mode="json", exclude={"key"}) for key, settings in config.newsletters.items()
    }
    for key, shown in newsletters.items():
        if shown["git"]:
            shown["git"]["repository"] = _shown(config, f"newsletters.{key}.git.repository", shown["git"]["repository"])
    tree = {
        "database": _shown(config, "database", config.database),
        "command": config.command,
        "heartbeat_url": config.written.get("heartbeat_url") or None,
        "fetch": config.fetch.model_dump(mode="json"),
        "web": web,
        "platforms": platforms,
        "newsletters": newsletters,
    }
    yaml = YAML()
    yaml.width = 200
    yaml.representer.add_representer(type(None), lambda to, _: to.represent_scalar(f"{TAG}null", "null"))
    out = StringIO()
    yaml.dump(_quoted(tree), out)
    return out.getvalue()


def _quoted(value: Any) -> Any:
    """All text in quotes: no YAML reader can take it for anything else."""
    if isinstance(value, dict):
        return {key: _quoted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_quoted(inner) for inner in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) else value


def _shown(config: Config, path: str, value: str) -> str:
    """An address as it was written, without the password that may stand in it."""
    return PASSWORD.sub(lambda found: f"{found[1] or found[2]}(set)", config.written.get(path, value))


# A password in an address, unless it is ${NAME}.
PASSWORD = re.compile(r"(://[^:@/]*:)(?!\$\{\w+\}@).+(?=@)|(\bpassword=)(?!\$\{)[^&]+")


def warnings(config: Config) -> list[str]:
    """What is allowed but probably not meant, each a sentence with its path."""
    found = list(_about_platforms(config))
    for key, settings in config.newsletters.items():
        found += (f"newsletters.{key}.{warning}" for warning in _about_newsletter(settings, config.platforms))
    return found


def _about_platforms(config: Config) -> Iterator[str]:
    if PASSWORD.search(config.written.get("database", "")):
        yield "database: the password stands in the file; write ${DATABASE_PASSWORD} and set that variable"
    for path, reference in config.written.items():
        before, _, rest = path.partition("platforms.")
        platform, _, key = rest.partition(".")
        if rest and not before and getattr(getattr(config.platforms, platform), key) is None:
            yield f"{path}: {reference} is not set; it is needed to listen, not to import, preview or publish files"


def _about_newsletter(settings: NewsletterSettings, platforms: Platforms) -> Iterator[str]:
    lists = {"collect": settings.collect, "post_to": settings.post_to, "editors": settings.editors}
    for name, values in lists.items():
        for platform in sorted({value.partition(":")[0] for value in values}):
            if platform in Platforms.model_fields and getattr(platforms, platform) is None:
                yield f"{name}: names {platform}, which is not configured; that is enough for imported chat only"
    if not settings.post_to and settings.markdown is None and settings.git is None and settings.site is None:
        yield "markdown: nothing is published but with --to FOLDER, for neither markdown, git, site nor post_to is set"
    if settings.post_to and not settings.editors:
        yield "editors: there is none, so nobody sees an edition before it goes out, or hears what goes wrong"
    if settings.approval and not settings.editors:
        yield "approval: nobody can give it, for there is no editor; only `linkletter publish` can"
    posts = (settings.markdown, settings.git, settings.site)
    public = any(one is not None and one.audience is Audience.PUBLIC for one in posts)
    if public and settings.private and not settings.collect:
        yield "private: every private channel that is read may be published, for collect names none"
    if "{{" not in settings.title:
        yield 'title: is the same every week; add "{{ week.label }}" to tell the posts apart'
