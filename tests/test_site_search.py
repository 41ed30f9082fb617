"""The search in the archive's pages: the site's own script, run in Node, finds what ``newsletter/search.py`` would."""

import json
import shutil
import subprocess

import pytest

from newsletter import search
from tests.site_samples import edition, entry, site, some_editions

SAID = [
    "벡터 검색을 처음 보는 사람에게 #논문 #paper", "Sparse autoencoders, a gentle tour of what they find.", "STRASSE Straße ΣΊΣΥΦΟΣ σίσυφος",
    "한 글자 가", "日本語の検索 ひらがな カタカナ", "ＦＵＬＬ width ﬁ", "under_score a-b C++ x2 ²", "#", "##x", "😀 emoji", "", "é e\u0301", "가나다라마바사",
    "x" * 100, "İstanbul", "naïve café", "١٢٣ Ⅷ", "𠀀𠀁 한글ABC영문", "#해시 태그#아님",
]  # fmt: skip
ASKED = [
    "벡터",
    "벡터검",
    "검",
    "sparse tou",
    "tou sparse",
    "#paper",
    "pap",
    "#pap",
    "strasse",
    "σισυφος",
    "検索",
    "",
    "emoji",
    "a*b",
]
IN_NODE = """
const fs = require("fs"), vm = require("vm");
const {folder, said, asked, years} = JSON.parse(fs.readFileSync(0, "utf8"));
for (const name of ["search.js", ...years.map((year) => `search/${year}.js`)])
  vm.runInThisContext(fs.readFileSync(`${folder}/${name}`, "utf8"));
const {terms, query, search} = globalThis.linkletterSearch;
console.log(JSON.stringify({terms: said.map(terms), queries: [...said, ...asked].map(query), found: asked.map(search)}));
"""


@pytest.fixture
def in_node(tmp_path):
    """Asks the site's own script, in Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node (Debian: apt-get install nodejs)")

    def ask(editions, asked):
        site(tmp_path, editions)
        given = {"folder": str(tmp_path / "site"), "said": SAID, "asked": asked, "years": [2020]}
        ran = subprocess.run([node, "-e", IN_NODE], input=json.dumps(given), capture_output=True, text=True, check=True)
        return json.loads(ran.stdout)

    return ask


def test_the_search_in_the_page_cuts_words_as_the_search_in_the_store_does(in_node):
    answered = in_node(some_editions(), ASKED)
    assert [tuple(one) for one in answered["terms"]] == [search.terms(text) for text in SAID]
    assert [tuple(one) for one in answered["queries"]] == [search.query(text) for text in (*SAID, *ASKED)]


def test_the_search_in_the_page_finds_words_in_korean_and_english_newest_first(in_node):
    made = [
        edition(0, entry("a", "벡터 검색 입문", "처음 보는 사람에게 **좋다**")),
        edition(1, entry("b", "Sparse autoencoders", "A gentle tour", hashtags=("paper",)), entry("c", "벡터 DB")),
    ]
    asked = ["벡터", "좋다", "gentle sparse", "aut", "#paper", "paper", "#벡터", "nothing of it", ""]
    found = [[one["title"] for one in found] for found in in_node(made, asked)["found"]]
    assert found == [
        ["벡터 DB", "벡터 검색 입문"],
        ["벡터 검색 입문"],
        ["Sparse autoencoders"],
        ["Sparse autoencoders"],
        ["Sparse autoencoders"],
        ["Sparse autoencoders"],
        [],
        [],
        [],
    ]


def test_what_the_search_leads_to_is_there(tmp_path):
    made = site(tmp_path, some_editions())
    given = made.searched(2020)
    assert len(given["links"]) == 7
    for place, anchor, *_ in given["links"]:
        name, anchored = made.inside("search.html", f"{given['editions'][place][0]}#{anchor}")
        assert anchored in made.page(name).ids
