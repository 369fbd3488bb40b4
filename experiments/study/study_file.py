"""A study as it is written: a scenario, the axes that change it, seeds, measures. Pure.

docs/studies.md describes the keys. The levels of an axis go with every level of every other; those
of axes that are zipped go side by side. What is excluded is left out, then what is included is
added.

An answer has blanks for measures and comparisons: ``{rtt where law none}`` is the mean of a measure
in the one condition with these levels, ``{of-law.rtt where line clean}`` the mean difference of a
comparison. Files that a study names lie next to it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, field_validator

from corridor.experiments.scenario.fields import ShareAsText
from corridor.experiments.study import measures
from corridor.experiments.study.intervals import LEAST_RUNS
from corridor.experiments.study.measures import parse_bound
from corridor.topologies.base.bounded_file import TRAVELS, is_file, read_bytes
from corridor.topologies.base.documents import Plain, parse_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import no_truth, written_day
from corridor.topologies.model.fields import Frozen, Slug

type Levels = Mapping[str, str]
"""By axis, the name of a level."""


def combinations(
    axes: Mapping[str, Sequence[str]],
    zipped: Sequence[Sequence[str]] = (),
    exclude: Sequence[Levels] = (),
    include: Sequence[Levels] = (),
) -> list[Levels]:
    """In the order of the axes, the last of which changes first; none twice.

    ``zipped`` axes have equally many levels; ``exclude`` and ``include`` name levels that there
    are, and each of ``include`` one of every axis.
    """
    groups = _groups(axes, zipped)
    wanted = [_merged(names, chosen) for names, chosen in _products(axes, groups)]
    kept = [one for one in wanted if not any(matches(one, other) for other in exclude)]
    added = [{axis: other[axis] for axis in axes} for other in include]
    return [*kept, *(one for one in added if one not in kept)]


def matches(levels: Levels, where: Levels) -> bool:
    """Whether a combination has all the levels that ``where`` names."""
    return all(levels.get(axis) == level for axis, level in where.items())


def _groups(
    axes: Mapping[str, Sequence[str]], zipped: Sequence[Sequence[str]]
) -> list[Sequence[str]]:
    """Axes that move together, each group where its first one stands."""
    of = {axis: group for group in zipped for axis in group}
    return list({tuple(of.get(axis, (axis,))): None for axis in axes})


def _products(
    axes: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]
) -> Iterator[tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]]:
    sides = [list(zip(*(axes[axis] for axis in group), strict=True)) for group in groups]
    for chosen in product(*sides):
        yield groups, chosen


def _merged(groups: Sequence[Sequence[str]], chosen: Sequence[Sequence[str]]) -> Levels:
    return {
        axis: level
        for group, levels in zip(groups, chosen, strict=True)
        for axis, level in zip(group, levels, strict=True)
    }


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


WHERE = " where "
BLANK = re.compile(r"\{(?P<inside>[^{}]*)\}")


class Blank(NamedTuple):
    text: str
    compare: CompareEntry | None
    measure: str
    where: Levels


def check_answer(study: StudyFile, combinations: Sequence[Levels]) -> None:
    """Raises ValueError for what names nothing, or more than one condition."""
    if set("{}") & set(BLANK.sub("", study.answer)):
        raise ValueError("a brace has no other: write {MEASURE} or {COMPARISON.MEASURE}")
    for blank in blanks(study):
        found = sum(_is_of(blank, levels) for levels in combinations)
        if found != 1:
            none = f"{found} conditions" if found else "no condition"
            raise ValueError(
                f"{{{blank.text}}} is of {none}: write {{... where AXIS LEVEL, AXIS LEVEL}}"
            )


def blanks(study: StudyFile) -> Iterator[Blank]:
    for found in BLANK.finditer(study.answer):
        name, _, where = found["inside"].partition(WHERE)
        *before, measure = name.strip().split(".")
        compare = entry_named(before[0], study.compare, "comparison") if before else None
        entry_named(measure, study.measures, "measure")
        if compare is not None and compare.measures and measure not in compare.measures:
            raise ValueError(f'"{compare.id}" does not compare "{measure}"')
        yield Blank(found["inside"], compare, measure, _levels(study, where))


def entry_named[Entry](name: str, entries: Sequence[Entry], of: str) -> Entry:
    by_name = {str(getattr(entry, "id", "")): entry for entry in entries}
    if name not in by_name:
        hint = nearest(name, by_name) or f"there are {', '.join(by_name) or 'none'}"
        raise ValueError(f'no {of} is called "{name}": {hint}')
    return by_name[name]


def _levels(study: StudyFile, where: str) -> Levels:
    found = {}
    for part in filter(None, map(str.strip, where.split(","))):
        axis = next((one for one in study.axes if part.startswith(f"{one} ")), None)
        level = "" if axis is None else part.removeprefix(axis).strip()
        if axis is None or level not in study.axes[axis]:
            raise ValueError(f'"{part}" is not an axis with one of its levels')
        found[axis] = level
    return found


def _is_of(blank: Blank, levels: Levels) -> bool:
    wanted = blank.where
    if blank.compare is not None:
        of = blank.compare
        wanted = {**wanted, **named(of.where), of.axis: of.one}
    return matches(levels, wanted)


YAML = (".yaml", ".yml")


def files_named(data: Plain, folder: Path) -> dict[str, bytes]:
    """By name, those in a ``folder`` that a document, or one of them, names.

    Raises InputError for one that cannot be read, or is not below the folder.
    """
    files: dict[str, bytes] = {}
    _collect(data, folder, Path(), files)
    return files


def _collect(value: Plain, folder: Path, beside: Path, files: dict[str, bytes]) -> None:
    """Add what a file names, which lies in ``beside``: relative to it, or to the study."""
    for text in filter(_may_be_path, _texts(value)):
        for name in dict.fromkeys((text, str(beside / text))):
            if name not in files and is_file(folder / name):
                _add(name, folder, files)


def _add(name: str, folder: Path, files: dict[str, bytes]) -> None:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        said = f'"{name}" is not below the study'
        raise InputError(said, "put the file next to the study", str(folder))
    files[name] = read_bytes(folder / name, TRAVELS)
    if name.endswith(YAML):
        with contextlib.suppress(InputError, UnicodeDecodeError):
            _collect(parse_document(files[name].decode(), name).data, folder, path.parent, files)


def _may_be_path(text: str) -> bool:
    return bool(text.strip()) and len(text) < 256 and "\0" not in text


def _texts(value: Plain) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
