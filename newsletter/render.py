"""Edition -> documents: a week's post, the index over many weeks, plain text for a terminal. The only place with Jinja.

Here stands what a template is given; what it looks like is in ``templates/``, of which a folder may replace any file.
The edition handed in is already the one its readers may see (``audience.for_audience``); escaping is ``markdown.py``'s.
"""

import re
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from newsletter import markdown
from newsletter.errors import UserError
from newsletter.languages import Language, language
from newsletter.markdown import Markdown, Names
from newsletter.model import Edition, Entry, EntryLink, Week
from newsletter.settings import MarkdownSettings

CONTEXT_VERSION = 1
"""Rises when a value that a template is given changes its name or meaning; a template may ask ``context_version``."""


# --- what templates are given ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeekShown:
    """A week for a title: ``week.label`` (``6월 2주차``), ``week.iso`` (``2020-W24``), ``week.next`` the one after."""

    label: str
    iso: str
    year: int
    month: int
    of_month: int
    next: "WeekShown | None" = None


@dataclass(frozen=True, slots=True)
class ReplyShown:
    """What somebody replied: ``line`` is ready, the words in one line."""

    person: str
    line: str


@dataclass(frozen=True, slots=True)
class EntryShown:
    """One entry for a template. ``anchor``, ``words`` and ``line`` are ready; the rest is text.

    ``number`` counts from one through the whole edition. ``day`` is when it was first shared, in the language.
    ``people`` are the names of those who shared it, empty where they may not be shown; ``permalink`` is ``""``
    likewise. ``also_in`` says which earlier edition had the link; such an entry has a ``line``, its words in one line,
    and no ``anchor``. For a new one both are ``""``. ``discussion`` is for the team, in the order it was said.
    """

    number: int
    title: str
    anchor: str
    url: str
    links: tuple[EntryLink, ...]
    words: str
    line: str
    excerpt: str
    site: str
    day: str
    people: tuple[str, ...]
    permalink: str
    reactions: tuple[tuple[str, int], ...]
    hashtags: tuple[str, ...]
    also_in: str
    discussion: tuple[ReplyShown, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionShown:
    """Entries under a heading, or without one where ``title`` is ``""``."""

    title: str
    anchor: str
    entries: tuple[EntryShown, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """All that a post's template is given, by these names.

    Beside them: ``say`` (the ``Language``), ``style``, ``draft``, ``categories``, ``tags``, ``link_label``,
    ``context_version``, and for a style's own template ``body`` (Markdown) and ``has_braces``.

    ``date`` is the cut-off in the newsletter's zone, ``day`` the same in words. ``intro`` and ``outro`` are ready.
    """

    newsletter: str
    number: int
    title: str
    label: str
    date: datetime
    day: str
    intro: str
    outro: str
    contents_anchor: str
    sections: tuple[SectionShown, ...]
    again: tuple[EntryShown, ...]
    again_anchor: str


# --- documents -------------------------------------------------------------------------------------------------------


def title_of(template: str, week: Week, next_week: Week, newsletter: str) -> str:
    """An edition's title, plain text on one line, from the settings: ``Weekly News ({{ week.next.label }})``.

    Raises ``UserError`` where the template cannot be used.
    """
    with _explained("title"):
        made = (
            _environment(str)
            .from_string(template)
            .render(week=_week_shown(week, _week_shown(next_week)), newsletter=newsletter)
        )
    return markdown.plain(made) or newsletter


def url_of(template: str, edition: Edition) -> str:
    """Where a post will be read, from ``markdown.url`` of the settings; ``""`` where that is empty."""
    with _explained("url"):
        return _environment(str).from_string(template).render(slug=slug_of(edition))


def post(
    edition: Edition,
    settings: MarkdownSettings,
    *,
    templates: Path | None = None,
    names: Names = markdown.label_of,
    draft: bool = False,
) -> str:
    """The edition as a Markdown post in the settings' style. Same edition, same text. Raises ``UserError``.

    ``draft``: the post says so, where its style has a word for that (Hugo); for others the folder says it.
    """
    words = language(edition.language)
    environment = _environment(_as_markdown, templates)
    titled = settings.style in ("plain", "archive")
    context = {
        **_fields(
            _post(
                edition,
                words,
                names,
                titled=titled,
                with_contents=settings.style != "archive",
                hard_breaks=settings.style != "hexo",
            )
        ),
        "say": words,
        "style": settings.style,
        "draft": draft,
        "categories": settings.categories,
        "tags": settings.tags,
        "link_label": settings.link_label or words.link,
    }
    if settings.style == "archive":
        return environment.made("archive.md.j2", context)
    body = Markdown(environment.made("body.md.j2", context).strip("\n"))
    has_braces = "{" in body or "&#123;" in body
    return environment.made(f"{settings.style}.md.j2", context | {"body": body, "has_braces": has_braces})


def index(
    title: str,
    editions: Iterable[Edition],
    settings: MarkdownSettings,
    *,
    posts: Mapping[int, str] | None = None,
    templates: Path | None = None,
) -> str:
    """A look back over many editions, in the order given: each week with its links, by year.

    ``posts`` are the addresses of the editions' own posts, by number, where there are any.
    """
    by_year = groupby(editions, key=lambda edition: _local(edition.cut_off, edition).year)
    years = [{"year": year, "rows": [_row(edition, posts or {}) for edition in group]} for year, group in by_year]
    context = {"title": markdown.plain(title), "years": years, "style": settings.style}
    return _environment(_as_markdown, templates).made("index.md.j2", context)


def _row(edition: Edition, posts: Mapping[int, str]) -> dict[str, Any]:
    words = language(edition.language)
    return {
        "label": edition.label,
        "day": format_datetime(_local(edition.cut_off, edition), words.day, locale=words.code),
        "url": posts.get(edition.number, ""),
        "entries": [{"title": _title(entry), "url": entry.url} for entry in (*edition.entries, *edition.again)],
    }


def text(edition: Edition, *, templates: Path | None = None, names: Names = markdown.label_of) -> str:
    """The edition as plain text for a terminal."""
    words = language(edition.language)
    shown = _post(edition, words, names, titled=True, with_contents=False, as_text=True)
    return _environment(_as_text, templates).made("edition.txt.j2", _fields(shown) | {"say": words})


def slug_of(edition: Edition) -> str:
    """``2020-06-13-ml-weekly``: the cut-off's local date and the newsletter's key, letters of any script kept.

    In lower case and composed, so that no file system takes two newsletters' files for one or one for two. The second
    edition cut off on one day (published early) ends in ``-2``.
    """
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", edition.newsletter).casefold())
    key = re.sub(r"[\W_]+", "-", key)[:60].strip("-")
    nth = f"-{edition.nth_of_day}" if edition.nth_of_day > 1 else ""
    return f"{_local(edition.cut_off, edition):%Y-%m-%d}-{key or 'newsletter'}{nth}"


# --- an edition as templates see it ----------------------------------------------------------------------------------


def _post(
    edition: Edition,
    words: Language,
    names: Names,
    *,
    titled: bool,
    with_contents: bool,
    as_text: bool = False,
    hard_breaks: bool = False,
) -> Post:
    """Anchors are given in the order of the document's headings: that is what makes them GitHub's."""
    taken: dict[str, int] = {}
    read = markdown.to_text if as_text else partial(markdown.rewrite, hard=hard_breaks)
    numbers = iter(range(1, len(edition.entries) + len(edition.again) + 1))

    def anchor(heading: str) -> Markdown:
        # Letters, digits, hyphens and underscores: as a target it needs no escape.
        return Markdown(markdown.slug(markdown.plain(heading), taken))

    def said(entry: Entry) -> str:
        words = _editors(entry.words, as_text, names) if entry.by_editor else read(entry.words, names)
        parts = filter(None, (words, _editors(entry.note, as_text, names)))
        return "\n\n".join(parts) if as_text else Markdown("\n\n".join(parts))

    def shown(entry: Entry) -> EntryShown:
        number = next(numbers)
        title = _title(entry)
        return EntryShown(
            number=number,
            title=title,
            anchor="" if entry.also_in else anchor(title if with_contents else f"{number}. {title}"),
            url=entry.url,
            links=tuple(EntryLink(link.url, markdown.plain(link.title) or link.url) for link in entry.links),
            words=said(entry),
            line=_line(entry.said, names, as_text) if entry.also_in else "",
            excerpt=markdown.plain(entry.description),
            site=entry.site,
            day=_day(entry.shares[0].at, edition, words) if entry.shares else "",
            people=_people(entry, words),
            permalink=next((shared.permalink for shared in entry.shares if shared.permalink), ""),
            reactions=entry.reactions,
            hashtags=entry.hashtags,
            also_in=words.also_in.format(number=entry.also_in.number, label=entry.also_in.label)
            if entry.also_in
            else "",
            discussion=tuple(
                ReplyShown(markdown.plain(reply.person.name) or words.someone, _line(reply.words, names, as_text))
                for reply in entry.discussion
            ),
        )

    if titled:
        anchor(edition.title)
    contents_anchor = anchor(words.contents) if with_contents else ""
    sections = tuple(
        SectionShown(
            title=markdown.plain(section.title),
            anchor=anchor(section.title) if markdown.plain(section.title) else "",
            entries=tuple(shown(entry) for entry in section.entries),
        )
        for section in edition.sections
    )
    return Post(
        newsletter=edition.newsletter,
        number=edition.number,
        title=markdown.plain(edition.title) or edition.newsletter,
        label=edition.label,
        date=_local(edition.cut_off, edition),
        day=_day(edition.cut_off, edition, words),
        intro=_editors(edition.intro, as_text),
        outro=_editors(edition.outro, as_text),
        contents_anchor=contents_anchor,
        sections=sections,
        again=tuple(shown(entry) for entry in edition.again),
        again_anchor=anchor(words.again) if edition.again else "",
    )


def _line(words: str, names: Names, as_text: bool) -> str:
    return markdown.plain(markdown.to_text(words, names)) if as_text else markdown.rewrite_as_line(words, names)


def _title(entry: Entry) -> str:
    """A heading must say something: it is what the table of contents points at."""
    return markdown.plain(entry.title) or markdown.plain(entry.site) or entry.url


def _people(entry: Entry, words: Language) -> tuple[str, ...]:
    """Everyone who shared it, each once, with the channel if that is shown; nobody where no one may be named."""
    if not any(shared.person.name for shared in entry.shares):
        return ()
    named = (
        markdown.plain(shared.person.name) or words.someone
        if not shared.channel
        else f"{markdown.plain(shared.person.name) or words.someone} (#{markdown.plain(shared.channel)})"
        for shared in entry.shares
    )
    return tuple(dict.fromkeys(named))


def _editors(words: str, as_text: bool, names: Names = markdown.label_of) -> str:
    return markdown.to_text(words, names) if as_text else markdown.rewrite(words, names, by_editor=True)


def _local(instant: datetime, edition: Edition) -> datetime:
    return instant.astimezone(ZoneInfo(edition.timezone))


def _day(instant: datetime, edition: Edition, words: Language) -> str:
    return format_datetime(_local(instant, edition), words.date, locale=words.code)


def _week_shown(week: Week, next_week: WeekShown | None = None) -> WeekShown:
    return WeekShown(week.label, week.iso, week.year, week.month, week.of_month, next_week)


def _fields(shown: Post) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in Post.__slots__}


# --- Jinja -----------------------------------------------------------------------------------------------------------


class _Environment(ImmutableSandboxedEnvironment):
    """``printed`` turns every printed value into text for the target; what is a ``Markdown`` already, it leaves alone.

    So a template cannot forget to escape. Jinja's own autoescape knows HTML only; that its ``|safe`` and ``|e`` change
    nothing here is meant.
    """

    def __init__(self, printed: Callable[[Any], str], folder: Path | None = None) -> None:
        own = PackageLoader("newsletter", "templates")
        loader: BaseLoader = ChoiceLoader([FileSystemLoader(folder), own]) if folder else own
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            finalize=printed,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.filters |= {
            "link": lambda url, label: markdown.link(label, url),
            "target": markdown.target,
            "markdown": Markdown,
            "yaml": _yaml,
        }
        self.globals["context_version"] = CONTEXT_VERSION

    def made(self, template: str, context: Mapping[str, Any]) -> str:
        """The template's document, which ends with one line feed."""
        with _explained(template):
            return self.get_template(template).render(context).strip("\n") + "\n"


@cache
def _environment(printed: Callable[[Any], str], folder: Path | None = None) -> _Environment:
    return _Environment(printed, folder)


class _explained:  # noqa: N801 - reads as a word: with _explained("title")
    """Makes a template's mistake a ``UserError`` that names the template and its line."""

    def __init__(self, template: str) -> None:
        self.template = template

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)):
            return
        name = getattr(error, "name", None) if isinstance(error, TemplateError) else None
        line = getattr(error, "lineno", None)
        for frame in traceback.extract_tb(trace):
            if frame.filename.endswith(".j2") or frame.filename == "<template>":
                name, line = Path(frame.filename).name, frame.lineno
        place = self.template if name in (None, "<template>", "<unknown>") else name
        at = f", line {line}" if line else ""
        raise UserError(f"the template of {place}{at}: {error}") from error


def _as_markdown(value: object) -> str:
    return value if isinstance(value, Markdown) else markdown.escape(str(value))


def _as_text(value: object) -> str:
    return markdown.clean(str(value))


# --- YAML ------------------------------------------------------------------------------------------------------------


def _yaml(text: str) -> Markdown:
    """A text as a YAML value on one line, which every reader takes for exactly this string.

    Quoted where YAML 1.2 needs it, and where a reader of 1.1 (Jekyll's) would see a truth value, a number or a date.
    """
    line = markdown.plain(text)
    written = _dumped(line)
    if _loaded(written, (1, 1)) != line or _loaded(written, (1, 2)) != line:
        written = _dumped(DoubleQuotedScalarString(line))
    return Markdown(written)


def _dumped(line: str) -> str:
    yaml = YAML()
    yaml.width = 1_000_000
    stream = StringIO()
    yaml.dump([line], stream)
    return stream.getvalue().removeprefix("- ").rstrip("\n")


def _loaded(written: str, version: tuple[int, int]) -> object:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    try:
        return yaml.load(f"title: {written}")["title"]
    except YAMLError:
        return None
