"""All figures of a run, each drawn by one function of its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from corridor.experiments.figures import (
    before_after,
    capacity,
    fibre_use,
    losses,
    maps,
    price,
    rtt_ecdf,
    throughput,
    timeline,
    workloads,
)
from corridor.experiments.figures.data import RunData
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
        FigureKind("map", maps.draw),
        FigureKind("capacity", capacity.draw),
        FigureKind("price", price.draw),
        FigureKind("before-after", before_after.draw),
        FigureKind("timeline", timeline.draw),
        FigureKind("completion-times", workloads.draw_completion_times),
        FigureKind("goodput", workloads.draw_goodput),
        FigureKind("latency-by-class", workloads.draw_latency),
        FigureKind("fibre-use", fibre_use.draw),
        FigureKind("losses", losses.draw),
        FigureKind("rtt-ecdf", rtt_ecdf.draw),
        FigureKind("throughput", throughput.draw),
    ),
    of=FigureKind,
)
"""By name."""
