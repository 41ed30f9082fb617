"""Words to look for: text -> terms, and a query -> the terms all of which must be there (pure).

Korean, Japanese and Chinese are cut into overlapping pairs of syllables: two syllables are a normal Korean query, which
neither a trigram index nor one by spaces can serve. Where the terms are kept is ``store/search.py``'s business.
"""

import re
import unicodedata
from operator import add

_CJK = (
    "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"#?[{_CJK}]+|#?[^\W_{_CJK}]+")
_BEGINS_CJK = re.compile(f"[{_CJK}]").match
_FIRST_CJK = _CJK[0]
_LONGEST_TERM = 64


def terms(text: str) -> tuple[str, ...]:
    """The terms of a text, in order, each once: lower-case words, pairs of CJK syllables, and ``#tag`` as well as
    ``tag``."""
    found: dict[str, None] = {}
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if token[0] == "#":
            token = token[1:]
            found[_tag(token)] = None
        if token[0] < _FIRST_CJK:  # most words of most texts
            found[token[:_LONGEST_TERM]] = None
        else:
            found.update(dict.fromkeys(_cut(token)))
    return tuple(found)


def query(text: str) -> tuple[str, ...]:
    """The terms a match must all have; a term that ends in ``*`` matches by its beginning. ``()`` finds nothing.

    The last word of a query may be unfinished, and a single CJK syllable begins a pair: both match by beginning. A
    ``#hashtag`` matches only itself.
    """
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
    found: dict[str, None] = {}
    for place, token in enumerate(tokens):
        word = token.lstrip("#")
        if token != word:
            found.setdefault(_tag(word))
            continue
        cut = _cut(word)
        unfinished = place == len(tokens) - 1 and not _is_cjk(word)
        if unfinished or (_is_cjk(word) and len(word) == 1):
            cut = (*cut[:-1], cut[-1] + "*")
        for term in cut:
            found.setdefault(term)
    return tuple(found)


def _cut(word: str) -> tuple[str, ...]:
    if not _is_cjk(word):
        return (word[:_LONGEST_TERM],)
    if len(word) == 1:
        return (word,)
    return tuple(map(add, word, word[1:]))


def _is_cjk(word: str) -> bool:
    return _BEGINS_CJK(word) is not None


def _tag(word: str) -> str:
    # A letter no word begins with after casefolding keeps "#paper" apart from "paper" in every tokeniser.
    return "tag\u02d0" + word[:_LONGEST_TERM]
