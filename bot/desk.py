"""What the editors see before a newsletter goes out, as neutral cards: the draft, the closed one that waits, the desk.

Pure. What an edition is made of was decided in ``assemble``, what can be decided about it in ``curate``; forms are
``forms``'s, how cards look on a platform is decided by its ``draw``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import cards
from bot.chat import Action, Card, Cards, Fact
from bot.speech import Speech
from newsletter import curate, markdown
from newsletter.curate import WITHOUT_TITLE, Desk, OnDesk
from newsletter.lint import Fault, Finding
from newsletter.model import Edition, Entry
from newsletter.settings import NewsletterSettings
from newsletter.titles import shorten

LISTED = 15
"""So many links of a kind are named; of more, how many there are."""


def draft(
    edition: Edition,
    settings: NewsletterSettings,
    closing: datetime,
    now: datetime,
    called: str,
    speech: Speech,
    findings: Sequence[Finding] = (),
    seen_until: int = 0,
) -> Cards:
    """What is in so far, what is out or held and why, and what could be better.

    ``findings`` are what ``lint`` found; ``seen_until`` is the last share an editor has looked at.
    """
    key = settings.key
    when = closes(closing, settings, now, speech)
    if edition.is_empty:
        empty = Fact(speech.say("no link so far: nothing will go out"))
        return Cards((cards.note(f"📝 {edition.title}", (when, empty)),))
    actions = (
        Action(speech.say("Open the desk"), f"desk {key}"),
        Action(speech.say("See it as it will be"), f"preview {key}"),
        Action(speech.say("Publish now"), f"publish {key} {edition.number}", "primary"),
    )
    head = replace(cards.note(f"📝 {edition.title}", (when, _counted(edition, speech))), actions=actions)
    hint = Fact(speech.say("To leave this week out: {command}", command=f"{called} skip {key}"))
    listing = _Listing(edition, settings, speech)
    checked = (*listing.new(seen_until), *listing.checked(), *listing.found(findings))
    return Cards((head, *checked, Card(lines=((hint,),))))


def closed(
    edition: Edition,
    out_at: datetime | None,
    settings: NewsletterSettings,
    now: datetime,
    called: str,
    speech: Speech,
) -> Cards:
    """What goes out, exactly, and when; without ``out_at`` on an editor's word."""
    key = settings.key
    if out_at is None:
        command = f"{called} publish {key}"
        when = Fact(speech.say("It goes out when an editor publishes it: {command}", command=command))
    else:
        when = Fact(speech.say("goes out {when}", when=speech.when(out_at, settings.zone, now)), at=out_at)
    label = speech.say("Publish") if out_at is None else speech.say("Publish now")
    publish = Action(label, f"publish {key} {edition.number}", "primary")
    head = replace(cards.note(f"🔒 {edition.title}", (when, _counted(edition, speech))), actions=(publish,))
    shown = cards.of_edition(edition)
    return Cards((head, *_Listing(edition, settings, speech).checked()), (*shown.channel, *shown.thread))


def closes(closing: datetime, settings: NewsletterSettings, now: datetime, speech: Speech) -> Fact:
    """When the open edition closes."""
    return Fact(speech.say("closes {when}", when=speech.when(closing, settings.zone, now)), at=closing)


def _counted(edition: Edition, speech: Speech) -> Fact:
    count = speech.counted("{n} link", "{n} links", len(edition.entries) + len(edition.again))
    if not edition.left_out:
        return Fact(count)
    return Fact(speech.say("{links}, {n} left out", links=count, n=len(edition.left_out)))


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is to be said of an edition's links before it goes out, as one card for each kind."""

    edition: Edition
    settings: NewsletterSettings
    speech: Speech

    def new(self, seen_until: int) -> Iterable[Card]:
        """What came since an editor last looked; nothing where nobody has looked yet."""
        new = [one for one in self._entries() if any(shared.share > seen_until for shared in one.shares)]
        if seen_until:
            yield from self._listed(self.speech.say("New since an editor last looked"), new, _shared_by)

    def checked(self) -> Iterable[Card]:
        """What is out or held and why, and what lacks a title or a section."""
        say, entries = self.speech.say, self._entries()
        yield from self._listed(say("In"), entries, _shared_by)
        yield from self._listed(say("Without a title of their own"), [one for one in entries if _lacks_title(one)])
        if self.settings.sections and len(entries) > cards.FLAT:
            yield from self._listed(say("In no section"), [one for one in self.edition.entries if not one.section])
        held = [one for one in entries if one.held]
        yield from self._listed(say("Held back from public places"), held, lambda one: say(str(one.held)))
        left_out = [(Fact(left.url, left.url), Fact(say(left.reason))) for left in self.edition.left_out]
        yield from self._facts(say("Left out"), left_out)

    def found(self, findings: Sequence[Finding]) -> Iterable[Card]:
        """What ``lint`` found and is not said already."""
        said = (Fault.NO_TITLE, Fault.HELD)
        lines = [
            (Fact(one.title or one.url, one.url), Fact(self.speech.say(one.says)))
            for one in findings
            if one.fault not in said
        ]
        yield from self._facts(self.speech.say("To mend"), lines)

    def _entries(self) -> tuple[Entry, ...]:
        return (*self.edition.entries, *self.edition.again)

    def _listed(
        self, heading: str, found: Sequence[Entry], says: Callable[[Entry], str] = lambda _: ""
    ) -> Iterable[Card]:
        yield from self._facts(heading, [(Fact(markdown.plain(one.title), one.url), Fact(says(one))) for one in found])

    def _facts(self, heading: str, lines: list[tuple[Fact, Fact]]) -> Iterable[Card]:
        if not lines:
            return
        shown = [tuple(fact for fact in line if fact.text) for line in lines[:LISTED]]
        if len(lines) > LISTED:
            shown.append((Fact(self.speech.say("… and {n} more", n=len(lines) - LISTED)),))
        yield Card(heading=f"{heading} ({len(lines)})", lines=tuple(shown))


def _lacks_title(entry: Entry) -> bool:
    return entry.title_source in WITHOUT_TITLE


def _shared_by(entry: Entry) -> str:
    names = dict.fromkeys(shared.person.name for shared in entry.shares if shared.person.name)
    return ", ".join(map(markdown.plain, names))


# --- the desk --------------------------------------------------------------------------------------------------------

PER_PAGE = 4
"""So many links are on a page: with five buttons each and the page's own, a message holds no more."""

LONGEST_TITLE, LONGEST_FACT, LONGEST_URL = 90, 100, 150


def way_to(key: str, speech: Speech) -> Card:
    """A button to the desk."""
    return Card(actions=(Action(speech.say("Open the desk"), f"desk {key}"),))


def pages(desk: Desk) -> int:
    """How many pages the desk has; at least one."""
    return max(1, -(-len(desk.rows) // PER_PAGE))


def page_of(desk: Desk, settings: NewsletterSettings, page: int, speech: Speech, when: Fact | None = None) -> Cards:
    """A page of the desk, counted from one: what needs somebody comes first. A page that is not there is the last."""
    page = min(max(1, page), pages(desk))
    rows = curate.undecided_first(desk.rows)
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    links = (link(row, actions_of(row, desk, settings, page, speech, f" {row.number}"), speech) for row in shown)
    return Cards((_head(desk, settings, page, speech, when), *links))


def _head(desk: Desk, settings: NewsletterSettings, page: int, speech: Speech, when: Fact | None) -> Card:
    edition, key, say = desk.edition, settings.key, speech.say
    needing = sum(bool(row.needs) for row in desk.rows)
    new = sum(row.is_new for row in desk.rows)
    counts = [_counted(edition, speech)]
    counts += [Fact(speech.counted("{n} needs you", "{n} need you", needing))] if needing else []
    counts += [Fact(say("✨ {n} new since you last looked", n=new))] if new else []
    lines = ((when,),) if when is not None else ()
    if pages(desk) > 1:
        counts.append(Fact(say("page {page} of {pages}", page=page, pages=pages(desk))))
    number = f"#{edition.number}"
    actions = []
    if page > 1:
        actions.append(Action(say("◀ Page"), f"page {key} {number} {page - 1}"))
    if page < pages(desk):
        actions.append(Action(say("Page ▶"), f"page {key} {number} {page + 1}"))
    around = say("Intro, outro, pick") if desk.is_open else say("Intro, outro")
    actions.append(Action(around, f"around {key} {number}"))
    if desk.is_open:
        actions.append(Action(say("See it"), f"preview {key}"))
        actions.append(Action(say("Publish now"), f"publish {key} {number}", "primary"))
    title = f"🗞 #{edition.number} {edition.title}"
    title = title if desk.is_open else say("{title} (is out)", title=title)
    return Card(title=shorten(title, LONGEST_TITLE), lines=(*lines, tuple(counts)), actions=tuple(actions))


def link(row: OnDesk, actions: tuple[Action, ...], speech: Speech) -> Card:
    """One link with what stands about it."""
    marks = [("✨", row.is_new), ("⭐", row.pick), ("📌", row.pinned), ("🔒", bool(row.held)), ("⬜", not row.is_in)]
    mark = "".join(sign for sign, stands in marks if stands)
    names = ", ".join(dict.fromkeys(markdown.plain(one.person.name) for one in row.shares if one.person.name))
    why = speech.say("in: {why}", why=row.why) if row.is_in else speech.say("out: {why}", why=row.why)
    lines = [(Fact(shorten(why, LONGEST_FACT)),)]
    lines += [(Fact(shorten(f"❗ {'; '.join(map(speech.say, row.needs))}", LONGEST_FACT)),)] if row.needs else []
    lines += [(Fact(shorten(speech.say("by {names}", names=names), LONGEST_FACT)),)] if names else []
    title = f"{mark} {row.number}. {markdown.plain(row.title) or row.url}".strip()
    url = row.url if len(row.url) <= LONGEST_URL else ""
    return Card(title=shorten(title, LONGEST_TITLE), url=url, lines=tuple(lines), actions=actions)


def actions_of(
    row: OnDesk, desk: Desk, settings: NewsletterSettings, page: int, speech: Speech, number: str = ""
) -> tuple[Action, ...]:
    """What an editor can decide about a link, as buttons; ``number`` tells those of several links apart."""

    def button(label: str, name: str) -> Action:
        return Action(f"{label}{number}", f"{name} {settings.key} #{desk.edition.number} {row.ref} {page}")

    say = speech.say
    if row.is_below:
        return (button(say("Edit"), "edit"),) if desk.is_open else ()
    if not row.is_in:
        return (button(say("Put back"), "back"), button(say("Edit"), "edit"))
    actions = [button(say("Leave out"), "out"), button(say("Edit"), "edit")]
    if row.held:
        actions.append(button(say("Release"), "release"))
    elif curate.was_released(row):
        actions.append(button(say("Hold back"), "hold"))
    if desk.is_open:
        actions.append(button(say("Unpin"), "unpin") if row.pinned else button(say("Pin"), "pin"))
        actions += [button("▲", "up"), button("▼", "down")]
    return tuple(actions[:5])


def own_actions(key: str, share: int, speech: Speech, *, withdrawn: bool, number: str = "") -> tuple[Action, ...]:
    """What a sharer can decide about a share of their own; ``number`` tells those of several apart."""
    say = speech.say
    if withdrawn:
        return (Action(say("Bring it back") + number, f"restore {key} {share}"),)
    return (
        Action(say("Edit") + number, f"reword {key} {share}"),
        Action(say("Take it back") + number, f"withdraw {key} {share}", "danger"),
    )


def emoji_of(settings: NewsletterSettings, speech: Speech, *, editor: bool) -> Card:
    """What emoji on a message say of its links."""
    emoji, lines, say = settings.emoji, [], speech.say
    if editor:
        said = (
            (emoji.leave_out, say("leave it out")),
            (emoji.bring_in, say("let it in")),
            (emoji.pin, say("pin it to the top")),
        )
        lines = [Fact(f"{sign} {what}") for sign, what in said if sign]
        lines += [
            Fact(say("{emoji} under {section}", emoji=one.emoji[0], section=one.heading))
            for one in settings.sections
            if one.emoji and one.emoji[0]
        ]
    if emoji.own:
        lines.append(Fact(say("{emoji} on your own message: keep it out, also afterwards", emoji=emoji.own)))
    return cards.note(say("By emoji on a message") if lines else "", lines)
