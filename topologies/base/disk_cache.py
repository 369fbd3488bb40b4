"""What is derived once and kept for later, where a user's caches are.

All of it may be deleted at any time, and nobody ever sees a part of a file. Where nothing can be
kept, everything is derived again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from corridor.topologies.base.ownership import hand_over, owner_in

MOST = 32
"""Texts of a kind: those that were used last."""


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


def kept_text(kind: str, key: str, make: Callable[[], str]) -> str:
    """What ``make`` says, or said for the same ``key`` before; a text that was harmed is not used.

    What ``make`` raises is not kept.
    """
    folder = cache_folder()
    if folder is None:
        return make()
    path = folder / f"{kind}-{key}"
    text = _unharmed(path)
    if text is None:
        text = make()
        with contextlib.suppress(OSError):
            sealed = f"{_digest(text)}\n{text}"
            _place(path, lambda staged: staged.write_text(sealed, encoding="utf-8"))
            _let_go_of_the_oldest(folder, kind)
    return text


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
        digest, _, text = path.read_text(encoding="utf-8").partition("\n")
        if digest != _digest(text):
            return None
        os.utime(path)
    except (OSError, ValueError):
        return None
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _let_go_of_the_oldest(folder: Path, kind: str) -> None:
    found = sorted(folder.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime)
    for path in found[:-MOST]:
        path.unlink(missing_ok=True)
