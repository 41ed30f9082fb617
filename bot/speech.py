"""What people are told, in their own language: templates are English in the code, translations are ``languages/*.po``.

A language is passed on as a value, never looked up. What an edition says by itself is ``newsletter.languages``'s.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from newsletter.phrase import Phrase
from newsletter.week import in_words

IN_CODE = "en"
"""What the templates are written in."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A language to speak to somebody in. What has no translation is said in English."""

    code: str = IN_CODE

    def say(self, template: str, /, **values: object) -> str:
        """``say("Closes {when}", when=…)``, or a phrase made elsewhere. Values are never read as templates; those that
        are phrases are said in this language, too."""
        phrase = template if isinstance(template, Phrase) else Phrase(template, **values)
        found = self._template(phrase)
        spoken = {name: self.say(one) if isinstance(one, Phrase) else one for name, one in phrase.values.items()}
        return found.format_map(spoken) if spoken else found

    def counted(self, one: str, many: str, n: int, /, **values: object) -> str:
        """``counted("{n} link", "{n} links", len(links))``, by the language's rules for numbers."""
        return self.say(Phrase.counted(one, many, n, **values))

    def when(self, at: datetime, zone: ZoneInfo, now: datetime) -> str:
        """An instant on the zone's clock, and how far from ``now`` it is."""
        return in_words(at, zone, now, self.code)

    def _template(self, phrase: Phrase) -> str:
        if not phrase.template:  # by an empty one gettext finds what the file says about itself
            return ""
        known, n = _translations(self.code), phrase.values.get("n")
        if phrase.one and isinstance(n, int):
            return known.ngettext(phrase.one, phrase.template, n)
        return known.gettext(phrase.template)


def of_newsletter(language: str) -> Speech:
    """The newsletter's own language, where it is spoken here."""
    return Speech(language if language in spoken() else IN_CODE)


def of_asker(locale: str, language: str = IN_CODE) -> Speech:
    """The asker's language, by their platform's name for it (``ko``, ``en-US``, ``""``); else the newsletter's."""
    code = negotiate_locale([locale.replace("_", "-").lower()], spoken(), sep="-")
    return Speech(code) if code is not None else of_newsletter(language)


@cache
def spoken() -> tuple[str, ...]:
    """The codes of all languages that are spoken, English first."""
    names = (file.name for file in (files("bot") / "languages").iterdir())
    return (IN_CODE, *sorted(name.removesuffix(".po") for name in names if name.endswith(".po")))


@cache
def _translations(code: str) -> NullTranslations:
    if code == IN_CODE:
        return NullTranslations()
    compiled = BytesIO()
    with (files("bot") / "languages" / f"{code}.po").open("rb") as written:
        write_mo(compiled, read_po(written, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)
