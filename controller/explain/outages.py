"""Where a demand goes when one thing fails: at once by its switches, then by a new choice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from corridor.controller.explain.clauses import forbidden_by
from corridor.controller.explain.path_summary import (
    PathDetails,
    passage_of_journey,
    passage_of_route,
    shortest_passage,
)
from corridor.controller.explain.references import Ground, grounds
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.forwarding.packet_traces import PacketTrace, trace_packet
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.automaton import Violation
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.paths import Path
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import ApplicablePolicies, Failures
from corridor.topologies.model.topology import Topology


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
    """The route planned again; only where ``one_way`` is stated does it depend on detours."""
    if any(automaton.permit.soft.one_way for automaton in intent.applicable_policies.automata):
        return GraphBuilder(intent.applicable_policies.topology, failures).graph(intent).route
    return best_permitted_path(intent.applicable_policies, failures)


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
