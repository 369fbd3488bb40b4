"""The figure of a run's price: what policies add to round trips, by confident rules and by
readings, with intervals, and which demands they block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price_causes import BASES
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures.price import Bar, bars_key, draw_bar, scale_axes
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Key, LineStyle, Width
from corridor.topologies.base.words import counted, is_longer

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, CauseEntry, DemandAnswer

MOST_ROWS = 30
ROW_IN = 0.19
BLOCKED: LineStyle = {
    "marker": Outcome.BLOCKED.marker,
    "color": "k",
    "markersize": 5.5,
    "linestyle": "none",
}
BLOCKED |= {"markeredgewidth": 1.3}


def draw(run: RunData, width: Width) -> Figure | None:
    return None if run.answers is None else price_of_run(run.answers, width)


def price_of_run(answers: Answers, width: Width) -> Figure | None:
    """None where policies change nothing for any demand."""
    delayed, blocked = answers_of.delayed(answers), answers_of.kept_back(answers)
    others = [*blocked, *answers_of.less_protected(answers)]
    every = [*delayed, *(one for one in others if one not in delayed)]
    if not every:
        return None
    shown = every[:MOST_ROWS]
    rows = Rows([RowText(one.id, _beside(one)) for one in shown], width, ROW_IN)
    bars = [_bar(one) for one in shown]
    crosses: Key = [(Line2D([], [], **BLOCKED), Outcome.BLOCKED.word)] if blocked else []
    key = [*bars_key(bars), *crosses]
    caption = answers_of.caption(answers, _shown(answers, every, delayed))
    figure, axes = rows.figure(_title(answers, delayed), caption, key)
    for y, bar, one in zip(rows.ys, bars, shown, strict=True):
        if one.kept_back:
            axes.plot(0, y, clip_on=False, **BLOCKED)
        else:
            draw_bar(axes, y, bar)
    scale_axes(axes, bars)
    rows.write(axes)
    return figure


def _title(answers: Answers, delayed: Sequence[DemandAnswer]) -> str:
    """The maximum, its uncertainty, the part by certain rules alone, and the blocked demands."""
    blocked = answers_of.blocked_in_words(answers)
    if not delayed:
        return f"Policies delay no demand; {blocked}"
    most = delayed[0]
    interval = most.extra_interval_ms
    sure = f" [{interval[0]:.3g} to {interval[1]:.3g}]" if interval else ""
    certain = max(demand.certain_extra_ms or 0.0 for demand in delayed)
    alone = f"up to {certain:.3g} ms" if is_longer(certain) else "nothing"
    return (
        f"Policies add up to {answers_of.extra_ms(most):.3g} ms{sure} to a round trip "
        f"({most.id}), confident rules alone {alone}; {blocked}"
    )


def _shown(answers: Answers, every: Sequence[DemandAnswer], delayed: Sequence[DemandAnswer]) -> str:
    said = f"{len(delayed)} of {counted(len(answers.demands), 'demand')} have a longer RTT"
    unchanged = len(answers.demands) - len(every)
    if unchanged:
        said += f", {counted(unchanged, 'unchanged demand')} not shown"
    if len(every) > MOST_ROWS:
        said += f", {len(every) - MOST_ROWS} less affected left out"
    return said


def _beside(demand: DemandAnswer) -> str:
    """What policies do to it, and by which policy."""
    if demand.kept_back:
        return f"{Outcome.BLOCKED.word}{_because(answers_of.cause_of(demand, 'kept back'))}"
    said = []
    if extra := answers_of.extra_ms(demand):
        said.append(f"+{extra:.3g} ms{_because(answers_of.cause_of(demand, 'delay'))}")
    if demand.lost_protection:
        cause = answers_of.cause_of(demand, "no way around", "width")
        said.append(f"less protection{_because(cause)}")
    return "; ".join(said)


def _because(cause: CauseEntry | None) -> str:
    if cause is None:
        return ""
    sure = f", {BASES[cause.basis]}" if answers_of.is_uncertain(cause) else ""
    return f" by {cause.policy}{sure}"


def _bar(demand: DemandAnswer) -> Bar:
    extra, interval = answers_of.extra_ms(demand), demand.extra_interval_ms
    certain = min(max(demand.certain_extra_ms or 0.0, 0.0), extra)
    return Bar(certain, extra, (interval[0], interval[1]) if interval and extra else None)
