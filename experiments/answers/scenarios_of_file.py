"""Which scenarios ``corridor check`` verifies for a file: itself, or those that use it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from corridor.controller.policy.load import load_policies
from corridor.controller.policy.written_at import places_of_policies
from corridor.experiments.scenario.shipped_files import read_beside
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import Document, Plain, read_document
from corridor.topologies.base.errors import InputError

ENDINGS = (".yaml", ".yml")


def scenarios_of_file(name: str) -> tuple[list[str], str]:
    """Return scenarios, and a sentence about the file if there is none.

    A policy set or topology stands for the scenarios below the working directory, or below its own
    folder, that use it. Without one, names of a policy set are looked up, and a topology is
    returned, which loading refuses as a scenario. Raises InputError.
    """
    data = read_document(name).data if name.endswith(ENDINGS) and is_file(name) else None
    is_set = isinstance(data, dict) and isinstance(data.get("policies"), list)
    if not is_set and not (isinstance(data, dict) and "hubs" in data):
        return [name], ""
    file = Path(name).resolve()
    here = Path.cwd() if file.is_relative_to(Path.cwd()) else file.parent
    found = [os.path.relpath(one) for one in _scenarios(here) if str(file) in _used(one)]
    if found or not is_set:
        return found or [name], ""
    known = load_policies(name)
    return [], f"{name}: {known}; no scenario below {here} uses this file, so no table is verified"


def _scenarios(folder: Path) -> Iterator[Path]:
    """YAML files below a folder, without hidden folders."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        yield from (Path(place, one) for one in sorted(files) if one.endswith(ENDINGS))


def _used(scenario: Path) -> frozenset[str]:
    """The topology and the policy files of a scenario, resolved; nothing of any other file."""
    try:
        document = read_document(scenario)
        named = [_value(document, key) for key in ("topology", "policies")]
        beside = [scenario.parent / one if isinstance(one, str) else None for one in named]
        topology, policies = (one if one and is_file(one) else None for one in beside)
        sets = places_of_policies(policies).files if policies else frozenset[str]()
    except InputError:
        return frozenset()
    return sets | ({str(topology.resolve())} if topology else frozenset[str]())


def _value(document: Document, key: str) -> Plain:
    """As the scenario states it, or the one that it extends."""
    if not isinstance(document.data, dict) or key in document.data:
        return document.value(key)
    base = document.value("extends")
    if not isinstance(base, str):
        return None
    return _value(read_beside(base, Path(document.file).parent), key)
