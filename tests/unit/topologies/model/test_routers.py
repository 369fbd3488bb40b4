"""A topology as IPv4 routers: addresses and delays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routers import MOST_LINKS, router_network
from corridor.topologies.model.wiring import wire


def test_each_hub_is_a_router_and_each_fibre_a_link_with_a_prefix_of_two_addresses():
    topology = load_topology("mini")
    network = router_network(wire(topology, run_id="r"))
    assert [(one.hub, one.address) for one in network.routers] == [
        ("shanghai", "10.0.0.1"),
        ("guian", "10.0.0.2"),
        ("kunming", "10.0.0.3"),
        ("bangkok", "10.0.0.4"),
        ("karachi", "10.0.0.5"),
    ]
    assert [one.fibre for one in network.links] == [one.id for one in topology.fibres]
    third = network.links[2]
    assert (third.a.address, third.z.address) == ("172.16.0.4", "172.16.0.5")
    assert third.one_way_delay_ns == topology.fibres[2].one_way_delay_ns


def test_a_wiring_with_more_fibres_than_addresses_is_refused():
    wiring = wire(load_topology("mini"), run_id="r")
    many = replace(wiring, fibres=(wiring.fibres[0],) * (MOST_LINKS + 1))
    with pytest.raises(InputError, match="524289 fibres are more than links can have addresses"):
        router_network(many)
