"""What the gateway tells, as what the listener is told: events in their order, each stored before the next one.

They are events as they came, for those that discord.py makes of them know only messages in its cache. What cannot be
taken in because Discord does not answer is read back later: ``missed`` says so.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime

from bot.chat import Listener
from bot.platforms.discord import payloads
from bot.platforms.discord.calls import DiscordError, Said
from bot.platforms.discord.directory import FORUMS, PRIVATE_THREAD, Directory, Where
from bot.platforms.discord.payloads import Json, identifier, listed, objects
from bot.platforms.discord.reading import Reader
from newsletter.errors import NewsletterError
from newsletter.heard import ChannelSeen, MessageGone, MessageId, MessageSeen, PersonId, PersonSeen, Reading, Source
from newsletter.ports import Clock

log = logging.getLogger(__name__)

REMEMBERED = 10_000
"""Reactions of which we know in how many ways they were given."""

_PLACES_CHANGED = {
    "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE",
    "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE",
}  # fmt: skip


class Taking:
    """Takes events in for one listener; ``missed`` begins to read back."""

    def __init__(
        self,
        directory: Directory,
        reader: Reader,
        listener: Listener,
        clock: Clock,
        missed: Callable[[], None],
        spoilers: str,
    ) -> None:
        self._directory = directory
        self._reader = reader
        self._listener = listener
        self._clock = clock
        self._missed = missed
        self._spoilers = spoilers
        self._places_changed = False
        self._known: Mapping[str, ChannelSeen] | None = None
        self._awaited: set[str] = set()
        self._ways: OrderedDict[tuple[str, str, str], set[str]] = OrderedDict()
        self._named: dict[PersonId, tuple[str, datetime | None]] = {}

    async def take(self, name: str, event: Json, at: datetime, *, last: bool) -> None:
        """Take in one event, which came at ``at``; it is stored when this returns. Raises what keeps the listener from
        working; an event that makes one of us fail otherwise is let go, and the log says where.

        ``last``: no other one waits. Changes of places come in swarms, and are looked at once.
        """
        try:
            if self._changes_places(name, event):
                self._places_changed = True
            elif self._places_changed:
                await self._look_around()
            await self._take(name, event, at)
            if last and self._places_changed:
                await self._look_around()
        except DiscordError as error:
            log.warning("something was not understood, it will be read back: %s", error)
            self._missed()
        except (NewsletterError, OSError):
            raise
        except Exception as error:
            log.error("a %s could not be taken in, reference %s", name, secrets.token_hex(3), exc_info=error)

    async def _take(self, name: str, event: Json, at: datetime) -> None:
        match name:
            case "READY":
                self._begin(event)
            case "RESUMED":
                self._missed()
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                await self._message(event, at)
            case "MESSAGE_DELETE":
                await self._gone(event, [identifier(event.get("id"))])
            case "MESSAGE_DELETE_BULK":
                await self._gone(event, [identifier(id) for id in listed(event.get("ids"))])
            case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
                await self._reaction(event, at, on=name.endswith("ADD"))
            case "MESSAGE_REACTION_REMOVE_ALL" | "MESSAGE_REACTION_REMOVE_EMOJI":
                await self._look_again(event)
            case "THREAD_CREATE" | "THREAD_UPDATE":
                self._directory.learn_thread(event)
                # Whoever is added to a private thread is told as if it were new.
                self._places_changed = self._places_changed or event.get("type") == PRIVATE_THREAD
            case "THREAD_LIST_SYNC":
                self._missed()
            case "THREAD_DELETE":
                await self._thread_gone(event)

    # --- places ---

    def _begin(self, event: Json) -> None:
        """A session begins: whatever there was before it may have been missed."""
        self._directory.forget()
        self._known = None
        self._reader.forget_reactors()
        self._awaited = {identifier(guild.get("id")) for guild in objects(event.get("guilds"))}
        self._missed()

    def _changes_places(self, name: str, event: Json) -> bool:
        if name == "GUILD_CREATE":
            id = identifier(event.get("id"))
            if id in self._awaited:  # at the beginning each of ours is told of once
                self._awaited.discard(id)
                return False
            self._missed()  # we are new there, or it is back after an outage
        # Of other members nothing is told without a privileged intent.
        return name in _PLACES_CHANGED or name == "GUILD_MEMBER_UPDATE"

    async def _look_around(self) -> None:
        """Say what is called or guarded otherwise now; where we are new, or back after an outage, read back."""
        self._places_changed = False
        before = self._known if self._known is not None else await self._directory.channels()
        self._directory.forget()
        self._known = dict(await self._directory.channels())
        for id, seen in self._known.items():
            old = before.get(id)
            if old is None or (old.name, old.private) != (seen.name, seen.private):
                await self._listener.heard(seen)
        if self._known.keys() - before.keys():
            self._missed()

    async def _where(self, event: Json) -> Where | None:
        guild, channel = identifier(event.get("guild_id")), identifier(event.get("channel_id"))
        return await self._directory.where(channel, guild) if channel else None

    # --- messages ---

    async def _message(self, event: Json, at: datetime) -> None:
        where = await self._where(event)
        if where is None:
            return
        id, author = identifier(event.get("id")), event.get("author")
        workspace = where.channel.id.workspace
        self._directory.remember(id, where.thread)
        if not payloads.is_whole(event) or not isinstance(author, dict):
            await self._look_again(event)
            return
        if not event.get("webhook_id"):
            self._directory.meet(workspace, author, event.get("member"))
        for mentioned in objects(event.get("mentions")):
            self._directory.meet(workspace, mentioned, mentioned.get("member"))
        written = payloads.exported(event, self._directory.names(workspace))
        one = payloads.message_seen(
            written,
            where.channel.id,
            at,
            self._directory.names_of_channels(),
            thread=where.thread,
            source=Source.LIVE,
            spoilers=self._spoilers,
        )
        if isinstance(one, MessageSeen):
            for person in payloads.people_seen(written, workspace, at):
                await self._name(person)
            await self._listener.heard(one)

    async def _gone(self, event: Json, ids: list[str]) -> None:
        if (where := await self._where(event)) is not None:
            for id in ids:
                await self._listener.heard(MessageGone(MessageId(where.channel.id, id)))

    async def _thread_gone(self, event: Json) -> None:
        """With a thread its messages are deleted, of which nothing is told; a forum's post among them."""
        id = identifier(event.get("id"))
        if event.get("parent_id"):
            self._directory.learn_thread(event)
        where = await self._directory.where(id, identifier(event.get("guild_id")))
        self._directory.forget_thread(id)
        if where is not None and where.thread is not None:
            await self._listener.heard(Reading(where.channel, self._clock(), (), thread=id, complete=True))
            if where.kind in FORUMS:
                await self._listener.heard(MessageGone(MessageId(where.channel.id, id)))

    # --- reactions ---

    async def _reaction(self, event: Json, at: datetime, *, on: bool) -> None:
        where = await self._where(event)
        if where is None:
            return
        message = MessageId(where.channel.id, identifier(event.get("message_id")))
        self._directory.remember(message.id, where.thread)
        self._reader.forget_reactors(message.id)
        heard = payloads.reaction_heard(event, message, at, on=on)
        if heard is None or heard.person.id == await self._directory.us():
            return
        member = event.get("member")
        if isinstance(member, dict) and isinstance(user := member.get("user"), dict):
            if user.get("bot") is True:
                return
            self._directory.meet(message.channel.workspace, user, member)
            name = payloads.name_of(user, member)
            await self._name(PersonSeen(heard.person, name, at))
        if self._is_first_or_last(message.id, heard.person.id, heard.emoji, event, on=on):
            await self._listener.heard(heard)

    def _is_first_or_last(self, message: str, person: str, emoji: str, event: Json, *, on: bool) -> bool:
        """One person can give one emoji twice, as a super reaction or in another skin tone: to us it is one, which is
        taken back with the last of them."""
        way = f"{payloads.emoji_path(event.get('emoji'))} {bool(event.get('burst'))}"
        ways = self._ways.setdefault((message, person, emoji), set())
        self._ways.move_to_end((message, person, emoji))
        (ways.add if on else ways.discard)(way)
        if not on and not ways:
            del self._ways[message, person, emoji]
        while len(self._ways) > REMEMBERED:
            self._ways.popitem(last=False)
        return on or not ways

    async def _look_again(self, event: Json) -> None:
        """The whole message, where an event tells only that something changed."""
        where = await self._where(event)
        if where is None:
            return
        id = identifier(event.get("message_id")) or identifier(event.get("id"))
        self._reader.forget_reactors(id)
        try:
            one = await self._reader.message(where.channel, id, where.thread)
        except Said as error:
            log.info("a changed message could not be looked at: %s", error)
            return
        if isinstance(one, MessageSeen):
            await self._listener.heard(one)

    # --- people ---

    async def _name(self, person: PersonSeen) -> None:
        """Say someone's name, and since when they are here, once."""
        person = self._directory.with_joined(person)
        said = person.name, person.joined_at
        if person.name and not person.bot and self._named.get(person.id) != said:
            await self._listener.heard(person)
            self._named[person.id] = said
