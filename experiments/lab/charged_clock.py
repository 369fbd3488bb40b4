"""Before anything is measured in an emulated machine: what it still reads from the host is read.

Idle time is skipped in such a machine, also while it waits for the host: a page that is read while
measuring has probes leave late. So a process that never sleeps keeps the machine busy until then
(``testbeds/guest_init.py`` starts it), and stands still while something is measured.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

from corridor.traffic.agents.jobs import CHARGED, Clock

SPINNER = "CORRIDOR_SPINNER"
"""Names in the environment the process that keeps the machine busy."""
CHUNK_BYTES = 1 << 20
_MAPPED = re.compile(r"^\S+ \S+ \S+ \S+ [1-9]\d* +(/.*)$", re.MULTILINE)


@contextlib.contextmanager
def idle_time_skipped(clock: Clock) -> Iterator[None]:
    """While entered nothing keeps the machine busy, and what its processes run is in its memory.

    Nothing at all for another clock.
    """
    spinner = os.environ.get(SPINNER)
    if clock != CHARGED or spinner is None:
        yield
        return
    for file in mapped_files(_maps()):
        _read_in(file)
    os.kill(int(spinner), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(int(spinner), signal.SIGCONT)


def mapped_files(maps: Iterable[str]) -> list[str]:
    """The files in the texts of ``/proc/PID/maps``, each once, in order."""
    return sorted({path for text in maps for path in _MAPPED.findall(text)})


def _maps() -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                yield (entry / "maps").read_text(errors="surrogateescape")


def _read_in(path: str) -> None:
    with contextlib.suppress(OSError), Path(path).open("rb", buffering=0) as file:
        while file.read(CHUNK_BYTES):
            pass
