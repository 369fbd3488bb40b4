"""Reads every file that a user names, or that is in a folder of results.

Only regular files are read, and never more of them than their kind may hold: a pipe, a device or
a folder is refused without waiting for it, a file that is too large without reading it. Whatever
is wrong is an InputError that names the file and what to do.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.files_read import looked_for
from corridor.topologies.base.suggestions import nearest

MAX_DEPTH = 64
"""Levels of lists and objects in JSON."""
MAX_SHOWN = 80
_NAME_BYTES = 255
"""What file systems take as the name of one file."""


@dataclass(frozen=True)
class Kind:
    """How much a file of a kind may hold, and what to do about more."""

    max_bytes: int
    hint: str

    @property
    def limit(self) -> str:
        """In words."""
        for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
            if self.max_bytes >= size:
                return f"{self.max_bytes // size} {unit}"
        return f"{self.max_bytes} bytes"


WRITTEN = Kind(8 * 2**20, "split it into smaller files")
"""What people write, and topologies that programs export."""
TABLES = Kind(256 * 2**20, "name a run's tables/after.json")
RESULT = Kind(512 * 2**20, "name a result folder that a run left")
"""Any text that a run leaves."""
RECORDS = Kind(4 * 2**30, "name a result folder that a run left")
"""A host's probes: 64 bytes each, thrice at most."""
TRAVELS = Kind(
    64 * 2**20, "leave it out of the scenario, or make it smaller: each cell takes it along"
)
"""What a scenario names, as it goes to where a cell of a study runs."""
NOTE = Kind(64 * 2**10, "name the file that a run or a live network left")

_NO_FILES = (
    (stat.S_ISDIR, "is a directory", "name a file in it"),
    (stat.S_ISFIFO, "is a pipe, not a file", "write it to a file and name that"),
    (stat.S_ISSOCK, "is a socket, not a file", "name a file"),
    (stat.S_ISCHR, "is a device, not a file", "name a file"),
    (stat.S_ISBLK, "is a device, not a file", "name a file"),
)


MORE_BYTES = 2**20


class Unreadable(InputError):
    """A file that cannot be read. If a document names the file, the error states the place."""


class NoSuchFile(Unreadable):
    """A file that is not there."""


def is_there(path: str | Path) -> bool:
    """Whether there is a file or folder of that name; False for what cannot be a name at all."""
    looked_for(path)
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for names that are too long


def is_file(path: str | Path) -> bool:
    """Whether there is a regular file of that name; False for what cannot be a name at all."""
    looked_for(path)
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Whether there is a folder of that name; False for what cannot be a name at all."""
    looked_for(path)
    return os.path.isdir(path)  # noqa: PTH112


def open_bounded(path: str | Path, kind: Kind) -> BinaryIO:
    """A regular file that holds no more than its kind may, open to be read. Raises InputError."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as problem:
        _refuse(path, problem)
    try:
        _check(shown(path), os.fstat(number), kind)
    except InputError:
        os.close(number)
        raise
    return os.fdopen(number, "rb")


def read_bytes(path: str | Path, kind: Kind) -> bytes:
    """All of a regular file that is within its kind's bounds. Raises InputError."""
    with open_bounded(path, kind) as file:
        try:
            raw = _read(file, kind.max_bytes + 1)
        except OSError as problem:
            _refuse(path, problem)
    if len(raw) > kind.max_bytes:
        raise _too_large(shown(path), kind)
    return raw


def _read(file: BinaryIO, most: int) -> bytes:
    """Up to this many bytes. Asks for what is there, since memory is reserved for all asked for."""
    wanted = min(os.fstat(file.fileno()).st_size + 1, most)
    raw = file.read(wanted)
    while len(raw) == wanted < most:  # it has grown in the meantime
        wanted = min(wanted + MORE_BYTES, most)
        raw += file.read(wanted - len(raw))
    return raw


def read_text(path: str | Path, kind: Kind = WRITTEN) -> str:
    """The UTF-8 text of a file, as ``read_bytes``."""
    file, raw = shown(path), read_bytes(path, kind)
    if b"\0" in raw:
        raise Unreadable("is a binary file, not text", "name a text file", file=file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise InputError("is not UTF-8 text", "save it as UTF-8", file=file, line=line) from None


def read_json(path: str | Path, kind: Kind) -> Any:
    """What a file of JSON says, as ``read_text`` and ``parse_json``."""
    return parse_json(read_text(path, kind), shown(path))


def parse_json(
    text: str, file: str, *, objects: Callable[[JsonObject], JsonObject] | None = None
) -> Any:
    """Values of JSON at most ``MAX_DEPTH`` levels deep; ``file`` is named in errors: InputError.

    Objects are what ``objects`` makes of them, which must be a dict too.
    """
    try:
        said = json.loads(text, parse_constant=_no_number, object_hook=objects)
    except json.JSONDecodeError as problem:
        raise InputError(f"is not JSON: {problem.msg}", file=file, line=problem.lineno) from None
    except RecursionError:
        raise _too_deep(file) from None
    except ValueError as problem:
        digits = "digits" in str(problem)
        why = "it holds a number of too many digits" if digits else str(problem)
        raise InputError(f"is not JSON: {why}", file=file) from None
    if not _is_within(said, MAX_DEPTH):
        raise _too_deep(file)
    return said


def shown(path: str | Path) -> str:
    """A file's name as errors have it: shortened if it is longer than any name may be."""
    name = str(path)
    half = MAX_SHOWN // 2
    if all(len(part) <= _NAME_BYTES for part in name.split("/")):
        return name
    return f"{name[:half]}...{name[-half:]}"


def _refuse(path: str | Path, problem: OSError | ValueError) -> NoReturn:
    """Say why a file cannot be opened or read."""
    file = shown(path)
    number = getattr(problem, "errno", None)
    if number == errno.ENOENT:
        raise NoSuchFile("no such file", _near_file(Path(path)), file=file) from None
    if number == errno.EACCES:
        raise Unreadable("cannot be read", f"chmod +r {file}", file=file) from None
    if number == errno.ENAMETOOLONG:
        hint = f"a name has {_NAME_BYTES} bytes at most"
        raise Unreadable("is too long for a file's name", hint, file=file) from None
    if number in (errno.ENXIO, errno.ENODEV):
        hint = "name a file"
        raise Unreadable("is a socket or a device, not a file", hint, file=file) from None
    if isinstance(problem, ValueError):
        message = "is not a file name: it contains a forbidden character"
        raise Unreadable(message, "name a file", file=file) from None
    reason = getattr(problem, "strerror", None) or str(problem)
    raise Unreadable(f"cannot be read: {reason}", "name a file", file=file) from None


def _check(file: str, held: os.stat_result, kind: Kind) -> None:
    for is_such, what, hint in _NO_FILES:
        if is_such(held.st_mode):
            raise Unreadable(what, hint, file=file)
    if held.st_size > kind.max_bytes:
        raise _too_large(file, kind)


def _too_large(file: str, kind: Kind) -> Unreadable:
    return Unreadable(f"is larger than {kind.limit}", kind.hint, file=file)


def _too_deep(file: str) -> InputError:
    return InputError(f"is nested deeper than {MAX_DEPTH} levels", file=file)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


_NESTED = (dict, list)


def _is_within(said: Any, levels: int) -> bool:
    """Whether lists and objects are nested no deeper than that."""
    level = [said] if isinstance(said, _NESTED) else []
    for _ in range(levels + 1):
        level = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, _NESTED)
        ]
        if not level:
            return True
    return False


def _near_file(path: Path) -> str:
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - names are all that is asked for
    except (OSError, ValueError):
        return ""
    return nearest(path.name, names)
