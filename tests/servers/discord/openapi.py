"""Checks requests and answers against an OpenAPI description: as much of JSON Schema as Discord's uses.

``oneOf`` is read as "at least one": Discord's unions overlap. Snowflakes may be numbers, which Discord accepts though
its description does not say so. Knows nothing of Discord otherwise.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
    "null": type(None),
}  # fmt: skip


@lru_cache(1)
def _document(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


class Specification:
    """An OpenAPI 3.1 file."""

    def __init__(self, path: Path) -> None:
        self._document = _document(path)

    def answer(self, method: str, route: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; an operation it does not describe is nothing wrong."""
        operation = self._operation(method, route)
        if operation is None:
            return []
        answers = operation["responses"]
        described = answers.get(str(status)) or answers.get(f"{status // 100}XX")
        if described is None:
            return [f"no answer {status} is described, but {[*answers]}"]
        described = self._followed(described)
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return [] if body is None else ["a body where none is described"]
        return [*self._faults(schema, body, "answer")]

    def request(self, method: str, route: str, body: Any) -> list[str]:
        """What is wrong with a request's JSON."""
        operation = self._operation(method, route)
        content = (operation or {}).get("requestBody", {}).get("content", {})
        schema = content.get("application/json", content.get("multipart/form-data", {})).get("schema")
        return [*self._faults(schema, body, "request")] if schema else []

    def query(self, method: str, route: str, query: Json) -> list[str]:
        """What is wrong with what stands behind the question mark."""
        path = self._document["paths"].get(route, {})
        told = [*path.get("parameters", ()), *path.get(method.lower(), {}).get("parameters", ())]
        known = {one["name"]: one.get("schema") for one in map(self._followed, told) if one["in"] == "query"}
        faults: list[str] = []
        for name, value in query.items() if method.lower() in path else ():
            if name not in known:
                faults.append(f"query: {name} is not known")
            else:
                faults += min(([*self._faults(known[name], one, f"query.{name}")] for one in _readings(value)), key=len)
        return faults

    def _operation(self, method: str, route: str) -> Json | None:
        return self._document["paths"].get(route, {}).get(method.lower())

    def _followed(self, schema: Json) -> Json:
        while "$ref" in schema:
            found = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _faults(self, schema: Any, value: Any, place: str) -> Iterator[str]:
        if not isinstance(schema, dict):
            return
        if schema.get("$ref", "").endswith("/SnowflakeType") and isinstance(value, int):
            return
        schema = self._followed(schema)
        if not self._is_of_type(schema, value):
            yield f"{place}: {_short(value)} is not of type {schema['type']}"
            return
        for key in ("oneOf", "anyOf"):
            yield from self._union(schema.get(key), value, place)
        for one in schema.get("allOf", ()):
            yield from self._faults(one, value, place)
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place}: {_short(value)} is none of {schema['enum'][:9]}"
        if "const" in schema and value != schema["const"]:
            yield f"{place}: {_short(value)} is not {schema['const']!r}"
        yield from self._measured(schema, value, place)
        if isinstance(value, dict):
            yield from self._object(schema, value, place)
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._faults(schema.get("items"), one, f"{place}.{number}")

    def _is_of_type(self, schema: Json, value: Any) -> bool:
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if not types:
            return True
        if isinstance(value, bool):
            return "boolean" in types
        return any(isinstance(value, TYPES[each]) for each in types)

    def _union(self, schemas: list[Json] | None, value: Any, place: str) -> Iterator[str]:
        """No fault if one alternative fits; else those of the one that was meant, by its ``type``, or nearest."""
        if not schemas:
            return
        tried = [[*self._faults(one, value, place)] for one in schemas]
        if all(tried):
            another_kind = (f"{place}: {_short(value)} is not of type", f"{place}.type")
            yield from min(
                tried,
                key=lambda faults: (
                    [any(one.startswith(kind) for one in faults) for kind in another_kind] + [len(faults)]
                ),
            )

    def _object(self, schema: Json, value: Json, place: str) -> Iterator[str]:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place}: {name} is missing"
        for name, one in value.items():
            if name in properties:
                yield from self._faults(properties[name], one, f"{place}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{place}: {name} is not known"
            else:
                yield from self._faults(schema.get("additionalProperties"), one, f"{place}.{name}")
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"{place}: too many properties"

    def _measured(self, schema: Json, value: Any, place: str) -> Iterator[str]:
        if isinstance(value, str | list):
            least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
            if not schema.get(least, 0) <= len(value) <= schema.get(most, len(value)):
                yield f"{place}: {len(value)} long, allowed are {schema.get(least, 0)} to {schema.get(most)}"
        is_number = isinstance(value, int | float)
        if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{place}: {value} is out of bounds"
        if (
            isinstance(value, list)
            and schema.get("uniqueItems")
            and len({json.dumps(one) for one in value}) < len(value)
        ):
            yield f"{place}: repeats itself"
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                yield f"{place}: {_short(value)} is not like {schema['pattern']}"
            if not _has_format(schema.get("format"), value):
                yield f"{place}: {_short(value)} is no {schema['format']}"


def _readings(text: str) -> list[Any]:
    """What a text in an address may mean."""
    number = [int(text)] if text.removeprefix("-").isdecimal() else []
    truth = {"true": [True], "1": [True], "false": [False], "0": [False]}.get(text.lower(), [])
    return [text, *number, *truth]


def _has_format(name: str | None, value: str) -> bool:
    match name:
        case "date-time":
            try:
                return datetime.fromisoformat(value).tzinfo is not None
            except ValueError:
                return False
        case "uri":
            return bool(re.match(r"[a-z][a-z0-9+.-]*:\S+", value))
        case "snowflake":
            return value.isdecimal() or value == ""
    return True


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
