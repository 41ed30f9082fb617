"""Which section an entry stands in and why, and when there are headings at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import tags
from newsletter.heard import PersonId
from newsletter.model import Entry, Person, Shared, TitleSource
from newsletter.settings import SectionSettings
from newsletter.tags import TagEvidence

PAPER = SectionSettings(
    tag="paper",
    title="논문",
    hashtags=("논문", "pdf"),
    emoji=("📄", "custom_paper"),
    domains=("arxiv.org", "github.com/papers"),
    keywords=("transformer", "논문"),
    channels=("slack:#papers",),
)
TOOL = SectionSettings(
    tag="tool",
    title="Tools",
    domains=("github.com", "https://www.example.com/tools/"),
    keywords=("C++", "ツール"),
    channels=("tools",),
)
SECTIONS = (PAPER, TOOL)
ARXIV = TagEvidence(url="https://export.arxiv.org/abs/1")

FOUND = {
    "an editor's choice by tag": (([ARXIV], "tool", []), ("tool", "editor's choice")),
    "an editor's choice by title": (([ARXIV], "TOOLS", []), ("tool", "editor's choice")),
    "an editor's choice of none": (([ARXIV], "", []), ("", "editor's choice")),
    "a choice that is configured no more": (([ARXIV], "gone", []), ("paper", "domain arxiv.org")),
    "an editor's emoji": (([TagEvidence(hashtags=("tool",))], None, ["👀", "📄"]), ("paper", "emoji 📄")),
    "a custom emoji": (([], None, [":custom_paper:"]), ("paper", "emoji :custom_paper:")),
    "a section's own tag": (([TagEvidence(hashtags=("x", "tool", "paper"))], None, []), ("tool", "hashtag #tool")),
    "a hashtag with a particle": (([TagEvidence(hashtags=("논문은",))], None, []), ("paper", "hashtag #논문은")),
    "a hashtag beats an earlier domain": (([ARXIV, TagEvidence(hashtags=("tool",))], None, []), ("tool", "hashtag #tool")),
    "the earliest of equal rules": (([TagEvidence(hashtags=("pdf",)), TagEvidence(hashtags=("tool",))], None, []), ("paper", "hashtag #pdf")),
    "a subdomain": (([ARXIV], None, []), ("paper", "domain arxiv.org")),
    "no domain that only ends alike": (([TagEvidence(url="https://notarxiv.org/")], None, []), ("", "")),
    "the longest domain rule": (([TagEvidence(url="https://GitHub.com/Papers/x")], None, []), ("paper", "domain github.com/papers")),
    "no path that only begins alike": (([TagEvidence(url="https://github.com/papers-2")], None, []), ("tool", "domain github.com")),
    "a rule written as an address": (([TagEvidence(url="http://example.com/tools")], None, []), ("tool", "domain https://www.example.com/tools/")),
    "a whole word": (([TagEvidence(text="A Transformer, again")], None, []), ("paper", "keyword transformer")),
    "no part of a Latin word": (([TagEvidence(text="transformers")], None, []), ("", "")),
    "a Latin word beside Hangul": (([TagEvidence(text="새로운 Transformer를")], None, []), ("paper", "keyword transformer")),
    "full-width letters": (([TagEvidence(text="ＴＲＡＮＳＦＯＲＭＥＲ")], None, []), ("paper", "keyword transformer")),
    "a part of Korean text": (([TagEvidence(text="학위논문을")], None, []), ("paper", "keyword 논문")),
    "half-width katakana": (([TagEvidence(text="新しいﾂｰﾙです")], None, []), ("tool", "keyword ツール")),
    "a keyword with signs": (([TagEvidence(text="modern C++ tips")], None, []), ("tool", "keyword C++")),
    "a keyword beats a channel": (([TagEvidence(text="C++", channel="papers")], None, []), ("tool", "keyword C++")),
    "a channel": (([TagEvidence(channel="papers", channel_id="slack:C1")], None, []), ("paper", "channel #papers")),
    "no channel of another platform": (([TagEvidence(channel="papers", channel_id="discord:1")], None, []), ("", "")),
    "nothing": (([TagEvidence(url="not an address")], None, ["👀"]), ("", "")),
}  # fmt: skip


@pytest.mark.parametrize(("evidence", "expected"), FOUND.values(), ids=FOUND)
def test_the_strongest_rule_then_the_earliest_share_decides(evidence, expected):
    assert tags.section_for(SECTIONS, *evidence) == expected


@given(
    st.lists(st.builds(TagEvidence, st.tuples(st.text()), st.text(), st.text(), st.text())),
    st.none() | st.text(),
    st.lists(st.text()),
)
def test_anything_gets_a_configured_section_or_none(shares, choice, emoji):
    tag, why = tags.section_for(SECTIONS, shares, choice, emoji)
    assert tag in ("", "paper", "tool")
    assert why or not tag
    assert tags.section_for((), shares, None, emoji) == ("", "")


def entry(name, section=""):
    at = datetime(2024, 1, 1, tzinfo=UTC)
    who = Person(PersonId("local", "", "U1"), "Ann")
    shared = Shared(1, who, at, "news", None, "")
    url = f"https://example.com/{name}"
    return Entry(url, url, name, TitleSource.PAGE, "", "", (shared,), 1, section=section)


def laid_out(*names):
    """Entries named ``section:name`` as {title: names}."""
    entries = [entry(name, name.partition(":")[0]) for name in names]
    return [(s.title, [e.title for e in s.entries]) for s in tags.group(entries, SECTIONS, "기타")]


LAYOUTS = {
    "none": ((), []),
    "fewer than six": (("tool:a", "paper:b", ":c", "paper:d", "tool:e"), [("", ["tool:a", "paper:b", ":c", "paper:d", "tool:e"])]),
    "settings' order, the others last": (
        (":x", "tool:a", "paper:b", ":y", "tool:c", "paper:d"),
        [("논문", ["paper:b", "paper:d"]), ("Tools", ["tool:a", "tool:c"]), ("기타", [":x", ":y"])],
    ),
    "a section of one": (
        ("tool:a", "paper:b", "paper:c", "paper:d", ":e", ":f"),
        [("논문", ["paper:b", "paper:c", "paper:d"]), ("기타", ["tool:a", ":e", ":f"])],
    ),
    "a section of one without others": (
        ("paper:1", "paper:2", "paper:3", "paper:4", "paper:5", "tool:a"),
        [("논문", ["paper:1", "paper:2", "paper:3", "paper:4", "paper:5"]), ("기타", ["tool:a"])],
    ),
    "all in one section": (tuple(f"paper:{n}" for n in range(6)), [("논문", [f"paper:{n}" for n in range(6)])]),
    "none in a section": (tuple(f":{n}" for n in range(6)), [("", [f":{n}" for n in range(6)])]),
    "a section that is configured no more": (tuple(f"old:{n}" for n in range(6)), [("", [f"old:{n}" for n in range(6)])]),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_sections_stand_in_the_settings_order_with_the_others_last(names, expected):
    assert laid_out(*names) == expected


@given(st.lists(st.sampled_from(["paper", "tool", "", "old"]), max_size=15))
def test_every_entry_is_printed_once_and_in_order(sections):
    entries = [entry(str(n), section) for n, section in enumerate(sections)]
    grouped = tags.group(entries, SECTIONS, "Others")
    assert sorted(e.title for s in grouped for e in s.entries) == sorted(e.title for e in entries)
    for section in grouped:
        places = [int(e.title) for e in section.entries]
        assert places == sorted(places)
        assert places
