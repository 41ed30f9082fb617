"""Names of people as pages write them: in tags, in bylines, behind "By". Pure and total.

Which of them is a page's author is ``page.py``.
"""

import re
from html import unescape

from newsletter.title_text import clean

WRITTEN_BY = re.compile(
    "author|written by|verfasst von|geschrieben von|écrit par|escrito por|scritto da|geschreven door|skriven av|autore?"
    "|yazan|автор|написано автором|작성자|글쓴이|著者|執筆者|作者",
    re.IGNORECASE,
)
"""The labels on cards that stand before an author."""

_BY = re.compile(
    r"^\s*(?:(?:written|posted|published|reported|story|words|article|text|edited)?\s*\bby\b:?|authors?:?|von|par|por|di|da|de|door|av|글쓴이|글|작성자|기자|저자|著者|文|作者|記者|记者)(?:[\s:：|·-]+|$)",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"(?:https?:)?//|@|\bcookie|^(?:admin|administrator|author|authors?|by|unknown|none|null|undefined|root|user|editor|staff|guest|anonymous|webmaster|관리자|"
    r"\W*)$",
    re.IGNORECASE,
)
_BEHIND_NAME = re.compile(
    r"(?:\s+on\s|\s*[|·•/,–—-]?\s*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\d)"
    r"|\W(?:updated|published|posted|follow)\b).*",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?:\s*기자)?\s*[(<\[]?[\w.+-]{1,64}@[\w.-]{1,200}[)>\]]?|\s*기자$")


def person(text: str) -> str:
    """A name without "By"; ``""`` for an address or a role."""
    line = _BY.sub("", clean(unescape(text[:500]), 120)).strip(" ,|·-:")
    return "" if _NO_AUTHOR.search(line) or not any(letter.isalpha() for letter in line) else line


def seen_person(text: str) -> str:
    """A name read off the page, where other words stand around it."""
    line = person(_BEHIND_NAME.sub("", _BY.sub("", _MAIL.sub("", clean(unescape(text[:500]), 120)))))
    return line if len(line) <= 60 and len(line.split()) <= 8 else ""


def in_order(name: str) -> str:
    """ "Turing, Alan" as people say it (Highwire tags allow either)."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and "," not in first else name
