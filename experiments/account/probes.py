"""Probes of a run: what each demand's came to, and its very first packet. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from corridor.experiments.account.samples_told import sample_summary
from corridor.experiments.account.summary import BothWays, DemandSummary
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


def with_measured(entry: DemandSummary, of: Measured) -> DemandSummary:
    """Return a planned demand with what was measured of it."""
    found = of.metrics
    return replace(
        entry,
        rtt_ms=found.rtt.ms(),
        one_way_ms=BothWays(forward=found.forward.ms(), backward=found.backward.ms()),
        pdv_ms=BothWays(forward=found.forward_pdv.ms(), backward=found.backward_pdv.ms()),
        sent=found.sent,
        received=found.received,
        lost=found.lost,
        lost_forward=found.lost_forward,
        lost_backward=found.lost_backward,
        lost_unattributed=found.lost_unattributed,
        duplicates=found.duplicates,
        reordered=found.reordered,
        send_lateness_ms=found.send_lateness.ms(),
        sample=sample_summary(of.sample),
    )
