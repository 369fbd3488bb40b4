"""Tables by what they do: packets go in at hubs, and come out where they should or nowhere."""

import json
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openflow_network import ARP, IPV4, IPV6, LLDP, VLAN_PRESENT, OpenFlowNetwork, Packet
from random_topologies import ordered_pairs, topologies

from controller.compiler import FIRST_LABEL, compile_paths
from controller.paths import Path, shortest_paths
from controller.program import FINAL_DROP, Program, Reason, Table, WiredLink
from topologies.errors import InputError
from topologies.load import load_topology
from topologies.values import from_plain, to_plain
from topologies.wiring import HOST_PORT, wire

BROADCAST = "ff:ff:ff:ff:ff:ff"


class Compiled:
    """A topology, the pairs it carries, their tables, and switches that hold them."""

    def __init__(self, graph, pairs):
        self.graph = graph
        self.wiring = wire(graph)
        self.paths = shortest_paths(graph, pairs)
        self.program = compile_paths(self.wiring, self.paths.values())
        self.network = OpenFlowNetwork(self.program, self.wiring)

    def undeclared(self):
        every = permutations([hub.id for hub in self.graph.hubs], 2)
        return [pair for pair in every if pair not in self.paths]

    def sources(self):
        return {src for src, _ in self.paths}

    def packet(self, src, dst, **changes):
        me, peer = self.wiring.hub(src), self.wiring.hub(dst)
        fields = {
            "eth_src": me.host_mac,
            "eth_dst": peer.host_mac,
            "eth_type": IPV4,
            "ipv4_src": me.host_ip,
            "ipv4_dst": peer.host_ip,
            "ip_proto": 17,
        }
        return Packet.of(**(fields | changes))

    def question(self, src, dst, **changes):
        me, target = self.wiring.hub(src), self.wiring.hub(dst)
        fields = {
            "eth_src": me.host_mac,
            "eth_dst": BROADCAST,
            "eth_type": ARP,
            "arp_op": 1,
            "arp_sha": me.host_mac,
            "arp_spa": me.host_ip,
            "arp_tha": "00:00:00:00:00:00",
            "arp_tpa": target.host_ip,
        }
        return Packet.of(**(fields | changes))


@st.composite
def compiled(draw):
    graph = draw(topologies())
    return Compiled(graph, draw(ordered_pairs(graph)))


def assert_dropped(fate, hub, reason):
    assert fate.dropped == [(hub, reason)], f"not dropped for {reason.name}:\n{fate}"
    assert fate.copies == 1, f"copies of it went elsewhere:\n{fate}"
    assert fate.fibres == [], f"it crossed {fate.fibres}:\n{fate}"


@given(compiled())
def test_every_declared_packet_comes_out_once_unchanged_along_exactly_its_path(made):
    for (src, dst), path in made.paths.items():
        sent = made.packet(src, dst)
        fate = made.network.send(src, sent)
        assert [hub for hub, _ in fate.delivered] == [dst], f"{src} to {dst}:\n{fate}"
        assert fate.copies == 1, f"{src} to {dst} left copies:\n{fate}"
        assert tuple(fate.fibres) == path.fibres, f"{src} to {dst} left its path:\n{fate}"
        arrived = fate.delivered[0][1]
        assert (arrived.fields, arrived.labels) == (sent.fields, ()), f"changed:\n{fate}"


@given(compiled())
def test_a_packet_ages_by_one_at_every_switch_but_the_last(made):
    for (src, dst), path in made.paths.items():
        arrived = made.network.send(src, made.packet(src, dst)).delivered[0][1]
        assert arrived.label_ttl == 64 - len(path.fibres)


@given(compiled())
def test_a_pair_nobody_declared_is_dropped_where_it_starts(made):
    for src, dst in made.undeclared():
        known = src in made.sources()
        reason = Reason.DROP_UNCLASSIFIED if known else Reason.DROP_NOT_ADMITTED
        assert_dropped(made.network.send(src, made.packet(src, dst)), src, reason)


FORGERIES = {
    "another's IP address": lambda made, me, other: {"ipv4_src": other.host_ip},
    "nobody's IP address": lambda made, me, other: {"ipv4_src": "192.0.2.1"},
    "another's MAC address": lambda made, me, other: {"eth_src": other.host_mac},
    "the switch's MAC address": lambda made, me, other: {"eth_src": me.switch_mac},
    "a VLAN tag": lambda made, me, other: {"vlan_vid": VLAN_PRESENT | 7},
    "a priority tag": lambda made, me, other: {"vlan_vid": VLAN_PRESENT},
}


@given(compiled(), st.sampled_from(sorted(FORGERIES)), st.data())
def test_a_forged_header_is_not_admitted(made, forgery, data):
    src, dst = data.draw(st.sampled_from(sorted(made.paths)))
    other = data.draw(st.sampled_from([h for h in made.wiring.hubs if h.hub != src]))
    change = FORGERIES[forgery](made, made.wiring.hub(src), other)
    fate = made.network.send(src, made.packet(src, dst, **change))
    assert_dropped(fate, src, Reason.DROP_NOT_ADMITTED)


@given(compiled(), st.sampled_from([IPV6, LLDP, 0x8100, 0x88A8, 0x8848, 0x0842]), st.data())
def test_a_host_may_send_nothing_but_ipv4_and_arp(made, eth_type, data):
    src = data.draw(st.sampled_from([hub.hub for hub in made.wiring.hubs]))
    packet = Packet.of(eth_type=eth_type, eth_src=made.wiring.hub(src).host_mac, eth_dst=BROADCAST)
    assert_dropped(made.network.send(src, packet), src, Reason.DROP_NOT_ADMITTED)


@given(compiled(), st.data())
def test_a_label_from_a_host_is_not_admitted_even_if_it_is_a_real_one(made, data):
    src, dst = data.draw(st.sampled_from(sorted(made.paths)))
    label = data.draw(st.sampled_from([path.label for path in made.program.paths] + [3, 2**20 - 1]))
    inside = made.packet(src, dst)
    labelled = Packet(inside.fields, (label,))
    assert_dropped(made.network.send(src, labelled), src, Reason.DROP_NOT_ADMITTED)


@given(compiled(), st.data())
def test_a_label_that_comes_by_another_port_than_its_paths_is_not_switched(made, data):
    path = data.draw(st.sampled_from(made.program.paths))
    src, dst = path.hubs[0], path.hubs[-1]
    labelled = Packet(made.packet(src, dst).fields, (path.label,))
    declared = set(zip(path.hubs[1:], path.fibres, strict=True))
    for fibre in made.wiring.fibres:
        for end in (fibre.a, fibre.z):
            fate = made.network.send(end.hub, labelled, port=end.port)
            if (end.hub, fibre.fibre) in declared:
                assert [hub for hub, _ in fate.delivered] == [dst], fate
            else:
                assert_dropped(fate, end.hub, Reason.DROP_NOT_SWITCHED)


@given(compiled(), st.integers(0, 2**20 - 1))
def test_a_label_nobody_gave_out_is_not_switched(made, label):
    if label in {path.label for path in made.program.paths}:
        return
    for fibre in made.wiring.fibres:
        stray = Packet.of(eth_type=IPV4, labels=(label,))
        fate = made.network.send(fibre.z.hub, stray, port=fibre.z.port)
        assert_dropped(fate, fibre.z.hub, Reason.DROP_NOT_SWITCHED)


@given(compiled())
def test_an_unlabelled_packet_on_a_fibre_is_not_admitted(made):
    src, dst = next(iter(made.paths))
    for fibre in made.wiring.fibres:
        for packet in (made.packet(src, dst), made.question(src, dst)):
            fate = made.network.send(fibre.a.hub, packet, port=fibre.a.port)
            assert_dropped(fate, fibre.a.hub, Reason.DROP_NOT_ADMITTED)


@given(compiled())
def test_the_switch_answers_for_every_declared_peer_and_asks_nobody(made):
    for src, dst in made.paths:
        me, peer = made.wiring.hub(src), made.wiring.hub(dst)
        fate = made.network.send(src, made.question(src, dst))
        assert len(fate.returned) == fate.copies == 1, fate
        assert fate.fibres == [], f"the question left its hub:\n{fate}"
        answer = dict(fate.returned[0][1].fields)
        assert answer == {
            "eth_src": peer.host_mac,
            "eth_dst": me.host_mac,
            "eth_type": ARP,
            "vlan_vid": 0,
            "arp_op": 2,
            "arp_sha": peer.host_mac,
            "arp_spa": peer.host_ip,
            "arp_tha": me.host_mac,
            "arp_tpa": me.host_ip,
        }


@given(compiled())
def test_nobody_answers_for_an_undeclared_peer(made):
    for src, dst in made.undeclared():
        fate = made.network.send(src, made.question(src, dst))
        assert_dropped(fate, src, Reason.DROP_NOT_ADMITTED)


@given(
    compiled(), st.sampled_from(["arp_sha", "arp_spa", "eth_src", "arp_op", "vlan_vid"]), st.data()
)
def test_a_question_in_anothers_name_is_not_answered(made, name, data):
    src, dst = data.draw(st.sampled_from(sorted(made.paths)))
    peer = made.wiring.hub(dst)
    forged = {
        "arp_sha": peer.host_mac,
        "arp_spa": peer.host_ip,
        "eth_src": peer.host_mac,
        "arp_op": 2,
        "vlan_vid": VLAN_PRESENT | 7,
    }
    fate = made.network.send(src, made.question(src, dst, **{name: forged[name]}))
    assert_dropped(fate, src, Reason.DROP_NOT_ADMITTED)


@given(compiled())
def test_lldp_goes_to_the_controller_from_fibres_and_nowhere_else(made):
    for fibre in made.wiring.fibres:
        for end in (fibre.a, fibre.z):
            fate = made.network.send(end.hub, Packet.of(eth_type=LLDP), port=end.port)
            assert (fate.to_controller, fate.copies) == ([end.hub], 1), fate


@given(compiled())
def test_every_table_of_every_switch_ends_in_one_drop_that_matches_all(made):
    for switch in made.program.switches:
        last = [flow for flow in switch.flows if flow.priority == 0]
        assert {flow.table: flow.reason for flow in last} == FINAL_DROP
        assert len(last) == len(Table)
        for flow in last:
            assert (flow.match, flow.actions, flow.goto) == ((), (), None), flow


@given(compiled())
def test_no_two_entries_are_the_same_to_a_switch(made):
    for switch in made.program.switches:
        twice = [key for key, n in Counter(flow.key for flow in switch.flows).items() if n > 1]
        assert twice == [], f"{switch.hub}: {twice}"


@given(compiled())
def test_every_path_has_a_label_of_its_own_outside_the_reserved_ones(made):
    labels = [path.label for path in made.program.paths]
    assert len(set(labels)) == len(labels) == len(made.paths)
    assert min(labels) >= FIRST_LABEL == 16


@given(compiled())
def test_the_declared_links_are_the_wiring_in_both_directions(made):
    dpid = {hub.hub: hub.dpid for hub in made.wiring.hubs}
    expected = set()
    for fibre in made.wiring.fibres:
        a, z = (dpid[fibre.a.hub], fibre.a.port), (dpid[fibre.z.hub], fibre.z.port)
        expected |= {WiredLink(*a, *z), WiredLink(*z, *a)}
    assert set(made.program.links) == expected
    assert len(made.program.links) == len(expected)


@given(compiled())
def test_a_program_survives_json(made):
    assert from_plain(Program, json.loads(json.dumps(to_plain(made.program)))) == made.program


@given(compiled())
def test_the_same_paths_give_the_same_program(made):
    again = compile_paths(wire(made.graph), made.paths.values())
    assert json.dumps(to_plain(again)) == json.dumps(to_plain(made.program))


def test_two_paths_for_one_pair_are_refused():
    wiring = wire(load_topology("mini"))
    direct = Path(("shanghai", "kunming"), ("shanghai-kunming",))
    detour = Path(("shanghai", "guian", "kunming"), ("shanghai-guian", "guian-kunming"))
    with pytest.raises(InputError, match="two paths join the same pair"):
        compile_paths(wiring, [direct, detour])


def test_every_host_port_is_port_one_and_no_fibre_uses_it():
    wiring = wire(load_topology("pan-asia"))
    ends = [end for fibre in wiring.fibres for end in (fibre.a, fibre.z)]
    assert HOST_PORT == 1
    assert all(end.port > HOST_PORT for end in ends)
    assert len({(end.hub, end.port) for end in ends}) == len(ends)
