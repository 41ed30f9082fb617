"""Assembling: everything known about a newsletter's shares -> an Edition. Pure: same chat, same edition.

Which shares an edition is made of is the store's answer (``store.editions``), which section an entry belongs to
``tags``' one, what may enter ``entering``'s. Here links are folded, titled, ordered, and placed: in, or out with a
reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from newsletter import entering, tags, urls, words
from newsletter.heard import ChannelId, PersonId
from newsletter.model import (
    Choice,
    Edition,
    Entry,
    EntryLink,
    Field,
    KeptReaction,
    KeptShare,
    LeftOut,
    Page,
    Person,
    Seen,
    Shared,
    TitleSource,
    Week,
)
from newsletter.settings import Audience, NewsletterSettings, Shown

SEEN_BEFORE = "seen before"
BY_EDITOR = "left out by an editor"


@dataclass(frozen=True, slots=True)
class Material:
    """What an edition is made of. Keys of ``pages``, ``joins`` and ``seen`` are links' keys.

    ``joins`` say which link another one really is; ``seen`` the latest earlier edition that had a link. ``choices`` are
    this edition's.
    """

    shares: tuple[KeptShare, ...]
    names: Mapping[PersonId, str] = field(default_factory=dict)
    channels: Mapping[ChannelId, str] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    joins: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of an edition before its shares: its place in time and its names for it.

    ``someone`` is the word, in the newsletter's language, for a person who is not named; ``others`` the heading over
    entries of no section.
    """

    number: int
    title: str
    opened_at: datetime
    cut_off: datetime
    label: str
    week: Week
    next_week: Week
    others: str
    someone: str
    nth_of_day: int = 1


@dataclass(frozen=True, slots=True)
class Assembled:
    """An edition with everything in it, and where each share went: ``None`` is in, else the reason why it is out."""

    edition: Edition
    placements: Mapping[int, str | None]


def assemble(settings: NewsletterSettings, frame: Frame, material: Material) -> Assembled:
    """The edition of these shares, for a team audience and nobody left out of it; see ``for_audience`` for readers.

    Same material in any order, same edition.
    """
    shares = sorted(material.shares, key=lambda share: (share.sent_at, share.message, share.ordinal, share.key))
    folded = _fold(shares, material.joins)
    choices = _by_key(material.choices, material.joins)
    entries: list[Entry] = []
    again: list[Entry] = []
    left_out: list[LeftOut] = []
    placements: dict[int, str | None] = {}
    seen = {key: found for key, own in folded.items() if (found := _seen_before(own, material)) is not None}
    out = {
        key: reason
        for key, own in folded.items()
        if (reason := _why_out(own, choices.get(key, {}), settings, seen.get(key))) is not None
    }
    hidden = {
        key
        for key, own in folded.items()
        if _is_hidden(key, own, material.pages.get(key, Page()), choices.get(key, {}), settings)
    }
    lead_of = _headings(folded, choices, material.joins)
    # A link seen before gets one line, and whoever sees a link must see the heading it stands under.
    lead_of = {
        key: lead
        for key, lead in lead_of.items()
        if not out.keys() & {key, lead} and lead not in seen and (lead not in hidden or key in hidden)
    }
    for key, own in folded.items():
        reason = out.get(key)
        placements |= {share.id: reason for share in own}
        if reason is not None:
            left_out.append(LeftOut(own[0].url, reason, tuple(_shared(share, material) for share in own)))
        elif key not in lead_of:
            below = [folded[other] for other, lead in lead_of.items() if lead == key]
            entry = _entry(key, own, below, choices.get(key, {}), settings, material)
            again.append(replace(entry, also_in=seen[key])) if key in seen else entries.append(entry)
    edition = Edition(
        newsletter=settings.key,
        number=frame.number,
        title=frame.title,
        language=settings.language,
        timezone=settings.timezone,
        opened_at=frame.opened_at,
        cut_off=frame.cut_off,
        label=frame.label,
        week=frame.week,
        next_week=frame.next_week,
        sections=tags.group(_in_order(entries, choices), settings.sections, frame.others),
        again=_in_order(again, choices),
        left_out=tuple(left_out),
        intro=settings.intro,
        outro=settings.outro,
        nth_of_day=frame.nth_of_day,
    )
    return Assembled(edition, placements)


def for_audience(
    edition: Edition,
    audience: Audience,
    settings: NewsletterSettings,
    *,
    someone: str,
    others: str,
    show: Sequence[Shown] = (),
) -> Edition:
    """The edition as these readers may see it. For ``TEAM`` it is unchanged.

    ``PUBLIC`` sees no held entry, no held or left-out address in anybody's words, nothing from a private channel
    (unless the settings say it may be published) and no person, reaction, permalink or channel but those in ``show``.
    Sections are grouped anew from what is left.
    """
    if audience is Audience.TEAM:
        return edition
    entries = [public for entry in edition.entries if (public := _public(entry, settings, someone, show)) is not None]
    again = [public for entry in edition.again if (public := _public(entry, settings, someone, show)) is not None]
    return replace(edition, sections=tags.group(entries, settings.sections, others), again=tuple(again), left_out=())


# --- folding -------------------------------------------------------------------------------------------------------


def _fold(shares: Iterable[KeptShare], joins: Mapping[str, str]) -> dict[str, list[KeptShare]]:
    """All shares of one link together, in order of the first share."""
    folded: dict[str, list[KeptShare]] = {}
    for share in shares:
        folded.setdefault(_joined(share.key, joins), []).append(share)
    return folded


def _joined(key: str, joins: Mapping[str, str]) -> str:
    """The link that this one really is. A circle of joins, which no source can make alone, ends where it began."""
    passed = {key}
    while (into := joins.get(key)) is not None and into not in passed:
        passed.add(into)
        key = into
    return key


def _by_key(choices: Iterable[Choice], joins: Mapping[str, str]) -> dict[str, dict[Field, str]]:
    newest = sorted(choices, key=lambda choice: (choice.at, choice.by, choice.value))
    by_key: dict[str, dict[Field, str]] = {}
    for choice in newest:
        by_key.setdefault(_joined(choice.key, joins), {})[choice.field] = choice.value
    return by_key


def _headings(
    folded: Mapping[str, Sequence[KeptShare]], choices: Mapping[str, Mapping[Field, str]], joins: Mapping[str, str]
) -> dict[str, str]:
    """Which links stand under another one's heading: put there by an editor, or by each message that shared them."""
    headings: dict[str, str] = {}
    for key, own in folded.items():
        beside = choices.get(key, {}).get(Field.BESIDE)
        leads = {beside} if beside else {share.under for share in own}
        if len(leads) != 1 or None in leads:
            continue
        lead = _joined(next(str(one) for one in leads), joins)
        if lead != key and lead in folded:
            headings[key] = lead
    # One level only: a link under a heading is no heading itself.
    return {key: lead for key, lead in headings.items() if lead not in headings}


def _seen_before(shares: Sequence[KeptShare], material: Material) -> Seen | None:
    return next((material.seen[share.key] for share in shares if share.key in material.seen), None)


def _why_out(
    shares: Sequence[KeptShare], chosen: Mapping[Field, str], settings: NewsletterSettings, seen: Seen | None
) -> str | None:
    if chosen.get(Field.OUT) == "yes":
        return BY_EDITOR
    if Field.OUT not in chosen and (reason := entering.why_out(shares[0].url, settings)) is not None:
        return reason
    return SEEN_BEFORE if seen is not None and not any(_says_something(share) for share in shares) else None


def _is_hidden(
    key: str, shares: Sequence[KeptShare], page: Page, chosen: Mapping[Field, str], settings: NewsletterSettings
) -> bool:
    """Whether no public reader may see the link."""
    private = settings.private != "may be published" and all(share.channel_private for share in shares)
    return private or _why_held(_address(key, _telling(shares), page), chosen, settings) is not None


def _why_held(url: str, chosen: Mapping[Field, str], settings: NewsletterSettings) -> str | None:
    return None if chosen.get(Field.RELEASED) == "yes" else entering.why_held(url, settings)


def _says_something(share: KeptShare) -> bool:
    return bool(share.comment or share.title or share.follow_up)


# --- one entry -----------------------------------------------------------------------------------------------------


def _entry(
    key: str,
    shares: Sequence[KeptShare],
    below: Sequence[Sequence[KeptShare]],
    chosen: Mapping[Field, str],
    settings: NewsletterSettings,
    material: Material,
) -> Entry:
    telling = _telling(shares)
    lead = telling[0]
    page = material.pages.get(key, Page())
    url = _address(key, telling, page)
    title, source = _title(telling, chosen, page, url)
    section, why = _section(shares, telling, title, url, chosen, settings)
    said = _named(chosen.get(Field.WORDS) or _first_words(telling), lead, material)
    linked = {urls.key(url) for url in urls.find(said)} if below else set()
    return Entry(
        key=key,
        url=url,
        title=title,
        title_source=source,
        words=said,
        site=page.site or (lead.preview.site if lead.preview else "") or urls.host(url),
        shares=tuple(_shared(share, material) for share in shares),
        score=_score(shares, settings),
        # A link that stands in the sentence is there already.
        links=tuple(_below(own, material) for own in below if linked.isdisjoint(share.key for share in own)),
        reactions=_reactions(shares, settings),
        hashtags=tuple(dict.fromkeys(tag for share in telling for tag in share.hashtags)),
        section=section,
        section_why=why,
        pinned=chosen.get(Field.PINNED) == "yes",
        held=_why_held(url, chosen, settings),
        description=page.description or (lead.preview.description if lead.preview else ""),
        image=page.image or (lead.preview.image if lead.preview else ""),
    )


def _telling(shares: Sequence[KeptShare]) -> Sequence[KeptShare]:
    """The shares whose words and titles may be shown: those from private channels only where there are no others.

    So what a public reader is shown never hangs on what was said in private.
    """
    return [share for share in shares if not share.channel_private] or shares


def _address(key: str, telling: Sequence[KeptShare], page: Page) -> str:
    """As it was shared; where that was only another address of it (a shortener), where that leads."""
    own = next((share.url for share in telling if share.key == key), "")
    return own or page.url or telling[0].url


def _title(telling: Sequence[KeptShare], chosen: Mapping[Field, str], page: Page, url: str) -> tuple[str, TitleSource]:
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
    chosen: Mapping[Field, str],
    settings: NewsletterSettings,
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
    editors = {
        reaction.emoji
        for share in shares
        for reaction in share.reactions
        for person in reaction.people
        if f"{person.platform}:{person.id}" in settings.editors
    }
    return tags.section_for(settings.sections, evidence, chosen.get(Field.SECTION), sorted(editors))


def _score(shares: Sequence[KeptShare], settings: NewsletterSettings) -> int:
    """Distinct people who shared or reacted. Unnamed ones count once per link at the most: they may be the same
    people."""
    counted = [(share, reaction) for share in shares for reaction in _counting(share, settings)]
    people = {share.author for share in shares} | {person for _, reaction in counted for person in reaction.people}
    return len(people) + max((reaction.unnamed for _, reaction in counted), default=0)


def _counting(share: KeptShare, settings: NewsletterSettings) -> list[KeptReaction]:
    """The reactions that say something for a share: not the ignored emoji, and not the sharer's own."""
    return [
        replace(reaction, people=tuple(person for person in reaction.people if person != share.author))
        for reaction in share.reactions
        if reaction.emoji not in settings.ignored_emoji
    ]


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


def _shared(share: KeptShare, material: Material) -> Shared:
    return Shared(
        share=share.id,
        person=Person(share.author, material.names.get(share.author, "")),
        at=share.sent_at,
        channel=share.channel_name,
        permalink=share.permalink,
        words=_named(_words(share), share, material),
        private=share.channel_private,
    )


def _below(shares: Sequence[KeptShare], material: Material) -> EntryLink:
    telling = _telling(shares)
    key = _joined(telling[0].key, material.joins)
    page = material.pages.get(key, Page())
    url = _address(key, telling, page)
    title, _ = _title(telling, {}, page, url)
    return EntryLink(url, title, telling[0].channel_private)


def _named(text: str, share: KeptShare, material: Material) -> str:
    """The words with everybody's newest name."""

    def name(kind: str, id: str, label: str) -> str:
        platform, workspace = share.channel.platform, share.channel.workspace
        if kind == "person":
            newest = material.names.get(PersonId(platform, workspace, id))
            return f"@{newest}" if newest else label
        newest = material.channels.get(ChannelId(platform, workspace, id))
        return f"#{newest}" if newest else label

    return words.rename(text, name)


# --- order ---------------------------------------------------------------------------------------------------------


def _in_order(entries: Sequence[Entry], choices: Mapping[str, Mapping[Field, str]]) -> tuple[Entry, ...]:
    """Pinned first, then by score, first share and key: a total order. Then the places an editor chose."""
    ordered = sorted(entries, key=lambda entry: (not entry.pinned, -entry.score, entry.shares[0].at, entry.key))
    places = {
        entry.key: int(place)
        for entry in entries
        if (place := choices.get(entry.key, {}).get(Field.PLACE, "")).isdecimal()
    }
    rest = [entry for entry in ordered if entry.key not in places]
    for entry in sorted((e for e in ordered if e.key in places), key=lambda e: (places[e.key], e.key)):
        rest.insert(max(0, places[entry.key] - 1), entry)
    return tuple(rest)


# --- what the public sees ------------------------------------------------------------------------------------------


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
    )
