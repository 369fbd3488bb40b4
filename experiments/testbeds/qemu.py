"""A guest on Debian's own kernel, in a machine that QEMU emulates: its clock charges computing.

One instruction takes one nanosecond of its clock, and time in which nothing happens is skipped.
Every run is a separate machine, which is one process of an ordinary user; killing it leaves
nothing. Its root is the host's own root, read-only, by virtio-9p. It sees nothing of where the
checkout lies, as a guest of User Mode Linux does not: see ``guest_command.py``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from corridor.experiments.machines.debian_kernel import DebianKernel
from corridor.experiments.machines.qemu import Architecture, Boot, Kernel, Share, command
from corridor.experiments.testbeds.guest_command import (
    GO_ON,
    NO_IPV6,
    USUAL_GUEST_MB,
    base_of_python,
    code,
    guest_environment,
    links,
)
from corridor.experiments.testbeds.guest_init import (
    FILES,
    NEEDED_MODULES,
    NINE_P,
    NINE_P_OPTIONS,
    OUT,
    PROJECT,
    PYTHON_PREFIX,
)
from corridor.experiments.testbeds.uml import OnEvent, start, watched
from corridor.experiments.testbeds.watchdog import PATIENCE_S, read_events
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.slowness import VARIABLE

SLOWNESS = "10"
"""The factor by which time limits grow before something counts as dead: an emulated
processor is slow, and the host that its files come from may be busy."""
START = "2027-01-15T08:00:00"
"""The moment at which a guest of User Mode Linux begins as well."""
SEED = 1
ROOT = "root"
PROJECT_TAG, PYTHON_TAG, OUT_TAG = (Path(place).name for place in (PROJECT, PYTHON_PREFIX, OUT))
KERNEL_LINK, INITRAMFS_LINK = "vmlinuz", "initramfs"
PYTHON_WORD = "CORRIDOR_PYTHON"
FIRST_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "crc32c_generic?")
"""``crc32c_generic`` is asked for by name only, by what Open vSwitch needs."""
MODULES = (*FIRST_MODULES, *NEEDED_MODULES, "mpls_gso?")
WORDS = (
    *("console=hvc0", "quiet", "panic=-1"),
    *("nokaslr", "norandmaps", "random.trust_cpu=off", "mitigations=off"),
)
WORDS_OF: dict[Architecture, tuple[str, ...]] = {"x86_64": ("tsc=reliable",), "aarch64": ()}
_SCRIPT = Template("""#!/bin/busybox sh
b=/bin/busybox
fail() {
  echo "{\\"event\\": \\"failed\\", \\"message\\": \\"guest: $$1\\", \\"code\\": 3}"
  $$b poweroff -f
}
$$b mount -t devtmpfs dev /dev
for module in $modules; do
  $$b insmod /modules/$$module.ko || fail "its kernel cannot load $$module"
done
$$b mount -t $nine_p -o ro,$options $root /root || fail "the host's files cannot be mounted"
$$b mount -t tmpfs run /root/run
$$b mkdir -p /root$project
$$b mount -t $nine_p -o ro,$options $tag /root$project || fail "the project cannot be mounted"
$$b umount /dev
exec $$b switch_root /root "$$$python" -ISc "$go_on" "$$@"
""")


def first_script(modules: Sequence[str]) -> str:
    """What runs until the host's Python can: modules in order, then the host's files."""
    return _SCRIPT.substitute(
        modules=" ".join(modules),
        nine_p=NINE_P,
        options=NINE_P_OPTIONS,
        root=ROOT,
        tag=PROJECT_TAG,
        project=PROJECT,
        python=PYTHON_WORD,
        go_on=GO_ON,
    )


def machine(
    architecture: Architecture,
    *init_arguments: str,
    memory_mb: int = USUAL_GUEST_MB,
    ipv6: bool = False,
) -> Boot:
    """To be started where the links and copies of ``guest_command.py`` are."""
    environment = {
        **guest_environment(),
        FILES: NINE_P,
        VARIABLE: SLOWNESS,
        PYTHON_WORD: str(Path(sys.executable).resolve()),
    }
    words = [*WORDS, *NO_IPV6[ipv6:], *WORDS_OF[architecture]]
    words += [f"{name}={value}" for name, value in environment.items()]
    shares = {PROJECT_TAG: True, PYTHON_TAG: True, OUT_TAG: False}
    return Boot(
        architecture=architecture,
        accelerator="counted",
        console=None,
        console_device="virtio",
        memory_mb=memory_mb,
        kernel=Kernel(Path(KERNEL_LINK), Path(INITRAMFS_LINK), (*words, "--", *init_arguments)),
        shares=(
            Share(Path("/"), ROOT),
            *(Share(Path(tag), tag, read_only) for tag, read_only in shares.items()),
        ),
        seed=SEED,
        random=False,
        start=START,
    )


NAME = "the emulated machine"


def run_in_machine(
    kernel: DebianKernel,
    out_dir: Path,
    on_event: OnEvent,
    *,
    patience_s: float = PATIENCE_S,
    memory_mb: int = USUAL_GUEST_MB,
    ipv6: bool = False,
) -> None:
    """Boot a machine that executes ``out_dir/raw/plan.json``; as ``run_in_guest`` of ``uml.py``."""
    with watched(_boot(kernel, out_dir, memory_mb, ipv6), out_dir, patience_s) as guest:
        read_events(guest, on_event, out_dir / "console.log", NAME)


def _boot(
    kernel: DebianKernel, out_dir: Path, memory_mb: int, ipv6: bool
) -> subprocess.Popen[bytes]:
    """Its code is compiled here: the machine itself would take ten times as long."""
    program, *words = command(machine(kernel.architecture, memory_mb=memory_mb, ipv6=ipv6))
    place = shutil.which(program)
    if place is None:
        raise EnvironmentUnsupported(f"{program} is not installed", "see ./corridor doctor")
    script = first_script(kernel.names)
    linked = links(
        kernel.path,
        out_dir,
        {INITRAMFS_LINK: kernel.initramfs(script)},
        name=KERNEL_LINK,
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
