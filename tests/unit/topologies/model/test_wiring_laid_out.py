"""What a topology becomes on the wire: names that fit, addresses that differ, shapes by hand."""

import ipaddress
import json

import pytest

from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import Wiring, in_flight_packets, queue_packets, wire
from random_topologies import fibre, topology

LONGEST_INTERFACE_NAME = 15


@pytest.fixture(scope="module")
def wiring():
    return wire(
        load_topology("pan-asia"), run_id="zzzz", gateways=frozenset({"bangkok", "karachi"})
    )


@pytest.mark.parametrize(
    ("rate_bps", "buffer_ms", "packets"),
    [
        (1_000_000_000, 20, 1648),  # 20 Mbit / 12144 bit = 1646.9, and the one being sent
        (40_000_000, 20, 67),
        (10_000_000, 0, 1),
        (10_000_000, 1, 2),
    ],
)
def test_a_queue_holds_the_buffer_in_full_frames_and_the_one_being_sent(
    rate_bps, buffer_ms, packets
):
    assert queue_packets(rate_bps, buffer_ms) == packets


def test_a_delay_line_holds_an_overload_of_ten_times_its_rate_in_the_smallest_frames_and_a_burst():
    # 10 Gbit/s over 10 ms: 100 Mbit in flight, 195312 frames of 512 bit.
    assert in_flight_packets(1_000_000_000, 10_000_000) == 195_312 + 20_000


def test_shapes_are_those_of_the_fibre_alike_in_both_directions_but_for_their_seeds():
    one = fibre("one", 0, 1, 7_000_000, capacity_gbps=0.04, capacity_basis="derived")
    (laid,) = wire(topology(2, [one]), buffer_ms=20, loss_ppm={"one": 2500}).fibres
    for shape in (laid.forward, laid.backward):
        assert (shape.one_way_delay_ns, shape.rate_bps) == (7_000_000, 40_000_000)
        assert (shape.queue_packets, shape.loss_ppm) == (67, 2500)
    assert laid.forward.seed != laid.backward.seed


def test_addresses_count_hubs_in_the_order_of_the_map(wiring):
    assert [hub.host_ip for hub in wiring.hubs[:3]] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_every_name_and_address_is_used_once(wiring):
    interfaces = [w.host_interface for w in wiring.hubs] + [w.switch_interface for w in wiring.hubs]
    macs = [hub.host_mac for hub in wiring.hubs] + [hub.switch_mac for hub in wiring.hubs]
    for laid in wiring.fibres:
        interfaces += [laid.a.interface, laid.z.interface]
        macs += [laid.a.mac, laid.z.mac]
    for gateway in (hub.gateway for hub in wiring.hubs if hub.gateway):
        interfaces += [gateway.in_interface, gateway.out_interface]
        macs += [gateway.in_mac, gateway.out_mac]
    for values in (
        interfaces,
        macs,
        [h.host_ip for h in wiring.hubs],
        [h.dpid for h in wiring.hubs],
    ):
        assert len(set(values)) == len(values)


def test_names_fit_the_kernel_even_with_the_most_hubs():
    one = fibre("f", 3998, 3999, 1)
    last = topology(4000, []).hubs[-1].id
    laid = wire(topology(4000, [one]), run_id="zzzz", gateways=frozenset({last}))
    gateway = laid.hubs[-1].gateway
    names = [hub.host_interface for hub in laid.hubs] + [laid.fibres[0].z.interface]
    names += [gateway.in_interface, gateway.out_interface]
    assert max(map(len, names)) <= LONGEST_INTERFACE_NAME


def test_addresses_are_private_unicast_and_locally_administered(wiring):
    network = ipaddress.ip_network("10.0.0.0/8")
    for hub in wiring.hubs:
        address = ipaddress.ip_address(hub.host_ip)
        assert address in network
        assert address not in (network.network_address, network.broadcast_address)
        assert int(hub.host_mac[:2], 16) & 0b11 == 0b10


def test_ports_of_a_switch_count_from_two_in_the_order_of_the_file():
    laid = wire(topology(3, [fibre("x", 0, 1, 1), fibre("y", 2, 0, 1), fibre("z", 0, 1, 1)]))
    assert [(f.a.port, f.z.port) for f in laid.fibres] == [(2, 2), (2, 3), (4, 3)]


def test_only_hubs_named_as_gateways_have_one(wiring):
    assert [hub.hub for hub in wiring.hubs if hub.gateway] == ["karachi", "bangkok"]


def test_a_gateway_at_an_unknown_hub_is_refused():
    with pytest.raises(InputError, match="no hub 'atlantis' to be a gateway"):
        wire(topology(2, []), gateways=frozenset({"atlantis"}))


def test_more_fibres_than_ports_at_a_hub_are_refused():
    wire(topology(2, [fibre(f"f{n}", 0, 1, 1) for n in range(254)]))
    with pytest.raises(InputError, match="more fibres than a switch has ports"):
        wire(topology(2, [fibre(f"f{n}", 0, 1, 1) for n in range(255)]))


def test_a_wiring_survives_json(wiring):
    assert from_plain(Wiring, json.loads(json.dumps(to_plain(wiring)))) == wiring


@pytest.mark.parametrize("run_id", ["", "fiver", "a-b", "a b", "../x"])
def test_a_run_id_that_would_not_fit_a_name_is_refused(run_id):
    with pytest.raises(InputError, match="1 to 4 letters or digits"):
        wire(topology(2, []), run_id=run_id)


def test_more_hubs_than_a_kernel_takes_are_refused():
    with pytest.raises(InputError, match="4001 hubs"):
        wire(topology(4001, []))
