"""What workloads came to, as ``summary.json`` has it under ``workloads``."""

from __future__ import annotations

from typing import NotRequired, TypedDict

type Bounds = list[float] | None
type Figures = dict[str, float | None]


class ExpectedSummary(TypedDict):
    """Of rounds that were completed and of which something was expected: both in ms."""

    rounds: int
    expected_ms: Figures
    """``mean``, ``p50``, ``p95``, ``p99`` of ``expected_messages.py``."""
    measured_ms: Figures
    """Of the same rounds."""


class RoundsSummary(TypedDict):
    """Rounds of a workload or a class: each is what a user waits for."""

    rounds: int
    """That began, by the intended start of their first message."""
    kept_back: int
    """Others that policies kept back: they are in no other number."""
    completed: int
    deadlines: int
    """Rounds that had one, and how many met it; unfinished ones have not."""
    met: int
    messages: int
    messages_completed: int
    bytes: int
    """That arrived, of unfinished messages too."""
    bytes_unfinished: NotRequired[int]
    """Of these, of messages that never were whole. Not of runs of earlier versions, whose bytes are
    of whole messages alone."""
    goodput_mbps: float | None
    real_gbps: float | None
    """What it stands for in the network that is emulated."""
    completion_ms: Figures
    """Of completed rounds, from the intended start."""
    confidence: float
    intervals_ms: dict[str, Bounds]
    left_out: dict[str, str]
    no_interval: NotRequired[list[str]]
    """Quantiles that have none, since too few rounds are independent."""
    fairness: float | None
    """Jain's index of the rates at which messages came, between its demands, or the connections of
    its only one; None where there are not two."""
    expected: NotRequired[ExpectedSummary]
    not_expected: NotRequired[str]
    """Of a workload: why nothing is expected along some demand of it."""


class RttSummary(TypedDict):
    """Of the probes that demands of a class sent meanwhile: latency under load."""

    sent: int
    lost: int
    loss: Bounds
    rtt_ms: Figures
    pdv_ms: Figures
    """Of all its demands together, each less its own least."""
    intervals_ms: dict[str, Bounds]
    no_interval: NotRequired[list[str]]


_Classed = TypedDict("_Classed", {"class": str})


class ClassSummary(RoundsSummary, _Classed):
    background: bool
    """Whether nobody waits for anything of it."""
    probes: RttSummary


class WorkloadSummary(RoundsSummary):
    id: str
    kind: str
    transport: str
    background: bool
    scale: str
    compress: float
    notes: list[str]
    failed: dict[str, int]
    """Connections that ended before their messages, by reason."""
    retransmitted: int
    """Segments, of both ends."""


class StretchSummary(TypedDict):
    """A part of the run, and the rounds that were intended in it, whenever they were complete."""

    event: str
    when: str
    """``before``, ``while`` or ``after``."""
    from_ms: float
    """From the start of probing."""
    until_ms: float
    on: NotRequired[list[str]]
    """All events that last at some time of it, its own too. Not of runs of earlier versions."""
    workloads: list[WorkloadSummary]
    classes: list[ClassSummary]


class WorkloadsSummary(TypedDict):
    workloads: list[WorkloadSummary]
    classes: list[ClassSummary]
    stretches: list[StretchSummary]
