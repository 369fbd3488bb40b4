"""Processes that end with their parent, however it ends. Standard library only."""

from __future__ import annotations

import ctypes
import os
import signal

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
