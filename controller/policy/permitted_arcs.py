"""The product of a map and what policies allow, as a graph for searches under many draws.

The product is that of ``policy/product.py``: this only writes its places and fibres into arrays.
Delay budgets are not in it: they are asked of what was found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from corridor.controller.policy.product import Product
from corridor.topologies.analysis.arcs import Arcs, arcs_of
from corridor.topologies.model.topology import Hub, Topology

type Step = tuple[int, int, int]
"""From a place, to a place, by a fibre; all by number."""


def lawful_arcs(product: Product, src: Hub) -> Arcs | None:
    """Every path from a hub that a product accepts; None where it accepts none.

    Places are numbered in the order in which they are met from there.
    """
    first = product.entered(src)
    if first is None:
        return None
    numbers, waiting, steps = {first: 0}, [first], list[Step]()
    while waiting:
        place = waiting.pop()
        tail = numbers[place]
        for edge in product.edges(place):
            head = numbers.get(edge.far)
            if head is None:
                head = numbers[edge.far] = len(numbers)
                waiting.append(edge.far)
            steps.append((tail, head, edge.number))
    ends = [number for place, number in numbers.items() if product.is_end(place)]
    return arcs_of(steps, 0, ends) if ends else None


type Met = Sequence[frozenset[str]]
"""By fibre, the jurisdictions that it and its ends lie in."""


def met_by_fibres(topology: Topology) -> Met:
    return [
        frozenset({topology.hub(one.a).located_in, topology.hub(one.z).located_in, *one.crosses})
        for one in topology.fibres
    ]


def touching(met: Met, codes: Collection[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By fibre, whether it or an end of it lies in one of some jurisdictions."""
    return np.array([not one.isdisjoint(codes) for one in met], dtype=np.bool_)


def beyond(met: Met, codes: Collection[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By fibre, whether it or an end of it lies in a jurisdiction that is none of these."""
    known = frozenset(codes)
    return np.array([not one <= known for one in met], dtype=np.bool_)
