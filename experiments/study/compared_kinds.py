"""What two names or paths are that are to be compared: runs, studies, policies, maps, scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from corridor.controller.policy.load import shipped_policies
from corridor.experiments.scenario.shipped_files import shipped_scenarios
from corridor.topologies.base.documents import Plain, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import SHIPPED

type Kind = Literal["runs", "studies", "policies", "maps", "scenarios"]
KEYS: Mapping[Kind, tuple[str, ...]] = {
    "policies": ("policies", "classes"),
    "maps": ("hubs", "extends"),
    "scenarios": ("demands", "topology"),
}
"""Keys that only a file of the kind has."""


def kind_of(one: str, other: str) -> Kind:
    """Return the kind that both are. Raises InputError if there is none, or more than one."""
    kinds = [_kinds(name) for name in (one, other)]
    for name, found in zip((one, other), kinds, strict=True):
        if not found:
            hint = "name folders of runs or studies, policy sets, maps, or scenarios"
            raise InputError(f'"{name}" is not a result folder, a shipped name or a file', hint)
    both = [kind for kind in kinds[0] if kind in kinds[1]]
    if len(both) > 1 and "scenarios" in both:
        both.remove("scenarios")  # a name that scenarios share with maps and sets means those
    if not both:
        first, second = (" or ".join(found) for found in kinds)
        message = f"cannot compare {one} ({first}) with {other} ({second})"
        raise InputError(message, "compare two of a kind")
    if len(both) > 1:
        message = f"{one} and {other} may be {' or '.join(both)}"
        raise InputError(message, f"choose with --of {both[0]} or --of {both[1]}")
    return both[0]


def _kinds(name: str) -> list[Kind]:
    path = Path(name)
    if path.is_dir():
        return ["studies"] if (path / "study.json").exists() else ["runs"]
    if _is_scenario(path):
        return ["scenarios"]
    found: list[Kind] = []
    if name in shipped_policies() or _has(path, "policies"):
        found.append("policies")
    if name in SHIPPED or name.startswith("topohub:") or _has(path, "maps"):
        found.append("maps")
    if not found and path.is_file() and path.suffix not in (".yaml", ".yml"):
        found.append("maps")  # a graph of another format
    if name in shipped_scenarios():
        found.append("scenarios")
    return found


def _has(path: Path, kind: Kind) -> bool:
    """Return whether a file has a key that only files of the kind have."""
    return any(key in _keys(path) for key in KEYS[kind])


def _is_scenario(path: Path) -> bool:
    """A scenario has demands or a map, or extends one scenario; maps extend a list of maps."""
    return _has(path, "scenarios") or isinstance(_keys(path).get("extends"), str)


def _keys(path: Path) -> Mapping[str, Plain]:
    """Return the top level of a YAML file; empty for other files."""
    if not (path.is_file() and path.suffix in (".yaml", ".yml")):
        return {}
    data: Plain = read_document(path).data
    return data if isinstance(data, dict) else {}
