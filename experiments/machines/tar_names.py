"""A tar that programs read which know no character set.

mke2fs stays in the locale ``C``, where libarchive refuses names that a pax header gives in UTF-8.
GNU's headers have names as octets. An entry that is overwritten so loses extended
attributes; Debian has none on files with such names.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import IO

ONCE_BYTES = 1 << 20


def copy_with_plain_names(source: Path, out: IO[bytes]) -> None:
    """Write the tar to ``out``, names beyond ASCII by GNU's headers. Raises OSError, TarError."""
    with tarfile.open(source, "r:") as tar, source.open("rb") as raw:
        for entry in tar:
            end = entry.offset_data + (_padded(entry.size) if entry.isreg() else 0)
            start = entry.offset
            if not (entry.name + entry.linkname).isascii():
                out.write(entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
                start = entry.offset_data
            raw.seek(start)
            _copy(raw, out, end - start)
        out.write(b"\0" * tarfile.RECORDSIZE)


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _copy(source: IO[bytes], out: IO[bytes], left: int) -> None:
    while left > 0:
        part = source.read(min(left, ONCE_BYTES))
        if not part:
            raise tarfile.ReadError("the tar ends too soon")
        out.write(part)
        left -= len(part)
