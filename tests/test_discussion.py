"""Discussion: the best replies to a link, for the team. What is kept for it, for how long, and who reads it.

Where it is off, a reply leaves no trace, as any other message without a link. That order and repeats do not matter is
the convergence law (``laws/test_convergence.py``).
"""

from datetime import timedelta
from pathlib import Path

import pytest

from bot import cards
from bot.speech import Speech
from newsletter import render, render_site
from newsletter.collect import Collector
from newsletter.destinations.markdown import MarkdownFolder
from newsletter.heard import ChannelId, PersonId
from newsletter.model import Edition, Entry
from newsletter.privacy import Privacy
from newsletter.publish import Outlet, Publisher
from newsletter.settings import Audience, MarkdownSettings, NewsletterSettings, SiteSettings
from newsletter.store import Store, chat
from tests.laws.dump import dump
from tests.laws.told import (
    ANN,
    BEN,
    CARA,
    CHANNEL,
    at,
    channel_named,
    deleted,
    exported,
    person_named,
    reacted,
    reading,
    said,
)

DAVE, EVE = PersonId("local", "W", "dave"), PersonId("local", "W", "eve")
LINK = "A paper\n<https://example.org/a>\nworth reading"
TEAM = NewsletterSettings(discussion=2, post_to=("local:#news",))
NEVER_WRITTEN = Outlet(MarkdownFolder(Path("posts"), lambda _: ("post.md", ""), key="markdown"), Audience.TEAM)
OFF = TEAM.model_copy(update={"discussion": 0})


@pytest.fixture
async def store(sqlite_url):
    store = await Store.open(sqlite_url)
    yield store
    await store.close()


class Chat:
    """A channel of which a newsletter is made, with a clock."""

    def __init__(self, store: Store, settings: NewsletterSettings = TEAM) -> None:
        self.store, self.settings, self.now = store, settings, at(60)
        self.collector = Collector(store, [settings])
        self.publisher = Publisher(store, settings, [NEVER_WRITTEN], clock=lambda: self.now, owner="test")
        self.privacy = Privacy(store, [settings], clock=lambda: self.now)

    async def hear(self, *heard: object) -> None:
        await self.collector.hear(channel_named("news"))
        for one in heard:
            await self.collector.hear(one)
        for person in (ANN, BEN, CARA, DAVE, EVE):
            await self.collector.hear(person_named(person, person.id.title()))

    async def entry(self) -> Entry:
        return (await self.publisher.preview()).entries[0]

    async def discussion(self) -> list[tuple[str, str]]:
        return said_in(await self.publisher.preview())

    async def kept(self) -> set[str]:
        async with self.store.reading() as transaction:
            return {one.id.id for one in await chat.present_between(transaction, CHANNEL, None, None) if one.text}


def said_in(edition: Edition) -> list[tuple[str, str]]:
    return [(reply.person.name, reply.words) for entry in edition.entries for reply in entry.discussion]


def replied(id: str, text: str, *, by: PersonId = BEN, to: str = "1", minute: float = 2, **more: object):
    return said(id, text, by=by, minute=minute, thread=to, **more)


# --- which replies ---------------------------------------------------------------------------------------------------


async def test_the_replies_most_people_reacted_to_are_told_with_names_in_the_order_they_were_said(store):
    room = Chat(store)
    await room.hear(
        said("1", LINK),
        replied("r1", "first, and nobody cares", minute=2),
        replied("r2", "the code is out too", by=CARA, minute=3),
        replied("r3", "we tried it: slow", by=DAVE, minute=4),
        reacted("r3", by=ANN),
        reacted("r3", by=BEN),
        reacted("r2", by=EVE),
    )
    assert await room.discussion() == [("Cara", "the code is out too"), ("Dave", "we tried it: slow")]


@pytest.mark.parametrize(
    ("reactions", "first"),
    [
        ([], "Ben"),
        ([reacted("late", by=EVE)], "Cara"),
        ([reacted("late", by=CARA)], "Ben"),
        ([reacted("late", by=EVE, emoji="👎")], "Ben"),
        ([reacted("late", by=EVE), reacted("late", by=EVE, emoji="🎉"), reacted("early", by=DAVE)], "Ben"),
    ],
    ids=["earlier among equals", "liked", "not by its own author", "not by an ignored emoji", "people, not emoji"],
)
async def test_the_best_of_two_replies_is(store, reactions, first):
    room = Chat(store, TEAM.model_copy(update={"discussion": 1}))
    await room.hear(said("1", LINK), replied("early", "a"), replied("late", "b", by=CARA, minute=3), *reactions)
    assert [name for name, _ in await room.discussion()] == [first]


@pytest.mark.parametrize(
    "other",
    [
        replied("r", "no reply to this", to="0"),
        said("r", "beside it", by=BEN, minute=2),
        replied("r", "<https://example.org/b>"),
        replied("r", "taken back"),
    ],
    ids=["another thread", "no reply", "a share of its own", "taken back"],
)
async def test_what_is_no_reply_or_a_share_itself_is_not_discussed(store, other):
    room = Chat(store)
    await room.hear(said("1", LINK), other)
    if other.text == "taken back":
        await room.hear(reacted("r", by=BEN, emoji="🙈"))
    assert (await room.entry()).discussion == ()


async def test_the_words_of_a_bare_link_are_not_told_twice(store):
    room = Chat(store)
    await room.hear(
        said("1", "<https://example.org/a>"), replied("w", "these are its words", by=ANN), replied("r", "so?")
    )
    entry = await room.entry()
    assert entry.words == "these are its words"
    assert [reply.words for reply in entry.discussion] == ["so?"]


async def test_a_reply_that_names_the_message_counts_without_a_thread(store):
    room = Chat(store)
    await room.hear(said("1", LINK), said("r", "I read it", by=BEN, minute=2, answers="1"))
    assert await room.discussion() == [("Ben", "I read it")]


async def test_a_message_with_two_links_is_discussed_once(store):
    room = Chat(store)
    await room.hear(
        said("1", "one\n<https://example.org/a>\nfirst\n\ntwo\n<https://example.org/b>\nsecond"),
        replied("r", "both good"),
    )
    entries = (await room.publisher.preview()).entries
    assert sorted(len(entry.discussion) for entry in entries) == [0, 1]


async def test_an_editor_takes_a_reply_out_by_emoji_and_ignored_people_are_not_heard(store):
    room = Chat(store, TEAM.model_copy(update={"editors": ("local:eve",), "ignore_people": ("local:dave",)}))
    await room.hear(
        said("1", LINK), replied("r1", "spam"), replied("r2", "mine", by=DAVE), reacted("r1", by=EVE, emoji="🚫")
    )
    assert await room.discussion() == []


# --- what is kept ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [OFF, TEAM.model_copy(update={"post_to": ()}), None], ids=["off", "nobody to read it", "no newsletter"]
)
async def test_without_discussion_no_reply_leaves_a_trace(store, settings, tmp_path):
    collector = Collector(store, [settings] if settings else [])
    whole = [said("1", LINK), replied("r", "a reply that nobody keeps", minute=30)]
    for one in (channel_named("news"), *whole, reading(*whole), exported(*whole)):
        await collector.hear(one)
    async with store.reading() as transaction:
        assert [one.id.id for one in await chat.present_between(transaction, CHANNEL, None, None)] == ["1"]
    await store.close()
    assert not any(b"nobody keeps" in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


async def test_replies_are_kept_only_under_a_link_and_only_as_long_as_it_is_there(store):
    room = Chat(store)
    await room.hear(
        said("0", "no link"), replied("r0", "chatter", to="0"), said("1", LINK), replied("r1", "good", minute=30)
    )
    assert await room.kept() == {"1", "r1"}
    await room.hear(said("1", "no link any more", edited=40))
    assert await room.kept() == set()
    await room.hear(said("1", LINK, edited=50))
    assert await room.kept() == {"1", "r1"}
    await room.hear(deleted("1"))
    assert await room.kept() == set()


async def test_a_reply_that_is_heard_before_its_message_is_found(store):
    room = Chat(store)
    await room.hear(reacted("r", by=CARA), replied("r", "early", minute=30), said("1", LINK))
    assert await room.discussion() == [("Ben", "early")]


async def test_switched_off_the_replies_go(store):
    room = Chat(store)
    await room.hear(said("1", LINK), replied("r", "good", minute=30))
    await Collector(store, [OFF]).hear(channel_named("news"))
    assert await room.kept() == {"1"}


async def test_switched_off_the_replies_go_in_channels_too_that_nobody_hears_of_any_more(store):
    room = Chat(store)
    await room.hear(said("1", LINK), replied("r", "good", minute=30))
    await Collector(store, [OFF]).hear(channel_named("another", channel=ChannelId("local", "W", "another")))
    assert await room.kept() == {"1"}


async def test_an_export_brings_replies_too(store):
    room = Chat(store)
    await room.hear(exported(said("1", LINK), replied("r", "good", minute=30)))
    assert await room.discussion() == [("Ben", "good")]


def test_who_is_told_what_is_kept_is_told_of_replies():
    def told(settings: NewsletterSettings) -> str:
        [card] = cards.introduction([settings], "/digest", at(0), Speech("en")).channel
        return card.text

    assert ("Replies to links are kept" in told(TEAM), "Replies" in told(OFF)) == (True, False)


# --- what is published, and after ------------------------------------------------------------------------------------


async def published(store: Store, **settings: object) -> Chat:
    room = Chat(store, TEAM.model_copy(update=settings))
    await room.hear(
        said("1", LINK, permalink="https://chat.example.org/1"),
        replied("r1", "ask [@Cara](person:cara)", by=BEN, minute=2),
        replied("r2", "it works", by=CARA, minute=3),
    )
    edition = await room.publisher.publish("test")
    assert edition is not None
    assert said_in(edition) == [("Ben", "ask [@Cara](person:cara)"), ("Cara", "it works")]
    return room


async def followed(room: Chat) -> list[tuple[str, str]]:
    await room.publisher.follow()
    return said_in((await room.publisher.printed(Audience.TEAM))[-1])


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (deleted("r1"), [("Cara", "it works")]),
        (replied("r2", "it does not", by=CARA, minute=3, edited=100), [("Ben", "…"), ("Cara", "it does not")]),
        (reacted("r1", by=BEN, emoji="🙈", minute=100), [("Cara", "it works")]),
        (replied("r3", "late to the party", by=DAVE, minute=100), [("Ben", "…"), ("Cara", "it works")]),
    ],
    ids=["deleted", "edited", "taken back", "nothing comes in"],
)
async def test_what_was_printed_follows_what_people_do_to_their_replies(store, change, left):
    room = await published(store)
    await room.hear(change)
    found = [(name, "…" if name == "Ben" else words) for name, words in await followed(room)]
    assert found == left


async def test_who_opts_out_is_in_no_discussion_and_in_no_row(store, tmp_path):
    room = await published(store)
    assert await room.privacy.opt_out(CARA) == (room.settings.key,)
    await room.hear(replied("r2", "it works", by=CARA, minute=3), replied("r1", "ask [@Cara](person:cara)", minute=2))
    assert await followed(room) == [("Ben", "ask [@…](person:cara)")]
    rows = str(await dump(store))
    assert "it works" not in rows
    assert "Cara" not in rows


async def test_who_opts_out_takes_along_what_others_replied_to_them(store):
    room = await published(store)
    await room.privacy.opt_out(ANN)
    assert await followed(room) == []
    assert "ask" not in str(await dump(store))


async def test_what_had_its_time_is_forgotten_and_stands_in_what_was_printed(store):
    room = await published(store, retention=7)
    room.now += timedelta(days=30)
    await room.privacy.forget_old_words(room.settings)
    assert await room.kept() == set()
    await room.hear(deleted("r2"))
    assert await followed(room) == [("Ben", "ask [@Cara](person:cara)")]


async def test_the_public_reads_no_discussion(store):
    room = await published(store)
    edition = (await room.publisher.printed(Audience.TEAM))[-1]
    shown = ("people", "reactions", "permalinks", "channels")
    assert said_in(room.publisher.seen_by(edition, Audience.PUBLIC, shown)) == []


# --- how it looks ----------------------------------------------------------------------------------------------------


async def test_each_place_shows_it_inertly(store):
    room = Chat(store)
    await room.hear(
        said("1", LINK), replied("r1", "# loud\n\n<script>{{ x }}</script>"), replied("r2", "fine", by=CARA, minute=3)
    )
    edition = await room.publisher.preview()
    post = render.post(edition, MarkdownSettings(audience=Audience.TEAM))
    assert post.rstrip().endswith("> **Cara**: fine")
    assert "> **Ben**: " in post
    assert "\\<script>&#123;&#123;" in post
    assert "{{" not in post
    assert "   Cara: fine" in render.text(edition)
    site = {file.name: file.text() for file in render_site.files([edition], room.settings, SiteSettings())}
    page = next(text for name, text in site.items() if name.endswith(".html") and "fine" in text)
    assert '<blockquote class="reply"><p>Cara</p>' in page
    assert "<script>{{" not in page
    facts = [fact.text for card in cards.of_edition(edition).channel for line in card.lines for fact in line]
    assert "💬 Cara: fine" in facts
