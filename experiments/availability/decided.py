"""The demands of a scenario under all failures: cases in which each works or fails. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.availability.figures import Bounds
from corridor.experiments.availability.systems import installed_system, permitted_system
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.intents import Intended, intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.decomposition import Decomposition, FailureSpace, System
from corridor.topologies.analysis.failing_parts import FailureModel

GAP = 1e-7
"""The probability that may be left unexplored: a hundredth of what 5 nines leave."""
QUESTIONS = 400
"""Sets of failed fibres for each demand, at most."""
SHARE_OF_QUESTIONS = 4
"""A baseline decides only where the policies fail, with a quarter of the questions."""
type Pair = tuple[ApplicablePolicies, ApplicablePolicies]
"""What policies say of a demand, and of its responses."""


@dataclass(frozen=True)
class Limits:
    """How far states are explored."""

    gap: float = GAP
    questions: int = QUESTIONS


@dataclass(frozen=True)
class DecidedDemand:
    """One demand that has a path while nothing has failed."""

    demand: Demand
    replanned: Decomposition
    """Whether it has a permitted path: what a controller that plans again provides."""
    installed: Decomposition
    """Whether the installed tables deliver it, without the controller."""
    baseline: Decomposition | None
    """The same as ``replanned`` under the baseline; None without one, or if it is blocked there."""
    is_nested: bool
    """Whether the baseline was decided only for the cases in which ``replanned`` fails."""


class DecidedScenario:
    """The demands of a scenario on its map of failing parts."""

    def __init__(
        self,
        loaded: LoadedScenario,
        model: FailureModel,
        *,
        baseline: LoadedScenario | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.loaded = loaded
        self.model = model
        self.space = FailureSpace(model.cut_sets, model.unavailable)
        self._limits = limits or Limits()
        self._baseline = baseline
        self._paths = PricedPaths(loaded.topology)
        self._known: dict[frozenset[object], Decomposition] = {}

    @cached_property
    def demands(self) -> tuple[DecidedDemand, ...]:
        """Those that are served while nothing has failed."""
        return tuple(self._decided())

    @cached_property
    def unserved(self) -> tuple[str, ...]:
        """Those that have no permitted path, or none that tables deliver, in either direction."""
        served = {one.demand.id for one in self.demands}
        return tuple(one.id for one in self.loaded.scenario.demands if one.id not in served)

    @cached_property
    def k(self) -> int:
        """Failures that the tables are asked to survive."""
        return self.loaded.scenario.protect.k

    def bounds(self, of: Decomposition, rest: Decomposition | None = None) -> Bounds:
        """Return the bounds of a decomposition by sample.

        Args:
            of: The cases.
            rest: If ``of`` decided only the failures of this one: its cases, for what works and
                what is not explored.
        """
        low = self.space.probabilities(of.fails)
        works = self.space.probabilities(of.works if rest is None else (*rest.works, *of.works))
        return Bounds(low, np.maximum(1 - works, low))

    def permitted(self, pair: Pair) -> System:
        """Return a demand as the system that works if both directions have a permitted path."""
        return permitted_system(self._paths, pair)

    def _decided(self) -> Iterator[DecidedDemand]:
        graphs = {one.intent.id: one for one in Intended.of(self.loaded).graphs}
        against = self._against()
        for demand in self.loaded.scenario.demands:
            pair = (graphs[demand.id], graphs[f"{demand.id}{RETURN}"])
            if any(graph.first is None for graph in pair):
                continue
            rulings = (pair[0].intent.applicable_policies, pair[1].intent.applicable_policies)
            replanned = self._replanned(rulings)
            other = against.get(demand.id)
            is_nested = other is not None and self._is_nested(rulings, other)
            baseline = None
            if other is not None:
                baseline = self._narrowed(other, replanned) if is_nested else self._replanned(other)
            yield DecidedDemand(demand, replanned, self._installed(pair), baseline, is_nested)

    def _against(self) -> dict[str, Pair]:
        """By demand, what the baseline says of it; without those that it blocks."""
        if self._baseline is None:
            return {}
        intents = {one.id: one.applicable_policies for one in intents_for(self._baseline)}
        found = {}
        for demand in self._baseline.scenario.demands:
            pair = (intents[demand.id], intents[f"{demand.id}{RETURN}"])
            if all(self._paths.least_ns(one) is not None for one in pair):
                found[demand.id] = pair
        return found

    def _is_nested(self, policed: Pair, other: Pair) -> bool:
        """Without policies every path of fibres is permitted: all that policies permit, too."""
        assert self._baseline is not None
        same_ends = [one.demand.dst for one in policed] == [one.demand.dst for one in other]
        return self._baseline.policies.name == NO_POLICIES and same_ends

    def _replanned(self, pair: Pair) -> Decomposition:
        key = frozenset(map(self._key, pair))
        if key not in self._known:
            self._known[key] = self.space.decompose(
                self.permitted(pair),
                gap=self._limits.gap,
                most_questions=self._limits.questions,
            )
        return self._known[key]

    def _narrowed(self, pair: Pair, policed: Decomposition) -> Decomposition:
        return self.space.decompose(
            self.permitted(pair),
            gap=self._limits.gap / SHARE_OF_QUESTIONS,
            most_questions=max(1, self._limits.questions // SHARE_OF_QUESTIONS),
            cases=policed.fails,
        )

    def _installed(self, pair: Sequence[ForwardingGraph]) -> Decomposition:
        return self.space.decompose(
            installed_system(self.model.lines, pair),
            gap=self._limits.gap,
            most_questions=self._limits.questions,
        )

    def _key(self, of: ApplicablePolicies) -> object:
        automata = (self._paths.product(one).automaton for one in of.automata)
        budgets = tuple(one.budgets for one in of.automata)
        return (of.demand.src, tuple(one.course_key for one in automata), budgets)
