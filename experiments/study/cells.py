"""What a study runs: each combination of levels, checked, with every seed. Pure.

A cell is known by what it is: the hash of its resolved scenario, of its seed and of the program
that runs it. The same cell of two studies is the same.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import FunctionType
from typing import Any, NamedTuple

from pydantic import BaseModel

from corridor.controller.openflow.frameworks import framework_here
from corridor.experiments.scenario.extending import read_beside
from corridor.experiments.scenario.scenario import LoadedScenario, Under, load_document, whole
from corridor.experiments.study.computed import ASK, Asked, CellScenario, asked
from corridor.experiments.study.load import Study, every_run, refuse
from corridor.experiments.study.measures import parse
from corridor.experiments.study.resolving import NotOfThisScenario, check
from corridor.experiments.study.study_file import Levels, MeasureEntry, described
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.documents import Document, KeyPath, Plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import counted

# What a level of an axis changes in a scenario: values set by the path of their key.
#
# ``network.buffer`` is a key of ``network``, ``workloads.inference.fills`` one of the item of a
# list whose id is ``inference``, and ``timeline+`` adds items to a list.

ADDS = "+"


class NoSuchPlace(ValueError):
    """A path that leads nowhere in a scenario; ``hint`` says what is there."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def patched(data: Mapping[str, Plain], patch: Mapping[str, Plain]) -> dict[str, Plain]:
    """A copy of a scenario's values with those of ``patch`` set, one after another."""
    made: dict[str, Any] = copy.deepcopy(dict(data))
    for path, value in patch.items():
        _put(made, path, copy.deepcopy(value))
    return made


def _put(made: dict[str, Any], path: str, value: Plain) -> None:
    *inner, last = path.removesuffix(ADDS).split(".")
    at: Any = made
    for number, key in enumerate(inner):
        at = _inside(at, key, path, ".".join(inner[: number + 1]))
    if path.endswith(ADDS):
        _add(at, last, path, value)
    elif isinstance(at, list):
        at[_place(at, last, path)] = value
    else:
        at[last] = value


def _inside(at: Any, key: str, path: str, so_far: str) -> Any:
    """The mapping or list under a key, made where there is none."""
    if isinstance(at, list):
        return at[_place(at, key, path)]
    found = at.setdefault(key, {})
    if found is None:
        found = at[key] = {}
    if not isinstance(found, dict | list):
        raise NoSuchPlace(f'"{path}": {so_far} contains no keys, it is {found}')
    return found


def _place(items: list[Any], name: str, path: str) -> int:
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    if name in ids:
        return ids.index(name)
    known = ", ".join(str(one) for one in ids if one)
    raise NoSuchPlace(f'"{path}": it contains no "{name}"', known and f"ids are {known}")


def _add(at: Any, key: str, path: str, value: Plain) -> None:
    if not isinstance(value, list):
        raise NoSuchPlace(f'"{path}" adds items to a list', "write them as a list")
    if isinstance(at, list):
        at = at[_place(at, key, path)]
        raise NoSuchPlace(f'"{path}": what is there is not a list')
    there = at.setdefault(key, []) or []
    if not isinstance(there, list):
        raise NoSuchPlace(f'"{path}": what is there is not a list')
    at[key] = [*there, *value]


SCENARIO, DAY = "scenario", "as_of"
ID_LETTERS = 16


class Condition(NamedTuple):
    """A combination of levels, and the scenario that it makes."""

    levels: Levels
    document: Document
    """As it is written: whole, with what the levels change."""
    loaded: LoadedScenario
    digest: str
    """Of that scenario with all that it names."""
    asked: Asked | None
    """What is computed; None of a run."""


class Cell(NamedTuple):
    id: str
    condition: Condition
    repetition: int
    seed: int

    @property
    def title(self) -> str:
        return f"{described(self.condition.levels)}, seed {self.repetition + 1}"


def conditions(study: Study) -> list[Condition]:
    """Every combination, checked. Raises InputError with the study's file, line and a way out."""
    base = _base(study)
    found = [_condition(study, base, levels) for levels in study.combinations]
    for number, measure in enumerate(study.of.measures):
        _check_measure(study, measure, number, found)
    return found


def partly_measured(study: Study, of: Sequence[Condition]) -> Iterator[str]:
    """Yield a sentence for each measure that the runs of some conditions, but not all, can have."""
    for measure in study.of.measures:
        wrong = _wrong(measure, of)
        if wrong:
            yield (
                f'measure "{measure.id}" has no value in {len(wrong)} of '
                f"{counted(len(of), 'condition')}: {wrong[0].message}"
            )


def _check_measure(
    study: Study, measure: MeasureEntry, number: int, of: Sequence[Condition]
) -> None:
    """Raise InputError, told at the measure, where no condition's runs can have it."""
    wrong = _wrong(measure, of)
    if wrong and len(wrong) == len(of):
        told = next((one for one in wrong if not isinstance(one, NotOfThisScenario)), wrong[0])
        said = f'measure "{measure.id}": {told.message}'
        raise study.document.error(said, "measures", number, "of", hint=told.hint)


def _wrong(measure: MeasureEntry, of: Sequence[Condition]) -> list[InputError]:
    """Why the runs of conditions cannot have a measure, for each condition of which that is so."""
    path, wrong = parse(measure.of), list[InputError]()
    for condition in of:
        try:
            asked = condition.asked
            check(path, condition.loaded, None if asked is None else asked.kind.document)
        except InputError as error:
            wrong.append(error)
    return wrong


def cells(
    study: Study, of: Sequence[Condition], program: str, repetitions: int | None = None
) -> list[Cell]:
    """In the order in which they run: all combinations with one seed, then with the next."""
    by_levels = {described(one.levels): one for one in of}
    made = []
    for levels, repetition in every_run(study, repetitions or study.of.repetitions):
        condition, seed = by_levels[described(levels)], study.of.seed_of(repetition)
        where: list[str] = [study.of.testbed, study.of.clock]
        if condition.asked is not None:
            where = [condition.asked.digest]
        named = json.dumps([condition.digest, seed, program, *where]).encode()
        name = hashlib.sha256(named).hexdigest()[:ID_LETTERS]
        made.append(Cell(name, condition, repetition, seed))
    return made


def _base(study: Study) -> Document:
    document = study.document
    try:
        found = read_beside(study.of.scenario, study.folder)
    except InputError as error:
        raise document.error_of_named(error, SCENARIO) from error
    return whole(found, study.folder)


def _condition(study: Study, base: Document, levels: Levels) -> Condition:
    changed = _changed(study, base, levels)
    assert isinstance(changed.data, dict)
    left_out = (ASK,) if study.of.computes else ()
    data = {key: value for key, value in changed.data.items() if key not in left_out}
    document = Document(data, changed.file, changed.lines)
    day = _day(study, document)
    try:
        loaded = load_document(document, study.folder, Under(as_of=day))
        question = None
        if study.of.computes:
            ground = CellScenario(document, study.folder, loaded)
            question = asked(study.of.computes, _ask(changed), ground)
    except InputError as error:
        if error.file != study.document.file:
            raise
        raise refuse(study, error, levels) from error
    return Condition(levels, document, loaded, digest_of(loaded), question)


def _changed(study: Study, base: Document, levels: Levels) -> Document:
    """The scenario with what the levels change, and under ``ask`` what is asked."""
    data, said = base.data, study.document
    assert isinstance(data, dict)
    lines: dict[KeyPath, int] = {(): said.line_of(SCENARIO) or 1}
    if study.of.computes:
        data = {**data, ASK: study.of.ask}
        lines[(ASK,)] = said.line_of(ASK if study.of.ask else "computes") or 1
        lines |= {(ASK, key): said.line_of(ASK, key) or 1 for key in study.of.ask}
    for axis, level in levels.items():
        patch, at = study.of.patch(axis, level), ("matrix", axis, study.of.place(axis, level))
        try:
            data = patched(data, patch)
        except NoSuchPlace as problem:
            raise said.error(str(problem), *at, hint=problem.hint) from problem
        for path in patch:
            keys = tuple(path.removesuffix(ADDS).split("."))
            known = keys[: 2 if keys[0] == ASK else 1]
            lines = {other: line for other, line in lines.items() if other[: len(known)] != known}
            lines[known] = said.line_of(*at, path) or 1
    return Document(data, said.file, lines)


def _ask(changed: Document) -> Document:
    """What is asked, with the line of each key."""
    written = changed.value(ASK)
    keys = written if isinstance(written, dict) else ()
    lines: dict[KeyPath, int] = {(key,): changed.line_of(ASK, key) or 1 for key in keys}
    return Document(written, changed.file, lines | {(): changed.line_of(ASK) or 1})


def _day(study: Study, document: Document) -> date | None:
    """The study's, where neither the scenario nor a level says one."""
    if document.value(DAY) is not None:
        return None
    if study.of.as_of is None:
        raise InputError(
            f'scenario "{study.of.scenario}" runs as of the day of the run',
            "write as_of: YYYY-MM-DD, or a run tomorrow would be another",
            file=study.document.file,
            line=study.document.line_of(SCENARIO),
        )
    return study.of.as_of


def digest_of(loaded: LoadedScenario) -> str:
    """Of all that a scenario comes to here; its file's name and place mean nothing."""
    parts: dict[str, Any] = {
        "scenario": loaded.scenario.model_dump(mode="json", by_alias=True),
        "topology": loaded.topology.model_dump(mode="json"),
        "policies": loaded.policies.model_dump(mode="json", by_alias=True),
        "events": [
            None if one.policies is None else one.policies.model_dump(mode="json", by_alias=True)
            for one in loaded.events
        ],
        "workloads": to_plain(list(loaded.workloads)),
    }
    parts["scenario"]["framework"] = framework_here(loaded.scenario.framework)
    if loaded.installed:
        parts["installed"] = [*loaded.installed]
    if (own := loaded.own_objective) is not None:
        parts["scenario"]["objective"] = own.digest
    text = json.dumps(parts, sort_keys=True, default=_as_text)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_text(value: object) -> object:
    """The same in every process: a function, such as a kind of workload has, is its name."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    raise TypeError(f"a scenario holds {type(value).__name__}, which has no digest")
