"""A paced stream of Scapy-built datagrams, and what sends it. Standard library only.

The sender keeps an absolute schedule: burst ``j`` of ``m`` frames is due when frame ``j * m`` is.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from corridor.topologies.base.named_tuples import to_plain
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.delays import LATE, DelayFile, Delays
from corridor.traffic.agents.intervals import USUAL_NS, Intervals, SentIntervals
from corridor.traffic.agents.probe import count_error
from corridor.traffic.agents.program import Place, Timed, Workload
from corridor.traffic.packets import kernel
from corridor.traffic.packets.template import FrameTemplate, Template


class StreamOut(NamedTuple):
    """A paced stream of equal frames; ``rate_bps`` counts frame bits without FCS."""

    flow: int
    template: FrameTemplate
    start_ns: int
    duration_ns: int
    rate_bps: int
    burst_ns: int = 100_000
    phase: int = 0
    interval_ns: int = USUAL_NS
    """How finely it is counted."""

    @property
    def packets(self) -> int:
        return stream_packets(self.duration_ns, self.rate_bps, self.template.size_bytes)

    @property
    def burst(self) -> int:
        return burst_packets(self.burst_ns, self.rate_bps, self.template.size_bytes)

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        return self._replace(start_ns=self.start_ns + shift_ns, phase=phase)

    def end_ns(self, linger_ns: int) -> int:
        return self.start_ns + self.duration_ns + linger_ns

    def problems(self) -> Iterator[str]:
        if self.rate_bps < 1 or self.duration_ns < 1 or self.burst_ns < 0:
            yield f"flow {self.flow}: needs a rate and a duration"
        if self.interval_ns < 1:
            yield f"flow {self.flow}: needs intervals of some length"

    @property
    def takes_port(self) -> None:
        return None


class SentStream(NamedTuple):
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


class StreamSender:
    """Sends one stream, burst by burst; ``next_ns`` is the deadline of the next one."""

    def __init__(self, plan: StreamOut, descriptor: int, spin: bool, file: DelayFile) -> None:
        self._template = Template.of(plan.template)
        self.flow = plan.flow
        self.phase = plan.phase
        self.frame_bytes = self._template.length
        self.rate_bps = plan.rate_bps
        self.packets = plan.packets
        self.burst = min(plan.burst, self.packets, 1024)
        self.sent = self.full = 0
        self.errors: dict[str, int] = {}
        self.first_ns = self.last_ns = 0
        self.late_max_ns = 0
        self.late = Delays(file, LATE, plan.flow)
        self._start_ns = plan.start_ns
        self._descriptor = descriptor
        self._spin = spin
        self._batch = kernel.SendBatch(self._template.frame, self.burst)
        self._next = 0
        self.next_ns = 0
        self._intervals = Intervals(2, plan.start_ns, plan.interval_ns)

    def start(self, epoch_ns: int) -> bool:
        self._start_ns += epoch_ns
        self._intervals.start(epoch_ns)
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
        before = self.sent
        self._push(count)
        row, (offered, sent) = self._intervals.row(now_ns), self._intervals.columns
        offered[row] += count
        sent[row] += self.sent - before
        late_ns = max(0, now_ns - self.next_ns)
        if late_ns > self.late_max_ns:
            self.late_max_ns = late_ns
        self.late.numbers.append(first)
        self.late.times_ns.append(late_ns)
        self.late.flush_full()
        if not first:
            self.first_ns = now_ns
        self.last_ns = now_ns
        self._next = first = first + count
        if first < self.packets:
            self.next_ns = packet_time(self._start_ns, first, self.rate_bps, self.frame_bytes)
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
        return SentStream(
            flow=self.flow,
            phase=self.phase,
            frame_bytes=self.frame_bytes,
            rate_bps=self.rate_bps,
            packets_intended=self.packets,
            packets_sent=self.sent,
            queue_full=self.full,
            errors=self.errors,
            burst_packets=self.burst,
            first_sent_ns=self.first_ns,
            last_sent_ns=self.last_ns,
            late_max_ns=self.late_max_ns,
        )

    def intervals(self) -> SentIntervals:
        counted = self._intervals
        offered, sent = counted.columns
        return SentIntervals(
            flow=self.flow,
            width_ns=counted.width_ns,
            first=counted.first,
            frame_bytes=self.frame_bytes,
            offered=offered,
            sent=sent,
        )


class StreamsOut(Workload[StreamOut]):
    """All streams that a host sends."""

    key = "streams_out"
    part = StreamOut
    turn = 2
    in_flows = True

    def __init__(self, parts: Sequence[StreamOut], place: Place) -> None:
        self._senders = [
            StreamSender(part, place.wire.fileno(), place.spins, place.delays) for part in parts
        ]

    def timed(self) -> list[Timed]:
        return [*self._senders]

    def finish(self) -> Mapping[str, object]:
        for sender in self._senders:
            sender.late.flush()
        return {self.key: to_plain([sender.result() for sender in self._senders])}

    def intervals(self) -> Sequence[Mapping[str, object]]:
        return [sender.intervals()._asdict() for sender in self._senders]

    def __len__(self) -> int:
        return len(self._senders)


# When the packets of a paced stream are due. Pure, and no rounding adds up.


def stream_packets(duration_ns: int, rate_bps: int, frame_bytes: int) -> int:
    """How many frames a stream of ``rate_bps`` (frame bits, no FCS) sends in ``duration_ns``."""
    return max(1, duration_ns * rate_bps // (frame_bytes * 8 * NS_PER_S))


def burst_packets(burst_ns: int, rate_bps: int, frame_bytes: int) -> int:
    """How many frames fall into one burst interval; at least one."""
    return max(1, burst_ns * rate_bps // (frame_bytes * 8 * NS_PER_S))


def packet_time(start_ns: int, packet: int, rate_bps: int, frame_bytes: int) -> int:
    """When packet number ``packet`` of a stream is due, without accumulated rounding."""
    return start_ns + packet * frame_bytes * 8 * NS_PER_S // rate_bps
