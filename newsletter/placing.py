"""Where each link goes: into the edition, out of it with the reason why, or held back from the public. Pure.

What an address alone decides is ``entering``'s; here people, reactions, choices and earlier editions have their say.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from newsletter import entering, urls
from newsletter.entry import Reacted, address, as_shared, editors_emoji, score, tellers, why_held
from newsletter.heard import ChannelSeen
from newsletter.material import Chosen, Material
from newsletter.model import Entry, Field, KeptShare, LeftOut, Page, Seen
from newsletter.phrase import Phrase
from newsletter.settings import NewsletterSettings, is_one_of

SEEN_BEFORE = Phrase("seen before")
BY_EDITOR = Phrase("left out by an editor")
WITHDRAWN = Phrase("withdrawn by its sharer")
IGNORED_PERSON = Phrase("ignored person")
IGNORED_CHANNEL = Phrase("ignored channel")
NO_FEEDER = Phrase("not from somebody whose links enter")
NEWCOMER = Phrase("from somebody who is new")
FEW_REACTIONS = Phrase("too few reactions")
NOT_PICKED = Phrase("not picked")
TOO_MANY = Phrase("too many of a kind")
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


def why_out(
    shares: Sequence[KeptShare],
    chosen: Chosen,
    settings: NewsletterSettings,
    material: Material,
    seen: Seen | None,
) -> str | None:
    """Why a link is out, the strongest reason first; ``None``: it is in. ``seen`` is where it was printed before."""
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
    few = settings.enters == "reacted" and score(shares, settings) <= settings.reacted_by
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
    return share.withdrawn or is_taken_back(share, settings)


def is_taken_back(said: Reacted, settings: NewsletterSettings) -> bool:
    """Whether its author put the emoji on it that keeps one's own out."""
    own = settings.emoji.own
    return bool(own) and any(one.emoji == own and said.author in one.people for one in said.reactions)


def by_emoji(shares: Sequence[KeptShare], settings: NewsletterSettings, material: Material) -> dict[Field, str]:
    """What editors decided by emoji; where they disagree, out is out."""
    put = editors_emoji(shares, settings, material)
    chosen: dict[Field, str] = {}
    if settings.emoji.pin in put:
        chosen |= {Field.PINNED: "yes", Field.OUT: "no"}
    if settings.emoji.bring_in in put:
        chosen[Field.OUT] = "no"
    if settings.emoji.leave_out in put:
        chosen[Field.OUT] = "yes"
    return chosen


def beyond(
    settings: NewsletterSettings, entries: Sequence[Entry], choices: Mapping[str, Chosen], people: int
) -> list[str]:
    """The links that are too many of their section, sharer or site, the last ones first out; never what was chosen.

    ``people`` is how many there are in all.
    """
    most, counts, beyond = settings.at_most, Counter[tuple[str, str]](), list[str]()
    of_one_person = most.of_one_person(people)
    for entry in entries:
        kinds = [
            (("section", entry.section), most.section),
            (("person", str(entry.shares[0].person.id)), of_one_person),
            (("site", urls.host(entry.url)), most.site),
        ]
        chosen = choices.get(entry.key, {})
        free = chosen.get(Field.OUT) == "no" or _is_picked(chosen)
        if not free and any(limit and counts[kind] >= limit for kind, limit in kinds):
            beyond.append(entry.key)
        else:
            counts.update(kind for kind, _ in kinds)
    return beyond


def left_out_of(key: str, shares: Sequence[KeptShare], reason: str, material: Material) -> LeftOut:
    """The link as the desk shows it."""
    return LeftOut(shares[0].url, reason, tuple(as_shared(share, material) for share in shares), key)


def is_hidden(key: str, shares: Sequence[KeptShare], page: Page, chosen: Chosen, settings: NewsletterSettings) -> bool:
    """Whether no public reader may see the link."""
    private = settings.private != "may be published" and all(share.channel_private for share in shares)
    return private or why_held(address(key, tellers(shares), page), chosen, settings) is not None


def _says_something(share: KeptShare) -> bool:
    return bool(share.comment or share.title or share.follow_up)
