"""Linkletter in Slack: a ``bot.chat.Chat``, put together here from its parts.

Read in this order: ``socket_mode.py`` and ``http_mode.py`` are the two ways in, ``taking.py`` what is done with what
comes, ``answering.py`` with questions; ``reading.py`` reads back; ``channel.py`` posts; ``directory.py`` knows names.
"""

import asyncio
import json
import logging
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from datetime import datetime

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.chat import Cards, Listener, PermissionDenied
from bot.platforms.slack import answering, calls, channel, draw, http_mode, markup, payloads, reading, socket_mode
from bot.platforms.slack.answering import Answering
from bot.platforms.slack.calls import Said, SlackError
from bot.platforms.slack.channel import SlackChannel
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.markup import Json, string
from bot.platforms.slack.settings import SlackSettings
from bot.platforms.slack.socket_mode import Patience
from bot.platforms.slack.subscribed import Subscribed
from bot.platforms.slack.taking import Taking
from newsletter.errors import NewsletterError, UserError
from newsletter.heard import ChannelId, ChannelSeen, MessageId, PersonId, Reading
from newsletter.ports import Clock, Destination

log = logging.getLogger(__name__)

IN_VAIN = 3
"""So often a payload may make us fail; then it is let go, or Slack would bring it again and again."""


class Slack:
    """The bot in one workspace. ``called`` is its slash command, which the manifest registers; ``decisive`` are the
    emoji of which a reading must know who put them there."""

    platform = payloads.PLATFORM

    def __init__(
        self,
        settings: SlackSettings,
        *,
        clock: Clock,
        called: str = "/digest",
        decisive: frozenset[str] = frozenset(),
        patience: Patience | None = None,
    ) -> None:
        self.called = called
        self._settings = settings
        self._clock = clock
        self._decisive = decisive
        self._patience = patience or Patience()
        self._web = calls.client(settings)
        self._directory = Directory(self._web, clock)
        self._subscribed = Subscribed()

    async def run(self, listener: Listener) -> None:
        """Hear and answer until cancelled. Raises ``UserError`` for what connecting again does not mend."""
        if missing := self._settings.lacks():
            raise UserError("\n".join(f"platforms.slack.{key}: {why}" for key, why in missing.items()))
        try:
            async with asyncio.TaskGroup() as tasks:
                run = _Run(
                    self,
                    self._directory,
                    listener,
                    tasks,
                    Answering(self._web, self._directory, listener, self._clock),
                    self._clock,
                    self._patience,
                )
                tasks.create_task(run.read_back())
                tasks.create_task(run.end_when_broken())
                tasks.create_task(self._let_in(run))
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None
            raise
        finally:
            await self._directory.close()

    async def _let_in(self, run: "_Run") -> None:
        """By the way in that is configured; Socket Mode where both are."""
        await run.until_reachable()
        bot_token, app_token, secret = self._settings.bot_token, self._settings.app_token, self._settings.signing_secret
        if app_token:
            await socket_mode.run(self._web, app_token.get_secret_value(), run.take, run.connected, self._patience)
            return
        app = AsyncApp(
            name="linkletter",
            token=bot_token.get_secret_value() if bot_token else "",
            signing_secret=secret.get_secret_value() if secret else "",
            before_authorize=run.hook,
        )
        async with http_mode.serving(app, self._settings.http_host, self._settings.http_port):
            run.connected()
            await asyncio.Event().wait()

    # --- reading ---

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """The channels Linkletter was invited to. Raises ``ConnectionError``."""
        return tuple((await self._directory.channels()).values())

    async def read(self, channel: ChannelId, since: datetime, threads: Collection[str] = ()) -> AsyncGenerator[Reading]:
        """The channel since ``since``, then its threads with a reply since then and those named.

        Raises ``PermissionDenied``, and ``ConnectionError`` where Slack cannot be reached.
        """
        seen = await self._directory.channel(channel.id)
        found = reading.read(self._web, self._directory, self._clock, seen, since, threads, self._decisive)
        async with aclosing(found):
            async for one in found:
                if unsent := self._subscribed.read(one):
                    log.warning(unsent)
                yield one

    async def people(self, role: str) -> frozenset[PersonId]:
        """A person, or the people of a user group (``S…``)."""
        workspace = (await self._directory.us()).workspace
        if not role.startswith("S"):
            return frozenset([PersonId(self.platform, workspace, role)])
        try:
            said = await calls.patiently(self._web.usergroups_users_list, usergroup=role)
        except Said as error:
            if error.code == "missing_scope":
                why = "add the scope usergroups:read to the app and install it again"
                raise PermissionDenied(f"Linkletter may not see who is in the group {role}: {why}") from error
            log.warning("the user group %s of the configuration: %s", role, error)
            return frozenset()
        found = said.get("users")
        ids = found if isinstance(found, list) else []
        return frozenset(PersonId(self.platform, workspace, id) for id in ids if isinstance(id, str))

    async def permalink(self, message: MessageId) -> str | None:
        """As Slack says it, for it knows of threads and of workspaces with other names."""
        try:
            said = await calls.patiently(self._web.chat_getPermalink, channel=message.channel.id, message_ts=message.id)
        except SlackError:
            return None
        return string(said.get("permalink")) or None

    # --- posting ---

    def destination(self, channel: ChannelId) -> Destination:
        """The channel as a destination."""
        return SlackChannel(self._web, self._directory, self._clock, channel.id)

    async def say(self, to: ChannelId | PersonId, cards: Cards) -> MessageId | None:
        """Post the cards, all but the first message in its thread."""
        first: MessageId | None = None
        place = to.id
        for message in draw.messages(cards):
            thread = first.id if first else None
            said = await channel.post(self._web, f"slack:{to.id}", place, message, thread)
            # In a conversation with one person the answer names the conversation, whose thread the others go to.
            place = string(said.get("channel")) or place
            first = first or MessageId(ChannelId(self.platform, to.workspace, place), channel.posted(said))
        return first

    async def hint(self, message: MessageId, person: PersonId, cards: Cards) -> None:
        """An ephemeral message in the channel: gone when they reload, which is what a hint may be."""
        try:
            for shown in draw.messages(cards):
                await answering.show_ephemeral(self._web, message.channel.id, person.id, json.loads(shown))
        except (SlackError, UserError) as error:
            log.warning("a hint could not be given: %s", error)

    async def sign(self, message: MessageId, emoji: str, *, on: bool = True) -> None:
        """Our reaction, by Slack's name for the emoji."""
        react = self._web.reactions_add if on else self._web.reactions_remove
        try:
            await calls.once(react, channel=message.channel.id, timestamp=message.id, name=markup.emoji_name(emoji))
        except (SlackError, UserError) as error:
            if not (isinstance(error, Said) and error.code in ("already_reacted", "no_reaction")):
                log.warning("the reaction %s could not be set: %s", emoji, error)

    async def close(self) -> None:
        """Each call has its own connection, so there is little to let go of."""
        await self._directory.close()


class _Run:
    """One run: what was missed, what is asked, and what ends it."""

    def __init__(
        self,
        chat: Slack,
        directory: Directory,
        listener: Listener,
        tasks: asyncio.TaskGroup,
        answering: Answering,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self.missed = asyncio.Event()
        self._chat = chat
        self._directory = directory
        self._listener = listener
        self._patience = patience
        self._failures = Counter[str]()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clock = clock
        self._taking = Taking(
            directory,
            listener,
            clock,
            lambda asked: tasks.create_task(answering.answer(asked)),
            self.missed.set,
            chat._subscribed,
        )

    def connected(self) -> None:
        """From now on we hear; what was before may have been missed."""
        self._chat._subscribed.connected(self._clock())
        self.missed.set()

    async def hook(self, req: AsyncBoltRequest, next: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        """bolt's, for every payload whose signature is right: what it returns is the acknowledgement."""
        if req.body.get("type") == "url_verification":
            return await next()
        return BoltResponse(status=200 if await self._is_taken(req.body) else 503)

    async def take(self, envelope: Json) -> bool:
        """Socket Mode's, for every envelope. bolt would add nothing here, and fails over payloads that are not quite as
        documented."""
        payload = envelope.get("payload")
        return not isinstance(payload, dict) or await self._is_taken(payload)

    async def _is_taken(self, body: Json) -> bool:
        """Take it in; whether to acknowledge it: only once all is stored, so that a kill in between loses nothing."""
        try:
            await self._taking.take(body)
        except SlackError as error:
            log.warning("Slack is to say something again: %s", error)
            return False
        except (NewsletterError, OSError) as error:
            if not self._broken.done():
                self._broken.set_exception(error)
            return False
        except Exception as error:
            return self._is_hopeless(body, error)
        return True

    def _is_hopeless(self, body: Json, error: Exception) -> bool:
        """Whether to let go of a payload that made us fail. The log says where it failed, not what people wrote."""
        event = body.get("event")
        kind = event.get("type") if isinstance(event, dict) else body.get("type")
        id = str(body.get("event_id") or body.get("trigger_id") or "without an id")
        self._failures[id] += 1
        hopeless = self._failures[id] >= IN_VAIN
        reference, then = secrets.token_hex(3), "it is let go" if hopeless else "Slack is to say it again"
        log.error("a %s could not be taken in (%s); %s, reference %s", kind, id, then, reference, exc_info=error)
        if hopeless:
            del self._failures[id]
        return hopeless

    async def end_when_broken(self) -> None:
        """What the listener raises ends the run."""
        await self._broken

    async def until_reachable(self) -> None:
        """Wait until Slack says who we are."""
        failures = 0
        while True:
            try:
                await self._directory.us()
                return
            except SlackError as error:
                failures += 1
                log.warning("Slack cannot be reached yet: %s", error)
                await asyncio.sleep(socket_mode.backoff(failures, self._patience))

    async def read_back(self) -> None:
        """Whenever something may have been missed; again, where Slack could not be reached."""
        failures = 0
        while True:
            await self.missed.wait()
            self.missed.clear()
            try:
                await self._listener.connected(self._chat)
                failures = 0
            except SlackError as error:
                failures += 1
                log.warning("not everything could be read back, it is tried again: %s", error)
                await asyncio.sleep(socket_mode.backoff(failures, self._patience))
                self.missed.set()
