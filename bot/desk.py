"""What the editors see before a newsletter goes out, as neutral cards: the draft, the closed one that waits, the desk.

Pure. What an edition is made of was decided in ``assemble``, what can be decided about it in ``curate``; forms are
``forms``'s, how cards look on a platform is decided by its ``draw``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot import cards
from bot.chat import Action, Card, Cards, Fact
from newsletter import curate, markdown
from newsletter.curate import WITHOUT_TITLE, Desk, OnDesk
from newsletter.lint import Fault, Finding
from newsletter.model import Edition, Entry
from newsletter.settings import NewsletterSettings
from newsletter.titles import shorten
from newsletter.week import in_words

LISTED = 15
"""So many links of a kind are named; of more, how many there are."""


def draft(
    edition: Edition,
    settings: NewsletterSettings,
    closing: datetime,
    now: datetime,
    called: str,
    findings: Sequence[Finding] = (),
    seen_until: int = 0,
) -> Cards:
    """What is in so far, what is out or held and why, and what could be better.

    ``findings`` are what ``lint`` found; ``seen_until`` is the last share an editor has looked at.
    """
    key = settings.key
    when = Fact(f"closes {in_words(closing, settings.zone, now)}", at=closing)
    if edition.is_empty:
        empty = Fact("no link so far: nothing will go out")
        return Cards((cards.note(f"📝 {edition.title}", (when, empty)),))
    actions = (
        Action("Open the desk", f"desk {key}"),
        Action("See it as it will be", f"preview {key}"),
        Action("Publish now", f"publish {key} {edition.number}", "primary"),
    )
    head = replace(cards.note(f"📝 {edition.title}", (when, _counted(edition))), actions=actions)
    hint = Fact(f"To leave this week out: {called} skip {key}")
    checked = (*_new(edition, seen_until), *_checked(edition, settings), *_found(findings))
    return Cards((head, *checked, Card(lines=((hint,),))))


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


def _new(edition: Edition, seen_until: int) -> Iterable[Card]:
    """What came since an editor last looked; nothing where nobody has looked yet."""
    entries = (*edition.entries, *edition.again)
    new = [(one, _shared_by(one)) for one in entries if any(shared.share > seen_until for shared in one.shares)]
    if seen_until:
        yield from _listed("New since an editor last looked", new)


def _found(findings: Sequence[Finding]) -> Iterable[Card]:
    """What ``lint`` found and is not said already."""
    said = (Fault.NO_TITLE, Fault.HELD)
    lines = [(Fact(one.title or one.url, one.url), Fact(one.says)) for one in findings if one.fault not in said]
    yield from _facts("To mend", lines)


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


# --- the desk --------------------------------------------------------------------------------------------------------

PER_PAGE = 4
"""So many links are on a page: with five buttons each and the page's own, a message holds no more."""

LONGEST_TITLE, LONGEST_FACT, LONGEST_URL = 90, 100, 150


def way_to(key: str) -> Card:
    """A button to the desk."""
    return Card(actions=(Action("Open the desk", f"desk {key}"),))


def pages(desk: Desk) -> int:
    """How many pages the desk has; at least one."""
    return max(1, -(-len(desk.rows) // PER_PAGE))


def page_of(desk: Desk, settings: NewsletterSettings, page: int, when: Fact | None = None) -> Cards:
    """A page of the desk, counted from one: what needs somebody comes first. A page that is not there is the last."""
    page = min(max(1, page), pages(desk))
    rows = curate.undecided_first(desk.rows)
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Cards((_head(desk, settings, page, when), *(_row(row, desk, settings, page) for row in shown)))


def _head(desk: Desk, settings: NewsletterSettings, page: int, when: Fact | None) -> Card:
    edition, key = desk.edition, settings.key
    needing = sum(bool(row.needs) for row in desk.rows)
    new = sum(row.is_new for row in desk.rows)
    counts = [_counted(edition)]
    counts += [Fact(f"{needing} {'needs' if needing == 1 else 'need'} you")] if needing else []
    counts += [Fact(f"✨ {new} new since you last looked")] if new else []
    lines = ((when,),) if when is not None else ()
    if pages(desk) > 1:
        counts.append(Fact(f"page {page} of {pages(desk)}"))
    number = f"#{edition.number}"
    actions = []
    if page > 1:
        actions.append(Action("◀ Page", f"page {key} {number} {page - 1}"))
    if page < pages(desk):
        actions.append(Action("Page ▶", f"page {key} {number} {page + 1}"))
    actions.append(Action("Intro, outro, pick" if desk.is_open else "Intro, outro", f"around {key} {number}"))
    if desk.is_open:
        actions.append(Action("See it", f"preview {key}"))
        actions.append(Action("Publish now", f"publish {key} {number}", "primary"))
    title = f"🗞 #{edition.number} {edition.title}" if desk.is_open else f"🗞 #{edition.number} {edition.title} (is out)"
    return Card(title=shorten(title, LONGEST_TITLE), lines=(*lines, tuple(counts)), actions=tuple(actions))


def _row(row: OnDesk, desk: Desk, settings: NewsletterSettings, page: int) -> Card:
    return link(row, actions_of(row, desk, settings, page, f" {row.number}"))


def link(row: OnDesk, actions: tuple[Action, ...]) -> Card:
    """One link with what stands about it."""
    marks = [("✨", row.is_new), ("⭐", row.pick), ("📌", row.pinned), ("🔒", bool(row.held)), ("⬜", not row.is_in)]
    mark = "".join(sign for sign, stands in marks if stands)
    names = ", ".join(dict.fromkeys(markdown.plain(one.person.name) for one in row.shares if one.person.name))
    where = "in" if row.is_in else "out"
    lines = [(Fact(shorten(f"{where}: {row.why}", LONGEST_FACT)),)]
    lines += [(Fact(shorten(f"❗ {'; '.join(row.needs)}", LONGEST_FACT)),)] if row.needs else []
    lines += [(Fact(shorten(f"by {names}", LONGEST_FACT)),)] if names else []
    title = f"{mark} {row.number}. {markdown.plain(row.title) or row.url}".strip()
    url = row.url if len(row.url) <= LONGEST_URL else ""
    return Card(title=shorten(title, LONGEST_TITLE), url=url, lines=tuple(lines), actions=actions)


def actions_of(
    row: OnDesk, desk: Desk, settings: NewsletterSettings, page: int, number: str = ""
) -> tuple[Action, ...]:
    """What an editor can decide about a link, as buttons; ``number`` tells those of several links apart."""

    def button(label: str, name: str) -> Action:
        return Action(f"{label}{number}", f"{name} {settings.key} #{desk.edition.number} {row.ref} {page}")

    if row.is_below:
        return (button("Edit", "edit"),) if desk.is_open else ()
    if not row.is_in:
        return (button("Put back", "back"), button("Edit", "edit"))
    actions = [button("Leave out", "out"), button("Edit", "edit")]
    if row.held:
        actions.append(button("Release", "release"))
    elif curate.was_released(row):
        actions.append(button("Hold back", "hold"))
    if desk.is_open:
        actions.append(button("Unpin", "unpin") if row.pinned else button("Pin", "pin"))
        actions += [button("▲", "up"), button("▼", "down")]
    return tuple(actions[:5])


def own_actions(key: str, share: int, *, withdrawn: bool) -> tuple[Action, ...]:
    """What a sharer can decide about a share of their own."""
    if withdrawn:
        return (Action("Bring it back", f"restore {key} {share}"),)
    return Action("Edit", f"reword {key} {share}"), Action("Take it back", f"withdraw {key} {share}", "danger")


def emoji_of(settings: NewsletterSettings, *, editor: bool) -> Card:
    """What emoji on a message say of its links."""
    emoji, lines = settings.emoji, []
    if editor:
        said = ((emoji.leave_out, "leave it out"), (emoji.bring_in, "let it in"), (emoji.pin, "pin it to the top"))
        lines = [Fact(f"{sign} {what}") for sign, what in said if sign]
        lines += [
            Fact(f"{one.emoji[0]} under {one.heading}") for one in settings.sections if one.emoji and one.emoji[0]
        ]
    if emoji.own:
        lines.append(Fact(f"{emoji.own} on your own message: keep it out, also afterwards"))
    return cards.note("By emoji on a message" if lines else "", lines)
