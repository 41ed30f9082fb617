"""What a question is made of: a row, its values by name, the newsletters it is about. The text is parsed here, once.

Who may ask what is decided in ``commands.py``, what is answered in ``rows/``.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from bot.chat import Answer, Cards, Invocation, Parameter
from bot.speech import Speech
from newsletter import words
from newsletter.errors import UserError
from newsletter.phrase import Phrase
from newsletter.publish import Publisher
from newsletter.settings import NewsletterSettings
from newsletter.week import parse_date

if TYPE_CHECKING:
    from bot.commands import Commands

NEWSLETTER = Parameter("newsletter", Phrase("Which one, where the channel has several"))
EDITION = Parameter("edition", Phrase("Which one, by its number: asked for twice, it goes out once"))
WHICH = Parameter("edition", Phrase("Which one: last, or its number as #12; the open one if left out"))
LINK = Parameter("link", Phrase("Its address, or its number on the desk"))
PAGE = Parameter("page", Phrase("Which page of the desk"))
DATE = Parameter("date", Phrase("A day, as 2026-06-13; the next one if left out"))
DAY = Parameter("date", Phrase("A day, as 2026-06-13"), required=True)

# Where a link may follow, a bare number is its place on the desk.
_LOOKS_LIKE = {
    EDITION: re.compile(r"#?\d{1,9}"),
    WHICH: re.compile(r"#\d{1,9}|last|open", re.IGNORECASE),
    DATE: re.compile(r"\d{4}-\d\d?-\d\d?"),
    DAY: re.compile(r"\d{4}-\d\d?-\d\d?"),
    PAGE: re.compile(r"\d{1,4}"),
}


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A newsletter as commands need it."""

    settings: NewsletterSettings
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, understood: its values by name, and the newsletters it is about, of which there is at least one.

    ``speech`` is the asker's language: an answer is said in it, but for an edition. ``edited`` are those that the asker
    edits.
    """

    invocation: Invocation
    values: Mapping[str, str]
    newsletters: tuple[Newsletter, ...]
    speech: Speech
    edited: frozenset[str] = frozenset()

    @property
    def newsletter(self) -> Newsletter:
        """The one it is about. Raises ``UserError`` where that is not clear."""
        if len(self.newsletters) > 1:
            raise UserError("this channel has several newsletters; say which: {names}", names=keys(self.newsletters))
        return self.newsletters[0]

    @property
    def by(self) -> str:
        """Who asks, as the log of a newsletter has it."""
        return f"{self.invocation.person.platform}:{self.invocation.person.id}"

    @property
    def is_editor(self) -> bool:
        """Whether the asker edits the newsletter it is about."""
        return self.newsletter.settings.key in self.edited

    @property
    def number(self) -> int | None:
        """The edition's number, if one is named. Raises ``UserError`` for what is none."""
        written = self.values.get(EDITION.name, "").removeprefix("#")
        if written.lower() in ("", "open", "last"):
            return None
        if not re.fullmatch(r"[0-9]{1,9}", written):
            raise UserError("{text} is no edition's number", text=words.plain_title(written, 40))
        return int(written)

    @property
    def is_last(self) -> bool:
        """Whether it is about the last edition that went out."""
        return self.values.get(EDITION.name, "").lower() == "last"

    @property
    def day(self) -> date | None:
        """The day, if one is named. Raises ``UserError`` for what is none."""
        written = self.values.get(DATE.name, "")
        return parse_date(written) if written else None


@dataclass(frozen=True, slots=True)
class Row:
    """A command, a button, or a form that is sent. ``who`` may give it: ``everyone`` in the newsletter's channels, its
    ``editors``, or also the ``sharers`` of what it is about.

    Not ``listed``: it is asked by buttons and forms of ours only. ``changes``: it does something, so that a question
    that is delivered again is not answered again, not even by another process.
    """

    name: str
    help: Phrase
    run: "Callable[[Commands, Asked], Awaitable[Cards | Answer]]"
    parameters: tuple[Parameter, ...] = ()
    who: Literal["everyone", "sharers", "editors"] = "everyone"
    opens_form: bool = False
    shortcut: str = ""
    listed: bool = True
    changes: bool = False


def values_of(row: Row, rest: str, called: str, here: Sequence[Newsletter]) -> dict[str, str]:
    """The command's values by name. Each word is the first value that is still open and that it looks like; what looks
    like none goes on with the value before. Raises ``UserError`` where a needed one is missing."""
    values: dict[str, str] = {}
    free = ""
    for word in rest.split():
        waiting = [one for one in row.parameters if one.name not in values]
        fitting = next((one for one in waiting if _fits(one, word, here)), None)
        if fitting is None and free:
            values[free] += f" {word}"
        elif parameter := fitting or next(iter(waiting), None):
            values[parameter.name] = word
            free = parameter.name if parameter not in _LOOKS_LIKE and parameter != NEWSLETTER else free
    for parameter in row.parameters:
        if parameter.required and parameter.name not in values:
            command = f"{called} {row.name}"
            usage = f"{command} <{parameter.name}>"
            raise UserError("{command} needs {what}: {usage}", command=command, what=parameter.help, usage=usage)
    return values


def _fits(parameter: Parameter, word: str, here: Sequence[Newsletter]) -> bool:
    if parameter == NEWSLETTER:
        return any(one.settings.key.casefold() == word.casefold() for one in here)
    pattern = _LOOKS_LIKE.get(parameter)
    return pattern is None or pattern.fullmatch(word) is not None


def keys(newsletters: Sequence[Newsletter]) -> str:
    """Their names, for a sentence."""
    return ", ".join(one.settings.key for one in newsletters)
