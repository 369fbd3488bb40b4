"""How a controller is started: a separate process that dies with this one.

It knows the controller by its module's name only, for topologies import nothing of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from corridor.topologies.base import child_process
from corridor.topologies.base.installation import IMPORT_ROOT

CONTROLLER = ("-m", "corridor.controller.reconcile.app_main")
POPULATED = (
    "-c",
    (
        "import ctypes,runpy,sys;"
        "ctypes.CDLL(None).mlockall(2);"  # MCL_FUTURE
        "runpy.run_module(sys.argv.pop(1),None,'__main__',True)"
    ),
)
"""Instead of ``-m``: memory is mapped as the program reserves it, not page by page as it is used.

In a guest each page that is touched first takes an entry of 40 us, and a controller touches ten
thousand. Pages that are mapped together take one.
"""


def start_controller(
    listens: Path | int,
    options: Mapping[str, str],
    *,
    program: Sequence[str] = CONTROLLER,
    patient: bool = False,
    log: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Returns before it listens, on a Unix socket or on a port of the loopback.

    ``options`` are those of its apps, such as ``topology``; ``patient`` is for the virtual clock.
    Without a ``log`` it writes where this process does.
    """
    if patient and program[0] == "-m":
        program = (*POPULATED, *program[1:])
    where = ("--port" if isinstance(listens, int) else "--socket", str(listens))
    return child_process.start(
        [sys.executable, *program, *where, *(["--patient"] if patient else [])],
        more_environment={f"CORRIDOR_{name.upper()}": said for name, said in options.items()},
        stdout=log,
        stderr=log,
        own_session=True,  # Ctrl-C at a shell is not for it
        cwd=IMPORT_ROOT,
    )
