"""Values of figures of events and of workloads by class. No drawing.

Events on an axis of time, the outcome of the demands that they hit hardest, how long demands were
out, and how long rounds of each class took, by window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.probes import PROBE_PHASE
from corridor.experiments.account.summary import (
    DemandSummary,
    EventSummary,
    HitSummary,
    Summary,
)
from corridor.experiments.account.workload_summary import ClassSummary, WorkloadsSummary
from corridor.experiments.results.messages import MessageRow, Round
from corridor.experiments.scenario.event_registry import KINDS
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import counted, duration
from corridor.traffic.measures import samples
from corridor.traffic.measures.samples import Probes

MAX_DEMANDS = 6
MAX_POINTS = 2000
"""Of one demand: more than there are pixels."""
LONGEST_NAME = 24
"""Letters of what an event affects."""


@dataclass(frozen=True)
class Span:
    """When an event is, in seconds from the start of probing."""

    label: str
    from_s: float
    until_s: float | None
    """None if it is over at once."""
    hits: bool
    """Whether it touched any demand."""


@dataclass(frozen=True)
class PredictedLevel:
    """A predicted RTT, and from when to when it is that."""

    from_s: float
    until_s: float
    rtt_ms: float


@dataclass(frozen=True)
class ProbeHistory:
    """The outcome of the probes of one demand."""

    sent_s: Floats
    """Of those that were answered; where they are many, of the least and the maximum of each bin.
    """
    rtt_ms: Floats
    lost_s: Floats
    """When those were sent that were not."""


def label(event: EventSummary) -> str:
    what = event.what
    if len(what) > LONGEST_NAME:
        what = f"{what[: LONGEST_NAME - 1]}…"
    return f"{event.kind} {what}"


def spans(events: Sequence[EventSummary], end_s: float) -> list[Span]:
    return [
        Span(label(event), event.at_ms / 1000, _until_s(event, end_s), bool(event.hits))
        for event in events
    ]


def _until_s(event: EventSummary, end_s: float) -> float | None:
    if event.until_ms is not None:
        return event.until_ms / 1000
    return end_s if KINDS[event.kind].end else None


def _used_again_s(event: EventSummary, end_s: float) -> float | None:
    """Switches and the controller hold fibres out for a while after the end of what took them."""
    back_ms = event.back_ms
    return _until_s(event, end_s) if back_ms is None else min(back_ms / 1000, end_s)


def shades(found: Sequence[Span]) -> list[tuple[float, float, bool]]:
    """From when to when any event lasts, and whether several do."""
    lasting = [(span.from_s, span.until_s) for span in found if span.until_s is not None]
    moments = sorted({moment for both in lasting for moment in both})
    depths = [
        (start, end, sum(from_s <= start and end <= until_s for from_s, until_s in lasting))
        for start, end in pairwise(moments)
    ]
    return [(start, end, depth > 1) for start, end, depth in depths if depth]


def hardest_hit(events: Sequence[EventSummary], most: int = MAX_DEMANDS) -> list[str]:
    """The demands that were out for longest, then those whose RTT changed most."""
    hits: dict[str, list[HitSummary]] = {}
    for event in events:
        for hit in event.hits:
            hits.setdefault(hit.demand, []).append(hit)

    def rank(demand: str) -> tuple[float, float]:
        mine = hits[demand]
        return -max(hit.out_ms for hit in mine), -max(map(_change_ms, mine))

    return sorted(hits, key=rank)[:most]


def _change_ms(hit: HitSummary) -> float:
    """By how much the RTT changed at most, on detours of the switches or once the controller had
    followed; 0 where that was not measured."""
    before = hit.rtt_before_ms
    found = [hit.rtt_then_ms, hit.rtt_at_once_ms]
    then = [one for one in found if one is not None]
    return 0.0 if before is None else max((abs(one - before) for one in then), default=0.0)


def shown_demands(summary: Summary) -> list[DemandSummary]:
    """Those that events hit hardest; where they hit none, the first that were answered."""
    by_id = {demand.id: demand for demand in summary.demands}
    hit = [by_id[name] for name in hardest_hit(summary.events or ())]
    return hit or [demand for demand in summary.demands if demand.received][:1]


def longest_out_ms(events: Sequence[EventSummary], demand: str) -> float:
    return max(
        (hit.out_ms for event in events for hit in event.hits if hit.demand == demand),
        default=0.0,
    )


def levels(
    demand: DemandSummary, events: Sequence[EventSummary], end_s: float, *, has_bfd: bool
) -> list[PredictedLevel]:
    """What was predicted of a demand over time; nothing where no answer was, or where events
    overlap and what then holds is not in the summary. With BFD the fibres of an event are used
    again one by one, and when the last of them is says nothing of a demand: nothing in the
    meantime."""
    found: list[tuple[float, float | None, float]] = [(0.0, demand.predicted_rtt_ms, end_s)]
    calm, in_force = demand.predicted_rtt_ms, 0
    for at_s, begins, until_s, hit in _turns(events, demand.id, end_s):
        if not begins:
            in_force -= 1
            found.append((at_s, None if in_force else calm, end_s))
            continue
        found[-1] = (found[-1][0], hit.expected_rtt_before_ms, found[-1][2])
        then = hit.expected_rtt_then_ms
        found.append((at_s, then, until_s if has_bfd and until_s is not None else end_s))
        if until_s is None:
            calm = None if in_force else then
        else:
            in_force += 1
    nexts_s = [at_s for at_s, *_ in found[1:]] + [end_s]
    return [
        PredictedLevel(from_s, min(next_s, most_s), rtt_ms)
        for (from_s, rtt_ms, most_s), next_s in zip(found, nexts_s, strict=True)
        if rtt_ms is not None and next_s > from_s
    ]


def _turns(
    events: Sequence[EventSummary], demand: str, end_s: float
) -> list[tuple[float, bool, float | None, HitSummary]]:
    """When what is expected of a demand changes, in order of time: whether an event begins there
    or is without effect from there on, when it ends, and what it does."""
    turns = []
    for event in events:
        until_s, used_again_s = _until_s(event, end_s), _used_again_s(event, end_s)
        for hit in event.hits:
            if hit.demand != demand or not hit.expected:
                continue
            turns.append((event.at_ms / 1000, True, until_s, hit))
            if used_again_s is not None:
                turns.append((used_again_s, False, until_s, hit))
    return sorted(turns, key=lambda turn: turn[:2])


def read_probes(out_dir: Path, start_ns: int) -> Probes:
    """Each once; the times at which they were to be sent are from the start of probing, which is
    so long after the epoch. None where they cannot be read."""
    try:
        probes, metadata = samples.read_parquet(out_dir / "probes.parquet")
    except (FileNotFoundError, InputError):
        return samples.Probes.of(np.zeros(0, samples.PROBE_DTYPE))
    counted = probes.where(probes.is_first & (probes.phase == PROBE_PHASE))
    intended_ns = counted.intended_ns
    intended_ns -= int(metadata.get("epoch_ns") or 0) + start_ns
    return counted


def course(probes: Probes, most: int = MAX_POINTS) -> ProbeHistory:
    """Of the probes of one demand, each once; their times count from the start of probing."""
    mine = probes.in_order()
    sent_s, answered, rtt_ms = mine.intended_ns / 1e9, mine.received, mine.rtt_ns / 1e6
    kept = _extremes(rtt_ms[answered], most // 2)
    lost_s = sent_s[~answered]
    every = max(1, -(-len(lost_s) // most))
    return ProbeHistory(sent_s[answered][kept], rtt_ms[answered][kept], lost_s[::every])


def _extremes(values: Floats, bins: int) -> NDArray[np.int64]:
    """The positions of the least and the maximum of each bin; all where there are few."""
    if len(values) <= 2 * bins:
        return np.arange(len(values))
    of_bin = np.arange(len(values)) * bins // len(values)
    order = np.lexsort((values, of_bin))
    first = np.searchsorted(of_bin, np.arange(bins))
    last = np.append(first[1:], len(values)) - 1
    return np.unique(order[np.concatenate((first, last))])


def broken(one: ProbeHistory) -> tuple[Floats, Floats]:
    """Round trips as a line that is interrupted where probes were lost."""
    sent_s = np.concatenate((one.sent_s, one.lost_s))
    rtt_ms = np.concatenate((one.rtt_ms, np.full(len(one.lost_s), np.nan)))
    order = np.argsort(sent_s, kind="stable")
    return sent_s[order], rtt_ms[order]


def timeline_title(events: Sequence[EventSummary]) -> str:
    """How many events put how many demands out, and which for longest."""
    hits = [(hit, event) for event in events for hit in event.hits]
    out = {hit.demand for hit, _ in hits if hit.out_ms > 0}
    said = counted(len(events), "event")
    if out:
        hit, event = max(hits, key=lambda pair: pair[0].out_ms)
        said += f" disconnected {counted(len(out), 'demand')}"
        return f"{said}, for up to {duration(hit.out_ms)} ({label(event)})"
    said += " caused no outage"
    most_ms, name = max(((_change_ms(hit), label(event)) for hit, event in hits), default=(0.0, ""))
    return f"{said}; RTT changed by up to {duration(most_ms)} ({name})" if most_ms else said


# The time line of a run: its events, and the round trips of the demands that they hit hardest.
#
# Pages and figures draw it from here: the same demands, events, probes, predictions and axes.
# Pure.

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
        return spans(events, self.end_s)


def time_line(summary: Summary, probes: Probes, *, has_bfd: bool, most: int) -> TimeLine | None:
    """None of a run without events, or without a demand to show; ``most`` are points of a row."""
    events, demands = (summary.events or ()), shown_demands(summary)
    if not events or not demands:
        return None
    positions = [summary.demands.index(demand) for demand in demands]
    courses = [course(probes.of_demand(at), most) for at in positions]
    end_s = _end_s(events, courses)
    rows = [
        TimeRow(
            demand,
            course,
            levels(demand, events, end_s, has_bfd=has_bfd),
            longest_out_ms(events, demand.id),
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


BINS = 48
"""About, along an axis of time."""
WIDTHS_S = tuple(n * 10.0**power for power in range(-2, 5) for n in (1, 2, 5))


@dataclass(frozen=True)
class MeasuredLevel:
    """What rounds of a class took that began in a stretch of the run."""

    from_s: float
    until_s: float
    middle_ms: float | None
    """The median; the mean, where there are too few for one."""
    interval_ms: Sequence[float] | None
    """Of the median."""
    tail_ms: float | None
    """The 95th percentile."""
    expected_ms: float | None
    """The same measure as the middle, of what was expected of the same rounds."""


@dataclass(frozen=True)
class Finished:
    """Rounds of a class: when each was meant to begin, and how long it took; not a number where it
    never arrived."""

    from_s: Floats
    took_ms: Floats
    late: NDArray[np.bool_]
    """Those that missed their deadline."""


def by_importance(classes: Iterable[ClassSummary]) -> list[ClassSummary]:
    """Those that someone waits for first, then those that load fibres; by name."""
    return sorted(classes, key=lambda one: (one.background, one.class_))


def levels_of(found: WorkloadsSummary, name: str) -> list[MeasuredLevel]:
    """By stretch, in order of time; of a run without events one for all of it."""
    stretches = {(one.from_ms, one.until_ms): one.classes for one in found.stretches}
    levels = []
    for (from_ms, until_ms), classes in sorted(stretches.items(), key=lambda item: item[0]):
        one = next((one for one in classes if one.class_ == name), None)
        if one is not None and one.completed:
            levels.append(_level(from_ms / 1e3, until_ms / 1e3, one))
    return levels


def _level(from_s: float, until_s: float, one: ClassSummary) -> MeasuredLevel:
    took, expected = one.completion_ms, one.expected
    few, of = took.p50 is None, expected.expected_ms if expected else None
    return MeasuredLevel(
        from_s,
        until_s,
        took.mean if few else took.p50,
        one.intervals_ms.get("p50"),
        took.p95,
        None if of is None else of.mean if few else of.p50,
    )


def finished(rounds: Iterable[Round], name: str, start_ns: int) -> Finished:
    """Of those that policies let go; ``start_ns`` is when probing starts, after the epoch."""
    mine = [
        (one.from_ns, one.took_ns, one.met)
        for one in rounds
        if one.data_class == name and not one.kept_back and one.from_ns is not None
    ]
    return Finished(
        np.array([(from_ns - start_ns) / 1e9 for from_ns, _, _ in mine], np.float64),
        np.array([np.nan if took is None else took / 1e6 for _, took, _ in mine], np.float64),
        np.array([took is None or met is False for _, took, met in mine], bool),
    )


def end_s(every: Iterable[Finished], events: Sequence[EventSummary]) -> float:
    """When the last round was over, or began if it never was, or the last event ended."""
    ends = (np.max(of.from_s + np.nan_to_num(of.took_ms) / 1e3, initial=0.0) for of in every)
    return max([end_of_events(events), *map(float, ends)])


def end_of_events(events: Sequence[EventSummary]) -> float:
    """When the last is over, in seconds from the start of probing; a little after 0 at least."""
    moments_ms = [one for event in events for one in (event.at_ms, event.until_ms or 0.0)]
    return max((one / 1e3 for one in moments_ms), default=0.0) or WIDTHS_S[0]


def edges_s(end_s: float) -> Floats:
    """Of bins that are round numbers wide, up to at least that moment."""
    width_s = next((one for one in WIDTHS_S if one >= end_s / BINS), WIDTHS_S[-1])
    found: Floats = np.arange(int(np.ceil(end_s / width_s - 1e-9)) + 1, dtype=np.float64) * width_s
    return found


def last_arrival_s(rows: Iterable[MessageRow], start_ns: int) -> float:
    """Of what policies let go; 0 of nothing."""
    ends = (
        row.until_ns for row in rows if row.until_ns and row.arrived_bytes and not row.kept_back
    )
    return max(((one - start_ns) / 1e9 for one in ends), default=0.0)
