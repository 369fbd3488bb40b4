"""Headers that hosts send for demands, each a packet of its own: fields by their OXM names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from corridor.controller.forwarding.program import Value
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.prover.tables.headers import ETH_IPV4, IP_PROTO, UNTAGGED
from corridor.topologies.model.wiring import Wiring

SOME_PORT = 49152
"""Stands for a port that a demand leaves open: the first of the dynamic ones (RFC 6335)."""
type Header = tuple[tuple[str, Value], ...]
"""Sorted by name."""


class Sent(NamedTuple):
    """One header of a demand."""

    number: int
    """Of the demand, from 1: what cookies call it."""
    intent: Intent
    selector: Selector
    header: Header


def sent_headers(intents: tuple[Intent, ...], wiring: Wiring) -> Iterator[Sent]:
    """One for each selector of each demand; what a selector leaves open is chosen."""
    for number, intent in enumerate(intents, start=1):
        for selector in intent.selectors:
            yield Sent(number, intent, selector, _header(intent, selector, wiring))


def _header(intent: Intent, selector: Selector, wiring: Wiring) -> Header:
    src, dst = (wiring.hub(hub) for hub in intent.pair)
    protocol = selector.protocol or "udp"
    fields: dict[str, Value] = {
        "vlan_vid": UNTAGGED,
        "eth_type": ETH_IPV4,
        "eth_src": src.host_mac,
        "eth_dst": dst.host_mac,
        "ipv4_src": src.host_ip,
        "ipv4_dst": dst.host_ip,
        "ip_dscp": 0,
        "ip_proto": IP_PROTO[protocol],
        f"{protocol}_src": selector.src_port or SOME_PORT,
        f"{protocol}_dst": selector.dst_port or SOME_PORT,
    }
    return tuple(sorted(fields.items()))
