"""The outcome of a stream, from what its sender and its receiver counted. Pure.

Rates and bytes are those of whole frames without the FCS, which is also what a queueing discipline
counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.stream_in import ReceivedStream
from corridor.traffic.agents.stream_out import SentStream
from corridor.traffic.measures.bursts import LossPattern, loss_pattern, lost_of
from corridor.traffic.measures.metrics import Distribution, distribution, variation
from corridor.traffic.measures.quantiles import (
    Interval,
    QuantileIntervals,
    intervals,
    left_out,
    share_interval,
)
from corridor.traffic.measures.stream_delays import Times
from corridor.traffic.measures.variation import ipdv


class FlowResult(TypedDict):
    """One flow's figures; those of its receiver are None, or left out, where no one received it."""

    flow: int
    phase: int
    layer: str
    frame_bytes: int
    offered_packets: int
    offered_bytes: int
    asked_mbps: float
    offered_mbps: float | None
    sent_packets: int
    refused_by_sender: int
    send_late_max_ns: int
    send_late_p99_ns: int | None
    duration_ns: int
    delivered_packets: int | None
    delivered_mbps: float | None
    loss: float | None
    delivered_bytes: NotRequired[int]
    receive_interval_ns: NotRequired[int]
    lost_packets: NotRequired[int]
    lost_at_sender: NotRequired[int]
    lost_at_receiver_socket: NotRequired[int]
    lost_in_network: NotRequired[int]
    duplicates: NotRequired[int]
    reordered: NotRequired[int]
    delay_min_ns: NotRequired[int | None]
    delay_mean_ns: NotRequired[int | None]
    delay_max_ns: NotRequired[int | None]
    delay_p50_ns: NotRequired[int | None]
    delay_p95_ns: NotRequired[int | None]
    delay_p99_ns: NotRequired[int | None]
    sample: NotRequired[FlowSample]


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
    frame_bytes = sent["frame_bytes"]
    packets = sent["packets_sent"]
    sending_ns = _sending_ns(sent)
    result: FlowResult = {
        "flow": sent["flow"],
        "phase": sent["phase"],
        "layer": "L2 frame without FCS",
        "frame_bytes": frame_bytes,
        "offered_packets": sent["packets_intended"],
        "offered_bytes": sent["packets_intended"] * frame_bytes,
        "asked_mbps": sent["rate_bps"] / 1e6,
        "offered_mbps": mbps(packets * frame_bytes, sending_ns),
        "sent_packets": packets,
        "refused_by_sender": sent["packets_intended"] - packets,
        "send_late_max_ns": sent["late_max_ns"],
        "send_late_p99_ns": distribution(late.ns, 1).p99_ns if late else None,
        "duration_ns": sending_ns,
        "delivered_packets": None,
        "delivered_mbps": None,
        "loss": None,
    }
    if received is None:
        return result
    count = received["packets"]
    interval_ns = received["last_arrival_ns"] - received["first_arrival_ns"]
    delivered: FlowResult = {
        **result,
        "delivered_packets": count,
        "delivered_bytes": received["frame_bytes_total"],
        "delivered_mbps": mbps(
            received["frame_bytes_total"] - received["first_frame_bytes"], interval_ns
        )
        if count > 1
        else None,
        "receive_interval_ns": interval_ns,
        "lost_packets": sent["packets_intended"] - count,
        "loss": round(1 - count / sent["packets_intended"], 9),
        "lost_at_sender": sent["packets_intended"] - packets,
        "lost_at_receiver_socket": received["dropped_by_socket"],
        "lost_in_network": packets - count - received["dropped_by_socket"],
        "duplicates": received["duplicates"],
        "reordered": received["reordered"],
        "delay_min_ns": received["delay_min_ns"],
        "delay_mean_ns": round(received["delay_sum_ns"] / count) if count else None,
        "delay_max_ns": received["delay_max_ns"],
    }
    if arrived is None:
        return delivered
    sample = flow_sample(arrived, sent["packets_intended"], sending_ns)
    return {
        **delivered,
        "delay_p50_ns": sample.delay.p50_ns,
        "delay_p95_ns": sample.delay.p95_ns,
        "delay_p99_ns": sample.delay.p99_ns,
        "sample": sample,
    }


def _sending_ns(sent: SentStream) -> int:
    """From the first burst to the last, and for as long as the last lasts at the rate asked for."""
    packets, burst = sent["packets_intended"], sent["burst_packets"]
    last_burst = packets - (packets - 1) // burst * burst
    last_ns: int = last_burst * sent["frame_bytes"] * 8 * NS_PER_S // sent["rate_bps"]
    return int(sent["last_sent_ns"] - sent["first_sent_ns"]) + last_ns
