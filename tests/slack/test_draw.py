"""Cards as Slack's messages: within every limit, inert whatever a stranger wrote, and the same bytes each time."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import of_edition
from bot.chat import Action, Card, Cards, Fact, Field, Form
from bot.platforms.slack import draw, markup, mrkdwn
from bot.platforms.slack.markup import Names
from newsletter.errors import Refused
from tests.servers.slack import words
from tests.servers.slack.limits import LIMITS, block_characters, block_problems, most, view_problems
from tests.test_cards import edition, entry

ATTACK = "a|b>c <!channel> <@U1> <#C1|x> @here\n&lt;!here&gt; *bold* _it_ ~no~ `code` ]( <https://evil.example|x>"


def drawn(*cards, thread=()):
    return [json.loads(message) for message in draw.messages(Cards(cards, thread))]


def texts(message):
    """Every mrkdwn in a message."""
    found = [block.get("text") for block in message["blocks"]]
    found += [element for block in message["blocks"] for element in block.get("elements", ())]
    return [one["text"] for one in found if one and one.get("type") == "mrkdwn"]


# --- an edition ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "messages", "blocks"),
    [(1, 1, [4]), (3, 1, [8]), (15, 1, [37]), (60, 2, [19, 1]), (120, 2, [19, 2]), (200, 2, [19, 3])],
)
def test_an_edition_of_so_many_entries_has_so_many_messages_and_blocks(entries, messages, blocks):
    made = edition([entry(n) for n in range(entries)])
    shown = [json.loads(part.payload) for part in draw.parts(made, of_edition(made))]
    assert [len(message["blocks"]) for message in shown] == blocks
    assert len(shown) == messages
    for message in shown:
        assert block_problems(message["blocks"]) == []
        assert block_characters(message["blocks"]) <= most("characters in all blocks")
        assert 0 < len(message["text"]) <= most("text")
    links = [url for message in shown for url, _ in words.links(message) if url.startswith("https://example.org/")]
    assert sorted(links) == [f"https://example.org/{n:03}" for n in range(entries)]


def test_the_same_edition_is_drawn_to_the_same_bytes_and_each_part_has_its_mark():
    made = edition([entry(n) for n in range(60)])
    parts = draw.parts(made, of_edition(made))
    assert parts == draw.parts(made, of_edition(made))
    assert [part.mark for part in parts] == [f"weekly #12 · {n}/{len(parts)}" for n in range(1, len(parts) + 1)]


def test_no_words_are_lost_however_long_they_are():
    said = " ".join(f"word{n}" for n in range(9000))
    shown = "\n".join(
        text for message in drawn(Card(title="T", url="https://example.org/", text=said)) for text in texts(message)
    )
    assert [n for n in range(9000) if f"word{n}" not in shown] == []


@pytest.mark.parametrize("at", [datetime(2026, 6, 8, 12, tzinfo=UTC)])
def test_an_instant_is_shown_on_the_readers_clock(at):
    [message] = drawn(Card(lines=((Fact("closes on Monday", at=at),),)))
    assert texts(message) == ["closes on Monday (<!date^1780920000^{date_short_pretty} {time}|2026-06-08 12:00 UTC>)"]


# --- limits --------------------------------------------------------------------------------------------------------


def form(**changes):
    told = {
        "title": "t" * 99,
        "text": "x",
        "send": "s" * 99,
        "fields": (Field("a", "l" * 9999, "v" * 9999, at_most=9999, hint="h" * 9999),),
    }
    return Form(**(told | changes))  # fmt: skip


FOUR = [Card(text="a" * 2835), Card(text="b" * 2835), Card(text="c" * 2835)]
AT_THE_LIMIT = {
    "MOST_BLOCKS": lambda: drawn(*[Card(text=str(n)) for n in range(draw.MOST_BLOCKS)]),
    "LONGEST_SECTION": lambda: drawn(Card(text="a " * 3000)),
    "LONGEST_HEADER": lambda: drawn(Card(heading="h" * 999, text="x")),
    "LONGEST_BUTTON": lambda: drawn(Card(text="x", actions=(Action("l" * 999, "x"),))),
    "MOST_CHARACTERS": lambda: drawn(*FOUR, Card(text="d" * (draw.MOST_CHARACTERS - 3 * 2835))),
    "LONGEST_TEXT": lambda: drawn(*[Card(title="t" * 199, url="https://example.org/") for _ in range(19)], Card(title="t" * (draw.LONGEST_TEXT - 19 * 200), url="https://example.org/")),
    "LONGEST_VIEW_TITLE": lambda: draw.view(form(), ""),
    "LONGEST_LABEL": lambda: draw.view(form(fields=(Field("a", "x", kind="choice", options=(("v", "l" * 999),)),)), ""),
    "LONGEST_HINT": lambda: draw.view(form(), ""),
    "LONGEST_INPUT": lambda: draw.view(form(), ""),
}  # fmt: skip


@pytest.mark.parametrize("limit", AT_THE_LIMIT)
def test_what_is_drawn_goes_to_slacks_limit_and_not_beyond(limit, monkeypatch):
    assert problems(AT_THE_LIMIT[limit]()) == []
    monkeypatch.setattr(draw, limit, getattr(draw, limit) + 1)
    assert problems(AT_THE_LIMIT[limit]()) != [], "raising our limit by one must be refused"


def problems(made):
    if isinstance(made, dict):
        return view_problems(made)
    found = [problem for message in made for problem in block_problems(message["blocks"])]
    found += [
        "msg_blocks_too_long" for one in made if block_characters(one["blocks"]) > most("characters in all blocks")
    ]
    return found + ["msg_too_long" for one in made if len(one["text"]) > most("text")]


async def test_slack_itself_refuses_what_is_longer(live, monkeypatch):
    channel = (await live.chat.channels())[0].id
    monkeypatch.setattr(draw, "MOST_CHARACTERS", int(LIMITS["characters in all blocks"].most) + 1)
    with pytest.raises(Refused):
        await live.chat.say(channel, Cards((*FOUR, Card(text="d" * (draw.MOST_CHARACTERS - 3 * 2835)))))


anything = st.text(max_size=200)
some_cards = st.lists(
    st.builds(
        Card,
        title=anything,
        url=st.sampled_from(["", "https://example.org/?a=1&b=<2>|3", "javascript:x", "https://example.org/" + "x" * 3500, "https://example.org/" + "x" * 2900]),
        text=st.text(max_size=9000),
        lines=st.lists(st.lists(st.builds(Fact, anything, st.sampled_from(["", "https://example.org/|"])), max_size=3).map(tuple), max_size=3).map(tuple),
        heading=anything,
        actions=st.lists(st.builds(Action, st.text(min_size=1), st.just("do")), max_size=5).map(tuple),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@given(some_cards, st.booleans())
def test_whatever_is_drawn_is_within_every_limit_and_calls_nobody(cards, in_thread):
    for message in drawn(*cards[:1], thread=cards[1:]) if in_thread else drawn(*cards):
        assert block_problems(message["blocks"]) == []
        assert block_characters(message["blocks"]) <= most("characters in all blocks")
        assert len(message["text"]) <= most("text")
        assert words.calls(message) == set()


# --- inert ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "card",
    [
        Card(title=ATTACK, url="https://example.org/"),
        Card(title=ATTACK),
        Card(heading=ATTACK, text="x"),
        Card(text=ATTACK),
        Card(lines=((Fact(ATTACK), Fact(ATTACK, "https://example.org/")),)),
        Card(text="x", actions=(Action(ATTACK, "x"),)),
    ],
    ids=["title", "title alone", "heading", "text", "facts", "button"],
)
def test_what_a_stranger_wrote_calls_nobody_and_links_nowhere_else(card):
    for message in drawn(card):
        assert words.calls(message) == set()
        assert {url for url, _ in words.links(message)} <= {"https://example.org/", "https://evil.example%7Cx"}
        for text in [message["text"], *texts(message)]:
            assert "<!" not in text
            assert "<@" not in text


def test_a_title_with_the_marks_of_a_link_is_one_link_with_one_line():
    [message] = drawn(Card(title="a|b>c\n<d>", url="https://example.org/x|y?a=1&b=2"))
    assert texts(message) == ["• <https://example.org/x%7Cy?a=1&amp;b=2|a¦b&gt;c &lt;d&gt;>"]


@pytest.mark.parametrize(
    ("commonmark", "shown"),
    [
        ("**bold** *it* ~~no~~ `co<de>`", "*bold* _it_ ~no~ `co&lt;de&gt;`"),
        ("# Heading", "*Heading*"),
        ("> a\n> b", "> a\n> b"),
        ("- a\n  - b\n- c", "• a\n    • b\n• c"),
        ("3. x\n4. y", "3. x\n4. y"),
        ("```\nif a < b:\n    `c`\n```", "```\nif a &lt; b:\n    `c`\n```"),
        ("[a|b](https://example.org/?x=1&y=2)", "<https://example.org/?x=1&amp;y=2|a¦b>"),
        ("<https://example.org/a_b>", "<https://example.org/a_b|https://example.org/a_b>"),
        ("[@Ann](person:U1) [#paper](channel:C1)", "@Ann #paper"),
        ("![a picture](https://example.org/p.png)", "<https://example.org/p.png|a picture>"),
        ("[x](javascript:alert)", "x"),
        (r"\*stars\* \_lines\_ snake_case 2 * 3 \`tick\`", "*\u200bstars* _\u200blines_ snake_case 2 * 3 ˋtickˋ"),
        (r"\> no quote", "\u200b&gt; no quote"),
        ("**b**old", "*b*\u200bold"),
        ("<!channel> &lt;!here&gt; <@U1>", "&lt;!channel&gt; &lt;!here&gt; &lt;@U1&gt;"),
    ],
)  # fmt: skip
def test_commonmark_becomes_mrkdwn(commonmark, shown):
    assert "\n".join(mrkdwn.from_commonmark(commonmark, 3000)) == shown


@pytest.mark.parametrize("text", ["plain words", "a & b < c > d", "snake_case", "> no quote", "2*3*4", "• dot"])
def test_plain_words_come_back_as_they_were(text):
    written = mrkdwn.escape(text)
    assert markup.to_plain(written).replace(mrkdwn.ZERO_WIDTH, "") == text


@given(st.text(max_size=60))
def test_plain_words_make_no_markup(text):
    again = markup.from_mrkdwn(mrkdwn.escape(text), Names())
    assert "](" not in again.replace("\\]", "")


def test_what_is_a_length_to_slack_counts_an_emoji_twice():
    assert mrkdwn.length("a🎉") == 3
