"""A page's title as a reader wants it: without the name of its site, and none where it is the title of a wall.

Pure and total. Where a title comes from is ``page.py``; how its text is cleaned and cut, ``title_text``.
"""

import re
import unicodedata
from collections.abc import Sequence

from newsletter.page_walls import EMPTY, LOGIN, PERHAPS, WALL

_SEPARATOR = re.compile(r"\s+[-–—―|｜¦‖·•∙⋅‧・»«›‹>/\\~:：]{1,3}\s+|\s*[|｜‖]\s*|\s+[–—]\s*|:{2}|：|:\s+")
_EDGE = " -–—―|｜¦‖·•∙⋅‧・»«›‹>/\\~:："
_NOT_LETTERS = re.compile(r"[\W_]+")
_FILLER = frozenset(("the", "www", "com", "net", "org", "inc", "co", "blog", "news", "online", "magazine"))

_DOMAIN = re.compile(r"(?:https?://)?(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}(?::\d+)?/?(?:\S*)?")
_BEFORE_OR_BEHIND = re.compile(r"\s+[-–—:·•|]\s+|\s*[|·•]\s*|:\s+")
_EXCLAIMED = re.compile(r"^(?:oops|whoops|sorry|uh[- ]oh)[\s!,.:–-]+(?=\w)")
_FOLDED_APART = re.compile(r"[\s.…!！。,、:;?？]+$|^[\s.…!！]+|^[45]\d\d \| ")


def is_wall(title: str) -> bool:
    """Whether the title is that of a page that stands in the way: a check, a login, an error."""
    return bool(WALL.fullmatch(_bare(title))) or _is_wall_of(title)


def is_login(title: str) -> bool:
    """Whether it is the title of a wall that may say what lies behind it."""
    return bool(LOGIN.fullmatch(_bare(title)))


def _is_wall_of(title: str) -> bool:
    """Whether it is a wall's title and somebody's name: "Sign in - Jira", "Google Docs: Sign-in"."""
    parts = [*_BEFORE_OR_BEHIND.finditer(title[:100])]
    for at in (parts[:1] + parts[-1:]) if len(title) <= 100 else ():
        before, behind = title[: at.start()], title[at.end() :]
        for wall, name in ((before, behind), (behind, before)):
            if len(name) > 30 or len(name.split()) > 4 or (wall is before and ":" in at[0]):
                continue
            bare = _bare(wall)
            if WALL.fullmatch(bare) and not PERHAPS.fullmatch(bare) and not bare.isdigit():
                return True
    return False


def is_junk(title: str) -> bool:
    """Whether the title says nothing about the page: a wall's, a placeholder, an address, no letter."""
    bare = _bare(title)
    if not any(letter.isalpha() for letter in bare):
        return not any(letter.isdigit() for letter in bare) or bool(WALL.fullmatch(bare))
    return bool(WALL.fullmatch(bare) or EMPTY.fullmatch(bare) or _is_address(bare)) or _is_wall_of(title)


def _bare(title: str) -> str:
    text = unicodedata.normalize("NFKC", title).casefold().strip()
    return _FOLDED_APART.sub("", _EXCLAIMED.sub("", text.replace(", ", " "))) if len(text) <= 80 else text


def _is_address(bare: str) -> bool:
    """A bare domain or address; a name such as "Node.js" or "asp.net" is one only with a path or a known start."""
    if not _DOMAIN.fullmatch(bare):
        return False
    return bare.startswith(("http://", "https://", "www.")) or bare.count(".") > 1 or "/" in bare


def same(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but case, spaces and punctuation."""
    return bool(letters := _letters(one)) and letters == _letters(other)


def is_host(title: str, host: str) -> bool:
    """Whether the title is no more than the host's name ("YouTube"): what a page without its scripts is called."""
    return _letters(title) in map(_letters, (host.removeprefix("www."), *host.split(".")))


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", text[:400]).casefold())


def without_site(title: str, sites: Sequence[str], host: str, headings: Sequence[str] = ()) -> str:
    """The title without the names its site puts before or behind it, as far as the page itself shows they are that.

    ``sites`` are names the page gives its site, ``host`` its host; ``headings`` other titles of the page: where one is
    a part of this one between separators, the rest is the site's. Never empty where the title is not.
    """
    title = title.strip()
    for heading in headings:
        if _is_part(heading, title):
            return heading.strip()
    names = {letters for name in sites if (letters := _letters(name))}
    for _ in range(3):
        shorter = _less(title, names, host)
        if shorter == title:
            return title
        title = shorter
    return title


def _less(title: str, names: set[str], host: str) -> str:
    parts = list(_SEPARATOR.finditer(title[:400]))
    for at in reversed(parts):
        if _is_site(title[at.end() :], names, host):
            return title[: at.start()].rstrip(_EDGE) or title
    if parts and _is_site(title[: parts[0].start()], names, host, behind=False):
        return title[parts[0].end() :].lstrip(_EDGE) or title
    return title


def _is_part(heading: str, title: str) -> bool:
    """Whether the title is the heading and, behind or before a separator, something shorter."""
    heading = heading.strip()
    if len(heading) < 8 or len(heading) >= len(title) or len(heading) * 4 < len(title):
        return False
    if title.startswith(heading):
        return bool(_SEPARATOR.match(title, len(heading)))
    if title.endswith(heading):
        return any(at.end() == len(title) - len(heading) for at in _SEPARATOR.finditer(title))
    return False


def _is_site(part: str, names: set[str], host: str, *, behind: bool = True) -> bool:
    """Before a title only the site's very name is its name: "GitHub Copilot | Features" is about the former."""
    letters = _letters(part)
    if not letters or len(part) > 60:
        return False
    if letters in names or any(letters == name.removeprefix("the") or "the" + letters == name for name in names):
        return True
    labels = [label for label in host.removeprefix("www.").split(".")[:-1] if len(label) > 2 and label not in _FILLER]
    whole = _letters(host.removeprefix("www."))
    words = part.split()
    if letters == whole or len(words) > 5:
        return letters == whole
    initials = "".join(word[0] for word in words).casefold()
    return any(
        letters.removeprefix("the") == (label := _letters(written)).removeprefix("the")
        or (behind and len(label) > 3 and label in letters and len(words) <= 3)
        or (behind and len(letters) > 4 and letters in label)
        or (behind and (initials == label or words[0].casefold() == label))
        for written in labels
    )
