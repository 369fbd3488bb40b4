"""What is derived once and kept for later, where a user's caches are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


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

    Nobody ever sees a part of it. None where it cannot be kept; ``write`` says so by OSError.
    """
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / name
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as staging:
                write(Path(staging) / name)
                (Path(staging) / name).replace(path)
    except OSError:
        return None
    return path
