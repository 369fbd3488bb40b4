"""GML, the Graph Modelling Language (Himsolt, 1997), as the Topology Zoo and networkx write it.

``graph [ directed 0 node [ id 0 label "Karachi" Latitude 24.9 ] edge [ source 0 target 1 ] ]``.
Keys may repeat; of one that does within a node or an edge the first value counts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from corridor.topologies.base.bounded_file import MAX_DEPTH
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.attributed import from_raw
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ImportOptions,
    RawGraph,
    RawLink,
    RawNode,
    Value,
)
from corridor.topologies.model.topology import Topology

_TOKEN = re.compile(
    r'(?P<text>"[^"]*")|(?P<open>\[)|(?P<close>\])|(?P<comment>\#[^\n]*)|'
    r'(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![^\s\[\]"]))|'
    r'(?P<word>[^\s\[\]"]+)|(?P<broken>")'
)
_MAX_DIGITS = 40


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


@dataclass
class _Block:
    """What stands between two brackets, in order."""

    line: int
    values: list[tuple[str, Value]] = field(default_factory=list)
    blocks: list[tuple[str, _Block]] = field(default_factory=list)

    def first(self) -> dict[str, Value]:
        """Each key with its first value; of a block, that there is one."""
        return dict(reversed(self.values)) | {
            key: "[...]" for key, _ in self.blocks if key not in ("node", "edge")
        }

    def all_of(self, key: str) -> list[_Block]:
        return [block for name, block in self.blocks if name == key]


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from GML text. Raises InputError with the line of the first mistake."""
    graphs = _parse(text, file).all_of("graph")
    if not graphs:
        raise InputError('has no "graph ["', "is it GML?", file=file)
    if len(graphs) > 1:
        message = "holds several graphs"
        raise InputError(message, "keep one of them", file=file, line=graphs[1].line)
    (graph,) = graphs
    head = graph.first()
    nodes = [_node(block, file) for block in graph.all_of("node")]
    if not nodes:
        raise InputError("has no nodes", "is it GML?", file=file, line=graph.line)
    is_directed = str(head.get("directed", 0)).strip() in ("1", "1.0", "true")
    raw = RawGraph(
        title=str(head.get("label") or head.get("Network") or head.get("name") or file),
        file=file,
        source=f"GML file {file}",
        nodes=tuple(nodes),
        links=tuple(_link(block, is_directed, file) for block in graph.all_of("edge")),
        data=head,
    )
    return from_raw(raw, options)


def _node(block: _Block, file: str) -> RawNode:
    data = block.first()
    return RawNode(_taken(data, "id", "node", block, file), block.line, data)


def _link(block: _Block, is_directed: bool, file: str) -> RawLink:
    data = block.first()
    a, z = (_taken(data, end, "edge", block, file) for end in ("source", "target"))
    return RawLink(a, z, block.line, is_directed, data)


def _taken(data: dict[str, Value], key: str, what: str, block: _Block, file: str) -> str:
    """A key that must be there, taken out of the others; 1 and 1.0 are the same node."""
    if key not in data:
        raise InputError(f'{what} has no "{key}"', "add it", file=file, line=block.line)
    value = data.pop(key)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _parse(text: str, file: str) -> _Block:
    root = _Block(1)
    open_blocks = [root]
    tokens = _tokens(text, file)
    for token in tokens:
        if token.kind == "close":
            if len(open_blocks) == 1:
                raise _error('a "]" closes nothing', "remove it", file, token)
            open_blocks.pop()
            continue
        if token.kind != "word":
            raise _error(
                f"expected a key, found {token.text[:40]}", "write: key value", file, token
            )
        value = next(tokens, None)
        if value is None or value.kind == "close":
            raise _error(f'key "{token.text[:40]}" has no value', "add one", file, value or token)
        if value.kind != "open":
            open_blocks[-1].values.append((token.text, _value(value, file)))
            continue
        if len(open_blocks) >= MAX_DEPTH:
            raise _error(f"is nested deeper than {MAX_DEPTH} levels", "flatten it", file, value)
        block = _Block(token.line)
        open_blocks[-1].blocks.append((token.text, block))
        open_blocks.append(block)
    if len(open_blocks) > 1:
        line = open_blocks[-1].line
        raise InputError('a "[" is never closed', 'add "]"', file=file, line=line)
    return root


def _tokens(text: str, file: str) -> Iterator[_Token]:
    line, counted = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        kind = found.lastgroup or ""
        if kind == "broken":
            message = "a text begins and never ends"
            raise InputError(message, "add the missing quote", file=file, line=line)
        if kind != "comment":
            yield _Token(kind, found[0], line)


def _value(token: _Token, file: str) -> Value:
    if token.kind == "text":
        return html.unescape(token.text[1:-1])
    if token.kind == "number":
        if len(token.text) > _MAX_DIGITS:
            raise _error("number has too many digits", "shorten it", file, token)
        return float(token.text)
    return token.text


def _error(message: str, hint: str, file: str, token: _Token) -> InputError:
    return InputError(message, hint, file=file, line=token.line)
