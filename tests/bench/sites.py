"""The archive as a site: one more edition beside a full build, over nine years of weeks in a folder on this disk.

What is timed is what ``publish`` and ``site`` do with editions at hand: find out what there is to write, draw it, put it
in place. Called ``sites``, as ``site`` is a module of Python's own.
"""

import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measure import Row, alternately

from newsletter.destinations.site import SiteFolder
from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, Person, Section, Shared, TitleSource, Week
from newsletter.render_site import files
from newsletter.settings import NewsletterSettings, SectionSettings, SiteSettings

WEEKS, LINKS_A_WEEK = 462, 12
NEWSLETTER = NewsletterSettings(key="bench", timezone="Asia/Seoul", sections=(SectionSettings(tag="paper"),))
TAGS = ["paper", "data", "vision", "도구", "논문", "ops"]
WORDS = "attention 벡터 검색을 처음 보는 사람에게 *좋다* a `small` tour of what they find 그리고 https://a.example/more".split()


def rows(folder: Path, times: int) -> list[Row]:
    """One more edition, and none, beside building all weeks into an empty folder."""
    editions = [_edition(week, random.Random(week)) for week in range(WEEKS + 1)]
    place = folder / "site"
    full, one_more, none = alternately(
        lambda: _build(place, editions[:-1], afresh=True),
        lambda: _build(place, editions),
        lambda: _build(place, editions),
        times=times,
        clock=time.perf_counter,
    )
    return [
        Row("site, one more edition", f"all of {WEEKS} weeks", one_more, full, aim=0.33),
        Row("site, nothing new", f"all of {WEEKS} weeks", none, full, aim=0.25),
    ]


def _build(place: Path, editions: list[Edition], *, afresh: bool = False) -> None:
    if afresh:
        shutil.rmtree(place, ignore_errors=True)
    drawn = files(editions, NEWSLETTER, SiteSettings())
    SiteFolder(place, NEWSLETTER.key, lambda _: drawn).write(drawn)


def _edition(week: int, chance: random.Random) -> Edition:
    cut_off = datetime(2017, 1, 7, 3, tzinfo=UTC) + week * timedelta(weeks=1)
    named = Week(f"week {week}", f"week {week}", cut_off.year, cut_off.month, 1)
    entries = tuple(_entry(f"https://a.example/{week}/{n}", cut_off, chance) for n in range(LINKS_A_WEEK))
    return Edition(
        newsletter=NEWSLETTER.key,
        number=week + 1,
        title=f"Links of week {week}",
        language="en",
        timezone=NEWSLETTER.timezone,
        opened_at=cut_off - timedelta(weeks=1),
        cut_off=cut_off,
        label=named.label,
        week=named,
        next_week=named,
        sections=(Section("paper", "paper", entries[:6]), Section("", "Others", entries[6:])),
    )


def _entry(url: str, at: datetime, chance: random.Random) -> Entry:
    person = Person(PersonId("slack", "T1", "U1"), "")
    words = " ".join(chance.choices(WORDS, k=chance.randrange(60)))
    title = " ".join(chance.choices(WORDS[:8], k=5))
    shares = (Shared(1, person, at, "", None, words),)
    tags = tuple(chance.sample(TAGS, chance.randrange(2)))
    return Entry(url, url, title, TitleSource.LINE, words, "a.example", shares, 1, hashtags=tags)
