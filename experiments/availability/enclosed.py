"""The demands of a scenario, enclosed by two sets of states: exact for installed tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Deliver,
    ForwardingGraph,
    Node,
)
from corridor.experiments.availability.decided import DecidedScenario, Pair
from corridor.experiments.availability.figures import Bounds
from corridor.topologies.analysis.enclosure import (
    DELIVERED,
    DROPPED,
    Branch,
    FailureDiagrams,
    Walk,
)

GAP = 1e-9
"""The probability that may be left unexplored: a ten-thousandth of what 5 nines leave."""
MOST_NODES = 200_000
"""Of diagrams of installed tables: some 100 MB."""


class EnclosedScenario(DecidedScenario):
    """Decides demands by diagrams instead of cases."""

    space: Any

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        topology, lines = self.model.topology, self.model.lines
        longitudes = {
            lines[fibre.id]: sum(topology.hub(end).place[1] for end in fibre.ends) / 2
            for fibre in topology.fibres
        }
        self.space = FailureDiagrams(self.model.cut_sets, self.model.unavailable, longitudes)

    def bounds(self, of: Any, rest: Any = None) -> Bounds:  # noqa: ARG002
        """Return the bounds of what was decided, by sample."""
        return Bounds(self.space.probabilities(of.fails), self.space.probabilities(of.may_fail))

    def _replanned(self, pair: Pair) -> Any:
        key = frozenset(map(self._key, pair))
        if key not in self._known:
            self._known[key] = self.space.decide(
                self.permitted(pair),
                gap=self._limits.gap,
                most_questions=self._limits.questions,
            )
        return self._known[key]

    def _narrowed(self, pair: Pair, policed: Any) -> Any:  # noqa: ARG002
        return self._replanned(pair)

    def _installed(self, pair: Sequence[ForwardingGraph]) -> Any:
        walks = [walk_of(self.model.lines, graph) for graph in pair]
        return self.space.followed(walks, MOST_NODES)


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
