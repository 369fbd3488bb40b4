"""All figures of a run: each is one file, with a ``KIND`` that says whether it applies to a run."""

from __future__ import annotations

from corridor.experiments.figures import (
    before_after,
    capacity,
    completion_times,
    demand_ranges,
    fibre_use,
    goodput,
    latency_by_class,
    losses,
    map_of_ways,
    outages,
    price_of_run,
    rtt_ecdf,
    throughput,
    timeline,
)
from corridor.experiments.figures.kind import FigureKind
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest_or_some

KINDS: dict[str, FigureKind] = {
    kind.name: kind
    for kind in (
        map_of_ways.KIND,
        capacity.KIND,
        price_of_run.KIND,
        before_after.KIND,
        timeline.KIND,
        outages.KIND,
        completion_times.KIND,
        goodput.KIND,
        latency_by_class.KIND,
        fibre_use.KIND,
        losses.KIND,
        rtt_ecdf.KIND,
        throughput.KIND,
        demand_ranges.KIND,
    )
}

SUCCESSORS = {
    "capacity-map": "capacity",
    "class-use": "fibre-use",
    "utilisation": "fibre-use",
    "free-lawful": "price",
    "policy-demand": "price",
    "latency-load": "throughput",
    "predicted-measured": "demand-ranges",
}
"""Figures of earlier versions, and which one shows the same now."""


def kind_of(name: str) -> FigureKind:
    """Raises InputError for a name that no figure has."""
    if name in KINDS:
        return KINDS[name]
    if name in SUCCESSORS:
        now = SUCCESSORS[name]
        raise InputError(f"no figure is called {name} any more", f"ask for {now}, which shows it")
    raise InputError(f"no figure is called {name}", nearest_or_some(name, KINDS))
