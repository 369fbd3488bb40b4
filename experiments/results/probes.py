"""Probes of a run: what each demand's came to, and its very first packet. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corridor.experiments.results.summary import (
    Bounds,
    DemandSummary,
    LossPatternSummary,
    SampleSummary,
)
from corridor.traffic.measures import metrics
from corridor.traffic.measures.bursts import LossPattern
from corridor.traffic.measures.quantiles import CONFIDENCE, Interval
from corridor.traffic.measures.samples import Probes
from corridor.traffic.measures.sampling import DemandSample, Intervals, sample_of

WARM_UP_PHASE, PROBE_PHASE = 0, 1


@dataclass(frozen=True)
class Measured:
    """Of one demand, and how much it says."""

    metrics: metrics.DemandMetrics
    sample: DemandSample


def measured(probes: Probes) -> dict[int, Measured]:
    """By demand, of the phase that counts."""
    counted = probes[probes["phase"] == PROBE_PHASE]
    edges = np.flatnonzero(counted["demand"][1:] != counted["demand"][:-1]) + 1
    groups = [rows for rows in np.split(counted, edges) if len(rows)]
    return {
        int(rows["demand"][0]): Measured(metrics.of_demand(rows), sample_of(rows))
        for rows in groups
    }


def first_packet_rtt_ms(probes: Probes) -> dict[int, float]:
    """Of each demand's very first probe, which meets empty caches in the switches."""
    chosen = probes[(probes["phase"] == WARM_UP_PHASE) & (probes["seq"] == 0) & probes["received"]]
    rtt_ns = (chosen["t4_ns"] - chosen["t1_ns"]) - (chosen["t3_ns"] - chosen["t2_ns"])
    pairs = zip(chosen["demand"].tolist(), rtt_ns.tolist(), strict=True)
    return {demand: rtt / 1e6 for demand, rtt in pairs}


def add_measured(entry: DemandSummary, of: Measured) -> None:
    """Put what was measured in the place of nothing."""
    found = of.metrics
    entry["rtt_ms"] = found.rtt.ms()
    entry["one_way_ms"] = {"forward": found.forward.ms(), "backward": found.backward.ms()}
    entry["pdv_ms"] = {"forward": found.forward_pdv.ms(), "backward": found.backward_pdv.ms()}
    entry["sent"] = found.sent
    entry["received"] = found.received
    entry["lost"] = found.lost
    entry["lost_forward"] = found.lost_forward
    entry["lost_backward"] = found.lost_backward
    entry["lost_unattributed"] = found.lost_unattributed
    entry["duplicates"] = found.duplicates
    entry["reordered"] = found.reordered
    entry["send_lateness_ms"] = found.send_lateness.ms()
    entry["sample"] = _sample_summary(of.sample)


def _sample_summary(found: DemandSample) -> SampleSummary:
    losses = found.losses
    return {
        "confidence": CONFIDENCE,
        "rtt_ms": _bounds_ms(found.rtt),
        "one_way_ms": {
            "forward": _bounds_ms(found.forward),
            "backward": _bounds_ms(found.backward),
        },
        "ipdv_ms": {"forward": found.forward_ipdv.ms(), "backward": found.backward_ipdv.ms()},
        "loss": _bounds(found.loss, 1.0),
        "losses": _losses(losses) if losses.lost else None,
        "left_out": found.left_out,
    }


def _losses(pattern: LossPattern) -> LossPatternSummary:
    return {
        "periods": pattern.periods,
        "longest": pattern.longest,
        "mean_burst": pattern.mean_burst,
        "least_gap": pattern.least_gap,
        "mean_gap": pattern.mean_gap,
        "noticeable": pattern.noticeable,
    }


def _bounds_ms(found: Intervals) -> dict[str, Bounds]:
    return {name: _bounds(one, 1e6) for name, one in found.items()}


def _bounds(found: Interval | None, unit: float) -> Bounds:
    return None if found is None else [float(found.low) / unit, float(found.high) / unit]
