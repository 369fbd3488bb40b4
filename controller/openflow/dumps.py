"""What switches report about their tables and ports, as the items of ``Said``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from corridor.controller.forwarding.program import COOKIE_MAGIC
from corridor.controller.openflow.counters import PortCounts
from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.openflow.table_dump import unread, unread_part


def _as_read(item: Any) -> Any:
    return item


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


def _entries_of_ours(datapath: Any) -> Any:
    cookie, mask = COOKIE_MAGIC << 48, 0xFFFF << 48
    anything = (ofproto.OFPTT_ALL, ofproto.OFPP_ANY, ofproto.OFPG_ANY)
    return parser.OFPFlowStatsRequest(datapath, 0, *anything, cookie, mask, parser.OFPMatch())


def _how_many(datapath: Any) -> Any:
    anything = (ofproto.OFPTT_ALL, ofproto.OFPP_ANY, ofproto.OFPG_ANY)
    return parser.OFPAggregateStatsRequest(datapath, 0, *anything, 0, 0, parser.OFPMatch())


def _count_said(stats: Any) -> int:
    return int(stats.flow_count)


type Part = tuple[Callable[[Any], Any], Callable[[Any], Any]]
"""How it is asked for, and the outcome of each item of an answer."""
ENTRIES, COUNT = "switches", "count"
_COUNT: Mapping[str, Part] = {COUNT: (_how_many, _count_said)}
TABLES: Mapping[str, Part] = {
    ENTRIES: (parser.OFPFlowStatsRequest, _as_read),
    "groups": (parser.OFPGroupDescStatsRequest, _as_read),
    "meters": (parser.OFPMeterConfigStatsRequest, _as_read),
    **_COUNT,
}
"""The number of entries comes last: a framework logs and drops a message of which it cannot read a
part, with what else was in it, and switches answer one request after the other."""
OURS: Mapping[str, Part] = {ENTRIES: (_entries_of_ours, _as_read), **_COUNT}
"""Entries of the product's own alone, which are always read, and the number of all."""
PORTS: Mapping[str, Part] = {"ports": (parser.OFPPortStatsRequest, plain_counts)}


class Answers:
    """Parts of what switches say, each in as many messages as it takes. Once a switch says how many
    entries it holds, what has not ended before was not to be read."""

    def __init__(self, parts: Mapping[str, Part], dpids: Collection[int]) -> None:
        self._parts = parts
        self._lacking = {dpid: set(parts) for dpid in dpids}
        self.said: dict[int, dict[str, list[Any]]] = {
            dpid: {part: [] for part in parts} for dpid in dpids
        }

    def take(self, dpid: int, part: str, message: Any) -> frozenset[str]:
        """Take a message of an answer; return the parts that are now complete."""
        plain = self._parts[part][1]
        items = [message.body] if part == COUNT else message.body
        self.said[dpid][part] += [plain(item) for item in items]
        if message.flags & ofproto.OFPMPF_REPLY_MORE:
            return frozenset()
        self._lacking[dpid].discard(part)
        return frozenset(self._parts) if part == COUNT else frozenset({part})

    @property
    def not_read(self) -> frozenset[int]:
        """Switches that hold another number of entries than were read of them."""
        return frozenset(
            dpid for dpid, said in self.said.items() if [len(said[ENTRIES])] != said[COUNT]
        )

    def tables(self) -> dict[int, dict[str, list[Any]]]:
        """What all have said, with something that stands for what could not be read."""
        return {dpid: self._marked(dpid, dict(said)) for dpid, said in self.said.items()}

    def _marked(self, dpid: int, said: dict[str, list[Any]]) -> dict[str, list[Any]]:
        (count,) = said.pop(COUNT)
        if len(said[ENTRIES]) != count:
            said[ENTRIES] = [*said[ENTRIES], unread(count - len(said[ENTRIES]))]
        for part in self._lacking[dpid] - {ENTRIES}:
            said[part] = [*said[part], unread_part()]
        return said
