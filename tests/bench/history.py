"""A made-up history of shares, put into a store in bulk: what they say, who said it where, and the editions they went into.

Words are as rare and as common as words are; half of the texts are Korean, half are English. The same every time. The
index of their words is made by the store itself, and what is asked of it is ``searching.py``'s.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice

from sqlalchemy import insert, text

from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, Person, Section, Shared, TitleSource, Week
from newsletter.store import Store, Transaction, editions, placements, tables
from newsletter.store.chat import link_digest

CHANNELS, PEOPLE, AT_ONCE, WEEKS = 20, 400, 5_000, 520
BEGINNING = datetime(2016, 1, 4, tzinfo=UTC)
TEN_YEARS = timedelta(days=3640)
NOW = BEGINNING + TEN_YEARS


class Words:
    """Made-up words, the same every time, the first ones as common as articles."""

    def __init__(self, count: int = 15_000) -> None:
        chance = random.Random("words")
        syllables = [chr(code) for code in chance.sample(range(0xAC00, 0xD7A4), 1_200)]
        rare_ones = [1 / (place + 3) for place in range(len(syllables))]
        letters = "etaoinshrdlucmfwypvbgkqjxz"
        falling = range(len(letters), 0, -1)
        self.korean = ["".join(chance.choices(syllables, rare_ones, k=chance.randint(2, 4))) for _ in range(count)]
        self.english = ["".join(chance.choices(letters, falling, k=chance.randint(3, 9))) for _ in range(count)]
        self._common = list(accumulate(1 / (place + 10) for place in range(count)))

    def texts(self, count: int) -> Iterator[str]:
        """So many comments."""
        chance = random.Random("texts")
        for _ in range(count):
            words = chance.choice((self.korean, self.english))
            yield " ".join(chance.choices(words, cum_weights=self._common, k=chance.randint(2, 14)))

    def queries(self) -> dict[str, list[str]]:
        """What people would look for, by its kind."""
        korean, english = self.korean, self.english
        return {
            "common word": [words[place] for words in (korean, english) for place in (0, 2, 7)],
            "rare word": [words[place] for words in (korean, english) for place in (500, 4_000, 14_000)],
            "two syllables": [korean[place][:2] for place in (1, 40, 900)] + [korean[n][-2:] for n in (2, 90, 2_000)],
            "beginning": [english[place][:4] for place in (3, 70, 1_500)],
            "two words": [f"{words[a]} {words[b]}" for words in (korean, english) for a, b in _PAIRS]
            + [f"{korean[0]} {english[0]}"],
            "nothing": ["nothinglikethis", "없습니닿", f"{english[0]} nothinglikethis"],
        }


_PAIRS = ((0, 1), (5, 400), (3_000, 2))


async def fill(store: Store, texts: list[str], tell: Callable[[int], None]) -> None:
    """Put shares with these words into the tables, one a link, oldest first: the index is made afterwards."""
    place = {"platform": "slack", "workspace": "T1"}
    async with store.writing() as transaction:
        named = [{**place, "external_id": f"C{n}", "name": f"channel-{n}", "private": False} for n in range(CHANNELS)]
        await transaction.execute(insert(tables.channel), [{**one, "named_at": BEGINNING} for one in named])
        people = [{**place, "external_id": f"U{n}", "name": f"민지 {n}", "bot": False} for n in range(PEOPLE)]
        await transaction.execute(insert(tables.person), people)
    numbered = enumerate(texts, start=1)
    while batch := list(islice(numbered, AT_ONCE)):
        async with store.writing() as transaction:
            for to, row in ((tables.link, _link), (tables.message, _message), (tables.share, _share)):
                await transaction.execute(insert(to), [row(n, said, len(texts)) for n, said in batch])
        tell(batch[-1][0])
    async with store.writing() as transaction:
        if transaction.dialect.name == "postgresql":
            # The rows came with their numbers: the next one is the one after them.
            for name in ("link", "message", "share"):
                last = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"  # noqa: S608
                await transaction.execute(text(last))


async def print_editions(transaction: Transaction, texts: list[str]) -> None:
    """An edition for each week, which has all of its shares."""
    for week in range(WEEKS):
        here = range(len(texts) * week // WEEKS + 1, len(texts) * (week + 1) // WEEKS + 1)
        opened_at = BEGINNING + week * TEN_YEARS / WEEKS
        row = await editions.add_archived(transaction, "weekly", opened_at, opened_at + TEN_YEARS / WEEKS, NOW, "bench")
        await placements.place(transaction, row, dict.fromkeys(here))
        entries = (_entry(share, texts[share - 1]) for share in here)
        label = f"{week // 52}-W{week % 52}"
        named = Week(label, label, 2016, 1, 1)
        edition = Edition(
            *("weekly", row.number, "Weekly News", "ko", "UTC", row.opened_at, row.cut_off, label, named, named),
            sections=(Section("", "", tuple(entries)),),
        )
        await editions.revise(transaction, row, edition, NOW)


def _entry(share: int, said: str) -> Entry:
    shared = Shared(share, Person(PersonId("slack", "T1", "U1"), ""), BEGINNING, "news", None, said)
    url = f"https://example.org/{share}"
    return Entry(url, url, "", TitleSource.HOST, said, "example.org", (shared,), 1)


def _link(n: int, _said: str, _of: int) -> dict[str, object]:
    return {"id": n, "key": f"example.org/{n}", "digest": link_digest(f"example.org/{n}")}


def _message(n: int, _said: str, of: int) -> dict[str, object]:
    return {
        "id": n,
        "channel_id": n % CHANNELS + 1,
        "external_id": str(n),
        "author_id": n % PEOPLE + 1,
        "sent_at": BEGINNING + TEN_YEARS * (n / of),
        "live": True,
        "text": "",
        "previews": [],
        "gone": False,
    }


def _share(n: int, said: str, of: int) -> dict[str, object]:
    return {
        "id": n,
        "message_id": n,
        "link_id": n,
        "channel_id": n % CHANNELS + 1,
        "sent_at": BEGINNING + TEN_YEARS * (n / of),
        "live": True,
        "present": True,
        "returned": False,
        "ordinal": 0,
        "url": f"https://example.org/{n}",
        "comment": said,
        "hashtags": [],
        "bare": False,
    }
