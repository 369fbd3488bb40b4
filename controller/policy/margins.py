"""How near the next set of jurisdictions is: exact, on the delays that the map states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corridor.controller.policy.paths import Path, crossed_jurisdictions
from corridor.controller.policy.permitted_arcs import Met, beyond, touching
from corridor.topologies.analysis.arcs import (
    UNREACHED,
    Arcs,
    Shortest,
    arcs_of,
    shortest_paths_in_samples,
)
from corridor.topologies.analysis.monte_carlo import Nanoseconds
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class Margin:
    """The shortest lawful path through another set of jurisdictions, and what more it takes."""

    one_way_ns: int
    jurisdictions: tuple[str, ...]


def margin_of(
    topology: Topology, met: Met, arcs: Arcs, nominal_ns: Nanoseconds, path: Path, one_way_ns: int
) -> Margin | None:
    """Against a path that takes ``one_way_ns``; None where all lawful paths cross the same set.

    Another set either does not have one of the path's jurisdictions or has one more: the minimum
    over both.
    """
    crossed = crossed_jurisdictions(topology, path)
    best: Margin | None = None
    for found in _searches(topology, met, arcs, nominal_ns, path, crossed):
        taken = int(found.one_way_ns[0])
        if taken == UNREACHED:
            continue
        if best is None or taken - one_way_ns < best.one_way_ns:
            jurisdictions = crossed_jurisdictions(
                topology, path_of(topology, path.src, found.fibres[0])
            )
            best = Margin(taken - one_way_ns, jurisdictions)
    return best


def _searches(
    topology: Topology,
    met: Met,
    arcs: Arcs,
    nominal_ns: Nanoseconds,
    path: Path,
    crossed: tuple[str, ...],
) -> Iterator[Shortest]:
    delays = nominal_ns[None, :]
    ends = {topology.hub(path.src).located_in, topology.hub(path.dst).located_in}
    for code in crossed:
        if code not in ends:
            kept = ~touching(met, [code])[arcs.fibres]
            yield shortest_paths_in_samples(arcs.only(kept), delays)
    yield shortest_paths_in_samples(_leaving(arcs, beyond(met, crossed)), delays)


def _leaving(arcs: Arcs, outside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Arcs:
    """Two floors of the same graph: a fibre that is outside leads up, and only above is an end."""
    floor = arcs.places
    steps = []
    triples = zip(arcs.tails.tolist(), arcs.heads.tolist(), arcs.fibres.tolist(), strict=True)
    for tail, head, fibre in triples:
        up = floor if outside[fibre] else 0
        steps.append((tail, head + up, fibre))
        steps.append((tail + floor, head + floor, fibre))
    return arcs_of(steps, arcs.start, [end + floor for end in arcs.ends])


def path_of(topology: Topology, src: str, fibres: tuple[int, ...]) -> Path:
    """The path from a hub along fibres, by their numbers."""
    hubs, names = [src], []
    for number in fibres:
        fibre = topology.fibres[number]
        hubs.append(fibre.other_end(hubs[-1]))
        names.append(fibre.id)
    return Path(tuple(hubs), tuple(names))
