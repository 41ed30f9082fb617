"""What a message says about its links: title, comment, hashtags, and which words belong to which link."""

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


TITLES = {
    "the seeds' shape": (f"Tiny Ray Tracer\n{ONE}\nDraws a sphere in 99 lines.", "Tiny Ray Tracer"),
    "blank lines between": (f"벡터 검색 100제\n\n{ONE}\n\n차근차근 풀어보면 좋을듯.", "벡터 검색 100제"),
    "Korean after Latin": (f"동네연구소 DSP\n{ONE}\n세미나 자료를 공개했다.", "동네연구소 DSP"),
    "Japanese noun": (f"型システム入門\n{ONE}\n分かりやすいです。", "型システム入門"),
    "Japanese heading in hiragana": (f"圏論のまとめ\n{ONE}\n読みました。", "圏論のまとめ"),
    "several names without a capital": (f"tiny ray tracer\n{ONE}\nSmall.", "tiny ray tracer"),
    "a version number": (f"Widgets v3.0\n{ONE}\nOut now.", "Widgets v3.0"),
    "an ampersand and markup": (f"Queues \\& *Topics*\n{ONE}\nBoth.", "Queues & Topics"),
    "a hard line break": (f"Tiny Ray Tracer\\\n{ONE}\\\nDraws.", "Tiny Ray Tracer"),
    "tags above": (f"#graphics\nTiny Ray Tracer\n{ONE}\nDraws.", "Tiny Ray Tracer"),
    "a label that only points": (f"Tiny Ray Tracer\n[자료링크]({ONE})\nDraws.", "Tiny Ray Tracer"),
    "a pointing word before the link": (f"Tiny Ray Tracer\n출처: {ONE}\nDraws.", "Tiny Ray Tracer"),
    "bold": (f"**Weekly notes**\nlook at this {ONE} please", "Weekly notes"),
    "bold beside the link": (f"**🎢 이번주 소식 모음집** {ONE}", None),
    "a Markdown heading": (f"## Tiny Ray Tracer\n{ONE}", "Tiny Ray Tracer"),
    "a human label": (f"[Tiny Ray Tracer]({ONE})", "Tiny Ray Tracer"),
    "a label in prose": (f"I liked [the tiny tracer]({ONE}) a lot", "the tiny tracer"),
    "every word with a capital": (f"Every Ray Is What It Hits\n{ONE}\nA paper.", "Every Ray Is What It Hits"),
}


@pytest.mark.parametrize(("text", "title"), TITLES.values(), ids=TITLES)
def test_a_title_is_a_label_a_bold_line_or_a_line_alone_above_the_link_alone(text, title):
    assert said(text)[0] == title


CHAT = """
이거 재밌어요 | 좋은 글 | 다들 안녕하세요 | 읽어보세요 | 정리해봤습니다 | 이번에 나온 모델 | 논문 공유 | 자료 공유드립니다 | 참고하세요~
오늘 읽은 글 | 이 논문 좋네요 | 대박 | 와 이거 뭐죠? | 링크: | 한번 테스트해보면 좋을듯 | 재미있음 | ㅋㅋㅋㅋ | 이건 꼭 봐야 함 | 혹시 써보신 분
修正版です:grinning: | これ面白い | PR 出しました | お疲れさまです | 今日の進捗 | 自己解決 | 記事を書きました | 質問です。 | こちら | 追記
すごい！ | なるほど | これは便利そう | 次回、日曜日 | マジか | 使い方がわからない | 最高 | リリースされたみたい😀 | 例えば | 確かにそうかも
lol | this is great | hi all | Check this out | Interesting read | found this | PR is up | My new post | Look what I built | wow
Anyone tried this? | New release: | I wrote this | Thanks everyone | food for thought | docs updated | see below… | FYI | Great talk by Ann
must read | here you go | cool stuff | fixed it | interesting | so good | yesterday's talk | via Ann | This Is Great | nice nice nice
这个不错啊 | 太好了 | Это интересно | C'est génial | das ist toll | [@Ann](person:U1) Tiny Ray Tracer | > Tiny Ray Tracer | 1. Tiny Tracer
Tiny tracer, yes | Tiny tracer - | Tiny. Really tiny tracer | "Tiny Ray Tracer" | Tiny Tracer :tada: | Tiny Ray Tracer ^^ | Tiny Tracer!!
"""


@pytest.mark.parametrize("line", [line for row in CHAT.strip().split("\n") for line in row.split(" | ")])
def test_no_chat_sentence_becomes_a_title(line):
    (share,) = words.read(f"{line}\n{ONE}\nand more words below")
    assert share.title is None
    assert share.comment.endswith("and more words below")


NO_TITLE = {
    "no words after": f"Tiny Ray Tracer\n{ONE}",
    "the link beside it": f"Tiny Ray Tracer {ONE}\nDraws.",
    "not the first line": f"Hello.\n\nTiny Ray Tracer\n{ONE}\nDraws.",
    "the sentence goes on": f"Tiny Ray Tracer\n{ONE}\nを使っています。",
    "too long for a heading": f"{'Ray ' * 40}\n{ONE}\nDraws.",
    "a label that points": f"look [here]({ONE})",
    "a label that is the address": f"[example.com/one]({ONE}) it is",
    "a label that is a number": f"see [1]({ONE})",
    "a label cut out of a sentence": f"[試してみました]({ONE})が",
    "a bold sentence": f"**Please read this!**\n{ONE}\nwords",
}


@pytest.mark.parametrize("text", NO_TITLE.values(), ids=NO_TITLE)
def test_when_in_doubt_there_is_no_title(text):
    assert said(text)[0] is None


@pytest.mark.parametrize(
    "label",
    "here|Link|this|여기|링크|자료링크|참고자료|게시물 링크|원문 링크|github link|사이트 바로가기|ここ|こちら|こちら の記事|read more|click here|"
    "example.com|www.example.com|https://example.com/one|example.com/o…|2|#|…|^^".split("|"),
)
def test_a_label_that_names_nothing_is_no_title(label):
    assert not titles.is_human_label(label, ONE)


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
    "a list stays one": (f"- first\n- second {ONE}\n- third", "- first\n- second\n- third"),
    "hard line breaks": (f"One\\\nTwo  \nThree\\\n{ONE}", "One\\\nTwo  \nThree"),
    "code is kept": (f"Run\n```\n# curl {TWO}\n```\n{ONE}", f"Run\n```\n# curl {TWO}\n```"),
    "no underline is made": (f"Words\n{ONE}\n---", "Words\n\n---"),
    "only a name": (f"[@Ann](person:U1) {ONE}", ""),
    "bidi overrides and controls": (f"a\u202eb\x07c {ONE}", "abc"),
}


@pytest.mark.parametrize(("text", "comment"), COMMENTS.values(), ids=COMMENTS)
def test_the_comment_is_the_rest_without_a_bare_link_that_no_sentence_needs(text, comment):
    assert said(text)[1] == comment


HASHTAGS = {
    "at the start": (f"#paper {ONE} Fine words", ("paper",), "Fine words"),
    "at the end": (f"Fine words {ONE} #paper #ML", ("paper", "ml"), "Fine words"),
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
        [("one", None, "Found today:\n- it draws", None), ("two", None, "it counts", None)],
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


FROM_URL = {
    "https://github.com/ann/tracer": "ann/tracer",
    "https://github.com/ann/tracer.git": "ann/tracer",
    "https://github.com/ann/tracer/issues/12#issuecomment-3": "ann/tracer#12",
    "https://github.com/ann/tracer/pull/12/files": "ann/tracer#12",
    "https://github.com/ann/tracer/commit/0123456789abcdef0123": "ann/tracer@0123456",
    "https://github.com/ann/tracer/releases/tag/v1.2": "ann/tracer v1.2",
    "https://github.com/ann/tracer/blob/main/src/ray.py": "ann/tracer: src/ray.py",
    "https://gitlab.example.org/team/sub/tracer/-/merge_requests/7": "team/sub/tracer#7",
    "https://gist.github.com/ann/0123456789abcdef0123456789abcdef": "gist ann/0123456",
    "https://arxiv.org/abs/1234.56789v2": "arXiv 1234.56789",
    "https://arxiv.org/pdf/1234.56789.pdf": "arXiv 1234.56789",
    "https://arxiv.org/abs/cs/0101001": "arXiv cs/0101001",
    "https://pypi.org/project/tracer/": "tracer (PyPI)",
    "https://www.npmjs.com/package/@ann/tracer": "@ann/tracer (npm)",
    "https://crates.io/crates/tracer": "tracer (crates.io)",
    "https://hackage.haskell.org/package/tracer-1.0/docs/Data-Ray.html": "Data.Ray (tracer-1.0, Hackage)",
    "https://ko.wikipedia.org/wiki/%EA%B4%91%EC%84%A0_%EC%B6%94%EC%A0%81": "광선 추적 (Wikipedia)",
    "https://stackoverflow.com/questions/123/how-do-rays-bend": "how do rays bend",
    "https://www.reddit.com/r/rays/comments/abc1/why_rays_bend/": "why rays bend (r/rays)",
    "https://x.com/ann/status/123": "@ann (X)",
    "https://social.example.org/@ann/112233": "@ann@social.example.org",
    "https://blog.example.com/2020/06/18/why-rays-bend.html": "why rays bend",
    "https://blog.example.com/posts/2018-10-04-why-rays-bend-d99be090db26": "why rays bend",
    "https://blog.example.com/%EA%B4%91%EC%84%A0%EC%9D%80-%EC%99%9C-%ED%9C%98%EB%82%98": "광선은 왜 휘나",
    "https://example.com/blog/jukebox/": "jukebox (example.com)",
    "https://forum.example.com/t/rays-bend-a-lot/4901": "rays bend a lot",
}  # fmt: skip


@pytest.mark.parametrize(("url", "title"), FROM_URL.items())
def test_an_address_says_what_it_is(url, title):
    assert words.title_from_url(url) == (title, TitleSource.URL)


ONLY_HOST = {
    "https://www.example.com": "example.com",
    "https://example.com/a/123456?token=x": "example.com/a/123456",
    "https://user:secret@example.com/1": "example.com/1",
    "https://xn--9t4b11yi5a.com/": "테스트.com",
    "https://example.com/%B0%A1%B3%AA": "example.com/…",
    "https://docs.example.com/d/1ufFMsBio9mGwZf7XoiLF7oFJjIIeHRP/edit": "docs.example.com/d/…/edit",
}


@pytest.mark.parametrize(("url", "title"), ONLY_HOST.items())
def test_a_path_that_says_nothing_is_shown_after_its_host(url, title):
    assert words.title_from_url(url) == (title, TitleSource.HOST)


def test_a_long_title_is_cut_between_words_and_never_inside_a_letter():
    assert titles.clean("word " * 100).endswith("word…")
    family = "👩‍👩‍👧‍👦"
    cut = titles.clean(family * 60)
    assert len(cut) <= titles.MAX_TITLE
    assert set(cut.removesuffix("…").split(family)) == {""}
    assert len(titles.clean("🇰🇷" * 150).removesuffix("…")) % 2 == 0
    assert titles.clean("e\u0301" * 300).removesuffix("…").endswith("é")


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


@given(
    st.one_of(
        st.text(),
        st.text().map(lambda path: f"https://example.com/{path}"),
        st.text().map(lambda host: f"http://{host}/a-b"),
    )
)
def test_any_address_has_a_title_without_escapes(url):
    title, source = words.title_from_url(url)
    assert title or not urls.find(url)
    assert len(title) <= titles.MAX_TITLE
    assert not HARMFUL.search(title)
    assert source in (TitleSource.URL, TitleSource.HOST)


# --- the seeds ------------------------------------------------------------------------------------------------------

ENTRY = re.compile(
    r"^### (?P<title>.+)\n\n\[(?:자료|참고)[^]]*\]\((?P<url>[^)]+)\)\n\n(?P<words>(?:(?!^###|^끝\.$|^\.$).*\n?)*)", re.M
)


@pytest.mark.parametrize(("number", "entries"), [("000", 11), ("001", 8), ("004", 9)])
def test_chat_in_the_seeds_shape_gives_their_headings_links_and_words(seeds: Path, number, entries):
    (file,) = seeds.glob(f"{number}_*.txt")
    found = list(ENTRY.finditer(file.read_text()))
    assert len(found) == entries
    for entry in found:
        written = re.sub(r"\n{3,}", "\n\n", entry["words"]).strip()
        lead, *others = words.read(f"{entry['title']}\n{entry['url']}\n{written}")
        assert (lead.title, lead.title_source) == (entry["title"], TitleSource.LINE)
        assert lead.url == urls.clean(entry["url"])
        assert lead.comment == written
        assert all(other.under == lead.key for other in others)
