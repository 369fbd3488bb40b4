"""How a workload's octets and arrivals are scaled, as the network's rates are. Pure.

Fibres are emulated at their capacity times a scale, and delays as they are. Octets times the same
scale take as long as they would. A workload's time may be compressed as well: periods, sizes and
deadlines are divided by the same number, so that load stays and completion times shrink by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from corridor.experiments.scenario.workloads import Workload
from corridor.topologies.model.topology import Topology


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
