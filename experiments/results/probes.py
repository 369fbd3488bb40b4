"""Probes of a run: what each demand's came to, and its very first packet. Pure."""

from __future__ import annotations

from corridor.experiments.results.summary import DemandSummary
from corridor.traffic.measures import metrics
from corridor.traffic.measures.samples import Probes

WARM_UP_PHASE, PROBE_PHASE = 0, 1


def measured(probes: Probes) -> dict[int, metrics.DemandMetrics]:
    """By demand, of the phase that counts."""
    return {item.demand: item for item in metrics.by_demand(probes) if item.phase == PROBE_PHASE}


def first_packet_rtt_ms(probes: Probes) -> dict[int, float]:
    """Of each demand's very first probe, which meets empty caches in the switches."""
    chosen = probes[(probes["phase"] == WARM_UP_PHASE) & (probes["seq"] == 0) & probes["received"]]
    rtt_ns = (chosen["t4_ns"] - chosen["t1_ns"]) - (chosen["t3_ns"] - chosen["t2_ns"])
    pairs = zip(chosen["demand"].tolist(), rtt_ns.tolist(), strict=True)
    return {demand: rtt / 1e6 for demand, rtt in pairs}


def add_measured(entry: DemandSummary, found: metrics.DemandMetrics) -> None:
    """Put what was measured in the place of nothing."""
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
