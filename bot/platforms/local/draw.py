"""Cards as the room's messages: CommonMark, of at most ``LONGEST_MESSAGE`` characters. Pure.

Everything a stranger wrote is escaped or written anew by ``newsletter.markdown``, so that it mentions nobody and makes
no heading of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.cards import pack
from bot.chat import Action, Card, Cards, Fact
from newsletter import markdown
from newsletter.model import Edition, Part

LONGEST_MESSAGE = 2000
"""Characters; a room refuses a longer message."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message as it is sent: its text, its buttons, and where in the text the card of each button ends."""

    text: str
    actions: tuple[Action, ...] = ()
    ends: tuple[int, ...] = ()


def messages(cards: Cards) -> tuple[Drawn, ...]:
    """The cards as messages: the first is the channel's, the others its thread's."""
    return tuple(_drawn(some) for some in pack(cards, lambda some: len(_message(some)) <= LONGEST_MESSAGE))


def _drawn(cards: Sequence[Card]) -> Drawn:
    owners = [(n, action) for n, card in enumerate(cards, start=1) for action in card.actions]
    ends = tuple(len(_message(cards[:n])) for n, _ in owners)
    return Drawn(_message(cards), tuple(action for _, action in owners), ends)


def parts(edition: Edition, cards: Cards) -> tuple[Part, ...]:
    """An edition's cards as parts. The mark ``weekly #12 · 2/5`` is on no other message of ours."""
    drawn = messages(cards)
    return tuple(
        Part(n, message.text, mark=f"{edition.newsletter} #{edition.number} · {n}/{len(drawn)}")
        for n, message in enumerate(drawn, start=1)
    )


def _message(cards: Sequence[Card]) -> str:
    blocks = [block for card in cards for block in _blocks(card)]
    text = blocks[0] if blocks else ""
    for before, block in pairwise(blocks):
        both_items = before.startswith(_ITEM) and block.startswith(_ITEM)
        text += ("\n" if both_items else "\n\n") + block
    return text


_ITEM = "- ["


def _blocks(card: Card) -> Iterable[str]:
    """The card's paragraphs; one that is only a link is an item of a list."""
    if card.heading:
        yield f"### {markdown.escape(card.heading)}"
    if card.title:
        link = markdown.link(card.title, card.url) if card.url else markdown.escape(card.title)
        yield f"- {link}" if card.url and not card.text and not card.lines else f"**{link}**"
    if card.text:
        yield markdown.rewrite(card.text)
    if card.lines:
        yield "  \n".join(" · ".join(_fact(fact) for fact in line) for line in card.lines)


def _fact(fact: Fact) -> str:
    return markdown.link(fact.text, fact.url) if fact.url else markdown.escape(fact.text)
