"""Files next to a study that a document names, and those that they name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from corridor.topologies.base.bounded_file import TRAVELS, is_file, read_bytes
from corridor.topologies.base.documents import Plain, parse_document
from corridor.topologies.base.errors import InputError

YAML = (".yaml", ".yml")


def files_named(data: Plain, folder: Path) -> dict[str, bytes]:
    """By name, those in a ``folder`` that a document, or one of them, names.

    Raises InputError for one that cannot be read, or is not below the folder.
    """
    files: dict[str, bytes] = {}
    _collect(data, folder, Path(), files)
    return files


def _collect(value: Plain, folder: Path, beside: Path, files: dict[str, bytes]) -> None:
    """Add what a file names, which lies in ``beside``: relative to it, or to the study."""
    for text in filter(_may_be_path, _texts(value)):
        for name in dict.fromkeys((text, str(beside / text))):
            if name not in files and is_file(folder / name):
                _add(name, folder, files)


def _add(name: str, folder: Path, files: dict[str, bytes]) -> None:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        said = f'"{name}" is not below the study'
        raise InputError(said, "put the file next to the study", str(folder))
    files[name] = read_bytes(folder / name, TRAVELS)
    if name.endswith(YAML):
        with contextlib.suppress(InputError, UnicodeDecodeError):
            _collect(parse_document(files[name].decode(), name).data, folder, path.parent, files)


def _may_be_path(text: str) -> bool:
    return bool(text.strip()) and len(text) < 256 and "\0" not in text


def _texts(value: Plain) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
