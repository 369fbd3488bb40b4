"""Traces of requests as CSV, in the forms in which others publish them. Pure.

| columns | form |
|---|---|
| `TIMESTAMP, ContextTokens, GeneratedTokens` | Azure's traces of language models |
| `Timestamp, ..., Request tokens, Response tokens, Log Type` | BurstGPT |
| `at_s, up_bytes, down_bytes` | of one's own |

Tokens become octets by what the workload says that one has.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S

FAILED_TOKENS = 0
"""BurstGPT has answers without tokens where a request failed."""


class TraceRow(NamedTuple):
    """A request. ``down`` is None where nothing answers; ``counts_tokens`` reports both."""

    at_ns: int
    """After the first of the trace."""
    up: int
    down: int
    counts_tokens: bool


class _Read(NamedTuple):
    at_ns: int
    up: int
    down: int


def _azure(row: Mapping[str, str]) -> _Read:
    return _Read(
        _since_1970_ns(row["TIMESTAMP"]), int(row["ContextTokens"]), int(row["GeneratedTokens"])
    )


def _burstgpt(row: Mapping[str, str]) -> _Read:
    at_ns = round(float(row["Timestamp"]) * NS_PER_S)
    return _Read(at_ns, int(row["Request tokens"]), int(row["Response tokens"]))


def _own(row: Mapping[str, str]) -> _Read:
    return _Read(round(float(row["at_s"]) * NS_PER_S), int(row["up_bytes"]), int(row["down_bytes"]))


_FORMS: Mapping[frozenset[str], tuple[Callable[[Mapping[str, str]], _Read], bool]] = {
    frozenset({"TIMESTAMP", "ContextTokens", "GeneratedTokens"}): (_azure, True),
    frozenset({"Timestamp", "Request tokens", "Response tokens"}): (_burstgpt, True),
    frozenset({"at_s", "up_bytes", "down_bytes"}): (_own, False),
}
"""By the columns that each needs, how a row is read, and whether it counts tokens."""


def _since_1970_ns(text: str) -> int:
    """Of a moment as ``2023-11-16 18:15:46.6805900``, exactly."""
    whole, _, fraction = text.strip().partition(".")
    day = datetime.fromisoformat(f"{whole}+00:00")
    return int(day.timestamp()) * NS_PER_S + int(fraction[:9].ljust(9, "0") or 0)


def read_trace(text: str, file: str) -> tuple[TraceRow, ...]:
    """The requests of a trace in order of time; raises InputError with the line of one that
    cannot be read. Requests that failed, with an answer of nothing, are left out."""
    rows = csv.DictReader(text.splitlines())
    columns = frozenset(rows.fieldnames or ())
    for needed, (read, counts_tokens) in _FORMS.items():
        if needed <= columns:
            found = sorted(_rows(rows, read, file))
            if not found:
                raise InputError("holds no request", "name a trace that has some", file=file)
            first_ns = found[0].at_ns
            return tuple(
                TraceRow(one.at_ns - first_ns, one.up, one.down, counts_tokens) for one in found
            )
    hint = "; or ".join(", ".join(sorted(needed)) for needed in _FORMS)
    raise InputError(
        "is not a trace of requests", f"it needs the columns {hint}", file=file, line=1
    )


def _rows(
    rows: csv.DictReader[str], read: Callable[[Mapping[str, str]], _Read], file: str
) -> Iterator[_Read]:
    for row in rows:
        try:
            one = read(row)
        except (ValueError, TypeError, OverflowError):
            said = ", ".join(str(value) for value in row.values())[:60]
            raise InputError(
                f"this row cannot be read: {said}",
                "it needs a time and two whole numbers",
                file=file,
                line=rows.line_num,
            ) from None
        if one.up < 0 or one.down < 0:
            message = "a request cannot have less than nothing"
            raise InputError(message, "correct the row", file=file, line=rows.line_num)
        if one.down > FAILED_TOKENS:
            yield one


def read_column(text: str, column: str, file: str) -> tuple[int, ...]:
    """The octets in one column of a CSV file; raises InputError."""
    rows = csv.DictReader(text.splitlines())
    if column not in (rows.fieldnames or ()):
        known = ", ".join(rows.fieldnames or ())
        raise InputError(f'has no column "{column}"', f"it has {known}", file=file, line=1)
    found = []
    for row in rows:
        try:
            octets = int(row[column])
        except (ValueError, TypeError):
            octets = -1
        if octets < 0:
            message = f'"{row[column]}" is not a number of octets'
            raise InputError(message, "write a whole number", file=file, line=rows.line_num)
        found.append(octets)
    if not found:
        raise InputError("holds no size", "name a file that has some", file=file)
    return tuple(found)
