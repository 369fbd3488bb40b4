"""The figures of a run: RTT by group, predicted against measured, ranges, throughput.

Each is written as PDF and PNG into ``figures/``. A figure without anything to show
is left out; a demand without a reply is marked as such in those that remain, and one
that policies keep back is in none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.figures import data
from experiments.figures.rtt import demand_ranges, predicted_measured, rtt_ecdf
from experiments.figures.style import save, style
from experiments.figures.throughput import throughput

NAMES = ("rtt-ecdf", "predicted-measured", "demand-ranges", "throughput")


def draw_figures(out_dir: Path, summary: dict[str, Any]) -> list[Path]:
    """Draw what ``summary`` and ``probes.parquet`` allow; returns the files written."""
    folder = out_dir / "figures"
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        for suffix in ("pdf", "png"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
    every_rtt_ms = data.read_rtt_ms(out_dir, len(summary["demands"]))
    summary, rtt_ms = data.expecting_answers(summary, every_rtt_ms)
    groups = data.group_demands(summary["demands"], data.read_places(out_dir))
    with style():
        drawn = (
            rtt_ecdf(summary, groups, rtt_ms),
            predicted_measured(summary, groups),
            demand_ranges(summary, groups),
            throughput(summary),
        )
        return [
            path
            for name, figure in zip(NAMES, drawn, strict=True)
            if figure is not None
            for path in save(figure, folder, name)
        ]
