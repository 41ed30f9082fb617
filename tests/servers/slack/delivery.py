"""How the app hears: Socket Mode (tickets, sockets, envelopes, acknowledgements) or signed HTTP, and telling it again.

https://docs.slack.dev/apis/events-api/using-socket-mode and https://docs.slack.dev/apis/events-api. What is told is made
elsewhere; here it arrives, late, twice, out of order or never, as a test asks for.
"""

import asyncio
import hashlib
import hmac
import json
import socket
import struct
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, WSMsgType, web

from tests.servers.slack.dialect import Dialect
from tests.servers.slack.limits import LIMITS, RETRIES, most

Json = dict[str, Any]


@dataclass(eq=False)
class Delivery:
    """One thing the app is told: ``kind`` is events_api, slash_commands or interactive, as on an envelope."""

    kind: str
    payload: Json
    acknowledged: asyncio.Future[Json]
    """What the app answered with its acknowledgement; cancelled when the last attempt failed."""
    attempts: int = 0
    envelopes: list[str] = field(default_factory=list)
    took: float | None = None
    """Seconds from the sending to the acknowledgement."""
    status: int | None = None
    """Over HTTP, the status of the last answer."""

    @property
    def acked(self) -> bool:
        """Whether the app said that it has it."""
        return self.acknowledged.done() and not self.acknowledged.cancelled()


class Delivering:
    """Tells the app what it is handed, in order. ``patience`` is how many seconds it has to acknowledge; then it is
    told again after each of ``retries`` seconds. Commands and interactions are told once, as Slack does."""

    def __init__(
        self,
        signing_secret: str,
        patience: float,
        retries: Iterable[float] = RETRIES,
        dialect: Dialect | None = None,
    ) -> None:
        self.signing_secret = signing_secret
        self.dialect = dialect or Dialect()
        self.patience = patience
        self.retries = tuple(retries)
        self.request_url = ""
        """Where signed requests go; empty: Socket Mode."""
        self.told: list[Delivery] = []
        self.lost: list[Delivery] = []
        self.copies = 1
        """How often each event is told; every further time it has another ``event_id``."""
        self.silent = False
        """Sockets stay open, but nothing comes and no ping is answered."""
        self.reachable = asyncio.Event()
        self.reachable.set()
        self.refuse_handshakes = 0
        self.hang_handshakes = 0
        self.handshakes = 0
        self.tickets: dict[str, float] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self._requests: dict[web.WebSocketResponse, web.Request] = {}
        self._next = 0
        self._held: list[Delivery] | None = None
        self._waiting: dict[str, tuple[Delivery, web.WebSocketResponse | None]] = {}
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._over = asyncio.Event()
        self._session: ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- telling ---

    def tell(self, kind: str, payload: Json) -> Delivery:
        """Tell the app something, after everything it was told before."""
        delivery = Delivery(kind, payload, self._loop.create_future())
        self.told.append(delivery)
        self._send(delivery)
        for _ in range(self.copies - 1 if kind == "events_api" else 0):
            self.again(delivery, fresh=True)
        return delivery

    def again(self, delivery: Delivery, times: int = 1, *, fresh: bool = False) -> list[Delivery]:
        """Tell it again, as if it had not been acknowledged; ``fresh``: each time with an ``event_id`` of its own."""
        made = []
        for _ in range(times):
            payload = deepcopy(delivery.payload)
            if fresh:
                payload["event_id"] = new_event_id()
            attempts = 0 if fresh else max(1, delivery.attempts)
            copy = Delivery(delivery.kind, payload, self._loop.create_future(), attempts)
            self.told.append(copy)
            self._send(copy)
            made.append(copy)
        return made

    def hold(self) -> None:
        """From now on nothing is sent, until ``release``."""
        self._held = []

    def release(self, *, reverse: bool = False) -> None:
        """Send what was held back, in order or the last first."""
        held, self._held = self._held or [], None
        for delivery in reversed(held) if reverse else held:
            self._send(delivery)

    async def quiet(self, within: float = 10) -> None:
        """Return when the app is connected and everything that was sent to it is acknowledged. What nobody could be
        sent to is lost and not waited for. Raises ``TimeoutError``."""

        def still() -> bool:
            connected = self.request_url or self.sockets
            return bool(connected) and not self._queue.qsize() and not self._waiting

        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(still)

    async def connected(self, sockets: int = 1, within: float = 10) -> None:
        """Return when so many sockets are open."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: len(self.sockets) >= sockets)

    async def disconnected(self, within: float = 10) -> None:
        """Return when no socket is open any more."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: not self.sockets)

    # --- what the network and Slack do to sockets ---

    async def cut(self) -> None:
        """The network is gone: sockets are reset without a word, nothing gets through until ``restore``."""
        self.reachable.clear()
        await self.reset()

    async def restore(self) -> None:
        """The network is back."""
        self.reachable.set()

    async def reset(self) -> None:
        """Every socket is reset (TCP RST, no close frame); the app may connect again at once."""
        for one in tuple(self.sockets):
            abort(self._requests[one])
            await self._gone(one)

    async def close(self) -> None:
        """Every socket is closed, with a close frame."""
        for one in tuple(self.sockets):
            await one.close()
            await self._gone(one)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the app to connect anew, as Slack does every few hours. ``warning``, ``refresh_requested``,
        ``link_disabled``; all but a warning close the sockets soon after."""
        asked = tuple(self.sockets)
        for one in asked:
            with suppress(ConnectionError):
                await one.send_json(
                    {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-loopback"}}
                )
        if reason != "warning":
            self._task(self._close_after(asked))

    def ticket(self, host: str, port: int) -> str:
        """A web address for one handshake."""
        ticket = uuid.uuid4().hex
        self.tickets[ticket] = time.monotonic()
        return f"ws://{host}:{port}/link/?ticket={ticket}&app_id=loopback"

    def expire_tickets(self) -> None:
        """The addresses that were given out are good for nothing any more."""
        self.tickets.clear()

    # --- inside ---

    def start(self) -> None:
        """Begin to send, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._session = ClientSession()
        self._task(self._run())

    async def stop(self) -> None:
        """End everything."""
        self._over.set()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.close()
        if self._session:
            await self._session.close()

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """One handshake, and the socket that comes of it."""
        self.handshakes += 1
        ticket = request.query.get("ticket", "")
        given = self.tickets.pop(ticket, None)  # one handshake each, whatever comes of it
        if self.hang_handshakes:
            self.hang_handshakes -= 1
            await self._over.wait()
            raise web.HTTPServiceUnavailable
        if not self.reachable.is_set():
            abort(request)
            raise web.HTTPServiceUnavailable
        if self.refuse_handshakes:
            self.refuse_handshakes -= 1
            raise web.HTTPServiceUnavailable
        if given is None or time.monotonic() - given > LIMITS["seconds of a ticket"].most:
            raise web.HTTPRequestTimeout
        if len(self.sockets) >= most("sockets"):
            raise web.HTTPTooManyRequests
        one = web.WebSocketResponse(timeout=0.3, autoping=False, max_msg_size=0)
        await one.prepare(request)
        self._requests[one] = request
        self.sockets.append(one)
        hello = {
            "type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": "A0LINKS"},
            "debug_info": {"host": "applink-loopback", "build_number": 1, "approximate_connection_time": 18_060},
        }  # fmt: skip
        await one.send_json(self.dialect.told(hello))
        await self._notify()
        try:
            await self._listen(one)
        finally:
            await self._gone(one)
        return one

    async def _listen(self, one: web.WebSocketResponse) -> None:
        async for said in one:
            if self.silent:
                continue
            if said.type is WSMsgType.PING:
                await one.pong(said.data)
            elif said.type is WSMsgType.TEXT and said.data.startswith("{"):
                answer = json.loads(said.data)
                delivery, _ = self._waiting.pop(answer.get("envelope_id", ""), (None, None))
                if delivery and not delivery.acknowledged.done():
                    delivery.acknowledged.set_result(answer.get("payload") or {})
                await self._notify()

    def _send(self, delivery: Delivery) -> None:
        if self._held is not None:
            self._held.append(delivery)
        else:
            self._queue.put_nowait(delivery)

    async def _run(self) -> None:
        while True:
            delivery = await self._queue.get()
            if not self.reachable.is_set() or not (self.request_url or self.sockets):
                await self._missed(delivery)
            elif self.request_url:
                await self._by_http(delivery)
            else:
                await self._by_socket(delivery)

    async def _by_socket(self, delivery: Delivery) -> None:
        self._next += 1
        one = self.sockets[self._next % len(self.sockets)]
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()), "type": delivery.kind, "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
        }  # fmt: skip
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": delivery.attempts, "retry_reason": "timeout" if delivery.attempts else ""}
        delivery.envelopes.append(envelope["envelope_id"])
        if not self.silent:
            self._waiting[envelope["envelope_id"]] = (delivery, one)
            with suppress(ConnectionError):
                await one.send_json(self.dialect.told(envelope))
        self._task(self._watch(delivery, envelope["envelope_id"], time.monotonic()))
        await self._notify()

    async def _watch(self, delivery: Delivery, envelope: str, sent: float) -> None:
        await asyncio.wait({delivery.acknowledged}, timeout=self.patience)
        self._waiting.pop(envelope, None)
        if delivery.acked:
            delivery.took = time.monotonic() - sent
        else:
            await self._missed(delivery)
        await self._notify()

    async def _by_http(self, delivery: Delivery) -> None:
        key = uuid.uuid4().hex
        self._waiting[key] = (delivery, None)
        self._task(self._request(delivery, key))

    async def _request(self, delivery: Delivery, key: str) -> None:
        body, kind = http_body(delivery)
        headers = {"Content-Type": kind, "User-Agent": "Slackbot 1.0"} | signature(self.signing_secret, body)
        if delivery.attempts:
            headers |= {"X-Slack-Retry-Num": str(delivery.attempts), "X-Slack-Retry-Reason": "http_timeout"}
        sent, enough = time.monotonic(), False
        with suppress(ClientError, TimeoutError):
            patience = ClientTimeout(total=self.patience)
            async with self._session.post(self.request_url, data=body, headers=headers, timeout=patience) as response:
                answer = await response.text()
                delivery.status = response.status
                enough = response.headers.get("x-slack-no-retry") == "1"
                if response.status < 300 and not delivery.acknowledged.done():
                    delivery.acknowledged.set_result(_payload(answer))
                    delivery.took = time.monotonic() - sent
        self._waiting.pop(key, None)
        if enough:
            delivery.attempts = len(self.retries)
        if not delivery.acked:
            await self._missed(delivery)
        await self._notify()

    async def _missed(self, delivery: Delivery) -> None:
        """Nobody acknowledged it: events are told again, everything else is over."""
        # An event that found no socket at all is lost: https://github.com/slackapi/python-slack-sdk/issues/1701
        reached = delivery.envelopes or self.request_url
        if delivery.kind == "events_api" and reached and delivery.attempts < len(self.retries):
            self._task(self._later(delivery, self.retries[delivery.attempts]))
        else:
            self.lost.append(delivery)
            if not delivery.acknowledged.done():
                delivery.acknowledged.cancel()
        await self._notify()

    async def _later(self, delivery: Delivery, wait: float) -> None:
        await asyncio.sleep(wait)
        if not delivery.acked:
            delivery.attempts += 1
            self._send(delivery)

    async def _close_after(self, sockets: Iterable[web.WebSocketResponse]) -> None:
        await asyncio.sleep(0.2)
        for one in sockets:
            await one.close()

    async def _gone(self, one: web.WebSocketResponse) -> None:
        if one in self.sockets:
            self.sockets.remove(one)
        self._requests.pop(one, None)
        for key in [key for key, (_, its) in self._waiting.items() if its is one]:
            del self._waiting[key]
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def new_event_id() -> str:
    """Unlike every other."""
    return "Ev" + uuid.uuid4().hex[:10].upper()


def http_body(delivery: Delivery) -> tuple[str, str]:
    """The body of a request, and its content type: events are JSON, everything else is a form."""
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload), "application/json"
    form = delivery.payload if delivery.kind == "slash_commands" else {"payload": json.dumps(delivery.payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def signature(secret: str, body: str, at: int | None = None) -> dict[str, str]:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack: of the body and the seconds of the epoch."""
    stamp = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def abort(request: web.Request) -> None:
    """The connection is reset, as when a cable is pulled and a router tells."""
    transport = request.transport
    if transport is None:
        return
    if (sock := transport.get_extra_info("socket")) is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _payload(answer: str) -> Json:
    with suppress(ValueError):
        found = json.loads(answer)
        return found if isinstance(found, dict) else {}
    return {"text": answer} if answer else {}
