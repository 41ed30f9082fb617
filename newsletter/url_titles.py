"""A title read from an address alone: ``owner/repo#12``, ``arXiv 2006.14536``, the words of a path, or host and path.

Pure and total; nothing is fetched. Cleaning and cutting of titles are ``title_text.py``.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from newsletter.model import TitleSource
from newsletter.title_text import MAX_LINE, clean, has_cjk, width


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split())


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
    title = _site_title(host, segments, parts) or _path_title(host, segments)
    if title and (title := clean(title)):
        return title, TitleSource.URL
    known = ("…" if len(segment) > 19 and _looks_random(segment) else segment or "…" for segment in segments)
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


Site = Callable[[str, list[str], SplitResult], str | None]


def _forge(host: str, path: list[str], _: SplitResult) -> str | None:
    """GitHub, GitLab and their like; ``/-/`` marks a GitLab wherever it is hosted."""
    if "-" in path:
        dash = path.index("-")
        repo, rest = "/".join(path[:dash]), path[dash + 1 :]
    else:
        if path and path[0] in _FORGE_PAGES:
            return None
        repo, rest = "/".join(path[:2]).removesuffix(".git"), path[2:]
    match rest:
        case ["issues" | "pull" | "pulls" | "merge_requests" | "discussions" | "work_items", number, *_] if (
            number.isdigit()
        ):
            return f"{repo}#{number}"
        case ["commit" | "commits", sha, *_] if re.fullmatch(r"[0-9a-f]{7,64}", sha):
            return f"{repo}@{sha[:7]}"
        case ["pull", _, "commits", sha, *_]:
            return f"{repo}@{sha[:7]}"
        case ["releases", "tag", tag, *_] | ["releases", tag] | ["tags", tag]:
            return f"{repo} {tag}"
        case ["blob" | "tree" | "raw" | "blame" | "edit", _, *names] if names:
            return f"{repo}: {'/'.join(names)}"
        case ["tree" | "commits" | "src", branch]:
            return f"{repo} ({branch[:7] if re.fullmatch('[0-9a-f]{40}', branch) else branch})"
        case ["wiki" | "wikis", page, *_]:
            return f"{repo}: {_as_words(page)}"
        case ["compare", span]:
            return f"{repo} {span}"
        case [] if repo:
            return repo
        case [kind, *_] if repo:
            return f"{repo}: {kind}"
    return None


_FORGE_PAGES = _words(
    """
    about apps blog collections contact customer-stories dashboard enterprise events explore features issues
    login marketplace new notifications orgs pricing pulls readme search security settings signup site sponsors
    stars team topics trending users
    """
)


def _raw_file(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"{path[0]}/{path[1]}: {'/'.join(path[3:])}" if len(path) > 3 else None


def _gist(_: str, path: list[str], __: SplitResult) -> str | None:
    if len(path) > 1:
        return f"gist {path[0]}/{path[1][:7]}"
    return f"gist {path[0][:20]}" if path else None


def _arxiv(_: str, path: list[str], __: SplitResult) -> str | None:
    if len(path) > 1 and path[0] in ("abs", "pdf", "html", "format", "ps"):
        number = re.sub(r"(?:\.pdf)?$", "", "/".join(path[1:3]), flags=re.IGNORECASE)
        return f"arXiv {re.sub(r'v[0-9]+$', '', number)}"
    return None


def _package(folders: Sequence[str], registry: str) -> Site:
    """A page of a package registry: ``numpy (PyPI)``; a scope (``@babel/core``) belongs to the name."""

    def title(_: str, path: list[str], __: SplitResult) -> str | None:
        if len(path) < 2 or path[0] not in folders:
            return None
        name = "/".join(path[1:3]) if path[1].startswith("@") or folders == ("packages",) else path[1]
        page = re.sub(r"\.html?$", "", path[-1]) if path[-1].endswith((".html", ".htm")) and len(path) > 2 else ""
        if registry in ("Hackage", "Stackage") and page and page != "index":
            return f"{page.replace('-', '.')} ({name}, {registry})"
        return f"{name} ({registry})"

    return title


def _stackage(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["haddock", _, package, page, *_]:
            module = page.removesuffix(".html").replace("-", ".")
            return f"{package} (Stackage)" if module == "index" else f"{module} ({package}, Stackage)"
        case [_, "package", package, *_]:
            return f"{package} (Stackage)"
        case ["package", package, *_]:
            return f"{package} (Stackage)"
    return None


def _docs_rs(_: str, path: list[str], __: SplitResult) -> str | None:
    return (
        f"{path[0] if path[0] != 'crate' else path[1]} (docs.rs)"
        if len(path) > 1 or (path and path[0] != "crate")
        else None
    )


def _go_package(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"{'/'.join(path)} (Go)" if path else None


def _hugging_face(_: str, path: list[str], __: SplitResult) -> str | None:
    if path and path[0] in ("datasets", "spaces", "papers", "collections"):
        return f"{'/'.join(path[1:3])} (Hugging Face)" if len(path) > 1 else None
    if len(path) == 2 and path[0] not in ("docs", "blog", "models", "learn", "tasks", "transformers", "nlp", "join"):
        return f"{path[0]}/{path[1]} (Hugging Face)"
    return None


def _wikipedia(_: str, path: list[str], parts: SplitResult) -> str | None:
    name = path[-1] if len(path) > 1 else "".join(parse_qs(parts.query).get("title", [])[:1])
    if not name or name == "index.php":
        name = "".join(parse_qs(parts.query).get("title", [])[:1])
    return f"{name.replace('_', ' ')} (Wikipedia)" if name else None


def _questions(host: str, path: list[str], _: SplitResult) -> str | None:
    match path:
        case ["questions", number, slug, *_] if number.isdigit() and not slug.isdigit():
            return _as_words(slug)
        case ["questions" | "q" | "a", number, *_] if number.isdigit():
            return f"{host} {number}"
    return None


def _reddit(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["r" | "user", sub, "comments", _, slug, *_]:
            return f"{_as_words(slug)} (r/{sub})"
        case ["r", sub, *_]:
            return f"r/{sub}"
        case ["user" | "u", name, *_]:
            return f"u/{name}"
    return None


def _twitter(host: str, path: list[str], _: SplitResult) -> str | None:
    place = "X" if host == "x.com" else "Twitter"
    match path:
        case ["i" | "search" | "hashtag" | "home" | "share" | "intent" | "settings", *_] | []:
            return None
        case [name, *_]:
            return f"@{name.lstrip('@')} ({place})"
    return None


def _bluesky(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"@{path[1]} (Bluesky)" if len(path) > 1 and path[0] == "profile" else None


def _youtube(host: str, path: list[str], parts: SplitResult) -> str | None:
    query = parse_qs(parts.query)
    if path[:1] and path[0].startswith("@"):
        return f"{path[0]} (YouTube)"
    video = path[0] if host == "youtu.be" and path else "".join(query.get("v", [])[:1])
    if len(path) > 1 and path[0] in ("shorts", "live", "embed", "v", "c", "user"):
        video = path[1]
    if video:
        return f"YouTube {video}"
    return "YouTube playlist " + query["list"][0] if query.get("list") else None


def _hacker_news(_: str, path: list[str], parts: SplitResult) -> str | None:
    number = "".join(parse_qs(parts.query).get("id", [])[:1])
    return f"Hacker News {number}" if number else None


def _google_documents(_: str, path: list[str], __: SplitResult) -> str | None:
    names = {"document": "Docs", "spreadsheets": "Sheets", "presentation": "Slides", "forms": "Forms", "file": "Drive"}
    names |= {"drive": "Drive", "folders": "Drive", "drawings": "Drawings"}
    identity = max(path, key=len, default="")
    return f"Google {names[path[0]]} {identity[:7]}" if path and path[0] in names and len(identity) > 19 else None


def _mailing_list(_: str, path: list[str], __: SplitResult) -> str | None:
    at = path.index("pipermail")
    return " ".join(path[at + 1 : at + 3]) if len(path) > at + 2 else None


def _extension(_: str, __: list[str], parts: SplitResult) -> str | None:
    name = "".join(parse_qs(parts.query).get("itemName", [])[:1])
    return f"{name} (Visual Studio Marketplace)" if name else None


def _doi(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"doi:{'/'.join(path)}" if path and path[0].startswith("10.") else None


def _by_author(places: Sequence[str], name: str) -> Site:
    """Blogs whose addresses end in a random id: the author is what a reader knows."""

    def title(host: str, path: list[str], _: SplitResult) -> str | None:
        if len(path) > 2 and path[1] in places and _path_title(host, path) is None:
            return f"{path[0]} ({name} {path[2][:7]})"
        return None

    return title


SITES: tuple[tuple[str, Site], ...] = (
    # Host (its subdomains too), and what its addresses say. A site belongs here when its path names the thing better
    # than its last segment does.
    ("gist.github.com", _gist),
    ("raw.githubusercontent.com", _raw_file),
    ("github.com", _forge),
    ("gitlab.com", _forge),
    ("bitbucket.org", _forge),
    ("codeberg.org", _forge),
    ("arxiv.org", _arxiv),
    ("pypi.org", _package(("project", "p"), "PyPI")),
    ("npmjs.com", _package(("package",), "npm")),
    ("crates.io", _package(("crates",), "crates.io")),
    ("hackage.haskell.org", _package(("package",), "Hackage")),
    ("stackage.org", _stackage),
    ("rubygems.org", _package(("gems",), "RubyGems")),
    ("nuget.org", _package(("packages",), "NuGet")),
    ("docs.rs", _docs_rs),
    ("pkg.go.dev", _go_package),
    ("huggingface.co", _hugging_face),
    ("wikipedia.org", _wikipedia),
    ("stackoverflow.com", _questions),
    ("stackexchange.com", _questions),
    ("superuser.com", _questions),
    ("serverfault.com", _questions),
    ("askubuntu.com", _questions),
    ("reddit.com", _reddit),
    ("twitter.com", _twitter),
    ("x.com", _twitter),
    ("bsky.app", _bluesky),
    ("youtube.com", _youtube),
    ("youtu.be", _youtube),
    ("news.ycombinator.com", _hacker_news),
    ("docs.google.com", _google_documents),
    ("drive.google.com", _google_documents),
    ("marketplace.visualstudio.com", _extension),
    ("doi.org", _doi),
    ("qiita.com", _by_author(("items",), "Qiita")),
    ("zenn.dev", _by_author(("articles", "books", "scraps"), "Zenn")),
    ("note.com", _by_author(("n",), "note")),
    (
        "speakerdeck.com",
        lambda _, path, __: f"{_as_words(path[1])} ({path[0]}, Speaker Deck)" if len(path) > 1 else None,
    ),
    ("slideshare.net", lambda _, path, __: f"{_as_words(path[-1])} (SlideShare)" if len(path) > 1 else None),
)


def _site_title(host: str, segments: list[str], parts: SplitResult) -> str | None:
    if "" in segments:  # an undecodable part: no rule may print it
        return None
    if "-" in segments[2:] or (host.startswith(("gitlab.", "git.", "gitea.")) and len(segments) > 1):
        return _forge(host, segments, parts)
    if "pipermail" in segments:
        return _mailing_list(host, segments, parts)
    for site, title in SITES:
        if host == site or host.endswith(f".{site}"):
            return title(host, segments, parts)
    if len(segments) == 2 and segments[0].startswith("@") and segments[1].isdigit():
        return f"{segments[0]}@{host}"  # a Mastodon post
    return None


_EXTENSION = re.compile(
    r"(?:\.(?:s?html?|xhtml|php|aspx?|jsp|cgi|md|markdown|rst|txt|pdf|ipynb|docx?|pptx?|xlsx?|mediawiki|hs|lhs|py|tar|gz|xz|zip))+$",
    re.IGNORECASE,
)
_DATE = re.compile(r"^(?:19|20)\d\d[-_./]?(?:0[1-9]|1[0-2])[-_./]?(?:[0-3]\d)?(?:[-_. ]+|$)|^[01]\d-[0-3]\d-")
_LEADING_ID = re.compile(r"^\d{4,}[-_](?=\D{2})(?<!^(?:19|20)\d\d[-_])")
_TRAILING_ID = re.compile(r"[-_.](?=[0-9a-f]*\d)[0-9a-f]{8,}$|[-_](?:[a-z]?\d{5,}|p\d{4,})$", re.IGNORECASE)
_SAYS_NOTHING = _words(
    """
    index home main default wiki blog git forum topic group groups about docs doc documentation
    posts post articles article archives archive view edit show item items entry entries news page pages readme
    latest stable master en ja ko jp kr watch
    search login user users file files download downloads dp d p s a t u usp status details detail
    """
)


def _path_title(host: str, segments: list[str]) -> str | None:
    """The last segment as words; with the host where it is a single word, which could be anybody's."""
    names = [
        segment
        for segment in segments
        if segment.casefold().partition(".")[0] not in ("index", "readme", "default", "amp")
    ]
    names = _without_number(names)
    if not names or not names[-1]:
        return None
    words = _as_words(names[-1])
    tokens = words.split()
    if not tokens or all(token.casefold() in _SAYS_NOTHING for token in tokens) or _looks_random(words):
        return None
    if (
        len(segments) == len(tokens) == 1
        and len(host) < 9
        and len(words) < 12
        and (not words.islower() or not words.isalpha())
    ):
        return None  # a shortener's code
    spoken = [token for token in tokens if _is_word(token)]
    if len(spoken) > 1 or (spoken and width(words) >= 8 and has_cjk(words)):
        return words
    return f"{words} ({host})" if spoken and len(words) > 2 else None


def _without_number(names: list[str]) -> list[str]:
    """Without a number after a slug (Discourse, news sites): ``/t/ghc-is-out/4901``."""
    if len(names) > 1 and names[-1].isdigit() and len([*filter(_is_word, _as_words(names[-2]).split())]) > 2:
        return names[:-1]
    return names


def _as_words(segment: str) -> str:
    """``2018-10-04-all-about_strictness.html`` -> ``all about strictness``: no date, id or file ending."""
    name = _EXTENSION.sub("", segment)
    for noise in (_DATE, _LEADING_ID, _TRAILING_ID):
        rest = noise.sub("", name)
        if any(letter.isalpha() for letter in rest):
            name = rest
    return " ".join(re.sub(r"[-_+|~]+", " ", name).split()) or segment


def _is_word(token: str) -> bool:
    return has_cjk(token) or (sum(letter.isalpha() for letter in token) > 1 and not _looks_random(token))


def _looks_random(token: str) -> bool:
    """An id and not a word: hex, digits, or letters and digits shuffled as in ``6aec696bb54``, ``dQw4w9WgXcQ``."""
    if has_cjk(token):
        return False
    text = re.sub(r"[^0-9A-Za-z]", "", token)
    if not text or text.isdigit() or re.fullmatch(r"[A-Za-z]{1,6}\d{5,}", text):
        return True
    if re.fullmatch(r"[0-9a-fA-F]{7,}", text) and any(letter.isdigit() for letter in text):
        return True
    if " " in token:
        return False
    turns = len(
        re.findall(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z0-9])(?=[a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", text)
    )
    return len(text) >= 8 and any(letter.isdigit() for letter in text) and turns * 3 >= len(text)
