"""Commands, menus, buttons and forms: people ask, discord.py answers, and only the asker sees what is ephemeral."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from tests.discord_server.town import WITHIN, Bot, Town, running
from tests.servers.discord import (
    LIMITS,
    DiscordServer,
    NotOffered,
)

# --- commands --------------------------------------------------------------------------------------------------------


def digest(bot: Bot) -> app_commands.Group:
    """``/digest preview week:…`` answers at once, ``/digest search`` defers, ``/digest add`` opens a form."""
    group = app_commands.Group(name="digest", description="The newsletter")

    @group.command(description="Shows it")
    async def preview(interaction: discord.Interaction, week: int = 0) -> None:
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label="Next", custom_id="next"))
        await interaction.response.send_message(f"{interaction.locale} {week}", ephemeral=True, view=view)

    @group.command(description="Looks it up")
    async def search(interaction: discord.Interaction, words: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content=f"found {words}")
        await interaction.followup.send("and more", ephemeral=True)

    @group.command(description="Adds a link")
    async def add(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Form())

    bot.tree.add_command(group)
    return group


class Form(discord.ui.Modal, title="Add"):
    words = discord.ui.TextInput(label="Words", custom_id="words")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"thanks for {self.words.value}")


@pytest.fixture
async def asked(town: Town, bot: Bot) -> Town:
    digest(bot)

    @bot.tree.context_menu(name="About this link")
    async def about(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"about {message.content}", ephemeral=True)

    await bot.tree.sync()
    return town


async def test_commands_are_registered_once_for_all_and_counted(asked: Town, bot: Bot) -> None:
    ids = {each.id for each in await bot.tree.fetch_commands()}
    assert {each.id for each in await bot.tree.sync()} == ids, "the same commands keep their ids"
    assert asked.server.syncs == [None, None]
    bot.tree.copy_global_to(guild=discord.Object(int(asked.guild.id)))
    await bot.tree.sync(guild=discord.Object(int(asked.guild.id)))
    assert asked.server.syncs[2:] == [asked.guild.id]


async def test_an_ephemeral_answer_is_for_the_asker(asked: Town) -> None:
    interaction = asked.server.slash(asked.links, asked.ann, "digest preview", {"week": 3}, locale="ko")
    await interaction.answered()
    assert interaction.texts == ["ko 3"]
    assert interaction.messages[0].seen_by is asked.ann
    assert asked.links.messages == {}


async def test_a_deferred_answer_is_filled_and_followed(asked: Town) -> None:
    interaction = asked.server.slash(asked.links, asked.ann, "digest search", {"words": "attention"})
    await interaction.until(lambda: len(interaction.messages) == 2)
    assert interaction.texts == ["found attention", "and more"]
    assert {each.seen_by for each in interaction.messages} == {asked.ann}


async def test_a_form_is_opened_filled_and_sent(asked: Town) -> None:
    interaction = await asked.server.slash(asked.links, asked.ann, "digest add").answered()
    assert interaction.form["title"] == "Add"
    with pytest.raises(NotOffered):
        asked.server.submit(interaction, {"else": "x"})
    sent = await asked.server.submit(interaction, {"Words": "Attention"}).answered()
    assert sent.texts == ["thanks for Attention"]
    assert [each.text for each in asked.server.ours(asked.links)] == ["thanks for Attention"], "not ephemeral"


async def test_the_menu_of_a_message_gives_the_message(asked: Town) -> None:
    message = asked.server.post(asked.links, asked.ben, "https://a.com")
    interaction = await asked.server.menu(message, asked.ann, "About this link").answered()
    assert interaction.texts == ["about https://a.com"]


async def test_a_button_changes_its_message(asked: Town, bot: Bot) -> None:
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.edit_message(content="page 2")

    bot.event(on_interaction)
    first = await asked.server.slash(asked.links, asked.ann, "digest preview").answered()
    with pytest.raises(NotOffered):
        asked.server.press(first.messages[0], asked.ben, "Next")
    pressed = await asked.server.press(first.messages[0], asked.ann, "Next").answered()
    assert pressed.messages == first.messages
    assert first.texts == ["page 2"]


async def test_people_are_offered_what_is_registered_and_for_them(asked: Town, bot: Bot) -> None:
    with pytest.raises(NotOffered):
        asked.server.slash(asked.links, asked.ann, "digest nothing")
    with pytest.raises(NotOffered):
        asked.server.slash(asked.links, asked.ann, "digest search")
    with pytest.raises(NotOffered):
        asked.server.slash(asked.links, asked.ann, "digest preview", {"week": "three"})
    bot.tree.get_command("digest").default_permissions = discord.Permissions(manage_guild=True)
    await bot.tree.sync()
    assert asked.server.offered(asked.links, asked.ann) == []
    assert [each["name"] for each in asked.server.offered(asked.links, asked.server.owner)] == ["digest"]


async def test_too_late_twice_and_unanswered_are_refused(openapi: Path | None) -> None:
    async with DiscordServer(patience=0.05, openapi=openapi) as server:
        town, errors = Town(server), []
        async with running(server) as bot:

            @bot.tree.command(description="slow")
            async def slow(interaction: discord.Interaction) -> None:
                await asyncio.sleep(0.1)
                try:
                    await interaction.response.defer()
                except discord.NotFound as error:
                    errors.append(error.code)
                try:
                    await interaction.followup.send("x")
                except discord.NotFound as error:
                    errors.append(error.code)

            await bot.tree.sync()
            interaction = server.slash(town.links, town.ann, "slow")
            await bot.until("app_command_completion")
            assert errors == [10062, 10015]
            assert interaction.late
            assert interaction.messages == []


async def test_after_fifteen_minutes_nothing_can_be_added() -> None:
    times = [datetime.now(UTC)]
    async with DiscordServer(lambda: times[0]) as server:
        town, answers = Town(server), []
        async with running(server) as bot:

            @bot.tree.command(description="later")
            async def later(interaction: discord.Interaction) -> None:
                await interaction.response.send_message("now")
                answers.append(interaction)

            await bot.tree.sync()
            await server.slash(town.links, town.ann, "later").answered()
            await bot.until("app_command_completion")
            times[0] += timedelta(minutes=15, seconds=1)
            with pytest.raises(discord.HTTPException) as expired:
                await answers[0].followup.send("too late")
            assert (expired.value.status, expired.value.code) == (401, 50027)


@pytest.mark.parametrize(
    ("limit", "form", "path"),
    [
        ("modal.title", {"title": "x" * 46}, "data.title"),
        ("modal.inputs", {"components": [{"type": 1, "components": [{"type": 4, "style": 1, "label": "x", "custom_id": str(n)}]} for n in range(6)]}, "data.components"),
        ("input.label", {"components": [{"type": 1, "components": [{"type": 4, "style": 1, "label": "x" * 46, "custom_id": "a"}]}]}, "data.components.1.label"),
        ("custom_id", {"custom_id": "x" * 101}, "data.custom_id"),
    ],
)  # fmt: skip
async def test_a_form_beyond_a_limit_is_refused(asked: Town, limit: str, form: dict[str, Any], path: str) -> None:
    assert limit in LIMITS
    right = {"type": 1, "components": [{"type": 4, "style": 1, "label": "x", "custom_id": "a"}]}
    body = {"type": 9, "data": {"custom_id": "form", "title": "Form", "components": [right]} | form}
    asked.server.gateway.dropped.add("INTERACTION_CREATE")  # discord.py is not to answer
    interaction = asked.server.slash(asked.links, asked.ann, "digest add")
    async with aiohttp.ClientSession() as http:
        url = f"{asked.server.api_url}/interactions/{interaction.id}/{interaction.token}/callback"
        fault = await (await http.post(url, json=body)).json()
    assert fault["code"] == 50035
    place = fault["errors"]
    for step in path.split("."):
        place = place[step]
    assert place["_errors"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Digest"}, {"name": "x" * 33}, {"name": "two words"}, {"description": ""}, {"description": "x" * 101},
        {"options": [{"type": 3, "name": f"o{n}", "description": "x"} for n in range(26)]},
        {"options": [{"type": 3, "name": "a", "description": "x"}, {"type": 3, "name": "b", "description": "x", "required": True}]},
        {"options": [{"type": 3, "name": "a", "description": "x", "choices": [{"name": str(n), "value": str(n)} for n in range(26)]}]},
        {"options": [{"type": 3, "name": f"o{n}", "description": "x" * 100, "choices": [{"name": str(m), "value": "v" * 90} for m in range(9)]} for n in range(9)]},
    ],
)  # fmt: skip
async def test_a_command_that_discord_would_not_take_is_refused(town: Town, wrong: dict[str, Any]) -> None:
    command = {"name": "digest", "description": "The newsletter", "type": 1} | wrong
    headers = {"Authorization": f"Bot {town.server.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        url = f"{town.server.api_url}/applications/{town.server.application_id}/commands"
        assert (await (await http.put(url, json=[command])).json())["code"] == 50035
    assert town.server.syncs == []


async def test_the_same_question_may_come_twice(asked: Town, bot: Bot) -> None:
    interaction = await asked.server.slash(asked.links, asked.ann, "digest preview").answered()
    asked.server.ask_again(interaction)
    failed = asyncio.get_running_loop().create_future()

    @bot.tree.error
    async def on_error(_: discord.Interaction, error: app_commands.AppCommandError) -> None:
        failed.set_result(error.__cause__ or error.original)

    async with asyncio.timeout(WITHIN):
        assert (await failed).code == 40060
    assert len(interaction.messages) == 1
