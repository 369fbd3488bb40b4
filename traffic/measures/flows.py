"""The outcome of a stream, from what its sender and its receiver counted. Pure.

Rates and bytes are those of whole frames without the FCS, which is also what a queueing discipline
counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.bounded_file import RECORDS, read_bytes
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.delays import DELAY, HEADER, LATE, MAGIC
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.measures.metrics import Distribution, distribution, variation
from corridor.traffic.measures.quantiles import (
    Interval,
    QuantileIntervals,
    intervals,
    left_out,
    share_interval,
)
from corridor.traffic.measures.sampling import LossPattern, ipdv, loss_pattern, lost_of

# What each packet of streams took, as receivers and senders wrote it. Pure but for reading.


class Times(NamedTuple):
    """Packets by their numbers in the order of arrival, or bursts in the order of sending."""

    number: NDArray[np.int64]
    ns: NDArray[np.int64]


type StreamTimes = Mapping[int, Times]
"""By flow."""


class StreamDelays(NamedTuple):
    """Of all streams of a run; those of streams that were cut short are in it as far as they came.

    ``torn`` counts files that end within a block, as those of killed agents may.
    """

    delay: StreamTimes
    late: StreamTimes
    torn: int


def read_stream_delays(folder: Path) -> StreamDelays:
    """From a run's ``raw`` folder; nothing of runs without streams, or of earlier versions."""
    blocks: dict[tuple[int, int], list[Times]] = {}
    torn = 0
    for path in sorted(folder.glob("delays-*.bin")):
        torn += not _read_blocks(read_bytes(path, RECORDS), blocks)
    joined = {key: _joined(found) for key, found in blocks.items()}
    return StreamDelays(_of(joined, DELAY), _of(joined, LATE), torn)


def _read_blocks(data: bytes, into: dict[tuple[int, int], list[Times]]) -> bool:
    """Whether all of it are whole blocks; nothing behind one that is not is read."""
    at = 0
    while at + HEADER.size <= len(data):
        magic, what, flow, count = HEADER.unpack_from(data, at)
        times_at = at + HEADER.size + 4 * count
        end = times_at + 8 * count
        if magic != MAGIC or end > len(data):
            return False
        numbers = np.frombuffer(data, "<u4", count, at + HEADER.size).astype(np.int64)
        times = np.frombuffer(data, "<i8", count, times_at).astype(np.int64)
        into.setdefault((what, flow), []).append(Times(numbers, times))
        at = end
    return at == len(data)


def _joined(blocks: list[Times]) -> Times:
    return Times(
        np.concatenate([one.number for one in blocks]), np.concatenate([one.ns for one in blocks])
    )


def _of(joined: Mapping[tuple[int, int], Times], what: int) -> StreamTimes:
    return {flow: times for (kind, flow), times in joined.items() if kind == what}


@dataclass(frozen=True)
class FlowSample:
    """How much the packets of a stream say, by the delay of each one; times in ns."""

    delay: Distribution
    pdv: Distribution
    ipdv: Distribution
    intervals: QuantileIntervals
    loss: Interval | None
    losses: LossPattern
    left_out: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class FlowResult:
    """The figures of a stream or a transfer. None: not known, or not counted of such a flow."""

    flow: int
    layer: str
    """What counts: frames or payload."""
    delivered_mbps: float | None
    duration_ns: int | None
    asked_mbps: float | None = None
    offered_mbps: float | None = None
    offered_packets: int | None = None
    sent_packets: int | None = None
    delivered_packets: int | None = None
    loss: float | None = None
    lost_packets: int | None = None
    lost_at_sender: int | None = None
    lost_in_network: int | None = None
    lost_at_receiver_socket: int | None = None
    duplicates: int | None = None
    reordered: int | None = None
    send_late_max_ns: int | None = None
    send_late_p99_ns: int | None = None
    receive_interval_ns: int | None = None
    delay_min_ns: int | None = None
    delay_mean_ns: int | None = None
    delay_max_ns: int | None = None
    delay_p50_ns: int | None = None
    delay_p95_ns: int | None = None
    delay_p99_ns: int | None = None
    sample: FlowSample | None = None
    received_bytes: int | None = None
    """Of a transfer; so are the next three."""
    retransmits: int | None = None
    min_rtt_us: int | None = None
    error: str | None = None


def flow_sample(arrived: Times, intended: int, lasts_ns: int) -> FlowSample:
    """Of the packets that arrived, each once, of those that were to be sent in some time."""
    lost = lost_of(arrived.number, intended)
    pattern = loss_pattern(lost)
    return FlowSample(
        delay=distribution(arrived.ns),
        pdv=variation(arrived.ns),
        ipdv=distribution(ipdv(arrived.number, arrived.ns)),
        intervals=intervals(arrived.ns, lasts_ns),
        loss=share_interval(lost),
        losses=pattern,
        left_out=left_out(len(arrived.ns)),
    )


def mbps(frame_bytes: int, interval_ns: int) -> float | None:
    """Mbit/s of frame bits; None over no time."""
    return round(frame_bytes * 8_000 / interval_ns, 6) if interval_ns > 0 else None


def flow_result(
    sent: SentStream,
    received: ReceivedStream | None,
    arrived: Times | None = None,
    late: Times | None = None,
) -> FlowResult:
    """One flow's figures from what its sender and its receiver counted. Pure.

    ``asked_mbps`` was asked for, ``offered_mbps`` left the host over the sending interval.
    ``delivered_mbps`` is over the receive interval, first to last arrival, without the first frame
    (it marks the interval's start). Without a receiver's result what was delivered is null.
    ``arrived`` are the delays of packets, ``late`` those of bursts: quantiles are null without.
    """
    packets, intended = sent.packets_sent, sent.packets_intended
    sending_ns = _sending_ns(sent)
    offered = FlowResult(
        flow=sent.flow,
        layer="L2 frame without FCS",
        offered_packets=intended,
        asked_mbps=sent.rate_bps / 1e6,
        offered_mbps=mbps(packets * sent.frame_bytes, sending_ns),
        sent_packets=packets,
        send_late_max_ns=sent.late_max_ns,
        send_late_p99_ns=distribution(late.ns, 1).p99_ns if late else None,
        duration_ns=sending_ns,
        delivered_mbps=None,
    )
    if received is None:
        return offered
    count = received.packets
    interval_ns = received.last_arrival_ns - received.first_arrival_ns
    later_bytes = received.frame_bytes_total - received.first_frame_bytes
    delivered = replace(
        offered,
        delivered_packets=count,
        delivered_mbps=mbps(later_bytes, interval_ns) if count > 1 else None,
        receive_interval_ns=interval_ns,
        lost_packets=intended - count,
        loss=round(1 - count / intended, 9),
        lost_at_sender=intended - packets,
        lost_at_receiver_socket=received.dropped_by_socket,
        lost_in_network=packets - count - received.dropped_by_socket,
        duplicates=received.duplicates,
        reordered=received.reordered,
        delay_min_ns=received.delay_min_ns,
        delay_mean_ns=round(received.delay_sum_ns / count) if count else None,
        delay_max_ns=received.delay_max_ns,
    )
    if arrived is None:
        return delivered
    sample = flow_sample(arrived, intended, sending_ns)
    return replace(
        delivered,
        delay_p50_ns=sample.delay.p50_ns,
        delay_p95_ns=sample.delay.p95_ns,
        delay_p99_ns=sample.delay.p99_ns,
        sample=sample,
    )


def _sending_ns(sent: SentStream) -> int:
    """From the first burst to the last, and for as long as the last lasts at the rate asked for."""
    packets, burst = sent.packets_intended, sent.burst_packets
    last_burst = packets - (packets - 1) // burst * burst
    last_ns = last_burst * sent.frame_bytes * 8 * NS_PER_S // sent.rate_bps
    return sent.last_sent_ns - sent.first_sent_ns + last_ns
