"""What a soak runs on: a topology, its demands, a pool of policy sets, days. Values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path

from corridor.controller.intent.intent import ALL_KINDS, ANY_PACKET, selectors_of
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import PolicySet
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring, wire

DATA = Path(__file__).with_name("data")
TOPOLOGIES = {"corridor": str(DATA / "corridor.yaml"), "mini": "mini"}
"""What a setup may be of; each has its ``NAME-demands.yaml``."""
FIRST_SET = "reference"
DAYS = (
    date(2026, 11, 24),
    date(2027, 3, 15),
    date(2027, 7, 1),
    date(2027, 10, 1),
)
"""Between them a permit, a licence and a moratorium begin or end."""
RUN_ID = "k0"


@dataclass(frozen=True)
class Setup:
    """Everything about a soak that does not change in its course."""

    topology: Topology
    directions: tuple[Direction, ...]
    sets: Mapping[str, PolicySet]

    def specification(self, policies: str, day: date) -> Specification:
        """What is in force while these policies are, on that day."""
        return Specification(
            topology=self.topology,
            policies=self.sets[policies],
            as_of=day,
            directions=self.directions,
            k=1,
            over=ALL_KINDS,
        )

    @cached_property
    def gateways(self) -> frozenset[str]:
        return frozenset(hub.id for hub in self.topology.hubs if hub.intl_gateway)

    @cached_property
    def wiring(self) -> Wiring:
        return wire(self.topology, run_id=RUN_ID, seed=1, gateways=self.gateways)

    @property
    def demands(self) -> tuple[str, ...]:
        return tuple(one.demand.id for one in self.directions)


@cache
def load_setup(name: str) -> Setup:
    """Raises InputError for a name without a setup."""
    if name not in TOPOLOGIES:
        raise InputError(f"no setup {name!r}", f"there are {', '.join(TOPOLOGIES)}")
    topology = load_topology(TOPOLOGIES[name])
    carried = load_policies(DATA / f"{name}-demands.yaml", topology)
    demands = [one.to(one.dst) for one in carried.demands if isinstance(one.dst, str)]
    there_and_back = (one for demand in demands for one in (demand, demand.returning()) if one)
    paths = sorted((DATA / "policies").glob("*.yaml"))
    return Setup(
        topology,
        tuple(
            Direction(demand=one, selectors=selectors_of(one, carried.bindings) or (ANY_PACKET,))
            for one in there_and_back
        ),
        {path.stem: load_policies(path, topology) for path in paths},
    )
