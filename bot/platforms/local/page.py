"""The room over HTTP: what its page, or whoever else speaks JSON, may do there, and a stream of what happens.

Who may ask at all, and every header but the kind of content, is ``bot/web.py``'s; how things look in JSON is
``view``'s. A page plays whoever it likes: a room is for trying things out, and keeps no one apart from anyone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from bot.chat import Command
from bot.platforms.local import view
from bot.platforms.local.room import (
    Channel,
    Deleted,
    Event,
    Message,
    Person,
    Posted,
    Reacted,
    Room,
    RoomError,
    Whisper,
)

LONGEST = 12_000
"""How many characters a person may write at once."""

NEWEST = 100
"""How many of a channel's messages are shown at once, threads aside."""

WAITING = 1000
"""Who is so many events behind is cut off, and asks for everything anew."""

BEAT_SECONDS = 15
"""How often a silent stream says that it is there: so a page that has gone is noticed."""


class Wrong(Exception):
    """A request that cannot be answered, in words for who sent it."""


class RoomPage:
    """The room's routes. ``changed`` tells every page that something beside the room is different now."""

    def __init__(self, room: Room, commands: Sequence[Command], *, called: str = "/digest", zone: str = "UTC") -> None:
        """``zone``: how the page shows times."""
        self._room = room
        self._commands = commands
        self._called = called
        self._zone = zone
        self._streams: set[asyncio.Queue[tuple[str, Any] | None]] = set()
        room.watchers.add(self._happened)

    def routes(self) -> list[web.RouteDef]:
        """What is asked, and what is done."""
        does: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "post": self._post,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "ask": self._ask,
            "press": self._press,
            "person": self._join,
            "channel": self._open,
        }
        return [
            web.get("/api/room", self._state),
            web.get("/api/messages/{channel}", self._messages),
            web.get("/api/events", self._events),
            *(web.post(f"/api/{name}", _done(do)) for name, do in does.items()),
        ]

    def changed(self, what: str, now: object = None) -> None:
        """Tell every page."""
        for stream in tuple(self._streams):
            if stream.qsize() >= WAITING:
                stream.put_nowait(None)
                self._streams.discard(stream)
            else:
                stream.put_nowait((what, now))

    def close(self) -> None:
        """End every stream: a server that closes waits for no page."""
        for stream in self._streams:
            stream.put_nowait(None)
        self._room.watchers.discard(self._happened)

    # --- what is asked ---

    async def _state(self, _: web.Request) -> web.Response:
        return _json({**view.of_room(self._room, self._commands, self._called), "zone": self._zone})

    async def _messages(self, request: web.Request) -> web.Response:
        """The newest of a channel, and whatever stands in their threads; ``before`` a message, those before it."""
        try:
            channel = self._channel({"channel": request.match_info["channel"]})
        except Wrong as error:
            raise web.HTTPNotFound(text=str(error)) from error
        found = self._room.messages(channel.id)
        top = [one for one in found if one.thread is None or self._room.message(one.thread) is None]
        before = request.query.get("before")
        end = next((n for n, one in enumerate(top) if one.id == before), len(top))
        shown = top[max(0, end - NEWEST) : end]
        ids = {one.id for one in shown}
        replies = [one for one in found if one.thread in ids]
        return _json({"messages": [self._seen(one) for one in (*shown, *replies)], "more": end > NEWEST})

    def _seen(self, message: Message) -> view.Json:
        return view.of_message(message, self._room.people, self._room.previews)

    # --- what happens ---

    def _happened(self, event: Event | Whisper | Channel | Person) -> None:
        match event:
            case Posted(message) | Reacted(message):
                now = self._room.message(message.id)
                if now is not None:
                    self.changed("message", self._seen(now))
            case Deleted(message):
                self.changed("gone", {"id": message.id, "channel": message.channel})
            case Whisper():
                self.changed("whisper", view.of_whisper(event))
            case Channel():
                self.changed("channel", view.of_channel(event))
            case Person():
                self.changed("person", view.of_person(event))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        stream: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
        self._streams.add(stream)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        try:
            await response.prepare(request)
            await response.write(b"event: open\ndata: {}\n\n")
            while (said := await _next(stream)) is not None:
                await response.write(said)
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            self._streams.discard(stream)
        return response

    # --- what is done ---

    async def _post(self, asked: Mapping[str, Any]) -> object:
        thread = _text(asked, "thread", "")
        if thread and self._room.message(thread) is None:
            raise Wrong("The thread is gone.")
        message = self._room.post(self._channel(asked), self._person(asked), _written(asked), thread or None)
        return {"id": message.id}

    async def _edit(self, asked: Mapping[str, Any]) -> object:
        self._room.edit(self._own(asked).id, _written(asked))
        return {}

    async def _delete(self, asked: Mapping[str, Any]) -> object:
        self._room.delete(self._own(asked).id)
        return {}

    async def _react(self, asked: Mapping[str, Any]) -> object:
        emoji = _text(asked, "emoji")
        if not emoji or len(emoji) > 40:
            raise Wrong("That is no emoji.")
        self._room.react(self._message(asked).id, self._person(asked), emoji, on=asked.get("on") is not False)
        return {}

    async def _ask(self, asked: Mapping[str, Any]) -> object:
        values = asked.get("values") or {}
        if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
            raise Wrong("values must be texts by the names of the fields.")
        about, pressed = _text(asked, "about", ""), _text(asked, "pressed", "")
        if any(id and self._room.message(id) is None for id in (about, pressed)):
            raise Wrong("The message is gone.")
        shown = await self._room.ask(
            self._channel(asked),
            self._person(asked),
            _text(asked, "text", at_most=LONGEST),
            _text(asked, "id", ""),
            values=values,
            about=about or None,
            pressed=pressed or None,
            locale=_text(asked, "locale", ""),
        )
        return view.of_shown(shown)

    async def _press(self, asked: Mapping[str, Any]) -> object:
        message, person, text = self._message(asked), self._person(asked), _text(asked, "text")
        if all(action.text != text for action in message.actions):
            raise Wrong("The button is gone: the message has changed.")
        channel = self._room.channel(message.channel)
        locale = _text(asked, "locale", "")
        return view.of_shown(await self._room.ask(channel, person, text, pressed=message.id, locale=locale))

    async def _join(self, asked: Mapping[str, Any]) -> object:
        return view.of_person(self._room.join(_name(asked)))

    async def _open(self, asked: Mapping[str, Any]) -> object:
        name = "-".join(_name(asked).removeprefix("#").split()).casefold()
        if any(channel.name == name for channel in self._room.channels.values()):
            raise Wrong(f"There is a channel #{name} already.")
        return view.of_channel(self._room.open_channel(name, private=asked.get("private") is True))

    # --- what a request means ---

    def _channel(self, asked: Mapping[str, Any]) -> Channel:
        try:
            return self._room.channel(_text(asked, "channel"))
        except KeyError:
            raise Wrong("There is no such channel.") from None

    def _person(self, asked: Mapping[str, Any]) -> Person:
        person = self._room.people.get(_text(asked, "person"))
        if person is None or person.bot:
            raise Wrong("There is no such person.")
        return person

    def _message(self, asked: Mapping[str, Any]) -> Message:
        message = self._room.message(_text(asked, "message"))
        if message is None:
            raise Wrong("The message is gone.")
        return message

    def _own(self, asked: Mapping[str, Any]) -> Message:
        message = self._message(asked)
        if message.author != self._person(asked):
            raise Wrong("Only who wrote a message may change it.")
        return message


def _done(do: Callable[[Mapping[str, Any]], Awaitable[object]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            asked = await request.json()
        except ValueError:
            return _json({"error": "That is no JSON."}, 400)
        if not isinstance(asked, dict):
            return _json({"error": "Send a JSON object."}, 400)
        try:
            return _json(await do(asked))
        except Wrong as error:
            return _json({"error": str(error)}, 400)
        except RoomError as error:
            return _json({"error": f"Linkletter does not answer: {error}"}, 503)

    return answer


async def _next(stream: asyncio.Queue[tuple[str, Any] | None]) -> bytes | None:
    """The next lines of a stream; ``None``: it has ended."""
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            said = await stream.get()
    except TimeoutError:
        return b": still here\n\n"
    if said is None:
        return None
    what, now = said
    return f"event: {what}\ndata: {json.dumps(now, ensure_ascii=False)}\n\n".encode()


def _json(value: object, status: int = 200) -> web.Response:
    text = json.dumps(value, ensure_ascii=False)
    return web.Response(
        text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _text(asked: Mapping[str, Any], name: str, default: str | None = None, *, at_most: int = 200) -> str:
    value = asked.get(name, default)
    value = default if value is None else value
    if not isinstance(value, str):
        raise Wrong(f"{name} must be a text.")
    if len(value) > at_most:
        raise Wrong(f"{name} is too long: {at_most} characters are allowed.")
    return value


def _written(asked: Mapping[str, Any]) -> str:
    text = _text(asked, "text", at_most=LONGEST).strip()
    if not text:
        raise Wrong("Write something first.")
    return text


def _name(asked: Mapping[str, Any]) -> str:
    name = " ".join(_text(asked, "name", at_most=40).split())
    if not name.removeprefix("#"):
        raise Wrong("It needs a name.")
    return name
