"""Manners: say what we are for where we are new, acknowledge a link, and tell a sharer that it was there before.

None of it is needed for a newsletter: what fails is only logged, and nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from bot import cards
from bot.chat import Chat
from bot.speech import of_newsletter
from newsletter import urls
from newsletter.errors import NewsletterError
from newsletter.heard import ChannelSeen, MessageSeen, PersonId, ReactionHeard
from newsletter.languages import language
from newsletter.ports import Clock
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, choices, directory, placements
from newsletter.store import chat as kept

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=10)
"""An older message needs no answer any more: it was heard late."""


class Manners:
    """What is polite."""

    def __init__(self, store: Store, *, clock: Clock, called: str) -> None:
        self._store = store
        self._clock = clock
        self._called = called
        self._errands: set[asyncio.Task[None]] = set()
        # In a rush what is polite must not take the database's connections from what is heard.
        self._looking = asyncio.Semaphore(2)

    async def introduce(self, chat: Chat, channel: ChannelSeen, newsletters: Sequence[NewsletterSettings]) -> None:
        """Say in a channel, once and for ever, what is collected there and how to stay out."""
        polite = [settings for settings in newsletters if settings.introduce]
        if not polite:
            return
        async with self._store.writing() as transaction:
            # Written down first: better not introduced than introduced twice.
            if not await directory.introduce(transaction, channel.id, self._clock()):
                return
        try:
            speech = of_newsletter(polite[0].language)
            await chat.say(channel.id, cards.introduction(polite, self._called, self._clock(), speech))
        except (NewsletterError, OSError) as error:
            log.warning("%s:#%s was not told what we do: %s", chat.platform, channel.name, error)

    def heard(self, chat: Chat, message: MessageSeen, newsletters: Sequence[NewsletterSettings]) -> None:
        """A message was heard and stored. What follows is done beside."""
        if message.edited_at is not None or self._clock() - message.sent_at > FRESH:
            return
        found = urls.find(message.text)
        if not found:
            return
        errand = asyncio.create_task(self._answer(chat, message, {urls.key(url) for url in found}, newsletters))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    def reacted(self, chat: Chat, heard: ReactionHeard, newsletters: Sequence[NewsletterSettings]) -> None:
        """Somebody reacted, and it is stored: where it decides something, our own emoji says that it does."""
        wanted = [one for one in newsletters if one.emoji.done and heard.emoji in one.sorting_emoji]
        if wanted and self._clock() - heard.at <= FRESH:
            errand = asyncio.create_task(self._acknowledge(chat, heard, wanted))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)

    async def _acknowledge(self, chat: Chat, heard: ReactionHeard, newsletters: Sequence[NewsletterSettings]) -> None:
        try:
            async with self._store.reading() as transaction:
                message = (await kept.messages(transaction, [heard.message])).get(heard.message)
                editors = [await choices.members(transaction, one.editors) for one in newsletters]
            if message is None or message.seen is None or not message.present:
                return
            author = message.seen.author
            for settings, roles in zip(newsletters, editors, strict=True):
                if not _decides(settings, heard.person, heard.emoji, author, roles):
                    continue
                stands = any(
                    standing.on and _decides(settings, person, emoji, author, roles)
                    for (person, emoji), standing in message.reactions.items()
                )
                await chat.sign(heard.message, settings.emoji.done, on=stands)
        except (NewsletterError, OSError) as error:
            log.warning("a reaction was not acknowledged: %s", error)

    async def done(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._errands)

    async def _answer(
        self, chat: Chat, message: MessageSeen, keys: set[str], newsletters: Sequence[NewsletterSettings]
    ) -> None:
        try:
            for settings in newsletters:
                if settings.acknowledge:
                    await chat.sign(message.id, settings.acknowledge)
                await self._seen_before(chat, message, keys, settings)
        except (NewsletterError, OSError) as error:
            log.warning("a link was not acknowledged: %s", error)

    async def _seen_before(
        self, chat: Chat, message: MessageSeen, keys: set[str], settings: NewsletterSettings
    ) -> None:
        async with self._looking, self._store.reading() as transaction:
            printed = await placements.printed_links(transaction, settings.key, keys, message.sent_at)
        if printed:
            words = language(settings.language)
            lines = [words.also_in.format(number=one.number, label=one.label) for one in printed.values()]
            await chat.hint(message.id, message.author, cards.seen_before(lines, of_newsletter(settings.language)))


def _decides(
    settings: NewsletterSettings, person: PersonId, emoji: str, author: PersonId, editors: frozenset[PersonId]
) -> bool:
    """Whether this emoji by this person says anything about the links of the author's message."""
    if emoji == settings.emoji.own:
        return person == author
    edits = person in editors or f"{person.platform}:{person.id}" in settings.editors
    return edits and emoji in settings.sorting_emoji
