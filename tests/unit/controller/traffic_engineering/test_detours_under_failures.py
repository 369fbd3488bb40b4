"""Joint path selection so that rates fit under failures of hubs and gateways, and under two."""

from __future__ import annotations

import pytest

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import KINDS, Specification, failures_of
from corridor.controller.traffic_engineering.failure_cases import FailureSets, numbers_of
from corridor.controller.traffic_engineering.fit_rates import Served, with_feasible_paths
from corridor.controller.traffic_engineering.lower_bounds import minimum_in
from corridor.controller.traffic_engineering.path_selection import select_paths
from policy_lab import fibre, hub, network, permit
from rates_lab import spec

LANES = network(
    [hub(name, "CN") for name in ("a", "m1", "m2", "m3", "m4", "z")],
    [
        fibre(f"{end}", delay_ms)
        for lane, delay_ms in (("m1", 1), ("m2", 2), ("m3", 3), ("m4", 4))
        for end in (f"a-{lane}", f"{lane}-z")
    ],
)
"""Four lanes of 1 Gbit/s from a to z, each longer than the one before."""


def full(specification: Specification):
    return Served(specification.topology, specification.intents()).too_full()


def path(specification: Specification, demand: str, *failed: str) -> tuple[str, ...]:
    topology = specification.topology
    intent = next(one for one in specification.intents() if one.id == demand)
    served = GraphBuilder(topology).graph(intent)
    return trace_packet(served, topology, failures_of(topology, failed)).path.fibres


def test_cases_are_things_alone_and_then_sets_of_them():
    risks = GraphBuilder(LANES).risks
    pair = frozenset({"link:a-m1", "gateway:m2"})
    cases = FailureSets(risks, risks.of_kinds({"link"}), [pair, pair, {"link:a-m1"}])
    assert len(cases.numbers) == len(LANES.fibres) + 1
    both = cases.numbers[-1]
    assert cases.named(both) == pair
    assert cases.number(pair) == both
    assert cases.number(()) is None
    assert [*numbers_of(cases.of(risks.bit("link", "a-m1")))] == [cases.numbers[0], both]
    assert cases.of(risks.bit("hub", "m1")) == 0, "hubs alone are none of them"
    dead = {risks.thing("link:a-m1", "a"), risks.thing("link:a-m1", "m1")}
    assert {*numbers_of(cases.dead(both))} == dead | {risks.thing("gateway:m2", "m2")}


TWO = {"x": ("600Mbit", "a", "z"), "y": ("600Mbit", "a", "z")}


def test_rates_are_made_to_fit_under_two_failures_by_further_detours():
    """Whichever two lanes are cut, each demand has one of the others to itself."""
    asked = spec(TWO, k=2, topology=LANES)
    assert full(asked)
    found = with_feasible_paths(asked, "added-delay")
    assert full(found) == []
    assert any(pick.after for one in found.directions for pick in one.picks)
    for first in range(1, 5):
        for other in range(first + 1, 5):
            failed = (f"link:a-m{first}", f"link:a-m{other}")
            paths = [set(path(found, name, *failed)) for name in TWO]
            assert not paths[0] & paths[1], failed


def test_without_further_detours_two_failures_lead_both_over_one_lane():
    found = with_feasible_paths(spec(TWO, k=2, topology=LANES), "added-delay")
    bare = tuple(
        one.model_copy(update={"picks": tuple(pick for pick in one.picks if not pick.after)})
        for one in found.directions
    )
    assert full(found.model_copy(update={"directions": bare}))


def test_what_nothing_fits_leaves_no_other_failure_unfitted():
    """Of a to z one lane is left when another hub dies: two rates do not fit it. Of p to t all fits
    if one takes the detour."""
    lanes = [fibre(name, 1) for name in ("a-m1", "m1-z", "a-m2", "m2-z")]
    distant = [
        fibre(name, delay) for name, delay in (("p-q", 1), ("q-t", 1), ("p-r", 5), ("r-t", 5))
    ]
    more = [fibre(name, delay) for name, delay in (("p-s", 7), ("s-t", 7))]
    hubs = [hub(name, "CN") for name in ("a", "m1", "m2", "z", "p", "q", "r", "s", "t")]
    topology = network(hubs, [*lanes, *distant, *more, fibre("z-p", 50)])
    rates = {**TWO, "v": ("600Mbit", "p", "t"), "w": ("600Mbit", "p", "t")}
    asked = spec(rates, k=1, topology=topology, over=("hub",))
    found = with_feasible_paths(asked, "added-delay")
    assert {one.failure for one in full(asked)} > {("hub:m1",)}
    assert {one.failure for one in full(found)} <= {("hub:m1",), ("hub:m2",)}
    served = Served(topology, asked.intents())
    choice = select_paths(topology, served.graphs, served.builder)
    assert choice.impossible == {frozenset({"hub:m1"}), frozenset({"hub:m2"})}


def test_what_no_choice_fits_is_told_from_what_one_might():
    asked = spec(TWO, k=2, topology=LANES)
    for failed, least in (((), 0.3), (("link:a-m1", "link:m4-z"), 0.6)):
        found = minimum_in(LANES, Served(LANES, asked.intents()).graphs, failed)
        assert found == pytest.approx((least, least), abs=1e-3)
    three = ("link:a-m1", "hub:m2", "link:m4-z")
    graphs = Served(LANES, asked.intents()).graphs
    assert minimum_in(LANES, graphs, three) is None, "no demand is protected against three failures"
    more = spec(TWO, k=3, topology=LANES, over=("link", "hub")).intents()
    found = minimum_in(LANES, Served(LANES, more).graphs, three)
    assert found == pytest.approx((1.2, 1.2), abs=1e-3)


def test_rates_fit_whichever_gateway_fails():
    """Both go through a gateway; where one is down, its demand finds room by another."""
    hubs = [hub(name, "CN", intl_gateway=name != "a") for name in "aghij"] + [hub("z", "PK")]
    lanes = [("g", 1), ("h", 2), ("i", 3), ("j", 4)]
    fibres = [fibre(f"a-{name}", delay) for name, delay in lanes]
    fibres += [fibre(f"{name}-z", delay) for name, delay in lanes]
    topology = network(hubs, fibres)
    assess = permit(hard={"waypoints": [{"any_of": "gateways", "before": "border"}]})
    asked = spec(TWO, k=1, topology=topology, over=KINDS)
    law = asked.policies.model_copy(update={"policies": (assess,)})
    asked = asked.model_copy(update={"policies": law})
    assert full(asked)
    found = with_feasible_paths(asked, "added-delay")
    assert full(found) == []
    for dead in ("gateway:g", "gateway:h", "hub:g", "link:a-g"):
        paths = [set(path(found, name, dead)) for name in TWO]
        assert not any(one.endswith("-z") for one in paths[0] & paths[1]), dead
