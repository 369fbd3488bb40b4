"""Expected minutes a year without a lawful path, by the candidates that are built. Pure.

All sets of candidates share one model of what fails, on the map with all fibres: a fibre that is
not built is down. So another candidate never adds downtime, and a set between two others takes
their bounds if these are about as near as those of one search. Sets are compared at wide bounds
first; only those that may still be the best are searched further.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple

from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.availability.availability_answer import SAMPLES, SEED
from corridor.experiments.availability.enclosed import longitudes
from corridor.experiments.availability.figures import MINUTES_OF_YEAR
from corridor.experiments.availability.served_systems import QUESTIONS, permitted_system
from corridor.experiments.expansion.problem import Problem
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.enclosure import FailureDiagrams
from corridor.topologies.analysis.failing_parts import FailureModel, failure_model
from corridor.topologies.analysis.failure_rates import read_failure_rates
from corridor.topologies.analysis.lines import System, Verdict

type Pair = tuple[ApplicablePolicies, ApplicablePolicies]


class Minutes(NamedTuple):
    """Bounds of expected minutes a year."""

    low: float
    high: float


GAPS = (1e-6, 1e-7, 1e-8)
"""Probabilities for each demand that may be left unexplored, the widest first."""
SHOWN = len(GAPS) - 1
"""Of what is shown."""


class Downtime:
    """The demands that are served today, under all failures of the map."""

    def __init__(self, problem: Problem, loaded: LoadedScenario, served: Sequence[bool]) -> None:
        self._problem, self._loaded, self._served = problem, loaded, served
        names = (*problem.fibres, *problem.gateways)
        self._bits = {name: 1 << at for at, name in enumerate(names)}
        self._systems: dict[frozenset[str], list[System]] = {}
        self._known: dict[tuple[object, int], dict[int, Minutes]] = {}

    @cached_property
    def _model(self) -> FailureModel:
        """What fails, with the rates that ``corridor availability`` takes without options."""
        whole = self._problem.candidates.built(self._problem.fibres)
        return failure_model(whole, read_failure_rates(), samples=SAMPLES, seed=SEED)

    @cached_property
    def _space(self) -> FailureDiagrams:
        model = self._model
        return FailureDiagrams(model.cut_sets, model.unavailable, longitudes(model))

    @cached_property
    def _alike(self) -> list[object]:
        """By demand, what its paths depend on: equal for demands that fail together."""
        paths, pairs = self._open(frozenset())

        def key(of: ApplicablePolicies) -> object:
            automata = [paths.product(one).automaton.course_key for one in of.automata]
            return (of.demand.src, tuple(automata), tuple(one.budgets for one in of.automata))

        self._kept = paths  # keys hold as long as its groups do
        return [frozenset(map(key, pair)) for pair in pairs]

    def minutes(self, names: Collection[str], level: int = SHOWN) -> Minutes:
        """Return the minutes of all these demands together, at one of ``GAPS``."""
        built = sum(self._bits[name] for name in set(names))
        found = [self._minutes(at, built, level) for at in range(len(self._alike))]
        return Minutes(sum(one.low for one in found), sum(one.high for one in found))

    def _minutes(self, at: int, built: int, level: int) -> Minutes:
        known = self._known.setdefault((self._alike[at], level), {})
        for first in (0, (1 << len(self._bits)) - 1):  # nothing and everything bound all others
            if first not in known:
                known[first] = self._decided(at, first, GAPS[level])
        if built not in known:
            fewer = min(one.high for other, one in known.items() if other & ~built == 0)
            more = max(one.low for other, one in known.items() if built & ~other == 0)
            near = 2 * GAPS[level] * MINUTES_OF_YEAR
            known[built] = (
                Minutes(more, fewer)
                if fewer - more <= near
                else self._decided(at, built, GAPS[level])
            )
        return known[built]

    def _decided(self, at: int, built: int, gap: float) -> Minutes:
        problem = self._problem
        opened = frozenset(name for name in problem.gateways if built & self._bits[name])
        if opened not in self._systems:
            paths, pairs = self._open(opened)
            self._systems[opened] = [permitted_system(paths, pair) for pair in pairs]
        system, lines = self._systems[opened][at], self._model.lines
        missing = sum(lines[name] for name in problem.fibres if not built & self._bits[name])

        def ask(down: int) -> Verdict:
            return system(down | missing)

        decided = self._space.decide(ask, gap=gap, most_questions=QUESTIONS)
        low, high = map(self._space.probabilities, (decided.fails, decided.may_fail))
        return Minutes(float(low.mean()) * MINUTES_OF_YEAR, float(high.mean()) * MINUTES_OF_YEAR)

    def _open(self, opened: frozenset[str]) -> tuple[PricedPaths, list[Pair]]:
        """Lawful paths on the map with all fibres while gateways are open."""
        topology = self._problem.candidates.built((*self._problem.fibres, *opened))
        lookup = PolicyLookup(self._loaded.policies, topology, self._loaded.as_of)
        demands = [lookup.on(one) for one in self._problem.demands]
        pairs = zip(demands[::2], demands[1::2], strict=True)
        served = [pair for pair, was in zip(pairs, self._served, strict=True) if was]
        return PricedPaths(topology), served
