"""Whether two files of results say the same, and where they differ first. Pure."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

from corridor.topologies.base.bounded_file import RESULT, read_bytes, read_json

DIGITS = 1e-9
"""Of a number: processors add up in other orders."""
NOT_OF_SAMPLES = ("version", "made_by", "wall_s", "failure")
"""Keys of who wrote it, and of what a run's own process knew."""


def difference(wanted: Path, found: Path) -> str:
    """Where they differ first, in words; empty where they say the same. Raises InputError for a
    file that cannot be read."""
    if not found.exists():
        return "is not made again"
    one, other = read_bytes(wanted, RESULT), read_bytes(found, RESULT)
    if one == other:
        return ""
    if wanted.suffix == ".json":
        return _of_values(read_json(wanted, RESULT), read_json(found, RESULT), "")
    if wanted.suffix == ".parquet":
        return _of_tables(wanted, found)
    return _of_texts(one.decode(errors="replace"), other.decode(errors="replace"))


def _of_values(one: Any, other: Any, path: str) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            if key in NOT_OF_SAMPLES:
                continue
            below = f"{path}.{key}" if path else str(key)
            if (key in one) != (key in other):
                return f"{below} is {'not ' if key in one else ''}there when it is made again"
            if found := _of_values(one[key], other[key], below):
                return found
        return ""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path} has {len(one)} items and {len(other)} when it is made again"
        pairs = enumerate(zip(one, other, strict=True))
        differing = (_of_values(a, b, f"{path}[{n}]") for n, (a, b) in pairs)
        return next(filter(None, differing), "")
    return "" if _same(one, other) else f"{path} is {_shown(one)}, and {_shown(other)} from samples"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=DIGITS) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _of_tables(one: Path, other: Path) -> str:
    """Of Parquet, ignoring the writer named in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        first, second = pq.read_table(one), pq.read_table(other)
    except (OSError, pa.ArrowException):
        return "cannot be read"
    if not first.schema.equals(second.schema):
        return "has other columns when it is made again"
    if len(first) != len(second):
        return f"has {len(first)} rows, and {len(second)} from samples"
    for name in first.column_names:
        for row, (a, b) in enumerate(
            zip(first[name].to_pylist(), second[name].to_pylist(), strict=True)
        ):
            if not _same(a, b):
                return f"{name} of row {row} is {_shown(a)}, and {_shown(b)} from samples"
    return ""


def _of_texts(one: str, other: str) -> str:
    """Of tables: comments of LaTeX say who wrote them."""
    lines = itertools.zip_longest(*(_told(text) for text in (one, other)), fillvalue="")
    return next(
        (f'has "{a.strip()}", and "{b.strip()}" from samples' for a, b in lines if a != b), ""
    )


def _told(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("%")]
