"""``make bench``: what Linkletter costs, as ratios to something else measured in the same run. Ends with one table.

``EXPORT=path`` imports that export instead of a made-up one, ``QUICK=1`` is for trying it out (a store of 100 thousand
shares, fewer repeats), ``POSTGRES=1`` also measures editions on a PostgreSQL of its own.

Run by its path (``python tests/bench``), never as ``-m tests.bench``: our ``tests`` is no package with an
``__init__.py``, and a dependency installs one of that name, which wins. pytest gets by because it loads files by path too.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent.parent), str(HERE.parent)]

import fetching  # noqa: E402  after the line above, which must come first
import finding  # noqa: E402  after the line above, which must come first
import measure  # noqa: E402
import pages  # noqa: E402
import reading_in  # noqa: E402
import samples  # noqa: E402
import searching  # noqa: E402
import sites  # noqa: E402
import slack  # noqa: E402
import starting  # noqa: E402
import stores  # noqa: E402

SMALL, LARGE, LARGE_QUICK = 10_000, 1_000_000, 100_000


def main() -> None:
    """Measure everything and print it."""
    options = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").partition("\n\n")[0])
    options.add_argument("export", nargs="?", type=Path, help="an export to import, else a made-up one")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--postgres", action="store_true")
    options.add_argument("--pages", type=Path, metavar="FIXTURES", help="only what pages say, on real ones in a folder")
    chosen = options.parse_args()
    if chosen.pages:
        print(pages.table(chosen.pages))
        return
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="linkletter-bench-") as name:
        folder = Path(name)
        export = chosen.export
        if export is None:
            export = folder / "made-up.zip"
            samples.write_slack_export(export)
        rows = _rows(export, folder, quick=chosen.quick, postgres=chosen.postgres)
        found = _found(folder, quick=chosen.quick, postgres=chosen.postgres)
        _tell("Where an import's time goes")
        wall, processor = reading_in.seconds(export)
        stages = reading_in.stages(export)
    _tell("")
    print(measure.table(rows))
    print(f"\n{searching.table(found)}")
    print(f"\n`import` of {export.name}: {wall:.2f} s by the clock, {processor:.2f} s of the processor. Where it goes:")
    for stage, seconds in stages.items():
        print(f"  {seconds / sum(stages.values()):4.0%}  {seconds:5.2f} s  {stage}")
    print(
        "\nratio: best against best, and the median over pairs measured one after the other; noise: how far the median of"
        "\na series lies above its best. Imports and links in CPU time of all threads, editions and commands by the clock."
        f"\nThe whole run took {time.perf_counter() - begun:.0f} s."
    )


def _rows(export: Path, folder: Path, *, quick: bool, postgres: bool) -> list[measure.Row]:
    _tell(f"Importing {export.name}")
    rows = reading_in.rows(export, 3 if quick else 5)
    _tell("Finding and knowing links")
    rows += finding.rows(3 if quick else 7)
    _tell("Starting the program")
    (folder / "commands").mkdir()
    rows += starting.rows(folder / "commands", 5 if quick else 11)
    _tell("Building a site")
    rows += sites.rows(folder, 2 if quick else 5)
    _tell("Fetching pages")
    rows += fetching.rows(folder, 1_000 if quick else 10_000, _tell)
    _tell("Hearing Slack")
    rows += slack.rows(200 if quick else 1_000, 2 if quick else 5)
    sizes = (SMALL, LARGE_QUICK if quick else LARGE)
    with ExitStack() as databases:
        pairs = [(f"sqlite:///{folder}/small.db", f"sqlite:///{folder}/large.db")]
        if postgres:
            pairs.append(databases.enter_context(_postgresql()))
        for pair in pairs:
            rows += asyncio.run(stores.beside_each_other(pair, sizes, 10 if quick else 20, _tell))
    return rows


def _found(folder: Path, *, quick: bool, postgres: bool) -> searching.Found:
    sizes, repeats = (SMALL, LARGE_QUICK if quick else LARGE), 1 if quick else 3
    found = searching.Found()
    with ExitStack() as databases:
        pairs = [tuple(f"sqlite:///{folder}/search-{size}.db" for size in sizes)]
        if postgres:
            pairs.append(databases.enter_context(_postgresql()))
        for pair in pairs:
            searching.measure(found, dict(zip(sizes, pair, strict=True)), repeats, _tell)
    return found


@contextmanager
def _postgresql() -> Iterator[tuple[str, str]]:
    from servers import postgres

    with (
        postgres.running() as server,
        postgres.fresh_database(server) as small,
        postgres.fresh_database(server) as large,
    ):
        yield small, large


class _Progress:
    """Says what is being done: on a terminal in one line that changes, in a log once for each thing."""

    def __init__(self) -> None:
        self._before = ""

    def __call__(self, text: str) -> None:
        what = text.partition(":")[0]
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif what not in ("", self._before):
            print(what, file=sys.stderr, flush=True)
        self._before = what


_tell = _Progress()


if __name__ == "__main__":
    main()
