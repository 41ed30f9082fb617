"""What an address is: `find` it in words, `clean` it of trackers, know it again by its `key`, name its `host`.

Tables of sites stand in `url_rules.py`, the search in text in `url_text.py`. Nothing here asks the network: what only a
page can tell (a redirect, `rel=canonical`, an AMP page's original) is a join kept elsewhere, which can be taken back.

Decided here, where the design leaves room:

* A fragment never reaches the server, so `#section` and `#issuecomment-1` are places on one page: dropped from the key.
  What may be the state of an app (`#/`, `#!`, or any of `/ = ! : & ?`) is kept, and so is every one on a few hosts.
* `m.` goes everywhere but where each subdomain is another person's; `mobile.`, `touch.` and the like by table.
* `index.html`, AMP, archives, translations and languages stay apart.
"""

import re
import unicodedata
from contextlib import suppress
from urllib.parse import unquote

import yarl

from newsletter.url_rules import (
    COMPOUND_SUFFIXES,
    DEFAULTS,
    FRAGMENT_IGNORED,
    FRAGMENT_IS_PAGE,
    HOST_ALIASES,
    KEY_IGNORES,
    PAGES,
    REDIRECTOR_HOSTS,
    REDIRECTORS,
    SAFELINKS,
    SIGNATURES,
    SIGNED_BY,
    SITE_TRACKERS,
    TENANT_PAGES,
    TENANTED,
    TRACKER_PREFIXES,
    TRACKERS,
    WIKIS,
    Alias,
)
from newsletter.url_text import Located, find, locate

__all__ = ["Located", "clean", "find", "host", "key", "locate"]

# authority, path, query, fragment
_PARTS = re.compile(r"[\x00-\x20]*(?:https?://|//|(?=www\.))([^/?#\\]+)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.I | re.S)
_NOTHING: frozenset[str] = frozenset()


# --- clean -----------------------------------------------------------------------------------------------------------


def clean(url: str) -> str:
    """The address as it was shared, less its named trackers.

    Text is deleted and nothing else touched, since a signature covers every byte. An address that is signed is returned
    as it is: its signature may cover the trackers too. So is whatever is no http address. Again: changes nothing.
    """
    if "?" not in url and "#" not in url:
        return url
    parts = _PARTS.fullmatch(url)
    if not parts:
        return url
    domain = parts[1].rpartition("@")[2].partition(":")[0].lower()
    named = _of_site(SITE_TRACKERS, domain)
    query, fragment = parts[3], parts[4]
    if query:
        pieces = query.split("&")
        kept = [piece for piece in pieces if not _is_tracker(_name(piece), named)]
        if len(kept) < len(pieces) and not any(_name(piece) in SIGNATURES for piece in kept):
            start, end = parts.span(3)
            middle = "&".join(kept)
            url = url[:start] + middle + url[end:] if middle else url[: start - 1] + url[end:]
    if fragment and "=" in fragment and all(_is_tracker(_name(piece), _NOTHING) for piece in fragment.split("&")):
        url = url[: len(url) - len(fragment) - 1]
    return url


def _name(piece: str) -> str:
    return piece.partition("=")[0].lower()


def _is_tracker(name: str, of_site: frozenset[str]) -> bool:
    return name in TRACKERS or name in of_site or name.startswith(TRACKER_PREFIXES)


def _of_site(table: dict[str, frozenset[str]], domain: str) -> frozenset[str]:
    """The row of the domain or of the nearest parent that has one."""
    if domain.count(".") > 4:  # no row is that deep, and a hostile name may have thousands of labels
        domain = ".".join(domain.rsplit(".", 5)[1:])
    while domain:
        if (row := table.get(domain)) is not None:
            return row
        domain = domain.partition(".")[2]
    return _NOTHING


# --- key -------------------------------------------------------------------------------------------------------------


def key(url: str) -> str:
    """What two addresses of one page have in common: for comparing, never for showing or fetching.

    Two different pages never share one; what is not certain is kept apart. Any text has a key; what is no http address
    is its own, less the blanks around it. `key(clean(url)) == key(url)`, and the key of a key is itself.
    """
    while True:
        parts = _PARTS.fullmatch(url)
        if not parts:
            return url.strip(_BLANKS)
        authority, path, query, fragment = parts.groups("")
        user, at, hosted = authority.rpartition("@")
        shared, port = _host_and_port(hosted)
        if not shared:
            return url.strip(_BLANKS)
        known = HOST_ALIASES.get(shared, shared) if not port else shared
        redirects = known in REDIRECTOR_HOSTS or known.endswith(SAFELINKS)
        if redirects and (target := _redirected(known, path, query, fragment)):
            url = target
            continue
        if user or port:  # somebody's own server, or somebody's own view of it: no site's rules
            authority = (user + at if user else "") + (f"{known}:{port}" if port else known)
            return _generic(authority, known, _path(path), _query(query, shared, known), fragment)
        return _page(known, shared, path, query, fragment)


_BLANKS = "".join(map(chr, range(0x21)))


def _page(known: str, shared: str, path: str, query: str, fragment: str) -> str:
    """The key of a page on a host without user and port: the site's own rules first, then what holds everywhere."""
    path = _path(path)
    pieces = _query(query, shared, known)
    tidy = _TIDY.get(known) or _TIDY.get(known.partition(".")[2])
    if tidy:
        path, pieces, fragment = tidy(path, pieces, fragment)
    aliases = PAGES.get(known) or TENANT_PAGES.get(known.partition(".")[2])
    if aliases:
        for alias in aliases:
            if page := _alias(alias, known, path, pieces):
                return page
    return _generic(known, known, path, pieces, fragment)


def _generic(authority: str, known: str, path: str, pieces: list[str], fragment: str) -> str:
    if len(pieces) > 1 and sum("=" not in piece for piece in pieces) < 2:
        pieces.sort(key=_sorted_by)  # by name alone: the order of one name's values may mean something
    query = "?" + "&".join(pieces) if pieces else ""
    if fragment:
        fragment = _fragment(fragment, known, path)
    return f"https://{authority}{path}{query}{fragment}"


def _sorted_by(piece: str) -> str:
    return piece.partition("=")[0]


# --- key: the host ---------------------------------------------------------------------------------------------------

_PLAIN_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_ASCII_HOST = re.compile(r"[a-z0-9._-]+")
_PERCENT_HOST = re.compile(r"%[0-9A-Fa-f]{2}")


def _host_and_port(hosted: str) -> tuple[str, str]:
    """The host without `www.` and `m.`, and the port unless it is the usual one; an empty host where there is none."""
    port = ""
    if not _PLAIN_HOST.fullmatch(hosted):
        hosted, port = _plain_host(hosted)
    while True:
        if hosted.startswith("www.") and "." in hosted[4:]:
            hosted = hosted[4:]
        elif hosted.startswith("m.") and _is_mobile(hosted[2:]):
            hosted = hosted[2:]
        else:
            break
    if ".m." in hosted:
        language, _, site = hosted.partition(".m.")
        hosted = f"{language}.{site}" if site in WIKIS else hosted
    return hosted, port


def _is_mobile(rest: str) -> bool:
    return "." in rest and rest not in COMPOUND_SUFFIXES and rest not in TENANTED


def _plain_host(hosted: str) -> tuple[str, str]:
    if hosted.startswith("["):
        inside, bracket, after = hosted.partition("]")
        name, port = inside.lower() + bracket, after[1:] if after.startswith(":") else after
    else:
        name, _, port = hosted.partition(":")
        name = _ascii_host(name.rstrip(".")).rstrip(".")
    if port.isascii() and port.isdigit():
        port = port.lstrip("0") or "0"
    # Both usual ports for either scheme: a key has only one scheme left.
    return name, "" if port in ("80", "443") else port


def _ascii_host(name: str) -> str:
    """Lower case and IDNA. What IDNA refuses stays as it is but for the case."""
    lowered = name.lower() if name.isascii() else name
    if "%" in name:
        lowered = unquote(name).lower()
    elif name.isascii():
        return lowered
    try:
        encoded = yarl.URL.build(scheme="https", host=unicodedata.normalize("NFKC", lowered).lower()).raw_host or ""
    except (ValueError, UnicodeError):
        encoded = ""
    return encoded if _ASCII_HOST.fullmatch(encoded) else _ascii_lower(name)


def _ascii_lower(name: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def host(url: str) -> str:
    """The host in lower case and in ASCII (IDNA), without `www.`, user and port: for rules and for showing.

    ASCII because a letter of another alphabet can pass for ours. Empty for what is no http address.
    """
    parts = _PARTS.fullmatch(url)
    if not parts:
        return ""
    hosted = parts[1].rpartition("@")[2]
    name = hosted if _PLAIN_HOST.fullmatch(hosted) else _plain_host(hosted)[0]
    return name.removeprefix("www.") if "." in name[4:] else name


# --- key: path and query ---------------------------------------------------------------------------------------------

_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~!'()*,:@$&+;=/]*")
_PLAIN_PIECE = re.compile(r"[A-Za-z0-9\-._~!'()*,:@$+;=/?]*")
_ESCAPE = re.compile(
    r"(?:[A-Za-z]?(?:%[89A-Fa-f][0-9A-Fa-f]|[^\x00-\x7f])+)|%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!'()*,:@$&+;=/?]"
)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!'()*,:@")
_DOTS = re.compile(r"/\.\.?(?:/|$)")


def _escapes(code: int) -> str:
    return chr(code) if chr(code) in _UNRESERVED else f"%{code:02X}"


# Every way to write an ASCII character as an escape, and every raw character that should have been one.
_ONE_SPELLING = {f"%{a}{b}": _escapes(int(a + b, 16)) for a in "01234567" for b in "0123456789abcdefABCDEF"}
_ONE_SPELLING |= {chr(code): f"%{code:02X}" for code in range(128)}


def _respelled(match: re.Match[str]) -> str:
    """One spelling for one text. Reserved characters stay as they were written: `%2F` is not `/`, `%2B` is not `+`."""
    written = match.group()
    if spelling := _ONE_SPELLING.get(written):
        return spelling
    octets = b"".join(_octets(written))
    with suppress(UnicodeDecodeError):  # another charset, such as EUC-KR: the octets are all that is known
        octets = unicodedata.normalize("NFC", octets.decode()).encode()
    return "".join(chr(octet) if octet < 128 else f"%{octet:02X}" for octet in octets)


def _octets(written: str) -> list[bytes]:
    found = []
    for part in _ESCAPED_OR_RAW.findall(written):
        if part[0] == "%":
            found.append(bytes.fromhex(part.replace("%", "")))
        else:
            found.append(part.encode("utf-8", "surrogatepass"))
    return found


_ESCAPED_OR_RAW = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+|[^%]+")


def _path(path: str) -> str:
    if not _PLAIN_PATH.fullmatch(path):
        path = _ESCAPE.sub(_respelled, path.replace("\\", "/"))
    if "/." in path and _DOTS.search(path):
        path = _without_dots(path)
    return path.rstrip("/") if path.endswith("/") else path


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "".join("/" + segment for segment in kept)


def _query(query: str, shared: str, known: str) -> list[str]:
    """The parameters that say what is shown, in one spelling, in their order."""
    if not query:
        return []
    trackers = _of_site(SITE_TRACKERS, shared)
    if known != shared:
        trackers = trackers | _of_site(SITE_TRACKERS, known)
    ignored = _of_site(KEY_IGNORES, known)
    defaults = DEFAULTS.get(known, _NOTHING)
    pieces = []
    for piece in query.split("&"):
        if not _PLAIN_PIECE.fullmatch(piece):
            piece = _ESCAPE.sub(_respelled, piece).replace("%20", "+")
        name = _name(piece)
        if piece and piece not in defaults and name not in ignored and not _is_tracker(name, trackers):
            pieces.append(piece)
    return _unsigned(pieces) if len(pieces) > 1 else pieces


def _unsigned(pieces: list[str]) -> list[str]:
    """Without a signature of a known kind: another permission to see the same object."""
    names = frozenset(map(_name, pieces))
    if names.isdisjoint(_SIGNING):
        return pieces
    for given, dropped in SIGNED_BY:
        if given <= names:
            return [piece for piece in pieces if _name(piece) not in dropped]
    return pieces


_SIGNING = frozenset(name for given, _ in SIGNED_BY for name in given)


# --- key: fragments --------------------------------------------------------------------------------------------------

_SECTION = re.compile(r"[^/=!:&?]*")
_POSITION = re.compile(r"(?:fn|fnref|cite_note|cite_ref|footnote)[:-].*|t=[\dhms.]+")
_PAGE_OF_PDF = re.compile(r"(?:page|zoom|nameddest|view)=.*")


def _fragment(fragment: str, known: str, path: str) -> str:
    """What of a fragment may be a page of its own, with its `#`."""
    fragment = _ESCAPE.sub(_respelled, fragment.partition(":~:")[0])
    if known in FRAGMENT_IGNORED or fragment in ("", "/", "!", "!/"):
        return ""
    if known in FRAGMENT_IS_PAGE:
        return "#" + fragment
    if _SECTION.fullmatch(fragment) or _POSITION.fullmatch(fragment):
        return ""
    if path.endswith(".pdf") and _PAGE_OF_PDF.fullmatch(fragment):
        return ""
    kept = [piece for piece in fragment.split("&") if not _is_tracker(_name(piece), _NOTHING)]
    return "#" + "&".join(kept) if kept else ""


# --- key: redirectors and aliases ------------------------------------------------------------------------------------


def _redirected(known: str, path: str, query: str, fragment: str) -> str | None:
    """The address a redirector would lead to, None when it names none."""
    if known.endswith(SAFELINKS):
        known, path = SAFELINKS[1:], ""
    names = REDIRECTORS.get((known, path.rstrip("/")))
    if not names or not query:
        return None
    given = dict(piece.split("=", 1) for piece in reversed(query.split("&")) if "=" in piece)
    for name in names:
        target = given.get(name, "")
        target = target if _ADDRESS.match(target) else unquote(target)
        if _ADDRESS.match(target):
            return f"{target}#{fragment}" if fragment and "#" not in target else target
    return None


_ADDRESS = re.compile(r"https?://[^/?#\\\s]", re.I)
_VALUE = re.compile(r"[A-Za-z0-9_.~-]+")
_COMPILED = {
    alias: re.compile(alias.path, re.ASCII)
    for table in (PAGES, TENANT_PAGES)
    for aliases in table.values()
    for alias in aliases
}
_FIELDS = {alias: frozenset(re.findall(r"{(\w+)}", alias.page)) - {"host"} for alias in _COMPILED}


def _alias(alias: Alias, known: str, path: str, pieces: list[str]) -> str | None:
    match = _COMPILED[alias].fullmatch(path)
    if not match:
        return None
    fields = match.groupdict()
    missing = _FIELDS[alias] - fields.keys()
    if missing or (alias.keep and pieces):
        given = dict(piece.split("=", 1) for piece in reversed(pieces) if "=" in piece)
        for name in missing:
            value = given.get(name, "")
            if not _VALUE.fullmatch(value):
                return None
            fields[name] = value
        kept = [f"{name}={given[name]}" for name in sorted(alias.keep) if name in given and name not in fields]
    else:
        kept = []
    page = "https://" + alias.page.format(host=known, **fields)
    return page + ("&" if "?" in page else "?") + "&".join(kept) if kept else page


# --- key: sites whose paths need more than a pattern -----------------------------------------------------------------

_Address = tuple[str, list[str], str]


def _github(path: str, pieces: list[str], fragment: str) -> _Address:
    """Owners and repositories have no case; a clone's `.git` is the repository."""
    segments = path.split("/")
    segments[1:3] = map(str.lower, segments[1:3])
    if len(segments) == 3:
        segments[2] = segments[2].removesuffix(".git") or segments[2]
        pieces = [piece for piece in pieces if not piece.startswith("ref=")]
    return "/".join(segments), pieces, fragment


def _wikipedia(path: str, pieces: list[str], fragment: str) -> _Address:
    """`/w/index.php?title=X` is `/wiki/X`; blanks are underscores and the first letter is a capital."""
    if path == "/w/index.php" and len(pieces) == 1 and pieces[0].startswith("title=") and "?" not in pieces[0]:
        path, pieces = "/wiki/" + pieces[0][6:].replace("+", "_"), []
    if path.startswith("/wiki/"):
        title = path[6:].replace("%20", "_")
        path = "/wiki/" + title[:1].upper() + title[1:]
    return path, pieces, fragment


def _pypi(path: str, pieces: list[str], fragment: str) -> _Address:
    """Project names have no case and one separator (PEP 503)."""
    segments = path.split("/")
    if len(segments) > 2 and segments[1] in ("project", "p", "pypi"):
        segments[1] = "project"
        segments[2] = re.sub(r"[-_.]+", "-", segments[2]).lower()
    return "/".join(segments), pieces, fragment


def _x(path: str, pieces: list[str], fragment: str) -> _Address:
    """The old `#!/name` is a path; names have no case."""
    if not path and fragment.startswith("!/"):
        path, fragment = _path(fragment[1:].partition("?")[0]), ""
    if path.count("/") == 1:
        path = path.lower()
    return path, pieces, fragment


def _reddit(path: str, pieces: list[str], fragment: str) -> _Address:
    segments = path.split("/")
    if len(segments) > 2 and segments[1] == "r":
        segments[2] = segments[2].lower()
    return "/".join(segments), pieces, fragment


def _tistory(path: str, pieces: list[str], fragment: str) -> _Address:
    """`/m` is the mobile skin of the same post."""
    while path == "/m" or path.startswith("/m/"):
        path = path[2:].rstrip("/")
    return path, pieces, fragment


def _docs(path: str, pieces: list[str], fragment: str) -> _Address:
    """A sheet's number may stand in the query, in the fragment or in both; the first one is 0."""
    if fragment.startswith("gid=") and fragment[4:].isascii() and fragment[4:].isdigit() and fragment != "gid=0":
        pieces = [piece for piece in pieces if not piece.startswith("gid=")] + [fragment]
    return path, pieces, ""


def _doi(path: str, pieces: list[str], fragment: str) -> _Address:
    return _path(path.lower()), pieces, fragment


def _naver(path: str, pieces: list[str], fragment: str) -> _Address:
    """Naver renamed every `.nhn` to `.naver` and redirects."""
    return path[:-3] + "naver" if path.endswith(".nhn") else path, pieces, fragment


_TIDY = {
    "github.com": _github,
    "wikipedia.org": _wikipedia,
    "pypi.org": _pypi,
    "x.com": _x,
    "reddit.com": _reddit,
    "tistory.com": _tistory,
    "docs.google.com": _docs,
    "doi.org": _doi,
    "naver.com": _naver,
}
