"""A title read from an address alone: ``owner/repo#12``, ``arXiv 2006.14536``, the words of a path, or host and path.

Pure and total; nothing is fetched. What well-known sites' addresses say is ``site_titles.py``, a path as words
``path_titles.py``, cleaning and cutting ``title_text.py``.
"""

import re
from urllib.parse import SplitResult, unquote, urlsplit

from newsletter.model import TitleSource
from newsletter.path_titles import day_title, looks_random, path_title
from newsletter.site_titles import site_title
from newsletter.title_text import MAX_LINE, clean


def title_from_url(url: str) -> tuple[str, TitleSource]:
    """What a person recognises the address by: ``owner/repo#12``, ``arXiv 2006.14536``, the words of its path.

    ``TitleSource.HOST`` where the path says nothing: host and path, without query, userinfo or ``%`` escapes. Total.
    """
    try:
        parts = urlsplit(url if "://" in url[:20] else f"//{url}")
        host = _shown_host(parts.hostname or "")
    except ValueError:  # "Invalid IPv6 URL", a bad port: the text is all there is
        return clean(unquote(url, errors="ignore").replace("%", ""), MAX_LINE), TitleSource.HOST
    segments = _segments(parts)
    title = site_title(host, segments, parts) or path_title(host, segments) or day_title(host, segments)
    if title and (title := clean(title)):
        return title, TitleSource.URL
    known = ("…" if len(segment) > 19 and looks_random(segment) else segment or "…" for segment in segments)
    shown = "/".join([host, *known])
    return clean(shown, MAX_LINE) or clean(url, MAX_LINE), TitleSource.HOST


def _shown_host(host: str) -> str:
    host = host.casefold()
    if "xn--" in host:
        try:
            host = host.encode("ascii").decode("idna")
        except UnicodeError:
            return host
    return re.sub(r"^(?:www\d?|m|mobile)\.(?=[^.]+\.)", "", host)


def _segments(parts: SplitResult) -> list[str]:
    """The path's decoded segments; ``""`` for one whose escapes are no UTF-8 (EUC-KR and Shift_JIS paths exist)."""
    path = parts.path
    if parts.fragment.startswith(("/", "!")):  # single-page sites keep their path there
        path += "/" + parts.fragment.lstrip("!/").partition("?")[0]
    return [_decoded(segment) for segment in path.split("/") if segment.strip()]


def _decoded(segment: str) -> str:
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return ""
    return "" if re.search(r"%[0-9A-Fa-f]{2}", text) else " ".join(text.replace("/", " ").split())
