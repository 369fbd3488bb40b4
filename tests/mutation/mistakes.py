"""Make chosen mistakes in a copy of the checkout, one at a time, and report what the suite misses.

    python -m tests.mutation.mistakes               # all of mistakes.yaml
    python -m tests.mutation.mistakes 7 20-25       # some, by their numbers
    python -m tests.mutation.mistakes --all 7       # if its tests pass: all of the rooms above

The exit code is 1 if a mistake is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from corridor.experiments.setup.checks import NO_MACHINE
from corridor.experiments.setup.import_graph import FOLDERS, ImportGraph, affected_by_files

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mistakes.yaml")
COPIED = (*FOLDERS, ".package", "tests", "docs", "examples", ".ci")
TESTS = "tests/"
PATIENCE_S = 600.0
ENDLESS = "no test: the suite did not end"
FAILED = 1


class Mistake(BaseModel):
    """One change of one place."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    was: str
    becomes: str
    breaks: str
    tests: list[str]
    """Below the folder of tests: the first files to run."""

    def made_in(self, text: str) -> str:
        """Return the source with the mistake.

        Raises:
            ValueError: the source does not hold the place once.
        """
        if text.count(self.was) != 1:
            raise ValueError(f"{self.file} holds {self.was!r} {text.count(self.was)} times, not 1")
        return text.replace(self.was, self.becomes)


def mistakes() -> list[Mistake]:
    """Return all that are listed."""
    import yaml

    listed = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return TypeAdapter(list[Mistake]).validate_python(listed)


def copy_checkout(place: Path) -> None:
    """Copy what tests read; the environment is linked to."""
    for name in COPIED:
        shutil.copytree(ROOT / name, place / name, symlinks=True)
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copy2(path, place)
    (place / ".venv").symlink_to(ROOT / ".venv")


def caught_by(copy: Path, mistake: Mistake, tests: Sequence[str]) -> str | None:
    """Return the first test of these files that fails in the copy with the mistake, or None."""
    file = copy / mistake.file
    text = file.read_text(encoding="utf-8")
    file.write_text(mistake.made_in(text), encoding="utf-8")
    try:
        return first_failure(copy, tests)
    finally:
        file.write_text(text, encoding="utf-8")


def first_failure(copy: Path, tests: Sequence[str]) -> str | None:
    """Return the first test of these files that fails in the copy, or None."""
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider")
    markers = ("-m", f"{NO_MACHINE} and not slow")
    try:
        done = subprocess.run(
            [*command, *markers, *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": f"{copy}/.package", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return ENDLESS
    failed = [one for one in done.stdout.splitlines() if one.startswith(("FAILED ", "ERROR "))]
    if done.returncode not in (0, FAILED) and not failed:
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return failed[0].partition(" ")[2].partition(" - ")[0] if failed else None


def _tests_of(mistake: Mistake, *, beyond: bool) -> Iterator[list[str]]:
    yield [f"{TESTS}{one}" for one in mistake.tests]
    if beyond:
        above, _ = affected_by_files(ImportGraph(ROOT), [mistake.file])
        yield [one for one in above or () if not one.startswith("tests/guest/")]


def _numbers(words: Sequence[str], count: int) -> list[int]:
    found: list[int] = []
    for word in words or (f"1-{count}",):
        first, _, last = word.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="N", help="such as 7 or 20-25")
    parser.add_argument("--all", action="store_true", help="all quick tests of rooms above, too")
    options = parser.parse_args()
    listed = mistakes()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        copy_checkout(copy)
        for number in _numbers(options.numbers, len(listed)):
            mistake, begin, spent = listed[number - 1], time.monotonic(), _cpu_s()
            runs = (caught_by(copy, mistake, one) for one in _tests_of(mistake, beyond=options.all))
            test = next((one for one in runs if one), None)
            missed += test is None
            took = f"{time.monotonic() - begin:.0f} s, {_cpu_s() - spent:.1f} CPU s"
            print(
                f"{number:>3} {test or 'MISSED'}: {mistake.file}: {mistake.breaks} ({took})",
                flush=True,
            )
    print(f"{missed} missed")
    return 1 if missed else 0


def _cpu_s() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


if __name__ == "__main__":
    sys.exit(main())
