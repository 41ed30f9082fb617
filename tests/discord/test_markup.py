"""Discord's Markdown as CommonMark: the same words, the same links, and nothing a chat line is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.platforms.discord.markup import Mentioned, commonmark
from newsletter import urls

ANN = Mentioned("11", ("Ann", "ann_l"))
ANN_LEE = Mentioned("12", ("Ann Lee",))
ODD = Mentioned("13", ("a]b(c)",))


def parsed(text: str) -> str:
    return MarkdownIt("commonmark").enable(["strikethrough", "table"]).render(commonmark(text)).strip()


@pytest.mark.parametrize(
    "content",
    [
        "hello",
        "안녕하세요, 좋은 논문이에요!",
        "**bold** *i* _i_ ~~gone~~ `code`",
        "||hidden||",
        ":custom: 🎉",
        "a\nb\n\nc",
        "foo_bar_baz",
    ],
)
def test_what_both_languages_agree_on_stays_as_it_is(content: str) -> None:
    assert commonmark(content) == content


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("__underlined__", "<p><strong>underlined</strong></p>"),
        ("# Title\nwords", "<p><strong>Title</strong>\nwords</p>"),
        ("### **Bold** title", "<p><strong>Bold title</strong></p>"),
        ("-# small print", "<p>small print</p>"),
        ("> quote\nanswer", "<blockquote>\n<p>quote</p>\n</blockquote>\n<p>answer</p>"),
        ("words\n>>> all\nthe rest", "<p>words</p>\n<blockquote>\n<p>all\nthe rest</p>\n</blockquote>"),
        ("- a\n- b\nafter", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>after</p>"),
        ("- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
        ("- a\n        - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("- # head", "<ul>\n<li><strong>head</strong></li>\n</ul>"),
    ],
)
def test_what_both_have_in_different_forms_is_translated(content: str, html: str) -> None:
    assert parsed(content) == html


@pytest.mark.parametrize(
    "content",
    [
        "#hashtag", "#### deep", "#", ">no space", "+ plus", "1) one", "-", "text\n---", "text\n===", "* * *", "___", "~~~",
        "<div>", "<script>alert(1)</script>", "<!-- -->", "a | b\n--- | ---", "[1]: https://a.com/x", "[a\nb]: https://a.com",
        "[x](javascript:alert(1))", "![x](relative.png)", "&copy; &#35;", "```never closed", "`never closed", "2020.",
    ],
)  # fmt: skip
def test_what_discord_shows_as_typed_is_shown_as_typed(content: str) -> None:
    shown = MarkdownIt("commonmark").enable("table").parse(commonmark(content))
    lines = [
        "".join("\n" if child.type == "softbreak" else child.content for child in token.children or ())
        for token in shown
        if token.type == "inline"
    ]
    assert "\n".join(lines) == content


@given(st.text(alphabet="#-=*_`>[]()<&|~+1.\\ \nab:!/\t", max_size=60))
def test_no_message_becomes_a_heading_a_rule_a_table_an_image_html_or_a_definition(content: str) -> None:
    references: dict[str, object] = {}
    tokens = MarkdownIt("commonmark").enable("table").parse(commonmark(content), references)
    kinds = {inner.type for token in tokens for inner in (token, *(token.children or ()))}
    assert not kinds & {"heading_open", "hr", "table_open", "image", "html_block", "html_inline", "code_block"}
    assert not references.get("references")


@given(st.text())
def test_any_text_at_all_has_a_commonmark_form(content: str) -> None:
    commonmark(content, [ANN])


# --- addresses -----------------------------------------------------------------------------------------------------

POSTED = [
    "{}", "see {}, please", "**{}**", "*{}*", "__{}__", "~~{}~~", "||{}||", "<{}>", "({})", "- {}", "1. {}", "> {}", "# {}", "-# {}",
    "[label]({})", "[label](<{}>)", '[label]({} "title")', "[a [nested] label]({})", "![label]({})", "[{0}]({0})", "[1]: {}",
    "<div>{}</div>", "`code` {}", "`open {}", "```open {}", "| {} |", "\\{}", "{}를 보세요", "#### {}", "[@Ann]({})",
]  # fmt: skip
IN_CODE = ["`{}`", "``{}``", "`a\n\n{}`", "```\n{}\n```", "```py\n{}```", "words ```{}```", "> ```\n> {}\n> ```"]
ADDRESSES = [
    "https://a.com/x",
    "https://a.com/__init__.py",
    "https://a.com/_x_/y",
    "https://a.com/a*b*c",
    "http://a.com/?a=1&copy;=2",
    "https://a.com/~me/",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("form", POSTED)
def test_an_address_posted_in_any_form_is_found_as_it_was_posted(form: str, address: str) -> None:
    assert urls.find(commonmark(form.format(address), [ANN]))[:1] == [address]


@pytest.mark.parametrize("form", IN_CODE)
def test_an_address_in_code_is_no_link(form: str) -> None:
    assert urls.find(commonmark(form.format("https://a.com/x"))) == []


@given(st.lists(st.sampled_from([*POSTED, *IN_CODE]).filter(lambda form: "open" not in form), max_size=6))
def test_no_line_takes_the_address_of_another_line(forms: list[str]) -> None:
    content = "\n".join(form.format(f"https://a.com/{number}") for number, form in enumerate(forms))
    posted = [f"https://a.com/{number}" for number, form in enumerate(forms) if form not in IN_CODE]
    assert urls.find(commonmark(content)) == posted


def test_a_label_that_names_another_address_is_shown_as_typed() -> None:
    text = commonmark("[https://bank.com](https://evil.com)")
    assert urls.find(text) == ["https://bank.com", "https://evil.com"]
    assert "](" not in text.replace("\\](", "")


def test_spoilers_keep_their_bars() -> None:
    assert commonmark("||https://a.com/x|| and\n||\nmore\n||") == "||https://a.com/x|| and\n||\nmore\n||"


# --- code ----------------------------------------------------------------------------------------------------------


def test_a_code_block_keeps_its_language_and_stands_on_lines_of_its_own() -> None:
    assert commonmark("see ```py\nprint(1)``` ok") == "see\n```py\nprint(1)\n```\nok"


def test_a_word_alone_in_a_code_block_is_code_and_no_language() -> None:
    assert commonmark("```python```") == "```\npython\n```"


def test_a_code_block_in_a_quote_stays_in_it() -> None:
    assert commonmark("> ```\n> code\n> ```\nafter") == "> ```\n> code\n> ```\n\nafter"


# --- mentions, emoji, times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<@11>", "[@Ann](person:11)"),
        ("<@!11>", "[@Ann](person:11)"),
        ("<@99>", "[@Unknown](person:99)"),
        ("<#5>", "[#paper](channel:5)"),
        ("<#6>", "[channel](channel:6)"),
        ("<@&7>", "@role"),
        ("<:lol:123>", ":lol:"),
        ("<a:party_parrot:123>", ":party\\_parrot:"),
        ("<t:1600000000>", "2020-09-13 12:26 UTC"),
        ("<t:1600000000:D>", "2020-09-13"),
        ("<t:1600000000:t>", "12:26 UTC"),
        ("<t:1600000000:R>", "2020-09-13 12:26 UTC"),
        ("<t:99999999999999999999:R>", "Invalid date"),
        ("</digest now:12>", "/digest now"),
        ("\\<@11>", "\\<@11>"),
        ("`<@11>`", "`<@11>`"),
        ("[see <@11>](https://a.com)", "[see @Ann](<https://a.com>)"),
    ],
)
def test_references_that_were_not_rendered_are_named(content: str, text: str) -> None:
    assert commonmark(content, [ANN], {"5": "paper"}) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("@Ann hi", "[@Ann](person:11) hi"),
        ("@ann_l hi", "[@ann\\_l](person:11) hi"),
        ("@Ann님", "[@Ann](person:11)님"),
        ("(@Ann Lee)", "([@Ann Lee](person:12))"),
        ("@a]b(c) hi", "[@a\\]b(c)](person:13) hi"),
        ("@Annabel", "@Annabel"),
        ("me@Ann.com", "me@Ann.com"),
        ("@Bob", "@Bob"),
        ("@everyone", "@everyone"),
        ("`@Ann`", "`@Ann`"),
        ("https://a.com/@Ann/x", "https://a.com/@Ann/x"),
    ],
)
def test_a_rendered_name_is_a_mention_only_of_whom_the_message_mentions(content: str, text: str) -> None:
    assert commonmark(content, [ANN, ANN_LEE, ODD]) == text


def test_a_channel_the_exporter_did_not_know_is_no_hashtag() -> None:
    assert commonmark("in #deleted-channel and #paper") == "in deleted-channel and #paper"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("\\*not bold\\*", "*not bold*"),
        ("\\👍", "👍"),
        ("a\\b", "a\\b"),
        ("end\\", "end\\"),
        ("¯\\_(ツ)_/¯", "¯\\_(ツ)_/¯"),
    ],
)
def test_backslashes_show_what_discord_shows(content: str, shown: str) -> None:
    assert parsed(content) == f"<p>{shown}</p>"


@pytest.mark.parametrize(
    "unit", ["[]", "[", "[a](", "`", "` ``", "> ", "```", "<@", "@Ann", "https://a.b/_x_ ", "- a\n", "&a", "[x](https://a.b/("]
)  # fmt: skip
def test_a_long_hostile_message_takes_no_longer_than_its_length_deserves(unit: str) -> None:
    # With a quadratic step this would run for minutes: the test would be seen, no clock is needed.
    commonmark((unit * 100_000)[:100_000], [ANN])
