"""The REST API's door: reads a request, lets trouble happen, finds the route, answers as Discord does.

What a route does stands in ``rest_messages.py``, ``rest_places.py`` and ``rest_answers.py``. Each is a row of a method,
the path as the official OpenAPI description writes it, and a function of (platform, call) that returns the JSON of
the answer, ``None`` for 204, or raises ``Refused``. Sources: reference and topics/rate-limits of the docs.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import BodyPartReader, web

from tests.servers.discord.asking import Asking
from tests.servers.discord.errors import Json, Refused
from tests.servers.discord.openapi import Specification
from tests.servers.discord.trouble import Bucket, Trouble

BASE = "/api/v10"


@dataclass(eq=False)
class Call:
    """A request as it came. ``route`` is the path's template, ``""`` for none of ours; ``status`` what it got."""

    method: str
    path: str
    at: datetime
    query: dict[str, str]
    body: Any = None
    files: list[tuple[str, int]] = field(default_factory=list)
    """Name and size of each."""
    route: str = ""
    names: dict[str, str] = field(default_factory=dict)
    """What stands in the path, by the template's names."""
    status: int | None = None
    """None: the connection was cut instead."""

    @property
    def form(self) -> Json:
        """The body where it must be an object. Raises ``Refused``."""
        if not isinstance(self.body, dict):
            raise Refused("json")
        return self.body

    def number(self, name: str, default: int, most: int) -> int:
        """A number in the query, from 1 to ``most``. Raises ``Refused``."""
        text = self.query.get(name, str(default))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            wrong = {"code": "NUMBER_TYPE_MAX", "message": f"int value should be between 1 and {most}."}
            raise Refused("form", {name: {"_errors": [wrong]}})
        return int(text)


@dataclass(frozen=True)
class Created:
    """An answer with 201."""

    body: Json


Handler = Callable[[Asking, Call], Any]
Route = tuple[str, str, Handler]
OPEN = ("/interactions/", "/webhooks/")  # authorised by the token in the path


class Rest:
    """Answers requests. ``calls`` are all that came, in order; ``troubles`` and ``buckets`` what may happen to them.

    ``violations`` are faults of requests and answers against the OpenAPI description, where one is given.
    """

    def __init__(self, platform: Asking, routes: list[Route], specification: Specification | None) -> None:
        self._platform = platform
        self._routes = [(method, path, _pattern(path), handler) for method, path, handler in routes]
        self.specification = specification
        self.calls: list[Call] = []
        self.troubles: list[Trouble] = []
        self.buckets: list[Bucket] = []
        self.violations: list[str] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        call = await self._read(request)
        self.calls.append(call)
        trouble = next((one for one in self.troubles if one.meets(call.method, call.path)), Trouble())
        await asyncio.sleep(trouble.wait)
        headers: dict[str, str] = {}
        answer: tuple[int, Any] | None = None
        if trouble.accept or (trouble.status is None and not trouble.cut):
            headers, answer = self._carry_out(request, call)
        if trouble.cut and request.transport:
            call.status = None
            request.transport.abort()
        elif trouble.status is not None:
            headers, answer = _refusal(trouble)
        status, body = answer or (500, None)
        call.status = None if trouble.cut else status
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(self._platform.dialect.said(body, call.route)).encode()
        text = body or b""
        return web.Response(status=status, body=text, headers={"Content-Type": JSON} | headers if text else headers)

    def _carry_out(self, request: web.Request, call: Call) -> tuple[dict[str, str], tuple[int, Any]]:
        headers, wait = self._limits(call)
        if wait is not None:
            trouble = Trouble(429, retry_after=wait)
            return headers | _refusal(trouble)[0], _refusal(trouble)[1]
        handler = self._find(call)
        try:
            if call.body is BROKEN:
                raise Refused("json")
            self._authorise(request, call)
            if handler is None:
                raise Refused("not found")
            answer = handler(self._platform, call)
        except Refused as refused:
            # The tree of faults is left out: its codes are words ("BASE_TYPE_MAX_LENGTH", reference, "Error Messages"),
            # though the description says numbers.
            self._validate(call, refused.status, {key: refused.body[key] for key in ("code", "message")})
            return headers, (refused.status, refused.body)
        status = 201 if isinstance(answer, Created) else 204 if answer is None else 200
        if answer is None and self._platform.dialect.empty:
            return headers, (200, {})
        body = answer.body if isinstance(answer, Created) else answer
        self._validate(call, status, body)
        return headers, (status, body)

    def _find(self, call: Call) -> Handler | None:
        for method, path, pattern, handler in self._routes:
            if (match := pattern.fullmatch(call.path)) is None or path in self._platform.dialect.lacks:
                continue
            if method == call.method:
                call.route, call.names = path, match.groupdict()
                return handler
        return None

    def _authorise(self, request: web.Request, call: Call) -> None:
        if not call.path.startswith(OPEN) and request.headers.get("Authorization") != f"Bot {self._platform.token}":
            raise Refused("unauthorized")

    def _limits(self, call: Call) -> tuple[dict[str, str], float | None]:
        """The headers of the route's bucket; and seconds to wait, if it is empty."""
        name, taken = "open", (999, 1.0)
        for number, bucket in enumerate(self.buckets):
            if (found := bucket.take(call.method, call.path)) is not None:
                name, taken = f"bucket{number}", found
        remaining, reset = taken
        headers = {
            "Via": "1.1 google",
            "X-RateLimit-Limit": str(1000 if name == "open" else self.buckets[int(name[6:])].limit),
            "X-RateLimit-Remaining": str(max(0, remaining)),
            "X-RateLimit-Reset": f"{self._platform.clock().timestamp() + reset:.3f}",
            "X-RateLimit-Reset-After": f"{reset:.3f}",
        }
        if name != "open":
            headers["X-RateLimit-Bucket"] = name
        elif not self._platform.dialect.limits:
            headers = {}
        return headers, reset if remaining < 0 else None

    def _validate(self, call: Call, status: int, body: Any) -> None:
        if self.specification and call.route:
            faults = self.specification.answer(call.method, call.route, status, body)
            if status < 400:
                faults += self.specification.query(call.method, call.route, call.query)
            if status < 400 and call.body is not None:
                faults += self.specification.request(call.method, call.route, call.body)
            known = [fault for fault in faults if not UNDESCRIBED.search(fault)]
            self.violations += [f"{call.method} {call.path} {status}: {fault}" for fault in known]

    async def _read(self, request: web.Request) -> Call:
        path = request.path.removeprefix(BASE)
        call = Call(request.method, path, self._platform.clock(), dict(request.query))
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                content = await part.read()
                if part.name == "payload_json":
                    call.body = _json(content)
                else:
                    call.files.append((part.filename or "", len(content)))
        elif content := await request.read():
            call.body = _json(content)
        return call


JSON = "application/json"  # exactly: with a charset behind it, discord.py takes the body for text
BROKEN = object()
# Forwards, type 1, are documented (resources/message, "Message Reference Types") and missing in the description; what
# discord.py asks for when it posts in a forum is in neither.
UNDESCRIBED = re.compile(r"message_reference\.type: 1 is not |query: use_nested_fields is not known")


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return BROKEN


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _refusal(trouble: Trouble) -> tuple[dict[str, str], tuple[int, Any]]:
    """Headers and answer of a trouble with a status."""
    status = trouble.status or 500
    if trouble.page is not None:
        return {"Content-Type": trouble.page[0]}, (status, trouble.page[1])
    if status != 429:
        if status in (500, 503):
            return {"Via": "1.1 google"}, (status, {"message": f"{status}: Internal Server Error", "code": 0})
        return {}, (status, {"message": f"{status}: trouble", "code": 0})
    everywhere = trouble.scope == "global"
    headers = {
        "Retry-After": str(max(1, round(trouble.retry_after))),
        "X-RateLimit-Scope": trouble.scope,
        **({"X-RateLimit-Global": "true"} if everywhere else {}),
        **({"Via": "1.1 google"} if trouble.via else {}),
    }
    body = {"message": "You are being rate limited.", "retry_after": trouble.retry_after, "global": everywhere}
    return headers, (429, body | ({"code": 0} if not everywhere else {}))
