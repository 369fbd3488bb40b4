"""Compiles the packages of an environment: ``compile_packages.py FOLDER STRIP PLACE``.

Compiled files hold the path of their source. With the same one everywhere, guests read the same
bytes in every checkout: STRIP is taken off, PLACE is where guests see it. Some packages ship files
that are no Python of this release; every other file is compiled, or the exit code is 1.
"""

from __future__ import annotations

import compileall
import importlib.util
import sys
from pathlib import Path


def main(folder: str, strip: str, place: str) -> int:
    def compile_all(workers: int) -> None:
        compileall.compile_dir(folder, quiet=1, stripdir=strip, prependdir=place, workers=workers)

    try:
        compile_all(workers=0)
    except (OSError, NotImplementedError):  # no /dev/shm, so no semaphores between processes
        compile_all(workers=1)
    left = [file for file in Path(folder).rglob("*.py") if _lacks_compiled(file)]
    for file in left:
        print(f"not compiled: {file}")
    return 1 if left else 0


def _lacks_compiled(file: Path) -> bool:
    """Whether a compiled file could be next to it and is missing."""
    if Path(importlib.util.cache_from_source(str(file))).exists():
        return False
    try:
        compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
