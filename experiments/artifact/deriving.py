"""Whether results are what raw samples come to: each made again, and compared."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from corridor.experiments.account.summary import read_summary
from corridor.experiments.answers.document import ANSWERS_FILE
from corridor.experiments.artifact.expected import Expected
from corridor.experiments.artifact.verdict import difference
from corridor.experiments.run.recover import MORE_FILES, RESULT_FILES, recover
from corridor.experiments.study.answers import RunValues, answers
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.folder import (
    CELLS,
    INDEX,
    INPUTS,
    STUDY,
    SUMMARY,
    read_index,
)
from corridor.experiments.study.load import Study, load_study
from corridor.experiments.study.measures import ANSWERS, parse
from corridor.experiments.study.reading import index_of, read_study
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.writing import write
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.errors import CorridorError, InputError

type Step = Callable[[str], None]


def told(folder: Path, values: Sequence[Expected]) -> dict[str, Any]:
    """What a run states about these values: its summary, and its answers if some are computed."""
    said: dict[str, Any] = read_summary(folder / SUMMARY).to_json()
    if any(parse(one.of).is_answered for one in values):
        said[ANSWERS] = read_json(folder / ANSWERS_FILE, RESULT)
    return said


def problems_of_run(folder: Path) -> Iterator[str]:
    """Of the results in a run's folder, file by file. Reads the folder only."""
    with tempfile.TemporaryDirectory(prefix="corridor-again-") as name:
        again = Path(name)
        for path in folder.resolve().iterdir():
            if path.name not in (*RESULT_FILES, *MORE_FILES) and not path.name.startswith("."):
                (again / path.name).symlink_to(path)
        try:
            recover(again)
            for one in (*RESULT_FILES, *MORE_FILES):
                yield from _problem(folder / one, again / one, one)
        except InputError as error:
            yield f"cannot be made again: {error.message}"


def _problem(packed: Path, again: Path, name: str) -> Iterator[str]:
    if not packed.exists():
        if again.exists():
            yield f"{name} is missing, and comes from samples"
    elif found := difference(packed, again):
        yield f"{name}: {found}"


def problems_of_study(folder: Path, step: Step) -> Iterator[str]:
    """Of a study's folder: its cells against their samples, its files against its cells."""
    study, runs = read_study(folder)
    done = [one for one in runs if one.state in ("valid", "invalid")]
    for number, run in enumerate({one.cell: one for one in done}.values(), start=1):
        step(f"{number} of {len(done)} runs from samples")
        for one in problems_of_run(folder / CELLS / run.cell):
            yield f"{CELLS}/{run.cell}: {one}"
    yield from _problems_of_values(folder, study, runs)
    yield from _problems_of_cells(folder)


def _problems_of_values(folder: Path, study: StudyFile, runs: list[RunValues]) -> Iterator[str]:
    """Of all that is written of the cells together."""
    with tempfile.TemporaryDirectory(prefix="corridor-again-") as name:
        again = Path(name)
        write(again, study, runs, answers(study, runs))
        for path in sorted(one for one in again.rglob("*") if one.is_file()):
            inside = path.relative_to(again).as_posix()
            yield from _problem(folder / inside, path, inside)


def _problems_of_cells(folder: Path) -> Iterator[str]:
    """Whether the study comes to the cells that its folder has: their scenarios and seeds."""
    index = read_index(folder)
    try:
        study = study_of(folder)
        again = index_of(study, cells_of(study, index), index["program"])
    except CorridorError as error:
        yield f"{INPUTS}/{STUDY} cannot be read again: {error}"
        return
    if again["study"] != index["study"]:
        yield f"{INPUTS}/{STUDY} is not the study of {INDEX}"
    elif again["cells"] != index["cells"]:
        yield f"{INPUTS}/{STUDY} has other cells than {INDEX} has"


def study_of(folder: Path) -> Study:
    """The study of a folder, with the files that it names. Raises InputError."""
    inputs = folder / INPUTS / STUDY
    return load_study(inputs if inputs.exists() else folder / STUDY)


def cells_of(study: Study, index: dict[str, Any]) -> list[Any]:
    """Those of an index, which may have more seeds than the study begins with."""
    repetitions = max((one["repetition"] for one in index["cells"]), default=0) + 1
    return cells(study, conditions(study), index["program"], repetitions)
