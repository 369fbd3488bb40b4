"""Whether an artifact holds on this machine: its files, its values, and runs made again.

Runs are made again each in a process and a separate folder, some at once.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from corridor.experiments.answers.document import ANSWERS_FILE, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.artifact import description as about_file
from corridor.experiments.artifact import expected as expected_file
from corridor.experiments.artifact.archive import (
    SUMS,
    Fault,
    Opened,
    faults,
    identity,
    opened,
    parse,
)
from corridor.experiments.artifact.deriving import (
    cells_of,
    problems_of_run,
    problems_of_study,
    study_of,
    told,
)
from corridor.experiments.artifact.description import ABOUT, ENVIRONMENT, EXPECTED, About, chosen
from corridor.experiments.artifact.expected import ExpectedRun, again, held
from corridor.experiments.artifact.verdict import (
    Check,
    Environment,
    RunAgain,
    Verdict,
    differences,
    environment_from_json,
    of_runs,
)
from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.results.results import read_plan
from corridor.experiments.run.version import bundled, version_line
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.study.cells import Cell
from corridor.experiments.study.folder import CELLS, read_index
from corridor.experiments.study.worker import LOG, OUTCOME, RUN, program_digest
from corridor.topologies.base import child_process
from corridor.topologies.base.bounded_file import RESULT, is_file, read_json, read_text
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import CorridorError, InputError
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.base.scratch import scratch_folder
from corridor.topologies.base.words import counted
from corridor.topologies.model.delay_model import load_delay_model

PROGRAM = "corridor.experiments.artifact.one_replay"
TOLD_LINES = 3
SPECIFICATION = "raw/specification.json"
type Say = Callable[[str], None]
type Process = subprocess.Popen[bytes]


def run_again(
    folders: Mapping[str, Path],
    runs: Sequence[ExpectedRun],
    cells: Mapping[str, Cell],
    *,
    here: bool,
    workers: int,
    say: Say,
) -> list[RunAgain]:
    """In the order of ``runs``. ``cells`` are those of a study, whose plans are compiled again
    first; ``here`` is whether the environment is the one in which they ran."""
    found: dict[str, RunAgain] = {}
    processes: set[Process] = set()
    with ThreadPoolExecutor(workers) as pool:
        begun = [
            pool.submit(_again, folders[one.cell], one, cells.get(one.cell), here, processes)
            for one in runs
        ]
        try:
            for future in as_completed(begun):
                one = future.result()
                found[one.cell] = one
                say(f"{len(found)} of {len(runs)}: {one.title}: {one.state} ({one.took_s:.0f} s)")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(processes):
                child_process.end(process, 0)
            raise
    return [found[one.cell] for one in runs]


def _again(
    recorded: Path, wanted: ExpectedRun, cell: Cell | None, here: bool, processes: set[Process]
) -> RunAgain:
    started = time.monotonic()
    testbed = read_json(recorded / "manifest.json", RESULT)["testbed"]["testbed"]
    if cell is not None and (problem := _problem_of_inputs(recorded, cell, testbed)):
        return RunAgain(wanted.cell, wanted.title, "failed", problem, 0.0, False, [])
    with scratch_folder() as folder:
        state, message = _carried_out(recorded, folder, testbed, processes)
        took_s = round(time.monotonic() - started, 1)
        if state != "valid":
            return RunAgain(wanted.cell, wanted.title, state, message, took_s, False, [])
        return RunAgain(
            wanted.cell,
            wanted.title,
            "valid",
            "",
            took_s,
            _same_samples(recorded, folder / RUN),
            held(wanted.values, told(folder / RUN, wanted.values), here=here),
        )


def _problem_of_inputs(recorded: Path, cell: Cell, testbed: str) -> str:
    """Whether a study's files come to what ran, and to what was computed beforehand. Natively,
    names in a plan are made up."""
    loaded = cell.condition.loaded
    if loaded.own_objective is not None:
        return ""  # code of the author's is not carried out here: runs are repeated by their plans
    try:
        plan = read_plan(recorded)
        intended, clock, run_id = Intended.of(loaded), plan.job.clock, plan.wiring.run_id
        again = make_plan(loaded, clock=clock, run_id=run_id, seed=cell.seed, intended=intended)
        if testbed != "native" and to_plain(again) != to_plain(plan):
            return "the study gives another plan than the one that ran"
        if intended.specification.to_json() != read_text(recorded / SPECIFICATION, RESULT):
            return "the study states another specification for verification"
        computed = document(gather(loaded, load_delay_model(None), intended), "")
        if json.loads(json.dumps(computed.to_json())) != read_json(recorded / ANSWERS_FILE, RESULT):
            return f"the study gives another {ANSWERS_FILE}"
    except CorridorError as error:
        return f"its plan cannot be compiled again: {error}"
    return ""


def _carried_out(
    recorded: Path, folder: Path, testbed: str, processes: set[Process]
) -> tuple[Any, str]:
    with (folder / LOG).open("wb") as log:
        process = child_process.start(
            [sys.executable, "-P", "-m", PROGRAM, str(recorded), str(folder), testbed],
            stdout=log,
            stderr=log,
            more_environment={"PYTHONPATH": str(IMPORT_ROOT), "PYTHONUNBUFFERED": "1"},
        )
        processes.add(process)
        try:
            code = process.wait()
        finally:
            child_process.end(process, 0)
            processes.discard(process)
    if is_file(folder / OUTCOME):
        said = json.loads((folder / OUTCOME).read_text())
        return said["state"], said["message"]
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines()[-TOLD_LINES:]
    return "failed", f"ended with code {code}: {' / '.join(lines)}"


def _same_samples(recorded: Path, again: Path) -> bool:
    """Of all probes, octet by octet."""
    names = {path.name for folder in (recorded, again) for path in (folder / "raw").glob("*.rec")}
    return all(_read(recorded / "raw" / one) == _read(again / "raw" / one) for one in names)


def _read(path: Path) -> bytes:
    return path.read_bytes() if is_file(path) else b""


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
    return environment_from_json(plain, f"{place}: {ENVIRONMENT}")


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
