"""What discord.py posts to our Discord, who is pinged by it, and what is refused as the real one would."""

import io
from typing import Any

import aiohttp
import discord
import pytest

from tests.discord_server.town import Bot, Town
from tests.servers.discord import (
    LIMITS,
    Flag,
    Kind,
    May,
)

# --- writing ---------------------------------------------------------------------------------------------------------


async def test_what_the_bot_posts_edits_and_deletes_is_seen(town: Town, bot: Bot) -> None:
    channel = bot.get_channel(int(town.links.id))
    embed = discord.Embed(title=" T ", description="D", url="https://a.com").set_footer(text="#12 · 1/2")
    sent = await channel.send("hello", embed=embed)
    (seen,) = town.server.ours(town.links)
    assert seen.text == "hello\nT\nD\n#12 · 1/2"
    assert (await sent.edit(content="changed", embed=None)).edited_at
    assert seen.text == "changed"
    await sent.add_reaction("👍")
    assert [*seen.reactions] == ["👍"]
    await sent.delete()
    assert town.server.ours(town.links) == []
    with pytest.raises(discord.NotFound) as gone:
        await sent.edit(content="x")
    assert gone.value.code == 10008


async def test_a_nonce_sends_once(town: Town, bot: Bot) -> None:
    channel = bot.get_channel(int(town.links.id))
    first, second = [await channel.send("once", nonce="n1") for _ in range(2)]
    assert first.id == second.id
    assert len(town.server.ours(town.links)) == 1


@pytest.mark.parametrize(
    ("more", "names", "everyone"),
    [
        ({}, ["Ann", "Ben", "Owner"], True),
        ({"allowed_mentions": discord.AllowedMentions.none()}, [], False),
        ({"allowed_mentions": discord.AllowedMentions(everyone=False, roles=False)}, ["Ann"], False),
        ({"allowed_mentions": discord.AllowedMentions(everyone=False, users=False, roles=True)}, ["Ben"], False),
    ],
)
async def test_who_is_pinged_follows_allowed_mentions(
    town: Town, bot: Bot, more: dict[str, Any], names: list[str], everyone: bool
) -> None:
    role = town.server.add_role(town.guild, "editing", [town.ben], mentionable=True)
    embed = discord.Embed(description=f"in an embed <@{town.ben.id}>")
    channel = bot.get_channel(int(town.links.id))
    await channel.send(f"@everyone <@{town.ann.id}> <@&{role.id}>", embed=embed, **more)
    (seen,) = town.server.ours(town.links)
    assert town.server.names(seen.pinged) == names
    assert seen.mention_everyone == everyone


async def test_the_bot_opens_threads(town: Town, bot: Bot) -> None:
    channel = bot.get_channel(int(town.links.id))
    message = await channel.send("edition")
    thread = await message.create_thread(name="Edition 12")
    await thread.send("the rest")
    assert (thread.id, thread.owner_id) == (message.id, bot.user.id)
    assert [each.content for each in town.server.ours(town.links)] == ["edition", "the rest"]
    with pytest.raises(discord.HTTPException) as twice:
        await message.create_thread(name="Edition 12")
    assert (twice.value.status, twice.value.code) == (400, 160004)
    await thread.edit(archived=True, locked=True)
    with pytest.raises(discord.HTTPException) as locked:
        await thread.send("more")
    assert locked.value.code == 50083
    forum = town.server.add_channel(town.guild, "forum", kind=Kind.FORUM)
    await town.server.dispatched()
    post = await bot.get_channel(int(forum.id)).create_thread(name="Edition 13", content="words")
    assert post.message.id == post.thread.id


@pytest.mark.parametrize(
    ("forbidden", "what"),
    [
        (May.SEND_MESSAGES, {"content": "x"}),
        (May.EMBED_LINKS, {"embed": discord.Embed(title="x")}),
    ],
)
async def test_what_is_not_permitted_is_refused_with_50013(
    town: Town, bot: Bot, forbidden: May, what: dict[str, Any]
) -> None:
    town.server.forbid(town.links, forbidden)
    with pytest.raises(discord.Forbidden) as refused:
        await bot.get_channel(int(town.links.id)).send(**what)
    assert refused.value.code == 50013


LONG = [
    ("content", {"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    ("embed.title", {"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    ("embed.description", {"embeds": [{"description": "x" * 4097}]}, "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
    ("embed.footer", {"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text", "BASE_TYPE_BAD_LENGTH"),
    ("embed.author", {"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name", "BASE_TYPE_BAD_LENGTH"),
    ("embed.fields", {"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields", "BASE_TYPE_MAX_LENGTH"),
    ("embed.field.name", {"embeds": [{"fields": [{"name": "x" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name", "BASE_TYPE_BAD_LENGTH"),
    ("embed.field.value", {"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "embeds.0.fields.0.value", "BASE_TYPE_BAD_LENGTH"),
    ("embeds", {"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
    ("embeds.total", {"embeds": [{"description": "x" * 3001}] * 2}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
    ("nonce", {"content": "x", "nonce": "x" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
    ("custom_id", {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "x" * 101}]}]}, "components.0.components.0.custom_id", "BASE_TYPE_BAD_LENGTH"),
    ("button.label", {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x" * 81, "custom_id": "a"}]}]}, "components.0.components.0.label", "BASE_TYPE_MAX_LENGTH"),
    ("rows", {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": str(n)}]} for n in range(6)]}, "components", "BASE_TYPE_MAX_LENGTH"),
    ("row.buttons", {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": str(n)} for n in range(6)]}]}, "components.0.components", "BASE_TYPE_BAD_LENGTH"),
    ("select.options", {"content": "x", "components": [{"type": 1, "components": [{"type": 3, "custom_id": "a", "options": [{"label": str(n), "value": str(n)} for n in range(26)]}]}]}, "components.0.components.0.options", "BASE_TYPE_BAD_LENGTH"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "body", "path", "code"), LONG, ids=[row[0] for row in LONG])
async def test_a_message_beyond_a_limit_is_refused_as_discord_does(
    town: Town, limit: str, body: dict[str, Any], path: str, code: str
) -> None:
    assert limit in LIMITS
    headers = {"Authorization": f"Bot {town.server.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        answer = await http.post(f"{town.server.api_url}/channels/{town.links.id}/messages", json=body)
        fault = await answer.json()
    assert (answer.status, fault["code"], fault["message"]) == (400, 50035, "Invalid Form Body")
    place = fault["errors"]
    for step in path.split("."):
        place = place[step]
    assert [each["code"] for each in place["_errors"]] == [code]
    assert town.server.ours(town.links) == []


async def test_the_largest_message_is_taken(town: Town, bot: Bot) -> None:
    embeds = [discord.Embed(title="t" * 256, description="d" * 344, url=f"https://a.com/{n}") for n in range(10)]
    await bot.get_channel(int(town.links.id)).send("c" * 2000, embeds=embeds)
    (seen,) = town.server.ours(town.links)
    assert len(seen.shown) == 10


async def test_files_and_components_come_with_a_message(town: Town, bot: Bot) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Read on the blog", url="https://blog.example.com"))
    file = discord.File(io.BytesIO(b"# 12"), "edition.md")
    sent = await bot.get_channel(int(town.links.id)).send("x", file=file, view=view)
    (seen,) = town.server.ours(town.links)
    assert [(each["filename"], each["size"]) for each in seen.attachments] == [("edition.md", 4)]
    assert [each["label"] for row in seen.components for each in row["components"]] == ["Read on the blog"]
    assert sent.attachments[0].filename == "edition.md"


async def test_the_second_version_of_components_counts_what_is_nested(town: Town, bot: Bot) -> None:
    channel = bot.get_channel(int(town.links.id))
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.Container(discord.ui.TextDisplay("one"), discord.ui.TextDisplay("two")))
    await channel.send(view=view)
    (seen,) = town.server.ours(town.links)
    assert (seen.text, Flag.IS_COMPONENTS_V2 in seen.flags) == ("one\ntwo", True)
    for number in range(2):
        view.add_item(discord.ui.TextDisplay(str(number) * 2001))
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(view=view)
    assert refused.value.code == 50035


async def test_a_reply_and_a_forward_by_the_bot(town: Town, bot: Bot) -> None:
    channel = bot.get_channel(int(town.links.id))
    said = town.server.post(town.links, town.ann, "https://a.com")
    message = await channel.fetch_message(int(said.id))
    await message.reply("seen", mention_author=False)
    await message.forward(channel)
    reply, forward = town.server.ours(town.links)
    assert (reply.replied_to, town.server.names(reply.pinged)) == (said, [])
    assert forward.snapshots[0]["message"]["content"] == "https://a.com"
    town.server.delete(said)
    with pytest.raises(discord.HTTPException) as gone:
        await message.reply("too late")
    assert gone.value.code == 50035


async def test_twenty_emoji_are_enough(town: Town, bot: Bot) -> None:
    said = town.server.post(town.links, town.ann, "x")
    for number in range(20):
        town.server.react(said, town.ann, f"e{number}:{number + 1}")
    message = await bot.get_channel(int(town.links.id)).fetch_message(int(said.id))
    await message.add_reaction("e0:1")
    with pytest.raises(discord.HTTPException) as full:
        await message.add_reaction("👍")
    assert full.value.code == 30010
    with pytest.raises(discord.HTTPException) as unknown:
        await message.add_reaction("thumbsup")
    assert unknown.value.code == 10014


async def test_of_embeds_with_one_address_people_see_the_first(town: Town, bot: Bot) -> None:
    embeds = [discord.Embed(title=title, url="https://a.com") for title in ("one", "two")]
    await bot.get_channel(int(town.links.id)).send(embeds=embeds)
    (seen,) = town.server.ours(town.links)
    assert (len(seen.embeds), seen.text) == (2, "one")
