"""What plans are compared by: latency, reach, survival, capacity, nines and cost. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, get_args

from corridor.controller.policy.model import RETURN
from corridor.experiments.answers.capacity_answer import CapacityQuestion, capacity_answer
from corridor.experiments.answers.capacity_document import CapacityAnswer
from corridor.experiments.expansion.downtime import SHOWN, Downtime, Minutes
from corridor.experiments.expansion.plan_documents import Measure
from corridor.experiments.expansion.problem import Outcome, Problem
from corridor.experiments.expansion.survival import Survival
from corridor.experiments.plan.workloads import offered
from corridor.experiments.scenario.intents import Intended, with_rates
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.base.words import few
from corridor.topologies.model.background import BackgroundTraffic

type Longer = Mapping[str, int] | None
"""By candidate fibre, what its length adds to the shortest, in ns; None for written lengths."""
MEASURES: tuple[Measure, ...] = get_args(Measure.__value__)
LARGE: frozenset[Measure] = frozenset({"reach", "survival", "capacity"})
"""Those of which more is better."""
ONE_BY_ONE: frozenset[Measure] = frozenset({"capacity", "nines"})
"""Those that no sum over paths gives: sets of candidates are compared one by one."""
FEW = 8
MOST_CAPACITIES = 1_000
"""Sets of which the capacity is computed: each plans the whole scenario."""


class Load(NamedTuple):
    """Traffic of one sample."""

    background: BackgroundTraffic | None
    rates: tuple[str, ...] = ()
    """Of demands, as they are stated."""


class Measures:
    """Measures of sets of candidates; each as a number that is better if smaller."""

    def __init__(
        self, problem: Problem, loaded: LoadedScenario, weights: Mapping[str, float] | None = None
    ) -> None:
        """``weights``: of the RTT of each demand that is served today; 1 without them."""
        self.problem, self.loaded, self.weight_of = problem, loaded, weights
        self.served = problem.served
        names = [one.id for one in problem.demands[::2]]
        self.weights = [1.0 if weights is None else weights.get(one, 0.0) for one in names]
        self._outcomes: dict[frozenset[str], Outcome] = {}
        self._capacities: dict[frozenset[str], CapacityAnswer] = {}

    @cached_property
    def survival(self) -> Survival:
        """Pairs of a demand and a failure that survive."""
        return Survival(self.problem)

    @cached_property
    def downtime(self) -> Downtime:
        """Expected minutes without a path."""
        return Downtime(self.problem, self.loaded, self.served)

    def outcome(self, names: Collection[str], longer_ns: Longer = None) -> Outcome:
        """Return what a set gives; at written lengths it is computed once."""
        if longer_ns is not None:
            return self.problem.outcome(names, longer_ns)
        chosen = frozenset(names)
        if chosen not in self._outcomes:
            self._outcomes[chosen] = self.problem.outcome(chosen)
        return self._outcomes[chosen]

    def latency_ms(self, names: Collection[str], longer_ns: Longer = None) -> float:
        """Return the weighted sum of RTTs of the demands that are served today."""
        rtts = self.outcome(names, longer_ns).rtts_ns
        rows = zip(rtts, self.served, self.weights, strict=True)
        return sum(ns * weight for ns, was, weight in rows if was and ns) / NS_PER_MS

    def capacity(self, names: Collection[str]) -> CapacityAnswer:
        """Return how full fibres are, and how far traffic can grow.

        Raises:
            InputError: The scenario states no rate.
        """
        chosen = frozenset(names)
        if chosen not in self._capacities:
            topology = self.problem.candidates.built(chosen)
            built = self.loaded.model_copy(update={"topology": topology})
            self._capacities[chosen] = capacity_answer(built, CapacityQuestion(intervals=False))
        return self._capacities[chosen]

    def growth_under(self, names: Collection[str], load: Load) -> float:
        """Return how many times all rates fit next to other background traffic."""
        topology = self.problem.candidates.built(names)
        changed = {"topology": topology, "background": load.background}
        built = with_rates(self.loaded.model_copy(update=changed), load.rates)
        return growth(capacity_answer(built, CapacityQuestion(intervals=False)))

    def weighted(self, weights: Sequence[float]) -> Measures:
        """Return the same with other weights of RTTs."""
        found = copy(self)
        found.weights = list(weights)
        return found

    def minutes(self, names: Collection[str], level: int = SHOWN) -> Minutes:
        """Return bounds of the expected minutes a year without a path, added over demands."""
        return self.downtime.minutes(names, level)

    def sets(self, by: Collection[Measure]) -> list[tuple[str, ...]]:
        """Return all sets of candidates within the limits, to be compared by measures.

        Raises:
            InputError: There are too many to compare one by one.
        """
        found = self.problem.sets()
        if "capacity" in by and len(found) > MOST_CAPACITIES:
            raise InputError(
                f"the capacity of {len(found):,} sets of candidates: more than {MOST_CAPACITIES:,}",
                "leave some out with --leave-out, or build fewer with --next",
            )
        return found

    def of(self, measure: Measure, names: Collection[str], longer_ns: Longer = None) -> float:
        """Return a measure of a set: ms, MUSD or minutes, or minus demands, pairs or growth."""
        match measure:
            case "latency":
                return self.latency_ms(names, longer_ns)
            case "reach":
                return -sum(ns is not None for ns in self.outcome(names, longer_ns).rtts_ns)
            case "survival":
                longer = self.problem.nominal if longer_ns is None else longer_ns
                return -self.survival.count(names, longer)
            case "capacity":
                return -growth(self.capacity(names))
            case "nines":
                return self.minutes(names).high
            case "cost":
                return self.problem.cost_musd(names)


def growth(of: CapacityAnswer) -> float:
    """Return up to how many times all rates fit, whatever fails that the scenario names."""
    return of.growth[0].first.times


class Target(NamedTuple):
    """A value that a plan has to reach."""

    measure: Measure
    bound: float
    """As ``Measures.of``: the measure is at most so large."""


def traffic_weights(loaded: LoadedScenario, served: Sequence[str]) -> dict[str, float]:
    """Return the rate of each demand, requests and responses, over the mean of all.

    Args:
        loaded: Has committed rates, or else workloads.
        served: Demands that need a rate.

    Raises:
        InputError: Some of them have no rate.
    """
    graphs = {one.intent.id: one for one in Intended.of(loaded).graphs}
    bps: dict[str, int] = {}
    for name, graph in graphs.items():
        rates = graph.intent.guarantee(graph.permit) if graph.permit else None
        if rates is not None and rates.cir and graph.intent.aggregate is None:
            bps[name] = rates.cir
    bps = bps or dict(offered(loaded, graphs).bps)
    found = {one: bps.get(one, 0) + bps.get(f"{one}{RETURN}", 0) for one in served}
    unknown = [one for one, rate in found.items() if not rate]
    if unknown:
        raise InputError(
            f"{loaded.scenario.name} states no rate of {few(unknown, FEW)}",
            "give demands a guarantee, or state rates: --rate ckpt=2Tbit, or --rate 10Gbit for all",
        )
    if not found:
        return {}
    mean = Fraction(sum(found.values()), len(found))
    return {name: float(rate / mean) for name, rate in found.items()}
