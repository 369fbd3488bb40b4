"""Requests and their answers, in an open loop: they come whether or not the last was answered.

Time counts from the moment at which a request was meant to be sent, so that one that has to wait
for its connection is not taken for a quick one.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from corridor.topologies.base.options import Option, Values
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.workloads.arriving import AHEAD_NS, due
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.size_kind import ARRIVAL, DEADLINE
from corridor.traffic.workloads.trace import TraceRow
from corridor.traffic.workloads.workload_kind import Along, Load, WorkloadKind


class _Asked(NamedTuple):
    """A request and its answer, in octets as written."""

    window: int
    at_ns: int
    up: float
    down: float


def plan(load: Load, out: Outbox) -> None:
    for place, along in enumerate(load.demands):
        kept: dict[int, list[int]] = {}
        for round_, one in enumerate(_asked(load, place, along)):
            if load.connections and one.window not in kept:
                begin_ns = load.windows[one.window][0]
                kept[one.window] = [
                    out.connect(along.number, begin_ns - AHEAD_NS, load.closes_ns(one.window))
                    for _ in range(load.connections)
                ]
            if load.connections:
                connection = kept[one.window][round_ % load.connections]
            else:
                ahead_ns = 0 if load.options["handshake"] else AHEAD_NS
                closes_ns = load.closes_ns(one.window)
                connection = out.connect(along.number, one.at_ns - ahead_ns, closes_ns)
            _ask(load, out, along, connection, round_, one)


def _ask(load: Load, out: Outbox, along: Along, connection: int, round_: int, one: _Asked) -> None:
    options, deadline_ns = load.options, load.deadline_ns
    request = out.send(
        connection,
        along.octets(one.up + options["headers"]),
        round_,
        one.at_ns,
        deadline_ns=deadline_ns,
    )
    pieces = max(1, ceil(one.down / options["piece"])) if options["piece"] else 1
    service_ns, gap_ns = load.compressed(options["service"]), load.compressed(options["gap"])
    out.keep_open(connection, one.at_ns + service_ns + pieces * gap_ns + load.drain_ns)
    out.send(
        connection,
        along.octets(one.down),
        round_,
        None,
        back=True,
        after=(request,),
        wait_ns=service_ns,
        pieces=pieces,
        gap_ns=gap_ns,
        answers=request,
        deadline_ns=deadline_ns,
    )


def _asked(load: Load, place: int, along: Along) -> Iterator[_Asked]:
    if load.trace:
        yield from _of_trace(load, place)
        return
    options = load.options
    ups, downs = load.numbers(along, "up"), load.numbers(along, "down")
    for window, at_ns in due(load, along, options["interval"], options["arrival"] or "poisson"):
        yield _Asked(window, at_ns, options["up"].draw(ups), options["down"].draw(downs))


def _of_trace(load: Load, place: int) -> Iterator[_Asked]:
    """Rows are dealt to the demands by turns; the trace begins with each window."""
    for window, (begin_ns, end_ns) in enumerate(load.windows):
        for row in load.trace[place :: len(load.demands)]:
            at_ns = begin_ns + load.compressed(row.at_ns)
            if at_ns >= end_ns:
                break
            yield _Asked(window, at_ns, *_octets(load.options, row))


def _octets(options: Values, row: TraceRow) -> tuple[float, float]:
    if not row.counts_tokens:
        return row.up, row.down
    token = options["token"]
    return row.up * token, row.down * (options["piece"] or token)


def mean_bps(options: Values) -> float:
    if options["trace"]:
        return 0.0
    octets = options["up"].mean + options["headers"] + options["down"].mean
    return float(octets * 8 * NS_PER_S / options["interval"])


def back_share(options: Values) -> float:
    if options["trace"]:
        return 0.0
    up = options["up"].mean + options["headers"]
    return float(options["down"].mean / (up + options["down"].mean))


def problem(options: Values) -> str:
    drawn = [name for name in ("interval", "up", "down") if options[name] is not None]
    if options["trace"]:
        drawn += ["arrival"] if options["arrival"] is not None else []
        return f"a trace says what {drawn[0]} would: leave one of them out" if drawn else ""
    missing = [name for name in ("interval", "up", "down") if options[name] is None]
    if missing:
        return f"without a trace it needs {' and '.join(missing)}"
    if options["gap"] and not options["piece"]:
        return "a gap is between pieces: give a piece its size, for example piece: 200B"
    return ""


KIND = WorkloadKind(
    key="requests",
    words="requests and answers, in an open loop",
    example="{interval: 100ms, up: 4kB, down: 30kB}",
    options={
        "interval": Option(
            "time", "mean time between requests of a demand; required without `trace`", above=0
        ),
        "arrival": ARRIVAL,
        "up": Option("sizes", "octets of a request; required without `trace`"),
        "down": Option("sizes", "octets of an answer; required without `trace`"),
        "trace": Option("file", "a CSV file of requests, instead of `interval`, `up` and `down`"),
        "token": Option("size", "octets of a token of a trace", 4, above=0),
        "headers": Option("size", "octets before each request", 0),
        "service": Option("time", "time from a request's arrival until its answer begins", 0),
        "piece": Option("size", "answers are written in pieces of this size", above=0),
        "gap": Option("time", "time from a piece to the next", 0),
        "handshake": Option("flag", "open the connection when the request is due", False),
        "deadline": DEADLINE,
    },
    plan=plan,
    mean_bps=mean_bps,
    back_share=back_share,
    scale="none",
    connections=0,
    problem=problem,
)
