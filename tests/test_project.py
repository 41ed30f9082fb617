"""What the project promises about itself: locked and hash-checked, at home on any machine, one version, a licence."""

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def names(requirements: list[str]) -> set[str]:
    """`SQLAlchemy[asyncio]>=2.1` -> `sqlalchemy`; dots and underscores as the lock files write them."""
    return {re.sub(r"[._]", "-", re.match(r"[\w.-]+", line)[0].lower()) for line in requirements}


def locked(file: str) -> dict[str, str]:
    """Name -> version in one lock file."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements" / file).read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_pins_and_hashes_everything_and_names_no_host(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE), "an option, such as an index"
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+==[^;\s]+( ; [^\\]+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry


def test_the_lock_files_hold_all_that_is_declared() -> None:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    run, dev, build, bench = (locked(f"{name}.txt") for name in ("run", "dev", "build", "bench"))
    assert names(project["dependencies"] + extras) <= run.keys()
    assert names([line for line in groups["dev"] if isinstance(line, str)]) <= dev.keys()
    assert names(groups["build"]) <= build.keys()
    assert names(groups["bench"]) <= bench.keys()
    assert run.items() <= dev.items(), "tests must run on the versions that people run"
    assert build.items() <= dev.items()


def test_what_only_the_benchmark_needs_stays_out_of_the_program() -> None:
    only_bench = names(PYPROJECT["dependency-groups"]["bench"])
    assert not only_bench & (locked("run.txt").keys() | locked("dev.txt").keys())


def test_installed_and_declared_version_agree() -> None:
    assert metadata.version("linkletter") == PYPROJECT["project"]["version"]


def test_the_licence_is_mit() -> None:
    assert (ROOT / "LICENSE").read_text("utf-8").startswith("MIT License\n")
    assert PYPROJECT["project"]["license"] == "MIT"


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    sections = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sections[0] == "Unreleased"


def test_the_readme_starts_with_the_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", " ".join(re.findall(r"`[^`]+`|```.*?```", readme, re.DOTALL))))
    assert {"demo", "test"} <= named <= targets


def test_an_example_configuration_is_there() -> None:
    assert (ROOT / "config.example.yaml").is_file()


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    """Looks for this checkout, the folder of real data beside it and the home folder, in every file that is or could be committed."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    here = [str(folder) for folder in (ROOT, ROOT.parent / "shared", Path.home()) if len(folder.parts) > 1]
    pattern = re.compile(r"(?<![\w.~$})*-])(" + "|".join(map(re.escape, here)) + r")(?![\w.-])")
    assert files
    assert {
        f"{file.relative_to(ROOT)}: {found[0]}"
        for file in files
        if file.is_file() and (found := pattern.search(file.read_bytes().decode("utf-8", "replace")))
    } == set()
