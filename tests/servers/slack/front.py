"""The door of the Web API: what a request asks, and how it is answered when something goes wrong on the way.

What a method does is ``api.py``'s, what goes wrong ``trouble.py``'s business.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers.slack.delivery import abort
from tests.servers.slack.trouble import Fault, Trouble

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of the Web API: what was asked, and what was answered (``None``: nothing)."""

    method: str
    args: Json
    answer: Json | None
    at: float


class Front:
    """Answers calls, as long as the network is there (``reachable``), and writes them down."""

    def __init__(self, trouble: Trouble, reachable: asyncio.Event) -> None:
        self.trouble = trouble
        self.reachable = reachable
        self.calls: list[Call] = []
        self._under_way = 0
        self._changed = asyncio.Condition()
        self._over = asyncio.Event()

    async def answer(
        self, request: web.Request, method: str, args: Json, work: Callable[[], Json]
    ) -> tuple[web.Response, Json | None]:
        """The answer, and what it says unless it is a fault's. ``work`` carries the call out."""
        self._under_way += 1
        try:
            return await self._answer(request, method, args, work)
        finally:
            self._under_way -= 1
            await self._notify()

    async def until(self, what: Callable[[], object]) -> None:
        """Wait until a call made this true."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(what()))

    async def idle(self) -> None:
        """Wait until no call is under way."""
        await self.until(lambda: not self._under_way)

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self._under_way > 0

    def stop(self) -> None:
        """Let go of everyone who is kept waiting."""
        self._over.set()

    async def _answer(
        self, request: web.Request, method: str, args: Json, work: Callable[[], Json]
    ) -> tuple[web.Response, Json | None]:
        self._reach(request)
        fault = self.trouble.hit(method)
        said = work() if fault is None or fault.accepts else None
        faulty = fault is not None and fault.status is not None
        self.calls.append(Call(method, args, (fault.body or None) if faulty else said, time.monotonic()))
        await self._notify()
        if fault:
            await self.trouble.pause(fault, self._over)
        self._reach(request, cut=faulty and fault.status == 0)
        return (_fault_response(fault), None) if faulty else (web.json_response(said), said)

    def _reach(self, request: web.Request, *, cut: bool = False) -> None:
        if cut or not self.reachable.is_set():
            abort(request)
            raise web.HTTPServiceUnavailable

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def arguments(request: web.Request) -> Json:
    """What was asked for: in the address, as a form or as JSON."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            sent = json.loads(await request.text() or "{}")
        except ValueError:
            sent = {}
        return args | (sent if isinstance(sent, dict) else {})
    return args | dict(await request.post())


def token(request: web.Request, args: Json) -> str:
    """The token, from the header or out of the arguments."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    given = args.pop("token", "")
    return sent if scheme.lower() == "bearer" else given


def _fault_response(fault: Fault) -> web.Response:
    if isinstance(fault.body, dict):
        return web.json_response(fault.body, status=fault.status, headers=fault.headers)
    return web.Response(text=fault.body, status=fault.status, headers=fault.headers, content_type="text/html")
