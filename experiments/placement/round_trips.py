"""Where a job may run: lawful paths to a hub and back, their RTT, and what blocks the others. Pure.

Paths are those of the product's own evaluator, searched once for each class of data between two
hubs. Data that stays at its hub needs no path, but a policy set may still forbid it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from corridor.controller.explain.clauses import forbidding
from corridor.controller.explain.path_summary import Ground, grounds
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.automaton import DEFAULT_DENY
from corridor.controller.policy.certainty import unruled
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import policy_confidence, policy_kind
from corridor.controller.policy.model import Demand, Policy
from corridor.controller.policy.permitted_paths import PermittedPath, lawful_route
from corridor.controller.policy.product import lost
from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup
from corridor.experiments.answers.cut_each import cuts_of
from corridor.experiments.placement.jobs_file import Job, LoadedJobs
from corridor.experiments.placement.place_documents import UncertainPermit
from corridor.topologies.analysis.monte_carlo import (
    Ensemble,
    Interval,
    Nanoseconds,
    draw,
    interval_of,
)
from corridor.topologies.model.routing import Path


class Leg(NamedTuple):
    """The input or the results of a job."""

    data: str
    """The data class."""
    src: str
    dst: str


class PathUnderCut(NamedTuple):
    """The path of a leg that is recomputed while something is cut."""

    one_way_ns: int | None
    """None without a path."""
    path: Path | None
    """None without a path, and where data stays at its hub."""


type Cut = tuple[str, ...]
"""Elements that are cut together."""


@dataclass(frozen=True)
class RoundTrip:
    """From the origin of a job to a hub, and from there to its destination."""

    legs: tuple[PermittedPath | None, PermittedPath | None]
    """Without law None where data stays at the hub, else a path without fibres."""

    @property
    def paths(self) -> tuple[Path | None, Path | None]:
        """Input and results."""
        there, back = (
            None if leg is None or not leg.path.fibres else leg.path for leg in self.legs
        )
        return there, back

    @property
    def rtt_ns(self) -> int:
        """By the delays that the map states."""
        return sum(leg.one_way_ns for leg in self.legs if leg is not None)


@dataclass(frozen=True)
class SampledRtt:
    """A round trip in Monte Carlo samples of the map."""

    interval: Interval
    within_budget: float | None
    """The share of samples within the budget; None without a budget."""


@dataclass(frozen=True)
class Blocked:
    """Why a job may not run at a hub."""

    leg: str
    """``input`` or ``results``: whose path is blocked; else ``round trip``."""
    ground: Ground | None
    """The clause; None if the lawful round trip exceeds the RTT budget."""
    lawful_rtt_ns: int | None
    """Of the lawful round trip that exceeds it."""
    budget_ns: int | None
    more: int = 0
    """Further clauses and missing permits that block the shortest paths of both legs."""
    cut: Cut = ()
    """Under which no lawful round trip remains; if there is one without cuts."""

    def __str__(self) -> str:
        if self.cut:
            within = "" if self.budget_ns is None else " within the RTT budget"
            return f"no lawful round trip remains{within} under the cut of {' and '.join(self.cut)}"
        if self.lawful_rtt_ns is not None:
            assert self.budget_ns is not None
            return (
                f"the lawful round trip takes {self.lawful_rtt_ns / 1e6:.1f} ms, the budget is "
                f"{self.budget_ns / 1e6:.1f} ms"
            )
        more = f"; {self.more} more block it" if self.more else ""
        return "no path is permitted" if self.ground is None else f"{self.ground}{more}"


class RoundTrips:
    """Round trips of the jobs of one file, with and without law."""

    def __init__(self, loaded: LoadedJobs) -> None:
        self._loaded = loaded
        self._lookup = PolicyLookup(loaded.policies, loaded.topology, loaded.as_of)
        self._lawful: dict[Leg, PermittedPath | None] = {}
        self._free: dict[tuple[str, str], PermittedPath | None] = {}
        self._ensemble: Ensemble | None = None
        each, topology = loaded.file.cuts, loaded.topology
        self.cuts: list[Cut] = [(), *(cuts_of(topology, each) if each else [])]
        """Of the file; the first cuts nothing."""
        self.failures = [failures_of(topology, cut) for cut in self.cuts]
        """Of each cut."""
        self._dead = [
            frozenset(one.id for one in lost(topology, failed)) for failed in self.failures
        ]
        """By cut: fibres."""
        self._under_cuts: dict[tuple[Leg, bool], list[PathUnderCut]] = {}

    def lawful(self, job: Job, hub: str) -> RoundTrip | None:
        """Return the lawful round trip within the RTT budget; None if there is none."""
        return self._surviving(job, hub, _within(job, self._lawful_trip(job, hub)), law=True)

    def free(self, job: Job, hub: str) -> RoundTrip | None:
        """The same without law: what the fibres allow."""
        there, back = legs_of(job, hub)
        legs = []
        for src, dst in ((there[1:]), (back[1:])):
            leg = self._free_path(src, dst)
            if leg is None and src != dst:
                return None
            legs.append(leg)
        trip = _within(job, RoundTrip((legs[0], legs[1])))
        return self._surviving(job, hub, trip, law=False)

    def under_cuts(self, leg: Leg, *, law: bool) -> Sequence[PathUnderCut]:
        """Return the recomputed path of a leg under each of ``cuts``."""
        if (leg, law) not in self._under_cuts:
            self._under_cuts[leg, law] = list(self._recomputed(leg, law=law))
        return self._under_cuts[leg, law]

    def failing(self, job: Job, hub: str, *, law: bool) -> Iterator[tuple[Cut, bool]]:
        """Yield cuts under which a job has no round trip within its RTT budget, and whether it has
        no path at all."""
        there, back = (self.under_cuts(leg, law=law) for leg in legs_of(job, hub))
        for cut, one, other in zip(self.cuts, there, back, strict=True):
            if one.one_way_ns is None or other.one_way_ns is None:
                yield cut, True
            elif job.rtt_budget is not None and one.one_way_ns + other.one_way_ns > job.rtt_budget:
                yield cut, False

    def _surviving(
        self, job: Job, hub: str, trip: RoundTrip | None, *, law: bool
    ) -> RoundTrip | None:
        if trip is None or not job.survives:
            return trip
        return None if any(self.failing(job, hub, law=law)) else trip

    def _recomputed(self, leg: Leg, *, law: bool) -> Iterator[PathUnderCut]:
        usual = self.leg(*leg, law=law)
        if leg.src == leg.dst and (usual is not None or not law):
            yield from [PathUnderCut(0, None)] * len(self.cuts)
            return
        decided = self._applicable(leg, law=law)
        known = {frozenset[str](): usual}
        for failed, dead in zip(self.failures, self._dead, strict=True):
            if dead not in known:
                is_cut = usual is not None and not dead.isdisjoint(usual.path.fibres)
                known[dead] = lawful_route(decided, failed) if is_cut else usual
            found = known[dead]
            ns = (None, None) if found is None else (found.one_way_ns, found.path)
            yield PathUnderCut(*ns)

    def leg(self, data: str, src: str, dst: str, *, law: bool) -> PermittedPath | None:
        """The path of one class of data between two hubs; None if there is none."""
        return self._lawful_path(data, src, dst) if law else self._free_path(src, dst)

    def is_covered(self, job: Job, hub: str) -> bool:
        """Whether the policy set covers the data of both directions."""
        return all(self._lookup.on(self._demand(*end)).is_judged for end in legs_of(job, hub))

    def uncertain_permits(self, job: Job, hub: str) -> Iterator[UncertainPermit]:
        """The permit in use of each lawful path to a hub and back that no confident one allows."""
        law, day = load_law(), self._loaded.as_of
        for leg, end in zip(("input", "results"), legs_of(job, hub), strict=True):
            found = list(self._permits(*end))
            sure = [policy_confidence(one, law, day) for one in found]
            if found and "confident" not in sure:
                kind = policy_kind(found[0], law)
                yield UncertainPermit(leg, found[0].id, sure[0], kind)

    def _permits(self, data: str, src: str, dst: str) -> Iterator[Policy]:
        """Every permit that allows the lawful path, the one in use first."""
        route = self._lawful_path(data, src, dst)
        decided = self._lookup.on(self._demand(data, src, dst))
        if route is None or not decided.is_judged:
            return
        for automaton in decided.automata:
            if replace(decided, automata=(automaton,)).verdict(route.path).allowed:
                yield automaton.permit

    def blocked(self, job: Job, hub: str) -> Blocked:
        """Return why the lawful round trip does not exist or is too long."""
        trip = self._lawful_trip(job, hub)
        if trip is not None and _within(job, trip) is None:
            return Blocked("round trip", None, trip.rtt_ns, job.rtt_budget)
        if trip is not None:
            cut, _ = next(self.failing(job, hub, law=True))
            return Blocked("round trip", None, None, job.rtt_budget, cut=cut)
        legs = [
            (name, self._grounds(*end))
            for name, end in zip(("input", "results"), legs_of(job, hub), strict=True)
            if self._lawful_path(*end) is None
        ]
        (leg, found), *others = legs
        more = max(0, len(found) - 1) + sum(max(1, len(one)) for _, one in others)
        return Blocked(leg, next(iter(found), None), None, job.rtt_budget, more)

    def blocking(self, job: Job, hub: str) -> list[Ground]:
        """Return all that forbids the shortest paths of both legs."""
        return [one for end in legs_of(job, hub) for one in self._grounds(*end)]

    def sampled(self, job: Job, trip: RoundTrip) -> SampledRtt:
        """Return the RTT in samples of the map; 0 at the origin itself."""
        taken_ns = self._samples_ns(trip)
        budget_ns = job.rtt_budget
        within = None if budget_ns is None else float(np.mean(taken_ns <= budget_ns))
        return SampledRtt(interval_of(taken_ns), within)

    def sum_of(self, trips: Sequence[tuple[float, RoundTrip]]) -> Interval:
        """The weighted sum of RTTs in samples of the map."""
        total = sum(weight * self._samples_ns(trip) for weight, trip in trips)
        return interval_of(np.asarray(total))

    def _samples_ns(self, trip: RoundTrip) -> Nanoseconds:
        if self._ensemble is None:
            self._ensemble = draw(self._loaded.topology)
        names = [name for path in trip.paths if path is not None for name in path.fibres]
        columns = [self._ensemble.numbers[name] for name in names]
        return self._ensemble.delays_ns[:, columns].sum(axis=1)

    def _lawful_trip(self, job: Job, hub: str) -> RoundTrip | None:
        legs = []
        for end in legs_of(job, hub):
            leg = self._lawful_path(*end)
            if leg is None:
                return None
            legs.append(leg)
        return RoundTrip((legs[0], legs[1]))

    def _lawful_path(self, data: str, src: str, dst: str) -> PermittedPath | None:
        """Of data that stays, a path without fibres."""
        key = Leg(data, src, dst)
        if key not in self._lawful:
            self._lawful[key] = lawful_route(self._applicable(key, law=True))
        return self._lawful[key]

    def _free_path(self, src: str, dst: str) -> PermittedPath | None:
        if src == dst:
            return None
        if (src, dst) not in self._free:
            leg = Leg(self._loaded.file.jobs[0].data, src, dst)
            self._free[src, dst] = lawful_route(self._applicable(leg, law=False))
        return self._free[src, dst]

    def _applicable(self, leg: Leg, *, law: bool) -> ApplicablePolicies:
        demand = self._demand(*leg)
        return self._lookup.on(demand) if law else unruled(self._loaded.topology, demand)

    def _grounds(self, data: str, src: str, dst: str) -> list[Ground]:
        """What forbids the shortest path; clauses before the default deny."""
        violations = forbidding(self._lookup.on(self._demand(data, src, dst)))
        found = grounds(violations, self._loaded.policies, self._loaded.as_of)
        return sorted(found, key=lambda one: one.policy == DEFAULT_DENY)

    def _demand(self, data: str, src: str, dst: str) -> Demand:
        service = self._loaded.file.service
        ends = {"src": src, "dst": dst, "service": service}
        demand = Demand.model_validate({"id": f"{src}-to-{dst}", "class": data, **ends})
        return self._loaded.policies.seen(demand)


def legs_of(job: Job, hub: str) -> tuple[Leg, Leg]:
    """The input and the results."""
    return Leg(job.data, job.origin, hub), Leg(job.result_class, hub, job.to)


def _within(job: Job, trip: RoundTrip | None) -> RoundTrip | None:
    if trip is None or job.rtt_budget is None or trip.rtt_ns <= job.rtt_budget:
        return trip
    return None
