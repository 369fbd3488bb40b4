"""Topology Zoo, SNDlib and other graphs through the optional package ``topohub`` (MIT).

``topohub:topozoo/Chinanet``. Only shape and coordinates come from it: its distances are great
circles, and it has no capacities and no countries. Its ``backbone`` graphs are synthetic, and
those of ``caida`` no fibres; their notes say so.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import require
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.formats import TOPOHUB
from corridor.topologies.formats.foreign import PLANAR_NOTE, build
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
)
from corridor.topologies.model.catalogue import shipped_hubs
from corridor.topologies.model.topology import Topology

FAMILY_NOTES = {
    "backbone": "SYNTHETIC graph: it must not be cited as real fibre.",
    "gabriel": "SYNTHETIC graph: it must not be cited as real fibre.",
    "caida": "Cities of one autonomous system, joined where CAIDA's traceroutes crossed IP links "
    "between them: not fibres. CAIDA's terms of use apply.",
}
NOT_GEOGRAPHIC = ("sndlib/brain",)
"""Networks whose numbers look like degrees and are not: Berlin's point is in Swabia."""

MISPLACED: dict[tuple[str, str], str] = {
    ("topozoo/Chinanet", "Hong Kong"): "hongkong",
    ("topozoo/Cernet", "Xianggang"): "hongkong",
    ("topozoo/Cernet", "Chengdou"): "chengdu",
}
"""Nodes that topohub 1.5.1 geocodes to the wrong place, and the hub whose place they get."""


class _Node(TypedDict):
    id: str | int
    pos: list[float]
    """Longitude and latitude."""
    name: NotRequired[str]
    type: NotRequired[str]


class _Edge(TypedDict):
    source: str | int
    target: str | int


class _Graph(TypedDict):
    """As networkx has it, as far as it is read here."""

    nodes: list[_Node]
    edges: NotRequired[list[_Edge]]
    links: NotRequired[list[_Edge]]
    """The edges, as older releases call them."""


def from_key(name: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from ``topohub:family/Name``. Raises InputError, or EnvironmentLacking."""
    key = name.removeprefix(TOPOHUB)
    require("a topohub graph", "maps")
    topohub = importlib.import_module("topohub")
    try:
        data = topohub.get(key)
    except (KeyError, OSError, ValueError):
        raise InputError(f'topohub has no graph "{key}"', _hint(topohub, key)) from None
    return _build(key, data, options)


def _hint(topohub: Any, key: str) -> str:
    known = _keys(topohub, key.partition("/")[0])
    return nearest(key, known) or "write it like topohub:topozoo/Chinanet or topohub:sndlib/india35"


def _keys(topohub: Any, family: str) -> list[str]:
    data = Path(str(topohub.__file__)).parent / "data"
    files = (data / family).rglob("*.json*")
    return sorted({str(file.relative_to(data)).split(".json")[0] for file in files})


def _build(key: str, data: _Graph, options: ImportOptions) -> Topology:
    notes = ["Shape from topohub (MIT; Topology Zoo and SNDlib have their own terms)."]
    if key.partition("/")[0] in FAMILY_NOTES:
        notes.append(FAMILY_NOTES[key.partition("/")[0]])
    nodes = []
    for node in data["nodes"]:
        label = str(node.get("name") or node["id"])
        lon, lat = (float(degrees) for degrees in node["pos"])
        if (key, label) in MISPLACED:
            hub = shipped_hubs()[MISPLACED[key, label]]
            notes.append(f"{label} was at {lat:g}, {lon:g}; moved to {hub.name}.")
            lat, lon = hub.lat, hub.lon
        at_sea = node.get("type") == "Seacable Waypoint"
        nodes.append(ForeignNode(str(node["id"]), label, lat, lon, at_sea=at_sea))
    links = [
        ForeignLink(str(edge["source"]), str(edge["target"]))
        for edge in data.get("edges", data.get("links", []))
    ]
    unnamed = key.startswith("sndlib/") and all(node.label.isdigit() for node in nodes)
    planar = unnamed or key in NOT_GEOGRAPHIC
    if planar and not options.has_default:
        notes.append(PLANAR_NOTE)
    return build(
        key,
        TOPOHUB + key,
        nodes,
        links,
        source=f"topohub {key}",
        options=options,
        notes=tuple(notes),
        placed=not planar,
    )
