"""Checkpoints: one each period, which must be there before the next is written."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.workloads.arriving import AHEAD_NS, shares
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.size_kind import SIZE
from corridor.traffic.workloads.workload_kind import Load, WorkloadKind


def plan(load: Load, out: Outbox) -> None:
    period_ns = max(1, load.compressed(load.options["period"]))
    for along in load.demands:
        sizes, late = load.numbers(along, "sizes"), load.numbers(along, "jitter")
        round_ = 0
        for window, (begin_ns, end_ns) in enumerate(load.windows):
            kept = [
                out.connect(along.number, begin_ns - AHEAD_NS, load.closes_ns(window))
                for _ in range(load.connections or 1)
            ]
            for due_ns in range(begin_ns, end_ns, period_ns):
                at_ns = due_ns + round(load.options["jitter"] * period_ns * (late.unit() - 2**-53))
                octets = along.octets(load.options["size"].draw(sizes))
                for connection, part in zip(kept, shares(octets, len(kept)), strict=False):
                    out.send(connection, part, round_, at_ns, deadline_ns=period_ns)
                round_ += 1


def mean_bps(options: Values) -> float:
    return float(options["size"].mean * 8 * NS_PER_S / options["period"])


KIND = WorkloadKind(
    key="checkpoint",
    words="one per period, which must arrive before the next",
    example="{size: 782GB, period: 30min, compress: 1800}",
    options={
        "size": SIZE,
        "period": Option(
            "time", "time from one to the next, and its deadline", required=True, above=0
        ),
        "jitter": Option("percent", "maximum delay of each, as a share of the period", 0.0, most=1),
    },
    plan=plan,
    mean_bps=mean_bps,
)
