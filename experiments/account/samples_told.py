"""How much probes and packets say, as the summary has it. Pure."""

from __future__ import annotations

from corridor.experiments.account.summary import (
    BothWays,
    FlowSampleSummary,
    LossPatternSummary,
    SampleSummary,
)
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.measures.bursts import LossPattern
from corridor.traffic.measures.flows import FlowSample
from corridor.traffic.measures.quantiles import CONFIDENCE, Interval, QuantileIntervals
from corridor.traffic.measures.sampling import DemandSample
from corridor.traffic.measures.statistics import Bounds


def sample_summary(found: DemandSample) -> SampleSummary:
    """Of a demand's probes."""
    return SampleSummary(
        confidence=CONFIDENCE,
        rtt_ms=bounds_ms(found.rtt),
        one_way_ms=BothWays(forward=bounds_ms(found.forward), backward=bounds_ms(found.backward)),
        ipdv_ms=BothWays(forward=found.forward_ipdv.ms(), backward=found.backward_ipdv.ms()),
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
