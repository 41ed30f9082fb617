"""What a page says about itself: bytes in, facts out. Every page here is made up."""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Page, PageKind
from newsletter.page import read
from newsletter.page_dates import from_address, instant
from newsletter.page_titles import is_junk, is_wall

URL = "https://blog.example.com/posts/one"


def facts(html: str, url: str = URL) -> Page:
    return read(html.encode(), url=url)


def ld(**node: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


# --- order of trust -------------------------------------------------------------------------------------------------

SAYS_TITLE = [
    ld(**{"@type": "Article", "headline": "From JSON-LD"}),
    '<meta name="citation_title" content="From Highwire">',
    '<meta property="og:title" content="From OpenGraph">',
    '<meta name="DC.title" content="From Dublin Core">',
    '<meta name="twitter:title" content="From Twitter">',
    '<h2 itemprop="headline">From microdata</h2>',
    "<title>From the title</title>",
    "<h1>From the heading</h1>",
]


@pytest.mark.parametrize("place", range(len(SAYS_TITLE)))
def test_the_first_that_says_a_title_is_believed_wherever_it_stands(place: int) -> None:
    expected = facts(SAYS_TITLE[place]).title
    assert expected.startswith("From ")
    assert facts("".join(SAYS_TITLE[place:])).title == expected
    assert facts("".join(reversed(SAYS_TITLE[place:]))).title == expected


def test_a_page_with_everything() -> None:
    page = facts(
        """<!doctype html><html lang=en_us><head><base href="/posts/"><title>A Title | Example Blog</title>
        <meta property=og:site_name content="Example Blog"><meta property='og:image' content='../a b.png'>
        <meta name=description content="What it&#39;s  about"><link rel="canonical" href="one"></head>"""
        + ld(
            **{
                "@context": "https://schema.org",
                "@graph": [
                    {"@type": "Organization", "@id": "#org", "name": "Example"},
                    {"@type": "Person", "@id": "#ann", "name": "Ann Example"},
                    {"@type": "WebSite", "name": "Example Blog"},
                    {
                        "@type": ["BlogPosting"],
                        "headline": "A Title",
                        "author": [{"@id": "#ann"}, {"name": "Bo"}],
                        "datePublished": "2024-05-31T09:30:00+09:00",
                        "timeRequired": "PT7M",
                    },
                ],
            }
        )
    )
    assert page == Page(
        title="A Title",
        description="What it's about",
        site="Example Blog",
        image="https://blog.example.com/a%20b.png",
        author="Ann Example, Bo",
        published=datetime(2024, 5, 31, 0, 30, tzinfo=UTC),
        language="en-US",
        canonical="https://blog.example.com/posts/one",
        kind=PageKind.ARTICLE,
        reading_minutes=7,
    )


def test_a_list_of_others_articles_is_not_what_the_page_is_about() -> None:
    others = ld(**{"@graph": [{"@type": "Article", "headline": name} for name in ("One", "Two")]})
    assert facts(f"<title>The week's news</title>{others}").title == "The week's news"


def test_of_several_articles_the_one_with_the_pages_address_counts() -> None:
    nodes = [
        {"@type": "Article", "headline": name, "url": f"https://blog.example.com/posts/{name}"}
        for name in "two one".split()
    ]
    assert facts("<title>x y</title>" + ld(**{"@graph": nodes})).title == "one"


@pytest.mark.parametrize(
    "script", ["{", '{"@type":"Article","headline":"x",}', "<!-- [] -->", "[" * 100_000, "null", '"x"', "9" * 9_000]
)
def test_broken_json_does_no_harm(script: str) -> None:
    assert facts(f"<script type=application/ld+json>{script}</script><title>A title</title>").title in ("A title", "x")


# --- titles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "rest", "expected"),
    [
        ("How it works | Example Blog", "<meta property=og:site_name content='Example Blog'>", "How it works"),
        ("Example: How it works", "<meta property=og:site_name content=Example>", "How it works"),
        ("How it works - blog.example.com", "", "How it works"),
        ("How it works :: Example", "", "How it works"),
        ("How it works: a guide", "", "How it works: a guide"),
        ("Rust - the good parts | 2nd edition", "", "Rust - the good parts | 2nd edition"),
        ("How it works – News – The Daily Thing", "<h1>How it works</h1>", "How it works"),
        ("Using &lt;div&gt; &amp;amp; friends", "", "Using <div> & friends"),
        ("A\u202eB\u0000\u200b C\n  D", "", "AB C D"),
        ("Example Blog", "<meta property=og:site_name content='Example Blog'>", "Example Blog"),
        ("Example", "", "Example"),
        ("머신러닝 소식 : 예제 블로그", "<meta property=og:site_name content='예제 블로그'>", "머신러닝 소식"),
        ("機械学習の今｜例ブログ", "<meta property=og:site_name content='例ブログ'>", "機械学習の今"),
    ],
)
def test_a_title_is_clean_and_without_its_sites_name(title: str, rest: str, expected: str) -> None:
    assert facts(f"<title>{title}</title>{rest}").title == expected


def test_a_title_that_was_cut_is_taken_from_where_it_is_whole() -> None:
    page = facts(
        '<meta property="og:title" content="A title that goes on and…"><title>A title that goes on and on</title>'
    )
    assert page.title == "A title that goes on and on"


WALLS = """Just a moment...
Attention Required! | Cloudflare
Access Denied
403 Forbidden
404 Not Found
Page not found
Sign in
Log in to continue
Sign in to GitHub
Error 503
Are you a robot?
Please wait...
Checking your browser before accessing the site
잠시만 기다려 주세요…
로그인
페이지를 찾을 수 없습니다
접근이 거부되었습니다
ログイン
ページが見つかりません
しばらくお待ちください...
请稍候…
登录
页面不存在
Einen Moment, bitte…
Seite nicht gefunden
Un instant, s'il vous plaît
Iniciar sesión
Acceso denegado
Страница не найдена
Sign in - Jira
Google Docs: Sign-in
로그인 - Google 계정
Are you a robot? - Bloomberg
Bevor Sie zu YouTube weitergehen
We value your privacy
Not Found (#404)
Oops! That page can’t be found.
news.example | 522: Connection timed out
Error 403 (Forbidden)!!1
Welcome to nginx!
example.com is for sale""".splitlines()

TITLES = """Access denied: a history of passwords
Sign in with Apple, step by step
404 Media
Just a moment of your time: notes on attention
The 500 errors that taught us most
Error handling in Rust
Home automation with Zigbee
Node.js
1984
로그인 없이 쓰는 서비스 만들기
ログイン機能を実装する
What is a CAPTCHA?
Loading data faster
Untitled Goose Game review
Blocked by the kernel
Forbidden Planet
We value your privacy, say 500 partners
Subscribe to nothing: a year without streaming
Privacy settings you should change today
Not found: the missing socks of my life
Entrar na Europa""".splitlines()


@pytest.mark.parametrize("title", WALLS)
def test_a_page_in_the_way_says_nothing_about_the_link(title: str) -> None:
    assert is_wall(title)
    page = facts(f"<title>{title}</title><meta name=description content='Enable JavaScript'><h1>One more step</h1>")
    assert (page.title, page.description) == ("", "")


@pytest.mark.parametrize("title", TITLES)
def test_a_title_that_only_begins_like_one_is_a_title(title: str) -> None:
    assert not is_junk(title)
    assert facts(f"<title>{title}</title>").title == title


@pytest.mark.parametrize(
    "title",
    ["", " ", "-", "Untitled Document", "Home", "www.example.com", "https://example.com/x", "무제", "首页", "null"],
)
def test_a_title_that_says_nothing_gives_way_to_the_next(title: str) -> None:
    assert is_junk(title)
    assert facts(f"<title>{title}</title><h1>The heading</h1>").title == "The heading"
    assert facts(f"<title>{title}</title>").title == ""


def test_a_login_page_that_still_tells_what_lies_behind_it_is_believed() -> None:
    assert (
        facts("<title>Log in</title><meta property=og:title content='A talk on parsers'>").title == "A talk on parsers"
    )


def test_a_drawings_title_is_not_the_pages() -> None:
    assert facts("<svg><title>Magnifier</title></svg><title>The page</title>").title == "The page"


# --- the other fields -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<meta name=author content='By Ann Example'>", "Ann Example"),
        ("<meta name=author content=admin><meta property=article:author content=https://example.com/ann>", ""),
        (
            "<meta name=citation_author content='Turing, Alan'><meta name=citation_author content='Ada Lovelace'>",
            "Alan Turing, Ada Lovelace",
        ),
        ("<span itemprop=author itemscope><b>by</b> <a itemprop=name>Ann Example</a></span>", "Ann Example"),
        ("<a rel=author href=/ann>Ann Example</a>", "Ann Example"),
        ("<p class=author>Simon Peyton</p>", "Simon Peyton"),
        ("<div class='post-byline'>By Ann Example on May 3, 2024</div>", "Ann Example"),
        ("<meta name=twitter:label1 content='Written by'><meta name=twitter:data1 content=Ann>", "Ann"),
    ],
)
def test_authors(html: str, expected: str) -> None:
    assert facts(html).author == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-31T09:30:00+09:00", datetime(2024, 5, 31, 0, 30, tzinfo=UTC)),
        ("2024-05-31T09:30:00.123Z", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("2024-05-31 09:30", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("20240531T093000Z", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("2024/5/31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("Fri, 31 May 2024 09:30:00 GMT", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("Fri May 31 09:30:00 EDT 2024", datetime(2024, 5, 31, 13, 30, tzinfo=UTC)),
        ("May 31, 2024 9:30 PM", datetime(2024, 5, 31, 21, 30, tzinfo=UTC)),
        ("31. Mai 2024", datetime(2024, 5, 31, tzinfo=UTC)),
        ("31 de mayo de 2024", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024년 5월 31일 오후 9:30", datetime(2024, 5, 31, 21, 30, tzinfo=UTC)),
        ("2024年5月31日", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024. 5. 31.", datetime(2024, 5, 31, tzinfo=UTC)),
        ("1717147800", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("1717147800000", datetime(2024, 5, 31, 9, 30, tzinfo=UTC)),
        ("2024-02-31", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_become_instants(text: str, expected: datetime | None) -> None:
    assert instant(text) == expected


def test_what_a_page_tells_parsely_is_read_like_json_ld() -> None:
    said = json.dumps({"title": "A title", "pub_date": "2024-05-31T00:00:00Z", "author": "Ann", "image_url": ""})
    page = facts(f"<meta name=parsely-page content='{said}'>")
    assert (page.title, page.author, page.published) == ("A title", "Ann", datetime(2024, 5, 31, tzinfo=UTC))


def test_the_day_in_an_address_is_the_last_word() -> None:
    url = "https://example.com/2024/05/31/title"
    assert from_address(url) == datetime(2024, 5, 31, tzinfo=UTC)
    assert facts("<title>A title</title>", url).published == datetime(2024, 5, 31, tzinfo=UTC)
    assert facts("<time datetime=2023-01-01>", url).published == datetime(2023, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("ko", "ko"), ("ko_KR", "ko-KR"), ("zh-hant-tw", "zh-Hant-TW"), ("EN", "en"), ("x-default", ""), ("", "")],
)
def test_languages_are_tags(lang: str, expected: str) -> None:
    assert facts(f"<html lang='{lang}'>").language == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<link rel=canonical href=/a>", "https://blog.example.com/a"),
        ("<link href=//other.example/a rel='shortlink canonical'>", "https://other.example/a"),
        ("<link rel=canonical href=/a><link rel=canonical href=/b>", ""),
        ("<link rel=canonical href=javascript:alert(1)>", ""),
        ("<link rel=canonical href='http://[bad'>", ""),
        ("<meta property=og:url content=/a>", ""),
    ],
)
def test_canonical_is_what_the_page_declares(html: str, expected: str) -> None:
    assert facts(html).canonical == expected


@pytest.mark.parametrize(
    "image", ["data:image/png;base64,AAAA", "javascript:x", "file:///etc/passwd", "https://", "//[", "x" * 3_000]
)
def test_a_picture_is_on_the_web(image: str) -> None:
    assert facts(f"<meta property=og:image content='{image}'>").image == ""


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<meta property=og:type content=article>", PageKind.ARTICLE),
        ("<meta property=og:type content=video.other>", PageKind.VIDEO),
        ("<meta name=citation_doi content=10.1/x>", PageKind.PAPER),
        (ld(**{"@type": "PodcastEpisode", "name": "x"}), PageKind.AUDIO),
        (ld(**{"@type": "QAPage", "mainEntity": {"@type": "Question", "name": "x"}}), PageKind.DISCUSSION),
        ("<div itemscope itemtype=https://schema.org/SoftwareSourceCode>", PageKind.CODE),
        ("<meta property=og:type content=website>", PageKind.UNKNOWN),
    ],
)
def test_kinds(html: str, expected: PageKind) -> None:
    assert facts(html).kind is expected


def test_minutes_are_counted_in_words_and_in_letters_where_no_blanks_are() -> None:
    assert facts("<p>" + "some words here " * 400).reading_minutes == 5
    assert facts("<p>" + "기계학습 논문을" * 400).reading_minutes == 6
    assert facts("<p>short</p><script>" + "no words " * 999 + "</script>").reading_minutes == 0


def test_a_page_without_a_description_has_its_first_real_paragraph() -> None:
    words = "A sentence that is long enough to tell a reader what the page is all about, <b>really</b> so."
    page = facts(
        f"<p>We use cookies and more cookies to make this site a better place for everybody, you know.</p><p>{words}</p>"
    )
    assert page.description == words.replace("<b>", "").replace("</b>", "")


# --- broken, hostile, other -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<title>The page",
        '<meta property="og:title" content="The page"',
        "<div title='a > b'><!-- <title>no</title> --><script>'<title>no</title>'</script><title>The page</title>",
        '<a href="<title>no</title>"><title>The page</title>',
        "</div></p><<<title >The page</title>",
        "<textarea><title>no</title></textarea><title>The page</title>",
        "<title><![CDATA[The page]]></title>",
    ],
)
def test_broken_html_is_read_as_a_browser_reads_it(html: str) -> None:
    assert facts(html).title == "The page"


BOMBS = {
    "nested elements": "<div>" * 100_000,
    "nested elements and closing tags of others": "<div></x>" * 60_000,
    "attributes": "<div " + " ".join(f"a{number}" for number in range(60_000)) + ">",
    "attributes of a wanted tag": "<meta " + " ".join(f"a{number}=x" for number in range(60_000)) + ">",
    "formatting that is never closed": "<p>" + "".join(f"<font a{n}>" for n in range(5_000)) + "<p>x</p>" * 50_000,
    "tags that never end": "<a " * 200_000,
    "quotes that never end": "<a b='" * 99_999 + '<a b="',
    "comments": "<!--" * 200_000,
    "dashes": "<!--" + "-" * 800_000,
    "scripts": "<script>" * 100_000,
    "less-than signs": "<" * 1_000_000,
    "wanted tags at the end": "x" * 1_000_000 + "<meta",
    "paragraphs": "<p>" * 300_000,
    "lists": "<li>" + "<a>" * 300_000,
    "authors": "<p class=author " * 60_000,
    "more authors": "<p class=author>" * 60_000,
    "properties": "<p itemprop=author>" * 60_000,
    "titles": "<title>" * 100_000,
    "drawings": "<svg><title></title></svg>" * 40_000,
    "entities": "<title>" + "&#" + "9" * 500_000 + ";&amp" * 100_000,
    "linked data": "<script type=ld+json>{}</script>" * 30_000,
    "nested linked data": "<script type=ld+json>" + '{"@graph":[' * 40_000 + "</script>",
    "comments in linked data": "<script type=ld+json>{" + "/*" * 200_000 + "</script>",
    "quotes in linked data": '<script type=ld+json>{"' + '\\"' * 200_000 + "</script>",
    "commas in linked data": "<script type=ld+json>[" + ", " * 200_000 + "</script>",
    "values of linked data": "<script type=ld+json>" + "[]" * 200_000 + "</script>",
    "what scripts replace": "<noscript>" * 200_000,
    "headings": "<h1>" * 200_000,
    "blanks": "<title>" + " " * 1_000_000,
    "separators": "<title>" + " | " * 300_000,
    "digits": "%PDF-1.4 /Title (" * 60_000,
    "packets": "%PDF-1.4" + "<x:xmpmeta" * 100_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_takes_no_longer_than_a_page_of_its_size(bomb: str) -> None:
    begun = time.process_time()
    facts(f"<title>A title</title>{bomb}" if not bomb.startswith("%") else bomb)
    assert time.process_time() - begun < 1.5


TAGS = st.sampled_from(["<title>", "</title>", "<meta property=og:title content='", "'>", "<script type=ld+json>", '{"@type":"Article","headline":', "</script>", "<p itemprop=author>", "<!--", "-->", "&#x110000;", "\u202e", "\udc80", "<time datetime=9999-99-99>", "http://[", " | ", "<svg", "%PDF-", "/Title <zz>", "2024-13-45T99:99"])  # fmt: skip


@given(st.lists(TAGS | st.text(max_size=8), max_size=30), st.text(max_size=30), st.text(max_size=20))
def test_any_page_has_facts_of_one_plain_line_each(pieces: list[str], url: str, content_type: str) -> None:
    page = read("".join(pieces).encode("utf-8", "surrogatepass"), url=url, content_type=content_type)
    for text in (page.title, page.description, page.site, page.author):
        assert text.isprintable() or not any(ord(letter) < 32 or 0x202A <= ord(letter) <= 0x202E for letter in text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_page(body: bytes) -> None:
    read(body, url=URL)
    read(b"%PDF-" + body, url=URL)


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        (b"1 0 obj <</Title (A paper\\056) /Author (Ann) /Producer (x)>>", "A paper."),
        (b"<</Producer (x) /Title <FEFFB17CBB38>>>", "\ub17c\ubb38"),
        (b"<</Creator (x) /Title (Microsoft Word - draft.doc)>>", ""),
        (b"<</Title (A bookmark) /Dest 1>>", ""),
        (
            b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">A &amp; B</rdf:li></rdf:Alt></dc:title></x:xmpmeta>',
            "A & B",
        ),
    ],
)
def test_a_pdfs_title_is_read_where_it_stands_in_plain_sight(inside: bytes, title: str) -> None:
    page = read(b"%PDF-1.7\n" + inside, url=URL, content_type="application/pdf")
    assert (page.title, page.kind) == (title, PageKind.PDF)


# --- what pages of today do ----------------------------------------------------------------------------------------

POST = '{"@type": "NewsArticle", "headline": "It works at last", "author": {"name": "Ann Lee"}}'


@pytest.mark.parametrize(
    "script",
    [
        f"<!--\n{POST}\n//-->",
        f"\n<!-- what this is -->\n{POST}\n<!-- end -->",
        f"//<![CDATA[\n{POST}\n//]]>",
        f"/*<![CDATA[*/{POST}/*]]>*/",
        POST.replace('"', "&quot;"),
        POST.replace("{", "{ // an article\n", 1).replace("}}", "}, /* and no more */ }"),
        f'{{"@type": "WebSite", "name": "A site"}}\n{POST};',
        f'[{{"@type": "BreadcrumbList"}}, {POST}]',
        f'{{"@graph": [{{"@type": "Organization"}}, {POST}]}}',
    ],
)
def test_linked_data_is_read_however_it_is_wrapped(script: str) -> None:
    page = facts(f'<title>X</title><script type="application/ld+json">{script}</script>')
    assert (page.title, page.author) == ("It works at last", "Ann Lee")


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<head><style>" + "a{color:red}\n" * 18_000 + "</style><title>Late title</title>", "Late title"),
        ("<head><noscript><title>Switch it on</title></noscript><title>The page itself</title>", "The page itself"),
        ("<title>A &lt;em&gt;great&lt;/em&gt; day</title>", "A great day"),
        ("<title>Why &lt;b&gt; and &lt;i&gt; differ</title>", "Why <b> and <i> differ"),
        ("<meta property=og:title content='\n Tom &amp;amp; Jerry&#39;s\n day&nbsp;out '>", "Tom & Jerry's day out"),
        ('{"title": "<title>no page</title>"}', ""),
        ("<title>Example News</title><h1>Page not found</h1><meta property=og:site_name content='Example News'>", ""),
        ("<title>Page not found</title><meta property=og:title content='Example: all the news'>", ""),
        (
            "<title>Page not found</title><meta property=og:type content=article><meta property=og:title content='A>B'>",
            "A>B",
        ),
    ],
)
def test_titles_of_pages_of_today(html: str, title: str) -> None:
    assert facts(html).title == title


@pytest.mark.parametrize(
    ("label", "told", "author", "minutes"),
    [
        ("Written by", "Ann Lee", "Ann Lee", 0),
        ("Est. reading time", "7 minutes", "", 7),
        ("예상 읽기 시간", "12분", "", 12),
        ("Price", "$7", "", 0),
    ],
)
def test_a_cards_labels_tell_the_author_and_the_time_to_read(label: str, told: str, author: str, minutes: int) -> None:
    page = facts(
        f'<title>A post</title><meta name="twitter:label2" content="{label}"><meta name="twitter:data2" content="{told}">'
    )
    assert (page.author, page.reading_minutes) == (author, minutes)


def test_those_who_comment_are_no_authors() -> None:
    by = '<div itemscope itemtype="http://schema.org/{}"><p itemprop=author itemscope><b itemprop=name>{}</b></p></div>'
    assert (
        facts("<title>A post</title>" + by.format("Article", "Ann <i>Lee</i>") + by.format("Comment", "Joe")).author
        == "Ann Lee"
    )


def test_what_the_header_calls_a_pdf_may_be_a_page_and_the_other_way_round() -> None:
    assert read(b"<title>A page</title>", url="https://a.example/x", content_type="application/pdf").title == "A page"
    pdf = b"%PDF-1.7 << /Producer (x) /Title (Deep (very) Learning) >>"
    assert read(pdf, url="https://a.example/x", content_type="text/html").title == "Deep (very) Learning"
