"""The gateway: Discord's websocket, version 10. Sessions, events and their order, resuming, and how it fails.

``Gateway.tell`` is how everything that happens reaches the bot. It knows intents, sequences and compression; which
event carries what is the business of ``payloads.py``. Sources: events/gateway and events/gateway-events of the docs.
"""

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.servers.discord import payloads
from tests.servers.discord.limits import most
from tests.servers.discord.model import Channel, Json, Kind
from tests.servers.discord.permissions import May

if TYPE_CHECKING:
    from tests.servers.discord.platform import Platform

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, REQUEST_MEMBERS, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 8, 9, 10, 11
GUILDS, GUILD_MEMBERS, PRESENCES, MESSAGES, REACTIONS, CONTENT = 1, 1 << 1, 1 << 8, 1 << 9, 1 << 10, 1 << 15
PRIVILEGED = {"GUILD_MEMBERS": GUILD_MEMBERS, "GUILD_PRESENCES": PRESENCES, "MESSAGE_CONTENT": CONTENT}
# Which intent an event needs, by the beginning of its name. Interactions need none.
NEEDS = {"GUILD_MEMBER_": GUILD_MEMBERS, "MESSAGE_REACTION": REACTIONS, "MESSAGE_": MESSAGES, "GUILD_": GUILDS,
         "CHANNEL_": GUILDS, "THREAD_": GUILDS, "INTERACTION_": 0}  # fmt: skip


@dataclass
class Close:
    """Close the connection; ``code`` None: as if the cable were cut."""

    code: int | None


@dataclass(eq=False)
class Connection:
    """One websocket; frames go out in order, through one compressor if the client asked for it."""

    socket: web.WebSocketResponse
    cut: Callable[[], None]
    outbox: asyncio.Queue[str | Close]
    compressor: Any = None
    received: deque[float] = field(default_factory=deque)
    """When, in loop time, the last frames came."""

    def too_fast(self) -> bool:
        """A frame came; whether it was one too many in 60 s."""
        now = asyncio.get_running_loop().time()
        self.received.append(now)
        while now - self.received[0] >= 60:
            self.received.popleft()
        return len(self.received) > most("gateway.sends")

    def send(self, frame: Json | str) -> None:
        """Text that is no JSON is sent as it is."""
        self.outbox.put_nowait(frame if isinstance(frame, str) else json.dumps(frame))

    async def write(self, flowing: asyncio.Event) -> None:
        """Send what is put into the outbox, while it flows, until a ``Close``."""
        while not isinstance(frame := await self.outbox.get(), Close):
            await flowing.wait()
            if self.compressor is None:
                await self.socket.send_str(frame)
            else:
                packed = self.compressor.compress(frame.encode()) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)
        if frame.code is None:
            self.cut()
        else:
            await self.socket.close(code=frame.code)


@dataclass(eq=False)
class Session:
    """What a bot identified for; outlives its connection, so that it can be resumed."""

    id: str
    intents: int
    connection: Connection | None
    sequence: int = 0
    sent: list[Json] = field(default_factory=list)
    heard: int = 0
    """The highest sequence the bot said, in a heartbeat, to have taken in."""

    def dispatch(self, event: str, payload: Any) -> None:
        """Number an event and send it, or keep it for when the bot resumes."""
        self.sequence += 1
        frame = {"op": DISPATCH, "t": event, "s": self.sequence, "d": payload}
        self.sent.append(frame)
        if self.connection:
            self.connection.send(frame)


class Gateway:
    """All sessions of the one bot.

    ``identified``, ``resumed`` and ``connected`` count what happened. ``acknowledges``: heartbeats are answered.
    ``starts_left`` is the session start limit. ``dropped`` are names of events that get lost.
    """

    def __init__(self, platform: "Platform", heartbeat: float) -> None:
        self._platform = platform
        self._heartbeat = heartbeat
        self.sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._changed = asyncio.Event()
        self.identified: list[Json] = []
        """The payload of each IDENTIFY."""
        self.resumed = 0
        self.connected = 0
        self.resumed_at: list[str] = []
        """The path of each connection that resumed: ``/resume`` is where READY says to."""
        self.starts_left = most("identify.day")
        self.acknowledges = True
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.dropped: set[str] = set()
        self.refuses: int | None = None
        """Identifying is answered by closing with this code, say 4004 or 4014."""

    # --- what happens reaches the bot ---

    def tell(self, event: str, payload: Json, channel: Channel | None = None) -> None:
        """Send an event to every session that asked for it and may see the channel."""
        if event in self.dropped or not self.sessions:
            return
        if channel and channel.kind is Kind.DM:
            return  # for another intent
        if channel and May.VIEW_CHANNEL not in channel.permissions(self._platform.bot):
            return
        needs = next((intent for start, intent in NEEDS.items() if event.startswith(start)), 0)
        for session in self.sessions.values():
            if needs and not session.intents & needs:
                continue
            session.dispatch(event, self._platform.dialect.said(self._seen(event, payload, session)))

    def tell_own(self, event: str, payload: Json) -> None:
        """An event about the bot itself, which needs no intent."""
        for session in self.sessions.values():
            session.dispatch(event, self._platform.dialect.said(payload))

    def _seen(self, event: str, payload: Json, session: Session) -> Json:
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not session.intents & CONTENT:
            return payloads.without_content(payload, self._platform.bot)
        return payload

    # --- how it fails ---

    def send(self, event: str, payload: Any) -> None:
        """Any event with any payload: an unknown one, or one that no parser expects."""
        for session in self.sessions.values():
            session.dispatch(event, payload)

    def send_frame(self, frame: Json | str) -> None:
        """Any frame: an unknown opcode, or no JSON at all."""
        for connection in self._connections:
            connection.send(frame)

    def ask_to_reconnect(self) -> None:
        """Opcode 7."""
        self.send_frame({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Opcode 9; not ``resumable``: the session is gone with all that was not sent."""
        self.send_frame({"op": INVALID, "d": resumable})
        if not resumable:
            self.sessions.clear()

    def close(self, code: int | None = 4000) -> None:
        """Close every connection; None: cut. Sessions stay."""
        for connection in self._connections:
            connection.outbox.put_nowait(Close(code))
        for session in self.sessions.values():
            session.connection = None

    def fall_silent(self, silent: bool = True) -> None:
        """A dead gateway: the connections stand, nothing is sent and nothing heard, until ``silent`` is false again."""
        if silent:
            self._flowing.clear()
        else:
            self._flowing.set()

    def forget(self) -> None:
        """The sessions are gone: resuming will be refused, and what happens until then is lost."""
        for session in self.sessions.values():
            if session.connection:
                session.connection.outbox.put_nowait(Close(4000))
        self.sessions.clear()

    # --- waiting ---

    async def ready(self, within: float = 10) -> None:
        """Return when a bot is connected and was sent READY or RESUMED. Raises ``TimeoutError`` after ``within`` seconds."""
        async with asyncio.timeout(within):
            while not any(session.connection for session in self.sessions.values()):
                await self._change()

    async def dispatched(self, within: float = 10) -> None:
        """Return when the bot, connected again if need be, has taken in all events so far. Raises ``TimeoutError`` after ``within`` seconds.

        It is asked by opcode 1 for a heartbeat at once, which carries the last sequence it has parsed. Its handlers
        have been scheduled then, as tasks; that they are done is not known here.
        """
        async with asyncio.timeout(within):
            await self.ready(within)
            asked: dict[Connection, int] = {}
            while behind := [one for one in self.sessions.values() if one.heard < one.sequence]:
                for session in behind:
                    if session.connection and asked.get(session.connection) != session.sequence:
                        asked[session.connection] = session.sequence
                        session.connection.send({"op": HEARTBEAT, "d": None})
                await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    # --- the protocol ---

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from HELLO to its end."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=4096)
        await socket.prepare(request)
        self.connected += 1
        packed = request.query.get("compress") == "zlib-stream" and self._platform.dialect.packed
        # zstd-stream, which newer Pythons make discord.py ask for, is not spoken here: it takes plain text as well.
        connection = Connection(socket, _cutter(request), asyncio.Queue(), zlib.compressobj() if packed else None)
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write(self._flowing))
        connection.send({"op": HELLO, "d": {"heartbeat_interval": round(self._heartbeat * 1000), "_trace": []}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take(connection, json.loads(message.data), request.path)
        finally:
            self._connections.discard(connection)
            for session in self.sessions.values():
                if session.connection is connection:
                    session.connection = None
            if socket.close_code in (1000, 1001):  # the bot said good-bye: nothing to resume
                self.sessions = {id: one for id, one in self.sessions.items() if one.connection}
            self._changed.set()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    def _take(self, connection: Connection, frame: Json, path: str) -> None:
        if not self._flowing.is_set():
            return
        if connection.too_fast():
            connection.outbox.put_nowait(Close(4008))
            return
        match frame["op"]:
            case 1:
                self._beat(connection, frame["d"])
            case 2:
                self._identify(connection, frame["d"])
            case 6:
                self._resume(connection, frame["d"], path)
            case 8:
                self._members(connection, frame["d"])
            case 3 | 4:
                pass  # presence and voice
            case _:
                connection.outbox.put_nowait(Close(4001))

    def _beat(self, connection: Connection, sequence: int | None) -> None:
        for session in self.sessions.values():
            if session.connection is connection and sequence:
                session.heard = max(session.heard, sequence)
        if self.acknowledges:
            connection.send({"op": ACK, "d": None})
        self._changed.set()

    def _identify(self, connection: Connection, asked: Json) -> None:
        self.identified.append(asked)
        if code := self._refusal(asked):
            connection.outbox.put_nowait(Close(code))
            return
        self.starts_left -= 1
        session = Session(f"session-{len(self.identified)}", asked["intents"], connection)
        self.sessions = {id: one for id, one in self.sessions.items() if one.connection}
        self.sessions[session.id] = session
        shard = {"shard": asked["shard"]} if "shard" in asked else {}
        session.dispatch("READY", self._platform.dialect.said(self._platform.greeting(session.id) | shard))
        for guild in self._platform.own_guilds() if self._platform.dialect.guilds != "at once" else ():
            payload = payloads.guild_for(guild, self._platform.bot) | {"unavailable": False}
            session.dispatch("GUILD_CREATE", self._platform.dialect.said(payload))
        self._changed.set()

    def _refusal(self, asked: Json) -> int | None:
        """The close code, if it may not identify. topics/opcodes-and-status-codes, "Gateway Close Event Codes"."""
        if self.refuses:
            return self.refuses
        if asked["token"] != self._platform.token or self.starts_left <= 0:
            return 4004
        enabled = sum(PRIVILEGED[name] for name in self._platform.privileged)
        if asked["intents"] & sum(PRIVILEGED.values()) & ~enabled:
            return 4014
        return None

    def _resume(self, connection: Connection, asked: Json, path: str) -> None:
        session = self.sessions.get(asked["session_id"])
        if session is None or asked["token"] != self._platform.token:
            connection.send({"op": INVALID, "d": False})
            return
        self.resumed += 1
        self.resumed_at.append(path)
        for frame in session.sent[asked["seq"] or 0 :]:
            connection.send(frame)
        session.connection = connection
        session.dispatch("RESUMED", {"_trace": []})
        self._changed.set()

    def _members(self, connection: Connection, asked: Json) -> None:
        """Opcode 8: the members asked for by id, or by the beginning of their name."""
        guild = self._platform.guilds[str(asked["guild_id"])]
        ids = asked.get("user_ids")
        wanted = {str(id) for id in ([ids] if isinstance(ids, str | int) else ids or ())}
        found = [
            one
            for one in guild.members.values()
            if one.person.id in wanted or (ids is None and one.person.name.lower().startswith(asked["query"].lower()))
        ]
        chunk = {
            "guild_id": guild.id,
            "members": [payloads.member(one) for one in found[: asked.get("limit") or None]],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": sorted(wanted - guild.members.keys()),
        } | ({"nonce": asked["nonce"]} if asked.get("nonce") else {})
        for session in self.sessions.values():
            if session.connection is connection:
                session.dispatch("GUILD_MEMBERS_CHUNK", chunk)


def _cutter(request: web.Request) -> Callable[[], None]:
    transport = request.transport
    return lambda: transport.abort() if transport else None
