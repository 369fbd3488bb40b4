"""Replaces a file by another: whole or not at all, and never through a link.

The new file is made next to the old one, under a name that no one can predict, and takes its place.
A symbolic link that has the name of the old file is replaced, and what it leads to stays. Tables
of results are written so, too; their schemas state the units of columns.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corridor.topologies.base.units import unit_of

if TYPE_CHECKING:
    import pyarrow as pa


ASIDE = ".new"
DRAFT = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield an empty file to write to, which replaces ``path`` on leaving without an exception.

    Raises OSError.
    """
    draft = path.with_name(f".{secrets.token_hex(8)}-{path.name}")
    os.close(os.open(draft, DRAFT | os.O_EXCL, 0o666))
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Replace ``path``; its content is on the disk when this returns. Raises OSError.

    Controllers in guests write their state so, at moments of virtual time that count system calls:
    the draft has a fixed name, and a link of that name is removed.
    """
    draft = path.with_name(f"{path.name}{ASIDE}")
    try:
        number = os.open(draft, DRAFT | os.O_TRUNC, 0o666)
    except OSError as problem:
        if problem.errno != errno.ELOOP:
            raise
        draft.unlink()
        number = os.open(draft, DRAFT | os.O_EXCL, 0o666)
    with open(number, "wb") as file:  # noqa: PTH123 - of a descriptor
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by a text in UTF-8. Raises OSError."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


# Whose it is what root makes for a user: who called ``sudo``, else who owns the folder it is in.
# Links are never followed, and what is not root's is left alone.


class Owner(NamedTuple):
    uid: int
    gid: int


def owner_in(folder: Path) -> Owner | None:
    """Of what is made in a folder that is there; None where that is who makes it."""
    if os.geteuid() != 0:
        return None
    try:
        caller = Owner(int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
    except (KeyError, ValueError):
        there = folder.stat()
        caller = Owner(there.st_uid, there.st_gid)
    return caller if caller.uid > 0 else None


def hand_over(path: Path, owner: Owner) -> None:
    """One file or folder."""
    os.chown(path, *owner, follow_symlinks=False)


def hand_over_all(folder: Path, owner: Owner) -> None:
    """A folder and all that root has put in it, as far as it is still there."""
    with contextlib.suppress(OSError):
        for _, folders, files, at in os.fwalk(folder, follow_symlinks=False):
            os.chown(at, *owner)
            for name in (*folders, *files):
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=at, follow_symlinks=False)
                    if found.st_uid == 0 and (name in folders or found.st_nlink == 1):
                        os.chown(name, *owner, dir_fd=at, follow_symlinks=False)


UNIT = b"unit"
"""The key of a field's metadata."""


def write_parquet_file(path: Path, table: pa.Table, units: Mapping[str, str] | None = None) -> None:
    """The same bytes for the same table. ``units`` are those that the name of a column does not
    say."""
    import pyarrow.parquet as pq

    with replacing(path) as draft:
        pq.write_table(with_units(table, units or {}), draft, compression="zstd", version="2.6")


def with_units(table: pa.Table, units: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    fields = []
    for field in table.schema:
        unit = units.get(field.name) or unit_of(field.name)
        told = field.metadata or {}
        fields.append(field if unit is None else field.with_metadata({**told, UNIT: unit.encode()}))
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))
