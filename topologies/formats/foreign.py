"""Turns a foreign graph (nodes with coordinates, links) into a Topology.

What the graph does not say is not invented: jurisdictions come from the countries it names or
from cities nearby, else they are unknown; lengths are derived from the great circle unless a
delay is given; capacities stay unpublished. All of it is said in the topology's notes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from statistics import median

from pydantic import ValidationError

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.foreign_graph import ForeignLink, ForeignNode
from corridor.topologies.formats.foreign_places import (
    Placed,
    jurisdictions,
    jurisdictions_notes,
    places,
    places_notes,
)
from corridor.topologies.model import delay
from corridor.topologies.model.geo import great_circle_km
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Hub, Scaling, Topology

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
    "Derived lengths mean little: a third of the nodes are far from any city, so the coordinates "
    "are hardly geographic."
)


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
    links = tuple(links)
    _check(nodes, links, file)
    ids = _slugs([(node.key, node.label) for node in nodes])
    found = places(nodes, links, file)
    codes, geographic = jurisdictions(found, placed)
    hubs = {place.node.key: _hub(place, ids[place.node.key], codes, source) for place in found}
    stand_ins = {place.node.key for place in found if place.stand_in}
    fibres = _fibres(hubs, links, stand_ins, source, file)
    return Topology(
        name=slug(PurePath(title).stem) or "imported",
        title=title,
        hubs=tuple(hubs.values()),
        fibres=tuple(fibres),
        scaling=IMPORT_SCALING,
        notes=(
            IMPORT_NOTE,
            _lengths_note(fibres),
            *places_notes(found, hubs),
            *jurisdictions_notes(tuple(hubs.values()), geographic),
            *([UNPLACED_NOTE] if placed and not geographic else []),
            *notes,
        ),
    )


def _check(nodes: Sequence[ForeignNode], links: Sequence[ForeignLink], file: str) -> None:
    keys = {node.key for node in nodes}
    if len(keys) < len(nodes):
        raise InputError("two nodes share an id", "give each its own", file=file)
    for node in nodes:
        if node.lat is not None and node.lon is not None:
            _check_degrees(node, node.lat, node.lon, file)
    for link in links:
        for end in (link.a, link.z):
            if end not in keys:
                message = f'a link ends at unknown node "{end}"'
                raise InputError(message, file=file, line=link.line)
        if link.a == link.z:
            message = f'a link starts and ends at node "{link.a}"'
            raise InputError(message, "remove it", file=file, line=link.line)


def _check_degrees(node: ForeignNode, lat: float, lon: float, file: str) -> None:
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # neither does what is no number
        message = f'node "{node.label}" stands at {lat:g}, {lon:g}: not degrees'
        raise InputError(message, "latitude is -90..90", file=file, line=node.line)


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


def _hub(place: Placed, hub_id: str, codes: Mapping[str, str], source: str) -> Hub:
    node = place.node
    return Hub(
        id=hub_id,
        name=readable(node),
        role="transit",
        located_in=codes.get(node.key, UNKNOWN_JURISDICTION),
        lat=place.lat,
        lon=place.lon,
        sources=(source,),
        confidence="unsure",
    )


def _fibres(
    hubs: Mapping[str, Hub],
    links: Sequence[ForeignLink],
    stand_ins: set[str],
    source: str,
    file: str,
) -> list[Fibre]:
    taken: set[str] = set()
    fibres = []
    for link in links:
        fibre_id = _free(f"{hubs[link.a].id}-{hubs[link.z].id}", taken)
        try:
            fibres.append(_fibre(fibre_id, hubs[link.a], hubs[link.z], link, source))
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            message = f"link {fibre_id}: {first['loc'][0]}: {first['msg'].lower()}"
            raise InputError(message, file=file, line=link.line) from None
    unsure = [bool({link.a, link.z} & stand_ins) for link in links]
    return _lengthened(fibres, unsure)


def _lengthened(fibres: list[Fibre], unsure: Sequence[bool]) -> list[Fibre]:
    """Fibres that end where no coordinates are get at least the median length of the others.

    Midway between its neighbours a hub would be nearer to them than it can be expected to be.
    """
    known = [
        fibre.length_km for fibre, uncertain in zip(fibres, unsure, strict=True) if not uncertain
    ]
    return [
        _of_length(fibre, max(fibre.length_km, round(median(known), 1)))
        if uncertain and fibre.delay_basis == "model"
        else fibre
        for fibre, uncertain in zip(fibres, unsure, strict=True)
    ]


def _of_length(fibre: Fibre, length_km: float) -> Fibre:
    delay_ns = delay.one_way_delay_ns(length_km)
    return fibre.model_copy(update={"length_km": length_km, "one_way_delay_ns": delay_ns})


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
