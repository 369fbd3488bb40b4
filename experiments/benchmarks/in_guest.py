"""Run a benchmark's inner half in a guest with the virtual clock, and hear it by wall time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.testbeds.kernel import find_kernel
from experiments.testbeds.uml import OUT_IN_GUEST, PYTHON_IN_GUEST, run_command_in_guest
from topologies.errors import EnvironmentLacking

CONSOLE = Path("/dev/console")


def run_inside(
    module: str,
    out_dir: Path,
    arguments: Sequence[str] = (),
    on_event: Callable[[dict[str, Any]], None] = lambda _event: None,
) -> None:
    """``python -m MODULE inside OUT_DIR ARGUMENTS`` in a guest that may write to ``out_dir`` only.

    Every event it says comes to ``on_event`` with the wall time it came at.
    """
    kernel = find_kernel()
    if kernel is None:
        raise EnvironmentLacking("no virtual-clock kernel is built", "./corridor kernel build")
    command = [PYTHON_IN_GUEST, "-m", module, "inside", OUT_IN_GUEST, *arguments]
    done = run_command_in_guest(kernel, command, out_dir, virtual_clock=True, on_event=on_event)
    if done.returncode:
        raise EnvironmentLacking(f"it failed in the guest: {done.stderr.strip()[-2000:]}")


def say(event: str, **what: Any) -> None:
    """Inside: tell the host."""
    with CONSOLE.open("w") as console:
        console.write(json.dumps({"event": event, "at_ns": time.time_ns(), **what}) + "\n")
