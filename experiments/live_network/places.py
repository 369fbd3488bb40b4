"""Where a live network runs: in this kernel, or in a guest that is reached over a line."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.operations.door import OPERATIONS, SOCKET, opened
from corridor.experiments.operations.guest_socket import Line
from corridor.experiments.operations.host_socket import relayed
from corridor.experiments.testbeds.native import keeping_natively
from corridor.experiments.testbeds.uml import keeping_guest
from corridor.topologies.base.scratch import scratch_folder


class Place(NamedTuple):
    """One network being built; ``inside.py`` says what is in ``out_dir`` and what comes out."""

    process: subprocess.Popen[bytes]
    """Its events are on its standard output."""
    control: Path
    """The controller's control socket, or what stands for it. May not be there yet."""
    operations: Path
    """The socket of operations. May not be there yet."""
    stop: Callable[[], object]
    """Have it read back, taken down and ended."""


@contextlib.contextmanager
def here(out_dir: Path) -> Iterator[Place]:
    """In this machine's kernel, as root."""
    with scratch_folder() as scratch, keeping_natively(out_dir, scratch) as process:
        yield Place(process, scratch / "control.sock", scratch / SOCKET, process.terminate)


@contextlib.contextmanager
def in_a_guest(kernel: Kernel, out_dir: Path, reads: Sequence[Path]) -> Iterator[Place]:
    """In a guest with the real clock, whose second console is a line to its control socket.

    What people start at its hubs reads ``reads``."""
    ours, theirs = socket.socketpair()
    line = Line(ours)
    try:
        with scratch_folder() as scratch:
            control = scratch / "control.sock"
            with (
                relayed(control, line.ask),
                opened(scratch / SOCKET, partial(line.ask, to=OPERATIONS)),
                keeping_guest(kernel, out_dir, theirs, reads) as process,
            ):
                yield Place(process, control, scratch / SOCKET, line.close)
    finally:
        line.close()
