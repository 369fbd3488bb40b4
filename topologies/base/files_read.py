"""Files that a computation depends on: noted while it runs, compared before later use.

Python reports each file that it opens and each folder that it lists to audit hooks (PEP 578), so no
reader can be forgotten. A name that is only looked for is noted by ``bounded_file``, since a file
that appears later may change the result. Modules of Python are not noted: the version of the code
covers them.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corridor.topologies.base.installation import CHECKOUT, PACKAGE

FOLDERS = ("topologies", "controller", "traffic", "experiments")
OF_CODE = tuple(f"{base}/{one}/" for base in (CHECKOUT, PACKAGE) for one in FOLDERS)
"""What the version of the code covers, data that ship with it included."""
MODULES = (".py", ".pyc", ".so")
BUILT = (".pyc", ".so")
OTHER_INPUTS = frozenset(
    {
        *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"),
        *("socket.bind", "socket.connect", "socket.getaddrinfo", "sqlite3.connect"),
    }
)
"""Events by which something comes in that no file's digest covers."""
OF_KERNEL = ("/proc/", "/sys/", "/dev/")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CLOCK_NS = 20_000_000
"""The clock that stamps files may be this much behind that of the process."""


class FilesRead:
    """What one computation depends on.

    Attributes:
        paths: Absolute names of the files, the folders, and the names where nothing was found. With
            each, which file it led to. A name stays as it is: what ``link/..`` leads to, the kernel
            knows, not the text.
        is_whole: False once it read something that is not a file, such as a program's output.
    """

    def __init__(self) -> None:
        self.paths: dict[str, tuple[int, int] | None] = {}
        self.is_whole = True

    def note(self, name: object) -> None:
        """Add a file or folder by its name."""
        try:
            path = os.path.join(os.getcwd(), os.fsdecode(name))  # type: ignore[arg-type]  # noqa: PTH109, PTH118
            plain = os.path.realpath(path) if "/.." in path else os.path.normpath(path)
        except (TypeError, ValueError, OSError):
            self.is_whole = False
            return
        if plain.startswith(OF_CODE) or plain == os.devnull or _is_module(plain):
            return
        if plain.startswith(OF_KERNEL) or plain.endswith(BUILT):
            self.is_whole = False
        if path not in self.paths:
            self.paths[path] = _identity(path)

    def is_unchanged_since(self, since_ns: int) -> bool:
        """Whether each name leads to the same file as then, and nothing happened to that.

        A link or a folder in its path may have been replaced during the computation.
        """
        return all(
            is_unchanged_since(path, since_ns) and _identity(path) == led_to
            for path, led_to in self.paths.items()
        )


_noting: FilesRead | None = None
_hooked: list[bool] = []


@contextmanager
def noting(found: FilesRead | None) -> Iterator[None]:
    """Note in ``found`` what is read within the block; with None, note nothing."""
    global _noting
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_hear)
    before, _noting = _noting, found
    try:
        yield
    finally:
        _noting = before


def looked_for(name: object) -> None:
    """Note a name that may not be there."""
    if _noting is not None:
        _noting.note(name)


def read_elsewhere() -> None:
    """Note that a result depends on more than files, as that of a user's code may."""
    if _noting is not None:
        _noting.is_whole = False


def state(path: str) -> str:
    """What is there: the digest of a file's content, the names in a folder, or nothing."""
    try:
        held = Path(path).stat()
        if stat.S_ISREG(held.st_mode):
            with Path(path).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        if stat.S_ISDIR(held.st_mode):
            return f"folder {sorted(one.name for one in Path(path).iterdir())}"
    except FileNotFoundError:
        return "nothing"
    except (OSError, ValueError) as problem:
        return f"unreadable {type(problem).__name__}"
    return f"other {held.st_mode}"


def is_unchanged_since(path: str, since_ns: int) -> bool:
    """Whether nothing happened to a name since an instant of ``time.time_ns``."""
    try:
        last_ns = max(Path(path).stat().st_ctime_ns, Path(path).lstat().st_ctime_ns)
    except (FileNotFoundError, NotADirectoryError):
        above = str(Path(path).parent)
        return above == path or is_unchanged_since(above, since_ns)
    except (OSError, ValueError):
        return False
    return last_ns < since_ns - CLOCK_NS


def _identity(path: str) -> tuple[int, int] | None:
    """Which file or folder a name leads to; None for none."""
    try:
        held = Path(path).stat()
    except (OSError, ValueError):
        return None
    return held.st_dev, held.st_ino


def _hear(event: str, about: tuple[Any, ...]) -> None:
    if _noting is None:
        return
    if event == "open":
        name, _, flags = about
        if not (isinstance(name, int) or (flags or 0) & WRITES):
            _noting.note(name)
    elif event == "os.scandir" or (event == "os.listdir" and not _is_searched(about[0])):
        if not isinstance(about[0], int):
            _noting.note("." if about[0] is None else about[0])
    elif event in OTHER_INPUTS:
        _noting.is_whole = False


def _is_module(path: str) -> bool:
    """A module of an installed library, what its installer noted, or bytecode that is kept."""
    is_kept = sys.pycache_prefix is not None and path.startswith(f"{sys.pycache_prefix}/")
    return is_kept or ((path.endswith(MODULES) or ".dist-info/" in path) and _is_searched(path))


def _is_searched(path: object) -> bool:
    """Whether Python looks for modules there, for which it lists folders itself."""
    return any(path == one or str(path).startswith(f"{one}/") for one in sys.path if one)
