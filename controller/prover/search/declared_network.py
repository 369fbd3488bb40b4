"""The network that tables sit in: which port leads where, who lives at a hub, what was declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.forwarding.program import Flow, Program, SwitchProgram, Table
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.search.declared_demands import Demand, Witness, witnesses
from corridor.controller.prover.search.headers import ARP_REQUEST, ETH_ARP, UNTAGGED, Box, box
from corridor.controller.prover.search.lookup import Lookup
from corridor.controller.prover.search.tables import Tables
from corridor.topologies.model.addresses import Family
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Topology
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HostEnd,
    HubWire,
    Wiring,
)


@dataclass(frozen=True)
class Cable:
    """What an OpenFlow port of a hub is one end of."""

    fibre: str
    far_hub: str
    far_port: int
    over_border: bool
    """Whether it leaves, touches or may leave the jurisdiction of one of its ends."""


class Network:
    """Tables, wiring and demands, with the questions that claims ask of them."""

    def __init__(
        self,
        tables: Tables,
        wiring: Wiring,
        topology: Topology,
        intents: Sequence[Intent],
        intended: Program | None = None,
        failures: Failures = NO_FAILURES,
        resting: frozenset[int] = frozenset(),
        *,
        others: bool = False,
    ) -> None:
        """``resting``: labels that ports may let in although no host's port gives them. ``others``:
        the tables are those of another controller, with a different structure."""
        self.tables = tables
        self.wiring = wiring
        self.topology = topology
        self.intended = intended
        self.failures = failures
        self.resting = resting
        self.others = others
        self.hubs: dict[str, HubWire] = {hub.hub: hub for hub in wiring.hubs}
        self.hosts: dict[str, HostEnd] = {host.name: host for host in wiring.hosts}
        self.host_at = {(host.hub, host.port): host for host in wiring.hosts}
        self.demands = tuple(
            Demand(number, intent, topology, self.hosts, failures)
            for number, intent in enumerate(intents, start=1)
        )
        self.cables: dict[tuple[str, int], Cable] = {}
        for fibre in wiring.fibres:
            over = is_over_border(topology, topology.fibre(fibre.fibre))
            for near, far in ((fibre.a, fibre.z), (fibre.z, fibre.a)):
                self.cables[near.hub, near.port] = Cable(fibre.fibre, far.hub, far.port, over)
        self.lookups = {
            hub: Lookup(tables.switches.get(hub) or SwitchProgram(hub, 0, ())) for hub in self.hubs
        }

    def with_tables(
        self,
        tables: Tables,
        lookups: Mapping[str, Lookup],
        intended: Program | None,
        failures: Failures,
        resting: frozenset[int],
    ) -> Network:
        """The same demands and the same wiring with other tables; ``lookups`` are of switches whose
        tables differ."""
        changed = copy(self)
        changed.tables, changed.lookups = tables, {**self.lookups, **lookups}
        changed.intended, changed.resting = intended, resting
        changed.failures = failures
        return changed

    def with_demands(self, intents: Sequence[Intent], known: Sequence[Network]) -> Network:
        """The same for intents of the same packets. Demands are those of the first ``known`` one
        with an equal intent, while what has failed here is known to have failed."""
        changed = copy(self)
        changed.__dict__.pop("demands_from", None)
        changed.demands = tuple(
            self._demand(number, intent, [one.demands[number - 1] for one in known])
            for number, intent in enumerate(intents, start=1)
        )
        pairs = zip(changed.demands, self.demands, strict=True)
        if any(one.permits is not other.permits for one, other in pairs):
            changed.__dict__.pop("witnesses", None)
        return changed

    def _demand(self, number: int, intent: Intent, known: Sequence[Demand]) -> Demand:
        for one in known:
            if one.intent == intent:
                return one.without(self.failures)
        return Demand(number, intent, self.topology, self.hosts, self.failures)

    def held(self, hub: str) -> SwitchProgram:
        return self.tables.switches.get(hub) or SwitchProgram(hub, 0, ())

    @cached_property
    def doors(self) -> tuple[tuple[str, int], ...]:
        """Hub and port of everything but hosts that can bring packets in."""
        ports: dict[str, list[int]] = {hub: [] for hub in self.hubs}
        for hub, port in self.cables:
            ports[hub].append(port)
        for hub, wire in self.hubs.items():
            if wire.gateway is not None:
                ports[hub] += [GATEWAY_IN_PORT, GATEWAY_OUT_PORT]
        return tuple((hub, port) for hub, found in ports.items() for port in sorted(found))

    @cached_property
    def demands_from(self) -> Mapping[str, tuple[Demand, ...]]:
        """By the name of the host that sends them."""
        found: dict[str, list[Demand]] = {host: [] for host in self.hosts}
        for demand in self.demands:
            found[demand.hosts[0]].append(demand)
        return {host: tuple(demands) for host, demands in found.items()}

    @cached_property
    def answers_to(self) -> Mapping[str, frozenset[str]]:
        """By host, what the answers to each of its demands are called."""
        return {
            host: frozenset(demand.id + RETURN for demand in demands)
            for host, demands in self.demands_from.items()
        }

    @cached_property
    def witnesses(self) -> tuple[Witness, ...]:
        """What each policy that restricts or denies keeps some demand from."""
        return tuple(witnesses(self.demands))

    def questions(self, name: str) -> Iterator[Box]:
        """Every header by which a host may ask for the address of one it has data for, by ARP:
        hosts know their neighbours of IPv6."""
        host = self.hosts[name]
        asking = (one for one in self.demands_from[name] if one.intent.family == "ipv4")
        for dst in dict.fromkeys(demand.hosts[1] for demand in asking):
            yield box(
                vlan_vid=UNTAGGED,
                eth_type=ETH_ARP,
                eth_src=host.host_mac,
                arp_op=ARP_REQUEST,
                arp_sha=host.host_mac,
                arp_spa=host.host_ip,
                arp_tpa=self.hosts[dst].host_ip,
            )

    def families(self, name: str) -> tuple[Family, ...]:
        """Those of the addresses by which a host may send."""
        sends = any(demand.intent.family == "ipv6" for demand in self.demands_from[name])
        return ("ipv4", "ipv6") if sends else ("ipv4",)

    def serves(self, flow: Flow) -> str:
        """The demand that an entry says it serves; empty where it says none that is known."""
        known = not self.others and 0 < flow.policy <= len(self.demands)
        return self.demands[flow.policy - 1].id if known else ""

    def marks(self, matched: Iterable[Flow]) -> int:
        """The DSCP of the demand whose entries a host's packet met; 0 if none is known."""
        for flow in matched:
            if flow.table == Table.CLASSIFY and 0 < flow.policy <= len(self.demands):
                return self.demands[flow.policy - 1].intent.dscp
        return 0

    def leads_to(self, hub: str, port: int) -> str:
        """What a port is, in words."""
        if (hub, port) in self.host_at:
            return f"host {self.host_at[hub, port].host}"
        if port in (GATEWAY_IN_PORT, GATEWAY_OUT_PORT):
            return "the gateway" if self.hubs[hub].gateway else "a gateway that is not there"
        cable = self.cables.get((hub, port))
        return f"{cable.fibre} to {cable.far_hub}" if cable else "nothing"


def is_over_border(topology: Topology, fibre: Fibre) -> bool:
    """Whether something of a fibre is, or may be, outside the jurisdiction of one of its ends."""
    touched = {topology.hub(end).located_in for end in fibre.ends} | {*fibre.crosses}
    touched.update(one.code for one in fibre.may_cross)
    return len(touched) > 1 or UNKNOWN_JURISDICTION in touched
