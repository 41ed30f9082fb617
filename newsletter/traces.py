"""What of a person may still stand somewhere after they were forgotten: their names and words, looked for in texts.

Pure. A post writes words in its own way (escapes, quotes, line breaks), so that letters and digits alone are compared.
Which texts are looked through is the caller's business.
"""

import re
import unicodedata
from collections.abc import Iterable

SHORTEST_NAME = 3
"""A shorter name is in too many words to be looked for."""

SHORTEST_WORDS = 14
"""Fewer letters than that in a line (a Korean syllable is two or three), and somebody else may have said the same."""

_BREAKS = re.compile(r"\n|\]\([^)\n]*\)")
"""Where lines end, and links: where they lead, and whom they call, a post may write otherwise."""


class Traces:
    """Names and lines that somebody wrote. Those too short to tell whose they are are passed over."""

    def __init__(self, names: Iterable[str], said: Iterable[str]) -> None:
        self._names = tuple({name for name in names if len(name) >= SHORTEST_NAME})
        lines = {_letters(line) for text in said for line in _BREAKS.split(text)}
        self._lines: dict[str, set[str]] = {}
        for line in lines:
            if len(line) >= SHORTEST_WORDS:
                self._lines.setdefault(line[:SHORTEST_WORDS], set()).add(line)

    def __bool__(self) -> bool:
        return bool(self._names or self._lines)

    def stand_in(self, text: str) -> bool:
        """Whether one of the names or lines is in the text."""
        if any(name in text for name in self._names):
            return True
        # However much somebody wrote, each place in the text is looked at once.
        letters = _letters(text) if self._lines else ""
        return any(
            letters.startswith(line, place)
            for place in range(len(letters) - SHORTEST_WORDS + 1)
            for line in self._lines.get(letters[place : place + SHORTEST_WORDS], ())
        )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))
