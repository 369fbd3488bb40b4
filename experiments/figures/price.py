"""The figure of prices: extra round trip by set and class of data, certain rules and readings
apart, how certain that is, and what else is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.figures import price_bars
from corridor.experiments.figures.answers_data import NOT_ADVICE
from corridor.experiments.figures.price_bars import Bar
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import Key, Width
from corridor.experiments.results.outcome import Outcome
from corridor.experiments.results.price import DemandPrice, Row, SetPrice
from corridor.topologies.base.words import LEAST_SHOWN_MS, counted

EACH: dict[str, Any] = {"marker": "|", "color": "k", "linestyle": "none", "markersize": 4}
MEASURED: dict[str, Any] = {"marker": "x", "color": "k", "linestyle": "none", "markersize": 4}
ROW_IN = 0.26
EACH_Y, MEASURED_Y = -0.37, 0.37
"""Above and below a bar, in rows."""
MOST_ROWS = 40


def price_figure(prices: Sequence[SetPrice], width: Width) -> Figure | None:
    """None where no set costs anything."""
    every = [(of, row) for of in prices for row in of.rows if row.is_costly]
    shown = sorted(every, key=lambda pair: -_most_ms(pair[1]))[:MOST_ROWS]
    costly = [pair for pair in every if pair in shown]
    if not costly:
        return None
    rows = Rows([_text(of, row, len(prices)) for of, row in costly], width, ROW_IN)
    bars = [_bar(of, row) for of, row in costly]
    caption = f"over the same demands under {prices[0].against}; a set is priced by itself"
    if len(costly) < len(every):
        caption += f"; the {len(costly)} rows of {len(every)} that cost most"
    key = [*price_bars.key(bars), *_marks_key(prices)]
    figure, axes = rows.figure(_title(prices), f"{caption} · {NOT_ADVICE}", key)
    for y, bar, (of, row) in zip(rows.ys, bars, costly, strict=True):
        price_bars.draw(axes, y, bar)
        _draw_marks(axes, y, _of_class(of, row))
    price_bars.scale(axes, bars, _measured_ms(prices))
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
    delays = (
        f"{slow.policies} delays most, by up to {most:.3g} ms" if most >= LEAST_SHOWN_MS else ""
    )
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
    interval = (
        (sure.interval.low_ms, sure.interval.high_ms) if sure and extra >= LEAST_SHOWN_MS else None
    )
    return Bar(min(max(certain, default=0.0), extra), extra, interval)


def _text(of: SetPrice, row: Row, sets: int) -> RowText:
    name = row.data if sets == 1 else f"{of.policies}: {row.data}"
    measured = any(one.measured_extra_ms is not None for one in _of_class(of, row))
    return RowText(name, _beside(row), has_bar=measured or abs(_most_ms(row)) >= LEAST_SHOWN_MS)


def _beside(row: Row) -> str:
    said = []
    if row.kept_back:
        said.append(f"{row.kept_back} of {row.demands} {Outcome.BLOCKED.word}")
    if row.lost:
        points = counted(len(row.lost), "point")
        said.append(f"{row.losing} of {row.demands} without a way around {points}")
    return ", ".join(said)


def _marks_key(prices: Sequence[SetPrice]) -> Key:
    key = [(Line2D([], [], **EACH | {"markersize": 7}), "each demand")]
    if _measured_ms(prices):
        key.append((Line2D([], [], **MEASURED), "measured"))
    return key


def _measured_ms(prices: Sequence[SetPrice]) -> list[float]:
    every = (one.measured_extra_ms for of in prices for one in of.demands)
    return [extra for extra in every if extra is not None]


def _draw_marks(axes: Any, y: float, demands: Sequence[DemandPrice]) -> None:
    predicted = [one.with_readings.extra_ms for one in demands]
    known = [extra for extra in predicted if extra is not None and abs(extra) >= LEAST_SHOWN_MS]
    axes.plot(known, [y + EACH_Y] * len(known), clip_on=False, **EACH)
    measured = [one.measured_extra_ms for one in demands if one.measured_extra_ms is not None]
    axes.plot(measured, [y + MEASURED_Y] * len(measured), clip_on=False, **MEASURED)
