"""Booting the machine of an image: which QEMU, with what in its hands. An edge."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from corridor.experiments.machines import handover, qemu
from corridor.experiments.machines.images import Image
from corridor.experiments.machines.qemu import CONSOLES, Architecture, Boot, Channel, Disk, Share
from corridor.experiments.machines.recipe import ROOT_LABEL
from corridor.experiments.machines.tools import emulator, require
from corridor.topologies.base.child_process import die_with_parent

KVM = Path("/dev/kvm")
RESULTS = "results"
HANDOVER = "handover"
CONSOLE, LOG = "console", "qemu.log"
"""What a machine says, and what QEMU says, in the folder of a boot."""
COUNTED_MEMORY_MB = 2560
PLAIN_OPTIONS = ("quiet", "net.ifnames=0")


@dataclass(frozen=True)
class Wanted:
    """How the machine of an image is to be booted."""

    virtual: bool = False
    """Whether its time is counted in instructions, instead of the real clock."""
    no_kvm: bool = False
    """Whether instructions are translated though this machine could run them."""
    processors: int = 2
    memory_mb: int = 4096
    ssh_port: int | None = None
    kernel_options: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    seed: int | None = None


def accelerator(architecture: Architecture, wanted: Wanted) -> qemu.Accelerator:
    if wanted.virtual:
        return "counted"
    return "translated" if wanted.no_kvm else here(architecture)


def here(architecture: Architecture) -> qemu.Accelerator:
    """The quickest accelerator that this machine has for the real clock."""
    return qemu.accelerator(
        host=platform.machine(),
        system=platform.system(),
        guest=architecture,
        kvm_opens=os.access(KVM, os.R_OK | os.W_OK),
    )


def as_boot(image: Image, wanted: Wanted, folder: Path, results: Path | None) -> Boot:
    """The machine of an image, whose handover and console lie in ``folder``."""
    options = (
        f"root=LABEL={ROOT_LABEL}",
        *("ro", f"console={CONSOLES[image.architecture]},115200", *PLAIN_OPTIONS),
        *(("mitigations=off",) if wanted.virtual else ()),
        *wanted.kernel_options,
    )
    return Boot(
        image.architecture,
        accelerator(image.architecture, wanted),
        folder / CONSOLE,
        processors=1 if wanted.virtual else wanted.processors,
        memory_mb=COUNTED_MEMORY_MB if wanted.virtual else wanted.memory_mb,
        kernel=qemu.Kernel(image.kernel, image.initrd, options),
        disks=(
            Disk(image.disk),
            Disk(folder / HANDOVER, read_only=True, serial=HANDOVER),
        ),
        shares=(Share(results, RESULTS, read_only=False),) if results else (),
        channels=wanted.channels,
        ssh_port=wanted.ssh_port,
        seed=wanted.seed,
    )


def start(boot: Boot, folder: Path) -> subprocess.Popen[bytes]:
    """Start QEMU; it ends with this process. What it says goes to the folder."""
    require([emulator(boot.architecture)], "booting the machine")
    with (folder / LOG).open("wb") as said:
        return subprocess.Popen(
            qemu.command(boot),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )


def last_words(folder: Path) -> str:
    """The last that QEMU said, else the console."""
    for name in (LOG, CONSOLE):
        file = folder / name
        lines = file.read_text("utf-8", errors="replace").split("\n") if file.exists() else []
        said = [line.strip() for line in lines if line.strip()]
        if said:
            return said[-1][:200]
    return "it said nothing"


def hand_over(what: handover.Handover, folder: Path) -> None:
    handover.write(what, folder / HANDOVER)
