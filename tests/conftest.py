"""What any test may ask for: a database of either kind, the optional folder of real exports, the seeds.

A test that cannot run here is skipped with the reason; everything else is installed by `make test`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Suites and servers that are imported by tests explain a failed assert as the tests themselves do.
pytest.register_assert_rewrite("tests.contracts", "tests.laws", "tests.servers")

from tests.effort import PROFILE  # noqa: E402  after the line above, which must come first
from tests.servers import postgres  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent

# How fast an example runs says more about the machine than about us (`make bench` measures), so no deadline.
# The same examples each time, so that a change is judged by what it changes; `make laws` looks further each time.
# `print_blob`: a failure found on another machine can be repeated here.
settings.register_profile(
    "same", deadline=None, print_blob=True, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("further", settings.get_profile("same"), derandomize=False)
settings.load_profile(PROFILE)


def _folder(variable: str, default: str) -> Path:
    """An optional folder beside the project: where the environment says, else `default`. Skips where absent."""
    folder = Path(os.environ.get(variable) or ROOT.parent / default)
    if not folder.is_dir():
        pytest.skip(f"needs {default}, which is not beside the project; {variable} can name it")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real exports and fixtures. It is no part of the project: its tests skip without it."""
    return _folder("LINKLETTER_SHARED_DATA", "shared/data")


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of the documents the project was created from. No part of the project either."""
    return _folder("LINKLETTER_SHARED_SEEDS", "shared/seeds")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL on which databases may be made: LINKLETTER_TEST_POSTGRES, else one of our own."""
    if url := os.environ.get("LINKLETTER_TEST_POSTGRES"):
        yield url
        return
    try:
        postgres.programs()
    except postgres.NotInstalled:
        pytest.skip(
            "needs PostgreSQL's server programs (Debian: apt-get install postgresql), "
            "or the URL of a server in LINKLETTER_TEST_POSTGRES"
        )
    with postgres.running() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh PostgreSQL database, as a person writes it in config.yaml: `postgresql://…`. Dropped afterwards."""
    with postgres.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, as a person writes it in config.yaml: `sqlite:///…`."""
    return f"sqlite:///{tmp_path / 'linkletter.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database the store speaks, empty: a test that takes this runs once on each."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
