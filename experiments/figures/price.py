"""The figure of prices: added RTT by set and class of data, confident rules and interpretations
apart, how certain that is, and what else is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price import DemandPrice, Row, SetPrice
from corridor.experiments.answers.price_causes import BASES
from corridor.experiments.figures import answers_data as answers_of
from corridor.experiments.figures.answers_data import NOT_ADVICE
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import Key, LineStyle, PatchStyle, Width
from corridor.topologies.base.words import counted, has_moved, is_longer

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, CauseEntry, DemandAnswer


HEIGHT = 0.5
CASING = patheffects.withStroke(linewidth=2.0, foreground="w")
CERTAIN: PatchStyle = {"facecolor": "0.35", "edgecolor": "k", "linewidth": 0.6}
READING: PatchStyle = {"facecolor": "0.93", "edgecolor": "0.25", "linewidth": 0.6}
READING |= {"hatch": "////"}
INTERVAL: LineStyle = {"color": "k", "linewidth": 1.0, "marker": "|", "markersize": 5}
EACH: LineStyle = {"marker": "|", "color": "k", "linestyle": "none", "markersize": 4}
MEASURED: LineStyle = {"marker": "x", "color": "k", "linestyle": "none", "markersize": 4}
ROW_IN = 0.26
EACH_Y, MEASURED_Y = -0.37, 0.37
"""Above and below a bar, in rows."""
MOST_ROWS = 40


@dataclass(frozen=True)
class Bar:
    certain_ms: float
    extra_ms: float
    """With readings."""
    interval_ms: tuple[float, float] | None

    @property
    def furthest_ms(self) -> float:
        return max(self.extra_ms, *(self.interval_ms or (0.0,)))

    @property
    def least_ms(self) -> float:
        return min(0.0, *(self.interval_ms or (0.0,)))


def draw_bar(axes: Axes, y: float, bar: Bar) -> None:
    """The interval lies below the bar's middle, so that neither hides the other."""
    axes.barh(y, bar.certain_ms, height=HEIGHT, **CERTAIN)
    axes.barh(y, bar.extra_ms - bar.certain_ms, left=bar.certain_ms, height=HEIGHT, **READING)
    if bar.interval_ms is not None:
        axes.plot(bar.interval_ms, [y, y], zorder=3, path_effects=[CASING], **INTERVAL)


def scale_axes(axes: Axes, bars: Sequence[Bar], marks_ms: Sequence[float] = ()) -> None:
    """The axis of time, as long as bars and other marks need."""
    low = min(bar.least_ms for bar in bars)
    most = max([*(bar.furthest_ms for bar in bars), *marks_ms]) or 1.0
    axes.set_xlim(1.05 * low, 1.05 * most)
    axes.set_xlabel("added RTT (ms)")


def bars_key(bars: Sequence[Bar]) -> Key:
    found: list[tuple[Artist, str]] = []
    if any(bar.certain_ms > 0 for bar in bars):
        found.append((Patch(**CERTAIN), "by confident rules"))
    if any(bar.extra_ms > bar.certain_ms for bar in bars):
        found.append((Patch(**READING), "by interpretations, assumptions and uncertain texts"))
    if any(bar.interval_ms is not None for bar in bars):
        found.append((Line2D([], [], **INTERVAL), "90 % of Monte Carlo samples of the map"))
    return found


def price_figure(prices: Sequence[SetPrice], width: Width) -> Figure | None:
    """None where no set costs anything."""
    every = [(of, row) for of in prices for row in of.rows if row.is_costly]
    shown = sorted(every, key=lambda pair: -_most_ms(pair[1]))[:MOST_ROWS]
    costly = [pair for pair in every if pair in shown]
    if not costly:
        return None
    rows = Rows([_text(of, row, len(prices)) for of, row in costly], width, ROW_IN)
    bars = [_bar(of, row) for of, row in costly]
    against = prices[0].against
    baseline = "no policies" if against == NO_POLICIES else against
    caption = f"compared with {baseline}; each set is priced separately"
    if len(costly) < len(every):
        caption += f"; the {len(costly)} rows of {len(every)} that cost most"
    key = [*bars_key(bars), *_marks_key(prices)]
    figure, axes = rows.figure(_title(prices), f"{caption} · {NOT_ADVICE}", key)
    for y, bar, (of, row) in zip(rows.ys, bars, costly, strict=True):
        draw_bar(axes, y, bar)
        _draw_marks(axes, y, _of_class(of, row))
    scale_axes(axes, bars, _measured_ms(prices))
    rows.write(axes)
    return figure


def _title(prices: Sequence[SetPrice]) -> str:
    if len(prices) > 1:
        return _title_of_several(prices)
    total = prices[0].with_readings
    most = max(map(_most_ms, prices[0].rows), default=0.0)
    blocked = counted(total.kept_back, "demand")
    return (
        f"{prices[0].policies} blocks {blocked}, delays {total.delayed} "
        f"by up to {most:.3g} ms, and leaves {total.losing} with less protection"
    )


def _title_of_several(prices: Sequence[SetPrice]) -> str:
    slow = max(prices, key=lambda of: max(map(_most_ms, of.rows), default=0.0))
    strict = max(prices, key=lambda of: of.with_readings.kept_back)
    most = max(map(_most_ms, slow.rows), default=0.0)
    blocked = counted(strict.with_readings.kept_back, "demand")
    delays = f"{slow.policies} delays most, by up to {most:.3g} ms" if is_longer(most) else ""
    blocks = f"blocks most, {blocked}" if strict.with_readings.kept_back else ""
    if blocks and (strict is not slow or not delays):
        blocks = f"{strict.policies} {blocks}"
    said = ", and ".join(filter(None, (delays, blocks)))
    return f"Of {len(prices)} policy sets {said or 'none delays or blocks a demand'}"


def _most_ms(row: Row) -> float:
    return max(row.extra_ms, default=0.0)


def _of_class(of: SetPrice, row: Row) -> list[DemandPrice]:
    return [one for one in of.demands if one.data == row.data]


def _bar(of: SetPrice, row: Row) -> Bar:
    """Of the demand of the class that pays most; certain rules may cost another one more."""
    extra = max(_most_ms(row), 0.0)
    certain = [one.by_certain_rules.extra_ms or 0.0 for one in _of_class(of, row)]
    at = row.extra_ms.index(_most_ms(row)) if row.extra_ms else None
    sure = row.certainty[at] if at is not None and row.certainty else None
    interval = (sure.interval.low_ms, sure.interval.high_ms) if sure and is_longer(extra) else None
    return Bar(min(max(certain, default=0.0), extra), extra, interval)


def _text(of: SetPrice, row: Row, sets: int) -> RowText:
    name = row.data if sets == 1 else f"{of.policies}: {row.data}"
    measured = any(one.measured_extra_ms is not None for one in _of_class(of, row))
    return RowText(name, _beside(row), has_bar=measured or has_moved(_most_ms(row)))


def _beside(row: Row) -> str:
    said = []
    if row.kept_back:
        said.append(f"{row.kept_back} of {row.demands} {Outcome.BLOCKED.word}")
    if row.lost:
        points = counted(len(row.lost), "single point")
        said.append(f"{row.losing} of {row.demands} with {points} of failure")
    return ", ".join(said)


def _marks_key(prices: Sequence[SetPrice]) -> Key:
    key = [(Line2D([], [], **EACH | {"markersize": 7}), "each demand")]
    if _measured_ms(prices):
        key.append((Line2D([], [], **MEASURED), "measured"))
    return key


def _measured_ms(prices: Sequence[SetPrice]) -> list[float]:
    every = (one.measured_extra_ms for of in prices for one in of.demands)
    return [extra for extra in every if extra is not None]


def _draw_marks(axes: Axes, y: float, demands: Sequence[DemandPrice]) -> None:
    predicted = [one.with_readings.extra_ms for one in demands]
    known = [extra for extra in predicted if extra is not None and has_moved(extra)]
    axes.plot(known, [y + EACH_Y] * len(known), clip_on=False, **EACH)
    measured = [one.measured_extra_ms for one in demands if one.measured_extra_ms is not None]
    axes.plot(measured, [y + MEASURED_Y] * len(measured), clip_on=False, **MEASURED)


# The figure of a run's price: what policies add to round trips, by confident rules and by
# readings, with intervals, and which demands they block.

MOST_DEMANDS = 30
DEMAND_ROW_IN = 0.19
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
    shown = every[:MOST_DEMANDS]
    rows = Rows([RowText(one.id, _demand_beside(one)) for one in shown], width, DEMAND_ROW_IN)
    bars = [_demand_bar(one) for one in shown]
    crosses: Key = [(Line2D([], [], **BLOCKED), Outcome.BLOCKED.word)] if blocked else []
    key = [*bars_key(bars), *crosses]
    caption = answers_of.caption(answers, _run_shown(answers, every, delayed))
    figure, axes = rows.figure(_run_title(answers, delayed), caption, key)
    for y, bar, one in zip(rows.ys, bars, shown, strict=True):
        if one.kept_back:
            axes.plot(0, y, clip_on=False, **BLOCKED)
        else:
            draw_bar(axes, y, bar)
    scale_axes(axes, bars)
    rows.write(axes)
    return figure


def _run_title(answers: Answers, delayed: Sequence[DemandAnswer]) -> str:
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


def _run_shown(
    answers: Answers, every: Sequence[DemandAnswer], delayed: Sequence[DemandAnswer]
) -> str:
    said = f"{len(delayed)} of {counted(len(answers.demands), 'demand')} have a longer RTT"
    unchanged = len(answers.demands) - len(every)
    if unchanged:
        said += f", {counted(unchanged, 'unchanged demand')} not shown"
    if len(every) > MOST_DEMANDS:
        said += f", {len(every) - MOST_DEMANDS} less affected left out"
    return said


def _demand_beside(demand: DemandAnswer) -> str:
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


def _demand_bar(demand: DemandAnswer) -> Bar:
    extra, interval = answers_of.extra_ms(demand), demand.extra_interval_ms
    certain = min(max(demand.certain_extra_ms or 0.0, 0.0), extra)
    return Bar(certain, extra, (interval[0], interval[1]) if interval and extra else None)
