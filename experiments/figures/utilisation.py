"""The figure of fibres under load: what each carried of its emulated rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.experiments.figures import data
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.loads import Load, bin_ns, read_loads
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.topologies.base.words import counted

MOST_ROWS = 30
ROW_IN = 0.26
MOST: dict[str, Any] = {"facecolor": "0.72", "edgecolor": "k", "linewidth": 0.6}
MEAN: dict[str, Any] = {"marker": "|", "color": "k", "markersize": 9, "linestyle": "none"}
MEAN |= {"markeredgewidth": 1.6}
FULL: dict[str, Any] = {"color": "k", "linewidth": 1.1, "linestyle": (0, (4, 2))}


def _draw(run: RunData, width: Width) -> Figure | None:
    loads = read_loads(run)
    if not loads:
        return None
    shown = loads[:MOST_ROWS]
    rows = Rows([_text(load) for load in shown], width, ROW_IN)
    told = f"{counted(len(loads), 'direction')} of fibres with flows"
    if len(shown) < len(loads):
        told = f"the {len(shown)} fullest of {told}"
    caption = data.caption(run.summary, f"{told}, by planned paths")
    key = [
        (Patch(**MOST), f"delivered, busiest {bin_ns(run.tracks) / 1e9:g} s"),
        (Line2D([], [], **MEAN), "mean while anything flows"),
        (Line2D([], [], **FULL), "emulated rate"),
    ]
    figure, axes = rows.figure(_title(loads), caption, key)
    _draw_bars(axes, shown, rows)
    return figure


def _title(loads: Sequence[Load]) -> str:
    fullest = loads[0]
    share = f"{100 * fullest.share:.3g} %"
    full = sum(load.share >= 0.9 for load in loads)
    if full > 1:
        every = counted(len(loads), "direction")
        return f"{full} of {every} are 90 % full or more, {share} at most"
    return f"The fullest fibre, {fullest.fibre}, carries {share} of its emulated rate"


def _text(load: Load) -> RowText:
    who = ", ".join(load.demands[:2])
    more = f" and {len(load.demands) - 2} more" if len(load.demands) > 2 else ""
    rates = f"{load.most_mbps:.3g} of {load.rate_mbps:.4g} Mbit/s"
    return RowText(f"{load.fibre}\nfrom {load.from_hub}", f"{rates}\n{who}{more}")


def _draw_bars(axes: Any, loads: Sequence[Load], rows: Rows) -> None:
    axes.barh(rows.ys, [100 * load.share for load in loads], height=0.4, **MOST)
    means = [100 * load.mean_mbps / load.rate_mbps for load in loads]
    axes.plot(means, rows.ys, **MEAN)
    axes.axvline(100, **FULL)
    axes.set_xlim(0, 105 * max(1.0, loads[0].share))
    axes.set_xlabel("share of the emulated rate (%)")
    rows.write(axes)


KIND = FigureKind(
    "utilisation",
    _draw,
)
