"""Nodes and links as a foreign file has them."""

from __future__ import annotations

from dataclasses import dataclass


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
    a: str
    z: str
    line: int | None = None
    capacity_bps: float | None = None
    delay_ns: int | None = None
