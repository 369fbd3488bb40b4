"""GraphML: our own export, read back exactly, and foreign files such as the Topology Zoo's.

Ours carries every field of every hub and fibre (lists as JSON text), so a round trip loses
nothing. A foreign file needs coordinates on most nodes (``Latitude``/``Longitude``) and may name
their ``Country``; its links get derived lengths, and capacities where it has ``LinkSpeedRaw``
(bit/s).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydantic import BaseModel, ValidationError

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.foreign import build
from corridor.topologies.formats.foreign_graph import ForeignLink, ForeignNode
from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

FORMAT = "corridor/topology/1"
NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
Attributes = dict[str, str]


@dataclass
class _Element:
    line: int
    attributes: Attributes
    data: Attributes = field(default_factory=dict)


def from_text(text: str, file: str) -> Topology:
    """A Topology from GraphML text. Raises InputError with the line of the first mistake."""
    document = _Reader(file).read(text)
    if document.graph.get("format") == FORMAT:
        return _ours(document, file)
    return _foreign(document, file)


def to_text(topology: Topology) -> str:
    """GraphML that ``from_text`` reads back to an equal topology."""
    head = {
        "format": FORMAT,
        "name": topology.name,
        "title": topology.title,
        "scaling": json.dumps(topology.scaling.model_dump(mode="json")),
        "notes": json.dumps(topology.notes, ensure_ascii=False),
    }
    nodes = [(hub.id, _flat(hub, {"id"})) for hub in topology.hubs]
    edges = [(fibre, _flat(fibre, {"id", "a", "z"})) for fibre in topology.fibres]
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f'<graphml xmlns="{NAMESPACE}">']
    lines += _key_lines("graph", [head])
    lines += _key_lines("node", [values for _, values in nodes])
    lines += _key_lines("edge", [values for _, values in edges])
    lines.append('<graph edgedefault="undirected">')
    lines += _data_lines("graph", head)
    for name, values in nodes:
        lines += [f"<node id={quoteattr(name)}>", *_data_lines("node", values), "</node>"]
    for fibre, values in edges:
        ends = f"source={quoteattr(fibre.a)} target={quoteattr(fibre.z)}"
        lines.append(f"<edge id={quoteattr(fibre.id)} {ends}>")
        lines += [*_data_lines("edge", values), "</edge>"]
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "long"),
    (float, "double"),
    (str, "string"),
)


type _Scalar = bool | int | float | str
"""What a field may be here; lists are JSON text."""


def _flat(value: BaseModel, without: set[str]) -> dict[str, _Scalar]:
    """Fields that differ from their default, lists as JSON text."""
    fields = value.model_dump(mode="json", exclude_defaults=True, exclude=without)
    return {
        name: json.dumps(item, ensure_ascii=False) if isinstance(item, list) else item
        for name, item in fields.items()
    }


def _key_lines(domain: str, rows: Iterable[Mapping[str, _Scalar]]) -> list[str]:
    types: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            types.setdefault(name, next(t for kind, t in _TYPES if isinstance(value, kind)))
    return [
        f'<key id="{domain}_{name}" for="{domain}" attr.name="{name}" attr.type="{kind}"/>'
        for name, kind in types.items()
    ]


def _data_lines(domain: str, values: Mapping[str, _Scalar]) -> list[str]:
    return [
        f'<data key="{domain}_{name}">{escape(_text(value))}</data>'
        for name, value in values.items()
    ]


def _text(value: _Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


class _Reader:
    """Collects graph, nodes and edges with their lines; refuses document type declarations."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[str, str] = {}
        self.graph: Attributes = {}
        self.nodes: list[_Element] = []
        self.edges: list[_Element] = []
        self._here: Attributes | None = None
        self._key = ""
        self._chunks: list[str] = []
        self._seen_root = False
        self._parser = expat.ParserCreate("utf-8", " ")

    def read(self, text: str) -> _Reader:
        parser = self._parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._chunks.append
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        if not text.strip():
            raise InputError("is empty", file=self.file)
        try:
            parser.Parse(text.encode("utf-8"), True)
        except expat.ExpatError as problem:
            reason = expat.errors.messages[problem.code]
            message = f"is not XML: {reason}"
            raise InputError(message, file=self.file, line=problem.lineno) from None
        if not self.nodes:
            raise InputError("has no nodes", "is it GraphML?", file=self.file)
        return self

    def _refuse_doctype(self, *_: object) -> None:
        raise self.error("document type declarations are not allowed", "remove <!DOCTYPE ...>")

    def error(self, message: str, hint: str = "", line: int | None = None) -> InputError:
        here = self._parser.CurrentLineNumber if line is None else line
        return InputError(message, hint, file=self.file, line=here)

    def _start(self, tag: str, attributes: Attributes) -> None:
        name = tag.rpartition(" ")[2]
        if not self._seen_root and name != "graphml":
            raise self.error(f"its root is <{name}>, not <graphml>")
        self._seen_root = True
        element = _Element(self._parser.CurrentLineNumber, attributes)
        if name == "key":
            self.keys[self._need(attributes, "id")] = attributes.get("attr.name", "")
        elif name == "graph":
            self._here = self.graph
        elif name == "node":
            self._need(attributes, "id")
            self.nodes.append(element)
            self._here = element.data
        elif name == "edge":
            self._need(attributes, "source")
            self._need(attributes, "target")
            self.edges.append(element)
            self._here = element.data
        elif name == "data":
            key = self._need(attributes, "key")
            self._key = self.keys.get(key, key)
            self._chunks.clear()

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "data" and self._here is not None:
            self._here[self._key] = "".join(self._chunks)
        elif name in ("node", "edge"):
            self._here = self.graph

    def _need(self, attributes: Attributes, name: str) -> str:
        if name not in attributes:
            raise self.error(f'an element lacks its "{name}" attribute', "add it")
        return attributes[name]


def _ours(document: _Reader, file: str) -> Topology:
    fibres = []
    hubs = [
        _value(Hub, {"id": node.attributes["id"], **node.data}, node.line, file)
        for node in document.nodes
    ]
    for edge in document.edges:
        written = edge.attributes
        ends = {"a": written["source"], "z": written["target"], "id": written.get("id", "")}
        fibres.append(_value(Fibre, {**ends, **edge.data}, edge.line, file))
    head = document.graph
    try:
        return Topology(
            name=head.get("name", ""),
            title=head.get("title", ""),
            hubs=tuple(hubs),
            fibres=tuple(fibres),
            scaling=Scaling.model_validate_json(head.get("scaling", "")),
            notes=tuple(json.loads(head.get("notes", "[]"))),
        )
    except ValidationError as problem:
        raise InputError(_first(problem), file=file) from None
    except ValueError:
        raise InputError("its notes are not a JSON list", file=file) from None


def _value[Model: BaseModel](
    model: type[Model], written: Attributes, line: int, file: str
) -> Model:
    fields: JsonObject = dict(written)
    try:
        for name, info in model.model_fields.items():
            if name in fields and str(info.annotation).startswith("tuple"):
                fields[name] = json.loads(written[name])
        return model.model_validate(fields)
    except ValidationError as problem:
        raise InputError(_first(problem), file=file, line=line) from None
    except ValueError:
        raise InputError("a list is not JSON text", file=file, line=line) from None


def _first(problem: ValidationError) -> str:
    error = problem.errors(include_url=False)[0]
    where = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _foreign(document: _Reader, file: str) -> Topology:
    nodes = [_foreign_node(node) for node in document.nodes]
    links = [
        ForeignLink(
            edge.attributes["source"],
            edge.attributes["target"],
            edge.line,
            capacity_bps=_number(edge.data.get("LinkSpeedRaw")),
        )
        for edge in document.edges
    ]
    title = document.graph.get("label") or document.graph.get("Network") or file
    return build(title, file, nodes, links, source=f"GraphML file {file}")


def _foreign_node(node: _Element) -> ForeignNode:
    lat, lon = _coordinates(node.data)
    return ForeignNode(
        node.attributes["id"],
        node.data.get("label") or node.attributes["id"],
        lat,
        lon,
        node.line,
        node.data.get("Country", ""),
    )


def _coordinates(data: Attributes) -> tuple[float, float] | tuple[None, None]:
    for names in (("Latitude", "Longitude"), ("lat", "lon")):
        lat, lon = (_number(data.get(name)) for name in names)
        if lat is not None and lon is not None:
            return lat, lon
    return None, None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
