"""Questions answered: first that one arrived, then the answer where the asker sees it: alone, openly, or as a form.

What an interaction asks is read by ``questions.py``, what an answer says is the listener's. What goes wrong while
showing an answer is logged: there is nobody left to tell.
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import datetime

from bot.chat import Answer, Invocation, Listener
from bot.platforms.discord import calls, channel, draw, payloads
from bot.platforms.discord.calls import DiscordError, Rest, Said
from bot.platforms.discord.directory import Directory
from bot.platforms.discord.gateway import Patience
from bot.platforms.discord.payloads import PLATFORM, Json, identifier
from bot.platforms.discord.questions import Question
from newsletter.errors import DeliveryError
from newsletter.heard import ChannelId, ChannelSeen, MessageSeen, PersonId, Source
from newsletter.ports import Clock

log = logging.getLogger(__name__)

# The types of a first answer.
MESSAGE, DEFERRED, DEFERRED_UPDATE, MODAL = 4, 5, 6, 9
EPHEMERAL = 1 << 6

_CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"
_FOLLOW_UPS = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = f"{_FOLLOW_UPS}/messages/@original"
_TOO_OLD = (calls.UNKNOWN_WEBHOOK, calls.TOKEN_TOO_OLD)


class Answering:
    """Answers for one listener."""

    def __init__(
        self, rest: Rest, directory: Directory, listener: Listener, clock: Clock, spoilers: str, patience: Patience
    ) -> None:
        self._rest = rest
        self._directory = directory
        self._listener = listener
        self._clock = clock
        self._spoilers = spoilers
        self._patience = patience

    async def answer(self, asked: Question) -> None:
        """Ask the listener, and show what it says. Raises only what the listener raises."""
        try:
            if asked.text.partition(" ")[0] in self._listener.forms and not asked.is_form:
                await self._at_once(asked)
            elif await self._acknowledge(asked):
                await self._show(await self._asked(asked), asked)
        except (DiscordError, DeliveryError) as error:
            log.warning("a question was not answered: %s", error)

    async def _at_once(self, asked: Question) -> None:
        """The answer may be a form, so nothing is said before it, as long as there is time."""
        asking = asyncio.create_task(self._asked(asked))
        try:
            done, _ = await asyncio.wait({asking}, timeout=self._patience.form)
            if done and (form := asking.result().form) is not None and (modal := draw.modal(form)) is not None:
                await self._respond(asked, MODAL, modal)
            elif await self._acknowledge(asked):
                await self._show(await asking, asked)
        finally:
            asking.cancel()

    async def _acknowledge(self, asked: Question) -> bool:
        """Tell Discord that the question arrived. Whether it is still to be answered: not where it was already, nor
        where the asker was told that nobody answers, which happens even to the quick."""
        kind, said = (DEFERRED_UPDATE, None) if asked.pressed else (DEFERRED, {"flags": EPHEMERAL})
        return await self._respond(asked, kind, said)

    async def _respond(self, asked: Question, kind: int, said: Json | None) -> bool:
        body = {"type": kind, **({"data": said} if said is not None else {})}
        try:
            await self._rest.once("POST", _CALLBACK, body, webhook_id=asked.id, webhook_token=asked.token)
        except Said as error:
            if error.code not in (calls.UNKNOWN_INTERACTION, calls.ALREADY_ACKNOWLEDGED):
                raise
            log.warning("a question was answered before, or came too late: %s", error)
            return False
        return True

    async def _asked(self, asked: Question) -> Answer:
        return await self._listener.asked(await self._invocation(asked))

    async def _invocation(self, asked: Question) -> Invocation:
        guild, now = asked.guild, self._clock()
        member = asked.person.get("member")
        person = PersonId(PLATFORM, guild, identifier(asked.person.get("id")))
        self._directory.meet(guild, asked.person, member)
        seen = await self._channel(asked)
        return Invocation(
            asked.id, asked.text, person, seen, asked.locale, asked.values,
            self._message(asked.message, asked, seen, now) if asked.message else None,
        )  # fmt: skip

    async def _channel(self, asked: Question) -> ChannelSeen:
        """Where the question was asked: in a thread, its channel. One that we do not know counts as private."""
        id = identifier(asked.channel.get("id"))
        if asked.guild:
            try:
                if (where := await self._directory.where(id, asked.guild)) is not None:
                    return where.channel
            except DiscordError as error:
                log.info("a channel is not known: %s", error)
        name = payloads.string(asked.channel.get("name")) if asked.guild else ""
        return ChannelSeen(ChannelId(PLATFORM, asked.guild, id), name, self._clock(), private=True)

    def _message(self, message: Json, asked: Question, seen: ChannelSeen, now: datetime) -> MessageSeen | None:
        place = identifier(message.get("channel_id")) or identifier(asked.channel.get("id"))
        thread = place if place != seen.id.id else None
        written = payloads.exported(message, self._directory.names(asked.guild))
        self._directory.remember(identifier(message.get("id")), thread)
        found = payloads.message_seen(
            written,
            seen.id,
            now,
            self._directory.names_of_channels(),
            thread=thread,
            source=Source.LIVE,
            spoilers=self._spoilers,
        )
        return found if isinstance(found, MessageSeen) else None

    # --- showing ---

    async def _show(self, answer: Answer, asked: Question) -> None:
        shown = [channel.quiet(json.loads(message)) for message in draw.messages(answer.cards)]
        if asked.pressed:
            if answer.replaces and shown:
                await self._change_original(asked, shown.pop(0))
        elif answer.private and shown:
            await self._change_original(asked, shown.pop(0))
        else:
            # What was begun for the asker alone stays so: an answer for all begins anew.
            await self._rest.once("DELETE", _ORIGINAL, **await self._webhook(asked))
        await self._follow_up(asked, shown, private=answer.private)

    async def _change_original(self, asked: Question, message: Json) -> None:
        try:
            await self._rest.once("PATCH", _ORIGINAL, message, **await self._webhook(asked))
        except Said as error:
            if error.code not in _TOO_OLD:
                raise
            await self._tell(asked, [message])

    async def _follow_up(self, asked: Question, messages: Sequence[Json], *, private: bool) -> None:
        flags = {"flags": EPHEMERAL} if private else {}
        for number, message in enumerate(messages):
            try:
                await self._rest.once(
                    "POST", _FOLLOW_UPS, {**message, **flags}, **await self._webhook(asked), wait="true"
                )
            except Said as error:
                if error.code not in _TOO_OLD:
                    raise
                await self._tell(asked, messages[number:])
                return

    async def _webhook(self, asked: Question) -> dict[str, str]:
        return {"webhook_id": await self._directory.application(), "webhook_token": asked.token}

    async def _tell(self, asked: Question, messages: Sequence[Json]) -> None:
        """After a quarter of an hour the interaction is over: then in a conversation of our own."""
        person = identifier(asked.person.get("id"))
        place = await channel.conversation(self._rest, person)
        for message in messages:
            await channel.post(self._rest, f"{PLATFORM}:{person}", place, message)
