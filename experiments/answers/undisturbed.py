"""Round trips as they were before events changed them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corridor.experiments.results.summary import Summary


def undisturbed_rtt_ms(summary: Summary | Mapping[str, Any]) -> dict[str, float | None]:
    """By demand: the median before the first event that hit it, else of the whole run. None where
    nothing was answered, as where policies keep a demand back until they are lifted."""
    found = {one["id"]: (one["rtt_ms"] or {}).get("p50") for one in summary["demands"]}
    events = sorted(summary.get("events", []), key=lambda one: one["at_ms"])
    for event in reversed(events):
        for hit in event["hits"]:
            if hit["demand"] in found:
                found[hit["demand"]] = hit["rtt_before_ms"]
    return found
