"""A study as it is written: a scenario, the axes that change it, seeds, measures. Pure.

docs/studies.md describes the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, field_validator

from corridor.experiments.scenario.quantities import ShareAsText
from corridor.experiments.study import matrix, measures
from corridor.experiments.study.intervals import LEAST_RUNS
from corridor.experiments.study.matrix import Levels
from corridor.topologies.base.documents import Document, Key, read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import no_truth, written_day
from corridor.topologies.model.fields import Frozen, Slug

MOST_CELLS = 100_000
MOST_RUNS = 10_000
_BOUND = re.compile(
    r"\s*(?P<sign><=?|>=?)\s*(?P<value>-?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z/%]*)\s*"
)

type Patch = dict[str, JsonValue]


class Bound(NamedTuple):
    """What a value is to be: ``< 120``."""

    below: bool
    inclusive: bool
    limit: float
    unit: str
    """Empty where it is not said: the measure's."""

    def holds(self, value: float) -> bool:
        if value == self.limit:
            return self.inclusive
        return (value < self.limit) is self.below


def parse_bound(text: str) -> Bound:
    """Raises ValueError for what is none."""
    found = _BOUND.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no bound: write for example "< 120 ms"')
    sign = found["sign"]
    limit = float(found["value"])
    return Bound(sign.startswith("<"), sign.endswith("="), limit, found["unit"])


def _path(text: str) -> str:
    measures.parse(text)
    return text


def _bound(text: str) -> str:
    parse_bound(text)
    return text


class MeasureEntry(Frozen):
    id: Slug
    of: Annotated[str, AfterValidator(_path)]
    """A path into ``summary.json``."""
    title: str = ""
    unit: str = ""
    """Where the path does not end in one."""

    @property
    def name(self) -> str:
        return self.title or self.id

    @property
    def shown_unit(self) -> str:
        return self.unit or measures.parse(self.of).unit


_OneLevel = dict[str, str | int | float | bool]


class CompareEntry(Frozen):
    """Two levels of an axis, seed by seed, all else being equal."""

    id: Slug
    axis: str
    one: str = Field(alias="from")
    other: str = Field(alias="to")
    measures: tuple[str, ...] = ()
    """All if empty."""
    where: _OneLevel = Field(default={})


class ExpectEntry(Frozen):
    """What a measure, or a comparison's difference in it, is to be."""

    measure: str
    holds: Annotated[str, AfterValidator(_bound)] = Field(alias="is")
    of: Literal["mean", "median", "each"] = "mean"
    """The mean or median with its whole interval, or each run's value."""
    where: _OneLevel = Field(default={})
    compare: str = ""
    """A comparison; then it is of the mean difference."""


class UntilEntry(Frozen):
    """More seeds until a measure's mean is known so well in every cell."""

    measure: str
    within: ShareAsText
    """Of the mean, to either side."""
    most: int = Field(ge=LEAST_RUNS, le=MOST_RUNS, strict=True)
    """Seeds, at which it ends."""


class StudyFile(Frozen):
    schema_version: Annotated[Literal[1], BeforeValidator(no_truth)] = Field(
        default=1, alias="schema"
    )
    name: Slug
    title: str = ""
    question: str = ""
    """What it is to answer."""
    assumptions: tuple[str, ...] = ()
    scenario: str
    """A shipped one, or a file beside this one."""
    as_of: Annotated[date, BeforeValidator(written_day)] | None = None
    """The day whose policies are in force, if the scenario does not say."""
    clock: Literal["virtual", "real"] = "virtual"
    testbed: Literal["uml", "qemu", "native"] = "uml"
    """Where every cell runs: values of different clocks are not averaged."""
    seed: int = Field(default=1, ge=0, lt=2**63, strict=True)
    repeat: int = Field(default=LEAST_RUNS, ge=1, le=MOST_RUNS, strict=True)
    """Seeds, the same in every cell."""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**63, strict=True)], ...] = ()
    """Instead of those that ``seed`` and ``repeat`` give."""
    matrix: dict[str, list[JsonValue] | dict[str, Patch]] = Field(default={})
    zip: tuple[tuple[str, ...], ...] = ()
    exclude: tuple[_OneLevel, ...] = ()
    include: tuple[_OneLevel, ...] = ()
    measures: tuple[MeasureEntry, ...] = Field(min_length=1, max_length=200)
    compare: tuple[CompareEntry, ...] = ()
    expect: tuple[ExpectEntry, ...] = ()
    until: UntilEntry | None = None

    @field_validator("matrix", mode="before")
    @classmethod
    def _has_levels(cls, given: object) -> object:
        for axis, levels in given.items() if isinstance(given, dict) else ():
            if not levels:
                raise ValueError(f'axis "{axis}" has no levels')
        return given

    @property
    def axes(self) -> dict[str, list[str]]:
        """By axis, the names of its levels."""
        return {
            axis: list(levels) if isinstance(levels, dict) else list(map(shown, levels))
            for axis, levels in self.matrix.items()
        }

    def patch(self, axis: str, level: str) -> Patch:
        """What a level changes."""
        levels = self.matrix[axis]
        if isinstance(levels, dict):
            return levels[level]
        return {axis: levels[list(map(shown, levels)).index(level)]}

    def seed_of(self, repetition: int) -> int:
        """The same for every cell, so that what differs between cells is what was changed."""
        if self.seeds:
            return self.seeds[repetition]
        return seed_of(self.seed, "repetition", str(repetition))

    @property
    def repetitions(self) -> int:
        return len(self.seeds) or self.repeat


class Study(NamedTuple):
    """A study whose names are known to fit together."""

    of: StudyFile
    document: Document
    folder: Path
    combinations: Sequence[Levels]

    def levels(self, where: Mapping[str, object]) -> Levels:
        return {axis: shown(level) for axis, level in where.items()}


def shown(level: object) -> str:
    """The name of a level that is a value: as YAML has it."""
    if isinstance(level, bool):
        return str(level).lower()
    return "none" if level is None else str(level)


def load_study(path: str | Path) -> Study:
    """Raises InputError with file, line and a way out."""
    document = read_document(path)
    study = validate(document, StudyFile)
    _check_axes(document, study)
    for number, one in enumerate(study.zip):
        _check_zip(document, study, one, number)
    for key in ("exclude", "include"):
        for number, levels in enumerate(getattr(study, key)):
            _check_levels(document, study, levels, key, number)
            if key == "include" and (lacking := [a for a in study.axes if a not in levels]):
                said = f'includes no level of axis "{lacking[0]}"'
                raise document.error(said, key, number, hint="name one of each")
    _check_names(document, study)
    where = [{a: shown(v) for a, v in one.items()} for one in study.exclude]
    added = [{a: shown(v) for a, v in one.items()} for one in study.include]
    if len(set(study.seeds)) < len(study.seeds):
        raise document.error("a seed is there twice", "seeds", hint="each is one run")
    found = matrix.combinations(study.axes, study.zip, where, added)
    if not found:
        raise document.error("all combinations are excluded", "exclude")
    if len(found) * study.repetitions > MOST_CELLS:
        said = f"comes to {len(found) * study.repetitions} runs"
        raise document.error(said, "matrix", hint=f"{MOST_CELLS} at most: leave out levels")
    for number, wanted in enumerate(study.expect):
        asked = {axis: shown(level) for axis, level in wanted.where.items()}
        if not any(matrix.matches(levels, asked) for levels in found):
            raise document.error("no combination has these levels", "expect", number, "where")
    return Study(study, document, Path(document.file).parent, found)


def _check_axes(document: Document, study: StudyFile) -> None:
    for axis, names in study.axes.items():
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise document.error(f'axis "{axis}" has level "{twice}" twice', "matrix", axis)
        if axis == "seed":
            hint = "write seeds: [...], or repeat: N"
            raise document.error("seeds are no axis", "matrix", axis, hint=hint)


def _check_zip(document: Document, study: StudyFile, axes: Sequence[str], number: int) -> None:
    for axis in axes:
        _known(document, axis, study.axes, "axis", "zip", number)
    counts = {len(study.axes[axis]) for axis in axes}
    if len(counts) > 1:
        said = f"axes {', '.join(axes)} have {' and '.join(map(str, sorted(counts)))} levels"
        raise document.error(said, "zip", number, hint="zipped axes have equally many")
    if sum(axis in other for other in study.zip for axis in axes) > len(axes):
        raise document.error("an axis is zipped twice", "zip", number)


def _check_levels(
    document: Document, study: StudyFile, levels: Mapping[str, object], *at: Key
) -> None:
    for axis, level in levels.items():
        _known(document, axis, study.axes, "axis", *at)
        _known(document, shown(level), study.axes[axis], f'level of "{axis}"', *at, axis)


def _check_names(document: Document, study: StudyFile) -> None:
    for key in ("measures", "compare"):
        ids = [one.id for one in getattr(study, key)]
        for number, name in enumerate(ids):
            if name in ids[:number]:
                raise document.error(f'"{name}" is there twice', key, number)
    known = [one.id for one in study.measures]
    for number, one in enumerate(study.compare):
        _known(document, one.axis, study.axes, "axis", "compare", number, "axis")
        for key, level in (("from", one.one), ("to", one.other)):
            levels = study.axes[one.axis]
            _known(document, level, levels, f'level of "{one.axis}"', "compare", number, key)
        for measure in one.measures:
            _known(document, measure, known, "measure", "compare", number, "measures")
        _check_levels(document, study, one.where, "compare", number, "where")
    for number, wanted in enumerate(study.expect):
        at = ("expect", number)
        _known(document, wanted.measure, known, "measure", *at, "measure")
        _check_levels(document, study, wanted.where, *at, "where")
        if wanted.compare:
            ids = [one.id for one in study.compare]
            _known(document, wanted.compare, ids, "comparison", *at, "compare")
        _check_expectation(document, study, wanted, number)
    if study.until is not None:
        _known(document, study.until.measure, known, "measure", "until", "measure")
        if study.seeds:
            raise document.error("seeds are given one by one", "until", hint="drop seeds")


def _check_expectation(
    document: Document, study: StudyFile, wanted: ExpectEntry, number: int
) -> None:
    measure = next(one for one in study.measures if one.id == wanted.measure)
    unit = parse_bound(wanted.holds).unit
    if unit and unit != measure.shown_unit:
        said = f'"{measure.id}" is in {measure.shown_unit or "no unit"}, not in {unit}'
        raise document.error(said, "expect", number, "is", hint="write the bound in that")
    compared = next((one for one in study.compare if one.id == wanted.compare), None)
    if compared is not None and compared.measures and wanted.measure not in compared.measures:
        said = f'"{compared.id}" does not compare "{wanted.measure}"'
        raise document.error(said, "expect", number, "measure", hint="add it to its measures")


def _known(
    document: Document, name: str, known: Sequence[str] | Mapping[str, object], of: str, *at: Key
) -> None:
    if name not in known:
        hint = nearest(name, known) or f"there are {', '.join(known) or 'none'}"
        raise document.error(f'no {of} is called "{name}"', *at, hint=hint)


def described(levels: Levels) -> str:
    """``policies th, network.buffer 5ms``; of a study without axes, ``as it is``."""
    return ", ".join(f"{axis} {level}" for axis, level in levels.items()) or "as it is"


def refuse(study: Study, error: InputError, levels: Levels) -> InputError:
    """What is wrong with a combination: told where the study asks for it."""
    said = InputError(f"{described(levels)}: {error.message}", error.hint)
    said.file, said.line = study.document.file, error.line or study.document.line_of("matrix")
    return said


def every_run(study: Study, repetitions: int) -> Iterator[tuple[Levels, int]]:
    """All combinations by one seed after another, so that what ends early is complete so far."""
    for repetition in range(repetitions):
        for levels in study.combinations:
            yield levels, repetition
