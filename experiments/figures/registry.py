"""All figures of a run. Each is one file with a function ``draw``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from corridor.experiments.figures import (
    before_after,
    capacity,
    completion_times,
    fibre_use,
    goodput,
    latency_by_class,
    losses,
    path_map,
    price_of_run,
    rtt_ecdf,
    throughput,
    timeline,
)
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.topologies.base.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FigureKind(NamedTuple):
    """A figure of a run."""

    key: str
    draw: Callable[[RunData, Width], Figure | None]
    """Return None if a run has nothing to show: the figure does not apply to it."""


KINDS = Registry(
    "corridor.figures",
    (
        FigureKind("map", path_map.draw),
        FigureKind("capacity", capacity.draw),
        FigureKind("price", price_of_run.draw),
        FigureKind("before-after", before_after.draw),
        FigureKind("timeline", timeline.draw),
        FigureKind("completion-times", completion_times.draw),
        FigureKind("goodput", goodput.draw),
        FigureKind("latency-by-class", latency_by_class.draw),
        FigureKind("fibre-use", fibre_use.draw),
        FigureKind("losses", losses.draw),
        FigureKind("rtt-ecdf", rtt_ecdf.draw),
        FigureKind("throughput", throughput.draw),
    ),
    of=FigureKind,
)
"""By name."""
