"""Effects of cuts on demands: how long each was out, and its path during the cut. Pure.

An outage is how long the switches take to leave a fibre that was cut: the longest run of packets,
one after another and in one direction, that came to the fibre after the cut and were lost, times
their interval; so it is known to one interval. Packets in transit on the fibre when it was cut are
lost too, and counted separately: no switch can save them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.summary import CutsSummary, Outage
from corridor.experiments.plan.cuts import SETTLED_NS
from corridor.experiments.plan.values import Cut, Expectation, Plan, PlannedDemand
from corridor.topologies.base.parquet_file import write_parquet_file
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
