"""When the served demands of a scenario have a path, enclosed by two sets of states; exact for
installed tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Deliver,
    ForwardingGraph,
    Node,
)
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.availability.figures import Bounds
from corridor.experiments.availability.served_systems import Limits, Pair, ServedScenario
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.enclosure import (
    DELIVERED,
    DROPPED,
    Branch,
    Decided,
    FailureDiagrams,
    Walk,
)
from corridor.topologies.analysis.failing_parts import FailureModel

MOST_NODES = 200_000
"""Of diagrams of installed tables: some 100 MB."""


@dataclass(frozen=True)
class DecidedDemand:
    """One demand that has a path while nothing has failed."""

    demand: Demand
    replanned: Decided
    """Whether it has a permitted path: what a controller that plans again provides."""
    installed: Decided
    """Whether the installed tables deliver it, without the controller."""
    baseline: Decided | None
    """The same as ``replanned`` under the baseline; None without one, or if it is blocked there."""
    is_nested: bool
    """Whether the baseline permits each path that the policies permit: they can only cost."""


class EnclosedScenario(ServedScenario):
    """The served demands of a scenario under all failures."""

    def __init__(
        self,
        loaded: LoadedScenario,
        model: FailureModel,
        *,
        baseline: LoadedScenario | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(loaded, model)
        self._limits = limits or Limits()
        self._baseline = baseline
        self._known: dict[frozenset[object], Decided] = {}
        self.space = FailureDiagrams(model.cut_sets, model.unavailable, longitudes(model))

    @cached_property
    def demands(self) -> tuple[DecidedDemand, ...]:
        """Those that are served while nothing has failed."""
        return tuple(self._decided())

    def bounds(self, of: Decided) -> Bounds:
        """Return the probability to be unavailable, by sample."""
        return Bounds(self.space.probabilities(of.fails), self.space.probabilities(of.may_fail))

    def replanned(self, pair: Pair) -> Decided:
        """Return when a demand has a permitted path, which a controller that plans again takes."""
        key = self.key(pair)
        if key not in self._known:
            self._known[key] = self.space.decide(
                self.permitted(pair),
                gap=self._limits.gap,
                most_questions=self._limits.questions,
            )
        return self._known[key]

    def _decided(self) -> Iterator[DecidedDemand]:
        against = self._against()
        for one in self.served:
            other = against.get(one.demand.id)
            walks = [walk_of(self.model.lines, graph) for graph in one.graphs]
            yield DecidedDemand(
                one.demand,
                self.replanned(one.policies),
                self.space.followed(walks, MOST_NODES),
                None if other is None else self.replanned(other),
                other is not None and self._is_nested(one.policies, other),
            )

    def _against(self) -> dict[str, Pair]:
        """By demand, what the baseline says of it; without those that it blocks."""
        if self._baseline is None:
            return {}
        intents = {one.id: one.applicable_policies for one in intents_for(self._baseline)}
        found = {}
        for demand in self._baseline.scenario.demands:
            pair = (intents[demand.id], intents[f"{demand.id}{RETURN}"])
            if all(self.paths.least_ns(one) is not None for one in pair):
                found[demand.id] = pair
        return found

    def _is_nested(self, policed: Pair, other: Pair) -> bool:
        """Without policies every path of fibres is permitted: all that policies permit, too."""
        assert self._baseline is not None
        same_ends = [one.demand.dst for one in policed] == [one.demand.dst for one in other]
        return self._baseline.policies.name == NO_POLICIES and same_ends


def longitudes(model: FailureModel) -> dict[int, float]:
    """Return by the bit of a fibre the longitude of its middle, in degrees."""
    hub = model.topology.hub
    return {
        model.lines[fibre.id]: sum(hub(end).place[1] for end in fibre.ends) / 2
        for fibre in model.topology.fibres
    }


def walk_of(lines: Mapping[str, int], graph: ForwardingGraph) -> Walk:
    """Return where installed tables send a packet, by the fibres that it meets.

    Args:
        lines: The bit of each fibre.
        graph: The forwarding graph of one direction.
    """
    walk: list[Branch] = []
    known: dict[int, int] = {}

    def number(node: Node | None) -> int:
        if node is None:
            return DROPPED
        if isinstance(node, Deliver):
            return DELIVERED
        if id(node) not in known:
            # Numbers of what follows come first: a walk leads to earlier branches.
            known[id(node)] = number(node.then) if isinstance(node, Assess) else branch(node)
        return known[id(node)]

    def branch(node: Node) -> int:
        assert isinstance(node, Cross)
        walk.append(Branch(lines[node.fibre], number(node.then), number(node.otherwise)))
        return len(walk) - 1

    last = number(graph.first)
    return walk if last >= 0 else [Branch(0, last, last)]
