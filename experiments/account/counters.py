"""Counters of a run: of queues in front of fibres, and of the machinery under the network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import OMIT_NONE, from_plain, read_document, to_plain
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.jobs import HostCounts

if TYPE_CHECKING:
    from corridor.topologies.emulation.fibre_counters import ClassCounters


FILE = "queues.json"
"""In ``raw``; only of runs in which fibres have queues of a kind."""


@dataclass(frozen=True, kw_only=True)
class ClassSummary:
    """Packets and octets that passed, what was dropped, and what still waited at the end."""

    name: str
    sent_packets: int
    sent_bytes: int
    drops: int
    backlog_packets: int
    ce_marks: int | None = field(default=None, metadata=OMIT_NONE)
    """Packets marked instead of dropped (congestion experienced); only where a queue marks."""


@dataclass(frozen=True, kw_only=True)
class QueueSummary:
    """Of one direction of a fibre: that which is entered at the hub ``from``."""

    fibre: str
    from_: str
    discipline: str
    classes: tuple[ClassSummary, ...]


type ByInterface = Mapping[str, Sequence[ClassCounters]]


def write_queues(raw: Path, before: ByInterface, after: ByInterface) -> None:
    """Nothing where no fibre has such a queue."""
    if not after:
        return
    said = {
        when: {name: to_plain(list(classes)) for name, classes in counted.items()}
        for when, counted in (("before", before), ("after", after))
    }
    (raw / FILE).write_text(json.dumps(said))


def read_queues(raw: Path, wiring: Wiring) -> list[QueueSummary]:
    """Of each direction that a packet came to; none where nothing was counted, or cannot be read.

    A queue whose interface was created again counts from that moment."""
    try:
        said = from_plain(_Counted, json.loads((raw / FILE).read_text()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return list(_summed(wiring, said))


@dataclass(frozen=True)
class _Counted:
    """The file: by interface, the classes of its queue."""

    before: dict[str, tuple[ClassSummary, ...]]
    after: dict[str, tuple[ClassSummary, ...]]


def _summed(wiring: Wiring, said: _Counted) -> Iterator[QueueSummary]:
    for fibre in wiring.fibres:
        for end, shape in ((fibre.a, fibre.forward), (fibre.z, fibre.backward)):
            now = said.after.get(end.interface, ())
            then = {one.name: one for one in said.before.get(end.interface, ())}
            classes = [_since(one, then.get(one.name), marks=shape.queue.ecn) for one in now]
            if any(one.sent_packets or one.drops for one in classes):
                yield QueueSummary(
                    fibre=fibre.fibre,
                    from_=end.hub,
                    discipline=shape.queue.name,
                    classes=tuple(classes),
                )


def _since(now: ClassSummary, then: ClassSummary | None, *, marks: bool) -> ClassSummary:
    so_far, before = (_counts(one) for one in (now, then))
    more = [count - less for count, less in zip(so_far, before, strict=True)]
    sent_packets, sent_bytes, drops, ce_marks = so_far if min(more) < 0 else more
    return ClassSummary(
        name=now.name,
        sent_packets=sent_packets,
        sent_bytes=sent_bytes,
        drops=drops,
        backlog_packets=now.backlog_packets,
        ce_marks=ce_marks if marks else None,
    )


def _counts(of: ClassSummary | None) -> Sequence[int]:
    """Of a class; zeros of one that was not there."""
    if of is None:
        return (0,) * 4
    return of.sent_packets, of.sent_bytes, of.drops, of.ce_marks or 0


# ``raw/health.json``: what the machinery under a network had lost, before traffic and after it.

HEALTH = "health.json"


@dataclass(frozen=True)
class Counted:
    """What the machinery has lost since the network was built, or the kernel was started."""

    softnet_dropped: int
    """Packets that the kernel's backlog had no room for."""
    datapath_lost: int
    """Packets that Open vSwitch's datapath could not hand up to be decided."""
    bfd_changes: Mapping[str, int]
    """By interface, how often BFD has come up or gone down."""
    fibres: Mapping[str, Mapping[str, int]]
    """Counters of each fibre's directions, by the sending interface."""


@dataclass(frozen=True)
class UdpErrors:
    """Datagrams that a host's kernel did not deliver, of agents and of all others (RFC 4113)."""

    full: int
    """A socket's buffer had no room (RcvbufErrors)."""
    damaged: int
    """Any other error (InErrors)."""
    nobody: int
    """No socket was bound (NoPorts)."""

    @property
    def each(self) -> tuple[int, int, int]:
        return self.full, self.damaged, self.nobody


@dataclass(frozen=True)
class _Socket:
    dropped_by_socket: int


@dataclass(frozen=True)
class _Told:
    """What an agent reports of its sockets, among other counts."""

    reflectors: tuple[_Socket, ...] = ()
    streams_in: tuple[_Socket, ...] = ()
    replies_dropped_by_socket: int = 0
    replies_foreign: int = 0


@dataclass(frozen=True)
class SocketDrops:
    """Packets that the sockets of a host's agent had no room for, by its kernel's count, or that
    its senders did not know."""

    requests: int = 0
    """Of probes, in the forward direction."""
    replies: int = 0
    streams: int = 0
    foreign_replies: int = 0
    """Replies that match no probe sent from there; they are not drops."""

    @property
    def total(self) -> int:
        return self.requests + self.replies + self.streams

    @classmethod
    def of(cls, counts: HostCounts) -> Self:
        """Of what an agent has counted of a host."""
        told = read_document(_Told, counts, "the counts of an agent", "repeat the run")
        return cls(
            requests=sum(one.dropped_by_socket for one in told.reflectors),
            replies=told.replies_dropped_by_socket,
            streams=sum(one.dropped_by_socket for one in told.streams_in),
            foreign_replies=told.replies_foreign,
        )


def socket_drops(agents: Mapping[str, HostCounts]) -> dict[str, SocketDrops]:
    """Of those hosts that have any."""
    drops = {host: SocketDrops.of(counts) for host, counts in agents.items()}
    return {host: one for host, one in drops.items() if one.total or one.foreign_replies}


@dataclass(frozen=True)
class Health:
    """Before traffic, and after it: ``raw/health.json``."""

    before: Counted
    after: Counted
    sockets: dict[str, SocketDrops] = field(default_factory=dict)
    """By host, the packets dropped there during the run; hosts without drops are left out."""
    udp: dict[str, UdpErrors] = field(default_factory=dict)
    """By host, the packets its kernel did not deliver during the run, if any."""


def read_health(raw: Path) -> Health | None:
    """None where a run did not come that far."""
    path = raw / HEALTH
    return from_plain(Health, read_json(path, RESULT)) if path.exists() else None


def write_health(raw: Path, health: Health) -> None:
    (raw / HEALTH).write_text(json.dumps(to_plain(health)))
