"""The workspace itself: people, channels, messages, threads and reactions, and what people do with them.

It knows nothing of HTTP: everything the app should hear of is handed to ``tell`` as an event, in the shapes of
https://docs.slack.dev/reference/events. Whether and how it arrives is ``delivery.py``'s business.
"""

import uuid
from collections.abc import Callable, Collection, Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.slack import shapes, words
from tests.servers.slack.shapes import Channel, Group, Message, Person, Shown

Json = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Workspace:
    """One workspace with one app in it, whose bot is ``bot``. Times are of ``clock``."""

    def __init__(self, clock: Callable[[], datetime] | None = None, *, domain: str = "acme") -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.id = "T0ACME"
        self.name = "Acme"
        self.domain = domain
        self.app_id = "A0LINKS"
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, Group] = {}
        self.emoji: dict[str, str] = {}
        self.shown: list[Shown] = []
        self.kept_for: timedelta | None = None
        """A free plan shows only messages of this long: older ones stay out of history, which is ``is_limited``."""
        self.tell: Callable[[Json, Channel | None], None] = lambda event, channel: None
        self._made = 0
        self._last = 0
        self.people["USLACKBOT"] = Person("USLACKBOT", "slackbot", "Slackbot")
        self.bot = self.join("linkletter", bot=True)
        self.bot.app_id = self.app_id

    # --- the workspace ---

    def join(self, name: str, *, bot: bool = False, home: str = "", **more: Any) -> Person:
        """Someone new. ``home``: from the workspace with this id. More: ``real_name``, ``locale``, ``zone``…"""
        person = Person(self._id("U"), name, more.pop("real_name", name), home=home, **more)
        if bot:
            person.bot_id, person.app_id = self._id("B"), self._id("A")
        self.people[person.id] = person
        if len(self.people) > 2:
            self._event({"type": "team_join", "user": self.user(person)})
        return person

    def rename_person(self, person: Person, name: str) -> None:
        """Someone takes another display name."""
        person.name = person.real_name = name
        self._event({"type": "user_change", "user": self.user(person)})

    def open_channel(
        self,
        name: str,
        members: Iterable[Person] = (),
        *,
        private: bool = False,
        bot: bool = True,
        shared: bool = False,
    ) -> Channel:
        """A new channel with these people; ``bot``: and the app's. ``shared``: with another workspace."""
        channel = Channel(self._id("C"), name, "group" if private else "channel", shared=shared)
        channel.created = self._micros() // 1_000_000
        channel.members = [person.id for person in members] + ([self.bot.id] if bot else [])
        self.channels[channel.id] = channel
        if not private:
            self._event({"type": "channel_created", "channel": {"id": channel.id, "name": name, "is_channel": True}})
        return channel

    def direct(self, person: Person) -> Channel:
        """The conversation of the app's bot with one person; opened the first time."""
        for channel in self.channels.values():
            if channel.kind == "im" and person.id in channel.members:
                return channel
        channel = Channel(self._id("D"), "", "im", [person.id, self.bot.id], created=self._micros() // 1_000_000)
        self.channels[channel.id] = channel
        return channel

    def open_group(self, handle: str, people: Collection[Person]) -> Group:
        """A new user group."""
        group = Group(self._id("S"), handle, [person.id for person in people])
        self.groups[group.id] = group
        return group

    def person(self, name: str) -> Person:
        """Who has this name."""
        return next(person for person in self.people.values() if person.name == name)

    def channel(self, name: str) -> Channel:
        """The channel with this name."""
        return next(channel for channel in self.channels.values() if channel.name == name)

    def message(self, ts: str, channel: Channel | None = None) -> Message:
        """The message with this ``ts``."""
        places = [channel] if channel else self.channels.values()
        return next(place.messages[ts] for place in places if ts in place.messages)

    def posts_of(self, person: Person, channel: Channel) -> list[Message]:
        """What someone has standing in the channel and its threads, oldest first."""
        return [one for one in channel.messages.values() if one.author == person.id and not one.gone]

    def shown_to(self, person: Person, channel: Channel | None = None) -> list[Shown]:
        """The ephemeral messages someone sees, oldest first."""
        return [one for one in self.shown if one.person is person and channel in (None, one.channel)]

    # --- what people do ---

    def post(
        self,
        person: Person,
        channel: Channel,
        text: str = "",
        *,
        thread: Message | str | None = None,
        broadcast: bool = False,
        files: Iterable[Json] = (),
        **fields: Any,
    ) -> Message:
        """A person types a message (``words.typed`` says what Slack makes of it), or with ``broadcast`` a reply that
        the channel sees too. ``fields`` are put into it as they are: ``subtype``, ``text``, ``blocks``, ``attachments``."""
        plain, blocks = words.typed(text)
        made: Json = {"client_msg_id": str(uuid.UUID(int=self._micros())), "text": plain}
        if text and not person.bot_id:
            made["blocks"] = blocks
        if files:
            made |= {"subtype": "file_share", "files": list(files), "upload": False}
        made |= fields
        if person.home:
            made |= {"user_team": person.home, "source_team": person.home}
        message = self.put(person, channel, made, thread, broadcast=broadcast)
        if self.bot.id in words.calls(message.fields) and self.bot.id in channel.members:
            event = self.shape(message, event=True) | {"type": "app_mention"}
            self._event({key: value for key, value in event.items() if key != "channel_type"}, channel)
        return message

    def share_file(self, person: Person, channel: Channel, name: str, text: str = "", **more: Any) -> Message:
        """A person uploads a file and writes something with it."""
        file = shapes.file(person, name, self._id("F"), self.id, self.url)
        return self.post(person, channel, text, files=[file], **more)

    def edit(self, message: Message | str, text: str, **fields: Any) -> Message:
        """The author edits the message."""
        plain, blocks = words.typed(text)
        message = self._there(message)
        made = {"text": plain} | ({"blocks": blocks} if "client_msg_id" in message.fields else {}) | fields
        edited = {"user": message.author, "ts": self.tick()}
        # A new text drops the previews of the old one; Slack unfurls the new links again.
        kept = {key: value for key, value in message.fields.items() if key != "attachments"}
        return self.change(message, kept | made | {"edited": edited})

    def unfurl(self, message: Message | str, url: str, title: str = "", text: str = "", **more: Any) -> Message:
        """Slack shows a preview below the message: the same text, changed without an edit."""
        message = self._there(message)
        preview = {
            "from_url": url, "original_url": url, "id": len(message.fields.get("attachments", [])) + 1,
            "title": title, "title_link": url, "text": text, "fallback": title, "service_name": url.split("/")[2],
        } | more  # fmt: skip
        attachments = [*message.fields.get("attachments", []), preview]
        return self.change(message, message.fields | {"attachments": attachments})

    def delete(self, message: Message | str) -> None:
        """A message is deleted. Over a thread there remains a tombstone."""
        message = self._there(message)
        channel, before = message.channel, self.shape(message)
        if self._replies(message):
            message.reactions.clear()
            message.metadata = None
            tombstone = {
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": "USLACKBOT",
                "hidden": True,
            }
            self._changed(message, before, tombstone)
            return
        del channel.messages[message.ts]
        if message.thread:
            channel.replies[message.thread].remove(message)
        root = channel.messages.get(message.thread or "")
        if root and root.gone and not self._replies(root):
            del channel.messages[root.ts]
        event = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": message.ts}
        self._event(event | self._in(channel) | {"ts": self.tick(), "previous_message": before}, channel)

    def react(self, message: Message | str, person: Person, emoji: str, *, on: bool = True) -> None:
        """A person puts an emoji (``tada``, ``wave::skin-tone-3``) on a message, or takes it back."""
        message = self._there(message)
        people = message.reactions.setdefault(emoji, [])
        if on == (person.id in people):
            return
        people.append(person.id) if on else people.remove(person.id)
        if not people:
            del message.reactions[emoji]
        item = {"type": "message", "channel": message.channel.id, "ts": message.ts}
        kind = "reaction_added" if on else "reaction_removed"
        event = {"type": kind, "user": person.id, "reaction": emoji, "item": item, "item_user": message.author}
        self._event(event, message.channel)

    def rename(self, channel: Channel, name: str, person: Person | None = None) -> None:
        """The channel gets another name."""
        before, channel.name = channel.name, name
        channel.former_names.append(before)
        kind = "group_rename" if channel.private else "channel_rename"
        told = {"id": channel.id, "name": name, "name_normalized": name, "created": channel.created}
        self._event({"type": kind, "channel": told}, channel)
        self._notice(channel, person, "channel_name", f'has renamed the channel from "{before}" to "{name}"',
                     {"old_name": before, "name": name})  # fmt: skip

    def share_outside(self, channel: Channel) -> None:
        """A private channel is shared with another organisation: it has another id from now on.
        https://docs.slack.dev/reference/events/channel_id_changed"""
        del self.channels[channel.id]
        before, channel.id = channel.id, self._id("C")
        channel.shared = True
        self.channels[channel.id] = channel
        self._event({"type": "channel_id_changed", "old_channel_id": before, "new_channel_id": channel.id}, channel)

    def set_topic(self, channel: Channel, person: Person, topic: str) -> None:
        """A person writes the channel's topic."""
        self._notice(channel, person, "channel_topic", f"set the channel topic: {topic}", {"topic": topic})

    def archive(self, channel: Channel, person: Person | None = None, *, on: bool = True) -> None:
        """The channel is closed, or with ``on=False`` opened again."""
        if on:
            self._notice(channel, person, "channel_archive", "archived the channel")
        channel.archived = on
        kind = ("group" if channel.private else "channel") + ("_archive" if on else "_unarchive")
        self._event({"type": kind, "channel": channel.id, "user": (person or self.people["USLACKBOT"]).id}, channel)

    def delete_channel(self, channel: Channel, person: Person | None = None) -> None:
        """The channel is gone for good."""
        kind = "group_deleted" if channel.private else "channel_deleted"
        self._event({"type": kind, "channel": channel.id, "actor_id": (person or self.people["USLACKBOT"]).id}, channel)
        del self.channels[channel.id]

    def invite(self, channel: Channel, person: Person | None = None, by: Person | None = None) -> None:
        """Someone joins the channel; without a name it is the app's bot."""
        person = person or self.bot
        if person.id in channel.members:
            return
        channel.members.append(person.id)
        said = {"inviter": by.id} if by else {}
        kind = "G" if channel.private else "C"
        event = {"type": "member_joined_channel", "user": person.id, "channel": channel.id, "channel_type": kind}
        self._event(event | {"team": person.home or self.id} | said, channel)
        subtype = "group_join" if channel.private else "channel_join"
        self._notice(channel, person, subtype, "has joined the channel", said)

    def remove(self, channel: Channel, person: Person | None = None, by: Person | None = None) -> None:
        """Someone leaves the channel or is kicked out; without a name it is the app's bot."""
        person = person or self.bot
        if person.id not in channel.members:
            return
        kind = "group_left" if channel.private else "channel_left"
        left = {"type": "member_left_channel", "user": person.id, "channel": channel.id, "team": self.id}
        left["channel_type"] = "G" if channel.private else "C"
        if person is self.bot:
            self._event({"type": kind, "channel": channel.id, "actor_id": (by or person).id}, channel)
        self._event(left, channel)
        channel.members.remove(person.id)

    def add_emoji(self, name: str, url: str) -> None:
        """A custom emoji; ``url`` may be ``alias:other``."""
        self.emoji[name] = url
        self._event({"type": "emoji_changed", "subtype": "add", "name": name, "value": url})

    # --- what the server's methods are made of ---

    def put(
        self,
        person: Person,
        channel: Channel,
        fields: Json,
        thread: Message | str | None = None,
        *,
        broadcast: bool = False,
        metadata: Json | None = None,
    ) -> Message:
        """A message appears."""
        root = self._there(thread, channel) if thread else None
        if root and root.thread:
            root = channel.messages[root.thread]
        made: Json = {"type": "message", "user": person.id, "team": person.home or self.id}
        if person.bot_id:
            made |= {
                "bot_id": person.bot_id,
                "app_id": person.app_id,
                "bot_profile": shapes.bot_profile(person, self.id),
            }
            fields.pop("client_msg_id", None)
        if broadcast and root:
            made["subtype"] = "thread_broadcast"
        message = Message(channel, self.tick(), made | fields, root.ts if root else None, broadcast, metadata)
        channel.messages[message.ts] = message
        if root:
            channel.replies.setdefault(root.ts, []).append(message)
        self._event(self.shape(message, event=True), channel)
        return message

    def change(self, message: Message, fields: Json, metadata: Json | None = None) -> Message:
        """A message changes; everyone is told what it was before."""
        before = self.shape(message)
        message.metadata = metadata or message.metadata
        self._changed(message, before, fields)
        return message

    def show(self, person: Person, channel: Channel, message: Json, via: str) -> Json:
        """Only ``person`` sees this."""
        whole = {"type": "message", "ts": self.tick(), "user": self.bot.id, "bot_id": self.bot.bot_id} | message
        self.shown.append(Shown(person, channel, whole, via))
        return whole

    def hide(self, ts: str) -> None:
        """An ephemeral message goes away."""
        self.shown = [one for one in self.shown if one.message["ts"] != ts]

    def history(self, channel: Channel) -> list[Message]:
        """What stands at the channel's level, newest first."""
        return self._kept(one for one in channel.messages.values() if not one.thread or one.broadcast)[::-1]

    def thread(self, root: Message) -> list[Message]:
        """The first message and its replies, oldest first."""
        return [root, *self._replies(root)]

    def shape(
        self, message: Message, *, event: bool = False, metadata: bool = False, people: int | None = None
    ) -> Json:
        """The message as Slack writes it: for a history, or as an ``event``. Of each reaction at most ``people`` are named."""
        made = deepcopy(message.fields) | {"ts": message.ts}
        if event:
            made |= self._in(message.channel) | {"event_ts": message.ts}
        if message.metadata and metadata:
            made["metadata"] = deepcopy(message.metadata)
        if message.thread:
            root = message.channel.messages.get(message.thread)
            made["thread_ts"] = message.thread
            made |= {"parent_user_id": root.author} if root else {}
            if message.broadcast and root:
                made["root"] = deepcopy(root.fields) | {"ts": root.ts, "thread_ts": root.ts} | self._about_thread(root)
        elif replies := self._about_thread(message):
            made |= {"thread_ts": message.ts, **replies}
        if message.reactions and not event:
            made["reactions"] = [
                {"name": name, "users": ids[:people], "count": len(ids)} for name, ids in message.reactions.items()
            ]
        return made

    def user(self, person: Person) -> Json:
        """A person as ``users.info`` has them."""
        return shapes.user(person, self.id)

    def conversation(self, channel: Channel, person: Person | None = None) -> Json:
        """A channel as ``conversations.info`` has it for the app's bot or ``person``."""
        return shapes.conversation(channel, self.id, self.bot, person or self.bot)

    @property
    def url(self) -> str:
        """Where a browser finds the workspace."""
        return f"https://{self.domain}.slack.com"

    def permalink(self, message: Message) -> str:
        """Where a browser finds a message."""
        link = f"{self.url}/archives/{message.channel.id}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread}&cid={message.channel.id}" if message.thread else link

    def tick(self) -> str:
        """A ``ts`` for something that happens now: no two are the same, a later one is higher."""
        micros = self._micros()
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    # --- inside ---

    def _micros(self) -> int:
        self._last = max(self._last + 1, (self.clock() - _EPOCH) // timedelta(microseconds=1))
        return self._last

    def _id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}0{self._made:07d}"

    def _there(self, message: Message | str, channel: Channel | None = None) -> Message:
        return self.message(message, channel) if isinstance(message, str) else message

    def _kept(self, messages: Iterable[Message]) -> list[Message]:
        if self.kept_for is None:
            return list(messages)
        first = (self.clock() - self.kept_for - _EPOCH) // timedelta(microseconds=1)
        return [one for one in messages if int(one.ts.replace(".", "")) >= first]

    def _replies(self, root: Message) -> list[Message]:
        return self._kept(root.channel.replies.get(root.ts, ()))

    def _about_thread(self, root: Message) -> Json:
        replies = self._replies(root) if not root.thread else []
        if not replies:
            return {}
        people = list(dict.fromkeys(reply.author for reply in replies))
        return {
            "reply_count": len(replies), "reply_users_count": len(people), "latest_reply": replies[-1].ts,
            "reply_users": people[:5], "is_locked": False, "subscribed": False,
        }  # fmt: skip

    def _changed(self, message: Message, before: Json, fields: Json) -> None:
        message.fields = {"type": "message"} | fields
        event = {"type": "message", "subtype": "message_changed", "hidden": True, "message": self.shape(message)}
        told = event | self._in(message.channel) | {"ts": self.tick(), "previous_message": before}
        self._event(told, message.channel)

    def _notice(
        self, channel: Channel, person: Person | None, subtype: str, sentence: str, more: Json | None = None
    ) -> None:
        person = person or self.people["USLACKBOT"]
        kind = subtype.replace("channel_", "group_") if channel.private else subtype
        message = Message(channel, self.tick(), {"type": "message", "subtype": kind, "user": person.id} | (more or {}))
        message.fields["text"] = f"<@{person.id}> {sentence}"
        channel.messages[message.ts] = message
        self._event(self.shape(message, event=True), channel)

    def _in(self, channel: Channel) -> Json:
        return {"channel": channel.id, "channel_type": channel.kind}

    def _event(self, event: Json, channel: Channel | None = None) -> None:
        event.setdefault("event_ts", event.get("ts") or self.tick())
        self.tell(event, channel)
