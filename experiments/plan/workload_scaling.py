"""How a workload's octets and arrivals are scaled, as the network's rates are. Pure.

Fibres are emulated at their capacity times a scale, and delays as they are. Octets times the same
scale take as long as they would. A workload's time may be compressed as well: periods, sizes and
deadlines are divided by the same number, so that load stays and completion times shrink by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from corridor.experiments.plan.values import PlannedDemand
from corridor.experiments.scenario.workloads import Workload
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.topology import Topology
from corridor.traffic.workloads.outbox import Connection


class OnPath(Protocol):
    """A demand on its path."""

    @property
    def bottleneck_bps(self) -> int | None:
        """The smallest rate of its path; None where it has none."""


@dataclass(frozen=True)
class Scaled:
    """Of each demand of a workload, in its order."""

    scale: float
    """Of the network's rates."""
    customers: tuple[float, ...]
    factors: tuple[float, ...]
    """Octets that are sent for one that is written."""
    rarer: tuple[float, ...]
    """Factor of the mean gap between arrivals."""
    mean_bps: tuple[int, ...]
    """Payload in the emulation, in both directions; 0 where it follows from the network alone."""


def scaled(workload: Workload, demands: Sequence[OnPath], topology: Topology) -> Scaled:
    entry, kind = workload.entry, workload.kind
    scale = topology.scaling.capacity_scale
    by_rate = 1.0 if entry.scaled_by == "none" else scale
    written_bps = kind.mean_bps(workload.options)
    customers = tuple(
        _customers(entry.customers, entry.fills, written_bps * by_rate, one) for one in demands
    )
    sizes = 1.0
    if entry.scaled_by == "bytes":
        sizes = scale / (entry.compress if kind.compresses else 1)
    arrives = entry.scaled_by != "bytes" and bool(workload.options.get("interval"))
    return Scaled(
        scale=scale,
        customers=customers,
        factors=tuple(sizes if arrives else sizes * many for many in customers),
        rarer=tuple(1 / (by_rate * many) if arrives else 1.0 for many in customers),
        mean_bps=tuple(round(written_bps * by_rate * many) for many in customers),
    )


def _customers(
    given: float | None, fills: float | None, emulated_bps: float, demand: OnPath
) -> float:
    """The number of users; not from ``fills`` for a demand without a path, hence no bottleneck."""
    if fills is None or demand.bottleneck_bps is None:
        return given or 1.0
    return fills * demand.bottleneck_bps / emulated_bps


# Notes next to the figures of a workload: how it is scaled, and with what effect. Pure.

SEGMENT_BYTES = 1448
"""Payload of a full segment of TCP with time stamps, in a frame of 1514 octets."""
FEW_PACKETS = 10
"""From which window down TCP shares coarsely: a loss halves it to less than a handful."""


def notes(
    workload: Workload,
    scaled: Scaled,
    demands: Sequence[PlannedDemand],
    sent: Sequence[Connection],
) -> tuple[str, ...]:
    said = [_scaling(workload, scaled)]
    if workload.entry.transport.udp is None:
        said += [*_windows(workload, demands), *_short(workload, sent)]
    return tuple(said)


def _scaling(workload: Workload, scaled: Scaled) -> str:
    entry = workload.entry
    least, most = min(scaled.customers), max(scaled.customers)
    many = f"{least:.4g}" if least == most else f"{least:.4g} to {most:.4g}"
    stands = "" if many == "1" else f" It stands for {many} customers."
    if entry.scaled_by == "none":
        return f"Octets and arrivals are those written: they are not scaled as rates are.{stands}"
    if entry.scaled_by == "arrivals":
        return (
            f"Messages have their octets and come {scaled.scale:g} as often as written, as rates "
            f"are scaled: load holds; a message takes {1 / scaled.scale:.3g} times as long to send."
            f"{stands}"
        )
    if entry.compress > 1:
        return (
            f"Octets are times {scaled.scale:g}, as rates are, and over {entry.compress:g}, as "
            f"periods and deadlines are: load holds, and times are 1/{entry.compress:g} of those "
            f"of the corridor; delays are not compressed.{stands}"
        )
    return (
        f"Octets are times {scaled.scale:g}, as rates are: load and completion times hold.{stands}"
    )


def _windows(workload: Workload, demands: Sequence[PlannedDemand]) -> Iterator[str]:
    """Of how many packets TCP's window is where a demand has its path to itself."""
    given = workload.entry.transport.connections
    connections = workload.kind.connections if given is None else given
    packets = [
        demand.bottleneck_bps
        * demand.predicted_rtt_ns
        / (8 * NS_PER_S * SEGMENT_BYTES * max(1, connections))
        for demand in demands
        if demand.bottleneck_bps is not None and demand.predicted_rtt_ns is not None
    ]
    if packets and min(packets) < FEW_PACKETS:
        yield (
            f"A connection of a demand that is alone on its path has {min(packets):.2g} packets "
            "in flight, or more, where the corridor's own would have many: TCP shares coarsely, "
            "and where others share the path it may wait for timeouts."
        )


def _short(workload: Workload, sent: Sequence[Connection]) -> Iterator[str]:
    if workload.entry.scaled_by != "bytes":
        return
    octets = [message.bytes for connection in sent for message in connection.messages]
    mean = sum(octets) / len(octets) if octets else SEGMENT_BYTES * FEW_PACKETS
    if mean < SEGMENT_BYTES * FEW_PACKETS:
        yield (
            f"A message is {mean / SEGMENT_BYTES:.2g} packets on average: its time is that of "
            "round trips rather than of rates; fewer times compressed, or of more customers, it "
            "would be of more."
        )
