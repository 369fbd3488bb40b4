"""The system calls the agents rest on. Standard library only, for 64-bit Linux.

Namespaces, absolute timers, sending or receiving many datagrams with one call, and processes that
fork children.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from struct import Struct
from types import FrameType
from typing import Literal, NoReturn, TypedDict

from corridor.topologies.base.child_process import die_with_parent

type Family = Literal["ipv4", "ipv6"]
SOCKET_FAMILY: dict[Family, int] = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
IPV6_UNICAST_HOPS, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, IPV6_RECVTCLASS, IPV6_TCLASS = (
    16,
    51,
    52,
    66,
    67,
)
MSG_DONTWAIT = 0x40
MSG_TRUNC = 0x20

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
SO_SNDBUFFORCE = 32
SO_MEMINFO = 55
SO_MEMINFO_DROPS = 8

_libc = ctypes.CDLL(None, use_errno=True)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_recvmmsg = _libc.recvmmsg
_recvmmsg.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_void_p,
)

# struct mmsghdr: name, namelen, iov, iovlen, control, controllen, flags, then the length.
_MMSGHDR = Struct("@PI4xPNPNi4xI4x")
_IOVEC = Struct("@PN")
_LENGTHS = Struct("@56xI4x")
_CONTROL_BYTES = 32
_ITIMERSPEC = Struct("@qqqq")
_TFD_TIMER_ABSTIME = 1


def family_of(address: str) -> Family:
    """The family of an address by its text."""
    return "ipv6" if ":" in address else "ipv4"


def enter_network_namespace(path: str) -> None:
    """Move this process into the network namespace at ``path``; OSError if it cannot."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.setns(descriptor, os.CLONE_NEWNET)
    except OSError as problem:
        raise OSError(problem.errno, f"cannot enter namespace {path}: {problem.strerror}") from None
    finally:
        os.close(descriptor)


def readable_at_sigterm() -> int:
    """A descriptor that turns readable at SIGTERM, for processes that end between two events."""
    readable, writable = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    return readable


class AbsoluteTimer:
    """A timer descriptor that turns readable at a given CLOCK_REALTIME.

    It is never read: setting it again clears the old expiry, which saves a system call a deadline.
    """

    __slots__ = ("fd",)

    def __init__(self) -> None:
        if sys.version_info >= (3, 13):
            self.fd = os.timerfd_create(time.CLOCK_REALTIME, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
            return
        self.fd = _libc.timerfd_create(time.CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "cannot make a timer")

    def set(self, realtime_ns: int) -> None:
        if sys.version_info >= (3, 13):
            os.timerfd_settime_ns(self.fd, flags=os.TFD_TIMER_ABSTIME, initial=realtime_ns)
            return
        when = _ITIMERSPEC.pack(0, 0, *divmod(realtime_ns, 1_000_000_000))
        if _libc.timerfd_settime(self.fd, _TFD_TIMER_ABSTIME, when, None):
            raise OSError(ctypes.get_errno(), "cannot set a timer")


class SendBatch:
    """Room for ``capacity`` copies of one frame, sent with one system call."""

    def __init__(self, frame: bytes | bytearray, capacity: int) -> None:
        self.stride = len(frame)
        self.buffer = bytearray(bytes(frame) * capacity)
        self._base = (ctypes.c_char * len(self.buffer)).from_buffer(self.buffer)
        start = ctypes.addressof(self._base)
        self._vectors = ctypes.create_string_buffer(
            b"".join(
                _IOVEC.pack(start + index * self.stride, self.stride) for index in range(capacity)
            )
        )
        vectors = ctypes.addressof(self._vectors)
        self._headers = ctypes.create_string_buffer(
            b"".join(
                _MMSGHDR.pack(0, 0, vectors + index * _IOVEC.size, 1, 0, 0, 0, 0)
                for index in range(capacity)
            )
        )
        self._address = ctypes.addressof(self._headers)

    def send(self, descriptor: int, first: int, count: int) -> int:
        """Send frames ``first`` to ``first + count - 1``; how many went, or minus the errno."""
        sent: int = _sendmmsg(
            descriptor, self._address + first * _MMSGHDR.size, count, MSG_DONTWAIT
        )
        return sent if sent >= 0 else -ctypes.get_errno()


class ReceiveBatch:
    """Receives up to ``capacity`` datagrams with one call: their first octets, length, arrival.

    The socket must have SO_TIMESTAMPNS on and no other ancillary data.
    """

    def __init__(self, head_bytes: int, capacity: int) -> None:
        self.capacity = capacity
        self._head = bytearray(head_bytes * capacity)
        self._control = bytearray(_CONTROL_BYTES * capacity)
        self._pins = [
            (ctypes.c_char * len(part)).from_buffer(part) for part in (self._head, self._control)
        ]
        head, control = (ctypes.addressof(pin) for pin in self._pins)
        self._vectors = ctypes.create_string_buffer(
            b"".join(
                _IOVEC.pack(head + index * head_bytes, head_bytes) for index in range(capacity)
            )
        )
        vectors = ctypes.addressof(self._vectors)
        self._pristine = b"".join(
            _MMSGHDR.pack(
                0,
                0,
                vectors + index * _IOVEC.size,
                1,
                control + index * _CONTROL_BYTES,
                _CONTROL_BYTES,
                0,
                0,
            )
            for index in range(capacity)
        )
        self._headers = bytearray(self._pristine)
        pin = (ctypes.c_char * len(self._headers)).from_buffer(self._headers)
        self._pins.append(pin)
        self._address = ctypes.addressof(pin)
        self.heads = memoryview(self._head)
        self.controls = memoryview(self._control)
        self._view = memoryview(self._headers)
        self.head_bytes = head_bytes
        self.control_bytes = _CONTROL_BYTES

    def receive(self, descriptor: int) -> int:
        """How many datagrams came; 0 when none waits. OSError for anything but an empty queue."""
        self._view[:] = self._pristine
        got: int = _recvmmsg(
            descriptor, self._address, self.capacity, MSG_DONTWAIT | MSG_TRUNC, None
        )
        if got >= 0:
            return got
        code = ctypes.get_errno()
        if code in (11, 4, 111):  # nothing there, interrupted, or an ICMP error now cleared
            return 0
        raise OSError(code, os.strerror(code))

    def lengths(self, count: int) -> list[int]:
        return [length for (length,) in _LENGTHS.iter_unpack(self._view[: count * 64])]


# What a loop waits for: descriptors that come and go, and what each of them calls.
#
# Standard library only.

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT

type Handler = Callable[[], None]


class Descriptors:
    """``handlers`` has something for every descriptor that ``poll`` may name.

    A handler may add and take away others while what was found ready together with it is handled:
    it may be called once in vain, where a descriptor's number is taken again at once.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.poll = self._epoll.poll
        self.handlers: dict[int, Handler] = {}

    def add(self, descriptor: int, handler: Handler, events: int = READABLE) -> None:
        self.handlers[descriptor] = handler
        self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        self._epoll.modify(descriptor, events)

    def remove(self, descriptor: int) -> None:
        self._epoll.unregister(descriptor)
        self.handlers[descriptor] = _nothing

    def forget(self, descriptor: int) -> None:
        """Of one that is closed right after, and that no one else has open."""
        self.handlers[descriptor] = _nothing


def _nothing() -> None:
    pass


class StoppedError(Exception):
    """The runner went away, or asked for an end by a signal."""


class Ending(TypedDict):
    """How a process ended: by a signal or with an exit code."""

    signal: int | None
    exit: int | None


def stop_at_signals() -> None:
    """From now on SIGTERM and SIGINT raise StoppedError."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)


def become_child(channel: socket.socket, parent: int) -> None:
    """The first thing a forked process does.

    It dies with its parent, leaves Ctrl-C to it, and keeps of its descriptors only standard error
    and its end of ``channel``.
    """
    die_with_parent(parent=parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    own = channel.fileno()
    os.closerange(3, own)
    os.closerange(own + 1, 1 << 20)


def ending(status: int) -> Ending:
    """How a process ended, from its wait status."""
    code = os.waitstatus_to_exitcode(status)
    return {"signal": -code if code < 0 else None, "exit": code if code >= 0 else None}


def how(end: Ending) -> str:
    return f"killed by signal {end['signal']}" if end["signal"] else f"exited with {end['exit']}"


def _stop(signal_number: int, _frame: FrameType | None) -> NoReturn:
    raise StoppedError(signal.Signals(signal_number).name)
