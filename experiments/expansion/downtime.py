"""Expected minutes a year without a lawful path, by the candidates that are built. Pure.

All sets of candidates share one model of what fails, on the map with all fibres: a fibre that is
not built is down. So decision diagrams that one set of candidates needed are exact bounds of all
others, and only sets that they do not decide are searched, too. Another candidate never adds
downtime, so a set between two others takes their bounds if these are near. Sets are compared at
wide bounds first; only those that may still be the best are searched further.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.availability.availability_answer import SAMPLES, SEED
from corridor.experiments.availability.enclosed import longitudes
from corridor.experiments.availability.figures import MINUTES_OF_YEAR
from corridor.experiments.availability.served_systems import QUESTIONS, permitted_system
from corridor.experiments.expansion.problem import Problem
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.enclosure import Decided, FailureDiagrams
from corridor.topologies.analysis.failing_parts import FailureModel, failure_model
from corridor.topologies.analysis.failure_rates import read_failure_rates
from corridor.topologies.analysis.lines import Parts, System
from corridor.topologies.base.arrays import Floats

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
        self._fibres = (1 << len(problem.fibres)) - 1
        self._all = (1 << len(names)) - 1
        self._systems: dict[int, list[System]] = {}
        self._spaces: dict[int, FailureDiagrams] = {}
        self._diagrams: dict[tuple[object, int], list[Decided]] = {}
        self._asked: set[tuple[object, int, float]] = set()
        self._known: dict[tuple[object, int], dict[int, Minutes]] = {}

    @cached_property
    def model(self) -> FailureModel:
        """What fails, with the rates that ``corridor availability`` takes without options."""
        return self.sampled(SAMPLES, SEED)

    def sampled(self, samples: int, seed: int) -> FailureModel:
        """Return the same with other samples of the rates."""
        whole = self._problem.candidates.built(self._problem.fibres)
        return failure_model(whole, read_failure_rates(), samples=samples, seed=seed)

    @cached_property
    def _parts(self) -> Parts:
        """What fails, and each candidate fibre again: it fails for certain if not built."""
        lines, parts = self.model.lines, self.model.cut_sets
        extra = (lines[one] for one in self._problem.fibres)
        return Parts((*parts.alone, *extra), parts.hits)

    @cached_property
    def _any(self) -> FailureDiagrams:
        return self.space(None, self.model.unavailable)

    def _space(self, built: int) -> FailureDiagrams:
        built &= self._fibres
        if built not in self._spaces:
            self._spaces[built] = self.space(built, self.model.unavailable)
        return self._spaces[built]

    def space(self, built: int | None, unavailable: Floats) -> FailureDiagrams:
        """Return the parts while candidates are built, with samples of their probabilities.

        Without candidates (None), each is built in half of all cases.
        """
        of = (None if built is None else built & self._bits[one] for one in self._problem.fibres)
        missing = [0.5 if one is None else float(not one) for one in of]
        rows = np.tile(np.reshape(missing, (-1, 1)), unavailable.shape[1])
        return FailureDiagrams(
            self._parts, np.concatenate([unavailable, rows]), longitudes(self.model)
        )

    @cached_property
    def _alike(self) -> list[object]:
        """By demand, what its paths depend on: equal for demands that fail together."""
        self._kept: list[PricedPaths] = []  # keys hold as long as its groups do

        def keys(opened: Collection[str]) -> list[object]:
            paths, pairs = self._open(frozenset(opened))
            self._kept.append(paths)
            return [frozenset(_key(paths, one) for one in pair) for pair in pairs]

        return list(zip(keys(()), keys(self._problem.gateways), strict=True))

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

    def by_sample(self, names: Collection[str], unavailable: Floats) -> Floats:
        """Return the minutes of all these demands together at other rates, by sample.

        Args:
            names: The candidates that are built.
            unavailable: As of ``FailureModel``: a row a part, a column a sample.
        """
        built = sum(self._bits[name] for name in set(names))
        space, total = self.space(built, unavailable), np.zeros(unavailable.shape[1])
        found: dict[object, Floats] = {}
        for at, key in enumerate(self._alike):
            if key not in found:
                found[key] = _bounded(self._searched(at, built, GAPS[SHOWN]), space).mean(axis=0)
            total += found[key]
        return total * MINUTES_OF_YEAR

    def longer(self, unavailable: Floats, factors: Floats) -> Floats:
        """Return the probabilities while candidate fibres have other lengths, and fail as often
        per kilometre.

        Args:
            unavailable: As of ``by_sample``.
            factors: Of the written lengths: a row a sample, a column a candidate fibre.
        """
        found = unavailable.copy()
        for at, name in enumerate(self._problem.fibres):
            for number, part in enumerate(self.model.parts):
                if part.fibres == (name,) and part.length_km:
                    load = found[number] / (1 - found[number]) * factors[:, at]
                    found[number] = load / (1 + load)
        return found

    def _decided(self, at: int, built: int, gap: float) -> Minutes:
        found = _bounded(self._searched(at, built, gap), self._space(built))
        return Minutes(*(float(one.mean()) * MINUTES_OF_YEAR for one in found))

    def _searched(self, at: int, built: int, gap: float) -> list[Decided]:
        """The diagrams that decide a demand: known ones, and others if these leave too much."""
        space, opened = self._space(built), built & ~self._fibres
        known = self._diagrams.setdefault((self._alike[at], opened), [])
        asked = (self._alike[at], built, gap)
        if asked in self._asked:
            return known  # whatever a search within its limits leaves
        self._asked.add(asked)
        for searched in (*([] if known else [self._any]), space):
            fails = max((space.at_means(one.fails) for one in known), default=0.0)
            may_fail = min((space.at_means(one.may_fail) for one in known), default=1.0)
            if may_fail - fails <= gap:
                break
            system = self._system(at, opened)
            known.append(searched.decide(system, gap=gap, most_questions=QUESTIONS))
        return known

    def _system(self, at: int, opened: int) -> System:
        if opened not in self._systems:
            names = frozenset(one for one in self._problem.gateways if opened & self._bits[one])
            paths, pairs = self._open(names)
            self._systems[opened] = [permitted_system(paths, pair) for pair in pairs]
        return self._systems[opened][at]

    def _open(self, opened: frozenset[str]) -> tuple[PricedPaths, list[Pair]]:
        """Lawful paths on the map with all fibres while gateways are open."""
        topology = self._problem.candidates.built((*self._problem.fibres, *opened))
        lookup = PolicyLookup(self._loaded.policies, topology, self._loaded.as_of)
        demands = [lookup.on(one) for one in self._problem.demands]
        pairs = zip(demands[::2], demands[1::2], strict=True)
        served = [pair for pair, was in zip(pairs, self._served, strict=True) if was]
        return PricedPaths(topology), served


def _key(paths: PricedPaths, of: ApplicablePolicies) -> object:
    automata = [paths.product(one).automaton.course_key for one in of.automata]
    return (of.demand.src, tuple(automata), tuple(one.budgets for one in of.automata))


def _bounded(known: Sequence[Decided], space: FailureDiagrams) -> Floats:
    """Lower and upper bound of the probability, a row each, by sample."""
    low = np.max([space.probabilities(one.fails) for one in known], axis=0)
    return np.stack([low, np.min([space.probabilities(one.may_fail) for one in known], axis=0)])
