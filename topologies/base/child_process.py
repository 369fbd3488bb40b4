"""Processes that end with the one that starts them, however it ends. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signal_number: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Have the kernel send this process a signal when its parent dies; also for ``preexec_fn``.

    With the ``parent``'s id, leave with code 1 if it has died already. Raises OSError.
    """
    if _libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl: {os.strerror(code)}")
    if parent is not None and os.getppid() != parent:
        os._exit(1)


type Stream = int | IO[bytes] | None
"""As ``subprocess`` has them; None is this process's own."""


def start(
    command: Sequence[str],
    *,
    dies_by: signal.Signals = signal.SIGKILL,
    more_environment: Mapping[str, str] | None = None,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
    own_session: bool = False,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """A process that gets ``dies_by`` when this one dies, however it dies."""
    return subprocess.Popen(
        command,
        env=dict(os.environ, **(more_environment or {})),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=own_session,
        cwd=cwd,
        preexec_fn=partial(die_with_parent, dies_by),
    )


def end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Have a process end, by force after a while, and wait for it."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    process.kill()
    process.wait()


# What is closed when the body of a ``with`` has been left, however it was left.


class Closing:
    """Mix-in for whatever has a ``close``."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
