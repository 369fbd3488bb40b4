"""The prover's sets of headers against single packets pushed through software switches.

The switches come from the specification and share no code with the prover. Tables are
correct or spoilt at random; every packet of a small net is sent from every host.

Whatever is dead, packets go where the prover says that they may, and its counterexamples do.
"""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.prover.search import headers
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.reach import End, Place, Step, steps_at
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, HOST_PORT
from mutants import MUTANTS
from openflow_network import ARP, IPV4, LLDP, MPLS, Fate, Packet
from prover_judge import Dead, Switches, broken_by, packet_of
from prover_worlds import Mesh, NotHereError, Spoilt, atlas_world, some_worlds, worlds
from spoiling import spoilt

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
VLAN_66 = 0x1000 | 66
STRANGER, NOWHERE = "02:00:00:00:00:66", "10.0.99.1"


def packets(net: Mesh, hub: str) -> list[Packet]:
    """Every mixture of own, others' and unassigned addresses, types and tags."""
    me = net.wiring.hub(hub)
    others = [(host.host_mac, host.host_ip) for host in net.wiring.hubs] + [(STRANGER, NOWHERE)]
    macs = [me.host_mac, STRANGER]
    made = []
    for mac, vlan, (to_mac, target) in product(macs, (0, VLAN_66), others):
        base = {"eth_src": mac, "vlan_vid": vlan}
        for source, dst in product((me.host_ip, NOWHERE), (to_mac, STRANGER)):
            fields = {"ipv4_src": source, "ipv4_dst": target, "ip_dscp": 46, "ip_proto": 17}
            fields |= {"udp_src": 1, "udp_dst": 2, "eth_dst": dst}
            made.append(Packet.of(**base, eth_type=IPV4, **fields))
        for op, sha, source in product((1, 2), macs, (me.host_ip, NOWHERE)):
            fields = {"arp_op": op, "arp_sha": sha, "arp_spa": source, "eth_dst": STRANGER}
            fields |= {"arp_tha": STRANGER, "arp_tpa": target}
            made.append(Packet.of(**base, eth_type=ARP, **fields))
    for vlan, kind in product((0, VLAN_66), (LLDP, 0x86DD)):
        made.append(Packet.of(eth_src=me.host_mac, eth_dst=STRANGER, vlan_vid=vlan, eth_type=kind))
    return made


def takes(step: Step, packet: Packet) -> bool:
    """Whether the headers of a step include this one packet."""
    fields = dict(packet.fields)
    sent = step.packet.sent
    return all(fields.get(name) == value for name, value in sent.equal) and not any(
        fields.get(name) == value for name, value in sent.unequal
    )


class Reach:
    """The prover's results for single packets."""

    def __init__(self, net: Mesh, held: Spoilt) -> None:
        self.network = Network(held.tables, net.wiring, net.topology, held.intents, held.intended)
        self._steps: dict[Place, tuple[Step, ...]] = {}

    def steps(self, door: Place, packet: Packet, *, intact: bool) -> list[Step]:
        """All that happens to this one packet, from the door on."""
        found, waiting, been = [], [door], set()
        while waiting:
            place = waiting.pop()
            been.add(place)
            if place not in self._steps:
                self._steps[place] = steps_at(self.network, place)
            for step in self._steps[place]:
                if takes(step, packet) and (step.without_failures or not intact):
                    found.append(step)
                    if step.to is not None and step.to not in been:
                        waiting.append(step.to)
        return found

    def predicted(self, steps: list[Step]) -> tuple[set, ...]:
        cables = self.network.cables
        delivered = {s for s in steps if s.end is End.DELIVERED}
        return (
            {(s.at.hub, s.packet.label) for s in delivered if s.at.port != HOST_PORT},
            {s.at.hub for s in delivered if s.at.port == HOST_PORT},
            {s.at.hub for s in steps if s.end is End.TO_CONTROLLER},
            {cables[s.at.hub, s.port].fibre for s in steps if s.end is End.CROSSED},
            {s.at.hub for s in steps if s.end is End.ASSESSED},
        )


def observed(fate: Fate) -> tuple[set, ...]:
    delivered = {(hub, one.labels[-1] if one.labels else None) for hub, one in fate.delivered}
    returned = {hub for hub, _ in fate.returned}
    return delivered, returned, set(fate.to_controller), set(fate.fibres), set(fate.gateways)


def failures(net: Mesh) -> list[Dead]:
    fibres = [one.fibre for one in net.wiring.fibres]
    gateways = frozenset(one.hub for one in net.wiring.hubs if one.gateway)
    some = [frozenset(cut) for k in (0, 1, 2) for cut in combinations(fibres, k)][:6]
    return [Dead(cut) for cut in some] + [Dead(gateways=gateways)] * bool(gateways)


@FEW
@given(st.data())
def test_single_packets_meet_what_the_prover_says(data):
    net = data.draw(worlds(most_demands=2))
    agree(net, data.draw(spoilt(net)))


def agree(net: Mesh, held: Spoilt) -> None:
    """Every packet of every host, with things dead: exactly so, or within the search."""
    reach, proof = Reach(net, held), net.prove(held)
    some = {hub.hub: packets(net, hub.hub) for hub in net.wiring.hubs}
    for dead in failures(net):
        switches = Switches(net, held, dead)
        intact = dead == Dead()
        for hub, sent in some.items():
            door = Place(hub, HOST_PORT, headers.Packet())
            for packet in sent:
                fate = switches.fate(hub, packet)
                if isinstance(fate, str):
                    # A loop, chance between entries, no last entry: none of it may be proven.
                    assert not proof.holds, fate
                    continue
                said = reach.predicted(reach.steps(door, packet, intact=intact))
                happened = observed(fate)
                if intact:
                    assert said == happened, f"{packet}\n{fate}"
                else:
                    for may, did in zip(said, happened, strict=True):
                        assert did <= may, f"{packet} with {dead}\n{fate}"


@FEW
@given(st.data())
def test_what_a_door_lets_in_meets_what_the_prover_says(data):
    """Fibres and gateways bring labels that are in use, one that is not, and any class."""
    net = data.draw(worlds())
    held = data.draw(spoilt(net))
    reach, switches = Reach(net, held), Switches(net, held, Dead())
    for hub, port in reach.network.doors:
        for label, tc in product([*net.labels(), 900_000], (0, 1, 3, 7)):
            inner = {"eth_src": STRANGER, "eth_dst": STRANGER, "eth_type": IPV4}
            packet = Packet((*Packet.of(**inner).fields,), (label,), 64, tc)
            outer = Packet.of(**(inner | {"eth_type": MPLS, "mpls_label": label, "mpls_tc": tc}))
            fate = switches.fate(hub, packet, port)
            if isinstance(fate, str):
                continue
            door = Place(hub, port, headers.Packet(label=label, tc=tc))
            said = reach.predicted(reach.steps(door, outer, intact=True))
            happened = observed(fate)
            assert said[2:] == happened[2:], f"{hub} port {port}: {packet}\n{fate}"
            assert {at for at, _ in said[0]} == {at for at, _ in happened[0]}, fate


@FEW
@given(st.data())
def test_a_proof_that_holds_is_true_of_every_packet(data):
    """Also for changed tables, if the change did not matter, except for C0."""
    net = data.draw(worlds())
    held = data.draw(spoilt(net))
    if {verdict.claim for verdict in net.prove(held).violated} - {"C0"}:
        return
    switches = Switches(net, held, Dead())
    served = {net.intents[n - 1].pair for n, _ in net.served()}
    by_ip = {host.host_ip: host for host in net.wiring.hubs}
    for host in net.wiring.hubs:
        for packet in packets(net, host.hub):
            fields = dict(packet.fields)
            own = fields["eth_src"] == host.host_mac and fields["vlan_vid"] == 0
            own = own and fields.get("ipv4_src") == host.host_ip
            target = by_ip.get(fields.get("ipv4_dst", ""))
            own = own and target is not None and fields["eth_dst"] == target.host_mac
            fate = switches.send(host.hub, packet)
            arrives = own and (host.hub, target.hub) in served
            assert [hub for hub, _ in fate.delivered] == ([target.hub] if arrives else []), fate
            assert arrives or not fate.fibres, f"{packet}\n{fate}"
            assert not fate.to_controller, f"{packet}\n{fate}"


JUDGED = {"C1", "C3", "C4", "C5", "C6", "C7", "C8", "C11", "C15", "T0"}
"""Claims of which a misrouted packet must break one. The software switches distinguish a label in
disorder, an entry by chance and a port with nothing on it only in words."""


@st.composite
def outages(draw: st.DrawFn, net: Mesh) -> Dead:
    """Anything may be dead, and switches may be wrong about their own ports."""
    fibres = [one.fibre for one in net.wiring.fibres]
    gateways = [one.hub for one in net.wiring.hubs if one.gateway]
    ports = [*net.ports, *((hub, GATEWAY_IN_PORT) for hub in gateways)]

    def some(things):
        return frozenset(draw(st.lists(st.sampled_from(things), max_size=3))) if things else ()

    return Dead(some(fibres), frozenset(some(gateways)), frozenset(some(ports)))


def few(net: Mesh) -> list[Dead]:
    """All sets of up to two dead fibres or gateways."""
    fibres = [(one.fibre, None) for one in net.wiring.fibres]
    gateways = [(None, one.hub) for one in net.wiring.hubs if one.gateway]
    return [
        Dead(
            frozenset(fibre for fibre, _ in some if fibre),
            frozenset(hub for _, hub in some if hub),
        )
        for k in (0, 1, 2)
        for some in combinations([*fibres, *gateways], k)
    ]


def wrongs(net: Mesh, held: Spoilt, dead: Dead) -> list[str]:
    """What breaks a claim of those that say how packets go."""
    switches = Switches(net, held, dead)
    found = []
    for intent in net.intents:
        for selector in intent.selectors:
            fate = switches.fate(intent.pair[0], packet_of(net, intent, selector))
            claim = "disorder" if isinstance(fate, str) else broken_by(net, intent, fate)
            if claim:
                found.append(f"{claim}: {intent.id} with {dead}\n{fate}")
    return found


@pytest.mark.parametrize("k", [0, 1, 2])
def test_correct_tables_keep_to_policies_whatever_two_things_are_dead(k):
    net = atlas_world(k)
    held = Spoilt(net.tables, net.program, net.intents)
    for dead in few(net):
        assert not wrongs(net, held, dead)


@FEW
@given(st.data())
def test_correct_tables_keep_to_policies_whatever_is_dead(data):
    net = data.draw(worlds())
    held = Spoilt(net.tables, net.program, net.intents)
    for _ in range(8):
        assert not wrongs(net, held, data.draw(outages(net)))


@settings(FEW, max_examples=60)
@given(st.data())
def test_where_packets_go_wrong_a_claim_is_violated(data):
    net = data.draw(some_worlds())
    held = data.draw(spoilt(net))
    violated = {verdict.claim for verdict in net.prove(held).violated}
    for _ in range(6):
        for wrong in wrongs(net, held, data.draw(outages(net))):
            claim = wrong.split(":")[0]
            if claim == "disorder":
                assert violated & JUDGED, wrong
            else:
                assert claim in violated, f"{sorted(violated)}\n{wrong}"


OF_PATHS = [
    name for name, (claim, _) in MUTANTS.items() if claim in ("C4", "C5", "C6", "C7", "C11")
]


@pytest.mark.parametrize("name", OF_PATHS)
def test_a_mutant_of_paths_sends_packets_wrong_while_something_is_dead(name):
    """So that its claim is not violated for nothing."""
    claim, mutation = MUTANTS[name]
    here = 0
    for k in (0, 1, 2):
        net = atlas_world(k)
        try:
            held = mutation(net)
        except NotHereError:
            continue
        here += 1
        goes_wrong = (wrong for dead in few(net) for wrong in wrongs(net, held, dead))
        assert any(wrong.split(":")[0] == claim for wrong in goes_wrong), f"k={k}"
    assert here
