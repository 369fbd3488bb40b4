"""Messages over connections of kernel TCP, as they are planned.

A message is a number of octets that one end of a connection sends to the other. Both ends know the
plan, so nothing of ours is on the wire but these octets, and the server knows a connection by its
client's address and port. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Self

CONNECTS, LISTENS = "connects", "listens"
MOST_PORTS = 1 << 16
MOST_DSCP = 63


class Message(NamedTuple):
    """Octets that an end sends; it counts as complete when the last of them has arrived."""

    id: int
    """Unique in the run."""
    bytes: int
    at_ns: int = 0
    """It begins no sooner than that after the epoch."""
    after: tuple[int, ...] = ()
    """Messages that must have arrived whole at this host, on whatever connection, before."""
    wait_ns: int = 0
    """So long after the last of ``after`` it begins."""
    pieces: int = 1
    """It is written in this many equal pieces."""
    gap_ns: int = 0
    """From the beginning of a piece to that of the next; 0 is as fast as TCP takes them."""


class ConnectionEnd(NamedTuple):
    """One end of a connection, and all that goes over it."""

    connection: int
    """Unique in the run; both ends have it."""
    demand: int
    role: Literal["connects", "listens"]
    local_ip: str
    local_port: int
    """Of the end that listens: shared by all connections of its demand."""
    peer_ip: str
    peer_port: int
    opens_ns: int
    """When the client connects."""
    closes_ns: int
    """When either end gives up; what is unfinished then stays so."""
    congestion: str = "cubic"
    dscp: int = 0
    sends: tuple[Message, ...] = ()
    """In the order in which they go onto the connection."""
    expects: tuple[tuple[int, int], ...] = ()
    """The id and octets of each message that the other end sends, in its order."""
    sample_ns: int = 0
    """How often the kernel's state of the connection is recorded; 0 is never."""

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        return self._replace(
            opens_ns=self.opens_ns + shift_ns,
            closes_ns=self.closes_ns + shift_ns,
            sends=tuple(one._replace(at_ns=one.at_ns + shift_ns) for one in self.sends),
        )

    def end_ns(self, linger_ns: int) -> int:  # noqa: ARG002
        return self.closes_ns

    def problems(self) -> Iterator[str]:
        who = f"connection {self.connection}"
        if self.role not in (CONNECTS, LISTENS):
            yield f"{who}: an end connects or listens, {self.role!r} is neither"
        if not (0 < self.local_port < MOST_PORTS and 0 < self.peer_port < MOST_PORTS):
            yield f"{who}: needs a port at both ends, of 1 to {MOST_PORTS - 1}"
        if not 0 <= self.opens_ns < self.closes_ns:
            yield f"{who}: opens at the epoch or later, and closes after it opened"
        if not 0 <= self.dscp <= MOST_DSCP:
            yield f"{who}: DSCP {self.dscp} is not of 0 to {MOST_DSCP}"
        if self.sample_ns < 0:
            yield f"{who}: cannot be sampled every {self.sample_ns} ns"
        if any(octets < 1 for _, octets in self.expects):
            yield f"{who}: expects a message without octets"
        for one in self.sends:
            yield from (f"{who}, message {one.id}: {what}" for what in _problems(one))

    @property
    def takes_port(self) -> None:
        """No port of UDP."""
        return


def _problems(message: Message) -> Iterator[str]:
    if not 1 <= message.pieces <= message.bytes:
        yield "has at least one octet, and one in each piece"
    if message.at_ns < 0 or message.wait_ns < 0 or message.gap_ns < 0:
        yield "begins no sooner than the epoch, and nothing lasts less than no time"
