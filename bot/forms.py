"""The forms of the desk and of sharers, as neutral values: what stands in them, and by which text they are sent. Pure.

What was written is read by ``curate.changes``; a form says what it showed by a fingerprint in its text.
"""

from collections.abc import Mapping

from bot.chat import Field as FormField
from bot.chat import Form
from bot.speech import Speech
from newsletter import curate
from newsletter.curate import Desk, OnDesk
from newsletter.model import Field
from newsletter.settings import NewsletterSettings
from newsletter.titles import shorten

LONGEST_TITLE, LONGEST_TEXT = 250, 2900
"""Characters: what every platform's form holds."""

AROUND = (Field.INTRO, Field.OUTRO, Field.PICK)
OWN = (Field.TITLE, Field.WORDS)
MOST_OPTIONS = 25
NOBODY = "-"
"""In place of no choice: platforms want a value for each option."""


def about(row: OnDesk, desk: Desk, settings: NewsletterSettings, page: str, speech: Speech) -> Form:
    """Everything an editor can say about a link. Words that are too long for a form are left alone."""
    say = speech.say
    fields = [_title(row.now, speech)] if not row.is_below else []
    if settings.sections and desk.is_open and not row.is_below:
        options = tuple((one.tag, shorten(one.heading, 70)) for one in settings.sections[: MOST_OPTIONS - 1])
        chosen = row.now.get(Field.SECTION) or NOBODY
        fields.append(FormField("section", say("Section"), chosen, "choice", ((NOBODY, say("none")), *options)))
    if not row.is_below:
        fields += _text("words", say("Words, as Markdown"), row.now.get(Field.WORDS, ""), speech)
        fields += _text("note", say("Your note, as Markdown"), row.now.get(Field.NOTE, ""), speech)
    if desk.is_open:
        lead = next((one for one in desk.rows if one.key == row.now.get(Field.BESIDE)), None)
        fields.append(
            FormField(
                "beside",
                say("Under the heading of number"),
                str(lead.number) if lead is not None else "",
                hint=say("Empty: under its own"),
                at_most=4,
            )
        )
    shown = curate.fingerprint(row.now)
    text = f"save {settings.key} #{desk.edition.number} {row.ref} {shown} {page}".rstrip()
    return Form(say("Link {number}", number=row.number), text, tuple(fields), say("Save"))


def around(desk: Desk, settings: NewsletterSettings, speech: Speech) -> Form:
    """What stands around the links, and which of them is the pick."""
    now, say = now_around(desk), speech.say
    fields = [
        *_text("intro", say("Intro, as Markdown"), now[Field.INTRO], speech),
        *_text("outro", say("Outro, as Markdown"), now[Field.OUTRO], speech),
    ]
    entries = [row for row in desk.rows if row.is_in and not row.is_below][: MOST_OPTIONS - 1]
    if desk.is_open and entries:
        options = tuple((row.ref, shorten(f"{row.number}. {row.title}", 70)) for row in entries)
        picked = next((row.ref for row in entries if row.pick), NOBODY)
        fields.append(FormField("pick", say("Pick of the week"), picked, "choice", ((NOBODY, say("none")), *options)))
    shown = curate.fingerprint(now, AROUND)
    text = f"write {settings.key} #{desk.edition.number} {shown}"
    return Form(say("Around the links"), text, tuple(fields), say("Save"))


def now_around(desk: Desk) -> dict[Field, str]:
    """What a form around the links shows."""
    picked = next((row.ref for row in desk.rows if row.pick), NOBODY)
    return {Field.INTRO: desk.edition.intro, Field.OUTRO: desk.edition.outro, Field.PICK: picked}


def own(share: int, title: str, words: str, key: str, speech: Speech) -> Form:
    """What sharers can say about their own."""
    now, say = {Field.TITLE: title, Field.WORDS: words}, speech.say
    fields = (_title(now, speech), *_text("words", say("Your words, as Markdown"), words, speech))
    return Form(say("Your link"), f"say {key} {share} {curate.fingerprint(now, OWN)}", fields, say("Save"))


def _title(now: Mapping[Field, str], speech: Speech) -> FormField:
    title, hint = now.get(Field.TITLE, "")[:LONGEST_TITLE], speech.say("Empty: as it was found")
    return FormField("title", speech.say("Title"), title, hint=hint, at_most=LONGEST_TITLE)


def _text(name: str, label: str, text: str, speech: Speech) -> tuple[FormField, ...]:
    if len(text) > LONGEST_TEXT:
        return ()
    return (FormField(name, label, text, "text", hint=speech.say("Empty: as it was said"), at_most=LONGEST_TEXT),)
