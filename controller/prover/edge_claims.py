"""Claims about doors: what hosts and fibres may let into the network, and as what."""

from __future__ import annotations

from collections.abc import Iterator

from controller.program import Action, Flow
from controller.prover.claims import Breach, Claim, breach_of
from controller.prover.headers import (
    ARP_REPLY,
    ETH_ARP,
    ETH_IPV4,
    ETH_LLDP,
    ETH_MPLS,
    UNTAGGED,
    box,
    outside,
)
from controller.prover.network import Network
from controller.prover.reach import RESERVED_PORTS, End, Exploration, Step
from topologies.wiring import HOST_PORT


class ClosedWorld(Claim):
    id = "C1"
    sentence = "What no binding admits is dropped at the port it came in by, and nothing floods."

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        for flow, action in _every_action(network, hub):
            if action.kind == "output" and action.arguments[0] in RESERVED_PORTS:
                reserved = RESERVED_PORTS[int(action.arguments[0])]
                yield Breach(f"sends to {reserved}, out of control", hub, flow)

    def at_door(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        hub = seen.door.hub
        allowed = tuple(network.allowed(hub)) if seen.from_host else ()
        for step in seen.first:
            if step.end.is_drop:
                continue
            for rest in outside(step.packet.sent, allowed):
                headers = rest
                if not seen.from_host:
                    unlabelled = rest.cut("eth_type", ETH_MPLS)[1]
                    if unlabelled is None or _is_wiring_check(step):
                        continue
                    headers = unlabelled
                yield breach_of(seen, step, f"{_who(seen)} gets {_what(step)}", headers)


class Binding(Claim):
    id = "C2"
    sentence = "What a host sends carries its own addresses and gets the label of its own demand."

    def at_door(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        if not seen.from_host:
            return
        host = network.hosts[seen.door.hub]
        own_ipv4 = box(eth_src=host.host_mac, ipv4_src=host.host_ip)
        own_arp = box(eth_src=host.host_mac, arp_sha=host.host_mac, arp_spa=host.host_ip)
        for step in seen.first:
            yield from self._label(network, seen, step)
            if step.end.is_drop:
                continue
            for eth_type, own in ((ETH_IPV4, own_ipv4), (ETH_ARP, own_arp)):
                sent = step.packet.sent.cut("eth_type", eth_type)[0]
                for forged in outside(sent, (own,)) if sent else ():
                    said = f"{host.host} sends under another's address and gets {_what(step)}"
                    yield breach_of(seen, step, said, forged)
            if step.end is End.DELIVERED:
                yield from self._answer(network, seen, step)

    def _label(self, network: Network, seen: Exploration, step: Step) -> Iterator[Breach]:
        if step.packet.label is None or network.intended is None:
            return
        target = step.packet.sent.known.get("ipv4_dst")
        for path in network.paths_from[seen.door.hub]:
            destination = network.hosts[path.hubs[-1]].host_ip
            if destination == target and path.label != step.packet.label:
                said = (
                    f"packets to {path.hubs[-1]} get label {step.packet.label}, "
                    f"and that of their path is {path.label}"
                )
                yield breach_of(seen, step, said)

    def _answer(self, network: Network, seen: Exploration, step: Step) -> Iterator[Breach]:
        """An answer to ARP must say what is so; anything else sent back to the host is C1's."""
        asker, sent = network.hosts[seen.door.hub], step.packet.sent.known
        target = next(
            (host for host in network.hosts.values() if host.host_ip == sent.get("arp_tpa")), None
        )
        if sent.get("eth_type") != ETH_ARP or target is None:
            return
        truth = {
            "eth_src": target.host_mac,
            "eth_dst": asker.host_mac,
            "arp_op": ARP_REPLY,
            "arp_sha": target.host_mac,
            "arp_spa": target.host_ip,
            "arp_tha": asker.host_mac,
            "arp_tpa": asker.host_ip,
        }
        for name, value in truth.items():
            if step.packet.value(name) != value:
                said = f"the answer for {target.host} has a wrong {name}"
                yield breach_of(seen, step, said)


class Labels(Claim):
    id = "C3"
    sentence = "Labels are given at host ports only, one each; no tag or LLDP of a host survives."

    def in_switch(self, network: Network, hub: str) -> Iterator[Breach]:
        for flow, action in _every_action(network, hub):
            in_port = None if flow is None else dict(flow.match).get("in_port")
            if action.kind == "push_label" and in_port != HOST_PORT:
                yield Breach("gives labels elsewhere than at the host's port", hub, flow)
            if action.kind == "controller" and in_port in (None, HOST_PORT):
                yield Breach("sends what hosts may send to the controller", hub, flow)

    def at_door(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        for step in seen.every:
            if step.end is End.MISLABELLED:
                yield breach_of(seen, step, f"labels are not one deep: {step.note}")
            elif seen.from_host:
                yield from self._from_host(seen, step)
            else:
                yield from self._from_fibre(network, seen, step)

    def _from_host(self, seen: Exploration, step: Step) -> Iterator[Breach]:
        if step.end is End.CROSSED and step.packet.label is None:
            yield breach_of(seen, step, "a packet crosses a fibre without a label")
        elif step.end is End.DELIVERED and step.packet.may_be("eth_type", ETH_MPLS):
            yield breach_of(seen, step, "a packet reaches a host with its label on")
        elif step.end is End.TO_CONTROLLER:
            yield breach_of(seen, step, f"{_who(seen)} reaches the controller")
        if step.at == seen.door and not step.end.is_drop:
            sent = step.packet.sent
            for headers in (sent.cut("vlan_vid", UNTAGGED)[1], sent.cut("eth_type", ETH_MPLS)[0]):
                if headers is not None:
                    yield breach_of(seen, step, f"a tag of {_who(seen)} survives", headers)

    def _from_fibre(self, network: Network, seen: Exploration, step: Step) -> Iterator[Breach]:
        hub, port, before = seen.door.hub, seen.door.port, step.before.label
        labelled = step.before.may_be("eth_type", ETH_MPLS)
        if step.end.is_drop or _is_wiring_check(step):
            return
        if step.end is End.TO_CONTROLLER:
            yield breach_of(seen, step, "more than LLDP reaches the controller")
        elif not labelled and step.packet.label is not None:
            yield breach_of(seen, step, "gives a label to what a fibre brought unlabelled")
        elif labelled and network.intended and (hub, port, before) not in network.arrivals:
            said = f"accepts label {before or 'of any value'} that no declared path brings here"
            yield breach_of(seen, step, said)


def _every_action(network: Network, hub: str) -> Iterator[tuple[Flow | None, Action]]:
    """All actions of a switch, those of buckets without a flow."""
    held = network.tables.switches.get(hub)
    for flow in held.flows if held else ():
        for action in flow.actions:
            yield flow, action
    for group in held.groups if held else ():
        for bucket in group.buckets:
            for action in bucket.actions:
                yield None, action


def _is_wiring_check(step: Step) -> bool:
    return step.end is End.TO_CONTROLLER and step.packet.value("eth_type") == ETH_LLDP


def _who(seen: Exploration) -> str:
    return "the host" if seen.from_host else "a fibre's unlabelled packet"


def _what(step: Step) -> str:
    if step.end is End.CROSSED and step.to is not None:
        return f"onto the fibre to {step.to.hub}"
    return step.end.value
