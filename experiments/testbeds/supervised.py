"""A guest's kernel as a process below its supervisor, which ends with it and ends it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from corridor.experiments.testbeds import containment
from corridor.experiments.testbeds.watchdog import Watchdog

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
