"""Which scenarios ``corridor check`` verifies for a file: itself, or those that use it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from corridor.controller.policy.load import SHIPPED as SHIPPED_SETS
from corridor.controller.policy.load import load_policies
from corridor.experiments.scenario.extending import SHIPPED as SHIPPED_SCENARIOS
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import Plain, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology

ENDINGS = (".yaml", ".yml")
MOST_BYTES = 2**20
"""Larger files are not searched for scenarios."""
OF_SETS = {"include", "groups", "classes", "bindings", "interpretations", "switch_on", "switch_off"}
OF_MAPS = {"hubs", "fibres", "systems", "without", "override"}
"""Keys of policy sets and of topologies, but not of scenarios."""

type Keys = Mapping[str, Plain]


class ScenariosOfFiles:
    """The scenarios of each named file. Reads every file of a project once."""

    def __init__(self) -> None:
        self._read: dict[Path, Keys] = {}
        self._used: dict[Path, dict[Path, set[Path]]] = {}

    def of(self, name: str) -> tuple[list[str], str]:
        """Return scenarios, and a sentence about the file if there is none.

        A policy set or topology stands for the scenarios below the working directory, or below its
        own folder, that use it. Without one, the file is only read: names of a policy set and
        entries of a topology are looked up. Raises InputError if that fails.
        """
        if not name.endswith(ENDINGS) or not is_file(name):
            return [name], ""
        file = Path(name).resolve()
        kind = _kind(self._keys(file, most_bytes=None))
        if kind == "scenario":
            return [name], ""
        here = Path.cwd() if file.is_relative_to(Path.cwd()) else file.parent
        found = [
            os.path.relpath(one) for one, used in self._scenarios(here).items() if file in used
        ]
        if found:
            return found, ""
        known = load_policies(name) if kind == "policy set" else load_topology(name).title
        said = f"{name}: {known}; no scenario below {here} uses this file, so no table is verified"
        more = f"; corridor topology check {name} checks the map" if kind == "topology" else ""
        return [], said + more

    def _scenarios(self, folder: Path) -> dict[Path, set[Path]]:
        """The scenarios below a folder, and the files that each uses."""
        if folder not in self._used:
            self._used[folder] = {file: self._files_of(file) for file in _yaml_files(folder)}
        return self._used[folder]

    def _files_of(self, scenario: Path) -> set[Path]:
        """The topology and the policy sets of a scenario, with what these extend or include."""
        if _kind(self._keys(scenario.resolve())) != "scenario":
            return set()
        keys, folder = self._with_bases(scenario.resolve()), scenario.parent
        timeline = keys.get("timeline")
        events = timeline if isinstance(timeline, list) else []
        changed = [one.get("policies") for one in events if isinstance(one, dict)]
        waiting = [*_files(folder, keys.get("topology"))]
        for sets in (keys.get("policies"), *changed):
            waiting += _files(folder, sets, SHIPPED_SETS)
        found: set[Path] = set()
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                keys = self._keys(file)
                waiting += _files(file.parent, keys.get("extends"))
                waiting += _files(file.parent, keys.get("include"), SHIPPED_SETS)
        return found

    def _with_bases(self, scenario: Path) -> Keys:
        """The keys of a scenario, and those that it has from the scenarios that it extends."""
        keys: Keys = {}
        seen, waiting = set[Path](), [scenario]
        while waiting and waiting[0] not in seen:  # in a circle, loading reports it
            (file,) = waiting
            seen.add(file)
            keys = {**self._keys(file), **keys}
            base = self._keys(file).get("extends")
            named = base if isinstance(base, str) else None
            waiting = [*_files(file.parent, named, SHIPPED_SCENARIOS)]
        return keys

    def _keys(self, file: Path, most_bytes: int | None = MOST_BYTES) -> Keys:
        """The values of a file by key; empty if it cannot be read or has none."""
        if file not in self._read:
            self._read[file] = {}
            with suppress(InputError, OSError):
                if most_bytes is None or file.stat().st_size <= most_bytes:
                    data = read_document(file).data
                    self._read[file] = data if isinstance(data, dict) else {}
        return self._read[file]


def _kind(keys: Keys) -> Literal["scenario", "policy set", "topology"]:
    """What a file is by its keys; a scenario if that is unknown, which loading refuses."""
    if "topology" in keys:
        return "scenario"
    if keys.keys() & OF_MAPS:
        return "topology"
    if keys.keys() & OF_SETS or isinstance(keys.get("policies"), list):
        return "policy set"
    return "topology" if isinstance(keys.get("extends"), list) else "scenario"


def _yaml_files(folder: Path) -> Iterator[Path]:
    """Those below a folder, without hidden folders, Python environments and packages of Node."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not _is_of_others(Path(place, one)))
        named = [Path(place, one) for one in sorted(files) if one.endswith(ENDINGS)]
        yield from filter(is_file, named)


def _is_of_others(folder: Path) -> bool:
    of_others = folder.name.startswith(".") or folder.name == "node_modules"
    return of_others or is_file(folder / "pyvenv.cfg")


def _files(folder: Path, names: Plain, shipped: Path | None = None) -> Iterator[Path]:
    """The YAML files, resolved, that names under a key mean: next to the file, or shipped."""
    for name in names if isinstance(names, list) else [names]:
        if isinstance(name, str):
            beside = [folder / name] if name.endswith(ENDINGS) else []
            places = [*beside, *([shipped / f"{name}.yaml"] if shipped else [])]
            yield from (one.resolve() for one in places if is_file(one))
