"""Result folders: new or empty ones, and what it means that one cannot be written.

A new one is for no one else of this machine to read. What root makes for someone is theirs.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from corridor.topologies.base.errors import CorridorError, InputError, MeasurementInvalid
from corridor.topologies.base.whole_file import hand_over, hand_over_all, owner_in

DEFAULT_RESULTS = Path("results")
OWN_ONLY = 0o700
LEAST_ROOM = 16_384


def remove_empty(out_dir: Path, *, itself: bool) -> None:
    """What was made for a run that is refused; a folder that holds anything stays."""
    with contextlib.suppress(OSError):
        for folder in (out_dir / "raw", out_dir / "tables", *([out_dir] if itself else [])):
            folder.rmdir()


def make_result_folder(wanted: Path | None, name: str) -> Path:
    """A new or empty folder for one run; raises InputError for anything else."""
    folder = new_folder(wanted, name)
    try:
        for part in ("raw", "tables"):
            (folder / part).mkdir()
            _hand_over(folder / part)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def new_folder(wanted: Path | None, name: str) -> Path:
    """A new or empty folder, ``wanted`` or named by ``name`` and the time; else InputError."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = wanted or DEFAULT_RESULTS / f"{name}-{stamp}"
    candidate = base
    try:
        _make_parents(base)
        for number in itertools.count(2):
            try:
                candidate.mkdir(OWN_ONLY, exist_ok=wanted is not None)
                break
            except FileExistsError:
                if wanted is not None:
                    raise
                candidate = base.with_name(f"{base.name}-{number}")
        if any(candidate.iterdir()):
            raise InputError(
                "the result folder is not empty", "name a new one", file=str(candidate)
            )
        _hand_over(candidate, whole=True)
    except FileExistsError:
        raise InputError(
            "is a file, not a folder", "name another with --out", file=str(candidate)
        ) from None
    except OSError as error:
        raise unwritable(candidate, error) from error
    return candidate


def refuse_links(folder: Path) -> None:
    """Raise InputError if a result folder contains a symbolic link.

    No run makes one, and what is written to a folder behind a link would be written elsewhere.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            if path.is_symlink():
                raise InputError(
                    f"{path.relative_to(folder)} is a symbolic link, and no result is one",
                    "remove the link",
                    file=str(folder),
                )


def _make_parents(folder: Path) -> None:
    lacking = [one for one in folder.absolute().parents if not one.exists()]
    for one in reversed(lacking):
        one.mkdir(exist_ok=True)
        _hand_over(one)


def _hand_over(made: Path, *, whole: bool = False) -> None:
    """To the user it is for; ``whole`` includes all that is in it once this process has ended."""
    owner = owner_in(made.absolute().parent)
    if owner is None:
        return
    hand_over(made, owner)
    if whole:
        atexit.register(hand_over_all, made.absolute(), owner)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Results into a folder: an OSError becomes an error about the requested place."""
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error


def is_full(folder: Path) -> bool:
    """Return whether the file system of a folder has no room for one more file of a few pages."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize < LEAST_ROOM


def unwritable(folder: Path, error: OSError) -> CorridorError:
    """What it means for who asked for results there."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MeasurementInvalid(f"{folder}: no space left", "free some, or use --out elsewhere")
    reason = error.strerror or str(error)
    return InputError(
        f"cannot write results: {reason}",
        "give a folder you may write with --out",
        file=str(folder),
    )
