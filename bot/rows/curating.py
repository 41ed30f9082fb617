"""The rows by which a newsletter is curated: the desk, its buttons and forms, and the menu of a message.

What the cards say is ``desk``'s, what a choice does ``newsletter``'s. Sharers may ask some of it about their own.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import cards, desk, forms
from bot.asking import LINK, NEWSLETTER, PAGE, WHICH, Asked, Row
from bot.chat import Action, Answer, Card, Cards, Fact, Parameter, PermissionDenied
from bot.rows import owning
from bot.speech import Speech, of_newsletter
from newsletter import curate, markdown
from newsletter.curate import Desk, OnDesk
from newsletter.errors import UserError
from newsletter.heard import MessageSeen
from newsletter.model import Field
from newsletter.phrase import Phrase
from newsletter.placing import WITHDRAWN
from newsletter.titles import shorten

if TYPE_CHECKING:
    from bot.commands import Commands

SHOWN = Parameter("shown", Phrase("What the form showed"), required=True)
TOKEN = Parameter("token", Phrase("What was written, and is still to be decided"), required=True)


_FIELDS = {
    Field.TITLE: Phrase("title"),
    Field.WORDS: Phrase("words"),
    Field.SECTION: Phrase("section"),
    Field.NOTE: Phrase("note"),
    Field.INTRO: Phrase("intro"),
    Field.OUTRO: Phrase("outro"),
    Field.PICK: Phrase("pick"),
}
"""What a form asks for, as a sentence calls it."""

_WRITTEN = (Field.TITLE, Field.WORDS, Field.NOTE, Field.INTRO, Field.OUTRO)
"""What of it people write, and would have to write again."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What somebody wrote into a form while somebody else changed the same: they choose."""

    by: str
    newsletter: str
    number: int
    wanted: Mapping[tuple[str, Field], str | None]


# --- the desk --------------------------------------------------------------------------------------------------------


async def open_desk(commands: "Commands", asked: Asked) -> Answer:
    """The desk in the editors' place, where it stays and can be pressed for days."""
    newsletter, person = asked.newsletter, asked.invocation.person
    curator = commands.curator(newsletter)
    seen_until = await curator.look(person)
    on = await curator.desk(asked.number, last=asked.is_last, seen_until=seen_until)
    if commands.is_editors_place(newsletter, asked.invocation.channel):
        return Answer(await _shown(commands, asked, on, 1, _speech_here(asked)), private=False)
    speech = of_newsletter(newsletter.settings.language) if newsletter.settings.editors_channel else asked.speech
    where, link = await commands.put_on_desk(newsletter, person, await _shown(commands, asked, on, 1, speech))
    say = asked.speech.say
    there = say("The desk is in {place}", place=where) if where else say("The desk is in our conversation")
    return Answer(Cards((Card(lines=((Fact(there, link),),)),)))


def _speech_here(asked: Asked) -> Speech:
    """What stands in a channel is everybody's, whoever presses a button of it: it speaks the newsletter's language."""
    return of_newsletter(asked.newsletter.settings.language) if asked.invocation.channel.name else asked.speech


async def turn_page(commands: "Commands", asked: Asked) -> Answer:
    """Another page of the desk, in place of this one."""
    on = await _desk(commands, asked)
    return await _page(commands, asked, on, _number(asked.values.get(PAGE.name)))


async def _desk(commands: "Commands", asked: Asked) -> Desk:
    return await commands.curator(asked.newsletter).desk(asked.number, last=asked.is_last)


async def _page(commands: "Commands", asked: Asked, on: Desk, page: int) -> Answer:
    alone = not commands.is_editors_place(asked.newsletter, asked.invocation.channel)
    speech = asked.speech if alone else _speech_here(asked)
    return Answer(await _shown(commands, asked, on, page, speech), private=alone, replaces=True)


async def _shown(commands: "Commands", asked: Asked, on: Desk, page: int, speech: Speech) -> Cards:
    settings, when = asked.newsletter.settings, None
    if on.is_open:
        closing = await asked.newsletter.publisher.closes_at()
        when = desk.closes(closing, settings, commands.now(), speech)
    return desk.page_of(on, settings, page, speech, when)


def _number(written: str | None) -> int:
    return int(written) if written and written.isascii() and written.isdecimal() and len(written) < 5 else 1


# --- one link --------------------------------------------------------------------------------------------------------


async def _asked_about(commands: "Commands", asked: Asked, *fields: Field) -> tuple[Desk, OnDesk]:
    """The link that is meant, and the edition it is in. Raises ``PermissionDenied`` where the asker may not decide
    these about it."""
    on = await _desk(commands, asked)
    message = asked.invocation.message
    if message is not None:
        row = await _of_message(commands, asked, on, message)
    elif not (written := asked.values.get(LINK.name, "")):
        key = asked.newsletter.settings.key
        raise UserError("say which link: its address, or its number on the desk of {newsletter}", newsletter=key)
    else:
        row = on.row(curate.meant(written))
    own = any(shared.person.id == asked.invocation.person for shared in row.shares)
    if not all(curate.may(field, editor=asked.is_editor, sharer=own) for field in fields):
        raise PermissionDenied("that is for editors, and for who shared the link")
    return on, row


async def _of_message(commands: "Commands", asked: Asked, on: Desk, message: MessageSeen) -> OnDesk:
    """The first link of a message, which is collected if it was not yet."""
    found = await commands.collected(asked.newsletter, message)
    keys = {one.key for one in found}
    row = next((row for row in on.rows if row.key in keys), None)
    if row is None:  # it may have been collected just now
        row = next((row for row in (await _desk(commands, asked)).rows if row.key in keys), None)
    if row is not None:
        return row
    if not found:
        raise UserError("that message has no link")
    if printed := next((one.printed_in for one in found if one.printed_in), 0):
        raise UserError("it was in edition #{number}", number=printed)
    raise UserError(
        "it is not in edition #{number}: it is from before. An editor can add it.", number=on.edition.number
    )


def _choosing(**decided: str | None) -> Callable[["Commands", Asked], Awaitable[Answer]]:
    """A row that decides this about one link, by the names of the fields."""
    wanted = {Field(name): value for name, value in decided.items()}

    async def choose(commands: "Commands", asked: Asked) -> Answer:
        on, row = await _asked_about(commands, asked, *wanted)
        await _choose(commands, asked, on, {(row.key, field): value for field, value in wanted.items()})
        return await _done(commands, asked, row)

    return choose


async def _choose(commands: "Commands", asked: Asked, on: Desk, wanted: Mapping[tuple[str, Field], str | None]) -> None:
    if wanted:
        await commands.curator(asked.newsletter).choose(on, wanted, asked.invocation.person)
    if not on.is_open:
        await asked.newsletter.publisher.deliver()


async def _done(commands: "Commands", asked: Asked, row: OnDesk) -> Answer:
    """Where it was pressed on the desk: the desk as it now is; elsewhere the link as it now is."""
    on = await _desk(commands, asked)
    on_desk = asked.invocation.message is None and PAGE.name in asked.values
    if on_desk and commands.is_editors_place(asked.newsletter, asked.invocation.channel):
        return await _page(commands, asked, on, _number(asked.values.get(PAGE.name)))
    now = next((one for one in on.rows if one.key == row.key), row)
    return Answer(_about(asked, on, now), replaces=True)


def _about(asked: Asked, on: Desk, row: OnDesk) -> Cards:
    settings = asked.newsletter.settings
    actions: tuple[Action, ...] = ()
    if asked.is_editor:
        actions = desk.actions_of(row, on, settings, 0, asked.speech)
    elif own := [one.share for one in row.shares if one.person.id == asked.invocation.person]:
        actions = desk.own_actions(settings.key, own[0], asked.speech, withdrawn=row.why == WITHDRAWN)
    said = row.now.get(Field.WORDS, "")
    card = desk.link(row, actions, asked.speech)
    return Cards((Card(card.title, row.url, said, card.lines, actions=card.actions),))


async def about(commands: "Commands", asked: Asked) -> Answer:
    """Everything about one link: in or out and why, who shared it."""
    on, row = await _asked_about(commands, asked)
    return Answer(_about(asked, on, row))


async def leave_out(commands: "Commands", asked: Asked) -> Answer:
    """An editor leaves a link out; a sharer takes their own back."""
    on, row = await _asked_about(commands, asked, Field.OUT)
    if asked.is_editor:
        await _choose(commands, asked, on, {(row.key, Field.OUT): "yes"})
    else:
        await owning.decide(commands, asked, row, {Field.OUT: "yes"})
    return await _done(commands, asked, row)


async def put_back(commands: "Commands", asked: Asked) -> Answer:
    """An editor lets a link in, whatever the rules say; a sharer brings their own back."""
    on, row = await _asked_about(commands, asked, Field.OUT)
    if asked.is_editor:
        await _choose(commands, asked, on, {(row.key, Field.OUT): "no"})
    else:
        await owning.decide(commands, asked, row, {Field.OUT: None})
    return await _done(commands, asked, row)


async def add(commands: "Commands", asked: Asked) -> Answer:
    """Let the links of a message in, however old it is. Sharers may bring back their own."""
    message = asked.invocation.message
    if message is None:
        return await put_back(commands, asked)
    if not asked.is_editor and message.author != asked.invocation.person:
        raise PermissionDenied("that is for editors, and for who shared the link")
    found = await commands.collected(asked.newsletter, message)
    if not asked.is_editor:
        on, row = await _asked_about(commands, asked, Field.OUT)
        await owning.decide(commands, asked, row, {Field.OUT: None})
        return await _done(commands, asked, row)
    if not found:
        raise UserError("that message has no link")
    on = await _desk(commands, asked)
    keys = await commands.curator(asked.newsletter).bring_in(on, message.id, asked.invocation.person)
    now = await _desk(commands, asked)
    row = next((row for row in now.rows if row.key in keys), None) or now.row(keys[0])
    return Answer(_about(asked, now, row))


async def _moved(commands: "Commands", asked: Asked, by: int) -> Answer:
    on, row = await _asked_about(commands, asked, Field.PLACE)
    parts = [*(section.entries for section in on.edition.sections), on.edition.again]
    section = next((entries for entries in parts if any(entry.key == row.key for entry in entries)), ())
    places = curate.moved(section, row.key, by)
    changed = {key: place for key, place in places.items() if on.chosen.get(key, {}).get(Field.PLACE) != place}
    await _choose(commands, asked, on, {(key, Field.PLACE): place for key, place in changed.items()})
    return await _done(commands, asked, row)


async def move_up(commands: "Commands", asked: Asked) -> Answer:
    """One place up in its section."""
    return await _moved(commands, asked, -1)


async def move_down(commands: "Commands", asked: Asked) -> Answer:
    """One place down in its section."""
    return await _moved(commands, asked, 1)


# --- forms -----------------------------------------------------------------------------------------------------------


async def edit(commands: "Commands", asked: Asked) -> Answer:
    """The form about a link; for a sharer, the one about their own."""
    on, row = await _asked_about(commands, asked, Field.TITLE)
    asked_for, say = asked.values.get(PAGE.name, ""), asked.speech.say
    title = markdown.plain(row.title)
    cannot = cards.text(say("The form for {title} could not be opened; please ask again.", title=title))
    if asked.is_editor:
        return Answer(cannot, form=forms.about(row, on, asked.newsletter.settings, asked_for, asked.speech))
    return owning.form_for(asked, row, cannot)


async def save(commands: "Commands", asked: Asked) -> Answer:
    """What was written into the form about a link."""
    on, row = await _asked_about(commands, asked, *curate.FORM)
    shown, _, page = asked.values[SHOWN.name].partition(" ")
    written = dict(asked.invocation.values)
    if written.get("section") == forms.NOBODY:
        written["section"] = ""
    asks = curate.changes(written, shown, row.now)
    wanted: dict[tuple[str, Field], str | None] = {(row.key, field): value for field, value in asks.wanted.items()}
    if "beside" in written and on.is_open:
        wanted |= _beside(on, row, written["beside"])
    if asks.conflicts:
        return await _ask_which(commands, asked, on, row, wanted, asks.conflicts)
    await _choose(commands, asked, on, wanted)
    return await _done(commands, _on_page(asked, page), row)


def _beside(on: Desk, row: OnDesk, written: str) -> dict[tuple[str, Field], str | None]:
    number = written.strip().lstrip("#")
    was = row.now.get(Field.BESIDE, "")
    if not number:
        return {(row.key, Field.BESIDE): "" if row.is_below else None} if was else {}
    lead = on.row(number)
    if lead.key == was:
        return {}
    if lead.key == row.key or lead.is_below or not lead.is_in:
        raise UserError("number {number} has no heading of its own", number=number)
    return {(row.key, Field.BESIDE): lead.key}


def _on_page(asked: Asked, page: str) -> Asked:
    values = {**asked.values, PAGE.name: page} if page else dict(asked.values)
    return replace(asked, values=values)


async def _ask_which(
    commands: "Commands",
    asked: Asked,
    on: Desk,
    row: OnDesk | None,
    wanted: Mapping[tuple[str, Field], str | None],
    conflicts: Mapping[Field, str],
) -> Answer:
    """Somebody else changed the same meanwhile: both are shown, and who came second chooses."""
    settings, say = asked.newsletter.settings, asked.speech.say
    token = commands.keep(Pending(asked.by, settings.key, on.edition.number, wanted))
    lines = []
    for field, there in conflicts.items():
        key = row.key if row is not None else ""
        who = await commands.name_of(on.by.get((key, field)))
        mine = wanted.get((key, field))
        both = say(
            "{field}: {who} wrote “{theirs}”, you “{yours}”",
            field=_FIELDS[field],
            who=who,
            theirs=_short(there),
            yours=_short(mine or ""),
        )
        lines.append((Fact(both),))
    # Whole, to be copied from here if this process ends before they choose.
    whole = [
        Card(title=say(_FIELDS[field]), text=_verbatim(text))
        for (_, field), text in wanted.items()
        if text and field in _WRITTEN and (field not in conflicts or text != _short(text))
    ]
    title = say("Somebody changed this while you wrote. Nothing of yours is saved yet.")
    theirs = f"about {settings.key} #{on.edition.number} {row.ref}" if row is not None else f"desk {settings.key}"
    mine_too = Action(say("Take mine"), f"take {settings.key} {token}", "primary")
    actions = (mine_too, Action(say("Leave it"), theirs))
    return Answer(Cards((*whole, Card(title=title, lines=tuple(lines), actions=actions))))


def _verbatim(text: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), 80)


async def take(commands: "Commands", asked: Asked) -> Answer:
    """What somebody wrote, although somebody else changed it meanwhile."""
    pending = commands.kept(asked.values[TOKEN.name])
    if pending is None or (pending.by, pending.newsletter) != (asked.by, asked.newsletter.settings.key):
        raise UserError("what you wrote is not there any more; please open the form again")
    on = await commands.curator(asked.newsletter).desk(pending.number)
    await _choose(commands, asked, on, pending.wanted)
    now = await commands.curator(asked.newsletter).desk(pending.number)
    key = next(iter(pending.wanted))[0]
    row = next((row for row in now.rows if row.key == key), None)
    shown = _about(asked, now, row) if row is not None else cards.text(asked.speech.say("Saved."))
    return Answer(shown, replaces=True)


async def around(commands: "Commands", asked: Asked) -> Answer:
    """The form about what stands around the links."""
    on = await _desk(commands, asked)
    cannot = cards.text(asked.speech.say("The form could not be opened; please ask again."))
    return Answer(cannot, form=forms.around(on, asked.newsletter.settings, asked.speech))


async def write(commands: "Commands", asked: Asked) -> Answer:
    """What was written into the form around the links."""
    on = await _desk(commands, asked)
    asks = curate.changes(asked.invocation.values, asked.values[SHOWN.name], forms.now_around(on), forms.AROUND)
    wanted: dict[tuple[str, Field], str | None] = {}
    for field, value in asks.wanted.items():
        if field is Field.PICK:
            was = next((row for row in on.rows if row.pick), None)
            wanted |= {(was.key, Field.PICK): None} if was is not None else {}
            wanted |= {(on.row(value).key, Field.PICK): "yes"} if value and value != forms.NOBODY else {}
        else:
            # An emptied intro is no intro, although the settings have one.
            wanted["", field] = value or ""
    if asks.conflicts:
        return await _ask_which(commands, asked, on, None, wanted, asks.conflicts)
    await _choose(commands, asked, on, wanted)
    return await _page(commands, asked, await _desk(commands, asked), 1)


# --- the rows --------------------------------------------------------------------------------------------------------

_LINK = (NEWSLETTER, WHICH, LINK, PAGE)


def _button(name: str, help: Phrase, run: Callable[["Commands", Asked], Awaitable[Answer]]) -> Row:
    return Row(name, help, run, _LINK, who="editors", listed=False, changes=True)


ROWS = (
    Row("desk", Phrase("Curate: what is in, what is out, and why"), open_desk, (NEWSLETTER, WHICH), who="editors"),
    Row(
        "around",
        Phrase("Write intro and outro, choose the pick"),
        around,
        (NEWSLETTER, WHICH),
        who="editors",
        opens_form=True,
    ),
    Row("add", Phrase("Let a link in"), add, _LINK, who="sharers", shortcut=Phrase("Add to newsletter"), changes=True),
    Row("out", Phrase("Leave a link out"), leave_out, _LINK, who="sharers", shortcut=Phrase("Leave out"), changes=True),
    Row("edit", Phrase("Edit a link"), edit, _LINK, who="sharers", shortcut=Phrase("Edit link"), opens_form=True),
    Row("about", Phrase("Why a link is in or out"), about, _LINK, shortcut=Phrase("About this link")),
    Row("page", Phrase("Turn the desk's page"), turn_page, (NEWSLETTER, WHICH, PAGE), who="editors", listed=False),
    Row("back", Phrase("Put a link back"), put_back, _LINK, who="sharers", listed=False, changes=True),
    _button("pin", Phrase("Pin a link to the top"), _choosing(pinned="yes", place=None)),
    _button("unpin", Phrase("Do not pin a link"), _choosing(pinned="no")),
    _button("release", Phrase("Let a held link out to everybody"), _choosing(released="yes")),
    _button("hold", Phrase("Hold a link back after all"), _choosing(released=None)),
    _button("up", Phrase("Move a link up"), move_up),
    _button("down", Phrase("Move a link down"), move_down),
    Row(
        "save",
        Phrase("Save the form about a link"),
        save,
        (NEWSLETTER, WHICH, LINK, SHOWN),
        who="editors",
        listed=False,
        changes=True,
    ),
    Row(
        "write",
        Phrase("Save what stands around the links"),
        write,
        (NEWSLETTER, WHICH, SHOWN),
        who="editors",
        listed=False,
        changes=True,
    ),
    Row("take", Phrase("Save what was written"), take, (NEWSLETTER, TOKEN), who="editors", listed=False, changes=True),
)
