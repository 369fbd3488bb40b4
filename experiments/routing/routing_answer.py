"""What plain routing does to demands: from a guest's record to the answer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Literal

from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import (
    NO_FAILURES,
    ApplicablePolicies,
    Failures,
    PolicyLookup,
)
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.values import Impact
from corridor.experiments.routing.router_tables import RouterTables
from corridor.experiments.routing.routing_documents import (
    SLOWER_MS,
    AddedRtt,
    BrokenClause,
    CutOutcome,
    Routed,
    RoutedCut,
    RoutedDemand,
    RoutedPath,
    Verdict,
    VerdictCounts,
)
from corridor.experiments.routing.routing_plan import (
    Change,
    MadeCut,
    PlannedCut,
    Probe,
    Record,
    RoutingPlan,
)
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.routing import (
    Path,
    crossed_jurisdictions,
    possible_jurisdictions,
    shortest_tree,
)
from corridor.topologies.model.topology import Topology

Direction = Literal["there", "back"]


@dataclass(frozen=True)
class _Moment:
    """The paths of every pair by the tables from a moment on."""

    at_ns: int
    paths: tuple[tuple[Path | None, Path | None], ...]

    def is_served(self, pair: int) -> bool:
        return None not in self.paths[pair]


class RoutingJudge:
    """The paths and RTTs of one record, judged by the policies of a scenario."""

    def __init__(self, loaded: LoadedScenario, plan: RoutingPlan, record: Record) -> None:
        self._topology = loaded.topology
        self._home = HomeDomains(loaded.topology).home
        self._plan, self._record = plan, record
        lookup = PolicyLookup(loaded.policies, loaded.topology, loaded.as_of)
        asked = [lookup.on(loaded.policies.seen(one.demand)) for one in specify(loaded).directions]
        self._asked = tuple(zip(asked[::2], asked[1::2], strict=True))
        self._demands = loaded.scenario.demands
        self._history = tuple(_history(plan, record))
        self.converged_ns, self.changes = _convergence(plan, record, loaded.topology)

    def demands(self) -> Iterator[RoutedDemand]:
        """All demands before any cut."""
        settled = self._at(self._plan.settled_ns)
        for number, one in enumerate(self._demands):
            sent = self._probes(number, self._plan.settled_ns, self._steady_until_ns)
            yield RoutedDemand(
                demand=one.id,
                data=one.data,
                src=one.src,
                dst=one.dst,
                routed=self._routed(number, settled, sent),
                policy_rtt_ms=_permitted_rtt_ms(self._asked[number]),
            )

    def cut(self, number: int, what: str, impacts: Mapping[int, Impact]) -> RoutedCut:
        """One cut; ``impacts`` are what is predicted of the controller, by demand."""
        planned, made = self._plan.cuts[number], self._record.cuts[number]
        hit = [
            demand
            for demand in range(len(self._demands))
            if demand in impacts or self._probes(demand, made.cut_ns, made.repair_ns)
        ]
        demands = tuple(self._outcome(one, planned, made, impacts.get(one)) for one in hit)
        affected = [one for one in demands if one.lost or one.tables_out_ms != 0]
        back = [one.outage_ms for one in affected if one.outage_ms is not None]
        predicted = [one.policy_outage_ms for one in demands if one.policy_outage_ms is not None]
        return RoutedCut(
            what=what,
            fibres=planned.fibres,
            converged_ms=self._last_change_ms(made.cut_ns, made.repair_ns),
            repaired_ms=self._last_change_ms(made.repair_ns, planned.end_ns),
            demands=demands,
            affected=len(affected),
            never_back=len(affected) - len(back),
            most_outage_ms=max(back, default=None),
            policy_most_outage_ms=max(predicted, default=None),
            forbidden=sum(one.after.verdict == "forbidden" for one in demands),
        )

    @property
    def _steady_until_ns(self) -> int:
        plan = self._plan
        return plan.settled_ns + plan.steady_probes * plan.probe_interval_ns

    def _outcome(
        self, demand: int, planned: PlannedCut, made: MadeCut, impact: Impact | None
    ) -> CutOutcome:
        sent = self._probes(demand, made.cut_ns, made.repair_ns - self._longest_ns(demand))
        late = self._at(made.repair_ns - 1)
        answered = [one for one in sent if one.rtt_ns is not None]
        asked, failures = self._asked[demand], Failures(links=frozenset(planned.fibres))
        is_blocked = _permitted_rtt_ms(asked) is None
        out_ns = 0 if impact is None else impact.out_ns
        return CutOutcome(
            demand=self._demands[demand].id,
            probes=len(sent),
            lost=len(sent) - len(answered),
            outage_ms=_outage_ms(sent),
            tables_out_ms=self._tables_out_ms(demand, made),
            after=self._routed(demand, late, answered[-1:]),
            is_blocked=is_blocked,
            policy_outage_ms=None if is_blocked else _ms(out_ns),
            policy_rtt_ms=_permitted_rtt_ms(asked, failures),
        )

    def _longest_ns(self, demand: int) -> int:
        """The longest RTT of a demand: a probe sent so long before a repair may be lost by it."""
        found = [one.rtt_ns or 0 for one in self._record.probes if one.pair == demand]
        return max(found, default=0)

    def _tables_out_ms(self, demand: int, made: MadeCut) -> float | None:
        """From the cut to the last moment at which the pair gets a path again."""
        moments = [one for one in self._history if made.cut_ns <= one.at_ns < made.repair_ns]
        gone = [one.at_ns for one in moments if not one.is_served(demand)]
        if not gone:
            return 0.0
        back = [one.at_ns for one in moments if one.at_ns > gone[-1] and one.is_served(demand)]
        return (back[0] - made.cut_ns) / NS_PER_MS if back else None

    def _last_change_ms(self, from_ns: int, until_ns: int) -> float:
        at_ns = [one.at_ns for one in self._record.changes if from_ns <= one.at_ns < until_ns]
        return (max(at_ns) - from_ns) / NS_PER_MS if at_ns else 0.0

    def _probes(self, pair: int, from_ns: int, until_ns: int) -> list[Probe]:
        return [
            one
            for one in self._record.probes
            if one.pair == pair and from_ns <= one.sent_ns < until_ns
        ]

    def _at(self, at_ns: int) -> _Moment:
        return max((one for one in self._history if one.at_ns <= at_ns), key=lambda one: one.at_ns)

    def _routed(self, demand: int, moment: _Moment, sent: Sequence[Probe]) -> Routed:
        there, back = moment.paths[demand]
        rtts_ns = [one.rtt_ns for one in sent if one.rtt_ns is not None]
        delays = [self._one_way_ns(one) for one in (there, back) if one is not None]
        broken = tuple(self._broken(demand, there, back))
        return Routed(
            there=self._path(there),
            back=self._path(back),
            verdict=self._verdict(demand, there, back, broken),
            broken=broken,
            rtt_ms=median(rtts_ns) / NS_PER_MS if rtts_ns else None,
            computed_rtt_ms=sum(delays) / NS_PER_MS if len(delays) == 2 else None,
        )

    def _verdict(
        self, demand: int, there: Path | None, back: Path | None, broken: Sequence[BrokenClause]
    ) -> Verdict:
        if there is None or back is None:
            return "no path"
        if broken:
            return "forbidden"
        return "permitted" if self._asked[demand][0].is_judged else "not covered"

    def _broken(self, demand: int, there: Path | None, back: Path | None) -> Iterator[BrokenClause]:
        directions: tuple[Direction, Direction] = ("there", "back")
        for direction, asked, path in zip(
            directions, self._asked[demand], (there, back), strict=True
        ):
            for one in asked.verdict(path).violations if path is not None else ():
                yield BrokenClause(
                    direction, one.policy, one.clause, one.element, one.reason, one.legal_ref
                )

    def _one_way_ns(self, path: Path) -> int:
        return _one_way_ns(self._topology, path)

    def _path(self, path: Path | None) -> RoutedPath | None:
        if path is None:
            return None
        return RoutedPath(
            hubs=path.hubs,
            fibres=path.fibres,
            one_way_ms=self._one_way_ns(path) / NS_PER_MS,
            crosses=crossed_jurisdictions(self._topology, path),
            may_cross=possible_jurisdictions(self._topology, path),
            domains=tuple(name for name, _ in groupby(self._home[hub] for hub in path.hubs)),
        )


def verdict_counts(demands: Iterable[RoutedDemand]) -> VerdictCounts:
    """Return how many demands have which verdict."""
    listed = tuple(demands)
    count = Counter(one.routed.verdict for one in listed)
    return VerdictCounts(
        permitted=count["permitted"],
        forbidden=count["forbidden"],
        not_covered=count["not covered"],
        no_path=count["no path"],
        forbidden_but_served=sum(
            one.routed.verdict == "forbidden" and one.policy_rtt_ms is not None for one in listed
        ),
    )


def added_rtt(demands: Iterable[RoutedDemand]) -> AddedRtt:
    """Return what plain routing adds to the RTT of the controller's paths."""
    more_ms = [
        one.routed.rtt_ms - one.policy_rtt_ms
        for one in demands
        if one.routed.rtt_ms is not None and one.policy_rtt_ms is not None
    ]
    return AddedRtt(
        demands=len(more_ms),
        median_ms=median(more_ms) if more_ms else None,
        maximum_ms=max(more_ms, default=None),
        slower=sum(one >= SLOWER_MS for one in more_ms),
    )


def predicted_impacts(loaded: LoadedScenario) -> list[dict[int, Impact]]:
    """What the controller of a scenario is predicted to do after each event of its timeline, by
    demand."""
    planned = make_plan_unsent(loaded)
    return [{one.demand: one for one in event.impacts} for event in planned.events]


def _history(plan: RoutingPlan, record: Record) -> Iterator[_Moment]:
    """The paths of all pairs when probes begin, and whenever one of them changes later.

    Only paths to hubs whose routes have changed are followed again: BGP can change thousands of
    routes a second.
    """
    tables = RouterTables(plan.network)
    lost = {made.cut_ns: cut.fibres for cut, made in zip(plan.cuts, record.cuts, strict=True)}
    by_time: dict[int, list[Change]] = {at_ns: [] for at_ns in (plan.settled_ns, *lost)}
    for change in record.changes:
        by_time.setdefault(change.at_ns, []).append(change)
    paths: list[tuple[Path | None, Path | None]] = [(None, None)] * len(plan.pairs)
    hub_of = {f"{one.address}/32": one.hub for one in plan.network.routers}
    for at_ns in sorted(by_time):
        if at_ns in lost:
            tables.lose(lost[at_ns])
        for change in by_time[at_ns]:
            tables.apply(change)
        if at_ns < plan.settled_ns:
            continue
        is_new = at_ns in lost or at_ns == plan.settled_ns
        towards = {hub_of.get(one.prefix, "") for one in by_time[at_ns]}
        before = [*paths]
        for number, pair in enumerate(plan.pairs):
            if is_new or not towards.isdisjoint((pair.src, pair.dst)):
                paths[number] = (tables.path(pair.src, pair.dst), tables.path(pair.dst, pair.src))
        if is_new or paths != before:
            yield _Moment(at_ns, tuple(paths))


def _convergence(plan: RoutingPlan, record: Record, topology: Topology) -> tuple[int, int]:
    """When every hub reached for good all hubs that fibres lead to, and how many routes changed
    until probes began.

    Raises:
        MeasurementInvalid: A hub does not reach another by then.
    """
    joined = {one.hub: shortest_tree(topology, one.hub).keys() for one in plan.network.routers}
    tables = RouterTables(plan.network)
    without = {hub: len(others) - 1 for hub, others in joined.items()}
    converged_ns = changes = 0
    hub_of = {f"{one.address}/32": one.hub for one in plan.network.routers}
    for change in record.changes:
        if change.at_ns >= plan.settled_ns or change.prefix not in hub_of:
            continue
        changes += 1
        tables.apply(change)
        dst, before = hub_of[change.prefix], sum(without.values())
        without[dst] = len(joined[dst]) - len(tables.reaching(dst))
        if before or without[dst]:
            converged_ns = change.at_ns
    missing = [hub for hub, count in without.items() if count]
    if missing:
        raise MeasurementInvalid(
            f"{len(missing)} hubs are not reached from all others after "
            f"{plan.settled_ns / 1e9:.0f} s, among them {missing[0]}"
        )
    return converged_ns, changes


def _outage_ms(sent: Sequence[Probe]) -> float | None:
    """From the first lost probe to the first answered one after the last lost one."""
    lost = [number for number, one in enumerate(sent) if one.rtt_ns is None]
    if not lost:
        return 0.0
    if lost[-1] + 1 == len(sent):
        return None
    return (sent[lost[-1] + 1].sent_ns - sent[lost[0]].sent_ns) / NS_PER_MS


def _permitted_rtt_ms(
    asked: Iterable[ApplicablePolicies], failures: Failures = NO_FAILURES
) -> float | None:
    routes = [lawful_route(one, failures) for one in asked]
    found = [one.one_way_ns for one in routes if one is not None]
    return sum(found) / NS_PER_MS if len(found) == len(routes) else None


def _one_way_ns(topology: Topology, path: Path) -> int:
    return sum(topology.one_way_delay_ns(topology.fibre(one)) for one in path.fibres)


def _ms(ns: int | None) -> float | None:
    return None if ns is None else ns / NS_PER_MS
