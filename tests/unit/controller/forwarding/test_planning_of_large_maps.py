"""What planning asks of every hub and fibre for each destination is equal to its definition."""

from __future__ import annotations

import pytest

from corridor.controller.forwarding import forwarding_graph
from corridor.controller.forwarding.failure_hypotheses import Risks
from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.specification import KINDS
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import shortest_path_between

TOPOLOGY = load_topology("pan-asia")
DESTINATIONS = ("karachi", "singapore", "kunming")


@pytest.mark.parametrize("dst", DESTINATIONS)
def test_the_least_delay_to_a_destination_is_that_of_the_shortest_route(dst):
    floors = GraphBuilder(TOPOLOGY)._floor(dst)
    routes = {hub.id: shortest_path_between(TOPOLOGY, dst, hub.id) for hub in TOPOLOGY.hubs}
    assert floors == {hub: one.one_way_delay_ns for hub, one in routes.items() if one is not None}


def test_the_least_delays_take_one_search_for_each_destination(monkeypatch):
    searched = []
    real = forwarding_graph.shortest_tree
    monkeypatch.setattr(
        forwarding_graph, "shortest_tree", lambda *asked: searched.append(asked[1]) or real(*asked)
    )
    builder = GraphBuilder(TOPOLOGY)
    for dst in (*DESTINATIONS, *DESTINATIONS):
        builder._floor(dst)
    assert searched == list(DESTINATIONS)


@pytest.mark.parametrize("kinds", [(), ("link",), ("link", "srlg"), ("hub", "gateway"), KINDS])
@pytest.mark.parametrize("dst", DESTINATIONS)
def test_each_thing_found_dead_has_its_causes(kinds, dst):
    """The failure of the destination is none: then nothing is delivered anyway."""
    risks = Risks(TOPOLOGY)
    causes = risks.causes(frozenset(kinds), dst)
    for number, fibre in enumerate(TOPOLOGY.fibres):
        for thing, far in ((2 * number, fibre.z), (2 * number + 1, fibre.a)):
            names = {f"link:{fibre.id}", f"hub:{far}", *(f"srlg:{one}" for one in fibre.srlgs)}
            assert named(risks, causes[thing]) == over(kinds, names - {f"hub:{dst}"})
    gateways = causes[2 * len(TOPOLOGY.fibres) :]
    for hub, found in zip(TOPOLOGY.hubs, gateways, strict=True):
        assert named(risks, found) == over(kinds, {f"gateway:{hub.id}"})


def named(risks, causes):
    return {name for number, name in enumerate(risks.names) if causes >> number & 1}


def over(kinds, names):
    return {name for name in names if name.partition(":")[0] in kinds}
