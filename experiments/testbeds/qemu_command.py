"""The machine that QEMU emulates for a guest: what is loaded first, the kernel's words. Pure.

Its root is the host's own root, read-only, by virtio-9p. It sees nothing of where the checkout
lies, as a guest of User Mode Linux does not: see ``guest_command.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from corridor.experiments.machines.qemu import Architecture, Boot, Kernel, Share
from corridor.experiments.testbeds.guest_command import GO_ON, USUAL_GUEST_MB, guest_environment
from corridor.experiments.testbeds.guest_init import (
    FILES,
    NEEDED_MODULES,
    NINE_P,
    NINE_P_OPTIONS,
    OUT,
    PROJECT,
    PYTHON_PREFIX,
)
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
    *("nokaslr", "norandmaps", "random.trust_cpu=off", "mitigations=off", "ipv6.disable=1"),
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
    architecture: Architecture, *init_arguments: str, memory_mb: int = USUAL_GUEST_MB
) -> Boot:
    """To be started where the links and copies of ``guest_command.py`` are."""
    environment = {
        **guest_environment(),
        FILES: NINE_P,
        VARIABLE: SLOWNESS,
        PYTHON_WORD: str(Path(sys.executable).resolve()),
    }
    words = [*WORDS, *WORDS_OF[architecture]]
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
