"""The time line of a run: its events, and the round trips of the most affected demands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import EventSummary, HitSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.time_line import TimeRow, time_line
from corridor.experiments.pages.time_chart import Chart, Row, Scale, chart, levels, line
from corridor.traffic.measures.samples import Probes

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
