"""Mininet's shell on a network, at a terminal or from a file. What it says is standard output."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mininet.cli import CLI
from mininet.log import lg
from mininet.net import Mininet

# The iperf that Mininet 2.3 expects, where the system has a newer one.
#
# Mininet looks whether a server listens by connecting to it, and then waits for two reports of
# the server. iperf 2.2 gives none of a connection on which nothing was sent, so that would wait
# for ever.

IPERF = "iperf"
IPERF_WRAPPER = """\
#!/bin/sh
# A server reports the connection by which Mininet looks whether it listens, as iperf 2.1 did.
case " $* " in
*" -u "*) ;;
*" -s "*) echo '[  0] 0.0000-0.0000 sec  0.00 Bytes  0.00 bits/sec' ;;
esac
exec /usr/bin/iperf "$@"
"""


def put_iperf(folder: Path) -> None:
    """Into a folder that is searched before the system's; nothing where it is not needed."""
    if _is_silent():
        file = folder / IPERF
        file.write_text(IPERF_WRAPPER)
        file.chmod(0o755)


@contextmanager
def found_first() -> Iterator[None]:
    """The same for what is started in the meantime from here."""
    before = os.environ.get("PATH", os.defpath)
    with tempfile.TemporaryDirectory(prefix="corridor-") as folder:
        put_iperf(Path(folder))
        os.environ["PATH"] = f"{folder}:{before}"
        try:
            yield
        finally:
            os.environ["PATH"] = before


def _is_silent() -> bool:
    try:
        said = subprocess.run([f"/usr/bin/{IPERF}", "-v"], capture_output=True, text=True)
    except OSError:
        return False
    return "version 2.2" in said.stdout + said.stderr


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
