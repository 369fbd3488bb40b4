"""What BIRD is told of a hub."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corridor.experiments.routing import bird
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routers import RouterNetwork, router_network
from corridor.topologies.model.wiring import wire


@pytest.fixture
def network() -> RouterNetwork:
    return router_network(wire(load_topology("mini"), run_id="r"))


def test_ospf_has_the_delay_of_each_fibre_of_a_hub_in_microseconds_as_its_cost(network):
    text = bird.configuration(network, network.routers[1])
    assert "router id 10.0.0.2;" in text
    assert "stubnet 10.0.0.2/32 { cost 0; };" in text
    costs = [line.strip() for line in text.splitlines() if "interface" in line]
    assert costs == [
        'interface "rs2p2" { type ptp; cost 12555; };',
        'interface "rs2p3" { type ptp; cost 3388; };',
    ]


def test_a_router_does_not_route_its_own_address(network):
    text = bird.configuration(network, network.routers[0])
    assert "export where net.len = 32 && net != 10.0.0.1/32;" in text


@pytest.mark.parametrize(
    ("delay_ns", "unit_us"),
    [(65_535_000, 1), (65_536_000, 2), (131_071_000, 5), (600_000_000, 10)],
)
def test_costs_are_in_the_smallest_unit_with_which_the_longest_fibre_fits(
    network, delay_ns, unit_us
):
    longest = replace(network.links[0], one_way_delay_ns=delay_ns)
    changed = replace(network, links=(longest, *network.links[1:]))
    assert bird.cost_unit_us(changed) == unit_us
    assert bird.cost(delay_ns, unit_us) <= bird.HIGHEST_COST


def test_a_fibre_without_delay_costs_one():
    assert bird.cost(0, 1) == 1


def test_files_of_a_daemon_are_in_its_own_folder():
    assert bird.words("/usr/sbin/bird") == (
        *("/usr/sbin/bird", "-f", "-c", "{folder}/bird.conf", "-s", "{folder}/bird.ctl"),
    )
