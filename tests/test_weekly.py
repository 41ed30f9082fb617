"""A newsletter's weeks, turn by turn, in the room that is a chat in memory: what editors and readers come to see.

When something is due is ``test_due.py``'s, that nothing is lost or sent twice ``test_deliver.py``'s and the laws'.
"""

import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot import weekly
from bot.app import App, Live
from bot.config import Config, Platforms
from bot.platforms.local.client import Local
from bot.platforms.local.room import Room
from newsletter.collect import Collector
from newsletter.settings import NewsletterSettings
from newsletter.store import Store
from tests.stores import fresh

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MINUTE = timedelta(minutes=1)
# A Saturday noon in Seoul.
CUT_OFF = datetime(2026, 6, 13, 3, tzinfo=UTC)


class Elsewhere(Local):
    """A second chat, of another name."""

    platform = "elsewhere"


class Team:
    """A room with a newsletter, its two people, and a clock that only the test moves."""

    def __init__(self, store: Store, folder, **more: object) -> None:
        self.now = CUT_OFF - 3 * DAY
        self.store = store
        self.room, self.other_room = Room(self.clock), Room(self.clock, name="elsewhere")
        self.links, self.desk = self.room.open_channel("links"), self.room.open_channel("desk", private=True)
        self.ann, self.ben = self.room.join("Ann"), self.room.join("Ben")
        self.boss = self.other_room.join("Boss", id="boss")
        given = {
            "key": "weekly",
            "title": "Weekly",
            "timezone": "Asia/Seoul",
            "schedule": {"day": "saturday", "time": "12:00"},
            "collect": ("local:#links",),
            "post_to": ("local:#links",),
            "editors_channel": "local:#desk",
            "editors": (f"local:{self.ann.id}",),
            "markdown": {"folder": str(folder / "posts")},
            "introduce": False,
        }
        settings = NewsletterSettings(**(given | more))
        self.config = Config("", Platforms(), {"weekly": settings})
        self.chats = (Local(self.room), Elsewhere(self.other_room))
        self.posts = folder / "posts"
        self.restart()

    def clock(self) -> datetime:
        return self.now

    def restart(self) -> None:
        """A new process on the same database."""
        self.live = Live(App(self.config, self.store, Collector(self.store), self.clock), self.chats, lambda: False)
        (self.weekly,) = self.live.weeklies

    # --- what happens ---

    async def shares(self, page: str, words: str = "worth reading") -> str:
        message = self.room.post(self.links, self.ben, f"<https://example.org/{page}>\n{words}")
        await self.room.quiet()
        return message.id

    async def turns(self, at: datetime, times: int = 2) -> bool:
        """The clock shows this, and a few turns are taken: what is done is done once."""
        self.now = at
        return all([await self.weekly.turn() for _ in range(times)])

    async def asks(self, text: str) -> str:
        shown = await self.room.ask(self.desk, self.ann, text)
        return "\n".join(shown.texts)

    # --- what is seen ---

    def ours(self, channel) -> list[str]:
        """What we posted in a channel, thread and all, in order."""
        return [message.text for message in self.room.messages(channel.id) if message.author.bot]

    def at_the_desk(self) -> list[str]:
        """Messages at the channel's level, which is where people hear of them."""
        return [one.text for one in self.room.messages(self.desk.id) if one.author.bot and one.thread is None]

    def post(self) -> str:
        (file,) = self.posts.iterdir()
        return file.read_text()


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def there(url, tmp_path):
    """``there(**settings)``: a team whose bot is connected and hears what is said."""

    @asynccontextmanager
    async def made(**more):
        store = await Store.open(url)
        team = Team(store, tmp_path, **more)
        running = asyncio.create_task(team.chats[0].run(team.live.listening))
        try:
            await team.room.quiet()
            assert await team.turns(team.now)
            yield team
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await store.close()

    return made


# --- before --------------------------------------------------------------------------------------------------------


async def test_the_editors_see_the_draft_once_a_day_before_it_closes(there):
    async with there(collect=("local:#links",)) as team:
        await team.shares("a")
        await team.turns(CUT_OFF - DAY - MINUTE)
        assert team.at_the_desk() == []
        await team.turns(CUT_OFF - DAY)
        (draft,) = team.at_the_desk()
        assert "closes Saturday 13 June 2026, 12:00 Asia/Seoul" in draft
        assert "https://example.org/a" in draft
        team.restart()
        await team.turns(CUT_OFF - MINUTE)
        assert len(team.at_the_desk()) == 1
        await team.turns(CUT_OFF)
        await team.turns(CUT_OFF + WEEK - DAY)
        assert len(team.at_the_desk()) == 2


async def test_no_draft_is_shown_where_none_is_wanted(there):
    async with there(draft="0") as team:
        await team.shares("a")
        await team.turns(CUT_OFF - HOUR)
        await team.turns(CUT_OFF)
        assert team.at_the_desk() == []


async def test_no_draft_is_shown_of_a_week_that_is_skipped(there):
    async with there() as team:
        await team.shares("a")
        await (await team.live.publisher(team.weekly.settings)).skip("ann")
        await team.turns(CUT_OFF - DAY)
        await team.turns(CUT_OFF)
        assert team.at_the_desk() == []
        assert team.ours(team.links) == []
        await team.turns(CUT_OFF + WEEK - DAY)
        assert "https://example.org/a" in team.at_the_desk()[0]
        await team.turns(CUT_OFF + WEEK)
        assert "https://example.org/a" in "".join(team.ours(team.links))


# --- at the cut-off ------------------------------------------------------------------------------------------------


async def test_at_its_hour_the_newsletter_is_in_the_channel_and_the_folder_once(there):
    async with there() as team:
        await team.shares("a")
        await team.turns(CUT_OFF - timedelta(seconds=1))
        assert team.ours(team.links) == []
        assert await team.turns(CUT_OFF)
        team.restart()
        assert await team.turns(CUT_OFF + MINUTE)
        (message,) = team.ours(team.links)
        assert "https://example.org/a" in message
        assert "https://example.org/a" in team.post()


async def test_an_empty_week_says_nothing(there):
    async with there() as team:
        await team.turns(CUT_OFF)
        assert team.ours(team.links) == []
        assert not team.posts.exists()


async def test_what_was_said_while_nobody_listened_is_read_back_before_the_week_is_closed(there):
    async with there() as team:
        await team.shares("a")
        team.room.cut()
        team.room.post(team.links, team.ben, "<https://example.org/unheard>\nworth reading")
        await asyncio.sleep(0)
        team.room._reachable.set()  # reading works again before the line does
        await team.turns(CUT_OFF)
        assert "https://example.org/unheard" in "".join(team.ours(team.links))


async def test_a_channel_that_cannot_be_read_holds_nothing_up_and_is_named_once_until_it_can(there):
    async with there() as team:
        await team.shares("a")
        team.room.trouble.no_reading = True
        await team.turns(CUT_OFF)
        about_reading, about_delivery = [text for text in team.at_the_desk() if "⚠️" in text]
        assert "not everything could be read again" in about_reading
        assert "local #links" in about_reading.replace("\\", "")
        assert "goes into the next edition" in about_reading
        # "Not sent" is never guessed: what cannot be looked into is not sent to.
        assert "cannot be read" in about_delivery
        assert team.ours(team.links) == []
        assert "https://example.org/a" in team.post()
        team.room.trouble.no_reading = False
        await team.shares("b")
        await team.turns(CUT_OFF + WEEK)
        solved = [text for text in team.at_the_desk() if "✅" in text]
        assert any("can be read again" in text for text in solved)


async def test_reading_back_ends_at_its_deadline_and_names_what_it_did_not_reach(there, monkeypatch):
    monkeypatch.setattr(weekly, "READING_TAKES", timedelta(seconds=0.3))
    async with there() as team:
        await team.shares("a")

        async def never(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(team.room, "history", never)
        monkeypatch.setattr(team.weekly._publisher, "deliver", _nothing)
        await team.turns(CUT_OFF, 1)
        (notice,) = [text for text in team.at_the_desk() if "⚠️" in text]
        assert "local #links" in notice.replace("\\", "")
        assert "not reached in time" in notice


async def _nothing(**_: object) -> tuple[()]:
    return ()


# --- review and approval -------------------------------------------------------------------------------------------


async def test_with_a_review_what_the_editors_saw_is_what_goes_out(there):
    async with there(review="24h", draft="0") as team:
        message = await team.shares("a")
        await team.turns(CUT_OFF - DAY)
        (closed,) = team.at_the_desk()
        assert "goes out Saturday 13 June 2026, 12:00 Asia/Seoul" in closed
        # In the thread below it: the messages as they will be.
        shown = [one.text for one in team.room.messages(team.desk.id) if one.thread is not None]
        assert team.ours(team.links) == []
        assert not team.posts.exists()
        team.room.edit(message, "<https://example.org/a>\nquite another thing")
        await team.shares("too-late")
        await team.turns(CUT_OFF - timedelta(seconds=1))
        assert team.ours(team.links) == []
        await team.turns(CUT_OFF)
        assert "https://example.org/a" in team.ours(team.links)[0]
        assert "too-late" not in str(team.ours(team.links))
        assert all(text in str(shown) for text in team.ours(team.links)[0].split("\n\n")[1:2])
        await team.turns(CUT_OFF + WEEK)
        assert "https://example.org/too-late" in "".join(team.ours(team.links))


async def test_an_edition_that_waits_for_approval_is_shown_reminded_of_once_and_goes_out_on_an_editors_word(there):
    async with there(approval="required", draft="0") as team:
        await team.shares("a")
        await team.turns(CUT_OFF)
        (closed,) = team.at_the_desk()
        assert "It goes out when an editor publishes it" in closed
        await team.turns(CUT_OFF + weekly.REMIND_AFTER - MINUTE)
        assert len(team.at_the_desk()) == 1
        await team.turns(CUT_OFF + weekly.REMIND_AFTER)
        team.restart()
        await team.turns(CUT_OFF + DAY)
        assert len(team.at_the_desk()) == 2
        assert team.ours(team.links) == []
        shown = next(one for one in team.room.messages(team.desk.id) if one.actions)
        await team.room.press(shown.id, team.ann, "Publish")
        assert "https://example.org/a" in team.ours(team.links)[0]
        before = len(team.ours(team.desk))
        await team.turns(CUT_OFF + 2 * DAY)
        assert len(team.ours(team.links)) == 1
        assert len(team.ours(team.desk)) == before


async def test_two_editions_that_wait_go_out_one_by_one_the_older_first(there):
    async with there(approval="required", draft="0") as team:
        for week, page in enumerate(("first", "second")):
            await team.shares(page)
            await team.turns(CUT_OFF + week * WEEK)
        await team.asks("publish weekly")
        assert ["first" in text for text in team.ours(team.links)] == [True]
        await team.asks("publish weekly")
        assert ["second" in text for text in team.ours(team.links)] == [False, True]


async def test_a_newsletter_that_is_late_in_the_evening_waits_for_the_morning_and_says_so(there):
    async with there(draft="0") as team:
        await team.shares("a")
        night = CUT_OFF + 11 * HOUR
        await team.turns(night)
        assert team.ours(team.links) == []
        (closed,) = team.at_the_desk()
        assert "08:00" in closed
        await team.turns(CUT_OFF + 20 * HOUR)
        assert len(team.ours(team.links)) == 1


# --- what goes wrong -----------------------------------------------------------------------------------------------


async def test_a_place_that_says_no_is_told_of_once_and_that_it_is_solved_once(there):
    async with there(draft="0", editors_channel="", editors=("elsewhere:boss",)) as team:
        await team.shares("a")
        team.room.trouble.no_posting = True
        await team.turns(CUT_OFF)
        team.restart()
        await team.turns(CUT_OFF + HOUR)
        (notice,) = at_the_boss(team)
        assert "weekly 2026-W24 did not reach local" in notice
        assert "posting is switched off" in notice
        assert "It is at markdown" in notice
        assert "/digest publish weekly" in notice
        team.room.trouble.no_posting = False
        await team.turns(CUT_OFF + 2 * HOUR)
        assert team.ours(team.links) == []  # it waits for a person
        publisher = await team.live.publisher(team.weekly.settings)
        await publisher.deliver(failed_too=True)
        await team.turns(CUT_OFF + 3 * HOUR)
        _, solved = at_the_boss(team)
        assert "Solved" in solved
        assert "has reached local" in solved


async def test_a_passing_trouble_is_told_to_nobody(there):
    async with there(draft="0") as team:
        await team.shares("a")
        team.room.trouble.wait = timedelta(minutes=2)
        await team.turns(CUT_OFF)
        team.room.trouble.wait = None
        await team.turns(CUT_OFF + 2 * MINUTE)
        assert len(team.ours(team.links)) == 1
        assert team.at_the_desk() == []


async def test_a_trouble_that_lasts_is_told_after_three_attempts_with_when_it_is_tried_again(there):
    async with there(draft="0", editors_channel="", editors=("elsewhere:boss",)) as team:
        await team.shares("a")
        team.room.trouble.wait = timedelta(minutes=2)
        for n in range(5):
            await team.turns(CUT_OFF + n * 2 * MINUTE)
            assert len(at_the_boss(team)) == (1 if n >= 2 else 0)
        assert "It is tried again by itself at 12:06" in at_the_boss(team)[0]


async def test_where_only_the_broken_chat_is_left_it_is_in_the_log_and_told_when_it_is_back(there, caplog):
    async with there(draft="0") as team:
        await team.shares("a")
        team.room.trouble.no_posting = True
        with caplog.at_level(logging.ERROR):
            await team.turns(CUT_OFF)
        assert any("did not reach local" in record.message for record in caplog.records)
        assert team.at_the_desk() == []
        team.room.trouble.no_posting = False
        await team.turns(CUT_OFF + HOUR)
        (notice,) = team.at_the_desk()
        assert "did not reach local" in notice


async def test_a_turn_that_fails_is_told_once_and_that_it_goes_on(there, monkeypatch):
    async with there(draft="0") as team:
        await team.shares("a")

        async def broken(**_: object) -> None:
            raise RuntimeError("secret of the machine")

        with monkeypatch.context() as patch:
            patch.setattr(team.weekly._publisher, "follow", broken)
            assert not await team.turns(CUT_OFF)
            assert not await team.turns(CUT_OFF + MINUTE)
        (notice,) = team.at_the_desk()
        assert "RuntimeError" in notice
        assert "secret" not in notice
        assert await team.turns(CUT_OFF + 2 * MINUTE)
        assert "goes on again" in team.at_the_desk()[1]
        assert len(team.ours(team.links)) == 1


def at_the_boss(team: Team) -> list[str]:
    channel = team.other_room.converse(team.boss)
    return [message.text for message in team.other_room.messages(channel.id)]


# --- after ---------------------------------------------------------------------------------------------------------


async def test_what_is_edited_after_it_went_out_is_amended_in_chat_and_file(there):
    async with there(draft="0") as team:
        message = await team.shares("a", "words that went out")
        await team.shares("b")
        await team.turns(CUT_OFF)
        assert "words that went out" in team.post()
        team.now += MINUTE
        team.room.edit(message, "<https://example.org/a>\nbetter words")
        await team.room.quiet()
        await mark_stale(team)
        await team.turns(team.now)
        assert "better words" in "".join(team.ours(team.links))
        assert "better words" in team.post()
        assert "words that went out" not in "".join((*team.ours(team.links), team.post()))
        assert len([one for one in team.room.messages(team.links.id) if one.author.bot and one.thread is None]) == 1


async def test_an_edition_does_not_follow_edits_where_the_settings_say_so_and_deletions_always(there):
    async with there(draft="0", edits="ignore") as team:
        edited, gone = await team.shares("a", "words that went out"), await team.shares("b", "soon gone")
        await team.turns(CUT_OFF)
        team.now += MINUTE
        team.room.edit(edited, "<https://example.org/a>\nbetter words")
        team.room.delete(gone)
        await team.room.quiet()
        await mark_stale(team)
        await team.turns(team.now)
        for text in ("".join(team.ours(team.links)), team.post()):
            assert "words that went out" in text
            assert "better words" not in text
            assert "soon gone" not in text
            assert "example.org/b" not in text


async def test_what_is_deleted_while_the_edition_waits_does_not_go_out(there):
    async with there(draft="0", approval="required") as team:
        gone = await team.shares("a", "soon gone")
        await team.shares("b")
        await team.turns(CUT_OFF)
        team.room.delete(gone)
        await team.room.quiet()
        await mark_stale(team)
        await team.turns(CUT_OFF + MINUTE)
        await team.asks("publish weekly")
        assert "example.org/b" in "".join(team.ours(team.links))
        assert "soon gone" not in "".join((*team.ours(team.links), team.post()))


async def test_an_edition_of_which_everything_is_deleted_is_taken_away(there):
    async with there(draft="0") as team:
        gone = await team.shares("a")
        await team.turns(CUT_OFF)
        team.room.delete(gone)
        await team.room.quiet()
        await mark_stale(team)
        await team.turns(CUT_OFF + MINUTE)
        assert team.ours(team.links) == []
        assert list(team.posts.iterdir()) == []


async def mark_stale(team: Team) -> None:
    async with team.store.writing() as transaction:
        await transaction.exec_driver_sql("UPDATE edition SET stale = 1 WHERE state = 'frozen'")
