"""What is derived once and kept for later, where a user's caches are.

All of it may be deleted at any time, and no one ever sees a part of a file. Where nothing can be
kept, everything is derived again. Texts are in a folder of their user alone (mode 0700), with their
digest; their keys name all that they were made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from corridor.topologies.base.files_read import noting
from corridor.topologies.base.whole_file import hand_over, owner_in

TEXTS, BYTECODE, GUESTS = "kept", "bytecode", "guests"
"""Folders within the cache folder: of texts, of what Python compiles, for which the launcher
names the folder where it must not be next to the sources, and of what is compiled for guests."""
MOST, MOST_BYTES = 64, 64 * 2**20
"""Texts of a kind, and bytes of them: those that were used last stay."""
UNFINISHED_S = 3600
"""What a killed process was writing is removed after that long."""
_ignored: list[bool] = []


def cache_folder() -> Path | None:
    """``$XDG_CACHE_HOME/corridor`` or ``~/.cache/corridor``; None for a user without a home."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        base = configured if configured.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return base / "corridor"


def kept_file(name: str, write: Callable[[Path], None]) -> Path | None:
    """A file of the cache folder, made by ``write`` unless it is there.

    None where it cannot be kept; ``write`` says so by OSError.
    """
    folder = cache_folder()
    if folder is None:
        return None
    try:
        if not (folder / name).exists():
            _place(folder / name, write)
    except OSError:
        return None
    return folder / name


def compiled_before() -> Path | None:
    """The file of what is compiled for guests; None where nothing can be kept."""
    folder = cache_folder()
    return None if folder is None or _ignored else folder / GUESTS / "compiled"


def kept_text(kind: str, key: str, make: Callable[[], str]) -> str:
    """What ``make`` says, or said for the same ``key`` before; a text that was harmed is not used.

    What ``make`` raises is not kept.
    """
    with noting(None):  # the key covers whatever it is made of
        text = find_text(kind, key)
        if text is None:
            text = make()
            keep_text(kind, key, text)
    return text


def find_text(kind: str, key: str) -> str | None:
    """The text that is kept under a key; None where there is none, or it was harmed."""
    folder = _private_folder()
    return None if folder is None else _unharmed(folder / f"{kind}-{key}")


def keep_text(kind: str, key: str, text: str) -> None:
    """Keep a text, where anything can be kept; the oldest of its kind go."""
    folder = _private_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError, ValueError):  # a name that is not UTF-8 may be in a text
        sealed = f"{_digest(text)}\n{text}"
        _place(folder / f"{kind}-{key}", lambda staged: staged.write_text(sealed, encoding="utf-8"))
        _let_go_of_the_oldest(folder, kind)


def ignore_kept_texts() -> None:
    """Neither use nor keep texts in this process, from now on."""
    _ignored.append(True)


def remove_kept() -> tuple[int, int]:
    """Remove all texts and all that was compiled; how many files and bytes these were."""
    cache = cache_folder()
    sizes: list[int] = []
    for folder in () if cache is None else (cache / TEXTS, cache / BYTECODE, cache / GUESTS):
        with contextlib.suppress(OSError):
            sizes += [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        shutil.rmtree(folder, ignore_errors=True)
    return len(sizes), sum(sizes)


def _private_folder() -> Path | None:
    """The folder of texts; None where it cannot be made, or others may write to it."""
    cache = cache_folder()
    if cache is None or _ignored:
        return None
    folder = cache / TEXTS
    try:
        cache.mkdir(parents=True, exist_ok=True)
        owner = owner_in(cache)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            if owner is not None:
                hand_over(folder, owner)
        held = folder.lstat()
    except OSError:
        return None
    ours = {os.geteuid(), *([owner.uid] if owner else [])}
    is_private = stat.S_ISDIR(held.st_mode) and held.st_uid in ours and not held.st_mode & 0o077
    return folder if is_private else None


def _place(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as staging:
        write(Path(staging) / path.name)
        owner = owner_in(path.parent)
        if owner is not None:
            hand_over(Path(staging) / path.name, owner)
        (Path(staging) / path.name).replace(path)


def _unharmed(path: Path) -> str | None:
    try:
        digest, _, text = path.read_bytes().decode("utf-8", "replace").partition("\n")
        if digest != _digest(text):
            path.unlink(missing_ok=True)
            return None
    except OSError:
        return None
    with contextlib.suppress(OSError):  # where nothing can be written, a text is good all the same
        os.utime(path)
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _let_go_of_the_oldest(folder: Path, kind: str) -> None:
    found = [(path, path.stat()) for path in folder.glob(f"{kind}-*")]
    room = MOST_BYTES
    for number, (path, held) in enumerate(sorted(found, key=lambda one: -one[1].st_mtime_ns)):
        room -= held.st_size
        if number >= MOST or room < 0:
            path.unlink(missing_ok=True)
    for path in folder.glob(".*"):
        if path.stat().st_mtime < time.time() - UNFINISHED_S:
            shutil.rmtree(path, ignore_errors=True)
