"""Where the nodes of a foreign graph are, and in whose jurisdiction, as far as can be known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import format_duration, format_length
from corridor.topologies.base.words import few
from corridor.topologies.formats import cities
from corridor.topologies.formats.foreign_graph import (
    ADVICE,
    ForeignLink,
    ForeignNode,
    ImportOptions,
)
from corridor.topologies.model import delay
from corridor.topologies.model.topology import (
    UNKNOWN_JURISDICTION,
    Hub,
    LengthBasis,
    great_circle_km,
)

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
    named = {p.node.key: cities.code_of(p.node.country) for p in nodes if p.node.country}
    codes = {key: code for key, code in named.items() if code is not None}
    if not placed or not cities.available():
        return codes, placed
    inferred = {
        p.node.key: cities.at(p.lat, p.lon, p.node.label)
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
    notes = [cities.note()] if inferred else []
    if unknown:
        listed = "all hubs" if len(unknown) == len(hubs) else few(unknown, MOST_LISTED)
        notes.append(
            f"Jurisdiction unknown ({UNKNOWN_JURISDICTION}): {listed}. What a policy forbids "
            "anywhere, it forbids there."
        )
    return notes


# How long the links of a foreign graph are: as given, as derived, or as the user states.
#
# A delay or a length of the file's own comes first. Between two places of nodes the length is
# derived. What is left gets the user's default; where some links are known, else their median.


LEAST_KM = 0.1
LIGHT_US_PER_KM = 1e3 / 299.792458
"""One-way delay in a vacuum: the lower bound of all delays."""
Origin = Literal["delay", "length", "places", "median", "default"]


@dataclass(frozen=True)
class Reach:
    """How far a link reaches, in both senses, and from what that is known."""

    length_km: float
    delay_ns: int
    """One-way delay, with terminals."""
    origin: Origin
    is_delay_given: bool
    length_basis: LengthBasis = "derived"


def reaches(
    links: Sequence[ForeignLink],
    found: Sequence[Placed],
    options: ImportOptions,
    file: str,
) -> list[Reach]:
    """Of each link. InputError with a way out where one cannot be known."""
    at = {place.node.key: place for place in found}
    known = [_known(link, at) for link in links]
    lengths = [reach.length_km for reach in known if reach is not None]
    return [
        reach or _assumed(link, at, lengths, options, file)
        for link, reach in zip(links, known, strict=True)
    ]


def _known(link: ForeignLink, at: Mapping[str, Placed]) -> Reach | None:
    if link.delay_ns is not None:
        if link.length_km:
            return Reach(link.length_km, link.delay_ns, "delay", True, "stated")
        implied_km = _rounded(link.delay_ns / delay.FIBRE_NS_PER_KM)
        return Reach(implied_km, link.delay_ns, "delay", True)
    if link.length_km is not None:
        return _of_length(link.length_km or LEAST_KM, "length")
    if not (at[link.a].is_own and at[link.z].is_own):
        return None
    return _of_length(_derived_km(link, at), "places")


def _assumed(
    link: ForeignLink,
    at: Mapping[str, Placed],
    known_km: Sequence[float],
    options: ImportOptions,
    file: str,
) -> Reach:
    """Return the assumed reach of a link: at least the distance between the places of its nodes.

    A node that is drawn midway between its neighbours is nearer to them than in reality.
    """
    derived_km = _derived_km(link, at)
    if options.default_delay_ns is not None:
        given = options.default_delay_ns
        reach = Reach(_rounded(given / delay.FIBRE_NS_PER_KM), given, "default", True)
    elif options.default_length_km is not None:
        reach = _of_length(options.default_length_km, "default")
    elif known_km:
        reach = _of_length(_rounded(median(known_km)), "median")
    else:
        node = next(at[end].node for end in (link.a, link.z) if not at[end].is_own)
        raise unplaced(node.key, file, node.line)
    return reach if reach.length_km >= derived_km else _of_length(derived_km, "places")


def _derived_km(link: ForeignLink, at: Mapping[str, Placed]) -> float:
    return delay.derived_length_km(_straight_km(link, at), "terrestrial")


def _straight_km(link: ForeignLink, at: Mapping[str, Placed]) -> float:
    a, z = at[link.a], at[link.z]
    return great_circle_km((a.lat, a.lon), (z.lat, z.lon))


def _of_length(length_km: float, origin: Origin) -> Reach:
    basis: LengthBasis = "stated" if origin in ("length", "default") else "derived"
    return Reach(length_km, delay.one_way_delay_ns(length_km), origin, False, basis)


def _rounded(length_km: float) -> float:
    return max(LEAST_KM, round(length_km, 1))


def below_light(
    links: Sequence[ForeignLink], known: Sequence[Reach], found: Sequence[Placed]
) -> list[str]:
    """One warning if light in a vacuum takes longer than fibres do between their nodes' places."""
    at = {place.node.key: place for place in found}
    speeds = [
        reach.delay_ns / 1e3 / km
        for link, reach in zip(links, known, strict=True)
        if at[link.a].is_own and at[link.z].is_own and (km := _straight_km(link, at)) > 0
    ]
    below = [us_per_km for us_per_km in speeds if us_per_km < LIGHT_US_PER_KM]
    if not below:
        return []
    warning = (
        f"Warning: {len(below)} of {len(links)} fibres are faster than light in a vacuum "
        f"({LIGHT_US_PER_KM:.2f} us/km between their ends), the fastest with {min(below):.2f} "
        "us/km. Take all delays for abstract numbers, or read the file with --ignore-delays (in "
        "Python ignore_delays=True), which derives them from lengths and places."
    )
    return [warning]


def lengths_note(found: Sequence[Reach], options: ImportOptions) -> str:
    """From what lengths and delays are known, with the count of each."""
    factor = delay.ROUTE_FACTOR["terrestrial"]
    default = ""
    if options.default_length_km is not None:
        default = f"the stated default of {format_length(options.default_length_km)}"
    elif options.default_delay_ns is not None:
        default = f"the stated default of {format_duration(options.default_delay_ns)} one way"
    said: Mapping[Origin, str] = {
        "places": f"are derived, the straight line between the fibre's ends x {factor}",
        "delay": "come from given delays",
        "length": "are given",
        "median": "are the median of the others, as an end has no coordinates",
        "default": f"have {default}",
    }
    counts = {origin: sum(reach.origin == origin for reach in found) for origin in said}
    told = [f"{count} {said[origin]}" for origin, count in counts.items() if count]
    first, *others = told or ["0 are derived"]
    number, _, rest = first.partition(" ")
    return "; ".join([f"Lengths: {number} of {len(found)} {rest}", *others]) + "."
