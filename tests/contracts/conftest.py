"""What the tests of the platform contract share: each world, and Linkletter in it."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests import stores
from tests.contracts.discord_world import DiscordWorld
from tests.contracts.house import Clock, House, housed
from tests.contracts.platforms import PLATFORMS, World


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return stores.fresh(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=PLATFORMS)
async def world(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[World]:
    """What is said in a test with Discord's server is checked against the official description, where there is one."""
    async with PLATFORMS[request.param](clock) as world:
        if isinstance(world, DiscordWorld):
            with suppress(pytest.skip.Exception):
                world.discord.hold_to(request.getfixturevalue("shared_data") / "discord-openapi.json")
        yield world
        assert not isinstance(world, DiscordWorld) or world.discord.violations == []


@pytest.fixture
async def house(world: World, sqlite_url: str, clock: Clock) -> AsyncIterator[House]:
    async with housed(world, sqlite_url, clock) as built:
        yield built


@pytest.fixture
async def house_on_any_database(world: World, database_url: str, clock: Clock) -> AsyncIterator[House]:
    async with housed(world, database_url, clock) as built:
        yield built
