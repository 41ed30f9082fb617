"""Cards as Discord's messages (embeds and buttons) and forms as its modals, within every limit Discord has. Pure.

What a card says is ``bot/cards.py``'s and in which markup it stands ``embed_text.py``'s; who gets it is decided in
``channel.py`` and ``answering.py``. No embed has a ``url``: of several with the same one Discord shows only the first.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from bot.cards import pack
from bot.chat import Action, Card, Cards, Fact, Field, Form
from bot.platforms.discord import embed_text
from bot.platforms.discord.embed_text import length
from newsletter import markdown
from newsletter.model import Edition, Part
from newsletter.title_text import shorten

# https://docs.discord.com/developers/resources/message, "Embed Limits"
MOST_EMBEDS = 10
LONGEST_DESCRIPTION = 4096
MOST_CHARACTERS = 6000
"""Of all embeds of a message together, footers included."""
# https://docs.discord.com/developers/components/reference
MOST_BUTTONS = 5
"""In a row."""
MOST_ROWS = 5
LONGEST_BUTTON = 80
LONGEST_CUSTOM_ID = 100
LONGEST_LINK = 2048
MOST_OPTIONS = 25
LONGEST_OPTION = 100
LONGEST_LABEL = 45
LONGEST_HINT = 100
LONGEST_INPUT = 4000
LONGEST_THREAD_NAME = 100

_TITLE = 300
"""Characters of a title that are shown: enough to know it by."""
_PICTURE = re.compile(r"https?://[^\s/?#<>]+\.[^\s<>]*", re.IGNORECASE)

Json = dict[str, Any]


def messages(cards: Cards) -> tuple[str, ...]:
    """The cards as messages, each the JSON of its ``embeds`` and ``components``: the channel's first, then its
    thread's."""
    return tuple(_json(_message(some)) for some in pack(cards, _fits) if _embeds(some))


def parts(edition: Edition, cards: Cards) -> tuple[Part, ...]:
    """An edition's cards as parts. The mark ``weekly #12 · 2/5`` stands in the last footer of no other message of ours.

    ``thread`` in the JSON is what the thread is called; it is no part of the message.
    """
    name = f"{edition.newsletter} #{edition.number}"
    room = length(f"{name} · 999/999")
    packed = [some for some in pack(cards, lambda some: _fits(some, room)) if _embeds(some)]
    thread = thread_name(edition.title) or name
    drawn = []
    for n, some in enumerate(packed, start=1):
        mark = f"{name} · {n}/{len(packed)}"
        drawn.append(Part(n, _json({**_marked(_message(some), mark), "thread": thread}), mark))
    return tuple(drawn)


def thread_name(title: str) -> str:
    """What a thread is called."""
    return shorten(markdown.plain(title), LONGEST_THREAD_NAME)


def halves(part: Part) -> tuple[Part, ...]:
    """The part as two smaller ones with marks of their own; ``()`` where it cannot be halved."""
    message = json.loads(part.payload)
    embeds = message["embeds"]
    if len(embeds) > 1:
        middle = len(embeds) // 2
        pieces = [embeds[:middle], embeds[middle:]]
    else:
        lines = embeds[0]["description"].split("\n\n")
        if len(lines) < 2:
            return ()
        middle = len(lines) // 2
        pieces = [[{**embeds[0], "description": "\n\n".join(some)}] for some in (lines[:middle], lines[middle:])]
    made = []
    for letter, piece, components in zip("ab", pieces, ([], message["components"]), strict=True):
        mark = f"{part.mark}{letter}"
        half = _marked({**message, "embeds": piece, "components": components}, mark)
        made.append(replace(part, payload=_json(half), mark=mark))
    return tuple(made)


def mark_of(message: Any) -> str:
    """What stands in the last footer of a message of ours."""
    embeds = message.get("embeds") if isinstance(message, dict) else None
    footer = embeds[-1].get("footer") if isinstance(embeds, list) and embeds and isinstance(embeds[-1], dict) else None
    text = footer.get("text") if isinstance(footer, dict) else None
    return text if isinstance(text, str) else ""


# --- a message -------------------------------------------------------------------------------------------------------


def _json(message: Json) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _message(cards: Sequence[Card]) -> Json:
    numbers = count()
    return {
        "embeds": _embeds(cards),
        "components": [
            {"type": 1, "components": [_button(action, next(numbers)) for action in row]} for row in _rows(cards)
        ],
    }


def _rows(cards: Sequence[Card]) -> list[list[Action]]:
    """The buttons in rows; those of one card stand side by side."""
    rows: list[list[Action]] = []
    for card in cards:
        for start in range(0, len(card.actions), MOST_BUTTONS):
            some = card.actions[start : start + MOST_BUTTONS]
            if rows and len(rows[-1]) + len(some) <= MOST_BUTTONS:
                rows[-1] += some
            else:
                rows.append([*some])
    return rows


def _marked(message: Json, mark: str) -> Json:
    *others, last = message["embeds"]
    others = [{key: one[key] for key in one if key != "footer"} for one in others]
    return {**message, "embeds": [*others, {**last, "footer": {"text": mark}}]}


def _fits(cards: Sequence[Card], room: int = 0) -> bool:
    embeds = _embeds(cards)
    written = [length(embed["description"]) for embed in embeds]
    # Buttons stand at the end of a message: of two that are called the same nobody could tell whose they are.
    labels = [label for card in cards for label in {action.label for action in card.actions}]
    return (
        len(labels) == len(set(labels))
        and len(_rows(cards)) <= MOST_ROWS
        and len(embeds) <= MOST_EMBEDS
        and all(one <= LONGEST_DESCRIPTION for one in written)
        and sum(written) + room <= MOST_CHARACTERS
    )


def _embeds(cards: Sequence[Card]) -> list[Json]:
    """A card with a picture stands in an embed of its own, the others below each other as far as one holds them."""
    made: list[Json] = []
    text = ""
    for card in cards:
        drawn, picture = _card(card), _picture(card.image)
        if not drawn:
            continue
        together = f"{text}{_between(text, drawn)}{drawn}" if text else drawn
        if text and (picture or length(together) > LONGEST_DESCRIPTION):
            made.append({"description": text})
            text, together = "", drawn
        if picture:
            made.append({"description": drawn, "thumbnail": {"url": picture}})
        else:
            text = together
    return [*made, {"description": text}] if text else made


_ITEM = "- ["


def _between(before: str, after: str) -> str:
    last = before.rpartition("\n")[2]
    return "\n" if last.startswith(_ITEM) and after.startswith(_ITEM) else "\n\n"


def _card(card: Card) -> str:
    return "\n".join(_lines(card))


def _lines(card: Card) -> Iterator[str]:
    if card.heading:
        yield f"### {embed_text.escape(shorten(markdown.plain(card.heading), _TITLE))}"
    if card.title and card.url:
        linked = _link(card.title, card.url)
        yield f"- {linked}" if not (card.text or card.lines or card.image) else f"**{linked}**"
    elif title := shorten(markdown.plain(card.title), _TITLE):
        yield f"## {embed_text.escape(title)}"
    if text := embed_text.from_commonmark(card.text):
        yield text
    for line in card.lines:
        if facts := " · ".join(filter(None, map(_fact, line))):
            yield f"-# {facts}" if card.url or card.text else facts


def _link(title: str, url: str) -> str:
    """The title, linked unless the address is longer than anything it could stand in."""
    label = shorten(markdown.plain(title), _TITLE)
    return embed_text.link(label, url) if len(url) <= LONGEST_LINK else embed_text.escape(label)


def _fact(fact: Fact) -> str:
    text = _link(fact.text, fact.url) if fact.url else embed_text.escape(markdown.plain(fact.text))
    return f"{text} ({embed_text.at(fact.at)})" if fact.at is not None else text


def _picture(url: str) -> str:
    """The address, where Discord takes it: over a wrong one it refuses the whole message."""
    return url if _PICTURE.fullmatch(url) and len(url) <= LONGEST_LINK and url.isascii() else ""


_STYLES = {"plain": 2, "primary": 1, "danger": 4}


def _button(action: Action, number: int) -> Json:
    """The number keeps two buttons apart that ask the same; ``asks`` takes it away."""
    return {
        "type": 2,
        "style": _STYLES[action.style],
        "label": shorten(markdown.plain(action.label), LONGEST_BUTTON) or "…",
        "custom_id": f"{number}:{action.text}"[:LONGEST_CUSTOM_ID],
    }


def asks(custom_id: str) -> str:
    """What a button asks."""
    return custom_id.partition(":")[2]


# --- a form ----------------------------------------------------------------------------------------------------------


def modal(form: Form) -> Json | None:
    """The form as a modal; ``None`` where what it asks is longer than Discord carries for us."""
    if len(form.text) > LONGEST_CUSTOM_ID:
        return None
    return {
        "custom_id": form.text,
        "title": shorten(markdown.plain(form.title), LONGEST_LABEL) or "…",
        "components": [_labelled(field) for field in form.fields],
    }


def _labelled(field: Field) -> Json:
    made: Json = {
        "type": 18,
        "label": shorten(markdown.plain(field.label), LONGEST_LABEL) or field.name,
        "component": _choice(field) if field.kind == "choice" else _input(field),
    }
    return made | {"description": shorten(markdown.plain(field.hint), LONGEST_HINT)} if field.hint else made


def _input(field: Field) -> Json:
    most = max(1, min(field.at_most, LONGEST_INPUT))
    made: Json = {
        "type": 4,
        "custom_id": field.name,
        "style": 2 if field.kind == "text" else 1,
        "max_length": most,
        "required": field.required,
    }
    return made | {"value": field.value[:most]} if field.value else made


def _choice(field: Field) -> Json:
    options = [
        {
            "label": shorten(markdown.plain(label), LONGEST_OPTION) or value,
            "value": value,
            **({"default": True} if value == field.value else {}),
        }
        for value, label in _offered(field)
    ]
    return {"type": 3, "custom_id": field.name, "options": options, "required": field.required}


def _offered(field: Field) -> Iterable[tuple[str, str]]:
    """Of too many options the first, and in any case the one that is chosen."""
    first = field.options[:MOST_OPTIONS]
    chosen = [option for option in field.options[MOST_OPTIONS:] if option[0] == field.value]
    return [*first[: MOST_OPTIONS - len(chosen)], *chosen]
