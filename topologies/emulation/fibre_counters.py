"""What one direction of a fibre has seen, from its disciplines as dumped. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from corridor.topologies.base.codec import OMIT_EMPTY
from corridor.topologies.emulation import lanes
from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.disciplines import marks
from corridor.topologies.emulation.queues.tree import Found

_BASIC, _QUEUE = struct.Struct("=QI"), struct.Struct("=IIIII")
TCA_STATS_BASIC, TCA_STATS_QUEUE, TCA_STATS_APP = 1, 3, 4


@dataclass(frozen=True)
class ClassCounters:
    """Of one class of a queue in front of a fibre."""

    name: str
    sent_packets: int
    sent_bytes: int
    drops: int
    """Packets that found the buffer full, or that an AQM dropped."""
    backlog_packets: int
    ce_marks: int = field(default=0, metadata=OMIT_EMPTY)
    """Packets that an AQM marked with congestion experienced (RFC 3168): they are not drops."""


@dataclass(frozen=True)
class FibreCounters:
    """Since the fibre was shaped. Those without ``control`` are of the customers' lane."""

    sent_packets: int
    sent_bytes: int
    queue_drops: int
    """Packets that found a buffer full, or that an AQM dropped."""
    line_drops: int
    """Packets lost at random, as the shape asks, or that found the delay line full."""
    backlog_packets: int
    control_packets: int = 0
    control_bytes: int = 0
    control_drops: int = 0
    """Lost at random."""
    control_backlog_packets: int = 0
    ce_marks: int = field(default=0, metadata=OMIT_EMPTY)
    """Packets that an AQM marked with congestion experienced (RFC 3168): they are not drops."""


class Statistics(NamedTuple):
    """Of one discipline: what left it, what was dropped in it or below it, what it holds, and how
    many it has marked."""

    sent_packets: int
    sent_bytes: int
    drops: int
    backlog_packets: int
    ce_marks: int = 0


def counted(found: Found) -> FibreCounters:
    """KeyError where a lane is not there."""
    data = statistics(found.qdiscs[lanes.DELAY])
    queue_drops = statistics(found.qdiscs[lanes.QUEUE]).drops
    control = statistics(found.qdiscs[lanes.CONTROL])
    return FibreCounters(
        sent_packets=data.sent_packets,
        sent_bytes=data.sent_bytes,
        queue_drops=queue_drops,
        line_drops=data.drops - queue_drops,  # the outer stage counts the inner ones' too
        backlog_packets=data.backlog_packets,
        control_packets=control.sent_packets,
        control_bytes=control.sent_bytes,
        control_drops=control.drops,
        control_backlog_packets=control.backlog_packets,
    )


def statistics(dumped: bytes) -> Statistics:
    """Of a discipline, or of a class, as dumped."""
    said = rtnetlink.attributes(dumped[rtnetlink.QDISC.size :])
    parts = rtnetlink.attributes(said[rtnetlink.TCA_STATS2])
    sent_bytes, sent_packets = _BASIC.unpack_from(parts[TCA_STATS_BASIC])
    length, _backlog, drops, *_ = _QUEUE.unpack_from(parts[TCA_STATS_QUEUE])
    kind = said[rtnetlink.TCA_KIND].rstrip(b"\0").decode()
    marked = marks(kind, parts.get(TCA_STATS_APP, b""))
    return Statistics(sent_packets, sent_bytes, drops, length, marked)
