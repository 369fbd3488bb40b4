"""What a controller can infer of its neighbours' maps from the delays that it received. Pure.

The attacker is honest but curious: it follows the protocol, keeps every offer that it hears, knows
all demands and policies, and computes. It does not ask more than the protocol does. A delay from a
border place of a neighbour to a destination inside it is the length of a shortest path there. A
delay that is not the sum of two others over a known hub is guessed to be one fibre.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from corridor.controller.domains.composition import Offer
from corridor.topologies.model.domains import DomainMap


class Received(NamedTuple):
    """An offer, and the hub that it leads to."""

    dst: str
    offer: Offer


@dataclass(frozen=True)
class Inferred:
    """What one controller infers of a neighbour's inside, compared with the truth."""

    neighbour: str
    offers: int
    """Delays that it disclosed."""
    hubs_known: int
    """Hubs of it that are named in offers or demands."""
    hubs: int
    fibres_guessed: int
    fibres_right: int
    """Guessed fibres whose two hubs are joined by one inside the neighbour."""
    delays_right: int
    """Of these, those with the delay that was guessed."""
    fibres: int
    """Inside the neighbour."""


def inferred(known: DomainMap, curious: str, received: Iterable[Received]) -> tuple[Inferred, ...]:
    """Return what a domain infers of each neighbour that disclosed a delay, by name."""
    by: dict[str, list[Received]] = {}
    for one in received:
        if one.offer.to == curious:
            by.setdefault(one.offer.by, []).append(one)
    return tuple(_inferred(known, name, disclosed) for name, disclosed in sorted(by.items()))


def _inferred(known: DomainMap, neighbour: str, disclosed: Collection[Received]) -> Inferred:
    inside = {hub for hub, names in known.at_hub.items() if neighbour in names}
    homes = {hub for hub, home in known.home.items() if home == neighbour}
    delays_ns: dict[frozenset[str], int] = {}
    for one in disclosed:
        pair = frozenset({one.offer.entry.place.hub, one.dst})
        if one.dst in homes and len(pair) > 1:
            least = delays_ns.get(pair, one.offer.delay_ns)
            delays_ns[pair] = min(least, one.offer.delay_ns)
    guessed = without_sums(delays_ns)
    truth: dict[frozenset[str], set[int]] = {}
    for fibre in known.topology.fibres:
        if {known.domain(fibre.id, hub) for hub in fibre.ends} == {neighbour}:
            truth.setdefault(frozenset(fibre.ends), set()).add(fibre.one_way_delay_ns)
    right = [pair for pair in guessed if pair in truth]
    named = {one.offer.entry.place.hub for one in disclosed} | {one.dst for one in disclosed}
    return Inferred(
        neighbour=neighbour,
        offers=len(disclosed),
        hubs_known=len(named & inside),
        hubs=len(inside),
        fibres_guessed=len(guessed),
        fibres_right=len(right),
        delays_right=sum(guessed[pair] in truth[pair] for pair in right),
        fibres=sum(map(len, truth.values())),
    )


def without_sums(delays_ns: Mapping[frozenset[str], int]) -> dict[frozenset[str], int]:
    """Return the pairs whose delay in ns is not that of two other pairs over a hub between them."""
    sums: dict[frozenset[str], set[int]] = {}
    for (one, one_ns), (other, other_ns) in combinations(delays_ns.items(), 2):
        if len(one & other) == 1:
            sums.setdefault(one ^ other, set()).add(one_ns + other_ns)
    return {pair: ns for pair, ns in delays_ns.items() if ns not in sums.get(pair, ())}
