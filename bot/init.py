"""``linkletter init``: a few questions become ``config.yaml`` and ``.env``, and the tokens are tried at once.

What a setting means is the configuration's business, what a chat lacks its adapter's ``check``; here it is asked, and
written down. Nothing that is there is overwritten without asking.
"""

import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import click

from bot import app
from bot.config import ENVIRONMENT, FORMS, Config, Platforms, default_config, environment, load
from newsletter import languages
from newsletter.errors import ConfigError, NewsletterError
from newsletter.heard import ChannelSeen
from newsletter.settings import Day, time_zones
from newsletter.week import in_words, next_cut_off

EXPORTS = "exports"
"""Instead of a chat: what was exported from one."""

TOKENS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "slack": {
        "bot_token": ("SLACK_BOT_TOKEN", 'Bot token (xoxb-…, on "OAuth & Permissions")'),
        "app_token": ("SLACK_APP_TOKEN", 'App-level token (xapp-…, on "Basic Information")'),
    },
    "discord": {"token": ("DISCORD_TOKEN", 'Token (on "Bot")')},
}
"""What each platform needs: the setting, the variable that holds it, and where people find it."""

BEFORE = {
    "slack": "Make the app first: choose “From a manifest” at https://api.slack.com/apps?new_app=1, and paste what\n"
    "`linkletter manifest` prints. Install it, and invite it to your channels.",
    "discord": "Make the application first, at https://discord.com/developers/applications: on “Bot”, switch on\n"
    "“Message Content Intent”, and invite it to your server.",
}

OWN_ID = {
    "slack": "your member id (your profile, ⋮, “Copy member ID”)",
    "discord": "your user id (developer mode, right click on your name, “Copy User ID”)",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered. Channels are as the configuration writes them, with their names."""

    platform: str
    language: str
    timezone: str
    day: str
    time: str
    title: str
    api_url: str = ""
    tokens: Mapping[str, str] | None = None
    collect: tuple[tuple[str, str], ...] = ()
    post_to: tuple[tuple[str, str], ...] = ()
    editor: str = ""


def ask_and_write(
    path: Path, environ: Mapping[str, str], *, api_url: str, language: str, called: str = "linkletter"
) -> None:
    """Ask, try, write, and say what comes next. Stopped in the middle, nothing is written. ``called``: this program."""
    secrets = path.parent / ENVIRONMENT
    if path.exists() and not click.confirm(f"{path} is there already. Write it anew?", default=False):
        raise click.Abort
    platform = click.prompt("Where does your team chat?", type=click.Choice([*TOKENS, EXPORTS]), default="slack")
    tokens, channels = _connected(platform, environ, api_url) if platform != EXPORTS else ({}, ())
    answers = _asked(platform, language)
    if platform != EXPORTS:
        answers = _places(replace(answers, tokens=tokens, api_url=api_url), channels)
    if tokens:
        write_secrets(secrets, tokens)
    path.write_text(written(answers), "utf-8")
    click.echo(f"Written: {path}" + (f" and {secrets} (the tokens; only you can read it)" if tokens else ""))
    _say_what_comes(path, {**environ, **tokens}, answers, called)


# --- asking ----------------------------------------------------------------------------------------------------------


def _asked(platform: str, language: str) -> Answers:
    known = languages.known()
    chosen = click.prompt("Language of the newsletter", type=click.Choice(known), default=language)
    return Answers(
        platform,
        chosen,
        click.prompt("Time zone", default=_own_zone(), value_proc=_zone),
        click.prompt(
            "On which day does the week end?", type=click.Choice([day.value for day in Day]), default=Day.FRIDAY.value
        ),
        click.prompt("At what time?", default="16:00", value_proc=_time),
        click.prompt("Title", default={"ko": "이번 주의 링크"}.get(chosen, "Links of the week")),
    )


def _zone(text: str) -> str:
    """A zone by its name, or by its city where only one has it."""
    wanted = text.strip().replace(" ", "_").casefold()
    cities = {zone: zone.rpartition("/")[2].casefold() for zone in time_zones()}
    found = [zone for zone in cities if zone.casefold() == wanted] or [
        z for z, city in cities.items() if city == wanted
    ]
    if len(found) == 1:
        return found[0]
    near = found or [zone for zone, city in cities.items() if city in get_close_matches(wanted, cities.values(), 3)]
    raise click.BadParameter(f"there is no zone {text!r}: as in {', '.join(sorted(near)[:3]) or 'Europe/Berlin'}")


def _time(text: str) -> str:
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text.strip()):
        raise click.BadParameter("write hours and minutes, as in 16:00")
    return text.strip().zfill(5)


def _own_zone() -> str:
    """This machine's zone, as far as it says it by name."""
    for found in (os.environ.get("TZ", ""), str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]):
        if found in time_zones():
            return found
    return "UTC"


def _connected(
    platform: str, environ: Mapping[str, str], api_url: str
) -> tuple[dict[str, str], tuple[ChannelSeen, ...]]:
    """The tokens, and the channels they let us see; asked again until they work, or until it is to be so."""
    click.echo(BEFORE[platform])
    while True:
        tokens = {name: _token(name, where, environ) for name, where in TOKENS[platform].values()}
        try:
            problems, channels = asyncio.run(_tried(_provisional(platform, tokens, api_url)))
        except (ValueError, NewsletterError, OSError) as error:
            problems, channels = [_why(error)], ()
        if not problems:
            click.echo(
                f"The tokens work; Linkletter is in {len(channels)} {'channel' if len(channels) == 1 else 'channels'}."
            )
            return tokens, channels
        for problem in problems:
            click.echo(f"problem: {problem}", err=True)
        if not click.confirm("Enter the tokens again?", default=True):
            return tokens, channels


def _token(name: str, where: str, environ: Mapping[str, str]) -> str:
    if (there := environ.get(name, "").strip()) and click.confirm(f"Use the {name} of the environment?", default=True):
        return there
    value: str = click.prompt(where, hide_input=True)
    return value.strip()


def _provisional(platform: str, tokens: Mapping[str, str], api_url: str) -> Config:
    """A configuration with nothing but the platform in it, to try the tokens with. Raises ``ValueError``."""
    settings = {key: tokens[name] for key, (name, _) in TOKENS[platform].items()}
    more = {"api_url": api_url} if api_url else {}
    return replace(default_config(), platforms=Platforms.model_validate({platform: {**settings, **more}}))


async def _tried(config: Config) -> tuple[list[str], tuple[ChannelSeen, ...]]:
    """What the chat says is missing, and where we are in it."""
    found = [problem async for problem in app.problems(config)]
    if found:
        return found, ()
    channels: list[ChannelSeen] = []
    for chat in app.chats(config):
        try:
            channels += await chat.channels()
        finally:
            await chat.close()
    return [], tuple(sorted(channels, key=lambda seen: seen.name))


def _why(error: Exception) -> str:
    """What is wrong, without what was entered: pydantic's own text would repeat a token."""
    told = getattr(error, "errors", None)
    return "; ".join(str(one["msg"]) for one in told()) if callable(told) else str(error)


def _places(answers: Answers, channels: Sequence[ChannelSeen]) -> Answers:
    platform = answers.platform
    for number, seen in enumerate(channels, start=1):
        click.echo(f"  {number}  {'🔒 ' if seen.private else ''}#{seen.name}")
    if not channels:
        click.echo("It is in no channel yet: invite it there, and write their names here, as in #news")

    def chosen(text: str) -> tuple[tuple[str, str], ...]:
        return tuple(_channel(one, platform, channels) for one in text.replace(",", " ").split())

    default = "1" if channels else None
    collect = click.prompt("Collect links from (numbers or names)", default=default, value_proc=chosen)
    post_to = click.prompt("Post the newsletter to", default=collect[0][1] if collect else default, value_proc=chosen)
    pattern = FORMS[platform][1]

    def person(text: str) -> str:
        if text.strip() and not re.fullmatch(pattern, text.strip()):
            raise click.BadParameter(f"that is no id: {OWN_ID[platform]}")
        return text.strip()

    asked = f"Who edits it: {OWN_ID[platform]}, or nothing"
    editor = click.prompt(asked, default="", show_default=False, value_proc=person)
    return replace(answers, collect=collect, post_to=post_to, editor=editor)


def _channel(text: str, platform: str, channels: Sequence[ChannelSeen]) -> tuple[str, str]:
    """A channel by its number in the list or its name: as the configuration writes it, and its name."""
    if text.isdecimal() and 0 < int(text) <= len(channels):
        seen = channels[int(text) - 1]
        return f"{platform}:{seen.id.id}", f"#{seen.name}"
    name = text.removeprefix("#")
    for seen in channels:
        if name.casefold() == seen.name.casefold():
            return f"{platform}:{seen.id.id}", f"#{seen.name}"
    if channels and not re.fullmatch(FORMS[platform][0], text):
        raise click.BadParameter(f"{text} is none of them")
    place = text if re.fullmatch(FORMS[platform][0], text) else f"#{name}"
    return f"{platform}:{place}", place


# --- writing ---------------------------------------------------------------------------------------------------------


def written(answers: Answers) -> str:
    """The answers as ``config.yaml``."""
    lines = ["# Made by `linkletter init`. Every setting there is, with its default: config.example.yaml", ""]
    if answers.platform in TOKENS:
        lines += ["platforms:", f"  {answers.platform}:"]
        lines += [f"    {key}: ${{{name}}}" for key, (name, _) in TOKENS[answers.platform].items()]
        lines += [f"    api_url: {_quoted(answers.api_url)}"] if answers.api_url else []
        lines.append("")
    lines += [
        "newsletters:",
        "  weekly:",
        f"    title: {_quoted(answers.title.replace('{', '(').replace('}', ')') + ' ({{ week.label }})')}",
        f"    language: {answers.language}",
        f"    timezone: {answers.timezone}",
        f"    schedule: {{day: {answers.day}, time: {_quoted(answers.time)}}}",
        *_listed("collect", answers.collect),
        *_listed("post_to", answers.post_to),
    ]
    if answers.editor:
        lines.append(f"    editors: [{_quoted(f'{answers.platform}:{answers.editor}')}]")
    lines += ["    markdown: {folder: posts}", ""]
    return "\n".join(lines)


def _listed(key: str, places: Sequence[tuple[str, str]]) -> list[str]:
    if not places:
        return []
    names = " ".join(" ".join(name.split()) for _, name in places)
    return [f"    {key}: [{', '.join(_quoted(place) for place, _ in places)}] # {names}"]


def _quoted(text: str) -> str:
    """YAML's double quotes are JSON's."""
    return json.dumps(text, ensure_ascii=False)


def write_secrets(path: Path, tokens: Mapping[str, str]) -> None:
    """The tokens, for nobody else to read; lines of others stay, as do ours until it is said that they may go."""
    before = path.read_text("utf-8").splitlines() if path.exists() else []
    ours = [line for line in before if line.partition("=")[0].strip() in tokens]
    if ours and not click.confirm(f"{path} has tokens already. Replace them?", default=False):
        raise click.Abort
    lines = [line for line in before if line not in ours] + [f"{name}={value}" for name, value in tokens.items()]
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    beside.replace(path)


def _say_what_comes(path: Path, environ: Mapping[str, str], answers: Answers, called: str) -> None:
    try:
        config = load(path, environment(path, environ), need_tokens=False)
    except ConfigError as error:
        click.echo(f"One thing is left to mend by hand:\n{error}", err=True)
        return
    settings = config.newsletters["weekly"]
    now = datetime.now(UTC)
    cut_off = next_cut_off(settings.schedule, settings.zone, now)
    click.echo(f"The next newsletter closes on {in_words(cut_off, settings.zone, now)}.")
    program = called if path == Path("config.yaml") else f"{called} --config {path}"
    if answers.platform == EXPORTS:
        click.echo(f"Next: {program} import EXPORT, then {program} publish")
    else:
        click.echo(f"Next: {program} check --live, then {program} run")
