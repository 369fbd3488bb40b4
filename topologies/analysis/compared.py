"""Two maps side by side: hubs and fibres of only one, differences, longer paths. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import networkx as nx

from corridor.topologies.model.topology import Fibre, Hub, Topology

OF_NO_ANSWER = {"id", "local_name", "notes", "sources", "intl_gateway_note"}
"""Fields of hubs and fibres that no answer depends on; all others are compared."""
OF_POLICIES = frozenset({"intl_gateway", "located_in", "operated_by", "crosses", "may_cross"})
"""Fields that policies read, so that permitted paths may differ where distances do not."""
LEAST_MS = 1e-6


@dataclass(frozen=True)
class Change:
    """A fibre or hub of both."""

    of: str
    what: str
    one: str
    other: str


@dataclass(frozen=True)
class RoundTrip:
    """The RTT between two hubs of both maps over the shortest path; None where no path exists."""

    a: str
    z: str
    one_ms: float | None
    other_ms: float | None

    @property
    def more_ms(self) -> float:
        """Infinite where a path is gone, or new."""
        if self.one_ms is None or self.other_ms is None:
            return float("inf")
        return self.other_ms - self.one_ms


@dataclass(frozen=True)
class MapsCompared:
    hubs: tuple[tuple[str, ...], tuple[str, ...]]
    """That only the first has, and only the second."""
    fibres: tuple[tuple[str, ...], tuple[str, ...]]
    changes: tuple[Change, ...]
    pairs: int
    """Of hubs that both have."""
    round_trips: tuple[RoundTrip, ...]
    """Those that differ, the largest difference first."""


def compare_maps(one: Topology, other: Topology) -> MapsCompared:
    both = sorted({hub.id for hub in one.hubs} & {hub.id for hub in other.hubs})
    differing = [trip for trip in _round_trips(one, other, both) if abs(trip.more_ms) > LEAST_MS]
    return MapsCompared(
        hubs=_apart([hub.id for hub in one.hubs], [hub.id for hub in other.hubs]),
        fibres=_apart([each.id for each in one.fibres], [each.id for each in other.fibres]),
        changes=(
            *_changes(one.hubs, other.hubs),
            *_changes(one.fibres, other.fibres),
        ),
        pairs=len(both) * (len(both) - 1) // 2,
        round_trips=tuple(sorted(differing, key=lambda trip: (-abs(trip.more_ms), trip.a, trip.z))),
    )


def _apart(one: Sequence[str], other: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        tuple(name for name in one if name not in other),
        tuple(name for name in other if name not in one),
    )


def _changes[Part: (Hub, Fibre)](one: Sequence[Part], other: Sequence[Part]) -> Iterator[Change]:
    theirs = {each.id: each.model_dump(mode="json", exclude=OF_NO_ANSWER) for each in other}
    for each in one:
        for key, mine in each.model_dump(mode="json", exclude=OF_NO_ANSWER).items():
            if each.id in theirs and mine != theirs[each.id][key]:
                yield Change(each.id, key, _said(mine), _said(theirs[each.id][key]))


def _said(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_said, value)) or "none"
    if isinstance(value, dict):  # a capacity group, or a crossing and why it is doubtful
        return str(value.get("id") or value.get("code"))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _round_trips(one: Topology, other: Topology, hubs: Sequence[str]) -> Iterator[RoundTrip]:
    first, second = _paths_ns(one), _paths_ns(other)
    for a, z in combinations(hubs, 2):
        took = [delays.get(a, {}).get(z) for delays in (first, second)]
        if took != [None, None]:
            yield RoundTrip(a, z, *(None if ns is None else 2 * ns / 1e6 for ns in took))


def _paths_ns(topology: Topology) -> dict[str, dict[str, int]]:
    graph = nx.MultiGraph()
    for fibre in topology.fibres:
        graph.add_edge(fibre.a, fibre.z, ns=fibre.one_way_delay_ns)
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="ns"))
