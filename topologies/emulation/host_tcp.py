"""The kernel's TCP settings of hosts, each in a separate network namespace."""

from __future__ import annotations

from pathlib import Path

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
