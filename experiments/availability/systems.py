"""A demand as a system that works or fails while fibres are down: by policies, or by its tables.
Pure.

Fibres are bits in the order of the map, as in ``Product``. By policies, a demand works if some
permit has a path in both directions. More fibres never remove a permitted path, so a demand
without one fails whatever else does. Tables are followed as compiled: what a packet meets decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Deliver,
    ForwardingGraph,
    Node,
)
from corridor.controller.policy.product import Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.topologies.analysis.decomposition import System, Verdict

FAILS = Verdict(works=False, relies_on=0)


@dataclass(frozen=True)
class _PermittedDirection:
    """The permitted paths of one direction, by each permit."""

    products: tuple[tuple[Product, int], ...]
    """With the place where a packet is sent."""

    def shortest(self, down: int) -> int | None:
        """The fibres of the shortest path that is left; None if there is none."""
        found = None
        for product, start in self.products:
            path = product.course(start, down)
            if path is None or product.automaton.exceeds(path.one_way_ns):
                continue
            if found is None or path.one_way_ns < found.one_way_ns:
                found = path
        return None if found is None else found.fibres


def permitted_system(paths: PricedPaths, directions: Iterable[ApplicablePolicies]) -> System:
    """Return the system that works if each direction has a permitted path.

    Args:
        paths: Of the map; what it has expanded is used again.
        directions: What policies say of a demand, and of its responses.
    """
    searched = [_PermittedDirection(tuple(_products(paths, of))) for of in directions]

    def ask(down: int) -> Verdict:
        relies_on = 0
        for direction in searched:
            fibres = direction.shortest(down)
            if fibres is None:
                return FAILS
            relies_on |= fibres
        return Verdict(True, relies_on)

    return ask


def _products(paths: PricedPaths, of: ApplicablePolicies) -> Iterable[tuple[Product, int]]:
    for automaton in of.automata:
        product = paths.product(automaton)
        start = product.entered(automaton.trip.src)
        if start is not None:
            yield product, start


def installed_system(lines: Mapping[str, int], directions: Sequence[ForwardingGraph]) -> System:
    """Return the system that works if installed tables deliver each direction.

    Args:
        lines: The bit of each fibre.
        directions: The forwarding graphs of a demand and of its responses.
    """

    def ask(down: int) -> Verdict:
        relies_on = 0
        for graph in directions:
            verdict = _followed(graph.first, lines, down)
            if not verdict.works:
                # What a packet met before it was dropped decides, not what others met.
                return verdict
            relies_on |= verdict.relies_on
        return Verdict(True, relies_on)

    return ask


def _followed(first: Node | None, lines: Mapping[str, int], down: int) -> Verdict:
    """Whether a packet is delivered, and the fibres that it crossed."""
    crossed, node = 0, first
    while node is not None:
        taken = _alive(node, lines, down)
        if isinstance(taken, Deliver):
            return Verdict(True, crossed)
        if isinstance(taken, Cross):
            crossed |= lines[taken.fibre]
        node = taken.then if isinstance(taken, Cross | Assess) else None
    return Verdict(False, crossed)


def _alive(node: Node, lines: Mapping[str, int], down: int) -> Node | None:
    """The first alternative whose fibre is up."""
    for one in node.alternatives:
        if not isinstance(one, Cross) or not lines[one.fibre] & down:
            return one
    return None
