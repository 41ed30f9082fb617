"""The rows that only tell: how the newsletter stands, what is in it, what was shared, what one can ask."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot import cards, desk
from bot.asking import NEWSLETTER, Asked, Newsletter, Row
from bot.chat import Cards, Fact, Parameter
from newsletter import search, words
from newsletter.heard import ChannelSeen
from newsletter.model import Shared
from newsletter.phrase import Phrase

if TYPE_CHECKING:
    from bot.commands import Commands

AT_MOST = 10
"""How many links ``recent`` and ``search`` show."""


async def preview(commands: "Commands", asked: Asked) -> Cards:
    """What would go out now, drawn as it would be; for an editor, the way to the desk after it."""
    newsletter = asked.newsletter
    edition = await newsletter.publisher.preview()
    to_desk = (desk.way_to(newsletter.settings.key, asked.speech),) if asked.is_editor else ()
    if edition.is_empty:
        nothing = cards.text(asked.speech.say("Nothing to publish yet: no link was shared since the last edition."))
        return replace(nothing, channel=(*nothing.channel, *to_desk))
    shown = cards.of_edition(edition)
    if not shown.thread:
        return replace(shown, channel=(*shown.channel, *to_desk))
    return replace(shown, thread=(*shown.thread, *to_desk))


async def status(commands: "Commands", asked: Asked) -> Cards:
    """How each newsletter of the channel stands."""
    here = asked.invocation.channel
    return Cards(tuple([await commands.status_of(newsletter, here, asked.speech) for newsletter in asked.newsletters]))


async def recent(commands: "Commands", asked: Asked) -> Cards:
    """The links shared since the last edition, the newest first, and what was left out and why."""
    here, say = asked.invocation.channel, asked.speech.say
    found: dict[str, tuple[datetime, str, str, tuple[Fact, ...]]] = {}
    for newsletter in asked.newsletters:
        edition = await newsletter.publisher.preview()
        for entry in (*edition.entries, *edition.again):
            if shown := _seen_from(here, entry.shares):
                facts = _shared_facts(shown[-1], newsletter)
                found.setdefault(entry.key, (shown[-1].at, entry.title, entry.url, facts))
        for left in edition.left_out:
            if shown := _seen_from(here, left.shares):
                facts = (
                    *_shared_facts(shown[-1], newsletter),
                    Fact(say("left out: {reason}", reason=Phrase(left.reason))),
                )
                found.setdefault(left.url, (shown[-1].at, words.title_from_url(left.url)[0], left.url, facts))
    if not found:
        return cards.text(say("No link was shared here since the last edition."))
    newest = sorted(found.values(), key=lambda one: one[0], reverse=True)[:AT_MOST]
    return cards.links(say("Shared since the last edition"), (one[1:] for one in newest))


async def search_words(commands: "Commands", asked: Asked) -> Cards:
    """The newest links with all these words."""
    wanted, say = words.plain_title(asked.values["words"], 80), asked.speech.say
    found = await commands.find(asked, search.read(asked.values["words"]), AT_MOST + 1)
    if not found:
        nothing = say("Nothing here has {wanted}.", wanted=wanted)
        return cards.text(f"{nothing} {say(search.hint(asked.values['words']))}")
    zone = asked.newsletters[0].settings.zone
    listed = []
    for one in found[:AT_MOST]:
        day = f"{one.sent_at.astimezone(zone):%Y-%m-%d}"
        channel = f"#{one.channel}" if one.channel else ""
        was_in = say("in {newsletter} #{edition}", newsletter=one.newsletter, edition=one.edition)
        facts = (one.person, channel, day, was_in if one.edition else "")
        title = one.title or words.title_from_url(one.url)[0]
        listed.append((title, one.url, tuple(Fact(text) for text in facts if text)))
    shown = cards.links(say("Links with {wanted}", wanted=wanted), listed)
    if len(found) <= AT_MOST:
        return shown
    more = say("These are the newest {n}. Say more words to find older ones: all of them must be there.", n=AT_MOST)
    return replace(shown, channel=(*shown.channel, *cards.text(more).channel))


async def help_(commands: "Commands", asked: Asked) -> Cards:
    """The commands this person may give here, and what emoji say."""
    rows = [row for row in commands.commands if await commands.may(row, asked)]
    shown = cards.help_of(commands.called, rows, asked.speech)
    edited = asked.edited
    emoji = [desk.emoji_of(one.settings, asked.speech, editor=one.settings.key in edited) for one in asked.newsletters]
    return replace(shown, channel=(*shown.channel, *dict.fromkeys(emoji)))


ROWS = (
    Row("preview", Phrase("See the newsletter as it would go out now; only you see it"), preview, (NEWSLETTER,)),
    Row("status", Phrase("What is collected so far, and when it goes out"), status),
    Row("recent", Phrase("The links shared since the last edition"), recent),
    Row(
        "search",
        Phrase("Find links shared here"),
        search_words,
        (Parameter("words", Phrase('Words, "a phrase", #tag, from:name or in:#channel'), required=True),),
    ),
    Row("help", Phrase("What you can ask"), help_),
)


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
