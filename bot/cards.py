"""What chat shows, as neutral cards: an edition, a list of links, answers to questions; and cards packed into messages.

Pure. Which words an edition is made of was decided in ``assemble``; how a card looks on a platform, and how much a
message holds, is decided by the platform's ``draw``, which ``pack`` asks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat import Card, Cards, Command, Fact
from bot.speech import Speech
from newsletter import markdown, titles
from newsletter.languages import Language, language
from newsletter.model import Edition, Entry, Shared
from newsletter.settings import NewsletterSettings
from newsletter.week import next_cut_off

FLAT = 5
"""Up to so many entries stand in full, without headings."""

SHORT = 25
"""Up to so many stand in the channel with short words; of more, only the best do."""

BEST = 8
SHORT_WORDS = 200
"""How many characters of its words a short entry shows."""

Fits = Callable[[Sequence[Card]], bool]
"""Whether these cards, drawn together, are within one message's limits. Fewer of them must fit as well."""


# --- an edition ----------------------------------------------------------------------------------------------------


def of_edition(edition: Edition) -> Cards:
    """The edition as cards, for the readers it was made for. Same edition, same cards.

    1-5 entries flat and full; 6-25 in sections, with short words; more: the best in full in the channel, every other
    one as a line in the thread. Links seen before come last, each as a line with its words.
    """
    words = language(edition.language)
    entries = edition.entries
    several = len({shared.channel for entry in entries for shared in entry.shares}) > 1
    again = _headed(words.again, [_short(entry, words, several) for entry in edition.again])
    title = _title_card(edition)
    outro = (Card(text=edition.outro),) if edition.outro else ()
    if edition.read_at:
        outro = (*outro, Card(lines=((Fact(words.read_on, edition.read_at),),)))
    if len(entries) <= FLAT:
        return Cards((title, *(_full(entry, words, several) for entry in entries), *again, *outro))
    if len(entries) <= SHORT:
        return Cards((title, *_sections(edition, lambda entry: _short(entry, words, several)), *again, *outro))
    order = {entry.key: place for place, entry in enumerate(entries)}
    # The order of an edition is by section first; the best are the best of all.
    ranked = sorted(entries, key=lambda entry: (not entry.pinned, -entry.score, order[entry.key]))
    best = {entry.key for entry in ranked[:BEST]}
    shown = [_full(entry, words, several) for entry in ranked[:BEST]]
    others = _sections(edition, lambda entry: None if entry.key in best else _line(entry))
    return Cards((title, *shown), (*others, *again, *outro))


def _title_card(edition: Edition) -> Card:
    people = {shared.person.id for entry in (*edition.entries, *edition.again) for shared in entry.shares}
    named = any(shared.person.name for entry in edition.entries for shared in entry.shares)
    counts = [Fact(f"#{edition.number}"), Fact(f"🔗 {len(edition.entries) + len(edition.again)}")]
    if named:
        counts.append(Fact(f"👥 {len(people)}"))
    return Card(title=edition.title, text=edition.intro, lines=(tuple(counts),))


def _sections(edition: Edition, card: Callable[[Entry], Card | None]) -> tuple[Card, ...]:
    made: list[Card] = []
    for section in edition.sections:
        made += _headed(section.title, [one for entry in section.entries if (one := card(entry)) is not None])
    return tuple(made)


def _headed(heading: str, cards: Sequence[Card]) -> tuple[Card, ...]:
    return (replace(cards[0], heading=heading), *cards[1:]) if cards else ()


def _full(entry: Entry, words: Language, several: bool) -> Card:
    return Card(
        title=_title(entry),
        url=entry.url,
        text=entry.said,
        lines=(*_further(entry), *_byline(entry, words, several), *_discussion(entry, words)),
        image=entry.image,
    )


def _short(entry: Entry, words: Language, several: bool) -> Card:
    return replace(_full(entry, words, several), text=_in_short(entry.said), image="")


def _line(entry: Entry) -> Card:
    return Card(title=_title(entry), url=entry.url, lines=_further(entry))


def _title(entry: Entry) -> str:
    return markdown.plain(entry.title) or entry.url


def _in_short(words: str) -> str:
    """CommonMark of at most ``SHORT_WORDS`` characters to read: short words as they are, the beginning of long ones."""
    plain = markdown.plain(markdown.to_text(words))
    return words if len(plain) <= SHORT_WORDS else markdown.escape(titles.shorten(plain, SHORT_WORDS))


def _further(entry: Entry) -> tuple[tuple[Fact, ...], ...]:
    return tuple((Fact(markdown.plain(link.title) or link.url, link.url),) for link in entry.links)


def _byline(entry: Entry, words: Language, several: bool) -> tuple[tuple[Fact, ...], ...]:
    """Who shared it, with the way to their message; how people reacted; where it was before."""
    facts: dict[str, Fact] = {}
    if any(shared.person.name for shared in entry.shares):
        for shared in entry.shares:
            fact = Fact(_who(shared, words, several), shared.permalink or "")
            facts.setdefault(fact.text, fact)
    facts |= {emoji: Fact(f"{emoji} {count}") for emoji, count in entry.reactions}
    if entry.also_in is not None:
        seen = entry.also_in
        facts["also in"] = Fact(words.also_in.format(number=seen.number, label=seen.label))
    return (tuple(facts.values()),) if facts else ()


def _discussion(entry: Entry, words: Language) -> tuple[tuple[Fact, ...], ...]:
    """The best replies, each a line in short."""
    said = (
        (markdown.plain(reply.person.name) or words.someone, markdown.plain(markdown.to_text(reply.words)))
        for reply in entry.discussion
    )
    return tuple((Fact(f"💬 {name}: {titles.shorten(text, SHORT_WORDS)}"),) for name, text in said)


def _who(shared: Shared, words: Language, several: bool) -> str:
    name = markdown.plain(shared.person.name) or words.someone
    return f"{name} (#{markdown.plain(shared.channel)})" if several and shared.channel else name


# --- answers -------------------------------------------------------------------------------------------------------


def text(words: str) -> Cards:
    """A few plain words."""
    return Cards((Card(text=markdown.escape(words)),))


def links(heading: str, found: Iterable[tuple[str, str, tuple[Fact, ...]]]) -> Cards:
    """A list of links: the title of each, its address, and what is known of it."""
    listed = (Card(title=title, url=url, lines=(facts,) if facts else ()) for title, url, facts in found)
    return Cards((Card(title=heading), *listed))


def help_of(called: str, commands: Iterable[Command], speech: Speech) -> Cards:
    """How each command is written, and what it does. ``called`` is what people type before it: ``/digest``."""
    rows = []
    for command in commands:
        values = (f"<{p.name}>" if p.required else f"[{p.name}]" for p in command.parameters)
        rows.append((Fact(" ".join((called, command.name, *values))), Fact(speech.say(command.help))))
    return Cards((Card(title="Linkletter", lines=tuple(rows)),))


def introduction(newsletters: Sequence[NewsletterSettings], called: str, now: datetime, speech: Speech) -> Cards:
    """What we do in a channel: what, when, how to take part, how to stay out, what is kept."""
    rows = []
    for settings in newsletters:
        closes = next_cut_off(settings.schedule, settings.zone, now)
        when = Fact(speech.say("next on {when}", when=speech.when(closes, settings.zone, now)), at=closes)
        rows.append(
            (Fact(speech.say("Links shared here make the newsletter {newsletter}", newsletter=settings.key)), when)
        )
    text = speech.say(
        "Share links and react to them: that is all. {called} preview shows what will go out.\n"
        "Only messages with a link are kept, with who reacted to them, and your words around the link. "
        "Delete a message and it is out, also afterwards; {called} help tells the rest.",
        called=called,
    )
    if any(settings.keeps_replies for settings in newsletters):
        text += "\n" + speech.say(
            "Replies to links are kept too: the best of them stand in the newsletter, for the team."
        )
    return Cards((Card(title=speech.say("Hello, I am Linkletter"), lines=tuple(rows), text=markdown.escape(text)),))


def seen_before(lines: Iterable[str], speech: Speech) -> Cards:
    """For who shares a link that a newsletter had: only new words bring it in again."""
    hint = speech.say("Your words about it bring it in again, as a line at the end; without any it is left out.")
    return Cards((Card(lines=(*((Fact(f"🔁 {line}"),) for line in lines), (Fact(hint),))),))


def note(title: str, facts: Iterable[Fact]) -> Card:
    """A title and a few lines of facts."""
    return Card(title=title, lines=tuple((fact,) for fact in facts))


# --- messages ------------------------------------------------------------------------------------------------------


def pack(cards: Cards, fits: Fits) -> tuple[tuple[Card, ...], ...]:
    """The cards as messages that fit, in order: the first is the channel's, the others its thread's.

    No card is lost: one that is too long goes on in the next message. Where anything is in the thread, the channel's
    message ends with how many more links are there.
    """
    if not cards.thread and fits(cards.channel):
        return (cards.channel,)
    waiting = [*cards.channel, *cards.thread]
    in_channel = _fill(waiting, lambda some: fits((*some, _more(waiting))), most=len(cards.channel))
    messages = [(*in_channel, _more(waiting)) if waiting else in_channel]
    while waiting:
        messages.append(_fill(waiting, fits))
    return tuple(messages)


def _more(waiting: Iterable[Card]) -> Card:
    return Card(text=f"🧵 +{sum(bool(card.url) for card in waiting)}")


def _fill(waiting: list[Card], fits: Fits, most: int | None = None) -> tuple[Card, ...]:
    """Take as many cards from the front as fit, at least one; one that does not fit alone is halved first."""
    while not fits(waiting[:1]):
        halves = _halves(waiting[0])
        waiting[:1] = halves or (_bare(waiting[0]),)
        if not halves:
            break
    end = 1
    while end < len(waiting) and (most is None or end < most) and fits(waiting[: end + 1]):
        end += 1
    taken = tuple(waiting[:end])
    del waiting[:end]
    return taken


def _halves(card: Card) -> tuple[Card, ...]:
    """The card as two, the second going on where the first ends; ``()`` where there is nothing left to halve."""
    first, second = _halved(card.text)
    if first and second:
        return replace(card, text=first, lines=()), Card(text=second, lines=card.lines)
    if (card.title or card.url or card.heading) and (card.text or card.lines):
        return replace(card, text="", lines=()), Card(text=card.text, lines=card.lines)
    if card.text and card.lines:
        return replace(card, lines=()), Card(lines=card.lines)
    if len(card.lines) > 1:
        middle = len(card.lines) // 2
        return Card(lines=card.lines[:middle]), Card(lines=card.lines[middle:])
    if card.lines and len(card.lines[0]) > 1:
        facts, middle = card.lines[0], len(card.lines[0]) // 2
        return Card(lines=(facts[:middle],)), Card(lines=(facts[middle:],))
    return ()


def _bare(card: Card) -> Card:
    """What is left of a card that cannot be halved: an address as long as a message is shown without its link."""
    said = card.title or next((fact.text for line in card.lines for fact in line), "") or card.url
    return Card(title=titles.shorten(said, SHORT_WORDS), heading=titles.shorten(card.heading, SHORT_WORDS))


def _halved(text: str) -> tuple[str, str]:
    """CommonMark as two texts, cut between paragraphs, else lines, else words; the latter without its marks."""
    for separator in ("\n\n", "\n"):
        if separator in text.strip() and "```" not in text:
            return _cut(text.strip(), separator)
    plain = markdown.plain(markdown.to_text(text))
    first, second = _cut(plain, " ") if " " in plain else (plain[: len(plain) // 2], plain[len(plain) // 2 :])
    return markdown.escape(first), markdown.escape(second)


def _cut(text: str, separator: str) -> tuple[str, str]:
    """At the separator that is nearest to the middle."""
    middle = len(text) // 2
    places = [text.rfind(separator, 0, middle), text.find(separator, middle)]
    place = min((at for at in places if at >= 0), key=lambda at: abs(at - middle))
    return text[:place].rstrip(), text[place + len(separator) :].lstrip("\n")
