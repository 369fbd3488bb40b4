"""The figure of a run's price: what the law adds to round trips, certain rules and readings apart,
and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from corridor.experiments.answers.words import LEAST_MS
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures import price_bars
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.price_bars import Bar
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.experiments.results.price_causes import BASES
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, DemandAnswer

MOST_ROWS = 30
ROW_IN = 0.19


def _draw(run: RunData, width: Width) -> Figure | None:
    return None if run.answers is None else price_of_run(run.answers, width)


def price_of_run(answers: Answers, width: Width) -> Figure | None:
    """None where the law costs no demand any time."""
    delayed = answers_of.delayed(answers)
    if not delayed:
        return None
    shown = delayed[:MOST_ROWS]
    rows = Rows([RowText(demand["id"], _beside(demand)) for demand in shown], width, ROW_IN)
    bars = [_bar(demand) for demand in shown]
    caption = answers_of.caption(answers, _shown(answers, delayed))
    figure, axes = rows.figure(_title(delayed), caption, price_bars.key(bars))
    _draw_bars(axes, bars, rows)
    return figure


def _title(delayed: Sequence[DemandAnswer]) -> str:
    """The most, how sure it is, and what is left of it by certain rules alone."""
    most = delayed[0]
    interval = most["extra_interval_ms"]
    sure = f" [{interval[0]:.3g} to {interval[1]:.3g}]" if interval else ""
    certain = max(demand["certain_extra_ms"] or 0.0 for demand in delayed)
    alone = f"{certain:.3g} ms at most" if certain >= LEAST_MS else "nothing"
    return (
        f"The law adds up to {answers_of.extra_ms(most):.3g} ms{sure} to a round trip "
        f"({most['id']}); certain rules alone add {alone}"
    )


def _shown(answers: Answers, delayed: Sequence[DemandAnswer]) -> str:
    every = counted(len(answers["demands"]), "demand")
    said = f"{len(delayed)} of {every} take longer than without law"
    if len(delayed) > MOST_ROWS:
        said += f", the {MOST_ROWS} that do most"
    return f"{said}; {answers_of.kept_back_told(answers)}"


def _beside(demand: DemandAnswer) -> str:
    cause = answers_of.delay_cause(demand)
    if cause is None:
        return ""
    sure = f", {BASES[cause['basis']]}" if answers_of.is_uncertain(cause) else ""
    return f"{cause['policy']}{sure}"


def _bar(demand: DemandAnswer) -> Bar:
    extra, interval = answers_of.extra_ms(demand), demand["extra_interval_ms"]
    certain = min(max(demand["certain_extra_ms"] or 0.0, 0.0), extra)
    return Bar(certain, extra, (interval[0], interval[1]) if interval else None)


def _draw_bars(axes: Any, bars: Sequence[Bar], rows: Rows) -> None:
    for y, bar in zip(rows.ys, bars, strict=True):
        price_bars.draw(axes, y, bar)
    price_bars.scale(axes, bars)
    rows.write(axes)


KIND = FigureKind(
    "price",
    _draw,
)
