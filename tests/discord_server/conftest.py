"""What every test of our Discord server starts with: a town on it, and discord.py in that town."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import discord
import pytest

from tests.discord_server.town import Bot, Town, running
from tests.servers.discord import (
    DiscordServer,
)


@pytest.fixture(autouse=True)
def _classes_as_they_were() -> Iterator[None]:
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    yield
    discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
def openapi(request: pytest.FixtureRequest) -> Path | None:
    """The official description, where there is one: everything said in a test is then checked against it."""
    try:
        return request.getfixturevalue("shared_data") / "discord-openapi.json"
    except pytest.skip.Exception:
        return None


@pytest.fixture
async def town(openapi: Path | None) -> AsyncIterator[Town]:
    async with DiscordServer(openapi=openapi) as server:
        yield Town(server)
        assert server.violations == []


@pytest.fixture
async def bot(town: Town) -> AsyncIterator[Bot]:
    async with running(town.server) as bot:
        yield bot
