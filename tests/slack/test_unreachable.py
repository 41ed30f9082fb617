"""Where Slack cannot be asked, it is a ``ConnectionError``, as the port has it; nothing counts as deleted for it."""

import pytest

from bot.platforms.slack import calls
from newsletter.heard import ChannelId
from tests.servers.slack.trouble import Fault
from tests.slack.conftest import LONG_AGO, now, scene

UNREACHABLE = {
    "a server that fails": Fault("*", None, 500),
    "a proxy's page": Fault("*", None, 502, "<html>Bad Gateway</html>"),
    "a proxy's page instead of an answer": Fault("*", None, 200, "<html>Hello</html>"),
    "half an answer": Fault("*", None, 200, '{"ok": tr'),
    "another answer": Fault("*", None, 200, "[]"),
    "a cut connection": Fault("*", None, 0),
    "a no without a reason": Fault("*", None, 200, {"ok": False}),
    "Slack fails itself": Fault("*", None, 200, {"ok": False, "error": "fatal_error"}),
}


async def asked(live, what):
    """What the port says to it."""
    if what == "read":
        id = ChannelId("slack", live.slack.workspace.id, live.links.id)
        return [one async for one in live.chat.read(id, now() - LONG_AGO)]
    return await (live.chat.channels() if what == "channels" else live.chat.people("S123"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(calls, "PAUSE", 0.001)


@pytest.mark.parametrize("trouble", UNREACHABLE)
async def test_where_slack_cannot_be_asked_it_is_a_connection_error(sqlite_url, trouble):
    async with scene(sqlite_url) as live:
        live.slack.trouble._add(UNREACHABLE[trouble])
        for what in ("channels", "read", "people"):
            with pytest.raises(ConnectionError):
                await asked(live, what)
        live.slack.trouble.clear()
        assert [one.complete for one in await asked(live, "read")] == [True]


async def test_an_answer_without_messages_says_of_none_that_it_is_gone(sqlite_url):
    async with scene(sqlite_url) as live:
        live.slack.trouble._add(Fault("conversations.history", None, 200, {"ok": True}))
        with pytest.raises(ConnectionError):
            await asked(live, "read")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/api/", "http://slack.invalid/api/"], ids=["refused", "no name"]
)
async def test_where_nobody_answers_it_is_a_connection_error(sqlite_url, address):
    async with scene(sqlite_url) as live:
        settings = live.chat._settings.model_copy(update={"api_url": address})
        live.chat = type(live.chat)(settings, clock=now)
        for what in ("channels", "read", "people"):
            with pytest.raises(ConnectionError):
                await asked(live, what)
