"""The figure of predictions: the least measured round trip of each demand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from corridor.experiments.figures import data
from corridor.experiments.figures.data import Group, Unit
from corridor.experiments.figures.kind import VERIFICATION, FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import SERIES, SOFT, Series, Width, new_figure
from corridor.experiments.results.summary import DemandSummary, Summary
from corridor.topologies.base.words import counted

SQUARE = Width("", 5.0, 9)


def predicted_measured(
    summary: Summary, groups: Sequence[Group], width: Width = SQUARE
) -> Figure | None:
    """Least measured RTT over predicted, and the difference of the two below."""
    demands = summary["demands"]
    answered = [demand for demand in demands if data.answered(demand)]
    if not answered:
        return None
    differences = [data.deviations_ms(demand)["min"] for demand in answered]
    unit = data.unit_for(differences)
    title = f"Minimum RTT lies {data.span(differences, unit)} its prediction"
    said = f"{data.without_reply(summary)}{data.untouched(summary)}"
    shown = f"{counted(len(demands), 'demand')}{said}"
    figure = new_figure(title, data.caption(summary, shown), 4.7, width)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.3))
    above.axline((0, 0), slope=1, color=SOFT, linewidth=0.8, label="measured = predicted")
    below.axhline(0, color=SOFT, linewidth=0.8)
    for group, series in zip(groups, SERIES, strict=False):
        members = [demands[at] for at in group.members if data.answered(demands[at])]
        if members:
            _scatter(above, below, members, unit, series, group.name)
    silent = [data.predicted_ms(demand) for demand in demands if not data.answered(demand)]
    if silent:
        on_axis = [0] * len(silent)
        above.plot(silent, on_axis, "kx", clip_on=False, label="no reply (at its prediction)")
    limit = 1.05 * max(
        *(data.predicted_ms(demand) for demand in demands),
        *(data.measured_ms(demand)["min"] for demand in answered),
    )
    above.set(xlim=(0, limit), ylim=(0, limit), ylabel="measured minimum RTT (ms)")
    above.legend(loc="upper left")
    below.set(xlabel="predicted RTT (ms)", ylabel=f"measured less\npredicted ({unit.name})")
    below.margins(y=0.15)
    figure.align_ylabels()
    return figure


def _scatter(
    above: Any, below: Any, members: Sequence[DemandSummary], unit: Unit, series: Series, name: str
) -> None:
    look: dict[str, Any] = {"color": series.colour, "marker": series.mark, "linestyle": "none"}
    look |= {"markerfacecolor": "white", "markeredgewidth": 1.0}
    predicted = [data.predicted_ms(demand) for demand in members]
    above.plot(
        predicted, [data.measured_ms(demand)["min"] for demand in members], label=name, **look
    )
    differences = [data.deviations_ms(demand)["min"] * unit.per_ms for demand in members]
    below.plot(predicted, differences, **look)


def _draw(run: RunData, width: Width) -> Figure | None:
    return predicted_measured(run.undisturbed, run.undisturbed_groups, width)


KIND = FigureKind(
    "predicted-measured",
    _draw,
    VERIFICATION,
    widths=(SQUARE,),
)
