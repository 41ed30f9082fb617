"""What long work shows: a bar on a terminal, now and then a plain line in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LINE_EVERY_SECONDS = 10

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@contextmanager
def shown(stream: TextIO) -> Iterator[Tell]:
    """Show progress on this stream while the block runs; on a terminal nothing of it stays behind."""
    if stream.isatty():
        with _bars(stream) as tell:
            yield tell
    else:
        yield _lines(stream)


@contextmanager
def _bars(stream: TextIO) -> Iterator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                # File names are strangers' words: in square brackets they would be markup.
                tasks[what] = progress.add_task(what.replace("[", r"\["), total=total)
            progress.update(tasks[what], completed=min(done, total), total=total)

        yield tell


def _lines(stream: TextIO) -> Tell:
    last = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_SECONDS:
            last = time.monotonic()
            print(f"{what}: {done:,} of {total:,}", file=stream, flush=True)

    return tell
