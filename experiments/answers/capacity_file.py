"""``capacity.json`` of a result folder, and of one that ``corridor capacity --out`` made."""

from __future__ import annotations

import json
from pathlib import Path

from corridor.experiments.answers.capacity_answer import (
    CAPACITY_SCHEMA,
    CapacityAnswer,
    CapacityQuestion,
    capacity_answer,
)
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.bounded_file import RESULT, is_file, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text

CAPACITY_FILE = "capacity.json"
MAP_FILE = "map.json"
"""Next to it where there is no run: what is drawn."""


def foreseen(loaded: LoadedScenario) -> CapacityAnswer | None:
    """Of a scenario that promises rates; None of others."""
    scenario = loaded.scenario
    promised = any(one.guarantee for one in scenario.demands) or scenario.aggregates
    if not promised and not any(one.soft.bandwidth for one in loaded.policies.policies):
        return None
    try:
        return capacity_answer(loaded, CapacityQuestion(chooses=False))
    except InputError:  # no demand with a rate has a path
        return None


def write_capacity(folder: Path, of: CapacityAnswer) -> None:
    said = json.dumps(of.to_json(), indent=1, ensure_ascii=False)
    write_text(folder / CAPACITY_FILE, said + "\n")


def read_capacity(folder: Path) -> CapacityAnswer | None:
    """None where there is none. Raises InputError for one of another version."""
    path = folder / CAPACITY_FILE
    if not is_file(path):
        return None
    plain = read_json(path, RESULT)
    match plain:
        case {"schema": schema} if schema == CAPACITY_SCHEMA:
            return read_document(CapacityAnswer, plain, str(path), "ask again")
        case {"schema": schema}:
            why = f"its schema is {schema!r}, not {CAPACITY_SCHEMA}"
        case _:
            why = "it has no schema"
    raise InputError(f"is not a {CAPACITY_FILE} of this version: {why}", "ask again", str(path))
