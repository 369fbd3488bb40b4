"""Whether the emulator does what its model says: predicted next to measured. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.topologies.base.words import counted

US_PER_MS = 1000.0


@dataclass(frozen=True)
class Measured:
    id: str
    predicted_ms: float
    least_ms: float | None
    off_us: float | None
    answered: str


@dataclass(frozen=True)
class Verification:
    title: str
    said: str
    rows: Sequence[Measured]


def verification_of(summary: Summary) -> Verification:
    changed = {hit.demand for event in (summary.events or ()) for hit in event.hits}
    rows = [
        _row(one, one.predicted_rtt_ms)
        for one in summary.demands
        if one.predicted_rtt_ms is not None and one.id not in changed
    ]
    off = [one.off_us for one in rows if one.off_us is not None]
    said = "Nothing was measured."
    if off:
        said = (
            f"The minimum RTTs of {counted(len(off), 'demand')} are {min(off):+.1f} to "
            f"{max(off):+.1f} µs from their prediction, including switches and hosts"
            f"{_left_out(len(changed))}. "
            "This verifies the emulator against the model. It does not validate the model."
        )
    return Verification("Is the emulator right?", said, rows)


def _left_out(changed: int) -> str:
    return f"; {counted(changed, 'demand')} changed by events left out" if changed else ""


def _row(of: DemandSummary, predicted_ms: float) -> Measured:
    least_ms = of.rtt_ms.min if of.rtt_ms else None
    off_us = None if least_ms is None else (least_ms - predicted_ms) * US_PER_MS
    return Measured(of.id, predicted_ms, least_ms, off_us, f"{of.received} of {of.sent}")
