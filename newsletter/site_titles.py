"""What the addresses of well-known sites say: a repository, a package, who wrote a post, the event of a group.

Pure and total: a table of sites, and a function for each kind of site. Paths as words are ``path_titles.py``.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, parse_qs

from newsletter.path_titles import SHAPES, Site, as_words, is_word, path_title, words


def _forge(host: str, path: list[str], _: SplitResult) -> str | None:
    """GitHub, GitLab and their like; ``/-/`` marks a GitLab wherever it is hosted."""
    if "-" in path:
        dash = path.index("-")
        repo, rest = "/".join(path[:dash]), path[dash + 1 :]
    else:
        if path[:1] == ["orgs"]:
            repo, rest = "/".join(path[1:2]), path[2:]
        elif path and path[0] in _FORGE_PAGES:
            return None
        else:
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
        case ["wiki" | "wikis", page, *pages]:
            return f"{repo}: {' / '.join(map(as_words, [page, *pages]))}"
        case ["actions", "runs", number, *_]:
            return f"{repo} run {number}"
        case ["projects" | "milestone" as kind, number, *_]:
            return f"{repo} {kind.removesuffix('s')} {number}"
        case ["compare", span]:
            return f"{repo} {span}"
        case [] if repo:
            return repo
        case [kind, *_] if repo:
            return f"{repo}: {kind}"
    return None


_FORGE_PAGES = words(
    """
    about apps blog collections contact customer-stories dashboard enterprise events explore features issues
    login marketplace new notifications orgs pricing pulls readme search security settings signup site sponsors
    stars team topics trending users
    """
)


def _raw_file(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"{path[0]}/{path[1]}: {'/'.join(path[3:])}" if len(path) > 3 else None


def _gist(_: str, path: list[str], parts: SplitResult) -> str | None:
    if len(path) > 1 and (file := re.fullmatch(r"file-(.+?)(?:-([a-z]{1,4}))?(?:-L\d+.*)?", parts.fragment)):
        return f"{'.'.join(filter(None, file.groups()))} (gist by {path[0]})"
    if len(path) > 1:
        return f"Gist by {path[0]} ({path[1][:7]})"
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
        case ["haddock", _, package, "src", page] | ["haddock", _, package, page, *_]:
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
            return as_words(slug)
        case ["questions" | "q" | "a", number, *_] if number.isdigit():
            return f"{host} {number}"
    return None


def _reddit(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["r" | "user", sub, "comments", _, slug, *_]:
            return f"{as_words(slug)} (r/{sub})"
        case ["r", sub, *_]:
            return f"r/{sub}"
        case ["user" | "u", name, *_]:
            return f"u/{name}"
    return None


def _twitter(host: str, path: list[str], _: SplitResult) -> str | None:
    place, kind = ("X", "Post") if host == "x.com" else ("Twitter", "Tweet")
    match path:
        case ["i" | "search" | "hashtag" | "home" | "share" | "intent" | "settings", *_] | []:
            return None
        case [name, "status" | "statuses", *_]:
            return f"{kind} by @{name.lstrip('@')} ({place})"
        case [name, *_]:
            return f"@{name.lstrip('@')} ({place})"
    return None


def _bluesky(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["profile", name, "post", *_]:
            return f"Post by @{name} (Bluesky)"
        case ["profile", name, *_]:
            return f"@{name} (Bluesky)"
    return None


def _youtube(host: str, path: list[str], parts: SplitResult) -> str | None:
    query = parse_qs(parts.query)
    if path[:1] and path[0].startswith("@"):
        return f"{path[0]} (YouTube)"
    if len(path) > 1 and path[0] in ("c", "user"):
        return f"{path[1]} (YouTube)"
    if len(path) > 1 and path[0] == "channel":
        return f"YouTube channel {path[1][:9]}"
    video = path[0] if host == "youtu.be" and path else "".join(query.get("v", [])[:1])
    if len(path) > 1 and path[0] in ("shorts", "live", "embed", "v"):
        video = path[1]
    if video:
        return f"YouTube video {video}"
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
    match path[path.index("pipermail") + 1 :]:
        case [name, month, *_]:
            return f"{name} mailing list, {month}"
        case [name]:
            return f"{name} mailing list"
    return None


def _google_group(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["g" | "group", name, *_] | ["a", _, "g" | "group", name, *_]:
            return f"{name} (Google Groups)"
        case ["forum", "forum" | "topic" | "msg", name, *_]:
            return f"{name} (Google Groups)"
    return None


def _extension(_: str, __: list[str], parts: SplitResult) -> str | None:
    name = "".join(parse_qs(parts.query).get("itemName", [])[:1])
    return f"{name} (Visual Studio Marketplace)" if name else None


def _doi(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"doi:{'/'.join(path)}" if path and path[0].startswith("10.") else None


def _by_author(kinds: Mapping[str, str], name: str) -> Site:
    """Blogs whose addresses end in a random id: the author is what a reader knows."""

    def title(host: str, path: list[str], _: SplitResult) -> str | None:
        if len(path) > 2 and path[1] in kinds and path_title(host, path) is None:
            return f"{kinds[path[1]]} by {path[0]} ({name})"
        return f"{path[0]} ({name})" if len(path) == 1 and is_word(path[0]) else None

    return title


def _event(site: str, name: str) -> Site:
    """A group's event: the group is the host's first label, or stands before ``events``."""

    def title(host: str, path: list[str], _: SplitResult) -> str | None:
        group = host.removesuffix(site).rstrip(".")
        match path:
            case ["event" | "events", number, *_] if number.isdigit():
                return f"{group} event {number} ({name})".strip()
            case [group, "events", number, *_] if number.isdigit():
                return f"{as_words(group)} event {number} ({name})"
        return f"{group} ({name})" if group and not path else None

    return title


def _build(name: str) -> Site:
    def title(_: str, path: list[str], __: SplitResult) -> str | None:
        own = path[1:] if path[:1] in (["github"], ["gh"], ["gitlab"], ["bitbucket"], ["bb"]) else path
        match own:
            case [owner, repo, *_, number] if number.isdigit():
                return f"{owner}/{repo} build {number} ({name})"
            case [owner, repo, *_]:
                return f"{owner}/{repo} ({name})"
        return None

    return title


def _atcoder(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["contests", _, "tasks", task, *_]:
            return f"{as_words(task)} (AtCoder)"
        case ["contests", contest, "submissions", number, *_] if number.isdigit():
            return f"{contest} submission {number} (AtCoder)"
        case ["contests", contest, kind, *_]:
            return f"{contest} {as_words(kind)} (AtCoder)"
        case ["contests" | "users", name]:
            return f"{name} (AtCoder)"
    return None


def _video(name: str, folder: str = "") -> Site:
    def title(_: str, path: list[str], __: SplitResult) -> str | None:
        own = path[1:] if folder and path[:1] == [folder] else [] if folder else path
        return f"{name} video {own[0]}" if own and any(letter.isdigit() for letter in own[0]) else None

    return title


def _app(_: str, path: list[str], parts: SplitResult) -> str | None:
    name = "".join(parse_qs(parts.query).get("id", [])[:1])
    return f"{name} (Google Play)" if path[:2] == ["store", "apps"] and name else None


def _apple_app(_: str, path: list[str], __: SplitResult) -> str | None:
    at = path.index("app") + 1 if "app" in path else len(path)
    return f"{as_words(path[at])} (App Store)" if at < len(path) - 1 else None


def _chrome_extension(_: str, path: list[str], __: SplitResult) -> str | None:
    at = path.index("detail") + 1 if "detail" in path else len(path)
    return f"{as_words(path[at])} (Chrome Web Store)" if at < len(path) - 1 else None


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
    ("qiita.com", _by_author({"items": "Article"}, "Qiita")),
    ("zenn.dev", _by_author({"articles": "Article", "books": "Book", "scraps": "Scrap"}, "Zenn")),
    ("note.com", _by_author({"n": "Note"}, "note")),
    ("connpass.com", _event("connpass.com", "connpass")),
    ("doorkeeper.jp", _event("doorkeeper.jp", "Doorkeeper")),
    ("meetup.com", _event("meetup.com", "Meetup")),
    ("peatix.com", _event("peatix.com", "Peatix")),
    ("atcoder.jp", _atcoder),
    ("travis-ci.org", _build("Travis CI")),
    ("travis-ci.com", _build("Travis CI")),
    ("circleci.com", _build("CircleCI")),
    ("vimeo.com", _video("Vimeo")),
    ("nicovideo.jp", _video("niconico", "watch")),
    ("twitch.tv", _video("Twitch", "videos")),
    ("play.google.com", _app),
    ("apps.apple.com", _apple_app),
    ("chrome.google.com", _chrome_extension),
    ("chromewebstore.google.com", _chrome_extension),
    ("groups.google.com", _google_group),
    (
        "speakerdeck.com",
        lambda _, path, __: f"{as_words(path[1])} ({path[0]}, Speaker Deck)" if len(path) > 1 else None,
    ),
    ("slideshare.net", lambda _, path, __: f"{as_words(path[-1])} (SlideShare)" if len(path) > 1 else None),
)


def site_title(host: str, segments: list[str], parts: SplitResult) -> str | None:
    """What the site's rule, or the address's shape, says; ``None`` where neither says anything."""
    if "" in segments:  # an undecodable part: no rule may print it
        return None
    if "-" in segments[2:] or (host.startswith(("gitlab.", "git.", "gitea.")) and len(segments) > 1):
        return _forge(host, segments, parts)
    if "pipermail" in segments:
        return _mailing_list(host, segments, parts)
    own = next((title for site, title in SITES if host == site or host.endswith(f".{site}")), None)
    if own and (title := own(host, segments, parts)):
        return title
    if len(segments) == 2 and segments[0].startswith("@") and segments[1].isdigit():
        return f"{segments[0]}@{host}"  # a Mastodon post
    return next((title for shape in SHAPES if (title := shape(host, segments, parts))), None)
