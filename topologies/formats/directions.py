"""Joins the two directions of links of directed graphs, since a fibre carries both alike.

Opposite links that say the same are one fibre. Where they differ, the fibre has the mean of the
two delays and lengths, which keeps the round trip, and the lesser capacity, which promises
neither direction too much; fibre and notes say so. A link without an opposite is a fibre, too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace

from corridor.topologies.base.units import format_duration, format_length, format_rate
from corridor.topologies.formats.foreign_graph import ForeignLink


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
