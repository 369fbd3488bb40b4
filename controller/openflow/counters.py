"""Packets that switches dropped, by reason, and sent, by demand, from their own counters. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from corridor.controller.forwarding.program import COOKIE_MAGIC, Reason


class PortCounts(TypedDict):
    """As OpenFlow counts, since the port is there. `tx` leaves the switch."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_dropped: int
    tx_dropped: int
    rx_errors: int
    tx_errors: int


class Drops(TypedDict):
    """Packets dropped, by reason: of all switches, and by hub where any were."""

    drops: dict[str, int]
    by_hub: dict[str, dict[str, int]]


class Sent(TypedDict):
    """What edges have sent for a demand since the epoch began."""

    packets: int
    bytes: int


def drops_by_reason(document: Mapping[str, Any]) -> Drops:
    """Packets dropped in the tables of a dump: of all switches, and by hub where any were."""
    total: dict[str, int] = {reason.name: 0 for reason in Reason if reason.is_drop}
    by_hub: dict[str, dict[str, int]] = {}
    for hub, flows in document["switches"].items():
        for flow in flows:
            name = _reason(flow["cookie"])
            if name is not None and name.startswith("DROP_") and flow["packets"]:
                total[name] += flow["packets"]
                here = by_hub.setdefault(hub, {})
                here[name] = here.get(name, 0) + flow["packets"]
    return {"drops": total, "by_hub": by_hub}


def sent_by_demand(document: Mapping[str, Any], demands: Sequence[str]) -> dict[str, Sent]:
    """Packets and bytes that edges have sent for demands, which are in the order of their
    numbers. Entries of a new epoch count from nothing."""
    sent: dict[str, Sent] = {demand: {"packets": 0, "bytes": 0} for demand in demands}
    for flows in document["switches"].values():
        for flow in flows:
            number = flow["cookie"] >> 32 & 0xFFFF
            if _reason(flow["cookie"]) == Reason.LABEL.name and 0 < number <= len(demands):
                here = sent[demands[number - 1]]
                here["packets"] += flow["packets"]
                here["bytes"] += flow["bytes"]
    return sent


def _reason(cookie: int) -> str | None:
    if cookie >> 48 != COOKIE_MAGIC:
        return None
    try:
        return Reason(cookie >> 16 & 0xFFFF).name
    except ValueError:
        return None
