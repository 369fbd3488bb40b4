"""What serves frames at the rate of the fibre: a netem with a rate, and its one drop-tail queue.

Behind a queue of another kind, which lets one frame pass at a time, it only takes the time that the
bits of a frame take.
"""

from __future__ import annotations

from collections.abc import Iterator

from corridor.topologies.emulation.octets import netem, rtnetlink
from corridor.topologies.emulation.octets.found import QUEUE_HANDLE, Found
from corridor.topologies.emulation.octets.rtnetlink import Request
from corridor.topologies.model.wiring import Shape


def requests(index: int, parent: int, interface: str, shape: Shape) -> Iterator[Request]:
    """Put it under ``parent``, or change what is there already."""
    options = wanted(shape).options()
    yield rtnetlink.qdisc(index, QUEUE_HANDLE, parent, netem.KIND, options, interface)


def wanted(shape: Shape) -> netem.Netem:
    """What the kernel is to hold."""
    return netem.Netem(limit=shape.queue_packets, rate_bytes_per_s=shape.rate_bps // 8)


def held(found: Found) -> netem.Netem | None:
    """What the kernel holds, in the terms of ``wanted``; None if it is something else."""
    stage = netem.held(found.qdiscs.get(QUEUE_HANDLE, b""))
    return stage and netem.unseeded(stage)
