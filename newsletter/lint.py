"""Lint: what an editor would want to mend in an edition before it goes out. Pure: edition and page facts -> findings.

It changes nothing and stops nothing: what may not reach a public place is kept from it by ``assemble`` anyway.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize
from urllib.parse import urlsplit

from newsletter import entering, urls
from newsletter.model import Edition, Entry, LinkState, Mark, Page, TitleSource
from newsletter.phrase import Phrase
from newsletter.settings import NewsletterSettings


class Fault(StrEnum):
    """What can be wrong with an entry."""

    NO_TITLE = "no title"
    CUT_TITLE = "cut title"
    DEAD = "dead link"
    ASTRAY = "leads elsewhere"
    DUPLICATE = "duplicate"
    TRACKER = "tracker"
    HELD = "held"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: the entry's key, address and title, what is wrong, and what can be done, for a person."""

    fault: Fault
    key: str
    url: str
    title: str
    says: Phrase


def lint(
    edition: Edition,
    settings: NewsletterSettings,
    *,
    pages: Mapping[str, Page] | None = None,
    marks: Mapping[str, Mark] | None = None,
    public: bool = False,
) -> tuple[Finding, ...]:
    """What is worth a look in the edition, in its order. ``pages`` and ``marks`` are by link key, and may lack any.

    ``public`` says that the edition goes to a public place, too: only then does it matter what may not go there.
    """
    entries = (*edition.entries, *edition.again)
    found = [finding for entry in entries for finding in _of_entry(entry, pages or {}, marks or {})]
    found += _duplicates(entries, pages or {})
    if public:
        found += [finding for entry in entries for finding in _kept_from_the_public(entry, settings)]
    place = {entry.key: at for at, entry in enumerate(entries)}
    return tuple(sorted(found, key=lambda one: (place[one.key], list(Fault).index(one.fault), one.says)))


def keys_of(entry: Entry) -> tuple[str, ...]:
    """The links whose facts ``lint`` looks at: the entry's own and those under its heading."""
    return (entry.key, *(urls.key(link.url) for link in entry.links))


def _finding(entry: Entry, fault: Fault, says: Phrase) -> Finding:
    return Finding(fault, entry.key, entry.url, entry.title, says)


# --- one entry -----------------------------------------------------------------------------------------------------

_CUT = re.compile(r"(?:…|\.{3,})\s*$|\s[-–—|:·,]\s*$")

# Names that mark where a click came from, too short to be cut from every address: a person decides.
_PERHAPS = """
    ref referrer referer campaign cmp cmpid trk trackid tracking affiliate aff affid spm share_id shared_by icid ncid
    smid
"""


def _of_entry(entry: Entry, pages: Mapping[str, Page], marks: Mapping[str, Mark]) -> Iterator[Finding]:
    page = pages.get(entry.key, Page())
    if entry.title_source in (TitleSource.URL, TitleSource.HOST):
        says = Phrase("nobody gave it a title, and its page neither: the address stands for it")
        yield _finding(entry, Fault.NO_TITLE, says)
    elif _CUT.search(entry.title) and entry.title_source is not TitleSource.EDITOR:
        whole = page.title if page.title.startswith(_CUT.sub("", entry.title)) and not _CUT.search(page.title) else ""
        calls = Phrase("the page calls itself {title}", title=repr(whole)) if whole else Phrase("the title is cut off")
        yield _finding(entry, Fault.CUT_TITLE, calls)
    for key, url in zip(keys_of(entry), (entry.url, *(link.url for link in entry.links)), strict=True):
        mark = marks.get(key)
        if mark is not None and mark.state is LinkState.DEAD:
            yield _finding(entry, Fault.DEAD, Phrase("{url} {why}", url=url, why=mark.why or Phrase("is gone")))
        elif mark is not None and mark.why.startswith("leads to"):
            yield _finding(entry, Fault.ASTRAY, Phrase("{url} {why}", url=url, why=mark.why))
    for url in dict.fromkeys((entry.url, *(link.url for link in entry.links), *urls.find(entry.said))):
        if tracked := _trackers(url):
            says = Phrase("{url} says where it was clicked: {what}", url=url, what=Phrase.joined(tracked))
            yield _finding(entry, Fault.TRACKER, says)


def _trackers(url: str) -> list[str]:
    """The parameters that are trackers, and those that look like one."""
    if (cleaned := urls.clean(url)) != url:
        return sorted(set(_parameters(url)) - set(_parameters(cleaned))) or [Phrase("a part that can be cut off")]
    return sorted(name for name in _parameters(url) if name.casefold() in _PERHAPS.split())


def _parameters(url: str) -> list[str]:
    try:
        query = urlsplit(url).query
    except ValueError:
        return []
    return [piece.partition("=")[0] for piece in query.split("&") if "=" in piece]


# --- several -------------------------------------------------------------------------------------------------------


def _duplicates(entries: Sequence[Entry], pages: Mapping[str, Page]) -> Iterator[Finding]:
    """Entries that may be one: of the same title on the same site or with the same canonical, or under two headings."""
    by_title: dict[str, list[Entry]] = defaultdict(list)
    by_canonical: dict[str, list[Entry]] = defaultdict(list)
    by_link: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.title_source not in (TitleSource.URL, TitleSource.HOST):
            by_title[" ".join(normalize("NFKC", entry.title).casefold().split())].append(entry)
        page = pages.get(entry.key, Page())
        by_canonical[urls.key(page.canonical) if page.canonical else entry.key].append(entry)
        for key in dict.fromkeys(keys_of(entry)):
            by_link[key].append(entry)
    told: set[tuple[str, str]] = set()
    rows: tuple[tuple[dict[str, list[Entry]], Callable[[Entry], Phrase]], ...] = (
        (by_link, lambda first: Phrase("the same link stands under {title}", title=repr(first.title))),
        (by_canonical, lambda first: Phrase("by its own word the same page as {url}", url=first.url)),
        (by_title, lambda first: Phrase("the same title as {url}", url=first.url)),
    )
    for groups, says in rows:
        for first, *others in groups.values():
            for other in others:
                if (first.key, other.key) not in told and first.key != other.key:
                    told.add((first.key, other.key))
                    yield _finding(other, Fault.DUPLICATE, says(first))


# --- what the public may not see -----------------------------------------------------------------------------------


def _kept_from_the_public(entry: Entry, settings: NewsletterSettings) -> Iterator[Finding]:
    if entry.held is not None:
        reason = Phrase(entry.held)
        says = Phrase("{reason}: not in public posts until an editor releases it", reason=reason)
        yield _finding(entry, Fault.HELD, says)
    open_to_all = settings.private == "may be published"
    if not open_to_all and all(shared.private for shared in entry.shares):
        yield _finding(entry, Fault.PRIVATE, Phrase("shared in private channels only: not in public posts"))
    for link in entry.links:
        if held := entering.why_held(link.url, settings):
            says = Phrase("{reason}: {url} is left out of public posts", reason=Phrase(held), url=link.url)
            yield _finding(entry, Fault.HELD, says)
        elif link.private and not open_to_all:
            says = Phrase("{url} was shared in private channels only", url=link.url)
            yield _finding(entry, Fault.PRIVATE, says)
    for url in dict.fromkeys(urls.find(entry.said)):
        if urls.key(url) != entry.key and (held := entering.why_held(url, settings)):
            says = Phrase("{reason}: an address in its words is withheld in public posts", reason=Phrase(held))
            yield _finding(entry, Fault.HELD, says)
