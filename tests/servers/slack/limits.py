"""What Slack allows, number by number, each with where it is said; and the check of blocks and views against it.

The one table of the server: nothing else in it knows a number of Slack's. A source that is no documentation page is an
issue thread where people met the limit, or says that it is assumed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_BLOCKS = "https://docs.slack.dev/reference/block-kit/blocks/"
_ELEMENTS = "https://docs.slack.dev/reference/block-kit/block-elements/"
_OBJECTS = "https://docs.slack.dev/reference/block-kit/composition-objects/"
_METHODS = "https://docs.slack.dev/reference/methods/"
_VIEW = "https://docs.slack.dev/reference/views/modal-views"


@dataclass(frozen=True, slots=True)
class Limit:
    """The highest number allowed, and where Slack says so."""

    most: float
    source: str


LIMITS: Mapping[str, Limit] = {
    # a message
    "blocks in a message": Limit(50, "https://docs.slack.dev/reference/block-kit/blocks"),
    "characters in all blocks": Limit(
        11_340,
        "https://github.com/slackapi/bolt-js/issues/2509 and /2867: undocumented; staff say 12,000, 13,200 passed for "
        "some, and the shortest refused one had 11,341",
    ),
    "text": Limit(
        4_000,
        _METHODS + "chat.postMessage#truncating (advice); refused above it: "
        "https://github.com/seratch/ChatGPT-in-Slack/issues/102",
    ),
    "text before it is cut": Limit(40_000, _METHODS + "chat.postMessage#truncating"),
    "markdown_text": Limit(12_000, _METHODS + "chat.postMessage"),
    "attachments": Limit(100, _METHODS + "chat.scheduleMessage (too_many_attachments)"),
    "metadata": Limit(8_000, "assumed: " + _METHODS + "chat.postMessage names metadata_too_large, and no number"),
    "metadata event_type": Limit(255, "assumed, as every identifier of an app's own"),
    "replies a page": Limit(1_000, _METHODS + "conversations.replies"),
    "messages a page": Limit(999, _METHODS + "conversations.history"),
    "items a page": Limit(999, _METHODS + "conversations.list"),
    "people a page": Limit(1_000, _METHODS + "users.list"),
    "messages a page in slow mode": Limit(15, "https://docs.slack.dev/apis/web-api/rate-limits"),
    "emoji on a message": Limit(50, "assumed: " + _METHODS + "reactions.add names too_many_emoji, and no number"),
    "reactions of a person": Limit(23, "assumed: " + _METHODS + "reactions.add names too_many_reactions, no number"),
    # blocks
    "block_id": Limit(255, _BLOCKS + "section-block"),
    "section text": Limit(3_000, _BLOCKS + "section-block"),
    "section fields": Limit(10, _BLOCKS + "section-block"),
    "section field": Limit(2_000, _BLOCKS + "section-block"),
    "header text": Limit(150, _BLOCKS + "header-block"),
    "context elements": Limit(10, _BLOCKS + "context-block"),
    "context text": Limit(3_000, _OBJECTS + "text-object"),
    "actions elements": Limit(25, _BLOCKS + "actions-block"),
    "markdown blocks": Limit(12_000, _BLOCKS + "markdown-block (all of a payload together)"),
    "image url": Limit(3_000, _BLOCKS + "image-block"),
    "image alt": Limit(2_000, _BLOCKS + "image-block"),
    "image title": Limit(2_000, _BLOCKS + "image-block"),
    "input label": Limit(2_000, _BLOCKS + "input-block"),
    "input hint": Limit(2_000, _BLOCKS + "input-block"),
    # elements
    "action_id": Limit(255, _ELEMENTS + "button-element"),
    "button text": Limit(75, _ELEMENTS + "button-element"),
    "button value": Limit(2_000, _ELEMENTS + "button-element"),
    "button url": Limit(3_000, _ELEMENTS + "button-element"),
    "accessibility label": Limit(75, _ELEMENTS + "button-element"),
    "options": Limit(100, _ELEMENTS + "select-menu-element"),
    "overflow options": Limit(5, _ELEMENTS + "overflow-menu-element"),
    "checkboxes": Limit(10, _ELEMENTS + "checkboxes-element"),
    "option text": Limit(75, _OBJECTS + "option-object"),
    "option value": Limit(150, _OBJECTS + "option-object"),
    "option description": Limit(75, _OBJECTS + "option-object"),
    "placeholder": Limit(150, _ELEMENTS + "select-menu-element"),
    "input characters": Limit(3_000, _ELEMENTS + "plain-text-input-element"),
    "confirm title": Limit(100, _OBJECTS + "confirmation-dialog-object"),
    "confirm text": Limit(300, _OBJECTS + "confirmation-dialog-object"),
    "confirm button": Limit(30, _OBJECTS + "confirmation-dialog-object"),
    # views
    "blocks in a view": Limit(100, _VIEW),
    "view title": Limit(24, _VIEW),
    "view button": Limit(24, _VIEW),
    "private_metadata": Limit(3_000, _VIEW),
    "callback_id": Limit(255, _VIEW),
    "external_id": Limit(255, _METHODS + "views.open"),
    "views in a stack": Limit(3, _METHODS + "views.push"),
    # times, in seconds, and turns
    "seconds to acknowledge": Limit(3, "https://docs.slack.dev/apis/events-api#responding"),
    "seconds of a trigger_id": Limit(3, "https://docs.slack.dev/surfaces/modals"),
    "seconds of a response_url": Limit(1_800, "https://docs.slack.dev/interactivity/handling-user-interaction"),
    "uses of a response_url": Limit(5, "https://docs.slack.dev/interactivity/handling-user-interaction"),
    "sockets": Limit(10, "https://docs.slack.dev/apis/events-api/using-socket-mode"),
    "seconds of a ticket": Limit(30, "assumed: the address of a socket is good for one handshake soon after"),
}

RETRIES = (0.0, 60.0, 300.0)
"""Seconds until what was not acknowledged is told again: https://docs.slack.dev/apis/events-api#retries"""


def most(name: str) -> int:
    """The highest number allowed."""
    return int(LIMITS[name].most)


def block_problems(blocks: object, *, view: bool = False) -> list[str]:
    """What Slack would say against these blocks, in its words; empty where they are fine."""
    place, room = ("/view/blocks", "blocks in a view") if view else ("/blocks", "blocks in a message")
    if not isinstance(blocks, list):
        return [_at("must provide an array", place)]
    found = [_at(f"no more than {most(room)} items allowed", place)] if len(blocks) > most(room) else []
    ids: set[str] = set()
    for number, block in enumerate(blocks):
        here = f"{place}/{number}"
        if not isinstance(block, dict):
            found.append(_at("must be a valid object", here))
            continue
        found += _block(block, here, view)
        if block.get("block_id") in ids:
            found.append(_at("duplicate block_id", f"{here}/block_id"))
        ids.add(block.get("block_id") or here)
    markdown = sum(len(block.get("text", "")) for block in blocks if block.get("type") == "markdown" and not found)
    if markdown > most("markdown blocks"):
        found.append(_at(f"must be less than {most('markdown blocks') + 1} characters", place))
    return found


def view_problems(view: object) -> list[str]:
    """What Slack would say against a view, in its words; empty where it is fine."""
    if not isinstance(view, dict):
        return [_at("must be a valid object", "/view")]
    if view.get("type") not in ("modal", "home"):
        return [_at("unsupported type", "/view/type")]
    found: list[str] = []
    if view["type"] == "modal":
        found += _text(view.get("title"), "/view/title", "view title", plain=True, needed=True)
        for button in ("submit", "close"):
            found += _text(view.get(button), f"/view/{button}", "view button", plain=True)
        if any(block.get("type") == "input" for block in view.get("blocks") or []) and not view.get("submit"):
            found.append(_at("missing required field: submit", "/view"))
    for key in ("private_metadata", "callback_id", "external_id"):
        found += _string(view.get(key), f"/view/{key}", key)
    return found + block_problems(view.get("blocks"), view=True)


def block_characters(blocks: object) -> int:
    """The characters of every text in the blocks: what counts for the limit on all of them is assumed to be this."""
    if isinstance(blocks, list):
        return sum(map(block_characters, blocks))
    if isinstance(blocks, dict):
        own = len(blocks["text"]) if isinstance(blocks.get("text"), str) else 0
        return own + sum(block_characters(value) for value in blocks.values() if isinstance(value, list | dict))
    return 0


# --- inside ----------------------------------------------------------------------------------------------------------


def _at(problem: str, place: str) -> str:
    return f"{problem} [json-pointer:{place}]"


def _block(block: Json, here: str, view: bool) -> Iterator[str]:
    yield from _string(block.get("block_id"), f"{here}/block_id", "block_id")
    kind = block.get("type")
    if kind == "section":
        if not block.get("text") and not block.get("fields"):
            yield _at("missing required field: text", here)
        yield from _text(block.get("text"), f"{here}/text", "section text")
        yield from _count(block.get("fields"), f"{here}/fields", "section fields")
        for number, field in enumerate(block.get("fields") or []):
            yield from _text(field, f"{here}/fields/{number}", "section field", needed=True)
        if "accessory" in block:
            yield from _element(block["accessory"], f"{here}/accessory")
    elif kind == "header":
        yield from _text(block.get("text"), f"{here}/text", "header text", plain=True, needed=True)
    elif kind == "context":
        yield from _count(block.get("elements"), f"{here}/elements", "context elements", needed=True)
        for number, element in enumerate(block.get("elements") or []):
            place = f"{here}/elements/{number}"
            if isinstance(element, dict) and element.get("type") == "image":
                yield from _image(element, place)
            else:
                yield from _text(element, place, "context text", needed=True)
    elif kind == "actions":
        yield from _count(block.get("elements"), f"{here}/elements", "actions elements", needed=True)
        seen: set[str] = set()
        for number, element in enumerate(block.get("elements") or []):
            yield from _element(element, f"{here}/elements/{number}")
            if isinstance(element, dict) and (action := element.get("action_id")):
                if action in seen:
                    yield _at("`action_id` already exists", f"{here}/elements/{number}/action_id")
                seen.add(action)
    elif kind == "image":
        yield from _image(block, here)
        yield from _text(block.get("title"), f"{here}/title", "image title", plain=True)
    elif kind == "input":
        yield from _text(block.get("label"), f"{here}/label", "input label", plain=True, needed=True)
        yield from _text(block.get("hint"), f"{here}/hint", "input hint", plain=True)
        yield from _element(block.get("element"), f"{here}/element")
    elif kind == "markdown":
        if not isinstance(block.get("text"), str) or not block["text"]:
            yield _at("missing required field: text", here)
        if view:
            yield _at("unsupported type: markdown", f"{here}/type")
    elif kind not in ("divider", "rich_text", "video", "file", "table"):
        yield _at(f"unsupported type: {kind}", f"{here}/type")


def _element(element: object, here: str) -> Iterator[str]:
    if not isinstance(element, dict) or not isinstance(element.get("type"), str):
        yield _at("must be a valid object", here)
        return
    yield from _string(element.get("action_id"), f"{here}/action_id", "action_id")
    yield from _text(element.get("placeholder"), f"{here}/placeholder", "placeholder", plain=True)
    kind = element["type"]
    if kind == "button":
        yield from _text(element.get("text"), f"{here}/text", "button text", plain=True, needed=True)
        yield from _string(element.get("value"), f"{here}/value", "button value")
        yield from _string(element.get("url"), f"{here}/url", "button url")
        yield from _string(element.get("accessibility_label"), f"{here}/accessibility_label", "accessibility label")
        if element.get("style", "primary") not in ("primary", "danger"):
            yield _at("must be one of primary, danger", f"{here}/style")
    elif kind == "image":
        yield from _image(element, here)
    elif kind == "plain_text_input":
        for key in ("min_length", "max_length"):
            if not 0 <= int(element.get(key) or 1) <= most("input characters"):
                yield _at(f"must be less than {most('input characters') + 1}", f"{here}/{key}")
        yield from _string(element.get("initial_value"), f"{here}/initial_value", "input characters")
    elif kind in ("static_select", "multi_static_select", "overflow", "radio_buttons", "checkboxes"):
        room = {"overflow": "overflow options", "radio_buttons": "checkboxes", "checkboxes": "checkboxes"}
        options = element.get("options") or [
            option for group in element.get("option_groups") or [] for option in group.get("options", [])
        ]
        yield from _count(options, f"{here}/options", room.get(kind, "options"), needed=True)
        for number, option in enumerate(options):
            yield from _option(option, f"{here}/options/{number}")
        for key in ("initial_option", "initial_options"):
            for chosen in [element[key]] if isinstance(element.get(key), dict) else element.get(key) or []:
                if chosen not in options:
                    yield _at("must be one of the options", f"{here}/{key}")
    if isinstance(confirm := element.get("confirm"), dict):
        yield from _text(confirm.get("title"), f"{here}/confirm/title", "confirm title", plain=True, needed=True)
        yield from _text(confirm.get("text"), f"{here}/confirm/text", "confirm text", needed=True)
        for key in ("confirm", "deny"):
            yield from _text(confirm.get(key), f"{here}/confirm/{key}", "confirm button", plain=True, needed=True)


def _option(option: object, here: str) -> Iterator[str]:
    if not isinstance(option, dict):
        yield _at("must be a valid object", here)
        return
    yield from _text(option.get("text"), f"{here}/text", "option text", needed=True)
    yield from _string(option.get("value"), f"{here}/value", "option value", needed=True)
    yield from _text(option.get("description"), f"{here}/description", "option description", plain=True)


def _image(image: Json, here: str) -> Iterator[str]:
    if "slack_file" not in image:
        yield from _string(image.get("image_url"), f"{here}/image_url", "image url", needed=True)
    yield from _string(image.get("alt_text"), f"{here}/alt_text", "image alt", needed=True)


def _text(text: object, here: str, limit: str, *, plain: bool = False, needed: bool = False) -> Iterator[str]:
    if text is None and not needed:
        return
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        yield _at("must be a valid text object", here)
    elif plain and text["type"] != "plain_text":
        yield _at("must be one of plain_text", f"{here}/type")
    else:
        yield from _string(text.get("text"), f"{here}/text", limit, needed=True)
        if text["type"] == "plain_text" and "verbatim" in text:
            yield _at("failed to match all allowed schemas", here)


def _string(value: object, here: str, limit: str, *, needed: bool = False) -> Iterator[str]:
    if value is None and not needed:
        return
    if not isinstance(value, str):
        yield _at("must be a valid string", here)
    elif needed and not value:
        yield _at("must be more than 0 characters", here)
    elif len(value) > most(limit):
        yield _at(f"must be less than {most(limit) + 1} characters", here)


def _count(items: object, here: str, limit: str, *, needed: bool = False) -> Iterator[str]:
    if items is None and not needed:
        return
    if not isinstance(items, list) or not items:
        yield _at("must provide at least 1 item", here)
    elif len(items) > most(limit):
        yield _at(f"no more than {most(limit)} items allowed", here)
