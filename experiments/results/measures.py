"""Measures of a demand over time, in bins from the start of probing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.flows import UNKNOWN, Protocol, Side, Track
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import format_duration
from corridor.traffic.measures.samples import Probes

LEAST_OF_TRANSFERS_NS = 100_000_000
"""Of a bin: iperf3's intervals are as wide, and begin when a transfer does."""


class Sample(NamedTuple):
    """One bin of a series."""

    at_s: float
    """When it begins, from the start of probing."""
    value: float | None
    """None where nothing was sent, or, of times, nothing was answered."""


def _median(values: Floats) -> float | None:
    return float(np.median(values)) if len(values) else None


def _variation(values: Floats) -> float | None:
    return float(np.ptp(values)) if len(values) else None


TIMES = ("rtt_ms", "forward_ms", "backward_ms")
VARIATIONS = {"forward_pdv_ms": "forward_ms", "backward_pdv_ms": "backward_ms"}
"""Of which of ``TIMES`` each is the maximum less the minimum in a bin (RFC 5481, section 4.2)."""
OF_PROBES: Mapping[str, Callable[[Floats], float | None]] = {
    **dict.fromkeys(TIMES, _median),
    **dict.fromkeys(VARIATIONS, _variation),
    "lost": lambda values: float(values.sum()),
    "loss": lambda values: float(values.mean()) if len(values) else None,
    "sent": lambda values: float(len(values)),
}
"""The results of the probes of one bin."""
_COUNTED = ("lost", "loss", "sent")


@dataclass(frozen=True)
class FlowMeasure:
    """How a measure comes of the counts at one end of a flow."""

    protocol: Protocol
    side: Side
    count: str
    how: Literal["rate", "sum", "missing", "share", "mean", "last"]
    """``rate``: in Mbit/s; ``missing`` and ``share``: of ``of``, those that are not in it;
    ``mean``: divided by ``of``; ``last``: as the last interval of a bin has it."""
    of: str = ""
    unit: float = 1.0


OF_FLOWS: Mapping[str, FlowMeasure] = {
    "throughput_mbps": FlowMeasure("udp", "receiver", "delivered_bytes", "rate"),
    "offered_mbps": FlowMeasure("udp", "sender", "sent_bytes", "rate"),
    "stream_offered": FlowMeasure("udp", "sender", "offered_packets", "sum"),
    "stream_lost": FlowMeasure("udp", "sender", "arrived_packets", "missing", "offered_packets"),
    "stream_loss": FlowMeasure("udp", "sender", "arrived_packets", "share", "offered_packets"),
    "stream_forward_ms": FlowMeasure(
        "udp", "sender", "delay_sum_ns", "mean", "arrived_packets", 1e-6
    ),
    "tcp_mbps": FlowMeasure("tcp", "receiver", "delivered_bytes", "rate"),
    "tcp_sent_mbps": FlowMeasure("tcp", "sender", "sent_bytes", "rate"),
    "tcp_retransmits": FlowMeasure("tcp", "sender", "retransmits", "sum"),
    "tcp_cwnd_bytes": FlowMeasure("tcp", "sender", "cwnd_bytes", "last"),
    "tcp_rtt_ms": FlowMeasure("tcp", "sender", "rtt_us", "last", unit=1e-3),
}
MEASURES = (*OF_PROBES, *OF_FLOWS)


def of_probes(rows: Probes, sent_s: Floats, measure: str, width_ns: int) -> list[Sample]:
    """Of one demand's probes, each once, by when they were to be sent."""
    numbers = np.floor(sent_s / (width_ns / NS_PER_S)).astype(int)
    counted = rows.received | (measure in _COUNTED)
    values = _values(rows, measure)[counted]
    order = np.argsort(numbers[counted], kind="stable")
    first, last = int(numbers.min(initial=0)), int(numbers.max(initial=-1))
    edges = np.searchsorted(numbers[counted][order], np.arange(first, last + 2))
    return [
        _sample(number, width_ns, OF_PROBES[measure](values[order[edges[at] : edges[at + 1]]]))
        for at, number in enumerate(range(first, last + 1))
    ]


def _values(rows: Probes, measure: str) -> Floats:
    if measure in _COUNTED:
        lost: Floats = (~rows.received).astype(float)
        return lost
    return times_ms(rows, VARIATIONS.get(measure, measure))


def times_ms(rows: Probes, name: str) -> Floats:
    """One of ``TIMES``, as far as probes were answered."""
    took = {"rtt_ms": rows.rtt_ns, "forward_ms": rows.forward_ns, "backward_ms": rows.backward_ns}
    return took[name] / 1e6


def of_flow(tracks: Sequence[Track], demand: str, measure: str, width_ns: int) -> list[Sample]:
    """Of a demand's stream or transfer. Raises InputError where it has none that tells, or where
    bins are finer than what was recorded."""
    wanted = OF_FLOWS[measure]
    track = track_of(tracks, demand, measure)
    if track is None:
        had = [name for name in OF_FLOWS if track_of(tracks, demand, name) is not None]
        what = "stream" if wanted.protocol == "udp" else "transfer"
        hint = (
            f"use {', '.join(had)}"
            if had
            else "give the demand a load, and run the scenario with this version"
        )
        raise InputError(f"{measure} of {demand} is not known: no {what} of it was recorded", hint)
    _check_width(track, width_ns)
    first = int(track.from_ns[0]) // width_ns
    last = -(-int(track.until_ns[-1]) // width_ns)
    found = _binned(track, wanted, np.arange(first, last + 1) * width_ns)
    return [
        _sample(number, width_ns, value)
        for number, value in zip(range(first, last), found, strict=True)
    ]


def track_of(tracks: Sequence[Track], demand: str, measure: str) -> Track | None:
    """The one that tells a measure of a demand."""
    wanted = OF_FLOWS[measure]
    needed = {wanted.count, wanted.of} - {""}
    fitting = (
        track
        for track in tracks
        if (track.demand, track.protocol, track.side) == (demand, wanted.protocol, wanted.side)
        and needed <= track.counts.keys()
    )
    return next(fitting, None)


def _check_width(track: Track, width_ns: int) -> None:
    least_ns = track.width_ns if track.protocol == "udp" else LEAST_OF_TRANSFERS_NS
    least, asked = format_duration(least_ns), format_duration(width_ns)
    what = "streams" if track.protocol == "udp" else "transfers"
    if width_ns < least_ns:
        raise InputError(f"a bin of {asked} is finer than the {least} of {what}", f"use {least}")
    if track.protocol == "udp" and width_ns % least_ns:
        raise InputError(
            f"a bin of {asked} is not a multiple of the {least} by which the stream was counted",
            f"use {format_duration(-(-width_ns // least_ns) * least_ns)}",
        )


def _binned(track: Track, wanted: FlowMeasure, edges_ns: NDArray[np.int64]) -> list[float | None]:
    values = track.counts[wanted.count]
    if wanted.how == "last":
        return _last(track.until_ns, values, edges_ns, wanted.unit)
    if wanted.how == "rate":
        spread = _spread(track, values, edges_ns)
        return [float(value) * 8_000 / int(edges_ns[1] - edges_ns[0]) for value in spread]
    sums = _sums(track, values, edges_ns)
    if wanted.how == "sum":
        return [float(value) for value in sums]
    whole = _sums(track, track.counts[wanted.of], edges_ns)
    if wanted.how == "missing":
        return [float(value) for value in whole - sums]
    part = whole - sums if wanted.how == "share" else sums * wanted.unit
    return [float(value) / int(of) if of else None for value, of in zip(part, whole, strict=True)]


def _spread(track: Track, values: NDArray[np.int64], edges_ns: NDArray[np.int64]) -> Floats:
    """Counts by bin, those of an interval spread evenly over it."""
    times = np.column_stack((track.from_ns, track.until_ns)).ravel().astype(float)
    after = np.cumsum(np.maximum(values, 0))
    totals = np.column_stack((after - np.maximum(values, 0), after)).ravel().astype(float)
    spread: Floats = np.diff(np.interp(edges_ns.astype(float), times, totals))
    return spread


def _sums(
    track: Track, values: NDArray[np.int64], edges_ns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Whole counts by bin, each interval in the one that holds its middle."""
    middle = (track.from_ns + track.until_ns) // 2
    sums = np.zeros(len(edges_ns) - 1, np.int64)
    np.add.at(sums, np.searchsorted(edges_ns, middle, "right") - 1, np.maximum(values, 0))
    return sums


def _last(
    until_ns: NDArray[np.int64],
    values: NDArray[np.int64],
    edges_ns: NDArray[np.int64],
    unit: float,
) -> list[float | None]:
    """By bin, of the last interval that ends in it and tells."""
    told = values != UNKNOWN
    ends, values = until_ns[told], values[told]
    after = np.searchsorted(ends, edges_ns, "right")
    return [
        float(values[until - 1]) * unit if until > since else None
        for since, until in pairwise(after)
    ]


def _sample(number: int, width_ns: int, value: float | None) -> Sample:
    return Sample(round(number * width_ns / NS_PER_S, 9), value)
