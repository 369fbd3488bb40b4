"""What demands are served and judged by: topology, policies, a day, whose packets are whose.

A specification crosses into a guest as JSON, so that the tables the switches hold are proven where
they are, before any traffic.
"""

from __future__ import annotations

from datetime import date
from typing import Self

from corridor.controller.intent.aggregate import Aggregate
from corridor.controller.intent.disjoint import Disjoint
from corridor.controller.intent.intent import Intent, Protection, Selector
from corridor.controller.intent.picks import Pick
from corridor.controller.policy.model import (
    RETURN,
    Bandwidth,
    Demand,
    PolicySet,
    Protected,
    RateStep,
)
from corridor.controller.policy.semantics import Rulings
from corridor.topologies.base.remembered import remembered
from corridor.topologies.model.topology import Frozen, Topology

MOST_RULINGS = 2
"""Sets on a day whose rulings are kept: those in force, and others that are asked for."""


@remembered(MOST_RULINGS)
def _rulings(policies: PolicySet, topology: Topology, as_of: date) -> Rulings:
    """What is alike but for paths that are chosen is ruled on once."""
    return Rulings(policies, topology, as_of)


class Direction(Frozen):
    """A demand, or its answers, and what tells its packets from others between the same hubs."""

    demand: Demand
    selectors: tuple[Selector, ...]
    bandwidth: Bandwidth | None = None
    given_up: tuple[RateStep, ...] = ()
    """To make room for rates: for nothing where the ladder of the permit in use does not have the
    step."""
    dscp: int = 0
    """What its packets are marked with where they enter the network."""
    police: int | None = None
    """What its edge lets in where nothing is promised to it, in bit/s."""
    picks: tuple[Pick, ...] = ()
    """Which paths it takes instead of its shortest ones, so that rates fit."""


class Specification(Frozen):
    """Everything the prover judges tables by, next to the wiring."""

    topology: Topology
    policies: PolicySet
    as_of: date
    directions: tuple[Direction, ...]
    k: int
    over: tuple[Protected, ...]
    disjoint: tuple[Disjoint, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    chooses: bool = False
    """Whether paths are chosen together where rates do not fit."""

    def intents(self) -> tuple[Intent, ...]:
        """In the order of the demands, each followed by its answers."""
        rulings = _rulings(self.policies, self.topology, self.as_of)
        return tuple(
            Intent(
                rulings.on(self.policies.seen(one.demand)),
                one.selectors,
                Protection(self.k, self.over),
                one.bandwidth,
                one.given_up,
                self._disjoint(one.demand.id.removesuffix(RETURN)),
                next((some for some in self.aggregates if one.demand.id in some.demands), None),
                one.dscp,
                one.police,
                one.picks,
            )
            for one in self.directions
        )

    def _disjoint(self, demand: str) -> tuple[Disjoint, ...]:
        return tuple(one for one in self.disjoint if demand in one.demands)

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls.model_validate_json(text)
