"""Probes of a demand, and the STAMP Session-Sender that sends them. Standard library only.

Frames leave through the host's packet socket; replies come back to an ordinary UDP socket, whose
kernel stamps are T4.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import NamedTuple, Self, TypedDict

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents import records
from corridor.traffic.agents.program import Place, Timed, Workload
from corridor.traffic.packets import kernel, stamp
from corridor.traffic.packets.template import UDP_HEADER_BYTES, FrameTemplate, Template
from corridor.traffic.workloads.arrivals import DEFAULT, Arrival, parts_of, send_times

IP_TTL = 2
IP_RECVTTL = 12
_TIMESPEC = Struct("@qq")
_INT = Struct("@i")
_CONTROL_ROOM = 128
_TTLS = ((socket.IPPROTO_IP, IP_TTL), (socket.IPPROTO_IPV6, kernel.IPV6_HOPLIMIT))


def open_stamped_socket(
    port: int, address: str = "", family: kernel.Family = "ipv4"
) -> socket.socket:
    """A bound UDP socket with kernel receive stamps, TTLs and room for a burst; OSError."""
    sock = socket.socket(kernel.SOCKET_FAMILY[family], socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, 8 << 20)
    sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
    if family == "ipv4":
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, kernel.IPV6_RECVHOPLIMIT, 1)
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
        elif (level, kind) in _TTLS:
            (ttl,) = _INT.unpack_from(data)
    return arrived_ns, ttl


def drops_of(sock: socket.socket) -> int:
    """How many datagrams this socket lost for want of buffer."""
    data = sock.getsockopt(socket.SOL_SOCKET, kernel.SO_MEMINFO, 64)
    at = kernel.SO_MEMINFO_DROPS * 4
    return int.from_bytes(data[at : at + 4], "little")


class Probe(NamedTuple):
    """Probes of a demand: ``packets`` of them, every ``interval_ns`` on average, by ``arrival``."""

    demand: int
    template: FrameTemplate
    reply_port: int
    start_ns: int
    interval_ns: int
    packets: int
    arrival: Arrival = DEFAULT
    seed: int = 0
    first_seq: int = 0
    phase: int = 0

    @property
    def send_times(self) -> Sequence[int]:
        return send_times(self.arrival, self.start_ns, self.interval_ns, self.packets, self.seed)

    @property
    def ssid(self) -> int:
        """The session identifier that its frame carries."""
        at = (self.template.offsets["payload"] + stamp.SSID_OFFSET) * 2
        return int(self.template.frame_hex[at : at + 4], 16)

    @property
    def family(self) -> kernel.Family:
        """By the Ethernet type of its frame."""
        return "ipv6" if self.template.frame_hex[24:28] == "86dd" else "ipv4"

    @property
    def target(self) -> str:
        """The address that its frame is sent to, the last of its IP header."""
        end = (self.template.offsets["payload"] - UDP_HEADER_BYTES) * 2
        kind, digits = kernel.SOCKET_FAMILY[self.family], 8 if self.family == "ipv4" else 32
        return socket.inet_ntop(kind, bytes.fromhex(self.template.frame_hex[end - digits : end]))

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:
        first = sent.get(self.demand, 0)
        sent[self.demand] = first + self.packets
        return self._replace(start_ns=self.start_ns + shift_ns, first_seq=first, phase=phase)

    def end_ns(self, linger_ns: int) -> int:
        """By the exact times of its arrivals."""
        times = self.send_times
        return (times[-1] if times else 0) + linger_ns

    def problems(self) -> Iterator[str]:
        where = f"demand {self.demand}"
        if not 0 <= self.demand <= stamp.MAX_DEMAND:
            yield f"{where}: does not fit a STAMP session identifier"
        try:
            parts_of(self.arrival)
        except ValueError as problem:
            yield f"{where}: {problem}"
        if self.interval_ns < 1 or self.packets < 0 or self.start_ns < 0:
            yield f"{where}: needs a positive interval and no negative count or start"

    @property
    def takes_port(self) -> tuple[int, object]:
        return self.reply_port, Probe


class ProbeCounts(TypedDict):
    """The outcome of one demand's probes in one phase."""

    demand: int
    phase: int
    sent: int
    received: int
    errors: dict[str, int]


class ProbesCounts(TypedDict):
    """The outcome of all of a host."""

    probes: list[ProbeCounts]
    replies_dropped_by_socket: int
    replies_foreign: int


class ProbeSender:
    """Sends one demand's probes at their times; ``next_ns`` is the deadline of the next one."""

    def __init__(
        self,
        plan: Probe,
        send: Callable[[bytearray], int],
        writer: records.RecordWriter,
        spin: bool,
    ) -> None:
        self.demand = plan.demand
        self.phase = plan.phase
        self.first_seq = plan.first_seq
        self.count = plan.packets
        self.sent = self.received = 0
        self.errors: dict[str, int] = {}
        self._times = plan.send_times
        self._template = Template.of(plan.template)
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
        reflector_seq, t3, _, _, t2, seq, t1, _, _, ttl_forward = stamp.LIGHT_REFLECTOR.unpack_from(
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
    """One UDP port on which the replies of one or more demands arrive.

    A reflector of TWAMP Light knows no SSID. Its replies are those of the one session of this port
    that it was sent probes of; where there are several, nothing tells whose they are.
    """

    def __init__(self, port: int, family: kernel.Family = "ipv4") -> None:
        self.sock = open_stamped_socket(port, family=family)
        self.foreign = 0
        self._senders: dict[int, list[ProbeSender]] = {}
        self._sessions: dict[str, set[int]] = {}
        """By the address that probes are sent to."""
        self._buffer = bytearray(65536)
        self._buffers = [self._buffer]

    def expect(self, sender: ProbeSender, ssid: int, target: str) -> None:
        self._senders.setdefault(ssid, []).append(sender)
        self._sessions.setdefault(target, set()).add(ssid)

    def readable(self) -> None:
        """Take one reply; the poll loop calls again while more wait."""
        try:
            length, control, _, peer = self.sock.recvmsg_into(self._buffers, _CONTROL_ROOM)
        except (BlockingIOError, ConnectionRefusedError):
            return
        t4_ns, ttl = arrival_of(control)
        flags = 0
        if not t4_ns:
            t4_ns, flags = time.time_ns(), records.NO_KERNEL_STAMP
        if length < stamp.LIGHT_REFLECTOR.size:
            self.foreign += 1
            return
        _, _, estimate, ssid, _, seq, *_ = stamp.LIGHT_REFLECTOR.unpack_from(self._buffer)
        if ssid == stamp.NO_SSID:
            sessions = self._sessions.get(peer[0], ())
            (ssid,) = sessions if len(sessions) == 1 else (ssid,)
        if not estimate & stamp.PTP_FORMAT:
            for sender in self._senders.get(ssid, ()):
                if sender.first_seq <= seq < sender.first_seq + sender.count:
                    sender.answered(self._buffer, t4_ns, ttl, flags)
                    return
        self.foreign += 1


class Probes(Workload[Probe]):
    """The probes of all demands of a host; demands may share a port for their replies."""

    key = "probes"
    part = Probe
    turn = 1

    def __init__(self, parts: Sequence[Probe], place: Place) -> None:
        self._replies: dict[int, ReplySocket] = {}
        self._senders: list[ProbeSender] = []
        for part in parts:
            sender = ProbeSender(part, place.wire.send, place.writer, place.spins)
            port = part.reply_port
            if port not in self._replies:
                self._replies[port] = ReplySocket(port, part.family)
            self._replies[port].expect(sender, part.ssid, part.target)
            self._senders.append(sender)

    def handlers(self) -> dict[int, Callable[[], None]]:
        return {reply.sock.fileno(): reply.readable for reply in self._replies.values()}

    def timed(self) -> list[Timed]:
        return [*self._senders]

    def finish(self) -> ProbesCounts:
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


def count_error(errors: dict[str, int], code: int) -> None:
    name = errno.errorcode.get(code, str(code))
    errors[name] = errors.get(name, 0) + 1
