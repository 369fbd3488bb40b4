"""Finds out what this machine can do, by trying where that leaves nothing behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from corridor.experiments.machines.debian_kernel import emulator_lacks
from corridor.experiments.machines.debian_kernel import kernel_lacks as debian_kernel_lacks
from corridor.experiments.machines.kernel import (
    STOCK_KERNEL,
    STOCK_SILENT,
    find_kernel,
    find_stock_kernel,
)
from corridor.experiments.machines.kernel_build import check_build_tools
from corridor.experiments.machines.smoke import why_no_boot
from corridor.experiments.testbeds.choice import NOT_LOOKED_FOR, Facts, MissingRequirement
from corridor.experiments.testbeds.qemu import MODULES
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.scratch import SHARED_MEMORY
from corridor.topologies.base.slowness import measure
from corridor.topologies.emulation.this_kernel import (
    FEATURES,
    is_root,
    kernel_lacks,
    queues_lack,
    tun_lacks,
)


def probe(*, boot: bool = False, native: bool = True, emulated: bool = False) -> Facts:
    """This machine's facts; ``boot`` also boots each guest kernel once (about 1.5 s).

    With ``native`` off no one looks whether its own kernel can do it, which may take a second.
    Whether QEMU can takes half of one, and is looked for with ``emulated``.
    """
    virtual = find_kernel()
    stock = find_stock_kernel()
    if boot:
        measure()
    virtual_missing = stock_lacks = ""
    if virtual and boot:
        words = ("seccomp=on",) if virtual.seccomp else ()
        silent = "the virtual-clock kernel does not boot here"
        virtual_missing = why_no_boot(
            virtual.path, silent, *words, "time-travel=inf-cpu", sleep_s=1
        )
    if stock is None:
        stock_lacks = f"{STOCK_KERNEL.name} is not installed"
    elif boot:
        short = virtual is not None and not virtual_missing  # which serves the real clock as well
        stock_lacks = why_no_boot(stock.path, STOCK_SILENT, short=short)
    try:
        check_build_tools()
        build_lacks = ""
    except EnvironmentUnsupported as error:
        build_lacks = error.message
    lacks = kernel_lacks() if native else dict.fromkeys(FEATURES, "not looked for")
    folder, free = guest_memory()
    return Facts(
        root=is_root(),
        netem_lacks=lacks["netem"],
        openvswitch_lacks=lacks["openvswitch"],
        stock_kernel=stock,
        stock_lacks=stock_lacks,
        virtual_kernel=virtual,
        virtual_lacks=virtual_missing,
        build_lacks=build_lacks,
        guest_memory_bytes=free,
        guest_memory_folder=folder,
        queues_lack=queues_lack() if native else "not looked for",
        emulated=_emulated() if emulated else NOT_LOOKED_FOR,
        tun_lacks=tun_lacks() if native else "not looked for",
    )


def _emulated() -> MissingRequirement:
    reason, repair = emulator_lacks()
    if reason:
        return MissingRequirement(reason, repair)
    reason, repair = debian_kernel_lacks(MODULES)
    return MissingRequirement(reason, repair)


def guest_memory() -> tuple[str, int]:
    """The folder where User Mode Linux keeps a guest's memory, and the bytes it has room for.

    The kernel's own rule: TMPDIR, TMP or TEMP, else /dev/shm where that is a tmpfs, else /tmp.
    """
    configured = next(
        (value for name in ("TMPDIR", "TMP", "TEMP") if (value := os.environ.get(name))), ""
    )
    folder = configured or (SHARED_MEMORY if Path(SHARED_MEMORY).is_mount() else "/tmp")
    try:
        room = os.statvfs(folder)
    except OSError:
        return f"{folder} (missing)", 0
    if room.f_flag & os.ST_NOEXEC:
        return f"{folder} (mounted noexec)", 0
    free = room.f_bavail * room.f_frsize
    if folder.startswith(SHARED_MEMORY):
        free = min(free, _available_memory())
    return folder, free


def _available_memory() -> int:
    for line in (_read(Path("/proc/meminfo")) or "").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return sys.maxsize


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
