"""The server: the Web API and the sockets on one port of loopback, and what people do that the app answers at once.

It puts the pieces together; see the package's docstring for how to use it.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.servers.slack.api import Api
from tests.servers.slack.arguments import Problem, said
from tests.servers.slack.asking import Asked, element_in, filled, named, option_in
from tests.servers.slack.delivery import Delivering, new_event_id
from tests.servers.slack.dialect import Dialect
from tests.servers.slack.front import Call, Front, arguments, token
from tests.servers.slack.limits import LIMITS, RETRIES, most
from tests.servers.slack.shapes import Channel, Message, Person, Shown
from tests.servers.slack.trouble import Trouble
from tests.servers.slack.views import Views
from tests.servers.slack.workspace import Workspace

Json = dict[str, Any]

SCOPES = (
    "app_mentions:read channels:history channels:join channels:read chat:write commands emoji:read groups:history "
    "groups:read im:history im:read im:write mpim:history mpim:read reactions:read reactions:write team:read "
    "usergroups:read users:read"
).split()
"""What the bot's token may do, unless a test says otherwise."""


class SlackServer:
    """See the package's docstring. ``patience``: seconds the app has to acknowledge; ``retries``: seconds until it is
    told again, each time. What is there before ``async with`` begins, nobody is told of."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        patience: float = LIMITS["seconds to acknowledge"].most,
        retries: Iterable[float] = RETRIES,
        scopes: Iterable[str] = SCOPES,
        domain: str = "acme",
        dialect: Dialect | None = None,
    ) -> None:
        self.dialect = dialect or Dialect()
        self.bot_token = "xoxb-1-bot"
        self.app_token = "xapp-1-app"
        self.signing_secret = "signing-secret"
        self.workspace = Workspace(clock, domain=domain)
        self.views = Views(self.workspace)
        self.api = Api(self.workspace, self.views, scopes)
        self.delivering = Delivering(self.signing_secret, patience, retries, self.dialect)
        self.trouble = Trouble()
        self.events: set[str] | None = None
        """The events the app subscribed to, as a manifest names them (``message.channels``); ``None``: all."""
        self.response_url_life = LIMITS["seconds of a response_url"].most
        self.front = Front(self.trouble, self.delivering.reachable)
        self.calls = self.front.calls
        self.asked: dict[str, Asked] = {}
        """By the end of their response_url."""
        self.host, self.port = "127.0.0.1", 0
        self.workspace.tell = self._tell_event
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "SlackServer":
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_post("/commands/{id}", self._respond)
        app.router.add_get("/link/", self.delivering.socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.delivering.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.front.stop()
        await self.delivering.stop()
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """The ``base_url`` of a Web API client."""
        return f"http://{self.host}:{self.port}/api/"

    # --- people and the app ---

    async def ask(self, person: Person, channel: Channel, command: str, text: str = "") -> Asked:
        """A slash command; returns when it is acknowledged or the app's time is over."""
        asked = self._asked(person, channel)
        names = {"channel": channel.name, "group": "privategroup", "im": "directmessage"}
        payload = {
            "token": "legacy", "team_id": self.workspace.id, "team_domain": self.workspace.domain,
            "channel_id": channel.id, "channel_name": names[channel.kind], "user_id": person.id,
            "user_name": self.workspace.user(person)["name"], "command": command, "text": text,
            "api_app_id": self.workspace.app_id, "is_enterprise_install": "false",
            "response_url": asked.response_url, "trigger_id": asked.trigger_id,
        }  # fmt: skip
        return await self._interact(asked, "slash_commands", payload)

    async def ask_again(self, asked: Asked) -> Asked:
        """The same command, button or form is delivered once more, though the person did it once: what comes of it comes
        to the same ``asked``."""
        [asked.delivery] = self.delivering.again(asked.delivery)
        return await self._settled(asked)

    async def press(
        self, person: Person, shown: Message | Shown | Json, button: str, value: Any = None, *, sent: str = ""
    ) -> Asked:
        """A person presses a button, found by its ``action_id``, value or label, in a message, in something only they
        see or in a view; or with ``value`` chooses that in a menu. ``sent`` is what a forger's client says instead of the
        button's own value."""
        channel = shown.channel if isinstance(shown, Message | Shown) else None
        if isinstance(shown, Message):
            message = self.workspace.shape(shown)
        else:
            message = shown.message if isinstance(shown, Shown) else shown
        block, element = element_in(message.get("blocks") or [], button)
        action = {
            "type": element["type"], "action_id": element.get("action_id", ""), "block_id": block["block_id"],
            "action_ts": self.workspace.tick(),
        }  # fmt: skip
        action |= {key: element[key] for key in ("text", "value", "style") if key in element}
        if sent:
            action["value"] = sent
        if value is not None:
            action["selected_option"] = option_in(element, value)
        asked = self._asked(person, channel)
        payload = self._interaction("block_actions", asked) | {"actions": [action]}
        if channel:
            hidden = isinstance(shown, Shown)
            thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
            container = {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": channel.id,
                "is_ephemeral": hidden,
            }
            payload |= {"container": container | thread, "channel": named(channel)}
            # What only one person sees is not sent along.
            payload |= {} if hidden else {"message": message}
            payload |= {"response_url": asked.response_url, "state": {"values": {}}}
            asked.source = shown
        else:
            payload |= {"view": message, "container": {"type": "view", "view_id": message["id"]}}
        return await self._interact(asked, "interactive", payload)

    async def submit(self, person: Person, values: Mapping[str, str] | None = None, view: Json | None = None) -> Asked:
        """A person fills in the modal they see and sends it. ``values`` are by ``block_id`` or ``action_id``; what is not
        named keeps its initial value."""
        view = view or self.views.open_for(person)
        assert view, f"{person.name} sees no modal"
        view["state"] = {"values": filled(view, dict(values or {}))}
        asked = self._asked(person, None)
        payload = self._interaction("view_submission", asked) | {"view": view, "response_urls": []}
        await self._interact(asked, "interactive", payload)
        if asked.ack is not None:
            self._after_submission(person, view, asked.ack)
        return asked

    async def close_view(self, person: Person) -> Asked | None:
        """A person closes the modal; the app hears of it if it asked to (``notify_on_close``)."""
        view = self.views.open_for(person)
        assert view, f"{person.name} sees no modal"
        self.views.shut(person)
        if not view["notify_on_close"]:
            return None
        asked = self._asked(person, None)
        payload = self._interaction("view_closed", asked) | {"view": view, "is_cleared": False}
        return await self._interact(asked, "interactive", payload)

    async def shortcut(self, person: Person, callback_id: str, message: Message | None = None) -> Asked:
        """A person takes a shortcut, from the menu of a message or from everywhere."""
        asked = self._asked(person, message.channel if message else None)
        payload = self._interaction("message_action" if message else "shortcut", asked)
        payload |= {"callback_id": callback_id, "action_ts": self.workspace.tick()}
        if message:
            payload |= {"channel": named(message.channel), "message_ts": message.ts}
            payload |= {"message": self.workspace.shape(message), "response_url": asked.response_url}
        return await self._interact(asked, "interactive", payload)

    def open_home(self, person: Person) -> None:
        """A person looks at the app's Home tab."""
        view = self.views.home_of(person)
        event = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self.workspace.direct(person).id,
            "tab": "home",
        }
        self._tell_event(event | {"event_ts": self.workspace.tick()} | ({"view": view} if view else {}), None)

    def uninstall(self) -> None:
        """The app is thrown out: its tokens are revoked, and it is told."""
        self._tell_event({"type": "tokens_revoked", "tokens": {"bot": [self.workspace.bot.id]}}, None)
        self._tell_event({"type": "app_uninstalled"}, None)
        self.trouble.error("*", "token_revoked")

    async def answered(self, asked: Asked, number: int = 1, within: float = 10) -> list[Json]:
        """Wait for so many posts to its ``response_url``; returns all there are. Raises ``TimeoutError``."""
        await self.seen(lambda: len(asked.answers) >= number, within)
        return asked.answers

    async def seen(self, what: Callable[[], object], within: float = 10) -> None:
        """Wait until a call of the app made this true. Raises ``TimeoutError``."""
        async with asyncio.timeout(within):
            await self.front.until(what)

    async def quiet(self, within: float = 10) -> None:
        """Return when the app is connected, acknowledged everything that reached it, and is making no call."""
        async with asyncio.timeout(within):
            await self.delivering.quiet(within)
            while self.front.busy:
                await self.front.idle()
                await self.delivering.quiet(within)

    # --- the network ---

    async def cut(self) -> None:
        """Nothing gets through any more: sockets and calls are reset. People go on without the app."""
        await self.delivering.cut()

    async def restore(self) -> None:
        """The network is back."""
        await self.delivering.restore()

    async def use_http(self, url: str) -> bool:
        """From now on tell the app by signed requests to ``url``, if it answers the challenge of url_verification."""
        self.delivering.request_url = url
        challenge = uuid.uuid4().hex
        payload = {"type": "url_verification", "token": "legacy", "challenge": challenge}
        delivery = self.delivering.tell("events_api", payload)
        await asyncio.wait({delivery.acknowledged}, timeout=self.delivering.patience)
        answer = delivery.acknowledged.result() if delivery.acked else {}
        return answer.get("challenge", answer.get("text")) == challenge

    def last_call(self, method: str) -> Call:
        """The last call of a method."""
        return self.calls_of(method)[-1]

    def calls_of(self, method: str) -> list[Call]:
        """Every call of a method, in order."""
        return [call for call in self.calls if call.method == method]

    # --- inside: the Web API ---

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method, args = request.match_info["method"], await arguments(request)
        given = token(request, args)
        response, _ = await self.front.answer(
            request, method, args, lambda: self.dialect.answered(method, self._carried_out(method, args, given), args)
        )
        scopes = {"X-OAuth-Scopes": ",".join(sorted(self.api.scopes))} if self.dialect.scopes else {}
        response.headers.extend(scopes | {"X-Slack-Req-Id": uuid.uuid4().hex})
        return response

    def _carried_out(self, method: str, args: Json, token: str) -> Json:
        try:
            if method in self.dialect.lacks:
                raise Problem("unknown_method", req_method=method)
            if method == "apps.connections.open":
                return {"ok": True, "url": self._open_connection(token)}
            row = self.api.row(method)
            if row is None:
                raise Problem("unknown_method", req_method=method)
            if method != "api.test":
                self._admit(token, method, args)
            return {"ok": True, **row[1](args)}
        except Problem as problem:
            return problem.answer

    def _open_connection(self, token: str) -> str:
        if not token:
            raise Problem("not_authed")
        if token != self.app_token:
            raise Problem("not_allowed_token_type" if token == self.bot_token else "invalid_auth")
        return self.delivering.ticket(self.host, self.port)

    def _admit(self, token: str, method: str, args: Json) -> None:
        if not token:
            raise Problem("not_authed")
        if token != self.bot_token:
            raise Problem("not_allowed_token_type" if token == self.app_token else "invalid_auth")
        if needed := self.api.missing(method, args):
            raise Problem("missing_scope", needed=needed, provided=",".join(sorted(self.api.scopes)))

    # --- inside: response_url ---

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        args = await arguments(request)
        asked = self.asked.get(request.match_info["id"])
        if asked is None:
            raise web.HTTPNotFound
        response, answer = await self.front.answer(request, "response_url", args, lambda: self._responded(asked, args))
        if answer and answer["ok"]:
            return web.Response(text="ok")
        if answer:
            response.set_status(404 if answer["error"].endswith("_url") else 400)
        return response

    def _responded(self, asked: Asked, args: Json) -> Json:
        try:
            if time.monotonic() - asked.made > self.response_url_life:
                raise Problem("expired_url")
            if asked.uses >= most("uses of a response_url"):
                raise Problem("used_url")
            source = asked.source
            if args.get("delete_original") and source is not None:
                self._delete_original(source)
            else:
                self._say(asked, args, source, "response_url")
        except Problem as problem:
            return problem.answer
        asked.uses += 1
        asked.answers.append(args)
        return {"ok": True}

    def _say(self, asked: Asked, args: Json, source: Message | Shown | None, via: str) -> None:
        fields = said(args)  # the limit on all blocks together is not for this way: bolt-js issue 2509
        if args.get("replace_original") and isinstance(source, Message):
            self.workspace.change(source, {k: v for k, v in source.fields.items() if k != "blocks"} | fields)
        elif args.get("replace_original") and isinstance(source, Shown):
            source.message.update({"blocks": []} | fields)
        elif args.get("response_type") == "in_channel":
            self.workspace.put(self.workspace.bot, asked.channel, fields, args.get("thread_ts"))
        else:
            thread = {"thread_ts": args["thread_ts"]} if args.get("thread_ts") else {}
            self.workspace.show(asked.person, asked.channel, fields | thread, via)

    def _delete_original(self, source: Message | Shown) -> None:
        if isinstance(source, Message):
            self.workspace.delete(source)
        else:
            self.workspace.hide(source.message["ts"])

    # --- inside: what the app is told ---

    def _tell_event(self, event: Json, channel: Channel | None) -> None:
        if not self._hears(event, channel):
            return
        place = self.workspace
        bot = {"enterprise_id": None, "team_id": place.id, "user_id": place.bot.id, "is_bot": True}
        payload = {
            "token": "legacy", "team_id": place.id, "context_team_id": place.id, "api_app_id": place.app_id,
            "type": "event_callback", "event": event, "event_id": new_event_id(),
            "event_time": int(str(event["event_ts"]).partition(".")[0]) if "event_ts" in event else 0,
            "authorizations": [bot | {"is_enterprise_install": False}],
            "is_ext_shared_channel": bool(channel and channel.shared), "event_context": uuid.uuid4().hex,
        }  # fmt: skip
        self.delivering.tell("events_api", payload)

    def _hears(self, event: Json, channel: Channel | None) -> bool:
        name = event["type"]
        if not self._runner:
            return False  # nobody was there yet
        for_members = name.startswith(("message", "reaction_", "member_", "app_mention"))
        if channel and (channel.private or for_members) and self.workspace.bot.id not in channel.members:
            return False
        if name == "message":
            name = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}[channel.kind]
        return self.events is None or name in self.events

    def _asked(self, person: Person, channel: Channel | None) -> Asked:
        id = uuid.uuid4().hex
        url = f"http://{self.host}:{self.port}/commands/{id}"
        asked = Asked(person, channel, self.views.trigger(person), url)
        self.asked[id] = asked
        return asked

    async def _interact(self, asked: Asked, kind: str, payload: Json) -> Asked:
        asked.delivery = self.delivering.tell(kind, payload)
        return await self._settled(asked)

    async def _settled(self, asked: Asked) -> Asked:
        await asyncio.wait({asked.delivery.acknowledged}, timeout=self.delivering.patience + 1)
        if asked.ack and (asked.ack.get("text") or asked.ack.get("blocks")) and asked.channel:
            self._say(asked, asked.ack, asked.source, "ack")
        return asked

    def _interaction(self, kind: str, asked: Asked) -> Json:
        place, person = self.workspace, asked.person
        handle = place.user(person)["name"]
        return {
            "type": kind, "team": {"id": place.id, "domain": place.domain}, "api_app_id": place.app_id,
            "token": "legacy", "user": {"id": person.id, "username": handle, "name": handle, "team_id": place.id},
            "enterprise": None, "is_enterprise_install": False, "trigger_id": asked.trigger_id,
        }  # fmt: skip

    def _after_submission(self, person: Person, view: Json, ack: Json) -> None:
        match ack.get("response_action"):
            case "errors":
                view["errors"] = ack["errors"]
            case "clear":
                self.views.shut(person, all=True)
            case "update":
                self.views.replace(view["id"], ack["view"])
            case "push":
                self.views.put(person, ack["view"], on_top=True)
            case _:
                self.views.shut(person)
