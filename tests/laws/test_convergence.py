"""The convergence law over the real store: however a chat is heard, what is kept is the same, in every table.

A small room plays a script (posts, edits, deletions, reactions). One store hears every event in order; the other one
hears them lost, repeated, shuffled and mixed with readings that are cut off or know only counts. After one complete
reading both dumps are equal.
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.collect import Collector
from newsletter.heard import (
    ChannelId,
    ChannelSeen,
    EmojiSeen,
    Heard,
    MessageGone,
    MessageId,
    MessageSeen,
    PersonId,
    PersonSeen,
    ReactionHeard,
    Reading,
    Source,
)
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from tests.effort import examples
from tests.laws.dump import dump

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
CHANNEL = ChannelId("local", "W", "C1")
PEOPLE = tuple(PersonId("local", "W", name) for name in ("ann", "ben", "cara"))
EMOJI = ("👍", "🎉")
TEXTS = (
    "<https://example.org/a>",
    "A title line\n<https://example.org/b>\nand some words #paper",
    "see <https://example.org/a?utm_source=x> and <https://example.org/c>",
    "no link at all",
    "words for what came before",
    "",
)


@dataclass
class Room:
    """What really happened, told as events; at any time it can be read."""

    events: list[Heard] = field(default_factory=list)
    messages: dict[MessageId, MessageSeen] = field(default_factory=dict)
    reactions: dict[tuple[MessageId, PersonId, str], bool] = field(default_factory=dict)
    minute: int = 0

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    def play(self, step: tuple[str, int, int, int]) -> None:
        """One step of a script; one that makes no sense just lets time pass."""
        what, which, who, with_what = step
        self.minute += 1 + which % 5
        ids = list(self.messages)
        if what == "post":
            id = MessageId(CHANNEL, f"m{len(self.events)}")
            text = TEXTS[with_what % len(TEXTS)]
            # A reply to the newest message, sometimes: it may be the words of a bare link, or discuss it.
            thread = ids[-1].id if ids and which in (2, 3) else None
            named = ids[0].id if ids and which == 4 else None
            self._hear(MessageSeen(id, PEOPLE[who], self.now, text, seen_at=self.now, thread=thread, answers=named))
        elif ids and what == "edit":
            before = self.messages[ids[which % len(ids)]]
            text = TEXTS[with_what % len(TEXTS)]
            self._hear(replace(before, text=text, edited_at=self.now, seen_at=self.now))
        elif ids and what == "delete":
            id = ids[which % len(ids)]
            del self.messages[id]
            self.events.append(MessageGone(id))
        elif ids and what == "react":
            id, person, emoji = ids[which % len(ids)], PEOPLE[who], EMOJI[with_what % len(EMOJI)]
            on = not self.reactions.get((id, person, emoji), False)
            self.reactions[id, person, emoji] = on
            self.events.append(ReactionHeard(id, person, emoji, on, self.now))

    def _hear(self, seen: MessageSeen) -> None:
        self.messages[seen.id] = seen
        self.events.append(seen)

    def read(self, how: str = "complete") -> Reading:
        """The room as it is now: ``complete``, ``counts`` (nobody named), ``cut`` (one name, history cut off)."""
        self.minute += 1
        messages = tuple(
            replace(seen, seen_at=self.now, emoji=self._listed(seen.id, how)) for seen in self.messages.values()
        )
        return Reading(
            ChannelSeen(CHANNEL, "news", START),
            began_at=self.now,
            messages=messages[len(messages) // 2 :] if how == "cut" else messages,
            people=tuple(PersonSeen(person, person.id.title(), START) for person in PEOPLE),
            complete=how == "complete",
        )

    def _listed(self, id: MessageId, how: str) -> tuple[EmojiSeen, ...]:
        rows = []
        for emoji in EMOJI:
            people = tuple(who for who in PEOPLE if self.reactions.get((id, who, emoji)))
            named = {"complete": people, "counts": (), "cut": people[:1]}[how]
            rows.append(EmojiSeen(emoji, len(people), named))
        return tuple(row for row in rows if row.count)

    def threads(self) -> tuple[Reading, ...]:
        """A complete reading of each thread: a channel's own reading says nothing about replies."""
        roots = sorted({seen.thread for seen in self.messages.values() if seen.thread})
        known = {event.thread for event in self.events if isinstance(event, MessageSeen) and event.thread}
        whole = self.read()
        return tuple(
            replace(whole, thread=root, messages=tuple(m for m in whole.messages if m.thread == root))
            for root in sorted(known | set(roots))
        )


steps = st.tuples(
    st.sampled_from(["post", "post", "edit", "delete", "react", "react"]),
    st.integers(0, 5),
    st.integers(0, len(PEOPLE) - 1),
    st.integers(0, 7),
)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """A migrated database to copy: migrating one takes longer than an example."""
    path = tmp_path_factory.mktemp("template") / "empty.db"

    async def make() -> None:
        await (await Store.open(f"sqlite:///{path}")).close()

    asyncio.run(make())
    return path


@contextmanager
def _copies(template: Path, count: int) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{place}.db" for place in range(count)]
        for path in paths:
            shutil.copy(template, path)
        yield [f"sqlite:///{path}" for path in paths]


DISCUSSED = NewsletterSettings(discussion=3, post_to=("local:#news",))


async def _kept(url: str, heard: Sequence[Heard]) -> dict[str, object]:
    """With a discussion: replies without a link are kept under links, and there alone."""
    store = await Store.open(url)
    try:
        collector = Collector(store, [DISCUSSED])
        for one in heard:
            await collector.hear(one)
        return await dump(store)
    finally:
        await store.close()


def _badly_heard(room: Room, readings: Sequence[Reading], chance: random.Random) -> list[Heard]:
    events = [event for event in room.events if chance.random() > 0.25]
    repeated = chance.choices(events, k=len(events) // 2) if events else []
    heard: list[Heard] = [*events, *repeated, *readings]
    chance.shuffle(heard)
    return heard


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(steps, min_size=3, max_size=25), seed=st.integers(0, 2**16))
async def test_heard_badly_and_then_read_whole_is_the_same_in_every_table(empty_database, script, seed):
    room, chance, readings = Room(), random.Random(seed), []
    for step in script:
        room.play(step)
        if chance.random() < 0.2:
            readings.append(room.read(chance.choice(["counts", "cut", "complete"])))
    closing = [room.read(), *room.threads()]
    with _copies(empty_database, 2) as (well, badly):
        complete = await _kept(well, [*room.events, *closing])
        assert await _kept(badly, [*_badly_heard(room, readings, chance), *closing]) == complete


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(steps, min_size=3, max_size=25), seed=st.integers(0, 2**16))
async def test_all_events_in_any_order_and_number_are_the_same_in_every_table(empty_database, script, seed):
    room, chance = Room(), random.Random(seed)
    for step in script:
        room.play(step)
    names = [ChannelSeen(CHANNEL, "news", START), *(PersonSeen(who, who.id.title(), START) for who in PEOPLE)]
    shuffled = [*room.events, *chance.choices(room.events, k=3)] if room.events else []
    chance.shuffle(shuffled)
    with _copies(empty_database, 2) as (in_order, disordered):
        complete = await _kept(in_order, [*names, *room.events])
        assert await _kept(disordered, [*names, *shuffled]) == complete


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(steps, min_size=3, max_size=20))
async def test_an_import_and_then_the_live_platform_equal_the_live_platform_alone(empty_database, script):
    room = Room()
    for step in script:
        room.play(step)
    exported = replace(
        room.read("cut"),
        source=Source.EXPORT,
        messages=tuple(replace(m, source=Source.EXPORT) for m in room.read("counts").messages),
    )
    live = [room.read(), *room.threads()]
    with _copies(empty_database, 2) as (both, alone):
        assert await _kept(both, [exported, *live]) == await _kept(alone, live)
