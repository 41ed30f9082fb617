"""The ``/digest`` rows: what people may ask in chat, who may, and the answers. The text they wrote is parsed here,
once.

Every answer is limited to the newsletters of the asking channel. What an edition is made of is ``newsletter``'s
business, what an answer looks like ``cards``'; platforms show it and know no command by name.
"""

import asyncio
import json
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot import cards
from bot.chat import Answer, Card, Cards, Chat, Fact, Invocation, Parameter, PermissionDenied
from bot.suggest import nearest
from newsletter import search, words
from newsletter.errors import UserError
from newsletter.heard import ChannelSeen, MessageId, PersonId
from newsletter.model import Receipt, Shared
from newsletter.ports import Clock
from newsletter.publish import Delivered, Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from newsletter.store import chat as kept
from newsletter.store import search as index
from newsletter.week import in_words

log = logging.getLogger(__name__)

ANSWERS_KEPT = 200
"""How many answers are remembered for questions that are delivered again, which platforms do within minutes."""

AT_MOST = 10
"""How many links ``recent`` and ``search`` show."""


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A newsletter as commands need it."""

    settings: NewsletterSettings
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, understood: its values by name, and the newsletters it is about, of which there is at least one."""

    invocation: Invocation
    values: Mapping[str, str]
    newsletters: tuple[Newsletter, ...]

    @property
    def newsletter(self) -> Newsletter:
        """The one it is about. Raises ``UserError`` where that is not clear."""
        if len(self.newsletters) > 1:
            raise UserError(f"this channel has several newsletters; say which: {_keys(self.newsletters)}")
        return self.newsletters[0]


@dataclass(frozen=True, slots=True)
class Row:
    """A command. ``who`` may give it: ``everyone`` in the newsletter's channels, or its ``editors`` only."""

    name: str
    help: str
    run: Callable[["Commands", Asked], Awaitable[Cards]]
    parameters: tuple[Parameter, ...] = ()
    who: Literal["everyone", "editors"] = "everyone"
    opens_form: bool = False
    shortcut: str = ""


# --- the answers ---------------------------------------------------------------------------------------------------


async def preview(commands: "Commands", asked: Asked) -> Cards:
    """What would go out now, drawn as it would be."""
    edition = await asked.newsletter.publisher.preview()
    if edition.is_empty:
        return cards.text("Nothing to publish yet: no link was shared since the last edition.")
    return cards.of_edition(edition)


async def publish(commands: "Commands", asked: Asked) -> Cards:
    """Close the open edition and send it everywhere; also what an earlier attempt left unfinished."""
    newsletter, person = asked.newsletter, asked.invocation.person
    number = asked.values.get(EDITION.name, "").removeprefix("#")
    if number and not number.isdecimal():
        raise UserError(f"{number} is no edition's number")
    edition = await newsletter.publisher.publish(f"{person.platform}:{person.id}", int(number) if number else None)
    delivered = await newsletter.publisher.deliver(failed_too=True)
    if edition is None and not delivered and number:
        return cards.text(f"Edition {number} is out already, or nothing of it is left to publish.")
    if edition is None and not delivered:
        least = newsletter.settings.at_least
        return cards.text(f"Nothing was published: an edition needs {least} {'link' if least == 1 else 'links'}.")
    title = edition.title if edition is not None else newsletter.settings.key
    return Cards((cards.note(title, [await commands.outcome(one) for one in delivered]),))


async def status(commands: "Commands", asked: Asked) -> Cards:
    """How each newsletter of the channel stands."""
    here = asked.invocation.channel
    return Cards(tuple([await commands.status_of(newsletter, here) for newsletter in asked.newsletters]))


async def recent(commands: "Commands", asked: Asked) -> Cards:
    """The links shared since the last edition, the newest first, and what was left out and why."""
    here = asked.invocation.channel
    found: dict[str, tuple[datetime, str, str, tuple[Fact, ...]]] = {}
    for newsletter in asked.newsletters:
        edition = await newsletter.publisher.preview()
        for entry in (*edition.entries, *edition.again):
            if shown := _seen_from(here, entry.shares):
                facts = _shared_facts(shown[-1], newsletter)
                found.setdefault(entry.key, (shown[-1].at, entry.title, entry.url, facts))
        for left in edition.left_out:
            if shown := _seen_from(here, left.shares):
                facts = (*_shared_facts(shown[-1], newsletter), Fact(f"left out: {left.reason}"))
                found.setdefault(left.url, (shown[-1].at, words.title_from_url(left.url)[0], left.url, facts))
    if not found:
        return cards.text("No link was shared here since the last edition.")
    newest = sorted(found.values(), key=lambda one: one[0], reverse=True)[:AT_MOST]
    return cards.links("Shared since the last edition", (one[1:] for one in newest))


async def search_words(commands: "Commands", asked: Asked) -> Cards:
    """The newest links with all these words."""
    wanted = search.query(asked.values["words"])
    found = await commands.find(asked, wanted)
    if not found:
        return cards.text(f"Nothing here has the words {asked.values['words']}.")
    zone = asked.newsletters[0].settings.zone
    listed = []
    for one in found:
        facts = (one.person and f"{one.person}", f"#{one.channel}", f"{one.sent_at.astimezone(zone):%Y-%m-%d}")
        title = one.title or words.title_from_url(one.url)[0]
        listed.append((title, one.url, tuple(Fact(text) for text in facts if text)))
    return cards.links(f"Links with {asked.values['words']}", listed)


async def help_(commands: "Commands", asked: Asked) -> Cards:
    """The commands this person may give here."""
    return cards.help_of(commands.called, [row for row in commands.commands if await commands.may(row, asked)])


NEWSLETTER = Parameter("newsletter", "Which one, where the channel has several")

EDITION = Parameter("edition", "Which one, by its number: asked for twice, it goes out once")

ROWS = (
    Row("preview", "See the newsletter as it would go out now; only you see it", preview, (NEWSLETTER,)),
    Row("publish", "Send the newsletter now", publish, (NEWSLETTER, EDITION), who="editors"),
    Row("status", "What is collected so far, and when it goes out", status),
    Row("recent", "The links shared since the last edition", recent),
    Row(
        "search",
        "Find links shared here",
        search_words,
        (Parameter("words", "Words or a #hashtag", required=True),),
    ),
    Row("help", "What you can ask", help_),
)


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
    ) -> None:
        """``called`` is what people type before a command."""
        self.commands = tuple(rows)
        self.called = called
        self._store = store
        self._newsletters = tuple(newsletters)
        self._chats = {chat.platform: chat for chat in chats}
        self._clock = clock
        self._answers: OrderedDict[tuple[str, str], asyncio.Future[Answer]] = OrderedDict()

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
            answer.set_result(Answer(await self._said(invocation)))
        except asyncio.CancelledError:
            self._answers.pop(key, None)
            answer.cancel()
            raise
        return answer.result()

    async def _said(self, invocation: Invocation) -> Cards:
        try:
            return await self._answer(invocation)
        except UserError as error:
            return cards.text(str(error))
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("a question could not be answered, reference %s", reference)
            return cards.text(f"Something went wrong here. Whoever runs Linkletter finds it in the log as {reference}.")

    async def _answer(self, invocation: Invocation) -> Cards:
        name, rest = (*invocation.text.split(maxsplit=1), "", "")[:2]
        row = next((row for row in self.commands if row.name == name.lower()), None)
        here = tuple(one for one in self._newsletters if one.settings.lives_in(invocation.channel))
        if not here:
            return _how_to_begin(invocation)
        if row is None:
            return await self._unknown(name, Asked(invocation, {}, here))
        asked = _about(Asked(invocation, _values(row, rest, self.called), here))
        return await row.run(self, await self._allowed(row, asked))

    async def _unknown(self, name: str, asked: Asked) -> Cards:
        """Help, with the command that was probably meant."""
        shown = await help_(self, asked)
        if not name:
            return shown
        meant = nearest(name, [row.name for row in self.commands])
        said = cards.text(f"There is no command {words.plain_title(name, 40)}{f': {meant}' if meant else '.'}")
        return replace(shown, channel=(*said.channel, *shown.channel))

    # --- who may ---

    async def may(self, row: Row, asked: Asked) -> bool:
        """Whether the person may give this command for any newsletter it is about."""
        return row.who == "everyone" or bool(await self._edited(asked))

    async def _allowed(self, row: Row, asked: Asked) -> Asked:
        if row.who == "everyone":
            return asked
        edited = await self._edited(asked)
        if not edited:
            person = asked.invocation.person
            raise PermissionDenied(
                f"{row.name} is for editors of {_keys(asked.newsletters)}. Whoever runs Linkletter can make you one in "
                f'its configuration: editors: ["{person.platform}:{person.id}"]'
            )
        return replace(asked, newsletters=edited)

    async def _edited(self, asked: Asked) -> tuple[Newsletter, ...]:
        person = asked.invocation.person
        return tuple([one for one in asked.newsletters if await self._edits(person, one.settings)])

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

    async def find(self, asked: Asked, wanted: Sequence[str]) -> tuple[index.Found, ...]:
        """The newest shares with these terms, of the newsletters' channels; of private ones only the asking one."""
        here = asked.invocation.channel.id
        async with self._store.reading() as transaction:
            rows = [
                row
                for row, channel in (await kept.channels(transaction)).items()
                if any(one.settings.collects(channel) for one in asked.newsletters)
                and (not channel.private or channel.id == here)
            ]
            return await index.find(transaction, wanted, rows, AT_MOST)

    async def status_of(self, newsletter: Newsletter, here: ChannelSeen) -> Card:
        """How a newsletter stands; other private channels are not named here."""
        settings = newsletter.settings
        standing = await newsletter.publisher.standing()
        channels = [seen for chat in self._chats.values() for seen in await chat.channels()]
        named = [seen for seen in channels if not seen.private or seen.id == here.id]
        collects = [f"#{seen.name}" for seen in named if settings.collects(seen)]
        posts_to = [f"#{seen.name}" for seen in named if settings.posts_to(seen)]
        left_out = f", {standing.left_out} left out" if standing.left_out else ""
        facts = [
            Fact(f"{standing.entries} {'link' if standing.entries == 1 else 'links'} so far{left_out}"),
            Fact(f"closes {in_words(standing.cut_off, settings.zone, self._clock())}", at=standing.cut_off),
            *([Fact(f"collects from {', '.join(collects)}")] if collects else []),
            *([Fact(f"goes to {', '.join(posts_to)}")] if posts_to else []),
            *(Fact(f"⚠️ did not reach {destination}: {why}") for destination, why in standing.failed),
        ]
        return cards.note(f"{settings.key} {standing.label}", facts)

    async def outcome(self, delivered: Delivered) -> Fact:
        """What became of an edition at one destination, in a few words."""
        if delivered.failed is not None:
            again = "; it will be tried again" if delivered.again else ""
            return Fact(f"⚠️ {delivered.destination}: {delivered.failed}{again}")
        where = await self._link_to(delivered.destination, delivered.receipts[0]) if delivered.receipts else ""
        return Fact(f"✔ {delivered.destination}: {delivered.label}", where)

    async def _link_to(self, destination: str, receipt: Receipt) -> str:
        chat = self._chats.get(destination.partition(":")[0])
        for channel in await chat.channels() if chat is not None else ():
            if chat is not None and chat.destination(channel.id).key == destination:
                return await chat.permalink(MessageId(channel.id, receipt.id)) or ""
        return ""


def _values(row: Row, rest: str, called: str) -> dict[str, str]:
    """The command's values by name: a word each, the last one the rest. Raises ``UserError`` where one is missing."""
    given = rest.split(maxsplit=max(0, len(row.parameters) - 1)) if row.parameters else []
    values = {parameter.name: value.strip() for parameter, value in zip(row.parameters, given, strict=False)}
    for parameter in row.parameters:
        if parameter.required and not values.get(parameter.name):
            raise UserError(f"{called} {row.name} needs {parameter.help}: {called} {row.name} <{parameter.name}>")
    return values


def _about(asked: Asked) -> Asked:
    """With only the newsletter that is named, where one is. Those of other channels do not exist for the asker."""
    wanted = asked.values.get(NEWSLETTER.name)
    if not wanted:
        return asked
    named = tuple(one for one in asked.newsletters if one.settings.key.casefold() == wanted.casefold())
    if not named:
        unknown = words.plain_title(wanted, 40)
        raise UserError(f"this channel has no newsletter {unknown}; it has {_keys(asked.newsletters)}")
    return replace(asked, newsletters=named)


def _keys(newsletters: Sequence[Newsletter]) -> str:
    return ", ".join(one.settings.key for one in newsletters)


def _how_to_begin(invocation: Invocation) -> Cards:
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
    return Cards((Card(text=f"This channel has no newsletter yet. These lines in `config.yaml` begin one:\n\n{code}"),))


def _seen_from(here: ChannelSeen, shares: Sequence[Shared]) -> tuple[Shared, ...]:
    """The shares someone in this channel may be told of: of private channels only their own."""
    return tuple(shared for shared in shares if not shared.private or shared.channel == here.name)


def _shared_facts(shared: Shared, newsletter: Newsletter) -> tuple[Fact, ...]:
    at = shared.at.astimezone(newsletter.settings.zone)
    facts = (
        Fact(shared.person.name, shared.permalink or ""),
        Fact(f"#{shared.channel}"),
        Fact(f"{at:%Y-%m-%d %H:%M}", at=shared.at),
    )
    return tuple(fact for fact in facts if fact.text.strip("#"))
