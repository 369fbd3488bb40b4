"""The product of a map and what policies allow, as a graph for searches under many draws.

The product is that of ``policy/product.py``: this only writes its places and fibres into arrays.
Delay budgets are not in it: they are asked of what was found.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Ground, Product
from corridor.topologies.model.topology import Topology
from corridor.topologies.uncertainty.arcs import Arcs, arcs_of

type Step = tuple[int, int, int]
"""From a place, to a place, by a fibre; all by number."""


def lawful_arcs(automaton: Automaton, ground: Ground) -> Arcs | None:
    """Every way that an automaton accepts; None where it accepts none."""
    product = Product(automaton, ground.topology, failures=ground.failures, ground=ground)
    first = product.first()
    if first is None:
        return None
    start = product.number(first)
    known: set[int] = {start}
    waiting, steps = [start], list[Step]()
    while waiting:
        place = waiting.pop()
        for edge in product.edges(place):
            steps.append((place, edge.far, edge.number))
            if edge.far not in known:
                known.add(edge.far)
                waiting.append(edge.far)
    ends = sorted(place for place in known if product.is_end(place))
    return arcs_of(steps, start, ends) if ends else None


def touching(
    topology: Topology, codes: Collection[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By fibre, whether it or an end of it lies in one of some jurisdictions."""
    wanted = set(codes)
    return np.array(
        [
            not wanted.isdisjoint(
                {topology.hub(one.a).located_in, topology.hub(one.z).located_in, *one.crosses}
            )
            for one in topology.fibres
        ],
        dtype=np.bool_,
    )


def beyond(
    topology: Topology, codes: Collection[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By fibre, whether it or an end of it lies in a jurisdiction that is none of these."""
    known = set(codes)
    return np.array(
        [
            not {topology.hub(one.a).located_in, topology.hub(one.z).located_in, *one.crosses}
            <= known
            for one in topology.fibres
        ],
        dtype=np.bool_,
    )
