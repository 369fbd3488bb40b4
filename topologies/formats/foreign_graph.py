"""Nodes and links as a foreign file has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

type Value = str | float
"""Of an attribute: text, or a number if the file has it as one. Numbers may be written as text."""


@dataclass(frozen=True)
class ForeignNode:
    """A node as its file has it; a place may be missing, a country is a name or a code."""

    key: str
    label: str
    lat: float | None
    lon: float | None
    line: int | None = None
    country: str = ""
    at_sea: bool = False
    """A point of a cable's course, where no jurisdiction is to be inferred."""


@dataclass(frozen=True)
class ForeignLink:
    """A link as its file has it: what the file does not say is None."""

    a: str
    z: str
    line: int | None = None
    capacity_bps: float | None = None
    delay_ns: int | None = None
    """One-way delay."""
    length_km: float | None = None
    directed: bool = False
    """Only from ``a`` to ``z``; the other direction is a separate link, if there is one."""
    notes: str = ""
    """What was changed or assumed in reading it, for the fibre."""


@dataclass(frozen=True)
class RawNode:
    """A node with all attributes that its file has for it."""

    key: str
    line: int | None
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class RawLink:
    """A link with all attributes that its file has for it."""

    a: str
    z: str
    line: int | None
    directed: bool
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class RawGraph:
    """A graph of a format that leaves it to its writer what attributes are called."""

    title: str
    file: str
    source: str
    nodes: tuple[RawNode, ...]
    links: tuple[RawLink, ...]
    data: Mapping[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    placed: bool = True
    """Whether coordinates can be degrees."""
