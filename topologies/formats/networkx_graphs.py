"""Graphs of networkx, in memory or as its node-link JSON, and those of the package ``topohub``.

Any of networkx's four kinds: directed ones have their opposite arcs joined, parallel edges stay.
The optional package ``topohub`` (MIT) has Topology Zoo, SNDlib and others:
``topohub:topozoo/Chinanet``. Only shape and coordinates come from it: its distances are great
circles, and it has no capacities and no countries. Its ``backbone`` graphs are synthetic, and
those of ``caida`` no fibres; their notes say so.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Container, Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from pydantic import ValidationError

from corridor.topologies.base.bounded_file import parse_json
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import require
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.formats import TOPOHUB
from corridor.topologies.formats.attributed import from_raw
from corridor.topologies.formats.foreign import PLANAR_NOTE, build
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
    RawGraph,
    RawLink,
    RawNode,
    Value,
    import_options,
)
from corridor.topologies.model.catalogue import shipped_hubs
from corridor.topologies.model.topology import Topology

if TYPE_CHECKING:
    import networkx as nx


def topology_from_graph(
    graph: nx.Graph[Hashable],
    name: str = "",
    *,
    default_length: str | None = None,
    default_delay: str | None = None,
    attributes: Mapping[str, str] | None = None,
    ignore_delays: bool = False,
) -> Topology:
    """A Topology from a graph in memory; the options are those of ``load_topology``.

    Nodes keep their names as text; ``latitude``, ``longitude`` and ``country`` of nodes and
    ``delay_ms``, ``length_km``, ``capacity_gbps`` and the like of edges are read. Raises InputError
    with a way out.
    """
    title = name or str(graph.graph.get("name") or "") or "graph"
    raw = RawGraph(
        title=title,
        file=title,
        source=f"graph {title}",
        nodes=tuple(RawNode(str(node), None, plain(data)) for node, data in graph.nodes(data=True)),
        links=tuple(
            RawLink(str(a), str(z), None, graph.is_directed(), plain(data))
            for a, z, data in graph.edges(data=True)
        ),
        data=plain(graph.graph),
    )
    if not raw.nodes:
        raise InputError("has no nodes", "add some", file=title)
    options = import_options(default_length, default_delay, attributes, ignore_delays=ignore_delays)
    return from_raw(raw, options)


def from_json(data: JsonObject, file: str, options: ImportOptions) -> Topology:
    """A Topology from node-link data: ``nodes`` with ``id``, ``edges`` or ``links`` with ``source``
    and ``target``. Raises InputError; JSON carries no lines past its syntax."""
    head = data.get("graph")
    graph = plain(head) if isinstance(head, dict) else {}
    nodes = [_node(node, number, file) for number, node in enumerate(_list(data, file, "nodes"))]
    if not nodes:
        raise InputError("has no nodes", "add some", file=file)
    is_directed = data.get("directed") is True
    links = [
        _link(link, number, is_directed, file)
        for number, link in enumerate(_list(data, file, "edges", "links"))
    ]
    raw = RawGraph(
        title=str(graph.get("name") or graph.get("label") or file),
        file=file,
        source=f"node-link file {file}",
        nodes=tuple(nodes),
        links=tuple(links),
        data=graph,
    )
    return from_raw(raw, options)


def _list(data: JsonObject, file: str, *names: str) -> list[object]:
    for name in names:
        found = data.get(name)
        if isinstance(found, list):
            return found
    raise InputError(f'has no list "{names[0]}"', "is it node-link JSON of networkx?", file=file)


def _node(node: object, number: int, file: str) -> RawNode:
    if not isinstance(node, dict) or not _is_name(node.get("id")):
        message = f"nodes[{number}] has no id that is text or a number"
        raise InputError(message, 'write {"id": ...}', file=file)
    return RawNode(str(node["id"]), None, plain(node, ("id",)))


def _link(link: object, number: int, is_directed: bool, file: str) -> RawLink:
    if isinstance(link, dict):
        a, z = link.get("source"), link.get("target")
        if _is_name(a) and _is_name(z):
            data = plain(link, ("source", "target", "key"))
            return RawLink(str(a), str(z), None, is_directed, data)
    message = f"edges[{number}] has no source or target that is text or a number"
    raise InputError(message, 'write {"source": ..., "target": ...}', file=file)


def _is_name(value: object) -> bool:
    return type(value) in (str, int, float)


def plain(data: Mapping[object, object], without: Container[object] = ()) -> dict[str, Value]:
    """Attributes as text and numbers; those that are nothing are left out."""
    return {
        str(name): _value(value)
        for name, value in data.items()
        if value is not None and name not in without
    }


def _value(value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    try:
        return float(value)
    except OverflowError:
        return str(value)[:40]


# JSON in networkx's node-link shape. Ours has a versioned schema and reads back exactly.
#
# ``{"schema": "corridor/topology/1", "directed": false, "multigraph": true, "graph": {...},
# "nodes": [{"id": ..., hub fields}], "edges": [{"key", "source", "target", fibre fields}]}``


SCHEMA = "corridor/topology/1"


def to_data(topology: Topology) -> JsonObject:
    """Plain JSON values; ``networkx.node_link_graph(data, edges="edges")`` reads them too."""
    whole = topology.model_dump(mode="json")
    edges = []
    for fibre in whole["fibres"]:
        key, source, target = fibre.pop("id"), fibre.pop("a"), fibre.pop("z")
        edges.append({"key": key, "source": source, "target": target, **fibre})
    head = {name: whole[name] for name in ("name", "title", "scaling", "notes")}
    return {
        "schema": SCHEMA,
        "directed": False,
        "multigraph": True,
        "graph": head,
        "nodes": whole["hubs"],
        "edges": edges,
    }


def to_text(topology: Topology) -> str:
    return json.dumps(to_data(topology), ensure_ascii=False, indent=1) + "\n"


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from our JSON, or from that of others where it names no schema.

    Raises InputError; JSON carries no lines past its syntax.
    """
    data = parse_json(text, file)
    if isinstance(data, dict) and "schema" not in data and "nodes" in data:
        # cities of GeoNames need a database, which our own files do not

        return from_json(data, file, options)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        hint = "export it again, or write node-link JSON of networkx, which has none"
        raise InputError(f'its "schema" is not {SCHEMA}', hint, file=file)
    try:
        fibres = [
            {"id": edge["key"], "a": edge["source"], "z": edge["target"], **_rest(edge)}
            for edge in data["edges"]
        ]
        return Topology.model_validate({**data["graph"], "hubs": data["nodes"], "fibres": fibres})
    except (KeyError, TypeError) as problem:
        raise InputError(f"has no {problem}", "export it again", file=file) from None
    except UnicodeEncodeError:
        raise InputError("holds half a character", "export it again", file=file) from None
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        where = ".".join(str(part) for part in error["loc"])
        message = error["msg"].removeprefix("Value error, ")
        raise InputError(f"{where}: {message}" if where else message, file=file) from None


def _rest(edge: JsonObject) -> JsonObject:
    return {name: value for name, value in edge.items() if name not in ("key", "source", "target")}


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
