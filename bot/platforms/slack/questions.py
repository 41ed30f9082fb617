"""What a person asks, in whichever of Slack's payloads it comes: a command, a mention, a button, a shortcut, a form.

Pure: one payload in, one ``Question`` out. Who answers it, and where the answer is shown: ``answering.py``.
https://docs.slack.dev/interactivity/handling-user-interaction
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.platforms.slack import draw, markup
from bot.platforms.slack.markup import Json, objects, string


@dataclass(frozen=True, slots=True)
class Stands:
    """The message a button stands in; ``shown``: only to who asks, so that it has no place in the channel."""

    ts: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question as Slack tells it, and the ways in which it can be answered."""

    id: str
    text: str
    person: str
    channel: str
    channel_name: str = ""
    thread: str = ""
    response_url: str = ""
    trigger: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    message: Json | None = None
    stands: Stands | None = None


def question(body: Json) -> Question | None:
    """The question in a payload that is no event; ``None`` where there is none (a link button, a closed form)."""
    if body.get("command"):
        return _command(body)
    match body.get("type"):
        case "block_actions":
            return _button(body)
        case "message_action":
            return _shortcut(body)
        case "view_submission":
            return _form(body)
        case _:
            return None


def mention(event: Json, us: str) -> Question | None:
    """The question in an event of the kind ``app_mention``: what follows our name."""
    text, person, channel, ts = (string(event.get(key)) for key in ("text", "user", "channel", "ts"))
    called = [f"<@{us}>", f"<@{us}|"]
    places = [place for name in called if (place := text.find(name)) >= 0]
    if not (person and channel and ts and places) or event.get("bot_id"):
        return None
    asked = text[min(places) :].partition(">")[2]
    return Question(f"{channel}:{ts}", markup.to_plain(asked), person, channel, thread=string(event.get("thread_ts")))


def _command(body: Json) -> Question:
    person, channel, url = (string(body.get(key)) for key in ("user_id", "channel_id", "response_url"))
    trigger = string(body.get("trigger_id"))
    return Question(
        trigger or url,
        markup.unescape(string(body.get("text"))).strip(),
        person,
        channel,
        channel_name=string(body.get("channel_name")),
        thread=string(body.get("thread_ts")),
        response_url=url,
        trigger=trigger,
    )


def _button(body: Json) -> Question | None:
    pressed = next(iter(objects(body.get("actions"))), {})
    if not (text := string(pressed.get("value"))):
        return None
    place, message = _object(body, "container"), _object(body, "message")
    ts = string(place.get("message_ts")) or string(message.get("ts"))
    thread = string(place.get("thread_ts")) or string(message.get("thread_ts"))
    return Question(
        string(body.get("trigger_id")) or f"{ts}:{string(pressed.get('action_ts'))}",
        text,
        *_where(body),
        thread="" if thread == ts else thread,
        response_url=string(body.get("response_url")),
        trigger=string(body.get("trigger_id")),
        stands=Stands(ts, bool(place.get("is_ephemeral"))) if ts else None,
    )


def _shortcut(body: Json) -> Question:
    message = _object(body, "message")
    return Question(
        string(body.get("trigger_id")) or string(body.get("action_ts")),
        string(body.get("callback_id")),
        *_where(body),
        thread=string(message.get("thread_ts")),
        response_url=string(body.get("response_url")),
        trigger=string(body.get("trigger_id")),
        message=message,
    )


def _where(body: Json) -> tuple[str, str, str]:
    channel = _object(body, "channel")
    in_container = string(_object(body, "container").get("channel_id"))
    return (
        string(_object(body, "user").get("id")),
        string(channel.get("id")) or in_container,
        string(channel.get("name")),
    )


def _object(body: Json, key: str) -> Json:
    found = body.get(key)
    return found if isinstance(found, dict) else {}


# --- forms: what Slack does not tell when one is sent stands in its note ---------------------------------------------


def note(asked: Question, text: str) -> str:
    """What a form must carry so that ``question`` can tell who sent it from where. ``""`` where it is too much."""
    stands = [asked.stands.ts, asked.stands.shown] if asked.stands else None
    written = json.dumps([text, asked.channel, asked.channel_name, asked.thread, asked.response_url, stands])
    return written if len(written) <= draw.LONGEST_NOTE else ""


def _form(body: Json) -> Question | None:
    view = _object(body, "view")
    try:
        text, channel, channel_name, thread, url, place = json.loads(string(view.get("private_metadata")))
        stands = Stands(*place) if place else None
    except (ValueError, TypeError):
        return None  # a form of an older Linkletter
    state = _object(_object(view, "state"), "values")
    written = {name: next(iter(inputs.values()), None) for name, inputs in state.items() if isinstance(inputs, dict)}
    return Question(
        string(body.get("trigger_id")) or f"{string(view.get('id'))}:{string(view.get('hash'))}",
        text,
        string(_object(body, "user").get("id")),
        channel,
        channel_name=channel_name,
        thread=thread,
        response_url=url,
        trigger=string(body.get("trigger_id")),
        values={name: _value(value) for name, value in written.items() if isinstance(value, dict)},
        stands=stands,
    )


def _value(value: Json) -> str:
    chosen = value.get("selected_option")
    return string(chosen.get("value")) if isinstance(chosen, dict) else string(value.get("value"))
