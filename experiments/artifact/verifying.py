"""Whether an artifact holds on this machine: its files, its values, and runs made again."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.artifact import description as about_file
from corridor.experiments.artifact import environment as environment_file
from corridor.experiments.artifact import expected as expected_file
from corridor.experiments.artifact.archive import Opened, opened
from corridor.experiments.artifact.deriving import (
    cells_of,
    problems_of_run,
    problems_of_study,
    study_of,
    told,
)
from corridor.experiments.artifact.description import ABOUT, ENVIRONMENT, EXPECTED, About, chosen
from corridor.experiments.artifact.environment import Environment, differences
from corridor.experiments.artifact.expected import ExpectedRun, again
from corridor.experiments.artifact.replaying import run_again
from corridor.experiments.artifact.sums import SUMS, Fault, faults, identity, parse
from corridor.experiments.artifact.verdict import Check, RunAgain, Verdict, of_runs
from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.run.version import bundled, version_line
from corridor.experiments.study.bundle import program_digest
from corridor.experiments.study.cells import Cell
from corridor.experiments.study.folder import CELLS, read_index
from corridor.topologies.base.bounded_file import RESULT, is_file, read_json, read_text
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import CorridorError, InputError
from corridor.topologies.base.words import counted

SYSTEM = (
    *("openvswitch-switch", "openvswitch-common", "iproute2", "iperf3", "mininet", "ethtool"),
    *("util-linux", "procps", "libc6", "python3", "python3.12", "python3.13", "python3.14"),
)
"""By Debian's names. Other distributions tell none of them, and so are another environment."""
ASKED_S = 20
OWN = "corridor"
"""Of the emulator's own distribution, the files are compared, not the number."""


def environment_here() -> Environment:
    kernel = find_kernel()
    return Environment(
        program=program_digest(),
        version=version_line(),
        python=platform.python_version(),
        kernel=None if kernel is None else {**to_plain(kernel), "path": kernel.path.name},
        packages=_packages(),
        system=_system(),
    )


def _packages() -> dict[str, str]:
    found = {}
    for one in (*bundled(), *importlib.metadata.distributions()):
        name = one.metadata["Name"]
        if name and not name.lower().startswith(OWN):
            found[name.lower()] = one.version
    return dict(sorted(found.items()))


def _system() -> dict[str, str]:
    """Of packages that are installed. Empty where dpkg is not."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n", *SYSTEM]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=ASKED_S
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    rows = [line.split() for line in said.splitlines()]
    return {name: version for name, version, *state in rows if state == ["ii"]}


type Say = Callable[[str], None]
NOT_WHOLE = "files are not those that were packed"


class How(NamedTuple):
    runs: bool = True
    """Repeat some."""
    whole: bool = False
    """Repeat all."""
    workers: int | None = None
    """The number of runs at once; None is one per processor."""
    any_version: bool = False
    """Go on though another version packed it."""


def verify(place: Path, how: How, say: Say = lambda _text: None) -> Verdict:
    """Of an archive, or of the folder that it was unpacked to. Raises InputError for what is none.

    Needs no network and writes nothing next to it.
    """
    with opened(place) as held:
        sums = _sums(held, place)
        about = about_file.from_json(_said(held, ABOUT, place), f"{place}: {ABOUT}")
        found = faults(parse(sums, f"{place}: {SUMS}"), held.digests)
        here = environment_here()
        files = _of_files(found, len(held.digests), held.root)
        if found:
            checks = [files, *(_skipped(one, NOT_WHOLE) for one in ("values", "runs"))]
            return Verdict(about, identity(sums), here.version, [], checks, [])
        there = _environment(held.root, place)
        if about.program != here.program and not how.any_version:
            checks = [files, *_other_version(about, how)]
            return Verdict(about, identity(sums), here.version, [], checks, [])
        say("computing values again from samples")
        values = _of_values(held.root, about, say)
        if values.state != "holds" or not how.runs:
            why = "values do not hold" if how.runs else "as was asked"
            checks = [files, values, _skipped("runs", why)]
            return Verdict(about, identity(sums), here.version, [], checks, [])
        differs = differences(there, here)
        runs = _runs_again(held.root, about, how, same=not differs, say=say)
        checks = [files, values, of_runs(runs, differs, about.runs)]
        return Verdict(about, identity(sums), here.version, differs, checks, runs)


def _sums(held: Opened, place: Path) -> str:
    if not is_file(held.root / SUMS):
        hint = f"name the file that corridor artifact pack wrote, or the folder with {SUMS}"
        raise InputError("is not an artifact", hint, str(place))
    return read_text(held.root / SUMS, RESULT)


def _said(held: Opened, name: str, place: Path) -> object:
    try:
        return read_json(held.root / name, RESULT)
    except InputError as error:
        raise InputError(f"{name}: {error.message}", "get it again", str(place)) from error


def _environment(root: Path, place: Path) -> Environment:
    said = read_json(root / ENVIRONMENT, RESULT)
    plain = {k: v for k, v in said.items() if k != "schema"} if isinstance(said, dict) else said
    return environment_file.from_json(plain, f"{place}: {ENVIRONMENT}")


def _of_files(found: list[Fault], count: int, root: Path) -> Check:
    if not found:
        return Check("files", "holds", f"{counted(count, 'file')} as packed")
    said = f"{len(found)} of {counted(count, 'file')}"
    return Check("files", "does not hold", said, [_named(one, root) for one in found])


def _named(fault: Fault, root: Path) -> str:
    """With the conditions of the run that it is of, where those are known."""
    parts = fault.file.split("/")
    if CELLS not in parts[:-1]:
        return str(fault)
    cell = parts[parts.index(CELLS) + 1]
    try:
        runs = _expected(root)
    except CorridorError:
        return str(fault)
    title = next((f" ({one.title})" for one in runs if one.cell == cell), "")
    return f"{fault}{title}"


def _skipped(name: str, why: str) -> Check:
    assert name in ("values", "runs")
    return Check("values" if name == "values" else "runs", "not looked at", why)


def _other_version(about: About, how: How) -> Iterator[Check]:
    said = f"made by another version ({about.made_by}): check with that, or give --any-version"
    yield Check("values", "cannot be told", said)
    if how.runs:
        yield Check("runs", "cannot be told", "for the same reason")
    else:
        yield _skipped("runs", "as was asked")


def _expected(root: Path) -> list[ExpectedRun]:
    said = read_json(root / EXPECTED, RESULT)
    runs = said.get("runs") if isinstance(said, dict) else None
    return expected_file.from_json(runs, EXPECTED)


def _of_values(root: Path, about: About, say: Say) -> Check:
    folder = root / about.kind
    if about.kind == "study":
        problems = list(problems_of_study(folder, say))
    else:
        problems = list(problems_of_run(folder))
    expected = _expected(root)
    problems += [
        f"{EXPECTED}: {problem}"
        for one in expected
        for problem in _unlike(one, _folder_of(root, about, one.cell))
    ]
    count = sum(len(one.values) for one in expected)
    if problems:
        return Check("values", "does not hold", "they differ from the samples", problems)
    of = f"{counted(len(expected), 'run')}"
    return Check("values", "holds", f"all results and {count} values of {of} come from samples")


def _unlike(wanted: ExpectedRun, folder: Path) -> Iterator[str]:
    """What an artifact expects, and its own run has not."""
    found = again(wanted.values, told(folder, wanted.values))
    for one, value in zip(wanted.values, found, strict=True):
        if one.value != value.value:
            yield f"{wanted.title}: {one.id} is {one.value}, and {value.value} in the run"


def _folder_of(root: Path, about: About, cell: str) -> Path:
    return root / about.kind / CELLS / cell if about.kind == "study" else root / about.kind


def _runs_again(root: Path, about: About, how: How, *, same: bool, say: Say) -> list[RunAgain]:
    expected = _expected(root)
    wanted = expected if how.whole else chosen(expected)
    say(f"repeating {len(wanted)} of {counted(len(expected), 'run')}")
    cells: dict[str, Cell] = {}
    if about.kind == "study":
        folder = root / about.kind
        cells = {one.id: one for one in cells_of(study_of(folder), read_index(folder))}
    return run_again(
        {one.cell: _folder_of(root, about, one.cell) for one in wanted},
        wanted,
        cells,
        here=same,
        workers=how.workers or len(os.sched_getaffinity(0)),
        say=say,
    )
