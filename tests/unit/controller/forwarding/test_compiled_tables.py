"""Tables by what they do: packets go in at hubs, and come out where they should or nowhere."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.forwarding.program import (
    FINAL_DROP,
    FIRST_PATH,
    Program,
    Reason,
    Table,
    WiredLink,
)
from corridor.controller.intent.intent import UNPROTECTED, Intent, Selector
from corridor.controller.policy.model import Bandwidth
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, HOST_PORT, wire
from openflow_network import ARP, IPV4, IPV6, LLDP, VLAN_PRESENT, Packet
from policy_lab import applicable_policies, corridor, demand, deny, permit
from random_topologies import shortest_paths, topologies
from tables_lab import BROADCAST, Laid, anything, laid

unprotected = laid(st.just(UNPROTECTED))


def assert_dropped(fate, hub, reason):
    assert fate.dropped == [(hub, reason)], f"not dropped for {reason.name}:\n{fate}"
    assert fate.copies == 1, f"copies of it went elsewhere:\n{fate}"
    assert fate.fibres == [], f"it crossed {fate.fibres}:\n{fate}"


@given(laid(), st.integers(1, 63))
def test_every_declared_packet_comes_out_once_unchanged_along_exactly_its_path(made, dscp):
    """Without policies that is the shortest. The packet ages by one at every switch but the last,
    and its host's DSCP is worth nothing."""
    assert made.paths == shortest_paths(made.graph, made.paths)
    for (src, dst), path in made.paths.items():
        sent = made.packet(src, dst)
        fate = made.network.send(src, sent)
        assert [hub for hub, _ in fate.delivered] == [dst], f"{src} to {dst}:\n{fate}"
        assert fate.copies == 1, f"{src} to {dst} left copies:\n{fate}"
        assert tuple(fate.fibres) == path.fibres, f"{src} to {dst} left its path:\n{fate}"
        arrived = fate.delivered[0][1]
        assert (arrived.fields, arrived.labels) == (sent.fields, ()), f"changed:\n{fate}"
        assert arrived.label_ttl == 64 - len(path.fibres)
        marked = made.network.send(src, made.packet(src, dst, ip_dscp=dscp)).delivered[0][1]
        assert dict(marked.fields)["ip_dscp"] == 0


@given(laid())
def test_what_nobody_declared_is_dropped_where_it_starts(made):
    """A pair of hubs, or a declared peer's address by another MAC."""
    for src, dst in made.undeclared():
        fate = made.network.send(src, made.packet(src, dst))
        assert_dropped(fate, src, Reason.DROP_UNCLASSIFIED)
    for src, dst in made.paths:
        for mac in (made.wiring.hub(src).host_mac, "02:00:00:00:00:66"):
            fate = made.network.send(src, made.packet(src, dst, eth_dst=mac))
            assert_dropped(fate, src, Reason.DROP_UNCLASSIFIED)


FORGERIES = {
    "another's IP address": (
        lambda made, me, other: {"ipv4_src": other.host_ip},
        Reason.DROP_SPOOFED_IP,
    ),
    "an unassigned IP address": (
        lambda made, me, other: {"ipv4_src": "192.0.2.1"},
        Reason.DROP_SPOOFED_IP,
    ),
    "another's MAC address": (
        lambda made, me, other: {"eth_src": other.host_mac},
        Reason.DROP_SPOOFED_MAC,
    ),
    "the switch's MAC address": (
        lambda made, me, other: {"eth_src": me.switch_mac},
        Reason.DROP_SPOOFED_MAC,
    ),
    "both of another": (
        lambda made, me, other: {"eth_src": other.host_mac, "ipv4_src": other.host_ip},
        Reason.DROP_SPOOFED_MAC,
    ),
    "a VLAN tag": (lambda made, me, other: {"vlan_vid": VLAN_PRESENT | 7}, Reason.DROP_TAGGED),
    "a priority tag": (lambda made, me, other: {"vlan_vid": VLAN_PRESENT}, Reason.DROP_TAGGED),
    "to everybody": (lambda made, me, other: {"eth_dst": BROADCAST}, Reason.DROP_BROADCAST),
}


@given(laid(), st.sampled_from(sorted(FORGERIES)), st.data())
def test_a_forged_header_is_dropped_by_its_name(made, forgery, data):
    src, dst = data.draw(st.sampled_from(sorted(made.paths)))
    other = data.draw(st.sampled_from([h for h in made.wiring.hubs if h.hub != src]))
    change, reason = FORGERIES[forgery]
    forged = made.packet(src, dst, **change(made, made.wiring.hub(src), other))
    assert_dropped(made.network.send(src, forged), src, reason)


TYPES = {
    IPV6: Reason.DROP_IPV6,
    LLDP: Reason.DROP_HOST_LLDP,
    0x8847: Reason.DROP_HOST_LABEL,
    0x8848: Reason.DROP_HOST_LABEL,
    0x8100: Reason.DROP_NOT_ADMITTED,
    0x88A8: Reason.DROP_NOT_ADMITTED,
    0x0842: Reason.DROP_NOT_ADMITTED,
}


@given(laid(), st.sampled_from(sorted(TYPES)), st.data())
def test_a_host_may_send_nothing_but_ipv4_and_arp(made, eth_type, data):
    hub = data.draw(st.sampled_from(made.wiring.hubs))
    packet = Packet.of(eth_type=eth_type, eth_src=hub.host_mac, eth_dst=BROADCAST)
    assert_dropped(made.network.send(hub.hub, packet), hub.hub, TYPES[eth_type])
    tagged = Packet.of(eth_type=eth_type, eth_src=hub.host_mac, vlan_vid=VLAN_PRESENT | 1)
    assert_dropped(made.network.send(hub.hub, tagged), hub.hub, Reason.DROP_TAGGED)


@given(laid(), st.data())
def test_a_label_from_a_host_is_not_admitted_even_if_it_is_a_real_one(made, data):
    src, dst = data.draw(st.sampled_from(sorted(made.paths)))
    label = data.draw(st.sampled_from([use.label for use in made.program.labels] + [3, 2**20 - 1]))
    labelled = Packet(made.packet(src, dst).fields, (label,))
    assert_dropped(made.network.send(src, labelled), src, Reason.DROP_HOST_LABEL)


@given(unprotected, st.data())
def test_a_label_that_comes_by_another_port_than_its_paths_is_not_switched(made, data):
    use = data.draw(st.sampled_from(made.program.labels))
    path = made.paths[use.hubs[0], use.hubs[-1]]
    assert path.hubs == use.hubs
    inside = made.packet(path.src, path.dst)
    labelled = Packet(inside.fields, (use.label,), label_tc=use.phase)
    declared = set(zip(path.hubs[1:], path.fibres, strict=True))
    for fibre in made.wiring.fibres:
        for end in (fibre.a, fibre.z):
            fate = made.network.send(end.hub, labelled, port=end.port)
            if (end.hub, fibre.fibre) in declared:
                assert [hub for hub, _ in fate.delivered] == [path.dst], fate
            else:
                assert_dropped(fate, end.hub, Reason.DROP_NOT_SWITCHED)


@given(laid(), st.integers(0, 2**20 - 1))
def test_a_label_nobody_gave_out_is_not_switched(made, label):
    if label in {use.label for use in made.program.labels}:
        return
    stray = Packet((("eth_type", IPV4),), (label,), label_tc=3)
    for fibre in made.wiring.fibres:
        fate = made.network.send(fibre.z.hub, stray, port=fibre.z.port)
        assert_dropped(fate, fibre.z.hub, Reason.DROP_NOT_SWITCHED)


@given(laid())
def test_a_fibre_lets_in_labels_and_lldp_to_the_controller_and_counts_other_drops(made):
    """BFD goes nowhere, and is not counted as dropped."""
    assert not Reason.BFD.is_drop
    src, dst = next(iter(made.paths))
    bfd = Packet.of(eth_type=IPV4, ip_proto=17, udp_dst=3784)
    for fibre in made.wiring.fibres:
        for packet in (made.packet(src, dst), made.question(src, dst)):
            fate = made.network.send(fibre.a.hub, packet, port=fibre.a.port)
            assert_dropped(fate, fibre.a.hub, Reason.DROP_NOT_ADMITTED)
        fate = made.network.send(fibre.a.hub, bfd, port=fibre.a.port)
        assert_dropped(fate, fibre.a.hub, Reason.BFD)
        for end in (fibre.a, fibre.z):
            fate = made.network.send(end.hub, Packet.of(eth_type=LLDP), port=end.port)
            assert (fate.to_controller, fate.copies) == ([end.hub], 1), fate


@given(laid())
def test_the_switch_answers_for_every_declared_peer_alone_and_asks_nobody(made):
    for src, dst in made.undeclared():
        fate = made.network.send(src, made.question(src, dst))
        assert_dropped(fate, src, Reason.DROP_SPOOFED_ARP)
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


@given(laid(), st.sampled_from(["arp_sha", "arp_spa", "eth_src", "arp_op", "vlan_vid"]), st.data())
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
    reason = Reason.DROP_TAGGED if name == "vlan_vid" else Reason.DROP_SPOOFED_ARP
    fate = made.network.send(src, made.question(src, dst, **{name: forged[name]}))
    assert_dropped(fate, src, reason)


@given(laid())
def test_a_program_is_one_that_switches_can_hold(made):
    every_table_of_every_switch_ends_in_one_drop_that_matches_all(made)
    no_two_entries_are_the_same_to_a_switch(made)
    equal_groups_of_a_direction_are_one_and_each_serves_one_direction(made)
    a_bucket_watches_the_port_it_sends_by(made)
    the_declared_links_are_the_wiring_in_both_directions(made)
    a_program_survives_json(made)


def every_table_of_every_switch_ends_in_one_drop_that_matches_all(made):
    for switch in made.program.switches:
        last = [flow for flow in switch.flows if flow.priority == 0]
        assert {flow.table: flow.reason for flow in last} == FINAL_DROP
        assert len(last) == len(Table)
        for flow in last:
            assert (flow.match, flow.actions, flow.goto) == ((), (), None), flow
            assert flow.reason.is_drop


def no_two_entries_are_the_same_to_a_switch(made):
    for switch in made.program.switches:
        twice = [key for key, n in Counter(flow.key for flow in switch.flows).items() if n > 1]
        assert twice == [], f"{switch.hub}: {twice}"


def equal_groups_of_a_direction_are_one_and_each_serves_one_direction(made):
    for switch in made.program.switches:
        buckets = {made_group.id: made_group.buckets for made_group in switch.groups}
        used = {
            (action.arguments[0], flow.policy)
            for flow in switch.flows
            for action in flow.actions
            if action.kind == "group"
        }
        assert sorted(number for number, _ in used) == sorted(buckets)
        assert len({(buckets[number], policy) for number, policy in used}) == len(switch.groups)


def a_bucket_watches_the_port_it_sends_by(made):
    for switch in made.program.switches:
        for made_group in switch.groups:
            assert len(made_group.buckets) > 1
            watched = [bucket.watch_port for bucket in made_group.buckets]
            assert len(set(watched)) == len(watched), "two buckets live and dead together"
            for bucket in made_group.buckets:
                last = bucket.actions[-1]
                if last.kind == "output":
                    assert last.arguments == (bucket.watch_port,)
                else:
                    assert last.kind == "in_port"


def the_declared_links_are_the_wiring_in_both_directions(made):
    dpid = {hub.hub: hub.dpid for hub in made.wiring.hubs}
    expected = set()
    for fibre in made.wiring.fibres:
        a, z = (dpid[fibre.a.hub], fibre.a.port), (dpid[fibre.z.hub], fibre.z.port)
        expected |= {WiredLink(*a, *z), WiredLink(*z, *a)}
    assert set(made.program.links) == expected
    assert len(made.program.links) == len(expected)


def a_program_survives_json(made):
    assert from_plain(Program, json.loads(json.dumps(to_plain(made.program)))) == made.program


@given(topologies(), st.sampled_from([0, 1]))
def test_no_demand_leaves_nothing_but_the_edge(graph, epoch):
    made = Laid(graph, (), epoch=epoch)
    assert made.program.labels == ()
    assert {flow.reason for switch in made.program.switches for flow in switch.flows} <= {
        *(reason for reason in Reason if reason.is_drop),
        *(Reason.ADMIT, Reason.BFD, Reason.BORDER, Reason.WIRING_CHECK),
    }


BY_PORT = {
    "stream": Selector("udp", None, 5000),
    "probe": Selector("udp", 862, 20_000),
    "bulk": Selector("tcp", None, 443),
}


def told_apart(*rules, **others):
    """West to Karachi thrice: under rules by default, or by name under others."""
    intents = []
    for name, selector in BY_PORT.items():
        about = demand("important").model_copy(update={"id": name})
        spoken = applicable_policies(*others.get(name, rules), about=about)
        intents.append(Intent(spoken, (selector,)))
    return Laid(corridor(), intents)


def test_two_demands_between_the_same_hubs_are_told_apart_by_their_ports():
    gates = [{"any_of": {"hubs": "kun"}}]
    made = told_apart(permit(), bulk=[permit(hard={"waypoints": gates})])
    fibres = {}
    for name, selector in BY_PORT.items():
        fate = made.network.send("west", made.packet("west", "karachi", selector))
        assert [hub for hub, _ in fate.delivered] == ["karachi"], fate
        fibres[name] = fate.fibres
    assert fibres["stream"] == fibres["probe"] == ["west-kash", "kash-gilgit", "gilgit-karachi"]
    assert fibres["bulk"] == ["west-kun", "kun-mandalay", "mandalay-mumbai", "mumbai-karachi"]


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_proto": 17, "udp_src": 5000, "udp_dst": 5001},
        {"ip_proto": 6, "tcp_src": 5000, "tcp_dst": 5000},
        {"ip_proto": 17, "udp_src": 862, "udp_dst": 20_001},
        {"ip_proto": 17},  # a later fragment has no ports
        {"ip_proto": 1},
    ],
)
def test_what_fits_no_demands_ports_is_dropped(fields):
    made = told_apart(permit())
    bare = {k: v for k, v in made.packet("west", "karachi").fields if not k.startswith("udp")}
    fate = made.network.send("west", Packet.of(**(bare | fields)))
    assert_dropped(fate, "west", Reason.DROP_UNCLASSIFIED)


def test_a_blocked_demand_is_dropped_by_name_and_number_beside_one_that_is_served():
    made = told_apart(permit(), probe=[permit(), deny()])
    served = made.network.send("west", made.packet("west", "karachi", BY_PORT["stream"]))
    assert [hub for hub, _ in served.delivered] == ["karachi"]
    blocked = made.network.send("west", made.packet("west", "karachi", BY_PORT["probe"]))
    assert_dropped(blocked, "west", Reason.DROP_BLOCKED)
    drops = [
        (switch.hub, flow.cookie >> 32 & 0xFFFF)
        for switch in made.program.switches
        for flow in switch.flows
        if flow.reason is Reason.DROP_BLOCKED
    ]
    assert drops == [("west", 2)], "the second demand's counter, where it starts"
    assert "probe" not in {use.demand for use in made.program.labels}


def test_a_blocked_demands_host_still_learns_where_its_peer_is():
    """So that what it sends is counted as blocked, not as an unanswered question."""
    made = told_apart(deny())
    fate = made.network.send("west", made.question("west", "karachi"))
    assert len(fate.returned) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Selector(), Selector()),
        (Selector(), Selector("udp", None, 5000)),
        (Selector("udp"), Selector("udp", None, 5000)),
        (Selector("udp", 862, None), Selector("udp", None, 5000)),
    ],
)
def test_demands_that_some_packet_fits_alike_are_refused(one, other):
    about = [demand().model_copy(update={"id": name}) for name in ("one", "other")]
    intents = [
        Intent(applicable_policies(permit(), about=spoken), (selector,))
        for spoken, selector in zip(about, (one, other), strict=True)
    ]
    with pytest.raises(InputError, match="one and other join the same hosts"):
        Laid(corridor(), intents)


def rates(**bandwidth):
    return [permit(soft={"bandwidth": bandwidth})]


def test_a_demand_with_a_rate_passes_a_meter_of_its_peak_and_others_pass_none():
    made = told_apart(permit(), stream=rates(cir="20Mbit", pir="40Mbit"), bulk=rates(cir="1500bit"))
    assert {
        switch.hub: [(meter.id, meter.rate_kbps, meter.burst_kbit) for meter in switch.meters]
        for switch in made.program.switches
        if switch.meters
    } == {"west": [(1, 40_000, 4_000), (3, 2, 1)]}
    for name, number in (("stream", 1), ("probe", None), ("bulk", 3)):
        fate = made.network.send("west", made.packet("west", "karachi", BY_PORT[name]))
        assert fate.metered == ([("west", number)] if number else [])


def test_a_rate_of_the_demand_itself_counts_instead_of_the_permits():
    asked = Bandwidth(cir="3Mbit")
    (rated,) = (Intent(applicable_policies(*rates(cir="20Mbit")), bandwidth=asked),)
    (meter,) = (m for s in Laid(corridor(), [rated]).program.switches for m in s.meters)
    assert meter.rate_kbps == 3_000


def test_equal_paths_to_one_end_share_no_label_but_may_share_groups():
    graph = load_topology("mini")
    ends = [hub.id for hub in graph.hubs]
    made = Laid(graph, anything(graph, [(src, dst) for src in ends for dst in ends if src != dst]))
    labels = [use.label for use in made.program.labels]
    assert len(set(labels)) == len(labels) == len(made.paths)
    assert min(labels) & 0x1FFFF == FIRST_PATH == 16


def test_every_host_port_is_port_one_and_no_fibre_uses_it_or_a_gateways():
    wiring = wire(load_topology("pan-asia"))
    ends = [end for fibre in wiring.fibres for end in (fibre.a, fibre.z)]
    assert HOST_PORT == 1
    assert all(HOST_PORT < end.port < GATEWAY_IN_PORT for end in ends)
    assert len({(end.hub, end.port) for end in ends}) == len(ends)
