"""A copy of code for a guest, with each module compiled as in every other checkout. Standard
library only.

What Python keeps beside the sources depends on where they lie and on what was imported before, and
shapes the memory of programs that load it. Compiled here, a module has the name that it has in
guests and the same octets wherever its source is the same.
"""

# A guest waits for 850 files: pathlib would take as long again.
# ruff: noqa: PTH102, PTH103, PTH123

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import shutil
import stat
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from corridor.topologies.base.whole_file import hand_over, owner_in, replacing

NOTHING_SHARED = 2
"""The format of marshal without references: which objects are shared differs between processes."""
UNCHECKED = b"\1\0\0\0"
"""The sources of a copy do not change, so Python need not look at them (PEP 552)."""
SUM_OCTETS = 4
_OPEN = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def copy_compiled(source: Path, target: Path, name: str, kept: Path | None) -> None:
    """Copy a folder of code to ``target``, which guests have as ``name``, an absolute path.

    ``kept`` is a file of what was compiled before: it is read, and written where anything is new.
    """
    before = _read(kept)
    now = dict(_copied(str(source), str(target), name, before))
    if kept is not None and now != before:
        _keep(now, kept)


def _copied(
    source: str, target: str, name: str, before: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """The compiled modules of a folder by their names, once they are in place."""
    os.makedirs(target)
    shutil.copymode(source, target)
    modules = f"{target}/__pycache__"
    with os.scandir(source) as found:
        entries = sorted(found, key=lambda one: one.name)
    if any(one.name.endswith(".py") for one in entries):
        os.mkdir(modules)
        shutil.copymode(source, modules)
    for one in entries:
        place, called = f"{target}/{one.name}", f"{name}/{one.name}"
        if one.name == "__pycache__":
            continue
        if one.is_dir():
            yield from _copied(one.path, place, called, before)
        elif one.name.endswith(".py"):
            mode = stat.S_IMODE(one.stat().st_mode)
            with open(one.path, "rb") as file:
                text = file.read()
            _write(place, text, mode)
            compiled = before.get(called, b"")
            if compiled[:16] != _head(text):
                try:
                    compiled = _head(text) + _compiled(text, called)
                except (SyntaxError, ValueError):
                    continue  # a file that nothing imports; else its import says what is wrong
            _write(importlib.util.cache_from_source(place), compiled, mode)
            yield called, compiled
        else:
            shutil.copy(one.path, place)


def _head(text: bytes) -> bytes:
    """What a compiled file begins with: Python's version, and the hash of the source."""
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(text)


def _compiled(text: bytes, name: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    return marshal.dumps(code, NOTHING_SHARED)


def _write(place: str, octets: bytes, mode: int) -> None:
    with open(os.open(place, _OPEN, mode), "wb", buffering=0) as file:
        os.fchmod(file.fileno(), mode)  # whatever this process would withhold from others
        left = memoryview(octets)
        while left:
            left = left[file.write(left) :]


def _read(kept: Path | None) -> dict[str, bytes]:
    """What was kept; nothing, if that was harmed."""
    try:
        sealed = kept.read_bytes() if kept is not None else b""
    except OSError:
        return {}
    octets = memoryview(sealed)[SUM_OCTETS:]
    if zlib.crc32(octets).to_bytes(SUM_OCTETS) != sealed[:SUM_OCTETS]:
        return {}
    try:
        found = marshal.loads(octets)  # noqa: S302 - this user's own file
    except (EOFError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(compiled: dict[str, bytes], kept: Path) -> None:
    """Where nothing can be kept, everything is compiled again next time."""
    octets = marshal.dumps(compiled)
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        owner = owner_in(kept.parent)
        with replacing(kept) as draft:
            draft.write_bytes(zlib.crc32(octets).to_bytes(SUM_OCTETS) + octets)
            if owner is not None:
                hand_over(draft, owner)
