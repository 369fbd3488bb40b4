"""Everything a host sends, reflects and receives, in one loop; one process for one or more hosts.

Standard library only, for it runs where imports, forks and system calls are dear. Sockets belong
to the namespace they were opened in, so a process can serve several hosts: it enters each in turn.
All are opened before the epoch is known, and the schedule counts from it. One absolute timer
serves all deadlines: after it fires, what was due at the time it was set for is sent, without
asking the clock what time it is. Nothing is logged while measuring.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH118

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush

from corridor.traffic.agents import delays, intervals, records
from corridor.traffic.agents.jobs import CHARGED, FLOW_KEYS, WORKLOADS, Host, HostCounts, Job
from corridor.traffic.agents.program import Place, Timed
from corridor.traffic.packets import kernel, stamp
from corridor.traffic.packets.kernel import Descriptors

ERROR_NS = {"virtual": 256, CHARGED: 1000, "real": 1000}
"""A tick of the first; of the others, what reading them takes."""
_SEND_BUFFER_BYTES = 64 << 20


def spin_ns_of(job: Job) -> int:
    """How long before a deadline to spin; never in the virtual clock, which spinning stops."""
    return job.settings.spin_ns if job.clock == "real" else 0


class Flusher:
    """Sends records off at fixed times besides fixed counts."""

    def __init__(self, writer: records.RecordWriter, every_ns: int) -> None:
        self._writer = writer
        self._every_ns = every_ns
        self.next_ns = 0

    def start(self, epoch_ns: int) -> bool:
        self.next_ns = epoch_ns + self._every_ns
        return self._every_ns > 0

    def fire(self) -> int:
        self._writer.flush()
        self.next_ns += self._every_ns
        return 0


class CannotOpenError(Exception):
    """A host could not be prepared: its name and why."""


class HostPart:
    """One host's workloads and records. The process must be in the host's namespace."""

    def __init__(self, job: Job, host: Host, descriptors: Descriptors) -> None:
        self.name = host.name
        self._clock = job.clock
        self.out_dir = job.out_dir
        settings = job.settings
        self.writer = records.RecordWriter(
            os.path.join(self.out_dir, records.file_name(self.name)),
            records.header(self.name, 0, self._clock),
            settings.flush_records,
        )
        self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._wire.setblocking(False)
        self._wire.setsockopt(socket.SOL_SOCKET, kernel.SO_SNDBUFFORCE, _SEND_BUFFER_BYTES)
        self._wire.bind((host.interface, 0))
        self._delays = delays.DelayFile(os.path.join(self.out_dir, delays.file_name(self.name)))
        place = Place(
            self._wire,
            self.writer,
            self._delays,
            descriptors,
            self.name,
            host.netns,
            self.out_dir,
            settings.flush_records,
            settings.drain_ns,
            spins=spin_ns_of(job) > 0,
            error_estimate=stamp.error_estimate(ERROR_NS[job.clock]),
        )
        self._workloads = [kind(host.of(kind.part), place) for kind in WORKLOADS]
        self._flusher = Flusher(self.writer, settings.flush_ns)
        self._epoch_ns = 0

    def handlers(self) -> dict[int, Callable[[], None]]:
        """What to call when which descriptor is readable."""
        found: dict[int, Callable[[], None]] = {}
        for workload in self._workloads:
            found |= workload.handlers()
        return found

    def sources(self, epoch_ns: int) -> list[Timed]:
        """Everything with deadlines, started."""
        self._epoch_ns = epoch_ns
        self.writer.rewrite_header(records.header(self.name, epoch_ns, self._clock))
        by_turn = sorted(self._workloads, key=lambda workload: workload.turn)
        sources = [one for workload in by_turn for one in workload.timed()]
        return [source for source in (*sources, self._flusher) if source.start(epoch_ns)]

    def stop(self) -> None:
        for workload in self._workloads:
            workload.stop()

    def finish(self) -> HostCounts:
        """Count what still waits, write what is buffered; the host's counters."""
        counted: dict[str, object] = {}
        for workload in self._workloads:
            counts = workload.finish()
            if workload.told_if_idle or len(workload):
                counted.update(counts)
        self.writer.close()
        self._delays.close()
        result = {"records": self.writer.number, **counted}
        if any(workload.in_flows and len(workload) for workload in self._workloads):
            write_flows(self.out_dir, self.name, result)
            self._write_intervals()
        return result

    def _write_intervals(self) -> None:
        """Next to the counts, which the launcher tells: these are too many for a line."""
        counted = {one.key: one.intervals() for one in self._workloads if one.in_flows}
        file = {"schema": intervals.FORMAT, "epoch_ns": self._epoch_ns, **counted}
        _write(os.path.join(self.out_dir, intervals.file_name(self.name)), file)


class Agent:
    """The hosts of one process. ``open`` may raise OSError; ``run`` returns their counters."""

    def __init__(self, job: Job, hosts: Sequence[Host]) -> None:
        self._job = job
        self._hosts = hosts
        self._parts: list[HostPart] = []
        self._spin_ns = spin_ns_of(job)
        self._queue: list[tuple[int, int]] = []
        self._end_ns = 0

    def open(self) -> None:
        """Enter each host's namespace in turn and bind its sockets, which stay there."""
        self._timer = kernel.AbsoluteTimer()
        self._descriptors = Descriptors()
        self._descriptors.add(self._timer.fd, _loops_own)
        for host in self._hosts:
            try:
                kernel.enter_network_namespace(host.netns)
                part = HostPart(self._job, host, self._descriptors)
            except (OSError, KeyError, ValueError) as problem:
                reason = f"{type(problem).__name__}: {problem}"
                raise CannotOpenError(host.name, reason) from problem
            self._parts.append(part)
        for part in self._parts:
            for descriptor, handler in part.handlers().items():
                self._descriptors.add(descriptor, handler)

    def run(self, epoch_ns: int, end_ns: int, orders: int | None = None) -> dict[str, HostCounts]:
        """Keep the schedule from the epoch on, stop ``end_ns`` after it; counters by host.

        Whatever can be read from the descriptor ``orders`` stops it sooner: nothing more is sent,
        and what is in flight is awaited as after the last packet.
        """
        sources = [source for part in self._parts for source in part.sources(epoch_ns)]
        self._end_ns = epoch_ns + end_ns
        if orders is not None:
            self._descriptors.add(orders, partial(self._stop, orders))
        self._loop(sources)
        return {part.name: part.finish() for part in self._parts}

    def _stop(self, orders: int) -> None:
        self._descriptors.remove(orders)
        self._queue.clear()
        for part in self._parts:
            part.stop()
        soon_ns = time.time_ns() + self._job.settings.linger_ns
        self._end_ns = min(self._end_ns, soon_ns)
        self._timer.set(self._end_ns)

    def _loop(self, sources: list[Timed]) -> None:
        queue = self._queue
        for index, source in enumerate(sources):
            heappush(queue, (source.next_ns, index))
        timer, poll, handlers, early_ns = (
            self._timer,
            self._descriptors.poll,
            self._descriptors.handlers,
            self._spin_ns,
        )
        timer_fd = timer.fd
        while True:
            due_ns = min(queue[0][0], self._end_ns) if queue else self._end_ns
            timer.set(due_ns - early_ns)
            fired = False
            while not fired:
                for descriptor, _ in poll():
                    if descriptor == timer_fd:
                        fired = True
                    else:
                        handlers[descriptor]()
            if due_ns >= self._end_ns:
                return
            while queue and queue[0][0] <= due_ns:
                index = heappop(queue)[1]
                source = sources[index]
                due_ns = max(due_ns, source.fire())
                if source.next_ns:
                    heappush(queue, (source.next_ns, index))


def _loops_own() -> None:
    """The loop's deadlines have no handler: it tells their timer by its number."""


def write_flows(out_dir: str, host: str, result: HostCounts) -> None:
    """Leave the streams' counts next to the records, so they outlive the launcher."""
    flows = {key: result[key] for key in FLOW_KEYS}
    _write(os.path.join(out_dir, f"flows-{host}.json"), flows)


def _write(path: str, file: Mapping[str, object]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    left = memoryview(json.dumps(file, separators=(",", ":")).encode())
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)
    os.close(descriptor)
