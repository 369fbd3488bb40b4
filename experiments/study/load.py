"""Studies found by name or file, read and checked: what names what, which combinations. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.scenario.shipped_things import Shipped
from corridor.experiments.study.computed import ASK, KINDS, kind_named
from corridor.experiments.study.measures import parse_bound
from corridor.experiments.study.study_file import (
    COMPARISONS,
    CONDITIONS,
    DIFFERENCES,
    MOST_CELLS,
    ExpectEntry,
    FigureEntry,
    Levels,
    ShownEntry,
    StudyFile,
    TableEntry,
    UntilEntry,
    check_answer,
    combinations,
    described,
    matches,
    named,
    shown,
)
from corridor.topologies.base import bounded_file
from corridor.topologies.base.documents import Document, Key, read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

SHIPPED = Path(__file__).with_name("shipped")
STUDY = "study.yaml"
"""In a separate folder, next to the scenarios and maps that it names."""


def shipped_studies() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in SHIPPED.glob(f"*/{STUDY}")))


def find_study(name_or_path: str | Path) -> Path:
    """Raises InputError for what is neither the name of one that ships nor a file."""
    known, name = shipped_studies(), str(name_or_path)
    if name in known:
        return SHIPPED / name / STUDY
    path = Path(name_or_path)
    if bounded_file.is_there(path) or "/" in name or path.suffix:
        return path
    hint = nearest(name, known) or f"shipped are {', '.join(known)}; or give a file"
    raise InputError(f'no study is called "{bounded_file.shown(name)}"', hint)


class Study(NamedTuple):
    """A study whose names are known to fit together."""

    of: StudyFile
    document: Document
    folder: Path
    combinations: Sequence[Levels]


def load_study(path: str | Path) -> Study:
    """A file, or one that ships by its name. Raises InputError with file, line and a way out."""
    document = read_document(find_study(path))
    study = validate(document, StudyFile)
    _check_kind(document, study)
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
    if len(set(study.seeds)) < len(study.seeds):
        raise document.error("a seed is there twice", "seeds", hint="each is one run")
    found = combinations(
        study.axes, study.zip, list(map(named, study.exclude)), list(map(named, study.include))
    )
    if not found:
        raise document.error("all combinations are excluded", "exclude")
    if len(found) * study.repetitions > MOST_CELLS:
        said = f"comes to {len(found) * study.repetitions} runs"
        raise document.error(said, "matrix", hint=f"{MOST_CELLS} at most: leave out levels")
    for number, wanted in enumerate(study.expect):
        if not any(matches(levels, named(wanted.where)) for levels in found):
            raise document.error("no combination has these levels", "expect", number, "where")
    try:
        check_answer(study, found)
    except ValueError as error:
        raise document.error(str(error), "answer") from error
    return Study(study, document, Path(document.file).parent, found)


def _check_kind(document: Document, study: StudyFile) -> None:
    if study.ask and not study.computes:
        said = "a study of runs asks nothing"
        raise document.error(said, ASK, hint=f"add computes: {next(iter(KINDS))}")
    try:
        if study.computes:
            kind_named(study.computes)
    except InputError as error:
        raise document.error(error.message, "computes", hint=error.hint) from error


def _check_axes(document: Document, study: StudyFile) -> None:
    for axis, names in study.axes.items():
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise document.error(f'axis "{axis}" has level "{twice}" twice', "matrix", axis)
        if axis == "seed":
            hint = "write seeds: [...], or repeat: N"
            raise document.error("seeds are not an axis", "matrix", axis, hint=hint)


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
    for key in ("measures", "compare", "tables", "figures"):
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
    for key, entries in (("tables", study.tables), ("figures", study.figures)):
        for number, entry in enumerate(entries):
            _check_shown(document, study, entry, key, number)
    if study.until is not None:
        _check_until(document, study, study.until, known)


def _check_expectation(
    document: Document, study: StudyFile, wanted: ExpectEntry, number: int
) -> None:
    measure = next(one for one in study.measures if one.id == wanted.measure)
    unit = parse_bound(wanted.holds).unit
    if unit and unit != measure.shown_unit:
        said = f'"{measure.id}" is in {measure.shown_unit or "no unit"}, not in {unit}'
        raise document.error(said, "expect", number, "is", hint="write the bound in that")
    _check_compared(document, study, wanted, "expect", number)


def _check_until(
    document: Document, study: StudyFile, until: UntilEntry, known: Sequence[str]
) -> None:
    _known(document, until.measure, known, "measure", "until", "measure")
    if until.compare:
        ids = [one.id for one in study.compare]
        _known(document, until.compare, ids, "comparison", "until", "compare")
    _check_compared(document, study, until, "until")
    if study.seeds:
        raise document.error("seeds are given one by one", "until", hint="drop seeds")


def _check_shown(
    document: Document, study: StudyFile, entry: ShownEntry, key: str, number: int
) -> None:
    _check_levels(document, study, entry.where, key, number, "where")
    for name in entry.compare:
        ids = [one.id for one in study.compare]
        _known(document, name, ids, "comparison", key, number, "compare")
    known = [one.id for one in study.measures]
    for name in entry.measures if isinstance(entry, TableEntry) else ():
        _known(document, name, known, "measure", key, number, "measures")
    if isinstance(entry, FigureEntry):
        _known(document, entry.measure, known, "measure", key, number, "measure")
    if entry.id in _always_there(study, key):
        said = f'"{entry.id}" is the name of one that is always there'
        raise document.error(said, key, number, "id", hint="take another")


def _always_there(study: StudyFile, key: str) -> set[str]:
    if key == "tables":
        return {CONDITIONS, COMPARISONS}
    names = {f"{one.id}{more}" for one in study.measures for more in ("", DIFFERENCES)}
    return {*names, *(f"{name}-column" for name in names)}


def _check_compared(
    document: Document, study: StudyFile, wanted: ExpectEntry | UntilEntry, *at: Key
) -> None:
    compared = next((one for one in study.compare if one.id == wanted.compare), None)
    if compared is not None and compared.measures and wanted.measure not in compared.measures:
        said = f'"{compared.id}" does not compare "{wanted.measure}"'
        raise document.error(said, *at, "measure", hint="add it to its measures")


def _known(
    document: Document, name: str, known: Sequence[str] | Mapping[str, object], of: str, *at: Key
) -> None:
    if name not in known:
        hint = nearest(name, known) or f"there are {', '.join(known) or 'none'}"
        raise document.error(f'no {of} is called "{name}"', *at, hint=hint)


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


# Studies that ship, for who looks around: what each asks, and how many runs it is.


def listed() -> Iterator[Shipped]:
    for name in shipped_studies():
        study = load_study(name)
        runs = len(study.combinations) * study.of.repetitions
        size = {"conditions": len(study.combinations), "runs": runs}
        yield Shipped(name, study.of.question, size, f"corridor study run {name}")
