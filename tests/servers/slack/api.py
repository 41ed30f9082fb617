"""The methods of the Web API, a row each: what a token needs for it, and what it answers.

https://docs.slack.dev/reference/methods. A method raises ``Problem`` with the error that its page documents. Tokens,
HTTP and what goes wrong on demand are ``server.py``'s business.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tests.servers.slack.arguments import Problem, instant, listed, message_metadata, number, said, true
from tests.servers.slack.limits import block_characters, most
from tests.servers.slack.paging import Paging
from tests.servers.slack.shapes import Channel, Message, Person, bot_profile
from tests.servers.slack.views import Views
from tests.servers.slack.workspace import Workspace

Json = dict[str, Any]
T = TypeVar("T")

_FAMILIES = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
_KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


class Api:
    """The methods, for the bot of one workspace."""

    def __init__(self, workspace: Workspace, views: Views, scopes: Iterable[str]) -> None:
        self.workspace = workspace
        self.scopes = set(scopes)
        self.views = views
        self.slow_mode = False
        """History and replies come 15 at a time, as for apps sold outside Slack's marketplace."""
        self.paging = Paging()
        self.named_reactors = 25
        """So many people are named with a reaction in a history; the count is always whole."""
        self.cuts_long_text = False
        """Text over 4,000 characters passes, and over 40,000 is cut, as documented; else it is refused."""

    def row(self, method: str) -> tuple[Sequence[str], Callable[[Json], Json]] | None:
        """The scopes and the work of a method: one of the scopes is needed, where a channel is given the one for it."""
        rows: Mapping[str, tuple[Sequence[str], Callable[[Json], Json]]] = {
            "api.test": ((), lambda args: {"args": args}),
            "auth.test": ((), self.auth_test),
            "bots.info": (("users:read",), self.bots_info),
            "chat.delete": (("chat:write",), self.chat_delete),
            "chat.getPermalink": ((), self.chat_get_permalink),
            "chat.postEphemeral": (("chat:write",), self.chat_post_ephemeral),
            "chat.postMessage": (("chat:write",), self.chat_post_message),
            "chat.update": (("chat:write",), self.chat_update),
            "conversations.history": (_kinds("history"), self.conversations_history),
            "conversations.info": (_kinds("read"), self.conversations_info),
            "conversations.join": (("channels:join",), self.conversations_join),
            "conversations.leave": (("channels:manage", "groups:write"), self.conversations_leave),
            "conversations.list": (_kinds("read"), self.conversations_list),
            "conversations.members": (_kinds("read"), self.conversations_members),
            "conversations.open": (("im:write",), self.conversations_open),
            "conversations.replies": (_kinds("history"), self.conversations_replies),
            "emoji.list": (("emoji:read",), lambda args: {"emoji": dict(self.workspace.emoji), "cache_ts": "1"}),
            "reactions.add": (("reactions:write",), self.reactions_add),
            "reactions.get": (("reactions:read",), self.reactions_get),
            "reactions.remove": (("reactions:write",), self.reactions_remove),
            "team.info": (("team:read",), self.team_info),
            "usergroups.list": (("usergroups:read",), self.usergroups_list),
            "usergroups.users.list": (("usergroups:read",), self.usergroups_users_list),
            "users.conversations": (_kinds("read"), self.users_conversations),
            "users.info": (("users:read",), self.users_info),
            "users.list": (("users:read",), self.users_list),
            "views.open": ((), self.views.open),
            "views.publish": ((), self.views.publish),
            "views.push": ((), self.views.push),
            "views.update": ((), self.views.update),
        }
        return rows.get(method)

    def missing(self, method: str, args: Json) -> str:
        """The scope that the token lacks for this call, ``""`` if none."""
        scopes, _ = self.row(method) or ((), None)
        if len(scopes) > 1:
            channel = self.workspace.channels.get(str(args.get("channel", "")))
            if channel:
                scopes = [scope for scope in scopes if scope.startswith(_FAMILIES[channel.kind] + ":")]
            elif "types" in args or not args.get("channel"):
                asked = [_FAMILIES[kind] for kind in kinds_asked(args)]
                scopes = [scope for scope in scopes if scope.partition(":")[0] in asked]
        return ",".join(scope for scope in scopes if scope not in self.scopes)

    # --- the workspace ---

    def auth_test(self, args: Json) -> Json:
        place = self.workspace
        return {
            "url": f"{place.url}/", "team": place.name, "team_id": place.id, "user": place.bot.name,
            "user_id": place.bot.id, "bot_id": place.bot.bot_id, "is_enterprise_install": False,
        }  # fmt: skip

    def team_info(self, args: Json) -> Json:
        place = self.workspace
        team = {"id": place.id, "name": place.name, "domain": place.domain, "email_domain": "", "icon": {}}
        return {"team": team | {"url": f"{place.url}/"}}

    def bots_info(self, args: Json) -> Json:
        for person in self.workspace.people.values():
            if person.bot_id and person.bot_id == (args.get("bot") or self.workspace.bot.bot_id):
                return {"bot": bot_profile(person, self.workspace.id)}
        raise Problem("bot_not_found")

    def users_info(self, args: Json) -> Json:
        return {"user": self.workspace.user(self._person(args.get("user")))}

    def users_list(self, args: Json) -> Json:
        people = list(self.workspace.people.values())
        found, more = self._paged(people, args, "people a page", default=most("people a page"))
        return {"members": [self.workspace.user(person) for person in found], "cache_ts": 1} | more

    def usergroups_list(self, args: Json) -> Json:
        return {
            "usergroups": [
                {
                    "id": group.id, "team_id": self.workspace.id, "is_usergroup": True, "name": group.handle,
                    "handle": group.handle, "date_delete": 0, "user_count": len(group.people),
                    **({"users": group.people} if true(args.get("include_users")) else {}),
                }
                for group in self.workspace.groups.values()
            ]
        }  # fmt: skip

    def usergroups_users_list(self, args: Json) -> Json:
        group = self.workspace.groups.get(args.get("usergroup", ""))
        if not group:
            raise Problem("no_such_subteam")
        return {"users": list(group.people)}

    # --- channels ---

    def conversations_list(self, args: Json) -> Json:
        kinds = kinds_asked(args)
        found = [
            channel
            for channel in self.workspace.channels.values()
            if channel.kind in kinds and (not channel.private or self._inside(channel))
            if not (channel.archived and true(args.get("exclude_archived")))
        ]
        found, more = self._paged(found, args, "items a page")
        return {"channels": [self.workspace.conversation(channel) for channel in found]} | more

    def users_conversations(self, args: Json) -> Json:
        person = self._person(args["user"]) if args.get("user") else self.workspace.bot
        kinds = kinds_asked(args)
        found = [
            channel
            for channel in self.workspace.channels.values()
            if channel.kind in kinds and person.id in channel.members and (not channel.private or self._inside(channel))
            if not (channel.archived and true(args.get("exclude_archived")))
        ]
        found, more = self._paged(found, args, "items a page")
        shown = [self.workspace.conversation(channel, person) for channel in found]
        # It is the one listing without `is_member`: whoever asks is.
        return {
            "channels": [{k: v for k, v in one.items() if k not in ("is_member", "num_members")} for one in shown]
        } | more

    def conversations_info(self, args: Json) -> Json:
        made = self.workspace.conversation(self._channel(args))
        if not true(args.get("include_num_members")):
            made.pop("num_members", None)
        return {"channel": made}

    def conversations_members(self, args: Json) -> Json:
        members, more = self._paged(self._channel(args).members, args, "items a page")
        return {"members": members} | more

    def conversations_join(self, args: Json) -> Json:
        channel = self._channel(args)
        if channel.kind != "channel":
            raise Problem("method_not_supported_for_channel_type")
        if channel.archived:
            raise Problem("is_archived")
        more = {"warning": "already_in_channel"} if self._inside(channel) else {}
        self.workspace.invite(channel)
        return {"channel": self.workspace.conversation(channel)} | more

    def conversations_leave(self, args: Json) -> Json:
        channel = self._channel(args)
        if not self._inside(channel):
            return {"not_in_channel": True}
        self.workspace.remove(channel)
        return {}

    def conversations_open(self, args: Json) -> Json:
        people = listed(args.get("users") or "")
        if len(people) != 1:
            raise Problem("users_list_not_supplied" if not people else "not_enough_users")
        channel = self.workspace.direct(self._person(people[0]))
        whole = true(args.get("return_im"))
        return {"channel": self.workspace.conversation(channel) if whole else {"id": channel.id}}

    def conversations_history(self, args: Json) -> Json:
        channel = self._readable(args)
        found = self._between(self.workspace.history(channel), args)
        found, more = self._messages(found, args, "messages a page", default=100)
        return {"messages": found, "pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0, **more} | (
            {"is_limited": True} if self.workspace.kept_for is not None else {}
        )

    def conversations_replies(self, args: Json) -> Json:
        channel = self._readable(args)
        message = channel.messages.get(str(args.get("ts", "")))
        if not message:
            raise Problem("thread_not_found")
        if message.thread:  # asked for by a reply, Slack knows only that
            return {"messages": [self._shape(message, args)], "has_more": False}
        root, *replies = self.workspace.thread(message)
        # Slack gives the first message with every page and every stretch of time.
        replies = self._between(replies, args)
        found, more = self._messages(replies, args, "replies a page", default=1000)
        return {"messages": [self._shape(root, args), *found], **more}

    # --- messages ---

    def chat_post_message(self, args: Json) -> Json:
        channel = self._writable(args)
        fields = self._fields(args)
        metadata = message_metadata(args)
        thread = args.get("thread_ts")
        if thread and thread not in channel.messages:
            thread = None  # Slack posts at the channel's level then
        message = self.workspace.put(
            self.workspace.bot, channel, fields, thread, broadcast=true(args.get("reply_broadcast")), metadata=metadata
        )
        return {"channel": channel.id, "ts": message.ts, "message": self.workspace.shape(message, metadata=True)}

    def chat_post_ephemeral(self, args: Json) -> Json:
        channel = self._writable(args)
        person = self._person(args.get("user"), "user_not_in_channel")
        if person.id not in channel.members:
            raise Problem("user_not_in_channel")
        fields = self._fields(args) | ({"thread_ts": args["thread_ts"]} if args.get("thread_ts") else {})
        return {"message_ts": self.workspace.show(person, channel, fields, "postEphemeral")["ts"]}

    def chat_update(self, args: Json) -> Json:
        message = self._own(args, "cant_update_message")
        kept = {key: value for key, value in message.fields.items() if key not in ("text", "edited")}
        fields = self._fields(args)
        if "blocks" not in args and fields.get("text"):
            kept.pop("blocks", None)
        if "attachments" in args and not fields.get("attachments"):
            kept.pop("attachments", None)
        # With blocks the flag is not shown: https://docs.slack.dev/reference/methods/chat.update
        if not fields.get("blocks"):
            kept["edited"] = {"user": self.workspace.bot.id, "ts": self.workspace.tick()}
        self.workspace.change(message, kept | {"text": ""} | fields, message_metadata(args))
        shown = self.workspace.shape(message, metadata=True)
        return {"channel": message.channel.id, "ts": message.ts, "text": shown["text"], "message": shown}

    def chat_delete(self, args: Json) -> Json:
        message = self._own(args, "cant_delete_message")
        self.workspace.delete(message)
        return {"channel": message.channel.id, "ts": message.ts}

    def chat_get_permalink(self, args: Json) -> Json:
        message = self._message(self._channel(args), args.get("message_ts"))
        return {"channel": message.channel.id, "permalink": self.workspace.permalink(message)}

    # --- reactions ---

    def reactions_add(self, args: Json) -> Json:
        message, name = self._reacted(args)
        bot = self.workspace.bot.id
        if bot in message.reactions.get(name, ()):
            raise Problem("already_reacted")
        if name not in message.reactions and len(message.reactions) >= most("emoji on a message"):
            raise Problem("too_many_emoji")
        if sum(bot in people for people in message.reactions.values()) >= most("reactions of a person"):
            raise Problem("too_many_reactions")
        self.workspace.react(message, self.workspace.bot, name)
        return {}

    def reactions_remove(self, args: Json) -> Json:
        message, name = self._reacted(args)
        if self.workspace.bot.id not in message.reactions.get(name, ()):
            raise Problem("no_reaction")
        self.workspace.react(message, self.workspace.bot, name, on=False)
        return {}

    def reactions_get(self, args: Json) -> Json:
        channel = self._channel(args)
        message = self._message(channel, args.get("timestamp"))
        people = None if true(args.get("full")) else self.named_reactors
        shown = self.workspace.shape(message, people=people) | {"permalink": self.workspace.permalink(message)}
        return {"type": "message", "channel": channel.id, "message": shown}

    # --- what is said ---

    def _fields(self, args: Json) -> Json:
        """What a message of ours says, within every limit."""
        fields = said(args, cuts=self.cuts_long_text)
        if block_characters(fields.get("blocks")) > most("characters in all blocks"):
            raise Problem("msg_blocks_too_long")
        return fields

    # --- whom and where ---

    def _inside(self, channel: Channel) -> bool:
        return self.workspace.bot.id in channel.members

    def _person(self, id: Any, problem: str = "user_not_found") -> Person:
        if id not in self.workspace.people:
            raise Problem(problem)
        return self.workspace.people[id]

    def _channel(self, args: Json) -> Channel:
        channel = self.workspace.channels.get(str(args.get("channel", "")))
        if channel is None or (channel.private and not self._inside(channel)):
            raise Problem("channel_not_found")
        return channel

    def _readable(self, args: Json) -> Channel:
        channel = self._channel(args)
        if not self._inside(channel):
            raise Problem("not_in_channel")
        return channel

    def _writable(self, args: Json) -> Channel:
        id = str(args.get("channel", ""))
        channel = (
            self.workspace.direct(self.workspace.people[id]) if id in self.workspace.people else self._channel(args)
        )
        if channel.archived:
            raise Problem("is_archived")
        if not self._inside(channel) and "chat:write.public" not in self.scopes:
            raise Problem("not_in_channel")
        return channel

    def _message(self, channel: Channel, ts: Any) -> Message:
        if not ts or str(ts) not in channel.messages:
            raise Problem("message_not_found")
        return channel.messages[str(ts)]

    def _own(self, args: Json, problem: str) -> Message:
        message = self._message(self._channel(args), args.get("ts"))
        if message.author != self.workspace.bot.id:
            raise Problem(problem)
        return message

    def _reacted(self, args: Json) -> tuple[Message, str]:
        name = str(args.get("name", "")).strip(":")
        if not re.fullmatch(r"[\w+'-]+(::skin-tone-[2-6])?", name):
            raise Problem("invalid_name")
        if not args.get("channel") or not args.get("timestamp"):
            raise Problem("no_item_specified")
        if not re.fullmatch(r"\d+\.\d+", str(args["timestamp"])):
            raise Problem("bad_timestamp")
        channel = self._channel(args)
        if not self._inside(channel):
            raise Problem("not_in_channel")
        if channel.archived:
            raise Problem("is_archived")
        return self._message(channel, args["timestamp"]), name

    # --- stretches and pages ---

    def _shape(self, message: Message, args: Json) -> Json:
        whole = true(args.get("include_all_metadata"))
        return self.workspace.shape(message, metadata=whole, people=self.named_reactors)

    def _between(self, messages: Iterable[Message], args: Json) -> list[Message]:
        first, last = instant(args, "oldest"), instant(args, "latest")
        if true(args.get("inclusive")):
            first, last = first - 1 if first else None, last + 1 if last else None
        return [
            one
            for one in messages
            if (first is None or first < number(one.ts)) and (last is None or number(one.ts) < last)
        ]

    def _messages(self, messages: list[Message], args: Json, limit: str, default: int) -> tuple[list[Json], Json]:
        if self.slow_mode:
            limit, default = "messages a page in slow mode", most("messages a page in slow mode")
            args = args | {"limit": min(int(args.get("limit") or default), default)}
        names = [f"next_ts:{number(one.ts)}" for one in messages]
        found, cursor = self.paging.page(messages, names, args, most(limit), default)
        more: Json = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
        return [self._shape(one, args) for one in found], {"has_more": bool(cursor), **more}

    def _paged(self, items: Sequence[T], args: Json, limit: str, default: int = 100) -> tuple[list[T], Json]:
        names = [item if isinstance(item, str) else item.id for item in items]
        found, cursor = self.paging.page(items, names, args, most(limit), default)
        return found, {"response_metadata": {"next_cursor": cursor}}


# --- inside ----------------------------------------------------------------------------------------------------------


def _kinds(verb: str) -> tuple[str, ...]:
    return tuple(f"{family}:{verb}" for family in ("channels", "groups", "im", "mpim"))


def kinds_asked(args: Json) -> set[str]:
    asked = listed(args.get("types") or "public_channel")
    if not set(asked) <= set(_KINDS):
        raise Problem("invalid_types")
    return {_KINDS[kind] for kind in asked}
