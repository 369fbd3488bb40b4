"""What switches say of their tables and ports, in the terms of a dump."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from corridor.controller.openflow import codec
from corridor.controller.openflow.counters import PortCounts
from corridor.controller.openflow.framework import ofproto, parser
from corridor.topologies.base.codec import JsonObject, to_plain


def plain_entry(stats: Any) -> JsonObject:
    """An entry with its counts, and its timeouts if it has any."""
    entry: JsonObject = {
        **to_plain(codec.flow_of(stats)),
        "packets": stats.packet_count,
        "bytes": stats.byte_count,
    }
    if stats.idle_timeout or stats.hard_timeout:
        entry["timeouts_s"] = [stats.idle_timeout, stats.hard_timeout]
    return entry


def plain_group(said: Any) -> Any:
    return to_plain(codec.group_of(said))


def meter_said(said: Any) -> Any:
    return to_plain(codec.meter_of(said))


def plain_counts(stats: Any) -> tuple[int, PortCounts]:
    """A port's number, and what went through it."""
    return stats.port_no, {
        "rx_packets": stats.rx_packets,
        "tx_packets": stats.tx_packets,
        "rx_bytes": stats.rx_bytes,
        "tx_bytes": stats.tx_bytes,
        "rx_dropped": stats.rx_dropped,
        "tx_dropped": stats.tx_dropped,
        "rx_errors": stats.rx_errors,
        "tx_errors": stats.tx_errors,
    }


type Part = tuple[Callable[[Any], Any], Callable[[Any], Any]]
"""How it is asked for, and what becomes of each item of an answer."""
TABLES: Mapping[str, Part] = {
    "switches": (parser.OFPFlowStatsRequest, plain_entry),
    "groups": (parser.OFPGroupDescStatsRequest, plain_group),
    "meters": (parser.OFPMeterConfigStatsRequest, meter_said),
}
PORTS: Mapping[str, Part] = {"ports": (parser.OFPPortStatsRequest, plain_counts)}


class Answers:
    """Parts of what switches say, each in as many messages as it takes."""

    def __init__(self, parts: Mapping[str, Part], dpids: Collection[int]) -> None:
        self._parts = parts
        self.said: dict[int, dict[str, list[Any]]] = {
            dpid: {part: [] for part in parts} for dpid in dpids
        }

    def take(self, dpid: int, part: str, message: Any) -> bool:
        """A message of an answer; whether it was the last."""
        plain = self._parts[part][1]
        self.said[dpid][part] += [plain(item) for item in message.body]
        return not message.flags & ofproto.OFPMPF_REPLY_MORE
