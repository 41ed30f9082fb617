"""One entry: what a link's shares, page and choices come to, as title, words, section, people and reactions. Pure.

Whether the link is in the edition at all is ``placing``'s to say, where the entry stands ``assemble``'s.
"""

from collections.abc import Sequence
from dataclasses import replace

from newsletter import entering, tags, urls, words
from newsletter.heard import ChannelId, PersonId
from newsletter.material import Chosen, Frame, Material, joined
from newsletter.model import (
    Entry,
    EntryLink,
    Field,
    KeptReaction,
    KeptReply,
    KeptShare,
    Page,
    Person,
    Shared,
    TitleSource,
)
from newsletter.settings import NewsletterSettings

Reacted = KeptShare | KeptReply
"""What people may react to."""


def entry_of(
    key: str,
    shares: Sequence[KeptShare],
    below: Sequence[Sequence[KeptShare]],
    chosen: Chosen,
    settings: NewsletterSettings,
    frame: Frame,
    material: Material,
) -> Entry:
    """The entry of the link ``key``. ``shares`` are all of it, the earliest first; ``below`` those of each link that
    stands under its heading."""
    telling = tellers(shares)
    lead = telling[0]
    page = material.pages.get(key, Page())
    url = address(key, telling, page)
    title, source = _title(telling, chosen, page, url)
    section, why = _section(shares, telling, title, url, chosen, settings, material)
    said = named(chosen.get(Field.WORDS) or _first_words(telling), lead.channel, material)
    note = chosen.get(Field.NOTE, "")
    if note and said and frame.note:
        note = f"**{frame.note}:** {note}"
    linked = {urls.key(url) for url in urls.find(f"{said}\n{note}")} if below else set()
    return Entry(
        key=key,
        url=url,
        title=title,
        title_source=source,
        words=said,
        site=page.site or (lead.preview.site if lead.preview else "") or urls.host(url),
        shares=tuple(as_shared(share, material) for share in shares),
        score=score(shares, settings),
        # A link that stands in the sentence is there already.
        links=tuple(_below(own, material) for own in below if linked.isdisjoint(share.key for share in own)),
        reactions=_reactions(shares, settings),
        hashtags=tuple(dict.fromkeys(tag for share in telling for tag in share.hashtags)),
        section=section,
        section_why=why,
        pinned=chosen.get(Field.PINNED) == "yes",
        held=why_held(url, chosen, settings),
        description=page.description or (lead.preview.description if lead.preview else ""),
        image=page.image or (lead.preview.image if lead.preview else ""),
        pick=chosen.get(Field.PICK) == "yes",
        by_editor=bool(chosen.get(Field.WORDS)),
        note=note,
    )


def tellers(shares: Sequence[KeptShare]) -> Sequence[KeptShare]:
    """The shares whose words and titles may be shown: those from private channels only where there are no others.

    So what a public reader is shown never hangs on what was said in private.
    """
    return [share for share in shares if not share.channel_private] or shares


def address(key: str, telling: Sequence[KeptShare], page: Page) -> str:
    """As it was shared; where that was only another address of it (a shortener), where that leads."""
    own = next((share.url for share in telling if share.key == key), "")
    return own or page.url or telling[0].url


def _title(telling: Sequence[KeptShare], chosen: Chosen, page: Page, url: str) -> tuple[str, TitleSource]:
    if editors := chosen.get(Field.TITLE):
        return editors, TitleSource.EDITOR
    own = [(share.title, share.title_source) for share in telling if share.title and share.title_source]
    if own:
        order = list(TitleSource)
        title, source = min(own, key=lambda found: order.index(found[1]))
        return title, source
    if page.title:
        return page.title, TitleSource.PAGE
    preview = next((share.preview.title for share in telling if share.preview and share.preview.title), "")
    if preview:
        return words.plain_title(preview), TitleSource.PREVIEW
    return words.title_from_url(url)


def _first_words(telling: Sequence[KeptShare]) -> str:
    return next((text for share in telling if (text := _words(share))), "")


def _words(share: KeptShare) -> str:
    return share.comment or words.follow_up(share.follow_up)


def _section(
    shares: Sequence[KeptShare],
    telling: Sequence[KeptShare],
    title: str,
    url: str,
    chosen: Chosen,
    settings: NewsletterSettings,
    material: Material,
) -> tuple[str, str]:
    evidence = [
        tags.TagEvidence(
            hashtags=share.hashtags,
            url=url,
            text="\n".join((title, _words(share))),
            channel=share.channel_name,
            channel_id=f"{share.channel.platform}:{share.channel.id}",
        )
        for share in telling
    ]
    emoji = sorted(editors_emoji(shares, settings, material))
    return tags.section_for(settings.sections, evidence, chosen.get(Field.SECTION), emoji)


def as_shared(share: KeptShare, material: Material) -> Shared:
    """The share as a reader for whom nothing is hidden sees it."""
    return Shared(
        share=share.id,
        person=Person(share.author, material.names.get(share.author, "")),
        at=share.sent_at,
        channel=share.channel_name,
        permalink=share.permalink,
        words=named(_words(share), share.channel, material),
        private=share.channel_private,
    )


def _below(shares: Sequence[KeptShare], material: Material) -> EntryLink:
    telling = tellers(shares)
    key = joined(telling[0].key, material.joins)
    page = material.pages.get(key, Page())
    url = address(key, telling, page)
    title, _ = _title(telling, {}, page, url)
    return EntryLink(url, title, telling[0].channel_private)


def named(text: str, channel: ChannelId, material: Material) -> str:
    """Words of this channel with everybody's newest name."""

    def name(kind: str, id: str, label: str) -> str:
        platform, workspace = channel.platform, channel.workspace
        if kind == "person":
            newest = material.names.get(PersonId(platform, workspace, id))
            return f"@{newest}" if newest else label
        newest = material.channels.get(ChannelId(platform, workspace, id))
        return f"#{newest}" if newest else label

    return words.rename(text, name)


def why_held(url: str, chosen: Chosen, settings: NewsletterSettings) -> str | None:
    """Why the public may not read it, unless an editor released it."""
    return None if chosen.get(Field.RELEASED) == "yes" else entering.why_held(url, settings)


# --- reactions -----------------------------------------------------------------------------------------------------


def score(shares: Sequence[Reacted], settings: NewsletterSettings) -> int:
    """Distinct people who said it or reacted. Unnamed ones count once per link at the most: they may be the same
    people."""
    counted = [(share, reaction) for share in shares for reaction in _counting(share, settings)]
    people = {share.author for share in shares} | {person for _, reaction in counted for person in reaction.people}
    return len(people) + max((reaction.unnamed for _, reaction in counted), default=0)


def _reactions(shares: Sequence[KeptShare], settings: NewsletterSettings) -> tuple[tuple[str, int], ...]:
    """How many people reacted with what, most first; one message that holds several links counts once for each."""
    people: dict[str, set[PersonId]] = {}
    hidden: dict[str, int] = {}
    for share in shares:
        for reaction in _counting(share, settings):
            people.setdefault(reaction.emoji, set()).update(reaction.people)
            hidden[reaction.emoji] = hidden.get(reaction.emoji, 0) + reaction.unnamed
    counts = {emoji: len(found) + hidden[emoji] for emoji, found in people.items()}
    return tuple(sorted(((e, n) for e, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0])))


def _counting(share: Reacted, settings: NewsletterSettings) -> list[KeptReaction]:
    """The reactions that say something for a share: not the emoji that are ignored or decide, and not the sharer's
    own."""
    return [
        replace(reaction, people=tuple(person for person in reaction.people if person != share.author))
        for reaction in share.reactions
        if reaction.emoji not in settings.ignored_emoji and reaction.emoji not in settings.emoji.curating
    ]


def editors_emoji(shares: Sequence[Reacted], settings: NewsletterSettings, material: Material) -> frozenset[str]:
    """What editors put on the messages of these shares."""
    return frozenset(
        reaction.emoji
        for share in shares
        for reaction in share.reactions
        for person in reaction.people
        if person in material.editors or f"{person.platform}:{person.id}" in settings.editors
    )
