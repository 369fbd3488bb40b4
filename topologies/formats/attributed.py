"""Graphs of formats that leave it to their writers what attributes are called.

GraphML, GML, edge lists, node-link JSON and graphs in memory differ in how they are written, not
in what is stated: from their attributes come labels, places and countries of nodes, and delays,
lengths and capacities of links. What was not read is named in the notes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import few
from corridor.topologies.formats.foreign import build
from corridor.topologies.formats.foreign_graph import (
    MOST,
    UNITS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
    Number,
    Quantity,
    RawGraph,
    RawLink,
    RawNode,
    Unit,
    Value,
    number_of,
    unit_named,
)
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Topology

# Which attributes of links are delays, lengths and capacities, and in which units.
#
# By what the user says, else by the attribute's name (``delay_ms``, ``LinkSpeedRaw``), by a unit
# next to the value (``10 Gbps``), by the graph's own attributes (FNSS's ``delay_unit``). A number
# whose unit no one states is taken in the one that is usual, and the notes say so.

STEMS: Mapping[str, Quantity] = {
    "delay": "delay",
    "latency": "delay",
    "propagationdelay": "delay",
    "onewaydelay": "delay",
    "length": "length",
    "distance": "length",
    "dist": "length",
    "capacity": "capacity",
    "bandwidth": "capacity",
    "bw": "capacity",
    "linkspeedraw": "capacity",
}
USUAL: Mapping[Quantity, Unit] = {
    "delay": UNITS["ms"],
    "length": UNITS["km"],
    "capacity": UNITS["bit"],
}
BELIEVED: Mapping[Quantity, tuple[float, float]] = {
    "delay": (0, 1e9),
    "length": (0, 2e4),
    "capacity": (1e6, MOST["capacity"]),
}
"""Between which ns, km, bit/s the greatest number of an attribute must be to be taken in the
usual unit: a capacity of 10 is none in bit/s."""
NAMES = ("id", "key")
"""What only distinguishes links."""
STATED = ("linkspeedraw",)
"""In the usual unit by definition: of the Topology Zoo."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|µs")
_MOST_NAMED = 12
_LONGEST = 40


@dataclass(frozen=True)
class Reading:
    """How one attribute is read."""

    name: str
    unit: Unit
    guessed: bool


@dataclass(frozen=True)
class _Guess:
    quantity: Quantity
    unit: Unit | None
    stated: bool = False


def read_links(graph: RawGraph, options: ImportOptions) -> tuple[list[ForeignLink], list[str]]:
    """Links with the values of their attributes, and notes on what was guessed or left out.

    Raises InputError with the line of a number that no link can have.
    """
    names = list(dict.fromkeys(name for link in graph.links for name in link.data))
    _check_named(names, options, graph.file)
    readings, refused = _readings(graph, names, options)
    unread: Counter[str] = Counter()
    links = [_link(link, readings, unread, graph.file) for link in graph.links]
    return links, _notes(names, readings, refused, unread)


def _check_named(names: Sequence[str], options: ImportOptions, file: str) -> None:
    for name in options.attributes:
        if name not in names:
            hint = nearest_named(name, names) or (
                f"links have {listed(names)}" if names else "links have no attributes"
            )
            raise InputError(f'no link has an attribute "{name}"', hint, file=file)


def _readings(
    graph: RawGraph, names: Sequence[str], options: ImportOptions
) -> tuple[dict[Quantity, Reading], list[str]]:
    """Of each quantity the attribute that holds it, and what is stated about those left alone.

    One that the user names comes first, then one with a unit, then the first.
    """
    found: dict[Quantity, list[Reading]] = {"delay": [], "length": [], "capacity": []}
    refused = []
    for name in names:
        if name in options.attributes:
            unit = options.attributes[name]
            found[unit.quantity].insert(0, Reading(name, unit, guessed=False))
            continue
        guess = _by_name(name)
        if guess is None or any(u.quantity == guess.quantity for u in options.attributes.values()):
            continue
        unit_of_graph = _of_graph(graph.data, guess.quantity)
        unit = guess.unit or unit_of_graph or USUAL[guess.quantity]
        sure = guess.stated or guess.unit is not None or unit_of_graph is not None
        numbers = [n for link in graph.links if (n := _number(link.data.get(name))) is not None]
        bare = [number.value for number in numbers if number.unit is None]
        if bare and not sure and not _is_believed(max(map(abs, bare)), guess.quantity):
            refused.append(
                f'"{name}" was not read: its unit is not stated, and {max(bare):g} can hardly be '
                f"{USUAL[guess.quantity].name}. --attribute {name}=UNIT says which it is."
            )
        elif numbers:
            found[guess.quantity].append(Reading(name, unit, guessed=bool(bare) and not sure))
    chosen = {
        quantity: min(readings, key=lambda one: one.guessed)
        for quantity, readings in found.items()
        if readings
    }
    return chosen, refused


def _by_name(name: str) -> _Guess | None:
    """What an attribute's name says: ``latencyMs``, ``capacity_gbps``, ``length (km)``."""
    words = _WORDS.findall(name)
    whole = "".join(words).lower()
    if whole in STEMS:
        return _Guess(STEMS[whole], None, stated=whole in STATED)
    stem = "".join(words[:-1]).lower()
    unit = unit_named(words[-1]) if words else None
    if stem in STEMS and unit is not None and unit.quantity == STEMS[stem]:
        return _Guess(STEMS[stem], unit)
    return None


def _of_graph(data: Mapping[str, Value], quantity: Quantity) -> Unit | None:
    """The unit that the graph states for a quantity, as FNSS writes it."""
    stems = [stem for stem, of in STEMS.items() if of == quantity]
    for stem in stems:
        unit = unit_named(str(data.get(f"{stem}_unit", "")))
        if unit is not None and unit.quantity == quantity:
            return unit
    return None


def _is_believed(most: float, quantity: Quantity) -> bool:
    low, high = BELIEVED[quantity]
    return low <= most * USUAL[quantity].factor <= high


def _number(written: Value | None) -> Number | None:
    return None if written is None else number_of(written)


def _link(
    link: RawLink, readings: Mapping[Quantity, Reading], unread: Counter[str], file: str
) -> ForeignLink:
    delay_ns = _quantity("delay", link, readings, unread, file)
    return ForeignLink(
        link.a,
        link.z,
        link.line,
        capacity_bps=_quantity("capacity", link, readings, unread, file),
        delay_ns=None if delay_ns is None else round(delay_ns),
        length_km=_quantity("length", link, readings, unread, file),
        directed=link.directed,
    )


def _quantity(
    quantity: Quantity,
    link: RawLink,
    readings: Mapping[Quantity, Reading],
    unread: Counter[str],
    file: str,
) -> float | None:
    """In ns, km or bit/s; None where the link does not say."""
    if quantity not in readings:
        return None
    reading = readings[quantity]
    written = link.data.get(reading.name)
    if written is None or written == "":
        return None
    number = number_of(written)
    unit = reading.unit if number is None or number.unit is None else number.unit
    if number is None or unit.quantity != quantity:
        unread[reading.name] += 1
        return None
    value = number.value * unit.factor
    if not 0 <= value <= MOST[quantity]:
        raise InputError(
            f"{reading.name} {str(written)[:40]} is no {quantity} of a link in {unit.name}",
            f"correct it, or say its unit: --attribute {reading.name}=UNIT",
            file=file,
            line=link.line,
        )
    return value


def _notes(
    names: Sequence[str],
    readings: Mapping[Quantity, Reading],
    refused: Sequence[str],
    unread: Mapping[str, int],
) -> list[str]:
    taken = {reading.name for reading in readings.values()}
    guesses = [
        f'"{one.name}" was taken as {one.unit.name}, which the file does not say: '
        f"--attribute {one.name}=UNIT if it is another."
        for one in readings.values()
        if one.guessed
    ]
    read = [
        f'"{one.name}" as {quantity} in {one.unit.name}'
        for quantity, one in readings.items()
        if not one.guessed
    ]
    notes = [f"Read of links: {', '.join(read)}."] if read else []
    notes += [*guesses, *refused]
    notes += [
        f'"{name}" of {count} link{"s" if count > 1 else ""} was not read: no number with a unit '
        "of its kind."
        for name, count in unread.items()
    ]
    told = " ".join(refused)
    left = [n for n in names if n not in taken and n not in NAMES and f'"{n}"' not in told]
    if left:
        notes.append(
            f"Attributes of links that were not read: {listed(left)}. --attribute NAME=UNIT "
            "reads one as the delay, length or capacity in that unit."
        )
    return notes


def listed(names: Iterable[str]) -> str:
    """Names for a note, as many as fit."""
    return few((name[:_LONGEST] for name in names), _MOST_NAMED)


_LABELS = ("label", "name")
_COUNTRIES = ("country", "countrycode")
_PLACES = (("latitude", "longitude"), ("lat", "lon"), ("lat", "lng"), ("lat", "long"))


def from_raw(graph: RawGraph, options: ImportOptions) -> Topology:
    """A Topology from a graph as its file has it. Raises InputError with a line and a way out."""
    links, notes = read_links(graph, options)
    nodes = [_node(node) for node in graph.nodes]
    known = {*_LABELS, *_COUNTRIES, *(name for pair in _PLACES for name in pair)}
    left = {name: None for node in graph.nodes for name in node.data if _folded(name) not in known}
    if left:
        notes.append(f"Attributes of nodes that were not read: {listed(left)}.")
    return build(
        graph.title,
        graph.file,
        nodes,
        links,
        source=graph.source,
        options=options,
        notes=(*graph.notes, *notes),
        placed=graph.placed,
    )


def _node(node: RawNode) -> ForeignNode:
    data = {_folded(name): value for name, value in node.data.items()}
    lat, lon = _place(data)
    return ForeignNode(
        node.key,
        _text(data, _LABELS) or node.key,
        lat,
        lon,
        node.line,
        _text(data, _COUNTRIES),
    )


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _text(data: Mapping[str, Value], names: tuple[str, ...]) -> str:
    """The first of these attributes that says something."""
    return next((str(data[name]) for name in names if str(data.get(name, "")).strip()), "")


def _place(data: Mapping[str, Value]) -> tuple[float, float] | tuple[None, None]:
    """What is not a number is not a place; ``build`` refuses places that are not on Earth."""
    for names in _PLACES:
        lat, lon = (_degrees(data.get(name, "")) for name in names)
        if lat is not None and lon is not None:
            return lat, lon
    return None, None


def _degrees(written: Value) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
