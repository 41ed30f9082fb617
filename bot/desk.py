"""What the editors see, as neutral cards: the draft before a newsletter closes, and the closed one that waits. Pure.

What an edition is made of was decided in ``assemble``; how cards look on a platform is decided by its ``draw``.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot import cards
from bot.chat import Action, Card, Cards, Fact
from newsletter import markdown
from newsletter.model import Edition, Entry, TitleSource
from newsletter.settings import NewsletterSettings
from newsletter.week import in_words

WITHOUT_TITLE = (TitleSource.URL, TitleSource.HOST)
"""Titles that nobody wrote: they were read from the address."""

LISTED = 15
"""So many links of a kind are named; of more, how many there are."""


def draft(edition: Edition, settings: NewsletterSettings, closing: datetime, now: datetime, called: str) -> Cards:
    """What is in so far, what is out or held and why, and what could be better."""
    key = settings.key
    when = Fact(f"closes {in_words(closing, settings.zone, now)}", at=closing)
    if edition.is_empty:
        empty = Fact("no link so far: nothing will go out")
        return Cards((cards.note(f"📝 {edition.title}", (when, empty)),))
    actions = (
        Action("See it as it will be", f"preview {key}"),
        Action("Publish now", f"publish {key} {edition.number}", "primary"),
    )
    head = replace(cards.note(f"📝 {edition.title}", (when, _counted(edition))), actions=actions)
    hint = Fact(f"To leave this week out: {called} skip {key}")
    return Cards((head, *_checked(edition, settings), Card(lines=((hint,),))))


def closed(
    edition: Edition, out_at: datetime | None, settings: NewsletterSettings, now: datetime, called: str
) -> Cards:
    """What goes out, exactly, and when; without ``out_at`` on an editor's word."""
    key = settings.key
    if out_at is None:
        when = Fact(f"It goes out when an editor publishes it: {called} publish {key}")
    else:
        when = Fact(f"goes out {in_words(out_at, settings.zone, now)}", at=out_at)
    publish = Action("Publish" if out_at is None else "Publish now", f"publish {key} {edition.number}", "primary")
    head = replace(cards.note(f"🔒 {edition.title}", (when, _counted(edition))), actions=(publish,))
    shown = cards.of_edition(edition)
    return Cards((head, *_checked(edition, settings)), (*shown.channel, *shown.thread))


def _counted(edition: Edition) -> Fact:
    count = len(edition.entries) + len(edition.again)
    left_out = f", {len(edition.left_out)} left out" if edition.left_out else ""
    return Fact(f"{count} {'link' if count == 1 else 'links'}{left_out}")


def _checked(edition: Edition, settings: NewsletterSettings) -> Iterable[Card]:
    """What is out or held and why, and what lacks a title or a section."""
    entries = (*edition.entries, *edition.again)
    yield from _listed("In", [(entry, _shared_by(entry)) for entry in entries])
    yield from _listed("Without a title of their own", [(one, "") for one in entries if _lacks_title(one)])
    if settings.sections and len(entries) > cards.FLAT:
        yield from _listed("In no section", [(one, "") for one in edition.entries if not one.section])
    held = [(one, one.held) for one in entries if one.held]
    yield from _listed("Held back from public places", held)
    left_out = [(Fact(left.url, left.url), Fact(left.reason)) for left in edition.left_out]
    yield from _facts("Left out", left_out)


def _lacks_title(entry: Entry) -> bool:
    return entry.title_source in WITHOUT_TITLE


def _shared_by(entry: Entry) -> str:
    names = dict.fromkeys(shared.person.name for shared in entry.shares if shared.person.name)
    return ", ".join(map(markdown.plain, names))


def _listed(heading: str, found: list[tuple[Entry, str]]) -> Iterable[Card]:
    yield from _facts(heading, [(Fact(markdown.plain(one.title), one.url), Fact(why)) for one, why in found])


def _facts(heading: str, lines: list[tuple[Fact, Fact]]) -> Iterable[Card]:
    if not lines:
        return
    shown = [tuple(fact for fact in line if fact.text) for line in lines[:LISTED]]
    if len(lines) > LISTED:
        shown.append((Fact(f"… and {len(lines) - LISTED} more"),))
    yield Card(heading=f"{heading} ({len(lines)})", lines=tuple(shown))
