"""The figures of a run: RTT by group, predicted against measured, ranges, throughput, events.

Each is written as PDF and PNG into ``figures/``. A figure without anything to show
is left out; a demand without a reply is marked as such in those that remain, and one
that policies keep back is in none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.figures import data
from corridor.experiments.figures.outages import outages
from corridor.experiments.figures.rtt import demand_ranges, predicted_measured, rtt_ecdf
from corridor.experiments.figures.style import save, style
from corridor.experiments.figures.throughput import throughput
from corridor.experiments.figures.timeline import timeline
from corridor.experiments.results.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = (
    *("rtt-ecdf", "predicted-measured", "demand-ranges", "throughput"),
    *("timeline", "outages"),
)


def draw_figures(
    out_dir: Path,
    summary: Summary,
    names: Sequence[str] = NAMES,
    places: Mapping[str, data.Place] | None = None,
) -> list[Path]:
    """Draw what ``summary`` and ``probes.parquet`` allow; returns the files written.

    ``places`` are those of ``data.read_places``, for who has read them already.
    """
    folder = out_dir / "figures"
    folder.mkdir(exist_ok=True)
    for name in names:
        for suffix in ("pdf", "png"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
    drawers = _drawers(out_dir, summary, data.read_places(out_dir) if places is None else places)
    with style():
        drawn = [(name, drawers[name]()) for name in names]
        return [
            path
            for name, figure in drawn
            if figure is not None
            for path in save(figure, folder, name)
        ]


def _drawers(
    out_dir: Path, summary: Summary, places: Mapping[str, data.Place]
) -> dict[str, Callable[[], Figure | None]]:
    """What draws each figure, by its name."""
    every_rtt_ms = data.read_rtt_ms(out_dir, len(summary["demands"]))
    shown, rtt_ms = data.expecting_answers(summary, every_rtt_ms)
    groups = data.group_demands(shown["demands"], places)
    return {
        "rtt-ecdf": lambda: rtt_ecdf(shown, groups, rtt_ms),
        "predicted-measured": lambda: predicted_measured(shown, groups),
        "demand-ranges": lambda: demand_ranges(shown, groups),
        "throughput": lambda: throughput(shown),
        "timeline": lambda: timeline(summary, out_dir),
        "outages": lambda: outages(summary, out_dir),
    }
