"""The time line of a run: its events, and the round trips of the demands that they hit hardest.

Pages and figures draw it from here: the same demands, events, probes, predictions and axes. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import DemandSummary, EventSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import PredictedLevel, ProbeHistory, Span
from corridor.traffic.measures.samples import Probes

LEAST_SPAN = 0.06
"""Of an axis of RTT, as a share of its values: smaller differences are no event's."""
BELOW, ABOVE = 0.78, 0.6
"""Of an axis, from its middle, in heights of what is on it; lost probes are at the lower end."""


@dataclass(frozen=True)
class TimeRow:
    """One demand."""

    demand: DemandSummary
    course: ProbeHistory
    levels: Sequence[PredictedLevel]
    """What was predicted."""
    out_ms: float
    """For how long an event put it out at most."""

    @property
    def range_ms(self) -> tuple[float, float] | None:
        """The least and the most; None where nothing is known."""
        values = [*self.course.rtt_ms.tolist(), *(level.rtt_ms for level in self.levels)]
        return (min(values), max(values)) if values else None

    @property
    def axis_ms(self) -> tuple[float, float]:
        low, high = self.range_ms or (0.0, 1.0)
        tall = max(high - low, LEAST_SPAN * high) or 1.0
        middle = (low + high) / 2
        return middle - BELOW * tall, middle + ABOVE * tall


@dataclass(frozen=True)
class TimeLine:
    rows: Sequence[TimeRow]
    end_s: float

    def spans(self, events: Sequence[EventSummary]) -> list[Span]:
        return event_data.spans(events, self.end_s)


def time_line(summary: Summary, probes: Probes, *, has_bfd: bool, most: int) -> TimeLine | None:
    """None of a run without events, or without a demand to show; ``most`` are points of a row."""
    events, demands = (summary.events or ()), event_data.shown_demands(summary)
    if not events or not demands:
        return None
    positions = [summary.demands.index(demand) for demand in demands]
    courses = [event_data.course(probes.of_demand(at), most) for at in positions]
    end_s = _end_s(events, courses)
    rows = [
        TimeRow(
            demand,
            course,
            event_data.levels(demand, events, end_s, has_bfd=has_bfd),
            event_data.longest_out_ms(events, demand.id),
        )
        for demand, course in zip(demands, courses, strict=True)
    ]
    return TimeLine(rows, end_s)


def _end_s(events: Sequence[EventSummary], courses: Sequence[ProbeHistory]) -> float:
    times = [
        float(times.max()) for one in courses for times in (one.sent_s, one.lost_s) if len(times)
    ]
    times += [moment / 1000 for event in events for moment in (event.at_ms, event.until_ms or 0)]
    return max(times, default=1.0) or 1.0
