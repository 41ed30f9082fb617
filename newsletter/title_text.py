"""A title's text: one plain line without control and bidi characters, cut without breaking a letter, measured.

Pure and total. What may be a title is ``titles.py``.
"""

import re
import unicodedata

MAX_TITLE = 200
"""Characters of a title; longer ones end in ``…``."""

MAX_LINE = 110
"""Columns (a CJK letter takes two) of a chat line that may be a title; a longer one is prose."""

# Format characters would reorder or hide text; the two joiners hold emoji and Indic and Persian words together,
# tag characters spell the flags of England, Scotland and Wales.
_KEPT_FORMAT = re.compile("[\u200c\u200d\U000e0020-\U000e007f]")


def clean(title: str, limit: int = MAX_TITLE) -> str:
    """The text as one plain line: whitespace collapsed, no control or bidi character, at most ``limit`` characters.

    Idempotent. The cut falls between words where one ends near, else between what a reader sees as letters.
    """
    if not title.isascii() or not title.isprintable():
        title = unicodedata.normalize("NFC", title)
        # What is printable has none of what is taken out.
        title = title if title.isprintable() else "".join(map(_visible, title))
    return shorten(" ".join(title.split()), limit)


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cs" or (category == "Cf" and not _KEPT_FORMAT.match(letter)):
        return ""
    return letter


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, ending in ``…`` where something was cut. Never cuts inside a grapheme."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and _joins(text, end):
        end -= 1
    space = text.rfind(" ", end * 3 // 4, end + 1)
    return text[: space if space > 0 else end].rstrip() + "…"


def _joins(text: str, at: int) -> bool:
    """Whether the character at ``at`` belongs to the grapheme before it (UAX 29, as far as chat needs it)."""
    letter = text[at]
    if unicodedata.category(letter)[0] == "M" or letter in "\u200d\u200c" or "\U0001f3fb" <= letter <= "\U0001f3ff":
        return True
    if text[at - 1] == "\u200d" or "\U000e0020" <= letter <= "\U000e007f":
        return True
    if _is_flag_half(letter):
        before = len(text[:at]) - len(text[:at].rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
        return before % 2 == 1
    return False


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def width(text: str) -> int:
    """Columns: wide and full-width letters count two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def has_cjk(text: str) -> bool:
    """Whether there is a Chinese, Japanese or Korean letter."""
    return not text.isascii() and bool(_CJK.search(text))


_CJK = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
