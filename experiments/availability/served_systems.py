"""Served demands of a scenario as systems that work or fail while fibres are down. Pure.

Served are those that have a path while nothing has failed. Fibres are bits in the order of the map,
as in ``Product``. By policies, a demand works if some permit has a path in both directions. More
fibres never remove a permitted path, so a demand without one fails whatever else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.product import Product
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.failing_parts import FailureModel
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
