"""What this machine's own kernel can do for a network, tried where that leaves nothing behind.

Run as a program it tries shaping and switching in a separate network namespace, which goes
away with it, and prints what is missing as JSON. It needs no library.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.netlink import QUEUES_NEED
from corridor.topologies.emulation.taps import CLONE_DEVICE

CAP_NET_ADMIN = 12
CAP_SYS_ADMIN = 21
TRY_TIMEOUT_S = 10
FEATURES = {"netem": ("sch_netem", "sch_prio", "cls_u32"), "openvswitch": ("openvswitch",)}
"""Modules by what they are for: netem needs others to keep control traffic separate."""
NO_SUCH = {
    "sch_netem": "this kernel has no netem (module sch_netem)",
    "sch_prio": "this kernel has no lane for control traffic (module sch_prio)",
    "cls_u32": "this kernel has no filter for control traffic (module cls_u32)",
    "openvswitch": "this kernel has no openvswitch module",
}


def queues_lack() -> str:
    """Which modules a kernel does not have for queues by class; empty if none, or if it does not
    say."""
    lists, loaded = _module_lists(), _first_words(Path("/proc/modules"))
    there = {one for one in QUEUES_NEED if any(f"/{one}.ko" in text for text in lists)} | loaded
    lacking = [one for one in QUEUES_NEED if one not in there] if lists else []
    return f"this kernel has no {', '.join(lacking)}" if lacking else ""


def tun_lacks() -> str:
    """Why gateways, whose ports are TAP devices, cannot be had here; empty if they can."""
    try:
        os.close(os.open(CLONE_DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return f"there is no {CLONE_DEVICE} (module tun)"
    except OSError as error:
        return f"{CLONE_DEVICE} cannot be opened: {error.strerror}"
    return ""


def network_lacks() -> list[str]:
    """Why no network can be built in this kernel by this process; empty if one can."""
    return ["not root"] if not is_root() else [one for one in kernel_lacks().values() if one]


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
    loaded = _first_words(Path("/proc/modules"))
    lists = _module_lists()
    if not lists and not set(NO_SUCH) <= loaded:
        return _try_in_a_namespace()
    there = loaded | {one for one in NO_SUCH if any(f"/{one}.ko" in text for text in lists)}
    return {
        feature: next((NO_SUCH[one] for one in modules if one not in there), "")
        for feature, modules in FEATURES.items()
    }


def _module_lists() -> list[str]:
    """What a kernel states about its modules; nothing in a container."""
    tree = Path("/lib/modules") / platform.release()
    return [
        text
        for name in ("modules.dep", "modules.builtin")
        if (text := _read(tree / name)) is not None
    ]


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _first_words(file: Path) -> set[str]:
    return {line.split(" ", 1)[0] for line in (_read(file) or "").splitlines()}


def _try_in_a_namespace() -> dict[str, str]:
    unknown = {one: f"whether this kernel has {one} cannot be tried" for one in FEATURES}
    try:
        shown = subprocess.run(
            [sys.executable, "-P", "-m", "corridor.topologies.emulation.this_kernel"],
            capture_output=True,
            text=True,
            timeout=patient(TRY_TIMEOUT_S),
            check=True,
            env={**os.environ, "PYTHONPATH": str(IMPORT_ROOT)},
        ).stdout
        tried = json.loads(shown)
    except (OSError, subprocess.SubprocessError, ValueError):
        return unknown
    return {feature: str(tried[feature]) for feature in FEATURES}


def attempt() -> dict[str, str]:
    """Shapes the loopback and looks for the openvswitch datapath in a fresh network namespace."""
    if os.geteuid() == 0:
        os.unshare(os.CLONE_NEWNET)
    else:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    from corridor.topologies.emulation import datapath

    try:
        there = datapath.is_available()
    except OSError:
        there = False
    return {"netem": _cannot_shape(), "openvswitch": "" if there else NO_SUCH["openvswitch"]}


def _cannot_shape() -> str:
    """What the first refusal means."""
    from corridor.topologies.emulation import lanes
    from corridor.topologies.emulation.datapath import NetlinkSocket
    from corridor.topologies.emulation.queues.rtnetlink import QDISC, RTM_NEWTFILTER
    from corridor.topologies.model.wiring import Shape

    shape = Shape(1000, 8000, 1, 1, 0, 1)
    with NetlinkSocket() as route:
        for request in lanes.tree(1, "lo", shape):
            try:
                route.carry_out([request])
            except OSError:  # any refusal means the same here
                if request.kind == RTM_NEWTFILTER:
                    return NO_SUCH["cls_u32"]
                is_root = QDISC.unpack_from(request.body)[2] == lanes.ROOT
                return NO_SUCH["sch_prio" if is_root else "sch_netem"]
    return ""


if __name__ == "__main__":
    print(json.dumps(attempt()))
