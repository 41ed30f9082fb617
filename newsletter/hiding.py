"""What is left of what was heard, where people opted out: nothing of theirs, and not their name in what others say.

Pure. Who opted out is the store's to know; what was kept of them before is erased by ``store/opting.py``.
"""

from collections.abc import Iterable
from dataclasses import replace

from newsletter.amend import without_name
from newsletter.heard import EmojiSeen, MessageGone, MessageSeen, PersonId, ReactionHeard


def left_of(
    heard: MessageSeen | MessageGone | ReactionHeard, hidden: frozenset[PersonId]
) -> MessageSeen | MessageGone | ReactionHeard | None:
    """What may be kept of it; ``None``: nothing. A deletion always may: it only takes away."""
    if not hidden or isinstance(heard, MessageGone):
        return heard
    if isinstance(heard, ReactionHeard):
        return None if heard.person in hidden else heard
    if heard.author in hidden:
        return None
    emoji = heard.emoji
    if emoji is not None and any(hidden.intersection(one.people) for one in emoji):
        emoji = tuple(_without_people(emoji, hidden))
    text = heard.text
    if "(person:" in text:
        here = (heard.author.platform, heard.author.workspace)
        for person in sorted(hidden):
            text = without_name(text, person) if (person.platform, person.workspace) == here else text
    return replace(heard, text=text, emoji=emoji)


def _without_people(emoji: Iterable[EmojiSeen], hidden: frozenset[PersonId]) -> Iterable[EmojiSeen]:
    for one in emoji:
        people = tuple(person for person in one.people if person not in hidden)
        count = one.count - (len(one.people) - len(people))
        if count > 0:
            yield EmojiSeen(one.emoji, count, people)
