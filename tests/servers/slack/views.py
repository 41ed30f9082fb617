"""Modals and Home tabs: which are open, and the stack each stands in (https://docs.slack.dev/surfaces/modals)."""

import time
import uuid
from typing import Any

from tests.servers.slack.arguments import Problem, checked_view
from tests.servers.slack.limits import LIMITS, most
from tests.servers.slack.shapes import Person
from tests.servers.slack.workspace import Workspace

Json = dict[str, Any]


class Views:
    """The views the app has opened. ``open_for`` is what a person has before them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.trigger_life = LIMITS["seconds of a trigger_id"].most
        self.views: dict[str, Json] = {}
        self.stacks: dict[str, list[str]] = {}
        """By person, the ids of the modals over each other, the last on top."""
        self.homes: dict[str, str] = {}
        self._triggers: dict[str, tuple[float, Person]] = {}
        self._used: set[str] = set()

    def trigger(self, person: Person) -> str:
        """A ``trigger_id``: good once, for three seconds."""
        id = f"{len(self._triggers) + 1}.{time.monotonic_ns()}.{uuid.uuid4().hex}"
        self._triggers[id] = (time.monotonic(), person)
        return id

    def open_for(self, person: Person) -> Json | None:
        """The modal a person sees."""
        stack = self.stacks.get(person.id)
        return self.views[stack[-1]] if stack else None

    def home_of(self, person: Person) -> Json | None:
        """What stands in the app's Home tab."""
        return self.views.get(self.homes.get(person.id, ""))

    def shut(self, person: Person, *, all: bool = False) -> None:
        """The modal on top is gone, or the whole stack."""
        stack = self.stacks.get(person.id, [])
        del stack[0 if all else -1 :]

    # --- methods ---

    def open(self, args: Json) -> Json:
        view = checked_view(args)
        person = self._exchange(args.get("trigger_id"))
        return {"view": self.put(person, view, on_top=False)}

    def push(self, args: Json) -> Json:
        view = checked_view(args)
        person = self._exchange(args.get("trigger_id"))
        if len(self.stacks.get(person.id, [])) >= most("views in a stack"):
            raise Problem("push_limit_reached")
        return {"view": self.put(person, view, on_top=True)}

    def update(self, args: Json) -> Json:
        view = checked_view(args)
        found = self.views.get(args.get("view_id") or "") or next(
            (
                one
                for one in self.views.values()
                if one["external_id"] and one["external_id"] == args.get("external_id")
            ),
            None,
        )
        if not found or not any(found["id"] in stack for stack in [*self.stacks.values(), list(self.homes.values())]):
            raise Problem("not_found")
        if args.get("hash") and args["hash"] != found["hash"]:
            raise Problem("hash_conflict")
        return {"view": self.replace(found["id"], view)}

    def publish(self, args: Json) -> Json:
        view = checked_view(args)
        if args.get("user_id") not in self.workspace.people:
            raise Problem("user_not_found")
        if view["type"] != "home":
            raise Problem("invalid_arguments", ["unsupported type [json-pointer:/view/type]"])
        made = self._made(view)
        self.homes[args["user_id"]] = made["id"]
        return {"view": made}

    def put(self, person: Person, view: Json, *, on_top: bool) -> Json:
        """A modal opens: alone, or over those that are open."""
        external = view.get("external_id")
        if external and any(one["external_id"] == external for one in self.views.values()):
            raise Problem("duplicate_external_id")
        stack = self.stacks.setdefault(person.id, [])
        if not on_top:
            stack.clear()
        made = self._made(view)
        made["root_view_id"] = stack[0] if stack else made["id"]
        made["previous_view_id"] = stack[-1] if stack else None
        stack.append(made["id"])
        return made

    def replace(self, id: str, view: Json) -> Json:
        """A view shows something else."""
        before = self.views[id]
        made = self._made(view)
        del self.views[made["id"]]
        made["id"] = id
        made |= {key: before[key] for key in ("root_view_id", "previous_view_id") if key in before}
        self.views[id] = made
        return made

    def _made(self, view: Json) -> Json:
        id = f"V{uuid.uuid4().hex[:10].upper()}"
        blocks = [{"block_id": f"b{number}"} | block for number, block in enumerate(view["blocks"])]
        bare = {"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": False,
                "notify_on_close": False, "submit": None, "close": None}  # fmt: skip
        made = bare | view | {
            "id": id, "team_id": self.workspace.id, "app_id": self.workspace.app_id, "blocks": blocks,
            "bot_id": self.workspace.bot.bot_id, "hash": uuid.uuid4().hex, "state": {"values": {}},
        }  # fmt: skip
        self.views[id] = made
        return made

    def _exchange(self, trigger: Any) -> Person:
        if trigger not in self._triggers:
            raise Problem("invalid_trigger_id")
        if trigger in self._used:
            raise Problem("exchanged_trigger_id")
        made, person = self._triggers[trigger]
        if time.monotonic() - made > self.trigger_life:
            raise Problem("expired_trigger_id")
        self._used.add(trigger)
        return person
