"""What the file of a kind of workloads holds, and what planning gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from corridor.topologies.base.options import Option, Values, nothing_wrong
from corridor.topologies.base.seeds import seed_of
from corridor.traffic.workloads.arrival_kind import SplitMix64
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.trace import TraceRow

Scale = Literal["bytes", "arrivals", "none"]
"""What stands for the scale of the network's rates: octets are fewer, messages are rarer, or
neither."""


class Along(NamedTuple):
    """A demand of a workload."""

    number: int
    """Among the demands of the scenario."""
    id: str
    src: str
    dst: str
    factor: float
    """Octets that are sent for one that is written."""
    rarer: float
    """Factor of the mean gap between arrivals."""

    def octets(self, written: float) -> int:
        """Of a message: one at least."""
        return max(1, round(written * self.factor))


@dataclass(frozen=True)
class Load:
    """A workload as it is to be planned. Times are nanoseconds after the epoch."""

    id: str
    options: Values
    """Of its kind: sizes as ``Sizes``, arrivals as plans write them."""
    demands: tuple[Along, ...]
    windows: tuple[tuple[int, int], ...]
    """When messages may begin: from, and up to."""
    drain_ns: int
    """How long after a window what is in flight may go on."""
    connections: int
    """Of each demand, side by side; 0 where each message has its own."""
    compress: float
    seed: int
    trace: tuple[TraceRow, ...] = field(default=())

    def numbers(self, along: Along, what: str) -> SplitMix64:
        """Random numbers of a demand for a purpose, whatever else there is."""
        return SplitMix64(self.seed_for(along, what))

    def seed_for(self, along: Along, what: str) -> int:
        return seed_of(self.seed, "workload", self.id, along.id, what)

    def compressed(self, written_ns: int) -> int:
        """A time of the workload, as it is in the run."""
        return round(written_ns / self.compress)

    def closes_ns(self, window: int) -> int:
        """When connections of a window are given up."""
        return self.windows[window][1] + self.drain_ns

    @property
    def deadline_ns(self) -> int | None:
        written: int | None = self.options.get("deadline")
        return None if written is None else max(1, self.compressed(written))


def no_answers(_options: Values) -> float:
    return 0.0


@dataclass(frozen=True)
class WorkloadKind:
    """One kind of workload."""

    key: str
    """After ``kind:`` in YAML."""
    words: str
    """What it sends, for people: a phrase for a table."""
    example: str
    """Its own keys in YAML, in addition to ``id``, ``kind`` and ``demands``."""
    options: Mapping[str, Option]
    """Its parameters; a name that two kinds share has one unit."""
    plan: Callable[[Load, Outbox], None]
    """Puts all messages into an outbox."""
    mean_bps: Callable[[Values], float]
    """What a demand sends on average while the workload is on, as written, in both directions
    together; 0 where that follows from the network alone."""
    back_share: Callable[[Values], float] = no_answers
    """Of that, what is answers, from the destination to the source."""
    scale: Scale = "bytes"
    """If the scenario does not say."""
    connections: int = 1
    """The same; 0 where each message has a separate one."""
    problem: Callable[[Values], str] = nothing_wrong
    """What is wrong with options that are right one by one; empty if nothing."""
    misfit: Callable[[Values, tuple[tuple[str, str], ...]], str] | None = None
    """What is wrong with the ends of its demands, each a source and a destination."""
    compresses: bool = True
    """Whether its time may be compressed; not that of a rate."""
    joint: bool = False
    """Whether a round is of all demands together, or each demand has its own rounds."""
    udp: bool = False
    """Whether it may be sent as a paced stream of UDP."""
