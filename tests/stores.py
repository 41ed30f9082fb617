"""An empty SQLite store, made once and copied: opening it costs a test no migration."""

import asyncio
import tempfile
from functools import cache
from pathlib import Path

from newsletter.store import Store


def fresh(folder: Path) -> str:
    """The address of a new, empty store in the folder."""
    path = folder / "linkletter.db"
    path.write_bytes(_empty())
    return f"sqlite:///{path}"


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        asyncio.run(_make(f"sqlite:///{path}"))
        return path.read_bytes()


async def _make(url: str) -> None:
    store = await Store.open(url)
    await store.close()
