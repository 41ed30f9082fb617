"""The rows by which people own their words: what of theirs is in, taking it back, saying it anew, opting out and in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bot import cards, desk, forms
from bot.asking import NEWSLETTER, Asked, Newsletter, Row
from bot.chat import Action, Answer, Card, Cards, Fact, Parameter
from bot.speech import Speech
from newsletter import curate
from newsletter.curate import Desk, OnDesk
from newsletter.errors import UserError
from newsletter.model import Field
from newsletter.phrase import Phrase
from newsletter.placing import WITHDRAWN

if TYPE_CHECKING:
    from bot.commands import Commands

SHARE = Parameter("share", Phrase("Which of your links"), required=True)
SHOWN = Parameter("shown", Phrase("What the form showed"), required=True)
SURE = Parameter("sure", Phrase("yes, to do it at once"))

AT_MOST = 10
"""How many of one's own links are shown: the newest."""


async def mine(commands: "Commands", asked: Asked) -> Answer:
    """The asker's links of the open week and of the last edition: as they will look, in, out or held, and why."""
    shown: list[Card] = []
    say = asked.speech.say
    for newsletter in asked.newsletters:
        curator = commands.curator(newsletter)
        key = newsletter.settings.key
        heading = say("{newsletter}: what will be printed", newsletter=key)
        shown += _own(await curator.desk(), asked, key, heading)
        if await commands.has_printed(newsletter):
            last = await curator.desk(last=True)
            heading = say("{newsletter} #{number}: what is out", newsletter=key, number=last.edition.number)
            shown += _own(last, asked, key, heading)
    if not shown:
        return Answer(cards.text(say("Nothing of yours is in the open newsletter, nor in the last one.")))
    return Answer(Cards(tuple(shown)))


def _own(on: Desk, asked: Asked, key: str, heading: str) -> list[Card]:
    person = asked.invocation.person
    rows = [(row, shared) for row in on.rows for shared in row.shares if shared.person.id == person]
    newest = sorted(rows, key=lambda one: one[1].at, reverse=True)[:AT_MOST]
    of = "" if on.is_open else f"#{on.edition.number}."
    found = [
        _own_card(row, shared.share, key, shared.words, asked.speech, f" {of}{row.number}") for row, shared in newest
    ]
    return [replace(found[0], heading=heading), *found[1:]] if found else []


def _own_card(row: OnDesk, share: int, key: str, words: str, speech: Speech, number: str) -> Card:
    actions = desk.own_actions(key, share, speech, withdrawn=row.why == WITHDRAWN, number=number)
    shown = desk.link(replace(row, shares=(), needs=(), is_new=False), actions, speech)
    return replace(shown, text=words)


# --- one's own -------------------------------------------------------------------------------------------------------


async def decide(commands: "Commands", asked: Asked, row: OnDesk, wanted: Mapping[Field, str | None]) -> None:
    """The asker decides about their own shares of a link."""
    for shared in row.shares:
        if shared.person.id == asked.invocation.person:
            await _decide(commands, asked, shared.share, wanted)


async def _decide(commands: "Commands", asked: Asked, share: int, wanted: Mapping[Field, str | None]) -> None:
    await commands.curator(asked.newsletter).decide_own(share, wanted, asked.invocation.person)
    await asked.newsletter.publisher.deliver()


def form_for(asked: Asked, row: OnDesk, cannot: Cards) -> Answer:
    """The form about the asker's own share of a link."""
    own = next(shared for shared in row.shares if shared.person.id == asked.invocation.person)
    title = row.now.get(Field.TITLE, "")
    form = forms.own(own.share, title, own.words, asked.newsletter.settings.key, asked.speech)
    return Answer(cannot, form=form)


async def reword(commands: "Commands", asked: Asked) -> Answer:
    """The form about one's own."""
    row = await _row(commands, asked)
    return form_for(asked, row, cards.text(asked.speech.say("The form could not be opened; please ask again.")))


async def say(commands: "Commands", asked: Asked) -> Answer:
    """What was written into it. One's own words are one's own: whoever else changed them gives way."""
    row, share = await _row(commands, asked), _share(asked)
    own = next(shared for shared in row.shares if shared.share == share)
    now = {Field.TITLE: row.now.get(Field.TITLE, ""), Field.WORDS: own.words}
    asks = curate.changes(asked.invocation.values, asked.values[SHOWN.name], now, forms.OWN)
    if asks.wanted:
        await _decide(commands, asked, share, asks.wanted)
    return await _shown(commands, asked)


async def withdraw(commands: "Commands", asked: Asked) -> Answer:
    """Take one's own back: it is in no newsletter any more."""
    await _decide(commands, asked, _share(asked), {Field.OUT: "yes"})
    return await _shown(commands, asked)


async def restore(commands: "Commands", asked: Asked) -> Answer:
    """Bring one's own back."""
    await _decide(commands, asked, _share(asked), {Field.OUT: None})
    return await _shown(commands, asked)


async def _shown(commands: "Commands", asked: Asked) -> Answer:
    shown = await mine(commands, asked)
    return replace(shown, replaces=True)


def _share(asked: Asked) -> int:
    written = asked.values[SHARE.name]
    if not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise UserError("that is not yours to change; it may have been deleted")
    return int(written)


async def _row(commands: "Commands", asked: Asked) -> OnDesk:
    """The link of one's own share, in the open edition or the last one."""
    share, person = _share(asked), asked.invocation.person
    curator = commands.curator(asked.newsletter)
    desks = [await curator.desk()]
    if await commands.has_printed(asked.newsletter):
        desks.append(await curator.desk(last=True))
    for on in desks:
        for row in on.rows:
            if any(shared.share == share and shared.person.id == person for shared in row.shares):
                return row
    raise UserError("that is not yours to change; it may have been deleted")


# --- opting out ------------------------------------------------------------------------------------------------------


async def opt_out(commands: "Commands", asked: Asked) -> Answer:
    """Erase the asker's name and words everywhere; asked without yes, first say what that does."""
    say = asked.speech.say
    if asked.values.get(SURE.name, "").lower() != "yes":
        text = say(
            "Your name and your words leave every newsletter, also those that are out, and everything that is kept. "
            "What you share from then on is not collected. Links that went out stay, without you. "
            "What was erased does not come back."
        )
        sure = Action(say("Forget me"), "optout yes", "danger")
        return Answer(Cards((Card(title=say("Opting out"), lines=((Fact(text),),), actions=(sure,)),)))
    await commands.privacy.opt_out(asked.invocation.person)
    await _put_in_order(asked.newsletters)
    text = say(
        "You are out: nothing of yours is kept. To take part again: {command}", command=f"{commands.called} optin"
    )
    return Answer(cards.text(text), replaces=True)


async def _put_in_order(newsletters: tuple[Newsletter, ...]) -> None:
    """What is out is written again at once, where this channel's newsletters are; the weekly run does the others."""
    for newsletter in newsletters:
        await newsletter.publisher.deliver()


async def opt_in(commands: "Commands", asked: Asked) -> Answer:
    """Take part again."""
    if await commands.privacy.opt_in(asked.invocation.person):
        return Answer(cards.text(asked.speech.say("Welcome back: links you share from now on are collected.")))
    return Answer(cards.text(asked.speech.say("You had not opted out.")))


ROWS = (
    Row("mine", Phrase("Your links: what will be printed, and what you can still change"), mine, (NEWSLETTER,)),
    Row("optout", Phrase("Leave: your name and words go, also from what is out"), opt_out, (SURE,), changes=True),
    Row("optin", Phrase("Take part again"), opt_in, changes=True),
    Row("reword", Phrase("Edit your own link"), reword, (NEWSLETTER, SHARE), opens_form=True, listed=False),
    Row(
        "say", Phrase("Save the form about your own link"), say, (NEWSLETTER, SHARE, SHOWN), listed=False, changes=True
    ),
    Row("withdraw", Phrase("Take your own link back"), withdraw, (NEWSLETTER, SHARE), listed=False, changes=True),
    Row("restore", Phrase("Bring your own link back"), restore, (NEWSLETTER, SHARE), listed=False, changes=True),
)
