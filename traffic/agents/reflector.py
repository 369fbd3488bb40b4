"""The STAMP Session-Reflector: stateful, unauthenticated. Standard library only.

T2 is the kernel's receive stamp, T3 is read just before the reply leaves. A session is one peer
address, port and SSID, and counts its own replies (RFC 8762 section 4.3), so that losses on the way
out and on the way back can be distinguished. A request of TWAMP Light, shorter than STAMP's, is of
no SSID and is answered by STAMP's base packet (RFC 8762 section 4.6).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self, TypedDict

from corridor.traffic.agents import records
from corridor.traffic.agents.probe import (
    IP_TTL,
    arrival_of,
    count_error,
    drops_of,
    open_stamped_socket,
)
from corridor.traffic.agents.program import Place, Workload
from corridor.traffic.packets import kernel, stamp
from corridor.traffic.packets.template import FrameTemplate, Template

IP_TOS = 1
IP_RECVTOS = 13
_TOS = ((socket.IPPROTO_IP, IP_TOS), (socket.IPPROTO_IPV6, kernel.IPV6_TCLASS))


class Reply(NamedTuple):
    """A reflector answers this peer with its own frame instead of through the kernel.

    Needed where the return path is chosen by the frame's destination address and one peer has
    several demands. The template is a ``stamp`` frame with ``reply`` set.
    """

    peer_ip: str
    peer_port: int
    template: FrameTemplate


class Reflector(NamedTuple):
    """That requests which reach an address are answered, from the start to the end.

    Without ``answers`` they are recorded and that is all: for demands that nothing may answer.
    """

    ip: str
    port: int = stamp.PORT
    replies: tuple[Reply, ...] = ()
    answers: bool = True

    def in_phase(self, phase: int, shift_ns: int, sent: dict[int, int]) -> Self:  # noqa: ARG002
        return self

    def end_ns(self, linger_ns: int) -> int:
        return linger_ns

    def problems(self) -> Iterator[str]:
        yield from ()

    @property
    def takes_port(self) -> tuple[object, object]:
        of_ipv6 = kernel.family_of(self.ip) == "ipv6"
        return f"{self.port} of IPv6" if of_ipv6 else self.port, id(self)


class ReflectorCounts(TypedDict):
    """What one reflector has counted."""

    address: str
    reflected: int
    foreign: int
    dropped_by_socket: int
    errors: dict[str, int]


class ReflectorsCounts(TypedDict):
    """What all of a host have."""

    reflectors: list[ReflectorCounts]


class ReflectingSocket:
    """Answers every STAMP request that reaches one address and port."""

    def __init__(
        self,
        plan: Reflector,
        send_frame: Callable[[bytearray], int],
        writer: records.RecordWriter,
        error_estimate: int,
    ) -> None:
        self.address = (plan.ip, plan.port)
        self.reflected = self.foreign = 0
        self.errors: dict[str, int] = {}
        self._answers = plan.answers
        self._sessions: dict[tuple[tuple[str, int], int], int] = {}
        self._frames = {
            (reply.peer_ip, reply.peer_port): Template.of(reply.template) for reply in plan.replies
        }
        self._send_frame = send_frame
        self._add = writer.add
        self._error_estimate = error_estimate
        self._buffer = bytearray(65536)
        self._buffers = [self._buffer]
        self._reply = memoryview(self._buffer)
        family = kernel.family_of(plan.ip)
        self.sock = open_stamped_socket(self.address[1], self.address[0], family)
        if family == "ipv4":
            self.sock.setsockopt(socket.IPPROTO_IP, IP_TTL, 255)
            self.sock.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        else:
            self.sock.setsockopt(socket.IPPROTO_IPV6, kernel.IPV6_UNICAST_HOPS, 255)
            self.sock.setsockopt(socket.IPPROTO_IPV6, kernel.IPV6_RECVTCLASS, 1)

    def readable(self) -> None:
        """Take one request, and answer it; the poll loop calls again while more wait."""
        try:
            length, control, _, peer = self.sock.recvmsg_into(self._buffers, 128)
        except (BlockingIOError, ConnectionRefusedError):
            return
        t2_ns, ttl = arrival_of(control)
        flags = 0
        if not t2_ns:
            t2_ns, flags = time.time_ns(), records.NO_KERNEL_STAMP
        ssid = stamp.NO_SSID
        if length >= stamp.PACKET_BYTES:
            sender_seq, t1, estimate, ssid = stamp.SENDER.unpack_from(self._buffer)
        elif length >= stamp.LIGHT_SENDER.size:
            sender_seq, t1, estimate = stamp.LIGHT_SENDER.unpack_from(self._buffer)
        else:
            self.foreign += 1
            return
        session = (peer, ssid)
        begins = ssid == stamp.NO_SSID and sender_seq == 0  # nothing else ends such a session
        seq = 0 if begins else self._sessions.get(session, 0)
        self._sessions[session] = seq + 1
        t3_ns = 0
        if self._answers:
            sent = (sender_seq, t1, estimate)
            t3_ns, failed = self._answer(sent, ssid, length, control, peer, seq, t2_ns, ttl)
            flags |= failed
        self._add(
            records.REFLECTED,
            flags,
            ttl,
            0,
            0,
            (ssid - 1) & 0xFFFF,
            sender_seq,
            seq & 0xFFFF_FFFF,
            0,
            stamp.ns_from_ntp(t1),
            t2_ns,
            t3_ns,
            0,
        )

    def _answer(
        self,
        sent: tuple[int, int, int],
        ssid: int,
        length: int,
        control: Sequence[tuple[int, int, bytes]],
        peer: tuple[str, int],
        seq: int,
        t2_ns: int,
        ttl: int,
    ) -> tuple[int, int]:
        """The request in the buffer; when that was, and the flags of a reply that failed."""
        buffer = self._buffer
        if length > stamp.PACKET_BYTES:
            stamp.answer_tlvs(buffer, length)
        frame = self._frames.get(peer[:2])
        t3_ns = time.time_ns()
        stamp.REFLECTOR.pack_into(
            buffer,
            0,
            seq & 0xFFFF_FFFF,
            stamp.ntp_from_ns(t3_ns),
            self._error_estimate,
            ssid,
            stamp.ntp_from_ns(t2_ns),
            *sent,
            0,
            ttl,
        )
        try:
            if frame is not None:
                self._send_frame(frame.replace_head(self._reply[: stamp.PACKET_BYTES]))
            else:
                tos = [part for part in control if part[:2] in _TOS]
                whole = self._reply[: max(length, stamp.PACKET_BYTES)]
                self.sock.sendmsg((whole,), tos, 0, peer)
            self.reflected += 1
        except OSError as problem:
            count_error(self.errors, problem.errno or 0)
            return t3_ns, records.SEND_FAILED
        return t3_ns, 0


class Reflectors(Workload[Reflector]):
    """All reflectors of a host."""

    key = "reflect"
    part = Reflector
    lasting = True

    def __init__(self, parts: Sequence[Reflector], place: Place) -> None:
        self._sockets = [
            ReflectingSocket(part, place.wire.send, place.writer, place.error_estimate)
            for part in parts
        ]

    def handlers(self) -> dict[int, Callable[[], None]]:
        return {one.sock.fileno(): one.readable for one in self._sockets}

    def finish(self) -> ReflectorsCounts:
        return {
            "reflectors": [
                {
                    "address": "{}:{}".format(*one.address),
                    "reflected": one.reflected,
                    "foreign": one.foreign,
                    "dropped_by_socket": drops_of(one.sock),
                    "errors": one.errors,
                }
                for one in self._sockets
            ]
        }

    def __len__(self) -> int:
        return len(self._sockets)
