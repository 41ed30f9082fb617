"""The archive's pages as files: HTML, Atom and the search's years, from ``templates/site``, by Jinja that escapes.

Which pages there are is ``site_pages``' answer; a stranger's words become HTML in ``hypertext``. A file is drawn when
it is asked for, which the folder (``destinations/site.py``) does only where its digest is new.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib.resources import files as resources
from typing import Any

from babel.dates import format_datetime
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from newsletter import hypertext
from newsletter.languages import Language, language
from newsletter.markdown import clean, to_text
from newsletter.model import Edition
from newsletter.settings import NewsletterSettings, SiteSettings
from newsletter.site_pages import EditionPage, Front, Page, pages, relative

STATIC = ("site.css", "search.js")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a site: its name with ``/``, and its text when it is wanted. The same digest, the same text."""

    name: str
    digest: str
    text: Callable[[], str]


def files(editions: Sequence[Edition], newsletter: NewsletterSettings, settings: SiteSettings) -> tuple[File, ...]:
    """The whole site over these editions, at least one, by cut-off and as its readers may see them.

    In the order in which the files may be put in place: what others lead to comes before them.
    """
    front, made = pages(editions, newsletter, settings)
    style = _style(front.language)
    return (
        *(File(name, style, partial(_static, name)) for name in STATIC),
        *(File(page.name, _both(style, page.digest), partial(_drawn, page, front)) for page in made),
    )


def _drawn(page: Page, front: Front) -> str:
    root = "../" * page.name.count("/")
    values = {
        **page.values,
        "front": front,
        "root": root,
        "base": f"{front.url}/" if front.url else root,
        "name": page.name,
    }
    return _environment(front.language).get_template(page.template).render(values).strip("\n") + "\n"


@cache
def _static(name: str) -> str:
    return (resources("newsletter") / "templates" / "site" / name).read_text("utf-8")


@cache
def _style(code: str) -> str:
    """What all pages hang on beside their values: templates, and the words of the language."""
    there = resources("newsletter") / "templates" / "site"
    hashed = hashlib.sha256(repr(language(code)).encode())
    for file in sorted(there.iterdir(), key=lambda file: file.name):
        hashed.update(f"\n{file.name}\n".encode())
        hashed.update(file.read_bytes())
    return hashed.hexdigest()


def _both(style: str, digest: str) -> str:
    return hashlib.sha256(f"{style} {digest}".encode()).hexdigest()


# --- Jinja -----------------------------------------------------------------------------------------------------------


class _Environment(ImmutableSandboxedEnvironment):
    """Escapes every value for HTML and XML, after taking out the characters that neither may hold."""

    def __init__(self, words: Language) -> None:
        super().__init__(
            loader=PackageLoader("newsletter", "templates/site"),
            undefined=StrictUndefined,
            finalize=_printed,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
        self.globals["say"] = words
        self.filters |= {
            "path": relative,
            "address": hypertext.address,
            "words": lambda text: Markup(hypertext.to_html(text)),  # noqa: S704 - escaped there
            "day": lambda at: format_datetime(at, words.date, locale=words.code),
            "month": lambda at: format_datetime(at, words.site.month, locale=words.code),
            "to_search": partial(_to_search, words),
        }


@cache
def _environment(code: str) -> _Environment:
    return _Environment(language(code))


def _printed(value: object) -> object:
    return value if isinstance(value, Markup) or not isinstance(value, str) else clean(value)


def _to_search(words: Language, editions: Sequence[EditionPage]) -> Mapping[str, Any]:
    """What ``search.js`` is given of some editions, in their order."""

    def links() -> Iterator[list[object]]:
        for place, edition in enumerate(editions):
            for item in edition.items:
                said = " ".join(to_text(item.words).split())
                tags = [f"#{tag.key}" for tag in item.tags]
                yield [place, item.anchor, item.title, hypertext.address(item.url), item.site, tags, said]

    def day(at: datetime) -> str:
        return format_datetime(at, words.date, locale=words.code)

    places = [edition.place for edition in editions]
    return {
        "editions": [[relative(place.name), place.title, day(place.at)] for place in places],
        "links": list(links()),
    }
