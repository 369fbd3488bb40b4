"""Finds out what this machine can do, by trying where that leaves nothing behind.

Run as a program it tries shaping and switching in a network namespace of its own, which goes
away with it, and prints what lacks as JSON.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from corridor.experiments.testbeds.choice import Facts
from corridor.experiments.testbeds.kernel import (
    STOCK_KERNEL,
    STOCK_SILENT,
    find_kernel,
    find_stock_kernel,
)
from corridor.experiments.testbeds.kernel_build import check_build_tools
from corridor.experiments.testbeds.smoke import smoke_boot
from corridor.topologies.base.errors import EnvironmentUnsupported

CAP_NET_ADMIN = 12
CAP_SYS_ADMIN = 21
TRY_TIMEOUT_S = 10
SHARED_MEMORY = "/dev/shm"
MODULES = {"netem": "sch_netem", "openvswitch": "openvswitch"}
NO_SUCH = {
    "netem": "this kernel has no netem (module sch_netem)",
    "openvswitch": "this kernel has no openvswitch module",
}


def probe(*, boot: bool = False, native: bool = True) -> Facts:
    """This machine's facts; ``boot`` also boots each guest kernel once (about 1.5 s).

    With ``native`` off nobody looks whether its own kernel can do it, which may take a second.
    """
    virtual = find_kernel()
    stock = find_stock_kernel()
    virtual_lacks = ""
    if virtual and boot:
        mode = ["seccomp=on"] if virtual.seccomp else []
        if smoke_boot(virtual.path, *mode, "time-travel=inf-cpu", sleep_s=1) is None:
            virtual_lacks = "the virtual-clock kernel does not boot here"
    if stock is None:
        stock_lacks = f"{STOCK_KERNEL.name} is not installed"
    elif boot and smoke_boot(stock.path) is None:
        stock_lacks = STOCK_SILENT
    else:
        stock_lacks = ""
    try:
        check_build_tools()
        build_lacks = ""
    except EnvironmentUnsupported as error:
        build_lacks = error.message
    lacks = kernel_lacks() if native else dict.fromkeys(MODULES, "not looked for")
    folder, free = guest_memory()
    return Facts(
        root=is_root(),
        netem_lacks=lacks["netem"],
        openvswitch_lacks=lacks["openvswitch"],
        stock_kernel=stock,
        stock_lacks=stock_lacks,
        virtual_kernel=virtual,
        virtual_lacks=virtual_lacks,
        build_lacks=build_lacks,
        guest_memory_bytes=free,
        guest_memory_folder=folder,
    )


def is_root() -> bool:
    """Whether this process may make interfaces and namespaces; root in a container may not."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return os.geteuid() == 0
    capabilities = int(status.split("CapEff:", 1)[1].split(None, 1)[0], 16)
    wanted = 1 << CAP_NET_ADMIN | 1 << CAP_SYS_ADMIN
    return os.geteuid() == 0 and capabilities & wanted == wanted


def kernel_lacks() -> dict[str, str]:
    """Why netem and the openvswitch datapath cannot be used in this kernel; empty where they can.

    A kernel's own list of modules settles it; in a container, which has none, it is tried.
    """
    release = platform.release()
    loaded = _first_words(Path("/proc/modules"))
    tree = Path("/lib/modules") / release
    lists = [
        text
        for name in ("modules.dep", "modules.builtin")
        if (text := _read(tree / name)) is not None
    ]
    if not lists and not set(MODULES.values()) <= loaded:
        return _try_in_a_namespace()
    lacks = {}
    for feature, module in MODULES.items():
        listed = any(f"/{module}.ko" in text for text in lists)
        lacks[feature] = "" if listed or module in loaded else NO_SUCH[feature]
    return lacks


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


def _first_words(file: Path) -> set[str]:
    return {line.split(" ", 1)[0] for line in (_read(file) or "").splitlines()}


def _try_in_a_namespace() -> dict[str, str]:
    unknown = {feature: f"whether this kernel has {feature} cannot be tried" for feature in MODULES}
    try:
        shown = subprocess.run(
            [sys.executable, "-P", "-m", "corridor.experiments.testbeds.probe"],
            capture_output=True,
            text=True,
            timeout=TRY_TIMEOUT_S,
            check=True,
        ).stdout
        tried = json.loads(shown)
    except (OSError, subprocess.SubprocessError, ValueError):
        return unknown
    return {feature: str(tried[feature]) for feature in MODULES}


def _attempt() -> dict[str, str]:
    """Uses netem and looks for the openvswitch datapath in a fresh network namespace."""
    if os.geteuid() == 0:
        os.unshare(os.CLONE_NEWNET)
    else:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    from corridor.topologies.emulation import datapath, netem, rtnetlink
    from corridor.topologies.emulation.netlink_socket import NetlinkSocket

    lacks = dict.fromkeys(MODULES, "")
    options = netem.Stages(1000, 1, 0, 1, 1000, 1).delay_options()
    try:
        with NetlinkSocket() as route:
            route.carry_out([rtnetlink.qdisc(1, 0x10000, 0xFFFFFFFF, netem.KIND, options, "lo")])
    except OSError:  # any refusal means the same here
        lacks["netem"] = NO_SUCH["netem"]
    try:
        there = datapath.is_available()
    except OSError:
        there = False
    if not there:
        lacks["openvswitch"] = NO_SUCH["openvswitch"]
    return lacks


if __name__ == "__main__":
    print(json.dumps(_attempt()))
