"""Probes of a run: what each demand's came to, and its very first packet. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corridor.experiments.results.samples_told import sample_summary
from corridor.experiments.results.summary import DemandSummary
from corridor.traffic.measures import metrics
from corridor.traffic.measures.samples import Probes
from corridor.traffic.measures.sampling import DemandSample, sample_of

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
    entry["sample"] = sample_summary(of.sample)
