"""Queues that are in front of fibres: interfaces that labelled frames go through first.

A fibre with a queue of a kind has an intermediate functional block next to its sending interface.
Frames with a label queue in it, in the tree of the kind, and are then sent into the fibre one at a
time; what the fibre itself does stays as it is. Frames without a label, which are control traffic,
never enter it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation.datapath import NetlinkSocket
from corridor.topologies.emulation.fibre_counters import ClassCounters, FibreCounters, statistics
from corridor.topologies.emulation.queues import filter_octets, registry, rtnetlink
from corridor.topologies.emulation.queues.disciplines import Options
from corridor.topologies.emulation.queues.rtnetlink import QDISC, TCA_KIND, TCA_OPTIONS, Request
from corridor.topologies.emulation.queues.tree import Class, Filter, Found, Stage, Tree
from corridor.topologies.model.wiring import FIBRE_MTU_BYTES, Shape

BEFORE_NAME = "q"
ETH_P_ALL_NETWORK_ORDER = 0x0300


def name_of(interface: str) -> str:
    """The interface in which frames for another one queue."""
    return f"{BEFORE_NAME}{interface}"


def queued(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Those that have a queue in front."""
    return {name: shape for name, shape in shapes.items() if shape.queue.stands}


def made(shapes: Mapping[str, Shape], group: int) -> Iterator[Request]:
    """Make the interfaces, and set them up."""
    for name in queued(shapes):
        yield filter_octets.ifb(name_of(name), FIBRE_MTU_BYTES, group)
        yield rtnetlink.switched(name_of(name), up=True)


def deleted(shapes: Mapping[str, Shape], index: Mapping[str, int]) -> Iterator[Request]:
    """Take them away, and what leads into them."""
    for name in queued(shapes):
        yield filter_octets.hook_deleted(index[name], name)
        yield filter_octets.link_deleted(name_of(name))


def put(shapes: Mapping[str, Shape], index: Mapping[str, int]) -> Iterator[Request]:
    """Put their disciplines, and lead frames into them."""
    for name, shape in queued(shapes).items():
        there, into = index[name], index[name_of(name)]
        for part in registry.tree(shape.queue, shape.rate_bps).parts:
            yield _request(into, part, name_of(name))
        yield filter_octets.hook(there, name)
        yield filter_octets.redirection(there, into, name)


def rates(name: str, shape: Shape) -> Iterator[Request]:
    """Another rate for the queue of an interface, in which frames that wait stay."""
    index = socket.if_nametoindex(name_of(name))
    for part in registry.tree(shape.queue, shape.rate_bps).parts:
        if isinstance(part, Class):
            yield _request(index, part, name_of(name))


def check(route: NetlinkSocket, shapes: Mapping[str, Shape], dumped: Mapping[str, Found]) -> None:
    """EnvironmentUnsupported unless the kernel holds just these queues. ``dumped`` has the
    disciplines of their interfaces."""
    wanted = queued(shapes)
    if not wanted:
        return
    index = {link.name: link.index for link in route.links()}
    for name, shape in wanted.items():
        into = index.get(name_of(name))
        problem = "no interface to queue in"
        if into is not None:
            held = Held(route, into, dumped[name_of(name)].qdiscs)
            problem = _problem(held, registry.tree(shape.queue, shape.rate_bps))
            filters = route.dump(rtnetlink.all_filters(index[name], filter_octets.EGRESS))
            if into not in [filter_octets.redirected_into(body) for _kind, body in filters]:
                problem = problem or "labelled frames do not go into the queue"
        if problem:
            raise EnvironmentUnsupported(
                f"the kernel does not hold the queue in front of {name}: {problem}",
                "nothing runs without the queue; corridor doctor lists what is missing",
            )


def counters(
    shapes: Mapping[str, Shape], dumped: Mapping[str, Found]
) -> dict[str, tuple[ClassCounters, ...]]:
    """Of each queue, by the interface it is before."""
    return {
        name: tuple(
            ClassCounters(line.name, *statistics(dumped[name_of(name)].qdiscs[line.handle]))
            for line in registry.tree(shape.queue, shape.rate_bps).lines
        )
        for name, shape in queued(shapes).items()
    }


def with_queue(
    fibre: FibreCounters, queue: Sequence[ClassCounters], before: Sequence[ClassCounters]
) -> FibreCounters:
    """Counters of one direction of a fibre with those of the queue in front of it, less what that
    had dropped and marked ``before``."""
    drops = sum(one.drops for one in queue) - sum(one.drops for one in before)
    return replace(
        fibre,
        queue_drops=fibre.queue_drops + drops,
        ce_marks=sum(one.ce_marks for one in queue) - sum(one.ce_marks for one in before),
        backlog_packets=fibre.backlog_packets + sum(one.backlog_packets for one in queue),
    )


@dataclass(frozen=True)
class Held:
    """What the kernel states about one of these interfaces."""

    route: NetlinkSocket
    index: int
    qdiscs: Mapping[int, bytes]

    def classes(self) -> dict[int, bytes]:
        """Bodies by class."""
        dumped = self.route.dump(rtnetlink.all_classes(self.index))
        return {QDISC.unpack_from(body)[2]: body for _kind, body in dumped}

    def programs(self, parent: int) -> list[filter_octets.Program]:
        """Of the filters of a discipline."""
        found = []
        for _kind, body in self.route.dump(rtnetlink.all_filters(self.index, parent)):
            said = rtnetlink.attributes(body[QDISC.size :])
            found.append(
                filter_octets.held_programs(rtnetlink.attributes(said.get(TCA_OPTIONS, b"")))
            )
        return [program for program in found if program]


def _problem(held: Held, tree: Tree) -> str:
    """The first part that is not as it is to be; empty if all are."""
    classes = held.classes()
    for part in tree.parts:
        if isinstance(part, Filter):
            if held.programs(part.parent) != [part.program]:
                return f"the classes of {part.parent >> 16:x}: are not classified as requested"
            continue
        if isinstance(part, Stage):
            place, body = part.handle, held.qdiscs.get(part.handle, b"")
            there = len(body) >= QDISC.size and QDISC.unpack_from(body)[3] == part.parent
        else:
            place, body = part.classid, classes.get(part.classid, b"")
            there = len(body) >= QDISC.size
        found = _options(body, part.what) if there else None
        if found != part.what.as_held():
            named = f"{place >> 16:x}:{place & 0xFFFF:x}"
            return f"at {named} wanted {part.what.as_held()}, found {found}"
    return ""


def _options(body: bytes, like: Options) -> Options | None:
    """Return the kind of a dumped discipline or class, for comparison with another."""
    said = rtnetlink.attributes(body[QDISC.size :])
    if said.get(TCA_KIND) != like.kind.encode() + b"\0":
        return None
    try:
        return like.held(said.get(TCA_OPTIONS, b""))
    except (KeyError, struct.error):
        return None


def _request(index: int, part: Stage | Class | Filter, name: str) -> Request:
    if isinstance(part, Filter):
        info = filter_octets.PREFERENCE << 16 | ETH_P_ALL_NETWORK_ORDER
        options = filter_octets.options(part.program)
        return rtnetlink.tfilter(index, part.parent, 1, info, filter_octets.BPF_KIND, options, name)
    place = part.handle if isinstance(part, Stage) else part.classid
    put = rtnetlink.qdisc if isinstance(part, Stage) else rtnetlink.tclass
    return put(index, place, part.parent, part.what.kind, part.what.options(), name)
