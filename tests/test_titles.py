"""Titles: which line or label of a message is one, and what an address says about itself."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import titles, urls, words
from newsletter.model import TitleSource

ONE = "https://example.com/one"
TWO = "https://example.com/two"

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
    "a number in a list": (f"1. Tiny Ray Tracer\n{ONE}\nDraws.", "Tiny Ray Tracer"),
    "an item above an item": (f"Tiny Ray Tracer\n- {ONE}\nDraws.", "Tiny Ray Tracer"),
    "tags at both ends": (f"#ray Tiny Ray Tracer #fun #ml\n{ONE}\nDraws.", "Tiny Ray Tracer"),
    "a tag the words lead to": (f"A guide to #lisp\n{ONE}\nReads well.", "A guide to lisp"),
    "several paragraphs, a quote and a list": (
        f"Tiny Ray Tracer\n\n{ONE}\n\nDraws.\n\n> quoted {TWO}\n\n- a\n- b\n\n![x]({TWO}.png)\n\nEnd.",
        "Tiny Ray Tracer",
    ),
    "bold": (f"**Weekly notes**\nlook at this {ONE} please", "Weekly notes"),
    "bold beside the link": (f"**🎢 이번주 소식 모음집** {ONE}", "🎢 이번주 소식 모음집"),
    "a Markdown heading": (f"## Tiny Ray Tracer\n{ONE}", "Tiny Ray Tracer"),
    "a human label": (f"[Tiny Ray Tracer]({ONE})", "Tiny Ray Tracer"),
    "a label in prose": (f"I liked [the tiny tracer]({ONE}) a lot", "the tiny tracer"),
    "every word with a capital": (f"Every Ray Is What It Hits\n{ONE}\nA paper.", "Every Ray Is What It Hits"),
}


@pytest.mark.parametrize(("text", "title"), TITLES.values(), ids=TITLES)
def test_a_title_is_a_label_a_bold_line_or_a_line_alone_above_the_link_alone(text, title):
    assert words.read(text)[0].title == title


TABLE = [
    (line[0], line[2:])
    for line in (Path(__file__).parent / "tables/title_lines.txt").read_text("utf-8").splitlines()
    if line[:1] in ("=", "+", "-")
]


@pytest.mark.parametrize(("kind", "line"), TABLE)
def test_a_line_above_a_link_with_words_after_is_its_title_unless_it_is_a_remark(kind, line):
    (share,) = words.read(f"{line}\n{ONE}\nMore words below.")
    if kind == "-":
        assert share.title is None
        assert share.comment.endswith("More words below.")
    else:
        assert share.title == line.removeprefix("1. ")
        assert share.comment == "More words below."


@pytest.mark.parametrize(("kind", "line"), [row for row in TABLE if row[0] != "+"])
def test_where_every_link_has_such_a_line_and_no_words_only_names_are_titles(kind, line):
    first, second = words.read(f"{line}\n{ONE}\nTiny Ray Tracer\n{TWO}")
    assert (first.title is not None) == (second.title is not None) == (kind == "=")


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
    assert words.read(text)[0].title is None


@pytest.mark.parametrize(
    "label",
    "here|Link|this|여기|링크|자료링크|참고자료|게시물 링크|원문 링크|github link|사이트 바로가기|ここ|こちら|こちら の記事|read more|click here|"
    "example.com|www.example.com|https://example.com/one|example.com/o…|2|#|…|^^".split("|"),
)
def test_a_label_that_names_nothing_is_no_title(label):
    assert not titles.is_human_label(label, ONE)


FROM_URL = {
    "https://github.com/ann/tracer": "ann/tracer",
    "https://github.com/ann/tracer.git": "ann/tracer",
    "https://github.com/ann/tracer/issues/12#issuecomment-3": "ann/tracer#12",
    "https://github.com/ann/tracer/pull/12/files": "ann/tracer#12",
    "https://github.com/ann/tracer/commit/0123456789abcdef0123": "ann/tracer@0123456",
    "https://github.com/ann/tracer/releases/tag/v1.2": "ann/tracer v1.2",
    "https://github.com/ann/tracer/blob/main/src/ray.py": "ann/tracer: src/ray.py",
    "https://gitlab.example.org/team/sub/tracer/-/merge_requests/7": "team/sub/tracer#7",
    "https://gist.github.com/ann/0123456789abcdef0123456789abcdef": "Gist by ann (0123456)",
    "https://gist.github.com/ann/0123456789abcdef0123456789abcdef#file-ray-tracer-py-L12": "ray-tracer.py (gist by ann)",
    "https://github.com/ann/tracer/wiki/Rays/Bent-Rays": "ann/tracer: Rays / Bent Rays",
    "https://github.com/ann/tracer/actions/runs/123456789": "ann/tracer run 123456789",
    "https://github.com/orgs/rays/discussions/12": "rays#12",
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
    "https://twitter.com/ann/status/123?s=20": "Tweet by @ann (Twitter)",
    "https://x.com/ann/status/123": "Post by @ann (X)",
    "https://x.com/ann": "@ann (X)",
    "https://bsky.app/profile/ann.example.com/post/3kabc": "Post by @ann.example.com (Bluesky)",
    "https://social.example.org/@ann/112233": "@ann@social.example.org",
    "https://blog.example.com/2020/06/18/why-rays-bend.html": "why rays bend",
    "https://blog.example.com/posts/2018-10-04-why-rays-bend-d99be090db26": "why rays bend",
    "https://blog.example.com/%EA%B4%91%EC%84%A0%EC%9D%80-%EC%99%9C-%ED%9C%98%EB%82%98": "광선은 왜 휘나",
    "https://example.com/blog/jukebox/": "jukebox (example.com)",
    "https://forum.example.com/t/rays-bend-a-lot/4901": "rays bend a lot",
    "https://forum.example.com/t/rays-bend/4901/3": "rays bend",
    "https://example.com/users_guide/": "users guide (example.com)",
    "https://www.youtube.com/watch?v=abc_DEF-123&t=9": "YouTube video abc_DEF-123",
    "https://www.youtube.com/user/ann": "ann (YouTube)",
    "https://vimeo.com/123456": "Vimeo video 123456",
    "https://qiita.com/ann/items/0123456789abcdef0123": "Article by ann (Qiita)",
    "https://zenn.dev/ann/scraps/0123456789abcd": "Scrap by ann (Zenn)",
    "https://zenn.dev/ann/articles/why-all-rays-bend": "why all rays bend",
    "https://rays.connpass.com/event/12345/": "rays event 12345 (connpass)",
    "https://www.meetup.com/light-rays/events/12345/": "light rays event 12345 (Meetup)",
    "https://atcoder.jp/contests/abc001/tasks/abc001_a": "abc001 a (AtCoder)",
    "https://atcoder.jp/contests/abc001/submissions/123": "abc001 submission 123 (AtCoder)",
    "https://travis-ci.org/ann/tracer/builds/123456": "ann/tracer build 123456 (Travis CI)",
    "https://lists.example.org/pipermail/rays/2020-April/030357.html": "rays mailing list, 2020-April",
    "https://groups.google.com/g/rays/c/0aB1cD2eF": "rays (Google Groups)",
    "https://play.google.com/store/apps/details?id=com.example.rays&hl=en": "com.example.rays (Google Play)",
    "https://apps.apple.com/jp/app/ray-tracer/id123456789": "ray tracer (App Store)",
    "https://chrome.google.com/webstore/detail/ray-tracer/abcdefghijklmnopabcdefghijklmnop":
        "ray tracer (Chrome Web Store)",
    "https://www.amazon.co.jp/Why-Rays-Bend/dp/B001234567/ref=sr_1_1": "Why Rays Bend (Amazon)",
    "https://www.amazon.com/dp/B001234567": "Amazon B001234567",
    "https://www.google.com/search?q=why+rays+bend&token=x": "“why rays bend” (google.com)",
    "https://example.com/search_result.php?word=%EA%B4%91%EC%84%A0": "“광선” (example.com)",
    "https://trac.example.org/trac/tracer/ticket/123": "tracer#123 (trac.example.org)",
    "https://bugs.example.org/show_bug.cgi?id=123": "bug 123 (bugs.example.org)",
    "https://example.com/book/9780306406157/": "ISBN 9780306406157 (example.com)",
    "https://example.com/library/why-rays-bend/9780306406157/ch04.html": "why rays bend (example.com)",
    "https://example.com/packages/tracer/3.4": "tracer 3.4 (example.com)",
    "https://ann.example.com/entry/2018/06/03/195024": "ann.example.com 2018-06-03",
    "https://diary.example.com/ann/20121111/1352632815": "diary.example.com/ann 2012-11-11",
}  # fmt: skip


@pytest.mark.parametrize(("url", "title"), FROM_URL.items())
def test_an_address_says_what_it_is(url, title):
    assert words.title_from_url(url) == (title, TitleSource.URL)


ONLY_HOST = {
    "https://www.example.com": "example.com",
    "https://example.com/a/123456?token=x": "example.com/a/123456",
    "https://user:secret@example.com/1": "example.com/1",
    "https://example.com/book/9780306406158/": "example.com/book/9780306406158",
    "https://example.com/search?token=x": "example.com/search",
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


HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


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
