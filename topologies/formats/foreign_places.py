"""Where the nodes of a foreign graph are, and in whose jurisdiction, as far as can be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats import countries
from corridor.topologies.formats.foreign_graph import ForeignLink, ForeignNode
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Hub


@dataclass(frozen=True)
class Placed:
    """A node with a place: its own, or with ``stand_in`` one midway between its neighbours."""

    node: ForeignNode
    lat: float
    lon: float
    stand_in: bool


def places(nodes: Sequence[ForeignNode], links: Sequence[ForeignLink], file: str) -> list[Placed]:
    """Every node with a place: its own, else midway between its neighbours, nearest ones first.

    InputError where that does not help, or no link has both ends from which to tell how long
    links are.
    """
    found = {
        node.key: (node.lat, node.lon)
        for node in nodes
        if node.lat is not None and node.lon is not None
    }
    own = set(found)
    tells = any(link.a in own and link.z in own for link in links)
    while missing := [node for node in nodes if node.key not in found]:
        midway = {
            node.key: (fmean(lat for lat, _ in around), fmean(lon for _, lon in around))
            for node in missing
            if (around := [found[key] for key in _neighbours(node.key, links) if key in found])
        }
        if not (midway and tells):
            message = f'node "{missing[0].key}" has no coordinates'
            hint = "add Latitude and Longitude, or drop the node"
            raise InputError(message, hint, file=file, line=missing[0].line)
        found |= midway
    return [Placed(node, *found[node.key], stand_in=node.key not in own) for node in nodes]


def _neighbours(key: str, links: Sequence[ForeignLink]) -> list[str]:
    return [link.z if link.a == key else link.a for link in links if key in (link.a, link.z)]


def jurisdictions(nodes: Sequence[Placed], placed: bool) -> tuple[dict[str, str], bool]:
    """Codes by node, and whether coordinates may be believed.

    None is inferred for stand-in places, nor when many nodes are where nobody lives.
    """
    named = {p.node.key: countries.code_of(p.node.country) for p in nodes if p.node.country}
    codes = {key: code for key, code in named.items() if code is not None}
    if not placed or not countries.available():
        return codes, placed
    inferred = {
        p.node.key: countries.at(p.lat, p.lon, p.node.label)
        for p in nodes
        if p.node.key not in codes and not p.stand_in and not p.node.at_sea
    }
    nowhere = sum(code == UNKNOWN_JURISDICTION for code in inferred.values())
    if nowhere * 3 > len(inferred):
        return codes, False
    return codes | inferred, True


def places_notes(nodes: Sequence[Placed], hubs: Mapping[str, Hub]) -> list[str]:
    unplaced = [hubs[p.node.key].id for p in nodes if p.stand_in]
    stand = "They stand midway between their neighbours, and their fibres have at least the median"
    note = f"Without coordinates: {_listed(unplaced)}. {stand} length of the others."
    return [note] if unplaced else []


def jurisdictions_notes(hubs: Sequence[Hub], geographic: bool) -> list[str]:
    unknown = [hub.id for hub in hubs if hub.located_in == UNKNOWN_JURISDICTION]
    notes = [countries.note()] if geographic else []
    if unknown:
        listed = "all hubs" if len(unknown) == len(hubs) else _listed(unknown)
        notes.append(
            f"Jurisdiction unknown ({UNKNOWN_JURISDICTION}): {listed}. What a policy forbids "
            "anywhere, it forbids there."
        )
    return notes


def _listed(names: Sequence[str], limit: int = 20) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
