"""The room as its page is told of it: plain values for JSON.

What people wrote leaves here as text, for editing, and as HTML from ``newsletter.hypertext``, in which nothing of
theirs is more than words and links; the page puts the HTML in as it is and everything else in as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat import Action, Command, Form
from bot.platforms.local.draw import Drawn
from bot.platforms.local.room import Channel, Message, Person, Preview, Room, Shown, Whisper
from newsletter import hypertext, urls

Json = dict[str, Any]


def of_room(room: Room, commands: Sequence[Command], called: str) -> Json:
    """Everything but the messages."""
    return {
        "called": called,
        "clock": room.clock().isoformat(),
        "commands": [of_command(command) for command in commands],
        "people": [of_person(person) for person in room.people.values()],
        "channels": [of_channel(channel) for channel in (*room.channels.values(), *room.conversations.values())],
        "whispers": [of_whisper(whisper) for whisper in room.whispers],
    }


def of_command(command: Command) -> Json:
    """A row of the list of commands, and of a message's menu."""
    parameters = [{"name": one.name, "help": one.help, "required": one.required} for one in command.parameters]
    return {"name": command.name, "help": command.help, "parameters": parameters, "shortcut": command.shortcut}


def of_person(person: Person) -> Json:
    """A person, or a bot."""
    return {"id": person.id, "name": person.name, "bot": person.bot}


def of_channel(channel: Channel) -> Json:
    """A channel; a conversation with a bot has no name, and ``with`` whom it is."""
    return {
        "id": channel.id,
        "name": channel.name,
        "private": channel.private,
        "with": "" if channel.name else channel.id.removeprefix("with-"),
    }


def of_message(message: Message, people: Mapping[str, Person], previews: Mapping[str, Preview]) -> Json:
    """A message with what hangs on it."""
    return {
        "id": message.id,
        "channel": message.channel,
        "thread": message.thread,
        "author": of_person(message.author),
        "text": message.text,
        "pieces": of_drawn(Drawn(message.text, message.actions, message.ends)),
        "at": message.sent_at.isoformat(),
        "edited": message.edited_at is not None,
        "reactions": [
            {"emoji": emoji, "people": [{"id": id, "name": people[id].name} for id in who if id in people]}
            for emoji, who in message.reactions.items()
        ],
        "previews": [
            {"url": hypertext.address(url), "title": found.title, "site": found.site, "picture": found.picture}
            for url in dict.fromkeys(urls.find(message.text))
            if not message.author.bot and (found := previews.get(url)) is not None
        ],
    }


def of_whisper(whisper: Whisper) -> Json:
    """What one person alone was told beside a message."""
    return {"message": whisper.message, "person": whisper.person.id, "html": hypertext.to_html(whisper.text)}


def of_shown(shown: Shown) -> Json:
    """A private answer."""
    return {
        "texts": list(shown.texts),
        "pieces": [piece for one in shown.drawn for piece in of_drawn(one)],
        "form": of_form(shown.form) if shown.form is not None else None,
        "replaces": shown.replaces,
    }


def of_drawn(drawn: Drawn) -> list[Json]:
    """A text in pieces, each with the buttons that stand below it; a button's ``text`` is what it asks."""
    ends = drawn.ends or (len(drawn.text),) * len(drawn.actions)
    pieces, start = [], 0
    for end in sorted({*ends, len(drawn.text)}):
        below = [action for action, where in zip(drawn.actions, ends, strict=True) if where == end]
        pieces.append({"html": hypertext.to_html(drawn.text[start:end]), "actions": list(map(of_action, below))})
        start = end
    return pieces


def of_action(action: Action) -> Json:
    """A button."""
    return {"label": action.label, "text": action.text, "style": action.style}


def of_form(form: Form) -> Json:
    """A form with what stands in it now."""
    return {
        "title": form.title,
        "text": form.text,
        "send": form.send,
        "fields": [
            {
                "name": one.name,
                "label": one.label,
                "value": one.value,
                "kind": one.kind,
                "options": [{"value": value, "label": label} for value, label in one.options],
                "required": one.required,
                "hint": one.hint,
                "at_most": one.at_most,
            }
            for one in form.fields
        ],
    }
