"""Sites that hide what they are: whom to ask, and what to make of the answer. Answers are made up in the documented shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import page
from newsletter.model import Page, PageKind
from newsletter.sites import answer, question

QUESTIONS = [
    ("https://youtu.be/abcdefghijk?t=3", "https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fyoutu.be%2Fabcdefghijk%3Ft%3D3"),
    ("https://m.youtube.com/watch?v=x&list=y", "https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fm.youtube.com%2Fwatch%3Fv%3Dx%26list%3Dy"),
    ("https://vimeo.com/channels/staff/123", "https://vimeo.com/api/oembed.json?url=https%3A%2F%2Fvimeo.com%2Fchannels%2Fstaff%2F123"),
    ("https://twitter.com/ann/status/12", "https://publish.x.com/oembed?omit_script=1&dnt=1&url=https%3A%2F%2Ftwitter.com%2Fann%2Fstatus%2F12"),
    ("https://arxiv.org/pdf/2006.14536v2.pdf", "https://arxiv.org/abs/2006.14536v2"),
    ("https://arxiv.org/abs/cs.LG/0112017", "https://arxiv.org/abs/cs.LG/0112017"),
    ("https://ko.wikipedia.org/wiki/%EA%B8%B0%EA%B3%84_%ED%95%99%EC%8A%B5", "https://ko.wikipedia.org/api/rest_v1/page/summary/%EA%B8%B0%EA%B3%84_%ED%95%99%EC%8A%B5"),
    ("https://en.wikipedia.org/wiki/AC/DC", "https://en.wikipedia.org/api/rest_v1/page/summary/AC%2FDC"),
    ("https://news.ycombinator.com/item?id=12", "https://hacker-news.firebaseio.com/v0/item/12.json"),
    ("https://pypi.org/project/example/1.0/", "https://pypi.org/pypi/example/json"),
    ("https://www.npmjs.com/package/@example/one", "https://registry.npmjs.org/@example%2Fone/latest"),
    ("https://crates.io/crates/example", "https://crates.io/api/v1/crates/example"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "asked"), QUESTIONS)
def test_the_site_is_asked_where_it_answers_programs(url: str, asked: str) -> None:
    assert question(url) == asked


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/a/b",
        "https://example.com/watch?v=x",
        "https://youtube.com/@ann",
        "https://notyoutube.com/watch?v=x",
        "https://arxiv.org/list/cs.LG/new",
        "https://youtube.com.example.com/watch",
        "https://[",
        "",
    ],
)
def test_every_other_page_is_asked_itself(url: str) -> None:
    assert question(url) is None


ANSWERS = [
    (
        "https://youtu.be/abcdefghijk",
        {"title": "A &amp; B talk", "author_name": "Ann", "thumbnail_url": "https://i.example/x.jpg", "provider_name": "YouTube"},
        Page(title="A &amp; B talk", site="YouTube", image="https://i.example/x.jpg", author="Ann", kind=PageKind.VIDEO),
    ),
    (
        "https://news.ycombinator.com/item?id=1",
        {"title": "Show: a thing", "by": "ann", "time": 1717147800, "text": "It <i>works</i>"},
        Page(title="Show: a thing", description="It works", site="Hacker News", author="ann", kind=PageKind.DISCUSSION),
    ),
    (
        "https://en.wikipedia.org/wiki/Example",
        {"title": "Example", "extract": "An example is.", "lang": "en", "thumbnail": {"source": "https://u.example/e.png"}},
        Page(title="Example", description="An example is.", site="Wikipedia", image="https://u.example/e.png", language="en", kind=PageKind.ARTICLE),
    ),
    (
        "https://pypi.org/project/example/",
        {"info": {"name": "example", "summary": "Does it.", "author": None, "author_email": '"Ann" <ann@example.com>'}},
        Page(title="example: Does it.", description="Does it.", site="PyPI", author="Ann", kind=PageKind.CODE),
    ),
    (
        "https://www.npmjs.com/package/example",
        {"name": "example", "description": "Does it.", "author": {"name": "Ann"}},
        Page(title="example: Does it.", description="Does it.", site="npm", author="Ann", kind=PageKind.CODE),
    ),
    (
        "https://crates.io/crates/example",
        {"crate": {"name": "example", "description": "Does it."}},
        Page(title="example: Does it.", description="Does it.", site="crates.io", kind=PageKind.CODE),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("url", "said", "expected"), ANSWERS)
def test_what_a_site_answers_becomes_a_page(url: str, said: dict, expected: Page) -> None:
    found = answer(json.dumps(said).encode(), url=url, content_type="application/json")
    assert (found.title, found.description, found.site, found.image) == (
        expected.title,
        expected.description,
        expected.site,
        expected.image,
    )
    assert (found.author, found.language, found.kind) == (expected.author, expected.language, expected.kind)


def test_a_post_is_titled_by_who_said_what() -> None:
    said = {
        "author_name": "Ann",
        "html": '<blockquote><p lang="en">New paper &amp; code! <a href="https://t.co/x">https://t.co/x</a></p>&mdash; Ann (@ann) <a href="https://x.com/ann/status/12">May 31, 2024</a></blockquote>',
    }
    found = answer(json.dumps(said).encode(), url="https://x.com/ann/status/12")
    assert (found.title, found.description, found.site) == ("Ann: New paper & code!", "New paper & code!", "X")
    assert str(found.published)[:10] == "2024-05-31"


@pytest.mark.parametrize(
    ("url", "title", "description", "expected"),
    [
        (
            "https://github.com/ann/thing",
            "GitHub - ann/thing: Does it well",
            "Does it well. Contribute to it",
            ("ann/thing: Does it well", "Does it well"),
        ),
        (
            "https://github.com/ann/thing",
            "GitHub - ann/thing",
            "Contribute to ann/thing development by creating an account on GitHub.",
            ("ann/thing", ""),
        ),
        (
            "https://github.com/ann/thing/issues/1",
            "It breaks · Issue #1 · ann/thing · GitHub",
            "When I",
            ("It breaks · Issue #1 · ann/thing", "When I"),
        ),
        (
            "https://huggingface.co/ann/model",
            "ann/model · Hugging Face",
            "We’re on a journey to advance and democratize AI",
            ("ann/model", ""),
        ),
        (
            "https://medium.com/@ann/how-1",
            "How to | by Ann Example | Some Publication | Medium",
            "x y",
            ("How to", "x y"),
        ),
        ("https://arxiv.org/abs/2006.14536", "[2006.14536] Smooth Things", "Abstract: We", ("Smooth Things", "We")),
    ],
)
def test_what_a_site_adds_to_its_titles_is_taken_off(
    url: str, title: str, description: str, expected: tuple[str, str]
) -> None:
    html = f'<title>{title}</title><meta name="description" content="{description}">'
    found = answer(html.encode(), url=url, content_type="text/html")
    assert (found.title, found.description) == expected


def test_a_site_without_a_row_is_read_like_any_page() -> None:
    body = b"<title>A title</title><link rel=canonical href=/x>"
    assert answer(body, url="https://example.com/a") == page.read(body, url="https://example.com/a")


@pytest.mark.parametrize("url", [url for url, _ in QUESTIONS])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Not Found",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b'{"error": "Not found", "info": 3, "crate": []}',
        b"{" * 50_000,
        b'{"title": ["x"], "html": 5}',
    ],
)
def test_an_answer_that_is_none_says_nothing_and_does_no_harm(url: str, body: bytes) -> None:
    assert answer(body, url=url).title == ""


NAMES = st.sampled_from("title html author_name info crate name time thumbnail source author".split())
PLAIN = st.none() | st.text(max_size=20) | st.integers()
SAID = st.dictionaries(
    NAMES, PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(NAMES, PLAIN, max_size=3), max_size=5
)


@given(st.sampled_from([url for url, _ in QUESTIONS]), SAID | PLAIN)
def test_any_answer_is_some_page(url: str, said: object) -> None:
    answer(json.dumps(said).encode(), url=url)


@given(st.text())
def test_any_text_may_be_asked_about(url: str) -> None:
    question(url)
    answer(b"<title>x y</title>", url="https://" + url)
