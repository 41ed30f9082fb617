"""Cards as Discord's messages: within every limit, inert whatever a stranger wrote, and the same bytes each time."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import of_edition
from bot.chat import Action, Card, Cards, Fact, Field, Form
from bot.platforms.discord import draw, embed_text, markup
from tests import test_cards
from tests.servers.discord import checks
from tests.test_cards import entry

ATTACK = "a|b>c <@1> <@&2> <#3> <t:0:R> </x:4> <:e:5> @everyone @here\n*bold* _it_ ~~no~~ `code` ||x|| ](https://evil.example)"


def edition(entries):
    return test_cards.edition([entry(n) for n in range(entries)])


def drawn(*cards, thread=()):
    return [json.loads(message) for message in draw.messages(Cards(cards, thread))]


def text_of(message):
    return "\n".join(embed["description"] for embed in message["embeds"])


def check(message):
    """As the server checks what a bot sends. Raises where it would refuse it."""
    checks.message({key: value for key, value in message.items() if key != "thread"})


# --- an edition ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "embeds"),
    [(1, [2]), (3, [4]), (15, [2]), (60, [7, 4]), (120, [7, 4, 1]), (200, [7, 4, 2])],
)
def test_an_edition_of_so_many_entries_has_so_many_messages_and_embeds(entries, embeds):
    made = edition(entries)
    shown = [json.loads(part.payload) for part in draw.parts(made, of_edition(made))]
    assert [len(message["embeds"]) for message in shown] == embeds
    for message in shown:
        check(message)
    links = re.findall(r"\]\((https://example\.org/\d+)\)", "\n".join(map(text_of, shown)))
    assert sorted(links) == [f"https://example.org/{n:03}" for n in range(entries)]


def test_the_best_entries_have_their_pictures():
    made = edition(60)  # whose words are so long that only some of the best fit into one message
    first = json.loads(draw.parts(made, of_edition(made))[0].payload)
    pictures = [one["thumbnail"]["url"] for one in first["embeds"] if "thumbnail" in one]
    assert pictures == ["https://example.org/picture.png"] * 5


def test_an_edition_of_three_looks_so():
    made = edition(3)
    [part] = draw.parts(made, of_edition(made))
    message = json.loads(part.payload)
    title, first, *_ = message["embeds"]
    assert title == {"description": "## The week\n#12 · 🔗 3 · 👥 1"}
    lines = first["description"].split("\n")
    assert lines[0] == "**[Title 0](https://example.org/000)**"
    assert lines[-1].startswith("-# ")
    assert lines[-1].endswith("🎉 2")
    assert message["embeds"][-1]["footer"] == {"text": "weekly #12 · 1/1"}
    assert message["thread"] == "The week"


def test_the_same_edition_is_drawn_to_the_same_bytes_and_each_part_has_its_mark():
    made = edition(60)
    parts = draw.parts(made, of_edition(made))
    assert parts == draw.parts(made, of_edition(made))
    assert [part.mark for part in parts] == [f"weekly #12 · {n}/{len(parts)}" for n in range(1, len(parts) + 1)]
    assert [draw.mark_of(json.loads(part.payload)) for part in parts] == [part.mark for part in parts]


def test_no_words_are_lost_however_long_they_are():
    said = " ".join(f"word{n}" for n in range(9000))
    shown = "\n".join(map(text_of, drawn(Card(title="T", url="https://example.org/", text=said))))
    assert [n for n in range(9000) if f"word{n}" not in shown] == []


def test_two_links_with_one_address_are_both_shown():
    message = drawn(
        *(Card(title=f"Title {n}", url="https://example.org/", image="https://example.org/p.png") for n in range(3))
    )[0]
    assert len(message["embeds"]) == 3
    assert not any("url" in embed for embed in message["embeds"])


def test_an_instant_is_shown_on_the_readers_clock():
    [message] = drawn(Card(lines=((Fact("closes on Monday", at=datetime(2026, 6, 8, 12, tzinfo=UTC)),),)))
    assert text_of(message) == "closes on Monday (<t:1780920000:f>)"


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("https://example.org/p.png", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://host/ p.png", False),
        ("https://example.org/" + "p" * 3000, False),
        ("//example.org/p.png", False),
    ],
)
def test_a_picture_that_discord_would_refuse_is_left_out(image, shown):
    [message] = drawn(Card(title="T", url="https://example.org/", image=image))
    check(message)
    assert ("thumbnail" in message["embeds"][0]) is shown


def test_cards_with_buttons_that_can_be_told_apart_stand_together_each_ones_side_by_side():
    def card(n, labels):
        return Card(text=f"card {n}", actions=tuple(Action(f"{label} {n}", f"{label} {n}") for label in labels))

    [message] = drawn(*(card(n, "abcde") for n in range(5)))
    check(message)
    rows = [[one["label"] for one in row["components"]] for row in message["components"]]
    assert rows == [[f"{label} {n}" for label in "abcde"] for n in range(5)]
    assert len({one["custom_id"] for row in message["components"] for one in row["components"]}) == 25
    assert len(drawn(*(card(n, "abcde") for n in range(6)))) == 2
    [message] = drawn(*(card(n, "abc"[: n % 2 + 1]) for n in range(4)))
    rows = [[one["label"] for one in row["components"]] for row in message["components"]]
    assert rows == [["a 0", "a 1", "b 1", "a 2"], ["a 3", "b 3"]]


def test_the_buttons_of_two_cards_are_not_mixed():
    cards = [Card(text=f"card {n}", actions=(Action("Do", "do"), Action("Do", "do"))) for n in range(3)]
    messages = drawn(*cards)
    assert [text_of(message) for message in messages] == ["card 0\n\n🧵 +0", "card 1", "card 2"] or len(messages) == 3
    assert all(len(message["components"]) == 1 for message in messages)
    assert draw.asks(messages[0]["components"][0]["components"][1]["custom_id"]) == "do"


# --- limits --------------------------------------------------------------------------------------------------------

anything = st.text(max_size=200)
some_cards = st.lists(
    st.builds(
        Card,
        title=anything,
        url=st.sampled_from(["", "https://example.org/?a=1&b=<2>|(3", "javascript:x", "https://example.org/" + "x" * 3500, "https://example.org/" + "x" * 1900]),
        text=st.text(max_size=9000),
        lines=st.lists(st.lists(st.builds(Fact, anything, st.sampled_from(["", "https://example.org/)"])), max_size=3).map(tuple), max_size=3).map(tuple),
        heading=anything,
        image=st.sampled_from(["", "https://example.org/p.png", "https://x"]),
        actions=st.lists(st.builds(Action, st.text(min_size=1), st.just("do")), max_size=5).map(tuple),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@given(some_cards, st.booleans())
def test_whatever_is_drawn_is_within_every_limit(cards, in_thread):
    for message in drawn(*cards[:1], thread=cards[1:]) if in_thread else drawn(*cards):
        check(message)


@given(some_cards)
def test_with_its_mark_it_is_within_every_limit_too(cards):
    parts = draw.parts(edition(1), Cards(tuple(cards)))
    for part in parts:
        message = json.loads(part.payload)
        check(message)
        assert draw.mark_of(message) == part.mark


def test_a_form_goes_to_discords_limits_and_not_beyond():
    form = Form(
        "t" * 99,
        "x" * 100,
        (
            Field("a", "l" * 999, "v" * 9999, at_most=9999, hint="h" * 999),
            Field("b", "B", kind="choice", options=tuple((str(n), "o" * 999) for n in range(40)), value="39"),
        ),
    )
    modal = draw.modal(form)
    checks.modal(modal)
    chosen = [option["value"] for option in modal["components"][1]["component"]["options"] if option.get("default")]
    assert chosen == ["39"]
    assert draw.modal(Form("t", "x" * 101, form.fields)) is None


# --- inert ---------------------------------------------------------------------------------------------------------

_CALLS = re.compile(r"(?<!\\)<(?:@|#|/|t:|a?:\w+:)|@(?:everyone|here)")


@pytest.mark.parametrize(
    "card",
    [
        Card(title=ATTACK, url="https://example.org/"),
        Card(title=ATTACK),
        Card(heading=ATTACK, text="x"),
        Card(text=ATTACK),
        Card(lines=((Fact(ATTACK), Fact(ATTACK, "https://example.org/")),)),
    ],
    ids=["title", "title alone", "heading", "text", "facts"],
)
def test_what_a_stranger_wrote_calls_nobody_and_links_nowhere_else(card):
    for message in drawn(card):
        text = text_of(message)
        assert _CALLS.findall(text) == []
        assert set(re.findall(r"(?<!\\)\]\(([^)]*)\)", text)) <= {"https://example.org/"}


@given(st.text(alphabet=st.sampled_from("a1 *_~`|<>[]()#-+.\\:@\n/hps"), max_size=60))
def test_plain_text_reads_as_it_was_written(text):
    """What Discord makes of it, read back by the way in, is the same letters."""
    shown = embed_text.escape(" ".join(text.split()))
    back = markup.commonmark(shown)
    assert _letters(back) == _letters(" ".join(text.split()))


def _letters(text):
    return re.sub(r"[\\\s\u200b<>]", "", text)


@pytest.mark.parametrize(
    ("commonmark", "shown"),
    [
        ("**bold** *it* ~~no~~ `co*de`", "**bold** *it* ~~no~~ `co*de`"),
        ("# Heading", "**Heading**"),
        ("> a\n> b", "> a\n> b"),
        ("- a\n  - b\n- c", "- a\n  - b\n- c"),
        ("3. x\n4. y", "3. x\n4. y"),
        ("```py\nif a < b:\n```", "```\nif a < b:\n```"),
        ("[a\\[b](https://example.org/?x=1&y=2)", "[a\\[b](https://example.org/?x=1&y=2)"),
        ("[a](https://example.org/a_(b))", "[a](<https://example.org/a_(b)>)"),
        ("<https://example.org/a_b>", "<https://example.org/a_b>"),
        ("see https://example.org/a_b_c, yes", "see <https://example.org/a_b_c>, yes"),
        ("[https://evil.example](https://example.org)", "[evil.example](https://example.org)"),
        ("[@Ann](person:U1) [#paper](channel:C1)", "@Ann #paper"),
        ("![a picture](https://example.org/p.png)", "[a picture](https://example.org/p.png)"),
        ("[x](javascript:alert)", "x"),
        (r"\# no heading, \*no stars\*", r"\# no heading, \*no stars\*"),
        ("an end: ||she dies||", "an end: ||she dies||"),
        ("half ||open", r"half \|\|open"),
        ("&lt;@1&gt; &amp;", r"\<@1\> &"),
    ],
)
def test_commonmark_becomes_discords(commonmark, shown):
    assert embed_text.from_commonmark(commonmark) == shown
