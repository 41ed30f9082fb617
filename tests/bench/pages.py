"""What pages say, read by ours and by four libraries in one run: how often right, how fast, in how much memory.

The pages are a folder of goose3's test pages (``NAME.html`` with ``NAME.json``) and one of chardet's files (named after
their charset): neither is part of the project. Each reader works in a process of its own, for its memory to be its own.
An answer is right where it is the expected one but for case, spaces and quotes; of a title also without its site's name.
"""

import json
import re
import resource
import subprocess
import sys
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

FIELDS = ("title", "description", "author", "date", "language", "image", "charset")
TIMES = 3
Facts = dict[str, str]
Reader = Callable[[bytes, str], Facts]


@dataclass(frozen=True)
class Sample:
    """A page and what is to be found in it."""

    name: str
    url: str
    body: bytes
    expected: Facts


def samples(fixtures: Path) -> list[Sample]:
    """The pages below ``goose3`` and ``charset`` in this folder, in order of their names."""
    pages = (page for page in sorted((fixtures / "goose3").rglob("*.html")))
    return [sample for page in pages if (sample := _goose3(page))] + [
        sample for file in sorted((fixtures / "charset").rglob("*.*")) if (sample := _charset(file))
    ]


def _goose3(page: Path) -> Sample | None:
    try:
        said = json.loads(page.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    expected = said.get("expected", said)
    graph = expected.get("opengraph") or {}
    image = expected.get("top_image") or {}
    found = {
        "title": expected.get("title") or graph.get("title"),
        "description": expected.get("meta_description") or expected.get("description") or graph.get("description"),
        "author": ", ".join(expected.get("authors") or ()),
        "date": expected.get("publish_datetime_utc") or expected.get("publish_date"),
        "language": expected.get("meta_lang"),
        "image": image.get("src") if isinstance(image, dict) else graph.get("image"),
    }
    url = said.get("url") or expected.get("final_url") or "http://example.com/page"
    return Sample(page.stem, url, page.read_bytes(), {name: text for name, text in found.items() if text})


def _charset(file: Path) -> Sample | None:
    """A page or feed with a title; what it says is what the wider codec of the folder's name makes of it."""
    body = file.read_bytes()
    text = body.decode({"EUC-KR": "cp949", "SHIFT_JIS": "cp932"}.get(file.parent.name, file.parent.name), "replace")
    title = re.search(r"<title[^>]*>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</title", text, re.IGNORECASE | re.DOTALL)
    if not title or not title[1].strip() or title[1].isascii():
        return None
    return Sample(file.stem, f"http://{file.stem}/feed", body, {"charset": unescape(title[1])})


# --- the readers ----------------------------------------------------------------------------------------------------


def _ours() -> Reader:
    from newsletter.page import read

    def facts(body: bytes, url: str) -> Facts:
        page = read(body, url=url)
        at = page.published.isoformat() if page.published else ""
        return _facts(page.title, page.description, page.author, at, page.language, page.image)

    return facts


def _trafilatura() -> Reader:
    from trafilatura.metadata import extract_metadata

    def facts(body: bytes, url: str) -> Facts:
        found = extract_metadata(body, default_url=url)
        author = (found.author or "").replace("; ", ", ")
        return _facts(found.title, found.description, author, found.date, found.language, found.image)

    return facts


def _goose() -> Reader:
    from goose3 import Goose

    goose = Goose({"enable_image_fetching": False})

    def facts(body: bytes, url: str) -> Facts:
        found = goose.extract(url=None, raw_html=body)
        at = found.publish_datetime_utc or found.publish_date
        image = (found.opengraph or {}).get("image", "")
        return _facts(
            found.title, found.meta_description, ", ".join(found.authors), str(at or ""), found.meta_lang, image
        )

    return facts


def _metadata_parser() -> Reader:
    from metadata_parser import MetadataParser

    strategy = ["og", "dc", "meta", "page", "twitter"]

    def facts(body: bytes, url: str) -> Facts:
        found = MetadataParser(html=body.decode("utf-8", "replace"), url=url, search_head_only=False).parsed_result

        def first(*names: str) -> str:
            said = (found.get_metadatas(name, strategy=strategy) or {} for name in names)
            return next((texts[0] for by_kind in said for kind in strategy if (texts := by_kind.get(kind))), "")

        return _facts(
            first("title"),
            first("description"),
            first("author", "article:author"),
            first("article:published_time", "date"),
            first("language", "locale"),
            first("image"),
        )

    return facts


def _extruct() -> Reader:
    import extruct

    def facts(body: bytes, url: str) -> Facts:
        found = extruct.extract(body, base_url=url, syntaxes=["json-ld", "opengraph", "microdata"], uniform=True)
        nodes = [node for syntax in ("opengraph", "json-ld", "microdata") for node in found[syntax]]

        def first(*names: str) -> str:
            return next((text for node in nodes for name in names if (text := _text(node.get(name)))), "")

        return _facts(
            first("og:title", "headline", "name"),
            first("og:description", "description"),
            first("author", "article:author"),
            first("datePublished", "article:published_time"),
            first("inLanguage", "og:locale"),
            first("og:image", "image"),
        )

    return facts


READERS = {
    "ours": _ours,
    "trafilatura": _trafilatura,
    "extruct": _extruct,
    "goose3": _goose,
    "metadata_parser": _metadata_parser,
}


def _facts(title: object, description: object, author: object, date: object, language: object, image: object) -> Facts:
    values = (title, description, author, date, language, image)
    return {name: str(value or "") for name, value in zip(FIELDS, values, strict=False)}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    if isinstance(value, dict):
        return _text(value.get("name") or value.get("url") or value.get("@value"))
    return value if isinstance(value, str) else ""


# --- what is right --------------------------------------------------------------------------------------------------


def is_right(name: str, expected: str, found: str) -> bool:
    """Whether the answer is the expected one, by the rule of its field."""
    if name == "language":
        return bool(found) and found[:2].lower() == expected[:2].lower()
    if name == "date":
        return bool(found) and _day(found) == _day(expected)
    if name == "image":
        return _place(found) == _place(expected)
    if name == "author":
        return {_plain(part) for part in found.split(",")} == {_plain(part) for part in expected.split(",")}
    if name in ("title", "charset"):
        return bool(found) and (_plain(found) == _plain(expected) or _is_title_of(_plain(found), _plain(expected)))
    return _plain(found.rstrip("….")) == _plain(expected.rstrip("….")) or (
        len(found) > 100 and _plain(expected).startswith(_plain(found.rstrip("….")))
    )


def _is_title_of(found: str, expected: str) -> bool:
    rest = expected.removeprefix(found) if expected.startswith(found) else expected.removesuffix(found)
    return rest != expected and re.match(r"\s*[-–—|·:»/]|.*[-–—|·:»/]\s*$", rest) is not None


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", unescape(text)).casefold().replace("’", "'").replace("‘", "'")
    return " ".join(text.replace("“", '"').replace("”", '"').split())


def _day(text: str) -> str:
    import dateutil.parser

    with suppress(ValueError, OverflowError):
        at = dateutil.parser.parse(text, tzinfos={"EDT": -4 * 3600, "EST": -5 * 3600})
        return str((at - (at.utcoffset() or at - at)).date())
    return text


def _place(url: str) -> str:
    parts = urlsplit(url)
    return (parts.netloc + parts.path).rstrip("/")


# --- a reader in a process of its own -------------------------------------------------------------------------------


def _measured(reader: str, fixtures: Path) -> dict[str, object]:
    import logging

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    read = READERS[reader]()
    pages = samples(fixtures)
    right: Counter[str] = Counter()
    failed = 0
    wrong = []
    for page in pages:  # unmeasured: the first time fills caches
        try:
            found = read(page.body, page.url)
        except Exception:  # a library's own
            failed, found = failed + 1, {}
        for name, expected in page.expected.items():
            if is_right(name, expected, found.get("title" if name == "charset" else name, "")):
                right[name] += 1
            else:
                wrong.append((name, page.name, expected, found.get("title" if name == "charset" else name, "")))
    bodies = [page for page in pages if "charset" not in page.expected]
    seconds = []
    for _ in range(TIMES):
        begun = time.process_time()
        for page in bodies:
            with suppress(Exception):
                read(page.body, page.url)
        seconds.append(time.process_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"right": right, "failed": failed, "pages": len(bodies) / min(seconds), "peak": peak, "wrong": wrong}


def table(fixtures: Path, readers: Iterable[str] = READERS) -> str:
    """A row for each reader: right answers per field out of those expected, pages a second, megabytes at most."""
    wanted: Counter[str] = Counter(name for page in samples(fixtures) for name in page.expected)
    lines = [("", *(f"{name} ({wanted[name]})" for name in FIELDS), "pages/s", "peak MB", "failed")]
    for reader in readers:
        command = [sys.executable, str(Path(__file__).resolve()), reader, str(fixtures)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines.append((reader, (done.stderr.strip().splitlines() or ["?"])[-1]))
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        lines.append(
            (
                reader,
                *(str(found["right"].get(name, 0)) for name in FIELDS),
                f"{found['pages']:,.0f}",
                str(found["peak"]),
                str(found["failed"]),
            )
        )
    widths = [max(len(line[place]) for line in lines if len(line) > 2) for place in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)) for line in lines)


if __name__ == "__main__":
    sys.path[1:1] = [str(Path(__file__).resolve().parent.parent.parent)]
    print(json.dumps(_measured(sys.argv[1], Path(sys.argv[2]))))
