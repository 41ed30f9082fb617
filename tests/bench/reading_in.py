"""An import beside ``json.loads`` of the same files, and where its time goes.

The import is the command's own function, in this process, into a fresh SQLite file. The stages are timed on the functions
it calls, in its order.
"""

import asyncio
import json
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from measure import Row, alternately

from bot import importing
from bot.app import App, opened
from bot.config import default_config
from newsletter.entering import why_held, why_out
from newsletter.settings import NewsletterSettings
from newsletter.sifting import sift, total

Result = TypeVar("Result")

STAGES = (
    "read it all once and check it",
    "read to heard values, from what stayed parsed",
    "find links and words",
    "merge and store",
    "what enters, what is held",
)


def rows(export: Path, times: int) -> list[Row]:
    """The import beside unpacking and parsing the same files, and beside parsing alone."""
    files = _files(export)
    imports, unpacks, loads = alternately(
        lambda: asyncio.run(_with_app(lambda app: _import(app, export))),
        lambda: [json.loads(file) for file in _files(export)],
        lambda: [json.loads(file) for file in files],
        times=times,
    )
    return [
        Row("import", "read and json.loads", imports, unpacks, aim=30),
        Row("import", "json.loads in memory", imports, loads),
    ]


def seconds(export: Path) -> tuple[float, float]:
    """How long one import takes: by the clock on the wall, and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    asyncio.run(_with_app(lambda app: _import(app, export)))
    return time.perf_counter() - wall, time.process_time() - processor


def stages(export: Path) -> dict[str, float]:
    """CPU seconds of each stage of one import."""
    return asyncio.run(_with_app(lambda app: _in_stages(app, export)))


def _files(export: Path) -> list[bytes]:
    if export.is_dir():
        return [file.read_bytes() for file in sorted(export.rglob("*.json"))]
    if zipfile.is_zipfile(export):
        with zipfile.ZipFile(export) as archive:
            return [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
    return [export.read_bytes()]


async def _with_app(work: Callable[[App], Awaitable[Result]]) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(default_config(f"sqlite:///{folder}/linkletter.db")) as app:
            return await work(app)


async def _import(app: App, export: Path) -> importing.Imported:
    settings = NewsletterSettings()
    return await importing.import_exports(
        [export], app.collector, settings, workspace="", configured={}, progress=lambda *_: None
    )


async def _in_stages(app: App, export: Path) -> dict[str, float]:
    settings = NewsletterSettings()
    marks = [time.process_time()]
    _, source = importing._opened(export, "", {})
    marks.append(time.process_time())
    readings = list(source.readings())
    marks.append(time.process_time())
    sifted = [sift(reading) for reading in readings]
    marks.append(time.process_time())
    for one in sifted:
        await app.collector.take(one)
    marks.append(time.process_time())
    Counter(why_out(url, settings) or why_held(url, settings) for url in total(sifted).urls)
    marks.append(time.process_time())
    return {stage: until - since for stage, since, until in zip(STAGES, marks, marks[1:], strict=False)}
