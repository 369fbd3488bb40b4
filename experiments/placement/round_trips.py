"""Where a job may run: lawful paths to a hub and back, their RTT, and what blocks the others. Pure.

Paths are those of the product's own evaluator, searched once for each class of data between two
hubs. Data that stays at its hub needs no path, but a policy set may still forbid it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corridor.controller.explain.clauses import forbidding
from corridor.controller.explain.path_summary import Ground, grounds
from corridor.controller.policy.automaton import DEFAULT_DENY
from corridor.controller.policy.certainty import unruled
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import policy_confidence, policy_kind
from corridor.controller.policy.model import Demand, Policy
from corridor.controller.policy.permitted_paths import PermittedPath, lawful_route
from corridor.controller.policy.semantics import PolicyLookup
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

    def __str__(self) -> str:
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
        self._lawful: dict[tuple[str, str, str], PermittedPath | None] = {}
        self._free: dict[tuple[str, str], PermittedPath | None] = {}
        self._ensemble: Ensemble | None = None

    def lawful(self, job: Job, hub: str) -> RoundTrip | None:
        """Return the lawful round trip within the RTT budget; None if there is none."""
        return _within(job, self._lawful_trip(job, hub))

    def free(self, job: Job, hub: str) -> RoundTrip | None:
        """The same without law: what the fibres allow."""
        there, back = _ends(job, hub)
        legs = []
        for src, dst in ((there[1:]), (back[1:])):
            leg = self._free_path(src, dst)
            if leg is None and src != dst:
                return None
            legs.append(leg)
        return _within(job, RoundTrip((legs[0], legs[1])))

    def leg(self, data: str, src: str, dst: str, *, law: bool) -> PermittedPath | None:
        """The path of one class of data between two hubs; None if there is none."""
        return self._lawful_path(data, src, dst) if law else self._free_path(src, dst)

    def is_covered(self, job: Job, hub: str) -> bool:
        """Whether the policy set covers the data of both directions."""
        return all(self._lookup.on(self._demand(*end)).is_judged for end in _ends(job, hub))

    def uncertain_permits(self, job: Job, hub: str) -> Iterator[UncertainPermit]:
        """The permit in use of each lawful path to a hub and back that no confident one allows."""
        law, day = load_law(), self._loaded.as_of
        for leg, end in zip(("input", "results"), _ends(job, hub), strict=True):
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
        if trip is not None:
            return Blocked("round trip", None, trip.rtt_ns, job.rtt_budget)
        legs = [
            (name, self._grounds(*end))
            for name, end in zip(("input", "results"), _ends(job, hub), strict=True)
            if self._lawful_path(*end) is None
        ]
        (leg, found), *others = legs
        more = max(0, len(found) - 1) + sum(max(1, len(one)) for _, one in others)
        return Blocked(leg, next(iter(found), None), None, job.rtt_budget, more)

    def blocking(self, job: Job, hub: str) -> list[Ground]:
        """Return all that forbids the shortest paths of both legs."""
        return [one for end in _ends(job, hub) for one in self._grounds(*end)]

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
        for end in _ends(job, hub):
            leg = self._lawful_path(*end)
            if leg is None:
                return None
            legs.append(leg)
        return RoundTrip((legs[0], legs[1]))

    def _lawful_path(self, data: str, src: str, dst: str) -> PermittedPath | None:
        """Of data that stays, a path without fibres."""
        key = (data, src, dst)
        if key not in self._lawful:
            self._lawful[key] = lawful_route(self._lookup.on(self._demand(*key)))
        return self._lawful[key]

    def _free_path(self, src: str, dst: str) -> PermittedPath | None:
        if src == dst:
            return None
        if (src, dst) not in self._free:
            demand = self._demand(self._loaded.file.jobs[0].data, src, dst)
            self._free[src, dst] = lawful_route(unruled(self._loaded.topology, demand))
        return self._free[src, dst]

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


def _ends(job: Job, hub: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Class, from and to, of the input and of the results."""
    return (job.data, job.origin, hub), (job.result_class, hub, job.to)


def _within(job: Job, trip: RoundTrip | None) -> RoundTrip | None:
    if trip is None or job.rtt_budget is None or trip.rtt_ns <= job.rtt_budget:
        return trip
    return None
