"""Made-up chat in Korean, Japanese and English: messages, addresses, and a Slack export of them.

The same every time. In its shape like a real workspace of some years: 25,000 messages in 22 channels, two in seven with
a link, 7,000 files most of which hold a few messages.
"""

import json
import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

MESSAGES, CHANNELS, DAYS, PEOPLE = 25_000, 22, 7_000, 300
WITH_A_LINK = 0.27
BEGINNING = datetime(2017, 9, 4, tzinfo=UTC)

_WORDS = (
    "이번 논문 결과가 생각보다 좋네요 모델 학습 속도를 줄이는 방법 정리 글입니다 코드도 공개되어 있어요 다음 모임에서 발표해 주실 분 확인 부탁드려요 "
    "데이터 전처리 과정이 궁금했는데 도움이 됐습니다",
    "この記事がとても参考になりました 型クラスの説明がわかりやすい 手元で試したところ動きました 次の勉強会で話します 質問があればどうぞ "
    "ビルドが通らない原因を調べています 新しいバージョンが出ていました",
    "the release notes explain why this is faster than before we tried it on our own tables and it works has anybody "
    "compared both libraries a short introduction with pictures worth reading twice the talk starts at noon",
)
_HOSTS = (
    "github.com/{owner}/{name}",
    "github.com/{owner}/{name}/issues/{number}",
    "arxiv.org/abs/20{month:02}.{number:05}",
    "www.youtube.com/watch?v={id}",
    "youtu.be/{id}?t={month}",
    "medium.com/@{owner}/{name}-{id}?source=friends_link",
    "twitter.com/{owner}/status/15{number:014}",
    "docs.google.com/document/d/{id}{id}/edit",
    "{owner}.github.io/posts/{name}.html#{id}",
    "blog.{owner}.com/20{month:02}/{name}?utm_source=slack&utm_medium=chat",
    "ko.wikipedia.org/wiki/{korean}",
    "qiita.com/{owner}/items/{id}{id}",
    "www.example.org/{name}/{id}?page={month}&fbclid={id}{id}",
)
_NAMES = "attention transformer parser lens haskell numpy tokyo seoul compiler vector monad diffusion".split()


def addresses(count: int) -> list[str]:
    """So many different addresses of the kinds that are shared in chats."""
    chance = random.Random("addresses")
    found: dict[str, None] = {}
    while len(found) < count:
        path = chance.choice(_HOSTS).format(
            owner=chance.choice(_NAMES) + str(chance.randrange(90)),
            name="-".join(chance.sample(_NAMES, 3)),
            number=chance.randrange(99_999),
            month=chance.randrange(10, 25),
            id="".join(chance.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789_-", k=11)),
            korean=chance.choice(_WORDS[0].split()),
        )
        found[f"https://{path}"] = None
    return list(found)


def sentence(chance: random.Random, most: int = 18) -> str:
    """Some words of one of the languages."""
    words = chance.choice(_WORDS).split()
    return " ".join(chance.choices(words, k=chance.randint(2, most)))


def messages(link: str = "<{url}>", count: int = MESSAGES) -> Iterator[str]:
    """The texts of the chat, in order; ``link`` is how an address stands in them: Slack's way, or ``{url}`` alone."""
    chance = random.Random("messages")
    pool = addresses(MESSAGES // 5)
    for _ in range(count):
        if chance.random() >= WITH_A_LINK:
            yield sentence(chance, 40)
            continue
        # Four in five are new, the others were shared before.
        url = link.format(url=chance.choice(pool))
        yield chance.choice(
            (
                url,
                f"{sentence(chance, 6)}\n{url}\n{sentence(chance, 30)}",
                f"{sentence(chance)} {url}",
                f"{url} {sentence(chance)}",
                f"{sentence(chance)} {url} {sentence(chance)}",
                f"{sentence(chance)}\n\n• {url}\n• {link.format(url=chance.choice(pool))} {sentence(chance)}",
            )
        )


def write_slack_export(path: Path, count: int = MESSAGES) -> None:
    """A workspace's export as Slack packs it: lists, and a folder for each channel with a file for each day."""
    chance = random.Random("export")
    channels = [{"id": f"C0{place:07}", "name": f"channel-{place}"} for place in range(CHANNELS)]
    people = [
        {"id": f"U0{place:07}", "team_id": "T00000001", "name": f"person{place}", "profile": {"display_name": "민지"}}
        for place in range(PEOPLE)
    ]
    # Some channels are busy: half of all days are those of the first few.
    days = [(min(int(chance.expovariate(0.2)), CHANNELS - 1), chance.randrange(3_000)) for _ in range(DAYS)]
    said: dict[tuple[int, int], list[dict[str, object]]] = {}
    for text in messages(count=count):
        channel, day = chance.choice(days)
        at = BEGINNING + timedelta(days=day, microseconds=chance.randrange(86_400_000_000))
        message: dict[str, object] = {
            "type": "message",
            "ts": f"{at.timestamp():.6f}",
            "user": chance.choice(people)["id"],
            "text": text.replace("&", "&amp;"),
        }
        if "<http" in text and chance.random() < 0.3:
            names = chance.sample(["+1", "tada", "eyes", "bow", "pray"], 2)
            who = [str(person["id"]) for person in chance.sample(people, 2)]
            message["reactions"] = [{"name": name, "users": who, "count": len(who)} for name in names]
        said.setdefault((channel, day), []).append(message)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as export:
        export.writestr("channels.json", json.dumps(channels))
        export.writestr("users.json", json.dumps(people))
        for (channel, day), there in sorted(said.items()):
            there.sort(key=lambda message: str(message["ts"]))
            file = f"{channels[channel]['name']}/{BEGINNING + timedelta(days=day):%Y-%m-%d}.json"
            export.writestr(file, json.dumps(there))
