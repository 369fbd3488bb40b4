"""SNDlib's native format: ``NODES ( id ( longitude latitude ) )`` and ``LINKS ( ... )``.

A link has a pre-installed capacity, in the unit that the ``META`` section states, and none where
it is 0; costs and modules that could be bought are not facts of a network and are left out. SNDlib
does not say in a network whether its coordinates are degrees; those of drawings are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.attributed import from_raw
from corridor.topologies.formats.foreign import PLANAR_NOTE
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ImportOptions,
    RawGraph,
    RawLink,
    RawNode,
    Value,
    unit_named,
)
from corridor.topologies.model.topology import Topology

_HEAD = re.compile(r"\?SNDlib native format;\s*type:\s*(\w+)\s*;.*")
_SECTION = re.compile(r"([A-Z_]+)\s*\(\s*(\))?")
_NODE = re.compile(r"(\S+)(?:\s*\(\s*(\S+)\s+(\S+)\s*\))?")
_LINK = re.compile(r"(\S+)\s*\(\s*(\S+)\s+(\S+)\s*\)\s*(\S+)?(.*)")
_ZERO = re.compile(r"0+(?:\.0*)?")
_UNIT = re.compile(r"unit\s*=\s*(\S+)")
_READ = ("META", "NODES", "LINKS")
NOT_GEOGRAPHIC = ("brain",)
"""Networks whose numbers look like degrees and are not: Berlin's point is in Swabia. Nor are those
of networks whose nodes have only numbers for names."""
_COSTS = "Left out, as they are plans and no facts: costs of links, modules to be bought, demands."


@dataclass
class _Sections:
    """Lines with their numbers, by section; none of a section that is not there."""

    rows: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> list[tuple[int, str]]:
        return self.rows.get(name, [])


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from an SNDlib network. Raises InputError with the line of the first mistake."""
    sections = _sections(text, file)
    if not sections["NODES"]:
        raise InputError("has no nodes", 'add "NODES ( ... )"', file=file)
    unit = next((u for _, row in sections["META"] for u in _UNIT.findall(row)), "")
    rate = unit_named(unit)
    links = [_link(row, number, file) for number, row in sections["LINKS"]]
    names = [_row_name(row) for _, row in sections["NODES"]]
    planar = PurePath(file).stem in NOT_GEOGRAPHIC or all(map(str.isdigit, names))
    raw = RawGraph(
        title=PurePath(file).stem,
        file=file,
        source=f"SNDlib network {file}",
        nodes=tuple(_node(row, number, file) for number, row in sections["NODES"]),
        links=tuple(links),
        data={} if rate is None else {"capacity_unit": rate.name},
        notes=(_COSTS, PLANAR_NOTE) if planar and not options.has_default else (_COSTS,),
        placed=not planar,
    )
    return from_raw(raw, options)


def _sections(text: str, file: str) -> _Sections:
    """Of all but those that are read only the brackets are looked at."""
    found = _Sections()
    section, depth = "", 0
    for number, row in _lines(text, file):
        begin = _SECTION.fullmatch(row) if not section else None
        if begin:
            section, depth = ("", 0) if begin[2] else (begin[1], 1)
            found.rows.setdefault(begin[1], [])
        elif not section:
            message = f'"{row[:40]}" stands outside of any section'
            raise InputError(message, "write it inside NODES ( ... )", file=file, line=number)
        elif section in _READ and row != ")":
            found.rows[section].append((number, row))
        else:
            depth += row.count("(") - row.count(")")
            section = section if depth > 0 else ""
    if section:
        raise InputError(f"section {section} is never closed", 'add ")"', file=file)
    return found


def _lines(text: str, file: str) -> Iterator[tuple[int, str]]:
    """What stands after the head, without comments."""
    rows = text.splitlines()
    head = _HEAD.fullmatch(rows[0].strip()) if rows else None
    if head is None:
        hint = "an edge list ends in .edgelist"
        raise InputError("does not begin as an SNDlib network does", hint, file=file, line=1)
    if head[1] != "network":
        hint = "name the file of the network itself"
        raise InputError(f"is an SNDlib {head[1]}, not a network", hint, file=file, line=1)
    for number, row in enumerate(rows[1:], start=2):
        kept = row.partition("#")[0].strip()
        if kept:
            yield number, kept


def _row_name(row: str) -> str:
    return row.split()[0]


def _node(row: str, line: int, file: str) -> RawNode:
    found = _NODE.fullmatch(row)
    if found is None:
        hint = "write: name ( longitude latitude )"
        raise InputError(f'"{row[:40]}" is not a node', hint, file=file, line=line)
    name, lon, lat = found.groups()
    data: dict[str, Value] = {} if lon is None else {"Latitude": lat, "Longitude": lon}
    return RawNode(name, line, data)


def _link(row: str, line: int, file: str) -> RawLink:
    found = _LINK.fullmatch(row)
    if found is None:
        hint = "write: name ( source target ) capacity ..."
        raise InputError(f'"{row[:40]}" is not a link', hint, file=file, line=line)
    _, a, z, capacity, _ = found.groups()
    data: dict[str, Value] = {} if _ZERO.fullmatch(capacity or "0") else {"capacity": capacity}
    return RawLink(a, z, line, directed=False, data=data)
