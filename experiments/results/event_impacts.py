"""What each event of the timeline did to demands, beside what was expected, and why probes were
lost. Pure.

Probes lost one after another belong to the event that hits their demand and began last before the
first of them could have arrived; else to random loss, or a queue, where its fibres have such; else
nothing explains them, even where an event is near that was not expected to hit their demand.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.plan.values import (
    FOLLOWED_NS,
    Impact,
    Plan,
    PlannedDemand,
    PlannedEvent,
)
from corridor.experiments.results.outages import runs
from corridor.experiments.results.probes import WARM_UP_PHASE
from corridor.experiments.timeline.registry import KINDS
from corridor.traffic.measures.samples import Probes

EVENTS_SCHEMA = 1
OVER_NS, HELD_OUT_NS = 1_000_000_000, 10_000_000_000
"""After the end of an event: what is lost until then may be of it; and where fibres that have
failed are not used again at once."""
QUEUES_EMPTY_NS = 1_000_000_000
"""After a load has ended."""
AT_ONCE_NS = 3_000_000_000
"""After an event that is over at once begins: the same."""
RANDOM, QUEUE, METER = "random loss", "queue", "meter"
POLICY, UNEXPLAINED = "policy", "unexplained"
NOBODY = -1


@dataclass(frozen=True)
class EventImpact:
    """One demand hit by one event. Times in ms; None where nothing was answered or expected."""

    event: str
    demand: str
    expected: bool
    """Whether the event was expected to touch it."""
    lost: int
    out_ms: float
    """The longest that nothing arrived of what was sent since it began."""
    expected_out_ms: float | None
    """None: until the run ends, or, of random loss, now and then as long as the event lasts."""
    expected_out_within_ms: tuple[float, float] | None
    """Where it depends on BFD's random intervals: the least and the most."""
    share: float
    """Of all draws of these intervals, the part that comes to the paths and round trips that are
    expected; 1 where BFD has no part in it."""
    over_ms: float | None
    """From its begin until the first probe after the last that it lost."""
    rtt_before_ms: float | None
    """The median of what was answered just before it began."""
    expected_rtt_before_ms: float | None
    rtt_then_ms: float | None
    """The median of what was sent once the controller had time to follow, while it lasted."""
    expected_rtt_then_ms: float | None
    path_then: tuple[str, ...]
    """There, as the controller told it while the event lasted; empty if it told of no other."""
    expected_path_then: tuple[str, ...]


@dataclass(frozen=True)
class Losses:
    """What came of the events of a run, and the causes of all lost probes by demand."""

    impacts: tuple[EventImpact, ...]
    causes: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Dropping:
    """What fibres lost of themselves while a run measured, by the fibre: how many packets."""

    at_random: Mapping[str, int]
    by_queues: Mapping[str, int]
    loads: Sequence[tuple[float, float, frozenset[str]]] = ()
    """When loads beside the probes were sent, from and until after the epoch, over which fibres."""
    metered: frozenset[str] = frozenset()
    """Hubs whose edge lets in no more than some demand's peak rate."""
    anywhere: bool = False
    """Whether demands may have been on other fibres than planned, for something happened."""

    def causes(self, demand: PlannedDemand, sent_ns: int) -> Iterator[tuple[str, int]]:
        """What may have lost a probe, the likeliest first, and how many it can have lost at most:
        a queue where a load shares a fibre at that time, chance anywhere."""
        random, queues = self._lost(self.at_random, demand), self._lost(self.by_queues, demand)
        beside = any(
            begin <= sent_ns <= end + QUEUES_EMPTY_NS and fibres.intersection(demand.fibres)
            for begin, end, fibres in self.loads
        )
        both = [(QUEUE, queues), (RANDOM, random)]
        yield from (both if beside else reversed(both))
        if demand.src in self.metered:
            yield METER, sys.maxsize

    def _lost(self, by_fibre: Mapping[str, int], demand: PlannedDemand) -> int:
        fibres = by_fibre if self.anywhere else demand.fibres
        return sum(by_fibre.get(fibre, 0) for fibre in fibres)


def account(
    probes: Probes,
    plan: Plan,
    epoch_ns: int,
    dropping: Dropping,
    told: Sequence[Mapping[str, Any]] = (),
) -> Losses:
    """Of the whole run but its warm-up and the cuts one after another; ``told`` are the events of a
    following controller."""
    in_cuts = sorted(plan.job.phases.index(cut.phase) for cut in plan.cuts)
    counted = probes[(probes["copy"] == 0) & (probes["phase"] != WARM_UP_PHASE)]
    counted = counted[~np.isin(counted["phase"], in_cuts)]
    impacts: list[EventImpact] = []
    causes: dict[str, Mapping[str, int]] = {}
    for demand in plan.demands:
        mine = np.sort(counted[counted["demand"] == demand.index], order="seq")
        sent_ns = mine["intended_ns"] - epoch_ns
        lost = ~mine["received"].astype(bool)
        owned, counts = _owned(plan, demand, sent_ns, lost, dropping)
        mine_told = [one for one in told if one.get("demand") == demand.id and "hubs" in one]
        impacts += _impacts(plan, demand, mine, sent_ns, owned, mine_told, epoch_ns)
        if counts:
            causes[demand.id] = dict(counts)
    order = {event.id: number for number, event in enumerate(plan.events)}
    return Losses(tuple(sorted(impacts, key=lambda one: order[one.event])), causes)


def _owned(
    plan: Plan,
    demand: PlannedDemand,
    sent_ns: NDArray[np.int64],
    lost: NDArray[np.bool_],
    dropping: Dropping,
) -> tuple[NDArray[np.int64], Counter[str]]:
    """The number of the event that each lost probe belongs to, NOBODY for others; and all causes.

    Probes lost one after another are of one cause, but for those that come after an event may have
    lost them. Nothing has lost more than it can have.
    """
    owned, counts = np.full(len(lost), NOBODY), Counter[str]()
    for begin, last in runs(lost):
        first = begin
        while first < last:
            owner, is_expected = _owner(plan, demand, int(sent_ns[first]), dropping)
            if owner == NOBODY:
                for at in sent_ns[first:last].tolist():
                    counts[_cause(demand, int(at), dropping, counts)] += 1
                break
            event = plan.events[owner]
            over_ns = _over_ns(plan, event, _impact(event, demand))
            end = first + max(1, int(np.searchsorted(sent_ns[first:last], over_ns)))
            owned[first:end] = owner
            counts[event.id if is_expected else UNEXPLAINED] += end - first
            first = end
    return owned, +counts


def _owner(plan: Plan, demand: PlannedDemand, sent_ns: int, dropping: Dropping) -> tuple[int, bool]:
    """The number of the event that lost a run of probes of which this was the first, and whether
    it was expected to; NOBODY if none is near it, or what drops packets anyway explains it."""
    arrives_ns = sent_ns + _longest_ns(plan, demand)
    near = [
        number
        for number, event in enumerate(plan.events)
        if KINDS[event.kind].disturbs
        and event.begin_ns <= arrives_ns
        and sent_ns < _over_ns(plan, event, _impact(event, demand))
    ]
    hitting = [number for number in near if _impact(plan.events[number], demand) is not None]
    if not hitting and _cause(demand, sent_ns, dropping, Counter()) != UNEXPLAINED:
        return NOBODY, False
    latest = max(hitting or near, key=lambda number: plan.events[number].begin_ns, default=NOBODY)
    return latest, bool(hitting)


def _longest_ns(plan: Plan, demand: PlannedDemand) -> int:
    """The longest round trip that a demand is expected to have at any time."""
    impacts = (_impact(event, demand) for event in plan.events)
    ways = [
        rtt_ns
        for one in impacts
        if one is not None
        for rtt_ns in (one.before_rtt_ns, one.bridged_rtt_ns, one.followed_rtt_ns)
    ]
    return max(filter(None, [demand.predicted_rtt_ns, *ways]), default=0)


def _impact(event: PlannedEvent, demand: PlannedDemand) -> Impact | None:
    return next((one for one in event.impacts if one.demand == demand.index), None)


def _over_ns(plan: Plan, event: PlannedEvent, impact: Impact | None) -> float:
    """After the epoch, until when what an event has done may lose a probe: sessions of BFD come up
    slowly, and a fibre that has failed is held out for a while."""
    kind = KINDS[event.kind]
    if event.end_ns is not None:
        slow = plan.follows or plan.bfd_interval_ms is not None
        return event.end_ns + (HELD_OUT_NS if slow else OVER_NS)
    if kind.end:
        return math.inf
    forbidden = impact is not None and impact.followed_rtt_ns is None
    return math.inf if forbidden else event.begin_ns + AT_ONCE_NS


def _cause(
    demand: PlannedDemand, sent_ns: int, dropping: Dropping, so_far: Mapping[str, int]
) -> str:
    """Why a probe was lost that no event explains."""
    if demand.predicted_rtt_ns is None:
        return POLICY
    return next(
        (cause for cause, most in dropping.causes(demand, sent_ns) if so_far.get(cause, 0) < most),
        UNEXPLAINED,
    )


def _impacts(
    plan: Plan,
    demand: PlannedDemand,
    mine: Probes,
    sent_ns: NDArray[np.int64],
    owned: NDArray[np.int64],
    told: Sequence[Mapping[str, Any]],
    epoch_ns: int,
) -> Iterator[EventImpact]:
    """Of each event that hits a demand, or was not expected to and did."""
    if len(mine) < 2:
        return
    interval_ns = int(np.median(np.diff(np.sort(sent_ns))))
    rtt_ns = np.where(
        mine["received"], (mine["t4_ns"] - mine["t1_ns"]) - (mine["t3_ns"] - mine["t2_ns"]), 0
    )
    for number, event in enumerate(plan.events):
        impact, lost = _impact(event, demand), owned == number
        if impact is None and not lost.any():
            continue
        since = lost & (sent_ns >= event.begin_ns)
        longest_ns = _longest_ns(plan, demand)
        answered_ns = event.begin_ns - longest_ns
        before = (sent_ns >= answered_ns - FOLLOWED_NS) & (sent_ns < answered_ns)
        lasts = _all_the_way(event, sent_ns, longest_ns)
        expected = impact.followed_rtt_ns if impact is not None else None
        yield EventImpact(
            event=event.id,
            demand=demand.id,
            expected=impact is not None,
            lost=int(lost.sum()),
            out_ms=_longest_out_ns(since, sent_ns, interval_ns) / 1e6,
            expected_out_ms=_ms(impact.out_ns) if impact is not None else 0.0,
            expected_out_within_ms=_within_ms(impact),
            share=impact.share if impact is not None else 1.0,
            over_ms=_over_ms(event, sent_ns[since], interval_ns),
            rtt_before_ms=_median_ms(rtt_ns[before & mine["received"]]),
            expected_rtt_before_ms=_ms(impact.before_rtt_ns) if impact is not None else None,
            rtt_then_ms=_median_ms(rtt_ns[lasts & mine["received"]]),
            expected_rtt_then_ms=_ms(expected),
            path_then=_path_told(told, event, epoch_ns),
            expected_path_then=impact.hubs_then if impact is not None else (),
        )


def _longest_out_ns(lost: NDArray[np.bool_], sent_ns: NDArray[np.int64], interval_ns: int) -> int:
    """From the first probe of a run of lost ones to the next that arrived."""
    next_ns = np.append(sent_ns[1:], sent_ns[-1] + interval_ns)
    return max((int(next_ns[last - 1] - sent_ns[first]) for first, last in runs(lost)), default=0)


def _all_the_way(event: PlannedEvent, sent_ns: NDArray[np.int64], rtt_ns: int) -> NDArray[np.bool_]:
    """Which probes travelled while an event lasted and was followed; where it was too short for
    that, those that were sent then."""
    end_ns = event.end_ns or math.inf
    since = sent_ns >= event.begin_ns + FOLLOWED_NS
    whole = since & (sent_ns < end_ns - rtt_ns)
    return whole if whole.any() else since & (sent_ns < end_ns)


def _path_told(
    told: Sequence[Mapping[str, Any]], event: PlannedEvent, epoch_ns: int
) -> tuple[str, ...]:
    """The last of a demand while an event lasted, or just after it, if it is over at once."""
    until_ns = event.end_ns or event.begin_ns + AT_ONCE_NS
    within = [
        tuple(one["hubs"])
        for one in told
        if event.begin_ns <= one["at_ns"] - epoch_ns <= until_ns and one["hubs"]
    ]
    return within[-1] if within else ()


def _over_ms(event: PlannedEvent, lost_ns: NDArray[np.int64], interval_ns: int) -> float:
    if not len(lost_ns):
        return 0.0
    return float(lost_ns.max() + interval_ns - event.begin_ns) / 1e6


def _median_ms(rtt_ns: NDArray[np.int64]) -> float | None:
    """None of nothing."""
    if not len(rtt_ns):
        return None
    return float(np.percentile(rtt_ns, 50, method="inverted_cdf")) / 1e6


def _ms(value_ns: int | None) -> float | None:
    return None if value_ns is None else value_ns / 1e6


def _within_ms(impact: Impact | None) -> tuple[float, float] | None:
    if impact is None or impact.out_within_ns is None:
        return None
    least_ns, most_ns = impact.out_within_ns
    return least_ns / 1e6, most_ns / 1e6


def write_impacts(path: Path, rows: Sequence[EventImpact]) -> None:
    """``events.parquet``: one row an event and demand that it hit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([asdict(row) for row in rows])
    table = table.replace_schema_metadata({"corridor_schema": f"events/{EVENTS_SCHEMA}"})
    pq.write_table(table, path, compression="zstd", version="2.6")
