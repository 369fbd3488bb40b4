"""What the build changes in the kernel's source, so that a guest does the same on every machine.

Debian's kernel draws the key of its random numbers from the host, from the times of interrupts and
from the clock, and draws a new one every minute. So two guests that start up a microsecond apart
have other ports, hash seeds and phases of BBR. In the kernel built here the key is a constant, and
random numbers begin again when a process asks by ``RNDRESEEDCRNG``. Nothing in a guest is secret.

In the virtual clock each failed system call takes a microsecond. In the kernel built here one that
finds no file takes none, so that start-up takes as long whatever files a machine has.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


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
