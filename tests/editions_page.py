"""What stands in docs/editions.md about editions of several sizes: drawn here, so that the page cannot be wrong.

``python tests/editions_page.py`` writes it anew between its marks; ``test_editions_page.py`` says when that is due.
Another platform is one more function in ``PARTS``, and its two marks in the page.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.cards import of_edition
from bot.platforms.discord import draw as discord_draw
from bot.platforms.slack import draw, mrkdwn
from newsletter.heard import PersonId
from newsletter.model import Edition, Entry, Person, Section, Shared, TitleSource, Week

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "editions.md"
SIZES = (1, 3, 15, 60, 120, 200)
SHOWN = (1, 3, 15)
"""The sizes whose messages are shown in words."""

CUT_OFF = datetime(2026, 6, 13, 3, tzinfo=UTC)
WEEK, NEXT_WEEK = Week("2026-W24", "2026-W24", 2026, 6, 2), Week("2026-W25", "2026-W25", 2026, 6, 3)
PEOPLE = ("Ann", "Ben", "Cho", "Dee")
SECTIONS = ("Papers", "Code", "Reading")
WORDS = (
    "The clearest account of it so far. Skip the introduction, the second part is what we argued about on Tuesday.",
    "Small, and it does one thing. We could drop two hundred lines for it.",
    "",
)


def edition(size: int) -> Edition:
    """An edition of so many entries: one in three has no words, one in four was shared by two."""
    entries = [_entry(n) for n in range(size)]
    grouped: dict[str, list[Entry]] = {}
    for n, entry in enumerate(entries):
        grouped.setdefault(SECTIONS[n % 3] if size > 5 else "", []).append(entry)
    return Edition(
        newsletter="weekly",
        number=12,
        title="Weekly links (2026-W24)",
        language="en",
        timezone="Asia/Seoul",
        opened_at=CUT_OFF - timedelta(days=7),
        cut_off=CUT_OFF,
        label="2026-W24",
        week=WEEK,
        next_week=NEXT_WEEK,
        sections=tuple(Section(title.lower() or "links", title, tuple(some)) for title, some in grouped.items()),
    )


def _entry(n: int) -> Entry:
    names = [PEOPLE[n % 4], PEOPLE[(n + 1) % 4]] if n % 4 == 0 else [PEOPLE[n % 4]]
    return Entry(
        key=f"example.org/{n + 1}",
        url=f"https://example.org/{n + 1}",
        title=f"What everybody should know about number {n + 1}",
        title_source=TitleSource.LABEL,
        words=WORDS[n % 3],
        site="example.org",
        shares=tuple(_shared(name) for name in names),
        score=200 - n,
        reactions=(("🎉", n % 5 + 1),) if n % 2 == 0 else (),
    )


def _shared(name: str) -> Shared:
    who = Person(PersonId("slack", "T1", name), name)
    return Shared(1, who, CUT_OFF - timedelta(days=2), "links", None, "")


def slack() -> str:
    """How many messages, blocks and characters an edition takes on Slack, and what the smaller ones look like."""
    rows = ["| links | in the channel | in its thread |", "|---|---|---|"]
    looks = []
    for size in SIZES:
        made = edition(size)
        first, *others = [json.loads(part.payload) for part in draw.parts(made, of_edition(made))]
        more = f"{_messages(len(others))}: {'; '.join(map(_counts, others))}" if others else "nothing"
        rows.append(f"| {size} | {_counts(first)} | {more} |")
        if size in SHOWN:
            looks.append(f"{_links(size)}:\n\n```text\n{_look(first)}\n```")
    return "\n".join(rows) + "\n\n" + "\n\n".join(looks)


def _links(number: int) -> str:
    return f"{number} link{'' if number == 1 else 's'}"


def _messages(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"


def _counts(message: dict[str, list[dict[str, object]]]) -> str:
    blocks = message["blocks"]
    characters = sum(mrkdwn.length(text) for text in _texts(blocks))
    return f"{len(blocks)} block{'' if len(blocks) == 1 else 's'}, {characters:,} characters"


def _texts(part: object) -> list[str]:
    """Every string a reader sees, as Slack counts them."""
    if isinstance(part, dict):
        text = part.get("text")
        own = [text] if isinstance(text, str) else []
        return own + [found for key, one in part.items() if key != "text" or not own for found in _texts(one)]
    return [found for one in part for found in _texts(one)] if isinstance(part, list) else []


def _look(message: dict[str, list[dict[str, object]]]) -> str:
    """The blocks as people read them: headers above a line, small print indented, links by their title alone."""
    looks = []
    for block in message["blocks"]:
        text = "\n".join(_texts(block))
        text = re.sub(r"<https?:[^<>|]+\|([^<>]*)>", r"\1", text).replace("\u200b", "")
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        if block["type"] == "header":
            text = f"{text}\n{'─' * len(text)}"
        elif block["type"] == "context":
            text = "\n".join(f"    {line}" for line in text.splitlines())
        looks.append(text)
    return "\n".join(looks)


def discord() -> str:
    """How many messages, embeds and characters an edition takes on Discord, and what the smaller ones look like."""
    rows = ["| links | in the channel | in its thread |", "|---|---|---|"]
    looks = []
    for size in SIZES:
        made = edition(size)
        first, *others = [json.loads(part.payload)["embeds"] for part in discord_draw.parts(made, of_edition(made))]
        more = f"{_messages(len(others))}: {'; '.join(map(_embeds, others))}" if others else "nothing"
        rows.append(f"| {size} | {_embeds(first)} | {more} |")
        if size in SHOWN:
            looks.append(f"{_links(size)}:\n\n```text\n{_look_of_embeds(first)}\n```")
    return "\n".join(rows) + "\n\n" + "\n\n".join(looks)


def _embeds(embeds: list[dict[str, Any]]) -> str:
    characters = sum(discord_draw.length(one["description"] + one.get("footer", {}).get("text", "")) for one in embeds)
    return f"{len(embeds)} embed{'' if len(embeds) == 1 else 's'}, {characters:,} characters"


def _look_of_embeds(embeds: list[dict[str, Any]]) -> str:
    """As people read them: headings above a line, small print indented, links by their title alone."""
    text = "\n\n".join(one["description"] for one in embeds)
    text = re.sub(r"\[([^\]]*)\]\(<?https?:[^()<>]*>?\)", r"\1", text)
    text = re.sub(r"\\([^\w\s])", r"\1", text).replace("**", "*").replace("\u200b", "")
    text = re.sub(r"^#+ (.*)$", lambda found: f"{found[1]}\n{'─' * len(found[1])}", text, flags=re.MULTILINE)
    return f"{re.sub(r'^-# ', '    ', text, flags=re.MULTILINE)}\n    {embeds[-1]['footer']['text']}"


PARTS: dict[str, Callable[[], str]] = {"slack": slack, "discord": discord}


def page(text: str) -> str:
    """The page with every part as it is now."""
    for name, part in PARTS.items():
        text, found = re.subn(
            rf"(?<=<!-- {name}: drawn -->\n\n).*?(?=\n\n<!-- /{name} -->)",
            lambda _, part=part: part(),
            text,
            flags=re.DOTALL,
        )
        if not found:
            raise ValueError(f"{PAGE.name} has no marks for {name}")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
