"""The convergence law without a database: hearing is a join, so order, repeats and grouping do not matter."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.heard import (
    ChannelId,
    EmojiSeen,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    Preview,
    ReactionHeard,
    Source,
)
from newsletter.merge import KeptMessage, hear, join, reactions, unnamed
from tests.effort import examples

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
CHANNEL = ChannelId("local", "W", "C")
MESSAGE = MessageId(CHANNEL, "1")
ANN, BEN, CARA = (PersonId("local", "W", name) for name in ("ann", "ben", "cara"))
NOBODY_YET = KeptMessage(MESSAGE)

instants = st.integers(0, 6).map(lambda minutes: START + timedelta(minutes=minutes))
people = st.sampled_from([ANN, BEN, CARA])
emoji = st.sampled_from(["👍", "🎉"])


@st.composite
def listed(draw: st.DrawFn) -> tuple[EmojiSeen, ...]:
    rows = []
    for name in draw(st.lists(emoji, unique=True)):
        named = tuple(sorted(draw(st.sets(people))))
        rows.append(EmojiSeen(name, len(named) + draw(st.integers(0, 2)), named))
    return tuple(row for row in rows if row.count)


seen = st.builds(
    MessageSeen,
    id=st.just(MESSAGE),
    author=st.just(ANN),
    sent_at=st.just(START),
    text=st.sampled_from(["one", "two", ""]),
    seen_at=instants,
    source=st.sampled_from(Source),
    edited_at=st.none() | instants,
    permalink=st.none() | st.just("https://chat.example/1"),
    previews=st.lists(
        st.builds(Preview, url=st.sampled_from(["u", "v"]), title=st.sampled_from(["", "A", "B"])), max_size=2
    ).map(tuple),
    emoji=st.none() | listed(),
)
reacted = st.builds(ReactionHeard, message=st.just(MESSAGE), person=people, emoji=emoji, on=st.booleans(), at=instants)
# Two faults of an early version showed only after more than the usual hundred examples.
thoroughly = settings(max_examples=examples(1000))
anything = st.one_of(seen, reacted, st.just(MessageGone(MESSAGE)))


def kept(heard: list[object]) -> KeptMessage:
    return reduce(hear, heard, NOBODY_YET)


@thoroughly
@given(st.lists(anything, max_size=6).flatmap(lambda heard: st.tuples(st.just(heard), st.permutations(heard))))
def test_the_order_of_what_is_heard_does_not_matter(orders):
    one, other = orders
    assert kept(one) == kept(other)


@thoroughly
@given(st.lists(anything, max_size=6))
def test_hearing_everything_twice_changes_nothing(heard):
    assert kept([*heard, *heard]) == kept(heard)


@thoroughly
@given(st.lists(anything, max_size=4), st.lists(anything, max_size=4))
def test_two_processes_that_heard_different_things_agree_when_they_are_joined(mine, yours):
    assert join(kept(mine), kept(yours)) == join(kept(yours), kept(mine)) == kept([*mine, *yours])


@thoroughly
@given(st.lists(anything, max_size=3), st.lists(anything, max_size=3), st.lists(anything, max_size=3))
def test_joining_is_associative(one, two, three):
    first, second, third = kept(one), kept(two), kept(three)
    assert join(join(first, second), third) == join(first, join(second, third))


def said(text: str = "one", *, minute: int = 0, edited: int | None = None, **more: object) -> MessageSeen:
    at = START + timedelta(minutes=minute)
    edited_at = None if edited is None else START + timedelta(minutes=edited)
    return MessageSeen(MESSAGE, ANN, START, text, seen_at=at, edited_at=edited_at, **more)


def reaction(person: PersonId, *, on: bool, minute: int) -> ReactionHeard:
    return ReactionHeard(MESSAGE, person, "👍", on, START + timedelta(minutes=minute))


def test_the_latest_edit_wins_whenever_it_is_heard():
    for order in permutations([said("first"), said("second", edited=1), said("third", edited=2)]):
        assert kept(list(order)).seen.text == "third"


def test_gone_is_final_and_takes_the_words_with_it():
    one = kept(
        [said("secret"), MessageGone(MESSAGE), said("secret, edited", edited=5), reaction(BEN, on=True, minute=6)]
    )
    assert one.gone
    assert one.seen.text == ""
    assert reactions(one) == ()


def test_an_export_fills_gaps_and_does_not_overrule_the_live_platform():
    exported = said("exported", source=Source.EXPORT, emoji=(EmojiSeen("👍", 1, (BEN,)),))
    taken_back = reaction(BEN, on=False, minute=3)
    assert kept([exported]).seen.text == "exported"
    assert reactions(kept([exported]))[0].people == (BEN,)
    one = kept([said("live"), taken_back, exported])
    assert one.seen.text == "live"
    assert reactions(one) == ()


def test_a_reading_replaces_what_was_heard_before_it_began_and_nothing_heard_since():
    reading = said(minute=3, emoji=(EmojiSeen("👍", 1, (CARA,)),))
    one = kept([reaction(ANN, on=True, minute=2), reaction(BEN, on=True, minute=4), reading])
    assert reactions(one)[0].people == (BEN, CARA)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ([], 3),
        ([reaction(ANN, on=True, minute=1)], 2),
        ([reaction(ANN, on=True, minute=5)], 3),
        ([reaction(ANN, on=True, minute=1), reaction(ANN, on=False, minute=5)], 2),
    ],
    ids=["nobody known", "one was known before", "one reacted since", "one took it back since"],
)
def test_unnamed_people_are_the_count_less_those_known_to_be_in_it(since, expected):
    counts_only = said(minute=3, emoji=(EmojiSeen("👍", 3),))
    assert unnamed(kept([counts_only, *since]), "👍") == expected


def test_skin_tones_of_one_emoji_are_one_row_and_each_person_counts_once():
    toned = said(minute=1, emoji=(EmojiSeen("👍", 2, (ANN, BEN)), EmojiSeen("👍", 1, (BEN,))))
    assert reactions(kept([toned]))[0].people == (ANN, BEN)
    assert unnamed(kept([toned]), "👍") == 0
