"""The effects of each event of the timeline on demands, next to the predictions. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.probes import WARM_UP_PHASE
from corridor.experiments.account.run_files import StatusEvent
from corridor.experiments.account.summary import HitSummary
from corridor.experiments.plan.values import (
    FOLLOWED_NS,
    Impact,
    Plan,
    PlannedDemand,
    PlannedEvent,
)
from corridor.experiments.results.outages import (
    AT_ONCE_NS,
    NOBODY,
    Sent,
    impact_of,
    is_lossy,
    longest_ns,
    runs,
)
from corridor.topologies.base.whole_file import write_parquet_file
from corridor.traffic.measures.samples import Probes

EVENTS_SCHEMA = 1
SETTLED_WITHIN_NS = 1_000_000
"""How far an RTT may be from its later median once it has settled."""
SETTLED_FOR_NS = 1_000_000_000
"""How long it must stay there; half the event, if that is shorter."""

type Judge = Callable[[PlannedDemand, Sent], Judged]
"""Which event lost which probe of a demand, and all causes."""


class Judged(NamedTuple):
    """Of one demand."""

    owners: NDArray[np.int64]
    """By probe, the number of the event that lost it, NOBODY of others."""
    causes: Mapping[str, int]
    """Of all lost probes."""


@dataclass(frozen=True, kw_only=True)
class EventImpact(HitSummary):
    """One demand hit by one event."""

    event: str


@dataclass(frozen=True)
class Losses:
    """The effects of the events of a run, and the causes of all lost probes by demand."""

    impacts: tuple[EventImpact, ...]
    causes: Mapping[str, Mapping[str, int]]


def losses_of(
    probes: Probes,
    plan: Plan,
    epoch_ns: int,
    judge: Judge,
    told: Sequence[StatusEvent] = (),
) -> Losses:
    """Of the whole run but its warm-up and the cuts one after another; ``told`` is how a following
    controller served demands."""
    in_cuts = sorted(plan.job.phases.index(cut.phase) for cut in plan.cuts)
    firsts = probes.where(probes.is_first)
    warm_up = firsts.where(firsts.phase == WARM_UP_PHASE)
    counted = firsts.where(~np.isin(firsts.phase, [WARM_UP_PHASE, *in_cuts]))
    impacts: list[EventImpact] = []
    causes: dict[str, Mapping[str, int]] = {}
    for demand in plan.demands:
        mine = counted.of_demand(demand.index).in_order()
        sent_ns = mine.intended_ns - epoch_ns
        lost_before = int((~warm_up.of_demand(demand.index).received).sum())
        judged = judge(demand, Sent(sent_ns, ~mine.received, lost_before))
        mine_told = [one for one in told if one.demand == demand.id]
        impacts += _impacts(plan, demand, mine, sent_ns, judged.owners, mine_told, epoch_ns)
        if judged.causes:
            causes[demand.id] = dict(judged.causes)
    order = {event.id: number for number, event in enumerate(plan.events)}
    return Losses(tuple(sorted(impacts, key=lambda one: order[one.event])), causes)


def _impacts(
    plan: Plan,
    demand: PlannedDemand,
    mine: Probes,
    sent_ns: NDArray[np.int64],
    owned: NDArray[np.int64],
    told: Sequence[StatusEvent],
    epoch_ns: int,
) -> Iterator[EventImpact]:
    """Of each event that hits a demand, or was not expected to and did."""
    if len(mine) < 2:
        return
    interval_ns = int(np.median(np.diff(np.sort(sent_ns))))
    rtt_ns = np.where(mine.received, mine.rtt_ns, 0)
    for number, event in enumerate(plan.events):
        impact, lost = impact_of(event, demand), owned == number
        if impact is None and not lost.any():
            continue
        since = lost & (sent_ns >= event.begin_ns)
        trip_ns = longest_ns(plan, demand)
        answered_ns = event.begin_ns - trip_ns
        before = (sent_ns >= answered_ns - FOLLOWED_NS) & (sent_ns < answered_ns)
        lasts = _travelled_during(event, sent_ns, trip_ns)
        then_ms = _median_ms(rtt_ns[lasts & mine.received])
        disturbed = since & (not is_lossy(impact))
        settled = _settled(mine, rtt_ns, then_ms, disturbed)
        expected = impact.followed_rtt_ns if impact is not None else None
        yield EventImpact(
            event=event.id,
            demand=demand.id,
            expected=impact is not None,
            lost=int(lost.sum()),
            lost_otherwise=_lost_while(event, sent_ns, ~mine.received & (owned == NOBODY)),
            out_ms=_longest_out_ns(since, sent_ns, interval_ns) / 1e6,
            expected_out_ms=_ms(impact.out_ns) if impact is not None else 0.0,
            expected_out_within_ms=_within_ms(impact),
            share=impact.share if impact is not None else 1.0,
            over_ms=_over_ms(event, sent_ns[since], interval_ns),
            rtt_before_ms=_median_ms(rtt_ns[before & mine.received]),
            expected_rtt_before_ms=_ms(impact.before_rtt_ns) if impact is not None else None,
            rtt_at_once_ms=_most_ms(rtt_ns[_at_once(event, sent_ns, trip_ns) & mine.received]),
            rtt_then_ms=then_ms,
            expected_rtt_then_ms=_ms(expected),
            settled_ms=_settled_ms(event, sent_ns, settled, trip_ns),
            path_then=_path_told(told, event, epoch_ns),
            expected_path_then=impact.hubs_then if impact is not None else (),
        )


def _longest_out_ns(lost: NDArray[np.bool_], sent_ns: NDArray[np.int64], interval_ns: int) -> int:
    """From the first probe of a run of lost ones to the next that arrived."""
    next_ns = np.append(sent_ns[1:], sent_ns[-1] + interval_ns)
    return max((int(next_ns[last - 1] - sent_ns[first]) for first, last in runs(lost)), default=0)


def _lost_while(
    event: PlannedEvent, sent_ns: NDArray[np.int64], by_others: NDArray[np.bool_]
) -> int:
    until_ns = event.begin_ns + AT_ONCE_NS if event.end_ns is None else event.end_ns
    return int((by_others & (sent_ns >= event.begin_ns) & (sent_ns < until_ns)).sum())


def _travelled_during(
    event: PlannedEvent, sent_ns: NDArray[np.int64], rtt_ns: int, after_ns: int = FOLLOWED_NS
) -> NDArray[np.bool_]:
    """Which probes travelled while an event lasted and was followed; where it was too short for
    that, those that were sent then."""
    end_ns = event.end_ns or math.inf
    since = sent_ns >= event.begin_ns + after_ns
    whole = since & (sent_ns < end_ns - rtt_ns)
    return whole if whole.any() else since & (sent_ns < end_ns)


def _settled(
    mine: Probes, rtt_ns: NDArray[np.int64], then_ms: float | None, lost: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which probes show no effect of the event: an RTT near the later median, or no loss by it.

    No probe does if the demand has no later RTT.
    """
    if then_ms is None:
        return np.zeros(len(mine), np.bool_)
    near = np.abs(rtt_ns - then_ms * 1e6) <= SETTLED_WITHIN_NS
    return np.where(mine.received, near, ~lost)


def _settled_ms(
    event: PlannedEvent,
    sent_ns: NDArray[np.int64],
    settled: NDArray[np.bool_],
    rtt_ns: int,
) -> float | None:
    """From the event's begin to the first probe from which all are settled for long enough."""
    during = _travelled_during(event, sent_ns, rtt_ns, 0)
    sent_ns, off = sent_ns[during], np.flatnonzero(~settled[during])
    if not len(sent_ns):
        return None
    starts_ns = np.append(event.begin_ns, sent_ns[np.minimum(off + 1, len(sent_ns) - 1)])
    spans_ns = np.append(sent_ns[off], sent_ns[-1]) - starts_ns
    enough = spans_ns >= max(1, min(SETTLED_FOR_NS, (sent_ns[-1] - event.begin_ns) / 2))
    return float(starts_ns[enough.argmax()] - event.begin_ns) / 1e6 if enough.any() else None


def _at_once(event: PlannedEvent, sent_ns: NDArray[np.int64], rtt_ns: int) -> NDArray[np.bool_]:
    """Which probes were in transit when an event began, or were sent before rerouting."""
    end_ns = min(event.end_ns or math.inf, event.begin_ns + FOLLOWED_NS)
    return (sent_ns >= event.begin_ns - rtt_ns) & (sent_ns < end_ns)


def _path_told(told: Sequence[StatusEvent], event: PlannedEvent, epoch_ns: int) -> tuple[str, ...]:
    """The last of a demand while an event lasted, or just after it, if it is over at once."""
    until_ns = event.end_ns or event.begin_ns + AT_ONCE_NS
    within = [
        one.hubs for one in told if event.begin_ns <= one.at_ns - epoch_ns <= until_ns and one.hubs
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


def _most_ms(rtt_ns: NDArray[np.int64]) -> float | None:
    return float(rtt_ns.max()) / 1e6 if len(rtt_ns) else None


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

    table = pa.Table.from_pylist([{"event": row.event, **asdict(row)} for row in rows])
    table = table.replace_schema_metadata({"corridor_schema": f"events/{EVENTS_SCHEMA}"})
    write_parquet_file(path, table)
