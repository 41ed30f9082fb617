"""What holds for every text and every address, however broken: the laws of `newsletter.urls`."""

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.urls import clean, find, host, key, locate

HOSTS = """a.com www.youtube.com youtu.be m.a.com M.A.com. en.m.wikipedia.org twitter.com github.com medium.com ann.medium.com
l.facebook.com google.com docs.google.com 한국.kr x.tistory.com m.tistory.com reddit.com pypi.org doi.org arxiv.org t.co
blog.naver.com news.naver.com ß.de ａ.com www.www.x.com [::1] u:p@a.com a.com:80 a.com:443 a.com:0443 m.www.m.x.org
amazon.com notion.so x.notion.site stackoverflow.com %79outube.com a.com%EC%95%88.. drive.google.com
a.safelinks.protection.outlook.com""".split()
PIECES = [
    *"abzAZ019-._~!'()*,:@$&+;=/?#%[]{}|\\^`\" <>\n\t",
    *"%2F %2f %41 %% %25 %ED %EC%95%88 %ec 안 é utm_source=x &amp; v= watch status/ 12 abcdef012345 /../ /./ // ".split(),
    *"index.php title= /m/ wiki/ /m !/ gid=1 gid=0 PostView.nhn blogId=a&logNo=2 dp/B012345678 https:// www. url?q=".split(),
    *"l.php?u= t=3 list= sig= X-Amz-Signature=1 ex=1&is=2&hm=3 .git questions/12 read.nhn oid=1&aid=2 #:~:text= p/".split(),
    "e\u0301",
    "\u1112\u1161",
    "\ud800",
]
ADDRESSES = st.one_of(
    st.builds(
        lambda scheme, name, rest: scheme + name + rest,
        st.sampled_from(["http://", "https://", "HTTP://", "//", "", "www.", "https://google.com/url?q=https://"]),
        st.sampled_from(HOSTS),
        st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    ),
    st.builds(lambda name: f"https://{name}/", st.text(max_size=8)),
    st.text(),
)
WORDS = [
    *"abc01._-~!'()*,:@$&+;=/?#%[]{}|\\^`\"<> \n\t、。「」를은안が✪👍é",
    *"http:// https:// www. a.com a.com/ b.io/x ]( &amp; &lt; || ** __ ~~~ ``` <https://a.com| person: mailto:".split(),
    *r"\_ \( \` 입니다 x_ 日本 的 git+".split(),
]
TEXTS = st.one_of(st.lists(st.sampled_from(WORDS), max_size=30).map("".join), st.text())


@settings(max_examples=400)
@given(ADDRESSES)
def test_the_key_of_a_key_is_itself(address: str) -> None:
    assert key(key(address)) == key(address)


@settings(max_examples=400)
@given(ADDRESSES)
def test_cleaning_never_changes_the_key(address: str) -> None:
    assert key(clean(address)) == key(address)


@settings(max_examples=300)
@given(ADDRESSES)
def test_cleaning_twice_is_cleaning_once(address: str) -> None:
    assert clean(clean(address)) == clean(address)


@settings(max_examples=300)
@given(ADDRESSES)
def test_cleaning_only_deletes(address: str) -> None:
    rest = iter(address)
    assert all(character in rest for character in clean(address))


@settings(max_examples=200)
@given(ADDRESSES)
def test_every_text_has_a_host_in_lower_case_which_may_be_empty(address: str) -> None:
    assert not any("A" <= letter <= "Z" for letter in host(address))


@settings(max_examples=400)
@given(TEXTS)
def test_places_are_in_order_apart_and_within_the_text(text: str) -> None:
    at = 0
    for located in locate(text):
        assert at <= located.start < located.end <= len(text)
        at = located.end


@settings(max_examples=400)
@given(TEXTS)
def test_what_was_found_is_found_again_in_its_own_form(text: str) -> None:
    forms = {"bare": "{}", "angle": "<{}>", "labelled": "[words](<{}>)"}
    for located in locate(text):
        assert find(forms[located.form].format(located.url)) == [located.url]


@settings(max_examples=200)
@given(TEXTS)
def test_only_http_and_https_are_found(text: str) -> None:
    assert all(url.lower().startswith(("http://", "https://")) for url in find(text))


HOSTILE = {
    "opening brackets": "[" * 100_000,
    "labels without an end": "[a](" * 25_000,
    "labels in labels": "[![a](b)](c)" * 8_000,
    "brackets closed at last": "[" * 30_000 + "](" * 30_000,
    "backticks": "`" * 100_000,
    "spans": " `` ` " * 16_000,
    "runs of every length": " ".join("`" * length for length in range(1, 440)),
    "fences": "```a\n" * 20_000,
    "tildes": "~~~~\n~~~\n" * 11_000,
    "dots": "." * 100_000,
    "domains in a row": "a.com." * 16_000,
    "less-than": "<" * 100_000,
    "angles without an end": "<https://a|" * 9_000,
    "parentheses in addresses": "https://a.com/(" * 6_600,
    "bars": "https://a.com/?|" * 6_200,
    "quotes": 'https://a.com/"' * 6_600,
    "underscores": "https://a.com/_ " * 6_200,
    "backslashes": "\\" * 100_000,
    "at signs": "https://" + "a@" * 50_000,
    "schemes": "https://" * 12_000,
    "marks at the end": "https://a.com/" + "!" * 90_000,
    "escapes in one address": "https://a.com/" + "&amp;" * 20_000,
    "hiragana": "https://a.com/" + "aあ" * 45_000,
    "www": "www." * 25_000,
    "a host of labels": "https://" + "가." * 45_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_no_longer_than_long_text(name: str) -> None:
    # Generous, since a machine may be busy: what is quadratic takes minutes on 100 KB.
    begun = perf_counter()
    text = HOSTILE[name]
    for url in (*find(text)[:1], text, f"https://a.com/?{text}"):
        key(clean(url))
    assert perf_counter() - begun < 5


def test_redirectors_within_redirectors_are_followed_to_the_last() -> None:
    nested = "https://google.com/url?q=" * 2_000 + "https://example.com/a"
    assert key(nested) == "https://example.com/a"
