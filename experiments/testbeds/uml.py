"""A guest: User Mode Linux as a plain process, with the host's files as its root.

Every run is a kernel of its own, so runs cannot meet, and killing the process
leaves nothing. In the virtual clock idle time is skipped and CPU costs no time.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.testbeds.events import read_events
from experiments.testbeds.kernel import Kernel
from topologies.errors import EnvironmentLacking

VIRTUAL_START_NS = 1_800_000_000_000_000_000  # 2027-01-15T08:00:00Z, a round second
GUEST_MEMORY_MB = 2048
ADDR_NO_RANDOMIZE = 0x0040000
PR_SET_PDEATHSIG = 1
OUT_LINK = "out"
OUT_ON_HOST = f"/proc/self/cwd/{OUT_LINK}"
PROJECT = Path(__file__).resolve().parents[2]

OnEvent = Callable[[dict[str, Any]], None]


def run_in_guest(kernel: Kernel, out_dir: Path, on_event: OnEvent, *, virtual_clock: bool) -> None:
    """Boot a guest that executes ``out_dir/raw/plan.json``; returns when it has ended well.

    Raises the failure the guest reports, or MeasurementInvalid if it ends
    without a word. ``on_event`` gets every event with the wall time it came at.
    """
    with tempfile.TemporaryDirectory(prefix="corridor-guest-") as scratch:
        (Path(scratch) / OUT_LINK).symlink_to(out_dir.resolve())
        guest = subprocess.Popen(
            _command(kernel, virtual_clock),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=scratch,
            env=_host_environment(scratch),
            start_new_session=True,
            preexec_fn=_before_boot,
        )
        try:
            read_events(guest, on_event, out_dir / "console.log", "the guest")
        finally:
            _end(guest)


def _command(kernel: Kernel, virtual_clock: bool) -> list[str]:
    """The same for every run: the kernel stirs its command line into its random numbers.

    What differs from run to run goes by another way: the result folder as a link in the working
    directory, the place of the guest's management socket as HOME.
    """
    command = [
        str(kernel.path),
        f"mem={GUEST_MEMORY_MB}M",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        "norandmaps",
        "con=null",
        "ssl=null",
        "con0=null,fd:1",
        "umid=guest",
        f"init={sys.executable}",
    ]
    if kernel.seccomp:
        command.append("seccomp=on")
    if virtual_clock:
        command += ["time-travel=inf-cpu", f"time-travel-start={VIRTUAL_START_NS}"]
    command += [f"{name}={value}" for name, value in guest_environment().items()]
    init = Path(__file__).with_name("guest_init.py")
    command += ["--", str(init), str(PROJECT), OUT_ON_HOST]
    return [command[0], *map(_quoted, command[1:])]


def _host_environment(scratch: str) -> dict[str, str]:
    """For the kernel as a process of the host: TMPDIR is where it keeps the guest's memory."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": scratch}


def guest_environment() -> dict[str, str]:
    """What programs in a guest see; nothing of the caller's environment gets in."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/run",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _before_boot() -> None:
    """In the child: die with the parent, and lay out memory the same way every time."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.personality(ADDR_NO_RANDOMIZE)


def _end(guest: subprocess.Popen[bytes]) -> None:
    """End the guest and the processes that stand for its own, which share its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(guest.pid, signal.SIGKILL)
    guest.wait()


def _quoted(argument: str) -> str:
    """One word of the kernel's command line, whose only quoting is a pair of double quotes."""
    if '"' in argument or "\n" in argument:
        raise EnvironmentLacking(
            f"a guest cannot be started from a path with a quote or line end: {argument!r}",
            "move the project to another folder",
        )
    if " " not in argument:
        return argument
    name, equals, value = argument.partition("=")
    return f'{name}{equals}"{value}"' if equals and " " not in name else f'"{argument}"'
