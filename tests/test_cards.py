"""An edition as cards: what stands in the channel, what in the thread, and how cards become messages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot import cards
from bot.cards import of_edition, pack
from bot.chat import Card, Cards, Fact
from bot.platforms.local import draw
from newsletter.audience import for_audience
from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, EntryLink, Person, Section, Seen, Shared, TitleSource, Week
from newsletter.settings import Audience, NewsletterSettings

MONDAY = datetime(2026, 6, 8, tzinfo=UTC)
WEEK = Week("2026-W23", "2026-W23", 2026, 6, 1)
LONG = "These words go on and on, as people's words do. " * 20


def shared(name: str = "Ann", channel: str = "links", words: str = "") -> Shared:
    id = PersonId("local", "room", name.lower() or "nobody")
    return Shared(1, Person(id, name), MONDAY - timedelta(days=1), channel, f"https://chat.example/{channel}/1", words)


def entry(n: int, **changes: object) -> Entry:
    made = Entry(
        key=f"example.org/{n:03}",
        url=f"https://example.org/{n:03}",
        title=f"Title {n}",
        title_source=TitleSource.LABEL,
        words=LONG,
        site="example.org",
        shares=(shared(),),
        score=1,
        reactions=(("🎉", 2),),
        image="https://example.org/picture.png",
    )
    return replace(made, **changes)


def edition(entries: list[Entry], again: tuple[Entry, ...] = (), **changes: object) -> Edition:
    """With headings from six entries on, as ``tags.group`` has it: three entries a section."""
    chunks = [entries[n : n + 3] for n in range(0, len(entries), 3)] if len(entries) > 5 else [entries]
    sections = tuple(
        Section(f"s{n}", f"Section {n}" if len(entries) > 5 else "", tuple(chunk)) for n, chunk in enumerate(chunks)
    )
    made = Edition(
        newsletter="weekly",
        number=12,
        title="The week",
        language="en",
        timezone="UTC",
        opened_at=MONDAY - timedelta(days=7),
        cut_off=MONDAY,
        label="2026-W23",
        week=WEEK,
        next_week=WEEK,
        sections=sections,
        again=again,
    )
    return replace(made, **changes)


def urls(some: tuple[Card, ...]) -> list[str]:
    return [card.url for card in some if card.url]


# --- how much where ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "in_channel", "full", "headings"),
    [(1, 1, True, 0), (5, 5, True, 0), (6, 6, False, 2), (25, 25, False, 9), (26, 8, True, 0), (60, 8, True, 0), (200, 8, True, 0)],
)  # fmt: skip
def test_how_many_entries_stand_where_and_how_fully(number, in_channel, full, headings):
    shown = of_edition(edition([entry(n) for n in range(number)]))
    title, *entries = shown.channel
    assert title.title == "The week"
    assert len(entries) == in_channel
    assert all((card.text == LONG) is full and len(card.text) > 20 for card in entries)
    assert sum(bool(card.heading) for card in entries) == headings
    assert sorted(urls((*shown.channel, *shown.thread))) == [f"https://example.org/{n:03}" for n in range(number)]
    assert all(not card.text and not card.lines for card in shown.thread)


def test_the_best_of_many_are_the_pinned_then_those_most_people_wanted():
    entries = [entry(n, score=n % 7, pinned=n == 29) for n in range(30)]
    best = urls(of_edition(edition(entries)).channel)
    assert best == [f"https://example.org/{n:03}" for n in (29, 6, 13, 20, 27, 5, 12, 19)]


def test_the_same_edition_makes_the_same_cards():
    assert of_edition(edition([entry(n) for n in range(30)])) == of_edition(edition([entry(n) for n in range(30)]))


def test_intro_and_outro_stand_around_everything():
    shown = of_edition(edition([entry(n) for n in range(30)], intro="*Hello*", outro="Until next week"))
    assert shown.channel[0].text == "*Hello*"
    assert shown.thread[-1].text == "Until next week"


def test_links_under_an_entry_are_kept_in_every_shape():
    more = (EntryLink("https://example.org/more", "More of it"),)
    for number in (3, 10, 40):
        shown = of_edition(edition([entry(n, links=more) for n in range(number)]))
        lines = [line for card in (*shown.channel, *shown.thread) for line in card.lines]
        assert lines.count((Fact("More of it", "https://example.org/more"),)) == number


def test_links_seen_before_come_last_with_their_words_and_where_they_were():
    printed = entry(90, also_in=Seen(11, "2026-W20"), words="still good")
    only_in_chat = entry(91, also_in=Seen(0, "2026-W02"))
    shown = of_edition(edition([entry(1)], again=(printed, only_in_chat)))
    first, second = shown.channel[-2:]
    assert (first.heading, first.text, second.heading) == ("Seen before", "still good", "")
    assert Fact("also in 2026-W20") in first.lines[0]
    assert Fact("also in 2026-W02") in second.lines[0]


# --- who -----------------------------------------------------------------------------------------------------------


def test_the_team_sees_who_shared_it_where_it_stands_and_how_people_reacted():
    [_, card] = of_edition(edition([entry(1, shares=(shared("Ann"), shared("Ben"), shared("Ann")))])).channel
    assert [fact.text for fact in card.lines[-1]] == ["Ann", "Ben", "🎉 2"]
    assert card.lines[-1][0].url == "https://chat.example/links/1"


def test_the_channel_is_named_where_there_are_several():
    [_, card] = of_edition(edition([entry(1, shares=(shared("Ann"), shared("Ben", "papers")))])).channel
    assert [fact.text for fact in card.lines[-1]][:2] == ["Ann (#links)", "Ben (#papers)"]


def test_who_opted_out_is_someone():
    [_, card] = of_edition(edition([entry(1, shares=(shared("Ann"), shared("")))])).channel
    assert [fact.text for fact in card.lines[-1]][:2] == ["Ann", "someone"]


def test_the_public_sees_nobody():
    settings = NewsletterSettings()
    public = for_audience(edition([entry(1)]), Audience.PUBLIC, settings, someone="someone", others="Others")
    shown = of_edition(public)
    assert "Ann" not in repr(shown)
    assert "chat.example" not in repr(shown)
    assert "👥" not in repr(shown)


# --- messages ------------------------------------------------------------------------------------------------------


def no_longer_than(limit: int):
    return lambda some: len(draw._message(some)) <= limit


def spoken(messages: tuple[tuple[Card, ...], ...]) -> str:
    """Every letter of the cards, in order, without those that say how many more there are."""
    text = ""
    for card in (card for message in messages for card in message if not card.text.startswith("🧵")):
        facts = (fact.text for line in card.lines for fact in line)
        text += "".join((card.heading, card.title, card.text, *facts))
    return re.sub(r"[\W_]", "", text)


words = st.text("abc *_`#>[]()!\n-1.\\가", max_size=120)
facts = st.builds(Fact, st.text("abc가 ", max_size=20), st.just("") | st.just("https://example.org/f"))
some_cards = st.lists(
    st.builds(
        Card,
        title=st.text("xyz *", max_size=30).map(lambda title: f"t{title}"),
        url=st.just("https://example.org/u"),
        text=words,
        lines=st.lists(st.lists(facts, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple),
        heading=st.just("") | st.just("Heading"),
    ),
    min_size=1,
    max_size=6,
).map(tuple)


@given(some_cards, some_cards | st.just(()), st.integers(120, 600))
def test_whatever_the_cards_every_message_fits_and_no_link_is_lost(channel, thread, limit):
    messages = pack(Cards(channel, thread), no_longer_than(limit))
    assert all(no_longer_than(limit)(message) for message in messages)
    found = [card.url for message in messages for card in message if card.url]
    assert len(found) == len(channel) + len(thread)
    more = [card.text for message in messages for card in message if card.text.startswith("🧵")]
    assert len(more) == (len(messages) > 1)


@given(st.lists(st.text("abc가나 ", min_size=1, max_size=400), min_size=1, max_size=4), st.integers(150, 300))
def test_words_that_are_too_long_go_on_in_the_next_message(texts, limit):
    some = tuple(Card(title="t", url="https://example.org/u", text=text.strip()) for text in texts)
    assert spoken(pack(Cards(some), no_longer_than(limit))) == spoken((some,))


def test_what_fits_into_one_message_is_one_without_a_word_about_more():
    some = (Card(title="a", url="https://example.org/a"), Card(text="b"))
    assert pack(Cards(some), no_longer_than(2000)) == (some,)


def test_the_channel_says_how_many_links_are_in_the_thread():
    [first, second] = pack(of_edition(edition([entry(n, words="") for n in range(30)])), no_longer_than(4000))
    assert first[-1].text == "🧵 +22"
    assert len(urls(second)) == 22


def test_a_heading_stays_with_its_first_card():
    shown = of_edition(edition([entry(n) for n in range(25)]))
    for message in pack(shown, no_longer_than(700)):
        text = draw._message(message).split("\n\n")
        assert not text[-1].startswith("### ")


def test_an_address_as_long_as_a_message_is_shown_without_its_link():
    far = Card(title="Far away", url="https://example.org/" + "x" * 3000)
    [[card]] = pack(Cards((far,)), no_longer_than(2000))
    assert (card.title, card.url) == ("Far away", "")


def test_cards_without_anything_to_halve_end():
    hostile = Card(text="`" * 5000, lines=((Fact("x" * 3000),),), title="t" * 3000)
    assert all(map(no_longer_than(300), pack(Cards((hostile,)), no_longer_than(300))))


# --- drawn in the room ---------------------------------------------------------------------------------------------

HOSTILE = [
    "# x",
    "---",
    "- item",
    "1. item",
    "> quote",
    "](https://evil.example)",
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "**bold** `code` ~~gone~~",
    "[@Ann](person:p1)",
    "a\n\n# b",
    "```\nfence",
    "\u202eright to left",
    "\x00\x1b[31m",
]


def structure(text: str) -> list[str]:
    """The blocks and links of a text, without what it says."""
    found = []
    for token in MarkdownIt("commonmark").enable("strikethrough").parse(text):
        if token.type != "inline":
            found.append(token.type)
        found += [
            child.attrs["href"] if child.type == "link_open" else child.type
            for child in token.children or []
            if child.type not in ("text", "softbreak", "link_close")
        ]
    return found


@pytest.mark.parametrize("hostile", HOSTILE)
def test_titles_names_and_labels_change_no_structure(hostile):
    def drawn(said: str) -> list[str]:
        some = entry(1, title=said, shares=(shared(said),), links=(EntryLink("https://example.org/l", said),), words="")
        whole = edition([some, *(entry(n, words="") for n in range(2, 9))], title=said)
        return [block for part in draw.parts(whole, of_edition(whole)) for block in structure(part.payload)]

    assert drawn(hostile) == drawn("harmless")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_strangers_words_make_no_heading_no_picture_and_no_mention(hostile):
    [message] = draw.messages(cards.Cards((Card(title="t", url="https://example.org/t", text=hostile),)))
    text = message.text
    found = structure(text)
    assert not {"heading_open", "image", "html_block", "html_inline", "hr"} & set(found)
    assert "](person:" not in text


def test_the_mark_is_on_every_part_and_says_which_it_is():
    whole = edition([entry(n) for n in range(30)])
    parts = draw.parts(whole, of_edition(whole))
    assert [part.mark for part in parts] == [f"weekly #12 · {n}/{len(parts)}" for n in range(1, len(parts) + 1)]
    assert all(len(part.payload) <= draw.LONGEST_MESSAGE for part in parts)
