"""Editions -> the pages of the archive as a site: which there are, what each is about, what it hangs on (pure values).

What a page looks like is ``render_site.py``'s and its templates'; which of them have to be written anew is the folder's
business (``destinations/site.py``), which can tell by a page's digest before anything of it is drawn.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from newsletter import entering
from newsletter.languages import language
from newsletter.markdown import plain
from newsletter.model import Edition, Entry, EntryLink, Reply
from newsletter.render import slug_of
from newsletter.settings import Audience, NewsletterSettings, SiteSettings

MOST_IN_A_FEED = {"editions": 20, "links": 100, "tag": 50}
"""What a feed reader that comes once a week cannot miss. All of it is in the pages."""

MOST_ON_A_PAGE = 100

_IDS = UUID("b2f7a4de-56c1-4f0e-9d0b-6f3f0f6b2c51")
_NO_FILE_NAMES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Front:
    """What every page says of the whole site. ``url`` is where the site will be read, ``""`` if nobody knows.

    ``for_team`` keeps search engines away; ``pictures`` lets the pages ask other hosts for them.
    """

    title: str
    language: str
    url: str
    urn: str
    for_team: bool
    pictures: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """A section, a hashtag, or both of one name. ``name`` is its file's, without folder and ending."""

    key: str
    title: str
    name: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the newsletter's calendar; ``key`` is ``2020-06``, ``first`` its first day."""

    key: str
    first: datetime


@dataclass(frozen=True, slots=True)
class EditionPlace:
    """An edition as other pages name it. ``at`` is its cut-off in the newsletter's zone; ``count`` its links."""

    name: str
    title: str
    label: str
    language: str
    at: datetime
    month: Month
    count: int
    urn: str


@dataclass(frozen=True, slots=True)
class Item:
    """An entry on the site: as in ``Entry``, cleaned for one line where it is one, and where it stands.

    ``anchor`` and ``urn`` are made of the link's identity: they stay, whatever is reworded or put in another order.
    ``picture`` is ``""`` unless pictures are to be shown; ``also_in`` unless an earlier edition had the link.
    """

    anchor: str
    urn: str
    title: str
    url: str
    site: str
    links: tuple[EntryLink, ...]
    words: str
    excerpt: str
    picture: str
    people: tuple[str, ...]
    permalink: str
    reactions: tuple[tuple[str, int], ...]
    tags: tuple[Tag, ...]
    at: datetime | None
    also_in: str
    edition: EditionPlace
    discussion: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class EditionPage:
    """An edition with all its entries: ``sections`` are pairs of a title, ``""`` where there is none, and entries."""

    place: EditionPlace
    intro: str
    outro: str
    sections: tuple[tuple[str, tuple[Item, ...]], ...]
    again: tuple[Item, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All entries in printed order, new ones first."""
        return (*(item for _, items in self.sections for item in items), *self.again)


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the site: its name with ``/``, its template, and what that is given beside the front.

    ``digest`` stands for all of it: the same digest, the same page.
    """

    name: str
    template: str
    values: Mapping[str, object]
    digest: str


def pages(
    editions: Sequence[Edition], newsletter: NewsletterSettings, settings: SiteSettings
) -> tuple[Front, tuple[Page, ...]]:
    """Every page of the site over these editions, at least one, by cut-off and as its readers may see them.

    In the order in which they may be put in place: a page comes after those that only it leads to, the first page of
    the site last.
    """
    identity = settings.id or newsletter.key
    front = Front(
        title=plain(settings.title) or newsletter.key,
        language=newsletter.language,
        url=settings.url,
        urn=_urn(identity, "site"),
        for_team=settings.audience is Audience.TEAM,
        pictures=settings.pictures,
    )
    placing = _Placing(newsletter, settings, identity)
    made = [placing.edition(edition) for edition in editions]
    by_tag = _by_tag(made)
    described = [
        *_edition_pages(made),
        *_month_pages(made),
        *_tag_pages(by_tag),
        *_feeds(made, front, by_tag, identity),
        *_overviews(made, by_tag),
    ]
    return front, tuple(
        Page(name, template, values, _digest(front, name, template, values)) for name, template, values in described
    )


Described = tuple[str, str, Mapping[str, object]]


def _edition_pages(made: Sequence[EditionPage]) -> Iterator[Described]:
    around: list[EditionPlace | None] = [None, *(one.place for one in made), None]
    for older, one, newer in zip(around, made, around[2:], strict=False):
        yield one.place.name, "edition.html.j2", {"edition": one, "older": older, "newer": newer}


def _month_pages(made: Sequence[EditionPage]) -> Iterator[Described]:
    months: dict[Month, list[EditionPage]] = {}
    for one in made:
        months.setdefault(one.place.month, []).append(one)
    for month, together in months.items():
        yield f"months/{month.key}.html", "month.html.j2", {"month": month, "editions": tuple(together)}


def _tag_pages(by_tag: Mapping[Tag, Sequence[Item]]) -> Iterator[Described]:
    """One page for each tag; of a large one, a page for each year, the newest of which is the tag's own."""
    for tag, items in by_tag.items():
        years = tuple(dict.fromkeys(item.edition.at.year for item in items)) if len(items) > MOST_ON_A_PAGE else ()
        for year in years or (0,):
            own = tuple(item for item in items if not year or item.edition.at.year == year)
            name = f"tags/{tag.name}/{year}.html" if year in years[1:] else f"tags/{tag.name}.html"
            yield name, "tag.html.j2", {"tag": tag, "items": own, "year": year, "years": years}


def _feeds(
    made: Sequence[EditionPage], front: Front, by_tag: Mapping[Tag, Sequence[Item]], identity: str
) -> Iterator[Described]:
    """Newest first, each link once."""
    newest = tuple(reversed(made))[: MOST_IN_A_FEED["editions"]]
    page = "index.html"
    yield "feeds/editions.xml", "editions.xml.j2", {"editions": newest, "urn": front.urn, "page": page}
    links = _each_once(item for one in reversed(made) for _, items in one.sections for item in items)
    yield _feed_of_links(
        "links", links[: MOST_IN_A_FEED["links"]], None, page, _urn(identity, "links"), made[-1].place.at
    )
    for tag, tagged in by_tag.items():
        items, page = _each_once(tagged)[: MOST_IN_A_FEED["tag"]], f"tags/{tag.name}.html"
        yield _feed_of_links(f"tags/{tag.name}", items, tag, page, _urn(identity, "tag", tag.key), items[0].edition.at)


def _feed_of_links(
    name: str, items: tuple[Item, ...], tag: Tag | None, page: str, urn: str, updated: datetime
) -> Described:
    values = {"items": items, "tag": tag, "page": page, "urn": urn, "updated": updated}
    return f"feeds/{name}.xml", "links.xml.j2", values


def _overviews(made: Sequence[EditionPage], by_tag: Mapping[Tag, Sequence[Item]]) -> Iterator[Described]:
    years: dict[int, list[EditionPage]] = {}
    for one in reversed(made):
        years.setdefault(one.place.at.year, []).append(one)
    for year, together in years.items():
        yield f"search/{year}.js", "year.js.j2", {"editions": tuple(together)}
    counts = tuple((tag, len(items)) for tag, items in by_tag.items())
    yield "tags.html", "tags.html.j2", {"tags": counts}
    yield "search.html", "search.html.j2", {"years": tuple(years)}
    places = tuple((year, tuple(one.place for one in together)) for year, together in years.items())
    yield "index.html", "index.html.j2", {"newest": made[-1], "years": places}


def _by_tag(made: Sequence[EditionPage]) -> dict[Tag, list[Item]]:
    """The entries of each tag, newest edition first; tags by name."""
    found: dict[Tag, list[Item]] = {}
    for one in reversed(made):
        for item in one.items:
            for tag in item.tags:
                found.setdefault(tag, []).append(item)
    return dict(sorted(found.items(), key=lambda pair: (pair[0].title.lstrip("#").casefold(), pair[0].key)))


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(item.urn, item)
    return tuple(first.values())


class _Placing:
    """Puts editions and their entries in their places on one newsletter's site."""

    def __init__(self, newsletter: NewsletterSettings, settings: SiteSettings, identity: str) -> None:
        self._newsletter = newsletter
        self._settings = settings
        self._identity = identity
        self._headings = {_folded(section.tag): plain(section.heading) for section in newsletter.sections}
        self._tags: dict[str, Tag] = {}

    def edition(self, edition: Edition) -> EditionPage:
        at = edition.cut_off.astimezone(ZoneInfo(edition.timezone))
        first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        place = EditionPlace(
            name=f"editions/{slug_of(edition)}.html",
            title=plain(edition.title) or edition.newsletter,
            label=plain(edition.label),
            language=edition.language,
            at=at,
            month=Month(f"{at.year:04}-{at.month:02}", first.replace(tzinfo=None)),
            count=len(edition.entries) + len(edition.again),
            # Numbers and titles may change when the past is made again; when an edition was cut off does not.
            urn=_urn(self._identity, "edition", edition.cut_off.isoformat()),
        )
        return EditionPage(
            place=place,
            intro=edition.intro,
            outro=edition.outro,
            sections=tuple(
                (plain(section.title), tuple(self._item(entry, edition, place) for entry in section.entries))
                for section in edition.sections
            ),
            again=tuple(self._item(entry, edition, place) for entry in edition.again),
        )

    def _item(self, entry: Entry, edition: Edition, place: EditionPlace) -> Item:
        also_in = language(edition.language).also_in
        return Item(
            anchor=f"l-{hashlib.sha256(entry.key.encode()).hexdigest()[:12]}",
            urn=_urn(self._identity, "link", entry.key),
            title=plain(entry.title) or plain(entry.site) or entry.url,
            url=entry.url,
            site=plain(entry.site),
            links=tuple(EntryLink(link.url, plain(link.title) or link.url) for link in entry.links),
            words=entry.said,
            excerpt=plain(entry.description),
            picture=self._picture(entry),
            people=_people(entry, language(edition.language).someone),
            permalink=next((shared.permalink for shared in entry.shares if shared.permalink), ""),
            reactions=entry.reactions,
            tags=tuple(dict.fromkeys(self._tag(key) for key in (entry.section, *entry.hashtags) if _folded(key))),
            at=entry.shares[0].at.astimezone(place.at.tzinfo) if entry.shares else None,
            also_in=also_in.format(number=entry.also_in.number, label=entry.also_in.label) if entry.also_in else "",
            edition=place,
            discussion=tuple(
                replace(reply, person=replace(reply.person, name=plain(reply.person.name)))
                for reply in entry.discussion
            ),
        )

    def _picture(self, entry: Entry) -> str:
        """Only by https, as a page may be; and never from where a link would be held back."""
        wanted = self._settings.pictures and entry.image.startswith("https://")
        return entry.image if wanted and entering.why_held(entry.image, self._newsletter) is None else ""

    def _tag(self, written: str) -> Tag:
        key = _folded(written)
        if key not in self._tags:
            self._tags[key] = Tag(key, self._headings.get(key) or f"#{plain(written)}", _file_name(key))
        return self._tags[key]


def _people(entry: Entry, someone: str) -> tuple[str, ...]:
    """Everyone who shared it, each once; nobody where no one may be named."""
    if not any(shared.person.name for shared in entry.shares):
        return ()
    return tuple(
        dict.fromkeys(
            (plain(shared.person.name) or someone) + (f" (#{plain(shared.channel)})" if shared.channel else "")
            for shared in entry.shares
        )
    )


def _folded(tag: str) -> str:
    return plain(unicodedata.normalize("NFC", unicodedata.normalize("NFC", tag).casefold())).lstrip("#")


def _file_name(key: str) -> str:
    """The tag itself where every file system and web host takes it as it is; two tags never share a name."""
    if re.fullmatch(r"[\w-]{1,60}", key) and not _NO_FILE_NAMES.fullmatch(key) and len(key.encode()) <= 180:
        return key
    readable = re.sub(r"[\W_]+", "-", key)[:30].strip("-")
    # A full stop, which no tag that is its own file name has, keeps the two kinds apart.
    return f"{readable or 'tag'}.{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _urn(*identity: str) -> str:
    """The same for the same thing for ever, wherever the site is read (RFC 4287, 4.2.6; RFC 9562, 5.5)."""
    return uuid5(_IDS, "\n".join(identity)).urn


def _digest(*hung_on: object) -> str:
    """Values only, all of which say in their ``repr`` everything there is to them."""
    return hashlib.sha256(repr(hung_on).encode("utf-8", "surrogatepass")).hexdigest()


def relative(name: str) -> str:
    """A file's name as a reference within the site."""
    return quote(name, safe="/")
