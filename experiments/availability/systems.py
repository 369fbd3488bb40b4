"""A demand as a system that works or fails while fibres are down, by its policies. Pure.

Fibres are bits in the order of the map, as in ``Product``. By policies, a demand works if some
permit has a path in both directions. More fibres never remove a permitted path, so a demand
without one fails whatever else does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corridor.controller.policy.product import Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.topologies.analysis.lines import System, Verdict

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
