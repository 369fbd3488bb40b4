"""What a study's folder holds, as values: its index, and each measure of each run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corridor.experiments.account.summary import read_summary
from corridor.experiments.answers.document import ANSWERS_FILE
from corridor.experiments.run.version import version_line
from corridor.experiments.study.answers import RunValues
from corridor.experiments.study.cells import Cell
from corridor.experiments.study.folder import INDEX, StudyFolder, read_index
from corridor.experiments.study.load import Study
from corridor.experiments.study.measures import ANSWERS, parse, value_of
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.worker import ANSWER, Ran
from corridor.experiments.terminal.live import LiveLines
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.errors import InputError


def index_of(study: Study, of: Sequence[Cell], program: str) -> dict[str, Any]:
    installed = {used for cell in of for used in cell.condition.loaded.installed}
    packages = {used.package: used.version for used in sorted(installed)}
    return {
        "study": study.of.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "version": version_line(),
        "program": program,
        **({"packages": packages} if packages else {}),
        "cells": [
            {
                "id": cell.id,
                "levels": dict(cell.condition.levels),
                "repetition": cell.repetition,
                "seed": cell.seed,
                "scenario": cell.condition.digest,
            }
            for cell in of
        ],
    }


def changed_packages(path: Path, index: dict[str, Any]) -> str:
    """A line about packages that had another version in an earlier index; empty without any."""
    try:
        before = read_index(path).get("packages", {})
    except InputError:
        return ""
    changed = [
        f"{name} was {before[name]} and is {version}"
        for name, version in index.get("packages", {}).items()
        if before.get(name, version) != version
    ]
    return f"cells that use a changed package run again: {', '.join(changed)}" if changed else ""


def ran_by(path: Path) -> str:
    """The version that a folder's cells were last run by."""
    return str(read_index(path).get("version", ""))


def read_study(path: Path) -> tuple[StudyFile, list[RunValues]]:
    """The study of a folder, and what its cells came to so far. Raises InputError."""
    index = read_index(path)
    folder = StudyFolder(path)
    try:
        study = StudyFile.model_validate(index["study"])
        cells = [(one["id"], one["levels"], one["repetition"]) for one in index["cells"]]
        lacking = [axis for axis in study.axes for _, levels, _ in cells if axis not in levels]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError("is not an index of a study", "run it again", str(path / INDEX)) from error
    if lacking:
        raise InputError(f"has cells without {lacking[0]}", "run it again", str(path / INDEX))
    return study, [values_of(folder, study, *cell) for cell in cells]


def values_of(
    folder: StudyFolder, study: StudyFile, cell: str, levels: dict[str, str], repetition: int
) -> RunValues:
    known = folder.known(cell)
    state = "missing" if known is None else known.state
    message = "" if known is None else known.message
    values: dict[str, float | None] = {}
    unresolved: dict[str, str] = {}
    unexpected: list[str] = []
    if state == "valid":
        summary = _said(folder.result(cell), study)
        unexpected = summary.get("unexpected", [])
        if not study.computes and any(parse(measure.of).is_answered for measure in study.measures):
            summary[ANSWERS] = read_json(folder.result(cell) / ANSWERS_FILE, RESULT)
        for measure in study.measures:
            try:
                values[measure.id] = value_of(parse(measure.of), summary)
            except InputError as error:  # the other measures of the run are still reported
                values[measure.id], unresolved[measure.id] = None, str(error)
    return RunValues(cell, levels, repetition, state, message, values, unresolved, unexpected)


def _said(result: Path, study: StudyFile) -> dict[str, Any]:
    """What measures of a cell are paths into."""
    if study.computes:
        answer: dict[str, Any] = read_json(result / ANSWER, RESULT)
        return answer
    return read_summary(result / "summary.json").to_json()


def runs_of(path: Path, of: Sequence[Cell]) -> list[RunValues]:
    return read_study(path)[1][: len(of)]


# How far a study has come, and about how long the rest takes.

Say = Callable[[str], None]


class Progress:
    """Counts each finished cell. ``at_once`` returns how many run at once now."""

    def __init__(self, total: int, say: Say, at_once: Callable[[], int]) -> None:
        self._total, self._say, self._at_once = total, say, at_once
        self._states = Counter[str]()
        self._ran_s = 0.0
        self._goes_on()

    def step(self, cell: Cell, ran: Ran) -> None:
        self._states[ran.state] += 1
        self._ran_s += ran.wall_s
        what = "" if ran.state == "valid" else f" {ran.state}: {ran.message}"
        self._say(f"{self._done} of {self._total}{self._about()}: {cell.title}{what}")
        self._goes_on()

    @property
    def _done(self) -> int:
        return self._states.total()

    def _about(self) -> str:
        left_s = self.left_s()
        return f", about {in_words(left_s)} left" if left_s > 1 else ""

    def left_s(self) -> float:
        """By what cells took so far. Cells run in rounds of ``at_once``; running ones are
        half done, on average."""
        left = self._total - self._done
        if not left or not self._done:
            return 0.0
        at_once = max(1, self._at_once())
        whole_rounds = max(0, left - at_once) / at_once
        each_s = self._ran_s / self._done
        return each_s * (math.ceil(whole_rounds) + 0.5)

    def _goes_on(self) -> None:
        """On a terminal, in the line that moves."""
        if isinstance(self._say, LiveLines) and self._done < self._total:
            left = self._total - self._done
            spoilt = self._done - self._states["valid"]
            bad = f", {spoilt} failed or not valid" if spoilt else ""
            at_once = min(left, max(1, self._at_once()))
            waiting = f", {left - at_once} wait" if left > at_once else ""
            self._say.doing(f"{at_once} cells run{waiting}, {self._done} done{bad}{self._about()}")


def in_words(left_s: float) -> str:
    """No surer than it is: ``45 s``, ``12 min``, ``3.5 h``."""
    if left_s < 90:
        return f"{left_s:.0f} s"
    return f"{left_s / 60:.0f} min" if left_s < 5400 else f"{left_s / 3600:.1f} h"
