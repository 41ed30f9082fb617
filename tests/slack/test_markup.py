"""Slack's markup as CommonMark: what was typed is what CommonMark shows, whatever was typed."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.platforms.slack.markup import Names, clean, from_blocks, from_mrkdwn, to_plain

NAMES = Names(people={"U1": "Ann", "U2": "b_o*b]"}, channels={"C1": "paper"})


def mrkdwn(text):
    return from_mrkdwn(text, NAMES)


def rich(*elements, text=""):
    return from_blocks([{"type": "rich_text", "elements": list(elements)}], text, NAMES)


def section(*parts):
    return {"type": "rich_text_section", "elements": list(parts)}


def said(text, **style):
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def link(url, text=None, **style):
    return {"type": "link", "url": url, **({"text": text} if text else {}), **({"style": style} if style else {})}


def listed(style, *items, indent=0, **more):
    return {
        "type": "rich_text_list",
        "style": style,
        "indent": indent,
        "elements": [section(said(item)) for item in items],
        **more,
    }


@pytest.mark.parametrize(
    ("typed", "commonmark"),
    [
        ("plain words, nothing else", "plain words, nothing else"),
        # people, channels, groups
        ("hi <@U1>", "hi [@Ann](person:U1)"),
        ("hi <@U1|annie>", "hi [@Ann](person:U1)"),
        ("hi <@U9|carol>", "hi [@carol](person:U9)"),
        ("hi <@U9>", "hi [@U9](person:U9)"),
        ("<@U2>", r"[@b_o\*b\]](person:U2)"),
        ("in <#C1>", "in [#paper](channel:C1)"),
        ("in <#C9|talks>", "in [#talks](channel:C9)"),
        ("in <#C9|>", "in [#C9](channel:C9)"),
        ("<!here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<!here|here>", "@here"),
        ("<!subteam^S1|@team>", "@team"),
        ("<!subteam^S1>", "@S1"),
        ("<!date^1392734382^{date}|18 Feb>", "18 Feb"),
        ("<!date^1392734382^{date}^https://example.com/|18 Feb>", "[18 Feb](<https://example.com/>)"),
        # links
        ("see <https://example.com/a>", "see <https://example.com/a>"),
        ("<https://example.com/?a=1&amp;copy=2&amp;lt=3>", "<https://example.com/?a=1&copy=2&lt=3>"),
        ("<https://example.com/|the page>", "[the page](<https://example.com/>)"),
        ("<https://example.com/|a [b] *c*>", r"[a \[b\] \*c\*](<https://example.com/>)"),
        ("<https://example.com/|two\nlines>", "[two lines](<https://example.com/>)"),
        ("<http://www.example.com|www.example.com>", "<http://www.example.com>"),
        ("<http://example.com/|http://example.com>", "<http://example.com/>"),
        ("<https://ja.example.org/%E5%9C%8F|https://ja.example.org/圏>", "<https://ja.example.org/%E5%9C%8F>"),
        ("<https://example.com/a b>", "<https://example.com/a%20b>"),
        ("<https://example.com/&lt;x&gt;>", "<https://example.com/%3Cx%3E>"),
        (r"<https://example.com/a\b|label>", r"[label](<https://example.com/a\\b>)"),
        ("<https://example.com/?a&amp;copy;|label>", r"[label](<https://example.com/?a\&copy;>)"),
        ("wow!<https://example.com/|a page>", r"wow\![a page](<https://example.com/>)"),
        ("(<https://example.com/>)を見て", "(<https://example.com/>)を見て"),
        ("https://example.com/a_b_", r"https://example.com/a_b\_"),
        # no links
        ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
        ("<mailto:ann@example.com>", "ann@example.com"),
        ("<tel:+4912345|+49 123 45>", "+49 123 45"),
        ("<ssh://git.example.com/x>", "ssh://git.example.com/x"),
        ("Map.map (&lt;$&gt;) <*> <interactive>", r"Map.map (\<$>) \<\*> \<interactive>"),
        ("<!DOCTYPE html>", r"\<!DOCTYPE html>"),
        # styles
        ("*bold* _italic_ ~strike~", "**bold** *italic* ~~strike~~"),
        ("*_both_*", "***both***"),
        ("*see <https://example.com/|this>*", "**see [this](<https://example.com/>)**"),
        ("2*3*4 a_b_c 10~20~30", r"2\*3\*4 a_b_c 10\~20\~30"),
        ("* no*", r"\* no\*"),
        ("*no\nbold*", "\\*no\nbold\\*"),
        # code
        ("`code`", "`code`"),
        ("`a *b* &lt;c&gt; :tada:`", "`a *b* <c> :tada:`"),
        ("`<https://example.com/>`", "`https://example.com/`"),
        ("`<http://example.com|example.com>`", "`example.com`"),
        ("`<@U1> <#C1|paper>`", "`@U1 #paper`"),
        ("it`s <https://example.com/> isn`t it", "it\\`s <https://example.com/> isn\\`t it"),
        ("```x = 1\ny```", "```\nx = 1\ny\n```"),
        ("so: ```curl <https://example.com/a_b>``` ok", "so:\n\n```\ncurl https://example.com/a_b\n```\n\nok"),
        ("``` open only", r"\`\`\` open only"),
        # lines
        ("one\ntwo\r\nthree", "one\ntwo\nthree"),
        ("&gt; quoted\n&gt; more\nmine", "> quoted\n> more\n\nmine"),
        ("&gt;&gt;&gt;all\nof\nit", "> all\n> of\n> it"),
        ("a:\n• one\n• two\n    ◦ three\nend", "a:\n\n- one\n- two\n  - three\n\nend"),
        ("    indented", "indented"),
        # what CommonMark would take for markup
        ("# no heading", r"\# no heading"),
        ("#hashtag", "#hashtag"),
        ("- no item\n+ none\n1. none\n2020. 6. 12", "\\- no item\n\\+ none\n1\\. none\n2020\\. 6. 12"),
        ("title\n===\n---", "title\n\\===\n\\---"),
        ("a | b\n--|--", "a | b\n\\--|--"),
        ("[x](http://y) ![i](j)", r"\[x\](http://y) !\[i\](j)"),
        ("&amp;copy; &amp;amp; R&amp;D", r"\&copy; \&amp; R&D"),
        (r"C:\dir\*", r"C:\\dir\\\*"),
        ("&lt;script&gt;", r"\<script>"),
        # emoji
        (":tada: :+1::skin-tone-3: :simple_smile:", "🎉 👍 🙂"),
        (":partyparrot: 10:30:45", ":partyparrot: 10:30:45"),
        ("<https://example.com/:tada:>", "<https://example.com/:tada:>"),
        ("<https://example.com/|:tada: yes>", "[🎉 yes](<https://example.com/>)"),
    ],
)  # fmt: skip
def test_mrkdwn_becomes_commonmark(typed, commonmark):
    assert mrkdwn(typed) == commonmark


@pytest.mark.parametrize(
    ("elements", "commonmark"),
    [
        ([section(said("see "), link("https://example.com/a"))], "see <https://example.com/a>"),
        ([section(link("https://example.com/", "a page"))], "[a page](<https://example.com/>)"),
        ([section(said("a "), said("bold ", bold=True), said("b"))], "a **bold** b"),
        ([section(said("both", bold=True, italic=True), said(" "), said("gone", strike=True))], "***both*** ~~gone~~"),
        ([section(said("x = 1", code=True), link("https://example.com/", code=True))], "`x = 1https://example.com/`"),
        ([section(said("「本」", bold=True), said("の"))], "「本」の"),
        ([section(said("本", bold=True), said("の"))], "**本**の"),
        ([section(said("a", bold=True), said("b", italic=True))], "**a**b"),
        ([section(said("one", bold=True), said("\n"), said("# two"))], "**one**\n\\# two"),
        ([section(said("multi\nline", bold=True))], "**multi**\n**line**"),
        ([section({"type": "user", "user_id": "U1"}, said(" "), {"type": "channel", "channel_id": "C1"})],
         "[@Ann](person:U1) [#paper](channel:C1)"),
        ([section({"type": "broadcast", "range": "here"}, said(" "), {"type": "usergroup", "usergroup_id": "S1"})], "@here @S1"),
        ([section({"type": "emoji", "name": "tada"}, {"type": "emoji", "name": "parrot_x"})], "🎉:parrot_x:"),
        ([section({"type": "emoji", "name": "younger_than_us", "unicode": "1f6d8"})], "\U0001f6d8"),
        ([section({"type": "date", "timestamp": 1, "format": "{date}", "fallback": "1 Jan"})], "1 Jan"),
        ([section({"type": "color", "value": "#fff"}, {"type": "never_seen", "url": "https://example.com/"})],
         "#fff<https://example.com/>"),
        ([{"type": "rich_text_quote", "elements": [said("a\nb")]}, section(said("c"))], "> a\n> b\n\nc"),
        ([{"type": "rich_text_preformatted", "elements": [said("a ```b\n"), link("https://example.com/")]}],
         "````\na ```b\nhttps://example.com/\n````"),
        ([section(said("so:\n")), listed("bullet", "a", "b"), section(said("end"))], "so:\n\n- a\n- b\n\nend"),
        ([listed("ordered", "a", "b"), listed("bullet", "c", indent=1), listed("ordered", "d", offset=2)],
         "1. a\n2. b\n   - c\n3. d"),
        ([listed("bullet", "a"), listed("bullet", "deep", indent=3), listed("bullet", "b\nmore")], "- a\n  - deep\n- b\n  more"),
    ],
)  # fmt: skip
def test_rich_text_becomes_commonmark(elements, commonmark):
    assert rich(*elements) == commonmark


def test_text_and_addresses_in_blocks_are_decoded_where_slack_escaped_them_and_kept_where_it_did_not():
    escaped = section(link("https://example.com/?a=1&amp;b=2"), said(" R&amp;D"))
    assert rich(escaped, text="<https://example.com/?a=1&amp;b=2> R&amp;D") == "<https://example.com/?a=1&b=2> R&D"
    assert rich(escaped) == "<https://example.com/?a=1&b=2> R&D"
    typed = section(link("https://example.com/?a=1&amp;b=2"), said(" write &amp;"))
    text = "<https://example.com/?a=1&amp;amp;b=2> write &amp;amp;"
    assert rich(typed, text=text) == r"<https://example.com/?a=1&amp;b=2> write \&amp;"


def test_names_that_stand_only_in_the_text_are_found_for_the_blocks():
    parts = section({"type": "user", "user_id": "U7"}, {"type": "usergroup", "usergroup_id": "S1"})
    assert rich(parts, text="<@U7|dora><!subteam^S1|@team>") == "[@dora](person:U7)@team"


def test_without_rich_text_the_message_text_is_used():
    assert from_blocks([{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}], "said", NAMES) is None
    assert from_blocks("nonsense", "said", NAMES) is None


def test_links_in_an_apps_section_count_where_the_text_is_empty():
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "News"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "<https://example.com/|a page>"}},
    ]
    assert from_blocks(blocks, "", NAMES) == "News\n[a page](<https://example.com/>)"


@pytest.mark.parametrize("broken", [None, 1, "x", [1, None], [{}], [{"type": "rich_text"}], [{"type": "rich_text", "elements": [
    {"type": "rich_text_list", "elements": [1, {"elements": [{"type": "text", "text": 7}, {"type": "link"}, {"style": 1}]}], "indent": "x", "offset": []}]}]])  # fmt: skip
def test_blocks_of_any_shape_break_nothing(broken):
    assert not from_blocks(broken, "", NAMES)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("https://files.slack.com/a.png?t=xoxe-123-abc", "https://files.slack.com/a.png"),
        ("https://files.slack.com/a.png?t=xoxe-123-abc&w=2", "https://files.slack.com/a.png?w=2"),
        ("https://files.slack.com/a.png?w=2&amp;t=xoxe-123-abc&amp;h=3", "https://files.slack.com/a.png?w=2&amp;h=3"),
        ("https://files.slack.com/a.png?w=2&t=xoxe-123-abc#top", "https://files.slack.com/a.png?w=2#top"),
        ("the token is xoxb-12-ab, keep it", "the token is token-removed, keep it"),
        ("xoxp-1 xoxe.xoxp-1-abc xapp-1-A1-b", "token-removed token-removed token-removed"),
        ("a\x00b\ud800c\x1bd", "abcd"),
        ("a\rb\r\nc\td", "a\nb\nc\td"),
    ],
)
def test_tokens_and_characters_that_harm_are_taken_out(text, cleaned):
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


def test_tokens_are_hidden_wherever_markup_shows_text():
    token = "xoxe-12345-secret"
    text = f"{token} <https://example.com/?t={token}|{token}> `{token}` ```{token}```"
    blocks = section(said(token), link(f"https://example.com/?t={token}", token), said(token, code=True))
    for shown in (mrkdwn(text), rich(blocks), to_plain(text)):
        assert "xox" not in shown


def test_a_previews_text_is_one_line_of_plain_words():
    text = "  Browse <http://Example.ai|Example.ai> &amp; more\n<https://example.com/x> :tada: &amp;hellip;"
    assert to_plain(text) == "Browse Example.ai & more https://example.com/x 🎉 &hellip;"


# --- laws --------------------------------------------------------------------------------------------------------------

COMMONMARK = MarkdownIt("commonmark").enable(["strikethrough", "table"])
# Words and everything that means something to Slack or CommonMark; no `:` (emoji) and no bullets (lists).
TYPED = st.lists(
    st.sampled_from(
        [*"ab1の、 \n\\`*_[]()<>~#+-=|!&.\"'{}", "  ", "&lt;", "&copy;", "1. ", "- ", "```", "**", "「", "🎉", "\t"]
    ),
    max_size=25,
).map("".join)


def shown(commonmark):
    """What a reader sees: the text of all inline content and code, in order."""
    seen = []
    for token in COMMONMARK.parse(commonmark):
        assert token.type != "html_block", commonmark
        if token.type in ("fence", "code_block"):
            seen.append(token.content)
        for child in token.children or ():
            assert child.type not in ("html_inline", "image", "link_open"), commonmark
            seen.append("\n" if child.type in ("softbreak", "hardbreak") else child.content)
        seen.append("\n")
    return "".join(seen)


def as_slack_sends(typed):
    return typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def words(text):
    return re.sub(r"\s+", " ", text).strip()


@given(TYPED)
@example("*「x」*の")
@example("a\n    b")
@example("**bold** *a* _b_")
def test_literal_text_is_shown_as_it_was_typed(typed):
    """Blocks carry text as it was typed: whatever it holds, CommonMark shows it, and makes nothing else of it."""
    said_in_blocks = rich(section(said(typed)), text=as_slack_sends(typed))
    assert words(shown(said_in_blocks)) == words(typed)


@given(st.lists(st.tuples(TYPED, st.sets(st.sampled_from(["bold", "italic", "strike"]))), max_size=6))
def test_styled_text_is_shown_as_it_was_typed(parts):
    """No neighbour of a bold or struck word makes a mark show or a letter vanish."""
    elements = [said(text, **dict.fromkeys(sorted(style), True)) for text, style in parts]
    typed = "".join(text for text, _ in parts)
    assert words(shown(rich(section(*elements), text=as_slack_sends(typed)))) == words(typed)


@given(TYPED.map(lambda text: text.replace("`", "'")))
def test_mrkdwn_loses_no_word(typed):
    """Only Slack's own marks may vanish from a text without code; every letter and digit is still shown."""

    def letters(text):
        return [letter for letter in text if letter.isalnum()]

    assert letters(shown(mrkdwn(as_slack_sends(typed)))) == letters(typed)


@given(st.text(alphabet=st.sampled_from("<>@#!|^:/&;`*_~ab1. \n"), max_size=40))
def test_any_mrkdwn_becomes_some_commonmark(text):
    assert isinstance(mrkdwn(text), str)
    assert isinstance(to_plain(text), str)
