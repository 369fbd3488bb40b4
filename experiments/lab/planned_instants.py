"""Planned instants of the virtual clock, at which each stage of start-up and of a run begins.

A failed system call takes a microsecond of the virtual clock, and each reading of the clock takes a
tick. So start-up takes a few ticks more on a machine with one file less. Timers that begin at a
planned instant do not depend on that.

A timer is also late by the part of a tick that the clock has in excess: the kernel programs the
distance from a reading in whole ticks. ``align`` removes this part.

Two more states of the kernel would carry a tick of start-up into samples. Its random numbers begin
again at each instant. Until traffic begins, programs run in the order in which they wake up, since
the usual scheduler remembers by how many ticks each has run too long.

An emulated machine reads from the host before anything is measured in it. Idle time is skipped in
such a machine, also while it waits for the host: a page that is read while measuring has probes
leave late. So a process that never sleeps keeps the machine busy until then
(``testbeds/guest_init.py`` starts it), and is stopped while something is measured.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.jobs import CHARGED, Clock

TICK_NS = 256
"""Of the virtual clock: its kernel counts in these (``TIMER_MULTIPLIER`` of arch/um)."""
LEAST_AHEAD_NS = 20_000_000
STEP_NS = 64 * TICK_NS
STEPS = TICK_NS + 4
"""A step adds 1 ns to the excess, so that it comes round once within these."""
JIFFY_NS, AFTER_JIFFY_NS = 10_000_000, 1_000_000
"""The kernel's own timer comes each jiffy; all steps lie between two of them."""
TFD_TIMER_ABSTIME = 1
RANDOM_SOURCE, RNDRESEEDCRNG = "/dev/random", 0x5207
PF_KTHREAD = 0x00200000
_libc = ctypes.CDLL(None, use_errno=True)


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Timer:
    """Wakes this thread at a time of the monotonic clock, without any slack."""

    def __init__(self) -> None:
        self._descriptor = _libc.timerfd_create(time.CLOCK_MONOTONIC, 0)
        if self._descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"timerfd_create: {os.strerror(number)}")

    def wait_until(self, at_ns: int) -> None:
        never, at = _Time(0, 0), _Time(*divmod(at_ns, NS_PER_S))
        times = (_Time * 2)(never, at)
        _libc.timerfd_settime(self._descriptor, TFD_TIMER_ABSTIME, times, None)
        os.read(self._descriptor, 8)

    def close(self) -> None:
        os.close(self._descriptor)


def await_instant(clock: Clock, every_s: int = 1) -> None:
    """Sleep until the next whole multiple of ``every_s`` seconds of the virtual clock.

    Nothing else may run then. Return at once for any other clock.
    """
    if clock == "virtual":
        every_ns = every_s * NS_PER_S
        align_before(((time.time_ns() + LEAST_AHEAD_NS) // every_ns + 1) * every_ns)


def run_in_turn(clock: Clock) -> None:
    """Have all programs run in the order in which they wake up, and so what they start.

    Do nothing for any other clock.
    """
    if clock == "virtual":
        _schedule_all(os.SCHED_FIFO, 1)


def share_the_processor(clock: Clock) -> None:
    """Have the usual scheduler choose, so that what computes does not hold up what sends.

    Call it at a planned instant, when all programs sleep. Do nothing for any other clock.
    """
    if clock == "virtual":
        _schedule_all(os.SCHED_OTHER, 0)


def _schedule_all(policy: int, priority: int) -> None:
    """Of every thread but the kernel's own. No call fails, since that would take time."""
    for process in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - dear in a guest
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208
            with open(f"/proc/{thread}/stat") as file:  # noqa: PTH123
                flags = int(file.read().rpartition(")")[2].split()[6])
            if not flags & PF_KTHREAD:
                os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


def align_before(at_ns: int) -> None:
    """Sleep until just after ``at_ns`` of the real-time clock, and remove the excess.

    The kernel's random numbers begin again then.
    """
    timer = _Timer()
    try:
        monotonic_ns, real_ns = time.monotonic_ns(), time.time_ns()
        ahead_ns = real_ns - TICK_NS - monotonic_ns
        first_ns = (at_ns - ahead_ns) // JIFFY_NS * JIFFY_NS + AFTER_JIFFY_NS
        first_ns += (monotonic_ns - first_ns) % TICK_NS
        align(timer, first_ns)
    finally:
        timer.close()
    _begin_random_numbers_again()


def _begin_random_numbers_again() -> None:
    """Have the kernel draw from its key again, which is a constant in the guest's kernel."""
    source = os.open(RANDOM_SOURCE, os.O_RDONLY)
    try:
        fcntl.ioctl(source, RNDRESEEDCRNG)
    finally:
        os.close(source)


def align(timer: _Timer, first_ns: int) -> None:
    """Remove the excess in a fixed number of steps from a whole tick on.

    A timer for a whole tick leaves 1 ns more of excess, until a tick too many has passed: then the
    excess is 0. A timer for the last nanosecond of a tick leaves it as it is.
    """
    is_aligned = False
    for number in range(STEPS):
        whole_ns = first_ns + number * STEP_NS
        timer.wait_until(whole_ns + (TICK_NS - 1 if is_aligned else 0))
        is_aligned = is_aligned or time.monotonic_ns() > whole_ns + TICK_NS


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
