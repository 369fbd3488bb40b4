"""Streams: a steady rate, by TCP or as paced UDP."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.workloads.arriving import AHEAD_NS
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.size_kind import DEADLINE
from corridor.traffic.workloads.workload_kind import Load, WorkloadKind


def plan(load: Load, out: Outbox) -> None:
    """By TCP: what has come up since the last message, again and again, dealt to its connections
    by turns. No rounding adds up."""
    every_ns, rate_bps = load.options["every"], load.options["rate"]
    for along in load.demands:
        round_ = 0
        for window, (begin_ns, end_ns) in enumerate(load.windows):
            kept = [
                out.connect(along.number, begin_ns - AHEAD_NS, load.closes_ns(window))
                for _ in range(load.connections or 1)
            ]
            sent = 0
            for number, at_ns in enumerate(range(begin_ns, end_ns, every_ns)):
                until_ns = min(every_ns * (number + 1), end_ns - begin_ns)
                octets = round(rate_bps * along.factor * until_ns / (8 * NS_PER_S)) - sent
                if octets < 1:
                    continue
                connection = kept[round_ % len(kept)]
                out.send(connection, octets, round_, at_ns, deadline_ns=load.deadline_ns)
                sent += octets
                round_ += 1


def mean_bps(options: Values) -> float:
    return float(options["rate"])


def problem(options: Values) -> str:
    return "" if options["rate"] else "it needs a rate, or transport: {udp: RATE}"


KIND = WorkloadKind(
    key="stream",
    words="a steady rate, by TCP or as paced UDP",
    example="{rate: 1Tbit, every: 20ms}",
    options={
        "rate": Option(
            "rate", "rate of payload, required for TCP; for UDP write `transport: {udp: RATE}`"
        ),
        "every": Option("time", "interval at which TCP receives new octets", 10_000_000, above=0),
        "deadline": DEADLINE,
    },
    plan=plan,
    mean_bps=mean_bps,
    problem=problem,
    compresses=False,
    udp=True,
)
