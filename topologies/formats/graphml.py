"""GraphML: our own export, read back exactly, and foreign files such as the Topology Zoo's.

Ours carries every field of every hub and fibre (lists as JSON text), so a round trip loses
nothing. What the attributes of a foreign file are called, its writer chose: ``attributed`` reads
them. yEd's labels are taken from its drawing.
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
from corridor.topologies.formats.attributed import from_raw
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ImportOptions,
    RawGraph,
    RawLink,
    RawNode,
)
from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

# GraphML as elements with their lines; what they mean is not decided here.

Attributes = dict[str, str]


@dataclass
class Element:
    line: int
    attributes: Attributes
    data: Attributes = field(default_factory=dict)


class GraphmlReader:
    """Collects graph, nodes and edges with their lines; refuses document type declarations.

    ``defaults`` are values of attributes by "node" and "edge", for those without them.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[str, str] = {}
        self.defaults: dict[str, Attributes] = {"node": {}, "edge": {}}
        self.edge_default = ""
        self.hyperedges = 0
        self.groups = 0
        self.graph: Attributes = {}
        self.nodes: list[Element] = []
        self.edges: list[Element] = []
        self._here: Attributes | None = None
        self._domain = ""
        self._key = ""
        self._chunks: list[str] = []
        self._seen_root = False
        self._parser = expat.ParserCreate("utf-8", " ")

    def read(self, text: str) -> GraphmlReader:
        parser = self._parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._chunks.append
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        if not text.strip():
            raise InputError("is empty", "write GraphML into it", file=self.file)
        try:
            parser.Parse(text.encode("utf-8"), True)
        except expat.ExpatError as problem:
            reason = expat.errors.messages[problem.code]
            message = f"is not XML: {reason}"
            hint = "correct it there, or write the file again"
            raise InputError(message, hint, file=self.file, line=problem.lineno) from None
        if not self.nodes:
            raise InputError("has no nodes", "is it GraphML?", file=self.file)
        for defaults in self.defaults.values():
            defaults.pop("", None)
        return self

    def _refuse_doctype(self, *_: object) -> None:
        raise self.error("document type declarations are not allowed", "remove <!DOCTYPE ...>")

    def error(self, message: str, hint: str = "", line: int | None = None) -> InputError:
        here = self._parser.CurrentLineNumber if line is None else line
        return InputError(message, hint, file=self.file, line=here)

    def _start(self, tag: str, attributes: Attributes) -> None:
        name = tag.rpartition(" ")[2]
        if not self._seen_root and name != "graphml":
            raise self.error(f"its root is <{name}>, not <graphml>", "is it GraphML?")
        self._seen_root = True
        element = Element(self._parser.CurrentLineNumber, attributes)
        if name == "key":
            self._key = self._need(attributes, "id")
            self.keys[self._key] = attributes.get("attr.name", "")
            self._domain = attributes.get("for", "")
        elif name == "graph":
            self.edge_default = self.edge_default or attributes.get("edgedefault", "")
            self.groups += self._here is not None and self._here is not self.graph
            self._here = self.graph
        elif name in ("node", "edge"):
            self._begin(name, element)
        elif name == "hyperedge":
            self.hyperedges += 1
            self._here = {}
        elif name == "data":
            key = self._need(attributes, "key")
            self._key = self.keys.get(key, key)
            self._chunks.clear()
        elif name in ("default", "NodeLabel"):
            self._chunks.clear()

    def _begin(self, name: str, element: Element) -> None:
        for needed in ("id",) if name == "node" else ("source", "target"):
            self._need(element.attributes, needed)
        (self.nodes if name == "node" else self.edges).append(element)
        self._here = element.data

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "data" and self._here is not None and self._key:
            self._here[self._key] = "".join(self._chunks)
        elif name == "default" and self._domain in self.defaults:
            self.defaults[self._domain][self.keys[self._key]] = "".join(self._chunks)
        elif name == "NodeLabel" and self._here is not None:
            self._here.setdefault("label", "".join(self._chunks).strip())
        elif name in ("node", "edge", "hyperedge"):
            self._here = self.graph

    def _need(self, attributes: Attributes, name: str) -> str:
        if name not in attributes:
            raise self.error(f'an element has no "{name}" attribute', "add it")
        return attributes[name]


FORMAT = "corridor/topology/1"
NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from GraphML text. Raises InputError with the line of the first mistake."""
    document = GraphmlReader(file).read(text)
    if document.graph.get("format") == FORMAT:
        return _ours(document, file)
    return _foreign(document, file, options)


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


def _ours(document: GraphmlReader, file: str) -> Topology:
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


def _foreign(document: GraphmlReader, file: str, options: ImportOptions) -> Topology:
    graph = RawGraph(
        title=document.graph.get("label") or document.graph.get("Network") or file,
        file=file,
        source=f"GraphML file {file}",
        nodes=tuple(
            RawNode(node.attributes["id"], node.line, document.defaults["node"] | node.data)
            for node in document.nodes
        ),
        links=tuple(
            RawLink(
                edge.attributes["source"],
                edge.attributes["target"],
                edge.line,
                _is_directed(edge.attributes.get("directed"), document.edge_default),
                document.defaults["edge"] | edge.data,
            )
            for edge in document.edges
        ),
        data=document.graph,
        notes=tuple(_notes(document)),
    )
    return from_raw(graph, options)


def _is_directed(said: str | None, default: str) -> bool:
    return default == "directed" if said is None else said.strip() in ("true", "1")


def _notes(document: GraphmlReader) -> list[str]:
    notes = []
    if document.hyperedges:
        notes.append(
            f"Left out: {document.hyperedges} hyperedges; a fibre joins two hubs, not more."
        )
    if document.groups:
        notes.append(f"Nodes that contain graphs are hubs, too: {document.groups}.")
    return notes
