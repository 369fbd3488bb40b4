"""Probes of a run: what each demand's came to, and its very first packet. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from corridor.experiments.account.summary import (
    BothDirections,
    DemandSummary,
    FlowSampleSummary,
    LossPatternSummary,
    SampleSummary,
)
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.measures import metrics
from corridor.traffic.measures.flows import FlowSample
from corridor.traffic.measures.quantiles import CONFIDENCE, Interval, QuantileIntervals
from corridor.traffic.measures.samples import Probes
from corridor.traffic.measures.sampling import DemandSample, LossPattern, sample_of
from corridor.traffic.measures.statistics import Bounds

WARM_UP_PHASE, PROBE_PHASE = 0, 1


@dataclass(frozen=True)
class Measured:
    """Of one demand, and how much it says."""

    metrics: metrics.DemandMetrics
    sample: DemandSample


def measured(probes: Probes) -> dict[int, Measured]:
    """By demand, of the phase that counts."""
    counted = probes.where(probes.phase == PROBE_PHASE)
    return {
        demand: Measured(metrics.of_demand(rows), sample_of(rows))
        for demand, rows in counted.by_demand().items()
    }


def first_packet_rtt_ms(probes: Probes) -> dict[int, float]:
    """Of each demand's very first probe, which meets empty caches in the switches."""
    is_very_first = (probes.phase == WARM_UP_PHASE) & (probes.seq == 0) & probes.received
    chosen = probes.where(is_very_first)
    pairs = zip(chosen.demand.tolist(), chosen.rtt_ns.tolist(), strict=True)
    return {demand: rtt / 1e6 for demand, rtt in pairs}


def with_measured(entry: DemandSummary, of: Measured) -> DemandSummary:
    """Return a planned demand with what was measured of it."""
    found = of.metrics
    return replace(
        entry,
        rtt_ms=found.rtt.ms(),
        one_way_ms=BothDirections(forward=found.forward.ms(), backward=found.backward.ms()),
        pdv_ms=BothDirections(forward=found.forward_pdv.ms(), backward=found.backward_pdv.ms()),
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


# How much probes and packets say, as the summary has it. Pure.


def sample_summary(found: DemandSample) -> SampleSummary:
    """Of a demand's probes."""
    return SampleSummary(
        confidence=CONFIDENCE,
        rtt_ms=bounds_ms(found.rtt),
        one_way_ms=BothDirections(
            forward=bounds_ms(found.forward), backward=bounds_ms(found.backward)
        ),
        ipdv_ms=BothDirections(forward=found.forward_ipdv.ms(), backward=found.backward_ipdv.ms()),
        loss=bounds(found.loss),
        losses=_losses(found.losses),
        left_out=found.left_out,
        no_interval=tuple(found.rtt.missing),
        correlated_s=found.rtt.correlated_ns / NS_PER_S,
    )


def flow_sample_summary(found: FlowSample) -> FlowSampleSummary:
    """Of a stream's packets."""
    return FlowSampleSummary(
        confidence=CONFIDENCE,
        delay_ms=found.delay.ms(),
        intervals_ms=bounds_ms(found.intervals),
        pdv_ms=found.pdv.ms(),
        ipdv_ms=found.ipdv.ms(),
        loss=bounds(found.loss),
        losses=_losses(found.losses),
        left_out=found.left_out,
        no_interval=tuple(found.intervals.missing),
        correlated_s=found.intervals.correlated_ns / NS_PER_S,
    )


def bounds_ms(of: QuantileIntervals) -> dict[str, Bounds]:
    """Of intervals in ns, by quantile."""
    return {name: bounds(one, 1e6) for name, one in of.found.items()}


def bounds(found: Interval | None, unit: float = 1.0) -> Bounds:
    return None if found is None else (float(found.low) / unit, float(found.high) / unit)


def _losses(pattern: LossPattern) -> LossPatternSummary | None:
    if not pattern.lost:
        return None
    return LossPatternSummary(
        periods=pattern.periods,
        longest=pattern.longest,
        mean_burst=pattern.mean_burst,
        least_gap=pattern.least_gap,
        mean_gap=pattern.mean_gap,
        noticeable=pattern.noticeable,
    )
