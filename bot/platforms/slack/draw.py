"""Cards as Slack's messages (Block Kit) and forms as its modals, within every limit Slack has. Pure.

What a card says is ``bot/cards.py``'s and in which markup it stands ``mrkdwn.py``'s; who gets it is decided in
``channel.py`` and ``answering.py``. Pictures are not shown: Slack refuses a whole message over one that it cannot load.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.cards import pack
from bot.chat import Action, Card, Cards, Fact, Field, Form
from bot.platforms.slack import mrkdwn
from newsletter import markdown
from newsletter.model import Edition, Part
from newsletter.title_text import shorten

# https://docs.slack.dev/reference/block-kit/blocks, and the pages of the single blocks below it
MOST_BLOCKS = 50
LONGEST_SECTION = 3000
LONGEST_HEADER = 150
LONGEST_BUTTON = 75
LONGEST_LABEL = 75
LONGEST_HINT = 2000
LONGEST_INPUT = 3000
MOST_CHARACTERS = 11_340
"""Of all blocks together; more is ``msg_blocks_too_long``. Undocumented: staff say 12,000, the shortest refused message
had 11,341 (https://github.com/slackapi/bolt-js/issues/2509 and 2867)."""
LONGEST_TEXT = 4000
"""Of what notifications and screen readers say: https://docs.slack.dev/reference/methods/chat.postMessage"""

_TITLE = 300
"""Characters of a title that are shown: enough to know it by."""

Block = dict[str, Any]


def messages(cards: Cards) -> tuple[str, ...]:
    """The cards as messages, each the JSON of its ``blocks`` and ``text``: the channel's first, then its thread's."""
    return tuple(_json(some) for some in pack(cards, _fits) if _blocks(some, small=False))


def parts(edition: Edition, cards: Cards) -> tuple[Part, ...]:
    """An edition's cards as parts. The mark ``weekly #12 · 2/5`` is in the metadata of no other message of ours."""
    payloads = messages(cards)
    return tuple(
        Part(n, payload, mark=f"{edition.newsletter} #{edition.number} · {n}/{len(payloads)}")
        for n, payload in enumerate(payloads, start=1)
    )


# --- a message -------------------------------------------------------------------------------------------------------


def _json(cards: Sequence[Card]) -> str:
    blocks = _blocks(cards, small=True)
    if len(blocks) > MOST_BLOCKS:
        blocks = _blocks(cards, small=False)
    return json.dumps({"blocks": blocks, "text": _text(cards)}, ensure_ascii=False, separators=(",", ":"))


def _fits(cards: Sequence[Card]) -> bool:
    blocks = _blocks(cards, small=False)
    return len(blocks) <= MOST_BLOCKS and sum(map(_characters, blocks)) <= MOST_CHARACTERS


def _characters(block: Block) -> int:
    texts = [block.get("text"), *block.get("elements", ())]
    inner = [text["text"] if isinstance(text["text"], dict) else text for text in texts if text]
    return sum(mrkdwn.length(text["text"]) for text in inner)


def _blocks(cards: Sequence[Card], *, small: bool) -> list[Block]:
    """``small``: facts stand below their entry in small print, which takes a block for each; else in the entry's."""
    written: list[Block] = []
    links: list[str] = []  # entries that are only a link, a line each
    for number, card in enumerate(cards):
        lines = _lines(card, first=not links)
        if links and (not lines or mrkdwn.length("\n".join((*links, *lines))) > LONGEST_SECTION):
            written.append(_section("\n".join(links)))
            links, lines = [], _lines(card, first=True)
        links += lines
        if not lines:
            written += [_header(card.heading)] if card.heading else []
            written += _card(card, number, small)
    return [*written, _section("\n".join(links))] if links else written


def _lines(card: Card, *, first: bool) -> list[str]:
    """A card that is only a link as lines of a list, below its heading; none for any other card."""
    if not card.title or not card.url or card.text or card.lines or card.actions:
        return []
    lines = [f"• {_link(card.title, card.url)}"]
    if card.heading:
        heading = mrkdwn.bold(mrkdwn.escape(shorten(markdown.plain(card.heading), LONGEST_HEADER)))
        lines = [heading, *lines] if first else ["", heading, *lines]
    return lines if mrkdwn.length("\n".join(lines)) <= LONGEST_SECTION else []


def _card(card: Card, number: int, small: bool) -> Iterator[Block]:
    title = markdown.plain(card.title)
    words = list(mrkdwn.from_commonmark(card.text, LONGEST_SECTION))
    if title and not card.url and mrkdwn.length(title) <= LONGEST_HEADER:
        yield _header(title)
    elif title:
        words.insert(0, mrkdwn.bold(_link(title, card.url)))
    facts = [" · ".join(map(_fact, line)) for line in card.lines if line]
    lines = [piece for line in facts for piece in mrkdwn.cut(line, LONGEST_SECTION)]
    if not small:
        words, lines = [*words, *lines], []
    yield from map(_section, _joined(words))
    for line in _joined(lines):
        yield {"type": "context", "elements": [_mrkdwn(line)]}
    if card.actions:
        yield {"type": "actions", "elements": [_button(action, number, n) for n, action in enumerate(card.actions)]}


def _joined(pieces: Iterable[str]) -> Iterator[str]:
    """As many pieces on lines below each other as one block holds."""
    filled = ""
    for piece in pieces:
        if filled and mrkdwn.length(filled) + 1 + mrkdwn.length(piece) > LONGEST_SECTION:
            yield filled
            filled = ""
        filled = f"{filled}\n{piece}" if filled else piece
    if filled:
        yield filled


def _link(title: str, url: str) -> str:
    """The title, linked unless the address is as long as a block."""
    label = shorten(markdown.plain(title), _TITLE)
    linked = mrkdwn.link(label, url) if url else ""
    return linked if linked and mrkdwn.length(linked) <= LONGEST_SECTION - len("*  *") else mrkdwn.escape(label)


def _fact(fact: Fact) -> str:
    text = _link(fact.text, fact.url) if fact.url else mrkdwn.escape(markdown.plain(fact.text))
    return f"{text} ({mrkdwn.at(fact.at)})" if fact.at is not None else text


def _text(cards: Sequence[Card]) -> str:
    """What a notification and a screen reader say of the message: its headings and titles, else its words."""
    lines = []
    for card in cards:
        lines += [mrkdwn.escape(markdown.plain(said)) for said in (card.heading, card.title) if said]
        if not card.title:
            lines += [mrkdwn.escape(line) for line in markdown.to_text(card.text).split("\n") if line.strip()]
            lines += [mrkdwn.escape(" · ".join(markdown.plain(fact.text) for fact in line)) for line in card.lines]
    text = "\n".join(lines)
    return text if mrkdwn.length(text) <= LONGEST_TEXT else shorten(text, LONGEST_TEXT // 2)


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text), "expand": True}


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, LONGEST_HEADER)}


def _mrkdwn(text: str) -> Block:
    # Verbatim: Slack makes no mention or channel of "@here" and "#general" in our own text.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str, longest: int) -> Block:
    text = markdown.plain(text)
    return {"type": "plain_text", "text": shorten(text, longest if text.isascii() else _in_units(text, longest)) or "…"}


def _in_units(text: str, longest: int) -> int:
    """How many characters of the text are ``longest`` of Slack's."""
    units = 0
    for place, letter in enumerate(text):
        units += mrkdwn.length(letter)
        if units > longest:
            return place
    return longest


def _button(action: Action, card: int, number: int) -> Block:
    button: Block = {
        "type": "button",
        "action_id": f"ask-{card}-{number}",
        "text": _plain(action.label, LONGEST_BUTTON),
        "value": action.text,
    }
    return button if action.style == "plain" else button | {"style": action.style}


# --- a form ----------------------------------------------------------------------------------------------------------

FORM = "form"
"""The ``callback_id`` of every form of ours."""
LONGEST_VIEW_TITLE = 24
LONGEST_NOTE = 3000
"""Of what a form carries for us (``private_metadata``): https://docs.slack.dev/reference/views/modal-views"""


def view(form: Form, note: str) -> Block:
    """The form as a modal that carries ``note``, which its sender cannot change."""
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(form.title, LONGEST_VIEW_TITLE),
        "submit": _plain(form.send, LONGEST_VIEW_TITLE),
        "private_metadata": note,
        "blocks": [_input(field) for field in form.fields],
    }


def _input(field: Field) -> Block:
    made: Block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label, LONGEST_HINT),
        "optional": not field.required,
        "element": _choice(field) if field.kind == "choice" else _line(field),
    }
    return made | {"hint": _plain(field.hint, LONGEST_HINT)} if field.hint else made


def _line(field: Field) -> Block:
    most = min(field.at_most, LONGEST_INPUT)
    element: Block = {"type": "plain_text_input", "action_id": "value", "max_length": most}
    element["multiline"] = field.kind == "text"
    return element | {"initial_value": field.value[:most]} if field.value else element


def _choice(field: Field) -> Block:
    options = [{"text": _plain(label, LONGEST_LABEL), "value": value} for value, label in field.options]
    chosen = next((option for option in options if option["value"] == field.value), None)
    element: Block = {"type": "static_select", "action_id": "value", "options": options}
    return element | {"initial_option": chosen} if chosen else element
