"""One intent as the prover needs it: its packets, and which of its permits they still satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property

from corridor.controller.forwarding.program import Value
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.policy.semantics import NO_FAILURES, Failures, ranked
from corridor.controller.prover.search.declared_permits import Permits
from corridor.controller.prover.search.headers import ETH_IPV4, IP_PROTO, UNTAGGED, Box, box
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HubWire

SOME_PORT = 49152
"""Stands for a port that a demand leaves open: the first of the dynamic ones (RFC 6335)."""


class Demand:
    """One direction of what policies were asked for."""

    def __init__(
        self,
        number: int,
        intent: Intent,
        topology: Topology,
        hosts: Mapping[str, HubWire],
        failures: Failures = NO_FAILURES,
    ) -> None:
        self.number = number
        """Its place among the intents, from 1: what cookies call it."""
        self.intent = intent
        self.id = intent.id
        self.src, self.dst = intent.pair
        self.packets = tuple(
            _packets(hosts[self.src], hosts[self.dst], selector) for selector in intent.selectors
        )
        """Every header that its host may send for it."""
        self.permits = Permits(intent.applicable_policies, topology)
        self._topology = topology
        self._failures = failures

    def without(self, failures: Failures) -> Demand:
        """Return the same demand while other things are known to have failed."""
        if failures == self._failures:
            return self
        other = copy(self)
        other._failures = failures  # noqa: SLF001 - of a copy
        other.__dict__.pop("is_blocked", None)
        return other

    @cached_property
    def is_blocked(self) -> bool:
        """Whether no path is lawful without what is known to have failed."""
        return self.permits.refused is not None or self.permits.shortest(self._failures) is None

    @cached_property
    def has_choice(self) -> bool:
        """Whether some permit is tried before another."""
        return len(ranked(self.intent.applicable_policies.automata)) > 1

    def passed_over(self, permit_state: int, kept_off: Failures = NO_FAILURES) -> str | None:
        """Return a permit that is tried before all that allow a delivery, and has a path that
        meets nothing of ``kept_off``; None if none does."""
        automata, allowing = (
            self.intent.applicable_policies.automata,
            self.permits.allowing(permit_state),
        )
        down = self._failures.and_also(kept_off)
        for rank in ranked(automata):
            if not allowing.isdisjoint(rank):
                return None
            some = tuple(automata[one] for one in rank)
            if Permits(self.intent.applicable_policies, self._topology, some).shortest(down):
                return some[0].permit.id
        return None

    def __str__(self) -> str:
        return f"{self.id} from {self.src} to {self.dst}"


def _packets(src: HubWire, dst: HubWire, selector: Selector) -> Box:
    return box(**_bound(src, dst, selector))


def some_packet(src: HubWire, dst: HubWire, selector: Selector) -> dict[str, Value]:
    """The header of one packet that a host sends by a selector, by OXM names; what the selector
    leaves open is chosen."""
    protocol = selector.protocol or "udp"
    chosen: dict[str, Value] = {
        "ip_dscp": 0,
        "ip_proto": IP_PROTO[protocol],
        f"{protocol}_src": SOME_PORT,
        f"{protocol}_dst": SOME_PORT,
    }
    return chosen | _bound(src, dst, selector)


def _bound(src: HubWire, dst: HubWire, selector: Selector) -> dict[str, Value]:
    """What all packets of a selector have in common."""
    fields: dict[str, Value] = {
        "vlan_vid": UNTAGGED,
        "eth_type": ETH_IPV4,
        "eth_src": src.host_mac,
        "eth_dst": dst.host_mac,
        "ipv4_src": src.host_ip,
        "ipv4_dst": dst.host_ip,
    }
    if selector.protocol is not None:
        fields["ip_proto"] = IP_PROTO[selector.protocol]
        for end, port in (("src", selector.src_port), ("dst", selector.dst_port)):
            if port is not None:
                fields[f"{selector.protocol}_{end}"] = port
    return fields
