"""Files that are there whole, or as they were before: whatever kills who writes them."""

from __future__ import annotations

import os
from pathlib import Path

ASIDE = ".new"


def write_whole(path: Path, content: bytes) -> None:
    """On the disk when it returns. Raises OSError."""
    aside = path.with_name(f"{path.name}{ASIDE}")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
