"""Values of charts of workloads: how long rounds of each class took, by window. No drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.summary import EventSummary
from corridor.experiments.account.workload_summary import ClassSummary, WorkloadsSummary
from corridor.experiments.results.messages import MessageRow, Round

BINS = 48
"""About, along an axis of time."""
WIDTHS_S = tuple(n * 10.0**power for power in range(-2, 5) for n in (1, 2, 5))

type Floats = NDArray[np.float64]


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
