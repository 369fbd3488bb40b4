"""Which hubs are one autonomous system, and how BGP is configured between systems."""

from __future__ import annotations

import re

from corridor.experiments.routing import bird
from corridor.experiments.routing.autonomous_systems import FIRST_NUMBER, systems_of
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routers import router_network
from corridor.topologies.model.wiring import wire


def test_each_domain_of_a_map_is_a_system_by_its_name():
    systems = systems_of(load_topology("mini"))
    assert [(one.number - FIRST_NUMBER, one.domain, one.hubs) for one in systems] == [
        (0, "nt@TH", ("bangkok",)),
        (1, "ptcl@PK", ("karachi",)),
        (2, "unstated@CN", ("shanghai", "guian", "kunming")),
    ]


def test_hubs_of_a_domain_that_only_other_domains_join_are_systems_of_their_own():
    topology = load_topology("pan-asia")
    systems = systems_of(topology)
    assert sorted(hub for one in systems for hub in one.hubs) == sorted(
        hub.id for hub in topology.hubs
    )
    assert len({one.number for one in systems}) == len(systems)
    assert len([one for one in systems if one.domain == "cu@CN"]) == 4
    of = {hub: one.number for one in systems for hub in one.hubs}
    domain = {hub: one.domain for one in systems for hub in one.hubs}
    for fibre in topology.fibres:
        joined = of[fibre.a] == of[fibre.z]
        assert joined == (domain[fibre.a] == domain[fibre.z]), fibre.id


def test_a_router_speaks_bgp_to_all_of_its_system_and_over_links_to_other_systems():
    topology = load_topology("mini")
    network, systems = router_network(wire(topology, run_id="r")), systems_of(topology)
    kunming = bird.configuration(network, network.routers[2], systems)
    inside = FIRST_NUMBER + 2
    assert re.findall(r"neighbor (\S+) as (\d+);", kunming) == [
        ("10.0.0.1", str(inside)),
        ("10.0.0.2", str(inside)),
        ("172.16.0.7", str(FIRST_NUMBER)),
        ("172.16.0.9", str(FIRST_NUMBER + 1)),
    ]
    bangkok = bird.configuration(network, network.routers[3], systems)
    assert "type ptp" not in bangkok
    assert re.findall(r"neighbor \S+ as (\d+);", bangkok) == [
        *(str(number) for number in EXPECTED_OF_BANGKOK),
    ]


EXPECTED_OF_BANGKOK = (FIRST_NUMBER + 2, FIRST_NUMBER + 2, FIRST_NUMBER + 1)


def test_ospf_of_a_system_has_only_links_between_its_routers():
    topology = load_topology("mini")
    network, systems = router_network(wire(topology, run_id="r")), systems_of(topology)
    text = bird.configuration(network, network.routers[2], systems)
    assert text.count("type ptp") == 2
    assert bird.configuration(network, network.routers[2]).count("type ptp") == 4
