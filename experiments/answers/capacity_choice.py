"""How far traffic grows if paths are chosen again for the grown rates. Pure.

Committed rates decide paths once they do not fit on the shortest ones. Ratios of sums are exact for
given paths only. So paths are chosen for grown rates, and the next choice begins at their limit.
The number of choices is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from corridor.controller.traffic_engineering.fit_rates import NONE
from corridor.controller.traffic_engineering.utilization import Bound, Traffic, bounds
from corridor.experiments.answers.capacity_document import Load, Paths
from corridor.experiments.answers.capacity_loads import Loads, loads_of, serve
from corridor.experiments.scenario.intents import with_growth
from corridor.experiments.scenario.scenario import LoadedScenario

MOST_CHOICES = 12
MOST_ROWS = 1000
"""Rows of cases up to which paths are chosen that often: a choice takes seconds there, and a minute
for the reference corridor under two failures (4,000 rows)."""
A_LITTLE = Fraction(1001, 1000)
"""Growth is known to within a thousandth."""


@dataclass(frozen=True)
class Reach:
    """Up to how many times today's rates fit, and on which paths."""

    loads: Loads
    order: tuple[Bound, ...]
    """Of these paths: the bottleneck first; ``times`` count from today's rates."""
    paths: Paths
    is_at_least: bool = False
    """Whether the search ended at its bound: more may fit."""

    @property
    def times(self) -> Fraction:
        return self.order[0].times


@dataclass(frozen=True)
class Choice:
    """The choice of paths for a scenario whose traffic grows."""

    loaded: LoadedScenario
    dead: Collection[str]
    load: Load
    limits: Mapping[str, Fraction]
    today: Loads
    traffic: Traffic

    def is_fixed(self) -> bool:
        """Return whether paths stay at any rate: a policy or the scenario chooses none by rate."""
        return self.load != "committed" or self.loaded.scenario.objective == NONE

    def is_possible(self) -> bool:
        """Return whether the growing rates are the scenario's own, so that they can be grown."""
        now = with_growth(self.loaded, self.traffic.growing, Fraction(1))
        if now is None:
            return False
        known = {one.id: one.guarantee for one in now.scenario.demands}
        known |= {one.id: one.guarantee for one in now.scenario.aggregates}
        return all(
            (rates := known[name]) is not None and rates.cir == bps
            for name, bps in self.traffic.growing.items()
        )

    def at(self, times: Fraction) -> Reach | None:
        """Return the reach of the paths chosen for this growth; None if a demand then has less."""
        grown = with_growth(self.loaded, self.traffic.growing, times)
        if grown is None:
            return None
        served = serve(grown, self.dead)
        if self.load not in served.loads:
            return None
        found = loads_of(served, self.load, self.limits)
        wanted = {name: math.ceil(bps * times) for name, bps in self.traffic.growing.items()}
        if {**found.rates, **found.background} != {**self.traffic.staying, **wanted}:
            return None
        return Reach(found, bounds(found.cases, self.traffic), "chosen")

    def reach(self, *, searches: bool) -> Reach:
        """Return how far rates fit; ``searches`` is whether paths may be chosen again for it."""
        order = bounds(self.today.cases, self.traffic)
        if self.is_fixed():
            return Reach(self.today, order, "fixed")
        best = Reach(self.today, order, "today")
        rows = sum(len(one.failures) for one in self.today.cases)
        if not (searches and best.times and rows <= MOST_ROWS and self.is_possible()):
            return best
        return self._furthest(best)

    def _furthest(self, today: Reach) -> Reach:
        """By turns just beyond what fits, which ends the search if it does not fit, and far beyond
        it, so that few choices are needed where each gains little."""
        best = Reach(today.loads, today.order, "chosen")
        too_far: Fraction | None = None
        for number in range(MOST_CHOICES):
            is_near = number % 2 == 0
            far = 2 * best.times if too_far is None else (best.times + too_far) / 2
            times = A_LITTLE * best.times if is_near else max(far, A_LITTLE * best.times)
            found = self.at(times)
            if found is not None and found.times >= times:
                best = found
            elif is_near:
                return best
            else:
                too_far = times
        return Reach(best.loads, best.order, best.paths, is_at_least=True)
