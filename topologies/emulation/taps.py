"""TAP devices: interfaces whose other end is a process. Standard library only, for Linux.

A persistent one outlives the process: the kernel drops its carrier when the last one lets go.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH123

from __future__ import annotations

import fcntl
import os
import socket
import struct

CLONE_DEVICE = "/dev/net/tun"
STATISTICS = "/sys/class/net/{}/statistics/{}"
TUNSETIFF, TUNSETPERSIST, TUNSETOWNER = 0x400454CA, 0x400454CB, 0x400454CC
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
_REQUEST = struct.Struct("16sH22x")


def create(name: str) -> int:
    """Make a persistent TAP device, down and without carrier; its interface index. OSError.

    It belongs to this process's user: while no one holds a device that has no owner, any user of
    the machine may take its other end, and with it what goes through a gateway.
    """
    descriptor = _open(name)
    try:
        fcntl.ioctl(descriptor, TUNSETOWNER, os.geteuid())
        fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
    finally:
        os.close(descriptor)
    return socket.if_nametoindex(name)


def attach(name: str) -> int:
    """Take the other end of a device that is there: a non-blocking descriptor, a frame a read.

    The device has carrier until the descriptor is closed. OSError if the device does not exist, or
    another process holds it.
    """
    socket.if_nametoindex(name)  # or the kernel would make one that is joined to nothing
    return _open(name)


def set_up(name: str, *, up: bool) -> None:
    """Switch an interface of this process's namespace on or off, which others see at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = _REQUEST.pack(name.encode(), 0)
        flags = _REQUEST.unpack(fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(control, SIOCSIFFLAGS, _REQUEST.pack(name.encode(), flags))


def is_up(name: str) -> bool:
    """Whether an interface of this process's namespace is switched on, whatever its carrier."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = _REQUEST.pack(name.encode(), 0)
        return bool(_REQUEST.unpack(fcntl.ioctl(control, SIOCGIFFLAGS, request))[1] & IFF_UP)


def dropped(name: str) -> int:
    """Frames that found the device's queue full, or no process at its other end."""
    with open(STATISTICS.format(name, "tx_dropped")) as count:
        return int(count.read())


def _open(name: str) -> int:
    descriptor = os.open(CLONE_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, _REQUEST.pack(name.encode(), IFF_TAP | IFF_NO_PI))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
