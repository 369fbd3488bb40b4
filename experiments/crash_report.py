"""Unexpected errors: kept in a file for a report, and shown to the user in one line."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from corridor.topologies.base.disk_cache import cache_folder

PREFIX = "internal-error-"


def keep_traceback(error: BaseException) -> Path | None:
    """A new file with the traceback, for its user alone (mode 600): in the cache folder, else
    among temporary files. None where neither can be written."""
    text = _told(error)
    for folder in (cache_folder(), None):
        with contextlib.suppress(OSError):
            return _written(text, folder)
    return None


def _written(text: str, folder: Path | None) -> Path:
    """In a file whose name cannot be guessed; where ``folder`` is None, for temporary files."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    number, path = tempfile.mkstemp(prefix=PREFIX, suffix=".log", dir=folder)
    with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return Path(path)


def _told(error: BaseException) -> str:
    raised = "".join(traceback.format_exception(error))
    return f"{sys.argv}\nPython {platform.python_version()}, {platform.platform()}\n\n{raised}"
