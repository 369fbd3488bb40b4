"""Forwarding graphs against a judge that tries everything: nothing unlawful, no needless drop."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.forwarding_graph import Assess, Cross, ForwardingGraph, Node
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.intent import Protection
from corridor.controller.intent.specification import elements, failures_of, up_to
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.policy.semantics import Failures
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from paths_lab import (
    Served,
    anything_failed,
    breach,
    in_use,
    lawful_rest,
    left_for,
    nodes,
    rests_by_rank,
    served,
    served_anew,
    served_in_time,
    trips,
)

FEW = settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=150)
LINKS_ONLY = st.builds(Protection, st.integers(1, 2), st.just(("link",)))
MOST_TRIPS = 3000
anyhow = served() | served_in_time() | served_anew()


@MANY
@given(anyhow, st.integers(0, 2**32))
def test_a_packet_goes_a_lawful_path_or_is_dropped_where_none_is_left(
    made: Served, seed: int
) -> None:
    topology, graph, known = made
    assume(graph.first is not None)
    for names in up_to(graph.protection.k, elements(topology, graph.protection.over)):
        failures = failures_of(topology, [*known, *names])
        walk = trace_packet(graph, topology, failures)
        if walk.delivered or walk.path.dst in failures.hubs:
            continue
        left = left_for(graph, topology, failures, walk)
        assert left is None, f"with {names} dead, dropped after {walk.path}; left was {left}"
    chance = Random(seed)
    for _ in range(50):
        went_lawfully(graph, topology, anything_failed(topology, chance))


def went_lawfully(graph: ForwardingGraph, topology: Topology, failures: Failures) -> None:
    """Whatever has failed: no more than what is promised, or all of it."""
    walk = trace_packet(graph, topology, failures)
    if walk.delivered:
        went = tuple((node, True) for node in walk.taken)
        assert breach(graph, topology, went) == "", f"{walk.path} with {failures}"
        assert any(
            in_use(graph, failures, one).verdict(walk.path).allowed for one in graph.followed
        ), "what is lawful where gateways are passed is so where all that are open are"
        assert all(failures.spare(topology.fibre(name)) for name in walk.path.fibres)
        assert failures.gateways.isdisjoint(walk.gateways)


@FEW
@given(anyhow)
def test_no_order_of_failures_on_the_way_leads_to_an_unlawful_delivery(made: Served) -> None:
    topology, graph, _ = made
    for number, trip in enumerate(trips(graph.first)):
        assert breach(graph, topology, trip) == "", trip
        if number == MOST_TRIPS:
            break


@FEW
@given(served())
def test_decisions_lead_on_and_alternatives_are_at_the_same_hub_and_differ(made: Served) -> None:
    _, graph, _ = made
    done: set[Node] = set()

    def visit(node: Node | None, above: frozenset[Node]) -> None:
        if node is None or node in done:
            return
        assert node not in above, f"{node.hub} comes back to itself"
        for following in (node.otherwise, getattr(node, "then", None)):
            visit(following, above | {node})
        done.add(node)

    visit(graph.first, frozenset())
    for node in done:
        alternatives = list(node.alternatives)
        assert {one.hub for one in alternatives} == {node.hub}
        exits = [getattr(one, "fibre", type(one).__name__) for one in alternatives]
        assert len(set(exits)) == len(exits), exits


@FEW
@given(served_anew())
def test_what_is_known_to_have_failed_is_not_met(made: Served) -> None:
    topology, graph, known = made
    assume(graph.first is not None)
    failures = failures_of(topology, known)
    walk = trace_packet(graph, topology, failures)
    assert walk.delivered
    assert walk.found == ()
    for node in nodes(graph):
        assert not isinstance(node, Cross) or failures.spare(topology.fibre(node.fibre))
        assert not isinstance(node, Assess) or node.hub not in failures.gateways


@FEW
@given(served())
def test_while_all_is_well_a_packet_takes_the_route(made: Served) -> None:
    """Its state changes at gateways, or by what is crossed."""
    topology, graph, _ = made
    assert (graph.first is None) == (not isinstance(graph.route, PermittedPath))
    if isinstance(graph.route, PermittedPath):
        walk = trace_packet(graph, topology)
        assert walk.delivered
        assert (walk.path, walk.one_way_ns) == (graph.route.path, graph.route.one_way_ns)
    for node in nodes(graph):
        if isinstance(node, Assess):
            assert node.then.hub == node.hub
            assert node.then.state != node.state
        if isinstance(node, Cross):
            assert node.then.hub == topology.fibre(node.fibre).other_end(node.hub)


@FEW
@given(served())
def test_a_detour_around_a_dead_group_meets_no_more_of_it_where_it_can(made: Served) -> None:
    topology, graph, _ = made
    assume(isinstance(graph.route, PermittedPath) and "srlg" in graph.protection.over)
    assert isinstance(graph.route, PermittedPath)
    path = graph.route.path
    for srlg in topology.srlgs:
        dead = [srlg in topology.fibre(name).srlgs for name in path.fibres]
        if any(dead):
            found_at = dead.index(True)
            before = Path(path.hubs[: found_at + 1], path.fibres[:found_at])
            failures = failures_of(topology, [srlg])
            if lawful_rest(graph, topology, failures, before):
                walk = trace_packet(graph, topology, failures)
                assert walk.delivered
                assert walk.found == ((found_at, f"link:{path.fibres[found_at]}"),)


@FEW
@given(served(LINKS_ONLY))
def test_a_detour_around_dead_fibres_is_the_shortest_from_where_the_last_is_found(
    made: Served,
) -> None:
    topology, graph, _ = made
    assume(graph.first is not None)
    for names in up_to(graph.protection.k, elements(topology, ["link"])):
        walk = trace_packet(graph, topology, failures_of(topology, names))
        if walk.found:
            known = failures_of(topology, [dead.what for dead in walk.found])
            last = walk.found[-1].at
            every = rests_by_rank(graph, topology, known, walk, last)
            delays = [delay_ns for _, delay_ns in next(filter(None, every), ())]
            assert walk.delivered == bool(delays)
            assert not delays or walk.one_way_ns == min(delays)
