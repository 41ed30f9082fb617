"""Curating, as tables and laws: what a form changed, who moves where, what an editor sees first, what enters at all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import curate
from newsletter.assemble import assemble
from newsletter.curate import changes, fingerprint, moved
from newsletter.material import Material
from newsletter.model import Choice, Field, KeptReaction
from newsletter.settings import AtMostSettings, NewsletterSettings, SectionSettings
from tests.test_assemble import ANN, BEN, CARA, FRAME, START, share

ANN_ID = f"{ANN.platform}:{ANN.id}"
PLAIN = NewsletterSettings(key="weekly")
EDITED = PLAIN.model_copy(update={"editors": (ANN_ID,)})


def put(emoji, *people, unnamed=0):
    return KeptReaction(emoji, tuple(people), unnamed)


def made(*shares, settings=PLAIN, choices=(), **known):
    return assemble(settings, FRAME, Material(shares, choices=tuple(choices), **known))


def chosen(page, field, value="yes", minute=0):
    key = page and f"https://example.org/{page}"
    return Choice(key, field, value, ANN, START + timedelta(minutes=minute))


def entered(edition):
    return [entry.url.rpartition("/")[2] for entry in edition.entries]


def out(edition):
    return {left.url.rpartition("/")[2]: left.reason for left in edition.left_out}


# --- emoji as a language ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reactions", "why"),
    [
        ([put("🚫", ANN)], "left out by an editor"),
        ([put("🚫", BEN)], None),
        ([put("🚫", CARA)], None),
        ([put("🚫", ANN), put("📰", ANN)], "left out by an editor"),
        ([put("🙈", BEN)], "withdrawn by its sharer"),
        ([put("🙈", ANN)], None),
        ([put("🚫", unnamed=3)], None),
    ],
)
def test_an_emoji_leaves_a_link_out_if_it_is_an_editors_or_the_sharers_own(reactions, why):
    edition = made(share(1, "a", by=BEN, reactions=tuple(reactions)), settings=EDITED).edition
    assert out(edition) == ({"a": why} if why else {})


def test_whoever_has_an_editors_role_decides_by_emoji_too():
    one = share(1, "a", by=BEN, reactions=(put("🚫", CARA),))
    assert out(made(one, editors=frozenset([CARA])).edition) == {"a": "left out by an editor"}
    assert out(made(one).edition) == {}


def test_an_editors_pin_by_emoji_stands_first_and_a_choice_beats_an_emoji():
    liked = share(1, "a", reactions=(put("🎉", BEN, CARA),))
    pinned = share(2, "b", by=BEN, reactions=(put("📌", ANN),))
    assert entered(made(liked, pinned, settings=EDITED).edition) == ["b", "a"]
    unpinned = [chosen("b", Field.PINNED, "no")]
    assert entered(made(liked, pinned, settings=EDITED, choices=unpinned).edition) == ["a", "b"]
    left_out = share(3, "c", by=BEN, reactions=(put("🚫", ANN),))
    assert entered(made(left_out, settings=EDITED, choices=[chosen("c", Field.OUT, "no")]).edition) == ["c"]


def test_emoji_that_decide_say_nothing_of_how_a_link_is_liked():
    entry = made(share(1, "a", reactions=(put("📌", BEN), put("🎉", CARA)))).edition.entries[0]
    assert (entry.score, entry.reactions) == (2, (("🎉", 1),))


def test_other_emoji_can_be_configured():
    settings = EDITED.model_copy(update={"emoji": EDITED.emoji.model_copy(update={"leave_out": "💤", "own": ""})})
    sleepy = share(1, "a", by=BEN, reactions=(put("💤", ANN), put("🙈", BEN)))
    assert out(made(sleepy, settings=settings).edition) == {"a": "left out by an editor"}
    assert out(made(share(1, "a", by=BEN, reactions=(put("🚫", ANN), put("🙈", BEN))), settings=settings).edition) == {}


# --- what enters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "reactions", "choices", "why"),
    [
        ({"enters": "reacted"}, [], [], "too few reactions"),
        ({"enters": "reacted"}, [put("🎉", BEN)], [], "too few reactions"),
        ({"enters": "reacted"}, [put("🎉", BEN, CARA)], [], None),
        ({"enters": "reacted"}, [put("🎉", ANN), put("👀", ANN)], [], "too few reactions"),
        ({"enters": "reacted", "reacted_by": 1}, [put("🎉", BEN)], [], None),
        ({"enters": "reacted"}, [put("👎", BEN, CARA)], [], "too few reactions"),
        ({"enters": "reacted"}, [], [chosen("a", Field.OUT, "no")], None),
        ({"enters": "picked"}, [put("🎉", BEN, CARA)], [], "not picked"),
        ({"enters": "picked"}, [], [chosen("a", Field.OUT, "no")], None),
        ({"enters": "picked"}, [], [chosen("a", Field.PINNED)], None),
        ({"ignore_people": (ANN_ID,)}, [], [], "ignored person"),
        ({"ignore_people": (ANN_ID,)}, [], [chosen("a", Field.OUT, "no")], None),
        ({"ignore_channels": ("local:#news",)}, [], [], "ignored channel"),
        ({"ignore_channels": ("local:#other",)}, [], [], None),
        ({"feeders": ("slack:S1",)}, [], [], "not from somebody whose links enter"),
        ({"feeders": (ANN_ID,)}, [], [], None),
    ],
)
def test_what_enters_by_itself(update, reactions, choices, why):
    one = share(1, "a", reactions=tuple(reactions))
    edition = made(one, settings=PLAIN.model_copy(update=update), choices=choices).edition
    assert out(edition) == ({"a": why} if why else {})


def test_one_sharer_who_may_feed_is_enough():
    settings = PLAIN.model_copy(update={"feeders": ("slack:S1",)})
    shares = (share(1, "a"), share(2, "a", by=BEN))
    assert entered(made(*shares, settings=settings, feeders=frozenset([BEN])).edition) == ["a"]


def test_who_is_new_feeds_after_a_while_where_the_platform_says_since_when_they_are_there():
    settings = PLAIN.model_copy(update={"joined_for": 7})
    assert out(made(share(1, "a"), settings=settings, joined={ANN: START - timedelta(days=1)}).edition) == {
        "a": "from somebody who is new"
    }
    assert out(made(share(1, "a"), settings=settings, joined={ANN: START - timedelta(days=9)}).edition) == {}
    assert out(made(share(1, "a"), settings=settings).edition) == {}


@pytest.mark.parametrize(
    ("most", "choices", "stays_out"),
    [
        ({"site": 2}, [], ["c", "d"]),
        ({"person": 1}, [], ["b", "c", "d"]),
        ({"section": 3}, [], ["d"]),
        ({}, [], []),
        ({"site": 2}, [chosen("d", Field.OUT, "no")], ["c"]),
        ({"site": 1}, [chosen("d", Field.PINNED)], ["a", "b", "c"]),
    ],
)
def test_of_a_kind_there_are_no_more_than_so_many_and_chosen_ones_stay(most, choices, stays_out):
    settings = PLAIN.model_copy(update={"at_most": AtMostSettings(**most)})
    assembled = made(*(share(n, page) for n, page in enumerate("abcd", start=1)), settings=settings, choices=choices)
    assert sorted(out(assembled.edition)) == stays_out
    assert {n for n, why in assembled.placements.items() if why} == {"abcd".index(page) + 1 for page in stays_out}


@pytest.mark.parametrize(
    ("people", "person", "entered_"),
    [(500, None, 5), (501, None, 3), (501, 0, 5), (501, 4, 4), (0, None, 5)],
    ids=["a team", "a crowd", "a crowd without a limit", "a crowd with another one", "nobody says how many"],
)
def test_in_a_crowd_nobody_fills_a_newsletter_alone_unless_the_settings_want_it(people, person, entered_):
    settings = PLAIN.model_copy(update={"at_most": AtMostSettings(person=person)})
    shares = [share(n, page) for n, page in enumerate("abcde", start=1)]
    edition = made(*shares, share(6, "f", by=BEN), settings=settings, people=people).edition
    assert len(edition.entries) == entered_ + 1
    assert {why for _, why in out(edition).items()} == ({"too many of a kind"} if entered_ < 5 else set())


# --- around the links -------------------------------------------------------------------------------------------------


def test_intro_and_outro_are_the_editors_where_they_wrote_them():
    settings = PLAIN.model_copy(update={"intro": "As always", "outro": "Bye"})
    edition = made(share(1, "a"), settings=settings, choices=[chosen("", Field.INTRO, "Today")]).edition
    assert (edition.intro, edition.outro) == ("Today", "Bye")


def test_a_note_follows_the_sharers_words_or_stands_alone():
    said, silent = share(1, "a", comment="What I think"), share(2, "b")
    notes = [chosen("a", Field.NOTE, "Read it *all*"), chosen("b", Field.NOTE, "A find")]
    frame = replace(FRAME, note="Editor's note")
    entries = assemble(PLAIN, frame, Material((said, silent), choices=tuple(notes))).edition.entries
    assert [entry.said for entry in entries] == ["What I think\n\n**Editor's note:** Read it *all*", "A find"]


def test_the_pick_comes_first_under_its_own_heading():
    sections = (SectionSettings(tag="x", title="X", keywords=("nothing",)),)
    settings = PLAIN.model_copy(update={"sections": sections})
    shares = [share(n, page) for n, page in enumerate("abcdef", start=1)]
    frame = replace(FRAME, pick="Pick of the week")
    edition = assemble(settings, frame, Material(tuple(shares), choices=(chosen("e", Field.PICK),))).edition
    assert [(one.title, len(one.entries)) for one in edition.sections] == [("Pick of the week", 1), ("Others", 5)]
    assert entered(edition)[0] == "e"


def test_a_link_is_taken_out_from_under_a_heading_by_an_editor():
    below = share(2, "b", under="https://example.org/a")
    assert entered(made(share(1, "a"), below).edition) == ["a"]
    assert entered(made(share(1, "a"), below, choices=[chosen("b", Field.BESIDE, "")]).edition) == ["a", "b"]


# --- order ------------------------------------------------------------------------------------------------------------

KEYS = [f"https://example.org/{page}" for page in "abcdefg"]


@given(
    st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([-1, 1])), max_size=12),
    st.integers(1, len(KEYS)),
)
def test_moving_up_and_down_is_what_one_then_sees(moves, number):
    """Whatever was moved before: exactly the two neighbours change places."""
    shares = [share(n, page) for n, page in enumerate("abcdefg"[:number], start=1)]
    places: dict[str, str] = {}
    for key, by in moves:
        choices = [Choice(one, Field.PLACE, place, ANN, START) for one, place in places.items()]
        entries = made(*shares, choices=choices).edition.entries
        before = [entry.key for entry in entries]
        wanted = moved(entries, key, by)
        places |= wanted
        choices = [Choice(one, Field.PLACE, place, ANN, START) for one, place in places.items()]
        after = [entry.key for entry in made(*shares, choices=choices).edition.entries]
        expected = list(before)
        if wanted:
            here = expected.index(key)
            expected.insert(here + by, expected.pop(here))
        assert after == expected


def test_a_link_at_the_edge_stays_there():
    first, last = made(share(1, "a"), share(2, "b")).edition.entries
    assert moved((first, last), first.key, -1) == {}
    assert moved((first, last), last.key, 1) == {}
    assert moved((first, last), "elsewhere", 1) == {}


@pytest.mark.parametrize("out", "abcde")
def test_leaving_a_link_out_moves_no_other_and_what_comes_later_stands_below(out):
    shares = [share(n, page) for n, page in enumerate("abcde", start=1)]
    entries = made(*shares).edition.entries
    key = entries[0].key
    places = moved(entries, key, 1)
    choices = [Choice(one, Field.PLACE, place, ANN, START) for one, place in places.items()]
    before = [entry.key for entry in made(*shares, choices=choices).edition.entries]
    gone = next(entry.key for entry in entries if entry.key.endswith(out))
    choices.append(Choice(gone, Field.OUT, "yes", ANN, START))
    later = share(6, "f")
    after = [entry.key for entry in made(*shares, later, choices=choices).edition.entries]
    assert after[:-1] == [one for one in before if one != gone]
    assert after[-1].endswith("f")


# --- forms ------------------------------------------------------------------------------------------------------------

NOW = {Field.TITLE: "A title", Field.SECTION: "paper", Field.WORDS: "Some\nwords", Field.NOTE: ""}


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ({"title": "A title", "section": "paper", "words": "Some\nwords", "note": ""}, {}),
        ({"title": " A title\n", "words": "Some\r\nwords"}, {}),
        ({"title": "Another"}, {Field.TITLE: "Another"}),
        ({"title": ""}, {Field.TITLE: None}),
        ({"section": ""}, {Field.SECTION: ""}),
        ({"note": "Mine"}, {Field.NOTE: "Mine"}),
        ({}, {}),
        ({"unknown": "field"}, {}),
    ],
)
def test_a_form_asks_for_what_was_changed_in_it(written, wanted):
    asked = changes(written, fingerprint(NOW), NOW)
    assert (asked.wanted, asked.conflicts) == (wanted, {})


def test_the_second_of_two_forms_on_the_same_field_sees_the_first():
    shown = fingerprint(NOW)
    now = {**NOW, Field.TITLE: "By the first"}
    asked = changes({"title": "By the second", "words": "Other words"}, shown, now)
    assert asked.wanted == {Field.TITLE: "By the second", Field.WORDS: "Other words"}
    assert asked.conflicts == {Field.TITLE: "By the first"}


def test_who_left_a_field_alone_changes_nothing_of_what_the_first_wrote():
    asked = changes({"title": "A title", "note": "Mine"}, fingerprint(NOW), {**NOW, Field.TITLE: "By the first"})
    assert (asked.wanted, asked.conflicts) == ({Field.NOTE: "Mine"}, {})


def test_both_writing_the_same_is_no_conflict():
    asked = changes({"title": "The same"}, fingerprint(NOW), {**NOW, Field.TITLE: "The same"})
    assert (asked.wanted, asked.conflicts) == ({}, {})


# --- the desk ---------------------------------------------------------------------------------------------------------


def test_what_needs_somebody_comes_first_and_says_what_it_needs():
    titled = share(1, "a", title="A title", title_source=None)
    titled = replace(titled, title="A title", title_source=curate.TitleSource.LINE)
    edition = made(titled, share(2, "b")).edition
    rows = curate.undecided_first(curate.on_desk(edition, {}, PLAIN))
    assert [(row.number, row.needs) for row in rows] == [(2, ("no title of its own",)), (1, ())]


def test_what_arrived_since_the_last_look_is_new_and_nothing_is_at_the_first():
    edition = made(share(1, "a"), share(2, "b")).edition
    assert [row.is_new for row in curate.on_desk(edition, {}, PLAIN, seen_until=1)] == [False, True]
    assert [row.is_new for row in curate.on_desk(edition, {}, PLAIN)] == [False, False]


def test_every_link_is_found_by_its_number_its_reference_and_its_address():
    assembled = made(share(1, "a"), share(2, "b", under="https://example.org/a"), share(3, "https://zoom.us/j/1"))
    rows = curate.on_desk(assembled.edition, {}, PLAIN)
    desk = curate.Desk(assembled.edition, True, rows, {}, {})
    assert [row.number for row in rows] == [1, 2, 3]
    for row in rows:
        assert desk.row(row.ref) == desk.row(str(row.number)) == desk.row(curate.meant(f"see {row.url}")) == row
    with pytest.raises(curate.UserError, match="not in edition"):
        desk.row("nowhere")


@pytest.mark.parametrize(
    ("field", "editor", "sharer", "may"),
    [
        (Field.OUT, False, True, True),
        (Field.WORDS, False, True, True),
        (Field.PINNED, False, True, False),
        (Field.RELEASED, False, True, False),
        (Field.NOTE, False, True, False),
        (Field.PINNED, True, False, True),
        (Field.OUT, False, False, False),
    ],
)
def test_sharers_decide_about_their_own_words_and_editors_about_everything(field, editor, sharer, may):
    assert curate.may(field, editor=editor, sharer=sharer) is may
