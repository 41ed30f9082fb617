"""``key`` and ``find`` beside other libraries on the same input: addresses of the tests' tables and of made-up chat.

They do not do the same work. ural and w3lib join fewer addresses of one page and drop other parameters; none of them
knows code, Slack's labels, or a Korean particle behind an address. What each gets right is told by the tests' tables.
"""

import random
import warnings
from collections.abc import Callable
from pathlib import Path

import samples
from measure import Row, alternately

from newsletter import urls, words

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # theirs
    import linkify_it
    import ural
    import w3lib.url

TABLES = Path(__file__).resolve().parent.parent / "tables"


def rows(times: int) -> list[Row]:
    """How many addresses and messages a second, ours beside theirs."""
    # linkify-it's matcher keeps what it found: a new one for each measurement would cost more than the search.
    linkify = linkify_it.LinkifyIt()
    addresses = _addresses()
    chat = list(samples.messages("{url}"))[:5_000]
    linked = [text for text in chat if "://" in text]
    return [
        _row("key", addresses, urls.key, "ural.normalize_url", ural.normalize_url, times),
        _row("key", addresses, urls.key, "w3lib.canonicalize_url", w3lib.url.canonicalize_url, times),
        _row("find, all messages", chat, urls.find, "linkify-it-py", linkify.match, times),
        _row("find, messages with a link", linked, urls.find, "linkify-it-py", linkify.match, times),
        _row("find, messages with a link", linked, urls.find, "ural.urls_from_text", _ural_finds, times),
        _row("words.read, messages with a link", linked, words.read, "linkify-it-py", linkify.match, times),
    ]


def _row(
    what: str,
    inputs: list[str],
    ours: Callable[[str], object],
    name: str,
    theirs: Callable[[str], object],
    times: int,
) -> Row:
    found = alternately(lambda: [ours(text) for text in inputs], lambda: [theirs(text) for text in inputs], times=times)
    return Row(what, name, *found, amount=len(inputs))


def _addresses() -> list[str]:
    """Those of the tables that the others accept too, and as many of a chat."""
    lines = [line for file in sorted(TABLES.glob("*_pages.txt")) for line in file.read_text("utf-8").splitlines()]
    table = [line for line in lines if line.startswith("http") and _is_taken(line)]
    found = table + samples.addresses(len(table))
    random.Random("order").shuffle(found)
    return found


def _is_taken(url: str) -> bool:
    try:
        ural.normalize_url(url)
        w3lib.url.canonicalize_url(url)
    except ValueError:
        return False
    return True


def _ural_finds(text: str) -> list[str]:
    return list(ural.urls_from_text(text))
