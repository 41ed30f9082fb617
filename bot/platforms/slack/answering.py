"""Questions answered: who asks what from where, and the answer where they see it: for them alone, openly, or as a form.

What a payload asks is read by ``questions.py``, what an answer says is the listener's; by then Slack already knows that
the question arrived. What goes wrong while showing an answer is logged: there is nobody left to tell.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Answer, Invocation, Listener
from bot.platforms.slack import calls, channel, draw, payloads, questions
from bot.platforms.slack.calls import Said, SlackError, WrongToken
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.markup import Json
from bot.platforms.slack.questions import Question
from newsletter.errors import DeliveryError, Refused
from newsletter.heard import ChannelSeen, MessageSeen, PersonId, Source
from newsletter.ports import Clock

log = logging.getLogger(__name__)

USES = 5
"""Of one ``response_url``, within half an hour: https://docs.slack.dev/interactivity/handling-user-interaction"""


_NOT_THERE = ("not_in_channel", "channel_not_found", "user_not_in_channel", "missing_scope", "unknown_method")


class Answering:
    """Answers for one listener."""

    def __init__(self, web: AsyncWebClient, directory: Directory, listener: Listener, clock: Clock) -> None:
        self._web = web
        self._directory = directory
        self._listener = listener
        self._clock = clock

    async def answer(self, asked: Question) -> None:
        """Ask the listener, and show what it says. Raises only ``WrongToken``, and what the listener raises."""
        try:
            invocation = await self._invocation(asked)
        except SlackError as error:
            log.warning("a question could not be understood: %s", error)
            return
        except WrongToken:
            raise
        except Exception:
            log.exception("a question could not be understood")
            return
        answer = await self._listener.asked(invocation)
        try:
            await self._show(answer, asked)
        except (SlackError, DeliveryError) as error:
            log.warning("an answer could not be shown: %s", error)
        except WrongToken:
            raise
        except Exception:
            log.exception("an answer could not be shown")

    async def _invocation(self, asked: Question) -> Invocation:
        us = await self._directory.us()
        if (
            asked.text.partition(" ")[0] not in self._listener.forms
        ):  # a form opens within three seconds: no time for names
            await self._directory.names([asked.person])
        seen = await self._directory.channel(asked.channel, asked.channel_name)
        return Invocation(
            asked.id,
            asked.text,
            PersonId(payloads.PLATFORM, us.workspace, asked.person),
            seen,
            self._directory.locale(asked.person),
            asked.values,
            await self._message(asked.message, seen) if asked.message else None,
        )

    async def _message(self, message: Json, seen: ChannelSeen) -> MessageSeen | None:
        us = await self._directory.us()
        names = await self._directory.names(*payloads.mentioned(message))
        now = self._clock()
        found = payloads.message_seen(message, seen.id, names, Source.LIVE, now, us.domain or None)
        return replace(found, emoji=None) if isinstance(found, MessageSeen) else None

    # --- showing ---

    async def _show(self, answer: Answer, asked: Question) -> None:
        if answer.form is not None and await self._open(answer, asked):
            return
        shown = [json.loads(message) for message in draw.messages(answer.cards)]
        if answer.replaces and asked.stands is not None and await self._replace(shown[:1], asked):
            shown = shown[1:]
        if answer.private:
            await self._show_alone(shown, asked)
        else:
            await self._show_all(shown, asked)

    async def _open(self, answer: Answer, asked: Question) -> bool:
        """Whether the form could be opened: only in the seconds after a click or a command."""
        if answer.form is None or not asked.trigger:
            return False
        if not (note := questions.note(asked, answer.form.text)):
            return False
        try:
            view = draw.view(answer.form, note)
            await calls.once(self._web.views_open, trigger_id=asked.trigger, view=view)
        except SlackError as error:
            log.warning("a form could not be opened: %s", error)
            return False
        return True

    async def _replace(self, shown: Sequence[Json], asked: Question) -> bool:
        """Put the message in place of the one the button stands in. Whether it could be done."""
        stands = asked.stands
        if stands is None or not shown:
            return False
        try:
            if stands.shown or not asked.channel:
                await calls.respond(asked.response_url, {**shown[0], "replace_original": True})
            else:
                await calls.once(
                    self._web.chat_update,
                    channel=asked.channel,
                    ts=stands.ts,
                    link_names=False,
                    parse="none",
                    **shown[0],
                )
        except SlackError as error:
            log.warning("a message could not be replaced: %s", error)
            return False
        return True

    async def _show_alone(self, shown: Sequence[Json], asked: Question) -> None:
        """Through the ``response_url`` as long as it works, which is everywhere; then as an ephemeral message, which
        wants us in the channel; else in a conversation with the person."""
        thread = {"thread_ts": asked.thread} if asked.thread else {}
        uses = USES if asked.response_url else 0
        for message in shown:
            if uses:
                uses -= 1
                try:
                    private = {"response_type": "ephemeral", "replace_original": False}
                    await calls.respond(asked.response_url, {**message, **private, **thread})
                    continue
                except Said as error:
                    log.info("a response_url is used up: %s", error)
                    uses = 0
            await self._show_ephemeral(message, asked, thread)

    async def _show_ephemeral(self, message: Json, asked: Question, thread: dict[str, str]) -> None:
        try:
            await show_ephemeral(self._web, asked.channel, asked.person, {**message, **thread})
        except Said as error:
            if error.code not in _NOT_THERE:
                raise
            await channel.post(self._web, "slack", asked.person, json.dumps(message))

    async def _show_all(self, shown: Sequence[Json], asked: Question) -> None:
        thread = asked.thread or None
        for message in shown:
            try:
                said = await channel.post(self._web, "slack", asked.channel, json.dumps(message), thread)
                thread = thread or channel.posted(said) or None
            except Refused:
                if not asked.response_url:
                    raise
                # Where we are not in the channel, only the question's own way back leads there.
                await calls.respond(asked.response_url, {**message, "response_type": "in_channel"})


async def show_ephemeral(web: AsyncWebClient, place: str, person: str, message: Json) -> None:
    """A message only this person sees, until they reload. Raises ``SlackError``."""
    await calls.once(web.chat_postEphemeral, channel=place, user=person, link_names=False, parse="none", **message)
