"""Results of workloads and energy as types: ``workloads`` and ``energy`` of ``summary.json``. Pure.

Energy is computed from the planned power of jobs: a job computes only from the arrival of what it
waits for on, and does not make up for lost time. Octets are those that arrived, over the scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corridor.topologies.base.codec import OMIT_NONE
from corridor.traffic.measures.statistics import Bounds, Statistics


@dataclass(frozen=True, kw_only=True)
class Middle:
    """In ms; a quantile is None where too few rounds carry it."""

    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, kw_only=True)
class ExpectedSummary:
    """Of rounds that were completed and of which something was expected: both in ms."""

    rounds: int
    expected_ms: Middle
    """``mean``, ``p50``, ``p95``, ``p99`` of ``expected_messages.py``."""
    measured_ms: Middle
    """Of the same rounds."""


@dataclass(frozen=True, kw_only=True)
class RoundsSummary:
    """Rounds of a workload or a class: each is what a user waits for."""

    rounds: int
    """That began, by the intended start of their first message."""
    kept_back: int
    """Messages that policies blocked: no other number contains them."""
    completed: int
    deadlines: int
    """Rounds that had one, and how many met it; unfinished ones have not."""
    met: int
    messages: int
    messages_completed: int
    bytes: int
    """That arrived, of unfinished messages too."""
    bytes_unfinished: int | None = field(default=None, metadata=OMIT_NONE)
    """Of these, of messages that never were whole. Not of runs of earlier versions, whose bytes are
    of whole messages alone."""
    goodput_mbps: float | None
    real_gbps: float | None
    """What it stands for in the network that is emulated."""
    completion_ms: Statistics
    """Of completed rounds, from the intended start."""
    confidence: float
    intervals_ms: dict[str, Bounds]
    left_out: dict[str, str]
    no_interval: tuple[str, ...] = ()
    """Quantiles that have none, since too few rounds are independent."""
    fairness: float | None
    """Jain's index of the rates at which messages came, between its demands, or the connections of
    its only one; None where there are not two."""
    expected: ExpectedSummary | None = field(default=None, metadata=OMIT_NONE)
    not_expected: str | None = field(default=None, metadata=OMIT_NONE)
    """Of a workload: why nothing is expected along some demand of it."""


@dataclass(frozen=True, kw_only=True)
class RttSummary:
    """Latency under load: from the probes that demands of a class sent at the same time."""

    sent: int
    lost: int
    loss: Bounds
    rtt_ms: Statistics
    pdv_ms: Statistics
    """Of all its demands together, each less its own least."""
    intervals_ms: dict[str, Bounds]
    no_interval: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _OfClass:
    class_: str
    """The application class."""
    background: bool
    """Whether no user waits for its result."""
    probes: RttSummary


@dataclass(frozen=True, kw_only=True)
class ClassSummary(RoundsSummary, _OfClass):
    """All rounds of a class."""


@dataclass(frozen=True, kw_only=True)
class _OfWorkload:
    id: str
    kind: str
    transport: str
    background: bool
    scale: str
    compress: float
    notes: tuple[str, ...]
    failed: dict[str, int]
    """Connections that ended before their messages, by reason."""
    retransmitted: int
    """Segments, of both ends."""


@dataclass(frozen=True, kw_only=True)
class WorkloadSummary(RoundsSummary, _OfWorkload):
    """All rounds of a workload."""


@dataclass(frozen=True, kw_only=True)
class StretchSummary:
    """A part of the run, and the rounds that were intended in it, whenever they were complete."""

    event: str
    when: str
    """``before``, ``while`` or ``after``."""
    from_ms: float
    """From the start of probing."""
    until_ms: float
    on: tuple[str, ...] = ()
    """All events that last at some time of it, its own too. Not of runs of earlier versions."""
    workloads: tuple[WorkloadSummary, ...]
    classes: tuple[ClassSummary, ...]


@dataclass(frozen=True, kw_only=True)
class WorkloadsSummary:
    workloads: tuple[WorkloadSummary, ...]
    classes: tuple[ClassSummary, ...]
    stretches: tuple[StretchSummary, ...]


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
