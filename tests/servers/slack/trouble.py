"""What goes wrong with calls of the Web API, on demand: each fault is for some methods and for some calls of them."""

import asyncio
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]


@dataclass
class Fault:
    """What happens to the next ``times`` calls (``None``: to all from now on) of the methods that ``method`` matches.

    ``accepts``: the call is carried out all the same, only its answer is not what it was. ``status`` 0: the connection
    is reset. ``body`` is what is answered; by default an empty page as a proxy would send it.
    """

    method: str
    times: int | None = 1
    status: int | None = None
    body: str | Json = ""
    headers: dict[str, str] | None = None
    accepts: bool = False
    delay: float = 0


class Trouble:
    """The faults of a server, in the order in which they were asked for. Each verb adds one; ``clear`` ends all.

    A method may be a pattern: ``chat.*``. ``response_url`` stands for posts to those.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.per_minute: dict[str, int] = {}
        """By pattern, how many calls of a method pass in a minute; above that: 429."""
        self.minute = 60.0
        """How many seconds that minute has."""
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def clear(self, method: str | None = None) -> None:
        """All is well again, or what was asked for with this very method or pattern."""
        self.faults = [fault for fault in self.faults if method not in (None, fault.method)]
        self.per_minute = {name: number for name, number in self.per_minute.items() if method not in (None, name)}

    def rate_limit(self, method: str = "*", wait: float = 1, times: int | None = 1) -> None:
        """429 with ``Retry-After: wait`` (whole seconds)."""
        body = {"ok": False, "error": "ratelimited"}
        self._add(Fault(method, times, 429, body, {"Retry-After": str(int(wait))}))

    def ratelimited_body(self, method: str = "*", times: int | None = 1) -> None:
        """200, and ``ratelimited`` only in the body."""
        self.error(method, "ratelimited", times)

    def error(self, method: str, error: str, times: int | None = None) -> None:
        """``ok: false`` with this error, from now on: ``invalid_auth``, ``token_revoked``, ``restricted_action``…"""
        self._add(Fault(method, times, 200, {"ok": False, "error": error}))

    def fail(self, method: str = "*", status: int = 500, times: int | None = 1) -> None:
        """The call is not carried out, and answered by a page that is no JSON."""
        self._add(Fault(method, times, status, "<html>Internal Server Error</html>"))

    def lose_answer(self, method: str = "chat.postMessage", times: int | None = 1, status: int = 500) -> None:
        """The call is carried out, and answered as if not; ``status=0``: the connection is reset instead."""
        self._add(Fault(method, times, status, "<html>Internal Server Error</html>", accepts=True))

    def lose_call(self, method: str = "chat.postMessage", times: int | None = 1) -> None:
        """The connection is reset before anything is done."""
        self._add(Fault(method, times, 0))

    def slow(self, method: str = "*", seconds: float = 1, times: int | None = 1) -> None:
        """The call is carried out at once, and answered after so many seconds."""
        self._add(Fault(method, times, accepts=True, delay=seconds))

    def hit(self, method: str) -> Fault | None:
        """What happens to this call, if anything."""
        for fault in self.faults:
            if fnmatchcase(method, fault.method):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self.faults.remove(fault)
                return fault
        return self._over_limit(method)

    async def pause(self, fault: Fault, over: asyncio.Event) -> None:
        """Wait as long as the fault says, unless the server ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.delay):
                await over.wait()

    # --- inside ---

    def _add(self, fault: Fault) -> None:
        self.faults.append(fault)

    def _over_limit(self, method: str) -> Fault | None:
        for pattern, number in self.per_minute.items():
            if fnmatchcase(method, pattern):
                calls, now = self._calls[method], time.monotonic()
                while calls and calls[0] <= now - self.minute:
                    calls.popleft()
                if len(calls) >= number:
                    wait = str(max(1, round(calls[0] + self.minute - now)))
                    return Fault(method, 1, 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": wait})
                calls.append(now)
        return None
