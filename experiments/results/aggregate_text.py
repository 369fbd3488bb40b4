"""What several demands may send together, and where that is enforced, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corridor.controller.intent.aggregate import Aggregate
from corridor.topologies.base.units import format_rate


def aggregate_lines(aggregates: Iterable[Aggregate], sources: Mapping[str, str]) -> str:
    """A line for each; ``sources`` are the hubs where demands start, by id."""
    return "\n".join(_said(one, {sources[name] for name in one.demands}) for one in aggregates)


def _said(of: Aggregate, hubs: set[str]) -> str:
    rates = of.guarantee
    peak = format_rate(rates.pir or rates.cir)
    promised = f"{', '.join(of.demands)} are promised {format_rate(rates.cir)} together"
    each = ", ".join(sorted(hubs))
    if len(hubs) == 1:
        return f"{of.id}: {promised}; one meter at {each} holds them to {peak}"
    return f"{of.id}: {promised}; meters hold them to {peak} at each of {each}, none in all"
