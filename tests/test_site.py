"""The archive as a site: every link leads somewhere, and strangers' words are words.

The pages are read by ``site_reader``, which forgives nothing. How they come to lie in a folder is
``test_site_folder.py``'s, what the search finds ``test_site_search.py``'s.
"""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter import hypertext
from newsletter.languages import language
from newsletter.model import EntryLink, Section, Seen, Shared
from newsletter.settings import Audience, SiteSettings
from newsletter.site_pages import MOST_IN_A_FEED, MOST_ON_A_PAGE
from tests.site_reader import ATOM, read, read_part
from tests.site_samples import FIRST, NEWSLETTER, PERSON, edition, entry, files, site, some_editions
from tests.terminal import files as files_in


def item(feed, title):
    return next(one for one in feed.findall(f"{ATOM}entry") if one.findtext(f"{ATOM}title") == title)


# --- pages -----------------------------------------------------------------------------------------------------------


def test_every_page_is_strict_html_and_every_link_within_the_site_leads_somewhere(tmp_path):
    made = site(tmp_path, some_editions())
    assert made.lost_links() == []
    assert set(made.pages) | set(made.feeds) <= made.reachable()


def test_an_edition_is_a_page_with_its_sections_entries_and_neighbours(tmp_path):
    made = site(tmp_path, some_editions())
    page = made.page("editions/2020-06-20-ml-weekly.html")
    for said in ("소식 1", "논문", "Page 1-a", "그 밖에", "Page 1-b", "말 code", "More", "Hello readers", "#벡터검색"):
        assert said in page.text
    assert "https://a.example/1-a" in page.links
    assert {"../editions/2020-06-13-ml-weekly.html", "../editions/2020-06-27-ml-weekly.html"} <= set(page.links)
    assert page.headings == [1, 2, 3, 2, 3]
    last = made.page("editions/2020-06-27-ml-weekly.html")
    assert "다시 나온 링크" in last.text
    assert "0주차에도 소개" in last.text
    assert "with new words" in last.text


def test_headings_do_not_leave_out_a_level_where_there_are_no_sections(tmp_path):
    made = site(tmp_path, [edition(0, entry("a"), entry("b"), again=(entry("c", also_in=Seen(0, "x")),))])
    assert made.page("editions/2020-06-13-ml-weekly.html").headings == [1, 2, 2, 2, 3]


def test_dates_are_in_the_newsletters_zone_and_language(tmp_path):
    late = edition(0, entry("a"), cut_off=datetime(2020, 6, 30, 16, tzinfo=UTC))
    made = site(tmp_path, [late])
    page = made.page("editions/2020-07-01-ml-weekly.html")
    assert "2020-07-01T01:00:00+09:00" in page.times
    assert "2020년 7월 1일" in page.text
    assert "months/2020-07.html" in made.files


def test_months_and_tags_have_their_pages(tmp_path):
    made = site(tmp_path, some_editions(4))
    assert "Page 3-a" in made.page("months/2020-07.html").text
    assert "Page 3-a" not in made.page("months/2020-06.html").text
    papers = made.page("tags/paper.html").text
    assert [papers.index(f"Page {week}-a") for week in (3, 2, 1, 0)] == sorted(
        papers.index(f"Page {week}-a") for week in range(4)
    )
    assert "논문" in papers, "a section and a hashtag of one name are one page, called as the section is"
    assert "#벡터검색" in made.page("tags.html").text


def test_two_tags_never_share_a_file_and_one_tag_never_has_two(tmp_path):
    tags = (
        "a-b",
        "a_b",
        "c++",
        "c",
        "con",
        "index",
        "x" * 90,
        "y/../z",
        "ÉCOLE",
        normalize("NFD", "école"),
        "논문",
        ".",
    )
    made = site(tmp_path, [edition(0, entry("a", hashtags=tags))])
    names = [name for name in made.files if name.startswith("tags/")]
    assert len(names) == len(tags) - 1
    assert len({name.casefold() for name in names}) == len(names)
    assert not any(".." in name for name in names)
    assert made.lost_links() == []


def test_a_large_tag_has_a_page_for_each_year_and_the_newest_is_its_own(tmp_path):
    many = [entry(f"{n}", hashtags=("ml",)) for n in range(MOST_ON_A_PAGE // 2 + 1)]
    made = site(tmp_path, [edition(week, *many) for week in (0, 52)])
    assert {"tags/ml.html", "tags/ml/2020.html"} <= made.files.keys()
    assert "tags/ml/2021.html" not in made.files
    assert made.lost_links() == []
    assert made.page("tags/ml.html").elements.count("h2") == len(many)


def test_an_entry_keeps_its_anchor_when_it_is_reworded_or_moved(tmp_path):
    a, b = entry("a"), entry("b")
    before = site(tmp_path / "1", [edition(0, a, b)]).page("editions/2020-06-13-ml-weekly.html").ids
    moved = edition(0, b, replace(a, title="Another", words="other"))
    assert site(tmp_path / "2", [moved]).page("editions/2020-06-13-ml-weekly.html").ids == before


def test_the_same_editions_give_the_same_bytes(tmp_path):
    site(tmp_path / "1", some_editions())
    site(tmp_path / "2", some_editions())
    assert files_in(tmp_path / "1") == files_in(tmp_path / "2")


@pytest.mark.parametrize("code", ["en", "ko"])
def test_the_words_around_are_the_newsletters_language(tmp_path, code):
    newsletter = NEWSLETTER.model_copy(update={"language": code})
    made = site(tmp_path, [edition(0, entry("a"), language=code)], newsletter=newsletter)
    for name, page in made.pages.items():
        assert language(code).site.skip in page.text
        assert f'<html lang="{code}">' in made.text(name)


# --- who reads it ----------------------------------------------------------------------------------------------------


def test_a_team_sees_people_reactions_and_where_it_was_said_and_search_engines_are_kept_away(tmp_path):
    ann = replace(PERSON, name="Ann <b>")
    shares = (Shared(1, ann, FIRST, "news", "https://chat.example/1", ""),)
    made = site(
        tmp_path, [edition(0, entry("a", shares=shares, reactions=(("🎉", 3),)))], SiteSettings(audience=Audience.TEAM)
    )
    page = made.page("editions/2020-06-13-ml-weekly.html")
    assert "공유: Ann <b> (#news)" in page.text
    assert "🎉 3" in page.text
    assert "https://chat.example/1" in page.links
    assert all("noindex" in made.text(name) for name in made.pages)


def test_no_page_asks_another_host_for_anything(tmp_path):
    made = site(tmp_path, [edition(0, entry("a", image="https://cdn.example/a.png"))])
    for name, page in made.pages.items():
        assert "img" not in page.elements
        assert all(made.inside(name, loaded) for loaded in (*page.loaded, *page.scripts))
        assert page.csp.startswith("default-src 'none'; style-src 'self'; script-src ")
        assert "http" not in page.csp
        assert ("script-src 'none'" in page.csp) == (name != "search.html")


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("https://cdn.example/a.png", True),
        ("http://cdn.example/a.png", False),
        ("https://intranet/a.png", False),
        ("https://cdn.example/a.png?X-Amz-Signature=1", False),
        ("data:image/png;base64,AAAA", False),
        ("", False),
    ],
)
def test_pictures_are_shown_where_they_are_wanted_and_may_be(tmp_path, image, shown):
    made = site(tmp_path, [edition(0, entry("a", image=image))], SiteSettings(pictures=True))
    page = made.page("editions/2020-06-13-ml-weekly.html")
    assert page.loaded[1:] == ([image] if shown else [])
    assert "img-src https:;" in page.csp


# --- strangers' words ------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)", "[x](javascript:alert(1))", "![x](https://evil.example/i.png)", "[x](data:text/html,x)", "<!-- x",
    "]]>", "&lt;b&gt;", "{{ x }}", "{% raw %}", "\u202ex\u2067", "\x00\x1b[2J\x08", "\ufffe\uffff", "<style>*{}</style>", "</article></main>",
    "# x", "- x\n  - y\n\n1. z", "> x\n> > y", "```\n</pre>\n```", "`</code>`", "https://a.example/<b>\"'", "<https://a.example/x>", "\u2028x",
    "[a [b](https://b.example)](https://c.example)", "**x", "~~y~~", "@everyone", "", " ", "😀", "שלום", "논문", "content", "q",
    "[x](HTTPS://a.example/\"onclick=alert(1))", "[U](person:U1)", "linkletterLinks({});", "*[x](https://a.example)*", "a\\\nb  \nc",
]  # fmt: skip
TEXT = st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=3).map("\n".join) | st.text(max_size=30)


@given(TEXT, TEXT, TEXT, TEXT)
@examples(max_examples=60)
def test_whatever_strangers_write_is_words_in_pages_feeds_and_search(title, words, tag, url):
    strange = entry(
        f"https://a.example/{url}",
        title,
        words,
        links=(EntryLink(f"javascript:{url}", title), EntryLink(f"https://b.example/{url}", words)),
        hashtags=(tag,),
        description=words,
        image=f"https://c.example/{url}",
        shares=(Shared(1, replace(PERSON, name=title), FIRST, tag, f"https://chat.example/{url}", ""),),
        reactions=((tag, 1),),
        also_in=Seen(1, title),
    )
    made = edition(
        0, intro=words, outro=title, title=title, label=tag, sections=(Section("", title, (strange,)),), again=()
    )
    drawn = {
        file.name: file.text()
        for file in files([made], SiteSettings(title=title, pictures=True, audience=Audience.TEAM))
    }
    for name, text in drawn.items():
        if name.endswith(".html"):
            page = read(name, text)
            assert all(link.lower().startswith(SAFE) or not has_scheme(link) for link in page.links), page.links
            assert all(script.startswith("search") for script in page.scripts)
        elif name.endswith(".xml"):
            root = ET.fromstring(text)  # noqa: S314 - our own
            for content in root.iter(f"{ATOM}content"):
                part = read_part(name, content.text or "")
                assert all(link.lower().startswith(SAFE) or not has_scheme(link) for link in part.links), part.links
        elif name.startswith("search/"):
            assert "<" not in text
            json.loads(text.removeprefix("linkletterLinks(").removesuffix(");\n"))


SAFE = ("https://", "http://", "mailto:")


def has_scheme(link):
    return ":" in link.partition("/")[0].partition("#")[0].partition("?")[0]


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("Two\nlines", "<p>Two<br>\nlines</p>"),
        ("*a* **b** ~~c~~ `d<`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d&lt;</code></p>"),
        ("# No heading", "<p><strong>No heading</strong></p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>\na\n</li>\n<li>\nb\n</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>\na\n</li>\n</ol>'),
        ("```python\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("***", ""),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("[x](https://a.example/?a=1&b=2)", '<p><a href="https://a.example/?a=1&amp;b=2">x</a></p>'),
        ("[x](javascript:alert(1)) y", "<p>x y</p>"),
        ("[x](mailto:a@b.example)", '<p><a href="mailto:a@b.example">x</a></p>'),
        ("![alt](https://a.example/i.png)", '<p><a href="https://a.example/i.png">alt</a></p>'),
        ("see https://a.example/x.", '<p>see <a href="https://a.example/x">https://a.example/x</a>.</p>'),
        ("[Ann](person:U1) in [news](channel:C1)", "<p>Ann in news</p>"),
        ("[](https://a.example)", '<p><a href="https://a.example">https://a.example</a></p>'),
    ],
)
def test_a_messages_words_become_html_of_few_elements(words, html):
    assert hypertext.to_html(words) == html


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example/x?sig=%2F+a", "https://a.example/x?sig=%2F+a"),
        ("https://a.example/a b\"<'", "https://a.example/a%20b%22%3C'"),
        ("https://a.example/한글", "https://a.example/한글"),
        ("javascript:alert(1)", ""),
        (" JAVASCRIPT:alert(1)", ""),
        ("java\tscript:alert(1)", ""),
        ("//a.example", ""),
        ("", ""),
    ],
)
def test_an_address_is_a_target_only_by_http_https_and_mailto(url, target):
    assert hypertext.address(url) == target


# --- feeds -----------------------------------------------------------------------------------------------------------


def test_feeds_are_atom_with_editions_in_full_and_links_newest_first(tmp_path):
    feeds = site(tmp_path, some_editions()).feeds
    newest = item(feeds["feeds/editions.xml"], "소식 2")
    for said in ("Page 2-a", "논문", "말 <code>code</code>", "https://b.example/", "with <em>new</em> words"):
        assert said in newest.findtext(f"{ATOM}content")
    titles = [one.findtext(f"{ATOM}title") for one in feeds["feeds/links.xml"].findall(f"{ATOM}entry")]
    assert titles == ["Page 2-a", "Page 2-b", "Page 1-a", "Page 1-b", "Page 0-a", "Page 0-b"]
    tagged = item(feeds["feeds/tags/paper.xml"], "Page 2-a")
    assert [one.get("term") for one in tagged.findall(f"{ATOM}category")] == ["paper", "벡터검색"]


def test_ids_in_feeds_hang_on_nothing_that_may_change(tmp_path):
    editions = some_editions()
    other = [
        replace(
            one, title="x", number=9, sections=tuple(replace(s, entries=s.entries[::-1]) for s in one.sections[::-1])
        )
        for one in editions
    ]
    settings = SiteSettings(url="https://elsewhere.example/x", title="Other", pictures=True)
    before, after = site(tmp_path / "1", editions).feeds, site(tmp_path / "2", other, settings).feeds
    assert {name: ids_in(feed) for name, feed in before.items()} == {name: ids_in(feed) for name, feed in after.items()}
    renamed = site(tmp_path / "3", editions, SiteSettings(id="https://team.example")).feeds
    assert not any(ids_in(before[name]) & ids_in(renamed[name]) for name in before)


def ids_in(feed):
    return {one.text for one in feed.iter(f"{ATOM}id")}


def test_the_address_of_the_site_stands_in_the_feeds_where_it_is_known(tmp_path):
    feed = site(tmp_path, some_editions(1), SiteSettings(url="https://x.example/sub/")).feeds["feeds/editions.xml"]
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {
        "self": "https://x.example/sub/feeds/editions.xml",
        "alternate": "https://x.example/sub/index.html",
    }
    assert (
        item(feed, "소식 0").find(f"{ATOM}link").get("href")
        == "https://x.example/sub/editions/2020-06-13-ml-weekly.html"
    )


def test_without_an_address_feeds_lead_to_files_beside_them(tmp_path):
    made = site(tmp_path, some_editions())
    for name, feed in made.feeds.items():
        hrefs = [link.get("href") for link in feed.iter(f"{ATOM}link")]
        hrefs += [href for one in feed.iter(f"{ATOM}content") for href in read_part(name, one.text).links]
        inside = [there for href in hrefs if (there := made.inside(name, href))]
        assert inside
        assert [
            to for to, anchor in inside if to not in made.files or (anchor and anchor not in made.page(to).ids)
        ] == []


def test_a_feed_holds_what_is_new_and_not_all_of_the_past(tmp_path):
    many = [edition(week, *(entry(f"{week}-{n}", hashtags=("ml",)) for n in range(6))) for week in range(25)]
    feeds = site(tmp_path, many).feeds
    for name, most in {"editions": "editions", "links": "links", "tags/ml": "tag"}.items():
        assert len(feeds[f"feeds/{name}.xml"].findall(f"{ATOM}entry")) == MOST_IN_A_FEED[most]
