"""Which section an entry stands in and why, and entries grouped under section headings.

Pure. The rules are the newsletter's settings, read anew for each edition; who may choose is ``curate.py``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from newsletter.entering import stands_on
from newsletter.model import Entry, Section
from newsletter.phrase import Phrase
from newsletter.settings import SectionSettings
from newsletter.words import hashtag

WITH_HEADINGS_FROM = 6
"""Fewer entries stand without section headings."""

EDITORS_CHOICE = Phrase("editor's choice")
_KINDS = Phrase("emoji"), Phrase("hashtag"), Phrase("domain"), Phrase("keyword"), Phrase("channel")


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """What one share says about a section: its hashtags in order, its address, title and words, its channel.

    ``channel`` is the name without ``#``; ``channel_id`` is ``platform:ID`` where rules may name it so.
    """

    hashtags: tuple[str, ...] = ()
    url: str = ""
    text: str = ""
    channel: str = ""
    channel_id: str = ""


Rule = Callable[[Sequence[SectionSettings], TagEvidence], tuple[str, str] | None]


def section_for(
    sections: Sequence[SectionSettings], shares: Sequence[TagEvidence], choice: str | None, emoji: Sequence[str]
) -> tuple[str, str]:
    """The section's tag and why, ``("", "")`` for none. ``shares`` are the folded ones, the earliest first.

    =================  =============================================================================================
    strongest first    matches
    =================  =============================================================================================
    editor's choice    a section's tag or title; ``""`` for no section. One that is configured no more does not count
    editors' emoji     the first of ``emoji``; ``:name:`` and ``name`` are the same, skin tones do not matter
    hashtag            the first of a share; a section's tag is one of its hashtags
    domain rule        the longest: ``arxiv.org`` with subdomains, ``github.com/owner`` with what is below
    keyword rule       the first section: a whole word in Latin script, any part of the text in CJK
    channel            ``papers``, ``#papers``, ``slack:#papers`` or ``slack:C123``
    =================  =============================================================================================

    The strongest rule any share meets decides, among shares that meet it the earliest.
    """
    if choice is not None:
        tag = _chosen(sections, choice)
        if tag is not None:
            return tag, EDITORS_CHOICE
    for sign in emoji:
        for section in sections:
            if _plain_emoji(sign) in map(_plain_emoji, section.emoji):
                return section.tag, f"emoji {sign}"
    for rule in _RULES:
        for share in shares:
            if found := rule(sections, share):
                return found
    return "", ""


def told(why: str) -> Phrase:
    """What ``section_for`` says why, also after it was kept as plain text."""
    kind = next((kind for kind in _KINDS if why.startswith(f"{kind} ")), None)
    return Phrase(why) if kind is None else Phrase.joined((kind, why.removeprefix(f"{kind} ")), " ")


def _chosen(sections: Sequence[SectionSettings], choice: str) -> str | None:
    wanted = _folded(choice)
    if not wanted:
        return ""
    return next((s.tag for s in sections if wanted in (_folded(s.tag), _folded(s.heading))), None)


def _by_hashtag(sections: Sequence[SectionSettings], share: TagEvidence) -> tuple[str, str] | None:
    for tag in share.hashtags:
        for section in sections:
            if hashtag(tag) in {hashtag(name) for name in (section.tag, *section.hashtags)}:
                return section.tag, f"hashtag #{tag.lstrip('#')}"
    return None


def _by_domain(sections: Sequence[SectionSettings], share: TagEvidence) -> tuple[str, str] | None:
    fitting = [(site, s.tag) for s in sections for site in s.domains if stands_on(share.url, site)]
    if not fitting:
        return None
    site, tag = max(fitting, key=lambda found: len(found[0].strip("/*")))
    return tag, f"domain {site}"


def _by_keyword(sections: Sequence[SectionSettings], share: TagEvidence) -> tuple[str, str] | None:
    text = _folded(share.text)
    for section in sections:
        for keyword in section.keywords:
            pattern = _keyword(keyword)
            if pattern and pattern.search(text):
                return section.tag, f"keyword {keyword}"
    return None


def _by_channel(sections: Sequence[SectionSettings], share: TagEvidence) -> tuple[str, str] | None:
    for section in sections:
        for channel in section.channels:
            if _is_channel(channel, share):
                return section.tag, f"channel #{share.channel}" if share.channel else f"channel {share.channel_id}"
    return None


_RULES: tuple[Rule, ...] = (_by_hashtag, _by_domain, _by_keyword, _by_channel)

_CJK = "\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"


@lru_cache(maxsize=1024)
def _keyword(keyword: str) -> re.Pattern[str] | None:
    """A letter or digit of another script than these three beside it makes a keyword a part of another word."""
    folded = _folded(keyword)
    if not folded:
        return None
    before = rf"(?<![^\W{_CJK}])" if re.match(rf"[^\W{_CJK}]", folded) else ""
    after = rf"(?![^\W{_CJK}])" if re.search(rf"[^\W{_CJK}]$", folded) else ""
    return re.compile(before + re.escape(folded).replace(r"\ ", r"\s+") + after)


def _folded(text: str) -> str:
    return " ".join(normalize("NFKC", normalize("NFKC", text).casefold()).split())


_VARIANT = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def _plain_emoji(emoji: str) -> str:
    return _VARIANT.sub("", emoji.strip().strip(":")).partition("::skin-tone")[0].casefold()


def _is_channel(pattern: str, share: TagEvidence) -> bool:
    platform, colon, name = pattern.rpartition(":")
    if colon and share.channel_id and not share.channel_id.startswith(f"{platform}:"):
        return False
    if share.channel_id and f"{platform}:{name}" == share.channel_id:
        return True
    return bool(share.channel) and _folded(name.rpartition("/")[2].lstrip("#")) == _folded(share.channel.lstrip("#"))


# --- sections -------------------------------------------------------------------------------------------------------


def group(
    entries: Sequence[Entry], sections: Sequence[SectionSettings], others: str, pick: str = ""
) -> tuple[Section, ...]:
    """The entries under their sections, in the settings' order, those without one last under ``others``.

    The editors' pick comes before everything, under the heading ``pick`` where there are headings.

    Fewer than six entries, or all of them in no section: one ``Section`` without a title. A section of one entry joins
    the last one, which is ``others``, made where there was none: under another section's title it would be wrong. The
    order of the entries is kept, so what joins stands where it stood among them.
    """
    if not entries:
        return ()
    picked = tuple(entry for entry in entries if entry.pick)
    rest = tuple(entry for entry in entries if not entry.pick)
    if len(entries) < WITH_HEADINGS_FROM or not rest:
        return (Section("", "", (*picked, *rest)),)
    below = _under_headings(rest, sections, others, again=bool(picked))
    return (Section("", pick, picked), *below) if picked else below


def _under_headings(
    entries: Sequence[Entry], sections: Sequence[SectionSettings], others: str, *, again: bool
) -> tuple[Section, ...]:
    """``again``: they come after a heading already, and so cannot stand without one."""
    sizes = {section.tag: sum(entry.section == section.tag for entry in entries) for section in sections}
    headed = [section for section in sections if sizes[section.tag] > 1]
    tags = {section.tag for section in headed}
    grouped = [
        Section(section.tag, section.heading, tuple(entry for entry in entries if entry.section == section.tag))
        for section in headed
    ]
    if rest := tuple(entry for entry in entries if entry.section not in tags):
        grouped.append(Section("", others if grouped or again else "", rest))
    return tuple(grouped)
