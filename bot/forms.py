"""The forms of the desk and of sharers, as neutral values: what stands in them, and by which text they are sent. Pure.

What was written is read by ``curate.changes``; a form says what it showed by a fingerprint in its text.
"""

from collections.abc import Mapping

from bot.chat import Field as FormField
from bot.chat import Form
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


def about(row: OnDesk, desk: Desk, settings: NewsletterSettings, page: str) -> Form:
    """Everything an editor can say about a link. Words that are too long for a form are left alone."""
    fields = [_line("title", "Title", row.now)] if not row.is_below else []
    if settings.sections and desk.is_open and not row.is_below:
        options = tuple((one.tag, shorten(one.heading, 70)) for one in settings.sections[: MOST_OPTIONS - 1])
        fields.append(
            FormField(
                "section", "Section", row.now.get(Field.SECTION) or NOBODY, "choice", ((NOBODY, "none"), *options)
            )
        )
    if not row.is_below:
        fields += _text("words", "Words, as Markdown", row.now.get(Field.WORDS, ""))
        fields += _text("note", "Your note, as Markdown", row.now.get(Field.NOTE, ""))
    if desk.is_open:
        lead = next((one for one in desk.rows if one.key == row.now.get(Field.BESIDE)), None)
        fields.append(
            FormField(
                "beside",
                "Under the heading of number",
                str(lead.number) if lead is not None else "",
                hint="Empty: under its own",
                at_most=4,
            )
        )
    shown = curate.fingerprint(row.now)
    text = f"save {settings.key} #{desk.edition.number} {row.ref} {shown} {page}".rstrip()
    return Form(f"Link {row.number}", text, tuple(fields))


def around(desk: Desk, settings: NewsletterSettings) -> Form:
    """What stands around the links, and which of them is the pick."""
    now = now_around(desk)
    fields = [
        *_text("intro", "Intro, as Markdown", now[Field.INTRO]),
        *_text("outro", "Outro, as Markdown", now[Field.OUTRO]),
    ]
    entries = [row for row in desk.rows if row.is_in and not row.is_below][: MOST_OPTIONS - 1]
    if desk.is_open and entries:
        options = tuple((row.ref, shorten(f"{row.number}. {row.title}", 70)) for row in entries)
        picked = next((row.ref for row in entries if row.pick), NOBODY)
        fields.append(FormField("pick", "Pick of the week", picked, "choice", ((NOBODY, "none"), *options)))
    shown = curate.fingerprint(now, AROUND)
    return Form("Around the links", f"write {settings.key} #{desk.edition.number} {shown}", tuple(fields))


def now_around(desk: Desk) -> dict[Field, str]:
    """What a form around the links shows."""
    picked = next((row.ref for row in desk.rows if row.pick), NOBODY)
    return {Field.INTRO: desk.edition.intro, Field.OUTRO: desk.edition.outro, Field.PICK: picked}


def own(share: int, title: str, words: str, key: str) -> Form:
    """What sharers can say about their own."""
    now = {Field.TITLE: title, Field.WORDS: words}
    fields = (_line("title", "Title", now), *_text("words", "Your words, as Markdown", words))
    return Form("Your link", f"say {key} {share} {curate.fingerprint(now, OWN)}", fields)


def _line(name: str, label: str, now: Mapping[Field, str]) -> FormField:
    return FormField(
        name, label, now.get(Field.TITLE, "")[:LONGEST_TITLE], hint="Empty: as it was found", at_most=LONGEST_TITLE
    )


def _text(name: str, label: str, text: str) -> tuple[FormField, ...]:
    if len(text) > LONGEST_TEXT:
        return ()
    return (FormField(name, label, text, "text", hint="Empty: as it was said", at_most=LONGEST_TEXT),)
