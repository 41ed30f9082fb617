"""A fetched page's bytes -> what it says about itself (``Page``). Pure, total, in time linear to the bytes.

Order of trust, per field, the first that says something: JSON-LD about this page, the tags made for readers of papers
(Highwire, ``citation_*``), OpenGraph, Dublin Core and other ``<meta>``, Twitter cards, microdata, ``<title>`` or what
a reader sees (heading, byline, dateline, first paragraph), the address. Only the site, the description and the picture
are OpenGraph's first: they were made for being shown elsewhere. The language is that of ``<html lang>``. Sites
that hide what they know are ``sites.py``; fetching is ``fetch.py``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from html import unescape
from itertools import islice
from urllib.parse import urljoin, urlsplit

from newsletter import linked_data
from newsletter.linked_data import LinkedData
from newsletter.model import Page, PageKind
from newsletter.page_charset import decode
from newsletter.page_dates import MAX_DATE, from_address, instant
from newsletter.page_pdf import read_pdf
from newsletter.page_people import WRITTEN_BY, in_order, person, seen_person
from newsletter.page_tags import Markup, bylines, datelines, paragraphs, prose, scan, without_emphasis
from newsletter.page_titles import is_host, is_junk, is_login, is_wall, same, without_site
from newsletter.title_text import clean, has_cjk
from newsletter.urls import host as host_of

MAX_DESCRIPTION = 500
MAX_AUTHOR = 200
MAX_ADDRESS = 2_000
_WORDS_A_MINUTE = 230
_LETTERS_A_MINUTE = 500
"""Of Chinese, Japanese and Korean."""


def _names(rows: str) -> tuple[str, ...]:
    return tuple(rows.split())


_TITLES = _names("og:title dc.title dcterms.title dc:title parsely-title sailthru.title twitter:title")
_DESCRIPTIONS = _names(
    """og:description description twitter:description dc.description dcterms.description dc:description
    dcterms.abstract dc.description.abstract sailthru.description citation_abstract"""
)
_SITES = _names("og:site_name citation_journal_title application-name dc.publisher apple-mobile-web-app-title")
_AUTHORS = _names(
    """author article:author dc.creator dcterms.creator dc:creator parsely-author sailthru.author byl og:author
    book:author"""
)
_TIME_TO_READ = re.compile(
    r"(?:about |ca\.? ?|~ ?|약 ?)?(\d{1,3}) ?"
    r"(?:min(?:ut\w*|s)?\.?|분|分(?:鐘|钟|間)?|мин(?:\.|ут\w*)?|dakika|dk\.?)(?: read)?",
    re.IGNORECASE,
)
_DATES = _names(
    """article:published_time og:published_time og:article:published_time article.published citation_online_date
    citation_publication_date citation_date parsely-pub-date sailthru.date datepublished rnews:datepublished
    dc.date.issued dcterms.issued dcterms.created dcterms:created dcterms.date dc.date.created dc.created dc.date
    dc:date publish-date publish_date publishdate published_date published-date publication_date published
    published_at pubdate pub_date displaydate originalpublicationdate bt:pubdate cxenseparse:recs:publishtime
    article.created ptime date creation_date date.created date_created video:release_date music:release_date
    book:release_date"""
)
_IMAGES = _names("og:image:secure_url og:image og:image:url twitter:image twitter:image:src thumbnail")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_].*)?", re.IGNORECASE)
_NO_LANGUAGE = frozenset(("und", "mul", "zxx", "xx", "iw"))
_NOT_PROSE = re.compile(
    r"cookie|javascript|©|\ball rights reserved|subscribe|sign up|privacy policy|advertis|ad ?block|browser"
    r"|쿠키|저작권|무단 ?전재",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"</?(?:p|br|div|span|b|i|em|strong|a|img|h[1-6]|ul|li)(?:\s[^<>]*)?/?>", re.IGNORECASE)
# "Why <b> and <i> differ" is a title as it stands.
_PAIR = re.compile(r"<(b|i|em|strong|span|sub|sup|u|mark|a|font|p)\b[^<>]*>([^<>]*)</\1>", re.IGNORECASE)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")

_KINDS = {
    kind: names.split()
    for kind, names in {
        PageKind.PAPER: "scholarlyarticle medicalscholarlyarticle",
        PageKind.VIDEO: "videoobject tvepisode movie clip video video.other video.movie video.episode video.tv_show",
        PageKind.AUDIO: "audioobject podcastepisode musicrecording musicalbum music.song music.album music.playlist "
        "podcast audio radioepisode",
        PageKind.CODE: "softwaresourcecode",
        PageKind.DISCUSSION: "discussionforumposting qapage question socialmediaposting",
        PageKind.ARTICLE: "article newsarticle blogposting blog techarticle report review analysisnewsarticle news "
        "opinionnewsarticle reportagenewsarticle backgroundnewsarticle reviewnewsarticle liveblogposting",
    }.items()
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}
_PAPER_TAGS = (
    "citation_doi",
    "citation_journal_title",
    "citation_arxiv_id",
    "citation_conference_title",
    "citation_pdf_url",
)


def read(body: bytes, *, url: str, content_type: str = "") -> Page:
    """What the page at ``url`` says about itself. ``content_type`` is the header's value, ``""`` where there was none.

    Never raises: bytes that are no page give an empty one. A page in the way of another (a check for robots, a login,
    an error) says nothing of the link: of it only the site is taken.
    """
    media = content_type.partition(";")[0].strip().lower()
    begin = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"%PDF-") or (media == "application/pdf" and not begin.startswith(b"<")):
        return read_pdf(body)
    if media.startswith(("image/", "video/", "audio/")):
        return Page(kind=PageKind(media.partition("/")[0]))
    if begin.startswith((b"{", b"[")):
        return Page()  # an answer for a program
    return _Reader(scan(decode(body, content_type)), url).page()


class _Reader:
    """The facts of one page, field by field."""

    def __init__(self, markup: Markup, url: str) -> None:
        self._markup, self._url, self._host = markup, url, host_of(url)
        self._base = _absolute(markup.base, url) or url
        self._linked: LinkedData = linked_data.read(markup.linked_data or markup.metas.get("parsely-page", ()), url)

    def page(self) -> Page:
        site = self._site()
        title, in_the_way = self._title(site)
        if in_the_way:
            return Page(site=site)
        kind = self._kind()
        return Page(
            title=title,
            description=self._description(title),
            site=site,
            image=self._image(),
            author=self._author(site),
            published=self._published(),
            language=self._language(),
            canonical=self._canonical(),
            kind=kind,
            reading_minutes=self._minutes() if kind in (PageKind.ARTICLE, PageKind.UNKNOWN, PageKind.PAPER) else 0,
        )

    def _metas(self, names: Iterable[str]) -> Iterator[str]:
        return (value for name in names for value in self._markup.metas.get(name, ()))

    def _properties(self, *names: str) -> Iterator[str]:
        return (value for name in names for value in self._markup.properties.get(name, ()))

    def _site(self) -> str:
        names = (
            *self._markup.metas.get("og:site_name", ()),
            self._linked.site,
            *self._metas(_SITES),
            *self._properties("publisher"),
        )
        known = (_line(name, 80) for name in names)
        return next((name for name in known if name and "://" not in name), "")

    # --- title ------------------------------------------------------------------------------------------------------

    def _title(self, site: str) -> tuple[str, bool]:
        """The title, and whether the page is one in the way of another."""
        markup, linked = self._markup, self._linked
        shown = _line(markup.title)
        headings = [heading for text in markup.headings if (heading := _line(text))]
        given = [
            *([linked.title] if linked.is_main else ()),
            *self._metas(("citation_title", *_TITLES)),
            *self._properties("headline"),
        ]
        candidates = [line for text in given if (line := _line(text))]
        titles = [*candidates, shown, *headings[:1]] if shown else [*candidates, *headings]
        names = [name for name in (site, linked.site, *self._metas(("application-name",))) if name]
        last_resort = ""  # what the site is called says little of one of its pages
        at_home = urlsplit(self._url).path in ("", "/") if _is_address(self._url) else False
        for title in titles:
            others = [other for other in (*headings, *candidates) if other != title]
            whole = self._uncut(title, [*candidates, shown, *headings])
            cut = without_site(whole, names, self._host, others if title == shown else ())
            if is_junk(whole) or is_junk(cut):
                continue
            if any(same(cut, name) for name in names):
                last_resort = last_resort or cut
                continue
            if shown and self._is_in_the_way(shown, names) and not (title in candidates and self._is_told(shown)):
                break
            return clean(cut), False
        lost = bool(headings) and is_wall(headings[0])
        if last_resort and not lost and (at_home or not is_host(last_resort, self._host)):
            return clean(last_resort), False
        return "", lost or self._is_in_the_way(shown or (titles[0] if titles else ""), names)

    def _is_told(self, shown: str) -> bool:
        """Whether the tags of a wall are about what lies behind it: some sites write the same into all their errors."""
        return is_login(shown) or bool(self._kind())

    def _is_in_the_way(self, title: str, names: Sequence[str]) -> bool:
        return is_wall(title) or is_wall(without_site(title, names, self._host))

    def _uncut(self, title: str, others: Iterable[str]) -> str:
        """The longer form that stands elsewhere of a title that was cut."""
        if not title.endswith(("…", "...")):
            return title
        start = title.rstrip("….").rstrip()
        longer = (other for other in others if other.startswith(start) and not other.endswith(("…", "...")))
        return next(longer, title) if len(start) > 15 else title

    # --- words ------------------------------------------------------------------------------------------------------

    def _description(self, title: str) -> str:
        given = (
            *self._metas(_DESCRIPTIONS[:1]),
            self._linked.description,
            *self._metas(_DESCRIPTIONS[1:]),
            *self._properties("description"),
        )
        for text in given:
            line = _line(_MARKUP.sub(" ", without_emphasis(unescape(text))), MAX_DESCRIPTION)
            if len(line) > 1 and not same(line, title):
                return line
        for text in islice(paragraphs(self._markup), 30):
            line = _line(text, MAX_DESCRIPTION)
            if len(line) >= (40 if has_cjk(line) else 80) and not _NOT_PROSE.search(line):
                return line
        return ""

    def _author(self, site: str) -> str:
        papers = [in_order(name) for name in self._markup.metas.get("citation_author", ())]
        labelled = [value for label, value in self._labelled() if WRITTEN_BY.fullmatch(label.strip())]
        lists = (
            self._linked.author,
            papers,
            *(self._markup.metas.get(name, ()) for name in _AUTHORS),
            labelled,
            [*self._properties("author")] or [*self._properties("creator")],
        )
        for names in lists:
            people = [name for text in names if (name := person(text)) and not same(name, site)]
            if people:
                return _line(", ".join(list(dict.fromkeys(people))[:10]), MAX_AUTHOR)
        seen = (seen_person(text) for text in islice(bylines(self._markup), 5))
        return next((name for name in seen if name and not same(name, site)), "")

    def _labelled(self) -> Iterator[tuple[str, str]]:
        """The labels of a Twitter card, and what stands behind them."""
        metas = self._markup.metas
        for number in "12":
            yield from zip(
                metas.get(f"twitter:label{number}", ()), metas.get(f"twitter:data{number}", ()), strict=False
            )

    def _published(self) -> datetime | None:
        markup = self._markup
        given = (
            self._linked.published,
            *self._metas(_DATES),
            *self._properties("datePublished", "uploadDate", "dateCreated"),
            *markup.times[:1],
        )
        found = (instant(text) for text in given if text)
        if at := next((at for at in found if at), None):
            return at
        seen = (instant(text) for text in islice(datelines(markup), 10) if len(text) < 2 * MAX_DATE)
        return from_address(self._url) or next((at for at in seen if at), None)

    def _language(self) -> str:
        locale = self._markup.metas
        given = (
            self._markup.language,
            *locale.get("content-language", ()),
            *locale.get("language", ()),
            self._linked.language,
            *locale.get("og:locale", ()),
            *locale.get("citation_language", ()),
            *locale.get("dc.language", ()),
            *self._properties("inLanguage"),
        )
        return next((tag for text in given if (tag := _language(text))), "")

    def _minutes(self) -> int:
        if self._linked.minutes:
            return self._linked.minutes
        for _, value in self._labelled():
            if found := _TIME_TO_READ.fullmatch(value.strip()):
                return int(found[1])
        words, letters = self._linked.words, 0
        if not words:
            text = prose(self._markup)
            if not text.isascii() and (letters := sum(map(len, _CJK.findall(text)))):
                text = _CJK.sub(" ", text)
            words = len(text.split())
        minutes = words / _WORDS_A_MINUTE + letters / _LETTERS_A_MINUTE
        return round(minutes) or 1 if minutes > 0.4 else 0

    # --- addresses --------------------------------------------------------------------------------------------------

    def _image(self) -> str:
        linked = self._linked.image
        of_link = [href for rel, href in self._markup.links if "image_src" in rel.split()]
        given = (
            *self._metas(_IMAGES[:5]),
            linked,
            *of_link,
            *self._metas(_IMAGES[5:6]),
            *self._properties("image", "thumbnailUrl"),
        )
        return next((found for written in given if (found := _absolute(written, self._base))), "")

    def _canonical(self) -> str:
        """What the page declares; two that differ declare nothing."""
        declared = {
            found
            for rel, href in self._markup.links
            if "canonical" in rel.split() and (found := _absolute(href, self._base))
        }
        return declared.pop() if len(declared) == 1 else ""

    def _kind(self) -> PageKind:
        metas = self._markup.metas
        if any(name in metas for name in _PAPER_TAGS):
            return PageKind.PAPER
        declared = [self._linked.type, *metas.get("og:type", ()), *self._markup.types]
        kinds = [kind for name in declared if (kind := _KIND_OF.get(name.strip().lower()))]
        if kinds:
            return kinds[0]
        if "player" in metas.get("twitter:card", ()):
            return PageKind.VIDEO
        return PageKind.ARTICLE if "article:published_time" in metas else PageKind.UNKNOWN


@lru_cache(64)
def _line(text: str, limit: int = 300) -> str:
    """One clean line. Publishing systems often encode twice: what still is an entity was meant to be its character."""
    line = text[: 4 * MAX_ADDRESS]
    if "&" in line and ";" in line:
        line = unescape(line)
    return clean(_PAIR.sub(r"\2", line) if "</" in line else line, limit)


def _language(text: str) -> str:
    """A BCP 47 tag in its usual case: ``ko-KR``, ``zh-Hant-TW``."""
    found = _LANGUAGE.fullmatch(text.partition(",")[0].strip()[:35])
    if not found or found[1].lower() in _NO_LANGUAGE:
        return ""
    language, script, region = found.groups()
    return "-".join(filter(None, (language.lower(), (script or "").title(), (region or "").upper())))


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        return bool(urlsplit(text).netloc)
    return False


def _absolute(written: str, base: str) -> str:
    """An http address as the page means it, ``""`` for any other."""
    with suppress(ValueError):
        written = "".join(written.split("\n")).strip()
        # A blank inside an address would end it where it is shown.
        if written.endswith(":") or written.rstrip("/").endswith(":"):
            return ""
        found = urljoin(base, written).replace(" ", "%20") if written and len(written) <= MAX_ADDRESS else ""
        parts = urlsplit(found)
        if parts.scheme in ("http", "https") and parts.hostname and found.isprintable():
            return found
    return ""
