"""Run a benchmark's inner half in a guest with the virtual clock, and hear it by wall time."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.testbeds.uml import OUT_IN_GUEST, PYTHON_IN_GUEST, run_command_in_guest
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import CHECKOUT

TESTS = {"tests": CHECKOUT / "tests"}
CONSOLE = Path("/dev/console")
SCRATCH = Path("/tmp/kept")
GUEST_RUN_ID = "c0"


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
        raise EnvironmentUnsupported("no virtual-clock kernel is built", "./corridor kernel build")
    command = [PYTHON_IN_GUEST, "-m", module, "inside", OUT_IN_GUEST, *arguments]
    done = run_command_in_guest(
        kernel, command, out_dir, virtual_clock=True, on_event=on_event, more_code=TESTS
    )
    if done.returncode:
        raise EnvironmentUnsupported(f"it failed in the guest: {done.stderr.strip()[-2000:]}")


def options(module: str, scenario: str = "sovereignty") -> argparse.ArgumentParser:
    """What benchmarks of live networks have in common."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--scenario", default=scenario)
    parser.add_argument("--framework", choices=("ryu", "os-ken"), default="ryu")
    parser.add_argument("--out", type=Path, default=None, metavar="DIR", help="where lines go")
    return parser


def result_folder(wanted: Path | None) -> Path:
    """Made if it is not there; a temporary one by default."""
    folder = wanted or Path(tempfile.mkdtemp(prefix="corridor-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def start(main: Callable[[], int], inside: Callable[..., None]) -> None:
    """The outer half of a benchmark; or the inner one, where ``run_inside`` has called for it."""
    if sys.argv[1:2] == ["inside"]:
        inside(Path(sys.argv[2]), *sys.argv[3:])
    else:
        sys.exit(main())


def say(event: str, **what: Any) -> None:
    """Inside: tell the host."""
    with CONSOLE.open("w") as console:
        console.write(json.dumps({"event": event, "at_ns": time.time_ns(), **what}) + "\n")
