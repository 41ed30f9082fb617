"""A page's bytes as text: which charset, by the byte order mark, the header, the page's own word, or detection.

Pure and total: bytes that fit nothing still give text. What the text says is ``page_tags`` and ``page``.
"""

import codecs
import re
import warnings

from charset_normalizer import from_bytes

# The web's labels are wider than Python's codecs of the same name (encoding.spec.whatwg.org, "Names and labels").
_CODECS = {
    label: codec
    for codec, labels in {
        "cp949": "euc-kr euckr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
        "windows-949 cp949 ms949 uhc",
        "cp932": "shift_jis shift-jis sjis x-sjis csshiftjis ms_kanji ms932 windows-31j cp932",
        "gb18030": "gb2312 gb_2312 gb_2312-80 gbk x-gbk chinese csgb2312 csiso58gb231280 iso-ir-58 gb18030 cp936",
        "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
        "euc_jis_2004": "euc-jp eucjp x-euc-jp cseucpkdfmtjapanese",
        "iso2022_jp_ext": "iso-2022-jp csiso2022jp",
        "cp1252": "iso-8859-1 iso8859-1 iso_8859-1 latin1 latin-1 l1 ascii us-ascii ansi_x3.4-1968 cp819 windows-1252 "
        "cp1252 x-cp1252",
        "cp1254": "iso-8859-9 iso8859-9 latin5 l5 windows-1254 cp1254 x-cp1254",
        "cp874": "iso-8859-11 iso8859-11 tis-620 dos-874 windows-874 cp874",
        "utf-16-le": "utf-16 utf-16le unicode ucs-2 iso-10646-ucs-2",
        "utf-16-be": "utf-16be",
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8 x-unicode20utf8 utf-8-sig",
        "koi8-r": "koi8-r koi koi8 koi8_r cskoi8r",
        "koi8-u": "koi8-u koi8-ru",
        "cp866": "ibm866 cp866 866",
        "mac-roman": "macintosh mac x-mac-roman",
        "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
        **{f"cp{number}": f"windows-{number} cp{number} x-cp{number}" for number in (1250, 1251, 1253, 1255, 1256)},
        **{f"cp{number}": f"windows-{number} cp{number} x-cp{number}" for number in (1257, 1258)},
        **{f"iso8859-{part}": f"iso-8859-{part} iso8859-{part} iso_8859-{part}" for part in (*range(2, 9), 10)},
        **{f"iso8859-{part}": f"iso-8859-{part} iso8859-{part} iso_8859-{part}" for part in range(13, 17)},
        "iso8859-8": "iso-8859-8 iso-8859-8-i iso-8859-8-e logical visual",
    }.items()
    for label in labels.split()
}
_SEVERAL_BYTES = frozenset(("cp949", "cp932", "gb18030", "big5hkscs", "euc_jis_2004", "iso2022_jp_ext"))
# Where the two differ, the newer table does not read what the older one does.
_ELSE = {"big5hkscs": "cp950", "euc_jis_2004": "euc_jp", "iso2022_jp_ext": "iso2022_jp_2004"}
# What a language was written in before UTF-8, and the letters it is full of: in a wrong charset they are rare. In the
# wrong one of the Russian two, small letters are capitals.
_WESTERN = re.compile("[éèàâçêîôûùëïüöäßñáíóúãõåæøœ]", re.IGNORECASE)
_CENTRAL = re.compile("[ąćęłńóśźżáčďéěíňřšťúůýžőűüöđăâîșț]", re.IGNORECASE)
_BY_LANGUAGE = {
    language: (codecs, letters)
    for languages, codecs, letters in (
        ("ko", "cp949", re.compile("[가-힣]")),
        ("ja", "euc_jis_2004 cp932", re.compile("[ぁ-んァ-ヶー一-龠]")),
        (
            "zh",
            "gb18030 big5hkscs",
            re.compile("[的一是不了在人有我他中大上和個个國国這这來来們们時时為为會会對对學学後后過过行年市新]"),
        ),
        ("ru uk bg be", "cp1251 koi8-u", re.compile("[а-я]")),
        ("fr de es it pt nl sv da no nb fi ca gl is", "cp1252", _WESTERN),
        ("pl cs sk hu sl hr ro", "iso8859-2 cp1250", _CENTRAL),
        ("tr", "cp1254", re.compile("[çğıöşüâ]", re.IGNORECASE)),
        ("el", "cp1253", re.compile("[α-ωά-ώ]", re.IGNORECASE)),
        ("he", "cp1255", re.compile("[א-ת]")),
        ("ar fa", "cp1256", re.compile("[\u0621-\u064a]")),
        ("th", "cp874", re.compile("[ก-๛]")),
    )
    for language in languages.split()
}

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF16_TAGS = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_ESCAPED = re.compile(rb"\x1b\$[@B]")
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.+-]+)", re.IGNORECASE)
_NOT_MARKUP = re.compile(rb"<!--.*?-->|<script[\s>].*?</script", re.DOTALL | re.IGNORECASE)
_IN_PAGE = re.compile(
    rb"<meta[\s/](?:[^>]*?[\s/;\"'])?charset\s*=\s*[\"']?\s*([\w:.+-]+)|^\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w:.+-]+)",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(rb"<html[^>]*?\slang\s*=\s*[\"']?([a-z]{2})\b", re.IGNORECASE)

PRESCAN = 4096
"""Bytes in which a page must name its charset. Browsers promise 1024; real pages put scripts before it."""

_SAMPLE = 6_000
_ASCII_RUN = re.compile(rb"(?<=[\x00-\x7f])[\x00-\x7f]{6,}(?=[\x00-\x7f])")
# Text in the wrong charset has hardly any letter that every sentence in the right one is full of.
_LOOKS = (
    ("cp949", re.compile("[가-힣]"), 0.8),
    ("cp932", re.compile("[ぁ-んァ-ヶー]"), 0.25),
    ("euc_jis_2004", re.compile("[ぁ-んァ-ヶー]"), 0.25),
)
_LIKELY = [
    "gb18030",
    "big5",
    "cp1251",
    "koi8_r",
    "cp1252",
    "cp1250",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
    "iso8859_2",
    "cp932",
    "cp949",
    "euc_jp",
]
_CHANCE = 12
"""Bytes beyond ASCII below which text in another charset may be valid UTF-8 by chance."""


def decode(body: bytes, content_type: str = "") -> str:
    """The page's text. ``content_type`` is the header's value; a body cut anywhere is fine.

    A byte order mark decides. Else bytes that are UTF-8 are UTF-8 whatever they are called: no other charset's text is
    by chance. Else the header, then the page's own word, where the bytes are true to it; else what they look like. A
    header that says Latin-1 comes after the page's word: many servers say so of everything.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    for begin, codec in _UTF16_TAGS:
        if body.startswith(begin):
            return body.decode(codec, "replace")
    if _ESCAPED.search(body) and (text := _strictly(body, "iso2022_jp_ext")):
        return text
    head = _NOT_MARKUP.sub(b"", body[:PRESCAN])
    declared = [codec for codec in (_of_header(content_type), _of_page(head)) if codec]
    if declared[:1] == ["cp1252"]:
        declared.reverse()
    utf8 = _strictly(body, "utf-8")
    beyond = _amount_beyond_ascii(body) if utf8 is not None else _CHANCE
    if utf8 is not None and beyond >= _CHANCE:
        return utf8
    for codec in declared:
        text = _strictly(body, codec)
        if text is not None and not (beyond and utf8 is not None and codec not in _SEVERAL_BYTES):
            return text
    if utf8 is not None:
        return utf8
    for codec in dict.fromkeys((*declared, "utf-8")):
        text = body.decode(codec, "replace")
        broken = text.count("\ufffd")
        if 5 * broken <= beyond_ascii(text):  # a broken byte or two on an honest page
            return text if codec != "utf-8" else _patched(body)
    return _detected(body, head)


def _patched(body: bytes) -> str:
    """UTF-8 with a few bytes in it that are not: pasted from elsewhere, as a rule from a Western page."""
    pieces: list[str] = []
    begin = 0
    for _ in range(20):
        try:
            return "".join(pieces) + codecs.getincrementaldecoder("utf-8")("strict").decode(body[begin:], final=False)
        except UnicodeDecodeError as error:
            pieces += (
                error.object[: error.start].decode("utf-8"),
                error.object[error.start : error.end].decode("cp1252", "replace"),
            )
            begin += error.end
    return "".join(pieces) + body[begin:].decode("utf-8", "replace")


def beyond_ascii(text: str) -> int:
    """How many characters are not ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _amount_beyond_ascii(body: bytes) -> int:
    return 0 if body.isascii() else len(body.translate(None, bytes(range(128))))


def _of_header(content_type: str) -> str | None:
    found = _IN_HEADER.search(content_type)
    return _CODECS.get(found[1].lower()) if found else None


def _of_page(head: bytes) -> str | None:
    found = _IN_PAGE.search(head)
    codec = _CODECS.get((found[1] or found[2]).decode("ascii").lower()) if found else None
    # Who could read this word did not read UTF-16 (the standard says so, too).
    return "utf-8" if codec and codec.startswith("utf-16") else codec


def _strictly(body: bytes, codec: str) -> str | None:
    """The text, ``None`` where a byte does not fit. The last character may be cut off."""
    for name in (codec, _ELSE.get(codec)):
        if name:
            try:
                return codecs.getincrementaldecoder(name)("strict").decode(body, final=False)
            except UnicodeError:
                continue
    return None


def _usual(sample: bytes, language: str) -> str | None:
    """The charset in which this looks most like that language, if it does."""
    written, letters = _BY_LANGUAGE.get(language, ("", _WESTERN))
    found: list[tuple[int, str]] = []
    for codec in written.split():
        text = _strictly(sample, codec)
        if text and (count := len(letters.findall(text))) * 3 >= sum(one > "\x7f" and one.isalpha() for one in text):
            found.append((count, codec))
    return max(found, key=lambda one: one[0])[1] if found and max(found)[0] else None


def _detected(body: bytes, head: bytes) -> str:
    # Markup tells nothing of the charset.
    sample = _ASCII_RUN.sub(b" ", body[: 20 * _SAMPLE])[:_SAMPLE]
    language = _LANGUAGE.search(head)
    if language and (codec := _usual(sample, language[1].decode("ascii").lower())):
        return body.decode(codec, "replace")
    for codec, letters, share in _LOOKS:
        text = _strictly(sample, codec)
        if text and len(letters.findall(text)) > share * beyond_ascii(text):
            return body.decode(codec, "replace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best = from_bytes(sample, cp_isolation=_LIKELY, threshold=0.5).best()
    codec = _CODECS.get(best.encoding.replace("_", "-").replace("iso8859", "iso-8859"), "cp1252") if best else "cp1252"
    return body.decode(codec, "replace")
