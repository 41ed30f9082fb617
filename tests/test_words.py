"""What a message says about its links: comment, hashtags, and which words belong to which link. Titles: test_titles."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import titles, urls, words
from newsletter.model import TitleSource

ONE = "https://example.com/one"
TWO = "https://example.com/two"


def said(text):
    """Title, words and hashtags of the only share of a message."""
    (share,) = words.read(text)
    return share.title, share.comment, share.hashtags


COMMENTS = {
    "a link at the end": (f"Worth a look {ONE}", "Worth a look"),
    "a link at the start": (f"{ONE} worth a look", "worth a look"),
    "in brackets": (f"Worth a look ({ONE})!", "Worth a look!"),
    "a spoiler": (f"Worth a look ||{ONE}||", "Worth a look"),
    "a colon that led to it": (f"The feature: {ONE}", "The feature"),
    "an emoji code keeps its colon": (f"Done :tada: {ONE}", "Done :tada:"),
    "an emoji after": (f"Done {ONE} 🎉", "Done 🎉"),
    "between lines": (f"one line.\n{ONE}\nanother", "one line.\nanother"),
    "inside English prose": (f"I think {ONE} is fine", f"I think {ONE} is fine"),
    "at the start of English prose": (f"{ONE} is fine", f"{ONE} is fine"),
    "led to in English": (f"details are at {ONE}", f"details are at {ONE}"),
    "a Japanese particle after": (f"{ONE} を読んだ", f"{ONE} を読んだ"),
    "a Japanese particle before": (f"詳細は {ONE}", f"詳細は {ONE}"),
    "a Japanese sentence before": (f"書いたので {ONE}", "書いたので"),
    "a Korean particle after": (f"{ONE} 에서 봤어요", f"{ONE} 에서 봤어요"),
    "a Korean sentence before": (f"정리한 글입니다 {ONE}", "정리한 글입니다"),
    "a labelled link in a sentence": (f"I love [Ray Tracing]({ONE})", f"I love [Ray Tracing]({ONE})"),
    "a labelled link before a dash": (f"[Ray Tracing]({ONE}) — chapter 5", "chapter 5"),
    "quoted": (f"> {ONE}\n\nMine", "Mine"),
    "a quote stays one": (f"> theirs {ONE}\n\nMine", "> theirs\n\nMine"),
    "a list below stays one": (
        f"{ONE}\n- say it\n- say it again\n- never say it",
        "- say it\n- say it again\n- never say it",
    ),
    "numbers and what follows stay": (f"{ONE}\n1. one\n2. two\n\nend", "1. one\n2. two\n\nend"),
    "a list of one item is none": (f"- {ONE} fine", "fine"),
    "an image": (f"Look.\n![a tracer]({TWO}.png)\n{ONE}", f"Look.\n![a tracer]({TWO}.png)"),
    "a list stays one": (f"- first\n- second {ONE}\n- third", "- first\n- second\n- third"),
    "hard line breaks": (f"One\\\nTwo  \nThree\\\n{ONE}", "One\\\nTwo  \nThree"),
    "code is kept": (f"Run\n```\n# curl {TWO}\n```\n{ONE}", f"Run\n```\n# curl {TWO}\n```"),
    "no underline is made": (f"Words\n{ONE}\n---", "Words\n\n---"),
    "only a name": (f"[@Ann](person:U1) {ONE}", ""),
    "bidi overrides and controls": (f"a\u202eb\x07c {ONE}", "abc"),
}


@pytest.mark.parametrize(("text", "comment"), COMMENTS.values(), ids=COMMENTS)
def test_the_comment_is_the_rest_without_a_bare_link_that_no_sentence_needs(text, comment):
    assert next(share.comment for share in words.read(text) if share.under is None) == comment


HASHTAGS = {
    "at the start": (f"#paper {ONE} Fine words", ("paper",), "Fine words"),
    "at the end": (f"Fine words {ONE} #paper #ML", ("paper", "ml"), "Fine words"),
    "at the end of the line above": (f"Fine words #paper\n{ONE}", ("paper",), "Fine words"),
    "at the start of the line above": (f"#paper Fine words\n{ONE}", ("paper",), "Fine words"),
    "at the end of the words after": (
        f"{ONE}\nFine words #ml\n\nMore words #paper",
        ("ml", "paper"),
        "Fine words ml\n\nMore words",
    ),
    "at the end of an item": (f"{ONE}\n- fine #ml\n- words #paper", ("ml", "paper"), "- fine\n- words"),
    "where the words lead to it": (f"A guide to #lisp\n{ONE}", ("lisp",), "A guide to lisp"),
    "in the middle of a text": (
        f"{ONE}\nI like #lisp\nand say so\nat times",
        ("lisp",),
        "I like lisp\nand say so\nat times",
    ),
    "on a line of tags": (f"Fine words\n{ONE}\n#paper, #ml", ("paper", "ml"), "Fine words"),
    "inside a sentence": (f"{ONE} my #paper habit", ("paper",), "my paper habit"),
    "a channel reference": (f"[#paper](channel:C1) {ONE} Fine", ("paper",), "Fine"),
    "a channel in a sentence": (f"{ONE} my [#paper](channel:C1) habit", ("paper",), "my [#paper](channel:C1) habit"),
    "a Korean particle": (f"{ONE} 좋은 #논문은 드물다", ("논문",), "좋은 논문은 드물다"),
    "a particle after Latin": (f"#paper를 읽자 {ONE}", ("paper",), "paper를 읽자"),
    "full width": (f"＃論文 {ONE}", ("論文",), ""),
    "escaped": (f"\\#deep\\_learning {ONE}", ("deep_learning",), ""),
    "decomposed Hangul": (f"#\u1102\u1169\u11ab\u1106\u116e\u11ab {ONE}", ("논문",), ""),
    "each once": (f"#a #A {ONE} #a", ("a",), ""),
    "letters of colours": (f"#cafe #e2e {ONE}", ("cafe", "e2e"), ""),
    "none of these": (
        f"C# and #1 and #include and #fff and #1e90ff and a#b and `#code` at {ONE}#part",
        (),
        f"C# and #1 and #include and #fff and #1e90ff and a#b and `#code` at {ONE}#part",
    ),
}


@pytest.mark.parametrize(("text", "tags", "comment"), HASHTAGS.values(), ids=HASHTAGS)
def test_hashtags_are_kept_apart_but_for_the_words_of_a_sentence(text, tags, comment):
    assert said(text)[1:] == (comment, tags)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("#논문은", "논문"), ("논문을", "논문"), ("논문에서", "논문"), ("머신러닝으로", "머신러닝"), ("ML은", "ml"), ("결과", "결과"), ("가을", "가을"),
     ("전문가", "전문가"), ("고양이", "고양이"), ("민주주의", "민주주의"), ("강의", "강의"), ("STRASSE", "strasse"), ("", "")],
)  # fmt: skip
def test_a_korean_particle_is_cut_where_grammar_allows_it(name, kept):
    assert words.hashtag(name) == kept


def shares(text):
    """(path, title, words, path of the link it stands under) for each share."""
    found = words.read(text)
    paths = {share.key: share.url.rsplit("/", 1)[1] for share in found}
    return [(paths[s.key], s.title, s.comment, paths[s.under] if s.under else None) for s in found]


SEVERAL = {
    "title, link, words, again": (
        f"Ray Tracer\n{ONE}\nDraws.\n\nWord Counter\n{TWO}\nCounts.",
        [("one", "Ray Tracer", "Draws.", None), ("two", "Word Counter", "Counts.", None)],
    ),
    "the same without blank lines": (
        f"Ray Tracer\n{ONE}\nDraws.\nWord Counter\n{TWO}\nCounts.",
        [("one", "Ray Tracer", "Draws.", None), ("two", "Word Counter", "Counts.", None)],
    ),
    "the same with blank lines everywhere": (
        f"Ray Tracer\n\n{ONE}\n\nDraws.\n\nWord Counter\n\n{TWO}\n\nCounts.",
        [("one", "Ray Tracer", "Draws.", None), ("two", "Word Counter", "Counts.", None)],
    ),
    "titles and links only": (
        f"Ray Tracer\n{ONE}\nWord Counter\n{TWO}",
        [("one", "Ray Tracer", "", None), ("two", "Word Counter", "", None)],
    ),
    "words above each link": (
        f"this one draws\n{ONE}\n\nthis one counts\n{TWO}",
        [("one", None, "this one draws", None), ("two", None, "this one counts", None)],
    ),
    "words below each link": (
        f"{ONE}\nthis one draws\n{TWO}\nthis one counts",
        [("one", None, "this one draws", None), ("two", None, "this one counts", None)],
    ),
    "a list": (
        f"- {ONE} it draws\n- {TWO} it counts",
        [("one", None, "it draws", None), ("two", None, "it counts", None)],
    ),
    "a line above a list": (
        f"Found today:\n- {ONE} it draws\n- {TWO} it counts",
        [("one", None, "Found today:\nit draws", None), ("two", None, "it counts", None)],
    ),
    "titles that only words after make titles": (
        f"How it draws\n{ONE}\nNice.\nWhy it counts\n{TWO}\nNicer.",
        [("one", "How it draws", "Nice.", None), ("two", "Why it counts", "Nicer.", None)],
    ),
    "links beside the words under a title": (
        f"Ray Tracer\n{ONE}\n- code: {TWO}\n- [the paper by Ann]({ONE}/paper) on it\n\nDraws.",
        [
            ("one", "Ray Tracer", f"- code: {TWO}\n- [the paper by Ann]({ONE}/paper) on it\n\nDraws.", None),
            ("two", None, "", "one"),
            ("paper", "the paper by Ann", "", "one"),
        ],
    ),
    "links only": (f"{ONE}\n{TWO}", [("one", None, "", None), ("two", None, "", None)]),
    "a title above a run of links": (
        f"Ray Tracer\n{ONE}\n{TWO}\nThe paper and its code.",
        [("one", "Ray Tracer", "The paper and its code.", None), ("two", None, "", "one")],
    ),
    "a sentence above a run of links": (
        f"these are fun\n{ONE}\n{TWO}",
        [("one", None, "these are fun", None), ("two", None, "", None)],
    ),
    "two on one line": (f"Both: {ONE} {TWO}", [("one", None, "Both", None), ("two", None, "", "one")]),
    "prose with two links": (
        f"I read {ONE} and then [the tracing reply]({TWO}) too",
        [("one", None, f"I read {ONE} and then [the tracing reply]({TWO}) too", None), ("two", "the tracing reply", "", "one")],
    ),
    "a link in the words of another": (
        f"Ray Tracer\n{ONE}\nBuilt on [tiny maths]({TWO}) alone.",
        [("one", "Ray Tracer", f"Built on [tiny maths]({TWO}) alone.", None), ("two", "tiny maths", "", "one")],
    ),
    "the words stand first": (
        f"Built on {ONE} alone:\n{TWO}",
        [("one", None, "", "two"), ("two", None, f"Built on {ONE} alone:", None)],
    ),
    "the same link twice": (f"{ONE}\nonce\n{ONE}?utm_source=x\nmore", [("one", None, "once\nmore", None)]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SEVERAL.values(), ids=SEVERAL)
def test_each_link_on_a_line_of_its_own_has_the_words_nearest_to_it(text, expected):
    assert shares(text) == expected


def test_a_line_of_tags_above_or_below_everything_is_every_shares():
    found = words.read(f"#paper\n{ONE}\none\n\n{TWO}\ntwo #ml\n\n#weekly")
    assert [share.hashtags for share in found] == [("paper", "weekly"), ("ml", "weekly", "paper")]


BARE = {
    ONE: True,
    f"<{ONE}>": True,
    f"[@Ann](person:U1) {ONE} #paper": True,
    f"[Tiny Tracer]({ONE})": True,
    f"👀 {ONE}": True,
    f"look {ONE}": False,
    f"{ONE}\n{TWO}": False,
}


@pytest.mark.parametrize(("text", "bare"), BARE.items())
def test_a_message_is_bare_where_it_says_nothing_but_one_link(text, bare):
    assert {share.bare for share in words.read(text)} == {bare}


def test_a_tag_above_a_list_of_links_is_every_shares():
    found = words.read(f"두 편 #paper\n- {ONE} 표가 많다 #ml\n- {TWO} 읽기 좋다")
    assert [(share.comment, share.hashtags) for share in found] == [
        ("두 편\n표가 많다", ("paper", "ml")),
        ("읽기 좋다", ("paper",)),
    ]


def test_links_in_code_and_mentions_are_no_shares():
    assert words.read(f"`{ONE}` [@Ann](person:U1) [#news](channel:C1)\n```\n{TWO}\n```") == ()


def test_the_next_message_becomes_words_as_a_comment_would():
    assert words.follow_up("  #paper 정말 좋은 #논문이에요!\n\n\n끝\\\n") == "정말 좋은 논문이에요!\n\n끝"
    assert words.follow_up(f"see {ONE}") == ""


def test_names_are_replaced_and_their_markers_stay():
    text = "hi [@Ann](person:U1) in [#a\\_b](channel:C1), [x](https://e.org)"
    heard = []

    def name(*marker):
        heard.append(marker)
        return "@B]ob" if marker[0] == "person" else "#new"

    assert words.rename(text, name) == "hi [@B\\]ob](person:U1) in [#new](channel:C1), [x](https://e.org)"
    assert heard == [("person", "U1", "@Ann"), ("channel", "C1", "#a_b")]


# --- laws ------------------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [ONE, TWO, f"<{ONE}/x>", f"[Label {{}}]({TWO}/y)", f"[here]({ONE})", "\n", "\n\n", "#paper", "#논문은", "[#c](channel:C1)", "**", "`", "```\n",
     "> ", "- ", "Tiny Tracer", "これ面白い", "좋은 글", "words", ":", "(", ")", "||", "\\", "\u202e", "\r\n", "👀", "。", "is", " ", "~~~\n", "を"]
)  # fmt: skip
MESSAGES = st.one_of(st.lists(FRAGMENTS, max_size=24).map(" ".join), st.lists(FRAGMENTS, max_size=24).map("".join))
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@given(MESSAGES | st.text())
def test_every_link_becomes_exactly_one_share_with_a_clean_title(text):
    found = words.read(text)
    assert sorted(share.key for share in found) == sorted({urls.key(link.url) for link in urls.locate(text)})
    assert [share.ordinal for share in found] == list(range(len(found)))
    assert found == words.read(text)
    keys = {share.key: share for share in found}
    for share in found:
        assert (share.title is None) == (share.title_source is None)
        assert share.title is None or (share.title and not HARMFUL.search(share.title) and len(share.title) <= 200)
        assert not HARMFUL.search(share.comment.replace("\n", "").replace("\t", ""))
        assert share.comment == share.comment.strip()
        assert share.under is None or (keys[share.under].under is None and not share.comment)


@given(MESSAGES | st.text())
def test_words_are_clean_after_the_first_time(text):
    once = words.follow_up(text)
    assert words.follow_up(once) == once


@given(MESSAGES)
def test_a_comment_read_again_gives_no_title_from_its_lines(text):
    for share in words.read(text):
        again = words.read(f"{ONE}/lead\n\n{share.comment}")[0]
        assert again.title_source is not TitleSource.LINE


@given(st.text())
def test_titles_and_hashtags_are_clean_after_the_first_time(text):
    assert titles.clean(titles.clean(text)) == titles.clean(text)
    assert not HARMFUL.search(titles.clean(text))
    assert words.hashtag(words.hashtag(text)) == words.hashtag(text)
    words.plain(text)
    words.rename(text, lambda _kind, _id, label: label)


# --- the seeds ------------------------------------------------------------------------------------------------------

ENTRY = re.compile(
    r"^### (?P<title>.+)\n\n\[(?:자료|참고)[^]]*\]\((?P<url>[^)]+)\)\n\n(?P<words>(?:(?!^###|^끝\.$|^\.$).*\n?)*)", re.M
)


@pytest.mark.parametrize("url", ["{}", "<{}>", "- {}", "[자료링크]({})"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize(("number", "entries"), [("000", 11), ("001", 8), ("004", 9)])
def test_chat_in_the_seeds_shape_gives_their_headings_links_and_words(seeds: Path, number, entries, gap, url):
    (file,) = seeds.glob(f"{number}_*.txt")
    found = list(ENTRY.finditer(file.read_text()))
    assert len(found) == entries
    for entry in found:
        written = re.sub(r"\n{3,}", "\n\n", entry["words"]).strip()
        lead, *others = words.read(gap.join((entry["title"], url.format(entry["url"]), written)))
        assert (lead.title, lead.title_source) == (entry["title"], TitleSource.LINE)
        assert lead.url == urls.clean(entry["url"])
        assert lead.comment == written
        assert all(other.under == lead.key for other in others)


@pytest.mark.parametrize("gap", ["\n", "\n\n", "\n\n\n"])
@pytest.mark.parametrize("number", ["000", "001", "004"])
def test_a_whole_seed_in_one_message_gives_its_headings_in_order(seeds: Path, number, gap):
    (file,) = seeds.glob(f"{number}_*.txt")
    found = list(ENTRY.finditer(file.read_text()))
    said = [gap.join((entry["title"], entry["url"], entry["words"].strip())) for entry in found]
    shares = [share for share in words.read("\n\n".join(said)) if share.under is None]
    assert [share.title for share in shares] == [entry["title"] for entry in found]
    assert [share.url for share in shares] == [urls.clean(entry["url"]) for entry in found]


@pytest.mark.parametrize(
    "line", ["**[@Ann](person:U1) talk**", "# [@Ann](person:U1) talk", "[@Ann](person:U1) at PyCon"]
)
def test_a_line_that_names_somebody_is_no_title(line):
    (share,) = words.read(f"{line}\n<https://example.org/talk>\nWorth an hour.")
    assert share.title is None
    assert "person:U1" in share.comment
