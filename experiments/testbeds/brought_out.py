"""What an emulated machine measures, brought to the host while it measures. Standard library only.

The clock of such a machine skips the time in which it waits for the host, so nothing that measures
writes to the host's files: it writes to memory, and a process that runs whenever no other does
copies what has come since, once a second. What a killed machine leaves is at most that old.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH103, PTH116, PTH120, PTH123

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

EVERY_S = 1.0
CHUNK_BYTES = 16384
"""So little at a time, as a kernel that copies is not interrupted."""
HEAD_BYTES = 4096
"""The head of a file of records, the only part that is written over."""
WRITTEN_OVER = ".json"
"""What such files are called as are written over in whole; others are added to."""


class State(NamedTuple):
    """Of a file when it was last brought out."""

    changed_ns: int
    size_bytes: int


States = dict[str, State]
"""By path below the folder."""


@contextlib.contextmanager
def brought_out(inside: str, outside: str) -> Iterator[None]:
    """``inside`` begins as what ``outside`` holds; all that changes there comes out, in the end
    whole."""
    copy_files(outside, inside, {})
    known = states_of(inside)
    courier = os.fork()
    if courier == 0:
        _be_courier(inside, outside, dict(known))
    try:
        yield
    finally:
        os.kill(courier, signal.SIGKILL)
        copy_files(inside, outside, known)


def copy_files(source: str, target: str, known: States) -> None:
    """All files below a folder, but those that have not changed since they were ``known``."""
    for name, state in states_of(source).items():
        if known.get(name) != state:
            _bring(f"{source}/{name}", f"{target}/{name}", 0)


def states_of(place: str) -> States:
    """How each file below a folder is now."""
    found: States = {}
    for folder, _folders, names in os.walk(place):
        for name in names:
            path = f"{folder}/{name}"
            with contextlib.suppress(FileNotFoundError):  # a file of a moment's
                about = os.stat(path)
                found[os.path.relpath(path, place)] = State(about.st_mtime_ns, about.st_size)
    return found


def bring_growth(source: str, target: str, known: States) -> None:
    """Add to each copy what its file has grown by since it was ``known``, and its head again."""
    for name, state in states_of(source).items():
        before = known.get(name)
        if before != state:
            with contextlib.suppress(FileNotFoundError):
                _bring(f"{source}/{name}", f"{target}/{name}", _same_until(name, before, state))
            known[name] = state


def _same_until(name: str, before: State | None, now: State) -> int:
    """How much of a file need not be copied again."""
    if before is None or before.size_bytes > now.size_bytes or name.endswith(WRITTEN_OVER):
        return 0
    return before.size_bytes


def _bring(source: str, target: str, since: int) -> None:
    """What is in a file from there on; its copy is never shorter than it was before."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(source, "rb", buffering=0) as file:
        copy = os.open(target, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(copy, file.read(min(HEAD_BYTES, since)), 0)
            file.seek(since)
            while piece := file.read(CHUNK_BYTES):
                since += os.pwrite(copy, piece, since)
            os.ftruncate(copy, since)
        finally:
            os.close(copy)


def _be_courier(inside: str, outside: str, known: States) -> NoReturn:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True:
        time.sleep(EVERY_S)
        bring_growth(inside, outside, known)
