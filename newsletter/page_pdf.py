"""A PDF's title, author and date where they stand in plain sight, without a PDF library. Pure, total, linear.

The XMP packet is meant to be found by scanning (ISO 16684-1, "packet wrapper"), and most writers leave the information
dictionary plain; what is compressed or encrypted says nothing here, and the link then keeps the title of its address.
"""

import re

from newsletter.model import Page, PageKind
from newsletter.page_dates import instant
from newsletter.page_tags import plain
from newsletter.title_text import clean

_MAX_PACKET = 64_000
_IN_PACKET = re.compile(
    r"<dc:(title|creator)>\s*<rdf:(?:Alt|Seq|Bag)>((?:\s*<rdf:li[^>]*>[^<]*</rdf:li>){1,20})", re.IGNORECASE
)
_ITEM = re.compile(r"<rdf:li[^>]*>([^<]*)")
_DATE = re.compile(r"<xmp:CreateDate>([^<]*)|\bxmp:CreateDate=[\"']([^\"']*)")
_INFORMATION = re.compile(
    rb"/(Title|Author|CreationDate)\s{0,3}(?:\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.){0,200}+\)){0,500}+)\)|<([0-9A-Fa-f\s]{0,2000})>)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3}|\r?\n)")
_CONTROL = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}
# What programs write there of their own accord.
_NO_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)|untitled|powerpoint|presentation|document|slide) ?\d*(?: ?-.*)?"
    r"|\S+\.(?:docx?|tex|dvi|pptx?|indd|pdf|qxd|xlsx?|hwp|ps|rtf|odt)|\W*",
    re.IGNORECASE,
)


def read_pdf(body: bytes) -> Page:
    """The facts of a PDF, of which the end may be missing."""
    said: dict[str, str] = {}
    begin = body.find(b"<x:xmpmeta")
    if begin >= 0:
        packet = body[begin : begin + _MAX_PACKET].partition(b"</x:xmpmeta")[0]
        text = packet.decode("utf-8", "replace")
        for name, items in _IN_PACKET.findall(text):
            said.setdefault("Title" if name.lower() == "title" else "Author", _joined(name, _ITEM.findall(items)))
        if date := _DATE.search(text):
            said["CreationDate"] = date[1] or date[2]
    for found in _INFORMATION.finditer(body):
        name = found[1].decode()
        # Bookmarks have a /Title, too: only one beside the other words of the dictionary is the document's.
        around = body[max(0, found.start() - 600) : found.end() + 600]
        if not said.get(name) and (b"/Producer" in around or b"/Creator" in around or b"/CreationDate" in around):
            said[name] = _string(found[2], found[3])
    title = clean(said.get("Title", ""))
    return Page(
        title="" if _NO_TITLE.fullmatch(title) else title,
        author=clean(said.get("Author", "")),
        published=instant(said.get("CreationDate", "").removeprefix("D:").replace("'", "")),
        kind=PageKind.PDF,
    )


def _joined(name: str, items: list[str]) -> str:
    texts = [plain(item).strip() for item in items]
    return texts[0] if name.lower() == "title" else ", ".join(text for text in texts if text)


def _string(literal: bytes, hexadecimal: bytes) -> str:
    """A text string (ISO 32000-1, 7.9.2.2): UTF-16 or UTF-8 behind its mark, else nearly Latin-1."""
    if hexadecimal:
        digits = b"".join(hexadecimal.split()).decode()
        raw = bytes.fromhex(digits + "0" * (len(digits) % 2))
    else:
        raw = _ESCAPE.sub(_unescaped, literal or b"")
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", "replace")
    return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8") if _is_utf8(raw) else raw.decode("cp1252", "replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    what = found[1]
    return bytes([int(what, 8) & 255]) if what.isdigit() else _CONTROL.get(what, what.strip(b"\r\n"))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
