"""What strangers write, made safe for a post: nothing they write is structure, a template tag or a link out of place."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from newsletter.markdown import clean, escape, link, plain, rewrite, rewrite_as_line, slug, target, to_text

# As blogs read posts: raw HTML, tables and struck-out text are on.
READER = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", "table"])

PIECES = [
    *"ab 1#*_`~[]()<>!&;:-+=.|\\{}%\"'$/^@\n\t",
    *("http://x.y", "한글", "**", "~~", "```", "> ", "- ", "1. ", "[x]: y", "&#10;", "&#32;", "&lt;", "{{", "{%", "{#"),
    *("\xa0", "\u202e", "\u2067", "\x00", "\r\n", "<!--", "---\n", "===\n", "    ", "<script>", "![i](http://z)"),
    *("[@A!](person:U1)", "[#c](channel:C1)", "[j](javascript:a)", "| a |\n|---|\n"),
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60)


def words_of(markdown):
    """The text a reader sees, one piece per block."""
    inline = [token for token in READER.parse(markdown) if token.type == "inline"]
    return ["".join(child.content for child in token.children) for token in inline]


def kinds(markdown):
    found = set()
    for token in READER.parse(markdown):
        found |= {token.type} | {child.type for child in token.children or ()}
    return {kind.removesuffix("_open").removesuffix("_close") for kind in found} - {"inline", "text"}


# --- plain text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("around", ["{}", "### {}", "- {}", "1. {}", "> {}", "- [{}](#a)"])
@given(HOSTILE)
def test_an_escaped_title_says_itself_wherever_it_stands(around, text):
    written = around.format(escape(text))
    said = words_of(written)
    assert "".join(said) == plain(text)
    assert kinds(written) <= kinds(around.format("x"))


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("CoreML & Pytorch", "CoreML & Pytorch"),
        ("Transformers v3.0", "Transformers v3.0"),
        ("NLP 100제 (6월 3주차)", "NLP 100제 (6월 3주차)"),
        ("snake_case and _more_", r"snake_case and \_more\_"),
        ("C# and F#", r"C# and F\#"),
        ("1. first", r"1\. first"),
        ("-1 degrees", "-1 degrees"),
        ("- [ ] task", r"\- \[ \] task"),
        (": definition", r"\: definition"),
        ("::: container", r"\::: container"),
        ("Site | Title", r"Site \| Title"),
        ("<script>alert(1)</script>", r"\<script>alert(1)\</script>"),
        ("](https://x.y)", r"\](https\://x.y)"),
        ("www.x.y", r"www\.x.y"),
        ("&lt; and R&D", "&amp;lt; and R&D"),
        ("{{ x }} {% raw %}", "&#123;&#123; x }} &#123;% raw %}"),
        ("$$x$$ for $5", r"\$\$x\$\$ for $5"),
        ("@everyone", "@everyone"),
        ("a\u202eb\u2066c\x07\ufeff", "abc"),
        ("שלום \u200fworld", "שלום \u200fworld"),
        ("two\nlines\u2028three", "two lines three"),
        ("half \ud83d a pair", "half a pair"),
    ],
)
def test_titles_stay_readable_and_lose_only_what_is_markup(title, written):
    assert escape(title) == written


def test_clean_keeps_right_to_left_text_and_emoji_whole():
    assert clean("مرحبا 👩‍👩‍👧 \u200eok\tx\r\ny") == "مرحبا 👩‍👩‍👧 \u200eok\tx\ny"


# --- a message's words -----------------------------------------------------------------------------------------------


@given(HOSTILE)
def test_rewritten_words_hold_nothing_but_the_safe_subset(words):
    written = rewrite(words)
    allowed = (
        "paragraph bullet_list ordered_list list_item blockquote fence softbreak hardbreak code_inline em strong s link"
    )
    assert kinds(written) <= set(allowed.split())
    assert not {"{{", "{%", "{#"} & {written[i : i + 2] for i in range(len(written))}
    for token in READER.parse(written):
        for child in token.children or ():
            if child.type == "link_open":
                assert child.attrs["href"].lower().startswith(("http://", "https://", "mailto:"))


@given(HOSTILE)
def test_no_letter_of_a_message_is_lost(words):
    def letters(text):
        return "".join(letter for letter in text if letter.isalnum())

    assert letters(to_text(rewrite(words))) == letters(to_text(words))


@given(HOSTILE)
def test_words_in_one_line_are_one_line_without_structure(words):
    line = rewrite_as_line(words)
    assert "\n" not in line
    assert kinds(f"- x {line}") <= {"bullet_list", "list_item", "paragraph", "link", "code_inline"}


@given(HOSTILE, HOSTILE)
def test_what_one_person_writes_does_not_reach_into_the_next_persons_words(first, second):
    alone = READER.render(rewrite(first)) + READER.render(rewrite(second))
    together = READER.render(f"{rewrite(first)}\n\n### x\n\n{rewrite(second)}".strip())
    assert together.replace("<h3>x</h3>\n", "") == alone


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("# Heading", "**Heading**"),
        ("Under\n===", "**Under**"),
        ("## With **bold**", "**With bold**"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("one  \ntwo\nthree", "one  \ntwo\nthree"),
        ("*a* **b** ~~c~~ `d`", "*a* **b** ~~c~~ `d`"),
        ("> quote\n>\n> more", "> quote\n>\n> more"),
        ("- a\n  - b\n- c", "- a\n  - b\n- c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n\n* b", "- a\n\n* b"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("    indented", "```\nindented\n```"),
        ("```\nnot closed", "```\nnot closed\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("``a`b``", "``a`b``"),
        ("<b>bold</b> <!-- note -->", r"\<b>bold\</b> \<!-- note -->"),
        ("[x]: http://a.b\n\n[x]", "[x](http://a.b)"),
        ("![shot](https://a.b/c.png)", "[shot](https://a.b/c.png)"),
        ("[x](javascript:alert)", "x"),
        ("[x](/admin)", "x"),
        ("[x](data:text/html,a)", "x"),
        ("[](https://a.b)", r"[https\://a.b](https://a.b)"),
        ("[x](<https://a.b/c d>)", "[x](https://a.b/c%20d)"),
        ("[x](https://a.b/c_(d))", "[x](https://a.b/c_(d))"),
        ("[x](<https://a.b/c(d>)", "[x](<https://a.b/c(d>)"),
        ("[x](https://a.b/{{y}}|z)", "[x](https://a.b/%7B%7By%7D%7D%7Cz)"),
        ("[한글](https://a.b/위키/대한)", "[한글](https://a.b/위키/대한)"),
        ("<https://a.b/c?d=1&e=2>", "<https://a.b/c?d=1&e=2>"),
        ("see https://a.com/c_d_e, ok", "see <https://a.com/c_d_e>, ok"),
        ("wow\\![x](https://a.b)", r"wow\![x](https://a.b)"),
        ("hi [@Ann](person:U1)!", "hi @Ann!"),
        ("in [#paper](channel:C1)", "in #paper"),
        ("`{{ x }}`", "&#123;&#123; x }}"),
        ("`{ x }`", "`{ x }`"),
        ("```\nif {% x %}\n  y\n```", "if &#123;% x %}  \n&#160;&#160;y"),
        ("a&#10;# b", "a # b"),
        ("&#32;&#32;&#32;&#32;code", "code"),
        ("a | b\n--|--\n1 | 2", "a \\| b\n\\--\\|--\n1 \\| 2"),
    ],
)
def test_words_are_written_anew_from_a_small_subset(words, written):
    assert rewrite(words) == written


def test_a_mention_says_what_the_reader_may_know():
    def neutral(kind, id, label):
        return {"person": "someone", "channel": "a channel"}[kind]

    words = "ask [@Ann](person:U1) in [#paper](channel:C1)"
    assert rewrite(words, neutral) == "ask someone in a channel"
    assert to_text(words, neutral) == "ask someone in a channel"
    assert (
        rewrite(words, lambda *_: "**A** {{ x }}") == r"ask \*\*A\*\* &#123;&#123; x }} in \*\*A\*\* &#123;&#123; x }}"
    )


def test_marks_that_would_read_differently_beside_a_name_are_left_out():
    assert rewrite("**hi!**[@Ann](person:U1)", lambda *_: "Ann") == "hi!Ann"


def test_an_editor_may_show_pictures_and_link_within_the_site():
    words = "[home](/) ![a shot](/images/a.png) [x](javascript:a)"
    assert rewrite(words, by_editor=True) == "[home](/) ![a shot](/images/a.png) x"


@pytest.mark.parametrize(
    "words", ["> " * 5000 + "x", "- " * 5000 + "x", "[" * 4000, "*a " * 4000, "`" * 9000, "a](b" * 3000]
)
def test_deep_or_broken_nesting_costs_no_more_than_its_length(words):
    began = time.perf_counter()
    written = rewrite(words)
    assert time.perf_counter() - began < 2
    assert max((token.level for token in READER.parse(written)), default=0) <= 16


def test_quotes_deeper_than_anyone_reads_go_on_without_indent():
    assert rewrite("> " * 30 + "x") == "> > > > > > x"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("**a** [b](https://x.y) `c`", "a b (https://x.y) c"),
        ("<https://x.y>", "https://x.y"),
        ("- a\n- b\n\n> q", "- a\n- b\n\n> q"),
        ("# h\n\ntext\u202e", "h\n\ntext"),
    ],
)
def test_words_as_plain_text_for_a_terminal(words, text):
    assert to_text(words) == text


# --- links -----------------------------------------------------------------------------------------------------------


@given(HOSTILE, HOSTILE)
def test_no_label_or_address_breaks_out_of_a_link(label, address):
    written = link(label, f"https://x.y/{address}")
    (token,) = (token for token in READER.parse(f"a {written} b") if token.type == "inline")
    opened = [child.type for child in token.children if child.type != "text"]
    assert opened == ["link_open", "link_close"]
    assert not {" ", "\n", "{", "\u202e"} & set(target(f"https://x.y/{address}").strip("<>"))


def test_a_signed_address_is_not_respelled():
    url = "https://x.y/a%2Fb?sig=a%3D&x=1&y=(2)"
    assert link("x", url) == f"[x]({url})"


# --- anchors ---------------------------------------------------------------------------------------------------------


def test_anchors_are_githubs(shared_data):
    cases = json.loads((shared_data / "fixtures" / "github-slugger.json").read_text("utf-8"))
    taken = {}
    wrong = [case["name"] for case in cases if slug(case["input"], taken) != case["expected"]]
    assert len(cases) == 78
    assert wrong == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Transformers v3.0", "transformers-v30"),
        ("CoreML & Pytorch", "coreml--pytorch"),
        ("고려대 DSBA", "고려대-dsba"),
        ("snake_case", "snake_case"),
    ],
)
def test_an_anchor_is_the_heading_in_lower_case_without_punctuation(heading, anchor):
    assert slug(heading, {}) == anchor


def test_the_second_heading_of_a_name_gets_a_number_that_nobody_has():
    taken = {}
    assert [slug(heading, taken) for heading in ("a", "a", "a-1", "a")] == ["a", "a-1", "a-1-1", "a-2"]
