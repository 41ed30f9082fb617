"""The rows by which editors order a newsletter's weeks: publish, skip, pause, take back; and the log of who did."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from bot import cards
from bot.asking import DATE, DAY, EDITION, NEWSLETTER, Asked, Newsletter, Row
from bot.chat import Action, Card, Cards, Fact
from newsletter.due import Act, ActKind
from newsletter.errors import UserError
from newsletter.week import in_words

if TYPE_CHECKING:
    from bot.commands import Commands

LOGGED = 15
"""So many of the last acts are shown."""


async def publish(commands: "Commands", asked: Asked) -> Cards:
    """Close the open edition and send it everywhere; also what an earlier attempt left unfinished."""
    newsletter, number = asked.newsletter, asked.number
    edition = await newsletter.publisher.publish(asked.by, number)
    delivered = await newsletter.publisher.deliver(failed_too=True)
    if edition is None and not delivered and number is not None:
        return cards.text(f"Edition {number} is out already, or nothing of it is left to publish.")
    if edition is None and not delivered:
        least = newsletter.settings.at_least
        return cards.text(f"Nothing was published: an edition needs {least} {'link' if least == 1 else 'links'}.")
    title = edition.title if edition is not None else newsletter.settings.key
    return Cards((cards.note(title, [await commands.outcome(one) for one in delivered]),))


async def skip(commands: "Commands", asked: Asked) -> Cards:
    """Leave a week out."""
    newsletter = asked.newsletter
    skipped = await newsletter.publisher.skip(asked.by, asked.day)
    day = skipped.astimezone(newsletter.settings.zone).date()
    key = newsletter.settings.key
    undo = Action("Do not skip it", f"unskip {day:%Y-%m-%d} {key}")
    fact = Fact(f"{key} is skipped on {_when(commands, newsletter, skipped)}", at=skipped)
    return Cards((Card(lines=((fact,), (Fact("Its links go into the next one."),)), actions=(undo,)),))


async def unskip(commands: "Commands", asked: Asked) -> Cards:
    """Take a skip back."""
    newsletter = asked.newsletter
    served = await newsletter.publisher.unskip(asked.by, _day(asked))
    if served is None:
        return cards.text(f"{newsletter.settings.key} was not going to be skipped then.")
    return cards.text(f"{newsletter.settings.key} goes out on {_when(commands, newsletter, served)} after all.")


async def pause(commands: "Commands", asked: Asked) -> Cards:
    """Serve no week before a day."""
    newsletter, until = asked.newsletter, _day(asked)
    if until <= commands.now().astimezone(newsletter.settings.zone).date():
        raise UserError(f"{until} has passed: name the day from which on it goes out again")
    following = await newsletter.publisher.pause(asked.by, until)
    return cards.text(
        f"{newsletter.settings.key} pauses; the next one goes out on {_when(commands, newsletter, following)}. "
        "Links are collected meanwhile."
    )


async def resume(commands: "Commands", asked: Asked) -> Cards:
    """End a pause."""
    newsletter = asked.newsletter
    following = await newsletter.publisher.resume(asked.by)
    return cards.text(
        f"{newsletter.settings.key} goes on; the next one goes out on {_when(commands, newsletter, following)}."
    )


async def log(commands: "Commands", asked: Asked) -> Cards:
    """What was done with the newsletter, the newest first."""
    newsletter = asked.newsletter
    acts = await newsletter.publisher.log(LOGGED)
    if not acts:
        return cards.text(f"Nothing was done with {newsletter.settings.key} yet.")
    facts = [Fact(await _said(commands, newsletter, act), at=act.at) for act in reversed(acts)]
    return Cards((cards.note(f"{newsletter.settings.key}: who did what", facts),))


async def retract(commands: "Commands", asked: Asked) -> Cards:
    """Take the last edition back everywhere: asked without its number, first say what that would do."""
    newsletter, number = asked.newsletter, asked.number
    key = newsletter.settings.key
    last = await commands.curator(newsletter).desk(last=True)
    if number is None:
        sure = Action("Take it back", f"retract {key} #{last.edition.number}", "danger")
        text = (
            f"This takes #{last.edition.number} {last.edition.title} back everywhere. Its links are not printed again."
        )
        return Cards((Card(lines=((Fact(text),),), actions=(sure,)),))
    if number != last.edition.number:
        raise UserError(f"#{number} is not the last edition, which is #{last.edition.number}")
    edition = await newsletter.publisher.retract(asked.by)
    delivered = await newsletter.publisher.deliver()
    if edition is None:
        raise UserError("no edition went out yet")
    wrong = [await commands.outcome(one) for one in delivered if one.failed is not None]
    return Cards((cards.note(f"#{edition.number} {edition.title} was taken back", wrong),))


ROWS = (
    Row("publish", "Send the newsletter now", publish, (NEWSLETTER, EDITION), who="editors", changes=True),
    Row("skip", "Leave a week out; its links go into the next", skip, (NEWSLETTER, DATE), who="editors", changes=True),
    Row("unskip", "Take a skip back", unskip, (DAY, NEWSLETTER), who="editors", changes=True),
    Row("pause", "Send nothing before a day", pause, (DAY, NEWSLETTER), who="editors", changes=True),
    Row("resume", "End a pause", resume, (NEWSLETTER,), who="editors", changes=True),
    Row("log", "Who did what with the newsletter", log, (NEWSLETTER,), who="editors"),
    Row("retract", "Take the last newsletter back", retract, (NEWSLETTER, EDITION), who="editors", changes=True),
)


def _day(asked: Asked) -> date:
    day = asked.day
    if day is None:
        raise UserError("name a day, as in 2026-06-13")
    return day


def _when(commands: "Commands", newsletter: Newsletter, at: datetime) -> str:
    return in_words(at, newsletter.settings.zone, commands.now())


async def _said(commands: "Commands", newsletter: Newsletter, act: Act) -> str:
    by = await commands.called_by(act.by)
    at = act.at.astimezone(newsletter.settings.zone)
    about = act.about
    if act.what in (ActKind.SKIP, ActKind.UNSKIP, ActKind.PAUSE, ActKind.PASSED, ActKind.DRAFT) and "T" in about:
        about = f"{datetime.fromisoformat(about).astimezone(newsletter.settings.zone):%Y-%m-%d}"
    elif about.isdecimal():
        about = f"#{about}"
    return f"{at:%Y-%m-%d %H:%M}  {act.what.value} {about} by {by}".replace("  by", " by")
