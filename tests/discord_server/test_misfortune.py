"""The ways our Discord fails, and that discord.py meets them as it meets the real one's."""

import asyncio
from pathlib import Path

import aiohttp
import discord
import pytest

from tests.discord_server.town import Bot, Town, running
from tests.servers.discord import (
    DiscordServer,
    Trouble,
)

# --- misfortune: the gateway -----------------------------------------------------------------------------------------


async def test_what_happened_while_the_line_was_cut_is_resumed(town: Town, bot: Bot) -> None:
    town.server.gateway.close(None)
    town.server.post(town.links, town.ann, "meanwhile")
    await town.server.dispatched()
    assert [each.content for each in bot.of("message")] == ["meanwhile"]
    assert (town.server.gateway.resumed, len(town.server.gateway.identified)) == (1, 1)
    assert town.server.gateway.resumed_at == ["/resume"]
    assert len(bot.of("ready")) == 1


async def test_a_request_to_reconnect_is_followed(town: Town, bot: Bot) -> None:
    town.server.gateway.ask_to_reconnect()
    await bot.until("resumed")
    assert town.server.gateway.resumed == 1


async def test_an_invalid_session_loses_what_was_not_sent(town: Town, bot: Bot) -> None:
    town.server.gateway.forget()
    town.server.post(town.links, town.ann, "lost")
    await bot.until("ready", 2)
    town.server.post(town.links, town.ann, "heard")
    await town.server.dispatched()
    assert [each.content for each in bot.of("message")] == ["heard"]
    assert len(town.server.gateway.identified) == 2


async def test_an_odd_event_does_no_harm_and_a_broken_one_ends_the_client(town: Town) -> None:
    async with running(town.server) as bot:
        town.server.gateway.send("SOMETHING_NEW", {"a": 1})
        town.server.gateway.send_frame({"op": 42, "d": None})
        town.server.gateway.dropped.add("MESSAGE_CREATE")
        town.server.post(town.links, town.ann, "dropped")
        await town.server.dispatched()
        assert bot.of("message") == []
        town.server.gateway.send("MESSAGE_CREATE", {"id": "1"})
        with pytest.raises(TimeoutError):
            await town.server.dispatched(0.3)


async def test_a_dead_gateway_is_left(openapi: Path | None) -> None:
    async with DiscordServer(heartbeat=0.05, openapi=openapi) as server:
        Town(server)
        async with running(server, heartbeat_timeout=0.3) as bot:
            server.gateway.fall_silent()
            await bot.until("disconnect")
            server.gateway.fall_silent(False)
            await bot.until("resumed")
            assert server.gateway.connected == 2


async def test_a_gateway_that_refuses_names_the_reason(town: Town) -> None:
    town.server.gateway.refuses = 4004
    with pytest.raises(discord.ConnectionClosed) as closed:
        async with running(town.server):
            pass
    assert closed.value.code == 4004


async def test_all_is_cut_and_comes_back(town: Town, bot: Bot) -> None:
    await town.server.down()
    with pytest.raises(aiohttp.ClientConnectorError):
        await bot.fetch_guild(int(town.guild.id))
    await town.server.up()
    town.server.post(town.links, town.ann, "back")
    await town.server.dispatched(30)
    assert [each.content for each in bot.of("message")] == ["back"]


# --- misfortune: REST ------------------------------------------------------------------------------------------------

POSTS = {"method": "POST", "path": r"/channels/\d+/messages$"}


async def test_an_answer_that_is_lost_leaves_the_message(town: Town, bot: Bot) -> None:
    channel = bot.get_channel(int(town.links.id))
    town.server.misbehave(Trouble(cut=True, accept=True, **POSTS), Trouble(cut=True, **POSTS))
    for text in ("arrived", "lost"):
        with pytest.raises(aiohttp.ClientError):
            await channel.send(text)
    await channel.send("fine")
    assert [each.content for each in town.server.ours(town.links)] == ["arrived", "fine"]


async def test_a_server_error_after_accepting_is_not_repeated_twice(town: Town, bot: Bot) -> None:
    town.server.misbehave(Trouble(502, accept=True, **POSTS))
    await bot.get_channel(int(town.links.id)).send("once")
    assert [each.content for each in town.server.ours(town.links)] == ["once"], "discord.py's nonce"
    town.server.misbehave(Trouble(503, **POSTS))
    with pytest.raises(discord.DiscordServerError):
        await bot.get_channel(int(town.links.id)).send("x")


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_discord_py_waits_for_a_rate_limit_and_goes_on(town: Town, bot: Bot, scope: str) -> None:
    town.server.misbehave(Trouble(429, times=2, scope=scope, **POSTS))
    await bot.get_channel(int(town.links.id)).send("x")
    statuses = [call.status for call in town.server.calls if call.method == "POST"]
    assert statuses == [429, 429, 200]


async def test_a_429_without_via_is_not_waited_for(town: Town, bot: Bot) -> None:
    town.server.misbehave(Trouble(429, times=None, via=False))
    with pytest.raises(discord.HTTPException) as banned:
        await bot.get_channel(int(town.links.id)).send("x")
    assert banned.value.status == 429
    town.server.behave()
    await bot.get_channel(int(town.links.id)).send("x")


async def test_a_bucket_says_what_remains_and_discord_py_keeps_to_it(town: Town, bot: Bot) -> None:
    town.server.rate_limit("POST", r"/messages$", limit=2, per=0.2)
    channel = bot.get_channel(int(town.links.id))
    await asyncio.gather(*(channel.send(str(number)) for number in range(5)))
    assert {call.status for call in town.server.calls if call.method == "POST"} == {200}
    assert len(town.server.ours(town.links)) == 5


async def test_an_unknown_path_and_broken_json_are_refused(town: Town) -> None:
    headers = {"Authorization": f"Bot {town.server.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for path, content, code in (("/nowhere", "{}", 0), (f"/channels/{town.links.id}/messages", "{", 50109)):
            answer = await http.post(town.server.api_url + path, data=content)
            assert (await answer.json())["code"] == code
            assert answer.headers["Content-Type"] == "application/json"
