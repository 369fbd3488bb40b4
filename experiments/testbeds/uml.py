"""A guest: User Mode Linux as a plain process, with the host's files as its root.

Every run is a kernel of its own, so runs cannot meet, and killing the process
leaves nothing. In the virtual clock idle time is skipped and CPU costs no time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.testbeds import guest_init
from experiments.testbeds.events import read_events
from experiments.testbeds.guest_keeper import OUT_LINK
from experiments.testbeds.kernel import Kernel
from topologies.errors import EnvironmentLacking

VIRTUAL_START_NS = 1_800_000_000_000_000_000  # 2027-01-15T08:00:00Z, a round second
GUEST_MEMORY_MB = 2048
KEEPER = Path(__file__).with_name("guest_keeper.py")
OUT_IN_GUEST = guest_init.OUT
OUT_ON_HOST = f"/proc/self/cwd/{OUT_LINK}"
PROJECT = Path(__file__).resolve().parents[2]

OnEvent = Callable[[dict[str, Any]], None]


def run_in_guest(kernel: Kernel, out_dir: Path, on_event: OnEvent, *, virtual_clock: bool) -> None:
    """Boot a guest that executes ``out_dir/raw/plan.json``; returns when it has ended well.

    Raises the failure the guest reports, or MeasurementInvalid if it ends
    without a word. ``on_event`` gets every event with the wall time it came at.
    """
    guest = _boot(kernel, out_dir, virtual_clock)
    try:
        read_events(guest, on_event, out_dir / "console.log", "the guest")
    finally:
        _end(guest)


def run_command_in_guest(
    kernel: Kernel,
    command: Sequence[str],
    out_dir: Path,
    *,
    virtual_clock: bool,
    on_event: OnEvent = lambda _event: None,
) -> subprocess.CompletedProcess[str]:
    """Run any command as root in a guest, from the project's folder; what it said, and its code.

    It may write to ``out_dir``, which it sees as ``OUT_IN_GUEST``; its output stays there in
    ``stdout.txt`` and ``stderr.txt``. An event it writes to ``/dev/console`` comes to ``on_event``
    with its wall time. Raises MeasurementInvalid if the guest ends before it.
    """
    (out_dir / "command.json").write_text(json.dumps(list(command)))
    codes: list[int] = []

    def note(event: dict[str, Any]) -> None:
        on_event(event)
        if event["event"] == "exit":
            codes.append(event["code"])

    guest = _boot(kernel, out_dir, virtual_clock, "command")
    try:
        read_events(guest, note, out_dir / "console.log", "the guest", last_event="exit")
    finally:
        _end(guest)
    said, complained = (
        (out_dir / name).read_text(errors="replace") if (out_dir / name).exists() else ""
        for name in ("stdout.txt", "stderr.txt")
    )
    return subprocess.CompletedProcess(list(command), codes[-1], said, complained)


def _boot(
    kernel: Kernel, out_dir: Path, virtual_clock: bool, *init_arguments: str
) -> subprocess.Popen[bytes]:
    """A guest and its keeper, which ends with it and ends it when its standard input closes."""
    keeper = [sys.executable, "-I", "-S", str(KEEPER), str(out_dir.resolve())]
    return subprocess.Popen(
        keeper + _command(kernel, virtual_clock, *init_arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_host_environment(),
        start_new_session=True,
    )


def _command(kernel: Kernel, virtual_clock: bool, *init_arguments: str) -> list[str]:
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
    command += ["--", str(init), str(PROJECT), OUT_ON_HOST, *init_arguments]
    return [command[0], *map(_quoted, command[1:])]


def _host_environment() -> dict[str, str]:
    """For the kernel as a process of the host, which keeps the guest's memory under TMPDIR."""
    names = ("PATH", "TMPDIR", "TMP", "TEMP")
    return {name: os.environ[name] for name in names if name in os.environ}


def guest_environment() -> dict[str, str]:
    """What programs in a guest see; nothing of the caller's environment gets in."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/run",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _end(guest: subprocess.Popen[bytes]) -> None:
    """Let go of the guest; its keeper kills what is left of it and tidies up."""
    assert guest.stdin is not None
    guest.stdin.close()
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
