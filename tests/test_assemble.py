"""Shares -> an edition, as tables of named arrangements: what is folded, named, ordered, left out, and shown to whom.

Which section an entry belongs to is specified in ``test_tags.py``, what may enter in ``test_entering.py``, what a message
says in ``test_words.py``; here only that the answers are used.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import urls
from newsletter.assemble import assemble
from newsletter.audience import for_audience
from newsletter.heard import ChannelId, MessageId, PersonId, Preview
from newsletter.material import Assembled, Frame, Material
from newsletter.model import (
    Choice,
    Edition,
    Entry,
    Field,
    KeptReaction,
    KeptShare,
    Page,
    Seen,
    TitleSource,
    Week,
)
from newsletter.placing import BY_EDITOR, SEEN_BEFORE
from newsletter.settings import Audience, NewsletterSettings, SectionSettings

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
ANN, BEN, CARA, DAN = (PersonId("local", "W", name) for name in ("ann", "ben", "cara", "dan"))
NAMES = {ANN: "Ann", BEN: "Ben", CARA: "Cara", DAN: "Dan"}
PLAIN = NewsletterSettings(key="weekly")
FRAME = Frame(
    number=3,
    title="Weekly",
    opened_at=START,
    cut_off=START + timedelta(weeks=1),
    label="2026-W23",
    week=Week("2026-W23", "2026-W23", 2026, 6, 1),
    next_week=Week("2026-W24", "2026-W24", 2026, 6, 2),
    others="Others",
    someone="someone",
)


def share(id: int, page: str = "a", *, by: PersonId = ANN, private: bool = False, **more: object) -> KeptShare:
    """The share of ``https://example.org/<page>`` in a message of its own, ``id`` minutes after the start."""
    url = page if "://" in page else f"https://example.org/{page}"
    channel = "secret-plans" if private else "news"
    fields: dict[str, object] = {
        "id": id,
        "url": url,
        "key": urls.key(url),
        "ordinal": 0,
        "title": None,
        "title_source": None,
        "comment": "",
        "hashtags": (),
        "bare": False,
        "message": MessageId(ChannelId("local", "W", "C2" if private else "C1"), f"m{id:03}"),
        "author": by,
        "sent_at": START + timedelta(minutes=id),
        "channel_name": channel,
        "channel_private": private,
    }
    return KeptShare(**fields | more)


def liked(*people: PersonId, emoji: str = "👍", unnamed: int = 0) -> KeptReaction:
    return KeptReaction(emoji, people, unnamed)


def chosen(page: str, field: Field, value: str = "yes", minute: int = 0) -> Choice:
    url = page if "://" in page else f"https://example.org/{page}"
    return Choice(urls.key(url), field, value, DAN, START + timedelta(minutes=minute))


def assembled(*shares: KeptShare, settings: NewsletterSettings = PLAIN, **material: object) -> Assembled:
    material.setdefault("names", NAMES)
    return assemble(settings, FRAME, Material(shares, **material))


def edition(*shares: KeptShare, **how: object) -> Edition:
    return assembled(*shares, **how).edition


def the_entry(*shares: KeptShare, **how: object) -> Entry:
    (entry,) = edition(*shares, **how).entries
    return entry


def public(made: Edition, settings: NewsletterSettings = PLAIN, **how: object) -> Edition:
    return for_audience(made, Audience.PUBLIC, settings, someone="someone", others="Others", **how)


def pages(made: Edition) -> list[str]:
    """The new entries' addresses in printed order, without what they all begin with."""
    return [entry.url.removeprefix("https://example.org/") for entry in made.entries]


# --- folding -------------------------------------------------------------------------------------------------------


def test_a_link_shared_twice_is_one_entry_with_both_names():
    entry = the_entry(share(1, by=ANN, comment="good"), share(2, by=BEN, comment="very good"))
    assert [shared.person.name for shared in entry.shares] == ["Ann", "Ben"]
    assert (entry.words, entry.score) == ("good", 2)


def test_the_same_page_under_two_addresses_is_one_entry_under_the_first():
    entry = the_entry(share(1, "https://example.org/a?x=1&y=2"), share(2, "http://www.example.org/a?y=2&x=1"))
    assert entry.url == "https://example.org/a?x=1&y=2"


def test_a_joined_link_is_folded_into_the_other_however_long_the_chain():
    a, b, c = (urls.key(f"https://example.org/{page}") for page in "abc")
    assert len(edition(share(1, "a"), share(2, "c"), joins={a: b, b: c}).entries) == 1


def test_joins_in_a_circle_end():
    a, b = (urls.key(f"https://example.org/{page}") for page in "ab")
    assert edition(share(1, "a"), share(2, "b"), joins={a: b, b: a}).entries


def test_someone_who_opted_out_has_no_name():
    entry = the_entry(share(1, by=ANN), share(2, by=BEN), names={BEN: "Ben"})
    assert [shared.person.name for shared in entry.shares] == ["", "Ben"]


# --- score and order -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "score", "shown"),
    [
        ([share(1)], 1, ()),
        ([share(1, reactions=(liked(BEN, CARA),))], 3, (("👍", 2),)),
        ([share(1, reactions=(liked(BEN), liked(BEN, emoji="🎉")))], 2, (("🎉", 1), ("👍", 1))),
        ([share(1, by=ANN, reactions=(liked(ANN),))], 1, ()),
        ([share(1, by=ANN), share(2, by=ANN)], 1, ()),
        ([share(1, by=ANN, reactions=(liked(BEN),)), share(2, by=BEN)], 2, (("👍", 1),)),
        ([share(1, reactions=(liked(BEN), liked(CARA, emoji="👎"), liked(DAN, emoji="✅")))], 2, (("👍", 1),)),
        ([share(1, reactions=(liked(unnamed=4),))], 5, (("👍", 4),)),
        ([share(1, reactions=(liked(BEN, unnamed=4), liked(unnamed=2, emoji="🎉")))], 6, (("👍", 5), ("🎉", 2))),
    ],
    ids=[
        "alone",
        "two others",
        "one person with two emoji",
        "one's own reaction",
        "one person twice",
        "who reacted and shared it too",
        "ignored emoji",
        "unnamed people",
        "named and unnamed people",
    ],
)
def test_the_score_counts_the_people_who_shared_or_reacted(shares, score, shown):
    entry = the_entry(*shares)
    assert (entry.score, entry.reactions) == (score, shown)


@pytest.mark.parametrize(
    ("shares", "choices", "order"),
    [
        ([share(2, "b"), share(1, "a")], (), ["a", "b"]),
        ([share(1, "a"), share(2, "b", reactions=(liked(BEN),))], (), ["b", "a"]),
        ([share(1, "a", reactions=(liked(BEN),)), share(2, "b")], (chosen("b", Field.PINNED),), ["b", "a"]),
        ([share(1, "b", sent_at=START), share(2, "a", sent_at=START)], (), ["a", "b"]),
        ([share(n, page) for n, page in enumerate("abcd")], (chosen("d", Field.PLACE, "2"),), ["d", "a", "b", "c"]),
        ([share(n, page) for n, page in enumerate("abc")], (chosen("c", Field.PLACE, "0"),), ["c", "a", "b"]),
        (
            [share(n, page) for n, page in enumerate("abc")],
            (chosen("c", Field.PLACE, "1"), chosen("b", Field.PINNED, "yes")),
            ["b", "c", "a"],
        ),
        ([share(n, page) for n, page in enumerate("abc")], (chosen("c", Field.PLACE, "first"),), ["a", "b", "c"]),
        (
            [share(n, page) for n, page in enumerate("abc")],
            (chosen("c", Field.PLACE, "1"), chosen("b", Field.PLACE, "2")),
            ["c", "b", "a"],
        ),
    ],
    ids=[
        "the first share first",
        "more people first",
        "pinned before the score",
        "at the same time by the key",
        "at an editor's place",
        "a place behind the end",
        "a place before the beginning",
        "a place that is none",
        "two places",
    ],
)
def test_entries_stand_in_a_total_order(shares, choices, order):
    assert pages(edition(*shares, choices=choices)) == order


# --- titles and words ----------------------------------------------------------------------------------------------

PREVIEW = Preview("https://example.org/a", "From the preview")
TITLES = [
    (TitleSource.EDITOR, "From an editor"),
    (TitleSource.LABEL, "From a label"),
    (TitleSource.LINE, "From a line"),
    (TitleSource.PAGE, "From the page"),
    (TitleSource.PREVIEW, "From the preview"),
]


@pytest.mark.parametrize("place", range(len(TITLES)), ids=[source.value for source, _ in TITLES])
def test_the_most_trusted_source_gives_the_title(place):
    """Every source from ``place`` on has a title to give."""
    given_by = dict(TITLES[place:])
    key = urls.key("https://example.org/a")
    own = [
        share(n, title=title, title_source=source, preview=PREVIEW)
        for n, (source, title) in enumerate(reversed(TITLES))
        if source in given_by and source in (TitleSource.LABEL, TitleSource.LINE)
    ]
    entry = the_entry(
        *own,
        share(9, preview=PREVIEW),
        pages={key: Page(title="From the page")} if TitleSource.PAGE in given_by else {},
        choices=(chosen("a", Field.TITLE, "From an editor"),) if TitleSource.EDITOR in given_by else (),
    )
    assert (entry.title_source, entry.title) == TITLES[place]


def test_without_any_title_the_address_gives_one():
    assert the_entry(share(1, "https://example.org/a-long-walk")).title_source in (TitleSource.URL, TitleSource.HOST)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([share(1, comment="first"), share(2, by=BEN, comment="second")], "first"),
        ([share(1), share(2, by=BEN, comment="second")], "second"),
        ([share(1, bare=True, follow_up="the next message")], "the next message"),
        ([share(1, private=True, comment="in private"), share(2, comment="in public")], "in public"),
        ([share(1, private=True, comment="in private"), share(2)], ""),
        ([share(1, private=True, comment="in private")], "in private"),
    ],
    ids=["the first", "the first there are", "the next message", "said in public", "none in public", "only private"],
)
def test_an_entry_has_the_words_of_the_first_share_that_has_any_and_may_tell(shares, words):
    assert the_entry(*shares).words == words


def test_mentions_have_the_newest_names():
    entry = the_entry(
        share(1, comment="thanks [@old](person:ben), see [#old](channel:C7)"),
        channels={ChannelId("local", "W", "C7"): "papers"},
    )
    assert entry.words == "thanks [@Ben](person:ben), see [#papers](channel:C7)"


# --- links under a heading -----------------------------------------------------------------------------------------

LEAD = urls.key("https://example.org/a")


def below(id: int, page: str, **more: object) -> KeptShare:
    return share(id, page, under=LEAD, ordinal=1, **more)


def test_further_links_of_a_message_stand_under_its_heading():
    made = assembled(share(1, "a"), below(1, "b", title="B", title_source=TitleSource.LABEL), share(2, "c"))
    first, _ = made.edition.entries
    assert [(link.url, link.title) for link in first.links] == [("https://example.org/b", "B")]
    assert pages(made.edition) == ["a", "c"]
    assert made.placements == {1: None, 2: None}


@pytest.mark.parametrize(
    ("shares", "how", "headings"),
    [
        ([share(1, "a"), below(2, "b"), share(3, "b")], {}, ["a", "b"]),
        ([share(1, "a"), below(2, "b")], {"choices": (chosen("a", Field.OUT),)}, ["b"]),
        ([share(1, "a"), below(2, "b")], {"seen": {LEAD: Seen(2, "2026-W22")}}, ["b"]),
        ([share(1, "a", comment="new words"), below(2, "b")], {"seen": {LEAD: Seen(2, "2026-W22")}}, ["b"]),
        ([below(2, "b")], {}, ["b"]),
        ([share(1, "a"), share(2, "b")], {"choices": (chosen("b", Field.BESIDE, LEAD),)}, ["a"]),
        (
            [share(1, "a"), share(2, "b")],
            {"choices": (chosen("b", Field.BESIDE, LEAD), chosen("a", Field.BESIDE, "https://example.org/b"))},
            ["a", "b"],
        ),
        ([share(1, "a"), share(2, "b")], {"choices": (chosen("b", Field.BESIDE, "nowhere"),)}, ["a", "b"]),
        ([share(1, "a", private=True), below(2, "b")], {}, ["a", "b"]),
    ],
    ids=[
        "shared alone elsewhere too",
        "the heading is left out",
        "the heading was seen before",
        "the heading is one line, with new words",
        "the heading is not there",
        "put there by an editor",
        "each beside the other",
        "beside something that is not there",
        "the heading is private",
    ],
)
def test_a_link_whose_heading_readers_do_not_see_is_an_entry_itself(shares, how, headings):
    assert pages(edition(*shares, **how)) == headings


def test_a_link_under_a_held_heading_is_not_hidden_with_it():
    held = share(1, "http://wiki.internal/page")
    made = edition(held, share(2, "b", under=held.key))
    assert pages(public(made)) == ["b"]


# --- choices, and what stays out -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "choices", "reason"),
    [
        ("a", (), None),
        ("a", (chosen("a", Field.OUT),), BY_EDITOR),
        ("a", (chosen("a", Field.OUT), chosen("a", Field.OUT, "no", minute=1)), None),
        ("a", (chosen("a", Field.OUT, "no", minute=1), chosen("a", Field.OUT)), None),
        ("https://zoom.us/j/123456", (), "meeting"),
        ("https://zoom.us/j/123456", (chosen("https://zoom.us/j/123456", Field.OUT, "no"),), None),
    ],
    ids=["in", "out", "in again", "in again, heard in disorder", "by a rule", "in in spite of a rule"],
)
def test_a_share_is_in_or_out_with_a_reason(page, choices, reason):
    made = assembled(share(1, page), share(2, page, by=BEN), choices=choices)
    assert made.placements == {1: reason, 2: reason}
    assert [(left.reason, len(left.shares)) for left in made.edition.left_out] == ([(reason, 2)] if reason else [])
    assert len(made.edition.entries) == (0 if reason else 1)


def test_an_editors_title_words_and_section_are_what_is_printed():
    papers = NewsletterSettings(key="weekly", sections=(SectionSettings(tag="paper"), SectionSettings(tag="code")))
    entry = the_entry(
        share(1, comment="own words", title="Own", title_source=TitleSource.LINE, hashtags=("paper",)),
        settings=papers,
        choices=(
            chosen("a", Field.TITLE, "Old", minute=1),
            chosen("a", Field.TITLE, "New", minute=2),
            chosen("a", Field.WORDS, "an editor's words"),
            chosen("a", Field.SECTION, "code"),
        ),
    )
    assert (entry.title, entry.words, entry.section) == ("New", "an editor's words", "code")


@pytest.mark.parametrize(
    ("how", "printed"),
    [
        ({}, False),
        ({"comment": "new words"}, True),
        ({"follow_up": "words that follow", "bare": True}, True),
        ({"title": "A title", "title_source": TitleSource.LINE}, True),
    ],
    ids=["without new words", "with new words", "with words that follow", "with a title"],
)
def test_a_link_seen_before_is_repeated_only_with_new_words_after_the_new_entries(how, printed):
    seen = Seen(2, "2026-W22")
    made = assembled(share(1, **how), share(2, "b"), seen={LEAD: seen})
    assert pages(made.edition) == ["b"]
    assert [entry.also_in for entry in made.edition.again] == ([seen] if printed else [])
    assert made.placements == {1: None if printed else SEEN_BEFORE, 2: None}


# --- who sees what -------------------------------------------------------------------------------------------------

HELD = "http://wiki.internal/page"


def test_a_held_link_is_shown_to_the_team_and_to_nobody_else_until_it_is_released():
    held = edition(share(1, HELD), share(2, "b"))
    assert len(for_audience(held, Audience.TEAM, PLAIN, someone="someone", others="Others").entries) == 2
    assert pages(public(held)) == ["b"]
    released = edition(share(1, HELD), share(2, "b"), choices=(chosen(HELD, Field.RELEASED),))
    assert len(public(released).entries) == 2


def test_the_public_sees_no_person_reaction_permalink_or_channel_unless_it_is_switched_on():
    words = "thanks [@Ben](person:ben) in [#news](channel:C1)"
    made = edition(share(1, permalink="https://chat.example/1", comment=words, reactions=(liked(CARA),)))
    (entry,) = public(made).entries
    (shared,) = entry.shares
    assert (shared.person.name, shared.permalink, shared.channel, entry.reactions) == ("", None, "", ())
    assert entry.words == shared.words
    assert "Ben" not in entry.words
    assert "news" not in entry.words
    assert "someone" in entry.words
    (entry,) = public(made, show=("people", "reactions", "permalinks", "channels")).entries
    (shared,) = entry.shares
    assert (shared.person.name, shared.channel, entry.reactions) == ("Ann", "news", (("👍", 1),))
    assert (entry.words, shared.permalink) == (words, "https://chat.example/1")


SECRET = "hidden-name"


def private_share(id: int, page: str, **more: object) -> KeptShare:
    return share(
        id,
        page,
        private=True,
        by=DAN,
        title=f"{SECRET} title",
        title_source=TitleSource.LABEL,
        comment=f"{SECRET} words",
        hashtags=(SECRET,),
        permalink=f"https://chat.example/{SECRET}",
        preview=Preview(f"https://example.org/{page}", f"{SECRET} preview", f"{SECRET} description"),
        **more,
    )


def test_nothing_of_a_private_channel_reaches_the_public():
    settings = NewsletterSettings(
        key="weekly",
        sections=(SectionSettings(tag=SECRET, title=f"{SECRET} section", channels=("secret-plans",)),),
    )
    made = edition(
        share(1, "shared-in-both"),
        private_share(2, "shared-in-both"),
        private_share(3, "shared-in-private"),
        share(4, "lead"),
        private_share(5, "below", under=urls.key("https://example.org/lead")),
        *(share(n, f"more-{n}") for n in range(10, 16)),
        settings=settings,
    )
    shown = public(made, settings, show=("people", "reactions", "permalinks", "channels"))
    assert SECRET not in repr(shown)
    assert "secret-plans" not in repr(shown)
    assert "shared-in-private" not in repr(shown)
    assert "below" not in repr(shown)
    assert "Dan" not in repr(shown)
    assert "shared-in-both" in pages(shown)
    assert [section.title for section in shown.sections] == [""]


def test_a_private_channel_may_be_published_if_the_settings_say_so():
    settings = NewsletterSettings(key="weekly", private="may be published")
    made = edition(share(1, private=True, comment="words"), settings=settings)
    assert [entry.words for entry in public(made, settings).entries] == ["words"]


def test_the_public_gets_its_sections_from_what_it_sees():
    settings = NewsletterSettings(
        key="weekly", sections=(SectionSettings(tag="paper"), SectionSettings(tag="code", title="Code"))
    )
    shares = [share(n, f"p{n}", hashtags=("paper",)) for n in range(4)]
    shares += [share(n, f"c{n}", hashtags=("code",), private=n > 5) for n in range(4, 8)]
    made = edition(*shares, settings=settings)
    assert [(section.title, len(section.entries)) for section in made.sections] == [("paper", 4), ("Code", 4)]
    shown = public(made, settings)
    assert [(section.title, len(section.entries)) for section in shown.sections] == [("paper", 4), ("Code", 2)]


@pytest.mark.parametrize(
    ("papers", "codes", "others", "headings"),
    [
        (3, 2, 0, [("", 5)]),
        (3, 3, 0, [("paper", 3), ("Code", 3)]),
        (5, 1, 0, [("paper", 5), ("Others", 1)]),
        (5, 1, 2, [("paper", 5), ("Others", 3)]),
        (0, 0, 7, [("", 7)]),
        (1, 1, 5, [("", 7)]),
    ],
    ids=["fewer than six", "six", "a section of one", "a section of one and others", "none", "only sections of one"],
)
def test_sections_have_headings_where_there_is_enough_to_head(papers, codes, others, headings):
    settings = NewsletterSettings(
        key="weekly", sections=(SectionSettings(tag="paper"), SectionSettings(tag="code", title="Code"))
    )
    tags = ["paper"] * papers + ["code"] * codes + [""] * others
    shares = [share(n, f"p{n}", hashtags=(tag,) if tag else ()) for n, tag in enumerate(tags)]
    made = edition(*shares, settings=settings)
    assert [(section.title, len(section.entries)) for section in made.sections] == headings


def test_an_editors_emoji_beats_a_hashtag_and_somebody_elses_does_not():
    settings = NewsletterSettings(
        key="weekly",
        editors=("local:ben",),
        sections=(SectionSettings(tag="paper"), SectionSettings(tag="code", emoji=("💻",))),
    )
    tagged = share(1, hashtags=("paper",), reactions=(liked(CARA, emoji="💻"),))
    assert the_entry(tagged, settings=settings).section == "paper"
    assert the_entry(replace(tagged, reactions=(liked(BEN, emoji="💻"),)), settings=settings).section == "code"


def test_an_edition_of_nothing_is_empty():
    made = assembled()
    assert made.edition.is_empty
    assert made.placements == {}
    assert edition(share(1, "https://zoom.us/j/1")).is_empty
    assert public(edition(share(1, private=True))).is_empty


# --- laws ----------------------------------------------------------------------------------------------------------

people = st.sampled_from([ANN, BEN, CARA, DAN])
addresses = st.sampled_from(["a", "b", "c", "d", HELD, "https://zoom.us/j/1"])
reactions = st.lists(
    st.builds(
        KeptReaction,
        emoji=st.sampled_from(["👍", "🎉", "👎"]),
        people=st.lists(people, unique=True, max_size=3).map(tuple),
        unnamed=st.integers(0, 2),
    ),
    max_size=2,
    unique_by=lambda reaction: reaction.emoji,
).map(tuple)


@st.composite
def materials(draw: st.DrawFn) -> tuple[list[KeptShare], list[Choice], dict[str, Seen], dict[str, str]]:
    shares = [
        share(
            n,
            page,
            by=draw(people),
            private=draw(st.booleans()),
            sent_at=START + timedelta(minutes=draw(st.integers(0, 2))),
            comment=draw(st.sampled_from(["", "words", "other words"])),
            under=draw(st.none() | addresses.map(lambda other: urls.key(share(0, other).url))),
            reactions=draw(reactions),
        )
        for n, page in enumerate(draw(st.lists(addresses, max_size=8)))
    ]
    keys = st.sampled_from([urls.key(share(0, page).url) for page in ("a", "b", "c", "d", HELD)])
    choices = draw(
        st.lists(
            st.builds(
                Choice,
                key=keys,
                field=st.sampled_from(Field),
                value=st.sampled_from(["yes", "no", "1", "2"]) | keys,
                by=people,
                at=st.integers(0, 1).map(lambda minute: START + timedelta(minutes=minute)),
            ),
            max_size=4,
        )
    )
    seen = draw(st.dictionaries(keys, st.just(Seen(1, "2026-W20")), max_size=2))
    joins = draw(st.dictionaries(keys, keys, max_size=2))
    return shares, choices, seen, joins


@given(materials(), st.randoms())
def test_the_same_material_in_any_order_is_the_same_edition(material, chance):
    shares, choices, seen, joins = material

    def shuffled(items):
        return chance.sample(list(items), len(items))

    one = assembled(*shares, choices=tuple(choices), seen=seen, joins=joins)
    other = assembled(
        *shuffled(shares),
        choices=tuple(shuffled(choices)),
        seen=dict(shuffled(seen.items())),
        joins=dict(shuffled(joins.items())),
    )
    assert one == other


@given(materials())
def test_every_share_is_printed_once_or_is_out_with_a_reason(material):
    shares, choices, seen, joins = material
    made = assembled(*shares, choices=tuple(choices), seen=seen, joins=joins)
    entries = [*made.edition.entries, *made.edition.again]
    printed = [shared.share for entry in entries for shared in entry.shares]
    out = [shared.share for left in made.edition.left_out for shared in left.shares]
    below = {link.url for entry in entries for link in entry.links}
    under = [one.id for one in shares if one.id not in {*printed, *out}]
    assert sorted([*printed, *out, *under]) == [one.id for one in shares]
    assert all(made.placements[id] is None for id in [*printed, *under])
    assert all(made.placements[id] is not None for id in out)
    joined = {key for one in shares if one.id in under for key in [one.key]}
    assert not joined or below


@given(materials())
def test_the_public_sees_a_part_of_what_the_team_sees_and_nothing_held_or_private(material):
    shares, choices, seen, joins = material
    made = edition(*shares, choices=tuple(choices), seen=seen, joins=joins)
    team, shown = {entry.key: entry for entry in made.entries}, public(made)
    assert [entry.key for entry in shown.entries if entry.key not in team] == []
    for entry in (*shown.entries, *shown.again):
        assert entry.held is None
        assert entry.shares
        assert not any(shared.private or shared.person.name for shared in entry.shares)
