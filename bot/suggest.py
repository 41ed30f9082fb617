"""What is wrong with a value in plain words, and what was probably meant.

Where the value stands is known to `bot/config.py`; here is only the wording. A message may repeat a value, so whoever
shows one hides what looks like a token.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from newsletter.phrase import Phrase
from newsletter.settings import time_zones


def in_plain_words(found: Any) -> tuple[str, str | None]:
    """What pydantic found, for somebody who never heard of it: the message and the suggestion."""
    kind, context, written = found["type"], found.get("ctx", {}), found["input"]
    match kind:
        case "enum" | "literal_error":
            choices = [choice for choice in re.findall(r"'([^']*)'", context["expected"]) if choice]
            must = f"must be one of {', '.join(choices)}" if choices[1:] else f'can only be "{choices[0]}"'
            return must, nearest(str(written), choices)
        case "missing":
            return "is needed", None
        case "value_error":
            words = str(context["error"])
            return words, _zone_meant(str(written)) if "unknown time zone" in words else None
        case "tuple_type" | "list_type":
            return "must be a list", 'write it in brackets, as in ["one", "two"]'
        case "model_type" | "dict_type":
            return "must be a mapping: one `key: value` a line, indented", None
        case "string_type":
            return "must be text", "put it in quotes if it holds a colon or a #"
        case "bool_parsing" | "bool_type":
            return "must be true or false", None
        case "int_parsing" | "int_type" | "int_from_float":
            return "must be a whole number", None
        case "greater_than_equal":
            return f"must be at least {context['ge']}", None
        case "less_than_equal":
            return f"must be at most {context['le']}", None
    return str(found["msg"]), None


def nearest(word: str, known: Iterable[str]) -> Phrase | None:
    """The one that begins alike, or is spelled alike; ``None`` where nothing is near."""
    by_lower = {name.lower(): name for name in known}
    lower = word.lower()
    begins = [
        name
        for name in by_lower
        if min(len(lower), len(name)) > 1 and (name.startswith(lower) or lower.startswith(name))
    ]
    near = begins or get_close_matches(lower, [*by_lower], 1)
    return Phrase("did you mean {name}?", name=by_lower[near[0]]) if near else None


def one_of(known: Iterable[str]) -> str:
    return f"there is {', '.join(known)}"


def _zone_meant(written: str) -> str:
    """A name is found by its city too; abbreviations and offsets mean several places, so none is guessed."""
    city = written.strip().replace(" ", "_").lower()
    for zone in sorted(time_zones()):
        if city and zone.lower().rpartition("/")[2] == city.rpartition("/")[2]:
            return f"did you mean {zone}?"
    abbreviation = re.fullmatch(r"[A-Z0-9+:-]+", written)
    return (not abbreviation and nearest(written, time_zones())) or "write a place, as in Asia/Seoul or Europe/Berlin"
