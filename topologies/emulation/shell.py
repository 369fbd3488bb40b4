"""Mininet's shell on a network, at a terminal or from a file. What it says is standard output."""

from __future__ import annotations

import contextlib
import os
import sys

from mininet.cli import CLI
from mininet.log import lg
from mininet.net import Mininet

from corridor.topologies.emulation.mininets_iperf import found_first


def talk(net: Mininet) -> None:
    """At the terminal, until it is left."""
    _say_it_on_standard_output()
    with found_first():
        CLI(net)


def run_lines(net: Mininet) -> None:
    """Each line of standard input as if it were typed; a failed line is reported, and the next
    one run. What runs at nodes finds nothing to read."""
    _say_it_on_standard_output()
    commands = os.dup(0)
    silent, held_open = os.pipe()
    os.dup2(silent, 0)
    with contextlib.closing(os.fdopen(held_open, "wb")), found_first():
        CLI(net, script=f"/dev/fd/{commands}")


def _say_it_on_standard_output() -> None:
    lg.setLogLevel("output")
    for handler in lg.handlers:
        handler.setStream(sys.stdout)
