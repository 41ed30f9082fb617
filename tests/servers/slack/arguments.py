"""What a call says: its arguments read and checked, and the error that a method's page documents for what is wrong.

``Problem`` is the one error here. Which method takes which argument is ``api.py``'s business.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.servers.slack.limits import block_problems, most, view_problems

Json = dict[str, Any]

_TS = re.compile(r"\d{1,11}(?:\.\d{1,9})?")


class Problem(Exception):
    """The method answers ``ok: false`` with this error, and with ``more``."""

    def __init__(self, error: str, messages: Sequence[str] = (), **more: Any) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **more}
        if messages:
            self.answer |= {
                "errors": list(messages),
                "response_metadata": {"messages": [f"[ERROR] {message}" for message in messages]},
            }


def said(args: Json, *, cuts: bool = False) -> Json:
    """What a message says, checked against every limit but the one on all blocks together."""
    text = args.get("text") or ""
    if args.get("markdown_text"):
        if text or args.get("blocks"):
            raise Problem("markdown_text_conflict")
        if len(args["markdown_text"]) > most("markdown_text"):
            raise Problem("msg_too_long")
        text = args["markdown_text"]
    elif len(text) > most("text"):
        if not cuts:
            raise Problem("msg_too_long")
        text = text[: most("text before it is cut")]
    blocks, attachments = structured(args, "blocks", list), structured(args, "attachments", list)
    if not text and not blocks and not attachments:
        raise Problem("no_text")
    if attachments and len(attachments) > most("attachments"):
        raise Problem("too_many_attachments")
    if problems := block_problems(blocks or []):
        raise Problem("invalid_blocks", problems)
    made: Json = {"text": text}
    if blocks:
        made["blocks"] = [{"block_id": f"b{number}"} | block for number, block in enumerate(blocks)]
    if attachments:
        made["attachments"] = attachments
    return made


def structured(args: Json, name: str, kind: type) -> Any:
    """An argument that is JSON, as itself or in a string."""
    value = args.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Problem(f"invalid_{name}_format" if name == "blocks" else "invalid_arguments") from None
    if not isinstance(value, kind):
        raise Problem(f"invalid_{name}_format" if name == "blocks" else "invalid_arguments")
    return value


def checked_view(args: Json) -> Json:
    """The view in the arguments, within every limit."""
    view = structured(args, "view", dict)
    if problems := view_problems(view):
        raise Problem("invalid_arguments", problems)
    return view


def number(ts: str) -> int:
    """The place of a ``ts`` among others."""
    seconds, _, rest = ts.partition(".")
    return int(seconds) * 1_000_000 + int(rest[:6].ljust(6, "0") or 0)


def message_metadata(args: Json) -> Json | None:
    """The ``metadata``, within its limits; errors as https://docs.slack.dev/reference/methods/chat.postMessage."""
    metadata = structured(args, "metadata", dict)
    if metadata is None:
        return None
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise Problem("invalid_metadata_format")
    if len(metadata["event_type"]) > most("metadata event_type"):
        raise Problem("invalid_metadata_schema")
    if len(json.dumps(metadata["event_payload"])) > most("metadata"):
        raise Problem("metadata_too_large")
    return metadata


def instant(args: Json, name: str) -> int | None:
    """A ``ts`` as a number, ``None`` where none is given: nothing, ``0`` and ``now`` bound nothing."""
    value = str(args.get(name) or "")
    if value in ("", "0", "now"):
        return None
    if not _TS.fullmatch(value):
        raise Problem(f"invalid_ts_{name}")
    return number(value)


def true(value: Any) -> bool:
    """Whether an argument says yes, in JSON or in a form."""
    return value in (True, 1, "1", "true", "True")


def listed(value: Any) -> list[str]:
    """The words of an argument that is a list, or separated by commas."""
    return [word.strip() for word in (value if isinstance(value, list) else str(value).split(",")) if word.strip()]
