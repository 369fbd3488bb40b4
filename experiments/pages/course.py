"""The time line of a run: events as bands, round trips of those hit hardest as lines. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.flags import flags
from corridor.experiments.atlas.time_line import TimeRow, time_line
from corridor.experiments.pages.words import duration
from corridor.experiments.results.summary import EventSummary, HitSummary, Summary
from corridor.traffic.measures.samples import Probes

MOST_POINTS = 400
"""Of a demand: the least and the maximum of each of half as many intervals."""
WIDE, LEFT, ROW, GAP, LANE = 960.0, 44.0, 64.0, 22.0, 15.0
LETTER = 5.9
"""Units of a letter, about."""
MOST_LETTERS = 48


@dataclass(frozen=True)
class Band:
    x: float
    width: float
    """0 of an event that is over at once."""
    label_x: float
    label_y: float
    label: str
    """Empty where there is no room for it."""
    hits: bool


@dataclass(frozen=True)
class Row:
    """One demand."""

    y: float
    name: str
    path: str
    lost: str
    levels: Sequence[tuple[float, float, float]]
    """Expected round trips: x from, x to, y."""
    low: tuple[float, str]
    """Where the least is, and in words; then the most."""
    high: tuple[float, str]


@dataclass(frozen=True)
class Happening:
    """One event in words."""

    at: str
    until: str
    what: str
    hits: Sequence[HitSummary]
    refused: str
    fibres: str
    """Numbers of fibres that it takes away; empty if none."""


@dataclass(frozen=True)
class Course:
    title: str
    width: float
    height: float
    top: float
    bands: Sequence[Band]
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]
    events: Sequence[Happening]
    described: str
    left: float = LEFT


def course_of(
    summary: Summary,
    probes: Callable[[], Probes],
    fibres: Mapping[str, Sequence[int]],
    *,
    has_bfd: bool,
) -> Course | None:
    """None of a run without events. ``fibres`` are numbers by the name of what an event hits."""
    events = summary.events or ()
    if not events:
        return None
    line = time_line(summary, probes(), has_bfd=has_bfd, most=MOST_POINTS)
    if line is None:
        return None
    bands, lanes = bands_of(events, line.end_s)
    top = lanes * LANE + 6
    rows = [
        _row(row, line.end_s, top + GAP + number * (ROW + GAP))
        for number, row in enumerate(line.rows)
    ]
    return Course(
        title="What happened, and when",
        width=WIDE,
        height=top + len(rows) * (ROW + GAP) + 26,
        top=top,
        bands=bands,
        rows=rows,
        ticks=[(x_of(at, line.end_s), f"{at:g} s") for at in ticks_of(line.end_s)],
        events=[_happening(event, fibres) for event in events],
        described=f"{len(events)} events in {line.end_s:.3g} s; the list below says the same.",
    )


def x_of(at_s: float, end_s: float) -> float:
    return round(LEFT + at_s / end_s * (WIDE - LEFT), 1)


def bands_of(events: Sequence[EventSummary], end_s: float) -> tuple[list[Band], int]:
    """And in how many lanes their labels are."""
    spans = event_data.spans(events, end_s)
    labels = [f"{one.id}: {one.kind} {one.what}"[:MOST_LETTERS] for one in events]
    places = [x_of(span.from_s, end_s) - LEFT for span in spans]
    widths = [len(label) * LETTER for label in labels]
    placed = {
        flag.number: flag
        for flag in flags(places, widths, WIDE - LEFT, [span.hits for span in spans])
    }
    lanes = 1 + max((flag.lane for flag in placed.values()), default=-1)
    found = []
    for number, (span, label) in enumerate(zip(spans, labels, strict=True)):
        x, flag = x_of(span.from_s, end_s), placed.get(number)
        width = 0.0 if span.until_s is None else x_of(span.until_s, end_s) - x
        left, lane = (LEFT + flag.left_pt, flag.lane) if flag else (LEFT, 0)
        y, said = (lanes - lane) * LANE - 3, label if flag else ""
        found.append(Band(x, max(0.0, width), round(left, 1), y, said, span.hits))
    return found, lanes


def _row(row: TimeRow, end_s: float, y: float) -> Row:
    low, high = row.axis_ms

    def at_y(value: float) -> float:
        return round(y + ROW - (value - low) / (high - low) * ROW, 1)

    least, most = row.range_ms or (low, high)
    return Row(
        y=y,
        name=row.demand.id,
        path=_path(row.course, end_s, at_y),
        lost="".join(f"M{x_of(at, end_s):g} {y + ROW - 6:g}v6" for at in row.course.lost_s),
        levels=[
            (x_of(one.from_s, end_s), x_of(one.until_s, end_s), at_y(one.rtt_ms))
            for one in row.levels
        ],
        low=(at_y(least) + 4, f"{least:.1f}"),
        high=(at_y(most) + 4, f"{most:.1f}" if most - least >= 0.05 else ""),
    )


def _path(course: event_data.Course, end_s: float, at_y: Callable[[float], float]) -> str:
    """Broken where nothing was answered."""
    said, pen = [], "M"
    for at_s, rtt_ms in zip(*event_data.broken(course), strict=True):
        if math.isnan(rtt_ms):
            pen = "M"
            continue
        said.append(f"{pen}{x_of(float(at_s), end_s):g} {at_y(float(rtt_ms)):g}")
        pen = "L"
    return "".join(said)


def ticks_of(end_s: float) -> list[float]:
    """Some six round moments."""
    rough = end_s / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * by for by in (1, 2, 5, 10) if power * by >= rough)
    return [round(step * number, 9) for number in range(int(end_s / step) + 1)]


def _happening(event: EventSummary, fibres: Mapping[str, Sequence[int]]) -> Happening:
    until = event.until_ms
    return Happening(
        at=duration(event.at_ms),
        until="" if until is None else duration(until),
        what=f"{event.id}: {event.kind} {event.what}",
        hits=event.hits,
        refused=event.refused or "",
        fibres=" ".join(str(one) for one in fibres.get(event.what, ())),
    )
