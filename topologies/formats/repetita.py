"""REPETITA topology files (``.graph``), as published with the REPETITA framework.

``NODES n`` then ``label x y`` lines (x longitude, y latitude); ``EDGES m`` then
``label src dest weight bw delay`` lines: directed, bandwidth in kbit/s, delay in microseconds.
The two directions of a link become one fibre; ``directions`` says what if they differ.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import format_duration
from corridor.topologies.formats.foreign import build
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
)
from corridor.topologies.model.topology import MAX_DELAY_NS, Topology

_COUNT = re.compile("[0-9]{1,9}")
PLANAR_NOTE = "The file's coordinates are not degrees: all hubs stand at 0, 0."


@dataclass(frozen=True)
class _Arc:
    line: int
    source: int
    target: int
    kbps: float
    delay_us: float


class _Lines:
    """The file's lines that hold something, with their numbers."""

    def __init__(self, text: str, file: str) -> None:
        numbered = enumerate(text.splitlines(), start=1)
        self.rows = [(number, row.split()) for number, row in numbered if row.strip()]
        self.file = file
        self.at = 0

    def error(self, message: str, line: int | None, hint: str = "") -> InputError:
        return InputError(message, hint, file=self.file, line=line)

    def section(self, name: str, columns: int) -> list[tuple[int, list[str]]]:
        """The rows announced by ``name n`` and their heading."""
        number, words = self._next(f'"{name} <count>"')
        if len(words) != 2 or words[0] != name or not _COUNT.fullmatch(words[1]):
            raise self.error(f'expected "{name} <count>"', number, "is it a REPETITA file?")
        count = int(words[1])
        self._next("a heading")
        rows = []
        for _ in range(count):
            number, words = self._next(f"more of the {count} {name} rows")
            if len(words) != columns:
                raise self.error(f"{name} rows have {columns} columns, not {len(words)}", number)
            rows.append((number, words))
        return rows

    def _next(self, wanted: str) -> tuple[int, list[str]]:
        if self.at >= len(self.rows):
            last = self.rows[-1][0] if self.rows else None
            raise self.error(f"ends where {wanted} should follow", last)
        self.at += 1
        return self.rows[self.at - 1]


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from REPETITA text. Raises InputError with the line of the first mistake."""
    lines = _Lines(text, file)
    if not lines.rows:
        raise lines.error("is empty", None)
    rows = [
        (_readable(label, index), _number(lines, number, y), _number(lines, number, x), number)
        for index, (number, (label, x, y)) in enumerate(lines.section("NODES", 3))
    ]
    arcs = []
    for number, (_, source, target, _, kbps, delay_us) in lines.section("EDGES", 6):
        ends = [_index(lines, number, end, len(rows)) for end in (source, target)]
        values = [_number(lines, number, value) for value in (kbps, delay_us)]
        if min(values) < 0:
            raise lines.error("bandwidth and delay must not be negative", number)
        if values[1] * 1e3 > MAX_DELAY_NS:
            most = format_duration(MAX_DELAY_NS)
            raise lines.error(f"a delay is {most} at most", number, "it is in microseconds")
        arcs.append(_Arc(number, *ends, *values))
    placed = all(abs(lat) <= 90 and abs(lon) <= 180 for _, lat, lon, _ in rows)
    nodes = [
        ForeignNode(str(index), label, lat if placed else 0.0, lon if placed else 0.0, number)
        for index, (label, lat, lon, number) in enumerate(rows)
    ]
    return build(
        file,
        file,
        nodes,
        map(_link, arcs),
        source=f"REPETITA file {file}",
        options=options,
        notes=() if placed else (PLANAR_NOTE,),
        placed=placed,
    )


def _link(arc: _Arc) -> ForeignLink:
    return ForeignLink(
        str(arc.source),
        str(arc.target),
        arc.line,
        capacity_bps=arc.kbps * 1e3,
        delay_ns=round(arc.delay_us * 1e3),
        directed=True,
    )


def _readable(label: str, index: int) -> str:
    return label.removeprefix(f"{index}_").replace("_", " ").strip() or label


def _number(lines: _Lines, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise lines.error(f'"{text[:40]}" is not a number', number)
    return value


def _index(lines: _Lines, number: int, text: str, count: int) -> int:
    if not _COUNT.fullmatch(text) or int(text) >= count:
        raise lines.error(
            f'edge ends at unknown node "{text[:40]}"', number, f"nodes are 0..{count - 1}"
        )
    return int(text)
