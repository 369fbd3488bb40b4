"""Round trips as they were before events changed them. Pure."""

from __future__ import annotations

from corridor.experiments.account.summary import Summary
from corridor.traffic.measures.statistics import Statistics


def typical_ms(of: Statistics | None) -> float | None:
    """The median; the mean of too few probes for one. None where nothing was answered."""
    if of is None:
        return None
    return of.mean if of.p50 is None else of.p50


def undisturbed_rtt_ms(summary: Summary) -> dict[str, float | None]:
    """By demand: the median before the first event that hit it, else of the whole run. None where
    nothing was answered, as where policies keep a demand back until they are lifted."""
    found = {one.id: typical_ms(one.rtt_ms) for one in summary.demands}
    events = sorted(summary.events or (), key=lambda one: one.at_ms)
    for event in reversed(events):
        for hit in event.hits:
            if hit.demand in found:
                found[hit.demand] = hit.rtt_before_ms
    return found
