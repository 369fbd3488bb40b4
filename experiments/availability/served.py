"""The demands of a scenario that are served while nothing has failed, on its map of failing parts.
Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.availability.systems import permitted_system
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.failing_parts import FailureModel
from corridor.topologies.analysis.lines import System

GAP = 1e-9
"""The probability that may be left unexplored: a ten-thousandth of what 5 nines leave."""
QUESTIONS = 400
"""Sets of failed fibres for each demand, at most."""
type Pair = tuple[ApplicablePolicies, ApplicablePolicies]
"""What policies say of a demand, and of its responses."""


@dataclass(frozen=True)
class Limits:
    """How far states are explored."""

    gap: float = GAP
    questions: int = QUESTIONS


@dataclass(frozen=True)
class ServedDemand:
    """One demand that has a path in both directions while nothing has failed."""

    demand: Demand
    graphs: tuple[ForwardingGraph, ForwardingGraph]
    """Of the demand and of its responses: what the installed tables do."""

    @property
    def policies(self) -> Pair:
        """What policies say of both directions."""
        there, back = self.graphs
        return there.intent.applicable_policies, back.intent.applicable_policies


class ServedScenario:
    """The served demands of a scenario."""

    def __init__(self, loaded: LoadedScenario, model: FailureModel) -> None:
        self.loaded = loaded
        self.model = model
        self.paths = PricedPaths(loaded.topology)

    @cached_property
    def served(self) -> tuple[ServedDemand, ...]:
        """Those that are served while nothing has failed, in the order of the scenario."""
        return tuple(self._served())

    @cached_property
    def unserved(self) -> tuple[str, ...]:
        """Those that have no permitted path, or none that tables deliver, in either direction."""
        served = {one.demand.id for one in self.served}
        return tuple(one.id for one in self.loaded.scenario.demands if one.id not in served)

    @cached_property
    def k(self) -> int:
        """Failures that the tables are asked to survive."""
        return self.loaded.scenario.protect.k

    def permitted(self, pair: Pair) -> System:
        """Return a demand as the system that works if both directions have a permitted path."""
        return permitted_system(self.paths, pair)

    def key(self, pair: Pair) -> frozenset[object]:
        """Return what the permitted paths of both directions depend on: equal for demands that
        work and fail together."""
        return frozenset(map(self._key, pair))

    def _served(self) -> Iterator[ServedDemand]:
        graphs = {one.intent.id: one for one in Intended.of(self.loaded).graphs}
        for demand in self.loaded.scenario.demands:
            pair = (graphs[demand.id], graphs[f"{demand.id}{RETURN}"])
            if all(graph.first is not None for graph in pair):
                yield ServedDemand(demand, pair)

    def _key(self, of: ApplicablePolicies) -> object:
        automata = (self.paths.product(one).automaton for one in of.automata)
        budgets = tuple(one.budgets for one in of.automata)
        return (of.demand.src, tuple(one.course_key for one in automata), budgets)
