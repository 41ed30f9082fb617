"""What an editor is told of an edition before it goes out, as tables: an entry, what is known of it, what is said."""

from datetime import timedelta

import pytest

from newsletter import urls
from newsletter.lint import Fault, lint
from newsletter.model import Edition, Entry, EntryLink, LinkState, Mark, Page, Person, Section, Shared, TitleSource
from newsletter.settings import NewsletterSettings
from newsletter.week import next_week, week_of
from tests.laws.told import ANN, START

SETTINGS = NewsletterSettings()


def entry(url: str = "https://a.example/x", title: str = "A fine title", *, private: bool = False, **more) -> Entry:
    shared = Shared(1, Person(ANN, "Ann"), START, "news", None, "", private)
    fields = {"title_source": TitleSource.LINE, "words": "", "site": "a.example", "score": 1}
    return Entry(urls.key(url), url, title, shares=(shared,), **(fields | more))


def edition(*entries: Entry, again: tuple[Entry, ...] = ()) -> Edition:
    week = week_of(START, SETTINGS.zone, "{iso}")
    return Edition(
        "weekly", 1, "News", "en", "UTC", START, START + timedelta(days=5), week.label, week, next_week(week, "{iso}"),
        sections=(Section("", "", entries),), again=again,
    )  # fmt: skip


def faults(*entries: Entry, **known) -> list[Fault]:
    return [finding.fault for finding in lint(edition(*entries), SETTINGS, **known)]


def test_an_edition_in_order_has_no_findings():
    assert faults(entry(), entry("https://b.example/y", "Another title"), public=True) == []


@pytest.mark.parametrize(
    ("title", "source", "fault"),
    [
        ("owner/repo", TitleSource.URL, Fault.NO_TITLE),
        ("a.example/x", TitleSource.HOST, Fault.NO_TITLE),
        ("A very long title that was …", TitleSource.PREVIEW, Fault.CUT_TITLE),
        ("A very long title that was...", TitleSource.PAGE, Fault.CUT_TITLE),
        ("A title and then -", TitleSource.LINE, Fault.CUT_TITLE),
        ("To be continued …", TitleSource.EDITOR, None),
        ("Why C++ is", TitleSource.PAGE, None),
        ("논문 정리", TitleSource.LINE, None),
    ],
)
def test_a_missing_or_cut_title_is_found(title, source, fault):
    assert faults(entry(title=title, title_source=source)) == ([fault] if fault else [])


def test_of_a_cut_title_the_whole_one_is_told_where_the_page_has_it():
    one = entry(title="Attention is …", title_source=TitleSource.PREVIEW)
    [finding] = lint(edition(one), SETTINGS, pages={one.key: Page("Attention is all you need")})
    assert finding.says == "the page calls itself 'Attention is all you need'"


def test_a_dead_link_is_found_also_below_a_heading():
    below = "https://a.example/below"
    one = entry(links=(EntryLink(below, "Below"),))
    for key in (one.key, urls.key(below)):
        [finding] = lint(edition(one), SETTINGS, marks={key: Mark(LinkState.DEAD, "answers 404")})
        assert (finding.fault, "answers 404" in finding.says) == (Fault.DEAD, True)
    assert faults(one, marks={one.key: Mark(LinkState.CLOSED, "answers 403")}) == []


def test_a_link_that_leads_to_what_is_held_is_found():
    one = entry("https://bit.ly/x")
    mark = Mark(LinkState.CLOSED, "leads to an address that is not asked for: shared document")
    assert faults(one, marks={one.key: mark}) == [Fault.ASTRAY]


@pytest.mark.parametrize(
    ("first", "second", "pages", "found"),
    [
        (entry(), entry("https://b.example/y", "a  FINE title"), {}, True),
        (entry(), entry("https://b.example/y", "Another"), {}, False),
        (entry(), entry("https://a.example/x?amp=1", "Another"), {"https://a.example/x?amp=1": Page(canonical="https://a.example/x")}, True),
        (entry(), entry("https://b.example/y", "Another", links=(EntryLink("http://www.a.example/x/", ""),)), {}, True),
        (entry(title="a.example", title_source=TitleSource.HOST), entry("https://a.example/z", "a.example", title_source=TitleSource.HOST), {}, False),
    ],
    ids=["the same title", "different ones", "one canonical", "under another heading", "two without a title"],
)  # fmt: skip
def test_entries_that_may_be_one_are_found(first, second, pages, found):
    assert (Fault.DUPLICATE in faults(first, second, pages=pages)) is found


@pytest.mark.parametrize(
    ("url", "words", "found"),
    [
        ("https://a.example/x?utm_source=y", "", True),
        ("https://a.example/x?ref=news", "", True),
        ("https://a.example/x?v=1&page=2", "", False),
        ("https://a.example/x", "see https://b.example/?fbclid=abc", True),
        ("https://a.example/x", "see https://b.example/?q=abc", False),
    ],
)
def test_leftover_trackers_are_found_in_addresses_and_in_words(url, words, found):
    assert (Fault.TRACKER in faults(entry(url, words=words))) is found


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (entry(held="shared document"), Fault.HELD),
        (entry(private=True), Fault.PRIVATE),
        (entry(links=(EntryLink("http://10.0.0.1/", "x"),)), Fault.HELD),
        (entry(links=(EntryLink("https://b.example/", "x", private=True),)), Fault.PRIVATE),
        (entry(words="see http://wiki.internal/x"), Fault.HELD),
    ],
)
def test_what_may_not_be_public_is_found_only_where_the_edition_goes_there(one, fault):
    assert faults(one, public=True) == [fault]
    assert faults(one, public=False) == []


def test_findings_come_in_the_editions_order_and_again_last():
    late = entry("https://z.example/", "z", title_source=TitleSource.URL)
    made = edition(
        entry("https://b.example/", "b", title_source=TitleSource.URL),
        entry("https://a.example/", "a …"),
        again=(late,),
    )
    assert [(one.title, one.fault) for one in lint(made, SETTINGS)] == [
        ("b", Fault.NO_TITLE),
        ("a …", Fault.CUT_TITLE),
        ("z", Fault.NO_TITLE),
    ]
