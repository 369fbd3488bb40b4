"""``raw/health.json``: what the machinery under a network had lost, before traffic and after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import from_plain, read_document, to_plain
from corridor.traffic.agents.jobs import HostCounts

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
