"""What a team sees of ``linkletter run``, from outside: a process, its configuration, and Slack's documented API."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing

from tests.slack.process import bot

WEEKLY = {"title": "The week", "collect": ["slack:#links"], "post_to": ["slack:#links"], "introduce": False}

# Another program that writes to our database for a while, and says when it begins.
HOLDING = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@asynccontextmanager
async def at_work(folder, newsletter=WEEKLY, **server):
    """The bot at work in #links, where Ann is an editor, Ben is not."""
    async with bot(folder, **server) as one:
        place = one.slack.workspace
        one.ann, one.ben = place.join("Ann"), place.join("Ben")
        one.links = place.open_channel("links", [one.ann, one.ben])
        one.configure(newsletter | {"editors": [f"slack:{one.ann.id}"]})
        await one.start()
        yield one


async def asked(one, person, text, channel=None):
    """What the person is shown for a command."""
    question = await one.slack.ask(person, channel or one.links, "/digest", text)
    assert question.delivery.acked
    [shown] = await one.slack.answered(question)
    return shown


def kept(one):
    """The texts that are in the database, by the ids of their messages."""
    with closing(sqlite3.connect(one.folder / "linkletter.db")) as connection:
        return dict(connection.execute("SELECT external_id, text FROM message").fetchall())


async def test_a_team_shares_previews_asks_and_publishes(tmp_path):
    async with at_work(tmp_path) as one:
        place = one.slack.workspace
        for n in range(3):
            place.post(one.ben, one.links, f"Paper {n} https://example.org/{n}?a=1&b=2 it's *good*")
        await one.slack.quiet()
        await _a_preview_equals_what_is_then_posted(one)
        await _a_mention_asks_what_the_command_asks(one)
        await _a_channel_without_newsletter_is_told_how_to_begin_one(one)
        second = await one.run("run")
        _, said = await asyncio.wait_for(second.communicate(), 30)
        assert (second.returncode, b"already at work" in said) == (1, True)
        assert one.is_running
        assert await one.end() == 0
    for secret in (one.slack.bot_token, one.slack.app_token, "Traceback"):
        assert secret not in one.said


async def _a_preview_equals_what_is_then_posted(one):
    place = one.slack.workspace
    shown = await asked(one, one.ben, "preview")
    assert shown["response_type"] == "ephemeral"
    assert place.posts_of(place.bot, one.links) == []
    await asked(one, one.ann, "publish")
    [call] = one.slack.calls_of("chat.postMessage")
    assert (_blocks(call.args), call.args["text"]) == (_blocks(shown), shown["text"])
    [post] = place.posts_of(place.bot, one.links)
    assert "https://example.org/2" in json.dumps(post.fields)


def _blocks(payload):
    return json.loads(payload["blocks"]) if isinstance(payload["blocks"], str) else payload["blocks"]


async def _a_mention_asks_what_the_command_asks(one):
    place = one.slack.workspace
    root = place.post(one.ben, one.links, "tea https://example.org/tea")
    await one.slack.quiet()
    for thread in (None, root):
        before = len(place.shown_to(one.ann))
        place.post(one.ann, one.links, f"<@{place.bot.id}> preview", thread=thread)
        await one.slack.seen(lambda before=before: len(place.shown_to(one.ann)) > before)
        shown = place.shown_to(one.ann)[-1].message
        assert "https://example.org/tea" in json.dumps(shown)
        assert shown.get("thread_ts") == (root.ts if thread else None)


async def _a_channel_without_newsletter_is_told_how_to_begin_one(one):
    place = one.slack.workspace
    for channel in (
        place.open_channel("tea-and-cake", [one.ann]),
        place.open_channel("secret", [one.ann], private=True, bot=False),
    ):
        said = json.dumps(await asked(one, one.ann, "preview", channel))
        assert f"slack:{channel.id}" in said
        assert f"slack:{one.ann.id}" in said


async def test_while_another_process_holds_the_database_commands_are_acknowledged_and_answered_later(tmp_path):
    async with at_work(tmp_path, patience=3, retries=(0.1, 0.5, 0.5, 0.5)) as one:
        holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDING, str(tmp_path / "linkletter.db"), "10", stdout=subprocess.PIPE
        )
        try:
            assert await holder.stdout.readline() == b"held\n"
            during = one.slack.workspace.post(one.ben, one.links, "meanwhile https://example.org/meanwhile")
            began, questions = time.monotonic(), []
            for text in ("preview", "status", "help"):
                questions.append(await one.slack.ask(one.ann, one.links, "/digest", text))
                assert time.monotonic() - began < 3
                began = time.monotonic()
            assert all(question.delivery.acked for question in questions)
            assert during.ts not in kept(one), "another one writes"
        finally:
            await holder.wait()
        for question in questions:
            await one.slack.answered(question)
        async with asyncio.timeout(10):
            while during.ts not in kept(one):  # noqa: ASYNC110 - it is stored by another process
                await asyncio.sleep(0.02)


async def test_a_private_channel_is_heard_only_where_the_configuration_speaks_of_it(tmp_path):
    everywhere = {key: value for key, value in WEEKLY.items() if key != "collect"}
    async with at_work(tmp_path, everywhere) as one:
        place = one.slack.workspace
        secret = place.open_channel("secret", [one.ann], private=True, bot=False)
        place.post(one.ann, secret, "https://example.org/before-we-came")
        place.invite(secret)
        place.post(one.ann, secret, "https://example.org/secret")
        place.post(one.ann, place.direct(one.ann), "https://example.org/alone")
        public = place.post(one.ann, one.links, "https://example.org/public")
        await one.slack.quiet()
        assert list(kept(one)) == [public.ts]
        assert secret.id not in {call.args.get("channel") for call in one.slack.calls_of("conversations.history")}
        assert "no newsletter yet" in json.dumps(await asked(one, one.ann, "status", secret))
        # … and an app that is thrown out says so, and asks seldom.
        before = len(one.slack.calls)
        one.slack.uninstall()
        await one.slack.seen(lambda: [call.method for call in one.slack.calls[before:]].count("auth.test") >= 3, 90)
        assert len(one.slack.calls) - before < 20
        assert one.is_running, "it is tried again, for the app may be installed again"
        await one.end()
        assert "revoked" in one.said


async def test_check_says_what_is_missing(tmp_path):
    async with bot(tmp_path) as one:
        one.slack.workspace.open_channel("links", [one.slack.workspace.join("Ann")])
        one.configure(WEEKLY)
        one.slack.api.scopes.discard("channels:history")
        process = await one.run("check", "--live")
        out, said = await asyncio.wait_for(process.communicate(), 30)
        assert (process.returncode, b"channels:history" in out + said) == (1, True)
        assert b"bot_events that linkletter manifest prints" in out, "what could not be asked is said"
