"""The law of search: what is found is what a plain scan of everything that is kept finds, whatever happened before.

Random histories: messages said, edited and deleted, words that follow bare links, pages fetched and joined, sharers who
reword or opt out, words that had their time, editions printed anew. After each of them both are asked the same.
"""

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from newsletter.collect import Collector
from newsletter.heard import PersonId, Preview
from newsletter.model import Field, Page, Person, Shared, from_json
from newsletter.search import read
from newsletter.store import Store, Transaction, choices, editions, opting, pages, search, tables
from newsletter.urls import key
from tests import stores
from tests.effort import examples
from tests.laws.told import ANN, BEN, START, at, deleted, said
from tests.servers import postgres
from tests.site_samples import edition, entry

PEOPLE = (ANN, BEN)
SAID = (
    "<https://example.org/{}>",
    "<https://example.org/{}>\nAttention is all you need #paper",
    "한국어로 쓴 글\n<https://example.org/{}>\n트랜스포머 논문 정리 #논문",
    "see <https://example.org/{}> and <https://example.org/2>",
    "words for what came before, 좋은 글입니다",
    "no link",
)
PAGES = (Page(title="벡터 검색", description="all about need"), Page(title="Attention", site="Example Blog"), Page())
ASKED = (
    "attention", "att", "all need", '"all you need"', '"need all"', "논문", "#논문", "#paper", "글", "좋은", "트랜스포머 정리", "벡터 all",
    "blog", "words", "제목", "reworded", "printed", '"편집자의 말"', "example", "example 논문", "preview", "weekly", "from:ann", "from:ben att",
)  # fmt: skip

Step = tuple[str, int, int, int]
steps = st.tuples(
    st.sampled_from(
        [
            "say",
            "say",
            "tell",
            "edit",
            "delete",
            "page",
            "join",
            "part",
            "reword",
            "out",
            "back",
            "forget",
            "print",
            "again",
        ]
    ),
    st.integers(0, 2),
    st.integers(0, len(SAID) - 1),
    st.integers(0, 1),
)


@dataclass
class Life:
    """A store in which things happen."""

    store: Store
    collector: Collector
    minute: int = 0
    messages: list[tuple[str, int, PersonId]] = field(default_factory=list)

    async def go_on(self, step: Step) -> None:
        what, which, words, who = step
        if what == "tell":
            # A bare link, and its words in the next message.
            await self.go_on(("say", which, 0, who))
            await self.go_on(("say", 0, 4, who))
            return
        self.minute += 1 + which
        url, person = f"https://example.org/{which}", PEOPLE[who]
        if what == "say":
            self.messages.append((f"m{self.minute}", self.minute, person))
        if what in ("say", "edit"):
            if not self.messages:
                return
            id, minute, author = self.messages[-1 - words % 2 if what == "edit" and len(self.messages) > 1 else -1]
            text = SAID[words].format(which)
            previews = (Preview(url, "A preview"),) if words == 1 else ()
            edited = self.minute if what == "edit" else None
            await self.collector.hear(said(id, text, minute=minute, by=author, edited=edited, previews=previews))
            return
        if what == "delete":
            for id, *_ in self.messages[-1 - which :][:1]:
                await self.collector.hear(deleted(id))
            return
        async with self.store.writing() as transaction:
            await getattr(self, f"_{what}")(transaction, url, words, person)

    async def _page(self, transaction: Transaction, url: str, words: int, _who: object) -> None:
        await pages.write_pages(transaction, {key(url): PAGES[words % len(PAGES)]}, START)

    async def _join(self, transaction: Transaction, url: str, words: int, _who: object) -> None:
        into = key(f"https://example.org/{words}")
        if into != key(url):
            await pages.join(transaction, key(url), into, pages.REDIRECT, START)

    async def _part(self, transaction: Transaction, url: str, _words: int, _who: object) -> None:
        await pages.part(transaction, key(url))

    async def _reword(self, transaction: Transaction, url: str, words: int, _who: object) -> None:
        shares = await transaction.execute(select(tables.share.c.id).where(tables.share.c.url == url))
        for id in shares.scalars().all():
            wanted = {Field.TITLE: "제목", Field.WORDS: "reworded" if words % 2 else None}
            await choices.write_own(transaction, id, wanted, START)

    async def _out(self, transaction: Transaction, _url: str, _words: int, who) -> None:
        for affected in await opting.out(transaction, who, START):
            await opting.erase(transaction, affected, lambda edition: edition)

    async def _back(self, transaction: Transaction, _url: str, _words: int, who) -> None:
        await opting.back(transaction, who)

    async def _forget(self, transaction: Transaction, _url: str, _words: int, _who: object) -> None:
        ids = await transaction.execute(select(tables.message.c.id))
        await opting.blank_words(transaction, list(ids.scalars()))

    async def _print(self, transaction: Transaction, url: str, words: int, who) -> None:
        shares = await transaction.execute(select(tables.share.c.id).where(tables.share.c.url == url))
        told = tuple(Shared(id, Person(who, ""), START, "", None, "") for id in shares.scalars().all())
        if told:
            made = edition(0, entry(url, "편집자의 말", "printed" if words % 2 else "", shares=told), intro="weekly")
            row = await editions.add_archived(transaction, "weekly", START, at(9), START, "a test")
            await editions.revise(transaction, row, made, START)

    async def _again(self, transaction: Transaction, _url: str, words: int, _who: object) -> None:
        for row in (await editions.all_editions(transaction, "weekly"))[:1]:
            await editions.revise(transaction, row, edition(0, intro=f"weekly {words}"), START)


# --- a plain scan ------------------------------------------------------------------------------------------------------


async def scan(transaction: Transaction) -> Callable[[str], set[object]]:
    """What finds the shares, and the editions, in whose texts all that is asked for stands. It knows of no index."""
    share, message, person = tables.share, tables.message, tables.person
    rows = (
        await transaction.execute(
            select(share, message.c.previews, person.c.external_id, person.c.opted_out_at, tables.link.c.key)
            .join(message, message.c.id == share.c.message_id)
            .join(person, person.c.id == message.c.author_id)
            .join(tables.link, tables.link.c.id == share.c.link_id)
        )
    ).all()
    there = [row for row in rows if row.present and row.opted_out_at is None]
    words_of = {row.id: row.text for row in await transaction.execute(select(message))}
    into = {row.link_id: row.into_id for row in await transaction.execute(select(tables.link_join))}
    said_of = {row.link_id: row for row in await transaction.execute(select(tables.page))}
    own = (await transaction.execute(select(tables.own_choice))).all()
    told: list[tuple[Any, list[str | None]]] = []
    for row in there:
        web = [said_of[link] for link in (row.link_id, into.get(row.link_id)) if link in said_of]
        texts = [
            *(row.title, row.comment, words_of.get(row.words_from), unquote(row.url).partition("://")[2]),
            *(f"#{tag}" for tag in row.hashtags),
            *(one.value for one in own if one.share_id == row.id and one.field in ("title", "words")),
            *(one["title"] for one in row.previews if key(one["url"]) == row.key),
            *(text for page in web for text in (page.title, page.description, page.site, page.author)),
        ]
        told.append((row, texts))
    printed = await _printed(transaction)

    def find(asked: str) -> set[object]:
        who = asked.partition("from:")[2].partition(" ")[0]
        asked = re.sub(r"from:\w+ ?", "", asked)
        visible = {row.id for row in there if row.external_id.startswith(who)}
        found: set[object] = {row.id for row, texts in told if row.id in visible and _fits(texts, asked)}
        for _, title, shares, texts in printed:
            if asked and _fits(texts, asked):
                found |= {shares[0]} & visible if shares else {title} if not who else set()
        return found

    return find


async def _printed(transaction: Transaction) -> list[tuple[int, str, list[int], list[str]]]:
    revision = tables.revision
    newest = {row.edition_id: row.edition for row in await transaction.execute(select(revision).order_by(revision.c.n))}
    found = []
    for id, body in newest.items():
        made = from_json(body)
        found.append(
            (id, f"{id}", [], [made.title, made.label, made.week.iso, made.week.label, made.intro, made.outro])
        )
        for one in (*made.entries, *made.again):
            texts = [one.title, one.words, one.url.partition("://")[2], *(shared.words for shared in one.shares)]
            found.append((id, "", [shared.share for shared in one.shares], texts))
    return found


def _fits(texts: list[str | None], asked: str) -> bool:
    everything = "\n".join(filter(None, texts)).lower()
    spoken = re.sub(r"[^\w#\n]+", " ", everything)
    for phrase in re.findall(r'"([^"]*)"', asked):
        if f" {phrase} " not in f" {' '.join(spoken.split())} " and not (phrase[-1] > "z" and phrase in spoken):
            return False
    words = re.sub(r'"[^"]*"', "", asked).split()
    for place, word in enumerate(words):
        if word[0] == "#":
            fits = re.search(rf"{word}(?!\w)", everything) is not None
        elif word[0] > "z":
            # A single syllable is found where it begins one more, or stands alone.
            fits = word in everything if len(word) > 1 else re.search(rf"{word}[가-힣]|(?<![가-힣]){word}", everything)
        else:
            fits = re.search(rf"(?<![a-z0-9]){word}" + ("" if place == len(words) - 1 else r"(?![a-z0-9])"), everything)
        if not fits:
            return False
    return True


# --- the law -----------------------------------------------------------------------------------------------------------


async def lives(address: str, script: list[Step]) -> None:
    store = await Store.open(address)
    try:
        life = Life(store, Collector(store))
        for step in script:
            await life.go_on(step)
        async with store.reading() as transaction:
            scanned = await scan(transaction)
            numbers = await transaction.execute(select(tables.edition.c.id, tables.edition.c.number))
            ids = {number: str(id) for id, number in numbers}
            for asked in ASKED:
                there = await search.find(transaction, read(asked), None, 1_000, newsletters=None)
                found = {one.share or ids[one.edition] for one in there}
                assert found == scanned(asked), asked
                assert len(found) == len(there)
                assert list(there) == sorted(there, key=lambda one: one.sent_at.replace(microsecond=0), reverse=True)
    finally:
        await store.close()


@settings(max_examples=examples(60))
@given(script=st.lists(steps, min_size=4, max_size=16))
def test_on_sqlite_what_is_found_is_what_a_plain_scan_finds(script):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lives(stores.fresh(Path(folder)), script))


@pytest.fixture(scope="module")
def migrated(postgres_server) -> Iterator[str]:
    with postgres.fresh_database(postgres_server) as url:
        yield url


@settings(max_examples=examples(24))
@given(script=st.lists(steps, min_size=4, max_size=16))
def test_on_postgresql_what_is_found_is_what_a_plain_scan_finds(migrated, script):
    async def emptied() -> None:
        store = await Store.open(migrated)
        names = ["share_terms", "edition_terms", *(table.name for table in tables.metadata.sorted_tables)]
        async with store.writing() as transaction:
            await transaction.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
        await store.close()

    asyncio.run(emptied())
    asyncio.run(lives(migrated, script))
