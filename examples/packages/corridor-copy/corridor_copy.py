"""A workload of a package: ``kind: copy`` sends a data set in parts, each after the one before.

Install it into the environment of corridor, see examples/README.md.
"""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.workload_kind import Load, WorkloadKind


def plan(load: Load, out: Outbox) -> None:
    """Each window has one copy of each demand, over one connection."""
    for demand in load.demands:
        part = demand.octets(load.options["octets"] // load.options["parts"])
        for window, (begin_ns, _) in enumerate(load.windows):
            connection = out.connect(demand.number, begin_ns, load.closes_ns(window))
            for _ in range(load.options["parts"]):
                out.send(connection, part, window, begin_ns)


def mean_bps(_options: Values) -> float:
    """Not known: how often it is copied depends on the windows."""
    return 0.0


COPY = WorkloadKind(
    key="copy",
    words="a data set in parts, once per window",
    example="{octets: 40kB, parts: 4}",
    options={
        "octets": Option("size", "octets of the data set", required=True, above=0),
        "parts": Option("count", "messages that it is sent in", 10, above=0, most=1000),
    },
    plan=plan,
    mean_bps=mean_bps,
)
