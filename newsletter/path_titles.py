"""What an address says on a site of which nothing else is known: the words of its path (``/2020/06/why-rays-bend.html``
-> ``why rays bend``), what its shape means everywhere (a ticket, a search, a book's number), or the day of a post.

Pure and total. What only some sites' addresses say is ``site_titles.py``.
"""

import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs

from newsletter.title_text import has_cjk, width


def words(row: str) -> frozenset[str]:
    """The words of a table's row."""
    return frozenset(row.split())


_EXTENSION = re.compile(
    r"(?:\.(?:s?html?|xhtml|php|aspx?|jsp|cgi|md|markdown|rst|txt|pdf|ipynb|docx?|pptx?|xlsx?|mediawiki|hs|lhs|py|tar|gz|xz|zip))+$",
    re.IGNORECASE,
)
_DATE = re.compile(r"^(?:19|20)\d\d[-_./]?(?:0[1-9]|1[0-2])[-_./]?(?:[0-3]\d)?(?:[-_. ]+|$)|^[01]\d-[0-3]\d-")
_LEADING_ID = re.compile(r"^\d{4,}[-_](?=\D{2})(?<!^(?:19|20)\d\d[-_])")
_TRAILING_ID = re.compile(r"[-_.](?=[0-9a-f]*\d)[0-9a-f]{8,}$|[-_](?:[a-z]?\d{5,}|p\d{4,})$", re.IGNORECASE)
_SAYS_NOTHING = words(
    """
    index home main default wiki blog git forum topic group groups about docs doc documentation
    posts post articles article archives archive view edit show item items entry entries news page pages readme
    latest stable master en ja ko jp kr watch
    search login user users file files download downloads dp d p s a t u usp status details detail
    """
)


def path_title(host: str, segments: list[str]) -> str | None:
    """The last segment as words; with the host where it is a single word, which could be anybody's."""
    names = [
        segment
        for segment in segments
        if segment.casefold().partition(".")[0] not in ("index", "readme", "default", "amp")
    ]
    names = _without_number(names)
    if not names or not names[-1]:
        return None
    words = as_words(names[-1])
    tokens = words.split()
    if not tokens or all(token.casefold() in _SAYS_NOTHING for token in tokens) or looks_random(words):
        return None
    if (
        len(segments) == len(tokens) == 1
        and len(host) < 9
        and len(words) < 12
        and (not words.islower() or not words.isalpha())
    ):
        return None  # a shortener's code
    spoken = [token for token in tokens if is_word(token)]
    if len(spoken) > 2 or (len(spoken) == 2 and len(words) > 24) or (spoken and width(words) >= 8 and has_cjk(words)):
        return words
    return f"{words} ({host})" if spoken and len(words) > 2 else None


_DAY = re.compile(r"(?:^|/)((?:19|20)\d\d)([-/_]?)(0[1-9]|1[0-2])(?:\2([0-2]\d|3[01]))?(?=/|$|\.)")


def day_title(host: str, segments: list[str]) -> str | None:
    """Host, whose it is and the day, where a blog's path says no more: ``/ann/20201231/1609372800``."""
    found = _DAY.search("/".join(segments))
    if not found:
        return None
    before = "/".join(segments)[: found.start()].split("/")
    whose = [name for name in before if is_word(name) and name.casefold() not in _SAYS_NOTHING]
    return f"{'/'.join([host, *whose])} {'-'.join(filter(None, found.group(1, 3, 4)))}"


def _without_number(names: list[str]) -> list[str]:
    """Without a number after a slug (Discourse, news sites): ``/t/ghc-is-out/4901``."""
    if len(names) > 1 and names[-1].isdigit() and len([*filter(is_word, as_words(names[-2]).split())]) > 2:
        return names[:-1]
    return names


def as_words(segment: str) -> str:
    """``2018-10-04-all-about_strictness.html`` -> ``all about strictness``: no date, id or file ending."""
    name = _EXTENSION.sub("", segment)
    for noise in (_DATE, _LEADING_ID, _TRAILING_ID):
        rest = noise.sub("", name)
        if any(letter.isalpha() for letter in rest):
            name = rest
    return " ".join(re.sub(r"[-_+|~]+", " ", name).split()) or segment


def is_word(token: str) -> bool:
    return has_cjk(token) or (sum(letter.isalpha() for letter in token) > 1 and not looks_random(token))


def looks_random(token: str) -> bool:
    """An id and not a word: hex, digits, or letters and digits shuffled as in ``6aec696bb54``, ``dQw4w9WgXcQ``."""
    if has_cjk(token):
        return False
    text = re.sub(r"[^0-9A-Za-z]", "", token)
    if not text or text.isdigit() or re.fullmatch(r"[A-Za-z]{1,6}\d{5,}", text):
        return True
    if re.fullmatch(r"[0-9a-fA-F]{7,}", text) and any(letter.isdigit() for letter in text):
        return True
    if " " in token:
        return False
    turns = len(
        re.findall(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z0-9])(?=[a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", text)
    )
    return len(text) >= 8 and any(letter.isdigit() for letter in text) and turns * 3 >= len(text)


# --- shapes ----------------------------------------------------------------------------------------------------------

Site = Callable[[str, list[str], SplitResult], str | None]
"""Host, decoded segments and the whole address -> a title, ``None`` where they say none."""

_SEARCHES = words("search results searchresults searchresult find hoogle s")
_SEARCHED = ("q", "query", "search_query", "keyword", "keywords", "word", "terms", "term", "search", "k", "hoogle")
_TICKETS = words("ticket tickets bug bugs issue issues")
_AMAZON = re.compile(r"amazon\.(?:com?\.)?[a-z]{2,3}")
_VERSION = re.compile(r"v?\d+(?:\.\d+)+(?:[-.]?(?:alpha|beta|rc)\.?\d*)?")
_ISBN = re.compile(r"97[89](?:-?\d){10}")


def _search(host: str, path: list[str], parts: SplitResult) -> str | None:
    """What was searched for: of the query only this is ever shown."""
    last = re.sub(r"[^a-z]", "", path[-1].casefold().partition(".")[0]) if path else ""
    if path and last not in _SEARCHES:
        return None
    asked = parse_qs(parts.query)
    sought = next((asked[name][0] for name in _SEARCHED if name in asked), "")
    return f"“{sought}” ({host})" if any(letter.isalnum() for letter in sought) else None


def _topic(_: str, path: list[str], __: SplitResult) -> str | None:
    """Discourse, on whatever host: ``/t/ghc-is-out/4901/2``."""
    at = path.index("t") if "t" in path[:2] else len(path)
    return as_words(path[at + 1]) if len(path) > at + 2 and path[at + 2].isdigit() else None


def _ticket(host: str, path: list[str], parts: SplitResult) -> str | None:
    """Trac, Redmine, Launchpad, Bugzilla."""
    if path and path[-1] == "show_bug.cgi" and (number := "".join(parse_qs(parts.query).get("id", [])[:1])).isdigit():
        return f"bug {number} ({host})"
    if len(path) < 2 or path[-2] not in _TICKETS or not path[-1].isdigit():
        return None
    project = path[-3].lstrip("+") if len(path) > 2 else ""
    return f"{project}#{path[-1]} ({host})" if project and is_word(project) else f"{host} #{path[-1]}"


def _product(host: str, path: list[str], _: SplitResult) -> str | None:
    if not _AMAZON.fullmatch(host):
        return None
    at = next((path.index(place) for place in ("dp", "product", "ASIN") if place in path[:-1]), None)
    if at is None:
        return None
    slug = as_words(path[at - 1]) if at else ""
    return f"{slug} (Amazon)" if at == 1 and slug not in ("gp", "") else f"Amazon {path[at + 1]}"


def _book(host: str, path: list[str], _: SplitResult) -> str | None:
    number = next((segment for segment in path if _ISBN.fullmatch(segment)), None)
    digits = [int(digit) for digit in number or "" if digit.isdigit()]
    if not number or (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10:
        return None
    before = path[path.index(number) - 1] if path[0] != number else ""
    return f"{as_words(before)} ({host})" if len(as_words(before).split()) > 1 else f"ISBN {number} ({host})"


def _release(host: str, path: list[str], _: SplitResult) -> str | None:
    if len(path) > 1 and _VERSION.fullmatch(path[-1]) and is_word(path[-2]):
        return f"{as_words(path[-2])} {path[-1]} ({host})"
    return None


# What an address may say by its shape alone, wherever it leads: the first that fits.
SHAPES: tuple[Site, ...] = (_search, _topic, _ticket, _product, _book, _release)
