"""What happens in our Discord is heard and read by discord.py as from the real one."""

import asyncio
from pathlib import Path

import discord
import pytest
import yarl

from tests.discord_server.town import Bot, Town, running
from tests.servers.discord import (
    LIMITS,
    DiscordServer,
    Kind,
    May,
)

# --- connecting ------------------------------------------------------------------------------------------------------


async def test_a_bot_finds_its_guild_channels_and_active_threads(town: Town) -> None:
    message = town.server.post(town.links, town.ann, "hello")
    thread = town.server.start_thread(town.links, town.ben, "about hello", of=message)
    async with running(town.server) as bot:
        guild = bot.get_guild(int(town.guild.id))
        assert [each.name for each in guild.text_channels] == ["links", "desk"]
        assert [(each.id, each.name) for each in guild.threads] == [(int(thread.id), "about hello")]
        assert guild.me == guild.get_member(bot.user.id)
        assert bot.application_flags.gateway_message_content_limited
    assert town.server.gateway.starts_left == LIMITS["identify.day"].most - 1


async def test_a_sharded_client_asks_for_the_gateway_and_hears_the_same(town: Town) -> None:
    discord.http.Route.BASE = town.server.api_url
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    async with discord.AutoShardedClient(intents=intents, guild_ready_timeout=0.05) as client:
        await client.login(town.server.token)
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL((await client.http.get_bot_gateway())[1])
        task = asyncio.create_task(client.connect())
        await town.server.ready()
        town.server.post(town.links, town.ann, "x")
        await town.server.dispatched()
        assert [each.content for each in client.cached_messages] == ["x"]
    await asyncio.gather(task, return_exceptions=True)
    assert [each["shard"] for each in town.server.gateway.identified] == [[0, 1]]


async def test_a_bot_whose_token_is_wrong_is_refused(town: Town) -> None:
    town.server.token = "another"
    discord.http.Route.BASE = town.server.api_url
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_an_intent_that_is_not_switched_on_closes_with_4014(openapi: Path | None) -> None:
    async with DiscordServer(privileged=(), openapi=openapi) as server:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(server):
                pass


# --- hearing ---------------------------------------------------------------------------------------------------------


async def test_what_people_do_with_messages_is_heard_in_order(town: Town, bot: Bot) -> None:
    one = town.server.post(town.links, town.ann, "one https://a.com")
    two = town.server.post(town.links, town.ben, "two", reply_to=one)
    town.server.edit(one, "one, changed")
    town.server.unfurl(one, {"title": "A", "url": "https://a.com"})
    town.server.delete(two)
    await town.server.dispatched()
    heard = bot.of("message")
    assert [(each.author.name, each.type.name) for each in heard] == [("ann", "default"), ("ben", "reply")]
    assert heard[1].reference.resolved.content == "one https://a.com"
    edit, unfurled = bot.of("raw_message_edit")
    assert edit.message.content == unfurled.message.content == "one, changed"
    assert edit.message.edited_at == unfurled.message.edited_at != None  # noqa: E711 - both at once
    assert (edit.message.embeds, [each.title for each in unfurled.message.embeds]) == ([], ["A"])
    assert [each.message_id for each in bot.of("raw_message_delete")] == [int(two.id)]


async def test_a_moderator_deletes_many_at_once(town: Town, bot: Bot) -> None:
    messages = [town.server.post(town.links, town.ann, str(number)) for number in range(3)]
    town.server.delete_many(*messages)
    await town.server.dispatched()
    assert [each.message_ids for each in bot.of("raw_bulk_message_delete")] == [{int(one.id) for one in messages}]
    assert bot.of("raw_message_delete") == []


async def test_reactions_are_heard_with_their_kind(town: Town, bot: Bot) -> None:
    message = town.server.post(town.links, town.ann, "x")
    town.server.react(message, town.ben, "📰")
    town.server.react(message, town.ben, "📰", burst=True)
    town.server.react(message, town.ben, "party:4242")
    town.server.react(message, town.ben, "📰", on=False)
    town.server.clear(message, "party:4242")
    town.server.clear(message)
    await town.server.dispatched()
    added = bot.of("raw_reaction_add")
    assert [(str(each.emoji), each.burst, each.member.name) for each in added] == [
        ("📰", False, "ben"),
        ("📰", True, "ben"),
        ("<:party:4242>", False, "ben"),
    ]
    assert added[0].message_author_id == int(town.ann.id)
    assert [each.burst for each in bot.of("raw_reaction_remove")] == [False]
    assert [str(each.emoji) for each in bot.of("raw_reaction_clear_emoji")] == ["<:party:4242>"]
    assert len(bot.of("raw_reaction_clear")) == 1


async def test_a_thread_has_the_id_of_its_first_message(town: Town, bot: Bot) -> None:
    message = town.server.post(town.links, town.ann, "x")
    thread = town.server.start_thread(town.links, town.ann, "about x", of=message)
    inner = town.server.post(thread, town.ben, "in the thread")
    await town.server.dispatched()
    assert [each.id for each in bot.of("thread_create")] == [int(message.id)]
    starter, heard = bot.of("message")[1:]
    assert starter.type is discord.MessageType.thread_starter_message
    assert starter.id == starter.channel.id == int(thread.id)
    assert (heard.id, heard.channel.parent.name) == (int(inner.id), "links")
    assert bot.of("raw_message_edit")[0].message.flags.has_thread


async def test_a_private_thread_is_heard_by_those_in_it(town: Town, bot: Bot) -> None:
    thread = town.server.start_thread(town.links, town.ann, "hush", private=True)
    town.server.post(thread, town.ann, "without us")
    town.server.let_in(thread)
    town.server.post(thread, town.ann, "with us")
    await town.server.dispatched()
    assert [each.content for each in bot.of("message")] == ["with us"]
    assert [each.name for each in bot.of("thread_join")] == ["hush"]


async def test_a_forum_post_is_a_thread_with_a_message(town: Town, bot: Bot) -> None:
    forum = town.server.add_channel(town.guild, "papers", kind=Kind.FORUM, tags=["nlp", "vision"])
    post = town.server.post_to_forum(forum, town.ann, "Attention", "https://arxiv.org/abs/1706.03762", ["nlp"])
    await town.server.dispatched()
    (thread,), (message,) = bot.of("thread_create"), bot.of("message")
    assert (thread.name, [tag.name for tag in thread.applied_tags]) == ("Attention", ["nlp"])
    assert (message.id, message.channel.id) == (thread.id, thread.id) == (int(post.id), int(post.channel.id))


async def test_a_forward_carries_a_snapshot_and_no_words(town: Town, bot: Bot) -> None:
    other = town.server.add_channel(town.guild, "random")
    town.server.forward(town.server.post(town.links, town.ann, "https://a.com"), town.ben, other)
    await town.server.dispatched()
    forward = bot.of("message")[1]
    assert (forward.content, forward.reference.type) == ("", discord.MessageReferenceType.forward)
    assert forward.message_snapshots[0].content == "https://a.com"


async def test_an_announcement_is_published_and_its_copies_come_by_webhook(town: Town, bot: Bot) -> None:
    news = town.server.add_channel(town.guild, "news", kind=Kind.ANNOUNCEMENT)
    town.server.follow(news, town.links)
    town.server.publish(town.server.post(news, town.ann, "https://a.com"))
    await town.server.dispatched()
    assert bot.of("raw_message_edit")[0].message.flags.crossposted
    copy = bot.of("message")[1]
    assert copy.flags.is_crossposted
    assert copy.webhook_id
    assert copy.reference.channel_id == int(news.id)


async def test_channels_come_change_and_go(town: Town, bot: Bot) -> None:
    new = town.server.add_channel(town.guild, "new", nsfw=True)
    town.server.rename_channel(new, "renamed")
    town.server.delete_channel(new)
    town.server.let_in(town.desk)
    await town.server.dispatched()
    assert [(each.id, each.is_nsfw()) for each in bot.of("guild_channel_create")] == [(int(new.id), True)]
    assert [args[1].name for name, args in bot.events if name == "guild_channel_update"] == ["renamed", "desk"]
    assert [each.id for each in bot.of("guild_channel_delete")] == [int(new.id)]


async def test_a_bot_is_invited_and_kicked(town: Town, bot: Bot) -> None:
    other = town.server.add_guild("Other", joined=False)
    town.server.add_channel(other, "general")
    town.server.add_bot(other)
    town.server.outage(other)
    town.server.outage(other, over=True)
    town.server.kick(other)
    await town.server.dispatched()
    joined = bot.of("guild_join")
    assert [[each.name for each in guild.text_channels] for guild in joined] == [["general"]]
    assert [name for name, _ in bot.events if name.startswith("guild_") and name != "guild_channel_create"][1:] == [
        "guild_join", "guild_unavailable", "guild_available", "guild_remove",
    ]  # fmt: skip


async def test_a_channel_we_cannot_see_is_silent(town: Town, bot: Bot) -> None:
    town.server.post(town.desk, town.ann, "secret")
    town.server.let_in(town.desk)
    town.server.post(town.desk, town.ann, "open")
    await town.server.dispatched()
    assert [each.content for each in bot.of("message")] == ["open"]


async def test_without_the_intent_only_what_mentions_us_has_content(openapi: Path | None) -> None:
    async with DiscordServer(privileged=(), openapi=openapi) as server:
        town = Town(server)
        intents = discord.Intents(guilds=True, guild_messages=True)
        async with running(server, intents=intents) as bot:
            server.post(town.links, town.ann, "https://a.com", embeds=[{"type": "link", "title": "A"}])
            server.post(town.links, town.ann, f"<@{server.bot.id}> https://b.com")
            await server.dispatched()
            contents = [each.content for each in bot.of("message")]
            assert contents == ["", f"<@{server.bot.id}> https://b.com"]
            history = [each async for each in bot.get_channel(int(town.links.id)).history(oldest_first=True)]
            assert [each.content for each in history] == contents
            assert history[0].embeds == []


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_a_channel_is_read_back_in_pages(town: Town, bot: Bot) -> None:
    messages = [town.server.post(town.links, town.ann, str(number)) for number in range(250)]
    channel = bot.get_channel(int(town.links.id))
    after = discord.Object(int(messages[9].id))
    assert [each.content async for each in channel.history(after=after, limit=None)] == [str(n) for n in range(10, 250)]
    assert [each.content async for each in channel.history(limit=3)] == ["249", "248", "247"]
    around = [each.content async for each in channel.history(around=discord.Object(int(messages[100].id)), limit=5)]
    assert sorted(around) == ["100", "101", "102", "98", "99"]
    pages = [call.query for call in town.server.called("GET", "/channels/{channel_id}/messages")]
    assert [query["limit"] for query in pages[:3]] == ["100", "100", "100"]


async def test_without_the_permission_history_is_empty_and_no_error(town: Town, bot: Bot) -> None:
    town.server.post(town.links, town.ann, "x")
    town.server.forbid(town.links, May.READ_MESSAGE_HISTORY)
    await town.server.dispatched()
    channel = bot.get_channel(int(town.links.id))
    assert [each async for each in channel.history()] == []
    assert not channel.permissions_for(channel.guild.me).read_message_history
    with pytest.raises(discord.Forbidden) as refused:
        [each async for each in bot.get_channel(int(town.desk.id)).history()]
    assert refused.value.code == 50001


async def test_who_reacted_is_read_by_kind_in_pages(town: Town, bot: Bot) -> None:
    message = town.server.post(town.links, town.ann, "x")
    people = [town.server.add_person(town.guild, f"P{number}") for number in range(105)]
    for person in people:
        town.server.react(message, person, "📰")
    town.server.react(message, town.ben, "📰", burst=True)
    reaction = (await bot.get_channel(int(town.links.id)).fetch_message(int(message.id))).reactions[0]
    assert (reaction.count, reaction.normal_count, reaction.burst_count, reaction.me) == (106, 105, 1, False)
    plain = [each.id async for each in reaction.users(type=discord.ReactionType.normal)]
    assert sorted(plain) == [int(person.id) for person in people], "discord.py turns each page round"
    assert [each.name async for each in reaction.users(type=discord.ReactionType.burst)] == ["ben"]


async def test_threads_are_listed_active_and_archived(town: Town, bot: Bot) -> None:
    threads = [town.server.start_thread(town.links, town.ann, name) for name in ("a", "b", "c")]
    hidden = town.server.start_thread(town.links, town.ann, "hidden", private=True)
    town.server.archive_thread(threads[0])
    town.server.archive_thread(threads[1])
    channel = bot.get_channel(int(town.links.id))
    assert [each.name for each in await channel.guild.active_threads()] == ["c"]
    assert [each.name async for each in channel.archived_threads(limit=1)] == ["b"]
    assert [each.name async for each in channel.archived_threads()] == ["b", "a"]
    with pytest.raises(discord.Forbidden):
        await channel.guild.fetch_channel(int(hidden.id))
    town.server.post(threads[0], town.ben, "awake again")
    assert {each.name for each in await channel.guild.active_threads()} == {"a", "c"}


async def test_a_member_is_known_by_id_with_their_roles(town: Town, bot: Bot) -> None:
    role = town.server.add_role(town.guild, "editing", [town.ann])
    await town.server.dispatched()
    guild = bot.get_guild(int(town.guild.id))
    assert [each.name for each in (await guild.fetch_member(int(town.ann.id))).roles] == ["@everyone", "editing"]
    assert role.id in {str(each.id) for each in guild.roles}
    assert [each.name for each in await guild.query_members(user_ids=[int(town.ben.id)])] == ["ben"]
    with pytest.raises(discord.NotFound) as missing:
        await guild.fetch_member(1)
    assert missing.value.code == 10007


async def test_all_members_are_listed_where_the_intent_is_switched_on(openapi: Path | None) -> None:
    intents = discord.Intents(guilds=True, members=True)
    async with DiscordServer(privileged=["GUILD_MEMBERS"], openapi=openapi) as server:
        town = Town(server)
        async with running(server, intents=intents, chunk_guilds_at_startup=False) as bot:
            guild = bot.get_guild(int(town.guild.id))
            assert {each.name async for each in guild.fetch_members()} == {"Linkletter", "owner", "ann", "ben"}
            server.give(town.guild, town.ann, server.add_role(town.guild, "editing"))
            server.privileged.clear()
            with pytest.raises(discord.Forbidden):
                [each async for each in guild.fetch_members()]
