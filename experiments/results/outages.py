"""Effects of cuts on demands: how long each was out, and its path during the cut. Pure.

An outage is how long the switches take to leave a fibre that was cut: the longest run of packets,
one after another and in one direction, that came to the fibre after the cut and were lost, times
their interval; so it is known to one interval. Packets in transit on the fibre when it was cut are
lost too, and counted separately: no switch can save them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.summary import CutsSummary, Outage
from corridor.experiments.plan.cuts import SETTLED_NS
from corridor.experiments.plan.values import (
    Cut,
    Expectation,
    Impact,
    Plan,
    PlannedDemand,
    PlannedEvent,
)
from corridor.experiments.scenario.event_registry import KINDS
from corridor.topologies.base.whole_file import write_parquet_file
from corridor.traffic.measures.samples import Probes

CUTS_SCHEMA = 1


def outages(probes: Probes, plan: Plan) -> Iterator[Outage]:
    """Of every cut and demand, in the order of the plan."""
    phases = plan.job.phases
    for cut in plan.cuts:
        in_phase = probes.where((probes.phase == phases.index(cut.phase)) & probes.is_first)
        if not len(in_phase):
            continue
        # The first demand's first probe opens a phase.
        epoch_ns = int(in_phase.intended_ns.min()) - cut.start_ns
        for demand in plan.demands:
            mine = in_phase.of_demand(demand.index).in_order()
            yield _outage(cut, demand, mine, epoch_ns)


def _outage(cut: Cut, demand: PlannedDemand, mine: Probes, epoch_ns: int) -> Outage:
    expectation = next((one for one in cut.crossing if one.demand == demand.index), None)
    answered = mine.received
    interval_ns = cut.interval_ns if expectation else cut.others_interval_ns
    sent_ns = mine.intended_ns - epoch_ns
    expected_ns = expectation.rtt_ns if expectation else None
    back_ns = cut.repair_ns - (expected_ns or 0)
    settled = (sent_ns >= cut.cut_ns + SETTLED_NS) & (sent_ns < back_ns)
    rtt_ns = mine.where(answered & settled).rtt_ns
    late = [
        lost & (sent_ns + (reach_ns or 0) >= cut.cut_ns)
        for lost, reach_ns in _lost_by_direction(mine, expectation)
    ]
    lost = len(mine) - int(answered.sum())
    return Outage(
        fibre=cut.fibre,
        demand=demand.id,
        crosses=expectation is not None,
        expected=_expected(demand, expectation is not None, expected_ns),
        sent=len(mine),
        lost=lost,
        lost_under_way=lost - sum(int(part.sum()) for part in late),
        outage_ms=max(map(longest_run, late)) * interval_ns / 1e6,
        expected_rtt_ms=None if expected_ns is None else expected_ns / 1e6,
        detour_rtt_ms=float(rtt_ns.min()) / 1e6 if len(rtt_ns) else None,
        restored=bool(len(answered) and answered[-1]),
    )


def _lost_by_direction(
    mine: Probes, expectation: Expectation | None
) -> tuple[tuple[NDArray[np.bool_], int | None], ...]:
    """Probes lost in the forward direction, and answers lost, with their times at the fibre."""
    answered, reflected = mine.received, mine.reflections > 0
    there_ns = expectation.there_ns if expectation else None
    back_ns = expectation.back_ns if expectation else None
    return ((~answered & ~reflected, there_ns), (~answered & reflected, back_ns))


def _expected(demand: PlannedDemand, crosses: bool, rtt_ns: int | None) -> str:
    if demand.predicted_rtt_ns is None:
        return "silent"
    if not crosses:
        return "untouched"
    return "lost" if rtt_ns is None else "detour"


def runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where flags are set one after another: the first, and the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def longest_run(flags: NDArray[np.bool_]) -> int:
    """The length of the longest run of set flags."""
    return max((last - first for first, last in runs(flags)), default=0)


def summary_of(rows: list[Outage]) -> CutsSummary:
    """For ``summary.json``: how many of what, outages of detoured demands, and every surprise."""
    detoured = np.array([row.outage_ms for row in rows if row.expected == "detour"])
    quantiles = {
        f"p{part}": float(np.percentile(detoured, part, method="inverted_cdf"))
        for part in (50, 95)
        if len(detoured)
    }
    return CutsSummary(
        fibres=len({row.fibre for row in rows}),
        demand_cuts={
            kind: sum(row.expected == kind for row in rows)
            for kind in ("untouched", "detour", "lost", "silent")
        },
        outage_ms=quantiles | ({"max": float(detoured.max())} if len(detoured) else {}),
        surprises=tuple(row for row in rows if not row.is_as_expected),
        not_restored=tuple(
            f"{row.demand} after {row.fibre}"
            for row in rows
            if row.expected != "silent" and not row.restored
        ),
    )


def write_outages(path: Path, rows: list[Outage]) -> None:
    """``cuts.parquet``: one row a cut and demand."""
    import pyarrow as pa

    table = pa.Table.from_pylist([asdict(row) for row in rows])
    table = table.replace_schema_metadata({"corridor_schema": f"cuts/{CUTS_SCHEMA}"})
    write_parquet_file(path, table)


# Which event may have lost which probes.
#
# Probes lost one after another belong to the event that hits their demand and began last before
# the first of them could have arrived, but for those that come after that event may have lost
# them. Where packets were counted, that count says how many probes a dark path took: what was
# lost from its beginning on and then the longest runs are taken for it, and what is left was lost
# in a full queue, at a meter or at random.

OVER_NS, HELD_OUT_NS = 1_000_000_000, 10_000_000_000
"""After the end of an event: what is lost until then may be of it; and where fibres that have
failed are not used again at once."""
AT_ONCE_NS = 3_000_000_000
"""After an event that is over at once begins: the same."""
NO_EVENT = ""
"""Losses on a dark path are counted under this name if no event caused it."""
NOBODY = -1
AT_RANDOM = "at random"
"""No id of an event has a space."""


class Sent(NamedTuple):
    """The probes of a demand in order, and how many of the warm-up before were lost."""

    sent_ns: NDArray[np.int64]
    lost: NDArray[np.bool_]
    lost_before: int = 0


class Part(NamedTuple):
    """Probes lost one after another, and whose they may be."""

    first: int
    end: int
    """One after the last."""
    owner: int
    """The number of an event, or NOBODY: none is near."""
    is_expected: bool
    """Whether that event was expected to hit the demand."""


class Counted(NamedTuple):
    """How many probes of a demand were lost, as packets were counted."""

    dark: Mapping[str, int]
    """Without a path, or on a fibre or at a gateway that an event removed, by that event; under
    an empty name without an event."""
    at_random: int = 0


def parts(plan: Plan, demand: PlannedDemand, of: Sent) -> Iterator[Part]:
    """In order of time."""
    for first, last in runs(of.lost):
        while first < last:
            owner, is_expected = _owner(plan, demand, int(of.sent_ns[first]))
            until_ns = _until_ns(plan, demand, owner, int(of.sent_ns[first]))
            end = first + max(1, int(np.searchsorted(of.sent_ns[first:last], until_ns)))
            yield Part(first, end, owner, is_expected)
            first = end


def _until_ns(plan: Plan, demand: PlannedDemand, owner: int, sent_ns: int) -> float:
    """Before when probes are sent that belong to an owner: until it can have lost none any more, or
    until what begins then may, if it is over itself or is nobody."""
    reach_ns = longest_ns(plan, demand)
    later = [one for one in plan.events if KINDS[one.kind].disturbs]
    later = [one for one in later if one.begin_ns > sent_ns + reach_ns]
    if owner == NOBODY and demand.predicted_rtt_ns is None:
        return math.inf
    if owner == NOBODY:
        return min((one.begin_ns - reach_ns for one in later), default=math.inf)
    event = plan.events[owner]
    ended_ns = event.begin_ns if not KINDS[event.kind].end else event.end_ns
    begins = [
        one.begin_ns - reach_ns
        for one in later
        if ended_ns is not None and one.begin_ns >= ended_ns and impact_of(one, demand) is not None
    ]
    return min([_over_ns(plan, event, impact_of(event, demand)), *begins])


def owners(plan: Plan, demand: PlannedDemand, of: Sent, counted: Counted) -> NDArray[np.int64]:
    """By probe; no more of them than were ``counted``, those first whose event is the same by that
    count."""
    found = np.full(len(of.lost), NOBODY)
    left = Counter(counted.dark)
    left[AT_RANDOM] = counted.at_random

    def likely(one: Part) -> tuple[bool, int, int]:
        """First what was lost from the moment on at which its event began, then the longest."""
        is_late = (
            one.owner != NOBODY
            and one.first > 0
            and int(of.sent_ns[one.first - 1]) >= plan.events[one.owner].begin_ns
        )
        return is_late, one.first - one.end, one.first

    longest = sorted(parts(plan, demand, of), key=likely)
    near = [part for part in longest if part.owner != NOBODY]
    of_nobody = sum(part.end - part.first for part in longest if part.owner == NOBODY)
    if demand.predicted_rtt_ns is None:
        left[NO_EVENT] -= min(left[NO_EVENT], of_nobody)
    for own in (True, False):
        for part in near:
            event, first = plan.events[part.owner], part.first
            while first < part.end and found[first] != NOBODY:
                first += 1
            names = [event.id] if own else [name for name in left if name != AT_RANDOM]
            if is_lossy(impact_of(event, demand)):
                names.append(AT_RANDOM)
            for name in names:
                taken = min(left[name], part.end - first)
                found[first : first + taken] = part.owner
                first, left[name] = first + taken, left[name] - taken
    return found


def impact_of(event: PlannedEvent, demand: PlannedDemand) -> Impact | None:
    return next((one for one in event.impacts if one.demand == demand.index), None)


def longest_ns(plan: Plan, demand: PlannedDemand) -> int:
    """The longest round trip that a demand is expected to have at any time."""
    impacts = (impact_of(event, demand) for event in plan.events)
    rtts_ns = [
        rtt_ns
        for one in impacts
        if one is not None
        for rtt_ns in (one.before_rtt_ns, one.bridged_rtt_ns, one.followed_rtt_ns)
    ]
    return max(filter(None, [demand.predicted_rtt_ns, *rtts_ns]), default=0)


def is_lossy(impact: Impact | None) -> bool:
    """Whether an event makes fibres lose at random."""
    return impact is not None and impact.out_ns is None and impact.followed_rtt_ns is not None


def _owner(plan: Plan, demand: PlannedDemand, sent_ns: int) -> tuple[int, bool]:
    """Of a run of lost probes of which this was the first, and whether it was expected to hit the
    demand; NOBODY if no event is near."""
    arrives_ns = sent_ns + longest_ns(plan, demand)
    near = [
        number
        for number, event in enumerate(plan.events)
        if KINDS[event.kind].disturbs
        and event.begin_ns <= arrives_ns
        and sent_ns < _over_ns(plan, event, impact_of(event, demand))
    ]
    hitting = [number for number in near if impact_of(plan.events[number], demand) is not None]
    latest = max(hitting or near, key=lambda number: plan.events[number].begin_ns, default=NOBODY)
    return latest, bool(hitting)


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
