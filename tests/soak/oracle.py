"""What a network must do with each demand, from topology, policies and what is broken alone. Pure.

It shares the language of policies with the controller (``policy.semantics.rule`` and the automata
it gives), and nothing else: no ways, tables, statuses or searches of it. Paths are sought by
networkx in a graph of places: a hub, and the state of the policy there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import networkx as nx

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.model import Demand
from corridor.controller.policy.semantics import ApplicablePolicies, rule
from corridor.topologies.base.memory import remembered
from corridor.topologies.model.topology import Fibre, Topology

type Place = tuple[str, State]
"""Where a packet is: past a hub, in a state of the policy."""
THERE: Place = ("", ())
"""Behind every place where it may be delivered."""
MOST_RULED = 32
"""Specifications whose rulings are kept: a soak has few policy sets and days, and many events."""


@dataclass(frozen=True)
class Broken:
    """What cannot be used: fibres that are dead, drained or held out, hubs that are given up,
    gateways that are dead or that do not exist."""

    fibres: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()

    def spares(self, fibre: Fibre) -> bool:
        return fibre.id not in self.fibres and self.hubs.isdisjoint((fibre.a, fibre.z))


@dataclass(frozen=True)
class Expected:
    """Of one demand."""

    demand: str
    status: Literal["SERVED", "BLOCKED", "DOWN"]
    """SERVED: a lawful path is left. BLOCKED: fibres lead there, and no lawful path. DOWN: no
    fibres lead there."""
    permit: str = ""
    """The first that leaves a path."""
    one_way_ns: int | None = None
    """Of the shortest path under it."""
    blamed: frozenset[str] = frozenset()
    """Policies that may block a demand."""
    ever: bool = True
    """Whether it has a lawful path while nothing is broken."""


type Directed = tuple[str, str]
"""A fibre, and the hub it is entered from."""


def expect(specification: Specification, broken: Broken) -> dict[str, Expected]:
    """By demand, what must become of it."""
    return {
        one.applicable_policies.demand.id: _expected(one, broken) for one in _ruled(specification)
    }


def lawful(specification: Specification) -> dict[str, frozenset[Directed]]:
    """By demand, where its packets may ever be: fibres of paths that some permit allows, whatever
    is broken. A delay budget is not asked."""
    found = {}
    for one in _ruled(specification):
        crossed = (
            _crossed(automaton, one.applicable_policies.topology)
            for automaton in one.applicable_policies.automata
        )
        found[one.applicable_policies.demand.id] = frozenset[Directed]().union(*crossed)
    return found


@dataclass(frozen=True)
class Ruled:
    """The part of an answer that does not depend on what is broken."""

    applicable_policies: ApplicablePolicies
    ever: bool


@remembered(MOST_RULED)
def _ruled(specification: Specification) -> tuple[Ruled, ...]:
    return tuple(_ruled_demand(specification, one.demand) for one in specification.directions)


def _ruled_demand(specification: Specification, demand: Demand) -> Ruled:
    applicable_policies = rule(
        specification.policies, specification.topology, demand, specification.as_of
    )
    return Ruled(applicable_policies, _best(applicable_policies, Broken()) is not None)


def _expected(ruled: Ruled, broken: Broken) -> Expected:
    applicable_policies, ever = ruled.applicable_policies, ruled.ever
    demand = applicable_policies.demand
    if not _fibres_lead(applicable_policies, broken):
        return Expected(demand.id, "DOWN", ever=ever)
    best = _best(applicable_policies, broken)
    if best is None:
        return Expected(
            demand.id, "BLOCKED", blamed=frozenset(_blamed(applicable_policies)), ever=ever
        )
    permit, delay_ns = best
    return Expected(demand.id, "SERVED", permit, delay_ns, ever=ever)


def _blamed(applicable_policies: ApplicablePolicies) -> Iterator[str]:
    for policies in (
        applicable_policies.permits,
        applicable_policies.restricts,
        applicable_policies.denies,
    ):
        yield from (policy.id for policy in policies)
    yield from (one.policy for one in applicable_policies.refusals)


def _fibres_lead(applicable_policies: ApplicablePolicies, broken: Broken) -> bool:
    topology, demand = applicable_policies.topology, applicable_policies.demand
    graph = nx.Graph()
    graph.add_nodes_from(hub.id for hub in topology.hubs if hub.id not in broken.hubs)
    graph.add_edges_from((one.a, one.z) for one in topology.fibres if broken.spares(one))
    ends = (demand.src, demand.dst)
    return all(end in graph for end in ends) and nx.has_path(graph, *ends)


def _best(applicable_policies: ApplicablePolicies, broken: Broken) -> tuple[str, int] | None:
    """The first permit that leaves a path, and the delay of its shortest one."""
    for automaton in applicable_policies.with_closed_gateways(broken.gateways).automata:
        delay_ns = _shortest_ns(automaton, applicable_policies.topology, broken)
        if delay_ns is not None and not automaton.exceeds(delay_ns):
            return automaton.permit.id, delay_ns
    return None


def _shortest_ns(automaton: Automaton, topology: Topology, broken: Broken) -> int | None:
    start = _start(automaton)
    if start is None or automaton.trip.src.id in broken.hubs:
        return None
    graph = _places(automaton, topology, start, broken)
    if THERE not in graph:
        return None
    found: int = nx.dijkstra_path_length(graph, start, THERE, weight="delay_ns")
    return found


def _crossed(automaton: Automaton, topology: Topology) -> frozenset[Directed]:
    start = _start(automaton)
    graph = nx.MultiDiGraph() if start is None else _places(automaton, topology, start, Broken())
    if THERE not in graph:
        return frozenset()
    useful = nx.ancestors(graph, THERE)
    return frozenset(
        (fibre, near[0])
        for near, far, fibre in graph.edges(keys=True)
        if far != THERE and near in useful and far in useful
    )


def _start(automaton: Automaton) -> Place | None:
    state = automaton.enter(automaton.start, automaton.trip.src)
    return None if isinstance(state, Violation) else (automaton.trip.src.id, state)


def _places(
    automaton: Automaton, topology: Topology, start: Place, broken: Broken
) -> nx.MultiDiGraph[Place]:
    """All that packets can come to without breaking a clause; an edge's key is its fibre."""
    graph: nx.MultiDiGraph[Place] = nx.MultiDiGraph()
    graph.add_node(start)
    waiting = [start]
    while waiting:
        place = waiting.pop()
        hub, state = place
        if hub == automaton.trip.dst.id and automaton.finish(state) is None:
            graph.add_edge(place, THERE, key="", delay_ns=0)
        for fibre in topology.fibres:
            if hub not in (fibre.a, fibre.z) or not broken.spares(fibre):
                continue
            far = _past(automaton, topology, state, fibre, fibre.z if hub == fibre.a else fibre.a)
            if far is not None:
                if far not in graph:
                    waiting.append(far)
                graph.add_edge(place, far, key=fibre.id, delay_ns=fibre.one_way_delay_ns)
    return graph


def _past(
    automaton: Automaton, topology: Topology, state: State, fibre: Fibre, far: str
) -> Place | None:
    on_fibre = automaton.enter(state, fibre)
    if isinstance(on_fibre, Violation):
        return None
    behind = automaton.enter(on_fibre, topology.hub(far))
    return None if isinstance(behind, Violation) else (far, behind)


type Outlook = Mapping[str, Expected]
