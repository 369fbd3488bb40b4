"""Time charts of pages as SVG paths: rows over one time axis, below the events of a run. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import EventSummary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.labels import flags

WIDE, LEFT, GAP, LANE, TICKS = 960.0, 44.0, 22.0, 15.0, 26.0
LETTER = 5.9
"""Approximate width of a letter."""
MOST_LETTERS = 48

type Scale = Callable[[float], float]
"""From a time or a value to a coordinate."""


@dataclass(frozen=True)
class Band:
    x: float
    width: float
    """0 for an instantaneous event."""
    label_x: float
    label_y: float
    label: str
    """Empty if there is no space for it."""
    hits: bool


@dataclass(frozen=True)
class Row:
    name: str
    y: float
    foot: float
    paths: Sequence[tuple[str, str]]
    """Classes of the style sheet, and the path of each."""
    labels: Sequence[tuple[float, str]]
    """Left of the axis: y and text."""


@dataclass(frozen=True)
class Chart:
    described: str
    height: float
    top: float
    bands: Sequence[Band]
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]
    width: float = WIDE
    left: float = LEFT


def chart[Item](
    described: str,
    events: Sequence[EventSummary],
    end_s: float,
    items: Sequence[Item],
    high: float,
    row: Callable[[Item, Scale, float], Row],
) -> Chart:
    """Call ``row`` for each item with the scale of time and the upper edge of its row."""

    def at_x(at_s: float) -> float:
        return round(LEFT + at_s / end_s * (WIDE - LEFT), 1)

    bands, lanes = _bands(events, end_s, at_x)
    top = lanes * LANE + 6
    return Chart(
        described=described,
        height=top + len(items) * (high + GAP) + TICKS,
        top=top,
        bands=bands,
        rows=[row(one, at_x, top + GAP + at * (high + GAP)) for at, one in enumerate(items)],
        ticks=[(at_x(at), f"{at:g} s") for at in _ticks(end_s)],
    )


def levels(at_x: Scale, at_y: Scale, of: Iterable[tuple[float, float, float | None]]) -> str:
    """Return a path of horizontal lines: from, until, and the value; None is left out."""
    return "".join(
        f"M{at_x(from_s):g} {at_y(value):g}H{at_x(until_s):g}"
        for from_s, until_s, value in of
        if value
    )


def line(at_x: Scale, at_y: Scale, of: Iterable[tuple[float, float]]) -> str:
    """Return a path through points, interrupted where a value is not a number."""
    said, pen = [], "M"
    for at_s, value in of:
        if math.isnan(value):
            pen = "M"
            continue
        said.append(f"{pen}{at_x(at_s):g} {at_y(value):g}")
        pen = "L"
    return "".join(said)


def _bands(events: Sequence[EventSummary], end_s: float, at_x: Scale) -> tuple[list[Band], int]:
    """Return the bands, and the number of lanes of their labels."""
    spans = event_data.spans(events, end_s)
    labels = [f"{one.id}: {one.kind} {one.what}"[:MOST_LETTERS] for one in events]
    places = [at_x(span.from_s) - LEFT for span in spans]
    widths = [len(label) * LETTER for label in labels]
    placed = {
        flag.number: flag
        for flag in flags(places, widths, WIDE - LEFT, [span.hits for span in spans])
    }
    lanes = 1 + max((flag.lane for flag in placed.values()), default=-1)
    found = []
    for number, (span, label) in enumerate(zip(spans, labels, strict=True)):
        x, flag = at_x(span.from_s), placed.get(number)
        width = 0.0 if span.until_s is None else at_x(span.until_s) - x
        left, lane = (LEFT + flag.left_pt, flag.lane) if flag else (LEFT, 0)
        y, said = (lanes - lane) * LANE - 3, label if flag else ""
        found.append(Band(x, max(0.0, width), round(left, 1), y, said, span.hits))
    return found, lanes


def _ticks(end_s: float) -> list[float]:
    """Return about six round times."""
    rough = end_s / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * by for by in (1, 2, 5, 10) if power * by >= rough)
    return [round(step * number, 9) for number in range(int(end_s / step) + 1)]
