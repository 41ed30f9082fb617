"""The command line: one function per row of ``linkletter …``. Results go to stdout, everything else to stderr.

Exit status: 0 done, 1 failed or waiting for a person, 2 wrong usage or configuration. What a command does is the
business of ``importing``, ``publish`` and ``search``; here it is asked for, and told to a person or a program.
"""

import asyncio
import json
import logging
import os
import secrets
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import wraps
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click

import bot
from newsletter.errors import ConfigError, NewsletterError, UserError

Result = TypeVar("Result")
Command = Callable[..., Any]

CONFIG = "config.yaml"
DEMO = "linkletter-demo"
STYLES = ("hexo", "jekyll", "hugo", "plain", "archive", "index")


class _Path(click.Path):
    """A path as it was typed; ``~`` is the home folder also where the shell leaves it, as in ``--to=~/posts``."""

    def __init__(self, **kinds: bool) -> None:
        super().__init__(path_type=Path, **kinds)

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        return super().convert(os.path.expanduser(value), parameter, context)  # noqa: PTH111 - "~nobody" raises there


def main() -> None:
    """The entry point of the ``linkletter`` command."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        # A post is UTF-8 wherever it is written to. A terminal gets what it can show.
        if stream.isatty():
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    linkletter(prog_name="linkletter")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=_Path(dir_okay=False),
    help=f"The configuration. [default: {CONFIG}, if there is one]",
)
@click.version_option(bot.__version__, prog_name="linkletter")
@click.pass_context
def linkletter(context: click.Context, config_file: Path | None) -> None:
    """Collects the links a team shares in Slack and Discord into a weekly newsletter."""
    context.obj = config_file


def _command(function: Command) -> Command:
    """A row of the command line: its errors are told in a line or two, without a traceback, with the right status."""

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            status = function(*args, **kwargs)
        except (click.ClickException, click.Abort):
            raise
        except ConfigError as error:
            _complain(str(error))
            raise SystemExit(2) from error
        except NewsletterError as error:
            _complain(f"linkletter: {error}")
            raise SystemExit(1) from error
        except BrokenPipeError:
            # The reader of the output has gone (`linkletter search … | head`): nobody is left to be told.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None
        except KeyboardInterrupt:
            _complain("\nlinkletter: stopped; nothing is half done, run it again to go on")
            raise SystemExit(1) from None
        except OSError as error:
            _complain(f"linkletter: {error.filename or 'the system'}: {error.strerror or error}")
            raise SystemExit(1) from error
        except Exception as error:
            reference = secrets.token_hex(4)
            logging.getLogger("linkletter").critical("reference %s", reference, exc_info=error)
            _complain(f"linkletter: something went wrong that should not have; please report reference {reference}")
            raise SystemExit(1) from error
        raise SystemExit(status or 0)

    return guarded


def _as_json(function: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)


def _complain(text: str) -> None:
    click.echo(text, err=True)


def _print_json(value: Mapping[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


# --- what every command needs --------------------------------------------------------------------------------------


def _config(context: click.Context, *, need_tokens: bool = False) -> Any:
    """The configuration; where there is none, the one newsletter over everything imported."""
    from bot.config import default_config, environment, load
    from newsletter.publish import title_problems

    named: Path | None = context.find_root().obj
    if named is None and not Path(CONFIG).exists():
        if need_tokens:
            raise click.UsageError(f"There is no {CONFIG} here. Make one with: linkletter init")
        return default_config()
    path = named or Path(CONFIG)
    return load(path, environment(path, os.environ), need_tokens=need_tokens, checks=[title_problems])


def _say_without_config(config: Any) -> None:
    if config.path is None:
        _complain(
            f"No {CONFIG} here: one newsletter over every imported channel, weeks cut on Monday 00:00 UTC, "
            f"kept in {config.database.removeprefix('sqlite:///')}."
        )


def _newsletter(config: Any, key: str | None) -> Any:
    """The newsletter of this key; the only one where none is named."""
    if key is None and len(config.newsletters) == 1:
        return next(iter(config.newsletters.values()))
    if key in config.newsletters:
        return config.newsletters[key]
    known = ", ".join(config.newsletters)
    if key is None:
        raise click.UsageError(f"Which newsletter? Name one of: {known}")
    raise click.UsageError(f"There is no newsletter {key!r}. There is: {known}")


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Something to look at while it takes long: a bar on a terminal, a line now and then in a log."""
    from bot.progress import shown

    with shown(sys.stderr) as tell:
        yield tell


# --- the rows ------------------------------------------------------------------------------------------------------


@linkletter.command(name="import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=_Path())
@click.option(
    "--workspace", default="", metavar="ID", help="The Slack team or Discord server, if the export names none."
)
@_as_json
@click.pass_context
@_command
def import_(context: click.Context, paths: tuple[Path, ...], workspace: str, as_json: bool) -> None:
    """Read Slack exports (ZIP or folder) or DiscordChatExporter JSON. Twice changes nothing."""
    from bot.app import opened
    from bot.importing import import_exports

    config = _config(context)
    _say_without_config(config)

    async def run() -> Any:
        async with opened(config) as app:
            with _progress() as progress:
                return await import_exports(
                    paths,
                    app.collector,
                    next(iter(config.newsletters.values())),
                    workspace=workspace,
                    configured=await app.workspaces(),
                    progress=progress,
                    privacy=app.privacy,
                )

    imported = _run(run())
    if any(workspace.startswith("discord:") for workspace in imported.workspaces.values()):
        _complain(
            "note: a Discord export does not say who may read a channel. Before you publish links from one that is "
            "not for everybody, name the channels that are, under `collect:`."
        )
    if as_json:
        _print_json(imported.as_json())
        return
    collected = imported.collected
    click.echo(f"{collected.messages:,} messages in {_several(imported.channels, 'channel')}")
    click.echo(
        f"{_several(collected.shares, 'share')} of {_several(len(collected.keys), 'link')} "
        f"by {_several(len(collected.people), 'person', 'people')}"
    )
    _print_counts("held back from public places", imported.held)
    _print_counts("left out of newsletters", imported.left_out)
    _print_counts("messages that are no person's words", collected.ignored)
    if imported.forgotten:
        days = max(settings.retention for settings in config.newsletters.values())
        messages = _several(imported.forgotten, "message")
        click.echo(f"{messages} older than the retention of {_several(days, 'day')}: only the links are kept")


def _several(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _print_counts(what: str, counts: Counter[str]) -> None:
    if counts:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())
        click.echo(f"{counts.total():,} {what}: {reasons}")


@linkletter.command()
@click.argument("newsletter", required=False)
@click.option("--date", "day", metavar="D", help="The edition that covers this day: 2020-06-13.")
@click.option("--week", metavar="WEEK", help="The edition of this week: 2020-W24.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="For reading here, as the post will be, or everything that is known.",
)
@click.option("--style", type=click.Choice(STYLES[:-1]), help="The post's style instead of the configured one.")
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.pass_context
@_command
def preview(
    context: click.Context, newsletter: str | None, day: str | None, week: str | None, form: str, style: str | None
) -> None:
    """Show what will go out, or what a past week's edition was. Changes nothing."""
    from bot.app import opened

    if day and week:
        raise click.UsageError("Name a --date or a --week, not both.")
    config = _config(context)
    settings = _styled(_newsletter(config, newsletter), style)
    cut_off = _cut_off(settings, day, week)
    _say_without_config(config)

    async def run() -> tuple[Any, Any]:
        async with opened(config) as app:
            publisher = app.publisher(settings)
            return await publisher.preview(cut_off), publisher

    edition, publisher = _run(run())
    click.echo(_previewed(edition, publisher, settings, form), nl=False)
    if edition.is_empty:
        _complain(_run(_why_empty(config, settings)))


def _cut_off(settings: Any, day: str | None, week: str | None) -> Any:
    from newsletter.week import cut_off_for_date, parse_date, parse_week

    try:
        if week:
            return parse_week(week, settings.schedule, settings.zone)
        return cut_off_for_date(parse_date(day), settings.schedule, settings.zone) if day else None
    except UserError as error:
        raise click.UsageError(str(error)) from error


def _styled(settings: Any, style: str | None) -> Any:
    from newsletter.settings import MarkdownSettings

    if style is None:
        return settings
    markdown = settings.markdown or MarkdownSettings()
    return settings.model_copy(update={"markdown": markdown.model_copy(update={"style": style})})


def _previewed(edition: Any, publisher: Any, settings: Any, form: str) -> str:
    from newsletter import render
    from newsletter.model import to_json
    from newsletter.settings import MarkdownSettings

    match form:
        case "json":
            return to_json(edition, indent=2) + "\n"
        case "markdown":
            markdown = settings.markdown or MarkdownSettings()
            return render.post(publisher.seen_by(edition, markdown.audience, markdown.show), markdown)
        case _:
            return render.text(edition).rstrip() + "\n"


async def _why_empty(config: Any, settings: Any) -> str:
    from bot.app import opened

    async with opened(config) as app:
        newest = (await app.publisher(settings).standing()).newest_share
    if newest is None:
        return "No link has been collected yet. Import an export: linkletter import PATH"
    return (
        f"Nothing in this week yet. The newest link is from {newest:%Y-%m-%d}: "
        f"try --date {newest:%Y-%m-%d}, or make all past weeks: linkletter publish --to FOLDER --all-weeks"
    )


@linkletter.command()
@click.argument("newsletter", required=False)
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    type=_Path(file_okay=False),
    help="Write the posts here instead of to the newsletter's destinations.",
)
@click.option("--all-weeks", is_flag=True, help="Make the past's editions too, to files only.")
@click.option("--style", type=click.Choice(STYLES), help="The posts' style instead of the configured one.")
@_as_json
@click.pass_context
@_command
def publish(
    context: click.Context,
    newsletter: str | None,
    folder: Path | None,
    all_weeks: bool,
    style: str | None,
    as_json: bool,
) -> int:
    """Close the open edition now and publish it. What was published stays; twice changes nothing."""
    from bot.app import opened

    config = _config(context)
    settings = _styled(_newsletter(config, newsletter), style)
    _say_without_config(config)
    anywhere = settings.markdown or settings.git or settings.site or settings.post_to
    if folder is None and not anywhere:
        raise click.UsageError(
            "Where to? Write a folder, as in `linkletter publish --to posts`, or set `markdown:` in the configuration."
        )

    async def run() -> Any:
        async with opened(config) as app, app.publishing(settings, folder) as publisher:
            with _progress() as progress:
                if all_weeks:
                    await publisher.archive("command line", lambda done, n: progress("Making past weeks", done, n))
                await publisher.publish("command line")
                return await publisher.deliver(failed_too=True)

    delivered = _run(run())
    failed = [one for one in delivered if one.failed is not None]
    if as_json:
        _print_json(
            {
                "published": [
                    {"label": one.label, "destination": one.destination, "files": [r.id for r in one.receipts]}
                    for one in delivered
                    if one.failed is None
                ],
                "failed": [{"label": one.label, "destination": one.destination, "why": one.failed} for one in failed],
            }
        )
    else:
        for one in delivered:
            for receipt in one.receipts:
                click.echo(f"{one.label}\t{receipt.id}")
        for one in failed:
            _complain(f"linkletter: {one.label} did not reach {one.destination}: {one.failed}")
    if not delivered:
        _complain(_run(_why_nothing(config, settings)))
    return 1 if failed else 0


async def _why_nothing(config: Any, settings: Any) -> str:
    from bot.app import now, opened

    async with opened(config) as app:
        standing = await app.publisher(settings).standing()
    newest, last = standing.newest_share, standing.last_published
    if newest is None:
        return "Nothing to publish: no link has been collected yet. Import an export: linkletter import PATH"
    if last is not None:
        return f"Nothing new to publish since {last:%Y-%m-%d %H:%M} UTC."
    days = (now() - newest).days
    return (
        f"Nothing to publish: the newest link is {_several(days, 'day')} old ({newest:%Y-%m-%d}). "
        "For the past's editions: linkletter publish --to FOLDER --all-weeks"
    )


@linkletter.command()
@click.argument("newsletter", required=False)
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    type=_Path(file_okay=False),
    help="Write the site here instead of to the newsletter's own folder.",
)
@click.option("--all-weeks", is_flag=True, help="Make the past's editions too, as publish does.")
@_as_json
@click.pass_context
@_command
def site(context: click.Context, newsletter: str | None, folder: Path | None, all_weeks: bool, as_json: bool) -> int:
    """Write everything that was published as a web site of plain files. Twice changes nothing."""
    from bot.app import opened

    config = _config(context)
    settings = _newsletter(config, newsletter)
    _say_without_config(config)
    if folder is None and settings.site is None:
        raise click.UsageError(
            "Where to? Write a folder, as in `linkletter site --to site`, or set `site:` in the configuration."
        )

    async def run() -> Any:
        async with opened(config) as app:
            with _progress() as progress:
                if all_weeks:
                    await app.archivist(settings).archive(
                        "command line", lambda done, n: progress("Making past weeks", done, n)
                    )
                return await app.write_site(settings, folder, lambda done, n: progress("Writing pages", done, n))

    written, editions = _run(run())
    if as_json:
        _print_json({"editions": editions, **asdict(written)})
    elif editions:
        click.echo(
            f"{_several(editions, 'edition')}: {_several(len(written.written), 'file')} written, "
            f"{len(written.removed):,} removed, {written.unchanged:,} unchanged"
        )
    if not editions:
        _complain("Nothing was published yet. For the past's editions: linkletter site --to FOLDER --all-weeks")
    return 0


@linkletter.command()
@click.argument("newsletter", required=False)
@_as_json
@click.pass_context
@_command
def lint(context: click.Context, newsletter: str | None, as_json: bool) -> int:
    """Look for what to mend in the open edition: titles, dead links, duplicates. Exit status 1 if there is anything."""
    from bot.app import opened

    config = _config(context)
    settings = _newsletter(config, newsletter)
    if not as_json:
        _say_without_config(config)

    async def run() -> Any:
        async with opened(config) as app:
            return await app.lint(settings)

    found = _run(run())
    if as_json:
        _print_json({"findings": [asdict(finding) for finding in found]})
        return 1 if found else 0
    for finding in found:
        click.echo(f"{finding.fault}: {finding.title}")
        click.echo(f"    {finding.url}")
        click.echo(f"    {finding.says}")
    if not found:
        _complain("Nothing to mend.")
    return 1 if found else 0


@linkletter.command()
@click.pass_context
@_command
def run(context: click.Context) -> None:
    """Live in the chats: listen, answer, and publish every newsletter at its cut-off, until told to end."""
    from bot.app import run as run_until_told

    config = _config(context, need_tokens=True)
    _log_to_stderr()
    _complain(f"Linkletter is at work for {', '.join(config.newsletters)}. Ctrl-C ends it.")
    _run(run_until_told(config))
    _complain("Linkletter has ended; nothing is half done.")


def _log_to_stderr() -> None:
    """A line per event, for whoever keeps the log; what libraries say only from warnings on."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    for ours in ("bot", "newsletter", "linkletter"):
        logging.getLogger(ours).setLevel(logging.INFO)


@linkletter.command()
@click.option("--address", default="", metavar="URL", help="Where Slack reaches you over HTTP; none for Socket Mode.")
@click.pass_context
@_command
def manifest(context: click.Context, address: str) -> None:
    """Print the Slack app's manifest for this configuration: paste it at https://api.slack.com/apps?new_app=1."""
    from bot.commands import ROWS
    from bot.platforms.slack.manifest import manifest as made

    config = _config(context)
    _say_without_config(config)
    newsletters = list(config.newsletters.values())
    _print_json(made(newsletters, ROWS, called=config.command, address=address))


@linkletter.command()
@_as_json
@click.pass_context
@_command
def status(context: click.Context, as_json: bool) -> int:
    """Say how each newsletter stands. Exit status 1 if something waits for a person."""
    from bot.app import opened

    config = _config(context)
    if not as_json:
        _say_without_config(config)

    async def run() -> tuple[list[Any], Any]:
        async with opened(config) as app:
            found = [await app.publisher(settings).standing() for settings in config.newsletters.values()]
            return found, await app.health()

    standings, health = _run(run())
    if as_json:
        _print_json({"newsletters": [asdict(standing) for standing in standings], "health": asdict(health)})
    else:
        for standing in standings:
            _print_standing(standing)
        _print_health(health)
    return 1 if any(standing.failed for standing in standings) or health.is_bad else 0


def _print_health(health: Any) -> None:
    if health.last_good_tick is not None:
        since = f"{health.last_good_tick:%Y-%m-%d %H:%M:%S} UTC"
        click.echo(f"bot\n  {'running' if health.is_running else 'NOT RUNNING'}         all was well at {since}")
    for problem in health.problems:
        click.echo(f"  {problem}")


def _print_standing(standing: Any) -> None:
    click.echo(f"{standing.newsletter}")
    click.echo(f"  open edition    {standing.label}, cut off {standing.cut_off:%Y-%m-%d %H:%M} UTC")
    if standing.orders.paused_until is not None:
        click.echo(f"  paused          until {standing.orders.paused_until:%Y-%m-%d %H:%M} UTC")
    for label, at in standing.held:
        click.echo(f"  waits           {label}, {f'until {at:%Y-%m-%d %H:%M} UTC' if at else 'for an editor'}")
    click.echo(f"  in it           {_several(standing.entries, 'link')}, {standing.left_out} left out")
    published = "none yet"
    if standing.last_published is not None:
        published = f"{standing.editions:,}, the last one cut off {standing.last_published:%Y-%m-%d %H:%M} UTC"
    click.echo(f"  published       {published}")
    if standing.newest_share is not None:
        click.echo(f"  newest link     {standing.newest_share:%Y-%m-%d %H:%M} UTC")
    for destination, why in standing.failed:
        click.echo(f"  failed          {destination}: {why}")
    for destination, why, at in standing.retried:
        click.echo(f"  tried again     {destination}{f', {at:%H:%M} UTC' if at else ''}: {why}")


@linkletter.command()
@click.option("--live", is_flag=True, help="Also ask the chats: tokens, scopes, channels. Changes nothing there.")
@_as_json
@click.pass_context
@_command
def check(context: click.Context, live: bool, as_json: bool) -> int:
    """Look for mistakes in the configuration; print what is in force and when the next editions are cut."""
    from bot.app import now
    from bot.config import effective, warnings
    from newsletter.week import cut_offs, in_words

    config = _config(context)
    coming = {
        key: [
            in_words(cut_off, settings.zone, now())
            for cut_off in islice(cut_offs(settings.schedule, settings.zone, now(), now() + timedelta(weeks=5)), 3)
        ]
        for key, settings in config.newsletters.items()
    }
    found = warnings(config)
    problems, invitations = _run(_asked_live(config)) if live else ([], [])
    if as_json:
        _print_json({"config": effective(config), "cut_offs": coming, "warnings": found, "problems": problems})
        return 1 if problems else 0
    _say_without_config(config)
    click.echo(effective(config), nl=False)
    for key, instants in coming.items():
        click.echo(f"\n{key}: the next editions are cut off on")
        for instant in instants:
            click.echo(f"  {instant}")
    for warning in found:
        _complain(f"note: {warning}")
    for problem in problems:
        _complain(f"problem: {problem}")
    for invitation in invitations:
        click.echo(f"\n{invitation}")
    if live and not problems:
        _complain("The chats have all that is needed.")
    return 1 if problems else 0


async def _asked_live(config: Any) -> tuple[list[str], list[str]]:
    from bot.app import invitations, problems

    found = [problem async for problem in problems(config)]
    try:
        return found, [invitation async for invitation in invitations(config)]
    except (NewsletterError, OSError) as error:
        return [*found, str(error)], []


@linkletter.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--most", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many at the most.")
@_as_json
@click.pass_context
@_command
def search(context: click.Context, words: tuple[str, ...], most: int, as_json: bool) -> int:
    """Find links by the words around them, newest first: words, "a phrase", #tag, from:NAME, in:CHANNEL.

    All of it must be there. Two Korean syllables suffice.
    """
    from bot.app import opened
    from newsletter.search import hint, read
    from newsletter.store import search as index
    from newsletter.titles import title_from_url
    from newsletter.words import plain

    config = _config(context)
    # What is typed is UTF-8, also where the locale says nothing of it.
    wanted = os.fsencode(" ".join(words)).decode("utf-8", "replace")

    async def run() -> Any:
        async with opened(config) as app, app.store.reading() as transaction:
            return await index.find(transaction, read(wanted), None, most, newsletters=None)

    found = _run(run())
    if as_json:
        _print_json(
            {
                "found": [
                    {
                        "url": one.url,
                        "title": one.title or title_from_url(one.url)[0],
                        "words": plain(one.comment),
                        "person": one.person,
                        "channel": one.channel,
                        "at": one.sent_at.isoformat(),
                        "newsletter": one.newsletter,
                        "edition": one.edition,
                        "label": one.label,
                    }
                    for one in found
                ]
            }
        )
        return 0
    for one in found:
        click.echo(f"{one.sent_at:%Y-%m-%d}  {one.title or title_from_url(one.url)[0]}")
        if one.url:
            click.echo(f"            {one.url}")
        said = f"{one.person or 'somebody'} in #{one.channel}" if one.share else ""
        edition = f"{one.newsletter} edition {one.edition}, {one.label}" if one.edition else ""
        click.echo(f"            {'; '.join(filter(None, (said, edition)))}")
    if not found:
        _complain(f"Nothing found. {hint(wanted)}")
    return 0


@linkletter.command()
@click.argument("what", type=click.Choice(["skip", "unskip", "pause", "resume", "retract", "log"]), metavar="WHAT")
@click.argument("newsletter", required=False)
@click.option("--date", "day", metavar="D", help="The day: 2020-06-13. For skip, the next cut-off if left out.")
@click.pass_context
@_command
def week(context: click.Context, what: str, newsletter: str | None, day: str | None) -> int:
    """Skip, unskip, pause, resume or retract a newsletter, or print its log, as editors do in chat."""
    from bot.app import now, opened
    from bot.rows.ordering import done
    from newsletter.week import in_words, parse_date

    config = _config(context)
    settings = _newsletter(config, newsletter)
    try:
        date = parse_date(day) if day else None
    except UserError as error:
        raise click.UsageError(str(error)) from error

    def needed() -> Any:
        if date is None:
            raise click.UsageError(f"{what} needs a day: --date 2020-06-13")
        return date

    def ahead() -> Any:
        if needed() <= now().astimezone(settings.zone).date():
            raise click.UsageError(f"{date} has passed: name the day from which on it goes out again")
        return date

    async def run() -> str:
        async with opened(config) as app:
            publisher, by = app.publisher(settings), "command line"
            match what:
                case "skip":
                    return f"skipped on {shown(await publisher.skip(by, date))}"
                case "unskip":
                    at = await publisher.unskip(by, needed())
                    return f"goes out after all on {shown(at)}" if at else "it was not going to be skipped"
                case "pause":
                    return f"paused; the next one is on {shown(await publisher.pause(by, ahead()))}"
                case "resume":
                    return f"goes on; the next one is on {shown(await publisher.resume(by))}"
                case "retract":
                    edition = await publisher.retract(by)
                    await publisher.deliver()
                    return f"#{edition.number} {edition.title}: taken back" if edition else "no edition went out yet"
                case _:
                    return "\n".join(map(told, await publisher.log()))

    def shown(at: Any) -> str:
        return in_words(at, settings.zone, now())

    def told(act: Any) -> str:
        return f"{act.at.astimezone(settings.zone):%Y-%m-%d %H:%M} {done(act, settings.zone)} by {act.by}"

    said = _run(run())
    click.echo(said if what == "log" else f"{settings.key}: {said}")
    return 0


@linkletter.command()
@click.argument("person", metavar="PERSON")
@_as_json
@click.pass_context
@_command
def forget(context: click.Context, person: str, as_json: bool) -> int:
    """Erase a person's name and words everywhere, and collect nothing of theirs again: slack:U012ABC, or a name."""
    from bot.app import opened
    from bot.forgetting import forget as forget_person

    config = _config(context)

    async def run() -> Any:
        async with opened(config) as app:
            return await forget_person(app, person)

    done = _run(run())
    if as_json:
        _print_json(asdict(done))
        return 1 if done.failed else 0
    click.echo(f"{', '.join(done.people)}: nothing is kept, and nothing will be.")
    for key in done.newsletters:
        click.echo(f"{key}: what was published is without them")
    for key in done.waiting:
        _complain(f"note: messages of {key} in chat change when `linkletter run` runs")
    for file in done.files:
        _complain(f"note: something of theirs still stands in {file}: was it edited by hand?")
    for history in done.repositories:
        _complain_of_history(history)
    for why in done.failed:
        _complain(f"linkletter: {why}")
    return 1 if done.failed else 0


def _complain_of_history(history: Any) -> None:
    """What a repository's commits still hold, and what there is to do."""
    if history.problem:
        _complain(f"note: nobody looked through the history of {history.repository}: {history.problem}")
        return
    _complain(f"note: the history of {history.repository} still has something of theirs, in")
    for commit in history.commits:
        _complain(f"    {commit.hash[:10]}  {commit.day}  {commit.subject}  {commit.path}")
    if history.more:
        _complain(f"    and {_several(history.more, 'older one')}")
    _complain("  Rewriting it is yours to do, since others have copies: see `docs/privacy.md` (git filter-repo).")


@linkletter.command()
@click.option(
    "--api-url", default="", metavar="URL", help="Where Slack or Discord is, to try it against a test server."
)
@click.pass_context
@_command
def init(context: click.Context, api_url: str) -> None:
    """Ask what is needed, test the tokens, and write config.yaml and .env for your own chat."""
    from bot.init import ask_and_write

    if not sys.stdin.isatty():
        raise click.UsageError(
            "init asks questions, and here is nobody at a terminal to answer them. Copy config.example.yaml to "
            f"config.yaml instead, change it, and look at it with: {_called()} check"
        )
    named: Path | None = context.find_root().obj
    path, language = named or Path(CONFIG), _language(os.environ)
    ask_and_write(path, dict(os.environ), api_url=api_url, language=language, called=_called())


@linkletter.command()
@click.option("--once", is_flag=True, help="Without a browser: let the week end, print what came of it, and end.")
@click.option("--empty", is_flag=True, help="Begin with a room in which nobody has said anything.")
@click.option(
    "--import", "export", metavar="EXPORT", type=_Path(), help="Fill the room from a Slack or Discord export."
)
@click.option("--keep", is_flag=True, help="Leave everything in the folder, to go on there the next time.")
@click.option(
    "--folder",
    metavar="FOLDER",
    type=_Path(file_okay=False),
    help=f"Keep it, and here. [default with --keep or --once: {DEMO}]",
)
@click.option("--port", type=click.IntRange(0, 65535), help="The port of the page. [default: 8765, or any]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other address is behind a token.")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@_command
def demo(
    once: bool,
    empty: bool,
    export: Path | None,
    keep: bool,
    folder: Path | None,
    port: int | None,
    host: str,
    no_browser: bool,
) -> None:
    """Try everything in a chat room in your browser, with a sample team: no token, no network."""
    from bot.demo import Wanted, run_in_browser, run_once

    if empty and export is not None:
        raise click.UsageError("Say --empty or --import, not both.")
    with ExitStack() as stack:
        if folder is None:
            folder = Path(DEMO) if keep or once else Path(stack.enter_context(TemporaryDirectory(prefix="linkletter-")))
        progress = stack.enter_context(_progress())
        wanted = Wanted(folder, _language(os.environ), empty, export, progress)
        if once:
            _run(run_once(wanted, click.echo))
            again = f" --folder {folder}" if folder != Path(DEMO) else " --keep"
            click.echo(f"Next, be in that room yourself, in the browser: {_called()} demo{again}")
            click.echo(f"And in your own chat: {_called()} init")
        else:
            browse = not no_browser and _has_a_browser(os.environ)
            _run(run_in_browser(wanted, _complain, host=host, port=port, browse=browse))
            _complain(f"Next, in your own chat: {_called()} init")


def _called() -> str:
    """What to type for this program: its name, or as it was typed now, where the name alone would not be found."""
    typed = Path(sys.argv[0])
    return shlex.quote(str(typed)) if typed.stem == "linkletter" and not shutil.which("linkletter") else "linkletter"


def _language(environ: Mapping[str, str]) -> str:
    """What the sample is in: Korean where the locale is, else English."""
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "ko" if locale.startswith("ko") else "en"


def _has_a_browser(environ: Mapping[str, str]) -> bool:
    """Whether a person sits at this machine's own screen. A text browser would take the terminal away from them."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
