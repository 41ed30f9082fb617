"""Assembling: everything known about a newsletter's shares -> an Edition. Pure: same chat, same edition.

Which shares an edition is made of is the store's answer (``store.editions``), which section an entry belongs to
``tags``' one, what may enter ``entering``'s. Here links are folded, titled, ordered, and placed: in, or out with a
reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter import entering, tags, urls, words
from newsletter.heard import ChannelId, ChannelSeen, PersonId
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
from newsletter.settings import Audience, NewsletterSettings, Shown, is_one_of

SEEN_BEFORE = "seen before"
BY_EDITOR = "left out by an editor"
WITHDRAWN = "withdrawn by its sharer"
IGNORED_PERSON = "ignored person"
IGNORED_CHANNEL = "ignored channel"
NO_FEEDER = "not from somebody whose links enter"
NEWCOMER = "from somebody who is new"
FEW_REACTIONS = "too few reactions"
NOT_PICKED = "not picked"
TOO_MANY = "too many of a kind"
REASONS = (
    SEEN_BEFORE,
    BY_EDITOR,
    WITHDRAWN,
    IGNORED_PERSON,
    IGNORED_CHANNEL,
    NO_FEEDER,
    NEWCOMER,
    FEW_REACTIONS,
    NOT_PICKED,
    TOO_MANY,
)
"""Why a link is out, beside ``entering``'s reasons."""


@dataclass(frozen=True, slots=True)
class Material:
    """What an edition is made of. Keys of ``pages``, ``joins`` and ``seen`` are links' keys.

    ``joins`` say which link another one really is; ``seen`` the latest earlier edition that had a link. ``choices`` are
    this edition's. ``editors`` and ``feeders`` are who has the roles that the settings name, ``joined`` since when
    people belong to the place, as far as that is known.
    """

    shares: tuple[KeptShare, ...]
    names: Mapping[PersonId, str] = field(default_factory=dict)
    channels: Mapping[ChannelId, str] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    joins: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    editors: frozenset[PersonId] = frozenset()
    feeders: frozenset[PersonId] = frozenset()
    joined: Mapping[PersonId, datetime] = field(default_factory=dict)


Chosen = Mapping[Field, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of an edition before its shares: its place in time and its names for it.

    ``someone`` is the word, in the newsletter's language, for a person who is not named; ``others`` the heading over
    entries of no section, ``pick`` the one over the editors' pick, ``note`` what stands before an editor's note.
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
    pick: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Assembled:
    """An edition with everything in it, and where each share went: ``None`` is in, else the reason why it is out.

    ``chosen`` is what was decided for each link, by its key; for the edition itself under ``""``.
    """

    edition: Edition
    placements: Mapping[int, str | None]
    chosen: Mapping[str, Chosen] = field(default_factory=dict)


def assemble(settings: NewsletterSettings, frame: Frame, material: Material) -> Assembled:
    """The edition of these shares, for a team audience and nobody left out of it; see ``for_audience`` for readers.

    Same material in any order, same edition.
    """
    shares = sorted(material.shares, key=lambda share: (share.sent_at, share.message, share.ordinal, share.key))
    withdrawn = _fold((share for share in shares if is_withdrawn(share, settings)), material.joins)
    folded = _fold((share for share in shares if not is_withdrawn(share, settings)), material.joins)
    chosen = _by_key(material.choices, material.joins)
    choices = {key: _by_emoji(own, settings, material) | dict(chosen.get(key, {})) for key, own in folded.items()}
    entries: list[Entry] = []
    again: list[Entry] = []
    left_out: list[LeftOut] = []
    placements: dict[int, str | None] = {}
    seen = {key: found for key, own in folded.items() if (found := _seen_before(own, material)) is not None}
    out = {
        key: reason
        for key, own in folded.items()
        if (reason := _why_out(own, choices[key], settings, material, seen.get(key))) is not None
    }
    hidden = {
        key
        for key, own in folded.items()
        if _is_hidden(key, own, material.pages.get(key, Page()), choices[key], settings)
    }
    lead_of = _headings(folded, choices, material.joins)
    # A link seen before gets one line, and whoever sees a link must see the heading it stands under.
    lead_of = {
        key: lead
        for key, lead in lead_of.items()
        if not out.keys() & {key, lead} and lead not in seen and (lead not in hidden or key in hidden)
    }
    made = {}
    for key, own in folded.items():
        if key not in out and key not in lead_of:
            below = [folded[other] for other, lead in lead_of.items() if lead == key]
            made[key] = _entry(key, own, below, choices[key], settings, frame, material)
    for key in _beyond(settings, _in_order([made[key] for key in made if key not in seen]), choices):
        del made[key]
        out |= dict.fromkeys((key, *(other for other, lead in lead_of.items() if lead == key)), TOO_MANY)
    for key, own in folded.items():
        reason = out.get(key)
        placements |= {share.id: reason for share in own}
        if reason is not None:
            left_out.append(_left_out(key, own, reason, material))
        elif key in made:
            again.append(replace(made[key], also_in=seen[key])) if key in seen else entries.append(made[key])
    for key, own in withdrawn.items():
        placements |= {share.id: WITHDRAWN for share in own}
        if key not in folded:
            left_out.append(_left_out(key, own, WITHDRAWN, material))
    around = chosen.get("", {})
    sections = tags.group(_in_order(entries), settings.sections, frame.others, frame.pick)
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
        sections=tuple(replace(one, entries=_in_place(one.entries, choices)) for one in sections),
        again=_in_place(_in_order(again), choices),
        left_out=tuple(left_out),
        intro=around.get(Field.INTRO, settings.intro),
        outro=around.get(Field.OUTRO, settings.outro),
        nth_of_day=frame.nth_of_day,
    )
    return Assembled(edition, placements, choices | {"": around})


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
    (unless the settings say it may be published) and no person, reaction, permalink or channel but those in ``show``.
    Sections are grouped anew from what is left.
    """
    if audience is Audience.TEAM:
        return edition
    entries = [public for entry in edition.entries if (public := _public(entry, settings, someone, show)) is not None]
    again = [public for entry in edition.again if (public := _public(entry, settings, someone, show)) is not None]
    sections = tags.group(entries, settings.sections, others, pick)
    return replace(edition, sections=sections, again=tuple(again), left_out=())


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
    folded: Mapping[str, Sequence[KeptShare]], choices: Mapping[str, Chosen], joins: Mapping[str, str]
) -> dict[str, str]:
    """Which links stand under another one's heading: put there by an editor, or by each message that shared them."""
    headings: dict[str, str] = {}
    for key, own in folded.items():
        beside = choices.get(key, {}).get(Field.BESIDE)
        leads = {beside or None} if beside is not None else {share.under for share in own}
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
    shares: Sequence[KeptShare],
    chosen: Chosen,
    settings: NewsletterSettings,
    material: Material,
    seen: Seen | None,
) -> str | None:
    if Field.OUT in chosen:
        return BY_EDITOR if chosen[Field.OUT] == "yes" else None
    if (reason := entering.why_out(shares[0].url, settings)) is not None:
        return reason
    if (reason := _not_from(shares, settings, material)) is not None:
        return reason
    if seen is not None and not any(_says_something(share) for share in shares):
        return SEEN_BEFORE
    if _is_picked(chosen):
        return None
    if settings.enters == "picked":
        return NOT_PICKED
    few = settings.enters == "reacted" and _score(shares, settings) <= settings.reacted_by
    return FEW_REACTIONS if few else None


def _not_from(shares: Sequence[KeptShare], settings: NewsletterSettings, material: Material) -> str | None:
    """Why none of those who shared it may bring it in; ``None`` where somebody may."""
    reasons = [_why_not_from(share, settings, material) for share in shares]
    return None if None in reasons else reasons[0]


def _why_not_from(share: KeptShare, settings: NewsletterSettings, material: Material) -> str | None:
    person = f"{share.author.platform}:{share.author.id}"
    if person in settings.ignore_people:
        return IGNORED_PERSON
    channel = ChannelSeen(share.channel, share.channel_name, share.sent_at)
    if settings.ignore_channels and is_one_of(channel, settings.ignore_channels):
        return IGNORED_CHANNEL
    if settings.feeders and person not in settings.feeders and share.author not in material.feeders:
        return NO_FEEDER
    joined = material.joined.get(share.author)
    if settings.joined_for and joined is not None and share.sent_at - joined < timedelta(days=settings.joined_for):
        return NEWCOMER
    return None


def _is_picked(chosen: Chosen) -> bool:
    picking = (Field.PINNED, Field.PICK)
    return any(chosen.get(field) == "yes" for field in picking) or bool(chosen.get(Field.SECTION))


def is_withdrawn(share: KeptShare, settings: NewsletterSettings) -> bool:
    """Whether its sharer took it back, by a word or by the emoji for it."""
    own = settings.emoji.own
    by_emoji = own and any(one.emoji == own and share.author in one.people for one in share.reactions)
    return share.withdrawn or bool(by_emoji)


def _by_emoji(shares: Sequence[KeptShare], settings: NewsletterSettings, material: Material) -> dict[Field, str]:
    """What editors decided by emoji; where they disagree, out is out."""
    put = _editors_emoji(shares, settings, material)
    chosen: dict[Field, str] = {}
    if settings.emoji.pin in put:
        chosen |= {Field.PINNED: "yes", Field.OUT: "no"}
    if settings.emoji.bring_in in put:
        chosen[Field.OUT] = "no"
    if settings.emoji.leave_out in put:
        chosen[Field.OUT] = "yes"
    return chosen


def _editors_emoji(shares: Sequence[KeptShare], settings: NewsletterSettings, material: Material) -> frozenset[str]:
    return frozenset(
        reaction.emoji
        for share in shares
        for reaction in share.reactions
        for person in reaction.people
        if person in material.editors or f"{person.platform}:{person.id}" in settings.editors
    )


def _beyond(settings: NewsletterSettings, entries: Sequence[Entry], choices: Mapping[str, Chosen]) -> list[str]:
    """The links that are too many of their section, sharer or site, the last ones first out; never what was chosen."""
    most, counts, beyond = settings.at_most, Counter[tuple[str, str]](), list[str]()
    for entry in entries:
        kinds = [
            (("section", entry.section), most.section),
            (("person", str(entry.shares[0].person.id)), most.person),
            (("site", urls.host(entry.url)), most.site),
        ]
        chosen = choices.get(entry.key, {})
        free = chosen.get(Field.OUT) == "no" or _is_picked(chosen)
        if not free and any(limit and counts[kind] >= limit for kind, limit in kinds):
            beyond.append(entry.key)
        else:
            counts.update(kind for kind, _ in kinds)
    return beyond


def _left_out(key: str, shares: Sequence[KeptShare], reason: str, material: Material) -> LeftOut:
    return LeftOut(shares[0].url, reason, tuple(_shared(share, material) for share in shares), key)


def _is_hidden(key: str, shares: Sequence[KeptShare], page: Page, chosen: Chosen, settings: NewsletterSettings) -> bool:
    """Whether no public reader may see the link."""
    private = settings.private != "may be published" and all(share.channel_private for share in shares)
    return private or _why_held(_address(key, _telling(shares), page), chosen, settings) is not None


def _why_held(url: str, chosen: Chosen, settings: NewsletterSettings) -> str | None:
    return None if chosen.get(Field.RELEASED) == "yes" else entering.why_held(url, settings)


def _says_something(share: KeptShare) -> bool:
    return bool(share.comment or share.title or share.follow_up)


# --- one entry -----------------------------------------------------------------------------------------------------


def _entry(
    key: str,
    shares: Sequence[KeptShare],
    below: Sequence[Sequence[KeptShare]],
    chosen: Chosen,
    settings: NewsletterSettings,
    frame: Frame,
    material: Material,
) -> Entry:
    telling = _telling(shares)
    lead = telling[0]
    page = material.pages.get(key, Page())
    url = _address(key, telling, page)
    title, source = _title(telling, chosen, page, url)
    section, why = _section(shares, telling, title, url, chosen, settings, material)
    said = _named(chosen.get(Field.WORDS) or _first_words(telling), lead, material)
    by_editor = bool(chosen.get(Field.WORDS)) or not said
    if note := chosen.get(Field.NOTE, ""):
        said = f"{said}\n\n**{frame.note}:** {note}" if said and frame.note else f"{said}\n\n{note}".strip()
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
        pick=chosen.get(Field.PICK) == "yes",
        by_editor=by_editor and bool(said),
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
    emoji = sorted(_editors_emoji(shares, settings, material))
    return tags.section_for(settings.sections, evidence, chosen.get(Field.SECTION), emoji)


def _score(shares: Sequence[KeptShare], settings: NewsletterSettings) -> int:
    """Distinct people who shared or reacted. Unnamed ones count once per link at the most: they may be the same
    people."""
    counted = [(share, reaction) for share in shares for reaction in _counting(share, settings)]
    people = {share.author for share in shares} | {person for _, reaction in counted for person in reaction.people}
    return len(people) + max((reaction.unnamed for _, reaction in counted), default=0)


def _counting(share: KeptShare, settings: NewsletterSettings) -> list[KeptReaction]:
    """The reactions that say something for a share: not the emoji that are ignored or decide, and not the sharer's
    own."""
    return [
        replace(reaction, people=tuple(person for person in reaction.people if person != share.author))
        for reaction in share.reactions
        if reaction.emoji not in settings.ignored_emoji and reaction.emoji not in settings.emoji.curating
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


def _in_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Pinned first, then by score, first share and key: a total order."""
    return tuple(sorted(entries, key=lambda entry: (not entry.pinned, -entry.score, entry.shares[0].at, entry.key)))


def _in_place(ordered: Sequence[Entry], choices: Mapping[str, Chosen]) -> tuple[Entry, ...]:
    """The entries of one section, some of them where an editor put them."""
    places = {
        entry.key: int(place)
        for entry in ordered
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
