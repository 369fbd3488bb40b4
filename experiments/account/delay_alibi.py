"""Where packets cannot have been, by their delay alone. Pure.

A packet that took less time than the fastest way through a jurisdiction was not there, whatever
switches, labels or watches say (after Levin et al., Alibi Routing, SIGCOMM 2015). The fastest way
is over any fibre of the topology, lawful or not, without the time a frame's bits take. A fibre that
may cross a jurisdiction is taken to cross it.
"""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.model.routing import shortest_tree, walk
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Topology


class Alibis:
    """Fastest ways through each jurisdiction of a topology; searched once for each hub."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._delays: dict[str, dict[str, int]] = {}

    def of(self, src: str, dst: str, slowest_ns: int) -> tuple[str, ...]:
        """Jurisdictions that no packet from ``src`` to ``dst`` met if all took at most so long."""
        fastest = self._fastest_through(src, dst)
        return tuple(sorted(code for code, least in fastest.items() if slowest_ns < least))

    def _fastest_through(self, src: str, dst: str) -> Mapping[str, int]:
        """Jurisdiction to the least one-way delay in ns of a way between the ends that meets it."""
        ahead, behind = self._from(src), self._from(dst)
        fastest: dict[str, int] = {}

        def met(code: str, delay_ns: int) -> None:
            if code != UNKNOWN_JURISDICTION:
                fastest[code] = min(delay_ns, fastest.get(code, delay_ns))

        for hub in self._topology.hubs:
            if hub.id in ahead and hub.id in behind:
                met(hub.located_in, ahead[hub.id] + behind[hub.id])
        for fibre in self._topology.fibres:
            for near, far in (fibre.ends, fibre.ends[::-1]):
                if near in ahead and far in behind:
                    over_ns = ahead[near] + self._topology.one_way_delay_ns(fibre) + behind[far]
                    for code in (*fibre.crosses, *fibre.may_cross_codes):
                        met(code, over_ns)
        return fastest

    def _from(self, hub: str) -> dict[str, int]:
        if hub not in self._delays:
            tree = shortest_tree(self._topology, hub)
            delay_ns = self._topology.one_way_delay_ns
            self._delays[hub] = {
                far: sum(delay_ns(fibre) for fibre in walk(tree, far)[1]) for far in tree
            }
        return self._delays[hub]
