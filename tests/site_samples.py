"""Editions, and sites made of them, for the tests of the archive as a site."""

from datetime import UTC, datetime, timedelta

from newsletter import render_site
from newsletter.destinations.site import SiteFolder
from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, EntryLink, Person, Section, Seen, Shared, TitleSource, Week
from newsletter.settings import NewsletterSettings, SectionSettings, SiteSettings
from tests.site_reader import Site

WEEK = timedelta(weeks=1)
FIRST = datetime(2020, 6, 13, 3, tzinfo=UTC)
NEWSLETTER = NewsletterSettings(
    key="ml-weekly",
    language="ko",
    timezone="Asia/Seoul",
    sections=(SectionSettings(tag="paper", title="논문", hashtags=("paper",)),),
)
PERSON = Person(PersonId("slack", "T1", "U1"), "")


def entry(page, title="", words="", **more):
    url = page if ":" in page else f"https://a.example/{page}"
    shares = more.pop("shares", (Shared(1, PERSON, FIRST - timedelta(hours=5), "", None, words),))
    return Entry(url, url, title or f"Page {page}", TitleSource.LINE, words, "a.example", shares, 1, **more)


def edition(week, *entries, **more):
    cut_off = FIRST + week * WEEK
    named = Week(f"2020-W{24 + week}", f"{week}주차", 2020, 6, 2)
    given = {
        "newsletter": "ml-weekly",
        "number": week + 1,
        "title": f"소식 {week}",
        "language": "ko",
        "timezone": "Asia/Seoul",
        "opened_at": cut_off - WEEK,
        "cut_off": cut_off,
        "label": named.label,
        "week": named,
        "next_week": named,
        "sections": (Section("", "", entries),) if entries else (),
    }
    return Edition(**given | more)


def some_editions(weeks=3):
    """Each with links of its own, a section, hashtags, a link under another, and one seen before."""
    seen = {"again": (entry("1-a", "Seen", "with *new* words", also_in=Seen(1, "0주차")),)}
    return [
        edition(
            week,
            intro="Hello **readers**, see https://a.example/intro",
            sections=(
                Section("paper", "논문", (entry(f"{week}-a", hashtags=("paper", "벡터검색"), section="paper"),)),
                Section(
                    "",
                    "그 밖에",
                    (entry(f"{week}-b", words="말 `code`", links=(EntryLink("https://b.example/", "More"),)),),
                ),
            ),
            **(seen if week == 2 else {}),
        )
        for week in range(weeks)
    ]


def files(editions, settings=SiteSettings(), newsletter=NEWSLETTER):  # noqa: B008 - frozen
    return render_site.files(editions, newsletter, settings)


def folder(path, editions=(), settings=SiteSettings(), newsletter=NEWSLETTER):  # noqa: B008 - frozen
    made = SiteFolder(path / "site", newsletter.key, lambda these: files(these, settings, newsletter))
    if editions:
        made.write(files(editions, settings, newsletter))
    return made


def site(path, editions, settings=SiteSettings(), newsletter=NEWSLETTER):  # noqa: B008 - frozen
    folder(path, editions, settings, newsletter)
    return Site(path / "site")
