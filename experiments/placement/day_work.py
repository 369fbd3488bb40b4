"""Jobs of a day with events: what is left of them at an hour, and when they run. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.experiments.placement.program_rows import Shape, shape_of
from corridor.experiments.placement.round_trips import RoundTrip
from corridor.topologies.base.arrays import Floats

LEAST_H = 1e-6
"""A shorter time of computing is an error of rounding."""


@dataclass(frozen=True)
class Work:
    """Equal jobs, and what is left of each."""

    entry: Job
    left: Job
    """With the window, hours and bytes that are left."""
    jobs: float
    hub: int
    """Where it runs or was to run."""
    trip: RoundTrip
    has_begun: bool = False
    """Whether its input is at the hub."""
    awaits: tuple[str, ...] = ()
    brought_by: str = ""


@dataclass(frozen=True)
class Run:
    """Equal jobs at one hub until the next event; ``load`` is of their power, by hour."""

    work: Work
    load: Floats


def left_mwh(works: Iterable[Work]) -> float:
    return sum(one.left.it_mwh * one.jobs for one in works)


def mean_rtt_ms(works: Sequence[Work]) -> float:
    jobs = sum(one.jobs for one in works)
    return sum(one.jobs * one.trip.rtt_ns / 1e6 for one in works) / jobs


def left_of(run: Run, at_h: int) -> Work | None:
    """What is left of jobs at an event; None of finished ones."""
    work, left = run.work, run.work.left
    hours = float(run.load[at_h:].sum())
    if hours <= LEAST_H:
        return None
    begin, end = left.window
    has_begun = work.has_begun or begin < at_h
    ran_h = float(run.load[:at_h].sum())
    if shape_of(left).starts and ran_h > LEAST_H:
        end = at_h + round(hours)  # in one piece
    begin = max(begin, at_h)
    whole = abs(hours - round(hours)) <= LEAST_H
    kept_h = round(hours) if whole else min(hours, float(end - begin))
    octets = {"input": 0} if has_begun else {}
    if left.rtt_budget is not None:
        share = (end - begin) / HOURS
        octets = {
            "input": round(work.entry.input * share),
            "output": round(work.entry.output * share),
        }
    changed = {"window_h": (begin, end), "hours": kept_h, **octets}
    return replace(work, left=left.model_copy(update=changed), has_begun=has_begun)


def scheduled(
    works: Sequence[Work], schedules: Mapping[tuple[int, Shape], Floats]
) -> Iterator[Run]:
    """When each runs: jobs of one shape at one hub share its power in equal parts, or begin one
    after another where each runs in one piece."""
    together = defaultdict[tuple[int, Shape], list[Work]](list)
    for work in works:
        together[work.hub, shape_of(work.left)].append(work)
    for (hub, shape), members in together.items():
        mw = schedules[hub, shape]
        if shape.starts:
            yield from _begun(members, shape, mw)
            continue
        total = sum(one.left.it_mw * one.jobs for one in members)
        for one in members:
            yield Run(one, mw / total)


def _begun(members: Sequence[Work], shape: Shape, mw: Floats) -> Iterator[Run]:
    """The first ones begin first."""
    waiting = [(hour, float(mw[hour])) for hour in np.flatnonzero(mw > LEAST_H).tolist()]
    for one in members:
        left_mw = one.left.it_mw * one.jobs
        while left_mw > LEAST_H and waiting:
            hour, begins_mw = waiting.pop(0)
            taken = min(left_mw, begins_mw)
            left_mw -= taken
            if begins_mw - taken > LEAST_H:
                waiting.insert(0, (hour, begins_mw - taken))
            load = np.zeros(HOURS)
            load[hour : hour + round(shape.hours)] = 1.0
            yield Run(replace(one, jobs=taken / one.left.it_mw), load)
