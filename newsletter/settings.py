"""What a newsletter is: its title, channels, destinations, schedule, sections and rules, as frozen values.

The values check themselves; where they come from (YAML, environment, line numbers) is the business of
``bot/config.py``.
"""

import datetime
import re
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from newsletter.emoji import kept
from newsletter.heard import ChannelSeen


class Settings(BaseModel):
    """Frozen, and an unknown key is an error: a misspelt setting must not be silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@cache
def time_zones() -> frozenset[str]:
    """The names a newsletter's time zone can have; looked up once, for it walks the zone folders."""
    return frozenset(available_timezones())


class Day(StrEnum):
    """Days of the week by name: numbers mean different days in different tools."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Audience(StrEnum):
    """Who reads a destination: ``team`` sees people, reactions, permalinks; ``public`` sees none of them."""

    TEAM = "team"
    PUBLIC = "public"


class Schedule(Settings):
    """The weekly cut-off as wall-clock time in the newsletter's zone."""

    day: Day = Day.MONDAY
    time: datetime.time = datetime.time(0, 0)

    @field_validator("day", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("time", mode="before")
    @classmethod
    def _hours_and_minutes(cls, value: object) -> object:
        """Only ``HH:MM``: pydantic would read ``1230`` as seconds, and ``12:00Z`` is no wall-clock time."""
        if isinstance(value, datetime.time) and value.tzinfo is None:
            return value
        written = re.fullmatch(r"(\d{1,2}):(\d{2})", str(value).strip(), re.ASCII)
        if not written or int(written[1]) > 23 or int(written[2]) > 59:
            raise ValueError('write the time as "HH:MM", from "00:00" to "23:59"')
        return datetime.time(int(written[1]), int(written[2]))

    @field_serializer("time")
    def _as_written(self, value: datetime.time) -> str:
        return f"{value:%H:%M}"


class SectionSettings(Settings):
    """A heading over entries, and the rules that put an entry under it (any of them suffices)."""

    tag: str
    title: str = ""
    hashtags: tuple[str, ...] = ()
    emoji: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @field_validator("emoji")
    @classmethod
    def _as_kept(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(kept(emoji) for emoji in value)

    @property
    def heading(self) -> str:
        """The title, or the tag where no title is set."""
        return self.title or self.tag


Style = Literal["hexo", "jekyll", "hugo", "plain", "archive", "index"]
Shown = Literal["people", "reactions", "permalinks", "channels"]


class MarkdownSettings(Settings):
    """A folder of posts. ``url`` is where one will be read; ``{{ slug }}`` its file name without ``.md``."""

    folder: str = "posts"
    style: Style = "hexo"
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    url: str = ""
    audience: Audience = Audience.PUBLIC
    show: tuple[Shown, ...] = ()
    link_label: str = ""
    """What the link line says (``자료링크``); empty: the language's own word."""
    on_hand_edit: Literal["beside", "keep", "replace"] = "beside"
    index: bool = False
    """Also keep ``index.md``, a look back: every week with its links. The style ``index`` keeps nothing else."""


class NewsletterSettings(Settings):
    """One newsletter; its key is the name it has in the configuration."""

    key: str = "newsletter"
    title: str = "Newsletter {{ week.label }}"
    language: str = "en"
    timezone: str = "UTC"
    schedule: Schedule = Schedule()
    collect: tuple[str, ...] = ()
    """Channels as ``platform:#name``, ``platform:ID`` or ``platform:Server/name``; empty: every channel."""
    post_to: tuple[str, ...] = ()
    markdown: MarkdownSettings | None = None
    editors: tuple[str, ...] = ()
    editors_channel: str = ""
    sections: tuple[SectionSettings, ...] = ()
    intro: str = ""
    outro: str = ""
    ignore_hosts: tuple[str, ...] = ()
    internal_hosts: tuple[str, ...] = ()
    ignored_emoji: tuple[str, ...] = ("👎", "❌", "✅")
    private: Literal["", "may be published"] = ""
    """Whether links from private channels may reach public destinations."""
    at_least: Annotated[int, Field(ge=1)] = 1

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError(f"unknown time zone {value!r}")
        return value

    @field_validator("ignored_emoji")
    @classmethod
    def _as_kept(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(kept(emoji) for emoji in value)

    @model_validator(mode="after")
    def _tags_differ(self) -> "NewsletterSettings":
        tags = [section.tag for section in self.sections]
        twice = sorted({tag for tag in tags if tags.count(tag) > 1})
        if twice:
            raise ValueError(f"two sections have the tag {twice[0]!r}")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.timezone)

    def collects(self, channel: ChannelSeen) -> bool:
        """Whether the newsletter takes links from this channel; one that names no channel takes them from all."""
        return not self.collect or _is_one_of(channel, self.collect)

    def posts_to(self, channel: ChannelSeen) -> bool:
        """Whether its editions go to this channel."""
        return _is_one_of(channel, self.post_to)

    def lives_in(self, channel: ChannelSeen) -> bool:
        """Whether who asks in this channel may be told of the newsletter: it collects or posts or is edited there."""
        return self.collects(channel) or _is_one_of(channel, (*self.post_to, self.editors_channel))


def _is_one_of(channel: ChannelSeen, written: tuple[str, ...]) -> bool:
    platform, name = channel.id.platform, channel.name.removeprefix("#").casefold()
    names = {f"{platform}:{channel.id.id}", f"{platform}:#{name}", f"{platform}:{name}"}
    # Discord's channels are written with their server's name, which no message carries: the last part decides.
    return any(wanted in names or _last_part(wanted) in names for wanted in map(_folded, written))


def _folded(wanted: str) -> str:
    platform, _, place = wanted.partition(":")
    # Ids keep their case, names have none.
    return f"{platform}:{place}" if place.isalnum() and not place.islower() else f"{platform}:{place.casefold()}"


def _last_part(wanted: str) -> str:
    platform, _, place = wanted.partition(":")
    return f"{platform}:{place.rpartition('/')[2]}"
