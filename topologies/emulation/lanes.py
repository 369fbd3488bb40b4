"""The two lanes of one direction of a fibre: control traffic, and all that customers send.

    1: prio, 2 bands; what its filters know goes to 1:1, all else to 1:2
    |- 1:1 control: 2: netem (delay, mean loss, jitter and rate of the fibre; no queue)
    `- 1:2 data:    3: netem (delay, loss, jitter) [-> 4: netem (late packets)] -> 5: netem (queue)

Control is what Open vSwitch sends for itself: BFD between its own two addresses, and LLDP. Whatever
a host sends has a label on a fibre, so it is not such a frame, whatever is inside. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from corridor.topologies.base.seeds import seed_of
from corridor.topologies.emulation.queues import filter_octets, netem_octets, rtnetlink
from corridor.topologies.emulation.queues.filter_octets import Filter, Word
from corridor.topologies.emulation.queues.netem_octets import Netem
from corridor.topologies.emulation.queues.rtnetlink import Request
from corridor.topologies.emulation.queues.tree import Found
from corridor.topologies.model.line import Bursts
from corridor.topologies.model.wiring import ALL_PPM, Shape

ROOT, CONTROL, DELAY, LATE, QUEUE = 0x10000, 0x20000, 0x30000, 0x40000, 0x50000
DRAINS = (0x60000, 0x70000)
CONTROL_CLASS, DATA_CLASS = ROOT + 1, ROOT + 2
TOPS = (CONTROL_CLASS, DATA_CLASS)
PRIO = "prio"
PRIO_OPTIONS = struct.pack("=i16B", 2, *(1,) * 16)
"""Two bands, and the second for whatever no filter knows."""
CONTROL_PACKETS = 100_000
"""Of the control lane, in flight: BFD every millisecond over 100 s."""
LLDP, IPV4 = 0x88CC, 0x0800
FILTERS = (
    Filter(1, LLDP, (Word(0, 0, 0),), CONTROL_CLASS),
    Filter(
        2,
        IPV4,
        (
            Word(0, 0x0F000000, 0x05000000),  # a header without options
            Word(8, 0x00FF0000, 0x00110000),  # UDP
            Word(12, 0xFFFFFFFF, 0xA9FE0101),  # from 169.254.1.1
            Word(16, 0xFFFFFFFF, 0xA9FE0100),  # to 169.254.1.0
            Word(20, 0x0000FFFF, 3784),  # BFD (RFC 5881, 4)
        ),
        CONTROL_CLASS,
    ),
)
HANDLES = (0x80000000 | filter_octets.FIRST_NODE, 0x80100000 | filter_octets.FIRST_NODE)
"""Of the filters: the kernel numbers their tables in the order in which they come."""


class Tree(NamedTuple):
    """A direction's tree: what was asked for, or what the kernel holds."""

    root: bytes | None
    filters: tuple[Filter, ...]
    parents: tuple[int, ...]
    """Of each discipline below the root."""
    control: Netem | None
    delay: Netem | None
    late: Netem | None
    queue: Netem | None


def tree(index: int, interface: str, shape: Shape) -> Iterator[Request]:
    """Put all of it, or change what is there already."""
    yield rtnetlink.qdisc(index, ROOT, rtnetlink.QDISC_ROOT, PRIO, PRIO_OPTIONS, interface)
    for handle, one in zip(HANDLES, FILTERS, strict=True):
        options = one.options()
        yield rtnetlink.tfilter(
            index, ROOT, handle, one.info, filter_octets.U32_KIND, options, interface
        )
    yield from lanes(index, interface, shape)


def lanes(index: int, interface: str, shape: Shape) -> Iterator[Request]:
    """What is in both lanes of a tree that is there; queues keep what they hold."""
    for handle, parent, stage in _stages(shape):
        yield rtnetlink.qdisc(index, handle, parent, netem_octets.KIND, stage.options(), interface)


def drained(index: int, interface: str, shape: Shape) -> Iterator[Request]:
    """The same, and lose what both lanes hold. ``shape`` is to lose all it is given: disciplines
    of other handles take the place of the lanes first, so that nothing crosses unshaped."""
    options = _delay(shape, shape.seed).options()
    for handle, parent in zip(DRAINS, TOPS, strict=True):
        yield rtnetlink.qdisc(index, handle, parent, netem_octets.KIND, options, interface)
    yield from lanes(index, interface, shape)


def wanted(shape: Shape) -> Tree:
    """What the kernel is to hold for a shape."""
    by_handle = {handle: stage for handle, _parent, stage in _stages(shape)}
    return Tree(
        root=PRIO_OPTIONS,
        filters=FILTERS,
        parents=tuple(parent for _handle, parent, _stage in _stages(shape)),
        control=by_handle[CONTROL],
        delay=by_handle[DELAY],
        late=by_handle.get(LATE),
        queue=by_handle[QUEUE],
    )


def held(found: Found) -> Tree:
    """What it holds, in the same terms; None where a part is not there or is another."""
    handles = (CONTROL, DELAY, LATE, QUEUE)
    there = [found.qdiscs[handle] for handle in handles if handle in found.qdiscs]
    queue = netem_octets.held(found.qdiscs.get(QUEUE, b""))
    return Tree(
        root=_prio(found.qdiscs.get(ROOT, b"")),
        filters=tuple(
            one for body in found.filters if (one := filter_octets.held_filters(body)) is not None
        ),
        parents=tuple(rtnetlink.QDISC.unpack_from(body)[3] for body in there),
        control=netem_octets.held(found.qdiscs.get(CONTROL, b"")),
        delay=netem_octets.held(found.qdiscs.get(DELAY, b"")),
        late=netem_octets.held(found.qdiscs.get(LATE, b"")),
        queue=queue and netem_octets.unseeded(queue),
    )


def _stages(shape: Shape) -> list[tuple[int, int, Netem]]:
    """Handle, parent and options of each netem, parents first."""
    data = _delay(shape, shape.seed)
    separate = replace(shape, bursts=None)  # a burst of rare packets would last for seconds
    control = replace(
        _delay(separate, seed_of(shape.seed, "control")),
        limit=CONTROL_PACKETS,
        rate_bytes_per_s=shape.rate_bps // 8,
    )
    stages = [(CONTROL, CONTROL_CLASS, control), (DELAY, DATA_CLASS, data)]
    if shape.late_ns:
        late = Netem(
            limit=shape.in_flight_packets,
            jitter_ns=shape.late_ns,
            table=netem_octets.late_table(shape.late_ppm / ALL_PPM),
            seed=seed_of(shape.seed, "late"),
        )
        stages.append((LATE, DELAY + 1, late))
    queue = Netem(limit=shape.queue_packets, rate_bytes_per_s=shape.rate_bps // 8)
    stages.append((QUEUE, stages[-1][0] + 1, queue))
    return stages


def _delay(shape: Shape, seed: int) -> Netem:
    half_ns = shape.jitter_ns // 2
    all_lost = shape.loss_ppm >= ALL_PPM
    return Netem(
        limit=shape.in_flight_packets,
        latency_ns=shape.one_way_delay_ns + half_ns,
        jitter_ns=half_ns,
        loss=0
        if shape.bursts and not all_lost
        else netem_octets.probability(shape.loss_ppm / ALL_PPM),
        bursts=_bursts(shape.bursts) if shape.bursts and not all_lost else (),
        rate_bytes_per_s=netem_octets.NO_TIME_BYTES_PER_S if half_ns else 0,
        seed=seed,
    )


def _bursts(bursts: Bursts) -> tuple[int, ...]:
    shares = (bursts.begin, bursts.end, 1 - bursts.lost_in_burst, bursts.lost_between)
    return tuple(map(netem_octets.probability, shares))


def _prio(dumped: bytes) -> bytes | None:
    said = rtnetlink.attributes(dumped[rtnetlink.QDISC.size :])
    return said.get(rtnetlink.TCA_OPTIONS) if said.get(rtnetlink.TCA_KIND) == b"prio\0" else None
