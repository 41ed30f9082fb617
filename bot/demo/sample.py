"""What a demo's room begins with: the bundled sample in one of its languages, nothing but two people, or an export.

The sample is ``sample.toml``; reading an export is ``importing``'s.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from bot.platforms.local.room import Message, Preview, Room
from newsletter.heard import MessageSeen, Reading

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "language": "en",
        "timezone": "Europe/London",
        "title": "Links of the week",
        "intro": "What the team shared this week.",
        "outro": "See you next week!",
        "papers": "Papers",
        "tools": "Tools",
    },
    "ko": {
        "language": "ko",
        "timezone": "Asia/Seoul",
        "title": "이번 주의 링크",
        "intro": "이번 주에 팀이 나눈 링크를 모았습니다.",
        "outro": "다음 주에 또 만나요.",
        "papers": "논문",
        "tools": "도구",
    },
}
"""What the configuration says in each language the sample is in."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def configuration(language: str, *, collect: Iterable[str], post_to: str, editors: Iterable[str], desk: str) -> str:
    """The demo's ``config.yaml``; channels and people are ids of the room."""
    places = {
        "collect": ", ".join(f'"local:{id}"' for id in collect),
        "post_to": f'"local:{post_to}"',
        "editors": ", ".join(f'"local:{id}"' for id in editors),
        "desk": f'"local:{desk}"' if desk else '""',
    }
    template = Template((files("bot.demo") / "config.yaml").read_text("utf-8"))
    return template.substitute({**WORDS[language], **places})


def furnish(room: Room, language: str) -> datetime:
    """Fill an empty room with the sample; returns the time to set its clock to."""
    sample = tomllib.loads((files("bot.demo") / "sample.toml").read_text("utf-8"))
    zone = ZoneInfo(WORDS[language]["timezone"])
    monday: date = sample["monday"]
    _inhabit(room, sample, language)
    addresses = {name: link["url"] for name, link in sample["links"].items()}
    for link in sample["links"].values():
        if link["title"]:
            picture = f"/pictures/{link['picture']}.svg" if link["picture"] else ""
            room.previews[link["url"]] = Preview(link["title"], link["site"], picture)
    for n, one in enumerate(sample["message"], start=1):
        sent_at = _instant(monday, one["at"], zone)
        message = Message(
            f"s{n}",
            one.get("channel", "links"),
            room.people[one["who"]],
            _said(one[language], addresses),
            sent_at,
            reactions={emoji: tuple(who) for emoji, who in one.get("reactions", {}).items()},
        )
        room.put(message)
        for m, reply in enumerate(one.get("replies", ()), start=1):
            at = _instant(monday, {**one["at"], "time": reply["time"]}, zone)
            said = replace(message, id=f"s{n}-{m}", author=room.people[reply["who"]], sent_at=at, reactions={})
            room.put(replace(said, text=_said(reply[language], addresses), thread=message.id))
    return _instant(monday, sample["now"], zone)


def furnish_sparsely(room: Room, language: str) -> None:
    """Two people, a channel for links and the editors' own: nobody has said anything."""
    sample = tomllib.loads((files("bot.demo") / "sample.toml").read_text("utf-8"))
    people = {id: sample["people"][id] for id in ("ann", "ben")}
    channels = {id: sample["channels"][id] for id in ("links", "desk")}
    _inhabit(room, {"people": people, "channels": channels}, language)


def furnish_from(room: Room, readings: Iterable[Reading]) -> datetime:
    """Fill an empty room with what an export holds; returns the time of its newest message.

    A message without an author in the export's list of people is by somebody with that id.
    """
    newest = datetime.min.replace(tzinfo=UTC)
    for reading in readings:
        channel = reading.channel
        if channel.id.id not in room.channels:
            room.open_channel(channel.name or channel.id.id, private=channel.private, id=channel.id.id)
        for person in reading.people:
            if person.id.id not in room.people:
                room.join(person.name or person.id.id, bot=person.bot, id=person.id.id)
        for seen in sorted(reading.messages, key=lambda seen: seen.sent_at):
            room.put(_imported(room, seen))
            newest = max(newest, seen.sent_at)
    return newest


def _imported(room: Room, seen: MessageSeen) -> Message:
    who = {one.id for emoji in seen.emoji or () for one in emoji.people} | {seen.author.id}
    for id in who - room.people.keys():
        room.join(id, id=id)
    return Message(
        seen.id.id if room.message(seen.id.id) is None else f"{seen.id.channel.id}-{seen.id.id}",
        seen.id.channel.id,
        room.people[seen.author.id],
        seen.text,
        seen.sent_at,
        edited_at=seen.edited_at,
        thread=seen.thread,
        reactions={one.emoji: tuple(person.id for person in one.people) for one in seen.emoji or () if one.people},
    )


def _inhabit(room: Room, sample: Mapping[str, Any], language: str) -> None:
    for id, names in sample["people"].items():
        room.join(names[language], id=id)
    for id, names in sample["channels"].items():
        room.open_channel(names[language], private=names.get("private", False), id=id)


def _said(text: str, addresses: Mapping[str, str]) -> str:
    for name, url in addresses.items():
        text = text.replace(f"{{{name}}}", url)
    return text.strip()


def _instant(monday: date, at: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    day = monday + timedelta(weeks=at["week"] - 1, days=_DAYS.index(at["day"]))
    return datetime.combine(day, time.fromisoformat(at["time"]), tzinfo=zone).astimezone(UTC)
