"""Studies from Python: carried out, or read from their folder, as values.

found = corridor.run_study("queues", out="results/queues")
print(*found.sentences, sep="\n")
found.difference("of-priority", "p95").mean
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.run.folders import DEFAULT_RESULTS
from corridor.experiments.study.answers import Answers, RunValues, answers
from corridor.experiments.study.intervals import Difference, Estimate
from corridor.experiments.study.load import load_study
from corridor.experiments.study.reading import ran_by
from corridor.experiments.study.reading import read_study as read_folder
from corridor.experiments.study.running import How
from corridor.experiments.study.running import run_study as run_cells
from corridor.experiments.study.study_file import Levels, StudyFile, matches, named
from corridor.experiments.study.words import failed, sentences
from corridor.experiments.study.writing import VALUES, write
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

if TYPE_CHECKING:
    import pyarrow as pa

type Where = Mapping[str, str | int | float | bool]
EVERYWHERE: Where = {}


class StudyResults:
    """What a study's folder holds, also while it runs. Raises InputError where that is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.study: StudyFile
        self.runs: list[RunValues]
        self.study, self.runs = read_folder(folder)

    @cached_property
    def answers(self) -> Answers:
        return answers(self.study, self.runs)

    @property
    def sentences(self) -> list[str]:
        """The question, its answer, differences, what was expected, what is left out."""
        return list(sentences(self.study, self.answers))

    @property
    def holds(self) -> bool:
        """Whether all that the study expects does."""
        return not failed(self.answers)

    @property
    def values(self) -> pa.Table:
        """A row a cell and measure, as ``values.parquet`` has them."""
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / VALUES)

    def estimate(self, measure: str, where: Where = EVERYWHERE) -> Estimate:
        """Of a measure in the one condition with these levels."""
        self._known(measure, [one.id for one in self.study.measures], "measure")
        found = [
            one.estimate
            for one in self.answers.conditions
            if one.measure == measure and matches(one.levels, named(where))
        ]
        return _only(found, f"measure {measure}", where)

    def difference(self, compare: str, measure: str, where: Where = EVERYWHERE) -> Difference:
        """Of a comparison in a measure, seed by seed."""
        self._known(compare, [one.id for one in self.study.compare], "comparison")
        self._known(measure, [one.id for one in self.study.measures], "measure")
        found = [
            one.difference
            for one in self.answers.comparisons
            if (one.id, one.measure) == (compare, measure) and matches(one.levels, named(where))
        ]
        return _only(found, f"comparison {compare} of {measure}", where)

    def by_seed(self, measure: str, where: Where = EVERYWHERE) -> list[float | None]:
        """Of each valid run of these levels, seed after seed."""
        self._known(measure, [one.id for one in self.study.measures], "measure")
        of = sorted(self.runs, key=lambda one: one.repetition)
        wanted: Levels = named(where)
        return [
            one.values.get(measure)
            for one in of
            if one.state == "valid" and matches(one.levels, wanted)
        ]

    def _known(self, name: str, known: list[str], of: str) -> None:
        if name not in known:
            hint = nearest(name, known) or f"there are {', '.join(known) or 'none'}"
            raise InputError(f'no {of} is called "{name}"', hint)


def _only[Found](found: Sequence[Found | None], what: str, where: Where) -> Found:
    if len(found) != 1:
        said = f"{what} has {len(found)} conditions with {dict(where)}"
        raise InputError(said, "name a level of each axis in where")
    one = found[0]
    if one is None:
        raise InputError(f"{what} has no run with a value", "run the study")
    return one


def run_study(
    study: str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    retry: bool = False,
    say: Callable[[str], None] = print,
) -> StudyResults:
    """A shipped study or a file; cells that the folder has are not run again.

    In a script it belongs below ``if __name__ == "__main__":``, for workers are processes that
    import the script.
    """
    loaded = load_study(study)
    folder = DEFAULT_RESULTS / loaded.of.name if out is None else Path(out)
    run_cells(loaded, folder, How(scheduler, workers, retry), say)
    return read_study(folder)


def read_study(folder: str | Path) -> StudyResults:
    """What the folder of a study holds; its tables and answers are written again."""
    found = StudyResults(Path(folder))
    write(found.folder, found.study, found.runs, found.answers, ran_by(found.folder))
    return found
