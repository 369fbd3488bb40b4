"""The time line of a run: events as bands, round trips of those hit hardest as lines. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from corridor.experiments.pages.demands import Json
from corridor.experiments.pages.words import MS_PER_S, duration

MOST_DEMANDS = 6
BINS = 200
WIDE, LEFT, ROW, GAP, LANE = 960.0, 44.0, 64.0, 22.0, 15.0
LETTER = 5.9
"""Units of a letter, about."""
SHARE = 0.06
"""Of an axis of round trips: smaller differences are no event's."""
BINS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000, 600_000)


class Sample(Protocol):
    @property
    def at_s(self) -> float: ...
    @property
    def value(self) -> float | None: ...


type Series = Callable[[str, str, str], Sequence[Sample]]
"""Of a demand, a measure, a width of bins."""


@dataclass(frozen=True)
class Band:
    x: float
    width: float
    """0 of an event that is over at once."""
    label_x: float
    label_y: float
    label: str
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
    low: str
    high: str


@dataclass(frozen=True)
class Happening:
    """One event in words."""

    at: str
    until: str
    what: str
    hits: Sequence[Json]
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


def course_of(summary: Json, series: Series, fibres: Mapping[str, Sequence[int]]) -> Course | None:
    """None of a run without events. ``fibres`` are numbers by the name of what an event hits."""
    events = summary.get("events", [])
    if not events:
        return None
    demands = _hardest_hit(events) or [one["id"] for one in summary["demands"] if one["received"]]
    shown = demands[:MOST_DEMANDS]
    times = {name: series(name, "rtt_ms", "1ms") for name in shown[:1]}
    last_s = max((one.at_s for many in times.values() for one in many), default=0.0)
    ends = [(event["until_ms"] or event["at_ms"]) / MS_PER_S for event in events]
    end_s = max([last_s, *ends]) or 1.0
    bands, lanes = bands_of(events, end_s)
    top = lanes * LANE + 6
    rows = [
        _row(name, events, series, end_s, top + GAP + number * (ROW + GAP))
        for number, name in enumerate(shown)
    ]
    return Course(
        title="What happened, and when",
        width=WIDE,
        height=top + len(rows) * (ROW + GAP) + 26,
        top=top,
        bands=bands,
        rows=rows,
        ticks=[(x_of(at, end_s), f"{at:g} s") for at in ticks_of(end_s)],
        events=[_happening(event, fibres) for event in events],
        described=f"{len(events)} events in {end_s:.3g} s; the list below says the same.",
    )


def x_of(at_s: float, end_s: float) -> float:
    return round(LEFT + at_s / end_s * (WIDE - LEFT), 1)


def _hardest_hit(events: Sequence[Json]) -> list[str]:
    """Those out for longest first, then those whose round trip changed most."""
    worst: dict[str, tuple[float, float]] = {}
    for hit in (hit for event in events for hit in event["hits"]):
        before, then = hit["rtt_before_ms"], hit["rtt_then_ms"]
        change = 0.0 if before is None or then is None else abs(then - before)
        rank = (-float(hit["out_ms"]), -change)
        worst[hit["demand"]] = min(rank, worst.get(hit["demand"], rank))
    return sorted(worst, key=lambda name: worst[name])


def bands_of(events: Sequence[Json], end_s: float) -> tuple[list[Band], int]:
    """With their labels in as few lanes as they need."""
    ends: list[float] = []
    found = []
    for event in events:
        x = x_of(event["at_ms"] / MS_PER_S, end_s)
        until = event["until_ms"]
        label = f"{event['id']}: {event['kind']} {event['what']}"[:48]
        long = len(label) * LETTER
        left = max(LEFT, min(x, WIDE - long))
        lane = next((n for n, end in enumerate(ends) if end < left), len(ends))
        ends[lane : lane + 1] = [left + long + 8]
        width = 0.0 if until is None else x_of(until / MS_PER_S, end_s) - x
        y = (lane + 1) * LANE - 3
        found.append(Band(x, max(0.0, width), left, y, label, bool(event["hits"])))
    return found, len(ends)


def _row(name: str, events: Sequence[Json], series: Series, end_s: float, y: float) -> Row:
    width_ms = next((one for one in BINS_MS if one >= end_s * MS_PER_S / BINS), BINS_MS[-1])
    times = series(name, "rtt_ms", f"{width_ms}ms")
    lost = series(name, "lost", f"{width_ms}ms")
    levels = [
        (event["at_ms"], event["until_ms"], hit["expected_rtt_then_ms"])
        for event in events
        for hit in event["hits"]
        if hit["demand"] == name and hit["expected_rtt_then_ms"] is not None
    ]
    values = [one.value for one in times if one.value is not None]
    values += [level for _, _, level in levels]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    tall = max(high - low, SHARE * high) or 1.0
    base = (low + high) / 2 - 0.5 * tall

    def at_y(value: float) -> float:
        return round(y + ROW - 8 - (value - base) / tall * (ROW - 16), 1)

    return Row(
        y=y,
        name=name,
        path=_path(times, end_s, at_y),
        lost="".join(f"M{x_of(one.at_s, end_s):g} {y + ROW - 6:g}v6" for one in lost if one.value),
        levels=[
            (
                x_of(at / MS_PER_S, end_s),
                x_of(end_s if until is None else until / MS_PER_S, end_s),
                at_y(level),
            )
            for at, until, level in levels
        ],
        low=f"{low:.1f}",
        high=f"{high:.1f}" if high - low >= 0.05 else "",
    )


def _path(times: Sequence[Sample], end_s: float, at_y: Callable[[float], float]) -> str:
    """Broken where nothing was answered."""
    said, pen = [], "M"
    for one in times:
        if one.value is None:
            pen = "M"
            continue
        said.append(f"{pen}{x_of(one.at_s, end_s):g} {at_y(one.value):g}")
        pen = "L"
    return "".join(said)


def ticks_of(end_s: float) -> list[float]:
    """Some six round moments."""
    rough = end_s / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * by for by in (1, 2, 5, 10) if power * by >= rough)
    return [round(step * number, 9) for number in range(int(end_s / step) + 1)]


def _happening(event: Json, fibres: Mapping[str, Sequence[int]]) -> Happening:
    until = event["until_ms"]
    return Happening(
        at=duration(event["at_ms"]),
        until="" if until is None else duration(until),
        what=f"{event['id']}: {event['kind']} {event['what']}",
        hits=event["hits"],
        refused=event["refused"] or "",
        fibres=" ".join(str(one) for one in fibres.get(event["what"], ())),
    )
