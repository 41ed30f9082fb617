"""Pages and cursors: https://docs.slack.dev/apis/web-api/pagination. A page may be shorter than asked for, even empty."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.servers.slack.arguments import Problem

Json = dict[str, Any]
T = TypeVar("T")


class Paging:
    """How pages are cut."""

    def __init__(self) -> None:
        self.longest: int | None = None
        """No page has more than this, whatever is asked for."""
        self.empty = 0
        """So many of the next pages have nothing but a cursor."""

    def page(
        self, items: Sequence[T], names: Sequence[str], args: Json, most: int, default: int
    ) -> tuple[list[T], str]:
        """One page, and the cursor of the next, ``""`` at the end. A cursor is the name of what comes next, so that new
        items move nothing."""
        asked = str(args.get("limit") or default)
        if not asked.isdecimal() or not 1 <= int(asked) <= most:
            raise Problem("invalid_limit")  # assumed: what Slack says of a limit that is too high is not documented
        start = _place(str(args["cursor"]), names) if args.get("cursor") else 0
        end = start + min(int(asked), self.longest or int(asked))
        if self.empty and start < len(items):
            self.empty -= 1
            end = start
        return list(items[start:end]), base64.b64encode(names[end].encode()).decode() if end < len(items) else ""


def _place(cursor: str, names: Sequence[str]) -> int:
    """Where the page begins: at what the cursor names, or if that is gone meanwhile at what came after it."""
    try:
        name = base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Problem("invalid_cursor") from None
    if name in names:
        return names.index(name)
    if not name.startswith("next_ts:"):
        raise Problem("invalid_cursor")
    there = [int(one.removeprefix("next_ts:")) for one in names]
    gone, falling = int(name.removeprefix("next_ts:")), there[:1] > there[-1:]
    return next((place for place, ts in enumerate(there) if (ts < gone if falling else ts > gone)), len(there))
