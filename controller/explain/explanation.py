"""One demand explained: what is decided, by which permit, what it costs, and what happens in an
outage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from corridor.controller.explain.clauses import ClauseCost, clause_costs, forbidden_by, forbidding
from corridor.controller.explain.interpretations import OtherValue, other_values
from corridor.controller.explain.outages import Outage, outages
from corridor.controller.explain.path_summary import PathDetails, passage_of_graph, shortest_passage
from corridor.controller.explain.permits import Unused, unused_permits
from corridor.controller.explain.references import Ground, Reference, grounds, references
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, ServiceStatus
from corridor.controller.policy.automaton import Violation
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.paths import Path
from corridor.controller.policy.permitted_paths import NoPermittedPath, Remedy
from corridor.controller.traffic_engineering.relaxation import unmet_constraints
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.model.topology import Confidence


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
