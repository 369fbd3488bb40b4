"""A guest on Debian's own kernel, in a machine that QEMU emulates: its clock charges computing.

One instruction takes one nanosecond of its clock, and time in which nothing happens is skipped.
Every run is a separate machine, which is one process of an ordinary user; killing it leaves
nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from corridor.experiments.machines.debian_kernel import DebianKernel
from corridor.experiments.machines.qemu import command
from corridor.experiments.testbeds import qemu_command
from corridor.experiments.testbeds.events import read_events
from corridor.experiments.testbeds.guest_command import (
    USUAL_GUEST_MB,
    base_of_python,
    code,
    links,
)
from corridor.experiments.testbeds.uml import OnEvent, start, watched
from corridor.experiments.testbeds.watchdog import PATIENCE_S
from corridor.topologies.base.errors import EnvironmentUnsupported

NAME = "the emulated machine"


def run_in_machine(
    kernel: DebianKernel,
    out_dir: Path,
    on_event: OnEvent,
    *,
    patience_s: float = PATIENCE_S,
    memory_mb: int = USUAL_GUEST_MB,
) -> None:
    """Boot a machine that executes ``out_dir/raw/plan.json``; as ``run_in_guest`` of ``uml.py``."""
    with watched(_boot(kernel, out_dir, memory_mb), out_dir, patience_s) as guest:
        read_events(guest, on_event, out_dir / "console.log", NAME)


def _boot(kernel: DebianKernel, out_dir: Path, memory_mb: int) -> subprocess.Popen[bytes]:
    """Its code is compiled here: the machine itself would take ten times as long."""
    program, *words = command(qemu_command.machine(kernel.architecture, memory_mb=memory_mb))
    place = shutil.which(program)
    if place is None:
        raise EnvironmentUnsupported(f"{program} is not installed", "see ./corridor doctor")
    script = qemu_command.first_script(kernel.names)
    linked = links(
        kernel.path,
        out_dir,
        {qemu_command.INITRAMFS_LINK: kernel.initramfs(script)},
        name=qemu_command.KERNEL_LINK,
    )
    orders = [
        "--anywhere",
        "--list=/",  # it opens the folder that it exports
        f"--write={out_dir.resolve()}",
        *(f"--read={path}" for path in base_of_python()),
        *(f"--link={name}={path}" for name, path in linked.items()),
        *code(),
    ]
    return start(orders, [place, *words])
