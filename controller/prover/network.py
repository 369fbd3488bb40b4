"""The network that tables sit in: which port leads where, who lives at a hub, what was declared."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from controller.program import Flow, LabelledPath, Program, SwitchProgram, Value
from controller.prover.headers import (
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV4,
    UNTAGGED,
    Box,
    Condition,
    box,
    in_order,
    is_exact,
)
from controller.prover.tables import Tables
from topologies.wiring import HOST_PORT, HubWire, Wiring


@dataclass(frozen=True)
class Cable:
    """What an OpenFlow port of a hub is one end of."""

    fibre: str
    far_hub: str
    far_port: int


_Slot = tuple[int, Value | None]
"""Table, and the port an entry matches or None."""


@dataclass(frozen=True)
class Rule:
    """An entry as a packet meets it. ``certain`` is False if part of its match has no meaning here:
    then it may also let pass what the rest of its match fits."""

    flow: Flow
    conditions: tuple[Condition, ...]
    certain: bool


class Lookup:
    """One switch's entries, by table and in the order a packet meets them."""

    def __init__(self, switch: SwitchProgram) -> None:
        self.groups = {group.id: group for group in switch.groups}
        self._rules: dict[_Slot, dict[Value | None, list[Rule]]] = {}
        self._met: dict[tuple[int, int, Value | None], tuple[Rule, ...]] = {}
        for flow in switch.flows:
            exact = {name: value for name, value in flow.match if is_exact(name, value)}
            certain = len(exact) == len(flow.match)
            in_port, label = exact.pop("in_port", None), exact.get("mpls_label")
            rule = Rule(flow, in_order(exact.items()), certain)
            by_label = self._rules.setdefault((flow.table, in_port), {})
            by_label.setdefault(label, []).append(rule)

    def rules(self, table: int, port: int, label: Value | None) -> tuple[Rule, ...]:
        """Entries that a packet from ``port`` may meet; ``label`` None stands for any or none."""
        key = (table, port, label)
        if key not in self._met:
            found: list[Rule] = []
            for in_port in (port, None):
                by_label = self._rules.get((table, in_port), {})
                for one in by_label if label is None else (label, None):
                    found += by_label.get(one, ())
            found.sort(key=lambda rule: -rule.flow.priority)
            self._met[key] = tuple(found)
        return self._met[key]


class Network:
    """Tables, wiring and the declared paths, with the questions that claims ask of them."""

    def __init__(self, tables: Tables, wiring: Wiring, intended: Program | None) -> None:
        self.tables = tables
        self.wiring = wiring
        self.intended = intended
        self.hosts: dict[str, HubWire] = {hub.hub: hub for hub in wiring.hubs}
        self.paths: tuple[LabelledPath, ...] = intended.paths if intended else ()
        self.cables: dict[tuple[str, int], Cable] = {}
        for fibre in wiring.fibres:
            for near, far in ((fibre.a, fibre.z), (fibre.z, fibre.a)):
                self.cables[near.hub, near.port] = Cable(fibre.fibre, far.hub, far.port)
        self.lookups = {
            hub: Lookup(tables.switches.get(hub) or SwitchProgram(hub, 0, ())) for hub in self.hosts
        }

    def with_switch(self, switch: SwitchProgram) -> Network:
        """The same network after one switch changed; what is known of the others is kept."""
        changed = copy(self)
        changed.tables = Tables({**self.tables.switches, switch.hub: switch}, self.tables.oddities)
        changed.lookups = {**self.lookups, switch.hub: Lookup(switch)}
        return changed

    @cached_property
    def ports(self) -> dict[str, tuple[int, ...]]:
        """Fibre ports of each hub."""
        found: dict[str, list[int]] = {hub: [] for hub in self.hosts}
        for hub, port in self.cables:
            found[hub].append(port)
        return {hub: tuple(sorted(ports)) for hub, ports in found.items()}

    @cached_property
    def paths_from(self) -> dict[str, tuple[LabelledPath, ...]]:
        found: dict[str, list[LabelledPath]] = {hub: [] for hub in self.hosts}
        for path in self.paths:
            found[path.hubs[0]].append(path)
        return {hub: tuple(paths) for hub, paths in found.items()}

    @cached_property
    def arrivals(self) -> frozenset[tuple[str, int, Value]]:
        """Hub, port and label of every declared path wherever it comes in by a fibre."""
        near = {(cable.fibre, hub): port for (hub, port), cable in self.cables.items()}
        return frozenset(
            (hub, near[fibre, hub], path.label)
            for path in self.paths
            for hub, fibre in zip(path.hubs[1:], path.fibres, strict=True)
        )

    def destinations(self, hub: str) -> tuple[HubWire, ...]:
        """Where a hub's host may send: by its declared paths, or anywhere if none are known."""
        if self.intended is None:
            return tuple(host for name, host in self.hosts.items() if name != hub)
        return tuple(self.hosts[path.hubs[-1]] for path in self.paths_from[hub])

    def binding(self, hub: str, target: HubWire) -> Box:
        """Every header a hub's host may send to ``target``."""
        host = self.hosts[hub]
        return box(
            vlan_vid=UNTAGGED,
            eth_type=ETH_IPV4,
            eth_src=host.host_mac,
            ipv4_src=host.host_ip,
            ipv4_dst=target.host_ip,
        )

    def question(self, hub: str, target: HubWire) -> Box:
        """Every header by which a hub's host may ask for the address of ``target``."""
        host = self.hosts[hub]
        return box(
            vlan_vid=UNTAGGED,
            eth_type=ETH_ARP,
            eth_src=host.host_mac,
            arp_op=ARP_REQUEST,
            arp_sha=host.host_mac,
            arp_spa=host.host_ip,
            arp_tpa=target.host_ip,
        )

    def allowed(self, hub: str) -> Iterable[Box]:
        for target in self.destinations(hub):
            yield self.binding(hub, target)
            yield self.question(hub, target)

    def leads_to(self, hub: str, port: int) -> str:
        """What a port is, in words."""
        if port == HOST_PORT:
            return f"host {self.hosts[hub].host}"
        cable = self.cables.get((hub, port))
        return f"{cable.fibre} to {cable.far_hub}" if cable else "nothing"
