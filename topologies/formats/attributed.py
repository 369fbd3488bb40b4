"""Graphs of formats that leave it to their writers what attributes are called.

GraphML, GML, edge lists, node-link JSON and graphs in memory differ in how they are written, not
in what is stated: from their attributes come labels, places and countries of nodes, and delays,
lengths and capacities of links. What was not read is named in the notes.
"""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.formats.foreign import build
from corridor.topologies.formats.foreign_graph import ForeignNode, RawGraph, RawNode, Value
from corridor.topologies.formats.link_attributes import listed, read_links
from corridor.topologies.formats.quantities import ImportOptions
from corridor.topologies.model.topology import Topology

_LABELS = ("label", "name")
_COUNTRIES = ("country", "countrycode")
_PLACES = (("latitude", "longitude"), ("lat", "lon"), ("lat", "lng"), ("lat", "long"))


def from_raw(graph: RawGraph, options: ImportOptions) -> Topology:
    """A Topology from a graph as its file has it. Raises InputError with a line and a way out."""
    links, notes = read_links(graph, options)
    nodes = [_node(node) for node in graph.nodes]
    known = {*_LABELS, *_COUNTRIES, *(name for pair in _PLACES for name in pair)}
    left = {name: None for node in graph.nodes for name in node.data if _folded(name) not in known}
    if left:
        notes.append(f"Attributes of nodes that were not read: {listed(left)}.")
    return build(
        graph.title,
        graph.file,
        nodes,
        links,
        source=graph.source,
        options=options,
        notes=(*graph.notes, *notes),
        placed=graph.placed,
    )


def _node(node: RawNode) -> ForeignNode:
    data = {_folded(name): value for name, value in node.data.items()}
    lat, lon = _place(data)
    return ForeignNode(
        node.key,
        _text(data, _LABELS) or node.key,
        lat,
        lon,
        node.line,
        _text(data, _COUNTRIES),
    )


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _text(data: Mapping[str, Value], names: tuple[str, ...]) -> str:
    """The first of these attributes that says something."""
    return next((str(data[name]) for name in names if str(data.get(name, "")).strip()), "")


def _place(data: Mapping[str, Value]) -> tuple[float, float] | tuple[None, None]:
    """What is not a number is not a place; ``build`` refuses places that are not on Earth."""
    for names in _PLACES:
        lat, lon = (_degrees(data.get(name, "")) for name in names)
        if lat is not None and lon is not None:
            return lat, lon
    return None, None


def _degrees(written: Value) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
