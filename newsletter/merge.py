"""The convergence law: ``(kept, heard) -> kept``, so that what is kept is a function of the set of things heard.

Every function here is a join of a lattice: commutative, associative and idempotent
(``tests/laws/test_convergence.py``). Nothing is read or written; ``collect.py`` does that.

A message: the highest edit time wins, at the same edit time the live platform's text; gone is final.
A reaction: the platform's event time decides per (message, person, emoji). A live reading that lists a message's emoji
replaces what was heard before it began, and nothing heard since. An export only fills gaps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter.heard import (
    EmojiSeen,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    Preview,
    ReactionHeard,
    Reading,
    Source,
)
from newsletter.model import KeptReaction

FOLLOW_UP_WITHIN = timedelta(minutes=10)
"""A bare link takes the sharer's own next message as its words if it comes within this time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a person's emoji stands on a message, since ``at``."""

    at: datetime
    on: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of people behind an emoji where not all are named.

    ``named_as_of`` is the latest reading that did name everyone (``None``: none did): what was heard before it is
    replaced.
    """

    count: int
    named_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """All that is known of one message. ``seen`` is ``None`` while only reactions or its deletion were heard.

    ``listed_as_of`` is when the latest live reading that listed its emoji began; ``tallies`` are the emoji of *that*
    reading with unnamed people. ``exported`` are counts from exports, used while no live reading listed the emoji.
    """

    id: MessageId
    seen: MessageSeen | None = None
    gone: bool = False
    reactions: Mapping[tuple[PersonId, str], Standing] = field(default_factory=dict)
    listed_as_of: datetime | None = None
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    exported: Mapping[str, int] = field(default_factory=dict)

    @property
    def present(self) -> bool:
        """Seen and not deleted."""
        return self.seen is not None and not self.gone


def hear(kept: KeptMessage, heard: MessageSeen | MessageGone | ReactionHeard) -> KeptMessage:
    """``kept`` joined with one thing heard about the same message. The second time changes nothing."""
    return join(kept, _alone(heard))


def join(one: KeptMessage, other: KeptMessage) -> KeptMessage:
    """What is known when both are known; commutative, associative, idempotent."""
    if one == other:
        return one
    listed_as_of = max(filter(None, (one.listed_as_of, other.listed_as_of)), default=None)
    gone = one.gone or other.gone
    seen = _newest(one.seen, other.seen)
    if gone:
        # Gone is final: the words and the people go with it, only the fact stays.
        return KeptMessage(one.id, seen=_blank(seen), gone=True)
    joined = KeptMessage(
        one.id,
        seen=seen,
        listed_as_of=listed_as_of,
        tallies=_join_tallies(one, other, listed_as_of),
        exported={} if listed_as_of else _highest(one.exported, other.exported),
    )
    standings = dict(one.reactions)
    for who_what, standing in other.reactions.items():
        mine = standings.get(who_what)
        standings[who_what] = standing if mine is None else max(mine, standing, key=lambda s: (s.at, s.on))
    return replace(joined, reactions={key: s for key, s in standings.items() if _stands(joined, key[1], s)})


def unnamed(kept: KeptMessage, emoji: str) -> int:
    """How many people are behind ``emoji`` beyond those known: count less known people, never negative.

    The count is as of the reading: who reacted since is known and not in it, who took it back since was in it.
    """
    standings = [standing for (_, name), standing in kept.reactions.items() if name == emoji]
    if kept.listed_as_of is None:
        known_now = sum(standing.on for standing in standings)
        return max(0, kept.exported.get(emoji, 0) - known_now)
    as_of = kept.listed_as_of
    known_then = sum(standing.on if standing.at <= as_of else not standing.on for standing in standings)
    tally = kept.tallies.get(emoji)
    return max(0, tally.count - known_then) if tally else 0


def reactions(kept: KeptMessage) -> tuple[KeptReaction, ...]:
    """The emoji that stand on the message, by name, with their people in order of identity."""
    people: dict[str, list[PersonId]] = {}
    for (person, emoji), standing in kept.reactions.items():
        if standing.on:
            people.setdefault(emoji, []).append(person)
    names = sorted({*people, *kept.tallies, *kept.exported})
    found = (KeptReaction(name, tuple(sorted(people.get(name, ()))), unnamed(kept, name)) for name in names)
    return tuple(reaction for reaction in found if reaction.people or reaction.unnamed)


def absent(kept: Iterable[MessageSeen], reading: Reading, there: frozenset[MessageId]) -> tuple[MessageId, ...]:
    """Which kept messages a complete live reading shows to be deleted: in its stretch, but not among those ``there``.

    Only the part of the stretch before the reading began counts: a message posted meanwhile is not missing.
    """
    if not reading.complete or reading.source is not Source.LIVE:
        return ()
    return tuple(
        message.id
        for message in kept
        if message.id not in there
        and message.thread == reading.thread
        and message.sent_at < reading.began_at
        and (reading.since is None or message.sent_at >= reading.since)
        and (reading.until is None or message.sent_at < reading.until)
    )


def follow_ups(
    messages: Sequence[MessageSeen], bare: frozenset[MessageId], linked: frozenset[MessageId]
) -> dict[MessageId, MessageId]:
    """Which message gives each bare link its words: the same author's next one, in the channel or as a reply to it.

    ``messages`` are present messages of one channel, in any order; ``bare`` those that say nothing but a link,
    ``linked`` those with any link. A next message that has a link itself is its own share and gives no words. The
    result maps the bare message to its words' message.
    """
    by_author: dict[PersonId, list[MessageSeen]] = {}
    for message in sorted(messages, key=lambda message: (message.sent_at, message.id)):
        by_author.setdefault(message.author, []).append(message)
    words: dict[MessageId, MessageId] = {}
    for own in by_author.values():
        for place, message in enumerate(own):
            if message.id in bare:
                following = _next_own(message, own[place + 1 :])
                if following is not None and following.id not in linked:
                    words[message.id] = following.id
    return words


def _next_own(message: MessageSeen, later: Sequence[MessageSeen]) -> MessageSeen | None:
    for candidate in later:
        if candidate.sent_at - message.sent_at > FOLLOW_UP_WITHIN:
            return None
        if candidate.thread in (message.thread, message.id.id):
            return candidate
    return None


# --- what it says, before and after -----------------------------------------------------------------------------------


def _is_blank(one: KeptMessage) -> bool:
    """Whether it says nothing: its words were forgotten, or its author took them out."""
    return one.present and one.seen is not None and not one.seen.text


def is_still_blank(now: KeptMessage, before: KeptMessage | None) -> bool:
    """Whether what it shared cannot be read from it any more, and is what it was. An edit that empties it takes the
    links out."""
    if before is None or before.seen is None or now.seen is None or not (_is_blank(before) and _is_blank(now)):
        return False
    return before.seen.edited_at == now.seen.edited_at


def without_old_words(
    heard: MessageSeen | MessageGone | ReactionHeard, kept: KeptMessage | None
) -> MessageSeen | MessageGone | ReactionHeard:
    """What is read again, or imported again, says nothing of what was forgotten. A later edit does."""
    if not isinstance(heard, MessageSeen) or kept is None or kept.seen is None or not _is_blank(kept):
        return heard
    is_edited = (heard.edited_at or heard.sent_at) > (kept.seen.edited_at or kept.seen.sent_at)
    return heard if is_edited else replace(heard, text="", previews=())


def says_else(now: KeptMessage, before: KeptMessage | None) -> bool:
    """Whether what a newsletter may have printed of it is no longer so."""
    return before is not None and before.seen is not None and _printable(now) != _printable(before)


def _printable(one: KeptMessage) -> tuple[bool, str, set[str]]:
    """Whether it is there, its text, and what its author did to it."""
    if one.seen is None or not one.present:
        return False, "", set()
    own = {emoji for (person, emoji), standing in one.reactions.items() if person == one.seen.author and standing.on}
    return True, one.seen.text, own


# --- one thing heard, as a point of the lattice -------------------------------------------------------------------


def _alone(heard: MessageSeen | MessageGone | ReactionHeard) -> KeptMessage:
    match heard:
        case MessageGone():
            return KeptMessage(heard.id, gone=True)
        case ReactionHeard():
            standing = Standing(heard.at, heard.on)
            return KeptMessage(heard.message, reactions={(heard.person, heard.emoji): standing})
        case MessageSeen():
            return _seen_alone(heard)


def _seen_alone(heard: MessageSeen) -> KeptMessage:
    seen = replace(heard, emoji=None, seen_at=heard.sent_at, previews=_join_previews(heard.previews, ()))
    if heard.emoji is None:
        return KeptMessage(heard.id, seen=seen)
    live = heard.source is Source.LIVE
    # An export does not say when its list was true, so it may not outvote anything: as old as the message itself.
    at = heard.seen_at if live else heard.sent_at
    listed = _merged(heard.emoji)
    people = {(person, emoji.emoji): Standing(at, on=True) for emoji in listed for person in emoji.people}
    cut = [emoji for emoji in listed if emoji.count > len(emoji.people)]
    if live:
        tallies = {emoji.emoji: Tally(emoji.count) for emoji in cut}
        return KeptMessage(heard.id, seen=seen, reactions=people, listed_as_of=at, tallies=tallies)
    return KeptMessage(heard.id, seen=seen, reactions=people, exported={e.emoji: e.count for e in cut})


def _merged(listed: Iterable[EmojiSeen]) -> tuple[EmojiSeen, ...]:
    """One row per emoji: skin tones and aliases of one emoji arrive as several."""
    merged: dict[str, EmojiSeen] = {}
    for emoji in listed:
        before = merged.get(emoji.emoji)
        if before is None:
            merged[emoji.emoji] = replace(emoji, people=tuple(sorted(set(emoji.people))))
            continue
        people = tuple(sorted({*before.people, *emoji.people}))
        hidden = max(0, before.count - len(before.people)) + max(0, emoji.count - len(emoji.people))
        merged[emoji.emoji] = EmojiSeen(emoji.emoji, len(people) + hidden, people)
    return tuple(merged.values())


# --- joining -------------------------------------------------------------------------------------------------------


def _newest(one: MessageSeen | None, other: MessageSeen | None) -> MessageSeen | None:
    if one is None or other is None:
        return one or other
    newest = max(one, other, key=_version)
    return replace(
        newest,
        previews=_join_previews(one.previews, other.previews),
        permalink=max(filter(None, (one.permalink, other.permalink)), default=None),
        thread=max(filter(None, (one.thread, other.thread)), default=None),
        answers=max(filter(None, (one.answers, other.answers)), default=None),
    )


def _version(seen: MessageSeen) -> tuple[datetime, int, str, bool]:
    """A total order of versions: edit time, then the live platform over an export, then the text itself."""
    return (seen.edited_at or seen.sent_at, seen.source, seen.text, seen.edited_at is not None)


def _blank(seen: MessageSeen | None) -> MessageSeen | None:
    if seen is None:
        return None
    return MessageSeen(
        id=seen.id, author=seen.author, sent_at=seen.sent_at, text="", seen_at=seen.sent_at, source=Source.LIVE
    )


def _join_previews(one: tuple[Preview, ...], other: tuple[Preview, ...]) -> tuple[Preview, ...]:
    """One preview per address: the one that says most. A later edit does not lose a preview heard before it."""
    best: dict[str, Preview] = {}
    for preview in (*one, *other):
        before = best.get(preview.url)
        best[preview.url] = preview if before is None else max(before, preview, key=_fullness)
    return tuple(best[url] for url in sorted(best))


def _fullness(preview: Preview) -> tuple[int, int, Preview]:
    return (bool(preview.title), len(preview.title) + len(preview.description), preview)


def _highest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in sorted({*one, *other})}


def _join_tallies(one: KeptMessage, other: KeptMessage, listed_as_of: datetime | None) -> dict[str, Tally]:
    """The tallies of the latest reading; from the earlier one only who was fully named, and when."""
    if listed_as_of is None:
        return {}
    latest = [kept for kept in (one, other) if kept.listed_as_of == listed_as_of]
    # Two readings begun at one instant: an emoji that either names fully is named.
    names = set.intersection(*(set(kept.tallies) for kept in latest))
    tallies = {}
    for name in sorted(names):
        named = [as_of for kept in (one, other) if (as_of := _named_as_of(kept, name)) is not None]
        tallies[name] = Tally(max(kept.tallies[name].count for kept in latest), max(named, default=None))
    return tallies


def _named_as_of(kept: KeptMessage, emoji: str) -> datetime | None:
    """Since when everyone behind ``emoji`` was last named: an emoji a reading lists not has nobody behind it."""
    tally = kept.tallies.get(emoji)
    return tally.named_as_of if tally else kept.listed_as_of


def _stands(kept: KeptMessage, emoji: str, standing: Standing) -> bool:
    """Whether what was heard of one person is still worth keeping, or a later full list replaced it."""
    named = _named_as_of(kept, emoji)
    return named is None or standing.at >= named
