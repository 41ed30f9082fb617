"""A room as a file, and the room that a file holds: so that what was tried out in it is there the next time."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.chat import Action
from bot.platforms.local.room import Channel, Message, Person, Preview, Room, Whisper
from newsletter.errors import UserError


def save(room: Room, file: Path) -> None:
    """Write the room with the time of its clock; the file is replaced at once and whole."""
    kept = {
        "clock": room.clock().isoformat(),
        "made": room.made,
        "people": [asdict(person) for person in room.people.values()],
        "channels": [asdict(channel) for channel in room.channels.values()],
        "conversations": {person: asdict(channel) for person, channel in room.conversations.items()},
        "messages": [_message(one) for id in (*room.channels, *_conversed(room)) for one in room.messages(id)],
        "whispers": [{**asdict(one), "person": one.person.id} for one in room.whispers],
        "previews": {url: asdict(preview) for url, preview in room.previews.items()},
    }
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(json.dumps(kept, ensure_ascii=False, indent=0), "utf-8")
    beside.replace(file)


def restore(room: Room, file: Path) -> datetime:
    """Fill an empty room from the file; returns the time its clock had. Raises ``UserError``."""
    try:
        kept = json.loads(file.read_text("utf-8"))
        room.people |= {one["id"]: Person(**one) for one in kept["people"]}
        room.channels |= {one["id"]: Channel(**one) for one in kept["channels"]}
        room.conversations |= {person: Channel(**one) for person, one in kept["conversations"].items()}
        for one in sorted(kept["messages"], key=lambda one: datetime.fromisoformat(one["sent_at"])):
            room.put(_restored(one, room.people))
        room.whispers += [Whisper(one["message"], room.people[one["person"]], one["text"]) for one in kept["whispers"]]
        room.previews |= {url: Preview(**one) for url, one in kept["previews"].items()}
        room.made = int(kept["made"])
        return datetime.fromisoformat(kept["clock"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is no room of this version: delete its folder, and begin anew") from error


def _conversed(room: Room) -> tuple[str, ...]:
    return tuple(channel.id for channel in room.conversations.values())


def _message(message: Message) -> Mapping[str, Any]:
    times = {"sent_at": message.sent_at.isoformat(), "edited_at": message.edited_at and message.edited_at.isoformat()}
    return {**asdict(message), "author": message.author.id, **times}


def _restored(kept: Mapping[str, Any], people: Mapping[str, Person]) -> Message:
    edited_at = kept["edited_at"]
    return Message(
        **{
            **kept,
            "author": people[kept["author"]],
            "sent_at": datetime.fromisoformat(kept["sent_at"]),
            "edited_at": datetime.fromisoformat(edited_at) if edited_at else None,
            "pinged": tuple(kept["pinged"]),
            "reactions": {emoji: tuple(who) for emoji, who in kept["reactions"].items()},
            "actions": tuple(Action(**one) for one in kept["actions"]),
            "ends": tuple(kept["ends"]),
        }
    )
