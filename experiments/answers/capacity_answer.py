"""One question: how full is each fibre, whatever fails, and how far can traffic grow? Pure.

Paths are those that would be installed, searched as the proof searches them; loads are sums of
rates as admission adds them up. Rates are emulated; real ones are those over the scale of the map.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from corridor.controller.policy.model import RETURN
from corridor.controller.traffic_engineering.fit_rates import NONE
from corridor.controller.traffic_engineering.utilization import (
    Bound,
    Cases,
    LinkLoad,
    Traffic,
    bounds,
    fullness,
    lowerings,
    raises,
    with_limits,
)
from corridor.experiments.answers.capacity_document import (
    AddedCapacity,
    BackgroundLoad,
    Capacities,
    CapacityAnswer,
    Growth,
    GrowthBound,
    Holding,
    Kind,
    LinkUtilisation,
    Load,
    LoweredDemand,
    OtherLoad,
    Paths,
    Target,
    TooLarge,
    capacities,
)
from corridor.experiments.answers.capacity_loads import (
    BACKGROUND,
    Loads,
    Served,
    loads_of,
    serve,
)
from corridor.experiments.scenario.intents import with_growth, with_rates
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.background import Link

MOST_NAMED = 3
BEYOND = Fraction(11, 10)
"""Of what fits today: what is asked about if nothing is stated."""
NO_RATES = "give demands a guarantee, state rates (--rate ckpt=2Tbit), or give it workloads"


@dataclass(frozen=True)
class CapacityQuestion:
    load: Load | None = None
    """Committed rates if there are any, else what workloads offer."""
    grows: str = ""
    """A class, demand or aggregate; all if not given."""
    times: Fraction | None = None
    """The growth asked about; a tenth more than fits if not given."""
    dead: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    """Real rates in place of guarantees: ``RATE``, ``CLASS=RATE`` or ``DEMAND=RATE``."""
    held_against: Holding = "real"
    chooses: bool = True
    """Whether paths are chosen again for grown rates, where they depend on rates."""
    intervals: bool = True
    """Whether intervals of background traffic are computed: takes seconds."""


ALL = CapacityQuestion()


def capacity_answer(loaded: LoadedScenario, asked: CapacityQuestion = ALL) -> CapacityAnswer:
    """Raises InputError without any rate, or if no demand has the name that is to grow."""
    loaded = with_rates(loaded, asked.stated)
    served = serve(loaded, asked.dead)
    load = load_of(loaded, served, asked.load)
    known = capacities(loaded.topology)
    loads = loads_of(served, load, known.limits(asked.held_against))
    groups = groups_of(loaded, loads.rates)
    if asked.grows and asked.grows not in groups:
        hint = nearest(asked.grows, groups) or f"name one of {', '.join(sorted(groups))[:200]}"
        raise InputError(f'nothing with a rate is called "{asked.grows}"', hint)
    return _Answering(loaded, asked, served, loads, known, groups).answer()


def load_of(loaded: LoadedScenario, served: Served, asked: Load | None) -> Load:
    """Return the load asked about, or the first. Raises InputError if there is none."""
    there_are = served.loads
    if not there_are and served.without_path:
        some = ", ".join(served.without_path[:MOST_NAMED])
        message = f"no demand of {loaded.scenario.name} with a rate has a path: {some}"
        raise InputError(message, "corridor explain says why, demand by demand")
    if not there_are:
        raise InputError(f"{loaded.scenario.name} states no rate of any demand", NO_RATES)
    if asked is not None and asked not in there_are:
        name = loaded.scenario.name
        raise InputError(f"{name} has no {asked} rates", f"it has {' and '.join(there_are)} ones")
    return asked or there_are[0]


type Groups = Mapping[str, tuple[Literal["class", "demand", "aggregate"], frozenset[str]]]
"""What may grow independently: its kind, and the demands with these rates."""


def groups_of(loaded: LoadedScenario, payers: Iterable[str]) -> Groups:
    """Classes first, then aggregates, then demands. A class that has the name of a demand goes
    first."""
    demands = {one.id: one.data_class for one in loaded.scenario.demands}
    classes: dict[str, set[str]] = {}
    single: dict[str, set[str]] = {}
    together: dict[str, set[str]] = {}
    for payer in payers:
        of = payer.removesuffix(RETURN)
        if of in demands:
            classes.setdefault(demands[of], set()).add(payer)
            single.setdefault(of, set()).add(payer)
        else:
            together.setdefault(payer, set()).add(payer)
    found: dict[str, tuple[Literal["class", "demand", "aggregate"], frozenset[str]]] = {}
    for kind, some in (("demand", single), ("aggregate", together), ("class", classes)):
        found |= {name: (kind, frozenset(some[name])) for name in sorted(some)}  # type: ignore[misc]
    order = ("class", "aggregate", "demand")
    return dict(sorted(found.items(), key=lambda one: (order.index(one[1][0]), one[0])))


# How far traffic grows if paths are chosen again for the grown rates.
#
# Committed rates decide paths once they do not fit on the shortest ones. Ratios of sums are exact
# for given paths only. So paths are chosen for grown rates, and the next choice begins at their
# limit. The number of choices is bounded.

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


@dataclass(frozen=True)
class _Answering:
    loaded: LoadedScenario
    asked: CapacityQuestion
    served: Served
    loads: Loads
    known: Capacities
    groups: Groups

    def answer(self) -> CapacityAnswer:
        loads, scenario = self.loads, self.loaded.scenario
        growing = self.groups[self.asked.grows][1] if self.asked.grows else None
        traffic = loads.traffic(growing)
        limits = self.known.limits(self.asked.held_against)
        choice = Choice(self.loaded, self.asked.dead, loads.load, limits, loads, traffic)
        reach = choice.reach(searches=self.asked.chooses)
        times = self._times(reach)
        there = None
        if reach.times < times and self.asked.chooses and reach.paths != "fixed":
            there = choice.at(times) if choice.is_possible() and self.asked.times else None
        if there is not None and there.times >= times:
            reach = there
        tried = [Reach(loads, bounds(loads.cases, traffic), reach.paths), reach]
        return CapacityAnswer(
            scenario=scenario.name,
            policies=self.loaded.policies.name,
            as_of=str(self.loaded.as_of),
            load=loads.load,
            held_against=self.asked.held_against,
            stated=self.asked.stated,
            cut=self.asked.dead,
            k=loads.k,
            over=loads.over,
            scale=self.loaded.topology.scaling.capacity_scale,
            rates_gbps={name: self._gbps(bps) for name, bps in sorted(loads.rates.items())},
            without_path=self.served.without_path,
            links=tuple(self._links()),
            growth=tuple(self._growth(reach)),
            next=tuple(map(_bound, reach.order)),
            target=self._target(traffic, times, [*tried, *([there] if there else [])]),
            too_large=tuple(self._too_large()),
            others=tuple(self._others()),
            uncounted=self.served.offered.uncounted if self.served.offered.bps else (),
            paths=reach.paths,
            is_at_least=reach.is_at_least,
            at_bounds=tuple(sorted(self.known.at_bounds & {one.fibre for one in loads.cases})),
            background=self._background(),
        )

    def _background(self) -> BackgroundLoad | None:
        of, now = self.loaded.background, self.served.background
        if of is None or now is None:
            return None
        return BackgroundLoad(
            of.source,
            "" if of.day is None else str(of.day),
            of.load,
            tuple(one.id for one in now.flows),
            now.elsewhere,
            now.shortfalls_gbps,
            self.served.moves(self.loads.k),
        )

    def _gbps(self, emulated_bps: Fraction | int) -> float:
        return float(emulated_bps / self.known.scale / 10**9)

    def _links(self) -> Iterator[LinkUtilisation]:
        cases = (*self.loads.cases, *self.loads.without_demands)
        rates = {**self.loads.rates, **self.loads.background}
        as_emulated = with_limits(cases, self.known.limits("emulated"))
        emulated = {one.link: one for one in fullness(as_emulated, rates)}
        of, intervals = {one.link: one for one in cases}, self._intervals()
        for one in fullness(cases, rates):
            if one.worst_bps:
                found = self._link(one, float(emulated[one.link].share))
                yield self._with_background(found, of[one.link], intervals.get(one.link))

    def _link(self, of: LinkLoad, emulated_share: float) -> LinkUtilisation:
        return LinkUtilisation(
            fibre=of.fibre,
            hub=of.hub,
            capacity=self.known.of[of.fibre],
            usual_share=float(of.usual_share),
            share=float(of.share),
            failure=of.failure,
            demands=tuple(one for one in of.payers if one not in self.loads.background),
            usual_bps=of.usual_bps,
            load_bps=of.worst_bps,
            usual_gbps=self._gbps(of.usual_bps),
            load_gbps=self._gbps(of.worst_bps),
            room_gbps=self._gbps(of.room),
            emulated_share=emulated_share,
        )

    def _with_background(
        self, found: LinkUtilisation, of: Cases, interval: tuple[float, float] | None
    ) -> LinkUtilisation:
        if not self.loads.background:
            return found
        bps = of.loads(self.loads.background)
        low, high = interval or (None, None)
        return replace(
            found,
            usual_background_gbps=self._gbps(int(bps[0])),
            background_gbps=self._gbps(int(bps[of.failures.index(found.failure)])),
            background_low_gbps=low,
            background_high_gbps=high,
        )

    def _intervals(self) -> Mapping[Link, tuple[float, float]]:
        of = self.loaded.background
        if of is None or not self.asked.intervals:
            return {}
        dead = self.served.dead
        return of.intervals(dead.links, dead.srlgs, dead.hubs)

    def _growth(self, reach: Reach) -> Iterator[Growth]:
        others: Paths = "fixed" if reach.paths == "fixed" else "today"
        yield self._growth_of("", "all", None, reach, others)
        for name, (kind, payers) in self.groups.items():
            yield self._growth_of(name, kind, payers, reach, others)

    def _growth_of(
        self, name: str, kind: Kind, payers: frozenset[str] | None, reach: Reach, others: Paths
    ) -> Growth:
        if name == self.asked.grows:
            return Growth(name, kind, _bound(reach.order[0]), reach.paths)
        first = bounds(self.loads.cases, self.loads.traffic(payers))[0]
        return Growth(name, kind, _bound(first), others)

    def _times(self, reach: Reach) -> Fraction:
        a_little_more = reach.times * BEYOND if reach.times >= 1 else Fraction(1)
        return self.asked.times or a_little_more

    def _target(self, traffic: Traffic, times: Fraction, tried: Sequence[Reach]) -> Target:
        """On the paths that need the minimum capacity, among the paths tried."""
        best = min(tried, key=lambda one: _added(one.loads, traffic, times))
        cases, added = best.loads.cases, raises(best.loads.cases, traffic, times)
        is_today = best.loads is self.loads and best.paths == "chosen"
        return Target(
            paths="today" if is_today else best.paths,
            what=self.asked.grows,
            times=float(times),
            exact=str(times),
            fits=not added,
            add=tuple(
                AddedCapacity(
                    one.fibre, self.known.of[one.fibre], self._gbps(one.add), -(-one.add // 1)
                )
                for one in added
            ),
            lower=tuple(
                LoweredDemand(one.payer, self._gbps(one.bps), self._gbps(one.to), int(one.to))
                for one in lowerings(cases, traffic, times)
                if one.payer not in self.loads.background
            ),
        )

    def _too_large(self) -> Iterator[TooLarge]:
        for payer, bps in sorted(self.loads.rates.items()):
            met = [one for one in self.loads.cases if bool(one.of(payer)[0])]
            narrow = min(met, key=lambda one: (one.limit / int(one.of(payer)[0]), one.link))
            if bps * int(narrow.of(payer)[0]) > narrow.limit:
                widest = self.served.widest(payer, self.known.limits(self.asked.held_against))
                yield TooLarge(
                    demand=payer,
                    gbps=self._gbps(bps),
                    fibre=narrow.fibre,
                    capacity=self.known.of[narrow.fibre],
                    widest_gbps=None if widest is None else self._gbps(widest),
                )

    def _others(self) -> Iterator[OtherLoad]:
        limits = self.known.limits(self.asked.held_against)
        for load in self.served.loads:
            if load != self.loads.load:
                other = loads_of(self.served, load, limits)
                yield OtherLoad(load, _bound(bounds(other.cases, other.traffic())[0]))


def _added(loads: Loads, traffic: Traffic, times: Fraction) -> Fraction:
    return sum((one.add for one in raises(loads.cases, traffic, times)), Fraction(0))


def _bound(of: Bound) -> GrowthBound:
    payers = tuple(one for one in of.payers if not one.startswith(BACKGROUND))
    return GrowthBound(float(of.times), str(of.times), of.fibre, of.hub, of.failure, payers)


def foreseen(loaded: LoadedScenario) -> CapacityAnswer | None:
    """Of a scenario that promises rates; None of others."""
    scenario = loaded.scenario
    promised = any(one.guarantee for one in scenario.demands) or scenario.aggregates
    if not promised and not any(one.soft.bandwidth for one in loaded.policies.policies):
        return None
    try:
        return capacity_answer(loaded, CapacityQuestion(chooses=False, intervals=False))
    except InputError:  # no demand with a rate has a path
        return None
