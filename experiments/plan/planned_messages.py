"""The workloads of a plan, and every message they send: what results are judged by.

Values alone, so that a guest reads a plan without importing the models behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class PlannedMessage(NamedTuple):
    """One row: octets that one end of a connection sends to the other. Times count from the
    epoch."""

    id: int
    """Of the message, unique in the run."""
    workload: int
    """Its place in ``Plan.workloads``."""
    demand: int
    connection: int
    back: bool
    """Whether it goes from the demand's destination to its source."""
    bytes: int
    """As they are sent, scaled."""
    round: int
    """What a user waits for: all messages of the same round, of one workload if its kind is joint,
    else of one demand of it. It begins with the first that was intended, and is complete when the
    last has arrived whole."""
    answers: int | None
    """The id of the request that it answers: its completion is then counted from the intended
    start of that request."""
    at_ns: int | None
    """The intended start; None where it follows from what arrives before."""
    deadline_ns: int | None
    """From the start of its round until the round is to be complete; None where there is none."""


@dataclass(frozen=True)
class Messages:
    """All messages of a plan, a column for each field of ``PlannedMessage``, by ascending id."""

    id: tuple[int, ...]
    workload: tuple[int, ...]
    demand: tuple[int, ...]
    connection: tuple[int, ...]
    back: tuple[bool, ...]
    bytes: tuple[int, ...]
    round: tuple[int, ...]
    answers: tuple[int | None, ...]
    at_ns: tuple[int | None, ...]
    deadline_ns: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.id)

    def rows(self) -> Iterator[PlannedMessage]:
        columns = (getattr(self, name) for name in PlannedMessage._fields)
        return map(PlannedMessage._make, zip(*columns, strict=True))


@dataclass(frozen=True)
class PlannedWorkload:
    """A workload as it is sent; times count from the epoch."""

    id: str
    kind: str
    shipped: str
    """The shipped workload that it is made from; empty if it is written out."""
    background: bool
    """Whether it only loads fibres, and no one asks how it fares."""
    demands: tuple[int, ...]
    transport: str
    """``tcp cubic``, ``tcp bbr``, ..., or ``udp``."""
    connections: int
    """Of each demand at a time; 0 where every message has its own."""
    windows: tuple[tuple[int, int], ...]
    """When it begins what: from, and up to."""
    closes_ns: int
    """When what is in flight is given up."""
    scale: str
    """What stands for the network's scale: ``bytes``, ``arrivals`` or ``none``."""
    compress: float
    """By how much time is compressed: periods, sizes and deadlines are so much smaller."""
    factors: tuple[float, ...]
    """Of each demand, the octets that are sent for one octet that is written."""
    customers: tuple[float, ...]
    """Of each demand, for how many senders as written it stands."""
    mean_bps: tuple[int, ...]
    """Of each demand, the payload that it sends on average while it is on, in both directions."""
    notes: tuple[str, ...] = ()
    """Sentences for people: how it is scaled, and what that does to TCP."""
