"""Cells of a study in this process, one after another: for batch systems, which start many of it.

Commands that do so share the study's folder; each cell comes into it when it is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.study.bundle import bundle_of, program_digest
from corridor.experiments.study.cells import Cell, cells, conditions
from corridor.experiments.study.folder import StudyFolder
from corridor.experiments.study.load import Study
from corridor.experiments.study.reading import Say, changed_packages, index_of
from corridor.experiments.study.study_file import files_named
from corridor.experiments.study.worker import run_cell
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError


def run_part(
    study: Study,
    out: Path,
    part: Part,
    say: Say,
    *,
    retry: bool = False,
    overwrite: bool = False,
) -> bool:
    """Whether all cells of a part are valid in the end. ``until`` is not followed: ``repeat`` seeds
    run. Raises InputError where a part has no cells, EnvironmentUnsupported where none can run."""
    program = program_digest()
    every = cells(study, conditions(study), program)
    wanted = part.among(every)
    if not wanted:
        said = f"part {part.number} of {part.of} has no cells: there are {len(every)}"
        raise InputError(said, f"ask for {len(every)} parts at most")
    folder = StudyFolder(out)
    with folder.open(Path(study.document.file).read_bytes(), shared=True, overwrite=overwrite):
        folder.write_inputs(files_named(study.document.data, study.folder))
        index = index_of(study, every, program)
        if line := changed_packages(out, index):
            say(line)
        folder.write_index(index)
        done = [_run(study, folder, cell, program, say, retry=retry) for cell in wanted]
    return all(done)


def _run(
    study: Study, folder: StudyFolder, cell: Cell, program: str, say: Say, *, retry: bool
) -> bool:
    known = folder.known(cell.id)
    if known is not None and known.state != "valid" and retry:
        folder.forget(cell.id)
        known = None
    if known is not None:
        say(f"{cell.title}: {_told(known.state, known.message)}, done before")
        return known.state == "valid"
    ran = run_cell(bundle_of(cell, study.of, study.folder, program))
    if ran.state == "unable":
        raise EnvironmentUnsupported(ran.message, "then repeat the command: it continues")
    folder.keep(cell, ran)
    found = folder.known(cell.id)
    state, message = (ran.state, ran.message) if found is None else (found.state, found.message)
    say(f"{cell.title}: {_told(state, message)}, {ran.wall_s:.1f} s")
    return state == "valid"


def _told(state: str, message: str) -> str:
    return f"{state}: {message}" if message else state


# A part of a study's cells, as a batch system asks for it. Pure.


class Part(NamedTuple):
    """One of this many, counted from 1."""

    number: int
    of: int

    def among[One](self, every: Sequence[One]) -> Sequence[One]:
        """Every n-th of them: parts take about equally long."""
        return every[self.number - 1 :: self.of]
