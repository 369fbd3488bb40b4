"""A guest: User Mode Linux as a plain process, with the host's files as its root.

Every run is a separate kernel, so runs cannot meet, and killing the process
leaves nothing. In the virtual clock idle time is skipped and CPU costs no time.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corridor.experiments.lab.run_events import Event
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.testbeds import containment, guest_init
from corridor.experiments.testbeds.guest_command import (
    USUAL_GUEST_MB,
    base_of_python,
    boot_command,
    code,
    links,
)
from corridor.experiments.testbeds.watchdog import PATIENCE_S, ConsoleEvent, Watchdog, read_events

# A guest's kernel as a process below its supervisor, which ends with it and ends it.

SUPERVISOR = Path(__file__).with_name("guest_supervisor.py")


def start(
    orders: Sequence[str], words: Sequence[str], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """``words`` under a supervisor with ``orders``, until its standard input closes."""
    means = f"--means={containment.means()}"
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR), *orders, means, "--", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=host_environment(),
        start_new_session=True,
        pass_fds=pass_fds,
    )


@contextlib.contextmanager
def watched(
    guest: subprocess.Popen[bytes], out_dir: Path, patience_s: float
) -> Iterator[subprocess.Popen[bytes]]:
    """A guest until it is left, or ``out_dir`` has not grown for ``patience_s``; then it is
    killed."""
    try:
        with Watchdog(out_dir, lambda: let_go(guest), patience_s):
            yield guest
    finally:
        let_go(guest)
        guest.wait()
        assert guest.stdout is not None
        guest.stdout.close()


def host_environment() -> dict[str, str]:
    """For the kernel as a process of the host, which keeps the guest's memory under TMPDIR."""
    names = ("PATH", "TMPDIR", "TMP", "TEMP")
    return {name: os.environ[name] for name in names if name in os.environ}


def let_go(guest: subprocess.Popen[bytes]) -> None:
    """Its supervisor kills what is left of the guest and tidies up."""
    assert guest.stdin is not None
    guest.stdin.close()


OUT_IN_GUEST = guest_init.OUT
PROJECT_IN_GUEST = guest_init.PROJECT
PYTHON_IN_GUEST = guest_init.PYTHON
FOLDER = guest_init.FOLDER

NO_MORE: Mapping[str, Path] = {}

OnEvent = Callable[[Event], None]


def run_in_guest(
    kernel: Kernel,
    out_dir: Path,
    on_event: OnEvent,
    *,
    virtual_clock: bool,
    patience_s: float = PATIENCE_S,
    memory_mb: int = USUAL_GUEST_MB,
    ipv6: bool = False,
) -> None:
    """Boot a guest that executes ``out_dir/raw/plan.json``; returns when it has ended well.

    Raises the failure the guest reports, or MeasurementInvalid if it ends without a word or
    shows no progress for ``patience_s``. ``on_event`` gets every event with the wall time it
    came at.
    """
    with _guest(
        kernel, out_dir, virtual_clock, patience_s, memory_mb=memory_mb, ipv6=ipv6
    ) as guest:
        read_events(guest, on_event, out_dir / "console.log", "the guest")


def run_command_in_guest(
    kernel: Kernel,
    command: Sequence[str],
    out_dir: Path,
    *,
    virtual_clock: bool,
    on_event: Callable[[Any], None] = lambda _event: None,
    patience_s: float = PATIENCE_S,
    memory_mb: int = USUAL_GUEST_MB,
    more_code: Mapping[str, Path] = NO_MORE,
) -> subprocess.CompletedProcess[str]:
    """Run any command as root in a guest, from the project's folder; what it said, and its code.

    The project, its Python and ``out_dir``, to which alone it may write, are at the places named
    ``*_IN_GUEST``, with copies of the folders of ``more_code`` next to the package; under ``/tmp``
    and ``/run`` it sees nothing of the host. Its output stays in ``stdout.txt`` and
    ``stderr.txt``. An event it writes to ``/dev/console`` comes to ``on_event`` with its wall
    time. Raises MeasurementInvalid if the guest ends before it, or for ``patience_s`` writes
    nothing.
    """
    (out_dir / "command.json").write_text(json.dumps(list(command)))
    codes: list[int] = []

    def note(event: ConsoleEvent) -> None:
        on_event(event)
        if event["event"] == "exit":
            codes.append(event["code"])

    with _guest(
        kernel,
        out_dir,
        virtual_clock,
        patience_s,
        "command",
        memory_mb=memory_mb,
        more_code=more_code,
    ) as guest:
        read_events(guest, note, out_dir / "console.log", "the guest", last_event="exit")
    said, complained = (
        (out_dir / name).read_text(errors="replace") if (out_dir / name).exists() else ""
        for name in ("stdout.txt", "stderr.txt")
    )
    return subprocess.CompletedProcess(list(command), codes[-1], said, complained)


@contextlib.contextmanager
def _guest(
    kernel: Kernel,
    out_dir: Path,
    virtual_clock: bool,
    patience_s: float,
    *init_arguments: str,
    memory_mb: int = USUAL_GUEST_MB,
    more_code: Mapping[str, Path] = NO_MORE,
    ipv6: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    guest = _boot(
        kernel,
        out_dir,
        virtual_clock,
        *init_arguments,
        memory_mb=memory_mb,
        more_code=more_code,
        ipv6=ipv6,
    )
    with watched(guest, out_dir, patience_s):
        yield guest


@contextlib.contextmanager
def keeping_guest(
    kernel: Kernel,
    out_dir: Path,
    line: socket.socket,
    reads: Sequence[Path],
    *,
    ipv6: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """A guest with the live network of ``out_dir``: see ``live_network/inside.py``.

    Its programs read ``reads``. ``line`` is its end of the line over which requests come, and is
    closed here. Its events are on the standard output of the process. On leaving it is killed if it
    has not ended.
    """
    with line:
        fd = line.fileno()
        guest = _boot(kernel, out_dir, False, "keep", console=fd, reads=reads, ipv6=ipv6)
    try:
        yield guest
    finally:
        let_go(guest)
        guest.wait()


def serving_guest(
    kernel: Kernel,
    folder: Path,
    line: socket.socket,
    memory_mb: int = USUAL_GUEST_MB,
    *,
    ipv6: bool = False,
) -> subprocess.Popen[bytes]:
    """A guest with the virtual clock that carries out plans in ``folder``: see ``serving.py``.

    ``line`` is its end of the line over which plans are named, and is closed here. What stops and
    resumes it goes to its standard input: see ``guest_supervisor.py``.
    """
    with line:
        fd = line.fileno()
        return _boot(kernel, folder, True, "serve", console=fd, memory_mb=memory_mb, ipv6=ipv6)


@contextlib.contextmanager
def guest_of_a_program(
    kernel: Kernel,
    out_dir: Path,
    folder: Path,
    line: socket.socket | None,
    *,
    reads: Sequence[Path],
    virtual_clock: bool,
    memory_mb: int,
    patience_s: float | None,
    own: bool,
    ipv6: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """A guest with the network and program of ``out_dir``: see ``run/program_lab.py``.

    It reads ``folder`` and ``reads``. ``line`` is its end of the line to a terminal, and is closed
    here. With ``own`` the supervisor removes ``out_dir`` in the end. On leaving the guest is killed
    if it has not ended; so it is when ``out_dir`` has not grown for ``patience_s``.
    """
    with line or contextlib.nullcontext():
        guest = _boot(
            kernel,
            out_dir,
            virtual_clock,
            "program",
            console=None if line is None else line.fileno(),
            memory_mb=memory_mb,
            seen={FOLDER: folder},
            reads=reads,
            own=own,
            ipv6=ipv6,
        )
    watchdog = Watchdog(out_dir, lambda: let_go(guest), patience_s) if patience_s else None
    try:
        with watchdog or contextlib.nullcontext():
            yield guest
    finally:
        let_go(guest)
        guest.wait()


def _boot(
    kernel: Kernel,
    out_dir: Path,
    virtual_clock: bool,
    *init_arguments: str,
    console: int | None = None,
    memory_mb: int = USUAL_GUEST_MB,
    more_code: Mapping[str, Path] = NO_MORE,
    seen: Mapping[str, Path] = NO_MORE,
    reads: Sequence[Path] = (),
    own: bool = False,
    ipv6: bool = False,
) -> subprocess.Popen[bytes]:
    """A guest and its supervisor, which ends with it and ends it when its standard input closes.

    ``console`` is a descriptor that becomes the guest's second console. What is ``seen`` can be
    mounted by its name, and what it ``reads`` is where it is on the host. With ``own`` the
    supervisor removes ``out_dir``.
    """
    linked = links(kernel.path, out_dir, seen)
    orders = [f"--link={name}={path}" for name, path in linked.items()]
    orders += [f"--write={out_dir.resolve()}", *(f"--read={path}" for path in base_of_python())]
    orders += [f"--read={path.resolve()}" for path in reads]
    orders += [f"--own={out_dir.resolve()}"] if own else []
    orders += code(more_code)
    orders += [] if console is None else [f"--input={console}"]
    words = boot_command(
        kernel,
        virtual_clock,
        *init_arguments,
        second_console=console is not None,
        memory_mb=memory_mb,
        ipv6=ipv6,
    )
    return start(orders, words, () if console is None else (console,))
