"""The tables of our Discord server, and the checker that compares what is said with the official description."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import tests.servers.discord as package
from tests.servers.discord import LIMITS, rest_answers, rest_messages, rest_places
from tests.servers.discord.openapi import Specification
from tests.servers.discord.permissions import EVERYTHING, NOTHING, May, Overwrite, base, computed

FILES = [path for path in Path(package.__file__).parent.glob("*.py") if path.name != "limits.py"]


def test_every_limit_has_a_source_and_is_enforced_somewhere() -> None:
    assert all(limit.source and limit.most > 0 for limit in LIMITS.values())
    text = "".join(path.read_text("utf-8") for path in FILES)
    used = {name for name in LIMITS if f'"{name}"' in text or f'"{name.split(".")[0]}.{{' in text}
    assert used == LIMITS.keys()


def test_the_server_imports_nothing_of_what_it_tests() -> None:
    for path in FILES:
        assert not re.search(r"^\s*(from|import) (bot|newsletter|discord)\b", path.read_text("utf-8"), re.MULTILINE)


def test_the_official_description_knows_every_route_of_the_server(openapi: Path | None) -> None:
    if openapi is None:
        pytest.skip("needs the official description")
    paths = json.loads(openapi.read_text("utf-8"))["paths"]
    routes = [*rest_messages.ROUTES, *rest_places.ROUTES, *rest_answers.ROUTES]
    assert [(method, path) for method, path, _ in routes if method.lower() not in paths.get(path, {})] == []


ALL = May.VIEW_CHANNEL | May.SEND_MESSAGES | May.EMBED_LINKS


@pytest.mark.parametrize(
    ("overwrites", "may"),
    [
        ({}, ALL),
        ({"guild": Overwrite(0, deny=May.SEND_MESSAGES)}, May.VIEW_CHANNEL),
        ({"guild": Overwrite(0, deny=May.VIEW_CHANNEL)}, NOTHING),
        ({"guild": Overwrite(0, deny=May.VIEW_CHANNEL), "role": Overwrite(0, allow=May.VIEW_CHANNEL)}, ALL),
        ({"role": Overwrite(0, deny=May.EMBED_LINKS), "other": Overwrite(0, allow=May.EMBED_LINKS)}, ALL),
        ({"role": Overwrite(0, allow=May.VIEW_CHANNEL), "me": Overwrite(1, deny=May.VIEW_CHANNEL)}, NOTHING),
    ],
)
def test_overwrites_apply_in_discords_order(overwrites: dict[str, Overwrite], may: May) -> None:
    assert computed(base(False, [ALL]), overwrites, "guild", ["role", "other"], "me", thread=False) == may


def test_owners_and_administrators_may_do_everything() -> None:
    assert base(True, []) == EVERYTHING
    denied = {"me": Overwrite(1, deny=May.VIEW_CHANNEL)}
    assert computed(base(False, [May.ADMINISTRATOR]), denied, "guild", [], "me", thread=False) == EVERYTHING


PET = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"$ref": "#/components/schemas/SnowflakeType"},
        "kind": {"oneOf": [{"type": "string", "enum": ["cat"]}, {"type": "null"}]},
        "born": {"type": "string", "format": "date-time"},
        "legs": {"type": "integer", "minimum": 0, "maximum": 4},
        "toys": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2, "uniqueItems": True},
    },
}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({}, None), ({"id": 7}, None), ({"kind": None}, None), ({"extra": 1}, None),
        ({"id": "x"}, "answer.id"), ({"kind": "dog"}, "answer.kind"), ({"born": "today"}, "answer.born"),
        ({"legs": 5}, "answer.legs"), ({"legs": True}, "answer.legs"), ({"toys": ["ball"]}, "answer.toys.0"),
        ({"toys": ["a", "a"]}, "answer.toys"), ({"toys": ["a", "b", "c"]}, "answer.toys"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_at_its_place(tmp_path: Path, wrong: dict[str, Any], place: str | None) -> None:
    answer = {"content": {"application/json": {"schema": PET}}}
    document = {
        "paths": {"/pets": {"get": {"responses": {"200": answer}}}},
        "components": {"schemas": {"SnowflakeType": {"type": "string", "pattern": "^[0-9]+$"}}},
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    specification = Specification(tmp_path / "openapi.json")
    found = specification.answer("GET", "/pets", 200, {"id": "1", "kind": "cat"} | wrong)
    assert [fault.partition(": ")[0] for fault in found] == ([place] if place else [])
    assert specification.answer("GET", "/pets", 404, {}) == ["no answer 404 is described, but ['200']"]
    assert specification.answer("GET", "/cats", 200, {}) == []
