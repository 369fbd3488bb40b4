"""Time charts of pages as SVG paths: rows over one time axis, below the events of a run. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import EventSummary, HitSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import TimeRow, time_line
from corridor.experiments.atlas.labels import flags
from corridor.traffic.measures.samples import Probes

WIDE, LEFT, GAP, LANE, TICKS = 960.0, 52.0, 22.0, 15.0, 26.0
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


# The time line of a run: its events, and the round trips of the most affected demands.

MOST_POINTS = 400
"""Of a demand: the minimum and the maximum of each of half as many intervals."""
ROW = 64.0


@dataclass(frozen=True)
class Happening:
    """One event as text."""

    at_ms: float
    until_ms: float | None
    what: str
    hits: Sequence[HitSummary]
    refused: str
    fibres: str
    """Numbers of the fibres that it takes away; empty if none."""


@dataclass(frozen=True)
class RttHistory:
    title: str
    chart: Chart
    events: Sequence[Happening]


def course_of(
    summary: Summary,
    probes: Callable[[], Probes],
    fibres: Mapping[str, Sequence[int]],
    *,
    has_bfd: bool,
) -> RttHistory | None:
    """Return None for a run without events. ``fibres`` are numbers by the target of an event."""
    events = summary.events or ()
    if not events:
        return None
    of = time_line(summary, probes(), has_bfd=has_bfd, most=MOST_POINTS)
    if of is None:
        return None
    said = f"{len(events)} events in {of.end_s:.3g} s; the list below says the same."
    return RttHistory(
        title="What happened, and when",
        chart=chart(f"Round trips over time. {said}", events, of.end_s, of.rows, ROW, _row),
        events=[_happening(event, fibres) for event in events],
    )


def _row(of: TimeRow, at_x: Scale, y: float) -> Row:
    low, high = of.axis_ms

    def at_y(value: float) -> float:
        return round(y + ROW - (value - low) / (high - low) * ROW, 1)

    least, most = of.range_ms or (low, high)
    expected = [(one.from_s, one.until_s, one.rtt_ms) for one in of.levels]
    lost = "".join(f"M{at_x(at):g} {y + ROW - 6:g}v6" for at in of.course.lost_s)
    rtt = line(at_x, at_y, zip(*event_data.broken(of.course), strict=True))
    return Row(
        name=of.demand.id,
        y=y,
        foot=y + ROW,
        paths=(("level", levels(at_x, at_y, expected)), ("rtt", rtt), ("lost", lost)),
        labels=(
            (at_y(least) + 4, f"{least:.1f}"),
            (at_y(most) + 4, f"{most:.1f}" if most - least >= 0.05 else ""),
        ),
    )


def _happening(event: EventSummary, fibres: Mapping[str, Sequence[int]]) -> Happening:
    return Happening(
        at_ms=event.at_ms,
        until_ms=event.until_ms,
        what=f"{event.id}: {event.kind} {event.what}",
        hits=event.hits,
        refused=event.refused or "",
        fibres=" ".join(str(one) for one in fibres.get(event.what, ())),
    )
