"""What a person asks of the app, and where on the screen they do: buttons, menus and the fields of forms."""

import time
from dataclasses import dataclass, field
from typing import Any

from tests.servers.slack import words
from tests.servers.slack.delivery import Delivery
from tests.servers.slack.shapes import Channel, Message, Person, Shown

Json = dict[str, Any]


@dataclass(eq=False)
class Asked:
    """A command, a button, a form or a shortcut, and what came of it."""

    person: Person
    channel: Channel | None
    trigger_id: str
    response_url: str
    delivery: Delivery | None = None
    answers: list[Json] = field(default_factory=list)
    """What was posted to the ``response_url``, in order."""
    source: Message | Shown | None = None
    """What the button that was pressed stands in."""
    uses: int = 0
    made: float = field(default_factory=time.monotonic)

    @property
    def ack(self) -> Json | None:
        """What the acknowledgement said; ``None`` before there is one. People see ``operation_timeout`` if none comes."""
        return self.delivery.acknowledged.result() if self.delivery and self.delivery.acked else None


def named(channel: Channel) -> Json:
    """The channel as it stands in an interaction."""
    return {"id": channel.id, "name": channel.name or "directmessage"}


def element_in(blocks: list[Json], wanted: str) -> tuple[Json, Json]:
    """The button or menu with this ``action_id``, value or label, and its block."""
    for block in blocks:
        for element in [*(block.get("elements") or []), block.get("accessory") or {}]:
            label = element.get("text") if isinstance(element.get("text"), dict) else {}
            if wanted in (element.get("action_id"), element.get("value"), label.get("text")):
                return block, element
    raise AssertionError(f"there is no {wanted!r} to press in {words.read({'blocks': blocks})!r}")


def option_in(element: Json, value: str) -> Json:
    """The option of a menu with this value or label."""
    for option in element.get("options") or []:
        if value in (option["value"], option["text"]["text"]):
            return option
    raise AssertionError(f"there is no {value!r} to choose")


def filled(view: Json, values: dict[str, str]) -> Json:
    """What a view's state is when these values were filled in; what is not named keeps its initial value."""
    made: Json = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        action, kind = element["action_id"], element["type"]
        given = values.pop(block["block_id"], values.pop(action, None))
        if kind == "plain_text_input":
            state = {"type": kind, "value": given if given is not None else element.get("initial_value")}
        else:
            chosen = option_in(element, given) if given is not None else element.get("initial_option")
            state = {"type": kind, "selected_option": chosen}
        made[block["block_id"]] = {action: state}
    assert not values, f"the form has no {sorted(values)}"
    return made
