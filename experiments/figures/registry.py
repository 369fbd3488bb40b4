"""All figures of a run: each is one file, with a ``KIND`` that says whether it applies to a run."""

from __future__ import annotations

from corridor.experiments.figures import (
    before_after,
    capacity_map,
    capacity_use,
    class_use,
    completion_times,
    demand_ranges,
    fibre_use,
    free_lawful,
    goodput,
    latency_by_class,
    latency_load,
    losses,
    map_of_ways,
    outages,
    policy_demand,
    predicted_measured,
    price_of_run,
    rtt_ecdf,
    throughput,
    timeline,
    utilisation,
)
from corridor.experiments.figures.kind import FigureKind

KINDS: dict[str, FigureKind] = {
    kind.name: kind
    for kind in (
        map_of_ways.KIND,
        capacity_map.KIND,
        capacity_use.KIND,
        policy_demand.KIND,
        price_of_run.KIND,
        free_lawful.KIND,
        before_after.KIND,
        timeline.KIND,
        outages.KIND,
        completion_times.KIND,
        goodput.KIND,
        latency_by_class.KIND,
        fibre_use.KIND,
        class_use.KIND,
        losses.KIND,
        rtt_ecdf.KIND,
        throughput.KIND,
        latency_load.KIND,
        utilisation.KIND,
        predicted_measured.KIND,
        demand_ranges.KIND,
    )
}
