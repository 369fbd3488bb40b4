"""A paced stream of Scapy-built datagrams, its receiver, and what became of it.

Standard library only. Rates and bytes are those of whole frames without the FCS, which is also what
a queueing discipline counts. The sender keeps an absolute schedule: burst ``j`` of ``m`` frames is
due when frame ``j * m`` is. The receiver is not woken by packets: it empties its socket at
fixed times, and counts with the stamps the kernel gave on arrival.
"""

from __future__ import annotations

import errno
import socket
import time
from struct import Struct
from typing import Any, TypedDict

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.packets import stream_header
from corridor.traffic.packets.template import Template
from corridor.traffic.system import kernel
from corridor.traffic.workloads import pacing
from corridor.traffic.workloads.probe import count_error, drops_of
from corridor.traffic.workloads.workload import Place, Timed, Workload, flat

RECEIVE_BUFFER_BYTES = 256 << 20
UDP_FRAME_OVERHEAD_BYTES = 42
_BATCH = 256
_STAMPS = Struct("@16xqq")
_HISTOGRAM_BITS = 3


def delay_bucket(delay_ns: int) -> int:
    """The lower edge of the histogram bucket of a delay: its 4 leading bits (at most 12.5 %)."""
    drop = max(0, delay_ns.bit_length() - _HISTOGRAM_BITS - 1)
    return delay_ns >> drop << drop


class SentStream(TypedDict):
    """What a sender has counted; moments are CLOCK_REALTIME."""

    flow: int
    phase: int
    frame_bytes: int
    rate_bps: int
    packets_intended: int
    packets_sent: int
    queue_full: int
    errors: dict[str, int]
    burst_packets: int
    first_sent_ns: int
    last_sent_ns: int
    late_max_ns: int
    late_histogram_ns: list[list[int]]
    """Pairs of a bucket's lower edge and its count; so is the other."""


class ReceivedStream(TypedDict):
    """What a receiver has."""

    flow: int
    phase: int
    port: int
    packets: int
    frame_bytes_total: int
    first_frame_bytes: int
    first_arrival_ns: int
    last_arrival_ns: int
    duplicates: int
    reordered: int
    foreign: int
    dropped_by_socket: int
    delay_min_ns: int | None
    delay_max_ns: int | None
    delay_sum_ns: int
    delay_histogram_ns: list[list[int]]


class StreamSender:
    """Sends one stream, burst by burst; ``next_ns`` is the deadline of the next one."""

    def __init__(self, plan: dict[str, Any], descriptor: int, spin: bool) -> None:
        self._template = Template(bytes.fromhex(plan["frame_hex"]), plan["offsets"])
        self.flow: int = plan["flow"]
        self.phase: int = plan.get("phase", 0)
        self.frame_bytes = self._template.length
        self.rate_bps: int = plan["rate_bps"]
        self.packets = pacing.stream_packets(plan["duration_ns"], self.rate_bps, self.frame_bytes)
        self.burst = min(
            pacing.burst_packets(plan.get("burst_ns", 100_000), self.rate_bps, self.frame_bytes),
            self.packets,
            1024,
        )
        self.sent = self.full = 0
        self.errors: dict[str, int] = {}
        self.first_ns = self.last_ns = 0
        self.late_max_ns = 0
        self.late: dict[int, int] = {}
        self._start_ns: int = plan["start_ns"]
        self._descriptor = descriptor
        self._spin = spin
        self._batch = kernel.SendBatch(self._template.frame, self.burst)
        self._next = 0
        self.next_ns = 0

    def start(self, epoch_ns: int) -> bool:
        self._start_ns += epoch_ns
        self.next_ns = self._start_ns
        return True

    def fire(self) -> int:
        """Send the burst that is due; the time it was stamped with, and ``next_ns`` set."""
        first = self._next
        count = min(self.burst, self.packets - first)
        now_ns = time.time_ns()
        if self._spin:
            while now_ns < self.next_ns:
                now_ns = time.time_ns()
        patch = self._template.patch_into
        buffer, stride = self._batch.buffer, self.frame_bytes
        for index in range(count):
            patch(buffer, index * stride, first + index, now_ns)
        self._push(count)
        late_ns = max(0, now_ns - self.next_ns)
        if late_ns > self.late_max_ns:
            self.late_max_ns = late_ns
        bucket = delay_bucket(late_ns)
        self.late[bucket] = self.late.get(bucket, 0) + 1
        if not first:
            self.first_ns = now_ns
        self.last_ns = now_ns
        self._next = first = first + count
        if first < self.packets:
            self.next_ns = pacing.packet_time(
                self._start_ns, first, self.rate_bps, self.frame_bytes
            )
        else:
            self.next_ns = 0
        return now_ns

    def _push(self, count: int) -> None:
        """One call for the burst; a frame the device refuses is counted and passed over."""
        done = 0
        while done < count:
            result = self._batch.send(self._descriptor, done, count - done)
            if result > 0:
                self.sent += result
                done += result
            else:
                count_error(self.errors, -result)
                if -result in (errno.ENOBUFS, errno.EAGAIN):
                    self.full += 1
                done += 1

    def result(self) -> SentStream:
        return {
            "flow": self.flow,
            "phase": self.phase,
            "frame_bytes": self.frame_bytes,
            "rate_bps": self.rate_bps,
            "packets_intended": self.packets,
            "packets_sent": self.sent,
            "queue_full": self.full,
            "errors": self.errors,
            "burst_packets": self.burst,
            "first_sent_ns": self.first_ns,
            "last_sent_ns": self.last_ns,
            "late_max_ns": self.late_max_ns,
            "late_histogram_ns": _sorted(self.late),
        }


class StreamReceiver:
    """Counts one stream; ``next_ns`` is when its socket is emptied next."""

    def __init__(self, plan: dict[str, Any], drain_ns: int) -> None:
        self.flow: int = plan["flow"]
        self.phase: int = plan.get("phase", 0)
        self.port: int = plan["port"]
        self._from_ns: int = plan.get("from_ns", 0)
        self._until_ns: int = plan["until_ns"]
        self._drain_ns = drain_ns
        self._epoch_ns = 0
        self.next_ns = 0
        self.packets = self.bytes = self.duplicates = self.reordered = self.foreign = 0
        self.first_ns = self.last_ns = self.first_bytes = 0
        self._expected = 0
        self._seen = bytearray(1 << 14)
        self._delay_min = 1 << 63
        self._delay_max = self._delay_sum = 0
        self._delays: dict[int, int] = {}
        self._batch = kernel.ReceiveBatch(stream_header.BYTES, _BATCH)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(
            socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, plan.get("buffer", RECEIVE_BUFFER_BYTES)
        )
        self.sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
        try:
            self.sock.bind(("", self.port))
        except OSError as problem:
            self.sock.close()
            raise OSError(problem.errno, f"UDP *:{self.port}: {problem.strerror}") from None

    def start(self, epoch_ns: int) -> bool:
        self._epoch_ns = epoch_ns
        self.next_ns = epoch_ns + self._from_ns + self._drain_ns
        return True

    def fire(self) -> int:
        """Empty the socket; returns 0, for no clock is read."""
        self.drain()
        following = self.next_ns + self._drain_ns
        self.next_ns = following if following <= self._epoch_ns + self._until_ns else 0
        return 0

    def drain(self) -> None:
        batch = self._batch
        descriptor = self.sock.fileno()
        while got := batch.receive(descriptor):
            self._count(got)
            if got < batch.capacity:
                break

    def _count(self, got: int) -> None:
        batch = self._batch
        heads = stream_header.LAYOUT.iter_unpack(batch.heads[: got * batch.head_bytes])
        stamps = _STAMPS.iter_unpack(batch.controls[: got * batch.control_bytes])
        seen, delays, expected = self._seen, self._delays, self._expected
        for length, head, stamp in zip(batch.lengths(got), heads, stamps, strict=True):
            magic, flow, sequence, sent_ns = head
            if magic != stream_header.MAGIC or flow != self.flow or length < stream_header.BYTES:
                self.foreign += 1
                continue
            arrived_ns = stamp[0] * NS_PER_S + stamp[1]
            at, bit = sequence >> 3, 1 << (sequence & 7)
            if at >= len(seen):
                seen.extend(bytes(max(len(seen), at + 1 - len(seen))))
            if seen[at] & bit:
                self.duplicates += 1
                continue
            seen[at] |= bit
            if sequence >= expected:
                expected = sequence + 1
            else:
                self.reordered += 1
            if not self.packets:
                self.first_ns, self.first_bytes = arrived_ns, length
            self.packets += 1
            self.bytes += length
            self.last_ns = arrived_ns
            delay_ns = arrived_ns - sent_ns
            self._delay_sum += delay_ns
            if delay_ns < self._delay_min:
                self._delay_min = delay_ns
            if delay_ns > self._delay_max:
                self._delay_max = delay_ns
            bucket = delay_bucket(max(0, delay_ns))
            delays[bucket] = delays.get(bucket, 0) + 1
        self._expected = expected

    def result(self) -> ReceivedStream:
        return {
            "flow": self.flow,
            "phase": self.phase,
            "port": self.port,
            "packets": self.packets,
            "frame_bytes_total": self.bytes + self.packets * UDP_FRAME_OVERHEAD_BYTES,
            "first_frame_bytes": self.first_bytes + UDP_FRAME_OVERHEAD_BYTES,
            "first_arrival_ns": self.first_ns,
            "last_arrival_ns": self.last_ns,
            "duplicates": self.duplicates,
            "reordered": self.reordered,
            "foreign": self.foreign,
            "dropped_by_socket": drops_of(self.sock),
            "delay_min_ns": self._delay_min if self.packets else None,
            "delay_max_ns": self._delay_max if self.packets else None,
            "delay_sum_ns": self._delay_sum,
            "delay_histogram_ns": _sorted(self._delays),
        }


class StreamsOut(Workload):
    """All streams that a host sends."""

    key = "streams_out"
    turn = 2
    in_flows = True

    def __init__(self, plans: list[dict[str, Any]], place: Place) -> None:
        self._senders = [
            StreamSender(flat(plan), place.wire.fileno(), place.spins) for plan in plans
        ]

    def timed(self) -> list[Timed]:
        return [*self._senders]

    def finish(self) -> dict[str, Any]:
        return {self.key: [sender.result() for sender in self._senders]}

    def __len__(self) -> int:
        return len(self._senders)


class StreamsIn(Workload):
    """All streams that end at a host."""

    key = "streams_in"
    in_flows = True

    def __init__(self, plans: list[dict[str, Any]], place: Place) -> None:
        self._receivers = [StreamReceiver(plan, place.drain_ns) for plan in plans]

    def timed(self) -> list[Timed]:
        return [*self._receivers]

    def finish(self) -> dict[str, Any]:
        for receiver in self._receivers:
            receiver.drain()
        return {self.key: [receiver.result() for receiver in self._receivers]}

    def __len__(self) -> int:
        return len(self._receivers)


def _sorted(histogram: dict[int, int]) -> list[list[int]]:
    return [[edge, histogram[edge]] for edge in sorted(histogram)]


def mbps(frame_bytes: int, interval_ns: int) -> float | None:
    """Mbit/s of frame bits; None over no time."""
    return round(frame_bytes * 8_000 / interval_ns, 6) if interval_ns > 0 else None


def flow_result(sent: SentStream, received: ReceivedStream | None) -> dict[str, Any]:
    """One flow's figures from what its sender and its receiver counted. Pure.

    ``asked_mbps`` was asked for, ``offered_mbps`` left the host over the sending interval.
    ``delivered_mbps`` is over the receive interval, first to last arrival, without the first frame
    (it marks the interval's start). Without a receiver's result what was delivered is null.
    """
    frame_bytes = sent["frame_bytes"]
    packets = sent["packets_sent"]
    sending_ns = _sending_ns(sent)
    result: dict[str, Any] = {
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
        "send_late_p99_ns": histogram_quantile(sent["late_histogram_ns"], 99, 100),
        "duration_ns": sending_ns,
    }
    if received is None:
        return {**result, "delivered_packets": None, "delivered_mbps": None, "loss": None}
    count = received["packets"]
    interval_ns = received["last_arrival_ns"] - received["first_arrival_ns"]
    histogram = received["delay_histogram_ns"]
    return {
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
        "delay_p50_ns": _at_least(received["delay_min_ns"], histogram_quantile(histogram, 50, 100)),
        "delay_p99_ns": _at_least(received["delay_min_ns"], histogram_quantile(histogram, 99, 100)),
        "delay_histogram_ns": histogram,
    }


def _sending_ns(sent: SentStream) -> int:
    """From the first burst to the last, and for as long as the last lasts at the rate asked for."""
    packets, burst = sent["packets_intended"], sent["burst_packets"]
    last_burst = packets - (packets - 1) // burst * burst
    last_ns: int = last_burst * sent["frame_bytes"] * 8 * NS_PER_S // sent["rate_bps"]
    return int(sent["last_sent_ns"] - sent["first_sent_ns"]) + last_ns


def _at_least(least: int | None, value: int | None) -> int | None:
    """A bucket's lower edge may lie below the least value in it."""
    return value if least is None or value is None else max(least, value)


def histogram_quantile(histogram: list[list[int]], part: int, whole: int) -> int | None:
    """Lower edge of the bucket that holds the nearest-rank quantile ``part / whole``."""
    total = sum(count for _, count in histogram)
    rank = -(-total * part // whole)
    for edge, count in histogram:
        rank -= count
        if rank <= 0:
            return edge
    return None
