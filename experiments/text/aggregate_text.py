"""What several demands may send together, and where that is enforced, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corridor.controller.intent.intent import Aggregate
from corridor.topologies.base.units import format_rate


def aggregate_lines(aggregates: Iterable[Aggregate], sources: Mapping[str, str]) -> str:
    """A line for each; ``sources`` are the hubs where demands start, by id."""
    return "\n".join(_said(one, {sources[name] for name in one.demands}) for one in aggregates)


def _said(of: Aggregate, hubs: set[str]) -> str:
    rates = of.guarantee
    peak = format_rate(rates.pir or rates.cir)
    shared = f"{', '.join(of.demands)} share committed rate {format_rate(rates.cir)}"
    each = ", ".join(sorted(hubs))
    if len(hubs) == 1:
        return f"{of.id}: {shared}; one meter at {each} limits them to {peak}"
    return f"{of.id}: {shared}; a meter limits each of {each} to {peak}, no meter limits the total"
