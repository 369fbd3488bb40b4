"""The STAMP Session-Sender of one demand. Standard library only.

Frames leave through the host's packet socket; replies come back to an ordinary UDP socket, whose
kernel stamps are T4.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from struct import Struct, error
from typing import Any

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.arrivals import registry
from corridor.traffic.packets import stamp
from corridor.traffic.packets.template import Template
from corridor.traffic.system import kernel
from corridor.traffic.workloads import records
from corridor.traffic.workloads.workload import Place, Timed, Workload, flat

IP_TTL = 2
IP_RECVTTL = 12
_TIMESPEC = Struct("@qq")
_INT = Struct("@i")
_CONTROL_ROOM = 128


def open_stamped_socket(port: int, address: str = "") -> socket.socket:
    """A bound UDP socket with kernel receive stamps, TTLs and room for a burst; OSError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, 8 << 20)
    sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    try:
        sock.bind((address, port))
    except OSError as problem:
        sock.close()
        place = f"{address or '*'}:{port}"
        raise OSError(problem.errno, f"UDP {place}: {problem.strerror}") from None
    return sock


def arrival_of(control: list[tuple[int, int, bytes]]) -> tuple[int, int]:
    """Kernel receive stamp in ns and TTL from a datagram's ancillary data; 0 where missing."""
    arrived_ns = ttl = 0
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == kernel.SO_TIMESTAMPNS:
            seconds, ns = _TIMESPEC.unpack_from(data)
            arrived_ns = seconds * NS_PER_S + ns
        elif level == socket.IPPROTO_IP and kind == IP_TTL:
            (ttl,) = _INT.unpack_from(data)
    return arrived_ns, ttl


def drops_of(sock: socket.socket) -> int:
    """How many datagrams this socket lost for want of buffer."""
    data = sock.getsockopt(socket.SOL_SOCKET, kernel.SO_MEMINFO, 64)
    at = kernel.SO_MEMINFO_DROPS * 4
    return int.from_bytes(data[at : at + 4], "little")


class ProbeSender:
    """Sends one demand's probes at their times; ``next_ns`` is the deadline of the next one."""

    def __init__(
        self,
        plan: dict[str, Any],
        send: Callable[[bytearray], int],
        writer: records.RecordWriter,
        spin: bool,
    ) -> None:
        self.demand: int = plan["demand"]
        self.phase: int = plan.get("phase", 0)
        self.reply_port: int = plan["reply_port"]
        self.first_seq: int = plan.get("first_seq", 0)
        self.count: int = plan["count"]
        self.sent = self.received = 0
        self.errors: dict[str, int] = {}
        self._times = registry.send_times(
            plan.get("arrival", registry.DEFAULT),
            plan["start_ns"],
            plan["interval_ns"],
            plan["count"],
            plan.get("seed", 0),
        )
        self._template = Template(bytes.fromhex(plan["frame_hex"]), plan["offsets"])
        self._send = send
        self._add = writer.add
        self._spin = spin
        self._epoch_ns = 0
        self._index = 0
        self.next_ns = 0

    def start(self, epoch_ns: int) -> bool:
        """Fix the deadlines; False when there is nothing to send."""
        self._epoch_ns = epoch_ns
        if not self._times:
            return False
        self.next_ns = epoch_ns + self._times[0]
        return True

    def fire(self) -> int:
        """Send the probe that is due; the time read just before, and ``next_ns`` set (0: done)."""
        index = self._index
        intended_ns = self.next_ns
        seq = self.first_seq + index
        t1_ns = time.time_ns()
        if self._spin:
            while t1_ns < intended_ns:
                t1_ns = time.time_ns()
        flags = 0
        try:
            self._send(self._template.patch(seq, stamp.ntp_from_ns(t1_ns)))
            self.sent += 1
        except OSError as problem:
            count_error(self.errors, problem.errno or 0)
            flags = records.SEND_FAILED
        self._add(
            records.SENT, flags, 0, 0, self.phase, self.demand, seq, 0, intended_ns, t1_ns, 0, 0, 0
        )
        self._index = index = index + 1
        self.next_ns = self._epoch_ns + self._times[index] if index < self.count else 0
        return t1_ns

    def answered(self, payload: bytearray, t4_ns: int, ttl: int, flags: int) -> None:
        """Record a reply, of whatever order or number."""
        reflector_seq, t3, _, _, t2, seq, t1, _, _, ttl_forward = stamp.REFLECTOR.unpack_from(
            payload
        )
        self.received += 1
        self._add(
            records.REPLY,
            flags,
            ttl_forward,
            ttl,
            self.phase,
            self.demand,
            seq,
            reflector_seq,
            0,
            stamp.ns_from_ntp(t1),
            stamp.ns_from_ntp(t2),
            stamp.ns_from_ntp(t3),
            t4_ns,
        )


class ReplySocket:
    """One UDP port on which the replies of one or more demands arrive."""

    def __init__(self, port: int) -> None:
        self.sock = open_stamped_socket(port)
        self.foreign = 0
        self._senders: dict[int, list[ProbeSender]] = {}
        self._buffer = bytearray(65536)
        self._buffers = [self._buffer]

    def expect(self, sender: ProbeSender, ssid: int) -> None:
        self._senders.setdefault(ssid, []).append(sender)

    def readable(self) -> None:
        """Take one reply; the poll loop calls again while more wait."""
        try:
            length, control, _, _ = self.sock.recvmsg_into(self._buffers, _CONTROL_ROOM)
        except (BlockingIOError, ConnectionRefusedError):
            return
        t4_ns, ttl = arrival_of(control)
        flags = 0
        if not t4_ns:
            t4_ns, flags = time.time_ns(), records.NO_KERNEL_STAMP
        try:
            fields = stamp.REFLECTOR.unpack_from(memoryview(self._buffer)[:length])
        except error:
            self.foreign += 1
            return
        ssid, seq = fields[3], fields[5]
        for sender in self._senders.get(ssid, ()):
            if sender.first_seq <= seq < sender.first_seq + sender.count:
                sender.answered(self._buffer, t4_ns, ttl, flags)
                return
        self.foreign += 1


class Probes(Workload):
    """The probes of all demands of a host; demands may share a port for their replies."""

    key = "probes"
    turn = 1

    def __init__(self, plans: list[dict[str, Any]], place: Place) -> None:
        self._replies: dict[int, ReplySocket] = {}
        self._senders: list[ProbeSender] = []
        for plan in map(flat, plans):
            sender = ProbeSender(plan, place.wire.send, place.writer, place.spins)
            port = sender.reply_port
            if port not in self._replies:
                self._replies[port] = ReplySocket(port)
            self._replies[port].expect(sender, _ssid_of(plan))
            self._senders.append(sender)

    def handlers(self) -> dict[int, Callable[[], None]]:
        return {reply.sock.fileno(): reply.readable for reply in self._replies.values()}

    def timed(self) -> list[Timed]:
        return [*self._senders]

    def finish(self) -> dict[str, Any]:
        replies = self._replies.values()
        return {
            "probes": [
                {
                    "demand": sender.demand,
                    "phase": sender.phase,
                    "sent": sender.sent,
                    "received": sender.received,
                    "errors": sender.errors,
                }
                for sender in self._senders
            ],
            "replies_dropped_by_socket": sum(drops_of(reply.sock) for reply in replies),
            "replies_foreign": sum(reply.foreign for reply in replies),
        }

    def __len__(self) -> int:
        return len(self._senders)


def _ssid_of(plan: dict[str, Any]) -> int:
    frame = bytes.fromhex(plan["frame_hex"])
    at = plan["offsets"]["payload"] + stamp.SSID_OFFSET
    return int.from_bytes(frame[at : at + 2])


def count_error(errors: dict[str, int], code: int) -> None:
    name = errno.errorcode.get(code, str(code))
    errors[name] = errors.get(name, 0) + 1
