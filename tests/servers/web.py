"""A small web server on loopback that answers as it is told, also badly: too much, too slowly, never, not in HTTP.

Its answers are functions from a request to bytes, so that a test says on the wire what it means. It remembers who asked
for what, when, and who was there at the same time.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FINE = "127.0.0.2"
"""Loopback, too, but not the address that everybody forbids: it stands for the public internet."""


@dataclass(frozen=True)
class Asked:
    """One request: for which host and path, with which headers, begun and ended when (seconds, monotonic)."""

    host: str
    path: str
    headers: dict[str, str]
    begun: float
    ended: float


def answer(body: bytes | str = b"", status: str = "200 OK", **headers: str) -> bytes:
    """An answer as it goes over the wire: HTML, unless ``content_type`` says otherwise."""
    raw = body.encode() if isinstance(body, str) else body
    named = {"content-type": "text/html; charset=utf-8", "content-length": str(len(raw))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + raw


def html(title: str, more: str = "") -> bytes:
    """A small page."""
    return answer(f"<!doctype html><html><head><title>{title}</title>{more}</head><body><p>Words.</p></body></html>")


def redirect(to: str, status: str = "301 Moved Permanently") -> bytes:
    """Go there instead."""
    return answer(b"", status, location=to, content_type="")


Answer = bytes | Callable[[asyncio.StreamWriter], object]


@dataclass
class Web:
    """The running server. ``answers`` are by path; a function gets the writer and may misbehave. Else ``other``."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    other: Callable[[str], bytes] = field(default=lambda path: answer("gone", "404 Not Found"))
    latency: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    now: Counter[str] = field(default_factory=Counter)
    """Who is there now, by path; and by host, as ``//host``."""
    most: Counter[str] = field(default_factory=Counter)
    """The most of each at one time."""
    visitors: set[asyncio.Task[object]] = field(default_factory=set)

    def url(self, path: str = "/", host: str = FINE) -> str:
        """An address here."""
        return f"http://{host}:{self.port}{path}"

    def times(self, path: str) -> int:
        """How often this path was asked for."""
        return sum(one.path == path for one in self.asked)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        self.connections += 1
        if (visitor := asyncio.current_task()) is not None:
            self.visitors.add(visitor)
            visitor.add_done_callback(self.visitors.discard)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        begun = time.monotonic()
        path = head[0].split(" ")[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        host = headers.get("host", "").partition(":")[0]
        there = (path, f"//{host}", "")
        for one in there:
            self.now[one] += 1
            self.most[one] = max(self.most[one], self.now[one])
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            told = self.answers.get(path)
            if callable(told):
                await told(writer)
                return False
            writer.write(told if told is not None else self.other(path))
            await writer.drain()
            return True
        finally:
            for one in there:
                self.now[one] -= 1
            self.asked.append(Asked(host, path, headers, begun, time.monotonic()))


@asynccontextmanager
async def serving(
    address: str = FINE, web: Web | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[Web]:
    """A server on this address, with a port of its own; whoever is still connected at the end is cut off."""
    web = web or Web()
    server = await asyncio.start_server(web, address, web.port, limit=1 << 20, ssl=context)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
        for visitor in web.visitors:
            visitor.cancel()
        await asyncio.sleep(0)
