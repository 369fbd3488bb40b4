"""GraphML as elements with their lines; what they mean is not decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from corridor.topologies.base.errors import InputError

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
