"""Replaces a file by another: whole or not at all, and never through a link.

The new file is made next to the old one, under a name that no one can predict, and takes its place.
A symbolic link that has the name of the old file is replaced, and what it leads to stays.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

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
