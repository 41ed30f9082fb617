"""Which charset a page is in: bytes and headers in, the text a reader would see out."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.page_charset import decode

KOREAN = "이번 주의 기계 학습 소식을 전해 드립니다. 새로운 논문과 코드, 그리고 발표 자료를 모았습니다."
JAPANESE = "今週の機械学習ニュースをお届けします。新しい論文とコード、そして発表資料を集めました。"
CHINESE = "本周机器学习新闻:我们收集了新的论文、代码以及演讲资料,欢迎阅读和分享给大家。"
RUSSIAN = "Новости машинного обучения за неделю: мы собрали новые статьи, код и материалы докладов."
FRENCH = "Les nouvelles de la semaine : été, où, ça, « cœur » — déjà réunies à l’avance pour vous."

# What the page is written with, what it says it is written with.
WIDER = [
    (KOREAN, "cp949", "euc-kr"),
    ("똠방각하 펲시콜라 " + KOREAN, "cp949", "ks_c_5601-1987"),  # syllables that EUC-KR proper has not
    (JAPANESE + "①㈱髙", "cp932", "Shift_JIS"),
    (JAPANESE + "①", "euc_jis_2004", "EUC-JP"),
    (JAPANESE, "iso2022_jp", "ISO-2022-JP"),
    (CHINESE + "镕", "gb18030", "gb2312"),
    ("機器學習新聞與論文", "big5", "Big5"),
    (RUSSIAN, "cp1251", "windows-1251"),
    (RUSSIAN, "koi8-r", "KOI8-R"),
    (FRENCH, "cp1252", "ISO-8859-1"),
    ("İstanbul'da şiir ğ", "cp1254", "iso-8859-9"),
]


def page(text: str, codec: str, charset: str = "") -> bytes:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<html><head>{meta}<title>{text}</title>".encode(codec)


@pytest.mark.parametrize(("text", "codec", "label"), WIDER)
def test_a_label_means_what_browsers_take_it_for(text: str, codec: str, label: str) -> None:
    assert text in decode(page(text, codec), f"text/html; charset={label}")
    assert text in decode(page(text, codec), f'text/html;CHARSET="{label.upper()}"')
    assert text in decode(page(text, codec, label))
    old = page(f'x"><meta content="text/html; charset={label}" http-equiv=Content-Type><b>{text}', codec)
    assert text in decode(old)


@pytest.mark.parametrize(("text", "codec", "label"), WIDER)
def test_a_feed_names_its_charset_in_the_xml_declaration(text: str, codec: str, label: str) -> None:
    assert text in decode(f'<?xml version="1.0" encoding="{label}"?><rss><title>{text}</title>'.encode(codec))


def test_the_header_beats_the_page() -> None:
    assert KOREAN in decode(page(KOREAN, "cp949", "windows-1252"), "text/html; charset=euc-kr")


@pytest.mark.parametrize("lie", ["euc-kr", "iso-8859-1", "shift_jis", "gb2312", "windows-1251", "us-ascii", "x-none"])
@pytest.mark.parametrize("text", [KOREAN, JAPANESE, RUSSIAN, FRENCH])
def test_utf_8_is_utf_8_whatever_it_is_called(lie: str, text: str) -> None:
    assert text in decode(page(text, "utf-8", lie), f"text/html; charset={lie}")


@pytest.mark.parametrize(("text", "codec"), [(KOREAN, "cp949"), (JAPANESE, "cp932"), (CHINESE, "gb18030")])
@pytest.mark.parametrize("lie", ["utf-8", "x-none", "zlib", "rot13", "utf-7", "idna", "unicode_escape", ""])
def test_a_page_that_lies_or_says_nothing_is_read_by_its_looks(text: str, codec: str, lie: str) -> None:
    """Python knows codecs by names that are no charsets: none of them may be run over a stranger's bytes."""
    assert text in decode(page(text * 3, codec, lie))


@pytest.mark.parametrize(("text", "codec", "language"), [(KOREAN, "cp949", "ko"), (JAPANESE, "euc_jp", "ja")])
def test_the_language_of_a_short_page_tells_its_charset(text: str, codec: str, language: str) -> None:
    assert text[:6] in decode(f"<html lang={language}><title>{text[:6]}</title>".encode(codec))


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_decides(codec: str) -> None:
    text = decode(page(KOREAN, codec, "euc-kr"), "text/html; charset=iso-8859-1")
    assert KOREAN in text
    assert not text.startswith("\ufeff")


@pytest.mark.parametrize("codec", ["utf-8", "cp949", "cp932"])
def test_a_body_cut_within_a_letter_keeps_all_before_it(codec: str) -> None:
    text = {"cp932": JAPANESE}.get(codec, KOREAN)
    body = f"<title>{text}</title>{text}".encode(codec)
    for cut in range(len(body) - 8, len(body)):
        assert text in decode(body[:cut], f"text/html; charset={codec}")


def test_one_broken_byte_does_not_spoil_a_page() -> None:
    assert KOREAN in decode(page(KOREAN * 20, "utf-8", "utf-8") + b"\xff<p>" + b"\xe2\x28")


def test_a_charset_in_a_comment_is_none() -> None:
    body = b"<!-- <meta charset=euc-kr> --><meta charset=shift_jis><title>" + JAPANESE.encode("cp932")
    assert JAPANESE in decode(body)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_are_some_text(body: bytes, header: str) -> None:
    assert isinstance(decode(body, f"text/html; charset={header}"), str)


@pytest.mark.parametrize("byte", [b"\x80", b"\xff", b"\xa4", b"<!--", b"<meta "])
def test_a_megabyte_of_anything_takes_no_time(byte: bytes) -> None:
    begun = time.process_time()
    decode(byte * (1_000_000 // len(byte)))
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(("text", "codec", "label"), [row for row in WIDER if row[1] != "cp1252"])
def test_a_server_that_calls_everything_latin_1_is_not_believed(text: str, codec: str, label: str) -> None:
    assert text in decode(page(text, codec, label), "text/html; charset=ISO-8859-1")


@pytest.mark.parametrize(
    ("language", "text", "codec"),
    [
        ("zh-TW", "臺灣中央銀行宣布維持利率不變，市場此前已經預期到這一決定。", "big5"),
        ("zh-CN", CHINESE, "gb18030"),
        ("ru", RUSSIAN, "koi8-r"),
        ("ru", RUSSIAN, "cp1251"),
        ("ja", JAPANESE, "cp932"),
        ("ja", JAPANESE, "euc-jp"),
        ("fr", "L'été à la plage", "cp1252"),
        ("pl", "Bank pozostawił stopy bez zmian, podaje źródło i część ekspertów", "iso8859-2"),
        ("en", KOREAN, "cp949"),
    ],
)
@pytest.mark.parametrize("declared", ["", '<meta charset="utf-8">'])
def test_the_pages_language_tells_which_charset_was_forgotten(
    language: str, text: str, codec: str, declared: str
) -> None:
    assert text in decode(f'<html lang="{language}">{declared}<title>{text}</title>'.encode(codec))


def test_a_few_foreign_bytes_on_a_page_in_utf_8_are_read_as_western_ones() -> None:
    body = b"<title>Caf\xe9 culture</title>" + f"<p>{FRENCH * 5}".encode()
    assert "Café culture" in decode(body)
    assert FRENCH in decode(body)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "iso2022_jp"])
def test_what_begins_or_escapes_in_one_way_only_needs_no_word(codec: str) -> None:
    assert JAPANESE in decode(page(JAPANESE, codec))


def test_a_charset_named_in_a_script_is_not_the_pages() -> None:
    said = "<script>var a = '<meta charset=koi8-r>'</script>"
    assert RUSSIAN in decode(f"{said}<meta charset=windows-1251><title>{RUSSIAN}".encode("cp1251"))
