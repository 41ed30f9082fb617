"""Which channels and people the settings mean, as far as the chats know them; and how to reach the editors.

The settings name channels as people do (``slack:#news``). What is posted there is others' business.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.chat import Cards, Chat
from newsletter.errors import NewsletterError, Refused
from newsletter.heard import ChannelId, ChannelSeen, PersonId
from newsletter.model import Edition, Part, Receipt
from newsletter.ports import Destination
from newsletter.publish import Outlet
from newsletter.settings import NewsletterSettings, is_one_of
from newsletter.store import Store, directory

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=20)
"""How long a chat may take to say where we are: what goes to other places must not wait for it."""


class Places:
    """The channels of all chats."""

    def __init__(self, store: Store, chats: Sequence[Chat]) -> None:
        self._store = store
        self._chats = {chat.platform: chat for chat in chats}

    async def channels(self) -> tuple[ChannelSeen, ...]:
        """Where Linkletter was let in. Of a chat that cannot be reached: what is known of it from before."""
        found: list[ChannelSeen] = []
        for chat in self._chats.values():
            try:
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    found += await chat.channels()
            except (NewsletterError, OSError) as error:
                log.warning("%s cannot say where we are: %s", chat.platform, error)
                async with self._store.reading() as transaction:
                    known = (await directory.channels(transaction)).values()
                found += [seen for seen in known if seen.id.platform == chat.platform]
        return tuple(found)

    async def outlets(self, settings: NewsletterSettings) -> list[Outlet]:
        """The channels the newsletter goes to; where one cannot be found, a place that says so in its stead."""
        channels = await self.channels()
        outlets: list[Outlet] = []
        for written in settings.post_to:
            platform = written.partition(":")[0]
            chat = self._chats.get(platform)
            meant = [seen for seen in channels if is_one_of(seen, (written,))]
            if chat is None:
                continue  # `check` says so: without its tokens nothing of a platform is there
            if meant:
                outlets += [Outlet(chat.destination(seen.id), also=(written,), is_chat=True) for seen in meant]
            else:
                nowhere = Nowhere(written, chat.destination(ChannelId(platform, "", written)))
                outlets.append(Outlet(nowhere, is_chat=True))
        return outlets

    async def tell_editors(self, settings: NewsletterSettings, cards: Cards, *, but_not: str = "") -> bool:
        """Say something to the editors: in their channel, else to each of them; whether somebody was told.

        ``but_not`` is a platform that is known to be broken: it is tried last.
        """
        ways = await self._ways(settings)
        ways.sort(key=lambda way: way.platform == but_not)
        told = False
        for way in ways:
            if told and (way.platform == but_not or way.last_resort):
                break
            told = await self._say(way, cards) or told
        return told

    async def _ways(self, settings: NewsletterSettings) -> list["_Way"]:
        wanted = (settings.editors_channel,) if settings.editors_channel else ()
        ways = [_Way(seen.id) for seen in await self.channels() if is_one_of(seen, wanted)]
        people: set[PersonId] = set()
        for editor in settings.editors:
            platform, _, id = editor.partition(":")
            if (chat := self._chats.get(platform)) is None:
                continue
            try:
                people |= await chat.people(id)
            except (NewsletterError, OSError) as error:
                log.warning("%s cannot say who %s is: %s", platform, id, error)
        return ways + [_Way(person, last_resort=bool(ways)) for person in sorted(people)]

    async def _say(self, way: "_Way", cards: Cards) -> bool:
        chat = self._chats.get(way.platform)
        if chat is None:
            return False
        try:
            await chat.say(way.to, cards)
        except (NewsletterError, OSError) as error:
            log.warning("the editors could not be told by %s: %s", way.platform, error)
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to the editors."""

    to: ChannelId | PersonId
    last_resort: bool = False

    @property
    def platform(self) -> str:
        return self.to.platform


class Nowhere:
    """A channel of the settings that is not there: what is frozen for it waits until it is, and says so."""

    def __init__(self, written: str, like: Destination) -> None:
        self.key = written
        self._like = like

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """As its chat draws."""
        return self._like.draw(edition)

    async def find(self, mark: str) -> Receipt | None:
        """Nothing is here."""
        raise Refused(self.key, f"there is no such channel, or Linkletter was not let in: invite it to {self.key}")

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        """Never."""
        raise Refused(self.key, f"there is no such channel, or Linkletter was not let in: invite it to {self.key}")

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Never."""
        raise Refused(self.key, "the channel is gone")

    async def remove(self, receipt: Receipt) -> None:
        """Nothing is here."""
