"""Fibres that carry traffic at a bound of the map's emulated rates. Pure.

Traffic is scaled by the map's scale. A fibre whose rate is a bound instead is too wide or too
narrow for it, so utilisation and completion times on it are not those of the real fibre.
"""

from __future__ import annotations

from corridor.experiments.plan.values import Plan
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import counted, joined

MOST_NAMED = 3


def clipped_rates(plan: Plan) -> list[str]:
    """Return a warning if demands that send more than probes cross clipped fibres, else nothing."""
    loaded = {number for workload in plan.workloads for number in workload.demands}
    found = {
        fibre
        for number, demand in enumerate(plan.demands)
        if number in loaded or demand.stream_bps is not None or demand.tcp
        for fibre in demand.clipped
    }
    if not found:
        return []
    rates = {wire.fibre: wire.forward.rate_bps for wire in plan.wiring.fibres}
    named = [f"{one} ({format_rate(rates[one])})" for one in sorted(found)]
    if len(named) > MOST_NAMED:
        named = [*named[:MOST_NAMED], f"{len(named) - MOST_NAMED} more"]
    carry = "carries" if len(found) == 1 else "carry"
    return [
        (
            f"{counted(len(found), 'fibre')} {carry} traffic at the map's min_rate or max_rate "
            f"instead of the scaled capacity: {joined(named)}. Utilisation and completion times "
            "there are not to scale; change the capacity scale or the bounds of the map"
        )
    ]
