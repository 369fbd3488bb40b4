"""Bulk transfers: this many octets, done when the last has arrived, perhaps by a deadline."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.workloads.arriving import due, shares
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.size_kind import ARRIVAL, DEADLINE, SIZE
from corridor.traffic.workloads.workload_kind import Along, Load, WorkloadKind


def plan(load: Load, out: Outbox) -> None:
    for along in load.demands:
        sizes = load.numbers(along, "sizes")
        opened: dict[int, list[int]] = {}
        for round_, (window, at_ns) in enumerate(_due(load, along)):
            octets = along.octets(load.options["size"].draw(sizes))
            parts = shares(octets, load.connections)
            if load.connections == 0 or window not in opened:
                opened[window] = [
                    out.connect(along.number, at_ns, load.closes_ns(window)) for _ in parts
                ]
            for connection, part in zip(opened[window], parts, strict=False):
                out.send(connection, part, round_, at_ns, deadline_ns=load.deadline_ns)


def _due(load: Load, along: Along) -> list[tuple[int, int]]:
    """One at the beginning, unless they come at intervals."""
    interval_ns = load.options["interval"]
    if interval_ns is None:
        return [(number, begin_ns) for number, (begin_ns, _) in enumerate(load.windows)]
    return list(due(load, along, interval_ns, load.options["arrival"] or "poisson"))


def mean_bps(options: Values) -> float:
    every_ns = options["interval"] or options["deadline"]
    return options["size"].mean * 8 * NS_PER_S / every_ns if every_ns else 0.0


def problem(options: Values) -> str:
    if options["arrival"] is not None and options["interval"] is None:
        return "arrival needs an interval, the mean from one transfer to the next"
    return ""


KIND = WorkloadKind(
    key="bulk",
    words="transfers of a given size, optionally with a deadline",
    example="{size: 62TB, deadline: 72h, compress: 100000}",
    options={
        "size": SIZE,
        "deadline": DEADLINE,
        "interval": Option(
            "time", "mean time between transfers; a single one if not given", above=0
        ),
        "arrival": ARRIVAL,
    },
    plan=plan,
    mean_bps=mean_bps,
    problem=problem,
)
