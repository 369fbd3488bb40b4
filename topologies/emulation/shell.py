"""Mininet's shell on a network, at a terminal or from a file. What it says is standard output."""

from __future__ import annotations

import sys

from mininet.cli import CLI
from mininet.log import lg
from mininet.net import Mininet


def talk(net: Mininet) -> None:
    """At the terminal, until it is left."""
    _say_it_on_standard_output()
    CLI(net)


def run_script(net: Mininet, file: str) -> None:
    """Each line of a file as if it were typed; a line that fails is told, and the next one run."""
    _say_it_on_standard_output()
    CLI(net, script=file)


def _say_it_on_standard_output() -> None:
    lg.setLogLevel("output")
    for handler in lg.handlers:
        handler.setStream(sys.stdout)
