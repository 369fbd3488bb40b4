"""Sites and circuits of NetBox, as its REST API answers them: ``{"sites": ..., "circuits": ...}``.

Each of the two is an array, an answer with ``results``, or an array of such answers (pages). An
active circuit with terminations at two sites becomes a link: its ``commit_rate`` (kbit/s) is the
capacity, else the lower speed of its ports; its ``distance`` is the length. Sites with such a
circuit become hubs. A termination names its site as ``termination``, or as ``site`` before version
4.2.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from corridor.topologies.base.bounded_file import parse_json
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import counted
from corridor.topologies.formats.foreign import build
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ForeignLink,
    ForeignNode,
    ImportOptions,
)
from corridor.topologies.model.topology import Topology

type Plain = Mapping[str, object]
type LeftOut = Counter[tuple[str, str]]
"""How many things of a kind were left out, by why."""

ACTIVE = "active"
KM: Mapping[str, float] = {"km": 1.0, "m": 0.001, "mi": 1.609344, "ft": 0.0003048}
"""By the unit of a distance."""
PAGES = (
    "add the other pages, asked for with &offset=, as an array (jq -s); NetBox sends at most its "
    "MAX_PAGE_SIZE entries, whatever ?limit= says"
)
SHAPE = 'write {"sites": ..., "circuits": ...} of /api/dcim/sites/ and /api/circuits/circuits/'


def from_text(text: str, file: str, options: ImportOptions = NO_OPTIONS) -> Topology:
    """A Topology from sites and circuits. Raises InputError with a way out."""
    plain = parse_json(text, file)
    if not isinstance(plain, dict):
        raise InputError("is not an object", SHAPE, file=file)
    sites = {
        _id(one.get("id"), f"site {number} of the list", file): one
        for number, one in enumerate(_listed(plain, "sites", file), start=1)
    }
    left_out: LeftOut = Counter()
    links = [
        link
        for circuit in _listed(plain, "circuits", file)
        if (link := _link(circuit, sites, left_out, file)) is not None
    ]
    if not links:
        said = "; ".join(_notes(left_out)) or "it lists none"
        raise InputError("has no active circuit between two of its sites", said, file=file)
    used = {end for link in links for end in (link.a, link.z)}
    nodes = [_node(one, file) for one in sites.values() if str(one.get("id")) in used]
    if without := len(sites) - len(nodes):
        left_out["site", "without such a circuit"] += without
    return build(
        PurePath(file).stem,
        file,
        nodes,
        links,
        source=f"NetBox export {file}",
        options=options,
        notes=tuple(_notes(left_out)),
    )


def _notes(left_out: LeftOut) -> Iterator[str]:
    for (thing, why), count in left_out.items():
        yield f"Left out, {why}: {counted(count, thing)}."


def _listed(plain: Plain, name: str, file: str) -> list[Plain]:
    given = plain.get(name)
    pages = _objects(given if isinstance(given, list) else [given], name, file)
    if isinstance(given, list) and not all("results" in one for one in pages):
        return pages
    rows = [row for page in pages for row in _objects(page.get("results"), name, file)]
    count = max((one for page in pages if isinstance(one := page.get("count"), int)), default=0)
    if len(rows) < count or (pages and all(page.get("next") for page in pages)):
        has = f"{len(rows)} of {count} entries" if count else counted(len(rows), "entry")
        message = f'"{name}" is incomplete: it has {has}'
        raise InputError(message, PAGES, file=file)
    return rows


def _objects(value: object, name: str, file: str) -> list[Plain]:
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return value
    raise InputError(f'has no list "{name}"', SHAPE, file=file)


def _id(value: object, what: str, file: str) -> int | str:
    if isinstance(value, int | str):
        return value
    message = f"{what} has {'no id' if value is None else f'id {value!r}'}"
    raise InputError(message, "an id is a number or text", file=file)


def _node(site: Plain, file: str) -> ForeignNode:
    label = str(site.get("name") or site.get("slug") or site.get("id"))
    lat, lon = (_number(site, name, f"site {label}", file) for name in ("latitude", "longitude"))
    return ForeignNode(str(site.get("id")), label, lat, lon)


def _link(
    circuit: Plain, sites: Mapping[int | str, Plain], left_out: LeftOut, file: str
) -> ForeignLink | None:
    """None of what is counted as left out."""
    if _choice(circuit.get("status")) not in (ACTIVE, ""):
        left_out["circuit", "not active"] += 1
        return None
    name = f"circuit {circuit.get('cid') or circuit.get('id')}"
    ends = [_object(circuit.get(f"termination_{side}")) for side in "az"]
    at = [_site_of(one, name, file) for one in ends]
    if not all(one in sites for one in at):
        left_out["circuit", "without ends at two sites of the file"] += 1
        return None
    if at[0] == at[1]:
        left_out["circuit", "with both ends at one site"] += 1
        return None
    speeds = [kbps for one in ends if (kbps := _size(one, "port_speed", name, file)) is not None]
    committed = _size(circuit, "commit_rate", name, file)
    kbps = committed if committed is not None else min(speeds, default=None)
    note = "" if committed is not None or kbps is None else "; capacity is a speed of its ports"
    return ForeignLink(
        str(at[0]),
        str(at[1]),
        capacity_bps=None if not kbps else kbps * 1000,
        length_km=_length_km(circuit, name, file),
        notes=f"C{name[1:]}{note}.",
    )


def _site_of(end: Plain, circuit: str, file: str) -> int | str | None:
    if end.get("termination_type", "dcim.site") != "dcim.site":
        return None
    site = _object(end.get("termination") or end.get("site"))
    return _id(site.get("id"), f"a site of {circuit}", file) if site else None


def _length_km(circuit: Plain, name: str, file: str) -> float | None:
    distance, unit = _size(circuit, "distance", name, file), _choice(circuit.get("distance_unit"))
    if not distance:
        return None
    if unit not in KM:
        message = f'{name} has distance {distance:g} in "{unit}"'
        raise InputError(message, f"use one of {', '.join(KM)}", file=file)
    return distance * KM[unit]


def _object(value: object) -> Plain:
    return value if isinstance(value, dict) else {}


def _choice(value: object) -> str:
    """Of a choice, the API answers an object with ``value``; exports have the value."""
    return str(_object(value).get("value", "") if isinstance(value, dict) else value or "")


def _number(of: Plain, key: str, what: str, file: str) -> float | None:
    """None if there is none. Numbers may be written as text."""
    value = of.get(key)
    if value in (None, ""):
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{what} has {key} {value!r}", "write a finite number", file=file)
    return number


def _size(of: Plain, key: str, what: str, file: str) -> float | None:
    """A number that is not negative."""
    number = _number(of, key, what, file)
    if number is not None and number < 0:
        raise InputError(f"{what} has {key} {number:g}", "write a number from 0", file=file)
    return number
