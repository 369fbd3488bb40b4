"""Assertions ask the tables; brute force asks the decisions that tables were made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.forwarding_graph import Assess, Cross
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.intent import ALL_KINDS
from corridor.controller.intent.specification import elements, failures_of, up_to
from corridor.controller.policy.model import PolicySet
from corridor.controller.testing import (
    CorridorNetwork,
    DemandUnderTest,
    assert_delivers_under,
    assert_delivers_up_to,
    assert_never_transits,
    assert_passes,
    assert_stays_within,
    assert_within,
)
from corridor.topologies.base.units import format_duration
from paths_lab import Served, nodes, served, trips
from policy_lab import CLASSES, TODAY

FEW = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
CODES = ("CN", "HK", "PK")
kinds = st.lists(st.sampled_from(ALL_KINDS), min_size=1, unique=True)


def under_test(made: Served) -> DemandUnderTest:
    assume(made.graph.first is not None)
    rules = PolicySet(name="lab", classes=CLASSES)
    return DemandUnderTest(CorridorNetwork(made.topology, rules, TODAY), made.graph)


def holds(assertion: Callable[..., None], *arguments: Any, **more: Any) -> bool:
    try:
        assertion(*arguments, **more)
    except AssertionError:
        return False
    return True


def touched(made: Served, *, ends: bool) -> set[str]:
    """Every jurisdiction that a packet may touch by some decision."""
    topology, graph, _ = made
    pair = graph.intent.pair
    found = {topology.hub(hub).located_in for hub in pair} if ends else set()
    for node in nodes(graph):
        if isinstance(node, Cross):
            fibre = topology.fibre(node.fibre)
            found |= {*fibre.crosses} | {one.code for one in fibre.may_cross}
            found |= {topology.hub(hub).located_in for hub in {node.then.hub} - {*pair}}
    return found


@FEW
@given(served(), st.sampled_from(CODES))
def test_never_transits_agrees_with_every_decision(made: Served, code: str) -> None:
    demand = under_test(made)
    assert holds(assert_never_transits, demand, code) == touched(made, ends=False).isdisjoint(
        {code, "XX"}
    )


@FEW
@given(served(), st.lists(st.sampled_from(CODES), min_size=1, unique=True))
def test_stays_within_agrees_with_every_decision(made: Served, codes: list[str]) -> None:
    demand = under_test(made)
    assert holds(assert_stays_within, demand, *codes) == (touched(made, ends=True) <= {*codes})


@FEW
@given(served(), st.data())
def test_passes_agrees_with_every_trip(made: Served, data: st.DataObject) -> None:
    demand = under_test(made)
    topology, graph, _ = made
    hub = data.draw(st.sampled_from([one.id for one in topology.hubs]))
    gated = visited = True
    for trip in trips(graph.first):
        taken = [node for node, alive in trip if alive]
        gated &= any(
            isinstance(node, Assess) and topology.hub(node.hub).intl_gateway for node in taken
        )
        visited &= hub in {node.hub for node in taken}
    assert holds(assert_passes, demand, "gateways") == gated
    assert holds(assert_passes, demand, hub) == visited


@FEW
@given(served(), st.integers(0, 2), kinds)
def test_delivery_and_delay_agree_with_every_set_of_failures(
    made: Served, k: int, over: list[str]
) -> None:
    demand = under_test(made)
    topology, graph, _ = made
    ends = {f"hub:{hub}" for hub in graph.intent.pair}
    lost, slowest_ns = False, 0
    for names in up_to(k, [name for name in elements(topology, over) if name not in ends]):
        walk = trace_packet(graph, topology, failures_of(topology, names))
        assert holds(assert_delivers_under, demand, names) == walk.delivered
        lost |= not walk.delivered
        if walk.delivered:
            slowest_ns = max(slowest_ns, walk.one_way_ns)
    assert holds(assert_delivers_up_to, demand, k, over=over) == (not lost)
    for within_ns in (slowest_ns, slowest_ns - 1):
        expected = within_ns >= slowest_ns
        within = format_duration(within_ns)
        assert holds(assert_within, demand, within, up_to=k, over=over) == expected
