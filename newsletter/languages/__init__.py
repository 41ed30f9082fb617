"""The words a newsletter says by itself, one TOML file per language: another language is one more file.

What else differs between languages (names of months, order of dates) is Babel's, by the patterns in the file.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from newsletter.errors import UserError


@dataclass(frozen=True, slots=True)
class SiteWords:
    """The words of the archive as a site: the keys that begin with ``site.``."""

    editions: str
    links: str
    tags: str
    newer: str
    older: str
    skip: str
    feed_editions: str
    feed_links: str
    feed_tag: str
    search: str
    finds: str
    found: str
    nothing: str
    needs_script: str
    month: str


@dataclass(frozen=True, slots=True)
class Language:
    """A language's words; each is explained in ``en.toml``."""

    code: str
    week: str
    contents: str
    link: str
    others: str
    again: str
    also_in: str
    someone: str
    pick: str
    note: str
    shared_by: str
    original: str
    read_on: str
    date: str
    day: str
    site: SiteWords


@cache
def language(code: str) -> Language:
    """The words of ``en``, ``ko``, … Raises ``UserError`` where there is no file for the code."""
    if code not in known():
        raise UserError(f"no newsletter can be written in {code!r}: choose one of {', '.join(known())}")
    words = tomllib.loads((files(__name__) / f"{code}.toml").read_text("utf-8"))
    return Language(code=code, **words | {"site": SiteWords(**words["site"])})


@cache
def known() -> tuple[str, ...]:
    """The codes of all languages there are."""
    names = (file.name for file in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))
