"""Where a paced stream ends, and what counts it there. Standard library only.

The receiver is not woken by packets: it empties its socket at fixed times, and counts with the
stamps the kernel gave on arrival. What each packet took is in ``delays-HOST.bin``.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from struct import Struct
from typing import NamedTuple, Self

from corridor.topologies.base.named_tuples import to_plain
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.delays import DELAY, DelayFile, Delays
from corridor.traffic.agents.intervals import USUAL_NS, Intervals, ReceivedIntervals
from corridor.traffic.agents.probe import drops_of
from corridor.traffic.agents.program import Place, Timed, Workload
from corridor.traffic.packets import kernel
from corridor.traffic.packets import stamp as stream_header

RECEIVE_BUFFER_BYTES = 256 << 20
OVERHEAD_BYTES: dict[kernel.Family, int] = {"ipv4": 42, "ipv6": 62}
"""Of a frame: what it has before the payload of UDP."""
_BATCH = 256
FLUSHED_AFTER = 100
"""Drains, which are a second as agents usually drain."""
_STAMPS = Struct("@16xqq")


class StreamIn(NamedTuple):
    """Where a stream ends: counted from ``from_ns`` until ``until_ns``."""

    flow: int
    port: int
    until_ns: int
    from_ns: int = 0
    phase: int = 0
    interval_ns: int = USUAL_NS
    """How finely it is counted, as its sender does."""
    family: kernel.Family = "ipv4"

    @property
    def omitted_if_default(self) -> tuple[str, ...]:
        """Fields that a job does not have where they are as usual."""
        return ("family",)

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        from_ns, until_ns = self.from_ns + shift_ns, self.until_ns + shift_ns
        return self._replace(from_ns=from_ns, until_ns=until_ns, phase=phase)

    def end_ns(self, linger_ns: int) -> int:  # noqa: ARG002
        return self.until_ns

    def problems(self) -> Iterator[str]:
        if self.interval_ns < 1:
            yield f"flow {self.flow}: needs intervals of some length"

    @property
    def takes_port(self) -> tuple[int, object]:
        return self.port, id(self)


class ReceivedStream(NamedTuple):
    """What a receiver has counted; moments are CLOCK_REALTIME."""

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


class StreamReceiver:
    """Counts one stream; ``next_ns`` is when its socket is emptied next."""

    def __init__(self, plan: StreamIn, drain_ns: int, file: DelayFile) -> None:
        self.flow = plan.flow
        self.phase = plan.phase
        self.port = plan.port
        self._from_ns = plan.from_ns
        self._until_ns = plan.until_ns
        self._drain_ns = drain_ns
        self._epoch_ns = 0
        self.next_ns = 0
        self.packets = self.bytes = self.duplicates = self.reordered = self.foreign = 0
        self.first_ns = self.last_ns = self.first_bytes = 0
        self._expected = 0
        self._seen = bytearray(1 << 14)
        self._delay_min = 1 << 63
        self._delay_max = self._delay_sum = 0
        self._delays = Delays(file, DELAY, plan.flow)
        self._drains = 0
        self._intervals = Intervals(4, plan.from_ns, plan.interval_ns)
        self._batch = kernel.ReceiveBatch(stream_header.BYTES, _BATCH)
        self._overhead_bytes = OVERHEAD_BYTES[plan.family]
        self.sock = socket.socket(kernel.SOCKET_FAMILY[plan.family], socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
        try:
            self.sock.bind(("", self.port))
        except OSError as problem:
            self.sock.close()
            raise OSError(problem.errno, f"UDP *:{self.port}: {problem.strerror}") from None

    def start(self, epoch_ns: int) -> bool:
        self._epoch_ns = epoch_ns
        self._intervals.start(epoch_ns)
        self.next_ns = epoch_ns + self._from_ns + self._drain_ns
        return True

    def fire(self) -> int:
        """Empty the socket; returns 0, for no clock is read."""
        self.drain()
        self._drains += 1
        if self._drains % FLUSHED_AFTER == 0:
            self._delays.flush()
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
        seen, expected = self._seen, self._expected
        overhead_bytes = self._overhead_bytes
        add_number, add_time = self._delays.numbers.append, self._delays.times_ns.append
        row_of, (arrived, waited, packets, octets) = self._intervals.row, self._intervals.columns
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
            add_number(sequence)
            add_time(delay_ns)
            row = row_of(sent_ns)
            arrived[row] += 1
            waited[row] += delay_ns
            row = row_of(arrived_ns)
            packets[row] += 1
            octets[row] += length + overhead_bytes
        self._expected = expected
        self._delays.flush_full()

    def finish(self) -> None:
        """Count what still waits, and write it."""
        self.drain()
        self._delays.flush()

    def result(self) -> ReceivedStream:
        return ReceivedStream(
            flow=self.flow,
            phase=self.phase,
            port=self.port,
            packets=self.packets,
            frame_bytes_total=self.bytes + self.packets * self._overhead_bytes,
            first_frame_bytes=self.first_bytes + self._overhead_bytes,
            first_arrival_ns=self.first_ns,
            last_arrival_ns=self.last_ns,
            duplicates=self.duplicates,
            reordered=self.reordered,
            foreign=self.foreign,
            dropped_by_socket=drops_of(self.sock),
            delay_min_ns=self._delay_min if self.packets else None,
            delay_max_ns=self._delay_max if self.packets else None,
            delay_sum_ns=self._delay_sum,
        )

    def intervals(self) -> ReceivedIntervals:
        counted = self._intervals
        arrived, waited, packets, octets = counted.columns
        return ReceivedIntervals(
            flow=self.flow,
            width_ns=counted.width_ns,
            first=counted.first,
            arrived=arrived,
            delay_ns=waited,
            packets=packets,
            frame_bytes=octets,
        )


class StreamsIn(Workload[StreamIn]):
    """All streams that end at a host."""

    key = "streams_in"
    part = StreamIn
    in_flows = True

    def __init__(self, parts: Sequence[StreamIn], place: Place) -> None:
        self._receivers = [StreamReceiver(part, place.drain_ns, place.delays) for part in parts]

    def timed(self) -> list[Timed]:
        return [*self._receivers]

    def finish(self) -> Mapping[str, object]:
        for receiver in self._receivers:
            receiver.finish()
        return {self.key: to_plain([receiver.result() for receiver in self._receivers])}

    def intervals(self) -> Sequence[Mapping[str, object]]:
        return [receiver.intervals()._asdict() for receiver in self._receivers]

    def __len__(self) -> int:
        return len(self._receivers)
