"""Edge lists: a link a line, as networkx writes them and as people keep them in tables.

``a b``, ``a b 12.5`` (a weight), ``a b {'delay_ms': 3}`` (a dict), ``a b 3 10`` (columns). Columns
are separated by spaces, or by commas if the first line has one; ``#`` begins a comment. A first
line whose ends are ``source target``, ``from to`` or the like names the columns. Node names with
spaces need commas. A link is undirected unless the file says ``# directed``.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.attributed import from_raw
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ImportOptions,
    RawGraph,
    RawLink,
    RawNode,
    Value,
)
from corridor.topologies.model.topology import Topology

_HEADS = (("source", "target"), ("from", "to"), ("src", "dst"), ("a", "z"), ("u", "v"))
_DIRECTED = re.compile(r"#\s*directed\s*", re.IGNORECASE)
_MAX_DICT = 4096


@dataclass(frozen=True)
class _Row:
    line: int
    cells: tuple[str, ...]
    data: Mapping[str, Value]
    """Of a dict at its end."""


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from the text of an edge list. Raises InputError with the first mistake's line."""
    lines = text.splitlines()
    rows = _rows(lines, file)
    if not rows:
        raise InputError("has no links", 'write one a line: "karachi lahore"', file=file)
    names = _names(rows)
    links = [
        RawLink(row.cells[0], row.cells[1], row.line, _is_directed(lines), _data(row, names))
        for row in (rows[1:] if _is_head(rows[0]) else rows)
    ]
    first = {end: link.line for link in reversed(links) for end in (link.z, link.a)}
    ends = dict.fromkeys(end for link in links for end in (link.a, link.z))
    if not ends:
        raise InputError("has no links", "add one after its first line", file=file)
    raw = RawGraph(
        title=file,
        file=file,
        source=f"edge list {file}",
        nodes=tuple(RawNode(end, first[end]) for end in ends),
        links=tuple(links),
    )
    return from_raw(raw, options)


def _rows(lines: Sequence[str], file: str) -> list[_Row]:
    rows: list[_Row] = []
    comma = False
    for number, written in enumerate(lines, start=1):
        text, brace, dictionary = written.partition("{")
        text, comment, _ = text.partition("#")
        if not text.strip():
            continue
        if not rows:
            comma = "," in text
        cells = tuple(cell.strip() for cell in text.split(",")) if comma else tuple(text.split())
        if brace and not comment:
            cells = cells[:-1] if comma and not cells[-1] else cells
            data = _dict(brace + dictionary, number, file)
        else:
            data = {}
        if len(cells) < 2 or not all(cells[:2]):
            message = f'"{written.strip()[:40]}" names fewer than two nodes'
            hint = f"write two names, with {'a comma' if comma else 'spaces'} between"
            raise InputError(message, hint, file=file, line=number)
        rows.append(_Row(number, cells, data))
    return rows


def _dict(text: str, line: int, file: str) -> dict[str, Value]:
    """Of plain numbers and texts; what else is in it is text."""
    hint = "write it like {'delay_ms': 3}"
    try:
        with warnings.catch_warnings(action="ignore"):
            said = ast.literal_eval(text.strip()) if len(text) <= _MAX_DICT else None
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        said = None
    if not isinstance(said, dict):
        raise InputError("the data of a link are not a dict", hint, file=file, line=line)
    return {
        str(name): float(value) if type(value) in (int, float) and _is_float(value) else str(value)
        for name, value in said.items()
    }


def _is_float(value: float) -> bool:
    """Whether a number is not a whole one that is too great to be a float."""
    return abs(value) < 1e300


def _is_head(row: _Row) -> bool:
    return tuple(cell.casefold() for cell in row.cells[:2]) in _HEADS


def _names(rows: Sequence[_Row]) -> tuple[str, ...]:
    """Of the columns after the two ends. One alone is a weight, as networkx has it."""
    if _is_head(rows[0]):
        return rows[0].cells[2:]
    most = max(len(row.cells) for row in rows) - 2
    return ("weight",) if most == 1 else tuple(f"column{3 + number}" for number in range(most))


def _data(row: _Row, names: Sequence[str]) -> dict[str, Value]:
    cells = dict(zip(names, row.cells[2:], strict=False))
    return {name: cell for name, cell in cells.items() if cell} | dict(row.data)


def _is_directed(lines: Sequence[str]) -> bool:
    return any(_DIRECTED.fullmatch(line) for line in lines)
