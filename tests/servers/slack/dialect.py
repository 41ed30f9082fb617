"""How a server written elsewhere speaks, and still keeps to what Slack documents: it says less, or more, or otherwise.

A ``Dialect`` changes what goes out, and what is kept only where it says so; what Slack itself does is the plain one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]

# Not needed to know who said what where.
OPTIONAL = frozenset(
    "client_msg_id blocks team team_id context_team_id event_time event_context authorizations event_id api_app_id token "
    "channel_type user_profile bot_profile bot_id locale is_bot display_name display_name_normalized "
    "real_name_normalized tz is_archived num_members is_member is_channel is_group is_im is_mpim created creator topic "
    "purpose previous_names name_normalized context_team_id is_ext_shared_channel item_user hidden previous_message "
    "event_ts response_metadata pin_count channel_actions_ts channel_actions_count has_more reply_count reply_users "
    "reply_users_count parent_user_id latest_reply is_locked subscribed message accepts_response_payload retry_attempt "
    "retry_reason connection_info num_connections debug_info is_enterprise_install enterprise team_domain hash "
    "container state domain metadata edited".split()
)
# Where one of these words is more than a courtesy.
NEEDED = {
    "auth.test": {"team_id"},
    "conversations.history": {"bot_id", "edited"},
    "conversations.replies": {"bot_id", "edited"},
    "message_changed": {"message"},
    "message_deleted": {"previous_message"},
}
MORE = {"tomorrow": {"deep": [1, None, {"type": {}}]}, "id_of_tomorrow": 18446744073709551616, "\U0001d54c": "\x00"}
_OURS = {"event_payload", "metadata", "values", "view"}
"""What an app made is not talked about."""


@dataclass(frozen=True)
class Dialect:
    """``brief``: without what may be missing; ``talkative``: with keys that nobody knows; ``lacks``: methods that are not
    there; ``keeps``: what of our messages is kept, ``all``, all but their metadata (``blocks``) or the ``text`` alone;
    ``rising``: a history begins with the oldest; ``root``: a thread is given with its first message; ``nulls``: there is
    a key for what there is none of; ``by_time``: no cursor, only ``has_more``; ``scopes``: told with every answer;
    ``nameless``: a post is answered without its ``ts``."""

    brief: bool = False
    talkative: bool = False
    lacks: tuple[str, ...] = ()
    keeps: Literal["all", "blocks", "text"] = "all"
    rising: bool = False
    root: bool = True
    nulls: bool = False
    by_time: bool = False
    scopes: bool = True
    nameless: bool = False

    def answered(self, method: str, answer: Json, args: Json) -> Json:
        """What a method answers."""
        if not answer.get("ok"):
            return answer
        answer = dict(answer)
        if method in ("conversations.history", "conversations.replies"):
            answer["messages"] = self._messages(method, answer["messages"], args)
        if self.nulls or self.by_time:
            more = answer.pop("response_metadata", None) or {}
            cursor = None if self.by_time else more.get("next_cursor") or None
            answer["response_metadata"] = {"next_cursor": cursor}
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if self.nameless and method == "chat.postMessage":
            answer.pop("ts")
            answer.pop("message")
        if method in ("views.open", "views.push", "views.update", "views.publish"):
            return answer
        said = self._said(answer, NEEDED.get(method, set()))
        return said | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})

    def told(self, said: Json) -> Json:
        """A payload, an envelope or a hello."""
        return self._said(said, set())

    def _messages(self, method: str, messages: Iterable[Json], args: Json) -> list[Json]:
        kept = [self._kept(one) if one.get("bot_id") else one for one in messages]
        if method == "conversations.replies" and not self.root:
            kept = [one for one in kept if one["ts"] != args.get("ts")]
        if method == "conversations.replies" and self.brief:
            kept = [{key: value for key, value in one.items() if key != "thread_ts"} for one in kept]
        return kept[::-1] if self.rising and method == "conversations.history" else kept

    def _kept(self, message: Json) -> Json:
        lost = {"all": (), "blocks": ("metadata",), "text": ("metadata", "blocks")}[self.keeps]
        return {key: value for key, value in message.items() if key not in lost}

    def _said(self, value: Any, needed: set[str]) -> Any:
        if isinstance(value, list):
            return [self._said(one, needed) for one in value]
        if not isinstance(value, dict):
            return value
        needed = needed | NEEDED.get(str(value.get("subtype")), set())
        if "metadata" in value and self.keeps == "all":
            needed = needed | {"metadata"}
        if self.brief:
            value = {key: one for key, one in value.items() if key in needed or key not in OPTIONAL}
        told = {key: one if key in _OURS else self._said(one, needed) for key, one in value.items()}
        return told | MORE if self.talkative else told
