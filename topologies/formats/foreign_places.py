"""Where the nodes of a foreign graph are, and in whose jurisdiction, as far as can be known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import few
from corridor.topologies.formats import countries
from corridor.topologies.formats.foreign_graph import ForeignLink, ForeignNode
from corridor.topologies.formats.quantities import ADVICE, ImportOptions
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Hub

NOWHERE = (0.0, 0.0)
"""The place of nodes without coordinates: one for all, so that no distance follows from it."""
MOST_LISTED = 20


@dataclass(frozen=True)
class Placed:
    """A node with a place, and whose it is."""

    node: ForeignNode
    lat: float
    lon: float
    basis: Literal["own", "midway", "nowhere"]

    @property
    def is_own(self) -> bool:
        return self.basis == "own"


def places(
    nodes: Sequence[ForeignNode],
    links: Sequence[ForeignLink],
    file: str,
    options: ImportOptions,
) -> list[Placed]:
    """Every node with a place: its own, else midway between its neighbours, nearest ones first.

    InputError where that does not help, or no link states how long the others might be, unless
    every link has its own length or the user's.
    """
    found = {
        node.key: (node.lat, node.lon)
        for node in nodes
        if node.lat is not None and node.lon is not None
    }
    own = set(found)
    has_own = [link.delay_ns is not None or link.length_km is not None for link in links]
    needs = not options.has_default and not all(has_own)
    tells = any(has_own) or any(link.a in own and link.z in own for link in links)
    neighbours = _neighbours(links)
    while missing := [node for node in nodes if node.key not in found]:
        midway = {
            node.key: (fmean(lat for lat, _ in around), fmean(lon for _, lon in around))
            for node in missing
            if (around := [found[key] for key in neighbours[node.key] if key in found])
        }
        if needs and not (midway and tells):
            wanting = {
                end
                for link, has in zip(links, has_own, strict=True)
                if not has
                for end in (link.a, link.z)
            }
            node = next((node for node in missing if node.key in wanting), missing[0])
            raise unplaced(node.key, file, node.line)
        if not midway:
            break
        found |= midway
    return [_placed(node, found.get(node.key), node.key in own) for node in nodes]


def _placed(node: ForeignNode, place: tuple[float, float] | None, is_own: bool) -> Placed:
    if place is None:
        return Placed(node, *NOWHERE, "nowhere")
    return Placed(node, *place, "own" if is_own else "midway")


def unplaced(key: str, file: str, line: int | None) -> InputError:
    hint = f"add Latitude and Longitude, or state how long such links are: {ADVICE}"
    return InputError(f'node "{key}" has no coordinates', hint, file=file, line=line)


def _neighbours(links: Sequence[ForeignLink]) -> defaultdict[str, list[str]]:
    """By node, the nodes that it is linked to, once a link."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for link in links:
        found[link.a].append(link.z)
        found[link.z].append(link.a)
    return found


def jurisdictions(nodes: Sequence[Placed], placed: bool) -> tuple[dict[str, str], bool]:
    """Codes by node, and whether coordinates may be believed.

    None is inferred for stand-in places, nor when many nodes are where no one lives.
    """
    named = {p.node.key: countries.code_of(p.node.country) for p in nodes if p.node.country}
    codes = {key: code for key, code in named.items() if code is not None}
    if not placed or not countries.available():
        return codes, placed
    inferred = {
        p.node.key: countries.at(p.lat, p.lon, p.node.label)
        for p in nodes
        if p.node.key not in codes and p.is_own and not p.node.at_sea
    }
    unsettled = sum(code == UNKNOWN_JURISDICTION for code in inferred.values())
    if unsettled * 3 > len(inferred):
        return codes, False
    return codes | inferred, True


def places_notes(nodes: Sequence[Placed], hubs: Mapping[str, Hub]) -> list[str]:
    midway = [hubs[p.node.key].id for p in nodes if p.basis == "midway"]
    nowhere = [hubs[p.node.key].id for p in nodes if p.basis == "nowhere"]
    notes = []
    if midway:
        notes.append(
            f"Without coordinates: {few(midway, MOST_LISTED)}. They are placed midway between "
            "their neighbours."
        )
    if nowhere:
        listed = "all hubs" if len(nowhere) == len(nodes) else few(nowhere, MOST_LISTED)
        notes.append(f"Without any place: {listed}. They are at 0, 0, which is not a place.")
    return notes


def jurisdictions_notes(hubs: Sequence[Hub], inferred: bool) -> list[str]:
    unknown = [hub.id for hub in hubs if hub.located_in == UNKNOWN_JURISDICTION]
    notes = [countries.note()] if inferred else []
    if unknown:
        listed = "all hubs" if len(unknown) == len(hubs) else few(unknown, MOST_LISTED)
        notes.append(
            f"Jurisdiction unknown ({UNKNOWN_JURISDICTION}): {listed}. What a policy forbids "
            "anywhere, it forbids there."
        )
    return notes
