"""Discord itself: what there is, and every change to it, told to the bot as the events Discord sends.

Who may make a change is decided before: for the bot in ``rest_*.py``; people (``people.py``) do as they please.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.servers.discord import payloads
from tests.servers.discord.dialect import Dialect
from tests.servers.discord.errors import Json, Refused
from tests.servers.discord.gateway import Gateway
from tests.servers.discord.limits import most
from tests.servers.discord.model import (
    FORUMS,
    Channel,
    Flag,
    Guild,
    Kind,
    Member,
    Message,
    Person,
    Reactors,
    Role,
    Snowflakes,
    ThreadState,
    everyone_role,
    moment,
    pings,
)
from tests.servers.discord.permissions import May

DEFAULT, REPLY, THREAD_CREATED, THREAD_STARTER = 0, 19, 18, 21
EVERY_MENTION = ("everyone", "roles", "users")
# Application flags that say which privileged intents are switched on, for apps in fewer than 100 guilds.
INTENT_FLAGS = {"GUILD_PRESENCES": 1 << 13, "GUILD_MEMBERS": 1 << 15, "MESSAGE_CONTENT": 1 << 19}


class Platform:
    """``privileged`` are the intents switched on in the developer portal."""

    def __init__(
        self, clock: Callable[[], datetime], *, token: str, privileged: Iterable[str], heartbeat: float
    ) -> None:
        self.clock = clock
        self.token = token
        self.dialect = Dialect()
        self.privileged = set(privileged)
        self.snowflake: Callable[[], str] = Snowflakes(clock)
        self.bot = Person(self.snowflake(), "Linkletter", bot=True)
        self.application_id = self.bot.id  # of apps since 2016 both are the same
        self.owner = Person(self.snowflake(), "Owner")
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.gateway = Gateway(self, heartbeat)
        self.gateway_url = ""
        self._nonces: dict[tuple[str, str], Message] = {}

    # --- what there is ---

    def own_guilds(self) -> list[Guild]:
        """Where the bot is a member."""
        return [guild for guild in self.guilds.values() if self.bot.id in guild.members]

    def greeting(self, session: str) -> Json:
        """READY, but for its shard."""
        guilds: list[Json] = [{"id": guild.id, "unavailable": True} for guild in self.own_guilds()]
        if self.dialect.guilds == "at once":
            guilds = [payloads.guild_for(guild, self.bot) for guild in self.own_guilds()]
        return {
            "v": 10,
            "user": payloads.myself(self.bot),
            "guilds": [] if self.dialect.guilds == "unannounced" else guilds,
            "session_id": session,
            "session_type": "normal",
            "resume_gateway_url": self.gateway_url + "resume",
            "application": {"id": self.application_id, "flags": self.application_flags},
            "user_settings": {},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "_trace": [],
        }

    @property
    def application_flags(self) -> int:
        return sum(INTENT_FLAGS[name] for name in self.privileged)

    def message(self, channel: Channel, id: str) -> Message:
        """Raises ``Refused``."""
        if id not in channel.messages:
            raise Refused("unknown message")
        return channel.messages[id]

    # --- guilds ---

    def make_guild(self, name: str, *, joined: bool) -> Guild:
        id = self.snowflake()
        guild = Guild(id, name, self.owner, {id: everyone_role(id)})
        self.guilds[id] = guild
        self.join(guild, self.owner)
        if joined:
            self.join(guild, self.bot)
        return guild

    def join(self, guild: Guild, person: Person) -> Member:
        """A person enters; for the bot, the guild does."""
        member = guild.members[person.id] = Member(person, self.clock())
        if person is self.bot:
            self.gateway.tell("GUILD_CREATE", payloads.guild_for(guild, self.bot))
        elif self.bot.id in guild.members:
            self.gateway.tell("GUILD_MEMBER_ADD", payloads.member(member) | {"guild_id": guild.id})
        return member

    def leave(self, guild: Guild, person: Person) -> None:
        del guild.members[person.id]
        if person is self.bot:
            self.gateway.tell("GUILD_DELETE", {"id": guild.id})
        else:
            self.gateway.tell("GUILD_MEMBER_REMOVE", {"guild_id": guild.id, "user": payloads.user(person)})

    def member_changed(self, guild: Guild, person: Person) -> None:
        payload = payloads.member(guild.members[person.id]) | {"guild_id": guild.id}
        if person is self.bot:
            self.gateway.tell_own("GUILD_MEMBER_UPDATE", payload)
        else:
            self.gateway.tell("GUILD_MEMBER_UPDATE", payload)

    def make_role(self, guild: Guild, name: str, permissions: May, *, mentionable: bool) -> Role:
        role = Role(self.snowflake(), name, permissions, mentionable)
        guild.roles[role.id] = role
        self.gateway.tell("GUILD_ROLE_CREATE", {"guild_id": guild.id, "role": payloads.role(role, guild)})
        return role

    # --- channels ---

    def make_channel(self, guild: Guild, name: str, kind: Kind, **more: Any) -> Channel:
        channel = Channel(self.snowflake(), guild, name, kind, position=len(guild.channels), **more)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.gateway.tell("CHANNEL_CREATE", payloads.channel(channel))
        return channel

    def conversation(self, person: Person) -> Channel:
        """The bot's channel with one person, always the same; a guild of two that is in no list."""
        for channel in self.channels.values():
            if channel.kind is Kind.DM and person.id in channel.guild.members:
                return channel
        id = self.snowflake()
        pair = Guild(id, "", self.owner, {id: everyone_role(id)})
        pair.members = {one.id: Member(one, self.clock()) for one in (person, self.bot)}
        channel = self.channels[id] = Channel(id, pair, "", Kind.DM)
        return channel

    def channel_changed(self, channel: Channel, seen: bool = True) -> None:
        """``seen``: whether the bot saw it before. When it does only now, it hears of the active threads too."""
        if channel.thread:
            self.gateway.tell("THREAD_UPDATE", payloads.thread_for(channel, self.bot), channel)
            return
        self.gateway.tell("CHANNEL_UPDATE", payloads.channel(channel))
        if not seen and May.VIEW_CHANNEL in channel.permissions(self.bot):
            threads = [one for one in channel.guild.threads if one.parent is channel and payloads.active(one)]
            listed = [payloads.channel(one) for one in threads if May.VIEW_CHANNEL in one.permissions(self.bot)]
            sync = {"guild_id": channel.guild.id, "channel_ids": [channel.id], "threads": listed, "members": []}
            self.gateway.tell("THREAD_LIST_SYNC", sync)

    def remove_channel(self, channel: Channel) -> None:
        """With its threads; no message is told of."""
        del channel.guild.channels[channel.id], self.channels[channel.id]
        if channel.thread:
            starter = channel.parent.messages.get(channel.id) if channel.parent else None
            if starter:
                starter.thread = None
            gone = {"id": channel.id, "guild_id": channel.guild.id, "type": int(channel.kind)}
            self.gateway.tell("THREAD_DELETE", gone | {"parent_id": channel.parent.id if channel.parent else None})
            return
        for thread in [one for one in channel.guild.threads if one.parent is channel]:
            del channel.guild.channels[thread.id], self.channels[thread.id]
        self.gateway.tell("CHANNEL_DELETE", payloads.channel(channel))

    def make_thread(
        self,
        parent: Channel,
        owner: Person,
        name: str,
        *,
        starter: Message | None = None,
        private: bool = False,
        tags: Sequence[str] = (),
        minutes: int = 1440,
    ) -> Channel:
        """A thread; of a message, with that message's id. Raises ``Refused`` where it has one."""
        id = starter.id if starter else self.snowflake()
        if id in self.channels:
            raise Refused("thread exists")
        kind = {Kind.ANNOUNCEMENT: Kind.ANNOUNCEMENT_THREAD}.get(parent.kind, Kind.PUBLIC_THREAD)
        now = self.clock()
        state = ThreadState(owner, now, now, minutes=minutes, members={owner.id: now}, tags=list(tags))
        thread = Channel(id, parent.guild, name, Kind.PRIVATE_THREAD if private else kind, parent, thread=state)
        parent.guild.channels[id] = self.channels[id] = thread
        self.gateway.tell("THREAD_CREATE", payloads.thread_for(thread, self.bot) | {"newly_created": True}, thread)
        where = {"type": 0, "channel_id": parent.id, "guild_id": parent.guild.id}
        if starter:
            starter.thread, starter.flags = thread, starter.flags | Flag.HAS_THREAD
            self.message_changed(starter)
            # Its id is the starter's too: rows need the channel in their key.
            first = Message(id, thread, starter.author, "", now, THREAD_STARTER, replied_to=starter)
            first.reference = where | {"message_id": id}
            self.add_message(first)
        elif not private and parent.kind not in FORUMS:
            notice = Message(self.snowflake(), parent, owner, name, now, THREAD_CREATED)
            notice.reference = where | {"channel_id": id}
            self.add_message(notice)
        return thread

    def join_thread(self, thread: Channel, person: Person) -> None:
        """They are added to it; the bot hears of a private one only now."""
        assert thread.thread
        thread.thread.members.setdefault(person.id, self.clock())
        if person is self.bot and thread.kind is Kind.PRIVATE_THREAD:
            self.gateway.tell("THREAD_CREATE", payloads.thread_for(thread, self.bot), thread)

    # --- messages ---

    def write(
        self, channel: Channel, author: Person, content: str, *, default: Sequence[str] = EVERY_MENTION, **more: Any
    ) -> Message:
        """A new message; ``default`` are the mentions that count where ``allowed_mentions`` is not given."""
        reply = more.get("replied_to")
        mentions = pings(
            content, channel, author, more.get("allowed_mentions"), default, reply.author if reply else None
        )
        id = more.pop("id", None) or self.snowflake()
        sent_at = self.clock() if self.dialect.counted else moment(id)
        message = Message(id, channel, author, content, sent_at, **more)
        message.mentions, message.role_mentions, message.mention_everyone, message.pinged = mentions
        if Flag.EPHEMERAL in message.flags:
            message.pinged = frozenset()
        else:
            self.add_message(message)
        return message

    def add_message(self, message: Message) -> None:
        """Into its channel; an archived thread wakes up."""
        channel = message.channel
        if channel.thread and channel.thread.archived:
            self.archive(channel, archived=False)
        if channel.thread and message.author.id in channel.guild.members:
            channel.thread.members.setdefault(message.author.id, self.clock())
        channel.messages[message.id] = message
        self.gateway.tell("MESSAGE_CREATE", payloads.event_message(message, self.bot), channel)

    def attachment(self, channel: Channel, name: str, size: int = 1024) -> Json:
        """Addresses are signed and expire. reference, "Signed Attachment CDN URLs"."""
        id = self.snowflake()
        url = f"https://cdn.discordapp.com/attachments/{channel.id}/{id}/{name}?ex=66aa&is=66a9&hm=00ff&"
        return {"id": id, "filename": name, "size": size, "url": url, "proxy_url": url.replace("cdn.", "media.")}

    def nonce(self, author: Person, nonce: str, message: Message | None = None) -> Message | None:
        """What the author sent with this nonce in the past minutes; ``message`` is kept for the next time."""
        if message:
            self._nonces[author.id, nonce] = message
        earlier = self._nonces.get((author.id, nonce))
        recent = timedelta(minutes=most("nonce.minutes"))
        return earlier if earlier and self.clock() - earlier.sent_at <= recent else None

    def message_changed(self, message: Message) -> None:
        """MESSAGE_UPDATE: whatever it was, an edit or not, the whole message is sent."""
        if not message.seen_by:
            self.gateway.tell("MESSAGE_UPDATE", payloads.event_message(message, self.bot), message.channel)

    def remove_messages(self, channel: Channel, messages: Sequence[Message], *, bulk: bool = False) -> None:
        for message in messages:
            del channel.messages[message.id]
        place = {"channel_id": channel.id, "guild_id": channel.guild.id}
        if bulk:
            self.gateway.tell("MESSAGE_DELETE_BULK", {"ids": [one.id for one in messages]} | place, channel)
            return
        for message in messages:
            self.gateway.tell("MESSAGE_DELETE", {"id": message.id} | place, channel)

    def archive(self, thread: Channel, *, archived: bool = True, locked: bool = False) -> None:
        assert thread.thread
        thread.thread.archived, thread.thread.locked = archived, locked
        thread.thread.archived_at = self.clock()
        self.channel_changed(thread)

    # --- reactions ---

    def add_reaction(self, message: Message, person: Person, emoji: Json, *, burst: bool = False) -> None:
        """The second time nothing happens."""
        reactors = message.reactions.setdefault(emoji_key(emoji), Reactors(emoji))
        people = reactors.burst if burst else reactors.plain
        if person in people:
            return
        people.append(person)
        member = message.channel.guild.members.get(person.id)
        self._reaction(
            "ADD", message, person, emoji, burst,
            message_author_id=message.author.id,
            **({"member": payloads.member(member)} if member else {}),
            **({"burst_colors": ["#ff8800"]} if burst else {}),
        )  # fmt: skip

    def remove_reaction(self, message: Message, person: Person, emoji: Json, *, burst: bool = False) -> None:
        """Raises ``Refused`` if it is not there."""
        reactors = message.reactions.get(emoji_key(emoji))
        people = (reactors.burst if burst else reactors.plain) if reactors else []
        if not reactors or person not in people:
            raise Refused("unknown emoji")
        people.remove(person)
        if not reactors.plain and not reactors.burst:
            del message.reactions[emoji_key(emoji)]
        self._reaction("REMOVE", message, person, reactors.emoji, burst)

    def _reaction(self, what: str, message: Message, person: Person, emoji: Json, burst: bool, **more: Any) -> None:
        payload = {"user_id": person.id, "emoji": emoji, "burst": burst, "type": int(burst), **more}
        self.gateway.tell(f"MESSAGE_REACTION_{what}", self._place(message) | payload, message.channel)

    def clear_reactions(self, message: Message, emoji: Json | None = None) -> None:
        """All of them, or those with one emoji."""
        if emoji is None:
            message.reactions.clear()
            self.gateway.tell("MESSAGE_REACTION_REMOVE_ALL", self._place(message), message.channel)
        else:
            message.reactions.pop(emoji_key(emoji), None)
            place = self._place(message) | {"emoji": emoji}
            self.gateway.tell("MESSAGE_REACTION_REMOVE_EMOJI", place, message.channel)

    def _place(self, message: Message) -> Json:
        return {"message_id": message.id, "channel_id": message.channel.id, "guild_id": message.channel.guild.id}


def emoji_key(emoji: Json) -> str:
    """The identity of an emoji: a custom one's id, since its name may change; else its characters."""
    return emoji["id"] or emoji["name"]


def emoji(text: str) -> Json:
    """``📰``, or ``name:id`` for a custom one (``a:name:id``: animated), as events carry it."""
    if ":" not in text:
        return {"id": None, "name": text}
    *animated, name, id = text.split(":")
    return {"id": id, "name": name, "animated": animated == ["a"]}
