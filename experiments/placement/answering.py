"""The answer of ``corridor place`` from its placements: hubs, jobs, law, countings, links. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from corridor.experiments.placement.day import day_of
from corridor.experiments.placement.day_documents import Day
from corridor.experiments.placement.hub_values import (
    ANNUAL,
    BY_EMISSIONS,
    End,
    HubValues,
)
from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.experiments.placement.lifting import common_hubs, lifted_policies
from corridor.experiments.placement.place_documents import (
    PLACE_SCHEMA,
    AtEnd,
    CostOfLaw,
    CountedTotal,
    CutJobs,
    ForbiddenBetter,
    LiftedPolicy,
    NearTie,
    NotPlaced,
    Optimum,
    OtherCounting,
    OtherHubs,
    ParetoPoint,
    PlaceAnswer,
    PlacedGroup,
    PlacedHub,
    PlacedPart,
    Quantiles,
    Sensitivity,
)
from corridor.experiments.placement.placing import (
    BYTES_OF_GB,
    Part,
    Placing,
    Plan,
    most_used,
    moved,
)
from corridor.experiments.placement.round_trips import Blocked
from corridor.experiments.placement.sampling import sampled_difference, sensitivity
from corridor.topologies.energy.countings import COUNTS, Count

MOST_FORBIDDEN = 10
POINTS = 5
"""Of the Pareto front."""
LEAST_MWH = 1e-6
LEAST_BETWEEN_COUNTRIES = 0.1
"""Direct factors of countries differ in method: a smaller difference means nothing."""
ENDS: tuple[End, ...] = ("low", "value", "high")


class Answering:
    """The parts of one answer."""

    def __init__(self, placing: Placing, *, law: bool, against: Placing | None = None) -> None:
        """``against`` has the same jobs and other hubs."""
        self._placing = placing
        self._other = against
        self._law = law
        asked = placing.asked
        self._count = asked.counting
        self._end: End = "high" if asked.counting == "marginal" else "value"
        self._lawful = placing.plan(law=True, end=self._end)
        self._free = placing.plan(law=False, end=self._end)
        self._plan = self._lawful if law else self._free

    def answer(self, stated: tuple[str, ...]) -> PlaceAnswer:
        placing, file = self._placing, self._placing.loaded.file
        used = [hub for hub, mwh in zip(placing.hubs, self._plan.it_mwh, strict=True)
                if mwh > LEAST_MWH]  # fmt: skip
        currency = _currency(used)
        return PlaceAnswer(
            schema=PLACE_SCHEMA,
            name=file.name,
            topology=placing.loaded.topology.name,
            policies=placing.loaded.policies.name,
            as_of=str(placing.loaded.as_of),
            objective=placing.asked.objective,
            count=self._count or "",
            unit=self._unit(currency),
            is_without_law=not self._law,
            jobs=sum(one.count for one in placing.jobs),
            it_mwh=sum(self._plan.it_mwh),
            mean_rtt=self._mean_rtt(self._plan),
            hubs=tuple(self._hubs(currency)),
            groups=tuple(self._group(one) for one in placing.jobs),
            not_placed=tuple(self._left_out(one) for one in placing.not_placed),
            with_law=_optimum(self._lawful),
            without_law=_optimum(self._free),
            cost_of_law=self._cost_of_law(),
            totals=tuple(self._total(one, used) for one in COUNTS),
            currency=currency,
            ends=tuple(self._ends()),
            other_countings=tuple(self._others()),
            is_tie=self._is_tie(used),
            near_ties=tuple(self._near_ties(sorted(used, key=self._uses))),
            pareto=tuple(self._front()) if placing.asked.objective == "pareto" else (),
            sensitivity=self._sensitivity(),
            against=self._against(),
            common=tuple(common_hubs(placing)),
            lifted=self._lifted_policies(),
            forbidden=tuple(self._forbidden()),
            links=tuple(placing.loads.used(self._running(), law=self._law)),
            fibre_share=file.fibre_share,
            background=""
            if placing.loaded.background is None
            else placing.loaded.background.source,
            cuts=file.cuts or "",
            disturbing=tuple(sorted(self._disturbed(), key=lambda one: -one.it_mwh)),
            wan_mwh=self._wan_mwh(),
            published_limits=tuple(one.hub for one in used if one.limit.basis != "stated"),
            without_rules=tuple(self._without_rules(used)),
            stated=stated,
            day=self._day(),
            equal=tuple(one.hub for one in self._others_than_first() if self._is_equal(one)),
            unresolved=tuple(
                one.hub for one in self._others_than_first() if self._may_emit_less(one)
            ),
            season=placing.asked.season,
            annual=tuple(one.hub for one in placing.hubs if f"factor {one.hub}={ANNUAL}" in stated),
        )

    def _mean_rtt(self, of: Plan, *, less: Plan | None = None) -> Quantiles:
        """Over jobs, in samples of the map; less that of another placement."""
        signs = [(of, 1.0)] if less is None else [(of, 1.0), (less, -1.0)]
        trips = [
            (sign * one.jobs / sum(job.count for job in self._placing.jobs), one.trip)
            for plan, sign in signs
            for parts in plan.parts.values()
            for one in parts
        ]
        found = self._placing.trips.sum_of(trips)
        return Quantiles(found.low_ms, found.median_ms, found.high_ms)

    def _sensitivity(self) -> Sensitivity | None:
        if not self._placing.asked.samples:
            return None
        first = most_used(self._plan.it_mwh)
        return sensitivity(self._placing, first, law=self._law, end=self._end)

    def _against(self) -> OtherHubs | None:
        if self._other is None:
            return None
        there = self._other.plan(law=self._law, end=self._end)
        solved, mine = there.solution, self._plan.solution
        sampled = None
        if self._placing.asked.samples:
            sampled = sampled_difference(self._placing, self._other, law=self._law, end=self._end)
        return OtherHubs(
            hubs=tuple(one.hub for one in self._other.hubs),
            optimum=_optimum(there),
            adds=solved.value - mine.value,
            low=solved.bound - mine.value,
            high=solved.value - mine.bound,
            rtt=self._mean_rtt(there, less=self._plan),
            sampled=sampled,
        )

    def _lifted_policies(self) -> tuple[LiftedPolicy, ...] | None:
        if not self._placing.asked.clauses:
            return None
        return tuple(lifted_policies(self._placing, self._end))

    def _day(self) -> Day | None:
        if not self._placing.is_early:
            return None
        return day_of(self._placing, self._plan, law=self._law, end=self._end)

    def _is_tie(self, used: Sequence[HubValues]) -> bool:
        if self._count is None or len(used) < 2:
            return False
        each = [self._each(one) for one in used]
        return max(each) - min(each) <= 1e-6 * max(each)

    def _uses(self, hub: HubValues) -> float:
        """The hub with most IT energy first."""
        return -self._plan.it_mwh[self._placing.hubs.index(hub)]

    def _near_ties(self, used: Sequence[HubValues]) -> Iterator[NearTie]:
        if self._count is None:
            return
        each = {one.hub: self._each(one) for one in self._placing.hubs}
        for hub in used:
            mine = each[hub.hub]
            abroad = [one.hub for one in self._placing.hubs if one.country != hub.country]
            if mine and abroad:
                other = min(abroad, key=lambda one: abs(each[one] - mine))
                difference = each[other] / mine - 1
                if abs(difference) < LEAST_BETWEEN_COUNTRIES:
                    yield NearTie(hub.hub, other, difference)

    @property
    def _first(self) -> HubValues:
        return self._placing.hubs[most_used(self._plan.it_mwh)]

    def _others_than_first(self) -> Sequence[HubValues]:
        """Candidate hubs that are compared by emissions with the one with most IT energy."""
        return [one for one in self._placing.hubs if self._count and one is not self._first]

    def _is_equal(self, hub: HubValues) -> bool:
        return math.isclose(self._each(hub), self._each(self._first), rel_tol=1e-6)

    def _may_emit_less(self, hub: HubValues) -> bool:
        """Whether a hub that emits more may emit less, unless both have one factor."""
        first, count = self._first, self._count
        assert count is not None
        near = {"location": hub.grid == first.grid, "marginal": hub.country == first.country}
        is_one = near.get(count, False) and hub.factors[count] == first.factors[count]
        if is_one or self._is_equal(hub) or self._each(hub) < self._each(first):
            return False
        return self._each(hub, "low") < self._each(first, "high")

    def _each(self, hub: HubValues, end: End | None = None) -> float:
        """Emissions of an MWh of IT energy in tCO2."""
        assert self._count is not None
        return hub.tco2(1.0, self._count, end or self._end) or 0.0

    def _without_rules(self, used: Sequence[HubValues]) -> Iterator[str]:
        loaded = self._placing.loaded
        researched = {code for one in loaded.policies.classes for code in one.origin}
        for one in used:
            if loaded.topology.hub(one.hub).located_in not in researched:
                yield one.hub

    def _unit(self, currency: str) -> str:
        units = {"cost": currency, "latency": "ms"}
        return units.get(self._placing.asked.objective, "tCO2")

    def _hubs(self, currency: str) -> Iterator[PlacedHub]:
        for at, hub in enumerate(self._placing.hubs):
            it_mwh, hourly = self._plan.it_mwh[at], self._plan.solution.hourly_mw[at]
            if it_mwh <= LEAST_MWH:
                continue
            count = self._count
            assert hub.pue.value is not None
            yield PlacedHub(
                hub=hub.hub,
                grid=hub.grid,
                limit_mw=hub.limit_mw,
                limit_basis=hub.limit.basis,
                pue=hub.pue.value,
                pue_basis=hub.pue.basis,
                mean_mw=it_mwh / HOURS,
                peak_mw=float(hourly.max()),
                it_mwh=it_mwh,
                meter_mwh=hub.meter_mwh(it_mwh),
                factor=None if count is None else hub.factors[count].at(self._end),
                tco2=None if count is None else hub.tco2(it_mwh, count, self._end),
                cost=hub.cost(it_mwh) if currency else None,
                hourly_mw=tuple(hourly.tolist()),
            )

    def _group(self, job: Job) -> PlacedGroup:
        budget = job.rtt_budget
        return PlacedGroup(
            job=job.id,
            count=job.count,
            origin=job.origin,
            destination=job.to,
            data=job.data,
            returns=job.result_class,
            it_mwh=job.it_mwh * job.count,
            rtt_budget_ms=None if budget is None else budget / 1e6,
            window_h=job.window,
            parts=tuple(self._part(job, one) for one in self._plan.parts[job.id]),
        )

    def _part(self, job: Job, part: Part) -> PlacedPart:
        trips, hub = self._placing.trips, self._placing.hubs[part.hub].hub
        sampled = trips.sampled(job, part.trip)
        there, back = (path.hubs if path else () for path in part.trip.paths)
        return PlacedPart(
            hub=hub,
            jobs=part.jobs,
            rtt_ms=part.trip.rtt_ns / 1e6,
            rtt_low_ms=sampled.interval.low_ms,
            rtt_high_ms=sampled.interval.high_ms,
            within_budget=sampled.within_budget,
            is_covered=trips.is_covered(job, hub),
            input_path=there,
            result_path=back,
            uncertain_permits=tuple(trips.uncertain_permits(job, hub)) if self._law else (),
        )

    def _left_out(self, job: Job) -> NotPlaced:
        is_blocked, why = self._placing.why_not(job)
        return NotPlaced(job.id, job.count, job.it_mwh * job.count, is_blocked, why)

    def _blocked(self, job: Job, hub: int) -> Blocked:
        return self._placing.trips.blocked(job, self._placing.hubs[hub].hub)

    def _cost_of_law(self) -> CostOfLaw:
        """With limited fibres, the other paths under law may even be better."""
        law, free = self._lawful.solution, self._free.solution
        least = 0.0 if self._placing.loaded.file.fibre_share is None else -float("inf")
        return CostOfLaw(
            max(least, law.value - free.value),
            max(least, law.bound - free.value),
            max(least, law.value - free.bound),
            self._mean_rtt(self._lawful, less=self._free),
            moved(self._lawful.it_mwh, self._free.it_mwh) * sum(self._free.it_mwh) / HOURS,
            self._added_money(),
        )

    def _added_money(self) -> tuple[float, float, float] | None:
        """The cost of power under law less without; None where a hub in use has no price."""
        both = zip(self._placing.hubs, self._lawful.it_mwh, self._free.it_mwh, strict=True)
        used = [(hub, law - free) for hub, law, free in both if max(law, free) > LEAST_MWH]
        if not _currency([hub for hub, _ in used]):
            return None
        low, value, high = (sum(hub.cost(mwh, end) or 0.0 for hub, mwh in used) for end in ENDS)
        return low, value, high

    def _total(self, count: Count, used: Sequence[HubValues]) -> CountedTotal:
        mwh = {hub.hub: it for hub, it in zip(self._placing.hubs, self._plan.it_mwh, strict=True)}
        known = [one for one in used if any(end is not None for end in one.factors[count])]

        def summed(end: End) -> float | None:
            found = [one.tco2(mwh[one.hub], count, end) for one in known]
            return None if None in found or not found else sum(filter(None, found))

        return CountedTotal(
            count=count,
            tco2=summed("value"),
            low=summed("low"),
            high=summed("high"),
            hubs=tuple(one.hub for one in known),
            unknown=tuple(one.hub for one in used if one not in known),
            without_interval=tuple(
                one.hub
                for one in known
                if (value := one.factors[count].value) is not None
                and {None, value} & {one.factors[count].low, one.factors[count].high}
            ),
        )

    def _ends(self) -> Iterator[AtEnd]:
        if self._placing.asked.objective not in BY_EMISSIONS:
            return
        placing, law = self._placing, self._law
        usual, _ = placing.relaxed_mwh(law=law, end=self._end)
        ends: tuple[End, ...] = ("low", "high")
        for end in ends:
            mwh, optimum = placing.relaxed_mwh(law=law, end=end)
            _, other = placing.relaxed_mwh(law=not law, end=end)
            most = most_used(mwh)
            yield AtEnd(
                end,
                optimum,
                moved(mwh, usual),
                placing.hubs[most].hub,
                most == most_used(usual),
                optimum - other if law else other - optimum,
            )

    def _others(self) -> Iterator[OtherCounting]:
        """Countings by which every hub has a value, and how much would be elsewhere by them."""
        placing, law = self._placing, self._law
        if placing.asked.objective not in BY_EMISSIONS:
            return
        usual, _ = placing.relaxed_mwh(law=law, end=self._end)
        for count in COUNTS:
            known = all(one.factors[count].value is not None for one in placing.hubs)
            if count != self._count and known:
                mwh, _ = placing.relaxed_mwh(law=law, end="value", counting=count)
                most = placing.hubs[most_used(mwh)].hub
                yield OtherCounting(count, moved(mwh, usual), most)

    def _front(self) -> Iterator[ParetoPoint]:
        fastest, slowest = (
            self._rtt_ms(one) for one in (self._placing.fastest(law=self._law), self._plan)
        )
        jobs = sum(one.count for one in self._placing.jobs)
        for step in range(POINTS):
            limit = fastest + (slowest - fastest) * step / (POINTS - 1)
            most = limit * (1 + 1e-9) + 1e-6
            last = step == POINTS - 1
            plan = (
                self._plan
                if last
                else self._placing.plan(law=self._law, end=self._end, most_rtt_ms=most)
            )
            hubs = {
                hub.hub: mwh
                for hub, mwh in zip(self._placing.hubs, plan.it_mwh, strict=True)
                if mwh > LEAST_MWH
            }
            solution = plan.solution
            yield ParetoPoint(self._rtt_ms(plan) / jobs, solution.value, solution.bound, hubs)

    def _rtt_ms(self, plan: Plan) -> float:
        """Sum over jobs."""
        return sum(
            one.jobs * one.trip.rtt_ns / 1e6 for parts in plan.parts.values() for one in parts
        )

    def _forbidden(self) -> Iterator[ForbiddenBetter]:
        found = []
        for job in self._placing.jobs:
            lawful = self._placing.options(job, law=True)
            parts = self._lawful.parts[job.id]
            mean = sum(one.jobs * self._unit_cost(job, one) for one in parts) / job.count
            for part in self._free.parts[job.id]:
                saves = part.jobs * (mean - self._unit_cost(job, part))
                if part.hub not in lawful and saves > 0:
                    found.append((saves, job, part))
        for saves, job, part in sorted(found, key=lambda one: -one[0])[:MOST_FORBIDDEN]:
            blocked, hub = self._blocked(job, part.hub), self._placing.hubs[part.hub].hub
            one = blocked.ground
            by = ("", "", "") if one is None else (one.policy, one.clause, one.confidence)
            why = (blocked.leg, str(blocked), *by)
            yield ForbiddenBetter(job.id, hub, part.jobs, saves, *why)

    def _unit_cost(self, job: Job, part: Part) -> float:
        return self._placing.unit_cost(job, part, self._end)

    def _running(self) -> Iterator[tuple[Job, str, float]]:
        """Entries, their hubs, and how many of them run there."""
        for job in self._placing.jobs:
            for part in self._plan.parts[job.id]:
                yield job, self._placing.hubs[part.hub].hub, part.jobs

    def _disturbed(self) -> Iterator[CutJobs]:
        """Cuts that leave jobs without a path or above their RTT budget."""
        found = {cut: (dict[str, float](), dict[str, float]()) for cut in self._placing.trips.cuts}
        for job, hub, number in self._running():
            for cut, has_no_path in self._placing.trips.failing(job, hub, law=self._law):
                mwh = found[cut][0 if has_no_path else 1]
                mwh[job.id] = mwh.get(job.id, 0.0) + number * job.it_mwh
        for cut, (no_path, late) in found.items():
            if no_path or late:
                it_mwh = sum(no_path.values()) + sum(late.values())
                yield CutJobs(cut, tuple(no_path), tuple(late), it_mwh)

    def _wan_mwh(self) -> float | None:
        each = self._placing.loaded.file.wan_kwh_per_gb
        if each is None:
            return None
        gigabytes = 0.0
        for job in self._placing.jobs:
            for part in self._plan.parts[job.id]:
                sizes = zip(part.trip.paths, (job.input, job.output), strict=True)
                gigabytes += part.jobs * sum(size for path, size in sizes if path) / BYTES_OF_GB
        return gigabytes * each / 1000


def _optimum(plan: Plan) -> Optimum:
    of = plan.solution
    return Optimum(of.value, of.bound, of.is_optimal)


def _currency(used: Sequence[HubValues]) -> str:
    """That of all prices; empty where one is unknown or differs."""
    found = {one.currency if one.price is not None else "" for one in used}
    return found.pop() if len(found) == 1 else ""
