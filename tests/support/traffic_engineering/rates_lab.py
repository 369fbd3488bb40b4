"""Demands with guaranteed rates, else on the five hubs of ``mini``: 96 Mbit/s a fibre in China."""

from __future__ import annotations

from corridor.controller.intent.intent import PreferredPath, Selector
from corridor.controller.intent.specification import Direction, Specification, failures_of
from corridor.controller.policy.model import Bandwidth, Demand, PolicySet
from corridor.controller.traffic_engineering.fit_rates import with_feasible_paths
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology
from policy_lab import TODAY

MINI = load_topology("mini")
DIRECT = ("shanghai-guian",)
ROUND = ("shanghai-kunming", "guian-kunming")
TWO = {"a": ("55Mbit", "shanghai", "guian"), "b": ("50Mbit", "shanghai", "kunming")}
"""Protected, they fit by chosen detours only; with the direct fibre cut, only as things are."""
NEXT = {"a": ("60Mbit", "guian", "bangkok"), "b": ("40Mbit", "kunming", "bangkok")}
"""With the same fibre cut, some paths fit under the next failure, too."""
CUT = failures_of(MINI, ["link:shanghai-guian"])


def spec(
    rates: dict[str, tuple[str, str, str]], k: int = 0, topology: Topology = MINI, **more
) -> Specification:
    """Demands by id: rate, source, destination."""
    directions = []
    for number, (name, (rate, src, dst)) in enumerate(rates.items()):
        said = {"id": name, "class": "bulk", "src": src, "dst": dst}
        directions.append(
            Direction(
                demand=Demand.model_validate(said),
                selectors=(Selector("udp", 5000 + number, 5000 + number),),
                bandwidth=Bandwidth(cir=rate),
            )
        )
    policies = PolicySet.model_validate(
        {
            "name": "lab",
            "classes": [
                {"id": "bulk", "origin": "CN", "sensitivity": "general", "basis": "exempt"}
            ],
            "policies": [{"id": "ALL", "effect": "permit"}],
        }
    )
    asked = {"over": ("link",), **more}
    return Specification(
        topology=topology,
        policies=policies,
        as_of=TODAY,
        directions=tuple(directions),
        k=k,
        **asked,
    )


def picks(specification: Specification) -> dict[str, tuple[PreferredPath, ...]]:
    return {one.demand.id: one.picks for one in specification.directions if one.picks}


def loaded(rates=TWO, **more) -> Specification:
    return with_feasible_paths(spec(rates, chooses=True, **more), "added-delay")
