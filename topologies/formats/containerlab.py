"""Topology files of containerlab, ``NAME.clab.yml``: nodes become hubs, links become fibres.

A node of kind ``linux`` whose only link goes to a hub becomes a host behind it. Images and
configurations of nodes are not read: the controller steers every switch. A kind comes from the
node, its group, or the defaults.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from corridor.topologies.base.documents import Document, KeyPath, Plain, parse_document
from corridor.topologies.base.words import counted
from corridor.topologies.formats.foreign import build, slug
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
)
from corridor.topologies.model.hosts import Host, check_hosts
from corridor.topologies.model.topology import Topology

HOST_KIND = "linux"
VETH = "veth"
"""The type of a link between two nodes; the other types end outside the lab, or nowhere."""
OUTSIDE = frozenset({"host", "mgmt-net", "macvlan"})
"""What an end of a link may name instead of a node."""
LINK_HINT = 'write endpoints: ["a:eth1", "b:eth1"]'
STATED = {"startup-config": "configuration", "image": "image"}
"""Keys of nodes, groups and kinds that a note names."""


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from a containerlab file. Raises InputError with the line and a way out."""
    document = parse_document(text, file)
    nodes = _mapping(document, "topology", "nodes")
    links, left_out = _links(document, nodes)
    behind = _hosts(document, nodes, links)
    hubs = [name for name in nodes if name not in behind]
    title = document.value("name")
    made = build(
        title if isinstance(title, str) else PurePath(file).name.partition(".")[0],
        file,
        [ForeignNode(name, name, None, None, _line(document, name)) for name in hubs],
        [one for one in links if one.a not in behind and one.z not in behind],
        source=f"containerlab file {file}",
        options=options,
        notes=tuple(_notes(document, nodes, left_out)),
    )
    ids = dict(zip(hubs, (hub.id for hub in made.hubs), strict=True))
    hosts = [Host(id=slug(name) or "host", hub=ids[hub]) for name, hub in behind.items()]
    written: Plain = {"hosts": [{"id": host.id, "hub": host.hub} for host in hosts]}
    lines: dict[KeyPath, int] = {
        ("hosts", number): _line(document, name) or 1 for number, name in enumerate(behind)
    }
    check_hosts(Document(written, file, lines), hosts, [*ids.values()])
    return made.with_hosts(hosts)


def _mapping(document: Document, *path: str) -> Mapping[str, Plain]:
    found = document.value(*path)
    if not isinstance(found, dict) or not found:
        hint = "a containerlab file has topology: with nodes: and links:"
        raise document.error(f"has no {'.'.join(path)}", *path, hint=hint)
    return found


def _line(document: Document, node: str) -> int | None:
    return document.line_of("topology", "nodes", node)


def _links(
    document: Document, nodes: Mapping[str, Plain]
) -> tuple[list[ForeignLink], Counter[str]]:
    """Links between two nodes, and how many of other types there are."""
    listed = document.value("topology", "links")
    found: list[ForeignLink] = []
    left_out: Counter[str] = Counter()
    for number, link in enumerate(listed if isinstance(listed, list) else ()):
        at = ("topology", "links", number)
        kind = link.get("type", VETH) if isinstance(link, dict) else VETH
        if kind != VETH:
            left_out[str(kind)] += 1
            continue
        ends = link.get("endpoints") if isinstance(link, dict) else None
        if not isinstance(ends, list) or len(ends) != 2:
            raise document.error("is not a link with two endpoints", *at, hint=LINK_HINT)
        a, z = (_node_of(document, end, *at) for end in ends)
        outside = next((one for one in (a, z) if one in OUTSIDE and one not in nodes), None)
        if outside is not None:
            left_out[outside] += 1
            continue
        found.append(ForeignLink(a, z, document.line_of(*at)))
    return found, left_out


def _node_of(document: Document, end: Plain, *at: str | int) -> str:
    """Of ``node:interface``, or of an object with ``node``."""
    name = end.get("node") if isinstance(end, dict) else end
    if not isinstance(name, str) or not name:
        raise document.error("is not a link with two endpoints", *at, hint=LINK_HINT)
    return name.partition(":")[0]


def _hosts(
    document: Document, nodes: Mapping[str, Plain], links: Sequence[ForeignLink]
) -> dict[str, str]:
    """Nodes that are hosts, each with the node that it is behind."""
    neighbours: defaultdict[str, list[str]] = defaultdict(list)
    for link in links:
        neighbours[link.a].append(link.z)
        neighbours[link.z].append(link.a)
    leaves = {
        name: neighbours[name][0]
        for name in nodes
        if len(neighbours[name]) == 1 and _kind(document, nodes, name) == HOST_KIND
    }
    return {name: hub for name, hub in leaves.items() if hub in nodes and hub not in leaves}


def _kind(document: Document, nodes: Mapping[str, Plain], name: str) -> Plain:
    """As containerlab inherits it."""
    node = nodes[name] if isinstance(nodes[name], dict) else {}
    group = node.get("group") if isinstance(node, dict) else None
    groups = document.value("topology", "groups", group) if isinstance(group, str) else None
    defaults = document.value("topology", "defaults")
    said = (one.get("kind") for one in (node, groups, defaults) if isinstance(one, dict))
    return next((one for one in said if one is not None), None)


def _notes(
    document: Document, nodes: Mapping[str, Plain], left_out: Mapping[str, int]
) -> list[str]:
    parts = ("kinds", "groups")
    shared = [one for part in parts for one in _values(document.value("topology", part))]
    given = [*nodes.values(), *shared, document.value("topology", "defaults")]
    stated = [
        f"{noun}s"
        for key, noun in STATED.items()
        if any(isinstance(one, dict) and key in one for one in given)
    ]
    notes = []
    if stated:
        notes.append(f"Not read: {' and '.join(stated)} of nodes.")
    notes += [f"Left out, of type {kind}: {counted(n, 'link')}." for kind, n in left_out.items()]
    return notes


def _values(of: Plain) -> list[Plain]:
    return list(of.values()) if isinstance(of, dict) else []
