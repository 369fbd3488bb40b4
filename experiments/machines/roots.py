"""Folders that mmdebstrap makes a root in.

What lies there belongs to subordinate ids, so that an ordinary user's ``rm`` cannot remove it:
mmdebstrap's own helper is the user's way in.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from corridor.experiments.machines.tools import find
from corridor.topologies.base.scratch import lock_folder

PREFIX = "corridor-root-"
DEFAULT_PLACE = Path("/var/tmp")  # on a disk, and subordinate ids get there


def place() -> Path:
    return Path(os.environ.get("TMPDIR", DEFAULT_PLACE))


@contextlib.contextmanager
def root_folder() -> Iterator[Path]:
    """A private folder, held by its process and removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place()))
    lock = lock_folder(folder, fcntl.LOCK_EX)
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def remove_dead_roots() -> list[Path]:
    """Remove this user's folders whose process was killed; which they were."""
    removed = []
    for folder in sorted(place().glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):  # another user's, someone's still, or just gone
            lock = lock_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    _remove(folder)
                    removed.append(folder)
            finally:
                os.close(lock)
    return [folder for folder in removed if not folder.exists()]


def _remove(folder: Path) -> None:
    helper = find("mmdebstrap")
    if helper and os.geteuid() != 0:
        inside = [str(path) for path in folder.iterdir()]
        command = [helper, "--unshare-helper", "rm", "-rf", "--one-file-system", "--", *inside]
        subprocess.run(command, capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)
