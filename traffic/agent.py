"""Everything one host sends, reflects and receives, in one process and one loop.

Standard library only, for it runs where imports and system calls are dear. The process is already
inside the host's network namespace. Sockets are opened first; the schedule starts with the
epoch. One absolute timer serves all deadlines: after it fires, what was due at the time it was set
for is sent, without asking the clock what time it is. Nothing is logged while measuring.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH100, PTH103, PTH118, PTH120, PTH123

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Protocol

from traffic import kernel, records, stamp
from traffic.probe import ProbeSender, ReplySocket, drops_of
from traffic.reflector import Reflector
from traffic.stream import StreamReceiver, StreamSender

ERROR_NS = {"virtual": 256, "real": 1000}
_SEND_BUFFER_BYTES = 64 << 20


class Timed(Protocol):
    """What the loop calls at its deadlines."""

    next_ns: int

    def start(self, epoch_ns: int) -> bool:
        """Fix ``next_ns``; False when there is nothing to do."""

    def fire(self) -> int:
        """Act, set ``next_ns`` (0: never again), return the time read or 0."""


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


class Agent:
    """One host of a job. ``open`` may raise OSError; ``run`` returns the counters."""

    def __init__(self, job: dict[str, Any], host: dict[str, Any]) -> None:
        self._job = job
        self._host = host
        self._clock: str = job["clock"]
        self._spin_ns: int = job.get("spin_ns", 0) if self._clock == "real" else 0
        self._reflectors: list[Reflector] = []
        self._replies: dict[int, ReplySocket] = {}
        self._probes: list[ProbeSender] = []
        self._senders: list[StreamSender] = []
        self._receivers: list[StreamReceiver] = []
        self._handlers: dict[int, Callable[[], None]] = {}

    def open(self) -> None:
        """Create and bind every socket and the record file."""
        host, job = self._host, self._job
        name: str = host["name"]
        self._records_path = os.path.join(job["out_dir"], records.file_name(name))
        self._writer = records.RecordWriter(
            self._records_path, records.header(name, 0, self._clock), job.get("flush_records", 64)
        )
        self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._wire.setblocking(False)
        self._wire.setsockopt(socket.SOL_SOCKET, kernel.SO_SNDBUFFORCE, _SEND_BUFFER_BYTES)
        self._wire.bind((host["interface"], 0))
        estimate = stamp.error_estimate(ERROR_NS[self._clock])
        for plan in host.get("reflect", ()):
            self._reflectors.append(Reflector(plan, self._wire.send, self._writer, estimate))
        spin = self._spin_ns > 0
        for plan in host.get("probes", ()):
            sender = ProbeSender(_flat(plan), self._wire.send, self._writer, spin)
            port = sender.reply_port
            if port not in self._replies:
                self._replies[port] = ReplySocket(port)
            self._replies[port].expect(sender, _ssid_of(_flat(plan)))
            self._probes.append(sender)
        for plan in host.get("streams_out", ()):
            self._senders.append(StreamSender(_flat(plan), self._wire.fileno(), spin))
        for plan in host.get("streams_in", ()):
            self._receivers.append(StreamReceiver(plan, job.get("drain_ns", 10_000_000)))
        for reflector in self._reflectors:
            self._handlers[reflector.sock.fileno()] = reflector.readable
        for reply in self._replies.values():
            self._handlers[reply.sock.fileno()] = reply.readable
        self._timer = kernel.AbsoluteTimer()
        self._poll = select.epoll()
        self._poll.register(self._timer.fd, select.EPOLLIN | select.EPOLLET)
        for descriptor in self._handlers:
            self._poll.register(descriptor, select.EPOLLIN)

    def run(self, epoch_ns: int, end_ns: int) -> dict[str, Any]:
        """Keep the schedule from the epoch on, stop ``end_ns`` after it."""
        self._writer.rewrite_header(records.header(self._host["name"], epoch_ns, self._clock))
        sources: list[Timed] = [
            *self._receivers,
            *self._probes,
            *self._senders,
            Flusher(self._writer, self._job.get("flush_ns", 0)),
        ]
        self._loop([source for source in sources if source.start(epoch_ns)], epoch_ns + end_ns)
        for receiver in self._receivers:
            receiver.drain()
        self._writer.close()
        return self._result()

    def _loop(self, sources: list[Timed], end_ns: int) -> None:
        queue: list[tuple[int, int]] = []
        for index, source in enumerate(sources):
            heappush(queue, (source.next_ns, index))
        timer, poll, handlers, early_ns = (
            self._timer,
            self._poll.poll,
            self._handlers,
            self._spin_ns,
        )
        timer_fd = timer.fd
        while True:
            due_ns = min(queue[0][0], end_ns) if queue else end_ns
            timer.set(due_ns - early_ns)
            fired = False
            while not fired:
                for descriptor, _ in poll():
                    if descriptor == timer_fd:
                        fired = True
                    else:
                        handlers[descriptor]()
            if due_ns >= end_ns:
                return
            while queue and queue[0][0] <= due_ns:
                index = heappop(queue)[1]
                source = sources[index]
                due_ns = max(due_ns, source.fire())
                if source.next_ns:
                    heappush(queue, (source.next_ns, index))

    def _result(self) -> dict[str, Any]:
        return {
            "records": self._writer.number,
            "probes": [
                {
                    "demand": probe.demand,
                    "phase": probe.phase,
                    "sent": probe.sent,
                    "received": probe.received,
                    "errors": probe.errors,
                }
                for probe in self._probes
            ],
            "reflectors": [
                {
                    "address": "{}:{}".format(*reflector.address),
                    "reflected": reflector.reflected,
                    "foreign": reflector.foreign,
                    "dropped_by_socket": drops_of(reflector.sock),
                    "errors": reflector.errors,
                }
                for reflector in self._reflectors
            ],
            "replies_dropped_by_socket": sum(
                drops_of(reply.sock) for reply in self._replies.values()
            ),
            "replies_foreign": sum(reply.foreign for reply in self._replies.values()),
            "streams_out": [sender.result() for sender in self._senders],
            "streams_in": [receiver.result() for receiver in self._receivers],
        }


def _flat(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan with its template's fields beside its own; they may be written either way."""
    template = plan.get("template")
    return {**plan, **template} if template else plan


def _ssid_of(plan: dict[str, Any]) -> int:
    frame = bytes.fromhex(plan["frame_hex"])
    at = plan["offsets"]["payload"] + stamp.SSID_OFFSET
    return int.from_bytes(frame[at : at + 2])


def write_flows(out_dir: str, host: str, result: dict[str, Any]) -> None:
    """Leave the streams' counts beside the records, so they outlive the launcher."""
    if result["streams_out"] or result["streams_in"]:
        text = json.dumps({key: result[key] for key in ("streams_out", "streams_in")})
        path = os.path.join(out_dir, f"flows-{host}.json")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
        os.close(descriptor)
