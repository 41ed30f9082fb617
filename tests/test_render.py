"""A week as documents: the seeds' shape, front matter as each blog reads it, and no stranger's text in the structure."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from newsletter import render
from newsletter.errors import UserError
from newsletter.heard import PersonId
from newsletter.languages import known, language
from newsletter.markdown import plain, slug
from newsletter.model import Edition, Entry, EntryLink, Person, Reply, Section, Seen, Shared, TitleSource, Week
from newsletter.settings import MarkdownSettings

READER = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", "table"])
STYLES = ["hexo", "jekyll", "hugo", "plain", "archive"]
THIS_WEEK = Week("2020-W24", "6월 2주차", 2020, 6, 2)
NEXT_WEEK = Week("2020-W25", "6월 3주차", 2020, 6, 3)
HOSTILE = [
    ": ", "---", "# x", "## x\n\n### y", "{{ x }}", "{% raw %}", "{# x #}", "{{< x >}}", "{{% x %}}", "<script>alert(1)</script>",
    "](http://evil.example)", "[x]: http://evil.example", "@everyone", "`", "``` \nx", "~~~\nx", "> x", "- x", "1. x", "    x",
    "x\n===", "x\n---", "| a | b |\n|---|---|\n| 1 | 2 |", "<!-- x", "<!--more-->", "</details>", "&lt;b&gt;", "\u202ex\u2067", "\x00\x1b[2J",
    "שלום", "", " ", "*", "**", "_x_", "\\", "!", "![x](http://evil.example/i.png)", "::: x", "$$x$$", "{: .x onclick=y}", "\r\n# x",
    "목차", "Contents", "a" * 500, "😀", "`{% raw %}`", "```\n{{ x }}\n```", "<http://evil.example/{{x}}>", "yes", "12:30", "null", "'\"",
]  # fmt: skip
TEXT = st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=4).map("\n".join) | st.text(max_size=40)


def shared(name="", channel="", permalink=None, words=""):
    person = Person(PersonId("slack", "T1", "U1"), name)
    return Shared(1, person, datetime(2020, 6, 9, 1, tzinfo=UTC), channel, permalink, words)


def replied(name, words):
    return Reply(1, "m", shared(name).person, datetime(2020, 6, 9, 2, tzinfo=UTC), words)


def entry(title, url="https://a.example/1", words="", **more):
    more.setdefault("shares", (shared(),))
    return Entry(url, url, title, TitleSource.LINE, words, "a.example", score=1, **more)


def edition(*entries, **more):
    given = {
        "newsletter": "weekly",
        "number": 12,
        "title": "Weekly (6월 3주차)",
        "language": "ko",
        "timezone": "Asia/Seoul",
        "opened_at": datetime(2020, 6, 6, 3, tzinfo=UTC),
        "cut_off": datetime(2020, 6, 13, 3, tzinfo=UTC),
        "label": "6월 2주차",
        "week": THIS_WEEK,
        "next_week": NEXT_WEEK,
        "sections": (Section("", "", entries),) if entries else (),
    }
    return Edition(**given | more)


def front_matter(text):
    """The front matter as data, and what follows it."""
    if not text.startswith("---\n"):
        return {}, text
    written, body = text[4:].split("\n---\n", 1)
    return YAML(typ="safe", pure=True).load(written), body


def headings(body):
    """(level, rendered text) in order."""
    tokens = READER.parse(body)
    return [
        (int(token.tag[1]), "".join(child.content for child in tokens[i + 1].children))
        for i, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def links(body):
    """(text, target) in order."""
    found = []
    for token in READER.parse(body):
        target = None
        for child in token.children or ():
            if child.type == "link_open":
                target, text = child.attrs["href"], ""
            elif child.type == "link_close":
                found.append((text, target))
            elif target is not None:
                text += child.content
    return found


def check(text, made, style):
    """What holds for every post, whatever is in it."""
    data, body = front_matter(text)
    kinds = {token.type for token in READER.parse(body)} | {
        c.type for t in READER.parse(body) for c in t.children or ()
    }
    assert not kinds & {"html_block", "html_inline", "image", "hr", "table_open"}
    assert "{{" not in body
    assert "{%" not in body
    assert "{#" not in body
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    titles = [title for level, title in headings(body) if level == 3]
    expected = [plain(e.title) or e.site for e in made.entries]
    assert titles == ([f"{n}. {title}" for n, title in enumerate(expected, 1)] if style == "archive" else expected)
    taken = {}
    anchors = {slug(title, taken) for _, title in headings(body)}
    pointed_at = [target[1:] for _, target in links(body) if target.startswith("#")]
    assert {anchor for anchor in pointed_at if anchor} <= {READER.normalizeLink(anchor) for anchor in anchors}
    if style != "archive":
        assert len(pointed_at) == len(made.entries) + sum(bool(plain(s.title)) for s in made.sections) + bool(
            made.again
        )
    if data:
        assert data["title"] == plain(made.title) or made.newsletter
        assert isinstance(data["title"], str)


# --- the seeds -------------------------------------------------------------------------------------------------------


def seed_entries(text):
    """(title, label, url, words) of every ### of a weekly seed; ``None`` for label and url where there is no link line."""
    for block in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        title, _, rest = block.partition("\n")
        linked = re.match(r"\s*\[([^\]]+)\]\((\S+)\)\s*\n", rest)
        yield (
            title.strip(),
            *((linked[1], linked[2], rest[linked.end() :].strip()) if linked else (None, None, rest.strip())),
        )


@pytest.mark.parametrize("name", ["000", "001", "004"])
def test_a_weekly_seed_comes_out_with_its_headings_order_targets_and_anchors(seeds, name):
    (path,) = seeds.glob(f"{name}*")
    seed = path.read_text("utf-8")
    data, seed_body = front_matter(seed)
    # The one entry without a link line cannot come from a shared link.
    wanted = [one for one in seed_entries(seed_body) if one[2]]
    assert len(wanted) == len(headings(seed_body)) - (2 if name == "001" else 1)
    made = edition(*(entry(title, url, words) for title, _, url, words in wanted), title=data["title"])
    settings = MarkdownSettings(categories=tuple(data["categories"]), tags=tuple(data["tags"]), link_label=wanted[0][1])
    text = render.post(made, settings)

    check(text, made, "hexo")
    written, body = front_matter(text)
    assert {key: written[key] for key in ("title", "categories", "tags")} == {
        key: data[key] for key in ("title", "categories", "tags")
    }
    assert headings(body) == [(2, "목차"), *((3, title) for title, *_ in wanted)]
    anchors = re.findall(r"^- \[.*\]\(#(.*)\)$", seed_body, re.MULTILINE)
    assert re.findall(r"^- \[.*\]\(#(.*)\)$", body, re.MULTILINE) == anchors[-len(wanted) :]
    assert [e.url for e in made.entries] == [url for _, _, url, _ in wanted]
    line = f"[{settings.link_label}]("
    assert [row[len(line) : -1] for row in body.splitlines() if row.startswith(line)] == [
        url for _, _, url, _ in wanted
    ]
    words = "\n\n".join(words for *_, words in wanted)
    assert [link for link in links(body) if link[0] != settings.link_label and link[1][0] != "#"] == links(words)
    assert READER.render(body).count("<li>") - len(wanted) == READER.render(words).count("<li>")
    # Word for word: nothing of the words needed an escape that shows.
    for _, _, _, words in wanted:
        assert READER.render(words).replace("<h1>", "") in READER.render(body) or "~" in words


# --- structure under attack ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_structure_wherever_it_stands(style, text):
    first = entry(
        text,
        words=text,
        links=(EntryLink("https://a.example/2", text),),
        shares=(shared(text, text, "https://chat.example/1"), shared("Ann")),
        reactions=((text or "👍", 2),),
        description=text,
        discussion=(replied(text, text), replied("Ann", text)),
    )
    sections = (Section("a", text, (first, entry("plain"))), Section("b", "그 밖에", (entry(text, words=text),)))
    again = (entry("old", words=text, also_in=Seen(11, text)),)
    made = edition(sections=sections, again=again, title=text)
    settings = MarkdownSettings(style=style, link_label=text, categories=(text,), tags=(text, "b"))
    check(render.post(made, settings), made, style)


@given(st.sampled_from(STYLES), st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=4))
def test_every_post_parses_and_every_anchor_hits_its_heading(style, texts):
    made = edition(*(entry(title, words=words, shares=(shared(name),)) for title, words, name in texts))
    check(render.post(made, MarkdownSettings(style=style)), made, style)


@given(TEXT)
def test_any_text_is_one_yaml_string_for_readers_of_either_version(text):
    written = render._yaml(text)
    assert "\n" not in written
    for version in ((1, 1), (1, 2)):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version
        assert yaml.load(f"title: {written}\ndraft: false\n") == {"title": plain(text), "draft": False}


def test_a_brace_makes_a_hexo_post_ask_not_to_be_run_through_nunjucks():
    assert front_matter(render.post(edition(entry("{{ x }}")), MarkdownSettings()))[0]["disableNunjucks"] is True
    assert "disableNunjucks" not in front_matter(render.post(edition(entry("x")), MarkdownSettings()))[0]


# --- what a post shows -----------------------------------------------------------------------------------------------


def test_dates_are_written_as_each_blog_reads_them():
    def written(style):
        return re.search(
            r"^date: (.*)$", render.post(edition(entry("x")), MarkdownSettings(style=style)), re.MULTILINE
        )[1]

    assert written("hexo") == "2020-06-13 12:00:00"
    assert written("jekyll") == "2020-06-13 12:00:00 +0900"
    assert written("hugo") == "2020-06-13T12:00:00+09:00"


@pytest.mark.parametrize(("code", "day"), [("ko", "2020년 6월 13일"), ("en", "13 June 2020")])
def test_a_plain_post_has_its_title_and_day_as_text(code, day):
    text = render.post(edition(entry("x"), language=code), MarkdownSettings(style="plain"))
    assert text.startswith(f"# Weekly (6월 3주차)\n\n{day}\n\n## {language(code).contents}\n")


def test_a_post_without_categories_and_tags_has_no_empty_lists():
    data, _ = front_matter(render.post(edition(entry("x")), MarkdownSettings()))
    assert set(data) == {"title", "date"}


def test_an_entry_is_heading_link_line_further_links_words_and_credit_in_this_order():
    made = edition(
        entry(
            "Title",
            words="Words.",
            links=(EntryLink("https://a.example/2", "More"), EntryLink("https://a.example/3", "")),
            shares=(shared("Ann", "ml", "https://chat.example/1"), shared("", "ml"), shared("Ann", "ml")),
            reactions=(("👍", 3), ("🎉", 1)),
        ),
        language="en",
    )
    body = render.post(made, MarkdownSettings()).split("### ")[1]
    assert body == (
        "Title\n\n[Link](https://a.example/1)\n\n- [More](https://a.example/2)\n"
        "- [https\\://a.example/3](https://a.example/3)\n\nWords.\n\n"
        "Shared by Ann (#ml), someone (#ml) · 👍 3 🎉 1 · [original message](https://chat.example/1)\n"
    )


def test_where_nobody_may_be_named_nothing_is_said_about_people():
    body = render.post(edition(entry("Title", words="Words.")), MarkdownSettings())
    assert body.endswith("### Title\n\n[자료링크](https://a.example/1)\n\nWords.\n")


def test_links_seen_before_are_one_line_each_after_the_new_entries():
    old = entry("Old [one]", "https://a.example/9", "still *good*\n\n- really", also_in=Seen(11, "6월 1주차"))
    made = edition(entry("New"), again=(old,), outro="끝.")
    body = render.post(made, MarkdownSettings())
    assert body.endswith(
        "## 다시 나온 링크\n\n- [Old \\[one\\]](https://a.example/9) — still good really (6월 1주차에도 소개)\n\n끝.\n"
    )
    assert "- [다시 나온 링크](#다시-나온-링크)\n" in body


def test_sections_are_headings_over_their_entries_and_in_the_contents():
    made = edition(sections=(Section("a", "논문", (entry("x"),)), Section("", "그 밖에", (entry("x"), entry("논문")))))
    body = front_matter(render.post(made, MarkdownSettings()))[1]
    assert headings(body) == [(2, "목차"), (2, "논문"), (3, "x"), (2, "그 밖에"), (3, "x"), (3, "논문")]
    assert [target for _, target in links(body) if target[0] == "#"] == [
        READER.normalizeLink(f"#{anchor}") for anchor in ("논문", "x", "그-밖에", "x-1", "논문-1")
    ]


def test_an_entry_called_like_the_contents_still_has_its_own_anchor():
    assert "- [목차](#목차-1)\n" in render.post(edition(entry("목차")), MarkdownSettings())


def test_intro_and_outro_are_the_editors_markdown_with_pictures():
    made = edition(entry("x"), intro="Hello ![a](/images/a.png)", outro="**Bye**")
    text = render.post(made, MarkdownSettings())
    assert "---\n\nHello ![a](/images/a.png)\n\n## 목차" in text
    assert text.endswith("\n\n**Bye**\n")


def test_an_editors_note_follows_the_words_and_only_its_pictures_are_shown():
    picture = "![a](https://a.example/a.png)"
    made = edition(entry("Title", words=f"Words. {picture}", note=f"**편집자 주:** {picture}"))
    body = render.post(made, MarkdownSettings())
    assert body.endswith(f"Words. {picture[1:]}\n\n**편집자 주:** {picture}\n")


@pytest.mark.parametrize("style", STYLES)
def test_a_discussion_is_a_quote_under_the_entry(style):
    made = edition(entry("Title", words="Words.", discussion=(replied("Ann", "one\n\ntwo"), replied("", "three"))))
    body = render.post(made, MarkdownSettings(style=style))
    assert body.endswith("\n\n> **Ann**: one two\n>\n> **동료**: three\n")


def test_the_archive_numbers_entries_and_shows_the_original_message_where_it_may():
    made = edition(
        entry(
            "First",
            words="Words.",
            description="What the page says.",
            shares=(shared(permalink="https://chat.example/1"),),
        ),
        entry("Second"),
    )
    text = render.post(made, MarkdownSettings(style="archive"))
    assert text == (
        "# Weekly (6월 3주차)\n\n2020년 6월 13일\n\n"
        "### 1. First\n\n2020년 6월 9일 / [게시물 링크](https://chat.example/1)\n\n[자료링크](https://a.example/1)\n\n"
        "Words.\n\n> What the page says.\n\n"
        "### 2. Second\n\n2020년 6월 9일\n\n[자료링크](https://a.example/1)\n"
    )


def test_the_index_lists_every_week_with_its_links_by_year():
    weeks = [
        edition(entry("First [x]"), number=1, label="1월 2주차", cut_off=datetime(2019, 1, 12, 12, tzinfo=UTC)),
        edition(
            entry("Second", "https://a.example/2"),
            number=2,
            label="1월 3주차",
            cut_off=datetime(2019, 1, 19, 12, tzinfo=UTC),
        ),
        edition(entry("Third"), number=3, label="1월 1주차", cut_off=datetime(2020, 1, 4, 12, tzinfo=UTC)),
    ]
    settings = MarkdownSettings(style="hugo")
    text = render.index("돌아보기: {{ x }}", weeks, settings, posts={2: "https://blog.example/a b"})
    data, body = front_matter(text)
    assert data == {"title": "돌아보기: {{ x }}"}
    assert headings(body) == [(2, "2019"), (2, "2020")]
    assert links(body) == [
        ("First [x]", "https://a.example/1"),
        ("1월 3주차", "https://blog.example/a%20b"),
        ("Second", "https://a.example/2"),
        ("Third", "https://a.example/1"),
    ]
    assert "1월 2주차 (1/12)\n\n- [First" in body
    assert render.index("All", weeks, MarkdownSettings(style="index")).startswith(
        "# All\n\n## 2019\n\n1월 2주차 (1/12)\n"
    )


def test_the_terminal_gets_plain_text_without_control_characters():
    made = edition(
        entry("{{ a }} | *b*\x1b[2J", words="**w** `c`\n\n> q", shares=(shared("Ann"),), reactions=(("👍", 2),)),
        intro="Hi *you*",
    )
    assert render.text(made) == (
        "Weekly (6월 3주차)\n2020년 6월 13일\n\nHi you\n\n1. {{ a }} | *b*[2J\n   https://a.example/1\n"
        "   w c\n\n   > q\n   공유: Ann\n   👍 2\n"
    )


def test_an_empty_edition_is_still_a_document():
    for style in STYLES:
        check(render.post(edition(), MarkdownSettings(style=style)), edition(), style)
    assert render.text(edition()).startswith("Weekly")


# --- names and titles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ml-weekly", "2020-06-13-ml-weekly"),
        ("ML Weekly!", "2020-06-13-ml-weekly"),
        ("주간_소식", "2020-06-13-주간-소식"),
        ("../../etc", "2020-06-13-etc"),
        ("café", "2020-06-13-caf\u00e9"),
        ("...", "2020-06-13-newsletter"),
        ("x" * 300, "2020-06-13-" + "x" * 60),
    ],
)
def test_a_posts_name_is_the_local_date_of_the_cut_off_and_the_key(key, name):
    assert render.slug_of(edition(newsletter=key)) == name


def test_a_cut_off_just_after_midnight_belongs_to_the_local_day():
    assert render.slug_of(edition(cut_off=datetime(2020, 6, 12, 15, 30, tzinfo=UTC))) == "2020-06-13-weekly"


def test_a_post_is_read_where_the_settings_say():
    assert render.url_of("https://blog.example/{{ slug }}/", edition()) == "https://blog.example/2020-06-13-weekly/"
    assert render.url_of("", edition()) == ""


@pytest.mark.parametrize(
    ("template", "title"),
    [
        ("Weekly ({{ week.next.label }})", "Weekly (6월 3주차)"),
        (
            "{{ newsletter }} {{ week.iso }}: {{ week.year }}/{{ week.month }}/{{ week.of_month }}",
            "ml 2020-W24: 2020/6/2",
        ),
        ("two\nlines", "two lines"),
        ("  ", "ml"),
        ("# <b> & *plain*", "# <b> & *plain*"),
    ],
)
def test_a_title_is_made_from_the_settings_as_plain_text(template, title):
    assert render.title_of(template, THIS_WEEK, NEXT_WEEK, "ml") == title


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ week.nxt }}", "no attribute 'nxt'"),
        ("{{ wek.label }}", "'wek' is undefined"),
        ("{{ week.label", "line 1: unexpected end of template"),
        ("a\n{% if %}", "line 2: Expected an expression"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ week.label + 1 }}", "can only concatenate"),
        ("{{ 1 // 0 }}", "zero"),
        ("{% include 'x' %}", "x"),
    ],
)
def test_a_mistake_in_a_template_is_told_with_its_place(template, why):
    with pytest.raises(UserError, match="the template of title") as caught:
        render.title_of(template, THIS_WEEK, NEXT_WEEK, "ml")
    assert why in str(caught.value)


# --- templates of one's own ------------------------------------------------------------------------------------------


def test_a_folder_may_replace_a_template_and_what_it_prints_is_escaped(tmp_path):
    (tmp_path / "body.md.j2").write_text(
        "{% for entry in sections[0].entries %}\n"
        '{{ "* " ~ entry.title }} {{ entry.title | e }} {{ entry.title | safe }} {{ entry.url | link(entry.title) }}\n'
        "{{ entry.words }} {{ context_version }}\n{% endfor %}\n"
    )
    made = edition(entry("<b> *x*", words="**w**"))
    body = front_matter(render.post(made, MarkdownSettings(), templates=tmp_path))[1]
    assert body.strip() == (
        r"\* \<b> \*x\* &amp;lt;b&amp;gt; \*x\* \<b> \*x\* [\<b> \*x\*](https://a.example/1)" + "\n**w** 1"
    )


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ title }}\n{{ titel }}", "body.md.j2, line 2: 'titel' is undefined"),
        ("\n\n{% for %}", "body.md.j2, line 3: "),
        ("{% include 'credits.md.j2' %}", "credits.md.j2"),
        ("{{ sections[0].entries[5].title }}", "body.md.j2, line 1"),
    ],
)
def test_a_mistake_in_a_replaced_template_names_file_and_line(tmp_path, template, why):
    (tmp_path / "body.md.j2").write_text(template)
    with pytest.raises(UserError) as caught:
        render.post(edition(entry("x")), MarkdownSettings(), templates=tmp_path)
    assert why in str(caught.value)


# --- languages -------------------------------------------------------------------------------------------------------


def test_every_language_file_makes_every_document():
    assert {"en", "ko"} <= set(known())
    for code in known():
        for style in STYLES:
            again = (entry("old", also_in=Seen(1, "x")),)
            made = edition(
                entry("x", shares=(shared("Ann", "", "https://chat.example/1"),)), language=code, again=again
            )
            check(render.post(made, MarkdownSettings(style=style)), made, style)
        assert language(code).week.format(iso="2020-W24", year=2020, week=24, month=6, of_month=2)


def test_an_unknown_language_is_told_with_those_there_are():
    with pytest.raises(UserError, match="en, ko"):
        language("tlh")


# --- same edition, same bytes ----------------------------------------------------------------------------------------


def _documents():
    first = entry(
        "{{ x }} 글",
        words="**a** `b`",
        shares=(shared("Ann", "ml"), shared("Bob")),
        reactions=(("👍", 1),),
        hashtags=("b", "a"),
    )
    made = edition(
        sections=(Section("a", "논문", (first,)), Section("b", "B", (entry("y"),))),
        again=(entry("z", also_in=Seen(1, "x")),),
    )
    posts = [render.post(made, MarkdownSettings(style=style, tags=("ML", "DL"), categories=("c",))) for style in STYLES]
    return "\0".join([*posts, render.text(made)])


def test_documents_are_the_same_bytes_in_any_process():
    program = f"import runpy, sys; sys.stdout.buffer.write(runpy.run_path({__file__!r})['_documents']().encode())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "TZ": zone,
                "LANG": lang,
                "LC_ALL": lang,
                "PYTHONPATH": str(Path(__file__).parent.parent),
            },
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone, lang in [
            ("0", "UTC", "C"),
            ("1", "America/New_York", "ko_KR.UTF-8"),
            ("77", "Asia/Seoul", "tr_TR.UTF-8"),
        ]
    }
    assert outputs == {_documents().encode()}
