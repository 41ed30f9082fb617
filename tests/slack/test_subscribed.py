"""Messages that Slack never sends although they are there: an event was not subscribed to, which no method tells."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from bot.platforms.slack import subscribed
from bot.platforms.slack.subscribed import ENOUGH, MARGIN, Subscribed
from newsletter.heard import ChannelId, ChannelSeen, MessageId, MessageSeen, PersonId, Reading
from tests.slack.conftest import scene

START = datetime(2026, 6, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = PersonId("slack", "T1", "U1")


def reading(*posted: timedelta, private: bool = False) -> Reading:
    """What was read five hours after the start, of messages posted so long after it."""
    channel = ChannelSeen(ChannelId("slack", "T1", "C1"), "links", START, private)
    seen = tuple(
        MessageSeen(MessageId(channel.id, str(n)), ANN, START + after, "hello", START) for n, after in enumerate(posted)
    )
    return Reading(channel, START + 5 * HOUR, seen)


@pytest.mark.parametrize(
    ("connected", "heard", "posted", "said"),
    [
        (True, [], [HOUR] * ENOUGH, "message.channels"),
        (True, [True], [HOUR] * ENOUGH, "message.channels"),
        (True, [False], [HOUR] * ENOUGH, ""),
        (True, [], [HOUR] * (ENOUGH - 1), ""),
        (True, [], [-HOUR, MARGIN / 2, 5 * HOUR, HOUR, HOUR], ""),
        (False, [], [HOUR] * ENOUGH, ""),
    ],
    ids=["none came", "only private ones came", "one came", "too few", "before, or on their way", "we do not listen"],
)
def test_messages_that_were_posted_while_we_listened_should_have_come(connected, heard, posted, said):
    watch = Subscribed()
    if connected:
        watch.connected(START)
    for private in heard:
        watch.heard(private=private)
    assert (said in watch.read(reading(*posted))) if said else watch.read(reading(*posted)) == ""
    assert watch.read(reading(*posted[:1])) == "", "it is said once"


def test_private_channels_have_an_event_of_their_own():
    watch = Subscribed()
    watch.connected(START)
    watch.heard(private=False)
    assert "message.groups" in watch.read(reading(*[HOUR] * ENOUGH, private=True))


async def test_whoever_runs_us_is_asked_whether_the_event_is_subscribed_to(sqlite_url, caplog, monkeypatch):
    monkeypatch.setattr(subscribed, "MARGIN", timedelta(0))
    for events, asked in (({"reaction_added"}, True), ({"message.channels"}, False)):
        caplog.clear()
        async with scene(sqlite_url) as live:
            live.slack.events = events
            live.start()
            await live.quiet(1)
            for n in range(ENOUGH):
                live.slack.workspace.post(live.ann, live.links, f"https://example.org/{n}")
            await live.slack.quiet()
            with caplog.at_level(logging.WARNING):
                await live.keeper.connected(live.chat)
        assert ("subscribed to message.channels?" in caplog.text) is asked
