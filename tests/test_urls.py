"""Finding addresses in words, cleaning them, and knowing which ones are one page: tables of cases.

The larger tables stand in tables/; what holds for every text stands in laws/test_url_laws.py.
"""

import re
from itertools import combinations
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from newsletter.urls import Located, clean, find, host, key, locate

TABLES = Path(__file__).parent / "tables"


def blocks(table: str) -> list[list[str]]:
    """The blocks of a table: blank lines part them, lines with `#` first are remarks."""
    lines = (TABLES / table).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    return [block.split("\n") for block in re.split(r"\n{2,}", text.strip("\n"))]


SAME = blocks("same_pages.txt")
DIFFERENT = blocks("different_pages.txt")


# --- Finding ---------------------------------------------------------------------------------------------------------

A, B = "https://a.com/x", "https://b.com/y"


@pytest.mark.parametrize(
    "mark", [*".,!?:;'\")]}*~…。、，！？：；」』）】》”’›»", "...", "?!", ").", "**", "~~", '").', "',"]
)
def test_punctuation_after_an_address_stays_outside(mark: str) -> None:
    assert find(f"see {A}{mark}") == [A]
    assert find(f"see {A}{mark} and {B}") == [A, B]


@pytest.mark.parametrize(
    "pair", ["()", "[]", "{}", "''", '""', "「」", "『』", "（）", "【】", "《》", "“”", "‘’", "**", "__"]
)
def test_brackets_and_quotes_around_an_address_stay_outside(pair: str) -> None:
    assert find(f"see {pair[0]}{A}{pair[1]} there") == [A]
    assert find(f"{pair[0]}see {A}{pair[1]}") == [A]


@pytest.mark.parametrize(
    "url",
    """https://en.wikipedia.org/wiki/Foo_(bar) https://a.com/(x)_(y) https://a.com/?a[]=1&b[0]=2 https://a.com/f(x)/g
    https://a.com/a,b,c https://a.com/a;b https://a.com/a:b https://a.com/a!b https://a.com/it's https://a.com/~ann/
    https://a.com/?q=a+b https://a.com/a- https://a.com/# https://a.com/#/x?y=1 https://a.com/#!x https://a.com/100%25
    https://a.com/?u=https://b.com/c https://web.archive.org/web/2020/https://b.com/ https://a.com/@ann http://localhost
    http://localhost:8000/x http://127.0.0.1:8080/ http://[::1]:8000/x https://u:p@a.com/ https://A.com/ HTTPS://A.COM
    https://fonts.example.com/css?family=A|B https://en.wikipedia.org/wiki/A–B_line https://a.com/?q= https://a.com/a_
    https://ko.wikipedia.org/wiki/대한민국 https://ko.wikipedia.org/wiki/가 https://ko.wikipedia.org/wiki/C언어
    https://velog.io/@ann/React에서-상태를 https://a.com/?q=파이썬 https://ja.wikipedia.org/wiki/東京 https://한국.kr/소개
    https://ja.wikipedia.org/wiki/けいおん https://ja.wikipedia.org/wiki/Tシャツ https://zh.wikipedia.org/wiki/中国
    https://президент.рф/ https://münchen.de/straße http://例え.テスト/ https://a.com/#섹션 https://a.com/x?a=1#:~:text=b
    """.split(),
)
def test_an_address_is_found_whole(url: str) -> None:
    assert find(url) == [url]
    assert find(f"보세요: {url} 좋아요") == [url]
    assert find(f"<{url}>") == [url] or "|" in url
    assert find(f"[label]({url})") == [url]


@pytest.mark.parametrize(
    "particle",
    """은 는 이 가 을 를 의 에 로 와 과 도 만 에서 에서는 에게 으로 부터 까지 처럼 보다 이나 라는 이라는 입니다 입니다만 이에요 예요 인데
    인데요 네요 이고 이며 참고 보세요 를보면 에서도 까지의 을(를) 등 등등 라고 이라고 이죠 하고""".split(),
)
def test_a_particle_after_the_address_is_cut(particle: str) -> None:
    for url in (
        A,
        "https://a.com",
        "https://a.com/",
        "https://a.com/x?b=1",
        "https://a.com/x_(y)",
        "https://a.com/%EA%B0%80",
    ):
        assert find(f"이건 {url}{particle} 그렇다") == [url]
        assert find(f"{url}{particle}.") == [url]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("링크는https://a.com/x입니다", [A]),
        ("(https://a.com/x)를 보세요", [A]),
        ("https://a.com/x와 https://b.com/y를", [A, B]),
        ("https://a.com/x와https://b.com/y", [A, B]),
        ("詳しくはhttps://a.com/xを参照", [A]),
        ("https://a.com/xをご覧ください。", [A]),
        ("https://a.com/を見て", ["https://a.com/"]),
        ("https://a.com/xです", [A]),
        ("https://a.com/xㅋㅋㅋ https://b.com/yㅠㅠ", [A, B]),
        ("「https://a.com/x」を読む。https://b.com/y、次", [A, B]),
        ("请看https://a.com/x的介绍", [A]),
        ("看https://a.com/x，还有https://b.com/y。", [A, B]),
        ("https://a.comです", ["https://a.com"]),
        ("https://a.com👍 https://b.com/y🎉", ["https://a.com", B]),
        ("https://a.com/x→https://b.com/y", [A, B]),
    ],
)
def test_text_that_touches_the_address_is_cut(text: str, found: list[str]) -> None:
    assert find(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{A},{B}", [A, B]),
        (f"{A}, {B}", [A, B]),
        (f"{A};{B}", [A, B]),
        (f"{A}\n{B}", [A, B]),
        (f"- {A}\n- {B}", [A, B]),
        (f"    {A}", [A]),
        (f"> {A}", [A]),
        (f"({A})({B})", [A, B]),
        (f"{A} {A}", [A, A]),
        (f'["{A}","{B}"]', [A, B]),
        (f"|{A}|{B}|", [A, B]),
        (f"||{A}||", [A]),
        (f"|| see {A} ||{B}||", [A, B]),
        (f"**{A}** __{A}__ _{B}_ ~~{B}~~ ***{A}***", [A, A, B, B, A]),
        (f'<a href="{A}">words</a>', [A]),
        (f"&lt;{A}&gt;", [A]),
        ("https://a.com/?b=1&amp;c=2&amp;amp;d=3", ["https://a.com/?b=1&c=2&d=3"]),
        (r"https://a.com/snake\_case\_name", ["https://a.com/snake_case_name"]),
        (rf"\<{A}>", [A]),
        (rf"\[words]({A})", [A]),
        (r"https://a.com/x\nmore", [A]),
        (f"site:{A}", [A]),
        (f"view-source:{A}", [A]),
    ],
)
def test_addresses_stand_in_all_sorts_of_text(text: str, found: list[str]) -> None:
    assert find(text) == found


@pytest.mark.parametrize(
    "text",
    [
        f"[words]({A})",
        f"[words](<{A}>)",
        f'[words]({A} "a title")',
        f"[words]({A} 'a title')",
        f"[words]({A} (a title))",
        f"[words]( {A} )",
        f"[w [o] rds]({A})",
        f"[{B}]({A})",
        f"[`code`]({A})",
        f"![words]({A})",
        f"[![words]({B})]({A})",
        f"<{A}|words>",
        f"<{A}|words and more>",
        f"<{A}|{B}>",
        f"<{A}>",
    ],
)
def test_a_label_or_brackets_give_the_address_they_hold(text: str) -> None:
    assert find(text) == [A]
    assert find(f"see {text}, and {B}") == [A, B]


@pytest.mark.parametrize(
    "text",
    [
        f"`{A}`",
        f"``{A} ` ``",
        f"`see {A} there`",
        f"```\n{A}\n```",
        f"```python\nget('{A}')\n```",
        f"```{A}```",
        f"~~~\n{A}\n~~~",
        f"````\n```\n{A}\n```\n````",
        f"```\n{A}\nnever closed",
        f"~~~\n{A}",
        f"> ```\n> {A}\n> ```",
        f"[words](`{A}`)",
    ],
)
def test_addresses_in_code_are_no_links(text: str) -> None:
    assert find(text) == []


def test_code_ends_where_it_ends() -> None:
    assert find(f"`x` {A} `y`") == [A]
    assert find(f"```\ncode``` {A}") == [A]
    assert find(f"```\ncode\n```\n{A}") == [A]
    assert find(f"~~~\ncode\n~~~\n{A}") == [A]


def test_a_backtick_alone_opens_no_code() -> None:
    assert find(f"5` and {A}") == [A]
    assert find(f"5` and\n\n{A} ` there") == [A]
    assert find(rf"\`{A} \`") == [A]


@pytest.mark.parametrize(
    "text",
    """main.py README.md e.g. i.e. v1.2.3 1.2.3 3.14 node.js Vue.js setup.cfg a.out index.html image.jpg x.tar.gz ann@a.com
    ann.lee@mail.a.com a+b@a.com user@host git@github.com:a/b.git mailto:ann@a.com ftp://a.com/x javascript:alert(1)
    file:///etc/hosts slack://channel?id=C1 git+https://a.com/b tel:123 <mailto:ann@a.com|ann@a.com> <person:U1> <@U1|a.com>
    <#C1|a.com> <!here> <slack://open> <:party:123> <t:1592006400:R> [@ann](person:U1) [@ann.com](person:U1)
    [#paper](channel:C1) [www.a.com](person:U1) [words](mailto:a@b.com) [words](/relative) [words](note) http:// https://. http://-a.com
    http://.a.com http://a.com_b http://1.2.3 asp.net ASP.NET System.IO java.io self.app tell.me done.So #a.com @a.com $a.com
    ./a.com/x /srv/a.com/x src/main.rs std.io.x 12.30.2020 www. www.a""".split(),
)
def test_this_is_no_link(text: str) -> None:
    assert find(text) == []
    assert find(f"see {text} there") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("www.a.com", "https://www.a.com"),
        ("WWW.a.com/x.", "https://WWW.a.com/x"),
        ("see example.com, please", "https://example.com"),
        ("(example.com/x)", "https://example.com/x"),
        ("arxiv.org/abs/2006.14536를", "https://arxiv.org/abs/2006.14536"),
        ("github.com/a/b 참고", "https://github.com/a/b"),
        ("news.example.co.kr/1", "https://news.example.co.kr/1"),
        ("youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ"),
        ("t.me/ann", "https://t.me/ann"),
        ("docs.rs/serde", "https://docs.rs/serde"),
        ("huggingface.co", "https://huggingface.co"),
        ("GOOGLE.COM", "https://GOOGLE.COM"),
        ("<example.com/x>", "https://example.com/x"),
        ("[words](www.example.com)", "https://www.example.com"),
        ("<http://example.com|example.com>", "http://example.com"),
        ("example.com:8080/x", "https://example.com:8080/x"),
    ],
)
def test_an_address_without_a_scheme_is_taken_as_https(text: str, found: str) -> None:
    assert find(text) == [found]


def test_places_hold_the_whole_construct_and_labels_stay_raw() -> None:
    text = f"||{A}|| [**w** `c`]({B}) <{A}|l&amp;bel> <{B}> (https://a.com/q?b=1&amp;c)."
    assert [(text[at.start : at.end], at.url, at.label, at.form) for at in locate(text)] == [
        (A, A, None, "bare"),
        (f"[**w** `c`]({B})", B, "**w** `c`", "labelled"),
        (f"<{A}|l&amp;bel>", A, "l&amp;bel", "angle"),
        (f"<{B}>", B, None, "angle"),
        ("https://a.com/q?b=1&amp;c", "https://a.com/q?b=1&c", None, "bare"),
    ]
    assert locate(A) == [Located(A, 0, len(A), None, "bare")]


def test_a_link_within_a_label_undoes_the_outer_one_and_none_is_lost() -> None:
    assert find(f"[a [b]({A}) c]({B})") == [A, B]


def test_what_would_break_out_of_brackets_is_encoded() -> None:
    assert find("[words](<https://a.com/a b>)") == ["https://a.com/a%20b"]


# --- Cleaning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shared", "kept"),
    [
        ("https://a.com/?utm_source=x&b=1&fbclid=2", "https://a.com/?b=1"),
        ("https://a.com/?utm_source=x", "https://a.com/"),
        ("https://a.com/x?gclid=1#part", "https://a.com/x#part"),
        ("https://a.com/?b=1&UTM_Medium=x", "https://a.com/?b=1"),
        ("https://a.com/#utm_source=x&utm_medium=y", "https://a.com/"),
        ("https://youtu.be/abc?si=xyz&t=3", "https://youtu.be/abc?t=3"),
        ("https://www.youtube.com/watch?v=a&list=b&feature=share&t=9", "https://www.youtube.com/watch?v=a&list=b&t=9"),
        ("https://x.com/a/status/1?s=20&t=abc", "https://x.com/a/status/1"),
        ("https://medium.com/@a/b-abbf680a869?source=friends_link&sk=1", "https://medium.com/@a/b-abbf680a869?sk=1"),
        ("https://www.amazon.com/dp/B0/?tag=x&th=1", "https://www.amazon.com/dp/B0/?th=1"),
        ("https://a.com/?&b=%7e&&utm_id=1&c=+", "https://a.com/?&b=%7e&&c=+"),
    ],
)
def test_named_trackers_are_deleted_and_the_rest_is_as_it_was(shared: str, kept: str) -> None:
    assert clean(shared) == kept


@pytest.mark.parametrize(
    "url",
    """https://a.com/?s=1&t=2&si=3&source=4&ref=5&sk=6&list=7&feature=8&app=9 https://a.com/?b=%2F%2f%7e'+&a HTTPS://A.com:443/./
    https://b.s3.amazonaws.com/x?X-Amz-Signature=1&utm_source=y https://a.com/?sig=1&fbclid=2 https://a.com/?token=1&gclid=2
    https://a.com/?Expires=1&Signature=2&Key-Pair-Id=3&utm_source=x https://a.com/#/x?utm=1 https://a.com/utm_source=x
    mailto:a@b.com?utm_source=x not-an-address?utm_source=x""".split(),
)
def test_nothing_else_is_deleted_least_of_all_from_a_signed_address(url: str) -> None:
    assert clean(url) == url


# --- Identity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: spellings[0])
def test_all_spellings_of_one_page_have_one_key(spellings: list[str]) -> None:
    keys = {spelling: key(spelling) for spelling in spellings}
    assert set(keys.values()) == {keys[spellings[0]]}


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair[0])
def test_two_different_pages_are_never_joined(pair: list[str]) -> None:
    one, other = pair
    assert key(one) != key(other)


def test_the_pages_of_two_classes_are_never_joined() -> None:
    keys = [key(spellings[0]) for spellings in SAME]
    assert not [(a, b) for (a, x), (b, y) in combinations(enumerate(keys), 2) if x == y]


@pytest.mark.parametrize("url", [url for block in SAME + DIFFERENT for url in block])
def test_keys_of_the_tables_are_their_own_keys_and_survive_cleaning(url: str) -> None:
    assert key(key(url)) == key(url) == key(clean(url))


@pytest.mark.parametrize(
    "text", ["", " ", "hello", "mailto:a@b.com", "https://", "http:///x", "ftp://a.com/", "//", "https://."]
)
def test_what_is_no_address_is_its_own_key(text: str) -> None:
    assert key(text) == text.strip()
    assert host(text) == ""


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.Example.com:8080/x", "example.com"),
        ("http://ann:secret@blog.example.com", "blog.example.com"),
        ("https://m.example.com/", "m.example.com"),
        ("https://한국.kr/", "xn--3e0b707e.kr"),
        ("https://[::1]:8000/", "[::1]"),
        ("https://www.com/", "www.com"),
    ],
)
def test_the_host_is_lower_case_ascii_without_www_user_and_port(url: str, name: str) -> None:
    assert host(url) == name


# --- Other people's cases: each one left has a reason ----------------------------------------------------------------

_TLD = "a top-level domain outside our short list: a file or a word, more often than an address"
LINKIFY_LEFT = {
    "4.4.4.4": "a number with dots is a version, more often than an address",
    "192.168.1.1/abc": "a number with dots is a version, more often than an address",
    "google.xxx": _TLD,
    "a.ws": _TLD,
    "➡.ws/䨹": _TLD,
    "президент.рф": _TLD,
}
NOT_LINKS_LEFT = {"_http://example.com": "`_` opens emphasis in Markdown, and no link is lost"}
_CODE_OF_T_CO = "we know no shortener's alphabet; the address is found, with what stands there behind it"
_CJK_IN_PATH = "after a path, letters of another script may be the path (`/wiki/C언어`); only glued grammar is cut"
_LOST = "a link behind a sign is still a link: none is lost"
TWITTER_LEFT = {
    "http://no-tld": "a host without a dot is an internal one: found, and held",
    "foo.baz foo.co.jp": "`www.` says that it is an address, whatever follows",
    "これは日本語です。example.com/path/index.html中国語example": _CJK_IN_PATH,
    "twitter.comこれは日本語です。example.com中国語t.co/abcde한국": _CJK_IN_PATH,
    "http://twitter.com/これは日本語です。example.com中国語": _CJK_IN_PATH,
    "twitter.jp日本語it.so": "`it.so` alone is a sentence without its blank, more often than an address",
    "MLB.tv vine.co": "`t.co` alone names no page",
    "#test.com @test.com": _LOST,
    "I really like http://t.co/pbY2NfTZ's website": _CODE_OF_T_CO,
    "Check this site out http://t.co/FNkPfmii-": _CODE_OF_T_CO,
    "I really like http://t.co/abcdefghijklmnopqrstuvwxyz012345678901234": _CODE_OF_T_CO,
    "example.comてすとですtwitter.みんな": "without a scheme, only our short list of top-level domains",
    "http://twitter.com\nhttp://example.com\nhttp://example.com/path": "`it.so` alone, as above",
    "$http://twitter.com": _LOST,
    "http://t.co/pbY2NfTZ's http://t.co/2vYHpAc5;": _CODE_OF_T_CO,
}


def reason(text: str, left: dict[str, str]) -> str | None:
    return left.get(text) or next((why for part, why in left.items() if len(part) > 10 and part in text), None)


def linkify_cases(path: Path) -> list[tuple[str, str]]:
    """(text, the address in it): a block of one line is its own address, `%` begins a remark."""
    lines = path.read_text(encoding="utf-8").splitlines()
    stripped = [re.sub(r"\s+(?:%|//)\s.*$", "", line) for line in lines if not line.startswith("%")]
    found = [block.split("\n") for block in re.split(r"\n\s*\n", "\n".join(stripped).strip())]
    return [(block[0], block[-1]) for block in found if block[0]]


def test_linkify_its_links_are_found_but_for_those_left_with_a_reason(shared_data: Path) -> None:
    passed, left = 0, 0
    for text, expected in linkify_cases(shared_data / "fixtures/linkify-it/links.txt"):
        ours = re.match(r"https?://", expected, re.I)
        other = not ours and ("@" in expected or "//" in expected)  # e-mail, ftp, an address without its scheme
        wanted = [] if other else [expected if ours else f"https://{expected}"]
        if reason(text, LINKIFY_LEFT):
            left += 1
            assert find(text) != wanted, f"{text} works now: take it from the list"
        else:
            assert find(text) == wanted
            passed += 1
    assert (passed, left) == (111, 6)


def test_what_is_no_link_for_linkify_it_is_none_here(shared_data: Path) -> None:
    lines = (shared_data / "fixtures/linkify-it/not_links.txt").read_text(encoding="utf-8").splitlines()
    texts = [re.sub(r"\s{2,}%.*$", "", line) for line in lines if line.strip() and not line.startswith("%")]
    left = [text for text in texts if find(text)]
    assert left == list(NOT_LINKS_LEFT)
    assert len(texts) - len(left) == 37


TWITTER = {
    "urls": (77, 14),
    "urls_with_indices": (7, 3),
    "urls_with_directional_markers": (2, 0),
    "tco_urls_with_params": (5, 0),
}


@pytest.mark.parametrize("group", TWITTER)
def test_twitters_links_are_found_but_for_those_left_with_a_reason(group: str, shared_data: Path) -> None:
    cases = YAML(typ="safe", pure=True).load(shared_data / "fixtures/twitter-text-extract.yml")["tests"][group]
    passed, left = 0, 0
    for case in cases:
        expected = [each if isinstance(each, dict) else {"url": each} for each in case["expected"]]
        wanted = [(each["url"], each.get("indices")) for each in expected]
        found = [(at.url, [at.start, at.end]) for at in locate(case["text"])]
        same = [url.removeprefix("https://") for url, _ in found] == [url.removeprefix("https://") for url, _ in wanted]
        same = same and all(place in (None, at) for (_, place), (_, at) in zip(wanted, found, strict=True))
        if reason(case["text"], TWITTER_LEFT):
            left += 1
            assert not same, f"{case['text']} works now: take it from the list"
        else:
            assert same, (case["text"], found)
            passed += 1
    assert (passed, left) == TWITTER[group]
