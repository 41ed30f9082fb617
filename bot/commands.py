"""The ``/digest`` rows put together: who may ask what, and the answer, once.

Every answer is limited to the newsletters of the asking channel; in a conversation with us alone, to those the asker
edits or shares in. What a row answers stands in ``rows/``, how its text is read in ``asking.py``; platforms show it and
know no command by name.
"""

import asyncio
import json
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot import cards
from bot.asking import NEWSLETTER, Asked, Newsletter, Row, keys, values_of
from bot.chat import Answer, Card, Cards, Chat, Fact, Invocation, PermissionDenied
from bot.desk import closes
from bot.rows import curating, ordering, owning, reading
from bot.speech import Speech, of_asker
from bot.suggest import nearest
from newsletter import search, words
from newsletter.collect import Collector
from newsletter.curator import Curator
from newsletter.errors import UserError
from newsletter.heard import ChannelSeen, MessageId, MessageSeen, PersonId
from newsletter.model import Receipt
from newsletter.phrase import Phrase
from newsletter.ports import Clock
from newsletter.privacy import Privacy
from newsletter.publish import Delivered
from newsletter.settings import NewsletterSettings, is_one_of
from newsletter.store import Store, choices, directory, editions, placements
from newsletter.store import search as index

__all__ = ["ROWS", "Asked", "Commands", "Newsletter", "Row"]

log = logging.getLogger(__name__)

ANSWERS_KEPT = 200
"""How many answers are remembered for questions that are delivered again, which platforms do within minutes."""

PENDING_KEPT = 100
"""How much of what people wrote waits for them to choose between it and what somebody else wrote meanwhile."""

DONE_ALREADY = Phrase("This was done already.")

SOMEBODY = Phrase("somebody")

ROWS = (*reading.ROWS, *curating.ROWS, *ordering.ROWS, *owning.ROWS)


# --- asking --------------------------------------------------------------------------------------------------------


class Commands:
    """Answers what people ask. One per process: it remembers its answers for questions that are delivered again."""

    def __init__(
        self,
        store: Store,
        newsletters: Sequence[Newsletter],
        chats: Sequence[Chat],
        *,
        clock: Clock,
        called: str = "/digest",
        rows: Sequence[Row] = ROWS,
        collector: Collector | None = None,
    ) -> None:
        """``called`` is what people type before a command. ``collector`` is the one that hears the chats."""
        self.commands = tuple(row for row in rows if row.listed)
        self.forms = frozenset(row.name for row in rows if row.opens_form)
        self.called = called
        self._rows = {row.name: row for row in rows}
        self._store = store
        self._newsletters = tuple(newsletters)
        self._chats = {chat.platform: chat for chat in chats}
        self._clock = clock
        self._answers: OrderedDict[tuple[str, str], asyncio.Future[Answer]] = OrderedDict()
        self._collector = collector or Collector(store)
        self.privacy = Privacy(store, [one.settings for one in newsletters], clock=clock)
        self._curators = {
            one.settings.key: Curator(store, one.settings, one.publisher, clock=clock) for one in newsletters
        }
        self._pending: OrderedDict[str, curating.Pending] = OrderedDict()

    async def asked(self, invocation: Invocation) -> Answer:
        """The answer to a question; delivered again, even meanwhile, it has the same answer and does nothing twice."""
        key = (invocation.person.platform, invocation.id)
        if (known := self._answers.get(key)) is not None:
            return await asyncio.shield(known)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        while len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)
        try:
            answer.set_result(await self._said(invocation))
        except asyncio.CancelledError:
            self._answers.pop(key, None)
            answer.cancel()
            raise
        return answer.result()

    async def _said(self, invocation: Invocation) -> Answer:
        speech = of_asker(invocation.locale)
        try:
            here = await self._here(invocation)
            speech = of_asker(invocation.locale, here[0].settings.language if here else "")
            said = await self._answer(invocation, here, speech)
        except UserError as error:
            said = cards.text(speech.say(error.says))
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("a question could not be answered, reference %s", reference)
            went_wrong = speech.say(
                "Something went wrong here. Whoever runs Linkletter finds it in the log as {reference}.",
                reference=reference,
            )
            said = cards.text(went_wrong)
        return said if isinstance(said, Answer) else Answer(said)

    async def _answer(self, invocation: Invocation, here: tuple[Newsletter, ...], speech: Speech) -> Cards | Answer:
        name, rest = (*invocation.text.split(maxsplit=1), "", "")[:2]
        row = self._rows.get(name.lower())
        if not here:
            return _how_to_begin(invocation, speech)
        edited = await self._edited(invocation, here)
        if row is None:
            return await self._unknown(name, Asked(invocation, {}, here, speech, edited))
        asked = _about(Asked(invocation, values_of(row, rest, self.called, here), here, speech, edited))
        asked = await self._allowed(row, asked)
        if row.changes and not await self._is_new(invocation):
            return cards.text(speech.say(DONE_ALREADY))
        return await row.run(self, asked)

    async def _is_new(self, invocation: Invocation) -> bool:
        """Whether nobody has answered this question yet, before a restart or in another process."""
        async with self._store.writing() as transaction:
            platform = invocation.person.platform
            return await choices.first_time(transaction, platform, invocation.id, self._clock())

    async def _here(self, invocation: Invocation) -> tuple[Newsletter, ...]:
        """The newsletters that the asker may be told of."""
        channel = invocation.channel
        if channel.name or not channel.private:
            return tuple(one for one in self._newsletters if one.settings.lives_in(channel))
        edited = await self._edited(invocation, self._newsletters)
        async with self._store.reading() as transaction:
            shared_in = await choices.shared_in(transaction, invocation.person)
            there = [seen for seen in (await directory.channels(transaction)).values() if seen.id in shared_in]
        return tuple(
            one
            for one in self._newsletters
            if one.settings.key in edited or any(one.settings.collects(seen) for seen in there)
        )

    async def _unknown(self, name: str, asked: Asked) -> Cards:
        """Help, with the command that was probably meant."""
        shown = await reading.help_(self, asked)
        if not name:
            return shown
        meant = nearest(name, [row.name for row in self.commands])
        written, say = words.plain_title(name, 40), asked.speech.say
        if meant:
            said = say("There is no command {name}: {meant}", name=written, meant=meant)
        else:
            said = say("There is no command {name}.", name=written)
        return replace(shown, channel=(*cards.text(said).channel, *shown.channel))

    # --- who may ---

    async def may(self, row: Row, asked: Asked) -> bool:
        """Whether the person may give this command for any newsletter it is about."""
        return row.who != "editors" or bool(asked.edited)

    async def _allowed(self, row: Row, asked: Asked) -> Asked:
        """With the newsletters of which the asker may give this command. Raises ``PermissionDenied``."""
        if row.who != "editors":
            return asked
        edited = tuple(one for one in asked.newsletters if one.settings.key in asked.edited)
        if not edited:
            raise PermissionDenied(
                "{command} is for editors of {newsletters}. Whoever runs Linkletter can make you one in its "
                "configuration: {line}",
                command=row.name,
                newsletters=keys(asked.newsletters),
                line=f'editors: ["{asked.by}"]',
            )
        return replace(asked, newsletters=edited)

    async def _edited(self, invocation: Invocation, newsletters: Sequence[Newsletter]) -> frozenset[str]:
        person = invocation.person
        # Ids are told apart within a workspace only.
        if person.workspace != invocation.channel.id.workspace:
            return frozenset()
        return frozenset([one.settings.key for one in newsletters if await self._edits(person, one.settings)])

    async def _edits(self, person: PersonId, settings: NewsletterSettings) -> bool:
        if f"{person.platform}:{person.id}" in settings.editors:
            return True
        chat = self._chats.get(person.platform)
        if chat is None:
            return False
        written = (one.partition(":") for one in settings.editors)
        roles = [id for platform, _, id in written if platform == person.platform]
        return any([person in await chat.people(role) for role in roles])

    # --- what the rows ask for ---

    def now(self) -> datetime:
        """The time."""
        return self._clock()

    def curator(self, newsletter: Newsletter) -> Curator:
        """What makes choices about a newsletter."""
        return self._curators[newsletter.settings.key]

    async def has_printed(self, newsletter: Newsletter) -> bool:
        """Whether an edition of it is out."""
        async with self._store.reading() as transaction:
            return await editions.last_printed(transaction, newsletter.settings.key) is not None

    async def collected(self, newsletter: Newsletter, message: MessageSeen) -> tuple[placements.Placed, ...]:
        """What a message shares, which is collected now if it was not. Raises ``UserError`` where that may not be."""
        async with self._store.reading() as transaction:
            known = await placements.shares_of(transaction, message.id, newsletter.settings.key)
            there = {seen.id: seen for seen in (await directory.channels(transaction)).values()}
        if known:
            return known
        seen = there.get(message.id.channel)
        if seen is None or not newsletter.settings.collects(seen):
            raise UserError("{newsletter} does not collect from here", newsletter=newsletter.settings.key)
        await self._collector.hear(message)
        async with self._store.reading() as transaction:
            return await placements.shares_of(transaction, message.id, newsletter.settings.key)

    # --- the editors' place ---

    def is_editors_place(self, newsletter: Newsletter, channel: ChannelSeen) -> bool:
        """Whether what is said here is said to the editors: in their channel, or with one of them alone."""
        alone = channel.private and not channel.name
        place = newsletter.settings.editors_channel
        return alone or bool(place and is_one_of(channel, (place,)))

    async def put_on_desk(self, newsletter: Newsletter, person: PersonId, shown: Cards) -> tuple[str, str]:
        """Post it in the editors' channel, else to the person alone; returns where that is (``""``: to the person) and
        the way there."""
        place = newsletter.settings.editors_channel
        for chat in self._chats.values() if place else ():
            if not place.startswith(f"{chat.platform}:"):
                continue
            for seen in await chat.channels():
                if is_one_of(seen, (place,)):
                    said = await chat.say(seen.id, shown)
                    return f"#{seen.name}", await self._way_to(said)
        chat = self._chats[person.platform]
        return "", await self._way_to(await chat.say(person, shown))

    async def _way_to(self, message: MessageId | None) -> str:
        chat = self._chats.get(message.channel.platform) if message is not None else None
        return (await chat.permalink(message) or "") if chat is not None and message is not None else ""

    # --- what waits, and who is who ---

    def keep(self, pending: curating.Pending) -> str:
        """Keep what somebody wrote until they choose; returns what it is found by."""
        token = secrets.token_hex(4)
        self._pending[token] = pending
        while len(self._pending) > PENDING_KEPT:
            self._pending.popitem(last=False)
        return token

    def kept(self, token: str) -> curating.Pending | None:
        """What was kept under this token. It is there for as long as others are not too many."""
        return self._pending.get(token)

    async def name_of(self, person: PersonId | None) -> str:
        """How people call somebody."""
        if person is None:
            return SOMEBODY
        async with self._store.reading() as transaction:
            return await choices.name(transaction, person) or SOMEBODY

    async def called_by(self, by: str) -> str:
        """How people call who did something, as the log of a newsletter has it."""
        platform, colon, id = by.partition(":")
        if not colon:
            return Phrase(by)
        async with self._store.reading() as transaction:
            return await choices.name_in(transaction, platform, id) or by

    async def find(self, asked: Asked, wanted: search.Query, most: int) -> tuple[index.Found, ...]:
        """The newest shares with these terms, of the newsletters' channels; of private ones only the asking one."""
        here = asked.invocation.channel.id
        async with self._store.reading() as transaction:
            rows = [
                row
                for row, channel in (await directory.channels(transaction)).items()
                if any(one.settings.collects(channel) for one in asked.newsletters)
                and (not channel.private or channel.id == here)
            ]
            keys = [one.settings.key for one in asked.newsletters]
            return await index.find(transaction, wanted, rows, most, newsletters=keys, now=self._clock())

    async def status_of(self, newsletter: Newsletter, here: ChannelSeen, speech: Speech) -> Card:
        """How a newsletter stands; other private channels are not named here."""
        settings, say = newsletter.settings, speech.say
        standing = await newsletter.publisher.standing()
        channels = [seen for chat in self._chats.values() for seen in await chat.channels()]
        named = [seen for seen in channels if not seen.private or seen.id == here.id]
        collects = [f"#{seen.name}" for seen in named if settings.listens_to(seen)]
        posts_to = [f"#{seen.name}" for seen in named if settings.posts_to(seen)]
        so_far = speech.counted("{n} link so far", "{n} links so far", standing.entries)
        if standing.left_out:
            so_far = say("{links}, {n} left out", links=so_far, n=standing.left_out)
        facts = [
            Fact(so_far),
            closes(standing.cut_off, settings, self._clock(), speech),
            *([Fact(say("collects from {places}", places=", ".join(collects)))] if collects else []),
            *([Fact(say("goes to {places}", places=", ".join(posts_to)))] if posts_to else []),
            *(
                Fact(say("⚠️ did not reach {place}: {why}", place=destination, why=why))
                for destination, why in standing.failed
            ),
        ]
        return cards.note(f"{settings.key} {standing.label}", facts)

    async def outcome(self, delivered: Delivered, speech: Speech) -> Fact:
        """What became of an edition at one destination, in a few words."""
        if delivered.failed is not None:
            failed = delivered.failed
            if delivered.again:
                failed = speech.say("{why}; it will be tried again", why=failed)
            return Fact(f"⚠️ {delivered.destination}: {failed}")
        where = await self._link_to(delivered.destination, delivered.receipts[0]) if delivered.receipts else ""
        return Fact(f"✔ {delivered.destination}: {delivered.label}", where)

    async def _link_to(self, destination: str, receipt: Receipt) -> str:
        chat = self._chats.get(destination.partition(":")[0])
        for channel in await chat.channels() if chat is not None else ():
            if chat is not None and chat.destination(channel.id).key == destination:
                return await chat.permalink(MessageId(channel.id, receipt.id)) or ""
        return ""


def _about(asked: Asked) -> Asked:
    """With only the newsletter that is named, where one is. Those of other channels do not exist for the asker."""
    wanted = asked.values.get(NEWSLETTER.name)
    if not wanted:
        return asked
    named = tuple(one for one in asked.newsletters if one.settings.key.casefold() == wanted.casefold())
    if not named:
        unknown = words.plain_title(wanted, 40)
        raise UserError(
            "this channel has no newsletter {unknown}; it has {newsletters}",
            unknown=unknown,
            newsletters=keys(asked.newsletters),
        )
    return replace(asked, newsletters=named)


def _how_to_begin(invocation: Invocation, speech: Speech) -> Cards:
    """The lines that make a newsletter of this channel. What a stranger named the channel stays one quoted word."""
    channel, person = invocation.channel, invocation.person
    place = json.dumps(f"{channel.id.platform}:{channel.id.id}")
    key = re.sub(r"[^\w.]+", "-", channel.name).strip("-.") or "newsletter"
    lines = (
        "newsletters:",
        f"  {key}:",
        f"    collect: [{place}]",
        f"    post_to: [{place}]",
        f"    editors: [{json.dumps(f'{person.platform}:{person.id}')}]",
    )
    code = "\n".join(("```yaml", *lines, "```"))
    begin = speech.say("This channel has no newsletter yet. These lines in `config.yaml` begin one:")
    return Cards((Card(text=f"{begin}\n\n{code}"),))
