"""Measuring one thing beside another in one run: alternately, several times, since machines differ and change.

What is measured, and beside what, is said in the modules named after it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``ours`` and ``beside`` are seconds, each measured as often as the other, in pairs.

    ``aim`` is the highest ratio that is still good, ``None`` where nothing was promised. Where ``amount`` is given the
    line also says how many a second that is; a ratio below 1 then means that ours is the faster one.
    """

    what: str
    than: str
    ours: list[float]
    beside: list[float]
    aim: float | None = None
    amount: int = 0

    @property
    def at_best(self) -> float:
        """The best of ours beside the best of the other: what neither had to share with other programs."""
        return min(self.ours) / min(self.beside)

    @property
    def typically(self) -> float:
        """The median of the pairs' ratios: what was slow for a while was slow for both."""
        return median(ours / beside for ours, beside in zip(self.ours, self.beside, strict=True))

    @property
    def noise(self) -> float:
        """How far the median of a series lies above its best, the larger of both: a ratio is no finer than that."""
        return max(median(series) / min(series) - 1 for series in (self.ours, self.beside))


def alternately(
    *works: Callable[[], object], times: int, clock: Callable[[], float] = time.process_time
) -> list[list[float]]:
    """How long each takes, in seconds, ``times`` times in turn.

    By default in CPU time of all threads, which other programs on the machine disturb least; what waits for a disk or
    another process is measured with ``time.perf_counter``.
    """
    found: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, seconds in zip(works, found, strict=True):
            begun = clock()
            work()
            seconds.append(clock() - begun)
    return found


HEAD = ("", "ours", "beside", "ratio, best", "ratio, median", "noise", "")


def table(rows: list[Row]) -> str:
    """The rows as text for a terminal."""
    cells = [HEAD] + [
        (
            row.what,
            _amount(row, min(row.ours)),
            f"{_amount(row, min(row.beside))} {row.than}",
            f"{row.at_best:.2f}x",
            f"{row.typically:.2f}x",
            f"{row.noise:.0%}",
            "" if row.aim is None else f"aim {row.aim:g}x: {'yes' if row.at_best <= row.aim else 'NO'}",
        )
        for row in rows
    ]
    widths = [max(len(line[place]) for line in cells) for place in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _amount(row: Row, seconds: float) -> str:
    if row.amount:
        return f"{row.amount / seconds:,.0f}/s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
