"""The command line beside Python itself doing nothing: what one waits for before anything happens."""

import subprocess
import sys
import time
from pathlib import Path

import samples
from measure import Row, alternately

PROGRAM = [sys.executable, "-c", "from bot.cli import main; main()"]
NOTHING = [sys.executable, "-c", "pass"]


def rows(folder: Path, times: int) -> list[Row]:
    """``linkletter --help``, and ``linkletter status`` on a small database made in this empty folder."""
    _run([*PROGRAM, "import", str(_small_export(folder))], folder)
    return [_row(command, folder, times) for command in ("--help", "status")]


def _row(command: str, folder: Path, times: int) -> Row:
    found = alternately(
        lambda: _run([*PROGRAM, command], folder), lambda: _run(NOTHING, folder), times=times, clock=time.perf_counter
    )
    return Row(f"linkletter {command}", "python -c pass", *found)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[-1]} ended with {done.returncode}:\n{done.stderr}")


def _small_export(folder: Path) -> Path:
    samples.write_slack_export(folder / "small.zip", 300)
    return folder / "small.zip"
