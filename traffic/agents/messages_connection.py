"""One end of a connection at work: what it may write is written, what comes is counted.

Standard library only. Octets are sent from one static buffer, and thrown away by the kernel as
they arrive. The host is woken for the first packet of a message and for its last, and between them
for no more than it takes to keep the sender going: a window's worth of packets costs one call.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from struct import Struct, pack
from typing import Protocol

from corridor.traffic.agents import messages_log
from corridor.traffic.agents.messages import CONNECTS, ConnectionEnd, Message
from corridor.traffic.agents.messages_log import MessageLog
from corridor.traffic.packets import kernel
from corridor.traffic.packets.kernel import READABLE, WRITABLE, Descriptors

SMALL_BYTES = 64 << 10
"""Pieces below this are sent at once, though what went before is not acknowledged (TCP_NODELAY)."""
WAITING_CLIENTS = 4096
_SAID = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timed out",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}


def reason_of(number: int) -> str:
    """Why a connection failed, from the kernel's error."""
    return _SAID.get(number) or errno.errorcode.get(number, str(number))


def listening_socket(address: tuple[str, int], plan: ConnectionEnd) -> socket.socket:
    """Those it accepts have its congestion control, marking and stamps."""
    listener = _stamped(plan)
    _steer(listener, plan)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(WAITING_CLIENTS)
    except OSError as problem:
        listener.close()
        said = f"TCP {address[0]}:{address[1]}: {problem.strerror}"
        raise OSError(problem.errno, said) from None
    return listener


def connecting_socket(plan: ConnectionEnd, netns: str) -> socket.socket:
    """Of the client's port, in its namespace; OSError if it cannot be had."""
    if netns:
        kernel.enter_network_namespace(netns)
    connection = _stamped(plan)
    _steer(connection, plan)
    _send_at_once(connection, plan)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        connection.bind((plan.local_ip, plan.local_port))
        problem = connection.connect_ex((plan.peer_ip, plan.peer_port))
        if problem not in (0, errno.EINPROGRESS):
            raise OSError(problem, "")
    except OSError:
        connection.close()
        raise
    return connection


def prepare(accepted: socket.socket, plan: ConnectionEnd, first: ConnectionEnd) -> None:
    """For its own plan, where its listening socket was made for another's."""
    if (plan.congestion, plan.dscp) != (first.congestion, first.dscp):
        _steer(accepted, plan)
    _send_at_once(accepted, plan)


def reset(connection: socket.socket) -> None:
    """Close it with RST, whatever is still to be sent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("@ii", 1, 0))
    connection.close()


def wake_from(connection: socket.socket, octets: int) -> None:
    """Let it become readable only when this many octets have come, or the other end has closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, octets)


def _stamped(plan: ConnectionEnd) -> socket.socket:
    family = kernel.SOCKET_FAMILY[kernel.family_of(plan.local_ip)]
    made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
    return made


def _steer(connection: socket.socket, plan: ConnectionEnd) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, plan.congestion.encode())
    if kernel.family_of(plan.local_ip) == "ipv4":
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, plan.dscp << 2)
    else:
        connection.setsockopt(socket.IPPROTO_IPV6, kernel.IPV6_TCLASS, plan.dscp << 2)


def _send_at_once(connection: socket.socket, plan: ConnectionEnd) -> None:
    if any(one.bytes // one.pieces < SMALL_BYTES for one in plan.sends):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


CLOSED, CONNECTING, OPEN, ENDED = range(4)
READ_BYTES = 1 << 20
MOST_LEFT_UNREAD = 32 << 10
LEAST_LEFT_UNREAD = 4 << 10
UNREAD_SHARE = 8
"""No more than this part of all that has come is left unread, so that the receiver's window, which
the kernel opens as fast as data is read, never holds a slow start up."""
_NOTHING = bytes(1 << 20)
_OCTETS = memoryview(_NOTHING)
_READ = bytearray(READ_BYTES)
_INTO = memoryview(_READ)
_STAMP = Struct("@qq")
_STAMP_SPACE = 32


class Host(Protocol):
    """What connections of one host share."""

    netns: str
    descriptors: Descriptors
    log: MessageLog
    epoch_ns: int
    is_stopped: bool
    """Nothing more begins."""

    def woken(self) -> None:
        """The loop has waited since the time was last read."""

    def now_ns(self) -> int:
        """Read at most once for each time the loop wakes, and only if it is asked for."""

    def call_at(self, at_ns: int, call: Callable[[], None]) -> None: ...

    def arrived_ns(self, message: int) -> int | None:
        """When the last octet of a message came that some other waits for."""

    def await_arrival(self, message: int, call: Callable[[], None]) -> None:
        """To be called once that has arrived whole."""

    def arrived(self, message: int, at_ns: int) -> None:
        """A message is whole; what waited for it goes on."""


class Connection:
    """One end of a connection; ``schedule`` once the epoch is known."""

    __slots__ = (
        *("_began_ns", "_events", "_expected", "_first_ns", "_host", "_intended_ns", "_is_closing"),
        *("_awaits_piece", "_left", "_may_write", "_piece", "_received", "_sent", "_sock"),
        *("_state", "_total_sent", "_wakes_from", "_written", "has_failed", "plan"),
    )

    def __init__(self, plan: ConnectionEnd, host: Host) -> None:
        self.plan = plan
        self.has_failed = False
        self._host = host
        self._state = CLOSED
        self._sock: socket.socket | None = None
        self._events = READABLE
        self._is_closing = self._awaits_piece = False
        self._sent = 0
        self._intended_ns = self._began_ns = 0
        self._written = self._may_write = self._piece = 0
        self._total_sent = self._received = 0
        self._expected = 0
        self._left = plan.expects[0][1] if plan.expects else 0
        self._first_ns = 0
        self._wakes_from = 1

    @property
    def has_ended(self) -> bool:
        return self._state == ENDED

    def schedule(self) -> None:
        epoch_ns = self._host.epoch_ns
        if self.plan.role == CONNECTS:
            self._host.call_at(epoch_ns + self.plan.opens_ns, self._connect)
        self._host.call_at(epoch_ns + self.plan.closes_ns, self.give_up)

    def accepted(self, sock: socket.socket) -> None:
        self._sock = sock
        self._host.descriptors.add(sock.fileno(), self._ready, self._events)
        self._begin()

    def _connect(self) -> None:
        try:
            self._sock = connecting_socket(self.plan, self._host.netns)
        except OSError as problem:
            self._fail(reason_of(problem.errno or 0))
            return
        self._state = CONNECTING
        self._events = WRITABLE
        self._host.descriptors.add(self._sock.fileno(), self._ready, WRITABLE)

    def _begin(self) -> None:
        self._state = OPEN
        if self.plan.sample_ns:
            self._host.call_at(self._host.now_ns() + self.plan.sample_ns, self._sample)
        self.push()

    def _ready(self) -> None:
        host = self._host
        host.woken()
        try:
            if self._state == OPEN:
                self._receive()
                if self._events & WRITABLE and self._state == OPEN:
                    self.push()
            elif self._state == CONNECTING:
                self._connected()
        except OSError as problem:
            self._fail(reason_of(problem.errno or 0))

    def _connected(self) -> None:
        """It is, or it has failed, or the descriptor's number was another one's a moment ago."""
        assert self._sock is not None
        if messages_log.state(self._sock) == messages_log.SYN_SENT:
            return
        if problem := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(problem, "")
        planned_ns = self._host.epoch_ns + self.plan.opens_ns
        self._host.log.opened(self.plan.connection, planned_ns, self._host.now_ns())
        self._listen_for(READABLE)
        self._begin()

    def _listen_for(self, events: int) -> None:
        if events != self._events:
            assert self._sock is not None
            self._events = events
            self._host.descriptors.change(self._sock.fileno(), events)

    def push(self) -> None:
        """Write all that may be written now."""
        if self._state != OPEN:
            return
        try:
            self._push()
        except OSError as problem:
            self._fail(reason_of(problem.errno or 0))

    def _push(self) -> None:
        sends = self.plan.sends
        while self._sent < len(sends):
            message = sends[self._sent]
            if not self._began_ns and not self._begins(message):
                break
            if not self._write():
                self._listen_for(self._events | WRITABLE)
                return
            if self._written < message.bytes:
                self._await_piece(message)
                break
            self._has_written(message)
        self._listen_for(self._events & ~WRITABLE)
        self._close_if_done()

    def _begins(self, message: Message) -> bool:
        """Whether it does so now; else the caller must call again."""
        due_ns = self._due_ns(message)
        if due_ns is None or self._host.is_stopped:
            return False
        self._intended_ns = due_ns
        if due_ns > self._host.now_ns():
            self._host.call_at(due_ns, self.push)
            return False
        self._began_ns = self._host.now_ns()
        self._written, self._piece = 0, 1
        self._may_write = message.bytes // message.pieces if message.gap_ns else message.bytes
        return True

    def _due_ns(self, message: Message) -> int | None:
        """When it is to begin; None while it waits for another, whose arrival calls again."""
        due_ns = self._host.epoch_ns + message.at_ns
        for other in message.after:
            arrived_ns = self._host.arrived_ns(other)
            if arrived_ns is None:
                self._host.await_arrival(other, self.push)
                return None
            due_ns = max(due_ns, arrived_ns + message.wait_ns)
        return due_ns

    def _write(self) -> bool:
        """Whether the kernel took all of what may be written."""
        assert self._sock is not None
        send = self._sock.send
        while left := self._may_write - self._written:
            asked = min(left, READ_BYTES)
            try:
                taken = send(_OCTETS[:asked])
            except BlockingIOError:
                return False
            self._written += taken
            self._total_sent += taken
            if taken < asked:
                return False
        return True

    def _await_piece(self, message: Message) -> None:
        if not self._awaits_piece:
            self._awaits_piece = True
            due_ns = self._began_ns + self._piece * message.gap_ns
            self._host.call_at(due_ns, self._next_piece)

    def _next_piece(self) -> None:
        if self._state == OPEN:
            self._awaits_piece = False
            self._piece += 1
            message = self.plan.sends[self._sent]
            self._may_write = message.bytes * self._piece // message.pieces
            self.push()

    def _has_written(self, message: Message) -> None:
        self._host.log.sent(
            message.id,
            self.plan.connection,
            self._intended_ns,
            self._began_ns,
            self._host.now_ns(),
        )
        self._began_ns = self._intended_ns = 0
        self._sent += 1

    def _receive(self) -> None:
        """Once; the loop calls again while there is more."""
        assert self._sock is not None
        left = self._left
        asked = min(left, READ_BYTES) or 1
        at_ns = 0
        try:
            if asked < left and self._first_ns:
                got = self._sock.recv_into(_INTO, asked, kernel.MSG_TRUNC)
            else:
                got, said, _, _ = self._sock.recvmsg_into(
                    (_INTO[:asked],), _STAMP_SPACE, kernel.MSG_TRUNC
                )
                at_ns = _stamped_ns(said) if got and said else 0
        except BlockingIOError:
            return
        if not got:
            self._peer_has_ended()
            return
        if not left:
            self._fail("more came than was planned")
            return
        self._received += got
        if not self._first_ns:
            self._first_ns = at_ns or self._host.now_ns()
        self._left = left - got
        if self._left:
            self._leave_unread()
        else:
            self._has_arrived(at_ns or self._host.now_ns())

    def _leave_unread(self) -> None:
        """Decide how much more is to come before this is called again."""
        most = min(self._received // UNREAD_SHARE, MOST_LEFT_UNREAD)
        wanted = min(most, self._left)
        now = self._wakes_from
        if now > self._left or (wanted >= LEAST_LEFT_UNREAD and wanted >= 2 * now):
            self._wake_from(max(wanted, 1))

    def _wake_from(self, octets: int) -> None:
        if octets != self._wakes_from:
            assert self._sock is not None
            self._wakes_from = octets
            wake_from(self._sock, octets)

    def _has_arrived(self, at_ns: int) -> None:
        plan = self.plan
        message = plan.expects[self._expected][0]
        self._host.log.received(message, plan.connection, self._first_ns, at_ns)
        self._first_ns = 0
        self._expected += 1
        more = self._expected < len(plan.expects)
        self._left = plan.expects[self._expected][1] if more else 0
        self._wake_from(1)
        self._host.arrived(message, at_ns)
        self._close_if_done()

    def _close_if_done(self) -> None:
        """Say that nothing more comes, once all has been written and all has arrived: so who
        hears it of the other end knows that all it sent has arrived."""
        if self._is_done and not self._is_closing and self._state == OPEN:
            assert self._sock is not None
            self._is_closing = True
            self._sock.shutdown(socket.SHUT_WR)

    @property
    def _is_done(self) -> bool:
        plan = self.plan
        return self._sent == len(plan.sends) and self._expected == len(plan.expects)

    def _peer_has_ended(self) -> None:
        if self._is_done:
            self._end()
        else:
            self._fail("closed by the other end")

    def _sample(self) -> None:
        if self._state == OPEN:
            assert self._sock is not None
            now_ns = self._host.now_ns()
            self._host.log.sampled(self.plan.connection, now_ns, messages_log.sample(self._sock))
            self._host.call_at(now_ns + self.plan.sample_ns, self._sample)

    def give_up(self) -> None:
        """If it has not ended: record what there is, and reset it."""
        if self._state == ENDED:
            return
        if self._is_done:
            self._end()
        else:
            self._fail("unfinished" if self._state == OPEN else "not connected")

    def _fail(self, reason: str) -> None:
        self.has_failed = True
        plan, host = self.plan, self._host
        now_ns = host.now_ns()
        self._record_unfinished(now_ns)
        host.log.failed(plan.connection, reason, now_ns)
        self._end()

    def _record_unfinished(self, now_ns: int) -> None:
        connection, log = self.plan.connection, self._host.log
        for message in self.plan.sends[self._sent :]:
            due_ns = self._due_ns(message)
            if due_ns is not None and due_ns <= now_ns:
                log.sent(message.id, connection, due_ns, self._began_ns, 0)
            self._began_ns = 0
        if self._first_ns:
            log.received(self.plan.expects[self._expected][0], connection, self._first_ns, 0)

    def _end(self) -> None:
        self._state = ENDED
        sock = self._sock
        if sock is None:
            return
        totals = {"sent": self._total_sent, "received": self._received}
        totals |= messages_log.totals(sock)
        self._host.log.ended(self.plan.connection, self._host.now_ns(), totals)
        self._host.descriptors.forget(sock.fileno())
        if self.has_failed:
            reset(sock)
        else:
            sock.close()
        self._sock = None


def _stamped_ns(said: list[tuple[int, int, bytes]]) -> int:
    """When the kernel received the packet of the last octet that was read."""
    seconds, ns = _STAMP.unpack_from(said[0][2])
    return int(seconds) * 1_000_000_000 + int(ns)
