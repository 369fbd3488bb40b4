"""One demand explained: what is decided, by which permit, what it costs, and what happens in an
outage; and its outcome under the values of interpretations that are not chosen.

When one thing fails, the demand goes at once where its switches send it, then by a new choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from corridor.controller.explain.clauses import (
    ClauseCost,
    Unused,
    clause_costs,
    forbidden_by,
    forbidding,
    unused_permits,
)
from corridor.controller.explain.path_summary import (
    Ground,
    PathDetails,
    Reference,
    grounds,
    passage_of_graph,
    passage_of_journey,
    passage_of_route,
    references,
    shortest_passage,
)
from corridor.controller.forwarding.forwarding_graph import (
    ForwardingGraph,
    GraphBuilder,
    ServiceStatus,
)
from corridor.controller.forwarding.packet_traces import PacketTrace, trace_packet
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.automaton import Violation
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    Remedy,
    best_permitted_path,
    lawful_route,
)
from corridor.controller.policy.semantics import ApplicablePolicies, Failures, rule
from corridor.controller.traffic_engineering.relaxation import unmet_constraints
from corridor.topologies.base.codec import OMIT_EMPTY, JsonObject, to_plain
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Confidence, Topology


@dataclass(frozen=True)
class Replanned:
    """What is chosen while something is dead, once the controller may choose again."""

    permit: str
    passage: PathDetails | None
    because: tuple[Ground, ...]
    """What forbids the shortest path that is left, where none is chosen."""


@dataclass(frozen=True)
class Outage:
    """The outcome of a demand while one of these is dead."""

    dead: tuple[str, ...]
    """Elements that have the same outcome."""
    protected: bool
    """Whether the switches were asked to bridge each of them."""
    found_at: str
    """The hub that finds it dead."""
    at_once: PathDetails
    """The path by the tables that are installed, up to where a packet is dropped."""
    permit: str
    """That packets go by at once; detours may leave the permit in use for another."""
    delivered: bool
    """By the tables that are installed."""
    forbids: Ground | None
    """What forbids to go on from where it is dropped; None where no fibre leads on, or where the
    switches were not asked to."""
    again: Replanned


@dataclass(frozen=True)
class _Judged:
    """By which policies, on which day."""

    policies: PolicySet
    day: date

    def grounds(self, died: Iterable[Violation]) -> tuple[Ground, ...]:
        return grounds(died, self.policies, self.day)


def outages(
    topology: Topology, graph: ForwardingGraph, policies: PolicySet, day: date
) -> tuple[Outage, ...]:
    """Of every single element whose failure a packet meets, in the order of its path."""
    alike: dict[tuple[object, ...], list[tuple[int, Outage]]] = {}
    on_path = _elements_of(topology, trace_packet(graph, topology))
    for name in (one for one in elements(topology) if one in on_path):
        journey = _met(topology, graph, (name,))
        if journey is not None:
            outage = _outage(topology, graph, (name,), journey, _Judged(policies, day))
            outcome = (outage.at_once, outage.again, outage.delivered or outage.protected)
            alike.setdefault(outcome, []).append((journey.found[0].at, outage))
    first_found = sorted(alike.values(), key=lambda group: group[0][0])
    return tuple(_joined([outage for _, outage in group]) for group in first_found)


def _elements_of(topology: Topology, journey: PacketTrace) -> set[str]:
    """All that this journey needs: a packet meets nothing else dead while one thing fails."""
    fibres = [topology.fibre(name) for name in journey.path.fibres]
    return {
        *(f"link:{fibre.id}" for fibre in fibres),
        *(f"srlg:{name}" for fibre in fibres for name in fibre.srlgs),
        *(f"hub:{hub}" for fibre in fibres for hub in fibre.ends),
        *(f"gateway:{hub}" for hub in journey.gateways),
    }


def outage_under(
    topology: Topology,
    graph: ForwardingGraph,
    dead: tuple[str, ...],
    policies: PolicySet,
    day: date,
) -> Outage | None:
    """Of several elements that are dead at once; None where no packet meets any of them, or one of
    the demand's own ends is dead."""
    journey = _met(topology, graph, dead)
    if journey is None:
        return None
    return _outage(topology, graph, dead, journey, _Judged(policies, day))


def _met(topology: Topology, graph: ForwardingGraph, dead: tuple[str, ...]) -> PacketTrace | None:
    failures = failures_of(topology, dead)
    if graph.first is None or not failures.hubs.isdisjoint(graph.intent.pair):
        return None
    journey = trace_packet(graph, topology, failures)
    return journey if journey.found else None


def _joined(alike: list[Outage]) -> Outage:
    return replace(
        alike[0],
        dead=tuple(name for outage in alike for name in outage.dead),
        protected=all(outage.protected for outage in alike),
    )


def _outage(
    topology: Topology,
    graph: ForwardingGraph,
    dead: tuple[str, ...],
    journey: PacketTrace,
    judged: _Judged,
) -> Outage:
    failures = failures_of(topology, dead)
    died = () if journey.delivered else forbidden_onward(topology, graph, failures, journey.path)
    return Outage(
        dead=dead,
        protected=len(dead) <= graph.protection.k
        and all(name.partition(":")[0] in graph.protection.over for name in dead),
        found_at=journey.path.hubs[journey.found[0].at],
        at_once=passage_of_journey(topology, journey),
        permit=journey.taken[-1].automaton.permit.id if journey.taken else "",
        delivered=journey.delivered,
        forbids=next(iter(judged.grounds(died)), None),
        again=_replanned(
            graph.intent.applicable_policies, failures, _chosen(graph.intent, failures), judged
        ),
    )


def _chosen(intent: Intent, failures: Failures) -> PermittedPath | NoPermittedPath:
    """The route planned again."""
    if depends_on_detours(intent):
        return GraphBuilder(intent.applicable_policies.topology, failures).graph(intent).route
    return best_permitted_path(intent.applicable_policies, failures)


def depends_on_detours(intent: Intent) -> bool:
    """Whether the route planned again depends on its detours: only where ``one_way`` is stated."""
    return any(automaton.permit.soft.one_way for automaton in intent.applicable_policies.automata)


def replanned_route(intent: Intent, failures: Failures) -> PermittedPath | None:
    """The route planned again, without the reasons if there is none."""
    if not depends_on_detours(intent):
        return lawful_route(intent.applicable_policies, failures)
    found = _chosen(intent, failures)
    return None if isinstance(found, NoPermittedPath) else found


def _replanned(
    applicable_policies: ApplicablePolicies,
    failures: Failures,
    chosen: PermittedPath | NoPermittedPath,
    judged: _Judged,
) -> Replanned:
    if isinstance(chosen, NoPermittedPath):
        return Replanned("", None, judged.grounds(chosen.because))
    left = applicable_policies.with_closed_gateways(failures.gateways)
    automaton = next(one for one in left.automata if one.permit.id == chosen.permit)
    return Replanned(
        chosen.permit, passage_of_route(applicable_policies.topology, chosen, automaton), ()
    )


def forbidden_onward(
    topology: Topology, graph: ForwardingGraph, failures: Failures, begun: Path
) -> tuple[Violation, ...]:
    """The clauses that the shortest path on from a path breaks, under the permit in use."""
    dead = {fibre.id for fibre in topology.fibres if not failures.spare(fibre)}
    rest = shortest_passage(topology, begun.dst, graph.intent.demand.dst, dead)
    if rest is None or graph.automaton is None:
        return ()
    whole = Path((*begun.hubs, *rest.hubs[1:]), (*begun.fibres, *rest.fibres))
    trip = replace(graph.automaton.trip, closed=failures.gateways)
    return forbidden_by(
        graph.intent.applicable_policies, replace(graph.automaton, trip=trip), whole
    )


@dataclass(frozen=True)
class OtherValue:
    """A value of an interpretation under which a demand takes another path, or none."""

    interpretation: str
    question: str
    chosen: str | None
    """The value that the set is read by; None if its switches fit no value."""
    value: str
    status: str
    one_way_ns: int | None
    """One-way delay of the shortest permitted path under this value; None without a path."""
    chosen_one_way_ns: int | None
    """Of the shortest permitted path as the set is read now."""


def other_values(
    applicable_policies: ApplicablePolicies, policies: PolicySet, day: date
) -> tuple[OtherValue, ...]:
    """Return the values that would change the path of a demand, each one alone."""
    return tuple(_changing(applicable_policies, policies, day))


def _changing(
    applicable_policies: ApplicablePolicies, policies: PolicySet, day: date
) -> Iterator[OtherValue]:
    now = best_permitted_path(applicable_policies)
    for one in policies.interpretations:
        chosen = policies.value_of(one)
        for value in one.values:
            if value == chosen:
                continue
            read = policies.interpreted({one.id: value})
            other = rule(read, applicable_policies.topology, applicable_policies.demand, day)
            if _ids(other) == _ids(applicable_policies):
                continue
            then = best_permitted_path(other)
            if _path(then) != _path(now):
                status = then.status if isinstance(then, NoPermittedPath) else "UP"
                ns = _one_way_ns(then), _one_way_ns(now)
                yield OtherValue(one.id, one.question, chosen, value, status, *ns)


def _ids(applicable_policies: ApplicablePolicies) -> tuple[str, ...]:
    return tuple(
        policy.id for policy in (*applicable_policies.permits, *applicable_policies.restricts)
    )


def _path(of: PermittedPath | NoPermittedPath) -> tuple[object, ...]:
    if isinstance(of, NoPermittedPath):
        return ()
    return of.path.hubs, of.path.fibres


def _one_way_ns(of: PermittedPath | NoPermittedPath) -> int | None:
    return None if isinstance(of, NoPermittedPath) else of.one_way_ns


@dataclass(frozen=True)
class PermitInUse:
    """On which basis data travels."""

    policy: str
    legal: tuple[Reference, ...]
    confidence: Confidence
    k: int
    """How many failures the switches bridge, of the kinds in ``over``."""
    over: tuple[str, ...]


@dataclass(frozen=True)
class ReverseDemand:
    """The demand of the answers, in short."""

    demand: str
    status: ServiceStatus
    permit: str
    one_way_ns: int | None


@dataclass(frozen=True)
class Explanation:
    """Why a demand takes the path it takes, or none."""

    demand: str
    data_class: str
    origin: tuple[str, ...]
    """Of the data; empty where the policies do not know the class."""
    src: str
    dst: str
    as_of: date
    status: ServiceStatus
    permit: PermitInUse | None
    judged: bool
    """Whether the policies speak of it; else only what they forbid to any data binds it."""
    passage: PathDetails | None
    shortest: PathDetails | None
    """The shortest path there is, whatever policies say."""
    forbids_shortest: tuple[Ground, ...]
    """What forbids that one under the permit in use, or under all, one after another."""
    clauses: tuple[ClauseCost, ...]
    unused: tuple[Unused, ...]
    outages: tuple[Outage, ...]
    remedies: tuple[Remedy, ...]
    answers: ReverseDemand | None
    protection_ns: int
    """What the path takes longer than the shortest lawful one, so as to be protected all along."""
    apart_ns: int
    """What it takes longer so as to share nothing with demands that it is to be disjoint from."""
    room_ns: int
    """What it takes longer so that guaranteed rates fit in addition to those of others; may be less
    than nothing, where protection cost more."""
    lacks: tuple[str, ...]
    """What was asked for and is not had: the step of the permit's ladder, if any, and why."""
    other_values: tuple[OtherValue, ...] = ()
    """Values of interpretations that are not chosen and would change its path."""
    src_host: str = field(default="", metadata=OMIT_EMPTY)
    """The host that sends it, behind the source; empty: its default host."""
    dst_host: str = field(default="", metadata=OMIT_EMPTY)
    """The host that receives it, behind the destination; empty: its default host."""

    @property
    def costs_ns(self) -> int | None:
        """What policies add to the one-way delay, including the protection they require."""
        if self.passage is None or self.shortest is None:
            return None
        return self.passage.one_way_ns - self.shortest.one_way_ns

    @property
    def costs_km(self) -> float | None:
        if self.passage is None or self.shortest is None:
            return None
        return round(self.passage.length_km - self.shortest.length_km, 1)

    def to_json(self) -> JsonObject:
        plain = to_plain(self)
        costs = {"costs_ns": self.costs_ns, "costs_km": self.costs_km}
        return {"schema": 1, **plain, "as_of": str(self.as_of), **costs}


def explain(
    graph: ForwardingGraph, policies: PolicySet, as_of: date, answers: ForwardingGraph | None = None
) -> Explanation:
    """``graph`` as planned under ``policies`` on the day ``as_of``; ``answers`` is its return
    path."""
    applicable_policies = graph.intent.applicable_policies
    topology, demand = applicable_policies.topology, applicable_policies.demand
    shortest = shortest_passage(topology, demand.src, demand.dst)
    used = graph.permit
    return Explanation(
        demand=demand.id,
        data_class=demand.data_class,
        origin=_origin(policies, demand.data_class),
        src=demand.src,
        dst=demand.dst,
        as_of=as_of,
        status=graph.status,
        permit=_permit(graph, as_of),
        judged=applicable_policies.is_judged,
        passage=passage_of_graph(topology, graph),
        shortest=shortest,
        forbids_shortest=grounds(_forbids(graph, shortest), policies, as_of),
        clauses=_clauses(graph, as_of),
        unused=unused_permits(applicable_policies, policies, as_of, used.id if used else None),
        outages=outages(topology, graph, policies, as_of) if graph.first is not None else (),
        remedies=graph.route.remedies if isinstance(graph.route, NoPermittedPath) else (),
        answers=_answers(answers),
        protection_ns=graph.spent_ns,
        apart_ns=graph.apart_ns,
        room_ns=graph.room_ns,
        lacks=tuple(map(str, unmet_constraints(graph))),
        other_values=other_values(applicable_policies, policies, as_of),
        src_host=demand.src_host or "",
        dst_host=demand.dst_host or "",
    )


def _origin(policies: PolicySet, name: str) -> tuple[str, ...]:
    known = (*policies.classes, *policies.described)
    return next((entry.origin for entry in known if entry.id == name), ())


def _permit(graph: ForwardingGraph, day: date) -> PermitInUse | None:
    if graph.permit is None:
        return None
    over = graph.protection.over if graph.protection.k else ()
    return PermitInUse(
        graph.permit.id,
        references(graph.permit, day),
        graph.permit.confidence,
        graph.protection.k,
        over,
    )


def _forbids(graph: ForwardingGraph, shortest: PathDetails | None) -> tuple[Violation, ...]:
    if isinstance(graph.route, NoPermittedPath):
        return forbidding(graph.intent.applicable_policies)
    if shortest is None or graph.automaton is None:
        return ()
    return forbidden_by(
        graph.intent.applicable_policies, graph.automaton, Path(shortest.hubs, shortest.fibres)
    )


def _clauses(graph: ForwardingGraph, day: date) -> tuple[ClauseCost, ...]:
    if graph.automaton is None or isinstance(graph.route, NoPermittedPath):
        return ()
    # No clause causes the delay spent on protection, disjointness and room for rates.
    spent_ns = graph.spent_ns + graph.apart_ns + graph.room_ns
    route = replace(graph.route, one_way_ns=graph.route.one_way_ns - spent_ns)
    return clause_costs(graph.automaton, graph.intent.applicable_policies.topology, route, day)


def _answers(graph: ForwardingGraph | None) -> ReverseDemand | None:
    if graph is None:
        return None
    if isinstance(graph.route, NoPermittedPath):
        return ReverseDemand(graph.intent.id, graph.route.status, "", None)
    return ReverseDemand(graph.intent.id, graph.status, graph.route.permit, graph.route.one_way_ns)
