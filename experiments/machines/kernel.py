"""The guest kernels of this machine: Debian's own, and the virtual-clock one built once and kept.

A virtual-clock kernel lives in ``~/.cache/corridor/kernels/<source version>-<config hash>/``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

from corridor.topologies.base import disk_cache
from corridor.topologies.base.errors import EnvironmentUnsupported

CONFIG = Path(__file__).with_name("virtual_clock.config")
STOCK_KERNEL = Path("/usr/bin/linux.uml")
STOCK_SILENT = (
    f"{STOCK_KERNEL.name} does not boot here (no ptrace, or a processor it cannot handle)"
)


@dataclass(frozen=True)
class Kernel:
    """A bootable User Mode Linux kernel."""

    path: Path
    version: str
    """Of the source package, or what the binary states about itself for Debian's own."""
    config_hash: str
    """Empty for a kernel that was not built here."""
    virtual_clock: bool
    seccomp: bool
    """It runs guest processes through seccomp, at about half the cost of ptrace."""

    def __str__(self) -> str:
        clock = "virtual clock" if self.virtual_clock else "real clock only"
        mode = "seccomp" if self.seccomp else "ptrace"
        return f"{self.path} (Linux {self.version}, {clock}, {mode})"


class KernelFacts(TypedDict):
    """A kernel, for programs."""

    path: str
    version: str
    config_hash: str
    virtual_clock: bool
    seccomp: bool


def facts_of(kernel: Kernel) -> KernelFacts:
    return {
        "path": str(kernel.path),
        "version": kernel.version,
        "config_hash": kernel.config_hash,
        "virtual_clock": kernel.virtual_clock,
        "seccomp": kernel.seccomp,
    }


def cache_folder() -> Path:
    """Where kernels are kept; not created here. EnvironmentLacking for a user without a home."""
    folder = disk_cache.cache_folder()
    if folder is None:
        raise EnvironmentUnsupported("no home folder to keep kernels in", "set XDG_CACHE_HOME")
    return folder


def config_hash(config: str | None = None) -> str:
    """Short hash of the options and of the changes to the source, which names the kernel."""
    text = CONFIG.read_text(encoding="utf-8") if config is None else config
    text += repr([tuple(change) for change in CHANGES])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def find_kernel() -> Kernel | None:
    """The newest finished virtual-clock kernel for today's configuration, without building any."""
    wanted = config_hash()
    found = []
    for manifest in (cache_folder() / "kernels").glob(f"*-{wanted}/kernel.json"):
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
            binary = manifest.with_name("linux")
            if binary.stat().st_size != facts["size_bytes"] or not os.access(binary, os.X_OK):
                continue
            found.append(
                Kernel(
                    binary, facts["version"], wanted, virtual_clock=True, seccomp=facts["seccomp"]
                )
            )
        except (OSError, ValueError, KeyError):
            continue
    return max(found, key=lambda kernel: _version_key(kernel.version), default=None)


def find_stock_kernel() -> Kernel | None:
    """Debian's ``linux.uml``: real clock, ptrace."""
    if not os.access(STOCK_KERNEL, os.X_OK):
        return None
    try:
        shown = subprocess.run(
            [STOCK_KERNEL, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Kernel(STOCK_KERNEL, shown.stdout.strip(), "", virtual_clock=False, seccomp=False)


def _version_key(version: str) -> tuple[int, ...]:
    """Orders versions of one package line well enough: ``7.3.4-1~bpo13+1`` after ``6.12.118-1``."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


# What the build changes in the kernel's source, so that a guest does the same on every machine.
#
# Debian's kernel draws the key of its random numbers from the host, from the times of interrupts
# and from the clock, and draws a new one every minute. So two guests that start up a microsecond
# apart have other ports, hash seeds and phases of BBR. In the kernel built here the key is a
# constant, and random numbers begin again when a process asks by ``RNDRESEEDCRNG``. Nothing in a
# guest is secret.
#
# In the virtual clock each failed system call takes a microsecond. In the kernel built here one
# that finds no file takes none, so that start-up takes as long whatever files a machine has.


class Change(NamedTuple):
    """Words of a file of the source that occur once, and the words in their place."""

    file: str
    old: str
    new: str


RANDOM, SYSTEM_CALLS = "drivers/char/random.c", "arch/um/kernel/skas/syscall.c"
KEY_DRAWN = "static void extract_entropy(void *buf, size_t len)\n{\n"
INTERRUPT = "void add_interrupt_randomness(int irq)\n{\n"
NEXT_KEY = "\t\tqueue_delayed_work("
FAILED = "\t\tif (IS_ERR_VALUE(ret) &&\n"
CHANGES = (
    Change(RANDOM, KEY_DRAWN, f"{KEY_DRAWN}\tmemset(buf, 0, len);\n\treturn;\n\n"),
    # The timer that this starts would come once a second, at a moment that start-up decides.
    Change(RANDOM, INTERRUPT, f"{INTERRUPT}\treturn;\n\n"),
    Change(RANDOM, NEXT_KEY, "\t\tif (0) queue_delayed_work("),
    Change(SYSTEM_CALLS, FAILED, f"{FAILED}\t\t    ret != -ENOENT &&\n"),
)


def change_source(tree: Path) -> None:
    """Make all changes; ValueError or OSError if the source is not as expected."""
    for change in CHANGES:
        file = tree / change.file
        source = file.read_text(encoding="utf-8")
        if source.count(change.old) != 1:
            raise ValueError(f"{change.file} does not hold {change.old.strip()!r} exactly once")
        file.write_text(source.replace(change.old, change.new), encoding="utf-8")
