"""JSON in networkx's node-link shape. Ours has a versioned schema and reads back exactly.

``{"schema": "corridor/topology/1", "directed": false, "multigraph": true, "graph": {...},
"nodes": [{"id": ..., hub fields}], "edges": [{"key", "source", "target", fibre fields}]}``
"""

from __future__ import annotations

import json

from pydantic import ValidationError

from corridor.topologies.base.bounded_file import parse_json
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.quantities import NO_OPTIONS, ImportOptions
from corridor.topologies.model.topology import Topology

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
