"""The first file system of an emulated machine: modules, a shell, and what to do with them. Pure.

An archive in the kernel's own format (``newc``, Documentation/driver-api/early-userspace). The
same content gives the same bytes: no times, no owners, numbers in order.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MAGIC, LAST = "070701", "TRAILER!!!"
FOLDER, PROGRAM, FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755, stat.S_IFREG | 0o644
DEVICE = stat.S_IFCHR | 0o600
CONSOLE = (5, 1)


class Entry(NamedTuple):
    """One file of an archive, folders before what is in them."""

    name: str
    mode: int = FOLDER
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def archive(entries: Iterable[Entry]) -> bytes:
    """All of them, and the end."""
    parts = [_packed(number, one) for number, one in enumerate(entries, 1)]
    return b"".join(parts) + _packed(0, Entry(LAST, 0))


def _packed(number: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    links = 2 if entry.mode & FOLDER == FOLDER else 1
    fields = (
        *(number, entry.mode, 0, 0, links, 0, len(entry.content)),
        *(0, 0, *entry.device, len(name), 0),
    )
    head = MAGIC.encode() + b"".join(b"%08X" % field for field in fields)
    return _to_a_word(head + name) + _to_a_word(entry.content)


def _to_a_word(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def with_modules(busybox: bytes, modules: Sequence[tuple[str, bytes]]) -> bytes:
    """An archive of a shell and of modules, by name, for a script that is in another."""
    return archive(
        [
            *(Entry(name) for name in ("bin", "dev", "modules", "root")),
            Entry("dev/console", DEVICE, device=CONSOLE),
            Entry("bin/busybox", PROGRAM, busybox),
            *(Entry(f"modules/{name}.ko", FILE, image) for name, image in modules),
        ]
    )


def with_script(script: str) -> bytes:
    """An archive of the first program. Of archives one after the other the kernel unpacks each."""
    return archive([Entry("init", PROGRAM, script.encode())])
