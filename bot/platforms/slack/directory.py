"""Who and what the ids in Slack's JSON are: the workspace, its people, the channels we are in. Asked once, then known
for a while.

Names are a kindness and must never hold up what was said: where Slack does not tell one in time, it is done without.
"""

import asyncio
import re
from collections.abc import Collection, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import PermissionDenied
from bot.platforms.slack import calls, payloads
from bot.platforms.slack.calls import Said, SlackError, WrongToken
from bot.platforms.slack.markup import Json, Names, clean, string
from newsletter.heard import ChannelId, ChannelSeen, PersonId, PersonSeen
from newsletter.ports import Clock

KNOWN_FOR = timedelta(hours=6)
"""How long a name is good for; names change seldom, and Slack tells a large workspace's changes too often."""
CHANNELS_KNOWN_FOR = timedelta(minutes=5)
PATIENCE = 1.5
"""Seconds an event may wait for names: Slack wants its answer within three."""
AT_ONCE = 8
"""How many people are asked about at the same time."""
ELSEWHERE = " (Slack Connect)"
"""Stands after the names of people of other workspaces, who are guests in a shared channel."""


@dataclass(frozen=True, slots=True)
class Us:
    """What ``auth.test`` says the bot token is for. ``domain`` is ``acme`` of ``acme.slack.com``, or ``""``."""

    workspace: str
    user: str
    bot: str
    domain: str


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    bot: bool
    locale: str
    as_of: datetime


class Directory:
    """The people and channels of one workspace."""

    def __init__(self, web: AsyncWebClient, clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._us: Us | None = None
        self._people: dict[str, _Person] = {}
        self._others: dict[str, str] = {}  # the names of channels we are not in
        self._channels: dict[str, ChannelSeen] | None = None
        self._channels_as_of: datetime | None = None
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def us(self) -> Us:
        """Whose token this is. Raises ``Unreachable`` or ``WrongToken``."""
        return self._us or await self.ask_who_we_are()

    async def ask_who_we_are(self) -> Us:
        """As ``us``, but asked anew: Slack says that a token was revoked, which may be long ago, or another one's."""
        try:
            said = await calls.patiently(self._web.auth_test)
        except WrongToken:
            self._us = None
            raise
        except Said as error:
            raise WrongToken(f"Slack does not take the bot token: {error}") from error
        domain = re.fullmatch(r"https://([\w.-]+)\.slack\.com/?", string(said.get("url")))
        id, user, bot = (string(said.get(key)) for key in ("team_id", "user_id", "bot_id"))
        self._us = Us(id, user, bot, domain[1] if domain else "")
        return self._us

    async def close(self) -> None:
        """Ask nothing any more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    # --- people ---

    async def names(self, people: Iterable[str], channels: Iterable[str] = ()) -> Names:
        """What the people and channels are called, as far as it is known or Slack says so in time."""
        now = self._clock()
        strangers = [id for id in people if (who := self._people.get(id)) is None or now - who.as_of > KNOWN_FOR]
        unknown = [id for id in channels if id not in (self._channels or {}) and id not in self._others]
        if strangers or unknown:
            asked = [self._ask(id, self._learn_person(id)) for id in strangers]
            asked += [self._ask(id, self._learn_channel(id)) for id in unknown]
            await asyncio.wait(asked, timeout=PATIENCE)
        return self.known()

    async def learn(self, people: Collection[str]) -> Names:
        """As ``names``, however long it takes: for reading back, where nobody waits."""
        strangers = [id for id in people if id not in self._people]
        for start in range(0, len(strangers), AT_ONCE):
            some = strangers[start : start + AT_ONCE]
            await asyncio.wait([self._ask(id, self._learn_person(id)) for id in some])
        return self.known()

    def known(self) -> Names:
        """The names known now."""
        us = self._us
        bots = {id for id, who in self._people.items() if who.bot} | ({us.user} if us else set())
        channels = self._others | {id: seen.name for id, seen in (self._channels or {}).items()}
        return Names({id: who.name for id, who in self._people.items() if who.name}, channels, frozenset(bots))

    def person(self, id: str) -> PersonSeen | None:
        """Someone by the name known now; ``None`` where there is none."""
        who = self._people.get(id)
        if who is None or not who.name or self._us is None:
            return None
        return PersonSeen(PersonId(payloads.PLATFORM, self._us.workspace, id), who.name, who.as_of, who.bot)

    def locale(self, person: str) -> str:
        """The person's language as Slack names it, ``""`` where it is not known."""
        return self._people[person].locale if person in self._people else ""

    def meet(self, id: str, profile: object, team: str) -> None:
        """Learn a name from what stands beside a message, where Slack tells no other: people from elsewhere."""
        known = self._people.get(id)
        if isinstance(profile, dict) and (known is None or not known.name) and (name := payloads.person_name(profile)):
            self._people[id] = _Person(self._marked(name, team), False, "", self._clock())

    def _ask(self, id: str, question: Coroutine[None, None, None]) -> asyncio.Task[None]:
        if (asking := self._asking.get(id)) is not None:
            question.close()
            return asking
        task = self._asking[id] = asyncio.create_task(question)
        task.add_done_callback(lambda _: self._asking.pop(id, None))
        return task

    async def _learn_person(self, id: str) -> None:
        try:
            said = (await calls.patiently(self._web.users_info, user=id, include_locale=True)).get("user")
        except Said:
            said = {}  # of another workspace, or gone: not asked again for a while
        except SlackError:
            return
        person: Json = said if isinstance(said, dict) else {}
        bot = bool(person.get("is_bot")) or id == "USLACKBOT"
        name = self._marked(payloads.person_name(person), string(person.get("team_id")))
        self._people[id] = _Person(name, bot, string(person.get("locale")), self._clock())

    def _marked(self, name: str, team: str) -> str:
        elsewhere = team and self._us is not None and team != self._us.workspace
        return name + ELSEWHERE if name and elsewhere and not name.endswith(ELSEWHERE) else name

    # --- channels ---

    async def channels(self) -> dict[str, ChannelSeen]:
        """The channels we are in, by their ids. Raises ``Unreachable``, ``PermissionDenied``."""
        now = self._clock()
        if self._channels is None or self._channels_as_of is None or now - self._channels_as_of > CHANNELS_KNOWN_FOR:
            found = await self._find_channels()
            workspace = (await self.us()).workspace
            self._channels = {seen.id.id: seen for one in found if (seen := _channel_seen(one, workspace, now))}
            self._channels_as_of = now
        return self._channels

    def forget_channels(self) -> None:
        """We joined or left one, or one has another name."""
        self._channels_as_of = None

    async def channel(self, id: str, name: str = "") -> ChannelSeen:
        """Any channel a question can come from; one that nobody describes counts as private.

        Only a conversation with us alone has no name.
        """
        us, now = await self.us(), self._clock()
        place = ChannelId(payloads.PLATFORM, us.workspace, id)
        if id.startswith("D") or name == "directmessage":
            return ChannelSeen(place, "", now, private=True)
        try:
            if (known := (await self.channels()).get(id)) is not None:
                return known
            said = (await calls.once(self._web.conversations_info, channel=id)).get("channel")
        except (SlackError, PermissionDenied):
            said = None
        seen = _channel_seen(said, us.workspace, now) if isinstance(said, dict) else None
        return seen or ChannelSeen(place, name or "privategroup", now, private=True)

    async def _find_channels(self) -> list[Json]:
        try:
            return await self._of_types("public_channel,private_channel")
        except Said as error:
            if error.code != "missing_scope":
                raise PermissionDenied(f"Linkletter may not list its channels: {error}") from error
        try:
            return await self._of_types("public_channel")
        except Said as error:
            raise PermissionDenied(
                f"Linkletter may not list its channels ({error}): install the app again with the scope channels:read"
            ) from error

    async def _of_types(self, types: str) -> list[Json]:
        try:
            return await calls.everything(self._web.users_conversations, "channels", types=types, exclude_archived=True)
        except Said as error:
            if error.code != "unknown_method":  # servers that stand in for Slack have at least the other one
                raise
        found = await calls.everything(self._web.conversations_list, "channels", types=types, exclude_archived=True)
        return [channel for channel in found if channel.get("is_member", True)]

    async def _learn_channel(self, id: str) -> None:
        try:
            said = (await calls.patiently(self._web.conversations_info, channel=id)).get("channel")
        except Said:
            said = {}
        except SlackError:
            return
        # The name of a private channel is nobody's business who is not in it.
        seen = _channel_seen(said, "", self._clock()) if isinstance(said, dict) else None
        self._others[id] = seen.name if seen and not seen.private else ""


def _channel_seen(channel: Json, workspace: str, now: datetime) -> ChannelSeen | None:
    id, name = clean(string(channel.get("id"))), clean(string(channel.get("name")))
    if not id or not name:
        return None
    private = bool(channel.get("is_private") or channel.get("is_group") or channel.get("is_mpim"))
    return ChannelSeen(ChannelId(payloads.PLATFORM, workspace, id), name, now, private)
