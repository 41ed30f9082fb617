"""Hashtags in a message's CommonMark: where they stand, and how their names are kept and compared.

Pure and total. Which of them leave the words is ``lines.py``; what section they mean is ``tags.py``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from newsletter.urls import Located

ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")

_LETTER = "[\\w\u0300-\u036f\u3099\u309a\u0900-\u0dff\u0e00-\u0eff]"
_TAG_HERE = re.compile(
    rf"\\?[#＃](?P<name>{_LETTER}(?:{_LETTER}|\\_|-(?=\w))*)"
    r"|\[[#＃](?P<channel>(?:\\.|[^\[\]\\\n])+)\]\(channel:[^()\s]*\)"
)
_TAG = re.compile(rf"(?<![\w&/#＃\\?=.:~@-])(?:{_TAG_HERE.pattern})")
_DIRECTIVES = ("include", "define", "undef", "ifdef", "ifndef", "endif", "pragma", "elif")
# `#fff`, `#1e90ff`, `#00f`; words of these letters (`#cafe`, `#e2e`) are tags.
_COLOUR = re.compile(
    r"(?=.*\d)(?:[0-9a-f]{6}|[0-9a-f]{8})|(?=.*\d.*\d)[0-9a-f]{3}|([a-f])\1\1(?:\1\1\1)?", re.IGNORECASE
)

# After Latin letters any Korean particle is one; after Hangul only where two syllables remain and the final consonant
# agrees, so that 결과, 가을 and 전문가 stay whole. Configured tags are folded by the same rule, so both always meet.
_PARTICLE = re.compile(
    "(?:(?<=[a-z0-9_])|(?<=[가-힣]{2}))(?:으로서|으로써|에서는|에서도|이라는|입니다|이에요|라는|에서|에게|으로|부터|까지"
    "|처럼|이랑|하고|에는|에도|은|는|이|가|을|를|과|와|의|에|도|만|로|랑)$"
)
_WHOLE = re.compile("(?:주의|양이|숭이|린이|볶이|학과|성과|효과|결과|이도|확도|지도|속도|온도|강의|회의|정의|논의)$")
_AFTER_CONSONANT = ("은", "이", "을", "과", "으로", "이랑", "이라는", "입니다", "이에요", "으로서", "으로써")
_AFTER_VOWEL = ("는", "가", "를", "와", "랑", "라는")


def hashtag(name: str) -> str:
    """A hashtag's name as it is kept and compared: no ``#``, NFC, lower case, no particle (``논문은``: ``논문``).

    Idempotent.
    """
    name = _folded(name)
    while (found := None if name.isascii() else _PARTICLE.search(name)) and not _WHOLE.search(name):
        stem, particle = name[: found.start()], found[0]
        if "가" <= stem[-1] <= "힣":
            final = (ord(stem[-1]) - ord("가")) % 28
            # 로 follows a vowel or ㄹ.
            if particle in (_AFTER_VOWEL if final else _AFTER_CONSONANT) or (particle == "로" and final not in (0, 8)):
                break
        name = stem
    return name


def _folded(name: str) -> str:
    return normalize("NFC", normalize("NFC", ESCAPE.sub(r"\1", name)).lstrip("#＃").casefold())


@dataclass(frozen=True, slots=True)
class Hashtag:
    """A hashtag in the text; ``word`` is what a sentence keeps of it. With a particle it is a part of one."""

    start: int
    end: int
    name: str
    word: str
    particle: bool


def find(text: str, surface: str, links: Sequence[Located]) -> list[Hashtag]:
    """The hashtags outside of links and code."""
    if "#" not in surface and "＃" not in surface:
        return []
    for link in links:
        surface = surface[: link.start] + "/" * (link.end - link.start) + surface[link.end :]
    found: list[Hashtag] = []
    at = 0
    # Tags may touch each other: `#paper#ml`.
    while match := (_TAG_HERE.match(surface, at) if found and found[-1].end == at else None) or _TAG.search(
        surface, at
    ):
        at = match.end()
        raw = match["channel"] or match["name"]
        name = hashtag(raw)
        if match["name"] and (not re.search(r"[^\W\d_]", name) or name in _DIRECTIVES or _COLOUR.fullmatch(name)):
            continue
        word = match[0] if match["channel"] else match["name"]
        found.append(Hashtag(match.start(), match.end(), name, word, name != _folded(raw)))
    return found
