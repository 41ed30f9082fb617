"""Words to look for: text -> terms, and a query -> the terms all of which must be there (pure).

Korean, Japanese and Chinese are cut into overlapping pairs of syllables: two syllables are a normal Korean query, which
neither a trigram index nor one by spaces can serve. Where the terms are kept is ``store/search.py``'s business.
"""

import re
import unicodedata
from dataclasses import dataclass
from operator import add
from urllib.parse import unquote

from newsletter.phrase import Phrase

_CJK = (
    "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"#?[{_CJK}]+|#?[^\W_{_CJK}]+")
_BEGINS_CJK = re.compile(f"[{_CJK}]").match
_FIRST_CJK = _CJK[0]
_LONGEST_TERM = 64
_LONGEST_TEXT = 50_000
"""So many characters of a text can be found: PostgreSQL keeps no more than a megabyte of terms in a row."""

_LONGEST_QUERY = 1_000
_MOST_TERMS = 40
"""Of a longer query the first ones count: SQLite refuses an expression of more than some hundred."""

_QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb'
_NAMED = re.compile(rf"(?<!\S)(from|in):(?:[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]|<([^<>]*)>|(\S+))", re.IGNORECASE)
_QUOTED = re.compile(f"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]")
_ADDRESS = re.compile(r"https?://(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: all of it must fit. In ``people`` and ``channels`` any name or id of them fits.

    A term that ends in ``*`` matches by its beginning; so does the last one of a phrase, whose terms follow each other.
    """

    terms: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    people: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms or self.phrases or self.people or self.channels)


def read(text: str) -> Query:
    """What a person typed: words, ``"a phrase"``, ``#tag``, ``from:name``, ``in:channel``, or an address.

    Total: what is none of these is passed over, and of a very long query the beginning counts.
    """
    named: dict[str, list[str]] = {"from": [], "in": []}

    def name(match: re.Match[str]) -> str:
        # Slack writes <@U012|ann> where somebody is called by name: the id counts.
        who = next(filter(None, match.groups()[1:]), "").partition("|")[0].strip("@#! ,")
        if who:
            named[match[1].lower()].append(who)
        return " "

    phrases: list[tuple[str, ...]] = []

    def phrase(match: re.Match[str]) -> str:
        phrases.append(_phrase(match[1]))
        return " "

    text = _ADDRESS.sub(lambda match: unquote(match[1]), unicodedata.normalize("NFKC", text[:_LONGEST_QUERY]))
    rest = _QUOTED.sub(phrase, _NAMED.sub(name, text))
    several = tuple(dict.fromkeys(one[:_MOST_TERMS] for one in phrases if len(one) > 1))
    single = (*query(rest), *(term for one in phrases if len(one) == 1 for term in one))
    return Query(
        tuple(dict.fromkeys(single))[:_MOST_TERMS],
        several[: _MOST_TERMS // 4],
        tuple(dict.fromkeys(named["from"]))[:_MOST_TERMS],
        tuple(dict.fromkeys(named["in"]))[:_MOST_TERMS],
    )


def hint(text: str) -> Phrase:
    """What to tell somebody whose query found nothing: what would find more."""
    wanted = read(text)
    if not wanted:
        return Phrase("There is no word in it: signs and emoji are not looked for.")
    if any(len(term) == 2 and term.endswith("*") and _is_cjk(term) for term in wanted.terms):
        return Phrase("A single syllable is found where another one follows; try two.")
    return Phrase("All of it must be there; try fewer words, or the beginning of one.")


def is_named(name: str, wanted: str) -> bool:
    """Whether a person or channel of this name is meant: a word of the name begins so, or in CJK holds it."""
    name, wanted = (" ".join(_words(one)) for one in (name, wanted))
    return bool(wanted) and (wanted if _is_cjk(wanted) else f" {wanted}") in f" {name}"


def document(text: str) -> tuple[str, ...]:
    """The terms of a text one after the other, for phrases, and behind them its ``#tags``; of a very long one the
    beginning."""
    found: list[str] = []
    tags: list[str] = []
    for token in _tokens(unicodedata.normalize("NFKC", text[:_LONGEST_TEXT])[:_LONGEST_TEXT]):
        word = token.lstrip("#")
        if word != token:
            tags.append(_tag(word))
        found += _cut(word)
    return (*found, *dict.fromkeys(tags[: _LONGEST_TEXT // 10]))


def terms(text: str) -> tuple[str, ...]:
    """The terms of a text, in order, each once: lower-case words, pairs of CJK syllables, and ``#tag`` as well as
    ``tag``."""
    found: dict[str, None] = {}
    for token in _tokens(text):
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
    tokens = _tokens(text)
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


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _words(text: str) -> list[str]:
    return [token.lstrip("#") for token in _tokens(text)]


def _phrase(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for token in _tokens(text):
        word = token.lstrip("#")
        found += _cut(word) if word == token else (_tag(word),)
    if found and len(found[-1]) == 1 and _is_cjk(found[-1]):
        found[-1] += "*"
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
