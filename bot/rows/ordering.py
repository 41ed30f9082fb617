"""The rows by which editors order a newsletter's weeks: publish, skip, pause, take back; and the log of who did."""

from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from bot import cards
from bot.asking import DATE, DAY, EDITION, NEWSLETTER, Asked, Row
from bot.chat import Action, Card, Cards, Fact
from newsletter.due import Act, ActKind
from newsletter.errors import UserError
from newsletter.phrase import Phrase

if TYPE_CHECKING:
    from bot.commands import Commands

LOGGED = 15
"""So many of the last acts are shown."""

DONE = {
    ActKind.SKIP: Phrase("skip"),
    ActKind.UNSKIP: Phrase("unskip"),
    ActKind.PAUSE: Phrase("pause"),
    ActKind.RESUME: Phrase("resume"),
    ActKind.PASSED: Phrase("passed"),
    ActKind.DRAFT: Phrase("draft"),
    ActKind.PUBLISH: Phrase("publish"),
    ActKind.RELEASE: Phrase("release"),
    ActKind.EDIT: Phrase("edit"),
    ActKind.RETRACT: Phrase("retract"),
}
"""What was done, as the log says it."""


async def publish(commands: "Commands", asked: Asked) -> Cards:
    """Close the open edition and send it everywhere; also what an earlier attempt left unfinished."""
    newsletter, number, speech = asked.newsletter, asked.number, asked.speech
    edition = await newsletter.publisher.publish(asked.by, number)
    delivered = await newsletter.publisher.deliver(failed_too=True)
    if edition is None and not delivered and number is not None:
        return cards.text(
            speech.say("Edition {number} is out already, or nothing of it is left to publish.", number=number)
        )
    if edition is None and not delivered:
        nothing = speech.counted(
            "Nothing was published: an edition needs {n} link.",
            "Nothing was published: an edition needs {n} links.",
            newsletter.settings.at_least,
        )
        return cards.text(nothing)
    title = edition.title if edition is not None else newsletter.settings.key
    return Cards((cards.note(title, [await commands.outcome(one, speech) for one in delivered]),))


async def skip(commands: "Commands", asked: Asked) -> Cards:
    """Leave a week out."""
    newsletter, say = asked.newsletter, asked.speech.say
    skipped = await newsletter.publisher.skip(asked.by, asked.day)
    day = skipped.astimezone(newsletter.settings.zone).date()
    key = newsletter.settings.key
    undo = Action(say("Do not skip it"), f"unskip {day:%Y-%m-%d} {key}")
    when = _when(commands, asked, skipped)
    fact = Fact(say("{newsletter} is skipped on {when}", newsletter=key, when=when), at=skipped)
    return Cards((Card(lines=((fact,), (Fact(say("Its links go into the next one.")),)), actions=(undo,)),))


async def unskip(commands: "Commands", asked: Asked) -> Cards:
    """Take a skip back."""
    say, key = asked.speech.say, asked.newsletter.settings.key
    served = await asked.newsletter.publisher.unskip(asked.by, _day(asked))
    if served is None:
        return cards.text(say("{newsletter} was not going to be skipped then.", newsletter=key))
    when = _when(commands, asked, served)
    return cards.text(say("{newsletter} goes out on {when} after all.", newsletter=key, when=when))


async def pause(commands: "Commands", asked: Asked) -> Cards:
    """Serve no week before a day."""
    newsletter, until = asked.newsletter, _day(asked)
    if until <= commands.now().astimezone(newsletter.settings.zone).date():
        raise UserError("{day} has passed: name the day from which on it goes out again", day=until)
    following = await newsletter.publisher.pause(asked.by, until)
    said = asked.speech.say(
        "{newsletter} pauses; the next one goes out on {when}. Links are collected meanwhile.",
        newsletter=newsletter.settings.key,
        when=_when(commands, asked, following),
    )
    return cards.text(said)


async def resume(commands: "Commands", asked: Asked) -> Cards:
    """End a pause."""
    following = await asked.newsletter.publisher.resume(asked.by)
    said = asked.speech.say(
        "{newsletter} goes on; the next one goes out on {when}.",
        newsletter=asked.newsletter.settings.key,
        when=_when(commands, asked, following),
    )
    return cards.text(said)


async def log(commands: "Commands", asked: Asked) -> Cards:
    """What was done with the newsletter, the newest first."""
    say, key = asked.speech.say, asked.newsletter.settings.key
    acts = await asked.newsletter.publisher.log(LOGGED)
    if not acts:
        return cards.text(say("Nothing was done with {newsletter} yet.", newsletter=key))
    facts = [Fact(await _said(commands, asked, act), at=act.at) for act in reversed(acts)]
    return Cards((cards.note(say("{newsletter}: who did what", newsletter=key), facts),))


async def retract(commands: "Commands", asked: Asked) -> Cards:
    """Take the last edition back everywhere: asked without its number, first say what that would do."""
    newsletter, number, speech = asked.newsletter, asked.number, asked.speech
    key = newsletter.settings.key
    last = await commands.curator(newsletter).desk(last=True)
    if number is None:
        sure = Action(speech.say("Take it back"), f"retract {key} #{last.edition.number}", "danger")
        text = speech.say(
            "This takes #{number} {title} back everywhere. Its links are not printed again.",
            number=last.edition.number,
            title=last.edition.title,
        )
        return Cards((Card(lines=((Fact(text),),), actions=(sure,)),))
    if number != last.edition.number:
        raise UserError("#{number} is not the last edition, which is #{last}", number=number, last=last.edition.number)
    edition = await newsletter.publisher.retract(asked.by)
    delivered = await newsletter.publisher.deliver()
    if edition is None:
        raise UserError("no edition went out yet")
    wrong = [await commands.outcome(one, speech) for one in delivered if one.failed is not None]
    taken = speech.say("#{number} {title} was taken back", number=edition.number, title=edition.title)
    return Cards((cards.note(taken, wrong),))


ROWS = (
    Row("publish", Phrase("Send the newsletter now"), publish, (NEWSLETTER, EDITION), who="editors", changes=True),
    Row(
        "skip",
        Phrase("Leave a week out; its links go into the next"),
        skip,
        (NEWSLETTER, DATE),
        who="editors",
        changes=True,
    ),
    Row("unskip", Phrase("Take a skip back"), unskip, (DAY, NEWSLETTER), who="editors", changes=True),
    Row("pause", Phrase("Send nothing before a day"), pause, (DAY, NEWSLETTER), who="editors", changes=True),
    Row("resume", Phrase("End a pause"), resume, (NEWSLETTER,), who="editors", changes=True),
    Row("log", Phrase("Who did what with the newsletter"), log, (NEWSLETTER,), who="editors"),
    Row(
        "retract", Phrase("Take the last newsletter back"), retract, (NEWSLETTER, EDITION), who="editors", changes=True
    ),
)


def _day(asked: Asked) -> date:
    day = asked.day
    if day is None:
        raise UserError("name a day, as in 2026-06-13")
    return day


def _when(commands: "Commands", asked: Asked, at: datetime) -> str:
    return asked.speech.when(at, asked.newsletter.settings.zone, commands.now())


def done(act: Act, zone: tzinfo) -> Phrase:
    """What was done, and with which week or edition."""
    about = act.about
    if act.what in (ActKind.SKIP, ActKind.UNSKIP, ActKind.PAUSE, ActKind.PASSED, ActKind.DRAFT) and "T" in about:
        about = f"{datetime.fromisoformat(about).astimezone(zone):%Y-%m-%d}"
    elif about.isdecimal():
        about = f"#{about}"
    return Phrase.joined([part for part in (DONE[act.what], about) if part], " ")


async def _said(commands: "Commands", asked: Asked, act: Act) -> str:
    zone = asked.newsletter.settings.zone
    at, by = f"{act.at.astimezone(zone):%Y-%m-%d %H:%M}", await commands.called_by(act.by)
    return asked.speech.say("{at}  {done} by {who}", at=at, done=done(act, zone), who=by)
