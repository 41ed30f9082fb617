"""`linkletter init`: a person at a real terminal answers, and has a configuration that works; nobody is surprised."""

import asyncio
import os
import pty
import re
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from bot.config import load
from bot.init import write_secrets
from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer
from tests.terminal import COMMAND, linkletter, surroundings

DEADLINE_SECONDS = 30
AUDIOOP = "ignore:'audioop' is deprecated:DeprecationWarning"
"""discord.py 2.7 imports it on Python 3.11 and 3.12."""


class Talk:
    """A command at a terminal of its own: what it said so far, and what is typed."""

    def __init__(self, *words: str, at: Path, **changed: str) -> None:
        self._ours, theirs = pty.openpty()
        self.said = ""
        self._read = 0
        self.process = subprocess.Popen(
            [*COMMAND[:3], "-W", AUDIOOP, *COMMAND[3:], *words],
            cwd=at,
            env=surroundings(LC_ALL="C.UTF-8", TZ="Asia/Seoul", **changed),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        while True:
            try:
                heard = os.read(self._ours, 65536)
            except OSError:  # the other side has closed: Linux says so by an error
                return
            if not heard:
                return
            self.said += heard.decode(errors="replace")

    def when(self, asked: str, answer: str = "") -> None:
        """Wait until this is asked, and type the answer: as it is offered, where there is none."""
        self.sees(asked)
        os.write(self._ours, f"{answer}\n".encode())

    def sees(self, asked: str) -> None:
        """Wait until this is said."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (found := self.said.find(asked, self._read)) < 0:
            assert time.monotonic() < deadline, f"never asked {asked!r}:\n{self.said}"
            assert self._listening.is_alive() or asked in self.said[self._read :], self.said
            time.sleep(0.01)
        self._read = found + len(asked)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Wait for its end; returns its status."""
        status = self.process.wait(DEADLINE_SECONDS)
        self._listening.join(DEADLINE_SECONDS)
        os.close(self._ours)
        assert "Traceback" not in self.said, self.said
        return status


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A workspace with two channels the bot is in."""

    def made() -> SlackServer:
        server = SlackServer()
        ann = server.workspace.join("Ann")
        server.workspace.open_channel("ml-news", [ann])
        server.workspace.open_channel("news-desk", [ann], private=True)
        return server

    with served(made) as server:
        yield server


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    """A server called Team with a channel the bot sees."""

    def made() -> DiscordServer:
        server = DiscordServer()
        server.add_channel(server.add_guild("Team"), "links")
        return server

    with served(made) as server:
        yield server


@contextmanager
def served(made: Callable[[], Any]) -> Iterator[Any]:
    """A server on loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> Any:
        server = made()
        await server.__aenter__()
        return server

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(DEADLINE_SECONDS)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(DEADLINE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE_SECONDS)
        loop.close()


def answer_the_rest(talk: Talk) -> None:
    """Language, zone, day, time and title as they are offered."""
    for asked in ("Language", "Time zone", "which day", "what time", "Title"):
        talk.when(asked)


def test_a_few_answers_make_a_configuration_that_works(tmp_path: Path, slack: SlackServer) -> None:
    talk = Talk("init", "--api-url", slack.api_url, at=tmp_path)
    talk.when("Where does your team chat?", "slack")
    talk.when("Bot token", slack.bot_token)
    talk.when("App-level token", slack.app_token)
    talk.sees("The tokens work; Linkletter is in 2 channels.")
    answer_the_rest(talk)
    talk.when("Collect links from", "ml-news 2")
    talk.when("Post the newsletter to", "1")
    talk.when("Who edits it", "U012ABC")
    assert talk.end() == 0, talk.said
    config = load(tmp_path / "config.yaml", {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"})
    weekly = config.newsletters["weekly"]
    ids = {channel.name: f"slack:{id}" for id, channel in slack.workspace.channels.items()}
    assert weekly.collect == (ids["ml-news"], ids["news-desk"])
    assert (weekly.post_to, weekly.editors) == ((ids["ml-news"],), ("slack:U012ABC",))
    assert (weekly.timezone, weekly.schedule.day) == ("Asia/Seoul", "friday")
    assert re.search(r"closes on Friday .* 16:00 Asia/Seoul", talk.said)
    assert "Next: linkletter check --live, then linkletter run" in talk.said
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert slack.bot_token not in talk.said + (tmp_path / "config.yaml").read_text("utf-8")
    checked = linkletter("check", "--live", at=tmp_path, status=None)
    assert "is not set" not in checked.out + checked.err, "the tokens are taken from .env"


def test_a_wrong_token_is_told_at_once_and_can_be_entered_again(tmp_path: Path, slack: SlackServer) -> None:
    talk = Talk("init", "--api-url", slack.api_url, at=tmp_path)
    talk.when("Where does your team chat?", "slack")
    talk.when("Bot token", "xoxb-wrong-secret")
    talk.when("App-level token", slack.app_token)
    talk.sees("problem: ")
    talk.when("Enter the tokens again?", "y")
    talk.when("Bot token", slack.app_token)
    talk.when("App-level token", slack.app_token)
    talk.sees("mixed up")
    talk.when("Enter the tokens again?", "y")
    talk.when("Bot token", slack.bot_token)
    talk.when("App-level token", slack.app_token)
    talk.sees("The tokens work")
    talk.process.terminate()
    talk.end()
    assert "xoxb-wrong-secret" not in talk.said
    assert list(tmp_path.iterdir()) == [], "stopped in the middle, nothing is written"


def test_discord_needs_one_token_and_offers_what_the_bot_sees(tmp_path: Path, discord: DiscordServer) -> None:
    talk = Talk("init", "--api-url", discord.api_url, at=tmp_path)
    talk.when("Where does your team chat?", "discord")
    talk.when("Token (on", "no.such.token")
    talk.sees("problem: ")
    talk.when("Enter the tokens again?", "y")
    talk.when("Token (on", discord.token)
    talk.sees("The tokens work; Linkletter is in 1 channel.")
    answer_the_rest(talk)
    talk.when("Collect links from", "links")
    talk.when("Post the newsletter to")
    talk.when("Who edits it", "somebody")
    talk.sees("that is no id")
    talk.when("Who edits it", "111122223333444455")
    assert talk.end() == 0, talk.said
    weekly = load(tmp_path / "config.yaml", {"DISCORD_TOKEN": "a"}).newsletters["weekly"]
    (links,) = (id for id, channel in discord.channels.items() if channel.name == "links")
    assert (weekly.collect, weekly.post_to) == ((f"discord:{links}",), (f"discord:{links}",))
    assert weekly.editors == ("discord:111122223333444455",)
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={discord.token}\n"
    assert re.search(r"closes on Friday .* 16:00 Asia/Seoul", talk.said)
    assert discord.token not in talk.said


def test_what_a_platform_lacks_is_said_before_anything_else_is_asked(tmp_path: Path) -> None:
    with served(lambda: DiscordServer(privileged=())) as discord:
        talk = Talk("init", "--api-url", discord.api_url, at=tmp_path)
        talk.when("Where does your team chat?", "discord")
        talk.when("Token (on", discord.token)
        talk.sees("problem: ")
        talk.sees("Message Content Intent")
        talk.sees("Enter the tokens again?")
        talk.interrupt()
        assert talk.end() == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("answer", "kept"), [("n", "old"), ("y", "new")])
def test_tokens_of_before_are_replaced_only_on_a_word(tmp_path: Path, answer: str, kept: str) -> None:
    secrets = tmp_path / ".env"
    secrets.write_text("OTHER=1\nDISCORD_TOKEN=old\n")
    with CliRunner().isolation(input=f"{answer}\n"), suppress(click.Abort):
        write_secrets(secrets, {"DISCORD_TOKEN": "new"})
    assert secrets.read_text() == f"OTHER=1\nDISCORD_TOKEN={kept}\n"


def test_what_is_there_is_not_overwritten_without_asking(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("newsletters: {mine: {}}\n")
    talk = Talk("init", at=tmp_path)
    talk.when("config.yaml is there already. Write it anew?", "n")
    assert talk.end() != 0
    assert (tmp_path / "config.yaml").read_text() == "newsletters: {mine: {}}\n"


def test_exports_need_no_token_and_a_mistake_is_asked_again(tmp_path: Path) -> None:
    talk = Talk("init", at=tmp_path)
    talk.when("Where does your team chat?", "exports")
    talk.when("Language", "ko")
    talk.when("Time zone", "Soeul")
    talk.sees("Error")
    talk.when("Time zone", "seoul")
    talk.when("which day", "saturday")
    talk.when("what time", "25:00")
    talk.sees("as in 16:00")
    talk.when("what time", "9:30")
    talk.when("Title", '주간 "소식" {{ evil }}')
    assert talk.end() == 0, talk.said
    weekly = load(tmp_path / "config.yaml", {}).newsletters["weekly"]
    assert (weekly.language, weekly.timezone, f"{weekly.schedule.time:%H:%M}") == ("ko", "Asia/Seoul", "09:30")
    assert weekly.title == '주간 "소식" (( evil )) ({{ week.label }})'
    assert not (tmp_path / ".env").exists()
    linkletter("preview", at=tmp_path)


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path: Path) -> None:
    said = linkletter("init", at=tmp_path, status=2)
    assert "config.example.yaml" in said.err
    assert list(tmp_path.iterdir()) == []
