"""An edition as some readers may see it: everything for the team, heading, link and words for the public. Pure.

What a public reader is not shown is taken out here, before anything is drawn; drawing escapes, and decides nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from newsletter import entering, tags, urls, words
from newsletter.model import Edition, Entry
from newsletter.settings import Audience, NewsletterSettings, Shown


def for_audience(
    edition: Edition,
    audience: Audience,
    settings: NewsletterSettings,
    *,
    someone: str,
    others: str,
    show: Sequence[Shown] = (),
    pick: str = "",
) -> Edition:
    """The edition as these readers may see it. For ``TEAM`` it is unchanged.

    ``PUBLIC`` sees no held entry, no held or left-out address in anybody's words, nothing from a private channel
    (unless the settings say it may be published), no discussion, and no person, reaction, permalink or channel but
    those in ``show``. Sections are grouped anew from what is left.
    """
    if audience is Audience.TEAM:
        return edition
    entries = [public for entry in edition.entries if (public := _public(entry, settings, someone, show)) is not None]
    again = [public for entry in edition.again if (public := _public(entry, settings, someone, show)) is not None]
    sections = tags.group(entries, settings.sections, others, pick)
    return replace(edition, sections=sections, again=tuple(again), left_out=())


def _public(entry: Entry, settings: NewsletterSettings, someone: str, show: Sequence[Shown]) -> Entry | None:
    allowed = settings.private == "may be published"
    shares = tuple(shared for shared in entry.shares if allowed or not shared.private)
    if entry.held or not shares:
        return None
    links = tuple(
        link for link in entry.links if (allowed or not link.private) and entering.why_held(link.url, settings) is None
    )

    def is_held(url: str) -> bool:
        held = entering.why_held(url, settings) or entering.why_out(url, settings)
        return held is not None and urls.key(url) != entry.key

    def told(text: str) -> str:
        return words.withhold(words.rename(text, unnamed), is_held)

    def unnamed(kind: str, _id: str, label: str) -> str:
        if kind == "person":
            return label if "people" in show else someone
        return label if "channels" in show else "#…"

    return replace(
        entry,
        words=told(entry.words),
        note=told(entry.note),
        shares=tuple(
            replace(
                shared,
                person=shared.person if "people" in show else replace(shared.person, name=""),
                channel=shared.channel if "channels" in show else "",
                permalink=shared.permalink if "permalinks" in show else None,
                words=told(shared.words),
            )
            for shared in shares
        ),
        links=links,
        description=words.withhold(entry.description, is_held),
        reactions=entry.reactions if "reactions" in show else (),
        discussion=(),
    )
