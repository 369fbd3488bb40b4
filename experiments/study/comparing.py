"""Comparisons of two things of a kind, as Python asks for them: ``corridor.compare``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args, overload

from corridor.controller.policy.load import shipped_policies
from corridor.experiments.answers.compared import (
    DemandUnderBoth,
    ScenariosCompared,
    compare_scenarios,
    compare_sets,
)
from corridor.experiments.answers.price_sets import PricedScenario, alone
from corridor.experiments.results.run_result import load
from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.experiments.scenario.given import given_choice
from corridor.experiments.scenario.scenario import DEFAULT, load_under, under_given
from corridor.experiments.study import compared as studies
from corridor.experiments.study.reading import read_study
from corridor.experiments.text.comparison_text import (
    ClassPair,
    DemandPair,
    class_pairs,
    demand_pairs,
)
from corridor.topologies.analysis.compared import MapsCompared, compare_maps
from corridor.topologies.base.documents import Plain, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import SHIPPED, load_topology

# What two names or paths are that are to be compared: runs, studies, policies, maps, scenarios.

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


@dataclass(frozen=True)
class RunsCompared:
    """Two runs next to each other."""

    demands: tuple[DemandPair, ...]
    """All demands of either run."""
    classes: tuple[ClassPair, ...]
    """Workloads by class and part of the run; empty if a run has no workloads."""


@dataclass(frozen=True)
class StudiesCompared:
    """Two studies with conditions and measures in common."""

    rows: tuple[studies.Compared, ...]
    """The difference of each measure in each condition, with its 95 % confidence interval."""
    left_out: tuple[str, ...]
    """Conditions and measures that only one study has."""


type PoliciesCompared = tuple[DemandUnderBoth, ...]
type Comparison = (
    RunsCompared | StudiesCompared | PoliciesCompared | MapsCompared | ScenariosCompared
)


@overload
def compare(one: str | Path, other: str | Path, *, of: Literal["runs"]) -> RunsCompared: ...
@overload
def compare(one: str | Path, other: str | Path, *, of: Literal["studies"]) -> StudiesCompared: ...
@overload
def compare(one: str | Path, other: str | Path, *, of: Literal["maps"]) -> MapsCompared: ...
@overload
def compare(
    one: str | Path, other: str | Path, *, of: Literal["scenarios"], as_of: date | str | None = None
) -> ScenariosCompared: ...
@overload
def compare(
    one: str | Path,
    other: str | Path,
    *,
    of: Literal["policies"],
    scenario: str | Path = DEFAULT,
    as_of: date | str | None = None,
) -> PoliciesCompared: ...
@overload
def compare(
    one: str | Path,
    other: str | Path,
    *,
    of: Kind | None = None,
    scenario: str | Path = DEFAULT,
    as_of: date | str | None = None,
) -> Comparison: ...
def compare(
    one: str | Path,
    other: str | Path,
    *,
    of: Kind | None = None,
    scenario: str | Path = DEFAULT,
    as_of: date | str | None = None,
) -> Comparison:
    """Compare two runs, studies, policy sets, maps or scenarios.

    Args:
        one: A result folder, a shipped name or a file.
        other: What it is compared with: the same kind.
        of: The kind: ``"runs"``, ``"studies"``, ``"policies"``, ``"maps"`` or ``"scenarios"``;
            default: the kind that both are.
        scenario: The scenario on which policy sets are compared.
        as_of: The date whose policies are in force, for policy sets and scenarios.

    Returns:
        For runs: pairs of demands and of data classes (``RunsCompared``). For studies: differences
        with confidence intervals (``StudiesCompared``). For policy sets: one ``DemandUnderBoth``
        for each demand. For maps: ``MapsCompared``; for scenarios: ``ScenariosCompared``.
        Round-trip times are in milliseconds; None if a demand is blocked.

    Raises:
        InputError: A file or name does not exist, or the two are of different kinds.

    Example:
        >>> found = corridor.compare("none", "pan-asia", of="policies", scenario="mini")
        >>> [one.demand for one in found if one.other_ms is None]
        []
    """
    if of is not None:
        given_choice(of, get_args(Kind.__value__), "of")
    match of or kind_of(str(one), str(other)):
        case "runs":
            return _runs(Path(one), Path(other))
        case "studies":
            first, second = (studies.ReadStudy(*read_study(Path(of))) for of in (one, other))
            found = tuple(studies.studies_compared(first, second))
            return StudiesCompared(found, tuple(studies.left_out(first, second)))
        case "policies":
            before, after = (
                alone(load_under(str(scenario), under_given(str(name), as_of)))
                for name in (one, other)
            )
            return compare_sets(PricedScenario.of(before), before.policies, after.policies)
        case "maps":
            return compare_maps(load_topology(str(one)), load_topology(str(other)))
        case "scenarios":
            asked = under_given(as_of=as_of)
            return compare_scenarios(load_under(str(one), asked), load_under(str(other), asked))


def _runs(one: Path, other: Path) -> RunsCompared:
    first, second = load(one).summary, load(other).summary
    has_workloads = first.workloads is not None and second.workloads is not None
    return RunsCompared(
        demands=tuple(demand_pairs(first, second)),
        classes=tuple(class_pairs(first, second)) if has_workloads else (),
    )
