"""What people do in Discord, and what they see of the bot. Everything returns at once; the bot hears of it as events.

People may do anything: permissions are the bot's concern only. Commands and buttons are ``asking.py``'s.
"""

from collections.abc import Iterable, Sequence

from tests.servers.discord import payloads
from tests.servers.discord.errors import Json
from tests.servers.discord.model import Channel, Flag, Guild, Kind, Message, Person, Role
from tests.servers.discord.permissions import NOTHING, May
from tests.servers.discord.platform import DEFAULT, REPLY, THREAD_CREATED, THREAD_STARTER, Platform, emoji

REFERENCE, FORWARD = 0, 1
NOTICES = (THREAD_CREATED, THREAD_STARTER)  # Discord writes these in the bot's name


class People(Platform):
    """Discord with people in it."""

    # --- guilds, people, channels ---

    def add_guild(self, name: str, *, joined: bool = True) -> Guild:
        """A guild, with the bot in it if ``joined``."""
        return self.make_guild(name, joined=joined)

    def add_bot(self, guild: Guild) -> None:
        """Somebody follows the bot's invite."""
        self.join(guild, self.bot)

    def kick(self, guild: Guild, person: Person | None = None) -> None:
        """Without ``person``: the bot."""
        self.leave(guild, person or self.bot)

    def outage(self, guild: Guild, *, over: bool = False) -> None:
        """The guild is not available, which is no kick; ``over``: it is again."""
        if over:
            self.gateway.tell("GUILD_CREATE", payloads.guild_for(guild, self.bot) | {"unavailable": False})
        else:
            self.gateway.tell("GUILD_DELETE", {"id": guild.id, "unavailable": True})

    def add_person(self, guild: Guild, name: str, *, bot: bool = False, locale: str = "en-US") -> Person:
        """A new user in this guild; ``bot``: another bot."""
        person = Person(self.snowflake(), name, bot, locale=locale)
        self.join(guild, person)
        return person

    def add_role(
        self,
        guild: Guild,
        name: str,
        people: Iterable[Person] = (),
        *,
        permissions: May = NOTHING,
        mentionable: bool = False,
    ) -> Role:
        role = self.make_role(guild, name, permissions, mentionable=mentionable)
        for person in people:
            self.give(guild, person, role)
        return role

    def give(self, guild: Guild, person: Person, role: Role, *, on: bool = True) -> None:
        """A role to a member; not ``on``: take it away."""
        roles = guild.members[person.id].roles
        (roles.add if on else roles.discard)(role.id)
        self.member_changed(guild, person)

    def rename_person(self, guild: Guild, person: Person, nick: str | None) -> None:
        guild.members[person.id].nick = nick
        self.member_changed(guild, person)

    def add_channel(
        self,
        guild: Guild,
        name: str,
        *,
        kind: Kind = Kind.TEXT,
        private: bool = False,
        nsfw: bool = False,
        topic: str | None = None,
        tags: Sequence[str] = (),
    ) -> Channel:
        """A channel. A ``private`` one is closed to @everyone; ``let_in`` opens it. ``tags``: of a forum."""
        named = {self.snowflake(): tag for tag in tags}
        channel = self.make_channel(guild, name, kind, nsfw=nsfw, topic=topic, tags=named)
        if private:
            self.forbid(channel, May.VIEW_CHANNEL, guild.roles[guild.id])
        return channel

    def let_in(self, channel: Channel, who: Person | Role | None = None) -> None:
        """Into a private channel, or a private thread; without ``who``: the bot."""
        if channel.thread:
            self.join_thread(channel, who if isinstance(who, Person) else self.bot)
        else:
            self.allow(channel, May.VIEW_CHANNEL, who)

    def allow(self, channel: Channel, permissions: May, who: Person | Role | None = None) -> None:
        """Overwrite permissions in a channel; without ``who``: the bot's own."""
        self._overwrite(channel, who, allow=permissions)

    def forbid(self, channel: Channel, permissions: May, who: Person | Role | None = None) -> None:
        """The opposite of ``allow``."""
        self._overwrite(channel, who, deny=permissions)

    def _overwrite(
        self, channel: Channel, who: Person | Role | None, *, allow: May = NOTHING, deny: May = NOTHING
    ) -> None:
        seen = May.VIEW_CHANNEL in channel.permissions(self.bot)
        who = who or self.bot
        channel.overwrite(who.id, int(isinstance(who, Person)), allow=allow, deny=deny)
        self.channel_changed(channel, seen)

    def rename_channel(self, channel: Channel, name: str) -> None:
        """Threads too."""
        channel.name = name
        self.channel_changed(channel)

    def age_restrict(self, channel: Channel, *, on: bool = True) -> None:
        channel.nsfw = on
        self.channel_changed(channel)

    def delete_channel(self, channel: Channel) -> None:
        """Threads too. No message in it is told of."""
        self.remove_channel(channel)

    # --- messages ---

    def post(
        self,
        channel: Channel,
        person: Person,
        text: str,
        *,
        reply_to: Message | None = None,
        embeds: Sequence[Json] = (),
        attachments: Sequence[str] = (),
        kind: int = DEFAULT,
    ) -> Message:
        """A message; ``kind`` is Discord's type, for what nobody wrote. ``attachments`` are file names."""
        more: Json = {}
        if reply_to:
            where = {"type": REFERENCE, "channel_id": reply_to.channel.id, "guild_id": channel.guild.id}
            more = {"replied_to": reply_to, "reference": where | {"message_id": reply_to.id}}
            kind = REPLY
        files = [self.attachment(channel, name) for name in attachments]
        return self.write(channel, person, text, kind=kind, embeds=list(embeds), attachments=files, **more)

    def post_by_webhook(self, channel: Channel, name: str, text: str) -> Message:
        """A message of an integration: a name that is no member."""
        hook = Person(self.snowflake(), name, bot=True, webhook=True)
        return self.write(channel, hook, text, webhook_id=hook.id)

    def forward(self, message: Message, person: Person, channel: Channel) -> Message:
        """Into another channel: without words, the message as a snapshot. resources/message, "Message Snapshot"."""
        where = {"type": FORWARD, "channel_id": message.channel.id, "guild_id": message.channel.guild.id}
        return self.write(
            channel, person, "", flags=Flag.HAS_SNAPSHOT,
            reference=where | {"message_id": message.id}, snapshots=[payloads.snapshot(message)],
        )  # fmt: skip

    def edit(self, message: Message, text: str) -> None:
        """A person changes their words."""
        message.content, message.edited_at = text, self.clock()
        self.message_changed(message)

    def unfurl(self, message: Message, *embeds: Json) -> None:
        """Discord adds previews some time after the message: an update that is no edit.

        ``{"title": …, "description": …, "url": …}``; ``type`` is "link" unless given.
        """
        message.embeds = [{"type": "link", **embed} for embed in embeds]
        self.message_changed(message)

    def pin(self, message: Message, *, on: bool = True) -> None:
        """An update that is no edit either."""
        message.pinned = on
        self.message_changed(message)

    def delete(self, message: Message) -> None:
        self.remove_messages(message.channel, [message])

    def delete_many(self, *messages: Message) -> None:
        """A moderator's bulk deletion: one event."""
        self.remove_messages(messages[0].channel, messages, bulk=True)

    def publish(self, message: Message) -> list[Message]:
        """Crosspost a message of an announcement channel; the copies in the channels that follow, by webhooks."""
        message.flags |= Flag.CROSSPOSTED
        self.message_changed(message)
        where = {"type": REFERENCE, "channel_id": message.channel.id, "guild_id": message.channel.guild.id}
        name = f"{message.channel.guild.name} #{message.channel.name}"
        copies = []
        for channel in message.channel.followers:
            hook = Person(self.snowflake(), name, bot=True, webhook=True)
            copies.append(
                self.write(
                    channel, hook, message.content, embeds=list(message.embeds), flags=Flag.IS_CROSSPOST,
                    webhook_id=hook.id, reference=where | {"message_id": message.id},
                )
            )  # fmt: skip
        return copies

    def follow(self, announcements: Channel, into: Channel) -> None:
        announcements.followers.append(into)

    # --- threads ---

    def start_thread(
        self, channel: Channel, person: Person, name: str, *, of: Message | None = None, private: bool = False
    ) -> Channel:
        """A thread, ``of`` a message or of its own."""
        return self.make_thread(channel, person, name, starter=of, private=private)

    def post_to_forum(self, forum: Channel, person: Person, title: str, text: str, tags: Sequence[str] = ()) -> Message:
        """A forum post: a thread whose first message has its id."""
        ids = [id for id, name in forum.tags.items() if name in tags]
        thread = self.make_thread(forum, person, title, tags=ids)
        return self.write(thread, person, text, id=thread.id)

    def archive_thread(self, thread: Channel, *, locked: bool = False) -> None:
        """As Discord does by itself after a while without messages."""
        self.archive(thread, locked=locked)

    # --- reactions ---

    def react(self, message: Message, person: Person, text: str, *, on: bool = True, burst: bool = False) -> None:
        """A reaction: ``📰`` or ``name:id``; ``burst``: a super reaction; not ``on``: take it back."""
        change = self.add_reaction if on else self.remove_reaction
        change(message, person, emoji(text), burst=burst)

    def clear(self, message: Message, text: str = "") -> None:
        """A moderator clears the reactions: all, or those with one emoji."""
        self.clear_reactions(message, emoji(text) if text else None)

    # --- what is seen of the bot ---

    def thread_of(self, message: Message) -> Channel:
        """The thread that was started from a message."""
        return self.channels[message.id]

    def ours(self, channel: Channel) -> list[Message]:
        """The bot's messages that stand in a channel and in its threads, oldest first."""
        places = [channel, *(one for one in channel.guild.threads if one.parent is channel)]
        messages = [one for place in places for one in place.messages.values()]
        return sorted(
            (
                one
                for one in messages
                if one.author is self.bot and one.kind not in NOTICES and not payloads.is_loading(one)
            ),
            key=lambda one: int(one.id),
        )

    def names(self, ids: Iterable[str]) -> list[str]:
        """Of people, by their ids, sorted: ``names(message.pinged)``."""
        people = {id: one.person.name for guild in self.guilds.values() for id, one in guild.members.items()}
        return sorted(people[id] for id in ids)
