"""Turns a foreign graph (nodes with coordinates, links) into a Topology.

What the graph does not say is not invented: jurisdictions come from the countries it names or
from cities nearby, else they are unknown; lengths are derived from the great circle unless a
delay is given; capacities stay unpublished. All of it is stated in the topology's notes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from pydantic import ValidationError

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import format_duration, format_length, format_rate
from corridor.topologies.formats.foreign_graph import (
    ADVICE,
    NO_OPTIONS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
)
from corridor.topologies.formats.foreign_places import (
    LEAST_KM,
    Placed,
    Reach,
    below_light,
    jurisdictions,
    jurisdictions_notes,
    lengths_note,
    places,
    places_notes,
    reaches,
)
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Hub, Scaling, Topology

# Joins the two directions of links of directed graphs, since a fibre carries both alike.
#
# Opposite links that say the same are one fibre. Where they differ, the fibre has the mean of the
# two delays and lengths, which keeps the round trip, and the lesser capacity, which promises
# neither direction too much; fibre and notes say so. A link without an opposite is a fibre, too.


def join_directions(links: Sequence[ForeignLink]) -> tuple[list[ForeignLink], list[str]]:
    """One link for each pair of opposite ones, in the order of the first of the two, and notes.

    Opposites that say the same find each other first. Undirected links stay as they are.
    """
    partner = _partners(links, alike=True, taken={})
    partner = _partners(links, alike=False, taken=partner)
    joined, differing, alone = [], 0, 0
    for number, link in enumerate(links):
        other = partner.get(number)
        if not link.directed:
            joined.append(link)
        elif other is None:
            alone += 1
            joined.append(replace(link, directed=False))
        elif number < other:
            made = _joined(link, links[other])
            differing += bool(made.notes)
            joined.append(made)
    return joined, _notes(len(joined), differing, alone)


def _partners(
    links: Sequence[ForeignLink], *, alike: bool, taken: dict[int, int]
) -> dict[int, int]:
    """By number, the opposite of each directed link that has one and is not taken yet."""
    waiting: defaultdict[object, deque[int]] = defaultdict(deque)
    found = dict(taken)
    for number, link in enumerate(links):
        if not link.directed or number in taken:
            continue
        says = (link.capacity_bps, link.delay_ns, link.length_km) if alike else ()
        opposite = waiting[link.z, link.a, says]
        if opposite:
            first = opposite.popleft()
            found[first], found[number] = number, first
        else:
            waiting[link.a, link.z, says].append(number)
    return found


def _joined(there: ForeignLink, back: ForeignLink) -> ForeignLink:
    delay_ns, length_km, capacity_bps = there.delay_ns, there.length_km, there.capacity_bps
    said = []
    if there.delay_ns != back.delay_ns:
        known = [one.delay_ns for one in (there, back) if one.delay_ns is not None]
        delay_ns = round(sum(known) / len(known))
        said.append("delay " + " and ".join(map(format_duration, known)))
    if there.length_km != back.length_km:
        lengths = [one.length_km for one in (there, back) if one.length_km is not None]
        length_km = sum(lengths) / len(lengths)
        said.append("length " + " and ".join(map(format_length, lengths)))
    if there.capacity_bps != back.capacity_bps:
        rates = [one.capacity_bps for one in (there, back) if one.capacity_bps is not None]
        capacity_bps = min(rates)
        said.append("capacity " + " and ".join(format_rate(round(rate)) for rate in rates))
    notes = ""
    if said:
        notes = f"Its two directions: {'; '.join(said)}. Mean delay and length, least capacity."
    return replace(
        there,
        delay_ns=delay_ns,
        length_km=length_km,
        capacity_bps=capacity_bps,
        directed=False,
        notes=notes,
    )


def _notes(fibres: int, differing: int, alone: int) -> list[str]:
    notes = []
    if differing:
        notes.append(
            f"Directions differ in {differing} of {fibres} fibres: each has the mean delay and "
            "length of the two, which keeps round trips, and the lesser capacity (see their notes)."
        )
    if alone:
        notes.append(
            f"{alone} of {fibres} fibres have one direction only in the file; fibres carry both."
        )
    return notes


_MOST_NAMED = 12

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
    f"are hardly geographic. Instead of them: {ADVICE}."
)
PLANAR_NOTE = (
    f"Its coordinates are not geographic: derived lengths mean little. Instead of them: {ADVICE}."
)
IGNORED_NOTE = "The file's coordinates are not used: they are not geographic."


def build(
    title: str,
    file: str,
    nodes: Sequence[ForeignNode],
    links: Iterable[ForeignLink],
    *,
    source: str,
    options: ImportOptions = NO_OPTIONS,
    notes: tuple[str, ...] = (),
    placed: bool = True,
) -> Topology:
    """A Topology from a foreign graph; ``placed`` is False when coordinates are not degrees.

    Links that begin and end at one node are dropped, and the notes say so.
    """
    given = tuple(links)
    if options.ignores_delays:
        given = tuple(replace(link, delay_ns=None) for link in given)
    kept, directions = join_directions([link for link in given if link.a != link.z])
    _check(nodes, given, file)
    placed = _are_degrees(nodes, options, file) and placed
    ids = _slugs([(node.key, node.label) for node in nodes])
    if not placed and options.has_default:
        nodes = _without_places(nodes)
    found = places(nodes, kept, file, options)
    codes, geographic = jurisdictions(found, placed)
    ignored = not geographic and options.has_default
    if ignored:
        found = places(_without_places(nodes), kept, file, options)
    hubs = {place.node.key: _hub(place, ids[place.node.key], codes, source) for place in found}
    known = reaches(kept, found, options, file)
    has_places = any(place.is_own for place in found)
    derives = any(reach.origin == "places" for reach in known)
    return Topology(
        name=slug(PurePath(title).stem) or "imported",
        title=_one_line(title) or "imported",
        hubs=tuple(hubs.values()),
        fibres=tuple(_fibres(hubs, kept, known, source, file)),
        scaling=IMPORT_SCALING,
        notes=tuple(
            _one_line(note)
            for note in (
                *below_light(kept, known, found),
                IMPORT_NOTE,
                lengths_note(known, options),
                *places_notes(found, hubs),
                *jurisdictions_notes(tuple(hubs.values()), geographic and has_places),
                *([IGNORED_NOTE] if ignored else []),
                *([UNPLACED_NOTE] if derives and placed and not geographic else []),
                *_dropped(given, ids),
                *directions,
                *notes,
            )
        ),
    )


def _dropped(links: Sequence[ForeignLink], ids: Mapping[str, str]) -> list[str]:
    """What is stated about links that are left out, and of lengths that no fibre has."""
    loops = [ids[link.a] for link in links if link.a == link.z]
    points = sum(link.length_km == 0 for link in links)
    notes = []
    if loops:
        where = ", ".join(dict.fromkeys(loops[:_MOST_NAMED]))
        notes.append(
            f"Left out, as they begin and end at one node: {_links(len(loops))} ({where})."
        )
    if points:
        notes.append(f"Of 0 km in the file, taken as {LEAST_KM:g} km: {_links(points)}.")
    return notes


def _links(count: int) -> str:
    return f"{count} link{'' if count == 1 else 's'}"


def _check(nodes: Sequence[ForeignNode], links: Sequence[ForeignLink], file: str) -> None:
    keys = {node.key for node in nodes}
    if len(keys) < len(nodes):
        raise InputError("two nodes share an id", "give each its own", file=file)
    for link in links:
        for end in (link.a, link.z):
            if end not in keys:
                message = f'a link ends at unknown node "{end}"'
                hint = "add the node, or drop the link"
                raise InputError(message, hint, file=file, line=link.line)


def _are_degrees(nodes: Sequence[ForeignNode], options: ImportOptions, file: str) -> bool:
    """Whether all coordinates can be geographic. InputError if not, unless there is a default."""
    for node in nodes:
        if node.lat is None or node.lon is None:
            continue
        if -90 <= node.lat <= 90 and -180 <= node.lon <= 180:  # neither is what is not a number
            continue
        if options.has_default:
            return False
        message = f'node "{node.label}" stands at {node.lat:g}, {node.lon:g}: not degrees'
        hint = f"latitude is -90..90; to do without coordinates: {ADVICE}"
        raise InputError(message, hint, file=file, line=node.line)
    return True


def _without_places(nodes: Sequence[ForeignNode]) -> list[ForeignNode]:
    return [replace(node, lat=None, lon=None) for node in nodes]


def _one_line(text: str) -> str:
    """Without what no file can carry."""
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _slugs(nodes: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A distinct slug per key: from the label, numbered when labels repeat."""
    names = _Names()
    return {
        key: names.free(slug(label) or "node-" + (slug(key) or str(number)))
        for number, (key, label) in enumerate(nodes)
    }


class _Names:
    """Names that are taken, and for each the number from which on to look for a free one: many
    nodes may be called alike."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def free(self, base: str) -> str:
        """``base``, or ``base.2``, ``base.3``... - the first not taken; takes it."""
        name, number = base, self._next.get(base, 1)
        while name in self._next:
            number += 1
            name = f"{base}.{number}"
        self._next[base] = number
        self._next.setdefault(name, 1)
        return name


def readable(node: ForeignNode) -> str:
    """The node's label without what no file can carry, or its key, or a stand-in."""
    return _one_line(node.label) or _one_line(node.key) or "unnamed"


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
    known: Sequence[Reach],
    source: str,
    file: str,
) -> list[Fibre]:
    names = _Names()
    fibres = []
    for link, reach in zip(links, known, strict=True):
        fibre_id = names.free(f"{hubs[link.a].id}-{hubs[link.z].id}")
        try:
            fibres.append(_fibre(fibre_id, hubs[link.a], hubs[link.z], link, reach, source))
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            message = f"link {fibre_id}: {first['loc'][0]}: {first['msg'].lower()}"
            hint = "correct its delay, length or capacity, or the unit it is read in"
            raise InputError(message, hint, file=file, line=link.line) from None
    return fibres


def _fibre(fibre_id: str, a: Hub, z: Hub, link: ForeignLink, reach: Reach, source: str) -> Fibre:
    known = link.capacity_bps is not None and link.capacity_bps > 0
    return Fibre(
        id=fibre_id,
        a=a.id,
        z=z.id,
        medium="terrestrial",
        length_km=reach.length_km,
        length_basis=reach.length_basis,
        one_way_delay_ns=reach.delay_ns,
        delay_basis="given" if reach.is_delay_given else "model",
        capacity_gbps=link.capacity_bps / 1e9 if known and link.capacity_bps else None,
        capacity_basis="published" if known else "unpublished",
        sources=(source,),
        confidence="unsure",
        notes=link.notes,
    )
