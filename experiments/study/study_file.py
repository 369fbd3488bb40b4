"""A study as it is written: a scenario, the axes that change it, seeds, measures. Pure.

docs/studies.md describes the keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, field_validator

from corridor.experiments.scenario.fields import ShareAsText
from corridor.experiments.study import measures
from corridor.experiments.study.intervals import LEAST_RUNS
from corridor.experiments.study.matrix import Levels
from corridor.experiments.study.measures import parse_bound
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.base.units import no_truth, written_day
from corridor.topologies.model.fields import Frozen, Slug

MOST_CELLS = 100_000
MOST_RUNS = 10_000
CONDITIONS, COMPARISONS = "conditions", "comparisons"
"""Tables that each study has."""
DIFFERENCES = "-differences"
"""Behind a measure's id: the figure of what is compared of it."""

type Patch = dict[str, JsonValue]


def _path(text: str) -> str:
    measures.parse(text)
    return text


def _bound(text: str) -> str:
    parse_bound(text)
    return text


class MeasureEntry(Frozen):
    id: Slug
    of: Annotated[str, AfterValidator(_path)]
    """A path into ``summary.json``, or after ``answers.`` into ``answers.json``; of a study that
    computes answers, into these."""
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
    """A comparison; then the bound applies to the mean difference."""


class UntilEntry(Frozen):
    """More seeds until a measure's mean, or its mean difference, is known so well everywhere."""

    measure: str
    compare: str = ""
    """A comparison; then it is of its mean difference, whose seeds are common."""
    within: ShareAsText
    """To either side, of the mean; of a difference, of the mean in the first condition."""
    most: int = Field(ge=LEAST_RUNS, le=MOST_RUNS, strict=True)
    """Seeds, at which it ends."""


class ShownEntry(Frozen):
    """A table or figure in addition to those of all measures: with a name, and of what it shows."""

    id: Slug
    """Of its files."""
    title: str = ""
    of: Literal["conditions", "comparisons"] = "conditions"
    where: _OneLevel = Field(default={})
    """Only of these levels."""
    compare: tuple[str, ...] = ()
    """Of comparisons, only these; all if empty."""


class TableEntry(ShownEntry):
    measures: tuple[str, ...] = ()
    """All if empty."""


class FigureEntry(ShownEntry):
    measure: str


class SourceEntry(Frozen):
    """Where something that a study takes for given can be read."""

    title: str
    url: str
    date: str = ""
    """As precisely as it is known; empty where it is not."""
    confidence: Literal["confident", "unsure"]
    """How certain we are that it carries what it is cited for."""
    says: str = ""
    """What of it the study uses, in our words."""


class StudyFile(Frozen):
    schema_version: Annotated[Literal[1], BeforeValidator(no_truth)] = Field(
        default=1, alias="schema"
    )
    name: Slug
    title: str = ""
    question: str = ""
    """What it is to answer."""
    answer: str = ""
    """A sentence with names of measures and comparisons in braces, which is stated with values."""
    assumptions: tuple[str, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    scenario: str
    """A shipped one, or a file next to this one."""
    as_of: Annotated[date, BeforeValidator(written_day)] | None = None
    """The day whose policies are in force, if the scenario does not say."""
    computes: str = ""
    """The kind of answer that cells compute; empty: each cell is a run."""
    ask: Patch = Field(default={})
    """What is asked of it."""
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
    tables: tuple[TableEntry, ...] = ()
    figures: tuple[FigureEntry, ...] = ()

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
        levels, place = self.matrix[axis], self.place(axis, level)
        return levels[level] if isinstance(levels, dict) else {axis: levels[int(place)]}

    def place(self, axis: str, level: str) -> str | int:
        """Where a level is below its axis: its key or number."""
        levels = self.matrix[axis]
        return level if isinstance(levels, dict) else list(map(shown, levels)).index(level)

    def seed_of(self, repetition: int) -> int:
        """The same for every cell, so that what differs between cells is what was changed."""
        if self.seeds:
            return self.seeds[repetition]
        return seed_of(self.seed, "repetition", str(repetition))

    @property
    def repetitions(self) -> int:
        return len(self.seeds) or self.repeat


def shown(level: object) -> str:
    """The name of a level that is a value: as YAML has it."""
    if isinstance(level, bool):
        return str(level).lower()
    return "none" if level is None else str(level)


def named(levels: Mapping[str, object]) -> Levels:
    """Levels as a file names them, by their names."""
    return {axis: shown(level) for axis, level in levels.items()}


def described(levels: Levels) -> str:
    """``policies th, network.buffer 5ms``; of a study without axes, ``as it is``."""
    return ", ".join(f"{axis} {level}" for axis, level in levels.items()) or "as it is"
