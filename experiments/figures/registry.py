"""All figures of a run. Each is one file with a function ``draw``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from corridor.experiments.figures import (
    before_after,
    capacity,
    completion_times,
    fibre_use,
    goodput,
    latency_by_class,
    losses,
    map_of_ways,
    price_of_run,
    rtt_ecdf,
    throughput,
    timeline,
)
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

type Draw = Callable[[RunData, Width], Figure | None]
"""Return None if a run has nothing to show: the figure does not apply to it."""

KINDS: dict[str, Draw] = {
    "map": map_of_ways.draw,
    "capacity": capacity.draw,
    "price": price_of_run.draw,
    "before-after": before_after.draw,
    "timeline": timeline.draw,
    "completion-times": completion_times.draw,
    "goodput": goodput.draw,
    "latency-by-class": latency_by_class.draw,
    "fibre-use": fibre_use.draw,
    "losses": losses.draw,
    "rtt-ecdf": rtt_ecdf.draw,
    "throughput": throughput.draw,
}
"""By name."""

FORMER = (
    *("capacity-map", "class-use", "utilisation", "free-lawful", "policy-demand", "latency-load"),
    *("outages", "demand-ranges", "predicted-measured"),
)
"""Figures of earlier versions: their files are removed."""
