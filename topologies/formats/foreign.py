"""Turns a foreign graph (nodes with coordinates, links) into a Topology.

What the graph does not say is not invented: jurisdictions come from the nearest GeoNames city
or stay ``XX``, lengths are derived from the great circle unless a delay is given, capacities
stay unpublished. All of it is said in the topology's notes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pydantic import ValidationError

from topologies import delay
from topologies.errors import InputError
from topologies.formats.countries import CountryLookup
from topologies.geo import great_circle_km
from topologies.model import UNKNOWN_JURISDICTION, Fibre, Hub, Scaling, Topology

IMPORT_SCALING = Scaling(
    capacity_scale=1e-3,
    assumed_terrestrial_gbps=100.0,
    assumed_submarine_gbps=100.0,
    min_rate_bps=1_000_000,
    max_rate_bps=1_000_000_000,
)
IMPORT_NOTE = (
    "Imported: capacities are emulated at 1/1000, unpublished ones as 100 Gbit/s (assumption), "
    "within 1 Mbit/s and 1 Gbit/s."
)

UNPLACED_NOTE = (
    "Jurisdictions are XX and derived lengths mean little: a third of the nodes are far from any "
    "city, so the coordinates are hardly geographic."
)


@dataclass(frozen=True)
class ForeignNode:
    key: str
    label: str
    lat: float
    lon: float
    line: int | None = None


@dataclass(frozen=True)
class ForeignLink:
    a: str
    z: str
    line: int | None = None
    capacity_bps: float | None = None
    delay_ns: int | None = None


def build(
    title: str,
    file: str,
    nodes: Sequence[ForeignNode],
    links: Iterable[ForeignLink],
    *,
    source: str,
    notes: tuple[str, ...] = (),
    placed: bool = True,
) -> Topology:
    """A Topology from a foreign graph; ``placed`` is False when coordinates are not degrees."""
    countries = CountryLookup()
    ids = _slugs([(node.key, node.label) for node in nodes])
    codes = _countries(nodes, countries) if placed else {}
    if placed and not codes:
        notes = (*notes, UNPLACED_NOTE)
    hubs = {node.key: _hub(node, ids[node.key], codes, source, file) for node in nodes}
    if len(hubs) < len(nodes):
        raise InputError("two nodes share an id", "give each its own", file=file)
    fibres: list[Fibre] = []
    taken: set[str] = set()
    for link in links:
        for end in (link.a, link.z):
            if end not in hubs:
                message = f'a link ends at unknown node "{end}"'
                raise InputError(message, file=file, line=link.line)
        if link.a == link.z:
            message = f'a link starts and ends at node "{link.a}"'
            raise InputError(message, "remove it", file=file, line=link.line)
        fibre_id = _free(f"{hubs[link.a].id}-{hubs[link.z].id}", taken)
        try:
            fibres.append(_fibre(fibre_id, hubs[link.a], hubs[link.z], link, source))
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            message = f"link {fibre_id}: {first['loc'][0]}: {first['msg'].lower()}"
            raise InputError(message, file=file, line=link.line) from None
    return Topology(
        name=slug(PurePath(title).stem) or "imported",
        title=title,
        hubs=tuple(hubs.values()),
        fibres=tuple(fibres),
        scaling=IMPORT_SCALING,
        notes=(IMPORT_NOTE, _lengths_note(fibres), countries.note, *notes),
    )


def _lengths_note(fibres: Sequence[Fibre]) -> str:
    derived = sum(fibre.delay_basis == "model" for fibre in fibres)
    factor = delay.ROUTE_FACTOR["terrestrial"]
    return (
        f"Lengths: {derived} of {len(fibres)} are derived, the straight line between the fibre's "
        f"ends x {factor}; {len(fibres) - derived} come from given delays."
    )


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _slugs(nodes: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A distinct slug per key: from the label, numbered when labels repeat."""
    taken: set[str] = set()
    result: dict[str, str] = {}
    for key, label in nodes:
        base = slug(label) or "node-" + (slug(key) or str(len(taken)))
        result[key] = _free(base, taken)
    return result


def _free(base: str, taken: set[str]) -> str:
    """``base``, or ``base.2``, ``base.3``... - the first not taken; takes it."""
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}.{number}"
    taken.add(name)
    return name


def readable(node: ForeignNode) -> str:
    """The node's label without what no file can carry, or its key, or a stand-in."""
    for text in (node.label, node.key):
        kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
        if kept.strip():
            return kept
    return "unnamed"


def _countries(nodes: Sequence[ForeignNode], lookup: CountryLookup) -> dict[str, str]:
    """Codes by node; none at all when too many nodes stand where nobody lives."""
    if not lookup.available:
        return {}
    codes = {node.key: lookup.at(node.lat, node.lon) for node in nodes}
    nowhere = sum(code == UNKNOWN_JURISDICTION for code in codes.values())
    return {} if nowhere * 3 > len(codes) else codes


def _hub(node: ForeignNode, hub_id: str, codes: Mapping[str, str], source: str, file: str) -> Hub:
    if not (-90 <= node.lat <= 90 and -180 <= node.lon <= 180):
        message = f'node "{node.label}" stands at {node.lat:g}, {node.lon:g}: not degrees'
        raise InputError(message, "latitude is -90..90", file=file, line=node.line)
    return Hub(
        id=hub_id,
        name=readable(node),
        role="transit",
        located_in=codes.get(node.key, UNKNOWN_JURISDICTION),
        lat=node.lat,
        lon=node.lon,
        sources=(source,),
        confidence="unsure",
    )


def _fibre(fibre_id: str, a: Hub, z: Hub, link: ForeignLink, source: str) -> Fibre:
    known = link.capacity_bps is not None and link.capacity_bps > 0
    if link.delay_ns is None:
        length_km = delay.derived_length_km(great_circle_km(a.place, z.place), "terrestrial")
    else:
        length_km = max(0.1, round(link.delay_ns / delay.FIBRE_NS_PER_KM, 1))
    return Fibre(
        id=fibre_id,
        a=a.id,
        z=z.id,
        medium="terrestrial",
        length_km=length_km,
        length_basis="derived",
        one_way_delay_ns=delay.one_way_delay_ns(length_km)
        if link.delay_ns is None
        else link.delay_ns,
        delay_basis="model" if link.delay_ns is None else "given",
        capacity_gbps=link.capacity_bps / 1e9 if known and link.capacity_bps else None,
        capacity_basis="published" if known else "unpublished",
        sources=(source,),
        confidence="unsure",
    )
