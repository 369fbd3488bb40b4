"""A processor for each guest, as long as there are any.

Standard library only. A guest is one processor, but two processes of the host that hand over to
each other at every system call of the guest. On two cores each of these wakes a core that sleeps,
which takes five times as long as going on on the same.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

NAME = "\0corridor/cpu/{}"
"""An address that leads to no file: it is taken as long as someone holds it."""
BUSY = 2.0
"""Processes that wait for each processor."""


@contextlib.contextmanager
def one_cpu() -> Iterator[int | None]:
    """The number of a processor that no other guest of this machine has while the body runs.

    None if there is none, or where more waits for processors than there are: then what is
    ready should go on wherever there is room.
    """
    ours = sorted(os.sched_getaffinity(0))
    if len(ours) < 2 or os.getloadavg()[0] >= BUSY * len(ours):
        yield None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as held:
        yield _take(held, ours)


def _take(held: socket.socket, ours: list[int]) -> int | None:
    """The last first: what else this machine does tends to the first."""
    for cpu in reversed(ours):
        with contextlib.suppress(OSError):
            held.bind(NAME.format(cpu))
            return cpu
    return None
