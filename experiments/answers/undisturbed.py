"""Round trips as they were before events changed them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.experiments.results.summary import Summary


def typical_ms(figures: Mapping[str, float | None] | None) -> float | None:
    """The median; the mean of too few probes for one. None where nothing was answered."""
    told = figures or {}
    return told.get("mean") if told.get("p50") is None else told.get("p50")


def undisturbed_rtt_ms(summary: Summary) -> dict[str, float | None]:
    """By demand: the median before the first event that hit it, else of the whole run. None where
    nothing was answered, as where policies keep a demand back until they are lifted."""
    found = {one["id"]: typical_ms(one["rtt_ms"]) for one in summary["demands"]}
    events = sorted(summary.get("events", []), key=lambda one: one["at_ms"])
    for event in reversed(events):
        for hit in event["hits"]:
            if hit["demand"] in found:
                found[hit["demand"]] = hit["rtt_before_ms"]
    return found
