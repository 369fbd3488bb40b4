"""Network namespaces held by file descriptors: when the holder dies, so do they.

Nothing is mounted and no name is taken, so there is nothing to clean up after a
kill. Others reach a namespace through ``path``, as long as the holder lives.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network namespace this process keeps alive."""

    def __init__(self) -> None:
        self._fd: int | None = _unshared_namespace()

    @property
    def fd(self) -> int:
        if self._fd is None:
            raise RuntimeError("the namespace has been closed")
        return self._fd

    @property
    def path(self) -> str:
        """A path to open, while this process lives: for ``nsenter --net=`` and for agents."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Run the body with this thread inside the namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self.fd)
            yield
        finally:
            _setns(home)
            os.close(home)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _unshared_namespace() -> int:
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.unshare(CLONE_NEWNET):
            _raise_errno("unshare")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        _setns(home)
        os.close(home)


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET):
        _raise_errno("setns")


def _raise_errno(call: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{call}: {os.strerror(number)}")


# The kernel's TCP settings of hosts, each in a separate network namespace.


SETTINGS = Path("/proc/sys/net/ipv4")
HOST_SYSCTLS = {
    # The default of 6 MB ends a window at 100 ms of 500 Mbit/s.
    "tcp_rmem": "4096 131072 268435456",
    "tcp_wmem": "4096 131072 268435456",
    # What one transfer learnt about a path would slow the next one down.
    "tcp_no_metrics_save": "1",
}
ECN = "tcp_ecn"
ASKED, DEFAULT = "1", "2"
"""By ip-sysctl.rst: connections ask for ECN and grant it; or only grant it, as without a word."""


def set_up(*, asks_for_ecn: bool) -> None:
    """Of the namespace this thread is in."""
    for name, value in HOST_SYSCTLS.items():
        (SETTINGS / name).write_text(value)
    if asks_for_ecn:
        set_ecn(asked=True)


def set_ecn(*, asked: bool) -> None:
    """Of the namespace this thread is in, for connections that are made from now on."""
    (SETTINGS / ECN).write_text(ASKED if asked else DEFAULT)
