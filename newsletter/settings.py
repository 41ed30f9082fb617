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

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_serializer,
    field_validator,
    model_validator,
)

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


def _duration(value: object) -> object:
    """``24h``, ``90m`` or ``2d``; pydantic's own forms (seconds, ISO 8601) are not for people."""
    if isinstance(value, datetime.timedelta):
        return value
    written = re.fullmatch(r"(\d{1,4})\s*([mhd])", str(value).strip(), re.ASCII | re.IGNORECASE)
    if not written and str(value).strip() != "0":
        raise ValueError('write how long as "24h", "90m" or "2d"')
    unit = {"m": "minutes", "h": "hours", "d": "days"}[written[2].lower()] if written else "hours"
    long = datetime.timedelta(**{unit: int(written[1]) if written else 0})
    if long > datetime.timedelta(days=6):
        raise ValueError("must be less than the week between two cut-offs: at most 6d")
    return long


def _written(value: datetime.timedelta) -> str:
    minutes = int(value.total_seconds()) // 60
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


Duration = Annotated[datetime.timedelta, BeforeValidator(_duration), PlainSerializer(_written)]
"""A length of time of at most six days, written ``24h``, ``90m`` or ``2d``."""


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


class FetchSettings(Settings):
    """How the pages behind links are fetched, by this installation for all its newsletters."""

    enabled: bool = True
    hosts: tuple[str, ...] = ()
    """Only from these sites and their subdomains; empty: from all."""
    ignore_hosts: tuple[str, ...] = ()
    """Never from these."""
    schemes: tuple[Literal["http", "https"], ...] = ("http", "https")
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = (80, 443)
    at_once: Annotated[int, Field(ge=1, le=64)] = 8
    pause: Annotated[float, Field(ge=0, le=3600)] = 1
    """Seconds between two requests to one host."""
    proxy: str = ""
    user_agent: str = "Mozilla/5.0 (compatible; Linkletter)"
    contact: str = ""
    """An address that tells the owners of sites who asks."""

    @model_validator(mode="before")
    @classmethod
    def _on_or_off(cls, value: object) -> object:
        """``fetch: off`` is short for ``fetch: {enabled: off}``."""
        return {"enabled": value} if isinstance(value, str | bool) else value

    @field_validator("proxy")
    @classmethod
    def _without_password(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/?#@\s]+/?", value, re.ASCII):
            raise ValueError('write it as "http://host:3128"; a proxy that wants a password is not supported')
        return value

    @field_validator("user_agent", "contact")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not re.fullmatch(r"[ -~]*", value, re.ASCII):
            raise ValueError("write it in plain ASCII, on one line")
        return value

    @property
    def introduction(self) -> str:
        """What each request says of who asks."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent


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


class SiteSettings(Settings):
    """The archive as a site: a folder of static pages. ``url`` is where the folder will be read."""

    folder: str = "site"
    url: str = ""
    title: str = ""
    """What the whole site is called; empty: the newsletter's key."""
    audience: Audience = Audience.PUBLIC
    show: tuple[Shown, ...] = ()
    pictures: bool = False
    """Whether pages show the linked pages' pictures, which the reader's browser then asks of their hosts."""
    id: str = ""
    """What the feeds' ids are made of; empty: the first ``url``, for good, or without any the newsletter's key."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s?#]+", value):
            raise ValueError("write where the site will be read, as in https://links.example.com/weekly")
        return value.rstrip("/")


class GitSettings(MarkdownSettings):
    """Posts in a git repository: where it is and how to commit there, beside all that says what a post looks like.

    ``repository`` is a URL or a path, ``folder`` a folder in it.
    """

    repository: str
    branch: str = "main"
    folder: str = "source/_posts"
    author: str = "Linkletter <linkletter@localhost>"
    publish_as: Literal["post", "draft", "branch"] = "post"

    @field_validator("repository")
    @classmethod
    def _no_option(cls, value: str) -> str:
        if not value.strip() or value.startswith("-") or not value.isprintable():
            raise ValueError("write where the repository is, as in git@github.com:team/blog.git")
        return value.strip()

    @field_validator("branch")
    @classmethod
    def _branch_name(cls, value: str) -> str:
        """As ``git check-ref-format`` has it, and a little stricter."""
        wrong = r"^[-/.]|[/.]$|\.\.|//|/\.|@\{|\.lock(/|$)|[\s~^:?*\[\\]"
        if not value.isprintable() or re.search(wrong, value) or value in ("", "@"):
            raise ValueError("is no name for a branch")
        return value.removeprefix("refs/heads/")

    @field_validator("folder")
    @classmethod
    def _inside(cls, value: str) -> str:
        """Part by part, so that no spelling leads out of the repository or into git's own folder."""
        parts = [part for part in value.strip().split("/") if part not in ("", ".")]
        harmful = any(part == ".." or part.lower().startswith(".git") or re.search(r'[\\:"]', part) for part in parts)
        if harmful or value.startswith(("/", "~")) or not value.isprintable():
            raise ValueError("must be a folder inside the repository, as in source/_posts")
        return "/".join(parts)

    @field_validator("author")
    @classmethod
    def _name_and_address(cls, value: str) -> str:
        if not re.fullmatch(r"[^<>\s][^<>]* <[^<>\s]+>", value) or not value.isprintable():
            raise ValueError('write name and address as "Linkletter <news@example.com>"')
        return value

    @model_validator(mode="after")
    def _can_be_a_draft(self) -> "GitSettings":
        if self.publish_as != "draft" or self.style in ("hugo", "index"):
            return self
        if self.style not in ("hexo", "jekyll"):
            raise ValueError(f"the style {self.style} knows no drafts: publish_as can be post or branch")
        if "_posts" not in self.folder.split("/"):
            raise ValueError("a draft goes to _drafts beside _posts, so folder must have _posts in it")
        return self

    @property
    def folders(self) -> tuple[str, ...]:
        """Where posts go and, for Hexo's and Jekyll's drafts, where a person puts them to publish them."""
        if self.publish_as != "draft" or self.style not in ("hexo", "jekyll"):
            return (self.folder,)
        return re.sub(r"(?<![^/])_posts(?![^/])", "_drafts", self.folder), self.folder


class EmojiSettings(Settings):
    """What an emoji on a message says of its links: an editor's ``leave_out``, ``bring_in`` and ``pin``, and the
    sharer's ``own``, which keeps their own out. ``done`` is our answer; empty: none."""

    leave_out: str = "🚫"
    bring_in: str = "📰"
    pin: str = "📌"
    own: str = "🙈"
    done: str = "👌"

    @field_validator("*")
    @classmethod
    def _as_kept(cls, value: str) -> str:
        return kept(value) if value else ""

    @property
    def curating(self) -> frozenset[str]:
        """Those that decide something, and so say nothing about how a link is liked."""
        return frozenset({self.leave_out, self.bring_in, self.pin, self.own} - {""})


CROWD, IN_A_CROWD = 500, 3
"""Among more people than that, one person has so many links in an edition, unless the settings say otherwise."""


class AtMostSettings(Settings):
    """How many links of a kind one edition has at the most; 0: as many as there are."""

    section: Annotated[int, Field(ge=0)] = 0
    person: Annotated[int, Field(ge=0)] | None = None
    site: Annotated[int, Field(ge=0)] = 0

    def of_one_person(self, people: int) -> int:
        """How many one person has, among so many ``people``."""
        if self.person is not None:
            return self.person
        return IN_A_CROWD if people > CROWD else 0


class NewsletterSettings(Settings):
    """One newsletter; its key is the name it has in the configuration."""

    key: str = "newsletter"
    title: str = "Newsletter {{ week.label }}"
    language: str = "en"
    timezone: str = "UTC"
    schedule: Schedule = Schedule()
    collect: tuple[str, ...] = ()
    """Channels as ``platform:#name``, ``platform:ID`` or ``platform:Server/name``; empty: every channel but
    private ones, which are only imported (``listens_to``)."""
    post_to: tuple[str, ...] = ()
    markdown: MarkdownSettings | None = None
    git: GitSettings | None = None
    site: SiteSettings | None = None
    editors: tuple[str, ...] = ()
    editors_channel: str = ""
    sections: tuple[SectionSettings, ...] = ()
    intro: str = ""
    outro: str = ""
    ignore_hosts: tuple[str, ...] = ()
    internal_hosts: tuple[str, ...] = ()
    ignored_emoji: tuple[str, ...] = ("👎", "❌", "✅")
    enters: Literal["all", "reacted", "picked"] = "all"
    """Which links enter by themselves: all, those that ``reacted_by`` others reacted to or shared, or none."""
    reacted_by: Annotated[int, Field(ge=1)] = 2
    ignore_people: tuple[str, ...] = ()
    ignore_channels: tuple[str, ...] = ()
    feeders: tuple[str, ...] = ()
    """People and roles whose links enter; empty: everybody's."""
    joined_for: Annotated[int, Field(ge=0, le=36500)] = 0
    """For so many days somebody must have belonged to the place, where the platform says since when they do."""
    at_most: AtMostSettings = AtMostSettings()
    emoji: EmojiSettings = EmojiSettings()
    discussion: Annotated[int, Field(ge=0, le=20)] = 0
    """How many of the replies to a link its readers in the team see; 0: none, and no reply is kept."""
    retention: Annotated[int, Field(ge=0, le=36500)] = 0
    """After how many days what people wrote is forgotten, once it was published; 0: never."""
    private: Literal["", "may be published"] = ""
    """Whether links from private channels may reach public destinations."""
    at_least: Annotated[int, Field(ge=1)] = 1
    draft: Duration = datetime.timedelta(hours=24)
    """How long before it closes the editors see the newsletter as it stands; ``0``: not."""
    review: Duration = datetime.timedelta(0)
    """How long before it goes out the newsletter closes, so that what the editors then see is what goes out."""
    approval: Literal["", "required"] = ""
    """Whether a closed newsletter waits until an editor publishes it."""
    at_night: Literal["wait", "send"] = "wait"
    """Whether a newsletter that is late may go out between 22:00 and 08:00."""
    introduce: bool = True
    """Whether to say in a channel, once, what is collected there."""
    acknowledge: str = ""
    """An emoji to put on each message with a link; empty: none."""
    edits: Literal["follow", "ignore"] = "follow"
    """Whether a published newsletter follows what people edit in their messages; deletions it follows always."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError(f"unknown time zone {value!r}")
        return value

    @field_validator("acknowledge")
    @classmethod
    def _one_emoji(cls, value: str) -> str:
        return kept(value) if value else ""

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
    def sorting_emoji(self) -> frozenset[str]:
        """The emoji of which it matters who put them on a message: those of the sections, and those that curate."""
        return self.emoji.curating.union(*(section.emoji for section in self.sections))

    @property
    def signs(self) -> bool:
        """Whether emoji of ours are put on people's messages: to acknowledge a link, or an emoji that decides."""
        return bool(self.acknowledge or (self.emoji.done and self.sorting_emoji))

    @property
    def is_for_the_public(self) -> bool:
        """Whether one of its destinations is public."""
        places = (self.markdown, self.git, self.site)
        return any(place is not None and place.audience is Audience.PUBLIC for place in places)

    @property
    def is_for_the_team(self) -> bool:
        """Whether one of its destinations is for the team."""
        places = (self.markdown, self.git, self.site)
        return bool(self.post_to) or any(place is not None and place.audience is Audience.TEAM for place in places)

    @property
    def keeps_replies(self) -> bool:
        """Whether there is a discussion, and somebody who may read it."""
        return self.discussion > 0 and self.is_for_the_team

    @property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.timezone)

    def collects(self, channel: ChannelSeen) -> bool:
        """Whether the newsletter takes links from this channel; one that names no channel takes them from all."""
        return not self.collect or is_one_of(channel, self.collect)

    def listens_to(self, channel: ChannelSeen) -> bool:
        """Whether it hears what is said in this channel: a private one only where the settings speak of it.

        What somebody imports it takes from private channels too (``collects``): who imports them means them.
        """
        if self.collect or not channel.private:
            return self.collects(channel)
        return bool(self.private)

    def discusses(self, channel: ChannelSeen) -> bool:
        """Whether replies to links of this channel are kept."""
        return self.keeps_replies and self.collects(channel)

    def posts_to(self, channel: ChannelSeen) -> bool:
        """Whether its editions go to this channel."""
        return is_one_of(channel, self.post_to)

    def lives_in(self, channel: ChannelSeen) -> bool:
        """Whether who asks in this channel may be told of the newsletter: it listens or posts or is edited there."""
        return self.listens_to(channel) or is_one_of(channel, (*self.post_to, self.editors_channel))


def is_one_of(channel: ChannelSeen, written: tuple[str, ...]) -> bool:
    """Whether one of these, as the settings write channels, means this one."""
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
