"""Energy, carbon and cost of what a run sent and computed, next to the plan: ``energy`` of
``summary.json``. Pure.

Energy is computed from the planned power of jobs: a job computes only from the arrival of what it
waits for on, and does not make up for lost time. Octets are those that arrived, over the scale.
"""

from __future__ import annotations

from dataclasses import dataclass

COMPUTING_FILE = "computing.json"
"""In ``raw``: what the scenario states."""


@dataclass(frozen=True)
class Audited:
    """Energy and bytes of a hub, a demand or a data class."""

    name: str
    """Empty: the demand of data that was at the hub already."""
    planned_it_mwh: float
    it_mwh: float
    """Computed after its input had arrived."""
    planned_mwh: float
    mwh: float
    """At the meter: IT energy times PUE."""
    planned_tco2: float | None
    tco2: float | None
    """By the counting of the plan; None where a factor is unknown."""
    green_mwh: float | None
    """Contracted green power; None where a share is unknown."""
    planned_cost: float | None
    cost: float | None
    """None where a price is unknown."""
    planned_bytes: int
    bytes: int
    """That arrived, over the scale. Of a hub: what it sent and received."""

    @property
    def pue(self) -> float | None:
        """Energy at the meter over IT energy; None without any."""
        return self.mwh / self.it_mwh if self.it_mwh else None


@dataclass(frozen=True)
class AuditedTransfer:
    """What one workload sent."""

    workload: str
    demand: str
    data: str
    planned_bytes: int
    bytes: int
    began_h: float
    """Hour of the planned day."""
    arrived_h: float | None
    """When its last octet arrived; None if some did not."""


@dataclass(frozen=True)
class EnergyAudit:
    """What a run sent and computed."""

    count: str
    """The counting of emissions; empty if they are not counted."""
    currency: str
    hour_s: float
    """Seconds of the run that stand for an hour of the plan."""
    total: Audited
    wan_mwh: float | None
    """Energy of the network for the bytes that arrived, in no total; None: not counted."""
    hubs: tuple[Audited, ...]
    demands: tuple[Audited, ...]
    """Energy is that of the jobs whose input a demand brought."""
    classes: tuple[Audited, ...]
    """Data classes; energy is by the class of the input."""
    transfers: tuple[AuditedTransfer, ...]
