"""How much fits on a line of the terminal that standard output is, if it is one."""

from __future__ import annotations

import shutil
import sys


def terminal_width() -> int | None:
    """In characters; None where output goes to a file or another program."""
    if not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size((80, 24)).columns
