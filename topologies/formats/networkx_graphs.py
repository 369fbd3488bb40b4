"""Graphs of networkx, in memory or as its node-link JSON.

Any of its four kinds: directed ones have their opposite arcs joined, parallel edges stay.
"""

from __future__ import annotations

import json
from collections.abc import Container, Hashable, Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from corridor.topologies.base.bounded_file import parse_json
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.attributed import from_raw
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ImportOptions,
    RawGraph,
    RawLink,
    RawNode,
    Value,
    import_options,
)
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
        from corridor.topologies.formats.networkx_graphs import from_json

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
