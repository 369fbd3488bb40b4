"""Shortest paths between regions over coarse edges. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from corridor.traffic.background.market import Transit


class Detour(NamedTuple):
    """How traffic goes on from one region to another."""

    length_km: float
    segments: tuple[str, ...]


class Detours:
    """The edges that have not failed. Paths are computed once for each region where they begin."""

    def __init__(self, transits: Sequence[Transit], failed: Iterable[str]) -> None:
        dead = set(failed)
        self._edges = [one for one in transits if one.segment not in dead]
        self._found: dict[str, dict[str, Detour]] = {}

    @property
    def capacities_gbps(self) -> Mapping[str, float]:
        """By segment, of those edges whose capacity is published."""
        return {
            one.segment: one.capacity_gbps for one in self._edges if one.capacity_gbps is not None
        }

    def between(self, here: str, there: str) -> Detour | None:
        """Return the shortest path, or None."""
        if here not in self._found:
            self._found[here] = self._search(here)
        return self._found[here].get(there)

    def _search(self, here: str) -> dict[str, Detour]:
        """By region, the shortest path from here (Bellman and Ford: there are a dozen edges)."""
        best, changed = {here: Detour(0.0, ())}, True
        while changed:
            changed = False
            for edge in self._edges:
                for a, z in (edge.between, edge.between[::-1]):
                    length = best[a].length_km + edge.length_km if a in best else float("inf")
                    if length < (best[z].length_km if z in best else float("inf")):
                        best[z] = Detour(length, (*best[a].segments, edge.segment))
                        changed = True
        return best
